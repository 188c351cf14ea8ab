//! Trials in parallel, each on one core.

use std::io::Write;
use std::time::{Duration, Instant};

use burn::tensor::Device;
use dropwise::Result;
use dropwise_lab::tune::{Trial, TrialOutcome, TrialRunner, TuneSplits};

use super::super::interrupt;
use super::super::parallel::run_parallel;
use super::job::Job;
use super::show::Show;
use super::trial_log::{Record, TrialLog, Turn};

/// Trains trials, and saves and prints them as they end.
pub(super) struct Workers<'a, W> {
    rows: &'a TuneSplits,
    device: Device,
    jobs: usize,
    /// When to start no more trials, on the clock of the study.
    budget: Option<Duration>,
    started: Instant,
    log: Option<TrialLog>,
    show: Show<'a, W>,
}

impl<'a, W: Write> Workers<'a, W> {
    pub(super) fn new(
        job: &'a Job,
        jobs: usize,
        budget: Option<Duration>,
        log: Option<TrialLog>,
        show: Show<'a, W>,
    ) -> Result<Self> {
        Ok(Workers {
            rows: &job.rows,
            device: job.backend.device()?,
            jobs,
            budget,
            started: Instant::now(),
            log,
            show,
        })
    }

    pub(super) fn end(self) -> (Option<TrialLog>, Show<'a, W>) {
        (self.log, self.show)
    }

    /// The clock of the study.
    fn elapsed(&self, log: Option<&TrialLog>) -> f64 {
        let before = log.map_or(0.0, |log| log.elapsed);
        before + self.started.elapsed().as_secs_f64()
    }

    /// A trial has ended.
    fn on_trial_end(
        &mut self,
        trial: &Trial,
        (outcome, seconds): (TrialOutcome, f64),
        log: Option<&TrialLog>,
    ) -> Result<Record> {
        let record = Record {
            phase: trial.phase,
            trial: trial.number,
            seed: trial.experiment.seed,
            setting: trial.setting.clone(),
            outcome,
            seconds,
            elapsed: self.elapsed(log),
        };
        if let Some(log) = log {
            log.append(&record)?;
        }
        self.show.ended(&record)?;
        Ok(record)
    }

    /// Trains the trials that have no record yet and that nobody else trains, and takes in those that others have ended. Each is
    /// saved as it ends, even if another one fails. The result is whether one was cancelled.
    fn train(&mut self, trials: &[Trial], records: &mut [Option<Record>]) -> Result<bool> {
        let (rows, device) = (self.rows, self.device.clone());
        let missing: Vec<usize> = (0..trials.len())
            .filter(|k| records[*k].is_none())
            .collect();
        let log = self.log.take();
        let work = |k: usize, goes_on: &(dyn Fn() -> bool + Sync)| {
            let trial = &trials[missing[k]];
            let turn = log
                .as_ref()
                .map_or(Ok(Turn::Ours(None)), |log| log.turn(trial))?;
            let started = Instant::now();
            let goes_on = || !interrupt::requested() && goes_on();
            let outcome = match &turn {
                Turn::Ours(_) => trial.run(rows, &device, &goes_on)?,
                _ => None,
            };
            Ok((turn, outcome, started.elapsed().as_secs_f64()))
        };
        let mut is_cancelled = false;
        let ended = run_parallel(
            self.jobs,
            missing.len(),
            work,
            |k, (turn, outcome, seconds)| {
                let k = missing[k];
                match (turn, outcome) {
                    (Turn::Taken, _) => {}
                    (Turn::Ended(record), _) => {
                        self.show.ended(&record)?;
                        records[k] = Some(*record);
                    }
                    (Turn::Ours(_claim), Some(outcome)) => {
                        records[k] = Some(self.on_trial_end(
                            &trials[k],
                            (outcome, seconds),
                            log.as_ref(),
                        )?);
                    }
                    (Turn::Ours(_), None) => is_cancelled = true,
                }
                Ok(())
            },
        );
        self.log = log;
        ended.map(|()| is_cancelled)
    }
}

/// How long a process waits before it looks whether another one has ended what it waits for: longer each time that none has, so that
/// many of them ask little of a shared folder.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_secs(2);

impl<W: Write> TrialRunner for Workers<'_, W> {
    fn run(&mut self, trials: &[Trial]) -> Result<Option<Vec<TrialOutcome>>> {
        let mut records = vec![None; trials.len()];
        for (trial, record) in trials.iter().zip(&mut records) {
            if let Some(log) = &mut self.log {
                *record = log.known(trial)?;
            }
            if let Some(known) = record {
                self.show.ended(known)?;
            }
        }
        let missing = |records: &[Option<Record>]| records.iter().filter(|it| it.is_none()).count();
        let mut look = FIRST_LOOK;
        while missing(&records) > 0 {
            let before = missing(&records);
            if self.train(trials, &mut records)? || interrupt::requested() {
                return Ok(None);
            }
            match missing(&records) {
                0 => {}
                now if now < before => look = FIRST_LOOK,
                _ => {
                    std::thread::sleep(look);
                    look = (2 * look).min(LAST_LOOK);
                }
            }
        }
        let ended: Option<Vec<Record>> = records.into_iter().collect();
        let Some(records) = ended else {
            return Ok(None);
        };
        if let Some(log) = &mut self.log {
            log.order(&records)?;
        }
        Ok(Some(
            records.into_iter().map(|record| record.outcome).collect(),
        ))
    }

    fn has_time(&mut self) -> bool {
        match &self.log {
            // A resumed study repeats its decisions.
            Some(log) if log.has_more() => true,
            // The search has ended.
            Some(log) if log.has_chosen => false,
            _ => self
                .budget
                .is_none_or(|budget| self.elapsed(self.log.as_ref()) < budget.as_secs_f64()),
        }
    }
}
