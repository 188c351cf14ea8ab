//! What a network has to beat.

use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::{Dataset, Target, Task};
use dropwise::evaluate::Measure;
use dropwise::{Backend, Metrics};
use dropwise_lab::baseline::{BaselineMetrics, Baselines, target_words};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn experiment(more: &str) -> CheckedExperiment {
    let text = format!(
        "[data]\nsource = 'custom'\n[network]\nhidden = [8]\n[dropout]\nhidden = 0.5\n\
         [train]\nlearning_rate = 0.1\nepochs = 3\n{more}"
    );
    Experiment::parse("baseline.toml", &text).expect("an experiment")
}

fn measured(data: &Dataset, rows: &Dataset, more: &str) -> BaselineMetrics {
    let experiment = experiment(more).resolve(data.task()).expect("a loss");
    let device = Backend::default().device().expect("a device");
    let baselines = Baselines::fit(&experiment, data, &device).expect("baselines");
    baselines.measure(rows).expect("metrics")
}

/// So many rows of three numbers in -1 to 1, and what `target` makes of them.
fn rows(count: usize, task: Task, target: impl Fn(&[f64]) -> f64) -> Dataset {
    let mut generator = ChaCha8Rng::seed_from_u64(11 + count as u64);
    let mut number = || generator.random_range(-1.0..1.0);
    let inputs: Vec<Vec<f64>> = (0..count)
        .map(|_| (0..3).map(|_| number()).collect())
        .collect();
    let targets: Vec<[f64; 1]> = inputs.iter().map(|row| [target(row)]).collect();
    Dataset::from_rows(&inputs, &targets, task).expect("rows")
}

fn classes(count: usize) -> Task {
    let classes = (0..count).map(|k| format!("c{k}")).collect();
    Task::Classification { classes }
}

fn two() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

fn amount() -> Task {
    Task::Regression {
        targets: vec![Target {
            name: "y".to_owned(),
            mean: 0.0,
            deviation: 1.0,
        }],
    }
}

fn class(row: &[f64]) -> f64 {
    f64::from(row[0] > 0.5) + f64::from(row[0] > 0.8)
}

#[test]
fn the_constant_is_the_most_frequent_class_with_the_frequencies_as_probabilities_or_the_mean() {
    let data = rows(300, classes(3), class);
    let counts = [0.0, 1.0, 2.0].map(|k| {
        let of_class = (0..300).filter(|row| class(&data.input_row(*row)) == k);
        of_class.count() as f64
    });
    let entropy: f64 = counts
        .iter()
        .map(|count| -count / 300.0 * (count / 300.0).ln())
        .sum();
    for loss in [
        "cross-entropy",
        "binary-cross-entropy",
        "squared-error",
        "mean-squared-error",
    ] {
        let found = measured(&data, &data, &format!("loss = '{loss}'\n"));
        assert_eq!(found.most_frequent_class.as_deref(), Some("c0"), "{loss}");
        assert_eq!(
            found.constant.errors,
            Some(300 - counts[0] as usize),
            "{loss}"
        );
        assert_eq!(found.constant.roc_auc, Some(0.5), "{loss}");
        if loss == "cross-entropy" {
            assert!(
                (found.constant.loss - entropy).abs() < 1e-5,
                "{} {entropy}",
                found.constant.loss
            );
        }
    }
    let data = rows(200, amount(), |row| 3.0 + row[0] - 2.0 * row[2]);
    let found = measured(&data, &data, "");
    let r2 = found.constant.r2.expect("a share");
    assert!(r2.abs() < 1e-6, "{r2}");
    assert_eq!(found.most_frequent_class, None);
}

