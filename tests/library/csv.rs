//! Tables: parsing, splitting, what is learned from the training rows, every error.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use dropwise::config::{
    ColumnName, CsvConfig, DataConfig, DataSource, Delimiter, Missing, NewCategory, SplitConfig,
    TableConfig, TaskKind,
};
use dropwise::data::csv::{Format, Reader, Record, parse};
use dropwise::data::{self, Dataset, Splits, Task};
use proptest::prelude::*;
use tempfile::TempDir;

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// A table whose target is the column `y`.
    pub fn table(&self, content: impl AsRef<[u8]>) -> Csv {
        Csv {
            file: CsvConfig::new(self.write("table.csv", content)),
            table: TableConfig::new(name("y")),
            split: None,
        }
    }

    /// A split by these training rows and test rows.
    pub fn split(&self, train: &str, test: &str) -> Option<SplitConfig> {
        Some(SplitConfig {
            train_rows: Some(self.write("train.txt", train)),
            test_rows: Some(self.write("test.txt", test)),
            ..SplitConfig::default()
        })
    }
}

/// A configuration that tests change.
#[derive(Debug, Clone)]
pub struct Csv {
    pub file: CsvConfig,
    pub table: TableConfig,
    pub split: Option<SplitConfig>,
}

impl Csv {
    pub fn load(&self, seed: u64) -> dropwise::Result<Splits> {
        let (file, table) = (self.file.clone(), self.table.clone());
        let config = DataConfig {
            split: self.split.clone(),
            ..DataConfig::new(DataSource::Csv { file, table })
        };
        data::load(&config, seed)
    }
}

pub fn name(name: &str) -> ColumnName {
    ColumnName::Name(name.to_owned())
}

#[track_caller]
pub fn load(config: &Csv) -> Splits {
    config.load(42).expect("a table that loads")
}

/// The message, without the folder of the file.
#[track_caller]
pub fn error(config: &Csv) -> String {
    let message = config.load(42).expect_err("an error").to_string();
    let folder = config.file.path.parent().expect("a folder").display();
    message.replace(&format!("{folder}/"), "")
}

pub fn inputs(rows: &Dataset) -> Vec<Vec<f64>> {
    (0..rows.len()).map(|row| rows.input_row(row)).collect()
}

pub fn targets(rows: &Dataset) -> Vec<Vec<f64>> {
    (0..rows.len()).map(|row| rows.target_row(row)).collect()
}

#[track_caller]
pub fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-14,
            "{found} is not {expected}"
        );
    }
}

// Parsing.

#[test]
fn values_are_read_as_rfc_4180_has_them() {
    let text = "\u{feff}name,\"note, with comma\"\r\n\r\n\"a \"\"quoted\"\" word\" , two\r\n\"two\nlines\",3\r\n";
    let table = parse("t.csv", text.as_bytes(), Format::default()).expect("a table");
    assert_eq!(table.columns(), ["name", "note, with comma"]);
    assert_eq!(table.rows(), 2);
    assert_eq!(table.cell(0, 0), "a \"quoted\" word");
    assert_eq!(table.cell(0, 1), "two");
    assert_eq!(table.cell(1, 0), "two\nlines");
    assert_eq!(table.cell(1, 1), "3");
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "", "1,2", "", "", "\"x", "y\",4", "5,6"].join(end);
        let table = parse("t.csv", text.as_bytes(), Format::default()).expect("a table");
        let lines: Vec<String> = (0..table.rows()).map(|row| table.place(row)).collect();
        assert_eq!(lines, ["line 3", "line 6", "line 8"], "{end:?}");
    }
    let words = Format::new(Delimiter::Whitespace, true);
    let text = b" a b\r\n\n \t \n1\t 2 \n3 4";
    let table = parse("t.txt", &text[..], words).expect("a table");
    assert_eq!([table.place(0), table.place(1)], ["line 4", "line 5"]);
    assert_eq!(table.cell(0, 1), "2");
}

#[test]
fn columns_without_a_name_are_numbered() {
    let bare = Format::new(Delimiter::default(), false);
    let table = parse("t.csv", &b"1,2\n"[..], bare).expect("a table");
    assert_eq!(
        (table.columns(), table.rows()),
        (&["column1", "column2"].map(String::from)[..], 1)
    );
    let table = parse("t.csv", &b",b\n1,2\n"[..], Format::default()).expect("a table");
    assert_eq!(table.columns(), ["column1", "b"]);
}

