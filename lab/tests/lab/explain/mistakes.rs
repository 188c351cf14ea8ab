//! The rows that a network is furthest off on.

use dropwise::config::{Activation, Missing, NewCategory};
use dropwise::data::{Column, ColumnKind, Preparation, TablePreparation, Task};
use dropwise::{Dataset, MlpConfig};
use dropwise_lab::explain::{ExplainOptions, Mistakes};

use super::made::{Made, Rows, classes, passing_on, regression, two_classes};

fn mistakes(made: &Made) -> Mistakes {
    made.explain(&ExplainOptions::default())
        .mistakes
        .expect("data")
}

fn of_outputs(task: Task, outputs: &[f64], targets: &[f64]) -> Mistakes {
    let width = task.d_output();
    let (shape, layers) = passing_on(width);
    let rows = Rows {
        task,
        d_input: width,
        inputs: outputs.to_vec(),
        targets: targets.to_vec(),
    };
    mistakes(&Made::new(&shape, &layers, &Dataset::new(rows), ""))
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
fn table() -> Preparation {
    Preparation::Table(TablePreparation {
        columns: vec![
            Column {
                name: "color".to_owned(),
                kind: ColumnKind::Categorical {
                    categories: ["green", "red"].map(str::to_owned).to_vec(),
                    fill: None,
                },
            },
            Column {
                name: "weight".to_owned(),
                kind: ColumnKind::Numeric {
                    mean: 50.0,
                    deviation: 4.0,
                    fill: None,
                },
            },
        ],
        other_columns: Vec::new(),
        missing_values: Vec::new(),
        missing: Missing::Drop,
        new_category: NewCategory::Ignore,
    })
}

#[test]
fn a_tables_numbers_are_in_their_own_units_and_categories_stay_as_they_are() {
    let shape = MlpConfig::new(3, [4], 1).with_output(Activation::Identity);
    let rows = Rows {
        task: regression(&[(0.0, 1.0)]),
        d_input: 3,
        inputs: vec![0.0, 1.0, 1.5, 1.0, 0.0, -0.5],
        targets: vec![1_000.0, 2_000.0],
    };
    let layers = super::made::weights(&shape, 7);
    let mut made = Made::new(&shape, &layers, &Dataset::new(rows), "");
    made.preparation = table();
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
    made.preparation = Preparation::Images {
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
