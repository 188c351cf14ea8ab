//! Data that memory holds, and data that it does not: what comes of them is the same.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use dropwise::Backend;
use dropwise::config::{
    CheckedExperiment, CsvConfig, DataConfig, DataSource, Experiment, IdxConfig, Missing,
    MissingTarget, NewCategory, Shuffle, SplitConfig, TableConfig, TaskKind,
};
use dropwise::data::{self, Dataset, Load, Splits};
use dropwise::train::Trainer;

use crate::common::idx::{images, labels};
use crate::csv::{Folder, name};

const ROWS: usize = 9_000;

/// Numbers of so many digits that they take more room packed than prepared.
fn table(folder: &Folder) -> DataConfig {
    let row = |k: usize| {
        let kind = ["red", "blue", "green, dark", ""][k % 4];
        let (x, z) = ((k as f64).sin(), (k as f64).cos());
        let (day, class) = (1 + k % 28, k % 3);
        format!(
            "{x},{z},\"{kind}\",2024-01-{day:02} 0{}:30,{class}\n",
            k % 9
        )
    };
    let rows: String = (0..ROWS).map(row).collect();
    let path = folder.write("table.csv", format!("x,z,kind,when,y\n{rows}"));
    let mut table = TableConfig::new(name("y"));
    table.dates = vec![name("when")];
    table.missing = Missing::Mean;
    DataConfig {
        split: Some(SplitConfig {
            validation: 0.1,
            test: 0.2,
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Csv {
            file: CsvConfig::new(path),
            table,
        })
    }
}

/// Images of 3 x 2, some of them test images of their own, and of two classes.
fn pictures(folder: &Folder) -> DataConfig {
    let pixels = |k: usize| [k, k / 256, 3 * k, 5 * k, 7 * k, k / 3].map(|pixel| pixel as u8);
    let of = |name: &str, rows: std::ops::Range<usize>| -> [Option<PathBuf>; 2] {
        let classes: Vec<u8> = rows.clone().map(|k| (k % 2) as u8).collect();
        let rows: Vec<[u8; 6]> = rows.map(pixels).collect();
        [
            Some(folder.write(&format!("{name}-images"), images(&rows, 2))),
            Some(folder.write(&format!("{name}-labels"), labels(&classes))),
        ]
    };
    let [train_images, train_labels] = of("train", 0..ROWS);
    let [test_images, test_labels] = of("test", ROWS - 10..ROWS + 100);
    DataConfig {
        split: Some(SplitConfig {
            validation: 0.1,
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Idx(IdxConfig {
            train_images,
            train_labels,
            test_images,
            test_labels,
            ..IdxConfig::default()
        }))
    }
}

/// The file of a table.
fn file(config: &DataConfig) -> &Path {
    match &config.source {
        DataSource::Csv { file, .. } => &file.path,
        _ => panic!("a table"),
    }
}

fn parts(splits: &Splits) -> [&Dataset; 3] {
    let validation = splits.validation.as_ref().expect("validation rows");
    [
        &splits.train,
        validation,
        splits.test.as_ref().expect("test rows"),
    ]
}

/// Inputs as a network takes them.
fn inputs(rows: &Dataset) -> Vec<f32> {
    let device = Backend::default().device().expect("a device");
    let numbers = rows.inputs(&device).into_data().try_to_vec();
    numbers.expect("numbers")
}

#[track_caller]
fn assert_same(found: &Splits, expected: &Splits) {
    assert_eq!(
        (&found.preprocessing, &found.hash),
        (&expected.preprocessing, &expected.hash)
    );
    for (found, expected) in parts(found).into_iter().zip(parts(expected)) {
        assert!(inputs(found) == inputs(expected));
        let drawn: Vec<usize> = (0..100).map(|k| k * 7_919 % found.len()).collect();
        assert!(inputs(&found.select(&drawn)) == inputs(&expected.select(&drawn)));
        for row in 0..found.len() {
            assert_eq!(found.target_row(row), expected.target_row(row));
            assert_eq!(
                (found.line(row), found.file(row)),
                (expected.line(row), expected.file(row))
            );
        }
    }
}

#[test]
fn a_table_is_the_same_however_much_of_it_memory_holds() {
    let folder = Folder::new();
    let config = table(&folder);
    let path = file(&config);
    let expected = data::load(&config, 42).expect("rows");
    assert!(!expected.train.is_on_disk());
    let bytes = path.metadata().expect("a file").len() as usize;
    let temporary = || tempfile::tempfile();
    let made = |cells: usize, to_file: bool, wide: usize| Load {
        cells,
        wide,
        file: to_file.then_some(&temporary),
        ..Load::default()
    };
    // Numbers of 64 bits, and of 32 from the first reading on.
    let narrow = data::load_as(&config, 42, &made(bytes, false, 0)).expect("rows");
    for (wide, expected) in [(usize::MAX, &expected), (0, &narrow)] {
        // All of it between readings; what it is packed in; nothing. In a file, if memory is not to hold what is prepared.
        for (cells, to_file) in [
            (bytes, false),
            (bytes - 1, false),
            (0, false),
            (bytes, true),
            (0, true),
        ] {
            let found = data::load_as(&config, 42, &made(cells, to_file, wide)).expect("rows");
            assert_eq!(found.train.is_on_disk(), to_file && cells == 0);
            assert_same(&found, expected);
            assert_eq!(found.notes, expected.notes);
        }
    }
    assert_close(&narrow, &expected);
}

/// Inputs that are the same but for what 32 bits do not hold.
#[track_caller]
fn assert_close(found: &Splits, expected: &Splits) {
    assert_eq!(found.notes, expected.notes);
    for (found, expected) in parts(found).into_iter().zip(parts(expected)) {
        for (found, expected) in inputs(found).into_iter().zip(inputs(expected)) {
            let close = 2e-7 * expected.abs().max(1.0);
            assert!((found - expected).abs() <= close, "{found} {expected}");
        }
    }
}

/// A table that says `text` of each row, with a target that is missing in the rows before `first`, which are left out.
fn of_texts(
    folder: &Folder,
    (first, rows): (usize, usize),
    text: impl Fn(usize) -> String,
) -> DataConfig {
    let target = |k: usize| {
        if k < first {
            String::new()
        } else {
            (k % 3).to_string()
        }
    };
    let rows = (0..rows).map(|k| format!("{},{}.5,{}\n", text(k), k % 100, target(k)));
    let path = folder.write("table.csv", format!("x,z,y\n{}", rows.collect::<String>()));
    let mut table = TableConfig::new(name("y"));
    table.missing_target = Some(MissingTarget::Drop);
    DataConfig {
        split: Some(SplitConfig {
            validation: 0.1,
            test: 0.2,
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Csv {
            file: CsvConfig::new(path),
            table,
        })
    }
}

/// A table of this text, with a target `y`.
fn of_text(folder: &Folder, text: String) -> (CsvConfig, TableConfig) {
    let path = folder.write("table.csv", text);
    (CsvConfig::new(path), TableConfig::new(name("y")))
}

fn with_parts((file, table): (CsvConfig, TableConfig)) -> DataConfig {
    DataConfig {
        split: Some(SplitConfig {
            validation: 0.1,
            test: 0.2,
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Csv { file, table })
    }
}

/// A table that is read as a large one is, of which so many bytes stay in memory whatever they become.
fn as_a_large_one(config: &DataConfig, cells: usize) -> Splits {
    let how = Load {
        cells,
        wide: 0,
        ..Load::default()
    };
    data::load_as(config, 42, &how).expect("rows")
}

#[test]
fn a_large_table_that_takes_many_pieces_of_memory_is_the_same() {
    use std::fmt::Write;

    const COLUMNS: usize = 40;
    let folder = Folder::new();
    let mut text: String = (0..COLUMNS).map(|k| format!("x{k},")).collect();
    text += "word,y\n";
    for row in 0..70_000 {
        for k in 0..COLUMNS {
            // Now and then a value is missing.
            match (row * 31 + k * 17) % 1_009 {
                0 => text += ",",
                number => write!(text, "{},", number * (k + 1)).expect("text"),
            }
        }
        writeln!(text, "w{},{}", row % 11, row % 3).expect("text");
    }
    let (file, mut table) = of_text(&folder, text);
    table.missing = Missing::Mean;
    let config = with_parts((file, table));
    let wide = Load {
        wide: usize::MAX,
        ..Load::default()
    };
    let expected = data::load_as(&config, 42, &wide).expect("rows");
    let found = as_a_large_one(&config, 0);
    assert_close(&found, &expected);
    let temporary = || tempfile::tempfile();
    let in_file = Load {
        wide: 0,
        cells: 0,
        file: Some(&temporary),
        ..Load::default()
    };
    let on_disk = data::load_as(&config, 42, &in_file).expect("rows");
    assert!(on_disk.train.is_on_disk());
    assert_close(&on_disk, &expected);
}

#[test]
fn categories_are_the_same_in_one_byte_and_in_two() {
    let folder = Folder::new();
    for categories in [2, 253, 254, 255, 256, 700] {
        let row = |k: usize| match k {
            // Words that no training row has, for most of them, and missing ones.
            k if k % 10 == 0 => format!("new{k},{}\n", k % 3),
            k if k % 10 == 1 => format!(",{}\n", k % 3),
            k => format!("c{},{}\n", (k / 10) % categories, k % 3),
        };
        let rows: String = (0..ROWS).map(row).collect();
        let (file, mut table) = of_text(&folder, format!("x,y\n{rows}"));
        table.missing = Missing::Mean;
        table.missing_indicator = true;
        table.new_category = NewCategory::Ignore;
        let is_new = |k: &usize| k.is_multiple_of(10);
        let list = |rows: Vec<usize>| {
            let rows: Vec<String> = rows.iter().map(usize::to_string).collect();
            rows.join("\n")
        };
        let (new, old): (Vec<usize>, Vec<usize>) = (0..ROWS).partition(is_new);
        let (new, new_too) = new.split_at(100);
        let config = DataConfig {
            split: Some(SplitConfig {
                train_rows: Some(folder.write("train.txt", list(old))),
                validation_rows: Some(folder.write("validation.txt", list(new.to_vec()))),
                test_rows: Some(folder.write("test.txt", list(new_too.to_vec()))),
                ..SplitConfig::default()
            }),
            ..DataConfig::new(DataSource::Csv { file, table })
        };
        let expected = data::load(&config, 42).expect("rows");
        assert_eq!(expected.train.d_input(), categories + 1);
        assert_same(&as_a_large_one(&config, 0), &expected);
    }
}

#[test]
fn rows_that_are_handed_on_some_at_a_time_are_those_of_the_whole_table() {
    for task in [TaskKind::Regression, TaskKind::Classification] {
        assert_handed_on(task);
    }
}

fn assert_handed_on(task: TaskKind) {
    let folder = Folder::new();
    let mut config = table(&folder);
    let DataSource::Csv { table, .. } = &mut config.source else {
        panic!("a table");
    };
    table.task = Some(task);
    table.missing_target = Some(MissingTarget::Drop);
    let run = data::load(&config, 42).expect("rows");
    let prepared = (&run.preprocessing, run.train.task());
    let row = |k: usize| {
        let x = if k.is_multiple_of(7) {
            String::new()
        } else {
            (k as f64).sin().to_string()
        };
        let kind = ["red", "blue", "green, dark"][k % 3];
        let y = if k.is_multiple_of(11) {
            String::new()
        } else {
            (k % 3).to_string()
        };
        format!("{y},{x},\"{kind}\",2024-01-0{},{k}\n", 1 + k % 9)
    };
    let text: String = (0..30_000).map(row).collect();
    let other = folder.write("other.csv", format!("y,x,kind,when,z\n{text}"));
    let how = Load::default();
    let (whole, notes) = data::load_more(&config, &other, prepared, &how).expect("rows");
    assert_eq!(notes.len(), 2, "{notes:?}");
    for most in [1_000, 27_000, usize::MAX] {
        let (mut found, mut targets, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let each = |rows: &Dataset| {
            found.extend(inputs(rows));
            targets.extend((0..rows.len()).map(|row| rows.target_row(row)));
            sizes.push(rows.len());
            Ok(())
        };
        let said = data::each_more(&config, &other, prepared, (&how, most), each);
        assert_eq!(said.expect("rows"), notes);
        assert!(found == inputs(&whole));
        assert!(
            targets
                .into_iter()
                .eq((0..whole.len()).map(|row| whole.target_row(row)))
        );
        let (last, others) = sizes.split_last().expect("rows");
        assert!(*last > 0 && *last <= most && others.iter().all(|rows| *rows == most));
    }
    // The same is refused, in the same words.
    let head = "y,x,kind,when,z";
    for bad in [
        format!("{head}\n"),
        format!("{head}\n,1,red,2024-01-01,2\n"),
        format!("{head}\n{text}0,1,violet,2024-01-01,2\n"),
        format!("{head}\n{text}7x,1,red,2024-01-01,2\n"),
        format!("{head}\n{text}0,one,red,2024-01-01,2\n"),
        format!("{head}\n{text}0,1\n"),
        "y,x,when,z\n0,1,2024-01-01,2\n".to_owned(),
    ] {
        let other = folder.write("other.csv", bad);
        let whole = data::load_more(&config, &other, prepared, &how).expect_err("a bad table");
        let some = data::each_more(&config, &other, prepared, (&how, 1_000), |_| Ok(()));
        let some = some.expect_err("a bad table");
        assert_eq!(some.to_string(), whole.to_string());
    }
}

#[test]
fn a_large_table_whose_first_rows_are_unlike_the_others_loses_no_digits() {
    let folder = Folder::new();
    let number = |k: usize| ((k % 1_000) as f64 / 7.0).sin();
    let text = |k: usize| match k < 300 {
        true => format!("{}", 1e15 + number(k)),
        false => format!("{}", number(k)),
    };
    let config = of_texts(&folder, (300, ROWS), text);
    let expected = data::load(&config, 42).expect("rows");
    for cells in [0, 1 << 26] {
        assert_close(&as_a_large_one(&config, cells), &expected);
    }
}

#[test]
fn a_large_table_may_end_with_many_lines_without_a_row() {
    let folder = Folder::new();
    let config = of_texts(&folder, (0, ROWS), |k| (k as f64).sin().to_string());
    let expected = data::load(&config, 42).expect("rows");
    let text = std::fs::read_to_string(file(&config)).expect("a table");
    let text = text + &"\n".repeat(1 << 21);
    std::fs::write(file(&config), text).expect("a table");
    assert_close(&as_a_large_one(&config, 0), &expected);
}

#[test]
fn a_table_that_seemed_to_be_a_large_one_by_its_size_keeps_all_digits() {
    let folder = Folder::new();
    let text = |k: usize| match k < 40_000 {
        true => format!("{}", k % 7),
        false => format!("{:.900}", (k as f64).sin()),
    };
    let config = of_texts(&folder, (0, 42_000), text);
    let expected = data::load(&config, 42).expect("rows");
    let readings = Cell::new(0);
    let watch = |reading: data::Reading| {
        readings.set(reading.rows / 42_000);
        true
    };
    let how = Load {
        watch: &watch,
        wide: 100_000,
        ..Load::default()
    };
    let found = data::load_as(&config, 42, &how).expect("rows");
    assert_eq!(readings.get(), 3);
    for (found, expected) in parts(&found).into_iter().zip(parts(&expected)) {
        assert!(inputs(found) == inputs(expected));
    }
}

#[test]
fn a_large_table_has_the_categories_of_a_column_that_began_with_numbers() {
    let folder = Folder::new();
    let text = |k: usize| match k < 7_000 {
        true => format!("0.1234567890123456{}", k % 3),
        false => "high".to_owned(),
    };
    let config = of_texts(&folder, (0, ROWS), text);
    let expected = data::load(&config, 42).expect("rows");
    let found = as_a_large_one(&config, 0);
    assert_eq!(found.train.d_input(), 5);
    assert_close(&found, &expected);
}

#[test]
fn a_table_that_memory_does_not_hold_is_read_again() {
    let folder = Folder::new();
    let config = table(&folder);
    let path = file(&config);
    let text = std::fs::read(path).expect("a table");
    for (cells, holds) in [(1 << 26, true), (0, false)] {
        std::fs::write(path, &text).expect("a table");
        let is_read = Cell::new(0);
        // The file is gone once it was read from end to end.
        let watch = |reading: data::Reading| {
            if reading.rows >= ROWS && is_read.replace(reading.rows) < ROWS {
                std::fs::remove_file(path).expect("a file");
            }
            true
        };
        let how = Load {
            watch: &watch,
            cells,
            ..Load::default()
        };
        let found = data::load_as(&config, 42, &how);
        assert_eq!(found.is_ok(), holds, "{:?}", found.err());
    }
}

#[test]
fn images_that_stay_in_their_file_are_those_in_memory() {
    let folder = Folder::new();
    let config = pictures(&folder);
    let expected = data::load(&config, 42).expect("images");
    let how = Load {
        images: 10_000,
        ..Load::default()
    };
    let found = data::load_as(&config, 42, &how).expect("images");
    let on_disk = parts(&found).map(Dataset::is_on_disk);
    // There are few test images.
    assert_eq!(on_disk, [true, true, false]);
    assert_same(&found, &expected);
    let (twins, stay) = found.notes.split_at(expected.notes.len());
    assert!(
        twins == expected.notes && twins[0].contains(" of 110 test rows"),
        "{twins:?}"
    );
    let [stay] = stay else {
        panic!("one sentence: {stay:?}");
    };
    assert!(
        stay.starts_with("9000 images stay in ") && stay.contains("train-images, and each step"),
        "{stay}"
    );
}

#[test]
fn a_file_of_images_that_does_not_end_where_its_header_says_is_an_error_wherever_it_stays() {
    let folder = Folder::new();
    let config = pictures(&folder);
    let DataSource::Idx(files) = &config.source else {
        panic!("images");
    };
    let path = files.train_images.as_ref().expect("a file");
    let bytes = std::fs::read(path).expect("a file");
    let message = |images: u64, bytes: &[u8]| {
        std::fs::write(path, bytes).expect("a file");
        let how = Load {
            images,
            ..Load::default()
        };
        let error = data::load_as(&config, 42, &how).expect_err("a bad file");
        error.to_string()
    };
    let mut wide = bytes.clone();
    wide[11] += 1;
    for bad in [
        &bytes[..bytes.len() - 1],
        &wide,
        &[&bytes[..], &[0]].concat(),
    ] {
        let found = message(0, bad);
        assert_eq!(found, message(u64::MAX, bad));
        assert!(found.contains("values make a file of"), "{found}");
    }
    // Labels in place of images.
    let found = message(0, &labels(&[0; 100]));
    assert!(
        found.contains("expected images, of 2 or 3 dimensions, found 1"),
        "{found}"
    );
}

/// A short training, of an ensemble too, of rows in this order.
fn experiment(ensemble: usize, shuffle: Shuffle) -> CheckedExperiment {
    let text = "network.hidden = [6]\ndropout.hidden = 0.5\ndropout.input = 0.2\n\
                [train]\nlearning_rate = 0.05\nbatch_size = 100\nsteps = 90\n[data]\nsource = 'custom'\n";
    let experiment = Experiment::parse("held", text).expect("an experiment");
    let mut experiment = experiment.into_inner();
    experiment.train.ensemble = ensemble;
    experiment.train.shuffle = shuffle;
    experiment.check().expect("an experiment")
}

#[test]
fn networks_and_ensembles_of_rows_on_disk_are_those_of_rows_in_memory() {
    let folder = Folder::new();
    let device = Backend::default().device().expect("a device");
    let temporary = || tempfile::tempfile();
    let (memory, disk) = (
        Load {
            wide: 0,
            ..Load::default()
        },
        Load {
            wide: 0,
            cells: 0,
            images: 0,
            file: Some(&temporary),
            ..Load::default()
        },
    );
    for config in [table(&folder), pictures(&folder)] {
        let in_memory = data::load_as(&config, 42, &memory).expect("rows");
        let on_disk = data::load_as(&config, 42, &disk).expect("rows");
        assert!(on_disk.train.is_on_disk());
        for (ensemble, shuffle) in [
            (1, Shuffle::Rows),
            (1, Shuffle::Blocks),
            (3, Shuffle::Blocks),
        ] {
            let experiment = experiment(ensemble, shuffle);
            let weights = |splits: &Splits| {
                let rows = (&splits.train, splits.validation.as_ref());
                let trainer = Trainer::new(&experiment, rows.0, rows.1, &device);
                let mut trainer = trainer.expect("a trainer");
                trainer.run(&mut ()).expect("a training");
                let members = trainer.members().iter();
                let weights: Vec<_> = members
                    .map(|member| member.weights().expect("weights"))
                    .collect();
                weights
            };
            assert!(
                weights(&on_disk) == weights(&in_memory),
                "{ensemble}, {shuffle:?}"
            );
        }
    }
}
