//! Rows of bytes in a file, for data that memory does not hold.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread;

/// The bytes of rows that are read together, about, and the most rows, which stand together in `shuffle = "blocks"` too.
const BLOCK: usize = 1 << 19;
const MOST_ROWS: usize = 1 << 12;

/// The bytes that stay in memory: enough for the rows that `shuffle = "blocks"` draws from at a time and those that it draws from next, for
/// several networks, within bounds.
const ROWS_HELD: usize = 1 << 20;
const FEWEST_HELD: usize = 1 << 26;
const MOST_HELD: usize = 1 << 29;

/// A file of rows, each of as many bytes.
#[derive(Debug)]
pub(super) struct RowFile {
    name: String,
    blocks: Arc<Blocks>,
    /// Tells the thread that reads ahead what to read; none if no thread can be started.
    ahead: OnceLock<Option<Sender<usize>>>,
}

/// A file as blocks of rows.
#[derive(Debug)]
struct Blocks {
    /// Where the first row begins.
    first: u64,
    width: usize,
    rows: usize,
    /// The rows of a block.
    in_block: usize,
    /// How many are held.
    most: usize,
    file: Mutex<File>,
    held: Mutex<Held>,
}

/// The blocks that were used last.
#[derive(Debug, Default)]
struct Held {
    /// Each with the time of its last use.
    blocks: HashMap<usize, (Arc<Vec<u8>>, u64)>,
    time: u64,
    /// Blocks that were asked for ahead, and not used since.
    ahead: HashSet<usize>,
}

impl RowFile {
    /// So many rows of `width` bytes each, at least 1, which stand in a file from its byte `first` on. It is called `name` in messages.
    pub(super) fn new(
        name: String,
        file: File,
        (first, width): (usize, usize),
        rows: usize,
    ) -> Self {
        // A power of two, so that blocks begin where those of a shuffle do, if all rows are in it.
        let in_block = 1 << (BLOCK / width).clamp(1, MOST_ROWS).ilog2();
        let held = (ROWS_HELD * width).clamp(FEWEST_HELD, MOST_HELD);
        RowFile {
            name,
            blocks: Arc::new(Blocks {
                first: first as u64,
                width,
                rows,
                in_block,
                most: (held / (in_block * width)).max(1),
                file: Mutex::new(file),
                held: Mutex::default(),
            }),
            ahead: OnceLock::new(),
        }
    }

    /// Hands the bytes of each of these rows to `each`, with the place of the row among them, in the order of the file.
    ///
    /// # Panics
    /// If the file can no longer be read.
    pub(super) fn read(&self, rows: &[usize], mut each: impl FnMut(usize, &[u8])) {
        let blocks = &*self.blocks;
        let places = rows.iter().enumerate();
        let places = places.map(|(place, row)| (row / blocks.in_block, place));
        let mut places: Vec<(usize, usize)> = places.collect();
        places.sort_unstable();
        let mut one = vec![0; blocks.width];
        for together in places.chunk_by(|a, b| a.0 == b.0) {
            let (block, first) = together[0];
            let held = lock(&blocks.held).take(block);
            let bytes = match held {
                Some(bytes) => bytes,
                // A row by itself is not worth a block.
                None if together.len() == 1 => {
                    self.sure(blocks.read(&mut lock(&blocks.file), rows[first], &mut one));
                    each(first, &one);
                    continue;
                }
                None => self.sure(blocks.load(block)),
            };
            for (_, place) in together {
                let start = (rows[*place] - block * blocks.in_block) * blocks.width;
                each(*place, &bytes[start..][..blocks.width]);
            }
        }
    }

    /// Begins to read the blocks of rows that are wanted soon, those that have several of them.
    pub(super) fn read_ahead(&self, rows: &[usize]) {
        let blocks = &self.blocks;
        let mut wanted: Vec<usize> = rows.iter().map(|row| row / blocks.in_block).collect();
        wanted.sort_unstable();
        let wanted = wanted.chunk_by(|a, b| a == b);
        let mut held = lock(&blocks.held);
        for block in wanted.filter(|same| same.len() > 1).map(|same| same[0]) {
            // What is not used before half of the memory is full of such blocks would be read in vain.
            let is_enough = held.ahead.len() >= blocks.most / 2;
            if is_enough || held.blocks.contains_key(&block) || !held.ahead.insert(block) {
                continue;
            }
            let ahead = self.ahead.get_or_init(|| reader(Arc::downgrade(blocks)));
            // Without the thread, blocks are read when they are used.
            ahead.iter().for_each(|ahead| _ = ahead.send(block));
        }
    }

    fn sure<T>(&self, read: io::Result<T>) -> T {
        read.unwrap_or_else(|cause| {
            let name = &self.name;
            panic!("the rows in {name} can no longer be read: {cause}");
        })
    }
}

