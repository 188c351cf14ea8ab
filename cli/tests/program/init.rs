//! `dropwise init`: what it guesses from a table, that its configurations load, every error.

use std::path::PathBuf;
use std::process::{Command, Output};

use dropwise::config::{
    ColumnName, CsvConfig, DataSource, Delimiter, Experiment, Missing, MissingTarget, NewCategory,
    TableConfig, TaskKind,
};
use dropwise::{CheckedExperiment, data};
use proptest::prelude::*;
use tempfile::TempDir;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).expect("a file");
        path.to_str().expect("a plain path").to_owned()
    }
}

fn init(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dropwise"))
        .arg("init")
        .args(arguments)
        .output()
        .expect("a run")
}

#[track_caller]
fn bad(arguments: &[&str]) -> String {
    let output = init(arguments);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert_eq!(output.stdout, b"");
    errors
}

/// The file and the columns that a configuration names.
fn of_csv(experiment: &CheckedExperiment) -> (&CsvConfig, &TableConfig) {
    match &experiment.data.source {
        DataSource::Csv { file, table } => (file, table),
        other => panic!("{other:?}"),
    }
}

/// The configuration that is written to standard output, and that it loads.
#[track_caller]
fn good(arguments: &[&str]) -> (String, CheckedExperiment, data::Splits) {
    let output = init(arguments);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    // Which target was guessed, and what the data are like, is all that is said beside the file.
    let is_said = |line: &&str| line.starts_with("target: ") || line.starts_with("note: ");
    let others = errors.lines().filter(|line| !is_said(line));
    assert_eq!(others.collect::<String>(), "");
    let text = String::from_utf8(output.stdout).expect("text");
    let experiment = Experiment::parse("guessed.toml", &text).expect("a configuration");
    let splits = data::load(&experiment.data, experiment.seed).expect("rows");
    (text, experiment, splits)
}

/// A table of so many rows; each cell is made from its row's number.
fn table(header: &str, rows: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = format!("{header}\n");
    for row in 0..rows {
        text.push_str(&line(row));
        text.push('\n');
    }
    text
}

/// Noise in [0, 1) without a pattern that a guess could take for a count.
fn noise(row: usize) -> f64 {
    (row as f64 * 0.618_034).fract()
}

#[test]
fn numbers_with_a_header_become_a_regression_of_the_last_column() {
    let folder = Folder::new();
    let text = table("height,weight,price", 1_030, |row| {
        format!(
            "{:.3},{:.3},{:.3}",
            noise(row),
            noise(3 * row),
            noise(7 * row)
        )
    });
    let path = folder.write("table.csv", text);
    let (text, experiment, splits) = good(&[&path]);
    assert!(
        text.contains("# Seen: 1,030 rows, 3 numeric columns."),
        "{text}"
    );
    let (file, table) = of_csv(&experiment);
    assert_eq!(file.delimiter, Delimiter::Byte(b','));
    assert!(file.header);
    assert_eq!(table.target, ColumnName::Name("price".to_owned()));
    assert_eq!(table.task, Some(TaskKind::Regression));
    assert_eq!(table.missing, Missing::Mean);
    assert_eq!(table.leave_out, []);
    assert_eq!(splits.preprocessing.columns(), ["height", "weight"]);
    let parts = [Some(splits.train), splits.validation, splits.test];
    let sizes = parts.map(|rows| rows.expect("a part").len());
    assert_eq!(sizes.iter().sum::<usize>(), 1_030);
    assert_eq!(sizes[2], 206);
}

#[test]
fn the_network_and_its_training_are_as_promised() {
    let folder = Folder::new();
    let path = folder.write(
        "table.csv",
        table("a,b", 1_000, |row| {
            format!("{:.3},class {}", noise(row), row % 3)
        }),
    );
    let (_, experiment, _) = good(&[&path]);
    assert_eq!(experiment.dropout.input, 0.0.into());
    assert_eq!(experiment.train.optimizer.to_string(), "adam");
    assert_eq!(experiment.train.learning_rate, 0.01);
    assert_eq!(experiment.train.batch_size.of(1_000), 64);
    // 720 training rows are 12 steps an epoch.
    assert_eq!(experiment.train.epochs, Some(250));
    let stopping = experiment.train.early_stopping.expect("early stopping");
    assert_eq!(stopping.patience, 25);
    assert_eq!(experiment.train.ensemble, 5);
    let split = experiment.data.split.clone().expect("a split");
    assert_eq!((split.validation, split.test), (0.1, 0.2));
}

#[test]
fn networks_leave_out_folds_of_a_table_of_less_than_1000_rows_and_validation_rows_of_a_larger_one()
{
    let folder = Folder::new();
    for (rows, folds) in [
        (39, None),
        (40, Some(5)),
        (150, Some(5)),
        (999, Some(5)),
        (1_000, None),
    ] {
        let line = |row: usize| {
            let (x, day) = (noise(row), 1 + row % 28);
            format!("{x:.4},2024-01-{day:02},{},{:.4}", row % 20, noise(5 * row))
        };
        let path = folder.write("t.csv", table("x,day,patient_id,y", rows, line));
        let (text, experiment, _) = good(&[&path, "--target", "y"]);
        assert_eq!(experiment.train.cross_validation, folds);
        let split = experiment.data.split.clone().expect("a split");
        let validation = if rows == 1_000 { 0.1 } else { 0.0 };
        assert_eq!(split.validation, validation);
        if folds.is_some() {
            // Four fifths of 80 % of the rows are 1, 2 or 10 steps an epoch.
            let stopping = experiment.train.early_stopping.expect("early stopping");
            let lasts = (experiment.train.epochs, stopping.patience);
            let expected = match rows {
                40 | 150 => (Some(1_000), 100),
                _ => (Some(300), 30),
            };
            assert_eq!(lasts, expected);
        }
        // A split by a column, which the file proposes, has no folds.
        let without = text.matches(", without train.cross_validation").count();
        assert_eq!(without, if folds.is_some() { 2 } else { 0 }, "{text}");
        let proposed = text
            .matches("# split = { validation = 0.1, test = 0.2, group")
            .count();
        assert_eq!(proposed, usize::from(rows > 39), "{text}");
    }
}

