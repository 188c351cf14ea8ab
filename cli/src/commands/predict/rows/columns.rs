//! The columns that a network knows, by name.

use std::collections::HashMap;

use dropwise::data::{Preprocessing, RowError, composed};

/// The columns that a network knows.
pub(super) struct Columns {
    /// Those that it needs, in their order.
    names: Vec<String>,
    /// Where each of them stands in `names`; none for those that are not looked at.
    places: HashMap<String, Option<usize>>,
}

impl Columns {
    pub(super) fn of(preprocessing: &Preprocessing) -> Self {
        let names = preprocessing.columns();
        let needed = names.iter().cloned().zip((0..).map(Some));
        let others = preprocessing.other_columns().iter().cloned();
        Columns {
            places: others.map(|name| (name, None)).chain(needed).collect(),
            names,
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
        self.places.len()
    }

    /// What a row has under names, in the order of the network's columns.
    pub(super) fn in_order<'a, T>(
        &self,
        row: impl Iterator<Item = (&'a str, T)>,
    ) -> Result<Vec<T>, RowError> {
        let mut found: Vec<Option<T>> = self.names.iter().map(|_| None).collect();
        for (name, value) in row {
            let place = self.places.get(name);
            let Some(place) = place.or_else(|| self.places.get(&composed(name))) else {
                let problem = format!("the column `{name}` is unknown to the network");
                return Err(RowError::new(
                    "",
                    problem,
                    "take it out, or correct its name",
                ));
            };
            let Some(place) = *place else {
                continue;
            };
            if found[place].replace(value).is_some() {
                let problem = format!("two columns are named `{name}`");
                return Err(RowError::new(
                    "",
                    problem,
                    "give each column a name of its own",
                ));
            }
        }
        let named = self.names.iter().zip(found);
        named
            .map(|(name, value)| value.ok_or_else(|| missing(name)))
            .collect()
    }
}

fn missing(name: &str) -> RowError {
    let problem = format!("the column `{name}` is missing");
    RowError::new("", problem, "add it: the network was trained on it")
}
