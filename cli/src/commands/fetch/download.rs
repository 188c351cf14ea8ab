//! One file from the first mirror that has it.
//!
//! Bytes go to a `.part` file beside the place of the file. Whatever ends a download, the next one
//! goes on where it stopped; only the whole file with the right SHA-256 gets its name.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use dropwise::{Error, Result};
use indicatif::ProgressBar;
use ureq::http::{Response, header};
use ureq::{Agent, Body};

use super::disk;
use super::failure::{Attempt, Failure, in_plain_words, unanswered};
use super::manifest::{File, Mirror};
use super::progress::Progress;

pub(super) const SECONDS_TO_CONNECT: u64 = 10;
pub(super) const SECONDS_WITHOUT_A_BYTE: u64 = 30;

/// The pauses before a mirror that broke off is asked again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1000),
];

/// The client of all downloads.
pub(super) fn agent() -> Agent {
    Agent::config_builder()
        .timeout_resolve(Some(Duration::from_secs(SECONDS_TO_CONNECT)))
        .timeout_connect(Some(Duration::from_secs(SECONDS_TO_CONNECT)))
        .timeout_per_read(Some(Duration::from_secs(SECONDS_WITHOUT_A_BYTE)))
        .timeout_per_write(Some(Duration::from_secs(SECONDS_WITHOUT_A_BYTE)))
        .http_status_as_error(false)
        .user_agent(concat!("dropwise/", env!("CARGO_PKG_VERSION")))
        // The files are packed already and are wanted as they are.
        .accept_encoding("identity")
        .build()
        .into()
}

/// A file on its way to `path`.
pub(super) struct Download<'a> {
    pub(super) agent: &'a Agent,
    pub(super) file: &'a File,
    pub(super) path: &'a Path,
    pub(super) progress: &'a Progress,
}

