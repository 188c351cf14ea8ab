//! Which rows train, validate and test.

use std::collections::BTreeMap;
use std::ops::Range;

use super::columns::Columns;
use super::raw::Head;
use super::rows::{Chosen, Labeled, Part};
use super::scan::stream_some;
use super::{target, times};
use crate::config::{Missing, MissingTarget, SplitConfig, TableConfig};
use crate::data::cell::{Cell, shown};
use crate::data::split::{self, Labels};
use crate::data::twins;
use crate::error::Result;

/// Rows of the training part, then of the validation part, then of the calibration part, then of the test part.
pub(super) struct RowSplit<'a> {
    pub(super) rows: Chosen<'a>,
    /// How many are training rows; at least one.
    pub(super) train: usize,
    /// How many are validation rows; none where there is no such part.
    pub(super) validation: Option<usize>,
    /// The same for test rows.
    pub(super) test: Option<usize>,
    /// The same for calibration rows.
    pub(super) calibration: Option<usize>,
    /// Whether the target holds classes.
    pub(super) classes: bool,
    /// Numbers of the target that are far from all others, a sentence each.
    pub(super) far_off: Vec<String>,
    /// See [`Splits::notes`](crate::data::Splits::notes).
    pub(super) notes: Vec<String>,
}

/// Splits the rows that can be used.
pub(super) fn split<'a>(
    labeled: &'a Labeled<'a>,
    columns: &Columns,
    (config, split): (&TableConfig, Option<&SplitConfig>),
    seed: u64,
) -> Result<RowSplit<'a>> {
    let (usable, dropped) = usable_rows(labeled, columns, config)?;
    dropped.check(labeled.head())?;
    let all = usable.all();
    let classes = target::holds_classes(all, columns.target, config)?;
    let class_numbers = classes.then(|| target::class_numbers(all, columns.target, config));
    let groups = columns
        .group
        .map(|column| target::class_numbers(all, column, config));
    let times = columns
        .time
        .map(|column| times::numbers(all, column))
        .transpose()?;
    let labels = Labels {
        classes: class_numbers.as_deref(),
        groups: groups.as_deref(),
        times: times.as_deref(),
    };
    let parts = split_rows(labeled, all, labels, split, seed)?;
    let far_off = match classes {
        true => Vec::new(),
        false => target::far_off(all, columns.target)?,
    };
    let class = |place: usize| shown(&all.get(place).text(columns.target));
    let mut notes: Vec<String> = dropped.note(labeled.head()).into_iter().collect();
    notes.extend(split::notes(&parts.kept, class));
    let split::Parts {
        train: mut rows,
        validation,
        test,
        calibration,
        ..
    } = parts;
    let is_there = |name: &str, len: usize| match len {
        0 => Err(labeled.head().error(
            format!("no {name} row is left"),
            "change `split` in `[data]`, or what leaves rows out",
        )),
        len => Ok(len),
    };
    let train = is_there("training", rows.len())?;
    let mut add = |name: &str, part: Option<Vec<u32>>| {
        let part = part.map(|part| {
            let len = part.len();
            rows.extend(part);
            is_there(name, len)
        });
        part.transpose()
    };
    let validation = add("validation", validation)?;
    let calibration = add("calibration", calibration)?;
    let test = add("test", test)?;
    let numbers = all.numbers();
    rows.iter_mut()
        .for_each(|row| *row = numbers[*row as usize]);
    Ok(RowSplit {
        rows: Chosen::of(labeled, rows),
        train,
        validation,
        test,
        calibration,
        classes,
        far_off,
        notes,
    })
}

impl<'a> RowSplit<'a> {
    /// Adds test rows from files of their own.
    pub(super) fn add_tests(
        &mut self,
        tests: &'a Labeled<'a>,
        columns: &Columns,
        config: &TableConfig,
    ) -> Result<()> {
        let head = tests.head();
        let (tests, dropped) = usable_rows(tests, columns, config)?;
        dropped.check(head)?;
        self.notes.extend(dropped.note(head));
        self.test = Some(tests.all().len());
        self.rows.extend(tests);
        Ok(())
    }

