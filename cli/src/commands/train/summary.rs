//! The results of a run: lines of `metrics.jsonl`, `report.json`, and as text.

use std::io::Write;
use std::path::Path;

use dropwise::config::Loss;
use dropwise::data::{Dataset, Part, Splits};
use dropwise::evaluate::{
    ClassReport, ClassScores, Evaluator, EvaluatorOptions, Measure, Metrics, evaluate,
};
use dropwise::model::describe;
use dropwise::train::{End, Report, Trainer};
use dropwise::{Backend, Error, Mlp, Result};
use dropwise_lab::baseline::{BaselineMetrics, Baselines};
use serde::Serialize;

use super::super::output::Style;
use super::super::{BURN_VERSION, json};
use super::progress::headline;

/// A line of `metrics.jsonl`. It holds no times, so that the same run writes the same lines.
#[derive(Serialize)]
struct Line<'a> {
    epoch: usize,
    step: usize,
    split: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    /// With dropout on.
    #[serde(skip_serializing_if = "Option::is_none")]
    training_loss: Option<f64>,
    /// Those that are learned, from the input on.
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    dropout_rates: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    best: Option<bool>,
    #[serde(flatten)]
    metrics: Option<&'a Metrics>,
}

/// A line for each split that an evaluation looked at.
pub(super) fn lines(report: &Report) -> Result<Vec<String>> {
    let line = |split, metrics| Line {
        epoch: report.epoch,
        step: report.step,
        split,
        learning_rate: None,
        training_loss: None,
        dropout_rates: &[],
        best: None,
        metrics,
    };
    let train = Line {
        learning_rate: Some(report.learning_rate),
        training_loss: Some(report.training_loss),
        dropout_rates: &report.rates,
        ..line("train", report.train.as_ref().map(|found| &found.metrics))
    };
    let validation = report.validation.as_ref().map(|found| Line {
        best: Some(report.best),
        ..line("validation", Some(&found.metrics))
    });
    std::iter::once(train)
        .chain(validation)
        .map(|line| json(&line))
        .collect()
}

/// `report.json`: the results of a run, and what they were made with.
#[derive(Serialize)]
pub(super) struct RunReport {
    dropwise: &'static str,
    burn: &'static str,
    backend: String,
    seed: u64,
    data_sha256: String,
    network: String,
    /// `finished` or `stopped early`.
    end: &'static str,
    steps: usize,
    epochs: usize,
    /// Training time, over all processes.
    seconds: f64,
    /// The model that the metrics are of: `best` or `last`.
    model: &'static str,
    model_step: usize,
    train: Metrics,
    /// The folds of a cross-validated ensemble.
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_validation: Option<usize>,
    /// On the validation rows; with folds on the training rows, each as the members say that left it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Metrics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Metrics>,
    /// How good the baselines are, and how well each class is told, on the best part of the data to judge by.
    #[serde(skip_serializing_if = "Option::is_none")]
    judged: Option<Judged>,
    /// What was done with the data that nobody may expect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip)]
    predictions: Vec<f64>,
}

/// What networks come to on rows, whose predictions are not kept.
fn measured(network: &[Mlp], loss: Loss, rows: &Dataset) -> Result<(Metrics, Option<ClassReport>)> {
    let options = EvaluatorOptions::default();
    let mut evaluator = Evaluator::new((network, loss), rows.task(), options)?;
    evaluator.add(rows)?;
    evaluator.finish()
}

/// What the network of a run has to beat; none where the rows are the few of a tutorial, which say little and are shown one by one.
pub(super) fn baselines(trainer: &Trainer<'_>, splits: &Splits) -> Result<Option<Baselines>> {
    let (experiment, device) = (trainer.experiment(), trainer.network().device());
    let fit = || Baselines::fit(experiment, &splits.train, &device);
    (splits.train.len() > FEW_ROWS).then(fit).transpose()
}

/// What a network is judged by on some rows.
#[derive(Serialize)]
struct Judged {
    split: &'static str,
    #[serde(skip)]
    measure: Measure,
    baselines: BaselineMetrics,
    #[serde(flatten)]
    classes: Option<ClassReport>,
}

