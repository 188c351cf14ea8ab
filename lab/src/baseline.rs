//! What a network has to beat: the answer that looks at no input, and a linear model on the same inputs.

use burn::tensor::Device;
use serde::Serialize;

use dropwise::config::{Loss, ResolvedExperiment};
use dropwise::data::{Dataset, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{Measure, Metrics, evaluate, number};
use dropwise::model::{LayerWeights, Mlp, MlpConfig};
use dropwise::train::{Trainer, linear_experiment};

/// More weights would take longer than a moment.
const MOST_WEIGHTS: usize = 1 << 16;

/// What a network has to beat, learned from its training rows.
#[derive(Debug)]
pub struct Baselines {
    loss: Loss,
    /// A network without inputs: the frequency of each class, so that it always answers the most frequent one; the mean.
    constant: Mlp,
    /// None where there are too many weights, or it diverged.
    linear: Option<Mlp>,
}

/// How good the baselines are on some rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BaselineMetrics {
    /// What the answer without inputs always is: the name of a class; none for numbers, whose mean it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_frequent_class: Option<String>,
    /// The answer without inputs.
    pub constant: Metrics,
    /// The linear model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear: Option<Metrics>,
}

impl Baselines {
    /// Learns them from the training rows of `experiment`'s network.
    ///
    /// # Errors
    /// Those of [`Trainer::run`] but [`Error::Diverged`].
    pub fn fit(experiment: &ResolvedExperiment, rows: &Dataset, device: &Device) -> Result<Self> {
        Ok(Baselines {
            loss: experiment.loss(),
            constant: constant(experiment, rows, device)?,
            linear: linear(experiment, rows, device)?,
        })
    }

    /// How good the linear model is on the rows that choose a step while `experiment` trains: those of validation, or with folds all
    /// training `rows`, each by a linear model that left it out. None where there are none, or no linear model.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) and [`evaluate`](fn@evaluate).
    pub fn linear_while_training(
        &self,
        experiment: &ResolvedExperiment,
        (rows, validation): (&Dataset, Option<&Dataset>),
        device: &Device,
    ) -> Result<Option<Metrics>> {
        let (Some(linear), folds) = (&self.linear, experiment.train.cross_validation) else {
            return Ok(None);
        };
        let found = match (validation, folds) {
            (Some(rows), _) => Some(evaluate(linear, self.loss, rows)?),
            (None, Some(folds)) => {
                let linear = linear_experiment(experiment, rows.len())?;
                let mut linear = linear.into_inner();
                linear.train.ensemble = folds;
                linear.train.cross_validation = Some(folds);
                let mut trainer = Trainer::new(&linear.check()?, rows, None, device)?;
                match trainer.run(&mut ()) {
                    Ok(_) => trainer.cross_validate(trainer.members())?,
                    Err(Error::Diverged { .. }) => None,
                    Err(error) => return Err(error),
                }
            }
            (None, None) => None,
        };
        Ok(found.map(|found| found.metrics))
    }

    /// How good they are on `rows`.
    ///
    /// # Errors
    /// Those of [`evaluate`](fn@evaluate).
    pub fn measure(&self, rows: &Dataset) -> Result<BaselineMetrics> {
        let of = |network: &Mlp| evaluate(network, self.loss, rows);
        let constant = of(&self.constant)?;
        let answer = &constant.predictions[..rows.d_output()];
        let class = dropwise::evaluate::predicted_class(rows.task(), answer);
        Ok(BaselineMetrics {
            most_frequent_class: class.map(|class| rows.task().classes()[class].clone()),
            constant: constant.metrics,
            linear: self
                .linear
                .as_ref()
                .map(of)
                .transpose()?
                .map(|found| found.metrics),
        })
    }
}

impl BaselineMetrics {
    /// The baselines in words, with their errors.
    #[must_use]
    pub fn words(&self, measure: Measure) -> String {
        let value = |metrics: &Metrics| measure.text(measure.value(metrics));
        let linear = match &self.linear {
            Some(linear) => format!(", a linear model {}", value(linear)),
            None => String::new(),
        };
        format!(
            "{} {}{linear}",
            self.constant_words(),
            value(&self.constant)
        )
    }

