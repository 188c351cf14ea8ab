//! What became of all hidden units' weights from the same input.

use serde::{Deserialize, Serialize};

use super::Subject;

/// The incoming weights of hidden units from one input, over the steps of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// The input, counted from 0.
    pub input: usize,
    /// Its name.
    pub input_name: String,
    /// The steps at which the weights were recorded, from 0 on.
    pub steps: Vec<usize>,
    /// A path a unit, the first units of a wide layer.
    pub units: Vec<UnitPath>,
    /// Units in the layer.
    pub all_units: usize,
}

/// One unit's weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnitPath {
    /// The unit, counted from 0.
    pub unit: usize,
    /// The weight's value at each of the steps.
    pub values: Vec<f64>,
}

/// The paths from an input, if it was recorded, else from the recorded input that varies most; none without a
/// trail, and without hidden units.
pub(super) fn paths(
    subject: &Subject<'_>,
    input: Option<usize>,
    notes: &mut Vec<String>,
) -> Option<Paths> {
    if subject.first_units() == 0 {
        return None;
    }
    let Some(trail) = subject.trail.filter(|trail| !trail.steps().is_empty()) else {
        let note =
            "There are no paths of weights: none were recorded while the network was trained.";
        notes.push(note.to_owned());
        return None;
    };
    let recorded = trail.inputs();
    let asked = input.filter(|input| recorded.contains(input));
    let input = asked.or(recorded.first().copied())?;
    let path = |unit| {
        let path = trail.path(input, unit)?;
        let values = path.into_iter().map(|(_, value)| value).collect();
        Some(UnitPath { unit, values })
    };
    Some(Paths {
        input,
        input_name: subject.input_name(input),
        steps: trail.steps().to_vec(),
        units: (0..trail.units()).filter_map(path).collect(),
        all_units: subject.first_units(),
    })
}
