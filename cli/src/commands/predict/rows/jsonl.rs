//! Rows of JSON, one on each line.

use std::fmt;

use dropwise::Result;
use dropwise::data::{Preparation, Refusal};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::columns::Columns;
use super::text::{Text, for_each_line};
use super::{Sink, refusal};

pub(super) fn read(text: Text, sink: &Sink) -> Result<()> {
    let columns = Columns::of(&sink.preparation);
    let missing = missing_value(&sink.preparation);
    for_each_line(text, sink, |line, text| {
        let fields = fields(text, &columns, missing);
        let fields = fields.map_err(|refusal| sink.at(line, refusal))?;
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        sink.send(line, &fields)
    })
}

/// How the network's table writes what JSON calls `null`.
fn missing_value(preparation: &Preparation) -> &str {
    match preparation {
        Preparation::Table(table) => table.missing_values.first().map_or("", String::as_str),
        _ => "",
    }
}

/// The values of one line, in the order of the columns.
fn fields(
    text: &str,
    columns: &Columns,
    missing: &str,
) -> std::result::Result<Vec<String>, Refusal> {
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

fn field(column: &str, value: &Value, missing: &str) -> std::result::Result<String, Refusal> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Ok(missing.to_owned()),
        Value::Array(_) | Value::Object(_) => Err(Refusal {
            column: column.to_owned(),
            problem: "expected a number, a text or null, found an array or an object".to_owned(),
            fix: "give one value for each column".to_owned(),
        }),
    }
}

fn not_a_row(error: &serde_json::Error) -> Refusal {
    // The line that it names is that of the row's text, which has one.
    let problem = error.to_string();
    let problem = match problem.rsplit_once(" at line ") {
        Some((problem, _)) => format!("{problem} at character {}", error.column()),
        None => problem,
    };
    refusal(
        format!("expected a row as JSON: {problem}"),
        "give an object of columns or an array of values on each line",
    )
}

/// One line of JSON. Two columns of one name are kept, to be told of.
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
