//! Rows of one table or another.

use super::raw::RawTable;
use crate::config::TableConfig;
use crate::data::cell::{Cell, NumberStyle, shown};
use crate::error::Error;

/// A table whose target is read.
pub(super) struct Labeled<'a> {
    pub(super) table: &'a RawTable,
    /// The cell of the target, for each row.
    targets: Vec<Cell>,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) labeled: &'a Labeled<'a>,
    pub(super) row: usize,
}

impl<'a> Labeled<'a> {
    pub(super) fn new(table: &'a RawTable, target: usize, config: &TableConfig) -> Self {
        let style = NumberStyle::of(config);
        let targets = (0..table.rows())
            .map(|row| Cell::read(table.cell(row, target), &config.missing_values, style))
            .collect();
        Labeled { table, targets }
    }

    pub(super) fn rows(&'a self) -> impl Iterator<Item = Row<'a>> {
        (0..self.targets.len()).map(|row| Row { labeled: self, row })
    }
}

impl<'a> Row<'a> {
    /// The text of a cell.
    pub(super) fn text(self, column: usize) -> &'a str {
        self.labeled.table.cell(self.row, column)
    }

    /// What the target's cell says.
    pub(super) fn target(self) -> Cell {
        self.labeled.targets[self.row]
    }

    /// The line of its file.
    pub(super) fn line(self) -> usize {
        self.labeled.table.line(self.row)
    }

    pub(super) fn place(self) -> String {
        self.labeled.table.place(self.row)
    }

    pub(super) fn file(self) -> &'a str {
        self.labeled.table.file()
    }

    pub(super) fn error(
        self,
        column: usize,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        let name = shown(&self.labeled.table.columns()[column]);
        let place = format!("{}, column `{name}`", self.place());
        Error::data(self.file(), place, problem, fix)
    }
}
