//! Splits: laws that hold for every share and seed, and files of row numbers.
//!
//! A row of [`Numbered`] carries its own number, so that a test sees which rows a part has.

mod common;

use std::fs;
use std::path::PathBuf;

use common::idx::{images, labels};
use dropwise::Dataset;
use dropwise::config::{DataConfig, SourceKind, SplitConfig};
use dropwise::data::{self, Splits};
use proptest::prelude::*;
use tempfile::TempDir;

/// A source of the kind `idx` whose row k has the inputs k / 256 and k % 256, in 255ths.
struct Numbered {
    folder: TempDir,
    classes: Vec<u8>,
}

impl Numbered {
    fn new(classes: Vec<u8>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let pixels: Vec<[u8; 2]> = (0..classes.len() as u16).map(u16::to_be_bytes).collect();
        fs::write(folder.path().join("images"), images(&pixels, 2)).expect("a file");
        fs::write(folder.path().join("labels"), labels(&classes)).expect("a file");
        Numbered { folder, classes }
    }

    /// Rows of the classes 0, 1 and 2 in turn.
    fn of_three_classes(rows: usize) -> Self {
        Numbered::new((0..rows).map(|row| (row % 3) as u8).collect())
    }

    fn split(&self, split: SplitConfig, seed: u64) -> dropwise::Result<Splits> {
        let file = |name| Some(self.folder.path().join(name));
        let config = DataConfig {
            train_images: file("images"),
            train_labels: file("labels"),
            split: Some(split),
            ..DataConfig::new(SourceKind::Idx)
        };
        data::load(&config, seed)
    }

    /// Training, validation and test rows; no rows for no part.
    fn parts(&self, split: SplitConfig, seed: u64) -> [Vec<usize>; 3] {
        let splits = self.split(split, seed).expect("a split");
        let part = |part: Option<Dataset>| part.map_or(Vec::new(), |part| rows(&part));
        [
            rows(&splits.train),
            part(splits.validation),
            part(splits.test),
        ]
    }

    /// A file of row numbers.
    fn list(&self, name: &str, text: &str) -> Option<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        Some(path)
    }

    #[track_caller]
    fn refused(&self, split: SplitConfig, expected: &str) {
        let error = self.split(split, 1).expect_err("a bad split").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// The numbers that the rows carry.
fn rows(part: &Dataset) -> Vec<usize> {
    let number = |row| {
        let bytes: Vec<f64> = part
            .input_row(row)
            .iter()
            .map(|input| input * 255.0)
            .collect();
        (bytes[0].round() * 256.0 + bytes[1].round()) as usize
    };
    (0..part.len()).map(number).collect()
}

fn shares(validation: f64, test: f64) -> SplitConfig {
    SplitConfig {
        validation,
        test,
        ..SplitConfig::default()
    }
}

fn mixed(classes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    Just(classes).prop_shuffle()
}

/// Rows in any order of 2 to 5 classes, each of 8 to 40 rows.
fn any_classes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(8..40_usize, 2..6).prop_flat_map(|sizes| {
        let classes = sizes
            .iter()
            .zip(0_u8..)
            .flat_map(|(size, class)| vec![class; *size]);
        mixed(classes.collect())
    })
}

/// Every class has its share of the pool among the rows drawn, up or down by less than one row.
fn check_shares(
    classes: &[u8],
    pool: &[usize],
    drawn: &[usize],
    share: f64,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(drawn.len(), (share * pool.len() as f64).round() as usize);
    for class in 0..=classes.iter().max().copied().unwrap_or_default() {
        let count =
            |rows: &[usize]| rows.iter().filter(|row| classes[**row] == class).count() as f64;
        let quota = share * count(pool);
        prop_assert!(
            (count(drawn) - quota).abs() < 1.0,
            "class {}: {} for {}",
            class,
            count(drawn),
            quota
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn parts_are_sorted_disjoint_and_complete(
        classes in any_classes(),
        validation in 0.05..0.6,
        test in 0.05..0.6,
        stratify: bool,
        seed: u64,
    ) {
        let source = Numbered::new(classes);
        let split = SplitConfig { stratify: Some(stratify), ..shares(validation, test) };
        // By chance alone the rows that are left can be of one class.
        let loaded = source.split(split.clone(), seed);
        prop_assume!(stratify || loaded.is_ok());
        let [train, validating, testing] = source.parts(split, seed);
        for part in [&train, &validating, &testing] {
            prop_assert!(!part.is_empty() && part.is_sorted());
        }
        let n_rows = source.classes.len();
        prop_assert_eq!(testing.len(), (test * n_rows as f64).round() as usize);
        let left = (n_rows - testing.len()) as f64;
        prop_assert_eq!(validating.len(), (validation * left).round() as usize);
        let mut all = [train, validating, testing].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..n_rows).collect::<Vec<_>>());
    }

    #[test]
    fn every_class_has_its_share_in_every_part_within_one_row(
        classes in any_classes(),
        validation in 0.05..0.6,
        test in 0.05..0.6,
        seed: u64,
    ) {
        let source = Numbered::new(classes);
        let [train, validating, testing] = source.parts(shares(validation, test), seed);
        let all: Vec<usize> = (0..source.classes.len()).collect();
        check_shares(&source.classes, &all, &testing, test)?;
        let pool = [train, validating.clone()].concat();
        check_shares(&source.classes, &pool, &validating, validation)?;
    }
}

