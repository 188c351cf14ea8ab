//! The files of `--out`, and the settings that folders of the same study have.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use dropwise::config::Experiment;
use dropwise::{Error, Result};
use dropwise_lab::report::{study_figure, study_notes, study_table};
use dropwise_lab::store::OutFolder;
use dropwise_lab::study::{Setting, StudyOutcome, StudySummary};
use serde::Deserialize;

use super::super::difference::Difference;
use super::super::sweep::{self, SweepPart};
use super::super::{overrides, pretty};
use super::Trained;
use super::plan::Plan;

/// The configuration, which a folder has if a study was begun in it.
pub(super) const CONFIG: &str = "study.toml";
const SUMMARY: &str = "study.json";
const NETWORKS: &str = "study.jsonl";

/// The folder of a study.
pub(super) struct Folder(OutFolder);

impl Folder {
    /// Creates the folder, with the configuration and a summary of nothing in it.
    pub(super) fn create(dir: &Path, plan: &Plan) -> Result<Self> {
        let config = overrides::write(&plan.first().experiment)?;
        let summary = pretty(&plan.summary()?)?;
        Ok(Folder(OutFolder::for_study(dir, &config, &summary)?))
    }

    /// Takes a folder that holds the same part of the same study, and adds what it has to `kept`.
    pub(super) fn resume(dir: &Path, plan: &Plan, kept: &mut Kept) -> Result<Self> {
        let stored = Stored::read(dir, plan, "leave out --resume to begin one")?;
        let (holds, asked) = (stored.part()?, plan.part());
        if holds != asked {
            return Err(Error::Store {
                path: dir.join(SUMMARY),
                problem: format!("the study was begun as part {holds} and is part {asked} now"),
                fix: "give each part a folder of its own, and put them together with --merge"
                    .into(),
            });
        }
        // Locked before its networks are read: nobody adds to them meanwhile.
        let folder = OutFolder::resume_study(dir)?;
        kept.add(dir, plan)?;
        Ok(Folder(folder))
    }

    /// Saves a line for each network so far, and the summary so far.
    pub(super) fn save_so_far(&self, summary: &StudySummary, lines: &[String]) -> Result<()> {
        let lines = lines.iter().flat_map(|line| [line.as_str(), "\n"]);
        self.0.save(NETWORKS, &lines.collect::<String>())?;
        self.0.save(SUMMARY, &pretty(summary)?)
    }

    /// Saves the summary in all its forms. The same study writes the same bytes, but for the times in `study.json`.
    pub(super) fn save_summary(
        &self,
        summary: &StudySummary,
        outcomes: &[StudyOutcome],
    ) -> Result<()> {
        self.0.save(SUMMARY, &pretty(summary)?)?;
        if summary.settings.is_empty() {
            return Ok(());
        }
        let notes = study_notes(summary).join(";\n");
        let table = study_table(summary, false).to_markdown();
        self.0.save("table.md", &format!("{table}\n{notes}.\n"))?;
        self.0
            .save("study.svg", &study_figure(summary, outcomes).to_svg())
    }
}

/// Settings that were trained before, by their places in the plan, and the folders that they come from.
#[derive(Default)]
pub(super) struct Kept(HashMap<usize, (PathBuf, Trained)>);

impl Kept {
    /// Adds the settings in a folder of the same study, whichever part of it that is.
    pub(super) fn add(&mut self, dir: &Path, plan: &Plan) -> Result<()> {
        let stored = Stored::read(dir, plan, "name a folder that `dropwise study` made")?;
        let part = stored.part()?;
        let places = (0..plan.points.len()).filter(|k| part.has(*k));
        for (k, trained) in places.zip(stored.networks(dir)?) {
            match self.0.get(&k) {
                Some((other, before)) if before.lines != trained.lines => {
                    let setting = serde_json::Value::from_iter(plan.points[k].setting.clone());
                    return Err(Error::Store {
                        path: dir.to_owned(),
                        problem: format!(
                            "the networks of {setting} are not those of {}, though the study is the same",
                            other.display()
                        ),
                        fix: "train both on machines with the same kind of processor, or leave one of them out".into(),
                    });
                }
                Some(_) => {}
                None => drop(self.0.insert(k, (dir.to_owned(), trained))),
            }
        }
        Ok(())
    }

