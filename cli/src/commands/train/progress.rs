//! How training looks while it goes on: a bar on a terminal, else lines.

use std::io::Write;
use std::time::{Duration, Instant};

use dropwise::Result;
use dropwise::data::Splits;
use dropwise::evaluate::{Measure, Metrics};
use dropwise::model::describe;
use dropwise::train::{Report, Trainer};
use dropwise_lab::baseline::{Baselines, target_words};
use indicatif::ProgressBar;

use super::super::args::target;
use super::super::output::Style;
use super::summary::FEW_ROWS;
use super::validates;

/// How training looks while it goes on.
pub(super) struct Progress<'a, W> {
    out: &'a mut W,
    style: Style,
    measure: Measure,
    /// What is learned, and what was done with the data, in words.
    about: Vec<String>,
    /// What the training loss is called.
    loss: &'static str,
    bar: Option<Bar>,
}

/// A bar with epoch, loss, validation error, rows a second and the time left.
struct Bar {
    bar: ProgressBar,
    /// Where this process began, so that a resumed run does not count what another one did.
    first_step: usize,
    started: Instant,
    drawn: Instant,
    rows_a_step: f64,
    last: String,
}

/// Between two drawings; a small network takes 50,000 steps a second.
const REDRAW: Duration = Duration::from_millis(100);

impl<'a, W: Write> Progress<'a, W> {
    pub(super) fn new(
        style: Style,
        (trainer, splits): (&Trainer<'_>, &Splits),
        out: &'a mut W,
    ) -> Self {
        let loss = trainer.experiment().loss();
        let measure = Measure::of(loss, splits.train.task(), validates(trainer, splits));
        let bar = style.bar(trainer.steps() as u64);
        let bar = bar.map(|bar| Bar::new(bar, trainer));
        Progress {
            out,
            style,
            measure,
            about: about(trainer, splits),
            loss: if trainer.network().has_dropout() {
                "loss (dropout on)"
            } else {
                "loss"
            },
            bar,
        }
    }

    /// Also shows how good the linear model among the `baselines` is, before the network trains, to be compared with it meanwhile.
    pub(super) fn beside(
        mut self,
        baselines: &Option<Baselines>,
        (trainer, splits): (&Trainer<'_>, &Splits),
    ) -> Result<Self> {
        let (experiment, device) = (trainer.experiment(), trainer.network().device());
        let is_linear = experiment.network.hidden.is_empty();
        let shows = self.style == Style::Words && !is_linear && !trainer.has_ended();
        if let Some(baselines) = baselines.as_ref().filter(|_| shows) {
            let rows = (&splits.train, splits.validation.as_ref());
            let found = baselines.linear_while_training(experiment, rows, &device)?;
            let words = |found| format!("a linear model: validation {}", headline(&found));
            self.about.extend(found.map(words));
        }
        Ok(self)
    }

    pub(super) fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        if self.style == Style::Words {
            writeln!(self.out, "{}", describe(trainer.members()))?;
            for line in &self.about {
                writeln!(self.out, "{line}")?;
            }
        }
        Ok(())
    }

    pub(super) fn stepped(&mut self, trainer: &Trainer<'_>) {
        if let Some(bar) = &mut self.bar {
            bar.stepped(trainer);
        }
    }

    pub(super) fn evaluated(
        &mut self,
        trainer: &Trainer<'_>,
        report: &Report,
        lines: &[String],
    ) -> Result<()> {
        match (self.style, &mut self.bar) {
            (Style::Quiet, _) => {}
            (Style::Json, _) => {
                for line in lines {
                    writeln!(self.out, "{line}")?;
                }
                self.out.flush()?;
            }
            (Style::Words, Some(bar)) => bar.last = words((self.measure, self.loss), report),
            (Style::Words, None) => {
                let place = place(trainer, report);
                writeln!(
                    self.out,
                    "{place}: {}",
                    words((self.measure, self.loss), report)
                )?;
                self.out.flush()?;
            }
        }
        Ok(())
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.bar.finish_and_clear();
        }
    }
}

/// Nothing of the few rows of a tutorial, which are shown one by one.
fn about(trainer: &Trainer<'_>, splits: &Splits) -> Vec<String> {
    if splits.train.len() <= FEW_ROWS {
        return Vec::new();
    }
    let (target, words) = (target(trainer.experiment()), target_words(&splits.train));
    let notes = splits.notes.iter().map(|note| format!("note: {note}"));
    std::iter::once(format!("{target}{words}"))
        .chain(notes)
        .collect()
}

/// Where training is, in the unit that the configuration counts in.
fn place(trainer: &Trainer<'_>, report: &Report) -> String {
    if trainer.experiment().train.steps.is_some() {
        format!("step {:>6}", report.step)
    } else {
        let epochs = trainer.experiment().train.epochs.unwrap_or_default();
        let width = epochs.to_string().len();
        format!("epoch {:>width$}/{epochs}", report.epoch)
    }
}

/// How good the network is, in few words: its loss and error, or with the tutorial's measure that alone.
fn words((measure, loss): (Measure, &str), report: &Report) -> String {
    let (split, found) = match (&report.validation, &report.train) {
        (Some(validation), _) => ("validation", Some(validation)),
        (None, train) => ("training", train.as_ref()),
    };
    if let (Measure::MeanAbsoluteError, Some(found)) = (measure, found) {
        return shown(measure, measure.value(&found.metrics));
    }
    let error = found.map(|found| format!(", {split} {}", headline(&found.metrics)));
    let best = if report.best { " (best)" } else { "" };
    let rates: Vec<String> = report
        .rates
        .iter()
        .map(|rate| format!("{rate:.3}"))
        .collect();
    let rates = match rates.len() {
        0 => String::new(),
        _ => format!(", dropout {}", rates.join(" / ")),
    };
    format!(
        "{loss} {:.4}{}{best}{rates}",
        report.training_loss,
        error.unwrap_or_default()
    )
}

/// The number to watch with its name.
pub(super) fn headline(metrics: &Metrics) -> String {
    let (measure, value) = metrics.headline();
    shown(measure, value)
}

fn shown(measure: Measure, value: f64) -> String {
    format!("{} {}", measure.name(), measure.text(value))
}

impl Bar {
    fn new(bar: ProgressBar, trainer: &Trainer<'_>) -> Self {
        Bar {
            bar,
            first_step: trainer.step(),
            started: Instant::now(),
            drawn: Instant::now(),
            rows_a_step: trainer.rows_a_step(),
            last: String::new(),
        }
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) {
        if self.drawn.elapsed() < REDRAW {
            return;
        }
        self.drawn = Instant::now();
        let (step, steps) = (trainer.step(), trainer.steps());
        let seconds = self.started.elapsed().as_secs_f64();
        let pace = (step - self.first_step) as f64 / seconds.max(1e-9);
        let left = (steps - step) as f64 / pace.max(1e-9);
        self.bar.set_position(step as u64);
        self.bar
            .set_prefix(match trainer.experiment().train.epochs {
                Some(epochs) => format!("epoch {}/{epochs}", (trainer.epoch() + 1).min(epochs)),
                None => format!("step {step}/{steps}"),
            });
        self.bar.set_message(format!(
            "{} {:.0} rows/s, {} left",
            self.last,
            pace * self.rows_a_step,
            indicatif::HumanDuration(Duration::from_secs_f64(left.min(1e9))),
        ));
    }
}
