//! Table 1 of Gal and Ghahramani (2016), by the protocol of its code: Monte-Carlo dropout on the UCI regressions.
//!
//! For each of 20 splits of a set into training and test rows, by a [published recipe](splits):
//!
//! 1. For each dropout rate a network is trained on the first 80 % of the training rows, and the log likelihood of the others is measured
//!    for each precision `tau` of the set. The best pair is chosen.
//! 2. A network with that rate is trained on all training rows, and measured on the test rows once.
//!
//! With `T` samples `y_t` of a row whose target is `y`,
//!
//! ```text
//! rmse            sqrt(mean (y - 1/T sum_t y_t)^2)
//! log likelihood  log(1/T sum_t N(y; y_t, 1 / tau)), the mean over rows
//! ```
//!
//! in the units of the target. Two other ways to ask stand beside it, with the same rate and precision: the same network's mean `m` and
//! variance `v` in closed form, `log N(y; m, v + 1 / tau)`, and an ensemble with dropout off, whose members are the samples `y_t`. Inputs and target are standardized by the training rows. The weight decay is `l^2 (1 - p) / (N tau)` with
//! `l = 0.01`, which is a millionth or so; here `tau` in it is the middle one of the set, so that a network is trained once for a rate and
//! measured with each precision, a third of the work.

mod permutation;
mod table;

use dropwise::config::Experiment;
use dropwise::data::{Target, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Sampler, Samples, evaluate};
use dropwise::train::Trainer;
use dropwise::{Backend, Dataset};
use serde::{Deserialize, Serialize};

use crate::statistics::Distribution;
use crate::uncertainty::log_likelihood_of_normal;

pub use permutation::{LegacyRandom, splits};
pub use table::UciTable;

/// What all sets share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UciProtocol {
    /// How many splits there are of each set.
    pub splits: usize,
    /// The seed of the splits.
    pub seed: u64,
    /// Passes over the training rows.
    pub epochs: usize,
    /// Units of the hidden layer.
    pub hidden: usize,
    /// Rows of a step.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// The rates that are tried.
    pub rates: Vec<f64>,
    /// Thinned networks that are asked about the test rows.
    pub samples: usize,
    /// The same for the choice on validation rows.
    pub samples_to_choose: usize,
    /// Networks of an ensemble with dropout off, which stands beside the samples; fewer than 2 make none.
    #[serde(default)]
    pub members: usize,
}

/// A set of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UciSet {
    /// Its name.
    pub name: String,
    /// Names that its folder or file may have too.
    #[serde(default)]
    pub folders: Vec<String>,
    /// The precisions that are tried, in units of the target; none where they follow from the target's variance.
    #[serde(default)]
    pub precisions: Vec<f64>,
    /// How many splits, in place of the protocol's.
    #[serde(default)]
    pub splits: Option<usize>,
    /// Units of the hidden layer, in place of the protocol's.
    #[serde(default)]
    pub hidden: Option<usize>,
    /// Passes over the training rows, in place of the protocol's.
    #[serde(default)]
    pub epochs: Option<usize>,
    /// The columns of the inputs, counted from 0, where a table does not say them; else all but the target's.
    #[serde(default)]
    pub inputs: Option<Vec<usize>>,
    /// The target's column, counted from 0, where a table does not say it; else the last.
    #[serde(default)]
    pub target: Option<usize>,
    /// What was published.
    #[serde(default)]
    pub published: Option<Published>,
}

/// Published means and standard errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Of the root mean squared error.
    pub rmse: [f64; 2],
    /// Of the log likelihood.
    pub log_likelihood: [f64; 2],
}

/// What one split comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UciOutcome {
    /// The set.
    pub set: String,
    /// The split, counted from 0.
    pub split: usize,
    /// The rate and the precision that were chosen.
    pub rate: f64,
    /// The precision.
    pub precision: f64,
    /// Of the mean of the samples, on test rows.
    pub rmse: f64,
    /// Of the samples.
    pub log_likelihood: f64,
    /// Of the network with dropout off.
    pub rmse_with_dropout_off: f64,
    /// Of the mean and the variance in closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytic: Option<UciScores>,
    /// Of an ensemble with dropout off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ensemble: Option<UciScores>,
}

/// How good another way to ask is, on test rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UciScores {
    /// The root mean squared error.
    pub rmse: f64,
    /// The mean log likelihood.
    pub log_likelihood: f64,
}

