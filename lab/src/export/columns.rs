//! The columns of a table as a run keeps them in `preparation.json`. They are read from there, and not taken from the library,
//! so that what is written for other programs shares no code with the preprocessing that it is compared with. A key that is
//! unknown here is refused.

use dropwise::data::{Preprocessing, composed, parse_number, parse_number_in};
use dropwise::error::{Error, Result};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

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
///
/// With an indicator one more input, the column's last, is 1 where the value is missing and else 0.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(super) enum Column {
    Numeric(Numeric),
    Categorical(Categorical),
    Date(Date),
}

/// One input, `(number - mean) / deviation`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numeric {
    pub(super) name: String,
    #[serde(deserialize_with = "exact")]
    pub(super) mean: f64,
    #[serde(deserialize_with = "exact")]
    pub(super) deviation: f64,
    /// What a missing value is taken for.
    #[serde(default, deserialize_with = "exact_option")]
    pub(super) fill: Option<f64>,
    #[serde(default)]
    pub(super) indicator: bool,
    /// Whether the input `x` is then `x / (1 + (x / 3)^2)^0.5`.
    #[serde(default)]
    pub(super) clipped: bool,
    /// Whether the input is 0, whatever the number.
    #[serde(default)]
    pub(super) constant: bool,
}

/// An input for each category, 1 for the value's own. A missing value has none where there is an indicator.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Categorical {
    pub(super) name: String,
    pub(super) categories: Vec<String>,
    /// Texts that mean the same as a category, with its number.
    #[serde(skip)]
    pub(super) spellings: Vec<(String, usize)>,
    /// The category that a missing value is taken for.
    #[serde(default)]
    pub(super) fill: Option<String>,
    #[serde(default)]
    pub(super) indicator: bool,
}

/// The days since 1970, standardized; month (January is 1), day of the month and weekday (Monday is 0); the hour, if there are
/// times of day; these by [`DATE_SCALES`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Date {
    pub(super) name: String,
    #[serde(deserialize_with = "exact")]
    pub(super) mean: f64,
    #[serde(deserialize_with = "exact")]
    pub(super) deviation: f64,
    /// The days that a missing date is taken for.
    #[serde(default, deserialize_with = "exact_option")]
    pub(super) fill: Option<f64>,
    #[serde(default)]
    pub(super) indicator: bool,
    pub(super) has_time: bool,
    /// Whether dates with slashes have the day before the month.
    #[serde(default)]
    pub(super) day_first: bool,
}

/// Means and standard deviations of all months, days of a month, weekdays and hours.
pub(super) const DATE_SCALES: [(f64, f64); 4] = [
    (6.5, 3.452_052_529_534_663),
    (16.0, 8.944_271_909_999_16),
    (3.0, 2.0),
    (12.0, 6.928_203_230_275_509),
];

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
                let mut table: Table = serde_json::from_value(json.clone()).map_err(unknown)?;
                if ["error", "drop"].contains(&table.missing.as_str()) {
                    table.columns.iter_mut().for_each(Column::refuse_missing);
                }
                let style = table.numbers;
                for (k, column) in table.columns.iter_mut().enumerate() {
                    if let Column::Categorical(column) = column {
                        let alone = alone(&json, k).map_err(unknown)?;
                        column.spellings = column.other_spellings(&alone, style);
                    }
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
            Column::Numeric(column) => column.fill = None,
            Column::Categorical(column) => column.fill = None,
            Column::Date(column) => column.fill = None,
        }
    }
}

/// The preprocessing of column `k` of a table alone.
fn alone(table: &Value, k: usize) -> serde_json::Result<Preprocessing> {
    let mut json = table.clone();
    json["kind"] = "table".into();
    json["columns"] = Value::Array(vec![table["columns"][k].clone()]);
    serde_json::from_value(json)
}

impl Categorical {
    /// The ways in which other programs write a number or a truth value that are taken for a category, though it is written
    /// otherwise; `alone` says which are.
    fn other_spellings(&self, alone: &Preprocessing, style: Numbers) -> Vec<(String, usize)> {
        let inputs = |text: &str| {
            let mut inputs = vec![0.0; self.categories.len() + usize::from(self.indicator)];
            alone.transform(&[text], &mut inputs).ok().map(|()| inputs)
        };
        let mut found: Vec<(String, usize)> = Vec::new();
        for (k, category) in self.categories.iter().enumerate() {
            let Numbers { decimal, thousands } = style;
            let mut others: Vec<String> = match parse_number_in(category, decimal, thousands) {
                Some(number) => {
                    let written = [format!("{number}"), format!("{number:?}")];
                    written
                        .map(|text| text.replace('.', &decimal.to_string()))
                        .into()
                }
                None => Vec::new(),
            };
            others.push(composed(category));
            for truth in [["true", "True", "TRUE"], ["false", "False", "FALSE"]] {
                if truth[0].eq_ignore_ascii_case(category) {
                    others.extend(truth.map(str::to_owned));
                }
            }
            let own = inputs(category);
            for other in others {
                let is_known = self.categories.contains(&other)
                    || found.iter().any(|(text, _)| *text == other);
                if !is_known && own.is_some() && inputs(&other) == own {
                    found.push((other, k));
                }
            }
        }
        found
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
