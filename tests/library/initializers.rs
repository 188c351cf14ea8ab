//! Initial weights have the distribution that their initializer is named for.

use crate::common::backends;
use crate::common::rows::bits;
use burn::tensor::DType;
use dropwise::config::Initializer;
use dropwise::{LayerWeights, MlpConfig};

/// The first layer of a network, 400 inputs by 500 units: 200,000 weights.
fn first_layer(initializer: Initializer) -> LayerWeights {
    let (_, device) = backends().remove(0);
    let shape = MlpConfig::new(400, [500], 2).with_initializer(initializer);
    let network = shape.init(3, &device).expect("a network");
    network.weights().expect("weights").remove(0)
}

/// The means of the first, second and fourth powers.
fn moments(values: &[f64]) -> [f64; 3] {
    let mean =
        |power| values.iter().map(|w: &f64| w.powi(power)).sum::<f64>() / values.len() as f64;
    [mean(1), mean(2), mean(4)]
}

/// Asserts that moments are within four standard deviations of those of a distribution with mean 0,
/// the variance `v`, fourth moment `v4 v^2` and eighth moment `v8 v^4`.
#[track_caller]
fn assert_moments(values: &[f64], v: f64, v4: f64, v8: f64) {
    let n = values.len() as f64;
    let [first, second, fourth] = moments(values);
    for (what, found, expected, deviation) in [
        ("mean", first, 0.0, v.sqrt()),
        ("variance", second, v, v * (v4 - 1.0).sqrt()),
        (
            "fourth moment",
            fourth,
            v4 * v * v,
            v * v * (v8 - v4 * v4).sqrt(),
        ),
    ] {
        let sigmas = (found - expected).abs() / (deviation / n.sqrt());
        assert!(
            sigmas < 4.0,
            "{what}: {found:e} is {sigmas:.1} sigma from {expected:e}"
        );
    }
}

#[track_caller]
fn assert_normal(values: &[f64], deviation: f64) {
    assert_moments(values, deviation * deviation, 3.0, 105.0);
}

/// Uniform in `[-bound, bound)`, which it fills.
#[track_caller]
fn assert_uniform(values: &[f64], bound: f64) {
    assert_moments(values, bound * bound / 3.0, 9.0 / 5.0, 81.0 / 9.0);
    // The bound is rounded to 32 bits.
    let bound = f64::from(bound as f32);
    assert!(values.iter().all(|w| (-bound..bound).contains(w)));
    let edge = bound * (1.0 - 20.0 / values.len() as f64);
    let fills = |sign: f64| values.iter().any(|w| sign * w > edge);
    // No value of 200,000 falls there with a probability of exp(-10).
    assert!(values.len() < 1000 || (fills(1.0) && fills(-1.0)));
}

fn biases(layer: &LayerWeights) -> &[f64] {
    layer.bias.as_deref().expect("biases")
}

fn assert_zero(values: &[f64]) {
    assert!(values.iter().all(|b| b.to_bits() == 0));
}

#[test]
fn normal_has_its_deviation_and_no_biases() {
    for deviation in [0.01, 2.0] {
        let layer = first_layer(Initializer::Normal(deviation));
        assert_normal(&layer.weight, deviation);
        assert_zero(biases(&layer));
    }
}

#[test]
fn he_is_normal_by_the_number_of_inputs_and_has_no_biases() {
    let layer = first_layer(Initializer::He);
    assert_normal(&layer.weight, (2.0 / 400.0_f64).sqrt());
    assert_zero(biases(&layer));
}

#[test]
fn xavier_is_uniform_by_inputs_and_units_and_has_no_biases() {
    let layer = first_layer(Initializer::Xavier);
    assert_uniform(&layer.weight, (6.0 / 900.0_f64).sqrt());
    assert_zero(biases(&layer));
}

#[test]
fn uniform_fills_its_range_with_weights_and_biases() {
    for bound in [0.1, 3.0] {
        let layer = first_layer(Initializer::Uniform(bound));
        assert_uniform(&layer.weight, bound);
        assert_uniform(biases(&layer), bound);
    }
}

#[test]
fn layers_are_drawn_by_their_own_sizes_one_after_the_other() {
    let (_, device) = backends().remove(0);
    let shape = MlpConfig::new(20, [300, 300], 200).with_initializer(Initializer::He);
    let layers = shape
        .init(3, &device)
        .expect("a network")
        .weights()
        .expect("weights");
    for (layer, d_input) in layers.iter().zip([20.0, 300.0, 300.0_f64]) {
        assert_normal(&layer.weight, (2.0 / d_input).sqrt());
    }
    assert_ne!(layers[1].weight[..100], layers[2].weight[..100]);
}

#[test]
fn an_output_layer_that_starts_at_zero_leaves_all_else_as_drawn() {
    let (_, device) = backends().remove(0);
    let weights = |zero_output| {
        let shape = MlpConfig::new(20, [30, 10], 3).with_zero_output(zero_output);
        let network = shape.init(3, &device).expect("a network");
        network.weights().expect("weights")
    };
    let (zero, mut drawn) = (weights(true), weights(false));
    assert!(drawn[2].weight.iter().any(|weight| *weight != 0.0));
    drawn[2].weight.fill(0.0);
    assert_eq!(bits(&zero), bits(&drawn));
}

#[test]
fn both_precisions_and_all_backends_start_from_the_same_weights_with_every_initializer() {
    for initializer in [
        Initializer::Uniform(0.3),
        Initializer::Normal(0.3),
        Initializer::Xavier,
        Initializer::He,
    ] {
        for bias in [true, false] {
            let shape = MlpConfig::new(5, [7, 3], 2)
                .with_initializer(initializer)
                .with_bias(bias);
            let mut starts = Vec::new();
            for (_, device) in backends() {
                for dtype in [DType::F32, DType::F64] {
                    if device.supports_dtype(dtype) {
                        let network = shape.init(11, (&device, dtype)).expect("a network");
                        starts.push(bits(&network.weights().expect("weights")));
                    }
                }
            }
            assert!(starts.len() >= 2);
            assert!(
                starts.iter().all(|start| *start == starts[0]),
                "{initializer:?}"
            );
        }
    }
}