/// A set beside what was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UciSummary {
    /// The set.
    pub set: String,
    /// Splits that were run.
    pub splits: usize,
    /// Mean and standard error of the root mean squared error.
    pub rmse: [f64; 2],
    /// The same of the log likelihood.
    pub log_likelihood: [f64; 2],
    /// The same of the root mean squared error with dropout off.
    pub rmse_with_dropout_off: [f64; 2],
    /// Root mean squared error and log likelihood of mean and variance in closed form, where all splits have them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analytic: Option<[[f64; 2]; 2]>,
    /// The same of an ensemble.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ensemble: Option<[[f64; 2]; 2]>,
    /// How often each rate was chosen.
    pub rates: Vec<(f64, usize)>,
    /// What was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
}

impl UciSet {
    /// A set of which nothing was published.
    #[must_use]
    pub fn named(name: &str) -> Self {
        UciSet {
            name: name.to_owned(),
            folders: Vec::new(),
            precisions: Vec::new(),
            splits: None,
            hidden: None,
            epochs: None,
            inputs: None,
            target: None,
            published: None,
        }
    }
}

/// Runs one split of a set.
///
/// # Errors
/// [`Error::InvalidValue`] for fewer than 10 rows; those of training.
pub fn run_split(
    (set, protocol): (&UciSet, &UciProtocol),
    table: &UciTable,
    split: usize,
    backend: &Backend,
) -> Result<UciOutcome> {
    if table.rows() < 10 {
        let what = format!("the rows of {}", set.name);
        return Err(Error::invalid(what, "at least 10", table.rows()));
    }
    let (train, test) = splits(table.rows(), protocol.seed, split + 1)
        .pop()
        .unwrap_or_default();
    // The training rows are in the order of the permutation, so that the last of them are drawn by chance.
    let kept = (0.8 * train.len() as f64) as usize;
    let precisions = if set.precisions.is_empty() {
        table.precisions(&train)
    } else {
        set.precisions.clone()
    };
    let shared = (set, protocol, table, backend);
    let mut best: Option<(f64, f64, f64)> = None;
    for rate in &protocol.rates {
        let network = Fitted::new(shared, &train[..kept], (*rate, split, &precisions), 0)?;
        let found = network.measure(&train[kept..], (&precisions, protocol.samples_to_choose))?;
        for (precision, likelihood) in precisions.iter().zip(&found.log_likelihoods) {
            if best.is_none_or(|(best, ..)| *likelihood > best) {
                best = Some((*likelihood, *rate, *precision));
            }
        }
    }
    let (_, rate, precision) = best.ok_or_else(|| {
        let expected = "rates and precisions with which a log likelihood is a number";
        Error::invalid(format!("the grid of {}", set.name), expected, "none")
    })?;
    let fitted = |member| Fitted::new(shared, &train, (rate, split, &precisions), member);
    let network = fitted(0)?;
    let found = network.measure(&test, (&[precision], protocol.samples))?;
    let analytic = network.measure_analytic(&test, precision)?;
    let others = (1..protocol.members).map(fitted);
    let others = others.collect::<Result<Vec<_>>>()?;
    let ensemble = network.measure_ensemble(others, &test, precision)?;
    Ok(UciOutcome {
        set: set.name.clone(),
        split,
        rate,
        precision,
        rmse: found.rmse,
        log_likelihood: found.log_likelihoods[0],
        rmse_with_dropout_off: found.rmse_with_dropout_off,
        analytic: Some(analytic),
        ensemble,
    })
}

/// A network that was trained on some rows of a table.
struct Fitted<'a> {
    table: &'a UciTable,
    scaling: table::Scaling,
    network: dropwise::Mlp,
    loss: dropwise::config::Loss,
    seed: u64,
}

struct Found {
    rmse: f64,
    rmse_with_dropout_off: f64,
    /// Of each precision.
    log_likelihoods: Vec<f64>,
}

