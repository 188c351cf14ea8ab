//! Histograms, and what counts as near zero.

use dropwise::config::Activation;
use dropwise::{Dataset, Mlp, MlpConfig};
use dropwise_lab::explain::{Activity, ExplainOptions, Histogram, hidden_activity};
use proptest::prelude::*;

use super::fixtures::{Made, regression, rows, two_classes, weights};

proptest! {
    #[test]
    fn every_value_lies_between_the_edges_of_its_bin(values in prop::collection::vec(-1e3_f64..1e3, 1..200)) {
        let found = Histogram::of(&values).expect("finite values");
        prop_assert_eq!((found.edges.len(), found.counts.len()), (41, 40));
        prop_assert!(found.edges.windows(2).all(|pair| pair[0] < pair[1]));
        for (k, count) in found.counts.iter().enumerate() {
            let (low, high) = (found.edges[k], found.edges[k + 1]);
            let is_inside = |value: &&f64| (low..high).contains(*value) || (k == 39 && **value == high);
            prop_assert_eq!(values.iter().filter(is_inside).count(), *count);
        }
    }
}

#[test]
fn values_that_are_all_the_same_lie_in_the_middle() {
    let found = Histogram::of(&[7.0; 5]).expect("a histogram");
    assert_eq!((found.edges[0], found.edges[40]), (6.5, 7.5));
    assert_eq!(
        (found.counts[20], found.counts.iter().sum::<usize>()),
        (5, 5)
    );
}

#[test]
fn what_is_not_finite_has_no_histogram_and_neither_has_nothing() {
    for values in [
        &[][..],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
        &[-1e308, 1e308, 1e308],
    ] {
        assert!(Histogram::of(values).is_none(), "{values:?}");
    }
}

#[test]
fn units_that_are_dead_are_near_zero_and_half_of_them_are_half() {
    let shape = MlpConfig::new(2, [4], 1)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity);
    let mut layers = weights(&shape, 7);
    for (bias, dead) in [(-100.0, 4), (100.0, 0)] {
        layers[0].bias = Some(vec![bias; 4]);
        let made = Made::drawn_with(&shape, &layers, two_classes(), 30);
        let found = made.explain(&ExplainOptions::default()).activity;
        assert_eq!(found[0].near_zero, f64::from(dead) / 4.0);
    }
    layers[0].bias = Some(vec![-100.0, 100.0, -100.0, 100.0]);
    let made = Made::drawn_with(&shape, &layers, two_classes(), 30);
    let found = &made.explain(&ExplainOptions::default()).activity[0];
    assert_eq!(found.near_zero, 0.5);
    assert_eq!(found.means.counts[0], 2);
    assert!((49.0..51.0).contains(&found.mean), "{}", found.mean);
    assert_eq!(found.activations.counts.iter().sum::<usize>(), 4 * 30);
}

/// What every hidden unit is after ReLU, in plain loops: `[layers][rows][units]`.
fn by_hand(made: &Made) -> Vec<Vec<Vec<f64>>> {
    let layers = made.network.weights().expect("weights");
    let (data, hidden) = (made.train(), layers.len() - 1);
    let places: Vec<usize> = (0..data.len()).collect();
    let device = made.network.device();
    let inputs = data
        .select(&places)
        .inputs((&device, burn::tensor::DType::F64));
    let inputs = dropwise::backend::read(inputs).expect("inputs");
    let mut values: Vec<Vec<f64>> = inputs.chunks(data.d_input()).map(<[f64]>::to_vec).collect();
    let mut found = Vec::new();
    for layer in &layers[..hidden] {
        let bias = layer.bias.as_ref().expect("biases");
        let unit = |row: &[f64], unit: usize| {
            let weights = layer.weight.iter().skip(unit).step_by(layer.d_output);
            let sum: f64 = weights.zip(row).map(|(weight, x)| weight * x).sum();
            (sum + bias[unit]).max(0.0)
        };
        let row = |row: &Vec<f64>| (0..layer.d_output).map(|k| unit(row, k)).collect();
        values = values.iter().map(row).collect();
        found.push(values.clone());
    }
    found
}

