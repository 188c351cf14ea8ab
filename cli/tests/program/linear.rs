//! Networks without hidden layers, as runs of the program.

use crate::runs::{Place, assert_has, bad, dropwise, good, json};

const DIGITS: &str = "[data]\nsource = 'digits'\nsplit = { validation = 0.1, test = 0.2 }\n\
    [network]\nhidden = []\n[dropout]\ninput = 0.1\n\
    [train]\nlearning_rate = 0.5\nbatch_size = 64\nepochs = 5\n";

#[test]
fn a_logistic_regression_is_trained_evaluated_and_reported_without_hidden_units() {
    let place = Place::with(DIGITS);
    let trained = good(&mut place.train_in("run")).out;
    assert_has(
        &trained,
        "Mlp 64-10: output identity, bias, dropout 0.1 input, 650 parameters",
    );
    let run = place.path("run");
    assert!(
        !run.join("trail.jsonl").exists(),
        "no unit's weights are recorded"
    );
    let error = json(run.join("report.json"))["test"]["error_rate"].as_f64();
    assert!(error.expect("an error rate") < 0.1, "{error:?}");
    assert_has(&good(dropwise(["evaluate"]).arg(&run)).out, "error rate");

    let mut deep = place.train_in("deep");
    good(deep.args(["--set", "network.hidden=[8]"]));
    for format in ["html", "md", "svg", "json"] {
        let mut report = dropwise(["report"]);
        report.arg(&run).arg(place.path("deep"));
        good(
            report
                .args(["--format", format, "--out"])
                .arg(place.path(format)),
        );
    }
    let mut terminal = dropwise(["report", "--terminal"]);
    assert_has(
        &good(terminal.arg(&run)).out,
        "There are no pictures of hidden units",
    );
    let alone = place.path("alone");
    good(
        dropwise(["report"])
            .arg(&run)
            .args(["--format", "json", "--out"])
            .arg(&alone),
    );
    let found = &json(alone)[0];
    assert_eq!(found["diagram"]["layers"].as_array().map(Vec::len), Some(2));
    for part in ["redundancy", "activity"] {
        assert_eq!(found[part].as_array().map(Vec::len), Some(0), "{part}");
    }
    assert!(found["landscape"].is_null() && found["paths"].is_null());
    assert!(found["confusion"].is_object());

    let mut weight = dropwise(["report"]);
    weight
        .arg(&run)
        .args(["--weight", "3:0", "--out"])
        .arg(place.path("weight.html"));
    let expected =
        "the weight to look at: expected none, since the network has no hidden layer, found 3:0";
    assert_has(&bad(&mut weight, 1), expected);
}

#[test]
fn many_are_trained_at_once_beside_deeper_ones() {
    let place = Place::with(DIGITS);
    let mut study = dropwise(["study"]);
    study
        .arg(place.config())
        .args(["--vary", "network.hidden=[],[4]", "--replicas", "3"]);
    let found = good(&mut study).out;
    assert_has(&found, "[]");
}

#[test]
fn there_is_nothing_to_tune_and_no_unit_to_drop() {
    let place = Place::with(DIGITS);
    let errors = bad(dropwise(["tune"]).arg(place.config()), 1);
    let expected =
        "network.hidden: expected a hidden layer or more, whose widths are searched, found none";
    assert_has(&errors, expected);
    let mut train = place.train();
    let ended = good(train.args(["--set", "dropout.hidden=0.5"]));
    let expected = "dropout.hidden is 0.5: there is no hidden layer, so it drops nothing";
    assert_has(&ended.errors, expected);
}
