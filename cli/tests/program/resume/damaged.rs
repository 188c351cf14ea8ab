//! Checkpoints that are not what was written.

use std::fs;
use std::path::{Path, PathBuf};

use super::{ADAM, experiment, place_with_whole_run};
use crate::runs::{
    Place, Running, assert_has, assert_same_run, bad, bytes, checkpoints_of, contents_of, files_of,
    good, resume,
};

/// A run, `killed`, of two checkpoints or more, beside the whole one.
fn killed_run() -> Place {
    let place = place_with_whole_run(&experiment("", ADAM), &[]);
    let run = place.path("killed");
    let mut train = place.train_in("killed");
    let mut process = Running::start(train.args(["--checkpoint-every", "0"]));
    process.wait_until(|| {
        checkpoints_of(&run)
            .first()
            .is_some_and(|(step, _)| *step > 30)
    });
    process.kill();
    assert!(checkpoints_of(&run).len() >= 2);
    place
}

fn copied(place: &Place, name: &str) -> PathBuf {
    let (from, to) = (place.path("killed"), place.path(name));
    fs::create_dir_all(to.join("checkpoints")).expect("a folder");
    for name in files_of(&from) {
        fs::copy(from.join(&name), to.join(&name)).expect("a copy");
    }
    to
}

type Damage = fn(&mut Vec<u8>);

fn damage(checkpoint: &Path, how: Damage) {
    let mut content = bytes(checkpoint);
    how(&mut content);
    fs::write(checkpoint, content).expect("a file");
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_it_used() {
    let place = killed_run();
    let kinds: [(&str, Damage); 7] = [
        ("first byte", |content| content[0] ^= 1),
        ("hash", |content| content[40] ^= 1),
        ("middle", |content| {
            let middle = content.len() / 2;
            content[middle] ^= 1;
        }),
        ("last byte", |content| {
            *content.last_mut().expect("a byte") ^= 1
        }),
        ("cut", |content| content.truncate(content.len() - 1)),
        ("longer", |content| content.push(0)),
        ("empty", Vec::clear),
    ];
    for (kind, how) in kinds {
        let run = copied(&place, kind);
        let checkpoints = checkpoints_of(&run);
        let [.., (step, _), (_, newest)] = &checkpoints[..] else {
            panic!("two checkpoints");
        };
        let newest = run.join("checkpoints").join(newest);
        damage(&newest, how);
        let errors = good(&mut resume(&run)).errors;
        let expected = format!("warning: {}: expected ", newest.display());
        assert!(errors.starts_with(&expected), "{kind}: {errors}");
        assert_has(&errors, "damaged or cut short");
        assert_has(&errors, &format!("\nresuming after step {step}\n"));
        assert_eq!(errors.lines().count(), 2, "{kind}: {errors}");
        assert_same_run(&run, &place.path("whole"));
    }
}

#[test]
fn a_run_whose_checkpoints_are_all_damaged_is_refused_and_left_as_it_is() {
    let place = killed_run();
    let run = place.path("killed");
    for (_, name) in checkpoints_of(&run) {
        damage(&run.join("checkpoints").join(name), |content| {
            content[200] ^= 1
        });
    }
    let before = contents_of(&run);
    let errors = bad(&mut resume(&run), 1);
    for (_, name) in checkpoints_of(&run) {
        assert_has(&errors, &format!("{name}: expected "));
    }
    assert_has(&errors, "expected an intact checkpoint, found ");
    assert_has(&errors, "start again with another --out");
    assert!(contents_of(&run) == before);
}
