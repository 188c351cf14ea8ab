//! An experiment as it is run: its file, checked.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use toml::{Table, Value};

use super::file::{AxisFile, File, QuickFile, RowFile, merge};
use super::{Averaging, Claim, NetworkId, Outcomes, PaperMeasure, PaperNetwork, Stage};
use crate::tune::Score;
use dropwise::config::{CheckedExperiment, Experiment, SplitConfig, from_toml, written_at};
use dropwise::error::{Error, Result};

/// KeyValues by their dotted names, such as `train.learning_rate`.
pub type KeyValues = Vec<(String, Value)>;

/// A published experiment. Made by [`Paper::parse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Paper {
    /// The name of its file, in what is said of a mistake.
    file: String,
    /// What stands in the file.
    text: String,
    /// What it is about, in a line.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// What the paper shows, in words; empty where the numbers of the rows say it.
    pub shows: String,
    /// What is measured.
    pub measure: PaperMeasure,
    /// How far above the published number a row may be.
    pub tolerance: Option<f64>,
    /// Networks to measure in each row.
    pub seeds: usize,
    /// The label of the figure's horizontal axis, and whether it is logarithmic.
    pub axis: Option<(String, bool)>,
    /// A line of the published table each, in its order.
    pub rows: Vec<PaperRow>,
    /// What is said of the rows.
    pub claims: Vec<Claim>,
    /// Whether this is the quick run, on few data, that shows that all of it works.
    pub is_quick: bool,
    averaging: Option<Averaging>,
    choose: Table,
    /// Changes of the command line, the last of all.
    changes: KeyValues,
    /// What the file says of a quick run.
    quick: Option<(Table, Table)>,
}

/// A line of the published table, or a point of the published figure.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperRow {
    /// A short name.
    pub name: String,
    /// What the table calls it.
    pub method: String,
    /// The published number, in the unit of the measure.
    pub published: Option<f64>,
    /// A bound on the number.
    pub at_most: Option<f64>,
    /// The curve that the point belongs to.
    pub series: Option<String>,
    /// Where the point is on the horizontal axis.
    pub x: Option<f64>,
    /// KeyValues to choose among, each a combination of one for each open key; none where all is fixed.
    pub candidates: Vec<KeyValues>,
    /// Its place among the rows of the file, from 0.
    place: usize,
    /// The experiment that its networks start from.
    experiment: Table,
}

impl Paper {
    /// Reads the text of an experiment's file; `file` is its name in what is said of a mistake.
    ///
    /// # Errors
    /// [`Error::Config`] with line and column for what is not TOML, misspelled or of a wrong type, and for a row
    /// whose experiment is not valid, shown as it is put together. [`Error::InvalidValue`] for a file that
    /// contradicts itself.
    pub fn parse(file: &str, text: &str) -> Result<Self> {
        Paper::read(file, text, false)
    }

    /// As [`parse`](Self::parse), for the quick run: on few data, with small networks, as the file's table `quick`
    /// has it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`Error::InvalidValue`] if the file has no such table.
    pub fn parse_quick(file: &str, text: &str) -> Result<Self> {
        Paper::read(file, text, true)
    }

    fn read(file: &str, text: &str, is_quick: bool) -> Result<Self> {
        let read: File = from_toml(file, text)?;
        let quick = match (is_quick, read.quick) {
            (false, _) => None,
            (true, Some(quick)) => Some(quick),
            (true, None) => {
                let expected = "a table that says what a quick run is";
                return Err(Error::invalid(format!("{file}: quick"), expected, "none"));
            }
        };
        let mut rows = Vec::new();
        for (place, row) in read.rows.into_iter().enumerate() {
            rows.push(PaperRow::of(row, place, &read.experiment, quick.as_ref()));
        }
        if let Some(names) = quick.as_ref().and_then(|quick| quick.rows.as_ref()) {
            if let Some(name) = names
                .iter()
                .find(|name| rows.iter().all(|row| row.name != **name))
            {
                let (what, found) = (format!("{file}: quick.rows"), format!("`{name}`"));
                return Err(Error::invalid(what, "the names of rows", found));
            }
            rows.retain(|row| names.contains(&row.name));
        }
        let axis = |axis: AxisFile| (axis.label, axis.logarithmic);
        let mut claims = read.claims;
        claims.retain(|claim| !is_quick || claim.quick);
        let paper = Paper {
            file: file.to_owned(),
            text: text.to_owned(),
            title: read.title,
            source: read.source,
            shows: read.shows,
            measure: read.measure,
            tolerance: read.tolerance.filter(|_| !is_quick),
            seeds: quick.as_ref().map_or(read.seeds, |quick| quick.seeds),
            axis: read.x.map(axis),
            rows,
            claims,
            is_quick,
            averaging: quick
                .as_ref()
                .and_then(|quick| quick.averaging.clone())
                .or(read.averaging),
            choose: read.choose,
            changes: KeyValues::new(),
            quick: quick.map(|quick| (quick.experiment, quick.choose)),
        };
        paper.check()?;
        Ok(paper)
    }

