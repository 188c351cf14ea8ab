//! How far a download is: a bar on a terminal, plain lines elsewhere; both on standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::manifest::File;

const TEMPLATE: &str =
    "{msg} [{wide_bar}] {decimal_bytes}/{decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";

pub(super) struct Progress {
    pub(super) quiet: bool,
}

impl Progress {
    /// The bar of a file that begins, or that goes on behind its first `start` bytes.
    pub(super) fn bar(&self, file: &File, url: &str, start: u64) -> ProgressBar {
        let target = if self.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style =
            ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(file.bytes.get()), target)
            .with_style(style.progress_chars("=> "))
            .with_message(file.name.0.clone())
            .with_position(start);
        // The rate is of what comes now, not of what was here before.
        bar.reset_eta();
        if bar.is_hidden() {
            let from = match start {
                0 => String::new(),
                _ => format!(", from byte {start} on"),
            };
            self.note(&format!("{url}: {} bytes{from}", file.bytes));
        }
        bar
    }

    /// Something worth a line. No bar is on the screen.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}
