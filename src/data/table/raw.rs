//! The cells of a table, as text.

use std::collections::{HashMap, HashSet};

use crate::data::cell::shown;
use crate::error::{Error, Result};

/// The text of a table, cell by cell, without white space around it: what a format is read into, and all that the
/// rest needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTable {
    file: String,
    columns: Vec<String>,
    /// Of each column: whoever looks at one column finds its cells side by side.
    cells: Vec<Cells>,
    /// What messages count rows by, such as `line`.
    unit: &'static str,
    /// The number of each row, in that unit.
    numbers: Vec<usize>,
}

/// The cells of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Cells {
    /// One after the other.
    text: String,
    /// Where each ends in `text`.
    ends: Vec<usize>,
}

impl RawTable {
    /// A table without rows. `unit` is what messages count rows by, `header` the place of the columns' names.
    ///
    /// # Errors
    /// [`Error::Data`] if two columns have one name.
    pub(in crate::data) fn new(
        file: &str,
        columns: Vec<String>,
        unit: &'static str,
        header: &str,
    ) -> Result<Self> {
        let mut seen = HashMap::new();
        for (k, name) in columns.iter().enumerate() {
            if let Some(first) = seen.insert(name, k) {
                let (first, second, name) = (first + 1, k + 1, shown(name));
                return Err(Error::data(
                    file,
                    header,
                    format!("columns {first} and {second} are both named `{name}`"),
                    "give every column a name of its own; if the file has no header, say `header = false` in \
                     `[data]`",
                ));
            }
        }
        Ok(RawTable {
            file: file.to_owned(),
            cells: vec![Cells::default(); columns.len()],
            columns,
            unit,
            numbers: Vec::new(),
        })
    }

    /// Adds a row with one cell for each column.
    pub(in crate::data) fn push<'a>(
        &mut self,
        number: usize,
        cells: impl Iterator<Item = &'a str>,
    ) {
        for (column, cell) in self.cells.iter_mut().zip(cells) {
            column.text.push_str(cell);
            column.ends.push(column.text.len());
        }
        self.numbers.push(number);
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The names of the columns: those of the header; `column1`, `column2` and so on where there is no
    /// header, or no name in it.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of rows; the header is none.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.numbers.len()
    }

    /// The text of a cell, row and column counted from 0.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &str {
        let Cells { text, ends } = &self.cells[column];
        let start = if row == 0 { 0 } else { ends[row - 1] };
        &text[start..ends[row]]
    }

    /// The number of a row, counted from 0, in the file: that of its line, counted from 1.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn line(&self, row: usize) -> usize {
        self.numbers[row]
    }

    /// Where a row, counted from 0, is in the file: `line 3`.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn place(&self, row: usize) -> String {
        format!("{} {}", self.unit, self.numbers[row])
    }

    /// An error of the table as a whole.
    pub(in crate::data) fn error(
        &self,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        Error::data(&self.file, "", problem, fix)
    }

    /// The same rows with the columns in the order of `other`'s.
    pub(in crate::data) fn in_order_of(mut self, other: &RawTable) -> Result<RawTable> {
        if self.columns == other.columns {
            return Ok(self);
        }
        let places: HashMap<&str, usize> = (self.columns.iter().enumerate())
            .map(|(k, name)| (name.as_str(), k))
            .collect();
        let order: Vec<usize> = (other.columns.iter())
            .map(|name| {
                let place = places.get(name.as_str()).copied();
                place.ok_or_else(|| self.differs("lacks", name, other))
            })
            .collect::<Result<_>>()?;
        let known: HashSet<&String> = other.columns.iter().collect();
        if let Some(name) = self.columns.iter().find(|name| !known.contains(name)) {
            return Err(self.differs("has", name, other));
        }
        self.cells = order
            .into_iter()
            .map(|column| std::mem::take(&mut self.cells[column]))
            .collect();
        self.columns.clone_from(&other.columns);
        Ok(self)
    }

    fn differs(&self, verb: &str, name: &str, other: &RawTable) -> Error {
        self.error(
            format!(
                "expected the columns of {}; this file {verb} the column `{}`",
                other.file,
                shown(name)
            ),
            "give both files the same columns",
        )
    }
}