/// An autoencoder: as many targets as inputs, two hidden layers.
fn autoencoder(seed: u64, scale: f64) -> Made {
    let shape = MlpConfig::new(3, [5, 4], 3)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity);
    let mut layers = weights(&shape, seed);
    layers[0]
        .weight
        .iter_mut()
        .for_each(|weight| *weight *= scale);
    Made::drawn_with(&shape, &layers, regression(&[(0.0, 1.0); 3]), 40)
}

/// Asserts that every bin has the values between its edges, up to those that rounding has put on the other side.
#[track_caller]
fn assert_counts(found: &Histogram, values: &[f64]) {
    for (edge, edges) in found.edges.iter().enumerate() {
        let below: usize = found.counts[..edge].iter().sum();
        let least = values.iter().filter(|value| **value < edges - 1e-9).count();
        let most = values
            .iter()
            .filter(|value| **value <= edges + 1e-9)
            .count();
        assert!(
            (least..=most).contains(&below),
            "{below} below {edges}, not {least} to {most}"
        );
    }
}

#[test]
fn networks_that_are_looked_at_together_have_the_same_edges_for_the_values_of_each() {
    let both = [autoencoder(7, 1.0), autoencoder(70, 4.0)];
    let networks = [&both[0].network, &both[1].network];
    let found = hidden_activity(&networks, both[0].train()).expect("their activity");
    assert_eq!(found.len(), 2);
    for layer in 0..2 {
        let [one, other] = [&found[0][layer], &found[1][layer]];
        assert_eq!((one.layer, one.units, one.rows), (layer + 1, 5 - layer, 40));
        assert_eq!(one.activations.edges, other.activations.edges);
        assert_eq!(one.means.edges, other.means.edges);
        let mut all = Vec::new();
        for (made, found) in both.iter().zip([one, other]) {
            let seen = &by_hand(made)[layer];
            let values = seen.concat();
            let means = (0..found.units).map(|k| seen.iter().map(|row| row[k]).sum::<f64>() / 40.0);
            assert_counts(&found.activations, &values);
            assert_counts(&found.means, &means.collect::<Vec<_>>());
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!((found.mean - mean).abs() < 1e-12 * mean.abs());
            all.extend(values);
        }
        // No wider than the values of both.
        let (low, high) = (one.activations.edges[0], one.activations.edges[40]);
        let ends = (
            all.iter().copied().fold(f64::MAX, f64::min),
            all.iter().copied().fold(0.0, f64::max),
        );
        assert!(
            (low - ends.0).abs() < 1e-9 && (high - ends.1).abs() < 1e-9,
            "{ends:?}"
        );
    }
}

#[test]
fn of_one_network_it_is_that_of_its_explanation_whatever_is_to_be_learned() {
    let made = autoencoder(7, 1.0);
    let explained = made.explain(&ExplainOptions::default()).activity;
    let alone = hidden_activity(&[&made.network], made.train()).expect("its activity");
    assert_eq!(alone, std::slice::from_ref(&explained));
    // The same inputs with other targets.
    let others = rows(two_classes(), 3, 40, 5);
    let alone = hidden_activity(&[&made.network], &others).expect("its activity");
    assert_eq!(alone, [explained]);
    assert_eq!(
        hidden_activity(&[], &others).expect("nothing"),
        Vec::<Vec<Activity>>::new()
    );
}

#[test]
fn what_has_no_activity_is_refused_with_its_reason() {
    let made = autoencoder(7, 1.0);
    let refused = |network: &Mlp, rows: &Dataset| {
        let found = hidden_activity(&[network], rows);
        found.expect_err("an error").to_string()
    };
    let wide = rows(two_classes(), 4, 3, 5);
    assert_eq!(
        refused(&made.network, &wide),
        "the inputs of a network to look at: expected shape [4], found [3]"
    );
    assert_eq!(
        refused(&made.network, &rows(two_classes(), 3, 1, 5).select(&[])),
        "the rows to look at: expected at least one row, found none"
    );
    let infinite = autoencoder(7, f64::INFINITY);
    assert_eq!(
        refused(&infinite.network, made.train()),
        "the activations of hidden layer 1: expected finite numbers, found others"
    );
}
