//! What is to be explained: without data, on another network, with weights that are no numbers.

use burn::module::Module;
use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise_lab::explain::{ExplainOptions, Trail, TrailLine};

use super::fixtures::{Made, columns, two_classes, weights};

fn shape() -> MlpConfig {
    MlpConfig::new(3, [5, 4], 1)
        .with_output(Activation::Identity)
        .with_hidden_dropout(0.5)
}

fn trail(inputs: Vec<usize>, units: usize) -> Trail {
    let mut trail = Trail::default();
    let line = TrailLine {
        step: 0,
        weights: vec![vec![0.5; units]; inputs.len()],
        inputs: Some(inputs),
        units: Some(units),
    };
    trail.push(line).expect("a line");
    trail
}

#[test]
fn without_data_all_is_there_that_takes_none() {
    let mut made = Made::drawn(&shape(), two_classes(), 9, "");
    made.splits = None;
    made.trail = Some(trail(vec![1, 0], 5));
    let found = made.explain(&ExplainOptions::default());
    assert!(found.landscape.is_none() && found.confusion.is_none() && found.calibration.is_none());
    assert!(found.mistakes.is_none() && found.fit.is_none() && found.activity.is_empty());
    assert!(found.card.measured.is_empty());
    assert_eq!(found.paths.expect("a trail").input, 1);
    assert_eq!(found.features.units.len(), 5);
    assert_eq!(found.diagram.layers.len(), 4);
    assert_eq!(found.redundancy.len(), 2);
    for redundancy in found.redundancy {
        assert_eq!(redundancy.rows, 0);
        assert!(redundancy.activations.shown.is_empty());
        assert_eq!(redundancy.weights.shown.len(), redundancy.units);
    }
}

#[test]
fn without_a_trail_a_note_says_so() {
    let found = Made::drawn(&shape(), two_classes(), 9, "").explain(&ExplainOptions::default());
    assert!(found.paths.is_none());
    let note = "There are no paths of weights: none were recorded while the network was trained.";
    assert_eq!(found.notes, [note]);
}

#[test]
fn the_same_network_is_explained_the_same() {
    let made = Made::drawn(&shape(), two_classes(), 50, "");
    let options = ExplainOptions::default();
    assert_eq!(made.explain(&options), made.explain(&options));
}

#[test]
fn a_network_in_training_is_explained_as_it_is_without_its_graph() {
    let mut made = Made::drawn(&shape(), two_classes(), 50, "");
    let options = ExplainOptions::default();
    let expected = made.explain(&options);
    made.network = made.network.clone().train();
    assert_eq!(made.explain(&options), expected);
}

#[test]
fn a_trail_of_another_network_is_refused() {
    let mut made = Made::drawn(&shape(), two_classes(), 9, "");
    for (inputs, units) in [(vec![3], 5), (vec![0], 6)] {
        made.trail = Some(trail(inputs, units));
        let error = made.refused(&ExplainOptions::default()).to_string();
        assert!(
            error.contains("a network with 3 inputs and 5 units in its first layer"),
            "{error}"
        );
    }
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    let mut layers = weights(&shape(), 7);
    layers[1].weight[3] = f64::NAN;
    let train = super::fixtures::rows(two_classes(), 3, 9, 5);
    let made = Made::new(&shape(), &layers, &train, "");
    let error = made.refused(&ExplainOptions::default()).to_string();
    assert!(error.contains("expected finite numbers"), "{error}");
}

#[test]
fn a_preprocessing_of_other_inputs_is_refused() {
    let mut made = Made::drawn(&shape(), two_classes(), 9, "");
    made.preprocessing = columns(4);
    let error = made.refused(&ExplainOptions::default()).to_string();
    assert!(
        error.contains("expected shape [3, 1], found [4, 1]"),
        "{error}"
    );
}
