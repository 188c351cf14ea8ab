//! What stands between values, which lines are no rows, and whether the first of them names the columns.

use dropwise::Result;
use dropwise::config::Delimiter;
use dropwise::data::csv::{Format, parse};
use dropwise::data::{RawTable, parse_number};
use encoding_rs::Encoding;

/// The delimiters that are tried, the rarest within values first.
const DELIMITERS: [Delimiter; 5] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
    Delimiter::Whitespace,
];

/// How a file is laid out, and what is in it.
pub(super) struct Layout {
    pub(super) format: Format,
    /// The name of the encoding, if it is not UTF-8.
    pub(super) encoding: Option<&'static str>,
    pub(super) table: RawTable,
    /// Whether there is a header, and the first column has no name in it.
    pub(super) is_first_unnamed: bool,
}

/// Lines of a title that are looked for, at most.
const MOST_TITLE_LINES: usize = 10;

/// How the bytes of a file are laid out: the first delimiter that gives every line the same columns, two or more; lines that
/// begin with `#`, and those of a title before the table, are passed over where the table is none with them.
///
/// # Errors
/// [`dropwise::Error::Data`] of the delimiter that the first line has most of, if there is no such layout.
pub(super) fn find(file: &str, bytes: &[u8]) -> Result<Layout> {
    let encoding = encoding(bytes);
    let plain = |format: Format| Format { encoding, ..format };
    let parsed =
        |format: Format| parse(file, bytes, plain(format)).map(|table| (table, plain(format)));
    // The beginning says how the lines of the whole are cut, unless it ends within quotes or a mistake follows.
    let head = head(bytes);
    let by_head = candidates(head).into_iter().find(|format| {
        let table = parse(file, head, plain(*format));
        table.is_ok_and(|table| fits(head, &table, *format))
    });
    let found = by_head.and_then(|format| parsed(format).ok());
    let found = found.or_else(|| {
        let tried = candidates(bytes).into_iter();
        tried
            .filter_map(|format| parsed(format).ok())
            .find(|(table, format)| fits(bytes, table, *format))
    });
    let (table, format) = match found {
        // Spreadsheet programs write a title as a row of one cell, and all delimiters.
        Some((table, format)) => match padded_titles(&table) {
            0 => (table, format),
            rows => parsed(Format {
                skip_lines: table.line(rows) - 1,
                ..format
            })?,
        },
        None => {
            // The header has the last word on what is wrong with the lines.
            let delimiter = most_frequent_in_first_line(bytes);
            parsed(Format::new(delimiter, true))?;
            parsed(Format::new(delimiter, false))?
        }
    };
    let header = first_row_is_header(&table);
    let is_first_unnamed = header && table.cell(0, 0).is_empty();
    let format = Format { header, ..format };
    Ok(Layout {
        format,
        encoding: encoding.map(Encoding::name),
        table: match header {
            true => parse(file, bytes, format)?,
            false => table,
        },
        is_first_unnamed,
    })
}

/// The layouts that are tried, in their order.
fn candidates(bytes: &[u8]) -> Vec<Format> {
    let with = |skip_lines: usize, comment: Option<u8>| {
        // White space parts any text of two words a line: not where lines are passed over.
        let is_plain = skip_lines == 0 && comment.is_none();
        let delimiters = DELIMITERS
            .into_iter()
            .filter(move |delimiter| is_plain || *delimiter != Delimiter::Whitespace);
        delimiters.map(move |delimiter| Format {
            skip_lines,
            comment,
            ..Format::new(delimiter, false)
        })
    };
    let begins_comment = |line: &[u8]| line.trim_ascii_start().starts_with(b"#");
    let has_comments = bytes.split(|byte| *byte == b'\n').any(begins_comment);
    let comments = with(0, Some(b'#')).filter(|_| has_comments);
    let titles = (1..=MOST_TITLE_LINES).flat_map(|lines| with(lines, None));
    with(0, None).chain(comments).chain(titles).collect()
}

/// Whether what was parsed is a table, and no row of it passed over.
fn fits(bytes: &[u8], table: &RawTable, format: Format) -> bool {
    let is_table = table.columns().len() > 1 && table.rows() > 1 && !ends_lines(table);
    is_table && are_titles(bytes, table.columns().len(), format)
}

/// The first lines of a large file.
fn head(bytes: &[u8]) -> &[u8] {
    const HEAD: usize = 1 << 20;
    match bytes
        .get(..HEAD)
        .and_then(|head| head.iter().rposition(|byte| *byte == b'\n'))
    {
        Some(last) => &bytes[..=last],
        None => bytes,
    }
}

/// Whether the lines that are passed over have fewer values than the table has columns: a row with a mistake is no title.
fn are_titles(bytes: &[u8], columns: usize, format: Format) -> bool {
    let Delimiter::Byte(delimiter) = format.delimiter else {
        return true;
    };
    let mut lines = bytes.split(|byte| *byte == b'\n').take(format.skip_lines);
    lines.all(|line| line.iter().filter(|byte| **byte == delimiter).count() + 1 < columns)
}

/// How many rows at the start of a table of three columns or more have one value at most.
fn padded_titles(table: &RawTable) -> usize {
    let columns = table.columns().len();
    let is_title = |row: &usize| {
        (0..columns)
            .filter(|column| !table.cell(*row, *column).is_empty())
            .count()
            < 2
    };
    let titles = (0..table.rows()).take_while(is_title).count();
    if columns < 3 || titles > MOST_TITLE_LINES || titles == table.rows() {
        0
    } else {
        titles
    }
}

/// The encoding, if it is not UTF-8: UTF-16 where a byte order mark says so, else that of Windows in Western Europe and America,
/// in which every byte is a letter.
fn encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] => Some(encoding_rs::UTF_16LE),
        [0xfe, 0xff, ..] => Some(encoding_rs::UTF_16BE),
        // What has zeros is no text at all.
        _ if bytes.contains(&0) => None,
        _ if std::str::from_utf8(bytes).is_ok() => None,
        _ => {
            // Letters of UTF-8 that are more than what is none speak of a damaged file, whose line an error names.
            let text = String::from_utf8_lossy(bytes);
            let letters = text.chars().filter(|letter| !letter.is_ascii());
            let (damaged, whole): (Vec<char>, Vec<char>) =
                letters.partition(|letter| *letter == char::REPLACEMENT_CHARACTER);
            (whole.len() <= damaged.len()).then_some(encoding_rs::WINDOWS_1252)
        }
    }
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
