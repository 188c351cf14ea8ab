//! Histograms, and what counts as near zero.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise::explain::{ExplainOptions, Histogram};
use proptest::prelude::*;

use super::made::{Made, two_classes, weights};

proptest! {
    #[test]
    fn every_value_lies_between_the_edges_of_its_bin(values in prop::collection::vec(-1e3_f64..1e3, 1..200)) {
        let found = Histogram::of(&values).expect("finite values");
        prop_assert_eq!((found.edges.len(), found.counts.len()), (41, 40));
        prop_assert!(found.edges.windows(2).all(|pair| pair[0] < pair[1]));
        for (k, count) in found.counts.iter().enumerate() {
            let (low, high) = (found.edges[k], found.edges[k + 1]);
            let is_inside = |value: &&f64| (low..high).contains(*value) || (k == 39 && **value == high);
            prop_assert_eq!(values.iter().filter(is_inside).count(), *count);
        }
    }
}

#[test]
fn values_that_are_all_the_same_lie_in_the_middle() {
    let found = Histogram::of(&[7.0; 5]).expect("a histogram");
    assert_eq!((found.edges[0], found.edges[40]), (6.5, 7.5));
    assert_eq!(
        (found.counts[20], found.counts.iter().sum::<usize>()),
        (5, 5)
    );
}

#[test]
fn what_is_not_finite_has_no_histogram_and_neither_has_nothing() {
    for values in [
        &[][..],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
        &[-1e308, 1e308, 1e308],
    ] {
        assert!(Histogram::of(values).is_none(), "{values:?}");
    }
}

#[test]
fn units_that_are_dead_are_near_zero_and_half_of_them_are_half() {
    let shape = MlpConfig::new(2, [4], 1)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity);
    let mut layers = weights(&shape, 7);
    for (bias, dead) in [(-100.0, 4), (100.0, 0)] {
        layers[0].bias = Some(vec![bias; 4]);
        let made = Made::drawn_with(&shape, &layers, two_classes(), 30);
        let found = made.explain(&ExplainOptions::default()).activity;
        assert_eq!(found[0].near_zero, f64::from(dead) / 4.0);
    }
    layers[0].bias = Some(vec![-100.0, 100.0, -100.0, 100.0]);
    let made = Made::drawn_with(&shape, &layers, two_classes(), 30);
    let found = &made.explain(&ExplainOptions::default()).activity[0];
    assert_eq!(found.near_zero, 0.5);
    assert_eq!(found.means.counts[0], 2);
    assert!((49.0..51.0).contains(&found.mean), "{}", found.mean);
    assert_eq!(found.activations.counts.iter().sum::<usize>(), 4 * 30);
}
