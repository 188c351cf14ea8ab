//! Networks of other programs as runs. That PyTorch's come in as they are, scripts/exports.sh shows.

use std::collections::BTreeMap;

use dropwise_lab::store::{Array, ArrayValues, tensors};

use crate::folder::Folder;
use crate::runs::json;

const TABLE: &str =
    "age,kind,size\n1,cat,small\n2,dog,large\n,cat,small\n4,dog,large\n5,,small\n6,fish,large\n";
const CONFIG: &str = "[data]\nsource = 'csv'\npath = 'pets.csv'\ntarget = 'size'\nmissing = 'mean'\n\
                      [network]\nhidden = [3, 3]\nactivation = 'tanh'\n[train]\nlearning_rate = 0.1\nepochs = 2\n";

fn array(name: &str, shape: &[usize], number: f32) -> Array {
    Array {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values: ArrayValues::F32(vec![number; shape.iter().product()]),
    }
}

/// The arrays of a 4-3-3-1, the first layer's behind a name that comes after the others'.
fn arrays() -> Vec<Array> {
    vec![
        array("stem.weight", &[3, 4], 0.25),
        array("stem.bias", &[3], 0.0),
        array("head.2.weight", &[3, 3], 0.5),
        array("head.2.bias", &[3], 0.125),
        array("head.10.weight", &[1, 3], -1.0),
        array("head.10.bias", &[1], 0.5),
    ]
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pets.csv", TABLE);
    folder.write("config.toml", CONFIG);
    folder
}

const IMPORT: [&str; 6] = [
    "import",
    "other.safetensors",
    "--config",
    "config.toml",
    "--out",
    "run",
];

fn save(folder: &Folder, arrays: &[Array]) {
    let file = tensors::encode(arrays, &BTreeMap::new()).expect("a model");
    folder.write("other.safetensors", file);
}

#[test]
fn foreign_weights_become_a_run_that_is_measured_used_trained_on_and_exported() {
    let folder = folder();
    save(&folder, &arrays());
    let said = folder.good(&IMPORT);
    assert!(
        said.contains("-> [0."),
        "six rows are shown one by one: {said}"
    );
    assert!(said.contains("saved in run"), "{said}");
    // The only weight of its shape is the first layer's, though its name comes last.
    let model = folder.read("run/last.safetensors");
    let (found, metadata) = tensors::decode(&folder.path("model"), &model).expect("a model");
    let layers = [
        "layers.0.bias",
        "layers.0.weight",
        "layers.1.bias",
        "layers.1.weight",
        "layers.2.bias",
        "layers.2.weight",
    ];
    let expected = arrays();
    for (name, k) in layers.into_iter().zip([1, 0, 3, 2, 5, 4]) {
        let layer = found
            .iter()
            .find(|array| array.name == name)
            .expect("a layer");
        assert_eq!(
            (&layer.shape, &layer.values),
            (&expected[k].shape, &expected[k].values)
        );
    }
    assert_eq!(metadata["step"], "0");
    folder.good(&["evaluate", "run", "--json"]);
    let before = folder.predict("age,kind\n3,cat\n", &["--proba"]);
    assert_eq!(before.len(), 2);
    folder.good(&["report", "run", "--out", "page.html"]);
    folder.good(&["export", "run", "--out", "model.onnx"]);
    let resumed = folder.output(&["train", "--resume", "run"], b"");
    let said = String::from_utf8(resumed.stderr).expect("text");
    assert!(resumed.status.success(), "{said}");
    assert!(
        said.contains("starting from the weights of the run"),
        "{said}"
    );
    assert_eq!(json(folder.path("run/report.json"))["steps"], 2);
    assert_ne!(folder.predict("age,kind\n3,cat\n", &["--proba"]), before);
}

#[test]
fn what_is_no_fully_connected_network_is_refused_by_name_and_nothing_is_written() {
    let folder = folder();
    let refused = |arrays: &[Array], expected: &str| {
        save(&folder, arrays);
        let errors = folder.bad(&IMPORT);
        assert!(errors.contains(expected), "{errors}");
        assert!(!folder.path("run").exists());
    };
    let changed = |k: usize, array: Array| {
        let mut arrays = arrays();
        arrays[k] = array;
        arrays
    };
    let with = |array: Array| [arrays(), vec![array]].concat();
    refused(
        &with(array("conv.weight", &[2, 3, 3, 3], 0.0)),
        "`conv.weight`, [2, 3, 3, 3], is no part of a fully-connected network",
    );
    refused(
        &with(array("norm.weight", &[3], 0.0)),
        "`norm.weight`, [3], is no part of",
    );
    refused(
        &with(array("norm.running_mean", &[3], 0.0)),
        "`norm.running_mean`, [3], is no part of",
    );
    refused(
        &with(array("last.weight", &[1, 3], 0.0)),
        "`last.weight`, [1, 3], is in no layer of the configuration; set `hidden` and `bias`",
    );
    refused(
        &changed(0, array("stem.weight", &[3, 5], 0.0)),
        "layer 1 of the configuration needs a weight of shape [3, 4]; left in the file: `head.2.weight` [3, 3], \
         `head.10.weight` [1, 3], `stem.weight` [3, 5]",
    );
    refused(
        &changed(3, array("head.2.bias", &[4], 0.0)),
        "`head.2.bias`: expected the shape [3], found [4]",
    );
    refused(
        &arrays()[..5],
        "`head.10.weight` has no `head.10.bias` beside it",
    );
    refused(
        &changed(2, array("head.2.weight", &[3, 3], f32::NAN)),
        "`head.2.weight`: expected finite numbers, found NaN",
    );
    let whole = tensors::encode(&arrays(), &BTreeMap::new()).expect("a model");
    for (bytes, expected) in [
        (
            &whole[..whole.len() - 1],
            "other.safetensors: expected a whole safetensors file",
        ),
        (
            &b"PK\x03\x04 and so on"[..],
            "found an archive of `torch.save`; in Python, `safetensors.torch.save_file(",
        ),
        (b"", "expected a whole safetensors file"),
    ] {
        folder.write("other.safetensors", bytes);
        let errors = folder.bad(&IMPORT);
        assert!(errors.contains(expected), "{errors}");
        assert!(!folder.path("run").exists());
    }
}
