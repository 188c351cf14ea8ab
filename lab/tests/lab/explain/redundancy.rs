//! How alike units are: laws, and plain loops on a layer that is computed in several blocks.

use dropwise::config::Activation;
use dropwise::{LayerWeights, MlpConfig};
use dropwise_lab::explain::{ExplainOptions, Redundancy, Similarities};

use super::fixtures::{Made, dataset, draw, two_classes, weights};
use crate::common::assert_close;

fn first_layer(made: &Made) -> Redundancy {
    let mut found = made.explain(&ExplainOptions::default()).redundancy;
    found.swap_remove(0)
}

fn shape(d_input: usize, units: usize) -> MlpConfig {
    MlpConfig::new(d_input, [units], 1)
        .with_activation(Activation::Tanh)
        .with_output(Activation::Identity)
}

/// A network whose first layer has these incoming weights, a row a unit, and no biases.
fn with_units(units: &[&[f64]], rows: usize) -> Made {
    let d_input = units[0].len();
    let shape = shape(d_input, units.len()).with_bias(false);
    let mut layers = weights(&shape, 7);
    let column = |i: usize| units.iter().map(move |weights| weights[i]);
    layers[0].weight = (0..d_input).flat_map(column).collect();
    let train = super::fixtures::rows(two_classes(), d_input, rows, 2);
    Made::new(&shape, &layers, &train, "")
}

#[test]
fn units_that_are_all_alike_are_one_direction_and_all_near_duplicates() {
    let unit: &[f64] = &[0.5, -0.25, 1.0];
    let found = first_layer(&with_units(&[unit; 5], 20));
    for similarities in [&found.activations, &found.weights] {
        assert_eq!(similarities.near_duplicates, 5);
        assert_close("rank", &[similarities.effective_rank], &[1.0], 1e-12);
        assert_close("magnitude", &[similarities.mean_magnitude], &[1.0], 1e-12);
    }
}

#[test]
fn units_with_nothing_in_common_are_as_many_directions() {
    let units: [&[f64]; 3] = [&[2.0, 0.0, 0.0], &[0.0, -1.0, 0.0], &[0.0, 0.0, 0.1]];
    let found = first_layer(&with_units(&units, 20)).weights;
    assert_close("rank", &[found.effective_rank], &[3.0], 1e-12);
    assert_eq!((found.near_duplicates, found.mean_magnitude), (0, 0.0));
}

#[test]
fn the_opposite_of_a_unit_is_like_it_in_magnitude_and_no_duplicate() {
    let units: [&[f64]; 2] = [&[1.0, 2.0], &[-2.0, -4.0]];
    let found = first_layer(&with_units(&units, 20));
    assert_eq!(found.weights.near_duplicates, 0);
    assert_close("weights", &[found.weights.mean_magnitude], &[1.0], 1e-12);
    assert_eq!(found.weights.matrix, [[1.0, -1.0], [-1.0, 1.0]]);
}

#[test]
fn one_unit_alone_is_like_no_other() {
    let found = first_layer(&with_units(&[&[1.0, 2.0]], 20));
    for similarities in [&found.activations, &found.weights] {
        assert_eq!(similarities.matrix, [[1.0]]);
        assert_eq!(
            (similarities.mean_magnitude, similarities.near_duplicates),
            (0.0, 0)
        );
        assert_eq!(similarities.effective_rank, 1.0);
    }
}

#[test]
fn units_without_weights_and_without_bias_are_like_nothing() {
    let units: [&[f64]; 3] = [&[0.0, 0.0], &[1.0, 1.0], &[0.0, 0.0]];
    let found = first_layer(&with_units(&units, 20));
    assert_eq!(found.constant_units, 2);
    for similarities in [&found.activations, &found.weights] {
        assert_eq!(
            similarities.shown,
            [1, 0, 2],
            "what is like nothing comes last"
        );
        assert_eq!(similarities.matrix, [[1.0, 0.0, 0.0], [0.0; 3], [0.0; 3]]);
        assert_eq!(similarities.effective_rank, 1.0);
    }
    let dead = first_layer(&with_units(&[&[0.0, 0.0][..]; 3], 20));
    assert_eq!(
        (dead.constant_units, dead.activations.effective_rank),
        (3, 0.0)
    );
}

#[test]
fn a_single_row_makes_every_unit_constant() {
    let found = first_layer(&with_units(&[&[1.0, 2.0], &[2.0, 1.0]], 1));
    assert_eq!((found.rows, found.constant_units), (1, 2));
    assert_eq!(found.activations.effective_rank, 0.0);
    assert!(found.weights.effective_rank > 1.0);
}

