//! What the tutorial's printed hidden delta changes in practice: many networks trained with it, and
//! the same ones (weights, masks) trained with the true gradient.

mod tutorial;

use clap::Parser;
use dropwise::seed::{Purpose, stream};
use rayon::prelude::*;
use tutorial::{Delta, Network, draw_masks, score};

/// Compare the tutorial's printed hidden delta with the true gradient on XOR
#[derive(Parser)]
struct Args {
    /// Networks of each kind, each with a seed of its own
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Training steps, alpha 0.5
    #[arg(long, default_value_t = 20_000)]
    steps: usize,
}

fn main() {
    let Args { seeds, steps } = Args::parse();
    println!(
        "{seeds} seeds, {steps} steps; share of networks with all four answers on the right side;"
    );
    println!("mean absolute error\n");
    println!("| hidden | dropout | true gradient | printed delta |");
    println!("|---|---|---|---|");
    for hidden in [4, 16] {
        for rate in [0.0, 0.2, 0.5] {
            let cell = |delta| {
                let (solved, error) = study(hidden, rate, delta, seeds, steps);
                format!("{solved:.3}; {error:.4}")
            };
            let (exact, printed) = (cell(Delta::True), cell(Delta::Printed));
            println!("| {hidden} | {rate} | {exact} | {printed} |");
        }
    }
}

/// The share of networks that solve the task, and the mean of their errors.
fn study(hidden: usize, rate: f64, delta: Delta, seeds: u64, steps: usize) -> (f64, f64) {
    let scores = (0..seeds).into_par_iter().map(|seed| {
        let mut network = Network::random(hidden, &mut stream(seed, Purpose::Weights));
        let mut generator = stream(seed, Purpose::Masks);
        let mut masks = vec![1.0; 4 * hidden];
        for _ in 0..steps {
            draw_masks(&mut masks, rate, &mut generator);
            network.descend(0.5, &masks, rate, delta);
        }
        score(network.outputs())
    });
    let (errors, solved): (Vec<f64>, Vec<bool>) = scores.unzip();
    let share = solved.iter().filter(|solved| **solved).count() as f64 / seeds as f64;
    (share, errors.iter().sum::<f64>() / seeds as f64)
}
