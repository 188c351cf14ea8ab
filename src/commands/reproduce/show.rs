//! Networks as they end, and what the experiment comes to.

use std::io::Write;

use dropwise::Result;
use dropwise::report::reproduce_text;
use dropwise::reproduce::{Id, Measure, Outcome, Paper, Purpose, Summary};
use indicatif::ProgressBar;

use super::super::json;
use super::super::shown::Style;
use super::files::Files;

/// A network that has ended, for machines.
#[derive(serde::Serialize)]
struct Line<'a> {
    /// Its folder below `runs/`.
    run: String,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Shows networks as they end: lines under one that says how many there are, or lines of JSON, or nothing.
pub(super) struct Show<'a, W> {
    out: &'a mut W,
    style: Style,
    measure: Measure,
    /// On a terminal.
    line: Option<ProgressBar>,
    ended: usize,
    all: usize,
}

impl<'a, W: Write> Show<'a, W> {
    pub(super) fn new(is_json: bool, is_quiet: bool, measure: Measure, out: &'a mut W) -> Self {
        let style = Style::of(is_json, is_quiet);
        Show {
            out,
            style,
            measure,
            line: style.line(),
            ended: 0,
            all: 0,
        }
    }

    pub(super) fn begins(&mut self, paper: &Paper, files: &Files) -> Result<()> {
        if self.style == Style::Words {
            let (title, source) = (&paper.title, &paper.source);
            writeln!(self.out, "{title} ({source})")?;
            writeln!(self.out, "kept in {}", files.dir().display())?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// So many of all networks have ended before.
    pub(super) fn trains(&mut self, ended: usize, all: usize) {
        (self.ended, self.all) = (ended, all);
        self.draw();
    }

    pub(super) fn ended(&mut self, id: &Id, outcome: &Outcome) -> Result<()> {
        self.ended += 1;
        match self.style {
            Style::Quiet => {}
            Style::Json => {
                let run = id.to_string();
                writeln!(self.out, "{}", json(&Line { run, outcome })?)?;
                self.out.flush()?;
            }
            Style::Words => {
                let words = self.words(id, outcome);
                match &self.line {
                    Some(line) => line.suspend(|| writeln!(self.out, "{words}"))?,
                    None => writeln!(self.out, "{words}")?,
                }
                self.out.flush()?;
            }
        }
        self.draw();
        Ok(())
    }

    fn draw(&self) {
        if let Some(line) = &self.line {
            line.set_message(format!("{} of {} networks", self.ended, self.all));
        }
    }

    fn words(&self, id: &Id, outcome: &Outcome) -> String {
        let found = match (&outcome.measured, id.purpose) {
            (None, _) => outcome.network.clone(),
            (Some(measured), Purpose::Measure) => {
                format!(
                    "{} {}",
                    self.measure.name(),
                    measured
                        .value
                        .map_or("-".to_owned(), |value| self.measure.number(value))
                )
            }
            (Some(measured), Purpose::Choose(_)) => {
                let (name, value) = measured.metrics.headline();
                format!("validation {name} {value:.4}")
            }
        };
        let (epochs, seconds) = (outcome.epochs, outcome.seconds);
        format!(
            "{:<40} {epochs:>5} epochs {seconds:>8.1} s  {found}",
            id.to_string()
        )
    }

    /// What the experiment comes to.
    pub(super) fn ends(&mut self, summary: &Summary, files: &Files) -> Result<()> {
        if let Some(line) = self.line.take() {
            line.finish_and_clear();
        }
        match self.style {
            Style::Quiet => {}
            Style::Json => writeln!(self.out, "{}", json(summary)?)?,
            Style::Words => {
                writeln!(self.out, "\n{}", reproduce_text(summary, false))?;
                writeln!(self.out, "kept in {}", files.dir().display())?;
            }
        }
        Ok(())
    }
}