    /// Refuses to put together what lacks a setting.
    pub(super) fn check_complete(&self, plan: &Plan) -> Result<()> {
        sweep::check_merged((0..plan.points.len()).map(|k| self.0.contains_key(&k)))
    }

    pub(super) fn take(&mut self, k: usize) -> Option<Trained> {
        self.0.remove(&k).map(|(_, trained)| trained)
    }
}

/// What is read again of `study.json`.
#[derive(Deserialize)]
struct Stored {
    /// Not in folders of versions that could not go on with a study.
    #[serde(default)]
    plan_sha256: Option<String>,
    #[serde(default)]
    part: Option<String>,
    settings: Vec<StoredSetting>,
}

#[derive(Deserialize)]
struct StoredSetting {
    setting: Setting,
    networks: usize,
    seconds: f64,
}

impl Stored {
    /// The summary in a folder, which must be of the study that `plan` is of.
    fn read(dir: &Path, plan: &Plan, fix: &str) -> Result<Self> {
        OutFolder::check_study(dir, fix)?;
        let path = dir.join(CONFIG);
        let begun = Experiment::parse(&path.display().to_string(), &read(&path)?)?;
        if let Some(found) = Difference::beside_paths(&begun, &plan.first().experiment)? {
            return Err(cannot_go_on(&path, found.problem("study")));
        }
        let path = dir.join(SUMMARY);
        let stored: Stored = serde_json::from_str(&read(&path)?).map_err(|cause| {
            cannot_go_on(
                &path,
                format!("expected the summary of a study, found something else: {cause}"),
            )
        })?;
        if stored.plan_sha256.as_deref() != Some(plan.sha256()) {
            let problem = "begun with other values of --vary, other data, another --split or another version of dropwise";
            return Err(cannot_go_on(&path, problem.to_owned()));
        }
        Ok(stored)
    }

    fn part(&self) -> Result<SweepPart> {
        let part = self.part.as_deref().map(str::parse).transpose();
        let part = part.map_err(|found| Error::Compute(format!("the part of a study: {found}")))?;
        Ok(part.unwrap_or_default())
    }

    /// The networks of each setting, in order.
    fn networks(&self, dir: &Path) -> Result<Vec<Trained>> {
        let path = dir.join(NETWORKS);
        if self.settings.is_empty() {
            return Ok(vec![]);
        }
        let text = read(&path)?;
        let mut lines = text.lines().zip(1..);
        let mut settings = vec![];
        for StoredSetting {
            setting,
            networks,
            seconds,
        } in &self.settings
        {
            let (mut outcomes, mut own) = (vec![], vec![]);
            for (line, number) in lines.by_ref().take(*networks) {
                let outcome: StudyOutcome = serde_json::from_str(line).map_err(|cause| {
                    cannot_go_on(
                        &path,
                        format!("line {number}: expected a network, found something else: {cause}"),
                    )
                })?;
                if outcome.setting != *setting {
                    let problem = format!(
                        "line {number}: its setting is not the one that {SUMMARY} has there"
                    );
                    return Err(cannot_go_on(&path, problem));
                }
                outcomes.push(outcome);
                own.push(line.to_owned());
            }
            if own.len() < *networks {
                let problem = format!(
                    "expected a line for each network that {SUMMARY} counts, found too few"
                );
                return Err(cannot_go_on(&path, problem));
            }
            settings.push(Trained {
                outcomes,
                lines: own,
                seconds: *seconds,
            });
        }
        Ok(settings)
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|cause| Error::Read {
        path: path.to_owned(),
        cause,
    })
}

fn cannot_go_on(path: &Path, problem: String) -> Error {
    Error::Store {
        path: path.to_owned(),
        problem,
        fix: "restore it, or start a new study in another --out".to_owned(),
    }
}
