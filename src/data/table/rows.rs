//! Rows of one table or another.

use std::borrow::Cow;
use std::ops::Range;

use super::keys::Keys;
use super::packed::{Block, Code};
use super::raw::Head;
use super::scan::stream_some;
use crate::config::TableConfig;
use crate::data::cell::{Cell, NumberStyle, shown};
use crate::error::{Error, Result};

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

/// Some rows, of one table or of two: 4 bytes each.
pub(super) struct Chosen<'a> {
    rows: Vec<u32>,
    /// Each table, and how many rows stand before its own.
    tables: Vec<(usize, &'a Labeled<'a>)>,
}

/// Some of those, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Part<'p, 'a> {
    rows: &'p [u32],
    before: usize,
    tables: &'p [(usize, &'a Labeled<'a>)],
}

impl<'a> Chosen<'a> {
    pub(super) fn of(labeled: &'a Labeled<'a>, rows: Vec<u32>) -> Self {
        Chosen {
            rows,
            tables: vec![(0, labeled)],
        }
    }

    /// Adds rows of another table.
    pub(super) fn extend(&mut self, others: Chosen<'a>) {
        let before = self.rows.len();
        let tables = others.tables.into_iter();
        self.tables
            .extend(tables.map(|(start, table)| (before + start, table)));
        self.rows.extend(others.rows);
    }

    pub(super) fn all(&self) -> Part<'_, 'a> {
        self.part(0..self.rows.len())
    }

    pub(super) fn part(&self, rows: Range<usize>) -> Part<'_, 'a> {
        Part {
            before: rows.start,
            rows: &self.rows[rows],
            tables: &self.tables,
        }
    }
}

impl<'a> Part<'_, 'a> {
    pub(super) fn len(self) -> usize {
        self.rows.len()
    }

    /// Each row by its number in its table.
    pub(super) fn numbers(&self) -> &[u32] {
        self.rows
    }

    pub(super) fn get(self, place: usize) -> Row<'a> {
        let of = |(start, _): &&(usize, &Labeled)| *start <= self.before + place;
        let table = self.tables.iter().rev().find(of);
        Row {
            labeled: table.unwrap_or(&self.tables[0]).1,
            row: self.rows[place] as usize,
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Row<'a>> {
        (0..self.len()).map(move |place| self.get(place))
    }

    /// Some of these, one after the other.
    fn some(self, places: Range<usize>) -> Self {
        Part {
            before: self.before + places.start,
            rows: &self.rows[places],
            tables: self.tables,
        }
    }

    /// `work` on some rows after the other, on any thread, and `then` on the results, in order.
    pub(super) fn each_some<T: Send>(
        self,
        work: impl Fn(Self) -> Result<T> + Sync,
        mut then: impl FnMut(T),
    ) -> Result<()> {
        let work = |places| work(self.some(places));
        stream_some(0..self.len(), work, |result| {
            then(result);
            Ok(())
        })
    }

    /// The first table as a whole.
    pub(super) fn head(self) -> &'a Head {
        self.tables[0].1.head()
    }
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
        self.keys.head()
    }

    pub(super) fn rows(&'a self) -> impl Iterator<Item = Row<'a>> {
        (0..self.keys.rows()).map(|row| Row { labeled: self, row })
    }
}

impl<'a> Row<'a> {
    fn find(self) -> (&'a Block, usize) {
        self.labeled.keys.find(self.row)
    }

    /// The text of a cell.
    pub(super) fn text(self, column: usize) -> Cow<'a, str> {
        let (block, row) = self.find();
        block.text(row, column)
    }

    /// What the target's cell says.
    pub(super) fn target(self) -> Cell {
        let Labeled { target, config, .. } = self.labeled;
        let (block, row) = self.find();
        let cells = block.cells(*target);
        match cells.code(row) {
            Code::Number(number) => Cell::Number(number.value()),
            Code::Rounded(number) => Cell::Number(number),
            text @ Code::Text(_) => {
                let style = NumberStyle::of(config);
                Cell::read(&cells.text_of(text), &config.missing_values, style)
            }
        }
    }

    pub(super) fn spot(self, column: usize) -> Spot {
        let (block, row) = self.find();
        Spot::of(block, row, column)
    }

    pub(super) fn error(
        self,
        column: usize,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        let name = &self.labeled.head().columns()[column];
        self.spot(column).error(name, problem, fix)
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
    pub(super) fn of(block: &Block, row: usize, column: usize) -> Self {
        Spot {
            file: block.head().file().to_owned(),
            place: block.place(row),
            text: block.text(row, column).into_owned(),
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
