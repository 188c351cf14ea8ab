//! A text file cut into pieces of whole records, which are then read side by side.
//!
//! Only the cuts need the bytes in order. What is between them is read by plain searches for delimiters where there are no quotes
//! and no comments, and by [`Reader`] everywhere else; where the plain way finds a mistake, `Reader` words it.

use std::io::{BufRead, Read};
use std::sync::Arc;

use memchr::{memchr, memchr2_iter, memchr_iter, memrchr};

use super::Format;
use super::lines::{LONGEST_ROW, unreadable};
use super::reader::{Reader, Record};
use crate::config::Delimiter;
use crate::data::table::{Head, RawTable};
use crate::error::Result;

/// The bytes of a piece, about: enough for a thread to be worth its while, few enough for the processor's cache.
const PIECE: usize = 1 << 20;

/// Whole records of a file.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// The line of the file, counted from 1, that the bytes begin on.
    first_line: usize,
    /// A record before the bytes.
    before: Option<Record>,
}

/// Cuts what follows the header of a file.
pub(super) struct Pieces<'a> {
    file: String,
    source: Box<dyn BufRead + 'a>,
    format: Format,
    /// What was read beyond the last cut.
    rest: Vec<u8>,
    line: usize,
    before: Option<Record>,
    is_at_end: bool,
}

impl<'a> Pieces<'a> {
    /// The pieces of what a reader has left.
    pub(super) fn of(reader: Reader<'a>, format: Format) -> Result<Self> {
        let rest = reader.into_rest()?;
        Ok(Pieces {
            file: rest.file,
            source: rest.source,
            format,
            rest: Vec::new(),
            line: rest.line,
            before: rest.first_row,
            is_at_end: false,
        })
    }

    /// The next piece; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        let mut wanted = PIECE;
        loop {
            self.fill(wanted)?;
            let end = match self.is_at_end {
                true => Some(self.rest.len()),
                false => last_end(&self.rest, self.format),
            };
            match end {
                Some(end) => return Ok(self.cut(end)),
                // `Reader` says what is wrong with it.
                None if self.rest.len() > 2 * LONGEST_ROW => return Ok(self.cut(self.rest.len())),
                None => wanted = 2 * self.rest.len(),
            }
        }
    }

    /// Reads until there are so many bytes, or no more.
    fn fill(&mut self, wanted: usize) -> Result<()> {
        let missing = wanted.saturating_sub(self.rest.len());
        self.rest.reserve(missing);
        let mut part = self.source.by_ref().take(missing as u64);
        let read = part.read_to_end(&mut self.rest);
        let read = read.map_err(|cause| unreadable(&self.file, cause))?;
        self.is_at_end = read < missing;
        Ok(())
    }

    fn cut(&mut self, end: usize) -> Option<Piece> {
        let after = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, after);
        let before = self.before.take();
        if bytes.is_empty() && before.is_none() {
            return None;
        }
        let first_line = self.line;
        self.line += line_ends(&bytes, self.format);
        Some(Piece {
            bytes,
            first_line,
            before,
        })
    }
}

impl Piece {
    /// The rows of the piece, with the columns that `head` wants.
    pub(super) fn read(&self, head: &Arc<Head>, format: Format) -> Result<RawTable> {
        let begun = || {
            let mut table = RawTable::new(head);
            if let Some(record) = &self.before {
                table.push(record.line(), record.cells());
            }
            table
        };
        let mut table = begun();
        if self.read_plainly(&mut table, head, format) {
            return Ok(table);
        }
        let mut table = begun();
        let mut reader = Reader::of_piece(head, &self.bytes, self.first_line, format);
        let mut record = Record::default();
        while reader.read(&mut record)? {
            table.push(record.line(), record.cells());
        }
        Ok(table)
    }

