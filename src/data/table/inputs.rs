//! What the preprocessing learns from the training rows, and the inputs that all rows become.

use super::MOST_CATEGORIES;
use super::columns::Columns;
use super::numeric::holds_numbers;
use super::raw::RawTable;
use super::rows::Row;
use super::suspects;
use crate::config::{Missing, Scaling, TableConfig};
use crate::data::cell::{Cell, NumberStyle, shown};
use crate::data::date::Date;
use crate::data::preprocessing::{Column, ColumnKind, TablePreprocessing, not_a_date};
use crate::data::remarks::Remarks;
use crate::data::spelling::Spellings;
use crate::error::{Error, Result};
use crate::threads;

/// What was learned of a table's inputs.
pub(super) struct Fitted {
    pub(super) preprocessing: TablePreprocessing,
    /// See [`TablePreprocessing::encode`]: `[rows, columns]`, row after row.
    pub(super) codes: Vec<f64>,
    /// What is worth a word.
    pub(super) notes: Vec<String>,
}

/// Learns the preprocessing of a table's inputs from the first `train` of its rows, of which there is at least one, and
/// encodes all rows. What cannot be encoded is an error only after all columns are learned.
///
/// As many columns as there are threads are in memory beside the table at a time; each of their cells is read once.
pub(super) fn fit(
    rows: &[Row],
    train: usize,
    columns: &Columns,
    config: &TableConfig,
) -> Result<Result<Fitted>> {
    let table = rows[0].labeled.table;
    let mut preprocessing = TablePreprocessing {
        columns: Vec::with_capacity(columns.inputs.len()),
        other_columns: columns
            .others(table)
            .map(|column| table.columns()[column].clone())
            .collect(),
        missing_values: config.missing_values.clone(),
        numbers: NumberStyle::of(config),
        missing: config.missing,
        new_category: config.new_category,
    };
    let width = columns.inputs.len();
    let mut codes = vec![0.0; rows.len() * width];
    let (mut notes, mut remarks) = (Vec::new(), Remarks::default());
    let mut mistake: Option<(usize, Error)> = None;
    for (block, inputs) in columns.inputs.chunks(threads::count()).enumerate() {
        let fit = |k: usize| fit_column((rows, train), inputs[k], columns, config, &preprocessing);
        let fitted = threads::each(inputs.len(), fit);
        for (k, fitted) in fitted.into_iter().enumerate() {
            let fitted = fitted?;
            let place = block * threads::count() + k;
            for (row, code) in fitted.codes.into_iter().enumerate() {
                codes[row * width + place] = code;
            }
            // The error is that of the first row with a mistake, whichever column it is in.
            mistake = mistake
                .into_iter()
                .chain(fitted.mistake)
                .min_by_key(|(row, _)| *row);
            notes.extend(fitted.notes);
            remarks.extend(fitted.remarks);
            preprocessing.columns.push(fitted.column);
        }
    }
    notes.extend(remarks.notes());
    Ok(match mistake {
        Some((_, error)) => Err(error),
        None => Ok(Fitted {
            preprocessing,
            codes,
            notes,
        }),
    })
}

/// What was learned of one column.
struct FittedColumn {
    column: Column,
    /// `[rows]`, up to a mistake.
    codes: Vec<f64>,
    /// The first row whose cell cannot be encoded.
    mistake: Option<(usize, Error)>,
    notes: Vec<String>,
    remarks: Remarks,
}

fn fit_column(
    (rows, train): (&[Row], usize),
    column: usize,
    columns: &Columns,
    config: &TableConfig,
    preprocessing: &TablePreprocessing,
) -> Result<FittedColumn> {
    let table = rows[0].labeled.table;
    let cells: Vec<Cell> = rows
        .iter()
        .map(|row| preprocessing.cell(row.text(column)))
        .collect();
    let training = TrainingCells {
        table,
        column,
        rows: &rows[..train],
        cells: &cells[..train],
        config,
    };
    let (mut notes, mut remarks) = (Vec::new(), Remarks::default());
    let kind = training.kind(columns, &mut notes)?;
    notes.extend(suspects::notes(rows, &cells, (train, column), &kind));
    let fitted = Column {
        name: table.columns()[column].clone(),
        kind,
        indicator: config.missing_indicator && training.cells.contains(&Cell::Missing),
    };
    let mut codes = Vec::with_capacity(rows.len());
    let mut mistake = None;
    for (n, (row, cell)) in rows.iter().zip(&cells).enumerate() {
        let text = row.text(column);
        match preprocessing.encode(&fitted, text, *cell) {
            Ok((code, remark)) => {
                codes.push(code);
                if let Some(remark) = remark {
                    remarks.add(remark, &fitted.name, text, || row.place());
                }
            }
            Err(error) => {
                mistake = Some((n, error.at(row.file(), row.place())));
                break;
            }
        }
    }
    Ok(FittedColumn {
        column: fitted,
        codes,
        mistake,
        notes,
        remarks,
    })
}

