//! A text file cut into pieces of whole records, which are then read side by side.
//!
//! Only the cuts need the bytes in order. What is between them is read by plain searches for delimiters where quotes are around values
//! and there are no comments, and by [`Reader`] everywhere else; where the plain way finds a mistake, `Reader` words it.

use std::io::{BufRead, Read};
use std::string::FromUtf8Error;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memrchr};

use super::Format;
use super::lines::{LONGEST_ROW, unreadable};
use super::marks::{self, Ends};
use super::reader::{Reader, Record};
use crate::config::Delimiter;
use crate::data::table::{Head, RawTable};
use crate::error::Result;

/// The bytes of a piece, about: enough for a thread to be worth its while and for each column to have many cells, few enough for the
/// processor's cache and for the pieces that are in memory at once.
const SMALLEST_PIECE: usize = 1 << 18;
const LARGEST_PIECE: usize = 1 << 20;
const BYTES_OF_COLUMN: usize = 1 << 11;

/// Whole records of a file.
pub(super) struct Piece {
    text: std::result::Result<Arc<String>, Vec<u8>>,
    /// The line of the file, counted from 1, that the bytes begin on.
    first_line: usize,
    /// How many lines end in them.
    lines: usize,
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
    /// The bytes of a piece, about.
    size: usize,
}

impl<'a> Pieces<'a> {
    /// The pieces of what a reader has left.
    pub(super) fn of(reader: Reader<'a>, format: Format) -> Result<Self> {
        let size = BYTES_OF_COLUMN * reader.columns().len();
        let rest = reader.into_rest()?;
        Ok(Pieces {
            file: rest.file,
            source: rest.source,
            format,
            rest: Vec::new(),
            line: rest.line,
            before: rest.first_row,
            is_at_end: false,
            size: size.clamp(SMALLEST_PIECE, LARGEST_PIECE),
        })
    }