impl RunReport {
    /// Evaluates the run's model on all splits: the best one where there are validation rows.
    pub(super) fn new(
        backend: &Backend,
        trainer: &Trainer<'_>,
        splits: &Splits,
        end: End,
        seconds: f64,
    ) -> Result<Self> {
        let (network, model_step, model) = match trainer.best_members() {
            Some((members, step)) => (members, step, "best"),
            None => (trainer.members(), trainer.step(), "last"),
        };
        let loss = trainer.experiment().loss();
        let on = |rows: &Option<Dataset>| -> Result<Option<Metrics>> {
            let found = rows.as_ref().map(|rows| measured(network, loss, rows));
            Ok(found.transpose()?.map(|(metrics, _)| metrics))
        };
        let (metrics, predictions) = match splits.train.len() {
            ..=FEW_ROWS => {
                let found = evaluate(network, loss, &splits.train)?;
                (found.metrics, found.predictions)
            }
            _ => (measured(network, loss, &splits.train)?.0, Vec::new()),
        };
        Ok(RunReport {
            dropwise: env!("CARGO_PKG_VERSION"),
            burn: BURN_VERSION,
            backend: backend.to_string(),
            seed: trainer.experiment().seed,
            data_sha256: splits.hash.clone(),
            network: describe(network),
            end: match end {
                End::StoppedEarly => "stopped early",
                _ => "finished",
            },
            steps: trainer.step(),
            epochs: trainer.epoch(),
            seconds,
            model,
            model_step,
            train: metrics,
            cross_validation: trainer.experiment().train.cross_validation,
            validation: match trainer.cross_validate(network)? {
                Some(found) => Some(found.metrics),
                None => on(&splits.validation)?,
            },
            test: on(&splits.test)?,
            judged: None,
            notes: splits.notes.clone(),
            predictions,
        })
    }

    /// Judges the network by baselines, and by each class.
    pub(super) fn judge(
        &mut self,
        trainer: &Trainer<'_>,
        splits: &Splits,
        baselines: &Option<Baselines>,
    ) -> Result<()> {
        let part = Part::BY_PREFERENCE.into_iter();
        let mut part = part.filter_map(|part| Some((part, splits.part(part)?)));
        let (Some((part, rows)), Some(baselines)) = (part.next(), baselines) else {
            return Ok(());
        };
        let (experiment, members) = (trainer.experiment(), trainer.members());
        let network = trainer.best_members().map_or(members, |(best, _)| best);
        let (metrics, classes) = measured(network, experiment.loss(), rows)?;
        self.judged = Some(Judged {
            split: part.word(),
            measure: experiment.train.select.unwrap_or(metrics.headline().0),
            baselines: baselines.measure(rows)?,
            classes,
        });
        Ok(())
    }

    pub(super) fn pretty(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|cause| Error::Compute(format!("the report cannot be written: {cause}")))
    }

    /// Prints the results, and the folder that the run was saved to. `keep` is the command that trains the linear model.
    pub(super) fn print(
        &self,
        style: Style,
        out: &mut impl Write,
        splits: &Splits,
        (dir, keep): (Option<&Path>, Option<&str>),
    ) -> Result<()> {
        match style {
            Style::Quiet => return Ok(()),
            Style::Json => return Ok(writeln!(out, "{}", json(self)?)?),
            Style::Words => {}
        }
        if splits.train.len() <= FEW_ROWS {
            print_predictions(out, &splits.train, &self.predictions)?;
        } else {
            print_splits(out, self, keep)?;
        }
        let (backend, seed, seconds) = (&self.backend, self.seed, self.seconds);
        writeln!(out, "backend {backend}, seed {seed}, {seconds:.2} s")?;
        if let Some(dir) = dir {
            writeln!(out, "saved in {}", dir.display())?;
        }
        Ok(())
    }
}

/// Up to this many training rows, each prediction is printed.
pub(super) const FEW_ROWS: usize = 10;

