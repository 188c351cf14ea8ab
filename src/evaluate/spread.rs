//! How sure a network is: what many networks in its place say, and how far they differ.
//!
//! With dropout left on, a network answers as one of its thinned networks, drawn by chance. What `T` of them say about a row
//! is an average and a spread (Monte-Carlo dropout: Gal and Ghahramani 2016, with the same masks for every row):
//!
//! ```text
//! mean      m = 1/T sum_t p_t
//! deviation s = sqrt(1/(T-1) sum_t (p_t - m)^2)
//! entropy       H(m),                     H(p) = -sum_c p_c ln p_c
//! mutual information  H(m) - 1/T sum_t H(p_t)
//! ```
//!
//! where `p_t` is what sample `t` predicts: a number, or the probability of each class. The entropy is all that is not known
//! about the class, the mutual information the part that more data could tell. The members of an ensemble are such samples too
//! (Lakshminarayanan et al. 2017), and of an ensemble with dropout each member has thinned networks of its own.
//!
//! ```
//! use dropwise::config::Loss;
//! use dropwise::evaluate::{SAMPLES, Sampler};
//! use dropwise::{Backend, MlpConfig, data};
//!
//! let xor = data::xor();
//! let shape = MlpConfig::new(3, [8], 1).with_hidden_dropout(0.5);
//! let network = shape.init(1, &Backend::default().device()?)?;
//! let sampler = Sampler::new(&network, Loss::BinaryCrossEntropy, xor.task(), (SAMPLES, 7))?;
//! let spread = sampler.spread(&xor)?;
//! assert_eq!((spread.len(), spread.samples()), (4, 100));
//! assert!(spread.deviation().iter().all(|deviation| *deviation > 0.0));
//! assert!((0..4).all(|row| spread.mutual_information(row) < spread.entropy(row)));
//! # Ok::<(), dropwise::Error>(())
//! ```

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::{BATCH_ROWS, predictions};
use crate::backend::{in_process, read};
use crate::check::check_count;
use crate::config::Loss;
use crate::data::{Dataset, Task};
use crate::error::{Error, Result};
use crate::model::{Mlp, Shared, Thinned};
use crate::threads::{each_on_a_core, in_pool};

/// How many thinned networks are enough for most: the error of a deviation of `T` samples is `1 / sqrt(2 (T - 1))` of it, with 100 about
/// 7 %, and that of the mean a tenth of the deviation.
pub const SAMPLES: usize = 100;

/// How many thinned networks are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "SamplesForm", into = "SamplesForm")]
pub enum Samples {
    /// So many, drawn by chance.
    Count(usize),
    /// All that there are, by formulas for mean and variance: of a regression whose hidden layers have `relu` or `identity`. With one hidden
    /// layer and dropout on it alone that is exact, else an approximation.
    Analytic,
}

/// In files: a number or a word.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SamplesForm {
    Count(usize),
    Word(String),
}

impl From<usize> for Samples {
    fn from(count: usize) -> Self {
        Samples::Count(count)
    }
}

impl From<Samples> for SamplesForm {
    fn from(samples: Samples) -> Self {
        match samples {
            Samples::Count(count) => SamplesForm::Count(count),
            Samples::Analytic => SamplesForm::Word(samples.to_string()),
        }
    }
}

impl TryFrom<SamplesForm> for Samples {
    type Error = Error;

    fn try_from(form: SamplesForm) -> Result<Self> {
        match form {
            SamplesForm::Count(count) => Ok(Samples::Count(count)),
            SamplesForm::Word(word) => word.parse(),
        }
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Samples::Count(count) => write!(f, "{count}"),
            Samples::Analytic => f.write_str("analytic"),
        }
    }
}

impl FromStr for Samples {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match (text, text.parse()) {
            ("analytic", _) => Ok(Samples::Analytic),
            (_, Ok(count)) => Ok(Samples::Count(count)),
            _ => {
                let expected = "a number, such as 100, or `analytic`";
                Err(Error::invalid("samples", expected, format!("`{text}`")))
            }
        }
    }
}

/// Rows that pass together: what all samples share of them is in memory at once.
const SLAB: usize = 10 * BATCH_ROWS;

/// Networks that are asked at a time, by whichever threads there are, before their answers are added up in order.
const TOGETHER: usize = 16;

