//! `dropwise reproduce uci`: the sets that there are, their splits one after the other, and the table.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use dropwise::{Backend, Error, Result};
use dropwise_lab::report::Table;
use dropwise_lab::reproduce::uci::{
    UciOutcome, UciProtocol, UciSet, UciSummary, UciTable, run_split, summarize,
};
use dropwise_lab::store::{PaperFolder, read_if_there};
use serde::{Deserialize, Serialize};

use super::super::output::Style;
use super::super::{Outcome, interrupt, json, parallel, pretty, sweep};
use super::Args;

/// The name of the experiment.
pub(super) const NAME: &str = "uci";

const TEXT: &str = include_str!("../../../../config/paper/uci.toml");
const OUTCOMES: &str = "outcomes.jsonl";

/// A set that comes with the program.
const CONCRETE: &str = include_str!("../../../../config/data/concrete.csv");

/// What all of it has: the published table as a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UciPaper {
    pub(super) title: String,
    pub(super) source: String,
    protocol: UciProtocol,
    sets: Vec<UciSet>,
}

/// The experiment as it comes with the program.
pub(super) fn paper() -> Result<UciPaper> {
    toml::from_str(TEXT).map_err(|cause| Error::invalid("uci.toml", "a table of UCI sets", cause))
}

impl UciPaper {
    /// How many networks all sets would take.
    pub(super) fn networks(&self) -> usize {
        let splits = self.sets.iter();
        let splits = splits.map(|set| set.splits.unwrap_or(self.protocol.splits));
        let of_a_split = self.protocol.rates.len() + self.protocol.members.max(1);
        splits.sum::<usize>() * of_a_split
    }

    /// The same with the values of --set for the protocol, such as epochs=400.
    fn with_changes(mut self, args: &Args) -> Result<Self> {
        if args.quick {
            self.protocol = UciProtocol {
                splits: 2,
                epochs: 40,
                rates: vec![0.01, 0.05],
                samples: 200,
                samples_to_choose: 50,
                members: 2,
                ..self.protocol
            };
        }
        let changes = &args.changes.overrides;
        let mut protocol = toml::Table::try_from(&self.protocol)
            .map_err(|cause| Error::invalid("the protocol", "TOML", cause))?;
        for change in changes {
            let (key, value) = change.key_and_value();
            let (true, Some(value)) = (protocol.contains_key(&key), value) else {
                let keys: Vec<&str> = protocol.keys().map(String::as_str).collect();
                let expected = format!("a value for one of {}", keys.join(", "));
                return Err(Error::invalid("--set", expected, change.text()));
            };
            protocol.insert(key, value);
        }
        self.protocol = protocol.try_into().map_err(|cause: toml::de::Error| {
            Error::invalid("--set", "a value of its type", cause.message())
        })?;
        let counts = [
            ("splits", self.protocol.splits),
            ("epochs", self.protocol.epochs),
            ("rates", self.protocol.rates.len()),
        ];
        if let Some((key, count)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(Error::invalid(key, "at least 1", count));
        }
        Ok(self)
    }
}

/// A set with its table.
struct Found {
    set: UciSet,
    table: UciTable,
}

