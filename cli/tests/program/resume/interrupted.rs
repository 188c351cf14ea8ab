//! Ctrl-C.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{ADAM, SGD, experiment, place_with_whole_run};
use crate::common::backends;
use crate::runs::{
    Place, Running, assert_same_run, checkpoints_of, dropwise, good, json, resume, signal, text,
};

/// So long that a slow machine does not miss the run.
const LONGER: &str = "train.epochs=60";

/// Sends a signal to `command` once its first epoch is over; the result is what it says.
#[track_caller]
fn interrupt(place: &Place, command: &mut Command, name: &str) -> String {
    let metrics = place.path("run/metrics.jsonl");
    let length = || fs::metadata(&metrics).map_or(0, |metrics| metrics.len());
    let before = length();
    let mut process = Running::start(command);
    process.wait_until(|| length() > before);
    signal(&mut process, name);
    let ended = process.end();
    assert_eq!(ended.status, Some(130), "{}", ended.errors);
    ended.errors
}

/// Begins the run of `place` and interrupts it.
#[track_caller]
fn interrupt_first(place: &Place) {
    let mut train = place.train_in("run");
    interrupt(place, train.args(["--set", LONGER]), "-INT");
}

/// How long a run took, as its report says.
fn seconds_of(run: &Path) -> f64 {
    let seconds = json(run.join("report.json"))["seconds"].as_f64();
    seconds.expect("a number")
}

#[test]
fn an_interrupted_run_says_how_to_go_on_and_does_to_the_same_bytes() {
    for (backend, _) in backends() {
        for (train, name) in [(SGD, "-INT"), (ADAM, "-TERM")] {
            let arguments = ["--backend", &backend.to_string(), "--set", LONGER];
            let place = place_with_whole_run(&experiment("", train), &arguments);
            let run = place.path("run");
            let said = interrupt(&place, place.train_in("run").args(arguments), name);
            // The only checkpoint is the one that the signal asked for.
            let checkpoints = checkpoints_of(&run);
            let [(step, _)] = &checkpoints[..] else {
                panic!("{checkpoints:?}");
            };
            let dir = run.display();
            let expected = format!(
                "interrupted after step {step}; resume with: dropwise train --resume {dir}\n"
            );
            assert_eq!(said, expected);
            let ended = good(&mut resume(&run));
            assert_eq!(ended.errors, format!("resuming after step {step}\n"));
            assert_same_run(&run, &place.path("whole"));
        }
    }
}

#[test]
fn an_interrupted_run_is_evaluated_and_reported_as_what_it_is_so_far() {
    let place = Place::with(&experiment("", SGD));
    interrupt_first(&place);
    let run = place.path("run");
    let [(step, _)] = checkpoints_of(&run)[..] else {
        panic!("one checkpoint");
    };
    let ended = good(dropwise(["evaluate", "--json", "--model", "last"]).arg(&run));
    let expected = format!("has not ended; this is its last network so far, of step {step}\n");
    assert!(ended.errors.ends_with(&expected), "{}", ended.errors);
    let found: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(
        (&found["split"], &found["model"]),
        (&"test".into(), &"last".into())
    );
    // Without a name it is the best so far, as of a run that has ended.
    let ended = good(dropwise(["evaluate", "--json"]).arg(&run));
    let found: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(found["model"], "best");
    good(dropwise(["report", "--out"]).args([&place.path("page.html"), &run]));
}

#[test]
fn the_time_that_a_run_took_is_that_of_all_its_processes() {
    let place = Place::with(&experiment("", SGD));
    let run = place.path("run");
    interrupt_first(&place);
    let seconds = || -> f64 {
        text(run.join("checkpoints/seconds.txt"))
            .trim()
            .parse()
            .expect("a number")
    };
    let first = seconds();
    assert!((0.0..600.0).contains(&first), "{first}");
    fs::write(run.join("checkpoints/seconds.txt"), "5000.0\n").expect("a file");
    interrupt(&place, &mut resume(&run), "-INT");
    assert!((5000.0..5600.0).contains(&seconds()), "{}", seconds());
    good(&mut resume(&run));
    let taken = seconds_of(&run);
    assert!((5000.0..6200.0).contains(&taken), "{taken}");
    // A run that has ended has taken that long, and no longer, whoever looks at it again.
    fs::remove_file(run.join("report.json")).expect("a file");
    good(&mut resume(&run));
    let again = seconds_of(&run);
    assert!((again - taken).abs() < 600.0, "{again}");
}

#[test]
fn what_is_not_a_time_does_not_keep_a_run_from_going_on() {
    for found in ["", "soon", "-1", "inf", "NaN"] {
        let place = Place::with(&experiment("", SGD));
        let run = place.path("run");
        interrupt_first(&place);
        fs::write(run.join("checkpoints/seconds.txt"), found).expect("a file");
        good(&mut resume(&run));
        let taken = seconds_of(&run);
        assert!((0.0..600.0).contains(&taken), "{taken}");
    }
}

#[test]
fn a_run_may_be_interrupted_twice() {
    let place = place_with_whole_run(&experiment("", SGD), &["--set", LONGER]);
    let run = place.path("run");
    interrupt_first(&place);
    let said = interrupt(&place, &mut resume(&run), "-INT");
    let [first, second] = said.lines().collect::<Vec<_>>()[..] else {
        panic!("{said}");
    };
    assert!(first.starts_with("resuming after step "), "{said}");
    assert!(second.starts_with("interrupted after step "), "{said}");
    good(&mut resume(&run));
    assert_same_run(&run, &place.path("whole"));
    let lines = text(run.join("metrics.jsonl"));
    assert_eq!(lines.lines().count(), 120);
}

#[test]
fn without_a_folder_an_interruption_says_that_nothing_is_kept() {
    let place = Place::with(&experiment("", SGD));
    let mut train = place.train();
    let mut process = Running::start(train.args(["--set", "train.epochs=5_000"]));
    // Its handler is set before anything else; there is no file to wait for.
    std::thread::sleep(std::time::Duration::from_millis(500));
    signal(&mut process, "-INT");
    let ended = process.end();
    assert_eq!(ended.status, Some(130), "{}", ended.errors);
    assert!(
        ended.errors.starts_with("interrupted after step "),
        "{}",
        ended.errors
    );
    assert!(
        ended
            .errors
            .ends_with("; nothing was saved: a run with --out DIR can be resumed\n"),
        "{}",
        ended.errors
    );
}
