//! `dropwise train` as a process, and the runs that it keeps in folders.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// What a process left behind.
pub struct Ended {
    pub status: Option<i32>,
    pub out: String,
    pub errors: String,
}

pub fn dropwise<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dropwise"));
    command.args(arguments);
    command
}

/// `dropwise train --resume DIR`
pub fn resume(dir: &Path) -> Command {
    let mut command = dropwise(["train", "--resume"]);
    command.arg(dir);
    command
}

#[track_caller]
pub fn good(command: &mut Command) -> Ended {
    let ended = ended(command.output().expect("a process"));
    assert_eq!(ended.status, Some(0), "{}", ended.errors);
    ended
}

/// The messages of a process that has to end with `status`.
#[track_caller]
pub fn bad(command: &mut Command, status: i32) -> String {
    let ended = ended(command.output().expect("a process"));
    assert_eq!(ended.status, Some(status), "{}", ended.errors);
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
    ended.errors
}

#[track_caller]
pub fn assert_has(text: &str, part: &str) {
    assert!(text.contains(part), "expected `{part}` in:\n{text}");
}

fn ended(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended {
        status: output.status.code(),
        out: text(output.stdout),
        errors: text(output.stderr),
    }
}

/// A process that goes on beside the test, and is killed with it.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Running(Some(command.spawn().expect("a process")))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("a process")
    }

    pub fn id(&mut self) -> u32 {
        self.child().id()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child().try_wait().expect("a process").is_none()
    }

    /// Waits until something has come true, which has to be while the process lives.
    #[track_caller]
    pub fn wait_until(&mut self, mut is_true: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is_true() {
            assert!(self.is_alive(), "the process ended too early");
            assert!(start.elapsed() < Duration::from_secs(60), "in vain");
            sleep(Duration::from_millis(1));
        }
    }

    /// SIGKILL: the process has no chance to tidy up.
    pub fn kill(mut self) {
        self.child().kill().expect("a process to kill");
        self.child().wait().expect("its end");
    }

    pub fn end(mut self) -> Ended {
        let child = self.0.take().expect("a process");
        ended(child.wait_with_output().expect("its end"))
    }
}

/// Sends a signal, such as `-INT`.
#[track_caller]
pub fn signal(process: &mut Running, name: &str) {
    let kill = format!("kill {name} {}", process.id());
    good(Command::new("sh").args(["-c", &kill]));
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A folder of a test's own, with a configuration and the runs made of it.
pub struct Place(TempDir);

impl Place {
    pub fn with(config: &str) -> Self {
        let place = Place(tempfile::tempdir().expect("a folder"));
        fs::write(place.config(), config).expect("a file");
        place
    }

    pub fn config(&self) -> PathBuf {
        self.path("experiment.toml")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `dropwise train experiment.toml`
    pub fn train(&self) -> Command {
        let mut command = dropwise(["train"]);
        command.arg(self.config());
        command
    }

    /// `dropwise train experiment.toml --out RUN`
    pub fn train_in(&self, run: &str) -> Command {
        let mut command = self.train();
        command.arg("--out").arg(self.path(run));
        command
    }
}

pub fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    fs::read(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

pub fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8(bytes(path)).expect("text")
}

pub fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_slice(&bytes(path)).expect("JSON")
}

pub fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// The names of all files of a run, sorted.
pub fn files_of(run: &Path) -> Vec<String> {
    let mut names = names_in(run);
    names.retain(|name| name != "checkpoints");
    let checkpoints = checkpoints_of(run).into_iter();
    names.extend(checkpoints.map(|(_, name)| format!("checkpoints/{name}")));
    names.sort();
    names
}

/// Names and contents of all files of a run but the lock, which holds a process's number.
pub fn contents_of(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names = files_of(run);
    names.retain(|name| name != "lock");
    let read = |name: String| (name.clone(), bytes(run.join(name)));
    names.into_iter().map(read).collect()
}

/// Steps and names of a run's checkpoints, the oldest first.
pub fn checkpoints_of(run: &Path) -> Vec<(u64, String)> {
    let step_of = |name: &str| {
        name.strip_prefix("step-")?
            .strip_suffix(".ckpt")?
            .parse()
            .ok()
    };
    let names = names_in(&run.join("checkpoints")).into_iter();
    let mut found: Vec<(u64, String)> = names
        .filter_map(|name| Some((step_of(&name)?, name)))
        .collect();
    found.sort();
    found
}

/// The names of what is in a folder; none where there is no folder.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("text")
    };
    entries.map(name).collect()
}

/// Asserts that two runs came to the same: every file to the last byte, but for the times in the report.
#[track_caller]
pub fn assert_same_run(found: &Path, expected: &Path) {
    for name in [
        "config.toml",
        "preparation.json",
        "metrics.jsonl",
        "trail.jsonl",
        "last.safetensors",
        "best.safetensors",
        "baselines.json",
    ] {
        let is_there = expected.join(name).exists();
        assert_eq!(found.join(name).exists(), is_there, "{name}");
        if is_there {
            let same = bytes(found.join(name)) == bytes(expected.join(name));
            assert!(same, "{name} of {} differs", found.display());
        }
    }
    let report = |run: &Path| {
        let mut report = json(run.join("report.json"));
        report.as_object_mut().expect("a table").remove("seconds");
        report
    };
    assert_eq!(report(found), report(expected));
    let last = |run: &Path| {
        let (_, name) = checkpoints_of(run).pop().expect("a checkpoint");
        (bytes(run.join("checkpoints").join(&name)), name)
    };
    assert!(last(found) == last(expected), "the last checkpoint differs");
}
