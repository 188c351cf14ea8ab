//! What the units of the first layer see.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise::data::Preprocessing;
use dropwise_lab::explain::{ExplainOptions, Features, unit_features};

use super::fixtures::{Made, columns, two_classes, weights};

fn features(d_input: usize, units: usize, image: Option<(usize, usize)>) -> Features {
    let shape = MlpConfig::new(d_input, [units], 1).with_output(Activation::Identity);
    let mut made = Made::drawn(&shape, two_classes(), 9, "");
    if let Some((height, width)) = image {
        made.preprocessing = Preprocessing::Images {
            height,
            width,
            largest: 255,
        };
    }
    let found = made.explain(&ExplainOptions::default()).features;
    let expected = &weights(&shape, 7)[0].weight;
    for (k, feature) in found.units.iter().enumerate() {
        assert_eq!(feature.unit, k);
        for (input, weight) in feature.weights.iter().enumerate() {
            assert_eq!(*weight, expected[input * units + k] as f32);
        }
    }
    found
}

#[test]
fn of_images_the_first_64_units_are_shown_with_all_their_weights() {
    let found = features(12, 100, Some((3, 4)));
    assert_eq!(
        (found.image, found.units.len(), found.all_units),
        (Some((3, 4)), 64, 100)
    );
    assert!(found.input_names.is_empty());
    assert!(found.units.iter().all(|unit| unit.weights.len() == 12));
}

#[test]
fn of_large_images_fewer_units_are_shown() {
    let found = features(200 * 200, 3, Some((200, 200)));
    assert_eq!((found.units.len(), found.all_units), (1, 3));
}

#[test]
fn of_tables_the_first_12_units_and_40_inputs_are_shown_by_name() {
    let found = features(50, 20, None);
    assert_eq!(
        (found.image, found.units.len(), found.input_names.len()),
        (None, 12, 40)
    );
    assert_eq!(found.input_names[39], "x39");
    assert!(found.units.iter().all(|unit| unit.weights.len() == 40));
    let small = features(3, 2, None);
    assert_eq!(
        (small.units.len(), small.input_names),
        (2, ["x0", "x1", "x2"].map(str::to_owned).to_vec())
    );
}

#[test]
fn of_a_network_alone_they_are_those_of_its_explanation() {
    let shape = MlpConfig::new(12, [5], 12).with_output(Activation::Identity);
    let task = super::fixtures::regression(&[(0.0, 1.0); 12]);
    let mut made = Made::drawn(&shape, task, 9, "");
    for image in [None, Some((3, 4))] {
        if let Some((height, width)) = image {
            made.preprocessing = Preprocessing::Images {
                height,
                width,
                largest: 255,
            };
        }
        let explained = made.explain(&ExplainOptions::default()).features;
        let alone = unit_features(&made.network, &made.preprocessing).expect("features");
        assert_eq!((alone.image, &alone), (image, &explained));
    }
    let other = unit_features(&made.network, &columns(4)).expect_err("an error");
    assert_eq!(
        other.to_string(),
        "the inputs of a network to look at: expected shape [4], found [12]"
    );
}
