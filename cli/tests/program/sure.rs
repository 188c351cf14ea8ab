//! How sure a network is: samples, intervals and what they come to, as a process.

use serde_json::Value;

use crate::folder::{Folder, cells};

/// Numbers with noise that grows with the first input: `y = 3 x + z^2 + noise`.
pub fn numbers() -> String {
    let mut state = 12_345_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5
    };
    let mut table = "x,z,side,y\n".to_owned();
    for row in 0..400 {
        let (x, z) = (2.0 * next(), 2.0 * next());
        let noise = (1.0 + x) * (next() + next() + next());
        let side = if row % 3 == 0 { "left" } else { "right" };
        table += &format!(
            "{x:.4},{z:.4},{side},{:.4}\n",
            10.0 + 3.0 * x + z * z + noise
        );
    }
    table
}

const CONFIG: &str = r#"
[data]
source = "csv"
path = "rows.csv"
target = "y"

[data.split]
test = 0.25

[network]
hidden = [30]
activation = "relu"

[dropout]
hidden = 0.1

[train]
optimizer = "adam"
learning_rate = 0.02
epochs = 20
batch_size = 32
"#;

fn trained() -> Folder {
    Folder::trained("rows.csv", numbers(), CONFIG)
}

/// The same rows as classes, low, middling and high.
fn classes(config: &str) -> Folder {
    let numbers = numbers();
    let row = |line: &str| {
        let (inputs, y) = line.rsplit_once(',').expect("a column");
        let class = match y.parse::<f64>() {
            Ok(y) if y < 9.0 => "low",
            Ok(y) if y < 12.0 => "middling",
            Ok(_) => "high",
            Err(_) => "y",
        };
        format!("{inputs},{class}\n")
    };
    let table: String = numbers.lines().map(row).collect();
    Folder::trained("rows.csv", table, config)
}

fn column(lines: &[String], name: &str) -> Vec<f64> {
    let place = cells(&lines[0]).iter().position(|cell| *cell == name);
    let place = place.unwrap_or_else(|| panic!("no column {name}: {}", lines[0]));
    let number = |line: &String| cells(line)[place].parse().expect("a number");
    lines[1..].iter().map(number).collect()
}

const ROWS: &str = "x,z,side\n0.1,0.2,left\n-0.9,0.5,right\n0.9,-0.9,left\n";

#[test]
fn samples_give_a_deviation_that_a_seed_repeats_whatever_the_rows_beside_it() {
    let folder = trained();
    let all = folder.predict(ROWS, &["--samples"]);
    assert_eq!(all[0], "prediction,std");
    assert!(column(&all, "std").iter().all(|std| *std > 0.0));
    assert_eq!(folder.predict(ROWS, &["--samples", "100"]), all);
    let last = folder.predict("x,z,side\n0.9,-0.9,left\n", &["--samples"]);
    let near = |found: f64, expected: f64| (found - expected).abs() < 1e-4;
    assert!(near(column(&last, "std")[0], column(&all, "std")[2]));
    let other = folder.predict(ROWS, &["--samples", "--sample-seed", "5"]);
    assert_ne!(other, all);
    // The average is near what the network says with dropout off, within some standard errors.
    let off = folder.predict(ROWS, &[]);
    for row in 0..3 {
        let (mean, std) = (column(&all, "prediction")[row], column(&all, "std")[row]);
        let off = column(&off, "prediction")[row];
        assert!((mean - off).abs() < 5.0 * std / 10.0 + 0.1, "{mean} {off}");
    }
    let lines = folder.predict(ROWS, &["--samples", "--format", "csv"]);
    assert_eq!(lines, all);
    let object = "{\"x\":0.9,\"z\":-0.9,\"side\":\"left\"}\n";
    let line = folder.predict(object, &["--samples", "--format", "jsonl"]);
    let line: Value = serde_json::from_str(&line[0]).expect("JSON");
    assert!(near(
        line["std"].as_f64().expect("std"),
        column(&all, "std")[2]
    ));
}

