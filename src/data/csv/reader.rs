//! Bytes to records of text.

use std::io::{self, BufRead, Cursor, Read};

use super::Format;
use super::bytes;
use super::lines::{LONGEST_ROW, Lines, not_text, not_utf8, too_long, unreadable};
use crate::config::Delimiter;
use crate::data::spelling::composed;
use crate::data::table::Head;
use crate::error::{Error, Result};

/// Reads the records of a table one by one, as soon as each is there.
///
/// Files packed with gzip are unpacked. A byte order mark and empty lines are skipped; quotes are read as RFC 4180 has them, but with the delimiter
/// `whitespace`, which knows none. White space around a value does not count. Lines are counted as an editor counts
/// them: `\n`, `\r\n` and `\r` end one. Memory is bounded by the longest row, which has at most 16 MB.
pub struct Reader<'a> {
    file: String,
    records: Records<'a>,
    header: bool,
    columns: Vec<String>,
    first_line: usize,
    /// The first row, where there is no header: it was read to count the columns.
    first_row: Option<Record>,
}

/// The values of one row, without white space around them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    line: usize,
    text: String,
    /// Where each value ends in `text`.
    ends: Vec<usize>,
}

impl Record {
    /// The line of the file, counted from 1, that the row begins on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The values, one for each column.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(&0).chain(&self.ends);
        (starts.zip(&self.ends)).map(|(start, end)| &self.text[*start..*end])
    }

    fn clear(&mut self, line: usize) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    fn push(&mut self, cell: &str) {
        self.text.push_str(cell.trim());
        self.ends.push(self.text.len());
    }
}

impl<'a> Reader<'a> {
    /// A reader of `source`, whose first record is read at once; `file` is only named in errors.
    ///
    /// # Errors
    /// Those of [`read`](Self::read), and [`Error::InvalidValue`] for a delimiter that cannot be one, which no file
    /// can ask for.
    pub fn new(file: &str, source: impl BufRead + 'a, format: Format) -> Result<Self> {
        let mut records = Records::new(file, source, format)?;
        let mut first = Record::default();
        let found = records.read(file, &mut first)?;
        Ok(Reader {
            file: file.to_owned(),
            records,
            header: format.header,
            columns: first
                .cells()
                .enumerate()
                .map(|(k, cell)| match cell {
                    name if format.header && !name.is_empty() => composed(name),
                    _ => format!("column{}", k + 1),
                })
                .collect(),
            first_line: first.line,
            first_row: (found && !format.header).then_some(first),
        })
    }

    /// The names of the columns: those of the header; `column1`, `column2` and so on where there is no header, or no
    /// name in it. None at all if there is no record.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The line of the header, or of the first row; 0 if there is neither.
    #[must_use]
    pub fn first_line(&self) -> usize {
        self.first_line
    }

    /// Reads the next row into `record`; `false` at the end.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Data`] that names file and line: bytes that are not UTF-8, a row with more or
    /// fewer values than there are columns, one that repeats the header, a row of more than 16 MB.
    pub fn read(&mut self, record: &mut Record) -> Result<bool> {
        if let Some(first) = self.first_row.take() {
            *record = first;
            return Ok(true);
        }
        if !self.records.read(&self.file, record)? {
            return Ok(false);
        }
        if record.ends.len() != self.columns.len() {
            return Err(self.ragged(record));
        }
        let repeats = || record.cells().eq(self.columns.iter().map(String::as_str));
        if self.header && self.columns.len() > 1 && repeats() {
            let place = format!("line {}", record.line);
            let problem = format!("the line repeats the header on line {}", self.first_line);
            let fix = "take it out; files that are joined keep one header";
            return Err(Error::data(&self.file, place, problem, fix));
        }
        Ok(true)
    }

