//! The columns of a table: numbers and categories.

use serde::{Deserialize, Serialize};

use super::{RowError, check_width};
use crate::config::{Missing, NewCategory};
use crate::data::cell::{Almost, Cell, NumberStyle, shown};

/// How a table's row becomes inputs: what was learned on the training rows, and what is to be done
/// about values that are missing or new.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TablePreprocessing {
    /// The columns, in the order that a row has them.
    pub(in crate::data) columns: Vec<Column>,
    /// The table's other columns, in its order: the target and those that are left out. A row from
    /// outside may have them; they are not looked at.
    #[serde(default)]
    pub(in crate::data) other_columns: Vec<String>,
    /// The values that count as missing.
    pub(in crate::data) missing_values: Vec<String>,
    /// How numbers are written.
    #[serde(default, skip_serializing_if = "NumberStyle::is_default")]
    pub(in crate::data) numbers: NumberStyle,
    /// What to do about them. With `drop`, a row that is not for training is an error as with `error`:
    /// there is nothing that could stand for its prediction.
    pub(in crate::data) missing: Missing,
    /// What to do about a category that the training rows do not have.
    pub(in crate::data) new_category: NewCategory,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::data) struct Column {
    /// Its name.
    pub(in crate::data) name: String,
    /// What its values become.
    #[serde(flatten)]
    pub(in crate::data) kind: ColumnKind,
}

/// What a column's values become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(in crate::data) enum ColumnKind {
    /// One input, `(number - mean) / deviation`.
    Numeric {
        /// The mean of the training rows, missing values filled in; 0 if numbers are not standardized.
        #[serde(with = "exact")]
        mean: f64,
        /// Their standard deviation (of the population: divided by the number of rows); 1 if they are
        /// all the same, so that the input is 0, or if numbers are not standardized.
        #[serde(with = "exact")]
        deviation: f64,
        /// What a missing value is taken for, if it is to be filled in.
        #[serde(
            with = "exact_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        fill: Option<f64>,
    },
    /// An input for each category: 1 for the value's own, 0 for the others.
    Categorical {
        /// The categories of the training rows, sorted by name.
        categories: Vec<String>,
        /// The category that a missing value is taken for, if it is to be filled in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fill: Option<String>,
    },
}

impl Column {
    fn d_input(&self) -> usize {
        match &self.kind {
            ColumnKind::Numeric { .. } => 1,
            ColumnKind::Categorical { categories, .. } => categories.len(),
        }
    }

    /// Turns the code of a cell into the column's inputs.
    fn expand<E: Copy>(&self, code: f64, inputs: &mut [E], number: impl Fn(f64) -> E) {
        match self.kind {
            ColumnKind::Numeric { .. } => inputs[0] = number(code),
            ColumnKind::Categorical { .. } => {
                inputs.fill(number(0.0));
                // A new category has the number after the last, and no input.
                if let Some(input) = inputs.get_mut(code as usize) {
                    *input = number(1.0);
                }
            }
        }
    }
}

impl TablePreprocessing {
    pub(in crate::data) fn d_input(&self) -> usize {
        self.columns.iter().map(Column::d_input).sum()
    }

    pub(in crate::data) fn column_names(&self) -> Vec<String> {
        let names = self.columns.iter().map(|column| column.name.clone());
        names.collect()
    }

    /// Reads a cell that has no white space around it.
    pub(in crate::data) fn cell(&self, text: &str) -> Cell {
        Cell::read(text, &self.missing_values, self.numbers)
    }

    pub(super) fn input_columns(&self) -> Vec<(String, usize)> {
        let columns = self.columns.iter();
        columns
            .map(|column| (column.name.clone(), column.d_input()))
            .collect()
    }

    pub(super) fn input_names(&self) -> Vec<String> {
        let names = |column: &Column| match &column.kind {
            ColumnKind::Numeric { .. } => vec![column.name.clone()],
            ColumnKind::Categorical { categories, .. } => {
                let name = |category| format!("{}={category}", column.name);
                categories.iter().map(name).collect()
            }
        };
        self.columns.iter().flat_map(names).collect()
    }

    pub(super) fn transform(&self, fields: &[&str], into: &mut [f64]) -> Result<(), RowError> {
        check_width(self.columns.len(), fields.len())?;
        let mut rest = into;
        for (column, field) in self.columns.iter().zip(fields) {
            let (inputs, after) = rest.split_at_mut(column.d_input());
            let text = field.trim();
            let code = self.encode(column, text, self.cell(text))?;
            column.expand(code, inputs, |number| number);
            rest = after;
        }
        Ok(())
    }

