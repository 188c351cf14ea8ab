//! The source of the kind `idx`: images, labels and folders that do or do not fit together.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::idx::{file, images, labels, pack};
use dropwise::config::{DataConfig, DataSource, IdxConfig, SplitConfig};
use dropwise::data::{self, Preprocessing, Splits};
use tempfile::TempDir;

/// Three images of 2 x 2 and their labels for training, two for testing.
fn small_set(folder: &Path) -> IdxConfig {
    let written = |name: &str, bytes: &[u8]| -> Option<PathBuf> {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("a file");
        Some(path)
    };
    let train: Vec<u8> = vec![0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8];
    IdxConfig {
        train_images: written("train", &file(&[3, 2, 2], &train)),
        train_labels: written("train-labels", &pack(&labels(&[2, 0, 2]))),
        test_images: written("test", &images(&[&[9, 9, 9, 9], &[8, 8, 8, 8]], 2)),
        test_labels: written("test-labels", &labels(&[0, 1])),
        ..IdxConfig::default()
    }
}

/// A configuration that tests change.
struct Idx {
    files: IdxConfig,
    split: Option<SplitConfig>,
}

/// Loads the small set after a change of its files or its configuration.
fn changed(change: impl FnOnce(&Path, &mut Idx)) -> dropwise::Result<Splits> {
    let folder = TempDir::new().expect("a folder");
    let mut config = Idx {
        files: small_set(folder.path()),
        split: None,
    };
    change(folder.path(), &mut config);
    let Idx { files, split } = config;
    let source = DataSource::Idx(files);
    data::load(
        &DataConfig {
            split,
            ..DataConfig::new(source)
        },
        1,
    )
}

#[track_caller]
fn bad(change: impl FnOnce(&Path, &mut Idx), expected: &str) {
    let error = changed(change).expect_err("a bad data set").to_string();
    assert!(error.contains(expected), "{error}");
}

/// Replaces one of the files.
fn with(name: &'static str, bytes: Vec<u8>) -> impl FnOnce(&Path, &mut Idx) {
    move |folder, _| fs::write(folder.join(name), bytes).expect("a file")
}

#[test]
fn inputs_are_pixels_by_255_and_targets_the_classes() {
    let splits = changed(|_, _| {}).expect("a data set");
    assert_eq!(splits.train.input_row(0), [0.0, 0.2, 0.4, 1.0]);
    assert_eq!(splits.train.target_row(0), [0.0, 0.0, 1.0]);
    assert_eq!(splits.train.target_row(1), [1.0, 0.0, 0.0]);
    assert_eq!(splits.train.task().classes(), ["0", "1", "2"]);
    let test = splits.test.expect("test rows");
    assert_eq!((splits.train.len(), test.len()), (3, 2));
    assert_eq!(test.target_row(1), [0.0, 1.0, 0.0]);
    assert!(splits.validation.is_none());
    let expected = Preprocessing::Images {
        height: 2,
        width: 2,
        largest: 255,
    };
    assert_eq!(splits.preprocessing, expected);
}

#[test]
fn rows_of_features_are_images_of_one_line() {
    let flat = |folder: &Path, config: &mut Idx| {
        fs::write(folder.join("train"), file(&[3, 5], &[255; 15])).expect("a file");
        (config.files.test_images, config.files.test_labels) = (None, None);
    };
    let splits = changed(flat).expect("a data set");
    assert_eq!(splits.train.input_row(2), [1.0; 5]);
    let expected = Preprocessing::Images {
        height: 1,
        width: 5,
        largest: 255,
    };
    assert_eq!(splits.preprocessing, expected);
    assert!(splits.test.is_none());
}

