//! Predictions as lines.

use std::io::{BufWriter, Write};

use dropwise::data::Task;
use dropwise::error::DataError;
use dropwise::evaluate::{Spread, predicted_class};
use dropwise::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::sure::Sure;
use super::super::{Outcome, json};
use super::rows::Row;
use super::spread::RowSpread;
use super::{Format, OnError};

/// How rows are answered.
pub(super) struct Form<'a> {
    pub(super) task: &'a Task,
    /// From where on the second of two classes is the answer.
    pub(super) threshold: f64,
    pub(super) proba: bool,
    /// How many members of an ensemble answer beside it.
    pub(super) members: usize,
    /// How sure the answers are, if it is asked for.
    pub(super) sure: Option<&'a Sure>,
    /// The columns that are carried to the answers.
    pub(super) keep: &'a [String],
    pub(super) on_error: OnError,
    /// Where the rows come from, for messages.
    pub(super) input: String,
}

/// What is said about some rows.
pub(super) struct Said {
    /// `[rows, d_output]`
    pub(super) predictions: Vec<f64>,
    pub(super) spread: Option<Spread>,
    /// Of each member `[rows, d_output]`.
    pub(super) members: Vec<Vec<f64>>,
}

/// Writes predictions, a line a row.
pub(super) struct Answers<'a, W: Write> {
    form: Form<'a>,
    lines: Lines<W>,
    /// The names of an answer's columns, those that are kept left out.
    head: Vec<String>,
    /// Whether the header of a table is written.
    has_begun: bool,
    /// Rows so far.
    rows: usize,
    /// Those without an answer, and why the first few have none.
    unanswered: usize,
    reasons: Vec<String>,
}

/// How many rows without an answer are named.
const REASONS: usize = 5;

enum Lines<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(BufWriter<W>),
}

impl<'a, W: Write> Answers<'a, W> {
    /// Writes nothing yet.
    pub(super) fn new(form: Form<'a>, format: Format, out: W) -> Result<Self> {
        let mut answers = Answers {
            form,
            lines: match format {
                Format::Csv => Lines::Csv(Box::new(csv::Writer::from_writer(out))),
                Format::Jsonl => Lines::Jsonl(BufWriter::new(out)),
            },
            head: Vec::new(),
            has_begun: false,
            rows: 0,
            unanswered: 0,
            reasons: Vec::new(),
        };
        let head = answers.head();
        answers.check_names(&head)?;
        answers.head = head;
        Ok(answers)
    }

    /// Begins, in a table with its header: with the first line, so that rows that cannot be read leave nothing behind, or where there
    /// Begins, in a table with its header: of a file with the first answer, so that rows that cannot be read leave nothing behind, or
    /// where there are none; of a pipe when its header has come.
    pub(super) fn begin(&mut self) -> Result<()> {
        if let (false, Lines::Csv(table)) = (self.has_begun, &mut self.lines) {
            let head = self.form.keep.iter().chain(&self.head);
            table.write_record(head).map_err(unwritten)?;
        }
        self.has_begun = true;
        Ok(())
    }

    /// Refuses kept columns that have the name of another column of the answers.
    fn check_names(&self, head: &[String]) -> Result<()> {
        const KEYS: [&str; 10] = [
            "prediction",
            "probabilities",
            "std",
            "lower",
            "upper",
            "entropy",
            "mutual_information",
            "prediction_set",
            "members",
            "error",
        ];
        let keep = self.form.keep;
        let is_taken = |name: &str| match self.lines {
            Lines::Csv(_) => head.iter().any(|other| other == name),
            Lines::Jsonl(_) => KEYS.contains(&name),
        };
        for (k, name) in keep.iter().enumerate() {
            let found = if keep[..k].contains(name) {
                format!("`{name}` twice")
            } else if is_taken(name) {
                format!("`{name}`, which is a name of the answers")
            } else {
                continue;
            };
            let expected = "columns that are named once and not as the answers are";
            return Err(Error::invalid("--keep", expected, found));
        }
        Ok(())
    }

    /// The header of a table: `prediction`, or the names of several targets; then the classes; then how sure that is. Prediction and
    /// classes of each member, as `member_1` or `member_1_CLASS`.
    fn head(&self) -> Vec<String> {
        let head = self.head_of_one();
        let mut all: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
        if let Some(sure) = self.form.sure {
            all.extend(RowSpread::head(self.form.task, sure));
        }
        for member in 1..=self.form.members {
            all.extend(head.iter().map(|name| match *name {
                "prediction" => format!("member_{member}"),
                name => format!("member_{member}_{name}"),
            }));
        }
        all
    }

