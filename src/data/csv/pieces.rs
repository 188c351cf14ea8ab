//! A text file cut into pieces of whole records, which are then read side by side.
//!
//! Only the cuts need the bytes in order. What is between them is read by plain searches for delimiters where quotes are around values
//! and there are no comments, and by [`Reader`] everywhere else; where the plain way finds a mistake, `Reader` words it.

use std::io::{BufRead, Read};
use std::string::FromUtf8Error;
use std::sync::Arc;

use memchr::{memchr, memchr_iter, memchr3, memrchr};

use super::Format;
use super::lines::{LONGEST_ROW, unreadable};
use super::marks::{self, Ends};
use super::reader::{Reader, Record};
use crate::config::Delimiter;
use crate::data::table::{Block, Form, Head, Packer};
use crate::error::Result;

/// The bytes of a piece, about: enough for a thread to be worth its while and for each column to have many cells, few enough for the
/// processor's cache and for the pieces that are in memory at once.
const SMALLEST_PIECE: usize = 1 << 19;
const LARGEST_PIECE: usize = 1 << 20;
const BYTES_OF_COLUMN: usize = 1 << 11;

/// Whole records of a file.
pub(super) struct Piece {
    text: std::result::Result<String, Vec<u8>>,
    /// Whether they have no quote, no carriage return and no byte that is 0, as most files do.
    is_plain: bool,
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
            let is_plain = memchr3(0, b'"', b'\r', &self.rest).is_none();
            let end = match self.is_at_end {
                true => Some(self.rest.len()),
                false if is_plain => end_of_line(&self.rest),
                false => last_end(&self.rest, self.format),
            };
            match end {
                Some(end) => return Ok(self.cut(end, is_plain)),
                // `Reader` says what is wrong with it.
                None if self.rest.len() > 2 * LONGEST_ROW => {
                    return Ok(self.cut(self.rest.len(), is_plain));
                }
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

    fn cut(&mut self, end: usize, is_plain: bool) -> Option<Piece> {
        let after = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, after);
        let before = self.before.take();
        if bytes.is_empty() && before.is_none() {
            return None;
        }
        let first_line = self.line;
        let lines = match is_plain {
            true => memchr_iter(b'\n', &bytes).count(),
            false => line_ends(&bytes, self.format),
        };
        self.line += lines;
        // What is no text is for `Reader` to say.
        let text = String::from_utf8(bytes);
        Some(Piece {
            text: text.map_err(FromUtf8Error::into_bytes),
            is_plain,
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
    pub(super) fn read(&self, head: &Arc<Head>, format: Format, form: &Form) -> Result<Block> {
        let begun = || {
            let mut packer = Packer::new(head, form, self.lines + 1);
            packer.bytes = self.len();
            if let Some(record) = &self.before {
                push(&mut packer, record);
            }
            packer
        };
        let mut packer = begun();
        if self.read_plainly(&mut packer, head, format) {
            return Ok(packer.finish());
        }
        let mut packer = begun();
        let mut reader = Reader::of_piece(head, self.bytes(), self.first_line, format);
        let mut record = Record::default();
        while reader.read(&mut record)? {
            push(&mut packer, &record);
        }
        Ok(packer.finish())
    }

    /// Reads records that have no comments, and quotes around values alone; `false` if there is anything else, or a mistake.
    fn read_plainly(&self, packer: &mut Packer, head: &Head, format: Format) -> bool {
        let (Delimiter::Byte(delimiter), Ok(text)) = (format.delimiter, &self.text) else {
            return false;
        };
        let bytes = text.as_bytes();
        let has = |byte: u8| memchr(byte, bytes).is_some();
        let may_have = |byte: u8| !self.is_plain && has(byte);
        let is_text = delimiter != 0 && !may_have(0);
        if !is_text || format.comment.is_some_and(has) || bytes.len() > LONGEST_ROW {
            return false;
        }
        let has_quotes = may_have(b'"');
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
            if !is_empty {
                if column == names.len() {
                    return false;
                }
                let (mut whole, mut cell) = (text, start..end);
                if has_quotes && start < end && bytes[start] == b'"' {
                    let Some(inner) = text[start + 1..end].strip_suffix('"') else {
                        return false;
                    };
                    (cell, quotes) = (start + 1..end - 1, quotes + 2);
                    if memchr(b'"', inner.as_bytes()).is_some() {
                        let Some(doubled) = halve(inner, &mut unquoted) else {
                            return false;
                        };
                        (whole, cell) = (&unquoted, 0..unquoted.len());
                        quotes += 2 * doubled;
                    }
                }
                if column == 0 || repeats {
                    repeats = whole[cell.clone()].trim() == names[column];
                }
                packer.cell(column, whole, cell);
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
                packer.end_row(line);
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
            && (self.is_plain || are_counted(b'\r', returns))
            && (!has_quotes || are_counted(b'"', quotes))
    }
}

/// Adds a record.
fn push(packer: &mut Packer, record: &Record) {
    for (column, cell) in record.cells().enumerate() {
        packer.cell(column, cell, 0..cell.len());
    }
    packer.end_row(record.line());
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
    use crate::data::cell::NumberStyle;
    use crate::data::csv::parse;

    /// The number of each row, and its cells.
    type Rows = Vec<(usize, Vec<String>)>;

    fn whole(text: &str, format: Format) -> std::result::Result<Rows, String> {
        let table = parse("t.csv", text.as_bytes(), format).map_err(|error| error.to_string())?;
        let cells = |row| {
            let columns = 0..table.columns().len();
            columns
                .map(|column| table.cell(row, column).to_owned())
                .collect()
        };
        let rows = 0..table.rows();
        Ok(rows.map(|row| (table.line(row), cells(row))).collect())
    }

    /// A table that is read in pieces of about `size` bytes.
    fn in_pieces(text: &str, format: Format, size: usize) -> std::result::Result<Rows, String> {
        let rows = wanted_in_pieces(text, format, size, 0..usize::MAX);
        rows.map_err(|error| error.to_string())
    }

    /// The same with the cells of some columns alone.
    fn wanted_in_pieces(
        text: &str,
        format: Format,
        size: usize,
        wanted: Range<usize>,
    ) -> Result<Rows> {
        let reader = Reader::new("t.csv", text.as_bytes(), format)?;
        let columns = reader.columns().to_vec();
        let wanted = (0..columns.len()).filter(|column| wanted.contains(column));
        let head = Head::new("t.csv", columns.clone(), "line", reader.first_line())?;
        let wanted: Vec<usize> = wanted.collect();
        let head = Arc::new(head.only(&wanted.iter().copied().collect()));
        let form = Form::new(NumberStyle::default(), &[]);
        let mut pieces = Pieces::of(reader, format)?;
        pieces.size = size;
        let mut rows = Vec::new();
        while let Some(piece) = pieces.next()? {
            let block = piece.read(&head, format, &form)?;
            let cells = |row| {
                let cell = |column: &usize| block.text(row, *column).into_owned();
                wanted.iter().map(cell).collect()
            };
            rows.extend((0..block.rows()).map(|row| (block.line(row), cells(row))));
        }
        Ok(rows)
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
            let whole = whole(&text, format);
            prop_assert_eq!(&in_pieces(&text, format, size), &whole, "{:?}", text);
            // What is not wanted is not read, and its mistakes are found all the same.
            let some = wanted_in_pieces(&text, format, size, 1..2).map_err(|error| error.to_string());
            let second = |rows: Rows| -> Rows {
                rows.into_iter().map(|(line, cells)| (line, vec![cells[1].clone()])).collect()
            };
            prop_assert_eq!(some, whole.map(second), "{:?}", text);
        }

        #[test]
        fn so_is_a_table_with_white_space_between_its_cells(
            rows in prop::collection::vec(prop_oneof![Just("1 2"), Just("a \t b"), Just(" x\ry z"), Just("\"a b")], 0..12),
            size in 1..40_usize,
        ) {
            let text = format!("x y\n{}\n", rows.join("\n"));
            let format = Format::new(Delimiter::Whitespace, true);
            prop_assert_eq!(in_pieces(&text, format, size), whole(&text, format), "{:?}", text);
        }
    }
}
