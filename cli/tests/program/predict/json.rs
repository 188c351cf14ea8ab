//! Rows of JSON, one on each line.

use serde_json::{Value, json};

use super::pets::{self, Pet};
use crate::folder::{Folder, cells};

const JSONL: [&str; 2] = ["--format", "jsonl"];

fn lines(row: impl Fn(&Pet) -> Value) -> String {
    pets::pets()
        .iter()
        .map(|pet| format!("{}\n", row(pet)))
        .collect()
}

#[test]
fn objects_arrays_and_tables_give_the_same_answers() {
    let folder = pets::trained();
    let table = folder.predict(pets::inputs(), &["--proba"]);
    let objects = lines(|pet| json!({ "weight": pet.weight, "kind": pet.kind, "age": pet.age }));
    let answers = folder.predict(&objects, &["--format", "jsonl", "--proba"]);
    assert_eq!(answers.len() + 1, table.len());
    for (answer, line) in answers.iter().zip(&table[1..]) {
        let fields = cells(line);
        let expected = format!(
            r#"{{"prediction":"{}","probabilities":{{"large":{},"medium":{},"small":{}}}}}"#,
            fields[0], fields[1], fields[2], fields[3]
        );
        assert_eq!(*answer, expected);
    }
    let texts = lines(
        |pet| json!({ "id": pet.id, "size": pet.size, "kind": pet.kind, "age": pet.age(), "weight": pet.weight.to_string() }),
    );
    let arrays = lines(|pet| json!([pet.kind, pet.age, pet.weight]));
    let spaced = objects.replace('\n', "\r\n \n");
    for same in [texts, arrays, spaced, format!("\u{feff}{objects}")] {
        assert_eq!(
            folder.predict(same, &["--format", "jsonl", "--proba"]),
            answers
        );
    }
}

#[test]
fn the_name_of_the_file_tells_its_form() {
    let folder = pets::trained();
    folder.write("rows.jsonl", "[\"cat\", 1, 20]\n");
    assert_eq!(
        folder.good(&["predict", "run", "--input", "rows.jsonl"]),
        "{\"prediction\":\"large\"}\n"
    );
    let errors = folder.bad(&["predict", "run", "--input", "rows.jsonl", "--format", "csv"]);
    assert!(
        errors.starts_with("error: rows.jsonl: line 1: the column "),
        "{errors}"
    );
}

#[test]
fn no_lines_have_no_answers() {
    let folder = pets::trained();
    assert_eq!(folder.predict("", &JSONL), [""; 0]);
    assert_eq!(folder.predict("\n \n", &JSONL), [""; 0]);
}

#[test]
fn a_mistake_is_named_by_its_line_and_the_rows_before_it_are_answered() {
    let folder = pets::trained();
    let object = |change: &str| format!("{{\"kind\": \"cat\", \"age\": 1, {change}}}");
    for (row, expected) in [
        (
            "{\"kind\"".to_owned(),
            ": expected a row as JSON: EOF while parsing an object at character 7; give an object",
        ),
        (
            "[\"cat\", 1, 2] 3".to_owned(),
            ": expected a row as JSON: trailing characters at character 15; ",
        ),
        (
            "7".to_owned(),
            ": expected a row as JSON: invalid type: integer `7`, expected an object of columns or an array",
        ),
        (
            "null".to_owned(),
            ": expected a row as JSON: invalid type: null, expected an object of columns or",
        ),
        ("[\"cat\", 1]".to_owned(), ": expected 3 values, found 2; "),
        (
            "[\"cat\", 1, 2, 3]".to_owned(),
            ": expected 3 values, found 4; ",
        ),
        (
            "[\"cat\", 1, [2]]".to_owned(),
            ", column `weight`: expected a number, a text or null, found an array or an object; ",
        ),
        (
            "[".repeat(100_000),
            ": expected a row as JSON: EOF while parsing a list at character 100000; ",
        ),
        (
            object("\"wait\": 2"),
            ": the column `wait` is unknown to the network; ",
        ),
        (object("\"size\": 2"), ": the column `weight` is missing; "),
        (
            object("\"weight\": 2, \"weight\": 3"),
            ": two columns are named `weight`; ",
        ),
        (
            object("\"weight\": 1e999"),
            ", column `weight`: expected a finite number, found `1e999`; ",
        ),
        (
            object("\"weight\": NaN"),
            ": expected a row as JSON: expected value at character ",
        ),
        (
            object("\"weight\": \"NaN.\""),
            ", column `weight`: expected a finite number, found `NaN.`; ",
        ),
        (
            object("\"weight\": true"),
            ", column `weight`: expected a finite number, found `true`; ",
        ),
        (
            "[\"rabbit\", 1, 2]".to_owned(),
            ", column `kind`: the category `rabbit` is new",
        ),
    ] {
        let input = format!("[\"cat\", 1, 2]\n\n{row}\n[\"cat\", 1, 2]\n");
        let (answers, errors) = folder.predict_badly(input, &JSONL);
        assert_eq!(answers.len(), 1, "{row}");
        let expected = format!("error: standard input: line 3{expected}");
        assert!(errors.starts_with(&expected), "{errors}");
    }
    let (answers, errors) = folder.predict_badly(b"[\"cat\", 1, 2]\n[\"\xff\", 1, 2]\n", &JSONL);
    assert_eq!(answers.len(), 1);
    let expected = "error: standard input: line 2: expected text in UTF-8, found other bytes; ";
    assert!(errors.starts_with(expected), "{errors}");
    let (_, errors) = folder.predict_badly("[".to_owned() + &" ".repeat(17_000_000), &JSONL);
    let expected = "error: standard input: line 1: expected a row of at most 16777216 bytes";
    assert!(errors.starts_with(expected), "{errors}");
}

#[test]
fn a_number_of_json_is_the_same_number_however_the_table_writes_its_own() {
    let comma: fn(usize) -> String = |row| format!("{row},5;{},25;{}", row % 7, 2 * row);
    let point: fn(usize) -> String = |row| format!("{row}.5;{}.25;{}", row % 7, 2 * row);
    for (style, line, cells, numbers) in [
        (
            "decimal = ','\nthousands = '.'",
            comma,
            "1.020,5;3,25",
            "[1020.5, 3.25]",
        ),
        (
            "decimal = ','\nthousands = '.'",
            comma,
            "2,345;0,5",
            "[2.345, 0.5]",
        ),
        ("decimal = ','", comma, "2,345;0,5", "[2.345, 0.5]"),
        ("thousands = \"'\"", point, "1'020.5;3.25", "[1020.5, 3.25]"),
    ] {
        let lines: Vec<String> = (0..40).map(line).collect();
        let table = format!("size;weight;price\n{}\n", lines.join("\n"));
        let config = format!(
            "[data]\nsource = 'csv'\npath = 't.csv'\ndelimiter = ';'\ntarget = 'price'\n{style}\n\
             [network]\nhidden = [4]\n[train]\noptimizer = 'adam'\nlearning_rate = 0.01\nepochs = 3\n"
        );
        let folder = Folder::trained("t.csv", table, &config);
        let of_csv = folder.predict(format!("size;weight\n{cells}\n"), &[]);
        let of_json = folder.predict(format!("{numbers}\n"), &JSONL);
        let answer: Value = serde_json::from_str(&of_json[0]).expect("JSON");
        assert_eq!(answer["prediction"].to_string(), of_csv[1], "{style}");
    }
}
