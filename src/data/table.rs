//! Tables, whatever their format: the choice of columns, the split, and the preprocessing of rows.
//!
//! Everything that is learned from a table (which columns are numbers, their means and deviations, the
//! categories, the classes) is learned from its training rows alone. Whether the *target* is numbers or
//! words is the one thing that all rows decide, because it has to be known before they are split.
//!
//! A table is read from its files as often as needed, a piece at a time ([`Files`]), and never held as text: first what says which rows are
//! for what, then what is learned of the training rows, then what all rows become. A format is a file that makes [`Block`]s of bytes;
//! see `csv.rs`.

mod anchors;
mod columns;
mod encoded;
mod inputs;
mod keys;
mod lines;
mod numbers;
mod numeric;
mod on_disk;
mod packed;
mod raw;
mod rows;
mod scan;
mod shards;
mod split;
mod suspects;
mod target;
mod times;
mod weights;

use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::cell::NumberStyle;
use super::hash::hex;
use super::remarks::Remarks;
use super::{Dataset, Load, Preprocessing, Splits, TablePreprocessing, Task};
use crate::config::{SplitConfig, TableConfig};
use crate::error::{Error, Result};
use anchors::Anchors;
use columns::Columns;
use encoded::{Codes, Encoded, Layout, Store};
use inputs::{Place, Rows};
use keys::Keys;
use lines::Lines;
use rows::{Labeled, Part};
use scan::scan;
use split::Dropped;
use target::Targets;

pub use lines::ColumnText;
pub(super) use lines::column_text;
pub(super) use packed::{Block, Form, Packer};
pub(super) use raw::Head;
pub use raw::RawTable;
pub(super) use scan::{Files, Piece, Pieces, Wanted};
pub use shards::Reading;
pub(super) use shards::open;

/// The most categories of a column, and the most classes: each is an input or an output of the network, and a column
/// of names is to be an error, not a full memory.
const MOST_CATEGORIES: usize = 1_000;

/// A table is gone through to know which rows are for what, to learn from the training rows, and to prepare all rows.
const READINGS: usize = 3;

/// The rows of a table, prepared as a run's training rows were, and what is worth a word about them.
pub(super) fn encode(
    files: &dyn Files,
    (config, preprocessing): (&TableConfig, &TablePreprocessing),
    (task, how): (&Task, &Load),
) -> Result<(Dataset, Vec<String>)> {
    let columns = Columns::named(files.head(), config, preprocessing)?;
    let form = form_of(config, preprocessing);
    // What is only evaluated is not learned from, and each number becomes the input that it is.
    let anchors = Anchors::default();
    let keys = Keys::read(files, (&columns, Some(&anchors)), (config, &form), how)?;
    let labeled = Labeled::new(&keys, columns.target, config);
    let (rows, dropped) = split::usable_rows(&labeled, &columns, config)?;
    dropped.check(files.head())?;
    let targets = target::encode(rows.all(), columns.target, task, config)?;
    let (places, count) = (places(rows.all(), keys.rows(), 0), rows.all().len());
    drop(rows);
    let mut lines = Lines::default();
    lines.extend(&keys, &places);
    let rows = vec![Rows::of(files, keys, places, &columns)];
    let order = order(&rows, count);
    let learned = (preprocessing, &form);
    let prepare = |store: &mut Store| inputs::encode(rows, (&columns, &anchors), learned, store);
    let (codes, remarks) = codes((count, Layout::of(preprocessing)), how, prepare)?;
    let data = Dataset::new(Encoded {
        preprocessing: preprocessing.clone(),
        task: task.clone(),
        codes,
        targets,
        weights: None,
        order,
        lines,
    });
    let dropped = dropped.note(files.head());
    Ok((data, dropped.into_iter().chain(remarks).collect()))
}

