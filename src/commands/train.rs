//! `dropwise train CONFIG`: load, build, train, show.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use dropwise::backend::Backend;
use dropwise::config::Experiment;
use dropwise::data::Dataset;
use dropwise::evaluate::{Evaluation, evaluate};
use dropwise::train::{Observer, train};
use dropwise::{Error, Mlp, Result};

use super::Outcome;

/// Train the network that a configuration file describes
#[derive(clap::Args)]
pub(super) struct Args {
    /// The experiment, a TOML file such as config/xor.toml
    config: PathBuf,
    /// Seed of all randomness, in place of the file's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Backend, in place of the file's: flex, ndarray, wgpu, cuda[:CARD], remote:ws://HOST:PORT
    #[arg(long, value_name = "NAME")]
    backend: Option<Backend>,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let mut experiment = self.read_config()?.into_inner();
        experiment.seed = self.seed.unwrap_or(experiment.seed);
        if let Some(backend) = &self.backend {
            experiment.backend = Some(backend.to_string());
        }
        let experiment = experiment.check()?;
        for warning in experiment.warnings() {
            eprintln!("warning: {warning}");
        }
        let backend: Backend = match &experiment.backend {
            Some(name) => name.parse()?,
            None => Backend::default(),
        };
        let device = backend.device()?;
        let data = dropwise::data::load(&experiment.data, experiment.seed)?.train;

        let started = Instant::now();
        let network = train(&experiment, &data, &device, &mut Lines(out))?;
        let seconds = started.elapsed().as_secs_f64();

        let loss = experiment
            .resolve(data.task())?
            .train
            .loss
            .unwrap_or_default();
        show_predictions(out, &data, &evaluate(&network, loss, &data)?)?;
        let seed = experiment.seed;
        writeln!(out, "backend {backend}, seed {seed}, {seconds:.2} s")?;
        Ok(Outcome::Good)
    }

    fn read_config(&self) -> Result<dropwise::config::CheckedExperiment> {
        let text = std::fs::read_to_string(&self.config).map_err(|cause| Error::Read {
            path: self.config.clone(),
            cause,
        })?;
        Experiment::parse(&self.config.display().to_string(), &text)
    }
}

/// Writes a line an evaluation.
struct Lines<'a, W>(&'a mut W);

impl<W: Write> Observer for Lines<'_, W> {
    fn started(&mut self, network: &Mlp) -> Result<()> {
        Ok(writeln!(self.0, "{network}")?)
    }

    fn evaluated(&mut self, step: usize, evaluation: &Evaluation) -> Result<()> {
        let error = evaluation.metrics.mean_absolute_error;
        Ok(writeln!(
            self.0,
            "step {step:>6}: mean absolute error {error:.4}"
        )?)
    }
}

/// The first few predictions beside their targets.
fn show_predictions(out: &mut impl Write, data: &Dataset, evaluation: &Evaluation) -> Result<()> {
    let outputs = evaluation.predictions.chunks(data.d_output());
    for (row, output) in outputs.enumerate().take(10) {
        let (input, target) = (data.input_row(row), data.target_row(row));
        writeln!(out, "{input:?} -> {output:.4?}, target {target:?}")?;
    }
    Ok(())
}
