//! An ensemble is one run and one model.

use crate::folder::{Folder, assert_near, cells};
use crate::runs::{Place, assert_has, bad, dropwise, good, json_lines};

const CONFIG: &str = r#"
    [data]
    source = "digits"
    split = { validation = 0.1, test = 0.1 }
    [network]
    hidden = [12]
    activation = "relu"
    [dropout]
    hidden = 0.2
    [train]
    optimizer = "adam"
    learning_rate = 0.01
    batch_size = 100
    epochs = 4
    ensemble = 3
"#;

/// A number for each row: noise that five columns explain in part.
fn table() -> String {
    let row = |k: i32| {
        let columns = [k * 7 % 11, k * 5 % 13, k * 3 % 17].map(|value| value.to_string());
        let target = f64::from(k * 7 % 11) * 0.5 + f64::from(k * k % 7);
        format!("{},{target}\n", columns.join(","))
    };
    std::iter::once("a,b,c,y\n".to_owned())
        .chain((0..60).map(row))
        .collect()
}

#[test]
fn members_are_shown_beside_their_mean() {
    let folder = Folder::new();
    folder.write("table.csv", table());
    let config = "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'y'\nsplit = { test = 0.2 }\n\
                  [network]\nhidden = [6]\nactivation = 'relu'\n\
                  [train]\noptimizer = 'adam'\nlearning_rate = 0.01\nepochs = 20\nensemble = 3\n";
    folder.train(config, "run");
    let csv = folder.good(&["predict", "run", "--input", "table.csv", "--members"]);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("prediction,member_1,member_2,member_3"));
    for line in lines {
        let numbers: Vec<f64> = cells(line)
            .iter()
            .map(|cell| cell.parse().expect("a number"))
            .collect();
        let mean = numbers[1..].iter().sum::<f64>() / 3.0;
        assert_near(&numbers[..1], &[mean], 1e-9);
        assert_ne!(numbers[1], numbers[2]);
    }
    // Without the flag there is the mean alone.
    let alone = folder.good(&["predict", "run", "--input", "table.csv"]);
    for (line, whole) in alone.lines().zip(csv.lines()) {
        assert_eq!(Some(line), whole.split(',').next());
    }
    let found = folder.good(&["evaluate", "run", "--members", "--json"]);
    let found = &json_lines(&found)[0];
    let members = found["members"].as_array().expect("members");
    assert_eq!(members.len(), 3);
    let loss = |metrics: &serde_json::Value| metrics["loss"].as_f64().expect("a loss");
    let mean = members.iter().map(loss).sum::<f64>() / 3.0;
    // A square is convex: the mean of predictions is better than predictions are on average.
    assert!(loss(&found["metrics"]) < mean);
    assert_has(
        &folder.good(&["evaluate", "run", "--members"]),
        "\nmember 3  RMSE ",
    );
    let report = folder.good(&["report", "run", "--terminal"]);
    assert_has(&report, "ensemble of 3");
    // The file is computed and compared with what the ensemble answers.
    let saved = folder.good(&["export", "run", "--out", "run.onnx"]);
    assert_has(&saved, "of the network");
}

#[test]
fn a_member_is_the_run_with_its_seed() {
    let place = Place::with(CONFIG);
    good(&mut place.train_in("run"));
    // The data are split by a seed of their own, so that the other run has the same rows.
    let split = "data.split={ validation = 0.1, test = 0.1, seed = 42 }";
    let more = ["--set", split, "--set", "train.ensemble=1", "--seed", "44"];
    good(place.train_in("alone").args(more));
    let evaluate = |run: &str| {
        let mut evaluate = dropwise(["evaluate"]);
        evaluate
            .arg(place.path(run))
            .args(["--members", "--json", "--model", "last"]);
        json_lines(&good(&mut evaluate).out)[0].clone()
    };
    let loss = |metrics: &serde_json::Value| metrics["loss"].as_f64().expect("a loss");
    let (member, alone) = (
        loss(&evaluate("run")["members"][2]),
        loss(&evaluate("alone")["metrics"]),
    );
    assert!((member - alone).abs() < 1e-4 * alone, "{member} {alone}");
}

const FOLDS: [(&str, &str); 2] = [
    ("validation = 0.1, ", ""),
    (
        "ensemble = 3",
        "ensemble = 3\ncross_validation = 3\nselect = \"error_rate\"",
    ),
];

fn with_folds() -> String {
    let change = |text: String, (from, to): &(&str, &str)| text.replacen(from, to, 1);
    FOLDS.iter().fold(CONFIG.to_owned(), change)
}

#[test]
fn members_with_folds_are_judged_on_all_training_rows_and_the_best_is_kept() {
    let place = Place::with(&with_folds());
    let said = good(&mut place.train_in("run"));
    assert!(said.errors.is_empty(), "{}", said.errors);
    assert_has(&said.out, "\nleft out      1617 rows  loss ");
    let report = std::fs::read_to_string(place.path("run/report.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["cross_validation"], 3);
    assert_eq!(report["model"], "best");
    assert_eq!(report["validation"]["rows"], 1617);
    // Rows that were not trained on are harder.
    let loss = |split: &str| report[split]["loss"].as_f64().expect("a loss");
    assert!(loss("validation") > loss("train"));
    let lines = std::fs::read_to_string(place.path("run/metrics.jsonl")).expect("metrics");
    let judged = json_lines(&lines)
        .into_iter()
        .filter(|line| line["split"] == "validation");
    let best: Vec<f64> = judged
        .filter(|line| line["best"] == true)
        .map(|line| line["error_rate"].as_f64().expect("a rate"))
        .collect();
    assert_eq!(
        best.last(),
        report["validation"]["error_rate"].as_f64().as_ref()
    );
    // Validation rows of the command line take the place of folds.
    let more = [
        "--set",
        "data.split.validation=0.1",
        "--set",
        "train.ensemble=1",
    ];
    let said = good(place.train_in("alone").args(more));
    assert_has(
        &said.errors,
        "`data.split.validation` of the command line takes the place of the file's `train.cross_validation`",
    );
    assert_has(&said.out, "\nvalidation     ");
}

#[test]
fn a_study_and_a_search_measure_on_the_folds_of_an_ensemble() {
    let place = Place::with(&with_folds());
    let words = "warning: `train.cross_validation` is left out: each network is measured on one of 3 folds, which it is not trained on";
    let mut study = dropwise(["study"]);
    study.arg(place.config()).arg("--json");
    let said = good(&mut study);
    assert_has(&said.errors, words);
    let summary = json_lines(&said.out).pop().expect("a summary");
    assert_eq!(summary["cross_validation"], 3);
    let mut tune = dropwise(["tune"]);
    tune.arg(place.config())
        .args([
            "--trials",
            "2",
            "--max-width",
            "16",
            "--set",
            "train.epochs=1",
            "--out",
        ])
        .arg(place.path("tuned"));
    assert_has(&good(&mut tune).errors, words);
}

#[test]
fn what_an_ensemble_cannot_have_is_refused() {
    let refused = |from: &str, to: &str, expected: &str| {
        let place = Place::with(&CONFIG.replacen(from, to, 1));
        assert_has(&bad(&mut place.train(), 1), expected);
    };
    refused("ensemble = 3", "ensemble = 0", "train.ensemble");
    refused(
        "ensemble = 3",
        "ensemble = 3\ncross_validation = 3",
        "train.cross_validation: expected none with validation rows",
    );
    refused(
        "hidden = 0.2",
        "hidden = 0.2\nmasks = 'framework'",
        "dropout.masks",
    );
}
