//! What a trained network has become: the numbers behind each picture of a report.
//!
//! The tutorial explains dropout with pictures: the error as a line over the value of one weight, the weights as
//! balls that roll on it, and two balls that end in the same dip and do the same work from then on. Here those are
//! taken from a real network. Everything is data, which serializes; [`report`](mod@crate::report) draws it.
//! [`hidden_activity`] and [`unit_features`] look at networks of which nothing else is known.
//!
//! No figure grows with the length of a training or the width of a layer: curves are sampled, and of wide layers
//! the first units are shown, while what is counted is counted over all of them.

mod activity;
mod card;
mod curves;
mod diagram;
mod features;
mod hidden;
mod importance;
mod landscape;
mod mistakes;
mod one_weight;
mod paths;
mod predictions;
mod ranking;
mod redundancy;
mod rotation;
mod split_evaluation;
mod subject;
mod sure;
mod thinned;
mod trail;

use serde::{Deserialize, Serialize};

use dropwise::error::{Error, Result};

pub use activity::{Activity, Histogram, hidden_activity};
pub use card::{Card, MeasuredMetric};
pub use curves::{Curve, Curves, CurvesReader, MetricsLine};
pub use diagram::{Diagram, DiagramLayer};
pub use features::{Feature, Features, unit_features};
pub use importance::{ColumnImportance, Importance};
pub use landscape::{Landscape, LandscapeOptions, WeightAt};
pub use mistakes::{Mistake, Mistakes};
pub use paths::{Paths, UnitPath};
pub use predictions::{Calibration, CalibrationBin, Confusion, Fit};
pub use ranking::{ClassRanking, Ranking};
pub use redundancy::{Redundancy, Similarities};
pub use rotation::{Rotation, RotationStep};
pub use subject::{ExplainOptions, Subject};
pub use sure::{BandPoint, LevelCoverage, RowInterval, Sure, UncertainRow};
pub use trail::{Recorder, Trail, TrailLine};

pub(crate) use hidden::HiddenUnits;
use split_evaluation::SplitEvaluation;

/// Everything that is to be shown of one run. What a run or its data do not have is none or empty, and `notes` say
/// why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What to call the run beside others.
    pub name: String,
    /// Where the network comes from, and how good it is.
    pub card: Card,
    /// Loss and error while it was trained.
    pub curves: Curves,
    /// The error over the value of one weight.
    pub landscape: Option<Landscape>,
    /// What became of all hidden units' weights from the same input.
    pub paths: Option<Paths>,
    /// How alike the units of each hidden layer are, from the input on.
    pub redundancy: Vec<Redundancy>,
    /// The incoming weights of the first hidden layer.
    pub features: Features,
    /// How active the units of each hidden layer are, from the input on.
    pub activity: Vec<Activity>,
    /// Which class is taken for which.
    pub confusion: Option<Confusion>,
    /// How well probabilities rank rows.
    #[serde(default)]
    pub ranking: Option<Ranking>,
    /// Whether probabilities may be believed.
    pub calibration: Option<Calibration>,
    /// A regression's predictions beside the targets.
    pub fit: Option<Fit>,
    /// Which columns the network needs.
    #[serde(default)]
    pub importance: Option<Importance>,
    /// The rows that the network is furthest off on.
    pub mistakes: Option<Mistakes>,
    /// How sure the network is, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sure: Option<Sure>,
    /// A rotated image, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// The layers, and one of the thinned networks that dropout trains.
    pub diagram: Diagram,
    /// What is not shown, and why; a sentence each.
    pub notes: Vec<String>,
}

/// Looks at a network from all sides.
///
/// # Errors
/// [`Error::InvalidValue`] for a weight or a part of the data that there is not, for
/// options out of range, for weights that are not finite, and for a trail of another network;
/// [`Error::Shape`] if the data do not fit the network;
/// [`Error::Compute`] if the backend fails.
pub fn explain(subject: &Subject<'_>, options: &ExplainOptions) -> Result<Explanation> {
    subject.check()?;
    options.check(subject)?;
    let mut notes = subject.notes.clone();
    let evaluations = SplitEvaluation::all(subject)?;
    let evaluation = split_evaluation::preferred_split(&evaluations, options.part);
    if subject.first_units() == 0 {
        let note = "There are no pictures of hidden units and their weights: the network has no hidden layer.";
        notes.push(note.to_owned());
    }
    let hidden = HiddenUnits::of(
        subject.network(),
        evaluation.map(|evaluation| evaluation.rows),
    )?;
    let landscape = landscape::landscape(subject, options, &mut notes)?;
    let input = landscape.as_ref().map(|found| found.weight.input);
    let importance = match evaluation {
        Some(evaluation) => {
            importance::importance(subject, evaluation, options.landscape.seed, &mut notes)?
        }
        None => None,
    };
    let sure = match (evaluation, options.samples) {
        (Some(evaluation), Some(samples)) => sure::sure(subject, evaluation, samples, &mut notes)?,
        _ => None,
    };
    let rotation = match (evaluation, options.rotate) {
        (Some(evaluation), Some(row)) => Some(rotation::rotation(
            subject,
            evaluation,
            (row, options.samples),
        )?),
        (None, Some(_)) => {
            let expected = "a run whose data are there";
            return Err(Error::invalid("--rotate", expected, "one without"));
        }
        _ => None,
    };
    let explanation = Explanation {
        name: subject.name.to_owned(),
        card: card::card(subject, &evaluations)?,
        curves: subject.curves.clone(),
        paths: paths::paths(subject, input, &mut notes),
        redundancy: redundancy::redundancy(subject.network(), &hidden)?,
        features: features::unit_features(subject.network(), subject.preprocessing)?,
        activity: hidden.into_iter().filter_map(activity::activity).collect(),
        confusion: evaluation.and_then(|evaluation| predictions::confusion(evaluation, &mut notes)),
        ranking: evaluation.and_then(ranking::ranking),
        calibration: evaluation
            .and_then(|evaluation| predictions::calibration(evaluation, &mut notes)),
        fit: evaluation.and_then(predictions::fit),
        importance,
        mistakes: evaluation.map(|evaluation| mistakes::mistakes(subject, evaluation)),
        sure,
        rotation,
        diagram: diagram::diagram(subject.network(), options.landscape.seed),
        landscape,
        notes,
    };
    Ok(explanation)
}

/// At most `most` of the numbers below `count`, evenly spaced, the first and the last of them among them.
fn spaced(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let places = count.min(most);
    let last = places.saturating_sub(1).max(1);
    (0..places).map(move |place| {
        if count > most {
            place * (count - 1) / last
        } else {
            place
        }
    })
}
