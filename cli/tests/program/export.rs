//! What is written for other programs. That those read it, and answer as this one does, scripts/exports.sh shows.

use std::collections::BTreeMap;

use dropwise_lab::store::{Array, ArrayValues, tensors};

use crate::folder::Folder;
use crate::runs::{bad, dropwise};

const TABLE: &str =
    "age,kind,size\n1,cat,small\n2,dog,large\n,cat,small\n4,dog,large\n5,,small\n6,fish,large\n";
const CONFIG: &str = "[data]\nsource = 'csv'\npath = 'pets.csv'\ntarget = 'size'\nmissing = 'mean'\n\
                      [network]\nhidden = [3]\nactivation = 'gelu'\n[train]\nlearning_rate = 0.1\nepochs = 2\n";

fn trained() -> Folder {
    Folder::trained("pets.csv", TABLE, CONFIG)
}

#[test]
fn an_onnx_file_names_the_columns_and_holds_what_the_run_was_made_with_and_is_the_same_each_time() {
    let folder = trained();
    let said = folder.good(&["export", "run", "--out", "model.onnx"]);
    assert!(said.contains("Mlp 4-3-1: hidden gelu"), "{said}");
    assert!(said.contains("saved in model.onnx: "), "{said}");
    let file = folder.read("model.onnx");
    let text = String::from_utf8_lossy(&file);
    let config = String::from_utf8(folder.read("run/config.toml")).expect("text");
    let parts = [
        "age",
        "kind",
        "label",
        "probabilities",
        "data_sha256",
        "layers.1.weight",
        &config,
    ];
    for part in parts {
        assert!(text.contains(part), "{part}");
    }
    folder.good(&["export", "run", "--format", "onnx", "--out", "again"]);
    assert_eq!(folder.read("again"), file);
    folder.good(&[
        "export",
        "run",
        "--inputs",
        "matrix",
        "--out",
        "matrix.onnx",
    ]);
    let matrix = folder.read("matrix.onnx");
    assert!(
        String::from_utf8_lossy(&matrix)
            .contains("prepared inputs: age, kind=cat, kind=dog, kind=fish")
    );
}

#[test]
fn a_threshold_goes_into_the_file_and_is_for_two_classes() {
    let folder = trained();
    folder.good(&["export", "run", "--out", "half.onnx"]);
    folder.good(&[
        "export",
        "run",
        "--out",
        "other.onnx",
        "--threshold",
        "0.25",
    ]);
    assert_ne!(folder.read("half.onnx"), folder.read("other.onnx"));
    folder.train(
        &CONFIG
            .replace("'size'", "'age'")
            .replace("'mean'", "'drop'"),
        "numbers",
    );
    let errors = folder.bad(&[
        "export",
        "numbers",
        "--out",
        "model.onnx",
        "--threshold",
        "0.2",
    ]);
    assert!(
        errors.contains("--threshold: expected a network for two classes"),
        "{errors}"
    );
    assert!(!folder.path("model.onnx").exists());
}

#[test]
fn pytorch_gets_the_keys_of_a_sequential_module_and_a_program_beside_them() {
    let folder = trained();
    folder.train(
        &(CONFIG.to_owned() + "[dropout]\nhidden = 0.5\n"),
        "dropped",
    );
    let said = folder.good(&["export", "dropped", "--out", "pets.safetensors"]);
    assert!(
        said.contains("saved in pets.safetensors and pets.py"),
        "{said}"
    );
    let (arrays, metadata) =
        tensors::decode(&folder.path("pets"), &folder.read("pets.safetensors")).expect("a model");
    let keys: Vec<&str> = arrays.iter().map(|array| array.name.as_str()).collect();
    assert_eq!(keys, ["0.bias", "0.weight", "3.bias", "3.weight"]);
    assert!(metadata["preparation.json"].contains("fish"));
    let program = String::from_utf8(folder.read("pets.py")).expect("text");
    let modules = "nn.Sequential(\n    nn.Linear(4, 3),\n    nn.GELU(),\n    nn.Dropout(0.5),\n    nn.Linear(3, 1),\n)";
    assert!(program.contains(modules), "{program}");
    let kind = "*category(row, \"kind\", [\"cat\", \"dog\", \"fish\"], fill=\"cat\"),";
    assert!(program.contains(kind), "{program}");
    let matrix = [
        "export",
        "run",
        "--out",
        "b.safetensors",
        "--inputs",
        "matrix",
    ];
    let errors = folder.bad(&matrix);
    assert!(
        errors.contains("--inputs: expected columns with --format pytorch"),
        "{errors}"
    );
    assert!(!folder.path("b.py").exists());
}

