//! The columns of a table as a run keeps them in `preparation.json`. They are read from there, and not taken from the library,
//! so that what is written for other programs shares no code with the preprocessing that it is compared with. A key that is
//! unknown here is refused.

use dropwise::data::{Preprocessing, parse_number, parse_number_in};
use dropwise::error::{Error, Result};
use serde::{Deserialize, Deserializer, de};

/// What rows are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rows {
    /// Numbers in columns of these names, which are inputs as they are.
    Numbers(Vec<String>),
    /// Gray pixels, divided by the largest.
    Images {
        height: usize,
        width: usize,
        largest: u8,
    },
    Table(Table),
}

/// All columns of a table, and what holds for each of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    #[serde(default, rename = "other_columns")]
    _other_columns: de::IgnoredAny,
    /// The texts that count as missing.
    pub(super) missing_values: Vec<String>,
    #[serde(default)]
    numbers: Numbers,
    missing: String,
    new_category: String,
}

/// A column: its name, and how a value becomes inputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub(super) enum Column {
    /// `(number - mean) / deviation`.
    Numeric {
        name: String,
        #[serde(deserialize_with = "exact")]
        mean: f64,
        #[serde(deserialize_with = "exact")]
        deviation: f64,
        /// What a missing value is taken for.
        #[serde(default, deserialize_with = "exact_option")]
        fill: Option<f64>,
    },
    /// An input for each category, 1 for the value's own.
    Categorical {
        name: String,
        categories: Vec<String>,
        /// The category that a missing value is taken for.
        #[serde(default)]
        fill: Option<String>,
    },
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    decimal: char,
    thousands: Option<char>,
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers {
            decimal: '.',
            thousands: None,
        }
    }
}

impl Rows {
    /// The rows of a run.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if a column is of a kind that other programs cannot be given.
    pub(super) fn of(preprocessing: &Preprocessing) -> Result<Self> {
        const EXPECTED: &str = "columns that can be written for other programs";
        let unknown =
            |cause: serde_json::Error| Error::invalid("the preprocessing", EXPECTED, cause);
        match preprocessing {
            Preprocessing::Numbers { columns } => Ok(Rows::Numbers(columns.clone())),
            &Preprocessing::Images {
                height,
                width,
                largest,
            } => Ok(Rows::Images {
                height,
                width,
                largest,
            }),
            Preprocessing::Table(table) => {
                let json = serde_json::to_value(table).map_err(unknown)?;
                let mut table: Table = serde_json::from_value(json).map_err(unknown)?;
                if ["error", "drop"].contains(&table.missing.as_str()) {
                    table.columns.iter_mut().for_each(Column::refuse_missing);
                }
                Ok(Rows::Table(table))
            }
            _ => Err(Error::invalid("the preprocessing", EXPECTED, "others")),
        }
    }
}

impl Table {
    /// The numbers that count as missing.
    pub(super) fn missing_numbers(&self) -> impl Iterator<Item = f64> {
        let Numbers { decimal, thousands } = self.numbers;
        let texts = self.missing_values.iter();
        texts.filter_map(move |text| parse_number_in(text, decimal, thousands))
    }

    /// Whether all inputs of a category that the training rows do not have are 0; else it is refused.
    pub(super) fn ignores_new_categories(&self) -> bool {
        self.new_category == "ignore"
    }

    /// What stands before the decimals of a number, and between groups of three digits.
    pub(super) fn style(&self) -> (char, Option<char>) {
        (self.numbers.decimal, self.numbers.thousands)
    }

    /// A number as a row of the table has it.
    pub(super) fn field(&self, number: f64) -> String {
        number
            .to_string()
            .replace('.', &self.numbers.decimal.to_string())
    }
}

impl Column {
    fn refuse_missing(&mut self) {
        match self {
            Column::Numeric { fill, .. } => *fill = None,
            Column::Categorical { fill, .. } => *fill = None,
        }
    }
}

/// A number that is kept as text, so that no bit of it is lost.
fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_number(&text)
        .ok_or_else(|| de::Error::custom(format!("expected a number, found `{text}`")))
}

fn exact_option<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<f64>, D::Error> {
    exact(deserializer).map(Some)
}
