//! Evaluation: metrics beside scikit-learn's, laws of weighing rows, ties, and what is not a number.

use crate::common::in_memory::{dataset, of_any_numbers};
use crate::common::{assert_close, backends, golden, numbers};
use burn::module::Module;
use burn::tensor::Tensor;
use dropwise::backend::read;
use dropwise::config::{Activation, Loss, Precision};
use dropwise::data::{Target, Task};
use dropwise::evaluate::{
    ClassReport, Evaluator, EvaluatorOptions, Measure, evaluate_in_batches, predicted_class,
    predictions,
};
use dropwise::{Backend, Dataset, Evaluation, LayerWeights, Metrics, Mlp, MlpConfig, evaluate};
use serde_json::{Map, Value, json};

pub fn classes(count: usize) -> Task {
    let classes = (0..count).map(|class| class.to_string()).collect();
    Task::Classification { classes }
}

pub fn two_classes() -> Task {
    Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    }
}

pub fn regression(scales: &[(f64, f64)]) -> Task {
    let target = |&(mean, deviation): &(f64, f64)| Target {
        name: format!("around {mean}"),
        mean,
        deviation,
    };
    Task::Regression {
        targets: scales.iter().map(target).collect(),
    }
}

/// Data whose inputs are to be a network's outputs: see [`passing_on`].
fn outputs_and_targets(task: Task, outputs: &[f64], targets: &[f64]) -> Dataset {
    let d_input = task.d_output();
    of_any_numbers(task, d_input, outputs, targets)
}

/// A network whose outputs are its inputs, to the last bit: `relu(x) - relu(-x)`.
pub fn passing_on(
    width: usize,
    output: Activation,
    backend: &Backend,
    precision: Precision,
) -> Mlp {
    let sign = |i: usize, j: usize| f64::from(i == j) - f64::from(i + width == j);
    let both_signs = LayerWeights {
        d_input: width,
        d_output: 2 * width,
        weight: (0..width)
            .flat_map(|i| (0..2 * width).map(move |j| sign(i, j)))
            .collect(),
        bias: None,
    };
    let together = LayerWeights {
        d_input: 2 * width,
        d_output: width,
        weight: (0..2 * width)
            .flat_map(|j| (0..width).map(move |i| sign(i, j)))
            .collect(),
        bias: None,
    };
    let device = backend.device().expect("a backend that starts");
    MlpConfig::new(width, [2 * width], width)
        .with_activation(Activation::Relu)
        .with_output(output)
        .with_bias(false)
        .init_with_weights(&[both_signs, together], (&device, precision.dtype()))
        .expect("a network")
}

/// The evaluation of outputs that are given, on the fastest backend in 64 bits.
fn evaluated(loss: Loss, task: Task, outputs: &[f64], targets: &[f64]) -> Evaluation {
    let network = passing_on(
        task.d_output(),
        Activation::Identity,
        &Backend::default(),
        Precision::Float64,
    );
    let data = outputs_and_targets(task, outputs, targets);
    evaluate(&network, loss, &data).expect("an evaluation")
}

/// A network with dropout, on a device for training, and rows for it: 23, which few numbers divide.
fn network_and_rows(backend: &Backend, task: &Task) -> (Mlp, Dataset) {
    let device = backend.device().expect("a backend").autodiff();
    let network = MlpConfig::new(3, [8], task.d_output())
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity)
        .with_input_dropout(0.5)
        .with_hidden_dropout(0.5)
        .init(7, (&device, Precision::finest(&device).dtype()))
        .expect("a network");
    let rows = 0..23_usize;
    let wave = |k: usize| (k as f64 * 1.7).sin();
    let targets = |row: usize| -> Vec<f64> {
        match task {
            Task::Classification { classes } => {
                let class = row * row % classes.len();
                (0..classes.len()).map(|k| f64::from(k == class)).collect()
            }
            Task::Binary { .. } => vec![f64::from(row.is_multiple_of(3))],
            Task::Regression { targets } => (0..targets.len()).map(|k| wave(row + k)).collect(),
        }
    };
    let inputs: Vec<f64> = (0..23 * 3).map(wave).collect();
    let targets: Vec<f64> = rows.flat_map(targets).collect();
    (network, dataset(task.clone(), 3, &inputs, &targets))
}