    /// Reads records that have no quotes and no comments; `false` if there may be any, or a mistake.
    fn read_plainly(&self, table: &mut RawTable, head: &Head, format: Format) -> bool {
        let bytes = &self.bytes[..];
        let Delimiter::Byte(delimiter) = format.delimiter else {
            return false;
        };
        let has = |byte: u8| memchr(byte, bytes).is_some();
        if has(b'"') || has(0) || format.comment.is_some_and(has) || bytes.len() > LONGEST_ROW {
            return false;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return false;
        };
        let names = head.own_columns();
        let (mut start, mut column, mut line) = (0, 0, self.first_line);
        let (mut returns, mut repeats) = (0, false);
        let ends = memchr2_iter(delimiter, b'\n', bytes);
        let last = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
        for place in ends.chain(last) {
            let ends_line = bytes.get(place) != Some(&delimiter);
            let mut end = place;
            if ends_line && end > start && bytes[end - 1] == b'\r' {
                (end, returns) = (end - 1, returns + 1);
            }
            let is_empty = ends_line && column == 0 && start == end;
            if !is_empty {
                if column == names.len() {
                    return false;
                }
                let cell = trimmed(&text[start..end]);
                repeats = (column == 0 || repeats) && cell == names[column];
                table.push_cell(column, cell);
                column += 1;
            }
            start = place + 1;
            if !ends_line {
                continue;
            }
            if !is_empty {
                if column < names.len() || repeats && format.header {
                    return false;
                }
                table.end_row(line);
            }
            (column, line) = (0, line + 1);
        }
        // Other carriage returns end lines too.
        memchr_iter(b'\r', bytes).count() == returns
    }
}

/// A cell without white space around it.
fn trimmed(cell: &str) -> &str {
    let is_letter = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_graphic());
    match is_letter(cell.as_bytes().first()) && is_letter(cell.as_bytes().last()) {
        true => cell,
        false => cell.trim(),
    }
}

/// How many lines end in these bytes.
fn line_ends(bytes: &[u8], format: Format) -> usize {
    let ends = memchr_iter(b'\n', bytes).count();
    if format.delimiter == Delimiter::Whitespace {
        return ends;
    }
    let returns = memchr_iter(b'\r', bytes);
    ends + returns
        .filter(|place| bytes.get(place + 1) != Some(&b'\n'))
        .count()
}

/// Where the last whole record ends; none if none does.
fn last_end(bytes: &[u8], format: Format) -> Option<usize> {
    let Delimiter::Byte(delimiter) = format.delimiter else {
        return memrchr(b'\n', bytes).map(|place| place + 1);
    };
    let has_comments = format.comment.is_some_and(|sign| memchr(sign, bytes).is_some());
    let (mut start, mut last) = (0, None);
    // Without quotes from `start` on.
    loop {
        let quote = memchr(b'"', &bytes[start..]).map(|place| start + place);
        let stretch = &bytes[start..quote.unwrap_or(bytes.len())];
        last = end_of_line(stretch).map(|place| start + place).or(last);
        let Some(quote) = quote else {
            return last;
        };
        start = quote + 1;
        let before = match quote {
            0 => b'\n',
            _ => bytes[quote - 1],
        };
        if ![delimiter, b'\n', b'\r'].contains(&before) {
            continue;
        }
        if has_comments && is_in_comment(&bytes[last.unwrap_or(0)..quote], format) {
            continue;
        }
        loop {
            let Some(close) = memchr(b'"', &bytes[start..]) else {
                return last;
            };
            start += close + 1;
            if bytes.get(start) != Some(&b'"') {
                break;
            }
            start += 1;
        }
    }
}

/// Whether a line, as far as it goes, is a comment.
fn is_in_comment(line: &[u8], format: Format) -> bool {
    line.first().copied() == format.comment
}

/// Where the last line ends in bytes without quotes. What a carriage return at the very end is, the next byte tells.
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    let feed = memrchr(b'\n', bytes).map(|place| place + 1);
    feed.or_else(|| {
        let before_last = bytes.split_last()?.1;
        memrchr(b'\r', before_last).map(|place| place + 1)
    })
}
