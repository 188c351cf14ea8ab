//! Burn's autodiff and the plain loops, both held against numbers from NumPy and PyTorch.

use crate::common::{assert_close, assert_layers_close, backends, golden, layer, numbers, tensor};
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::{Device, Tensor};
use dropwise::config::{Activation, Loss, Precision};
use dropwise::dropout::Noise;
use dropwise::verify::reference::Reference;
use dropwise::{Backend, LayerWeights, Mlp, MlpConfig};
use serde_json::Value;

/// How far a backend may be from the reference, relative to its largest number.
///
/// Measured on one step and on 500: flex and ndarray 4e-16 in 64 bits and 3e-7 in 32; but ndarray
/// computes the sigmoid in 32 bits whatever the tensor's type, and is off by 2e-7 with it.
fn bound(backend: &Backend, precision: Precision, activation: Activation) -> f64 {
    match (backend.name(), precision) {
        ("ndarray", Precision::Float64) if activation == Activation::Sigmoid => 1e-6,
        (_, Precision::Float64) => 1e-13,
        (_, Precision::Float32) => 2e-6,
    }
}

fn synapses(weights: &Value) -> Vec<LayerWeights> {
    vec![
        layer(&weights["synapse_0"], None),
        layer(&weights["synapse_1"], None),
    ]
}

fn xor_shape(rate: f64) -> MlpConfig {
    MlpConfig::new(3, [4], 1)
        .with_bias(false)
        .with_hidden_dropout(rate)
}

/// The tutorial's network and data in plain memory, with dropout off.
fn xor_reference(file: &Value) -> Reference {
    Reference {
        weights: None,
        layers: synapses(&file["initial"]),
        activation: Activation::Sigmoid,
        output: Activation::Sigmoid,
        loss: Loss::SquaredError,
        noises: [0.0, 0.0].map(Noise::from).to_vec(),
        penalty: [0.0; 2],
        inputs: numbers(&file["inputs"]),
        targets: numbers(&file["targets"]),
        masks: vec![vec![1.0; 12], vec![1.0; 16]],
    }
}

