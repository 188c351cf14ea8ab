//! Autoencoders, as runs of the program.

use crate::runs::{Place, assert_has, bad, dropwise, good, json, json_lines};

const DIGITS: &str = "[data]\nsource = 'digits'\nlearn = 'inputs'\n\
    split = { validation = 0.1, test = 0.2 }\n[network]\nhidden = 12\nactivation = 'relu'\n\
    [dropout]\ninput = 0.1\n[train]\nlearning_rate = 1\nbatch_size = 64\nepochs = 2\n";

#[test]
fn a_run_is_trained_evaluated_and_reported_and_answers_rows_with_rows() {
    let place = Place::with(DIGITS);
    let trained = good(&mut place.train_in("run"));
    assert_has(&trained.out, "Mlp 64-12-64: ");
    assert_has(&trained.out, "RMSE");
    let run = place.path("run");
    let task = &json(run.join("preparation.json"))["task"];
    assert_eq!(task["targets"].as_array().map(Vec::len), Some(64));

    let found = good(dropwise(["evaluate"]).arg(&run));
    assert_has(&found.out, "mean absolute error");

    let input = place.path("rows.csv");
    let head: Vec<String> = (0..64).map(|k| format!("pixel{k}")).collect();
    let row: Vec<String> = (0..64).map(|k| (k % 17).to_string()).collect();
    let table = format!("{}\n{}\n", head.join(","), row.join(","));
    std::fs::write(&input, table).expect("a file");
    let answers = good(dropwise(["predict"]).arg(&run).arg("--input").arg(&input)).out;
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, head.join(",").as_str()));
    let numbers = lines[1]
        .split(',')
        .map(|cell| cell.parse::<f64>().expect("a number"));
    let numbers: Vec<f64> = numbers.collect();
    assert_eq!(numbers.len(), 64);

    let mut as_json = dropwise(["predict"]);
    as_json
        .arg(&run)
        .args(["--format", "jsonl", "--input"])
        .arg(place.path("rows.jsonl"));
    let line = serde_json::to_string(&(0..64).map(|k| k % 17).collect::<Vec<_>>());
    std::fs::write(place.path("rows.jsonl"), line.expect("JSON")).expect("a file");
    let answer = &json_lines(&good(&mut as_json).out)[0]["prediction"];
    for (k, number) in numbers.iter().enumerate() {
        assert_eq!(answer[format!("pixel{k}")].as_f64(), Some(*number));
    }

    let refused = bad(
        dropwise(["predict"])
            .arg(&run)
            .args(["--proba", "--input"])
            .arg(&input),
        1,
    );
    assert_has(
        &refused,
        "found one for regression of 64 targets, trained with the loss",
    );

    for format in ["html", "md", "json"] {
        let mut report = dropwise(["report"]);
        report
            .arg(&run)
            .args(["--format", format, "--out"])
            .arg(place.path(format));
        good(&mut report);
    }
    let found = &json(place.path("json"))[0]["mistakes"]["rows"][0];
    assert_has(
        found["actual"].as_str().expect("words"),
        ", ... (64 numbers)",
    );
}

#[test]
fn a_loss_of_classes_is_refused_in_a_short_sentence() {
    let place = Place::with(&DIGITS.replace("[train]", "[train]\nloss = 'binary-cross-entropy'"));
    let errors = bad(&mut place.train_in("run"), 1);
    let expected =
        "train.loss: expected a loss for regression of 64 targets, found `binary-cross-entropy`";
    assert_has(&errors, expected);
}