#[test]
fn a_small_table_holds_out_no_rows_but_to_test_and_a_nearly_exact_line_comes_out() {
    let folder = Folder::new();
    for (rows, test) in [(19, 0.0), (39, 0.2), (40, 0.2)] {
        let line = |row: usize| {
            let (a, b) = (10.0 * noise(row), 5.0 * noise(7 * row + 3));
            let y = 3.0 * a - 2.0 * b + 0.1 * noise(11 * row + 5);
            format!("{a:.4},{b:.4},{y:.4}")
        };
        let path = folder.write("line.csv", table("a,b,y", rows, line));
        let (text, experiment, _) = good(&[&path, "--target", "y"]);
        let found = experiment.data.split.clone().unwrap_or_default();
        assert_eq!((found.validation, found.test), (0.0, test));
        let validates = rows == 40;
        assert_eq!(experiment.train.early_stopping.is_some(), validates);
        assert_eq!(text.contains("schedule = \"cosine\""), !validates);
        assert!(experiment.network.linear_start);
        if test > 0.0 {
            let config = folder.write("line.toml", text);
            let run = folder.path(&format!("run{rows}"));
            let run = run.to_str().expect("a plain path");
            let program = |arguments: &[&str]| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_dropwise"));
                command.args(arguments).output().expect("a run").stdout
            };
            program(&["train", &config, "--quiet", "--out", run]);
            let found = program(&["evaluate", run, "--json"]);
            let found: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
            let r2 = found["metrics"]["r2"].as_f64().expect("R2");
            assert!(r2 > 0.98, "{r2}");
        }
    }
}

#[test]
fn the_size_of_the_network_follows_from_the_rows_and_its_dropout_from_the_task() {
    let folder = Folder::new();
    for (rows, words, units, rate) in [
        (999, true, 64, 0.2),
        (1_000, true, 128, 0.2),
        (10_000, true, 256, 0.2),
        (999, false, 64, 0.1),
        (1_000, false, 128, 0.1),
    ] {
        let line = |row: usize| match words {
            true => format!("{:.3},class {}", noise(row), row % 2),
            false => format!("{:.3},{:.3}", noise(row), noise(5 * row)),
        };
        let (_, experiment, _) = good(&[&folder.write("t.csv", table("a,b", rows, line))]);
        assert_eq!(experiment.network.hidden, [units, units]);
        assert_eq!(experiment.dropout.hidden, rate.into());
        assert_eq!(experiment.network.linear_start, rows < 1_000);
        assert!(!experiment.network.zero_output);
        let medium = (1_000..10_000).contains(&rows);
        assert_eq!(
            experiment.train.learning_rate,
            if medium { 0.01 } else { 0.003 }
        );
    }
}

#[test]
fn a_small_table_of_many_classes_gets_a_network_that_has_units_enough_for_them() {
    let folder = Folder::new();
    for (classes, linear) in [(16, true), (17, false), (40, false)] {
        let line = |row: usize| format!("{:.3},class {}", noise(row), row % classes);
        let path = folder.write("t.csv", table("a,b", 400, line));
        let (_, experiment, splits) = good(&[&path, "--target", "b"]);
        let network = &experiment.network;
        assert_eq!(
            (network.linear_start, network.zero_output),
            (linear, !linear)
        );
        let device = dropwise::Backend::default().device().expect("a device");
        let trainer = dropwise::train::Trainer::new(&experiment, &splits.train, None, &device);
        assert!(trainer.is_ok(), "{classes} classes");
    }
}

#[test]
fn a_table_of_few_rows_and_many_columns_does_not_start_as_a_linear_model_of_their_noise() {
    let folder = Folder::new();
    for (rows, columns, linear) in [(60, 20, true), (60, 21, false), (300, 101, false)] {
        let cells = |row: usize| -> Vec<String> {
            let cell = |k: usize| format!("{:.3}", noise(row * columns + k));
            (0..columns).map(cell).collect()
        };
        let names: Vec<String> = (0..columns).map(|k| format!("x{k}")).collect();
        let text = table(&names.join(","), rows, |row| cells(row).join(","));
        let (_, experiment, _) = good(&[&folder.write("t.csv", text), "--target", "x0"]);
        let network = &experiment.network;
        assert_eq!(
            (network.linear_start, network.zero_output),
            (linear, !linear)
        );
    }
}

#[test]
fn every_delimiter_is_found_with_and_without_a_header() {
    let folder = Folder::new();
    for (name, delimiter) in [(",", b','), (";", b';'), ("\t", b'\t'), ("|", b'|')] {
        let line = |row| {
            format!(
                "{:.3}{name}{:.3}{name}{:.3}",
                noise(row),
                noise(2 * row),
                noise(3 * row)
            )
        };
        let headed = table(&format!("a{name}b{name}c"), 60, line);
        let (_, experiment, _) = good(&[&folder.write("headed.csv", &headed)]);
        assert_eq!(of_csv(&experiment).0.delimiter, Delimiter::Byte(delimiter));
        assert!(of_csv(&experiment).0.header);

        let bare = headed.split_once('\n').expect("a header").1;
        let (text, experiment, splits) = good(&[&folder.write("bare.csv", bare)]);
        assert!(text.contains("# the first line is a row"), "{text}");
        assert_eq!(of_csv(&experiment).0.delimiter, Delimiter::Byte(delimiter));
        assert!(!of_csv(&experiment).0.header);
        assert_eq!(of_csv(&experiment).1.target, ColumnName::Number(3));
        assert_eq!(splits.preprocessing.columns(), ["column1", "column2"]);
    }
}

#[test]
fn white_space_between_values_is_found_also_at_the_end_of_lines() {
    let folder = Folder::new();
    let line = |row| {
        format!(
            " {:.3}  {:.3}\t{:.3} \t",
            noise(row),
            noise(2 * row),
            noise(3 * row)
        )
    };
    let (_, experiment, splits) = good(&[&folder.write("data.txt", table("", 60, line))]);
    assert_eq!(of_csv(&experiment).0.delimiter, Delimiter::Whitespace);
    assert_eq!(of_csv(&experiment).1.target, ColumnName::Number(3));
    assert_eq!(splits.preprocessing.d_input(), 2);
}

