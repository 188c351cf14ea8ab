//! The command as a process: what it keeps, goes on with, splits and puts together.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{OWN, OWN_NETWORKS, outcomes_in, reproduce, without_seconds};
use crate::runs::{
    Place, assert_has, bad, bytes, dropwise, files_of, good, json, json_lines, text,
};

/// What its networks see is drawn from their models.
const AUTOENCODER: &str = r#"
title = "Digits by themselves"
source = "nobody"
measure = "activity"
seeds = 1

[experiment]
data = { source = "digits", autoencoder = true, split = { test = 0.3 } }
network = { hidden = [12], activation = "relu" }
train = { learning_rate = 0.1, batch_size = 50, epochs = 1 }

[[rows]]
name = "own"
method = "An autoencoder"
"#;

/// A folder, `whole`, with a run of OWN that nothing disturbed.
fn whole(config: &str) -> Place {
    let place = Place::with(config);
    good(&mut reproduce(&place, "whole", &["--quiet"]));
    place
}

fn networks(folder: &Path) -> Vec<String> {
    outcomes_in(folder).into_keys().collect()
}

/// Asserts that two folders came to the same, but for the times.
#[track_caller]
fn assert_same(found: &Path, expected: &Path) {
    assert_eq!(outcomes_in(found), outcomes_in(expected));
    let summary = |folder: &Path| without_seconds(json(folder.join("summary.json")));
    assert_eq!(summary(found), summary(expected));
    for name in ["paper.toml", "figure.svg"] {
        assert_eq!(text(found.join(name)), text(expected.join(name)), "{name}");
    }
    for name in networks(expected) {
        for file in ["config.toml", "metrics.jsonl", "last.safetensors"] {
            let of = |folder: &Path| bytes(folder.join("runs").join(&name).join(file));
            assert!(of(found) == of(expected), "{name}/{file} differs");
        }
    }
}

#[test]
fn the_folder_has_the_experiment_its_summary_table_and_figure_and_every_run() {
    let place = whole(OWN);
    let folder = place.path("whole");
    assert_eq!(
        files_of(&folder),
        [
            "figure.svg",
            "lock",
            "paper.toml",
            "runs",
            "summary.json",
            "table.md"
        ]
    );
    assert_eq!(networks(&folder), OWN_NETWORKS);
    let kept = text(folder.join("paper.toml"));
    assert_eq!(
        kept,
        format!("# dropwise reproduce experiment.toml\n\n{OWN}")
    );
    let table = text(folder.join("table.md"));
    for part in [
        "# Digits, two ways\n",
        "| One epoch | 99.00 | ",
        "## Chosen on validation rows",
        "- ok more epochs improve",
    ] {
        assert_has(&table, part);
    }
    let figure = text(folder.join("figure.svg"));
    assert!(figure.starts_with("<svg ") && figure.ends_with("</svg>\n"));
    assert_has(&figure, "Dropout, six epochs");
}

#[test]
fn every_network_is_a_run_that_other_commands_take() {
    let place = whole(OWN);
    for name in OWN_NETWORKS {
        let run = place.path("whole/runs").join(name);
        let mut report = dropwise(["report", "--out"]);
        good(report.arg(place.path("report.html")).arg(&run));
        let mut evaluate = dropwise(["evaluate", "--json"]);
        let said = good(evaluate.arg(&run)).out;
        if !name.contains("candidate") {
            let said: Value = serde_json::from_str(&said).expect("JSON");
            assert_eq!(said["split"], "test");
            let found = json(run.join("outcome.json"));
            assert_eq!(found["measured"]["metrics"], said["metrics"], "{name}");
            let percent = 100.0 * said["metrics"]["error_rate"].as_f64().expect("a number");
            assert_eq!(found["measured"]["value"], percent);
        }
    }
}

#[test]
fn who_chooses_never_sees_test_rows() {
    let place = whole(OWN);
    for name in OWN_NETWORKS {
        let run = place.path("whole/runs").join(name);
        let report = json(run.join("report.json"));
        let is_candidate = name.contains("candidate");
        assert_eq!(report.get("test").is_none(), is_candidate, "{name}");
        assert_eq!(report.get("validation").is_some(), is_candidate, "{name}");
        assert!(
            !text(run.join("metrics.jsonl")).contains("\"test\""),
            "{name}"
        );
        let rows = |part: &str| report[part]["rows"].as_u64().unwrap_or(0);
        let of_training = rows("train") + rows("validation");
        assert_eq!(of_training, 539, "{name}: all rows but those of the test");
        let found = json(run.join("outcome.json"));
        let expected = &report[if is_candidate { "validation" } else { "test" }];
        let expected = &expected["error_rate"];
        assert_eq!(
            found["measured"]["metrics"]["error_rate"], *expected,
            "{name}"
        );
        assert_eq!(found["measured"]["value"].is_null(), is_candidate, "{name}");
    }
}