#[test]
fn a_malformed_file_is_an_error_that_names_the_line() {
    let cases: [(&[u8], &str); 7] = [
        (b"", "t.csv: the file is empty; give the path of a table"),
        (
            b"\n\r\n",
            "t.csv: the file is empty; give the path of a table",
        ),
        (
            b"a,b\n1,2\n\n3\n",
            "t.csv: line 4: expected 2 columns, found 1; every line needs the columns of line 1, the header; ",
        ),
        (
            b"\na,b\n1,2,3\n",
            "t.csv: line 3: expected 2 columns, found 3; every line needs the columns of line 2",
        ),
        (
            b"a,b\n1,2\n\"3,4\n5,6\n",
            "t.csv: line 3: a quote is opened and never closed; close it, or double the quotes inside a value",
        ),
        (
            b"a,b\n1,2\n1,\xff\n",
            "t.csv: line 3: expected text in UTF-8, found other bytes; say which encoding it is in `[data]`, such as `encoding = \"windows-1252\"`",
        ),
        (
            b"a,b, a\n1,2,3\n",
            "t.csv: line 1: columns 1 and 3 are both named `a`; give every column a name of its own; ",
        ),
    ];
    for (bytes, expected) in cases {
        let error = parse("t.csv", bytes, Format::default()).expect_err("an error");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let ragged = "a b\n1 2\n3 4 5\n";
    let words = Format::new(Delimiter::Whitespace, true);
    let error = parse("t.txt", ragged.as_bytes(), words)
        .expect_err("an error")
        .to_string();
    assert!(
        error.starts_with("t.txt: line 3: expected 2 columns, found 3"),
        "{error}"
    );
}

#[test]
fn a_delimiter_that_cannot_be_one_is_an_error() {
    for byte in [b'"', b'\n', b'\r', 0xe9] {
        let error = parse(
            "t.csv",
            &b"a,b\n"[..],
            Format::new(Delimiter::Byte(byte), true),
        )
        .expect_err("an error")
        .to_string();
        assert!(
            error.starts_with("data.delimiter: expected one ASCII character"),
            "{error}"
        );
    }
}

// Preprocessing.

#[test]
fn numbers_are_standardized_by_mean_and_deviation_of_the_training_rows() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,10\n2,20\n4,40\n10,100\n1000,-7\n");
    config.split = folder.split("0 1 2 3", "4");
    let splits = load(&config);
    // By Python's statistics.mean and statistics.pstdev.
    let expected = [
        -0.930_949_336_251_262_7,
        -0.644_503_386_635_489_6,
        -0.071_611_487_403_943_3,
        1.647_064_210_290_695_6,
    ];
    assert_close(&inputs(&splits.train).concat(), &expected);
    assert_close(&targets(&splits.train).concat(), &expected);
    let test = splits.test.expect("a test row");
    assert_close(
        &test.input_row(0),
        &[(1000.0 - 4.25) / 3.491_060_010_942_235],
    );
    let Task::Regression { targets } = splits.train.task() else {
        panic!("a regression");
    };
    assert_eq!(targets[0].name, "y");
    assert_close(
        &[targets[0].mean, targets[0].deviation / 10.0],
        &[42.5, 3.491_060_010_942_235],
    );
}

#[test]
fn nothing_is_standardized_where_that_is_not_wished() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,10\n2,20\n");
    config.table.standardize = false;
    let splits = load(&config);
    assert_eq!(inputs(&splits.train), [[1.0], [2.0]]);
    assert_eq!(targets(&splits.train), [[10.0], [20.0]]);
}

#[test]
fn a_constant_column_is_exactly_zero() {
    let folder = Folder::new();
    // The mean of ten times 0.1 is not 0.1 in floating point.
    let splits = load(&folder.table(format!("a,b,y\n{}", "0.1,2,3\n".repeat(10))));
    assert!(inputs(&splits.train).iter().all(|row| row == &[0.0, 0.0]));
    assert!(targets(&splits.train).iter().all(|row| row == &[0.0]));
}

#[test]
fn numbers_far_from_one_are_standardized_too() {
    let folder = Folder::new();
    let splits = load(&folder.table("a,b,y\n1e-200,1e200,1\n3e-200,3e200,3\n"));
    assert_close(&inputs(&splits.train).concat(), &[-1.0, -1.0, 1.0, 1.0]);
}

#[test]
fn words_become_an_input_a_category_sorted_by_name() {
    let folder = Folder::new();
    let mut config = folder.table("color,code,y\nred,10,1\nblue,9,2\ngreen,10,3\n");
    config.table.categorical = vec![ColumnName::Number(2)];
    let splits = load(&config);
    let names = [
        "color=blue",
        "color=green",
        "color=red",
        "code=10",
        "code=9",
    ];
    assert_eq!(splits.preprocessing.input_names(), names);
    let expected = [
        [0., 0., 1., 1., 0.],
        [1., 0., 0., 0., 1.],
        [0., 1., 0., 1., 0.],
    ];
    assert_eq!(inputs(&splits.train), expected);
}

#[test]
fn a_rows_inputs_are_what_the_preprocessing_makes_of_its_fields() {
    let folder = Folder::new();
    let text = "x,id,kind,z,y\n1.5,a,p,,1\n-2,b,q,4,2\n1e3,c,?,7,3\n0.25,d,p,5,4\n";
    let mut config = folder.table(text);
    config.table.missing = Missing::Mean;
    config.table.leave_out = vec![name("id")];
    let splits = load(&config);
    assert_eq!(splits.preprocessing.columns(), ["x", "kind", "z"]);
    for (row, line) in text.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let mut transformed = vec![f64::NAN; splits.preprocessing.d_input()];
        let fields = [cells[0], cells[2], cells[3]];
        splits
            .preprocessing
            .transform(&fields, &mut transformed)
            .expect("a good row");
        assert_eq!(transformed, splits.train.input_row(row));
    }
}

