//! What outcomes come to: verdicts, claims, counts. The numbers of averages, from a run of the command.

use dropwise_lab::reproduce::{Holds, Outcomes, Paper, RowVerdict, Summary};
use serde_json::Value;

use super::{OWN, diverged, measured, outcome, outcomes_in, reproduce};
use crate::common::numbers;
use crate::runs::{Place, good};

/// Two rows without anything to choose, published as 1.5 within 0.25 and as nothing, with this claim: `one` below `other`.
const TWO: &str = r#"
title = "Two rows"
source = "nobody"
measure = "error-rate"
tolerance = 0.25
seeds = 3
[experiment]
data.source = "xor"
train = { learning_rate = 0.5, steps = 10 }
network.hidden = [4]
[[rows]]
name = "one"
method = "One"
published = 1.5
[[rows]]
name = "other"
method = "Other"
[[claims]]
says = "one is better"
less = "one"
more = "other"
"#;

/// What networks of the two rows come to.
fn summary(one: &[f64], other: &[f64]) -> Summary {
    let mut outcomes = Outcomes::new();
    for (row, values) in [("one", one), ("other", other)] {
        for (seed, value) in (1..).zip(values) {
            outcomes.insert(measured(row, seed), outcome(0.1, 1.0, Some(*value)));
        }
    }
    Summary::of(&paper(TWO), &outcomes).expect("a summary")
}

fn paper(text: &str) -> Paper {
    Paper::parse("two.toml", text).expect("a paper")
}

fn verdict(values: &[f64]) -> Option<RowVerdict> {
    summary(values, &[]).rows[0].verdict
}

#[test]
fn a_row_is_as_good_within_the_bound_or_missed_by_its_mean() {
    assert_eq!(verdict(&[]), None);
    assert_eq!(verdict(&[1.25]), Some(RowVerdict::AsGood));
    assert_eq!(verdict(&[1.5]), Some(RowVerdict::AsGood));
    assert_eq!(verdict(&[1.25, 1.75]), Some(RowVerdict::AsGood));
    assert_eq!(verdict(&[1.625]), Some(RowVerdict::Within(0.125)));
    assert_eq!(verdict(&[1.5, 2.0]), Some(RowVerdict::Within(0.25)));
    assert_eq!(verdict(&[2.0]), Some(RowVerdict::Missed(0.25)));
    // The least of them does not speak for the mean.
    assert_eq!(verdict(&[1.0, 4.0]), Some(RowVerdict::Missed(0.75)));
    let nothing_published = &summary(&[], &[1.0]).rows[1];
    assert_eq!(
        (nothing_published.bound, nothing_published.verdict),
        (None, None)
    );
}

#[test]
fn a_bound_of_its_own_takes_the_place_of_the_tolerance() {
    let text = TWO.replace("published = 1.5", "published = 1.5\nat_most = 1.625");
    let verdict = |value| {
        let outcomes = Outcomes::from([(measured("one", 1), outcome(0.1, 1.0, Some(value)))]);
        let summary = Summary::of(&paper(&text), &outcomes).expect("a summary");
        assert_eq!(summary.rows[0].bound, Some(1.625));
        summary.rows[0].verdict
    };
    assert_eq!(verdict(1.625), Some(RowVerdict::Within(0.125)));
    assert_eq!(verdict(1.75), Some(RowVerdict::Missed(0.125)));
}

#[test]
fn a_claim_holds_clearly_or_on_average_or_not_or_is_not_known() {
    let claim = |one: &[f64], other: &[f64]| {
        let summary = summary(one, other);
        let claim = summary.claims[0].clone();
        (claim.holds, claim.difference)
    };
    assert_eq!(claim(&[], &[]), (Holds::Unknown, None));
    assert_eq!(claim(&[1.0], &[]), (Holds::Unknown, None));
    assert_eq!(claim(&[1.0], &[2.0]), (Holds::OnAverage, Some(-1.0)));
    assert_eq!(claim(&[1.0], &[1.0]), (Holds::No, Some(0.0)));
    assert_eq!(claim(&[2.0, 2.5], &[1.0, 1.25]).0, Holds::No);
    // By SciPy, `ttest_ind(one, other, equal_var=False).confidence_interval(0.95)`: -1.26 to -0.74, and -4.07 to 2.07.
    let clear = ([1.0, 1.125, 0.875], [2.0, 2.0625, 1.9375]);
    assert_eq!(claim(&clear.0, &clear.1), (Holds::Clearly, Some(-1.0)));
    let luck = ([1.0, 2.0, 3.0], [1.5, 3.0, 4.5]);
    assert_eq!(claim(&luck.0, &luck.1), (Holds::OnAverage, Some(-1.0)));
}

#[test]
fn an_experiment_is_good_if_nothing_was_missed_diverged_or_refuted() {
    assert!(summary(&[], &[]).is_good());
    assert!(summary(&[1.5, 1.25], &[2.0, 2.5]).is_good());
    assert!(summary(&[1.75], &[1.875]).is_good());
    assert!(!summary(&[2.0], &[3.0]).is_good(), "missed");
    assert!(!summary(&[1.5], &[1.25]).is_good(), "refuted");
    let outcomes = Outcomes::from([
        (measured("one", 1), outcome(0.1, 1.0, Some(1.5))),
        (measured("other", 1), diverged()),
    ]);
    assert!(
        !Summary::of(&paper(TWO), &outcomes)
            .expect("a summary")
            .is_good(),
        "diverged"
    );
}