/// Encodes rows that nothing is learned from, as [`fit`] does; beside the codes, what is worth a word.
pub(super) fn encode(
    rows: &[Row],
    columns: &Columns,
    preprocessing: &TablePreprocessing,
) -> Result<(Vec<f64>, Vec<String>)> {
    let mut codes = Vec::with_capacity(rows.len() * columns.inputs.len());
    let mut remarks = Remarks::default();
    for row in rows {
        for (fitted, column) in preprocessing.columns.iter().zip(&columns.inputs) {
            let text = row.text(*column);
            let code = preprocessing.encode(fitted, text, preprocessing.cell(text));
            let (code, remark) = code.map_err(|error| error.at(row.file(), row.place()))?;
            if let Some(remark) = remark {
                remarks.add(remark, &fitted.name, text, || row.place());
            }
            codes.push(code);
        }
    }
    Ok((codes, remarks.notes()))
}

/// The cells of one column in the training rows.
struct TrainingCells<'a> {
    table: &'a RawTable,
    column: usize,
    rows: &'a [Row<'a>],
    cells: &'a [Cell],
    config: &'a TableConfig,
}

impl<'a> TrainingCells<'a> {
    /// What the column's cells become.
    fn kind(&self, columns: &Columns, notes: &mut Vec<String>) -> Result<ColumnKind> {
        let fills_in = self.config.missing.fills_in();
        if fills_in && self.cells.iter().all(|cell| *cell == Cell::Missing) {
            let name = self.name();
            return Err(self.table.error(
                format!("column `{name}` has no value in the training rows to fill in"),
                "leave it out with `leave_out` in `[data]`",
            ));
        }
        if columns.dates.contains(&self.column) {
            return self.dates();
        }
        let cells = self.rows.iter().copied().zip(self.cells.iter().copied());
        let if_words = "if the column holds categories, name it in `categorical`";
        if !columns.categorical.contains(&self.column)
            && holds_numbers(cells, self.column, if_words)?
        {
            self.numeric()
        } else {
            self.categorical(notes)
        }
    }

    /// Rows without a cell have the filled-in value in what is learned.
    fn numeric(&self) -> Result<ColumnKind> {
        let mut numbers: Vec<f64> = self.cells.iter().filter_map(|cell| cell.number()).collect();
        let fill = self.fill(&numbers);
        if let Some(fill) = fill.filter(|_| self.config.missing.fills_in()) {
            numbers.resize(self.rows.len(), fill);
        }
        let clipped = self.config.scaling == Scaling::Robust;
        let (mean, deviation) = match self.config.standardize {
            true if clipped => median_and_range(&numbers),
            true => mean_and_deviation(&numbers),
            false => (0.0, 1.0),
        };
        let learned = [mean, deviation, fill.unwrap_or_default()];
        if learned.iter().any(|number| !number.is_finite()) {
            let problem = format!("the numbers of column `{}` are too large", self.name());
            return Err(self.table.error(problem, "give them in a larger unit"));
        }
        let differs = |number: &f64| *number != numbers[0];
        Ok(ColumnKind::Numeric {
            mean,
            deviation,
            fill,
            clipped,
            constant: self.config.standardize && !numbers.iter().any(differs),
        })
    }

    /// Days since 1970, missing ones filled in.
    fn dates(&self) -> Result<ColumnKind> {
        let (mut days, mut has_time) = (Vec::new(), false);
        let day_first = self.config.day_first;
        for (row, cell) in self.rows.iter().zip(self.cells) {
            let text = row.text(self.column);
            if *cell == Cell::Missing {
                continue;
            }
            let Some(date) = Date::parse(text, day_first) else {
                let error = not_a_date(&self.table.columns()[self.column], text, day_first);
                return Err(error.at(row.file(), row.place()));
            };
            days.push(date.days);
            has_time |= date.has_time;
        }
        let fill = self.fill(&days);
        if let Some(fill) = fill.filter(|_| self.config.missing.fills_in()) {
            days.resize(self.rows.len(), fill);
        }
        let (mean, deviation) = mean_and_deviation(&days);
        Ok(ColumnKind::Date {
            mean,
            deviation,
            fill,
            has_time,
            day_first,
        })
    }

