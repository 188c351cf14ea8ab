//! The time of the predictions for MNIST's 10,000 test images in a process that has the network and the images
//! in memory: from inputs, as the library takes them, to the probabilities of all classes. `benches/peers` has
//! the same with other programs.
//!
//! ```sh
//! cargo bench -p dropwise-benches --bench mnist_predict -- RUN DIR           # a run of config/mnist.toml, the folder of MNIST's files
//! cargo bench -p dropwise-benches --bench mnist_predict -- --json RUN DIR    # one line for scripts
//! ```

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use dropwise::Result;
use dropwise::data::idx;
use dropwise::evaluate::predicted_class;
use dropwise_lab::store::Trained;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SAMPLES: usize = 11;

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

    let mut times = Vec::new();
    for _ in 0..SAMPLES {
        let start = Instant::now();
        trained.predict(&inputs)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let median = times[SAMPLES / 2];
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
