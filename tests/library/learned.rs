//! Dropout rates that are learned: their gates, their gradient in training, what becomes of them, and what goes with them.

use crate::common::in_memory::{dataset, number};
use crate::common::rows::{Rows, experiment};
use burn::module::Module;
use burn::tensor::Tensor;
use dropwise::config::{Activation, CheckedExperiment, Experiment, Loss};
use dropwise::data::{Dataset, Task};
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::evaluate::{Sampler, Samples};
use dropwise::model::LayerWeights;
use dropwise::train::Trainer;
use dropwise::verify::reference::Reference;
use dropwise::{Backend, Mlp, MlpConfig};

fn logit(rate: f64) -> f64 {
    (rate / (1.0 - rate)).ln()
}

fn rates(network: &Mlp) -> Vec<f64> {
    network
        .learned_rates()
        .map(|(_, noise)| noise.rate())
        .collect()
}

#[test]
fn gates_are_nearly_0_or_1_over_the_keep_probability_and_closed_with_the_rate() {
    let device = Backend::default().device().expect("a backend");
    let count = 100_000;
    for rate in [0.05, 0.3, 0.7] {
        let mut masks = SeededMasks::new(4).layer(0, count);
        let ones = Tensor::<2>::ones([1, count], &device);
        let gates = masks.apply(2, Noise::Learned(logit(rate)), ones);
        let gates: Vec<f32> = gates.into_data().try_to_vec().expect("numbers");
        let kept: Vec<f64> = gates
            .iter()
            .map(|gate| f64::from(*gate) * (1.0 - rate))
            .collect();
        let share = |is: &dyn Fn(f64) -> bool| {
            kept.iter().filter(|kept| is(**kept)).count() as f64 / count as f64
        };
        // The chance of a gate below one half is the rate itself, whatever the temperature.
        let error = (rate * (1.0 - rate) / count as f64).sqrt();
        let closed = share(&|kept| kept < 0.5);
        assert!((closed - rate).abs() < 4.0 * error, "{closed} for {rate}");
        assert!(share(&|kept| (0.05..0.95).contains(&kept)) < 0.2);
    }
}

#[test]
fn what_a_mask_holds_is_the_logistic_numbers_of_its_bits() {
    let at = MaskAt {
        step: 5,
        layer: 1,
        stride: 64,
    };
    let (mut numbers, mut kept) = (vec![0.0; 64], vec![0.0; 64]);
    let masks = SeededMasks::new(8);
    masks.fill(at, Noise::Learned(0.0), &mut numbers);
    masks.fill(at, 0.5, &mut kept);
    // The same bits: those below one half are kept by dropout.
    for (number, kept) in numbers.iter().zip(&kept) {
        let number: &f64 = number;
        assert_eq!(*number < 0.0, *kept != 0.0, "{number}");
    }
}

fn trainer<'a>(experiment: &CheckedExperiment, data: &'a Dataset) -> Trainer<'a> {
    let device = Backend::default().device().expect("a backend");
    Trainer::new(experiment, data, None, &device).expect("a trainer")
}

