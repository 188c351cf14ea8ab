//! What the tests of `processes` do in processes of their own: this test program, started again.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dropwise::Error;
use dropwise_lab::store;
use dropwise_lab::store::{Checkpoint, ModelName, Run, open_for_reading};

use super::{checkpoint_of, checkpoint_of_size, files_in};

const ACTION: &str = "DROPWISE_TEST_ACTION";
const DIR: &str = "DROPWISE_TEST_DIR";

/// Numbers of a checkpoint, and characters of a line, that fit into no disk of these tests.
const TOO_MANY: usize = 1 << 20;

/// This test program, to do `action` in `dir`.
pub fn command(action: &str, dir: &Path) -> Command {
    started_by(&["env"], action, dir)
}

/// The same, its path and arguments put after the words of another command.
pub fn started_by(words: &[&str], action: &str, dir: &Path) -> Command {
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", "store::child::acts_if_asked_to", "--nocapture"])
        .env(ACTION, action)
        .env(DIR, dir)
        .stdin(Stdio::piped());
    command
}

#[test]
fn acts_if_asked_to() {
    let (Ok(action), Some(dir)) = (std::env::var(ACTION), std::env::var_os(DIR)) else {
        return; // not a child
    };
    let dir = PathBuf::from(dir);
    match action.as_str() {
        "hold" => hold(&dir),
        "train" => train(&dir),
        "overfill" => overfill(&dir),
        "save a model" => save_a_model(&dir),
        "write to a relative path" => write_to_a_relative_path(&dir),
        "write read-only" => write_read_only(&dir),
        _ => panic!("unknown action {action}"),
    }
}

/// Holds the run until it is killed.
fn hold(dir: &Path) {
    let _run = Run::resume(dir).expect("the run");
    println!("held");
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .expect("a pipe");
}

/// Goes on with the run as a training loop does, until it is killed.
fn train(dir: &Path) {
    let mut run = Run::resume(dir).expect("the run");
    let newest = run.newest_checkpoint(&mut |error| panic!("{error}"));
    let start = newest.expect("checkpoints").map_or(0, |(step, _)| step);
    run.rewind_metrics(|line| line["step"].as_u64() <= Some(start))
        .expect("metrics");
    println!("training");
    // Not without end, in case nobody is left to kill it.
    for step in (start + 1..).take(10_000) {
        run.append_metrics(&format!("{{\"step\":{step}}}"))
            .expect("a line");
        let checkpoint = checkpoint_of_size(step, 3000);
        run.save_checkpoint(step, &checkpoint)
            .expect("a checkpoint");
        run.save_model(ModelName::Last, &checkpoint.arrays, &checkpoint.metadata)
            .expect("a model");
    }
}

/// Writes more than the disk holds, or more than a file may.
fn overfill(dir: &Path) {
    let mut run = Run::create(dir, "seed = 1", "{}").expect("a run");
    let small = checkpoint_of(1);
    run.append_metrics("{\"step\":1}").expect("a line");
    run.save_checkpoint(1, &small).expect("a checkpoint");
    run.save_model(ModelName::Last, &small.arrays, &small.metadata)
        .expect("a model");
    let before = files_in(dir);

    let large = checkpoint_of_size(2, TOO_MANY);
    full(run.save_checkpoint(2, &large), "step-0000000002.ckpt");
    let saved = run.save_model(ModelName::Last, &large.arrays, &large.metadata);
    full(saved, "last.safetensors");
    full(run.save_report(&"1".repeat(TOO_MANY)), "report.json");
    full(run.append_metrics(&"1".repeat(TOO_MANY)), "metrics.jsonl");

    assert_eq!(files_in(dir), before);
    let newest = run.newest_checkpoint(&mut |error| panic!("{error}"));
    assert_eq!(newest.expect("checkpoints"), Some((1, small.clone())));
    let (arrays, _) = run.model(ModelName::Last).expect("the model before");
    assert_eq!(arrays, small.arrays);
    let metrics = fs::read_to_string(dir.join("metrics.jsonl")).expect("metrics");
    assert_eq!(metrics, "{\"step\":1}\n");

    run.save_checkpoint(3, &checkpoint_of(3))
        .expect("what fits still");
}

#[track_caller]
fn full(result: Result<(), Error>, name: &str) {
    match result {
        Err(Error::WriteFile { path, cause }) => {
            assert_eq!(path.file_name(), Some(name.as_ref()));
            let kinds = [ErrorKind::StorageFull, ErrorKind::FileTooLarge];
            assert!(kinds.contains(&cause.kind()), "{cause}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn write_to_a_relative_path(dir: &Path) {
    std::env::set_current_dir(dir).expect("the folder");
    store::atomic::write(Path::new("model.safetensors"), b"1").expect("a file");
    drop(Run::create(Path::new("run"), "", "{}").expect("a run"));
    drop(Run::resume(Path::new("run")).expect("a run"));
    std::env::set_current_dir("run").expect("the run");
    Run::resume(Path::new(".")).expect("a run");
}

fn save_a_model(dir: &Path) {
    let mut run = Run::create(dir, "", "{}").expect("a run");
    let Checkpoint { arrays, metadata } = checkpoint_of(1);
    run.save_model(ModelName::Last, &arrays, &metadata)
        .expect("a model");
}

/// The run in `dir` is on a disk that can only be read.
fn write_read_only(dir: &Path) {
    let refused = |result: Result<(), Error>, path: PathBuf| match result {
        Err(Error::WriteFile { path: named, cause }) => {
            assert_eq!(named, path);
            assert_eq!(cause.kind(), ErrorKind::ReadOnlyFilesystem);
        }
        other => panic!("{other:?}"),
    };
    refused(Run::resume(dir).map(drop), dir.join("lock"));
    let other = dir.join("other");
    refused(Run::create(&other, "", "{}").map(drop), other);
    let model = dir.join("last.safetensors");
    refused(store::atomic::write(&model, b"new"), model);
    let stored = open_for_reading(dir).expect("a run that can be read");
    assert_eq!(
        stored.model(ModelName::Last).expect("its model").0,
        checkpoint_of(1).arrays
    );
}
