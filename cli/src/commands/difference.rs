//! Whether an experiment is the one that a run or a study was started with.

use dropwise::Result;
use dropwise::config::Experiment;
use dropwise::error::Error;
use toml::{Table, Value};

use super::overrides::without_paths;

/// A key whose value is not the one that was started with, and both values in words.
pub(super) struct Difference {
    pub(super) key: String,
    pub(super) begun: String,
    pub(super) now: String,
}

impl Difference {
    /// The first key that differs, a plain one before those in tables.
    pub(super) fn between(begun: &Experiment, now: &Experiment) -> Result<Option<Self>> {
        Ok(difference("", &table(begun)?, &table(now)?))
    }

    /// As [`between`](Self::between), wherever the files of the data are: what is in them is compared by their hash.
    pub(super) fn beside_paths(begun: &Experiment, now: &Experiment) -> Result<Option<Self>> {
        Difference::between(&without_paths(begun)?, &without_paths(now)?)
    }

    /// The difference in words, for what was `started`: a run or a study.
    pub(super) fn problem(&self, started: &str) -> String {
        let Difference { key, begun, now } = self;
        format!("`{key}` was {begun} when the {started} was started and is {now} now")
    }
}

fn table(experiment: &Experiment) -> Result<Table> {
    Table::try_from(experiment)
        .map_err(|cause| Error::invalid("the configuration", "what TOML can hold", cause))
}

fn difference(outer: &str, begun: &Table, now: &Table) -> Option<Difference> {
    let words = |value: Option<&Value>| {
        value.map_or("absent".to_owned(), |value| {
            value.to_string().trim().to_owned()
        })
    };
    let new = now.keys().filter(|key| !begun.contains_key(*key));
    let keys = begun
        .keys()
        .chain(new)
        .filter(|key| begun.get(*key) != now.get(*key));
    let mut inside = None;
    for key in keys {
        let name = format!("{outer}{key}");
        match (begun.get(key), now.get(key)) {
            (Some(Value::Table(one)), Some(Value::Table(other))) => {
                inside = inside.or_else(|| difference(&format!("{name}."), one, other));
            }
            (one, other) => {
                return Some(Difference {
                    key: name,
                    begun: words(one),
                    now: words(other),
                });
            }
        }
    }
    inside
}
