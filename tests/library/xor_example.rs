//! `cargo run --example xor`, as a process.

use std::path::PathBuf;
use std::process::{Command, Output};

/// Cargo builds examples beside the tests' own folder before it runs the tests.
fn example(arguments: &[&str]) -> Output {
    let test = std::env::current_exe().expect("this test's path");
    let folder = test.ancestors().nth(2).expect("target/<profile>");
    let path: PathBuf = folder.join(format!("examples/xor{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --examples`, or the whole `cargo test`",
        path.display()
    );
    Command::new(path).args(arguments).output().expect("a run")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The lines without the last, which tells the time taken.
fn without_time(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.pop();
    lines
}

#[test]
fn it_learns_xor_and_says_how() {
    let text = stdout(&example(&[]));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("Mlp 3-4-1: hidden sigmoid, output sigmoid, no bias"));
    let mut last_error = f64::NAN;
    for (line, step) in lines[1..7].iter().zip(1..) {
        let start = format!("step {:>6}: mean absolute error ", step * 10_000);
        let error = line.strip_prefix(&start).expect(line);
        last_error = error.parse().expect("a number");
    }
    assert!(last_error < 0.1, "the mean absolute error is {last_error}");
    let rows = [
        "[0.0, 0.0, 1.0]",
        "[0.0, 1.0, 1.0]",
        "[1.0, 0.0, 1.0]",
        "[1.0, 1.0, 1.0]",
    ];
    for ((line, inputs), target) in lines[7..11].iter().zip(rows).zip([0.0, 1.0, 1.0, 0.0]) {
        let (output, found) = line
            .strip_prefix(&format!("{inputs} -> ["))
            .and_then(|rest| rest.split_once("], target "))
            .expect(line);
        let output: f64 = output.parse().expect("a number");
        assert!((output - target).abs() < 0.2, "{line}");
        assert_eq!(found, format!("[{target:.1}]"));
    }
    let backend = dropwise::Backend::default();
    assert!(lines[11].starts_with(&format!("backend {backend}, seed 42, ")));
    assert!(lines[11].ends_with(" s"));
    assert_eq!(lines.len(), 12);
}

#[test]
fn each_flag_changes_one_thing() {
    let run = |flags: &[&str]| {
        let mut arguments = vec!["--steps", "300"];
        arguments.extend(flags);
        stdout(&example(&arguments))
    };
    let plain = run(&[]);
    assert_eq!(without_time(&plain), without_time(&run(&[])), "repeatable");
    assert_ne!(without_time(&plain), without_time(&run(&["--seed", "7"])));
    assert!(run(&["--dropout", "0"]).contains("dropout 0 input / 0 hidden"));
    assert!(run(&["--hidden", "16"]).contains("Mlp 3-16-1"));
    assert!(run(&["--seed", "7"]).contains("seed 7,"));
    for (backend, _) in crate::common::backends() {
        let name = backend.to_string();
        assert!(run(&["--backend", &name]).contains(&format!("backend {name},")));
    }
}

#[test]
fn wrong_words_get_an_answer_and_a_status() {
    let failed = |arguments: &[&str], status: i32, words: &str| {
        let output = example(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{errors}");
        assert!(errors.contains(words), "{errors}");
        assert!(!errors.contains("panicked"), "{errors}");
    };
    failed(
        &["--dropout", "1.5"],
        1,
        "a dropout rate of at least 0 and below 1, found 1.5",
    );
    failed(&["--dropout", "nan"], 1, "below 1, found NaN");
    failed(
        &["--hidden", "0"],
        1,
        "expected 1 to 65536 units in every layer",
    );
    failed(
        &["--backend", "torch"],
        2,
        "there is no backend of this name; compiled in: `",
    );
    failed(&["--depth", "3"], 2, "unexpected argument '--depth'");
}