#[test]
fn networks_that_diverged_are_counted_and_are_in_no_mean() {
    let outcomes = Outcomes::from([
        (measured("one", 1), outcome(0.1, 1.0, Some(1.25))),
        (measured("one", 2), diverged()),
        (measured("one", 3), outcome(0.1, 1.0, Some(1.75))),
    ]);
    let row = &Summary::of(&paper(TWO), &outcomes).expect("a summary").rows[0];
    assert_eq!(row.values, [(1, 1.25), (3, 1.75)]);
    assert_eq!(row.diverged, 1);
    let found = row.distribution.as_ref().expect("numbers");
    assert_eq!((found.count, found.mean), (2, 1.5));
    assert_eq!((row.epochs, row.seconds), (Some(6), 4.5));
}

#[test]
fn outcomes_of_different_data_are_refused() {
    let mut outcomes = Outcomes::from([
        (measured("one", 1), outcome(0.1, 1.0, Some(1.25))),
        (measured("one", 2), outcome(0.1, 1.0, Some(1.25))),
        (measured("other", 1), outcome(0.1, 1.0, Some(1.25))),
    ]);
    let same = Summary::of(&paper(TWO), &outcomes).expect("a summary");
    assert_eq!(same.data_sha256, "the data");
    let other = outcomes.get_mut(&measured("other", 1)).expect("an outcome");
    other.data_sha256 = "others".to_owned();
    let error = Summary::of(&paper(TWO), &outcomes)
        .expect_err("other data")
        .to_string();
    let expected = "the data: expected the same for all networks, as one/seed-1 was trained on, found others for other/seed-1";
    assert_eq!(error, expected);
}

#[test]
fn networks_with_other_values_than_each_other_are_refused_where_nothing_says_what_is_chosen() {
    let with = |rate: &str| {
        let mut outcome = outcome(0.1, 1.0, Some(1.25));
        outcome.values = vec![("train.learning_rate".to_owned(), rate.to_owned())];
        outcome
    };
    let paper = paper(OWN);
    // One that an older version wrote says nothing of its values.
    let mut outcomes = Outcomes::from([
        (measured("dropout", 1), with("0.5")),
        (measured("dropout", 2), outcome(0.1, 1.0, Some(1.25))),
        (measured("dropout", 3), with("0.5")),
    ]);
    Summary::of(&paper, &outcomes).expect("a summary");
    outcomes.insert(measured("dropout", 3), with("0.25"));
    let error = Summary::of(&paper, &outcomes).expect_err("other values");
    let expected = "dropout/seed-3: expected train.learning_rate = 0.5, as dropout/seed-1 has, found train.learning_rate = 0.25; \
                    leave its part out, or delete its folder and train it again";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_order_in_which_networks_end_does_not_matter() {
    let ends = [1.5, 1.25, 2.0, 1.75].into_iter().zip([1, 2, 3, 11]);
    let ends: Vec<_> = ends
        .map(|(value, seed)| (measured("one", seed), outcome(0.1, 1.0, Some(value))))
        .collect();
    let forwards: Outcomes = ends.iter().cloned().collect();
    let backwards: Outcomes = ends.iter().rev().cloned().collect();
    let of = |outcomes: &Outcomes| Summary::of(&paper(TWO), outcomes).expect("a summary");
    assert_eq!(of(&forwards), of(&backwards));
    // By their seeds, which are numbers: 11 comes after 3.
    let seeds: Vec<u64> = of(&backwards).rows[0]
        .values
        .iter()
        .map(|(seed, _)| *seed)
        .collect();
    assert_eq!(seeds, [1, 2, 3, 11]);
}

/// The least number of samples whose mean error is within a standard deviation of weight scaling, by hand.
fn as_good(sampled: &Value) -> Option<f64> {
    let scaling = sampled["weight_scaling"].as_f64().expect("a number");
    let averages = sampled["averages"].as_array().expect("an array");
    for average in averages {
        let rates = numbers(&average["error_rates"]);
        let count = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let squares: f64 = rates.iter().map(|rate| (rate - mean).powi(2)).sum();
        if mean <= scaling + (squares / (count - 1.0)).sqrt() {
            return average["samples"].as_f64();
        }
    }
    None
}

#[test]
fn averages_are_as_good_as_weight_scaling_from_the_number_on_that_the_errors_say() {
    let text = OWN
        .replace(
            "\"error-rate\"",
            "\"averages\"\naveraging = { samples = [1, 2, 4, 8, 16, 32], sets = 3 }",
        )
        .replace("[[rows]]", "[[rows]]\ndropout.hidden = 0.5")
        .replace("dropout.hidden = 0.1\n", "")
        .replace("tolerance = 1.0", "");
    let text = text.split("[[claims]]").next().expect("rows");
    let place = Place::with(text);
    good(&mut reproduce(&place, "out", &["--seeds", "4", "--quiet"]));
    let mut found = Vec::new();
    for (name, outcome) in outcomes_in(&place.path("out")) {
        let measured = &outcome["measured"];
        let sampled = &measured["sampled"];
        if name.contains("candidate") {
            assert_eq!(
                (&measured["value"], sampled),
                (&Value::Null, &Value::Null),
                "{name}"
            );
            continue;
        }
        assert_eq!(
            sampled["averages"][5]["error_rates"]
                .as_array()
                .map(Vec::len),
            Some(3)
        );
        assert_eq!(sampled["weight_scaling"], measured["metrics"]["error_rate"]);
        assert_eq!(
            measured["value"].as_f64(),
            as_good(sampled),
            "{name}: {sampled}"
        );
        found.push(measured["value"].as_f64());
    }
    assert_eq!(found.len(), 8);
    // Some need several networks, and not all as many.
    found.sort_by(|one, other| one.partial_cmp(other).expect("numbers"));
    found.dedup();
    assert!(found.len() > 1, "{found:?}");
}
