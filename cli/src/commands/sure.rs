//! How sure a network is: which networks are asked, and the intervals that calibration rows make of what they say.

use std::path::Path;

use dropwise::evaluate::{Sampler, Samples};
use dropwise::{Error, Result};
use dropwise_lab::store::{Asked, FoundCalibration, Trained, calibration_of};
use dropwise_lab::uncertainty::{Conformal, ConformityScore};

use super::args::seed;

/// Which networks are asked how sure the answer is.
#[derive(clap::Args)]
pub(super) struct SamplesArgs {
    /// Leave dropout on and average N thinned networks [default without N: 100]; `analytic` computes the mean and standard deviation
    /// of a regression in closed form, exact for one hidden layer with dropout on it alone
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = SAMPLES)]
    samples: Option<Samples>,
    /// Random seed of the dropout masks [default: the run's]
    #[arg(long, value_name = "N", value_parser = seed(), requires = "samples")]
    sample_seed: Option<u64>,
}

/// See [`dropwise::evaluate::SAMPLES`].
const SAMPLES: &str = "100";

/// The same, and which interval is wanted.
#[derive(clap::Args)]
pub(super) struct SureArgs {
    #[command(flatten)]
    samples: SamplesArgs,
    /// Add a prediction interval for numbers, or a prediction set for classes, with this coverage, such as 0.9
    #[arg(long, value_name = "LEVEL")]
    interval: Option<f64>,
    /// Conformity score: absolute or residual_normalized for numbers [default: residual_normalized if there is a spread, else
    /// absolute], lac or aps for classes [default: lac]
    #[arg(long, value_name = "SCORE", requires = "interval")]
    conformity_score: Option<ConformityScore>,
}

/// How a network is asked how sure it is.
pub(super) struct Sure {
    pub(super) sampler: Sampler,
    pub(super) conformal: Option<Conformal>,
}

impl Sure {
    /// Whether several networks are asked, which may differ.
    pub(super) fn is_spread(&self) -> bool {
        self.sampler.networks() > 1
    }
}

impl SamplesArgs {
    /// Whether thinned networks are asked for.
    pub(super) fn are_asked(&self) -> bool {
        self.samples.is_some()
    }

    /// How the networks are asked.
    pub(super) fn asked(&self, trained: &Trained) -> Result<Asked> {
        match self.samples {
            Some(Samples::Count(samples)) if samples * trained.members().len() < 2 => {
                let expected = "at least 2, so that there is a spread";
                Err(Error::invalid("--samples", expected, samples))
            }
            Some(_) if !trained.network().has_dropout() => Err(Error::invalid(
                "--samples",
                "a network with dropout, whose thinned networks would be asked (without --samples intervals still hold)",
                "one without",
            )),
            samples => Ok(Asked::new(trained, samples, self.sample_seed)),
        }
    }
}

impl SureArgs {
    /// Whether thinned networks are asked for.
    pub(super) fn samples(&self) -> bool {
        self.samples.are_asked()
    }

    /// What is asked for of the run in `dir`; none where nothing is.
    pub(super) fn load(&self, dir: &Path, trained: &Trained) -> Result<Option<Sure>> {
        if !self.samples() && self.interval.is_none() {
            return Ok(None);
        }
        if let Some(level) = self
            .interval
            .filter(|level| !(*level > 0.0 && *level < 1.0))
        {
            let expected = "a share of cases above 0 and below 1, such as 0.9";
            return Err(Error::invalid("--interval", expected, level));
        }
        let asked = self.samples.asked(trained)?;
        let sampler = asked.sampler(trained)?;
        let conformal = match self.interval {
            Some(level) => {
                let found = calibration_of(dir, trained, (asked, &sampler), None)?;
                let conformal = found.calibration.at(self.conformity_score, level)?;
                say(&found);
                Some(conformal)
            }
            None => None,
        };
        Ok(Some(Sure { sampler, conformal }))
    }
}

/// Says which rows intervals are from.
pub(super) fn say(found: &FoundCalibration) {
    eprintln!("note: {}", found.words);
}
