//! Tables in several files, packed and not, and larger than what is read at a time.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use dropwise::config::{CsvConfig, DataConfig, DataSource, Missing, SplitConfig, TableConfig};
use dropwise::data::{self, Load, Preprocessing, Reading};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::csv::{Csv, Folder, error, inputs, load, name, targets};

const HEADER: &str = "x,kind,when,y\n";

fn row(k: usize) -> String {
    let kind = ["red", "blue", "green, dark"][k % 3];
    let x = (k as f64).sin() * 1e5;
    format!("{x},\"{kind}\",2024-01-{:02},{}\n", 1 + k % 28, k % 7)
}

fn rows(numbers: std::ops::Range<usize>) -> String {
    numbers.map(row).collect()
}

fn gzipped(text: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).expect("bytes");
    packed.finish().expect("bytes")
}

fn zstd(text: &str) -> Vec<u8> {
    compress_to_vec(text.as_bytes(), CompressionLevel::Fastest)
}

fn of(path: PathBuf) -> Csv {
    let mut table = TableConfig::new(name("y"));
    table.dates = vec![name("when")];
    Csv {
        file: CsvConfig::new(path),
        table,
        split: Some(SplitConfig {
            validation: 0.1,
            test: 0.2,
            ..SplitConfig::default()
        }),
    }
}

/// Everything that a network is trained and measured on, to the bit.
fn all(config: &Csv) -> (Vec<u64>, Preprocessing) {
    let splits = load(config);
    let parts = [
        Some(&splits.train),
        splits.validation.as_ref(),
        splits.test.as_ref(),
    ];
    let numbers = parts
        .into_iter()
        .flatten()
        .flat_map(|rows| [inputs(rows), targets(rows)].concat());
    let bits = numbers.flatten().map(f64::to_bits).collect();
    (bits, splits.preprocessing)
}

#[test]
fn a_table_is_the_same_in_one_file_in_many_and_packed() {
    let folder = Folder::new();
    let whole = format!("{HEADER}{}", rows(0..300));
    let plain = all(&of(folder.write("whole.csv", &whole)));
    let packed = [
        folder.write("whole.csv.gz", gzipped(&whole)),
        folder.write("whole.csv.zst", zstd(&whole)),
        folder.write(
            "frames.zst",
            [
                zstd(&whole[..1_000]),
                b"\x50\x2a\x4d\x18\x02\0\0\0hi".to_vec(),
                zstd(&whole[1_000..]),
            ]
            .concat(),
        ),
    ];
    for path in packed {
        assert!(all(&of(path.clone())) == plain, "{}", path.display());
    }

    let shards = Folder::new();
    let directory = shards.write("part-0.csv", format!("{HEADER}{}", rows(0..100)));
    shards.write("part-1.csv", format!("{HEADER}{}", rows(100..100)));
    shards.write("part-2.csv", zstd(&format!("{HEADER}{}", rows(100..250))));
    // The same columns in another order.
    let mut last = "kind,y,x,when\n".to_owned();
    for k in 250..300 {
        let line = row(k);
        let (x, rest) = line.split_once(',').expect("cells");
        let (kind, rest) = rest[1..].split_once('"').expect("a quote");
        let [when, y] = [1, 2].map(|cell| rest.trim_end().split(',').nth(cell).expect("a cell"));
        writeln!(last, "\"{kind}\",{y},{x},{when}").expect("text");
    }
    shards.write("part-3.csv", last);
    shards.write("_SUCCESS", "");
    let directory = directory.parent().expect("a folder");
    for path in [
        directory.to_owned(),
        directory.join("part-*.csv"),
        directory.join("part-?.*"),
    ] {
        assert!(all(&of(path.clone())) == plain, "{}", path.display());
    }
}

