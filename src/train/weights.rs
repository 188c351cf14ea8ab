//! What each training row counts.

use crate::config::ResolvedExperiment;
use crate::data::Dataset;
use crate::evaluate::predicted_class;

/// What each row of `data` counts in the training loss, 1 on average: the row's own weight times its class's. None where all
/// count the same.
pub(super) fn weights(experiment: &ResolvedExperiment, data: &Dataset) -> Option<Vec<f64>> {
    let own: Vec<Option<f64>> = (0..data.len()).map(|row| data.weight(row)).collect();
    let of_classes = experiment.train.class_weight.as_ref();
    if of_classes.is_none() && own.iter().all(Option::is_none) {
        return None;
    }
    let mut weights: Vec<f64> = own.iter().map(|weight| weight.unwrap_or(1.0)).collect();
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
pub(super) fn columns(weights: impl Iterator<Item = f64>, d_output: usize) -> Vec<f64> {
    weights
        .flat_map(|weight| std::iter::repeat_n(weight, d_output))
        .collect()
}
