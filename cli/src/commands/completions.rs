//! `dropwise completions SHELL`: what a shell needs to complete a half-typed command.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use dropwise::Result;

use super::{Cli, Outcome};

/// Print the completions of a shell, to be saved where the shell looks for them
///
/// For bash: dropwise completions bash > ~/.local/share/bash-completion/completions/dropwise
#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        // Into memory first: `generate` panics where a reader leaves early.
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "dropwise", &mut script);
        out.write_all(&script)?;
        Ok(Outcome::Success)
    }
}