#[test]
fn a_semicolon_is_preferred_to_commas_inside_values() {
    let folder = Folder::new();
    let line = |row: usize| format!("a,b;{:.2};{:.2}", noise(row), noise(2 * row));
    let (_, experiment, _) = good(&[&folder.write("t.csv", table("x;y;z", 60, line))]);
    assert_eq!(of_csv(&experiment).0.delimiter, Delimiter::Byte(b';'));
}

#[test]
fn words_as_a_target_are_classes_and_two_of_them_binary() {
    let folder = Folder::new();
    for (classes, kind) in [(2, TaskKind::Binary), (3, TaskKind::Classification)] {
        let line = |row: usize| format!("{:.2},class {}", noise(row), row % classes);
        let (text, experiment, splits) = good(&[&folder.write("t.csv", table("x,y", 90, line))]);
        assert_eq!(of_csv(&experiment).1.task, Some(kind));
        assert!(
            text.contains(&format!("# {classes} different words")),
            "{text}"
        );
        assert_eq!(splits.train.task().classes().len(), classes);
    }
}

#[test]
fn numbers_as_a_target_are_classes_if_they_are_few_and_whole() {
    let folder = Folder::new();
    let expected = [
        (2, TaskKind::Binary),
        (5, TaskKind::Classification),
        (40, TaskKind::Regression),
    ];
    for (values, kind) in expected {
        let line = |row: usize| format!("{:.2},{}", noise(row), row * 7 % values);
        let (_, experiment, _) = good(&[&folder.write("t.csv", table("x,y", 400, line))]);
        assert_eq!(of_csv(&experiment).1.task, Some(kind), "{values} values");
    }
    let halves = |row: usize| format!("{:.2},{}", noise(row), (row * 7 % 5) as f64 / 2.0);
    let (_, experiment, _) = good(&[&folder.write("t.csv", table("x,y", 400, halves))]);
    assert_eq!(of_csv(&experiment).1.task, Some(TaskKind::Regression));
}

#[test]
fn another_target_is_taken_by_name_or_number() {
    let folder = Folder::new();
    let line = |row| {
        format!(
            "{:.2},{:.2},{:.2}",
            noise(row),
            noise(2 * row),
            noise(3 * row)
        )
    };
    let path = folder.write("t.csv", table("a,b,c", 60, line));
    for target in ["b", "2"] {
        let (_, experiment, splits) = good(&[&path, "--target", target]);
        assert_eq!(of_csv(&experiment).1.target.to_string(), target);
        assert_eq!(splits.preprocessing.columns(), ["a", "c"]);
    }
}

#[test]
fn columns_that_name_or_count_the_rows_are_left_out_and_the_file_says_why() {
    let folder = Folder::new();
    let header = "n,user_id,name,x,y";
    let line = |row: usize| {
        format!(
            "{row},{},person {row},{:.2},{:.2}",
            row * 977 % 1_009,
            noise(row),
            noise(2 * row)
        )
    };
    let (text, _, splits) = good(&[&folder.write("t.csv", table(header, 60, line))]);
    assert_eq!(splits.preprocessing.columns(), ["x"]);
    for reason in [
        "# Left out: \"n\" counts the rows.",
        "# Left out: \"user_id\" is named like an id, and all its values differ.",
        "# Left out: \"name\" looks like names or free text: most of its values differ.",
    ] {
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn a_column_that_counts_is_kept_if_it_is_the_only_input() {
    let folder = Folder::new();
    let line = |row| format!("{row},{:.2}", noise(row));
    let (_, _, splits) = good(&[&folder.write("t.csv", table("time,y", 60, line))]);
    assert_eq!(splits.preprocessing.columns(), ["time"]);
}

#[test]
fn categories_are_listed_and_rare_ones_tolerated() {
    let folder = Folder::new();
    let common = |row: usize| format!("{},{:.2}", ["red", "blue"][row % 2], noise(row));
    let (text, experiment, _) = good(&[&folder.write("t.csv", table("color,y", 60, common))]);
    let listed = "# Columns of words, an input for each category: \"color\" (2).";
    assert!(text.contains(listed), "{text}");
    assert_eq!(of_csv(&experiment).1.new_category, NewCategory::Error);

    let rare = |row: usize| {
        format!(
            "{},{:.2}",
            if row == 7 { "pink" } else { "red" },
            noise(row)
        )
    };
    let (_, experiment, _) = good(&[&folder.write("t.csv", table("color,y", 60, rare))]);
    assert_eq!(of_csv(&experiment).1.new_category, NewCategory::Ignore);
}

#[test]
fn missing_values_get_a_policy_and_their_marks_are_listed() {
    let folder = Folder::new();
    let input = |row: usize| match row % 10 {
        3 => format!("?,{:.2}", noise(row)),
        5 => format!("n/a,{:.2}", noise(row)),
        _ => format!("{:.2},{:.2}", noise(row), noise(2 * row)),
    };
    let (text, experiment, _) = good(&[&folder.write("t.csv", table("x,y", 60, input))]);
    assert_eq!(of_csv(&experiment).1.missing, Missing::Mean);
    assert!(text.contains("# Missing values: \"x\" (12)."), "{text}");
    let marks = of_csv(&experiment).1.missing_values.clone();
    assert_eq!(marks, ["", "?", "NA", "NaN", "n/a"]);

    let target = |row: usize| match row % 10 {
        3 => format!("{:.2},", noise(row)),
        _ => format!("{:.2},{:.2}", noise(row), noise(2 * row)),
    };
    let (text, experiment, splits) = good(&[&folder.write("t.csv", table("x,y", 60, target))]);
    let (_, columns) = of_csv(&experiment);
    let policies = (columns.missing, columns.missing_target);
    assert_eq!(policies, (Missing::Mean, Some(MissingTarget::Drop)));
    assert!(
        text.contains("# 6 rows without a target are left out"),
        "{text}"
    );
    let sizes = [Some(splits.train), splits.validation, splits.test];
    assert_eq!(
        sizes
            .into_iter()
            .flatten()
            .map(|rows| rows.len())
            .sum::<usize>(),
        54
    );
}

#[test]
fn a_table_of_few_rows_is_not_split() {
    let folder = Folder::new();
    let line = |row| format!("{:.2},{:.2}", noise(row), noise(2 * row));
    let (text, experiment, splits) = good(&[&folder.write("t.csv", table("x,y", 12, line))]);
    assert!(text.contains("# Too few rows to spare any"), "{text}");
    assert_eq!(experiment.data.split, None);
    assert_eq!(experiment.train.early_stopping, None);
    assert_eq!(splits.train.len(), 12);
}

#[test]
fn out_writes_the_same_text_into_a_new_file_and_says_how_to_go_on() {
    let folder = Folder::new();
    let line = |row| format!("{:.2},{:.2}", noise(row), noise(2 * row));
    let path = folder.write("t.csv", table("x,y", 60, line));
    let toml = folder.path("new.toml");
    let toml = toml.to_str().expect("a plain path");
    let output = init(&[&path, "--out", toml]);
    assert_eq!(output.status.code(), Some(0));
    let says = String::from_utf8(output.stdout).expect("text");
    assert!(says.contains(&format!("dropwise train {toml}")), "{says}");
    let (text, ..) = good(&[&path]);
    assert_eq!(std::fs::read_to_string(toml).expect("the file"), text);
    let names = std::fs::read_dir(folder.0.path())
        .expect("the folder")
        .count();
    assert_eq!(names, 2, "nothing is left beside the file");
}

#[cfg(unix)]
#[test]
fn the_written_file_can_be_read_by_whoever_may_read_the_users_other_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.write("t.csv", "x,y\n0.5,1.5\n0.25,2.5\n");
    let toml = folder.path("new.toml");
    init(&[&path, "--out", toml.to_str().expect("a plain path")]);
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path)
            .expect("a file")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&toml), mode(path.as_ref()));
}

