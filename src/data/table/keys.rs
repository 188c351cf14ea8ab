//! The columns that say what a row is for: its target, its group, its time and its weight. They are in memory while rows are split.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::anchors::{Anchors, ROWS};
use super::columns::Columns;
use super::packed::{Block, Code, Form};
use super::raw::Head;
use super::scan::{Files, Starts, Wanted, scan};
use crate::config::{Missing, TableConfig};
use crate::data::Load;
use crate::error::Result;

/// The most rows of a table: those of two have numbers of 32 bits.
const MOST_ROWS: usize = i32::MAX as usize;

/// What is known of all rows before any is prepared.
pub(super) struct Keys {
    head: Arc<Head>,
    /// All rows, with their inputs if these are held.
    pub(super) blocks: Vec<Block>,
    pub(super) holds_inputs: bool,
    /// Where the rows of each piece begin.
    pub(super) starts: Starts,
    /// What numbers are differences from, if the table is a large one.
    pub(super) anchors: Anchors,
    /// Of each row the first column that misses a value, if such rows are left out.
    gaps: Option<Vec<Option<Gap>>>,
}

/// A column, counted from 1.
type Gap = std::num::NonZeroU32;

impl Keys {
    /// Reads them. Beside them, inputs stay in memory if they take little of it, or no more than they will when prepared: then they make
    /// room for what they become, block by block. Of a table that is to be learned from with others, the `anchors` are those of the first.
    pub(super) fn read(
        files: &dyn Files,
        (columns, known): (&Columns, Option<&Anchors>),
        (config, form): (&TableConfig, &Form),
        how: &Load,
    ) -> Result<Self> {
        let keys: HashSet<usize> = columns.keys().collect();
        let wanted = columns.all();
        let drops = config.missing == Missing::Drop;
        let is_too_large = Arc::new(AtomicBool::new(false));
        let anchors = OnceLock::new();
        let wanted = match drops {
            true => Wanted::all(wanted),
            false => Wanted::until(wanted, keys.clone(), &is_too_large),
        };
        let mut found = Growing {
            keys: Keys {
                head: Arc::new(files.head().clone()),
                blocks: Vec::new(),
                holds_inputs: true,
                starts: Starts::new(),
                anchors: known.cloned().unwrap_or_default(),
                gaps: drops.then(Vec::new),
            },
            is_key: &|column| keys.contains(&column),
            all_bytes: files.bytes(),
            columns,
            config,
            how,
            is_too_large: &is_too_large,
            differ_from: &anchors,
            is_first: known.is_none(),
            has_enough: false,
            size: 0,
            bytes: 0,
        };
        let is_key = found.is_key;
        let work = |_, mut block: Block| {
            let gaps = drops.then(|| gaps(&block, columns, config));
            match (is_too_large.load(Ordering::Relaxed), anchors.get()) {
                (true, _) => block.keep(is_key),
                (false, Some(anchors)) => block.anchor(anchors),
                (false, None) => {}
            }
            Ok((block, gaps))
        };
        scan(files, (&wanted, form), work, |(block, gaps)| {
            found.add(block, gaps)
        })?;
        Ok(found.finish())
    }

    /// Those of one piece, with its inputs.
    pub(super) fn of(block: Block, columns: &Columns, config: &TableConfig) -> Self {
        let mut starts = Starts::new();
        starts.push(block.rows());
        Keys {
            head: block.shared_head(),
            holds_inputs: true,
            starts,
            anchors: Anchors::default(),
            gaps: (config.missing == Missing::Drop).then(|| gaps(&block, columns, config)),
            blocks: vec![block],
        }
    }

    /// Forgets the inputs, which are to be read again.
    fn let_go(&mut self, is_key: impl Fn(usize) -> bool) {
        self.holds_inputs = false;
        let blocks = self.blocks.iter_mut();
        blocks.for_each(|block| block.keep(&is_key));
    }

    /// The table as a whole.
    pub(super) fn head(&self) -> &Head {
        &self.head
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.rows()
    }

    /// Where a row is: its block, and its place there.
    pub(super) fn find(&self, row: usize) -> (&Block, usize) {
        let (piece, row) = self.starts.find(row);
        (&self.blocks[piece], row)
    }

    /// The first column that misses a value in a row that is left out for it.
    pub(super) fn gap(&self, row: usize) -> Option<usize> {
        Some(self.gaps.as_ref()?[row]?.get() as usize - 1)
    }
}