#[test]
fn what_is_wrong_with_a_shard_is_said_of_it() {
    let folder = Folder::new();
    let first = folder.write("a-0.csv", format!("{HEADER}{}", rows(0..9)));
    let pattern = of(first.with_file_name("a-*.csv"));
    let found = |content: &[u8]| {
        folder.write("a-1.csv", content);
        error(&pattern)
    };
    assert!(found(b"x,kind,y\n1,red,2\n").starts_with(
        "a-1.csv: expected the columns of a-0.csv; this file lacks the column `when`;"
    ));
    assert!(
        found(b"x,kind,when,y,z\n")
            .starts_with("a-1.csv: expected the columns of a-0.csv; this file has the column `z`;")
    );
    assert!(found(b"").starts_with("a-1.csv: the file is empty;"));
    assert!(
        found(b"x,kind,when,y\n1,red\n")
            .starts_with("a-1.csv: line 2: expected 4 columns, found 2;")
    );
    assert!(
        found(b"x,kind,when,y\n1,red,2024-01-01,2\n?,red,2024-01-01,2\n")
            .starts_with("a-1.csv: line 3, column `x`: the value is missing")
    );
    let whole = format!("{HEADER}{}", rows(9..900));
    for packed in [gzipped(&whole), zstd(&whole)] {
        let cut = found(&packed[..packed.len() - 20]);
        assert!(
            cut.starts_with("a-1.csv: the file is packed, and damaged: "),
            "{cut}"
        );
    }
    let none = of(first.with_file_name("b-*.csv"));
    assert!(
        error(&none).starts_with("b-*.csv: no file has a name that fits; look at the pattern"),
        "{}",
        error(&none)
    );
    let empty = Folder::new();
    let here = empty
        .write("x", "")
        .parent()
        .expect("a folder")
        .join("none");
    std::fs::create_dir(&here).expect("a folder");
    assert!(error(&of(here)).starts_with("none: the folder has no files;"));
}

/// More than is read at a time, with what the first piece does not show.
#[test]
fn a_column_may_show_late_what_it_holds() {
    let folder = Folder::new();
    let mut text = "x,late,y\n".to_owned();
    for k in 0..150_000 {
        let late = if k == 149_000 {
            "word".to_owned()
        } else {
            (k % 11).to_string()
        };
        writeln!(text, "{},{late},{}", k as f64 * 0.25, k % 2).expect("text");
    }
    let mut config = folder.table(&text);
    config.table.categorical = vec![name("late")];
    config.table.task = Some(dropwise::config::TaskKind::Binary);
    let splits = load(&config);
    assert_eq!(splits.train.len(), 150_000);
    let names = splits.preprocessing.input_names();
    assert_eq!((names.len(), names[12].as_str()), (13, "late=word"));
    assert_eq!(splits.train.input_row(149_000)[12], 1.0);
    assert_eq!(splits.train.line(149_999), Some(150_001));
    // Mean and deviation of 0, 0.25, 0.5, ...
    let count = 150_000_f64;
    let (mean, deviation) = (
        0.25 * (count - 1.0) / 2.0,
        0.25 * ((count * count - 1.0) / 12.0).sqrt(),
    );
    let first = splits.train.input_row(0)[0];
    assert!((first + mean / deviation).abs() < 1e-12, "{first}");

    // Few words among many numbers are mistakes, found wherever they stand.
    config.table.categorical = vec![];
    let message = error(&config);
    let expected = "table.csv: line 149002, column `late`: expected a number as in nearly all rows, found `word`;";
    assert!(message.starts_with(expected), "{message}");
    // Every second one a word, the first of them late.
    let mixed: String = text
        .lines()
        .enumerate()
        .map(|(k, line)| match k % 2 == 1 && k > 60_000 {
            true => line.replacen(',', ",w", 1).replace(",w,", ",w") + "\n",
            false => line.to_owned() + "\n",
        })
        .collect();
    let mut config = folder.table(mixed);
    config.table.task = Some(dropwise::config::TaskKind::Binary);
    let names = load(&config).preprocessing.input_names();
    assert!(
        names.contains(&"late=w3".to_owned()) && names.contains(&"late=3".to_owned()),
        "{names:?}"
    );
}