    /// The next piece; none at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Piece>> {
        let mut wanted = self.size;
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
        let lines = line_ends(&bytes, self.format);
        self.line += lines;
        // What is no text is for `Reader` to say.
        let text = String::from_utf8(bytes).map(Arc::new);
        Some(Piece {
            text: text.map_err(FromUtf8Error::into_bytes),
            first_line,
            lines,
            before,
        })
    }
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match &self.text {
            Ok(text) => text.as_bytes(),
            Err(bytes) => bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes().len()
    }

    /// The rows of the piece, with the columns that `head` wants.
    pub(super) fn read(&self, head: &Arc<Head>, format: Format) -> Result<RawTable> {
        let none = Arc::default();
        let begun = || {
            let mut table = RawTable::of(head, self.text.as_ref().unwrap_or(&none));
            table.bytes = self.len();
            table.reserve(self.lines + 1);
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
        let mut reader = Reader::of_piece(head, self.bytes(), self.first_line, format);
        let mut record = Record::default();
        while reader.read(&mut record)? {
            table.push(record.line(), record.cells());
        }
        Ok(table)
    }

    /// Reads records that have no comments, and quotes around values alone; `false` if there is anything else, or a mistake.
    fn read_plainly(&self, table: &mut RawTable, head: &Head, format: Format) -> bool {
        let (Delimiter::Byte(delimiter), Ok(text)) = (format.delimiter, &self.text) else {
            return false;
        };
        let bytes = text.as_bytes();
        let has = |byte: u8| memchr(byte, bytes).is_some();
        let is_text = delimiter != 0 && !has(0);
        if !is_text || format.comment.is_some_and(has) || bytes.len() > LONGEST_ROW {
            return false;
        }
        let has_quotes = has(b'"');
        let names = head.own_columns();
        let (mut start, mut column, mut line) = (0, 0, self.first_line);
        let (mut returns, mut quotes, mut repeats) = (0, 0, false);
        let mut unquoted = String::new();
        let mut ends = Ends::new(bytes, delimiter, has_quotes);
        let mut last = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
        while let Some(place) = ends.next().or_else(|| last.take()) {
            let ends_line = bytes.get(place) != Some(&delimiter);
            let mut end = place;
            if ends_line && end > start && bytes[end - 1] == b'\r' {
                (end, returns) = (end - 1, returns + 1);
            }
            let is_empty = ends_line && column == 0 && start == end;
            if !is_empty && column == names.len() {
                return false;
            }
            // Of a cell that is not wanted, and of no header that comes again, nothing is looked at but quotes.
            let is_looked_at =
                |column: usize| has_quotes || column == 0 || repeats || head.wants(column);
            if !is_empty && !is_looked_at(column) {
                column += 1;
            } else if !is_empty {
                let mut cell = &text[start..end];
                let mut first = start;
                let mut is_doubled = false;
                if has_quotes && bytes[start..end].first() == Some(&b'"') {
                    let Some(inner) = cell[1..].strip_suffix('"') else {
                        return false;
                    };
                    (cell, first, quotes) = (inner, start + 1, quotes + 2);
                    is_doubled = memchr(b'"', inner.as_bytes()).is_some();
                }
                if is_doubled {
                    let Some(doubled) = halve(cell, &mut unquoted) else {
                        return false;
                    };
                    quotes += 2 * doubled;
                    let cell = unquoted.trim();
                    repeats = (column == 0 || repeats) && cell == names[column];
                    table.push_cell(column, cell);
                } else {
                    let (cell, before) = trimmed(cell);
                    repeats = (column == 0 || repeats) && cell == names[column];
                    first += before;
                    table.cut_cell(column, first..first + cell.len());
                }
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
            column = 0;
            if has_quotes && place < bytes.len() {
                line = self.first_line + ends.feeds_before(place);
            }
            line += 1;
        }
        // Other carriage returns end lines too, other quotes are text, and what is left has a quote that is not closed.
        let are_counted = |byte: u8, count: usize| memchr_iter(byte, bytes).count() == count;
        start >= bytes.len()
            && are_counted(b'\r', returns)
            && (!has_quotes || are_counted(b'"', quotes))
    }
}

/// Puts a value with one quote in place of each two into `into`, and says how many there are; none if one stands by itself.
fn halve(value: &str, into: &mut String) -> Option<usize> {
    into.clear();
    let mut count = 0;
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('"') {
        into.push_str(before);
        into.push('"');
        rest = after.strip_prefix('"')?;
        count += 1;
    }
    into.push_str(rest);
    Some(count)
}

/// A cell without white space around it, and how much of that was before it.
fn trimmed(cell: &str) -> (&str, usize) {
    let is_letter = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_graphic());
    match is_letter(cell.as_bytes().first()) && is_letter(cell.as_bytes().last()) {
        true => (cell, 0),
        false => (cell.trim(), cell.len() - cell.trim_start().len()),
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
    let has_comments = format
        .comment
        .is_some_and(|sign| memchr(sign, bytes).is_some());
    if !has_comments
        && memchr(b'"', bytes).is_some()
        && let Ok(Some(end)) = marks::last_end(bytes, delimiter)
    {
        return Some(end);
    }
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

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;
    use crate::data::csv::parse;

    /// A table that is read in pieces of about `size` bytes.
    fn in_pieces(text: &[u8], format: Format, size: usize) -> Result<RawTable> {
        wanted_in_pieces(text, format, size, 0..usize::MAX)
    }

    /// The same with the cells of some columns alone.
    fn wanted_in_pieces(
        text: &[u8],
        format: Format,
        size: usize,
        wanted: Range<usize>,
    ) -> Result<RawTable> {
        let reader = Reader::new("t.csv", text, format)?;
        let columns = reader.columns().to_vec();
        let wanted = (0..columns.len()).filter(|column| wanted.contains(column));
        let head = Head::new("t.csv", columns.clone(), "line", reader.first_line())?;
        let head = Arc::new(head.only(&wanted.collect()));
        let mut pieces = Pieces::of(reader, format)?;
        pieces.size = size;
        let mut table = RawTable::new(&head);
        while let Some(piece) = pieces.next()? {
            table.append(piece.read(&head, format)?);
        }
        Ok(table)
    }

    fn cells() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("1.5"),
            Just(""),
            Just(" x "),
            Just("\"a,b\""),
            Just("\"two\nlines\""),
            Just("\"say \"\"so\"\"\""),
            Just("in\"side"),
            Just("\"a\"b"),
            Just("\"\""),
            Just("#"),
            Just("#\"no"),
            Just("\u{e9}"),
            Just("\"open"),
        ]
        .prop_map(str::to_owned)
    }

    proptest! {
        #[test]
        fn a_table_in_pieces_is_the_table_and_so_are_its_mistakes(
            rows in prop::collection::vec((cells(), cells(), cells()), 0..12),
            ends in prop::collection::vec(prop_oneof![9 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 2 => Just("\n\n")], 13),
            (ragged, last, comment, header) in (0..20_usize, any::<bool>(), any::<bool>(), any::<bool>()),
            size in 1..80_usize,
        ) {
            let mut text = format!("a,b,c{}", if comment { "\n" } else { ends[0] });
            for (k, ((a, b, c), end)) in rows.iter().zip(&ends[1..]).enumerate() {
                text += &[&a[..], b, c].join(if k == ragged { ",," } else { "," });
                // A comment ends with a line feed alone.
                let end = if comment && *end == "\r" { "\n" } else { end };
                text += if k + 1 < rows.len() || last { end } else { "" };
            }
            let format = Format {
                comment: comment.then_some(b'#'),
                ..Format::new(Delimiter::Byte(b','), header)
            };
            let whole = parse("t.csv", text.as_bytes(), format).map_err(|error| error.to_string());
            let pieces = in_pieces(text.as_bytes(), format, size).map_err(|error| error.to_string());
            prop_assert_eq!(&pieces, &whole, "{:?}", text);
            // What is not wanted is not read, and its mistakes are found all the same.
            let some = wanted_in_pieces(text.as_bytes(), format, size, 1..2).map_err(|error| error.to_string());
            let second = |table: &RawTable| -> Vec<(usize, String)> {
                (0..table.rows()).map(|row| (table.line(row), table.cell(row, 1).to_owned())).collect()
            };
            prop_assert_eq!(some.as_ref().map(second), whole.as_ref().map(second), "{:?}", text);
        }

        #[test]
        fn so_is_a_table_with_white_space_between_its_cells(
            rows in prop::collection::vec(prop_oneof![Just("1 2"), Just("a \t b"), Just(" x\ry z"), Just("\"a b")], 0..12),
            size in 1..40_usize,
        ) {
            let text = format!("x y\n{}\n", rows.join("\n"));
            let format = Format::new(Delimiter::Whitespace, true);
            let whole = parse("t.csv", text.as_bytes(), format).map_err(|error| error.to_string());
            let pieces = in_pieces(text.as_bytes(), format, size).map_err(|error| error.to_string());
            prop_assert_eq!(pieces, whole, "{:?}", text);
        }
    }
}
