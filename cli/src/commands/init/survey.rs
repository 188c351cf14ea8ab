//! What the cells of each column look like.

use std::collections::{BTreeSet, HashMap};

use dropwise::data::{RawTable, parse_number};

/// Marks of a missing value that are none by default, but are where all else in a column is numbers.
const MARKS: [&str; 12] = [
    "N/A", "n/a", "na", "nan", "NULL", "Null", "null", "None", "none", "-", "--", ".",
];

/// What a column looks like.
pub(super) struct Survey {
    pub(super) name: String,
    /// Cells that are not missing.
    pub(super) present: usize,
    pub(super) missing: usize,
    /// Different values, those that are missing left out.
    pub(super) distinct: usize,
    /// How often the rarest value occurs; 0 if there is none.
    pub(super) rarest: usize,
    pub(super) holds: Holds,
    /// Marks in this column that stand for missing values and do not by default.
    pub(super) marks: BTreeSet<&'static str>,
}

/// What the values of a column are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Each number is 1 more than the one in the row before.
    Counting,
    WholeNumbers,
    Numbers,
    Words,
}

impl Survey {
    pub(super) fn new(table: &RawTable, column: usize, missing_values: &[String]) -> Self {
        let is_missing = |cell: &&str| missing_values.iter().any(|value| value == cell);
        let mut cells: Vec<&str> = (0..table.rows())
            .map(|row| table.cell(row, column))
            .collect();
        cells.retain(|cell| !is_missing(cell));
        let marks = marks_among_numbers(&cells);
        cells.retain(|cell| !marks.contains(cell));

        let mut counts = HashMap::new();
        for cell in &cells {
            *counts.entry(*cell).or_insert(0_usize) += 1;
        }
        Survey {
            name: table.columns()[column].clone(),
            present: cells.len(),
            missing: table.rows() - cells.len(),
            distinct: counts.len(),
            rarest: counts.values().copied().min().unwrap_or(0),
            holds: held(&cells),
            marks,
        }
    }

    pub(super) fn holds_words(&self) -> bool {
        self.holds == Holds::Words
    }

    /// Whether no value occurs twice and none is missing.
    pub(super) fn all_different(&self) -> bool {
        self.missing == 0 && self.distinct == self.present
    }
}

/// The marks in a column where all else is numbers; none in other columns, where they may be words.
fn marks_among_numbers(cells: &[&str]) -> BTreeSet<&'static str> {
    let mark = |cell: &&str| MARKS.into_iter().find(|mark| mark == cell);
    let (numbers, others): (Vec<&str>, Vec<&str>) =
        cells.iter().partition(|cell| parse_number(cell).is_some());
    match others.iter().map(mark).collect::<Option<BTreeSet<_>>>() {
        Some(marks) if !numbers.is_empty() => marks,
        _ => BTreeSet::new(),
    }
}

fn held(cells: &[&str]) -> Holds {
    let numbers: Vec<f64> = cells.iter().filter_map(|cell| parse_number(cell)).collect();
    // As in the library: where nearly all are numbers, the others are mistakes to be reported.
    if numbers.len() < cells.len() - cells.len() / 10 {
        Holds::Words
    } else if numbers.iter().any(|number| number.fract() != 0.0) {
        Holds::Numbers
    } else if numbers.len() > 1 && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0) {
        Holds::Counting
    } else {
        Holds::WholeNumbers
    }
}
