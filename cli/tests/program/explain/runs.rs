//! Runs on disk: finished, interrupted, begun by an older version, damaged, without their data.

use std::fs;
use std::path::Path;

use dropwise::{Error, LayerWeights};
use dropwise_lab::explain::{ExplainOptions, Explanation, Trail, TrailLine};
use dropwise_lab::store;
use dropwise_lab::store::{ModelName, Trained, explain_run};
use serde_json::Value;

use crate::runs::{Place, Running, checkpoints_of, good, json, json_lines, resume, text};

/// A small network on the digits, for a few epochs.
const DIGITS: &str = r#"
    seed = 5
    [data]
    source = "digits"
    split = { validation = 0.1, test = 0.2 }
    [network]
    hidden = [12, 8]
    activation = "relu"
    [dropout]
    hidden = 0.2
    [train]
    learning_rate = 0.1
    momentum = 0.9
    batch_size = 100
    epochs = 3
"#;

fn trained() -> Place {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    place
}

fn explained(run: &Path, model: Option<ModelName>) -> Result<Explanation, Error> {
    explain_run(run, None, &ExplainOptions::default(), model, None)
}

#[track_caller]
fn good_one(run: &Path) -> Explanation {
    explained(run, None).expect("an explanation")
}

#[track_caller]
fn refused(run: &Path) -> String {
    match explained(run, None) {
        Err(Error::Store { path, problem, fix }) => {
            format!(
                "{}: {problem}; {fix}",
                path.file_name().expect("a file").display()
            )
        }
        other => panic!("{other:?}"),
    }
}

fn first_layer(run: &Path, name: ModelName) -> LayerWeights {
    let trained = Trained::load(run, Some(name), None).expect("a model");
    trained.network().weights().expect("weights").swap_remove(0)
}

#[test]
fn a_finished_run_has_all_there_is() {
    let place = trained();
    let found = good_one(&place.path("run"));
    let report = json(place.path("run/report.json"));
    assert_eq!((found.name.as_str(), found.notes.len()), ("run", 0));
    assert_eq!(found.card.model, report["model"].as_str().expect("a model"));
    assert_eq!(
        found.card.model_step as u64,
        report["model_step"].as_u64().expect("a step")
    );
    assert_eq!(
        found.card.data_sha256,
        report["data_sha256"].as_str().expect("a hash")
    );
    assert_eq!(
        found.card.network,
        report["network"].as_str().expect("a network")
    );
    assert_eq!(found.card.config, text(place.path("run/config.toml")));
    for name in ["backend", "dropwise", "burn", "end"] {
        let fact = found.card.facts.iter().find(|fact| fact.0 == name);
        assert_eq!(
            fact.expect("a fact").1,
            report[name].as_str().expect("text")
        );
    }
    for (part, split) in [
        ("train", "training"),
        ("validation", "validation"),
        ("test", "test"),
    ] {
        for (metric, key) in [("error rate", "error_rate"), ("loss", "loss")] {
            let mut lines = found.card.measured.iter();
            let line = lines.find(|line| line.split == split && line.metric == metric);
            assert_eq!(
                Some(line.expect("a line").value),
                report[part][key].as_f64()
            );
        }
    }
    assert_eq!(found.confusion.expect("classes").split, "test");
    assert_eq!(found.curves.errors[0].points.len(), 3);
    let name = Some("another");
    let named = explain_run(
        &place.path("run"),
        name,
        &ExplainOptions::default(),
        None,
        None,
    );
    assert_eq!(named.expect("an explanation").name, "another");
}

