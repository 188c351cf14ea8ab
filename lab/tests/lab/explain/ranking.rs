//! ROC and precision-recall.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise_lab::explain::{ClassRanking, ExplainOptions};

use super::fixtures::{Made, classes, draw, of_any_numbers, passing_on, regression, two_classes};

/// A network of two classes whose outputs are these.
fn of_scores(scores: &[f64], targets: &[f64]) -> Made {
    let (shape, layers) = passing_on(1);
    let rows = of_any_numbers(two_classes(), 1, scores, targets);
    Made::new(&shape, &layers, &rows, "")
}

fn ranked(made: &Made) -> Vec<ClassRanking> {
    let found = made.explain(&ExplainOptions::default());
    found.ranking.expect("probabilities").classes
}

/// Scores with many ties, as halves, and targets that lean the same way.
fn tied(seed: u64) -> (Vec<f64>, Vec<f64>) {
    let scores: Vec<f64> = draw(60, seed)
        .iter()
        .map(|x| (8.0 * x).round() / 2.0 + 0.0)
        .collect();
    let leaning = scores.iter().zip(draw(60, seed + 100));
    let targets = leaning
        .map(|(score, x)| f64::from(score / 4.0 + x > 0.0))
        .collect();
    (scores, targets)
}

#[test]
fn the_area_is_the_share_of_pairs_in_the_right_order() {
    for seed in 0..20 {
        let (scores, targets) = tied(seed);
        let of = |class: f64| {
            let rows = scores.iter().zip(&targets);
            rows.filter(move |(_, target)| **target == class)
                .map(|(score, _)| *score)
        };
        let pairs: Vec<f64> = of(1.0)
            .flat_map(|yes| {
                of(0.0).map(move |no| match yes.total_cmp(&no) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                })
            })
            .collect();
        let expected = pairs.iter().sum::<f64>() / pairs.len() as f64;
        let found = ranked(&of_scores(&scores, &targets));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].class, "yes");
        assert!((found[0].roc_auc - expected).abs() < 1e-12, "seed {seed}");
    }
}

#[test]
fn the_average_precision_is_the_sum_over_thresholds() {
    for seed in 0..20 {
        let (scores, targets) = tied(seed);
        let positives: f64 = targets.iter().sum();
        let mut thresholds = scores.clone();
        thresholds.sort_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let (mut expected, mut before) = (0.0, 0.0);
        for threshold in thresholds {
            let taken = scores
                .iter()
                .zip(&targets)
                .filter(|(score, _)| **score >= threshold);
            let (all, right) = taken.fold((0.0, 0.0), |(all, right), (_, target)| {
                (all + 1.0, right + target)
            });
            expected += (right / positives - before) * right / all;
            before = right / positives;
        }
        let found = ranked(&of_scores(&scores, &targets));
        assert!(
            (found[0].average_precision - expected).abs() < 1e-12,
            "seed {seed}"
        );
    }
}

#[test]
fn curves_begin_and_end_in_the_corners_and_never_fall() {
    let (scores, targets) = tied(3);
    let found = ranked(&of_scores(&scores, &targets));
    let roc = &found[0].roc;
    assert_eq!((roc[0], roc[roc.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
    assert!(
        roc.windows(2)
            .all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1)
    );
    let (recall, precision) = found[0].precision_recall[found[0].precision_recall.len() - 1];
    assert_eq!(recall, 1.0);
    assert_eq!(precision, targets.iter().sum::<f64>() / 60.0);
}

#[test]
fn several_classes_are_each_against_the_rest_and_those_without_rows_are_left_out() {
    let outputs = [3.0, 1.0, 0.0, 0.0, 2.0, 1.0, 0.0, 2.0, 1.0];
    let targets = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0];
    let (shape, layers) = passing_on(3);
    let rows = of_any_numbers(classes(3), 3, &outputs, &targets);
    let found = ranked(&Made::new(&shape, &layers, &rows, ""));
    let names: Vec<_> = found.iter().map(|class| class.class.as_str()).collect();
    assert_eq!(names, ["class 0", "class 1"]);
    assert_eq!((found[0].positives, found[0].negatives), (2, 1));
}

#[test]
fn numbers_have_no_ranking() {
    let shape = MlpConfig::new(2, [3], 1).with_output(Activation::Identity);
    let made = Made::drawn(&shape, regression(&[(0.0, 1.0)]), 9, "");
    assert!(made.explain(&ExplainOptions::default()).ranking.is_none());
}
