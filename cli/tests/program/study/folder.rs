//! What `--out` keeps.

use super::{DIGITS, XOR, study, study_in};
use crate::runs::{
    Place, Running, assert_has, bad, bytes, contents_of, dropwise, files_of, good, json,
    json_lines, signal, text,
};

const VARY: [&str; 4] = [
    "--vary",
    "network.hidden=4,[3,2]",
    "--vary",
    "dropout.hidden=0,0.5",
];

#[test]
fn a_folder_has_configuration_networks_summary_table_and_figure() {
    let place = Place::with(XOR);
    good(&mut study_in(&place, "study", &VARY));
    let folder = place.path("study");
    let expected = [
        "lock",
        "study.json",
        "study.jsonl",
        "study.svg",
        "study.toml",
        "table.md",
    ];
    assert_eq!(files_of(&folder), expected);

    let lines = json_lines(&text(folder.join("study.jsonl")));
    let seeds: Vec<_> = lines.iter().map(|line| line["seed"].as_u64()).collect();
    assert_eq!(seeds, [Some(7), Some(8), Some(9)].repeat(4));
    assert_eq!(lines[3]["setting"]["dropout.hidden"], 0.5);
    assert_eq!(
        lines[6]["setting"]["network.hidden"],
        serde_json::json!([3, 2])
    );

    let summary = json(folder.join("study.json"));
    assert_eq!(
        summary["keys"],
        serde_json::json!(["network.hidden", "dropout.hidden"])
    );
    assert_eq!(summary["end"], "finished");
    assert_eq!(summary["measure"], "mean_absolute_error");
    let settings = summary["settings"].as_array().expect("settings");
    assert_eq!(settings.len(), 4);
    for (setting, lines) in settings.iter().zip(lines.chunks(3)) {
        let errors = lines
            .iter()
            .map(|line| line["metrics"]["mean_absolute_error"].as_f64());
        let mean = errors.map(|error| error.expect("a number")).sum::<f64>() / 3.0;
        let found = setting["error"]["mean"].as_f64().expect("a number");
        assert!((found - mean).abs() < 1e-15);
        assert_eq!(setting["setting"], lines[0]["setting"]);
    }
}

#[test]
fn the_table_and_the_figure_show_every_setting() {
    let place = Place::with(XOR);
    good(&mut study_in(&place, "study", &VARY));
    let table = text(place.path("study/table.md"));
    let lines: Vec<&str> = table.lines().collect();
    let titles = "| network.hidden | dropout.hidden | solved [95 %] | mean absolute error [95 %] | deviation \
                  | quartiles |";
    assert_eq!(lines[0], titles);
    assert_eq!(lines[1], "|---:|---:|---:|---:|---:|---:|");
    assert!(
        lines[3].starts_with("| 4 | 0.5 | 0.000 [0.000, 0.561] | "),
        "{table}"
    );
    assert!(lines[4].starts_with("| [3,2] | 0 | "), "{table}");
    assert_has(&table, "3 networks a row, seeds 7 to 9");

    let figure = text(place.path("study/study.svg"));
    assert!(figure.starts_with("<svg ") && figure.ends_with("</svg>\n"));
    for part in [
        "[3,2], 0.5",
        "mean absolute error",
        "network.hidden, dropout.hidden",
        "<title",
        "0.0 %",
    ] {
        assert_has(&figure, part);
    }
    assert_eq!(figure.matches("<circle").count(), 12, "a dot a network");
}

#[test]
fn the_same_study_keeps_the_same_bytes_but_for_the_times() {
    let place = Place::with(XOR);
    for folder in ["one", "two"] {
        good(&mut study_in(
            &place,
            folder,
            &["--vary", "dropout.hidden=0,0.5"],
        ));
    }
    let of = |folder: &str| {
        let mut contents = contents_of(&place.path(folder));
        contents.retain(|(name, _)| name != "study.json");
        contents
    };
    assert_eq!(of("one").len(), 4);
    assert!(of("one") == of("two"));
    good(&mut study_in(
        &place,
        "three",
        &["--vary", "dropout.hidden=0,0.5", "--seed", "8"],
    ));
    let lines = |folder: &str| bytes(place.path(folder).join("study.jsonl"));
    assert_ne!(lines("one"), lines("three"));
}

#[test]
fn a_setting_is_the_same_whichever_others_there_are_and_however_many_networks() {
    let place = Place::with(XOR);
    let lines = |more: &[&str]| json_lines(&good(study(&place, more).arg("--json")).out);
    let both = lines(&["--vary", "dropout.hidden=0,0.5"]);
    let one = lines(&["--vary", "dropout.hidden=0.5", "--replicas", "2"]);
    assert_eq!(both[3]["setting"], one[0]["setting"]);
    assert_eq!(both[3..5], one[..2]);
}

#[test]
fn the_kept_configuration_makes_the_study_again() {
    let place = Place::with(DIGITS);
    good(&mut study_in(
        &place,
        "one",
        &["--replicas", "2", "--seed", "11"],
    ));
    let mut again = dropwise(["study"]);
    again.arg(place.path("one/study.toml"));
    good(again.arg("--out").arg(place.path("two")));
    for name in ["study.toml", "study.jsonl", "table.md", "study.svg"] {
        let of = |folder: &str| bytes(place.path(folder).join(name));
        assert!(of("one") == of("two"), "{name}");
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let place = Place::with(XOR);
    good(&mut study_in(&place, "study", &[]));
    let before = contents_of(&place.path("study"));
    assert_has(
        &bad(&mut study_in(&place, "study", &[]), 1),
        "already holds a study",
    );
    assert!(contents_of(&place.path("study")) == before);
    std::fs::create_dir(place.path("notes")).expect("a folder");
    std::fs::write(place.path("notes/diary.txt"), "dear").expect("a file");
    let errors = bad(&mut study_in(&place, "notes", &[]), 1);
    assert_has(&errors, "expected an empty folder, found `diary.txt` in it");
}

/// A study is not a run: there is nothing to go on with, and no model in it.
#[test]
fn a_study_is_not_taken_for_a_run() {
    let place = Place::with(XOR);
    good(&mut study_in(&place, "study", &[]));
    let errors = bad(dropwise(["train", "--resume"]).arg(place.path("study")), 1);
    assert_has(&errors, "not a run");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_the_settings_that_are_finished() {
    let place = Place::with(XOR);
    let more = ["--vary", "train.steps=100,1000000000"];
    let mut running = Running::start(&mut study_in(&place, "study", &more));
    running.wait_until(|| place.path("study/study.jsonl").exists());
    signal(&mut running, "-INT");
    let ended = running.end();
    assert_eq!(ended.status, Some(130), "{}", ended.errors);
    assert_has(&ended.errors, "interrupted: 1 of 2 settings are finished");
    let summary = json(place.path("study/study.json"));
    assert_eq!(summary["end"], "interrupted");
    assert_eq!(summary["settings"].as_array().expect("settings").len(), 1);
    assert_eq!(json_lines(&text(place.path("study/study.jsonl"))).len(), 3);
    assert_has(&text(place.path("study/table.md")), "| 100 | ");
}
