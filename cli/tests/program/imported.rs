//! Networks of other programs as runs. That those of today's PyTorch and scikit-learn come in as they are, scripts/exports.sh shows.

use std::collections::BTreeMap;
use std::path::Path;

use dropwise::model::LayerWeights;
use dropwise_lab::store::{Array, ArrayValues, tensors, weights_of};

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

/// A file of PyTorch 1.13: see tests/golden/torch_files.py.
fn torch_file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/torch");
    std::fs::read(folder.join(name)).expect("a file")
}

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
fn an_imported_run_keeps_what_it_has_to_beat() {
    let folder = folder();
    let (names, rows) = TABLE.split_once('\n').expect("lines");
    folder.write("pets.csv", format!("{names}\n{}", rows.repeat(5)));
    save(&folder, &arrays());
    folder.good(&IMPORT);
    folder.write("more.csv", TABLE);
    let evaluate = ["evaluate", "run", "--input", "more.csv"];
    let before = folder.good(&evaluate);
    std::fs::remove_file(folder.path("pets.csv")).expect("a file");
    assert_eq!(folder.good(&evaluate), before);
    assert!(before.contains("a linear model"), "{before}");
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
    let state = torch_file("state.pt");
    let old = torch_file("old.pt");
    for (bytes, expected) in [
        (
            &whole[..whole.len() - 1],
            "expected a whole safetensors file",
        ),
        (
            b"",
            "expected a whole safetensors file or one of `torch.save`: ",
        ),
        (
            &state[..state.len() - 30],
            "the archive is cut short or damaged; save it again",
        ),
        (
            b"PK\x03\x04 and so on",
            "the archive is cut short or damaged; ",
        ),
        (&old[..old.len() - 1], "the file is cut short or damaged; "),
        (&old[..200], "the pickle is cut short or damaged; "),
        (
            b"\x80\x02K\x01.",
            "expected a file of `torch.save`, found another pickle",
        ),
        (
            &torch_file("conv.pt"),
            "`0.weight`, [2, 1, 3, 3], is no part of a fully-connected network",
        ),
        (
            &torch_file("long.pt"),
            "`0.weight`: expected floating point, found `torch.LongStorage`; convert it",
        ),
        (
            &torch_file("nan.pt"),
            "`3.bias`: expected finite numbers, found NaN; ",
        ),
        (
            &torch_file("quantized.pt"),
            "`3.weight`: expected an array of plain numbers, found one of `torch._utils._rebuild_qtensor`",
        ),
        (
            &torch_file("two.pt"),
            "expected the weights of one network, found several: `student`, `teacher`; save the state",
        ),
        (
            &torch_file("none.pt"),
            "expected the weights of a network, found none; save the state dictionary",
        ),
    ] {
        folder.write("other.safetensors", bytes);
        let errors = folder.bad(&IMPORT);
        assert!(
            errors.starts_with("error: other.safetensors: ") && errors.contains(expected),
            "{errors}"
        );
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert!(!folder.path("run").exists());
    }
}

/// The layers of `torch_files.py`: their numbers follow each other.
fn layers() -> Vec<LayerWeights> {
    let mut numbers = (0..).map(|k| f64::from(k) / 64.0);
    let layer = |(d_input, d_output): (usize, usize)| {
        let weight: Vec<f64> = numbers.by_ref().take(d_input * d_output).collect();
        let transposed =
            (0..d_input * d_output).map(|k| weight[k % d_output * d_input + k / d_output]);
        LayerWeights {
            d_input,
            d_output,
            weight: transposed.collect(),
            bias: Some(numbers.by_ref().take(d_output).collect()),
        }
    };
    [(4, 3), (3, 3), (3, 1)].map(layer).into()
}

#[test]
fn files_of_torch_save_of_every_kind_have_the_same_network() {
    for name in [
        "state.pt",
        "old.pt",
        "module.pth",
        "checkpoint.pt",
        "half.pt",
        "views.pt",
    ] {
        let found = weights_of(Path::new(name), &torch_file(name), &layers());
        assert_eq!(found.expect(name), layers(), "{name}");
    }
    let folder = folder();
    folder.write("other.safetensors", torch_file("checkpoint.pt"));
    folder.good(&IMPORT);
    // And out again, as PyTorch loads it.
    folder.good(&["export", "run", "--out", "model.pth"]);
    let program = String::from_utf8(folder.read("model.py")).expect("text");
    assert!(
        program.contains("torch.load(weights, weights_only=True)") && program.contains("\".pth\""),
        "{program}"
    );
    let found = weights_of(Path::new("model.pth"), &folder.read("model.pth"), &layers());
    assert_eq!(found.expect("a network"), layers());
}

#[test]
fn a_damaged_file_of_torch_save_is_an_error_or_still_the_same_network() {
    for name in ["state.pt", "old.pt", "module.pth"] {
        let whole = torch_file(name);
        for length in (0..whole.len()).step_by(7) {
            assert!(
                weights_of(Path::new(name), &whole[..length], &layers()).is_err(),
                "{name} {length}"
            );
        }
        for place in 0..whole.len() {
            for change in [1, 0x80] {
                let mut bytes = whole.clone();
                bytes[place] ^= change;
                let found = weights_of(Path::new(name), &bytes, &layers());
                // The older form has no checksums.
                let same = found.map_or(true, |found| found == layers());
                assert!(same || name == "old.pt", "{name}: {place}");
            }
        }
    }
}
