//! The optimizers through the whole trainer, held against plain loops, PyTorch and Burn's own.
#![cfg(feature = "flex")]

use crate::common::rows::{Rows, at_the_start, experiment};
use crate::common::{assert_layers_close, golden, layer, numbers};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::Device;
use dropwise::config::{Activation, Loss};
use dropwise::dropout::Noise;
use dropwise::train::Trainer;
use dropwise::verify::reference::Reference;
use dropwise::{Dataset, LayerWeights, Mlp};

const STEPS: usize = 20;

/// The optimizers' formulas for one parameter, in PyTorch's convention; `t` counts from 1.
#[derive(Clone, Copy)]
struct Formula {
    kind: Kind,
    rate: f64,
    decay: f64,
    l1: f64,
    dampened: bool,
    beta2: f64,
    momentum: fn(usize) -> f64,
}

#[derive(Clone, Copy)]
enum Kind {
    Sgd,
    Adam,
    AdamW,
}

impl Formula {
    fn step(&self, t: usize, w: &mut f64, g: f64, (first, second): &mut (f64, f64)) {
        let sign = f64::from(*w > 0.0) - f64::from(*w < 0.0);
        let penalized = g + self.decay * *w + self.l1 * sign;
        match self.kind {
            Kind::Sgd => {
                let momentum = (self.momentum)(t - 1);
                let enters = if self.dampened { 1.0 - momentum } else { 1.0 };
                *first = momentum * *first + enters * penalized;
                *w -= self.rate * *first;
            }
            Kind::Adam => self.adam(t, w, penalized, first, second),
            Kind::AdamW => {
                *w -= self.rate * self.decay * *w;
                self.adam(t, w, g, first, second);
            }
        }
    }

    /// As Kingma and Ba write it: both averages are corrected first.
    fn adam(&self, t: usize, w: &mut f64, g: f64, first: &mut f64, second: &mut f64) {
        *first = 0.9 * *first + 0.1 * g;
        *second = self.beta2 * *second + (1.0 - self.beta2) * g * g;
        let m = *first / (1.0 - 0.9_f64.powi(t as i32));
        let v = *second / (1.0 - self.beta2.powi(t as i32));
        *w -= self.rate * m / (v.sqrt() + 1e-8);
    }
}

fn reference(layers: Vec<LayerWeights>, rows: &Rows) -> Reference {
    let count = rows.inputs().len() / 3;
    Reference {
        weights: None,
        layers,
        activation: Activation::Tanh,
        output: Activation::Identity,
        loss: Loss::MeanSquaredError,
        noises: [0.0, 0.0].map(Noise::from).to_vec(),
        penalty: [0.0; 2],
        inputs: rows.inputs(),
        targets: rows.targets(),
        masks: vec![vec![1.0; count * 3], vec![1.0; count * 5]],
    }
}

/// The weights after each step of plain loops.
fn plain_loops(mut reference: Reference, formula: Formula) -> Vec<LayerWeights> {
    let count = reference.layers.iter().map(|l| l.values().count()).sum();
    let mut memory = vec![(0.0, 0.0); count];
    for t in 1..=STEPS {
        let gradients = reference.gradients();
        let weights = reference
            .layers
            .iter_mut()
            .flat_map(LayerWeights::values_mut);
        let gradients = gradients.iter().flat_map(LayerWeights::values);
        for ((w, g), memory) in weights.zip(gradients).zip(&mut memory) {
            formula.step(t, w, g, memory);
        }
    }
    reference.layers
}

/// Trains with what stands under `[train]`, from the seed's weights or from given ones, for so many
/// steps; the weights before and after.
fn trained(
    (precision, train): (&str, &str),
    rows: Rows,
    weights: Option<Vec<LayerWeights>>,
    steps: usize,
) -> (Mlp, Vec<LayerWeights>) {
    let experiment = experiment(precision, "", &format!("{train}\nsteps = {steps}"));
    let data = Dataset::new(rows);
    let device = Device::flex();
    let mut trainer = match weights {
        Some(weights) => Trainer::resume(&experiment, &data, None, &device, &at_the_start(weights)),
        None => Trainer::new(&experiment, &data, None, &device),
    }
    .expect("a trainer");
    let start = trainer.network().clone();
    trainer.run(&mut ()).expect("a good end");
    let end = trainer.into_network().weights().expect("weights");
    (start, end)
}

