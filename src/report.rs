//! Results for people: tables as text and Markdown, and with the feature `report` figures as SVG.
//!
//! What is shown is data first ([`StudySummary`](crate::study::StudySummary), [`Table`], [`Strips`]), formats
//! after.

#[cfg(feature = "report")]
mod panels;
#[cfg(feature = "report")]
mod picture;
mod strips;
#[cfg(feature = "report")]
mod strips_svg;
mod study;
mod table;
mod tune;

#[cfg(feature = "report")]
pub use panels::{Panel, Panels};
pub use strips::{Strip, Strips};
pub use study::{study_figure, study_notes, study_table};
pub use table::Table;
pub use tune::{tune_figure, tune_words};