#[test]
fn a_reading_is_told_of_and_ends_when_it_is_not_wanted() {
    let folder = Folder::new();
    let config = of(folder.write("whole.csv", format!("{HEADER}{}", rows(0..300))));
    let source = DataSource::Csv {
        file: config.file,
        table: config.table,
    };
    let config = DataConfig::new(source);
    let told = RefCell::new(Vec::new());
    let watch = |reading: Reading| {
        told.borrow_mut().push(reading);
        true
    };
    fn watched(watch: &dyn Fn(Reading) -> bool) -> Load<'_> {
        Load {
            watch,
            ..Load::default()
        }
    }
    data::load_as(&config, 1, &watched(&watch)).expect("a table");
    let told = told.into_inner();
    let rows: Vec<usize> = told.iter().map(|reading| reading.rows).collect();
    assert_eq!(rows, [300, 600, 900]);
    assert_eq!(told[2].share, Some(1.0));

    let stopped = data::load_as(&config, 1, &watched(&|_| false)).expect_err("an end");
    let words = stopped.to_string();
    assert!(
        words.starts_with("interrupted while reading ")
            && words.ends_with("whole.csv; nothing is written"),
        "{words}"
    );
}

#[test]
fn rows_on_disk_are_those_in_memory_and_are_prepared_once() {
    let folder = Folder::new();
    let shuffled: String = (0..9_000).map(|k| row(k * 7_919 % 9_000)).collect();
    let mut config = of(folder.write("whole.csv", format!("{HEADER}{shuffled}")));
    config.table.missing_indicator = true;
    config.table.missing = Missing::Mean;
    let in_memory = load(&config);
    let cache = folder.write("x", "").with_file_name("cache");
    config.table.cache = Some(cache.clone());
    let names = || {
        let files = cache
            .read_dir()
            .expect("a folder")
            .map(|file| file.expect("a file").path());
        let mut names: Vec<PathBuf> = files.collect();
        names.sort();
        names
    };
    for _ in 0..2 {
        let on_disk = load(&config);
        assert_eq!(
            (&on_disk.preprocessing, &on_disk.hash),
            (&in_memory.preprocessing, &in_memory.hash)
        );
        assert_eq!(on_disk.notes, in_memory.notes);
        let device = dropwise::Backend::default().device().expect("a device");
        for (found, expected) in [
            (Some(on_disk.train), Some(in_memory.train.clone())),
            (on_disk.validation, in_memory.validation.clone()),
            (on_disk.test, in_memory.test.clone()),
        ] {
            let (found, expected) = (found.expect("rows"), expected.expect("rows"));
            let numbers = |rows: &data::Dataset| {
                rows.inputs(&device)
                    .into_data()
                    .try_to_vec::<f32>()
                    .expect("numbers")
            };
            assert!(numbers(&found) == numbers(&expected));
            // One by one and from all over, as in batches that are drawn.
            let drawn: Vec<usize> = (0..100).map(|k| k * 7_919 % found.len()).collect();
            assert!(numbers(&found.select(&drawn)) == numbers(&expected.select(&drawn)));
            assert!(targets(&found) == targets(&expected));
        }
        assert_eq!(names().len(), 2, "{:?}", names());
    }
    let [_, rows] = &names()[..] else {
        panic!("two files: {:?}", names());
    };
    let bytes = std::fs::read(rows).expect("bytes");
    // A file that is cut is made again; another seed, and other rows, have a file of their own.
    std::fs::write(rows, &bytes[..bytes.len() - 1]).expect("a file");
    load(&config);
    assert!(std::fs::read(rows).expect("bytes") == bytes);
    config.load(43).expect("rows");
    assert_eq!(names().len(), 4);
    // What cannot be prepared leaves nothing.
    let broken = shuffled.replacen(",\"blue\",", ",\"blue\",x", 1);
    std::fs::write(&config.file.path, format!("{HEADER}{broken}")).expect("a file");
    assert!(config.load(42).is_err());
    assert_eq!(names().len(), 4);
    config.table.cache = Some(config.file.path.clone());
    let message = config.load(42).expect_err("no folder").to_string();
    assert!(message.contains("whole.csv"), "{message}");
}
