//! From the bytes of a file to text: unpacked, decoded, and known for what they are where they are no table.

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read};

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Format;
use super::lines::unreadable;
use crate::error::{Error, Result};

/// The text of a source, unpacked and in UTF-8 if the layout says what it is in, after the lines that are to be passed over.
///
/// # Errors
/// [`Error::Read`], and [`Error::Data`] if the first bytes say that it is no table in text.
pub(super) fn text<'a>(
    file: &str,
    mut source: impl BufRead + 'a,
    format: Format,
) -> Result<Box<dyn BufRead + 'a>> {
    let start = source.fill_buf().map_err(|cause| unreadable(file, cause))?;
    let mut text: Box<dyn BufRead + 'a> = match start {
        [0x1f, 0x8b, ..] => Box::new(BufReader::new(MultiGzDecoder::new(source))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(BufReader::new(Zstd::new(source))),
        _ => Box::new(source),
    };
    if format.encoding.is_some() {
        let decoded = DecodeReaderBytesBuilder::new()
            .encoding(format.encoding)
            .build(text);
        text = Box::new(BufReader::new(decoded));
    }
    let mut start = Vec::new();
    // No byte is waited for that cannot tell more: a slow sender's table begins before it ends.
    while start.len() < LONGEST_MARK && is_undecided(&start) {
        let read = text.by_ref().take(1).read_to_end(&mut start);
        if read.map_err(|cause| unreadable(file, cause))? == 0 {
            break;
        }
    }
    if let Some((what, fix)) = foreign(&start) {
        let problem = format!("expected a table in text, found {what}");
        return Err(Error::data(file, "", problem, fix));
    }
    let mut text: Box<dyn BufRead + 'a> = Box::new(Cursor::new(start).chain(text));
    let mut line = Vec::new();
    for _ in 0..format.skip_lines {
        line.clear();
        let read = text.read_until(b'\n', &mut line);
        read.map_err(|cause| unreadable(file, cause))?;
    }
    Ok(text)
}

/// Unpacks zstd, one frame after the other.
struct Zstd<R> {
    source: R,
    frame: FrameDecoder,
    is_within: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(source: R) -> Self {
        Zstd {
            source,
            frame: FrameDecoder::new(),
            is_within: false,
        }
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Damaged bytes have one kind of error, whatever is unpacked.
        let damaged = |cause: &dyn std::fmt::Display| {
            io::Error::new(ErrorKind::InvalidData, cause.to_string())
        };
        while !into.is_empty() {
            if !self.is_within {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                match self.frame.reset(&mut self.source) {
                    Ok(()) => self.is_within = true,
                    Err(FrameDecoderError::ReadFrameHeaderError(
                        ReadFrameHeaderError::SkipFrame { length, .. },
                    )) => {
                        let skipped = self.source.by_ref().take(length.into());
                        io::copy(&mut { skipped }, &mut io::sink())?;
                        continue;
                    }
                    Err(cause) => return Err(damaged(&cause)),
                }
            }
            while self.frame.can_collect() < into.len() && !self.frame.is_finished() {
                let some = BlockDecodingStrategy::UptoBytes(into.len());
                let decoded = self.frame.decode_blocks(&mut self.source, some);
                decoded.map_err(|cause| damaged(&cause))?;
            }
            let read = self.frame.read(into)?;
            if read > 0 {
                return Ok(read);
            }
            self.is_within = false;
        }
        Ok(0)
    }
}

/// Bytes that are enough to know any of the files below by.
const LONGEST_MARK: usize = 32;

/// Bytes that files begin with which are no tables in text, what they are, and what to do.
const MARKS: [(&[u8], &str, &str); 8] = [
    (
        b"PK\x03\x04",
        "a spreadsheet or another packed file",
        "in the spreadsheet program, save the table as CSV; or unpack it",
    ),
    (
        b"\xd0\xcf\x11\xe0",
        "a spreadsheet of an older kind",
        "in the spreadsheet program, save the table as CSV",
    ),
    (
        b"PAR1",
        "a Parquet file",
        "say `source = \"parquet\"` in `[data]`; or write it as CSV, such as with pandas: \
         pd.read_parquet(FILE).to_csv(\"table.csv\", index=False)",
    ),
    (
        b"ARROW1",
        "an Arrow file",
        "write it as CSV, such as with pandas: pd.read_feather(FILE).to_csv(\"table.csv\", index=False)",
    ),
    (
        b"%PDF",
        "a PDF",
        "copy the table into a spreadsheet program, and save it as CSV",
    ),
    (
        b"SQLite format 3\0",
        "a database",
        "export the table as CSV",
    ),
    (
        b"\xff\xfe",
        "text in UTF-16",
        "say `encoding = \"utf-16le\"` in `[data]`, or save the file as UTF-8",
    ),
    (
        b"\xfe\xff",
        "text in UTF-16",
        "say `encoding = \"utf-16be\"` in `[data]`, or save the file as UTF-8",
    ),
];

/// How web pages begin, in any case and after white space.
const TAGS: [&[u8]; 4] = [b"<!doctype", b"<html", b"<?xml", b"<head"];

/// The start of a text without white space and byte order marks before it, in small letters.
fn beginning(start: &[u8]) -> Vec<u8> {
    let start = start.trim_ascii_start();
    let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
    start.trim_ascii_start().to_ascii_lowercase()
}

/// Whether more bytes may show that a file is no table in text.
fn is_undecided(start: &[u8]) -> bool {
    let begins = |mark: &[u8], start: &[u8]| mark.len() > start.len() && mark.starts_with(start);
    let beginning = beginning(start);
    MARKS.iter().any(|(mark, ..)| begins(mark, start))
        || begins("\u{feff}".as_bytes(), start)
        || TAGS.iter().any(|tag| begins(tag, &beginning))
        || matches!(beginning.trim_ascii_end(), b"{" | b"[")
}

/// What a file is that is no table in text, and what to do.
fn foreign(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let known = MARKS.into_iter().find(|(mark, ..)| start.starts_with(mark));
    if let Some((_, what, fix)) = known {
        return Some((what, fix));
    }
    let beginning = beginning(start);
    if TAGS.iter().any(|tag| beginning.starts_with(tag)) {
        let fix =
            "the link may lead to a page about the table: download the file itself, as plain text";
        return Some(("a web page", fix));
    }
    let (first, rest) = beginning.split_first()?;
    let is_json = match (first, rest.trim_ascii_start().first()) {
        (b'{', Some(b'"')) => true,
        (b'[', Some(second)) => matches!(second, b'{' | b'['),
        _ => false,
    };
    is_json.then_some((
        "JSON",
        "write it as CSV, such as with pandas: pd.read_json(FILE).to_csv(\"table.csv\", index=False); rows to predict may be JSON, one \
         a line: `--format jsonl`",
    ))
}

/// The bytes of a file that may be packed with gzip or zstd, unpacked; `file` is only named in errors.
///
/// # Errors
/// [`Error::Data`] if packed bytes are damaged.
pub fn unpacked(file: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let read = match &bytes[..] {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Zstd::new(&bytes[..]).read_to_end(&mut plain),
        _ => return Ok(bytes),
    };
    read.map_err(|cause| unreadable(file, cause))?;
    Ok(plain)
}
