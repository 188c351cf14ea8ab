//! What is asked for, in which order, and what is chosen: with a runner that makes outcomes up.

use dropwise::{Error, Result};
use dropwise_lab::reproduce::{
    NetworkOutcome, NetworkRunner, Outcomes, Paper, PaperItem, PaperNetwork, Scope, Stage, Summary,
    run,
};

use super::{OWN, diverged, outcome};

/// Three rates to choose among, and a row where nothing is open.
fn paper() -> Paper {
    let text = OWN.replace("[0.001, 0.1]", "[0.001, 0.1, 0.2]");
    Paper::parse("own.toml", &text).expect("a paper")
}

fn items(paper: &Paper) -> Vec<PaperItem> {
    all(paper).items(paper).expect("rows")
}

fn all(paper: &Paper) -> Scope {
    Scope {
        rows: None,
        seeds: 1..=paper.seeds as u64,
    }
}

/// Makes outcomes up, and notes what it was asked for.
struct Fake<F> {
    ends: F,
    asked: Vec<Vec<PaperNetwork>>,
}

impl<F: FnMut(&PaperNetwork) -> Option<NetworkOutcome>> NetworkRunner for Fake<F> {
    fn run(&mut self, networks: &[PaperNetwork]) -> Result<Vec<Option<NetworkOutcome>>> {
        self.asked.push(networks.to_vec());
        Ok(networks.iter().map(&mut self.ends).collect())
    }
}

/// What a run came to: all it was asked for, the outcomes, and what it returned.
struct Ran {
    asked: Vec<Vec<PaperNetwork>>,
    outcomes: Outcomes,
    end: Result<bool>,
}

impl Ran {
    /// `ends` says how a candidate ends, by its number from 0; what is measured ends well.
    fn of(paper: &Paper, scope: &Scope, ends: impl Fn(usize) -> Option<NetworkOutcome>) -> Self {
        let ends = |network: &PaperNetwork| match network.id.stage {
            Stage::Choose(number) => ends(number),
            Stage::Measure => Some(outcome(0.1, 0.1, Some(10.0))),
        };
        let mut outcomes = Outcomes::new();
        let mut fake = Fake {
            ends,
            asked: vec![],
        };
        let items = scope.items(paper);
        let end = items.and_then(|items| run(paper, &items, &mut outcomes, &mut fake));
        Ran {
            asked: fake.asked,
            outcomes,
            end,
        }
    }

    fn measured(&self) -> impl Iterator<Item = &PaperNetwork> {
        let networks = self.asked.iter().flatten();
        networks.filter(|network| network.id.stage == Stage::Measure)
    }

    /// The learning rates of the measured networks of a row.
    fn rates(&self, row: &str) -> Vec<f64> {
        let networks = self.measured().filter(|network| network.id.row == row);
        networks
            .map(|network| network.experiment.train.learning_rate)
            .collect()
    }
}

/// The names of the networks that were asked for, each time.
fn names(asked: &[Vec<PaperNetwork>]) -> Vec<Vec<String>> {
    let of = |networks: &Vec<PaperNetwork>| {
        networks
            .iter()
            .map(|network| network.id.to_string())
            .collect()
    };
    asked.iter().map(of).collect()
}

/// Candidates that end with these errors and losses.
fn scores<const N: usize>(scores: [(f64, f64); N]) -> impl Fn(usize) -> Option<NetworkOutcome> {
    move |number| Some(outcome(scores[number].0, scores[number].1, None))
}

#[test]
fn candidates_are_asked_for_before_anything_that_is_measured() {
    let paper = paper();
    let ran = Ran::of(
        &paper,
        &all(&paper),
        scores([(0.3, 1.0), (0.2, 1.0), (0.1, 1.0)]),
    );
    let candidates = [
        "dropout/candidate-1-seed-1",
        "dropout/candidate-2-seed-1",
        "dropout/candidate-3-seed-1",
    ];
    let measured = [
        "brief/seed-1",
        "brief/seed-2",
        "dropout/seed-1",
        "dropout/seed-2",
    ];
    assert_eq!(names(&ran.asked), [&candidates[..], &measured[..]]);
    assert!(ran.end.expect("a run"));
    assert_eq!(ran.outcomes.len(), 7);
}

