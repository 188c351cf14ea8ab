//! How a row from outside becomes inputs.

mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{DataError, Error};

pub use table::{Column, ColumnKind, TablePreparation};

/// How a row from outside becomes inputs. Learned on the training rows and saved with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Preparation {
    /// Numbers, taken as they are.
    Numbers {
        /// The names of the columns.
        columns: Vec<String>,
    },
    /// Images of gray pixels, each a whole number of 0 to `largest`: an input is pixel / largest.
    Images {
        /// Pixels from top to bottom.
        height: usize,
        /// Pixels from left to right.
        width: usize,
        /// The brightest pixel's value, at least 1.
        largest: u8,
    },
    /// A table's columns: numbers, standardized, and categories, an input for each.
    Table(TablePreparation),
}

impl Preparation {
    /// Numbers, taken as they are, in columns of these names.
    pub(super) fn numbers<const N: usize>(columns: [&str; N]) -> Self {
        Preparation::Numbers {
            columns: columns.map(str::to_owned).to_vec(),
        }
    }

    /// The columns that a row must have, in this order. An image's pixels are named `pixel0`, `pixel1`
    /// and so on, row by row.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self {
            Preparation::Numbers { columns } => columns.clone(),
            Preparation::Images { height, width, .. } => (0..pixels(*height, *width))
                .map(|k| format!("pixel{k}"))
                .collect(),
            Preparation::Table(table) => table
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
        }
    }

    /// Columns that a row may have besides, and that are not looked at: the target of a table, and the
    /// columns that are left out.
    #[must_use]
    pub fn other_columns(&self) -> &[String] {
        match self {
            Preparation::Table(table) => &table.other_columns,
            _ => &[],
        }
    }

    /// Inputs that a row becomes.
    #[must_use]
    pub fn d_input(&self) -> usize {
        match self {
            Preparation::Numbers { columns } => columns.len(),
            Preparation::Images { height, width, .. } => pixels(*height, *width),
            Preparation::Table(table) => table.d_input(),
        }
    }

    /// The names of the inputs, in their order: those of the columns, but for a column of categories,
    /// which has an input a category, such as `color=red`.
    #[must_use]
    pub fn input_names(&self) -> Vec<String> {
        match self {
            Preparation::Table(table) => table.input_names(),
            _ => self.columns(),
        }
    }

    /// Turns the fields of a row, one for each of [`columns`](Self::columns), into
    /// [`d_input`](Self::d_input) inputs. White space around a field does not count.
    ///
    /// # Errors
    /// A [`Refusal`] that names the column: the wrong number of fields; a field that is no finite number,
    /// or a pixel out of range; a missing value that is not to be filled in; a category that the training
    /// rows do not have. What `into` holds is then of no meaning.
    ///
    /// # Panics
    /// If `into` does not have [`d_input`](Self::d_input) elements.
    pub fn prepare(&self, fields: &[&str], into: &mut [f64]) -> Result<(), Refusal> {
        assert_eq!(
            into.len(),
            self.d_input(),
            "a slice with room for every input"
        );
        match self {
            Preparation::Numbers { columns } => {
                check_width(columns.len(), fields.len())?;
                for ((name, field), input) in columns.iter().zip(fields).zip(into) {
                    *input = number(name, field)?;
                }
            }
            Preparation::Images { largest, .. } => {
                check_width(into.len(), fields.len())?;
                for (k, (field, input)) in fields.iter().zip(into).enumerate() {
                    *input = pixel(k, field, *largest)?;
                }
            }
            Preparation::Table(table) => {
                let mut codes = vec![0.0; table.columns.len()];
                table.encode(fields, &mut codes)?;
                table.expand(&codes, into);
            }
        }
        Ok(())
    }
}

/// A saved model may claim any size; what it claims must not overflow.
fn pixels(height: usize, width: usize) -> usize {
    height.saturating_mul(width)
}

fn check_width(expected: usize, found: usize) -> Result<(), Refusal> {
    if expected == found {
        return Ok(());
    }
    Err(Refusal {
        column: String::new(),
        problem: format!("expected {expected} values, found {found}"),
        fix: "give one value for each column that the network was trained on".to_owned(),
    })
}

fn number(column: &str, field: &str) -> Result<f64, Refusal> {
    match finite(field) {
        // The network computes with 32 bits.
        Some(number) if (number as f32).is_finite() => Ok(number),
        Some(_) => Err(Refusal::new(
            column,
            format!("`{}` is too large a number", shown(field)),
            "correct it",
        )),
        None => Err(Refusal::new(
            column,
            format!("expected a finite number, found `{}`", shown(field)),
            "correct it",
        )),
    }
}

fn pixel(k: usize, field: &str, largest: u8) -> Result<f64, Refusal> {
    match finite(field) {
        Some(pixel) if (0.0..=f64::from(largest)).contains(&pixel) && pixel.fract() == 0.0 => {
            Ok(pixel / f64::from(largest))
        }
        _ => Err(Refusal::new(
            &format!("pixel{k}"),
            format!(
                "expected a whole number of 0 to {largest}, found `{}`",
                shown(field)
            ),
            "give pixels of the range that the network was trained on",
        )),
    }
}

/// The finite number that a field holds, if it holds one.
pub(super) fn finite(field: &str) -> Option<f64> {
    field
        .trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

/// A field as it is shown in a message, which is one line and not as long as a field can be.
pub(super) fn shown(field: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = String::new();
    for character in field.chars().take(LONGEST) {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if field.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Why a row cannot be prepared. Whoever knows the row's place adds it with [`at`](Self::at).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The column's name; empty if the row as a whole is wrong.
    pub column: String,
    /// What was expected, and what was found.
    pub problem: String,
    /// How to mend it.
    pub fix: String,
}

impl Refusal {
    pub(super) fn new(column: &str, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Refusal {
            column: column.to_owned(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    /// The refusal as an [`Error::Data`] of this line, counted from 1, of a file.
    #[must_use]
    pub fn at(self, file: &str, line: usize) -> Error {
        let place = match self.column.as_str() {
            "" => format!("line {line}"),
            column => format!("line {line}, column `{}`", shown(column)),
        };
        Error::Data(Box::new(DataError {
            file: file.to_owned(),
            place,
            problem: self.problem,
            fix: self.fix,
        }))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.column.is_empty() {
            write!(f, "column `{}`: ", shown(&self.column))?;
        }
        write!(f, "{}; {}", self.problem, self.fix)
    }
}

impl std::error::Error for Refusal {}
