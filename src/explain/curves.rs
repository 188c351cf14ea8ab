//! Loss and error while a network was trained.

use serde::{Deserialize, Serialize};

/// Loss and error over the steps of a training, thinned to a few hundred points a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// What the error is: `error rate`, `RMSE` or `mean absolute error`.
    pub error_name: String,
    /// Losses: `training, dropout on`, `training`, `validation`, as far as they were measured.
    pub losses: Vec<Curve>,
    /// Errors: `training`, `validation`.
    pub errors: Vec<Curve>,
    /// The step of the best network, where there are validation rows.
    pub best_step: Option<usize>,
    /// Steps an epoch, to show epochs; none for a training that counts in steps.
    pub steps_an_epoch: Option<f64>,
}

/// One of the curves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Which rows it is of.
    pub name: String,
    /// Step and value, in order of steps; values are finite.
    pub points: Vec<(usize, f64)>,
}