#[test]
fn the_same_command_comes_to_the_same_whatever_runs_at_once() {
    let place = whole(OWN);
    good(&mut reproduce(&place, "one", &["--quiet", "--jobs", "1"]));
    good(&mut reproduce(&place, "three", &["--quiet", "--jobs", "3"]));
    assert_same(&place.path("one"), &place.path("whole"));
    assert_same(&place.path("three"), &place.path("whole"));
}

#[test]
fn parts_put_together_come_to_the_same_as_the_whole() {
    let place = whole(OWN);
    let parts: [(&str, &[&str], &[&str]); 3] = [
        ("brief", &["--rows", "brief"], &OWN_NETWORKS[..2]),
        (
            "first",
            &["--rows", "dropout", "--seeds", "1..1"],
            &OWN_NETWORKS[2..5],
        ),
        (
            "second",
            &["--rows", "dropout", "--seeds", "2..2"],
            &[
                "dropout/candidate-1-seed-1",
                "dropout/candidate-2-seed-1",
                "dropout/seed-2",
            ],
        ),
    ];
    for (part, flags, expected) in parts {
        good(&mut reproduce(
            &place,
            part,
            &[flags, &["--quiet"]].concat(),
        ));
        assert_eq!(networks(&place.path(part)), expected);
        let claims = &json(place.path(part).join("summary.json"))["claims"];
        assert_eq!(claims[0]["holds"], "unknown");
    }
    let dir = |part: &str| place.path(part).display().to_string();
    let merge = [
        "--quiet",
        "--merge",
        &dir("second"),
        &dir("brief"),
        "--merge",
        &dir("first"),
    ];
    good(&mut reproduce(&place, "merged", &merge));
    assert_same(&place.path("merged"), &place.path("whole"));
    // A part takes in another one, and one that is there already.
    let merge = [
        "--quiet",
        "--resume",
        "--merge",
        &dir("second"),
        &dir("brief"),
        &dir("first"),
    ];
    good(&mut reproduce(&place, "first", &merge));
    assert_same(&place.path("first"), &place.path("whole"));
}

/// Every seed of a row is an item; a row with values to choose is one item, so that they are chosen once.
#[test]
fn each_item_of_the_list_is_run_by_one_part() {
    let place = whole(OWN);
    let listed = good(&mut reproduce(&place, "nothing", &["--list-json"])).out;
    let listed: serde_json::Value = serde_json::from_str(&listed).expect("a list");
    let expected = serde_json::json!([
        {"part": "1/3", "row": "brief", "from_seed": 1, "to_seed": 1},
        {"part": "2/3", "row": "brief", "from_seed": 2, "to_seed": 2},
        {"part": "3/3", "row": "dropout", "from_seed": 1, "to_seed": 2},
    ]);
    assert_eq!(listed, expected);
    assert!(!place.path("nothing").exists());

    for (part, networks_of_part) in [
        ("1/3", &OWN_NETWORKS[..1]),
        ("2/3", &OWN_NETWORKS[1..2]),
        ("3/3", &OWN_NETWORKS[2..]),
    ] {
        let folder = format!("part-{}", &part[..1]);
        // An engine may start it twice.
        for _ in 0..2 {
            good(&mut reproduce(
                &place,
                &folder,
                &["--quiet", "--part", part],
            ));
        }
        assert_eq!(networks(&place.path(&folder)), networks_of_part);
    }
    let dir = |k: usize| place.path(&format!("part-{k}")).display().to_string();
    let merge = ["--quiet", "--merge", &dir(1), &dir(2), &dir(3)];
    good(&mut reproduce(&place, "merged", &merge));
    assert_same(&place.path("merged"), &place.path("whole"));
}

#[test]
fn what_lacks_an_item_is_not_merged() {
    let place = Place::with(OWN);
    good(&mut reproduce(
        &place,
        "part-2",
        &["--quiet", "--part", "2/3"],
    ));
    let part = place.path("part-2").display().to_string();
    let errors = bad(&mut reproduce(&place, "merged", &["--merge", &part]), 1);
    let expected = "--merge: expected folders with all 3 items that --list-json lists, found 1; missing are 1, 3: run their parts to the end";
    assert_has(&errors, expected);
    assert!(!place.path("merged").exists());
    let asked = [
        "--quiet", "--merge", &part, "--rows", "brief", "--seeds", "2..2",
    ];
    good(&mut reproduce(&place, "merged", &asked));
}