    fn head_of_one(&self) -> Vec<&'a str> {
        let mut head = match self.form.task {
            Task::Regression { targets } if targets.len() > 1 => {
                targets.iter().map(|target| target.name.as_str()).collect()
            }
            _ => vec!["prediction"],
        };
        if self.form.proba {
            head.extend(self.form.task.classes().iter().map(String::as_str));
        }
        head
    }

    /// A line a row; `said` is about those that have inputs.
    pub(super) fn write(&mut self, rows: Vec<Row>, said: &Said) -> Result<()> {
        let width = self.form.task.d_output();
        let mut predicted = 0..said.predictions.len() / width;
        for row in rows {
            self.rows += 1;
            let answer = row.inputs.and_then(|_| {
                let k = predicted.next().unwrap_or_default();
                let of = |all: &[f64]| self.answer(&all[k * width..][..width]);
                let sure = self.form.sure.zip(said.spread.as_ref());
                Ok(Answer {
                    spread: sure
                        .map(|(sure, spread)| RowSpread::of(self.form.task, sure, (spread, k))),
                    members: said
                        .members
                        .iter()
                        .map(|all| of(all))
                        .collect::<Result<_>>()?,
                    ..of(&said.predictions)?
                })
            });
            match answer {
                Ok(answer) => self.line(row.kept, &answer)?,
                Err(error) => self.without_answer(row.kept, error)?,
            }
        }
        Ok(())
    }

    /// Does what is to be done about a row that cannot be answered.
    fn without_answer(&mut self, kept: Vec<String>, error: Error) -> Result<()> {
        if self.form.on_error == OnError::Stop {
            return Err(error);
        }
        self.unanswered += 1;
        let reason = error.to_string();
        if self.form.on_error == OnError::Null {
            self.line(kept, &Answer::none(reason.clone()))?;
        }
        if self.reasons.len() < REASONS {
            self.reasons.push(reason);
        }
        Ok(())
    }

    fn line(&mut self, mut kept: Vec<String>, answer: &Answer) -> Result<()> {
        self.begin()?;
        let keep = self.form.keep;
        match &mut self.lines {
            Lines::Csv(table) => {
                kept.resize(keep.len(), String::new());
                kept.extend(answer.fields());
                kept.resize(keep.len() + self.head.len(), String::new());
                table.write_record(kept).map_err(unwritten)
            }
            Lines::Jsonl(lines) => {
                kept.resize(keep.len(), "null".to_owned());
                let kept = keep.iter().zip(kept);
                let kept =
                    kept.map(|(name, text)| Ok((name.as_str(), RawValue::from_string(text)?)));
                let kept = kept.collect::<serde_json::Result<_>>().map_err(|_| {
                    Error::Compute("a kept value cannot be written as JSON".to_owned())
                })?;
                Ok(writeln!(lines, "{}", json(&Line { kept, answer })?)?)
            }
        }
    }

    /// How many rows have no answer, and why the first of them have none.
    pub(super) fn unanswered(&self) -> Option<String> {
        let (count, rows) = (self.unanswered, self.rows);
        let what = match self.form.on_error {
            OnError::Null => "have null for an answer",
            _ => "are left out",
        };
        let reasons: String = self
            .reasons
            .iter()
            .map(|why| format!("\n  {why}"))
            .collect();
        let more = match count - self.reasons.len() {
            0 => String::new(),
            more => format!("\n  and {more} more"),
        };
        (count > 0).then(|| format!("{count} of {rows} rows {what}:{reasons}{more}"))
    }

    /// Rows of which none could be answered are a failure.
    pub(super) fn outcome(&self) -> Outcome {
        match self.rows {
            rows if rows > 0 && rows == self.unanswered => Outcome::Failed,
            _ => Outcome::Success,
        }
    }

    /// Holds nothing back.
    pub(super) fn flush(&mut self) -> Result<()> {
        match &mut self.lines {
            Lines::Csv(table) => table.flush()?,
            Lines::Jsonl(lines) => lines.flush()?,
        }
        Ok(())
    }

    fn answer(&self, row: &[f64]) -> Result<Answer<'a>> {
        let task = self.form.task;
        if !row.iter().all(|value| value.is_finite()) {
            return Err(self.not_finite());
        }
        let classes = task.classes();
        let prediction = match task {
            Task::Regression { .. } => Prediction::of_numbers(task, row),
            Task::Classification { .. } | Task::Binary { .. } => {
                let class = match (task, row) {
                    (Task::Binary { .. }, [p]) => Some(usize::from(*p > self.form.threshold)),
                    _ => predicted_class(task, row),
                };
                let class = class.and_then(|class| classes.get(class));
                Prediction::Class(class.ok_or_else(|| self.not_finite())?)
            }
        };
        let names = classes.iter().map(String::as_str);
        Ok(Answer {
            prediction,
            probabilities: self
                .form
                .proba
                .then(|| names.zip(of_each_class(row)).collect()),
            spread: None,
            members: Vec::new(),
            error: None,
        })
    }

    fn not_finite(&self) -> Error {
        Error::Data(Box::new(DataError {
            file: self.form.input.clone(),
            place: format!("row {}", self.rows),
            problem: "expected a finite number as the network's output, found one that is not"
                .to_owned(),
            fix: "look for a value far outside the range of the training rows".to_owned(),
        }))
    }
}

