//! Rows from a table, from JSON lines or from an IDX file, prepared as the training rows were.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use dropwise::config::{ColumnName, Delimiter};
use dropwise::data::{Preparation, Refusal, idx};
use dropwise::error::DataError;
use dropwise::store::Trained;
use dropwise::{Error, Result};
use serde_json::Value;

use super::Format;

/// The inputs of one row.
pub(super) type Row = Vec<f64>;

/// Reads rows and prepares them.
pub(super) struct Reader {
    file: String,
    source: Box<dyn BufRead + Send>,
    size: Option<u64>,
    format: Format,
    delimiter: Delimiter,
    header: bool,
    preparation: Preparation,
    columns: Vec<String>,
    /// Columns that may be there and are not looked at.
    ignored: Vec<ColumnName>,
    missing: String,
}

impl Reader {
    pub(super) fn open(path: &Path, format: Format, trained: &Trained) -> Result<Self> {
        let (file, source, size) = open(path)?;
        let data = &trained.experiment.data;
        let left_out = data.leave_out.iter().flatten();
        Ok(Reader {
            file,
            source,
            size,
            format,
            delimiter: data.delimiter(),
            header: data.header(),
            columns: trained.preparation.columns(),
            preparation: trained.preparation.clone(),
            ignored: left_out.chain(&data.target).cloned().collect(),
            missing: data.missing_values().first().cloned().unwrap_or_default(),
        })
    }

    /// Sends every row, until the end, a mistake, or a receiver that wants no more.
    pub(super) fn read(mut self, rows: &SyncSender<Row>) -> Result<()> {
        let start = match self.source.fill_buf() {
            Ok(start) => start,
            Err(cause) => return Err(self.unreadable(cause)),
        };
        let is_idx = start.starts_with(&[0, 0, 8]) || start.starts_with(&[0x1f, 0x8b]);
        let is_images = matches!(self.preparation, Preparation::Images { .. });
        match (self.format, self.delimiter) {
            _ if is_images && is_idx => self.read_idx(rows),
            (Format::Jsonl, _) => self.read_jsonl(rows),
            (Format::Csv, Delimiter::Byte(delimiter)) => self.read_csv(delimiter, rows),
            (Format::Csv, Delimiter::Whitespace) => self.read_words(rows),
        }
    }

    fn read_idx(self, rows: &SyncSender<Row>) -> Result<()> {
        let d_input = self.preparation.d_input();
        let images = idx::parse(&self.file, self.source, self.size)?;
        let found = images.dims.iter().skip(1).product::<usize>();
        if images.dims.len() < 2 || found != d_input {
            return Err(Error::Shape {
                what: format!("{}: pixels of an image", self.file),
                expected: vec![d_input],
                found: images.dims.get(1..).unwrap_or_default().to_vec(),
            });
        }
        let Preparation::Images { largest, .. } = self.preparation else {
            return Ok(());
        };
        for image in images.values.chunks_exact(d_input) {
            let row = image
                .iter()
                .map(|pixel| f64::from(*pixel) / f64::from(largest));
            if rows.send(row.collect()).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn read_csv(mut self, delimiter: u8, rows: &SyncSender<Row>) -> Result<()> {
        let mut table = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(self.take_source());
        let mut places = self.places_without_header();
        let mut record = csv::StringRecord::new();
        loop {
            let more = table.read_record(&mut record);
            if !more.map_err(|error| self.not_csv(&error))? {
                return self.check_header(places.as_ref());
            }
            let line = record
                .position()
                .map_or(0, |position| position.line() as usize);
            let fields: Vec<&str> = record.iter().collect();
            if self.take(line, &fields, &mut places, rows)? == Wanted::NoMore {
                return Ok(());
            }
        }
    }

    fn read_words(mut self, rows: &SyncSender<Row>) -> Result<()> {
        let mut places = self.places_without_header();
        for (number, line) in self.take_source().lines().enumerate() {
            let line = line.map_err(|cause| self.unreadable(cause))?;
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            if fields.is_empty() {
                continue;
            }
            if self.take(number + 1, &fields, &mut places, rows)? == Wanted::NoMore {
                return Ok(());
            }
        }
        self.check_header(places.as_ref())
    }

    fn read_jsonl(mut self, rows: &SyncSender<Row>) -> Result<()> {
        for (number, line) in self.take_source().lines().enumerate() {
            let line = line.map_err(|cause| self.unreadable(cause))?;
            if line.trim().is_empty() {
                continue;
            }
            let fields = self.json_fields(number + 1, &line)?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            if self.send(number + 1, &fields, rows)? == Wanted::NoMore {
                return Ok(());
            }
        }
        Ok(())
    }

    fn take_source(&mut self) -> Box<dyn BufRead + Send> {
        std::mem::replace(&mut self.source, Box::new(io::empty()))
    }

    /// Takes one line of a table: the header, or a row.
    fn take(
        &self,
        line: usize,
        fields: &[&str],
        places: &mut Option<Places>,
        rows: &SyncSender<Row>,
    ) -> Result<Wanted> {
        let Some(places) = places else {
            *places = Some(self.places(line, fields)?);
            return Ok(Wanted::More);
        };
        if fields.len() != places.width {
            return Err(self.mistake(
                line,
                format!("expected {} values, found {}", places.width, fields.len()),
                "give every row a value for each column",
            ));
        }
        let fields: Vec<&str> = places
            .of_columns
            .iter()
            .map(|place| fields[*place])
            .collect();
        self.send(line, &fields, rows)
    }

    /// Prepares a row's fields, in the order of the columns, and sends it.
    fn send(&self, line: usize, fields: &[&str], rows: &SyncSender<Row>) -> Result<Wanted> {
        let mut row = vec![0.0; self.preparation.d_input()];
        self.preparation
            .prepare(fields, &mut row)
            .map_err(|refusal: Refusal| refusal.at(&self.file, line))?;
        Ok(match rows.send(row) {
            Ok(()) => Wanted::More,
            Err(_) => Wanted::NoMore,
        })
    }

    /// Where the input columns stand under a header.
    fn places(&self, line: usize, header: &[&str]) -> Result<Places> {
        let mut place_of = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            let name = name.trim_start_matches('\u{feff}').trim();
            if place_of.insert(name, place).is_some() {
                let problem = format!("two columns are named `{name}`");
                return Err(self.mistake(line, problem, "give each column a name of its own"));
            }
        }
        let mut of_columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            match place_of.remove(column.as_str()) {
                Some(place) => of_columns.push(place),
                None => {
                    let problem = format!("the column `{column}` is missing");
                    return Err(self.mistake(line, problem, "the network was trained on it"));
                }
            }
        }
        let extra = place_of
            .iter()
            .filter(|(name, place)| !self.ignores(name, **place));
        match extra.min_by_key(|(_, place)| **place) {
            Some((name, _)) => {
                let problem = format!("the column `{name}` is not one of the network's");
                Err(self.mistake(line, problem, "take it out; the network does not know it"))
            }
            None => Ok(Places {
                of_columns,
                width: header.len(),
            }),
        }
    }

