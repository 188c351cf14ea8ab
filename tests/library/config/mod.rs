//! A configuration is strict: every mistake is found, placed and explained.

mod mistakes;
mod network;
mod resolve;
mod round_trip;
mod sources;
mod training;

use dropwise::config::{Experiment, Precision};
use dropwise::{Error, config};

const XOR: &str = include_str!("../../../config/xor.toml");

/// The error text of `XOR` with one line replaced.
#[track_caller]
fn error_after(line: &str, replacement: &str) -> String {
    assert!(XOR.contains(line), "the file has no `{line}`");
    match Experiment::parse("xor.toml", &XOR.replacen(line, replacement, 1)) {
        Ok(_) => panic!("`{replacement}` was accepted"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn line_of(text: &str) -> usize {
    let found = XOR.lines().position(|line| line.starts_with(text));
    found.expect("a line") + 1
}

#[test]
fn the_shipped_file_names_every_parameter_of_the_tutorial() {
    let xor = Experiment::parse("xor.toml", XOR).expect("a good file");
    assert_eq!(xor.seed, 42);
    assert_eq!(xor.precision, Precision::Float32);
    assert_eq!(xor.data.source, config::DataSource::Xor);
    assert_eq!(xor.network.hidden, [4]);
    assert_eq!(xor.network.activation, config::Activation::Sigmoid);
    assert_eq!(xor.network.output, Some(config::Activation::Sigmoid));
    assert!(!xor.network.bias);
    assert_eq!(
        xor.network.initializer,
        Some(config::Initializer::Uniform(1.0))
    );
    assert_eq!(
        (xor.dropout.input, &xor.dropout.hidden),
        (0.0.into(), &0.2.into())
    );
    assert_eq!(xor.train.loss, Some(config::Loss::SquaredError));
    assert_eq!(xor.train.learning_rate, 0.5);
    assert_eq!(xor.train.steps, Some(60_000));
    assert_eq!(xor.train.evaluate_every, Some(10_000));
    assert!(xor.warnings().is_empty());
}

#[test]
fn what_is_written_out_reads_back_the_same() {
    let xor = Experiment::parse("xor.toml", XOR).expect("a good file");
    let text = toml::to_string(&xor.clone().into_inner()).expect("TOML");
    let again = Experiment::parse("again.toml", &text).expect("a good file");
    assert_eq!(xor, again);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    let line = line_of("hidden = 0.2");
    assert_eq!(
        error_after("hidden = 0.2", "hiden = 0.2"),
        format!(
            "xor.toml:{line}:1: dropout.hiden: unknown key; did you mean `hidden`? Expected one of `kind`, `input`, `hidden`, `length_scale`, `schedule`, `masks`"
        )
    );
    let line = line_of("[dropout]");
    let error = error_after("[dropout]", "[droput]");
    assert!(
        error.starts_with(&format!(
            "xor.toml:{line}:2: droput: unknown key; did you mean `dropout`?"
        )),
        "{error}"
    );
}

#[test]
fn an_unknown_word_is_named_with_the_known_ones() {
    let line = line_of("activation");
    assert_eq!(
        error_after("activation = \"sigmoid\"", "activation = \"sigmod\""),
        format!(
            "xor.toml:{line}:14: network.activation: unknown value `sigmod`; did you mean \
             `sigmoid`? Expected one of `sigmoid`, `relu`, `tanh`, `gelu`, `silu`, `selu`, `identity`"
        )
    );
}

#[test]
fn a_wrong_type_says_what_was_expected_and_found() {
    for (line, replacement, expected) in [
        (
            "hidden = [4]",
            "hidden = \"4\"",
            ":10: network.hidden: expected an array, such as [4], found string \"4\"",
        ),
        (
            "hidden = 0.2",
            "hidden = \"0.2\"",
            ":10: dropout.hidden: expected a dropout rate, \"learned\", or an array of one for each hidden layer, \
             found string \"0.2\"",
        ),
        (
            "bias = false",
            "bias = 0",
            ":8: network.bias: expected true or false, found integer `0`",
        ),
        (
            "steps = 60_000",
            "steps = -1",
            ":9: train.steps: expected a whole number of at least 0, found integer `-1`",
        ),
    ] {
        let error = error_after(line, replacement);
        let expected = format!("xor.toml:{}{expected}", line_of(line));
        assert_eq!(error, expected);
    }
}

#[test]
fn a_value_out_of_range_says_which_range() {
    let rate = "expected a dropout rate of at least 0 and below 1";
    let above_zero = "expected a finite number above 0";
    for (line, replacement, column, expected) in [
        (
            "hidden = 0.2",
            "hidden = 1.0",
            10,
            format!("dropout.hidden: {rate}, found 1"),
        ),
        (
            "hidden = 0.2",
            "hidden = nan",
            10,
            format!("dropout.hidden: {rate}, found NaN"),
        ),
        (
            "input = 0.0",
            "input = -0.1",
            9,
            format!("dropout.input: {rate}, found -0.1"),
        ),
        (
            "learning_rate = 0.5",
            "learning_rate = inf",
            17,
            format!("train.learning_rate: {above_zero}, found inf"),
        ),
        (
            "initializer = { uniform = 1.0 }",
            "initializer = { uniform = 0.0 }",
            27,
            format!("network.initializer.uniform: {above_zero}, found 0"),
        ),
        (
            "hidden = [4]",
            "hidden = [4, 0]",
            10,
            "network.hidden: expected 1 to 65536 units in every layer, found 0 in layer 2".into(),
        ),
        (
            "hidden = [4]",
            "hidden = [1_000_000_000_000]",
            10,
            "network.hidden: expected 1 to 65536 units in every layer, found 1000000000000 in layer \
             1"
                .into(),
        ),
        (
            "hidden = [4]",
            "hidden = 0",
            10,
            "network.hidden: expected 1 to 65536 units in every layer, found 0 in layer 1".into(),
        ),
        (
            "steps = 60_000",
            "steps = 0",
            9,
            "train.steps: expected a whole number of at least 1, found 0".into(),
        ),
        (
            "evaluate_every = 10_000",
            "evaluate_every = 0",
            18,
            "train.evaluate_every: expected a whole number of at least 1, found 0".into(),
        ),
    ] {
        let error = error_after(line, replacement);
        let line = line_of(line);
        assert_eq!(error, format!("xor.toml:{line}:{column}: {expected}"));
    }
}

#[test]
fn a_loss_on_logits_wants_an_output_without_activation() {
    let line = line_of("output");
    assert_eq!(
        error_after("loss = \"squared-error\"", "loss = \"cross-entropy\""),
        format!(
            "xor.toml:{line}:10: network.output: expected `identity` with the loss \
             `cross-entropy`, which takes logits, found `sigmoid`"
        )
    );
}

#[test]
fn a_backend_that_is_not_there_is_an_error_that_lists_those_that_are() {
    let error = error_after("# backend = \"flex\"", "backend = \"torch\"");
    let line = line_of("# backend");
    let start = format!(
        "xor.toml:{line}:11: backend `torch`: there is no backend of this name; compiled in: `"
    );
    assert!(error.starts_with(&start), "{error}");
}

#[test]
fn a_missing_key_and_a_syntax_error_are_placed() {
    let error = error_after("steps = 60_000", "");
    let line = line_of("[train]");
    assert_eq!(
        error,
        format!("xor.toml:{line}:1: train.epochs: expected `epochs` or `steps`, found neither")
    );
    let error = error_after("learning_rate = 0.5", "");
    assert_eq!(
        error,
        format!("xor.toml:{line}:1: train: the key `learning_rate` is missing")
    );
    let error = error_after("seed = 42", "seed = = 42");
    assert!(
        error.starts_with(&format!("xor.toml:{}:8: ", line_of("seed"))),
        "{error}"
    );
    let empty = Experiment::parse("empty.toml", "").expect_err("no experiment");
    assert_eq!(
        empty.to_string(),
        "empty.toml:1:1: the key `data` is missing"
    );
}

#[test]
fn unwise_rates_are_allowed_with_a_warning_that_says_why() {
    let text =
        XOR.replacen("input = 0.0", "input = 0.3", 1)
            .replacen("hidden = 0.2", "hidden = 0.9", 1);
    let warnings = Experiment::parse("xor.toml", &text)
        .expect("allowed")
        .warnings();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].starts_with("dropout.input is 0.3: more than 0.25 drops"));
    assert!(warnings[1].starts_with("dropout.hidden is 0.9: more than 0.8 leaves"));
}

#[test]
fn an_experiment_built_in_code_is_checked_by_field() {
    let mut experiment = Experiment::parse("xor.toml", XOR)
        .expect("good")
        .into_inner();
    experiment.dropout.hidden = 1.5.into();
    let error = experiment.check().expect_err("no rate");
    assert!(matches!(error, Error::InvalidValue { key, .. } if key == "dropout.hidden".into()));
}

#[test]
fn no_text_makes_the_reader_panic() {
    // Every prefix, and every single byte knocked out: an answer, whatever it is.
    for end in (0..XOR.len()).filter(|end| XOR.is_char_boundary(*end)) {
        if let Err(error) = Experiment::parse("xor.toml", &XOR[..end]) {
            assert!(error.to_string().starts_with("xor.toml:"));
        }
        let mut text = XOR.to_owned();
        text.remove(end);
        let _ = Experiment::parse("xor.toml", &text).map_err(|error| error.to_string());
        text.insert(end, 'é');
        let _ = Experiment::parse("xor.toml", &text).map_err(|error| error.to_string());
    }
}
