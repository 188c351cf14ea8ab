//! `--set KEY=VALUE`: values in place of the file's.

use std::path::Path;
use std::str::FromStr;

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::error::ConfigError;
use dropwise::{Error, Result};
use toml::{Table, Value};

/// What stands for the file in a mistake that is not in one.
pub(in crate::commands) const COMMAND_LINE: &str = "--set";

/// One `--set KEY=VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Override {
    text: String,
    key: String,
    value: Value,
}

impl FromStr for Override {
    type Err = String;

    /// The value is TOML; what is not TOML is taken as text, so that `--set network.activation=relu`
    /// needs no quotes.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let Some((key, value)) = text.split_once('=') else {
            return Err("expected KEY=VALUE, such as train.epochs=5".to_owned());
        };
        let (key, value) = (key.trim(), value.trim());
        if key.split('.').any(str::is_empty) {
            return Err("expected a key such as train.epochs before the `=`".to_owned());
        }
        let as_text = |_| Value::String(value.to_owned());
        Ok(Override {
            text: text.to_owned(),
            key: key.to_owned(),
            value: value.parse().unwrap_or_else(as_text),
        })
    }
}

impl Override {
    fn apply(&self, table: &mut Table) -> std::result::Result<(), String> {
        let mut names: Vec<&str> = self.key.split('.').collect();
        let Some(last) = names.pop() else {
            return Ok(());
        };
        let mut table = table;
        for name in names {
            let entry = table
                .entry(name)
                .or_insert_with(|| Value::Table(Table::new()));
            match entry {
                Value::Table(inner) => table = inner,
                _ => return Err(format!("{}: `{name}` is a value and not a table", self.key)),
            }
        }
        table.insert(last.to_owned(), self.value.clone());
        Ok(())
    }
}

/// Reads a configuration and changes some of its values.
pub(super) fn read(path: &Path, overrides: &[Override]) -> Result<CheckedExperiment> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    let file = path.display().to_string();
    if overrides.is_empty() {
        return Experiment::parse(&file, &text);
    }
    // A file that is not TOML is shown as it is.
    let Ok(mut table) = text.parse::<Table>() else {
        return Experiment::parse(&file, &text);
    };
    for change in overrides {
        change
            .apply(&mut table)
            .map_err(|problem| mistake(change, problem, None))?;
    }
    let changed = toml::to_string(&table).map_err(|cause| {
        Error::Compute(format!(
            "the changed configuration cannot be written: {cause}"
        ))
    })?;
    Experiment::parse(&file, &changed).map_err(|error| at_override(error, overrides, &file, &text))
}

/// An error in the changed configuration, shown where its reader can see it: at the `--set` that
/// brought it, or in the file.
fn at_override(error: Error, overrides: &[Override], file: &str, text: &str) -> Error {
    let Error::Config(config) = error else {
        return error;
    };
    let field = config.problem.split(':').next().unwrap_or_default();
    let to_blame = |change: &&Override| {
        let inside = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        inside(&change.key, field) || inside(field, &change.key)
    };
    let blamed = overrides.iter().rev().find(to_blame);
    match (Experiment::parse(file, text).err(), blamed) {
        // The file has this mistake too, next to what was changed.
        (Some(Error::Config(own)), _) if own.problem == config.problem => Error::Config(own),
        (_, Some(change)) => mistake(change, config.problem, config.help),
        (Some(own), None) => own,
        // The file alone is good: the last change does not fit it.
        (None, None) => match overrides.last() {
            Some(change) => mistake(change, config.problem, config.help),
            None => Error::Config(config),
        },
    }
}

fn mistake(change: &Override, problem: String, help: Option<String>) -> Error {
    Error::Config(Box::new(ConfigError {
        file: COMMAND_LINE.to_owned(),
        text: change.text.clone(),
        span: 0..change.text.len(),
        problem,
        help,
    }))
}
