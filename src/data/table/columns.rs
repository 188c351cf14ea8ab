//! Which columns are inputs, and which one is the target.

use std::collections::HashSet;

use super::raw::Head;
use crate::config::{ColumnName, SplitConfig, TableConfig, nearest};
use crate::data::cell::shown;
use crate::data::preprocessing::TablePreprocessing;
use crate::data::spelling::composed;
use crate::error::Result;

/// The columns that are used, each counted from 0.
pub(super) struct Columns {
    pub(super) target: usize,
    pub(super) inputs: Vec<usize>,
    /// Inputs that are categories though they may look like numbers.
    pub(super) categorical: HashSet<usize>,
    /// Inputs that are dates.
    pub(super) dates: HashSet<usize>,
    /// What says which rows stay together.
    pub(super) group: Option<usize>,
    /// What says when a row is from.
    pub(super) time: Option<usize>,
    /// What says how much a row counts.
    pub(super) weight: Option<usize>,
}

impl Columns {
    pub(super) fn choose(
        table: &Head,
        config: &TableConfig,
        split: Option<&SplitConfig>,
    ) -> Result<Self> {
        let target = find(table, "target", &config.target)?;
        let left_out = find_all(table, "leave_out", &config.leave_out)?;
        let mut categorical = find_all(table, "categorical", &config.categorical)?;
        let mut dates = find_all(table, "dates", &config.dates)?;
        if left_out.contains(&target) {
            let fix = "name another target, or do not leave this column out";
            return Err(table.error("`leave_out` in `[data]` names the target", fix));
        }
        if categorical.contains(&target) {
            return Err(table.error(
                "`categorical` in `[data]` names the target, and is for inputs",
                "say `task = \"classification\"` if the target holds classes",
            ));
        }
        if let Some(column) = dates
            .iter()
            .find(|column| **column == target || categorical.contains(column))
        {
            let (other, fix) = match *column == target {
                true => ("the target", "leave it out of `dates`"),
                false => ("a column of `categorical`", "name it in one of the two"),
            };
            return Err(table.error(format!("`dates` in `[data]` names {other}"), fix));
        }
        let is_named = |column: &&usize| categorical.contains(column) || dates.contains(column);
        let own_dates = table.dates.iter().filter(|column| !is_named(column));
        let own_text = table.text.iter().filter(|column| !is_named(column));
        let (own_dates, own_text): (Vec<usize>, Vec<usize>) =
            (own_dates.copied().collect(), own_text.copied().collect());
        dates.extend(own_dates);
        categorical.extend(own_text);
        let own = |key: &str, name: Option<&ColumnName>| -> Result<Option<usize>> {
            let Some(column) = name.map(|name| find(table, key, name)).transpose()? else {
                return Ok(None);
            };
            if column == target {
                let problem = format!("`{key}` in `[data]` names the target");
                return Err(table.error(problem, "name another column"));
            }
            Ok(Some(column))
        };
        let group = own("split.group", split.and_then(|split| split.group.as_ref()))?;
        let time = own("split.time", split.and_then(|split| split.time.as_ref()))?;
        let weight = own("weight", config.weight.as_ref())?;
        let is_input = |column: &usize| {
            let has_a_use = [group, time, weight].contains(&Some(*column));
            *column != target && !left_out.contains(column) && !has_a_use
        };
        let inputs: Vec<usize> = (0..table.columns().len()).filter(is_input).collect();
        if inputs.is_empty() {
            return Err(table.error(
                "no column is left for the inputs",
                "give the table columns besides the target, leave fewer out, or look for a wrong \
                 `delimiter` in `[data]`",
            ));
        }
        Ok(Columns {
            target,
            inputs,
            categorical,
            dates,
            group,
            time,
            weight,
        })
    }