    /// Whether the last mistake is one of a row alone, so that the next can be read: its end was found.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        match &self.records {
            Records::Delimited(delimited) => delimited.past_row,
            Records::Whitespace(lines, _) => lines.can_go_on(),
        }
    }

    /// What is left of the source, in order.
    pub(super) fn into_rest(self) -> Result<Rest<'a>> {
        let (mut source, mut lines): (Box<dyn BufRead + 'a>, _) = match self.records {
            Records::Delimited(delimited) => (Box::new(delimited.source), delimited.passed.lines),
            Records::Whitespace(lines, _) => {
                let (source, number) = lines.into_source();
                (source, LineCounter::after(number))
            }
        };
        let failed = |cause| unreadable(&self.file, cause);
        // The second half of a line end.
        if lines.last == b'\r' && source.fill_buf().map_err(failed)?.first() == Some(&b'\n') {
            source.consume(1);
            lines.pass(b'\n');
        }
        Ok(Rest {
            file: self.file,
            first_row: self.first_row,
            source,
            line: lines.line + 1,
        })
    }

    /// A reader of whole records of a file, which begin on the line `first_line`.
    pub(super) fn of_piece(
        head: &Head,
        bytes: &'a [u8],
        first_line: usize,
        format: Format,
    ) -> Self {
        let source: Box<dyn BufRead + 'a> = Box::new(bytes);
        let lines = first_line - 1;
        let records = match format.delimiter {
            Delimiter::Byte(delimiter) => {
                let start = Cursor::new(Vec::new());
                let source = start.chain(source);
                Records::Delimited(Box::new(Delimited::after(source, delimiter, format, lines)))
            }
            Delimiter::Whitespace => Records::Whitespace(
                Lines::after(head.file(), source, lines),
                format.comment.map(char::from),
            ),
        };
        Reader {
            file: head.file().to_owned(),
            records,
            header: format.header,
            columns: head.own_columns().to_vec(),
            first_line: head.first_line(),
            first_row: None,
        }
    }

    fn ragged(&self, record: &Record) -> Error {
        let (expected, found) = (self.columns.len(), record.ends.len());
        let ends_empty = record.cells().last() == Some("");
        if self.header && found == expected + 1 && ends_empty {
            return Error::data(
                &self.file,
                format!("line {}", record.line),
                format!(
                    "the line ends with a delimiter, and the header on line {} does not: {found} values for {expected} columns",
                    self.first_line
                ),
                "take the delimiter at the end of the lines away, or add one to the header",
            );
        }
        let columns = if expected == 1 { "column" } else { "columns" };
        let header = if self.header { ", the header" } else { "" };
        Error::data(
            &self.file,
            format!("line {}", record.line),
            format!("expected {expected} {columns}, found {found}"),
            format!(
                "every line needs the columns of line {}{header}; look for a wrong `delimiter` in `[data]`, for a \
                 delimiter inside a value (put the value in double quotes) or a quote that is not closed",
                self.first_line
            ),
        )
    }
}

/// What a reader leaves of its source.
pub(super) struct Rest<'a> {
    pub(super) file: String,
    /// A row that was read already.
    pub(super) first_row: Option<Record>,
    pub(super) source: Box<dyn BufRead + 'a>,
    /// The line of the next byte.
    pub(super) line: usize,
}

/// Records of any number of values.
enum Records<'a> {
    Delimited(Box<Delimited<'a>>),
    Whitespace(Lines<Box<dyn BufRead + 'a>>, Option<char>),
}

impl<'a> Records<'a> {
    fn new(file: &str, source: impl BufRead + 'a, format: Format) -> Result<Self> {
        let source = bytes::text(file, source, format)?;
        match format.delimiter {
            Delimiter::Whitespace => {
                let lines = Lines::after(file, source, format.skip_lines);
                Ok(Records::Whitespace(lines, format.comment.map(char::from)))
            }
            Delimiter::Byte(byte) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => {
                let delimited = Delimited::new(source, byte, format);
                let delimited = delimited.map_err(|cause| unreadable(file, cause))?;
                Ok(Records::Delimited(Box::new(delimited)))
            }
            Delimiter::Byte(byte) => Err(Error::invalid(
                "data.delimiter",
                "one ASCII character but a quote or line end",
                byte.escape_ascii(),
            )),
        }
    }

    fn read(&mut self, file: &str, record: &mut Record) -> Result<bool> {
        match self {
            Records::Delimited(delimited) => delimited.read(file, record),
            Records::Whitespace(lines, comment) => loop {
                let Some((line, text)) = lines.next_line()? else {
                    return Ok(false);
                };
                if comment.is_some_and(|comment| text.starts_with(comment)) {
                    continue;
                }
                record.clear(line);
                text.split_ascii_whitespace()
                    .for_each(|cell| record.push(cell));
                return Ok(true);
            },
        }
    }
}

/// Values with a delimiter between them, and quotes.
struct Delimited<'a> {
    source: io::Chain<Cursor<Vec<u8>>, Box<dyn BufRead + 'a>>,
    parser: csv_core::Reader,
    passed: Passed,
    /// The values of a record, one after the other, and where each ends.
    values: Vec<u8>,
    ends: Vec<usize>,
    past_row: bool,
}