    /// The same with some values of every row's experiment changed, by their dotted names. What is given here is
    /// not chosen any more.
    ///
    /// # Errors
    /// [`Error::Config`] if an experiment is not valid with them.
    pub fn with_changes(mut self, changes: KeyValues) -> Result<Self> {
        for row in &mut self.rows {
            row.close(&changes);
        }
        self.changes = changes;
        self.check()?;
        Ok(self)
    }

    /// The row of this name.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&PaperRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Which averages of thinned networks are measured.
    pub(super) fn averaging(&self) -> Result<&Averaging> {
        let what = format!("{}: averaging", self.file);
        let expected = "`samples` and `sets`, each at least 1, with the measure `averages`";
        match &self.averaging {
            Some(averaging) if averaging.samples.contains(&0) || averaging.sets == 0 => {
                Err(Error::invalid(what, expected, "0"))
            }
            Some(averaging) if averaging.samples.is_empty() => {
                Err(Error::invalid(what, expected, "no samples"))
            }
            Some(averaging) => Ok(averaging),
            None => Err(Error::invalid(what, expected, "none")),
        }
    }

    /// Nothing that is found only after hours of training.
    fn check(&self) -> Result<()> {
        let wrong = |what: &str, expected: &str, found: &str| {
            let what = format!("{}: {what}", self.file);
            Err(Error::invalid(what, expected, found.to_owned()))
        };
        if self.rows.is_empty() {
            return wrong("rows", "at least one row", "none");
        }
        if self.seeds == 0 {
            return wrong("seeds", "at least 1", "0");
        }
        if self.measure == PaperMeasure::Averages {
            self.averaging()?;
        }
        let mut names = HashSet::new();
        for row in &self.rows {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if row.name.is_empty() || row.name.starts_with('.') || !row.name.chars().all(plain) {
                let expected = "a short name of letters, digits, `-`, `_` and `.`, not first";
                return wrong("rows.name", expected, &format!("`{}`", row.name));
            }
            if !names.insert(&row.name) {
                return wrong(
                    "rows.name",
                    "each name once",
                    &format!("`{}` twice", row.name),
                );
            }
            self.candidates(row)?;
            let first = row.candidates.first();
            for network in self.measured(row, first.map_or(&[], Vec::as_slice), 1..=1)? {
                let is_deep = !network.experiment.network.hidden.is_empty();
                if self.measure == PaperMeasure::Ridge && is_deep {
                    let expected = "`ridge` only where there is no hidden layer";
                    return wrong("measure", expected, &format!("some in row `{}`", row.name));
                }
            }
        }
        for claim in &self.claims {
            for name in claim.rows() {
                if self.row(name).is_none() {
                    return wrong("claims", "the names of rows", &format!("`{name}`"));
                }
            }
        }
        Ok(())
    }

    /// The networks that the values of a row are chosen by; none where nothing is open.
    ///
    /// # Errors
    /// [`Error::Config`] if one of their experiments is not valid, [`Error::InvalidValue`] if it has no validation
    /// rows.
    pub fn candidates(&self, row: &PaperRow) -> Result<Vec<PaperNetwork>> {
        let mut networks = Vec::new();
        for (number, values) in row.candidates.iter().enumerate() {
            let (choose, quick) = (&self.choose, self.quick.as_ref().map(|(_, choose)| choose));
            let id = NetworkId {
                row: row.name.clone(),
                stage: Stage::Choose(number),
                seed: 1,
            };
            let tables = [("choose", Some(choose)), ("quick.choose", quick)];
            let experiment = self.experiment(row, values, &tables, id.seed)?;
            let split = experiment.data.split.as_ref();
            if !split.is_some_and(SplitConfig::validates) {
                let what = format!("{}: choose", self.file);
                let expected = "validation rows, such as `data.split.validation = 0.1`";
                return Err(Error::invalid(what, expected, "none"));
            }
            networks.push(PaperNetwork {
                id,
                experiment,
                values: in_words(values),
            });
        }
        Ok(networks)
    }

