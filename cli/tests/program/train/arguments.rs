//! `--set`, `--seed`, `--backend` and what may stand beside `--resume`.

use std::path::Path;

use dropwise::config::{Activation, CheckedExperiment, EarlyStopping, Experiment};

use super::{DIGITS, digits_with};
use crate::common::backends;
use crate::runs::{Place, assert_has, bad, dropwise, good, resume, text};

/// The configuration that ran, with some values set.
fn ran(settings: &[&str]) -> CheckedExperiment {
    let place = Place::with(DIGITS);
    let mut train = place.train_in("run");
    good(train.args(["--set", "train.epochs=1"]).args(set(settings)));
    let stored = text(place.path("run/config.toml"));
    Experiment::parse("config.toml", &stored).expect("a configuration")
}

fn set<'a>(settings: &'a [&str]) -> impl Iterator<Item = &'a str> {
    settings.iter().flat_map(|setting| ["--set", *setting])
}

/// The messages where `settings` are wrong usage; nothing has been trained.
#[track_caller]
fn wrong(settings: &[&str]) -> String {
    let place = Place::with(DIGITS);
    let errors = bad(place.train_in("run").args(set(settings)), 2);
    assert!(!place.path("run").exists());
    errors
}

#[test]
fn set_changes_values_of_every_kind() {
    let experiment = ran(&[
        "train.learning_rate=0.02",
        "network.hidden=[6, 5]",
        "network.bias = false",
        "seed=9",
        "dropout.hidden=[0.1, 0.3]",
        "train.schedule={ exponential = 0.9 }",
    ]);
    assert_eq!(experiment.train.learning_rate, 0.02);
    assert_eq!(experiment.network.hidden, [6, 5]);
    assert!(!experiment.network.bias);
    assert_eq!(experiment.seed, 9);
    assert_eq!(experiment.dropout.hidden, vec![0.1, 0.3].into());
    assert_eq!(experiment.train.schedule.factor(1.0, 3.0), 0.9);
    assert_eq!(experiment.train.epochs, Some(1));
}

#[test]
fn set_takes_text_with_and_without_quotes() {
    for setting in ["network.activation=gelu", "network.activation='gelu'"] {
        assert_eq!(ran(&[setting]).network.activation, Activation::Gelu);
    }
}

#[test]
fn set_makes_tables_that_the_file_does_not_have() {
    let stopping = EarlyStopping {
        patience: 4,
        min_improvement: 0.0,
    };
    let experiment = ran(&["train.early_stopping.patience=4"]);
    assert_eq!(experiment.train.early_stopping, Some(stopping));
}

#[test]
fn of_two_values_for_a_key_the_last_one_counts_and_seed_comes_after_all() {
    assert_eq!(ran(&["seed=1", "seed=2"]).seed, 2);
    let place = Place::with(DIGITS);
    good(
        place
            .train_in("run")
            .args(["--seed", "3", "--set", "seed=2"]),
    );
    assert_has(&text(place.path("run/config.toml")), "seed = 3\n");
}

#[test]
fn set_names_an_unknown_key_and_the_nearest_known_one() {
    let errors = wrong(&["train.epochs=2", "train.lerning_rate=0.1"]);
    assert_has(&errors, "train.lerning_rate: unknown key");
    assert_has(&errors, "--set:1:1");
    assert_has(&errors, "1 | train.lerning_rate=0.1");
    assert_has(&errors, "help: did you mean `learning_rate`?");
}

#[test]
fn set_names_a_value_that_is_wrong() {
    for (setting, expected) in [
        (
            "dropout.hidden=1.5",
            "a dropout rate of at least 0 and below 1, found 1.5",
        ),
        ("train.epochs=many", "train.epochs: "),
        ("train.epochs=", "train.epochs: "),
        ("train.epochs=-1", "train.epochs: "),
        ("train.learning_rate=nan", "train.learning_rate: "),
        ("network.activation=rleu", "network.activation: "),
        ("seed.x=1", "`seed` is a value and not a table"),
        ("train=1", "train: "),
        ("seed=1\nprecision='float64'", "seed: "),
    ] {
        let errors = wrong(&[setting]);
        assert_has(&errors, expected);
        let first = setting.lines().next().expect("a line");
        assert_has(&errors, "--set:1:1\n");
        assert_has(&errors, first);
    }
}

#[test]
fn set_shows_what_is_expected_where_its_form_is_wrong() {
    let errors = wrong(&["train.epochs"]);
    assert_has(&errors, "expected KEY=VALUE, such as train.epochs=5");
    for setting in ["=5", ".epochs=5", "train.=5", "train..epochs=5"] {
        let errors = wrong(&[setting]);
        assert_has(
            &errors,
            "expected a key such as train.epochs before the `=`",
        );
    }
}

#[test]
fn a_mistake_of_the_file_is_shown_in_the_file_whatever_is_set() {
    for (from, to, expected) in [
        ("batch_size", "bach_size", "train.bach_size: unknown key"),
        ("learning_rate = 0.01", "", "learning_rate"),
    ] {
        let place = Place::with(&digits_with(from, to));
        let errors = bad(place.train().args(["--set", "train.epochs=1"]), 1);
        assert_has(&errors, expected);
        assert_has(&errors, "experiment.toml:");
    }
}

#[test]
fn what_is_set_mends_a_mistake_of_the_file() {
    let place = Place::with(&digits_with(
        "learning_rate = 0.01",
        "learning_rate = 'fast'",
    ));
    let settings = ["train.learning_rate=0.01", "train.epochs=1"];
    good(place.train().args(set(&settings)));
}

#[test]
fn the_backend_of_the_command_line_comes_before_the_files() {
    let backend = backends()[0].0.to_string();
    let place = Place::with(&format!("backend = '{backend}'\n{DIGITS}"));
    for (backend, _) in backends() {
        let name = backend.to_string();
        let out = good(place.train().args(["--backend", &name])).out;
        assert_has(&out, &format!("backend {name}, seed 5, "));
    }
    bad(place.train().args(["--backend", "torch"]), 2);
}

#[test]
fn numbers_out_of_range_are_wrong_usage() {
    let place = Place::with(DIGITS);
    for (flag, value) in [
        ("--seed", "-1"),
        ("--seed", "9223372036854775808"),
        ("--seed", "1.5"),
        ("--checkpoint-every", "-1"),
        ("--checkpoint-every", "nan"),
        ("--checkpoint-every", "inf"),
        ("--checkpoint-every", "often"),
    ] {
        let errors = bad(place.train().arg(format!("{flag}={value}")), 2);
        assert_has(&errors, flag);
    }
    let largest = "9223372036854775807";
    good(place.train_in("run").args(["--seed", largest]));
    assert_has(&text(place.path("run/config.toml")), largest);
}

#[test]
fn resume_takes_nothing_that_would_change_the_run() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let run = place.path("run");
    let config = place.config();
    let backend = backends()[0].0.to_string();
    let others: [&[&Path]; 5] = [
        &[&config],
        &["--out".as_ref(), "elsewhere".as_ref()],
        &["--seed".as_ref(), "1".as_ref()],
        &["--set".as_ref(), "seed=1".as_ref()],
        &["--backend".as_ref(), backend.as_ref()],
    ];
    for other in others {
        let errors = bad(resume(&run).args(other), 2);
        assert_has(&errors, "cannot be used with");
    }
    bad(&mut dropwise(["train", "--out", "x"]), 2);
}
