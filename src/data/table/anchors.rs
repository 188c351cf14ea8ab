//! The numbers of a large table, with 32 bits each from their first reading on.
//!
//! An input has 32 bits in the end, but it is not known before all rows are read what is taken from a number to make one, and what it is
//! divided by. Until then a number is kept as its difference from an anchor, a number in the midst of its column: of what is as far from
//! the anchor as the column is wide, the difference has as many correct digits as the input has. So a table is read from its files once.

use super::columns::Columns;
use super::packed::Block;
use crate::config::TableConfig;
use crate::data::cell::{Cell, NumberStyle};

/// The rows that an anchor is taken from, the first ones of a table, in whatever pieces they are read.
pub(super) const ROWS: usize = 1 << 8;

/// So many deviations from the mean of its column, an anchor is of no use any more.
const FAR: f64 = 64.0;

/// The anchors of a table's columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Anchors {
    /// Of each column; none of those that have none.
    anchors: Vec<Option<f64>>,
    /// Where each column's difference stands in a row of them, and how wide that is.
    places: Vec<usize>,
    width: usize,
    /// The bytes of a row's codes, as far as it is known what columns hold: see [`Layout`].
    ///
    /// [`Layout`]: super::encoded::Layout
    bytes: usize,
    missing_values: Vec<String>,
    style: NumberStyle,
}

impl Anchors {
    /// The median of each column's first numbers; none of columns that hold no numbers by what the configuration says.
    pub(super) fn of(blocks: &[Block], columns: &Columns, config: &TableConfig) -> Self {
        let count = 1 + columns.inputs.iter().max().copied().unwrap_or(0);
        let mut found = Anchors {
            anchors: vec![None; count],
            places: vec![0; count],
            width: 0,
            bytes: 0,
            missing_values: config.missing_values.clone(),
            style: NumberStyle::of(config),
        };
        for column in &columns.inputs {
            let is_date = columns.dates.contains(column);
            if is_date || columns.categorical.contains(column) {
                found.bytes += if is_date { 8 } else { 1 };
                continue;
            }
            let numbers = blocks.iter().flat_map(|block| {
                let cells = block.cells(*column);
                cells.numbers(&cells.each_text(|text| found.read(text)), None)
            });
            let mut numbers: Vec<f64> = numbers.take(ROWS).filter(|n| !n.is_nan()).collect();
            found.bytes += if numbers.is_empty() { 1 } else { 4 };
            if !numbers.is_empty() {
                let middle = numbers.len() / 2;
                let (_, median, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
                found.anchors[*column] = Some(*median);
                found.places[*column] = found.width;
                found.width += 1;
            }
        }
        found
    }

    pub(super) fn get(&self, column: usize) -> Option<f64> {
        self.anchors.get(column).copied().flatten()
    }

    pub(super) fn place(&self, column: usize) -> usize {
        self.places[column]
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What a cell says.
    pub(super) fn read(&self, text: &str) -> Cell {
        Cell::read(text, &self.missing_values, self.style)
    }

    /// Takes the anchor of a column away, whose numbers then keep 64 bits.
    pub(super) fn remove(&mut self, column: usize) {
        self.anchors[column] = None;
    }
}

/// Whether an anchor is so near to the numbers of its column that their differences from it say enough of them.
pub(super) fn is_near(anchor: f64, mean: f64, deviation: f64) -> bool {
    (anchor - mean).abs() <= FAR * deviation
}

/// The difference of a number from an anchor; `None` where 32 bits do not hold it.
#[inline]
pub(super) fn difference(number: f64, anchor: f64) -> Option<f32> {
    let difference = (number - anchor) as f32;
    (difference.is_normal() || number == anchor).then_some(difference)
}

/// A number as its difference from an anchor says it, or as it is.
#[inline]
pub(super) fn rounded(number: f64, anchor: f64) -> f64 {
    difference(number, anchor).map_or(number, |difference| anchor + f64::from(difference))
}
