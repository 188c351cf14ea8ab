//! `[data]`: every source has keys of its own; how the rows are split.

use dropwise::config::Experiment;

/// The result of a file with these lines under `[data]`, which are its lines 2 and on.
fn parse(data: &str) -> dropwise::Result<dropwise::CheckedExperiment> {
    let rest = "[network]\nhidden = [4]\n[train]\nlearning_rate = 1\nepochs = 1\n";
    Experiment::parse("x.toml", &format!("[data]\n{data}\n{rest}"))
}

#[track_caller]
fn assert_error(data: &str, expected: &str) {
    match parse(data) {
        Ok(_) => panic!("`{data}` was accepted"),
        Err(error) => assert_eq!(error.to_string(), format!("x.toml:{expected}")),
    }
}

const CSV: &str = "source = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"";
const IDX: &str = "source = \"idx\"\ndir = \"mnist\"";

/// Each key with a good value, and the source that it belongs to.
const KEYS: [(&str, &str, &str); 25] = [
    ("dir", "\"mnist\"", "idx"),
    ("train_images", "\"a\"", "idx"),
    ("train_labels", "\"a\"", "idx"),
    ("test_images", "\"a\"", "idx"),
    ("test_labels", "\"a\"", "idx"),
    ("classes", "[\"no\", \"yes\"]", "idx"),
    ("path", "\"a.csv\"", "csv"),
    ("test_path", "\"b.csv\"", "csv"),
    ("delimiter", "\";\"", "csv"),
    ("header", "false", "csv"),
    ("target", "\"y\"", "csv"),
    ("task", "\"binary\"", "csv"),
    ("leave_out", "[\"id\", 3]", "csv"),
    ("categorical", "[2]", "csv"),
    ("missing_values", "[\"-\"]", "csv"),
    ("missing", "\"mode\"", "csv"),
    ("new_category", "\"ignore\"", "csv"),
    ("standardize", "false", "csv"),
    ("scaling", "\"robust\"", "csv"),
    ("dates", "[\"day\"]", "csv"),
    ("day_first", "true", "csv"),
    ("missing_target", "\"drop\"", "csv"),
    ("skip_lines", "2", "csv"),
    ("comment", "\"#\"", "csv"),
    ("encoding", "\"latin1\"", "csv"),
];

#[test]
fn a_source_takes_its_own_keys_and_no_others() {
    for (source, lines) in [
        ("xor", "source = \"xor\""),
        ("digits", "source = \"digits\""),
        ("csv", CSV),
        (
            "idx",
            "source = \"idx\"\ntrain_images = \"a\"\ntrain_labels = \"b\"",
        ),
    ] {
        for (key, value, owner) in KEYS {
            let line = lines.lines().count() + 2;
            if owner != source {
                let column = key.len() + 4;
                let expected = format!(
                    "{line}:{column}: data.{key} applies only to source = \"{owner}\", not \"{source}\"; remove it"
                );
                assert_error(&format!("{lines}\n{key} = {value}"), &expected);
            } else if owner == "csv" && !lines.contains(&format!("\n{key} = ")) {
                let error = parse(&format!("{lines}\n{key} = {value}")).err();
                assert!(error.is_none(), "{key}: {error:?}");
            }
        }
    }
    assert!(parse(&format!("{IDX}\nclasses = [\"no\", \"yes\"]")).is_ok());
}

#[test]
fn a_source_is_one_of_the_known_ones() {
    assert_error("", "1:1: data: the key `source` is missing");
    assert_error(
        "source = \"cvs\"",
        "2:10: data.source: unknown value `cvs`; expected one of `xor`, `digits`, `idx`, `csv`, `parquet`, `custom`",
    );
    assert_error(
        "source = 1",
        "2:10: data.source: expected one of `xor`, `digits`, `idx`, `csv`, `parquet`, `custom`, found `1`",
    );
}

