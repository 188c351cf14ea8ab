//! Shards, and what launchers and schedulers ask of one process. Several processes are for `scripts/mpi.sh`.

use super::{DIGITS, digits_with};
use crate::runs::{
    Place, Running, assert_has, assert_same_run, bad, checkpoints_of, dropwise, good, resume,
    signal,
};

#[cfg(unix)]
#[test]
fn a_run_in_shards_is_interrupted_and_goes_on_to_the_same_bytes() {
    let place = Place::with(&digits_with("epochs = 3", "epochs = 40\nshards = 8"));
    good(place.train_in("whole").arg("--quiet"));
    let mut process = Running::start(place.train_in("run").arg("--quiet"));
    process.wait_until(|| place.path("run/metrics.jsonl").exists());
    signal(&mut process, "-TERM");
    let ended = process.end();
    assert_eq!(ended.status, Some(130), "{}", ended.errors);
    good(resume(&place.path("run")).arg("--quiet"));
    assert_same_run(&place.path("run"), &place.path("whole"));
}

#[cfg(unix)]
#[test]
fn sigusr1_takes_a_checkpoint_and_training_goes_on() {
    let place = Place::with(&digits_with("epochs = 3", "epochs = 100000"));
    let mut train = place.train_in("run");
    let mut process = Running::start(train.args(["--quiet", "--checkpoint-every", "100000"]));
    process.wait_until(|| place.path("run/metrics.jsonl").exists());
    let run = place.path("run");
    assert!(checkpoints_of(&run).is_empty());
    for count in 1..3 {
        signal(&mut process, "-USR1");
        process.wait_until(|| checkpoints_of(&run).len() >= count);
        assert!(process.is_alive());
    }
    process.kill();
}

#[cfg(not(feature = "mpi"))]
#[test]
fn processes_that_know_nothing_of_each_other_are_refused() {
    let place = Place::with(DIGITS);
    let mut train = place.train_in("run");
    let errors = bad(train.env("OMPI_COMM_WORLD_SIZE", "4"), 1);
    assert_has(
        &errors,
        "processes: expected one, since this program was built without the feature `mpi`",
    );
    assert_has(
        &errors,
        "found 4; build it with: cargo build --release --features mpi",
    );
    assert!(!place.path("run").exists());
    good(
        place
            .train_in("run")
            .env("OMPI_COMM_WORLD_SIZE", "1")
            .arg("--quiet"),
    );
}

#[test]
fn a_study_leaves_the_shards_of_the_file_out_and_refuses_those_of_the_command_line() {
    let place = Place::with(&digits_with("epochs = 3", "epochs = 1\nshards = 8"));
    let study = |more: &[&str]| {
        let mut command = dropwise(["study", "--replicas", "2", "--quiet"]);
        command.arg(place.config()).args(more);
        command
    };
    assert_has(&good(&mut study(&[])).errors, "`train.shards` is left out");
    let errors = bad(&mut study(&["--set", "train.shards=4"]), 1);
    assert_has(
        &errors,
        "train.shards: expected 1, because a study trains networks at once",
    );
}

#[test]
fn shards_that_cannot_be_are_refused_in_their_place() {
    for (train, expected) in [
        (
            "shards = 6",
            "train.shards: expected a power of two from 1 to 1024, found 6",
        ),
        (
            "shards = 0",
            "train.shards: expected a power of two from 1 to 1024, found 0",
        ),
        (
            "shards = 8\nensemble = 2",
            "train.shards: expected 1, since the members of an ensemble",
        ),
    ] {
        let place = Place::with(&digits_with("epochs = 3", &format!("epochs = 3\n{train}")));
        assert_has(&bad(&mut place.train(), 1), expected);
    }
    let text = DIGITS.replace("hidden = 0.2", "hidden = 0.2\nmasks = \"framework\"");
    let place = Place::with(&text.replace("epochs = 3", "epochs = 3\nshards = 8"));
    assert_has(
        &bad(&mut place.train(), 1),
        "dropout.masks: expected \"seeded\" with `train.shards`",
    );
}
