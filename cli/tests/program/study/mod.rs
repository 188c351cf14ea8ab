//! `dropwise study` as a process: what it trains, prints, keeps and refuses.

mod errors;
mod folder;
mod output;
mod parts;
mod same_as_train;

use std::process::Command;

use crate::runs::{Place, dropwise};

/// The tutorial's network, a few steps long.
const XOR: &str = r#"
    seed = 7
    precision = "float64"
    [data]
    source = "xor"
    [network]
    hidden = 4
    output = "sigmoid"
    bias = false
    initializer = { uniform = 1.0 }
    [dropout]
    hidden = 0.2
    [train]
    loss = "squared-error"
    learning_rate = 0.5
    steps = 300
    [study]
    replicas = 3
"#;

/// Handwritten digits with validation and test rows, mini-batches and Adam.
const DIGITS: &str = r#"
    seed = 5
    [data]
    source = "digits"
    split = { validation = 0.1, test = 0.7 }
    [network]
    hidden = [12]
    activation = "relu"
    [dropout]
    hidden = 0.2
    [train]
    optimizer = "adam"
    learning_rate = 0.01
    batch_size = 100
    epochs = 2
    [study]
    replicas = 3
"#;

/// `dropwise study experiment.toml` and more.
fn study(place: &Place, more: &[&str]) -> Command {
    let mut command = dropwise(["study"]);
    command.arg(place.config()).args(more);
    command
}

/// `dropwise study experiment.toml --out STUDY` and more.
fn study_in(place: &Place, folder: &str, more: &[&str]) -> Command {
    let mut command = study(place, more);
    command.arg("--out").arg(place.path(folder));
    command
}
