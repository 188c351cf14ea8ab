//! What stands between values, and whether the first line names the columns.

use dropwise::Result;
use dropwise::config::Delimiter;
use dropwise::data::csv::{Format, parse};
use dropwise::data::{RawTable, parse_number};

/// The delimiters that are tried, the rarest within values first.
const DELIMITERS: [Delimiter; 5] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
    Delimiter::Whitespace,
];

/// A table whose first row may be a header, and the delimiter that parses it: the first that gives every
/// line the same columns, two or more.
///
/// # Errors
/// [`dropwise::Error::Data`] of the delimiter that the first line has most of, if none does.
pub(super) fn without_header(file: &str, bytes: &[u8]) -> Result<(RawTable, Delimiter)> {
    for delimiter in DELIMITERS {
        match parse(file, bytes, Format::new(delimiter, false)) {
            Ok(table) if table.columns().len() > 1 && !ends_lines(&table) => {
                return Ok((table, delimiter));
            }
            _ => {}
        }
    }
    let delimiter = most_frequent_in_first_line(bytes);
    Ok((
        parse(file, bytes, Format::new(delimiter, false))?,
        delimiter,
    ))
}

/// Whether every line ends with the delimiter: then it is white space at a line's end rather than a
/// column.
fn ends_lines(table: &RawTable) -> bool {
    let last = table.columns().len() - 1;
    (0..table.rows()).all(|row| table.cell(row, last).is_empty())
}

fn most_frequent_in_first_line(bytes: &[u8]) -> Delimiter {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    let count = |delimiter: &Delimiter| match delimiter {
        Delimiter::Byte(delimiter) => line.iter().filter(|byte| *byte == delimiter).count(),
        Delimiter::Whitespace => 0,
    };
    let most = DELIMITERS.into_iter().max_by_key(count);
    most.filter(|delimiter| count(delimiter) > 0)
        .unwrap_or(Delimiter::Whitespace)
}

/// Whether the first row of a table that was read without a header is one.
pub(super) fn first_row_is_header(table: &RawTable) -> bool {
    let columns = 0..table.columns().len();
    let first = |column| table.cell(0, column);
    let others = |column| (1..table.rows()).map(move |row| table.cell(row, column));
    let is_name = |cell: &str| !cell.is_empty() && parse_number(cell).is_none();
    if columns
        .clone()
        .any(|column| is_name(first(column)) && mostly_numbers(others(column)))
    {
        return true;
    }
    let mut names: Vec<&str> = columns.clone().map(first).collect();
    names.sort_unstable();
    let all_different = names.windows(2).all(|pair| pair[0] != pair[1]);
    let recurs = |column: usize| others(column).any(|cell| cell == first(column));
    all_different
        && !names.iter().any(|name| parse_number(name).is_some())
        && !columns.into_iter().any(recurs)
}

fn mostly_numbers<'a>(cells: impl Iterator<Item = &'a str>) -> bool {
    let (mut present, mut numbers) = (0, 0);
    for cell in cells.filter(|cell| !cell.is_empty()) {
        present += 1;
        numbers += usize::from(parse_number(cell).is_some());
    }
    numbers * 2 > present
}
