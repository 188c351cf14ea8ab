//! Predictions as lines.

use std::io::{BufWriter, Write};

use dropwise::data::Task;
use dropwise::error::DataError;
use dropwise::evaluate::predicted_class;
use dropwise::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::super::json;
use super::Format;

/// Writes predictions, a line a row.
pub(super) struct Answers<'a, W: Write> {
    task: &'a Task,
    /// From where on the second of two classes is the answer.
    threshold: f64,
    proba: bool,
    /// How many members of an ensemble answer beside it.
    members: usize,
    lines: Lines<W>,
    /// Rows so far.
    answered: usize,
    /// Where the rows come from, for messages.
    input: String,
}

enum Lines<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(BufWriter<W>),
}

impl<'a, W: Write> Answers<'a, W> {
    /// Begins, in a table with its header. `input` is what messages call the source of the rows.
    pub(super) fn new(
        (task, threshold): (&'a Task, f64),
        (proba, members): (bool, usize),
        format: Format,
        input: String,
        out: W,
    ) -> Result<Self> {
        let mut answers = Answers {
            task,
            threshold,
            proba,
            members,
            lines: match format {
                Format::Csv => Lines::Csv(Box::new(csv::Writer::from_writer(out))),
                Format::Jsonl => Lines::Jsonl(BufWriter::new(out)),
            },
            answered: 0,
            input,
        };
        let head = answers.head();
        if let Lines::Csv(table) = &mut answers.lines {
            table.write_record(&head).map_err(unwritten)?;
        }
        Ok(answers)
    }

    /// The header of a table: `prediction`, or the names of several targets; then the classes. The same of each member, as
    /// `member_1` or `member_1_CLASS`.
    fn head(&self) -> Vec<String> {
        let head = self.head_of_one();
        let mut all: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
        for member in 1..=self.members {
            all.extend(head.iter().map(|name| match *name {
                "prediction" => format!("member_{member}"),
                name => format!("member_{member}_{name}"),
            }));
        }
        all
    }

    fn head_of_one(&self) -> Vec<&'a str> {
        let mut head = match self.task {
            Task::Regression { targets } if targets.len() > 1 => {
                targets.iter().map(|target| target.name.as_str()).collect()
            }
            _ => vec!["prediction"],
        };
        if self.proba {
            head.extend(self.task.classes().iter().map(String::as_str));
        }
        head
    }

    /// A line a row of `predictions`, `[rows, d_output]`, with those of each member.
    pub(super) fn write(&mut self, predictions: &[f64], members: &[Vec<f64>]) -> Result<()> {
        let width = self.task.d_output();
        for (k, row) in predictions.chunks_exact(width).enumerate() {
            let of = |member: &Vec<f64>| self.answer(&member[k * width..][..width]);
            let answer = Answer {
                members: members.iter().map(of).collect::<Result<_>>()?,
                ..self.answer(row)?
            };
            match &mut self.lines {
                Lines::Csv(table) => table.write_record(answer.fields()).map_err(unwritten)?,
                Lines::Jsonl(lines) => writeln!(lines, "{}", json(&answer)?)?,
            }
            self.answered += 1;
        }
        Ok(())
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
        if !row.iter().all(|value| value.is_finite()) {
            return Err(self.not_finite());
        }
        let classes = self.task.classes();
        let prediction = match self.task {
            Task::Regression { targets } => {
                let names = targets.iter().map(|target| target.name.as_str());
                match row {
                    [number] => Prediction::Number(*number),
                    numbers => Prediction::Numbers(names.zip(numbers.iter().copied()).collect()),
                }
            }
            Task::Classification { .. } | Task::Binary { .. } => {
                let class = match (self.task, row) {
                    (Task::Binary { .. }, [p]) => Some(usize::from(*p > self.threshold)),
                    _ => predicted_class(self.task, row),
                };
                let class = class.and_then(|class| classes.get(class));
                Prediction::Class(class.ok_or_else(|| self.not_finite())?)
            }
        };
        let names = classes.iter().map(String::as_str);
        Ok(Answer {
            prediction,
            probabilities: self.proba.then(|| names.zip(of_each_class(row)).collect()),
            members: Vec::new(),
        })
    }

    fn not_finite(&self) -> Error {
        Error::Data(Box::new(DataError {
            file: self.input.clone(),
            place: format!("row {}", self.answered + 1),
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<Answer<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Prediction<'a> {
    Class(&'a str),
    Number(f64),
    Numbers(Named<'a>),
}

/// Numbers with names, in order.
struct Named<'a>(Vec<(&'a str, f64)>);

impl<'a> FromIterator<(&'a str, f64)> for Named<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, f64)>>(pairs: I) -> Self {
        Named(pairs.into_iter().collect())
    }
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Answer<'_> {
    /// The fields of a table's line.
    fn fields(&self) -> Vec<String> {
        // The same text in both forms.
        let number = |value: &f64| Value::from(*value).to_string();
        let numbers = |named: &Named| named.0.iter().map(|(_, value)| number(value)).collect();
        let mut fields: Vec<String> = match &self.prediction {
            Prediction::Class(name) => vec![(*name).to_owned()],
            Prediction::Number(value) => vec![number(value)],
            Prediction::Numbers(named) => numbers(named),
        };
        fields.extend(self.probabilities.as_ref().map_or_else(Vec::new, numbers));
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
