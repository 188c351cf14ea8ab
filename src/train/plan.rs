//! When what happens: epochs, steps, which rows a step takes. All of it is a function of the
//! experiment and the number of rows, so that a resumed run does what the uninterrupted one does.

use std::ops::Range;

use rand::seq::SliceRandom;

use crate::config::{BatchSize, DropoutSchedule, Schedule, Shuffle, TrainConfig};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::seed::{Purpose, stream_at};

/// Rows that stand together in `shuffle = "blocks"`, and blocks whose rows are drawn together.
const BLOCK: usize = 1 << 12;
const TOGETHER: usize = 16;

/// Checks that there is something to train on, and that 32 bits count it.
pub(super) fn check_rows(train: &Dataset) -> Result<()> {
    let expected = match u32::try_from(train.len()) {
        Ok(1..) => return Ok(()),
        Ok(0) => "at least one row to train on",
        Err(_) => "at most 4,294,967,295 rows",
    };
    let found = match train.len() {
        0 => "none".to_owned(),
        rows => rows.to_string(),
    };
    Err(Error::invalid("training rows", expected, found))
}

/// The course of a training.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Rows that a network trains on in an epoch.
    pub(super) rows: usize,
    batch: usize,
    shuffles: bool,
    shuffle: Shuffle,
    steps_an_epoch: usize,
    /// All training steps.
    pub(super) steps: usize,
    evaluate_every: usize,
    schedule: Schedule,
}

impl Plan {
    pub(super) fn new(train: &TrainConfig, rows: usize) -> Self {
        let batch = train.batch_size.of(rows).max(1);
        let steps_an_epoch = rows.div_ceil(batch).max(1);
        let steps = match (train.epochs, train.steps) {
            (Some(epochs), _) => epochs.saturating_mul(steps_an_epoch),
            (None, steps) => steps.unwrap_or(1),
        };
        let shuffles = train.batch_size != BatchSize::Full;
        let seldom = steps.div_ceil(steps_an_epoch).div_ceil(10);
        let default = if shuffles { 1 } else { seldom };
        Plan {
            rows,
            batch,
            shuffles,
            shuffle: train.shuffle,
            steps_an_epoch,
            steps,
            evaluate_every: train.evaluate_every.unwrap_or(default),
            schedule: train.schedule,
        }
    }

    /// Rows in a full batch.
    pub(super) fn batch_rows(&self) -> usize {
        self.batch
    }

    /// Whether each step takes all rows, in their own order.
    pub(super) fn is_full_batch(&self) -> bool {
        !self.shuffles
    }

    /// The epoch, counted from 0, that step `step`, counted from 0, belongs to.
    pub(super) fn epoch_of(&self, step: usize) -> usize {
        step / self.steps_an_epoch
    }

    /// Epochs gone by after `steps` steps, fractions included.
    pub(super) fn epochs_after(&self, steps: usize) -> f64 {
        steps as f64 / self.steps_an_epoch as f64
    }

    /// The places in the epoch's order of the rows that step `step`, counted from 0, takes.
    pub(super) fn batch(&self, step: usize) -> Range<usize> {
        let start = (step % self.steps_an_epoch) * self.batch;
        start..(start + self.batch).min(self.rows)
    }

    /// The places in a batch of `rows` rows that shard `shard` of `shards` has; none where there are fewer rows than shards.
    pub(super) fn shard(rows: usize, shard: usize, shards: usize) -> Range<usize> {
        shard * rows / shards..(shard + 1) * rows / shards
    }

    /// The order of so many rows in an epoch, drawn anew for each, in place of another.
    fn order(&self, seed: u64, epoch: usize, (rows, order): (usize, &mut Vec<u32>)) {
        order.clear();
        order.reserve_exact(rows);
        let rows = rows as u32;
        if !self.shuffles {
            order.extend(0..rows);
            return;
        }
        let mut random = stream_at(seed, Purpose::Shuffle, epoch);
        match self.shuffle {
            Shuffle::Rows => {
                order.extend(0..rows);
                order.shuffle(&mut random);
            }
            Shuffle::Blocks => {
                let starts = (0..rows).step_by(BLOCK);
                let block = |start: u32| start..start.saturating_add(BLOCK as u32).min(rows);
                let mut blocks: Vec<Range<u32>> = starts.map(block).collect();
                blocks.shuffle(&mut random);
                order.extend(blocks.iter().cloned().flatten());
                let mut start = 0;
                for together in blocks.chunks(TOGETHER) {
                    let rows: usize = together.iter().map(ExactSizeIterator::len).sum();
                    order[start..start + rows].shuffle(&mut random);
                    start += rows;
                }
            }
        }
    }

    /// Whether the network is evaluated after `steps` steps.
    pub(super) fn evaluates_after(&self, steps: usize) -> bool {
        let ends_epoch = steps.is_multiple_of(self.steps_an_epoch);
        let due = (steps / self.steps_an_epoch).is_multiple_of(self.evaluate_every);
        (ends_epoch && due) || steps == self.steps
    }