/// Keys as they are read.
struct Growing<'a> {
    keys: Keys,
    columns: &'a Columns,
    config: &'a TableConfig,
    how: &'a Load<'a>,
    is_key: &'a (dyn Fn(usize) -> bool + Sync),
    /// Tells those that read that inputs are not wanted any more.
    is_too_large: &'a AtomicBool,
    /// Tells them what numbers become differences from, once it is known that the table is a large one.
    differ_from: &'a OnceLock<Anchors>,
    /// Whether the table is learned from, and not prepared as another was.
    is_first: bool,
    /// Whether enough was read to know what numbers differ from.
    has_enough: bool,
    /// The bytes of the inputs that are held, those of the files that were read, and of these all.
    size: usize,
    bytes: usize,
    all_bytes: usize,
}

impl Growing<'_> {
    fn add(&mut self, block: Block, gaps: Option<Vec<Option<Gap>>>) -> Result<()> {
        let keys = &mut self.keys;
        keys.starts.push(block.rows());
        let rows = keys.rows();
        if rows > MOST_ROWS {
            let problem = format!("expected at most {MOST_ROWS} rows, found more");
            return Err(keys.head.error(problem, "give fewer of them"));
        }
        self.size += block.size(|column| !(self.is_key)(column));
        self.bytes += block.bytes;
        keys.blocks.push(block);
        if let (Some(all), Some(gaps)) = (&mut keys.gaps, gaps) {
            all.extend(gaps);
        }
        let is_in_memory = self.config.cache.is_none() && self.how.file.is_none();
        let cells = rows * self.columns.inputs.len();
        let prepared = match is_in_memory {
            true => cells * size_of::<f32>(),
            false => 0,
        };
        // Words come beside what they become. And before a table is known to be a large one, its cells may have 9 bytes each.
        let share = self.bytes as f64 / self.all_bytes as f64;
        let is_large = is_large(cells, self.how.wide, share);
        let words = if is_large { prepared / 2 } else { 0 };
        let most = (self.how.cells + self.how.cells / 4).max(prepared + words);
        let has_enough = rows >= ROWS || self.size > most;
        if self.is_first && has_enough && !self.has_enough {
            keys.anchors = Anchors::of(&keys.blocks, self.columns, self.config);
        }
        self.has_enough |= has_enough;
        if is_in_memory && keys.holds_inputs && is_large && self.has_enough {
            self.anchor();
        }
        let keys = &mut self.keys;
        if keys.holds_inputs && self.size > most {
            self.is_too_large.store(true, Ordering::Relaxed);
            keys.let_go(self.is_key);
        } else if !keys.holds_inputs {
            // It may have been read before that was known.
            let last = keys.blocks.last_mut().into_iter();
            last.for_each(|block| block.keep(self.is_key));
        }
        Ok(())
    }

    /// Makes differences of the numbers of all blocks that were read before it was known, or while it was.
    fn anchor(&mut self) {
        let anchors = self.differ_from.get_or_init(|| self.keys.anchors.clone());
        let before = self.keys.blocks.iter_mut().rev();
        for block in before.take_while(|block| !block.is_anchored()) {
            let is_input = |column: usize| !(self.is_key)(column);
            self.size -= block.size(is_input);
            block.anchor(anchors);
            self.size += block.size(is_input);
        }
    }

    /// All of them.
    fn finish(self) -> Keys {
        let mut keys = self.keys;
        if self.is_first && keys.rows() * self.columns.inputs.len() <= self.how.wide {
            keys.anchors = Anchors::default();
            if self.differ_from.get().is_some() {
                // It seemed to be a large one, and is read again.
                keys.let_go(self.is_key);
            }
        }
        keys
    }
}

/// Whether a table has more cells than are `wide`, or will have by the `share` of its bytes that was read: the size of files tells so from the
/// beginning.
fn is_large(cells: usize, wide: usize, share: f64) -> bool {
    /// So many times as many have to be expected.
    const SURELY: f64 = 1.5;
    cells > wide || share > 0.0 && cells as f64 / share > SURELY * wide as f64
}

/// Of each row the first column that misses a value.
fn gaps(block: &Block, columns: &Columns, config: &TableConfig) -> Vec<Option<Gap>> {
    let mut gaps = vec![None; block.rows()];
    let used = columns.inputs.iter().copied();
    for column in used.chain(columns.no_inputs()) {
        let gap = u32::try_from(column + 1).ok().and_then(Gap::new);
        let cells = block.cells(column);
        let is_missing = cells.each_text(|text| config.is_missing(text));
        for (row, first) in gaps
            .iter_mut()
            .enumerate()
            .filter(|(_, first)| first.is_none())
        {
            if let Code::Text(place) = cells.code(row)
                && is_missing[place]
            {
                *first = gap;
            }
        }
    }
    gaps
}
