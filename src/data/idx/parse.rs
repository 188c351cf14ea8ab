//! Bytes to an array, with every claim checked before memory is set aside for it.

use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::PathBuf;

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The contents of an IDX file of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// The sizes, 1 to 3 of them, each at least 1.
    pub dims: Vec<usize>,
    /// The values, the last dimension running fastest; as many as the sizes' product.
    pub values: Vec<u8>,
}

const GZIP_MARK: [u8; 2] = [0x1f, 0x8b];
/// The header's word for values that are bytes, the only ones read here.
const UNSIGNED_BYTES: u8 = 0x08;
/// No gzip file unpacks to more than this many times its size: two bits give at most 258 bytes.
const MOST_EXPANSION: u64 = 1032;
/// What is read, and set aside in memory, before anything has arrived.
const BUFFER: usize = 1 << 16;
const FETCH_AGAIN: &str = "the file is cut short or damaged: fetch or copy it again";

/// Reads an IDX file of bytes, packed with gzip or not, from its beginning to its end. `file` is its name
/// in messages; `size` is its size in bytes as it lies on the disk, none if that is not known.
///
/// Memory is set aside for what the header claims only after `size` has borne it out; else it grows with
/// what arrives, to less than twice as much.
///
/// # Errors
/// [`Error::Data`] for everything that is not such a file, bytes after its end included;
/// [`Error::Read`] if `bytes` cannot be read.
pub fn parse(file: &str, bytes: impl Read, size: Option<u64>) -> Result<Idx> {
    let mut bytes = BufReader::with_capacity(BUFFER, bytes);
    let mark = mark(&mut bytes).map_err(|cause| Error::Read {
        path: PathBuf::from(file),
        cause,
    })?;
    let packed = mark == GZIP_MARK;
    let bytes = Cursor::new(mark).chain(bytes);
    if packed {
        let bytes = MultiGzDecoder::new(bytes);
        Parser::new(file, bytes, (true, size)).parse()
    } else {
        Parser::new(file, bytes, (false, size)).parse()
    }
}

/// As [`parse`], of a file that is not packed, whose values are passed over: its dimensions, and where its values begin.
pub(super) fn pass_over(file: &str, bytes: impl Read, size: u64) -> Result<(Vec<usize>, usize)> {
    let bytes = BufReader::with_capacity(BUFFER, bytes);
    Parser::new(file, bytes, (false, Some(size))).pass_over()
}

/// Whether a file begins as one that is packed.
pub(super) fn is_packed(mut file: impl Read) -> io::Result<bool> {
    Ok(mark(&mut file)? == GZIP_MARK)
}

/// The first two bytes, or what there is of them.
fn mark(bytes: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut mark = Vec::new();
    bytes.take(2).read_to_end(&mut mark)?;
    Ok(mark)
}

struct Parser<'a, R> {
    file: &'a str,
    /// Unpacked.
    bytes: R,
    /// Whether the bytes come out of gzip.
    packed: bool,
    /// The file's size, packed where it is.
    size: Option<u64>,
}

impl<'a, R: Read> Parser<'a, R> {
    fn new(file: &'a str, bytes: R, (packed, size): (bool, Option<u64>)) -> Self {
        Parser {
            file,
            bytes,
            packed,
            size,
        }
    }

    fn parse(mut self) -> Result<Idx> {
        let (dims, count) = self.header()?;
        let values = self.values(count)?;
        self.end(count)?;
        Ok(Idx { dims, values })
    }

    fn pass_over(mut self) -> Result<(Vec<usize>, usize)> {
        let (dims, count) = self.header()?;
        let mut values = self.bytes.by_ref().take(count as u64);
        let passed = io::copy(&mut values, &mut io::sink());
        let passed = passed.map_err(|cause| self.unread(cause))? as usize;
        if passed < count {
            return Err(self.too_few(count, passed));
        }
        self.end(count)?;
        let first = 4 + 4 * dims.len();
        Ok((dims, first))
    }

    /// The sizes, and how many values there are.
    fn header(&mut self) -> Result<(Vec<usize>, usize)> {
        let n_dims = self.start()?;
        let dims = self.dims(n_dims)?;
        let count = self.count(&dims)?;
        Ok((dims, count))
    }

    /// The first four bytes: the number of dimensions.
    fn start(&mut self) -> Result<usize> {
        let start = self.header_bytes(4, "the beginning `0 0 8 n` of an IDX file")?;
        let (place, problem) = match start[..] {
            [0, 0, UNSIGNED_BYTES, n @ 1..=3] => return Ok(usize::from(n)),
            [0, 0, UNSIGNED_BYTES, n] => {
                ("byte 3", format!("expected 1 to 3 dimensions, found {n}"))
            }
            [0, 0, kind, _] => {
                let kind = element_type(kind);
                (
                    "byte 2",
                    format!("expected the element type 0x08 (unsigned bytes), found {kind}"),
                )
            }
            _ => {
                let found: Vec<String> = start.iter().map(|byte| format!("{byte:02x}")).collect();
                let found = found.join(" ");
                (
                    "bytes 0 to 3",
                    format!("expected 00 00 08 and the number of dimensions, found {found}"),
                )
            }
        };
        Err(self.fail(
            place,
            problem,
            "give an IDX file of bytes, packed with gzip or not",
        ))
    }