#[test]
fn the_smallest_error_is_chosen_and_of_equal_ones_the_smallest_loss() {
    let paper = paper();
    let chosen = |ends: [(f64, f64); 3]| {
        let ran = Ran::of(&paper, &all(&paper), scores(ends));
        assert!(ran.end.as_ref().is_ok_and(|is_complete| *is_complete));
        // Only the row that leaves the rate open gets it.
        assert_eq!(ran.rates("brief"), [0.1, 0.1]);
        ran.rates("dropout")
    };
    assert_eq!(chosen([(0.1, 9.0), (0.2, 1.0), (0.3, 1.0)]), [0.001; 2]);
    assert_eq!(chosen([(0.2, 1.0), (0.1, 9.0), (0.3, 1.0)]), [0.1; 2]);
    assert_eq!(chosen([(0.2, 1.0), (0.3, 1.0), (0.1, 9.0)]), [0.2; 2]);
    assert_eq!(chosen([(0.1, 3.0), (0.1, 2.0), (0.1, 2.5)]), [0.1; 2]);
    assert_eq!(chosen([(0.1, 3.0), (0.1, 2.0), (0.1, 1.0)]), [0.2; 2]);
    // Nothing to tell them by: the first one.
    assert_eq!(chosen([(0.1, 1.0); 3]), [0.001; 2]);
}

#[test]
fn a_candidate_that_diverged_is_never_chosen() {
    let paper = paper();
    let ends = |number| {
        Some(if number == 1 {
            outcome(0.9, 9.0, None)
        } else {
            diverged()
        })
    };
    let ran = Ran::of(&paper, &all(&paper), ends);
    assert_eq!(ran.rates("dropout"), [0.1; 2]);
    let summary = Summary::of(&paper, &ran.outcomes).expect("a summary");
    let candidates = &summary.rows[1].candidates;
    let chosen: Vec<bool> = candidates
        .iter()
        .map(|candidate| candidate.is_chosen)
        .collect();
    assert_eq!(chosen, [false, true, false]);
    let scored: Vec<bool> = candidates
        .iter()
        .map(|candidate| candidate.score.is_some())
        .collect();
    assert_eq!(scored, [false, true, false]);
    assert_eq!(
        candidates[1].values,
        [("train.learning_rate".to_owned(), "0.1".to_owned())]
    );
}

#[test]
fn nothing_is_measured_where_all_candidates_diverged() {
    let paper = paper();
    let ran = Ran::of(&paper, &all(&paper), |_| Some(diverged()));
    let error = ran.end.as_ref().expect_err("nothing to choose");
    let expected = "row `dropout`: the values to choose among: expected one with which training does not diverge, found none";
    assert_eq!(error.to_string(), expected);
    assert_eq!(ran.measured().count(), 0);
    // They are not forgotten.
    assert_eq!(ran.outcomes.len(), 3);
}

#[test]
fn nothing_is_measured_while_a_candidate_is_missing() {
    let paper = paper();
    let ends = |number| (number != 2).then(|| outcome(0.1, 1.0, None));
    let ran = Ran::of(&paper, &all(&paper), ends);
    assert!(!ran.end.as_ref().is_ok_and(|is_complete| *is_complete));
    assert_eq!(ran.measured().count(), 0);
    assert_eq!(ran.outcomes.len(), 2);
    let summary = Summary::of(&paper, &ran.outcomes).expect("a summary");
    assert!(
        summary.rows[1]
            .candidates
            .iter()
            .all(|candidate| !candidate.is_chosen)
    );
}

