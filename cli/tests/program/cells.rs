//! What a cell means, from `init` to `predict`: the answers, and what is said on standard error.

use serde_json::Value;

use crate::folder::{Folder, cells};

const NETWORK: &str =
    "[network]\nhidden = [8]\n[train]\noptimizer = 'adam'\nlearning_rate = 0.01\nepochs = 5\n";

/// Answers and notes of a command that ends well.
#[track_caller]
fn said(folder: &Folder, arguments: &[&str], input: &str) -> (Vec<String>, String) {
    let output = folder.output(arguments, input.as_bytes());
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    let answers = String::from_utf8(output.stdout).expect("text");
    (answers.lines().map(str::to_owned).collect(), errors)
}

#[test]
fn a_category_is_the_same_in_every_spelling_and_in_json() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|k| {
            let (member, rooms) = (["True", "False"][k % 2], 1 + k % 3);
            format!(
                "{member},{rooms},0.{k},{}\n",
                ["lo", "hi"][usize::from(rooms == 3)]
            )
        })
        .collect();
    folder.write("data.csv", format!("member,rooms,x,y\n{rows}"));
    folder.train(
        &format!("[data]\nsource = 'csv'\npath = 'data.csv'\ntarget = 'y'\ncategorical = ['rooms']\nnew_category = 'ignore'\n{NETWORK}"),
        "run",
    );
    let expected = folder.predict(
        "member,rooms,x\nTrue,1,0.5\nFalse,2,0.5\nTrue,3,0.5\n",
        &["--proba"],
    );
    for table in [
        "member,rooms,x\nTRUE,1.0,0.5\nFALSE,2.0,0.5\ntrue,3.0,0.5\n",
        "member,rooms,x\ntrue,01,0.5\nfalse,+2,0.50\nTrue,3e+00,0.5\n",
    ] {
        assert_eq!(folder.predict(table, &["--proba"]), expected);
    }
    let lines = "{\"member\": true, \"rooms\": 1, \"x\": 0.5}\n{\"member\": false, \"rooms\": 2, \"x\": 0.5}\n\
                 {\"member\": true, \"rooms\": 3.0, \"x\": 0.5}\n";
    let answers = folder.predict(lines, &["--format", "jsonl", "--proba"]);
    for (answer, expected) in answers.iter().zip(&expected[1..]) {
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        let probability = answer["probabilities"]["hi"].to_string();
        assert_eq!(probability, cells(expected)[1]);
    }

    let arguments = ["predict", "run", "--input", "-"];
    let input = "member,rooms,x\nTrue,7,0.5\nmaybe,1,0.5\nTrue,8,0.5\n";
    let (answers, notes) = said(&folder, &arguments, input);
    assert_eq!(answers.len(), 4);
    let expected = "note: 3 values were in none of the categories of the training rows, and all inputs of the column are 0: \
                    `member` (1: `maybe`, line 3), `rooms` (2, first `7`, line 2)\n";
    assert_eq!(notes, expected);
}

#[test]
fn a_gap_that_training_never_saw_is_answered_and_counted() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|k| format!("{},0.{},{}\n", 7 * k % 50, 10 + k, 3 * k))
        .collect();
    folder.write("data.csv", format!("a,b,y\n{rows}"));
    folder.output(
        &["init", "data.csv", "--target", "y", "--out", "c.toml"],
        b"",
    );
    folder.good(&[
        "train",
        "c.toml",
        "--quiet",
        "--out",
        "run",
        "--set",
        "train.epochs=3",
    ]);
    let arguments = ["predict", "run", "--input", "-"];
    let (answers, notes) = said(&folder, &arguments, "a,b\n1,0.5\n2,\n3,0.5\n,NA\n");
    assert_eq!(answers.len(), 5);
    assert_eq!(
        notes,
        "note: 3 missing values were filled in: `a` (1, line 5), `b` (2, first line 3)\n"
    );

    // Where training was to stop at a gap, prediction does too, unless it is told otherwise.
    folder.good(&[
        "train",
        "c.toml",
        "--quiet",
        "--out",
        "strict",
        "--set",
        "train.epochs=3",
        "--set",
        "data.missing='error'",
    ]);
    let arguments = ["predict", "strict", "--input", "-"];
    let output = folder.output(&arguments, b"a,b\n1,0.5\n2,\n3,0.5\n");
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains("line 3, column `b`: the value is missing")
            && errors.contains("predict --missing mean"),
        "{errors}"
    );
    let filled = said(
        &folder,
        &[&arguments[..], &["--missing", "mean"]].concat(),
        "a,b\n1,0.5\n2,\n3,0.5\n",
    );
    assert_eq!(
        (filled.0.len(), filled.1.as_str()),
        (4, "note: 1 missing value was filled in: `b` (1, line 3)\n")
    );
}

