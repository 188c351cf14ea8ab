//! The files of `--out`.

use std::path::Path;

use dropwise::Result;
use dropwise_lab::report::{study_figure, study_notes, study_table};
use dropwise_lab::store::OutFolder;
use dropwise_lab::study::{StudyOutcome, StudySummary};

use super::super::{json, overrides, pretty};
use super::plan::Plan;

/// The folder of a study.
pub(super) struct Folder(OutFolder);

impl Folder {
    /// Creates the folder, with the configuration in it.
    pub(super) fn create(dir: &Path, plan: &Plan) -> Result<Self> {
        let config = overrides::write(&plan.first().experiment)?;
        Ok(Folder(OutFolder::for_study(dir, &config)?))
    }

    /// Saves a line for each network so far.
    pub(super) fn save_outcomes(&mut self, outcomes: &[StudyOutcome]) -> Result<()> {
        let lines: Result<Vec<_>> = outcomes
            .iter()
            .map(|outcome| Ok(json(outcome)? + "\n"))
            .collect();
        self.0.save("study.jsonl", &lines?.concat())
    }

    /// Saves the summary in all its forms. The same study writes the same bytes, but for the times in `study.json`.
    pub(super) fn save_summary(
        &self,
        summary: &StudySummary,
        outcomes: &[StudyOutcome],
    ) -> Result<()> {
        self.0.save("study.json", &pretty(summary)?)?;
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