impl<'a> Fitted<'a> {
    fn new(
        (set, protocol, table, backend): (&UciSet, &UciProtocol, &'a UciTable, &Backend),
        rows: &[usize],
        (rate, split, precisions): (f64, usize, &[f64]),
        member: usize,
    ) -> Result<Self> {
        const LENGTH_SCALE: f64 = 0.01;

        let scaling = table.scaling(rows);
        let data = dataset(table, &scaling, rows)?;
        let mut middle = precisions.to_vec();
        middle.sort_by(f64::total_cmp);
        let precision = middle[middle.len() / 2];
        // Keras adds `reg |W|^2` to the loss, whose gradient is `2 reg W`.
        let decay = LENGTH_SCALE * LENGTH_SCALE * (1.0 - rate) / (rows.len() as f64 * precision);
        let epochs = set
            .epochs
            .map_or(protocol.epochs, |epochs| epochs.min(protocol.epochs));
        let seed = protocol.seed * 1_000 + split as u64 + member as u64 * 1_000_000_000;
        let hidden = set.hidden.unwrap_or(protocol.hidden);
        let text = format!(
            "seed = {seed}\n\
             [data]\nsource = \"custom\"\n\
             [network]\nhidden = [{hidden}]\nactivation = \"relu\"\ninitializer = \"xavier\"\n\
             [dropout]\ninput = {rate}\nhidden = {rate}\n\
             [train]\noptimizer = \"adam\"\nlearning_rate = {}\nweight_decay = {decay:e}\n\
             batch_size = {}\nepochs = {epochs}\nevaluate_every = {epochs}\n",
            protocol.learning_rate,
            protocol.batch_size.min(rows.len()),
        );
        let experiment = Experiment::parse("the experiment of a UCI set", &text)?;
        let mut trainer = Trainer::new(&experiment, &data, None, &backend.device()?)?;
        trainer.run(&mut ())?;
        Ok(Fitted {
            table,
            scaling,
            loss: trainer.experiment().loss(),
            network: trainer.into_network(),
            seed,
        })
    }

    /// Of so many samples, for each precision.
    fn measure(&self, rows: &[usize], (precisions, samples): (&[f64], usize)) -> Result<Found> {
        let data = dataset(self.table, &self.scaling, rows)?;
        let sampler = Sampler::new(&self.network, self.loss, data.task(), (samples, self.seed))?;
        let (rmse, log_likelihoods) = self.measure_each(&sampler, (&data, rows), precisions)?;
        let off = evaluate(&self.network, self.loss, &data)?.predictions;
        Ok(Found {
            rmse,
            rmse_with_dropout_off: self.rmse(rows, &off),
            log_likelihoods,
        })
    }

    /// Of mean and variance in closed form.
    fn measure_analytic(&self, rows: &[usize], precision: f64) -> Result<UciScores> {
        let data = dataset(self.table, &self.scaling, rows)?;
        let samples = (Samples::Analytic, self.seed);
        let spread = Sampler::new(&self.network, self.loss, data.task(), samples)?.spread(&data)?;
        let likely = rows.iter().enumerate().map(|(k, row)| {
            let deviation = spread.deviation()[k].hypot(precision.sqrt().recip());
            log_likelihood_of_normal(self.table.target(*row) - spread.mean()[k], deviation)
        });
        Ok(UciScores {
            rmse: self.rmse(rows, spread.mean()),
            log_likelihood: likely.sum::<f64>() / rows.len() as f64,
        })
    }

    /// Of an ensemble of this network and others with dropout off; none without others.
    fn measure_ensemble(
        &self,
        others: Vec<Fitted<'_>>,
        rows: &[usize],
        precision: f64,
    ) -> Result<Option<UciScores>> {
        if others.is_empty() {
            return Ok(None);
        }
        let data = dataset(self.table, &self.scaling, rows)?;
        let others = others.into_iter().map(|other| other.network);
        let members: Vec<_> = std::iter::once(self.network.clone())
            .chain(others)
            .collect();
        let sampler = Sampler::of_members(&members, self.loss, data.task())?;
        let (rmse, likely) = self.measure_each(&sampler, (&data, rows), &[precision])?;
        Ok(Some(UciScores {
            rmse,
            log_likelihood: likely[0],
        }))
    }

    /// The root mean squared error of the mean of what networks say, and for each precision the log likelihood.
    fn measure_each(
        &self,
        sampler: &Sampler,
        (data, rows): (&Dataset, &[usize]),
        precisions: &[f64],
    ) -> Result<(f64, Vec<f64>)> {
        let all: Vec<usize> = (0..rows.len()).collect();
        let options = (&self.network.device(), self.network.dtype());
        let mut means = vec![0.0; rows.len()];
        let mut likely: Vec<Vec<LogSum>> =
            vec![vec![LogSum::default(); rows.len()]; precisions.len()];
        let count = sampler.networks() as f64;
        sampler.each_sample(
            rows.len(),
            |place| data.select(&all[place]).inputs(options),
            |place, _, said| {
                for (row, said) in place.clone().zip(said) {
                    means[row] += said / count;
                    let square = (self.table.target(rows[row]) - said).powi(2);
                    for (precision, likely) in precisions.iter().zip(&mut likely) {
                        likely[row].add(-0.5 * precision * square);
                    }
                }
            },
        )?;
        let of_precision = |(precision, likely): (&f64, &Vec<LogSum>)| {
            let constant = 0.5 * (precision.ln() - (2.0 * std::f64::consts::PI).ln()) - count.ln();
            let sum: f64 = likely.iter().map(LogSum::value).sum();
            sum / rows.len() as f64 + constant
        };
        let likely = precisions.iter().zip(&likely).map(of_precision);
        Ok((self.rmse(rows, &means), likely.collect()))
    }

    fn rmse(&self, rows: &[usize], said: &[f64]) -> f64 {
        let rows_and_said = rows.iter().zip(said);
        let squares = rows_and_said.map(|(row, said)| (self.table.target(*row) - said).powi(2));
        (squares.sum::<f64>() / rows.len() as f64).sqrt()
    }
}

/// Some rows of a table, standardized.
fn dataset(table: &UciTable, scaling: &table::Scaling, rows: &[usize]) -> Result<Dataset> {
    let (mean, deviation) = scaling.target;
    let target = Target {
        name: "target".to_owned(),
        mean,
        deviation,
    };
    let inputs: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| scaling.inputs(table.inputs(*row)))
        .collect();
    let targets: Vec<[f64; 1]> = rows
        .iter()
        .map(|row| [(table.target(*row) - mean) / deviation])
        .collect();
    let targets_are = Task::Regression {
        targets: vec![target],
    };
    Dataset::from_rows(&inputs, &targets, targets_are)
}

