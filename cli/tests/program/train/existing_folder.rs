//! What is refused, and left as it was.

use std::fs;
use std::path::Path;

use super::DIGITS;
use crate::runs::{Place, Running, assert_has, bad, bytes, contents_of, files_of, good, resume};

#[test]
fn a_run_is_not_overwritten() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let run = place.path("run");
    let before = contents_of(&run);
    let errors = bad(&mut place.train_in("run"), 1);
    assert_has(&errors, &format!("{}: already holds a run;", run.display()));
    assert_has(&errors, &format!("`--resume {}`", run.display()));
    assert!(contents_of(&run) == before);
}

#[test]
fn a_folder_with_other_things_in_it_is_left_alone() {
    let place = Place::with(DIGITS);
    let folder = place.path("notes");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("diary.txt"), "dear").expect("a file");
    let errors = bad(&mut place.train_in("notes"), 1);
    assert_has(&errors, "expected an empty folder, found `diary.txt` in it");
    assert_eq!(files_of(&folder), ["diary.txt"]);
    let errors = bad(&mut place.train_in("notes/diary.txt"), 1);
    assert_has(&errors, "diary.txt: ");
    assert_eq!(bytes(folder.join("diary.txt")), b"dear");
}

#[test]
fn an_empty_folder_and_one_several_levels_down_are_taken() {
    let place = Place::with(DIGITS);
    fs::create_dir(place.path("empty")).expect("a folder");
    good(&mut place.train_in("empty"));
    good(&mut place.train_in("one/two/three"));
}

#[test]
fn resuming_what_is_no_run_is_an_error() {
    let place = Place::with(DIGITS);
    fs::create_dir(place.path("empty")).expect("a folder");
    for (name, expected) in [
        ("nowhere", "no such folder"),
        ("experiment.toml", "not a folder"),
        ("empty", "not a run: it has no `config.toml`"),
    ] {
        let path = place.path(name);
        let errors = bad(&mut resume(&path), 1);
        assert_has(&errors, &format!("{}: {expected}", path.display()));
        assert_has(&errors, "name the folder that `dropwise train --out` wrote");
    }
    assert!(files_of(&place.path("empty")).is_empty());
    assert!(!place.path("nowhere").exists());
}

#[test]
fn a_second_process_is_refused_while_the_first_trains() {
    let place = Place::with(DIGITS);
    let mut first = Running::start(place.train_in("run").args(["--set", "train.epochs=3_000"]));
    let run = place.path("run");
    first.wait_until(|| run.join("checkpoints").exists());
    let errors = bad(&mut resume(&run), 1);
    assert_has(&errors, &format!("in use by process {};", first.id()));
    let errors = bad(&mut place.train_in("run"), 1);
    assert_has(&errors, "already holds a run");
    assert!(first.is_alive());
    first.kill();
}

const TABLE: &str = "
    [data]
    source = 'csv'
    target = 'y'
    [network]
    hidden = [3]
    [train]
    learning_rate = 0.01
    batch_size = 4
    epochs = 20_000
";

#[test]
fn a_run_does_not_go_on_with_other_data() {
    let rows = |last: &str| format!("x,y\n1,2\n2,3\n3,5\n4,4\n5,7\n{last}\n");
    // Killed before its first checkpoint, and after it.
    for seconds in ["1000", "0"] {
        let place = Place::with(TABLE);
        let (table, run) = (place.path("table.csv"), place.path("run"));
        fs::write(&table, rows("6,6")).expect("a file");
        let path = format!("data.path='{}'", table.display());
        let mut train = place.train_in("run");
        train.args(["--set", &path, "--checkpoint-every", seconds]);
        let mut process = Running::start(&mut train);
        let checkpoints = if seconds == "0" { 2 } else { 0 };
        process.wait_until(|| {
            let found = files_of(&run)
                .iter()
                .filter(|name| name.ends_with(".ckpt"))
                .count();
            found >= checkpoints && !bytes_or_none(&run.join("metrics.jsonl")).is_empty()
        });
        process.kill();
        fs::write(&table, rows("6,60")).expect("a file");
        let errors = bad(&mut resume(&run), 1);
        assert_has(
            &errors,
            "the data differ from those that the run was started with",
        );
        assert_has(&errors, "restore the data, or start a new run");

        fs::write(&table, rows("6,6")).expect("a file");
        let mut process = Running::start(&mut resume(&run));
        let length = bytes_or_none(&run.join("metrics.jsonl")).len();
        process.wait_until(|| bytes_or_none(&run.join("metrics.jsonl")).len() > length);
    }
}

fn bytes_or_none(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}
