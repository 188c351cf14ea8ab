//! The one training loop: forward with dropout, loss, backward, step.
//!
//! It prints nothing and reads no file. What happens is told to an [`Observer`].

use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Tensor};

use crate::backend::read;
use crate::config::{CheckedExperiment, Loss, Optimizer};
use crate::data::Dataset;
use crate::dropout::with_seeded_masks;
use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, evaluate};
use crate::model::{Mlp, MlpConfig};

/// Is told what happens in training, as it happens. An error that it returns ends the training.
pub trait Observer {
    /// The network is built and nothing is trained yet.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn started(&mut self, _network: &Mlp) -> Result<()> {
        Ok(())
    }

    /// The network was evaluated, with dropout off, after `step` steps.
    ///
    /// # Errors
    /// Whatever the observer cannot deal with.
    fn evaluated(&mut self, _step: usize, _evaluation: &Evaluation) -> Result<()> {
        Ok(())
    }
}

/// The observer that looks away.
impl Observer for () {}

/// Trains the network of `experiment` on all rows of `data`, from its initial weights to its last
/// step, and returns it on the autodiff device ([`Module::valid`](burn::module::Module::valid) gives
/// the network to use).
///
/// The same experiment, data and backend give the same weights to the last bit, in any number of
/// threads: the masks of each step are drawn from a seed of their own
/// ([`mask_seed`](crate::seed::mask_seed)).
///
/// # Errors
/// [`Error::InvalidValue`] if `device` lacks the experiment's precision, [`Error::Diverged`] if an
/// evaluation meets a loss that is not finite, [`Error::Compute`] if the backend fails, and the
/// observer's errors.
pub fn train(
    experiment: &CheckedExperiment,
    data: &Dataset,
    device: &Device,
    observer: &mut impl Observer,
) -> Result<Mlp> {
    let device = device.clone().autodiff();
    let dtype = experiment.precision.check(&device)?.dtype();
    let x = data.inputs((&device, dtype)); // [rows, d_input]
    let y = data.targets((&device, dtype)); // [rows, d_output]
    let experiment = &experiment.resolve(data.task())?;
    let shape = MlpConfig::from_experiment(experiment, data.d_input(), data.task())?;
    let mut network = shape.init(experiment.seed, (&device, dtype))?;
    let mut optimizer = experiment.train.optimizer.init();
    let learning_rate = experiment.train.learning_rate;
    observer.started(&network)?;

    let steps = experiment.train.steps.unwrap_or(1);
    for step in 1..=steps {
        let forward = || network.forward(x.clone());
        let output = if network.has_dropout() {
            with_seeded_masks(&device, experiment.seed, step, forward)
        } else {
            forward()
        };
        let loss = experiment
            .train
            .loss
            .unwrap_or_default()
            .forward(output, y.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(learning_rate, network, gradients);

        if step % 10_000 == 0 || step == steps {
            let loss = read(loss)?[0];
            if !loss.is_finite() {
                return Err(Error::Diverged {
                    step,
                    loss,
                    learning_rate,
                });
            }
            observer.evaluated(step, &evaluate(&network, data)?)?;
        }
    }
    Ok(network)
}

impl Optimizer {
    fn init(self) -> ModuleOptimizer {
        match self {
            _ => SgdConfig::new().init(),
        }
    }
}

impl Loss {
    /// The loss of a batch.
    ///
    /// # Shapes
    /// - `output`, `target`: `[batch, d_output]`
    /// - result: `[1]`
    #[must_use]
    pub fn forward(self, output: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
        match self {
            Loss::SquaredError => (target - output).square().sum() * 0.5,
            Loss::MeanSquaredError => (target - output).square().mean(),
            Loss::BinaryCrossEntropy => todo!(),
            Loss::CrossEntropy => burn::tensor::loss::cross_entropy_with_logits(output, target),
        }
    }
}
