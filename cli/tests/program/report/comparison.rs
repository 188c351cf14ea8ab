//! Several runs side by side.

use super::{DIGITS, PLAIN, XOR, text};
use crate::folder::Folder;
use crate::markup::{assert_alone, assert_told};

#[test]
fn runs_of_different_shape_and_data_stand_side_by_side() {
    let folder = Folder::new();
    folder.train(DIGITS, "with");
    folder.train(PLAIN, "without");
    folder.train(XOR, "xor");
    folder.good(&["report", "with", "without", "--out", "two.html"]);
    let page = text(&folder, "two.html");
    assert_told(&assert_alone(&page));
    assert!(
        page.contains("<h1>with beside without</h1>"),
        "{page:.3000}"
    );
    assert!(page.contains("Error rate on the validation rows"));

    folder.good(&["report", "with", "xor", "without", "--out", "three.html"]);
    let page = text(&folder, "three.html");
    assert_told(&assert_alone(&page));
    assert!(page.contains("<h1>with, xor beside without</h1>"));
    assert!(page.len() < 3_000_000, "{}", page.len());
    folder.good(&["report", "with", "xor", "--terminal"]);
}

#[test]
fn runs_of_one_name_are_told_apart_by_the_folders_that_they_are_in() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.path("a")).expect("a folder");
    std::fs::create_dir_all(folder.path("b")).expect("a folder");
    folder.train(XOR, "a/run");
    folder.train(XOR, "b/run");
    folder.good(&["report", "a/run", "b/run/", "--format", "json"]);
    let runs: serde_json::Value =
        serde_json::from_slice(&folder.read("report.json")).expect("JSON");
    let names: Vec<_> = runs
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| &run["name"])
        .collect();
    assert_eq!(names, ["a/run", "b/run"]);
    // The same folder twice has a number.
    folder.good(&["report", "a/run", "a/run"]);
    assert!(text(&folder, "report.html").contains("a/run beside a/run 2"));
}