    /// Turns the codes of a row, one a column, into inputs; `number` rounds.
    pub(in crate::data) fn expand<E: Copy>(
        &self,
        codes: &[f64],
        into: &mut [E],
        number: impl Fn(f64) -> E,
    ) {
        let mut rest = into;
        for (column, code) in self.columns.iter().zip(codes) {
            let (inputs, after) = rest.split_at_mut(column.d_input());
            column.expand(*code, inputs, &number);
            rest = after;
        }
    }

    pub(super) fn unscale(&self, inputs: &mut [f64]) {
        let mut rest = inputs;
        for column in &self.columns {
            let Some((inputs, after)) = rest.split_at_mut_checked(column.d_input()) else {
                return;
            };
            if let ColumnKind::Numeric {
                mean, deviation, ..
            } = column.kind
            {
                inputs[0] = inputs[0] * deviation + mean;
            }
            rest = after;
        }
    }

    /// Turns a cell into one number: the input itself, or the number of the category, counted from 0. A table in memory
    /// is held in this form, which is no larger than its file for any number of categories.
    pub(in crate::data) fn encode(
        &self,
        column: &Column,
        text: &str,
        cell: Cell,
    ) -> Result<f64, RowError> {
        match &column.kind {
            ColumnKind::Numeric {
                mean,
                deviation,
                fill,
            } => {
                let number = match (cell, fill) {
                    (Cell::Number(number), _) => number,
                    (Cell::Missing, Some(fill)) => *fill,
                    (Cell::Missing, None) => return Err(self.missing_value(column, text)),
                    _ => return Err(not_a_number(column, text)),
                };
                let input = (number - mean) / deviation;
                // The network computes with 32 bits.
                if (input as f32).is_finite() {
                    Ok(input)
                } else {
                    Err(too_large(column, text))
                }
            }
            ColumnKind::Categorical { categories, fill } => {
                let category = match (cell, fill) {
                    (Cell::Missing, Some(fill)) => fill,
                    (Cell::Missing, None) => return Err(self.missing_value(column, text)),
                    _ => text,
                };
                match categories.binary_search_by(|known| known.as_str().cmp(category)) {
                    Ok(number) => Ok(number as f64),
                    Err(_) if self.new_category == NewCategory::Ignore => {
                        Ok(categories.len() as f64)
                    }
                    Err(_) => Err(new_category(column, text, categories)),
                }
            }
        }
    }

    fn missing_value(&self, column: &Column, field: &str) -> RowError {
        let found = match field {
            "" => "is missing".to_owned(),
            mark => format!("is missing (`{}`)", shown(mark)),
        };
        let (problem, fix) = match self.missing {
            Missing::Drop => (
                format!(
                    "the value {found}, and training left such rows out (`missing = \"drop\"`)"
                ),
                "leave the row out too, or train with `missing = \"mean\"` or `\"mode\"`",
            ),
            _ => (
                format!("the value {found}"),
                "give it, or train with `missing` in `[data]` set to `mean` or `mode`, which fill it in, \
                 or to `drop`, which leaves such rows out",
            ),
        };
        RowError::new(column.name.as_str(), problem, fix)
    }
}

fn not_a_number(column: &Column, field: &str) -> RowError {
    if let Some(almost) = Almost::of(field) {
        let (what, fix) = almost.words();
        let problem = format!("expected a number, found `{}`, which {what}", shown(field));
        let fix = format!("write it as the training rows have numbers, or train again: {fix}");
        return RowError::new(column.name.as_str(), problem, fix);
    }
    RowError::new(
        column.name.as_str(),
        format!("expected a finite number, found `{}`", shown(field)),
        "correct it; if it stands for a missing value, list it in `missing_values` in `[data]`; if the \
         column holds categories, name it in `categorical`",
    )
}

fn too_large(column: &Column, field: &str) -> RowError {
    RowError::new(
        column.name.as_str(),
        format!(
            "`{}` is too far from the values of the training rows",
            shown(field)
        ),
        "correct it",
    )
}

fn new_category(column: &Column, field: &str, categories: &[String]) -> RowError {
    const LISTED: usize = 10;
    let listed: Vec<String> = categories
        .iter()
        .take(LISTED)
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    let more = match categories.len().saturating_sub(LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    RowError::new(
        column.name.as_str(),
        format!(
            "the category `{}` is new: the training rows have {}{more}",
            shown(field),
            listed.join(", ")
        ),
        "correct it, or train with `new_category = \"ignore\"` in `[data]`",
    )
}

/// A number as text, because readers of JSON may be off by a bit in a number's last place; a saved
/// model has to prepare a row as training did, to the last bit.
mod exact {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::data::cell::parse_number;

    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_number(&text)
            .ok_or_else(|| D::Error::custom(format!("expected a finite number, found `{text}`")))
    }
}

/// The same for a number that may be absent.
mod exact_option {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        number: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => super::exact::serialize(number, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        super::exact::deserialize(deserializer).map(Some)
    }
}