#[test]
fn what_has_ended_is_not_asked_for_again() {
    let paper = paper();
    let before = Ran::of(
        &paper,
        &all(&paper),
        scores([(0.3, 1.0), (0.2, 1.0), (0.1, 1.0)]),
    );
    let mut outcomes = before.outcomes.clone();
    outcomes.retain(|id, _| id.to_string() != "brief/seed-2");
    let mut fake = Fake {
        ends: |_: &PaperNetwork| Some(outcome(0.1, 0.1, Some(10.0))),
        asked: vec![],
    };
    assert!(run(&paper, &items(&paper), &mut outcomes, &mut fake).expect("a run"));
    assert_eq!(names(&fake.asked), [["brief/seed-2"]]);
    assert_eq!(outcomes, before.outcomes);
    fake.asked.clear();
    assert!(run(&paper, &items(&paper), &mut outcomes, &mut fake).expect("a run"));
    assert!(fake.asked.is_empty());
}

#[test]
fn a_measured_network_that_is_missing_leaves_the_run_incomplete() {
    let paper = paper();
    let mut outcomes = Outcomes::new();
    let ends =
        |network: &PaperNetwork| (network.id.seed == 1).then(|| outcome(0.1, 1.0, Some(10.0)));
    let mut fake = Fake {
        ends,
        asked: vec![],
    };
    let end = run(&paper, &items(&paper), &mut outcomes, &mut fake);
    assert!(!end.expect("a run"));
    assert_eq!(outcomes.len(), 5);
}

#[test]
fn who_is_measured_trains_on_all_rows_and_as_the_row_says() {
    let paper = paper();
    let ran = Ran::of(
        &paper,
        &all(&paper),
        scores([(0.3, 1.0), (0.1, 1.0), (0.2, 1.0)]),
    );
    for network in ran.asked.iter().flatten() {
        let split = network.experiment.data.split.as_ref().expect("a split");
        let splits = dropwise::data::load(&network.experiment.data, network.experiment.seed)
            .expect("digits");
        let rows =
            |part: &Option<dropwise::Dataset>| part.as_ref().map_or(0, dropwise::Dataset::len);
        let [train, validation, test] = [
            splits.train.len(),
            rows(&splits.validation),
            rows(&splits.test),
        ];
        assert_eq!(train + validation + test, 1797);
        assert_eq!(split.test, 0.7);
        let epochs = network.experiment.train.epochs;
        match (network.id.stage, &*network.id.row) {
            (Stage::Choose(_), _) => {
                assert!(validation > 0 && train < 539);
                assert_eq!(epochs, Some(4));
            }
            (Stage::Measure, "brief") => {
                assert_eq!((train, validation, epochs), (539, 0, Some(1)))
            }
            (Stage::Measure, _) => assert_eq!((train, validation, epochs), (539, 0, Some(6))),
        }
    }
}

#[test]
fn rows_do_not_change_with_the_seed() {
    let paper = paper();
    let row = paper.row("brief").expect("a row");
    let networks = paper.measured(row, &[], 1..=3).expect("networks");
    let first_rows: Vec<Vec<f64>> = networks
        .iter()
        .map(|network| {
            let splits = dropwise::data::load(&network.experiment.data, network.experiment.seed);
            splits.expect("digits").train.input_row(0)
        })
        .collect();
    assert!(first_rows.iter().all(|row| *row == first_rows[0]));
    let seeds: Vec<u64> = networks
        .iter()
        .map(|network| network.experiment.seed)
        .collect();
    assert_eq!(seeds, [1, 2, 3]);
}

