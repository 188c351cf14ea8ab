//! A trained network, ready for use on rows from outside.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use burn::tensor::{Device, Element, Tensor};
use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::snapshot;
use super::stored::{ModelName, StoredRun, open_for_reading};
use super::weights::{member_prefix, to_tensors};
use dropwise::backend::{Backend, Precision, write};
use dropwise::config::{CheckedExperiment, Experiment, Loss, ResolvedExperiment};
use dropwise::data::{Preprocessing, Splits, Task};
use dropwise::error::{Error, Result};
use dropwise::evaluate::{
    BATCH_ROWS, Sampler, Samples, Spread, are_probabilities, outputs, predictions,
};
use dropwise::model::{LayerWeights, Mlp, MlpConfig};

/// What a run stores of its data: what is to be learned, and how a row from outside becomes inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// What is to be learned.
    pub task: Task,
    /// How a row from outside becomes inputs.
    #[serde(rename = "preparation")]
    pub preprocessing: Preprocessing,
    /// SHA-256 over everything that was read, in hexadecimal.
    pub data_sha256: String,
}

impl Prepared {
    /// What there is to store of the data.
    #[must_use]
    pub fn new(splits: &Splits) -> Self {
        Prepared {
            task: splits.train.task().clone(),
            preprocessing: splits.preprocessing.clone(),
            data_sha256: splits.hash.clone(),
        }
    }

    /// Checks that the rows of `splits` are what the network of the run in `dir` takes and was trained for. Whether
    /// they are made of the very same data is the result.
    ///
    /// # Errors
    /// [`Error::Store`] if other inputs or targets would be made of the data now than training made of them.
    pub fn check(&self, dir: &Path, splits: &Splits) -> Result<bool> {
        let found = Prepared::new(splits);
        if found.task != self.task || !found.preprocessing.is_as_kept(&self.preprocessing) {
            return Err(Error::Store {
                path: dir.to_owned(),
                problem: "the data have changed since the network was trained, so that other inputs or targets \
                          would be made of them"
                    .to_owned(),
                fix: "bring the data back, train again, or use `dropwise predict` on new rows"
                    .to_owned(),
            });
        }
        Ok(found.data_sha256 == self.data_sha256)
    }

    /// As JSON, for [`Run::create`](super::Run::create).
    ///
    /// # Errors
    /// [`Error::InvalidValue`] if it cannot be written as JSON, which does not happen.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|cause| Error::invalid("the preprocessing", "JSON", cause))
    }

    /// From a run's `preparation.json`.
    ///
    /// # Errors
    /// [`Error::Store`] if it is damaged.
    pub fn of(run: &StoredRun) -> Result<Self> {
        serde_json::from_str(run.preparation_json()).map_err(|cause| Error::Store {
            path: run.dir().join(super::PREPARATION),
            problem: format!("cannot be read: {cause}"),
            fix: "train again".to_owned(),
        })
    }
}

/// A trained network with all that it takes to use it.
#[derive(Debug)]
pub struct Trained {
    /// The experiment it comes from.
    pub experiment: ResolvedExperiment,
    /// What was stored of the data it was trained on.
    pub prepared: Prepared,
    /// Which of the run's models it is.
    pub name: ModelName,
    /// Whether training has ended; else this is the network of its newest checkpoint.
    pub ended: bool,
    /// What is stored beside the weights: the step they come from.
    pub metadata: BTreeMap<String, String>,
    /// At least one.
    members: Vec<Mlp>,
}

impl Trained {
    /// Loads one of the models of the run in `dir`: without a name the best one where there is one, else
    /// the last; without a backend onto the run's own.
    ///
    /// # Errors
    /// [`Error::Store`] if there is no such run or model, if a file of it is damaged, or if the model does
    /// not fit the run's configuration; [`Error::Config`] if that is not valid; [`Error::Backend`] if the
    /// backend does not start.
    pub fn load(dir: &Path, name: Option<ModelName>, backend: Option<&Backend>) -> Result<Self> {
        let run = open_for_reading(dir)?;
        Untrained::of(&run, backend)?.with_model(&run, name)
    }

