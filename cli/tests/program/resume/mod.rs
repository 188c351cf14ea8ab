//! Runs that are killed, damaged or interrupted, and go on to the very bytes of a run that was not.

#![cfg(unix)]

mod damaged;
mod edited;
mod interrupted;
mod killed;

use crate::runs::{Place, good};

/// Gradient descent with a momentum that grows and a learning rate that falls in steps.
const SGD: &str = "
    learning_rate = 0.05
    momentum = { from = 0.5, to = 0.9, epochs = 5 }
    weight_decay = 1e-4
    schedule = { step = { every = 2, factor = 0.5 } }
    batch_size = 50
    epochs = 8
";

/// Adam with a cosine, to be used with dropout in the first epochs only.
const ADAM: &str = "
    optimizer = 'adam'
    learning_rate = 0.01
    schedule = 'cosine'
    batch_size = 50
    epochs = 20
";

/// AdamW with all bounds; its learning rate is so high that it soon stops early.
const ADAMW: &str = "
    optimizer = 'adamw'
    learning_rate = 0.1
    weight_decay = 0.01
    schedule = { inverse-time = 0.1 }
    max_norm = 2.0
    clip = { norm = 1.0 }
    batch_size = 50
    epochs = 100
    early_stopping = { patience = 2 }
";

/// The digits, to be learned by a small network, with seeded masks unless told otherwise; `dropout` and `train` are the sections' lines.
fn experiment(dropout: &str, train: &str) -> String {
    format!(
        "[data]\nsource = 'digits'\nsplit = {{ validation = 0.1, test = 0.1 }}\n\
         [network]\nhidden = [12, 8]\nactivation = 'relu'\n\
         [dropout]\ninput = 0.1\nhidden = 0.3\n{dropout}\n[train]\n{train}"
    )
}

/// A place with a run, `whole`, that nothing disturbs.
fn place_with_whole_run(config: &str, arguments: &[&str]) -> Place {
    let place = Place::with(config);
    good(place.train_in("whole").args(arguments));
    place
}
