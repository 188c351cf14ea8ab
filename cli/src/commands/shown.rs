//! How commands that train many networks show what they do.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// For whom lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Words,
    Json,
    Quiet,
}

impl Style {
    /// What `--json` and `--quiet` ask for.
    pub(super) fn of(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, _) => Style::Json,
            (_, true) => Style::Quiet,
            _ => Style::Words,
        }
    }

    /// A line under all others that says what goes on, where words are for somebody at a terminal.
    pub(super) fn line(self) -> Option<ProgressBar> {
        let on_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        (self == Style::Words && on_terminal).then(|| {
            let line = ProgressBar::new_spinner();
            line.enable_steady_tick(Duration::from_millis(200));
            match ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                Ok(style) => line.with_style(style),
                Err(_) => line,
            }
        })
    }
}