#[test]
fn missing_values_are_filled_in_as_the_policy_says() {
    let folder = Folder::new();
    let mut config = folder.table("a,kind,y\n1,p,1\n2,q,2\n?,q,3\n9,NA,4\n");
    config.table.missing = Missing::Mean;
    let splits = load(&config);
    let (mean, deviation) = (4.0, 3.082_207_001_484_488); // of 1, 2, 4, 9
    let first: Vec<f64> = inputs(&splits.train).iter().map(|row| row[0]).collect();
    assert_close(
        &first,
        &[1.0, 2.0, 4.0, 9.0].map(|a| (a - mean) / deviation),
    );
    assert_eq!(
        splits.train.input_row(3)[1..],
        [0.0, 1.0],
        "the most frequent category"
    );

    let mut config = folder.table("a,y\n7,1\n7,2\n3,3\n3,4\n1,5\n,6\n");
    config.table.missing = Missing::Mode;
    let splits = load(&config);
    assert_eq!(
        splits.train.input_row(5),
        splits.train.input_row(2),
        "the smaller of two modes"
    );
    let (mean, deviation) = (4.0, 2.236_067_977_499_79); // of 7, 7, 3, 3, 3, 1
    assert_close(&splits.train.input_row(0), &[(7.0 - mean) / deviation]);
}

#[test]
fn drop_leaves_rows_out_and_keeps_the_numbers_of_the_others() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n0,0\n1,?\n?,2\n3,3\n4,4\n5,5\n");
    config.table.missing = Missing::Drop;
    config.table.standardize = false;
    assert_eq!(inputs(&load(&config).train).concat(), [0.0, 3.0, 4.0, 5.0]);
    config.split = folder.split("0 1 2 3", "4 5");
    let splits = load(&config);
    assert_eq!(inputs(&splits.train).concat(), [0.0, 3.0]);
    assert_eq!(
        inputs(&splits.test.expect("test rows")).concat(),
        [4.0, 5.0]
    );
}

#[test]
fn a_new_category_is_ignored_where_that_is_wished() {
    let folder = Folder::new();
    let mut config = folder.table("kind,y\np,1\nq,2\nr,3\n");
    config.split = folder.split("0 1", "2");
    config.table.new_category = NewCategory::Ignore;
    assert_eq!(
        load(&config).test.expect("a test row").input_row(0),
        [0.0, 0.0]
    );
}

// Targets.

#[test]
fn what_the_target_is_follows_from_its_cells_unless_it_is_said() {
    let folder = Folder::new();
    let classes = |cells: &[&str], task: Option<TaskKind>| {
        let rows: String = cells.iter().map(|cell| format!("1,{cell}\n")).collect();
        let mut config = folder.table(format!("a,y\n{rows}"));
        config.table.task = task;
        let splits = load(&config);
        (splits.train.task().clone(), targets(&splits.train).concat())
    };
    let named = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };

    let (task, targets) = classes(&["no", "yes", "no"], None);
    assert_eq!(
        task,
        Task::Binary {
            classes: ["no", "yes"].map(str::to_owned)
        }
    );
    assert_eq!(targets, [0.0, 1.0, 0.0]);

    let (task, targets) = classes(&["c", "a", "b"], None);
    assert_eq!(
        task,
        Task::Classification {
            classes: named(&["a", "b", "c"])
        }
    );
    assert_eq!(targets, [0., 0., 1., 1., 0., 0., 0., 1., 0.]);

    let (task, _) = classes(&["10", "9", "-1"], Some(TaskKind::Classification));
    assert_eq!(task.classes(), ["-1", "9", "10"], "by value");

    let (task, _) = classes(&["10", "9", "ten"], Some(TaskKind::Classification));
    assert_eq!(task.classes(), ["10", "9", "ten"], "by name");

    let (task, targets) = classes(&["2", "1"], Some(TaskKind::Binary));
    assert_eq!(task.classes(), ["1", "2"]);
    assert_eq!(targets, [1.0, 0.0]);

    let (task, _) = classes(&["no", "yes"], Some(TaskKind::Classification));
    assert_eq!(
        task,
        Task::Classification {
            classes: named(&["no", "yes"])
        }
    );

    let (task, _) = classes(&["2", "1"], None);
    assert!(matches!(task, Task::Regression { .. }));
}

// Splits.

#[test]
fn a_table_as_published_benchmarks_ship_it_loads() {
    let folder = Folder::new();
    let text = "540.0 \t0.0 \t28 \t79.99 \n332.5\t142.5 270  40.27\n\n198.6 132.4 360 44.30\n266.0 114.0 90 47.03\n";
    let mut config = folder.table("");
    config.file = CsvConfig::new(folder.write("data.txt", text));
    config.file.delimiter = Delimiter::Whitespace;
    config.file.header = false;
    config.table = TableConfig::new(ColumnName::Number(4));
    config.table.standardize = false;
    config.split = folder.split("3\n0\n1\n", "2\n");
    let splits = load(&config);
    let mut train: Vec<f64> = targets(&splits.train).concat();
    train.sort_by(f64::total_cmp);
    assert_eq!(train, [40.27, 47.03, 79.99]);
    let test = splits.test.expect("a test row");
    assert_eq!(
        (test.len(), test.input_row(0)),
        (1, vec![198.6, 132.4, 360.0])
    );
    assert_eq!(
        splits.preprocessing.columns(),
        ["column1", "column2", "column3"]
    );
}

#[test]
fn a_second_file_has_the_test_rows_and_may_order_its_columns_otherwise() {
    let folder = Folder::new();
    let mut config = folder.table("a,kind,y\n1,p,10\n2,q,20\n");
    config.table.standardize = false;
    config.file.test_path = Some(folder.write("test.csv", "y,a,kind\n30,3,q\n"));
    let splits = load(&config);
    assert_eq!(splits.train.len(), 2);
    let test = splits.test.expect("a test row");
    assert_eq!(
        (test.input_row(0), test.target_row(0)),
        (vec![3.0, 0.0, 1.0], vec![30.0])
    );
}

