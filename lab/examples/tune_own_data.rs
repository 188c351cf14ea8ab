//! Hinton's recipe on data of one's own: [`Dataset::from_rows`], say which rows are for what, and [`tune`].
//!
//! Which of two rings is a noisy point on? Twenty more inputs are noise, and the training rows are few, so that it is easy
//! to learn them by heart. Whether dropout helps against that is for the recipe to say. `cargo run --example
//! tune_own_data` runs it.
use dropwise::config::Experiment;
use dropwise::data::Task;
use dropwise::{Backend, Dataset};
use dropwise_lab::report::tune_words;
use dropwise_lab::tune::{Recipe, SequentialRunner, TuneSplits, tune};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

const NOISE: usize = 20;

/// A point on one of two rings, the inner one for even rows and the outer one for odd rows, and the noise.
fn point(row: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(row as u64);
    let angle = random.random_range(0.0..std::f64::consts::TAU);
    let radius = 1.0 + (row % 2) as f64 + random.random_range(-0.4..0.4);
    let mut inputs = [0.0; 2 + NOISE];
    inputs.fill_with(|| random.random_range(-1.0..1.0));
    (inputs[0], inputs[1]) = (radius * angle.cos(), radius * angle.sin());
    inputs.to_vec()
}

/// Where the recipe starts from: two hidden layers, and how they are trained.
const EXPERIMENT: &str = r#"
    [data]
    source = "custom"
    [network]
    hidden = [64, 64]
    activation = "tanh"
    [train]
    learning_rate = 0.05
    momentum = 0.9
    schedule = "cosine"
    batch_size = 20
    epochs = 60
"#;

fn main() -> dropwise::Result<()> {
    let classes = ["inner".to_owned(), "outer".to_owned()];
    let (inputs, rings): (Vec<_>, Vec<_>) = (0..1000)
        .map(|row| (point(row), [(row % 2) as f64]))
        .unzip();
    let rings = Dataset::from_rows(&inputs, &rings, Task::Binary { classes })?;
    // 200 rows to train on, 100 to choose with, and the others to measure the choice on, once.
    let part = |rows: std::ops::Range<usize>| rings.select(&rows.collect::<Vec<_>>());
    let rows = TuneSplits {
        train: part(0..200),
        validation: part(200..300),
        train_and_validation: part(0..300),
        test: part(300..1000),
        folds: vec![],
    };

    let experiment = Experiment::parse("rings", EXPERIMENT)?;
    let recipe = Recipe {
        trials: 12,
        ..Recipe::default()
    };
    let mut runner = SequentialRunner::new(&rows, &Backend::default().device()?);
    if let Some(found) = tune(&recipe, &experiment, &rows.train, &mut runner)? {
        println!("{}", tune_words(&found));
    }
    Ok(())
}
