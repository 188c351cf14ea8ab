//! `dropwise import FILE`: weights from another program as a run.

use std::io::Write;
use std::path::PathBuf;

use dropwise::Result;

use super::Outcome;
use super::args::ExperimentArgs;
use super::output::OutputArgs;
use super::train;

/// Import a network that another program trained, as a run
///
/// FILE is a safetensors file, or one of torch.save (.pt, .pth: a state dictionary, a module, a checkpoint), of a fully-connected
/// network in PyTorch's layout: for each layer a weight, [d_output, d_input], and a bias, [d_output]. The configuration supplies the
/// rest: the data, the preprocessing, the layer sizes, the activation and the loss. Arrays are assigned to layers by shape, in the
/// order of their names.
///
/// The run can be evaluated, used and reported like any other, and trained on with `train --resume`.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// The weights
    file: PathBuf,
    /// The experiment that the network belongs to, a TOML file
    #[arg(long, value_name = "CONFIG")]
    config: PathBuf,
    /// Save the run to this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    experiment: ExperimentArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let experiment = self.experiment.read(&self.config, &[])?;
        train::import(&self.file, experiment, &self.out, self.output.style(), out)
    }
}
