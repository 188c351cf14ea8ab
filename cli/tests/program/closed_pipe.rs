//! Commands whose reader goes away, as `| head -1` does.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::folder::Folder;
use crate::runs::files_of;

const CONFIG: &str = "[data]\nsource = 'xor'\n[network]\nhidden = [4]\n[train]\nlearning_rate = 0.5\nsteps = 60\n\
                      evaluate_every = 1\n";

/// Reads the first line of a command's output and goes; the result is its exit status and what it says.
fn head(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = folder.command(arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut line = String::new();
    let mut out = BufReader::with_capacity(1, child.stdout.take().expect("a pipe"));
    out.read_line(&mut line).expect("a line");
    drop(out);
    let ended = child.wait_with_output().expect("an end");
    (
        ended.status.code(),
        String::from_utf8(ended.stderr).expect("text"),
    )
}

#[test]
fn a_training_whose_reader_is_gone_is_trained_to_its_end_and_saved() {
    let folder = Folder::new();
    folder.write("xor.toml", CONFIG);
    for more in [&[][..], &["--json"]] {
        let run = format!("run{}", more.len());
        let arguments = [
            "train",
            "xor.toml",
            "--set",
            "train.steps=20000",
            "--out",
            &run,
        ];
        let (status, said) = head(&folder, &[&arguments, more].concat());
        assert_eq!(status, Some(0), "{said}");
        assert_eq!(said.matches("going on without").count(), 1, "{said}");
        let files = files_of(&folder.path(&run));
        assert!(files.contains(&"last.safetensors".to_owned()), "{files:?}");
        let report = String::from_utf8(folder.read(&format!("{run}/report.json"))).expect("text");
        assert!(report.contains("\"steps\": 20000"), "{report}");
    }
}

#[test]
fn a_study_whose_reader_is_gone_is_saved_whole() {
    let folder = Folder::new();
    folder.write("xor.toml", CONFIG);
    let arguments = [
        "study",
        "xor.toml",
        "--replicas",
        "3",
        "--vary",
        "train.learning_rate=0.1,0.2,0.5,1,2",
    ];
    let (status, said) = head(
        &folder,
        &[&arguments[..], &["--json", "--out", "study"]].concat(),
    );
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(
        String::from_utf8(folder.read("study/study.jsonl"))
            .expect("text")
            .lines()
            .count(),
        15
    );
}

#[test]
#[cfg(unix)]
fn messages_that_nobody_reads_end_no_command() {
    let folder = Folder::new();
    folder.write("xor.toml", CONFIG);
    let script = "exec 2>&1; \"$0\" train xor.toml --set dropout.hidden=0.95 --set train.steps=20000 --out run | true";
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", script, env!("CARGO_BIN_EXE_dropwise")])
        .current_dir(folder.path(""));
    assert!(shell.status().expect("a shell").success());
    // The pipe's last command is done before the training is.
    let report = folder.path("run/report.json");
    let start = std::time::Instant::now();
    while !report.exists() {
        assert!(start.elapsed().as_secs() < 60, "no report");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
