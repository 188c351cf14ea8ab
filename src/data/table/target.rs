//! The target column: classes or numbers.

use std::borrow::Cow;
use std::collections::HashMap;

use super::MOST_CATEGORIES;
use super::numbers::{Numbers, mean_and_deviation};
use super::numeric::Tally;
use super::rows::{Part, Row};
use super::suspects::Extremes;
use crate::config::{TableConfig, TaskKind};
use crate::data::cell::{Almost, NumberStyle, parse_number, shown};
use crate::data::spelling::{self, Spellings};
use crate::data::{Target, Task};
use crate::error::Result;

/// Whether the target is one of several classes: as the configuration says, or as the cells look.
pub(super) fn holds_classes(rows: Part, target: usize, config: &TableConfig) -> Result<bool> {
    match config.task {
        Some(TaskKind::Classification | TaskKind::Binary) => Ok(true),
        Some(TaskKind::Regression) => Ok(false),
        None => {
            let if_words = "if the target holds classes, say `task = \"classification\"`";
            let look = |rows: Part| {
                let mut tally = Tally::default();
                for row in rows.iter() {
                    let almost = || Almost::of(&row.text(target));
                    tally.add((row.target(), 1), almost, || row.spot(target));
                }
                Ok(tally)
            };
            let mut tally = Tally::default();
            rows.each_some(look, |some| tally.extend(some))?;
            let name = &rows.head().columns()[target];
            Ok(!tally.holds_numbers(name, if_words)?)
        }
    }
}

/// Each row's class as a number, to keep the classes' shares in a split; spellings of one class have one number.
pub(super) fn class_numbers(rows: Part, column: usize, config: &TableConfig) -> Vec<u32> {
    let counts = counts(rows, column);
    let spellings = spellings(&counts, config);
    let mut numbers = HashMap::new();
    rows.iter()
        .map(|row| {
            let next = numbers.len() as u32;
            let text = counts.get_key_value(&row.text(column));
            let name = text.map(|(text, _)| spellings.name(text));
            *numbers.entry(name).or_insert(next)
        })
        .collect()
}

/// The different texts of a column, and how often each occurs.
fn counts<'a>(rows: Part<'_, 'a>, column: usize) -> HashMap<Cow<'a, str>, usize> {
    let mut counts = HashMap::new();
    for row in rows.iter() {
        *counts.entry(row.text(column)).or_insert(0) += 1;
    }
    counts
}

fn spellings<'a>(counts: &'a HashMap<Cow<str>, usize>, config: &TableConfig) -> Spellings<'a> {
    let counts = counts.iter().map(|(text, count)| (&**text, *count));
    Spellings::counted(counts, NumberStyle::of(config))
}

/// What is to be learned, from the training rows, of which there is at least one.
pub(super) fn task(
    train: Part,
    target: usize,
    classes: bool,
    config: &TableConfig,
    notes: &mut Vec<String>,
) -> Result<Task> {
    if !classes {
        return regression(train, target, config);
    }
    let table = train.head();
    let name = shown(&table.columns()[target]);
    let counts = counts(train, target);
    let spellings = spellings(&counts, config);
    notes.extend(spellings.note(&name));
    let classes = sorted_classes(&spellings);
    match (&classes[..], config.task) {
        ([only], _) => Err(table.error(
            format!(
                "the target `{name}` has one class in the training rows, `{}`",
                shown(only)
            ),
            "give rows of two classes or more; there is nothing to learn from one",
        )),
        (many, _) if many.len() > MOST_CATEGORIES => Err(table.error(
            format!(
                "the target `{name}` has {} classes: at most {MOST_CATEGORIES} are allowed",
                many.len()
            ),
            "say `task = \"regression\"` in `[data]` if it holds numbers, or name another target",
        )),
        ([first, second], None | Some(TaskKind::Binary)) => Ok(Task::Binary {
            classes: [first.clone(), second.clone()],
        }),
        (many, Some(TaskKind::Binary)) => Err(table.error(
            format!(
                "expected two classes in the target `{name}`, found {}",
                many.len()
            ),
            "say `task = \"classification\"` in `[data]`",
        )),
        _ => Ok(Task::Classification { classes }),
    }
}

/// The distinct texts: by value if all are numbers, else by name.
fn sorted_classes(spellings: &Spellings) -> Vec<String> {
    let classes = spellings.counts.keys();
    let numbers: Option<Vec<(f64, &str)>> = classes
        .clone()
        .map(|class| parse_number(class).map(|number| (number, *class)))
        .collect();
    match numbers {
        Some(mut numbers) => {
            numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
            numbers
                .into_iter()
                .map(|(_, class)| class.to_owned())
                .collect()
        }
        None => classes.map(|class| (*class).to_owned()).collect(),
    }
}