#[test]
fn twenty_steps_of_every_optimizer_are_those_of_plain_loops() {
    let sgd = |rate, decay, momentum| Formula {
        kind: Kind::Sgd,
        rate,
        decay,
        l1: 0.0,
        dampened: false,
        beta2: 0.999,
        momentum,
    };
    let adam = |kind, decay| Formula {
        kind,
        rate: 0.02,
        decay,
        l1: 0.0,
        dampened: false,
        beta2: 0.999,
        momentum: |_| 0.0,
    };
    let dampened = |formula: Formula| Formula {
        dampened: true,
        ..formula
    };
    let with_l1 = |formula: Formula| Formula { l1: 0.2, ..formula };
    let with_beta2 = |formula: Formula| Formula {
        beta2: 0.95,
        ..formula
    };
    // With a full batch an epoch is a step.
    for (train, formula) in [
        ("learning_rate = 0.2", sgd(0.2, 0.0, |_| 0.0)),
        (
            "learning_rate = 0.1\nmomentum = 0.9",
            sgd(0.1, 0.0, |_| 0.9),
        ),
        (
            "learning_rate = 0.1\nmomentum = { from = 0.5, to = 0.9, epochs = 8 }",
            sgd(0.1, 0.0, |epoch| 0.5 + 0.05 * epoch.min(8) as f64),
        ),
        (
            "learning_rate = 0.1\nmomentum = { from = 0.0, to = 0.8, epochs = 4 }",
            sgd(0.1, 0.0, |epoch| 0.2 * epoch.min(4) as f64),
        ),
        (
            "learning_rate = 0.1\nmomentum = { from = 0.8, to = 0.0, epochs = 4 }",
            sgd(0.1, 0.0, |epoch| 0.8 - 0.2 * epoch.min(4) as f64),
        ),
        (
            "learning_rate = 0.1\nweight_decay = 0.3",
            sgd(0.1, 0.3, |_| 0.0),
        ),
        (
            "learning_rate = 0.1\nweight_decay = 0.3\nmomentum = 0.7",
            sgd(0.1, 0.3, |_| 0.7),
        ),
        (
            "learning_rate = 0.4\nmomentum = 0.9\ndampened = true",
            dampened(sgd(0.4, 0.0, |_| 0.9)),
        ),
        (
            "learning_rate = 0.4\nmomentum = { from = 0.5, to = 0.99, epochs = 7 }\ndampened = true",
            dampened(sgd(0.4, 0.0, |epoch| 0.5 + 0.07 * epoch.min(7) as f64)),
        ),
        (
            "learning_rate = 0.2\nmomentum = { from = 0.0, to = 0.8, epochs = 4 }\ndampened = true\n\
             weight_decay = 0.3\nl1 = 0.2",
            with_l1(dampened(sgd(0.2, 0.3, |epoch| 0.2 * epoch.min(4) as f64))),
        ),
        (
            "learning_rate = 0.1\nl1 = 0.2",
            with_l1(sgd(0.1, 0.0, |_| 0.0)),
        ),
        (
            "learning_rate = 0.1\nl1 = 0.2\nweight_decay = 0.3\nmomentum = 0.7",
            with_l1(sgd(0.1, 0.3, |_| 0.7)),
        ),
        (
            "optimizer = 'adam'\nlearning_rate = 0.02\nl1 = 0.2\nweight_decay = 0.3",
            with_l1(adam(Kind::Adam, 0.3)),
        ),
        (
            "optimizer = 'adam'\nlearning_rate = 0.02",
            adam(Kind::Adam, 0.0),
        ),
        (
            "optimizer = 'adam'\nlearning_rate = 0.02\nweight_decay = 0.3",
            adam(Kind::Adam, 0.3),
        ),
        (
            "optimizer = 'adam'\nlearning_rate = 0.02\nbeta2 = 0.95",
            with_beta2(adam(Kind::Adam, 0.0)),
        ),
        (
            "optimizer = 'adamw'\nlearning_rate = 0.02\nbeta2 = 0.95\nweight_decay = 0.3",
            with_beta2(adam(Kind::AdamW, 0.3)),
        ),
        (
            "optimizer = 'adamw'\nlearning_rate = 0.02",
            adam(Kind::AdamW, 0.0),
        ),
        (
            "optimizer = 'adamw'\nlearning_rate = 0.02\nweight_decay = 0.3",
            adam(Kind::AdamW, 0.3),
        ),
    ] {
        let (start, found) = trained(("float64", train), Rows::random(9, 1), None, STEPS);
        let start = reference(start.weights().expect("weights"), &Rows::random(9, 1));
        assert_layers_close(train, &found, &plain_loops(start, formula), 1e-12);
    }
}

/// Hinton et al. 2012 put the learning rate into the velocity: `v = m v - (1 - m) e g`, `w = w + v`.
#[test]
fn a_dampened_ramp_of_momentum_goes_where_hintons_own_equations_go() {
    let (rate, ramp) = (0.4, |epoch: usize| 0.5 + 0.05 * epoch.min(8) as f64);
    let train =
        "learning_rate = 0.4\nmomentum = { from = 0.5, to = 0.9, epochs = 8 }\ndampened = true";
    let (start, found) = trained(("float64", train), Rows::random(9, 1), None, STEPS);
    let mut network = reference(start.weights().expect("weights"), &Rows::random(9, 1));
    let mut velocity: Vec<f64> = Vec::new();
    for epoch in 0..STEPS {
        let gradients = network.gradients();
        let gradients: Vec<f64> = gradients.iter().flat_map(LayerWeights::values).collect();
        velocity.resize(gradients.len(), 0.0);
        for (v, g) in velocity.iter_mut().zip(gradients) {
            *v = ramp(epoch) * *v - (1.0 - ramp(epoch)) * rate * g;
        }
        let weights = network.layers.iter_mut().flat_map(LayerWeights::values_mut);
        weights.zip(&velocity).for_each(|(w, v)| *w += v);
    }
    assert_layers_close(train, &found, &network.layers, 1e-12);
}