#[test]
fn the_hash_is_that_of_the_files_one_after_another() {
    use sha2::{Digest, Sha256};

    let folder = TempDir::new().expect("a folder");
    let config = small_set(folder.path());
    let names = ["train", "train-labels", "test", "test-labels"];
    let files = names.map(|name| fs::read(folder.path().join(name)).expect("a file"));
    let digest = Sha256::digest(files.concat());
    let expected: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        data::load(&DataConfig::new(DataSource::Idx(config)), 1)
            .expect("a data set")
            .hash,
        expected
    );
}

#[test]
fn classes_can_have_names() {
    let names = ["shirt", "shoe", "bag", "coat"].map(str::to_owned).to_vec();
    let named =
        changed(|_, config| config.files.classes = Some(names.clone())).expect("a data set");
    assert_eq!(named.train.task().classes(), names);
    assert_eq!(named.train.target_row(0), [0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn a_label_out_of_range_is_an_error_that_names_file_and_row() {
    let two =
        |_: &Path, config: &mut Idx| config.files.classes = Some(vec!["a".into(), "b".into()]);
    bad(
        two,
        "train-labels: row 0, counted from 0: expected a label from 0 to 1, found 2; there are 2 classes",
    );
    bad(
        with("test-labels", labels(&[0, 3])),
        "test-labels: row 1, counted from 0: expected a label from 0 to 2, found 3",
    );
    let one = |_: &Path, config: &mut Idx| config.files.classes = Some(vec!["a".into()]);
    bad(
        one,
        "data.classes: expected 2 to 256 names, as labels are bytes, found 1",
    );
}

#[test]
fn labels_of_one_class_are_an_error() {
    bad(
        with("train-labels", labels(&[4, 4, 4])),
        "train-labels: expected labels of at least two classes, found 3 times the label 4",
    );
}

#[test]
fn images_and_labels_that_do_not_match_are_an_error_that_counts_both() {
    let found = changed(with("train-labels", labels(&[0, 1])))
        .expect_err("two labels")
        .to_string();
    assert!(
        found.contains("train-labels: header: expected 3 labels, one for each image of "),
        "{found}"
    );
    assert!(found.contains("train, found 2; "), "{found}");
    bad(
        with("test-labels", labels(&[0, 1, 1])),
        "test-labels: header: expected 2 labels",
    );
}

#[test]
fn images_and_labels_that_are_swapped_are_an_error() {
    bad(
        |_, config| {
            std::mem::swap(
                &mut config.files.train_images,
                &mut config.files.train_labels,
            )
        },
        "expected images, of 2 or 3 dimensions, found 1; this looks like a file of labels",
    );
    bad(
        |_, config| config.files.train_labels = config.files.train_images.clone(),
        "expected labels, of 1 dimension, found 3; this looks like a file of images",
    );
}

#[test]
fn test_images_of_another_shape_are_an_error_that_names_both() {
    let found = changed(with("test", images(&[&[1; 6], &[2; 6]], 3)))
        .expect_err("3 x 2")
        .to_string();
    assert!(
        found.contains("test: header: expected images of 2 x 2 as in "),
        "{found}"
    );
    assert!(found.contains("train, found 2 x 3"), "{found}");
}

#[test]
fn a_malformed_file_is_named_with_its_folder() {
    bad(
        with("train", vec![0; 3]),
        &format!("{}train: header: ", std::path::MAIN_SEPARATOR),
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_that_says_how_to_fetch_it() {
    bad(
        |folder, _| fs::remove_file(folder.join("test")).expect("a file"),
        "test: there is no such file; check the path, or get the files by `dropwise fetch mnist --dir DIR`",
    );
}

#[test]
fn a_folder_in_place_of_a_file_cannot_be_read() {
    bad(
        |folder, config| config.files.train_images = Some(folder.to_owned()),
        ": cannot be read: ",
    );
}

#[test]
fn a_source_with_test_files_refuses_to_choose_test_rows() {
    let split = |split: SplitConfig| move |_: &Path, config: &mut Idx| config.split = Some(split);
    bad(
        split(SplitConfig {
            test: 0.25,
            ..SplitConfig::default()
        }),
        "data.split.test: expected no such key, as ",
    );
    let rows = Some(PathBuf::from("rows.txt"));
    bad(
        split(SplitConfig {
            test_rows: rows,
            ..SplitConfig::default()
        }),
        "data.split.test_rows: expected no such key, as ",
    );
}

#[test]
fn with_test_files_the_rows_that_are_not_listed_for_training_are_left_out() {
    let listed = changed(|folder, config| {
        let path = folder.join("rows");
        fs::write(&path, "0 1").expect("a file");
        let train_rows = Some(path);
        config.split = Some(SplitConfig {
            train_rows,
            ..SplitConfig::default()
        });
    });
    let splits = listed.expect("a data set");
    assert_eq!((splits.train.len(), splits.validation.is_none()), (2, true));
    assert_eq!(
        splits.test.expect("test rows").input_row(0),
        [9.0 / 255.0; 4]
    );
}

#[test]
fn with_test_files_so_many_training_rows_are_kept() {
    let all = changed(|_, _| {}).expect("a data set");
    let keep = |rows| {
        changed(move |_, config| {
            config.split = Some(SplitConfig {
                train: Some(rows),
                ..SplitConfig::default()
            });
        })
    };
    let rows = all.train.len();
    let splits = keep(rows - 1).expect("a data set");
    assert_eq!(splits.train.len(), rows - 1);
    assert_eq!(
        splits.test.map(|test| test.len()),
        all.test.map(|test| test.len())
    );
    let error = keep(rows + 1).expect_err("too many").to_string();
    let expected =
        format!("data.split.train: expected at most {rows}, the number of rows left to train on");
    assert!(error.starts_with(&expected), "{error}");
}

// The folder.

fn published(folder: &Path, names: [&str; 4]) {
    let files = [
        images(&[&[1; 4], &[2; 4]], 2),
        labels(&[0, 1]),
        images(&[&[3; 4]], 2),
        labels(&[1]),
    ];
    for (name, bytes) in names.iter().zip(files) {
        let bytes = if name.ends_with(".gz") {
            pack(&bytes)
        } else {
            bytes
        };
        fs::write(folder.join(name), bytes).expect("a file");
    }
}

fn load_folder(folder: &Path) -> dropwise::Result<Splits> {
    let dir = Some(folder.to_owned());
    let files = IdxConfig {
        dir,
        ..IdxConfig::default()
    };
    data::load(&DataConfig::new(DataSource::Idx(files)), 1)
}

#[test]
fn a_folder_has_the_published_names_packed_or_not_hyphen_or_dot() {
    for names in [
        [
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        ],
        [
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte",
            "t10k-images.idx3-ubyte",
            "t10k-labels.idx1-ubyte.gz",
        ],
    ] {
        let folder = TempDir::new().expect("a folder");
        published(folder.path(), names);
        let splits = load_folder(folder.path()).expect("a data set");
        assert_eq!(splits.train.input_row(1), [2.0 / 255.0; 4]);
        assert_eq!(splits.test.expect("test rows").len(), 1);

        fs::remove_file(folder.path().join(names[3])).expect("a file");
        let error = load_folder(folder.path())
            .expect_err("a missing file")
            .to_string();
        let expected = "there is no file `t10k-labels-idx1-ubyte` or `t10k-labels-idx1-ubyte.gz` in this folder";
        assert!(error.contains(expected), "{error}");
        let fix = format!("`dropwise fetch mnist --dir {}`", folder.path().display());
        assert!(error.contains(&fix), "{error}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_says_how_to_fetch_it() {
    let error = load_folder(Path::new("no/such"))
        .expect_err("no folder")
        .to_string();
    let expected = "no/such: there is no such folder; `dropwise fetch mnist --dir no/such` (or `fashion-mnist`) gets the files";
    assert_eq!(error, expected);
}