/// Every kind of task with a loss that fits.
fn tasks() -> [(Task, Loss); 5] {
    [
        (classes(7), Loss::CrossEntropy),
        (classes(3), Loss::SquaredError),
        (two_classes(), Loss::BinaryCrossEntropy),
        (two_classes(), Loss::MeanSquaredError),
        (
            regression(&[(1950.0, 20.0), (-1.0, 0.5)]),
            Loss::MeanSquaredError,
        ),
    ]
}

fn fields(metrics: &Metrics) -> Map<String, Value> {
    match serde_json::to_value(metrics).expect("JSON") {
        Value::Object(fields) => fields,
        other => panic!("no object: {other}"),
    }
}

/// Asserts that the same metrics are there, with the same numbers within a bound relative to 1 or to
/// the number where that is larger.
#[track_caller]
fn assert_fields_close(
    what: &str,
    found: &Map<String, Value>,
    expected: &Map<String, Value>,
    bound: f64,
) {
    let names = |fields: &Map<String, Value>| -> Vec<String> {
        let mut names: Vec<String> = fields.keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(found), names(expected), "{what}");
    for (name, expected) in expected {
        let (found, expected) = (found[name].as_f64(), expected.as_f64());
        let (found, expected) = (found.expect("a number"), expected.expect("a number"));
        let difference = (found - expected).abs() / expected.abs().max(1.0);
        assert!(
            difference <= bound,
            "{what}, {name}: {found} is not {expected}"
        );
    }
}

#[test]
fn predictions_and_metrics_are_those_of_scikit_learn() {
    for (name, case) in golden("metrics").as_object().expect("cases") {
        let loss: Loss = serde_json::from_value(case["loss"].clone()).expect("a loss");
        let (outputs, targets) = (numbers(&case["outputs"]), numbers(&case["targets"]));
        let width = targets.len() / 60;
        let task = match case.get("mean") {
            Some(mean) => {
                let deviations = numbers(&case["deviation"]);
                let scales = numbers(mean).into_iter().zip(deviations);
                regression(&scales.collect::<Vec<_>>())
            }
            None if width == 1 => two_classes(),
            None => classes(width),
        };
        let sigmoid_output =
            width == 1 && loss == Loss::MeanSquaredError && case.get("mean").is_none();
        let output = if sigmoid_output {
            Activation::Sigmoid
        } else {
            Activation::Identity
        };
        let data = outputs_and_targets(task, &outputs, &targets);
        for (backend, device) in backends() {
            let precision = Precision::finest(&device);
            let network = passing_on(width, output, &backend, precision);
            let found = evaluate(&network, loss, &data).expect("an evaluation");
            let bound = match precision {
                // Burn's ndarray computes the sigmoid in 32 bits.
                Precision::Float64 if sigmoid_output && backend.name() == "ndarray" => 1e-6,
                Precision::Float64 => 1e-12,
                Precision::Float32 => 1e-5,
            };
            let what = format!("{name} on {backend}");
            assert_close(
                &what,
                &found.predictions,
                &numbers(&case["predictions"]),
                bound,
            );
            let expected = case["metrics"].as_object().expect("metrics");
            assert_fields_close(&what, &fields(&found.metrics), expected, bound);
        }
    }
}

#[test]
fn the_size_of_the_batches_changes_nothing_and_the_last_partial_batch_counts() {
    for (backend, device) in backends() {
        let bound = match Precision::finest(&device) {
            Precision::Float64 => 1e-12,
            Precision::Float32 => 1e-5,
        };
        for (task, loss) in tasks() {
            let (network, data) = network_and_rows(&backend, &task);
            let whole = evaluate(&network, loss, &data).expect("an evaluation");
            for rows in [1, 3, 22, 23, 1_000] {
                let batches = evaluate_in_batches(&network, loss, &data, rows);
                let batches = batches.expect("an evaluation");
                let what = format!("{task} on {backend}, {rows} rows a batch");
                let expected = fields(&whole.metrics);
                assert_fields_close(&what, &fields(&batches.metrics), &expected, bound);
                assert_close(&what, &batches.predictions, &whole.predictions, bound);
            }
        }
    }
}

