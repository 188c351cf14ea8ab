//! Images and labels in IDX files, the format of MNIST and Fashion-MNIST, packed with gzip or not.
//!
//! A file is a header and then bytes. The header is `0 0 8 n`, where 8 says that the values are bytes and
//! `n` is the number of dimensions, followed by the `n` sizes, 32 bits each, the most significant byte
//! first. Images have the dimensions `[rows, height, width]` or `[rows, inputs]`, labels `[rows]`. The
//! format is described on the page of the MNIST database by Y. LeCun, C. Cortes and C. J. C. Burges.
//!
//! ```
//! use dropwise::data::idx;
//!
//! let file = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60];
//! let images = idx::parse("two.idx", &file[..], Some(18))?;
//! assert_eq!(images.dims, [2, 3]);
//! assert_eq!(images.values, [10, 20, 30, 40, 50, 60]);
//!
//! let cut = idx::parse("two.idx", &file[..15], Some(15)).unwrap_err();
//! assert!(cut.to_string().contains("make a file of 18 bytes, found 15"));
//! # Ok::<(), dropwise::Error>(())
//! ```

mod files;
mod parse;

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Seek};
use std::path::Path;

use sha2::{Digest, Sha256};

use self::files::{Files, HOW_TO_FETCH, Pair};
use super::hash::{self, Hashing};
use super::images::{Images, Pixels, numbered_classes};
use super::row_file::RowFile;
use super::split::Labels;
use super::{Dataset, Load, Source, Splits, Task, split, twins};
use crate::config::{IdxConfig, SplitConfig};
use crate::error::{Error, Result};

pub use parse::{Idx, parse};

/// A full pixel of an image of bytes.
const LARGEST: u8 = 255;

pub(super) fn load(
    config: &IdxConfig,
    split: Option<&SplitConfig>,
    (seed, how): (u64, &Load),
) -> Result<Splits> {
    let files = Files::find(config)?;
    if let Some(test) = &files.test {
        split::check_no_test_rows(split, &name(&test.images))?;
    }
    let mut hash = Sha256::default();
    let most = how.images;
    let images = read_images(&files.train.images, most, &mut hash)?;
    let labels = read_labels(&files.train, images.rows, &mut hash)?;
    let first = first_label(config, &labels);
    let task = task(config, &files.train, &labels, first)?;
    let labels = from_first(&files.train, labels, (&task, first))?;
    let own_test = match &files.test {
        Some(pair) => Some(read_test(
            pair,
            &files.train,
            &images,
            (&task, first),
            (most, &mut hash),
        )?),
        None => None,
    };

    let classes: Vec<u32> = labels.iter().map(|label| u32::from(*label)).collect();
    let parts = split::split(
        split,
        seed,
        classes.len(),
        Labels::classes(Some(&classes)),
        |_| true,
    )?;
    let names = task.classes().to_vec();
    let rows = images.labeled(labels, task);
    let preprocessing = rows.preprocessing();
    let own_test_files = files.test.as_ref().zip(own_test.as_ref());
    let on_disk: Vec<String> = ([(&files.train, &rows)].into_iter())
        .chain(own_test_files)
        .filter_map(|(pair, images)| stays_on_disk(pair, images))
        .collect();
    let of_part = |part: &Option<Vec<u32>>| Some(Vec::from_iter(numbers(&rows, part.as_ref()?)));
    let of_test = match &own_test {
        Some(test) => Some(Vec::from_iter(numbers(
            test,
            &Vec::from_iter(0..test.labels.len() as u32),
        ))),
        None => of_part(&parts.test),
    };
    let twins = twins::note(
        numbers(&rows, &parts.train),
        of_part(&parts.validation).map(Vec::into_iter),
        of_test.map(Vec::into_iter),
    );
    let (rows, own_test) = (Dataset::new(rows), own_test.map(Dataset::new));
    Ok(Splits {
        train: rows.select_listed(&parts.train),
        validation: parts.validation.map(|part| rows.select_listed(&part)),
        test: own_test.or_else(|| parts.test.map(|part| rows.select_listed(&part))),
        calibration: parts.calibration.map(|part| rows.select_listed(&part)),
        preprocessing,
        hash: hash::hex(hash),
        notes: begins_at_one(first)
            .into_iter()
            .chain(split::notes(&parts.kept, |row| {
                names[classes[row] as usize].clone()
            }))
            .chain(twins)
            .chain(on_disk)
            .collect(),
    })
}

