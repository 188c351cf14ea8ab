//! Permutation importance.

use dropwise_lab::explain::{ExplainOptions, Importance};

use super::fixtures::{Made, classes, dataset, draw, passing_on, regression, rows};

/// A network that gives its first input and looks at no other, on rows whose target is that input.
fn first_of(width: usize) -> Made {
    let (mut shape, mut layers) = passing_on(width);
    let hidden = 2 * width;
    shape.d_output = 1;
    let last = layers.pop().expect("an output layer");
    let first = |row: usize| last.weight[row * width..][..1].to_vec();
    layers.push(dropwise::LayerWeights {
        d_input: hidden,
        d_output: 1,
        weight: (0..hidden).flat_map(first).collect(),
        bias: last.bias.map(|bias| bias[..1].to_vec()),
    });
    let inputs = draw(40 * width, 3);
    let targets: Vec<f64> = inputs.iter().step_by(width).copied().collect();
    let rows = dataset(regression(&[(10.0, 2.0)]), width, &inputs, &targets);
    Made::new(&shape, &layers, &rows, "")
}

fn importance(made: &Made) -> Importance {
    let found = made.explain(&ExplainOptions::default());
    found.importance.expect("columns")
}

#[test]
fn the_column_that_the_network_looks_at_comes_first_and_the_others_count_nothing() {
    let found = importance(&first_of(4));
    assert_eq!((found.rows, found.measure.as_str()), (40, "RMSE"));
    assert!(found.baseline < 1e-6, "{}", found.baseline);
    assert_eq!(found.columns.len(), 4);
    assert_eq!(found.columns[0].column, "x0");
    assert!(found.columns[0].increase > 0.5);
    for column in &found.columns[1..] {
        assert_eq!((column.increase, column.deviation), (0.0, 0.0));
    }
}

#[test]
fn shuffling_costs_the_root_of_two_variances() {
    // Of a target that is told exactly, what is left after shuffling is the difference of two independent draws.
    let (found, inputs) = (importance(&first_of(2)), draw(80, 3));
    let column: Vec<f64> = inputs.iter().step_by(2).copied().collect();
    let mean = column.iter().sum::<f64>() / 40.0;
    let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 40.0;
    let expected = 2.0 * (2.0 * variance).sqrt();
    let off = (found.columns[0].increase / expected - 1.0).abs();
    assert!(
        off < 0.25,
        "{} beside {expected}",
        found.columns[0].increase
    );
}

#[test]
fn the_same_seed_shuffles_alike() {
    let made = first_of(3);
    assert_eq!(importance(&made), importance(&made));
}

#[test]
fn a_single_column_and_several_targets_have_no_importance() {
    assert!(
        first_of(1)
            .explain(&ExplainOptions::default())
            .importance
            .is_none()
    );
    let (shape, layers) = passing_on(2);
    let rows = rows(regression(&[(0.0, 1.0), (0.0, 1.0)]), 2, 9, 5);
    let found = Made::new(&shape, &layers, &rows, "").explain(&ExplainOptions::default());
    assert!(found.importance.is_none());
}

#[test]
fn of_classes_the_loss_is_what_gets_worse() {
    let (shape, layers) = passing_on(3);
    let rows = rows(classes(3), 3, 30, 5);
    let found = importance(&Made::new(&shape, &layers, &rows, ""));
    assert_eq!(found.measure, "loss");
}
