//! The `dropwise` program, as a process: output, exit status, every error.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::runs::{self, dropwise};

#[track_caller]
fn good(arguments: &[&str]) -> String {
    runs::good(&mut dropwise(arguments)).out
}

#[track_caller]
fn bad(arguments: &[&str], status: i32) -> String {
    runs::bad(&mut dropwise(arguments), status)
}

fn shipped(name: &str) -> PathBuf {
    crate::common::repository().join("config").join(name)
}

/// Writes `config/xor.toml` with some text replaced under a name of its own.
fn changed(name: &str, from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(shipped("xor.toml")).expect("the shipped file");
    assert!(text.contains(from));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text.replacen(from, to, 1)).expect("a file");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn train_runs_the_shipped_file_and_prints_what_the_example_prints() {
    let quick = changed("quick.toml", "steps = 60_000", "steps = 10_000");
    for (backend, _) in crate::common::backends() {
        let name = backend.to_string();
        let text = good(&["train", &quick, "--seed", "3", "--backend", &name]);
        let example = std::env::current_exe().expect("this test's path");
        let folder = example.ancestors().nth(2).expect("target/<profile>");
        let example = Command::new(folder.join("examples/xor"))
            .args(["--steps", "10000", "--seed", "3", "--backend", &name])
            .output()
            .expect("the example, built by `cargo test`");
        let example = String::from_utf8(example.stdout).expect("text");
        let but_the_time = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::to_owned);
            lines.filter(|line| !line.starts_with("backend")).collect()
        };
        assert_eq!(but_the_time(&text), but_the_time(&example), "{name}");
        assert_eq!(but_the_time(&text).len(), 6, "{text}");
        assert!(text.contains(&format!("backend {name}, seed 3, ")));
    }
}

#[test]
fn train_warns_of_unwise_rates_and_goes_on() {
    let path = changed("unwise.toml", "input = 0.0", "input = 0.5");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::write(&path, text.replacen("60_000", "100", 1)).expect("a file");
    let errors = runs::good(&mut dropwise(["train", &path])).errors;
    assert!(
        errors.starts_with("warning: dropout.input is 0.5: more than 0.25"),
        "{errors}"
    );
}

#[test]
fn train_shows_a_mistake_in_its_place() {
    let path = changed("misspelled.toml", "hidden = 0.2", "hiden = 0.2");
    let errors = bad(&["train", &path], 1);
    assert!(
        errors.contains("error: dropout.hiden: unknown key"),
        "{errors}"
    );
    assert!(errors.contains("misspelled.toml:23:1"), "{errors}");
    assert!(errors.contains("23 | hiden = 0.2"), "{errors}");
    assert!(errors.contains("help: did you mean `hidden`?"), "{errors}");

    let path = changed("rate.toml", "hidden = 0.2", "hidden = 1.5");
    let errors = bad(&["train", &path], 1);
    let expected = "dropout.hidden: expected a dropout rate of at least 0 and below 1, found 1.5";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn train_says_when_a_file_cannot_be_read() {
    let errors = bad(&["train", "no/such/file.toml"], 1);
    assert!(
        errors.contains("no/such/file.toml: cannot be read: No such file"),
        "{errors}"
    );
    let errors = bad(&["train", env!("CARGO_TARGET_TMPDIR")], 1);
    assert!(errors.contains("cannot be read: "), "{errors}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bytes.toml");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).expect("a file");
    let errors = bad(&["train", path.to_str().expect("a path")], 1);
    assert!(errors.contains("cannot be read: "), "{errors}");
}

#[test]
fn train_stops_when_it_diverges_and_says_where() {
    let path = changed(
        "diverges.toml",
        "output = \"sigmoid\"",
        "output = \"identity\"",
    );
    let text = std::fs::read_to_string(&path).expect("the file");
    let text = text.replacen("learning_rate = 0.5", "learning_rate = 1e6", 1);
    std::fs::write(&path, text.replacen("evaluate_every = 10_000", "", 1)).expect("a file");
    let errors = bad(&["train", &path], 1);
    assert!(
        errors.contains("training diverged: the loss is "),
        "{errors}"
    );
    assert!(errors.contains("learning rate"), "{errors}");
}

#[test]
fn verify_certifies_every_backend_in_every_precision() {
    for (backend, _) in crate::common::backends() {
        for precision in ["float32", "float64"] {
            let name = backend.to_string();
            let text = good(&[
                "verify",
                "--backend",
                &name,
                "--precision",
                precision,
                "--cases",
                "12",
                "--seed",
                "5",
            ]);
            let title =
                format!("gradient certificate of {name} in {precision}\n12 random networks");
            assert!(text.starts_with(&title), "{text}");
            assert_eq!(
                text.lines().filter(|line| line.starts_with("ok ")).count(),
                5,
                "{text}"
            );
        }
    }
}

#[test]
fn verify_gives_the_same_certificate_for_the_same_seed() {
    let certificate = |seed| good(&["verify", "--cases", "5", "--seed", seed]);
    assert_eq!(certificate("1"), certificate("1"));
    assert_ne!(certificate("1"), certificate("2"));
}

#[test]
fn wrong_usage_exits_with_2() {
    let errors = bad(&["verify", "--backend", "torch"], 2);
    assert!(
        errors.contains("there is no backend of this name; compiled in: `"),
        "{errors}"
    );
    for (name, compiled) in [
        ("wgpu", cfg!(feature = "wgpu")),
        ("cuda", cfg!(feature = "cuda")),
    ] {
        if !compiled {
            let errors = bad(&["verify", "--backend", name], 2);
            let fix = format!("it is not compiled in; add it with `--features {name}`");
            assert!(errors.contains(&fix), "{errors}");
        }
    }
    let errors = bad(&["verify", "--cases", "0"], 2);
    assert!(errors.contains("'--cases <N>'"), "{errors}");
    let errors = bad(&["verify", "--precision", "float16"], 2);
    assert!(
        errors.contains("expected `float32` or `float64`, found `float16`"),
        "{errors}"
    );
    bad(&["train"], 2);
    bad(&["trian", "config/xor.toml"], 2);
    bad(&[], 2);
}

#[test]
fn help_and_version_are_there() {
    assert!(
        good(&["--help"])
            .contains("Exit status: 0 good, 1 failed, 2 wrong usage, 130 interrupted.")
    );
    assert!(good(&["--version"]).starts_with("dropwise 0."));
    assert!(good(&["train", "--help"]).contains("config/xor.toml"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    use std::process::Stdio;

    let mut child = Command::new(env!("CARGO_BIN_EXE_dropwise"))
        .args(["verify", "--cases", "3"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a run");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
