//! Rows of bytes in a file, for data that memory does not hold.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The bytes of rows that are read together, about.
const BLOCK: usize = 1 << 19;

/// The bytes that stay in memory: enough for the rows that `shuffle = "blocks"` draws from at a time, for several networks, within bounds.
const ROWS_HELD: usize = 1 << 19;
const FEWEST_HELD: usize = 1 << 26;
const MOST_HELD: usize = 1 << 29;

/// A file of rows, each of as many bytes.
#[derive(Debug)]
pub(super) struct RowFile {
    name: String,
    /// Where the first row begins.
    first: u64,
    width: usize,
    rows: usize,
    /// The rows of a block.
    in_block: usize,
    read: Mutex<Blocks>,
}

/// The file, and blocks of it that were read last, the oldest first.
#[derive(Debug)]
struct Blocks {
    file: File,
    held: HashMap<usize, Arc<Vec<u8>>>,
    order: VecDeque<usize>,
    /// How many are held.
    most: usize,
}

impl RowFile {
    /// So many rows of `width` bytes each, at least 1, which stand in a file from its byte `first` on. It is called `name` in messages.
    pub(super) fn new(
        name: String,
        file: File,
        (first, width): (usize, usize),
        rows: usize,
    ) -> Self {
        let in_block = (BLOCK / width).max(1);
        let held = (ROWS_HELD * width).clamp(FEWEST_HELD, MOST_HELD);
        RowFile {
            name,
            first: first as u64,
            width,
            rows,
            in_block,
            read: Mutex::new(Blocks {
                file,
                held: HashMap::new(),
                order: VecDeque::new(),
                most: (held / (in_block * width)).max(1),
            }),
        }
    }

    /// Hands the bytes of each of these rows to `each`, with the place of the row among them, in the order of the file.
    ///
    /// # Panics
    /// If the file can no longer be read.
    pub(super) fn read(&self, rows: &[usize], mut each: impl FnMut(usize, &[u8])) {
        let places = rows.iter().enumerate();
        let places = places.map(|(place, row)| (row / self.in_block, place));
        let mut places: Vec<(usize, usize)> = places.collect();
        places.sort_unstable();
        let mut one = vec![0; self.width];
        for together in places.chunk_by(|a, b| a.0 == b.0) {
            let (block, first) = together[0];
            let mut read = self.lock();
            // A row by itself is not worth a block.
            if together.len() == 1 && !read.held.contains_key(&block) {
                self.read_from(&mut read, rows[first], &mut one);
                drop(read);
                each(first, &one);
                continue;
            }
            let bytes = self.block(&mut read, block);
            drop(read);
            for (_, place) in together {
                let start = (rows[*place] - block * self.in_block) * self.width;
                each(*place, &bytes[start..][..self.width]);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Blocks> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block(&self, read: &mut Blocks, block: usize) -> Arc<Vec<u8>> {
        if let Some(bytes) = read.held.get(&block) {
            return Arc::clone(bytes);
        }
        let mut bytes = Vec::new();
        if read.order.len() == read.most {
            let oldest = read.order.pop_front();
            let oldest = oldest.and_then(|oldest| read.held.remove(&oldest));
            bytes = oldest.and_then(Arc::into_inner).unwrap_or_default();
        }
        let first = block * self.in_block;
        let count = self.in_block.min(self.rows - first);
        bytes.resize(count * self.width, 0);
        self.read_from(read, first, &mut bytes);
        let bytes = Arc::new(bytes);
        read.order.push_back(block);
        read.held.insert(block, Arc::clone(&bytes));
        bytes
    }

    /// Reads bytes from the row `first` on.
    fn read_from(&self, read: &mut Blocks, first: usize, into: &mut [u8]) {
        let start = self.first + (first * self.width) as u64;
        let start = read.file.seek(SeekFrom::Start(start));
        if let Err(cause) = start.and_then(|_| read.file.read_exact(into)) {
            let name = &self.name;
            panic!("the rows in {name} can no longer be read: {cause}");
        }
    }
}
