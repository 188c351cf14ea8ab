//! The optimizers' steps and the bound on norms in one pass over memory, on all threads, for the backends whose
//! numbers lie in the memory of this process.
//!
//! A tensor hands over its own buffer there, and takes it back, without a copy. The rules are the optimizers' own, which
//! on tensors make a pass for each operation, and round alike: both end in the same bits but for averages that are
//! subnormal (see [`Number::flush`]), so that a run may change from one to the other.

use burn::tensor::{DType, Element, ElementConversion, Tensor, TensorCreationOptions, TensorData};
#[cfg(not(target_family = "wasm"))]
use rayon::prelude::*;

use crate::train::constrain;
use crate::train::optimizer::{Number, Rule};

/// Numbers that a thread takes at a time: enough to be worth it, few enough for its cache.
const PART: usize = 32_768;
/// Columns that a thread sums at a time.
const COLUMNS: usize = 128;

/// A number in a buffer.
trait Float: Number + Element + PartialOrd {}

impl Float for f32 {}
impl Float for f64 {}

/// The step of a rule, where the numbers can be had. A first step, which has no averages yet, is left to Burn's
/// operations.
pub(super) fn step<const D: usize, const K: usize>(
    rule: impl Rule<K>,
    w: Tensor<D>,
    g: Tensor<D>,
    averages: [Option<Tensor<D>>; K],
) -> (Tensor<D>, [Option<Tensor<D>>; K]) {
    let options = TensorCreationOptions::from((&w.device(), w.dtype()));
    let tensor = |data| Tensor::from_data(data, options.clone());
    let (mut w, g) = (w.into_data(), g.into_data());
    let mut averages = averages.map(|average| average.map(Tensor::into_data));
    let done = match w.dtype() {
        DType::F32 => each_number::<f32, K>(rule, &mut w, &g, &mut averages),
        DType::F64 => each_number::<f64, K>(rule, &mut w, &g, &mut averages),
        _ => None,
    };
    let (w, averages) = (tensor(w), averages.map(|average| average.map(tensor)));
    match done {
        Some(()) => (w, averages),
        None => {
            let (w, averages) = rule.step(w, tensor(g), averages);
            (w, averages.map(Some))
        }
    }
}

/// `None`, with nothing changed, if there are no averages yet or a buffer is not one of these numbers.
fn each_number<E: Float, const K: usize>(
    rule: impl Rule<K>,
    w: &mut TensorData,
    g: &TensorData,
    averages: &mut [Option<TensorData>; K],
) -> Option<()> {
    let (w, g) = (w.as_mut_slice::<E>().ok()?, g.as_slice::<E>().ok()?);
    let mut slices: [&mut [E]; K] = std::array::from_fn(|_| Default::default());
    for (slice, average) in slices.iter_mut().zip(averages) {
        *slice = average.as_mut()?.as_mut_slice::<E>().ok()?;
    }
    each(rule, w, g, slices);
    Some(())
}

/// Applies a rule to every parameter, with its gradient and its averages.
fn each<E: Float, const K: usize>(
    rule: impl Rule<K>,
    w: &mut [E],
    g: &[E],
    averages: [&mut [E]; K],
) {
    #[cfg(not(target_family = "wasm"))]
    if w.len() > PART {
        let middle = (w.len() / 2).next_multiple_of(64); // whole cache lines
        let ((w, last_w), (g, last_g)) = (w.split_at_mut(middle), g.split_at(middle));
        let mut halves = averages.map(|average| average.split_at_mut(middle));
        let averages = std::array::from_fn(|k| std::mem::take(&mut halves[k].0));
        let last_averages = halves.map(|(_, last)| last);
        rayon::join(
            || each(rule, w, g, averages),
            || each(rule, last_w, last_g, last_averages),
        );
        return;
    }
    let count = w.len();
    let g = &g[..count];
    let averages = averages.map(|average| &mut average[..count]);
    for i in 0..count {
        let old = std::array::from_fn(|k| Some(averages[k][i]));
        let new;
        (w[i], new) = rule.step(w[i], g[i], old);
        for k in 0..K {
            averages[k][i] = new[k];
        }
    }
}

/// The sum of two tensors, in the place of the first, where the numbers can be had.
pub(super) fn add<const D: usize>(one: Tensor<D>, other: Tensor<D>) -> Tensor<D> {
    let options = TensorCreationOptions::from((&one.device(), one.dtype()));
    let (mut one, other) = (one.into_data(), other.into_data());
    let done = match one.dtype() {
        DType::F32 => add_numbers::<f32>(&mut one, &other),
        DType::F64 => add_numbers::<f64>(&mut one, &other),
        _ => None,
    };
    let tensor = |data| Tensor::from_data(data, options.clone());
    match done {
        Some(()) => tensor(one),
        None => tensor(one) + tensor(other),
    }
}

/// `None`, with nothing changed, if a buffer is not one of these numbers.
fn add_numbers<E: Float>(one: &mut TensorData, other: &TensorData) -> Option<()> {
    let (one, other) = (one.as_mut_slice::<E>().ok()?, other.as_slice::<E>().ok()?);
    let count = one.len();
    in_parts(one, PART, count, |first, part| {
        for (sum, more) in part.iter_mut().zip(&other[first..]) {
            *sum = *sum + *more;
        }
    });
    Some(())
}

