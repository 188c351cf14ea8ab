//! How a row from outside becomes inputs.

mod table;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::{parse_number, shown};
use super::remarks::Remarks;
use crate::error::Error;

pub use table::TablePreprocessing;
pub(super) use table::{Column, ColumnKind, not_a_date};

/// How a row from outside becomes inputs. Learned on the training rows and saved with the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
#[non_exhaustive]
pub enum Preprocessing {
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
    Table(TablePreprocessing),
}

impl Preprocessing {
    /// Numbers, taken as they are, in columns of these names.
    pub(super) fn numbers<const N: usize>(columns: [&str; N]) -> Self {
        Preprocessing::Numbers {
            columns: columns.map(str::to_owned).to_vec(),
        }
    }

    /// The columns that a row must have, in this order. An image's pixels are named `pixel0`, `pixel1`
    /// and so on, row by row.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        match self {
            Preprocessing::Numbers { columns } => columns.clone(),
            Preprocessing::Images { height, width, .. } => (0..pixels(*height, *width))
                .map(|k| format!("pixel{k}"))
                .collect(),
            Preprocessing::Table(table) => table.column_names(),
        }
    }

    /// Columns that a row may have besides, and that are not looked at: the target of a table, and the
    /// columns that are left out.
    #[must_use]
    #[doc(hidden)]
    pub fn other_columns(&self) -> &[String] {
        match self {
            Preprocessing::Table(table) => &table.other_columns,
            _ => &[],
        }
    }

    /// Inputs that a row becomes.
    #[must_use]
    #[doc(hidden)]
    pub fn d_input(&self) -> usize {
        match self {
            Preprocessing::Numbers { columns } => columns.len(),
            Preprocessing::Images { height, width, .. } => pixels(*height, *width),
            Preprocessing::Table(table) => table.d_input(),
        }
    }

    /// The names of the inputs, in their order: those of the columns, but for a column of categories,
    /// which has an input a category, such as `color=red`.
    #[must_use]
    #[doc(hidden)]
    pub fn input_names(&self) -> Vec<String> {
        match self {
            Preprocessing::Table(table) => table.input_names(),
            _ => self.columns(),
        }
    }

    /// Name and number of inputs of each column, in the order of the inputs.
    #[must_use]
    #[doc(hidden)]
    pub fn input_columns(&self) -> Vec<(String, usize)> {
        match self {
            Preprocessing::Table(table) => table.input_columns(),
            _ => self.columns().into_iter().map(|name| (name, 1)).collect(),
        }
    }

    /// A text that stands for a missing value among the fields of a row; empty where none does.
    #[must_use]
    #[doc(hidden)]
    pub fn missing_value(&self) -> &str {
        match self {
            Preprocessing::Table(table) => table.missing_values.first().map_or("", String::as_str),
            _ => "",
        }
    }

    /// A number that is written the plain way, such as one of JSON, as a field of a row has it: the table's own numbers may be
    /// written in another style.
    #[must_use]
    #[doc(hidden)]
    pub fn field_of_number(&self, plain: String) -> String {
        match self {
            Preprocessing::Table(table) => table.field_of_number(plain),
            _ => plain,
        }
    }

    /// Turns the fields of a row, one for each of [`columns`](Self::columns), into
    /// [`d_input`](Self::d_input) inputs. White space around a field does not count.
    ///
    /// # Errors
    /// A [`RowError`] that names the column: the wrong number of fields; a field that is no finite number,
    /// or a pixel out of range; a missing value that is not to be filled in; a category that the training
    /// rows do not have. What `into` holds is then of no meaning.
    ///
    /// # Panics
    /// If `into` does not have [`d_input`](Self::d_input) elements.
    pub fn transform(&self, fields: &[&str], into: &mut [f64]) -> Result<(), RowError> {
        self.transform_with(fields, into, &mut Remarks::default(), String::new)
    }

    /// As [`transform`](Self::transform); what is done about values that are not as training has them is added to `remarks`, with
    /// the place of the row.
    ///
    /// # Errors
    /// Those of [`transform`](Self::transform).
    ///
    /// # Panics
    /// As [`transform`](Self::transform).
    #[doc(hidden)]
    pub fn transform_with(
        &self,
        fields: &[&str],
        into: &mut [f64],
        remarks: &mut Remarks,
        place: impl Fn() -> String,
    ) -> Result<(), RowError> {
        assert_eq!(
            into.len(),
            self.d_input(),
            "a slice with room for every input"
        );
        match self {
            Preprocessing::Numbers { columns } => {
                check_width(columns.len(), fields.len())?;
                for ((name, field), input) in columns.iter().zip(fields).zip(into) {
                    *input = number(name, field)?;
                }
                Ok(())
            }
            Preprocessing::Images { largest, .. } => {
                check_width(into.len(), fields.len())?;
                for (k, (field, input)) in fields.iter().zip(into).enumerate() {
                    *input = pixel(k, field, *largest)?;
                }
                Ok(())
            }
            Preprocessing::Table(table) => table.transform(fields, into, remarks, place),
        }
    }

    /// From now on a missing value is filled in, with what the training rows have in its column: their mean, median or most
    /// frequent value, as training does it, and else the mean. Whether there is such a value: runs of older versions may keep none.
    #[doc(hidden)]
    pub fn fill_in(&mut self) -> bool {
        match self {
            Preprocessing::Table(table) => table.fill_in(),
            _ => false,
        }
    }

    /// Whether it is what a run has kept, be it one of an older version, which kept less.
    #[must_use]
    #[doc(hidden)]
    pub fn is_as_kept(&self, kept: &Preprocessing) -> bool {
        let before = || match self.clone() {
            Preprocessing::Table(table) => Preprocessing::Table(table.into_older_form()),
            other => other,
        };
        self == kept || before() == *kept
    }

    /// Takes the standardization of inputs back, in place: a numeric column's input is again the number that the table
    /// has. Inputs of categories and pixels stay as they are.
    #[doc(hidden)]
    pub fn unscale(&self, inputs: &mut [f64]) {
        if let Preprocessing::Table(table) = self {
            table.unscale(inputs);
        }
    }
}