/// Networks to ask about rows: thinned networks of a network, members of an ensemble, or thinned networks of each.
#[derive(Debug)]
pub struct Sampler {
    /// Without a graph.
    members: Vec<Mlp>,
    loss: Loss,
    task: Task,
    /// Thinned networks of each member; none where each answers as it is.
    samples: Option<Samples>,
    seed: u64,
    /// Of each member, where nothing is drawn.
    moments: Vec<Moments>,
}

impl Sampler {
    /// `samples` thinned networks of the network, or of each member of an ensemble, with the masks of a seed. `loss` is the
    /// one that it was trained with.
    ///
    /// The masks follow from the seed, the member, the number of the sample, the layer and the unit alone. So all rows pass
    /// the same thinned networks, and the answer for a row is the same wherever it stands and whatever rows are beside it,
    /// up to the backend's rounding; more samples hold those of fewer.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] without a network, if no dropout rate is above 0, for 0 samples or 1, which have no spread, and for analytic
    /// ones of classes, or of activations but `relu` and `identity`.
    pub fn new(
        network: &(impl AsRef<[Mlp]> + ?Sized),
        loss: Loss,
        task: &Task,
        (samples, seed): (impl Into<Samples>, u64),
    ) -> Result<Self> {
        let samples = samples.into();
        if let Samples::Count(count) = samples
            && count * network.as_ref().len() < 2
        {
            let expected = "at least 2, so that there is a spread";
            return Err(Error::invalid("samples", expected, count));
        }
        let mut sampler = Sampler::of(network.as_ref(), loss, task, (Some(samples), seed))?;
        if !sampler.members.iter().any(Mlp::has_dropout) {
            return Err(Error::invalid(
                "the network's dropout rates",
                "one above 0, so that there are thinned networks to ask",
                "0 on every layer",
            ));
        }
        if samples == Samples::Analytic {
            if !matches!(task, Task::Regression { .. }) {
                let expected = "a regression (probabilities of classes have no such formula)";
                return Err(Error::invalid("analytic samples", expected, task));
            }
            let members = sampler.members.iter();
            sampler.moments = members.map(Moments::new).collect::<Result<_>>()?;
        }
        Ok(sampler)
    }

    /// The networks as they are, with dropout off: of one network there is then no spread.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] without a network.
    pub fn of_members(
        network: &(impl AsRef<[Mlp]> + ?Sized),
        loss: Loss,
        task: &Task,
    ) -> Result<Self> {
        Sampler::of(network.as_ref(), loss, task, (None, 0))
    }

    fn of(
        members: &[Mlp],
        loss: Loss,
        task: &Task,
        (samples, seed): (Option<Samples>, u64),
    ) -> Result<Self> {
        check_count("the number of networks", members.len())?;
        Ok(Sampler {
            members: members.iter().map(Mlp::valid).collect(),
            loss,
            task: task.clone(),
            samples,
            seed,
            moments: Vec::new(),
        })
    }

    /// How many networks are asked; `usize::MAX` for all of them.
    #[must_use]
    pub fn networks(&self) -> usize {
        match self.samples {
            None => self.members.len(),
            Some(Samples::Count(count)) => self.members.len() * count,
            Some(Samples::Analytic) => usize::MAX,
        }
    }

    /// What the networks say about each row of `data`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the network has other inputs or outputs than `data`; [`Error::Compute`] if the backend fails.
    pub fn spread(&self, data: &Dataset) -> Result<Spread> {
        for network in &self.members {
            super::check(network, data)?;
        }
        let rows: Vec<usize> = (0..data.len()).collect();
        let options = (&self.members[0].device(), self.members[0].dtype());
        self.spread_of(data.len(), |place| {
            data.select(&rows[place]).inputs(options)
        })
    }

    /// The same for `rows` rows, whose inputs `inputs` gives.
    ///
    /// # Shapes
    /// - what `inputs` returns: `[rows asked for, d_input]`
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    #[doc(hidden)]
    pub fn spread_of(
        &self,
        rows: usize,
        inputs: impl Fn(Range<usize>) -> Tensor<2>,
    ) -> Result<Spread> {
        let mut spread = Spread::new(&self.task, self.networks());
        if !self.moments.is_empty() {
            self.add_moments(&mut spread, rows, inputs)?;
            return Ok(spread);
        }
        let mut sums = Sums::default();
        self.each_sample(rows, inputs, |place, sample, predictions| {
            if sample == 0 {
                sums = Sums::new(&self.task, predictions.len());
            }
            sums.add(predictions);
            if sample + 1 == self.networks() {
                spread.extend(place.len(), &sums);
            }
        })?;
        Ok(spread)
    }

