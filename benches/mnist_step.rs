//! The time of one training step of 784-1024-1024-10 as the program takes it: batches of 128 rows, ReLU,
//! cross-entropy, gradient descent with momentum 0.9, with dropout 0.2 / 0.5 / 0.5 and without, in turn.
//! The trainer is the program's own; making the batch and reading the loss are part of the step. The rows are
//! random, since their values do not change the time.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench mnist_step              # medians and quartiles
//! cargo bench -p dropwise-benches --bench mnist_step -- --json    # one line for scripts
//! ```

use std::time::Instant;

use dropwise::backend::Backend;
use dropwise::config::Experiment;
use dropwise::data::{Source, Task};
use dropwise::train::{Flow, Observer, Report, Trainer};
use dropwise::{Dataset, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXPERIMENT: &str = r#"
    [data]
    source = "custom"
    [network]
    hidden = [1024, 1024]
    activation = "relu"
    [dropout]
    DROPOUT
    [train]
    learning_rate = 0.01
    momentum = 0.9
    batch_size = 128
    epochs = 1000000
    evaluate_every = 1000000
"#;
const ROWS: usize = 128 * 64;
/// Steps before the first that counts: threads, buffers and caches are then as they stay.
const WARM_UP: usize = 20;

/// How long to measure: turns with dropout and without alternate, so that a busy machine slows both.
struct Plan {
    turns: usize,
    steps_a_turn: usize,
}

fn main() -> Result<()> {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    // `cargo bench` says `--bench`; `cargo test` only wants to see it run.
    let plan = if has("--bench") {
        Plan {
            turns: 12,
            steps_a_turn: 50,
        }
    } else {
        Plan {
            turns: 2,
            steps_a_turn: 2,
        }
    };
    let [on, off] = measure(&plan)?;
    if has("--json") {
        let (with, without) = (quantile(&on, 0.5), quantile(&off, 0.5));
        println!(
            r#"{{"with_dropout_ms": {with:.4}, "without_dropout_ms": {without:.4}, "steps": {}}}"#,
            on.len()
        );
    } else {
        println!("784-1024-1024-10, batch 128, a training step in ms: median (quartiles)");
        for (name, times) in [("dropout 0.2/0.5/0.5", &on), ("no dropout", &off)] {
            let [low, median, high] = [0.25, 0.5, 0.75].map(|part| quantile(times, part));
            println!("{name:<20} {median:.3} ({low:.3} to {high:.3})");
        }
        let added = quantile(&on, 0.5) / quantile(&off, 0.5) - 1.0;
        println!(
            "dropout adds {:.1}%, {} steps each",
            added * 100.0,
            on.len()
        );
    }
    Ok(())
}

/// Milliseconds of steps, with dropout and without.
fn measure(plan: &Plan) -> Result<[Vec<f64>; 2]> {
    let device = Backend::default().device()?;
    let rows = Dataset::new(Noise::new(ROWS));
    let trainer = |dropout: &str| -> Result<Trainer<'_>> {
        let experiment = Experiment::parse("mnist_step", &EXPERIMENT.replace("DROPOUT", dropout))?;
        Trainer::new(&experiment, &rows, None, &device)
    };
    let mut trainers = [trainer("input = 0.2\nhidden = 0.5")?, trainer("")?];
    let mut times = [Vec::new(), Vec::new()];
    for trainer in &mut trainers {
        trainer.run(&mut Stopwatch::new(WARM_UP.min(plan.steps_a_turn)))?;
    }
    for _ in 0..plan.turns {
        for (trainer, times) in trainers.iter_mut().zip(&mut times) {
            let mut watch = Stopwatch::new(plan.steps_a_turn);
            trainer.run(&mut watch)?;
            times.append(&mut watch.milliseconds);
        }
    }
    Ok(times)
}

/// Times so many steps, then stops. An evaluation is not part of a step.
struct Stopwatch {
    steps: usize,
    last: Instant,
    evaluated: bool,
    milliseconds: Vec<f64>,
}

impl Stopwatch {
    fn new(steps: usize) -> Self {
        Stopwatch {
            steps,
            last: Instant::now(),
            evaluated: false,
            milliseconds: Vec::with_capacity(steps),
        }
    }
}

impl Observer for Stopwatch {
    fn started(&mut self, _: &Trainer<'_>) -> Result<()> {
        self.last = Instant::now();
        Ok(())
    }

    fn evaluated(&mut self, _: &Trainer<'_>, _: &Report) -> Result<()> {
        self.evaluated = true;
        Ok(())
    }

    fn stepped(&mut self, _: &Trainer<'_>) -> Result<Flow> {
        if !std::mem::take(&mut self.evaluated) {
            let time = self.last.elapsed();
            self.milliseconds.push(time.as_secs_f64() * 1e3);
        }
        let done = self.milliseconds.len() >= self.steps;
        self.last = Instant::now();
        Ok(if done { Flow::Stop } else { Flow::Continue })
    }
}

/// The value below which this part of the times lies.
fn quantile(times: &[f64], part: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

/// Images of noise in memory, a byte a pixel, as the program keeps MNIST.
struct Noise {
    task: Task,
    pixels: Vec<u8>,
}

const D_INPUT: usize = 784;
const CLASSES: usize = 10;

impl Noise {
    fn new(rows: usize) -> Self {
        // Weyl's sequence, a byte of it a pixel.
        let pixel = |k: u64| (k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        Noise {
            task: Task::Classification {
                classes: (0..CLASSES).map(|class| class.to_string()).collect(),
            },
            pixels: (0..(rows * D_INPUT) as u64).map(pixel).collect(),
        }
    }
}

impl Source for Noise {
    fn rows(&self) -> usize {
        self.pixels.len() / D_INPUT
    }

    fn d_input(&self) -> usize {
        D_INPUT
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let pixels = &self.pixels[row * D_INPUT..][..D_INPUT];
        for (input, pixel) in into.iter_mut().zip(pixels) {
            *input = f64::from(*pixel) / 255.0;
        }
    }

    fn read_inputs_f32(&self, rows: &[usize], into: &mut [f32]) {
        for (row, into) in rows.iter().zip(into.chunks_exact_mut(D_INPUT)) {
            let pixels = &self.pixels[row * D_INPUT..][..D_INPUT];
            for (input, pixel) in into.iter_mut().zip(pixels) {
                *input = f32::from(*pixel) / 255.0;
            }
        }
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.fill(0.0);
        into[row % CLASSES] = 1.0;
    }
}
