//! What is refused, and what is said about it.

use super::{DIGITS, XOR, study, study_in};
use crate::runs::{Place, assert_has, bad};

#[track_caller]
fn refused(more: &[&str], status: i32, expected: &[&str]) {
    let place = Place::with(XOR);
    let errors = bad(&mut study_in(&place, "study", more), status);
    for part in expected {
        assert_has(&errors, part);
    }
    assert!(!place.path("study").exists(), "nothing is begun");
}

#[test]
fn a_misspelled_key_is_named_with_the_nearest_known_one() {
    let unknown = "error: dropout.hiden: unknown key";
    let vary = "dropout.hiden=0,0.2";
    let help = "help: did you mean `hidden`?";
    refused(
        &["--vary", vary],
        2,
        &[unknown, "--> --vary:1:1", vary, help],
    );
    refused(
        &["--set", "dropout.hiden=0"],
        2,
        &[unknown, "--> --set:1:1", help],
    );
}

#[test]
fn of_several_values_the_wrong_one_is_pointed_at() {
    let expected = "dropout.hidden: expected a dropout rate of at least 0 and below 1, found 1.5";
    refused(
        &["--vary", "dropout.hidden=0,1.5,0.2"],
        2,
        &[expected, "--> --vary:1:18", "^^^"],
    );
    let expected = "network.activation: unknown value `rely`";
    refused(
        &["--vary", "network.activation=relu,rely"],
        2,
        &[expected, "--> --vary:1:25"],
    );
}

#[test]
fn the_last_value_is_checked_before_the_first_is_trained() {
    let long = [
        "--set",
        "train.steps=1000000000",
        "--vary",
        "dropout.hidden=0,2",
    ];
    refused(&long, 2, &["found 2"]);
}

#[test]
fn there_is_at_least_one_network_and_not_more_than_memory_can_hold() {
    for number in ["0", "-1", "1.5", "many", "99999999999999"] {
        refused(&[&format!("--replicas={number}")], 2, &["--replicas"]);
    }
    refused(
        &["--set", "study.replicas=0"],
        2,
        &["study.replicas: expected a whole number"],
    );
}

#[test]
fn values_have_a_key_and_stand_between_commas() {
    for vary in [
        "dropout.hidden",
        "=0,1",
        "dropout..hidden=1",
        "dropout.hidden=0,,1",
        "dropout.hidden=",
    ] {
        refused(&["--vary", vary], 2, &["--vary", "expected"]);
    }
    let twice = ["--vary", "dropout.hidden=0", "--vary", "dropout.hidden=0.5"];
    let expected = "dropout.hidden: expected each key once, found it twice";
    refused(
        &twice,
        2,
        &[expected, "help: give all its values to one flag"],
    );
}

#[test]
fn rows_that_are_not_there_cannot_be_measured() {
    refused(
        &["--split", "test"],
        1,
        &["--split: expected rows that the data have, found no test rows"],
    );
}

#[test]
fn masks_of_the_framework_are_not_for_networks_trained_at_once() {
    let framework = ["--set", "dropout.masks=framework"];
    refused(
        &framework,
        1,
        &["dropout.masks: expected `seeded`", "found `framework`"],
    );
}

#[test]
fn networks_of_a_study_are_all_trained_to_the_end() {
    let place = Place::with(DIGITS);
    let stopping = ["--set", "train.early_stopping={ patience = 3 }"];
    let errors = bad(&mut study(&place, &stopping), 1);
    assert_has(&errors, "train.early_stopping: expected none");
    assert_has(&errors, "found a patience of 3");
}

#[test]
fn train_sends_those_who_want_several_networks_here() {
    let place = Place::with(XOR);
    let errors = bad(&mut place.train(), 1);
    assert_has(&errors, "dropwise study");
    let errors = bad(&mut study(&place, &["--backend", "torch"]), 2);
    assert_has(&errors, "there is no backend of this name");
}
