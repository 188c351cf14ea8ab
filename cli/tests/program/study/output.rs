//! What is printed, for people and for machines.

use serde_json::Value;

use super::{DIGITS, XOR, study, study_in};
use crate::runs::{Place, assert_has, good, json, json_lines, text};

#[test]
fn people_get_an_aligned_table_and_what_its_numbers_are() {
    let place = Place::with(XOR);
    let ended = good(&mut study(&place, &["--vary", "dropout.hidden=0,0.25"]));
    assert_eq!(ended.errors, "");
    let lines: Vec<&str> = ended.out.lines().collect();
    let titles: Vec<&str> = lines[0]
        .split("  ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let expected = [
        "dropout.hidden",
        "solved [95 %]",
        "mean absolute error [95 %]",
        "deviation",
        "quartiles",
        "time",
    ];
    assert_eq!(titles, expected);
    assert!(lines[1].starts_with("             0  "), "{}", ended.out);
    assert!(lines[2].starts_with("          0.25  "), "{}", ended.out);
    assert!(
        lines[..3].iter().all(|line| line.len() == lines[0].len()),
        "{}",
        ended.out
    );
    assert_has(
        &ended.out,
        "3 networks a row, seeds 7 to 9, after their last step, on the training rows",
    );
    assert_has(&ended.out, "Wilson's 95 % interval");
    assert_has(&ended.out, "Student's 95 % interval");
}

#[test]
fn json_is_a_line_a_network_and_then_the_summary() {
    let place = Place::with(XOR);
    let ended = good(study_in(&place, "study", &["--vary", "dropout.hidden=0,0.5"]).arg("--json"));
    let (lines, summary) = ended.out.trim_end().rsplit_once('\n').expect("many lines");
    assert_eq!(format!("{lines}\n"), text(place.path("study/study.jsonl")));
    let summary: Value = serde_json::from_str(summary).expect("JSON");
    assert_eq!(summary, json(place.path("study/study.json")));
}

#[test]
fn quiet_prints_nothing() {
    let ended = good(&mut study(&Place::with(XOR), &["--quiet"]));
    assert_eq!((ended.out.as_str(), ended.errors.as_str()), ("", ""));
}

#[test]
fn validation_rows_are_looked_at_unless_others_are_asked_for() {
    let place = Place::with(DIGITS);
    let rows = |more: &[&str]| {
        let lines = json_lines(&good(study(&place, more).arg("--json")).out);
        let rows = lines[0]["metrics"]["rows"].as_u64().expect("a number");
        (lines.last().expect("a summary").clone(), rows)
    };
    let (summary, validation) = rows(&[]);
    assert_eq!(
        (&summary["split"], &summary["measure"]),
        (&"validation".into(), &"error_rate".into())
    );
    let (summary, train) = rows(&["--split", "train"]);
    assert_eq!(summary["split"], "train");
    let (summary, test) = rows(&["--split", "test"]);
    assert_eq!(summary["split"], "test");
    assert_eq!(validation + train + test, 1797);
}

#[test]
fn numbers_are_compared_by_their_rmse_and_nothing_is_solved() {
    let table = "x,y\n".to_owned()
        + &(0..40)
            .map(|k| format!("{k},{}\n", 3 * k))
            .collect::<String>();
    let config = r#"
        [data]
        source = "csv"
        path = "PATH"
        target = "y"
        [network]
        hidden = 3
        [train]
        learning_rate = 0.01
        epochs = 3
        [study]
        replicas = 2
    "#;
    let place = Place::with("");
    let path = place.path("table.csv");
    std::fs::write(&path, table).expect("a file");
    std::fs::write(
        place.config(),
        config.replace("PATH", path.to_str().expect("a path")),
    )
    .expect("a file");
    let out = good(&mut study(&place, &[])).out;
    assert_has(&out, "RMSE [95 %]");
    assert!(!out.contains("solved"), "{out}");
}

#[test]
fn a_network_that_diverges_is_counted_and_spoils_no_other() {
    let place = Place::with(&XOR.replace("output = \"sigmoid\"", "output = \"identity\""));
    let more = ["--vary", "train.learning_rate=0.05,1e6"];
    let ended = good(&mut study_in(&place, "study", &more));
    assert_has(&ended.out, "diverged: networks whose");
    let summary = json(place.path("study/study.json"));
    let settings = summary["settings"].as_array().expect("settings");
    assert_eq!(
        (&settings[0]["diverged"], &settings[1]["diverged"]),
        (&0.into(), &3.into())
    );
    assert!(settings[0]["error"]["mean"].is_f64());
    assert_eq!(settings[1]["error"], Value::Null);
    assert_eq!(settings[1]["solved"]["count"], 0);
}

#[test]
fn one_network_has_no_spread_and_that_is_said() {
    let ended = good(&mut study(&Place::with(XOR), &["--replicas", "1"]));
    assert_has(
        &ended.errors,
        "warning: one network per setting shows no spread",
    );
    assert!(!ended.out.contains("NaN"), "{}", ended.out);
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let place = Place::with(XOR);
    let mut command = study(&place, &["--json"]);
    let pipe = std::process::Stdio::piped;
    let mut child = command
        .stdout(pipe())
        .stderr(pipe())
        .spawn()
        .expect("a process");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    let said = "warning: nobody reads the output any more; going on without it\n";
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
    assert_eq!(output.status.code(), Some(0));
}