#[test]
fn batches_side_by_side_give_the_bits_of_each_by_itself() {
    let [rows, width] = [301, 300];
    let number = |k: usize| (k * 7_919 % 1_009) as f64 / 1_009.0 - 0.5;
    let inputs: Vec<f64> = (0..rows * width).map(number).collect();
    let targets: Vec<f64> = (0..rows * 4)
        .map(|k| f64::from(u8::from(k % 4 == k / 4 % 4)))
        .collect();
    let data = dataset(classes(4), width, &inputs, &targets);
    for (backend, device) in backends() {
        let shape = MlpConfig::new(width, [300, 200], 4).with_output(Activation::Identity);
        let network = shape.init(3, &device).expect("a network");
        let found = evaluate_in_batches(&network, Loss::CrossEntropy, &data, 100);
        let found = found.expect("an evaluation").predictions;
        let alone = (0..rows).collect::<Vec<_>>();
        let alone = alone.chunks(100).flat_map(|rows| {
            let one = evaluate(&network, Loss::CrossEntropy, &data.select(rows));
            one.expect("an evaluation").predictions
        });
        assert!(alone.eq(found.iter().copied()), "{backend}");
    }
}

#[test]
fn one_wrong_row_after_thousands_is_seen() {
    for rows in [499, 500, 501, 999, 1_000, 1_001, 2_500] {
        let logits = vec![-3.0; rows];
        let mut targets = vec![0.0; rows];
        targets[rows - 1] = 1.0;
        let found = evaluated(Loss::BinaryCrossEntropy, two_classes(), &logits, &targets);
        assert_eq!(found.predictions.len(), rows);
        assert_eq!((found.metrics.rows, found.metrics.errors), (rows, Some(1)));
        assert_eq!(found.metrics.error_rate, Some(1.0 / rows as f64));
    }
}

#[test]
fn the_metrics_of_parts_are_the_metrics_of_the_whole_weighed_by_rows() {
    for (task, loss) in tasks() {
        let (network, data) = network_and_rows(&Backend::default(), &task);
        let part = |rows: std::ops::Range<usize>| {
            let rows: Vec<usize> = rows.collect();
            let found = evaluate(&network, loss, &data.select(&rows)).expect("an evaluation");
            (rows.len() as f64, found.metrics)
        };
        let ((_, whole), (many, first), (few, last)) = (part(0..23), part(0..20), part(20..23));
        let weighed = |of: fn(&Metrics) -> f64| {
            let mean = (many * of(&first) + few * of(&last)) / (many + few);
            assert!(
                (mean - of(&whole)).abs() < 1e-12 * of(&whole).abs().max(1.0),
                "{task}"
            );
        };
        weighed(|m| m.mean_absolute_error);
        weighed(|m| m.error_rate.unwrap_or_default());
        weighed(|m| m.negative_log_likelihood.unwrap_or_default());
        weighed(|m| m.brier_score.unwrap_or_default());
        if loss == Loss::SquaredError {
            assert!((first.loss + last.loss - whole.loss).abs() < 1e-12 * whole.loss);
        } else {
            weighed(|m| m.loss);
        }
    }
}

#[test]
fn duplicating_all_rows_changes_no_mean_and_permuting_them_changes_nothing() {
    for (task, loss) in tasks() {
        let (network, data) = network_and_rows(&Backend::default(), &task);
        let of = |rows: &[usize]| {
            let found = evaluate(&network, loss, &data.select(rows)).expect("an evaluation");
            fields(&found.metrics)
        };
        let once: Vec<usize> = (0..23).collect();
        let permuted: Vec<usize> = (0..23).map(|row| row * 7 % 23).collect();
        assert_fields_close("permuted", &of(&permuted), &of(&once), 1e-12);

        let mut expected = of(&once);
        expected["rows"] = json!(46);
        if let Some(errors) = expected.get("errors").and_then(Value::as_u64) {
            expected["errors"] = json!(2 * errors);
        }
        if loss == Loss::SquaredError {
            expected["loss"] = json!(2.0 * expected["loss"].as_f64().expect("a loss")); // a sum
        }
        assert_fields_close(
            "twice",
            &of(&[once.clone(), once].concat()),
            &expected,
            1e-12,
        );
    }
}

