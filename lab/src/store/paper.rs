//! The folder of `dropwise reproduce`: an experiment, and a run for each of its networks.

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use toml::Table;

use super::folder::{Kind, OutFolder, TO_BEGIN, create_folder, names_in};
use super::{LOCK, atomic, cannot_read, cannot_write, read_if_there, refused};
use crate::reproduce::{NetworkId, NetworkOutcome, Outcomes, Paper, Stage, Summary};
use dropwise::error::Result;

const PAPER: Kind = Kind {
    config: "paper.toml",
    holds: "the folder of an experiment",
    before: &[RUNS],
    problem: "already holds an experiment",
    fix: "go on with it by --resume, or choose another --out",
};

/// The networks, a folder each.
const RUNS: &str = "runs";
/// In the folder of a network that has ended.
const OUTCOME: &str = "outcome.json";

/// The folder of `dropwise reproduce`.
#[derive(Debug)]
pub struct PaperFolder(OutFolder);

impl Deref for PaperFolder {
    type Target = OutFolder;

    fn deref(&self) -> &OutFolder {
        &self.0
    }
}

impl PaperFolder {
    /// The file with the experiment, which a folder has if one was begun in it.
    pub const CONFIG: &str = PAPER.config;

    /// Makes the folder `dir`, parents included, for the experiment that `begun` describes; an existing one must be
    /// empty.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the folder holds anything or is in use;
    /// [`Error::WriteFile`](dropwise::Error::WriteFile) if it cannot be written.
    pub fn create(dir: &Path, begun: &str) -> Result<Self> {
        let folder = OutFolder::create(&PAPER, dir, &[])?;
        create_folder(&dir.join(RUNS))?;
        folder.save(PAPER.config, begun)?;
        Ok(PaperFolder(folder))
    }

    /// Takes the folder `dir`, to go on with the experiment in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it holds none, one that `begun` does not describe, or is in use;
    /// [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn resume(dir: &Path, begun: &str) -> Result<Self> {
        check_begun(dir, begun, TO_BEGIN)?;
        OutFolder::resume(dir).map(PaperFolder)
    }

    /// Refuses a folder `dir` that does not hold the experiment that `begun` describes, to be merged.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it does not; [`Error::Read`](dropwise::Error::Read) if it cannot be read.
    pub fn check(dir: &Path, begun: &str) -> Result<()> {
        check_begun(dir, begun, "name a folder that `dropwise reproduce` made")
    }

    /// Refuses a folder `dir` that holds anything, before there is something to keep in it.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if it does; [`Error::Read`](dropwise::Error::Read) if it cannot be
    /// read.
    pub fn refuse_content(dir: &Path) -> Result<()> {
        if dir.exists() {
            PAPER.refuse_content(dir)
        } else {
            Ok(())
        }
    }

    /// The path of a network's run.
    #[must_use]
    pub fn run(&self, id: &NetworkId) -> PathBuf {
        self.dir().join(RUNS).join(id.to_string())
    }

    /// How a network ended; none if it did not yet.
    ///
    /// # Errors
    /// [`Error::Store`](dropwise::Error::Store) if the file is damaged; [`Error::Read`](dropwise::Error::Read) if
    /// it cannot be read.
    pub fn outcome(&self, id: &NetworkId) -> Result<Option<NetworkOutcome>> {
        let path = self.run(id).join(OUTCOME);
        let Some(text) = read_if_there(&path)? else {
            return Ok(None);
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
        let runs = self.dir().join(RUNS);
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
            PaperFolder::check(dir, begun)?;
            let folder = PaperFolder(OutFolder::for_reading(dir));
            let outcomes = folder.outcomes()?;
            Ok((folder, outcomes))
        };
        Ok(PaperParts(dirs.iter().map(open).collect::<Result<_>>()?))
    }

    /// How the networks ended, of all parts and of those that are `here`.
    ///
    /// # Errors
    /// Those of [`Summary::of`], if they do not go together.
    pub fn together(&self, paper: &Paper, mut here: Outcomes) -> Result<Outcomes> {
        for (_, outcomes) in &self.0 {
            here.extend(outcomes.clone());
        }
        Summary::of(paper, &here)?;
        Ok(here)
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

/// A folder is of the same experiment only if it was begun by the same flags, which its first line has, from a file that says the
/// same; comments may differ.
fn check_begun(dir: &Path, begun: &str, fix: &str) -> Result<()> {
    PAPER.check_begun(dir, fix)?;
    let path = dir.join(PAPER.config);
    let found = fs::read_to_string(&path).map_err(|cause| cannot_read(&path, cause))?;
    let flags_and_file =
        |text: &str| Some((text.lines().next()?.to_owned(), text.parse::<Table>().ok()?));
    if found == begun || flags_and_file(&found).is_some_and(|it| Some(it) == flags_and_file(begun))
    {
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

/// Copies the files of a run that has ended, without its checkpoints. It appears whole or not at all, in place of
/// one that has not ended.
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
