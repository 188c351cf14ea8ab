//! The columns that a network knows, by name.

use std::collections::HashMap;

use dropwise::data::{Preprocessing, RowError, composed};

/// The columns that a network knows, and those that are kept.
pub(super) struct Columns {
    /// Those that it needs, in their order.
    names: Vec<String>,
    /// Those that are carried to the answers, in their order.
    keep: Vec<String>,
    /// Where each of them stands in `names` and in `keep`; nowhere for those that are not looked at.
    places: HashMap<String, Place>,
    /// How many columns the training file had.
    all: usize,
}

#[derive(Default, Clone, Copy)]
struct Place {
    needed: Option<usize>,
    kept: Option<usize>,
}

impl Columns {
    pub(super) fn new(preprocessing: &Preprocessing, keep: &[String]) -> Self {
        let names = preprocessing.columns();
        let mut places: HashMap<String, Place> = HashMap::new();
        for name in preprocessing.other_columns() {
            places.entry(name.clone()).or_default();
        }
        for (k, name) in names.iter().enumerate() {
            places.entry(name.clone()).or_default().needed = Some(k);
        }
        let all = places.len();
        for (k, name) in keep.iter().enumerate() {
            places.entry(composed(name)).or_default().kept = Some(k);
        }
        Columns {
            names,
            keep: keep.to_vec(),
            places,
            all,
        }
    }

    /// The name of a column that the network needs, counted from 0; empty beyond the last.
    pub(super) fn name(&self, k: usize) -> &str {
        self.names.get(k).map_or("", String::as_str)
    }

    /// How many columns the network needs.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// How many columns the training file had.
    pub(super) fn count_with_others(&self) -> usize {
        self.all
    }

    /// What a row without names has, one for each column that the network needs, of those that are kept.
    pub(super) fn kept_of<T: Copy>(&self, values: &[T]) -> Result<Vec<T>, RowError> {
        let value = |name| {
            let place = self.names.iter().position(|other| *other == composed(name));
            place.and_then(|k| values.get(k).copied())
        };
        let kept = self.keep.iter().map(|name| {
            value(name).ok_or_else(|| {
                let problem = format!("the column `{name}` of --keep is missing");
                let fix = "give rows with the names of their columns: others have the network's columns alone";
                RowError::new("", problem, fix)
            })
        });
        kept.collect()
    }

    /// What a row has under names: one for each column of `keep`, where that is there.
    pub(super) fn kept<'a, T: Copy>(
        &self,
        row: impl Iterator<Item = (&'a str, T)>,
    ) -> Result<Vec<T>, RowError> {
        let row = row.filter_map(|(name, value)| Some((name, self.place(name)?.kept?, value)));
        let fix = "add it, or take it out of --keep";
        gathered(&self.keep, row, fix)
    }

    /// What a row has under names, in the order of the network's columns.
    pub(super) fn in_order<'a, T: Copy>(
        &self,
        row: impl Iterator<Item = (&'a str, T)> + Clone,
    ) -> Result<Vec<T>, RowError> {
        if let Some((name, _)) = row.clone().find(|(name, _)| self.place(name).is_none()) {
            let problem = format!("the column `{name}` is unknown to the network");
            let fix = "take it out, or correct its name";
            return Err(RowError::new("", problem, fix));
        }
        let row = row.filter_map(|(name, value)| Some((name, self.place(name)?.needed?, value)));
        let fix = "add it: the network was trained on it";
        gathered(&self.names, row, fix)
    }

    fn place(&self, name: &str) -> Option<Place> {
        let place = self.places.get(name);
        place.or_else(|| self.places.get(&composed(name))).copied()
    }
}

/// Values by their places, one for each name.
fn gathered<'a, T: Copy>(
    names: &[String],
    row: impl Iterator<Item = (&'a str, usize, T)>,
    fix: &str,
) -> Result<Vec<T>, RowError> {
    let mut found: Vec<Option<T>> = names.iter().map(|_| None).collect();
    for (name, place, value) in row {
        if found[place].replace(value).is_some() {
            let problem = format!("two columns are named `{name}`");
            let fix = "give each column a name of its own";
            return Err(RowError::new("", problem, fix));
        }
    }
    let missing = |name| RowError::new("", format!("the column `{name}` is missing"), fix);
    let named = names.iter().zip(found);
    named
        .map(|(name, value)| value.ok_or_else(|| missing(name)))
        .collect()
}
