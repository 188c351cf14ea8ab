//! One file from the first mirror that has it.
//!
//! Bytes go to a `.part` file beside the file. Whatever interrupts a download, the next one continues
//! where it stopped; only the complete file with the right SHA-256 gets its name.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use dropwise::{Error, Result};
use dropwise_lab::store::atomic;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ureq::http::{Response, header};
use ureq::{Agent, Body, Timeout};

use super::manifest::{DataFile, Mirror};
use super::{hash_mismatch, unwritable};

const CONNECT_SECONDS: u64 = 10;
const IDLE_SECONDS: u64 = 30;

/// The pauses before a mirror that failed is asked again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1000),
];

const BAR: &str =
    "{msg} [{wide_bar}] {decimal_bytes}/{decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left";

/// Why an attempt failed.
enum Failure {
    /// The same mirror may succeed if it is asked again.
    Retry(String),
    /// Only another mirror may succeed.
    GiveUp(String),
    /// The file cannot be written here, wherever it comes from.
    Local(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Local(error)
    }
}

type Attempt = std::result::Result<(), Failure>;

/// The HTTP client of all downloads.
pub(super) fn agent() -> Agent {
    let connect = Some(Duration::from_secs(CONNECT_SECONDS));
    let idle = Some(Duration::from_secs(IDLE_SECONDS));
    let config = Agent::config_builder()
        .timeout_resolve(connect)
        .timeout_connect(connect)
        .timeout_per_read(idle)
        .timeout_per_write(idle)
        .http_status_as_error(false)
        .user_agent(concat!("dropwise/", env!("CARGO_PKG_VERSION")))
        // The files are compressed already and are wanted as they are.
        .accept_encoding("identity");
    config.build().into()
}

/// A file on its way to `path`. How far it is shows on standard error: as a bar on a terminal, else as lines.
pub(super) struct Download<'a> {
    agent: &'a Agent,
    file: &'a DataFile,
    path: &'a Path,
    part: PathBuf,
    quiet: bool,
}

