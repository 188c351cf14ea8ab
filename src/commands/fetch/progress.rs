//! How far a download is: a bar on a terminal, plain lines elsewhere; both on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::manifest::File;

pub(super) struct Progress {
    quiet: bool,
    /// Draws nothing where standard error is no terminal.
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let target = if quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar =
            ProgressBar::with_draw_target(None, target).with_style(style.progress_chars("=> "));
        Progress { quiet, bar }
    }

    /// A file begins, or goes on behind its first `start` bytes.
    pub(super) fn begin(&self, file: &File, url: &str, start: u64) {
        self.bar.reset();
        self.bar.set_message(file.name.0.clone());
        self.bar.set_length(file.bytes);
        self.bar.set_position(start);
        self.bar.reset_eta();
        self.bar.enable_steady_tick(Duration::from_millis(200));
        if self.bar.is_hidden() {
            let from = if start > 0 {
                format!(", from byte {start} on")
            } else {
                String::new()
            };
            self.note(&format!("{url}: {} bytes{from}", file.bytes));
        }
    }

    /// So many bytes of the file are here.
    pub(super) fn reached(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// The file ends, whole or not.
    pub(super) fn end(&self) {
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
    }

    /// Something worth a line.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{text}"));
        }
    }
}
