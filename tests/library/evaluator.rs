//! Rows that come in pieces, and the file for what memory has no room for: laws, and references that compare all pairs of rows.

use std::fs::File;
use std::io;

use dropwise::config::{Activation, Loss, Precision};
use dropwise::data::{Source, Task};
use dropwise::evaluate::{ClassReport, Evaluator, EvaluatorOptions, TemporaryFile};
use dropwise::{Backend, Dataset, Error, Metrics, Mlp, Result, evaluate};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::metrics::{classes, passing_on, regression, two_classes};

/// Rows whose inputs are a network's outputs; neither inputs nor targets have to be numbers.
#[derive(Debug, Clone)]
struct Rows {
    task: Task,
    outputs: Vec<f64>,
    targets: Vec<f64>,
}

impl Rows {
    fn row<'a>(&self, row: usize, of: &'a [f64]) -> &'a [f64] {
        let width = self.task.d_output();
        &of[row * width..][..width]
    }
}

impl Source for Rows {
    fn rows(&self) -> usize {
        self.outputs.len() / self.task.d_output()
    }

    fn d_input(&self) -> usize {
        self.task.d_output()
    }

    fn task(&self) -> &Task {
        &self.task
    }

    fn read_inputs(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(self.row(row, &self.outputs));
    }

    fn read_targets(&self, row: usize, into: &mut [f64]) {
        into.copy_from_slice(self.row(row, &self.targets));
    }
}

fn network(task: &Task) -> Mlp {
    let backend = Backend::default();
    passing_on(
        task.d_output(),
        Activation::Identity,
        &backend,
        Precision::Float64,
    )
}

/// Few numbers, so that many are the same, 0 and -0 among them.
fn coarse() -> impl Strategy<Value = f64> {
    (-6..=6_i32, any::<bool>()).prop_map(|(k, sign)| match (k, sign) {
        (0, true) => -0.0,
        _ => f64::from(k) / 4.0,
    })
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => coarse(), 2 => -3.0..3.0, 1 => Just(1e300), 1 => Just(-1e-300)]
}

/// One kind of task with a loss, and rows for it.
fn any_rows() -> impl Strategy<Value = (Rows, Loss)> {
    let kinds = vec![
        (two_classes(), Loss::BinaryCrossEntropy),
        (two_classes(), Loss::SquaredError),
        (classes(4), Loss::CrossEntropy),
        (classes(3), Loss::SquaredError),
        (regression(&[(0.0, 1.0)]), Loss::MeanSquaredError),
        (
            regression(&[(1950.0, 20.0), (-1.0, 0.5)]),
            Loss::MeanSquaredError,
        ),
    ];
    let rows = |(task, loss): (Task, Loss)| {
        let width = task.d_output();
        (1..120_usize).prop_flat_map(move |count| {
            let task = task.clone();
            let outputs = vec(any_number(), count * width);
            let targets = vec((0..24_usize, coarse()), count * width);
            (outputs, targets).prop_map(move |(outputs, targets)| {
                let one = |(k, (class, number)): (usize, &(usize, f64))| match &task {
                    Task::Regression { .. } => *number,
                    Task::Binary { .. } => f64::from(class % 3 == 0),
                    Task::Classification { .. } => {
                        let (first, _) = targets[k / width * width];
                        f64::from(k % width == first % width)
                    }
                };
                let rows = Rows {
                    task: task.clone(),
                    targets: targets.iter().enumerate().map(one).collect(),
                    outputs,
                };
                (rows, loss)
            })
        })
    };
    proptest::sample::select(kinds).prop_flat_map(rows)
}

/// Makes some outputs and targets not a number.
fn with_holes(rows: &mut Rows, output: Option<usize>, target: Option<usize>) {
    let count = rows.outputs.len();
    if let Some(place) = output {
        rows.outputs[place % count] = f64::NAN;
    }
    if let Some(place) = target {
        let width = rows.task.d_output();
        let row = place % count / width;
        rows.targets[row * width..][..width].fill(f64::NAN);
    }
}

/// What rows come to that are cut into pieces before these places.
fn in_pieces(
    (network, loss): (&Mlp, Loss),
    data: &Dataset,
    cuts: &[usize],
    options: EvaluatorOptions<'_>,
) -> Result<(Metrics, Option<ClassReport>)> {
    let mut evaluator = Evaluator::new((network, loss), data.task(), options)?;
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % data.len()).collect();
    cuts.extend([0, data.len()]);
    cuts.sort_unstable();
    for ends in cuts.windows(2) {
        let rows: Vec<usize> = (ends[0]..ends[1]).collect();
        evaluator.add(&data.select(&rows))?;
    }
    evaluator.finish()
}

