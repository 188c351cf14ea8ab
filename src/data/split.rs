//! Training, validation and test rows.
//!
//! Test rows are chosen first and validation rows among the rest, so that a change of `validation`
//! leaves the test rows as they are. Of the training rows that are left, `train` keeps some, drawn last, so
//! that it changes no other part. Calibration rows are drawn after the validation rows, for the same reason. Rows that are drawn come from one stream of the seed. A source
//! with test files of its own (`idx` with test images, `csv` with `test_path`) takes neither `test` nor
//! `test_rows`: see [`check_no_test_rows`].

mod draw;
mod listed;

use std::collections::HashSet;

use rand::rngs::ChaCha8Rng;
use sha2::{Digest, Sha256};

use self::draw::{deal, deal_groups, deal_times, draw, draw_groups, draw_last};
use self::listed::Listed;
use super::{Dataset, Preprocessing, Splits, Task, hash};
use crate::config::{Fold, SplitConfig};
use crate::error::{Error, Result};
use crate::seed::{self, Purpose};

/// Rows of a source, counted from 0. Each part is sorted and not empty, and no row is in two of them. Numbers of 32 bits are enough for
/// rows that fit a memory, and half of what others take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub train: Vec<u32>,
    pub validation: Option<Vec<u32>>,
    pub test: Option<Vec<u32>>,
    pub calibration: Option<Vec<u32>>,
    /// Training rows that were drawn for another part, and are the last of their class.
    pub kept: Vec<u32>,
}

/// What a split looks at, each a number for every row.
#[derive(Clone, Copy, Default)]
pub(super) struct Labels<'a> {
    /// The row's class; none for a regression.
    pub classes: Option<&'a [u32]>,
    /// What the row belongs to: rows of one number stay together.
    pub groups: Option<&'a [u32]>,
    /// When it is from: rows of one number stay together, and later ones have larger numbers.
    pub times: Option<&'a [u32]>,
}

impl<'a> Labels<'a> {
    pub(super) fn classes(classes: Option<&'a [u32]>) -> Self {
        Labels {
            classes,
            ..Labels::default()
        }
    }
}

/// Splits a source that is built in; `bytes` are what its hash is taken over.
pub(super) fn built_in(
    config: Option<&SplitConfig>,
    seed: u64,
    rows: Dataset,
    preprocessing: Preprocessing,
    bytes: &[u8],
) -> Result<Splits> {
    let classes = classes(&rows);
    let classes = classes.as_deref();
    let parts = split(config, seed, rows.len(), Labels::classes(classes), |_| true)?;
    let names = rows.task().classes();
    let class = |row: usize| {
        classes.map_or_else(String::new, |classes| names[classes[row] as usize].clone())
    };
    Ok(Splits {
        notes: notes(&parts.kept, class),
        train: rows.select_listed(&parts.train),
        validation: parts.validation.map(|part| rows.select_listed(&part)),
        test: parts.test.map(|part| rows.select_listed(&part)),
        calibration: parts.calibration.map(|part| rows.select_listed(&part)),
        preprocessing,
        hash: hash::hex(Sha256::new_with_prefix(bytes)),
    })
}

/// Each row's class; none for a regression.
fn classes(rows: &Dataset) -> Option<Vec<u32>> {
    let class = |target: &[f64]| match target {
        [second] => u32::from(*second == 1.0),
        targets => targets
            .iter()
            .position(|target| *target == 1.0)
            .unwrap_or(0) as u32,
    };
    match rows.task() {
        Task::Regression { .. } => None,
        _ => Some(
            (0..rows.len())
                .map(|row| class(&rows.target_row(row)))
                .collect(),
        ),
    }
}

/// What is said of rows that were kept for training; `class` names the class of a row.
pub(super) fn notes(kept: &[u32], class: impl Fn(usize) -> String) -> Vec<String> {
    const LISTED: usize = 8;
    if kept.is_empty() {
        return Vec::new();
    }
    let mut counts = std::collections::BTreeMap::new();
    for row in kept {
        *counts.entry(class(*row as usize)).or_insert(0) += 1;
    }
    let words = counts.iter().take(LISTED);
    let mut words: Vec<String> = words
        .map(|(class, count)| format!("`{class}` ({count})"))
        .collect();
    if counts.len() > LISTED {
        words.push(format!("{} more", counts.len() - LISTED));
    }
    vec![format!(
        "rows of these classes stay in training, where no other row of theirs is left, so that what is measured says little of \
         them: {}",
        words.join(", ")
    )]
}

