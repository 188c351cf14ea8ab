//! The folder of an experiment.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dropwise::report::{Picture, reproduce_text};
use dropwise::reproduce::{Id, Outcome, Outcomes, Paper, Purpose, Summary};
use dropwise::store::atomic;
use dropwise::{Error, Result};

use super::super::pretty;

/// The experiment, as it was begun.
const PAPER: &str = "paper.toml";
/// The networks, a folder each.
const RUNS: &str = "runs";
/// In the folder of a network that has ended.
const OUTCOME: &str = "outcome.json";

/// The folder of an experiment. Every file in it appears whole or not at all.
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    /// Makes the folder, which has to be new or empty.
    pub(super) fn create(dir: &Path, begun: &str) -> Result<Self> {
        refuse_content(dir)?;
        let files = Files {
            dir: dir.to_owned(),
        };
        fs::create_dir_all(dir.join(RUNS)).map_err(|cause| cannot_write(dir, cause))?;
        files.save(PAPER, begun)?;
        Ok(files)
    }

    /// Takes the folder of the same experiment.
    pub(super) fn resume(dir: &Path, begun: &str) -> Result<Self> {
        check_begun(dir, begun, "leave out --resume to begin")?;
        Ok(Files {
            dir: dir.to_owned(),
        })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a network.
    pub(super) fn run(&self, id: &Id) -> PathBuf {
        self.dir.join(RUNS).join(id.to_string())
    }

    /// How a network ended; none if it did not yet.
    pub(super) fn outcome(&self, id: &Id) -> Result<Option<Outcome>> {
        read_outcome(&self.run(id))
    }

    /// Keeps how a network ended.
    pub(super) fn keep(&self, id: &Id, outcome: &Outcome) -> Result<()> {
        let text = pretty(outcome)?;
        atomic::write(&self.run(id).join(OUTCOME), text.as_bytes())
    }

    /// How all networks ended that did.
    pub(super) fn outcomes(&self) -> Result<Outcomes> {
        let mut outcomes = Outcomes::new();
        let runs = self.dir.join(RUNS);
        for row in names_in(&runs)? {
            for name in names_in(&runs.join(&row))? {
                let Some(id) = id(&row, &name) else { continue };
                if let Some(outcome) = self.outcome(&id)? {
                    outcomes.insert(id, outcome);
                }
            }
        }
        Ok(outcomes)
    }

    /// Writes what the experiment comes to.
    pub(super) fn finish(&self, summary: &Summary) -> Result<()> {
        self.save("summary.json", &pretty(summary)?)?;
        self.save("table.md", &reproduce_text(summary, true))
    }

    pub(super) fn keep_figure(&self, figure: &Picture) -> Result<()> {
        self.save("figure.svg", &figure.to_svg())
    }

    /// Writes a file of the folder itself.
    pub(super) fn save(&self, name: &str, text: &str) -> Result<()> {
        atomic::write(&self.dir.join(name), text.as_bytes())
    }
}

/// Folders of the same experiment to be put together, and how the networks in them ended.
pub(super) struct Parts(Vec<(Files, Outcomes)>);

impl Parts {
    pub(super) fn open(dirs: &[PathBuf], begun: &str) -> Result<Self> {
        let open = |dir: &PathBuf| {
            check_begun(dir, begun, "name a folder that `dropwise reproduce` made")?;
            let files = Files { dir: dir.clone() };
            let outcomes = files.outcomes()?;
            Ok((files, outcomes))
        };
        Ok(Parts(dirs.iter().map(open).collect::<Result<_>>()?))
    }

    /// Refuses networks that do not go together with each other and those that are `here`.
    pub(super) fn check(&self, paper: &Paper, mut here: Outcomes) -> Result<()> {
        for (_, outcomes) in &self.0 {
            here.extend(outcomes.clone());
        }
        Summary::of(paper, &here).map(drop)
    }

    /// Copies the networks that have ended, but for those that are there already.
    pub(super) fn copy_to(&self, files: &Files) -> Result<()> {
        for (part, outcomes) in &self.0 {
            for id in outcomes.keys() {
                if files.outcome(id)?.is_none() {
                    copy_run(&part.run(id), &files.run(id))?;
                }
            }
        }
        Ok(())
    }
}

/// A new experiment has a folder of its own.
pub(super) fn refuse_content(dir: &Path) -> Result<()> {
    if dir.join(PAPER).exists() {
        let fix = "go on with it by --resume, or choose another --out";
        return Err(refused(dir, "already holds an experiment", fix));
    }
    match names_in(dir)?.first() {
        None => Ok(()),
        Some(name) => {
            let problem = format!("expected an empty folder, found `{name}` in it");
            Err(refused(dir, &problem, "choose another --out"))
        }
    }
}

fn read_outcome(run: &Path) -> Result<Option<Outcome>> {
    let path = run.join(OUTCOME);
    let text = match fs::read_to_string(&path) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|cause| cannot_read(&path, cause))?,
    };
    let outcome = serde_json::from_str(&text).map_err(|cause| {
        let problem = format!("expected how a network ended, found something else: {cause}");
        refused(
            &path,
            &problem,
            "delete the file, and the network is measured again",
        )
    })?;
    Ok(Some(outcome))
}

/// The network whose folder has this name in that of its row.
fn id(row: &str, name: &str) -> Option<Id> {
    let number = |text: &str| text.parse().ok();
    let (purpose, seed) = match name.strip_prefix("candidate-") {
        Some(rest) => {
            let (candidate, seed) = rest.split_once("-seed-")?;
            let candidate = candidate.parse::<usize>().ok()?;
            (Purpose::Choose(candidate.checked_sub(1)?), number(seed)?)
        }
        None => (Purpose::Measure, number(name.strip_prefix("seed-")?)?),
    };
    let row = row.to_owned();
    Some(Id { row, purpose, seed })
}

/// A folder is of the same experiment only if it was begun in the same words.
fn check_begun(dir: &Path, begun: &str, fix: &str) -> Result<()> {
    let path = dir.join(PAPER);
    if !path.is_file() {
        let problem = format!("expected the folder of an experiment, found no `{PAPER}`");
        return Err(refused(dir, &problem, fix));
    }
    let found = read(&path)?;
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
    Err(refused(&path, &problem, fix))
}

/// Copies the files of a run that has ended, without its checkpoints. It appears whole or not at all, in place of one that
/// has not ended.
fn copy_run(from: &Path, to: &Path) -> Result<()> {
    let unfinished = to.with_extension("unfinished");
    fs::create_dir_all(&unfinished).map_err(|cause| cannot_write(&unfinished, cause))?;
    for name in names_in(from)? {
        let source = from.join(&name);
        if source.is_file() && name != "lock" {
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
fn names_in(dir: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|cause| cannot_read(dir, cause))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|cause| cannot_read(dir, cause))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|cause| cannot_read(path, cause))
}

fn cannot_read(path: &Path, cause: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::Read { path, cause }
}

fn cannot_write(path: &Path, cause: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::WriteFile { path, cause }
}

fn refused(path: &Path, problem: &str, fix: &str) -> Error {
    Error::Store {
        path: path.to_owned(),
        problem: problem.to_owned(),
        fix: fix.to_owned(),
    }
}
