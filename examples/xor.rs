//! The tutorial's network learns XOR with dropout, every step in plain sight.
use burn::optim::{GradientsParams, SgdConfig};
use burn::prelude::*;
use dropwise::{Backend, MlpConfig, seed::mask_seed};

#[derive(clap::Parser)]
struct Args {
    /// Dropout rate of the hidden layer
    #[arg(long, default_value_t = 0.2)]
    dropout: f64,
    /// Units in the hidden layer
    #[arg(long, default_value_t = 4)]
    hidden: usize,
    /// The number that all randomness comes from
    #[arg(long, default_value_t = 42)]
    seed: u64,
    #[arg(long, default_value_t = 60_000)]
    steps: usize,
    /// flex, ndarray, wgpu, cuda, ... [default: the fastest compiled in]
    #[arg(long)]
    backend: Option<Backend>,
}

fn main() -> dropwise::Result<()> {
    let args = <Args as clap::Parser>::parse();
    let backend = args.backend.unwrap_or_default();
    let device = backend.device()?.autodiff();
    let started = std::time::Instant::now();

    let inputs = [[0., 0., 1.], [0., 1., 1.], [1., 0., 1.], [1., 1., 1.]];
    let targets = [[0.], [1.], [1.], [0.]];
    let x = Tensor::<2>::from_data(inputs, &device);
    let y = Tensor::<2>::from_data(targets, &device);
    let shape = MlpConfig::new(3, [args.hidden], 1).with_bias(false);
    let shape = shape.with_hidden_dropout(args.dropout);
    let mut network = shape.init(args.seed, &device)?; // weights uniform in [-1, 1)
    let mut gradient_descent = SgdConfig::new().init();
    println!("{network}");

    device.seed(mask_seed(args.seed, 0)); // for the dropout masks
    for step in 1..=args.steps {
        let output = network.forward(x.clone()); // sigmoid(dropout(sigmoid(x W1)) W2)
        let loss = (y.clone() - output).square().sum() * 0.5;
        let gradients = GradientsParams::from_grads(loss.backward(), &network);
        network = gradient_descent.step(0.5, network, gradients); // W -= 0.5 dloss/dW
        if step % 10_000 == 0 {
            let output = network.valid().forward(x.clone().inner()); // dropout off
            let error = (y.clone().inner() - output).abs().mean();
            let error = error.into_scalar::<f32>();
            println!("step {step:>6}: mean absolute error {error:.4}");
        }
    }
    let output = network.valid().forward(x.inner()).into_data();
    for ((x, output), y) in inputs.iter().zip(output.iter::<f32>()).zip(targets) {
        println!("{x:?} -> [{output:.4}], target {y:?}");
    }
    let (seed, seconds) = (args.seed, started.elapsed().as_secs_f64());
    println!("backend {backend}, seed {seed}, {seconds:.2} s");
    Ok(())
}