    /// The networks of a row that are measured, with the values that were chosen.
    ///
    /// # Errors
    /// [`Error::Config`] if their experiment is not valid, [`Error::InvalidValue`] if it has validation rows, which
    /// are for choosing.
    pub fn measured(
        &self,
        row: &PaperRow,
        chosen: &[(String, Value)],
        seeds: RangeInclusive<u64>,
    ) -> Result<Vec<PaperNetwork>> {
        let network = |seed| {
            let id = NetworkId {
                row: row.name.clone(),
                stage: Stage::Measure,
                seed,
            };
            let experiment = self.experiment(row, chosen, &[], seed)?;
            let split = experiment.data.split.as_ref();
            if split.is_some_and(SplitConfig::validates) {
                let what = format!("{}: row `{}`", self.file, row.name);
                let expected =
                    "validation rows under `choose` alone, since it is measured on test rows";
                return Err(Error::invalid(what, expected, "some"));
            }
            Ok(PaperNetwork {
                id,
                experiment,
                values: in_words(chosen),
            })
        };
        seeds.map(network).collect()
    }

    /// The candidate of a row with the smallest error on validation rows, of equal ones the smallest loss; nothing
    /// is chosen, and no value is given, where none is open. None while an outcome is missing, or if all candidates
    /// diverged.
    #[must_use]
    pub fn chosen(&self, row: &PaperRow, outcomes: &Outcomes) -> Option<KeyValues> {
        if row.candidates.is_empty() {
            return Some(KeyValues::new());
        }
        let scores = self.scores(row, outcomes);
        let scores: Option<Vec<Option<Score>>> = scores.into_iter().collect();
        let scored = row.candidates.iter().zip(scores?);
        let scored = scored.filter_map(|(values, score)| Some((values, score?)));
        let best = scored.min_by(|(_, one), (_, other)| one.compare(other));
        best.map(|(values, _)| values.clone())
    }

    /// What each candidate of a row came to; nothing while its outcome is missing, and within that no score if it
    /// diverged.
    pub(super) fn scores(&self, row: &PaperRow, outcomes: &Outcomes) -> Vec<Option<Option<Score>>> {
        let score = |number| {
            let id = NetworkId {
                row: row.name.clone(),
                stage: Stage::Choose(number),
                seed: 1,
            };
            let outcome = outcomes.get(&id)?;
            let measured = outcome.measured.as_ref();
            Some(measured.map(|measured| Score::of(&measured.metrics, None)))
        };
        (0..row.candidates.len()).map(score).collect()
    }

    /// The experiment of a network: what all share, the row's own, what a quick run changes, what the tables of its
    /// stage change (by their names in the file), the values, and what the command line says.
    fn experiment(
        &self,
        row: &PaperRow,
        values: &[(String, Value)],
        tables: &[(&str, Option<&Table>)],
        seed: u64,
    ) -> Result<CheckedExperiment> {
        let mut table = row.experiment.clone();
        for changes in tables.iter().filter_map(|(_, changes)| *changes) {
            merge(&mut table, changes);
        }
        for (key, value) in values.iter().chain(&self.changes) {
            set(&mut table, key, value.clone());
        }
        table.insert("seed".to_owned(), Value::Integer(seed as i64));
        name_split_seed(&mut table);
        let file = format!("{}, row `{}`", self.file, row.name);
        let text = toml::to_string(&table).map_err(|cause| {
            Error::Compute(format!("{file}: the experiment cannot be written: {cause}"))
        })?;
        let experiment = Experiment::parse(&file, &text).map_err(|error| {
            let names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
            self.in_file(row, &names, error)
        })?;
        if experiment.study.replicas != 1 {
            let (what, expected) = (format!("{file}: study.replicas"), "1, the network alone");
            return Err(Error::invalid(what, expected, experiment.study.replicas));
        }
        Ok(experiment)
    }

