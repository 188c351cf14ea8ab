//! Results for people: tables as text and Markdown, and with the feature `report` figures as SVG and PNG, and whole
//! reports of runs as HTML, Markdown and text.
//!
//! What is shown is data first ([`StudySummary`](crate::study::StudySummary), [`Table`], [`Strips`],
//! [`Lines`], [`Explanation`](crate::explain::Explanation)), formats after.

#[cfg(feature = "report")]
mod axes;
#[cfg(feature = "report")]
mod chart;
#[cfg(feature = "report")]
mod escape;
#[cfg(feature = "report")]
mod histogram;
#[cfg(feature = "report")]
mod ink;
mod lines;
#[cfg(feature = "report")]
mod lines_svg;
#[cfg(feature = "report")]
mod picture;
#[cfg(feature = "report")]
mod pixels;
#[cfg(feature = "report")]
mod range;
mod reproduce;
#[cfg(feature = "report")]
mod reproduce_figure;
#[cfg(feature = "report")]
mod run;
#[cfg(feature = "report")]
mod sparsity;
mod strips;
#[cfg(feature = "report")]
mod strips_svg;
mod study;
mod table;
mod tune;
#[cfg(feature = "report")]
mod units;
#[cfg(feature = "report")]
mod words;

pub use lines::{Level, LinePoint, LineSeries, Lines};
#[cfg(feature = "report")]
pub use picture::Picture;
pub use reproduce::reproduce_text;
#[cfg(feature = "report")]
pub use reproduce_figure::reproduce_figure;
#[cfg(feature = "report")]
pub use run::{Drawing, Figure, FigureTable, Report, Section, landscape_figure};
#[cfg(feature = "report")]
pub use sparsity::{SparsityColumn, sparsity_figure};
pub use strips::{Strip, Strips};
pub use study::{study_figure, study_notes, study_table};
pub use table::Table;
pub use tune::{tune_figure, tune_words};