/// Hands the rows of a table, prepared as a run's training rows were, to `each`, so many at a time but for the last ones; what is worth a
/// word comes back. The table is read once, and no more of it is in memory.
pub(super) fn each_some(
    files: &dyn Files,
    (config, preprocessing): (&TableConfig, &TablePreprocessing),
    (task, most): (&Task, usize),
    mut each: impl FnMut(&Dataset) -> Result<()>,
) -> Result<Vec<String>> {
    let columns = Columns::named(files.head(), config, preprocessing)?;
    let form = form_of(config, preprocessing);
    let anchors = Anchors::default();
    let wanted = Wanted::all(columns.all());
    let work = |_, block: Block| {
        let keys = Keys::of(block, &columns, config);
        let labeled = Labeled::new(&keys, columns.target, config);
        let (rows, dropped) = split::usable_rows(&labeled, &columns, config)?;
        let targets = target::encode(rows.all(), columns.target, task, config)?;
        let used: Vec<usize> = rows.all().iter().map(|row| row.row).collect();
        let inputs = (&columns, &anchors);
        let (codes, remarks) = inputs::encode_block(&keys.blocks[0], &used, inputs, preprocessing)?;
        Ok((codes, targets, dropped, remarks))
    };
    let layout = Layout::of(preprocessing);
    let mut waiting: (Vec<f64>, Targets) = (Vec::new(), Targets::none(task));
    let mut hand_on = |(codes, targets): (Vec<f64>, Targets)| {
        let rows = targets.len();
        each(&Dataset::new(Encoded {
            preprocessing: preprocessing.clone(),
            task: task.clone(),
            codes: Codes::of(codes, layout.clone()),
            targets,
            weights: None,
            order: (0..rows as u32).collect(),
            lines: Lines::default(),
        }))
    };
    let (mut dropped, mut remarks) = (Dropped::default(), Remarks::default());
    scan(
        files,
        (&wanted, &form),
        work,
        |(codes, targets, of_piece, more)| {
            dropped.extend(of_piece);
            remarks.extend(more);
            waiting.0.extend(codes);
            waiting.1.extend(targets);
            while waiting.1.len() > most {
                let codes = waiting.0.split_off(most * columns.inputs.len());
                let targets = waiting.1.split_off(most);
                hand_on(std::mem::replace(&mut waiting, (codes, targets)))?;
            }
            Ok(())
        },
    )?;
    dropped.check(files.head())?;
    hand_on(waiting)?;
    let dropped = dropped.note(files.head());
    Ok(dropped.into_iter().chain(remarks.notes()).collect())
}

/// How cells are packed that are looked at both as training rows were and as the configuration says.
fn form_of(config: &TableConfig, preprocessing: &TablePreprocessing) -> Form {
    let own = Form::new(NumberStyle::of(config), &config.missing_values);
    own.and(Form::new(
        preprocessing.numbers,
        &preprocessing.missing_values,
    ))
}

