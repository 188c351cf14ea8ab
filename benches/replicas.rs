//! The time of one training step of one network, where 256 of the tutorial's network are trained at once:
//! 3-4-1, all four rows a step, dropout 0.2, gradient descent.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench replicas
//! cargo bench -p dropwise-benches --bench replicas -- --json
//! ```

use std::time::Instant;

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::xor;
use dropwise::train::{Flow, Replica, Replicas, ReplicasObserver};
use dropwise::{Backend, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Microseconds a network and step, each time that the observer is told.
struct Times {
    since: Instant,
    steps: usize,
    times: Vec<f64>,
}

impl ReplicasObserver for Times {
    fn stepped(&mut self, replicas: &Replicas<'_>) -> Result<Flow> {
        let seconds = self.since.elapsed().as_secs_f64();
        let count = (replicas.step() - self.steps) * replicas.len();
        self.times.push(1e6 * seconds / count as f64);
        self.steps = replicas.step();
        self.since = Instant::now();
        Ok(Flow::Continue)
    }
}

fn experiment(replicas: usize, steps: usize) -> Result<CheckedExperiment> {
    let text = include_str!("../config/xor.toml");
    let mut experiment = Experiment::parse("config/xor.toml", text)?.into_inner();
    experiment.study.replicas = replicas;
    experiment.train.steps = Some(steps);
    experiment.train.evaluate_every = Some(steps);
    experiment.check()
}

/// The median of the times, without the first, which opens threads and memory.
fn time_of_a_step(replicas: usize, steps: usize) -> Result<f64> {
    let experiment = experiment(replicas, steps)?;
    let data = xor();
    let device = Backend::default().device()?;
    let several = Replica::several(&experiment);
    let mut replicas = Replicas::new(&experiment, several, &data, None, &device)?;
    let mut times = Times {
        since: Instant::now(),
        steps: 0,
        times: Vec::new(),
    };
    let _end = replicas.run(&mut times)?;
    let mut times = times.times.split_off(times.times.len().min(2) - 1);
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    // `cargo test` asks only whether it runs.
    let steps = if has("--bench") { 20_000 } else { 300 };
    if has("--json") {
        let time = time_of_a_step(256, steps)?;
        println!("{{\"us_a_network_and_step\": {time:.4}, \"replicas\": 256}}");
        return Ok(());
    }
    for replicas in [1, 16, 64, 256, 1024] {
        let time = time_of_a_step(replicas, steps)?;
        println!("{replicas:5} networks 3-4-1: {time:.3} us a network and step");
    }
    Ok(())
}