    /// The columns of a run's inputs, in their order, and its target, by their names.
    pub(super) fn named(
        table: &Head,
        config: &TableConfig,
        preprocessing: &TablePreprocessing,
    ) -> Result<Self> {
        let by_name = |name: &String| {
            let place = table
                .columns()
                .iter()
                .position(|known| *known == composed(name));
            let problem = || {
                format!(
                    "the run has an input column `{}`, which is not there",
                    shown(name)
                )
            };
            place.ok_or_else(|| table.error(problem(), suggestion(name, table.columns())))
        };
        let names = preprocessing.column_names();
        let inputs = names.iter().map(by_name);
        Ok(Columns {
            target: find(table, "target", &config.target)?,
            inputs: inputs.collect::<Result<_>>()?,
            categorical: HashSet::new(),
            dates: HashSet::new(),
            group: None,
            time: None,
            weight: None,
        })
    }

    /// The columns that are no inputs since they have another use, in words.
    pub(super) fn notes(&self, table: &Head) -> Vec<String> {
        let uses = [
            ("split.group", self.group),
            ("split.time", self.time),
            ("weight", self.weight),
        ];
        let note = |(key, column): (&str, Option<usize>)| {
            let name = shown(&table.columns()[column?]);
            Some(format!("`{name}` is no input, since `{key}` names it"))
        };
        uses.into_iter().filter_map(note).collect()
    }

    /// All that are looked at.
    pub(super) fn all(&self) -> HashSet<usize> {
        let inputs = self.inputs.iter().copied();
        inputs.chain(self.keys()).chain(self.no_inputs()).collect()
    }

    /// The columns that say what a row is for.
    pub(super) fn keys(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.target).chain(self.no_inputs())
    }

    /// The columns that have another use than that of an input or the target.
    pub(super) fn no_inputs(&self) -> impl Iterator<Item = usize> {
        [self.group, self.time, self.weight].into_iter().flatten()
    }

    /// The columns that are no inputs, in the table's order.
    pub(super) fn others(&self, table: &Head) -> impl Iterator<Item = usize> {
        let is_input: HashSet<usize> = self.inputs.iter().copied().collect();
        (0..table.columns().len()).filter(move |column| !is_input.contains(column))
    }
}

fn find_all(table: &Head, key: &str, names: &[ColumnName]) -> Result<HashSet<usize>> {
    names.iter().map(|name| find(table, key, name)).collect()
}

fn find(table: &Head, key: &str, name: &ColumnName) -> Result<usize> {
    let columns = table.columns();
    match name {
        ColumnName::Number(number @ 1..) if *number <= columns.len() => Ok(number - 1),
        ColumnName::Number(number) => Err(table.error(
            format!(
                "`{key}` in `[data]` names column {number}, and there are {}",
                columns.len()
            ),
            format!(
                "give a number of 1 to {}, or look for a wrong `delimiter`",
                columns.len()
            ),
        )),
        ColumnName::Name(name) => match columns.iter().position(|known| *known == composed(name)) {
            Some(column) => Ok(column),
            None => Err(table.error(
                format!(
                    "`{key}` in `[data]` names a column `{}`, which is not there",
                    shown(name)
                ),
                suggestion(name, columns),
            )),
        },
    }
}

fn suggestion(name: &str, columns: &[String]) -> String {
    const LISTED: usize = 20;
    let known: Vec<&str> = columns.iter().map(String::as_str).collect();
    if name
        .parse()
        .is_ok_and(|number: usize| (1..=columns.len()).contains(&number))
    {
        return format!("write {name} without quotes to name a column by its number");
    }
    let same_but_for_case = known
        .iter()
        .find(|known| known.to_lowercase() == name.to_lowercase());
    if let Some(meant) = same_but_for_case.copied().or_else(|| nearest(name, &known)) {
        return format!("did you mean `{}`?", shown(meant));
    }
    let listed: Vec<String> = known
        .iter()
        .take(LISTED)
        .map(|name| format!("`{}`", shown(name)))
        .collect();
    let more = if known.len() > LISTED {
        " and more"
    } else {
        ""
    };
    format!("the columns are {}{more}", listed.join(", "))
}
