//! Which rows a step takes.

use dropwise::Dataset;
use dropwise::config::CheckedExperiment;
use dropwise::train::Trainer;

use super::{AfterEachStep, course, descended, gradients, trainer};
use crate::common::assert_layers_close;
use crate::common::rows::{Rows, bits, experiment, with_seed};

const ROWS: usize = 10;

/// Evaluation reads rows too: it is put off to the last step.
fn mini_batches(epochs: usize) -> CheckedExperiment {
    let train =
        format!("learning_rate = 0.1\nbatch_size = 4\nepochs = {epochs}\nevaluate_every = 1000");
    experiment("float64", "", &train)
}

/// The rows that each step reads.
fn batches(experiment: &CheckedExperiment) -> Vec<Vec<usize>> {
    let rows = Rows::random(ROWS, 1);
    let seen = rows.seen();
    let data = Dataset::new(rows);
    let mut trainer = trainer(experiment, &data);
    let steps = trainer.steps();
    let mut batches = Vec::new();
    let mut observer = AfterEachStep(|_: &Trainer<'_>| batches.push(seen.take()));
    trainer.run(&mut observer).expect("a good end");
    // The last step is told after the evaluation, which reads all rows in their own order.
    let last = batches.last_mut().expect("a step");
    let evaluated = last.split_off(last.len() - ROWS);
    assert!(evaluated.into_iter().eq(0..ROWS));
    assert_eq!(batches.len(), steps);
    batches
}

/// The order of the rows in each epoch.
fn orders(experiment: &CheckedExperiment) -> Vec<Vec<usize>> {
    batches(experiment).chunks(3).map(<[_]>::concat).collect()
}

#[test]
fn an_epoch_takes_every_row_once_and_the_last_batch_has_what_is_left() {
    let batches = batches(&mini_batches(6));
    assert_eq!(batches.len(), 18);
    for epoch in batches.chunks(3) {
        let sizes: Vec<usize> = epoch.iter().map(Vec::len).collect();
        assert_eq!(sizes, [4, 4, 2]);
        let mut rows = epoch.concat();
        rows.sort_unstable();
        assert!(rows.into_iter().eq(0..ROWS));
    }
}

#[test]
fn the_order_differs_between_epochs_and_seeds_and_is_the_same_for_the_same_seed() {
    let orders_of = |seed| orders(&with_seed(&mini_batches(6), seed));
    let first = orders_of(1);
    for (k, order) in first.iter().enumerate() {
        assert!(!first[..k].contains(order), "epoch {k} repeats another");
        assert!(
            !order.iter().copied().eq(0..ROWS),
            "epoch {k} is not shuffled"
        );
    }
    assert_eq!(orders_of(1), first);
    let other = orders_of(2);
    assert!(other.iter().all(|order| !first.contains(order)));
}

#[test]
fn every_row_comes_first_about_as_often() {
    let orders = orders(&mini_batches(1000));
    for row in 0..ROWS {
        let first = orders.iter().filter(|order| order[0] == row).count() as f64;
        // Binomial: 100 of 1,000, standard deviation 9.5.
        assert!((first - 100.0).abs() < 4.0 * 9.5, "row {row}: {first}");
    }
}

#[test]
fn a_full_batch_takes_all_rows_in_their_own_order() {
    let experiment = experiment(
        "float64",
        "",
        "learning_rate = 0.1\nsteps = 3\nevaluate_every = 9",
    );
    let rows = Rows::random(ROWS, 1);
    let seen = rows.seen();
    let data = Dataset::new(rows);
    trainer(&experiment, &data)
        .run(&mut ())
        .expect("a good end");
    // Read once for all steps, and once for the evaluation at the end.
    assert!(seen.take().into_iter().eq((0..ROWS).chain(0..ROWS)));
}

#[test]
fn a_batch_size_over_the_number_of_rows_is_all_rows_shuffled() {
    let train = "learning_rate = 0.1\nbatch_size = 999\nepochs = 3\nevaluate_every = 9";
    let batches = batches(&experiment("float64", "", train));
    assert_eq!(batches.len(), 3);
    for batch in batches {
        assert!(!batch.iter().copied().eq(0..ROWS), "shuffled");
        assert_eq!(batch.len(), ROWS);
    }
}

#[test]
fn each_step_descends_the_loss_of_its_own_rows_also_in_a_partial_batch() {
    let experiment = mini_batches(2);
    let all = Rows::random(ROWS, 1);
    let (inputs, targets) = (all.inputs(), all.targets());
    let batches = batches(&experiment);
    let data = Dataset::new(all);
    let course = course(trainer(&experiment, &data));
    for (step, (pair, rows)) in course.windows(2).zip(&batches).enumerate() {
        let pick = |values: &[f64], width: usize| -> Vec<f64> {
            let row = |row: &usize| values[row * width..][..width].to_vec();
            rows.iter().flat_map(row).collect()
        };
        let batch = Rows::new((3, pick(&inputs, 3)), (2, pick(&targets, 2)));
        let expected = descended(&pair[0], &gradients(&pair[0], &batch), 0.1);
        assert_layers_close(&format!("step {}", step + 1), &pair[1], &expected, 1e-13);
    }
    assert_ne!(bits(&course[0]), bits(&course[6]));
}