#[test]
fn changing_test_rows_changes_no_training_input_and_no_preprocessing() {
    let folder = Folder::new();
    let load_with = |test: &str| {
        let mut config = folder.table(format!("a,kind,y\n1,p,10\n2,q,20\n?,q,25\n4,p,40\n{test}"));
        config.table.missing = Missing::Mean;
        config.table.new_category = NewCategory::Ignore;
        config.split = folder.split("0 1 2 3", "4 5");
        load(&config)
    };
    let (one, other) = (
        load_with("5,p,50\n6,q,60\n"),
        load_with("-9e9,new,1e9\n?,?,0\n"),
    );
    assert_eq!(inputs(&one.train), inputs(&other.train));
    assert_eq!(targets(&one.train), targets(&other.train));
    assert_eq!(one.preprocessing, other.preprocessing);
    assert_eq!(one.train.task(), other.train.task());
    assert_ne!(
        inputs(&one.test.expect("rows")),
        inputs(&other.test.expect("rows"))
    );
    assert_ne!(one.hash, other.hash);
}

#[test]
fn the_hash_is_that_of_the_files() {
    let folder = Folder::new();
    // printf 'a,y\n1,2\n' | sha256sum
    let hash = "6eca8591af4d545e49ff4fcdfb9cac5b5656b6187eace6af1d9a9af2dafa9023";
    let mut config = folder.table("a,y\n1,2\n");
    assert_eq!(load(&config).hash, hash);
    // printf 'a,y\n1,2\na,y\n3,4\n' | sha256sum
    config.file.test_path = Some(folder.write("test.csv", "a,y\n3,4\n"));
    assert_eq!(
        load(&config).hash,
        "31c35f3669fd3df4934ee775b6ddd6c14a0ea173ef5c08ca038f1bef2334ff46"
    );
}

// Errors.

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,2\n");
    config.file.test_path = Some(folder.0.path().join("no.csv"));
    assert!(error(&config).starts_with("no.csv: cannot be read: No such file"));
}

#[test]
fn a_column_that_is_not_there_is_an_error_with_the_nearest_name() {
    let folder = Folder::new();
    let base = folder.table("height,weight,y\n1,2,3\n");
    let with = |change: &dyn Fn(&mut Csv)| {
        let mut config = base.clone();
        change(&mut config);
        error(&config)
    };
    assert_eq!(
        with(&|config| config.table.leave_out = vec![name("wieght")]),
        "table.csv: `leave_out` in `[data]` names a column `wieght`, which is not there; did you mean `weight`?"
    );
    assert_eq!(
        with(&|config| config.table.categorical = vec![name("Height")]),
        "table.csv: `categorical` in `[data]` names a column `Height`, which is not there; did you mean `height`?"
    );
    assert_eq!(
        with(&|config| config.table.target = name("Q")),
        "table.csv: `target` in `[data]` names a column `Q`, which is not there; the columns are `height`, \
         `weight`, `y`"
    );
    assert_eq!(
        with(&|config| config.table.target = name("3")),
        "table.csv: `target` in `[data]` names a column `3`, which is not there; write 3 without quotes to \
         name a column by its number"
    );
    for number in [0, 4, usize::MAX] {
        let error = with(&|config| config.table.target = ColumnName::Number(number));
        let expected = format!(
            "table.csv: `target` in `[data]` names column {number}, and there are 3; give a number of 1 to 3"
        );
        assert!(error.starts_with(&expected), "{error}");
    }
    let error =
        with(&|config| config.table.leave_out = vec![name("height"), ColumnName::Number(2)]);
    assert!(
        error.starts_with("table.csv: no column is left for the inputs; "),
        "{error}"
    );
    let error = with(&|config| config.table.leave_out = vec![name("y")]);
    assert!(
        error.starts_with("table.csv: `leave_out` in `[data]` names the target; "),
        "{error}"
    );
    let error = with(&|config| config.table.categorical = vec![name("y")]);
    assert!(
        error.starts_with("table.csv: `categorical` in `[data]` names the target"),
        "{error}"
    );
}

#[test]
fn a_table_without_rows_or_inputs_is_an_error() {
    let folder = Folder::new();
    let no_rows = error(&folder.table("a,y\n"));
    assert!(
        no_rows.starts_with("table.csv: the table has a header and no rows; "),
        "{no_rows}"
    );
    let no_inputs = error(&folder.table("y\n1\n"));
    assert!(
        no_inputs.starts_with("table.csv: no column is left for the inputs; "),
        "{no_inputs}"
    );
    let mut all_dropped = folder.table("a,y\n?,1\n2,\n");
    all_dropped.table.missing = Missing::Drop;
    let error = error(&all_dropped);
    assert!(
        error.starts_with("table.csv: every row has a missing value, and is left out for it; "),
        "{error}"
    );
}

/// Ten rows, of which row 7 (line 9) has these cells.
fn ten_rows_with(a: &str, y: &str) -> String {
    let row = |row| {
        if row == 7 {
            format!("{a},{y}\n")
        } else {
            format!("{row},{row}\n")
        }
    };
    let rows: String = (0..10).map(row).collect();
    format!("a,y\n{rows}")
}