fn print_predictions(out: &mut impl Write, rows: &Dataset, predictions: &[f64]) -> Result<()> {
    for (row, prediction) in predictions.chunks(rows.d_output()).enumerate() {
        let (input, target) = (rows.input_row(row), rows.target_row(row));
        writeln!(out, "{input:?} -> {prediction:.4?}, target {target:?}")?;
    }
    Ok(())
}

fn print_splits(out: &mut impl Write, report: &RunReport, keep: Option<&str>) -> Result<()> {
    let (end, step, model) = (report.end, report.model_step, report.model);
    // Only a network that starts as something can be at its best then.
    let start = match step == 0 && report.steps > 0 {
        true => ", the linear model that it starts as",
        false => "",
    };
    writeln!(
        out,
        "{end} after {} steps; the {model} network, of step {step}{start}:",
        report.steps
    )?;
    let validation = match report.cross_validation {
        Some(_) => "left out", // the training rows, each as those say that did not train on it
        None => "validation",
    };
    let splits = [
        ("training", Some(&report.train)),
        (validation, report.validation.as_ref()),
        ("test", report.test.as_ref()),
    ];
    for (name, metrics) in splits {
        if let Some(metrics) = metrics {
            let (rows, loss) = (metrics.rows, metrics.loss);
            writeln!(
                out,
                "{name:<10}  {rows:>6} rows  loss {loss:.4}  {}{}",
                headline(metrics),
                more(metrics)
            )?;
        }
    }
    if let Some(judged) = &report.judged {
        // The baselines are trained on all training rows, and so on those that members left out.
        let validation = report.validation.as_ref();
        let validation = validation.filter(|_| report.cross_validation.is_none());
        let metrics = report.test.iter().chain(validation);
        let metrics = metrics.chain([&report.train]).next();
        let metrics = metrics.unwrap_or(&report.train);
        judged.print(out, metrics)?;
        if let Some(keep) = keep.filter(|_| judged.baselines.linear_wins(judged.measure, metrics)) {
            writeln!(
                out,
                "the linear model is better; this trains it, with --out to keep it: {keep}"
            )?;
        }
    }
    Ok(())
}

/// What the error rate does not say where one class is rare.
fn more(metrics: &Metrics) -> String {
    let share = |name: &str, share: Option<f64>| {
        share.map_or_else(String::new, |share| {
            format!("  {name} {:.2} %", 100.0 * share)
        })
    };
    share("balanced accuracy", metrics.balanced_accuracy)
}

impl Judged {
    fn print(&self, out: &mut impl Write, metrics: &Metrics) -> Result<()> {
        const LISTED: usize = 10;
        let Judged {
            split,
            measure,
            baselines,
            classes,
        } = self;
        if let Some(report) = classes
            .as_ref()
            .filter(|report| report.classes.len() <= LISTED)
        {
            let recall = |class: &ClassScores| {
                let recall = class
                    .recall
                    .map_or("-".to_owned(), |recall| format!("{:.1} %", 100.0 * recall));
                format!("{} {recall}", class.class)
            };
            let recalls: Vec<String> = report.classes.iter().map(recall).collect();
            writeln!(
                out,
                "right of each class, on the {split} rows: {}",
                recalls.join(", ")
            )?;
        }
        show_baselines(out, baselines, (split, *measure), metrics)
    }
}

/// The baselines, and whether a network with these metrics beats them.
pub(in super::super) fn show_baselines(
    out: &mut impl Write,
    baselines: &BaselineMetrics,
    (split, measure): (&str, Measure),
    metrics: &Metrics,
) -> Result<()> {
    let (name, words) = (measure.name(), baselines.words(measure));
    writeln!(out, "baselines, {name} on the {split} rows: {words}")?;
    if let Some(names) = baselines.not_beaten(measure, metrics) {
        let found = measure.text(measure.value(metrics));
        writeln!(
            out,
            "the network, {name} {found}, is no better than {names}"
        )?;
    }
    Ok(())
}
