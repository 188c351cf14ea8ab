//! What a network has to beat: the answer that looks at no input, and a linear model on the same inputs.

use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use dropwise::config::{Activation, Loss, ResolvedExperiment};
use dropwise::data::{Dataset, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{
    Evaluator, EvaluatorOptions, Measure, Metrics, evaluate, number, predicted_class, predictions,
};
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
        let BaselinesEvaluator {
            most_frequent_class,
            constant,
            linear,
        } = self.evaluator(rows.task(), EvaluatorOptions::default())?;
        // One after the other, so that no two have predictions in memory.
        let alone = |mut evaluator: Evaluator| -> Result<Metrics> {
            evaluator.add(rows)?;
            Ok(evaluator.finish()?.0)
        };
        Ok(BaselineMetrics {
            most_frequent_class,
            constant: alone(constant)?,
            linear: linear.map(alone).transpose()?,
        })
    }

    /// Measures them on rows that come in pieces. Each of the at most two takes the memory of the options.
    ///
    /// # Errors
    /// Those of [`Evaluator::new`]; [`Error::Compute`] if the backend fails.
    pub fn evaluator<'a>(
        &'a self,
        task: &'a Task,
        options: EvaluatorOptions<'a>,
    ) -> Result<BaselinesEvaluator<'a>> {
        let of = |network: &'a Mlp| Evaluator::new((network, self.loss), task, options);
        let answer = predictions(self.loss, task, &bias(&self.constant)?);
        let class = predicted_class(task, &answer);
        Ok(BaselinesEvaluator {
            most_frequent_class: class.map(|class| task.classes()[class].clone()),
            constant: of(&self.constant)?,
            linear: self.linear.as_ref().map(of).transpose()?,
        })
    }

    /// What they are made of.
    pub(crate) fn weights(&self) -> Result<BaselineWeights> {
        let linear = |network: &Mlp| -> Result<LinearWeights> {
            Ok(LinearWeights {
                weight: network.weights()?.swap_remove(0).weight,
                bias: bias(network)?,
            })
        };
        Ok(BaselineWeights {
            constant: bias(&self.constant)?,
            linear: self.linear.as_ref().map(linear).transpose()?,
        })
    }

    /// Those of a network with so many inputs, for this task.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::InvalidValue`] if they do not fit such a network.
    pub(crate) fn of_weights(
        experiment: &ResolvedExperiment,
        weights: BaselineWeights,
        task: &Task,
        (d_input, device): (usize, &Device),
    ) -> Result<Self> {
        let dims = [d_input, task.d_output()];
        let linear = |LinearWeights { weight, bias }: LinearWeights| {
            let [d_input, d_output] = dims;
            let layer = LayerWeights {
                d_input,
                d_output,
                weight,
                bias: Some(bias),
            };
            // The rows say how strong the penalty is while it is trained.
            let linear = linear_experiment(experiment, 1)?.resolve(task)?;
            let options = (device, linear.precision.dtype());
            MlpConfig::from_experiment(&linear, d_input).init_with_weights(&[layer], options)
        };
        Ok(Baselines {
            loss: experiment.loss(),
            constant: always(experiment, weights.constant, dims, device)?,
            linear: weights.linear.map(linear).transpose()?,
        })
    }
}

/// What [`Baselines`] are made of.
#[derive(Serialize, Deserialize)]
pub(crate) struct BaselineWeights {
    /// The outputs of the answer without inputs.
    constant: Vec<f64>,
    linear: Option<LinearWeights>,
}

/// The linear model, as [`LayerWeights`].
#[derive(Serialize, Deserialize)]
struct LinearWeights {
    weight: Vec<f64>,
    bias: Vec<f64>,
}

impl BaselineWeights {
    pub(crate) fn are_finite(&self) -> bool {
        let linear = self.linear.iter();
        let linear = linear.flat_map(|linear| linear.weight.iter().chain(&linear.bias));
        self.constant.iter().chain(linear).all(|w| w.is_finite())
    }
}

