//! What a cell means: spellings, missing values, dates, outliers; and what is said about it.

use dropwise::config::{Missing, MissingTarget, NewCategory, Scaling, TaskKind};
use dropwise::data::Splits;

use crate::csv::{Csv, Folder, assert_close, error, inputs, load, name, targets};

/// A table with a column `a` and a target `y` that counts.
fn of_column(folder: &Folder, cells: &[&str]) -> Csv {
    let rows = cells.iter().enumerate();
    let rows: Vec<String> = rows.map(|(k, cell)| format!("{cell},{k}")).collect();
    folder.table(format!("a,y\n{}\n", rows.join("\n")))
}

/// The notes that have a word in them.
fn notes(splits: &Splits, word: &str) -> Vec<String> {
    let notes = splits.notes.iter().filter(|note| note.contains(word));
    notes.cloned().collect()
}

fn inputs_of(splits: &Splits, fields: &[&str]) -> Result<Vec<f64>, String> {
    let mut inputs = vec![0.0; splits.preprocessing.d_input()];
    let transformed = splits.preprocessing.transform(fields, &mut inputs);
    transformed.map_err(|error| error.to_string())?;
    Ok(inputs)
}

#[test]
fn numbers_and_truth_values_are_one_category_in_every_spelling() {
    let folder = Folder::new();
    let mut config = of_column(&folder, &["1", "2", "3", "3", "1.0", "03"]);
    config.table.categorical = vec![name("a")];
    let splits = load(&config);
    assert_eq!(splits.preprocessing.input_names(), ["a=1", "a=2", "a=3"]);
    let said = "in `a` values that say the same are one: `03` as `3`, `1.0` as `1`";
    assert_eq!(notes(&splits, "the same are one"), [said]);
    for (text, place) in [("3.0", 2), ("+1", 0), ("002", 1), ("2e+00", 1)] {
        let mut expected = vec![0.0; 3];
        expected[place] = 1.0;
        assert_eq!(inputs_of(&splits, &[text]), Ok(expected), "{text}");
    }
    assert!(inputs_of(&splits, &["4"]).is_err());

    let truths = load(&of_column(&folder, &["True", "False", "True", "False"]));
    for (text, expected) in [
        ("true", [0.0, 1.0]),
        ("FALSE", [1.0, 0.0]),
        ("TRUE", [0.0, 1.0]),
    ] {
        assert_eq!(inputs_of(&truths, &[text]), Ok(expected.to_vec()), "{text}");
    }
}

#[test]
fn digits_that_are_names_are_equal_as_text_alone() {
    let folder = Folder::new();
    let mut config = of_column(&folder, &["02139", "10001", "02140", "10002"]);
    config.table.categorical = vec![name("a")];
    let splits = load(&config);
    assert!(inputs_of(&splits, &["2139"]).is_err());
    assert!(inputs_of(&splits, &["02139"]).is_ok());

    let ids = ["9007199254740992", "9007199254740993", "9007199254740994"];
    let mut config = of_column(&folder, &ids);
    config.table.categorical = vec![name("a")];
    assert_eq!(load(&config).preprocessing.d_input(), 3);

    let numeric = load(&of_column(&folder, &["02139", "10001", "02140", "10002"]));
    let said = "`a` has 2 values with zeros in front, such as `02139` (line 2), which numbers lose";
    assert!(
        notes(&numeric, "zeros")[0].starts_with(said),
        "{:?}",
        numeric.notes
    );
}

#[test]
fn classes_are_one_in_every_spelling_and_keep_their_shares() {
    let folder = Folder::new();
    let rows: String = (0..20)
        .map(|k| format!("{k},{}\n", ["1", "1.0", "0", "-0"][k % 4]))
        .collect();
    let mut config = folder.table(format!("a,y\n{rows}"));
    config.table.task = Some(TaskKind::Classification);
    let splits = load(&config);
    assert_eq!(splits.train.task().classes().len(), 2);
    let ones = targets(&splits.train)
        .iter()
        .filter(|target| target[1] == 1.0)
        .count();
    assert_eq!(ones, 10);
    assert_eq!(notes(&splits, "are one").len(), 1);
}

