//! Rows of JSON, one on each line.

use std::fmt;
use std::io::BufRead;

use dropwise::Result;
use dropwise::data::RowError;
use dropwise::data::csv::Lines;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Sink;
use super::columns::Columns;

pub(super) fn read(mut lines: Lines<impl BufRead>, sink: &Sink) -> Result<()> {
    let columns = Columns::of(&sink.preprocessing);
    let missing = sink.preprocessing.missing_value();
    while let Some((line, text)) = lines.next_line()? {
        let fields = fields(text, &columns, missing).map_err(|error| sink.at(line, error))?;
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        sink.send(line, &fields)?;
    }
    Ok(())
}

/// The values of one line, in the order of the columns.
fn fields(
    text: &str,
    columns: &Columns,
    missing: &str,
) -> std::result::Result<Vec<String>, RowError> {
    let row: Row = serde_json::from_str(text).map_err(|error| not_a_row(&error))?;
    let values: Vec<&Value> = match &row {
        Row::Values(values) => values.iter().collect(),
        Row::Columns(pairs) => {
            columns.in_order(pairs.iter().map(|(name, value)| (name.as_str(), value)))?
        }
    };
    let values = values.into_iter().enumerate();
    values
        .map(|(k, value)| field(columns.name(k), value, missing))
        .collect()
}

fn field(column: &str, value: &Value, missing: &str) -> std::result::Result<String, RowError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Ok(missing.to_owned()),
        Value::Array(_) | Value::Object(_) => Err(RowError::new(
            column,
            "expected a number, a text or null, found an array or an object",
            "give one value for each column",
        )),
    }
}

fn not_a_row(error: &serde_json::Error) -> RowError {
    // The line that it names is that of the row's text, which has one.
    let problem = error.to_string();
    let problem = match problem.rsplit_once(" at line ") {
        Some((problem, _)) => format!("{problem} at character {}", error.column()),
        None => problem,
    };
    RowError::new(
        "",
        format!("expected a row as JSON: {problem}"),
        "give an object of columns or an array of values on each line",
    )
}

/// One line of JSON. Two columns of one name are kept, so that they can be an error.
enum Row {
    Columns(Vec<(String, Value)>),
    Values(Vec<Value>),
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
