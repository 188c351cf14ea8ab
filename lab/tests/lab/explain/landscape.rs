//! The error over the value of one weight, beside plain loops and other networks.

use dropwise::config::Activation;
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise::{LayerWeights, MlpConfig, data, evaluate};
use dropwise_lab::explain::{
    ExplainOptions, Explanation, Landscape, LandscapeOptions, Recorder, Trail,
};

use super::fixtures::{Made, classes, draw, regression, rows, two_classes, weights};
use crate::common::assert_close;

fn xor(hidden: impl Into<Noise>, input: impl Into<Noise>) -> (Made, Vec<LayerWeights>) {
    let shape = MlpConfig::new(3, [4], 1)
        .with_bias(false)
        .with_input_dropout(input)
        .with_hidden_dropout(hidden.into());
    let weights: Vec<LayerWeights> = weights(&shape, 3)
        .into_iter()
        .map(|mut layer| {
            layer.values_mut().for_each(|value| *value *= 5.0);
            layer
        })
        .collect();
    let made = Made::new(&shape, &weights, &data::xor(), "loss = 'squared-error'");
    (made, weights)
}

fn at(weight: (usize, usize), networks: usize) -> ExplainOptions {
    ExplainOptions {
        weight: Some(weight),
        landscape: LandscapeOptions {
            points: 31,
            networks,
            seed: 9,
        },
        ..ExplainOptions::default()
    }
}

fn landscape(found: Explanation) -> Landscape {
    found.landscape.expect("a landscape")
}

/// The tutorial's error over the four rows, in plain loops. Masks are scaled.
fn xor_loss(weights: &[LayerWeights], input_mask: &[f64], hidden_mask: &[f64]) -> f64 {
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let rows = data::xor();
    let mut loss = 0.0;
    for row in 0..4 {
        let (x, target) = (rows.input_row(row), rows.target_row(row)[0]);
        let mut sum = 0.0;
        for (unit, scale) in hidden_mask.iter().enumerate() {
            let z: f64 = (0..3)
                .map(|i| x[i] * input_mask[i] * weights[0].weight[4 * i + unit])
                .sum();
            sum += sigmoid(z) * scale * weights[1].weight[unit];
        }
        loss += 0.5 * (target - sigmoid(sum)).powi(2);
    }
    loss
}

fn mask(layer: usize, network: usize, width: usize, rate: f64) -> Vec<f64> {
    let mut mask = vec![0.0; width];
    let at = MaskAt {
        step: network + 1,
        layer,
        stride: width,
    };
    SeededMasks::new(9).fill(at, rate, &mut mask);
    mask
}

#[test]
fn xor_has_the_landscapes_of_plain_loops() {
    let (made, weights) = xor(0.5, 0.2);
    for (input, unit) in [(0, 0), (1, 3), (2, 2)] {
        let found = landscape(made.explain(&at((input, unit), 7)));
        assert_eq!(
            (found.values.len(), found.thinned.len(), found.rows),
            (31, 7, 4)
        );
        let losses = |input_mask: &[f64], hidden_mask: &[f64]| -> Vec<f64> {
            let mut weights = weights.clone();
            let loss = |value: &f64| {
                weights[0].weight[4 * input + unit] = *value;
                xor_loss(&weights, input_mask, hidden_mask)
            };
            found.values.iter().map(loss).collect()
        };
        assert_close("whole", &found.losses, &losses(&[1.0; 3], &[1.0; 4]), 1e-6);
        let mut mean = vec![0.0; 31];
        for (network, thinned) in found.thinned.iter().enumerate() {
            let (on_input, on_hidden) = (mask(0, network, 3, 0.2), mask(1, network, 4, 0.5));
            let expected = losses(&on_input, &on_hidden);
            assert_close("thinned", thinned, &expected, 1e-6);
            mean.iter_mut()
                .zip(expected)
                .for_each(|(mean, loss)| *mean += loss / 7.0);
        }
        assert_close("mean", &found.thinned_mean, &mean, 1e-6);
        // Not all of it is flat.
        let distance = |losses: &[f64]| losses[0] - losses[30];
        assert!(
            found
                .thinned
                .iter()
                .any(|losses| distance(losses).abs() > 1e-3)
        );
    }
}

