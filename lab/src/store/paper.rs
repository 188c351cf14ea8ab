//! The folder of `dropwise reproduce`: an experiment, and a run for each of its networks.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::kind::Kind;
use super::lock::Lock;
use super::run::{create_folder, names_in, remove_unfinished};
use super::{LOCK, atomic, cannot_read, cannot_write, refused};
use crate::reproduce::{NetworkId, NetworkOutcome, Outcomes, Paper, Stage, Summary};
use dropwise::error::Result;

/// The experiment, as it was begun.
const PAPER: &str = KIND.config;

const KIND: Kind = Kind {
    config: "paper.toml",
    problem: "already holds an experiment",
    fix: "go on with it by --resume, or choose another --out",
};

/// The networks, a folder each.
const RUNS: &str = "runs";
/// In the folder of a network that has ended.
const OUTCOME: &str = "outcome.json";

/// The folder of an experiment. Every file in it appears whole or not at all.
#[derive(Debug)]
pub struct PaperFolder {
    dir: PathBuf,
    /// None if it is only read.
    _lock: Option<Lock>,
}

impl PaperFolder {
    /// Makes the folder `dir`, parents included, for the experiment that `begun` describes: it has to be new or empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything, or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, begun: &str) -> Result<Self> {
        let lock = KIND.take(dir)?;
        create_folder(&dir.join(RUNS))?;
        let folder = PaperFolder {
            dir: dir.to_owned(),
            _lock: Some(lock),
        };
        // The last of them: it is what makes the folder an experiment.
        folder.save(PAPER, begun)?;
        Ok(folder)
    }

    /// Takes the folder `dir`, to go on with the experiment in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it holds none, or one that was begun in other words than `begun`, or is in use;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn resume(dir: &Path, begun: &str) -> Result<Self> {
        check_begun(dir, begun, "leave out --resume to begin")?;
        let lock = Lock::take(dir)?;
        remove_unfinished(dir)?;
        Ok(PaperFolder {
            dir: dir.to_owned(),
            _lock: Some(lock),
        })
    }

    /// Refuses a folder `dir` that holds anything, before there is something to keep in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it does; [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn refuse_content(dir: &Path) -> Result<()> {
        match dir.exists() {
            true => KIND.refuse_content(dir),
            false => Ok(()),
        }
    }

    /// The folder's path.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of a network's run.
    #[must_use]
    pub fn run(&self, id: &NetworkId) -> PathBuf {
        self.dir.join(RUNS).join(id.to_string())
    }

    /// How a network ended; none if it did not yet.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the file is damaged; [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn outcome(&self, id: &NetworkId) -> Result<Option<NetworkOutcome>> {
        let path = self.run(id).join(OUTCOME);
        let text = match fs::read_to_string(&path) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|cause| cannot_read(&path, cause))?,
        };
        let outcome = serde_json::from_str(&text).map_err(|cause| {
            let problem = format!("expected how a network ended, found something else: {cause}");
            let fix = "delete the file, and the network is measured again";
            refused(&path, problem, fix)
        })?;
        Ok(Some(outcome))
    }

    /// Keeps how a network ended, as JSON.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn keep(&self, id: &NetworkId, outcome_json: &str) -> Result<()> {
        atomic::write(&self.run(id).join(OUTCOME), outcome_json.as_bytes())
    }

    /// How all networks ended that did.
    ///
    /// # Errors
    /// Those of [`outcome`](Self::outcome).
    pub fn outcomes(&self) -> Result<Outcomes> {
        let mut outcomes = Outcomes::new();
        let runs = self.dir.join(RUNS);
        for row in sorted_names(&runs)? {
            for name in sorted_names(&runs.join(&row))? {
                let Some(id) = id(&row, &name) else { continue };
                if let Some(outcome) = self.outcome(&id)? {
                    outcomes.insert(id, outcome);
                }
            }
        }
        Ok(outcomes)
    }

    /// Writes the file `name`, in place of the one before it.
    ///
    /// # Errors
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written; the one before it stays.
    pub fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }
}

/// Folders of the same experiment to be put together, and how the networks in them ended.
#[derive(Debug)]
pub struct PaperParts(Vec<(PaperFolder, Outcomes)>);

