//! Networks as they end, and the results of the experiment.

use std::io::Write;

use dropwise::Result;
use dropwise_lab::report::reproduce_text;
use dropwise_lab::reproduce::{NetworkId, NetworkOutcome, Paper, PaperMeasure, Stage, Summary};
use dropwise_lab::store::PaperFolder;
use indicatif::ProgressBar;

use super::super::json;
use super::super::output::Style;

/// A network that has ended, as JSON.
#[derive(serde::Serialize)]
struct Line<'a> {
    /// Its folder below `runs/`.
    run: String,
    #[serde(flatten)]
    outcome: &'a NetworkOutcome,
}

/// Prints networks as they end: lines above a status line, or lines of JSON, or nothing.
pub(super) struct Show<'a, W> {
    out: &'a mut W,
    style: Style,
    measure: PaperMeasure,
}

impl<'a, W: Write> Show<'a, W> {
    pub(super) fn new(style: Style, measure: PaperMeasure, out: &'a mut W) -> Self {
        Show {
            out,
            style,
            measure,
        }
    }

    /// The status line, on a terminal.
    pub(super) fn line(&self) -> Option<ProgressBar> {
        self.style.status_line()
    }

    pub(super) fn begins(&mut self, paper: &Paper, folder: &PaperFolder) -> Result<()> {
        if self.style == Style::Words {
            let (title, source) = (&paper.title, &paper.source);
            writeln!(self.out, "{title} ({source})")?;
            writeln!(self.out, "saved in {}", folder.dir().display())?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// A network has ended.
    pub(super) fn ended(&mut self, id: &NetworkId, outcome: &NetworkOutcome) -> Result<()> {
        match self.style {
            Style::Quiet => return Ok(()),
            Style::Json => {
                let run = id.to_string();
                writeln!(self.out, "{}", json(&Line { run, outcome })?)?;
            }
            Style::Words => writeln!(self.out, "{}", self.words(id, outcome))?,
        }
        Ok(self.out.flush()?)
    }

    fn words(&self, id: &NetworkId, outcome: &NetworkOutcome) -> String {
        let found = match (&outcome.measured, id.stage) {
            (None, _) => outcome.network.clone(),
            (Some(measured), Stage::Measure) => {
                format!(
                    "{} {}",
                    self.measure.name(),
                    measured
                        .value
                        .map_or("-".to_owned(), |value| self.measure.number(value))
                )
            }
            (Some(measured), Stage::Choose(_)) => {
                let (measure, value) = measured.metrics.headline();
                format!("validation {} {value:.4}", measure.name())
            }
        };
        let (epochs, seconds) = (outcome.epochs, outcome.seconds);
        format!(
            "{:<40} {epochs:>5} epochs {seconds:>8.1} s  {found}",
            id.to_string()
        )
    }

    /// Prints the results.
    pub(super) fn ends(&mut self, summary: &Summary, folder: &PaperFolder) -> Result<()> {
        match self.style {
            Style::Quiet => {}
            Style::Json => writeln!(self.out, "{}", json(summary)?)?,
            Style::Words => {
                writeln!(self.out, "\n{}", reproduce_text(summary, false))?;
                writeln!(self.out, "saved in {}", folder.dir().display())?;
            }
        }
        Ok(())
    }
}
