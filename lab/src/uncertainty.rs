//! How far predictions can be trusted: intervals and sets of classes that hold what they say, and how good they are.
//!
//! Data flows one way: what networks say about calibration rows ([`Spread`](dropwise::evaluate::Spread)) → [`Calibration`] →
//! [`Conformal`] for new rows → [`Assessment`] on test rows.

mod assessment;
mod conformal;
mod numeric;
mod scores;
mod temperature;

pub use assessment::{
    Assessment, ClassAssessment, Coverage, GroupCoverage, LEVELS, TargetAssessment,
};
pub(crate) use conformal::of_each_class;
pub use conformal::{Calibration, Conformal, ConformityScore, covered_share, rows_needed};
pub use scores::{
    accuracy_over_confidence, brier, crps_of_normal, equal_mass_calibration_error,
    equal_width_calibration_error, interval_score, log_likelihood_of_normal,
};
pub use temperature::{fit_temperature, scaled};