impl Args {
    /// Runs all of it.
    pub(super) fn run_uci(&self, out: &mut impl Write) -> Result<Outcome> {
        interrupt::watch();
        let paper = paper()?.with_changes(self)?;
        let sets = self.sets(&paper)?;
        let dir = self.out.clone().unwrap_or_else(|| self.folder(NAME));
        let text =
            toml::to_string(&paper).map_err(|cause| Error::invalid("uci.toml", "TOML", cause))?;
        let header = format!("# dropwise reproduce uci{}\n{text}", self.flags());
        let mut wanted = self.splits(&paper, &sets);
        if self.sweep.list_json {
            let item = |(set, split): &(usize, usize)| serde_json::json!({ "set": sets[*set].set.name, "split": split + 1 });
            let items: Vec<_> = wanted.iter().map(item).collect();
            return sweep::list(items, out).map(|()| Outcome::Success);
        }
        self.sweep.part().keep(&mut wanted);
        let merge = &self.sweep.merge;
        let mut merged = Vec::new();
        for dir in merge {
            PaperFolder::check(dir, &header)?;
            merged.extend(kept(dir)?);
        }
        let is_in = |outcomes: &[UciOutcome], (set, split): (usize, usize)| {
            let name = &sets[set].set.name;
            outcomes
                .iter()
                .any(|one| one.set == *name && one.split == split)
        };
        let folder = if self.sweep.resumes(&dir, PaperFolder::CONFIG) {
            PaperFolder::resume(&dir, &header)?
        } else {
            PaperFolder::refuse_content(&dir)?;
            if !merge.is_empty() {
                sweep::check_merged(wanted.iter().map(|item| is_in(&merged, *item)))?;
            }
            PaperFolder::create(&dir, &header)?
        };
        let mut outcomes = kept(&dir)?;
        outcomes.extend(merged);
        if !merge.is_empty() {
            sweep::check_merged(wanted.iter().map(|item| is_in(&outcomes, *item)))?;
        }
        let backend = match &self.changes.backend {
            Some(backend) => backend.clone(),
            None => Backend::default(),
        };
        let to_run: Vec<(usize, usize)> = (wanted.iter().copied())
            .filter(|item| !is_in(&outcomes, *item))
            .collect();
        let save = |outcomes: &[UciOutcome]| {
            let lines = outcomes.iter().map(|one| Ok(json(one)? + "\n"));
            folder.save(OUTCOMES, &lines.collect::<Result<String>>()?)
        };
        let quiet = self.output.style() == Style::Quiet;
        let total = wanted.len();
        parallel::run_parallel(
            parallel::jobs(self.jobs),
            to_run.len(),
            |k, _| {
                if interrupt::requested() {
                    return Ok(None);
                }
                let (set, split) = to_run[k];
                let Found { set, table } = &sets[set];
                run_split((set, &paper.protocol), table, split, &backend).map(Some)
            },
            |_, outcome| {
                let Some(outcome) = outcome else {
                    return Ok(());
                };
                if !quiet {
                    eprintln!(
                        "{}, split {} ({} of {total}): rate {}, RMSE {:.4}, log likelihood {:.4}",
                        outcome.set,
                        outcome.split + 1,
                        outcomes.len() + 1,
                        outcome.rate,
                        outcome.rmse,
                        outcome.log_likelihood
                    );
                }
                outcomes.push(outcome);
                save(&outcomes)
            },
        )?;
        if interrupt::requested() {
            eprintln!("interrupted: {}", self.sweep.to_continue());
            return Ok(Outcome::Interrupted);
        }
        outcomes.sort_by(|a, b| (&a.set, a.split).cmp(&(&b.set, b.split)));
        outcomes.dedup_by(|a, b| (&a.set, a.split) == (&b.set, b.split));
        save(&outcomes)?;
        let summaries = sets
            .iter()
            .filter_map(|found| summarize(&found.set, &outcomes));
        let summaries: Vec<UciSummary> = summaries.collect();
        let table = table(&summaries, &paper.protocol);
        folder.save("table.md", &table)?;
        folder.save("summary.json", &pretty(&summaries)?)?;
        writeln!(out, "{table}")?;
        writeln!(out, "{} has it all", dir.display())?;
        Ok(Outcome::Success)
    }

    /// Set and split of each run.
    fn splits(&self, paper: &UciPaper, sets: &[Found]) -> Vec<(usize, usize)> {
        let of_set = |(k, found): (usize, &Found)| {
            let all = match (self.quick, found.set.splits) {
                (false, Some(splits)) => splits.min(paper.protocol.splits),
                _ => paper.protocol.splits,
            };
            // --seeds counts them from 1.
            let asked = self.seeds.as_ref().map(super::Seeds::range);
            let is_asked = move |split: &usize| {
                let number = *split as u64 + 1;
                asked.as_ref().is_none_or(|range| range.contains(&number))
            };
            (0..all).filter(is_asked).map(move |split| (k, split))
        };
        sets.iter().enumerate().flat_map(of_set).collect()
    }

    /// The sets that there are, and that are asked for.
    fn sets(&self, paper: &UciPaper) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        match &self.data {
            None => {
                let concrete = |set: &&UciSet| set.name == "concrete";
                if let Some(set) = paper.sets.iter().find(concrete) {
                    let table = UciTable::parse("concrete.csv", CONCRETE.as_bytes(), (None, None))?;
                    let set = set.clone();
                    found.push(Found { set, table });
                }
            }
            Some(place) => match set_in(place, paper)? {
                Some(one) => found.push(one),
                None => {
                    let read = fs::read_dir(place).map_err(|cause| Error::Read {
                        path: place.clone(),
                        cause,
                    })?;
                    let paths = read.flatten().map(|entry| entry.path());
                    let mut paths: Vec<PathBuf> = paths.collect();
                    paths.sort();
                    for path in paths {
                        found.extend(set_in(&path, paper)?);
                    }
                }
            },
        }
        let names: Vec<String> = found.iter().map(|found| found.set.name.clone()).collect();
        if let Some(asked) = &self.rows {
            if let Some(name) = asked.iter().find(|name| !names.contains(name)) {
                let expected = format!("sets that there are: {}", names.join(", "));
                return Err(Error::invalid("--rows", expected, format!("`{name}`")));
            }
            found.retain(|found| asked.contains(&found.set.name));
        }
        if found.is_empty() {
            let place = self
                .data
                .as_ref()
                .map_or_else(String::new, |dir| dir.display().to_string());
            let expected =
                "a set: a folder with data.txt or a file such as yacht.txt; or a folder of sets";
            return Err(Error::invalid(
                format!("--data {place}"),
                expected,
                "no set",
            ));
        }
        if self.quick {
            for found in &mut found {
                found.table = found.table.clone().first(200);
            }
        }
        Ok(found)
    }
}