#[test]
fn splits_of_uci_are_merged_to_what_one_process_writes() {
    let place = Place::with("");
    let uci = |folder: &str, more: &[&str]| {
        let mut command = dropwise(["reproduce", "uci", "--quick", "--quiet"]);
        command.args(["--set", "epochs=2", "--set", "rates=[0.05]"]);
        command.arg("--out").arg(place.path(folder)).args(more);
        command
    };
    let path = |folder: &str| place.path(folder).display().to_string();
    good(&mut uci("whole", &[]));
    good(&mut uci("one", &["--part", "1/2"]));
    let merge = ["--merge", &path("one")];
    let errors = bad(&mut uci("merged", &merge), 1);
    assert_has(&errors, "found 1; missing are 2: run their parts");
    let others = [&merge[..], &["--set", "epochs=3"]].concat();
    assert_has(
        &bad(&mut uci("merged", &others), 1),
        "begun with another experiment",
    );
    assert!(!place.path("merged").exists());
    good(&mut uci("two", &["--part", "2/2"]));
    good(&mut uci(
        "merged",
        &[&merge[..], &["--merge", &path("two")]].concat(),
    ));
    for file in ["table.md", "summary.json", "paper.toml"] {
        let of = |folder: &str| text(place.path(folder).join(file));
        assert_eq!(of("merged"), of("whole"), "{file}");
    }
}

#[test]
fn a_folder_that_another_process_trains_in_is_left_alone() {
    let place = whole(OWN);
    let holder = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(place.path("whole/lock"))
        .expect("a lock");
    holder.lock().expect("nobody else has it");
    let errors = bad(&mut reproduce(&place, "whole", &["--resume"]), 1);
    assert_has(&errors, "in use");
}

#[test]
fn a_run_that_has_ended_takes_the_place_of_one_that_was_not_ended() {
    let place = whole(OWN);
    good(&mut reproduce(&place, "part", &["--quiet"]));
    let run = place.path("part/runs/dropout/seed-2");
    for name in ["outcome.json", "last.safetensors", "report.json"] {
        fs::remove_file(run.join(name)).expect("a file");
    }
    let part = place.path("whole").display().to_string();
    good(&mut reproduce(
        &place,
        "part",
        &["--quiet", "--resume", "--merge", &part],
    ));
    assert_same(&place.path("part"), &place.path("whole"));
}

#[test]
fn outcomes_are_merged_without_their_models_though_what_these_would_show_is_not_drawn() {
    let place = whole(AUTOENCODER);
    assert!(place.path("whole/figure.svg").exists());
    fs::remove_file(place.path("whole/runs/own/seed-1/last.safetensors")).expect("a model");
    let part = place.path("whole").display().to_string();
    let ended = good(&mut reproduce(
        &place,
        "merged",
        &["--quiet", "--merge", &part],
    ));
    let run = place.path("merged/runs/own/seed-1");
    let expected = "no figure: it needs the trained networks, and RUN holds no model\n";
    assert_eq!(
        ended.errors,
        expected.replace("RUN", &run.display().to_string())
    );
    assert_eq!(
        outcomes_in(&place.path("merged")),
        outcomes_in(&place.path("whole"))
    );
    assert!(!place.path("merged/figure.svg").exists());
}

#[test]
fn for_machines_there_is_a_line_for_each_network_and_the_summary_last() {
    let place = Place::with(OWN);
    let ended = good(&mut reproduce(&place, "out", &["--json"]));
    assert_eq!(ended.errors, "");
    let mut lines = json_lines(&ended.out);
    let summary = lines.pop().expect("a line");
    assert_eq!(summary, json(place.path("out/summary.json")));
    let mut found = BTreeMap::new();
    for mut line in lines {
        let run = line.as_object_mut().and_then(|line| line.remove("run"));
        let name = run
            .and_then(|name| name.as_str().map(str::to_owned))
            .expect("a name");
        assert!(found.insert(name, line).is_none(), "a line a network");
    }
    let names: Vec<&String> = found.keys().collect();
    assert_eq!(names, OWN_NETWORKS);
    for (name, line) in found {
        let kept = json(place.path("out/runs").join(&name).join("outcome.json"));
        assert_eq!(line, kept, "{name}");
    }
}

#[test]
fn what_was_missed_or_refuted_is_exit_status_1_and_all_is_kept() {
    for (from, to, expected) in [
        ("published = 99", "published = 1", "missed: "),
        (
            "less = \"dropout\"\nmore = \"brief\"",
            "less = \"brief\"\nmore = \"dropout\"",
            "- no more epochs improve: does not hold",
        ),
    ] {
        assert!(OWN.contains(from));
        let place = Place::with(&OWN.replace(from, to));
        let said = bad(&mut reproduce(&place, "out", &["--quiet"]), 1);
        assert_eq!(said, "");
        assert_has(&text(place.path("out/table.md")), expected);
        assert_eq!(networks(&place.path("out")), OWN_NETWORKS);
    }
}

