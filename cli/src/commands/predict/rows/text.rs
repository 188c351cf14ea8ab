//! Text that comes line by line, with the numbers of its lines and a bound on the length of a row.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;

use dropwise::Error;

use super::{Input, Sink, refusal};

/// The most bytes of a row: what never ends, such as a quote that is not closed, must not fill the memory.
const LONGEST_ROW: usize = 1 << 24;

/// Bytes that are handed out a line at a time, as soon as they are there.
pub(super) struct Text {
    source: Box<dyn BufRead + Send>,
    line: usize,
    /// The byte before the next one; at the beginning a line end.
    before: u8,
    /// Bytes that the row may still have.
    left: usize,
}

impl Text {
    pub(super) fn new(input: Input) -> Self {
        Text {
            source: input.source,
            line: 0,
            before: b'\n',
            left: LONGEST_ROW,
        }
    }

    /// The number of the line that was read last, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    pub(super) fn begin_row(&mut self) {
        self.left = LONGEST_ROW;
    }

    /// Why the text could not be read.
    pub(super) fn error(&self, sink: &Sink, cause: io::Error) -> Error {
        match cause.kind() {
            ErrorKind::FileTooLarge if self.left == 0 => {
                let problem = format!("expected a row of at most {LONGEST_ROW} bytes, found more");
                let fix = "look for a quote that is not closed, or for line ends that are missing";
                sink.at(self.line, refusal(problem, fix))
            }
            ErrorKind::InvalidData => self.not_utf8(sink),
            _ => Error::Read {
                path: PathBuf::from(&sink.input),
                cause,
            },
        }
    }

    pub(super) fn not_utf8(&self, sink: &Sink) -> Error {
        let problem = "expected text in UTF-8, found other bytes";
        let fix = "save the rows as text in UTF-8";
        sink.at(self.line, refusal(problem, fix))
    }
}

impl Read for Text {
    /// At most the rest of one line, and never more than is there already: whoever reads a row has not
    /// seen the beginning of the next.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.source.fill_buf()?;
        let line_end = there.iter().position(|byte| b"\r\n".contains(byte));
        let rest_of_line = line_end.map_or(there.len(), |end| end + 1);
        let count = rest_of_line.min(into.len()).min(self.left);
        if count == 0 && rest_of_line.min(into.len()) > 0 {
            return Err(ErrorKind::FileTooLarge.into());
        }
        into[..count].copy_from_slice(&there[..count]);
        self.source.consume(count);
        if let Some(last) = into[..count].last() {
            let splits_line_end = self.before == b'\r' && into[0] == b'\n';
            self.line += usize::from(b"\r\n".contains(&self.before) && !splits_line_end);
            self.before = *last;
            self.left -= count;
        }
        Ok(count)
    }
}

/// Calls `each` with the number and the text of every line that is not blank, without white space at its
/// end.
pub(super) fn for_each_line(
    text: Text,
    sink: &Sink,
    mut each: impl FnMut(usize, &str) -> dropwise::Result<()>,
) -> dropwise::Result<()> {
    let mut text = BufReader::new(text);
    let mut line = String::new();
    loop {
        line.clear();
        text.get_mut().begin_row();
        let count = text.read_line(&mut line);
        let count = count.map_err(|cause| text.get_ref().error(sink, cause))?;
        if count == 0 {
            return Ok(());
        }
        if !line.trim().is_empty() {
            each(text.get_ref().line(), line.trim_end())?;
        }
    }
}