    /// The baselines that a network with these metrics is no better than, in words; none if it beats all.
    #[must_use]
    pub fn not_beaten(&self, measure: Measure, metrics: &Metrics) -> Option<String> {
        let found = measure.value(metrics);
        let beats = |other: &Metrics| found < measure.value(other);
        let linear = self.linear.as_ref().filter(|linear| !beats(linear));
        let constant = (!beats(&self.constant)).then(|| self.constant_words());
        let names = [constant, linear.map(|_| "a linear model".to_owned())];
        let names: Vec<String> = names.into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(" or "))
    }

    /// Whether the linear model is better than a network with these metrics.
    #[must_use]
    pub fn linear_wins(&self, measure: Measure, metrics: &Metrics) -> bool {
        let linear = self.linear.as_ref().map(|linear| measure.value(linear));
        linear.is_some_and(|linear| linear < measure.value(metrics))
    }

    fn constant_words(&self) -> String {
        match &self.most_frequent_class {
            Some(class) => format!("always answering `{class}`"),
            None => "always answering the mean".to_owned(),
        }
    }
}

/// The best network whose weights are 0.
fn constant(experiment: &ResolvedExperiment, rows: &Dataset, device: &Device) -> Result<Mlp> {
    let (d_input, d_output) = (rows.d_input(), rows.d_output());
    let mut means = vec![0.0; d_output];
    for row in 0..rows.len() {
        let target = rows.target_row(row);
        means
            .iter_mut()
            .zip(target)
            .for_each(|(mean, value)| *mean += value);
    }
    means.iter_mut().for_each(|mean| *mean /= rows.len() as f64);
    let logit = |mean: f64| (mean / (1.0 - mean)).ln().clamp(-30.0, 30.0);
    let bias = match (experiment.loss(), rows.task()) {
        (Loss::CrossEntropy, _) => means.iter().map(|mean| mean.ln().max(-30.0)).collect(),
        (Loss::BinaryCrossEntropy, _) => means.iter().map(|mean| logit(*mean)).collect(),
        _ => means,
    };
    let weights = LayerWeights {
        d_input,
        d_output,
        weight: vec![0.0; d_input * d_output],
        bias: Some(bias),
    };
    let shape =
        MlpConfig::new(d_input, [], d_output).with_output(dropwise::config::Activation::Identity);
    shape.init_with_weights(&[weights], (device, experiment.precision.dtype()))
}

fn linear(experiment: &ResolvedExperiment, rows: &Dataset, device: &Device) -> Result<Option<Mlp>> {
    if rows.d_input() * rows.d_output() > MOST_WEIGHTS {
        return Ok(None);
    }
    let linear = linear_experiment(experiment, rows.len())?;
    // What is evaluated at the end of the training is not looked at: one row in place of all.
    let one = rows.select(&[0]);
    let mut trainer = Trainer::new(&linear, rows, Some(&one), device)?;
    match trainer.run(&mut ()) {
        Ok(_) => Ok(Some(trainer.into_network())),
        Err(Error::Diverged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is learned, in words: each class and how many of `rows` are of it; the mean and the range of a number; the names of
/// several.
#[must_use]
pub fn target_words(rows: &Dataset) -> String {
    const LISTED: usize = 12;
    if let Task::Regression { targets } = rows.task() {
        let [target] = &targets[..] else {
            return rows.task().to_string();
        };
        // One by one: there may be more rows than memory has room for.
        let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        for row in 0..rows.len() {
            let value = rows.target_row(row)[0] * target.deviation + target.mean;
            (low, high, sum) = (low.min(value), high.max(value), sum + value);
        }
        let [mean, low, high] = [sum / rows.len() as f64, low, high].map(number);
        return format!("numbers from {low} to {high}, mean {mean}");
    }
    let names = rows.task().classes();
    let mut counts = vec![0; names.len()];
    for row in 0..rows.len() {
        let target = rows.target_row(row);
        if let Some(class) = dropwise::evaluate::predicted_class(rows.task(), &target) {
            counts[class] += 1;
        }
    }
    let classes = names.iter().zip(&counts).take(LISTED);
    let mut words: Vec<String> = classes
        .map(|(name, count)| format!("{name} ({count})"))
        .collect();
    if names.len() > LISTED {
        words.push(format!("and {} more", names.len() - LISTED));
    }
    format!("{} classes: {}", names.len(), words.join(", "))
}