/// The bound of [`constrain::max_norm`], where the numbers can be had.
pub(super) fn max_norm(weight: Tensor<2>, bound: f64) -> Tensor<2> {
    let [_, d_output] = weight.dims();
    // Burn adds up a single column in another order.
    if d_output < 2 {
        return constrain::max_norm(weight, bound);
    }
    let options = TensorCreationOptions::from((&weight.device(), weight.dtype()));
    let mut data = weight.into_data();
    let done = match data.dtype() {
        DType::F32 => bound_columns::<f32>(&mut data, d_output, bound),
        DType::F64 => bound_columns::<f64>(&mut data, d_output, bound),
        _ => None,
    };
    let weight = Tensor::from_data(data, options);
    match done {
        Some(()) => weight,
        None => constrain::max_norm(weight, bound),
    }
}

/// `None`, with nothing changed, if the buffer is not one of these numbers.
fn bound_columns<E: Float>(data: &mut TensorData, d_output: usize, bound: f64) -> Option<()> {
    let weight = data.as_mut_slice::<E>().ok()?;
    let bound: E = bound.elem();
    let mut factors = vec![E::default(); d_output];
    in_parts(&mut factors, COLUMNS, weight.len(), |first, factors| {
        for row in weight.chunks_exact(d_output) {
            for (sum, w) in factors.iter_mut().zip(&row[first..]) {
                *sum = *sum + w.square();
            }
        }
        for factor in factors {
            let norm = factor.sqrt();
            *factor = bound / if norm < bound { bound } else { norm };
        }
    });
    // Most columns are within the bound, and a factor of 1 changes no bit.
    if factors.iter().any(|factor| *factor != 1.0.elem()) {
        let (rows, count) = (PART.div_ceil(d_output), weight.len());
        in_parts(weight, rows * d_output, count, |_, weight| {
            for row in weight.chunks_exact_mut(d_output) {
                for (w, factor) in row.iter_mut().zip(&factors) {
                    *w = *w * *factor;
                }
            }
        });
    }
    Some(())
}

