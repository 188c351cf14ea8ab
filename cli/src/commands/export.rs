//! `dropwise export RUN`: the model in a form that other programs read.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use dropwise::model::describe;
use dropwise::{Error, Result};
use dropwise_lab::export::{
    self, PyTorchWeights,
    tensorboard::{self, Events},
};
use dropwise_lab::store::{StoredRun, Trained, atomic, open_for_reading};

use super::args::{ModelArgs, ThresholdArgs};
use super::{Outcome, reading};

/// Export a trained network, with its preprocessing, for other programs
///
/// An ONNX file takes the raw columns of a row, each as an input of that name, and returns what `predict` returns. Before it is
/// written, it is evaluated and compared with the network.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// Folder of a run that `train --out` saved
    run: PathBuf,
    /// The file to write, or the folder to write to; what is there is replaced
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What to write [default: by the file's name]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What the file takes
    #[arg(long, value_enum, default_value_t)]
    inputs: Inputs,
    #[command(flatten)]
    threshold: ThresholdArgs,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One file for ONNX Runtime and others
    Onnx,
    /// Weights as safetensors with the keys of nn.Sequential, and a Python file beside them that uses them
    Pytorch,
    /// The same with weights as torch.save has them, for torch.load(FILE, weights_only=True)
    Pt,
    /// A folder with the metrics of the run and histograms of weights and activations for TensorBoard
    Tensorboard,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Inputs {
    /// The columns of a row as they are; for images their pixels
    #[default]
    Columns,
    /// The network's inputs, prepared already
    Matrix,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        match self.format()? {
            Format::Onnx => self.onnx(out),
            Format::Pytorch => self.pytorch(PyTorchWeights::Safetensors, out),
            Format::Pt if self.extension() == Some("pth") => self.pytorch(PyTorchWeights::Pth, out),
            Format::Pt => self.pytorch(PyTorchWeights::Pt, out),
            Format::Tensorboard => self.tensorboard(out),
        }
    }

    fn format(&self) -> Result<Format> {
        let by_name = match self.extension() {
            Some("onnx") => Some(Format::Onnx),
            Some("safetensors") => Some(Format::Pytorch),
            Some("pt" | "pth") => Some(Format::Pt),
            _ => None,
        };
        self.format.or(by_name).ok_or_else(|| {
            let found = format!("`{}`", self.out.display());
            Error::invalid(
                "--out",
                "a file whose name ends in .onnx, .safetensors or .pt, or --format",
                found,
            )
        })
    }

    fn extension(&self) -> Option<&str> {
        self.out.extension()?.to_str()
    }

    fn load(&self) -> Result<(Trained, StoredRun)> {
        let trained = self.model.load(&self.run)?;
        self.threshold.check(&trained)?;
        Ok((trained, open_for_reading(&self.run)?))
    }

    fn pytorch(&self, kind: PyTorchWeights, out: &mut impl Write) -> Result<Outcome> {
        let (trained, run) = self.load()?;
        if self.inputs == Inputs::Matrix {
            let expected = "columns with --format pytorch, whose `network` takes a matrix anyway";
            return Err(Error::invalid("--inputs", expected, "`matrix`"));
        }
        let program = self.out.with_extension("py");
        let weights = self.out.with_extension(kind.ending());
        let model = export::pytorch(&trained, &run, self.threshold.value(), kind)?;
        atomic::write(&weights, &model.weights)?;
        atomic::write(&program, model.program.as_bytes())?;
        let (weights, program) = (weights.display(), program.display());
        writeln!(out, "{}", describe(trained.members()))?;
        writeln!(
            out,
            "saved in {weights} and {program}, which uses it in PyTorch"
        )?;
        Ok(Outcome::Success)
    }

    /// The same run gives the same bytes, since nothing is known of when things were.
    fn tensorboard(&self, out: &mut impl Write) -> Result<Outcome> {
        const SECONDS: f64 = 0.0;
        let (trained, run) = self.load()?;
        let path = self.out.join(tensorboard::file_name(SECONDS, 0));
        let mut events = Events::new(Vec::new(), path.clone(), 0, SECONDS)?;
        for line in run.metrics()? {
            events.add_metrics(&line, SECONDS)?;
        }
        let step = trained
            .metadata
            .get("step")
            .and_then(|step| step.parse().ok());
        let weights = trained.network().weights()?;
        events.add_weights(step.unwrap_or(0), &weights, SECONDS)?;
        match reading::load_of_run(&self.run, &trained) {
            Ok(splits) => {
                let rows = splits.validation.as_ref().unwrap_or(&splits.train);
                events.add_activations(step.unwrap_or(0), trained.network(), rows, SECONDS)?;
            }
            Err(error @ Error::Interrupted(_)) => return Err(error),
            Err(error) => {
                eprintln!("warning: no activations, since the rows are not there: {error}");
            }
        }
        std::fs::create_dir_all(&self.out).map_err(|cause| Error::WriteFile {
            path: self.out.clone(),
            cause,
        })?;
        atomic::write(&path, &events.into_inner())?;
        let dir = self.out.display();
        writeln!(out, "saved in {dir}, for `tensorboard --logdir {dir}`")?;
        Ok(Outcome::Success)
    }

    fn onnx(&self, out: &mut impl Write) -> Result<Outcome> {
        let (trained, run) = self.load()?;
        let inputs = match self.inputs {
            Inputs::Columns => export::Inputs::Columns,
            Inputs::Matrix => export::Inputs::Matrix,
        };
        let model = export::onnx(&trained, &run, inputs, self.threshold.value())?;
        atomic::write(&self.out, &model.bytes)?;
        writeln!(out, "{}", describe(trained.members()))?;
        writeln!(
            out,
            "saved in {}: {} KiB, ONNX; computed on {} made-up rows, it is within {:.1e} of the network",
            self.out.display(),
            model.bytes.len().div_ceil(1 << 10),
            model.rows,
            model.difference
        )?;
        Ok(Outcome::Success)
    }
}
