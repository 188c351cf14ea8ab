//! Rows of one table or another.

use super::keys::Keys;
use super::raw::{Head, RawTable};
use crate::config::TableConfig;
use crate::data::cell::{Cell, NumberStyle, shown};
use crate::error::Error;

/// Rows whose target is read.
pub(super) struct Labeled<'a> {
    pub(super) keys: &'a Keys,
    target: usize,
    config: &'a TableConfig,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) labeled: &'a Labeled<'a>,
    pub(super) row: usize,
}

impl<'a> Labeled<'a> {
    pub(super) fn new(keys: &'a Keys, target: usize, config: &'a TableConfig) -> Self {
        Labeled {
            keys,
            target,
            config,
        }
    }

    /// The table as a whole.
    pub(super) fn head(&self) -> &'a Head {
        self.keys.table.head()
    }

    pub(super) fn rows(&'a self) -> impl Iterator<Item = Row<'a>> {
        (0..self.keys.table.rows()).map(|row| Row { labeled: self, row })
    }
}

impl<'a> Row<'a> {
    /// The text of a cell.
    pub(super) fn text(self, column: usize) -> &'a str {
        self.labeled.keys.table.cell(self.row, column)
    }

    /// What the target's cell says.
    pub(super) fn target(self) -> Cell {
        let Labeled { target, config, .. } = self.labeled;
        let style = NumberStyle::of(config);
        Cell::read(self.text(*target), &config.missing_values, style)
    }

    /// The line of its file.
    pub(super) fn line(self) -> usize {
        self.labeled.keys.table.line(self.row)
    }

    /// The file that it is from.
    pub(super) fn file(self) -> &'a str {
        self.labeled.keys.table.file(self.row)
    }

    pub(super) fn error(
        self,
        column: usize,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        let table = &self.labeled.keys.table;
        let name = &table.columns()[column];
        Spot::of(table, self.row, column).error(name, problem, fix)
    }
}

/// A cell that something may be said about.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    file: String,
    pub(super) place: String,
    pub(super) text: String,
}

impl Spot {
    pub(super) fn of(table: &RawTable, row: usize, column: usize) -> Self {
        Spot {
            file: table.file(row).to_owned(),
            place: table.place(row),
            text: table.cell(row, column).to_owned(),
        }
    }

    pub(super) fn error(
        &self,
        column: &str,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        let place = format!("{}, column `{}`", self.place, shown(column));
        Error::data(&self.file, place, problem, fix)
    }
}
