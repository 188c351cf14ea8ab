//! Text files as a table that is read several times.

use std::cell::{Cell, RefCell};
use std::fs::{File, Metadata};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Format;
use super::pieces::{Piece, Pieces};
use super::reader::Reader;
use crate::data::hash::Hashing;
use crate::data::table::{self, Files, Head, Wanted};
use crate::error::{Error, Result};

/// A table in a text file.
pub(super) struct CsvFiles {
    path: PathBuf,
    format: Format,
    head: Head,
    /// What is left of the file that was opened for its header.
    opened: RefCell<Option<Pieces<'static>>>,
    kept: Rc<RefCell<Kept>>,
}

/// What the first reading of all files of a table shares.
#[derive(Clone)]
pub(super) struct FirstReading {
    /// The hash of all bytes.
    pub(super) hash: Rc<RefCell<Sha256>>,
    /// How many bytes of text are kept, and the most.
    kept: Rc<Cell<usize>>,
    most: usize,
}

impl FirstReading {
    /// Before it begins. Files are kept if they have at most so many bytes together; none if that is 0, as nothing is read again.
    pub(super) fn new(most: usize) -> Self {
        FirstReading {
            hash: Rc::default(),
            kept: Rc::default(),
            most,
        }
    }
}

/// The pieces of a small file, as its first reading found them.
#[derive(Default)]
struct Kept {
    pieces: Vec<Arc<Piece>>,
    /// Bytes of all files that are kept.
    bytes: Rc<Cell<usize>>,
    /// The most that are.
    most: usize,
    /// Whether all of them are here.
    is_whole: bool,
    /// Whether they stay here whatever their size, since what they are read from can be read but once.
    always: bool,
}

impl CsvFiles {
    /// Opens a file and reads its header; its columns are counted as those of `like` are. The bytes are hashed as they are first read.
    pub(super) fn open(
        path: &Path,
        format: Format,
        like: Option<&Head>,
        first: &FirstReading,
    ) -> Result<Self> {
        let hash = Rc::clone(&first.hash);
        let file = Hashing {
            reader: open(path)?,
            hash: move |bytes: &[u8]| hash.borrow_mut().update(bytes),
        };
        let reader = reader(path, file, format)?;
        let (name, columns) = (path.display().to_string(), reader.columns().to_vec());
        if columns.is_empty() {
            let fix = "give the path of a table";
            return Err(Error::data(&name, "", "the file is empty", fix));
        }
        let head = Head::new(&name, columns, "line", reader.first_line())?;
        let head = match like {
            Some(like) => head.in_order_of(like)?,
            None => head,
        };
        let file = path.metadata().ok().filter(|found| found.is_file());
        let is_small = |found: &Metadata| found.len() <= first.most as u64;
        Ok(CsvFiles {
            path: path.to_owned(),
            format,
            head,
            opened: RefCell::new(Some(Pieces::of(reader, format)?)),
            kept: Rc::new(RefCell::new(Kept {
                always: file.is_none() && first.most > 0,
                bytes: Rc::clone(&first.kept),
                // Of what is packed more bytes come out than the file has.
                most: first.most * usize::from(file.as_ref().is_none_or(is_small)),
                ..Kept::default()
            })),
        })
    }

    fn is_kept(&self) -> bool {
        self.kept.borrow().is_whole
    }
}

impl Files for CsvFiles {
    fn head(&self) -> &Head {
        &self.head
    }

    fn pieces<'a>(&'a self, wanted: &Wanted) -> Result<table::Pieces<'a>> {
        let (heads, format) = (wanted.heads(&self.head), self.format);
        let read = move |piece: Arc<Piece>| -> table::Piece<'a> {
            let heads = heads.clone();
            Box::new(move |form| piece.read(heads.now(), format, form))
        };
        if self.is_kept() {
            let mut pieces = self.kept.borrow().pieces.clone().into_iter();
            return Ok(Box::new(move || Ok(pieces.next().map(&read))));
        }
        let opened = self.opened.borrow_mut().take();
        let is_first = opened.is_some();
        let mut pieces = match opened {
            Some(pieces) => pieces,
            None => Pieces::of(reader(&self.path, open(&self.path)?, format)?, format)?,
        };
        Ok(Box::new(move || {
            let piece = pieces.next()?.map(Arc::new);
            if is_first {
                self.kept.borrow_mut().keep(piece.as_ref());
            }
            Ok(piece.map(&read))
        }))
    }

    fn forget(&self) {
        let mut kept = self.kept.borrow_mut();
        (kept.pieces, kept.is_whole) = (Vec::new(), false);
    }
}

impl Kept {
    /// Keeps a piece, or forgets all if they are too many.
    fn keep(&mut self, piece: Option<&Arc<Piece>>) {
        let Some(piece) = piece else {
            self.is_whole = self.always || self.bytes.get() <= self.most;
            return;
        };
        self.bytes.set(self.bytes.get() + piece.len());
        match self.always || self.bytes.get() <= self.most {
            true => self.pieces.push(Arc::clone(piece)),
            false => self.pieces = Vec::new(),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })
}

fn reader<'a>(path: &Path, source: impl std::io::Read + 'a, format: Format) -> Result<Reader<'a>> {
    let source = BufReader::with_capacity(1 << 16, source);
    Reader::new(&path.display().to_string(), source, format)
}
