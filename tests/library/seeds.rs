//! Everything random comes from one seed: same seed, experiment and backend, same bits.

use std::thread;

use crate::common::backends;
use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::data::xor;
use dropwise::train::train;
use dropwise::{LayerWeights, MlpConfig};

fn experiment(seed: u64) -> CheckedExperiment {
    let text = format!(
        "seed = {seed}\n[data]\nsource = 'xor'\n[network]\nhidden = [6, 5]\n\
         [dropout]\ninput = 0.1\nhidden = 0.4\n[train]\nlearning_rate = 0.5\nsteps = 150\n"
    );
    Experiment::parse("seeds.toml", &text).expect("an experiment")
}

fn trained(seed: u64, backend: &Backend) -> Vec<u64> {
    let device = backend.device().expect("a device");
    let network = train(&experiment(seed), &xor(), &device, &mut ()).expect("a network");
    let weights = network.weights().expect("weights");
    let values = weights.iter().flat_map(LayerWeights::values);
    values.map(f64::to_bits).collect()
}

#[test]
fn the_same_seed_trains_the_same_bits_in_any_number_of_threads() {
    for (backend, _) in backends() {
        let alone = trained(7, &backend);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| {
                    let backend = &backend;
                    // Every other thread disturbs with a seed of its own.
                    scope.spawn(move || trained(7 + i % 2, backend))
                })
                .collect();
            for (i, thread) in threads.into_iter().enumerate() {
                let bits = thread.join().expect("a trained network");
                assert_eq!(bits == alone, i % 2 == 0, "{backend}, thread {i}");
            }
        });
    }
}

#[test]
fn different_seeds_start_and_train_differently() {
    for (backend, device) in backends() {
        assert_ne!(trained(1, &backend), trained(2, &backend), "{backend}");
        let start = |seed| {
            let network = MlpConfig::new(3, [4], 1).init(seed, &device);
            network.expect("a network").weights().expect("weights")
        };
        assert_ne!(start(1), start(2), "{backend}");
        assert_eq!(start(1), start(1), "{backend}");
    }
}

#[test]
fn every_backend_starts_from_the_same_weights_in_every_precision() {
    use burn::tensor::DType;

    let shape = MlpConfig::new(5, [7, 3], 2);
    let mut starts = Vec::new();
    for (_, device) in backends() {
        for dtype in [DType::F32, DType::F64] {
            if device.supports_dtype(dtype) {
                let network = shape.init(11, (&device, dtype)).expect("a network");
                starts.push(network.weights().expect("weights"));
            }
        }
    }
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]));
    let values: Vec<f64> = starts[0].iter().flat_map(LayerWeights::values).collect();
    assert!(values.iter().all(|w| (-1.0..1.0).contains(w)));
    assert!(values.iter().any(|w| *w < -0.5) && values.iter().any(|w| *w > 0.5));
}