impl Download<'_> {
    /// Brings the file to its place from the first of `mirrors` that has it.
    pub(super) fn run(&self, mirrors: &[Mirror]) -> Result<()> {
        let mut problems = Vec::new();
        for mirror in mirrors {
            let url = mirror.address_of(self.file);
            match self.ask(&url) {
                Ok(()) => return Ok(()),
                Err(Failure::Here(error)) => return Err(error),
                Err(Failure::Cut(problem) | Failure::Mirror(problem)) => {
                    problems.push(format!("{url}: {problem}"));
                }
            }
        }
        let fix = if self.part_bytes() > 0 {
            "run the command again to go on from there, perhaps with another mirror: --from URL"
        } else {
            "check the connection, or name another mirror: --from URL"
        };
        Err(Error::Download {
            path: self.path.to_owned(),
            problem: format!("cannot be downloaded: {}", problems.join("; ")),
            fix: fix.to_owned(),
        })
    }

    fn ask(&self, url: &str) -> Attempt {
        let continued = self.part_bytes() > 0;
        self.complete_part(url)?;
        match self.accept_part() {
            // What an earlier run left may have been wrong: once more, all from this mirror.
            Err(Failure::Mirror(problem)) if continued => {
                self.progress
                    .note(&format!("{url}: {problem}; starting over"));
                self.complete_part(url)?;
                self.accept_part()
            }
            other => other,
        }
    }

    /// Asks for what is missing until it is all there, or the mirror has broken off too often.
    fn complete_part(&self, url: &str) -> Attempt {
        for pause in PAUSES {
            match self.transfer(url) {
                Err(Failure::Cut(problem)) => {
                    self.progress
                        .note(&format!("{url}: {problem}; trying again"));
                    thread::sleep(pause);
                }
                other => return other,
            }
        }
        self.transfer(url)
    }

    /// Gives the part its name if its bytes are the right ones, and removes it if not.
    fn accept_part(&self) -> Attempt {
        let part = self.part();
        let found = disk::sha256(&part)?;
        if found == self.file.sha256 {
            return Ok(disk::finish(&part, self.path)?);
        }
        self.remove_part()?;
        let difference = disk::difference(&self.file.sha256, &found);
        Err(Failure::Mirror(format!(
            "these are other bytes: {difference}"
        )))
    }

    /// One request for the bytes that are missing.
    fn transfer(&self, url: &str) -> Attempt {
        let have = self.part_bytes();
        // Whatever these bytes are, no more are missing.
        if have >= self.file.bytes.get() {
            return Ok(());
        }
        let mut request = self.agent.get(url);
        if have > 0 {
            request = request.header(header::RANGE, format!("bytes={have}-"));
        }
        let mut response = request.call().map_err(unanswered)?;
        let start = self.first_byte(&response, have)?;
        self.check_length(&response, start)?;
        let mut part = self.open_part(start)?;
        let bar = self.progress.bar(self.file, url, start);
        let outcome = self.copy(&mut response, &mut part, start, &bar);
        bar.finish_and_clear();
        outcome
    }

    /// The place in the file of the first byte that a response brings.
    fn first_byte(
        &self,
        response: &Response<Body>,
        have: u64,
    ) -> std::result::Result<u64, Failure> {
        match response.status().as_u16() {
            200 => Ok(0),
            206 if starts_at(response, have) => Ok(have),
            // The server has no bytes there: what is here cannot be the beginning of its file.
            206 | 416 if have > 0 => {
                self.remove_part()?;
                Err(Failure::Cut("the server cannot go on from here".to_owned()))
            }
            // Overloaded, or a part of it out of order for the moment.
            429 | 500..=599 => Err(Failure::Cut(format!(
                "the server says {}",
                response.status()
            ))),
            _ => Err(Failure::Mirror(format!(
                "the server says {}",
                response.status()
            ))),
        }
    }

    /// Not a byte is read of a file that says it has another size.
    fn check_length(&self, response: &Response<Body>, start: u64) -> Attempt {
        let expected = self.file.bytes.get() - start;
        match response.body().content_length() {
            Some(length) if length != expected => Err(Failure::Mirror(format!(
                "expected {expected} bytes, the server says it sends {length}"
            ))),
            _ => Ok(()),
        }
    }

    /// Writes what arrives behind the first `position` bytes, and never more than the file has.
    fn copy(
        &self,
        response: &mut Response<Body>,
        part: &mut fs::File,
        mut position: u64,
        bar: &ProgressBar,
    ) -> Attempt {
        let mut reader = response.body_mut().as_reader();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(cause) if cause.kind() == ErrorKind::Interrupted => continue,
                Err(cause) => return Err(self.cut(position, &in_plain_words(&cause.into()))),
            };
            if count as u64 > self.file.bytes.get() - position {
                self.remove_part()?;
                let expected = self.file.bytes.get();
                return Err(Failure::Mirror(format!(
                    "expected {expected} bytes, the server sends more"
                )));
            }
            part.write_all(&buffer[..count])
                .map_err(|cause| self.unwritable(cause))?;
            position += count as u64;
            bar.set_position(position);
        }
        if position < self.file.bytes.get() {
            return Err(self.cut(position, "the connection ended"));
        }
        Ok(())
    }

    fn cut(&self, position: u64, why: &str) -> Failure {
        let whole = self.file.bytes.get();
        Failure::Cut(format!("{why} after {position} of {whole} bytes"))
    }

    fn part(&self) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(".part");
        path.into()
    }

    fn part_bytes(&self) -> u64 {
        fs::metadata(self.part()).map_or(0, |found| found.len())
    }

    /// The part without what stands behind its first `start` bytes, ready to be written to.
    fn open_part(&self, start: u64) -> Result<fs::File> {
        let open = || {
            let mut part = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(self.part())?;
            part.set_len(start)?;
            part.seek(SeekFrom::Start(start))?;
            Ok(part)
        };
        open().map_err(|cause| self.unwritable(cause))
    }

    fn remove_part(&self) -> Result<()> {
        fs::remove_file(self.part()).map_err(|cause| self.unwritable(cause))
    }

    fn unwritable(&self, cause: std::io::Error) -> Error {
        disk::unwritable(&self.part(), cause)
    }
}

/// Whether `Content-Range: bytes START-END/SIZE` names this start.
fn starts_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get(header::CONTENT_RANGE);
    range
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes ")?.split_once('-'))
        .is_some_and(|(found, _)| found.parse() == Ok(start))
}
