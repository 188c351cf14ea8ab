//! A disk that is full in the middle of a run.

use std::process::Command;

use super::DIGITS;
use crate::runs::{
    Place, assert_has, assert_same_run, bad, checkpoints_of, files_of, good, resume,
};

/// A limit on the size of files needs no rights: the disk seems to be full in the middle of one. Set
/// between the sizes of a checkpoint without and with a best network, it is reached at the end of the
/// first epoch.
const LIMIT: &str = "trap '' XFSZ && ulimit -f 26 && exec \"$0\" \"$@\"";

fn limited(command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", LIMIT]).arg(command.get_program());
    limited.args(command.get_args());
    limited
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_the_last_checkpoint() {
    let place = Place::with(DIGITS);
    let every = ["--checkpoint-every", "0"];
    let run = place.path("run");
    let errors = bad(&mut limited(place.train_in("run").args(every)), 1);
    let steps: Vec<u64> = checkpoints_of(&run).iter().map(|(step, _)| *step).collect();
    let [before, last] = steps[..] else {
        panic!("{steps:?}");
    };
    assert_eq!(before + 1, last);
    let failed = run.join(format!("checkpoints/step-{:010}.ckpt", last + 1));
    let expected = format!("error: {}: cannot be written: ", failed.display());
    assert_has(&errors, &expected);
    assert_has(&errors, "File too large");
    assert_has(&errors, &format!("the checkpoint of step {last} in "));
    assert!(
        !files_of(&run)
            .iter()
            .any(|name| name.contains(".dropwise-"))
    );

    // With room on the disk the run comes to what it would have come to.
    good(&mut place.train_in("whole"));
    let ended = good(&mut resume(&run));
    assert_eq!(ended.errors, format!("resuming after step {last}\n"));
    assert_same_run(&run, &place.path("whole"));
}
