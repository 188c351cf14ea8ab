//! Runs on disk: what is written is read, what is damaged is refused, nothing is ever half-written.

mod atomic;
mod checkpoint;
#[cfg(unix)]
mod child;
mod metrics;
#[cfg(unix)]
mod processes;
mod run;
mod tensors;

use std::collections::BTreeMap;
use std::path::Path;

use dropwise_lab::store::{Array, ArrayValues, Checkpoint};

/// A small checkpoint that says in every number which step it is of.
fn checkpoint_of(step: u64) -> Checkpoint {
    checkpoint_of_size(step, 5)
}

fn checkpoint_of_size(step: u64, values: usize) -> Checkpoint {
    Checkpoint {
        arrays: vec![Array {
            name: "weight".to_owned(),
            shape: vec![values],
            values: ArrayValues::F64(vec![step as f64; values]),
        }],
        metadata: BTreeMap::from([("step".to_owned(), step.to_string())]),
    }
}

/// The names of all files in a folder and the folders in it, sorted.
fn files_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        let name = name.to_str().expect("text").to_owned();
        if path.is_dir() {
            names.extend(
                files_in(&path)
                    .iter()
                    .map(|inner| format!("{name}/{inner}")),
            );
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}
