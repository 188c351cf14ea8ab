//! The tutorial's printed hidden delta: right with dropout off, wrong with dropout on, by how much.

#[allow(dead_code, reason = "the example uses the rest")]
#[path = "../../examples/printed_delta/tutorial.rs"]
mod tutorial;

use crate::common::{assert_close, backends, golden, layer, numbers, tensor};
use burn::tensor::{Device, Tensor};
use dropwise::backend::read;
use dropwise::config::{Loss, Precision};
use dropwise::{Backend, LayerWeights, MlpConfig};
use serde_json::Value;
use tutorial::{Delta, Network};

fn from_golden(weights: &Value) -> Network {
    let rows = numbers(&weights["synapse_0"]); // [3][4]
    let column = |j| [rows[j], rows[4 + j], rows[8 + j]];
    Network {
        synapse_0: (0..4).map(column).collect(),
        synapse_1: numbers(&weights["synapse_1"]),
    }
}

/// Weights in the layout of the golden files.
fn flat(network: &Network) -> Vec<f64> {
    let row = |i: usize| network.synapse_0.iter().map(move |column| column[i]);
    let synapse_0 = (0..3).flat_map(row);
    synapse_0.chain(network.synapse_1.iter().copied()).collect()
}

fn flat_golden(weights: &Value) -> Vec<f64> {
    let mut all = numbers(&weights["synapse_0"]);
    all.extend(numbers(&weights["synapse_1"]));
    all
}

/// How close autodiff must be. Burn's ndarray computes the sigmoid in 32 bits: 1.5e-6 was measured.
fn bound(backend: &Backend) -> f64 {
    if backend.name() == "ndarray" {
        4e-6
    } else {
        1e-13
    }
}

/// Autodiff's gradient of the tutorial's network under a mask, in the golden files' layout, and the
/// bound it is held to; on every backend.
fn autodiff(initial: &Value, mask: &[f64], rate: f64) -> Vec<(Vec<f64>, f64)> {
    let weights = [
        layer(&initial["synapse_0"], None),
        layer(&initial["synapse_1"], None),
    ];
    let data = dropwise::data::xor();
    let shape = MlpConfig::new(3, [4], 1)
        .with_bias(false)
        .with_hidden_dropout(rate);
    let gradient = |(backend, device): (Backend, Device)| {
        let options = (&device, Precision::Float64.dtype());
        let network = shape
            .init_with_weights(&weights, options)
            .expect("a network");
        let x = data.inputs(options);
        let mask = tensor(mask, 4, &device, Precision::Float64);
        let output = network.forward_with_masks(x.clone(), &[Tensor::ones_like(&x), mask]);
        let loss = Loss::SquaredError.forward(output, data.targets(options));
        let gradients = network.gradients(&loss).expect("gradients");
        let values = gradients.iter().flat_map(LayerWeights::values);
        (values.collect(), bound(&backend))
    };
    // The GPUs of wgpu have no 64-bit numbers.
    let able = |(_, device): &(_, _)| Precision::Float64.check(device).is_ok();
    backends().into_iter().filter(able).map(gradient).collect()
}

#[test]
fn with_dropout_off_the_printed_delta_is_autodiffs_gradient() {
    let file = golden("xor_dropout_off");
    let ones = [1.0; 16];
    let network = from_golden(&file["initial"]);
    let printed = flat(&network.gradient(&ones, 0.0, Delta::Printed));
    for (gradient, bound) in autodiff(&file["initial"], &ones, 0.0) {
        assert_close("printed delta", &printed, &gradient, bound);
    }
}

#[test]
fn with_dropout_on_the_printed_delta_differs_and_the_true_one_is_autodiffs() {
    let file = golden("xor_dropout_masks");
    let mask = numbers(&file["masks"][0]);
    let network = from_golden(&file["initial"]);
    let exact = flat(&network.gradient(&mask, 0.2, Delta::True));
    let printed = flat(&network.gradient(&mask, 0.2, Delta::Printed));
    for (gradient, bound) in autodiff(&file["initial"], &mask, 0.2) {
        assert_close("true delta", &exact, &gradient, bound);
        assert!(crate::common::relative_difference(&printed, &gradient) > 0.1);
    }
}

#[test]
fn at_rate_0_2_and_s_0_9_the_printed_factor_is_minus_0_140625_and_the_true_one_0_1125() {
    let close = |found: f64, expected: f64| (found - expected).abs() < 1e-15;
    assert!(close(Delta::Printed.factor(0.9, 1.0, 0.2), -0.140625));
    assert!(close(Delta::True.factor(0.9, 1.0, 0.2), 0.1125));

    // Autodiff, on one kept unit with s = 0.9: d(dropped unit)/d(weighted sum).
    for (backend, device) in backends() {
        let z = (0.9_f64 / 0.1).ln();
        let z = tensor(&[z], 1, &device, Precision::Float32).require_grad();
        let mask = Tensor::ones_like(&z);
        let unit = burn::tensor::activation::sigmoid(z.clone());
        let dropped = dropwise::dropout::apply_mask(unit, mask, 0.2);
        let slope = z.grad(&dropped.backward()).expect("a gradient");
        let slope = read(slope).expect("a number")[0];
        assert!((slope - 0.1125).abs() < 1e-7, "{backend}: {slope}");
    }
}

#[test]
fn the_signs_part_exactly_where_the_sigmoid_exceeds_the_keep_probability() {
    for percent in 1..100 {
        let s = f64::from(percent) / 100.0;
        if (s - 0.8).abs() > 1e-9 {
            let printed = Delta::Printed.factor(s, 1.0, 0.2);
            assert_eq!(printed < 0.0, s > 0.8, "s = {s}");
        }
        assert!(Delta::True.factor(s, 1.0, 0.2) > 0.0);
        assert_eq!(Delta::True.factor(s, 0.0, 0.2), 0.0, "a dropped unit");
    }
}

#[test]
fn both_deltas_follow_numpys_500_steps_under_recorded_masks() {
    let file = golden("xor_dropout_masks");
    for (key, delta) in [
        ("exact_gradient", Delta::True),
        ("tutorial_printed_delta", Delta::Printed),
    ] {
        let mut network = from_golden(&file["initial"]);
        for step in 1..=500 {
            let mask = numbers(&file["masks"][step - 1]);
            network.descend(0.5, &mask, 0.2, delta);
            if let Some(weights) = file[key].get(step.to_string()) {
                let what = format!("{key}, step {step}");
                assert_close(&what, &flat(&network), &flat_golden(weights), 1e-12);
            }
        }
        let outputs = numbers(&file[key]["outputs_dropout_off"]);
        assert_close(key, &network.outputs(), &outputs, 1e-12);
    }
}
