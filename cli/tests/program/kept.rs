//! Runs that the version before this one wrote: they are evaluated, used, resumed and reported as ever. `cli/tests/kept` has them, with
//! what that version answered.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::common::repository;
use crate::folder::{Folder, assert_near};

fn kept(name: &str) -> PathBuf {
    repository().join("cli/tests/kept").join(name)
}

/// A copy of all of it, whose configurations name the table by its place.
fn copied() -> Folder {
    let folder = Folder::new();
    copy(&kept(""), &folder.path(""));
    for run in ["run", "auto", "half"] {
        let config = folder.path(run).join("config.toml");
        let text = fs::read_to_string(&config).expect("a configuration");
        let table = folder.path("flowers.csv");
        let text = text.replace("@flowers.csv", table.to_str().expect("a plain path"));
        fs::write(&config, text).expect("a file");
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

#[test]
fn an_older_run_is_evaluated_to_the_same_numbers() {
    let folder = copied();
    for run in ["run", "auto"] {
        let text = fs::read(kept(&format!("{run}.json"))).expect("what it came to");
        let expected: Value = serde_json::from_slice(&text).expect("JSON");
        let found = folder.good(&["evaluate", run, "--json"]);
        let found: Value = serde_json::from_str(&found).expect("JSON");
        let expected = expected["metrics"].as_object().expect("metrics");
        for (metric, expected) in expected {
            let found = found["metrics"][metric].as_f64();
            let found = found.unwrap_or_else(|| panic!("{run}: {metric}"));
            assert_near(&[found], &[expected.as_f64().expect("a number")], 1e-5);
        }
    }
}

#[test]
fn an_older_run_predicts_what_it_predicted() {
    let folder = copied();
    for (run, input) in [("run", "unseen.csv"), ("auto", "boxes.csv")] {
        let found = folder.good(&["predict", run, "--input", input]);
        let expected = fs::read_to_string(kept(&format!("{run}.csv"))).expect("predictions");
        assert_eq!(found.lines().count(), expected.lines().count());
        for (found, expected) in found.lines().zip(expected.lines()) {
            match (found.parse(), expected.parse()) {
                (Ok(found), Ok(expected)) => assert_near(&[found], &[expected], 1e-5),
                _ => assert_eq!(found, expected),
            }
        }
    }
}

#[test]
fn an_older_run_that_was_interrupted_is_resumed_to_its_end() {
    let folder = copied();
    folder.good(&["train", "--resume", "half", "--quiet"]);
    let report: Value = serde_json::from_slice(&folder.read("half/report.json")).expect("JSON");
    assert_eq!(report["steps"], 8_000, "{report}");
    // The best network is one from before the interruption, which the checkpoint holds.
    assert_eq!(report["model_step"], 2_000, "{report}");
    let loss = report["train"]["loss"].as_f64().expect("a loss");
    assert_near(&[loss], &[0.187_329_81], 1e-5);
}

#[test]
fn an_older_run_is_reported() {
    let folder = copied();
    folder.good(&["report", "run", "--out", "page.html"]);
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert!(page.contains("Mlp 5-6-1"), "{page}");
}
