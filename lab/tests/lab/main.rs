//! Studies, tuning, explanations, reports and runs on disk: laws, independent references, golden numbers.

#[path = "../../../tests/common/mod.rs"]
mod common;
mod explained;
#[path = "../../../tests/common/markup.rs"]
mod markup;

mod baseline;
mod explain;
mod layers;
mod report;
mod report_figures;
mod statistics;
mod store;
mod tune;
mod uci;
mod uncertainty;
