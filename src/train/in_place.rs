//! The optimizers' steps and the bound on norms in one pass over memory, on all threads, for the backends whose
//! numbers lie in the memory of this process.
//!
//! A tensor hands over its own buffer there, and takes it back, without a copy. The formulas are those of
//! [`optimizer`](super::optimizer) and [`constrain`](super::constrain), which make a pass for each operation,
//! and round where these round: both end in the same bits, so that a run may change from one to the other.
//!
//! But for what is too small to matter: the averages of a weight that no longer has a gradient, such as those of a ReLU
//! that never fires, fade until they are subnormal, below 1e-38, and stay so, since that times 0.95 rounds to
//! itself. Some processors take many times as long for each of them. Here they become 0.

use std::ops::{Add, Div, Mul, Sub};

use burn::tensor::{DType, Element, Tensor, TensorCreationOptions, TensorData};
#[cfg(not(target_family = "wasm"))]
use rayon::prelude::*;

use super::optimizer::{Averages, BETA_1, BETA_2, EPSILON, Step};
use crate::config::Optimizer;

/// Numbers that a thread takes at a time: enough to be worth it, few enough for its cache.
const PART: usize = 32_768;
/// Columns that a thread sums at a time.
const COLUMNS: usize = 128;

/// What the formulas need of a number.
trait Number:
    Element
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// Rounded as Burn rounds a scalar.
    fn of(value: f64) -> Self;
    fn sqrt(self) -> Self;
    /// The number, or 0 of its sign if it is subnormal.
    fn flushed(self) -> Self;
}

impl Number for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn flushed(self) -> Self {
        if self.abs() < f32::MIN_POSITIVE {
            0.0_f32.copysign(self)
        } else {
            self
        }
    }
}

impl Number for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn flushed(self) -> Self {
        if self.abs() < f64::MIN_POSITIVE {
            0.0_f64.copysign(self)
        } else {
            self
        }
    }
}

/// The step of [`Step::parameter`], where the numbers can be had. A first step, which has no averages yet, is
/// left to Burn's operations.
pub(super) fn parameter<const D: usize>(
    step: &Step,
    w: Tensor<D>,
    g: Tensor<D>,
    averages: &mut Averages<D>,
) -> Tensor<D> {
    let options = TensorCreationOptions::from((&w.device(), w.dtype()));
    let tensor = |data| Tensor::from_data(data, options.clone());
    let mut buffers = Buffers {
        w: w.into_data(),
        g: g.into_data(),
        first: averages.first.take().map(Tensor::into_data),
        second: averages.second.take().map(Tensor::into_data),
    };
    let done = match buffers.w.dtype() {
        DType::F32 => buffers.step::<f32>(step),
        DType::F64 => buffers.step::<f64>(step),
        _ => None,
    };
    averages.first = buffers.first.map(tensor);
    averages.second = buffers.second.map(tensor);
    match done {
        Some(()) => tensor(buffers.w),
        None => step.by_operations(tensor(buffers.w), tensor(buffers.g), averages),
    }
}

struct Buffers {
    w: TensorData,
    g: TensorData,
    first: Option<TensorData>,
    second: Option<TensorData>,
}

impl Buffers {
    /// Takes the step. None, with nothing changed, if it is not one of those below, or a buffer is not one
    /// of these numbers.
    fn step<E: Number>(&mut self, step: &Step) -> Option<()> {
        let (decay, l1) = (E::of(step.weight_decay), E::of(step.l1));
        // A loop for each: what is asked of every number keeps a loop from taking several at a time.
        match (step.weight_decay != 0.0, step.l1 != 0.0) {
            (false, false) => self.penalized_step(step, |_, g: E| g),
            (true, false) => self.penalized_step(step, move |w: E, g: E| g + w * decay),
            (false, true) => self.penalized_step(step, move |w: E, g: E| g + sign(w) * l1),
            (true, true) => {
                self.penalized_step(step, move |w: E, g: E| (g + w * decay) + sign(w) * l1)
            }
        }
    }

