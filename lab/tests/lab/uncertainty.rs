//! Intervals, sets and their measures: against sums by hand, integrals and simulation.

use dropwise::config::Loss;
use dropwise::data::{Target, Task};
use dropwise::evaluate::Sampler;
use dropwise::{Backend, Dataset, MlpConfig};
use dropwise_lab::uncertainty::{
    Assessment, Calibration, ConformityScore, accuracy_over_confidence, brier, covered_share,
    crps_of_normal, equal_mass_calibration_error, equal_width_calibration_error, fit_temperature,
    interval_score, log_likelihood_of_normal, rows_needed, scaled,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn close(found: f64, expected: f64, bound: f64) {
    assert!((found - expected).abs() <= bound, "{found} for {expected}");
}

fn normal(random: &mut ChaCha8Rng) -> f64 {
    // Box and Muller.
    let [u, v]: [f64; 2] = std::array::from_fn(|_| random.random_range(f64::EPSILON..1.0));
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// `integral (F(x) - [x >= y])^2 dx`, by its definition.
#[test]
fn the_crps_is_the_integral_of_squared_distances_of_distributions() {
    for (distance, deviation) in [(0.0, 1.0), (1.3, 0.7), (-4.0, 2.0), (0.2, 0.1)] {
        let (low, steps) = (-20.0, 400_000);
        let step = 40.0 / f64::from(steps);
        let (mut below, mut sum) = (0.0, 0.0);
        for k in 0..steps {
            let x = low + (f64::from(k) + 0.5) * step;
            below += log_likelihood_of_normal(x, deviation).exp() * step;
            let reached = f64::from(u8::from(x >= distance));
            sum += (below - reached).powi(2) * step;
        }
        close(crps_of_normal(distance, deviation), sum, 2e-4);
    }
    close(crps_of_normal(-2.0, 0.0), 2.0, 0.0);
}

#[test]
fn an_interval_is_as_wide_as_it_is_and_pays_for_what_it_misses() {
    close(interval_score([1.0, 3.0], 0.9, 2.0), 2.0, 1e-12);
    close(
        interval_score([1.0, 3.0], 0.9, 3.5),
        2.0 + 20.0 * 0.5,
        1e-12,
    );
    close(interval_score([1.0, 3.0], 0.8, 0.0), 2.0 + 10.0, 1e-12);
}

#[test]
fn calibration_errors_are_those_of_bins_by_hand() {
    let answers = [(0.95, true), (0.93, false), (0.55, true), (0.52, true)];
    // Of ten bins of equal width: two rows in the last, gap (0.95 + 0.93 - 1), two in (0.5, 0.6], gap (1.07 - 2).
    let expected = (0.88 + 0.93) / 4.0;
    close(equal_width_calibration_error(&answers, 10), expected, 1e-12);
    close(equal_mass_calibration_error(&answers, 2), expected, 1e-12);
    let one_each = (0.05 + 0.93 + 0.45 + 0.48) / 4.0;
    close(equal_mass_calibration_error(&answers, 4), one_each, 1e-12);
    let curve = accuracy_over_confidence(&answers);
    assert_eq!(curve[0], (0.0, 1.0, Some(0.75)));
    assert_eq!(curve[9], (0.9, 0.5, Some(0.5)));
    assert_eq!(curve[11], (0.99, 0.0, None));
    let rows = [vec![0.7, 0.2, 0.1], vec![0.0, 1.0, 0.0]];
    close(brier(&rows, &[0, 1]), (0.09 + 0.04 + 0.01) / 2.0, 1e-12);
}

/// Labels that are drawn from probabilities at a known temperature give it back.
#[test]
fn the_temperature_that_labels_were_drawn_with_is_found_again() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    for truth in [0.5, 1.0, 3.0] {
        let (mut rows, mut classes) = (Vec::new(), Vec::new());
        for _ in 0..8_000 {
            let logits: [f64; 3] = std::array::from_fn(|_| 2.0 * normal(&mut random));
            let sum: f64 = logits.iter().map(|z| z.exp()).sum();
            let row: Vec<f64> = logits.iter().map(|z| z.exp() / sum).collect();
            let cooled = scaled(&row, truth);
            close(cooled.iter().sum(), 1.0, 1e-12);
            let draw: f64 = random.random_range(0.0..1.0);
            let class = if draw < cooled[0] {
                0
            } else if draw < cooled[0] + cooled[1] {
                1
            } else {
                2
            };
            rows.push(row);
            classes.push(class);
        }
        let found = fit_temperature(&rows, &classes);
        assert!((found / truth - 1.0).abs() < 0.06, "{found} for {truth}");
    }
    close(scaled(&[0.2, 0.8], 1.0)[0], 0.2, 1e-12);
    assert!(scaled(&[0.0, 1.0], 2.0).iter().all(|p| p.is_finite()));
}

#[test]
fn so_few_rows_support_no_such_level_and_one_more_does() {
    for (level, rows) in [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)] {
        assert_eq!(rows_needed(level), rows);
    }
    assert_eq!(covered_share(9, 0.9), (9.0, 1.0));
    assert_eq!(covered_share(100, 0.9), (91.0, 10.0));
}

