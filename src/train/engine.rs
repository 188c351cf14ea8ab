//! The seam between the training loop and all that makes it fast.
//!
//! The plain way is Burn's autodiff for the forward and the backward pass, and Burn's operations for the optimizer's
//! step. Where tensors lie in this process's memory there are faster ones:
//!
//! - [`replay`]: a step is recorded once, and then run without autodiff, to the same bits; the shards of a step side by side;
//! - [`in_place`]: the optimizer's step is one pass over memory, to the same bits;
//! - [`sigmoid`]: the sigmoids of many small networks, value and slope in one pass (in training many networks at
//!   once; within 2 units in the last place of Burn's);
//! - a pool of threads that large products of a step share ([`in_pool`]).
//!
//! One line takes all of it out of use: see [`Engine::new`].

mod in_place;
mod replay;
mod sigmoid;

use burn::tensor::{Device, Tensor};

use super::constrain;
use super::exchange::tree;
use super::optimizer::Rule;
use super::pass::{Forward, Operands, Pass, StepKind};
use crate::backend::in_process;
use crate::error::Result;
use crate::model::LayerTensors;
use crate::threads::in_pool;

use replay::Replays;
use sigmoid::AtOnce;

/// How the steps of one training are computed.
pub(super) struct Engine<const D: usize> {
    /// `None` computes the plain way.
    fast: Option<Fast<D>>,
}

struct Fast<const D: usize> {
    replays: Replays<D>,
    /// Multiplications in the largest matrix product of a step.
    largest_product: usize,
}

impl<const D: usize> Engine<D> {
    /// For tensors on `device`. `largest_product` is the multiplications in the largest matrix product of a step that is
    /// worth sharing among threads; 0 for none.
    pub(super) fn new(device: &Device, largest_product: usize) -> Self {
        // `Engine::plain()` in place of the next line trains without all that is clever here.
        if in_process(device) {
            Engine::fast(largest_product)
        } else {
            Engine::plain()
        }
    }

    pub(super) fn plain() -> Self {
        Engine { fast: None }
    }

    fn fast(largest_product: usize) -> Self {
        Engine {
            fast: Some(Fast {
                replays: Replays::default(),
                largest_product,
            }),
        }
    }

    /// Replays no step from a recording from now on.
    pub(super) fn without_replay(&mut self) {
        if let Some(fast) = &mut self.fast {
            fast.replays = Replays::none();
        }
    }

    /// Steps that were replayed from a recording.
    pub(super) fn replayed(&self) -> usize {
        self.fast.as_ref().map_or(0, |fast| fast.replays.replayed())
    }

    /// Runs a part of a step where its large products share the threads.
    pub(super) fn run<T: Send>(&mut self, work: impl FnOnce(&mut Self) -> T + Send) -> T {
        let largest_product = self.fast.as_ref().map_or(0, |fast| fast.largest_product);
        in_pool(largest_product, || work(self))
    }

    /// The forward and the backward pass of a step.
    ///
    /// # Errors
    /// Those of [`Forward::loss`].
    pub(super) fn pass(&mut self, step: &impl Forward<D>, operands: Operands) -> Result<Pass<D>> {
        match &mut self.fast {
            Some(fast) => fast.replays.pass(step, operands),
            None => step.seeded(|| Pass::through_autodiff(step, operands, None)),
        }
    }

    /// What the optimizer's step is computed with.
    pub(super) fn arithmetic(&self) -> Arithmetic {
        match &self.fast {
            Some(_) => Arithmetic::InPlace,
            None => Arithmetic::Operations,
        }
    }
}

/// A shard's pass, and what it reads.
#[derive(Debug)]
pub(super) struct Shard<P> {
    pub(super) pass: P,
    pub(super) operands: Operands,
}

/// What the passes of shards come to.
#[derive(Debug)]
pub(super) struct ShardsPass {
    /// The loss of each that has rows.
    pub(super) losses: Vec<Option<Tensor<1>>>,
    /// The sum of their gradients, if any has rows.
    pub(super) gradients: Option<Vec<LayerTensors>>,
}

impl Engine<1> {
    /// The passes of some shards of a step, each as if it were made by itself, their gradients summed in the order of a binary tree
    /// over their places, and divided by `divisor`; `None` is a shard without rows.
    ///
    /// # Errors
    /// Those of [`Forward::loss`].
    pub(super) fn shards<P: Forward<1>>(
        &mut self,
        shards: Vec<Option<Shard<P>>>,
        divisor: Option<f64>,
    ) -> Result<ShardsPass> {
        let kinds = shards.iter().map(|shard| Some(shard.as_ref()?.pass.kind()));
        let kinds: Vec<Option<StepKind>> = kinds.collect();
        if let Some(fast) = &mut self.fast
            && let Some(beside) = fast.replays.beside(&kinds)
        {
            let operands = shards.into_iter().map(|shard| Some(shard?.operands));
            return beside.run(operands.collect(), divisor);
        }
        let pass = self.one_by_one(&shards, divisor)?;
        if let Some(fast) = &mut self.fast {
            fast.replays.record_beside(kinds, (&shards, divisor), &pass);
        }
        Ok(pass)
    }