/// A saved model may claim any size; what it claims must not overflow.
fn pixels(height: usize, width: usize) -> usize {
    height.saturating_mul(width)
}

fn check_width(expected: usize, found: usize) -> Result<(), RowError> {
    if expected == found {
        return Ok(());
    }
    Err(RowError::new(
        "",
        format!("expected {expected} values, found {found}"),
        "give one value for each column that the network was trained on",
    ))
}

fn number(column: &str, field: &str) -> Result<f64, RowError> {
    match parse_number(field) {
        // The network computes with 32 bits.
        Some(number) if (number as f32).is_finite() => Ok(number),
        Some(_) => Err(RowError::new(
            column,
            format!("`{}` is too large a number", shown(field)),
            "correct it",
        )),
        None => Err(RowError::new(
            column,
            format!("expected a finite number, found `{}`", shown(field)),
            "correct it",
        )),
    }
}

fn pixel(k: usize, field: &str, largest: u8) -> Result<f64, RowError> {
    match parse_number(field) {
        Some(pixel) if (0.0..=f64::from(largest)).contains(&pixel) && pixel.fract() == 0.0 => {
            Ok(pixel / f64::from(largest))
        }
        _ => Err(RowError::new(
            format!("pixel{k}"),
            format!(
                "expected a whole number of 0 to {largest}, found `{}`",
                shown(field)
            ),
            "give pixels of the range that the network was trained on",
        )),
    }
}

/// Why a row cannot be used. Whoever knows the row's place adds it with [`at`](Self::at).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    column: String,
    problem: String,
    fix: String,
}

impl RowError {
    /// A mistake in a row: `column` is the column's name, empty if the row as a whole is wrong; `problem` says what was
    /// expected and what was found, `fix` how to mend it.
    pub fn new(
        column: impl Into<String>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        RowError {
            column: column.into(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    /// The mistake as an [`Error::Data`] of a place, such as `line 7`, in a file.
    #[must_use]
    #[doc(hidden)]
    pub fn at(self, file: &str, place: impl fmt::Display) -> Error {
        let place = match self.column.as_str() {
            "" => place.to_string(),
            column => format!("{place}, column `{}`", shown(column)),
        };
        Error::data(file, place, self.problem, self.fix)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.column.is_empty() {
            write!(f, "column `{}`: ", shown(&self.column))?;
        }
        write!(f, "{}; {}", self.problem, self.fix)
    }
}

impl std::error::Error for RowError {}