fn task() -> Task {
    let target = |name: &str| Target {
        name: name.to_owned(),
        mean: 5.0,
        deviation: 2.0,
    };
    Task::Regression {
        targets: vec![target("a"), target("b")],
    }
}

/// Rows whose targets have nothing to do with the network, but are all drawn alike.
fn rows(task: Task, count: usize, seed: u64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let inputs: Vec<[f64; 2]> = (0..count)
        .map(|_| std::array::from_fn(|_| normal(&mut random)))
        .collect();
    let target = |x: &[f64; 2]| match &task {
        Task::Regression { .. } => {
            vec![
                x[0] + normal(&mut random),
                normal(&mut random) * (1.0 + x[1].abs()),
            ]
        }
        _ => vec![f64::from(u8::from(x[0] + normal(&mut random) > 0.3))],
    };
    let targets: Vec<Vec<f64>> = inputs.iter().map(target).collect();
    Dataset::from_rows(&inputs, &targets, task).expect("rows")
}

fn sampler(task: &Task, loss: Loss) -> Sampler {
    let shape = MlpConfig::new(2, [12], task.d_output())
        .with_output(dropwise::config::Activation::Identity)
        .with_hidden_dropout(0.3);
    let device = Backend::default().device().expect("a backend");
    let network = shape.init(3, &device).expect("a network");
    Sampler::new(&network, loss, task, (40, 1)).expect("samples")
}

/// Over many sets of calibration rows and test rows the coverage has the mean and the spread of its beta-binomial distribution,
/// though the network knows nothing.
#[test]
fn intervals_hold_what_they_say_whatever_the_network() {
    const ROWS: usize = 60;
    const SETS: usize = 120;
    let task = task();
    let sampler = sampler(&task, Loss::MeanSquaredError);
    let data = rows(task, 2 * ROWS * SETS, 8);
    for score in [
        ConformityScore::Absolute,
        ConformityScore::ResidualNormalized,
    ] {
        for level in [0.5, 0.9] {
            let mut inside = 0.0;
            let mut within = 0;
            for set in 0..SETS {
                let part = |k: usize| {
                    let first = (2 * set + k) * ROWS;
                    data.select(&Vec::from_iter(first..first + ROWS))
                };
                let (known, new) = (part(0), part(1));
                let calibration =
                    Calibration::new(&known, &sampler.spread(&known).expect("a spread"));
                let calibration = calibration.expect("scores");
                let spread = sampler.spread(&new).expect("a spread");
                let found = Assessment::new(&new, &spread, Some(&calibration), None);
                let found = found.expect("an assessment");
                let coverage = found.targets[1]
                    .coverage
                    .iter()
                    .find(|coverage| coverage.score == score.name() && coverage.level == level)
                    .expect("this level");
                inside += coverage.coverage / SETS as f64;
                let [low, high] = coverage.expected.expect("a range");
                within += usize::from((low..=high).contains(&coverage.coverage));
            }
            // E = k / (n + 1), with a standard error of about 0.4 points at 90 %, 0.8 at 50 %.
            let expected = ((ROWS + 1) as f64 * level).ceil() / (ROWS + 1) as f64;
            assert!(
                (inside - expected).abs() < 0.025,
                "{score} {level}: {inside}"
            );
            assert!(
                within >= SETS * 9 / 10,
                "{score} {level}: {within} of {SETS}"
            );
        }
    }
}

