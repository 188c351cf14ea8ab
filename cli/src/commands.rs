//! The program's subcommands, one file each, and how its errors look on a terminal.

mod args;
mod completions;
mod difference;
mod evaluate;
mod export;
mod fetch;
mod import;
mod init;
pub(crate) mod interrupt;
mod output;
mod overrides;
mod parallel;
mod predict;
mod reading;
mod report;
mod reproduce;
mod study;
mod sure;
mod sweep;
mod train;
mod tune;
mod verify;

use std::io::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use clap::{Parser, Subcommand};
use dropwise::{Error, Result};

/// Train, verify and explain fully-connected networks with dropout.
///
/// Exit status: 0 good, 1 failed, 2 wrong usage, 130 interrupted.
#[derive(Parser)]
#[command(name = "dropwise", version, verbatim_doc_comment)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Train(train::Args),
    Study(study::Args),
    Tune(tune::Args),
    Evaluate(evaluate::Args),
    Predict(predict::Args),
    Export(export::Args),
    Import(import::Args),
    Report(report::Args),
    Reproduce(reproduce::Args),
    Verify(verify::Args),
    Fetch(fetch::Args),
    Completions(completions::Args),
}

/// How a command ended that met no error.
pub(crate) enum Outcome {
    /// Success.
    Success,
    /// The command ran, and what it checks is not met.
    Failed,
    /// Ctrl-C or a request to terminate.
    Interrupted,
}

impl Cli {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        // Its rows may never end.
        if let Command::Predict(args) = &self.command {
            return args.run(out);
        }
        let trains = matches!(
            self.command,
            Command::Train(_) | Command::Study(_) | Command::Tune(_) | Command::Reproduce(_)
        );
        let out = &mut output::WhileRead::new(out, trains);
        match &self.command {
            Command::Init(args) => args.run(out),
            Command::Train(args) => args.run(out),
            Command::Study(args) => args.run(out),
            Command::Tune(args) => args.run(out),
            Command::Evaluate(args) => args.run(out),
            Command::Predict(args) => args.run(out),
            Command::Export(args) => args.run(out),
            Command::Import(args) => args.run(out),
            Command::Report(args) => args.run(out),
            Command::Reproduce(args) => args.run(out),
            Command::Verify(args) => args.run(out),
            Command::Fetch(args) => args.run(out),
            Command::Completions(args) => args.run(out),
        }
    }
}

/// The version of Burn that results name. The workspace pins it.
const BURN_VERSION: &str = "0.22.1";

/// One line of JSON.
fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|cause| Error::Compute(format!("the results cannot be written as JSON: {cause}")))
}

/// Indented JSON with a line break at its end.
fn pretty(value: &impl serde::Serialize) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| {
        Error::Compute(format!("the summary cannot be written as JSON: {cause}"))
    })?;
    Ok(text + "\n")
}

/// The exit status of an error: 2 if the command line has to be corrected, else 1.
pub(crate) fn status(error: &Error) -> u8 {
    match error {
        Error::Config(config) if overrides::is_command_line(&config.file) => 2,
        Error::Interrupted(_) => interrupt::STATUS,
        _ => 1,
    }
}

/// An error as text; a mistake in a file is shown in its place.
pub(crate) fn message(error: &Error, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let title = error.to_string();
    let Error::Config(config) = error else {
        return renderer.render(&[Group::with_title(Level::ERROR.primary_title(title))]);
    };
    let place = AnnotationKind::Primary.span(config.span.clone());
    let snippet = Snippet::source(&config.text)
        .path(&config.file)
        .annotation(place);
    let report = Level::ERROR.primary_title(&config.problem).element(snippet);
    let report = match &config.help {
        Some(help) => report.element(Level::HELP.message(help)),
        None => report,
    };
    renderer.render(&[report])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_version_of_burn_is_the_one_that_the_workspace_pins() {
        let manifest: toml::Table = include_str!("../../Cargo.toml").parse().expect("TOML");
        let burn = &manifest["workspace"]["dependencies"]["burn"]["version"];
        assert_eq!(burn.as_str(), Some(&*format!("={}", super::BURN_VERSION)));
    }
}