impl PaperParts {
    /// The parts in the folders `dirs`.
    ///
    /// # Errors
    /// Those of [`PaperFolder::resume`] and [`PaperFolder::outcomes`].
    pub fn open(dirs: &[PathBuf], begun: &str) -> Result<Self> {
        let open = |dir: &PathBuf| {
            check_begun(dir, begun, "name a folder that `dropwise reproduce` made")?;
            let folder = PaperFolder {
                dir: dir.clone(),
                _lock: None,
            };
            let outcomes = folder.outcomes()?;
            Ok((folder, outcomes))
        };
        Ok(PaperParts(dirs.iter().map(open).collect::<Result<_>>()?))
    }

    /// Refuses networks that do not go together with each other and those that are `here`.
    ///
    /// # Errors
    /// Those of [`Summary::of`].
    pub fn check(&self, paper: &Paper, mut here: Outcomes) -> Result<()> {
        for (_, outcomes) in &self.0 {
            here.extend(outcomes.clone());
        }
        Summary::of(paper, &here).map(drop)
    }

    /// Copies the networks that have ended, without their checkpoints, but for those that `folder` has already.
    ///
    /// # Errors
    /// [`Error::Read`](dropwise::Error::Read) and [`Error::WriteFile`](dropwise::Error::WriteFile).
    pub fn copy_to(&self, folder: &PaperFolder) -> Result<()> {
        for (part, outcomes) in &self.0 {
            for id in outcomes.keys() {
                if folder.outcome(id)?.is_none() {
                    copy_run(&part.run(id), &folder.run(id))?;
                }
            }
        }
        Ok(())
    }
}

/// The network whose folder has this name in that of its row.
fn id(row: &str, name: &str) -> Option<NetworkId> {
    let number = |text: &str| text.parse().ok();
    let (stage, seed) = match name.strip_prefix("candidate-") {
        Some(rest) => {
            let (candidate, seed) = rest.split_once("-seed-")?;
            let candidate = candidate.parse::<usize>().ok()?;
            (Stage::Choose(candidate.checked_sub(1)?), number(seed)?)
        }
        None => (Stage::Measure, number(name.strip_prefix("seed-")?)?),
    };
    let row = row.to_owned();
    Some(NetworkId { row, stage, seed })
}

/// A folder is of the same experiment only if it was begun in the same words.
fn check_begun(dir: &Path, begun: &str, fix: &str) -> Result<()> {
    let path = dir.join(PAPER);
    if !path.is_file() {
        let problem = format!("expected the folder of an experiment, found no `{PAPER}`");
        return Err(refused(dir, problem, fix));
    }
    let found = fs::read_to_string(&path).map_err(|cause| cannot_read(&path, cause))?;
    if found == begun {
        return Ok(());
    }
    let (mut lines, mut others) = (found.lines(), begun.lines());
    let number = 1
        + (&mut lines)
            .zip(&mut others)
            .take_while(|(one, other)| one == other)
            .count();
    let problem =
        format!("begun with another experiment: its line {number} is not that of this command");
    let fix = "use the same --backend, --quick, --set and version of dropwise, or another --out";
    Err(refused(&path, problem, fix))
}

/// Copies the files of a run that has ended, without its checkpoints. It appears whole or not at all, in place of one that
/// has not ended.
fn copy_run(from: &Path, to: &Path) -> Result<()> {
    let unfinished = to.with_extension("unfinished");
    fs::create_dir_all(&unfinished).map_err(|cause| cannot_write(&unfinished, cause))?;
    for name in sorted_names(from)? {
        let source = from.join(&name);
        if source.is_file() && name != LOCK {
            let bytes = fs::read(&source).map_err(|cause| cannot_read(&source, cause))?;
            atomic::write(&unfinished.join(&name), &bytes)?;
        }
    }
    if to.exists() {
        fs::remove_dir_all(to).map_err(|cause| cannot_write(to, cause))?;
    }
    fs::rename(&unfinished, to).map_err(|cause| cannot_write(to, cause))
}

/// The names in a folder, in order; none if there is no such folder.
fn sorted_names(dir: &Path) -> Result<Vec<String>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let names = names_in(dir)?.into_iter();
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}
