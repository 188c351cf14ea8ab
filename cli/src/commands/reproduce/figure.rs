//! The figure of an experiment.

use dropwise::{Result, data};
use dropwise_lab::explain::{hidden_activity, unit_features};
use dropwise_lab::report::{Picture, SparsityColumn, reproduce_figure, sparsity_figure};
use dropwise_lab::reproduce::{NetworkId, Outcomes, Paper, PaperMeasure, Stage, Summary};
use dropwise_lab::store::{ModelName, PaperFolder, Trained};

/// The figure; `None` while there is nothing to draw.
pub(super) fn draw(
    paper: &Paper,
    summary: &Summary,
    outcomes: &Outcomes,
    folder: &PaperFolder,
) -> Result<Option<Picture>> {
    match summary.measure {
        PaperMeasure::Activity => activity(paper, summary, folder),
        _ => Ok(reproduce_figure(summary, outcomes)),
    }
}

/// The features and the activity of the hidden units, in the first network of each row. `None`, with a message, where only
/// outcomes were kept and no models.
fn activity(paper: &Paper, summary: &Summary, folder: &PaperFolder) -> Result<Option<Picture>> {
    let mut networks = Vec::new();
    for row in &summary.rows {
        let Some((seed, _)) = row.values.first() else {
            continue;
        };
        let id = NetworkId {
            row: row.name.clone(),
            stage: Stage::Measure,
            seed: *seed,
        };
        let run = folder.run(&id);
        if !run.join(ModelName::Last.file()).exists() {
            eprintln!(
                "no figure: it needs the trained networks, and {} holds no model",
                run.display()
            );
            return Ok(None);
        }
        let trained = Trained::load(&run, Some(ModelName::Last), None)?;
        networks.push((row, trained));
    }
    let Some((first, _)) = networks.first() else {
        return Ok(None);
    };
    // All rows have the same data, of which the first one's experiment says where they are on this machine.
    let row = paper
        .row(&first.name)
        .map(|row| paper.measured(row, &[], 1..=1));
    let Some(experiment) = row.transpose()?.and_then(|mut found| found.pop()) else {
        return Ok(None);
    };
    let experiment = experiment.experiment;
    let splits = data::load(&experiment.data, experiment.seed)?;
    let seen = splits.test.as_ref().unwrap_or(&splits.train);
    let each: Vec<_> = networks
        .iter()
        .map(|(_, trained)| trained.network())
        .collect();
    let activities = hidden_activity(&each, seen)?;
    let mut features = Vec::new();
    for network in &each {
        features.push(unit_features(network, &splits.preprocessing)?);
    }
    let columns = networks.iter().zip(&features).zip(&activities);
    let columns: Vec<_> = columns
        .filter_map(|(((row, _), features), layers)| {
            Some(SparsityColumn {
                name: &row.method,
                features,
                activity: layers.first()?,
            })
        })
        .collect();
    Ok(Some(sparsity_figure(&summary.title, &columns)))
}
