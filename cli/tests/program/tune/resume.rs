//! Studies that were killed, and those that cannot go on.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{DIGITS, assert_same_study, trials_of, tune_in};
use crate::runs::{Place, Running, assert_has, bad, dropwise, good, text};

fn lines(folder: &Path) -> usize {
    fs::read_to_string(folder.join("study.jsonl")).map_or(0, |text| text.lines().count())
}

/// A study that has ended, to compare with and to damage.
fn whole() -> Place {
    let place = Place::with(DIGITS);
    good(&mut tune_in(&place, "whole", &["--quiet"]));
    place
}

#[test]
fn a_killed_study_goes_on_without_losing_a_trial_to_the_same_end() {
    let place = whole();
    let (whole, killed) = (place.path("whole"), place.path("killed"));
    let all = lines(&whole);
    let mut kept = 0;
    let mut in_the_middle = 0;
    for part in 1..4 {
        let more: &[&str] = if part == 1 {
            &["--quiet"]
        } else {
            &["--quiet", "--resume"]
        };
        let mut process = Running::start(&mut tune_in(&place, "killed", more));
        let enough = part * all / 4;
        process.wait_until(|| lines(&killed) >= enough);
        process.kill();
        let before = fs::read_to_string(killed.join("study.jsonl")).expect("a file");
        let found = before.lines().count();
        assert!(found >= kept, "{found} of {kept} are left");
        in_the_middle += usize::from(found < all);
        kept = found;
    }
    assert!(in_the_middle > 0, "it was killed too late");
    good(&mut tune_in(&place, "killed", &["--quiet", "--resume"]));
    assert_same_study(&killed, &whole);
}

#[test]
fn trials_that_have_ended_are_not_trained_again() {
    let place = whole();
    let whole = place.path("whole");
    let before = text(whole.join("study.jsonl"));
    fs::remove_file(whole.join("best.toml")).expect("a file");
    good(&mut tune_in(&place, "whole", &["--quiet", "--resume"]));
    // Times and all: nothing was measured anew.
    assert_eq!(text(whole.join("study.jsonl")), before);
    assert!(whole.join("best.toml").exists());
}

#[test]
fn a_last_line_without_its_end_is_trained_again() {
    let place = whole();
    let whole = place.path("whole");
    let (before, path) = (trials_of(&whole), whole.join("study.jsonl"));
    let content = text(&path);
    fs::write(&path, &content[..content.len() - 40]).expect("a file");
    good(&mut tune_in(&place, "whole", &["--quiet", "--resume"]));
    assert_eq!(trials_of(&whole), before);
}

#[test]
fn a_line_that_is_no_trial_is_named() {
    let place = whole();
    let path = place.path("whole").join("study.jsonl");
    let content = text(&path);
    let mut file = fs::File::create(&path).expect("a file");
    file.write_all(format!("{{\"phase\": \"grow\"}}\n{content}").as_bytes())
        .expect("room");
    let errors = bad(&mut tune_in(&place, "whole", &["--resume"]), 1);
    assert_has(&errors, "study.jsonl: line 1: expected a trial");
}

#[test]
fn a_study_goes_on_only_as_it_was_begun() {
    let place = whole();
    let refused = |more: &[&str], expected: &str| {
        let more = [&["--resume"], more].concat();
        let errors = bad(&mut tune_in(&place, "whole", &more), 1);
        assert_has(&errors, expected);
        assert_has(&errors, "restore it, or start a new study in another --out");
    };
    let epochs = "`train.epochs` was 6 when the study was started and is 7 now";
    refused(&["--set", "train.epochs=7"], epochs);
    refused(
        &["--set", "train.clip={norm=1.0}"],
        "`train.clip` was absent when the study was started and is ",
    );
    refused(
        &["--seed", "6"],
        "`seed` was 5 when the study was started and is 6 now",
    );

    // With more trials the choice may be another, but it is made.
    let mut tune = dropwise(["tune", "--resume", "--trials", "10", "--max-width", "64"]);
    tune.arg(place.config())
        .arg("--out")
        .arg(place.path("whole"));
    assert_has(&bad(&mut tune, 1), "finalists were chosen");
}

#[test]
fn there_is_a_study_to_go_on_with_and_a_new_one_finds_an_empty_folder() {
    let place = whole();
    let errors = bad(&mut tune_in(&place, "nothing", &["--resume"]), 1);
    assert_has(
        &errors,
        "found no `tune.toml`; leave out --resume to begin one",
    );
    assert!(!place.path("nothing").exists());
    let errors = bad(&mut tune_in(&place, "whole", &[]), 1);
    assert_has(
        &errors,
        "already holds a study; choose another --out, or go on with --resume",
    );
}

/// Three processes work on one study; two are killed in the middle, and another one comes.
#[test]
fn processes_that_join_come_to_the_study_of_one_whoever_of_them_is_lost() {
    let place = whole();
    let (whole, joined) = (place.path("whole"), place.path("joined"));
    let join = ["--quiet", "--join", "--jobs", "1"];
    let mut processes: Vec<Running> = (0..3)
        .map(|_| Running::start(&mut tune_in(&place, "joined", &join)))
        .collect();
    let ended = || {
        let names = fs::read_dir(joined.join("trials"))
            .into_iter()
            .flatten()
            .flatten();
        names
            .filter(|name| name.path().extension().is_some_and(|it| it == "json"))
            .count()
    };
    for enough in [4, 8] {
        processes[0].wait_until(|| ended() >= enough);
        processes.pop().expect("one of three").kill();
    }
    let all = lines(&whole);
    assert!(ended() < all, "killed too late");
    processes.push(Running::start(&mut tune_in(&place, "joined", &join)));
    for process in processes {
        let ended = process.end();
        assert_eq!(ended.status, Some(0), "{}", ended.errors);
    }
    assert_same_study(&joined, &whole);
    // One that comes when all is done says the same, and so does one that goes on alone.
    let before = text(joined.join("study.jsonl"));
    for more in ["--join", "--resume"] {
        good(&mut tune_in(&place, "joined", &["--quiet", more]));
        assert_eq!(text(joined.join("study.jsonl")), before, "{more}");
    }
    let errors = bad(
        &mut tune_in(&place, "joined", &["--join", "--seed", "6"]),
        1,
    );
    assert_has(
        &errors,
        "`seed` was 5 when the study was started and is 6 now",
    );
}

#[test]
fn one_process_that_has_the_study_for_itself_is_not_joined() {
    let place = whole();
    let path = place.path("whole/lock");
    let holder = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("a lock");
    holder.lock().expect("nobody else has it");
    let errors = bad(&mut tune_in(&place, "whole", &["--join"]), 1);
    assert_has(&errors, "in use");
    holder.unlock().expect("held");
    // And one that is joined is not had by one process.
    holder.lock_shared().expect("nobody else has it");
    let errors = bad(&mut tune_in(&place, "whole", &["--resume"]), 1);
    assert_has(&errors, "in use");
}
