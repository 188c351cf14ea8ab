//! `dropwise predict RUN`: rows in, predictions out, in the same order.

mod answer;
mod rows;
mod spread;

use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, sync_channel};

use clap::ValueEnum;
use dropwise::{Error, Result};
use dropwise_lab::store::Trained;

use super::Outcome;
use super::args::{ModelArgs, ThresholdArgs};
use super::sure::{Sure, SureArgs};
use answer::{Answers, Form, Said};
use rows::{Reader, Row, Sent};

/// Predict rows with a trained network
///
/// Rows are preprocessed like the training rows and predicted in order, as they arrive, so the command
/// works in a pipe. CSV needs the header that the training file had; the columns may be in another
/// order. If that had no header, a row is the inputs in their order, or all columns of the training file.
/// JSONL is an object of columns, or an array of the inputs in their order, on each line. The target and
/// columns that were left out may be present; they are ignored.
/// A network of images also takes an IDX file of images.
///
/// With --samples, a prediction is the average of many thinned networks, with their spread: `std`, the standard deviation, for
/// numbers; `entropy` and `mutual_information`, in nats, beside the probabilities for classes. All rows pass the same thinned
/// networks, so a prediction does not depend on the rows beside it. --interval 0.9 adds `lower` and `upper` for numbers, or the
/// `prediction_set` for classes; each contains the true value in 90 % of cases.
///
/// The same file gives the same predictions each time. Rows from a pipe may differ in the last digit,
/// because rows that arrive together are predicted together.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Folder of a run that `train --out` saved
    run: PathBuf,
    /// The rows: a file, or - for standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Format of the rows and of the predictions [default: by the file's name, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Also print the probability of each class
    #[arg(long)]
    proba: bool,
    /// Also print the prediction of each ensemble member
    #[arg(long)]
    members: bool,
    /// How to handle missing values [default: as the run's configuration says]
    #[arg(long, value_enum, value_name = "POLICY", hide_possible_values = true)]
    missing: Option<FillIn>,
    /// Copy these columns of the input, unchanged, in front of the predictions; they need not be inputs of the network
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    keep: Vec<String>,
    /// What to do with a row that cannot be predicted
    #[arg(long, value_enum, value_name = "ACTION", default_value_t)]
    on_error: OnError,
    #[command(flatten)]
    sure: SureArgs,
    #[command(flatten)]
    threshold: ThresholdArgs,
    #[command(flatten)]
    model: ModelArgs,
}

/// The form of rows and predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table with the run's delimiter; predictions with commas
    Csv,
    /// A JSON value on each line
    Jsonl,
}

/// What to do about missing values that training never saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FillIn {
    /// Fill them in with the training rows' mean, or the most frequent category
    Mean,
}

/// What to do about a row that cannot be answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum OnError {
    /// Stop there, with status 1; the rows before it are predicted
    #[default]
    Stop,
    /// Leave it out; report how many rows, and why, at the end
    Skip,
    /// Print null or empty fields; report the same at the end, and in JSON the reason beside each
    Null,
}

/// The most rows predicted at once: one of the library's batches for each of two cores.
const BATCH: usize = 1_000;

/// The same where thinned networks are asked, each of which is made once for all of them.
const SAMPLED_BATCH: usize = 5 * BATCH;

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let trained = self.model.load(&self.run)?;
        self.check_proba(&trained)?;
        self.threshold.check(&trained)?;
        let sure = self.sure.load(&self.run, &trained)?;
        let format = self.format.unwrap_or_else(|| self.format_by_name());
        let reader = Reader::open(
            &self.input,
            format,
            &trained,
            (self.missing.is_some(), &self.keep),
        )?;
        let is_file = reader.is_of_a_file();
        let members = if self.members {
            trained.members().len()
        } else {
            0
        };
        let form = Form {
            task: &trained.prepared.task,
            threshold: self.threshold.value(),
            proba: self.proba || self.sure.samples() && !trained.prepared.task.classes().is_empty(),
            members,
            sure: sure.as_ref(),
            keep: &self.keep,
            on_error: self.on_error,
            input: reader.name().to_owned(),
        };
        let mut answers = Answers::new(form, format, out)?;

        // Rows are read by a thread of their own, so that those that are there can be answered while
        // the next is waited for.
        let (sender, receiver) = sync_channel(BATCH);
        let stops = self.on_error == OnError::Stop;
        let reading = std::thread::spawn(move || reader.read(sender, stops));
        let network = Network {
            trained: &trained,
            with_members: self.members,
            sure: sure.as_ref(),
        };
        predict_all(&receiver, is_file, &network, &mut answers)?;
        let (read, remarks) = match reading.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        if read.is_ok() {
            answers.begin()?;
            answers.flush()?;
        }
        let notes = remarks.notes();
        notes.iter().for_each(|note| eprintln!("note: {note}"));
        if let Some(words) = answers.unanswered() {
            eprintln!("warning: {words}");
        }
        read.map(|()| answers.outcome())
    }

    fn check_proba(&self, trained: &Trained) -> Result<()> {
        if !self.proba || trained.gives_probabilities() {
            return Ok(());
        }
        let (task, loss) = (&trained.prepared.task, trained.loss());
        Err(Error::invalid(
            "--proba",
            "a network whose outputs are probabilities",
            format!("one for {task}, trained with the loss `{loss}`"),
        ))
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

/// What answers, and with what beside the prediction.
struct Network<'a> {
    trained: &'a Trained,
    with_members: bool,
    sure: Option<&'a Sure>,
}

