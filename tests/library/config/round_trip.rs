//! What is written out reads back the same, whatever keys and forms it has.

use dropwise::config::Experiment;

use super::mistakes::GOOD;

#[track_caller]
fn assert_round_trip(text: &str) {
    let first = match Experiment::parse("first.toml", text) {
        Ok(first) => first,
        Err(error) => panic!("{error}\n{text}"),
    };
    let written = toml::to_string(&first.clone().into_inner()).expect("TOML");
    match Experiment::parse("again.toml", &written) {
        Ok(again) => assert_eq!(first, again, "{written}"),
        Err(error) => panic!("{error}\n{written}"),
    }
}

const CSV: &str = r#"
source = "csv"
path = "table.csv"
test_path = "test.csv"
delimiter = "\t"
header = false
target = 3
task = "regression"
leave_out = [1, "id"]
categorical = ["color"]
missing_values = ["", "-"]
missing = "mean"
missing_indicator = true
missing_target = "drop"
new_category = "ignore"
dates = ["day"]
day_first = true
skip_lines = 3
comment = ";"
encoding = "windows-1252"
standardize = false
"#;

const IDX: &str = r#"
source = "idx"
train_images = "a"
train_labels = "b"
test_images = "c"
test_labels = "d"
classes = ["no", "yes"]
"#;

const SHARES: &str =
    "split = { validation = 0.1, test = 0.2, train = 9, seed = 7, stratify = true }";
const FILES: &str = r#"split = { train_rows = "a", validation_rows = "b", test_rows = "c" }"#;

/// A file with every key: those of `[data]` are given, and so are the values that have several forms.
fn file(
    data: &str,
    initializer: &str,
    (hidden, dropout, masks): (&str, &str, &str),
    train: &str,
) -> String {
    format!(
        r#"
seed = 18446744073709551615
backend = "{}"
precision = "float64"
[data]
{data}
[network]
hidden = [5, 4]
activation = "gelu"
output = "identity"
bias = false
initializer = {initializer}
zero_output = true
[dropout]
input = 0.1
hidden = {hidden}
schedule = {dropout}
{masks}
[train]
loss = "squared-error"
learning_rate = 0.1
weight_decay = 1e-4
max_norm = 3
evaluate_every = 2
early_stopping = {{ patience = 5, min_improvement = 1e-3 }}
{train}
[study]
replicas = 3
"#,
        dropwise::Backend::default(),
    )
}

#[test]
fn an_experiment_with_every_key_reads_back_the_same() {
    let data = [
        format!("{CSV}{SHARES}"),
        format!("{CSV}{FILES}").replace("\"\\t\"", "\"whitespace\""),
        format!("{IDX}{SHARES}"),
        format!("source = \"idx\"\ndir = \"mnist\"\n{FILES}"),
        format!("source = \"digits\"\nautoencoder = true\n{SHARES}"),
    ];
    let initializers = [
        "{ uniform = 0.5 }",
        "{ normal = 0.01 }",
        "\"xavier\"",
        "\"he\"",
    ];
    let hidden = ["0.5", "[0.5, 0.25]", "0"];
    let dropout = ["\"standard\"", "{ early = 3 }", "{ late = 3 }"];
    let masks = ["masks = \"framework\"", "masks = \"seeded\"", ""];
    let train = [
        "optimizer = \"sgd\"\nmomentum = 0.9\nl1 = 1e-5\nbatch_size = \"full\"\nsteps = 7\nschedule = \"constant\"",
        "momentum = { from = 0.5, to = 0.95, epochs = 20 }\ndampening = true\nbatch_size = 3\nepochs = 7\n\
         schedule = { step = { every = 3, factor = 0.5 } }\nclip = { norm = 1 }",
        "optimizer = \"adam\"\nepochs = 7\nschedule = { exponential = 0.9 }\nclip = { value = 0.1 }",
        "optimizer = \"adamw\"\nepochs = 7\nschedule = \"cosine\"",
        "epochs = 7\nschedule = { inverse-time = 0.1 }",
    ];
    // Each form at least once: the lists are gone through side by side, the shorter ones again.
    for i in 0..5 {
        assert_round_trip(&file(
            &data[i],
            initializers[i % initializers.len()],
            (
                hidden[i % hidden.len()],
                dropout[i % dropout.len()],
                masks[i % masks.len()],
            ),
            train[i],
        ));
    }
}

#[test]
fn a_network_without_hidden_layers_reads_back_the_same() {
    for rates in ["[]", "0.5"] {
        let text = format!(
            "[data]\nsource = 'xor'\n[network]\nhidden = []\n[dropout]\nhidden = {rates}\n\
             [train]\nlearning_rate = 1\nepochs = 1\n"
        );
        assert_round_trip(&text);
    }
}

#[test]
fn a_resolved_experiment_reads_back_the_same() {
    let text =
        "[data]\nsource = 'xor'\n[network]\nhidden = [4]\n[train]\nlearning_rate = 1\nepochs = 1\n";
    let experiment = Experiment::parse("x.toml", text).expect("a good file");
    let resolved = experiment
        .resolve(dropwise::data::xor().task())
        .expect("a loss that fits");
    let written = toml::to_string(&resolved.into_inner()).expect("TOML");
    assert!(
        written.contains("loss = \"binary-cross-entropy\""),
        "{written}"
    );
    assert_round_trip(&written);
}

#[test]
fn keys_of_older_versions_are_read_as_those_of_today() {
    for (old, new) in [
        (
            "[train]\nmomentum = 0.9\ndampened = true",
            "[train]\nmomentum = 0.9\ndampening = true",
        ),
        ("[train]\nreplicas = 3", "[study]\nreplicas = 3\n[train]"),
        (
            "[study]\n[train]\nreplicas = 3",
            "[study]\nreplicas = 3\n[train]",
        ),
    ] {
        let read = |section: &str| {
            let text = GOOD.replacen("[train]", section, 1);
            Experiment::parse("x.toml", &text).expect("a good file")
        };
        assert_eq!(read(old), read(new), "{old}");
    }
    let both = GOOD.replacen("[train]", "[study]\nreplicas = 3\n[train]\nreplicas = 3", 1);
    let error = Experiment::parse("x.toml", &both).expect_err("both");
    let expected = "x.toml:9:1: train.replicas: unknown key";
    assert!(error.to_string().starts_with(expected), "{error}");
}
