//! `dropwise tune` as a process: what it finds, keeps, goes on with and refuses.

mod errors;
mod results;
mod resume;

use std::path::Path;
use std::process::Command;

use crate::runs::{Place, dropwise, json, json_lines, text};
use serde_json::Value;

/// A quarter of the digits, a few epochs.
const DIGITS: &str = r#"
    seed = 5
    [data]
    source = "digits"
    split = { validation = 0.3, test = 0.75 }
    [network]
    hidden = [12]
    activation = "relu"
    [train]
    learning_rate = 0.1
    momentum = 0.9
    batch_size = 50
    epochs = 6
"#;

/// Wide enough to fit in so few epochs.
const SMALL: [&str; 4] = ["--trials", "6", "--max-width", "64"];

/// `dropwise tune experiment.toml --out FOLDER` and more.
fn tune_in(place: &Place, folder: &str, more: &[&str]) -> Command {
    let mut command = dropwise(["tune"]);
    command.arg(place.config()).args(SMALL).args(more);
    command.arg("--out").arg(place.path(folder));
    command
}

/// The lines of `study.jsonl` without times.
fn trials_of(folder: &Path) -> Vec<Value> {
    let mut trials = json_lines(&text(folder.join("study.jsonl")));
    for trial in &mut trials {
        let trial = trial.as_object_mut().expect("a table");
        assert!(trial.remove("seconds").is_some());
        assert!(trial.remove("elapsed").is_some());
    }
    trials
}

/// Asserts that two studies came to the same, but for times.
#[track_caller]
fn assert_same_study(found: &Path, expected: &Path) {
    assert_eq!(trials_of(found), trials_of(expected));
    assert_eq!(
        json(found.join("tune.json")),
        json(expected.join("tune.json"))
    );
    for name in ["tune.toml", "best.toml", "preparation.json", "tune.svg"] {
        assert_eq!(text(found.join(name)), text(expected.join(name)), "{name}");
    }
}