#[test]
fn a_perfect_prediction_has_no_error_of_any_kind() {
    let one_hot = [1., 0., 0., 0., 1., 0., 0., 0., 1.];
    let logits: Vec<f64> = one_hot.iter().map(|y| 1_000.0 * y).collect();
    let found = evaluated(Loss::CrossEntropy, classes(3), &logits, &one_hot).metrics;
    let expected = Metrics {
        rows: 3,
        errors: Some(0),
        error_rate: Some(0.0),
        accuracy: Some(1.0),
        balanced_accuracy: Some(1.0),
        f1: Some(1.0),
        roc_auc: Some(1.0),
        average_precision: Some(1.0),
        negative_log_likelihood: Some(0.0),
        brier_score: Some(0.0),
        expected_calibration_error: Some(0.0),
        ..Metrics::default()
    };
    assert_eq!(found, expected);

    let (logits, labels) = ([-1_000.0, 1_000.0], [0.0, 1.0]);
    let found = evaluated(Loss::BinaryCrossEntropy, two_classes(), &logits, &labels).metrics;
    assert_eq!(
        found,
        Metrics {
            rows: 2,
            ..expected
        }
    );

    let values = [0.25, -1.0, 3.0];
    let task = regression(&[(10.0, 2.0)]);
    let found = evaluated(Loss::MeanSquaredError, task, &values, &values);
    assert_eq!(
        found.predictions,
        [10.5, 8.0, 16.0],
        "in the units of the data"
    );
    let expected = Metrics {
        rows: 3,
        rmse: Some(0.0),
        r2: Some(1.0),
        median_absolute_error: Some(0.0),
        spearman: Some(1.0),
        ..Metrics::default()
    };
    assert_eq!(found.metrics, expected);
}

#[test]
fn the_loss_is_that_of_training_on_all_rows_at_once() {
    for (task, loss) in tasks() {
        for (backend, device) in backends() {
            let (network, data) = network_and_rows(&backend, &task);
            let found = evaluate_in_batches(&network, loss, &data, 5).expect("an evaluation");
            let options = (&backend.device().expect("a backend"), network.dtype());
            let output = network.valid().forward(data.inputs(options));
            let trained = read(loss.forward(output, data.targets(options))).expect("a loss");
            let bound = match Precision::finest(&device) {
                Precision::Float64 => 1e-12,
                Precision::Float32 => 1e-5,
            };
            assert_close(
                &format!("{loss} on {backend}"),
                &[found.metrics.loss],
                &trained,
                bound,
            );
        }
    }
}

#[test]
fn dropout_is_off_whether_or_not_the_network_is_in_training() {
    for (backend, _) in backends() {
        let (network, data) = network_and_rows(&backend, &classes(7));
        let in_training = evaluate(&network, Loss::CrossEntropy, &data).expect("an evaluation");
        let again = evaluate(&network, Loss::CrossEntropy, &data).expect("an evaluation");
        let to_use = evaluate(&network.valid(), Loss::CrossEntropy, &data).expect("an evaluation");
        assert_eq!(in_training, again, "{backend}");
        assert_eq!(in_training, to_use, "{backend}");
    }
}

#[test]
fn of_equal_predictions_the_first_counts() {
    let one_hot = [0., 1., 0., 0., 0., 1.];
    let found = evaluated(
        Loss::SquaredError,
        classes(3),
        &[1., 2., 2., 0., 5., 5.],
        &one_hot,
    );
    assert_eq!(
        found.metrics.errors,
        Some(1),
        "right in the first row, wrong in the second"
    );
    let found = evaluated(
        Loss::BinaryCrossEntropy,
        two_classes(),
        &[0.0, 0.0],
        &[0.0, 1.0],
    );
    assert_eq!(found.predictions, [0.5, 0.5]);
    assert_eq!(
        found.metrics.errors,
        Some(1),
        "one half is the first of two classes"
    );

    let of_class = |class: usize| {
        let target: Vec<f64> = (0..7).map(|k| f64::from(k == class)).collect();
        evaluated(Loss::CrossEntropy, classes(7), &[0.0; 7], &target).metrics
    };
    assert_eq!(of_class(4).top_5_accuracy, Some(1.0));
    assert_eq!(of_class(5).top_5_accuracy, Some(0.0));
}

