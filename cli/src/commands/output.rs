//! What a command prints, and for whom.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Output until its reader is gone, as `head` is after its lines, and none from then on: what a command has begun it ends, and
/// its exit status is that of its work.
pub(super) struct WhileRead<W> {
    /// None once the reader is gone.
    out: Option<W>,
    /// Whether to say so.
    says_so: bool,
}

impl<W: Write> WhileRead<W> {
    pub(super) fn new(out: W, says_so: bool) -> Self {
        WhileRead {
            out: Some(out),
            says_so,
        }
    }

    /// What `write` comes to, or `closed` without a reader.
    fn attempt<T>(
        &mut self,
        closed: T,
        write: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(out) = &mut self.out else {
            return Ok(closed);
        };
        match write(out) {
            Err(cause) if cause.kind() == ErrorKind::BrokenPipe => {
                self.out = None;
                if self.says_so {
                    eprintln!("warning: nobody reads the output any more; going on without it");
                }
                Ok(closed)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for WhileRead<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), W::flush)
    }
}

/// `--json` and `--quiet`.
#[derive(clap::Args)]
pub(super) struct OutputArgs {
    /// Print JSON: a line for each result as it comes, the summary last
    #[arg(long)]
    json: bool,
    /// Print nothing but warnings and errors
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
}

impl OutputArgs {
    pub(super) fn style(&self) -> Style {
        match (self.json, self.quiet) {
            (true, _) => Style::Json,
            (_, true) => Style::Quiet,
            _ => Style::Words,
        }
    }
}

/// For whom lines are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// For people.
    Words,
    /// For programs, as JSON.
    Json,
    /// For nobody.
    Quiet,
}

impl Style {
    /// Whether this is text for a terminal, where progress can be shown.
    fn is_on_terminal(self) -> bool {
        self == Style::Words && io::stderr().is_terminal() && io::stdout().is_terminal()
    }

    /// A status line under all others, on a terminal.
    pub(super) fn status_line(self) -> Option<ProgressBar> {
        self.is_on_terminal().then(|| {
            let line = ProgressBar::new_spinner();
            line.enable_steady_tick(Duration::from_millis(200));
            styled(line, "{spinner} {msg} ({elapsed})")
        })
    }

    /// A bar of `length` parts, on a terminal.
    pub(super) fn bar(self, length: u64) -> Option<ProgressBar> {
        self.is_on_terminal()
            .then(|| styled(ProgressBar::new(length), "{prefix} [{bar:24}] {msg}"))
    }
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
