//! Networks of one shape in training, in groups on the cores of this machine.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Device;

use super::Replica;
use super::group::{Common, Group};
use super::layout::Order;
use super::workers;
use crate::backend::in_process;
use crate::config::CheckedExperiment;
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::{LayerTensors, Mlp, MlpConfig};
use crate::train::folds::Folds;
use crate::train::linear::start_as_linear;
use crate::train::optimizer::OptimizerState;
use crate::train::plan::{EpochOrder, Plan, check_rows};
use crate::train::rows::Rows;

/// Networks in training, in the order that they were given in.
pub(in crate::train) struct Groups {
    common: Arc<Common>,
    groups: Vec<Group>,
    /// The group that each network is in, and its place there.
    places: Vec<(usize, usize)>,
    threads: usize,
}

impl Groups {
    /// The networks with their initial weights, and the rows, on the device if memory holds them. With folds, each trains on all rows but
    /// those of its own.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if there is no network or no row, or a rate or a learning rate is out of range;
    /// those of the precision.
    pub(in crate::train) fn new(
        experiment: &CheckedExperiment,
        replicas: &[Replica],
        (train, folds): (&Dataset, Option<&Folds>),
        device: &Device,
    ) -> Result<Self> {
        if replicas.is_empty() {
            return Err(Error::invalid("replicas", "at least one", "none"));
        }
        for replica in replicas {
            replica.experiment(experiment)?;
        }
        let common = Arc::new(common(experiment, (train, folds), device)?);
        let threads = workers::threads(in_process(device));
        let fewest = workers::fewest(&common);
        let mut places = vec![(0, 0); replicas.len()];
        let mut groups = Vec::new();
        for kind in kinds(replicas, common.shape.hidden.len() + 1) {
            let first = &replicas[kind[0]];
            let drops_inputs = first.input_dropout.on_inputs().is_some();
            let is_shared = common.plan.is_full_batch() && !drops_inputs;
            let order = Order::of(&common.shape, is_shared);
            for part in parts(&kind, threads, fewest) {
                for (place, r) in part.iter().enumerate() {
                    places[*r] = (groups.len(), place);
                }
                let members: Vec<Replica> = part.iter().map(|r| replicas[*r].clone()).collect();
                let rows = |r: &usize| match folds {
                    Some(folds) => folds.order(*r, replicas[*r].seed),
                    None => EpochOrder::new(replicas[*r].seed),
                };
                let orders = part.iter().map(rows).collect();
                groups.push(Group::new(&common, &members, orders, order));
            }
        }
        Ok(Groups {
            common,
            groups,
            places,
            threads,
        })
    }

    /// Makes all networks start as linear models: see [`start_as_linear`]. All else is what they were made of.
    ///
    /// # Errors
    /// Those of the backend.
    pub(in crate::train) fn start_as_linear(
        &mut self,
        experiment: &CheckedExperiment,
        replicas: &[Replica],
        rows: (&Dataset, Option<&Folds>),
        device: &Device,
    ) -> Result<()> {
        let networks = (replicas, self.networks());
        let networks = start_as_linear(experiment, networks, rows, device)?;
        let states = self.states();
        self.restore(&networks, &states);
        Ok(())
    }

    /// What the networks share.
    pub(in crate::train) fn common(&self) -> &Common {
        &self.common
    }

    /// The number of networks.
    pub(in crate::train) fn len(&self) -> usize {
        self.places.len()
    }

    /// As many steps as take a moment: the smaller the networks, the more.
    pub(in crate::train) fn most_steps(&self) -> usize {
        let a_step = self.common.products() * self.len();
        ((1 << 26) / a_step.max(1)).clamp(1, 256)
    }

