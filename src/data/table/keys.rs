//! The columns that say what a row is for: its target, its group, its time and its weight. They are in memory while rows are split.

use std::collections::HashSet;

use super::columns::Columns;
use super::raw::RawTable;
use super::scan::{Files, Starts, scan};
use crate::config::{Missing, TableConfig};
use crate::error::Result;

/// What is known of all rows before any is prepared.
pub(super) struct Keys {
    /// All rows, without their inputs.
    pub(super) table: RawTable,
    /// Where the rows of each piece begin.
    pub(super) starts: Starts,
    /// Of each row the first column that misses a value, if such rows are left out.
    gaps: Option<Vec<Option<usize>>>,
}

impl Keys {
    pub(super) fn read(files: &dyn Files, columns: &Columns, config: &TableConfig) -> Result<Self> {
        let keys: HashSet<usize> = columns.keys().collect();
        let used: Vec<usize> = columns
            .inputs
            .iter()
            .copied()
            .chain(columns.no_inputs())
            .collect();
        let drops = config.missing == Missing::Drop;
        let mut wanted = keys.clone();
        wanted.extend(used.iter().filter(|_| drops));
        let mut found = Keys {
            table: RawTable::new(&std::sync::Arc::new(files.head().only(&keys))),
            starts: Starts::new(),
            gaps: drops.then(Vec::new),
        };
        let work = |_, mut piece: RawTable| {
            let gap = |row: usize| {
                let misses = |column: &usize| config.is_missing(piece.cell(row, *column));
                used.iter().copied().find(misses)
            };
            let gaps: Option<Vec<_>> = drops.then(|| (0..piece.rows()).map(gap).collect());
            piece.keep(&keys);
            Ok((piece, gaps))
        };
        scan(files, &wanted, work, |(piece, gaps)| {
            found.starts.push(piece.rows());
            found.table.append(piece);
            if let (Some(all), Some(gaps)) = (&mut found.gaps, gaps) {
                all.extend(gaps);
            }
            Ok(())
        })?;
        if found.table.rows() == 0 {
            let fix = "give a table with rows; if the first line is one, say `header = false` in `[data]`";
            return Err(files
                .head()
                .error("the table has a header and no rows", fix));
        }
        Ok(found)
    }

    /// The first column that misses a value in a row that is left out for it.
    pub(super) fn gap(&self, row: usize) -> Option<usize> {
        self.gaps.as_ref()?[row]
    }
}
