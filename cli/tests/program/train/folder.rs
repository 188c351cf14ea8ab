//! What a run's folder holds.

use dropwise::config::{Activation, DataSource, Experiment, Initializer, Loss};
use dropwise_lab::store::{ModelName, open_for_reading};
use serde_json::Value;

use super::{DIGITS, digits_with};
use crate::common::backends;
use crate::runs::{
    Place, assert_has, assert_same_run, bad, bytes, dropwise, files_of, good, json, json_lines,
    text,
};

#[test]
fn a_run_has_all_its_files_when_it_ends() {
    let place = Place::with(DIGITS);
    good(place.train_in("run").args(["--checkpoint-every", "1000"]));
    let steps = &json(place.path("run/report.json"))["steps"];
    let checkpoint = format!(
        "checkpoints/step-{:010}.ckpt",
        steps.as_u64().expect("steps")
    );
    let expected = [
        "baselines.json",
        "best.safetensors",
        &checkpoint,
        "config.toml",
        "last.safetensors",
        "lock",
        "metrics.jsonl",
        "preparation.json",
        "report.json",
        "trail.jsonl",
    ];
    assert_eq!(files_of(&place.path("run")), expected);
}

#[test]
fn without_validation_rows_there_is_no_best_model() {
    let place = Place::with(&digits_with("validation = 0.1, ", ""));
    good(&mut place.train_in("run"));
    assert!(place.path("run/last.safetensors").exists());
    assert!(!place.path("run/best.safetensors").exists());
    assert_eq!(json(place.path("run/report.json"))["model"], "last");
}

#[test]
fn the_stored_configuration_is_what_ran() {
    let place = Place::with(DIGITS);
    let backend = backends()[0].0.to_string();
    good(place.train_in("run").args([
        "--seed",
        "7",
        "--backend",
        &backend,
        "--set",
        "network.activation=tanh",
        "--set",
        "train.epochs=2",
    ]));
    let stored = text(place.path("run/config.toml"));
    let stored = Experiment::parse("config.toml", &stored).expect("a configuration");

    let mut expected = Experiment::parse("", DIGITS)
        .expect("a configuration")
        .into_inner();
    expected.seed = 7;
    expected.backend = Some(backend);
    expected.network.activation = Activation::Tanh;
    expected.train.epochs = Some(2);
    // What follows from the data and the rest is named.
    expected.train.loss = Some(Loss::CrossEntropy);
    expected.network.output = Some(Activation::Identity);
    expected.network.initializer = Some(Initializer::Xavier);
    assert_eq!(stored, expected.check().expect("values in range"));

    let mut again = dropwise(["train"]);
    again.arg(place.path("run/config.toml"));
    good(again.arg("--out").arg(place.path("again")));
    assert_same_run(&place.path("again"), &place.path("run"));
}

#[test]
fn the_configuration_is_there_before_the_first_step() {
    let place = Place::with(&digits_with(
        "[network]",
        "[network]\ninitializer = { uniform = 1e38 }",
    ));
    let errors = bad(&mut place.train_in("run"), 1);
    assert_has(&errors, "at step 1;");
    assert_has(&errors, "the initial weights are too large");
    let expected = [
        "config.toml",
        "lock",
        "metrics.jsonl",
        "preparation.json",
        "trail.jsonl",
    ];
    assert_eq!(files_of(&place.path("run")), expected);
    Experiment::parse("", &text(place.path("run/config.toml"))).expect("a configuration");
    assert_eq!(text(place.path("run/metrics.jsonl")), "");
}

#[test]
fn relative_paths_are_stored_absolute_so_that_a_run_can_go_on_from_anywhere() {
    let table = "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'y'\n[network]\nhidden = [2]\n\
                 [train]\nlearning_rate = 0.1\nsteps = 3";
    let place = Place::with(table);
    std::fs::write(place.path("table.csv"), "x,y\n1,2\n2,3\n3,5\n4,4\n").expect("a file");
    let folder = place.path("");
    good(place.train_in("run").current_dir(&folder));
    let stored = text(place.path("run/config.toml"));
    let stored = Experiment::parse("", &stored).expect("a configuration");
    let DataSource::Csv { file, .. } = &stored.data.source else {
        panic!("{:?}", stored.data);
    };
    let path = file.path.clone();
    assert!(path.is_absolute());
    assert_eq!(bytes(path), bytes(place.path("table.csv")));
    good(dropwise(["evaluate"]).arg(place.path("run")));
}

