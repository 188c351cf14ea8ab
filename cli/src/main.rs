//! The `dropwise` program: parse, run, exit code.

mod commands;

use std::io::{self, ErrorKind, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use dropwise::Error;

// Training frees and takes the same few buffers every step; this allocator keeps them at hand.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = commands::Cli::parse();
    match command.run(&mut io::stdout().lock()) {
        Ok(commands::Outcome::Good) => ExitCode::SUCCESS,
        Ok(commands::Outcome::Failed) => ExitCode::FAILURE,
        Ok(commands::Outcome::Interrupted) => ExitCode::from(commands::interrupt::STATUS),
        // Whoever read our output has seen enough.
        Err(Error::Write(cause)) if cause.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let message = commands::message(&error, io::stderr().is_terminal());
            eprintln!("{message}");
            ExitCode::from(commands::status(&error))
        }
    }
}