/// Equal texts are equal to the last bit, and what is not a number is like itself.
fn text(found: &(Metrics, Option<ClassReport>)) -> String {
    format!("{found:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn any_pieces_and_any_little_memory_give_the_bits_of_all_rows_at_once_in_memory(
        (mut rows, loss) in any_rows(),
        holes in prop_oneof![3 => Just((None, None)), 1 => any::<(Option<usize>, Option<usize>)>()],
        cuts in vec(any::<usize>(), 0..6),
        memory in 0..600_usize,
    ) {
        with_holes(&mut rows, holes.0, holes.1);
        let (network, data) = (network(&rows.task), Dataset::new(rows));
        let whole = evaluate(&network, loss, &data).expect("an evaluation");
        let whole = text(&(whole.metrics, whole.classes));
        let make = tempfile::tempfile;
        let file = TemporaryFile::new(&make);
        let options = EvaluatorOptions { memory, file: Some(&file), ..EvaluatorOptions::default() };
        // The second one goes on in the same file.
        for _ in 0..2 {
            let found = in_pieces((&network, loss), &data, &cuts, options).expect("an evaluation");
            prop_assert_eq!(&text(&found), &whole);
        }
        let in_memory = in_pieces((&network, loss), &data, &cuts, EvaluatorOptions::default());
        prop_assert_eq!(&text(&in_memory.expect("an evaluation")), &whole);
        // A record is held in any case.
        let needs = 8 * data.len() > memory.max(16) && holes == (None, None);
        prop_assert!(file.is_made() || !needs, "{} rows in {memory} bytes", data.len());
    }

    #[test]
    fn what_is_put_in_order_is_what_all_pairs_of_rows_say((rows, loss) in any_rows(), memory in 0..600_usize) {
        let (network, data) = (network(&rows.task), Dataset::new(rows.clone()));
        let make = tempfile::tempfile;
        let file = TemporaryFile::new(&make);
        let options = EvaluatorOptions { memory, file: Some(&file), ..EvaluatorOptions::default() };
        let (metrics, report) = in_pieces((&network, loss), &data, &[], options).expect("an evaluation");
        let predictions = evaluate(&network, loss, &data).expect("an evaluation").predictions;
        let width = rows.task.d_output();
        let column = |of: &[f64], k: usize| -> Vec<f64> { of.iter().skip(k).step_by(width).copied().collect() };
        let Task::Regression { targets } = &rows.task else {
            let report = report.expect("classes");
            for (k, class) in report.classes.iter().enumerate() {
                let (scores, of_class): (Vec<f64>, Vec<bool>) = match &rows.task {
                    Task::Binary { .. } => (
                        predictions.iter().map(|p| if k == 1 { *p } else { -p }).collect(),
                        rows.targets.iter().map(|target| *target == k as f64).collect(),
                    ),
                    _ => (
                        column(&predictions, k),
                        column(&rows.targets, k).iter().map(|target| *target == 1.0).collect(),
                    ),
                };
                let (area, precision) = naive_areas(&scores, &of_class);
                prop_assert!(are_close(class.roc_auc, area), "{:?} is not {area:?}", class.roc_auc);
                prop_assert!(are_close(class.average_precision, precision));
            }
            return Ok(());
        };
        let (mut medians, mut correlations) = (0.0, Some(0.0));
        for (k, scale) in targets.iter().enumerate() {
            let truth = column(&rows.targets, k);
            let truth: Vec<f64> = truth.iter().map(|value| value * scale.deviation + scale.mean).collect();
            let found = column(&predictions, k);
            let errors: Vec<f64> = truth.iter().zip(&found).map(|(a, b)| (a - b).abs()).collect();
            medians += naive_median(&errors) / width as f64;
            let correlation = naive_spearman(&truth, &found);
            correlations = correlations.and_then(|sum| Some(sum + correlation? / width as f64));
        }
        prop_assert!(are_close(metrics.median_absolute_error, Some(medians)));
        prop_assert!(are_close(metrics.spearman, correlations), "{:?} is not {correlations:?}", metrics.spearman);
    }
}

fn are_close(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs().max(1.0),
        (found, expected) => found == expected,
    }
}

fn naive_areas(scores: &[f64], of_class: &[bool]) -> (Option<f64>, Option<f64>) {
    let rows = 0..scores.len();
    let (inside, outside): (Vec<usize>, Vec<usize>) = rows.partition(|row| of_class[*row]);
    let (mut won, mut precision) = (0.0, 0.0);
    for own in &inside {
        for other in &outside {
            won += f64::from(scores[*own] > scores[*other]);
            won += 0.5 * f64::from(scores[*own] == scores[*other]);
        }
        // Each row of the class adds the precision at its own score.
        let from = |rows: &[usize]| rows.iter().filter(|k| scores[**k] >= scores[*own]).count();
        let (right, wrong) = (from(&inside) as f64, from(&outside) as f64);
        precision += right / (right + wrong) / inside.len() as f64;
    }
    let pairs = inside.len() * outside.len();
    (
        (pairs > 0).then(|| won / pairs as f64),
        (!inside.is_empty()).then_some(precision),
    )
}

