//! Pipes: answers come as rows do, in their order, and nothing piles up.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::pets;
use crate::folder::{Folder, assert_near};
use crate::forward::Network;

/// The lines of a process's output, each as it comes.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let stdout = child.stdout.take().expect("a pipe");
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if sender.send(line.expect("text")).is_err() {
                break;
            }
        }
    });
    receiver
}

#[test]
fn the_header_and_each_row_are_answered_before_the_next_line_comes() {
    let folder = pets::trained();
    for (format, head, row) in [
        ("csv", "kind,age,weight\n", "cat,1,20\n"),
        ("csv", "kind,age,weight\r\n", "\"cat\",1,20\r\n"),
        ("jsonl", "", "[\"cat\", 1, 20]\n"),
    ] {
        let mut child = folder.spawn(&["predict", "run", "--input", "-", "--format", format]);
        let answers = lines_of(&mut child);
        let mut stdin = child.stdin.take().expect("a pipe");
        let next = || {
            answers
                .recv_timeout(Duration::from_secs(60))
                .expect("an answer")
        };
        stdin.write_all(head.as_bytes()).expect("a reader");
        if format == "csv" {
            assert_eq!(next(), "prediction");
        }
        for _ in 0..3 {
            stdin.write_all(row.as_bytes()).expect("a reader");
            assert!(next().contains("large"));
        }
        // Part of a row is no row.
        stdin
            .write_all(&row.as_bytes()[..row.len() - 3])
            .expect("a reader");
        let early = answers.recv_timeout(Duration::from_millis(200));
        assert_eq!(early, Err(RecvTimeoutError::Timeout));
        drop(stdin);
        assert!(child.wait().expect("an end").code().is_some());
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let folder = pets::trained();
    let mut child = folder.spawn(&["predict", "run", "--input", "-"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    let writing = std::thread::spawn(move || {
        let mut written = stdin.write_all(b"kind,age,weight\n");
        // Without end, were it not for the pipe that closes.
        while written.is_ok() {
            written = stdin.write_all(&b"cat,1,20\n".repeat(1000));
        }
    });
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("a line");
    drop(stdout);
    assert_eq!(first, "prediction\n");
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    writing.join().expect("an end");
    let mut errors = String::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    stderr.read_to_string(&mut errors).expect("text");
    assert_eq!(errors, "");
}

const WIDE: usize = 20;
const ROWS: usize = 100_000;

/// Row `k` of a table of many columns, and its inputs.
fn wide_row(k: usize) -> Vec<f64> {
    (0..WIDE)
        .map(|column| ((k * 31 + column * 17) % 1009) as f64 / 1009.0)
        .collect()
}

fn wide_line(k: usize) -> String {
    let cells: Vec<String> = wide_row(k).iter().map(f64::to_string).collect();
    cells.join(",") + "\n"
}

fn trained_on_wide_rows() -> Folder {
    let table: String = (0..30)
        .map(|k| format!("{},{}", wide_row(k).iter().sum::<f64>(), wide_line(k)))
        .collect();
    let config = "[data]\nsource = 'csv'\npath = 'wide.csv'\nheader = false\ntarget = 1\nstandardize = false\n\
                  [network]\nhidden = [4]\nactivation = 'tanh'\n[train]\nlearning_rate = 0.01\nepochs = 3\n";
    Folder::trained("wide.csv", table, config)
}

/// The most memory, in bytes, that a process has had so far.
#[cfg(target_os = "linux")]
fn peak_memory(child: &Child) -> usize {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    1024 * kilobytes
        .expect("a peak")
        .parse::<usize>()
        .expect("a number")
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_rows_keep_their_order_and_do_not_pile_up() {
    let folder = trained_on_wide_rows();
    let network = Network::of(&folder.read("run/last.safetensors"));
    let mut child = folder.spawn(&["predict", "run", "--input", "-"]);
    let answers = lines_of(&mut child);
    let mut stdin = child.stdin.take().expect("a pipe");
    let next = || {
        answers
            .recv_timeout(Duration::from_secs(60))
            .expect("an answer")
    };
    let mut memory = Vec::new();
    let mut asked = 0;
    for rows in [1_000, ROWS] {
        let from = asked;
        asked = rows;
        let writing = std::thread::spawn(move || {
            let lines = (from..rows).map(wide_line);
            lines.for_each(|line| stdin.write_all(line.as_bytes()).expect("a reader"));
            stdin
        });
        if from == 0 {
            assert_eq!(next(), "prediction");
        }
        for k in from..rows {
            let found: f64 = next().parse().expect("a number");
            assert_near(&[found], &network.outputs(&wide_row(k), f64::tanh), 1e-4);
        }
        stdin = writing.join().expect("an end");
        memory.push(peak_memory(&child));
    }
    drop(stdin);
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    // The rows are 16 MB of numbers and 40 MB of text; those that wait, and the layers of a full batch, have some 8.
    let allowed = memory[0] + (12 << 20);
    assert!(
        memory[1] < allowed,
        "{memory:?} bytes after 1,000 and after all rows"
    );
}

#[test]
fn answers_that_nobody_takes_hold_up_the_rows() {
    let folder = pets::trained();
    let mut child = folder.spawn(&["predict", "run", "--input", "-"]);
    let mut stdin = child.stdin.take().expect("a pipe");
    let (sender, written) = channel();
    std::thread::spawn(move || {
        let rows = b"cat,1,20\n".repeat(10_000);
        let mut done = stdin.write_all(b"kind,age,weight\n");
        while done.is_ok() {
            done = stdin.write_all(&rows);
            let _ = sender.send(rows.len());
        }
    });
    // Pipes hold some 64 kB and the program some hundred rows; then whoever writes has to wait.
    let mut bytes = 0;
    while let Ok(more) = written.recv_timeout(Duration::from_secs(2)) {
        bytes += more;
        assert!(
            bytes < 1_000_000,
            "{bytes} bytes of rows, and no answer was taken"
        );
    }
    child.kill().expect("a process");
    child.wait().expect("an end");
}