    fn penalized_step<E: Number>(
        &mut self,
        step: &Step,
        penalized: impl Fn(E, E) -> E + Copy + Sync,
    ) -> Option<()> {
        let w = self.w.as_mut_slice::<E>().ok()?;
        let g = self.g.as_slice::<E>().ok()?;
        let first = self.first.as_mut().map(TensorData::as_mut_slice::<E>);
        let second = self.second.as_mut().map(TensorData::as_mut_slice::<E>);
        let (first, second) = (first.transpose().ok()?, second.transpose().ok()?);

        let (rate, momentum) = (E::of(step.learning_rate), E::of(step.momentum));
        match (step.optimizer, first, second) {
            (Optimizer::Sgd, None, None) if !step.has_momentum => {
                each(w, g, [], &move |w, g, []| (w - penalized(w, g) * rate, []));
            }
            (Optimizer::Sgd, Some(v), None) => match step.dampening.map(E::of) {
                None => each(w, g, [v], &move |w, g, [v]| {
                    let v = (v * momentum + penalized(w, g)).flushed();
                    (w - v * rate, [v])
                }),
                Some(factor) => each(w, g, [v], &move |w, g, [v]| {
                    let v = (v * momentum + penalized(w, g) * factor).flushed();
                    (w - v * rate, [v])
                }),
            },
            (Optimizer::Adam, Some(m), Some(v)) => {
                let adam = adam(step);
                each(w, g, [m, v], &move |w, g, mv| adam(w, penalized(w, g), mv));
            }
            (Optimizer::AdamW, Some(m), Some(v)) => {
                let (adam, shrink) = (adam(step), E::of(step.shrink()));
                each(w, g, [m, v], &move |w, g, mv| adam(w * shrink, g, mv));
            }
            _ => return None,
        }
        Some(())
    }
}

/// 1, -1, or 0 for what is neither above 0 nor below.
fn sign<E: Number>(w: E) -> E {
    let zero = E::of(0.0);
    if w > zero {
        E::of(1.0)
    } else if w < zero {
        E::of(-1.0)
    } else {
        zero
    }
}

fn adam<E: Number>(step: &Step) -> impl Fn(E, E, [E; 2]) -> (E, [E; 2]) + Copy + Sync {
    let (beta_1, rest_1) = (E::of(BETA_1), E::of(1.0 - BETA_1));
    let (beta_2, rest_2) = (E::of(BETA_2), E::of(1.0 - BETA_2));
    let (rate, scale) = step.corrections();
    let (rate, scale, epsilon) = (E::of(rate), E::of(scale), E::of(EPSILON));
    move |w, g, [m, v]| {
        let m = (m * beta_1 + g * rest_1).flushed();
        let v = (v * beta_2 + g * g * rest_2).flushed();
        let denominator = v.sqrt() * scale + epsilon;
        (w - m / denominator * rate, [m, v])
    }
}

/// Applies a rule to every parameter, with its gradient and its averages.
fn each<E: Number, const N: usize>(
    w: &mut [E],
    g: &[E],
    averages: [&mut [E]; N],
    rule: &(impl Fn(E, E, [E; N]) -> (E, [E; N]) + Sync),
) {
    #[cfg(not(target_family = "wasm"))]
    if w.len() > PART {
        let middle = (w.len() / 2).next_multiple_of(64); // whole cache lines
        let ((w, last_w), (g, last_g)) = (w.split_at_mut(middle), g.split_at(middle));
        let mut halves = averages.map(|average| average.split_at_mut(middle));
        let averages = std::array::from_fn(|k| std::mem::take(&mut halves[k].0));
        let last_averages = halves.map(|(_, last)| last);
        rayon::join(
            || each(w, g, averages, rule),
            || each(last_w, last_g, last_averages, rule),
        );
        return;
    }
    let count = w.len();
    let g = &g[..count];
    let averages = averages.map(|average| &mut average[..count]);
    for i in 0..count {
        let old = std::array::from_fn(|k| averages[k][i]);
        let new;
        (w[i], new) = rule(w[i], g[i], old);
        for k in 0..N {
            averages[k][i] = new[k];
        }
    }
}

