//! Runs and models that cannot be used, and options that do not fit them.

use std::collections::BTreeMap;
use std::path::Path;

use dropwise_lab::store::{Array, ArrayValues, tensors};

use super::pets;
use crate::folder::Folder;

#[track_caller]
fn assert_refused(folder: &Folder, more: &[&str], expected: &str) {
    let arguments = [&["predict", "run", "--input", "-"], more].concat();
    let errors = folder.bad(&arguments);
    let expected = format!("error: {expected}");
    assert!(errors.starts_with(&expected), "{errors}");
    assert!(errors.contains("; "), "a fix is named: {errors}");
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let folder = Folder::new();
    assert_refused(
        &folder,
        &[],
        "run: no such folder; name the folder that `dropwise train --out` wrote",
    );
    folder.write("run", "text");
    assert_refused(&folder, &[], "run: not a folder; ");
    std::fs::remove_file(folder.path("run")).expect("a file");
    std::fs::create_dir(folder.path("run")).expect("a folder");
    assert_refused(&folder, &[], "run: not a run: it has no `config.toml`; ");
}

#[test]
fn a_run_without_a_model_yet_says_how_to_get_one() {
    let folder = pets::trained();
    let expected = "run/best.safetensors: there is no best model: the run has no validation rows";
    assert_refused(&folder, &["--model", "best"], expected);
    std::fs::remove_file(folder.path("run/report.json")).expect("a file");
    let expected = "run/best.safetensors: there is no best model: training has not yet come as far";
    assert_refused(&folder, &["--model", "best"], expected);
    std::fs::remove_file(folder.path("run/last.safetensors")).expect("a file");
    // Of a training that has not ended there is the network of the newest checkpoint.
    let output = folder.output(
        &["predict", "run", "--input", "-"],
        pets::inputs().as_bytes(),
    );
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("the training of run has not ended"), "{said}");
    assert!(
        output.status.success() && !output.stdout.is_empty(),
        "{said}"
    );
    for checkpoint in std::fs::read_dir(folder.path("run/checkpoints")).expect("a folder") {
        std::fs::remove_file(checkpoint.expect("a file").path()).expect("a file");
    }
    let expected = "run/last.safetensors: there is no last model: training has not yet come as far; train on with \
                    `--resume run`";
    assert_refused(&folder, &[], expected);
}

#[test]
fn damaged_files_of_a_run_are_named() {
    let folder = pets::trained();
    let model = folder.read("run/last.safetensors");
    let damages: [&[u8]; 4] = [
        &model[..model.len() - 1],
        &model[..20],
        b"",
        b"not a model, just text",
    ];
    for damage in damages {
        folder.write("run/last.safetensors", damage);
        let expected =
            "run/last.safetensors: expected a whole safetensors file, found one that is damaged or";
        assert_refused(&folder, &[], expected);
    }
    folder.write("run/last.safetensors", model);
    for file in ["preparation.json", "config.toml"] {
        let whole = folder.read(&format!("run/{file}"));
        folder.write(&format!("run/{file}"), &whole[..whole.len() / 2]);
        let errors = folder.bad(&["predict", "run", "--input", "-"]);
        assert!(errors.contains(&format!("run/{file}")), "{errors}");
        folder.write(&format!("run/{file}"), whole);
    }
}

#[test]
fn a_model_of_other_shapes_than_the_configuration_is_refused() {
    let folder = pets::trained();
    folder.train(&pets::CONFIG.replace("[6]", "[7]"), "other");
    folder.write(
        "run/last.safetensors",
        folder.read("other/last.safetensors"),
    );
    let expected = "run/last.safetensors: does not fit the run's other files: weights of layer 1: expected shape \
                    [5, 6], found [5, 7]; bring back the file that training wrote";
    assert_refused(&folder, &[], expected);
    folder.train(&pets::CONFIG.replace("[6]", "[6, 6]"), "deeper");
    folder.write(
        "run/last.safetensors",
        folder.read("deeper/last.safetensors"),
    );
    let expected = "run/last.safetensors: does not fit the run's other files: the number of layers: expected shape";
    assert_refused(&folder, &[], expected);
    // The other run's preparation has the same inputs, but the network's last layer one output.
    let config = String::from_utf8(folder.read("run/config.toml")).expect("text");
    folder.write(
        "run/config.toml",
        config.replace("cross-entropy", "binary-cross-entropy"),
    );
    folder.write(
        "run/preparation.json",
        binary(&folder.read("run/preparation.json")),
    );
    assert_refused(
        &folder,
        &[],
        "run/last.safetensors: does not fit the run's other files: ",
    );
}

