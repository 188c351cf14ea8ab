//! The cells of a table, as text.

use std::collections::{HashMap, HashSet};

use crate::data::prepare::shown;
use crate::error::{DataError, Error, Result};

/// The text of a table, cell by cell, without white space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawTable {
    pub(super) file: String,
    pub(super) columns: Vec<String>,
    /// All cells, row after row.
    pub(super) text: String,
    /// Where each cell ends in `text`.
    pub(super) ends: Vec<usize>,
    /// The line that each row begins on.
    pub(super) lines: Vec<usize>,
}

impl RawTable {
    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &str {
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
        self.lines.len()
    }

    /// The text of a cell, row and column counted from 0.
    ///
    /// # Panics
    /// If there is no such row or column.
    #[must_use]
    pub fn cell(&self, row: usize, column: usize) -> &str {
        assert!(column < self.columns.len(), "a column that is there");
        let cell = row * self.columns.len() + column;
        let start = if cell == 0 { 0 } else { self.ends[cell - 1] };
        &self.text[start..self.ends[cell]]
    }

    /// The line of the file, counted from 1, that a row, counted from 0, begins on.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn line(&self, row: usize) -> usize {
        self.lines[row]
    }

    /// An error of the table as a whole.
    pub(super) fn error(&self, problem: impl Into<String>, fix: impl Into<String>) -> Error {
        data_error(&self.file, String::new(), problem, fix)
    }

    /// The same rows with the columns in the order of `other`'s.
    pub(super) fn in_order_of(self, other: &RawTable) -> Result<RawTable> {
        if self.columns == other.columns {
            return Ok(self);
        }
        let places: HashMap<&str, usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(k, name)| (name.as_str(), k))
            .collect();
        let place = |name: &String| places.get(name.as_str()).copied();
        let find = |name| place(name).ok_or_else(|| self.differs("lacks", name, other));
        let order = other
            .columns
            .iter()
            .map(find)
            .collect::<Result<Vec<usize>>>()?;
        let known: HashSet<&String> = other.columns.iter().collect();
        if let Some(name) = self.columns.iter().find(|name| !known.contains(name)) {
            return Err(self.differs("has", name, other));
        }
        let mut sorted = RawTable {
            text: String::with_capacity(self.text.len()),
            ends: Vec::with_capacity(self.ends.len()),
            columns: other.columns.clone(),
            file: self.file.clone(),
            lines: self.lines.clone(),
        };
        for row in 0..self.rows() {
            for &column in &order {
                sorted.text.push_str(self.cell(row, column));
                sorted.ends.push(sorted.text.len());
            }
        }
        Ok(sorted)
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

pub(super) fn data_error(
    file: &str,
    place: String,
    problem: impl Into<String>,
    fix: impl Into<String>,
) -> Error {
    Error::Data(Box::new(DataError {
        file: file.to_owned(),
        place,
        problem: problem.into(),
        fix: fix.into(),
    }))
}
