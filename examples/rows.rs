//! What the network is given: each row of a configuration's data as a line of JSON, with its inputs by name.
//!
//! ```sh
//! cargo run --example rows -- config/concrete.toml
//! ```

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::Parser;
use dropwise::config::Experiment;
use dropwise::data::{self, Part};
use serde_json::json;

/// Print each row of a configuration's data as the network is given it
#[derive(Parser)]
struct Args {
    /// The configuration
    config: PathBuf,
}

fn main() -> dropwise::Result<()> {
    let path = Args::parse().config;
    let text = std::fs::read_to_string(&path).map_err(|cause| dropwise::Error::Read {
        path: path.clone(),
        cause,
    })?;
    let experiment = Experiment::parse(&path.display().to_string(), &text)?;
    let splits = data::load(&experiment.data, experiment.seed)?;
    for note in &splits.notes {
        eprintln!("note: {note}");
    }
    let names = splits.preprocessing.input_names();
    let mut out = BufWriter::new(io::stdout().lock());
    for part in Part::ALL {
        let Some(rows) = splits.part(part) else {
            continue;
        };
        for row in 0..rows.len() {
            let inputs = names.iter().cloned().zip(rows.input_row(row));
            let inputs: serde_json::Map<_, _> =
                inputs.map(|(name, value)| (name, value.into())).collect();
            let (line, targets) = (rows.line(row), rows.target_row(row));
            writeln!(
                out,
                "{}",
                json!({"part": part.name(), "line": line, "inputs": inputs, "targets": targets})
            )?;
        }
    }
    out.flush()?;
    Ok(())
}
