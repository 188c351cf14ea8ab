//! How sure an answer is, as fields and as JSON.

use dropwise::data::Task;
use dropwise::evaluate::Spread;
use serde::Serialize;

use super::super::sure::Sure;
use super::answer::{Prediction, number};

/// What stands beside the prediction of a row.
#[derive(Serialize)]
pub(super) struct RowSpread<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    std: Option<Prediction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower: Option<Prediction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper: Option<Prediction<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entropy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutual_information: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction_set: Option<Vec<&'a str>>,
}

impl<'a> RowSpread<'a> {
    /// The names of the fields, those of several targets with their names before them.
    pub(super) fn head(task: &Task, sure: &Sure) -> Vec<String> {
        let Task::Regression { targets } = task else {
            let mut head = Vec::new();
            if sure.is_spread() {
                head.extend(["entropy", "mutual_information"]);
            }
            head.extend(sure.conformal.as_ref().map(|_| "prediction_set"));
            return head.into_iter().map(str::to_owned).collect();
        };
        let mut kinds = Vec::new();
        kinds.extend(sure.is_spread().then_some("std"));
        if sure.conformal.is_some() {
            kinds.extend(["lower", "upper"]);
        }
        let name = |kind: &str, target: &str| match targets.len() {
            1 => kind.to_owned(),
            _ => format!("{target}_{kind}"),
        };
        let names = kinds.iter().flat_map(|kind| {
            let targets = targets.iter();
            targets.map(|target| name(kind, &target.name))
        });
        names.collect()
    }

    /// That of one row.
    pub(super) fn of(task: &'a Task, sure: &Sure, (spread, row): (&Spread, usize)) -> Self {
        let (mean, deviation) = (spread.mean_of(row), spread.deviation_of(row));
        let mut found = RowSpread {
            std: None,
            lower: None,
            upper: None,
            entropy: None,
            mutual_information: None,
            prediction_set: None,
        };
        let Task::Regression { .. } = task else {
            if sure.is_spread() {
                found.entropy = Some(spread.entropy(row));
                found.mutual_information = Some(spread.mutual_information(row));
            }
            let names = |class: &usize| task.classes()[*class].as_str();
            let conformal = sure.conformal.as_ref();
            found.prediction_set =
                conformal.map(|conformal| conformal.set(mean).iter().map(names).collect());
            return found;
        };
        found.std = sure
            .is_spread()
            .then(|| Prediction::of_numbers(task, deviation));
        if let Some(conformal) = &sure.conformal {
            let pairs = mean.iter().zip(deviation).enumerate();
            let interval = |(k, (mean, deviation)): (usize, (&f64, &f64))| {
                let [lower, upper] = conformal.interval(k, (*mean, *deviation));
                (lower, upper)
            };
            let (lower, upper): (Vec<f64>, Vec<f64>) = pairs.map(interval).unzip();
            found.lower = Some(Prediction::of_numbers(task, &lower));
            found.upper = Some(Prediction::of_numbers(task, &upper));
        }
        found
    }

    /// The fields of a table's line; a set of classes is a list in JSON.
    pub(super) fn fields(&self) -> Vec<String> {
        let numbers = [&self.std, &self.lower, &self.upper];
        let mut fields: Vec<String> = numbers
            .into_iter()
            .flatten()
            .flat_map(Prediction::fields)
            .collect();
        let numbers = [self.entropy, self.mutual_information];
        fields.extend(numbers.iter().flatten().map(number));
        let set = self.prediction_set.as_ref();
        fields.extend(set.map(|names| serde_json::json!(names).to_string()));
        fields
    }
}
