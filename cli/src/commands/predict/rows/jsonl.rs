//! Rows of JSON, one on each line.

use std::fmt;
use std::io::BufRead;

use dropwise::Result;
use dropwise::data::csv::Lines;
use dropwise::data::{Preprocessing, RowError};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Sink;
use super::columns::Columns;

pub(super) fn read(mut lines: Lines<impl BufRead>, sink: &Sink) -> Result<()> {
    let columns = Columns::new(&sink.preprocessing, &sink.keep);
    loop {
        let next = lines.next_line();
        let next = next.map(|next| next.map(|(line, text)| (line, text.to_owned())));
        let (line, text) = match next {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(error) if lines.can_go_on() => {
                sink.send_row(Vec::new(), Err(error))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let (kept, fields) = match serde_json::from_str(&text) {
            Ok(row) => fields(&row, &columns, &sink.preprocessing),
            Err(error) => (Vec::new(), Err(not_a_row(&error))),
        };
        let inputs = fields.map_err(|error| sink.at(line, error));
        let inputs = inputs.and_then(|fields| {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            sink.prepared(line, &fields)
        });
        sink.send_row(kept, inputs)?;
    }
}

/// The values of a row that are kept, where they are all there, and those that the network needs, in the order of its columns.
fn fields(
    row: &Row,
    columns: &Columns,
    preprocessing: &Preprocessing,
) -> (Vec<String>, std::result::Result<Vec<String>, RowError>) {
    let (kept, values) = match row {
        Row::Values(values) => {
            let values: Vec<&RawValue> = values.iter().map(Box::as_ref).collect();
            (columns.kept_of(&values), Ok(values))
        }
        Row::Columns(pairs) => {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(name, value)| (name.as_str(), value.as_ref()));
            (columns.kept(pairs.clone()), columns.in_order(pairs))
        }
    };
    let missing = kept.as_ref().err().cloned();
    let kept = kept.unwrap_or_default();
    let kept = kept.into_iter().map(|value| value.get().to_owned());
    let fields = values.and_then(|values| match missing {
        Some(error) => Err(error),
        None => (values.into_iter().enumerate())
            .map(|(k, value)| field(columns.name(k), value, preprocessing))
            .collect(),
    });
    (kept.collect(), fields)
}

/// A value as a cell of the table has it: a number keeps all the digits that it is written with.
fn field(
    column: &str,
    value: &RawValue,
    preprocessing: &Preprocessing,
) -> std::result::Result<String, RowError> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).map_err(|error| not_a_row(&error)),
        Some(b't' | b'f') => Ok(text.to_owned()),
        Some(b'n') => Ok(preprocessing.missing_value().to_owned()),
        Some(b'[' | b'{') => Err(RowError::new(
            column,
            "expected a number, a text or null, found an array or an object",
            "give one value for each column",
        )),
        _ => Ok(preprocessing.field_of_number(text.to_owned())),
    }
}

fn not_a_row(error: &serde_json::Error) -> RowError {
    // The line that it names is that of the row's text, which has one.
    let problem = error.to_string();
    let problem = match problem.rsplit_once(" at line ") {
        Some((problem, _)) => format!("{problem} at character {}", error.column()),
        None => problem,
    };
    let fix = "give an object of columns or an array of values on each line; `jq -c '.[]' FILE` makes such lines of an array";
    RowError::new("", format!("expected a row as JSON: {problem}"), fix)
}

/// One line of JSON. Two columns of one name are kept, so that they can be an error.
enum Row {
    Columns(Vec<(String, Box<RawValue>)>),
    Values(Vec<Box<RawValue>>),
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of columns or an array of values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Row, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Row::Columns(pairs))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Row, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Row::Values(values))
    }
}
