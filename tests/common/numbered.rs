//! A source whose rows carry their own numbers, so that a test sees which rows a part has.

use std::fs;
use std::path::PathBuf;

use dropwise::Dataset;
use dropwise::config::{DataConfig, DataSource, IdxConfig, SplitConfig};
use dropwise::data::{self, Splits};
use tempfile::TempDir;

use super::idx::{images, labels};

/// A source of the kind `idx` whose row k has the inputs k / 256 and k % 256, in 255ths.
pub struct Numbered {
    pub folder: TempDir,
    pub classes: Vec<u8>,
}

impl Numbered {
    pub fn new(classes: Vec<u8>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let pixels: Vec<[u8; 2]> = (0..classes.len() as u16).map(u16::to_be_bytes).collect();
        fs::write(folder.path().join("images"), images(&pixels, 2)).expect("a file");
        fs::write(folder.path().join("labels"), labels(&classes)).expect("a file");
        Numbered { folder, classes }
    }

    /// Rows of the classes 0, 1 and 2 in turn.
    pub fn of_three_classes(rows: usize) -> Self {
        Numbered::new((0..rows).map(|row| (row % 3) as u8).collect())
    }

    pub fn split(&self, split: SplitConfig, seed: u64) -> dropwise::Result<Splits> {
        let file = |name| Some(self.folder.path().join(name));
        let files = IdxConfig {
            train_images: file("images"),
            train_labels: file("labels"),
            ..IdxConfig::default()
        };
        let config = DataConfig {
            split: Some(split),
            ..DataConfig::new(DataSource::Idx(files))
        };
        data::load(&config, seed)
    }

    /// Training, validation and test rows; no rows for no part.
    pub fn parts(&self, split: SplitConfig, seed: u64) -> [Vec<usize>; 3] {
        let splits = self.split(split, seed).expect("a split");
        let part = |part: Option<Dataset>| part.map_or(Vec::new(), |part| rows(&part));
        [
            rows(&splits.train),
            part(splits.validation),
            part(splits.test),
        ]
    }

    /// A file of row numbers.
    pub fn list(&self, name: &str, text: &str) -> Option<PathBuf> {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        Some(path)
    }

    #[track_caller]
    pub fn refused(&self, split: SplitConfig, expected: &str) {
        let error = self.split(split, 1).expect_err("a bad split").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// The numbers that the rows carry.
pub fn rows(part: &Dataset) -> Vec<usize> {
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
