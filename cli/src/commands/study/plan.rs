//! What to train: every setting, all checked before the first is trained.

use dropwise::backend::Backend;
use dropwise::config::{DataConfig, Experiment, Masks, ResolvedExperiment};
use dropwise::data::{Part, Splits};
use dropwise::evaluate::Measure;
use dropwise::{Dataset, Error, Result};
use dropwise_lab::study::{Setting, StudySummary};
use sha2::{Digest, Sha256};

use super::super::output::Style;
use super::super::overrides::{self, Override, Vary};
use super::super::sweep::SweepPart;
use super::super::{BURN_VERSION, reading};
use super::{Args, END_UNFINISHED};

/// Every setting, and the data that they are trained on.
pub(super) struct Plan {
    /// What of it this process trains.
    part: SweepPart,
    keys: Vec<String>,
    split: Part,
    pub(super) points: Vec<Point>,
    /// Mostly one: a study may vary keys of `[data]` too.
    data: Vec<(DataConfig, u64, Splits)>,
    /// Whether the file asks for validation rows, in place of folds.
    validates: bool,
    sha256: String,
}

/// One setting.
pub(super) struct Point {
    pub(super) setting: Setting,
    pub(super) experiment: ResolvedExperiment,
    pub(super) backend: Backend,
    /// Its places in the plan's data: one, or one for each fold of a cross-validation.
    data: Vec<usize>,
}

impl Plan {
    pub(super) fn of(args: &Args) -> Result<Self> {
        let keys: Vec<_> = args.vary.iter().map(|vary| vary.key().to_owned()).collect();
        Vary::refuse_twice(&args.vary)?;
        let (mut points, mut data) = (vec![], vec![]);
        let (mut stops_early, mut left_out, mut validates) = (false, vec![], false);
        for values in Vary::product(&args.vary) {
            let (mut experiment, backend) = experiment(args, &values)?;
            stops_early |= experiment.train.early_stopping.take().is_some();
            let train = &mut experiment.train;
            for (key, value, why) in [
                (
                    "train.ensemble",
                    &mut train.ensemble,
                    "a study looks at each network by itself",
                ),
                (
                    "train.shards",
                    &mut train.shards,
                    "a study trains networks at once, each as it is",
                ),
            ] {
                let is_asked_for = args.experiment.changes(key, &values);
                let words = overrides::leave_out((key, value), is_asked_for, why)?;
                left_out.extend(words.filter(|words| !left_out.contains(words)));
            }
            let words = overrides::fold_networks(&mut experiment);
            left_out.extend(words.filter(|words| !left_out.contains(words)));
            let experiment = experiment.check()?;
            validates |= experiment
                .data
                .split
                .as_ref()
                .is_some_and(|split| split.validates());
            let mut places = vec![];
            for config in data_of(&experiment)? {
                places.push(place_of((config, experiment.seed), &mut data)?);
            }
            let task = data[places[0]].2.train.task();
            points.push(Point {
                setting: Vary::setting(&values)?,
                experiment: experiment.resolve(task)?,
                backend,
                data: places,
            });
        }
        let has_validation = data
            .iter()
            .all(|(_, _, splits)| splits.validation.is_some());
        let default_split = if has_validation {
            Part::Validation
        } else {
            Part::Train
        };
        let mut plan = Plan {
            part: args.sweep.part(),
            keys,
            split: args.split.unwrap_or(default_split),
            points,
            data,
            validates,
            sha256: String::new(),
        };
        plan.sha256 = plan.hash()?;
        for point in &plan.points {
            for splits in plan.folds(point) {
                plan.rows(splits)?;
            }
        }
        plan.warn(stops_early, left_out);
        Ok(plan)
    }

