//! What cannot be tuned is said before anything is begun.

use super::{DIGITS, tune_in};
use crate::runs::{Place, assert_has, bad};

#[track_caller]
fn refused(more: &[&str], status: i32, expected: &str) {
    let place = Place::with(DIGITS);
    let errors = bad(&mut tune_in(&place, "study", more), status);
    assert_has(&errors, expected);
    assert!(!place.path("study").exists(), "nothing is begun");
}

#[test]
fn there_are_rows_to_choose_with_and_rows_to_measure_on() {
    let set = |value: &'static str| ["--set", value];
    let expected = "data.split.validation: expected rows to choose with, such as `split.validation = 0.2` in `[data]`, found none";
    refused(&set("data.split={test=0.5}"), 1, expected);
    let expected = "data.split.test: expected rows to measure the choice on";
    refused(&set("data.split={validation=0.5}"), 1, expected);
    let expected = "data.split.train: expected none, because the final networks train on all training and validation rows, found 300";
    let split = "data.split={validation=0.2,test=0.2,train=300}";
    refused(&set(split), 1, expected);
}

#[test]
fn trials_are_single_networks_trained_to_the_end_with_masks_of_their_own() {
    let set = |value: &'static str| ["--set", value];
    refused(
        &set("train.early_stopping={patience=3}"),
        1,
        "train.early_stopping: expected none",
    );
    refused(&set("study.replicas=3"), 1, "study.replicas: expected 1");
    let both = [
        "--set",
        "train.momentum=0.9",
        "--set",
        "train.dampening=true",
    ];
    refused(&both, 1, "train.dampening: expected false");
    refused(
        &set("dropout.masks=framework"),
        1,
        "dropout.masks: expected `seeded`",
    );
}

#[test]
fn numbers_and_times_are_in_their_ranges() {
    refused(&["--jobs", "0"], 2, "--jobs");
    refused(
        &["--budget", "30"],
        2,
        "expected a number and a unit, such as 90s, 30m or 2h",
    );
    refused(&["--budget=-1s"], 2, "--budget");
    refused(
        &["--set", "train.epocs=3"],
        2,
        "help: did you mean `epochs`?",
    );
    let place = Place::with(DIGITS);
    for wrong in [["--trials", "0"], ["--max-width", "4"]] {
        let mut command = crate::runs::dropwise(["tune"]);
        command.arg(place.config()).args(wrong);
        assert_has(&bad(&mut command, 2), wrong[0]);
    }
    let mut command = crate::runs::dropwise(["tune", "--resume"]);
    command.arg(place.config());
    assert_has(&bad(&mut command, 2), "--out");
}