#[test]
fn sets_of_classes_hold_what_they_say_too() {
    let task = Task::Binary {
        classes: ["no", "yes"].map(str::to_owned),
    };
    let sampler = sampler(&task, Loss::BinaryCrossEntropy);
    let (known, new) = (rows(task.clone(), 999, 1), rows(task, 4_000, 2));
    let calibration = Calibration::new(&known, &sampler.spread(&known).expect("a spread"));
    let calibration = calibration.expect("scores");
    let spread = sampler.spread(&new).expect("a spread");
    let groups: Vec<String> = (0..4_000)
        .map(|row| ["even", "odd"][row % 2].to_owned())
        .collect();
    let found = Assessment::new(&new, &spread, Some(&calibration), Some(&groups));
    let found = found.expect("an assessment");
    let classes = found.classes.expect("classes");
    assert_eq!(classes.coverage.len(), 8);
    for coverage in &classes.coverage {
        let [low, high] = coverage.expected.expect("a range");
        let is_lac = coverage.score == "lac";
        assert!(coverage.coverage >= low - 1e-9, "{coverage:?}");
        assert!(!is_lac || coverage.coverage <= high + 1e-9, "{coverage:?}");
        assert!(coverage.mean_width <= 2.0);
    }
    // A network that knows nothing is made honest by taking its confidence away.
    assert!(
        classes.scaled_negative_log_likelihood.expect("scaled")
            < classes.negative_log_likelihood + 1e-9
    );
    assert_eq!(found.groups.len(), 2);
    let both: f64 = found.groups.iter().map(|group| group.coverage / 2.0).sum();
    let whole = classes
        .coverage
        .iter()
        .find(|coverage| coverage.score == "lac" && coverage.level == 0.9);
    close(both, whole.expect("this level").coverage, 1e-9);
}

#[test]
fn scores_are_read_back_as_they_were_written() {
    let task = task();
    let sampler = sampler(&task, Loss::MeanSquaredError);
    let known = rows(task, 30, 1);
    let calibration = Calibration::new(&known, &sampler.spread(&known).expect("a spread"));
    let calibration = calibration.expect("scores");
    let text = serde_json::to_string(&calibration).expect("JSON");
    assert_eq!(
        serde_json::from_str::<Calibration>(&text).expect("the same"),
        calibration
    );
    let message = |score, level| {
        let refused = calibration.at(score, level).expect_err("no such interval");
        refused.to_string()
    };
    assert_eq!(
        message(None, 0.99),
        "the calibration rows: expected at least 99 for a confidence level of 0.99, found 30"
    );
    assert_eq!(
        message(Some(ConformityScore::Aps), 0.9),
        "the conformity score: expected `residual_normalized` or `absolute` for this network, found `aps`"
    );
    assert!(message(None, 1.0).contains("above 0 and below 1"));
    let interval = calibration
        .at(Some(ConformityScore::Absolute), 0.5)
        .expect("an interval");
    let [lower, upper] = interval.interval(0, (1.0, 0.0));
    close(lower + upper, 2.0, 1e-12);
}
