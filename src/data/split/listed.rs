//! Files of row numbers, as published benchmarks ship them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::SplitConfig;
use crate::error::{Error, Result};

/// The rows that files name, each list sorted.
pub(super) struct Listed {
    pub(super) train: Option<Vec<u32>>,
    pub(super) validation: Option<Vec<u32>>,
    pub(super) test: Option<Vec<u32>>,
    /// The rows that no file names.
    pub(super) others: Vec<u32>,
}

impl Listed {
    /// Reads the files of a configuration for a source of `rows` rows.
    pub(super) fn read(config: &SplitConfig, rows: usize) -> Result<Self> {
        let mut places = HashMap::new();
        let mut read = |path: &Option<PathBuf>| match path {
            Some(path) => read_rows(path, rows, &mut places).map(Some),
            None => Ok(None),
        };
        let train = read(&config.train_rows)?;
        let validation = read(&config.validation_rows)?;
        let test = read(&config.test_rows)?;
        let mut others = Vec::with_capacity(rows - places.len());
        others.extend((0..rows as u32).filter(|row| !places.contains_key(row)));
        Ok(Listed {
            train,
            validation,
            test,
            others,
        })
    }
}

/// Reads one file. `places` holds where each row was named so far, as a row may be named only once.
fn read_rows(path: &Path, rows: usize, places: &mut HashMap<u32, String>) -> Result<Vec<u32>> {
    let text = fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    let file = path.display().to_string();
    let mut listed = Vec::new();
    for (line, words) in text.lines().enumerate() {
        for (word, text) in words.split_whitespace().enumerate() {
            let place = format!("line {}, number {}", line + 1, word + 1);
            let row = parse_row(&file, &place, text, rows)?;
            if let Some(before) = places.insert(row, format!("{file}, {place}")) {
                let problem = format!("row {row} is named already, in {before}");
                return Err(Error::data(file, place, problem, "name each row once"));
            }
            listed.push(row);
        }
    }
    if listed.is_empty() {
        let fix = "name at least one row, or leave the file's key out";
        return Err(Error::data(
            file,
            "",
            "expected row numbers, found none",
            fix,
        ));
    }
    listed.sort_unstable();
    Ok(listed)
}

fn parse_row(file: &str, place: &str, text: &str, rows: usize) -> Result<u32> {
    match text.parse() {
        Ok(row) if (row as usize) < rows => Ok(row),
        _ => {
            let last = rows.saturating_sub(1);
            let problem = format!("expected a row from 0 to {last}, found `{text:.40}`");
            Err(Error::data(
                file,
                place,
                problem,
                "rows are counted from 0, a header not among them",
            ))
        }
    }
}