#[test]
fn the_linear_model_learns_what_is_linear_and_not_what_is_not() {
    let linear = |row: &[f64]| 3.0 + row[0] - 2.0 * row[2];
    let (data, new) = (rows(300, amount(), linear), rows(500, amount(), linear));
    let found = measured(&data, &new, "").linear.expect("a model");
    assert!(found.r2.expect("a share") > 0.999, "{found:?}");

    let above = |row: &[f64]| f64::from(row[0] + row[1] > 0.2);
    let (data, new) = (rows(300, two(), above), rows(500, two(), above));
    let found = measured(&data, &new, "").linear.expect("a model");
    assert!(
        found.roc_auc.expect("an area") > 0.99 && found.error_rate < Some(0.06),
        "{found:?}"
    );

    // XOR of two signs is not linear at all.
    let xor = |row: &[f64]| f64::from((row[0] > 0.0) != (row[1] > 0.0));
    let (data, new) = (rows(300, two(), xor), rows(500, two(), xor));
    let found = measured(&data, &new, "").linear.expect("a model");
    assert!(found.error_rate.expect("a rate") > 0.3, "{found:?}");
}

#[test]
fn while_a_network_trains_the_linear_model_is_judged_by_rows_that_it_did_not_train_on() {
    let device = Backend::default().device().expect("a device");
    let judged = |data: &Dataset, validation, more| {
        let experiment = experiment(more).resolve(data.task()).expect("a loss");
        let baselines = Baselines::fit(&experiment, data, &device).expect("baselines");
        let found = baselines.linear_while_training(&experiment, (data, validation), &device);
        found.expect("metrics")
    };
    // What no input says: the weights follow the training rows, and others are the worse for it.
    let noise = |row: &[f64]| (1e5 * row[0]).sin();
    let data = rows(24, amount(), noise);
    let r2 = |found: &Metrics| found.r2.expect("a share");
    let trained = r2(&measured(&data, &data, "").linear.expect("a model"));
    let folds = judged(
        &data,
        None,
        "batch_size = 8\nensemble = 3\ncross_validation = 3\n",
    )
    .expect("folds");
    assert_eq!(folds.rows, 24);
    assert!(trained > 0.02 && r2(&folds) < 0.0, "{trained} {folds:?}");
    // With validation rows, the model is the one of the summary.
    let others = rows(50, amount(), noise);
    let expected = measured(&data, &others, "").linear;
    assert_eq!(judged(&data, Some(&others), ""), expected);
    assert_eq!(judged(&data, None, ""), None);
}

#[test]
fn what_is_not_beaten_is_named_and_what_is_no_number_beats_nothing() {
    let with = |error: f64| Metrics {
        error_rate: Some(error),
        ..Metrics::default()
    };
    let baselines = BaselineMetrics {
        most_frequent_class: Some("fine".to_owned()),
        constant: with(0.04),
        linear: Some(with(0.02)),
    };
    let said = |error: f64| baselines.not_beaten(Measure::ErrorRate, &with(error));
    assert_eq!(said(0.01), None);
    assert_eq!(said(0.02).as_deref(), Some("a linear model"));
    assert_eq!(said(0.03).as_deref(), Some("a linear model"));
    for error in [0.04, 0.5, f64::NAN] {
        assert_eq!(
            said(error).as_deref(),
            Some("always answering `fine` or a linear model")
        );
    }
    assert_eq!(
        baselines.words(Measure::ErrorRate),
        "always answering `fine` 4.00 %, a linear model 2.00 %"
    );
}

#[test]
fn the_target_is_told_with_the_rows_of_each_class() {
    let data = rows(60, classes(3), |row| f64::from(row[0] > 0.0));
    let words = target_words(&data);
    let of = |k: f64| {
        (0..60)
            .filter(|row| f64::from(data.input_row(*row)[0] > 0.0) == k)
            .count()
    };
    assert_eq!(
        words,
        format!("3 classes: c0 ({}), c1 ({}), c2 (0)", of(0.0), of(1.0))
    );
    let numbers = [[-2.0], [0.5], [4.5]];
    let numbers = Dataset::from_rows(&[[0.0]; 3], &numbers, amount()).expect("rows");
    let expected = "numbers from -2.0000 to 4.5000, mean 1.0000";
    assert_eq!(target_words(&numbers), expected);
}