#[test]
fn tensorboard_gets_a_file_of_events_from_a_training_and_the_same_bytes_from_a_run_each_time() {
    let folder = trained();
    folder.good(&["train", "config.toml", "--quiet", "--tensorboard", "events"]);
    let files: Vec<_> = std::fs::read_dir(folder.path("events"))
        .expect("a folder")
        .collect();
    assert_eq!(files.len(), 1);
    let events = std::fs::read(files[0].as_ref().expect("a file").path()).expect("a file");
    let text = String::from_utf8_lossy(&events);
    for tag in [
        "brain.Event:2",
        "loss/train",
        "learning_rate",
        "layers.1/bias",
    ] {
        assert!(text.contains(tag), "{tag}");
    }
    let export = [
        "export",
        "run",
        "--format",
        "tensorboard",
        "--out",
        "exported",
    ];
    let said = folder.good(&export);
    assert!(
        said.contains("saved in exported, for `tensorboard --logdir exported`"),
        "{said}"
    );
    let file = "exported/events.out.tfevents.0000000000.0000.dropwise";
    let first = folder.read(file);
    folder.good(&export);
    assert_eq!(folder.read(file), first);
    folder.write("taken", "a file");
    let errors = folder.bad(&["train", "config.toml", "--quiet", "--tensorboard", "taken"]);
    assert!(errors.contains("taken: cannot be written"), "{errors}");
}

#[test]
fn what_cannot_be_exported_is_said_and_nothing_is_written() {
    let folder = trained();
    let errors = folder.bad(&["export", "run", "--out", "model.bin"]);
    assert!(
        errors.contains(
            "--out: expected a file whose name ends in .onnx, .safetensors or .pt, or --format"
        ),
        "{errors}"
    );
    let errors = folder.bad(&["export", "nothing", "--out", "model.onnx"]);
    assert!(errors.contains("nothing: no such folder"), "{errors}");
    let errors = folder.bad(&["export", "run", "--out", "no/folder/model.onnx"]);
    assert!(
        errors.contains(
            "no/folder/model.onnx: cannot be written: there is no folder `no/folder`; make it"
        ),
        "{errors}"
    );
    let errors = bad(
        &mut dropwise(["export", "run", "--out", "a.onnx", "--inputs", "rows"]),
        2,
    );
    assert!(errors.contains("columns, matrix"), "{errors}");

    let model = folder.read("run/last.safetensors");
    let (mut arrays, metadata): (Vec<Array>, BTreeMap<_, _>) =
        tensors::decode(&folder.path("model"), &model).expect("a model");
    if let ArrayValues::F32(values) = &mut arrays[1].values {
        values[0] = f32::NAN;
    }
    folder.write(
        "run/last.safetensors",
        tensors::encode(&arrays, &metadata).expect("a model"),
    );
    let errors = folder.bad(&["export", "run", "--out", "model.onnx"]);
    assert!(
        errors.contains("the model: expected finite weights, found one that is"),
        "{errors}"
    );
    for file in ["model.bin", "model.onnx"] {
        assert!(!folder.path(file).exists(), "{file}");
    }
}