#[test]
fn metrics_have_a_line_for_each_epoch_and_split() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let lines = json_lines(&text(place.path("run/metrics.jsonl")));
    let report = json(place.path("run/report.json"));
    let rows = report["train"]["rows"].as_u64().expect("rows");
    let mut smallest = f64::INFINITY;
    let mut best_step = 0;
    assert_eq!(lines.len(), 6);
    for (epoch, lines) in (1..).zip(lines.chunks(2)) {
        let [train, validation] = lines else {
            panic!("two lines an epoch");
        };
        let step = epoch * rows.div_ceil(100);
        for (line, split) in [(train, "train"), (validation, "validation")] {
            assert_eq!(line["epoch"], epoch);
            assert_eq!(line["step"], step);
            assert_eq!(line["split"], split);
        }
        assert_eq!(train["learning_rate"], 0.01);
        assert!(train["training_loss"].as_f64() > Some(0.0), "{train}");
        let loss = validation["loss"].as_f64().expect("a loss");
        assert_eq!(validation["best"], Value::Bool(loss < smallest));
        if loss < smallest {
            (smallest, best_step) = (loss, step);
        }
    }
    assert_eq!(report["model"], "best");
    assert_eq!(report["model_step"], best_step);
    assert_eq!(report["validation"]["loss"], smallest);
}

#[test]
fn the_report_says_what_evaluate_finds() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let report = json(place.path("run/report.json"));
    for split in ["train", "validation", "test"] {
        let mut evaluate = dropwise(["evaluate", "--json", "--split", split]);
        let out = good(evaluate.arg(place.path("run"))).out;
        let found: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(found["metrics"], report[split], "{split}");
    }
}

#[test]
fn the_report_says_where_the_results_come_from() {
    let place = Place::with(DIGITS);
    for (backend, _) in backends() {
        let run = backend.to_string();
        good(place.train_in(&run).args(["--backend", &run]));
        let report = json(place.path(&run).join("report.json"));
        assert_eq!(report["backend"], *run);
        assert_eq!(report["seed"], 5);
        assert_eq!(report["end"], "finished");
        assert_eq!(report["epochs"], 3);
        assert_eq!(report["dropwise"], env!("CARGO_PKG_VERSION"));
        assert!(report["seconds"].as_f64() > Some(0.0), "{report}");
        let prepared = json(place.path(&run).join("preparation.json"));
        assert_eq!(report["data_sha256"], prepared["data_sha256"]);
        assert_eq!(prepared["data_sha256"].as_str().map(str::len), Some(64));
    }
}

#[test]
fn models_name_the_step_that_they_come_from() {
    let place = Place::with(DIGITS);
    good(&mut place.train_in("run"));
    let report = json(place.path("run/report.json"));
    let run = open_for_reading(&place.path("run")).expect("a run");
    for (name, step) in [
        (ModelName::Best, &report["model_step"]),
        (ModelName::Last, &report["steps"]),
    ] {
        let (arrays, metadata) = run.model(name).expect("a model");
        assert_eq!(metadata["step"], step.to_string());
        let shapes: Vec<_> = arrays
            .iter()
            .map(|array| (array.name.as_str(), array.shape.as_slice()))
            .collect();
        let expected: [(&str, &[usize]); 4] = [
            ("layers.0.bias", &[12]),
            ("layers.0.weight", &[12, 64]),
            ("layers.1.bias", &[10]),
            ("layers.1.weight", &[10, 12]),
        ];
        assert_eq!(shapes, expected);
    }
}

#[test]
fn the_same_run_twice_is_the_same_to_the_last_byte() {
    let place = Place::with(DIGITS);
    for (backend, _) in backends() {
        let backend = backend.to_string();
        let [first, second, other] = ["a", "b", "c"].map(|run| format!("{backend}-{run}"));
        for (run, seed) in [(&first, "5"), (&second, "5"), (&other, "6")] {
            good(
                place
                    .train_in(run)
                    .args(["--backend", &backend, "--seed", seed]),
            );
        }
        assert_same_run(&place.path(&second), &place.path(&first));
        let last = |run| bytes(place.path(run).join("last.safetensors"));
        assert!(last(&other) != last(&first), "another seed, the same model");
    }
}