/// The weight itself is one of those that a mask drops or scales.
#[test]
fn with_dropconnect_thinned_networks_have_the_landscapes_of_plain_loops() {
    let (made, weights) = xor(Noise::DropConnect(0.5), Noise::DropConnect(0.2));
    for (input, unit) in [(0, 0), (1, 3), (2, 2)] {
        let found = landscape(made.explain(&at((input, unit), 7)));
        assert_eq!(found.thinned.len(), 7);
        for (network, thinned) in found.thinned.iter().enumerate() {
            let masks = [mask(0, network, 12, 0.2), mask(1, network, 4, 0.5)];
            let loss = |value: &f64| {
                let mut weights = weights.clone();
                weights[0].weight[4 * input + unit] = *value;
                for (layer, mask) in weights.iter_mut().zip(&masks) {
                    let pairs = layer.weight.iter_mut().zip(mask);
                    pairs.for_each(|(weight, scale)| *weight *= scale);
                }
                xor_loss(&weights, &[1.0; 3], &[1.0; 4])
            };
            let expected: Vec<f64> = found.values.iter().map(loss).collect();
            assert_close("thinned", thinned, &expected, 1e-6);
        }
    }
}

#[test]
fn at_the_weights_own_value_the_loss_is_that_of_evaluate() {
    let shape = MlpConfig::new(5, [8, 6, 7], 3)
        .with_activation(Activation::Tanh)
        .with_output(Activation::Identity)
        .with_hidden_dropout(0.5);
    let made = Made::drawn(&shape, classes(3), 40, "");
    for weight in [(0, 0), (4, 7), (2, 5)] {
        let found = landscape(made.explain(&at(weight, 0)));
        let expected = evaluate(&made.network, made.experiment.loss(), made.train());
        let expected = expected.expect("an evaluation").metrics.loss;
        assert_close("loss", &[found.loss], &[expected], 1e-12);
        assert_eq!(
            found.value,
            weights(&shape, 7)[0].weight[8 * weight.0 + weight.1]
        );
    }
}

/// The short way through the first two layers is that of a network with the weight changed.
#[test]
fn every_other_value_has_the_loss_of_a_network_with_that_weight() {
    let shapes = [
        (
            MlpConfig::new(4, [6], 2).with_output(Activation::Identity),
            regression(&[(3.0, 2.0), (0.0, 1.0)]),
        ),
        (
            MlpConfig::new(4, [6, 5], 1)
                .with_activation(Activation::Gelu)
                .with_output(Activation::Identity),
            two_classes(),
        ),
        (
            MlpConfig::new(4, [6, 5, 3], 4)
                .with_activation(Activation::Relu)
                .with_output(Activation::Identity),
            classes(4),
        ),
    ];
    for (shape, task) in shapes {
        let made = Made::drawn(&shape, task, 30, "");
        let found = landscape(made.explain(&at((1, 4), 3)));
        assert!(
            found.thinned.is_empty() && found.thinned_mean.is_empty(),
            "rate 0 thins nothing"
        );
        let mut changed = weights(&shape, 7);
        for (value, loss) in found.values.iter().zip(&found.losses).step_by(5) {
            changed[0].weight[6 + 4] = *value;
            let other = Made::new(&shape, &changed, made.train(), "");
            let expected = evaluate(&other.network, other.experiment.loss(), made.train());
            let expected = expected.expect("an evaluation").metrics.loss;
            assert_close("loss", &[*loss], &[expected], 1e-6);
        }
    }
}

#[test]
fn of_many_rows_three_hundred_are_looked_at_evenly_spaced() {
    let shape = MlpConfig::new(4, [6], 1).with_output(Activation::Identity);
    let made = Made::drawn(&shape, two_classes(), 900, "");
    let found = landscape(made.explain(&at((1, 4), 0)));
    let places: Vec<usize> = (0..300).map(|place| place * 899 / 299).collect();
    let part = Made::new(
        &shape,
        &weights(&shape, 7),
        &made.train().select(&places),
        "",
    );
    let of_part = landscape(part.explain(&at((1, 4), 0)));
    assert_eq!((found.rows, of_part.rows), (300, 300));
    assert_eq!(found.losses, of_part.losses);
}

