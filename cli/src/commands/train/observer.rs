//! The observer that shows progress and saves the run.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dropwise::config::Precision;
use dropwise::data::Splits;
use dropwise::model::describe;
use dropwise::train::{Flow, Observer, Report, Trainer};
use dropwise::{Backend, Dataset, Error, Mlp, Result};
use dropwise_lab::baseline::Baselines;
use dropwise_lab::explain::Recorder;
use dropwise_lab::export::tensorboard::{self, Events};
use dropwise_lab::store::{ModelName, Run, keep_baselines, snapshot, weights};

use super::super::json;
use super::progress::Progress;
use super::summary::{self, RunReport};

/// Shows progress and saves the run. After each step `goes_on` says whether to continue.
pub(super) struct RunObserver<'a, W, F> {
    progress: Progress<'a, W>,
    run: Option<Run>,
    /// Where there is a run.
    recorder: Option<Recorder>,
    checkpoint_every: Duration,
    started: Instant,
    /// Training time of earlier processes, up to the checkpoint that was resumed.
    seconds_before: f64,
    last_checkpoint: Instant,
    last_checkpoint_step: Option<usize>,
    /// Whether this process has trained; else the resumed run had ended already.
    has_trained: bool,
    /// What TensorBoard is shown, and the rows whose activations it is shown.
    events: Option<(Events<File>, &'a Dataset)>,
    goes_on: F,
    /// Whether somebody asks for a checkpoint.
    asked: Arc<AtomicBool>,
}

impl<'a, W: Write, F: FnMut(&Trainer<'_>) -> bool> RunObserver<'a, W, F> {
    pub(super) fn new(
        progress: Progress<'a, W>,
        run: Option<Run>,
        (trainer, splits): (&Trainer<'_>, &Splits),
        checkpoint_every: f64,
        goes_on: F,
    ) -> Self {
        let now = Instant::now();
        let is_new = trainer.step() == 0;
        // A run that an older version started has recorded no weights, and a trail cannot start in the middle.
        let recorder = run
            .as_ref()
            .filter(|run| is_new || run.has_trail())
            .map(|_| Recorder::new(&splits.train, trainer.network(), trainer.steps()));
        let resumed = run.as_ref().filter(|_| !is_new);
        let seconds_before = resumed.and_then(|run| run.seconds()).unwrap_or(0.0);
        RunObserver {
            progress,
            run,
            recorder,
            checkpoint_every: Duration::from_secs_f64(checkpoint_every),
            started: now,
            seconds_before,
            last_checkpoint: now,
            last_checkpoint_step: (!is_new).then_some(trainer.step()),
            has_trained: false,
            events: None,
            goes_on,
            asked: Arc::default(),
        }
    }

    /// Also saves a checkpoint whenever this flag is set.
    pub(super) fn with_checkpoints_when(mut self, asked: Arc<AtomicBool>) -> Self {
        self.asked = asked;
        self
    }

    /// Also writes events for TensorBoard to a folder.
    pub(super) fn with_events(
        mut self,
        dir: Option<&Path>,
        (trainer, splits): (&Trainer<'_>, &'a Splits),
    ) -> Result<Self> {
        let rows = splits.validation.as_ref().unwrap_or(&splits.train);
        let create = |dir: &Path| Ok::<_, Error>((Events::create(dir, trainer.step() + 1)?, rows));
        self.events = dir.map(create).transpose()?;
        Ok(self)
    }

    /// Training time, over all processes.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    /// Saves a checkpoint, if there is a run and this step has none yet.
    pub(super) fn checkpoint(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        if self.last_checkpoint_step == Some(trainer.step()) {
            return Ok(());
        }
        let seconds = self.seconds();
        let Some(run) = &mut self.run else {
            return Ok(());
        };
        let precision = trainer.experiment().precision;
        let checkpoint = snapshot::to_checkpoint(&trainer.snapshot()?, precision)?;
        let checkpoint = checkpoint.with_config(run.config_text());
        run.save_checkpoint(trainer.step() as u64, &checkpoint)?;
        run.save_seconds(seconds)?;
        self.last_checkpoint = Instant::now();
        self.last_checkpoint_step = Some(trainer.step());
        Ok(())
    }

    /// Records weights, if they are due.
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
            // The weights are not finite: training is about to fail, and a trail without its first line is of no use.
            None => self.recorder = None,
        }
        Ok(())
    }

    /// Saves the models, the baselines and the report, and returns the run's folder.
    pub(super) fn finish(
        mut self,
        trainer: &Trainer<'_>,
        report: &RunReport,
        baselines: Option<&Baselines>,
    ) -> Result<Option<PathBuf>> {
        self.progress.end();
        self.checkpoint(trainer)?;
        let Some(run) = &mut self.run else {
            return Ok(None);
        };
        let precision = trainer.experiment().precision;
        save_model(
            run,
            ModelName::Last,
            trainer.members(),
            trainer.step(),
            precision,
        )?;
        if let Some((members, step)) = trainer.best_members() {
            save_model(run, ModelName::Best, members, step, precision)?;
        }
        if let Some(baselines) = baselines {
            keep_baselines(run.dir(), baselines)?;
        }
        // A run that had ended has its report, with the training time in it.
        if self.has_trained || !run.has_report() {
            run.save_report(&report.pretty()?)?;
        }
        Ok(Some(run.dir().to_owned()))
    }

    /// Saves a checkpoint and says how to resume.
    pub(super) fn explain_interruption(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        self.progress.end();
        self.checkpoint(trainer)?;
        let step = trainer.step();
        match &self.run {
            Some(run) => {
                let dir = run.dir().display();
                eprintln!(
                    "interrupted after step {step}; resume with: dropwise train --resume {dir}"
                );
            }
            None => eprintln!(
                "interrupted after step {step}; nothing was saved: a run with --out DIR can be resumed"
            ),
        }
        Ok(())
    }

    /// Says why a run failed, as far as the error does not, and which of its checkpoints can be used.
    pub(super) fn explain_failure(&self, error: &Error, backend: &Backend) {
        self.progress.end();
        let is_computing = matches!(error, Error::Compute(_));
        if is_computing && backend.name() == "remote" {
            eprintln!("the server of `{backend}` does not answer any more");
        }
        if let (Some(run), Some(step)) = (&self.run, self.last_checkpoint_step) {
            let dir = run.dir().display();
            let fix = if is_computing {
                format!("; resume with: dropwise train --resume {dir}")
            } else {
                String::new()
            };
            eprintln!("the checkpoint of step {step} in {dir} is intact{fix}");
        }
    }
}