#[test]
fn samples_of_classes_give_probabilities_entropy_and_mutual_information() {
    let folder = classes(CONFIG);
    let all = folder.predict(ROWS, &["--samples", "40"]);
    assert_eq!(
        all[0],
        "prediction,high,low,middling,entropy,mutual_information"
    );
    for row in 0..3 {
        let p = ["high", "low", "middling"].map(|class| column(&all, class)[row]);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let entropy: f64 = p.iter().map(|p| -p * p.ln()).sum();
        let [found, information] =
            ["entropy", "mutual_information"].map(|name| column(&all, name)[row]);
        assert!((found - entropy).abs() < 1e-9);
        assert!(information > 0.0 && information < entropy);
    }
}

#[test]
fn samples_of_nothing_are_refused_in_a_sentence() {
    let folder = trained();
    folder.write("rows-in.csv", ROWS);
    let predict = |more: &[&str]| {
        let errors = folder.bad(&[&["predict", "run", "--input", "rows-in.csv"], more].concat());
        errors.trim_end().to_owned()
    };
    assert_eq!(
        predict(&["--samples", "0"]),
        "error: --samples: expected at least 2, so that there is a spread, found 0"
    );
    folder.train(&CONFIG.replace("hidden = 0.1", "hidden = 0"), "plain");
    let errors = folder.bad(&["predict", "plain", "--input", "rows-in.csv", "--samples"]);
    assert_eq!(
        errors.trim_end(),
        "error: --samples: expected a network with dropout, whose thinned networks would be asked (without --samples intervals \
         still hold), found one without"
    );
}

#[test]
fn intervals_are_made_by_rows_of_their_own_which_the_run_keeps() {
    let folder = Folder::new();
    folder.write("rows.csv", numbers());
    let config = CONFIG.replace("test = 0.25", "test = 0.25\ncalibration = 0.25");
    folder.train(&config, "run");
    let ends = |more: &[&str]| {
        let lines = folder.predict(ROWS, &[&["--interval", "0.9"], more].concat());
        let [prediction, lower, upper] =
            ["prediction", "lower", "upper"].map(|name| column(&lines, name));
        for row in 0..3 {
            assert!(lower[row] < prediction[row] && prediction[row] < upper[row]);
        }
        let widths = (0..3).map(|row| upper[row] - lower[row]);
        (lines[0].clone(), widths.collect::<Vec<f64>>(), lines)
    };
    let (head, plain, _) = ends(&[]);
    assert_eq!(head, "prediction,lower,upper");
    assert!((plain[0] - plain[1]).abs() < 1e-9, "one width for all rows");
    let (head, sampled, lines) = ends(&["--samples"]);
    assert_eq!(head, "prediction,std,lower,upper");
    let std = column(&lines, "std");
    assert!((sampled[0] / std[0] - sampled[1] / std[1]).abs() < 1e-6);
    let (_, wider, _) = (
        0,
        column(&folder.predict(ROWS, &["--interval", "0.95"]), "upper"),
        0,
    );
    assert!(wider[0] > column(&folder.predict(ROWS, &["--interval", "0.9"]), "upper")[0]);
    // The data are not needed any more, but for another number of samples.
    std::fs::remove_file(folder.path("rows.csv")).expect("a file");
    assert_eq!(ends(&["--samples", "100"]).1, sampled);
    assert_eq!(ends(&[]).1, plain);
    folder.write("in.csv", ROWS);
    let bad =
        |more: &[&str]| folder.bad(&[&["predict", "run", "--input", "in.csv"], more].concat());
    let errors = bad(&["--interval", "0.9", "--samples", "20"]);
    assert!(
        errors.contains("intervals of these samples need the run's data, which are not there"),
        "{errors}"
    );
    for (more, message) in [
        (
            vec!["--interval", "1.5"],
            "error: --interval: expected a share of cases above 0 and below 1, such as 0.9, found 1.5\n",
        ),
        (
            vec!["--interval", "0.999"],
            "error: the calibration rows: expected at least 999 for a confidence level of 0.999, found 75\n",
        ),
        (
            vec!["--interval", "0.9", "--conformity-score", "lac"],
            "error: the conformity score: expected `absolute` for this network, found `lac`\n",
        ),
    ] {
        assert_eq!(bad(&more), message);
    }
    folder.write("run/calibration.json", "[");
    assert!(bad(&["--interval", "0.9"]).contains("calibration.json: cannot be read"));
}

