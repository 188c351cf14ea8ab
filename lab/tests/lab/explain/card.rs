//! How good a network is, and how sure that is.

use dropwise::config::Activation;
use dropwise::{Metrics, MlpConfig, evaluate};
use dropwise_lab::explain::{ExplainOptions, Explanation, MeasuredMetric};
use dropwise_lab::statistics::{Distribution, Interval};

use super::fixtures::{Made, classes, regression, rows, two_classes};

fn identity(d_output: usize) -> MlpConfig {
    MlpConfig::new(4, [6], d_output).with_output(Activation::Identity)
}

fn line<'a>(found: &'a Explanation, split: &str, metric: &str) -> Option<&'a MeasuredMetric> {
    let mut lines = found.card.measured.iter();
    lines.find(|line| line.split == split && line.metric == metric)
}

fn metrics(made: &Made) -> Metrics {
    let loss = made.experiment.loss();
    evaluate(&made.network, loss, made.train())
        .expect("an evaluation")
        .metrics
}

#[test]
fn every_split_has_the_metrics_of_evaluate() {
    for (task, d_output) in [
        (classes(7), 7),
        (two_classes(), 1),
        (regression(&[(3.0, 2.0)]), 1),
    ] {
        let mut made = Made::drawn(&identity(d_output), task.clone(), 60, "");
        let splits = made.splits.as_mut().expect("data");
        splits.test = Some(rows(task, 4, 25, 77));
        let found = made.explain(&ExplainOptions::default());
        for (split, count) in [("training", 60), ("test", 25)] {
            let rows = match split {
                "test" => made.splits.as_ref().and_then(|splits| splits.test.clone()),
                _ => Some(made.train().clone()),
            };
            let loss = made.experiment.loss();
            let expected = evaluate(&made.network, loss, &rows.expect("rows"))
                .expect("metrics")
                .metrics;
            for (metric, value) in [
                ("error rate", expected.error_rate),
                ("top-5 accuracy", expected.top_5_accuracy),
                ("loss", Some(expected.loss)),
                // The loss, which is not named twice.
                ("negative log likelihood", None),
                ("Brier score", expected.brier_score),
                (
                    "expected calibration error",
                    expected.expected_calibration_error,
                ),
                ("RMSE", expected.rmse),
                ("R2", expected.r2),
                (
                    "mean absolute error",
                    expected.rmse.map(|_| expected.mean_absolute_error),
                ),
            ] {
                let line = line(&found, split, metric);
                assert_eq!(line.map(|line| line.value), value, "{split} {metric}");
                assert!(line.is_none_or(|line| line.rows == count));
                if let Some(MeasuredMetric {
                    interval: Some(interval),
                    value,
                    ..
                }) = line
                {
                    assert!(
                        (interval.low..=interval.high).contains(value),
                        "{split} {metric}"
                    );
                }
            }
        }
        assert!(line(&found, "validation", "loss").is_none());
    }
}

#[test]
fn an_error_rate_has_wilsons_interval() {
    let made = Made::drawn(&identity(3), classes(3), 60, "");
    let found = made.explain(&ExplainOptions::default());
    let line = line(&found, "training", "error rate").expect("a line");
    let errors = metrics(&made).errors.expect("classes");
    assert_eq!(line.interval, Some(Interval::of_share(errors, 60)));
    assert!(line.is_share);
}

#[test]
fn a_loss_over_rows_has_students_interval_and_so_has_what_is_the_same() {
    let made = Made::drawn(&identity(3), classes(3), 60, "");
    let found = made.explain(&ExplainOptions::default());
    // The loss of each row alone.
    let loss = made.experiment.loss();
    let alone = |row: usize| {
        evaluate(&made.network, loss, &made.train().select(&[row]))
            .expect("a row")
            .metrics
            .loss
    };
    let losses: Vec<f64> = (0..60).map(alone).collect();
    let expected = Distribution::of(&losses)
        .expect("losses")
        .mean_interval
        .expect("an interval");
    let line = line(&found, "training", "loss").expect("a line");
    let interval = line.interval.expect("an interval");
    assert!((interval.low - expected.low).abs() < 1e-12);
    assert!((interval.high - expected.high).abs() < 1e-12);
}

#[test]
fn a_sum_over_rows_has_none() {
    let made = Made::drawn(&identity(1), two_classes(), 60, "loss = 'squared-error'");
    let found = made.explain(&ExplainOptions::default());
    assert_eq!(
        line(&found, "training", "loss").expect("a line").interval,
        None
    );
}

#[test]
fn the_rmse_has_the_root_of_the_interval_of_its_square() {
    let made = Made::drawn(&identity(1), regression(&[(300.0, 20.0)]), 60, "");
    let found = made.explain(&ExplainOptions::default());
    let fit = found.fit.as_ref().expect("a regression");
    let squares: Vec<f64> = fit.points.iter().map(|(a, b)| (a - b).powi(2)).collect();
    let expected = Distribution::of(&squares)
        .expect("rows")
        .mean_interval
        .expect("an interval");
    let line = line(&found, "training", "RMSE").expect("a line");
    let interval = line.interval.expect("an interval");
    assert!((interval.low.powi(2) - expected.low).abs() < 1e-9 * expected.low);
    assert!((interval.high.powi(2) - expected.high).abs() < 1e-9 * expected.high);
    // The RMSE of several targets is a mean of roots.
    let two = Made::drawn(&identity(2), regression(&[(3.0, 2.0), (0.0, 1.0)]), 60, "");
    let found = two.explain(&ExplainOptions::default());
    let rmse = found
        .card
        .measured
        .iter()
        .find(|line| line.metric == "RMSE");
    assert_eq!(rmse.expect("a line").interval, None);
}

#[test]
fn a_metric_that_is_not_finite_is_left_out() {
    // The one output is a probability of 0 or 1, and rules out what came.
    let shape = MlpConfig::new(4, [6], 1).with_output(Activation::Sigmoid);
    let mut layers = super::fixtures::weights(&shape, 7);
    layers[1].values_mut().for_each(|value| *value *= 1e4);
    let train = rows(two_classes(), 4, 60, 5);
    let made = Made::new(&shape, &layers, &train, "loss = 'squared-error'");
    assert_eq!(metrics(&made).negative_log_likelihood, Some(f64::INFINITY));
    let found = made.explain(&ExplainOptions::default());
    assert!(line(&found, "training", "negative log likelihood").is_none());
    assert!(line(&found, "training", "error rate").is_some());
}