/// The bound of [`max_norm`](super::constrain::max_norm), where the numbers can be had.
pub(super) fn max_norm(weight: Tensor<2>, bound: f64) -> Tensor<2> {
    let [_, d_output] = weight.dims();
    // Burn adds up a single column in another order.
    if d_output < 2 {
        return super::constrain::max_norm(weight, bound);
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
        None => super::constrain::max_norm(weight, bound),
    }
}

/// None, with nothing changed, if the buffer is not one of these numbers.
fn bound_columns<E: Number>(data: &mut TensorData, d_output: usize, bound: f64) -> Option<()> {
    let weight = data.as_mut_slice::<E>().ok()?;
    let bound = E::of(bound);
    let mut factors = vec![E::of(0.0); d_output];
    in_parts(&mut factors, COLUMNS, weight.len(), |first, factors| {
        for row in weight.chunks_exact(d_output) {
            for (sum, w) in factors.iter_mut().zip(&row[first..]) {
                *sum = *sum + *w * *w;
            }
        }
        for factor in factors {
            let norm = factor.sqrt();
            *factor = bound / if norm < bound { bound } else { norm };
        }
    });
    // Most columns are within the bound, and a factor of 1 changes no bit.
    if factors.iter().any(|factor| *factor != E::of(1.0)) {
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

/// `work(first, part)` on parts of `values` of this size, where `first` is the place of the part's first value;
/// on all threads where `work` looks at more than [`PART`] numbers in all.
fn in_parts<E: Number>(
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

    use super::super::constrain;
    use super::super::optimizer::{Averages, Step};
    use super::PART;
    use crate::backend::{Backend, in_process, read, write};
    use crate::config::{Momentum, Optimizer, TrainConfig};

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
            "momentum = 0.9\ndampened = true",
            "momentum = { from = 0.0, to = 0.9, epochs = 3 }\ndampened = true",
            "momentum = { from = 0.9, to = 0.0, epochs = 3 }\ndampened = true\nweight_decay = 0.1\nl1 = 0.2",
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
            for (k, in_place) in [false, true].into_iter().enumerate() {
                let step = Step::new(train, 0.07, t - 1, t).in_place(in_place);
                // From the second step on, nobody else has the buffer.
                let old = w[k].take().expect("the last step's");
                w[k] = Some(step.parameter(old, g.clone(), &mut averages[k]));
            }
            let [one, other] = [&w[0], &w[1]].map(|w| w.as_ref().map(bits));
            assert_eq!(one, other, "{what}, step {t}");
            let [one, other] = &averages;
            for (one, other) in [(&one.first, &other.first), (&one.second, &other.second)] {
                let (one, other) = (one.as_ref().map(bits), other.as_ref().map(bits));
                assert_eq!(one, other, "{what}, averages after step {t}");
            }
            let remembers =
                train.optimizer != Optimizer::Sgd || train.momentum != Momentum::default();
            assert_eq!(averages[1].first.is_some(), remembers, "{what}");
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
                    averages.first = Some(start.clone());
                    averages.second = train
                        .momentum
                        .eq(&Momentum::default())
                        .then(|| start.clone().abs());
                }
                for (averages, in_place) in averages.iter_mut().zip([false, true]) {
                    for t in 1..=500 {
                        let step = Step::new(&train, 0.07, t - 1, t).in_place(in_place);
                        step.parameter(parameters([0.3, 0.3]), parameters([0.0, 0.0]), averages);
                    }
                }
                let [by_operations, in_place] =
                    averages.map(|averages| averages.first.as_ref().map(bits));
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
