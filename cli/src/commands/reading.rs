//! How the reading of data looks while it goes on.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Once;
use std::time::{Duration, Instant};

use dropwise::config::DataConfig;
use dropwise::data::{self, Load, Reading, Splits};
use dropwise::evaluate::BATCH_ROWS;
use dropwise::{Dataset, Result};
use dropwise_lab::store::Trained;
use indicatif::{HumanCount, HumanDuration, ProgressBar};

use super::interrupt;
use super::output::Style;

/// What is read sooner needs no word.
const LONG: Duration = Duration::from_secs(1);

/// The inputs or outputs of rows that are handed on together, about, and the most batches of them.
const MOST_NUMBERS: usize = 1 << 22;
const MOST_BATCHES: usize = 64;

/// Between two drawings.
const REDRAW: Duration = Duration::from_millis(100);

/// Reads what a configuration names, with a bar on a terminal where that takes long; Ctrl-C ends it.
pub(super) fn load(data: &DataConfig, seed: u64, style: Style) -> Result<Splits> {
    watched(style, |how| data::load_as(data, seed, how))
}

/// Reads the data that the network of the run in `dir` was trained on; where they are others now, a warning says so.
pub(super) fn load_of_run(dir: &Path, trained: &Trained) -> Result<Splits> {
    let experiment = &trained.experiment;
    let (data, seed) = (&experiment.data, experiment.seed);
    let splits = beside_memory(|how| data::load_as(data, seed, how))?;
    if !trained.prepared.check(dir, &splits)? {
        let run = dir.display();
        eprintln!("warning: {run}: the data have changed since the network was trained");
    }
    Ok(splits)
}

/// Reads the rows of another table with the columns of a run's.
pub(super) fn load_more(trained: &Trained, path: &Path) -> Result<Dataset> {
    let prepared = (&trained.prepared.preprocessing, &trained.prepared.task);
    let data = &trained.experiment.data;
    let (rows, notes) = beside_memory(|how| data::load_more(data, path, prepared, how))?;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(rows)
}

/// Hands on the rows of another table with the columns of a run's, some at a time, of which no more are in memory.
pub(super) fn each_more(
    trained: &Trained,
    path: &Path,
    each: impl FnMut(&Dataset) -> Result<()>,
) -> Result<()> {
    let prepared = (&trained.prepared.preprocessing, &trained.prepared.task);
    let [d_input, d_output] = trained.network().dims();
    let widest = d_input.max(d_output * trained.members().len());
    // Whole batches, so that they are those of all rows at once.
    let rows = BATCH_ROWS * (MOST_NUMBERS / BATCH_ROWS / widest).clamp(2, MOST_BATCHES);
    let data = &trained.experiment.data;
    let notes = watched(Style::Words, |how| {
        data::each_more(data, path, prepared, (how, rows), each)
    })?;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    Ok(())
}

/// What `load` reads, with a bar, for rows that are looked at a few times: those of a large table wait in a temporary file, not in memory.
/// The first one is told of.
fn beside_memory<T>(load: impl FnOnce(&Load) -> Result<T>) -> Result<T> {
    static TOLD: Once = Once::new();
    let is_made = Cell::new(false);
    let file = || {
        is_made.set(true);
        temporary_file()
    };
    let loaded = watched(Style::Words, |how| {
        load(&Load {
            file: Some(&file),
            ..*how
        })
    });
    if is_made.get() {
        TOLD.call_once(|| tell_of_file("the prepared rows"));
    }
    loaded
}

/// A file without a name, which is gone when the program ends.
pub(super) fn temporary_file() -> io::Result<File> {
    tempfile::tempfile().map_err(|cause| {
        let folder = std::env::temp_dir();
        let words = format!(
            "{cause}; it would be in {}, and TMPDIR names another folder",
            folder.display()
        );
        io::Error::new(cause.kind(), words)
    })
}

/// Says that something large is in a temporary file.
pub(super) fn tell_of_file(what: &str) {
    let folder = std::env::temp_dir();
    eprintln!(
        "note: {what} are in a temporary file in {} until the program ends; TMPDIR names another folder",
        folder.display()
    );
}

/// What `load` reads, with a bar.
fn watched<T>(style: Style, load: impl FnOnce(&Load) -> Result<T>) -> Result<T> {
    let started = Instant::now();
    let shown: RefCell<Option<(ProgressBar, Instant)>> = RefCell::default();
    let watch = |reading: Reading| {
        let mut shown = shown.borrow_mut();
        let due = match &*shown {
            Some((_, drawn)) => drawn.elapsed() > REDRAW,
            None => started.elapsed() > LONG,
        };
        if due && shown.is_none() {
            let bar = style.bar(1_000);
            *shown = bar.map(|bar| (bar.with_prefix("reading"), Instant::now()));
        }
        if let Some((bar, drawn)) = shown.as_mut().filter(|_| due) {
            *drawn = Instant::now();
            let (words, share) = words(reading, started.elapsed());
            bar.set_position((1_000.0 * share) as u64);
            bar.set_message(words);
        }
        !interrupt::requested()
    };
    let loaded = load(&Load {
        watch: &watch,
        ..Load::default()
    });
    if let Some((bar, _)) = shown.into_inner() {
        bar.finish_and_clear();
    }
    loaded
}

/// How far it has come, in words, and the share.
fn words(reading: Reading, elapsed: Duration) -> (String, f64) {
    let seconds = elapsed.as_secs_f64();
    let rate = (reading.rows as f64 / seconds) as u64;
    let share = reading.share.unwrap_or(0.0);
    let left = reading.share.filter(|share| *share > 0.0).map(|share| {
        let left = Duration::from_secs_f64(seconds * (1.0 - share) / share);
        format!(", {} left", HumanDuration(left))
    });
    let words = format!(
        "{} rows, {} rows/s{}",
        HumanCount(reading.rows as u64),
        HumanCount(rate),
        left.unwrap_or_default()
    );
    (words, share)
}
