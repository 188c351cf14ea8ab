//! What calibration rows say about a run's network: kept when training ends, else made again from the data.

use std::path::Path;

use dropwise::data::{self, Part, Splits};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{SAMPLES, Sampler, Samples};
use serde::{Deserialize, Serialize};

use super::stored::ModelName;
use super::trained::Trained;
use super::{CALIBRATION, atomic, read_if_there, refused};
use crate::uncertainty::Calibration;

/// How the networks of a run are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Thinned networks of each member; none where each answers with dropout off.
    pub samples: Option<Samples>,
    /// The seed of their masks.
    pub seed: u64,
}

/// What is kept, for each way to ask.
#[derive(Serialize, Deserialize)]
struct Kept {
    model: String,
    asked: Asked,
    calibration: Calibration,
}

/// Calibration rows that were found, and where.
#[derive(Debug, Clone)]
pub struct FoundCalibration {
    /// Their scores.
    pub calibration: Calibration,
    /// Which rows they are.
    pub part: Part,
    /// A sentence about them.
    pub words: String,
}

impl Asked {
    /// So many thinned networks of each member, with the masks of a seed, else of the run's.
    #[must_use]
    pub fn new(trained: &Trained, samples: Option<Samples>, seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or(trained.experiment.seed);
        Asked {
            samples,
            // Elsewhere there are no masks.
            seed: match samples {
                Some(Samples::Count(_)) => seed,
                _ => 0,
            },
        }
    }

    /// The networks.
    ///
    /// # Errors
    /// As [`Trained::sampler`].
    pub fn sampler(self, trained: &Trained) -> Result<Sampler> {
        trained.sampler(self.samples.map(|samples| (samples, self.seed)))
    }
}

/// Keeps the scores of the run's calibration rows, if it has any, in its folder: with dropout off, and with as many samples as there are
/// where no number is asked for.
///
/// # Errors
/// [`Error::WriteFile`] if they cannot be written; [`Error::Compute`] if a prediction is not a number.
pub fn keep_calibration(
    dir: &Path,
    trained: &Trained,
    rows: Option<&dropwise::Dataset>,
) -> Result<()> {
    let (Some(rows), Ok(_)) = (rows, trained.sampler(None)) else {
        return Ok(());
    };
    let samples = trained.network().has_dropout();
    let samples = samples.then_some([Samples::Count(SAMPLES), Samples::Analytic]);
    let ways = samples.into_iter().flatten().map(Some);
    let is_there =
        |samples: &Option<Samples>| Asked::new(trained, *samples, None).sampler(trained).is_ok();
    let ways = std::iter::once(None).chain(ways).filter(is_there);
    let keep = |samples| {
        let asked = Asked::new(trained, samples, None);
        let spread = asked.sampler(trained)?.spread(rows)?;
        Ok(Kept {
            model: trained.name.to_string(),
            asked,
            calibration: Calibration::new(rows, &spread)?,
        })
    };
    let kept = ways.map(keep).collect::<Result<Vec<Kept>>>()?;
    let json = serde_json::to_vec(&kept)
        .map_err(|cause| Error::invalid("the calibration", "JSON", cause))?;
    atomic::write(&dir.join(CALIBRATION), &json)
}

/// What calibration rows say about the networks that are asked: as the run in `dir` kept it, else from its data, of the calibration rows,
/// else of the validation rows. `splits` are the run's data, where they are at hand; else they are read.
///
/// # Errors
/// [`Error::Store`] if the run has neither, if the data are not there or have changed, or if what it kept is damaged.
pub fn calibration_of(
    dir: &Path,
    trained: &Trained,
    (asked, sampler): (Asked, &Sampler),
    splits: Option<&Splits>,
) -> Result<FoundCalibration> {
    if let Some(calibration) = kept(dir, trained, asked)? {
        let words = words(trained, Part::Calibration, calibration.rows);
        return Ok(FoundCalibration {
            calibration,
            part: Part::Calibration,
            words,
        });
    }
    let no_rows = || {
        let problem = "the run has no calibration rows, by which intervals would be made";
        refused(
            dir,
            problem,
            "train with `split = { calibration = 0.2 }` in `[data]`",
        )
    };
    let split = trained.experiment.data.split.as_ref();
    if !split.is_some_and(|split| split.calibration > 0.0 || split.validates()) {
        return Err(no_rows());
    }
    let not_there = |cause| {
        refused(
            dir,
            format!("intervals of these samples need the run's data, which are not there: {cause}"),
            format!(
                "bring them back; a run with calibration rows keeps what `--samples {SAMPLES}` needs"
            ),
        )
    };
    let (data, seed) = (&trained.experiment.data, trained.experiment.seed);
    let read = match splits {
        Some(_) => None,
        None => Some(data::load(data, seed).map_err(not_there)?),
    };
    let Some(splits) = splits.or(read.as_ref()) else {
        return Err(no_rows());
    };
    if !trained.prepared.check(dir, splits)? {
        return Err(refused(
            dir,
            "the data have changed since the network was trained, so that its calibration rows may be others",
            "bring the data back, or train again",
        ));
    }
    let found = [Part::Calibration, Part::Validation]
        .into_iter()
        .find_map(|part| Some((part, splits.part(part)?)));
    let Some((part, rows)) = found else {
        return Err(no_rows());
    };
    let calibration = Calibration::new(rows, &sampler.spread(rows)?)?;
    Ok(FoundCalibration {
        words: words(trained, part, calibration.rows),
        calibration,
        part,
    })
}

/// What is said of the rows.
fn words(trained: &Trained, part: Part, rows: usize) -> String {
    let chosen = if trained.name == ModelName::Best {
        Some("the best model was chosen by them")
    } else {
        let stops = trained.experiment.train.early_stopping.is_some();
        stops.then_some("training stopped by them")
    };
    match (part, chosen) {
        (Part::Validation, Some(chosen)) => format!(
            "intervals are from the {rows} validation rows; {chosen}, so that they may hold a little less often than they say: \
             `calibration` in `[data.split]` keeps rows of their own"
        ),
        (Part::Validation, None) => {
            format!("intervals are from the {rows} validation rows, by which nothing was chosen")
        }
        _ => format!("intervals are from the {rows} calibration rows"),
    }
}

fn kept(dir: &Path, trained: &Trained, asked: Asked) -> Result<Option<Calibration>> {
    let path = dir.join(CALIBRATION);
    let Some(text) = read_if_there(&path)? else {
        return Ok(None);
    };
    let kept: Vec<Kept> = serde_json::from_str(&text).map_err(|cause| {
        let fix = "remove the file, and intervals are made from the run's data";
        refused(&path, format!("cannot be read: {cause}"), fix)
    })?;
    let model = trained.name.to_string();
    let mut kept = kept.into_iter();
    let kept = kept.find(|kept| kept.asked == asked && kept.model == model);
    Ok(kept.map(|kept| kept.calibration))
}
