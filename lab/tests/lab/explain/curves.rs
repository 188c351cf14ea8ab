//! Curves of few points that were many.

use dropwise::config::{Experiment, ResolvedExperiment};
use dropwise::data::{self, Task};
use dropwise_lab::explain::{Curve, Curves, CurvesReader, MetricsLine};
use proptest::prelude::*;
use serde_json::json;

fn experiment(train: &str) -> ResolvedExperiment {
    let text = format!(
        "[data]\nsource = 'xor'\n[network]\nhidden = [2]\n[train]\nlearning_rate = 0.1\n{train}"
    );
    let experiment = Experiment::parse("curves.toml", &text).expect("an experiment");
    let digits = dropwise::data::digits(); // whose classes any loss fits
    experiment.resolve(digits.task()).expect("a loss that fits")
}

fn read(train: &str, lines: impl IntoIterator<Item = serde_json::Value>) -> Curves {
    read_of(data::xor().task(), train, lines)
}

fn read_of(task: &Task, train: &str, lines: impl IntoIterator<Item = serde_json::Value>) -> Curves {
    let mut reader = CurvesReader::new(&experiment(train), task);
    for line in lines {
        let line: MetricsLine = serde_json::from_value(line).expect("a line");
        reader.push(&line);
    }
    reader.curves()
}

fn curve<'a>(curves: &'a [Curve], name: &str) -> &'a [(usize, f64)] {
    let found = curves.iter().find(|curve| curve.name == name);
    &found.expect("a curve").points
}

/// Two lines an evaluation, as training writes them.
fn validated(step: usize, loss: f64, best: bool) -> [serde_json::Value; 2] {
    [
        json!({"epoch": step / 10, "step": step, "split": "train", "learning_rate": 0.1, "training_loss": 2.0 * loss}),
        json!({"epoch": step / 10, "step": step, "split": "validation", "best": best, "rows": 3, "loss": loss,
               "mean_absolute_error": 1.0, "error_rate": loss / 10.0, "errors": 1}),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_curve_of_any_length_keeps_its_first_its_last_and_its_best_point(
        count in 1..5_000_usize,
        best in 0..5_000_usize,
    ) {
        let best = best % count;
        let loss = |k: usize| if k == best { 1.0 } else { 2.0 + k as f64 };
        let lines = (0..count).flat_map(|k| validated(10 * (k + 1), loss(k), k == best));
        let found = read("epochs = 1", lines);
        prop_assert_eq!(found.best_step, Some(10 * (best + 1)));
        for points in [curve(&found.losses, "validation"), curve(&found.errors, "validation"),
                       curve(&found.losses, "training, dropout on")] {
            prop_assert!(points.len() <= 400);
            prop_assert!(points.len() >= count.min(300), "{} of {}", points.len(), count);
            prop_assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let steps: Vec<usize> = points.iter().map(|point| point.0).collect();
            for kept in [10, 10 * (best + 1), 10 * count] {
                prop_assert!(steps.contains(&kept), "{} of {:?}", kept, steps);
            }
            // No part of the curve is left bare.
            let widest = steps.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert!(widest <= 10 * (1 + count / 120), "{} of {}", widest, count);
        }
        for (step, value) in curve(&found.losses, "validation") {
            prop_assert_eq!(*value, loss(step / 10 - 1));
        }
    }
}

#[test]
fn the_smallest_value_stays_where_no_network_is_called_the_best() {
    let loss = |k: usize| if k == 4_321 { -5.0 } else { k as f64 };
    let line = |k: usize| json!({"epoch": k, "step": k, "split": "train", "training_loss": 1.0, "loss": loss(k)});
    let found = read("steps = 9", (1..9_000).map(line));
    assert!(curve(&found.losses, "training").contains(&(4_321, -5.0)));
    assert_eq!((found.best_step, found.steps_an_epoch), (None, None));
}

#[test]
fn the_last_network_that_was_the_best_is_the_best() {
    let losses = [5.0, 3.0, 4.0, 2.0, 9.0];
    let lines = losses.iter().enumerate();
    let lines = lines.flat_map(|(k, loss)| validated(10 * (k + 1), *loss, [0, 1, 3].contains(&k)));
    let found = read("epochs = 1", lines);
    assert_eq!(
        (found.best_step, found.steps_an_epoch),
        (Some(40), Some(10.0))
    );
    assert_eq!(found.error_name, "error rate");
    assert_eq!(curve(&found.errors, "validation")[3], (40, 0.2));
    assert_eq!(
        found.losses.len(),
        2,
        "nothing was measured on training rows"
    );
}

#[test]
fn what_is_not_a_finite_number_is_left_out() {
    // JSON has no word for them, and training writes null.
    let line = |step: usize, loss: Option<f64>| json!({"epoch": 1, "step": step, "split": "train", "loss": loss});
    let found = read(
        "steps = 9",
        [line(1, Some(3.0)), line(2, None), line(3, Some(2.0))],
    );
    assert_eq!(curve(&found.losses, "training"), [(1, 3.0), (3, 2.0)]);
    assert!(found.errors.is_empty());
}

#[test]
fn the_error_is_what_training_shows() {
    let line = |more: serde_json::Value| {
        let mut line = json!({"epoch": 1, "step": 1, "split": "train", "loss": 1.0, "mean_absolute_error": 0.5});
        let (line_table, more) = (line.as_object_mut().expect("a table"), more);
        line_table.extend(more.as_object().expect("a table").clone());
        line
    };
    let name = |train: &str, more| read(train, [line(more)]).error_name;
    let numbers = Task::Regression {
        targets: Vec::new(),
    };
    assert_eq!(
        read_of(
            &numbers,
            "steps = 1\nloss = 'mean-squared-error'",
            [line(json!({"rmse": 2.0}))]
        )
        .error_name,
        "RMSE"
    );
    assert_eq!(
        name(
            "steps = 1\nloss = 'cross-entropy'",
            json!({"error_rate": 0.5})
        ),
        "error rate"
    );
    // The tutorial's own measure.
    let tutorial = "steps = 1\nloss = 'squared-error'";
    assert_eq!(
        name(tutorial, json!({"error_rate": 0.5})),
        "mean absolute error"
    );
    let found = read(tutorial, validated(10, 1.0, true));
    assert_eq!(found.error_name, "error rate");
}

#[test]
fn without_lines_there_are_no_curves() {
    let found = read("steps = 1", []);
    assert!(found.losses.is_empty() && found.errors.is_empty());
}
