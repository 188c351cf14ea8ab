//! `dropwise evaluate`, as a process: which rows, which model, and that the numbers are right.

use crate::folder::{Folder, assert_near, cells};
use serde_json::Value;

/// Classes of noisy points, with few training rows: a network that learns them by heart gets worse on
/// the others.
const CONFIG: &str = r#"
[data]
source = "csv"
path = "points.csv"
target = "class"
standardize = false
split = { train_rows = "train.txt", validation_rows = "validation.txt", test_rows = "test.txt" }

[network]
hidden = [24]
activation = "tanh"

[train]
optimizer = "adam"
learning_rate = 0.1
batch_size = 8
epochs = 60
"#;

const ROWS: usize = 120;

/// Row `k`: two numbers and a class that follows from them but for every seventh row.
fn row(k: usize) -> ([f64; 2], &'static str) {
    let (x, y) = (
        (k * 37 % 101) as f64 / 50.0 - 1.0,
        (k * 53 % 97) as f64 / 48.0 - 1.0,
    );
    let class = match (k % 7, x > y, x > 0.5) {
        (0, ..) | (_, false, _) => "left",
        (_, true, false) => "middle",
        (_, true, true) => "right",
    };
    ([x, y], class)
}

fn line(k: usize) -> String {
    let ([x, y], class) = row(k);
    format!("{x},{y},{class}\n")
}

fn table() -> String {
    let rows: String = (0..ROWS).map(line).collect();
    format!("x,y,class\n{rows}")
}

/// The rows of each part, by a rule that nothing else knows.
fn part(name: &str) -> Vec<usize> {
    let remainder = ["train", "validation", "test"]
        .iter()
        .position(|part| *part == name);
    (0..ROWS).filter(|k| Some(k % 3) == remainder).collect()
}

fn trained() -> Folder {
    let folder = Folder::new();
    folder.write("points.csv", table());
    for name in ["train", "validation", "test"] {
        let numbers: Vec<String> = part(name).iter().map(usize::to_string).collect();
        folder.write(&format!("{name}.txt"), numbers.join("\n"));
    }
    folder.train(CONFIG, "run");
    folder
}

