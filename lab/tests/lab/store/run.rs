use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dropwise::Error;
use dropwise_lab::store::{Checkpoint, ModelName, Run, open_for_reading};
use tempfile::TempDir;

use super::{checkpoint_of, files_in};

const CONFIG: &str = "seed = 42\n# é\n";
const PREPARATION: &str = "{\"columns\":[]}";

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn new_run(dir: &Path) -> Run {
    Run::create(dir, CONFIG, PREPARATION).expect("a run")
}

#[track_caller]
fn refused<T>(result: Result<T, Error>) -> String {
    match result {
        Err(error @ Error::Store { .. }) => error.to_string(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("not refused"),
    }
}

/// The newest intact checkpoint and what was said about the others.
fn newest(run: &Run) -> (Option<(u64, Checkpoint)>, Vec<String>) {
    let mut reported = Vec::new();
    let found = run.newest_checkpoint(&mut |error| reported.push(error.to_string()));
    (found.expect("checkpoints"), reported)
}

#[test]
fn a_new_run_holds_its_configuration_and_can_be_opened_again() {
    let dir = folder();
    let dir = dir.path().join("parents/are/made");
    let run = new_run(&dir);
    assert_eq!(
        files_in(&dir),
        ["config.toml", "lock", "metrics.jsonl", "preparation.json"]
    );
    assert_eq!(
        fs::read_to_string(dir.join("config.toml")).expect("a file"),
        CONFIG
    );
    assert_eq!(newest(&run), (None, vec![]));
    drop(run);
    let run = Run::resume(&dir).expect("a run");
    assert_eq!(run.config_text(), CONFIG);
    assert_eq!(run.preparation_json(), PREPARATION);
    assert_eq!(run.dir(), dir);
}

#[test]
fn a_folder_that_holds_a_run_is_refused() {
    let dir = folder();
    drop(new_run(dir.path()));
    let text = refused(Run::create(dir.path(), "other", "{}"));
    let name = dir.path().display();
    assert_eq!(
        text,
        format!(
            "{name}: already holds a run; choose another --out, or go on with it: `--resume {name}`"
        )
    );
    assert_eq!(
        open_for_reading(dir.path()).expect("the run").config_text(),
        CONFIG
    );
}

#[test]
fn a_folder_with_other_files_is_refused_and_left_as_it_is() {
    for name in [
        "thesis.tex",
        "preparation.json",
        "metrics.jsonl",
        ".dropwise-mine",
    ] {
        let dir = folder();
        fs::write(dir.path().join(name), "mine").expect("a file");
        let text = refused(Run::create(dir.path(), CONFIG, PREPARATION));
        let expected =
            format!("expected an empty folder, found `{name}` in it; choose another --out");
        assert!(text.ends_with(&expected), "{text}");
        assert_eq!(files_in(dir.path()), [name]);
        assert_eq!(
            fs::read_to_string(dir.path().join(name)).expect("the file"),
            "mine"
        );
    }
}

#[test]
fn a_run_that_was_killed_before_it_had_its_configuration_can_be_made_again() {
    let dir = folder();
    for name in ["lock", "preparation.json", ".dropwise-Ab12"] {
        fs::write(dir.path().join(name), "4").expect("a file");
    }
    refused(Run::resume(dir.path()));
    assert_eq!(new_run(dir.path()).preparation_json(), PREPARATION);
    assert!(!dir.path().join(".dropwise-Ab12").exists());
}

#[test]
fn a_run_that_has_lost_its_configuration_is_not_written_over() {
    let dir = folder();
    let mut run = new_run(dir.path());
    run.save_checkpoint(1, &checkpoint_of(1))
        .expect("a checkpoint");
    drop(run);
    fs::remove_file(dir.path().join("config.toml")).expect("a file");
    let before = files_in(dir.path());
    let text = refused(Run::create(dir.path(), CONFIG, PREPARATION));
    assert!(
        text.contains("expected an empty folder, found `checkpoints`"),
        "{text}"
    );
    assert_eq!(files_in(dir.path()), before);
}

#[test]
fn what_is_not_a_run_is_named_and_left_as_it_is() {
    let dir = folder();
    let path = dir.path();
    let open = |path: &Path| {
        let text = refused(open_for_reading(path));
        assert_eq!(refused(Run::resume(path)), text);
        let ending = "; name the folder that `dropwise train --out` wrote";
        let text = text.strip_suffix(ending).expect("how to mend it");
        text.strip_prefix(&format!("{}: ", path.display()))
            .expect("the path")
            .to_owned()
    };
    assert_eq!(open(&path.join("missing")), "no such folder");
    assert_eq!(open(path), "not a run: it has no `config.toml`");
    fs::write(path.join("config.toml"), CONFIG).expect("a file");
    assert_eq!(open(path), "not a run: it has no `preparation.json`");
    assert_eq!(open(&path.join("config.toml")), "not a folder");
    assert_eq!(files_in(path), ["config.toml"]);
    fs::write(path.join("preparation.json"), [0xff]).expect("a file");
    let error = open_for_reading(path).expect_err("an error");
    let expected = format!(
        "{}: cannot be read: ",
        path.join("preparation.json").display()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_second_writer_is_refused_until_the_first_has_gone() {
    let dir = folder();
    let run = new_run(dir.path());
    let text = refused(Run::resume(dir.path()));
    let expected = format!(
        "{}: in use by process {}; wait until it has ended, or choose another --out",
        dir.path().display(),
        std::process::id()
    );
    assert_eq!(text, expected);
    open_for_reading(dir.path()).expect("a run that can be read meanwhile");
    drop(run);
    Run::resume(dir.path()).expect("a run that is free");
}

#[test]
fn the_newest_two_checkpoints_are_kept() {
    let dir = folder();
    let mut run = new_run(dir.path());
    for (step, kept) in [
        (8, vec![8]),
        (9, vec![8, 9]),
        (10, vec![9, 10]),
        (10_000_000_000, vec![10, 10_000_000_000]),
    ] {
        run.save_checkpoint(step, &checkpoint_of(step))
            .expect("a checkpoint");
        let expected: Vec<String> = kept
            .iter()
            .map(|step: &u64| format!("step-{step:010}.ckpt"))
            .collect();
        assert_eq!(files_in(&dir.path().join("checkpoints")), expected);
        assert_eq!(newest(&run), (Some((step, checkpoint_of(step))), vec![]));
    }
}

#[test]
fn a_damaged_newest_checkpoint_is_reported_and_the_one_before_it_used() {
    let dir = folder();
    let mut run = new_run(dir.path());
    for step in [10, 20] {
        run.save_checkpoint(step, &checkpoint_of(step))
            .expect("a checkpoint");
    }
    let checkpoints = dir.path().join("checkpoints");
    let damaged = checkpoints.join("step-0000000020.ckpt");
    let whole = fs::read(&damaged).expect("a checkpoint");
    fs::write(&damaged, &whole[..whole.len() - 1]).expect("a file");

    let (found, reported) = newest(&run);
    assert_eq!(found, Some((10, checkpoint_of(10))));
    assert_eq!(reported.len(), 1);
    assert!(
        reported[0].starts_with(&format!("{}: ", damaged.display())),
        "{reported:?}"
    );
    assert!(reported[0].contains("damaged or cut short"), "{reported:?}");

    // The damaged one must not count among the two.
    run.save_checkpoint(15, &checkpoint_of(15))
        .expect("a checkpoint");
    assert_eq!(
        files_in(&checkpoints),
        ["step-0000000010.ckpt", "step-0000000015.ckpt"]
    );
    assert_eq!(newest(&run), (Some((15, checkpoint_of(15))), vec![]));
}

#[test]
fn when_all_checkpoints_are_damaged_it_is_an_error() {
    let dir = folder();
    let mut run = new_run(dir.path());
    let checkpoints = dir.path().join("checkpoints");
    for step in [10, 20] {
        run.save_checkpoint(step, &checkpoint_of(step))
            .expect("a checkpoint");
        fs::write(checkpoints.join(format!("step-{step:010}.ckpt")), "").expect("a file");
    }
    fs::write(checkpoints.join("notes.txt"), "").expect("a file");
    let mut reported = 0;
    let text = refused(run.newest_checkpoint(&mut |_| reported += 1));
    assert_eq!(reported, 2);
    let expected = format!(
        "{}: expected an intact checkpoint, found 2 damaged; start again with another --out",
        checkpoints.display()
    );
    assert_eq!(text, expected);
}

#[test]
fn models_are_read_while_training_goes_on() {
    let dir = folder();
    let mut run = new_run(dir.path());
    let stored = open_for_reading(dir.path()).expect("a run");
    let text = refused(stored.model(ModelName::Last));
    let expected = format!(
        "{}: there is no last model: training has not yet come as far; train on with `--resume {}`",
        dir.path().join("last.safetensors").display(),
        dir.path().display()
    );
    assert_eq!(text, expected);

    assert!(!stored.has_best());
    for step in [1, 2] {
        for (name, step) in [(ModelName::Best, step), (ModelName::Last, step + 1)] {
            let Checkpoint { arrays, metadata } = checkpoint_of(step);
            run.save_model(name, &arrays, &metadata).expect("a model");
            assert_eq!(stored.model(name).expect("the model"), (arrays, metadata));
        }
    }
    assert!(stored.has_best());
    let (best, _) = stored.model(ModelName::Best).expect("the model");
    assert_eq!(best, checkpoint_of(2).arrays);
}

#[test]
fn a_damaged_model_is_an_error_that_names_it() {
    let dir = folder();
    let mut run = new_run(dir.path());
    let Checkpoint { arrays, metadata } = checkpoint_of(1);
    run.save_model(ModelName::Best, &arrays, &metadata)
        .expect("a model");
    let path = dir.path().join("best.safetensors");
    let whole = fs::read(&path).expect("a model");
    fs::write(&path, &whole[..whole.len() - 1]).expect("a file");
    let text = refused(run.model(ModelName::Best));
    assert!(text.starts_with(&format!("{}: ", path.display())), "{text}");
    assert!(text.contains("damaged or cut short"), "{text}");
}

#[test]
fn a_report_is_replaced() {
    let dir = folder();
    let mut run = new_run(dir.path());
    for json in ["{\"accuracy\":0.5}", "{}"] {
        run.save_report(json).expect("a report");
        assert_eq!(
            fs::read_to_string(dir.path().join("report.json")).expect("a file"),
            json
        );
    }
}

#[test]
fn leftovers_of_interrupted_writes_are_removed_and_nothing_else() {
    let dir = folder();
    let mut run = new_run(dir.path());
    run.save_checkpoint(1, &checkpoint_of(1))
        .expect("a checkpoint");
    drop(run);
    let before = files_in(dir.path());
    for name in [".dropwise-a1B2c3", "checkpoints/.dropwise-d4"] {
        fs::write(dir.path().join(name), "half of a fi").expect("a file");
    }
    let run = Run::resume(dir.path()).expect("a run");
    assert_eq!(files_in(dir.path()), before);
    assert_eq!(newest(&run).0, Some((1, checkpoint_of(1))));
}

/// On Windows a folder in use cannot be removed.
#[cfg(unix)]
#[test]
fn a_folder_that_was_removed_meanwhile_is_an_error_that_names_the_file() {
    let dir = folder();
    let path = dir.path().join("run");
    let mut run = new_run(&path);
    fs::remove_dir_all(&path).expect("a folder to remove");
    let named = |result: Result<(), Error>| match result {
        Err(Error::WriteFile { path: named, .. }) => named
            .strip_prefix(&path)
            .expect("a file of the run")
            .to_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(named(run.append_metrics("{}")), Path::new("metrics.jsonl"));
    assert_eq!(named(run.save_report("{}")), Path::new("report.json"));
    let saved = run.save_model(ModelName::Last, &[], &BTreeMap::new());
    assert_eq!(named(saved), Path::new("last.safetensors"));
    named(run.save_checkpoint(1, &checkpoint_of(1)));
    assert!(!path.exists());
}
