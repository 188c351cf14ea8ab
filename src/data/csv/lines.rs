//! Text line by line, with the numbers of the lines.

use std::io::{self, BufRead, ErrorKind, Read};

use crate::error::{Error, Result};

/// The most bytes of a row: what never ends, such as a quote that is not closed, must not fill the memory.
pub(super) const LONGEST_ROW: usize = 1 << 24;

/// Reads text a line at a time, as soon as a line is there and never more than that.
pub struct Lines<R> {
    file: String,
    source: R,
    number: usize,
    bytes: Vec<u8>,
    past_line: bool,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `source`; `file` is only named in errors.
    pub fn new(file: &str, source: R) -> Self {
        Lines::after(file, source, 0)
    }

    /// As [`new`](Self::new), `lines` of which are passed already.
    pub(super) fn after(file: &str, source: R, lines: usize) -> Self {
        Lines {
            file: file.to_owned(),
            source,
            number: lines,
            bytes: Vec::new(),
            past_line: false,
        }
    }

    /// Whether the last mistake is one of a line alone, so that the next can be read.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.past_line
    }

    /// What is left, and how many lines are passed.
    pub(super) fn into_source(self) -> (R, usize) {
        (self.source, self.number)
    }

    /// The number, counted from 1, and the text of the next line that is not blank; `None` at the end. A byte order
    /// mark is skipped.
    ///
    /// # Errors
    /// [`Error::Read`], and [`Error::Data`] that names file and line: bytes that are not UTF-8, a line of more than
    /// 16 MB.
    pub fn next_line(&mut self) -> Result<Option<(usize, &str)>> {
        self.past_line = false;
        loop {
            self.bytes.clear();
            let mut source = self.source.by_ref().take(LONGEST_ROW as u64 + 1);
            let read = source.read_until(b'\n', &mut self.bytes);
            if read.map_err(|cause| unreadable(&self.file, cause))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.bytes.len() > LONGEST_ROW {
                return Err(too_long(&self.file, self.number));
            }
            while self.number == 1 && self.bytes.starts_with("\u{feff}".as_bytes()) {
                self.bytes.drain(..3);
            }
            if !self.bytes.trim_ascii().is_empty() {
                break;
            }
        }
        self.past_line = true;
        match std::str::from_utf8(&self.bytes) {
            Ok(line) if line.contains('\0') => Err(not_text(&self.file, self.number)),
            Ok(line) => Ok(Some((self.number, line.trim_end()))),
            Err(_) => Err(not_utf8(&self.file, self.number)),
        }
    }
}

pub(super) fn unreadable(file: &str, cause: io::Error) -> Error {
    // Nothing but unpacking ends with these.
    if let ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData =
        cause.kind()
    {
        let problem = format!("the file is packed, and damaged: {cause}");
        return Error::data(file, "", problem, "pack it again, or give it unpacked");
    }
    Error::Read {
        path: file.into(),
        cause,
    }
}

pub(super) fn too_long(file: &str, line: usize) -> Error {
    let problem = format!("expected a row of at most {LONGEST_ROW} bytes, found more");
    let fix = "look for a quote that is not closed, or for line ends that are missing";
    Error::data(file, format!("line {line}"), problem, fix)
}

pub(super) fn not_utf8(file: &str, line: usize) -> Error {
    let problem = "expected text in UTF-8, found other bytes";
    let fix = "say which encoding it is in `[data]`, such as `encoding = \"windows-1252\"`, or save it as UTF-8";
    Error::data(file, format!("line {line}"), problem, fix)
}

pub(super) fn not_text(file: &str, line: usize) -> Error {
    let problem = "expected text, found a byte that is 0";
    let fix = "if it is text in UTF-16, say `encoding = \"utf-16le\"` in `[data]`; else save the table as text";
    Error::data(file, format!("line {line}"), problem, fix)
}
