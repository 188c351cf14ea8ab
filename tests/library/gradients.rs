//! On any network: autodiff, the chain rule by hand and finite differences agree, under the masks
//! that dropout draws itself, from either place.

use crate::common::backends;
use dropwise::MlpConfig;
use dropwise::config::{Activation, Loss, Masks, Precision};
use dropwise::dropout::Noise;
use dropwise::verify::{Case, Differences, bounds, check};
use proptest::prelude::*;

fn any_case() -> impl Strategy<Value = Case> {
    let rate = || prop_oneof![1 => Just(0.0), 3 => 0.0..=0.9];
    let hidden = prop::collection::vec(1..=32_usize, 0..=3);
    let sizes = (1..=32_usize, hidden, 1..=32_usize, 1..=8_usize);
    let activation = prop::sample::select(Activation::ALL.to_vec());
    let ends = prop::sample::select(vec![
        (Activation::Sigmoid, Loss::SquaredError),
        (Activation::Tanh, Loss::SquaredError),
        (Activation::Identity, Loss::SquaredError),
        (Activation::Identity, Loss::CrossEntropy),
        (Activation::Gelu, Loss::MeanSquaredError),
        (Activation::Identity, Loss::MeanSquaredError),
        (Activation::Identity, Loss::BinaryCrossEntropy),
    ]);
    (
        sizes,
        activation,
        ends,
        any::<bool>(),
        (rate(), rate()),
        prop::sample::select(vec![
            (Masks::Framework, "dropout"),
            (Masks::Seeded, "dropout"),
            (Masks::Seeded, "dropconnect"),
        ]),
        (any::<u64>(), any::<bool>()),
    )
        .prop_map(
            |(
                (d_input, hidden, d_output, rows),
                activation,
                (output, loss),
                bias,
                (input, rate),
                (masks, kind),
                (seed, weighted),
            )| {
                let noise = |rate| match kind {
                    "dropconnect" => Noise::DropConnect(rate),
                    _ => Noise::Bernoulli(rate),
                };
                Case {
                    network: MlpConfig::new(d_input, hidden, d_output)
                        .with_activation(activation)
                        .with_output(output)
                        .with_bias(bias)
                        .with_input_dropout(noise(input))
                        .with_hidden_dropout(noise(rate)),
                    loss,
                    rows,
                    weighted,
                    masks,
                    seed,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn three_ways_to_a_gradient_agree_on_every_backend(case in any_case()) {
        for (backend, device) in backends() {
            for precision in [Precision::Float64, Precision::Float32] {
                if precision.check(&device).is_err() {
                    continue;
                }
                let found = check(&case, &device, precision).expect("a network");
                let bounds = bounds(&backend, precision);
                prop_assert!(
                    found.worst.within(&bounds),
                    "{backend} {precision}: {:?} is over {bounds:?}",
                    found.worst
                );
            }
        }
    }
}

#[test]
fn the_certificate_sees_a_wrong_gradient() {
    // The reference under other masks than the layers drew is the wrong gradient: were the
    // certificate blind to masks, it would still agree.
    use burn::tensor::Tensor;
    use dropwise::verify::reference::Reference;

    for (backend, device) in backends() {
        let shape = MlpConfig::new(3, [8], 2).with_hidden_dropout(0.5);
        let network = shape.init(3, &device).expect("a network");
        let x = Tensor::<2>::ones([4, 3], &device);
        let y = Tensor::<2>::zeros([4, 2], &device);
        let half: Vec<f64> = (0..32).map(|i| f64::from(i % 2)).collect();
        let masks = [
            Tensor::ones_like(&x),
            crate::common::tensor(&half, 8, &device, Precision::Float32),
        ];
        let loss = Loss::SquaredError.forward(network.forward_with_masks(x, &masks), y);
        let autodiff = network.gradients(&loss).expect("gradients");
        let reference = |mask: Vec<f64>| Reference {
            weights: None,
            layers: network.weights().expect("weights"),
            activation: Activation::Sigmoid,
            output: Activation::Sigmoid,
            loss: Loss::SquaredError,
            noises: [0.0, 0.5].map(Noise::from).to_vec(),
            penalty: [0.0; 2],
            inputs: vec![1.0; 12],
            targets: vec![0.0; 8],
            masks: vec![vec![1.0; 12], mask],
        };
        let difference = |mask| {
            let hand = reference(mask).gradients();
            crate::common::relative_difference(&autodiff[0].weight, &hand[0].weight)
        };
        let shifted = half.iter().map(|m| 1.0 - m).collect();
        assert!(difference(half) < 1e-5, "{backend}: the true masks");
        assert!(difference(shifted) > 0.1, "{backend}: other masks");
    }
}

#[test]
fn a_difference_over_its_bound_fails_the_certificate_and_so_does_nan() {
    let (backend, _) = &backends()[0];
    let bounds = bounds(backend, Precision::Float32);
    assert!(bounds.within(&bounds), "at the bound is within it");
    let mut over = bounds;
    over.autodiff_hand *= 1.01;
    assert!(!over.within(&bounds));
    let unknown = Differences {
        loss: f64::NAN,
        ..Differences::default()
    };
    assert!(!unknown.within(&bounds));
    let worst = Differences::default()
        .max(unknown)
        .max(Differences::default());
    assert!(worst.loss.is_nan(), "NaN is never forgotten");
}