#[test]
fn five_guesses_are_counted_only_where_there_are_more_than_five_classes() {
    for (count, counted) in [(5, false), (6, true)] {
        let target: Vec<f64> = (0..count).map(|k| f64::from(k == 0)).collect();
        let found = evaluated(
            Loss::CrossEntropy,
            classes(count),
            &vec![0.0; count],
            &target,
        );
        assert_eq!(
            found.metrics.top_5_accuracy.is_some(),
            counted,
            "{count} classes"
        );
    }
}

#[test]
fn a_prediction_that_is_not_a_number_is_an_error_and_never_a_panic() {
    let nan = f64::NAN;
    let cases = [
        (
            classes(3),
            Loss::CrossEntropy,
            vec![nan, 0., 0., 9., 0., 0.],
            vec![1., 0., 0., 1., 0., 0.],
        ),
        (
            classes(3),
            Loss::CrossEntropy,
            vec![0., 9., nan, 9., 0., 0.],
            vec![0., 1., 0., 1., 0., 0.],
        ),
        (
            classes(3),
            Loss::CrossEntropy,
            vec![f64::INFINITY, 0., 0., 9., 0., 0.],
            vec![1., 0., 0., 1., 0., 0.],
        ),
        (
            two_classes(),
            Loss::BinaryCrossEntropy,
            vec![nan, -9.],
            vec![0., 0.],
        ),
        (
            two_classes(),
            Loss::BinaryCrossEntropy,
            vec![nan, -9.],
            vec![1., 0.],
        ),
    ];
    for (task, loss, outputs, targets) in cases {
        let found = evaluated(loss, task.clone(), &outputs, &targets);
        assert_eq!(found.metrics.errors, Some(1), "{task} {outputs:?}");
        for unknown in [
            found.metrics.negative_log_likelihood,
            found.metrics.brier_score,
            found.metrics.expected_calibration_error,
            Some(found.metrics.loss),
        ] {
            assert!(
                unknown.is_some_and(f64::is_nan),
                "{task}: {:?}",
                found.metrics
            );
        }
        assert!(
            found.metrics.to_string().contains("NaN"),
            "{}",
            found.metrics
        );
        assert_eq!(fields(&found.metrics)["loss"], Value::Null);
        let predicted = predictions(loss, &task, &outputs);
        let first = &predicted[..task.d_output()];
        assert_eq!(predicted_class(&task, first), None, "{task} {outputs:?}");
    }
    // A network's layers spread what is not a number over the row; here it stands alone.
    assert_eq!(predicted_class(&classes(3), &[5.0, nan, 0.0]), None);
    let found = evaluated(
        Loss::MeanSquaredError,
        regression(&[(0.0, 1.0)]),
        &[nan, 1.0],
        &[0.0, 1.0],
    );
    assert!(found.metrics.rmse.is_some_and(f64::is_nan));
}

#[test]
fn no_logit_is_too_large_for_the_likelihood_of_what_came() {
    let found = evaluated(
        Loss::CrossEntropy,
        classes(3),
        &[2e3, 0., -2e3],
        &[0., 0., 1.],
    )
    .metrics;
    assert_eq!(found.negative_log_likelihood, Some(4e3));
    assert_eq!((found.loss, found.brier_score), (4e3, Some(2.0)));
    for (logit, label) in [(2e3, 0.0), (-2e3, 1.0)] {
        let found = evaluated(Loss::BinaryCrossEntropy, two_classes(), &[logit], &[label]).metrics;
        assert_eq!(found.negative_log_likelihood, Some(2e3));
        assert_eq!((found.loss, found.brier_score), (2e3, Some(1.0)));
    }
    // Nor is any digit of a small one lost: log(1 + exp(-40)) is exp(-40), far below 1e-16.
    let found = evaluated(Loss::BinaryCrossEntropy, two_classes(), &[40.0], &[1.0]).metrics;
    let surprise = found.negative_log_likelihood.expect("a likelihood");
    assert!(
        (surprise / (-40.0_f64).exp() - 1.0).abs() < 1e-12,
        "{surprise:e}"
    );
}

