//! The seam between the backward pass and the optimizer's step.

use std::cell::RefCell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use burn::tensor::Tensor;
use dropwise::model::LayerTensors;
use dropwise::train::Exchange;
use dropwise::{Dataset, Error, LayerWeights, Result};

use super::{course, gradients, trainer};
use crate::common::assert_layers_close;
use crate::common::rows::{Rows, bits, experiment};

fn read(layers: &[LayerTensors]) -> Vec<f64> {
    let read = |layer: &LayerTensors| {
        let mut numbers = dropwise::backend::read(layer.weight.clone()).expect("numbers");
        let bias = layer.bias.clone().expect("biases");
        numbers.extend(dropwise::backend::read(bias).expect("numbers"));
        numbers
    };
    layers.iter().flat_map(read).collect()
}

struct Note<'a>(&'a RefCell<Vec<Vec<f64>>>);

impl Exchange for Note<'_> {
    fn exchange(&mut self, gradients: &mut [LayerTensors]) -> Result<()> {
        self.0.borrow_mut().push(read(gradients));
        Ok(())
    }
}

#[test]
fn an_exchange_sees_the_gradients_of_each_step_before_anything_is_made_of_them() {
    // Clipping and momentum come after the seam.
    let train = "learning_rate = 0.1\nsteps = 4\nmomentum = 0.9\nclip = { norm = 1e-3 }";
    let experiment = experiment("float64", "", train);
    let data = Dataset::new(Rows::random(9, 1));
    let seen = RefCell::new(Vec::new());
    let course = course(trainer(&experiment, &data).with_exchange(Note(&seen)));
    let seen = seen.into_inner();
    assert_eq!(seen.len(), 4);
    for (weights, seen) in course.iter().zip(&seen) {
        let expected = gradients(weights, &Rows::random(9, 1));
        let expected: Vec<f64> = expected.iter().flat_map(LayerWeights::values).collect();
        crate::common::assert_close("gradients", seen, &expected, 1e-13);
    }
}

struct Freeze;

impl Exchange for Freeze {
    fn exchange(&mut self, gradients: &mut [LayerTensors]) -> Result<()> {
        let first = &mut gradients[0];
        first.weight = first.weight.zeros_like();
        first.bias = first.bias.as_ref().map(Tensor::zeros_like);
        Ok(())
    }
}

#[test]
fn what_an_exchange_leaves_is_what_the_step_takes() {
    let experiment = experiment(
        "float64",
        "",
        "learning_rate = 0.1\nsteps = 3\nmomentum = 0.5",
    );
    let data = Dataset::new(Rows::random(9, 1));
    let course = course(trainer(&experiment, &data).with_exchange(Freeze));
    let (start, end) = (&course[0], &course[3]);
    assert_eq!(
        bits(&start[..1]),
        bits(&end[..1]),
        "the first layer is frozen"
    );
    assert_ne!(bits(&start[1..]), bits(&end[1..]), "the second learns");
}

struct Break;

impl Exchange for Break {
    fn exchange(&mut self, _: &mut [LayerTensors]) -> Result<()> {
        Err(Error::Compute("the line is cut".to_owned()))
    }
}

#[test]
fn an_exchange_that_fails_ends_the_training_before_the_step() {
    let experiment = experiment("float64", "", "learning_rate = 0.1\nsteps = 3");
    let data = Dataset::new(Rows::random(9, 1));
    let mut trainer = trainer(&experiment, &data).with_exchange(Break);
    let before = super::weights(&trainer);
    let error = trainer.run(&mut ()).expect_err("a cut line");
    assert!(error.to_string().ends_with("the line is cut"), "{error}");
    assert_eq!(trainer.step(), 0);
    assert_eq!(bits(&super::weights(&trainer)), bits(&before));
}

/// One of two workers, which each take half of the batch.
struct Half {
    to: Sender<Vec<LayerTensors>>,
    from: Receiver<Vec<LayerTensors>>,
}

impl Exchange for Half {
    fn exchange(&mut self, gradients: &mut [LayerTensors]) -> Result<()> {
        self.to.send(gradients.to_vec()).expect("the other worker");
        let other = self.from.recv().expect("the other worker");
        for (mine, theirs) in gradients.iter_mut().zip(other) {
            mine.weight = (mine.weight.clone() + theirs.weight) * 0.5;
            let biases = mine.bias.take().zip(theirs.bias);
            mine.bias = biases.map(|(mine, theirs)| (mine + theirs) * 0.5);
        }
        Ok(())
    }
}

#[test]
fn two_workers_that_average_their_halves_train_as_one_with_the_full_batch() {
    let experiment = experiment(
        "float64",
        "",
        "learning_rate = 0.3\nsteps = 8\nmomentum = 0.5",
    );
    let full = Rows::random(12, 1);
    let half = |k: usize| {
        let (inputs, targets) = (full.inputs(), full.targets());
        let halves = (
            inputs[k * 18..][..18].to_vec(),
            targets[k * 12..][..12].to_vec(),
        );
        Dataset::new(Rows::new((3, halves.0), (2, halves.1)))
    };
    let halves = [half(0), half(1)];
    let full = Dataset::new(full);
    let alone = course(trainer(&experiment, &full));

    let (to_second, from_first) = channel();
    let (to_first, from_second) = channel();
    let ends = [
        Half {
            to: to_second,
            from: from_second,
        },
        Half {
            to: to_first,
            from: from_first,
        },
    ];
    thread::scope(|scope| {
        let workers: Vec<_> = halves
            .iter()
            .zip(ends)
            .map(|(data, half)| {
                let experiment = &experiment;
                scope.spawn(move || course(trainer(experiment, data).with_exchange(half)))
            })
            .collect();
        for worker in workers {
            let together = worker.join().expect("a worker");
            assert_eq!(together.len(), alone.len());
            assert_eq!(bits(&together[0]), bits(&alone[0]), "the start");
            let steps = together.iter().zip(&alone).enumerate();
            for (step, (together, alone)) in steps.skip(1) {
                assert_layers_close(&format!("step {step}"), together, alone, 1e-13);
            }
        }
    });
}