#[test]
fn a_file_that_exists_is_not_overwritten() {
    let folder = Folder::new();
    let path = folder.write("t.csv", "x,y\n0.5,1.5\n0.25,2.5\n");
    let toml = folder.write("old.toml", "mine");
    let errors = bad(&[&path, "--out", &toml]);
    let expected = format!(
        "--out: expected a file that does not exist yet, found {toml}, which exists and is not overwritten"
    );
    assert!(errors.contains(&expected), "{errors}");
    assert_eq!(std::fs::read_to_string(&toml).expect("the file"), "mine");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = Folder::new();
    let path = folder.write("t.csv", "x,y\n0.5,1.5\n0.25,2.5\n");
    let toml = folder.path("no/such/new.toml");
    let errors = bad(&[&path, "--out", toml.to_str().expect("a plain path")]);
    assert!(
        errors.contains("new.toml: cannot be written: No such file"),
        "{errors}"
    );
}

#[test]
fn what_is_no_table_is_an_error_that_names_the_place() {
    let folder = Folder::new();
    let missing = folder.path("missing.csv");
    let errors = bad(&[missing.to_str().expect("a plain path")]);
    assert!(
        errors.contains("missing.csv: cannot be read: No such file"),
        "{errors}"
    );
    for (content, expected) in [
        (&b""[..], "the file is empty"),
        (
            b"a,b,c\n1,2,3\n4,5\n",
            "line 3: expected 3 columns, found 2",
        ),
        (
            b"a,b\n1,\0\n",
            "line 2: expected text, found a byte that is 0",
        ),
        (
            b"a,b\n1,\xc3\xa9\xc3\xa8\n2,\xff\n",
            "line 3: expected text in UTF-8, found other bytes",
        ),
    ] {
        let errors = bad(&[&folder.write("t.csv", content)]);
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn a_table_that_does_not_load_yet_gets_a_configuration_and_a_warning() {
    let folder = Folder::new();
    let line = |row: usize| match row {
        7 => "1O.5,1.5".to_owned(),
        _ => format!("{:.2},{:.2}", noise(row), noise(2 * row)),
    };
    let path = folder.write("t.csv", table("x,y", 60, line));
    let output = init(&[&path]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("text");
    Experiment::parse("guessed.toml", &text).expect("a configuration");
    let warning = String::from_utf8(output.stderr).expect("text");
    // What was expected depends on whether the split makes it a training row.
    let (place, found) = ("line 9, column `x`: expected a ", "found `1O.5`");
    assert!(
        warning.starts_with("warning: the table does not load"),
        "{warning}"
    );
    assert!(
        warning.contains(place) && warning.contains(found),
        "{warning}"
    );

    let output = init(&[
        &folder.write("u.csv", "a,b\n1.5,2\n2.5,3\n"),
        "--target",
        "bb",
    ]);
    let warning = String::from_utf8(output.stderr).expect("text");
    assert!(warning.contains("did you mean `b`?"), "{warning}");
}

/// What tables are made of, and what may go wrong in a name that is quoted.
const PIECES: &[&str] = &[
    "a", "b", "id", "0", "1", "2.5", "-", "?", ",", ",", ",", ";", "|", "\t", " ", "\"", "\\",
    "\n", "\n", "\r\n", "\u{7f}", "\u{85}", "\u{1}", "#", "\u{e9}",
];

proptest! {
    // Each case is a process.
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_a_configuration_that_parses_or_an_error(
        content in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
proptest::collection::vec(proptest::sample::select(PIECES), 0..60)
                .prop_map(|pieces| pieces.concat().into_bytes()),
        ]
    ) {
        let folder = Folder::new();
        let output = init(&[&folder.write("t.csv", &content)]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        prop_assert!(!errors.contains("panicked"), "{}", errors);
        match output.status.code() {
            Some(0) => {
                let text = String::from_utf8(output.stdout).expect("text");
                prop_assert!(Experiment::parse("guessed.toml", &text).is_ok(), "{}", text);
            }
            status => prop_assert_eq!((status, &output.stdout[..]), (Some(1), &b""[..])),
        }
    }
}

/// A name, and the cell of each row.
type Column = (&'static str, fn(usize) -> String);

/// The last line that `init` says about the target of a table with these columns, each with its cells.
fn guessed(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let line = |row| {
        let cells: Vec<String> = columns.iter().map(|column| column.1(row)).collect();
        cells.join(",")
    };
    let folder = Folder::new();
    let path = folder.write("t.csv", table(&names.join(","), 60, line));
    let output = init(&[&path]);
    let errors = String::from_utf8(output.stderr).expect("text");
    errors.lines().last().unwrap_or_default().to_owned()
}

fn amount(row: usize) -> String {
    format!("{:.3}", noise(row + 7))
}

fn other_amount(row: usize) -> String {
    format!("{:.3}", noise(3 * row + 1))
}

fn yes_or_no(row: usize) -> String {
    if noise(row) > 0.6 { "yes" } else { "no" }.to_owned()
}

#[test]
fn the_target_is_guessed_from_names_values_and_places_and_said_last_with_the_next_guess() {
    let column = |name, cells| -> Column { (name, cells) };
    for (columns, expected) in [
        (
            [
                column("churn", yes_or_no),
                column("age", amount),
                column("minutes", other_amount),
            ],
            "\"churn\" (guessed, before \"minutes\")",
        ),
        (
            [
                column("a", amount),
                column("sale_price", other_amount),
                column("lot", amount),
            ],
            "\"sale_price\"",
        ),
        // A class of something is not the class.
        (
            [
                column("passengerClass", yes_or_no),
                column("age", amount),
                column("survived", yes_or_no),
            ],
            "\"survived\"",
        ),
        // Nothing says anything: the last one.
        (
            [
                column("a", amount),
                column("b", other_amount),
                column("c", amount),
            ],
            "\"c\"",
        ),
        // A day is when something was, and `y` beside `x` is a place.
        (
            [
                column("ozone", amount),
                column("wind", other_amount),
                column("target", amount),
            ],
            "\"target\"",
        ),
        (
            [
                column("x", amount),
                column("y", other_amount),
                column("depth", amount),
            ],
            "\"depth\"",
        ),
    ] {
        let said = guessed(&columns);
        assert!(said.starts_with(&format!("target: {expected}")), "{said}");
        assert!(said.ends_with("--target names another"), "{said}");
    }
}

#[test]
fn where_two_targets_are_as_likely_init_asks_and_writes_nothing() {
    let folder = Folder::new();
    let line = |row| {
        let (one, other) = (yes_or_no(row), yes_or_no(row + 5));
        format!("{},{one},{other},{}", amount(row), other_amount(row))
    };
    let path = folder.write("t.csv", table("age,churned,fraud,minutes", 60, line));
    let toml = folder.path("t.toml");
    let errors = bad(&[&path, "--out", toml.to_str().expect("a path")]);
    assert!(
        errors.contains("`churned`") || errors.contains("`fraud`"),
        "{errors}"
    );
    assert!(
        errors.contains("--target: expected the column to predict"),
        "{errors}"
    );
    assert!(!toml.exists());
}

#[test]
fn a_target_that_the_table_lacks_is_an_error_with_the_nearest_name_and_nothing_is_written() {
    let folder = Folder::new();
    let line = |row| format!("{},{}", amount(row), yes_or_no(row));
    let path = folder.write("t.csv", table("age,churn", 60, line));
    let toml = folder.path("t.toml");
    for (wrong, said) in [
        ("chrun", "did you mean `churn`?"),
        ("9", "one of `age`, `churn`"),
    ] {
        let errors = bad(&[
            &path,
            "--target",
            wrong,
            "--out",
            toml.to_str().expect("a path"),
        ]);
        assert!(errors.contains(said), "{errors}");
        assert!(!toml.exists());
    }
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_of_the_line_it_stands_on() {
    let folder = Folder::new();
    let line = |row| match row {
        10 => format!("\"{},{}", amount(row), yes_or_no(row)),
        _ => format!("{},{}", amount(row), yes_or_no(row)),
    };
    let path = folder.write("t.csv", table("age,churn", 40, line));
    let errors = bad(&[&path]);
    assert!(
        errors.contains("line 12: a quote is opened and never closed"),
        "{errors}"
    );
}

#[test]
fn numbers_in_the_style_of_a_country_are_read_in_it() {
    let folder = Folder::new();
    let line = |row: usize| {
        format!(
            "{},{:02};{}.{:03},5",
            row % 7,
            row,
            1 + row % 9,
            (row * 37) % 1000
        )
    };
    let path = folder.write("t.csv", table("area;rent", 60, line));
    let (text, experiment, splits) = good(&[&path]);
    let (_, columns) = of_csv(&experiment);
    assert_eq!(
        (columns.decimal, columns.thousands),
        (',', Some('.')),
        "{text}"
    );
    assert_eq!(columns.task, Some(TaskKind::Regression));
    let mut areas: Vec<f64> = (0..splits.train.len())
        .map(|row| {
            let mut inputs = splits.train.input_row(row);
            splits.preprocessing.unscale(&mut inputs);
            inputs[0]
        })
        .collect();
    areas.sort_by(f64::total_cmp);
    assert!(
        (0.0..0.7).contains(&areas[0]) && areas.last().is_some_and(|area| *area < 7.0),
        "{areas:?}"
    );
}

#[test]
fn thousands_are_no_words_and_a_percent_sign_makes_no_classes() {
    let folder = Folder::new();
    let line = |row: usize| {
        format!(
            "\"{},{:03}\",{}",
            1 + row % 9,
            (row * 37) % 1000,
            amount(row)
        )
    };
    let path = folder.write("t.csv", table("income,price", 60, line));
    let (text, experiment, splits) = good(&[&path]);
    assert_eq!(of_csv(&experiment).1.thousands, Some(','), "{text}");
    assert_eq!(splits.preprocessing.input_names(), ["income"]);

    let line = |row: usize| format!("{},{} %", amount(row), 5 * (row % 3));
    let path = folder.write("u.csv", table("x,share", 60, line));
    let errors = bad(&[&path, "--target", "share"]);
    assert!(errors.contains("has a percent sign"), "{errors}");
}

#[test]
fn digits_that_are_names_stay_names_and_codes_of_two_letters_keep_na() {
    let folder = Folder::new();
    let line = |row: usize| {
        let country = ["NA", "ZA", "DE", "FR"][row % 4];
        format!(
            "{:05},{country},{},{}",
            2139 + 100 * (row % 3),
            amount(row),
            yes_or_no(row)
        )
    };
    let path = folder.write("t.csv", table("zip,country,age,churn", 80, line));
    let (text, experiment, splits) = good(&[&path]);
    let (_, columns) = of_csv(&experiment);
    assert_eq!(
        columns.categorical,
        [ColumnName::Name("zip".to_owned())],
        "{text}"
    );
    assert!(
        !columns.missing_values.iter().any(|mark| mark == "NA"),
        "{text}"
    );
    assert!(text.contains("\"country\" (20 times)"), "{text}");
    let names = splits.preprocessing.input_names();
    assert!(
        names.contains(&"zip=02139".to_owned()) && names.contains(&"country=NA".to_owned()),
        "{names:?}"
    );
}

#[test]
fn an_index_in_any_order_and_a_column_of_one_value_are_left_out() {
    let folder = Folder::new();
    let line = |row: usize| format!("{},{},5,{}", (row * 37) % 101, amount(row), yes_or_no(row));
    let path = folder.write("t.csv", table("nr_of_line,age,tariff,churn", 101, line));
    let (text, experiment, _) = good(&[&path]);
    let left_out = ["nr_of_line", "tariff"].map(|name| ColumnName::Name(name.to_owned()));
    assert_eq!(of_csv(&experiment).1.leave_out, left_out, "{text}");
    assert!(
        text.contains("numbers the rows, in another order") && text.contains("has one value"),
        "{text}"
    );
}

#[test]
fn a_few_words_among_numbers_make_categories() {
    let folder = Folder::new();
    let line = |row: usize| {
        let cylinders = if row == 40 {
            "rotary".to_owned()
        } else {
            (2 * (row % 4)).to_string()
        };
        format!("{cylinders},{},{}", amount(row), other_amount(row))
    };
    let path = folder.write("t.csv", table("cylinders,weight,mpg", 60, line));
    let (text, experiment, _) = good(&[&path]);
    let expected = [ColumnName::Name("cylinders".to_owned())];
    assert_eq!(of_csv(&experiment).1.categorical, expected, "{text}");
    assert!(text.contains("words such as \"rotary\""), "{text}");
}

#[test]
fn na_is_a_code_only_where_every_column_that_has_it_holds_codes() {
    let folder = Folder::new();
    let country = |row: usize| ["NA", "ZA", "DE"][row % 3];
    let line = |row: usize| format!("{},{},{}", country(row), amount(row), yes_or_no(row));
    let path = folder.write("t.csv", table("country,age,churn", 60, line));
    let (text, experiment, _) = good(&[&path]);
    assert!(
        !of_csv(&experiment)
            .1
            .missing_values
            .contains(&"NA".to_owned()),
        "{text}"
    );
    assert!(
        text.contains("NA is taken for a word") && text.contains("\"country\" (20 times)"),
        "{text}"
    );

    let age = |row: usize| {
        if row.is_multiple_of(5) {
            "NA".to_owned()
        } else {
            amount(row)
        }
    };
    let line = |row: usize| format!("{},{},{}", country(row), age(row), yes_or_no(row));
    let path = folder.write("u.csv", table("country,age,churn", 60, line));
    let (text, experiment, splits) = good(&[&path]);
    let (_, columns) = of_csv(&experiment);
    assert!(columns.missing_values.contains(&"NA".to_owned()), "{text}");
    assert!(columns.leave_out.is_empty(), "{text}");
    assert!(splits.preprocessing.columns().contains(&"age".to_owned()));
    assert!(
        text.contains("may be a code in \"country\" (20 times)"),
        "{text}"
    );
}

#[test]
fn dates_become_inputs_and_the_file_says_what_leaves_them_out() {
    let folder = Folder::new();
    let day = |row: usize| format!("2024-{:02}-{:02}", 1 + row / 28 % 12, 1 + row % 28);
    let line = |row: usize| format!("{},{},{}", day(row / 2), amount(row), other_amount(row));
    let path = folder.write("t.csv", table("day,price,sold", 120, line));
    let (text, experiment, splits) = good(&[&path, "--target", "sold"]);
    assert_eq!(
        of_csv(&experiment).1.dates,
        [ColumnName::Name("day".to_owned())],
        "{text}"
    );
    assert_eq!(splits.train.d_input(), 5);
    assert!(
        text.contains("move them to leave_out") && text.contains("time = \"day\""),
        "{text}"
    );

    for (day, day_first, words) in [
        ("25/12/2024", Some(true), "above 12"),
        ("12/25/2024", Some(false), ""),
        ("10/11/2024", Some(false), "If the day: day_first = true"),
    ] {
        let line = |row: usize| format!("{day},{},{}", amount(row), other_amount(row));
        let path = folder.write(
            "t.csv",
            table("day,price,sold", 60, line) + "01/02/2024,1,2\n",
        );
        let (text, experiment, _) = good(&[&path, "--target", "sold"]);
        assert_eq!(Some(of_csv(&experiment).1.day_first), day_first, "{text}");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn titles_comments_encodings_and_gzip_are_found() {
    let folder = Folder::new();
    let rows = table("stra\u{df}e;b;y", 40, |row| {
        format!(
            "{};{};{}",
            ["k\u{f6}ln", "bonn"][row % 2],
            amount(row),
            yes_or_no(row)
        )
    });
    let latin: Vec<u8> = rows.chars().map(|letter| letter as u8).collect();
    let path = folder.write("latin.csv", latin);
    let (text, experiment, _) = good(&[&path, "--target", "y"]);
    assert_eq!(
        of_csv(&experiment).0.encoding.as_deref(),
        Some("windows-1252"),
        "{text}"
    );

    let wide: Vec<u8> = format!("\u{feff}{rows}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let path = folder.write("wide.csv", wide);
    assert_eq!(
        of_csv(&good(&[&path, "--target", "y"]).1)
            .0
            .encoding
            .as_deref(),
        Some("utf-16le")
    );

    let plain = table("a,b,y", 40, |row| {
        format!("{},{},{}", amount(row), other_amount(row), yes_or_no(row))
    });
    for (title, skip_lines, comment) in [
        ("Sales of 2024\n", 1, None),
        ("Sales of 2024\n\nAll shops, all days\n", 3, None),
        ("Sales of 2024,,\n,,\n", 2, None),
        ("# made by hand, 2024\n# twice\n", 0, Some('#')),
    ] {
        let path = folder.write("t.csv", format!("{title}{plain}"));
        let (text, experiment, splits) = good(&[&path, "--target", "y"]);
        let (file, _) = of_csv(&experiment);
        assert_eq!(
            (file.skip_lines, file.comment),
            (skip_lines, comment),
            "{text}"
        );
        assert_eq!(splits.preprocessing.columns(), ["a", "b"], "{text}");
    }

    // A row with a mistake is no title.
    let path = folder.write("t.csv", plain.replacen('\n', "\n1,2,yes,3\n", 1));
    assert!(bad(&[&path]).contains("line 2: expected 3 columns, found 4"));

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, plain.as_bytes()).expect("bytes");
    let packed = packed.finish().expect("bytes");
    let path = folder.write("t.csv.gz", &packed);
    assert_eq!(good(&[&path, "--target", "y"]).2.train.d_input(), 2);
    let cut = bad(&[&folder.write("cut.csv.gz", &packed[..packed.len() / 2])]);
    assert!(
        cut.contains("packed, and damaged") && cut.contains("pack it again"),
        "{cut}"
    );
}

#[test]
fn columns_that_give_the_target_away_are_named() {
    let folder = Folder::new();
    let line = |row: usize| {
        let (casual, registered) = (noise(row) * 50.0, noise(row + 500) * 90.0);
        let (casual, registered) = (casual.round(), registered.round());
        let count = casual + registered;
        format!(
            "{},{casual},{registered},{},{count}",
            amount(row),
            count.ln_1p()
        )
    };
    let path = folder.write(
        "t.csv",
        table("temp,casual,registered,log_count,count", 200, line),
    );
    let (text, ..) = good(&[&path, "--target", "count"]);
    assert!(
        text.contains("\"casual\" and \"registered\" together add up to the target"),
        "{text}"
    );
    assert!(
        text.contains("\"log_count\" rises or falls with the target exactly"),
        "{text}"
    );
    assert!(!text.contains("\"temp\" "), "{text}");

    let line = |row: usize| {
        format!(
            "{},{},{},{}",
            amount(row),
            ["B", "M"][row % 2],
            row % 2,
            row % 2
        )
    };
    let path = folder.write("t.csv", table("size,word,code,diagnosis", 60, line));
    let (text, experiment, _) = good(&[&path, "--target", "diagnosis"]);
    assert!(
        text.contains("\"word\" names the classes in another way"),
        "{text}"
    );
    assert!(
        text.contains("Left out: \"code\" has the values of the target, row by row."),
        "{text}"
    );
    assert_eq!(
        of_csv(&experiment).1.leave_out,
        [ColumnName::Name("code".to_owned())]
    );
}

#[test]
fn an_index_without_a_name_ids_that_recur_and_words_that_differ_in_case_are_named() {
    let folder = Folder::new();
    // The numbers of a frame that was filtered: all different, no permutation.
    let line = |row: usize| {
        let color = ["Red", "red", "blue"][row % 3];
        format!(
            "{},{},{color},{},{}",
            7 * row + row % 3,
            row / 3,
            amount(row),
            yes_or_no(row)
        )
    };
    let path = folder.write("t.csv", table(",patient_id,color,size,y", 90, line));
    let (text, experiment, _) = good(&[&path, "--target", "y"]);
    assert_eq!(
        of_csv(&experiment).1.leave_out,
        [ColumnName::Name("column1".to_owned())],
        "{text}"
    );
    assert!(text.contains("group = \"patient_id\""), "{text}");
    assert!(
        text.contains("In \"color\" \"Red\" and \"red\" are two values"),
        "{text}"
    );
}

#[test]
fn a_target_with_signs_is_named_and_no_other_is_taken_and_round_amounts_are_no_classes() {
    let folder = Folder::new();
    let line = |row: usize| format!("{},{},${}", amount(row), 1 + row % 5, 100 * (1 + row % 9));
    let path = folder.write("t.csv", table("sqm,rooms,price", 60, line));
    let errors = bad(&[&path]);
    assert!(
        errors.contains("price") && errors.contains("has a currency"),
        "{errors}"
    );

    let line = |row: usize| format!("{},{},{}", amount(row), 1 + row % 5, 100 * (1 + row % 7));
    let path = folder.write("t.csv", table("sqm,rooms,price", 70, line));
    let (text, experiment, _) = good(&[&path, "--target", "price"]);
    assert_eq!(
        of_csv(&experiment).1.task,
        Some(TaskKind::Regression),
        "{text}"
    );
}

#[test]
fn values_far_from_the_others_are_said_with_line_and_column() {
    let folder = Folder::new();
    let line = |row: usize| {
        let age = if row == 20 {
            "999".to_owned()
        } else {
            amount(row)
        };
        format!("{age},{},{}", other_amount(row), yes_or_no(row))
    };
    let path = folder.write("t.csv", table("age,b,y", 60, line));
    let output = init(&[&path, "--target", "y"]);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(
        errors.contains("note: `age` has 999 (once, line 22), far from its other values"),
        "{errors}"
    );
}

#[test]
fn columns_of_words_that_are_something_else_are_named_for_it() {
    let folder = Folder::new();
    let columns: [(&str, Cell, &str); 6] = [
        (
            "start",
            |row| format!("{:02}:{:02}", row % 24, 7 * row % 60),
            "holds times of day",
        ),
        (
            "day",
            |row| format!("{} {} 2024", 1 + row % 28, ["Jan", "Feb", "Mar"][row % 3]),
            "looks like dates",
        ),
        (
            "day",
            |row| format!("{}/{}/24", 1 + row % 12, 1 + row % 28),
            "looks like dates",
        ),
        (
            "weight",
            |row| format!("{} kg", 40 + row),
            "has numbers with a unit behind them",
        ),
        (
            "share",
            |row| format!("{} %", row % 40),
            "has percent signs",
        ),
        (
            "price",
            |row| format!("\u{20ac}{}", row % 40),
            "has currencies",
        ),
    ];
    for (name, cell, why) in columns {
        let line = |row: usize| format!("{},{},{}", cell(row), amount(row), yes_or_no(row));
        let path = folder.write("t.csv", table(&format!("{name},x,y"), 60, line));
        let (text, experiment, _) = good(&[&path, "--target", "y"]);
        assert!(
            text.contains(&format!("# Left out: \"{name}\" {why}")),
            "{text}"
        );
        assert_eq!(
            of_csv(&experiment).1.leave_out,
            [ColumnName::Name(name.to_owned())]
        );
    }
    let line = |row: usize| {
        let status = ["1. Never Married", "2. Married", "3. Divorced"][row % 3];
        format!("{status},{},{}", amount(row), yes_or_no(row))
    };
    let path = folder.write("t.csv", table("maritl,x,y", 60, line));
    let (text, experiment, _) = good(&[&path, "--target", "y"]);
    assert!(of_csv(&experiment).1.leave_out.is_empty(), "{text}");

    let line = |row: usize| {
        let age = if row.is_multiple_of(7) {
            "90+".to_owned()
        } else {
            (20 + row % 30).to_string()
        };
        format!("{age},{},{}", amount(row), yes_or_no(row))
    };
    let path = folder.write("t.csv", table("age,x,y", 70, line) + "Total,,70\n");
    let (text, ..) = good(&[&path, "--target", "y"]);
    assert!(
        text.contains(
            "60 of 71 values of \"age\" are numbers, but words such as \"90+\" make categories"
        ),
        "{text}"
    );
    assert!(
        text.contains("The class \"70\" has one row: a total below the table, or a slip?"),
        "{text}"
    );

    let compact = |row: usize| {
        format!(
            "2024{:02}{:02},{},{}",
            1 + row % 12,
            1 + row % 28,
            amount(row),
            yes_or_no(row)
        )
    };
    let path = folder.write("t.csv", table("day,x,y", 60, compact));
    let (text, experiment, _) = good(&[&path, "--target", "y"]);
    assert_eq!(
        of_csv(&experiment).1.dates,
        [ColumnName::Name("day".to_owned())],
        "{text}"
    );
}

#[test]
fn a_comma_before_three_digits_is_a_decimal_comma_after_a_zero_and_between_semicolons() {
    let folder = Folder::new();
    let small = |row: usize| format!("0,{:03};{}", 100 + row, yes_or_no(row));
    let large = |row: usize| format!("1,{:03};{}", 100 + row, yes_or_no(row));
    let quoted = |row: usize| format!("\"1,{:03}\",{}", 100 + row, yes_or_no(row));
    let mixed = |row: usize| format!("\"{},{:03}\",{}", row % 2, 100 + row, yes_or_no(row));
    let cases: [(&str, Cell, char, Option<char>); 4] = [
        ("x;y", small, ',', None),
        ("x;y", large, ',', None),
        ("x,y", quoted, '.', Some(',')),
        ("x,y", mixed, ',', None),
    ];
    for (header, line, decimal, thousands) in cases {
        let path = folder.write("t.csv", table(header, 60, line));
        let (text, experiment, _) = good(&[&path, "--target", "y"]);
        let (_, columns) = of_csv(&experiment);
        assert_eq!(
            (columns.decimal, columns.thousands),
            (decimal, thousands),
            "{text}"
        );
        let other = if decimal == ',' {
            "thousands = \",\" in place of decimal"
        } else {
            "decimal = \",\" in place of thousands"
        };
        assert!(text.contains(other), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the columns hold, the file that is written loads, and trains.
    #[test]
    fn what_init_writes_trains_without_an_edit(
        kinds in proptest::collection::vec(0_usize..KINDS.len(), 1..6),
        target in 0_usize..3,
        rows in 12_usize..90,
        seed in 0_usize..1_000,
    ) {
        let folder = Folder::new();
        let names: Vec<String> = kinds.iter().enumerate().map(|(k, kind)| format!("{}{k}", KINDS[*kind].0)).collect();
        let line = |row: usize| {
            let cells = kinds.iter().enumerate().map(|(k, kind)| (KINDS[*kind].1)(row + seed + 31 * k));
            let target = match target {
                0 => yes_or_no(row + seed),
                1 => amount(row + seed),
                _ => ["a", "b", "c"][(row + seed) % 3].to_owned(),
            };
            cells.chain([target]).collect::<Vec<_>>().join(",")
        };
        folder.write("t.csv", table(&format!("{},y", names.join(",")), rows, line));
        let run = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_dropwise"));
            let output = command.args(arguments).current_dir(folder.path("")).output().expect("a run");
            (output.status.code(), String::from_utf8(output.stderr).expect("text"))
        };
        let (status, said) = run(&["init", "t.csv", "--target", "y", "--out", "c.toml"]);
        prop_assert_eq!(status, Some(0), "{}", said);
        prop_assert!(!said.contains("does not load"), "{}", said);
        let (status, said) = run(&["train", "c.toml", "--quiet", "--set", "train.epochs=1"]);
        prop_assert_eq!(status, Some(0), "{}", said);
    }
}

/// The cell of a row.
type Cell = fn(usize) -> String;

/// Kinds of columns.
const KINDS: [(&str, Cell); 14] = [
    ("number", amount),
    ("gaps", |row| {
        if row % 5 == 0 {
            String::new()
        } else {
            amount(row)
        }
    }),
    ("nearly_empty", |row| {
        if row % 17 == 0 {
            amount(row)
        } else {
            "NA".to_owned()
        }
    }),
    ("word", |row| {
        ["red", "green", "blue", ""][row % 4].to_owned()
    }),
    ("rare", |row| {
        if row % 29 == 0 {
            format!("w{row}")
        } else {
            "usual".to_owned()
        }
    }),
    ("names", |row| format!("name {row}")),
    ("zip", |row| format!("{:05}", 7 * row % 40)),
    ("account", |row| format!("90071992547409{:03}", row % 13)),
    ("day", |row| {
        format!("2024-{:02}-{:02}", 1 + row % 12, 1 + row % 28)
    }),
    ("time", |row| format!("{:02}:{:02}", row % 24, row % 60)),
    ("flag", |row| ["TRUE", "false"][row % 2].to_owned()),
    ("constant", |_| "7".to_owned()),
    ("mark", |row| {
        if row % 6 == 0 {
            "n/a".to_owned()
        } else {
            (row % 11).to_string()
        }
    }),
    ("slip", |row| {
        if row % 23 == 0 {
            "1e30".to_owned()
        } else {
            amount(row)
        }
    }),
];
