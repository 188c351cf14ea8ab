//! Which masks a step has.

use dropwise::Dataset;
use dropwise::config::{Activation, Loss};
use dropwise::data::Source;
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::train::Trainer;
use dropwise::verify::reference::Reference;

use super::{AfterEachStep, descended, trainer, weights};
use crate::common::assert_layers_close;
use crate::common::rows::{Rows, experiment};

/// The seed of [`experiment`]'s experiments.
const SEED: u64 = 5;

/// 1 for what is kept and 0 for what is dropped, in the first rows of a step's mask.
fn mask(
    step: usize,
    layer: usize,
    rate: f64,
    (batch, rows): (usize, usize),
    width: usize,
) -> Vec<f64> {
    let at = MaskAt {
        step,
        layer,
        stride: batch * width,
    };
    let mut mask = vec![0.0; rows * width];
    SeededMasks::new(SEED).fill(at, rate, &mut mask);
    mask.iter()
        .map(|value: &f64| f64::from(*value != 0.0))
        .collect()
}

/// Follows a training with plain loops, under the masks that its steps ought to have.
fn assert_follows(kind: &str, train: &str, batch: usize) {
    let dropout = format!("kind = '{kind}'\ninput = 0.2\nhidden = 0.5\nmasks = 'seeded'");
    let experiment = experiment(
        "float64",
        &dropout,
        &format!("learning_rate = 0.1\n{train}"),
    );
    let rows = Rows::random(10, 1);
    let (seen, plain) = (rows.seen(), Rows::random(10, 1));
    let data = Dataset::new(rows);
    let mut trainer = trainer(&experiment, &data);
    let mut layers = weights(&trainer);
    let mut in_epoch = 0;
    let mut observer = AfterEachStep(|trainer: &Trainer<'_>| {
        let rows = batch.min(10 - in_epoch);
        in_epoch = (in_epoch + rows) % 10;
        // A full batch is read once; evaluation may read after the step.
        let read = seen.take();
        let order: Vec<usize> = if batch == 10 {
            (0..10).collect()
        } else {
            read[..rows].to_vec()
        };
        let read = |width: usize, read: &dyn Fn(usize, &mut [f64])| -> Vec<f64> {
            let mut values = vec![0.0; rows * width];
            for (row, into) in order.iter().zip(values.chunks_mut(width)) {
                read(*row, into);
            }
            values
        };
        let step = trainer.step();
        let (noise, masks): (fn(f64) -> Noise, _) = match kind {
            // Of the weights, the same for all rows.
            "dropconnect" => (
                Noise::DropConnect,
                [mask(step, 0, 0.2, (3, 3), 5), mask(step, 1, 0.5, (5, 5), 2)],
            ),
            _ => (
                Noise::Bernoulli,
                [
                    mask(step, 0, 0.2, (batch, rows), 3),
                    mask(step, 1, 0.5, (batch, rows), 5),
                ],
            ),
        };
        let reference = Reference {
            weights: None,
            layers: layers.clone(),
            activation: Activation::Tanh,
            output: Activation::Identity,
            loss: Loss::MeanSquaredError,
            noises: [0.2, 0.5].map(noise).to_vec(),
            penalty: [0.0; 2],
            inputs: read(3, &|row, into| plain.read_inputs(row, into)),
            targets: read(2, &|row, into| plain.read_targets(row, into)),
            masks: masks.to_vec(),
        };
        layers = descended(&layers, &reference.gradients(), 0.1);
        assert_layers_close(&format!("step {step}"), &weights(trainer), &layers, 1e-12);
        layers = weights(trainer);
    });
    trainer.run(&mut observer).expect("a good end");
}

#[test]
fn a_step_has_the_seeded_masks_of_its_number_and_a_partial_batch_their_first_rows() {
    // 10 rows in batches of 3, the last of which has one row.
    assert_follows("bernoulli", "batch_size = 3\nepochs = 4", 3);
    assert_follows("bernoulli", "batch_size = 4\nepochs = 4", 4);
    assert_follows("bernoulli", "steps = 12", 10);
}

#[test]
fn a_step_has_one_mask_of_weights_whatever_its_rows() {
    assert_follows("dropconnect", "batch_size = 3\nepochs = 4", 3);
    assert_follows("dropconnect", "steps = 12", 10);
}
