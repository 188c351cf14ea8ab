//! The observer that shows progress, keeps the run and watches for Ctrl-C.

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use dropwise::config::Precision;
use dropwise::data::Splits;
use dropwise::train::{Flow, Observer, Report, Trainer};
use dropwise::{Mlp, Result};
use dropwise_lab::explain::Recorder;
use dropwise_lab::store::{ModelName, Run, snapshot, weights};

use super::super::{interrupt, json};
use super::progress::Progress;
use super::summary::{self, RunReport};

/// Shows progress, keeps the run and watches for Ctrl-C.
pub(super) struct Keeper<'a, W> {
    progress: Progress<'a, W>,
    run: Option<Run>,
    /// Records weights where there is a run to keep.
    recorder: Option<Recorder>,
    checkpoint_every: Duration,
    started: Instant,
    /// Seconds that the processes before this one took up to the checkpoint that this one goes on from.
    seconds_before: f64,
    last_checkpoint: Instant,
    /// The step of the last checkpoint.
    kept: Option<usize>,
    /// Whether this process has trained, or found a run that had ended.
    has_trained: bool,
}

impl<'a, W: Write> Keeper<'a, W> {
    pub(super) fn new(
        progress: Progress<'a, W>,
        run: Option<Run>,
        (trainer, splits): (&Trainer<'_>, &Splits),
        seconds: f64,
    ) -> Self {
        let now = Instant::now();
        // A run that was begun by an older version has no recorded weights, and none to go on with.
        let records = |run: &Run| trainer.step() == 0 || run.has_trail();
        let recorder = run
            .as_ref()
            .filter(|run| records(run))
            .map(|_| Recorder::new(&splits.train, trainer.network(), trainer.steps()));
        let goes_on = run.as_ref().filter(|_| trainer.step() > 0);
        let seconds_before = goes_on.and_then(|run| run.seconds()).unwrap_or(0.0);
        Keeper {
            progress,
            run,
            recorder,
            checkpoint_every: Duration::from_secs_f64(seconds),
            started: now,
            seconds_before,
            last_checkpoint: now,
            // A run that goes on does so from a checkpoint.
            kept: Some(trainer.step()).filter(|step| *step > 0),
            has_trained: false,
        }
    }

    /// How long training has taken, over all processes.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Takes a checkpoint, if there is a run to keep and none was taken after this step.
    pub(super) fn keep(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        if self.kept == Some(trainer.step()) {
            return Ok(());
        }
        let seconds = self.seconds();
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let precision = trainer.experiment().precision;
        let checkpoint = snapshot::to_checkpoint(&trainer.snapshot()?, precision)?;
        run.save_checkpoint(trainer.step() as u64, &checkpoint)?;
        run.save_seconds(seconds)?;
        self.last_checkpoint = Instant::now();
        self.kept = Some(trainer.step());
        Ok(())
    }

    /// Records weights, if it is time for that.
    fn record(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        let (Some(run), Some(recorder)) = (&mut self.run, &self.recorder) else {
            return Ok(());
        };
        let step = trainer.step();
        if !recorder.is_due(step) && !trainer.has_ended() {
            return Ok(());
        }
        match recorder.record(trainer.network(), step)? {
            Some(line) => run.append_trail(&json(&line)?)?,
            // Such a training is at its end, and a first line that is missing makes the others worthless.
            None => self.recorder = None,
        }
        Ok(())
    }

    /// Writes the models and the report; the result is the run's folder.
    pub(super) fn finish(
        mut self,
        trainer: &Trainer<'_>,
        report: &RunReport,
    ) -> Result<Option<PathBuf>> {
        self.progress.end();
        self.keep(trainer)?;
        let Some(run) = &mut self.run else {
            return Ok(None);
        };
        let precision = trainer.experiment().precision;
        save_model(
            run,
            ModelName::Last,
            trainer.network(),
            trainer.step(),
            precision,
        )?;
        if let Some((network, step)) = trainer.best() {
            save_model(run, ModelName::Best, network, step, precision)?;
        }
        // The report of a run that had ended says how long it took.
        if self.has_trained || !run.has_report() {
            run.save_report(&report.pretty()?)?;
        }
        Ok(Some(run.dir().to_owned()))
    }

    /// Takes a checkpoint and says how to go on.
    pub(super) fn explain_interruption(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        self.progress.end();
        self.keep(trainer)?;
        let step = trainer.step();
        match &self.run {
            Some(run) => {
                let dir = run.dir().display();
                eprintln!(
                    "interrupted after step {step}; go on with: dropwise train --resume {dir}"
                );
            }
            None => eprintln!(
                "interrupted after step {step}; nothing is kept: with --out DIR a run can go on"
            ),
        }
        Ok(())
    }

    /// Says what is left of a run that failed.
    pub(super) fn explain_failure(&self) {
        self.progress.end();
        if let (Some(run), Some(step)) = (&self.run, self.kept) {
            let dir = run.dir().display();
            eprintln!("the checkpoint of step {step} in {dir} is good");
        }
    }
}

fn save_model(
    run: &mut Run,
    name: ModelName,
    network: &Mlp,
    step: usize,
    precision: Precision,
) -> Result<()> {
    let arrays = weights::to_arrays("", &network.weights()?, precision);
    let metadata = [("network", network.to_string()), ("step", step.to_string())];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    run.save_model(name, &arrays, &metadata)
}

impl<W: Write> Observer for Keeper<'_, W> {
    fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        // A run that was killed before its first checkpoint has this line already.
        if trainer.step() == 0 && self.run.as_ref().is_some_and(|run| !run.has_trail()) {
            self.record(trainer)?;
        }
        self.progress.started(trainer)
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        self.has_trained = true;
        self.progress.stepped(trainer);
        self.record(trainer)?;
        if interrupt::asked() {
            return Ok(Flow::Stop);
        }
        // The clock is asked only where there is a run to keep: that costs a step of a tiny network dearly.
        if self.run.is_some() && self.last_checkpoint.elapsed() >= self.checkpoint_every {
            self.keep(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        let lines = summary::lines(report)?;
        if let Some(run) = &mut self.run {
            for line in &lines {
                run.append_metrics(line)?;
            }
        }
        self.progress.evaluated(trainer, report, &lines)
    }
}
