//! Rows of a table, with the delimiter and the header that the training file had.

use dropwise::Result;
use dropwise::config::Delimiter;
use dropwise::data::Refusal;
use dropwise::data::csv::column_names;

use super::columns::Columns;
use super::text::{Text, for_each_line};
use super::{Sink, refusal};

pub(super) fn read(text: Text, delimiter: Delimiter, header: bool, sink: &Sink) -> Result<()> {
    let mut table = Table::new(header, sink);
    match delimiter {
        Delimiter::Byte(delimiter) => read_delimited(text, delimiter, &mut table)?,
        Delimiter::Whitespace => for_each_line(text, sink, |line, text| {
            table.take(line, text.split_ascii_whitespace().collect())
        })?,
    }
    table.finish()
}

fn read_delimited(text: Text, delimiter: u8, table: &mut Table) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true) // ragged rows are counted by `Table`, whose error says more
        .from_reader(text);
    let mut record = csv::StringRecord::new();
    loop {
        reader.get_mut().begin_row();
        match reader.read_record(&mut record) {
            Ok(true) => {
                let line_breaks = record.as_slice().matches('\n').count();
                // The text is handed out line by line: what was read last is the row's last line. The
                // reader's own count is behind after empty lines.
                let line = reader.get_ref().line() - line_breaks;
                table.take(line, record.iter().collect())?;
            }
            Ok(false) => return Ok(()),
            Err(error) => {
                let text = reader.get_ref();
                return Err(match error.into_kind() {
                    csv::ErrorKind::Io(cause) => text.error(table.sink, cause),
                    // The only other one of a reader that takes rows of any length.
                    _ => text.not_utf8(table.sink),
                });
            }
        }
    }
}

/// Takes the lines of a table and sends its rows.
struct Table<'a> {
    sink: &'a Sink,
    columns: Columns,
    /// Whether the first line names the columns.
    header: bool,
    /// Known after the first line.
    layout: Option<Layout>,
}

/// Where the network's columns stand in a line.
struct Layout {
    places: Vec<usize>,
    /// Columns in all.
    width: usize,
}

impl<'a> Table<'a> {
    fn new(header: bool, sink: &'a Sink) -> Self {
        Table {
            sink,
            columns: Columns::of(&sink.preparation),
            header,
            layout: None,
        }
    }

    fn take(&mut self, line: usize, cells: Vec<&str>) -> Result<()> {
        let at = |refusal| self.sink.at(line, refusal);
        let layout = match &self.layout {
            Some(layout) => layout,
            None if self.header => {
                self.layout = Some(Layout::under(&cells, &self.columns).map_err(at)?);
                return Ok(());
            }
            None => {
                let layout = Layout::without_header(cells.len(), &self.columns).map_err(at)?;
                self.layout.insert(layout)
            }
        };
        if cells.len() != layout.width {
            return Err(at(ragged(layout.width, cells.len())));
        }
        let fields: Vec<&str> = layout.places.iter().map(|place| cells[*place]).collect();
        self.sink.send(line, &fields)
    }

    /// The end of the table.
    fn finish(&self) -> Result<()> {
        if self.header && self.layout.is_none() {
            let problem = "expected a header with the names of the columns, found nothing";
            return Err(self
                .sink
                .at(1, refusal(problem, "give a table with a header")));
        }
        Ok(())
    }
}

impl Layout {
    fn under(header: &[&str], columns: &Columns) -> std::result::Result<Self, Refusal> {
        let names = column_names(header.iter().copied());
        let places = names.iter().map(String::as_str).zip(0..);
        Ok(Layout {
            places: columns.in_order(places)?,
            width: header.len(),
        })
    }

    /// Without a header a line has the network's columns in their order, or all those of the training
    /// file, which are then called by their numbers.
    fn without_header(width: usize, columns: &Columns) -> std::result::Result<Self, Refusal> {
        let (needed, all) = (columns.count(), columns.count_with_others());
        if width == needed {
            return Ok(Layout {
                places: (0..width).collect(),
                width,
            });
        }
        if width == all {
            return Layout::under(&vec![""; width], columns);
        }
        Err(refusal(
            format!(
                "expected {needed} values, or {all} with those that are not looked at, found {width}"
            ),
            "give the columns that the network was trained on, or all columns of the training file",
        ))
    }
}

fn ragged(expected: usize, found: usize) -> Refusal {
    refusal(
        format!("expected {expected} values, found {found}"),
        "give every row a value for each column; look for a delimiter inside a value (put the value in \
         double quotes) or a quote that is not closed",
    )
}