#[test]
fn the_same_seed_gives_the_same_split_and_another_seed_another() {
    let source = Numbered::of_three_classes(300);
    let split = shares(0.2, 0.2);
    assert_eq!(
        source.parts(split.clone(), 7),
        source.parts(split.clone(), 7)
    );
    assert_ne!(
        source.parts(split.clone(), 7),
        source.parts(split.clone(), 8)
    );

    let seeded = SplitConfig {
        seed: Some(7),
        ..split.clone()
    };
    assert_eq!(source.parts(seeded, 8), source.parts(split, 7));
}

#[test]
fn a_change_of_the_validation_share_leaves_the_test_rows_as_they_are() {
    let source = Numbered::of_three_classes(300);
    let [_, _, alone] = source.parts(shares(0.0, 0.3), 7);
    let [_, _, beside] = source.parts(shares(0.25, 0.3), 7);
    assert_eq!(alone, beside);
}

#[test]
fn every_row_is_as_likely_to_be_a_test_row() {
    // 2,000 splits of 30 rows: each row is tested 600 times, give or take 20.5 (a standard deviation).
    let source = Numbered::of_three_classes(30);
    let mut times = [0; 30];
    for seed in 0..2_000 {
        let [_, _, test] = source.parts(shares(0.0, 0.3), seed);
        test.into_iter().for_each(|row| times[row] += 1);
    }
    assert!(
        times.iter().all(|times| (500..=700).contains(times)),
        "{times:?}"
    );
}

#[test]
fn without_strata_the_shares_of_the_classes_vary() {
    let source = Numbered::of_three_classes(300);
    let first_class = |stratify, seed| {
        let split = SplitConfig {
            stratify: Some(stratify),
            ..shares(0.0, 0.2)
        };
        let [_, _, test] = source.parts(split, seed);
        assert_eq!(test.len(), 60);
        test.iter().filter(|row| *row % 3 == 0).count()
    };
    assert!((0..10).all(|seed| first_class(true, seed) == 20));
    assert!((0..10).any(|seed| first_class(false, seed) != 20));
}

#[test]
fn the_built_in_sources_are_split_too() {
    let digits = DataConfig {
        split: Some(shares(0.1, 0.2)),
        ..DataConfig::new(SourceKind::Digits)
    };
    let splits = data::load(&digits, 42).expect("the digits");
    let (validation, test) = (splits.validation.expect("rows"), splits.test.expect("rows"));
    // 0.2 x 1,797 = 359.4; 0.1 x 1,438 = 143.8.
    assert_eq!(
        (splits.train.len(), validation.len(), test.len()),
        (1294, 144, 359)
    );
    let zeros = (0..test.len())
        .filter(|row| test.target_row(*row)[0] == 1.0)
        .count();
    assert!(
        (35..=36).contains(&zeros),
        "0.2 x 178 = 35.6, found {zeros}"
    );

    let xor = DataConfig {
        split: Some(shares(0.0, 0.5)),
        ..DataConfig::new(SourceKind::Xor)
    };
    let splits = data::load(&xor, 42).expect("exclusive or");
    for part in [splits.train, splits.test.expect("rows")] {
        let ones: f64 = (0..part.len()).map(|row| part.target_row(row)[0]).sum();
        assert_eq!((part.len(), ones), (2, 1.0), "one row of each class");
    }
}

#[test]
fn a_share_that_comes_to_no_row_is_an_error() {
    let source = Numbered::of_three_classes(30);
    source.refused(
        shares(0.0, 0.01),
        "data.split.test: expected a share that comes to at least one of 30 rows, found 0.01",
    );
    source.refused(
        shares(0.02, 0.5),
        "data.split.validation: expected a share that comes to at least one of 15 rows, found 0.02",
    );
    source.refused(
        shares(0.0, 0.99),
        "training rows are left, found none left of 30 rows",
    );
}

#[test]
fn training_rows_of_one_class_are_an_error() {
    let source = Numbered::of_three_classes(30);
    let train_rows = source.list("train", "0 3 6");
    source.refused(
        SplitConfig {
            train_rows,
            ..SplitConfig::default()
        },
        "data.split: expected training rows of at least two classes, found 3 rows of one class",
    );
}

// Files of row numbers.

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
