//! All that a training needs to go on later as if it had never stopped.

use std::sync::OnceLock;

use burn::module::Module;
use burn::tensor::{DType, Device, TensorCreationOptions};

use super::best::BestNetwork;
use super::optimizer::{LayerState, OptimizerState};
use super::{Steps, Trainer};
use crate::config::CheckedExperiment;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::{LayerTensors, LayerWeights, Mlp};

/// The state of a training between two steps, in plain memory. Everything else (masks, the order of
/// rows, learning rates) is a function of the experiment and the step.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Training steps so far.
    pub step: usize,
    /// The weights, layer by layer, and behind them the logits of dropout rates that are learned, from the input on, each as a layer
    /// of one weight; of an ensemble member after member.
    pub weights: Vec<LayerWeights>,
    /// What the optimizer remembers; empty where it remembers nothing.
    pub averages: OptimizerAverages,
    /// The sum of the losses of the rows seen since the last evaluation.
    pub loss_sum: f64,
    /// How many rows that were.
    pub loss_rows: usize,
    /// The best network so far, where there are validation rows.
    pub best: Option<BestSnapshot>,
}

/// An optimizer's running averages of the gradients, layer by layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OptimizerAverages {
    /// The velocity of `sgd` with momentum, the first moment of `adam` and `adamw`; else empty.
    pub first: Vec<LayerWeights>,
    /// The second moment of `adam` and `adamw`; else empty.
    pub second: Vec<LayerWeights>,
}

/// The best network so far.
#[derive(Debug, Clone, PartialEq)]
pub struct BestSnapshot {
    /// The step that it comes from.
    pub step: usize,
    /// Its loss on the validation rows.
    pub loss: f64,
    /// Evaluations since then.
    pub evaluations_since: usize,
    /// Its weights, as those of the snapshot.
    pub weights: Vec<LayerWeights>,
}

impl<'a> Trainer<'a> {
    /// As [`new`](Self::new), to go on from a snapshot. Experiment, data and backend must be those of
    /// the run that the snapshot was taken of.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Shape`] if the snapshot is of another network.
    pub fn resume(
        experiment: &CheckedExperiment,
        train: &'a Dataset,
        validation: Option<&'a Dataset>,
        device: &Device,
        snapshot: &Snapshot,
    ) -> Result<Self> {
        let mut trainer = Trainer::before_the_start(experiment, train, validation, device)?;
        let network = trainer.network();
        let (device, dtype) = (network.device(), network.dtype());
        let (count, (depth, learned)) = (trainer.members().len(), trainer.shape.counts());
        let layers = depth + learned;
        let members = |weights: &[LayerWeights]| -> Result<Vec<Mlp>> {
            if weights.len() != count * layers {
                return Err(Error::Shape {
                    what: "the number of layers".to_owned(),
                    expected: vec![count * layers],
                    found: vec![weights.len()],
                });
            }
            let members = weights.chunks(layers);
            let network = |weights| trainer.shape.init_with_weights(weights, (&device, dtype));
            members.map(network).collect()
        };
        let networks = members(&snapshot.weights)?;
        let state = &snapshot.averages;
        let state = state.restore(&snapshot.weights, &device.clone().inner(), dtype)?;
        if let Some(best) = &snapshot.best {
            trainer.best.best = Some(BestNetwork {
                step: best.step,
                loss: best.loss,
                evaluations_since: best.evaluations_since,
                members: members(&best.weights)?.iter().map(Mlp::valid).collect(),
            });
        }
        match &mut trainer.steps {
            Steps::One(steps) => (steps.layers, steps.state) = (networks[0].parameters(), state),
            Steps::Ensemble(groups) => {
                let networks: Vec<_> = networks.iter().map(Mlp::parameters).collect();
                let states: Vec<_> = state.chunks(layers).map(<[LayerState]>::to_vec).collect();
                groups.restore(&networks, &states);
            }
        }
        trainer.members = OnceLock::new();
        trainer.step = snapshot.step;
        trainer.loss_sum = snapshot.loss_sum;
        trainer.loss_rows = snapshot.loss_rows;
        Ok(trainer)
    }

    /// The state of the training, to go on from later: see [`resume`](Self::resume).
    ///
    /// # Errors
    /// [`Error::Diverged`] if a weight is not finite, so that a bad state never takes a good one's
    /// place, and [`Error::Compute`] if the backend fails.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let weights = weights_of(self.members())?;
        if !weights
            .iter()
            .flat_map(LayerWeights::values)
            .all(f64::is_finite)
        {
            return Err(self.diverged("a weight is not finite", self.step));
        }
        let best = match &self.best.best {
            Some(best) => Some(BestSnapshot {
                step: best.step,
                loss: best.loss,
                evaluations_since: best.evaluations_since,
                weights: weights_of(&best.members)?,
            }),
            None => None,
        };
        Ok(Snapshot {
            step: self.step,
            weights,
            averages: OptimizerAverages::read(&match &self.steps {
                Steps::One(steps) => steps.state.clone(),
                Steps::Ensemble(groups) => groups.states().concat(),
            })?,
            loss_sum: self.loss_sum,
            loss_rows: self.loss_rows,
            best,
        })
    }
}

/// The parameters of one network, or of the members of an ensemble.
fn weights_of(members: &[Mlp]) -> Result<Vec<LayerWeights>> {
    let parameters = members.iter().flat_map(Mlp::parameters);
    parameters.map(LayerWeights::read).collect()
}

impl OptimizerAverages {
    /// Reads the averages from the device. All layers have them or none.
    fn read(state: &OptimizerState) -> Result<Self> {
        Ok(OptimizerAverages {
            first: read_layers(state, 0)?,
            second: read_layers(state, 1)?,
        })
    }

    /// Puts the averages back on the device, for layers of the shapes of `weights`.
    fn restore(
        &self,
        weights: &[LayerWeights],
        device: &Device,
        dtype: DType,
    ) -> Result<OptimizerState> {
        let options = TensorCreationOptions::from((device, dtype));
        let mut state: OptimizerState = weights.iter().map(|_| LayerState::default()).collect();
        for (place, averages) in [&self.first, &self.second].into_iter().enumerate() {
            if !averages.is_empty() && averages.len() != weights.len() {
                return Err(Error::Shape {
                    what: "the layers of the optimizer's averages".to_owned(),
                    expected: vec![weights.len()],
                    found: vec![averages.len()],
                });
            }
            let layers = state.iter_mut().zip(averages).zip(weights).enumerate();
            for (k, ((layer, average), like)) in layers {
                let tensors = average.to_tensors(k, like, &options)?;
                layer.weight.0[place] = Some(tensors.weight);
                layer.bias.0[place] = tensors.bias;
            }
        }
        Ok(state)
    }
}

fn read_layers(state: &OptimizerState, place: usize) -> Result<Vec<LayerWeights>> {
    let averages = state.iter().filter_map(|layer| {
        Some(LayerTensors {
            weight: layer.weight.0[place].clone()?,
            bias: layer.bias.0[place].clone(),
        })
    });
    averages.map(LayerWeights::read).collect()
}