    fn dims(&mut self, n_dims: usize) -> Result<Vec<usize>> {
        let what = format!("the sizes of {n_dims} dimensions");
        let bytes = self.header_bytes(4 * n_dims, &what)?;
        let (sizes, _) = bytes.as_chunks::<4>();
        let dims: Vec<u32> = sizes.iter().map(|size| u32::from_be_bytes(*size)).collect();
        if let Some(k) = dims.iter().position(|size| *size == 0) {
            let place = format!("bytes {} to {}", 4 + 4 * k, 7 + 4 * k);
            let problem = format!(
                "expected a size of dimension {} of at least 1, found 0",
                k + 1
            );
            return Err(self.fail(
                &place,
                problem,
                "the file holds no data: fetch or make it again",
            ));
        }
        let dims: std::result::Result<_, _> = dims.into_iter().map(usize::try_from).collect();
        dims.map_err(|_| self.too_large("a dimension"))
    }

    /// How many values the header promises, checked against the size of the file.
    fn count(&self, dims: &[usize]) -> Result<usize> {
        let product = dims
            .iter()
            .try_fold(1, |product: usize, size| product.checked_mul(*size));
        let header = 4 + 4 * dims.len();
        let promised = product.and_then(|count| Some((count, count.checked_add(header)?)));
        let Some((count, bytes)) = promised else {
            return Err(self.too_large(&by(dims)));
        };
        let Some(size) = self.size else {
            return Ok(count);
        };
        let dims = by(dims);
        if self.packed && bytes as u64 > size.saturating_mul(MOST_EXPANSION) {
            let problem = format!(
                "{dims} values make {bytes} bytes, more than a gzip file of {size} bytes can hold"
            );
            return Err(self.fail("header", problem, FETCH_AGAIN));
        }
        if !self.packed && bytes as u64 != size {
            let problem = format!("{dims} values make a file of {bytes} bytes, found {size}");
            return Err(self.fail("header", problem, FETCH_AGAIN));
        }
        Ok(count)
    }

    /// The values.
    fn values(&mut self, count: usize) -> Result<Vec<u8>> {
        let borne_out = !self.packed && self.size.is_some();
        let first = if borne_out { count } else { BUFFER };
        let mut values = Vec::new();
        while values.len() < count {
            let more = values.len().max(first).min(count - values.len());
            if values.try_reserve_exact(more).is_err() {
                return Err(self.too_large(&format!("{count} values")));
            }
            if self.read(&mut values, more)? < more {
                return Err(self.too_few(count, values.len()));
            }
        }
        Ok(values)
    }

    fn too_few(&self, count: usize, found: usize) -> Error {
        let problem = format!("expected {count} values, as the header says, found {found}");
        self.fail("after the header", problem, FETCH_AGAIN)
    }

    /// The end of the file after the values.
    fn end(&mut self, count: usize) -> Result<()> {
        if self.read(&mut Vec::new(), 1)? > 0 {
            let problem = format!("expected {count} values, as the header says, found more");
            return Err(self.fail("after the header", problem, FETCH_AGAIN));
        }
        Ok(())
    }

    /// Exactly the next `count` bytes of the header.
    fn header_bytes(&mut self, count: usize, what: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.read(&mut bytes, count)? < count {
            let problem = format!("expected {count} bytes, {what}, found {}", bytes.len());
            return Err(self.fail("header", problem, FETCH_AGAIN));
        }
        Ok(bytes)
    }

    /// Appends up to `most` bytes, fewer only at the end; returns how many.
    fn read(&mut self, into: &mut Vec<u8>, most: usize) -> Result<usize> {
        let read = self.bytes.by_ref().take(most as u64).read_to_end(into);
        read.map_err(|cause| self.unread(cause))
    }

    /// A failure to read: the operating system's, or else that of unpacking.
    fn unread(&self, cause: io::Error) -> Error {
        if !self.packed || cause.raw_os_error().is_some() {
            return Error::Read {
                path: PathBuf::from(self.file),
                cause,
            };
        }
        let problem = match cause.kind() {
            ErrorKind::UnexpectedEof => "the gzip data end too early".to_owned(),
            _ => format!("not valid gzip data: {cause}"),
        };
        self.fail("", problem, FETCH_AGAIN)
    }

    fn too_large(&self, what: &str) -> Error {
        let problem = format!("{what} are more values than memory can hold");
        self.fail("header", problem, FETCH_AGAIN)
    }

    fn fail(&self, place: &str, problem: String, fix: &str) -> Error {
        Error::data(self.file, place, problem, fix)
    }
}

/// `60000 x 28 x 28`.
fn by(dims: &[usize]) -> String {
    let dims: Vec<String> = dims.iter().map(usize::to_string).collect();
    dims.join(" x ")
}

fn element_type(kind: u8) -> String {
    let name = match kind {
        0x09 => "signed bytes",
        0x0b => "16-bit integers",
        0x0c => "32-bit integers",
        0x0d => "32-bit floats",
        0x0e => "64-bit floats",
        _ => "unknown",
    };
    format!("0x{kind:02x} ({name})")
}
