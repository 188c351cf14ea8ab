//! What was done about cells that are not as training has them: said once a column, with a count.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::cell::shown;

/// What was done about a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remark {
    /// It was missing, and another value was put in its place.
    Filled,
    /// Its category is not among those of the training rows, and counts as none of them.
    NewCategory,
    /// Its column has one value in all training rows, and this is another.
    NoInfluence,
}

/// The cells of a table, or of a stream of rows, about which something was done.
#[derive(Debug, Default)]
#[doc(hidden)]
pub struct Remarks(BTreeMap<(Remark, String), Seen>);

#[derive(Debug)]
struct Seen {
    count: usize,
    place: String,
    text: String,
}

impl Remarks {
    /// Adds a cell; `place` says where it is.
    pub(super) fn add(
        &mut self,
        remark: Remark,
        column: &str,
        text: &str,
        place: impl FnOnce() -> String,
    ) {
        if let Some(seen) = self.0.get_mut(&(remark, column.to_owned())) {
            seen.count += 1;
            return;
        }
        let seen = Seen {
            count: 1,
            place: place(),
            text: shown(text),
        };
        self.0.insert((remark, column.to_owned()), seen);
    }

    /// Adds those of rows that come after these.
    pub(super) fn extend(&mut self, others: Remarks) {
        for (kind, seen) in others.0 {
            match self.0.entry(kind) {
                Entry::Occupied(mut own) => own.get_mut().count += seen.count,
                Entry::Vacant(own) => _ = own.insert(seen),
            }
        }
    }

    /// A sentence for each kind of remark that there is.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let kinds = [Remark::Filled, Remark::NewCategory, Remark::NoInfluence];
        kinds
            .into_iter()
            .filter_map(|kind| self.note(kind))
            .collect()
    }

    fn note(&self, kind: Remark) -> Option<String> {
        const LISTED: usize = 8;
        let of_kind = self.0.iter().filter(|((found, _), _)| *found == kind);
        let mut words: Vec<String> = Vec::new();
        let (mut columns, mut count) = (0, 0);
        for ((_, column), seen) in of_kind {
            columns += 1;
            count += seen.count;
            if columns > LISTED {
                continue;
            }
            let column = shown(column);
            let first = match (kind, seen.count) {
                (Remark::Filled, 1) => format!("`{column}` (1, {})", seen.place),
                (Remark::Filled, many) => format!("`{column}` ({many}, first {})", seen.place),
                (_, 1) => format!("`{column}` (1: `{}`, {})", seen.text, seen.place),
                (_, many) => format!("`{column}` ({many}, first `{}`, {})", seen.text, seen.place),
            };
            words.push(first);
        }
        if columns > LISTED {
            words.push(format!("{} more columns", columns - LISTED));
        }
        let (values, were, words) = (
            if count == 1 { "value" } else { "values" },
            if count == 1 { "was" } else { "were" },
            words.join(", "),
        );
        (columns > 0).then(|| match kind {
            Remark::Filled => format!("{count} missing {values} {were} filled in: {words}"),
            Remark::NewCategory => format!(
                "{count} {values} {were} in none of the categories of the training rows, and all inputs of the column are 0: {words}"
            ),
            Remark::NoInfluence => format!(
                "{count} {values} {were} of no influence, since the column has another value, and only that, in all training rows: {words}"
            ),
        })
    }
}