/// Of each of these rows a number that is the same for rows whose pixels and label are.
fn numbers<'a>(images: &'a Images, rows: &'a [u32]) -> impl Iterator<Item = u64> + 'a {
    /// Rows that are read together.
    const SOME: usize = 1 << 12;
    rows.chunks(SOME).flat_map(move |rows| {
        let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
        let mut numbers = vec![0; rows.len()];
        images.read(&rows, |place, pixels| {
            let mut hasher = DefaultHasher::new();
            (pixels, images.labels[rows[place]]).hash(&mut hasher);
            numbers[place] = hasher.finish();
        });
        numbers
    })
}

/// What is said of images that stay in their file.
fn stays_on_disk(pair: &Pair, images: &Images) -> Option<String> {
    images.is_on_disk().then(|| {
        let (count, name) = (images.labels.len(), name(&pair.images));
        format!(
            "{count} images stay in {name}, and each step reads its own; with `shuffle = \"blocks\"` in `[train]` it reads many at once"
        )
    })
}

/// Images before their labels are known.
struct Unlabeled {
    rows: usize,
    height: usize,
    width: usize,
    pixels: Pixels,
}

impl Unlabeled {
    fn labeled(self, labels: Vec<u8>, task: Task) -> Images {
        let Unlabeled {
            height,
            width,
            pixels,
            ..
        } = self;
        Images {
            task,
            height,
            width,
            largest: LARGEST,
            pixels,
            labels,
        }
    }
}

/// The test images, which have to fit the training images.
fn read_test(
    pair: &Pair,
    train: &Pair,
    train_images: &Unlabeled,
    (task, first): (&Task, u8),
    (most, hash): (u64, &mut Sha256),
) -> Result<Images> {
    let images = read_images(&pair.images, most, hash)?;
    let expected = (train_images.height, train_images.width);
    if (images.height, images.width) != expected {
        let problem = format!(
            "expected images of {} x {} as in {}, found {} x {}",
            expected.0,
            expected.1,
            name(&train.images),
            images.height,
            images.width
        );
        let fix = "training and test images must come from one data set";
        return Err(Error::data(name(&pair.images), "header", problem, fix));
    }
    let labels = read_labels(pair, images.rows, hash)?;
    let labels = from_first(pair, labels, (task, first))?;
    Ok(images.labeled(labels, task.clone()))
}

/// The images of a file, in memory unless it has more than `most` bytes and is not packed.
fn read_images(path: &Path, most: u64, hash: &mut Sha256) -> Result<Unlabeled> {
    let (file, size) = open(path)?;
    let stays = match size {
        Some(size) if size > most => {
            let unread = |cause| unopened(path, cause);
            let packed = parse::is_packed(&file).map_err(unread)?;
            (&file).rewind().map_err(unread)?;
            (!packed).then_some(size)
        }
        _ => None,
    };
    let (dims, pixels) = match stays {
        Some(size) => {
            let hash = |bytes: &[u8]| hash.update(bytes);
            let reader = &file;
            let (dims, first) = parse::pass_over(&name(path), Hashing { reader, hash }, size)?;
            let (rows, width) = (dims[0], dims[1..].iter().product());
            let file = RowFile::new(name(path), file, (first, width), rows);
            (dims, Pixels::File(file))
        }
        None => {
            let Idx { dims, values } = read(path, (file, size), hash)?;
            (dims, Pixels::Memory(values))
        }
    };
    let (height, width) = match dims[..] {
        [_, height, width] => (height, width),
        [_, width] => (1, width),
        _ => {
            let found = dims.len();
            let problem = format!("expected images, of 2 or 3 dimensions, found {found}");
            let fix = "this looks like a file of labels: name the file of images";
            return Err(Error::data(name(path), "header", problem, fix));
        }
    };
    Ok(Unlabeled {
        rows: dims[0],
        height,
        width,
        pixels,
    })
}