    fn warn(&self, stops_early: bool, mut warnings: Vec<String>) {
        if stops_early {
            warnings.push(
                "`train.early_stopping` is left out: a study trains all networks to the last step"
                    .to_owned(),
            );
        }
        warnings.extend(
            self.data
                .iter()
                .flat_map(|(_, _, splits)| splits.notes.clone()),
        );
        for warning in self
            .points
            .iter()
            .flat_map(|point| point.experiment.warnings())
        {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        let study = self.first().experiment.study;
        if study.cross_validation.is_some() && self.validates {
            warnings.push(
                "`data.split.validation` is left out: each fold is measured on in turn".to_owned(),
            );
        }
        if study.replicas == 1 && study.cross_validation.is_none() {
            warnings.push(
                "one network per setting shows no spread: add networks with --replicas".to_owned(),
            );
        }
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
    }

    /// The first setting; there is one even if nothing is varied.
    pub(super) fn first(&self) -> &Point {
        &self.points[0]
    }

    fn splits(&self, point: &Point) -> &Splits {
        &self.data[point.data[0]].2
    }

    /// The data of a setting: one, or one for each fold of a cross-validation.
    pub(super) fn folds(&self, point: &Point) -> impl Iterator<Item = &Splits> {
        let places = point.data.clone().into_iter();
        places.map(|place| &self.data[place].2)
    }

    /// What of it this process trains.
    pub(super) fn part(&self) -> SweepPart {
        self.part
    }

    /// The settings of this process's part, with their places in the plan.
    pub(super) fn points_of_part(&self) -> impl Iterator<Item = (usize, &Point)> {
        let points = self.points.iter().enumerate();
        points.filter(|(k, _)| self.part.has(*k))
    }

    /// How often networks are trained.
    pub(super) fn trainings(&self) -> usize {
        let points = self.points_of_part();
        points.map(|(_, point)| point.data.len()).sum()
    }

    /// The hash of all that the outcomes follow from: every setting's configuration, wherever its files are, the data, the rows that
    /// are measured, and the versions.
    pub(super) fn sha256(&self) -> &str {
        &self.sha256
    }

    fn hash(&self) -> Result<String> {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        add(env!("CARGO_PKG_VERSION"));
        add(BURN_VERSION);
        add(self.split.name());
        for point in &self.points {
            let anywhere = overrides::without_paths(&point.experiment)?;
            add(&overrides::write(&anywhere)?);
            self.folds(point).for_each(|splits| add(&splits.hash));
        }
        Ok(hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect())
    }

    /// The rows that networks are measured on.
    pub(super) fn rows<'a>(&self, splits: &'a Splits) -> Result<&'a Dataset> {
        let rows = splits.part(self.split);
        let found = format!("no {} rows", self.split.word());
        rows.ok_or_else(|| Error::invalid("--split", "rows that the data have", found))
    }

    /// The summary of a study that has no results yet.
    pub(super) fn summary(&self) -> Result<StudySummary> {
        let first = self.first();
        let measures: Vec<_> = self
            .points
            .iter()
            .map(|point| self.measure(point))
            .collect();
        let same = measures.iter().all(|measure| *measure == measures[0]);
        let measure = if same {
            measures[0]
        } else {
            Measure::MeanAbsoluteError // that every loss and task has
        };
        Ok(StudySummary {
            dropwise: env!("CARGO_PKG_VERSION"),
            burn: BURN_VERSION,
            backend: first.backend.to_string(),
            data_sha256: self.splits(first).hash.clone(),
            keys: self.keys.clone(),
            seed: first.experiment.seed,
            replicas: first.experiment.study.replicas,
            cross_validation: first.experiment.study.cross_validation,
            split: self.split.name(),
            measure,
            plan_sha256: self.sha256.clone(),
            part: (!self.part.is_whole()).then(|| self.part.to_string()),
            end: END_UNFINISHED,
            settings: vec![],
        })
    }

    fn measure(&self, point: &Point) -> Measure {
        let loss = point.experiment.loss();
        let splits = self.splits(point);
        let measure = point.experiment.train.select;
        measure.unwrap_or(Measure::of(
            loss,
            splits.train.task(),
            splits.validation.is_some(),
        ))
    }
}

/// The experiment of one setting.
fn experiment(args: &Args, values: &[Override]) -> Result<(Experiment, Backend)> {
    let (mut experiment, backend) = args.experiment.read(&args.config, values)?;
    experiment.study.replicas = args.replicas.unwrap_or(experiment.study.replicas);
    if args.experiment.changes("train.early_stopping", values) {
        overrides::refuse_early_stopping(
            &experiment,
            "a study trains all networks to the last step",
        )?;
    }
    let masks_are_asked_for = args.experiment.changes("dropout.masks", values);
    seed_masks(&mut experiment, masks_are_asked_for)?;
    overrides::seed_split(&mut experiment);
    Ok((experiment, backend))
}

/// Networks trained at once each have seeded masks of their own, whatever the file has for a training alone.
fn seed_masks(experiment: &mut Experiment, are_asked_for: bool) -> Result<()> {
    let masks = std::mem::take(&mut experiment.dropout.masks);
    if masks == Masks::Seeded || !are_asked_for {
        return Ok(());
    }
    Err(Error::invalid(
        "dropout.masks",
        "`seeded`, so that each network has masks of its own",
        "`framework`",
    ))
}

/// The data of an experiment, one for each fold of a cross-validation.
fn data_of(experiment: &Experiment) -> Result<Vec<DataConfig>> {
    match experiment.study.cross_validation {
        Some(folds) => experiment.data.folds(folds),
        None => Ok(vec![experiment.data.clone()]),
    }
}

/// The place of data in `loaded`; data that are not there are loaded first.
fn place_of(
    (config, seed): (DataConfig, u64),
    loaded: &mut Vec<(DataConfig, u64, Splits)>,
) -> Result<usize> {
    let known = loaded
        .iter()
        .position(|(other, other_seed, _)| *other == config && *other_seed == seed);
    if let Some(place) = known {
        return Ok(place);
    }
    let splits = reading::load(&config, seed, Style::Words)?;
    loaded.push((config, seed, splits));
    Ok(loaded.len() - 1)
}
