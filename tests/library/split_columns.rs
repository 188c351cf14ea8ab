//! Splits by a column: what belongs together, and time. And what is said of rows.

use std::collections::HashSet;

use dropwise::config::{ColumnName, CsvConfig, DataConfig, DataSource, SplitConfig, TableConfig};
use dropwise::data::{self, Splits};
use dropwise::{Dataset, Result};
use tempfile::TempDir;

fn load(table: &str, split: SplitConfig, seed: u64) -> Result<Splits> {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, table).expect("a file");
    let mut columns = TableConfig::new(ColumnName::Name("y".to_owned()));
    columns.standardize = false;
    let source = DataSource::Csv {
        file: CsvConfig::new(path),
        table: columns,
    };
    let config = DataConfig {
        split: Some(split),
        ..DataConfig::new(source)
    };
    data::load(&config, seed)
}

fn by(name: &str) -> Option<ColumnName> {
    Some(ColumnName::Name(name.to_owned()))
}

/// The first input of each row.
fn numbers(part: Option<&Dataset>) -> Vec<usize> {
    let rows = |part: &Dataset| {
        (0..part.len())
            .map(|row| part.input_row(row)[0] as usize)
            .collect()
    };
    part.map_or(Vec::new(), rows)
}

fn parts(splits: &Splits) -> [Vec<usize>; 3] {
    [
        numbers(Some(&splits.train)),
        numbers(splits.validation.as_ref()),
        numbers(splits.test.as_ref()),
    ]
}

#[test]
fn no_group_is_in_two_parts_all_rows_are_in_one_and_the_shares_are_met_by_half_a_group() {
    // Row k is of group k * k % 23, so that groups are of many sizes and far apart.
    let group = |k: usize| k * k % 23;
    let table: String = (0..300)
        .map(|k| format!("{k},g{},{}\n", group(k), k % 7))
        .collect();
    let largest = (0..23)
        .map(|g| (0..300).filter(|k| group(*k) == g).count())
        .max()
        .expect("groups");
    for seed in 0..20 {
        let split = SplitConfig {
            validation: 0.2,
            test: 0.3,
            group: by("who"),
            ..SplitConfig::default()
        };
        let splits = load(&format!("n,who,y\n{table}"), split, seed).expect("a split");
        let parts = parts(&splits);
        assert_eq!(splits.train.d_input(), 1, "the group is no input");
        let mut all = parts.concat();
        all.sort_unstable();
        assert_eq!(all, (0..300).collect::<Vec<_>>());
        let groups = parts
            .clone()
            .map(|part| part.into_iter().map(group).collect::<HashSet<_>>());
        assert!(
            groups[0].is_disjoint(&groups[1])
                && groups[0].is_disjoint(&groups[2])
                && groups[1].is_disjoint(&groups[2])
        );
        let off = parts[2].len().abs_diff(90);
        assert!(2 * off <= largest, "{off} of groups of {largest}");
    }
}

#[test]
fn a_group_that_has_the_only_rows_of_a_class_stays_in_training() {
    let class = |k: usize| {
        if k / 6 == 4 {
            "rare"
        } else if k.is_multiple_of(2) {
            "a"
        } else {
            "b"
        }
    };
    let table: String = (0..60)
        .map(|k| format!("{k},{},{}\n", k / 6, class(k)))
        .collect();
    for seed in 0..20 {
        let split = SplitConfig {
            test: 0.5,
            group: by("who"),
            ..SplitConfig::default()
        };
        let splits = load(&format!("n,who,y\n{table}"), split, seed).expect("a split");
        let train: HashSet<usize> = numbers(Some(&splits.train)).into_iter().collect();
        assert!((24..30).all(|k| train.contains(&k)), "seed {seed}");
    }
}

#[test]
fn the_latest_rows_are_the_test_rows_whatever_their_order_and_the_form_of_their_times() {
    let order: Vec<usize> = (0..40).map(|k| k * 13 % 40).collect();
    let forms: [fn(usize) -> String; 4] = [
        |k| format!("{}", k as f64 / 4.0 - 3.0),
        |k| format!("2024-{:02}-{:02}", 1 + k / 28, 1 + k % 28),
        |k| format!("2024/01/{:02} {:02}:30", 1 + k / 24, k % 24),
        |k| format!("{}-12-31T23:59:59.5+01:00", 1980 + k),
    ];
    for form in forms {
        let table: String = order
            .iter()
            .map(|k| format!("{k},{},{}\n", form(*k), k % 3))
            .collect();
        let split = SplitConfig {
            validation: 0.25,
            test: 0.2,
            time: by("when"),
            ..SplitConfig::default()
        };
        let splits = load(&format!("n,when,y\n{table}"), split, 1).expect("a split");
        let mut parts = parts(&splits);
        parts.iter_mut().for_each(|part| part.sort_unstable());
        let expected = [0..24, 24..32, 32..40].map(|rows| rows.collect::<Vec<_>>());
        assert_eq!(parts, expected, "{}", form(0));
    }
}