#[test]
fn outputs_that_are_no_distribution_have_no_likelihood() {
    let bare = |metrics: &Metrics| {
        assert!(metrics.error_rate.is_some());
        assert_eq!(metrics.negative_log_likelihood, None);
        assert_eq!(metrics.brier_score, None);
        assert_eq!(metrics.expected_calibration_error, None);
    };
    // A linear output for two classes: above or below one half.
    let found = evaluated(
        Loss::SquaredError,
        two_classes(),
        &[0.6, 1.7, -3.0],
        &[1.0, 0.0, 0.0],
    );
    bare(&found.metrics);
    assert_eq!(found.metrics.errors, Some(1));
    bare(&evaluated(Loss::SquaredError, classes(2), &[0.9, 0.2], &[1.0, 0.0]).metrics);
}

#[test]
fn r2_needs_targets_that_vary_and_keeps_the_digits_of_those_that_hardly_do() {
    let plain = || regression(&[(0.0, 1.0)]);
    let found = evaluated(Loss::MeanSquaredError, plain(), &[1.0, 2.0], &[0.1, 0.1]);
    assert_eq!(found.metrics.r2, None);
    assert!(found.metrics.rmse.is_some());
    let found = evaluated(Loss::MeanSquaredError, plain(), &[7.0], &[3.0]);
    assert_eq!((found.metrics.rmse, found.metrics.r2), (Some(4.0), None));

    // By hand: deviations -1, 0, 1 and errors 0.5 each; R2 = 1 - 0.75 / 2, wherever the zero is.
    for zero in [0.0, 2e3, 1e9] {
        let targets = [zero - 1.0, zero, zero + 1.0];
        let outputs = targets.map(|target| target + 0.5);
        let found = evaluated(Loss::MeanSquaredError, plain(), &outputs, &targets).metrics;
        assert!((found.r2.expect("R2") - 0.625).abs() < 1e-12, "{found:?}");
        assert!((found.rmse.expect("RMSE") - 0.5).abs() < 1e-12, "{found:?}");
    }
}

#[test]
fn the_headline_is_the_error_rate_of_classes_and_the_rmse_of_numbers() {
    let found = evaluated(
        Loss::BinaryCrossEntropy,
        two_classes(),
        &[1.0, 1.0],
        &[1.0, 0.0],
    );
    assert_eq!(found.metrics.headline(), (Measure::ErrorRate, 0.5));
    let found = evaluated(
        Loss::MeanSquaredError,
        regression(&[(0.0, 2.0)]),
        &[1.5],
        &[0.0],
    );
    assert_eq!(found.metrics.headline(), (Measure::Rmse, 3.0));
}

#[test]
fn people_read_aligned_lines_and_machines_what_applies() {
    let found = evaluated(
        Loss::BinaryCrossEntropy,
        two_classes(),
        &[0.0, 0.0],
        &[0.0, 1.0],
    );
    assert_eq!(
        found.metrics.to_string(),
        "rows                                   2\n\
         loss                              0.6931\n\
         errors                                 1\n\
         error rate                       50.00 %\n\
         accuracy                         50.00 %\n\
         balanced accuracy                50.00 %\n\
         F1                                0.0000\n\
         ROC AUC                           0.5000\n\
         average precision                 0.5000\n\
         Brier score                       0.2500\n\
         expected calibration error        0.00 %"
    );
    let found = evaluated(
        Loss::MeanSquaredError,
        regression(&[(0.0, 1e-6)]),
        &[0.0, 0.0],
        &[1.0, -1.0],
    );
    assert_eq!(
        found.metrics.to_string(),
        "rows                                   2\n\
         loss                              1.0000\n\
         RMSE                            1.000e-6\n\
         mean absolute error             1.000e-6\n\
         median absolute error           1.000e-6\n\
         R2                                0.0000"
    );
    let text = serde_json::to_string(&found.metrics).expect("JSON");
    assert!(!text.contains("errors"), "{text}");
    let read: Metrics = serde_json::from_str(&text).expect("metrics");
    assert_eq!(read, found.metrics);
}