/// Trains with the true masks of a file, or without, and hands every step to `look`.
fn descend(
    mut network: Mlp,
    file: &Value,
    steps: usize,
    masks: Option<&Value>,
    (device, precision): (&Device, Precision),
    mut look: impl FnMut(usize, &Mlp),
) {
    let x = tensor(&numbers(&file["inputs"]), 3, device, precision);
    let y = tensor(&numbers(&file["targets"]), 1, device, precision);
    let keep_all = Tensor::ones_like(&x);
    let mut gradient_descent = SgdConfig::new().init();
    for step in 0..steps {
        let output = match masks {
            Some(masks) => {
                let mask = tensor(&numbers(&masks[step]), 4, device, precision);
                network.forward_with_masks(x.clone(), &[keep_all.clone(), mask])
            }
            None => network.forward(x.clone()),
        };
        let loss = Loss::SquaredError.forward(output, y.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = gradient_descent.step(0.5, network, gradients);
        look(step + 1, &network);
    }
}

#[test]
fn plain_loops_follow_numpy_for_60_000_steps_without_dropout() {
    let file = golden("xor_dropout_off");
    let mut reference = xor_reference(&file);
    let gradients = &file["after_steps"]["first_gradients"];
    let expected = [layer(&gradients[0], None), layer(&gradients[1], None)];
    assert_layers_close("gradients", &reference.gradients(), &expected, 1e-14);
    for step in 1..=60_000 {
        reference.descend(0.5);
        if let Some(weights) = file["after_steps"].get(step.to_string()) {
            let what = format!("step {step}");
            assert_layers_close(&what, &reference.layers, &synapses(weights), 1e-8);
        }
    }
    let expected = numbers(&file["after_steps"]["outputs_dropout_off"]);
    assert_close("outputs", &reference.outputs(), &expected, 1e-8);
}

#[test]
fn plain_loops_follow_numpy_for_500_steps_under_recorded_masks() {
    let file = golden("xor_dropout_masks");
    let mut reference = xor_reference(&file);
    reference.noises = [0.0, 0.2].map(Noise::from).to_vec();
    for step in 1..=500 {
        reference.masks[1] = numbers(&file["masks"][step - 1]);
        reference.descend(0.5);
        if let Some(weights) = file["exact_gradient"].get(step.to_string()) {
            let what = format!("step {step}");
            assert_layers_close(&what, &reference.layers, &synapses(weights), 1e-12);
        }
    }
}

#[cfg(feature = "flex")]
#[test]
fn autodiff_on_flex_ends_60_000_steps_where_numpy_does() {
    let file = golden("xor_dropout_off");
    let device = Device::flex().autodiff();
    let at = (&device, Precision::Float64);
    let network = xor_shape(0.0)
        .init_with_weights(&synapses(&file["initial"]), (at.0, at.1.dtype()))
        .expect("a network");
    descend(network, &file, 60_000, None, at, |step, network| {
        if let Some(weights) = file["after_steps"].get(step.to_string()) {
            let found = network.weights().expect("weights");
            assert_layers_close(&format!("step {step}"), &found, &synapses(weights), 1e-8);
        }
    });
}

#[test]
fn autodiff_follows_numpy_for_500_steps_under_recorded_masks() {
    let file = golden("xor_dropout_masks");
    for (backend, device) in backends() {
        for precision in [Precision::Float64, Precision::Float32] {
            if precision.check(&device).is_err() {
                continue;
            }
            let at = (&device, precision);
            let network = xor_shape(0.2)
                .init_with_weights(&synapses(&file["initial"]), (at.0, at.1.dtype()))
                .expect("a network");
            descend(
                network,
                &file,
                500,
                Some(&file["masks"]),
                at,
                |step, network| {
                    let bound = bound(&backend, precision, Activation::Sigmoid);
                    if let Some(weights) = file["exact_gradient"].get(step.to_string()) {
                        let found = network.weights().expect("weights");
                        let what = format!("{backend} {precision}, step {step}");
                        assert_layers_close(&what, &found, &synapses(weights), bound);
                    }
                },
            );
        }
    }
}

/// A deeper network of the golden files, under its masks: outputs, loss and gradients.
fn agrees_with_torch(name: &str, activation: Activation, loss: Loss) {
    let file = golden(name);
    let pairs = |weights: &str, biases: &str| -> Vec<LayerWeights> {
        let weights = file[weights].as_array().expect("layers");
        let biases = file[biases].as_array().expect("layers");
        let layers = weights.iter().zip(biases);
        layers.map(|(w, b)| layer(w, Some(b))).collect()
    };
    let layers = pairs("weights", "biases");
    let expected = pairs("weight_gradients", "bias_gradients");
    let sizes: Vec<usize> = numbers(&file["sizes"])
        .iter()
        .map(|s| *s as usize)
        .collect();
    let (d_input, hidden, d_output) =
        (sizes[0], &sizes[1..sizes.len() - 1], sizes[sizes.len() - 1]);
    let rate = |layer: &str| file["dropout"][layer].as_f64().expect("a rate");
    let shape = MlpConfig::new(d_input, hidden, d_output)
        .with_activation(activation)
        .with_output(Activation::Identity)
        .with_input_dropout(rate("input"))
        .with_hidden_dropout(rate("hidden"));
    let targets = if loss == Loss::CrossEntropy {
        numbers(&file["targets"])
            .iter()
            .flat_map(|class| (0..d_output).map(move |k| f64::from(k as f64 == *class)))
            .collect()
    } else {
        numbers(&file["targets"])
    };
    let mask_files = file["masks"].as_array().expect("masks");
    let reference = Reference {
        weights: None,
        layers: layers.clone(),
        activation,
        output: Activation::Identity,
        loss,
        noises: shape.noises().collect(),
        penalty: [0.0; 2],
        inputs: numbers(&file["inputs"]),
        targets: targets.clone(),
        masks: mask_files.iter().map(numbers).collect(),
    };
    let expected_loss = numbers(&file["loss_value"]);
    assert_close("loss", &[reference.loss()], &expected_loss, 1e-13);
    assert_layers_close("by hand", &reference.gradients(), &expected, 1e-13);

    for (backend, device) in backends() {
        for precision in [Precision::Float64, Precision::Float32] {
            if precision.check(&device).is_err() {
                continue;
            }
            let bound = bound(&backend, precision, activation);
            let what = format!("{backend} {precision}");
            let network = shape
                .init_with_weights(&layers, (&device, precision.dtype()))
                .expect("a network");
            let masks: Vec<Tensor<2>> = reference
                .masks
                .iter()
                .zip(shape.layer_sizes())
                .map(|(mask, (width, _))| tensor(mask, width, &device, precision))
                .collect();
            let x = tensor(&reference.inputs, d_input, &device, precision);
            let y = tensor(&targets, d_output, &device, precision);
            let output = network.forward_with_masks(x, &masks);
            let found = dropwise::backend::read(output.clone()).expect("outputs");
            assert_close(&what, &found, &numbers(&file["outputs"]), bound);
            let value = loss.forward(output, y);
            let found = dropwise::backend::read(value.clone()).expect("a loss");
            assert_close(&what, &found, &expected_loss, bound);
            let found = network.gradients(&value).expect("gradients");
            assert_layers_close(&what, &found, &expected, bound);
        }
    }
}

#[test]
fn two_relu_layers_with_cross_entropy_and_input_dropout_agree_with_torch() {
    agrees_with_torch(
        "mlp_relu_cross_entropy",
        Activation::Relu,
        Loss::CrossEntropy,
    );
}

#[test]
fn a_tanh_layer_with_squared_error_agrees_with_torch() {
    agrees_with_torch(
        "mlp_tanh_squared_error",
        Activation::Tanh,
        Loss::SquaredError,
    );
}
