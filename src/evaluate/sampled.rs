//! The average of many thinned networks (Srivastava et al. 2014, section 7.5 and Figure 11).
//!
//! Dropout trains `2^n` thinned networks that share their weights. At run time the paper lets one network with dropout
//! off stand for the average of all; how good that is, an average of `k` of them says, drawn with the masks that training
//! draws:
//!
//! ```text
//! average_k(x) = 1/k sum_{s = 1 .. k} p(x; m_s)
//! ```
//!
//! where `p` is what the network predicts, such as the softmax of its outputs, and `m_s` the masks of sample `s`. Every
//! row has masks of its own, as in training; a mask of weights (DropConnect) is the same for all rows of a sample, also as there.

use std::ops::Range;

use burn::module::Module;
use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};
use serde::{Deserialize, Serialize};

use crate::backend::read;
use crate::check::check_count;
use crate::config::Loss;
use crate::data::{Dataset, Task};
use crate::dropout::{LayerMasks, Noise, SeededMasks};
use crate::error::{Error, Result};
use crate::model::Mlp;

use super::{BATCH_ROWS, check, evaluate_in_batches, in_batches, predicted_class, predictions};

/// The errors of averages of thinned networks, beside that of the network with dropout off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledErrors {
    /// Rows that were classified.
    pub rows: usize,
    /// The error rate with dropout off, which the paper calls weight scaling; in `[0, 1]`.
    pub weight_scaling: f64,
    /// One for each number of samples that was asked for, in that order.
    pub averages: Vec<SampledError>,
}

/// The error rates of averages over the same number of thinned networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampledError {
    /// How many thinned networks are averaged.
    pub samples: usize,
    /// The error rate with the samples of each seed, in `[0, 1]`.
    pub error_rates: Vec<f64>,
}

/// The error rates of averages over thinned networks of a trained network, for each number of `samples` and each of
/// `seeds`, and the one with dropout off (the paper's Figure 11). `loss` is the one that it was trained with.
///
/// A seed's average over more samples holds those over fewer. The masks are those of [`SeededMasks`] with this seed:
/// sample `s` of row `r`, both counted from 0, has that of step `s rows + r + 1`, with the layer's width as its stride; of a mask of
/// weights, with their number as its stride, that of step `s + 1`. So
/// they follow from the seed, the place of the row and the number of rows alone, whatever the batches and threads; take
/// other seeds than the training's, whose masks the network has seen.
///
/// # Errors
/// [`Error::InvalidValue`] if no dropout rate is above 0, for a regression, for no samples, a number of samples of 0 or no
/// seeds; else as [`evaluate`](super::evaluate()).
pub fn sampled_errors(
    network: &Mlp,
    loss: Loss,
    data: &Dataset,
    samples: &[usize],
    seeds: &[u64],
) -> Result<SampledErrors> {
    sampled_errors_in_batches(network, loss, data, (samples, seeds), BATCH_ROWS)
}

/// [`sampled_errors`] of `(samples, seeds)` in batches of `batch_rows` rows. More rows take more memory; the result is the
/// same up to the backend's rounding.
///
/// # Errors
/// As [`sampled_errors`], and [`Error::InvalidValue`] for batches of 0 rows.
pub fn sampled_errors_in_batches(
    network: &Mlp,
    loss: Loss,
    data: &Dataset,
    (samples, seeds): (&[usize], &[u64]),
    batch_rows: usize,
) -> Result<SampledErrors> {
    if matches!(data.task(), Task::Regression { .. }) {
        let expected = "classes, whose errors can be counted";
        return Err(Error::invalid("the data's task", expected, "a regression"));
    }
    check_count("the numbers of samples", samples.len())?;
    check_count("the number of seeds", seeds.len())?;
    let whole = evaluate_in_batches(network, loss, data, batch_rows)?.metrics;
    let sampler = Sampler::new(network, loss, data)?;
    // [batches][seeds][samples]
    let right = in_batches(
        (&sampler.network, 1),
        data.len(),
        batch_rows,
        |(_, place)| {
            let of_seed = |seed: &u64| {
                let mut right = vec![0; samples.len()];
                sampler.average(place.clone(), samples, *seed, |k, mean| {
                    right[k] = sampler.right(place.clone(), mean);
                })?;
                Ok(right)
            };
            seeds.iter().map(of_seed).collect::<Result<Vec<_>>>()
        },
    )?;
    let rate = |seed: usize, k: usize| {
        let right: usize = right.iter().map(|batch| batch[seed][k]).sum();
        (data.len() - right) as f64 / data.len() as f64
    };
    let average = |(k, samples): (usize, &usize)| SampledError {
        samples: *samples,
        error_rates: (0..seeds.len()).map(|seed| rate(seed, k)).collect(),
    };
    Ok(SampledErrors {
        rows: data.len(),
        weight_scaling: whole.error_rate.unwrap_or(f64::NAN),
        averages: samples.iter().enumerate().map(average).collect(),
    })
}

