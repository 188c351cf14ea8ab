//! The table of trials, which grows as they end.

use std::io::Write;

use dropwise::Result;
use dropwise::evaluate::Measure;
use dropwise_lab::tune::{self, Phase, TrialEnd};
use indicatif::ProgressBar;

use super::super::json;
use super::super::output::Style;
use super::job::Job;
use super::trial_log::Record;

/// Prints trials as they end: a table above a status line, or lines of JSON, or nothing.
pub(super) struct Show<'a, W> {
    out: &'a mut W,
    style: Style,
    /// On a terminal.
    line: Option<ProgressBar>,
    phase: Option<Phase>,
    has_momentum: bool,
    /// What the experiment compares networks by, if it says so.
    select: Option<Measure>,
    ended: usize,
    /// The smallest error on validation rows so far, and its text.
    best: Option<(f64, String)>,
}

impl<'a, W: Write> Show<'a, W> {
    pub(super) fn new(style: Style, job: &Job, out: &'a mut W) -> Self {
        Show {
            out,
            style,
            line: style.status_line(),
            phase: None,
            has_momentum: job.experiment.train.optimizer.has_momentum(),
            select: job.experiment.train.select,
            ended: 0,
            best: None,
        }
    }

    /// Ends the table and returns the output.
    pub(super) fn into_inner(self) -> &'a mut W {
        if let Some(line) = self.line {
            line.finish_and_clear();
        }
        self.out
    }

    /// A trial has ended.
    pub(super) fn ended(&mut self, record: &Record) -> Result<()> {
        match self.style {
            Style::Quiet => Ok(()),
            Style::Json => {
                writeln!(self.out, "{}", json(record)?)?;
                Ok(self.out.flush()?)
            }
            Style::Words => self.row(record),
        }
    }

    fn row(&mut self, record: &Record) -> Result<()> {
        let part = part(record.phase);
        if self.phase.map(self::part) != Some(part) {
            let gap = if self.phase.is_some() { "\n" } else { "" };
            self.print(&format!("{gap}{part}\n{}", self.titles()))?;
        }
        self.phase = Some(record.phase);
        self.ended += 1;
        let line = self.cells(record);
        self.print(&line)?;
        if let (Some(score), true) = (
            record.outcome.score(),
            matches!(record.phase, Phase::Dropout | Phase::NoDropout),
        ) && record.outcome.end == TrialEnd::Finished
            && self
                .best
                .as_ref()
                .is_none_or(|(best, _)| score.error < *best)
        {
            let words = format!(
                "{} trial {}, {}",
                record.phase.name(),
                record.trial,
                number(score.error)
            );
            self.best = Some((score.error, words));
        }
        if let Some(line) = &self.line {
            let best = self
                .best
                .as_ref()
                .map(|(_, words)| format!(", best so far: {words}"));
            let message = format!(
                "{} trials have ended{}",
                self.ended,
                best.unwrap_or_default()
            );
            line.set_message(message);
        }
        Ok(())
    }

    /// Prints above the status line.
    fn print(&mut self, text: &str) -> Result<()> {
        match &self.line {
            Some(line) => line.suspend(|| writeln!(self.out, "{text}"))?,
            None => writeln!(self.out, "{text}")?,
        }
        Ok(self.out.flush()?)
    }

    fn titles(&self) -> String {
        let momentum = if self.has_momentum { "  momentum" } else { "" };
        format!(
            "{:>16}  {:>5}  {:>5}  {:>6}  {:>5}  {:>8}  {:>9}{momentum}  {:>6}  {:>9}  {:>7}",
            "phase",
            "trial",
            "width",
            "hidden",
            "input",
            "max-norm",
            "rate",
            "epochs",
            "error",
            "time"
        )
    }

    fn cells(&self, record: &Record) -> String {
        let setting = &record.setting;
        let optional = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
        let momentum = if self.has_momentum {
            format!("  {:>8}", optional(setting.momentum))
        } else {
            String::new()
        };
        let outcome = &record.outcome;
        let more = [("L1", setting.l1), ("beta2", setting.beta2)];
        let more = more
            .map(|(name, value)| value.map_or(String::new(), |value| format!("  {name} {value}")));
        let more = more.concat();
        let tested = outcome.test.as_ref();
        let tested = tested.map(|metrics| tune::error(metrics, self.select));
        let error = tested.or(outcome.score().map(|score| score.error));
        let note = match outcome.end {
            TrialEnd::Finished => "",
            TrialEnd::Fitted => "  fits",
            TrialEnd::Pruned => "  given up",
            TrialEnd::Diverged => "  diverged",
        };
        format!(
            "{:>16}  {:>5}  {:>5}  {:>6}  {:>5}  {:>8}  {:>9}{momentum}  {:>6}  {:>9}  {:>6.1}s{more}{note}",
            record.phase.name(),
            record.trial,
            setting.width,
            setting.hidden_rate,
            setting.input_rate,
            optional(setting.max_norm),
            setting.learning_rate,
            outcome.epochs,
            error.map_or("-".to_owned(), number),
            record.seconds,
        )
    }
}

/// The part of the recipe that a phase belongs to, and what its errors are of.
fn part(phase: Phase) -> &'static str {
    match phase {
        Phase::Grow => "Grow: dropout off, errors on the training rows",
        Phase::Dropout | Phase::NoDropout => "Drop: errors on the validation rows",
        Phase::DropoutFinalists | Phase::NoDropoutFinalists => {
            "Finalists: the best settings with other seeds, errors on the validation rows"
        }
        Phase::DropoutTest | Phase::NoDropoutTest => {
            "Decide: trained on training and validation rows, errors on the test rows"
        }
    }
}

fn number(error: f64) -> String {
    format!("{error:.4}")
}