/// Activations near 1 that differ in their last digits.
#[test]
fn a_small_spread_around_a_large_value_keeps_its_digits() {
    let layers = [
        LayerWeights {
            d_input: 1,
            d_output: 2,
            weight: vec![1e-9, 3e-9],
            bias: Some(vec![1.0, 1.0]),
        },
        LayerWeights {
            d_input: 2,
            d_output: 1,
            weight: vec![1.0, 1.0],
            bias: Some(vec![0.0]),
        },
    ];
    let shape = shape(1, 2).with_activation(Activation::Identity);
    let train = super::fixtures::rows(two_classes(), 1, 30, 2);
    let found = first_layer(&Made::new(&shape, &layers, &train, ""));
    assert_eq!(found.constant_units, 0);
    assert!(
        found.activations.matrix[0][1] > 0.999_999,
        "{:?}",
        found.activations.matrix
    );
}

/// `[units][rows]` -> what they come to, pair by pair.
fn of_pairs(vectors: &[Vec<f64>]) -> (f64, usize, f64) {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (mut magnitudes, mut squares, mut near) = (0.0, 0.0, vec![false; vectors.len()]);
    for (i, a) in vectors.iter().enumerate() {
        for (j, b) in vectors.iter().enumerate() {
            let similarity = product(a, b) / (product(a, a) * product(b, b)).sqrt();
            squares += similarity * similarity;
            if i != j {
                magnitudes += similarity.abs();
                near[i] |= similarity > Redundancy::NEAR;
            }
        }
    }
    let units = vectors.len() as f64;
    let near = near.iter().filter(|near| **near).count();
    (
        magnitudes / units / (units - 1.0),
        near,
        units * units / squares,
    )
}

#[track_caller]
fn assert_pairs(found: &Similarities, vectors: &[Vec<f64>]) {
    let (magnitude, near, rank) = of_pairs(vectors);
    assert_close("magnitude", &[found.mean_magnitude], &[magnitude], 1e-10);
    assert_close("rank", &[found.effective_rank], &[rank], 1e-10);
    assert_eq!(found.near_duplicates, near);
}

#[test]
fn of_a_wide_layer_all_pairs_count_and_the_first_48_units_are_shown() {
    const UNITS: usize = 600;
    let shape = shape(3, UNITS);
    let mut layers = weights(&shape, 7);
    // Twins in blocks far from each other.
    for (one, twin) in [(3, 599), (255, 256), (17, 300)] {
        for i in 0..3 {
            layers[0].weight[i * UNITS + twin] = layers[0].weight[i * UNITS + one];
        }
    }
    let train = super::fixtures::rows(two_classes(), 3, 25, 2);
    let found = first_layer(&Made::new(&shape, &layers, &train, ""));
    let weight = |unit: usize| (0..3).map(|i| layers[0].weight[i * UNITS + unit]).collect();
    let vectors: Vec<Vec<f64>> = (0..UNITS).map(weight).collect();
    assert_pairs(&found.weights, &vectors);
    let bias = layers[0].bias.as_ref().expect("biases");
    let activations = |unit: usize| {
        let sum = |row: usize| {
            let inputs = train.input_row(row);
            let sum = inputs
                .iter()
                .zip(&vectors[unit])
                .map(|(x, w)| x * w)
                .sum::<f64>();
            (sum + bias[unit]).tanh()
        };
        let values: Vec<f64> = (0..25).map(sum).collect();
        let mean = values.iter().sum::<f64>() / 25.0;
        values.into_iter().map(|value| value - mean).collect()
    };
    assert_pairs(
        &found.activations,
        &(0..UNITS).map(activations).collect::<Vec<_>>(),
    );
    for similarities in [&found.activations, &found.weights] {
        let mut shown = similarities.shown.clone();
        shown.sort_unstable();
        assert!(shown.into_iter().eq(0..48));
        for (i, row) in similarities.matrix.iter().enumerate() {
            assert_eq!((row.len(), row[i]), (48, 1.0));
            assert!((0..48).all(|j| row[j] == similarities.matrix[j][i]));
        }
    }
}

#[test]
fn like_units_are_shown_beside_each_other() {
    // Three kinds of units, in turn.
    let kinds: [&[f64]; 3] = [&[1.0, 0.1, 0.0], &[0.0, 1.0, 0.1], &[0.1, 0.0, 1.0]];
    let units: Vec<&[f64]> = (0..12).map(|unit| kinds[unit % 3]).collect();
    let found = first_layer(&with_units(&units, 20)).weights;
    let kinds: Vec<usize> = found.shown.iter().map(|unit| unit % 3).collect();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 2, "{kinds:?}");
}

#[test]
fn activations_are_of_two_thousand_rows_at_most() {
    let shape = shape(2, 3);
    let rows = dataset(two_classes(), 2, &draw(2 * 5_000, 4), &[1.0; 5_000]);
    let made = Made::new(&shape, &weights(&shape, 7), &rows, "");
    assert_eq!(first_layer(&made).rows, 2_000);
}