    pub(super) fn lengths(&self) -> Lengths {
        Lengths {
            train: self.train,
            validation: self.validation,
            calibration: self.calibration,
            test: self.test,
        }
    }
}

/// How many rows each part has, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) train: usize,
    validation: Option<usize>,
    calibration: Option<usize>,
    test: Option<usize>,
}

impl Lengths {
    pub(super) fn validation(self) -> Option<Range<usize>> {
        let start = self.train;
        self.validation.map(|len| start..start + len)
    }

    pub(super) fn calibration(self) -> Option<Range<usize>> {
        let start = self.train + self.validation.unwrap_or(0);
        self.calibration.map(|len| start..start + len)
    }

    pub(super) fn test(self) -> Option<Range<usize>> {
        let before = [self.validation, self.calibration];
        let start = self.train + before.into_iter().flatten().sum::<usize>();
        self.test.map(|len| start..start + len)
    }

    /// What is said of rows that are the same in training and in another part, by a number of each that is.
    pub(super) fn twins(
        self,
        numbers: impl Fn(Range<usize>) -> Vec<u64> + Sync,
    ) -> Result<Option<String>> {
        let numbers_of = |rows: Option<Range<usize>>| -> Result<Option<Vec<u64>>> {
            let Some(rows) = rows else {
                return Ok(None);
            };
            let mut all = Vec::with_capacity(rows.len());
            let read = |some| Ok(numbers(some));
            stream_some(rows, read, |some| {
                all.extend(some);
                Ok(())
            })?;
            Ok(Some(all))
        };
        let validation = numbers_of(self.validation())?;
        let test = numbers_of(self.test())?;
        // Of the training rows, which are most, none is kept.
        let others = validation.iter().chain(&test).flatten();
        let mut others: Vec<u64> = others.copied().collect();
        if others.is_empty() {
            return Ok(None);
        }
        others.sort_unstable();
        others.dedup();
        let mut is_known = vec![false; others.len()];
        // Most numbers are none of them, and a bit says so of nearly all of these.
        let bits = (16 * others.len())
            .next_power_of_two()
            .trailing_zeros()
            .max(6);
        let bit = |number: u64| (number >> (u64::BITS - bits)) as usize;
        let mut may_be = vec![0_u64; 1 << (bits - 6)];
        for number in &others {
            may_be[bit(*number) / 64] |= 1 << (bit(*number) % 64);
        }
        let find = |rows: Range<usize>| -> Result<Vec<usize>> {
            let found = numbers(rows).into_iter();
            let found =
                found.filter(|number| may_be[bit(*number) / 64] >> (bit(*number) % 64) & 1 == 1);
            let places = found.filter_map(|number| others.binary_search(&number).ok());
            Ok(places.collect())
        };
        stream_some(0..self.train, find, |places| {
            places.into_iter().for_each(|place| is_known[place] = true);
            Ok(())
        })?;
        if !is_known.contains(&true) {
            return Ok(None);
        }
        let is_twin = |number: &&u64| {
            others
                .binary_search(number)
                .is_ok_and(|place| is_known[place])
        };
        let count = |part: &Vec<u64>| (part.iter().filter(is_twin).count(), part.len());
        Ok(twins::words(
            validation.as_ref().map(count),
            test.as_ref().map(count),
        ))
    }
}

/// The rows of a table that are left out.
#[derive(Default)]
pub(super) struct Dropped {
    /// All rows.
    rows: usize,
    /// How many rows are left out for each column, the first of theirs that misses a value.
    columns: BTreeMap<usize, usize>,
}

impl Dropped {
    fn count(&self) -> usize {
        self.columns.values().sum()
    }

    /// Adds those of other rows.
    pub(super) fn extend(&mut self, others: Dropped) {
        self.rows += others.rows;
        for (column, count) in others.columns {
            *self.columns.entry(column).or_insert(0) += count;
        }
    }

