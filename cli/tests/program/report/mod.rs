//! `dropwise report` as a process, on runs that it trained a moment before.

mod comparison;
mod errors;
mod formats;
mod long_training;

use crate::common::repository;
use crate::folder::Folder;

/// Images of ten classes, small and quick.
const DIGITS: &str = "[data]\nsource = 'digits'\nsplit = { validation = 0.1, test = 0.2 }\n\
    [network]\nhidden = [24, 16]\nactivation = 'relu'\n[dropout]\ninput = 0.1\nhidden = 0.3\n\
    [train]\nlearning_rate = 0.1\nbatch_size = 64\nepochs = 3\n";

/// The same without dropout, and another shape.
const PLAIN: &str = "[data]\nsource = 'digits'\nsplit = { validation = 0.1, test = 0.2 }\n\
    [network]\nhidden = [8]\nactivation = 'relu'\n\
    [train]\nlearning_rate = 0.1\nbatch_size = 64\nepochs = 2\n";

/// The tutorial's network, for a moment.
const XOR: &str = "[data]\nsource = 'xor'\n[network]\nhidden = 4\nbias = false\n[dropout]\nhidden = 0.2\n\
    [train]\nlearning_rate = 10.0\nsteps = 200\n";

/// A regression on the table that comes along, which the folder has a copy of.
const CONCRETE: &str = "[data]\nsource = 'csv'\npath = 'concrete.csv'\ntarget = 'strength'\n\
    split = { validation = 0.1, test = 0.1 }\n[network]\nhidden = [16]\nactivation = 'relu'\n\
    [train]\noptimizer = 'adam'\nlearning_rate = 0.01\nbatch_size = 32\nepochs = 3\n";

/// A folder with the run `run`.
#[track_caller]
fn trained(config: &str) -> Folder {
    let folder = Folder::new();
    if config == CONCRETE {
        let table = repository().join("config/data/concrete.csv");
        folder.write("concrete.csv", std::fs::read(table).expect("the table"));
    }
    folder.train(config, "run");
    folder
}

fn text(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).expect("text")
}

/// The names of what is in a folder, sorted.
fn names_in(folder: &Folder, name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder.path(name)).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .collect();
    names.sort();
    names
}
