//! What happens between processes, when one is killed, and when a disk is full.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dropwise_lab::store::{ModelName, Run, open_for_reading};

use super::child::{command, started_by};
use super::{checkpoint_of_size, files_in};

/// Starts a child and waits until it has printed `word`.
fn start(mut command: Command, word: &str) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a child");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let said = output
        .lines()
        .any(|line| line.expect("text").ends_with(word));
    assert!(said, "the child ended before it said `{word}`");
    child
}

/// SIGKILL: the child has no chance to tidy up.
fn kill(mut child: Child) {
    child.kill().expect("a child to kill");
    child.wait().expect("its end");
}

#[track_caller]
fn succeeds(mut command: Command) {
    let output = command.output().expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn a_second_process_is_refused_until_the_first_is_killed() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(Run::create(dir.path(), "", "{}").expect("a run"));
    let child = start(command("hold", dir.path()), "held");
    let error = Run::resume(dir.path()).expect_err("a run in use");
    let expected = format!("in use by process {};", child.id());
    assert!(error.to_string().contains(&expected), "{error}");
    open_for_reading(dir.path()).expect("a run that can be read meanwhile");
    kill(child);
    Run::resume(dir.path()).expect("a run that is free");
}

#[test]
fn a_run_killed_at_any_moment_goes_on_from_a_whole_checkpoint() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(Run::create(dir.path(), "", "{}").expect("a run"));
    let mut steps = vec![0];
    for turn in 0..12 {
        let child = start(command("train", dir.path()), "training");
        std::thread::sleep(Duration::from_micros(20_000 + 7_777 * turn));
        kill(child);
        steps.push(check_what_was_left(dir.path()));
    }
    assert!(steps.is_sorted(), "{steps:?}");
    assert!(steps.last() > Some(&0), "{steps:?}");
}

/// The step of the newest checkpoint.
fn check_what_was_left(dir: &Path) -> u64 {
    if let Ok((model, metadata)) = open_for_reading(dir).expect("a run").model(ModelName::Last) {
        let step = metadata["step"].parse().expect("a number");
        assert_eq!(model, checkpoint_of_size(step, 3000).arrays);
    }
    let mut run = Run::resume(dir).expect("a run");
    let newest = run.newest_checkpoint(&mut |error| panic!("{error}"));
    let step = match newest.expect("checkpoints") {
        Some((step, checkpoint)) => {
            assert_eq!(checkpoint, checkpoint_of_size(step, 3000));
            step
        }
        None => 0,
    };
    assert!(!files_in(dir).iter().any(|name| name.contains(".dropwise-")));
    run.rewind_metrics(|line| line["step"].as_u64() <= Some(step))
        .expect("metrics");
    let metrics = std::fs::read_to_string(dir.join("metrics.jsonl")).expect("metrics");
    let expected: String = (1..=step)
        .map(|step| format!("{{\"step\":{step}}}\n"))
        .collect();
    assert_eq!(metrics, expected);
    step
}

#[test]
fn paths_without_a_folder_work() {
    let dir = tempfile::tempdir().expect("a folder");
    succeeds(command("write to a relative path", dir.path()));
    let expected = ["model.safetensors", "run/config.toml", "run/lock"];
    assert_eq!(files_in(dir.path())[..3], expected);
}

/// A limit on the size of files needs no rights: the disk seems to be full in the middle of one.
#[test]
fn a_file_that_cannot_be_finished_leaves_all_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let shell = "trap '' XFSZ && ulimit -f 64 && exec \"$0\" \"$@\"";
    succeeds(started_by(
        &["sh", "-c", shell],
        "overfill",
        &dir.path().join("run"),
    ));
}

#[test]
fn a_full_disk_is_an_error_and_leaves_all_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    if may_mount("a full disk", dir.path()) {
        succeeds(on_a_small_disk(
            "exec \"$0\" \"$@\"",
            "overfill",
            dir.path(),
        ));
    }
}

#[test]
fn a_disk_that_can_only_be_read_is_an_error_and_the_run_can_be_read() {
    let dir = tempfile::tempdir().expect("a folder");
    if may_mount("a read-only disk", dir.path()) {
        let shell = "DROPWISE_TEST_ACTION='save a model' \"$0\" \"$@\" && \
                     mount -o remount,ro \"$DROPWISE_TEST_DIR\" && exec \"$0\" \"$@\"";
        succeeds(on_a_small_disk(shell, "write read-only", dir.path()));
    }
}

/// A process that may mount a disk, seen by itself and its children alone.
const MOUNTER: [&str; 4] = ["unshare", "--user", "--map-root-user", "--mount"];

fn may_mount(test: &str, dir: &Path) -> bool {
    let mut mounter = Command::new(MOUNTER[0]);
    mounter
        .args(&MOUNTER[1..])
        .args(["mount", "-t", "tmpfs", "none"])
        .arg(dir);
    let may = mounter.output().is_ok_and(|output| output.status.success());
    if !may {
        // Not `eprintln!`, which is shown of failed tests only.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: {test}: no right to mount a disk"
        );
    }
    may
}

/// A child that has its folder on a disk of 256 kB; `shell` starts it as `"$0" "$@"`.
fn on_a_small_disk(shell: &str, action: &str, dir: &Path) -> Command {
    let mount = "mount -t tmpfs -o size=256k none \"$DROPWISE_TEST_DIR\"";
    let shell = format!("{mount} && {shell}");
    started_by(&[&MOUNTER[..], &["sh", "-c", &shell]].concat(), action, dir)
}
