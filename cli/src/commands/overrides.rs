//! `--set KEY=VALUE` and `--vary KEY=VALUE,VALUE...`: values in place of the file's.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;

use dropwise::backend::Backend;
use dropwise::config::{CheckedExperiment, Experiment};
use dropwise::error::{ConfigError, KeyPath};
use dropwise::{Error, Result};
use dropwise_lab::study::Setting;
use toml::{Table, Value};

const SET: &str = "--set";
const VARY: &str = "--vary";
const DATA: &str = "--data";

/// Whether a mistake in `file` is one in the command line: the name of the flag stands for a file there.
pub(super) fn is_command_line(file: &str) -> bool {
    [SET, VARY, DATA].contains(&file)
}

/// Keys of which a file has one or the other.
const INSTEAD: [[&str; 2]; 8] = [
    ["train.epochs", "train.steps"],
    ["data.split.test", "data.split.test_rows"],
    ["data.split.validation", "data.split.validation_rows"],
    ["data.split.validation", "train.cross_validation"],
    ["data.split.validation_rows", "train.cross_validation"],
    ["data.split.train", "data.split.train_rows"],
    ["data.split.group", "data.split.time"],
    ["data.dir", "data.train_images"],
];

/// Keys whose values are paths.
const PATHS: [&str; 10] = [
    "data.path",
    "data.test_path",
    "data.dir",
    "data.train_images",
    "data.train_labels",
    "data.test_images",
    "data.test_labels",
    "data.split.train_rows",
    "data.split.validation_rows",
    "data.split.test_rows",
];

/// Says what a configuration was changed to, however often it is read.
fn say_once(words: String) {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let Ok(mut said) = SAID.lock() else { return };
    if !said.contains(&words) {
        eprintln!("warning: {words}");
        said.push(words);
    }
}

/// One value in place of the file's.
#[derive(Debug, Clone)]
pub(super) struct Override {
    /// The flag that it comes from.
    flag: &'static str,
    /// What stands behind the flag.
    text: String,
    key: KeyPath,
    /// None takes the key away.
    value: Option<Value>,
    /// Where the value stands in `text`.
    span: Range<usize>,
}

/// One `--vary KEY=VALUE,VALUE...`.
#[derive(Debug, Clone)]
pub(super) struct Vary(Vec<Override>);

impl FromStr for Override {
    type Err = String;

    /// The value is TOML; what is not TOML is taken as text, so that `--set network.activation=relu`
    /// needs no quotes. No value takes the key away.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let Some((key, _)) = text.split_once('=') else {
            return Err("expected KEY=VALUE, such as train.epochs=5".to_owned());
        };
        Override::new(SET, text, key, key.len() + 1..text.len())
    }
}

impl FromStr for Vary {
    type Err = String;

    /// Each value as in `--set`; a comma between brackets, braces or quotes is the value's own.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let Some((key, _)) = text.split_once('=') else {
            return Err("expected KEY=VALUE,VALUE..., such as dropout.hidden=0,0.2,0.5".to_owned());
        };
        let spans = between_commas(text, key.len() + 1);
        let values = spans.map(|span| {
            if text[span.clone()].trim().is_empty() {
                return Err("expected a value on both sides of each comma".to_owned());
            }
            Override::new(VARY, text, key, span)
        });
        Ok(Vary(values.collect::<std::result::Result<_, _>>()?))
    }
}

/// The parts of `text` from `start` on that commas stand between, in no bracket and no quotes.
fn between_commas(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    let (mut depth, mut quote) = (0_usize, None);
    let mut commas = vec![];
    for (at, found) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match (found, quote) {
            (_, Some(open)) if found == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(found),
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth = depth.saturating_sub(1),
            (',', None) if depth == 0 => commas.push(at),
            _ => {}
        }
    }
    let starts = std::iter::once(start).chain(commas.clone().into_iter().map(|comma| comma + 1));
    let ends = commas.into_iter().chain([text.len()]);
    starts.zip(ends).map(|(start, end)| start..end)
}

impl Vary {
    /// The key that is varied.
    pub(super) fn key(&self) -> String {
        // There is always a value: a text without a comma is one.
        self.0
            .first()
            .map_or_else(String::new, |value| value.key.to_string())
    }

