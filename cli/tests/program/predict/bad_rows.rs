//! Rows that cannot be answered, among others.

use super::pets;
use crate::folder::Folder;

/// Runs `predict`: the status, the lines of the answers, and what is said, notes left out.
fn output(folder: &Folder, rows: impl AsRef<[u8]>, more: &[&str]) -> (i32, Vec<String>, String) {
    let arguments = [&["predict", "run", "--input", "-"], more].concat();
    let output = folder.output(&arguments, rows.as_ref());
    let answers = String::from_utf8(output.stdout).expect("text");
    let errors = String::from_utf8(output.stderr).expect("text");
    let errors: String = errors
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("note: "))
        .collect();
    let status = output.status.code().expect("an end");
    (status, answers.lines().map(str::to_owned).collect(), errors)
}

/// A row that no network of pets answers, of each kind of mistake, and what is said of it.
const BAD: [(&[u8], &str); 6] = [
    (
        b"9,cat,1,heavy",
        "column `weight`: expected a finite number, found `heavy`; ",
    ),
    (
        b"9,unicorn,1,2",
        "column `kind`: the category `unicorn` is new",
    ),
    (b"9,cat,1", ": expected 4 columns, found 3; "),
    (b"9,cat,1,2,3", ": expected 4 columns, found 5; "),
    (
        b"9,c\xff,1,2",
        ": expected text in UTF-8, found other bytes; ",
    ),
    (
        b"id,kind,age,weight",
        ": the line repeats the header on line 1; ",
    ),
];

#[test]
fn good_rows_have_the_answers_that_they_have_without_the_others() {
    let folder = pets::trained();
    let good: Vec<String> = pets::pets()
        .iter()
        .map(|pet| format!("{},{}", pet.id, pet.inputs()))
        .collect();
    let head = "id,kind,age,weight\n";
    let alone = folder.predict(
        format!("{head}{}", good.join("\n")),
        &["--keep", "id", "--proba"],
    );
    let mut rows = head.as_bytes().to_vec();
    for (k, row) in good.iter().enumerate() {
        rows.extend(row.as_bytes());
        rows.push(b'\n');
        if let Some((bad, _)) = BAD.get(k) {
            rows.extend(*bad);
            rows.push(b'\n');
        }
    }
    let keep = |action| {
        output(
            &folder,
            &rows,
            &["--keep", "id", "--proba", "--on-error", action],
        )
    };
    let (status, skipped, errors) = keep("skip");
    assert_eq!((status, &skipped), (0, &alone));
    assert!(
        errors.starts_with("warning: 6 of 66 rows are left out:\n"),
        "{errors}"
    );
    let (status, nulls, same) = keep("null");
    assert_eq!(status, 0);
    assert_eq!(nulls.len(), 67);
    let is_null = |line: &&String| line.ends_with(",,,,");
    assert_eq!(
        nulls
            .iter()
            .filter(|line| !is_null(line))
            .cloned()
            .collect::<Vec<_>>(),
        alone
    );
    // Where cells cannot be told apart, there is nothing to keep.
    let found: Vec<&String> = nulls.iter().filter(is_null).collect();
    assert_eq!(found, ["9,,,,", "9,,,,", ",,,,", ",,,,", ",,,,", ",,,,"]);
    assert_eq!(
        same.replace("have null for an answer", "are left out"),
        errors
    );
    let (status, answered, stop) = keep("stop");
    assert_eq!((status, answered.len()), (1, 2));
    assert!(
        stop.starts_with("error: standard input: line 3, column `weight`: "),
        "{stop}"
    );

    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 7);
    for (k, (_, expected)) in BAD[..5].iter().enumerate() {
        let place = format!("  standard input: line {}", 2 * k + 3);
        assert!(
            lines[k + 1].starts_with(&place) && lines[k + 1].contains(expected),
            "{errors}"
        );
    }
    assert_eq!(lines[6], "  and 1 more");
}

#[test]
fn a_line_of_json_without_an_answer_says_why_and_keeps_what_it_has() {
    let folder = pets::trained();
    let rows = b"{\"id\": 1, \"kind\": \"cat\", \"age\": 1, \"weight\": 20}\n{\"id\": 2, \"kind\": \"cat\", \"weight\": 20}\n\
                 {\"id\": 3, \"kind\n\n{\"kind\": \"cat\", \"age\": 1, \"weight\": 20}\n[\"cat\", 1, 20]\n\"\xff\"\n";
    let (status, lines, errors) = output(
        &folder,
        rows,
        &[
            "--format",
            "jsonl",
            "--keep",
            "id",
            "--on-error",
            "null",
            "--proba",
        ],
    );
    assert_eq!((status, lines.len()), (0, 6), "{lines:?}");
    assert!(
        lines[0].starts_with("{\"id\":1,\"prediction\":\"large\",\"probabilities\":{"),
        "{}",
        lines[0]
    );
    let expected = [
        ("2", "line 2: the column `age` is missing; "),
        ("null", "line 3: expected a row as JSON: "),
        ("null", "line 5: the column `id` is missing; "),
        ("null", "line 6: the column `id` of --keep is missing; "),
        (
            "null",
            "line 7: expected text in UTF-8, found other bytes; ",
        ),
    ];
    for (line, (id, why)) in lines[1..].iter().zip(expected) {
        let start = format!("{{\"id\":{id},\"prediction\":null,\"error\":\"standard input: {why}");
        assert!(line.starts_with(&start), "{line}");
    }
    assert!(
        errors.starts_with("warning: 5 of 6 rows have null for an answer:\n"),
        "{errors}"
    );
}

#[test]
fn no_answer_at_all_is_a_failure_and_no_row_at_all_is_none() {
    let folder = pets::trained();
    for action in ["skip", "null"] {
        let rows = "kind,age,weight\nbird,1,2\nbird,1,2\n";
        let (status, _, errors) = output(&folder, rows, &["--on-error", action]);
        assert_eq!(status, 1);
        assert!(errors.starts_with("warning: 2 of 2 rows "), "{errors}");
        let nothing = (0, vec!["prediction".to_owned()], String::new());
        assert_eq!(
            output(&folder, "kind,age,weight\n", &["--on-error", action]),
            nothing
        );
    }
}

#[test]
fn what_is_no_mistake_of_one_row_is_an_error_in_any_case() {
    let folder = pets::trained();
    for (rows, answered, expected) in [
        (
            "kind,weight\ncat,2\n",
            0,
            "error: standard input: line 1: the column `age` is missing; ",
        ),
        (
            "kind,age,weight\ncat,1,20\ndog,1,x\n\"cat,1,20\ncat,1,20\n",
            2,
            "error: standard input: line 4: a quote is opened and never closed",
        ),
    ] {
        let (status, answers, errors) = output(&folder, rows, &["--on-error", "skip"]);
        assert_eq!((status, answers.len()), (1, answered));
        assert!(errors.contains(expected), "{errors}");
    }
    let (status, answers, errors) =
        output(&folder, b"\x1f\x8b\x08\x00\x00", &["--on-error", "skip"]);
    assert_eq!((status, answers.len()), (1, 0));
    assert!(
        errors.starts_with("error: standard input: the file is packed, and damaged: "),
        "{errors}"
    );
}
