//! `dropwise evaluate RUN`: load the model and the data, measure, show.

use std::io::Write;
use std::path::PathBuf;

use dropwise::data::{self, Part, Splits};
use dropwise::evaluate::evaluate;
use dropwise::{Dataset, Error, Metrics, Result};
use dropwise_lab::store::Trained;

use super::args::{ModelArgs, part};
use super::{Outcome, json};

/// Measure a trained network on the rows of its data, with dropout off
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder that `train --out` kept the run in
    run: PathBuf,
    /// The rows to look at [default: test rows, else validation rows, else training rows]
    #[arg(long, value_parser = part())]
    split: Option<Part>,
    #[command(flatten)]
    model: ModelArgs,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let trained = self.model.load(&self.run)?;
        let splits = data::load(&trained.experiment.data, trained.experiment.seed)?;
        if !trained.prepared.check(&self.run, &splits)? {
            let run = self.run.display();
            eprintln!("warning: {run}: the data have changed since the network was trained");
        }
        let (part, rows) = self.rows(&splits)?;
        let metrics = evaluate(trained.network(), trained.loss(), rows)?.metrics;
        if self.json {
            let line = serde_json::json!({
                "split": part.name(), "model": trained.name.to_string(), "metrics": metrics,
            });
            writeln!(out, "{}", json(&line)?)?;
        } else {
            show(out, &trained, part, &metrics)?;
        }
        Ok(Outcome::Success)
    }

    /// The rows of --split, else the first of test, validation and training rows.
    fn rows<'a>(&self, splits: &'a Splits) -> Result<(Part, &'a Dataset)> {
        let asked = match self.split {
            Some(part) => vec![part],
            None => Part::BY_PREFERENCE.to_vec(),
        };
        let there = |part: &Part| Some((*part, splits.part(*part)?));
        asked.iter().find_map(there).ok_or_else(|| Error::Store {
            path: self.run.clone(),
            problem: format!("the run has no {} rows", asked[0].word()),
            fix: "choose another --split, or train with `split` in `[data]`".to_owned(),
        })
    }
}

fn show(out: &mut impl Write, trained: &Trained, part: Part, metrics: &Metrics) -> Result<()> {
    let step = trained.metadata.get("step").map_or("?", String::as_str);
    let (network, name, rows) = (trained.network(), trained.name, part.word());
    writeln!(out, "{network}")?;
    writeln!(
        out,
        "the {name} network, of step {step}, on the {rows} rows:"
    )?;
    Ok(writeln!(out, "{metrics}")?)
}
