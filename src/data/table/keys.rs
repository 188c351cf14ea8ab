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
    head: Head,
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
        let is_key = |column: usize| keys.contains(&column);
        let is_input = |column: usize| !is_key(column);
        let used: Vec<usize> = columns
            .inputs
            .iter()
            .copied()
            .chain(columns.no_inputs())
            .collect();
        let drops = config.missing == Missing::Drop;
        let mut wanted = keys.clone();
        wanted.extend(&used);
        let mut found = Keys {
            head: files.head().clone(),
            blocks: Vec::new(),
            holds_inputs: true,
            starts: Starts::new(),
            anchors: known.cloned().unwrap_or_default(),
            gaps: drops.then(Vec::new),
        };
        let is_too_large = Arc::new(AtomicBool::new(false));
        let anchors: OnceLock<Anchors> = OnceLock::new();
        let wanted = match drops {
            true => Wanted::all(wanted),
            false => Wanted::until(wanted, keys.clone(), &is_too_large),
        };
        let work = |_, mut block: Block| {
            let gaps = drops.then(|| gaps(&block, &used, config));
            match (is_too_large.load(Ordering::Relaxed), anchors.get()) {
                (true, _) => block.keep(is_key),
                (false, Some(anchors)) => block.anchor(anchors),
                (false, None) => {}
            }
            Ok((block, gaps))
        };
        let in_memory = config.cache.is_none() && how.file.is_none();
        let (mut size, mut bytes, mut had_enough) = (0, 0, false);
        scan(files, (&wanted, form), work, |(block, gaps)| {
            found.starts.push(block.rows());
            let rows = found.rows();
            if rows > MOST_ROWS {
                let problem = format!("expected at most {MOST_ROWS} rows, found more");
                return Err(found.head.error(problem, "give fewer of them"));
            }
            size += block.size(is_input);
            bytes += block.bytes;
            found.blocks.push(block);
            let cells = rows * columns.inputs.len();
            let prepared = match in_memory {
                true => cells * size_of::<f32>(),
                false => 0,
            };
            // Words come beside what they become. And before a table is known to be a large one, its cells may have 9 bytes each.
            let is_large = is_large(cells, how.wide, bytes as f64 / files.bytes() as f64);
            let words = if is_large { prepared / 2 } else { 0 };
            let most = (how.cells + how.cells / 4).max(prepared + words);
            let has_enough = rows >= ROWS || size > most;
            if known.is_none() && !had_enough && has_enough {
                found.anchors = Anchors::of(&found.blocks, columns, config);
            }
            had_enough |= has_enough;
            if in_memory && found.holds_inputs && is_large && had_enough {
                let anchors = anchors.get_or_init(|| found.anchors.clone());
                // All before it was known, and what was being read.
                let before = found.blocks.iter_mut().rev();
                for block in before.take_while(|block| !block.is_anchored()) {
                    size -= block.size(is_input);
                    block.anchor(anchors);
                    size += block.size(is_input);
                }
            }
            if found.holds_inputs && size > most {
                is_too_large.store(true, Ordering::Relaxed);
                found.holds_inputs = false;
                found.blocks.iter_mut().for_each(|block| block.keep(is_key));
            }
            if !found.holds_inputs {
                // It may have been read before that was known.
                found
                    .blocks
                    .last_mut()
                    .into_iter()
                    .for_each(|block| block.keep(is_key));
            }
            if let (Some(all), Some(gaps)) = (&mut found.gaps, gaps) {
                all.extend(gaps);
            }
            Ok(())
        })?;
        if found.rows() == 0 {
            let fix = "give a table with rows; if the first line is one, say `header = false` in `[data]`";
            return Err(files
                .head()
                .error("the table has a header and no rows", fix));
        }
        if known.is_none() && found.rows() * columns.inputs.len() <= how.wide {
            found.anchors = Anchors::default();
            if anchors.get().is_some() {
                // It seemed to be a large one, and is read again.
                found.holds_inputs = false;
                found.blocks.iter_mut().for_each(|block| block.keep(is_key));
            }
        }
        Ok(found)
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

/// Whether a table has more cells than are `wide`, or will have by the `share` of its bytes that was read: the size of files tells so from the
/// beginning.
fn is_large(cells: usize, wide: usize, share: f64) -> bool {
    /// So many times as many have to be expected.
    const SURELY: f64 = 1.5;
    cells > wide || share > 0.0 && cells as f64 / share > SURELY * wide as f64
}

/// Of each row the first of these columns that misses a value.
fn gaps(block: &Block, columns: &[usize], config: &TableConfig) -> Vec<Option<Gap>> {
    let mut gaps = vec![None; block.rows()];
    for column in columns {
        let gap = u32::try_from(*column + 1).ok().and_then(Gap::new);
        let cells = block.cells(*column);
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
