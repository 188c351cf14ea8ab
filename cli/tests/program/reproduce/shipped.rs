//! The experiments that are shipped.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dropwise::config::DataSource;
use dropwise_lab::reproduce::{Paper, PaperNetwork};

use crate::common::numbered::Numbered;
use crate::common::repository;
use crate::runs::{dropwise, good};

fn folder() -> PathBuf {
    repository().join("config/paper")
}

/// Name and text of each file, but for those with a protocol of their own.
fn shipped() -> Vec<(String, String)> {
    let is_plain = |(_, text): &(String, String)| !text.contains("[protocol]");
    files().into_iter().filter(is_plain).collect()
}

/// Name and text of each file.
fn files() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("the folder");
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        let text = fs::read_to_string(&path).expect("a file");
        (name.expect("text").to_owned(), text)
    };
    entries.map(file).collect()
}

fn paper(name: &str) -> Paper {
    let text = fs::read_to_string(folder().join(name)).expect("a file");
    Paper::parse(name, &text).expect("a paper")
}

/// Every network to choose by, and those to measure with a seed and the first values.
fn networks(paper: &Paper) -> Vec<PaperNetwork> {
    let of_row = |row| {
        let mut networks = paper.candidates(row).expect("candidates");
        let first = row.candidates.first().cloned().unwrap_or_default();
        networks.extend(paper.measured(row, &first, 1..=1).expect("networks"));
        networks
    };
    paper.rows.iter().flat_map(of_row).collect()
}

#[test]
fn every_file_is_an_experiment_in_full_and_a_quick_one() {
    for (name, text) in shipped() {
        let full = Paper::parse(&name, &text).expect("a paper");
        let quick = Paper::parse_quick(&name, &text).expect("a quick run");
        assert!(!full.is_quick && quick.is_quick, "{name}");
        assert!(networks(&full).len() >= networks(&quick).len(), "{name}");
    }
}

#[test]
fn a_quick_run_has_its_data_in_the_program_or_the_repository() {
    let shipped_data = Path::new("config/data");
    for (name, text) in shipped() {
        let quick = Paper::parse_quick(&name, &text).expect("a quick run");
        for network in networks(&quick) {
            let data = &network.experiment.data;
            match &data.source {
                DataSource::Digits => {}
                DataSource::Csv { file, .. } => {
                    assert!(file.path.starts_with(shipped_data), "{name}: {data:?}");
                    let path = repository().join(&file.path);
                    assert!(path.is_file(), "{name}: {data:?}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_quick_run_is_held_to_no_published_number() {
    for (name, text) in shipped() {
        let quick = Paper::parse_quick(&name, &text).expect("a quick run");
        for row in &quick.rows {
            assert_eq!(row.bound(quick.tolerance), None, "{name}: {}", row.name);
        }
    }
}

#[test]
fn published_numbers_are_those_of_the_papers() {
    // Copied by hand: Srivastava et al. 2014, tables 2, 9 and 10, and Wan et al. 2013 (in percent); Hinton et al. 2012 (errors of 10,000).
    let tables: [(&str, &[(&str, f64)]); 5] = [
        (
            "mnist-table2-large.toml",
            &[("3x2048", 1.04), ("2x4096", 1.01), ("2x8192", 0.95)],
        ),
        (
            "mnist-table2.toml",
            &[
                ("standard", 1.60),
                ("dropout-logistic", 1.35),
                ("dropout-relu", 1.25),
                ("max-norm", 1.06),
            ],
        ),
        (
            "mnist-table9.toml",
            &[
                ("l2", 1.62),
                ("l2-l1", 1.60),
                ("max-norm", 1.35),
                ("dropout-l2", 1.25),
                ("dropout-max-norm", 1.05),
            ],
        ),
        (
            "noise.toml",
            &[
                ("dropout", 1.08),
                ("gaussian", 0.95),
                ("none-800", 1.62),
                ("dropout-800", 1.28),
                ("dropconnect-800", 1.20),
            ],
        ),
        (
            "hinton2012.toml",
            &[
                ("plain-800", 160.0),
                ("hidden-800", 130.0),
                ("input-800", 110.0),
                ("input-1200", 110.0),
            ],
        ),
    ];
    for (file, table) in tables {
        let paper = paper(file);
        let found: Vec<(&str, f64)> = paper
            .rows
            .iter()
            .map(|row| (&*row.name, row.published.expect("a number")))
            .collect();
        assert_eq!(found, table, "{file}");
    }
}

#[test]
fn who_chooses_on_mnist_holds_out_ten_thousand_of_its_sixty_thousand_rows() {
    let rows = Numbered::of_three_classes(60_000);
    for file in ["mnist-table2.toml", "mnist-table9.toml"] {
        let paper = paper(file);
        let mut splits = Vec::new();
        for row in &paper.rows {
            for network in paper.candidates(row).expect("candidates") {
                splits.push(network.experiment.data.split.clone().expect("a split"));
            }
        }
        assert!(!splits.is_empty(), "{file}");
        splits.dedup();
        for split in splits {
            let parts = rows.split(split, 1).expect("a split");
            let validation = parts.validation.map(|part| part.len());
            assert_eq!((parts.train.len(), validation), (50_000, Some(10_000)));
            assert!(parts.test.is_none(), "{file}");
        }
    }
}

#[test]
fn the_list_names_each_file_and_how_many_networks_it_trains() {
    let said = good(&mut dropwise(["reproduce", "--list"])).out;
    let lines: Vec<Vec<&str>> = said
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect())
        .collect();
    let found: BTreeSet<String> = lines
        .iter()
        .map(|words| format!("{}.toml", words[0]))
        .collect();
    let files: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, files);
    assert_eq!(lines.len(), files.len(), "{said}");
    // 2 + 2 + 2 + 2 * 2 candidates, 4 rows with 3 seeds; 3 rows with 5 seeds.
    assert!(
        lines
            .iter()
            .any(|words| words[..2] == ["mnist-table2", "18"])
    );
    assert!(lines.iter().any(|words| words[..2] == ["ridge", "15"]));
}