#[test]
fn a_network_learns_its_targets_or_its_inputs() {
    for source in ["source = \"xor\"", "source = \"digits\"", CSV, IDX] {
        for (old, learned) in [("targets", false), ("inputs", true)] {
            for key in [
                format!("autoencoder = {learned}"),
                format!("learn = \"{old}\""),
            ] {
                let read = parse(&format!("{source}\n{key}")).expect("a good file");
                assert_eq!(read.data.autoencoder, learned, "{key}");
            }
        }
    }
    assert_error(
        "source = \"xor\"\nautoencoder = \"inputs\"",
        "3:15: data.autoencoder: expected true or false, found string \"inputs\"",
    );
    assert_error(
        "source = \"xor\"\nlearn = \"input\"",
        "3:1: data.learn: unknown key; expected one of `source`, `autoencoder`, `split`",
    );
    assert_error(
        "source = \"custom\"\nautoencoder = true",
        "3:15: data.autoencoder applies only to sources that are built in or read from files, not \"custom\"; remove it",
    );
    assert!(parse("source = \"custom\"\nautoencoder = false").is_ok());
}

#[test]
fn a_table_needs_a_path_and_a_target() {
    assert_error("source = \"csv\"", "1:1: data: the key `path` is missing");
    assert_error(
        "source = \"csv\"\npath = \"a.csv\"",
        "1:1: data: the key `target` is missing",
    );
}

#[test]
fn idx_files_come_in_a_folder_or_one_by_one() {
    let none = "expected a file, or `dir` with the files as they are published, found none";
    let pair = "expected both `test_images` and `test_labels`, or neither, found one of them";
    let train = "source = \"idx\"\ntrain_images = \"a\"\ntrain_labels = \"b\"";
    assert_error(
        "source = \"idx\"",
        &format!("1:1: data.train_images: {none}"),
    );
    assert_error(
        "source = \"idx\"\ntrain_images = \"a\"",
        &format!("1:1: data.train_labels: {none}"),
    );
    assert_error(
        &format!("{train}\ntest_images = \"c\""),
        &format!("5:15: data.test_images: {pair}"),
    );
    assert_error(
        &format!("{train}\ntest_labels = \"c\""),
        &format!("1:1: data.test_images: {pair}"),
    );
    for key in ["train_images", "train_labels", "test_images", "test_labels"] {
        let column = key.len() + 4;
        assert_error(
            &format!("{IDX}\n{key} = \"a\""),
            &format!(
                "4:{column}: data.{key}: expected either `dir` or the files one by one, found both"
            ),
        );
    }
    assert!(parse(train).is_ok());
    assert!(
        parse(&format!(
            "{train}\ntest_images = \"c\"\ntest_labels = \"d\""
        ))
        .is_ok()
    );
}

