//! A training of two million steps makes no larger a report.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::{DIGITS, text, trained};
use crate::markup::{assert_alone, assert_told};

/// Evaluations; every tenth step has one.
const LINES: usize = 200_000;

#[test]
fn two_million_steps_make_a_small_page_in_seconds() {
    let folder = trained(DIGITS);
    folder.good(&["report", "run", "--out", "short.html"]);
    let short = folder.read("short.html").len();
    folder.write("run/metrics.jsonl", metrics());

    let started = Instant::now();
    folder.good(&["report", "run"]);
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
    let page = text(&folder, "report.html");
    assert_told(&assert_alone(&page));
    assert!(page.len() < short + 200_000, "{} after {short}", page.len());
    assert!(page.contains("2,000,000"));
}

/// Training and validation loss of the run's shape, over and over.
fn metrics() -> String {
    let mut text = String::new();
    for line in 1..=LINES {
        let step = 10 * line;
        let loss = 2.0 / (1.0 + line as f64 / 1000.0) + 0.1;
        // A String takes all that is written to it.
        let _ = writeln!(
            text,
            "{{\"epoch\":{line},\"step\":{step},\"split\":\"validation\",\"training_loss\":{loss},\"best\":false,\
             \"rows\":180,\"loss\":{loss},\"error_rate\":{}}}",
            loss / 4.0
        );
    }
    text
}
