//! Data of one's own: implement [`Source`], and everything else works on it.
//!
//! Points lie on two spirals that wind round each other; the network says which one a point is on.
//! The rows are not in memory: each is computed when it is asked for. `cargo run --example
//! custom_data` runs it.
use dropwise::config::Experiment;
use dropwise::data::{Source, Task};
use dropwise::train::{Observer, Report, Trainer};
use dropwise::{Backend, Dataset, evaluate};

/// Points on two spirals, the even rows on one and the odd rows on the other.
struct Spirals {
    rows: usize,
    task: Task,
}

impl Source for Spirals {
    fn rows(&self) -> usize {
        self.rows
    }

    fn d_input(&self) -> usize {
        2
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        let along = (row / 2) as f64 / (self.rows / 2) as f64; // 0 at the center, 1 at the rim
        let turn = if row.is_multiple_of(2) { 0.0 } else { 0.5 };
        let angle = std::f64::consts::TAU * (1.5 * along + turn);
        into.copy_from_slice(&[along * angle.cos(), along * angle.sin()]);
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into[0] = (row % 2) as f64;
    }
}

const EXPERIMENT: &str = r#"
    [data]
    source = "custom"
    [network]
    hidden = [64, 64]
    activation = "relu"
    [dropout]
    hidden = 0.1
    [train]
    optimizer = "adam"
    learning_rate = 0.01
    batch_size = 50
    epochs = 100
    evaluate_every = 20
"#;

/// Prints a line for each evaluation.
struct Lines;

impl Observer for Lines {
    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> dropwise::Result<()> {
        let (epoch, loss) = (report.epoch, report.training_loss);
        println!("epoch {epoch:>3}: training loss {loss:.4}");
        Ok(())
    }
}

fn main() -> dropwise::Result<()> {
    let classes = ["inner".to_owned(), "outer".to_owned()];
    let spirals = Dataset::new(Spirals {
        rows: 500,
        task: Task::Binary { classes },
    });
    // Every fifth row is kept for the test.
    let (test, train): (Vec<_>, Vec<_>) = (0..spirals.len()).partition(|row| row % 5 == 0);
    let (test, train) = (spirals.select(&test), spirals.select(&train));

    let experiment = Experiment::parse("spirals", EXPERIMENT)?;
    let mut trainer = Trainer::new(&experiment, &train, None, &Backend::default().device()?)?;
    trainer.run(&mut Lines)?;

    // The loss follows from the task; the resolved experiment names it.
    let loss = trainer.experiment().loss();
    let found = evaluate(&trainer.into_network(), loss, &test)?;
    println!("{}", found.metrics);
    Ok(())
}