/// Starts the thread that reads ahead. It ends when nobody uses the blocks any more.
fn reader(blocks: Weak<Blocks>) -> Option<Sender<usize>> {
    let (sender, receiver) = channel();
    let read = move || {
        for block in receiver {
            let Some(blocks) = blocks.upgrade() else {
                return;
            };
            // It may have been used meanwhile. If it cannot be read, who needs it says what is wrong.
            if lock(&blocks.held).ahead.contains(&block) {
                _ = blocks.load(block);
            }
        }
    };
    let thread = thread::Builder::new().name("read ahead".to_owned());
    thread.spawn(read).ok().map(|_| sender)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    /// A block that is used now; none if it is not held.
    fn take(&mut self, block: usize) -> Option<Arc<Vec<u8>>> {
        self.ahead.remove(&block);
        self.time += 1;
        let (bytes, used) = self.blocks.get_mut(&block)?;
        *used = self.time;
        Some(Arc::clone(bytes))
    }

    /// Makes room for a block where `most` are held: for the memory of the one whose last use is the longest ago.
    fn room(&mut self, most: usize) -> Option<Vec<u8>> {
        if self.blocks.len() < most {
            return None;
        }
        let oldest = self.blocks.iter().min_by_key(|(_, (_, used))| *used);
        let oldest = *oldest?.0;
        Arc::into_inner(self.blocks.remove(&oldest)?.0)
    }
}

impl Blocks {
    /// A block, read unless it is held.
    fn load(&self, block: usize) -> io::Result<Arc<Vec<u8>>> {
        let mut file = lock(&self.file);
        let mut bytes = {
            let mut held = lock(&self.held);
            // Another thread may have read it while this one waited for the file.
            if let Some((bytes, _)) = held.blocks.get(&block) {
                return Ok(Arc::clone(bytes));
            }
            held.room(self.most).unwrap_or_default()
        };
        let first = block * self.in_block;
        let count = self.in_block.min(self.rows - first);
        bytes.resize(count * self.width, 0);
        self.read(&mut file, first, &mut bytes)?;
        let bytes = Arc::new(bytes);
        let mut held = lock(&self.held);
        let used = held.time;
        held.blocks.insert(block, (Arc::clone(&bytes), used));
        Ok(bytes)
    }

    /// Reads bytes from the row `first` on.
    fn read(&self, file: &mut File, first: usize, into: &mut [u8]) -> io::Result<()> {
        file.seek(SeekFrom::Start(self.first + (first * self.width) as u64))?;
        file.read_exact(into)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::{Duration, Instant};

    use super::*;

    /// A file of rows whose bytes are their numbers, behind three other bytes.
    fn file(rows: usize, width: usize) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"any").expect("space");
        for row in 0..rows {
            let bytes = (0..width).map(|k| (row + k) as u8);
            file.write_all(&bytes.collect::<Vec<u8>>()).expect("space");
        }
        file
    }

    fn assert_reads(file: &RowFile, rows: &[usize], width: usize) {
        let mut count = 0;
        file.read(rows, |place, bytes| {
            let expected = (0..width).map(|k| (rows[place] + k) as u8);
            assert!(bytes.iter().copied().eq(expected), "row {}", rows[place]);
            count += 1;
        });
        assert_eq!(count, rows.len());
    }

    #[test]
    fn rows_are_those_of_the_file_whatever_was_read_ahead_of_them() {
        for (rows, width, most) in [(10_000, 7, 1), (10_000, 7, 2), (1_500, 1 << 10, 1)] {
            let mut of_file = RowFile::new("x".to_owned(), file(rows, width), (3, width), rows);
            let blocks = Arc::get_mut(&mut of_file.blocks).expect("no other");
            blocks.most = most;
            for start in 0..50 {
                let some = |start: usize| -> Vec<usize> {
                    (0..40).map(|k| (start * 331 + k * k * 13) % rows).collect()
                };
                of_file.read_ahead(&some(start + 3));
                assert_reads(&of_file, &some(start), width);
            }
        }
    }

    #[test]
    fn the_block_whose_last_use_is_the_longest_ago_makes_room() {
        let (rows, width) = (5 << 12, 7);
        let mut of_file = RowFile::new("x".to_owned(), file(rows, width), (3, width), rows);
        Arc::get_mut(&mut of_file.blocks).expect("no other").most = 2;
        for block in [0, 1, 0, 2, 0, 3, 0, 4] {
            let first = block << 12;
            assert_reads(&of_file, &[first, first + 1], width);
            let held = lock(&of_file.blocks.held);
            assert!(held.blocks.contains_key(&0) && held.blocks.contains_key(&block));
        }
    }

    #[test]
    fn what_was_read_ahead_is_not_read_again() {
        let (rows, width) = (10_000, 7);
        let bytes = file(rows, width);
        let gone = bytes.try_clone().expect("a handle");
        let of_file = RowFile::new("x".to_owned(), bytes, (3, width), rows);
        of_file.read_ahead(&[1, 2, 9_999, 9_998, 5_000]);
        let began = Instant::now();
        while lock(&of_file.blocks.held).blocks.len() < 2 {
            assert!(began.elapsed() < Duration::from_secs(60), "nothing is read");
            thread::yield_now();
        }
        gone.set_len(0).expect("a file");
        assert_reads(&of_file, &[0, 4_095, 8_192, 9_999], width);
        // A row by itself was not worth it.
        let read = std::panic::AssertUnwindSafe(|| assert_reads(&of_file, &[5_000], width));
        assert!(std::panic::catch_unwind(read).is_err());
    }
}
