//! The numbers behind each figure of a fixed run, beside those that were kept: `tests/golden/explain_run.json`.
//!
//! The run is in 64 bits with seeded masks, so that it is the same on every machine and backend but for rounding. A
//! change that is meant is taken over from the file that a failure names.

use std::path::PathBuf;

use dropwise_lab::explain::{ExplainOptions, Explanation, Histogram, Similarities};
use dropwise_lab::store::explain_run;
use serde_json::{Value, json};

use crate::common::{backends, golden, repository};
use crate::runs::{Place, dropwise, good};

const CHANGES: [&str; 4] = [
    "precision=float64",
    "network.hidden=[24, 16]",
    "train.epochs=8",
    "dropout.masks=seeded",
];

/// First, last, and some in between.
fn some<T: Clone>(values: &[T]) -> Vec<T> {
    let last = values.len().saturating_sub(1);
    let places = [0, last / 7, last / 3, last / 2, last];
    places
        .iter()
        .filter_map(|place| values.get(*place).cloned())
        .collect()
}

fn similarities(found: &Similarities) -> Value {
    json!({
        "mean_magnitude": found.mean_magnitude, "near_duplicates": found.near_duplicates,
        "effective_rank": found.effective_rank, "shown": found.shown.len(),
        "trace": (0..found.shown.len()).map(|k| f64::from(found.matrix[k][k])).sum::<f64>(),
    })
}

fn histogram(found: &Histogram) -> Value {
    json!({ "edges": some(&found.edges), "counts": found.counts })
}

/// What is compared: of short lists all, of long ones a few.
fn digest(found: &Explanation) -> Value {
    let landscape = found.landscape.as_ref().expect("a landscape");
    let paths = found.paths.as_ref().expect("paths");
    let calibration = found.calibration.as_ref().expect("probabilities");
    let mistakes = found.mistakes.as_ref().expect("data");
    let curves = [&found.curves.losses[..], &found.curves.errors[..]].concat();
    json!({
        "card": {
            "network": found.card.network, "model": found.card.model, "model_step": found.card.model_step,
            "measured": found.card.measured,
        },
        "curves": {
            "error_name": found.curves.error_name, "best_step": found.curves.best_step,
            "steps_an_epoch": found.curves.steps_an_epoch, "curves": curves,
        },
        "landscape": {
            "weight": landscape.weight, "value": landscape.value, "loss": landscape.loss, "rows": landscape.rows,
            "values": some(&landscape.values), "losses": some(&landscape.losses),
            "thinned": landscape.thinned.iter().map(|losses| some(losses)).collect::<Vec<_>>(),
            "thinned_mean": some(&landscape.thinned_mean), "trail": some(&landscape.trail),
        },
        "paths": {
            "input": paths.input, "steps": paths.steps.len(), "units": paths.units.len(),
            "some": some(&paths.units).iter().map(|unit| some(&unit.values)).collect::<Vec<_>>(),
        },
        "redundancy": found.redundancy.iter().map(|found| json!({
            "layer": found.layer, "units": found.units, "constant_units": found.constant_units, "rows": found.rows,
            "activations": similarities(&found.activations), "weights": similarities(&found.weights),
        })).collect::<Vec<_>>(),
        "features": {
            "image": found.features.image, "units": found.features.units.len(),
            "some": some(&found.features.units).iter().map(|unit| some(&unit.weights)).collect::<Vec<_>>(),
        },
        "activity": found.activity.iter().map(|found| json!({
            "mean": found.mean, "near_zero": found.near_zero, "activations": histogram(&found.activations),
            "means": histogram(&found.means),
        })).collect::<Vec<_>>(),
        "confusion": found.confusion,
        "calibration": calibration,
        "mistakes": {
            "all": mistakes.all, "image": mistakes.image,
            "rows": mistakes.rows.iter()
                .map(|mistake| json!([mistake.row, mistake.actual, mistake.predicted, mistake.probability]))
                .collect::<Vec<_>>(),
        },
        "diagram": found.diagram,
        "notes": found.notes,
    })
}

/// Where two documents differ, numbers by more than rounding.
fn differences(place: &str, found: &Value, expected: &Value, into: &mut Vec<String>) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) if found.keys().eq(expected.keys()) => {
            for (key, value) in found {
                differences(&format!("{place}.{key}"), value, &expected[key], into);
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (k, (found, expected)) in found.iter().zip(expected).enumerate() {
                differences(&format!("{place}[{k}]"), found, expected, into);
            }
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            if (a - b).abs() > 1e-6 * b.abs().max(1e-3) {
                into.push(format!("{place}: {a}, kept is {b}"));
            }
        }
        (found, expected) if found == expected => {}
        (found, expected) => into.push(format!("{place}: {found}, kept is {expected}")),
    }
}

#[test]
fn the_data_behind_each_figure_are_those_that_were_kept() {
    for (backend, _) in backends() {
        let name = backend.to_string();
        let place = Place::with("");
        let config = repository().join("config/digits.toml");
        let mut train = dropwise(["train", "--quiet", "--backend", &name]);
        train.arg(config).arg("--out").arg(place.path(&name));
        for change in CHANGES {
            train.args(["--set", change]);
        }
        good(&mut train);
        let options = ExplainOptions::default();
        let found = explain_run(&place.path(&name), None, &options, None, None);
        let found = digest(&found.expect("an explanation"));
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("explain_run.json");
        let pretty = serde_json::to_string_pretty(&found).expect("JSON");
        std::fs::write(&kept, pretty + "\n").expect("a file");
        let mut differing = Vec::new();
        differences("", &found, &golden("explain_run"), &mut differing);
        let all = differing.join("\n");
        assert!(
            differing.is_empty(),
            "{name}, found in {}:\n{all}",
            kept.display()
        );
    }
}