#[track_caller]
fn evaluate(folder: &Folder, more: &[&str]) -> Value {
    let text = folder.good(&[&["evaluate", "run", "--json"], more].concat());
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn number(metrics: &Value, name: &str) -> f64 {
    metrics["metrics"][name].as_f64().expect("a number")
}

/// Every metric again, from the predictions for the same rows.
#[track_caller]
fn assert_metrics_of_predictions(folder: &Folder, split: &str, model: &str) {
    let rows = part(split);
    let input: String = rows.iter().map(|k| line(*k)).collect();
    let input = format!("x,y,class\n{input}");
    let answers = folder.predict(input, &["--proba", "--model", model]);
    let classes = &cells(&answers[0])[1..];
    assert_eq!(classes, ["left", "middle", "right"]);
    let (mut errors, mut surprise, mut brier, mut absolute) = (0.0, 0.0, 0.0, 0.0);
    for (k, answer) in rows.iter().zip(&answers[1..]) {
        let (_, class) = row(*k);
        let fields = cells(answer);
        errors += f64::from(fields[0] != class);
        for (name, p) in classes.iter().zip(&fields[1..]) {
            let p: f64 = p.parse().expect("a number");
            let came = f64::from(*name == class);
            surprise -= came * p.ln();
            brier += (p - came).powi(2);
            absolute += (p - came).abs() / 3.0;
        }
    }
    let found = evaluate(folder, &["--split", split, "--model", model]);
    assert_eq!(
        (&found["split"], &found["model"]),
        (&split.into(), &model.into())
    );
    assert_eq!(found["metrics"]["rows"], rows.len());
    assert_eq!(number(&found, "errors"), errors);
    let count = rows.len() as f64;
    for (name, sum) in [
        ("error_rate", errors),
        ("accuracy", count - errors),
        ("loss", surprise),
        ("negative_log_likelihood", surprise),
        ("brier_score", brier),
        ("mean_absolute_error", absolute),
    ] {
        assert_near(&[number(&found, name)], &[sum / count], 1e-4);
    }
}

#[test]
fn metrics_are_those_of_the_predictions_for_the_rows_of_the_split() {
    let folder = trained();
    for split in ["train", "validation", "test"] {
        for model in ["best", "last"] {
            assert_metrics_of_predictions(&folder, split, model);
        }
    }
}

#[test]
fn metrics_are_those_that_training_reported() {
    let folder = trained();
    let report: Value = serde_json::from_slice(&folder.read("run/report.json")).expect("JSON");
    for split in ["train", "validation", "test"] {
        let found = evaluate(&folder, &["--split", split]);
        assert_eq!(found["model"], report["model"]);
        assert_eq!(found["metrics"], report[split], "{split}");
    }
}

#[test]
fn best_and_last_are_the_models_of_their_steps() {
    let folder = trained();
    let lines = String::from_utf8(folder.read("run/metrics.jsonl")).expect("text");
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let validation: Vec<Value> = lines
        .filter(|line: &Value| line["split"] == "validation")
        .collect();
    let loss = |line: &&Value| line["loss"].as_f64().expect("a number");
    let best = validation
        .iter()
        .min_by(|a, b| loss(a).total_cmp(&loss(b)))
        .expect("lines");
    let last = validation.last().expect("lines");
    assert!(
        loss(&best) < 0.9 * loss(&last),
        "this run gets worse: {} {}",
        loss(&best),
        loss(&last)
    );
    for (model, line) in [("best", best), ("last", last)] {
        let found = evaluate(&folder, &["--split", "validation", "--model", model]);
        assert_near(&[number(&found, "loss")], &[loss(&line)], 1e-12);
        let words = folder.good(&["evaluate", "run", "--model", model]);
        let step = format!(
            "\nthe {model} network, of step {}, on the test rows:\n",
            line["step"]
        );
        assert!(words.contains(&step), "{words}");
    }
}

/// The configuration with other splits.
fn with_split(split: &str) -> String {
    let line = CONFIG.lines().find(|line| line.starts_with("split"));
    CONFIG.replacen(line.expect("a split"), split, 1)
}

#[test]
fn the_rows_are_the_test_rows_or_else_the_next_best_ones() {
    let folder = trained();
    for (run, config, model, rows) in [
        (
            "tested",
            "split = { test = 0.2, validation = 0.2 }",
            "best",
            "test",
        ),
        ("tested-only", "split.test = 0.2", "last", "test"),
        ("validated", "split.validation = 0.2", "best", "validation"),
        ("trained", "", "last", "training"),
    ] {
        folder.train(&with_split(config), run);
        let words = folder.good(&["evaluate", run]);
        assert!(
            words.contains(&format!("\nthe {model} network, of step ")),
            "{words}"
        );
        assert!(
            words.contains(&format!(", on the {rows} rows:\n")),
            "{words}"
        );
        let json = folder.good(&["evaluate", run, "--json"]);
        let split = if rows == "training" { "train" } else { rows };
        assert!(json.contains(&format!(r#""split":"{split}""#)), "{json}");
    }
    for split in ["validation", "test"] {
        let errors = folder.bad(&["evaluate", "trained", "--split", split]);
        let expected = format!(
            "error: trained: the run has no {split} rows; choose another --split, or train with `split` in `[data]`\n"
        );
        assert_eq!(errors, expected);
    }
    let errors = folder.bad(&["evaluate", "trained", "--model", "best"]);
    assert!(
        errors.starts_with("error: trained/best.safetensors: there is no best model"),
        "{errors}"
    );
}

#[test]
fn data_that_have_changed_are_told_of() {
    let folder = trained();
    let before = evaluate(&folder, &["--split", "validation"]);
    // A test row: nothing was learned from it.
    let changed = table().replacen(&line(2), "0.25,0.5,right\n", 1);
    assert_ne!(changed, table());
    folder.write("points.csv", changed);
    let output = folder.output(&["evaluate", "run", "--split", "validation", "--json"], b"");
    assert_eq!(output.status.code(), Some(0));
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        errors,
        "warning: run: the data have changed since the network was trained\n"
    );
    let after: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(after, before);
}

#[test]
fn data_that_would_be_prepared_otherwise_are_refused() {
    let folder = trained();
    folder.train(&CONFIG.replace("standardize = false", ""), "standardized");
    let changed = table().replacen(&line(0), "9,-9,left\n", 1);
    assert_ne!(changed, table());
    folder.write("points.csv", changed);
    let errors = folder.bad(&["evaluate", "standardized"]);
    let expected = "error: standardized: the data have changed since the network was trained, so that other inputs";
    assert!(errors.starts_with(expected), "{errors}");
    // A class that the network has no output for.
    folder.write("points.csv", table().replacen(&line(0), "0.5,0.5,up\n", 1));
    let errors = folder.bad(&["evaluate", "run"]);
    assert!(
        errors.starts_with("error: run: the data have changed since"),
        "{errors}"
    );
    std::fs::remove_file(folder.path("points.csv")).expect("a file");
    let errors = folder.bad(&["evaluate", "run"]);
    assert!(errors.contains("points.csv: cannot be read: "), "{errors}");
}

#[test]
fn a_regression_is_measured_in_the_units_of_the_data() {
    let folder = Folder::new();
    let price = |k: usize| 1000.0 + 300.0 * (k % 11) as f64;
    let rows: String = (0..60)
        .map(|k| format!("{},{}\n", k % 11, price(k)))
        .collect();
    folder.write("prices.csv", format!("size,price\n{rows}"));
    let config = "[data]\nsource = 'csv'\npath = 'prices.csv'\ntarget = 'price'\n[network]\nhidden = [4]\n\
                  activation = 'tanh'\n[train]\noptimizer = 'adam'\nlearning_rate = 0.02\nepochs = 20\n";
    folder.train(config, "run");
    let answers = folder.predict(format!("size,price\n{rows}"), &[]);
    let errors = (0..60).zip(&answers[1..]).map(|(k, answer)| {
        let found: f64 = answer.parse().expect("a number");
        price(k) - found
    });
    let errors: Vec<f64> = errors.collect();
    let mean = |of: &dyn Fn(&f64) -> f64| errors.iter().map(of).sum::<f64>() / 60.0;
    let mean_price = (0..60).map(price).sum::<f64>() / 60.0;
    let variance = (0..60)
        .map(|k| (price(k) - mean_price).powi(2))
        .sum::<f64>()
        / 60.0;
    let squared = mean(&|error| error * error);
    let found = evaluate(&folder, &[]);
    assert_near(&[number(&found, "rmse")], &[squared.sqrt()], 0.01);
    assert_near(
        &[number(&found, "mean_absolute_error")],
        &[mean(&|error| error.abs())],
        0.01,
    );
    assert_near(&[number(&found, "r2")], &[1.0 - squared / variance], 1e-5);
    assert!(squared < variance, "something was learned");
}

#[test]
fn baselines_that_a_run_keeps_are_those_that_its_training_rows_give() {
    let folder = trained();
    let yes = |k: usize| if row(k).1 == "left" { "yes" } else { "no" };
    let rows = |target: &dyn Fn(usize) -> String| -> String {
        let line = |k: usize| format!("{},{},{}\n", row(k).0[0], row(k).0[1], target(k));
        let lines: String = (0..ROWS).map(line).collect();
        format!("x,y,class\n{lines}")
    };
    folder.write("two.csv", rows(&|k| yes(k).to_owned()));
    folder.write(
        "numbers.csv",
        rows(&|k| format!("{}", 1950.0 + row(k).0[0] / 3.0)),
    );
    folder.train(&CONFIG.replace("points.csv", "two.csv"), "two");
    // A sigmoid of the network's own is one of the linear model, too.
    let squared = "[train]\nloss = 'squared-error'";
    let sigmoid = CONFIG
        .replace("points.csv", "two.csv")
        .replace("activation", "output = \"sigmoid\"\nactivation")
        .replace("[train]", squared);
    folder.train(&sigmoid, "sigmoid");
    let wide = format!("precision = \"float64\"\n{CONFIG}");
    folder.train(&wide.replace("points.csv", "numbers.csv"), "numbers");
    for (run, table) in [
        ("run", "points.csv"),
        ("two", "two.csv"),
        ("sigmoid", "two.csv"),
        ("numbers", "numbers.csv"),
    ] {
        let ways = [
            vec!["evaluate", run],
            vec!["evaluate", run, "--json"],
            vec!["evaluate", run, "--json", "--input", table],
        ];
        let said = || {
            ways.iter()
                .map(|way| folder.good(way))
                .collect::<Vec<String>>()
        };
        let kept = said();
        assert!(kept[0].contains("a linear model"), "{}", kept[0]);
        std::fs::remove_file(folder.path(&format!("{run}/baselines.json"))).expect("a file");
        assert_eq!(said(), kept, "{run}");
    }
}

#[test]
fn baselines_that_are_damaged_are_told_of_in_one_sentence() {
    let folder = trained();
    let fix = "remove the file, and the baselines are learned again from the run's training rows\n";
    for (content, problem) in [
        ("[", "cannot be read: "),
        (
            "{\"constant\":[null,1,2],\"linear\":null}",
            "cannot be read: ",
        ),
        (
            "{\"constant\":[1,2],\"linear\":null}",
            "does not fit the run's other files: ",
        ),
        (
            "{\"constant\":[1,2,3],\"linear\":{\"weight\":[1,2],\"bias\":[1,2,3]}}",
            "does not fit the run's other files: ",
        ),
    ] {
        folder.write("run/baselines.json", content);
        let errors = folder.bad(&["evaluate", "run"]);
        let begin = format!("error: run/baselines.json: {problem}");
        assert!(
            errors.starts_with(&begin) && errors.ends_with(fix),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn predictions_of_many_rows_and_classes_are_put_in_order_in_a_file_which_is_told_of_once() {
    let folder = Folder::new();
    let lines: String = (0..400)
        .map(|k| format!("{},c{}\n", k * 7_919 % 10_007, k % 100))
        .collect();
    let table = |times: usize| format!("x,class\n{}", lines.repeat(times));
    folder.write("table.csv", table(1));
    folder.train(
        "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'class'\n[network]\nhidden = []\n\
         [train]\nlearning_rate = 0.01\nsteps = 2\n",
        "run",
    );
    let evaluated = |times: usize| {
        folder.write("more.csv", table(times));
        let arguments = ["evaluate", "run", "--json", "--input", "more.csv"];
        let mut command = folder.command(&arguments);
        let output = command.env("TMPDIR", folder.path("")).output();
        let output = output.expect("a process");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{said}");
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (said, found)
    };
    let (said, once) = evaluated(1);
    assert_eq!(said, "");
    // 8 bytes a row and class, of three networks: of these 30,000 rows 72 MB, of which 64 MiB stay in memory.
    let (said, often) = evaluated(75);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("note: the predictions "), "{said}");
    let place = format!("in a temporary file in {} until", folder.path("").display());
    assert!(said.contains(&place), "{said}");
    assert_eq!(often["metrics"]["rows"], 30_000);
    // The chance that a row of the class has the higher score.
    assert_eq!(once["metrics"]["roc_auc"], often["metrics"]["roc_auc"]);
    let constant = |found: &Value| found["baselines"]["constant"]["roc_auc"].clone();
    assert_eq!(
        (constant(&once), constant(&often)),
        (0.5.into(), 0.5.into())
    );
    let classes = |found: &Value| found["classes"].as_array().expect("classes").clone();
    for (once, often) in classes(&once).iter().zip(&classes(&often)) {
        assert_eq!(once["roc_auc"], often["roc_auc"]);
    }
}

#[test]
fn backends_agree_within_their_precision() {
    let folder = trained();
    let losses = dropwise::Backend::compiled().map(|backend| {
        let found = evaluate(&folder, &["--backend", &backend.to_string()]);
        (number(&found, "loss"), number(&found, "brier_score"))
    });
    let losses: Vec<(f64, f64)> = losses.collect();
    for (loss, brier) in &losses {
        assert_near(&[*loss, *brier], &[losses[0].0, losses[0].1], 1e-5);
    }
}

#[test]
fn a_run_that_cannot_be_used_is_refused() {
    let folder = trained();
    let errors = folder.bad(&["evaluate", "nowhere"]);
    assert!(
        errors.starts_with("error: nowhere: no such folder; "),
        "{errors}"
    );
    let model = folder.read("run/best.safetensors");
    folder.write("run/best.safetensors", &model[..100]);
    let errors = folder.bad(&["evaluate", "run"]);
    assert!(
        errors.starts_with("error: run/best.safetensors: expected a whole safetensors file"),
        "{errors}"
    );
    folder.good(&["evaluate", "run", "--model", "last"]);
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = Folder::new();
    for arguments in [
        &["evaluate"][..],
        &["evaluate", "run", "--split", "all"],
        &["evaluate", "run", "--model", "first"],
    ] {
        assert_eq!(
            folder.output(arguments, b"").status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}