fn regression(train: Part, target: usize, config: &TableConfig) -> Result<Task> {
    let numbers = each(train, |row| target_number(row, target))?;
    let (mean, deviation) = if config.standardize {
        mean_and_deviation(&numbers)
    } else {
        (0.0, 1.0)
    };
    let table = train.head();
    let name = &table.columns()[target];
    if !(mean.is_finite() && deviation.is_finite()) {
        let problem = format!("the numbers of the target `{}` are too large", shown(name));
        return Err(table.error(problem, "give them in a larger unit"));
    }
    let target = Target {
        name: name.clone(),
        mean,
        deviation,
    };
    Ok(Task::Regression {
        targets: vec![target],
    })
}

/// Targets that are far from all others, a sentence each.
pub(super) fn far_off(rows: Part, target: usize) -> Result<Vec<String>> {
    let look = |rows: Part| {
        let read = rows.iter().map(|row| row.target().number());
        let mut read: Vec<f64> = read.map(|number| number.unwrap_or(f64::NAN)).collect();
        let extremes = Extremes::of(&read);
        let extremes = extremes.spotted(|place| rows.get(place).spot(target));
        read.retain(|number| !number.is_nan());
        Ok((extremes, read))
    };
    let (mut extremes, mut numbers) = (Extremes::default(), Numbers::new(false));
    rows.each_some(look, |(of_some, read)| {
        extremes.extend(of_some);
        numbers.extend(&read);
    })?;
    let name = &rows.head().columns()[target];
    Ok(extremes.far_off(name, numbers.sample()))
}

fn target_number(row: Row, target: usize) -> Result<f64> {
    row.target().number().ok_or_else(|| {
        row.error(
            target,
            format!(
                "expected a finite number as the target of a regression, found `{}`",
                shown(&row.text(target))
            ),
            "correct it, or say `task = \"classification\"` in `[data]` if the target holds classes",
        )
    })
}

/// The targets of rows.
pub(super) enum Targets {
    /// The number of each class, counted from 0.
    Classes(Vec<u16>),
    /// The numbers that the network learns.
    Numbers(Vec<f64>),
}

impl Targets {
    /// Those of no rows.
    pub(super) fn none(task: &Task) -> Self {
        match task {
            Task::Regression { .. } => Targets::Numbers(Vec::new()),
            Task::Classification { .. } | Task::Binary { .. } => Targets::Classes(Vec::new()),
        }
    }

    /// Adds those of more rows of the same table.
    pub(super) fn extend(&mut self, others: Self) {
        match (self, others) {
            (Targets::Classes(all), Targets::Classes(others)) => all.extend(others),
            (Targets::Numbers(all), Targets::Numbers(others)) => all.extend(others),
            _ => {}
        }
    }

    /// Takes away those of the rows from this one on.
    pub(super) fn split_off(&mut self, row: usize) -> Self {
        match self {
            Targets::Classes(all) => Targets::Classes(all.split_off(row)),
            Targets::Numbers(all) => Targets::Numbers(all.split_off(row)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Targets::Classes(classes) => classes.len(),
            Targets::Numbers(numbers) => numbers.len(),
        }
    }

    pub(super) fn get(&self, row: usize) -> f64 {
        match self {
            Targets::Classes(classes) => classes[row].into(),
            Targets::Numbers(numbers) => numbers[row],
        }
    }
}

/// Each row's target.
pub(super) fn encode(
    rows: Part,
    target: usize,
    task: &Task,
    config: &TableConfig,
) -> Result<Targets> {
    if let Task::Regression { targets } = task {
        let numbers = each(rows, |row| learned(row, target, &targets[0]))?;
        return Ok(Targets::Numbers(numbers));
    }
    let style = NumberStyle::of(config);
    let classes: HashMap<&str, u16> = (task.classes().iter())
        .zip(0..)
        .map(|(class, k)| (class.as_str(), k))
        .collect();
    let class = |row: Row| {
        let text = row.text(target);
        let known = classes.get(&*text).copied();
        let spelled = || spelling::find(task.classes(), &text, style).map(|class| class as u16);
        known.or_else(spelled).ok_or_else(|| {
            row.error(
                target,
                format!(
                    "the class `{}` is not among those of the training rows",
                    shown(&text)
                ),
                "correct it, or split the rows so that all classes are among the training rows",
            )
        })
    };
    Ok(Targets::Classes(each(rows, class)?))
}

/// What is made of each row, in no more memory than it takes.
fn each<T: Send>(rows: Part, make: impl Fn(Row) -> Result<T> + Sync) -> Result<Vec<T>> {
    let mut made = Vec::with_capacity(rows.len());
    let make = |rows: Part| rows.iter().map(&make).collect::<Result<Vec<T>>>();
    rows.each_some(make, |some| made.extend(some))?;
    Ok(made)
}

/// A number as the network learns it.
fn learned(row: Row, column: usize, target: &Target) -> Result<f64> {
    let learned = (target_number(row, column)? - target.mean) / target.deviation;
    // The network computes with 32 bits.
    if (learned as f32).is_finite() {
        return Ok(learned);
    }
    let problem = format!("`{}` is too large a target", shown(&row.text(column)));
    let fix = "correct it, or give targets in a larger unit";
    Err(row.error(column, problem, fix))
}
