//! Rows from a table, from JSON lines or from an IDX file, prepared as the training rows were.

mod columns;
mod images;
mod jsonl;
mod table;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;

use dropwise::config::DataSource;
use dropwise::data::csv::{self, Lines};
use dropwise::data::{Preprocessing, Remarks, RowError, parquet};
use dropwise::{Error, Result};
use dropwise_lab::store::Trained;

use super::Format;

/// One row.
pub(super) struct Row {
    /// What the network takes, or why there is nothing.
    pub(super) inputs: Result<Vec<f64>>,
    /// What is carried to the answer, a cell or JSON for each column of `--keep`; none of a row that cannot be told apart.
    pub(super) kept: Vec<String>,
}

/// What is sent while rows are read.
pub(super) enum Sent {
    /// The header of a table that comes through a pipe is good: its sender may wait for that of the answers.
    Header,
    Row(Row),
}

/// Reads rows and prepares them.
pub(super) struct Reader {
    input: Input,
    format: Format,
    /// How a table is laid out.
    layout: csv::Format,
    preprocessing: Preprocessing,
    keep: Vec<String>,
}

/// Bytes with rows in them.
struct Input {
    /// What messages call it.
    name: String,
    source: Box<dyn BufRead + Send>,
    /// How many bytes there are, where that is known.
    size: Option<u64>,
}

/// Prepares rows and sends them, in order.
struct Sink {
    input: String,
    preprocessing: Preprocessing,
    /// The columns that are carried to the answers.
    keep: Vec<String>,
    /// Whether the first row that cannot be used is the end.
    stops: bool,
    /// What was done about values that are not as training has them.
    remarks: RefCell<Remarks>,
    rows: SyncSender<Sent>,
}

const IDX_MARK: [u8; 3] = [0, 0, 8];
const GZIP_MARK: [u8; 2] = [0x1f, 0x8b];

impl Reader {
    /// `fills_in` says whether missing values are filled in though training did not, `keep` which columns are carried to the
    /// answers.
    pub(super) fn open(
        path: &Path,
        format: Format,
        trained: &Trained,
        (fills_in, keep): (bool, &[String]),
    ) -> Result<Self> {
        let mut preprocessing = trained.prepared.preprocessing.clone();
        if fills_in && !preprocessing.fill_in() {
            let expected = "a run of a table that has kept a value to fill in for each column";
            let found = "one of other data, or of an older version";
            return Err(Error::invalid("--missing", expected, found));
        }
        let layout = match &trained.experiment.data.source {
            DataSource::Csv { file, .. } if !parquet::is_one(path) => csv::Format::of(file),
            _ => csv::Format::default(),
        };
        Ok(Reader {
            input: Input::open(path)?,
            format,
            layout,
            preprocessing,
            keep: keep.to_vec(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.input.name
    }

    /// Whether the rows are all there, so that nobody waits for an answer before giving the next.
    pub(super) fn is_of_a_file(&self) -> bool {
        self.input.is_of_a_file()
    }

    /// Sends every row, until the end or a mistake: the first where `stops` says so, else one after which rows cannot be told apart.
    /// Beside that, what was done about values that are not as training has them.
    pub(super) fn read(self, rows: SyncSender<Sent>, stops: bool) -> (Result<()>, Remarks) {
        let sink = Sink {
            input: self.input.name.clone(),
            preprocessing: self.preprocessing,
            keep: self.keep,
            stops,
            remarks: RefCell::default(),
            rows,
        };
        let read = sink.read(self.input, self.format, self.layout);
        (read, sink.remarks.into_inner())
    }
}

impl Sink {
    fn read(&self, mut input: Input, format: Format, layout: csv::Format) -> Result<()> {
        let start = input.start()?;
        let is_idx = start.starts_with(&IDX_MARK) || start.starts_with(&GZIP_MARK);
        match (&self.preprocessing, format) {
            (Preprocessing::Images { .. }, _) if is_idx => images::read(input, self),
            (_, Format::Jsonl) => jsonl::read(Lines::new(&self.input, input.source), self),
            (_, Format::Csv) => table::read(input, layout, self),
        }
    }

    /// The inputs of a row's fields, which stand in the order of the network's columns.
    fn prepared(&self, line: usize, fields: &[&str]) -> Result<Vec<f64>> {
        let mut row = vec![0.0; self.preprocessing.d_input()];
        let place = || format!("line {line}");
        self.preprocessing
            .transform_with(fields, &mut row, &mut self.remarks.borrow_mut(), place)
            .map_err(|error| self.at(line, error))?;
        Ok(row)
    }

    fn send_row(&self, kept: Vec<String>, inputs: Result<Vec<f64>>) -> Result<()> {
        if self.stops && inputs.is_err() {
            return inputs.map(drop);
        }
        self.send(Sent::Row(Row { inputs, kept }))
    }

    fn send(&self, sent: Sent) -> Result<()> {
        // Whoever takes the rows stops only at an error of its own, and shows that one.
        let unwanted = |_| Error::Compute("no more rows are wanted".to_owned());
        self.rows.send(sent).map_err(unwanted)
    }

    fn at(&self, line: usize, error: RowError) -> Error {
        error.at(&self.input, format!("line {line}"))
    }
}

impl Input {
    fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Input {
                name: "standard input".to_owned(),
                source: Box::new(BufReader::new(io::stdin())),
                size: None,
            });
        }
        let unreadable = |cause| Error::Read {
            path: path.to_owned(),
            cause,
        };
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        let source: Box<dyn BufRead + Send> = match parquet::is_one(path) {
            true => parquet::as_csv(path, usize::MAX)?.0,
            false => Box::new(BufReader::new(file)),
        };
        Ok(Input {
            name: path.display().to_string(),
            source,
            size: about.is_file().then_some(about.len()),
        })
    }

    fn is_of_a_file(&self) -> bool {
        self.size.is_some()
    }

    /// The first bytes, without taking them.
    fn start(&mut self) -> Result<&[u8]> {
        self.source.fill_buf().map_err(|cause| Error::Read {
            path: PathBuf::from(&self.name),
            cause,
        })
    }
}
