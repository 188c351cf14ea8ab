//! The time of the predictions for MNIST's 10,000 test images in a process that has the network and the images
//! in memory: from inputs, as the library takes them, to the probabilities of all classes. `benches/peers` has
//! the same with other programs.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench mnist_predict -- RUN DIR           # a run of config/mnist.toml, the folder of MNIST's files
//! cargo bench -p dropwise-benches --bench mnist_predict -- --json RUN DIR    # one line for scripts
//! cargo bench -p dropwise-benches --bench mnist_predict -- --samples RUN DIR # 100 thinned networks beside one pass, in turn
//! ```

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use dropwise::Result;
use dropwise::data::idx;
use dropwise::evaluate::{self, predicted_class};
use dropwise_lab::store::Trained;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: usize = 11;
/// Turns of passes and of thinned networks.
const TURNS: usize = 5;
const PASSES: usize = 5;

fn main() -> Result<()> {
    let (flags, paths): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let [run, mnist] = &paths[..] else {
        // `cargo bench` and `cargo test` without a run.
        println!("mnist_predict: nothing to do without RUN and DIR");
        return Ok(());
    };
    let trained = Trained::load(Path::new(run), None, None)?;
    let file = |name: &str| -> Result<Vec<u8>> {
        Ok(idx::parse(name, File::open(Path::new(mnist).join(name))?, None)?.values)
    };
    let inputs: Vec<f32> = file("t10k-images-idx3-ubyte")?
        .iter()
        .map(|pixel| f32::from(*pixel) / 255.0)
        .collect();
    let labels = file("t10k-labels-idx1-ubyte")?;

    let [_, d_output] = trained.network().dims();
    let predictions = trained.predict(&inputs)?;
    let task = &trained.prepared.task;
    let rows = predictions.chunks(d_output).zip(&labels);
    let wrong =
        rows.filter(|(row, label)| predicted_class(task, row) != Some(usize::from(**label)));
    let errors = wrong.count();

    if flags.iter().any(|flag| flag == "--samples") {
        return compare_samples(&trained, &inputs, &flags);
    }
    let times = (0..SAMPLES).map(|_| timed(|| trained.predict(&inputs).map(drop)));
    let median = median(times.collect::<Result<_>>()?);
    if flags.iter().any(|flag| flag == "--json") {
        println!(r#"{{"predict_ms": {median:.3}, "errors": {errors}}}"#);
    } else {
        println!(
            "{} images: median {median:.1} ms, {errors} errors",
            labels.len()
        );
    }
    Ok(())
}

/// What 100 thinned networks cost, in passes: the median over turns of some passes and the thinned networks once.
fn compare_samples(trained: &Trained, inputs: &[f32], flags: &[String]) -> Result<()> {
    let sampler = trained.sampler(Some((evaluate::SAMPLES.into(), 1)))?;
    let (mut passes, mut sampled, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let pass = (0..PASSES).map(|_| timed(|| trained.predict(inputs).map(drop)));
        let pass = median(pass.collect::<Result<_>>()?);
        let samples = timed(|| trained.spread(&sampler, inputs).map(drop))?;
        ratios.push(samples / pass);
        passes.push(pass);
        sampled.push(samples);
    }
    let [pass, samples, ratio] = [passes, sampled, ratios].map(median);
    if flags.iter().any(|flag| flag == "--json") {
        println!(
            r#"{{"predict_ms": {pass:.3}, "samples_ms": {samples:.3}, "passes": {ratio:.2}}}"#
        );
    } else {
        println!(
            "100 samples: median {samples:.0} ms, a pass {pass:.1} ms, {ratio:.1} passes in the same turn"
        );
    }
    Ok(())
}

/// The milliseconds that `work` takes.
fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