    /// What stands for a missing number: by `missing`, and else their mean, for `predict --missing`.
    fn fill(&self, numbers: &[f64]) -> Option<f64> {
        let fill = match self.config.missing {
            _ if numbers.is_empty() => return None,
            Missing::Median => median(numbers),
            Missing::Mode => most_frequent_number(numbers),
            Missing::Mean => mean(numbers),
            Missing::Error | Missing::Drop => {
                return Some(mean(numbers)).filter(|mean| mean.is_finite());
            }
        };
        Some(fill)
    }

    fn categorical(&self, notes: &mut Vec<String>) -> Result<ColumnKind> {
        let present = self.rows.iter().zip(self.cells);
        let present = present.filter(|(_, cell)| **cell != Cell::Missing);
        let texts = present.map(|(row, _)| row.text(self.column));
        let spellings = Spellings::of(texts, NumberStyle::of(self.config));
        notes.extend(spellings.note(&self.name()));
        let counts = spellings.counts;
        if counts.len() > MOST_CATEGORIES {
            return Err(self.table.error(
                format!(
                    "column `{}` has {} categories, and each would be an input: at most {MOST_CATEGORIES} are \
                     allowed",
                    self.name(),
                    counts.len()
                ),
                "leave it out with `leave_out` in `[data]` if it holds names or free text; if it holds dates, name it in `dates`",
            ));
        }
        // Of equals the first: `max_by_key` takes the last.
        let most_frequent = counts.iter().rev().max_by_key(|(_, count)| **count);
        Ok(ColumnKind::Categorical {
            fill: most_frequent.map(|(category, _)| (*category).to_owned()),
            categories: counts.into_keys().map(str::to_owned).collect(),
        })
    }

    fn name(&self) -> String {
        shown(&self.table.columns()[self.column])
    }
}

/// Mean and standard deviation (of the population); the deviation is 1 where all numbers are the same,
/// so that `(number - mean) / deviation` is exactly 0, and where there is none.
pub(super) fn mean_and_deviation(numbers: &[f64]) -> (f64, f64) {
    let Some(&first) = numbers.first() else {
        return (0.0, 1.0);
    };
    if numbers.iter().all(|number| *number == first) {
        return (first, 1.0);
    }
    let mean = mean(numbers);
    // Squares of differences that are as large as 1 neither overflow nor vanish.
    let largest = numbers
        .iter()
        .map(|number| (number - mean).abs())
        .fold(0.0, f64::max);
    let squares: f64 = numbers
        .iter()
        .map(|number| ((number - mean) / largest).powi(2))
        .sum();
    (mean, largest * (squares / numbers.len() as f64).sqrt())
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Median and interquartile range; where that is 0, half of the whole range, and 1 where all numbers are the same or there is none
/// (Holzmuller et al. 2024, RealMLP).
fn median_and_range(numbers: &[f64]) -> (f64, f64) {
    let Some(&first) = numbers.first() else {
        return (0.0, 1.0);
    };
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let range = quantile(&sorted, 0.75) - quantile(&sorted, 0.25);
    let whole = sorted[sorted.len() - 1] - sorted[0];
    match (range > 0.0, whole > 0.0) {
        (true, _) => (quantile(&sorted, 0.5), range),
        (false, true) => (quantile(&sorted, 0.5), whole / 2.0),
        (false, false) => (first, 1.0),
    }
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// The quantile of sorted numbers, between two of them in proportion, as NumPy has it by default.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (
        sorted[place.floor() as usize],
        sorted[place.ceil() as usize],
    );
    below + (above - below) * place.fract()
}

/// The smallest of the most frequent numbers.
fn most_frequent_number(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs = sorted.chunk_by(|a, b| a == b);
    let longest = runs.rev().max_by_key(|run| run.len()); // of equals, `max_by_key` takes the last
    longest.map_or(f64::NAN, |run| run[0])
}