#[test]
fn rows_of_one_time_are_in_one_part() {
    let table: String = (0..40)
        .map(|k| format!("{k},{},{}\n", k / 8, k % 3))
        .collect();
    let split = SplitConfig {
        test: 0.3,
        time: by("when"),
        ..SplitConfig::default()
    };
    let splits = load(&format!("n,when,y\n{table}"), split, 1).expect("a split");
    // Two times are 16 rows, one is 8: 12 are asked for, and both are as near.
    assert_eq!(numbers(splits.test.as_ref()), (24..40).collect::<Vec<_>>());
}

#[test]
fn what_is_no_time_or_no_column_or_no_table_is_an_error_that_names_it() {
    let rows = |when: &str| {
        format!("n,when,y\n1,2024-01-01,0\n2,{when},1\n3,2024-01-03,0\n4,2024-01-04,1\n")
    };
    let split = |key: &str| SplitConfig {
        test: 0.5,
        time: by(key),
        ..SplitConfig::default()
    };
    let message =
        |table: &str, split: SplitConfig| load(table, split, 1).expect_err("an error").to_string();
    for wrong in [
        "soon",
        "31.01.2024",
        "01/31/2024",
        "",
        "2024-1-1",
        "2024-01-02 10:30 PM",
    ] {
        let found = message(&rows(wrong), split("when"));
        assert!(
            found.contains("line 3, column `when`: expected a time"),
            "{found}"
        );
    }
    let zones =
        "n,when,y\n1,2024-01-01T10:00Z,0\n2,2024-01-01T10:00+02:00,1\n3,2024-01-01T11:00Z,1\n";
    assert!(message(zones, split("when")).contains("expected times of one zone"));
    let found = message(&rows("2024-01-02"), split("then"));
    assert!(
        found.contains("`split.time` in `[data]` names a column `then`, which is not there"),
        "{found}"
    );
    let found = message(&rows("2024-01-02"), split("y"));
    assert!(
        found.contains("`split.time` in `[data]` names the target"),
        "{found}"
    );
    let text = |split: &str| {
        format!(
            "[data]\nsource = 'csv'\npath = 't.csv'\ntarget = 'y'\nsplit = {split}\n[network]\nhidden = 1\n[train]\nlearning_rate = 1\nepochs = 1\n"
        )
    };
    let parse = |text: String| {
        dropwise::Experiment::parse("e.toml", &text)
            .expect_err("an error")
            .to_string()
    };
    let found = parse(text("{ test = 0.2, group = 'n', time = 'when' }"));
    assert!(
        found.contains("data.split.group: expected either `group` or `time`, found both"),
        "{found}"
    );
    let found = parse(text("{ test = 0.2, group = 'n', stratify = true }"));
    assert!(found.contains("either `group` or `stratify`"), "{found}");
    let found = parse(text("{ test_rows = 'r.txt', time = 'when' }"));
    assert!(found.contains("either `time` or `test_rows`"), "{found}");
    let found = parse(
        text("{ test = 0.2, group = 'n' }")
            .replace("csv'\npath = 't.csv'\ntarget = 'y'", "digits'"),
    );
    assert!(found.contains("data.split.group"), "{found}");
}

#[test]
fn the_last_row_of_a_class_is_kept_for_training_by_every_seed_and_way_to_draw() {
    let class = |k: usize| match k {
        0 => "once",
        1 | 2 => "twice",
        _ if k.is_multiple_of(2) => "a",
        _ => "b",
    };
    let table: String = (0..40).map(|k| format!("{k},{}\n", class(k))).collect();
    for seed in 0..20 {
        for stratify in [None, Some(false)] {
            let split = SplitConfig {
                validation: 0.4,
                test: 0.5,
                stratify,
                ..SplitConfig::default()
            };
            let splits = load(&format!("n,y\n{table}"), split, seed).expect("a split");
            let train = numbers(Some(&splits.train));
            assert!(
                train.contains(&0) && (train.contains(&1) || train.contains(&2)),
                "{train:?}"
            );
            let mut all = parts(&splits).concat();
            all.sort_unstable();
            assert_eq!(all, (0..40).collect::<Vec<_>>());
        }
    }
}

#[test]
fn numbers_have_no_class_to_keep_and_a_split_that_leaves_no_training_row_is_an_error() {
    let table: String = (0..30).map(|k| format!("{k},{}.5\n", k * 7 % 30)).collect();
    let split = SplitConfig {
        test: 0.99,
        ..SplitConfig::default()
    };
    let error = load(&format!("n,y\n{table}"), split, 1)
        .expect_err("an error")
        .to_string();
    assert!(error.contains("none left of 30 rows"), "{error}");
}

/// The folds of a table: what each is measured on, and what is trained on.
fn folds(table: &str, split: SplitConfig, of: usize) -> Vec<(Vec<usize>, Vec<usize>)> {
    let fold = |number| {
        let split = SplitConfig {
            fold: Some(dropwise::config::Fold { number, of }),
            ..split.clone()
        };
        let splits = load(table, split, 3).expect("a fold");
        let [train, validation, _] = parts(&splits);
        (validation, train)
    };
    (0..of).map(fold).collect()
}

