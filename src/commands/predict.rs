//! `dropwise predict RUN`: rows in, predictions out, in the same order.

mod answer;
mod rows;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};

use clap::ValueEnum;
use dropwise::backend::Backend;
use dropwise::store::Trained;
use dropwise::{Error, Result};

use super::Outcome;
use super::model::{self, Model};
use answer::Answers;
use rows::{Reader, Row};

/// Predict rows with a trained network
///
/// Rows are prepared as the training rows were, and answered in their order, as they come: the command
/// works in a pipe. CSV needs the header that the training file had (or none, if that had none: then
/// the input columns in their order); the target and columns that were left out may be there and are
/// not looked at. JSONL is an object of columns, or an array of the inputs in their order, on each line.
/// A network of images also takes an IDX file of images.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The folder that `train --out` kept the run in
    run: PathBuf,
    /// The rows: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The form of the rows and of the predictions [default: by the file's name, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Give the probability of each class too
    #[arg(long)]
    proba: bool,
    /// The model to ask [default: best where there are validation rows, else last]
    #[arg(long, value_enum)]
    model: Option<Model>,
    /// Backend, in place of the run's
    #[arg(long, value_name = "NAME")]
    backend: Option<Backend>,
}

/// The form of rows and predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table with the run's delimiter; predictions with commas
    Csv,
    /// A JSON value on each line
    Jsonl,
}

/// Rows that are answered together, at most.
const BATCH: usize = 256;

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let trained = model::load(&self.run, self.model, self.backend.as_ref())?;
        let format = self.format.unwrap_or_else(|| self.format_by_name());
        let answers = Answers::new(&trained, format, self.proba)?;
        let reader = Reader::open(&self.input, format, &trained)?;

        // Rows are read by a thread of their own, so that those that are there can be answered while
        // the next is waited for.
        let (sender, receiver) = sync_channel(2 * BATCH);
        let reading = std::thread::spawn(move || reader.read(&sender));
        let mut out = BufWriter::new(out);
        answers.write_head(&mut out)?;
        let answered = answer_all(&receiver, &trained, &answers, &mut out);
        // Without this a reader that has more to send would wait for ever.
        drop(receiver);
        answered?;
        match reading.join() {
            Ok(read) => read.map(|()| Outcome::Good),
            Err(_) => Err(Error::Compute("the reader of the rows failed".to_owned())),
        }
    }

    fn format_by_name(&self) -> Format {
        let extension = self
            .input
            .extension()
            .and_then(|extension| extension.to_str());
        match extension {
            Some("jsonl" | "ndjson" | "json") => Format::Jsonl,
            _ => Format::Csv,
        }
    }
}

/// Answers rows in batches of what is there; after each nothing is held back.
fn answer_all(
    rows: &Receiver<Row>,
    trained: &Trained,
    answers: &Answers<'_>,
    out: &mut impl Write,
) -> Result<()> {
    while let Ok(first) = rows.recv() {
        let mut inputs = first;
        for _ in 1..BATCH {
            match rows.try_recv() {
                Ok(row) => inputs.extend(row),
                Err(_) => break,
            }
        }
        answers.write(&trained.predict(&inputs)?, out)?;
        out.flush()?;
    }
    Ok(out.flush()?)
}