fn save_model(
    run: &mut Run,
    name: ModelName,
    members: &[Mlp],
    step: usize,
    precision: Precision,
) -> Result<()> {
    let mut arrays = Vec::new();
    for (r, network) in members.iter().enumerate() {
        let prefix = weights::member_prefix(r, members.len());
        arrays.extend(weights::to_arrays(&prefix, &network.weights()?, precision));
        arrays.extend(weights::logits_to_arrays(&prefix, network, precision));
    }
    let metadata = [("network", describe(members)), ("step", step.to_string())];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    run.save_model(name, &arrays, &metadata)
}

impl<W: Write, F: FnMut(&Trainer<'_>) -> bool> Observer for RunObserver<'_, W, F> {
    fn started(&mut self, trainer: &Trainer<'_>) -> Result<()> {
        // A run that was killed before its first checkpoint has the first line already.
        if trainer.step() == 0 && self.run.as_ref().is_some_and(|run| !run.has_trail()) {
            self.record(trainer)?;
        }
        self.progress.started(trainer)
    }

    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        self.has_trained = true;
        self.progress.stepped(trainer);
        self.record(trainer)?;
        if !(self.goes_on)(trainer) {
            return Ok(Flow::Stop);
        }
        if self.asked.swap(false, Ordering::Relaxed) {
            self.checkpoint(trainer)?;
            return Ok(Flow::Continue);
        }
        // Reading the clock takes long beside a step of a tiny network, so it is read only where there is a run.
        if self.run.is_some() && self.last_checkpoint.elapsed() >= self.checkpoint_every {
            self.checkpoint(trainer)?;
        }
        Ok(Flow::Continue)
    }

    fn looks_after(&self, step: usize) -> bool {
        let recorder = self.recorder.as_ref();
        recorder.is_some_and(|recorder| recorder.is_due(step))
    }

    fn evaluated(&mut self, trainer: &Trainer<'_>, report: &Report) -> Result<()> {
        let lines = summary::lines(report)?;
        if let Some(run) = &mut self.run {
            for line in &lines {
                run.append_metrics(line)?;
            }
        }
        if let Some((events, rows)) = &mut self.events {
            let seconds = tensorboard::now();
            for line in &lines {
                events.add_metrics(line, seconds)?;
            }
            let network = trainer.network();
            events.add_weights(trainer.step(), &network.weights()?, seconds)?;
            events.add_activations(trainer.step(), network, rows, seconds)?;
        }
        self.progress.evaluated(trainer, report, &lines)
    }
}
