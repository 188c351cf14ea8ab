//! Rows of a table, with the delimiter and the header that the training file had.

use dropwise::Result;
use dropwise::data::RowError;
use dropwise::data::csv::{Format, Reader, Record};

use super::columns::Columns;
use super::{Input, Sent, Sink};

pub(super) fn read(input: Input, format: Format, sink: &Sink) -> Result<()> {
    let is_pipe = !input.is_of_a_file();
    let mut reader = Reader::new(&sink.input, input.source, format)?;
    if reader.columns().is_empty() {
        if !format.header {
            return Ok(());
        }
        let problem = "expected a header with the names of the columns, found nothing";
        let error = RowError::new("", problem, "give a table with a header");
        return Err(sink.at(1, error));
    }
    let columns = Columns::new(&sink.preprocessing, &sink.keep);
    let (kept, places) = places(reader.columns(), format.header, &columns)
        .map_err(|error| sink.at(reader.first_line(), error))?;
    if is_pipe && format.header {
        sink.send(Sent::Header)?;
    }
    let mut record = Record::default();
    loop {
        match reader.read(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if reader.can_go_on() => {
                sink.send_row(Vec::new(), Err(error))?;
                continue;
            }
            Err(error) => return Err(error),
        }
        let cells: Vec<&str> = record.cells().collect();
        let fields: Vec<&str> = places.iter().map(|place| cells[*place]).collect();
        let kept = kept.iter().map(|place| cells[*place].to_owned()).collect();
        let inputs = sink.prepared(record.line(), &fields);
        sink.send_row(kept, inputs)?;
    }
}

/// Where the columns that are kept and the network's columns stand in a line. Without a header a line has the network's columns in their order, or
/// all those of the training file, which are then called by their numbers.
fn places(
    names: &[String],
    header: bool,
    columns: &Columns,
) -> std::result::Result<(Vec<usize>, Vec<usize>), RowError> {
    let (needed, all) = (columns.count(), columns.count_with_others());
    if !header && names.len() == needed {
        let places: Vec<usize> = (0..needed).collect();
        return Ok((columns.kept_of(&places)?, places));
    }
    if header || names.len() == all {
        let row = names.iter().map(String::as_str).zip(0..);
        let places = columns.in_order(row.clone())?;
        return Ok((columns.kept(row)?, places));
    }
    let found = names.len();
    Err(RowError::new(
        "",
        format!(
            "expected {needed} values, or {all} with those that are not looked at, found {found}"
        ),
        "give the columns that the network was trained on, or all columns of the training file",
    ))
}
