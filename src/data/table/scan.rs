//! Reading a table as often as needed, in pieces, on all threads.

use std::collections::HashSet;

use super::raw::{Head, RawTable};
use crate::error::{Error, Result};
use crate::threads;

/// Some rows of a table that are still to be read, on whichever thread.
pub(in crate::data) type Piece<'a> = Box<dyn FnOnce() -> Result<RawTable> + Send + 'a>;

/// Gives one piece after the other, and none at the end.
pub(in crate::data) type Pieces<'a> = Box<dyn FnMut() -> Result<Option<Piece<'a>>> + 'a>;

/// A table in files, whatever their format, which can be read from its beginning any number of times.
pub(in crate::data) trait Files {
    /// Its columns.
    fn head(&self) -> &Head;

    /// Its rows in pieces that are the same each time, with the cells of the wanted columns alone.
    ///
    /// # Errors
    /// If a file cannot be read.
    fn pieces<'a>(&'a self, wanted: &HashSet<usize>) -> Result<Pieces<'a>>;

    /// Lets go of what is kept of the files between readings, since they are not read again.
    fn forget(&self) {}

    /// Takes notice that the table is gone through once more, without reading its files.
    fn again(&self) {}

    /// Takes notice of rows, and of the bytes that they are of, that were read once more.
    ///
    /// # Errors
    /// [`Error::Interrupted`] if no more are wanted.
    fn passed(&self, _rows: usize, _bytes: usize) -> Result<()> {
        Ok(())
    }
}

/// Pieces that are read ahead for each thread.
pub(super) const AHEAD: usize = 4;

/// Reads a table: `work` has the number of the piece and its rows, on any thread, and `then` what it made of them, in the order of the
/// table.
pub(super) fn scan<T: Send>(
    files: &dyn Files,
    wanted: &HashSet<usize>,
    work: impl Fn(usize, RawTable) -> Result<T> + Sync,
    mut then: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut pieces = files.pieces(wanted)?;
    let mut take = || -> Result<Vec<Piece>> {
        let mut taken = Vec::new();
        while taken.len() < AHEAD * threads::count() {
            match pieces()? {
                Some(piece) => taken.push(piece),
                None => break,
            }
        }
        Ok(taken)
    };
    let mut batch = take()?;
    let mut first = 0;
    while !batch.is_empty() {
        let count = batch.len();
        let read = |k: usize, piece: Piece| {
            let table = piece()?;
            Ok((table.rows(), table.bytes, work(first + k, table)?))
        };
        let (done, following): (Vec<Result<_>>, _) = threads::beside(batch, read, &mut take);
        for result in done {
            let (rows, bytes, result) = result?;
            then(result)?;
            files.passed(rows, bytes)?;
        }
        batch = following?;
        first += count;
    }
    Ok(())
}

/// Where the rows of each piece begin, as the first reading found them.
pub(super) struct Starts(Vec<usize>);

impl Starts {
    pub(super) fn new() -> Self {
        Starts(vec![0])
    }

    /// Adds a piece of so many rows.
    pub(super) fn push(&mut self, rows: usize) {
        let before = self.0[self.0.len() - 1];
        self.0.push(before + rows);
    }

    /// The first row of a piece.
    pub(super) fn first(&self, piece: usize) -> usize {
        self.0[piece]
    }

    /// The piece that a row is of, and its place there.
    pub(super) fn find(&self, row: usize) -> (usize, usize) {
        let piece = self.0.partition_point(|start| *start <= row) - 1;
        (piece, row - self.0[piece])
    }

    /// All rows.
    pub(super) fn rows(&self) -> usize {
        self.0[self.0.len() - 1]
    }

    /// The first row of a piece that is read again.
    ///
    /// # Errors
    /// If it does not have the rows that it had.
    pub(super) fn of(&self, piece: usize, table: &RawTable) -> Result<usize> {
        match self.0.get(piece..piece + 2) {
            Some([start, end]) if end - start == table.rows() => Ok(*start),
            _ => Err(Error::data(
                table.shared_head().file(),
                "",
                "the file changed while it was read",
                "begin again when it is complete",
            )),
        }
    }
}