#[test]
fn data_without_rows_or_of_other_shapes_and_batches_of_none_are_errors() {
    let (network, data) = network_and_rows(&Backend::default(), &classes(7));
    let message = |data: &Dataset, rows| {
        let found = evaluate_in_batches(&network, Loss::CrossEntropy, data, rows);
        found.expect_err("an error").to_string()
    };
    assert_eq!(
        message(&data.select(&[]), 5),
        "the data to evaluate on: expected at least one row, found none"
    );
    assert_eq!(
        message(&dropwise::data::xor(), 5),
        "the network's inputs and outputs: expected shape [3, 1], found [3, 7]"
    );
    assert_eq!(
        message(&data, 0),
        "batch_rows: expected a whole number of at least 1, found 0"
    );
}

#[test]
fn binary_cross_entropy_is_finite_for_any_logit_and_its_slope_is_sigmoid_less_target() {
    let logits = [-200.0, -30.0, -1.5, 0.0, 0.25, 3.0, 40.0, 200.0_f64];
    for (backend, device) in backends() {
        let precision = Precision::finest(&device);
        for target in [0.0, 0.3, 1.0] {
            let z = crate::common::tensor(&logits, 1, &device, precision).require_grad();
            let y = Tensor::full([logits.len(), 1], target, (&device, precision.dtype()));
            let loss = Loss::BinaryCrossEntropy.forward(z.clone(), y);
            let slopes = read(z.grad(&loss.backward()).expect("a gradient")).expect("numbers");
            let expected: Vec<f64> = logits
                .iter()
                .map(|z| (1.0 / (1.0 + (-z).exp()) - target) / logits.len() as f64)
                .collect();
            assert_close(&format!("slopes on {backend}"), &slopes, &expected, 1e-6);
            let of_one = |z: &f64| {
                let p = 1.0 / (1.0 + (-z).exp());
                let terms = [(target, -p.ln()), (1.0 - target, z + (-z).exp().ln_1p())];
                let terms =
                    terms.map(|(mass, surprise)| if mass > 0.0 { mass * surprise } else { 0.0 });
                terms[0] + terms[1]
            };
            let expected = logits.iter().map(of_one).sum::<f64>() / logits.len() as f64;
            let loss = read(loss).expect("a number");
            assert_close(&format!("loss on {backend}"), &loss, &[expected], 1e-6);
        }
    }
}

#[test]
fn gelu_and_its_slope_are_not_approximated() {
    // SciPy 1.17.1, float64: z * ndtr(z), and ndtr(z) + z * norm.pdf(z).
    let known = [
        (-5.0, -1.4332578593959663e-06, -7.1469460017922964e-06),
        (-2.3, -0.024665453049854357, -0.05442807678400692),
        (-1.0, -0.15865525393145707, -0.08331547058768629),
        (-0.2, -0.0841480581121794, 0.34253175176580575),
        (0.0, 0.0, 0.5),
        (0.5, 0.34573123063700656, 0.8674951246561629),
        (1.7, 1.6242387133104768, 1.1153179687821648),
        (2.3, 2.2753345469501456, 1.0544280767840069),
        (6.0, 5.999999994080474, 1.0000000354687093),
    ];
    let inputs = known.map(|(z, _, _)| z);
    for (backend, device) in backends() {
        let precision = Precision::finest(&device);
        let z = crate::common::tensor(&inputs, 1, &device, precision).require_grad();
        let values = Activation::Gelu.forward(z.clone());
        let slopes = z
            .grad(&values.clone().sum().backward())
            .expect("a gradient");
        let bound = match precision {
            Precision::Float64 => 1e-14,
            Precision::Float32 => 1e-6,
        };
        let (values, slopes) = (
            read(values).expect("numbers"),
            read(slopes).expect("numbers"),
        );
        assert_close(
            &format!("{backend}"),
            &values,
            &known.map(|(_, h, _)| h),
            bound,
        );
        assert_close(
            &format!("slopes on {backend}"),
            &slopes,
            &known.map(|(_, _, s)| s),
            bound,
        );
    }
}

