//! Gaussian noise in place of dropout: its laws, its key, and what is trained with it.

use crate::common::in_memory::{dataset, number};
use crate::replicas::together;
use dropwise::config::{Experiment, Loss};
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::evaluate::Sampler;
use dropwise::train::{Replica, Trainer};
use dropwise::{Backend, MlpConfig};

fn mask(seed: u64, rate: f64, count: usize) -> Vec<f64> {
    let at = MaskAt {
        step: 3,
        layer: 1,
        stride: count,
    };
    let mut mask = vec![0.0; count];
    SeededMasks::new(seed).fill(at, Noise::Gaussian(rate), &mut mask);
    mask
}

#[test]
fn the_mean_is_1_and_the_variance_that_of_dropout_at_the_rate() {
    for rate in [0.1, 0.5, 0.8] {
        let mask = mask(5, rate, 200_000);
        let count = mask.len() as f64;
        let mean = mask.iter().sum::<f64>() / count;
        let squares: f64 = mask.iter().map(|value| (value - 1.0).powi(2)).sum();
        let variance = rate / (1.0 - rate);
        assert!(
            (mean - 1.0).abs() < 4.0 * (variance / count).sqrt(),
            "{mean}"
        );
        // The variance of a normal sample variance is 2 v^2 / n.
        let error = variance * (2.0 / count).sqrt();
        assert!((squares / count - variance).abs() < 4.0 * error);
        let beyond = mask
            .iter()
            .filter(|value| (**value - 1.0).abs() > variance.sqrt());
        let share = beyond.count() as f64 / count;
        assert!((share - 0.3173).abs() < 0.005, "{share}");
    }
    assert_eq!(mask(5, 0.0, 3), [1.0; 3]);
    assert_eq!(mask(5, 0.5, 100)[..50], mask(5, 0.5, 100)[..50]);
    assert_ne!(mask(5, 0.5, 100), mask(6, 0.5, 100));
}

const TEXT: &str = "seed = 4\n[data]\nsource = \"xor\"\n[network]\nhidden = [8]\n[dropout]\nkind = \"gaussian\"\nhidden = 0.3\n\
                    [train]\nlearning_rate = 0.1\nsteps = 20\n";

#[test]
fn a_configuration_names_it_and_keeps_it() {
    let experiment = Experiment::parse("x.toml", TEXT).expect("an experiment");
    let data = dropwise::data::xor();
    let resolved = experiment.clone().resolve(data.task()).expect("a loss");
    let shape = MlpConfig::from_experiment(&resolved, 3);
    let noises: Vec<Noise> = shape.noises().collect();
    assert_eq!(noises, [Noise::Gaussian(0.0), Noise::Gaussian(0.3)]);
    let framework = TEXT.replace("hidden = 0.3", "hidden = 0.3\nmasks = \"framework\"");
    let refused = Experiment::parse("x.toml", &framework).expect_err("no such layer");
    assert!(refused.to_string().contains("dropout.kind"), "{refused}");
    assert!(Experiment::parse("x.toml", &TEXT.replace("gaussian", "gauss")).is_err());
}

/// Alone and beside others a network comes to the same weights, with other ones than dropout's.
#[test]
fn networks_are_trained_with_it_alone_and_side_by_side() {
    let data = dropwise::data::xor();
    let device = Backend::default().device().expect("a backend");
    let train = |text: &str| {
        let experiment = Experiment::parse("x.toml", text).expect("an experiment");
        let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
        trainer.run(&mut ()).expect("an end");
        trainer.into_network().weights().expect("weights")
    };
    let alone = train(TEXT);
    assert_eq!(train(TEXT), alone);
    assert_ne!(train(&TEXT.replace("gaussian", "bernoulli")), alone);
    let experiment = Experiment::parse("x.toml", TEXT).expect("an experiment");
    let networks = vec![Replica::of(&experiment, 4), Replica::of(&experiment, 5)];
    let together = together(&experiment, &networks, &data, &device);
    for (alone, together) in alone.iter().zip(&together[0]) {
        let pairs = alone.weight.iter().zip(&together.weight);
        assert!(pairs.clone().count() > 0);
        for (alone, together) in pairs {
            assert!((alone - together).abs() < 1e-5, "{alone} {together}");
        }
    }
}

#[test]
fn its_samples_have_the_variance_of_the_formula() {
    let data = dataset(number(), 2, &[0.5, -1.0, 2.0, 0.3], &[0.0, 0.0]);
    let shape = MlpConfig::new(2, [30], 1)
        .with_activation(dropwise::config::Activation::Relu)
        .with_output(dropwise::config::Activation::Identity)
        .with_hidden_dropout(Noise::Gaussian(0.3));
    let device = Backend::default().device().expect("a backend");
    let network = shape.init(3, &device).expect("a network");
    let ask = |samples: dropwise::evaluate::Samples| {
        let loss = Loss::MeanSquaredError;
        let sampler = Sampler::new(&network, loss, data.task(), (samples, 1)).expect("samples");
        sampler.spread(&data).expect("a spread")
    };
    let drawn = ask(8_000.into());
    let exact = ask(dropwise::evaluate::Samples::Analytic);
    for (drawn, exact) in drawn.deviation().iter().zip(exact.deviation()) {
        assert!((drawn / exact - 1.0).abs() < 0.04, "{drawn} for {exact}");
    }
}
