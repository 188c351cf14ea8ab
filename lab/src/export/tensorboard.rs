//! What TensorBoard shows, as files that it reads and that other tools import: records of
//! [`event.proto`](https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto), each between its length and checksums.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use dropwise::data::Dataset;
use dropwise::error::{Error, Result};
use dropwise::model::{LayerWeights, Mlp};
use serde_json::Value;

use super::protobuf::Message;
use crate::checksum::{CASTAGNOLI, checksum};
use crate::explain::HiddenUnits;

/// Buckets of a histogram.
const BUCKETS: usize = 30;

/// Event records, written as they come.
#[derive(Debug)]
pub struct Events<W> {
    out: W,
    path: PathBuf,
}

impl Events<File> {
    /// Begins a new file in a folder, which is made where there is none; the time is now. Events of `first_step` or later in
    /// older files of the folder, such as those of a training that was resumed from an earlier step, are shown no more.
    ///
    /// # Errors
    /// [`Error::WriteFile`] if it cannot be written.
    pub fn create(dir: &Path, first_step: usize) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|cause| cannot_write(dir, cause))?;
        let seconds = now();
        // Files are read in the order of their names. A second one within a second gets a later name.
        let paths = (0..).map(|k| dir.join(file_name(seconds, k)));
        for path in paths {
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => return Events::new(file, path, first_step, seconds),
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(cannot_write(&path, cause)),
            }
        }
        Err(cannot_write(dir, ErrorKind::AlreadyExists.into()))
    }
}

impl<W: Write> Events<W> {
    /// Begins; `path` is named in errors, `seconds` is the time since 1970.
    ///
    /// # Errors
    /// [`Error::WriteFile`] if it cannot be written.
    pub fn new(out: W, path: PathBuf, first_step: usize, seconds: f64) -> Result<Self> {
        let mut events = Events { out, path };
        events.write(
            Message::default()
                .double(1, seconds)
                .text(3, "brain.Event:2"),
        )?;
        let start = Message::default().integer(1, 1);
        let event = Message::default().double(1, seconds);
        events.write(event.integer(2, first_step as i64).message(7, start))?;
        Ok(events)
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Adds the numbers of a line of `metrics.jsonl`, such as `loss/validation`; what is no number is left out.
    ///
    /// # Errors
    /// [`Error::WriteFile`] if it cannot be written.
    /// [`Error::InvalidValue`] if the line is not JSON.
    pub fn add_metrics(&mut self, line: &str, seconds: f64) -> Result<()> {
        let line: Value = serde_json::from_str(line)
            .map_err(|cause| Error::invalid("a line of metrics", "JSON", cause))?;
        let split = line["split"].as_str().unwrap_or("train");
        let entries = line.as_object().into_iter().flatten();
        let numbers =
            entries.filter(|(name, _)| !["step", "epoch", "rows"].contains(&name.as_str()));
        let numbers = numbers.filter_map(|(name, value)| Some((name, value.as_f64()?)));
        let values = numbers.map(|(name, number)| {
            let tag = match name.as_str() {
                // The only two that are no metrics of a part.
                "learning_rate" | "training_loss" => name.clone(),
                name => format!("{name}/{split}"),
            };
            Message::default().text(1, &tag).float(2, number as f32)
        });
        let step = line["step"].as_u64().unwrap_or(0);
        self.add(step, seconds, values)
    }

    /// Adds a histogram of the weights and one of the biases of each layer, such as `layers.0/weight`.
    ///
    /// # Errors
    /// [`Error::WriteFile`] if it cannot be written.
    pub fn add_weights(
        &mut self,
        step: usize,
        layers: &[LayerWeights],
        seconds: f64,
    ) -> Result<()> {
        let parts = layers.iter().enumerate().flat_map(|(k, layer)| {
            let bias = layer.bias.iter().map(|bias| ("bias", bias));
            let parts = std::iter::once(("weight", &layer.weight)).chain(bias);
            parts.map(move |(name, numbers)| (format!("layers.{k}/{name}"), numbers))
        });
        let values = parts.map(|(tag, numbers)| {
            Message::default()
                .text(1, &tag)
                .message(5, histogram(numbers))
        });
        self.add(step as u64, seconds, values)
    }

    /// Adds a histogram of what the units of each hidden layer say, dropout off, such as `layers.0/activations`: of up to 2,000 rows
    /// that are evenly spaced among `rows`.
    ///
    /// # Errors
    /// [`Error::WriteFile`] if it cannot be written, and those of the backend.
    pub fn add_activations(
        &mut self,
        step: usize,
        network: &Mlp,
        rows: &Dataset,
        seconds: f64,
    ) -> Result<()> {
        let layers = HiddenUnits::of(network, Some(rows))?;
        let values = layers.iter().enumerate().map(|(k, layer)| {
            Message::default()
                .text(1, &format!("layers.{k}/activations"))
                .message(5, histogram(&layer.values))
        });
        self.add(step as u64, seconds, values)
    }

    fn add(
        &mut self,
        step: u64,
        seconds: f64,
        values: impl Iterator<Item = Message>,
    ) -> Result<()> {
        let summary = Message::default().each(values, |summary, value| summary.message(1, value));
        let event = Message::default()
            .double(1, seconds)
            .integer(2, step as i64);
        self.write(event.message(5, summary))
    }

    fn write(&mut self, event: Message) -> Result<()> {
        let bytes = record(&event.into_bytes());
        let written = self.out.write_all(&bytes);
        written.map_err(|cause| cannot_write(&self.path, cause))
    }
}

/// The name of an event file that begins at a time, in seconds since 1970; `k` tells those of one second apart.
#[must_use]
pub fn file_name(seconds: f64, k: usize) -> String {
    format!("events.out.tfevents.{:010}.{k:04}.dropwise", seconds as u64)
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn cannot_write(path: &Path, cause: io::Error) -> Error {
    let path = path.to_owned();
    Error::WriteFile { path, cause }
}

/// `HistogramProto`: buckets of equal width from the smallest number to the largest.
fn histogram(numbers: &[f64]) -> Message {
    let smallest = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let buckets = if smallest < largest { BUCKETS } else { 1 };
    let width = (largest - smallest) / buckets as f64;
    let mut counts = vec![0.0; buckets];
    for number in numbers {
        // Where all are equal, 0 / 0 is the first.
        let bucket = ((number - smallest) / width) as usize;
        counts[bucket.min(buckets - 1)] += 1.0;
    }
    let mut limits: Vec<f64> = (1..buckets).map(|k| smallest + width * k as f64).collect();
    limits.push(largest);
    Message::default()
        .double(1, smallest)
        .double(2, largest)
        .double(3, numbers.len() as f64)
        .double(4, numbers.iter().sum())
        .double(5, numbers.iter().map(|number| number * number).sum())
        .doubles(6, &limits)
        .doubles(7, &counts)
}

/// A record: the length of its bytes and its checksum, the bytes and theirs.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let sums = [masked_checksum(&length), masked_checksum(bytes)].map(u32::to_le_bytes);
    [&length[..], &sums[0], bytes, &sums[1]].concat()
}

fn masked_checksum(bytes: &[u8]) -> u32 {
    let sum = checksum(CASTAGNOLI, bytes);
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}
