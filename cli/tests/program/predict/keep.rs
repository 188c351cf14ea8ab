//! Columns that are carried to the answers.

use super::pets;

#[test]
fn kept_columns_stand_before_the_answers_as_they_are() {
    let folder = pets::trained();
    let answers = folder.predict(pets::table(), &["--proba"]);
    let kept = folder.predict(pets::table(), &["--proba", "--keep", "size,id"]);
    let expected = pets::pets()
        .into_iter()
        .map(|pet| format!("{},{}", pet.size, pet.id));
    let expected = std::iter::once("size,id".to_owned()).chain(expected);
    let expected: Vec<String> = expected
        .zip(&answers)
        .map(|(kept, answer)| format!("{kept},{answer}"))
        .collect();
    assert_eq!(kept, expected);
}

#[test]
fn a_column_that_training_did_not_have_can_be_kept() {
    let folder = pets::trained();
    let table = "note,kind,age,weight\n\"a, \"\"b\"\"\",cat,1,20\n,cat,1,20\n";
    let answers = folder.predict(table, &["--keep", "note"]);
    assert_eq!(
        answers,
        ["note,prediction", "\"a, \"\"b\"\"\",large", ",large"]
    );
}

#[test]
fn values_of_json_are_kept_with_every_digit_and_whatever_they_are() {
    let folder = pets::trained();
    let rows = "{\"weight\": 20, \"id\": 12345678901234567890.10, \"kind\": \"cat\", \"age\": 1, \"more\": [1, {\"a\": null}]}\n";
    let keep = ["--format", "jsonl", "--keep", "more", "--keep", "id"];
    assert_eq!(
        folder.predict(rows, &keep),
        ["{\"more\":[1, {\"a\": null}],\"id\":12345678901234567890.10,\"prediction\":\"large\"}"]
    );
    let keep = ["--format", "jsonl", "--keep", "kind"];
    assert_eq!(
        folder.predict("[\"cat\", 1, 20]\n", &keep),
        ["{\"kind\":\"cat\",\"prediction\":\"large\"}"]
    );
}

#[test]
fn a_kept_column_that_is_missing_twice_there_or_named_as_an_answer_is_an_error() {
    let folder = pets::trained();
    for (format, rows, keep, expected) in [
        (
            "csv",
            "kind,age,weight\ncat,1,2\n",
            "id",
            "standard input: line 1: the column `id` is missing; add it, or take it out of --keep",
        ),
        (
            "csv",
            "id,id,kind,age,weight\n1,2,cat,1,2\n",
            "id",
            "standard input: line 1: two columns are named `id`; ",
        ),
        (
            "csv",
            "",
            "id,id",
            "--keep: expected columns that are named once and not as the answers are, found `id` twice",
        ),
        (
            "csv",
            "",
            "prediction",
            "--keep: expected columns that are named once and not as the answers are, found `prediction`, which is a name",
        ),
        (
            "jsonl",
            "",
            "error",
            "--keep: expected columns that are named once and not as the answers are, found `error`, which is a name",
        ),
        (
            "jsonl",
            "{\"kind\": \"cat\", \"age\": 1, \"weight\": 2}\n",
            "id",
            "standard input: line 1: the column `id` is missing; add it",
        ),
        (
            "jsonl",
            "[\"cat\", 1, 2]\n",
            "id",
            "standard input: line 1: the column `id` of --keep is missing; give rows with the names",
        ),
    ] {
        let (_, errors) = folder.predict_badly(rows, &["--format", format, "--keep", keep]);
        let errors = errors
            .strip_prefix("error: ")
            .unwrap_or_default()
            .to_owned();
        assert!(errors.starts_with(expected), "{errors}");
    }
}