#[test]
fn names_of_columns_are_the_same_however_their_accents_are_written() {
    let folder = Folder::new();
    let mut config = folder.table("cafe\u{301},b,y\n1,2,3\n4,5,6\n");
    config.table.leave_out = vec![name("caf\u{e9}")];
    assert_eq!(load(&config).preprocessing.columns(), ["b"]);
}

#[test]
fn a_new_category_that_is_ignored_is_counted_with_the_first_line_and_word() {
    let folder = Folder::new();
    let mut config = of_column(
        &folder,
        &["red", "blue", "teal", "red", "blue", "pink", "teal"],
    );
    config.split = folder.split("0 1 3 4", "2 5 6");
    config.table.new_category = NewCategory::Ignore;
    let said = "3 values were in none of the categories of the training rows, and all inputs of the column are 0: \
                `a` (3, first `teal`, line 4)";
    assert_eq!(notes(&load(&config), "categories"), [said]);
}

#[test]
fn a_column_of_one_value_has_no_influence_and_is_named() {
    let folder = Folder::new();
    let mut config = folder.table("a,b,y\n5,1,1\n5,2,2\n5,3,3\n7,4,4\n");
    config.split = folder.split("0 1 2", "3");
    let splits = load(&config);
    assert_eq!(inputs(splits.test.as_ref().expect("test rows"))[0][0], 0.0);
    assert!(
        notes(&splits, "has one value")[0]
            .starts_with("`a` has one value in the training rows, `5`")
    );
    let said = "1 value was of no influence, since the column has another value, and only that, in all training rows: \
                `a` (1: `7`, line 5)";
    assert_eq!(notes(&splits, "no influence"), [said]);
}

#[test]
fn missing_values_are_filled_in_with_the_median_and_counted() {
    let folder = Folder::new();
    let mut config = of_column(&folder, &["1", "2", "", "9", "?"]);
    config.table.missing = Missing::Median;
    config.table.standardize = false;
    let splits = load(&config);
    let filled: Vec<f64> = inputs(&splits.train).concat();
    assert_eq!(filled, [1.0, 2.0, 2.0, 9.0, 2.0]);
    let said = "2 missing values were filled in: `a` (2, first line 4)";
    assert_eq!(notes(&splits, "filled in"), [said]);
}

