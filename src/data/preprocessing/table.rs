//! The columns of a table: numbers, categories and dates.

use serde::{Deserialize, Serialize};

use super::{RowError, check_width};
use crate::config::{Missing, NewCategory};
use crate::data::cell::{Almost, Cell, NumberStyle, shown};
use crate::data::date::Date;
use crate::data::remarks::{Remark, Remarks};
use crate::data::spelling;

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
    /// Whether one more input, the column's last, is 1 where the value is missing and else 0. Of categories all others are 0
    /// then, so that missing is a category of its own.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(in crate::data) indicator: bool,
}

/// What a column's values become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(in crate::data) enum ColumnKind {
    /// One input, `(number - mean) / deviation`.
    Numeric {
        /// The mean of the training rows, missing values filled in, or their median if scaling is robust; 0 if numbers are not
        /// standardized.
        #[serde(with = "exact")]
        mean: f64,
        /// Their standard deviation (of the population: divided by the number of rows), or interquartile range; 1 if they are
        /// all the same, or if numbers are not standardized.
        #[serde(with = "exact")]
        deviation: f64,
        /// What a missing value is taken for, if it is to be filled in.
        #[serde(
            with = "exact_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        fill: Option<f64>,
        /// Whether the input is clipped smoothly, as robust scaling does.
        #[serde(default, skip_serializing_if = "is_false")]
        clipped: bool,
        /// Whether all training rows have the same number: then the input is always 0, since nothing was learned about others.
        #[serde(default, skip_serializing_if = "is_false")]
        constant: bool,
    },
    /// An input for each category: 1 for the value's own, 0 for the others.
    Categorical {
        /// The categories of the training rows, sorted by name.
        categories: Vec<String>,
        /// The category that a missing value is taken for, if it is to be filled in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fill: Option<String>,
    },
    /// Days since 1970, standardized; month, day of the month and weekday, each as if all were equally frequent; hour where there
    /// are times of day.
    Date {
        /// The mean of the days of the training rows.
        #[serde(with = "exact")]
        mean: f64,
        /// Their standard deviation; 1 if they are all the same.
        #[serde(with = "exact")]
        deviation: f64,
        /// The days that a missing date is taken for, if it is to be filled in.
        #[serde(
            with = "exact_option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        fill: Option<f64>,
        /// Whether there is an input for the hour.
        has_time: bool,
        /// Whether dates with slashes have the day before the month.
        #[serde(default, skip_serializing_if = "is_false")]
        day_first: bool,
    },
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What the inputs of a date are called, after its column.
const DATE_INPUTS: [&str; 5] = ["days", "month", "day", "weekday", "hour"];

/// Mean and standard deviation of each part of a date but the days, all values equally frequent: of 1 to 12, 1 to 31, 0 to 6, and
/// 0 to 24.
const DATE_SCALES: [(f64, f64); 4] = [
    (6.5, 3.452_052_529_534_663),
    (16.0, 8.944_271_909_999_16),
    (3.0, 2.0),
    (12.0, 6.928_203_230_275_509),
];

/// How far robust scaling lets an input be from 0.
const CLIP: f64 = 3.0;

impl Column {
    pub(in crate::data) fn d_input(&self) -> usize {
        let inputs = match &self.kind {
            ColumnKind::Numeric { .. } => 1,
            ColumnKind::Categorical { categories, .. } => categories.len(),
            ColumnKind::Date { has_time, .. } => 4 + usize::from(*has_time),
        };
        inputs + usize::from(self.indicator)
    }

    fn input_names(&self) -> Vec<String> {
        let name = &self.name;
        let mut names: Vec<String> = match &self.kind {
            ColumnKind::Numeric { .. } => vec![name.clone()],
            ColumnKind::Categorical { categories, .. } => {
                let named = |category| format!("{name}={category}");
                categories.iter().map(named).collect()
            }
            ColumnKind::Date { .. } => {
                let named = |part| format!("{name}:{part}");
                DATE_INPUTS.map(named).to_vec()
            }
        };
        names.truncate(self.d_input() - usize::from(self.indicator));
        names.extend(self.indicator.then(|| format!("{name} is missing")));
        names
    }

