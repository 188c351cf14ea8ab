//! An ensemble whose members leave out a fold each (`train.cross_validation`). Which rows those are is found out from what they learn.

use dropwise::data::{Dataset, Target, Task};
use dropwise::evaluate::Evaluation;
use dropwise::train::{End, Observer, Report, Trainer};
use dropwise::{Error, Mlp, Result, evaluate};

use crate::common::rows::{bits, experiment};
use crate::common::{backends, in_memory};

const TRAIN: &str = "optimizer = 'adam'\nlearning_rate = 0.03\nbatch_size = 3\nepochs = 12";

/// 11 rows of 3 inputs; the first input of row `changed` is another.
fn rows(task: &Task, changed: Option<usize>) -> Dataset {
    let mut inputs: Vec<f64> = (0..33)
        .map(|k| f64::from(k * 37 % 11) / 5.0 - 1.0)
        .collect();
    if let Some(row) = changed {
        inputs[3 * row] += 0.5;
    }
    let target = |row: usize| match task {
        Task::Classification { .. } => {
            let class = usize::from(row % 4 == 1);
            [f64::from(class == 0), f64::from(class == 1)]
        }
        _ => [row as f64 / 7.0 - 1.0, (row as f64).sin()],
    };
    let targets: Vec<f64> = (0..11).flat_map(target).collect();
    in_memory::dataset(task.clone(), 3, &inputs, &targets)
}

fn numbers() -> Task {
    let target = |name: &str| Target {
        name: name.to_owned(),
        mean: 0.0,
        deviation: 1.0,
    };
    Task::Regression {
        targets: vec![target("a"), target("b")],
    }
}

fn classes() -> Task {
    Task::Classification {
        classes: ["no", "yes"].map(str::to_owned).to_vec(),
    }
}

/// The last evaluation.
#[derive(Default)]
struct Last(Option<Evaluation>);

impl Observer for Last {
    fn evaluated(&mut self, _: &Trainer<'_>, report: &Report) -> Result<()> {
        assert!(report.train.is_none());
        self.0 = report.validation.clone();
        Ok(())
    }
}

fn trained(train: &str, data: &Dataset) -> (Vec<Mlp>, Evaluation) {
    let experiment = experiment("float32", "hidden = 0.2", train);
    let (_, device) = backends().remove(0);
    let mut trainer = Trainer::new(&experiment, data, None, &device).expect("a trainer");
    let mut last = Last::default();
    let end = trainer.run(&mut last).expect("a good end");
    assert_eq!(end, End::Finished);
    (trainer.members().to_vec(), last.0.expect("an evaluation"))
}

/// Of each row, which members learn the same whatever is in it.
fn left_out(train: &str, task: &Task) -> Vec<Vec<bool>> {
    let weights = |changed| -> Vec<Vec<u64>> {
        let (members, _) = trained(train, &rows(task, changed));
        let weights = members.iter().map(|member| member.weights());
        weights
            .map(|found| bits(&found.expect("weights")))
            .collect()
    };
    let before = weights(None);
    let same = |row| {
        let after = weights(Some(row));
        before.iter().zip(&after).map(|(a, b)| a == b).collect()
    };
    (0..11).map(same).collect()
}

#[test]
fn each_row_is_left_out_by_the_members_of_one_fold_and_by_no_other() {
    for (ensemble, folds) in [(3, 3), (4, 2)] {
        let train = format!("{TRAIN}\nensemble = {ensemble}\ncross_validation = {folds}");
        let mut sizes = vec![0; folds];
        for members in left_out(&train, &numbers()) {
            let fold = members.iter().position(|same| *same).expect("a member");
            let expected: Vec<bool> = (0..ensemble).map(|r| r % folds == fold % folds).collect();
            assert_eq!(members, expected);
            sizes[fold] += 1;
        }
        // As large as each other but for one row.
        let (least, most) = (sizes.iter().min(), sizes.iter().max());
        assert!(least >= most.map(|most| most - 1).as_ref(), "{sizes:?}");
    }
}