    /// As [`load`](Self::load); of a run that has come to no model yet the network of its newest checkpoint that is
    /// intact. Each newer one is reported.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`Error::Store`] if all checkpoints are damaged.
    pub fn load_newest(
        dir: &Path,
        name: Option<ModelName>,
        backend: Option<&Backend>,
        report: &mut dyn FnMut(&Error),
    ) -> Result<Self> {
        let run = open_for_reading(dir)?;
        let untrained = Untrained::of(&run, backend)?;
        if run.has_model(ModelName::Last) {
            return untrained.with_model(&run, name);
        }
        match run.newest_checkpoint(report)? {
            Some((_, checkpoint)) => untrained.with_checkpoint(&run, name, &checkpoint),
            None => untrained.with_model(&run, name),
        }
    }

    /// The network, without a graph; of an ensemble the first.
    #[must_use]
    pub fn network(&self) -> &Mlp {
        &self.members[0]
    }

    /// The networks, without a graph: one, or the members of an ensemble.
    #[must_use]
    pub fn members(&self) -> &[Mlp] {
        &self.members
    }

    /// The loss that the network was trained with, which says what its outputs mean.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.experiment.loss()
    }

    /// Whether the predictions are probabilities of classes: see [`are_probabilities`].
    #[must_use]
    pub fn gives_probabilities(&self) -> bool {
        let output = self.network().output_activation();
        are_probabilities(self.loss(), output, &self.prepared.task)
    }

    /// The predictions for rows of inputs, of 64 or 32 bits: see [`predictions`]. Those of an ensemble are the mean of its
    /// members'.
    ///
    /// # Shapes
    /// - `inputs`: `[rows, d_input]`, row after row
    /// - result: `[rows, d_output]`, row after row
    ///
    /// # Errors
    /// [`Error::Shape`] if the inputs do not make whole rows, [`Error::Compute`] if the backend fails.
    pub fn predict<E: Element>(&self, inputs: &[E]) -> Result<Vec<f64>> {
        self.predict_with(&self.members, inputs)
    }

    /// The predictions of each network alone, as [`predict`](Self::predict) gives those of all together.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn predict_each<E: Element>(&self, inputs: &[E]) -> Result<Vec<Vec<f64>>> {
        let alone = |network: &Mlp| self.predict_with(network.as_ref(), inputs);
        self.members.iter().map(alone).collect()
    }

    fn predict_with<E: Element>(&self, members: &[Mlp], inputs: &[E]) -> Result<Vec<f64>> {
        let rows = self.rows_of(inputs)?;
        let outputs = outputs((members, self.loss()), rows, BATCH_ROWS, |place| {
            self.inputs(inputs, place)
        })?;
        Ok(predictions(self.loss(), &self.prepared.task, &outputs))
    }

    /// Networks to ask how sure the answer is: so many thinned networks of each member, with the masks of a seed; without a
    /// number the members themselves.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] as [`Sampler::new`], and for classes whose predictions are not probabilities.
    pub fn sampler(&self, samples: Option<(Samples, u64)>) -> Result<Sampler> {
        let task = &self.prepared.task;
        if !task.classes().is_empty() && !self.gives_probabilities() {
            return Err(Error::invalid(
                "the network's predictions",
                "probabilities of classes, whose spread has a meaning",
                format!("outputs trained with the loss `{}`", self.loss()),
            ));
        }
        match samples {
            Some(samples) => Sampler::new(self.members(), self.loss(), task, samples),
            None => Sampler::of_members(self.members(), self.loss(), task),
        }
    }

    /// What the networks of [`sampler`](Self::sampler) say about rows of inputs, as [`predict`](Self::predict) takes them.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn spread<E: Element>(&self, sampler: &Sampler, inputs: &[E]) -> Result<Spread> {
        let rows = self.rows_of(inputs)?;
        sampler.spread_of(rows, |place| self.inputs(inputs, place))
    }

    /// How many rows these inputs are.
    fn rows_of<E>(&self, inputs: &[E]) -> Result<usize> {
        let [d_input, _] = self.network().dims();
        let rows = inputs.len() / d_input;
        if rows * d_input != inputs.len() {
            return Err(Error::Shape {
                what: "the inputs".to_owned(),
                expected: vec![rows, d_input],
                found: vec![inputs.len()],
            });
        }
        Ok(rows)
    }

    /// The inputs of some rows, on the network's device.
    fn inputs<E: Element>(&self, inputs: &[E], place: Range<usize>) -> Tensor<2> {
        let [d_input, _] = self.network().dims();
        let options = (&self.network().device(), self.network().dtype()).into();
        let inputs = &inputs[place.start * d_input..place.end * d_input];
        write(inputs, [place.len(), d_input], &options)
    }
}

