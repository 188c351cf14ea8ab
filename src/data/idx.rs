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
use std::io::{self, ErrorKind};
use std::path::Path;

use sha2::Sha256;

use self::files::{Files, HOW_TO_FETCH, Pair};
use super::hash::{self, Hashing};
use super::images::{Images, numbered_classes};
use super::split::Labels;
use super::{Dataset, Splits, Task, split};
use crate::config::{IdxConfig, SplitConfig};
use crate::error::{Error, Result};

pub use parse::{Idx, parse};

/// A full pixel of an image of bytes.
const LARGEST: u8 = 255;

pub(super) fn load(config: &IdxConfig, split: Option<&SplitConfig>, seed: u64) -> Result<Splits> {
    let files = Files::find(config)?;
    if let Some(test) = &files.test {
        split::check_no_test_rows(split, &name(&test.images))?;
    }
    let mut hash = Sha256::default();
    let images = read_images(&files.train.images, &mut hash)?;
    let labels = read_labels(&files.train, images.rows(), &mut hash)?;
    let task = task(config, &files.train, &labels)?;
    check_labels(&files.train, &labels, &task)?;
    let own_test = match &files.test {
        Some(pair) => Some(read_test(pair, &files.train, &images, &task, &mut hash)?),
        None => None,
    };

    let classes: Vec<usize> = labels.iter().map(|label| usize::from(*label)).collect();
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
    let rows = Dataset::new(rows);
    Ok(Splits {
        train: rows.select(&parts.train),
        validation: parts.validation.map(|part| rows.select(&part)),
        test: own_test.or_else(|| parts.test.map(|part| rows.select(&part))),
        preprocessing,
        hash: hash::hex(hash),
        notes: split::notes(&parts.kept, |row| names[classes[row]].clone()),
    })
}

/// Images before their labels are known.
struct Unlabeled {
    height: usize,
    width: usize,
    /// `[rows, height, width]`.
    pixels: Vec<u8>,
}

impl Unlabeled {
    fn rows(&self) -> usize {
        self.pixels.len() / (self.height * self.width)
    }

    fn labeled(self, labels: Vec<u8>, task: Task) -> Images {
        let Unlabeled {
            height,
            width,
            pixels,
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
    task: &Task,
    hash: &mut Sha256,
) -> Result<Dataset> {
    let images = read_images(&pair.images, hash)?;
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
    let labels = read_labels(pair, images.rows(), hash)?;
    check_labels(pair, &labels, task)?;
    Ok(Dataset::new(images.labeled(labels, task.clone())))
}

fn read_images(path: &Path, hash: &mut Sha256) -> Result<Unlabeled> {
    let Idx {
        dims,
        values: pixels,
    } = read(path, hash)?;
    match dims[..] {
        [_, height, width] => Ok(Unlabeled {
            height,
            width,
            pixels,
        }),
        [_, width] => Ok(Unlabeled {
            height: 1,
            width,
            pixels,
        }),
        _ => Err(Error::data(
            name(path),
            "header",
            format!(
                "expected images, of 2 or 3 dimensions, found {}",
                dims.len()
            ),
            "this looks like a file of labels: name the file of images",
        )),
    }
}

/// The labels of a pair that has `images` images.
fn read_labels(pair: &Pair, images: usize, hash: &mut Sha256) -> Result<Vec<u8>> {
    let Idx {
        dims,
        values: labels,
    } = read(&pair.labels, hash)?;
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

/// The classes: those that the configuration names, or as many as the training labels call for.
fn task(config: &IdxConfig, train: &Pair, labels: &[u8]) -> Result<Task> {
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
            Ok(numbered_classes(usize::from(highest) + 1))
        }
    }
}

fn check_labels(pair: &Pair, labels: &[u8], task: &Task) -> Result<()> {
    let classes = task.d_output();
    let Some(row) = labels
        .iter()
        .position(|label| usize::from(*label) >= classes)
    else {
        return Ok(());
    };
    let problem = format!(
        "expected a label from 0 to {}, found {}",
        classes - 1,
        labels[row]
    );
    let fix = format!(
        "there are {classes} classes: correct the file, or name all classes in `data.classes`"
    );
    Err(Error::data(
        name(&pair.labels),
        format!("row {row}, counted from 0"),
        problem,
        fix,
    ))
}

fn read(path: &Path, hash: &mut Sha256) -> Result<Idx> {
    let reader = File::open(path).map_err(|cause| unopened(path, cause))?;
    let about = reader.metadata().map_err(|cause| unopened(path, cause))?;
    // What is no plain file, such as a pipe, does not know its size.
    let size = about.is_file().then_some(about.len());
    parse(&name(path), Hashing { reader, hash }, size)
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