/// The logarithm of a sum of exponentials, one after the other.
#[derive(Debug, Clone, Copy)]
struct LogSum {
    largest: f64,
    /// Of the exponentials of what each is below the largest.
    sum: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        LogSum {
            largest: f64::NEG_INFINITY,
            sum: 0.0,
        }
    }
}

impl LogSum {
    fn add(&mut self, value: f64) {
        if value > self.largest {
            self.sum = self.sum * (self.largest - value).exp() + 1.0;
            self.largest = value;
        } else {
            self.sum += (value - self.largest).exp();
        }
    }

    fn value(&self) -> f64 {
        self.largest + self.sum.ln()
    }
}

/// What the splits of a set come to together; none for no split.
#[must_use]
pub fn summarize(set: &UciSet, outcomes: &[UciOutcome]) -> Option<UciSummary> {
    let own: Vec<&UciOutcome> = outcomes.iter().filter(|one| one.set == set.name).collect();
    let mean_of = |of: &dyn Fn(&UciOutcome) -> Option<f64>| -> Option<[f64; 2]> {
        let values: Option<Vec<f64>> = own.iter().map(|one| of(one)).collect();
        let values = values?;
        let found = Distribution::of(&values)?;
        let error = found.standard_deviation.unwrap_or(0.0) / (values.len() as f64).sqrt();
        Some([found.mean, error])
    };
    let mean = |of: fn(&UciOutcome) -> f64| mean_of(&|one| Some(of(one)));
    let both = |of: fn(&UciOutcome) -> Option<UciScores>| {
        let rmse = mean_of(&|one| Some(of(one)?.rmse))?;
        Some([rmse, mean_of(&|one| Some(of(one)?.log_likelihood))?])
    };
    let mut rates: Vec<(f64, usize)> = Vec::new();
    for outcome in &own {
        match rates.iter_mut().find(|(rate, _)| *rate == outcome.rate) {
            Some((_, count)) => *count += 1,
            None => rates.push((outcome.rate, 1)),
        }
    }
    rates.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(UciSummary {
        set: set.name.clone(),
        splits: own.len(),
        rmse: mean(|one| one.rmse)?,
        log_likelihood: mean(|one| one.log_likelihood)?,
        rmse_with_dropout_off: mean(|one| one.rmse_with_dropout_off)?,
        analytic: both(|one| one.analytic),
        ensemble: both(|one| one.ensemble),
        rates,
        published: set.published,
    })
}
