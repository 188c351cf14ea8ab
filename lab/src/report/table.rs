//! Words and numbers in columns.

use std::fmt;

use serde::Serialize;

/// Rows of cells under titles. `Display` aligns them for a terminal, the last line without a line break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(titles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Table {
            titles: titles.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: a cell for each title; missing ones are empty.
    pub fn push(&mut self, mut cells: Vec<String>) {
        cells.resize(self.titles.len(), String::new());
        self.rows.push(cells);
    }

    /// The table in Markdown, numbers to the right, with a line break at the end.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<_> = cells.iter().map(|cell| marked_down(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule = format!("|{}\n", "---:|".repeat(self.titles.len()));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        line(&self.titles) + &rule + &rows
    }

    /// What the columns are.
    #[must_use]
    pub fn titles(&self) -> &[String] {
        &self.titles
    }

    /// The cells, row after row, one for each title.
    #[must_use]
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    fn widths(&self) -> Vec<usize> {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| &row[column]);
            let widths = cells.map(|cell| cell.chars().count());
            widths
                .max()
                .unwrap_or(0)
                .max(self.titles[column].chars().count())
        };
        (0..self.titles.len()).map(width).collect()
    }
}

/// A cell's words, of which none is taken for Markdown's own or for HTML.
fn marked_down(cell: &str) -> String {
    cell.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('|', "\\|")
        .replace(['\n', '\r'], " ")
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (k, row) in std::iter::once(&self.titles).chain(&self.rows).enumerate() {
            if k > 0 {
                f.write_str("\n")?;
            }
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column > 0 { "  " } else { "" };
                write!(f, "{gap}{cell:>width$}")?;
            }
        }
        Ok(())
    }
}