#[test]
fn a_cell_that_is_no_number_among_numbers_is_an_error_with_the_fix() {
    let folder = Folder::new();
    assert_eq!(
        error(&folder.table(ten_rows_with("x7", "7"))),
        "table.csv: line 9, column `a`: expected a number as in nearly all rows, found `x7`; correct it; if \
         it stands for a missing value, list it in `missing_values` in `[data]`; if the column holds \
         categories, name it in `categorical`"
    );
    let target = error(&folder.table(ten_rows_with("7", "x7")));
    let expected =
        "table.csv: line 9, column `y`: expected a number as in nearly all rows, found `x7`; ";
    assert!(target.starts_with(expected), "{target}");
    assert!(
        target.ends_with("if the target holds classes, say `task = \"classification\"`"),
        "{target}"
    );

    for cell in ["nan", "inf", "-Infinity", "1e999"] {
        let message = error(&folder.table(ten_rows_with(cell, "7")));
        let expected = format!(
            "table.csv: line 9, column `a`: expected a finite number, found `{cell}`; correct it"
        );
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn the_fixes_that_the_error_names_do_mend_it() {
    let folder = Folder::new();
    let broken = folder.table(ten_rows_with("x7", "7"));
    let mut listed = broken.clone();
    listed.table.missing_values = vec!["x7".to_owned()];
    listed.table.missing = Missing::Drop;
    assert_eq!(load(&listed).train.len(), 9);
    let mut categorical = broken;
    categorical.table.categorical = vec![name("a")];
    assert_eq!(load(&categorical).train.d_input(), 10);
}

#[test]
fn a_decimal_comma_is_named_as_such() {
    let folder = Folder::new();
    let mut config = folder.table("a;y\n1,5;1\n2;2\n3,25;3\n");
    config.file.delimiter = Delimiter::Byte(b';');
    let message = error(&config);
    let expected = "table.csv: line 2, column `a`: expected a number, found `1,5`, which has a decimal comma, as 2 of 3 values are no plain numbers; say `decimal = \",\"`";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_cell_that_is_no_number_in_a_test_row_is_an_error() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,1\n2,2\nx,3\n");
    config.split = folder.split("0 1", "2");
    let message = error(&config);
    let expected =
        "table.csv: line 4, column `a`: expected a finite number, found `x`; correct it; ";
    assert!(message.starts_with(expected), "{message}");

    let mut config = folder.table("a,y\n1,1\n2,2\n");
    config.file.test_path = Some(folder.write("test.csv", "a,y\n\n3,x\n"));
    let message = error(&config);
    let expected = "test.csv: line 3, column `y`: expected a finite number as the target of a regression, found `x`; ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_missing_value_is_an_error_by_default() {
    let folder = Folder::new();
    let message = error(&folder.table("a,y\n1,1\n?,2\n"));
    assert!(
        message.starts_with("table.csv: line 3, column `a`: the value is missing (`?`); "),
        "{message}"
    );
    let message = error(&folder.table("a,y\n1,1\n2,\n"));
    let expected = "table.csv: line 3, column `y`: the target is missing; give it, or say `missing_target = \"drop\"` in `[data]`";
    assert!(message.starts_with(expected), "{message}");
    let mut filled = folder.table("a,y\n1,1\n2,\n");
    filled.table.missing = Missing::Mean;
    assert!(error(&filled).starts_with("table.csv: line 3, column `y`: the target is missing; "));
    let mut nothing_to_fill_in = folder.table("a,b,y\n1,?,1\n2,,2\n");
    nothing_to_fill_in.table.missing = Missing::Mean;
    assert_eq!(
        error(&nothing_to_fill_in),
        "table.csv: column `b` has no value in the training rows to fill in; leave it out with `leave_out` in \
         `[data]`"
    );
}

#[test]
fn a_new_category_in_a_test_row_is_an_error_that_names_it() {
    let folder = Folder::new();
    let mut config = folder.table("kind,y\np,1\nq,2\nr,3\n");
    config.split = folder.split("0 1", "2");
    assert_eq!(
        error(&config),
        "table.csv: line 4, column `kind`: the category `r` is new: the training rows have `p`, `q`; correct \
         it, or train with `new_category = \"ignore\"` in `[data]`"
    );
}

#[test]
fn a_target_that_cannot_be_learned_is_an_error() {
    let folder = Folder::new();
    let one = error(&folder.table("a,y\n1,yes\n2,yes\n"));
    let expected = "table.csv: the target `y` has one class in the training rows, `yes`; ";
    assert!(one.starts_with(expected), "{one}");

    let mut binary = folder.table("a,y\n1,p\n2,q\n3,r\n");
    binary.table.task = Some(TaskKind::Binary);
    let three = error(&binary);
    assert!(
        three.starts_with("table.csv: expected two classes in the target `y`, found 3; "),
        "{three}"
    );

    let mut numbers = folder.table("a,y\n1,p\n2,q\n");
    numbers.table.task = Some(TaskKind::Regression);
    let words = error(&numbers);
    let expected = "table.csv: line 2, column `y`: expected a finite number as the target of a regression, found `p`; ";
    assert!(words.starts_with(expected), "{words}");

    let mut split = folder.table("a,y\n1,p\n2,q\n3,r\n");
    split.split = folder.split("0 1", "2");
    let new = error(&split);
    let expected =
        "table.csv: line 4, column `y`: the class `r` is not among those of the training rows; ";
    assert!(new.starts_with(expected), "{new}");
}

#[test]
fn too_many_categories_or_classes_are_an_error_and_no_full_memory() {
    let folder = Folder::new();
    let rows: String = (0..1_001)
        .map(|row| format!("word {row},{row}\n"))
        .collect();
    let categories = error(&folder.table(format!("a,y\n{rows}")));
    let expected = "table.csv: column `a` has 1001 categories, and each would be an input: at most 1000 are allowed; ";
    assert!(categories.starts_with(expected), "{categories}");

    let mut config = folder.table(format!("y,a\n{rows}"));
    config.table.task = Some(TaskKind::Classification);
    let classes = error(&config);
    let expected = "table.csv: the target `y` has 1001 classes: at most 1000 are allowed; ";
    assert!(classes.starts_with(expected), "{classes}");
}

#[test]
fn numbers_too_large_to_compute_with_are_an_error() {
    let folder = Folder::new();
    let message = error(&folder.table("a,y\n1e308,1\n1.7e308,2\n"));
    assert!(
        message.starts_with("table.csv: the numbers of column `a` are too large; "),
        "{message}"
    );
    let mut config = folder.table("a,y\n1,1\n2,2\n1e300,3\n");
    config.split = folder.split("0 1", "2");
    let message = error(&config);
    let expected =
        "table.csv: line 4, column `a`: `1e300` is too far from the values of the training rows; ";
    assert!(message.starts_with(expected), "{message}");
    let mut config = folder.table("a,y\n1,1\n2,1e300\n");
    config.table.standardize = false;
    let message = error(&config);
    assert!(
        message.starts_with("table.csv: line 3, column `y`: `1e300` is too large a target; "),
        "{message}"
    );
}

#[test]
fn a_test_file_of_other_columns_is_an_error() {
    let folder = Folder::new();
    for (header, expected) in [
        (
            "a,z",
            "this file lacks the column `y`; give both files the same columns",
        ),
        (
            "a,y,z",
            "this file has the column `z`; give both files the same columns",
        ),
    ] {
        let mut config = folder.table("a,y\n1,1\n2,2\n");
        let cells = header.replace(|character: char| character.is_alphabetic(), "1");
        config.file.test_path = Some(folder.write("test.csv", format!("{header}\n{cells}\n")));
        let message = error(&config);
        assert!(
            message.starts_with("test.csv: expected the columns of table.csv; "),
            "{message}"
        );
        assert!(message.ends_with(expected), "{message}");
    }
    let mut config = folder.table("a,y\n1,1\n2,2\n");
    config.file.test_path = Some(folder.write("test.csv", "a,y\n3,3\n"));
    config.split = Some(SplitConfig {
        test: 0.5,
        ..SplitConfig::default()
    });
    assert_eq!(
        error(&config),
        "data.split.test: expected no such key, as `test_path` has the test rows, found 0.5"
    );
}

#[test]
fn a_part_whose_rows_are_all_dropped_is_an_error() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,1\n2,2\n?,3\n");
    config.table.missing = Missing::Drop;
    config.split = folder.split("0 1", "2");
    assert!(error(&config).starts_with("table.csv: no test row is left; "));
}

#[test]
fn kept_training_rows_are_counted_without_those_that_miss_a_value() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,1\n?,2\n3,3\n?,4\n5,5\n6,6\n");
    config.table.missing = Missing::Drop;
    for test_rows in [None, Some(folder.write("test.txt", "5"))] {
        let listed = test_rows.is_some();
        let most = if listed { 3 } else { 4 };
        let mut keep = |train| {
            config.split = Some(SplitConfig {
                train: Some(train),
                test_rows: test_rows.clone(),
                ..SplitConfig::default()
            });
            config.load(1)
        };
        for rows in 1..=most {
            let splits = keep(rows).expect("a split");
            assert_eq!((splits.train.len(), splits.test.is_some()), (rows, listed));
        }
        let error = keep(most + 1).expect_err("too many").to_string();
        let expected = format!("data.split.train: expected at most {most}, the number of rows");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn a_long_cell_is_cut_in_the_message_and_line_ends_are_escaped() {
    let folder = Folder::new();
    let message = error(&folder.table(ten_rows_with(&"é".repeat(100_000), "7")));
    let expected = format!("found `{}...`; ", "é".repeat(60));
    assert!(message.contains(&expected), "{message}");
    let message = error(&folder.table(ten_rows_with("\"x\n\u{1b}[31m\"", "7")));
    assert!(message.contains(r"found `x\n\u{1b}[31m`; "), "{message}");
}

// Laws.

/// Pieces of tables, good and bad.
const PIECES: &[&str] = &[
    "a", "y", "0", "1", "2.5", "-3e4", "1e308", "nan", "?", "", ",", ",", ",", ";", " ", "\t",
    "\"", "\n", "\n", "\n", "\r\n", "\r", "\u{e9}", "\u{feff}",
];

fn any_content() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..80);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        pieces
            .clone()
            .prop_map(|pieces| pieces.concat().into_bytes()),
        pieces.prop_map(|pieces| format!("a,y\n1,2\n2,3\n{}", pieces.concat()).into_bytes()),
    ]
}

