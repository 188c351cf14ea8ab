//! A loss that is not finite: the run stops, says where, and keeps what was good.

use dropwise_lab::store::{ArrayValues, Run};

use super::digits_with;
use crate::common::backends;
use crate::runs::{Place, assert_has, bad, bytes, checkpoints_of, dropwise, good, resume};

/// The number after `words` in a message.
#[track_caller]
fn number_after(words: &str, message: &str) -> u64 {
    let (_, rest) = message
        .split_once(words)
        .unwrap_or_else(|| panic!("{message}"));
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits.expect("a number").parse().expect("a number")
}

#[test]
fn divergence_names_the_step_and_the_cause_and_keeps_the_checkpoint_before() {
    // A learning rate that grows a million times an epoch, after a good start. Units of `relu` would
    // die and keep the loss finite.
    let config = digits_with("\"adam\"", "\"sgd\"\nschedule = { exponential = 1e6 }")
        .replacen("relu", "identity", 1);
    for (backend, _) in backends() {
        let place = Place::with(&config);
        let mut train = place.train_in("run");
        train.args(["--checkpoint-every", "0", "--backend", &backend.to_string()]);
        let errors = bad(&mut train, 1);
        assert_has(&errors, "error: training diverged: ");
        assert_has(
            &errors,
            "the usual cause is a learning rate that is too high",
        );
        assert_has(
            &errors,
            "try a tenth of it, or bound the gradients with `train.clip`",
        );
        let step = number_after("at step ", &errors);
        assert!(step > 2, "{errors}");

        let run = place.path("run");
        let kept = number_after("the checkpoint of step ", &errors);
        assert!(kept < step, "{errors}");
        let (newest, name) = checkpoints_of(&run).pop().expect("a checkpoint");
        assert_eq!(newest, kept);
        check_that_it_is_good(&run, kept);

        // What there is can be looked at, and is called what it is.
        let ended = good(dropwise(["evaluate", "--model", "last"]).arg(&run));
        assert_has(
            &ended.errors,
            "has not ended; this is its last network so far",
        );
        assert_has(&ended.errors, &format!("of step {kept}\n"));

        // The same happens again, and the checkpoint is still there.
        let before = bytes(run.join("checkpoints").join(&name));
        let errors = bad(&mut resume(&run), 1);
        assert_eq!(number_after("at step ", &errors), step);
        assert_eq!(number_after("the checkpoint of step ", &errors), kept);
        assert!(bytes(run.join("checkpoints").join(&name)) == before);
    }
}

fn check_that_it_is_good(run: &std::path::Path, step: u64) {
    let run = Run::resume(run).expect("a run");
    let newest = run.newest_checkpoint(&mut |error| panic!("{error}"));
    let (found, checkpoint) = newest.expect("checkpoints").expect("a checkpoint");
    assert_eq!(found, step);
    for array in checkpoint.arrays {
        let ArrayValues::F32(values) = array.values else {
            panic!("{}: 32-bit numbers", array.name);
        };
        assert!(
            values.iter().all(|value| value.is_finite()),
            "{}",
            array.name
        );
    }
}

#[test]
fn divergence_before_any_checkpoint_promises_none() {
    let place = Place::with(&digits_with(
        "optimizer = \"adam\"\n    learning_rate = 0.01",
        "optimizer = \"sgd\"\n    learning_rate = 1e25",
    ));
    let errors = bad(
        place.train_in("run").args(["--checkpoint-every", "1000"]),
        1,
    );
    assert_has(&errors, "training diverged: ");
    assert!(!errors.contains("checkpoint"), "{errors}");
    assert!(checkpoints_of(&place.path("run")).is_empty());
    let without_a_folder = bad(&mut place.train(), 1);
    assert_eq!(without_a_folder, errors);
}
