//! SIGKILL.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::{ADAM, ADAMW, SGD, experiment, place_with_whole_run};
use crate::common::backends;
use crate::runs::{Place, Running, assert_same_run, checkpoints_of, files_of, good, json, resume};

/// When a process is killed: at the first checkpoint after this part of all steps, and so many microseconds later,
/// when it may be anywhere. A part of the time that a run takes would come too late on a machine that has become faster
/// since.
const MOMENTS: [(f64, u64); 5] = [
    (0.1, 0),
    (0.25, 700),
    (0.3, 1_300),
    (0.5, 300),
    (0.6, 2_100),
];

/// Kills a run again and again on every backend, with `seconds` between checkpoints; the result is
/// the end that the last of the whole runs came to.
fn kill_and_resume(config: &str, seconds: &str) -> String {
    let mut end = String::new();
    for (backend, _) in backends() {
        let backend = backend.to_string();
        let arguments = ["--backend", &backend, "--checkpoint-every", seconds];
        let place = place_with_whole_run(config, &arguments);
        let killed = place.path("killed");
        let newest = || checkpoints_of(&killed).pop().map(|(step, _)| step);

        let report = json(place.path("whole/report.json"));
        let steps = report["steps"].as_u64().expect("a number");
        let mut reached = Vec::new();
        for (part, microseconds) in MOMENTS {
            let enough = (part * steps as f64) as u64;
            let mut process = Running::start(&mut start_or_go_on(&place, &arguments));
            while process.is_alive() && newest().is_none_or(|step| step < enough) {
                sleep(Duration::from_micros(100));
            }
            sleep(Duration::from_micros(microseconds));
            if !process.is_alive() {
                break;
            }
            process.kill();
            reached.extend(newest());
        }
        let in_the_middle = reached.iter().any(|step| *step < steps);
        assert!(in_the_middle, "{backend}: killed at {reached:?} of {steps}");
        assert!(reached.is_sorted(), "{reached:?}");

        good(&mut start_or_go_on(&place, &arguments));
        assert_same_run(&killed, &place.path("whole"));
        let files = files_of(&killed);
        assert!(
            !files.iter().any(|name| name.contains(".dropwise-")),
            "{files:?}"
        );
        end = report["end"].to_string();
    }
    end
}

/// A process may be killed before its folder is a run.
fn start_or_go_on(place: &Place, arguments: &[&str]) -> Command {
    let run = place.path("killed");
    if run.join("config.toml").exists() {
        let mut command = resume(&run);
        command.args(&arguments[2..]);
        command
    } else {
        let mut command = place.train_in("killed");
        command.args(arguments);
        command
    }
}

#[test]
fn gradient_descent_with_momentum_and_steps_ends_with_the_same_bytes() {
    let end = kill_and_resume(&experiment("", SGD), "0");
    assert_eq!(end, "\"finished\"");
}

#[test]
fn adam_with_a_cosine_and_early_dropout_of_the_framework_ends_with_the_same_bytes() {
    let dropout = "masks = 'framework'\nschedule = { early = 8 }";
    let end = kill_and_resume(&experiment(dropout, ADAM), "0.002");
    assert_eq!(end, "\"finished\"");
}

#[test]
fn adamw_with_bounds_and_early_stopping_ends_with_the_same_bytes() {
    let end = kill_and_resume(&experiment("schedule = { late = 3 }", ADAMW), "0");
    assert_eq!(end, "\"stopped early\"");
}

#[test]
fn a_run_killed_before_its_first_checkpoint_starts_again() {
    let place = place_with_whole_run(&experiment("", ADAM), &[]);
    let run = place.path("killed");
    let mut train = place.train_in("killed");
    let mut process = Running::start(train.args(["--checkpoint-every", "1000"]));
    // The lines of the metrics are written again, not twice.
    process.wait_until(|| {
        let metrics = std::fs::metadata(run.join("metrics.jsonl"));
        metrics.is_ok_and(|metrics| metrics.len() > 0)
    });
    process.kill();
    assert!(checkpoints_of(&run).is_empty());
    let ended = good(&mut resume(&run));
    assert_eq!(
        ended.errors,
        "found no checkpoint: starting from the beginning\n"
    );
    assert_same_run(&run, &place.path("whole"));
}

#[test]
fn an_ensemble_ends_with_the_same_bytes() {
    let end = kill_and_resume(&experiment("", &format!("{ADAM}\nensemble = 3")), "0");
    assert_eq!(end, "\"finished\"");
}