fn any_config() -> impl Strategy<Value = Csv> {
    let delimiter = prop_oneof![
        Just(Delimiter::default()),
        Just(Delimiter::Whitespace),
        any::<u8>().prop_map(Delimiter::Byte),
    ];
    let missing = proptest::sample::select(
        &[Missing::Error, Missing::Drop, Missing::Mean, Missing::Mode][..],
    );
    let task = proptest::sample::select(
        &[
            None,
            Some(TaskKind::Binary),
            Some(TaskKind::Classification),
            Some(TaskKind::Regression),
        ][..],
    );
    (delimiter, any::<bool>(), missing, task, 0_usize..4).prop_map(
        |(delimiter, header, missing, task, target)| {
            let mut config = Csv {
                file: CsvConfig::new(""),
                table: TableConfig::new(ColumnName::Number(target)),
                split: None,
            };
            (config.file.delimiter, config.file.header) = (delimiter, header);
            (config.table.missing, config.table.task) = (missing, task);
            config
        },
    )
}

/// Hands out a few bytes at a time, as a pipe may.
struct Pipe<'a> {
    bytes: &'a [u8],
    most: usize,
}

impl Read for Pipe<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Pipe<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.bytes[..self.bytes.len().min(self.most)])
    }

    fn consume(&mut self, count: usize) {
        self.bytes = &self.bytes[count..];
    }
}