#[test]
fn sets_of_classes_hold_what_may_be_true() {
    let config = CONFIG.replace("test = 0.25", "validation = 0.3");
    let folder = classes(&config);
    let output = folder.output(
        &[
            "predict",
            "run",
            "--input",
            "-",
            "--format",
            "jsonl",
            "--interval",
            "0.95",
            "--conformity-score",
            "aps",
        ],
        b"[0.1, 0.2, \"left\"]\n[-0.9, 0.0, \"left\"]\n",
    );
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(
        errors.contains("from the 120 validation rows; the best model was chosen by them"),
        "{errors}"
    );
    let text = String::from_utf8(output.stdout).expect("text");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let set = line["prediction_set"].as_array().expect("a set");
        assert!(set.contains(&line["prediction"]), "{line}");
        assert!(line["entropy"].is_null());
    }
    let table = folder.predict(ROWS, &["--interval", "0.95"]);
    assert_eq!(table[0], "prediction,prediction_set");
    assert!(table[1].contains("[\"\""), "{}", table[1]);
    let none = Folder::trained(
        "rows.csv",
        numbers(),
        &CONFIG.replace("test = 0.25", "test = 0.1"),
    );
    none.write("in.csv", ROWS);
    let errors = none.bad(&["predict", "run", "--input", "in.csv", "--interval", "0.9"]);
    assert!(
        errors.contains("the run has no calibration rows") && errors.contains("calibration = 0.2"),
        "{errors}"
    );
}