#[test]
fn with_a_constant_momentum_a_dampened_step_is_a_plain_one_of_a_smaller_learning_rate() {
    let end = |train: &str| trained(("float64", train), Rows::random(9, 1), None, STEPS).1;
    let dampened = end("learning_rate = 0.4\nmomentum = 0.75\ndampened = true");
    let plain = end("learning_rate = 0.1\nmomentum = 0.75");
    assert_layers_close("0.4 x (1 - 0.75) = 0.1", &dampened, &plain, 1e-12);
    // A ramp that starts at 0 has a first step without a velocity, which is a plain one.
    let first = |train: &str| trained(("float64", train), Rows::random(9, 1), None, 1).1;
    let ramp =
        "learning_rate = 0.4\nmomentum = { from = 0.0, to = 0.9, epochs = 5 }\ndampened = true";
    assert_layers_close(ramp, &first(ramp), &first("learning_rate = 0.4"), 1e-15);
}

/// A soft threshold: where the loss is `mean (y - w)^2` over a row of two targets, `|w|` times `l1` takes `l1` off
/// the size of `y`, and leaves 0 where less than that is there.
#[test]
fn an_l1_penalty_leaves_small_weights_at_zero_and_takes_as_much_off_all_others() {
    let mut experiment = experiment(
        "float64",
        "",
        "learning_rate = 0.02\nsteps = 3_000\nl1 = 0.3",
    )
    .into_inner();
    experiment.network.hidden = vec![];
    experiment.network.bias = false;
    let experiment = experiment.check().expect("a linear model");
    let targets = vec![0.2, -1.0];
    let data = Dataset::new(Rows::new((1, vec![1.0]), (2, targets)));
    let mut trainer = Trainer::new(&experiment, &data, None, &Device::flex()).expect("a trainer");
    trainer.run(&mut ()).expect("a good end");
    let weight = &trainer.into_network().weights().expect("weights")[0].weight;
    // Around 0 a step goes past it, by the learning rate times the penalty's slope at most.
    assert!(weight[0].abs() <= 0.02 * 0.5, "{weight:?}");
    assert!((weight[1] + 0.7).abs() < 1e-9, "{weight:?}");
}

#[test]
fn optimizers_schedules_and_clipping_go_where_pytorch_goes() {
    let file = golden("optimizers");
    let layers = |layers: &serde_json::Value| -> Vec<LayerWeights> {
        let layers = layers.as_array().expect("layers").iter();
        let one = |one: &serde_json::Value| layer(&one["weight"], Some(&one["bias"]));
        layers.map(one).collect()
    };
    let steps = file["steps"].as_u64().expect("steps") as usize;
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!((steps, cases.len()), (STEPS, 10));
    for case in cases {
        let train = case["train"].as_str().expect("what stands under [train]");
        // Every schedule starts at 1, so that the first step of 20 is that of a run of one.
        for (after, steps) in [("1", 1), ("20", steps)] {
            let rows = Rows::new(
                (3, numbers(&file["inputs"])),
                (2, numbers(&file["targets"])),
            );
            let initial = layers(&file["initial"]);
            let (_, found) = trained(("float64", train), rows, Some(initial), steps);
            let what = format!("{train}, step {after}");
            assert_layers_close(&what, &found, &layers(&case["after"][after]), 1e-12);
        }
    }
}

/// Twenty steps of one of Burn's own optimizers on the same batch.
fn burns_own(mut network: Mlp, mut optimizer: ModuleOptimizer, rate: f64) -> Vec<LayerWeights> {
    let data = Dataset::new(Rows::random(9, 1));
    let device = network.device();
    let (x, y) = (data.inputs(&device), data.targets(&device));
    for _ in 0..STEPS {
        let loss = Loss::MeanSquaredError.forward(network.forward(x.clone()), y.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = optimizer.step(rate, network, gradients);
    }
    network.weights().expect("weights")
}

#[test]
fn burns_own_optimizers_end_in_the_same_place_in_32_bits() {
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let decay = || Some(WeightDecayConfig::new(0.1));
    for (train, optimizer, rate) in [
        ("learning_rate = 0.2", SgdConfig::new().init(), 0.2),
        (
            "learning_rate = 0.1\nmomentum = 0.9\nweight_decay = 0.1",
            SgdConfig::new()
                .with_momentum(Some(momentum))
                .with_weight_decay(decay())
                .init(),
            0.1,
        ),
        (
            "optimizer = 'adam'\nlearning_rate = 0.02\nweight_decay = 0.1",
            AdamConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(decay())
                .init(),
            0.02,
        ),
        (
            "optimizer = 'adamw'\nlearning_rate = 0.02\nweight_decay = 0.1",
            AdamWConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(0.1)
                .init(),
            0.02,
        ),
    ] {
        let (start, found) = trained(("float32", train), Rows::random(9, 1), None, STEPS);
        assert_layers_close(train, &found, &burns_own(start, optimizer, rate), 1e-5);
    }
}
