//! Networks without hidden layers: linear and logistic regression, with dropout on the inputs.

use crate::common::rows::{Rows, experiment};
use crate::common::{assert_close, backends, tensor};
use burn::tensor::Tensor;
use dropwise::config::{Activation, CheckedExperiment, Precision};
use dropwise::train::Trainer;
use dropwise::{Dataset, LayerWeights, MlpConfig};

/// The experiment of [`experiment`] without its hidden layer and without biases.
fn linear(dropout: &str, train: &str) -> CheckedExperiment {
    let mut experiment = experiment("float64", dropout, train).into_inner();
    experiment.network.hidden = vec![];
    experiment.network.bias = false;
    experiment.check().expect("a linear model")
}

#[test]
fn its_line_speaks_of_nothing_hidden() {
    let (_, device) = &backends()[0];
    let line = |config: MlpConfig| config.init(1, device).expect("a network").to_string();
    let none: [usize; 0] = [];
    let config = MlpConfig::new(8, none, 1).with_output(Activation::Identity);
    assert_eq!(
        line(config.clone()),
        "Mlp 8-1: output identity, bias, dropout 0 input, 9 parameters"
    );
    assert_eq!(
        line(
            config
                .with_bias(false)
                .with_input_dropout(0.2)
                .with_hidden_dropout(0.5)
        ),
        "Mlp 8-1: output identity, no bias, dropout 0.2 input, 8 parameters"
    );
}

/// The paper's section 9.1: with `X` the inputs, `p` the rate and `w` the weights, the squared error expected over
/// all masks is `|y - X w|^2 + p / (1 - p) |G w|^2`, where `G` is diagonal, the root of the diagonal of `X^T X`.
#[test]
fn the_expected_squared_error_under_dropout_is_that_of_ridge_regression() {
    let (inputs, targets) = ([0.3, -1.2, 0.7, 0.4], [0.9, -0.4]);
    let (weights, rate) = ([1.1, -0.6], 0.3);
    for (backend, device) in backends() {
        if Precision::Float64.check(&device).is_err() {
            continue;
        }
        let none: [usize; 0] = [];
        let layer = LayerWeights {
            d_input: 2,
            d_output: 1,
            weight: weights.to_vec(),
            bias: None,
        };
        let options = (&device, Precision::Float64.dtype());
        let network = MlpConfig::new(2, none, 1)
            .with_output(Activation::Identity)
            .with_bias(false)
            .with_input_dropout(rate)
            .init_with_weights(&[layer], options)
            .expect("a network");
        let of = |values: &[f64], width| tensor(values, width, &device, Precision::Float64);
        let mut expected = 0.0;
        for masks in 0..16_u32 {
            let mask: Vec<f64> = (0..4).map(|k| f64::from(masks >> k & 1)).collect();
            let probability: f64 = mask
                .iter()
                .map(|m| if *m == 1.0 { 1.0 - rate } else { rate })
                .product();
            let output = network.forward_with_masks(of(&inputs, 2), &[of(&mask, 2)]);
            let errors: Tensor<2> = of(&targets, 1) - output;
            let squares: Vec<f64> = errors.square().into_data().try_to_vec().expect("numbers");
            expected += probability * squares.iter().sum::<f64>();
        }
        let (mut error, mut penalty) = (0.0, 0.0);
        for (x, y) in inputs.chunks(2).zip(targets) {
            error += (y - x[0] * weights[0] - x[1] * weights[1]).powi(2);
            penalty += (x[0] * weights[0]).powi(2) + (x[1] * weights[1]).powi(2);
        }
        let ridge = error + rate / (1.0 - rate) * penalty;
        assert!(
            (expected - ridge).abs() < 1e-12,
            "{backend}: {expected} {ridge}"
        );
    }
}

/// The weights `[3, 2]` that make `|y - X w|^2 + penalty |G w|^2` smallest, by Gauss's elimination.
fn ridge(rows: &Rows, penalty: f64) -> Vec<f64> {
    let (x, y) = (rows.inputs(), rows.targets());
    let mut system = [[0.0_f64; 5]; 3];
    for (x, y) in x.chunks(3).zip(y.chunks(2)) {
        for i in 0..3 {
            for j in 0..3 {
                system[i][j] += x[i] * x[j] * if i == j { 1.0 + penalty } else { 1.0 };
            }
            system[i][3] += x[i] * y[0];
            system[i][4] += x[i] * y[1];
        }
    }
    for i in 0..3 {
        let pivot = system[i];
        for (k, row) in system.iter_mut().enumerate() {
            let factor = if k == i { 0.0 } else { row[i] / pivot[i] };
            row.iter_mut()
                .zip(pivot)
                .for_each(|(a, b)| *a -= factor * b);
        }
    }
    let solved = |(i, row): (usize, &[f64; 5])| [row[3] / row[i], row[4] / row[i]];
    system.iter().enumerate().flat_map(solved).collect()
}

#[test]
fn trained_with_dropout_it_ends_at_the_ridge_solution_and_without_at_the_least_squares() {
    let device = &backends()[0].1;
    for (rate, penalty, bound) in [(0.0, 0.0, 1e-6), (0.5, 1.0, 0.05)] {
        let experiment = linear(
            &format!("input = {rate}\nmasks = 'seeded'"),
            "learning_rate = 1.0\nsteps = 40_000\nschedule = { inverse-time = 0.01 }",
        );
        let data = Dataset::new(Rows::random(10, 1));
        let mut trainer = Trainer::new(&experiment, &data, None, device).expect("a trainer");
        trainer.run(&mut ()).expect("a good end");
        let found = trainer.into_network().weights().expect("weights");
        let rows = Rows::random(10, 1);
        assert_close("weights", &found[0].weight, &ridge(&rows, penalty), bound);
        let other = ridge(&rows, 1.0 - penalty);
        assert!(
            crate::common::relative_difference(&found[0].weight, &other) > 0.3,
            "{other:?}"
        );
    }
}