    /// Mean and deviation of each row in closed form; those of an ensemble's members are mixed.
    fn add_moments(
        &self,
        spread: &mut Spread,
        rows: usize,
        inputs: impl Fn(Range<usize>) -> Tensor<2>,
    ) -> Result<()> {
        let Task::Regression { targets } = &self.task else {
            return Ok(());
        };
        let count = self.moments.len() as f64;
        let [d_input, _] = self.members[0].dims();
        for first in (0..rows).step_by(BATCH_ROWS) {
            let inputs = read(inputs(first..rows.min(first + BATCH_ROWS)))?;
            for row in inputs.chunks_exact(d_input) {
                let each: Vec<_> = self.moments.iter().map(|member| member.of(row)).collect();
                for (k, target) in targets.iter().enumerate() {
                    let mean = each.iter().map(|(mean, _)| mean[k]).sum::<f64>() / count;
                    let apart = |(own, variance): &(Vec<f64>, Vec<f64>)| {
                        variance[k] + (own[k] - mean).powi(2)
                    };
                    let variance = each.iter().map(apart).sum::<f64>() / count;
                    spread.mean.push(mean * target.deviation + target.mean);
                    spread.deviation.push(variance.sqrt() * target.deviation);
                }
            }
        }
        Ok(())
    }