/// The number that as many are below as above, or the two in the middle.
fn naive_median(numbers: &[f64]) -> f64 {
    let at = |place: usize| {
        let is_there = |number: &&f64| {
            let below = numbers.iter().filter(|other| other < number).count();
            let same = numbers.iter().filter(|other| other == number).count();
            (below..below + same).contains(&place)
        };
        *numbers.iter().find(is_there).expect("a number")
    };
    (at((numbers.len() - 1) / 2) / 2.0) + at(numbers.len() / 2) / 2.0
}

/// The correlation by Pearson of mean ranks.
fn naive_spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    let ranks = |numbers: &[f64]| -> Vec<f64> {
        let rank = |number: &f64| {
            let below = numbers.iter().filter(|other| *other < number).count();
            let same = numbers.iter().filter(|other| *other == number).count();
            below as f64 + (same as f64 + 1.0) / 2.0
        };
        numbers.iter().map(rank).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let sum = |a: &[f64], b: &[f64]| -> f64 {
        let products = a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean));
        products.sum()
    };
    let size = (sum(&a, &a) * sum(&b, &b)).sqrt();
    (size > 0.0).then(|| sum(&a, &b) / size)
}

/// So many rows of a regression in an order that is no order.
fn many(count: usize) -> Rows {
    let number = |k: usize| (k * 7_919 % 10_007) as f64 / 100.0;
    Rows {
        task: regression(&[(0.0, 1.0)]),
        outputs: (0..count).map(number).collect(),
        targets: (0..count).map(|k| number(k * k % 977)).collect(),
    }
}

#[test]
fn more_runs_than_are_read_at_a_time_are_merged_before() {
    let rows = many(20_000);
    let (network, data) = (network(&rows.task), Dataset::new(rows));
    let whole = evaluate(&network, Loss::MeanSquaredError, &data).expect("an evaluation");
    let make = tempfile::tempfile;
    let file = TemporaryFile::new(&make);
    for memory in [3_000, 100_000] {
        let options = EvaluatorOptions {
            memory,
            file: Some(&file),
            ..EvaluatorOptions::default()
        };
        let found = in_pieces((&network, Loss::MeanSquaredError), &data, &[], options);
        let (metrics, _) = found.expect("an evaluation");
        assert_eq!(metrics, whole.metrics, "{memory} bytes");
    }
}

#[test]
fn a_file_that_cannot_be_made_written_or_read_is_told_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, "").expect("a file");
    let rows = many(1_000);
    let (network, data) = (network(&rows.task), Dataset::new(rows));
    let error = |make: &dyn Fn() -> io::Result<File>| {
        let file = TemporaryFile::new(make);
        let options = EvaluatorOptions {
            memory: 1_000,
            file: Some(&file),
            ..EvaluatorOptions::default()
        };
        in_pieces((&network, Loss::MeanSquaredError), &data, &[], options).expect_err("no file")
    };
    let unmade = error(&|| Err(io::Error::other("no room")));
    assert_eq!(
        unmade.to_string(),
        "a temporary file: cannot be written: no room"
    );
    let unwritten = error(&|| File::open(&path));
    assert!(
        matches!(unwritten, Error::WriteFile { .. }),
        "{unwritten:?}"
    );
    let unread = error(&|| File::options().write(true).open(&path));
    assert!(matches!(unread, Error::Read { .. }), "{unread:?}");
    assert!(
        unread
            .to_string()
            .starts_with("a temporary file: cannot be read: ")
    );
}

#[test]
fn rows_of_another_task_or_width_and_no_rows_at_all_are_errors() {
    let rows = many(10);
    let (network, data) = (network(&rows.task), Dataset::new(rows));
    let evaluated = (&network, Loss::MeanSquaredError);
    let new = || Evaluator::new(evaluated, data.task(), EvaluatorOptions::default());
    let message = |found: Result<()>| found.expect_err("an error").to_string();
    let none = new().expect("an evaluator").finish().map(drop);
    assert_eq!(
        message(none),
        "the data to evaluate on: expected at least one row, found none"
    );
    // Nothing is added by nothing.
    let added = new().expect("an evaluator").add(&data.select(&[]));
    added.expect("no rows");
    let other = Rows {
        task: regression(&[(0.0, 2.0)]),
        ..many(10)
    };
    let added = new().expect("an evaluator").add(&Dataset::new(other));
    assert!(message(added).starts_with("the task of the rows to evaluate: "));
    let two = regression(&[(0.0, 1.0), (0.0, 1.0)]);
    let found = Evaluator::new(evaluated, &two, EvaluatorOptions::default());
    assert_eq!(
        message(found.map(drop)),
        "the network's inputs and outputs: expected shape [1, 2], found [1, 1]"
    );
}
