//! The rows that a network is furthest off on.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise::data::{Preprocessing, Task};
use dropwise_lab::explain::{ExplainOptions, Mistakes};

use super::fixtures::{Made, classes, dataset, passing_on, regression, two_classes};

fn mistakes(made: &Made) -> Mistakes {
    made.explain(&ExplainOptions::default())
        .mistakes
        .expect("data")
}

fn of_outputs(task: Task, outputs: &[f64], targets: &[f64]) -> Mistakes {
    let width = task.d_output();
    let (shape, layers) = passing_on(width);
    let rows = dataset(task, width, outputs, targets);
    mistakes(&Made::new(&shape, &layers, &rows, ""))
}

fn order(found: &Mistakes) -> Vec<usize> {
    found.rows.iter().map(|mistake| mistake.row).collect()
}

#[test]
fn wrong_rows_come_in_the_order_of_how_little_the_right_class_was_given() {
    // Right, a little wrong, very wrong, wrong.
    let outputs = [2.0, 0.0, 0.0, 0.1, 5.0, 0.0, 1.0, 0.0];
    let targets = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
    let found = of_outputs(classes(2), &outputs, &targets);
    assert_eq!((order(&found), found.all), (vec![2, 3, 1], 3));
    let worst = &found.rows[0];
    assert_eq!(
        (worst.actual.as_str(), worst.predicted.as_str()),
        ("class 1", "class 0")
    );
    let expected = 1.0 / (1.0 + (-5.0_f64).exp());
    assert!((worst.probability.expect("a probability") - expected).abs() < 1e-12);
    assert_eq!(worst.inputs, [5.0, 0.0]);
}

#[test]
fn of_two_classes_with_one_output_either_can_be_the_right_one() {
    let found = of_outputs(two_classes(), &[1.0, -4.0, 3.0, 9.0], &[0.0, 1.0, 0.0, 1.0]);
    assert_eq!(order(&found), [1, 2, 0]);
    let probability = found.rows[0].probability.expect("a probability");
    assert_eq!(
        (
            found.rows[0].actual.as_str(),
            found.rows[0].predicted.as_str()
        ),
        ("yes", "no")
    );
    assert!((probability - 1.0 / (1.0 + (-4.0_f64).exp())).abs() < 1e-12);
}

#[test]
fn numbers_come_in_the_order_of_how_far_off_they_are_and_all_of_them_count() {
    let task = regression(&[(100.0, 10.0)]);
    let found = of_outputs(task, &[1.0, 0.0, 2.5], &[0.5, -1.0, 2.4]);
    assert_eq!((order(&found), found.all), (vec![1, 0, 2], 3));
    let worst = &found.rows[0];
    assert_eq!(
        (worst.actual.as_str(), worst.predicted.as_str()),
        ("90.0000", "100.0000")
    );
    assert_eq!(worst.probability, None);
}

#[test]
fn twenty_four_are_shown_and_of_equals_the_first() {
    let outputs = vec![0.0; 100];
    let found = of_outputs(two_classes(), &outputs, &[1.0; 100]);
    assert_eq!(found.all, 100);
    assert!(order(&found).into_iter().eq(0..24));
}

/// A column of numbers around 50 and one of categories.
fn table() -> Preprocessing {
    let table = serde_json::json!({
        "kind": "table",
        "columns": [
            { "name": "color", "kind": "categorical", "categories": ["green", "red"] },
            { "name": "weight", "kind": "numeric", "mean": "50", "deviation": "4" },
        ],
        "missing_values": [],
        "missing": "drop",
        "new_category": "ignore",
    });
    serde_json::from_value(table).expect("a preprocessing")
}

#[test]
fn a_tables_numbers_are_in_their_own_units_and_categories_stay_as_they_are() {
    let shape = MlpConfig::new(3, [4], 1).with_output(Activation::Identity);
    let inputs = [0.0, 1.0, 1.5, 1.0, 0.0, -0.5];
    let rows = dataset(regression(&[(0.0, 1.0)]), 3, &inputs, &[1_000.0, 2_000.0]);
    let layers = super::fixtures::weights(&shape, 7);
    let mut made = Made::new(&shape, &layers, &rows, "");
    made.preprocessing = table();
    let found = mistakes(&made);
    assert_eq!(found.input_names, ["color=green", "color=red", "weight"]);
    assert_eq!(order(&found), [1, 0]);
    assert_eq!(found.rows[0].inputs, [1.0, 0.0, 48.0]);
    assert_eq!(found.rows[1].inputs, [0.0, 1.0, 56.0]);
}

#[test]
fn an_images_pixels_are_all_shown_as_they_are() {
    let shape = MlpConfig::new(6, [4], 3).with_output(Activation::Identity);
    let mut made = Made::drawn(&shape, classes(3), 30, "");
    made.preprocessing = Preprocessing::Images {
        height: 2,
        width: 3,
        largest: 255,
    };
    let found = mistakes(&made);
    assert_eq!((found.image, found.input_names.len()), (Some((2, 3)), 0));
    for mistake in &found.rows {
        let inputs = made.train().input_row(mistake.row);
        assert!(
            mistake
                .inputs
                .iter()
                .zip(&inputs)
                .all(|(found, input)| *found == *input as f32)
        );
        assert_eq!(mistake.inputs.len(), 6);
    }
}
