//! Every key of `[train]`: its type, its range, what it clashes with.

use dropwise::config::Experiment;

use super::mistakes::{GOOD, assert_error, assert_good};

#[test]
fn numbers_of_the_training_have_ranges() {
    let above_zero = "expected a finite number above 0";
    let not_negative = "expected a finite number of at least 0";
    let momentum = "expected a momentum of at least 0 and below 1";
    for (line, place, expected) in [
        (
            "weight_decay = -0.1",
            "7:16: train.weight_decay",
            format!("{not_negative}, found -0.1"),
        ),
        (
            "weight_decay = inf",
            "7:16: train.weight_decay",
            format!("{not_negative}, found inf"),
        ),
        (
            "l1 = -0.1",
            "7:6: train.l1",
            format!("{not_negative}, found -0.1"),
        ),
        (
            "l1 = nan",
            "7:6: train.l1",
            format!("{not_negative}, found NaN"),
        ),
        (
            "max_norm = 0",
            "7:12: train.max_norm",
            format!("{above_zero}, found 0"),
        ),
        (
            "max_norm = -1.0",
            "7:12: train.max_norm",
            format!("{above_zero}, found -1"),
        ),
        (
            "clip = { norm = 0.0 }",
            "7:17: train.clip.norm",
            format!("{above_zero}, found 0"),
        ),
        (
            "clip = { value = inf }",
            "7:18: train.clip.value",
            format!("{above_zero}, found inf"),
        ),
        (
            "momentum = 1.0",
            "7:12: train.momentum",
            format!("{momentum}, found 1"),
        ),
        (
            "momentum = nan",
            "7:12: train.momentum",
            format!("{momentum}, found NaN"),
        ),
        (
            "momentum = { from = -0.5, to = 0.9, epochs = 20 }",
            "7:21: train.momentum.from",
            format!("{momentum}, found -0.5"),
        ),
        (
            "momentum = { from = 0.5, to = 1.0, epochs = 20 }",
            "7:31: train.momentum.to",
            format!("{momentum}, found 1"),
        ),
        (
            "schedule = { step = { every = 1, factor = 0 } }",
            "7:43: train.schedule.step.factor",
            format!("{above_zero}, found 0"),
        ),
        (
            "schedule = { exponential = 0.0 }",
            "7:28: train.schedule.exponential",
            format!("{above_zero}, found 0"),
        ),
        (
            "schedule = { inverse-time = -1.0 }",
            "7:29: train.schedule.inverse-time",
            format!("{not_negative}, found -1"),
        ),
        (
            "early_stopping = { patience = 1, min_improvement = -1 }",
            "7:52: train.early_stopping.min_improvement",
            format!("{not_negative}, found -1"),
        ),
    ] {
        assert_error("[train]", line, &format!("{place}: {expected}"));
    }
}

#[test]
fn counts_of_the_training_are_at_least_1() {
    for (line, place) in [
        ("evaluate_every = 0", "7:18: train.evaluate_every"),
        (
            "schedule = { step = { every = 0, factor = 0.5 } }",
            "7:31: train.schedule.step.every",
        ),
        (
            "momentum = { from = 0.5, to = 0.9, epochs = 0 }",
            "7:45: train.momentum.epochs",
        ),
        (
            "early_stopping = { patience = 0 }",
            "7:31: train.early_stopping.patience",
        ),
    ] {
        let expected = format!("{place}: expected a whole number of at least 1, found 0");
        assert_error("[train]", line, &expected);
    }
}

#[test]
fn a_schedule_is_a_word_or_a_word_with_its_value() {
    let words = "`constant`, `step`, `exponential`, `cosine`, `inverse-time`";
    for (line, expected) in [
        (
            "schedule = \"cosin\"",
            format!("7:12: train.schedule: unknown value `cosin`; did you mean `cosine`? Expected one of {words}"),
        ),
        (
            "schedule = { inverse-tim = 1.0 }",
            format!(
                "7:14: train.schedule.inverse-tim: unknown value `inverse-tim`; did you mean \
                 `inverse-time`? Expected one of {words}"
            ),
        ),
        (
            "schedule = \"exponential\"",
            "7:12: train.schedule: `exponential` needs a value: { exponential = ... }"
                .into(),
        ),
        (
            "schedule = \"step\"",
            "7:12: train.schedule: `step` needs a value: { step = ... }".into(),
        ),
        (
            "schedule = 0.5",
            format!("7:12: train.schedule: expected one of {words}, found `0.5`"),
        ),
        (
            "schedule = {}",
            format!("7:12: train.schedule: expected one of {words}, found `{{}}`"),
        ),
        (
            "schedule = { exponential = 0.9, inverse-time = 1.0 }",
            format!("7:12: train.schedule: expected one of {words}, found `{{ exponential = 0.9, inverse-time = 1.0 }}`"),
        ),
        (
            "schedule = { exponential = \"slow\" }",
            "7:28: train.schedule.exponential: expected a number, found string \"slow\"".into(),
        ),
        (
            "schedule = { step = { every = 1.5, factor = 0.5 } }",
            "7:31: train.schedule.step.every: expected a whole number of at least 0, found floating \
             point `1.5`"
                .into(),
        ),
        (
            "schedule = { step = { every = 10 } }",
            "7:21: train.schedule.step: the key `factor` is missing".into(),
        ),
        (
            "schedule = { step = { every = 10, factor = 0.5, facto = 1 } }",
            "7:49: train.schedule.step.facto: unknown key; did you mean `factor`? Expected one of \
             `every`, `factor`"
                .into(),
        ),
    ] {
        assert_error("[train]", line, &expected);
    }
}