/// `work(first, part)` on parts of `values` of `size` values, where `first` is the place of the part's first value;
/// on all threads where `work` looks at more than [`PART`] numbers in all.
fn in_parts<E: Float>(
    values: &mut [E],
    size: usize,
    numbers: usize,
    work: impl Fn(usize, &mut [E]) + Sync,
) {
    #[cfg(not(target_family = "wasm"))]
    if numbers > PART {
        let parts = values.par_chunks_mut(size).enumerate();
        return parts.for_each(|(k, part)| work(k * size, part));
    }
    let _ = (size, numbers);
    work(0, values);
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Device, Tensor};
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    use super::PART;
    use crate::backend::{Backend, in_process, read, write};
    use crate::config::{Momentum, Optimizer, TrainConfig};
    use crate::train::constrain;
    use crate::train::engine::Arithmetic;
    use crate::train::optimizer::{Averages, Step};

    const BOTH: [Arithmetic; 2] = [Arithmetic::Operations, Arithmetic::InPlace];
    const SIZES: [[usize; 2]; 6] = [[1, 1], [1, 7], [9, 1], [3, 5], [40, 130], [260, 257]];

    fn backends() -> impl Iterator<Item = (Device, DType)> {
        let devices = Backend::compiled().filter_map(|backend| backend.device().ok());
        devices
            .filter(in_process)
            .flat_map(|device| [DType::F32, DType::F64].map(|dtype| (device.clone(), dtype)))
    }

    fn train(text: &str) -> TrainConfig {
        let text = format!("learning_rate = 0.07\nsteps = 1\n{text}");
        toml::from_str(&text).expect("a good configuration")
    }

    fn bits<const D: usize>(tensor: &Tensor<D>) -> Vec<u64> {
        let values = read(tensor.clone()).expect("numbers");
        values.into_iter().map(f64::to_bits).collect()
    }

    fn random(generator: &mut ChaCha8Rng, count: usize, scale: f64) -> Vec<f64> {
        (0..count)
            .map(|_| match generator.random_range(0..20) {
                0 => 0.0,
                1 => -0.0,
                _ => generator.random_range(-scale..scale),
            })
            .collect()
    }

    #[test]
    fn sizes_are_tried_that_one_thread_takes_and_that_several_share() {
        assert!(SIZES[5][0] * SIZES[5][1] > PART && SIZES[4][0] * SIZES[4][1] < PART);
    }

    #[test]
    fn every_optimizer_ends_in_the_bits_of_burns_operations() {
        for text in [
            "",
            "weight_decay = 0.3",
            "l1 = 0.3",
            "weight_decay = 0.3\nl1 = 0.2",
            "momentum = 0.9",
            "momentum = 0.5\nweight_decay = 0.1\nl1 = 0.2",
            "momentum = 0.9\ndampening = true",
            "momentum = { from = 0.0, to = 0.9, epochs = 3 }\ndampening = true",
            "momentum = { from = 0.9, to = 0.0, epochs = 3 }\ndampening = true\nweight_decay = 0.1\nl1 = 0.2",
            "momentum = { from = 0.0, to = 0.9, epochs = 3 }",
            "momentum = 0.5\nweight_decay = 0.1",
            "optimizer = 'adam'",
            "optimizer = 'adam'\nweight_decay = 0.2",
            "optimizer = 'adam'\nl1 = 0.1",
            "optimizer = 'adam'\nweight_decay = 0.2\nl1 = 0.1",
            "optimizer = 'adamw'",
            "optimizer = 'adamw'\nweight_decay = 0.2",
        ] {
            let train = train(text);
            for (device, dtype) in backends() {
                for size in SIZES {
                    let what = format!("{text}, {device:?}, {dtype:?}, {size:?}");
                    same_bits_for_four_steps(&train, size, &device, dtype, &what);
                }
            }
        }
    }

    fn same_bits_for_four_steps(
        train: &TrainConfig,
        size: [usize; 2],
        device: &Device,
        dtype: DType,
        what: &str,
    ) {
        let mut generator = ChaCha8Rng::seed_from_u64(size[0] as u64);
        let options = (device, dtype).into();
        let mut draw = |scale| {
            write(
                &random(&mut generator, size[0] * size[1], scale),
                size,
                &options,
            )
        };
        let start = draw(1.0);
        let mut w = [Some(start.clone()), Some(start)];
        let mut averages = [Averages::<2>::default(), Averages::default()];
        for t in 1..=4 {
            let g = draw(0.5);
            for (k, arithmetic) in BOTH.into_iter().enumerate() {
                let step = Step::new(train, 0.07, t - 1, t, arithmetic);
                // From the second step on, nobody else has the buffer.
                let old = w[k].take().expect("the last step's");
                w[k] = Some(step.parameter(old, g.clone(), &mut averages[k]));
            }
            let [one, other] = [&w[0], &w[1]].map(|w| w.as_ref().map(bits));
            assert_eq!(one, other, "{what}, step {t}");
            let [Averages(one), Averages(other)] = &averages;
            for (one, other) in one.iter().zip(other) {
                let (one, other) = (one.as_ref().map(bits), other.as_ref().map(bits));
                assert_eq!(one, other, "{what}, averages after step {t}");
            }
            let remembers =
                train.optimizer != Optimizer::Sgd || train.momentum != Momentum::default();
            assert_eq!(averages[1].0[0].is_some(), remembers, "{what}");
        }
    }

    #[test]
    fn averages_fade_to_zero_and_do_not_stay_subnormal() {
        for text in ["momentum = 0.95", "optimizer = 'adam'"] {
            let train = train(text);
            for (device, dtype) in backends() {
                let smallest = match dtype {
                    DType::F32 => f64::from(f32::MIN_POSITIVE),
                    _ => f64::MIN_POSITIVE,
                };
                let options = (&device, dtype).into();
                let parameters = |values: [f64; 2]| {
                    let made: Tensor<2> = write(&values, [1, 2], &options);
                    made
                };
                let start = parameters([1.5 * smallest, -1.5 * smallest]);
                let mut averages = [Averages::<2>::default(), Averages::default()];
                for averages in &mut averages {
                    let second = train.momentum == Momentum::default();
                    averages.0 = [Some(start.clone()), second.then(|| start.clone().abs())];
                }
                for (averages, arithmetic) in averages.iter_mut().zip(BOTH) {
                    for t in 1..=500 {
                        let step = Step::new(&train, 0.07, t - 1, t, arithmetic);
                        step.parameter(parameters([0.3, 0.3]), parameters([0.0, 0.0]), averages);
                    }
                }
                let [by_operations, in_place] =
                    averages.map(|averages| averages.0[0].as_ref().map(bits));
                let what = format!("{text}, {device:?}, {dtype:?}");
                assert_eq!(in_place, Some(vec![0.0_f64.to_bits(); 2]), "{what}");
                assert!(by_operations != in_place, "{what}");
            }
        }
    }

    #[test]
    fn a_bound_on_norms_ends_in_the_bits_of_burns_operations() {
        for (device, dtype) in backends() {
            for size in SIZES {
                let mut generator = ChaCha8Rng::seed_from_u64(size[1] as u64);
                let options = (&device, dtype).into();
                let weight: Tensor<2> = write(
                    &random(&mut generator, size[0] * size[1], 1.0),
                    size,
                    &options,
                );
                // Norms are about the root of a third of the rows: all, some and none are over the bound.
                let norm = (size[0] as f64 / 3.0).sqrt();
                for bound in [0.1 * norm, norm, 10.0 * norm] {
                    let expected = constrain::max_norm(weight.clone(), bound);
                    let found = super::max_norm(weight.clone(), bound);
                    let what = format!("{device:?}, {dtype:?}, {size:?}, {bound}");
                    assert_eq!(bits(&expected), bits(&found), "{what}");
                }
            }
        }
    }
}