#[test]
fn each_fold_has_its_share_of_each_class() {
    let train = format!("{TRAIN}\nensemble = 3\ncross_validation = 3");
    let mut counts = [[0; 2]; 3];
    for (row, members) in left_out(&train, &classes()).iter().enumerate() {
        let fold = members.iter().position(|same| *same).expect("a member");
        counts[fold][usize::from(row % 4 == 1)] += 1;
    }
    // 8 rows of the one and 3 of the other.
    for [no, yes] in counts {
        assert!((2..=3).contains(&no) && yes == 1, "{counts:?}");
    }
}

#[test]
fn what_is_judged_is_what_members_say_of_the_rows_that_they_left_out() {
    for task in [numbers(), classes()] {
        for (ensemble, folds) in [(3, 3), (4, 2)] {
            let train = format!("{TRAIN}\nensemble = {ensemble}\ncross_validation = {folds}");
            let data = rows(&task, None);
            let (members, found) = trained(&train, &data);
            let loss = experiment("float32", "", &train)
                .resolve(&task)
                .expect("an experiment")
                .loss();
            let mut sum = 0.0;
            for (row, left_out) in left_out(&train, &task).iter().enumerate() {
                let judges = members.iter().zip(left_out);
                let judges: Vec<Mlp> = judges
                    .filter(|(_, left_out)| **left_out)
                    .map(|(member, _)| member.clone())
                    .collect();
                let expected = evaluate(&judges, loss, &data.select(&[row])).expect("metrics");
                sum += expected.metrics.loss;
                for (a, b) in found.predictions[2 * row..]
                    .iter()
                    .zip(&expected.predictions)
                {
                    assert!((a - b).abs() < 1e-5, "{a} {b}");
                }
            }
            let loss = found.metrics.loss;
            assert!((loss - sum / 11.0).abs() < 1e-5, "{loss} {}", sum / 11.0);
            assert_eq!(found.metrics.rows, 11);
        }
    }
}

#[test]
fn the_judgment_chooses_the_step_and_ends_the_training() {
    let train = "optimizer = 'adam'\nlearning_rate = 0.1\nbatch_size = 3\nepochs = 400\nensemble = 3\ncross_validation = 3\n\
                 early_stopping = { patience = 4 }";
    let (data, (_, device)) = (rows(&numbers(), None), backends().remove(0));
    let experiment = experiment("float32", "", train);
    let mut trainer = Trainer::new(&experiment, &data, None, &device).expect("a trainer");
    let end = trainer.run(&mut ()).expect("a good end");
    assert_eq!(end, End::StoppedEarly);
    let (best, step) = trainer.best_members().expect("the best");
    // 7 of 11 rows, for one fold has 4 of them, are 3 steps an epoch.
    assert_eq!((step % 3, trainer.step()), (0, step + 4 * 3));
    let loss = |members: &[Mlp]| {
        let found = trainer.cross_validate(members).expect("an evaluation");
        found.expect("folds").metrics.loss
    };
    assert!(loss(best) < loss(trainer.members()));
}

#[test]
fn folds_and_validation_rows_exclude_each_other_and_there_are_no_more_folds_than_rows() {
    let (data, (_, device)) = (rows(&numbers(), None), backends().remove(0));
    let refused = |folds: usize, validation: Option<&Dataset>| {
        let train = format!("{TRAIN}\nensemble = {folds}\ncross_validation = {folds}");
        let experiment = experiment("float32", "", &train);
        match Trainer::new(&experiment, &data, validation, &device) {
            Err(error @ Error::InvalidValue { .. }) => error.to_string(),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("accepted"),
        }
    };
    let found = refused(3, Some(&data));
    assert!(found.contains("no validation rows") && found.ends_with("11 validation rows"));
    let found = refused(12, None);
    assert!(
        found.contains("at most the number of training rows, 11"),
        "{found}"
    );
}
