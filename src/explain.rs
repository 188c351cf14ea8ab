//! What a trained network has become: the numbers behind each picture of a report.
//!
//! The tutorial explains dropout with pictures: the error as a line over the value of one weight, the weights as
//! balls that roll on it, and two balls that end in the same dip and do the same work from then on. Here those are
//! taken from a real network. Everything is data, which serialises; [`report`](mod@crate::report) draws it.
//!
//! No figure grows with the length of a training or the width of a layer: curves are thinned, and of wide layers the
//! first units are shown, while what is counted is counted over all of them.

mod activity;
mod card;
mod curves;
mod diagram;
mod features;
mod landscape;
mod mistakes;
mod paths;
mod predictions;
mod redundancy;

use serde::{Deserialize, Serialize};

pub use activity::{Activity, Histogram};
pub use card::{Card, Measured};
pub use curves::{Curve, Curves};
pub use diagram::{Diagram, DiagramLayer};
pub use features::{Feature, Features};
pub use landscape::{Landscape, LandscapeOptions, WeightAt};
pub use mistakes::{Mistake, Mistakes};
pub use paths::{Paths, Recorder, UnitPath};
pub use predictions::{Calibration, CalibrationBin, Confusion, Fit};
pub use redundancy::{Redundancy, Similarities};

/// Everything that is to be shown of one run. What a run or its data do not have is none or empty, and `notes` say why.
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
    /// Whether probabilities may be believed.
    pub calibration: Option<Calibration>,
    /// A regression's predictions beside the targets.
    pub fit: Option<Fit>,
    /// The rows that the network is furthest off on.
    pub mistakes: Option<Mistakes>,
    /// The layers, and one of the thinned networks that dropout trains.
    pub diagram: Diagram,
    /// What is not shown, and why; a sentence each.
    pub notes: Vec<String>,
}