#[test]
fn an_indicator_says_which_values_are_missing_and_makes_missing_a_category_of_its_own() {
    let folder = Folder::new();
    let text = "a,b,c,y\n1,red,1,1\n,blue,2,2\n3,,3,3\n5,red,4,4\n";
    let mut config = folder.table(text);
    config.table.missing = Missing::Mean;
    config.table.missing_indicator = true;
    config.table.standardize = false;
    let splits = load(&config);
    let names = ["a", "a is missing", "b=blue", "b=red", "b is missing", "c"];
    assert_eq!(splits.preprocessing.input_names(), names);
    assert_eq!(
        inputs(&splits.train),
        [
            [1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
            [3.0, 1.0, 1.0, 0.0, 0.0, 2.0],
            [3.0, 0.0, 0.0, 0.0, 1.0, 3.0],
            [5.0, 0.0, 0.0, 1.0, 0.0, 4.0],
        ]
    );
    for (row, fields) in ["1,red,1", ",blue,2", "3,,3", "5,red,4"].iter().enumerate() {
        let fields: Vec<&str> = fields.split(',').collect();
        assert_eq!(
            inputs_of(&splits, &fields),
            Ok(inputs(&splits.train)[row].clone())
        );
    }
    // Column `c` had no gap in training, so it has no such input, and a gap gets the mean.
    assert_eq!(
        inputs_of(&splits, &["1", "red", ""]).map(|inputs| inputs[5]),
        Ok(2.5)
    );
}

#[test]
fn rows_without_a_target_are_left_out_and_counted_while_missing_inputs_are_filled_in() {
    let folder = Folder::new();
    let mut config = folder.table("a,y\n1,1\n,2\n3,\n5,4\n6,?\n");
    config.table.missing = Missing::Mean;
    let said = "table.csv: line 4, column `y`: the target is missing; give it, or say `missing_target = \"drop\"`";
    assert!(error(&config).starts_with(said), "{}", error(&config));
    config.table.missing_target = Some(MissingTarget::Drop);
    let splits = load(&config);
    assert_eq!(splits.train.len(), 3);
    let said = "2 of 5 rows are left out, since a value is missing: `y` (2)";
    assert_eq!(notes(&splits, "left out"), [said]);
    config.table.missing = Missing::Drop;
    let said = "3 of 5 rows are left out, since a value is missing: `a` (1), `y` (2)";
    assert_eq!(notes(&load(&config), "left out"), [said]);
}

#[test]
fn dates_become_days_month_day_weekday_and_hour() {
    let folder = Folder::new();
    // A Monday, a Tuesday and a Sunday.
    let mut config = of_column(&folder, &["2024-01-01", "2024-01-02 12:00", "2024-12-29"]);
    config.table.dates = vec![name("a")];
    let splits = load(&config);
    let names = ["a:days", "a:month", "a:day", "a:weekday", "a:hour"];
    assert_eq!(splits.preprocessing.input_names(), names);
    let days = [19_723.0, 19_724.5, 20_086.0_f64];
    let mean = days.iter().sum::<f64>() / 3.0;
    let deviation = (days.iter().map(|day| (day - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
    let uniform = |value: f64, low: f64, high: f64, mean: f64| {
        let values: Vec<f64> = (low as i32..=high as i32).map(f64::from).collect();
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / values.len() as f64;
        (value - mean) / variance.sqrt()
    };
    let expected = [
        [1.0, 1.0, 0.0, 0.0],
        [1.0, 2.0, 1.0, 12.0],
        [12.0, 29.0, 6.0, 0.0],
    ];
    for (k, row) in inputs(&splits.train).iter().enumerate() {
        let [month, day, weekday, hour] = expected[k];
        let expected = [
            (days[k] - mean) / deviation,
            uniform(month, 1.0, 12.0, 6.5),
            uniform(day, 1.0, 31.0, 16.0),
            uniform(weekday, 0.0, 6.0, 3.0),
            (hour - 12.0) / (24.0 / 12.0_f64.sqrt()),
        ];
        assert_close(row, &expected);
    }
    let mut row = inputs(&splits.train)[2].clone();
    splits.preprocessing.unscale(&mut row);
    for (found, expected) in row.iter().zip([20_086.0, 12.0, 29.0, 6.0, 0.0]) {
        assert!((found - expected).abs() < 1e-9, "{row:?}");
    }

    let mut slashes = of_column(&folder, &["31/12/2024", "01/02/2024"]);
    slashes.table.dates = vec![name("a")];
    let said = "table.csv: line 2, column `a`: expected a date such as 2024-01-31, 2024-01-31 18:30, 31.01.2024 or 01/31/2024, \
                found `31/12/2024`";
    assert!(error(&slashes).starts_with(said), "{}", error(&slashes));
    slashes.table.day_first = true;
    assert_eq!(load(&slashes).preprocessing.d_input(), 4);
}

#[test]
fn robust_scaling_bears_what_one_cell_would_ruin() {
    let folder = Folder::new();
    let cells: Vec<String> = (0..9)
        .map(|k| k.to_string())
        .chain(["1e30".to_owned()])
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let mut config = of_column(&folder, &cells);
    let standard = load(&config);
    let said =
        "`a` has 1e30 (once, line 11), far from its other values; if it is a slip, correct it";
    assert!(
        notes(&standard, "far from")[0].starts_with(said),
        "{:?}",
        standard.notes
    );
    let spread = |splits: &Splits| {
        let inputs: Vec<f64> = inputs(&splits.train).concat();
        (inputs[8] - inputs[0], inputs[9])
    };
    assert!(spread(&standard).0 < 1e-20);

    config.table.scaling = Scaling::Robust;
    // NumPy: np.percentile(x, [25, 50, 75]) of 0 to 8 and 1e30 is 2.25, 4.5, 6.75.
    let scaled = |x: f64| {
        let x = (x - 4.5) / 4.5;
        x / (1.0 + (x / 3.0).powi(2)).sqrt()
    };
    let splits = load(&config);
    assert_close(
        &inputs(&splits.train)[..9].concat(),
        &(0..9).map(|x| scaled(f64::from(x))).collect::<Vec<_>>(),
    );
    assert_eq!(spread(&splits).1, 3.0);
    let mut back = inputs(&splits.train)[3].clone();
    splits.preprocessing.unscale(&mut back);
    assert!((back[0] - 3.0).abs() < 1e-12);
}

#[test]
fn marks_of_missing_values_among_numbers_and_columns_that_are_mostly_missing_are_named() {
    let folder = Folder::new();
    let cells: Vec<String> = (0..40)
        .map(|k| {
            if k % 8 == 3 {
                "-999".to_owned()
            } else {
                format!("{}.5", k % 30)
            }
        })
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let said = "`a` has -999 (5 times, first line 5), far from its other values; if it stands for a missing value, add \"-999\" to \
                `missing_values` in `[data]`";
    assert_eq!(
        notes(&load(&of_column(&folder, &cells)), "far from"),
        [said]
    );

    let cells: Vec<String> = (0..50)
        .map(|k| if k > 1 { String::new() } else { k.to_string() })
        .collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let mut config = of_column(&folder, &cells);
    config.table.missing = Missing::Mean;
    let said = "`a` is missing in 96 % of the training rows";
    assert_eq!(notes(&load(&config), "is missing in"), [said]);
}

#[test]
fn titles_comments_and_other_encodings_are_read_where_the_configuration_says_so() {
    let folder = Folder::new();
    let mut config = folder.table("Sales, 2024\n\na,y\n# a \"comment\n1,2\n#3,4\n5,6\n");
    config.file.skip_lines = 2;
    config.file.comment = Some('#');
    assert_eq!(load(&config).train.len(), 2);
    let mut late = folder.table("title\na,y\n1,2\n3\n");
    late.file.skip_lines = 1;
    assert!(
        error(&late).starts_with("table.csv: line 4: expected 2 columns, found 1"),
        "{}",
        error(&late)
    );

    let latin: &[u8] = b"stra\xdfe,y\nk\xf6ln,1\nbonn,2\n";
    let mut config = folder.table(latin);
    let said = "table.csv: line 1: expected text in UTF-8, found other bytes; say which encoding it is in `[data]`";
    assert!(error(&config).starts_with(said), "{}", error(&config));
    config.file.encoding = Some("windows-1252".to_owned());
    assert_eq!(
        load(&config).preprocessing.input_names(),
        ["stra\u{df}e=bonn", "stra\u{df}e=k\u{f6}ln"]
    );

    let wide: Vec<u8> = "\u{feff}a,y\n1,2\n3,4\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut config = folder.table(wide);
    assert!(
        error(&config).contains("found text in UTF-16; say `encoding = \"utf-16le\"`"),
        "{}",
        error(&config)
    );
    config.file.encoding = Some("utf-16le".to_owned());
    assert_eq!(load(&config).preprocessing.columns(), ["a"]);
}

#[test]
fn what_is_no_table_in_text_is_named() {
    let folder = Folder::new();
    for (content, found) in [
        (
            &b"PK\x03\x04\x14\0"[..],
            "a spreadsheet or another packed file; in the spreadsheet program, save the table as CSV",
        ),
        (b"\xd0\xcf\x11\xe0\xa1", "a spreadsheet of an older kind"),
        (
            b"PAR1\x15\x04",
            "a Parquet file; say `source = \"parquet\"`",
        ),
        (
            b"<!DOCTYPE html>\n<html>",
            "a web page; the link may lead to a page about the table",
        ),
        (b"\n <html lang='en'>", "a web page"),
        (b"[{\"a\": 1, \"y\": 2}]", "JSON; write it as CSV"),
        (b"{\"a\": 1, \"y\": 2}\n", "JSON"),
        (b"%PDF-1.7", "a PDF"),
    ] {
        let message = error(&folder.table(content));
        let expected = format!("table.csv: expected a table in text, found {found}");
        assert!(message.starts_with(&expected), "{message}");
    }
    let message = error(&folder.table(b"a,y\n1,2\n1,\0\n"));
    assert!(
        message.starts_with("table.csv: line 3: expected text, found a byte that is 0; "),
        "{message}"
    );
}

#[test]
fn a_table_packed_with_gzip_is_read_as_it_is() {
    use std::io::Write;
    let folder = Folder::new();
    let text = "a,y\n1,2\n3,4\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).expect("bytes");
    let splits = load(&folder.table(packed.finish().expect("bytes")));
    assert_eq!(
        inputs(&splits.train),
        inputs(&load(&folder.table(text)).train)
    );
}