    /// Each key has all its values in one place.
    pub(super) fn refuse_twice(varied: &[Vary]) -> Result<()> {
        let twice = varied.iter().enumerate().find(|(k, vary)| {
            let mut before = varied[..*k].iter();
            before.any(|other| other.key() == vary.key())
        });
        match twice.and_then(|(_, Vary(values))| values.first()) {
            None => Ok(()),
            Some(value) => {
                let key = &value.key;
                let problem = format!("{key}: expected each key once, found it twice");
                let help = format!("give all its values to one flag, --vary {key}=VALUE,VALUE...");
                Err(mistake(value, true, problem, Some(help)))
            }
        }
    }

    /// Every way to take one value of each: those of the last change fastest.
    pub(super) fn product(varied: &[Vary]) -> Vec<Vec<Override>> {
        varied.iter().fold(vec![vec![]], |settings, Vary(values)| {
            let with_each = |setting: Vec<Override>| {
                let with =
                    move |value: &Override| [&setting[..], std::slice::from_ref(value)].concat();
                values.iter().map(with)
            };
            settings.into_iter().flat_map(with_each).collect()
        })
    }

    /// The values as they are written in JSON.
    pub(super) fn setting(values: &[Override]) -> Result<Setting> {
        let json = |value: &Override| {
            let json = serde_json::to_value(&value.value).map_err(|cause| {
                Error::Compute(format!("a value of --vary cannot be written: {cause}"))
            })?;
            Ok((value.key.to_string(), json))
        };
        values.iter().map(json).collect()
    }
}

impl Override {
    fn new(
        flag: &'static str,
        text: &str,
        key: &str,
        span: Range<usize>,
    ) -> std::result::Result<Self, String> {
        let (key, value) = (key.trim(), text[span.clone()].trim());
        if key.split('.').any(str::is_empty) {
            return Err("expected a key such as train.epochs before the `=`".to_owned());
        }
        let as_text = |_| Value::String(value.to_owned());
        Ok(Override {
            flag,
            text: text.to_owned(),
            key: key.into(),
            value: (!value.is_empty()).then(|| value.parse().unwrap_or_else(as_text)),
            span,
        })
    }

    /// `--data DIR`: the folder with the data.
    pub(super) fn data_dir(dir: &Path) -> Result<Self> {
        let text = dir
            .to_str()
            .ok_or_else(|| Error::invalid(DATA, "a folder whose name is UTF-8", dir.display()))?;
        Ok(Override {
            flag: DATA,
            text: text.to_owned(),
            key: "data.dir".into(),
            value: Some(Value::String(text.to_owned())),
            span: 0..text.len(),
        })
    }

    /// What stands behind the flag.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The dotted name, and the value to be put there; none takes the key away.
    pub(super) fn key_and_value(&self) -> (String, Option<Value>) {
        (self.key.to_string(), self.value.clone())
    }

    fn apply(&self, table: &mut Table) -> std::result::Result<(), String> {
        let Some((last, names)) = self.key.names().split_last() else {
            return Ok(());
        };
        let mut table = table;
        for name in names {
            let entry = table
                .entry(name)
                .or_insert_with(|| Value::Table(Table::new()));
            match entry {
                Value::Table(inner) => table = inner,
                _ => return Err(format!("{}: `{name}` is a value and not a table", self.key)),
            }
        }
        match self.path_value()? {
            Some(value) => drop(table.insert(last.to_owned(), value)),
            None if table.remove(last).is_some() => {}
            None => {
                return Err(format!(
                    "{}: expected a key of the file to take away, found none",
                    self.key
                ));
            }
        }
        Ok(())
    }

    /// The value; a path on the command line is one from the folder that the program was started in.
    fn path_value(&self) -> std::result::Result<Option<Value>, String> {
        let key = self.key.to_string();
        let is_path = PATHS.contains(&key.as_str());
        match &self.value {
            Some(Value::String(path)) if is_path => {
                let path = absolute(Path::new(path)).map_err(|error| error.to_string())?;
                let path = path
                    .to_str()
                    .ok_or_else(|| format!("{key}: expected a path in UTF-8"))?;
                Ok(Some(Value::String(path.to_owned())))
            }
            value => Ok(value.clone()),
        }
    }

