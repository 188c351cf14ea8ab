//! The linear model that a network is compared with can be had as a run.

use crate::folder::Folder;
use crate::runs::{assert_has, json};

/// A folder with `line.csv`, whose column `y` is a sum of the others but for a little.
fn folder_with_a_line() -> Folder {
    let folder = Folder::new();
    let row = |k: i32| {
        let (a, b) = (k * 7 % 31, k * 11 % 29);
        format!("{a},{b},{}\n", 2 * a - 3 * b + k * k % 3)
    };
    let rows: String = (0..200).map(row).collect();
    folder.write("line.csv", format!("a,b,y\n{rows}"));
    folder
}

#[test]
fn a_network_that_a_linear_model_beats_names_the_command_that_trains_it_and_it_is_the_one() {
    let folder = folder_with_a_line();
    folder.write(
        "line.toml",
        "[data]\nsource = 'csv'\npath = 'line.csv'\ntarget = 'y'\nsplit = { validation = 0.1, test = 0.2 }\n\
         [network]\nhidden = [4]\n[dropout]\nhidden = 0.5\n\
         [train]\noptimizer = 'adam'\nlearning_rate = 0.001\nbatch_size = 32\nepochs = 3\nensemble = 2\n\
         early_stopping = { patience = 2 }\n",
    );
    let out = folder.good(&["train", "line.toml", "--out", "run"]);
    let command = "dropwise train run/config.toml --linear";
    assert_has(
        &out,
        &format!("the linear model is better; this trains it, with --out to keep it: {command}\n"),
    );
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let out = folder.good(&[&arguments[..], &["--out", "linear"]].concat());
    assert!(!out.contains("the linear model is better"), "{out}");
    let expected = &json(folder.path("run/report.json"))["judged"]["baselines"]["linear"];
    let found = &json(folder.path("linear/report.json"))["test"];
    assert_eq!(found["rmse"], expected["rmse"]);
}

#[test]
fn a_network_that_no_step_makes_better_is_the_linear_model_that_it_started_as() {
    let folder = folder_with_a_line();
    // Steps so long that they lead away.
    folder.write(
        "line.toml",
        "[data]\nsource = 'csv'\npath = 'line.csv'\ntarget = 'y'\nsplit = { test = 0.2 }\n\
         [network]\nhidden = [16]\nactivation = 'silu'\nlinear_start = true\n\
         [train]\noptimizer = 'adam'\nlearning_rate = 3\nbatch_size = 32\nepochs = 3\nensemble = 2\n\
         cross_validation = 2\n",
    );
    let out = folder.good(&["train", "line.toml", "--out", "run"]);
    let words = "the best network, of step 0, the linear model that it starts as:\n";
    assert_has(&out, words);
    let report = json(folder.path("run/report.json"));
    let rmse = |value: &serde_json::Value| value["rmse"].as_f64().expect("a number");
    let (found, linear) = (&report["test"], &report["judged"]["baselines"]["linear"]);
    // Two linear models, each of half of the rows, for one of all.
    assert!(rmse(found) < 1.1 * rmse(linear), "{found} {linear}");
    let out = folder.good(&["evaluate", "run", "--json"]);
    let again: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(&again["metrics"], found);
    folder.good(&["report", "run", "--out", "run.html"]);
    folder.good(&["export", "run", "--out", "run.onnx"]);
}

#[test]
fn layers_too_narrow_to_start_as_a_linear_model_are_warned_of() {
    let folder = folder_with_a_line();
    for (units, warns) in [(1, true), (2, false)] {
        let config = format!(
            "[data]\nsource = 'csv'\npath = 'line.csv'\ntarget = 'y'\n[network]\nhidden = [8, {units}]\nactivation = 'relu'\n\
             linear_start = true\n[train]\nlearning_rate = 0.01\nepochs = 1\n"
        );
        folder.write("line.toml", config);
        let output = folder.output(&["train", "line.toml"], b"");
        assert!(output.status.success());
        let told = String::from_utf8_lossy(&output.stderr);
        let words = "warning: `network.linear_start` needs at least 2 units in each hidden layer, two for each output";
        assert_eq!(told.contains(words), warns, "{told}");
    }
}
