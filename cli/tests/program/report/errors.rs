//! What cannot be reported on, and where a report cannot go.

use super::{CONCRETE, XOR, trained};
use crate::folder::Folder;

#[track_caller]
fn assert_says(errors: &str, parts: &[&str]) {
    for part in parts {
        assert!(errors.contains(part), "expected `{part}` in:\n{errors}");
    }
}

#[test]
fn a_folder_that_is_no_run_or_a_study_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("empty")).expect("a folder");
    assert_says(&folder.bad(&["report", "empty"]), &["empty", "run"]);
    assert_says(
        &folder.bad(&["report", "nowhere"]),
        &["nowhere", "no such folder"],
    );
    for study in ["study.toml", "tune.toml"] {
        std::fs::create_dir_all(folder.path("a-study")).expect("a folder");
        folder.write(&format!("a-study/{study}"), "");
        let errors = folder.bad(&["report", "a-study"]);
        assert_says(
            &errors,
            &[
                "a-study: expected a run, found a study",
                "`dropwise train --out`",
            ],
        );
        std::fs::remove_dir_all(folder.path("a-study")).expect("a folder");
    }
    assert!(!folder.path("report.html").exists());
}

#[test]
fn a_run_without_a_network_yet_is_named() {
    let folder = trained(XOR);
    std::fs::remove_file(folder.path("run/last.safetensors")).expect("a file");
    std::fs::remove_dir_all(folder.path("run/checkpoints")).expect("a folder");
    assert_says(&folder.bad(&["report", "run"]), &["run"]);
}

#[test]
fn a_weight_that_is_not_there_is_told_the_range() {
    let folder = trained(CONCRETE);
    let errors = folder.bad(&["report", "run", "--weight", "8:0"]);
    assert_says(&errors, &["run: the weight's input", "0 to 7", "8"]);
    let errors = folder.bad(&["report", "run", "--weight", "0:16"]);
    assert_says(&errors, &["run: the weight's hidden unit", "0 to 15", "16"]);
    let errors = folder.bad(&["report", "run", "--input", "watr", "--unit", "0"]);
    assert_says(&errors, &["run: the weight's input", "`water`", "`watr`"]);
    let errors = folder.bad(&["report", "run", "--split", "test", "--weight", "0:99"]);
    assert_says(&errors, &["0 to 15"]);
}

#[test]
fn what_the_command_line_cannot_mean_is_wrong_usage() {
    let folder = Folder::new();
    for arguments in [
        &["report"][..],
        &["report", "run", "--weight", "3"],
        &["report", "run", "--input", "3"],
        &["report", "run", "--weight", "3:1", "--unit", "1"],
        &["report", "run", "--format", "pdf"],
        &["report", "run", "--terminal", "--open"],
    ] {
        let output = folder.output(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_name_that_does_not_go_with_the_format_is_refused_before_any_work() {
    let folder = Folder::new();
    let errors = folder.bad(&["report", "nowhere", "--format", "md", "--out", "a.html"]);
    assert_says(&errors, &["--out", "`--format md`", "a.html"]);
    let errors = folder.bad(&["report", "nowhere", "--out", "a.toml"]);
    assert_says(&errors, &["--out", ".html", "a.toml"]);
    let errors = folder.bad(&["report", "nowhere", "--out", "a.svg"]);
    assert_says(&errors, &["a folder", "--format svg"]);
    folder.write("a-file", "mine");
    let errors = folder.bad(&["report", "nowhere", "--format", "png", "--out", "a-file"]);
    assert_says(&errors, &["a-file", "expected a folder, found a file"]);
    std::fs::create_dir(folder.path("dir.html")).expect("a folder");
    let errors = folder.bad(&["report", "nowhere", "--out", "dir.html"]);
    assert_says(&errors, &["dir.html", "expected a file, found a folder"]);
    assert_eq!(folder.read("a-file"), b"mine");
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_old_one() {
    let folder = trained(XOR);
    let errors = folder.bad(&["report", "run", "--out", "missing/report.html"]);
    assert_says(&errors, &["missing/report.html", "cannot be written"]);
    folder.good(&["report", "run"]);
    let before = folder.read("report.html");
    folder.bad(&["report", "run", "--weight", "9:9"]);
    assert!(folder.read("report.html") == before);
}

#[test]
fn a_viewer_that_cannot_be_started_is_a_warning() {
    let folder = trained(XOR);
    let mut command = folder.command(&["report", "run", "--open"]);
    // No program is found.
    command.env("PATH", folder.path("nowhere"));
    let output = command.output().expect("a process");
    let errors = String::from_utf8(output.stderr).expect("text");
    if cfg!(unix) {
        assert_eq!(output.status.code(), Some(0), "{errors}");
        assert_says(&errors, &["warning: report.html: cannot be opened"]);
    }
    assert!(folder.path("report.html").exists());
}
