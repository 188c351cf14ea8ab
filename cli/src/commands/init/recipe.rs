//! The network and the training that a table gets, each choice with its reason: see docs/BOOSTING.md, where the choices were measured.

use dropwise::config::TaskKind;

use super::guess::{FEWEST_TO_HOLD_OUT, Guess};
use super::toml::{Text, count, quoted};

/// Tables of more rows are trained once: a single network takes minutes there, and has enough rows.
const MOST_ROWS_OF_AN_ENSEMBLE: usize = 50_000;

/// Networks in an ensemble.
const MEMBERS: usize = 5;

/// Steps after which training stops at the latest, and those that it goes on without improvement: an epoch of a small table has too few
/// steps to be counted in.
const STEPS: usize = 3_000;
const PATIENCE: usize = 300;

/// Units of a small table's network that pass on a linear model, two for each output, leave most to learn the rest up to so many outputs.
const MOST_OUTPUTS: usize = 16;

/// With fewer rows a column than this, a linear model mostly fits their noise.
const ROWS_A_COLUMN: usize = 3;

/// Epochs of a training that no validation rows end.
const EPOCHS_WITHOUT_VALIDATION: usize = 500;

/// What is trained, and for how long.
struct Recipe {
    batch: usize,
    epochs: usize,
    patience: usize,
    ensemble: usize,
}

impl Recipe {
    fn of(guess: &Guess) -> Self {
        let batch = match guess.rows {
            0..2_000 => 64,
            2_000..10_000 => 128,
            10_000..100_000 => 256,
            100_000..1_000_000 => 1_024,
            _ => 2_048,
        };
        let trained = match guess.cross_validates() {
            true => 64, // four folds of five, of 80 % of the rows
            false => 72,
        };
        let steps = (guess.rows * trained / 100).div_ceil(batch).max(1);
        Recipe {
            batch,
            epochs: if guess.validates() {
                rounded(STEPS / steps).clamp(30, 1_000)
            } else {
                EPOCHS_WITHOUT_VALIDATION
            },
            patience: rounded(PATIENCE / steps).clamp(10, 100),
            ensemble: if guess.rows <= MOST_ROWS_OF_AN_ENSEMBLE {
                MEMBERS
            } else {
                1
            },
        }
    }
}

/// A number to be read: its first digit or two.
fn rounded(number: usize) -> usize {
    let unit = match number {
        0..20 => 1,
        20..200 => 5,
        _ => 50,
    };
    number / unit * unit
}

/// Whether the network starts as the linear model of its rows.
fn starts_as_linear(guess: &Guess) -> bool {
    let are_enough = guess.rows >= ROWS_A_COLUMN * guess.columns.len();
    guess.rows < FEWEST_TO_HOLD_OUT && guess.outputs() <= MOST_OUTPUTS && are_enough
}

pub(super) fn network(text: &mut Text, guess: &Guess) {
    let hidden = match guess.rows {
        0..1_000 => "[64, 64]",
        1_000..10_000 => "[128, 128]",
        _ => "[256, 256]",
    };
    text.section("network");
    let rows = format!("units of each hidden layer, for {} rows", count(guess.rows));
    text.key("hidden", hidden, &rows);
    text.key(
        "activation",
        &quoted("silu"),
        "smooth: better than relu on most tables",
    );
    if starts_as_linear(guess) {
        let why = "begins as the linear model: few rows often say little more";
        text.key("linear_start", "true", why);
    } else if guess.rows < FEWEST_TO_HOLD_OUT {
        let why = "few rows do not train away what was drawn at the start";
        text.key("zero_output", "true", why);
    }
    // On two regressions of about a thousand rows (UCI's concrete and energy), 0.5 made twice the error
    // of 0.1 on the test rows.
    let (rate, why) = match guess.task {
        TaskKind::Regression => ("0.1", "numbers suffer more from dropout than classes"),
        _ => (
            "0.2",
            "more takes longer than it is worth where several networks are averaged",
        ),
    };
    text.section("dropout");
    text.key(
        "input",
        "0.0",
        "columns are few and each may count; at most 0.25 is advised",
    );
    text.key("hidden", rate, why);
}

pub(super) fn training(text: &mut Text, guess: &Guess) {
    let recipe = Recipe::of(guess);
    text.section("train");
    text.key("optimizer", &quoted("adam"), "");
    let (rate, why) = match guess.rows {
        _ if starts_as_linear(guess) => ("0.003", "short steps, from a start that is good"),
        0..10_000 => ("0.01", ""),
        _ => ("0.003", ""),
    };
    text.key("learning_rate", rate, why);
    if !guess.validates() {
        let why = "down to 0, since no validation rows say when to stop";
        text.key("schedule", &quoted("cosine"), why);
    }
    text.key(
        "beta2",
        "0.95",
        "learns faster from categories that are rare",
    );
    let l1 = match guess.task {
        TaskKind::Regression => "0.0001",
        _ => "0.0003",
    };
    text.key(
        "l1",
        l1,
        "keeps out what says little, such as most of many categories",
    );
    text.key(
        "batch_size",
        &recipe.batch.to_string(),
        &format!(
            "rows a step, drawn anew each epoch, for {} rows",
            count(guess.rows)
        ),
    );
    text.key(
        "epochs",
        &recipe.epochs.to_string(),
        if guess.validates() {
            "how often all training rows are seen, at most"
        } else {
            "how often all training rows are seen"
        },
    );
    if guess.validates() {
        text.key(
            "early_stopping",
            &format!("{{ patience = {} }}", recipe.patience),
            &format!(
                "stops after {} epochs without improvement on {}",
                recipe.patience,
                if guess.cross_validates() {
                    "the rows left out"
                } else {
                    "the validation rows"
                }
            ),
        );
    }
    if recipe.ensemble > 1 {
        text.key(
            "ensemble",
            &recipe.ensemble.to_string(),
            "networks that answer as one: better than one in almost all tables, at two to three times the time",
        );
        if guess.cross_validates() {
            text.key(
                "cross_validation",
                &recipe.ensemble.to_string(),
                "folds: each network leaves out another one, to be judged on it",
            );
        }
    } else {
        text.comment(
            "ensemble = 5 trains five networks that answer as one, in more than twice the time.",
        );
    }
}