    /// Takes away what the file has in place of the key that is set, and says so. What another flag sets stays, and is a mistake.
    fn replace(&self, table: &mut Table, overrides: &[Override]) {
        let key = self.key.to_string();
        for pair in INSTEAD {
            let Some(place) = pair.iter().position(|one| *one == key) else {
                continue;
            };
            let other = pair[1 - place];
            if self.value.is_none()
                || overrides
                    .iter()
                    .any(|change| change.key.to_string() == other)
            {
                continue;
            }
            let mut names = other.split('.').collect::<Vec<_>>();
            let last = names.pop().unwrap_or_default();
            let inner =
                names
                    .into_iter()
                    .try_fold(&mut *table, |table, name| match table.get_mut(name) {
                        Some(Value::Table(inner)) => Some(inner),
                        _ => None,
                    });
            if inner.is_some_and(|inner| inner.remove(last).is_some()) {
                say_once(format!(
                    "`{key}` of the command line takes the place of the file's `{other}`"
                ));
            }
        }
    }
}

/// Reads a configuration and changes some of its values.
pub(super) fn read(path: &Path, overrides: &[Override]) -> Result<CheckedExperiment> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })?;
    let file = path.display().to_string();
    if overrides.is_empty() {
        return Experiment::parse(&file, &text);
    }
    // A file that is not TOML is shown as it is.
    let Ok(mut table) = text.parse::<Table>() else {
        return Experiment::parse(&file, &text);
    };
    for change in overrides {
        change.replace(&mut table, overrides);
        change
            .apply(&mut table)
            .map_err(|problem| mistake(change, false, problem, None))?;
    }
    let changed = toml::to_string(&table).map_err(|cause| {
        Error::Compute(format!(
            "the changed configuration cannot be written: {cause}"
        ))
    })?;
    Experiment::parse(&file, &changed).map_err(|error| at_override(error, overrides, &file, &text))
}

/// Names the backend, and makes the paths of the data hold from anywhere, so that the experiment means the
/// same wherever and whenever it is read again.
///
/// A path is looked for beside `file`, the configuration, and then in the folder that the program was started in.
pub(super) fn settle(
    experiment: &mut Experiment,
    file: &Path,
    backend: Option<&Backend>,
) -> Result<Backend> {
    let backend: Backend = match (backend, &experiment.backend) {
        (Some(backend), _) => backend.clone(),
        (None, Some(name)) => name.parse()?,
        (None, None) => Backend::default(),
    };
    experiment.backend = Some(backend.to_string());
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_table = experiment.data.table().is_some();
    let found = |path: &Path| find_path(path, folder, is_table);
    experiment.data = experiment.data.clone().with_paths(found)?;
    Ok(backend)
}

/// Networks that are compared after the same steps do not stop early. What the file alone asks for is for `train`, and is left
/// out; what the command line asks for is refused, before a folder is created and data are loaded.
pub(super) fn refuse_early_stopping(experiment: &Experiment, why: &str) -> Result<()> {
    match &experiment.train.early_stopping {
        None => Ok(()),
        Some(stopping) => Err(Error::invalid(
            "train.early_stopping",
            format!("none, because {why}"),
            format!("a patience of {}", stopping.patience),
        )),
    }
}

/// Networks that are looked at one by one are no ensemble, and those that are trained at once have no shards: what the file alone
/// asks for is for `train`, and is left out, which the result says; what the command line asks for is refused.
pub(super) fn leave_out(
    (key, value): (&str, &mut usize),
    is_asked_for: bool,
    why: &str,
) -> Result<Option<String>> {
    match std::mem::replace(value, 1) {
        1 => Ok(None),
        found if is_asked_for => {
            let expected = format!("1, because {why}");
            Err(Error::invalid(key, expected, found))
        }
        _ => Ok(Some(format!("`{key}` is left out: {why}"))),
    }
}

