//! `dropwise evaluate RUN`: load the model and the data, measure, show.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use dropwise::backend::Backend;
use dropwise::data::{self, Splits};
use dropwise::evaluate::evaluate;
use dropwise::store::{Prepared, open_for_reading};
use dropwise::{Dataset, Error, Result};

use super::model::{self, Model};
use super::{Outcome, json};

/// Measure a trained network on the rows of its data, with dropout off
#[derive(clap::Args)]
pub(super) struct Args {
    /// The folder that `train --out` kept the run in
    run: PathBuf,
    /// The rows to look at [default: test rows, else validation rows, else training rows]
    #[arg(long, value_enum)]
    split: Option<Split>,
    /// The model to measure [default: best where there are validation rows, else last]
    #[arg(long, value_enum)]
    model: Option<Model>,
    /// Backend, in place of the run's
    #[arg(long, value_name = "NAME")]
    backend: Option<Backend>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Split {
    Train,
    Validation,
    Test,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let trained = model::load(&self.run, self.model, self.backend.as_ref())?;
        let splits = data::load(&trained.experiment.data, trained.experiment.seed)?;
        self.check_data(&splits)?;
        let (split, rows) = self.rows(&splits)?;
        let metrics = evaluate(trained.network(), trained.loss(), rows)?.metrics;
        if self.json {
            let line = serde_json::json!({
                "split": split, "model": trained.name.to_string(), "metrics": metrics,
            });
            writeln!(out, "{}", json(&line)?)?;
        } else {
            let step = trained.metadata.get("step").map_or("?", String::as_str);
            let (name, network) = (trained.name, trained.network());
            writeln!(
                out,
                "{network}\nthe {name} network, of step {step}, on the {split} rows:"
            )?;
            writeln!(out, "{metrics}")?;
        }
        Ok(Outcome::Good)
    }

    fn rows<'a>(&self, splits: &'a Splits) -> Result<(&'static str, &'a Dataset)> {
        let (validation, test) = (splits.validation.as_ref(), splits.test.as_ref());
        let (name, rows) = match self.split {
            Some(Split::Train) => ("training", Some(&splits.train)),
            Some(Split::Validation) => ("validation", validation),
            Some(Split::Test) => ("test", test),
            None => match (test, validation) {
                (Some(rows), _) => ("test", Some(rows)),
                (None, Some(rows)) => ("validation", Some(rows)),
                (None, None) => ("training", Some(&splits.train)),
            },
        };
        match rows {
            Some(rows) => Ok((name, rows)),
            None => Err(Error::Store {
                path: self.run.clone(),
                problem: format!("the run has no {name} rows"),
                fix: "choose another --split, or train with `split` in `[data]`".to_owned(),
            }),
        }
    }

    /// Data that have changed since would be measured without anybody's knowing.
    fn check_data(&self, splits: &Splits) -> Result<()> {
        let stored = Prepared::of(&open_for_reading(&self.run)?)?;
        if stored.data_sha256 != splits.hash {
            eprintln!("warning: the data files have changed since the network was trained");
        }
        Ok(())
    }
}
