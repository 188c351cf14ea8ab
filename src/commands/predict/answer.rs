//! Predictions as lines.

use std::io::Write;

use dropwise::data::Task;
use dropwise::evaluate::predicted_class;
use dropwise::store::Trained;
use dropwise::{Error, Result};
use serde_json::{Map, Value};

use super::super::json;
use super::Format;

/// How predictions are written.
pub(super) struct Answers<'a> {
    task: &'a Task,
    format: Format,
    proba: bool,
}

impl<'a> Answers<'a> {
    pub(super) fn new(trained: &'a Trained, format: Format, proba: bool) -> Result<Self> {
        let task = &trained.task;
        if proba && task.classes().is_empty() {
            return Err(Error::InvalidValue {
                what: "--proba".to_owned(),
                expected: "a network that predicts classes".to_owned(),
                found: task.to_string(),
            });
        }
        Ok(Answers {
            task,
            format,
            proba,
        })
    }

    /// The header of a table: `prediction`, or the names of several targets; then the classes.
    pub(super) fn write_head(&self, out: &mut impl Write) -> Result<()> {
        if self.format == Format::Jsonl {
            return Ok(());
        }
        let mut head = match self.task {
            Task::Regression { targets } if targets.len() > 1 => {
                targets.iter().map(|target| target.name.clone()).collect()
            }
            _ => vec!["prediction".to_owned()],
        };
        if self.proba {
            head.extend(self.task.classes().iter().cloned());
        }
        write_record(out, &head)
    }

    /// A line a row of `predictions`, `[rows, d_output]`.
    pub(super) fn write(&self, predictions: &[f64], out: &mut impl Write) -> Result<()> {
        for row in predictions.chunks_exact(self.task.d_output()) {
            match self.format {
                Format::Csv => write_record(out, &self.fields(row)?)?,
                Format::Jsonl => writeln!(out, "{}", json(&self.object(row)?)?)?,
            }
        }
        Ok(())
    }

    fn fields(&self, row: &[f64]) -> Result<Vec<String>> {
        let mut fields = match self.task {
            Task::Regression { .. } => row.iter().map(f64::to_string).collect(),
            _ => vec![self.class(row)?.to_owned()],
        };
        if self.proba {
            fields.extend(self.probabilities(row).map(|p| p.to_string()));
        }
        Ok(fields)
    }

    fn object(&self, row: &[f64]) -> Result<Value> {
        let mut object = Map::new();
        let prediction = match self.task {
            Task::Regression { targets } if targets.len() > 1 => {
                let values = targets.iter().zip(row);
                values
                    .map(|(target, value)| (target.name.clone(), Value::from(*value)))
                    .collect()
            }
            Task::Regression { .. } => Value::from(row.first().copied()),
            _ => Value::from(self.class(row)?),
        };
        object.insert("prediction".to_owned(), prediction);
        if self.proba {
            let classes = self.task.classes().iter().cloned();
            let values = self.probabilities(row).map(Value::from);
            object.insert("probabilities".to_owned(), classes.zip(values).collect());
        }
        Ok(Value::Object(object))
    }

    fn class(&self, row: &[f64]) -> Result<&str> {
        let class = predicted_class(self.task, row);
        match class.and_then(|class| self.task.classes().get(class)) {
            Some(class) => Ok(class),
            None => Err(Error::Compute("a prediction is not a number".to_owned())),
        }
    }

    /// One for each class; two classes with one output have the second's only.
    fn probabilities(&self, row: &[f64]) -> impl Iterator<Item = f64> {
        match (self.task, row) {
            (Task::Binary { .. }, [p]) => vec![1.0 - p, *p],
            _ => row.to_vec(),
        }
        .into_iter()
    }
}

fn write_record(out: &mut impl Write, fields: &[String]) -> Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let written = writer.write_record(fields);
    match (written, writer.into_inner()) {
        (Ok(()), Ok(line)) => Ok(out.write_all(&line)?),
        _ => Err(Error::Compute(
            "a prediction cannot be written as CSV".to_owned(),
        )),
    }
}