/// All that a run's model is but for the weights.
struct Untrained {
    experiment: ResolvedExperiment,
    prepared: Prepared,
    device: Device,
    precision: Precision,
    shape: MlpConfig,
}

impl Untrained {
    fn of(run: &StoredRun, backend: Option<&Backend>) -> Result<Self> {
        let prepared = Prepared::of(run)?;
        let changed = |error: Error| misfit(&run.dir().join(super::CONFIG), &error);
        let experiment = experiment_of(run)?;
        let experiment = experiment.resolve(&prepared.task).map_err(changed)?;
        let backend = match (backend, &experiment.backend) {
            (Some(backend), _) => backend.clone(),
            (None, Some(name)) => name.parse()?,
            (None, None) => Backend::default(),
        };
        let device = backend.device()?;
        let precision = experiment.precision.check(&device)?;
        let d_input = prepared.preprocessing.d_input();
        Ok(Untrained {
            shape: MlpConfig::from_experiment(&experiment, d_input),
            experiment,
            prepared,
            device,
            precision,
        })
    }

    fn with_model(self, run: &StoredRun, name: Option<ModelName>) -> Result<Trained> {
        let name = name.unwrap_or(if run.has_best() {
            ModelName::Best
        } else {
            ModelName::Last
        });
        let model = run.open_model(name)?;
        let count = self.experiment.train.ensemble;
        let noises = self.shape.noises().enumerate();
        let learned = noises.filter_map(|(k, noise)| noise.logit().map(|_| k));
        let learned: Vec<usize> = learned.collect();
        let member = |r: usize| {
            let to = (&self.device, self.precision);
            let layers = to_tensors(&model, (&member_prefix(r, count), &learned), to)?;
            let network = self.shape.init_with_tensors(layers);
            network.map_err(|error| misfit(&model.path, &error))
        };
        Ok(Trained {
            members: (0..count).map(member).collect::<Result<_>>()?,
            experiment: self.experiment,
            prepared: self.prepared,
            name,
            ended: true,
            metadata: model.metadata,
        })
    }

    fn with_checkpoint(
        self,
        run: &StoredRun,
        name: Option<ModelName>,
        checkpoint: &Checkpoint,
    ) -> Result<Trained> {
        let path = run.checkpoints();
        let snapshot = snapshot::from_checkpoint(&path, checkpoint)?;
        let (name, step, weights) = match (name, snapshot.best) {
            (Some(ModelName::Last), _) | (None, None) => {
                (ModelName::Last, snapshot.step, snapshot.weights)
            }
            (_, Some(best)) => (ModelName::Best, best.step, best.weights),
            // There is none, which is said as it always is.
            (Some(ModelName::Best), None) => return self.with_model(run, name),
        };
        let count = self.experiment.train.ensemble;
        let layers = weights.len().div_ceil(count).max(1);
        let member = |weights: &[LayerWeights]| {
            let options = (&self.device, self.precision.dtype());
            let network = self.shape.init_with_weights(weights, options);
            network.map_err(|error| misfit(&path, &error))
        };
        let members: Vec<Mlp> = weights.chunks(layers).map(member).collect::<Result<_>>()?;
        if members.len() != count {
            let (expected, found) = (vec![count], vec![members.len()]);
            let what = "the members of the ensemble".to_owned();
            let error = Error::Shape {
                what,
                expected,
                found,
            };
            return Err(misfit(&path, &error));
        }
        Ok(Trained {
            members,
            experiment: self.experiment,
            prepared: self.prepared,
            name,
            ended: false,
            metadata: BTreeMap::from([("step".to_owned(), step.to_string())]),
        })
    }
}

/// A file of a run that does not go with the run's other files.
fn misfit(file: &Path, error: &Error) -> Error {
    Error::Store {
        path: file.to_owned(),
        problem: format!("does not fit the run's other files: {error}"),
        fix: "bring back the file that training wrote, or train again".to_owned(),
    }
}

/// The experiment of a run.
///
/// # Errors
/// [`Error::Config`] if the run's `config.toml` was changed to something that is not valid.
pub fn experiment_of(run: &StoredRun) -> Result<CheckedExperiment> {
    let file = run.dir().join(super::CONFIG).display().to_string();
    Experiment::parse(&file, run.config_text())
}
