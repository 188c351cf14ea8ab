//! The cells of a table, as text.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use crate::data::cell::shown;
use crate::error::{Error, Result};

/// What is known of a table before its rows: its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct Head {
    file: String,
    /// The columns as the file has them.
    own: Vec<String>,
    /// The columns in the order that they are counted in.
    columns: Arc<[String]>,
    /// See [`places`](Self::places).
    places: Vec<Option<usize>>,
    /// Columns that hold text, and dates, by what the file says of them, however they look.
    pub(in crate::data) text: HashSet<usize>,
    pub(in crate::data) dates: HashSet<usize>,
    /// What messages count rows by, such as `line`.
    unit: &'static str,
    /// The number, in that unit, of the names of the columns, or of the first row.
    first: usize,
}

/// The text of a table, cell by cell, without white space around it.
#[derive(Debug, Clone)]
pub struct RawTable {
    head: Arc<Head>,
    /// The text of all cells.
    own: String,
    /// Of each column: whoever looks at one column finds its cells side by side. Of columns that are not wanted there are none.
    cells: Vec<Vec<Span>>,
    /// The number of each row, in the unit.
    numbers: Vec<usize>,
}

/// Where a cell stands in the text, and its length, which is at most [`LONGEST`](Span::LONGEST).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span(u64);

impl Span {
    const LENGTH_BITS: u32 = 25;
    const LONGEST: usize = (1 << Span::LENGTH_BITS) - 1;

    fn new(start: usize, length: usize) -> Self {
        Span((start as u64) << Span::LENGTH_BITS | length as u64)
    }

    fn range(self) -> Range<usize> {
        let start = (self.0 >> Span::LENGTH_BITS) as usize;
        start..start + (self.0 as usize & Span::LONGEST)
    }
}

impl Head {
    /// The columns of a file. `unit` is what messages count rows by, `first` the number of the columns' names.
    ///
    /// # Errors
    /// [`Error::Data`] if two columns have one name.
    pub(in crate::data) fn new(
        file: &str,
        columns: Vec<String>,
        unit: &'static str,
        first: usize,
    ) -> Result<Self> {
        let mut seen = HashMap::new();
        for (k, name) in columns.iter().enumerate() {
            if let Some(first_of_name) = seen.insert(name, k) {
                let (one, other, name) = (first_of_name + 1, k + 1, shown(name));
                return Err(Error::data(
                    file,
                    format!("{unit} {first}"),
                    format!("columns {one} and {other} are both named `{name}`"),
                    "give every column a name of its own; if the file has no header, say `header = false` in \
                     `[data]`",
                ));
            }
        }
        Ok(Head {
            file: file.to_owned(),
            places: (0..columns.len()).map(Some).collect(),
            columns: columns.clone().into(),
            own: columns,
            text: HashSet::new(),
            dates: HashSet::new(),
            unit,
            first,
        })
    }

    pub(in crate::data) fn file(&self) -> &str {
        &self.file
    }

    /// The names of the columns as they are counted.
    pub(in crate::data) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The names of the columns in the order of the file.
    pub(in crate::data) fn own_columns(&self) -> &[String] {
        &self.own
    }

    /// The number of the columns' names, or of the first row.
    pub(in crate::data) fn first_line(&self) -> usize {
        self.first
    }

    /// Which of the columns as they are counted each of the file's is; none where its cells are not wanted.
    pub(in crate::data) fn places(&self) -> &[Option<usize>] {
        &self.places
    }

    /// The same file of which only these columns are wanted.
    pub(in crate::data) fn only(&self, wanted: &HashSet<usize>) -> Self {
        let is_wanted = |place: &Option<usize>| place.filter(|place| wanted.contains(place));
        Head {
            file: self.file.clone(),
            own: self.own.clone(),
            columns: Arc::clone(&self.columns),
            places: self.places.iter().map(is_wanted).collect(),
            ..self.clone()
        }
    }

    /// The same file with its columns counted as those of `other` are.
    pub(in crate::data) fn in_order_of(mut self, other: &Head) -> Result<Self> {
        let places: HashMap<&str, usize> = (other.columns.iter().enumerate())
            .map(|(k, name)| (name.as_str(), k))
            .collect();
        let known: HashSet<&String> = self.own.iter().collect();
        if let Some(name) = other.columns.iter().find(|name| !known.contains(name)) {
            return Err(self.differs("lacks", name, other));
        }
        let place = |name: &String| match places.get(name.as_str()) {
            Some(place) => Ok(Some(*place)),
            None => Err(self.differs("has", name, other)),
        };
        self.places = self.own.iter().map(place).collect::<Result<_>>()?;
        self.columns = Arc::clone(&other.columns);
        Ok(self)
    }

    /// Where a row of this number is: `line 3`.
    pub(super) fn place(&self, number: usize) -> String {
        format!("{} {number}", self.unit)
    }

    /// An error of the table as a whole.
    pub(in crate::data) fn error(
        &self,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Error {
        Error::data(&self.file, "", problem, fix)
    }

    fn differs(&self, verb: &str, name: &str, other: &Head) -> Error {
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

impl PartialEq for RawTable {
    fn eq(&self, other: &Self) -> bool {
        let cells = |table: &Self| -> Vec<String> {
            let rows = (0..table.rows())
                .flat_map(|row| (0..table.cells.len()).map(move |column| (row, column)));
            rows.map(|(row, column)| table.cell(row, column).to_owned())
                .collect()
        };
        self.columns() == other.columns()
            && self.numbers == other.numbers
            && cells(self) == cells(other)
    }
}

impl RawTable {
    /// A table without rows.
    pub(in crate::data) fn new(head: &Arc<Head>) -> Self {
        RawTable {
            own: String::new(),
            cells: vec![Vec::new(); head.columns.len()],
            head: Arc::clone(head),
            numbers: Vec::new(),
        }
    }

    /// Adds a row with one cell for each column of the file.
    pub(in crate::data) fn push<'a>(
        &mut self,
        number: usize,
        cells: impl Iterator<Item = &'a str>,
    ) {
        for (column, cell) in cells.enumerate() {
            self.push_cell(column, cell);
        }
        self.end_row(number);
    }

    /// Adds a cell of a row that ends with [`end_row`](Self::end_row); columns are counted as the file has them.
    pub(in crate::data) fn push_cell(&mut self, column: usize, cell: &str) {
        if let Some(place) = self.head.places[column] {
            let start = self.own.len();
            // Whoever reads a file has said so of longer ones.
            let length = cell.floor_char_boundary(Span::LONGEST);
            self.own.push_str(&cell[..length]);
            self.cells[place].push(Span::new(start, length));
        }
    }

    /// Ends a row, all wanted cells of which are added.
    pub(in crate::data) fn end_row(&mut self, number: usize) {
        self.numbers.push(number);
    }

    pub(super) fn shared_head(&self) -> &Arc<Head> {
        &self.head
    }

    /// The names of the columns: those of the header; `column1`, `column2` and so on where there is no
    /// header, or no name in it.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.head.columns
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
        self.text(self.cells[column][row])
    }

    fn text(&self, cell: Span) -> &str {
        &self.own[cell.range()]
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
        self.head.place(self.numbers[row])
    }
}
