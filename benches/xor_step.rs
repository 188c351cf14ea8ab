//! The time of one training step of the tutorial's network, on every backend compiled in:
//! forward, backward and gradient descent on a 3-4-1 network with all four rows. The plain loops are
//! the same step without a framework.
//!
//! ```sh
//! cargo bench
//! ```

use std::fmt;

use burn::optim::{GradientsParams, SgdConfig};
use divan::Bencher;
use dropwise::config::{Activation, Loss};
use dropwise::data::xor;
use dropwise::dropout::{Noise, with_framework_masks};
use dropwise::verify::reference::Reference;
use dropwise::{Backend, MlpConfig};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::Divan::from_args()
        .sample_count(200)
        .sample_size(100)
        .main();
}

fn shape(rate: f64) -> MlpConfig {
    MlpConfig::new(3, [4], 1)
        .with_bias(false)
        .with_hidden_dropout(rate)
}

/// A backend and a dropout rate.
#[derive(Clone)]
struct Case(Backend, f64);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, dropout {}", self.0, self.1)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    Backend::compiled().flat_map(|backend| [0.0, 0.2].map(|rate| Case(backend.clone(), rate)))
}

#[divan::bench(args = cases())]
fn step(bencher: Bencher, Case(backend, rate): &Case) {
    let rate = *rate;
    let device = backend.device().expect("a device").autodiff();
    let data = xor();
    let (x, y) = (data.inputs(&device), data.targets(&device));
    let mut network = Some(shape(rate).init(42, &device).expect("a network"));
    let mut gradient_descent = SgdConfig::new().init();
    let mut count = 0;
    bencher.bench_local(|| {
        let trained = network.take().expect("the network of the last step");
        count += 1;
        let forward = || trained.forward(x.clone());
        let output = if rate > 0.0 {
            with_framework_masks(&device, 42, count, forward)
        } else {
            forward()
        };
        let loss = Loss::SquaredError.forward(output, y.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &trained);
        network = Some(gradient_descent.step(0.5, trained, gradients));
    });
}

#[divan::bench]
fn plain_loops(bencher: Bencher) {
    let device = Backend::default().device().expect("a device");
    let network = shape(0.0).init(42, &device).expect("a network");
    let data = xor();
    let rows = 0..data.len();
    let mut reference = Reference {
        weights: None,
        layers: network.weights().expect("weights"),
        activation: Activation::Sigmoid,
        output: Activation::Sigmoid,
        loss: Loss::SquaredError,
        noises: [0.0, 0.0].map(Noise::from).to_vec(),
        penalty: [0.0; 2],
        inputs: rows
            .clone()
            .flat_map(|row| data.input_row(row).to_vec())
            .collect(),
        targets: rows.flat_map(|row| data.target_row(row).to_vec()).collect(),
        masks: vec![vec![1.0; 12], vec![1.0; 16]],
    };
    bencher.bench_local(|| reference.descend(0.5));
}