/// One step of gradient descent, by the trainer and by hand.
#[test]
fn a_step_follows_the_gradient_by_hand_with_every_loss() {
    let (rows, plain) = (Rows::random(10, 1), Rows::random(10, 1));
    let regression = Dataset::new(rows);
    let classes = |names: &[&str]| Task::Classification {
        classes: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    let one_hot: Vec<f64> = (0..10)
        .flat_map(|row| [f64::from(row % 2), f64::from(1 - row % 2)])
        .collect();
    let classified = dataset(classes(&["a", "b"]), 3, &plain.inputs(), &one_hot);
    for (loss, word) in [
        (Loss::MeanSquaredError, "mean-squared-error"),
        (Loss::SquaredError, "squared-error"),
        (Loss::CrossEntropy, "cross-entropy"),
        (Loss::BinaryCrossEntropy, "binary-cross-entropy"),
    ] {
        let has_classes = loss.takes_logits();
        let (data, targets) = match has_classes {
            true => (&classified, one_hot.clone()),
            false => (&regression, plain.targets()),
        };
        let dropout = "input = 'learned'\nhidden = 'learned'\nlength_scale = 0.7";
        let train = format!("learning_rate = 0.1\nsteps = 1\nloss = '{word}'");
        let experiment = experiment("float64", dropout, &train);
        let mut trainer = trainer(&experiment, data);
        let layers = trainer.network().weights().expect("weights");
        let mask = |layer: usize, width: usize| {
            let at = MaskAt {
                step: 1,
                layer,
                stride: 10 * width,
            };
            let mut mask = vec![0.0; 10 * width];
            SeededMasks::new(5).fill(at, Noise::Learned(0.0), &mut mask);
            mask
        };
        let mut reference = Reference {
            weights: None,
            layers: layers.clone(),
            activation: Activation::Tanh,
            output: Activation::Identity,
            loss,
            noises: vec![Noise::Learned(logit(0.1)); 2],
            penalty: [0.0, 0.7],
            inputs: plain.inputs(),
            targets,
            masks: vec![mask(0, 3), mask(1, 5)],
        };
        // Of N = 10 rows and 2 outputs.
        reference.penalty[0] = match loss {
            Loss::CrossEntropy => 1.0 / 10.0,
            Loss::BinaryCrossEntropy => 1.0 / 20.0,
            _ => 2.0 * reference.loss() / 20.0,
        };
        let expected = reference.gradients();
        trainer.run(&mut ()).expect("a good end");
        let found = trainer.network().weights().expect("weights");
        let pairs = layers.iter().zip(&expected).zip(&found);
        for ((before, gradient), after) in pairs {
            let numbers = before.values().zip(gradient.values()).zip(after.values());
            for ((before, slope), after) in numbers {
                let expected = before - 0.1 * slope;
                assert!(
                    (expected - after).abs() < 1e-12,
                    "{word}: {expected} {after} {before}"
                );
            }
        }
        let logits = trainer.network().learned_rates();
        for ((_, noise), gradient) in logits.zip(&expected[2..]) {
            let expected = logit(0.1) - 0.1 * gradient.weight[0];
            let found = noise.logit().expect("a learned rate");
            assert!(
                (expected - found).abs() < 1e-12,
                "{word}: {expected} {found}"
            );
            assert!(gradient.weight[0].abs() > 1e-4);
        }
    }
}

/// Rows of a line with noise.
fn line(rows: usize) -> Dataset {
    let inputs: Vec<f64> = (0..2 * rows)
        .map(|k| ((k * 7919) % 1000) as f64 / 500.0 - 1.0)
        .collect();
    let targets: Vec<f64> = inputs
        .chunks(2)
        .enumerate()
        .map(|(row, x)| x[0] + 0.3 * x[1] + 0.4 * (((row * 104_729) % 200) as f64 / 100.0 - 1.0))
        .collect();
    dataset(number(), 2, &inputs, &targets)
}

fn learned(text: &str) -> CheckedExperiment {
    let text = format!(
        "seed = 2\n[data]\nsource = 'xor'\n[network]\nhidden = [20]\nactivation = 'relu'\n[dropout]\nhidden = 'learned'\n\
         [train]\noptimizer = 'adam'\nlearning_rate = 0.02\nbatch_size = 20\n{text}\n"
    );
    Experiment::parse("x.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// What is not known of the weights grows with fewer rows, and the rate with it (section 4.1 of the paper).
#[test]
fn rates_are_higher_the_fewer_rows_there_are() {
    let rate = |rows: usize| {
        let data = line(rows);
        let experiment = learned("steps = 1500");
        let mut trainer = trainer(&experiment, &data);
        trainer.run(&mut ()).expect("a good end");
        rates(trainer.network())[0]
    };
    let (few, many) = (rate(20), rate(2_000));
    assert!(few > 0.2 && many < 0.05, "{few} {many}");
}

#[test]
fn after_training_it_is_dropout_at_the_rate_that_was_learned() {
    let data = line(100);
    let experiment = learned("steps = 50");
    let mut trainer = trainer(&experiment, &data);
    assert!((rates(trainer.network())[0] - 0.1).abs() < 1e-6);
    trainer.run(&mut ()).expect("a good end");
    let network = trainer.into_network();
    let rate = rates(&network)[0];
    assert!((rate - 0.1).abs() > 1e-3, "{rate}");
    let noises: Vec<Noise> = network.noises().collect();
    assert_eq!(noises, [Noise::Bernoulli(0.0), Noise::Bernoulli(rate)]);
    assert!(
        network
            .to_string()
            .contains(&format!("{rate:.3} learned hidden")),
        "{network}"
    );

    // Off where it is used, and on in samples, whose variance is that of dropout at this rate.
    let ask = |samples: Samples| {
        let sampler = Sampler::new(&network, Loss::MeanSquaredError, data.task(), (samples, 1));
        sampler.expect("samples").spread(&data).expect("a spread")
    };
    let (drawn, exact) = (ask(4_000.into()), ask(Samples::Analytic));
    for (drawn, exact) in drawn.deviation().iter().zip(exact.deviation()) {
        assert!((drawn / exact - 1.0).abs() < 0.06, "{drawn} for {exact}");
    }
    let fixed = MlpConfig::new(2, [20], 1)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity);
    let weights: Vec<LayerWeights> = network.weights().expect("weights");
    let device = Backend::default().device().expect("a backend");
    let fixed = fixed
        .init_with_weights(&weights, &device)
        .expect("a network");
    let x = data.inputs(&device);
    let (one, other) = (network.valid().forward(x.clone()), fixed.forward(x));
    assert_eq!(one.into_data(), other.into_data());
}

#[test]
fn a_configuration_says_it_and_what_does_not_go_with_it_is_an_error() {
    let text = |dropout: &str| {
        format!(
            "[data]\nsource = 'xor'\n[network]\nhidden = [4, 3]\n[dropout]\n{dropout}\n[train]\nlearning_rate = 0.1\nsteps = 5\n"
        )
    };
    let parse = |dropout: &str| Experiment::parse("x.toml", &text(dropout));
    let good = parse("input = 'learned'\nhidden = ['learned', 0.5]").expect("an experiment");
    assert!(good.dropout.hidden.of(0).logit().is_some());
    assert_eq!(good.dropout.hidden.of(1), Noise::Bernoulli(0.5));
    let written = toml::to_string(&*good).expect("TOML");
    assert!(written.contains("hidden = [\"learned\", 0.5]"), "{written}");
    for (dropout, key) in [
        ("hidden = 'learned'\nmasks = 'framework'", "dropout.hidden"),
        ("input = 'learned'\nkind = 'gaussian'", "dropout.input"),
        (
            "hidden = 'learned'\nschedule = 'flat-cosine'",
            "dropout.hidden",
        ),
        ("hidden = 0.5\nlength_scale = 1.0", "dropout.length_scale"),
        (
            "hidden = 'learned'\nlength_scale = 0.0",
            "dropout.length_scale",
        ),
        ("hidden = 'learnt'", "dropout.hidden"),
        ("input = true", "dropout.input"),
    ] {
        let refused = parse(dropout).expect_err(dropout).to_string();
        assert!(refused.contains(key), "{dropout}: {refused}");
    }
}