impl<'a> Delimited<'a> {
    fn new(source: Box<dyn BufRead + 'a>, delimiter: u8, format: Format) -> io::Result<Self> {
        let source = without_mark(source)?;
        Ok(Delimited::after(
            source,
            delimiter,
            format,
            format.skip_lines,
        ))
    }

    /// The values of a source that begins with a record, `lines` of which are passed already.
    fn after(
        source: io::Chain<Cursor<Vec<u8>>, Box<dyn BufRead + 'a>>,
        delimiter: u8,
        format: Format,
        lines: usize,
    ) -> Self {
        let mut parser = csv_core::ReaderBuilder::new();
        Delimited {
            source,
            parser: parser.delimiter(delimiter).comment(format.comment).build(),
            passed: Passed {
                lines: LineCounter::after(lines),
                quotes: Quotes::default(),
                delimiter,
                comment: format.comment,
                within_comment: false,
            },
            values: vec![0; 1 << 10],
            ends: vec![0; 1 << 5],
            past_row: false,
        }
    }

    fn read(&mut self, file: &str, record: &mut Record) -> Result<bool> {
        use csv_core::ReadRecordResult;
        let (mut taken, mut bytes, mut count) = (0, 0, 0);
        let mut line = None;
        self.past_row = false;
        loop {
            let input = (self.source.fill_buf()).map_err(|cause| unreadable(file, cause))?;
            let (values, ends) = (&mut self.values[bytes..], &mut self.ends[count..]);
            let (result, used, written, ended) = self.parser.read_record(input, values, ends);
            self.passed.pass(&input[..used], &mut line);
            let is_end = input.is_empty();
            self.source.consume(used);
            (bytes, count) = (bytes + written, count + ended);
            taken = line.map_or(0, |_| taken + used);
            match result {
                ReadRecordResult::Record if is_end && self.passed.quotes.opened.is_some() => {
                    return Err(not_closed(
                        file,
                        self.passed.quotes.opened.unwrap_or_default(),
                    ));
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.values.resize(2 * self.values.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
            }
            if taken > LONGEST_ROW {
                return Err(match self.passed.quotes.opened {
                    Some(opened) => not_closed(file, opened),
                    None => too_long(file, line.unwrap_or(self.passed.lines.line)),
                });
            }
        }
        self.past_row = true;
        record.clear(line.unwrap_or(self.passed.lines.line));
        let zero = self.values[..bytes].iter().position(|byte| *byte == 0);
        let mut start = 0;
        for end in &self.ends[..count] {
            match std::str::from_utf8(&self.values[start..*end]) {
                Ok(cell) => record.push(cell),
                Err(error) => {
                    let line = self.line_of(start + error.valid_up_to(), record.line);
                    return Err(not_utf8(file, line));
                }
            }
            start = *end;
        }
        match zero {
            Some(place) => Err(not_text(file, self.line_of(place, record.line))),
            None => Ok(true),
        }
    }

    /// The line of a byte among the values of a record that begins on the line `first`.
    fn line_of(&self, place: usize, first: usize) -> usize {
        let mut lines = LineCounter::at(first);
        self.values[..place]
            .iter()
            .for_each(|byte| lines.pass(*byte));
        lines.pass(b'?');
        lines.line
    }
}

/// What the bytes so far say of lines, quotes and comments.
struct Passed {
    lines: LineCounter,
    quotes: Quotes,
    delimiter: u8,
    comment: Option<u8>,
    within_comment: bool,
}

impl Passed {
    /// Follows bytes; `line` becomes the first that is not empty and no comment.
    fn pass(&mut self, bytes: &[u8], line: &mut Option<usize>) {
        if self.comment.is_none() && self.quotes.opened.is_none() && is_plain(bytes) {
            self.pass_plain(bytes, line);
        } else {
            self.pass_each(bytes, line);
        }
    }

    /// Byte by byte.
    fn pass_each(&mut self, bytes: &[u8], line: &mut Option<usize>) {
        for byte in bytes {
            let begins = is_line_end(self.lines.last) && self.quotes.opened.is_none();
            self.lines.pass(*byte);
            if self.comment.is_some() {
                let begins_comment = begins && self.comment == Some(*byte);
                self.within_comment = begins_comment || self.within_comment && !is_line_end(*byte);
                if self.within_comment {
                    continue;
                }
            }
            self.quotes.pass(*byte, self.delimiter, self.lines.line);
            // Line ends before the record are those of empty lines.
            if line.is_none() && !is_line_end(*byte) {
                *line = Some(self.lines.line);
            }
        }
    }

    /// The same for bytes without quotes and comments, all at once.
    fn pass_plain(&mut self, bytes: &[u8], line: &mut Option<usize>) {
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return;
        };
        self.lines.pass(*first);
        if line.is_none() {
            let empty = bytes.iter().take_while(|byte| is_line_end(**byte)).count();
            *line = (empty < bytes.len()).then_some(self.lines.line + empty);
        }
        let ends = &bytes[..bytes.len() - 1];
        self.lines.line += ends.iter().filter(|byte| **byte == b'\n').count();
        self.lines.last = *last;
        self.quotes.pass(*last, self.delimiter, self.lines.line);
    }
}

/// The bytes after byte order marks. None is waited for beyond the first that cannot be of a mark.
fn without_mark<R: Read>(mut source: R) -> io::Result<io::Chain<Cursor<Vec<u8>>, R>> {
    let mark = "\u{feff}".as_bytes();
    let mut start = Vec::new();
    while mark.starts_with(&start) && source.by_ref().take(1).read_to_end(&mut start)? > 0 {
        if start == mark {
            start.clear();
        }
    }
    Ok(Cursor::new(start).chain(source))
}

/// Whether there are no quotes, and only line feeds end lines.
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.contains(&b'"') && !bytes.contains(&b'\r')
}