#[test]
fn a_momentum_is_a_number_or_a_ramp_and_for_sgd_only() {
    for (line, expected) in [
        (
            "momentum = \"high\"",
            "7:12: train.momentum: expected a momentum such as 0.9, or { from = 0.5, to = 0.95, \
             epochs = 20 }, found string \"high\"",
        ),
        (
            "momentum = { from = 0.5, to = 0.9 }",
            "7:12: train.momentum: the key `epochs` is missing",
        ),
        (
            "momentum = { from = 0.5, too = 0.9, epochs = 1 }",
            "7:26: train.momentum.too: unknown key; did you mean `to`? Expected one of `from`, \
             `to`, `epochs`",
        ),
        (
            "momentum = 0.9\noptimizer = \"adam\"",
            "7:12: train.momentum applies only to optimizer = \"sgd\", not \"adam\"; remove it",
        ),
        (
            "momentum = { from = 0.5, to = 0.9, epochs = 1 }\noptimizer = \"adamw\"",
            "7:12: train.momentum applies only to optimizer = \"sgd\", not \"adamw\"; remove it",
        ),
    ] {
        assert_error("[train]", line, expected);
    }
    assert_good("[train]", "momentum = 0"); // a whole number is a number
    assert_good("[train]", "momentum = 0.0\noptimizer = \"adam\"");
}

#[test]
fn only_sgd_with_momentum_has_dampening() {
    for (line, expected) in [
        (
            "momentum = 0.9\ndampening = 1",
            "8:13: train.dampening: expected true or false, found integer `1`",
        ),
        (
            "dampening = true",
            "7:13: train.dampening: expected a `momentum` above 0 beside it, found none",
        ),
        (
            "dampening = true\noptimizer = \"adam\"",
            "7:13: train.dampening applies only to optimizer = \"sgd\", not \"adam\"; remove it",
        ),
    ] {
        assert_error("[train]", line, expected);
    }
    let text = GOOD.replacen("[train]", "[train]\nmomentum = 0.9\ndampning = true", 1);
    let error = Experiment::parse("x.toml", &text)
        .expect_err("misspelled")
        .to_string();
    let expected = "x.toml:8:1: train.dampning: unknown key; did you mean `dampening`?";
    assert!(error.starts_with(expected), "{error}");
    for line in [
        "momentum = 0.9\ndampening = true",
        "momentum = { from = 0.0, to = 0.9, epochs = 2 }\ndampening = true",
        "dampening = false\noptimizer = \"adam\"",
    ] {
        assert_good("[train]", line);
    }
}

#[test]
fn an_l1_penalty_is_a_number_and_not_for_adamw() {
    assert_error(
        "[train]",
        "l1 = \"some\"",
        "7:6: train.l1: expected a number, found string \"some\"",
    );
    assert_error(
        "[train]",
        "l1 = 0.1\noptimizer = \"adamw\"",
        "7:6: train.l1 applies only to optimizer = \"sgd\" or \"adam\", not \"adamw\"; remove it",
    );
    for line in [
        "l1 = 0.1",
        "l1 = 1\noptimizer = \"adam\"",
        "l1 = 0.0\noptimizer = \"adamw\"",
    ] {
        assert_good("[train]", line);
    }
}

#[test]
fn a_batch_has_a_number_of_rows_or_is_full() {
    for (written, found) in [
        ("0", "integer `0`"),
        ("-3", "integer `-3`"),
        ("1.5", "floating point `1.5`"),
        ("\"ful\"", "string \"ful\""),
        ("true", "boolean `true`"),
    ] {
        let expected = format!(
            "7:14: train.batch_size: expected a whole number of at least 1, or \"full\", found {found}"
        );
        assert_error("[train]", &format!("batch_size = {written}"), &expected);
    }
    assert_good("[train]", "batch_size = 1");
    assert_good("[train]", "batch_size = \"full\"");
}