impl Network<'_> {
    fn answer(&self, inputs: &[f64]) -> Result<Said> {
        let members = self.with_members.then(|| self.trained.predict_each(inputs));
        let members = members.transpose()?.unwrap_or_default();
        let spread = self
            .sure
            .map(|sure| self.trained.spread(&sure.sampler, inputs));
        let spread = spread.transpose()?;
        let predictions = match &spread {
            Some(spread) => spread.mean().to_vec(),
            None => self.trained.predict(inputs)?,
        };
        Ok(Said {
            predictions,
            spread,
            members,
        })
    }
}

/// Predicts rows in batches until there are no more, and flushes the output after each batch.
///
/// A product of a different number of rows may round differently. So the rows of a file are predicted in full batches, and
/// have the same predictions each time. Rows from a pipe, whose sender may wait, are predicted as they come.
fn predict_all<W: Write>(
    rows: &Receiver<Sent>,
    is_file: bool,
    network: &Network,
    answers: &mut Answers<'_, W>,
) -> Result<()> {
    let most = if network.sure.is_some() {
        SAMPLED_BATCH
    } else {
        BATCH
    };
    while let Some((has_header, rows)) = batch(rows, is_file, most) {
        if has_header {
            answers.begin()?;
            answers.flush()?;
        }
        if rows.is_empty() {
            continue;
        }
        let inputs = rows.iter().filter_map(|row| row.inputs.as_ref().ok());
        let inputs: Vec<f64> = inputs.flatten().copied().collect();
        answers.write(rows, &network.answer(&inputs)?)?;
        answers.flush()?;
    }
    answers.flush()
}

/// Whether a header has come, and the next batch of rows, at most `most`; `None` at the end.
fn batch(sent: &Receiver<Sent>, is_file: bool, most: usize) -> Option<(bool, Vec<Row>)> {
    let first = sent.recv().ok()?;
    let more: &mut dyn Iterator<Item = Sent> = if is_file {
        &mut sent.iter()
    } else {
        &mut sent.try_iter()
    };
    let (mut has_header, mut rows) = (false, Vec::new());
    for sent in std::iter::once(first).chain(more.take(most - 1)) {
        match sent {
            Sent::Header => has_header = true,
            Sent::Row(row) => rows.push(row),
        }
    }
    Some((has_header, rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(k: usize) -> Sent {
        Sent::Row(Row {
            inputs: Ok(vec![k as f64]),
            kept: Vec::new(),
        })
    }

    #[test]
    fn rows_of_a_file_are_answered_in_full_batches_however_slowly_they_are_read() {
        let (sender, receiver) = sync_channel(1);
        std::thread::spawn(move || (0..BATCH + 3).try_for_each(|k| sender.send(row(k))));
        let next = || batch(&receiver, true, BATCH).map(|(_, rows)| rows.len());
        assert_eq!([next(), next(), next()], [Some(BATCH), Some(3), None]);
    }

    #[test]
    fn rows_of_a_pipe_are_answered_with_those_that_are_there() {
        let (sender, receiver) = sync_channel(3);
        for k in 0..3 {
            assert!(sender.send(row(k)).is_ok());
        }
        assert_eq!(
            batch(&receiver, false, BATCH).map(|(_, rows)| rows.len()),
            Some(3)
        );
    }
}
