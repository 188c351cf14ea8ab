//! The `dropwise` program: parse, run, exit code.

// The standard library's macro ends the program with a panic where its reader is gone, as in `2>&1 | head -1`.
macro_rules! eprintln {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

mod commands;

use std::io::{self, ErrorKind, IsTerminal};
use std::process::ExitCode;

use clap::Parser;
use dropwise::Error;

// Training allocates and frees the same few buffers every step; this allocator is the fastest at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = commands::Cli::parse();
    match command.run(&mut io::stdout().lock()) {
        Ok(commands::Outcome::Success) => ExitCode::SUCCESS,
        Ok(commands::Outcome::Failed) => ExitCode::FAILURE,
        Ok(commands::Outcome::Interrupted) => ExitCode::from(commands::interrupt::STATUS),
        // Rows that nobody reads need no answers: `predict` alone ends there, all other commands go on without output.
        Err(Error::Write(cause)) if cause.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let message = commands::message(&error, io::stderr().is_terminal());
            eprintln!("{message}");
            ExitCode::from(commands::status(&error))
        }
    }
}
