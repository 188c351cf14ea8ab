//! The program as a process, and small runs of it.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A folder with data files, in which the program runs.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with one file and a run, `run`, that was trained on it.
    pub fn trained(name: &str, content: impl AsRef<[u8]>, config: &str) -> Self {
        let folder = Folder::new();
        folder.write(name, content);
        folder.train(config, "run");
        folder
    }

    #[track_caller]
    pub fn train(&self, config: &str, run: &str) {
        self.write("config.toml", config);
        self.good(&["train", "config.toml", "--quiet", "--out", run]);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("a file");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dropwise"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    /// A process that reads standard input, with both ends in hand.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).spawn().expect("a process")
    }

    pub fn output(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = self.spawn(arguments);
        let mut stdin = child.stdin.take().expect("a pipe");
        std::thread::scope(|scope| {
            // A process that stops at a mistake leaves the rest unread.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().expect("an end")
        })
    }

    /// The output of a command that ends well and says nothing else but notes.
    #[track_caller]
    pub fn good(&self, arguments: &[&str]) -> String {
        good(self.output(arguments, b""))
    }

    /// The errors of a command that fails.
    #[track_caller]
    pub fn bad(&self, arguments: &[&str]) -> String {
        bad(self.output(arguments, b"")).1
    }

    /// The lines that the network in `run` answers with.
    #[track_caller]
    pub fn predict(&self, input: impl AsRef<[u8]>, more: &[&str]) -> Vec<String> {
        let arguments = [&["predict", "run", "--input", "-"], more].concat();
        lines(&good(self.output(&arguments, input.as_ref())))
    }

    /// The lines that it answers with before a mistake, and what it says of that.
    #[track_caller]
    pub fn predict_badly(&self, input: impl AsRef<[u8]>, more: &[&str]) -> (Vec<String>, String) {
        let arguments = [&["predict", "run", "--input", "-"], more].concat();
        let (answers, errors) = bad(self.output(&arguments, input.as_ref()));
        (lines(&answers), errors)
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

#[track_caller]
fn good(output: Output) -> String {
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{errors}");
    assert_eq!(without_notes(&errors), "");
    String::from_utf8(output.stdout).expect("text")
}

/// What is said of the data as a whole is tested where it is what matters.
fn without_notes(errors: &str) -> String {
    let others = errors.split_inclusive('\n');
    others.filter(|line| !line.starts_with("note: ")).collect()
}

/// What was written to standard output and to standard error, notes left out.
#[track_caller]
fn bad(output: Output) -> (String, String) {
    let errors = without_notes(&String::from_utf8(output.stderr).expect("text"));
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("error: "), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    (String::from_utf8(output.stdout).expect("text"), errors)
}

/// The fields of a table without quotes.
pub fn cells(line: &str) -> Vec<&str> {
    line.split(',').collect()
}

/// Numbers that are within `bound` of each other.
#[track_caller]
pub fn assert_near(found: &[f64], expected: &[f64], bound: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let difference = (found - expected).abs();
        assert!(difference <= bound, "found {found}, expected {expected}");
    }
}

/// The numbers of a file of weights, without what is said of them.
pub fn weights(safetensors: &[u8]) -> &[u8] {
    let header = u64::from_le_bytes(safetensors[..8].try_into().expect("eight bytes"));
    &safetensors[8 + header as usize..]
}