fn not_closed(file: &str, line: usize) -> Error {
    let fix = "close it, or double the quotes inside a value; where quotes are part of the text, put the value in quotes too";
    let problem = "a quote is opened and never closed";
    Error::data(file, format!("line {line}"), problem, fix)
}

/// Follows the quotes of values byte by byte, as RFC 4180 has them: one at the start of a value opens it.
#[derive(Default)]
struct Quotes {
    /// The line that the quote stands on which is open.
    opened: Option<usize>,
    within_value: bool,
    /// Whether the last byte closed a quote, or is the first half of a doubled one.
    closed: Option<usize>,
}

impl Quotes {
    fn pass(&mut self, byte: u8, delimiter: u8, line: usize) {
        let closed = self.closed.take();
        match (byte, self.opened) {
            (b'"', Some(opened)) => (self.opened, self.closed) = (None, Some(opened)),
            (_, Some(_)) => {}
            // A doubled quote does not close.
            (b'"', None) if closed.is_some() => self.opened = closed,
            (b'"', None) if !self.within_value => {
                (self.opened, self.within_value) = (Some(line), true);
            }
            (byte, None) => self.within_value = byte != delimiter && !is_line_end(byte),
        }
    }
}

/// Counts lines byte by byte.
struct LineCounter {
    /// The line of the last byte, counted from 1.
    line: usize,
    last: u8,
}

impl LineCounter {
    /// A counter before a line, `lines` of which are passed.
    fn after(lines: usize) -> Self {
        LineCounter {
            line: lines,
            last: b'\n',
        }
    }

    /// A counter in the middle of a line.
    fn at(line: usize) -> Self {
        LineCounter { line, last: b' ' }
    }

    fn pass(&mut self, byte: u8) {
        let within_pair = self.last == b'\r' && byte == b'\n';
        self.line += usize::from(is_line_end(self.last) && !within_pair);
        self.last = byte;
    }
}

fn is_line_end(byte: u8) -> bool {
    byte == b'\n' || byte == b'\r'
}
