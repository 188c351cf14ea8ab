//! The runs that are asked for, explained.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

use dropwise::{Error, Result};
use dropwise_lab::explain::{ExplainOptions, Explanation};
use dropwise_lab::store::{Prepared, explain_run, open_for_reading};

use super::Args;

/// The file of a run's folder, and those of folders that may be confused with one.
const RUN: &str = "config.toml";
const STUDIES: [&str; 2] = ["study.toml", "tune.toml"];

/// A weight of the first layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weight {
    /// A number, counted from 0, or a name.
    pub(super) input: String,
    /// Counted from 0.
    pub(super) unit: usize,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "expected an input and a hidden unit, such as 0:3".to_owned();
        // A name may have a colon in it.
        let (input, unit) = text.rsplit_once(':').ok_or_else(wrong)?;
        let unit = unit.parse().map_err(|_| wrong())?;
        match input {
            "" => Err(wrong()),
            input => Ok(Weight {
                input: input.to_owned(),
                unit,
            }),
        }
    }
}

/// Explains all runs, in the order in which they are named.
pub(super) fn explain(args: &Args) -> Result<Vec<Explanation>> {
    let names = names(&args.runs);
    let runs = args.runs.iter().zip(&names);
    runs.map(|(dir, name)| explain_one(args, dir, name))
        .collect()
}

fn explain_one(args: &Args, dir: &Path, name: &str) -> Result<Explanation> {
    refuse_study(dir)?;
    let weight = match args.weight() {
        Some(weight) => Some(find(dir, &weight)?),
        None => None,
    };
    let options = ExplainOptions {
        weight,
        part: args.split,
        samples: args.samples,
        rotate: args.rotate,
        ..ExplainOptions::default()
    };
    let (model, backend) = (args.model.model, args.model.backend.as_ref());
    let found = explain_run(dir, Some(name), &options, model, backend);
    found.map_err(|error| in_run(dir, error))
}

/// A study keeps no weights.
fn refuse_study(dir: &Path) -> Result<()> {
    let has = |name: &str| dir.join(name).is_file();
    if has(RUN) || !STUDIES.iter().any(|name| has(name)) {
        return Ok(());
    }
    Err(Error::Store {
        path: dir.to_owned(),
        problem: "expected a run, found a study, which keeps no networks".to_owned(),
        fix: "train one of its settings with `dropwise train --out` and report on that run"
            .to_owned(),
    })
}

/// The numbers of a weight's input and unit.
fn find(dir: &Path, weight: &Weight) -> Result<(usize, usize)> {
    if let Ok(input) = weight.input.parse() {
        return Ok((input, weight.unit));
    }
    let prepared = Prepared::of(&open_for_reading(dir)?)?;
    let names = prepared.preprocessing.input_names();
    match names.iter().position(|name| *name == weight.input) {
        Some(input) => Ok((input, weight.unit)),
        None => {
            let found = format!("`{}`", weight.input);
            let error = Error::invalid("the weight's input", some(&names), found);
            Err(in_run(dir, error))
        }
    }
}

/// The inputs in words: a number, or one of the names.
fn some(names: &[String]) -> String {
    const MOST: usize = 12;
    let last = names.len().saturating_sub(1);
    let shown: Vec<_> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > MOST { ", ..." } else { "" };
    format!("0 to {last}, or one of {}{more}", shown.join(", "))
}

/// Names the run, since there may be several.
fn in_run(dir: &Path, error: Error) -> Error {
    match error {
        Error::InvalidValue {
            key,
            expected,
            found,
        } => Error::InvalidValue {
            key: format!("{}: {key}", dir.display()).into(),
            expected,
            found,
        },
        error => error,
    }
}

/// The names of the folders; where two have the same, with the folder that they are in.
fn names(dirs: &[impl AsRef<Path>]) -> Vec<String> {
    let paths: Vec<_> = dirs
        .iter()
        .map(|dir| std::path::absolute(dir).unwrap_or(dir.as_ref().to_owned()))
        .collect();
    let of = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let mut counts: HashMap<Option<String>, usize> = HashMap::new();
    for path in &paths {
        *counts.entry(of(path)).or_default() += 1;
    }
    let name = |path: &Path| {
        let own = of(path).unwrap_or_else(|| "run".to_owned());
        let folder = path.parent().and_then(of);
        match (counts.get(&of(path)), folder) {
            (Some(2..), Some(folder)) => format!("{folder}/{own}"),
            _ => own,
        }
    };
    paths.iter().map(|path| name(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Weight, names};

    #[test]
    fn a_weight_is_an_input_and_a_unit() {
        let weight = |input: &str, unit| {
            Ok(Weight {
                input: input.to_owned(),
                unit,
            })
        };
        assert_eq!("0:3".parse(), weight("0", 3));
        assert_eq!("color=red:x:12".parse(), weight("color=red:x", 12));
        for wrong in ["", "3", ":3", "a:", "a:-1", "a:b"] {
            assert!(wrong.parse::<Weight>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn runs_of_one_name_are_told_apart_by_the_folder_that_they_are_in() {
        let found = names(&["/a/one/run", "/a/two/run", "/a/three/other"]);
        assert_eq!(found, ["one/run", "two/run", "other"]);
    }
}
