//! Every key of `[network]` and `[dropout]`: its type and its range.

use dropwise::config::{Activation, Experiment};

use super::mistakes::{assert_error, assert_good};

#[test]
fn hidden_rates_are_one_or_one_a_layer() {
    let rate = "expected a dropout rate of at least 0 and below 1";
    let number = "expected one rate, or one for each of the 2 hidden layers";
    for (line, expected) in [
        (
            "hidden = [0.1]",
            format!("10:10: dropout.hidden: {number}, found an array of 1"),
        ),
        (
            "hidden = []",
            format!("10:10: dropout.hidden: {number}, found an array of 0"),
        ),
        (
            "hidden = [0.1, 0.2, 0.3]",
            format!("10:10: dropout.hidden: {number}, found an array of 3"),
        ),
        (
            "hidden = [0.1, 1.0]",
            format!("10:10: dropout.hidden: {rate}, found 1"),
        ),
        (
            "hidden = 1",
            format!("10:10: dropout.hidden: {rate}, found 1"),
        ),
        (
            "hidden = [0.1, \"a\"]",
            "10:16: dropout.hidden: expected a dropout rate, or \"learned\", found string \"a\""
                .into(),
        ),
    ] {
        assert_error("[dropout]", line, &expected);
    }
    assert_good("[dropout]", "hidden = [0.5, 0]");
    assert_good("[dropout]", "hidden = 0");
}

#[test]
fn a_dropout_schedule_is_a_word_or_a_word_with_its_epochs() {
    let whole = "expected a whole number of at least 0";
    for (line, expected) in [
        (
            "schedule = \"early\"",
            "10:12: dropout.schedule: `early` needs a value: { early = ... }".into(),
        ),
        (
            "schedule = { early = -1 }",
            format!("10:22: dropout.schedule.early: {whole}, found integer `-1`"),
        ),
        (
            "schedule = { late = 1.5 }",
            format!("10:21: dropout.schedule.late: {whole}, found floating point `1.5`"),
        ),
        (
            "schedule = { lat = 1 }",
            "10:14: dropout.schedule.lat: unknown value `lat`; did you mean `late`? Expected one of \
             `standard`, `early`, `late`, `flat-cosine`, `curriculum`"
                .into(),
        ),
        (
            "schedule = { early = 1, late = 1 }",
            "10:12: dropout.schedule: expected one of `standard`, `early`, `late`, `flat-cosine`, `curriculum`, found `{ early = 1, late = 1 }`".into(),
        ),
    ] {
        assert_error("[dropout]", line, &expected);
    }
}

#[test]
fn masks_are_named_by_a_word() {
    for word in ["framework", "seeded"] {
        assert_good("[dropout]", &format!("masks = \"{word}\""));
    }
    assert_error(
        "[dropout]",
        "masks = \"seed\"",
        "10:9: dropout.masks: unknown value `seed`; did you mean `seeded`? Expected one of `framework`, `seeded`",
    );
}

#[test]
fn an_initializer_is_a_word_or_a_word_with_a_number_above_0() {
    let above_zero = "expected a finite number above 0";
    for (line, expected) in [
        (
            "initializer = { normal = 0 }",
            format!("5:26: network.initializer.normal: {above_zero}, found 0"),
        ),
        (
            "initializer = { uniform = -1.0 }",
            format!("5:27: network.initializer.uniform: {above_zero}, found -1"),
        ),
        (
            "initializer = \"uniform\"",
            "5:15: network.initializer: `uniform` needs a value: { uniform = ... }"
                .into(),
        ),
        (
            "initializer = \"xaver\"",
            "5:15: network.initializer: unknown value `xaver`; did you mean `xavier`? Expected one of \
             `uniform`, `normal`, `xavier`, `he`, `lecun`"
                .into(),
        ),
    ] {
        assert_error("[network]", line, &expected);
    }
}

#[test]
fn the_list_of_activations_has_every_word_for_one() {
    let names = Activation::ALL.map(|activation| format!("`{activation}`"));
    assert_error(
        "[network]",
        "activation = \"?\"",
        &format!(
            "5:14: network.activation: unknown value `?`; expected one of {}",
            names.join(", ")
        ),
    );
}

#[test]
fn a_network_starts_as_a_linear_model_only_where_units_can_pass_one_on() {
    for (lines, expected) in [
        (
            "hidden = 4\nlinear_start = true",
            "network.linear_start applies only to activation = \"relu\", \"gelu\" or \"silu\", not \"sigmoid\"; remove it",
        ),
        (
            "hidden = []\nactivation = \"relu\"\nlinear_start = true",
            "network.linear_start applies only to networks with hidden layers, not `hidden = []`; remove it",
        ),
        (
            "hidden = 4\nactivation = \"relu\"\nzero_output = true\nlinear_start = true",
            "network.zero_output applies only to networks that do not start as a linear model, not `linear_start = true`; remove it",
        ),
        (
            "hidden = 4\nactivation = \"gelu\"\nbias = false\nlinear_start = true",
            "network.linear_start applies only to bias = true, not `bias = false`; remove it",
        ),
    ] {
        let text = format!(
            "[data]\nsource = 'xor'\n[network]\n{lines}\n[train]\nlearning_rate = 0.1\nepochs = 1\n"
        );
        let error = Experiment::parse("a.toml", &text).expect_err("a mistake");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
