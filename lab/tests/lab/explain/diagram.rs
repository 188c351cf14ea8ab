//! The layers, and one thinned network.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise::dropout::{MaskAt, Noise, SeededMasks};
use dropwise_lab::explain::{DiagramLayer, ExplainOptions, LandscapeOptions};

use super::fixtures::{Made, classes};

fn layers(shape: &MlpConfig, seed: u64) -> Vec<DiagramLayer> {
    let mut options = ExplainOptions::default();
    options.landscape = LandscapeOptions {
        seed,
        ..options.landscape
    };
    let made = Made::drawn(shape, classes(3), 9, "");
    made.explain(&options).diagram.layers
}

fn shape() -> MlpConfig {
    MlpConfig::new(5, [30, 12], 3)
        .with_activation(Activation::Tanh)
        .with_output(Activation::Identity)
        .with_input_dropout(0.2)
        .with_hidden_dropout(vec![0.5, 0.25])
}

#[test]
fn every_layer_has_its_name_its_units_and_its_rate() {
    let found = layers(&shape(), 1);
    let found: Vec<_> = found
        .iter()
        .map(|layer| {
            (
                layer.name.as_str(),
                layer.units,
                layer.activation.as_deref(),
                layer.rate,
                layer.kept.len(),
            )
        })
        .collect();
    let expected = [
        ("input", 5, None, 0.2, 5),
        ("hidden 1", 30, Some("tanh"), 0.5, 16),
        ("hidden 2", 12, Some("tanh"), 0.25, 12),
        ("output", 3, Some("identity"), 0.0, 3),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_units_that_are_kept_are_those_of_the_seeds_first_mask() {
    for seed in [1, 2] {
        for (layer, found) in layers(&shape(), seed).iter().take(3).enumerate() {
            let mut mask = vec![0.0; found.units];
            let at = MaskAt {
                step: 1,
                layer,
                stride: found.units,
            };
            SeededMasks::new(seed).fill(at, found.rate, &mut mask);
            let kept = mask.iter().take(16).map(|scale| *scale > 0.0);
            assert!(found.kept.iter().copied().eq(kept));
        }
    }
    assert_ne!(layers(&shape(), 1), layers(&shape(), 2));
}

#[test]
fn with_dropconnect_weights_are_left_out_and_no_units() {
    let shape = MlpConfig::new(5, [30], 3)
        .with_output(Activation::Identity)
        .with_hidden_dropout(Noise::DropConnect(0.5));
    let found = layers(&shape, 4);
    assert!(
        found
            .iter()
            .all(|layer| layer.kept.iter().all(|kept| *kept))
    );
    let mut mask = vec![0.0; 30 * 3];
    let at = MaskAt {
        step: 1,
        layer: 1,
        stride: 30 * 3,
    };
    SeededMasks::new(4).fill(at, 0.5, &mut mask);
    let kept = mask.chunks(3).take(16);
    let kept = kept.map(|row| row.iter().map(|scale| *scale > 0.0).collect());
    assert_eq!(found[1].kept_weights, kept.collect::<Vec<Vec<bool>>>());
    assert_eq!((found[1].rate, found[0].kept_weights.len()), (0.5, 0));
}

#[test]
fn without_dropout_all_units_are_kept() {
    let shape = MlpConfig::new(5, [30], 3).with_output(Activation::Identity);
    let found = layers(&shape, 1);
    assert!(
        found
            .iter()
            .all(|layer| layer.rate == 0.0 && layer.kept.iter().all(|kept| *kept))
    );
}
