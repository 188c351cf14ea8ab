//! Where the rows of a table stand in its files.

use std::collections::{HashMap, HashSet};

use super::inputs::Place;
use super::keys::Keys;
use super::packed::{Block, Form, LineNumbers};
use super::scan::{Files, Starts, Wanted, scan};
use crate::data::cell::shown;
use crate::error::{Error, Result};

/// The file and the line of each row, by its number among all rows that are used, in the order of the table.
#[derive(Default)]
pub(super) struct Lines {
    /// The lines of the rows of each piece.
    pieces: Vec<LineNumbers>,
    starts: Starts,
    /// Where rows of another file than that of the row before begin.
    files: Vec<(usize, String)>,
}

impl Lines {
    /// Adds the rows of a table that have a place.
    pub(super) fn extend(&mut self, keys: &Keys, places: &[Option<Place>]) {
        for (piece, block) in keys.blocks.iter().enumerate() {
            let places = &places[keys.starts.first(piece)..][..block.rows()];
            let used = places.iter().enumerate();
            let used = used.filter(|(_, place)| place.is_some());
            let lines: Vec<usize> = used.map(|(row, _)| block.line(row)).collect();
            let file = block.head().file();
            if self.files.last().is_none_or(|(_, last)| last != file) {
                self.files.push((self.starts.rows(), file.to_owned()));
            }
            self.starts.push(lines.len());
            self.pieces.push(LineNumbers::of(lines));
        }
    }

    pub(super) fn line(&self, number: u32) -> Option<usize> {
        let (piece, row) = self.starts.find(number as usize);
        Some(self.pieces.get(piece)?.get(row))
    }

    pub(super) fn file(&self, number: u32) -> Option<&str> {
        let number = number as usize;
        let before = self.files.partition_point(|(start, _)| *start <= number);
        Some(self.files.get(before.checked_sub(1)?)?.1.as_str())
    }
}

/// The text of one column: of each file that of each line.
pub type ColumnText = HashMap<String, HashMap<usize, String>>;

/// The text of a column of a table.
///
/// # Errors
/// [`Error::InvalidValue`] if there is no such column, and if a file cannot be read.
pub(in crate::data) fn column_text(
    files: &dyn Files,
    column: &str,
    into: &mut ColumnText,
) -> Result<()> {
    let columns = files.head().columns();
    let Some(place) = columns.iter().position(|other| other == column) else {
        let names = columns.iter().map(|name| format!("`{}`", shown(name)));
        let (file, names) = (files.head().file(), names.collect::<Vec<_>>());
        let expected = format!("a column of {file}: {}", names.join(", "));
        return Err(Error::invalid(
            "the column",
            expected,
            format!("`{column}`"),
        ));
    };
    let read = |_, block: Block| {
        let cell = |row| (block.line(row), block.text(row, place).into_owned());
        let cells: Vec<(usize, String)> = (0..block.rows()).map(cell).collect();
        Ok((block.head().file().to_owned(), cells))
    };
    let wanted = Wanted::all(HashSet::from([place]));
    scan(
        files,
        (&wanted, &Form::of_texts()),
        read,
        |(file, cells)| {
            into.entry(file).or_default().extend(cells);
            Ok(())
        },
    )
}
