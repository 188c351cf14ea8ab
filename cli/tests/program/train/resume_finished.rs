//! Resuming a run that has ended.

use std::fs;

use super::{DIGITS, digits_with};
use crate::runs::{Place, bytes, contents_of, good, json, resume};

#[test]
fn resuming_a_run_that_has_ended_says_so_and_changes_nothing() {
    let stopping = "batch_size = 100\nearly_stopping = { patience = 1, min_improvement = 5.0 }";
    for (config, end) in [
        (DIGITS.to_owned(), "finished"),
        (digits_with("batch_size = 100", stopping), "stopped early"),
    ] {
        let place = Place::with(&config);
        let first = good(&mut place.train_in("run"));
        let run = place.path("run");
        let before = contents_of(&run);
        let report = json(run.join("report.json"));
        assert_eq!(report["end"], end);
        for _ in 0..2 {
            let again = good(&mut resume(&run));
            let said = format!("training has already ended, at step {}\n", report["steps"]);
            assert_eq!(again.errors, said);
            // The results are shown once more.
            let results = |out: &str| -> Vec<String> {
                let lines = out.lines().skip_while(|line| !line.starts_with(end));
                let but_the_time = lines.filter(|line| !line.starts_with("backend"));
                but_the_time.map(str::to_owned).collect()
            };
            assert_eq!(results(&again.out), results(&first.out));
            assert!(results(&again.out).len() >= 7, "{}", again.out);
            assert!(contents_of(&run) == before);
        }
        assert_eq!(good(resume(&run).arg("--quiet")).errors, "");
    }
}

#[test]
fn what_is_missing_of_a_run_that_has_ended_is_made_again() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let run = place.path("run");
    let models = ["best.safetensors", "last.safetensors"].map(|name| run.join(name));
    let before = models.clone().map(bytes);
    for path in models.iter().chain([&run.join("report.json")]) {
        fs::remove_file(path).expect("a file");
    }
    good(&mut resume(&run));
    assert!(models.map(bytes) == before);
    assert_eq!(json(run.join("report.json"))["end"], "finished");
}