#[test]
fn folds_share_no_row_hold_all_but_the_test_rows_and_have_each_class_in_proportion() {
    let class = |k: usize| ["a", "a", "a", "b", "c"][k % 5];
    let rows: String = (0..103).map(|k| format!("{k},{}\n", class(k))).collect();
    let split = SplitConfig {
        test: 0.2,
        ..SplitConfig::default()
    };
    let test = numbers(
        load(&format!("n,y\n{rows}"), split.clone(), 3)
            .expect("a split")
            .test
            .as_ref(),
    );
    for of in [2, 3, 5, 10] {
        let folds = folds(&format!("n,y\n{rows}"), split.clone(), of);
        let mut all: Vec<usize> = folds.iter().flat_map(|(rows, _)| rows.clone()).collect();
        all.extend(&test);
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        let count = |rows: &[usize], name: &str| rows.iter().filter(|k| class(**k) == name).count();
        for (rows, train) in &folds {
            assert_eq!(rows.len() + train.len() + test.len(), 103);
            assert!(
                rows.iter()
                    .all(|row| !train.contains(row) && !test.contains(row))
            );
            for name in ["a", "b", "c"] {
                let quota = (count(rows, name) + count(train, name)) as f64 / of as f64;
                assert!(
                    (count(rows, name) as f64 - quota).abs() < 1.0,
                    "{name} {of}"
                );
            }
        }
        let sizes = folds.iter().map(|(rows, _)| rows.len());
        assert!(sizes.clone().max().expect("folds") - sizes.min().expect("folds") <= 1);
    }
}

#[test]
fn no_group_is_in_two_folds_and_no_fold_is_trained_on_what_comes_later() {
    let group = |k: usize| k * k % 31;
    let rows: String = (0..200)
        .map(|k| format!("{k},g{},{}\n", group(k), k % 3))
        .collect();
    let split = SplitConfig {
        group: by("who"),
        ..SplitConfig::default()
    };
    let dealt = folds(&format!("n,who,y\n{rows}"), split, 4);
    let groups = |rows: &[usize]| rows.iter().map(|k| group(*k)).collect::<HashSet<_>>();
    let mut all = HashSet::new();
    for (rows, train) in &dealt {
        assert!(groups(rows).is_disjoint(&groups(train)));
        assert!((30..=70).contains(&rows.len()), "{}", rows.len());
        all.extend(rows.clone());
    }
    assert_eq!(all.len(), 200);

    let split = SplitConfig {
        time: by("when"),
        ..SplitConfig::default()
    };
    let rows: String = (0..60)
        .map(|k| k * 7 % 60)
        .map(|k| format!("{k},{},{}\n", k / 2, k % 3))
        .collect();
    let dealt = folds(&format!("n,when,y\n{rows}"), split, 4);
    for (fold, (rows, train)) in dealt.iter().enumerate() {
        let (first, last) = (12 * (fold + 1), 12 * (fold + 2));
        let sorted = |rows: &[usize]| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            rows
        };
        assert_eq!(sorted(rows), (first..last).collect::<Vec<_>>());
        assert_eq!(sorted(train), (0..first).collect::<Vec<_>>());
    }
}

#[test]
fn more_folds_than_rows_or_groups_are_an_error() {
    let rows: String = (0..12)
        .map(|k| format!("{k},g{},{}.5\n", k / 6, k % 5))
        .collect();
    for (split, of, what) in [
        (SplitConfig::default(), 13, "rows"),
        (
            SplitConfig {
                group: by("who"),
                ..SplitConfig::default()
            },
            3,
            "groups",
        ),
    ] {
        let last = SplitConfig {
            fold: Some(dropwise::config::Fold { number: of - 1, of }),
            ..split
        };
        let error = load(&format!("n,who,y\n{rows}"), last, 1)
            .expect_err("an error")
            .to_string();
        let expected =
            format!("study.cross_validation: expected so few folds that each has {what}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

#[test]
fn rows_without_a_group_are_not_one_group() {
    let rows: String = (0..40)
        .map(|k: usize| {
            format!(
                "{k},{},{}\n",
                if k.is_multiple_of(4) { "" } else { "g" },
                k % 3
            )
        })
        .collect();
    let rows = rows.replace(",g,", ",h,").replacen(",h,", ",g,", 15);
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("table.csv");
    std::fs::write(&path, format!("n,who,y\n{rows}")).expect("a file");
    let with = |missing: &str| {
        let text = format!(
            "[data]\nsource = 'csv'\npath = '{}'\ntarget = 'y'\nmissing = '{missing}'\nsplit = {{ test = 0.5, group = 'who' }}\n\
             [network]\nhidden = 1\n[train]\nlearning_rate = 1\nepochs = 1\n",
            path.display()
        );
        let experiment = dropwise::Experiment::parse("e.toml", &text).expect("an experiment");
        data::load(&experiment.data, 1)
    };
    let error = with("error").expect_err("an error").to_string();
    assert!(
        error.contains("line 2, column `who`: the group of `split.group` is missing"),
        "{error}"
    );
    let splits = with("drop").expect("a split");
    let rows = splits.train.len() + splits.test.map_or(0, |test| test.len());
    assert_eq!(rows, 30);
}