/// The recorded weights of a training that moves one weight most.
fn trail(made: &Made, shape: &MlpConfig) -> Trail {
    let recorder = Recorder::new(made.train(), &made.network, 9);
    let mut trail = Trail::default();
    for step in 0..4_usize {
        let mut moved = weights(shape, 7);
        moved[0].weight[2 * 6 + 5] = 40.0 - 10.0 * step as f64;
        moved[0].weight[6] = step as f64;
        let moved = Made::new(shape, &moved, made.train(), "");
        let line = recorder
            .record(&moved.network, step)
            .expect("weights")
            .expect("finite ones");
        trail.push(line).expect("a line that fits");
    }
    trail
}

fn smallest_from(shape: &MlpConfig, input: usize) -> f64 {
    let weights = &weights(shape, 7)[0].weight[6 * input..][..6];
    weights.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn weights_that_are_all_zero_are_looked_at_around_zero() {
    let shape = MlpConfig::new(3, [6], 1).with_output(Activation::Identity);
    let mut layers = weights(&shape, 7);
    layers[0].weight.fill(0.0);
    let train = rows(two_classes(), 3, 9, 5);
    let found = landscape(Made::new(&shape, &layers, &train, "").explain(&at((1, 4), 0)));
    assert_eq!(
        (found.value, found.values[0], found.values[30]),
        (0.0, -1.0, 1.0)
    );
}

#[test]
fn without_a_choice_the_weight_is_the_one_that_moved_most_and_all_it_went_through_is_in_sight() {
    let shape = MlpConfig::new(3, [6], 1).with_output(Activation::Identity);
    let mut made = Made::drawn(&shape, two_classes(), 30, "");
    made.trail = Some(trail(&made, &shape));
    let found = made.explain(&ExplainOptions::default());
    let paths = found.paths.clone().expect("paths");
    let landscape = landscape(found);
    assert_eq!((landscape.weight.input, landscape.weight.unit), (2, 5));
    assert_eq!(landscape.weight.input_name, "x2");
    assert_eq!(
        landscape.trail,
        [(0, 40.0), (1, 30.0), (2, 20.0), (3, 10.0)]
    );
    // The largest is in the trail, the smallest a weight from the same input to another unit.
    let (low, high) = (smallest_from(&shape, 2), 40.0);
    assert!(low < -0.1, "{low}");
    let ends = [landscape.values[0], landscape.values[100]];
    let room = 0.35 * (high - low);
    assert_close("range", &ends, &[low - room, high + room], 1e-12);
    assert_eq!((paths.input, paths.input_name.as_str()), (2, "x2"));
    assert_eq!(paths.units[5].values, [40.0, 30.0, 20.0, 10.0]);
}

#[test]
fn without_a_trail_it_is_the_largest_of_an_input_that_varies() {
    let shape = MlpConfig::new(6, [5], 1).with_output(Activation::Identity);
    let mut layers = weights(&shape, 7);
    layers[0].weight[5 * 5 + 2] = 90.0; // of an input that is the same in every row
    layers[0].weight[5 + 3] = -30.0;
    let mut inputs = draw(6 * 20, 1);
    inputs.chunks_mut(6).for_each(|row| row[5] = 0.0);
    let made = |inputs: Vec<f64>| {
        let train = rows(two_classes(), 6, 20, 1);
        let targets: Vec<f64> = (0..20).flat_map(|row| train.target_row(row)).collect();
        let rows = super::fixtures::dataset(two_classes(), 6, &inputs, &targets);
        Made::new(&shape, &layers, &rows, "")
    };
    // Input 1 varies more than the others, which are scaled down.
    inputs.chunks_mut(6).for_each(|row| row[1] *= 2.0);
    let found = landscape(made(inputs).explain(&ExplainOptions::default()));
    assert_eq!(
        (found.weight.input, found.weight.unit, found.value),
        (1, 3, -30.0)
    );
    assert!(found.trail.is_empty());
}

#[test]
fn a_weight_that_there_is_not_is_refused_with_the_range() {
    let (made, _) = xor(0.2, 0.0);
    let input = made.refused(&at((3, 0), 1)).to_string();
    assert_eq!(input, "the weight's input: expected 0 to 2, found 3");
    let unit = made.refused(&at((0, 4), 1)).to_string();
    assert_eq!(unit, "the weight's hidden unit: expected 0 to 3, found 4");
    let mut options = at((0, 0), 1);
    options.landscape.points = 1;
    let points = made.refused(&options).to_string();
    assert_eq!(points, "landscape points: expected 2 to 2001, found 1");
    let networks = made.refused(&at((0, 0), 201)).to_string();
    assert_eq!(networks, "thinned networks: expected 0 to 200, found 201");
}
