//! What a study finds and keeps.

use super::{DIGITS, SMALL, assert_same_study, trials_of, tune_in};
use crate::runs::{Place, assert_has, dropwise, good, json, json_lines, text};

#[test]
fn the_study_is_the_same_whatever_runs_at_once() {
    let place = Place::with(DIGITS);
    let said = good(&mut tune_in(&place, "one", &["--jobs", "1"])).out;
    good(&mut tune_in(&place, "three", &["--jobs", "3", "--quiet"]));
    let (one, three) = (place.path("one"), place.path("three"));
    assert_same_study(&three, &one);

    for part in [
        "Grow:",
        "Drop:",
        "Decide:",
        "On the test rows",
        "Recommended",
        "to train it: dropwise train ",
    ] {
        assert_has(&said, part);
    }
    // Another seed, another study.
    good(&mut tune_in(&place, "other", &["--seed", "6", "--quiet"]));
    assert_ne!(trials_of(&place.path("other")), trials_of(&one));
}

#[test]
fn both_searches_have_as_many_trials_and_test_rows_come_last() {
    let place = Place::with(DIGITS);
    good(&mut tune_in(&place, "study", &["--quiet"]));
    let trials = trials_of(&place.path("study"));
    let phases: Vec<&str> = trials
        .iter()
        .map(|trial| trial["phase"].as_str().expect("a word"))
        .collect();
    let count = |phase: &str| phases.iter().filter(|found| **found == phase).count();
    assert_eq!(count("grow") % 5, 0);
    assert_eq!((count("dropout"), count("no-dropout")), (6, 6));
    let last = phases.len() - 10;
    assert_eq!((count("dropout-test"), count("no-dropout-test")), (5, 5));
    assert!(phases[last..].iter().all(|phase| phase.ends_with("-test")));
    for (k, trial) in trials.iter().enumerate() {
        assert_eq!(trial.get("test").is_some(), k >= last, "{trial}");
    }
}

#[test]
fn the_best_configuration_trains_the_first_network_that_was_tested() {
    let place = Place::with(DIGITS);
    good(&mut tune_in(&place, "study", &["--quiet"]));
    let summary = json(place.path("study/tune.json"));
    let arms = summary["arms"].as_array().expect("an array");
    let best = arms
        .iter()
        .find(|arm| arm["arm"] == summary["recommended"])
        .expect("an arm");

    let mut train = dropwise(["train", "--quiet"]);
    train
        .arg(place.path("study/best.toml"))
        .arg("--out")
        .arg(place.path("run"));
    good(&mut train);
    let report = json(place.path("run/report.json"));
    assert_eq!(report["test"]["error_rate"], best["test"]["errors"][0]);
    let phase = format!("{}-test", summary["recommended"].as_str().expect("a word"));
    let trials = trials_of(&place.path("study"));
    let first = trials
        .iter()
        .find(|trial| trial["phase"] == phase.as_str())
        .expect("a trial");
    assert_eq!(report["test"], first["test"]);
    assert_eq!(
        report["train"]["rows"].as_u64().expect("a number")
            + report["test"]["rows"].as_u64().expect("a number"),
        1797
    );
}

#[test]
fn for_machines_there_is_a_line_for_each_trial_and_the_summary() {
    let place = Place::with(DIGITS);
    let said = good(&mut tune_in(&place, "study", &["--json"])).out;
    let mut lines = json_lines(&said);
    let summary = lines.pop().expect("a line");
    assert_eq!(summary, json(place.path("study/tune.json")));
    assert_eq!(
        lines.len(),
        text(place.path("study/study.jsonl")).lines().count()
    );
    assert_eq!(summary["measure"], "error rate");
    assert_eq!(summary["arms"][0]["arm"], "dropout");
    assert_eq!(summary["arms"][1]["arm"], "no-dropout");
}

#[test]
fn without_a_folder_the_configuration_is_printed() {
    let place = Place::with(DIGITS);
    let mut command = dropwise(["tune"]);
    command
        .arg(place.config())
        .args(SMALL)
        .args(["--set", "train.epochs=2"]);
    let said = good(&mut command).out;
    assert_has(&said, "[train]\n");
    assert_has(&said, "No width fits the training rows");
}

#[test]
fn no_trials_are_begun_after_the_budget_but_those_of_the_first_generation() {
    let place = Place::with(DIGITS);
    let mut command = dropwise(["tune", "--budget", "0s", "--quiet"]);
    command
        .arg(place.config())
        .arg("--out")
        .arg(place.path("study"));
    good(&mut command);
    let summary = json(place.path("study/tune.json"));
    assert_eq!(summary["grown"].as_array().expect("an array").len(), 1);
    for arm in summary["arms"].as_array().expect("an array") {
        assert_eq!(arm["trials"], 4);
    }
}

#[test]
fn a_regression_grows_until_one_hundredth_of_the_variance_is_left() {
    let mut table = "x,y\n".to_owned();
    for k in 0..60 {
        let x = f64::from(k) / 10.0;
        table += &format!("{x},{}\n", x.sin());
    }
    let config = r#"
        [data]
        source = "csv"
        path = "TABLE"
        target = "y"
        split = { validation = 0.2, test = 0.2 }
        [network]
        hidden = [4]
        activation = "tanh"
        [train]
        optimizer = "adam"
        learning_rate = 0.01
        batch_size = 10
        epochs = 200
    "#;
    let place = Place::with("");
    std::fs::write(place.path("table.csv"), table).expect("a file");
    let path = place.path("table.csv").display().to_string();
    std::fs::write(place.config(), config.replace("TABLE", &path)).expect("a file");
    good(&mut tune_in(&place, "study", &["--quiet"]));
    let summary = json(place.path("study/tune.json"));
    assert_eq!(summary["measure"], "RMSE");
    assert_eq!(summary["fits"], true);
    // The deviation of the sine's values is about 0.7.
    let grown = summary["grown"]
        .as_array()
        .expect("an array")
        .last()
        .expect("a width");
    assert!(grown["score"]["error"].as_f64().expect("a number") < 0.1 * 0.8);
    let setting = &summary["arms"][0]["setting"];
    assert!(
        setting.get("train.momentum").is_none(),
        "Adam has none: {setting}"
    );
}

#[test]
fn l1_and_beta2_are_searched_where_the_file_has_them() {
    let place = Place::with(
        &DIGITS
            .replace(
                "momentum = 0.9",
                "optimizer = \"adam\"\n l1 = 0.0003\n beta2 = 0.95",
            )
            .replace("learning_rate = 0.1", "learning_rate = 0.01"),
    );
    good(&mut tune_in(&place, "study", &["--quiet"]));
    let mut seen = std::collections::BTreeSet::new();
    for trial in trials_of(&place.path("study")) {
        let setting = &trial["setting"];
        let (l1, beta2) = (&setting["train.l1"], &setting["train.beta2"]);
        let (l1, beta2) = (l1.as_f64().expect("L1"), beta2.as_f64().expect("beta2"));
        assert!(
            (0.00003..=0.003).contains(&l1) && (0.9..=0.999).contains(&beta2),
            "{setting}"
        );
        seen.insert(format!("{l1} {beta2}"));
    }
    // The file's own while growing and in the advice, then others.
    assert!(seen.contains("0.0003 0.95") && seen.len() > 3, "{seen:?}");
    let best = text(place.path("study/best.toml"));
    assert!(
        best.contains("l1 = ") && best.contains("beta2 = "),
        "{best}"
    );
}