/// Splits a table and learns its preprocessing. Test rows may be in files of their own, with the columns of the first. `open` opens a file
/// whose columns are counted as those of another are, if there is another; `hash` is of all bytes that were read.
pub(super) fn load<'a>(
    (path, test_path): (&Path, Option<&Path>),
    open: impl Fn(&Path, Option<&Head>) -> Result<Box<dyn Files + 'a>> + Copy + 'a,
    (config, split): (&TableConfig, Option<&SplitConfig>),
    (seed, how): (u64, &Load<'a>),
    hash: impl FnOnce() -> String,
) -> Result<Splits> {
    if test_path.is_some() {
        super::split::check_no_test_rows(split, "`test_path`")?;
    }
    let files = shards::open(path, None, open, (how.watch, READINGS))?;
    let columns = Columns::choose(files.head(), config, split)?;
    let form = Form::new(NumberStyle::of(config), &config.missing_values);
    let mut keys = Keys::read(&*files, (&columns, None), (config, &form), how)?;
    let mut anchors = std::mem::take(&mut keys.anchors);
    let tests =
        test_path.map(|path| shards::open(path, Some(files.head()), open, (how.watch, READINGS)));
    let tests = tests.transpose()?;
    let test_keys = tests
        .as_deref()
        .map(|tests| Keys::read(tests, (&columns, Some(&anchors)), (config, &form), how));
    let test_keys = test_keys.transpose()?;

    let labeled = Labeled::new(&keys, columns.target, config);
    let mut split = split::split(&labeled, &columns, (config, split), seed)?;
    let test_labeled = test_keys
        .as_ref()
        .map(|keys| Labeled::new(keys, columns.target, config));
    if let Some(tests) = &test_labeled {
        split.add_tests(tests, &columns, config)?;
    }
    let (all, train) = (split.rows.all(), split.rows.part(0..split.train));
    let mut notes = std::mem::take(&mut split.notes);
    let mut of_task = Vec::new();
    let task = target::task(train, columns.target, split.classes, config, &mut of_task)?;
    let targets = target::encode(all, columns.target, &task, config)?;
    let weights = columns.weight;
    let weights = weights
        .map(|column| weights::read(all, split.train, column))
        .transpose()?;
    of_task.extend(std::mem::take(&mut split.far_off));
    of_task.extend(columns.notes(files.head()));

    let own = all.len() - test_labeled.as_ref().and(split.test).unwrap_or(0);
    let own_places = places(split.rows.part(0..own), keys.rows(), 0);
    let test_places = test_keys
        .as_ref()
        .map(|keys| places(split.rows.part(own..all.len()), keys.rows(), own));
    let (rows, lengths) = (all.len(), split.lengths());
    // What says which rows are used is not in memory beside the rows themselves.
    drop(split);
    let mut lines = Lines::default();
    lines.extend(&keys, &own_places);
    let mut tables = vec![Rows::of(&*files, keys, own_places, &columns)];
    if let (Some(files), Some(keys), Some(places)) = (tests.as_deref(), test_keys, test_places) {
        lines.extend(&keys, &places);
        tables.push(Rows::of(files, keys, places, &columns));
    }
    let told = (config, &form);
    let used = (&columns, &mut anchors);
    let (preprocessing, learned) = inputs::learn(&mut tables, lengths.train, used, told)?;
    let layout = Layout::of(&preprocessing);
    let hash = hash();
    let path = config.cache.as_ref().map(|folder| {
        let name = name_of_rows(&hash, &preprocessing, &tables);
        name.map(|name| folder.join(name))
    });
    let order = order(&tables, rows);
    let told = (&preprocessing, &form);
    let prepare = |store: &mut Store| inputs::encode(tables, (&columns, &anchors), told, store);
    let (codes, remarks) = match path.transpose()? {
        None => codes((rows, layout), how, prepare)?,
        Some(path) => Codes::prepared(&path, rows, layout, prepare)?,
    };

    notes.extend(of_task);
    notes.extend(learned);
    notes.extend(remarks);
    notes.extend(lengths.twins(|rows| codes.hashes(rows, &order, &targets))?);
    let data = Dataset::new(Encoded {
        preprocessing: preprocessing.clone(),
        task,
        codes,
        targets,
        weights,
        order,
        lines,
    });
    let part = |rows: Range<usize>| data.range(rows);
    Ok(Splits {
        train: part(0..lengths.train),
        validation: lengths.validation().map(part),
        test: lengths.test().map(part),
        calibration: lengths.calibration().map(part),
        preprocessing: Preprocessing::Table(preprocessing),
        hash,
        notes,
    })
}

/// The codes of so many rows, in memory or in a file without a name.
fn codes(
    (rows, layout): (usize, Layout),
    how: &Load,
    prepare: impl FnOnce(&mut Store) -> Result<Vec<String>>,
) -> Result<(Codes, Vec<String>)> {
    match how.file.filter(|_| rows * layout.bytes() > how.cells) {
        None => Codes::in_memory((rows, how.wide), layout, prepare),
        Some(make) => Codes::in_file(make(), rows, layout, prepare),
    }
}

/// The name of the file of prepared rows: of what they are made from, and of what is made of them.
fn name_of_rows(hash: &str, preprocessing: &TablePreprocessing, tables: &[Rows]) -> Result<String> {
    let learned = serde_json::to_string(preprocessing);
    let learned = learned.map_err(|cause| Error::Compute(cause.to_string()))?;
    let mut name = Sha256::new_with_prefix(format!("3 {hash} {learned}"));
    for place in tables.iter().flat_map(|rows| &rows.places) {
        name.update(place.map_or(0, Place::get).to_le_bytes());
    }
    Ok(format!("{}.rows", &hex(name)[..32]))
}

/// The place of each of a table's rows, `all` of them, of which `rows` are used from the place `first` on.
fn places(rows: Part, all: usize, first: usize) -> Vec<Option<Place>> {
    let mut places = vec![None; all];
    for (place, row) in (first as u32 + 1..).zip(rows.numbers()) {
        places[*row as usize] = Place::new(place);
    }
    places
}

/// The number of each row, by its place, among all that are used in the order of the tables.
fn order(tables: &[Rows], rows: usize) -> Vec<u32> {
    let mut order = vec![0; rows];
    let places = tables.iter().flat_map(|rows| &rows.places);
    for (number, place) in (0..).zip(places.filter_map(|place| inputs::index(*place))) {
        order[place] = number;
    }
    order
}