/// The probability of each class; two classes with one output have the second's only.
fn of_each_class(row: &[f64]) -> Vec<f64> {
    match row {
        [p] => vec![1.0 - p, *p],
        all => all.to_vec(),
    }
}

/// What a row is answered with.
#[derive(Serialize)]
struct Answer<'a> {
    prediction: Prediction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<Named<'a>>,
    #[serde(flatten)]
    spread: Option<RowSpread<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<Answer<'a>>,
    /// Why there is no prediction.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// An answer with what is carried to it, each as JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    kept: Named<'a, Box<RawValue>>,
    #[serde(flatten)]
    answer: &'a Answer<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Prediction<'a> {
    Class(&'a str),
    Number(f64),
    Numbers(Named<'a>),
    None,
}

impl<'a> Prediction<'a> {
    /// A number for each target of a regression.
    pub(super) fn of_numbers(task: &'a Task, row: &[f64]) -> Self {
        match (task, row) {
            (Task::Regression { targets }, [_, _, ..]) => {
                let names = targets.iter().map(|target| target.name.as_str());
                Prediction::Numbers(names.zip(row.iter().copied()).collect())
            }
            _ => row
                .first()
                .map_or(Prediction::None, |number| Prediction::Number(*number)),
        }
    }

    /// The fields of a table's line, numbers with the same text as in JSON.
    pub(super) fn fields(&self) -> Vec<String> {
        match self {
            Prediction::Class(name) => vec![(*name).to_owned()],
            Prediction::Number(value) => vec![number(value)],
            Prediction::Numbers(named) => named.numbers(),
            Prediction::None => Vec::new(),
        }
    }
}

impl Named<'_> {
    fn numbers(&self) -> Vec<String> {
        self.0.iter().map(|(_, value)| number(value)).collect()
    }
}

/// The same text in both forms.
pub(super) fn number(value: &f64) -> String {
    Value::from(*value).to_string()
}

/// Values with names, in order.
pub(super) struct Named<'a, T = f64>(Vec<(&'a str, T)>);

impl<'a, T> FromIterator<(&'a str, T)> for Named<'a, T> {
    fn from_iter<I: IntoIterator<Item = (&'a str, T)>>(pairs: I) -> Self {
        Named(pairs.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Answer<'_> {
    fn none(error: String) -> Self {
        Answer {
            prediction: Prediction::None,
            probabilities: None,
            spread: None,
            members: Vec::new(),
            error: Some(error),
        }
    }

    /// The fields of a table's line; none if there is no prediction.
    fn fields(&self) -> Vec<String> {
        let mut fields = self.prediction.fields();
        fields.extend(self.probabilities.iter().flat_map(Named::numbers));
        fields.extend(self.spread.iter().flat_map(RowSpread::fields));
        fields.extend(self.members.iter().flat_map(Answer::fields));
        fields
    }
}

fn unwritten(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => Error::Write(cause),
        // The only others are of records whose lengths differ, and all are made by `fields`.
        _ => Error::Compute("a prediction cannot be written as CSV".to_owned()),
    }
}