#[test]
fn a_network_that_diverges_is_an_outcome() {
    let config = OWN.replace("[0.001, 0.1]", "[1e30, 0.1]");
    let place = whole(&config);
    let candidates = &json(place.path("whole/summary.json"))["rows"][1]["candidates"];
    assert_eq!(candidates[0]["score"], Value::Null);
    assert_eq!(candidates[1]["is_chosen"], true);
    // It is not tried again.
    let said = good(&mut reproduce(&place, "whole", &["--resume", "--json"])).out;
    assert_eq!(json_lines(&said).len(), 1);
    let place = Place::with(&OWN.replace("[0.001, 0.1]", "[1e30, 1e31]"));
    let errors = bad(&mut reproduce(&place, "out", &["--quiet"]), 1);
    assert_has(
        &errors,
        "error: row `dropout`: the values to choose among: expected one with which training does not diverge",
    );
}

#[test]
fn people_see_each_network_and_then_the_table() {
    let place = Place::with(OWN);
    let out = good(&mut reproduce(&place, "out", &[])).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "Digits, two ways (nobody)");
    let folder = format!("saved in {}", place.path("out").display());
    assert_eq!(lines[1], folder);
    assert_eq!(lines.last(), Some(&&*folder));
    for name in OWN_NETWORKS {
        let named = lines
            .iter()
            .filter(|line| line.starts_with(&format!("{name} ")));
        assert_eq!(named.count(), 1, "{name}");
    }
    let networks: Vec<&&str> = lines[2..8].iter().collect();
    // Test errors are of networks that are measured alone, after all that choose.
    assert!(
        networks[..2]
            .iter()
            .all(|line| line.contains("validation error rate 0."))
    );
    assert!(
        networks[2..]
            .iter()
            .all(|line| line.contains("test error, % "))
    );
}

#[cfg(unix)]
mod stopped {
    use std::process::Command;

    use super::*;
    use crate::runs::{Running, signal};

    /// Long enough to be stopped in the middle.
    fn longer() -> String {
        OWN.replace("epochs = 6", "epochs = 150")
            .replace("train.epochs = 4", "train.epochs = 150")
    }

    fn started(place: &Place, first: bool) -> Command {
        let more: &[&str] = if first {
            &["--quiet"]
        } else {
            &["--quiet", "--resume"]
        };
        reproduce(place, "stopped", more)
    }

    #[test]
    fn a_killed_run_goes_on_to_the_same_end() {
        let place = whole(&longer());
        let stopped = place.path("stopped");
        let ended = || networks(&stopped).len();
        let mut in_the_middle = 0;
        for part in 0..3 {
            let mut process = Running::start(&mut started(&place, part == 0));
            // After so many networks, with another one under way.
            process.wait_until(|| ended() >= 2 * part && has_more_runs(&stopped, 2 * part));
            process.kill();
            in_the_middle += usize::from(ended() < OWN_NETWORKS.len());
        }
        assert!(in_the_middle > 1, "it was killed too late");
        assert!(!stopped.join("summary.json").exists());
        good(&mut started(&place, false));
        assert_same(&stopped, &place.path("whole"));
    }

    /// Whether more networks have been begun.
    fn has_more_runs(folder: &Path, count: usize) -> bool {
        let begun = |name: &&&str| folder.join("runs").join(name).join("trail.jsonl").exists();
        OWN_NETWORKS.iter().filter(begun).count() > count
    }

    #[test]
    fn an_interrupted_run_says_how_to_go_on_and_goes_on_in_the_middle_of_a_network() {
        let place = whole(&longer());
        let stopped = place.path("stopped");
        let mut process = Running::start(&mut started(&place, true));
        process.wait_until(|| !networks(&stopped).is_empty());
        signal(&mut process, "-INT");
        let ended = process.end();
        assert_eq!(ended.status, Some(130), "{}", ended.errors);
        assert_eq!(
            ended.errors,
            "interrupted: the same command with --resume continues\n"
        );
        let before = networks(&stopped).len();
        assert!((1..OWN_NETWORKS.len()).contains(&before), "{before}");
        let summary = json(stopped.join("summary.json"));
        assert_eq!(summary["claims"][0]["holds"], "unknown");
        good(&mut started(&place, false));
        assert_same(&stopped, &place.path("whole"));
    }
}