#[test]
fn a_column_of_one_value_has_no_influence_on_any_answer_and_is_named() {
    let folder = Folder::new();
    let rows: String = (0..60)
        .map(|k| format!("{}.5,5,{}\n", k - 30, ["down", "up"][usize::from(k > 30)]))
        .collect();
    folder.write("data.csv", format!("x,tariff,y\n{rows}"));
    let config = format!("[data]\nsource = 'csv'\npath = 'data.csv'\ntarget = 'y'\n{NETWORK}");
    folder.write("c.toml", &config);
    let (lines, _) = said(&folder, &["train", "c.toml", "--out", "run"], "");
    let expected = "note: `tariff` has one value in the training rows, `5`, and says nothing";
    assert!(
        lines.iter().any(|line| line.starts_with(expected)),
        "{lines:?}"
    );
    let arguments = ["predict", "run", "--input", "-", "--proba"];
    let (answers, notes) = said(&folder, &arguments, "x,tariff\n1.0,5\n1.0,6\n1.0,120\n");
    assert_eq!([&answers[1], &answers[1]], [&answers[2], &answers[3]]);
    assert!(
        notes.contains("2 values were of no influence")
            && notes.contains("`tariff` (2, first `6`, line 3)"),
        "{notes}"
    );
}

#[test]
fn a_number_of_json_is_shown_and_compared_with_all_its_digits() {
    let folder = Folder::new();
    let rows: String = (0..40)
        .map(|k| format!("900719925474099{},{}\n", 3 + k % 4, ["keep", "drop"][k % 2]))
        .collect();
    folder.write("data.csv", format!("account,y\n{rows}"));
    let config =
        "[data]\nsource = 'csv'\npath = 'data.csv'\ntarget = 'y'\ncategorical = ['account']\n";
    folder.train(&format!("{config}{NETWORK}"), "run");
    let (answers, errors) = folder.predict_badly(
        "{\"account\": 9007199254740993}\n{\"account\": 9007199254740994}\n{\"account\": 123456789012345678901234}\n",
        &["--format", "jsonl", "--proba"],
    );
    assert_ne!(answers[0], answers[1]);
    assert!(
        errors.contains("the category `123456789012345678901234` is new"),
        "{errors}"
    );
}

#[test]
fn json_that_is_no_line_a_row_is_named_with_what_to_do() {
    let folder = Folder::trained(
        "data.csv",
        "a,y\n1,2\n2,4\n3,6\n",
        &format!("[data]\nsource = 'csv'\npath = 'data.csv'\ntarget = 'y'\n{NETWORK}"),
    );
    let (_, errors) = folder.predict_badly("[\n  {\"a\": 1}\n]\n", &["--format", "jsonl"]);
    assert!(
        errors.contains("line 1") && errors.contains("`jq -c '.[]' FILE`"),
        "{errors}"
    );
    let (_, errors) = folder.predict_badly("{\"a\": 1}\n", &[]);
    assert!(
        errors.contains("expected a table in text, found JSON")
            && errors.contains("--format jsonl"),
        "{errors}"
    );
}
