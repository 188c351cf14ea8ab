//! A network of a study is the one that `train` trains alone.

use serde_json::Value;

use super::{DIGITS, XOR, study_in};
use crate::runs::{Place, dropwise, good, json_lines, text};

/// The metrics that `dropwise train study.toml` comes to with one network of this seed, on some rows.
fn alone(place: &Place, seed: u64, rows: &str) -> Value {
    let seed = seed.to_string();
    let mut train = dropwise([
        "train",
        "--json",
        "--set",
        "study.replicas=1",
        "--seed",
        &seed,
    ]);
    let out = good(train.arg(place.path("study/study.toml"))).out;
    // The model of the last step, which is what a study measures.
    let lines = json_lines(&out);
    let of_rows = |line: &&Value| line["split"] == rows;
    lines[..lines.len() - 1]
        .iter()
        .rfind(of_rows)
        .expect("an evaluation")
        .clone()
}

#[track_caller]
fn assert_each_is_trained_alone(config: &str, rows: &str, keys: &[&str], bound: f64) {
    let place = Place::with(config);
    good(&mut study_in(&place, "study", &[]));
    let lines = json_lines(&text(place.path("study/study.jsonl")));
    assert_eq!(lines.len(), 3);
    for line in &lines {
        let alone = alone(&place, line["seed"].as_u64().expect("a seed"), rows);
        for key in keys {
            let number = |value: &Value| value[key].as_f64().expect("a number");
            let (found, expected) = (number(&line["metrics"]), number(&alone));
            assert!(
                (found - expected).abs() <= bound * expected.abs(),
                "{key}: {found}, alone {expected}"
            );
        }
    }
    let losses: Vec<_> = lines.iter().map(|line| &line["metrics"]["loss"]).collect();
    assert!(
        losses[0] != losses[1] && losses[1] != losses[2],
        "{losses:?}"
    );
}

#[test]
fn each_xor_network_is_the_one_that_train_trains_with_its_seed() {
    let keys = ["loss", "mean_absolute_error", "error_rate"];
    assert_each_is_trained_alone(XOR, "train", &keys, 1e-12);
}

#[test]
fn framework_masks_in_the_file_are_for_a_network_alone_and_a_study_has_seeded_ones() {
    let framework = XOR.replace("hidden = 0.2", "hidden = 0.2\nmasks = \"framework\"");
    let [study, same] = [&framework[..], XOR].map(|config| {
        let place = Place::with(config);
        good(&mut study_in(&place, "study", &[]));
        ["study/study.toml", "study/study.jsonl"].map(|file| text(place.path(file)))
    });
    assert!(study[0].contains("masks = \"seeded\""));
    assert_eq!(study, same);
}

/// In 32 bits the products of many networks may be summed in another order.
#[test]
fn each_digits_network_has_the_rows_masks_and_order_of_train() {
    let keys = ["loss", "mean_absolute_error"];
    assert_each_is_trained_alone(DIGITS, "validation", &keys, 1e-4);
}
