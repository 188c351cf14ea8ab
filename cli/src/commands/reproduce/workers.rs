//! Networks at the same time, each on a core of its own and in a folder of its own.

use std::io::Write;

use dropwise::data;
use dropwise::{Backend, Error, Result};
use dropwise_lab::reproduce::{NetworkOutcome, NetworkRunner, Paper, PaperNetwork, Scope, measure};
use dropwise_lab::store::PaperFolder;

use super::super::parallel::run_parallel;
use super::super::{interrupt, overrides, pretty, train};
use super::in_progress::InProgress;
use super::show::Show;

/// Trains networks, keeps and shows them as they end.
pub(super) struct Workers<'a, 'b, W> {
    pub(super) paper: &'a Paper,
    /// Networks at a time.
    pub(super) jobs: usize,
    pub(super) folder: &'a PaperFolder,
    /// In place of the file's.
    pub(super) backend: Option<&'a Backend>,
    pub(super) show: &'a mut Show<'b, W>,
    pub(super) in_progress: InProgress,
}

/// Reads all data that the experiment trains on, so that what is missing is said before anything is begun.
pub(super) fn check_data(paper: &Paper, scope: &Scope) -> Result<()> {
    let mut read = Vec::new();
    for row in scope.rows(paper)? {
        let mut networks = paper.candidates(row)?;
        let first = row.candidates.first().map_or(&[][..], Vec::as_slice);
        networks.extend(paper.measured(row, first, 1..=1)?);
        for network in networks {
            let data = &network.experiment.data;
            if !read.contains(data) {
                data::load(data, network.experiment.seed)?;
                read.push(data.clone());
            }
        }
    }
    Ok(())
}

impl<W: Write> NetworkRunner for Workers<'_, '_, W> {
    fn run(&mut self, networks: &[PaperNetwork]) -> Result<Vec<Option<NetworkOutcome>>> {
        let mut outcomes = vec![None; networks.len()];
        let (folder, show, in_progress) = (self.folder, &mut *self.show, &self.in_progress);
        let (paper, backend) = (self.paper, self.backend);
        in_progress.begins(networks.len());
        let work = |k: usize, goes_on: &(dyn Fn() -> bool + Sync)| {
            let network = &networks[k];
            let stepped = |share| {
                in_progress.stepped(&network.id, share);
                !interrupt::asked() && goes_on()
            };
            match interrupt::asked() {
                true => Ok(None),
                false => one(network, paper, folder, backend, stepped),
            }
        };
        run_parallel(self.jobs, networks.len(), work, |k, outcome| {
            if let Some(outcome) = &outcome {
                let id = &networks[k].id;
                in_progress.ended(id, || show.ended(id, outcome))?;
            }
            outcomes[k] = outcome;
            Ok(())
        })?;
        Ok(outcomes)
    }
}

/// Trains a network, or goes on with it, and measures it; none if somebody asked for an end. After each step `stepped` is told
/// the share of all steps, and says whether to go on.
fn one(
    network: &PaperNetwork,
    paper: &Paper,
    folder: &PaperFolder,
    backend: Option<&Backend>,
    stepped: impl Fn(f64) -> bool,
) -> Result<Option<NetworkOutcome>> {
    let mut experiment = network.experiment.clone().into_inner();
    let backend = overrides::settle(&mut experiment, backend)?;
    let experiment = experiment.check()?;
    let mut splits = data::load(&experiment.data, experiment.seed)?;
    if splits.validation.is_some() {
        // Who chooses does not see them.
        splits.test = None;
    }
    let dir = folder.run(&network.id);
    let trained = train::train_in(&dir, (&experiment, &backend), &splits, |trainer| {
        stepped(trainer.step() as f64 / trainer.steps() as f64)
    });
    let outcome = match trained {
        Ok(None) => return Ok(None),
        Ok(Some(kept)) => NetworkOutcome {
            data_sha256: splits.hash.clone(),
            epochs: kept.epochs,
            seconds: kept.seconds,
            values: network.values.clone(),
            network: kept.network.to_string(),
            measured: Some(measure(paper, &kept.network, &kept.experiment, &splits)?),
        },
        Err(Error::Diverged { what, step, .. }) => NetworkOutcome {
            data_sha256: splits.hash.clone(),
            epochs: 0,
            seconds: 0.0,
            values: network.values.clone(),
            network: format!("diverged: {what} at step {step}"),
            measured: None,
        },
        Err(error) => return Err(error),
    };
    folder.keep(&network.id, &pretty(&outcome)?)?;
    Ok(Some(outcome))
}