/// Measures [`Baselines`] on rows that come in pieces.
pub struct BaselinesEvaluator<'a> {
    most_frequent_class: Option<String>,
    constant: Evaluator<'a>,
    linear: Option<Evaluator<'a>>,
}

impl BaselinesEvaluator<'_> {
    /// Measures them on these rows too.
    ///
    /// # Errors
    /// Those of [`Evaluator::add`].
    pub fn add(&mut self, rows: &Dataset) -> Result<()> {
        self.constant.add(rows)?;
        self.linear
            .iter_mut()
            .try_for_each(|linear| linear.add(rows))
    }

    /// How good they are on all rows.
    ///
    /// # Errors
    /// Those of [`Evaluator::finish`].
    pub fn finish(self) -> Result<BaselineMetrics> {
        let (constant, _) = self.constant.finish()?;
        let linear = self.linear.map(Evaluator::finish).transpose()?;
        Ok(BaselineMetrics {
            most_frequent_class: self.most_frequent_class,
            constant,
            linear: linear.map(|(metrics, _)| metrics),
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
    always(experiment, bias, [d_input, d_output], device)
}

/// The network that has these outputs whatever its inputs are.
fn always(
    experiment: &ResolvedExperiment,
    outputs: Vec<f64>,
    [d_input, d_output]: [usize; 2],
    device: &Device,
) -> Result<Mlp> {
    let weights = LayerWeights {
        d_input,
        d_output,
        weight: vec![0.0; d_input * d_output],
        bias: Some(outputs),
    };
    let shape = MlpConfig::new(d_input, [], d_output).with_output(Activation::Identity);
    shape.init_with_weights(&[weights], (device, experiment.precision.dtype()))
}

/// The biases of a network of one layer, which has them.
fn bias(network: &Mlp) -> Result<Vec<f64>> {
    let layer = network.weights()?.swap_remove(0);
    Ok(layer.bias.unwrap_or_default())
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
    let mut words = TargetWords::new(rows.task());
    words.add(rows);
    words.finish()
}

/// [`target_words`] of rows that come in pieces.
pub struct TargetWords<'a> {
    task: &'a Task,
    rows: usize,
    /// Of each class.
    counts: Vec<usize>,
    /// Of the one target of a regression.
    low: f64,
    high: f64,
    sum: f64,
}

impl<'a> TargetWords<'a> {
    /// No rows yet.
    #[must_use]
    pub fn new(task: &'a Task) -> Self {
        TargetWords {
            task,
            rows: 0,
            counts: vec![0; task.classes().len()],
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            sum: 0.0,
        }
    }

    /// Looks at these rows too, which are for the same task.
    pub fn add(&mut self, rows: &Dataset) {
        self.rows += rows.len();
        // One by one: there may be more rows than memory has room for.
        for row in 0..rows.len() {
            let target = rows.target_row(row);
            if let Task::Regression { targets } = self.task {
                // Several are named, and no more.
                if let ([scale], [value]) = (&targets[..], &target[..]) {
                    let value = value * scale.deviation + scale.mean;
                    (self.low, self.high) = (self.low.min(value), self.high.max(value));
                    self.sum += value;
                }
            } else if let Some(class) = predicted_class(self.task, &target) {
                self.counts[class] += 1;
            }
        }
    }

    /// The words.
    #[must_use]
    pub fn finish(self) -> String {
        const LISTED: usize = 12;
        if let Task::Regression { targets } = self.task {
            if targets.len() > 1 {
                return self.task.to_string();
            }
            let mean = self.sum / self.rows as f64;
            let [mean, low, high] = [mean, self.low, self.high].map(number);
            return format!("numbers from {low} to {high}, mean {mean}");
        }
        let names = self.task.classes();
        let classes = names.iter().zip(&self.counts).take(LISTED);
        let mut words: Vec<String> = classes
            .map(|(name, count)| format!("{name} ({count})"))
            .collect();
        if names.len() > LISTED {
            words.push(format!("and {} more", names.len() - LISTED));
        }
        format!("{} classes: {}", names.len(), words.join(", "))
    }
}