    /// Without a header the columns are the inputs in their order.
    fn places_without_header(&self) -> Option<Places> {
        (!self.header).then(|| Places {
            of_columns: (0..self.columns.len()).collect(),
            width: self.columns.len(),
        })
    }

    fn ignores(&self, name: &str, place: usize) -> bool {
        self.ignored.iter().any(|column| match column {
            ColumnName::Name(ignored) => ignored == name,
            ColumnName::Number(number) => *number == place + 1,
        })
    }

    fn check_header(&self, places: Option<&Places>) -> Result<()> {
        match places {
            Some(_) => Ok(()),
            None => Err(self.mistake(1, "expected a header, found nothing".to_owned(), "")),
        }
    }

    /// The values of one line of JSON, in the order of the columns.
    fn json_fields(&self, line: usize, text: &str) -> Result<Vec<String>> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            self.mistake(
                line,
                format!("not JSON: {error}"),
                "give one JSON value on each line",
            )
        })?;
        match value {
            Value::Array(values) => values
                .iter()
                .map(|value| self.json_field(line, "", value))
                .collect(),
            Value::Object(mut object) => {
                let mut fields = Vec::with_capacity(self.columns.len());
                for column in &self.columns {
                    let Some(value) = object.remove(column) else {
                        let problem = format!("the column `{column}` is missing");
                        return Err(self.mistake(line, problem, "the network was trained on it"));
                    };
                    fields.push(self.json_field(line, column, &value)?);
                }
                // Objects have no places: a column that is ignored by its number cannot be told.
                match object
                    .keys()
                    .find(|name| !self.ignores(name, usize::MAX - 1))
                {
                    Some(name) => {
                        let problem = format!("the column `{name}` is not one of the network's");
                        Err(self.mistake(
                            line,
                            problem,
                            "take it out; the network does not know it",
                        ))
                    }
                    None => Ok(fields),
                }
            }
            _ => Err(self.mistake(
                line,
                "expected an object of columns or an array of values".to_owned(),
                "give one of them on each line",
            )),
        }
    }

    fn json_field(&self, line: usize, column: &str, value: &Value) -> Result<String> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(value) => Ok(value.to_string()),
            Value::Null => Ok(self.missing.clone()),
            Value::Array(_) | Value::Object(_) => Err(self.mistake(
                line,
                format!("column `{column}`: expected a number or a text, found {value}"),
                "give one value for each column",
            )),
        }
    }

    fn not_csv(&self, error: &csv::Error) -> Error {
        let line = error
            .position()
            .map_or(0, |position| position.line() as usize);
        self.mistake(line, error.to_string(), "save the table as text in UTF-8")
    }

    fn mistake(&self, line: usize, problem: String, fix: &str) -> Error {
        Error::Data(Box::new(DataError {
            file: self.file.clone(),
            place: format!("line {line}"),
            problem,
            fix: fix.to_owned(),
        }))
    }

    fn unreadable(&self, cause: io::Error) -> Error {
        Error::Read {
            path: PathBuf::from(&self.file),
            cause,
        }
    }
}

/// Whether the receiver of rows still wants some.
#[derive(PartialEq, Eq)]
enum Wanted {
    More,
    NoMore,
}

/// Where the input columns stand in a line.
struct Places {
    of_columns: Vec<usize>,
    /// Columns in all.
    width: usize,
}

/// What a file is called, what is in it, and how long it is where that is known.
type Opened = (String, Box<dyn BufRead + Send>, Option<u64>);

fn open(path: &Path) -> Result<Opened> {
    if path == Path::new("-") {
        let source = Box::new(BufReader::new(io::stdin()));
        return Ok(("standard input".to_owned(), source, None));
    }
    let unreadable = |cause| Error::Read {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let size = metadata.is_file().then_some(metadata.len());
    Ok((
        path.display().to_string(),
        Box::new(BufReader::new(file)),
        size,
    ))
}
