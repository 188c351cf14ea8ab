//! The training rows as a step takes them.

use std::sync::OnceLock;

use burn::tensor::{DType, Device, Int, Tensor};

use crate::backend::write;
use crate::config::{Loss, ResolvedExperiment};
use crate::data::Dataset;
use crate::evaluate::predicted_class;

/// Inputs, `[rows, d_input]`, targets, `[rows, d_output]`, and what each row counts, in all columns of its targets; none where all count
/// the same. They have no graph.
pub(super) type Tensors = (Tensor<2>, Tensor<2>, Option<Tensor<2>>);

/// The rows that networks are trained on.
pub(super) struct Rows {
    data: Dataset,
    loss: Loss,
    label_smoothing: f64,
    /// What each counts; none where all count the same.
    weights: Option<Vec<f64>>,
    /// Without autodiff.
    pub(super) device: Device,
    pub(super) dtype: DType,
    /// Whether all stay on the device.
    are_held: bool,
    all: OnceLock<Tensors>,
}

impl Rows {
    /// The rows of `data` on a device without autodiff. They all stay there if they `stay` and memory holds them; else each step reads
    /// its own.
    pub(super) fn new(
        experiment: &ResolvedExperiment,
        data: &Dataset,
        (device, dtype): (Device, DType),
        stay: bool,
    ) -> Self {
        Rows {
            loss: experiment.loss(),
            label_smoothing: experiment.train.label_smoothing,
            weights: weights(experiment, data),
            are_held: stay && !data.is_on_disk(),
            data: data.clone(),
            device,
            dtype,
            all: OnceLock::new(),
        }
    }

    /// Whether some rows count more than others.
    pub(super) fn are_weighted(&self) -> bool {
        self.weights.is_some()
    }

    /// All rows. They stay on the device.
    pub(super) fn all(&self) -> &Tensors {
        self.all.get_or_init(|| self.read(None))
    }

    /// These rows, counted from 0.
    pub(super) fn at(&self, rows: &[u32]) -> Tensors {
        if !self.are_held {
            let rows: Vec<usize> = rows.iter().map(|row| *row as usize).collect();
            return self.read(Some(&rows));
        }
        let places: Vec<i32> = rows.iter().map(|row| *row as i32).collect();
        let places = Tensor::<1, Int>::from_data(&places[..], &self.device);
        let (inputs, targets, weights) = self.all();
        let look_up = |from: &Tensor<2>| from.clone().select(0, places.clone());
        (
            look_up(inputs),
            look_up(targets),
            weights.as_ref().map(look_up),
        )
    }

    /// Takes notice of rows that are asked for soon.
    pub(super) fn read_ahead(&self, rows: &[u32]) {
        if self.data.is_on_disk() {
            self.data.read_ahead(rows.iter().map(|row| *row as usize));
        }
    }

    fn read(&self, rows: Option<&[usize]>) -> Tensors {
        let options = (&self.device, self.dtype);
        let d_output = self.data.d_output();
        let part = rows.map_or_else(|| self.data.clone(), |rows| self.data.select(rows));
        let weights = self.weights.as_ref().map(|weights| {
            let values = match rows {
                Some(rows) => columns(rows.iter().map(|row| weights[*row]), d_output),
                None => columns(weights.iter().copied(), d_output),
            };
            write(&values, [part.len(), d_output], &options.into())
        });
        let targets = part.targets(options);
        let targets = self.loss.smoothed(targets, self.label_smoothing);
        (part.inputs(options), targets, weights)
    }
}

/// What each row of `data` counts in the training loss, 1 on average: the row's own weight times its class's. None where all
/// count the same.
fn weights(experiment: &ResolvedExperiment, data: &Dataset) -> Option<Vec<f64>> {
    let own = || (0..data.len()).map(|row| data.weight(row));
    let of_classes = experiment.train.class_weight.as_ref();
    if of_classes.is_none() && own().all(|weight| weight.is_none()) {
        return None;
    }
    let mut weights: Vec<f64> = own().map(|weight| weight.unwrap_or(1.0)).collect();
    if let Some(of_classes) = of_classes {
        let task = data.task();
        let class = |row: usize| predicted_class(task, &data.target_row(row));
        let classes: Vec<Option<usize>> = (0..data.len()).map(class).collect();
        let mut counts = vec![0; task.classes().len()];
        classes
            .iter()
            .flatten()
            .for_each(|class| counts[*class] += 1);
        let of_classes = of_classes.of_classes(task.classes(), &counts);
        for (weight, class) in weights.iter_mut().zip(&classes) {
            *weight *= class.map_or(1.0, |class| of_classes[class]);
        }
    }
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    // Where nothing counts there is nothing to scale.
    if mean > 0.0 {
        weights.iter_mut().for_each(|weight| *weight /= mean);
    }
    Some(weights)
}

/// The weights of some rows, each in as many columns as there are targets.
fn columns(weights: impl Iterator<Item = f64>, d_output: usize) -> Vec<f64> {
    weights
        .flat_map(|weight| std::iter::repeat_n(weight, d_output))
        .collect()
}