    /// Calls `visit(rows, sample, predictions)` with what each network says about some rows, one network after the other, and
    /// then about the next rows. The samples of the first member are counted first.
    ///
    /// # Shapes
    /// - what `inputs` returns: `[rows asked for, d_input]`
    /// - `predictions`: `[rows, d_output]`, row after row, in the terms of [`predictions()`]
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    #[doc(hidden)]
    pub fn each_sample(
        &self,
        rows: usize,
        inputs: impl Fn(Range<usize>) -> Tensor<2>,
        mut visit: impl FnMut(&Range<usize>, usize, &[f64]),
    ) -> Result<()> {
        let each = match self.samples {
            None => 1,
            Some(Samples::Count(count)) => count,
            // There are no samples to visit.
            Some(Samples::Analytic) => 0,
        };
        for first in (0..rows).step_by(SLAB) {
            let slab = first..rows.min(first + SLAB);
            let batches: Vec<Range<usize>> = slab
                .clone()
                .step_by(BATCH_ROWS)
                .map(|first| first..slab.end.min(first + BATCH_ROWS))
                .collect();
            for (r, member) in self.members.iter().enumerate() {
                let product = member.largest_product(BATCH_ROWS.min(slab.len()));
                let thinned = Thinned::new(member, self.seed, r);
                let mut shared = Vec::with_capacity(batches.len());
                for place in &batches {
                    let inputs = inputs(place.clone());
                    shared.push(match self.samples {
                        Some(_) => in_pool(product, || thinned.shared(inputs)),
                        None => Shared::of(inputs),
                    });
                }
                let one = |sample: usize| {
                    let sample = self.samples.map(|_| thinned.sample(sample));
                    let mut outputs = Vec::with_capacity(slab.len() * self.task.d_output());
                    for batch in &shared {
                        outputs.extend(read(match &sample {
                            Some(sample) => sample.forward(batch),
                            None => member.forward(batch.inputs()),
                        })?);
                    }
                    Ok(predictions(self.loss, &self.task, &outputs))
                };
                for from in (0..each).step_by(TOGETHER) {
                    let count = TOGETHER.min(each - from);
                    let found: Vec<Result<Vec<f64>>> = if in_process(&member.device()) {
                        each_on_a_core(count, product, |k| one(from + k))
                    } else {
                        (from..from + count).map(one).collect()
                    };
                    for (k, predictions) in found.into_iter().enumerate() {
                        visit(&slab, r * each + from + k, &predictions?);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What several networks say about rows: their mean, and how far they differ. Made by [`Sampler::spread`].
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    samples: usize,
    d_output: usize,
    has_classes: bool,
    mean: Vec<f64>,
    deviation: Vec<f64>,
    /// The mean entropy of what each network says; of a regression none.
    expected_entropy: Vec<f64>,
}

impl Spread {
    fn new(task: &Task, samples: usize) -> Self {
        Spread {
            samples,
            d_output: task.d_output(),
            has_classes: !task.classes().is_empty(),
            mean: Vec::new(),
            deviation: Vec::new(),
            expected_entropy: Vec::new(),
        }
    }

    fn extend(&mut self, rows: usize, sums: &Sums) {
        let count = self.samples as f64;
        self.mean.extend_from_slice(&sums.mean);
        let deviation = |squares: &f64| match self.samples {
            1 => 0.0,
            _ => (squares / (count - 1.0)).sqrt(),
        };
        self.deviation.extend(sums.squares.iter().map(deviation));
        if self.has_classes {
            debug_assert_eq!(sums.entropy.len(), rows);
            let mean = sums.entropy.iter().map(|entropy| entropy / count);
            self.expected_entropy.extend(mean);
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mean.len() / self.d_output.max(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mean.is_empty()
    }

    /// How many networks were asked; `usize::MAX` for all of them.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The mean of what they predict: numbers in the units of the target, or probabilities as [`predictions()`] gives them.
    ///
    /// # Shapes
    /// - result: `[rows, d_output]`, row after row
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The standard deviation of what they predict, in the same units; 0 for one network.
    ///
    /// # Shapes
    /// - result: `[rows, d_output]`, row after row
    #[must_use]
    pub fn deviation(&self) -> &[f64] {
        &self.deviation
    }

    /// The mean of one row.
    ///
    /// # Shapes
    /// - result: `[d_output]`
    #[must_use]
    #[doc(hidden)]
    pub fn mean_of(&self, row: usize) -> &[f64] {
        &self.mean[row * self.d_output..][..self.d_output]
    }

    /// The standard deviation of one row.
    ///
    /// # Shapes
    /// - result: `[d_output]`
    #[must_use]
    #[doc(hidden)]
    pub fn deviation_of(&self, row: usize) -> &[f64] {
        &self.deviation[row * self.d_output..][..self.d_output]
    }

    /// The entropy of the mean probabilities of a row, counted from 0, in nats: from 0 to the logarithm of the number of classes.
    /// Not a number for a regression.
    #[must_use]
    pub fn entropy(&self, row: usize) -> f64 {
        if !self.has_classes {
            return f64::NAN;
        }
        entropy(self.mean_of(row))
    }

    /// The mutual information between the class of a row, counted from 0, and the network that is asked, in nats: 0 where all
    /// networks say the same. Not a number for a regression.
    #[must_use]
    pub fn mutual_information(&self, row: usize) -> f64 {
        let expected = self.expected_entropy.get(row).copied();
        // Rounding may take it below 0, which it is not.
        let found = self.entropy(row) - expected.unwrap_or(f64::NAN);
        if found < 0.0 { 0.0 } else { found }
    }
}

/// The entropy of the probabilities of classes, in nats; one probability is that of the second of two.
///
/// # Shapes
/// - `probabilities`: `[d_output]`
#[must_use]
#[doc(hidden)]
pub fn entropy(probabilities: &[f64]) -> f64 {
    let term = |p: f64| if p == 0.0 { 0.0 } else { -p * p.ln() };
    match probabilities {
        [p] => term(*p) + term(1.0 - p),
        all => all.iter().map(|p| term(*p)).sum(),
    }
}

/// Means and sums of squares of what came so far, by Welford's update, so that nothing is kept of a sample.
#[derive(Default)]
struct Sums {
    count: f64,
    /// `[rows, d_output]`
    mean: Vec<f64>,
    /// Of the distances to the mean, `[rows, d_output]`.
    squares: Vec<f64>,
    /// `[rows]`, of classes.
    entropy: Vec<f64>,
    d_output: usize,
}

impl Sums {
    fn new(task: &Task, numbers: usize) -> Self {
        let d_output = task.d_output().max(1);
        let rows = match task {
            Task::Regression { .. } => 0,
            _ => numbers / d_output,
        };
        Sums {
            count: 0.0,
            mean: vec![0.0; numbers],
            squares: vec![0.0; numbers],
            entropy: vec![0.0; rows],
            d_output,
        }
    }

    fn add(&mut self, predictions: &[f64]) {
        self.count += 1.0;
        let sums = self.mean.iter_mut().zip(&mut self.squares);
        for ((mean, squares), value) in sums.zip(predictions) {
            let before = value - *mean;
            *mean += before / self.count;
            *squares += before * (value - *mean);
        }
        let rows = predictions.chunks_exact(self.d_output);
        for (sum, row) in self.entropy.iter_mut().zip(rows) {
            *sum += entropy(row);
        }
    }
}
