//! Splits by files of row numbers.

use std::path::PathBuf;

use crate::common::numbered::Numbered;
use dropwise::config::SplitConfig;

#[test]
fn listed_rows_are_the_parts_and_the_others_the_part_that_is_not_listed() {
    let source = Numbered::of_three_classes(10);
    let list = |name, text| source.list(name, text);
    let none = SplitConfig::default;

    let test_rows = list("test", "7\n2 0\n\n");
    let split = SplitConfig {
        test_rows: test_rows.clone(),
        ..none()
    };
    assert_eq!(
        source.parts(split, 1),
        [vec![1, 3, 4, 5, 6, 8, 9], vec![], vec![0, 2, 7]]
    );

    let train_rows = list("train", "1 3\t4\r\n5");
    let split = SplitConfig {
        train_rows: train_rows.clone(),
        ..none()
    };
    assert_eq!(
        source.parts(split, 1),
        [vec![1, 3, 4, 5], vec![], vec![0, 2, 6, 7, 8, 9]]
    );

    let split = SplitConfig {
        train_rows: train_rows.clone(),
        test_rows: test_rows.clone(),
        ..none()
    };
    assert_eq!(
        source.parts(split, 1),
        [vec![1, 3, 4, 5], vec![], vec![0, 2, 7]]
    );

    let validation_rows = list("validation", "9");
    let split = SplitConfig {
        validation_rows: validation_rows.clone(),
        ..none()
    };
    assert_eq!(source.parts(split, 1), [(0..9).collect(), vec![9], vec![]]);

    let split = SplitConfig {
        train_rows,
        validation_rows,
        test_rows,
        ..none()
    };
    assert_eq!(
        source.parts(split, 1),
        [vec![1, 3, 4, 5], vec![9], vec![0, 2, 7]]
    );

    let train_rows = list("all", "0 1 2 3 4 5 6 7 8 9");
    let split = SplitConfig {
        train_rows,
        ..none()
    };
    assert_eq!(source.parts(split, 1), [(0..10).collect(), vec![], vec![]]);
}

#[test]
fn a_validation_share_is_taken_from_the_training_rows() {
    let source = Numbered::of_three_classes(30);
    let train_rows = source.list("train", "0 1 2 3 4 5 6 7 8 9 10 11");
    let test_rows = source.list("test", "20 21");
    let split = SplitConfig {
        validation: 0.25,
        train_rows,
        test_rows,
        ..SplitConfig::default()
    };
    let [train, validation, test] = source.parts(split, 1);
    assert_eq!((train.len(), validation.len(), test), (9, 3, vec![20, 21]));
    let mut both = [train, validation].concat();
    both.sort_unstable();
    assert_eq!(both, (0..12).collect::<Vec<_>>());
}

#[test]
fn a_test_share_leaves_listed_validation_rows_alone() {
    let source = Numbered::of_three_classes(30);
    let validation_rows = source.list("validation", "4 5 6");
    let split = SplitConfig {
        test: 0.2,
        validation_rows,
        ..SplitConfig::default()
    };
    let [train, validation, test] = source.parts(split, 1);
    assert_eq!(
        (train.len(), validation, test.len()),
        (21, vec![4, 5, 6], 6)
    );
    assert!((4..7).all(|row| !test.contains(&row)));
}

#[test]
fn a_bad_row_number_is_an_error_that_names_file_and_place() {
    let source = Numbered::of_three_classes(10);
    let refused = |text: &str, expected: &str| {
        let test_rows = source.list("test.txt", text);
        source.refused(
            SplitConfig {
                test_rows,
                ..SplitConfig::default()
            },
            expected,
        );
    };
    refused(
        "1 2\n3 10\n",
        "test.txt: line 2, number 2: expected a row from 0 to 9, found `10`; rows are counted from 0",
    );
    refused(
        "1\n-1",
        "test.txt: line 2, number 1: expected a row from 0 to 9, found `-1`",
    );
    refused(
        "row\n1",
        "line 1, number 1: expected a row from 0 to 9, found `row`",
    );
    refused("1.5", "found `1.5`");
    refused("99999999999999999999999", "found `99999999999999999999999`");
    refused(
        "1 2\n2",
        "test.txt: line 2, number 1: row 2 is named already, in ",
    );
    refused(
        " \n\n",
        "test.txt: expected row numbers, found none; name at least one row",
    );
    refused(
        "0 1 2 3 4 5 6 7 8 9",
        "data.split: expected smaller shares or shorter lists",
    );
}

#[test]
fn a_row_in_two_parts_is_an_error_that_names_both_places() {
    let source = Numbered::of_three_classes(10);
    let train_rows = source.list("train.txt", "0\n1\n2 3");
    let test_rows = source.list("test.txt", "8\n9 3");
    let split = SplitConfig {
        train_rows,
        test_rows,
        ..SplitConfig::default()
    };
    let error = source.split(split, 1).expect_err("an overlap").to_string();
    let first = source.folder.path().join("train.txt");
    let expected = format!(
        "row 3 is named already, in {}, line 3, number 2; name each row once",
        first.display()
    );
    assert!(error.contains("test.txt: line 2, number 2: "), "{error}");
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn a_file_of_row_numbers_that_cannot_be_read_is_named() {
    let source = Numbered::of_three_classes(10);
    let test_rows = Some(PathBuf::from("no/such/rows.txt"));
    source.refused(
        SplitConfig {
            test_rows,
            ..SplitConfig::default()
        },
        "no/such/rows.txt: cannot be read: ",
    );
}
