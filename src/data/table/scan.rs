//! Reading a table as often as needed, in pieces, on all threads.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::packed::{Block, Form};
use super::raw::Head;
use crate::error::{Error, Result};
use crate::threads;

/// Some rows of a table that are still to be read, on whichever thread, and packed in a form.
pub(in crate::data) type Piece<'a> = Box<dyn FnOnce(&Form) -> Result<Block> + Send + 'a>;

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
    fn pieces<'a>(&'a self, wanted: &Wanted) -> Result<Pieces<'a>>;

    /// How many bytes the files have, packed or not; 0 where that is not known.
    fn bytes(&self) -> usize {
        0
    }

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

/// The columns whose cells are wanted.
#[derive(Clone)]
pub(in crate::data) struct Wanted {
    columns: HashSet<usize>,
    /// Those that are enough in pieces that are read once the flag is set.
    enough: Option<(HashSet<usize>, Arc<AtomicBool>)>,
}

/// A file's columns, of which some are wanted.
#[derive(Clone)]
pub(in crate::data) struct Heads {
    wanted: Arc<Head>,
    enough: Option<(Arc<Head>, Arc<AtomicBool>)>,
}

impl Wanted {
    pub(super) fn all(columns: HashSet<usize>) -> Self {
        Wanted {
            columns,
            enough: None,
        }
    }

    /// These `columns`, and only those that are `enough` in pieces that are read once the flag is set.
    pub(super) fn until(
        columns: HashSet<usize>,
        enough: HashSet<usize>,
        flag: &Arc<AtomicBool>,
    ) -> Self {
        Wanted {
            columns,
            enough: Some((enough, Arc::clone(flag))),
        }
    }

    pub(in crate::data) fn heads(&self, of: &Head) -> Heads {
        let enough = self.enough.as_ref();
        Heads {
            wanted: Arc::new(of.only(&self.columns)),
            enough: enough.map(|(columns, flag)| (Arc::new(of.only(columns)), Arc::clone(flag))),
        }
    }
}

impl Heads {
    /// The columns that are wanted now.
    pub(in crate::data) fn now(&self) -> &Arc<Head> {
        match &self.enough {
            Some((head, flag)) if flag.load(Ordering::Relaxed) => head,
            _ => &self.wanted,
        }
    }
}

/// Reads a table: `work` has the number of the piece and its rows, on any thread, and `then` what it made of them, in the order of the
/// table.
pub(super) fn scan<T: Send>(
    files: &dyn Files,
    (wanted, form): (&Wanted, &Form),
    work: impl Fn(usize, Block) -> Result<T> + Sync,
    mut then: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let read = |k: usize, piece: Piece| {
        let block = piece(form)?;
        Ok((block.rows(), block.bytes, work(k, block)?))
    };
    stream(files.pieces(wanted)?, read, |(rows, bytes, result)| {
        then(result)?;
        files.passed(rows, bytes)
    })
}

/// `work` on each item that `next` gives, with its number, on any thread, and `then` on the results, in order, up to the first mistake.
pub(super) fn stream<I: Send, T: Send>(
    mut next: impl FnMut() -> Result<Option<I>>,
    work: impl Fn(usize, I) -> Result<T> + Sync,
    mut then: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    let mut end = Ok(());
    let items = || {
        next().unwrap_or_else(|error| {
            // A mistake in an item before it is the one to tell.
            end = Err(error);
            None
        })
    };
    threads::in_order(items, work, |result| then(result?))?;
    end
}

/// The same of numbers one after the other, some at a time.
pub(super) fn stream_some<T: Send>(
    numbers: Range<usize>,
    work: impl Fn(Range<usize>) -> Result<T> + Sync,
    then: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    /// Numbers that a thread looks at, one after the other.
    const SOME: usize = 1 << 12;
    let mut start = numbers.start;
    let next = || {
        let some = start..numbers.end.min(start + SOME);
        start = some.end;
        Ok((!some.is_empty()).then_some(some))
    };
    stream(next, |_, some| work(some), then)
}

/// Where the rows of each piece begin, as the first reading found them.
pub(super) struct Starts(Vec<usize>);

impl Default for Starts {
    fn default() -> Self {
        Starts::new()
    }
}

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
        // Most pieces have about as many rows, so that it is near to where it would be if all had.
        let about = row * (self.0.len() - 1) / self.rows().max(1);
        let near = about.saturating_sub(1)..(about + 2).min(self.0.len() - 1);
        let is_in = |piece: &usize| (self.0[*piece]..self.0[piece + 1]).contains(&row);
        let found = near.into_iter().find(is_in);
        let piece = found.unwrap_or_else(|| self.0.partition_point(|start| *start <= row) - 1);
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
    pub(super) fn of(&self, piece: usize, block: &Block) -> Result<usize> {
        match self.0.get(piece..piece + 2) {
            Some([start, end]) if end - start == block.rows() => Ok(*start),
            _ => Err(Error::data(
                block.head().file(),
                "",
                "the file changed while it was read",
                "begin again when it is complete",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(until: usize, fails: bool) -> impl FnMut() -> Result<Option<usize>> {
        let mut next = 0;
        move || {
            next += 1;
            match next <= until {
                true => Ok(Some(next - 1)),
                false if fails => Err(Error::Compute("the source".to_owned())),
                false => Ok(None),
            }
        }
    }

    #[test]
    fn results_come_in_order_and_the_first_mistake_ends_them() {
        for (mistake, fails) in [
            (None, false),
            (None, true),
            (Some(7), true),
            (Some(99), false),
        ] {
            let mut found = Vec::new();
            let work = |k: usize, item: usize| match Some(item) == mistake {
                true => Err(Error::Compute(format!("item {k}"))),
                false => Ok((k, 2 * item)),
            };
            let result = stream(numbers(100, fails), work, |pair| {
                found.push(pair);
                Ok(())
            });
            let expected = match (mistake, fails) {
                (Some(item), _) => Some(format!("item {item}")),
                (None, true) => Some("the source".to_owned()),
                (None, false) => None,
            };
            let told = result.err().map(|error| error.to_string());
            assert_eq!(told.is_some(), expected.is_some());
            assert!(
                told.unwrap_or_default()
                    .contains(&expected.unwrap_or_default())
            );
            let whole = (0..mistake.unwrap_or(100)).map(|item| (item, 2 * item));
            assert!(found.into_iter().eq(whole));
        }
    }

    #[test]
    fn a_row_is_found_in_pieces_of_any_sizes() {
        let mut starts = Starts::new();
        let sizes = [5, 0, 1, 100, 3, 0, 0, 40];
        sizes.iter().for_each(|rows| starts.push(*rows));
        let places = sizes.iter().enumerate();
        let places = places.flat_map(|(piece, rows)| (0..*rows).map(move |row| (piece, row)));
        assert!(places.eq((0..starts.rows()).map(|row| starts.find(row))));
    }
}
