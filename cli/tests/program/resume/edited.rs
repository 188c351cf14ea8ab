//! Runs whose `config.toml` was edited, and runs that are trained longer on purpose.

use std::fs;

use super::{ADAM, SGD, experiment};
use crate::runs::{Place, assert_has, bad, contents_of, good, json, json_lines, resume, text};

/// A finished run of `train` whose configuration is then changed.
fn edited(train: &str, from: &str, to: &str) -> Place {
    let place = Place::with(&experiment("", train));
    good(place.train_in("run").arg("--quiet"));
    let config = place.path("run/config.toml");
    let before = text(&config);
    let after = before.replacen(from, to, 1);
    assert_ne!(before, after, "no {from} in {before}");
    fs::write(config, after).expect("a file");
    place
}

#[test]
fn an_edited_configuration_is_refused_by_the_name_of_its_key_and_nothing_is_written() {
    for (from, to, key) in [
        ("epochs = 20", "epochs = 40", "`train.epochs` was 20"),
        (
            "learning_rate = 0.01",
            "learning_rate = 0.1",
            "`train.learning_rate` was 0.01",
        ),
        (
            "\"adam\"",
            "\"adamw\"",
            "`train.optimizer` was \"adam\" when the run was started and is \"adamw\" now",
        ),
        ("hidden = 0.3", "hidden = 0.5", "`dropout.hidden` was 0.3"),
        ("seed = 42", "seed = 43", "`seed` was 42"),
        ("test = 0.1", "test = 0.2", "`data.split.test` was 0.1"),
        (
            "batch_size = 50",
            "batch_size = 25",
            "`train.batch_size` was 50",
        ),
        (
            "hidden = [12, 8]",
            "hidden = [12, 9]",
            "`network.hidden` was",
        ),
    ] {
        let place = edited(ADAM, from, to);
        let run = place.path("run");
        let before = contents_of(&run);
        let errors = bad(&mut resume(&run), 1);
        assert_has(&errors, key);
        assert_has(&errors, "config.toml");
        assert!(contents_of(&run) == before, "{key}");
    }
}

#[test]
fn a_run_that_is_trained_longer_takes_the_steps_of_one_that_was_planned_so_and_says_what_its_schedule_does()
 {
    let place = Place::with(&experiment("", SGD));
    good(
        place
            .train_in("whole")
            .args(["--quiet", "--set", "train.epochs=12"]),
    );
    good(place.train_in("run").arg("--quiet"));
    let run = place.path("run");
    let said = good(resume(&run).args(["--epochs", "12"])).errors;
    assert_has(&said, "training for 12 epochs in place of 8");
    assert_has(&said, "the schedule is the same however long");
    for name in ["config.toml", "metrics.jsonl", "last.safetensors"] {
        let whole = fs::read(place.path("whole").join(name)).expect("a file");
        assert!(fs::read(run.join(name)).expect("a file") == whole, "{name}");
    }
    // It goes on from there like any other.
    assert_has(&good(&mut resume(&run)).errors, "already ended");

    let place = Place::with(&experiment("", ADAM));
    good(place.train_in("run").arg("--quiet"));
    let run = place.path("run");
    let said = good(resume(&run).args(["--epochs", "40"])).errors;
    assert_has(&said, "the cosine schedule now spans all 40 epochs");
    assert_eq!(json(run.join("report.json"))["epochs"], 40);
    // The rate of the next step is the one that was announced.
    let lines = json_lines(&text(run.join("metrics.jsonl")));
    let rates = lines
        .iter()
        .filter_map(|line| line["learning_rate"].as_f64());
    let rates: Vec<f64> = rates.collect();
    let announced = said.split(" at the next").next().expect("words");
    let announced: f64 = announced
        .rsplit(' ')
        .next()
        .expect("a word")
        .parse()
        .expect("a number");
    assert!(
        rates[19] < 1e-3 * rates[20] && rates[20] <= announced,
        "{said} {rates:?}"
    );
}

#[test]
fn training_longer_is_refused_where_it_would_change_nothing() {
    let place = Place::with(&experiment("", ADAM));
    good(place.train_in("run").arg("--quiet"));
    let run = place.path("run");
    let errors = bad(resume(&run).args(["--epochs", "20"]), 1);
    assert_has(
        &errors,
        "more epochs than the 20 that the run was started with",
    );
    let errors = bad(resume(&run).args(["--steps", "2000"]), 1);
    assert_has(&errors, "--epochs 20");
    bad(place.train().args(["--epochs", "5"]), 2);
    let errors = bad(resume(&run).args(["--set", "train.epochs=40"]), 2);
    assert_has(&errors, "train --resume <DIR> [--epochs <N> | --steps <N>]");
}