#[test]
fn evaluation_says_how_often_intervals_hold_and_for_whom_they_do_not() {
    let folder = Folder::new();
    folder.write("rows.csv", numbers());
    let config = CONFIG.replace("test = 0.25", "test = 0.4\ncalibration = 0.25");
    folder.train(&config, "run");
    let text = folder.good(&["evaluate", "run", "--samples", "--by", "side"]);
    for part in [
        "with 100 networks; intervals are from the 60 calibration rows:",
        "none: std alone",
        "residual_normalized",
        "CRPS",
        "side   ",
        "left ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let line = folder.good(&["evaluate", "run", "--samples", "--by", "x", "--json"]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let found = &line["uncertainty"];
    assert_eq!(found["calibration_rows"], 60);
    let coverage = found["targets"][0]["coverage"].as_array().expect("levels");
    assert_eq!(coverage.len(), 12);
    for one in &coverage[4..] {
        let share = one["coverage"].as_f64().expect("a share");
        let [low, high] = [0, 1].map(|end| one["expected"][end].as_f64().expect("a share"));
        // One table, whose rows and seed never change.
        assert!(low - 0.02 <= share && share <= high + 0.02, "{one}");
    }
    let groups = found["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 4);
    let rows: u64 = groups
        .iter()
        .filter_map(|group| group["rows"].as_u64())
        .sum();
    assert_eq!(rows, 160);
    let errors = folder.bad(&["evaluate", "run", "--by", "colour"]);
    assert!(
        errors.ends_with("rows.csv: `x`, `z`, `side`, `y`, found `colour`\n"),
        "{errors}"
    );
    // The rows of a column are found in the files of a folder, where several have the same lines, and in another table.
    let rows = numbers();
    let lines: Vec<&str> = rows.lines().collect();
    let head = lines[0].replace("side", "side,part");
    std::fs::create_dir(folder.path("parts")).expect("a folder");
    for (k, part) in lines[1..].chunks(100).enumerate() {
        let rows = part.iter().map(|line| {
            let side = line.replace("left", &format!("left,p{k}"));
            side.replace("right", &format!("right,p{k}")) + "\n"
        });
        let table = format!("{head}\n{}", rows.collect::<String>());
        folder.write(&format!("parts/{k}.csv"), table);
    }
    let parts = config.replace("rows.csv", "parts");
    let parts = parts.replace("target = \"y\"", "target = \"y\"\nleave_out = [\"part\"]");
    folder.train(&parts, "parts-run");
    let groups = |more: &[&str]| -> Vec<(String, u64)> {
        let command = ["evaluate", "parts-run", "--samples", "--json", "--by"];
        let line = folder.good(&[&command[..], more].concat());
        let line: Value = serde_json::from_str(&line).expect("JSON");
        let groups = line["uncertainty"]["groups"].as_array().expect("groups");
        let group = |group: &Value| {
            let name = group["group"].as_str().expect("a name").to_owned();
            (name, group["rows"].as_u64().expect("a number"))
        };
        let mut groups: Vec<_> = groups.iter().map(group).collect();
        groups.sort();
        groups
    };
    let of_part = groups(&["part"]);
    assert_eq!(of_part.iter().map(|(_, rows)| rows).sum::<u64>(), 160);
    assert_eq!(of_part.len(), 4, "{of_part:?}");
    let of_one = groups(&["part", "--input", "parts/2.csv"]);
    assert_eq!(of_one, [("p2".to_owned(), 100)]);
    // Of the calibration rows themselves no interval is measured.
    let text = folder.good(&["evaluate", "run", "--coverage", "--split", "calibration"]);
    assert!(
        text.contains("no intervals: they would be from the calibration rows"),
        "{text}"
    );
}

#[test]
fn evaluation_of_classes_has_sets_calibration_and_mistakes() {
    let folder = classes(&CONFIG.replace("test = 0.25", "test = 0.4\ncalibration = 0.25"));
    let text = folder.good(&["evaluate", "run", "--samples", "50"]);
    for part in [
        "lac",
        "aps",
        "temperature",
        "mutual information",
        "from 0.9",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let line = folder.good(&["evaluate", "run", "--coverage", "--json"]);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let (found, metrics) = (&line["uncertainty"]["classes"], &line["metrics"]);
    for (one, other) in [
        ("brier_score", "brier_score"),
        ("expected_calibration_error", "expected_calibration_error"),
        ("negative_log_likelihood", "negative_log_likelihood"),
        ("error_rate", "error_rate"),
    ] {
        let [one, other] = [&found[one], &metrics[other]].map(|value| value.as_f64());
        assert!((one.expect("found") - other.expect("metric")).abs() < 1e-6);
    }
    assert!(found["mutual_information_auroc"].is_null());
}

#[test]
fn the_uci_regressions_run_from_one_command_and_go_on_where_they_were() {
    let folder = Folder::new();
    let quick = ["reproduce", "uci", "--quick", "--quiet"];
    let text = folder.good(&quick);
    assert!(
        text.contains("concrete") && text.contains("4.82 ± 0.16"),
        "{text}"
    );
    assert!(
        text.contains("closed form") && text.contains("ensemble of 2"),
        "{text}"
    );
    let kept = folder.read("runs/reproduce/uci-quick/outcomes.jsonl");
    assert_eq!(folder.good(&[&quick[..], &["--resume"]].concat()), text);
    assert_eq!(folder.read("runs/reproduce/uci-quick/outcomes.jsonl"), kept);
    // Another backend rounds in another way: its splits do not go with these.
    let other = ["--resume", "--backend", "ndarray"];
    let errors = folder.bad(&[&quick[..], &other].concat());
    assert!(errors.contains("--backend"), "{errors}");
    // A set of one's own: a name and a table whose last column is the target.
    std::fs::create_dir(folder.path("sets")).expect("a folder");
    folder.write(
        "sets/own.csv",
        numbers().replace("left", "0").replace("right", "1"),
    );
    let own = ["--data", "sets", "--out", "runs/own", "--seeds", "2..2"];
    let text = folder.good(&[&quick[..], &own].concat());
    assert!(text.contains("own") && !text.contains("concrete"), "{text}");
    // The same where `--data` is the set itself; the last line names the folder.
    let numbers_of = |text: &str| text.rsplit_once("runs/").expect("a folder").0.to_owned();
    for place in ["sets/own.csv", "own"] {
        if place == "own" {
            // A link has a name of its own.
            std::fs::create_dir(folder.path("kept")).expect("a folder");
            std::os::unix::fs::symlink("kept", folder.path("own")).expect("a link");
            std::fs::copy(folder.path("sets/own.csv"), folder.path("own/data.txt"))
                .expect("a copy");
            folder.write("own/index_target.txt", "3\n");
        }
        let one = [
            "--data",
            place,
            "--out",
            &format!("runs/{}", place.len()),
            "--seeds",
            "2..2",
        ];
        let found = folder.good(&[&quick[..], &one].concat());
        assert_eq!(numbers_of(&found), numbers_of(&text));
    }
    let errors = folder.bad(&["reproduce", "uci", "--set", "epoch=3"]);
    assert!(
        errors.contains("--set: expected a value for one of"),
        "{errors}"
    );
}

#[test]
fn the_report_shows_how_sure_the_network_is() {
    let folder = Folder::new();
    folder.write("rows.csv", numbers());
    let config = CONFIG.replace("test = 0.25", "test = 0.4\ncalibration = 0.25");
    folder.train(&config, "run");
    let sure = |run: &str, more: &str| -> Value {
        folder.good(&[
            "report",
            run,
            more,
            "--format",
            "json",
            "--out",
            "report.json",
        ]);
        let runs: Value = serde_json::from_slice(&folder.read("report.json")).expect("JSON");
        runs[0]["sure"].clone()
    };
    let found = sure("run", "--samples=50");
    assert_eq!(found["levels"].as_array().map(Vec::len), Some(19));
    assert_eq!(found["intervals"].as_array().map(Vec::len), Some(150));
    assert_eq!(found["calibration"][1], 60);
    let total = |row: usize| {
        found["uncertain"][row]["total"]
            .as_f64()
            .expect("a deviation")
    };
    assert!(total(0) >= total(1) && total(1) > 0.0);
    let analytic = sure("run", "--samples=analytic");
    assert!(
        analytic["networks"]
            .as_str()
            .expect("words")
            .contains("closed form")
    );
    folder.good(&["report", "run", "--samples", "--format", "html"]);
    let page = String::from_utf8(folder.read("report.html")).expect("text");
    assert!(page.contains("How sure is it?"));
    folder.good(&["report", "run"]);
    let page = String::from_utf8(folder.read("report.html")).expect("text");
    assert!(!page.contains("How sure is it?"));
    let one = CONFIG.replace(
        "target = \"y\"",
        "target = \"y\"\nleave_out = [\"z\", \"side\"]",
    );
    folder.train(&one, "one");
    let found = sure("one", "--samples");
    assert_eq!(found["band"].as_array().map(Vec::len), Some(101));
}

#[test]
fn the_report_turns_an_image_and_shows_what_networks_see_in_it() {
    let folder = Folder::new();
    let digits = "[data]\nsource = 'digits'\nsplit = { test = 0.25 }\n[network]\nhidden = [32]\nactivation = 'relu'\n\
                  [dropout]\nhidden = 0.5\n[train]\noptimizer = 'adam'\nlearning_rate = 0.01\nepochs = 5\nbatch_size = 32\n";
    folder.train(digits, "run");
    let report = ["report", "run", "--rotate", "7", "--out"];
    folder.good(&[&report[..], &["report.json"]].concat());
    let runs: Value = serde_json::from_slice(&folder.read("report.json")).expect("JSON");
    let found = &runs[0]["rotation"];
    assert!(runs[0]["sure"].is_null());
    let steps = found["steps"].as_array().expect("angles");
    assert_eq!((steps.len(), &found["networks"]), (13, &100.into()));
    let number = |value: &Value| value.as_f64().expect("a number");
    for step in steps {
        let [all, model] = ["entropy", "mutual_information"].map(|key| number(&step[key]));
        assert!(0.0 <= model && model <= all && all < 10_f64.ln(), "{step}");
        let samples = step["samples"].as_array().expect("samples");
        assert_eq!(samples.len(), 50);
        assert!(step["probabilities"].as_array().expect("classes").len() <= 4);
    }
    // Half a turn is the image from its end.
    let pixels = |step: usize| -> Vec<f64> {
        let pixels = steps[step]["pixels"].as_array().expect("pixels");
        pixels.iter().map(number).collect()
    };
    let backward: Vec<f64> = pixels(12).into_iter().rev().collect();
    assert_eq!(pixels(0), backward);
    // One image, whose network never changes: on its way from one class to another it is less certain than upright.
    let most = steps.iter().map(|step| number(&step["entropy"]));
    assert!(most.fold(0.0, f64::max) > 1.2 * number(&steps[0]["entropy"]));
    let classes: Vec<&Value> = steps.iter().map(|step| &step["predicted"]).collect();
    assert!(classes.iter().any(|class| *class != classes[0]));
    for (format, out) in [
        ("html", "page.html"),
        ("md", "page.md"),
        ("svg", "pictures"),
    ] {
        folder.good(&[&report[..], &[out, "--format", format]].concat());
    }
    let page = String::from_utf8(folder.read("page.html")).expect("text");
    assert!(page.contains("A rotated image"));
    let text = folder.good(&["report", "run", "--rotate", "7", "--terminal"]);
    assert!(text.contains("A rotated image"), "{text}");
    let errors = folder.bad(&["report", "run", "--rotate", "450"]);
    assert!(
        errors
            .contains("--rotate: expected the number of one of the test rows, 0 to 448, found 450"),
        "{errors}"
    );
    let tables = trained();
    let errors = tables.bad(&["report", "run", "--rotate", "0"]);
    assert!(
        errors.contains("--rotate: expected a network of images, found one of other rows"),
        "{errors}"
    );
    let without = digits.replace("hidden = 0.5", "hidden = 0.0");
    folder.train(&without, "without");
    let errors = folder.bad(&["report", "without", "--rotate", "0"]);
    assert!(
        errors.contains("a network with dropout, or an ensemble"),
        "{errors}"
    );
}

#[test]
fn rows_that_cannot_be_read_leave_no_header_behind() {
    let folder = trained();
    let (answers, errors) = folder.predict_badly(ROWS, &["--keep", "color"]);
    assert!(errors.contains("`color`"), "{errors}");
    assert!(answers.is_empty(), "{answers:?}");
    folder.write("none.csv", "x,z,side\n");
    let out = folder.good(&["predict", "run", "--input", "none.csv"]);
    assert_eq!(out, "prediction\n");
}

#[test]
fn analytic_samples_are_near_those_that_are_drawn() {
    let folder = trained();
    let drawn = folder.predict(ROWS, &["--samples", "4000"]);
    let analytic = folder.predict(ROWS, &["--samples", "analytic"]);
    assert_eq!(analytic[0], "prediction,std");
    for row in 0..3 {
        let [found, expected] = [&analytic, &drawn].map(|lines| column(lines, "std")[row]);
        assert!(
            (found / expected - 1.0).abs() < 0.08,
            "{found} for {expected}"
        );
    }
    let classes = classes(CONFIG);
    classes.write("in.csv", ROWS);
    let errors = classes.bad(&[
        "predict",
        "run",
        "--input",
        "in.csv",
        "--samples",
        "analytic",
    ]);
    assert!(errors.contains("expected a regression"), "{errors}");
}