/// The set in a folder or a file; none in another.
fn set_in(path: &Path, paper: &UciPaper) -> Result<Option<Found>> {
    let (table, folder) = if path.is_dir() {
        let places = [path.join("data.txt"), path.join("data/data.txt")];
        match places.into_iter().find(|place| place.is_file()) {
            Some(table) => (table.clone(), table.parent().map(Path::to_owned)),
            None => return Ok(None),
        }
    } else {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("txt" | "csv" | "data") => (path.to_owned(), None),
            _ => return Ok(None),
        }
    };
    // `.` has a name too, and a link its own.
    let whole = match path.file_name() {
        Some(_) => path.to_owned(),
        None => path.canonicalize().unwrap_or_default(),
    };
    let name = whole
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let is_it = |set: &&UciSet| set.name == name || set.folders.contains(&name);
    let set = paper.sets.iter().find(is_it).cloned();
    let set = set.unwrap_or_else(|| UciSet::named(&name));
    let listed = |file: &str| {
        folder
            .as_ref()
            .map_or(Ok(None), |folder| columns(&folder.join(file)))
    };
    let inputs = listed("index_features.txt")?.or_else(|| set.inputs.clone());
    let target = listed("index_target.txt")?.and_then(|all| all.first().copied());
    let bytes = fs::read(&table).map_err(|cause| Error::Read {
        path: table.clone(),
        cause,
    })?;
    let file = table.display().to_string();
    let table = UciTable::parse(&file, &bytes, (inputs.as_deref(), target.or(set.target)))?;
    Ok(Some(Found { set, table }))
}

/// Numbers of columns in a file; none if it is not there.
fn columns(path: &Path) -> Result<Option<Vec<usize>>> {
    let Some(text) = read_if_there(path)? else {
        return Ok(None);
    };
    let number = |word: &str| {
        let number = word
            .parse::<f64>()
            .ok()
            .filter(|number| *number >= 0.0 && number.fract() == 0.0);
        number.map(|number| number as usize).ok_or_else(|| {
            let expected = "numbers of columns, counted from 0";
            Error::invalid(path.display().to_string(), expected, format!("`{word}`"))
        })
    };
    text.split_whitespace()
        .map(number)
        .collect::<Result<_>>()
        .map(Some)
}

/// What earlier processes came to in a folder.
fn kept(dir: &Path) -> Result<Vec<UciOutcome>> {
    let path = &dir.join(OUTCOMES);
    let text = read_if_there(path)?.unwrap_or_default();
    let line = |line: &str| {
        serde_json::from_str(line).map_err(|cause| Error::Store {
            path: path.to_owned(),
            problem: format!("cannot be read: {cause}"),
            fix: "remove the line".to_owned(),
        })
    };
    text.lines().map(line).collect()
}

fn table(summaries: &[UciSummary], protocol: &UciProtocol) -> String {
    let head = [
        "set",
        "splits",
        "asked",
        "RMSE",
        "published",
        "log likelihood",
        "published",
        "RMSE, dropout off",
        "rates chosen",
    ];
    let mut table = Table::new(head.map(str::to_owned).to_vec());
    let pair = |[mean, error]: [f64; 2]| {
        let digits = if mean.abs() < 0.2 { 4 } else { 2 };
        format!("{mean:.digits$} ± {error:.digits$}")
    };
    for summary in summaries {
        let published = summary.published;
        let rates: Vec<String> = summary
            .rates
            .iter()
            .map(|(rate, count)| format!("{rate} ({count})"))
            .collect();
        table.push(vec![
            summary.set.clone(),
            summary.splits.to_string(),
            "samples".to_owned(),
            pair(summary.rmse),
            published.map_or("-".to_owned(), |published| pair(published.rmse)),
            pair(summary.log_likelihood),
            published.map_or("-".to_owned(), |published| pair(published.log_likelihood)),
            pair(summary.rmse_with_dropout_off),
            rates.join(", "),
        ]);
        let ensemble = format!("ensemble of {}", protocol.members);
        for (asked, found) in [
            ("mean and variance in closed form", summary.analytic),
            (&ensemble, summary.ensemble),
        ] {
            let Some([rmse, log_likelihood]) = found else {
                continue;
            };
            let mut row = vec![String::new(); 9];
            row[2] = asked.to_owned();
            (row[3], row[5]) = (pair(rmse), pair(log_likelihood));
            table.push(row);
        }
    }
    let UciProtocol {
        epochs, samples, ..
    } = protocol;
    format!(
        "{table}\nmean ± standard error over the splits, {epochs} epochs, {samples} samples; published: 4,000 epochs, 10,000 samples"
    )
}
