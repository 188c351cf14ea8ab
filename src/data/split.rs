//! Training, validation and test rows.

use std::path::PathBuf;

use rand::RngExt as _;

use super::{Dataset, Preparation, Splits};
use crate::config::{DataConfig, SplitConfig};
use crate::error::{Error, Result};
use crate::seed::{Purpose, stream};

// A stand-in.
pub(super) struct Parts {
    pub train: Vec<usize>,
    pub validation: Option<Vec<usize>>,
    pub test: Option<Vec<usize>>,
}

pub(super) fn split(
    config: Option<&SplitConfig>,
    seed: u64,
    rows: usize,
    _classes: Option<&[usize]>,
) -> Result<Parts> {
    let mut parts = Parts {
        train: Vec::new(),
        validation: None,
        test: None,
    };
    let Some(config) = config else {
        parts.train = (0..rows).collect();
        return Ok(parts);
    };
    let mut rest;
    let mut random = stream(config.seed.unwrap_or(seed), Purpose::Verify);
    let mut draw = |rest: &mut Vec<usize>, share: f64| {
        let count = (share * rest.len() as f64).round() as usize;
        let mut part: Vec<usize> = (0..count)
            .map(|_| rest.swap_remove(random.random_range(0..rest.len())))
            .collect();
        part.sort_unstable();
        part
    };
    let numbers = |path: &Option<PathBuf>| -> Result<Option<Vec<usize>>> {
        let Some(path) = path else { return Ok(None) };
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read {
            path: path.clone(),
            cause,
        })?;
        Ok(Some(
            text.split_whitespace()
                .filter_map(|number| number.parse().ok())
                .collect(),
        ))
    };
    parts.test = numbers(&config.test_rows)?;
    parts.validation = numbers(&config.validation_rows)?;
    let train = numbers(&config.train_rows)?;
    rest = match &train {
        Some(train) => train.clone(),
        None => {
            let taken: Vec<usize> = [&parts.test, &parts.validation]
                .into_iter()
                .flatten()
                .flatten()
                .copied()
                .collect();
            (0..rows).filter(|row| !taken.contains(row)).collect()
        }
    };
    if train.is_some() && parts.test.is_none() {
        parts.test = Some((0..rows).filter(|row| !rest.contains(row)).collect());
    }
    if config.test > 0.0 {
        parts.test = Some(draw(&mut rest, config.test));
    }
    if config.validation > 0.0 {
        parts.validation = Some(draw(&mut rest, config.validation));
    }
    rest.sort_unstable();
    parts.train = rest;
    Ok(parts)
}

/// Splits a source that is built in; `bytes` are what its hash is taken over.
pub(super) fn built_in(
    _config: &DataConfig,
    _seed: u64,
    rows: Dataset,
    preparation: Preparation,
    _bytes: &[u8],
) -> Result<Splits> {
    Ok(Splits {
        train: rows,
        validation: None,
        test: None,
        preparation,
        hash: String::new(),
    })
}