    /// Takes these steps, counted from 0.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(in crate::train) fn take_steps(&mut self, steps: Range<usize>) -> Result<()> {
        workers::take_steps(self.threads, &mut self.groups, steps)
    }

    /// Whether each network's losses since the last call, and its weights, are finite numbers.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(in crate::train) fn finite(&mut self) -> Result<Vec<bool>> {
        let finite = self.groups.iter_mut().map(Group::finite);
        let finite = finite.collect::<Result<_>>()?;
        Ok(self.in_order(finite))
    }

    /// The sum over rows of each network's loss since the last call.
    ///
    /// # Errors
    /// [`Error::Compute`] if the backend fails.
    pub(in crate::train) fn take_losses(&mut self) -> Result<Vec<f64>> {
        let losses = self.groups.iter_mut().map(Group::take_losses);
        let losses = losses.collect::<Result<_>>()?;
        Ok(self.in_order(losses))
    }

    /// The layers of each network, without a graph.
    pub(in crate::train) fn networks(&self) -> Vec<Vec<LayerTensors>> {
        self.in_order(self.groups.iter().map(Group::networks).collect())
    }

    /// The networks, on the autodiff device, where they differ in their seeds alone.
    pub(in crate::train) fn trained(&self) -> Vec<Mlp> {
        let network = |layers: Vec<LayerTensors>| {
            let layers = layers.into_iter().map(LayerTensors::tracked);
            self.common.shape.with_parameters(layers.collect())
        };
        self.networks().into_iter().map(network).collect()
    }

    /// What the optimizer remembers of each network's layers.
    pub(in crate::train) fn states(&self) -> Vec<OptimizerState> {
        self.in_order(self.groups.iter().map(Group::states).collect())
    }

    /// Goes on from other weights, and from what the optimizer remembers of them: of each network.
    pub(in crate::train) fn restore(
        &mut self,
        networks: &[Vec<LayerTensors>],
        states: &[OptimizerState],
    ) {
        for (g, group) in self.groups.iter_mut().enumerate() {
            let places = self.places.iter().enumerate();
            let members = places.filter(|(_, (group, _))| *group == g);
            let members = members.map(|(r, _)| (networks[r].clone(), states[r].clone()));
            let (networks, states): (Vec<_>, Vec<_>) = members.unzip();
            group.restore(networks, &states);
        }
    }

    /// Takes no step from a recording.
    pub(in crate::train) fn without_replay(&mut self) {
        self.groups.iter_mut().for_each(Group::without_replay);
    }

    /// Steps that all networks replayed from a recording.
    pub(in crate::train) fn replayed_steps(&self) -> usize {
        let replayed = self.groups.iter().map(Group::replayed_steps);
        replayed.min().unwrap_or(0)
    }

    /// What there is of each network, from what there is of each in each group.
    fn in_order<T: Clone>(&self, groups: Vec<Vec<T>>) -> Vec<T> {
        let one = |(group, place): &(usize, usize)| groups[*group][*place].clone();
        self.places.iter().map(one).collect()
    }
}

/// Checks what the networks share.
fn common(
    experiment: &CheckedExperiment,
    (train, folds): (&Dataset, Option<&Folds>),
    device: &Device,
) -> Result<Common> {
    check_rows(train)?;
    let experiment = experiment.resolve(train.task())?;
    let device = device.clone().autodiff();
    let inner = device.clone().inner();
    let dtype = experiment.precision.check(&device)?.dtype();
    Ok(Common {
        plan: Plan::new(
            &experiment.train,
            folds.map_or(train.len(), Folds::trained_rows),
        ),
        shape: MlpConfig::from_experiment(&experiment, train.d_input()),
        rows: Rows::new(&experiment, train, (inner, dtype), true),
        experiment,
        device,
    })
}

/// Which networks can be trained together: those of one learning rate, which do or do not drop inputs, and which learn the rates of
/// the same layers. Then no number of a network depends on what the others are like.
fn kinds(replicas: &[Replica], layers: usize) -> Vec<Vec<usize>> {
    /// Learning rate, whether inputs are dropped, and which layers learn their rate.
    type Kind = (u64, bool, Vec<bool>);
    let mut kinds: Vec<(Kind, Vec<usize>)> = Vec::new();
    for (r, replica) in replicas.iter().enumerate() {
        let learned = (0..layers).map(|k| replica.noise(k).logit().is_some());
        let kind = (
            replica.learning_rate.to_bits(),
            replica.input_dropout.on_inputs().is_some(),
            learned.collect(),
        );
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, members)) => members.push(r),
            None => kinds.push((kind, vec![r])),
        }
    }
    kinds.into_iter().map(|(_, members)| members).collect()
}

/// Some equal parts for each of several threads, but none of fewer than `fewest` unless there are no more.
fn parts(members: &[usize], threads: usize, fewest: usize) -> impl Iterator<Item = &[usize]> {
    let most = match threads {
        1 => 1,
        _ => threads * workers::GROUPS_A_THREAD,
    };
    let count = most.min(members.len() / fewest).max(1);
    members.chunks(members.len().div_ceil(count))
}