#[test]
fn the_trail_is_of_the_weights_that_training_went_through() {
    let place = trained();
    let run = place.path("run");
    let lines = json_lines(&text(run.join("trail.jsonl")));
    let step_of = |line: &Value| line["step"].as_u64().expect("a step");
    let steps: Vec<u64> = lines.iter().map(step_of).collect();
    let last = json(run.join("report.json"))["steps"]
        .as_u64()
        .expect("steps");
    assert!(
        steps.into_iter().eq(0..=last),
        "few enough steps for all of them"
    );
    // Some checkpoint's weights, and the last.
    let units = 12;
    let inputs: Vec<usize> = serde_json::from_value(lines[0]["inputs"].clone()).expect("inputs");
    let weights = first_layer(&run, ModelName::Last);
    let line: TrailLine = serde_json::from_value(lines[lines.len() - 1].clone()).expect("a line");
    for (input, recorded) in inputs.iter().zip(&line.weights) {
        let expected = &weights.weight[units * input..][..units];
        assert!(
            recorded
                .iter()
                .map(|weight| f64::from(*weight))
                .eq(expected.iter().copied())
        );
    }
    let best = first_layer(&run, ModelName::Best);
    let found = good_one(&run);
    let landscape = found.landscape.expect("a landscape");
    let (input, unit) = (landscape.weight.input, landscape.weight.unit);
    assert_eq!(landscape.value, best.weight[units * input + unit]);
    assert_eq!(landscape.weight.input_name, format!("pixel{input}"));
    assert!(
        landscape
            .trail
            .contains(&(found.card.model_step, landscape.value))
    );
    let paths = found.paths.expect("paths");
    assert_eq!(
        (paths.input, paths.units.len(), paths.all_units),
        (input, units, units)
    );
    assert_eq!(paths.steps.len(), landscape.trail.len());
}

#[test]
fn an_interrupted_run_is_explained_from_its_checkpoint() {
    let place = Place::with(&DIGITS.replace("epochs = 3", "epochs = 500"));
    let run = place.path("run");
    let mut train = place.train_in("run");
    let mut process = Running::start(train.args(["--checkpoint-every", "0"]));
    process.wait_until(|| {
        let newest = checkpoints_of(&run).pop();
        newest.is_some_and(|(step, _)| step > 40)
    });
    // While it trains on: what is read is whole.
    let while_training = good_one(&run);
    assert!(while_training.card.model_step > 0);
    process.kill();
    let found = good_one(&run);
    let newest = checkpoints_of(&run).pop().expect("a checkpoint").0;
    assert_eq!(
        (
            found.card.model.as_str(),
            found.card.model_step as u64 <= newest
        ),
        ("best", true)
    );
    let end = found.card.facts.iter().find(|fact| fact.0 == "end");
    assert_eq!(end.expect("a fact").1, "not yet");
    assert!(found.paths.is_some() && found.landscape.is_some() && found.notes.is_empty());
    let last = explained(&run, Some(ModelName::Last)).expect("an explanation");
    assert_eq!(
        (last.card.model.as_str(), last.card.model_step as u64),
        ("last", newest)
    );
}

#[test]
fn a_damaged_checkpoint_is_noted_and_the_one_before_it_used() {
    let place = trained();
    let run = place.path("run");
    for name in ["best.safetensors", "last.safetensors", "report.json"] {
        fs::remove_file(run.join(name)).expect("a file");
    }
    let (step, name) = checkpoints_of(&run).pop().expect("a checkpoint");
    let newer = run.join(format!("checkpoints/step-{:010}.ckpt", step + 1));
    fs::write(&newer, b"dropwise checkpoint 1 0\n").expect("a file");
    let found = explained(&run, Some(ModelName::Last)).expect("an explanation");
    assert_eq!(found.card.model_step as u64, step);
    assert!(
        found.notes[0].contains(&newer.display().to_string()),
        "{:?}",
        found.notes
    );
    fs::remove_file(run.join("checkpoints").join(name)).expect("a file");
    fs::remove_file(newer).expect("a file");
    assert!(refused(&run).contains("there is no last model"));
}

#[test]
fn a_run_of_an_older_version_has_no_paths_and_goes_on_without() {
    let place = trained();
    let run = place.path("run");
    fs::remove_file(run.join("trail.jsonl")).expect("a file");
    let found = good_one(&run);
    assert!(found.paths.is_none() && found.landscape.expect("a landscape").trail.is_empty());
    assert!(
        found.notes[0].starts_with("There are no paths of weights"),
        "{:?}",
        found.notes
    );
    good(&mut resume(&run));
    assert!(!run.join("trail.jsonl").exists());
}

#[test]
fn a_last_line_that_was_cut_short_is_left_out() {
    let place = trained();
    let run = place.path("run");
    let whole = good_one(&run);
    for (name, torn) in [
        ("metrics.jsonl", "{\"epoch\":9,\"st"),
        ("trail.jsonl", "{\"step\":9999,"),
    ] {
        let path = run.join(name);
        fs::write(&path, text(&path) + torn).expect("a file");
    }
    assert_eq!(good_one(&run), whole);
}