#[test]
fn gradients_are_clipped_by_norm_or_by_value() {
    for (line, expected) in [
        (
            "clip = 1.0",
            "7:8: train.clip: expected one of `norm`, `value`, found `1.0`",
        ),
        (
            "clip = { norm = 1.0, value = 1.0 }",
            "7:8: train.clip: expected one of `norm`, `value`, found `{ norm = 1.0, value = 1.0 }`",
        ),
        (
            "clip = { nrom = 1.0 }",
            "7:10: train.clip.nrom: unknown value `nrom`; did you mean `norm`? Expected one of `norm`, `value`",
        ),
    ] {
        assert_error("[train]", line, expected);
    }
}

#[test]
fn words_of_the_training_are_known_ones() {
    assert_error(
        "[train]",
        "optimizer = \"adamm\"",
        "7:13: train.optimizer: unknown value `adamm`; did you mean `adam`? Expected one of `sgd`, `adam`, `adamw`",
    );
    assert_error(
        "[train]",
        "loss = \"cross\"",
        "7:8: train.loss: unknown value `cross`; did you mean `cross-entropy`? Expected one of \
         `squared-error`, `mean-squared-error`, `cross-entropy`, `binary-cross-entropy`",
    );
}

#[test]
fn training_lasts_for_epochs_or_for_steps_not_both() {
    assert_error(
        "[train]",
        "steps = 3",
        "7:9: train.steps: expected either `epochs` or `steps`, found both",
    );
}

#[test]
fn folds_want_an_ensemble_mini_batches_and_a_split_row_by_row() {
    assert_error(
        "[train]",
        "cross_validation = 1",
        "7:20: train.cross_validation: expected a whole number of at least 2, found 1",
    );
    let mistake = |text: &str| match Experiment::parse("x.toml", text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    };
    for (lines, expected) in [
        (
            "cross_validation = 2",
            "train.ensemble: expected a multiple of the 2 folds of `train.cross_validation`; with fewer networks \
             `split.validation = 0.1` in `[data]` takes its place, found 1",
        ),
        (
            "cross_validation = 2\nensemble = 4",
            "train.batch_size: expected a number of rows with `train.cross_validation`, since members have rows of their own, \
             found \"full\"",
        ),
    ] {
        let found = mistake(&GOOD.replacen("[train]", &format!("[train]\n{lines}"), 1));
        assert!(found.contains(expected), "{found}");
    }
    let train = "[train]\ncross_validation = 2\nensemble = 4\nbatch_size = 2\nearly_stopping = { patience = 3 }";
    let folds = GOOD.replacen("[train]", train, 1);
    assert!(Experiment::parse("x.toml", &folds).is_ok(), "{folds}");
    for (split, words) in [
        ("validation = 0.1", "none with validation rows"),
        (
            "validation_rows = \"rows.txt\"",
            "none with validation rows",
        ),
    ] {
        let text = folds.replacen("[data]", &format!("[data]\nsplit.{split}"), 1);
        let found = mistake(&text);
        assert!(
            found.contains("train.cross_validation") && found.contains(words),
            "{found}"
        );
    }
    let csv = folds.replacen(
        "source = \"xor\"",
        "source = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"",
        1,
    );
    for split in ["group", "time"] {
        let text = csv.replacen("[data]", &format!("[data]\nsplit.{split} = \"at\""), 1);
        let found = mistake(&text);
        let expected =
            format!("expected none with `split.{split}`, since folds are dealt row by row");
        assert!(found.contains(&expected), "{found}");
    }
}

#[test]
fn early_stopping_wants_validation_rows() {
    assert_error(
        "[train]",
        "early_stopping = { patience = 3 }",
        "7:18: train.early_stopping: expected validation rows to look at, such as \
         `split.validation = 0.1` in `[data]`, found none",
    );
    let stopping = GOOD.replacen("[train]", "[train]\nearly_stopping = { patience = 3 }", 1);
    for split in ["validation = 0.1", "validation_rows = \"rows.txt\""] {
        let text = stopping.replacen("[data]", &format!("[data]\nsplit.{split}"), 1);
        assert!(Experiment::parse("x.toml", &text).is_ok(), "{text}");
    }
    assert_error(
        "[train]",
        "early_stopping = {}",
        "7:18: train.early_stopping: the key `patience` is missing",
    );
    assert_error(
        "[train]",
        "early_stopping = { patience = 1, patienc = 2 }",
        "7:34: train.early_stopping.patienc: unknown key; did you mean `patience`? Expected one of `patience`, `min_improvement`",
    );
}

#[test]
fn there_is_at_least_one_replica() {
    let study = |replicas: &str| format!("{GOOD}[study]\nreplicas = {replicas}\n");
    let error = Experiment::parse("x.toml", &study("0")).expect_err("none");
    let expected = "x.toml:11:12: study.replicas: expected a whole number of at least 1, found 0";
    assert_eq!(error.to_string(), expected);
    let several = Experiment::parse("x.toml", &study("256")).expect("a good file");
    assert_eq!(several.study.replicas, 256);
}