    /// A mistake in an experiment as it is put together, at the place in the file that it comes from, if that is
    /// known. `tables` are the names of the tables in the file that change what the network is trained with.
    fn in_file(&self, row: &PaperRow, tables: &[&str], error: Error) -> Error {
        let Error::Config(mut config) = error else {
            return error;
        };
        let own = format!("rows.{}", row.place);
        let mut places = vec![format!("{own}.choose")];
        places.extend(tables.iter().rev().map(|name| (*name).to_owned()));
        if self.is_quick {
            places.extend([format!("{own}.quick"), "quick.experiment".to_owned()]);
        }
        places.extend([own, "experiment".to_owned()]);
        let mut spans = places.iter().filter_map(|table| {
            let path = format!("{table}.{}", config.key);
            let path: Vec<&str> = path.split('.').collect();
            written_at(&self.text, &path, !config.is_key)
        });
        // A change of the command line stands in no file.
        if let Some(span) = spans.next().filter(|_| self.changes.is_empty()) {
            config.file = self.file.clone();
            config.text = self.text.clone();
            config.span = span;
            config.problem = format!("row `{}`: {}", row.name, config.problem);
        }
        Error::Config(config)
    }
}

impl PaperRow {
    fn of(row: RowFile, place: usize, shared: &Table, quick: Option<&QuickFile>) -> Self {
        let mut experiment = shared.clone();
        let own = [
            ("data", row.data),
            ("network", row.network),
            ("dropout", row.dropout),
            ("train", row.train),
        ];
        for (key, changes) in own {
            merge(
                &mut experiment,
                &Table::from_iter([(key.to_owned(), Value::Table(changes))]),
            );
        }
        if let Some(quick) = quick {
            merge(&mut experiment, &quick.experiment);
            merge(&mut experiment, &row.quick);
        }
        PaperRow {
            name: row.name,
            method: row.method,
            published: row.published,
            at_most: row.at_most.filter(|_| quick.is_none()),
            series: row.series,
            x: row.x,
            candidates: combinations(&row.choose),
            place,
            experiment,
        }
    }

    /// Leaves what is given to be chosen no more.
    fn close(&mut self, given: &[(String, Value)]) {
        let is_given = |key: &str| {
            let mut rests = given
                .iter()
                .filter_map(|(outer, _)| key.strip_prefix(&**outer));
            rests.any(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let mut open: Vec<KeyValues> = Vec::new();
        for mut values in std::mem::take(&mut self.candidates) {
            values.retain(|(key, _)| !is_given(key));
            if !values.is_empty() && !open.contains(&values) {
                open.push(values);
            }
        }
        self.candidates = open;
    }

    /// The bound that its number is held to: its own, or the published number with the tolerance.
    #[must_use]
    pub fn bound(&self, tolerance: Option<f64>) -> Option<f64> {
        let near = || Some(self.published? + tolerance?);
        self.at_most.or_else(near)
    }
}

/// KeyValues by their dotted names, as TOML.
pub(super) fn in_words(values: &[(String, Value)]) -> Vec<(String, String)> {
    let words = |(key, value): &(String, Value)| (key.clone(), value.to_string());
    values.iter().map(words).collect()
}

/// Every way to take one value of each array; those of the last key change fastest.
fn combinations(open: &Table) -> Vec<KeyValues> {
    let mut arrays = Vec::new();
    flatten("", open, &mut arrays);
    if arrays.is_empty() {
        return Vec::new();
    }
    arrays
        .into_iter()
        .fold(vec![vec![]], |found, (key, values)| {
            let with = |before: KeyValues| {
                let key = key.clone();
                let each = values.clone().into_iter();
                each.map(move |value| [&before[..], &[(key.clone(), value)]].concat())
            };
            found.into_iter().flat_map(with).collect()
        })
}

/// The arrays in tables within tables, by their dotted names. What is no array is one value.
fn flatten(outer: &str, table: &Table, into: &mut Vec<(String, Vec<Value>)>) {
    for (key, value) in table {
        let key = format!("{outer}{key}");
        match value {
            Value::Table(inner) => flatten(&format!("{key}."), inner, into),
            Value::Array(values) => into.push((key, values.clone())),
            value => into.push((key, vec![value.clone()])),
        }
    }
}

/// Puts a value at a dotted name; what stands in the way of a table is replaced by one.
fn set(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((outer, rest)) => {
            let inner = table
                .entry(outer)
                .or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// All networks have the same rows, whatever their seed.
fn name_split_seed(table: &mut Table) {
    let split = table.get_mut("data").and_then(|data| data.get_mut("split"));
    if let Some(Value::Table(split)) = split {
        split.entry("seed").or_insert(Value::Integer(1));
    }
}
