//! Confusion, calibration and fit.

use dropwise::config::Activation;
use dropwise::data::Part;
use dropwise::{MlpConfig, evaluate};
use dropwise_lab::explain::ExplainOptions;

use super::fixtures::{Made, classes, of_any_numbers, passing_on, regression, rows, two_classes};

/// What is explained of outputs that are given.
fn of_outputs(task: dropwise::data::Task, outputs: &[f64], targets: &[f64], more: &str) -> Made {
    let width = task.d_output();
    let (shape, layers) = passing_on(width);
    Made::new(
        &shape,
        &layers,
        &of_any_numbers(task, width, outputs, targets),
        more,
    )
}

#[test]
fn each_row_is_counted_where_it_belongs() {
    let outputs = [3.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 2.0, 1.0, 5.0, 0.0, 0.0];
    let targets = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0];
    let found = of_outputs(classes(3), &outputs, &targets, "").explain(&ExplainOptions::default());
    let confusion = found.confusion.expect("classes");
    assert_eq!(confusion.counts, [[1, 0, 0], [0, 1, 0], [1, 1, 0]]);
    assert_eq!(confusion.classes, ["class 0", "class 1", "class 2"]);
    assert!(found.fit.is_none());
}

#[test]
fn two_classes_have_a_matrix_of_two() {
    let outputs = [-1.0, 2.0, -3.0, 4.0, 5.0];
    let found = of_outputs(two_classes(), &outputs, &[0.0, 0.0, 1.0, 1.0, 1.0], "");
    let confusion = found
        .explain(&ExplainOptions::default())
        .confusion
        .expect("classes");
    assert_eq!(confusion.counts, [[1, 1], [1, 2]]);
    assert_eq!(confusion.classes, ["no", "yes"]);
}

#[test]
fn a_hundred_classes_are_shown_and_one_more_is_said_to_be_too_many() {
    for (count, is_shown) in [(100, true), (101, false)] {
        let shape = MlpConfig::new(2, [3], count).with_output(Activation::Identity);
        let found = Made::drawn(&shape, classes(count), 9, "").explain(&ExplainOptions::default());
        assert_eq!(found.confusion.is_some(), is_shown);
        let said = found.notes.iter().any(|note| note.contains("101 classes"));
        assert_eq!(said, !is_shown, "{:?}", found.notes);
        assert!(found.calibration.is_some());
    }
}

#[test]
fn the_calibration_error_is_that_of_evaluate_and_of_its_own_bins() {
    for (task, d_output) in [(classes(4), 4), (two_classes(), 1)] {
        let shape = MlpConfig::new(3, [8], d_output).with_output(Activation::Identity);
        let made = Made::drawn(&shape, task, 300, "");
        let found = made
            .explain(&ExplainOptions::default())
            .calibration
            .expect("probabilities");
        let loss = made.experiment.loss();
        let metrics = evaluate(&made.network, loss, made.train())
            .expect("metrics")
            .metrics;
        assert_eq!(
            Some(found.expected_calibration_error),
            metrics.expected_calibration_error
        );
        assert_eq!(found.rows, 300);
        let of_bins: f64 = found
            .bins
            .iter()
            .map(|bin| bin.rows as f64 / 300.0 * (bin.accuracy - bin.confidence).abs())
            .sum();
        assert!((of_bins - found.expected_calibration_error).abs() < 1e-12);
        assert_eq!(found.bins.iter().map(|bin| bin.rows).sum::<usize>(), 300);
        for bin in &found.bins {
            assert!(
                bin.low < bin.confidence && bin.confidence <= bin.high + 1e-12,
                "{bin:?}"
            );
            assert!(bin.interval.low <= bin.accuracy && bin.accuracy <= bin.interval.high);
        }
    }
}

#[test]
fn predictions_that_are_no_probabilities_are_not_calibrated() {
    let shape = MlpConfig::new(3, [8], 4).with_output(Activation::Sigmoid);
    let made = Made::drawn(&shape, classes(4), 30, "loss = 'squared-error'");
    let found = made.explain(&ExplainOptions::default());
    assert!(found.calibration.is_none() && found.confusion.is_some());
}

/// The outputs of a row are too large for what a probability is made of.
#[test]
fn a_prediction_that_is_not_a_number_is_counted_by_itself_and_nothing_else_breaks() {
    let outputs = [f64::NAN, 1.0, 0.0, 2.0, 0.0, 1.0];
    let found = of_outputs(classes(3), &outputs, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], "");
    let found = found.explain(&ExplainOptions::default());
    let confusion = found.confusion.expect("classes");
    assert_eq!(
        (confusion.without_prediction, confusion.counts[1][0]),
        (1, 1)
    );
    assert!(found.calibration.is_none() && found.landscape.is_none());
    assert!(
        found.notes.iter().any(|note| note.contains("not numbers")),
        "{:?}",
        found.notes
    );
    let mistakes = found.mistakes.expect("rows");
    assert_eq!((mistakes.all, mistakes.rows[0].row), (2, 0));
    assert_eq!(
        (
            mistakes.rows[0].predicted.as_str(),
            mistakes.rows[0].probability
        ),
        ("not a number", None)
    );
}

#[test]
fn a_fit_is_in_the_units_of_the_data() {
    let targets = [0.5, -1.0, 2.0];
    let found = of_outputs(regression(&[(100.0, 10.0)]), &[1.0, 0.0, 2.5], &targets, "");
    let fit = found
        .explain(&ExplainOptions::default())
        .fit
        .expect("a regression");
    assert_eq!(fit.points, [(105.0, 110.0), (90.0, 100.0), (120.0, 125.0)]);
    assert_eq!((fit.target.as_str(), fit.rows), ("y0", 3));
}

#[test]
fn of_many_rows_a_thousand_are_shown_from_the_first_to_the_last() {
    let shape = MlpConfig::new(2, [3], 1).with_output(Activation::Identity);
    let made = Made::drawn(&shape, regression(&[(0.0, 1.0)]), 2_500, "");
    let fit = made
        .explain(&ExplainOptions::default())
        .fit
        .expect("a regression");
    assert_eq!((fit.points.len(), fit.rows), (1_000, 2_500));
    let target = |row: usize| made.train().target_row(row)[0];
    assert_eq!(
        (fit.points[0].0, fit.points[999].0),
        (target(0), target(2_499))
    );
}

#[test]
fn the_rows_are_the_most_telling_ones_or_those_that_are_asked_for() {
    let shape = MlpConfig::new(2, [3], 1).with_output(Activation::Identity);
    let mut made = Made::drawn(&shape, two_classes(), 10, "");
    let split = |made: &Made, part| {
        let options = ExplainOptions {
            part,
            ..ExplainOptions::default()
        };
        made.explain(&options).confusion.expect("classes").split
    };
    assert_eq!(split(&made, None), "training");
    made.splits.as_mut().expect("data").validation = Some(rows(two_classes(), 2, 7, 1));
    assert_eq!(split(&made, None), "validation");
    made.splits.as_mut().expect("data").test = Some(rows(two_classes(), 2, 7, 2));
    assert_eq!(split(&made, None), "test");
    made.splits.as_mut().expect("data").calibration = Some(rows(two_classes(), 2, 7, 3));
    for part in Part::ALL {
        assert_eq!(split(&made, Some(part)), part.word());
    }
    made.splits.as_mut().expect("data").validation = None;
    let options = ExplainOptions {
        part: Some(Part::Validation),
        ..ExplainOptions::default()
    };
    let refused = made.refused(&options).to_string();
    assert_eq!(
        refused,
        "the rows to look at: expected a part of the data that has rows, found validation"
    );
}