/// The average prediction of `samples` thinned networks for each row, in the terms of [`predictions()`]; of a regression too.
/// The masks are those of [`sampled_errors`].
///
/// # Shapes
/// - result: `[rows, d_output]`, row after row
///
/// # Errors
/// [`Error::InvalidValue`] if no dropout rate is above 0 and for 0 samples; else as [`evaluate`](super::evaluate()).
pub fn sampled_predictions(
    network: &Mlp,
    loss: Loss,
    data: &Dataset,
    samples: usize,
    seed: u64,
) -> Result<Vec<f64>> {
    let sampler = Sampler::new(network, loss, data)?;
    let batches = in_batches(
        (&sampler.network, 1),
        data.len(),
        BATCH_ROWS,
        |(_, place)| {
            let mut found = Vec::new();
            sampler.average(place, &[samples], seed, |_, mean| found = mean.to_vec())?;
            Ok(found)
        },
    )?;
    Ok(batches.concat())
}

/// A network whose thinned networks are drawn, and the rows that they see.
struct Sampler<'a> {
    /// Without a graph.
    network: Mlp,
    loss: Loss,
    data: &'a Dataset,
}

impl<'a> Sampler<'a> {
    fn new(network: &Mlp, loss: Loss, data: &'a Dataset) -> Result<Self> {
        check(network, data)?;
        if !network.has_dropout() {
            let expected = "one above 0, so that there are thinned networks to average";
            let found = "0 on every layer";
            return Err(Error::invalid(
                "the network's dropout rates",
                expected,
                found,
            ));
        }
        Ok(Sampler {
            network: network.valid(),
            loss,
            data,
        })
    }

    /// Draws as many thinned networks for the rows of `place` as the largest of `samples`, and calls `visit(k, mean)` as
    /// soon as `samples[k]` are drawn, with the mean of their predictions.
    ///
    /// # Shapes
    /// - `mean`: `[rows of place, d_output]`, row after row
    fn average(
        &self,
        place: Range<usize>,
        samples: &[usize],
        seed: u64,
        mut visit: impl FnMut(usize, &[f64]),
    ) -> Result<()> {
        for count in samples {
            check_count("the number of samples", *count)?;
        }
        let (network, rows) = (&self.network, self.data.len());
        let chosen: Vec<usize> = place.clone().collect();
        let options: TensorCreationOptions = (&network.device(), network.dtype()).into();
        let inputs = self.data.select(&chosen).inputs(options.clone()); // [rows of place, d_input]
        let masks = SeededMasks::new(seed);
        let layers = network.widths().enumerate();
        let mut layers: Vec<_> = layers.map(|(k, width)| masks.layer(k, width)).collect();
        let mut sum = vec![0.0; chosen.len() * self.data.d_output()];
        for sample in 0..samples.iter().copied().max().unwrap_or(0) {
            let steps = sample * rows + place.start + 1..sample * rows + place.end + 1;
            let masked = network.with_masked_weights(|k, noise, weight| {
                masks.of_weights(k, (sample + 1, noise), weight)
            });
            let outputs = masked.forward_with(inputs.clone(), |k, h| {
                let Some(noise) = network.dropouts()[k].noise().fixed().on_inputs() else {
                    return h;
                };
                let [_, width] = h.dims();
                let mask = row_masks(&mut layers[k], steps.clone(), (noise, width), &options);
                noise.put_on(h, mask)
            });
            let found = predictions(self.loss, self.data.task(), &read(outputs)?);
            sum.iter_mut().zip(found).for_each(|(sum, one)| *sum += one);
            for (k, count) in samples.iter().enumerate() {
                if sample + 1 == *count {
                    let mean: Vec<f64> = sum.iter().map(|sum| sum / *count as f64).collect();
                    visit(k, &mean);
                }
            }
        }
        Ok(())
    }

    /// How many rows of `place` are found right by these predictions; those that are not numbers find none.
    ///
    /// # Shapes
    /// - `predicted`: `[rows of place, d_output]`, row after row
    fn right(&self, place: Range<usize>, predicted: &[f64]) -> usize {
        let task = self.data.task();
        let rows = place.zip(predicted.chunks_exact(self.data.d_output()));
        let is_right = |(row, prediction): &(usize, &[f64])| {
            let class = predicted_class(task, &self.data.target_row(*row));
            class.is_some() && predicted_class(task, prediction) == class
        };
        rows.filter(is_right).count()
    }
}

/// A mask whose rows are those of one step each.
///
/// # Shapes
/// - result: `[steps, width]`
fn row_masks(
    layer: &mut LayerMasks,
    steps: Range<usize>,
    (noise, width): (Noise, usize),
    options: &TensorCreationOptions,
) -> Tensor<2> {
    let shape = [steps.len(), width];
    let data = match options.dtype {
        Some(DType::F64) => TensorData::new(values::<f64>(layer, steps, noise, width), shape),
        _ => TensorData::new(values::<f32>(layer, steps, noise, width), shape),
    };
    Tensor::from_data(data, options.clone())
}

fn values<E: Element>(
    layer: &mut LayerMasks,
    steps: Range<usize>,
    noise: Noise,
    width: usize,
) -> Vec<E> {
    let mut values = vec![E::default(); steps.len() * width];
    for (step, row) in steps.zip(values.chunks_exact_mut(width)) {
        layer.fill(step, noise, row);
    }
    values
}