    /// Turns the code of a cell into the column's inputs.
    fn expand<E: Copy>(&self, code: f64, inputs: &mut [E], number: impl Fn(f64) -> E) {
        let (code, inputs) = match (self.indicator, inputs.split_last_mut()) {
            (true, Some((last, inputs))) => {
                *last = number(f64::from(code.is_nan()));
                let code = match self.kind {
                    _ if !code.is_nan() => code,
                    ColumnKind::Numeric { .. } => self.input(self.fill().unwrap_or(0.0)),
                    ColumnKind::Date { .. } => self.fill().unwrap_or(0.0),
                    // The category after the last is none.
                    ColumnKind::Categorical { .. } => inputs.len() as f64,
                };
                (code, inputs)
            }
            (_, _) => (code, inputs),
        };
        match self.kind {
            ColumnKind::Numeric { .. } => inputs[0] = number(code),
            ColumnKind::Categorical { .. } => {
                inputs.fill(number(0.0));
                // A new category has the number after the last, and no input.
                if let Some(input) = inputs.get_mut(code as usize) {
                    *input = number(1.0);
                }
            }
            ColumnKind::Date { .. } => {
                inputs[0] = number(self.input(code));
                let parts = Date::parts(code).into_iter().zip(DATE_SCALES);
                for (input, (part, (mean, deviation))) in inputs[1..].iter_mut().zip(parts) {
                    *input = number((part - mean) / deviation);
                }
            }
        }
    }

    /// The input that a number becomes, or the days of a date.
    fn input(&self, number: f64) -> f64 {
        match self.kind {
            ColumnKind::Numeric { constant: true, .. } | ColumnKind::Categorical { .. } => 0.0,
            ColumnKind::Numeric {
                mean,
                deviation,
                clipped,
                ..
            } => {
                let input = (number - mean) / deviation;
                match clipped {
                    // The same as `input / (1 + (input / CLIP)^2)^0.5`, whatever its size.
                    true => input / 1.0_f64.hypot(input / CLIP),
                    false => input,
                }
            }
            ColumnKind::Date {
                mean, deviation, ..
            } => (number - mean) / deviation,
        }
    }

    /// The input that a number becomes, if it is one that [`TablePreprocessing::encode`] says nothing of, and no other.
    #[inline]
    pub(in crate::data) fn plain_input(&self, number: f64) -> Option<f64> {
        match self.kind {
            ColumnKind::Numeric {
                mean,
                deviation,
                clipped: false,
                constant: false,
                ..
            } => Some((number - mean) / deviation).filter(|input| (*input as f32).is_finite()),
            _ => None,
        }
    }

    /// Takes the standardization back, in place.
    fn unscale(&self, inputs: &mut [f64]) {
        let last = self.d_input() - usize::from(self.indicator);
        let inputs = &mut inputs[..last];
        match self.kind {
            ColumnKind::Numeric {
                mean,
                deviation,
                clipped,
                ..
            } => {
                let input = match clipped {
                    true => {
                        let share = (inputs[0] / CLIP).clamp(-1.0 + 1e-12, 1.0 - 1e-12);
                        inputs[0] / (1.0 - share * share).sqrt()
                    }
                    false => inputs[0],
                };
                inputs[0] = input * deviation + mean;
            }
            ColumnKind::Date {
                mean, deviation, ..
            } => {
                inputs[0] = inputs[0] * deviation + mean;
                for (input, (mean, deviation)) in inputs[1..].iter_mut().zip(DATE_SCALES) {
                    *input = *input * deviation + mean;
                }
            }
            ColumnKind::Categorical { .. } => {}
        }
    }

    /// The number that stands for a missing one; none of categories.
    fn fill(&self) -> Option<f64> {
        match self.kind {
            ColumnKind::Numeric { fill, .. } | ColumnKind::Date { fill, .. } => fill,
            ColumnKind::Categorical { .. } => None,
        }
    }