#[test]
fn a_damaged_file_is_named_with_the_line() {
    let place = trained();
    let run = place.path("run");
    let with = |name: &str, change: &dyn Fn(Vec<String>) -> Vec<String>| {
        let path = run.join(name);
        let before = text(&path);
        let lines = change(before.lines().map(str::to_owned).collect());
        fs::write(&path, lines.join("\n") + "\n").expect("a file");
        let refused = refused(&run);
        fs::write(&path, before).expect("a file");
        refused
    };
    let second = |line: &'static str| {
        move |mut lines: Vec<String>| {
            lines[1] = line.to_owned();
            lines
        }
    };
    for line in [
        "{\"st",
        "{}",
        "[1]",
        "{\"epoch\":1,\"step\":-3,\"split\":\"train\"}",
    ] {
        let said = with("metrics.jsonl", &second(line));
        assert!(
            said.starts_with("metrics.jsonl: line 2: expected"),
            "{said}"
        );
    }
    for line in [
        "{\"st",
        "{\"step\":1,\"weights\":[[1.0]]}",
        "{\"step\":0,\"weights\":[]}",
    ] {
        let said = with("trail.jsonl", &second(line));
        assert!(said.starts_with("trail.jsonl: line 2: "), "{said}");
    }
    let headless = with("trail.jsonl", &|lines| lines[1..].to_vec());
    assert!(
        headless.contains("line 1") && headless.contains("inputs and units"),
        "{headless}"
    );
    let report = with("report.json", &second("  \"dropwise\": 3,"));
    assert!(
        report.starts_with("report.json: line 2: expected a report"),
        "{report}"
    );
}

fn table_of(place: &Place, rows: usize, scale: usize) {
    let line = |k: usize| format!("{},{},{}\n", k * scale, (k * 7) % 5, k % 13);
    let table: String = (0..rows).map(line).collect();
    fs::write(place.path("table.csv"), format!("a,b,y\n{table}")).expect("a file");
}

const TABLE: &str = "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'y'\nsplit = { test = 0.2, seed = 1 }\n\
                     task = 'regression'\n[network]\nhidden = [6]\n[train]\nlearning_rate = 0.01\nepochs = 5";

#[test]
fn data_that_are_gone_or_others_now_are_noted() {
    let place = Place::with(TABLE);
    table_of(&place, 50, 1);
    good(place.train_in("run").current_dir(place.path("")));
    let run = place.path("run");
    let found = good_one(&run);
    assert_eq!(found.fit.expect("a regression").target, "y");
    assert!(found.notes.is_empty());

    table_of(&place, 50, 3);
    let others = good_one(&run);
    assert!(others.fit.is_none() && others.card.measured.is_empty());
    assert!(
        others.notes[0].starts_with("Nothing is shown that takes data: "),
        "{:?}",
        others.notes
    );
    assert!(others.notes[0].contains("have changed since the network was trained"));

    fs::remove_file(place.path("table.csv")).expect("a file");
    let gone = good_one(&run);
    assert!(gone.notes[0].contains("table.csv"), "{:?}", gone.notes);
    assert_eq!(gone.features.input_names, ["a", "b"]);
    assert!(gone.paths.is_some() && gone.landscape.is_none());
    assert_eq!(gone.curves, others.curves);
}

#[test]
fn a_trail_is_kept_that_a_first_line_can_be_read_of_at_once() {
    let place = Place::with(&DIGITS.replace("epochs = 3", "epochs = 500"));
    let run = place.path("run");
    let mut process = Running::start(&mut place.train_in("run"));
    process.wait_until(|| {
        let trail = fs::read_to_string(run.join("trail.jsonl"));
        trail.is_ok_and(|trail| trail.contains('\n'))
    });
    process.kill();
    let lines = text(run.join("trail.jsonl"));
    let first: TrailLine =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    let mut trail = Trail::default();
    trail.push(first).expect("a first line");
    assert_eq!((trail.steps(), trail.units()), (&[0][..], 12));
    let begun = store::open_for_reading(&run).expect("a run");
    assert!(begun.has_trail());
}
