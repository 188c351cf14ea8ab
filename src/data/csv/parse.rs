//! Bytes to cells of text.

use std::collections::HashMap;

use super::raw::{RawTable, data_error};
use crate::config::{DataConfig, Delimiter};
use crate::data::prepare::shown;
use crate::error::{Error, Result};

/// Parses the bytes of a table; `file` is only named in errors. Of `config`, only `delimiter` and
/// `header` count. A byte order mark and empty lines are skipped; quotes are read as RFC 4180 has them,
/// but with the delimiter `whitespace`, which knows none. Memory is bounded by the number of bytes.
///
/// ```
/// use dropwise::config::DataConfig;
/// use dropwise::data::csv::parse;
///
/// let table = parse("pets.csv", b"kind,weight\ncat,4.5\n\"dog\", 20\n", &DataConfig::default())?;
/// assert_eq!(table.columns(), ["kind", "weight"]);
/// assert_eq!((table.rows(), table.cell(1, 0), table.cell(1, 1)), (2, "dog", "20"));
///
/// let ragged = parse("pets.csv", b"kind,weight\ncat\n", &DataConfig::default()).unwrap_err();
/// assert!(ragged.to_string().starts_with("pets.csv: line 2: expected 2 columns, found 1; "));
/// # Ok::<(), dropwise::Error>(())
/// ```
///
/// # Errors
/// [`Error::Data`] that names file and line: bytes that are not UTF-8, a line with more or fewer columns
/// than the first, two columns of one name, no line at all. [`Error::InvalidValue`] for a delimiter that
/// cannot be one, which no file can ask for.
pub fn parse(file: &str, bytes: &[u8], config: &DataConfig) -> Result<RawTable> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = as_text(file, bytes)?;
    let mut builder = Builder::new(file, config.header());
    match config.delimiter() {
        Delimiter::Whitespace => {
            for (number, line) in text.lines().enumerate() {
                if !line.trim_ascii().is_empty() {
                    builder.add(number + 1, line.split_ascii_whitespace())?;
                }
            }
        }
        Delimiter::Byte(delimiter) => read_delimited(text, delimiter, &mut builder)?,
    }
    builder.finish()
}

fn as_text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + line_ends(&bytes[..error.valid_up_to()]);
        data_error(
            file,
            format!("line {line}"),
            "expected text in UTF-8, found other bytes",
            "save the table as text in UTF-8",
        )
    })
}

fn read_delimited(text: &str, delimiter: u8, builder: &mut Builder) -> Result<()> {
    if !delimiter.is_ascii() || b"\"\r\n".contains(&delimiter) {
        let found = delimiter.escape_ascii();
        return Err(Error::invalid(
            "data.delimiter",
            "one ASCII character but a quote or line end",
            found,
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true) // ragged rows are counted by `Builder`, whose error says more
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut lines = LineCounter {
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
    };
    let mut record = csv::StringRecord::new();
    loop {
        let start = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let line = lines.line_of_record_at(start);
        match reader.read_record(&mut record) {
            Ok(true) => builder.add(line, record.iter())?,
            Ok(false) => return Ok(()),
            Err(error) => {
                return Err(data_error(
                    &builder.table.file,
                    format!("line {line}"),
                    error.to_string(),
                    "",
                ));
            }
        }
    }
}

/// Lines as an editor counts them. The reader's own count is behind after `\r\n` and empty lines.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl LineCounter<'_> {
    /// The line of the record whose reading begins at byte `start`, in order of the bytes.
    fn line_of_record_at(&mut self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let line_ends_first = rest
            .iter()
            .take_while(|byte| b"\r\n".contains(byte))
            .count();
        let start = self.bytes.len().min(start.saturating_add(line_ends_first));
        self.line += line_ends(&self.bytes[self.at..start]);
        self.at = start;
        self.line
    }
}

/// Counts `\n`, `\r\n` and `\r`.
fn line_ends(bytes: &[u8]) -> usize {
    let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let returns = bytes.iter().filter(|byte| **byte == b'\r').count();
    let pairs = bytes.windows(2).filter(|pair| pair == b"\r\n").count();
    newlines + returns - pairs
}

struct Builder {
    table: RawTable,
    /// Whether the next line names the columns.
    header: bool,
    /// The line of the header, or of the first row.
    first_line: usize,
}

impl Builder {
    fn new(file: &str, header: bool) -> Self {
        let table = RawTable {
            file: file.to_owned(),
            columns: Vec::new(),
            text: String::new(),
            ends: Vec::new(),
            lines: Vec::new(),
        };
        Builder {
            table,
            header,
            first_line: 0,
        }
    }

    fn add<'a>(&mut self, line: usize, cells: impl Iterator<Item = &'a str>) -> Result<()> {
        if self.first_line == 0 {
            self.first_line = line;
            if self.header {
                self.table.columns = column_names(cells);
                return self.check_names();
            }
        }
        let table = &mut self.table;
        let before = table.ends.len();
        for cell in cells {
            table.text.push_str(cell.trim());
            table.ends.push(table.text.len());
        }
        let found = table.ends.len() - before;
        if self.first_line == line && table.columns.is_empty() {
            table.columns = column_names(std::iter::repeat_n("", found));
        }
        if found != table.columns.len() {
            return Err(self.ragged(line, found));
        }
        self.table.lines.push(line);
        Ok(())
    }

    fn ragged(&self, line: usize, found: usize) -> Error {
        let expected = self.table.columns.len();
        let columns = if expected == 1 { "column" } else { "columns" };
        let as_in = match self.first_line {
            first if self.header => format!("line {first}, the header"),
            first => format!("line {first}"),
        };
        data_error(
            &self.table.file,
            format!("line {line}"),
            format!("expected {expected} {columns}, found {found}"),
            format!(
                "every line needs the columns of {as_in}; look for a wrong `delimiter` in `[data]`, for \
                 a delimiter inside a value (put the value in double quotes) or a quote that is not closed"
            ),
        )
    }

    /// Finds names that stand twice.
    fn check_names(&self) -> Result<()> {
        let mut seen = HashMap::new();
        for (k, name) in self.table.columns.iter().enumerate() {
            if let Some(first) = seen.insert(name, k) {
                return Err(data_error(
                    &self.table.file,
                    format!("line {}", self.first_line),
                    format!(
                        "columns {} and {} are both named `{}`",
                        first + 1,
                        k + 1,
                        shown(name)
                    ),
                    "give every column a name of its own; if the file has no header, say `header = false` \
                     in `[data]`",
                ));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<RawTable> {
        if self.first_line == 0 {
            let fix = "give the path of a table";
            return Err(data_error(
                &self.table.file,
                String::new(),
                "the file is empty",
                fix,
            ));
        }
        Ok(self.table)
    }
}

/// The names of the columns under a header, without white space around them; a column without a name is
/// called by its number, counted from 1: `column1`, `column2` and so on.
pub fn column_names<'a>(header: impl Iterator<Item = &'a str>) -> Vec<String> {
    let name = |(k, cell): (usize, &str)| match cell.trim() {
        "" => format!("column{}", k + 1),
        name => name.to_owned(),
    };
    header.enumerate().map(name).collect()
}
