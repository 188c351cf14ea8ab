//! Published experiments, run again: which networks a paper's table asks for, and what they come to beside its
//! numbers.
//!
//! A [`Paper`] is read from a TOML file, one of those under `config/paper/` or one's own: what all networks share,
//! a row for each line of the published table, and what is claimed of them. Each row is trained in two steps:
//!
//! 1. **Choose.** Where a row leaves some values open, a network is trained for each of them on fewer rows, and
//!    measured on the validation rows that were held out. The smallest error is chosen. Test rows are not there.
//! 2. **Measure.** Networks with several seeds are trained on all training rows with what was chosen, and measured
//!    on test rows, once.
//!
//! [`run`] has a [`NetworkRunner`] train the networks, so that nothing here knows a file, a clock or a thread. The
//! [`Summary`] is a function of their outcomes alone, wherever and in whatever order they were trained.
//!
//! ```
//! use dropwise_lab::reproduce::Paper;
//!
//! let text = "title = 'XOR'\nsource = 'the tutorial'\nmeasure = 'error-rate'\nseeds = 2\n\
//!             [experiment]\ndata.source = 'xor'\ntrain = { learning_rate = 0.5, steps = 10 }\n\
//!             [[rows]]\nname = 'four'\nmethod = '3-4-1'\nnetwork.hidden = [4]\n";
//! let paper = Paper::parse("xor.toml", text)?;
//! let networks = paper.measured(&paper.rows[0], &[], 1..=2)?;
//! assert_eq!(networks.len(), 2);
//! assert_eq!(networks[1].id.to_string(), "four/seed-2");
//! # Ok::<(), dropwise::Error>(())
//! ```

mod claims;
mod file;
mod measure;
mod network;
mod paper;
mod ridge;
mod summary;
pub mod uci;

use std::ops::RangeInclusive;

use dropwise::error::{Error, Result};
use serde::Serialize;

pub use claims::{Claim, ClaimResult, Holds};
pub use measure::{Averaging, Measurement, PaperMeasure, measure};
pub use network::{NetworkId, NetworkOutcome, Outcomes, PaperNetwork, Stage};
pub use paper::{KeyValues, Paper, PaperRow};
pub use ridge::{least_squares, ridge};
pub(crate) use summary::in_line;
pub use summary::{Candidate, RowSummary, RowVerdict, Summary};

/// What of an experiment is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The names of rows; none means all of them.
    pub rows: Option<Vec<String>>,
    /// The seeds to train each row with.
    pub seeds: RangeInclusive<u64>,
}

/// A piece of an experiment that can be run alone, on one of several machines: a seed of a row, or all seeds of a row with values
/// to choose, which are chosen once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperItem {
    /// The name of the row.
    pub row: String,
    /// The first seed.
    pub from_seed: u64,
    /// The last one.
    pub to_seed: u64,
}

impl PaperItem {
    /// Whether all its networks have been measured.
    #[must_use]
    pub fn is_in(&self, outcomes: &Outcomes) -> bool {
        let id = |seed| NetworkId {
            row: self.row.clone(),
            stage: Stage::Measure,
            seed,
        };
        (self.from_seed..=self.to_seed).all(|seed| outcomes.contains_key(&id(seed)))
    }
}

