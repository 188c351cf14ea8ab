//! `dropwise reproduce`: the files that are shipped, what is chosen, measured, claimed and refused; the command as a process.

mod choice;
mod mistakes;
mod ridge;
mod runs;
mod shipped;
mod summary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::runs::{Place, dropwise, json};
use dropwise_lab::reproduce::{NetworkId, NetworkOutcome, Stage};
use serde_json::{Value, json};

/// An experiment of one's own on the digits: two rows, one of them with a value to choose.
const OWN: &str = r#"
title = "Digits, two ways"
source = "nobody"
measure = "error-rate"
tolerance = 1.0
seeds = 2

[experiment]
data = { source = "digits", split = { test = 0.7 } }
network = { hidden = [12], activation = "relu" }
train = { learning_rate = 0.1, momentum = 0.9, batch_size = 50, epochs = 6 }

[choose]
data.split.validation = 0.2
train.epochs = 4

[[rows]]
name = "brief"
method = "One epoch"
published = 99
train.epochs = 1

[[rows]]
name = "dropout"
method = "Dropout, six epochs"
published = 50
dropout.hidden = 0.1
choose.train.learning_rate = [0.001, 0.1]

[[claims]]
says = "more epochs improve"
less = "dropout"
more = "brief"
"#;

/// The names of its networks, in order.
const OWN_NETWORKS: [&str; 6] = [
    "brief/seed-1",
    "brief/seed-2",
    "dropout/candidate-1-seed-1",
    "dropout/candidate-2-seed-1",
    "dropout/seed-1",
    "dropout/seed-2",
];

/// `dropwise reproduce experiment.toml --out FOLDER` and more.
fn reproduce(place: &Place, folder: &str, more: &[&str]) -> Command {
    let mut command = dropwise(["reproduce"]);
    command.arg(place.config()).args(more);
    command.arg("--out").arg(place.path(folder));
    command
}

/// What stands in every `outcome.json` of a folder, by the name of the network, but for the times.
fn outcomes_in(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let runs = folder.join("runs");
    for row in entries_of(&runs) {
        for run in entries_of(&row) {
            let path = run.join("outcome.json");
            if path.exists() {
                let name = run.strip_prefix(&runs).expect("inside");
                let name = name.to_str().expect("text").to_owned();
                found.insert(name, without_seconds(json(path)));
            }
        }
    }
    found
}

fn entries_of(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

/// A value of JSON without the times in it, which are never the same.
fn without_seconds(mut value: Value) -> Value {
    match &mut value {
        Value::Object(table) => {
            table.remove("seconds");
            for inner in table.values_mut() {
                *inner = without_seconds(inner.take());
            }
        }
        Value::Array(items) => {
            for inner in items {
                *inner = without_seconds(inner.take());
            }
        }
        _ => {}
    }
    value
}

/// Which network of a row is measured.
fn measured(row: &str, seed: u64) -> NetworkId {
    NetworkId {
        row: row.to_owned(),
        stage: Stage::Measure,
        seed,
    }
}

/// How a made-up network ended: the metrics of who chooses, and the number that the experiment measures.
fn outcome(error_rate: f64, loss: f64, value: Option<f64>) -> NetworkOutcome {
    let metrics = json!({
        "rows": 1000, "loss": loss, "mean_absolute_error": 0.1, "error_rate": error_rate,
    });
    let outcome = json!({
        "data_sha256": "the data", "epochs": 6, "seconds": 1.5, "network": "made up",
        "measured": { "metrics": metrics, "value": value },
    });
    serde_json::from_value(outcome).expect("an outcome")
}

/// How a network ended whose loss was not finite.
fn diverged() -> NetworkOutcome {
    NetworkOutcome {
        measured: None,
        ..outcome(0.0, 0.0, None)
    }
}
