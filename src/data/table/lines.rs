//! Where the rows of a table stand in its files.

use std::collections::{HashMap, HashSet};

use super::packed::{Block, Form};
use super::rows::{Part, Row};
use super::scan::{Files, Wanted, scan};
use crate::data::cell::shown;
use crate::error::{Error, Result};

/// The file and the line of each row.
pub(super) struct Lines {
    lines: Vec<u32>,
    /// Where rows of another file than that of the row before begin.
    files: Vec<(usize, String)>,
}

impl Lines {
    pub(super) fn of(rows: Part) -> Result<Self> {
        let line = |row: Row| u32::try_from(row.line()).unwrap_or(u32::MAX);
        let read = |rows: Part| {
            let mut files: Vec<(usize, String)> = Vec::new();
            for (k, row) in rows.iter().enumerate() {
                if files.last().is_none_or(|(_, file)| file != row.file()) {
                    files.push((k, row.file().to_owned()));
                }
            }
            Ok((rows.iter().map(line).collect(), files))
        };
        let mut all = Lines {
            lines: Vec::with_capacity(rows.len()),
            files: Vec::new(),
        };
        rows.each_some(read, |(lines, files): (Vec<u32>, Vec<(usize, String)>)| {
            for (k, file) in files {
                if all.files.last().is_none_or(|(_, last)| *last != file) {
                    all.files.push((all.lines.len() + k, file));
                }
            }
            all.lines.extend(lines);
        })?;
        Ok(all)
    }

    pub(super) fn line(&self, row: usize) -> usize {
        self.lines[row] as usize
    }

    pub(super) fn file(&self, row: usize) -> Option<&str> {
        let before = self.files.partition_point(|(start, _)| *start <= row);
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