impl<'a> Download<'a> {
    pub(super) fn new(agent: &'a Agent, file: &'a DataFile, path: &'a Path, quiet: bool) -> Self {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        Download {
            agent,
            file,
            path,
            part: part.into(),
            quiet,
        }
    }

    /// Downloads the file from the first of `mirrors` that has it.
    pub(super) fn run(&self, mirrors: &[Mirror]) -> Result<()> {
        let mut problems = Vec::new();
        for mirror in mirrors {
            let url = mirror.url_of(self.file);
            match self.download_from(&url) {
                Ok(()) => return Ok(()),
                Err(Failure::Local(error)) => return Err(error),
                Err(Failure::Retry(problem) | Failure::GiveUp(problem)) => {
                    problems.push(format!("{url}: {problem}"));
                }
            }
        }
        let fix = if self.part_bytes() > 0 {
            "run the command again to continue from there, perhaps with another mirror: --from URL"
        } else {
            "check the connection, or name another mirror: --from URL"
        };
        Err(Error::Download {
            path: self.path.to_owned(),
            problem: format!("cannot be downloaded: {}", problems.join("; ")),
            fix: fix.to_owned(),
        })
    }

    fn download_from(&self, url: &str) -> Attempt {
        for pause in PAUSES {
            match self.attempt(url) {
                Err(Failure::Retry(problem)) => {
                    self.note(&format!("{url}: {problem}; trying again"));
                    thread::sleep(pause);
                }
                ended => return ended,
            }
        }
        self.attempt(url)
    }

    /// One request for the bytes that are missing, if any are, and the check of all of them.
    fn attempt(&self, url: &str) -> Attempt {
        let have = self.part_bytes();
        if have < self.file.bytes.get() {
            self.transfer(url, have)?;
        }
        let Some(mismatch) = hash_mismatch(&self.part, self.file)? else {
            return Ok(atomic::rename(&self.part, self.path)?);
        };
        self.remove_part()?;
        let problem = format!("these are other bytes: {mismatch}");
        // The part that was here before may be what was wrong.
        Err(if have > 0 {
            Failure::Retry(problem)
        } else {
            Failure::GiveUp(problem)
        })
    }

    /// Appends what the mirror sends to the first `have` bytes, and never more than the file has.
    fn transfer(&self, url: &str, have: u64) -> Attempt {
        let mut request = self.agent.get(url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let mut response = request.call().map_err(no_answer)?;
        let start = self.first_byte(&response, have)?;
        let size = self.file.bytes.get();
        if let Some(length) = response.body().content_length()
            && length != size - start
        {
            let expected = size - start;
            return Err(Failure::GiveUp(format!(
                "expected {expected} bytes, the server says it sends {length}"
            )));
        }
        let mut part = self.open_part(start)?;
        // Cleared when it is dropped.
        let bar = self.bar(url, start);
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0; 64 * 1024];
        let mut position = start;
        let cut =
            |why: &str, position| Failure::Retry(format!("{why} after {position} of {size} bytes"));
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) if position == size => return Ok(()),
                Ok(0) => return Err(cut("the connection ended", position)),
                Ok(count) => count,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
                Err(cause) => return Err(cut(&words(&cause.into()), position)),
            };
            if count as u64 > size - position {
                self.remove_part()?;
                return Err(Failure::GiveUp(format!(
                    "expected {size} bytes, the server sends more"
                )));
            }
            part.write_all(&buffer[..count])
                .map_err(|cause| unwritable(&self.part, cause))?;
            position += count as u64;
            bar.set_position(position);
        }
    }

    /// The bar of a download from byte `start` on.
    fn bar(&self, url: &str, start: u64) -> ProgressBar {
        let target = if self.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style =
            ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(Some(self.file.bytes.get()), target)
            .with_style(style.progress_chars("=> "))
            .with_message(self.file.name.clone())
            .with_position(start);
        // The rate is that of this connection.
        bar.reset_eta();
        if bar.is_hidden() {
            let from = match start {
                0 => String::new(),
                _ => format!(", from byte {start} on"),
            };
            self.note(&format!("{url}: {} bytes{from}", self.file.bytes));
        }
        bar
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// The place in the file of the first byte that a response brings, asked for from `have` on.
    fn first_byte(
        &self,
        response: &Response<Body>,
        have: u64,
    ) -> std::result::Result<u64, Failure> {
        let status = response.status();
        match status.as_u16() {
            200 => Ok(0),
            206 if starts_at(response, have) => Ok(have),
            // The part cannot be the beginning of the server's file.
            206 | 416 if have > 0 => {
                self.remove_part()?;
                Err(Failure::Retry(
                    "the server cannot continue this download".to_owned(),
                ))
            }
            // Overloaded or out of order for the moment.
            429 | 500..=599 => Err(Failure::Retry(format!("the server says {status}"))),
            _ => Err(Failure::GiveUp(format!("the server says {status}"))),
        }
    }

    fn part_bytes(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |found| found.len())
    }

    /// The part, ready for the byte at `start`, which is 0 or the part's end.
    fn open_part(&self, start: u64) -> Result<File> {
        let opened = match start {
            0 => File::create(&self.part),
            _ => File::options().append(true).open(&self.part),
        };
        opened.map_err(|cause| unwritable(&self.part, cause))
    }

    fn remove_part(&self) -> Result<()> {
        fs::remove_file(&self.part).map_err(|cause| unwritable(&self.part, cause))
    }
}

/// Whether `Content-Range: bytes START-END/SIZE` names this start.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get(header::CONTENT_RANGE);
    range
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split_once('-'))
        .is_some_and(|(found, _)| found.parse() == Ok(start))
}

/// A request that got no answer: a connection that broke may be made again.
fn no_answer(error: ureq::Error) -> Failure {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    const BROKEN: [ErrorKind; 4] = [
        BrokenPipe,
        ConnectionAborted,
        ConnectionReset,
        UnexpectedEof,
    ];
    match &error {
        ureq::Error::Io(cause) if BROKEN.contains(&cause.kind()) => Failure::Retry(words(&error)),
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => Failure::Retry(words(&error)),
        _ => Failure::GiveUp(words(&error)),
    }
}

/// An error of the HTTP client in words of its users.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "there is no host of this name".to_owned(),
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
            format!("no data for {IDLE_SECONDS} seconds")
        }
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
            format!("no connection within {CONNECT_SECONDS} seconds")
        }
        ureq::Error::Io(cause) if cause.kind() == ErrorKind::UnexpectedEof => {
            "the connection ended".to_owned()
        }
        ureq::Error::Io(cause) => cause.to_string(),
        other => other.to_string(),
    }
}
