//! Whether a column holds numbers or words: decided of the column as a whole, before any of its cells is an error.

use super::rows::Spot;
use crate::data::cell::{Almost, Cell, shown};
use crate::error::Result;

/// What the cells of a column look like.
#[derive(Debug, Default)]
pub(super) struct Tally {
    present: usize,
    numbers: usize,
    /// Cells that would be numbers but for their form.
    almost: usize,
    /// The first cells of each kind.
    word: Option<Spot>,
    not_finite: Option<Spot>,
    /// Of those that are almost numbers the first one of each kind, and how many there are.
    kinds: Vec<(Almost, Spot, usize)>,
}

impl Tally {
    /// Adds so many cells that say the same, the first of which is the spot's; `almost` says how they miss being numbers.
    pub(super) fn add(
        &mut self,
        (cell, count): (Cell, usize),
        almost: impl FnOnce() -> Option<Almost>,
        spot: impl FnOnce() -> Spot,
    ) {
        match cell {
            Cell::Missing => return,
            Cell::Number(_) => self.numbers += count,
            Cell::NotFinite => _ = self.not_finite.get_or_insert_with(spot),
            Cell::Text => match almost() {
                Some(kind) => {
                    self.almost += count;
                    match self.kinds.iter_mut().find(|(known, ..)| *known == kind) {
                        Some((.., known)) => *known += count,
                        None => self.kinds.push((kind, spot(), count)),
                    }
                }
                None => _ = self.word.get_or_insert_with(spot),
            },
        }
        self.present += count;
    }

    /// Adds plain numbers.
    pub(super) fn add_numbers(&mut self, count: usize) {
        self.present += count;
        self.numbers += count;
    }

    /// Adds the cells that come after these.
    pub(super) fn extend(&mut self, others: Tally) {
        self.present += others.present;
        self.numbers += others.numbers;
        self.almost += others.almost;
        self.word = self.word.take().or(others.word);
        self.not_finite = self.not_finite.take().or(others.not_finite);
        for (kind, spot, more) in others.kinds {
            match self.kinds.iter_mut().find(|(known, ..)| *known == kind) {
                Some((.., count)) => *count += more,
                None => self.kinds.push((kind, spot, more)),
            }
        }
    }

    /// Whether all cells that are there are numbers.
    pub(super) fn are_numbers(&self) -> bool {
        self.numbers == self.present
    }

    /// Whether the column of this name holds numbers rather than words; `if_words` is the fix that turns a column of numbers into
    /// one of words.
    ///
    /// # Errors
    /// If nearly all cells are numbers, which makes the others likely mistakes, infinite ones among them; if nearly all would be
    /// numbers but for commas, groups of digits, percent or currency signs.
    pub(super) fn holds_numbers(&self, column: &str, if_words: &str) -> Result<bool> {
        let (present, numbers) = (self.present, self.numbers);
        let nearly_all = |count: usize| count > 0 && count >= present - present / 10;
        let as_missing =
            "if it stands for a missing value, list it in `missing_values` in `[data]`";
        // A column of `1,188` and `12,5` has decimal commas: what cannot be a group of three digits decides.
        let is_decimal =
            |kind: &Almost| matches!(kind, Almost::DecimalComma | Almost::ThousandsAndComma);
        let kinds_first = self
            .kinds
            .iter()
            .max_by_key(|(kind, _, count)| (is_decimal(kind), *count));
        let mistake = |spot: &Spot, expected: &str| {
            let problem = format!("expected {expected}, found `{}`", shown(&spot.text));
            let fix = format!("correct it; {as_missing}; {if_words}");
            Err(spot.error(column, problem, fix))
        };
        match (kinds_first, &self.word, &self.not_finite) {
            (None, None, None) => Ok(true),
            (Some((kind, spot, _)), ..) if nearly_all(numbers + self.almost) => {
                let (what, fix) = kind.words();
                let problem = format!(
                    "expected a number, found `{}`, which {what}, as {} of {present} values are no plain numbers",
                    shown(&spot.text),
                    self.almost
                );
                Err(spot.error(column, problem, format!("{fix}; {if_words}")))
            }
            (_, Some(spot), _) if nearly_all(numbers) => {
                mistake(spot, "a number as in nearly all rows")
            }
            // Among words, `inf` and `nan` are words too.
            (None, None, Some(spot)) if numbers > 0 => mistake(spot, "a finite number"),
            (_, _, Some(spot)) if nearly_all(numbers) => mistake(spot, "a finite number"),
            _ => Ok(false),
        }
    }
}
