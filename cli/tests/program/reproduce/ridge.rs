//! Dropout on the inputs of a linear regression is ridge regression.

use dropwise::config::{ColumnName, CsvConfig, DataConfig, DataSource, TableConfig};
use dropwise::{Dataset, data};
use dropwise_lab::reproduce::{least_squares, ridge};
use dropwise_lab::store::Trained;

use super::outcomes_in;
use crate::common::rows::Rows;
use crate::common::{assert_close, golden, numbers, repository};
use crate::runs::{Place, dropwise, good, json};

/// 4 rows of 3 inputs and 2 targets.
const INPUTS: [[f64; 3]; 4] = [
    [0.5, -1.0, 2.0],
    [1.5, 0.25, -0.75],
    [-2.0, 1.0, 0.5],
    [0.75, 1.25, 1.0],
];
const TARGETS: [[f64; 2]; 4] = [[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75], [0.5, 1.0]];

fn tiny() -> Dataset {
    Dataset::new(Rows::new((3, INPUTS.concat()), (2, TARGETS.concat())))
}

/// The table of concrete, as a network is trained on it.
fn concrete() -> Dataset {
    let path = repository().join("config/data/concrete.csv");
    let (file, target) = (
        CsvConfig::new(path),
        ColumnName::Name("strength".to_owned()),
    );
    let table = TableConfig::new(target);
    data::load(&DataConfig::new(DataSource::Csv { file, table }), 1)
        .expect("a table")
        .train
}

/// The gradient in the weights of one target of `E |y - (X * M / p) w|^2`, by the sum over all masks of the table.
fn expected_gradient(weights: &[f64], target: usize, rate: f64) -> [f64; 3] {
    let keep = 1.0 - rate;
    let mut gradient = [0.0; 3];
    for mask in 0_u32..1 << 12 {
        let kept = |row: usize, input: usize| mask >> (3 * row + input) & 1 == 1;
        let ones = mask.count_ones() as i32;
        let probability = keep.powi(ones) * rate.powi(12 - ones);
        for (row, (inputs, targets)) in INPUTS.iter().zip(&TARGETS).enumerate() {
            let mut masked = [0.0; 3];
            for input in 0..3 {
                masked[input] = if kept(row, input) {
                    inputs[input] / keep
                } else {
                    0.0
                };
            }
            let output: f64 = masked.iter().zip(weights).map(|(x, w)| x * w).sum();
            for input in 0..3 {
                gradient[input] -= probability * 2.0 * (targets[target] - output) * masked[input];
            }
        }
    }
    gradient
}

/// The weights of a network of one layer.
fn numbers_of(model: &Trained) -> Vec<f64> {
    let layers = model.network().weights().expect("weights");
    layers.into_iter().flat_map(|layer| layer.weight).collect()
}

fn distance(one: &[f64], other: &[f64]) -> f64 {
    let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

#[test]
fn weights_are_those_of_least_squares_with_a_row_more_for_each_input() {
    let rows = concrete();
    assert_eq!((rows.len(), rows.d_input()), (1030, 8));
    let found = golden("ridge");
    let cases = found.as_array().expect("an array");
    for case in cases {
        let rate = case["rate"].as_f64().expect("a number");
        let weights = ridge(&rows, rate).expect("weights");
        assert_eq!(weights.len(), 1);
        let expected = numbers(&case["weights"]);
        assert_close(&format!("rate {rate}"), &weights[0], &expected, 1e-11);
        if rate == 0.0 {
            assert_eq!(least_squares(&rows).expect("weights"), weights);
        }
    }
    assert_eq!(cases.len(), 5);
}

#[test]
fn the_gradient_of_the_expected_error_over_all_masks_is_zero_there_and_only_there() {
    let rows = tiny();
    let plain = least_squares(&rows).expect("weights");
    for rate in [0.1, 0.3, 0.5, 0.8] {
        let weights = ridge(&rows, rate).expect("weights");
        assert_eq!(weights.len(), 2);
        for target in 0..2 {
            let gradient = expected_gradient(&weights[target], target, rate);
            assert!(
                gradient.iter().all(|slope| slope.abs() < 1e-12),
                "{rate}: {gradient:?}"
            );
            let elsewhere = expected_gradient(&plain[target], target, rate);
            assert!(
                elsewhere.iter().any(|slope| slope.abs() > 0.1),
                "{rate}: {elsewhere:?}"
            );
        }
    }
}

#[test]
fn without_dropout_inputs_that_depend_on_each_other_are_refused() {
    let sums = INPUTS.map(|[a, b, _]| [a, b, a + b]).concat();
    let nothing = INPUTS.map(|[a, b, _]| [a, b, 0.0]).concat();
    let rows = |inputs| Dataset::new(Rows::new((3, inputs), (2, TARGETS.concat())));
    for inputs in [&sums, &nothing] {
        let error = least_squares(&rows(inputs.clone())).expect_err("no such weights");
        let expected = "the inputs: expected inputs that do not depend on each other, found one that follows from others";
        assert_eq!(error.to_string(), expected);
    }
    // Dropout makes of sums what has weights.
    let weights = ridge(&rows(sums), 0.5).expect("weights").concat();
    assert!(weights.iter().all(|weight| weight.is_finite()));
    for rate in [1.0, -0.1, f64::NAN, f64::INFINITY] {
        let error = ridge(&tiny(), rate).expect_err("no rate").to_string();
        assert!(
            error.starts_with("rate: expected a dropout rate"),
            "{error}"
        );
    }
}

#[test]
fn training_ends_at_the_closed_form_and_far_from_least_squares() {
    let place = Place::with("");
    let mut command = dropwise([
        "reproduce",
        "ridge",
        "--quick",
        "--seeds",
        "1",
        "--quiet",
        "--out",
    ]);
    command.current_dir(repository());
    good(command.arg(place.path("out")));
    let outcomes = outcomes_in(&place.path("out"));
    let rates = [
        ("keep-0.5/seed-1", 0.5),
        ("keep-0.8/seed-1", 0.2),
        ("keep-0.9/seed-1", 0.1),
    ];
    assert_eq!(outcomes.len(), rates.len());
    let references = golden("ridge");
    for (name, rate) in rates {
        let outcome = &outcomes[name];
        let number = |key: &str| outcome["measured"][key].as_f64().expect("a number");
        assert!(number("value") < 1.0, "{name}: {outcome}");
        assert!(number("from_least_squares") > 10.0, "{name}: {outcome}");
        // The same by the references and the model on disk.
        let model = Trained::load(&place.path("out/runs").join(name), None, None).expect("a model");
        let found = numbers_of(&model);
        let of_rate = |rate: f64| {
            let mut cases = references.as_array().expect("an array").iter();
            let case = cases.find(|case| case["rate"] == rate).expect("a case");
            numbers(&case["weights"])
        };
        let (expected, plain) = (of_rate(rate), of_rate(0.0));
        let percent =
            |other: &[f64]| 100.0 * distance(&found, other) / distance(&expected, &[0.0; 8]);
        assert_close(name, &[number("value")], &[percent(&expected)], 1e-6);
        assert_close(
            name,
            &[number("from_least_squares")],
            &[percent(&plain)],
            1e-6,
        );
    }
    // A quick run has no bound, and says so.
    let summary = json(place.path("out/summary.json"));
    assert_eq!(summary["rows"][0]["bound"], serde_json::Value::Null);
}
