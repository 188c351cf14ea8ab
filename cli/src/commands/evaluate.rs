//! `dropwise evaluate RUN`: load the model and the data, measure, show.

mod coverage;

use std::io::Write;
use std::path::PathBuf;

use dropwise::data::{Part, Splits};
use dropwise::evaluate::{ClassReport, ClassScores, Evaluator, EvaluatorOptions, TemporaryFile};
use dropwise::model::describe;
use dropwise::{Dataset, Error, Metrics, Result};
use dropwise_lab::baseline::{BaselineMetrics, Baselines, BaselinesEvaluator, TargetWords};
use dropwise_lab::store::{Trained, kept_baselines};

use super::args::{ModelArgs, ThresholdArgs, part, target};
use super::train::show_baselines;
use super::{Outcome, json, reading};
use coverage::CoverageArgs;

/// Evaluate a trained network on its own data or on another table, with dropout off
///
/// With --samples, a second table shows the results with dropout on: the metrics of many thinned networks averaged, the coverage of
/// their intervals or sets, and how well their uncertainty predicts mistakes. --coverage evaluates the intervals of the network
/// without sampling.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of a run that `train --out` saved
    run: PathBuf,
    /// The rows to evaluate [default: test rows, else validation rows, else training rows]
    #[arg(long, value_parser = part())]
    split: Option<Part>,
    /// Evaluate on this table instead, which needs the run's columns and targets
    #[arg(long, value_name = "FILE", conflicts_with = "split")]
    input: Option<PathBuf>,
    #[command(flatten)]
    threshold: ThresholdArgs,
    #[command(flatten)]
    coverage: CoverageArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Also evaluate each member of an ensemble
    #[arg(long)]
    members: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// The memory in which predictions are put in order, of all networks together.
const MEMORY: usize = 1 << 26;

/// What the network comes to on some rows.
struct Found {
    /// Which rows, in words.
    rows: String,
    /// What is learned, in words.
    target: String,
    metrics: Metrics,
    /// At the threshold.
    classes: Option<ClassReport>,
    threshold: Option<f64>,
    baselines: Option<BaselineMetrics>,
    /// Of each member of an ensemble, if they are asked for.
    members: Option<Vec<Metrics>>,
    /// Of intervals and samples, if they are asked for.
    coverage: Option<coverage::Found>,
}

/// Measures all that is shown of rows that come in pieces.
struct Measuring<'a> {
    network: Evaluator<'a>,
    members: Option<Vec<Evaluator<'a>>>,
    baselines: Option<BaselinesEvaluator<'a>>,
    target: TargetWords<'a>,
}

impl<'a> Measuring<'a> {
    /// No rows yet. The memory of `options` is for all together.
    fn new(
        trained: &'a Trained,
        baselines: Option<&'a Baselines>,
        members: bool,
        options: EvaluatorOptions<'a>,
    ) -> Result<Self> {
        let alone = trained.members().iter().filter(|_| members);
        let networks = 1 + alone.clone().count() + if baselines.is_some() { 2 } else { 0 };
        let (loss, task) = (trained.loss(), &trained.prepared.task);
        let options = EvaluatorOptions {
            memory: options.memory / networks,
            ..options
        };
        let alone = alone.map(|member| Evaluator::new((member, loss), task, options));
        let alone = members.then(|| alone.collect::<Result<_>>());
        let baselines = baselines.map(|baselines| baselines.evaluator(task, options));
        Ok(Measuring {
            network: Evaluator::new((trained.members(), loss), task, options)?,
            members: alone.transpose()?,
            baselines: baselines.transpose()?,
            target: TargetWords::new(task),
        })
    }

    fn add(&mut self, rows: &Dataset) -> Result<()> {
        self.target.add(rows);
        self.network.add(rows)?;
        let mut members = self.members.iter_mut().flatten();
        members.try_for_each(|member| member.add(rows))?;
        let mut baselines = self.baselines.iter_mut();
        baselines.try_for_each(|baselines| baselines.add(rows))
    }

    /// What is found on these `rows`, in words.
    fn finish(self, rows: String, threshold: Option<f64>) -> Result<Found> {
        let (metrics, classes) = self.network.finish()?;
        let alone = |member: Evaluator<'_>| Ok(member.finish()?.0);
        let members = self.members.map(|members| members.into_iter().map(alone));
        Ok(Found {
            rows,
            target: self.target.finish(),
            metrics,
            classes,
            threshold,
            baselines: self.baselines.map(BaselinesEvaluator::finish).transpose()?,
            members: members.map(Iterator::collect::<Result<_>>).transpose()?,
            coverage: None,
        })
    }
}

