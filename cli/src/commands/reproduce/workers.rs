//! Networks in parallel, each on one core and in a folder of its own.

use std::io::Write;
use std::path::Path;

use dropwise::data;
use dropwise::{Backend, Error, Result};
use dropwise_lab::reproduce::{
    NetworkOutcome, NetworkRunner, Paper, PaperItem, PaperNetwork, measure,
};
use dropwise_lab::store::PaperFolder;

use super::super::parallel::run_parallel;
use super::super::{interrupt, overrides, pretty, train};
use super::in_progress::InProgress;
use super::show::Show;

/// Trains networks, and saves and prints them as they end.
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

/// Loads all data that the experiment trains on, so that missing data are an error before anything is started.
pub(super) fn check_data(paper: &Paper, items: &[PaperItem]) -> Result<()> {
    let mut read = Vec::new();
    for row in &paper.rows {
        if !items.iter().any(|item| item.row == row.name) {
            continue;
        }
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
                !interrupt::requested() && goes_on()
            };
            if interrupt::requested() {
                return Ok(None);
            }
            one(network, paper, folder, backend, stepped)
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

/// Trains a network, or resumes its training, and measures it; `None` if interrupted. After each step `stepped` gets the share of
/// steps that are done, and says whether to continue.
fn one(
    network: &PaperNetwork,
    paper: &Paper,
    folder: &PaperFolder,
    backend: Option<&Backend>,
    stepped: impl Fn(f64) -> bool,
) -> Result<Option<NetworkOutcome>> {
    let mut experiment = network.experiment.clone().into_inner();
    let backend = overrides::settle(&mut experiment, Path::new(""), backend)?;
    let experiment = experiment.check()?;
    let mut splits = data::load(&experiment.data, experiment.seed)?;
    if splits.validation.is_some() {
        // Values are chosen without the test rows.
        splits.test = None;
    }
    let dir = folder.run(&network.id);
    let trained = train::train_in(&dir, (&experiment, &backend), &splits, |trainer| {
        stepped(trainer.step() as f64 / trainer.steps() as f64)
    });
    let outcome = match trained {
        Ok(None) => return Ok(None),
        Ok(Some(trained)) => NetworkOutcome {
            data_sha256: splits.hash.clone(),
            epochs: trained.epochs,
            seconds: trained.seconds,
            values: network.values.clone(),
            network: trained.network.to_string(),
            measured: Some(measure(
                paper,
                &trained.network,
                &trained.experiment,
                &splits,
            )?),
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