/// The labels of a pair that has `images` images.
fn read_labels(pair: &Pair, images: usize, hash: &mut Sha256) -> Result<Vec<u8>> {
    let Idx {
        dims,
        values: labels,
    } = read(&pair.labels, open(&pair.labels)?, hash)?;
    if dims.len() != 1 {
        let problem = format!("expected labels, of 1 dimension, found {}", dims.len());
        let fix = "this looks like a file of images: name the file of labels";
        return Err(Error::data(name(&pair.labels), "header", problem, fix));
    }
    if labels.len() != images {
        let problem = format!(
            "expected {images} labels, one for each image of {}, found {}",
            name(&pair.images),
            labels.len()
        );
        let fix = "images and labels must come from one data set";
        return Err(Error::data(name(&pair.labels), "header", problem, fix));
    }
    Ok(labels)
}

/// The label of the first class: 0, or 1 where no training row has 0, one has 1, and as many names as there are labels from 1 on, or
/// none, are given. The letters of EMNIST are labeled so.
fn first_label(config: &IdxConfig, labels: &[u8]) -> u8 {
    let ends = labels.iter().min().zip(labels.iter().max());
    let names = config.classes.as_ref().map(Vec::len);
    match ends {
        Some((1, highest)) if names.is_none_or(|names| names == usize::from(*highest)) => 1,
        _ => 0,
    }
}

fn begins_at_one(first: u8) -> Option<String> {
    (first > 0).then(|| {
        "no row has the label 0: labels begin at 1, and the first class is that of 1".to_owned()
    })
}

/// The classes: those that the configuration names, or as many as the training labels call for.
fn task(config: &IdxConfig, train: &Pair, labels: &[u8], first: u8) -> Result<Task> {
    if labels.windows(2).all(|pair| pair[0] == pair[1]) {
        let problem = format!(
            "expected labels of at least two classes, found {} times the label {}",
            labels.len(),
            labels[0]
        );
        let fix = "there is nothing to tell apart: use other labels";
        return Err(Error::data(name(&train.labels), "", problem, fix));
    }
    match &config.classes {
        Some(classes) if (2..=256).contains(&classes.len()) => Ok(Task::Classification {
            classes: classes.clone(),
        }),
        Some(classes) => {
            let found = classes.len();
            Err(Error::invalid(
                "data.classes",
                "2 to 256 names, as labels are bytes",
                found,
            ))
        }
        None => {
            let highest = labels.iter().max().copied().unwrap_or_default();
            Ok(numbered_classes(usize::from(first)..=usize::from(highest)))
        }
    }
}

/// The labels counted from the first class.
fn from_first(pair: &Pair, mut labels: Vec<u8>, (task, first): (&Task, u8)) -> Result<Vec<u8>> {
    let classes = task.d_output();
    let from_first = |label: u8| label.checked_sub(first);
    let is_known =
        |label: &u8| from_first(*label).is_some_and(|label| usize::from(label) < classes);
    if let Some(row) = labels.iter().position(|label| !is_known(label)) {
        let last = usize::from(first) + classes - 1;
        let problem = format!(
            "expected a label from {first} to {last}, found {}",
            labels[row]
        );
        let fix = format!(
            "there are {classes} classes: correct the file, or name all classes in `data.classes`"
        );
        let place = format!("row {row}, counted from 0");
        return Err(Error::data(name(&pair.labels), place, problem, fix));
    }
    labels.iter_mut().for_each(|label| *label -= first);
    Ok(labels)
}

fn read(path: &Path, (reader, size): (File, Option<u64>), hash: &mut Sha256) -> Result<Idx> {
    let hash = |bytes: &[u8]| hash.update(bytes);
    parse(&name(path), Hashing { reader, hash }, size)
}

/// A file and its size; what is no plain file, such as a pipe, does not know its size.
fn open(path: &Path) -> Result<(File, Option<u64>)> {
    let file = File::open(path).map_err(|cause| unopened(path, cause))?;
    let about = file.metadata().map_err(|cause| unopened(path, cause))?;
    Ok((file, about.is_file().then_some(about.len())))
}

fn unopened(path: &Path, cause: io::Error) -> Error {
    if cause.kind() == ErrorKind::NotFound {
        return Error::data(name(path), "", "there is no such file", HOW_TO_FETCH);
    }
    Error::Read {
        path: path.to_owned(),
        cause,
    }
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
