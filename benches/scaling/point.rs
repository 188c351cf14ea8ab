//! One measurement: a training of some shape, its time and its memory.

use std::time::Instant;

use dropwise::backend::Backend;
use dropwise::config::Experiment;
use dropwise::data::{Source, Task, xor};
use dropwise::train::{Flow, Observer, Replica, Replicas, ReplicasObserver, Trainer};
use dropwise::{Dataset, Result};
use serde::{Deserialize, Serialize};

/// How long to measure, in seconds, and how many times at least.
const SECONDS: f64 = 0.5;
const SAMPLES: usize = 5;

/// What is trained: `inputs`-`width`-...-10 with `depth` hidden layers, ReLU, dropout 0.2 / 0.5, momentum; or so
/// many `replicas` of the tutorial's network, where that is not 0.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Point {
    pub rows: usize,
    pub inputs: usize,
    pub width: usize,
    pub depth: usize,
    pub batch: usize,
    pub replicas: usize,
    pub threads: usize,
    /// Whether an epoch is timed, rather than a step.
    pub whole_epoch: bool,
}

/// What a measurement finds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Found {
    pub milliseconds: f64,
    /// Of the whole process; not known outside Linux, and then not a number.
    pub peak_mib: f64,
}

impl Point {
    pub fn measure(&self) -> Result<Found> {
        let milliseconds = match self.replicas {
            0 => self.one_network()?,
            count => several_networks(count)?,
        };
        let peak_mib = peak_mib().unwrap_or(f64::NAN);
        Ok(Found {
            milliseconds,
            peak_mib,
        })
    }

    fn one_network(&self) -> Result<f64> {
        let (width, batch) = (self.width, self.batch);
        // Nothing is learned at this rate, at the same cost: 32 layers with half of their units dropped would diverge.
        let hidden = vec![width; self.depth];
        let experiment = format!(
            "[data]\nsource = \"custom\"\n[network]\nhidden = {hidden:?}\nactivation = \"relu\"\n\
             [dropout]\ninput = 0.2\nhidden = 0.5\nmasks = \"seeded\"\n\
             [train]\nlearning_rate = 1e-20\nmomentum = 0.9\nbatch_size = {batch}\n\
             epochs = 1000000\nevaluate_every = 1000000\n"
        );
        let experiment = Experiment::parse("scaling", &experiment)?;
        let data = Dataset::new(Noise::new(self.rows, self.inputs));
        let device = Backend::default().device()?;
        let mut trainer = Trainer::new(&experiment, &data, None, &device)?;
        let steps = match self.whole_epoch {
            true => self.rows.div_ceil(batch),
            false => 1,
        };
        let mut watch = Stopwatch::new(steps);
        trainer.run(&mut watch)?;
        Ok(watch.median())
    }
}

/// The time of a step of all networks.
fn several_networks(count: usize) -> Result<f64> {
    let text = include_str!("../../config/xor.toml");
    let mut experiment = Experiment::parse("config/xor.toml", text)?.into_inner();
    experiment.study.replicas = count;
    experiment.train.steps = Some(usize::MAX / 2);
    experiment.train.evaluate_every = Some(usize::MAX / 2);
    let experiment = experiment.check()?;
    let (data, device) = (xor(), Backend::default().device()?);
    let several = Replica::several(&experiment);
    let mut watch = Stopwatch::new(1);
    Replicas::new(&experiment, several, &data, None, &device)?.run(&mut watch)?;
    Ok(watch.median())
}

/// Times so many steps at once, until it has enough samples.
struct Stopwatch {
    /// Steps a sample.
    steps: usize,
    started: Option<Instant>,
    /// When the last sample ended, and the step that it ended with.
    last: (Instant, usize),
    samples: Vec<f64>,
}

impl Stopwatch {
    fn new(steps: usize) -> Self {
        Stopwatch {
            steps,
            started: None,
            last: (Instant::now(), 0),
            samples: Vec::new(),
        }
    }

    fn stepped(&mut self, step: usize) -> Flow {
        let (since, from) = self.last;
        let steps = step - from;
        if steps < self.steps {
            return Flow::Continue;
        }
        let now = Instant::now();
        self.last = (now, step);
        // The first sample opens threads and memory.
        let Some(started) = self.started else {
            self.started = Some(now);
            return Flow::Continue;
        };
        let taken = (now - since).as_secs_f64() * 1e3;
        self.samples.push(taken * self.steps as f64 / steps as f64);
        let enough = started.elapsed().as_secs_f64() >= SECONDS && self.samples.len() >= SAMPLES;
        if enough { Flow::Stop } else { Flow::Continue }
    }

    fn median(&mut self) -> f64 {
        self.samples.sort_by(f64::total_cmp);
        let middle = self.samples.get(self.samples.len() / 2);
        middle.copied().unwrap_or(f64::NAN)
    }
}

impl Observer for Stopwatch {
    fn stepped(&mut self, trainer: &Trainer<'_>) -> Result<Flow> {
        Ok(self.stepped(trainer.step()))
    }
}

impl ReplicasObserver for Stopwatch {
    fn stepped(&mut self, replicas: &Replicas<'_>) -> Result<Flow> {
        Ok(self.stepped(replicas.step()))
    }
}

/// The most memory that this process has had at once.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Rows of noise, a byte an input, in ten classes.
struct Noise {
    task: Task,
    inputs: usize,
    bytes: Vec<u8>,
}

impl Noise {
    fn new(rows: usize, inputs: usize) -> Self {
        // Weyl's sequence, a byte of it an input.
        let byte = |k: u64| (k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        Noise {
            task: Task::Classification {
                classes: (0..10).map(|class| class.to_string()).collect(),
            },
            inputs,
            bytes: (0..(rows * inputs) as u64).map(byte).collect(),
        }
    }
}

impl Source for Noise {
    fn rows(&self) -> usize {
        self.bytes.len() / self.inputs
    }

    fn d_input(&self) -> usize {
        self.inputs
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let bytes = &self.bytes[row * self.inputs..][..self.inputs];
        for (input, byte) in into.iter_mut().zip(bytes) {
            *input = f64::from(*byte) / 255.0;
        }
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.fill(0.0);
        into[row % 10] = 1.0;
    }
}