    /// # Errors
    /// If there is no row, or none is left.
    pub(super) fn check(&self, head: &Head) -> Result<()> {
        if self.rows == 0 {
            let fix = "give a table with rows; if the first line is one, say `header = false` in `[data]`";
            return Err(head.error("the table has a header and no rows", fix));
        }
        if self.rows == self.count() {
            return Err(head.error(
                "every row has a missing value, and is left out for it",
                "leave out the columns that miss values, or set `missing` in `[data]` to `mean`, `median` or `mode`",
            ));
        }
        Ok(())
    }

    /// What is said of them.
    pub(super) fn note(&self, head: &Head) -> Option<String> {
        let columns = self.columns.iter();
        let words: Vec<String> = columns
            .map(|(column, count)| format!("`{}` ({count})", shown(&head.columns()[*column])))
            .collect();
        (!words.is_empty()).then(|| {
            format!(
                "{} of {} rows are left out, since a value is missing: {}",
                self.count(),
                self.rows,
                words.join(", ")
            )
        })
    }
}

/// All rows but those that are left out since a value of theirs is missing; and these.
pub(super) fn usable_rows<'a>(
    labeled: &'a Labeled<'a>,
    columns: &Columns,
    config: &TableConfig,
) -> Result<(Chosen<'a>, Dropped)> {
    let count = labeled.keys.rows();
    let drops = config.missing == Missing::Drop;
    let drops_target = match config.missing_target {
        None => drops,
        Some(policy) => policy == MissingTarget::Drop,
    };
    let mut usable = Vec::with_capacity(count);
    let mut dropped = Dropped {
        rows: count,
        ..Dropped::default()
    };
    for row in labeled.rows() {
        if row.target() == Cell::Missing {
            if !drops_target {
                let fix = "give it, or say `missing_target = \"drop\"` in `[data]`, which leaves the row out";
                return Err(row.error(columns.target, "the target is missing", fix));
            }
            *dropped.columns.entry(columns.target).or_insert(0) += 1;
            continue;
        }
        // Rows without a group are not all of one.
        if let Some(column) = columns
            .group
            .filter(|column| !drops && config.is_missing(&row.text(*column)))
        {
            let fix = "give it, or set `missing` in `[data]` to `drop`, which leaves the row out";
            return Err(row.error(column, "the group of `split.group` is missing", fix));
        }
        match labeled.keys.gap(row.row) {
            Some(column) => *dropped.columns.entry(column).or_insert(0) += 1,
            None => usable.push(row.row as u32),
        }
    }
    Ok((Chosen::of(labeled, usable), dropped))
}

/// Places among the usable rows for each part. Fractions are of the usable rows. Files of row numbers count all of the
/// table's; a row they list that is not usable is left out.
fn split_rows(
    labeled: &Labeled,
    usable: Part,
    labels: Labels,
    config: Option<&SplitConfig>,
    seed: u64,
) -> Result<split::Parts> {
    let by_files = config.is_some_and(|split| {
        [&split.train_rows, &split.validation_rows, &split.test_rows]
            .iter()
            .any(|path| path.is_some())
    });
    if !by_files || usable.len() == labeled.keys.rows() {
        return split::split(config, seed, usable.len(), labels, |_| true);
    }
    let mut places = vec![None; labeled.keys.rows()];
    for (place, row) in usable.numbers().iter().enumerate() {
        places[*row as usize] = Some(place as u32);
    }
    // The rows left out are a class of their own, so that they do not change the shares of the others.
    let all: Option<Vec<u32>> = labels.classes.map(|classes| {
        let left_out = 1 + classes.iter().max().copied().unwrap_or(0);
        let class = |place: &Option<u32>| place.map_or(left_out, |place| classes[place as usize]);
        places.iter().map(class).collect()
    });
    let is_usable = |row: usize| places[row].is_some();
    // There are no groups beside files of row numbers.
    let all = Labels::classes(all.as_deref());
    let parts = split::split(config, seed, places.len(), all, is_usable)?;
    let keep = |rows: Vec<u32>| -> Vec<u32> {
        rows.iter()
            .filter_map(|&row| places[row as usize])
            .collect()
    };
    Ok(split::Parts {
        train: keep(parts.train),
        validation: parts.validation.map(keep),
        test: parts.test.map(keep),
        calibration: parts.calibration.map(keep),
        kept: keep(parts.kept),
    })
}
