//! A table of numbers as the UCI sets are published: plain text, with or without a header.

use dropwise::config::Delimiter;
use dropwise::data::csv::{Format, parse};
use dropwise::error::{DataError, Error, Result};

/// Inputs and a target in their units.
#[derive(Debug, Clone, PartialEq)]
pub struct UciTable {
    width: usize,
    /// `[rows, width]`
    inputs: Vec<f64>,
    targets: Vec<f64>,
}

/// Means and standard deviations of some rows.
pub(super) struct Scaling {
    means: Vec<f64>,
    deviations: Vec<f64>,
    /// Of the target.
    pub(super) target: (f64, f64),
}

impl UciTable {
    /// Reads a table. The delimiter is a comma or a semicolon where the first line has one, else white space; a first line that is not all
    /// numbers is a header. `columns` are the inputs' and the target's, counted from 0: else the last is the target, and all others are
    /// inputs.
    ///
    /// # Errors
    /// [`Error::Data`] for what is no such table, with its line.
    pub fn parse(
        file: &str,
        text: &[u8],
        (inputs, target): (Option<&[usize]>, Option<usize>),
    ) -> Result<Self> {
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .find(|delimiter| *delimiter != b'\t' && first.contains(delimiter));
        let words = String::from_utf8_lossy(first);
        let is_number = |word: &str| word.trim().trim_matches('"').parse::<f64>().is_ok();
        let header = match delimiter {
            Some(delimiter) => !words.split(char::from(delimiter)).all(is_number),
            None => !words.split_whitespace().all(is_number),
        };
        let delimiter = delimiter.map_or(Delimiter::Whitespace, Delimiter::Byte);
        let table = parse(file, text, Format::new(delimiter, header))?;
        let count = table.columns().len();
        let target = target.unwrap_or(count.saturating_sub(1));
        let others: Vec<usize> = match inputs {
            Some(inputs) => inputs.to_vec(),
            None => (0..count).filter(|column| *column != target).collect(),
        };
        let all = others.iter().chain([&target]);
        if others.is_empty() || all.clone().any(|column| *column >= count) {
            let expected = "columns of inputs and one of the target";
            let found = format!(
                "{count} columns, of which {} are asked for",
                others.len() + 1
            );
            return Err(Error::invalid(file, expected, found));
        }
        let number = |row: usize, column: usize| {
            let cell = table.cell(row, column).trim();
            let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| {
                Error::Data(Box::new(DataError {
                    file: file.to_owned(),
                    place: format!("line {}", table.line(row)),
                    problem: format!("expected a number in column {}, found `{cell}`", column + 1),
                    fix: "give the set as numbers, a row on each line".to_owned(),
                }))
            })
        };
        let mut found = UciTable {
            width: others.len(),
            inputs: Vec::with_capacity(table.rows() * others.len()),
            targets: Vec::with_capacity(table.rows()),
        };
        for row in 0..table.rows() {
            for column in &others {
                found.inputs.push(number(row, *column)?);
            }
            found.targets.push(number(row, target)?);
        }
        Ok(found)
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.targets.len()
    }

    /// The first rows alone.
    #[must_use]
    pub fn first(mut self, rows: usize) -> Self {
        self.targets.truncate(rows);
        self.inputs.truncate(rows * self.width);
        self
    }

    /// The inputs of a row.
    pub(super) fn inputs(&self, row: usize) -> &[f64] {
        &self.inputs[row * self.width..][..self.width]
    }

    /// The target of a row.
    pub(super) fn target(&self, row: usize) -> f64 {
        self.targets[row]
    }

    /// Means and deviations of some rows, 1 in place of a deviation of 0.
    pub(super) fn scaling(&self, rows: &[usize]) -> Scaling {
        let of = |value: &dyn Fn(usize) -> f64| {
            let count = rows.len() as f64;
            let mean = rows.iter().map(|row| value(*row)).sum::<f64>() / count;
            let squares: f64 = rows.iter().map(|row| (value(*row) - mean).powi(2)).sum();
            let deviation = (squares / count).sqrt();
            (mean, if deviation == 0.0 { 1.0 } else { deviation })
        };
        let columns = (0..self.width).map(|column| of(&|row| self.inputs(row)[column]));
        let (means, deviations) = columns.unzip();
        Scaling {
            means,
            deviations,
            target: of(&|row| self.targets[row]),
        }
    }

    /// Precisions to try where none were published: noise of 5, 10, 20 and 40 % of the target's deviation.
    pub(super) fn precisions(&self, rows: &[usize]) -> Vec<f64> {
        let (_, deviation) = self.scaling(rows).target;
        [0.4, 0.2, 0.1, 0.05]
            .map(|share: f64| (share * deviation).powi(-2))
            .to_vec()
    }
}

impl Scaling {
    /// The inputs of a row, standardized.
    pub(super) fn inputs(&self, row: &[f64]) -> Vec<f64> {
        let scales = self.means.iter().zip(&self.deviations);
        let pairs = row.iter().zip(scales);
        pairs
            .map(|(value, (mean, deviation))| (value - mean) / deviation)
            .collect()
    }
}