/// Networks that are looked at one by one leave out the folds of an ensemble one after another, each of which they are measured on. Says
/// so, where the file asks for folds.
pub(super) fn fold_networks(experiment: &mut Experiment) -> Option<String> {
    let folds = experiment.train.cross_validation.take()?;
    let folds = *experiment.study.cross_validation.get_or_insert(folds);
    Some(format!(
        "`train.cross_validation` is left out: each network is measured on one of {folds} folds, which it is not trained on"
    ))
}

/// All networks have the same rows; with the split's seed named, `train --seed` finds them too.
pub(super) fn seed_split(experiment: &mut Experiment) {
    let seed = experiment.seed;
    if let Some(split) = &mut experiment.data.split
        && (split.validation > 0.0 || split.test > 0.0 || split.train.is_some())
    {
        split.seed.get_or_insert(seed);
    }
}

/// A path of a configuration in `folder`, as an absolute one. Where it is in neither place, that of a table is an error; images
/// have one of their own, which says how to fetch them.
fn find_path(path: &Path, folder: &Path, is_table: bool) -> Result<PathBuf> {
    let (beside, here) = (absolute(&folder.join(path))?, absolute(path)?);
    if beside.exists() || beside == here {
        return Ok(beside);
    }
    if is_table && !here.exists() {
        let problem = format!("there is no such file, and none at {}", here.display());
        return Err(Error::Read {
            path: beside,
            cause: std::io::Error::new(std::io::ErrorKind::NotFound, problem),
        });
    }
    Ok(here)
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })
}

/// An experiment wherever the files of its data are.
pub(super) fn without_paths(experiment: &Experiment) -> Result<Experiment> {
    let mut experiment = experiment.clone();
    experiment.data = experiment.data.with_paths(|_| Ok(PathBuf::new()))?;
    Ok(experiment)
}

/// An experiment as a TOML file.
pub(super) fn write(experiment: &Experiment) -> Result<String> {
    toml::to_string(experiment).map_err(|cause| {
        let expected = "what TOML can hold, with paths in UTF-8";
        Error::invalid("the configuration", expected, cause)
    })
}

/// An error in the changed configuration, shown where its reader can see it: at the `--set` that
/// brought it, or in the file.
fn at_override(error: Error, overrides: &[Override], file: &str, text: &str) -> Error {
    let Error::Config(config) = error else {
        return error;
    };
    match (
        Experiment::parse(file, text).err(),
        to_blame(&config, overrides),
    ) {
        // The file has this mistake too, next to what was changed.
        (Some(Error::Config(own)), _) if own.problem == config.problem => Error::Config(own),
        (_, Some(change)) => mistake(change, config.is_key, config.problem, config.help),
        (Some(own), None) => own,
        (None, None) => last_to_blame(config, overrides),
    }
}

/// An error in a configuration that is good without these changes, shown at the one that brought it.
pub(super) fn at_change(error: Error, overrides: &[Override]) -> Error {
    match error {
        Error::Config(config) => match to_blame(&config, overrides) {
            Some(change) => mistake(change, config.is_key, config.problem, config.help),
            None => last_to_blame(config, overrides),
        },
        error => error,
    }
}

/// The last change of what a mistake is about.
fn to_blame<'a>(config: &ConfigError, overrides: &'a [Override]) -> Option<&'a Override> {
    let mut changes = overrides.iter().rev().filter(|_| !config.key.is_empty());
    changes.find(|change| change.key.holds(&config.key) || config.key.holds(&change.key))
}

/// A mistake of changes of which none is about it: the last one does not fit the file, which is good alone.
fn last_to_blame(config: Box<ConfigError>, overrides: &[Override]) -> Error {
    match overrides.last() {
        Some(change) => mistake(change, config.is_key, config.problem, config.help),
        None => Error::Config(config),
    }
}

fn mistake(change: &Override, is_key: bool, problem: String, help: Option<String>) -> Error {
    // Of the values of one flag a single one may be wrong; a wrong key is wrong for all.
    let span = match change.flag {
        VARY if !is_key => change.span.clone(),
        _ => 0..change.text.len(),
    };
    Error::Config(Box::new(ConfigError {
        file: change.flag.to_owned(),
        text: change.text.clone(),
        span,
        key: change.key.clone(),
        is_key,
        problem,
        help,
    }))
}
