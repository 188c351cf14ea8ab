//! The file of an experiment, as it is written.

use serde::Deserialize;
use toml::{Table, Value};

use super::{Averaging, Claim, PaperMeasure};

/// What a file under `config/paper/` says. Tables of changes have the keys of an experiment's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// What it is about, in a line.
    pub(super) title: String,
    /// Where it was published.
    pub(super) source: String,
    /// What the paper shows, in words, where that is a figure.
    #[serde(default)]
    pub(super) shows: String,
    pub(super) measure: PaperMeasure,
    /// How far above the published number a row may be; none means that the numbers are only put side by side.
    #[serde(default)]
    pub(super) tolerance: Option<f64>,
    /// Networks to measure in each row.
    pub(super) seeds: usize,
    /// What the values on the horizontal axis of the figure are, where there is one.
    #[serde(default)]
    pub(super) x: Option<AxisFile>,
    /// Which averages of thinned networks are measured, with the measure `averages`.
    #[serde(default)]
    pub(super) averaging: Option<Averaging>,
    /// What all networks share.
    pub(super) experiment: Table,
    /// What is different while values are chosen, such as validation rows and fewer epochs.
    #[serde(default)]
    pub(super) choose: Table,
    pub(super) rows: Vec<RowFile>,
    #[serde(default)]
    pub(super) claims: Vec<Claim>,
    #[serde(default)]
    pub(super) quick: Option<QuickFile>,
}

/// An axis of a figure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisFile {
    pub(super) label: String,
    #[serde(default)]
    pub(super) logarithmic: bool,
}

/// A line of the published table, or a point of the published figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowFile {
    /// A short name for flags and folders.
    pub(super) name: String,
    /// What the table calls it.
    pub(super) method: String,
    #[serde(default)]
    pub(super) published: Option<f64>,
    /// A bound in place of the published number with its tolerance.
    #[serde(default)]
    pub(super) at_most: Option<f64>,
    /// The curve that the point belongs to.
    #[serde(default)]
    pub(super) series: Option<String>,
    /// Where the point is on the horizontal axis.
    #[serde(default)]
    pub(super) x: Option<f64>,
    #[serde(default)]
    pub(super) data: Table,
    #[serde(default)]
    pub(super) network: Table,
    #[serde(default)]
    pub(super) dropout: Table,
    #[serde(default)]
    pub(super) train: Table,
    /// Arrays of values to choose from; of several, each combination.
    #[serde(default)]
    pub(super) choose: Table,
    /// What is different in a quick run.
    #[serde(default)]
    pub(super) quick: Table,
}

/// How an experiment becomes one of a minute, which shows that it runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuickFile {
    pub(super) seeds: usize,
    /// What is different for all networks.
    #[serde(default)]
    pub(super) experiment: Table,
    /// What is different while values are chosen.
    #[serde(default)]
    pub(super) choose: Table,
    #[serde(default)]
    pub(super) averaging: Option<Averaging>,
    /// The rows that are run; none means all of them.
    #[serde(default)]
    pub(super) rows: Option<Vec<String>>,
}

/// Puts the values of `changes` in place of those of `table`, tables within tables likewise. A table that says
/// where rows come from takes the place of the other whole, since no source has a use for another's keys.
pub(super) fn merge(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(inner)), Value::Table(change)) if !change.contains_key("source") => {
                merge(inner, change);
            }
            _ => {
                table.insert(key.clone(), change.clone());
            }
        }
    }
}