/// Splits `rows` rows. `seed` is used where the configuration has none. Without a configuration all rows are training rows. `train` counts and keeps
/// only rows that are `usable`.
///
/// # Errors
/// [`Error::Read`] and [`Error::Data`] for a file of row numbers, [`Error::InvalidValue`] for a part
/// that was asked for and comes out empty.
pub(super) fn split(
    config: Option<&SplitConfig>,
    seed: u64,
    rows: usize,
    labels: Labels,
    usable: impl Fn(usize) -> bool,
) -> Result<Parts> {
    let Some(config) = config else {
        return Ok(Parts {
            train: (0..rows as u32).collect(),
            validation: None,
            test: None,
            calibration: None,
            kept: Vec::new(),
        });
    };
    let classes = labels.classes;
    let strata = match labels {
        Labels {
            groups: None,
            times: None,
            ..
        } => strata(config, classes)?,
        _ => None,
    };
    let mut drawing = Drawing {
        labels,
        strata,
        kept: Vec::new(),
    };
    let mut random = seed::stream(config.seed.unwrap_or(seed), Purpose::Split);
    let listed = Listed::read(config, rows)?;

    let all = listed.others;
    let (test, others) = if listed.test.is_some() {
        (listed.test, all)
    } else if config.test > 0.0 {
        share("test", config.test, rows, all, &mut drawing, &mut random)?
    } else if listed.train.is_some() {
        (Some(all).filter(|rows| !rows.is_empty()), Vec::new())
    } else {
        (None, all)
    };
    let train = listed.train.unwrap_or(others);
    let not_test = train.len();
    let (validation, train) = if let Some(fold) = config.fold {
        drawing.fold(&train, fold, &mut random)?
    } else if listed.validation.is_some() {
        (listed.validation, train)
    } else if config.validation > 0.0 {
        share(
            "validation",
            config.validation,
            train.len(),
            train,
            &mut drawing,
            &mut random,
        )?
    } else {
        (None, train)
    };
    let (calibration, train) = if config.calibration > 0.0 {
        share(
            "calibration",
            config.calibration,
            not_test,
            train,
            &mut drawing,
            &mut random,
        )?
    } else {
        (None, train)
    };
    let train = match config.train {
        Some(kept) => keep(kept, train, usable, strata, &mut random)?,
        None => train,
    };
    // Of `train` rows, some may be left out after all.
    let mut kept = drawing.kept;
    kept.retain(|row| train.binary_search(row).is_ok());
    check_train(&train, rows, classes)?;
    Ok(Parts {
        train,
        validation,
        test,
        calibration,
        kept,
    })
}

/// How rows are drawn.
struct Drawing<'a> {
    labels: Labels<'a>,
    strata: Option<&'a [u32]>,
    /// See [`Parts::kept`].
    kept: Vec<u32>,
}

impl Drawing<'_> {
    /// About `wanted` rows out of a pool, and those that are left.
    fn draw(
        &mut self,
        pool: Vec<u32>,
        wanted: f64,
        random: &mut ChaCha8Rng,
    ) -> (Vec<u32>, Vec<u32>) {
        let Labels {
            classes,
            groups,
            times,
        } = self.labels;
        let (mut drawn, mut left) = match (times, groups) {
            // The latest are drawn first; what is the latest of its class is not missed later.
            (Some(times), _) => return draw_last(&pool, wanted, times),
            (None, Some(groups)) => draw_groups(&pool, wanted, groups, random),
            (None, None) => draw(pool, wanted, self.strata, random),
        };
        if let Some(classes) = classes {
            self.keep_classes(&mut drawn, &mut left, classes);
        }
        (drawn, left)
    }

    /// The rows of a fold, and those to train on.
    fn fold(
        &mut self,
        pool: &[u32],
        fold: Fold,
        random: &mut ChaCha8Rng,
    ) -> Result<(Option<Vec<u32>>, Vec<u32>)> {
        let Labels {
            classes,
            groups,
            times,
        } = self.labels;
        let (mut drawn, mut left): (Vec<u32>, Vec<u32>) = match times {
            Some(times) => {
                // One part more: the first is never measured on.
                let parts = deal_times(pool, fold.of + 1, times);
                let rows = |is_in: &dyn Fn(usize) -> bool| {
                    let pairs = pool.iter().zip(&parts).filter(|(_, part)| is_in(**part));
                    pairs.map(|(row, _)| *row).collect()
                };
                (
                    rows(&|part| part == fold.number + 1),
                    rows(&|part| part <= fold.number),
                )
            }
            None => {
                let folds = match groups {
                    Some(groups) => deal_groups(pool, fold.of, groups, random),
                    None => deal(pool, fold.of, self.strata, random),
                };
                let (drawn, left): (Vec<_>, Vec<_>) = pool
                    .iter()
                    .zip(folds)
                    .partition(|(_, number)| *number == fold.number);
                let rows =
                    |pairs: Vec<(&u32, usize)>| pairs.into_iter().map(|(row, _)| *row).collect();
                (rows(drawn), rows(left))
            }
        };
        if let Some(classes) = classes.filter(|_| times.is_none()) {
            self.keep_classes(&mut drawn, &mut left, classes);
        }
        if drawn.is_empty() || left.is_empty() {
            let what = match (groups, times) {
                (Some(_), _) => "groups",
                (_, Some(_)) => "times",
                _ => "rows",
            };
            let expected =
                format!("so few folds that each has {what}, and others are left to train on");
            return Err(Error::invalid("study.cross_validation", expected, fold.of));
        }
        Ok((Some(drawn), left))
    }

    /// Gives back what is drawn of classes of which nothing is left: a class without a training row can be learned by nothing.
    fn keep_classes(&mut self, drawn: &mut Vec<u32>, left: &mut Vec<u32>, classes: &[u32]) {
        let there: HashSet<u32> = left.iter().map(|row| classes[*row as usize]).collect();
        let mut given = HashSet::new();
        let mut back = Vec::new();
        for row in drawn.iter() {
            let class = classes[*row as usize];
            if !there.contains(&class) && given.insert(class) {
                back.push(*row);
            }
        }
        if let Some(groups) = self.labels.groups {
            let whole: HashSet<u32> = back.iter().map(|row| groups[*row as usize]).collect();
            back = drawn
                .iter()
                .copied()
                .filter(|row| whole.contains(&groups[*row as usize]))
                .collect();
        }
        if back.is_empty() {
            return;
        }
        drawn.retain(|row| back.binary_search(row).is_err());
        left.extend_from_slice(&back);
        left.sort_unstable();
        self.kept.extend(back);
    }
}

