//! The time that reading a configuration's data takes, and the most memory that it takes at once.
//!
//! ```sh
//! cargo bench --bench read -- config/concrete.toml
//! ```

use std::path::Path;
use std::time::Instant;

use dropwise::config::Experiment;
use dropwise::{Error, data};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> dropwise::Result<()> {
    // Cargo starts a benchmark in its package's folder; paths are those of a program that is started in the repository's.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    std::env::set_current_dir(root).map_err(|cause| Error::Read {
        path: root.into(),
        cause,
    })?;
    let named = std::env::args().find(|argument| argument.ends_with(".toml"));
    let path = named.unwrap_or_else(|| "config/concrete.toml".to_owned());
    let text = std::fs::read_to_string(&path).map_err(|cause| Error::Read {
        path: path.clone().into(),
        cause,
    })?;
    let experiment = Experiment::parse(&path, &text)?;
    // As the program does, a path may be beside the configuration.
    let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
    let beside = |path: &Path| {
        Ok(Some(folder.join(path))
            .filter(|path| path.exists())
            .unwrap_or(path.to_owned()))
    };
    let config = experiment.data.clone().with_paths(beside)?;
    let started = Instant::now();
    let splits = data::load(&config, experiment.seed)?;
    let parts = [
        Some(&splits.train),
        splits.validation.as_ref(),
        splits.test.as_ref(),
    ];
    let rows: usize = parts.into_iter().flatten().map(|rows| rows.len()).sum();
    println!(
        "{}",
        json!({ "read_s": started.elapsed().as_secs_f64(), "rows": rows })
    );
    Ok(())
}
