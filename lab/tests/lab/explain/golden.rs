//! All that NumPy computes of a made-up network: see `tests/golden/explain.py`.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise_lab::explain::{ExplainOptions, Histogram, LandscapeOptions, Similarities};
use serde_json::Value;

use super::fixtures::{Made, classes, dataset};
use crate::common::{assert_close, layer, numbers};

fn made(golden: &Value) -> Made {
    let layers = golden["layers"].as_array().expect("layers");
    let weights: Vec<_> = layers
        .iter()
        .map(|found| layer(&found["weight"], Some(&found["bias"])))
        .collect();
    let labels = numbers(&golden["labels"]);
    let one_hot = |label: &f64| [0.0, 1.0, 2.0, 3.0].map(|class| f64::from(class == *label));
    let targets: Vec<f64> = labels.iter().flat_map(one_hot).collect();
    let rows = dataset(classes(4), 6, &numbers(&golden["inputs"]), &targets);
    assert_eq!(rows.len(), 50);
    let shape = MlpConfig::new(6, [9, 7], 4)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity);
    Made::new(&shape, &weights, &rows, "")
}

#[track_caller]
fn assert_similarities(what: &str, found: &Similarities, expected: &Value) {
    let matrix = expected["matrix"].as_array().expect("a matrix");
    let mut order = found.shown.clone();
    order.sort_unstable();
    assert!(
        order.into_iter().eq(0..matrix.len()),
        "{what}: {:?}",
        found.shown
    );
    for (row, unit) in found.matrix.iter().zip(&found.shown) {
        for (similarity, other) in row.iter().zip(&found.shown) {
            let expected = matrix[*unit][*other].as_f64().expect("a number");
            let difference = (f64::from(*similarity) - expected).abs();
            assert!(
                difference < 1e-6,
                "{what}: {unit} and {other} are {similarity}, not {expected}"
            );
        }
    }
    let number = |key: &str| expected[key].as_f64().expect("a number");
    assert_close(
        what,
        &[found.mean_magnitude],
        &[number("mean_magnitude")],
        1e-12,
    );
    assert_close(
        what,
        &[found.effective_rank],
        &[number("effective_rank")],
        1e-12,
    );
    assert_eq!(
        found.near_duplicates as f64,
        number("near_duplicates"),
        "{what}"
    );
}

#[track_caller]
fn assert_histogram(what: &str, found: &Histogram, expected: &Value) {
    assert_close(what, &found.edges, &numbers(&expected["edges"]), 1e-14);
    let counts: Vec<f64> = found.counts.iter().map(|count| *count as f64).collect();
    assert_eq!(counts, numbers(&expected["counts"]), "{what}");
}

#[test]
fn redundancy_and_activity_are_numpys() {
    let golden = crate::common::golden("explain");
    let found = made(&golden).explain(&ExplainOptions::default());
    let hidden = golden["hidden"].as_array().expect("layers");
    assert_eq!(
        (found.redundancy.len(), found.activity.len(), hidden.len()),
        (2, 2, 2)
    );
    for (k, expected) in hidden.iter().enumerate() {
        let redundancy = &found.redundancy[k];
        assert_eq!((redundancy.layer, redundancy.rows), (k + 1, 50));
        assert_eq!(
            redundancy.constant_units as u64,
            expected["constant_units"].as_u64().expect("units")
        );
        assert_similarities(
            "activations",
            &redundancy.activations,
            &expected["activations"],
        );
        assert_similarities("weights", &redundancy.weights, &expected["weights"]);

        let activity = &found.activity[k];
        assert_eq!(
            (activity.layer, activity.rows, activity.units),
            (k + 1, 50, redundancy.units)
        );
        assert_eq!(activity.activation, "relu");
        assert_histogram("activations", &activity.activations, &expected["histogram"]);
        assert_histogram("means", &activity.means, &expected["histogram_of_means"]);
        for (name, number) in [("mean", activity.mean), ("near_zero", activity.near_zero)] {
            let expected = expected[name].as_f64().expect("a number");
            assert!(
                (number - expected).abs() < 1e-14,
                "{name}: {number}, {expected}"
            );
        }
    }
}

#[test]
fn confusion_and_calibration_are_numpys() {
    let golden = crate::common::golden("explain");
    let found = made(&golden).explain(&ExplainOptions::default());
    let confusion = found.confusion.expect("classes");
    let counts = confusion.counts.iter().flatten().map(|count| *count as f64);
    assert!(counts.eq(numbers(&golden["confusion"])));
    assert_eq!(confusion.without_prediction, 0);

    let calibration = found.calibration.expect("probabilities");
    let expected = golden["calibration"].as_array().expect("bins");
    assert_eq!(calibration.bins.len(), expected.len());
    for (bin, expected) in calibration.bins.iter().zip(expected) {
        assert_eq!(bin.rows as u64, expected["rows"].as_u64().expect("rows"));
        let found = [bin.low, bin.high, bin.confidence, bin.accuracy];
        let names = ["low", "high", "confidence", "accuracy"];
        let expected = names.map(|name| expected[name].as_f64().expect("a number"));
        assert_close("a bin", &found, &expected, 1e-12);
    }
}

#[test]
fn the_landscape_is_numpys() {
    let golden = crate::common::golden("explain");
    let expected = &golden["landscape"];
    let options = ExplainOptions {
        weight: Some((3, 2)),
        landscape: LandscapeOptions {
            points: 25,
            ..LandscapeOptions::default()
        },
        ..ExplainOptions::default()
    };
    let found = made(&golden)
        .explain(&options)
        .landscape
        .expect("a landscape");
    assert_close(
        "values",
        &found.values,
        &numbers(&expected["values"]),
        1e-14,
    );
    assert_close(
        "losses",
        &found.losses,
        &numbers(&expected["losses"]),
        1e-12,
    );
    let weight = golden["layers"][0]["weight"][3][2].as_f64();
    assert_eq!(Some(found.value), weight);
}