/// What is split by itself: the classes, or all rows together.
fn strata<'a>(config: &SplitConfig, classes: Option<&'a [u32]>) -> Result<Option<&'a [u32]>> {
    match (config.stratify, classes) {
        (Some(true), None) => {
            let expected = "`false`, or no such key, where there are no classes";
            Err(Error::invalid("data.split.stratify", expected, "`true`"))
        }
        (Some(false), _) => Ok(None),
        (_, classes) => Ok(classes),
    }
}

/// Draws a share of `of` rows out of a pool: the rows drawn, and those that are left.
fn share(
    part: &str,
    share: f64,
    of: usize,
    pool: Vec<u32>,
    drawing: &mut Drawing,
    random: &mut ChaCha8Rng,
) -> Result<(Option<Vec<u32>>, Vec<u32>)> {
    let (drawn, left) = drawing.draw(pool, share * of as f64, random);
    if drawn.is_empty() {
        let expected = match drawing.labels {
            Labels {
                groups: None,
                times: None,
                ..
            } => format!("a share that comes to at least one of {of} rows"),
            _ => format!(
                "a share that comes to at least one group or time of {of} rows, and leaves one"
            ),
        };
        return Err(Error::invalid(
            format!("data.split.{part}"),
            expected,
            share,
        ));
    }
    Ok((Some(drawn), left))
}

/// Draws the training rows that are kept, each stratum in proportion.
fn keep(
    kept: usize,
    mut train: Vec<u32>,
    usable: impl Fn(usize) -> bool,
    strata: Option<&[u32]>,
    random: &mut ChaCha8Rng,
) -> Result<Vec<u32>> {
    train.retain(|row| usable(*row as usize));
    if kept > train.len() {
        let expected = format!(
            "at most {}, the number of rows left to train on",
            train.len()
        );
        return Err(Error::invalid("data.split.train", expected, kept));
    }
    let (drawn, _) = draw(train, kept as f64, strata, random);
    Ok(drawn)
}

/// There must be something to learn from.
fn check_train(train: &[u32], rows: usize, classes: Option<&[u32]>) -> Result<()> {
    if train.is_empty() {
        let expected = "smaller shares or shorter lists, so that training rows are left";
        let found = format!("none left of {rows} rows");
        return Err(Error::invalid("data.split", expected, found));
    }
    // Rows that are all of one class before the split are the source's error: it can say where.
    let one_class = |classes: &[u32]| classes.windows(2).all(|pair| pair[0] == pair[1]);
    let Some(classes) = classes.filter(|classes| !one_class(classes)) else {
        return Ok(());
    };
    if train
        .iter()
        .all(|row| classes[*row as usize] == classes[train[0] as usize])
    {
        let found = format!("{} rows of one class", train.len());
        return Err(Error::invalid(
            "data.split",
            "training rows of at least two classes",
            found,
        ));
    }
    Ok(())
}

/// Checks that no test rows are to be chosen where the source has its own, which `own` names.
pub(super) fn check_no_test_rows(config: Option<&SplitConfig>, own: &str) -> Result<()> {
    let (key, found) = match config {
        Some(SplitConfig {
            test_rows: Some(path),
            ..
        }) => ("test_rows", path.display().to_string()),
        Some(SplitConfig { test, .. }) if *test > 0.0 => ("test", test.to_string()),
        _ => return Ok(()),
    };
    let expected = format!("no such key, as {own} has the test rows");
    Err(Error::invalid(format!("data.split.{key}"), expected, found))
}
