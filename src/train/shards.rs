//! A step whose batch is cut into shards: see [`exchange`].

use std::ops::Range;

use super::engine::{Shard, ShardsPass};
use super::exchange::{self, Exchange};
use super::pass::Operands;
use super::plan::Plan;
use super::steps::{Networks, OneStep, StepLoop, WeightMasks};
use crate::backend::read;
use crate::error::Result;
use crate::model::LayerTensors;

/// What a step that is cut into shards comes to.
pub(super) struct Shards {
    /// The gradients of the loss of the batch.
    pub(super) gradients: Vec<LayerTensors>,
    /// The sum of the losses of its rows.
    pub(super) loss: f64,
    /// Its rows.
    pub(super) rows: usize,
    /// Whether a process asks for an end.
    pub(super) ends: bool,
}

impl<N: Networks<1>> StepLoop<N, 1> {
    /// The gradients of step `step`, counted from 0, whose batch is cut into `shards` shards, of which this process makes its own.
    /// With `is_mean` the loss of a batch is a mean over its rows. `ends` is whether this process asks for an end.
    ///
    /// # Errors
    /// [`Error::Compute`](crate::Error::Compute) if the backend fails or another process does not answer.
    pub(super) fn shards(
        &mut self,
        step: usize,
        (shards, is_mean): (usize, bool),
        exchange: &mut dyn Exchange,
        ends: bool,
    ) -> Result<Shards> {
        let rows = self.plan.batch(step).len();
        let each = shards / exchange.size();
        let first = exchange.rank() * each;
        let own = (first..first + each).map(|shard| Plan::shard(rows, shard, shards));
        // A process whose shards have no rows adds -0 to what the others have, which leaves every number as it is, -0 too.
        // One process alone is done with its own sum.
        let (n, is_alone) = (rows as f64, exchange.size() == 1);
        let divisor = (is_mean && is_alone).then_some(n);
        let (factor, networks) = (self.dropout_factor(step), &mut self.networks);
        let draw = |_: &mut _| WeightMasks::draw(networks, step, factor);
        let masks = self.engine.run(draw);
        let own = self.own_shards((step, &masks), own.collect(), is_mean, divisor)?;
        let (gradients, loss) = match own {
            Some(sum) => sum,
            None => {
                let zeros = self.layers.iter().cloned();
                let zeros = zeros
                    .map(|layer| layer.map(|w| w.zeros_like() * -1.0, |b| b.zeros_like() * -1.0));
                (zeros.collect(), -0.0)
            }
        };
        let mut numbers = [loss, f64::from(u8::from(ends))];
        exchange::sum(exchange, &mut numbers, None)?;
        let gradients = exchange::sum_gradients(exchange, gradients, is_mean.then_some(n))?;
        Ok(Shards {
            // Those of the sum, so that it rounds the same in any number of processes.
            gradients: masks.put_on(gradients),
            loss: numbers[0],
            rows,
            ends: numbers[1] > 0.0,
        })
    }

    /// The sums over this process's shards, which have the rows at these places of the batch, one behind the other: gradients, and
    /// losses of rows; none where they have no rows. The gradients are those of the weights times their masks, divided by `divisor`.
    fn own_shards(
        &mut self,
        (step, masks): (usize, &WeightMasks),
        own: Vec<Range<usize>>,
        is_mean: bool,
        divisor: Option<f64>,
    ) -> Result<Option<(Vec<LayerTensors>, f64)>> {
        let (Some(first), Some(last)) = (own.first(), own.last()) else {
            return Ok(None);
        };
        let all = first.start..last.end;
        if all.is_empty() {
            return Ok(None);
        }
        let factor = self.dropout_factor(step);
        let (networks, layers) = (&mut self.networks, masks.put_on(self.layers.clone()));
        let batch = networks.batch(&self.plan, step, Some(&all));
        let ShardsPass { losses, gradients } = self.engine.run(|engine| {
            let tensors = batch.tensors(networks, step, factor);
            let networks = &*networks;
            let shards = own.into_iter().map(|rows| {
                (!rows.is_empty()).then(|| {
                    let mut pass = OneStep::new(networks, step, factor, rows.len());
                    pass.times = is_mean.then_some(rows.len() as f64);
                    let places = rows.start - all.start..rows.end - all.start;
                    let tensors = tensors.iter().cloned();
                    let operands = Operands {
                        layers: layers.clone(),
                        tensors: tensors.map(|all| all.slice([places.clone()])).collect(),
                    };
                    Shard { pass, operands }
                })
            });
            engine.shards(shards.collect(), divisor)
        })?;
        let mut losses = losses.into_iter();
        let loss = exchange::tree(
            0..losses.len(),
            &mut |_| match losses.next().flatten() {
                Some(loss) => Ok(Some(read(loss)?[0])),
                None => Ok(None),
            },
            &mut |a, b| a + b,
        )?;
        Ok(gradients.zip(loss))
    }
}