/// Columns, and each row's line and cells, read one by one.
type Streamed = (Vec<String>, Vec<(usize, Vec<String>)>);

fn streamed(source: impl BufRead, format: Format) -> dropwise::Result<Streamed> {
    let mut reader = Reader::new("t.csv", source, format)?;
    let (mut record, mut rows) = (Record::default(), Vec::new());
    while reader.read(&mut record)? {
        rows.push((record.line(), record.cells().map(str::to_owned).collect()));
    }
    Ok((reader.columns().to_vec(), rows))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_parse_or_are_an_error_and_every_cell_can_be_had(
        content in any_content(), config in any_config()
    ) {
        let format = Format::new(config.file.delimiter, config.file.header);
        if let Ok(table) = parse("t.csv", &content[..], format) {
            let lines = content.len() + 1;
            for row in 0..table.rows() {
                let place = table.place(row);
                let line = place.strip_prefix("line ").expect("a line").parse().expect("a number");
                prop_assert!((1..=lines).contains(&line));
                for column in 0..table.columns().len() {
                    prop_assert_eq!(table.cell(row, column), table.cell(row, column).trim());
                }
            }
        }
    }

    #[test]
    fn training_init_and_prediction_read_the_same_table_whatever_pieces_it_comes_in(
        content in any_content(), config in any_config(), most in 1_usize..9
    ) {
        let format = Format::new(config.file.delimiter, config.file.header);
        // Training and `init` read a file whole; prediction reads what is there.
        let piecewise = streamed(Pipe { bytes: &content, most }, format);
        match (parse("t.csv", &content[..], format), piecewise) {
            (Ok(table), Ok((columns, rows))) => {
                prop_assert_eq!(table.columns(), columns);
                prop_assert_eq!(table.rows(), rows.len());
                for (row, (line, cells)) in rows.iter().enumerate() {
                    prop_assert_eq!(table.place(row), format!("line {line}"));
                    for (column, cell) in cells.iter().enumerate() {
                        prop_assert_eq!(table.cell(row, column), cell);
                    }
                }
            }
            // What only a table as a whole has to have.
            (Err(whole), _) if whole.to_string().contains("are both named") => {}
            (Err(whole), Ok((columns, _))) => {
                prop_assert!(columns.is_empty(), "{}", whole);
                prop_assert!(whole.to_string().contains("the file is empty"), "{}", whole);
            }
            (Err(whole), Err(piecewise)) => {
                prop_assert_eq!(whole.to_string(), piecewise.to_string());
            }
            (Ok(_), Err(piecewise)) => prop_assert!(false, "{}", piecewise),
        }
    }

    #[test]
    fn values_are_those_that_another_reader_of_csv_finds(
        rows in proptest::collection::vec(
            proptest::collection::vec(proptest::sample::select(PIECES), 3), 1..12),
        end in proptest::sample::select(&["\n", "\r\n", "\n\n", "\r"][..]),
    ) {
        let quoted = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
        let lines = rows.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(","));
        let text = lines.collect::<Vec<_>>().join(end);
        let bare = Format::new(Delimiter::default(), false);
        let (_, found) = streamed(text.as_bytes(), bare).expect("rows");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let expected = reader.records().map(|record| record.expect("a row"));
        prop_assert_eq!(found.len(), rows.len());
        for ((_, found), expected) in found.iter().zip(expected) {
            let expected: Vec<&str> = expected.iter().map(str::trim).collect();
            prop_assert_eq!(found, &expected);
        }
    }

    #[test]
    fn written_tables_are_read_back(
        cells in proptest::collection::vec(
            proptest::collection::vec(proptest::sample::select(PIECES), 3), 1..20)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in &cells {
            writer.write_record(row).expect("a row");
        }
        let bytes = writer.into_inner().expect("bytes");
        let bare = Format::new(Delimiter::default(), false);
        // The byte order mark at the start of a file is not a value.
        prop_assume!(!bytes.starts_with("\u{feff}".as_bytes()));
        let table = parse("t.csv", &bytes[..], bare).expect("a table");
        prop_assert_eq!(table.rows(), cells.len());
        for (row, expected) in cells.iter().enumerate() {
            for (column, expected) in expected.iter().enumerate() {
                prop_assert_eq!(table.cell(row, column), expected.trim());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_table_loads_with_finite_numbers_or_is_an_error(
        content in any_content(), config in any_config()
    ) {
        let folder = Folder::new();
        let mut config = config;
        config.file.path = folder.write("t.csv", content);
        if let Ok(splits) = config.load(42) {
            let numbers = [inputs(&splits.train), targets(&splits.train)].concat().concat();
            prop_assert!(numbers.iter().all(|number| number.is_finite()));
            prop_assert_eq!(splits.train.d_input(), splits.preprocessing.d_input());
        }
    }

    #[test]
    fn standardized_columns_have_mean_0_and_deviation_1(
        numbers in proptest::collection::vec(-1e6..1e6_f64, 2..50)
    ) {
        prop_assume!(numbers.iter().any(|number| (number - numbers[0]).abs() > 1.0));
        let folder = Folder::new();
        let rows: String = numbers.iter().map(|number| format!("{number},{number}\n")).collect();
        let splits = load(&folder.table(format!("a,y\n{rows}")));
        let column = inputs(&splits.train).concat();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let square = column.iter().map(|input| input * input).sum::<f64>() / column.len() as f64;
        // Numbers of up to 1e6 that differ by 1 lose up to 6 of their 16 digits.
        prop_assert!(mean.abs() < 1e-9, "{}", mean);
        prop_assert!((square - 1.0).abs() < 1e-9, "{}", square);
    }
}

/// The values of the first input of the training rows, as the table has them.
fn first_inputs(config: &Csv) -> Vec<f64> {
    let splits = load(config);
    let row = |row| {
        let mut inputs = splits.train.input_row(row);
        splits.preprocessing.unscale(&mut inputs);
        (1e6 * inputs[0]).round() / 1e6
    };
    (0..splits.train.len()).map(row).collect()
}

#[test]
fn numbers_are_read_in_the_style_that_the_configuration_says() {
    let folder = Folder::new();
    for (cells, decimal, thousands, expected) in [
        (["1,5", "2", "-3,25"], ',', None, [1.5, 2.0, -3.25]),
        (
            ["1.188", "12.000,5", "-1.234.567"],
            ',',
            Some('.'),
            [1_188.0, 12_000.5, -1_234_567.0],
        ),
        (
            ["1'188.5", "7", "1\u{2019}000"],
            '.',
            Some('\''),
            [1_188.5, 7.0, 1_000.0],
        ),
        (
            ["1\u{a0}188", "1 000 000", "5"],
            '.',
            Some(' '),
            [1_188.0, 1e6, 5.0],
        ),
    ] {
        let [a, b, c] = cells;
        let mut config = folder.table(format!("a;y\n{a};1\n{b};2\n{c};3\n"));
        config.file.delimiter = Delimiter::Byte(b';');
        config.table.decimal = decimal;
        config.table.thousands = thousands;
        assert_eq!(first_inputs(&config), expected, "{cells:?}");
    }
}

#[test]
fn what_is_almost_a_number_is_named_with_the_key_that_reads_it_and_never_made_a_class() {
    let folder = Folder::new();
    for (cells, what, fix) in [
        (
            ["\"1,188\"", "\"2,000\"", "\"3,000,000\""],
            "has `,` between groups of three digits",
            "`thousands = \",\"`",
        ),
        (
            ["\"1,188\"", "\"12,5\"", "\"2,25\""],
            "has a decimal comma",
            "`decimal = \",\"`",
        ),
        (
            ["5 %", "10 %", "15 %"],
            "has a percent sign",
            "take the signs away",
        ),
        (
            ["$100", "\"$2,000\"", "$35"],
            "has a currency",
            "take the signs away",
        ),
    ] {
        for header in ["a,y", "y,a"] {
            let rows: Vec<String> = cells
                .iter()
                .enumerate()
                .map(|(k, cell)| format!("{cell},{k}"))
                .collect();
            let config = folder.table(format!("{header}\n{}\n", rows.join("\n")));
            let message = error(&config);
            assert!(message.contains(what) && message.contains(fix), "{message}");
        }
    }
}

#[test]
fn words_that_a_number_could_be_are_words_among_words() {
    let folder = Folder::new();
    let config = folder.table("a,y\ninf,1\nnan,2\nup,3\n1E999,4\ndown,5\n");
    assert_eq!(load(&config).train.d_input(), 5);
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_and_one_that_is_closed_or_doubled_is_not() {
    let folder = Folder::new();
    let message = error(&folder.table("a,y\n1,1\n\"2,2\n3,3\n"));
    assert!(
        message.contains("line 3: a quote is opened and never closed"),
        "{message}"
    );
    for good in ["\"2\",2", "\"\"\"2\"\"\",2", "2\",2", "\"a\nb\",2"] {
        assert_eq!(
            load(&folder.table(format!("a,y\nx,1\n{good}\nz,3\n")))
                .train
                .len(),
            3,
            "{good}"
        );
    }
}

#[test]
fn lines_that_end_with_a_delimiter_are_named_for_that() {
    let folder = Folder::new();
    let message = error(&folder.table("a,y\n1,1,\n2,2,\n"));
    assert!(
        message
            .contains("line 2: the line ends with a delimiter, and the header on line 1 does not"),
        "{message}"
    );
}