    fn has_fill(&self) -> bool {
        match &self.kind {
            ColumnKind::Categorical { fill, .. } => fill.is_some(),
            _ => self.fill().is_some(),
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

    pub(super) fn field_of_number(&self, plain: String) -> String {
        match self.numbers.decimal {
            '.' => plain,
            decimal => plain.replace('.', decimal.encode_utf8(&mut [0; 4])),
        }
    }

    /// Fills missing values in from now on, whatever training did about them. Whether each column has a value to fill in.
    pub(super) fn fill_in(&mut self) -> bool {
        if !self.missing.fills_in() {
            self.missing = Missing::Mean;
        }
        self.columns.iter().all(Column::has_fill)
    }

    /// As older versions kept it: without what missing values would be filled in with if they were, and without a mark at
    /// columns of one value.
    pub(super) fn into_older_form(mut self) -> Self {
        let fills_in = self.missing.fills_in();
        for column in &mut self.columns {
            match &mut column.kind {
                ColumnKind::Numeric { fill, constant, .. } => {
                    *fill = fill.filter(|_| fills_in);
                    *constant = false;
                }
                ColumnKind::Categorical { fill, .. } if !fills_in => *fill = None,
                _ => {}
            }
        }
        self
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
        self.columns.iter().flat_map(Column::input_names).collect()
    }

    pub(super) fn transform(
        &self,
        fields: &[&str],
        into: &mut [f64],
        remarks: &mut Remarks,
        place: impl Fn() -> String,
    ) -> Result<(), RowError> {
        check_width(self.columns.len(), fields.len())?;
        let mut rest = into;
        for (column, field) in self.columns.iter().zip(fields) {
            let (inputs, after) = rest.split_at_mut(column.d_input());
            let text = field.trim();
            let (code, remark) = self.encode(column, text, self.cell(text))?;
            if let Some(remark) = remark {
                remarks.add(remark, &column.name, text, &place);
            }
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
            column.unscale(inputs);
            rest = after;
        }
    }

    /// Turns a cell into one number: the input itself, the number of the category, counted from 0, or the days of a date; NaN
    /// where it is missing and the column has an indicator. A table in memory is held in this form, which is no larger than its
    /// file for any number of categories. What is done about a cell that is not as training has them is said beside it.
    pub(in crate::data) fn encode(
        &self,
        column: &Column,
        text: &str,
        cell: Cell,
    ) -> Result<(f64, Option<Remark>), RowError> {
        if cell == Cell::Missing {
            let filled = Some(Remark::Filled);
            if column.indicator {
                return Ok((f64::NAN, filled));
            }
            let code = match &column.kind {
                _ if !self.missing.fills_in() => None,
                ColumnKind::Numeric { fill, .. } => fill.map(|fill| column.input(fill)),
                ColumnKind::Date { fill, .. } => *fill,
                ColumnKind::Categorical { categories, fill } => {
                    let is_fill = |category: &String| Some(category) == fill.as_ref();
                    categories
                        .iter()
                        .position(is_fill)
                        .map(|place| place as f64)
                }
            };
            let code = code.ok_or_else(|| self.missing_value(column, text))?;
            return Ok((code, filled));
        }
        match &column.kind {
            ColumnKind::Numeric { mean, constant, .. } => {
                let Some(number) = cell.number() else {
                    return Err(not_a_number(column, text));
                };
                let input = column.input(number);
                // The network computes with 32 bits.
                if !(input as f32).is_finite() {
                    return Err(too_large(column, text));
                }
                let another = *constant && number != *mean;
                Ok((input, another.then_some(Remark::NoInfluence)))
            }
            ColumnKind::Categorical { categories, .. } => {
                let own = categories.binary_search_by(|known| known.as_str().cmp(text));
                let place = own
                    .ok()
                    .or_else(|| spelling::find(categories, text, self.numbers));
                match place {
                    Some(number) => Ok((number as f64, None)),
                    None if self.new_category == NewCategory::Ignore => {
                        Ok((categories.len() as f64, Some(Remark::NewCategory)))
                    }
                    None => Err(new_category(column, text, categories)),
                }
            }
            ColumnKind::Date { day_first, .. } => match Date::parse(text, *day_first) {
                Some(date) => Ok((date.days, None)),
                None => Err(not_a_date(&column.name, text, *day_first)),
            },
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
                "leave the row out too, say `predict --missing mean`, or train with `missing = \"mean\"` in `[data]`",
            ),
            _ => (
                format!("the value {found}"),
                "give it, or train with `missing` in `[data]` set to `mean`, `median` or `mode`, which fill it in, \
                 or to `drop`, which leaves such rows out; `predict --missing mean` fills it in too",
            ),
        };
        RowError::new(column.name.as_str(), problem, fix)
    }
}

pub(in crate::data) fn not_a_date(column: &str, field: &str, day_first: bool) -> RowError {
    let slashes = if day_first {
        "31/01/2024"
    } else {
        "01/31/2024"
    };
    RowError::new(
        column,
        format!(
            "expected a date such as 2024-01-31, 2024-01-31 18:30, 31.01.2024 or {slashes}, found `{}`",
            shown(field)
        ),
        "correct it; if it stands for a missing value, list it in `missing_values` in `[data]`; `day_first` says which way dates with \
         slashes are; columns that are no dates do not belong into `dates`",
    )
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