#[test]
fn a_scope_says_which_rows_and_seeds() {
    let paper = paper();
    let scope = Scope {
        rows: Some(vec!["dropout".to_owned()]),
        seeds: 4..=6,
    };
    let ran = Ran::of(&paper, &scope, scores([(0.3, 1.0), (0.2, 1.0), (0.1, 1.0)]));
    let found: Vec<(&str, u64, u64)> = ran
        .measured()
        .map(|network| (&*network.id.row, network.id.seed, network.experiment.seed))
        .collect();
    assert_eq!(
        found,
        [("dropout", 4, 4), ("dropout", 5, 5), ("dropout", 6, 6)]
    );

    // Nothing is open in this row, so that there is nothing to wait for.
    let scope = Scope {
        rows: Some(vec!["brief".to_owned()]),
        seeds: 2..=2,
    };
    let ran = Ran::of(&paper, &scope, |_| None);
    assert_eq!(ran.asked.len(), 1);
    assert!(ran.end.expect("a run"));
    let scope = Scope {
        rows: Some(vec!["brief".to_owned(), "long".to_owned()]),
        seeds: 1..=1,
    };
    let ran = Ran::of(&paper, &scope, |_| None);
    assert!(matches!(ran.end, Err(Error::InvalidValue { .. })));
    assert!(ran.asked.is_empty());
}

#[test]
fn of_several_open_values_each_combination_is_a_candidate() {
    let open = "choose = { train.learning_rate = [0.001, 0.1], dropout = { hidden = [0.2, 0.3], input = 0.05 } }";
    let text = OWN.replace("choose.train.learning_rate = [0.001, 0.1]", open);
    let paper = Paper::parse("own.toml", &text).expect("a paper");
    let networks = paper.candidates(&paper.rows[1]).expect("candidates");
    let found: Vec<_> = networks
        .iter()
        .map(|network| {
            let (dropout, train) = (&network.experiment.dropout, &network.experiment.train);
            (
                dropout.hidden.to_string(),
                dropout.input.rate(),
                train.learning_rate,
            )
        })
        .collect();
    // Keys in the order of the alphabet, values in that of the file; those of the last key change fastest.
    let (low, high) = ("0.2".to_owned(), "0.3".to_owned());
    let expected = [
        (low.clone(), 0.05, 0.001),
        (low, 0.05, 0.1),
        (high.clone(), 0.05, 0.001),
        (high, 0.05, 0.1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_the_command_line_gives_is_chosen_no_more() {
    let given = vec![("train.learning_rate".to_owned(), toml::Value::Float(0.05))];
    let paper = paper().with_changes(given).expect("a paper");
    assert!(paper.rows[1].candidates.is_empty());
    let ran = Ran::of(&paper, &all(&paper), |_| None);
    assert_eq!(ran.rates("dropout"), [0.05; 2]);
    // Of two open values the other one is.
    let both = OWN.replace(
        "choose.train.learning_rate",
        "choose.train.max_norm = [1.0, 2.0]\nchoose.train.learning_rate",
    );
    let given = vec![("train.learning_rate".to_owned(), toml::Value::Float(0.05))];
    let paper = Paper::parse("own.toml", &both).and_then(|paper| paper.with_changes(given));
    let paper = paper.expect("a paper");
    let networks = paper.candidates(&paper.rows[1]).expect("candidates");
    let found: Vec<_> = networks
        .iter()
        .map(|network| {
            (
                network.experiment.train.learning_rate,
                network.experiment.train.max_norm,
            )
        })
        .collect();
    assert_eq!(found, [(0.05, Some(1.0)), (0.05, Some(2.0))]);
}

#[test]
fn a_value_to_choose_is_tried_whatever_is_different_while_choosing() {
    let text = OWN.replace(
        "train.epochs = 4",
        "train = { epochs = 4, learning_rate = 0.5 }",
    );
    let paper = Paper::parse("own.toml", &text).expect("a paper");
    let networks = paper.candidates(&paper.rows[1]).expect("candidates");
    let rates: Vec<f64> = networks
        .iter()
        .map(|network| network.experiment.train.learning_rate)
        .collect();
    assert_eq!(rates, [0.001, 0.1]);
}
