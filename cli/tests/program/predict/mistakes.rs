//! Rows of tables with mistakes: each is named by file, line and column, and the rows before it are answered.

use std::fmt::Write;

use super::pets;
use crate::folder::Folder;

/// Asserts how many rows are answered before the mistake, and what is said of it.
#[track_caller]
fn assert_mistake(folder: &Folder, input: impl AsRef<[u8]>, answered: usize, expected: &str) {
    let (answers, errors) = folder.predict_badly(input, &[]);
    // The header comes with the first answer.
    let lines = answered + usize::from(answered > 0);
    assert_eq!(answers.len(), lines, "{answers:?}");
    let expected = format!("error: standard input: {expected}");
    assert!(errors.starts_with(&expected), "{errors}");
    assert!(errors.contains("; "), "a fix is named: {errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn a_header_has_every_column_of_the_network_once_and_no_unknown_one() {
    let folder = pets::trained();
    for (header, expected) in [
        ("kind,weight", "the column `age` is missing; add it"),
        (
            "kind,age,weight,color",
            "the column `color` is unknown to the network; take it out",
        ),
        (
            "kind,age,Weight",
            "the column `Weight` is unknown to the network; ",
        ),
        (
            "kind,age,weight,age",
            "two columns are named `age`; give each column a name of its own",
        ),
        (
            "kind,age,weight,",
            "the column `column4` is unknown to the network; ",
        ),
        ("cat,2,3", "the column `cat` is unknown to the network; "),
    ] {
        let input = format!("{header}\ncat,2,3,4\n");
        assert_mistake(&folder, input, 0, &format!("line 1: {expected}"));
    }
    assert_mistake(
        &folder,
        "",
        0,
        "line 1: expected a header with the names of the columns, found nothing",
    );
    assert_mistake(&folder, "\n\n", 0, "line 1: expected a header");
    assert_mistake(
        &folder,
        "\n\nage\n",
        0,
        "line 3: the column `kind` is missing",
    );
}

#[test]
fn a_bad_row_is_named_and_those_before_it_are_answered() {
    let folder = pets::trained();
    for (row, expected) in [
        (
            "cat,2",
            "expected 3 columns, found 2; every line needs the columns of line 1, the header; look for ",
        ),
        ("cat,2,3,4", "expected 3 columns, found 4; "),
        (
            "cat,2,heavy",
            "column `weight`: expected a finite number, found `heavy`; correct it",
        ),
        (
            "cat,2,nan",
            "column `weight`: expected a finite number, found `nan`; ",
        ),
        (
            "cat,2,-inf",
            "column `weight`: expected a finite number, found `-inf`; ",
        ),
        (
            "cat,2,1e999",
            "column `weight`: expected a finite number, found `1e999`; ",
        ),
        (
            "cat,2,1e300",
            "column `weight`: `1e300` is too far from the values of the training rows; ",
        ),
        (
            "cat,\"2,5\",3",
            "column `age`: expected a number, found `2,5`, which has a decimal comma; ",
        ),
        (
            "rabbit,2,3",
            "column `kind`: the category `rabbit` is new: the training rows have `cat`, `dog`, `fish`; correct \
             it, or train with `new_category = \"ignore\"`",
        ),
    ] {
        let input = format!("kind,age,weight\ncat,1,2\ndog,3,4\n{row}\ncat,5,6\n");
        let place = if expected.starts_with("column") {
            "line 4, "
        } else {
            "line 4: "
        };
        assert_mistake(&folder, input, 2, &format!("{place}{expected}"));
    }
}

#[test]
fn a_missing_value_is_refused_where_the_run_does_not_fill_it_in() {
    let complete: String = pets::table()
        .lines()
        .filter(|line| !line.contains(",,"))
        .map(|line| format!("{line}\n"))
        .collect();
    for (policy, expected) in [
        (
            "error",
            "the value is missing; give it, or train with `missing` in `[data]`",
        ),
        (
            "drop",
            "the value is missing, and training left such rows out (`missing = \"drop\"`); ",
        ),
    ] {
        let config = pets::CONFIG.replace("\"mean\"", &format!("\"{policy}\""));
        let folder = Folder::trained("pets.csv", &complete, &config);
        let input = "kind,age,weight\ncat,1,2\ncat,,2\n";
        assert_mistake(
            &folder,
            input,
            1,
            &format!("line 3, column `age`: {expected}"),
        );
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let folder = pets::trained_with("[data]", "[data]\nnew_category = \"ignore\"");
    let bad = "cat,1,x";
    for (input, answered, line) in [
        (format!("kind,age,weight\r\n\r\ncat,1,2\r\n{bad}\r\n"), 1, 4),
        (format!("kind,age,weight\rcat,1,2\r{bad}"), 1, 3),
        (
            format!("\n\nkind,age,weight\n\"a\nb\n\nc\",1,2\n\n{bad}"),
            1,
            9,
        ),
        (
            format!("kind,age,weight\ncat,1,2\n\"a\nb\",1,x\n{bad}"),
            1,
            3,
        ),
    ] {
        let place = format!("line {line}, column `weight`: expected a finite number");
        assert_mistake(&folder, input, answered, &place);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_line() {
    let folder = pets::trained();
    let input = b"kind,age,weight\ncat,1,2\n\ncat\xff,1,2\n";
    assert_mistake(
        &folder,
        input,
        1,
        "line 4: expected text in UTF-8, found other bytes; ",
    );
    assert_mistake(
        &folder,
        b"\x1f\x8b\x08\x00\x00",
        0,
        "the file is packed, and damaged: ",
    );
}

#[test]
fn a_row_without_an_end_is_refused_before_it_fills_the_memory() {
    let folder = pets::trained();
    let mut input = "kind,age,weight\ncat,1,2\n\"".to_owned();
    for k in 0..2_000_000 {
        writeln!(input, "cat,{k}").expect("memory");
    }
    let line =
        "expected a row of at most 16777216 bytes, found more; look for a quote that is not closed";
    let (answers, errors) = folder.predict_badly(input, &[]);
    assert_eq!(answers.len(), 2);
    assert!(
        errors.starts_with("error: standard input: line 3: a quote is opened and never closed"),
        "{errors}"
    );
    let endless = "x".repeat(17_000_000);
    assert_mistake(&folder, endless, 0, &format!("line 1: {line}"));
}

#[test]
fn an_input_that_cannot_be_read_is_named() {
    let folder = pets::trained();
    let errors = folder.bad(&["predict", "run", "--input", "nowhere.csv"]);
    assert!(
        errors.starts_with("error: nowhere.csv: cannot be read: "),
        "{errors}"
    );
    let errors = folder.bad(&["predict", "run", "--input", "run"]);
    assert!(
        errors.starts_with("error: run: cannot be read: "),
        "{errors}"
    );
}
