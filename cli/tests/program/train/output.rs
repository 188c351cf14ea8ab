//! What is printed, for people and for machines.

use serde_json::Value;

use super::{DIGITS, digits_with};
use crate::runs::{Place, assert_has, bad, good, json, json_lines, text};

#[test]
fn quiet_prints_nothing() {
    let place = Place::with(DIGITS);
    for flag in ["--quiet", "-q"] {
        let ended = good(place.train_in(flag).arg(flag));
        assert_eq!((ended.out.as_str(), ended.errors.as_str()), ("", ""));
    }
}

#[test]
fn quiet_and_json_still_warn_of_unwise_rates() {
    let place = Place::with(&digits_with("hidden = 0.2", "hidden = 0.9"));
    for flag in ["--quiet", "--json"] {
        let ended = good(place.train().arg(flag));
        let expected = "warning: dropout.hidden is 0.9: more than 0.8 ";
        assert!(ended.errors.starts_with(expected), "{}", ended.errors);
        assert_eq!(ended.errors.lines().count(), 1, "{}", ended.errors);
    }
}

#[test]
fn json_is_the_lines_of_the_metrics_and_then_the_report() {
    let place = Place::with(DIGITS);
    let ended = good(place.train_in("run").arg("--json"));
    assert_eq!(ended.errors, "");
    let (metrics, report) = ended.out.trim_end().rsplit_once('\n').expect("many lines");
    assert_eq!(
        format!("{metrics}\n"),
        text(place.path("run/metrics.jsonl"))
    );
    let report: Value = serde_json::from_str(report).expect("JSON");
    assert_eq!(report, json(place.path("run/report.json")));
}

#[test]
fn json_needs_no_folder() {
    let out = good(Place::with(DIGITS).train().arg("--json")).out;
    let lines = json_lines(&out);
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[6]["end"], "finished");
}

#[test]
fn people_get_a_line_an_epoch_and_the_results_of_each_split() {
    let place = Place::with(DIGITS);
    let out = good(&mut place.train_in("run")).out;
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines.len(),
        14 + usize::from(out.contains(" is no better than "))
            + usize::from(out.contains("the linear model is better")),
        "{out}"
    );
    assert!(lines[1].starts_with("target: 10 classes: 0 ("), "{out}");
    assert!(
        lines[2].starts_with("a linear model: validation error rate "),
        "{out}"
    );
    for (epoch, line) in (1..=3).zip(&lines[3..6]) {
        let start = format!("epoch {epoch}/3: loss ");
        assert!(line.starts_with(&start), "{line}");
        assert_has(line, ", validation error rate ");
    }
    assert!(lines[6].starts_with("finished after "), "{out}");
    for (split, line) in ["training", "validation", "test"].iter().zip(&lines[7..]) {
        assert!(line.starts_with(split), "{line}");
        assert_has(line, " rows  loss ");
        assert_has(line, "  balanced accuracy ");
    }
    assert!(
        lines[10].starts_with("right of each class, on the test rows: 0 "),
        "{out}"
    );
    assert!(
        lines[11].starts_with("baselines, error rate on the test rows: always answering `"),
        "{out}"
    );
    let [.., backend, saved] = lines[..] else {
        panic!("{out}");
    };
    assert!(backend.starts_with("backend "), "{out}");
    let folder = place.path("run");
    assert_eq!(saved, format!("saved in {}", folder.display()));
}

#[test]
fn quiet_and_json_exclude_each_other() {
    let errors = bad(Place::with(DIGITS).train().args(["--quiet", "--json"]), 2);
    assert_has(&errors, "cannot be used with");
}
