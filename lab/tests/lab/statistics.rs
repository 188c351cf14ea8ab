//! Intervals, spread and quartiles against SciPy and NumPy, and what they do at their ends.

use crate::common::numbers;
use dropwise_lab::statistics::{Distribution, Interval};
use proptest::prelude::*;

#[track_caller]
fn assert_close(what: &str, found: f64, expected: f64) {
    let bound = 1e-12 * expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= bound,
        "{what}: {found}, SciPy has {expected}"
    );
}

#[test]
fn a_distribution_is_that_of_scipy_and_numpy() {
    let golden = crate::common::golden("statistics");
    let samples = golden["distributions"].as_object().expect("a table");
    assert_eq!(samples.len(), 6);
    for (name, expected) in samples {
        let found = Distribution::of(&numbers(&expected["values"])).expect("values");
        let number = |key: &str| expected[key].as_f64().expect("a number");
        assert_close(name, found.mean, number("mean"));
        let deviation = found.standard_deviation.expect("two values at least");
        assert_close(name, deviation, number("standard_deviation"));
        let interval = found.mean_interval.expect("two values at least");
        let ends = numbers(&expected["mean_interval"]);
        // Relative to the width, in which the quantile is the only thing that is approximated.
        let bound = 1e-10 * (ends[1] - ends[0]).max(1e-3);
        assert!(
            (interval.low - ends[0]).abs() <= bound,
            "{name}: {interval:?}"
        );
        assert!(
            (interval.high - ends[1]).abs() <= bound,
            "{name}: {interval:?}"
        );
        let quartiles = [found.lower_quartile, found.median, found.upper_quartile];
        for (found, expected) in quartiles.into_iter().zip(numbers(&expected["quartiles"])) {
            assert_close(name, found, expected);
        }
    }
}

#[test]
fn the_interval_of_a_difference_is_that_of_scipys_welch_test() {
    let golden = crate::common::golden("statistics");
    let differences = golden["differences"].as_array().expect("an array");
    assert_eq!(differences.len(), 4);
    for expected in differences {
        let of = |key: &str| Distribution::of(&numbers(&expected[key])).expect("values");
        let (one, other) = (of("one"), of("other"));
        let found = Interval::of_difference(&one, &other).expect("two values at least");
        let back = Interval::of_difference(&other, &one).expect("two values at least");
        assert_eq!((back.low, back.high), (-found.high, -found.low));
        let ends = numbers(&expected["interval"]);
        let bound = 1e-10 * (ends[1] - ends[0]);
        assert!((found.low - ends[0]).abs() <= bound, "{found:?}, {ends:?}");
        assert!((found.high - ends[1]).abs() <= bound, "{found:?}, {ends:?}");
    }
}

#[test]
fn intervals_of_many_numbers_are_scipys_and_do_not_take_long() {
    // scipy.stats.t.ppf(0.975, 2 n - 2)
    let quantiles = [
        (100, 1.9720174778363146),
        (500, 1.9623438462163343),
        (501, 1.9623390808264083),
        (1_000, 1.9611520148367054),
        (50_000, 1.9599877080090842),
        (25_000_000, 1.9599640319854816),
    ];
    let of = |count| Distribution {
        count,
        standard_deviation: Some(1.0),
        ..Distribution::of(&[0.0, 0.0]).expect("values")
    };
    for (count, quantile) in quantiles {
        let found = Interval::of_difference(&of(count), &of(count)).expect("an interval");
        let half = quantile * (2.0 / count as f64).sqrt();
        assert!(
            (found.high - half).abs() <= 1e-10 * half,
            "{count}: {found:?}, {half}"
        );
    }
}

#[test]
fn the_difference_of_numbers_without_a_spread_is_known_and_of_one_number_it_is_not() {
    let of = |values: &[f64]| Distribution::of(values).expect("values");
    let (one, other) = (of(&[3.0, 3.0]), of(&[1.0, 1.0, 1.0]));
    let found = Interval::of_difference(&one, &other).expect("two values at least");
    assert_eq!((found.low, found.high), (2.0, 2.0));
    assert!(Interval::of_difference(&one, &of(&[1.0])).is_none());
}

