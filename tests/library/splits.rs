//! Splits by shares: laws that hold for every share and seed.

use crate::common::numbered::Numbered;
use dropwise::config::{ColumnName, CsvConfig, DataConfig, DataSource, SplitConfig, TableConfig};
use dropwise::data;
use proptest::prelude::*;

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

    #[test]
    fn so_many_training_rows_are_kept_of_every_class_its_share_and_the_other_parts_stay(
        classes in any_classes(),
        kept in 0.3..1.0_f64,
        test in 0.05..0.4,
        seed: u64,
    ) {
        let source = Numbered::new(classes);
        let all = shares(0.2, test);
        let [pool, validating, testing] = source.parts(all.clone(), seed);
        let count = (kept * pool.len() as f64).ceil() as usize;
        let some = SplitConfig { train: Some(count), ..all };
        let [train, still_validating, still_testing] = source.parts(some, seed);
        prop_assert_eq!((still_validating, still_testing), (validating, testing));
        prop_assert!(train.is_sorted() && train.iter().all(|row| pool.contains(row)));
        prop_assert_eq!(train.len(), count);
        check_shares(&source.classes, &pool, &train, count as f64 / pool.len() as f64)?;
    }
}

proptest! {
    #[test]
    fn a_share_that_no_check_has_seen_never_panics(
        validation in prop::num::f64::ANY,
        test in prop::num::f64::ANY,
        stratify: bool,
    ) {
        let source = Numbered::of_three_classes(12);
        let split = SplitConfig { stratify: Some(stratify), ..shares(validation, test) };
        if let Ok(splits) = source.split(split, 1) {
            prop_assert!(!splits.train.is_empty());
        }
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
        ..DataConfig::new(DataSource::Digits)
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
        ..DataConfig::new(DataSource::Xor)
    };
    let splits = data::load(&xor, 42).expect("XOR");
    for part in [splits.train, splits.test.expect("rows")] {
        let ones: f64 = (0..part.len()).map(|row| part.target_row(row)[0]).sum();
        assert_eq!((part.len(), ones), (2, 1.0), "one row of each class");
    }
}

#[test]
fn a_regression_is_split_by_chance_alone() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("line.csv");
    let lines: String = (0..40).map(|x| format!("{x},{}.5\n", 2 * x)).collect();
    std::fs::write(&path, format!("x,y\n{lines}")).expect("a file");
    let load = |stratify| {
        let (file, target) = (CsvConfig::new(&path), ColumnName::Name("y".to_owned()));
        let table = TableConfig::new(target);
        let config = DataConfig {
            split: Some(SplitConfig {
                stratify,
                ..shares(0.25, 0.2)
            }),
            ..DataConfig::new(DataSource::Csv { file, table })
        };
        data::load(&config, 1)
    };
    for stratify in [None, Some(false)] {
        let splits = load(stratify).expect("a split");
        let (validation, test) = (splits.validation.expect("rows"), splits.test.expect("rows"));
        assert_eq!(
            (splits.train.len(), validation.len(), test.len()),
            (24, 8, 8)
        );
    }
    let error = load(Some(true)).expect_err("no classes").to_string();
    let expected =
        "data.split.stratify: expected `false`, or no such key, where there are no classes";
    assert!(error.starts_with(expected), "{error}");
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
    // Of each class one row stays to be learned from.
    assert_eq!(source.parts(shares(0.0, 0.99), 1)[0].len(), 3);
}

#[test]
fn all_training_rows_may_be_kept_and_no_more() {
    let source = Numbered::of_three_classes(30);
    let keep = |train| SplitConfig {
        train: Some(train),
        ..shares(0.25, 0.2)
    };
    let all = source.parts(shares(0.25, 0.2), 1);
    assert_eq!(all.each_ref().map(Vec::len), [18, 6, 6]);
    assert_eq!(source.parts(keep(18), 1), all);
    source.refused(
        keep(19),
        "data.split.train: expected at most 18, the number of rows left to train on, found 19",
    );
    source.refused(
        keep(1),
        "data.split: expected training rows of at least two classes, found 1 rows of one class",
    );
}

#[test]
fn every_training_row_is_as_likely_to_be_kept() {
    // 2,000 draws of 12 of 24 rows: each is kept 1,000 times, give or take 22.4 (a standard deviation).
    let source = Numbered::of_three_classes(30);
    let test_rows = source.list("test", "0 1 2 3 4 5");
    let mut times = [0; 30];
    for seed in 0..2_000 {
        let split = SplitConfig {
            train: Some(12),
            test_rows: test_rows.clone(),
            ..SplitConfig::default()
        };
        let [train, _, test] = source.parts(split, seed);
        assert_eq!(test, [0, 1, 2, 3, 4, 5]);
        train.into_iter().for_each(|row| times[row] += 1);
    }
    assert_eq!(times[..6], [0; 6]);
    assert!(
        times[6..].iter().all(|times| (890..=1110).contains(times)),
        "{times:?}"
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