/// What scikit-learn says of a number: none where it has none.
#[track_caller]
fn assert_is(what: &str, found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!(
                (found - expected).abs() <= 1e-12,
                "{what}: {found} is not {expected}"
            );
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn each_class_and_the_order_of_predictions_are_measured_as_by_scikit_learn_ties_and_absent_classes_included()
 {
    for (k, case) in golden("scores")
        .as_array()
        .expect("cases")
        .iter()
        .enumerate()
    {
        let predictions = numbers(&case["predictions"]);
        let (task, targets) = match case.get("labels") {
            None => (regression(&[(0.0, 1.0)]), numbers(&case["targets"])),
            Some(labels) => {
                let count = case["classes"].as_u64().expect("a count") as usize;
                let labels = numbers(labels).into_iter();
                if count == 2 {
                    (two_classes(), labels.collect())
                } else {
                    let one_hot =
                        |label: f64| (0..count).map(move |class| f64::from(class as f64 == label));
                    (classes(count), labels.flat_map(one_hot).collect())
                }
            }
        };
        let found = evaluated(Loss::SquaredError, task, &predictions, &targets);
        let (report, found) = (found.classes, fields(&found.metrics));
        for (metric, expected) in case["metrics"].as_object().expect("metrics") {
            let found = found.get(metric).and_then(Value::as_f64);
            assert_is(&format!("case {k}, {metric}"), found, expected);
        }
        let Some(of_class) = case.get("of_class") else {
            assert_eq!(report, None);
            continue;
        };
        let report = report.expect("classes");
        assert_eq!(json!(report.confusion), case["confusion"], "case {k}");
        for (class, expected) in report
            .classes
            .iter()
            .zip(of_class.as_array().expect("classes"))
        {
            let what = |metric: &str| format!("case {k}, class {}, {metric}", class.class);
            assert_eq!(
                json!([class.rows, class.predicted]),
                json!([expected["rows"], expected["predicted"]])
            );
            assert_is(&what("recall"), class.recall, &expected["recall"]);
            assert_is(&what("precision"), class.precision, &expected["precision"]);
            assert_is(&what("f1"), class.f1, &expected["f1"]);
            assert_is(&what("ROC AUC"), class.roc_auc, &expected["roc_auc"]);
            assert_is(
                &what("average precision"),
                class.average_precision,
                &expected["average_precision"],
            );
        }
    }
}

#[test]
fn a_threshold_moves_rows_from_one_class_to_the_other_and_no_curve() {
    let (outputs, targets) = ([0.1, 0.3, 0.4, 0.8], [0.0, 0.0, 1.0, 1.0]);
    let data = outputs_and_targets(two_classes(), &outputs, &targets);
    let network = passing_on(
        1,
        Activation::Identity,
        &Backend::default(),
        Precision::Float64,
    );
    let evaluated_at = |threshold| {
        let options = EvaluatorOptions {
            threshold,
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::new((&network, Loss::SquaredError), data.task(), options)?;
        evaluator.add(&data)?;
        evaluator.finish()
    };
    let at = |threshold| {
        let (metrics, report) = evaluated_at(threshold).expect("an evaluation");
        assert_eq!(metrics.errors, Some(1), "the metrics are those of 0.5");
        assert_eq!(metrics.balanced_accuracy, Some(0.75));
        report.expect("classes")
    };
    assert_eq!(at(0.5).confusion, [[2, 0], [1, 1]]);
    assert_eq!(at(0.35).confusion, [[2, 0], [0, 2]]);
    assert_eq!(at(0.0).confusion, [[0, 2], [0, 2]]);
    // A prediction at the threshold is the first class, as with 0.5.
    assert_eq!(at(0.4).confusion, [[2, 0], [1, 1]]);
    for threshold in [0.0, 0.35, 1.0] {
        let auc = |report: ClassReport| report.classes[1].roc_auc;
        assert_eq!(auc(at(threshold)), Some(1.0));
    }
}

#[test]
fn a_prediction_that_is_not_a_number_leaves_no_curve_and_is_in_no_cell_of_the_confusion() {
    let (outputs, targets) = ([f64::NAN, 0.3, 0.4], [0.0, 0.0, 1.0]);
    let found = evaluated(Loss::SquaredError, two_classes(), &outputs, &targets);
    let report = found.classes.expect("classes");
    assert_eq!(report.confusion, [[1, 0], [1, 0]]);
    assert_eq!(
        (report.classes[0].rows, report.classes[0].recall),
        (2, Some(0.5))
    );
    assert_eq!(
        (
            report.classes[1].roc_auc,
            report.classes[1].average_precision
        ),
        (None, None)
    );
}