impl Args {
    pub(super) fn run(&self, out: &mut impl Write) -> Result<Outcome> {
        let trained = self.model.load(&self.run)?;
        self.threshold.check(&trained)?;
        let kept = kept_baselines(&self.run, &trained)?;
        // Rows of another table are not kept where each is looked at once.
        let (part, name, words, rows, splits) = match &self.input {
            Some(path) => {
                let rows = self.coverage.is_asked();
                let rows = rows.then(|| reading::load_more(&trained, path));
                let rows = rows.transpose()?;
                let path = path.display().to_string();
                let splits = match (&kept, &rows) {
                    (None, _) => self.training_rows(&trained)?,
                    (Some(_), None) => None,
                    // Intervals may need rows that the run was not trained on; what is missing is said then.
                    (Some(_), Some(_)) => match reading::load_of_run(&self.run, &trained) {
                        Err(error @ Error::Interrupted(_)) => return Err(error),
                        splits => splits.ok(),
                    },
                };
                (None, path.clone(), format!("rows of {path}"), rows, splits)
            }
            None => {
                let splits = reading::load_of_run(&self.run, &trained)?;
                let (part, rows) = self.rows(&splits)?;
                let (name, words) = (part.name().to_owned(), format!("{} rows", part.word()));
                let rows = Some(rows.clone());
                (Some(part), name, words, rows, Some(splits))
            }
        };
        let baselines = match (kept, &splits) {
            (None, Some(splits)) => {
                let device = trained.network().device();
                let fitted = Baselines::fit(&trained.experiment, &splits.train, &device);
                Some(fitted?)
            }
            (kept, _) => kept,
        };
        let file = TemporaryFile::new(&reading::temporary_file);
        let options = EvaluatorOptions {
            threshold: self.threshold.value(),
            memory: MEMORY,
            file: Some(&file),
        };
        let mut measuring = Measuring::new(&trained, baselines.as_ref(), self.members, options)?;
        if let Some(rows) = &rows {
            measuring.add(rows)?;
        } else if let Some(path) = &self.input {
            reading::each_more(&trained, path, |rows| measuring.add(rows))?;
        }
        let mut found = measuring.finish(words, self.threshold.threshold)?;
        if file.is_made() {
            reading::tell_of_file("the predictions that are put in order");
        }
        if let Some(rows) = rows.filter(|_| self.coverage.is_asked()) {
            let looked_at = (part, self.input.as_deref());
            let run = (&*self.run, &trained);
            found.coverage = Some(
                self.coverage
                    .assess(run, &rows, looked_at, splits.as_ref())?,
            );
        }
        if self.json {
            let mut line = serde_json::json!({
                "split": name, "model": trained.name.to_string(), "metrics": found.metrics,
                "baselines": found.baselines,
            });
            if let Some(threshold) = found.threshold {
                line["threshold"] = threshold.into();
            }
            if let Some(members) = &found.members {
                line["members"] = serde_json::json!(members);
            }
            if let Some(found) = &found.coverage {
                line["uncertainty"] = serde_json::json!(found.assessment);
            }
            if let Some(report) = &found.classes {
                line["classes"] = serde_json::json!(report.classes);
                line["confusion"] = serde_json::json!(report.confusion);
            }
            writeln!(out, "{}", json(&line)?)?;
        } else {
            show(out, &trained, &found)?;
        }
        Ok(Outcome::Success)
    }

    /// The data that the network was trained on, which need not be there where other rows are looked at: then there are no baselines.
    fn training_rows(&self, trained: &Trained) -> Result<Option<Splits>> {
        match reading::load_of_run(&self.run, trained) {
            Err(error @ Error::Interrupted(_)) => Err(error),
            Err(error) => {
                eprintln!("warning: no baselines, since the training rows are not there: {error}");
                Ok(None)
            }
            splits => splits.map(Some),
        }
    }

    /// The rows of --split, else the first of test, validation and training rows.
    fn rows<'a>(&self, splits: &'a Splits) -> Result<(Part, &'a Dataset)> {
        let asked = match self.split {
            Some(part) => vec![part],
            None => Part::BY_PREFERENCE.to_vec(),
        };
        let there = |part: &Part| Some((*part, splits.part(*part)?));
        asked.iter().find_map(there).ok_or_else(|| Error::Store {
            path: self.run.clone(),
            problem: format!("the run has no {} rows", asked[0].word()),
            fix: "choose another --split, or train with `split` in `[data]`".to_owned(),
        })
    }
}