#[test]
fn the_interval_of_a_share_is_scipys() {
    let golden = crate::common::golden("statistics");
    let shares = golden["shares"].as_array().expect("an array");
    assert!(shares.len() > 20);
    for expected in shares {
        let number = |key: &str| expected[key].as_u64().expect("a number") as usize;
        let (count, all) = (number("count"), number("all"));
        let found = Interval::of_share(count, all);
        let ends = numbers(&expected["interval"]);
        let name = format!("{count} of {all}");
        assert!((found.low - ends[0]).abs() < 1e-14, "{name}: {found:?}");
        assert!((found.high - ends[1]).abs() < 1e-14, "{name}: {found:?}");
    }
}

#[test]
fn one_value_has_no_spread_and_no_value_no_distribution() {
    let one = Distribution::of(&[3.0]).expect("a value");
    assert_eq!(
        (one.mean, one.median, one.minimum, one.maximum),
        (3.0, 3.0, 3.0, 3.0)
    );
    assert_eq!((one.standard_deviation, one.mean_interval), (None, None));
    assert_eq!(Distribution::of(&[]), None);
    assert_eq!(Distribution::of(&[1.0, f64::NAN]), None);
    assert_eq!(Distribution::of(&[1.0, f64::INFINITY]), None);
}

proptest! {
    #[test]
    fn the_interval_of_a_share_holds_it_and_shrinks_with_more(all in 1..5_000_usize, part in 0.0..1.0) {
        let count = (part * (all + 1) as f64) as usize;
        let share = count as f64 / all as f64;
        let found = Interval::of_share(count, all);
        prop_assert!(0.0 <= found.low && found.low <= share + 1e-12);
        prop_assert!(share - 1e-12 <= found.high && found.high <= 1.0);
        let ten_times = Interval::of_share(10 * count, 10 * all);
        prop_assert!(ten_times.high - ten_times.low < found.high - found.low);
        // None and all mirror each other.
        let others = Interval::of_share(all - count, all);
        prop_assert!((others.low + found.high - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_distribution_moves_and_grows_with_its_values(
        values in prop::collection::vec(-100.0..100.0_f64, 2..60),
        shift in -10.0..10.0_f64,
        scale in 0.1..10.0_f64,
    ) {
        let found = Distribution::of(&values).expect("values");
        let changed: Vec<f64> = values.iter().rev().map(|x| scale * x + shift).collect();
        let changed = Distribution::of(&changed).expect("values");
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b.abs());
        prop_assert!(close(changed.mean, scale * found.mean + shift));
        prop_assert!(close(changed.median, scale * found.median + shift));
        prop_assert!(close(changed.upper_quartile, scale * found.upper_quartile + shift));
        let deviation = |one: &Distribution| one.standard_deviation.expect("two values");
        prop_assert!(close(deviation(&changed), scale * deviation(&found)));
        let order = [found.minimum, found.lower_quartile, found.median, found.upper_quartile, found.maximum];
        prop_assert!(order.is_sorted());
    }
}

#[test]
fn the_mean_of_errors_has_no_interval_below_0_and_else_the_one_of_any_numbers() {
    let few = [0.0, 0.0, 0.01, 0.1];
    let plain = Distribution::of(&few).expect("a distribution");
    assert!(plain.mean_interval.expect("an interval").low < 0.0);
    let errors = Distribution::of_errors(&few).expect("a distribution");
    let (found, plain) = (
        errors.mean_interval.expect("one"),
        plain.mean_interval.expect("one"),
    );
    assert_eq!((found.low, found.high), (0.0, plain.high));
    let far = [5.0, 5.1, 4.9];
    assert_eq!(Distribution::of_errors(&far), Distribution::of(&far));
}