    /// The learning rate of step `step`, counted from 0, from that at the start.
    pub(super) fn learning_rate(&self, start: f64, step: usize) -> f64 {
        let all = self.epochs_after(self.steps);
        start * self.schedule.factor(self.epochs_after(step), all)
    }

    /// What dropout rates are multiplied by in step `step`, counted from 0.
    pub(super) fn dropout_factor(&self, schedule: DropoutSchedule, step: usize) -> f64 {
        schedule.factor(self.epoch_of(step), step as f64 / self.steps as f64)
    }
}

/// The order of the rows in the epoch of the last step that was asked for.
#[derive(Debug)]
pub(super) struct EpochOrder {
    seed: u64,
    /// The rows to train on, at least as many as an epoch has; none where they are all.
    own: Option<Vec<u32>>,
    epoch: Option<usize>,
    order: Vec<u32>,
}

impl EpochOrder {
    /// Of all rows.
    pub(super) fn new(seed: u64) -> Self {
        EpochOrder {
            seed,
            own: None,
            epoch: None,
            order: Vec::new(),
        }
    }

    /// Of these rows.
    pub(super) fn of(seed: u64, rows: Vec<u32>) -> Self {
        EpochOrder {
            own: Some(rows),
            ..EpochOrder::new(seed)
        }
    }

    /// The rows that step `step`, counted from 0, takes.
    pub(super) fn rows(&mut self, plan: &Plan, step: usize) -> &[u32] {
        let epoch = plan.epoch_of(step);
        if self.epoch != Some(epoch) {
            let rows = self.own.as_ref().map_or(plan.rows, Vec::len);
            plan.order(self.seed, epoch, (rows, &mut self.order));
            if let Some(own) = &self.own {
                let order = self.order.iter_mut();
                order.for_each(|place| *place = own[*place as usize]);
            }
            self.epoch = Some(epoch);
        }
        &self.order[plan.batch(step)]
    }

    /// Some rows of the same epoch that come half as many rows later as are drawn together, to be read ahead; none where rows of any blocks
    /// are drawn, which nothing that is read ahead would serve.
    pub(super) fn later(&self, plan: &Plan, step: usize) -> &[u32] {
        if plan.shuffle != Shuffle::Blocks {
            return &[];
        }
        let batch = plan.batch(step);
        let later = |place: usize| plan.rows.min(place + BLOCK * TOGETHER / 2);
        &self.order[later(batch.start)..later(batch.end)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_to_read_ahead_are_those_of_later_steps_of_the_same_epoch() {
        const AHEAD: usize = BLOCK * TOGETHER / 2;
        let rows = 2 * AHEAD + 100;
        let plan = |shuffle: &str| {
            let text = format!(
                "learning_rate = 0.1\nepochs = 2\nbatch_size = 1000\nshuffle = \"{shuffle}\""
            );
            Plan::new(&toml::from_str(&text).expect("a plan"), rows)
        };
        let blocks = plan("blocks");
        let mut order = EpochOrder::new(1);
        for epoch in 0..2 {
            let first = epoch * blocks.steps_an_epoch;
            let steps = first..first + blocks.steps_an_epoch;
            let all = steps.clone().map(|step| order.rows(&blocks, step).to_vec());
            let all: Vec<u32> = all.collect::<Vec<_>>().concat();
            let later = steps.map(|step| {
                order.rows(&blocks, step);
                order.later(&blocks, step).to_vec()
            });
            assert_eq!(later.collect::<Vec<_>>().concat(), all[AHEAD..]);
        }
        let any = plan("rows");
        order.rows(&any, 0);
        assert!(order.later(&any, 0).is_empty());
    }

    #[test]
    fn blocks_stand_together_and_every_row_has_its_turn() {
        let rows = 3 * TOGETHER * BLOCK + 1_234;
        let plan = |shuffle| Plan {
            rows,
            batch: 100,
            shuffles: true,
            shuffle,
            steps_an_epoch: rows.div_ceil(100),
            steps: 1,
            evaluate_every: 1,
            schedule: Schedule::Constant,
        };
        let order = |shuffle, epoch| {
            // What was there before changes nothing.
            let mut order = vec![5; 10];
            plan(shuffle).order(7, epoch, (rows, &mut order));
            order
        };
        let others = [order(Shuffle::Blocks, 4), order(Shuffle::Rows, 3)];
        assert_eq!(order(Shuffle::Blocks, 3), order(Shuffle::Blocks, 3));
        let order = order(Shuffle::Blocks, 3);
        for other in others {
            assert_ne!(order, other);
            let [mut one, mut two] = [order.clone(), other];
            one.sort_unstable();
            two.sort_unstable();
            assert!(one == two && one[rows - 1] as usize == rows - 1);
        }
        // The rows of as many blocks at a time as are drawn together, and not in the order of the file.
        let first = &order[..TOGETHER * BLOCK];
        let blocks: std::collections::BTreeSet<usize> =
            first.iter().map(|row| *row as usize / BLOCK).collect();
        assert!(
            (TOGETHER..=TOGETHER + 1).contains(&blocks.len()),
            "{blocks:?}"
        );
        assert!(
            first
                .windows(2)
                .filter(|pair| pair[0] + 1 == pair[1])
                .count()
                < 100
        );
    }
}