impl Scope {
    /// The rows of `paper` that are in the scope, in its order.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if one is named that there is not.
    pub fn rows<'a>(&self, paper: &'a Paper) -> Result<Vec<&'a PaperRow>> {
        let Some(names) = &self.rows else {
            return Ok(paper.rows.iter().collect());
        };
        if let Some(unknown) = names.iter().find(|name| paper.row(name).is_none()) {
            let known: Vec<_> = paper.rows.iter().map(|row| row.name.as_str()).collect();
            let expected = format!("rows among {}", known.join(", "));
            return Err(Error::invalid("--rows", expected, format!("`{unknown}`")));
        }
        let named = |row: &&PaperRow| names.contains(&row.name);
        Ok(paper.rows.iter().filter(named).collect())
    }

    /// What can be run alone of the scope, in the order of the rows and seeds.
    ///
    /// # Errors
    /// Those of [`rows`](Self::rows).
    pub fn items(&self, paper: &Paper) -> Result<Vec<PaperItem>> {
        let mut items = Vec::new();
        for row in self.rows(paper)? {
            let (first, last) = (*self.seeds.start(), *self.seeds.end());
            let chooses = !row.candidates.is_empty();
            let ranges = match chooses {
                true => vec![(first, last)],
                false => self.seeds.clone().map(|seed| (seed, seed)).collect(),
            };
            items.extend(ranges.into_iter().map(|(from_seed, to_seed)| PaperItem {
                row: row.name.clone(),
                from_seed,
                to_seed,
            }));
        }
        Ok(items)
    }
}

/// Trains the networks of an experiment. It alone knows devices, threads, files and clocks.
pub trait NetworkRunner {
    /// Trains `networks`, at once or in any order, and returns how they ended, in the order of `networks`; `None`
    /// for those that were cancelled.
    ///
    /// # Errors
    /// Anything that keeps a network from being trained, but not divergence, which is an outcome.
    fn run(&mut self, networks: &[PaperNetwork]) -> Result<Vec<Option<NetworkOutcome>>>;
}

/// Trains the networks of `items` that `outcomes` does not have yet: those to choose by first, then those to
/// measure. Adds how they ended to `outcomes`, and says whether all of them did.
///
/// # Errors
/// [`Error::InvalidValue`] for a row that there is not, those of [`Paper`] and of the runner.
pub fn run(
    paper: &Paper,
    items: &[PaperItem],
    outcomes: &mut Outcomes,
    runner: &mut impl NetworkRunner,
) -> Result<bool> {
    let mut rows: Vec<(&PaperRow, Vec<&PaperItem>)> = Vec::new();
    for item in items {
        let Some(row) = paper.row(&item.row) else {
            let found = format!("`{}`", item.row);
            return Err(Error::invalid("the row", "one of the experiment", found));
        };
        match rows.last_mut() {
            Some((last, own)) if last.name == row.name => own.push(item),
            _ => rows.push((row, vec![item])),
        }
    }
    let mut candidates = Vec::new();
    for (row, _) in &rows {
        candidates.extend(paper.candidates(row)?);
    }
    train(&candidates, outcomes, runner)?;
    let mut measured = Vec::new();
    let mut is_complete = true;
    for (row, items) in &rows {
        match paper.chosen(row, outcomes) {
            Some(chosen) => {
                for item in items {
                    let seeds = item.from_seed..=item.to_seed;
                    measured.extend(paper.measured(row, &chosen, seeds)?);
                }
            }
            None if paper.scores(row, outcomes).iter().all(Option::is_some) => {
                let what = format!("row `{}`: the values to choose among", row.name);
                let expected = "one with which training does not diverge";
                return Err(Error::invalid(what, expected, "none"));
            }
            None => is_complete = false,
        }
    }
    if !is_complete {
        return Ok(false);
    }
    train(&measured, outcomes, runner)
}

fn train(
    networks: &[PaperNetwork],
    outcomes: &mut Outcomes,
    runner: &mut impl NetworkRunner,
) -> Result<bool> {
    let is_missing = |network: &&PaperNetwork| !outcomes.contains_key(&network.id);
    let missing: Vec<PaperNetwork> = networks.iter().filter(is_missing).cloned().collect();
    if missing.is_empty() {
        return Ok(true);
    }
    let found = runner.run(&missing)?;
    let is_complete = found.iter().all(Option::is_some);
    let ended = missing.into_iter().zip(found);
    outcomes.extend(ended.filter_map(|(network, found)| Some((network.id, found?))));
    Ok(is_complete)
}