fn show(out: &mut impl Write, trained: &Trained, found: &Found) -> Result<()> {
    let step = trained.metadata.get("step").map_or("?", String::as_str);
    let (name, metrics) = (trained.name, &found.metrics);
    let words = &found.rows;
    writeln!(out, "{}", describe(trained.members()))?;
    writeln!(out, "the {name} network, of step {step}, on the {words}:")?;
    let target = target(&trained.experiment);
    writeln!(out, "{target}{}", found.target)?;
    writeln!(out, "{metrics}")?;
    if let Some(members) = &found.members {
        let measure = trained.experiment.train.select;
        let measure = measure.unwrap_or(metrics.headline().0);
        writeln!(out, "\neach member alone:")?;
        for (r, metrics) in members.iter().enumerate() {
            let (name, value) = (measure.name(), measure.text(measure.value(metrics)));
            writeln!(
                out,
                "member {}  {name} {value}  loss {:.4}",
                r + 1,
                metrics.loss
            )?;
        }
    }
    if let Some(report) = &found.classes {
        show_threshold(out, report, found.threshold)?;
        show_classes(out, report)?;
    }
    if let Some(found) = &found.coverage {
        coverage::show(out, found)?;
    }
    if let Some(baselines) = &found.baselines {
        let measure = trained.experiment.train.select;
        let measure = measure.unwrap_or(metrics.headline().0);
        let words = words.strip_suffix(" rows").unwrap_or("same");
        writeln!(out)?;
        show_baselines(out, baselines, (words, measure), metrics)?;
    }
    Ok(())
}

/// What answering the second class from another threshold comes to; the metrics above are those of 0.5.
fn show_threshold(
    out: &mut impl Write,
    report: &ClassReport,
    threshold: Option<f64>,
) -> Result<()> {
    let (Some(threshold), [first, second]) = (threshold, &report.classes[..]) else {
        return Ok(());
    };
    let [[_, wrong_yes], [wrong_no, _]] =
        [&report.confusion[0][..], &report.confusion[1][..]].map(|row| [row[0], row[1]]);
    let rows = first.rows + second.rows;
    let errors = wrong_yes + wrong_no;
    let rate = 100.0 * errors as f64 / rows.max(1) as f64;
    let (yes, no) = (&second.class, &first.class);
    Ok(writeln!(
        out,
        "\nanswering `{yes}` where its probability is above {threshold}: {errors} errors ({rate:.2} %), {wrong_yes} of `{no}` taken \
         for `{yes}` and {wrong_no} of `{yes}` for `{no}`"
    )?)
}

/// Each class, those that are told worst first where there are many; and which are taken for which.
fn show_classes(out: &mut impl Write, report: &ClassReport) -> Result<()> {
    const LISTED: usize = 20;
    const CONFUSED: usize = 12;
    let mut classes: Vec<&ClassScores> = report.classes.iter().collect();
    if classes.len() > LISTED {
        classes.sort_by(|a, b| a.f1.unwrap_or(2.0).total_cmp(&b.f1.unwrap_or(2.0)));
        writeln!(
            out,
            "\nthe {LISTED} of {} classes that are told worst:",
            classes.len()
        )?;
    } else {
        writeln!(out)?;
    }
    let listed = &classes[..classes.len().min(LISTED)];
    let longest = listed.iter().map(|class| class.class.chars().count());
    let width = longest.max().unwrap_or(0).clamp(5, 40);
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    writeln!(
        out,
        "{:<width$}  {:>7}  {:>9}  {:>7}  {:>9}  {:>7}  {:>7}  {:>9}",
        "class", "rows", "predicted", "recall", "precision", "F1", "ROC AUC", "avg prec"
    )?;
    for class in listed {
        let ClassScores {
            class,
            rows,
            predicted,
            recall,
            precision,
            f1,
            roc_auc,
            average_precision,
        } = class;
        let [recall, precision, f1, area, average] =
            [recall, precision, f1, roc_auc, average_precision].map(|value| number(*value));
        writeln!(
            out,
            "{class:<width$}  {rows:>7}  {predicted:>9}  {recall:>7}  {precision:>9}  {f1:>7}  {area:>7}  {average:>9}"
        )?;
    }
    if report.classes.len() > CONFUSED {
        return Ok(());
    }
    writeln!(out, "\n{:<width$}  predicted", "true")?;
    let cell = |text: &str| format!("  {text:>7.12}");
    let names: String = report
        .classes
        .iter()
        .map(|class| cell(&class.class))
        .collect();
    writeln!(out, "{:<width$}{names}", "")?;
    for (class, counts) in report.classes.iter().zip(&report.confusion) {
        let counts: String = counts
            .iter()
            .map(|count| cell(&count.to_string()))
            .collect();
        writeln!(out, "{:<width$}{counts}", class.class)?;
    }
    Ok(())
}