    fn one_by_one<P: Forward<1>>(
        &mut self,
        shards: &[Option<Shard<P>>],
        divisor: Option<f64>,
    ) -> Result<ShardsPass> {
        let (arithmetic, mut losses) = (self.arithmetic(), Vec::new());
        let mut leaf = |k: usize| {
            let Some(Shard { pass, operands }) = &shards[k] else {
                losses.push(None);
                return Ok(None);
            };
            let pass = self.pass(pass, operands.clone())?;
            losses.push(Some(pass.loss));
            Ok(Some(pass.gradients))
        };
        let add = |one: Vec<LayerTensors>, other: Vec<LayerTensors>| {
            let layers = one.into_iter().zip(other).map(|(one, other)| LayerTensors {
                weight: arithmetic.add(one.weight, other.weight),
                bias: one
                    .bias
                    .zip(other.bias)
                    .map(|(one, other)| arithmetic.add(one, other)),
            });
            layers.collect()
        };
        let gradients = tree(0..shards.len(), &mut leaf, &mut { add })?;
        let gradients = gradients.map(|layers| match divisor {
            Some(n) => divided(layers, n),
            None => layers,
        });
        Ok(ShardsPass { losses, gradients })
    }
}

/// The gradients divided by a number.
fn divided(gradients: Vec<LayerTensors>, n: f64) -> Vec<LayerTensors> {
    let layers = gradients.into_iter();
    layers
        .map(|layer| layer.map(|w| w / n, |b| b / n))
        .collect()
}

/// What an optimizer's step and the bound on norms are computed with. The result is the same.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arithmetic {
    /// Burn's operations, on any backend.
    Operations,
    /// The numbers are changed where they are, which needs them to be in this process's memory.
    InPlace,
}

impl Arithmetic {
    /// Applies an optimizer's rule to a parameter `w` with the gradient `g`.
    pub(super) fn step<const D: usize, const K: usize>(
        self,
        rule: impl Rule<K>,
        w: Tensor<D>,
        g: Tensor<D>,
        averages: [Option<Tensor<D>>; K],
    ) -> (Tensor<D>, [Option<Tensor<D>>; K]) {
        match self {
            Arithmetic::InPlace => in_place::step(rule, w, g, averages),
            Arithmetic::Operations => {
                let (w, averages) = rule.step(w, g, averages);
                (w, averages.map(Some))
            }
        }
    }

    /// The sum of two tensors.
    pub(super) fn add<const D: usize>(self, one: Tensor<D>, other: Tensor<D>) -> Tensor<D> {
        match self {
            Arithmetic::InPlace => in_place::add(one, other),
            Arithmetic::Operations => one + other,
        }
    }

    /// Bounds the norms of the columns of `[d_input, d_output]`, as [`constrain::max_norm`] does.
    pub(super) fn max_norm(self, weight: Tensor<2>, bound: f64) -> Tensor<2> {
        match self {
            Arithmetic::InPlace => in_place::max_norm(weight, bound),
            Arithmetic::Operations => constrain::max_norm(weight, bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Engine;
    use crate::backend::{Backend, in_process};
    use crate::config::Experiment;
    use crate::data::xor;
    use crate::model::LayerWeights;
    use crate::train::{Steps, Trainer};

    /// The bits of a training's weights, and the steps that were replayed.
    fn trained(mut trainer: Trainer<'_>) -> (Vec<u64>, usize) {
        trainer.run(&mut ()).expect("a good end");
        let weights = trainer.network().weights().expect("weights");
        let bits = weights
            .iter()
            .flat_map(LayerWeights::values)
            .map(f64::to_bits);
        (bits.collect(), trainer.replayed_steps())
    }

    #[test]
    fn a_training_without_all_that_is_fast_ends_in_the_same_bits() {
        for rest in [
            "",
            "momentum = 0.9\nclip = { norm = 0.1 }\nmax_norm = 0.8",
            "optimizer = 'adam'\nweight_decay = 0.01\nbatch_size = 3",
            "optimizer = 'adamw'\nweight_decay = 0.1\nclip = { value = 0.01 }",
        ] {
            for masks in ["seeded", "framework", "seeded'\nkind = 'dropconnect"] {
                let text = format!(
                    "[data]\nsource = 'xor'\n[network]\nhidden = [5, 4]\n\
                     [dropout]\ninput = 0.1\nhidden = 0.3\nmasks = '{masks}'\n\
                     [train]\nlearning_rate = 0.1\nsteps = 20\n{rest}\n"
                );
                let experiment = Experiment::parse("test.toml", &text).expect("an experiment");
                let data = xor();
                let devices = Backend::compiled().filter_map(|backend| backend.device().ok());
                for device in devices.filter(in_process) {
                    let trainer = || Trainer::new(&experiment, &data, None, &device).expect("one");
                    let (fast, replayed) = trained(trainer());
                    let mut plain = trainer();
                    if let Steps::One(steps) = &mut plain.steps {
                        steps.engine = Engine::plain();
                    }
                    assert_eq!(trained(plain), (fast, 0), "{device:?}\n{text}");
                    assert!(replayed > 10, "{replayed} {device:?}\n{text}");
                }
            }
        }
    }
}
