//! SIGKILL.

use std::process::Command;
use std::thread::sleep;
use std::time::Instant;

use super::common::backends;
use super::common::runs::{
    Place, Running, assert_same_run, checkpoints_of, files_of, good, json, resume,
};
use super::{ADAM, ADAMW, SGD, experiment, place_with_whole_run};

/// When a process is killed, in parts of the time that a whole run takes.
const MOMENTS: [f64; 5] = [0.23, 0.11, 0.31, 0.17, 0.26];

/// Kills a run again and again on every backend, with `seconds` between checkpoints; the result is
/// the end that the last of the whole runs came to.
fn kill_and_resume(config: &str, seconds: &str) -> String {
    let mut end = String::new();
    for (backend, _) in backends() {
        let backend = backend.to_string();
        let arguments = ["--backend", &backend, "--checkpoint-every", seconds];
        let start = Instant::now();
        let place = place_with_whole_run(config, &arguments);
        let length = start.elapsed();

        let report = json(place.path("whole/report.json"));
        let steps = report["steps"].as_u64().expect("a number");
        let mut reached = Vec::new();
        for moment in MOMENTS {
            let mut process = Running::start(&mut start_or_go_on(&place, &arguments));
            sleep(length.mul_f64(moment));
            if !process.is_alive() {
                break;
            }
            process.kill();
            let newest = checkpoints_of(&place.path("killed")).pop();
            reached.extend(newest.map(|(step, _)| step));
        }
        let in_the_middle = reached.iter().any(|step| *step < steps);
        assert!(in_the_middle, "{backend}: killed at {reached:?} of {steps}");
        assert!(reached.is_sorted(), "{reached:?}");

        good(&mut start_or_go_on(&place, &arguments));
        assert_same_run(&place.path("killed"), &place.path("whole"));
        let files = files_of(&place.path("killed"));
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
    let end = kill_and_resume(&experiment(dropout, ADAM), "0.003");
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
    assert_eq!(ended.errors, "no checkpoint was reached: starting again\n");
    assert_same_run(&run, &place.path("whole"));
}
