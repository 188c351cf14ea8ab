use std::fs;
use std::path::PathBuf;

use dropwise_lab::store::Run;
use serde_json::Value;
use tempfile::TempDir;

fn run() -> (TempDir, Run, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let run = Run::create(dir.path(), "", "{}").expect("a run");
    let metrics = dir.path().join("metrics.jsonl");
    (dir, run, metrics)
}

#[test]
fn lines_are_appended_in_order() {
    let (_dir, mut run, path) = run();
    assert_eq!(fs::read_to_string(&path).expect("metrics"), "");
    run.append_metrics(r#"{"step":1}"#).expect("a line");
    run.append_metrics(r#"{"step":2}"#).expect("a line");
    let text = fs::read_to_string(&path).expect("metrics");
    assert_eq!(text, "{\"step\":1}\n{\"step\":2}\n");
}

#[test]
fn a_line_with_a_break_in_it_is_refused() {
    let (_dir, mut run, path) = run();
    let error = run.append_metrics("1\n2").expect_err("an error");
    assert!(error.to_string().contains("expected one line"), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("metrics"), "");
}

/// A process may be killed after any byte of a line.
#[test]
fn wherever_the_file_is_cut_the_whole_lines_stay() {
    let (_dir, mut run, path) = run();
    let whole = "{\"loss\":0.5}\n{\"loss\":0.25,\"split\":\"é\"}\n17\n";
    for cut in 0..=whole.len() {
        fs::write(&path, &whole.as_bytes()[..cut]).expect("a file");
        run.rewind_metrics(|_| true).expect("a file to mend");
        let lines: usize = whole.as_bytes()[..cut]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        let expected: String = whole.split_inclusive('\n').take(lines).collect();
        assert_eq!(
            fs::read_to_string(&path).expect("metrics"),
            expected,
            "cut at {cut}"
        );
    }
}

#[test]
fn rewinding_keeps_the_chosen_lines_as_they_were_written() {
    let (_dir, mut run, path) = run();
    // The spaces, the order of the keys and the digits have to stay.
    let text = "{\"step\": 1, \"b\": 0.10}\n{\"step\":2}\n{\"z\":1e40,\"step\":1}\n";
    fs::write(&path, text).expect("a file");
    run.rewind_metrics(|line| line["step"].as_u64() <= Some(1))
        .expect("a file");
    let text = fs::read_to_string(&path).expect("metrics");
    assert_eq!(
        text,
        "{\"step\": 1, \"b\": 0.10}\n{\"z\":1e40,\"step\":1}\n"
    );
    run.append_metrics("{}").expect("a line");
    assert!(
        fs::read_to_string(&path)
            .expect("metrics")
            .ends_with("}\n{}\n")
    );
}

#[test]
fn a_last_line_of_zeros_as_a_power_cut_leaves_it_is_dropped() {
    let (_dir, mut run, path) = run();
    fs::write(&path, b"{}\n\0\0\0\0\n").expect("a file");
    run.rewind_metrics(|_| true).expect("a file to mend");
    assert_eq!(fs::read(&path).expect("metrics"), b"{}\n");
}

#[test]
fn a_line_before_the_last_that_is_not_json_is_named_and_nothing_is_lost() {
    let (_dir, mut run, path) = run();
    let text = "{\"step\":1}\n{\"st\n{\"step\":3}\n";
    fs::write(&path, text).expect("a file");
    let error = run.rewind_metrics(|_: &Value| true).expect_err("an error");
    let expected = format!("{}: line 2: expected JSON", path.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("metrics"), text);
}

#[test]
fn missing_metrics_count_as_empty() {
    let (_dir, mut run, path) = run();
    fs::remove_file(&path).expect("a file");
    run.rewind_metrics(|_| true).expect("an empty file");
    assert_eq!(fs::read(&path).expect("metrics"), b"");
}

#[test]
fn recorded_weights_are_appended_and_rewound_like_metrics() {
    let (dir, mut run, metrics) = run();
    let path = dir.path().join("trail.jsonl");
    for step in 0..4 {
        run.append_trail(&format!("{{\"step\":{step}}}"))
            .expect("a line");
    }
    fs::write(&path, fs::read_to_string(&path).expect("lines") + "{\"st").expect("a file");
    run.rewind_trail(|line| line["step"].as_u64() <= Some(2))
        .expect("a file");
    let text = fs::read_to_string(&path).expect("lines");
    assert_eq!(text, "{\"step\":0}\n{\"step\":1}\n{\"step\":2}\n");
    assert_eq!(fs::read_to_string(metrics).expect("metrics"), "");
}

#[test]
fn a_run_that_recorded_no_weights_gets_no_file_for_them() {
    let (dir, mut run, _) = run();
    run.rewind_trail(|_| true).expect("nothing to do");
    run.save_checkpoint(1, &super::checkpoint_of(1))
        .expect("a checkpoint");
    assert!(!run.has_trail() && !dir.path().join("trail.jsonl").exists());
    run.append_trail("{}").expect("a line");
    run.save_checkpoint(2, &super::checkpoint_of(2))
        .expect("a checkpoint");
    assert!(run.has_trail());
}