#[test]
fn a_model_that_claims_a_size_without_numbers_is_refused_at_once() {
    let folder = pets::trained();
    for shape in [vec![1 << 50, 0], vec![0, 1 << 50]] {
        let weight = Array {
            name: "layers.0.weight".to_owned(),
            shape,
            values: ArrayValues::F32(Vec::new()),
        };
        let file = tensors::encode(&[weight], &BTreeMap::new()).expect("a model");
        folder.write("run/last.safetensors", file);
        assert_refused(
            &folder,
            &[],
            "run/last.safetensors: does not fit the run's other files: ",
        );
    }
}

/// The preparation of two classes in place of three.
fn binary(preparation: &[u8]) -> String {
    let mut preparation: serde_json::Value = serde_json::from_slice(preparation).expect("JSON");
    preparation["task"] = serde_json::json!({ "kind": "binary", "classes": ["large", "small"] });
    preparation.to_string()
}

#[test]
fn a_configuration_that_does_not_fit_the_task_is_refused() {
    let folder = pets::trained();
    folder.write(
        "run/preparation.json",
        binary(&folder.read("run/preparation.json")),
    );
    assert_refused(
        &folder,
        &[],
        "run/config.toml: does not fit the run's other files: train.loss: expected",
    );
}

#[test]
fn weights_that_are_no_numbers_give_an_error_and_no_answers() {
    let folder = pets::trained();
    let file = "run/last.safetensors";
    let (mut arrays, _) = tensors::decode(Path::new(file), &folder.read(file)).expect("a model");
    for array in &mut arrays {
        if let ArrayValues::F32(values) = &mut array.values {
            values.fill(f32::NAN);
        }
    }
    folder.write(
        file,
        tensors::encode(&arrays, &BTreeMap::new()).expect("a model"),
    );
    for format in ["csv", "jsonl"] {
        let row = if format == "csv" {
            "kind,age,weight\ncat,1,2\n"
        } else {
            "[\"cat\",1,2]\n"
        };
        let (answers, errors) = folder.predict_badly(row, &["--format", format]);
        // The header of a pipe is answered before its rows.
        let header: &[&str] = if format == "csv" {
            &["prediction"]
        } else {
            &[]
        };
        assert_eq!(answers, header);
        let expected = "error: standard input: row 1: expected a finite number as the network's output, found one \
                        that is not; ";
        assert!(errors.starts_with(expected), "{errors}");
    }
}

#[test]
fn probabilities_are_refused_where_there_are_none() {
    let numbers = pets::CONFIG
        .replace("\"size\"", "\"weight\"")
        .replace("[\"id\"]", "[\"id\", \"size\"]");
    let folder = Folder::trained("pets.csv", pets::table(), &numbers);
    let expected = "--proba: expected a network whose outputs are probabilities, found one for regression of weight, \
                    trained with the loss `mean-squared-error`\n";
    assert_eq!(
        folder.bad(&["predict", "run", "--input", "-", "--proba"]),
        format!("error: {expected}")
    );
    // Several sigmoids do not add up to 1.
    let squares = pets::CONFIG.replace("[train]", "[train]\nloss = \"squared-error\"");
    folder.train(&squares, "squares");
    let errors = folder.bad(&["predict", "squares", "--input", "-", "--proba"]);
    assert!(
        errors.contains("found one for 3 classes, trained with the loss `squared-error`"),
        "{errors}"
    );
}

#[test]
fn a_backend_in_place_of_the_runs_own_answers_the_same() {
    let folder = pets::trained();
    let classes = |backend: &str| folder.predict(pets::inputs(), &["--backend", backend]);
    for backend in dropwise::Backend::compiled() {
        assert_eq!(
            classes(&backend.to_string()),
            folder.predict(pets::inputs(), &[]),
            "{backend}"
        );
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = Folder::new();
    for arguments in [
        &["predict", "run"][..],
        &["predict", "--input", "-"],
        &["predict", "run", "--input", "-", "--format", "xml"],
        &["predict", "run", "--input", "-", "--model", "first"],
        &["predict", "run", "--input", "-", "--backend", "torch"],
    ] {
        let output = folder.output(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