#[test]
fn keys_of_a_table_that_contradict_each_other_are_an_error() {
    for (lines, expected) in [
        (
            "missing_indicator = true",
            "data.missing_indicator applies only to missing = \"mean\", \"median\" or \"mode\", not \"error\"",
        ),
        (
            "missing = \"drop\"\nmissing_indicator = true",
            "data.missing_indicator applies only to",
        ),
        (
            "standardize = false\nscaling = \"robust\"",
            "data.scaling applies only to standardize = true",
        ),
        (
            "encoding = \"klingon\"",
            "data.encoding: expected an encoding, such as \"windows-1252\"",
        ),
        (
            "comment = \",\"",
            "data.comment: expected one ASCII sign such as \"#\"",
        ),
        (
            "comment = \"a\"",
            "data.comment: expected one ASCII sign such as \"#\"",
        ),
    ] {
        let message = parse(&format!("{CSV}\n{lines}"))
            .expect_err("an error")
            .to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_keys_of_a_table_have_types() {
    let column = "expected a column's name, or its number counted from 1";
    let delimiter = "expected one character such as \",\", \";\" or \"\\t\", or \"whitespace\"";
    for (line, expected) in [
        ("leave_out = \"x\"", "13: data.leave_out: expected an array, such as [4], found string \"x\"".into()),
        ("leave_out = [1.5]", format!("14: data.leave_out: {column}, found floating point `1.5`")),
        ("categorical = [0]", format!("16: data.categorical: {column}, found integer `0`")),
        ("categorical = [-1]", format!("16: data.categorical: {column}, found integer `-1`")),
        ("missing_values = [1]", "19: data.missing_values: expected a string, found integer `1`".into()),
        ("header = 1", "10: data.header: expected true or false, found integer `1`".into()),
        ("standardize = \"yes\"", "15: data.standardize: expected true or false, found string \"yes\"".into()),
        ("test_path = 3", "13: data.test_path: expected a path in quotes, found integer `3`".into()),
        ("delimiter = \"ab\"", format!("13: data.delimiter: {delimiter}, found string \"ab\"")),
        ("delimiter = \"\"", format!("13: data.delimiter: {delimiter}, found string \"\"")),
        ("delimiter = \"é\"", format!("13: data.delimiter: {delimiter}, found string \"é\"")),
        ("delimiter = '\"'", format!("13: data.delimiter: {delimiter}, found string \"\\\"\"")),
        ("delimiter = \"\\n\"", format!("13: data.delimiter: {delimiter}, found string \"\\n\"")),
        (
            "missing = \"dorp\"",
            "11: data.missing: unknown value `dorp`; did you mean `drop`? Expected one of `error`, `drop`, \
             `mean`, `median`, `mode`"
                .into(),
        ),
        (
            "new_category = \"ignor\"",
            "16: data.new_category: unknown value `ignor`; did you mean `ignore`? Expected one of `error`, \
             `ignore`"
                .into(),
        ),
        (
            "task = \"regresion\"",
            "8: data.task: unknown value `regresion`; did you mean `regression`? Expected one of \
             `classification`, `binary`, `regression`"
                .into(),
        ),
    ] {
        assert_error(&format!("{CSV}\n{line}"), &format!("5:{expected}"));
    }
    for target in ["0", "-1", "true", "1.0"] {
        let error = parse(&format!(
            "source = \"csv\"\npath = \"a\"\ntarget = {target}"
        ));
        let error = error.expect_err("no column").to_string();
        let start = format!("x.toml:4:10: data.target: {column}, found ");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_split_is_by_shares_or_by_files_of_rows() {
    let share = "expected a fraction of at least 0 and below 1";
    for (split, expected) in [
        ("validation = 1.0", format!("24: data.split.validation: {share}, found 1")),
        ("validation = nan", format!("24: data.split.validation: {share}, found NaN")),
        ("test = -0.1", format!("18: data.split.test: {share}, found -0.1")),
        ("test = \"a\"", "18: data.split.test: expected a number, found string \"a\"".into()),
        ("seed = -1", "18: data.split.seed: expected a whole number of at least 0, found integer `-1`".into()),
        ("stratify = 1", "22: data.split.stratify: expected true or false, found integer `1`".into()),
        ("test_rows = 1", "23: data.split.test_rows: expected a path in quotes, found integer `1`".into()),
        (
            "tset = 0.1",
            "11: data.split.tset: unknown key; did you mean `test`? Expected one of `validation`, \
             `test`, `calibration`, `train`, `seed`, `stratify`, `group`, `time`, `train_rows`, `validation_rows`, `test_rows`"
                .into(),
        ),
        (
            "test = 0.1, test_rows = \"a\"",
            "18: data.split.test: expected either `test` or `test_rows`, found both".into(),
        ),
        (
            "test = 0.1, train_rows = \"a\"",
            "18: data.split.test: expected either `test` or `train_rows`, found both".into(),
        ),
        ("train = 0", "19: data.split.train: expected a whole number of at least 1, found 0".into()),
        ("train = -1", "19: data.split.train: expected a whole number of at least 0, found integer `-1`".into()),
        (
            "train = 0.5",
            "19: data.split.train: expected a whole number of at least 0, found floating point `0.5`".into(),
        ),
        (
            "train = 5, train_rows = \"a\"",
            "19: data.split.train: expected either `train` or `train_rows`, found both".into(),
        ),
        (
            "trian = 5",
            "11: data.split.trian: unknown key; did you mean `train`? Expected one of `validation`, \
             `test`, `calibration`, `train`, `seed`, `stratify`, `group`, `time`, `train_rows`, `validation_rows`, `test_rows`"
                .into(),
        ),
        (
            "validation = 0.1, validation_rows = \"a\"",
            "24: data.split.validation: expected either `validation` or `validation_rows`, found both".into(),
        ),
    ] {
        assert_error(&format!("source = \"xor\"\nsplit = {{ {split} }}"), &format!("3:{expected}"));
    }
    assert_error(
        "source = \"xor\"\nsplit = 0.1",
        "3:9: data.split: expected a table, found floating point `0.1`",
    );
    assert!(parse("source = \"xor\"\nsplit = { validation = 0.2, test_rows = \"a\" }").is_ok());
    assert!(
        parse("source = \"xor\"\nsplit = { test = 0.5, train = 2, validation_rows = \"a\" }")
            .is_ok()
    );
}
