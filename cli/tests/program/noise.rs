//! Learned dropout rates and other noise than dropout, from a configuration to answers.

use serde_json::Value;

use crate::folder::Folder;
use crate::sure::numbers;

const CONFIG: &str = r#"
[data]
source = "csv"
path = "rows.csv"
target = "y"

[data.split]
test = 0.25
validation = 0.2

[network]
hidden = [20, 10]
activation = "relu"

[dropout]
hidden = "learned"

[train]
optimizer = "adam"
learning_rate = 0.02
epochs = 20
batch_size = 32
"#;

const ROWS: &str = "x,z,side\n0.1,0.2,left\n-0.9,0.5,right\n0.9,-0.9,left\n";

fn rates(line: &str) -> Vec<f64> {
    let line: Value = serde_json::from_str(line).expect("JSON");
    let rates = line["dropout_rates"].as_array().expect("rates");
    rates
        .iter()
        .map(|rate| rate.as_f64().expect("a number"))
        .collect()
}

#[test]
fn learned_rates_are_shown_kept_and_used() {
    let folder = Folder::new();
    folder.write("rows.csv", numbers());
    folder.write("config.toml", CONFIG);
    let said = folder.good(&["train", "config.toml", "--out", "run"]);
    let metrics = String::from_utf8(folder.read("run/metrics.jsonl")).expect("text");
    let lines: Vec<&str> = metrics
        .lines()
        .filter(|line| line.contains("\"train\""))
        .collect();
    let (first, last) = (rates(lines[0]), rates(lines[lines.len() - 1]));
    assert_eq!((first.len(), last.len()), (2, 2));
    assert!(first != last && last.iter().all(|rate| (0.0..1.0).contains(rate)));
    assert!(
        said.contains(&format!("dropout {:.3} / {:.3}", last[0], last[1])),
        "{said}"
    );

    let report: Value = serde_json::from_slice(&folder.read("run/report.json")).expect("JSON");
    let network = report["network"].as_str().expect("text");
    assert!(
        network.contains(" learned, ") && network.contains(" learned hidden"),
        "{network}"
    );
    let config = String::from_utf8(folder.read("run/config.toml")).expect("text");
    assert!(config.contains("hidden = \"learned\""), "{config}");

    let answers = folder.predict(ROWS, &["--samples", "--model", "last"]);
    assert!(deviations(&answers).iter().all(|std| *std > 0.0));
    let evaluated = folder.good(&["evaluate", "run", "--samples"]);
    assert!(evaluated.contains("std"), "{evaluated}");
    folder.good(&[
        "export",
        "run",
        "--model",
        "last",
        "--out",
        "model.safetensors",
    ]);
    let program = String::from_utf8(folder.read("model.py")).expect("text");
    let layers: Vec<&str> = program
        .lines()
        .filter(|line| line.contains("nn.Dropout("))
        .collect();
    assert_eq!(layers.len(), 2, "{program}");
    for (layer, rate) in layers.iter().zip(&last) {
        let found: f64 = layer
            .trim()
            .trim_start_matches("nn.Dropout(")
            .trim_end_matches("),")
            .parse()
            .expect("a rate");
        assert!((found - rate).abs() < 1e-9, "{found} {rate}");
    }
    folder.good(&["report", "run", "--out", "report.html"]);
}

/// With a checkpoint after every step, from one in the middle.
#[test]
fn a_run_with_learned_rates_goes_on_to_the_same_bytes() {
    for more in ["", "ensemble = 2\n"] {
        let folder = Folder::trained("rows.csv", numbers(), &format!("{CONFIG}{more}"));
        folder.write(
            "short.toml",
            format!("{CONFIG}{more}").replace("epochs = 20", "epochs = 9"),
        );
        folder.good(&["train", "short.toml", "--quiet", "--out", "short"]);
        folder.good(&["train", "--resume", "short", "--epochs", "20", "--quiet"]);
        for file in ["last.safetensors", "best.safetensors", "metrics.jsonl"] {
            let (whole, resumed) = (
                folder.read(&format!("run/{file}")),
                folder.read(&format!("short/{file}")),
            );
            assert!(whole == resumed, "{more}: {file}");
        }
    }
}

#[test]
fn a_model_whose_rates_are_missing_is_refused() {
    let folder = Folder::trained("rows.csv", numbers(), CONFIG);
    let config = CONFIG.replace("\"learned\"", "0.1");
    folder.train(&config, "fixed");
    folder.write(
        "run/last.safetensors",
        folder.read("fixed/last.safetensors"),
    );
    let said = folder.bad(&["evaluate", "run", "--model", "last"]);
    assert!(said.contains("dropout.1.logit"), "{said}");
}

#[test]
fn alpha_dropout_has_samples_and_an_export() {
    let config = CONFIG
        .replace("\"relu\"", "\"selu\"")
        .replace("hidden = \"learned\"", "kind = \"alpha\"\nhidden = 0.1");
    let folder = Folder::trained("rows.csv", numbers(), &config);
    assert_eq!(folder.predict(ROWS, &["--samples"])[0], "prediction,std");
    folder.good(&["export", "run", "--out", "model.safetensors"]);
    let program = String::from_utf8(folder.read("model.py")).expect("text");
    assert!(
        program.contains("nn.AlphaDropout(0.1)") && program.contains("nn.SELU()"),
        "{program}"
    );
    folder.good(&["export", "run", "--out", "model.onnx"]);
    let refused = folder.bad(&["evaluate", "run", "--samples", "analytic"]);
    assert!(refused.contains("alpha"), "{refused}");
    let relu = CONFIG.replace("hidden = \"learned\"", "kind = \"alpha\"\nhidden = 0.1");
    folder.write("relu.toml", relu);
    let refused = folder.bad(&["train", "relu.toml"]);
    assert!(
        refused.contains("dropout.kind") && refused.contains("selu"),
        "{refused}"
    );
}

#[test]
fn gaussian_noise_has_samples_and_an_export_that_names_it() {
    let config = CONFIG.replace(
        "hidden = \"learned\"",
        "kind = \"gaussian\"\ninput = 0.05\nhidden = 0.2",
    );
    let folder = Folder::trained("rows.csv", numbers(), &config);
    assert_eq!(folder.predict(ROWS, &["--samples"])[0], "prediction,std");
    folder.good(&["export", "run", "--out", "model.safetensors"]);
    let program = String::from_utf8(folder.read("model.py")).expect("text");
    let comments = ["Gaussian noise at 0.05", "Gaussian noise at 0.2"];
    assert!(
        comments.iter().all(|comment| program.contains(comment)) && !program.contains("nn.Dropout"),
        "{program}"
    );
    folder.good(&["export", "run", "--out", "model.onnx"]);
}

#[test]
fn dropconnect_has_samples_a_report_and_an_export_and_goes_on_to_the_same_bytes() {
    let config = CONFIG.replace(
        "hidden = \"learned\"",
        "kind = \"dropconnect\"\ninput = 0.05\nhidden = 0.2",
    );
    let folder = Folder::trained("rows.csv", numbers(), &config);
    folder.write("short.toml", config.replace("epochs = 20", "epochs = 9"));
    folder.good(&["train", "short.toml", "--quiet", "--out", "short"]);
    folder.good(&["train", "--resume", "short", "--epochs", "20", "--quiet"]);
    for file in ["last.safetensors", "best.safetensors", "metrics.jsonl"] {
        assert!(folder.read(&format!("run/{file}")) == folder.read(&format!("short/{file}")));
    }

    let answers = folder.predict(ROWS, &["--samples"]);
    assert_eq!(answers[0], "prediction,std");
    let sampled = deviations(&answers);
    let analytic = deviations(&folder.predict(ROWS, &["--samples", "analytic"]));
    for (sampled, analytic) in sampled.iter().zip(&analytic) {
        // Of two hidden layers the formula is an approximation.
        assert!(
            (sampled / analytic - 1.0).abs() < 0.4,
            "{sampled} {analytic}"
        );
    }
    folder.good(&["export", "run", "--out", "model.safetensors"]);
    let program = String::from_utf8(folder.read("model.py")).expect("text");
    assert!(!program.contains("nn.Dropout"), "{program}");
    assert!(program.contains("DropConnect at 0.2"), "{program}");
    folder.good(&["export", "run", "--out", "model.onnx"]);
    folder.good(&["report", "run", "--out", "report.html"]);
    let report = String::from_utf8(folder.read("report.html")).expect("text");
    let caption = "of the weights behind input, ";
    assert!(report.contains("In training, DropConnect leaves out 5") && report.contains(caption));

    let framework = config.replace("hidden = 0.2", "hidden = 0.2\nmasks = \"framework\"");
    folder.write("framework.toml", framework);
    let refused = folder.bad(&["train", "framework.toml"]);
    assert!(
        refused.contains("dropout.kind") && refused.contains("seeded"),
        "{refused}"
    );
}

/// The last column.
fn deviations(answers: &[String]) -> Vec<f64> {
    let last = |line: &String| line.rsplit(',').next().expect("a number").parse();
    let numbers = answers[1..].iter().map(last);
    numbers.collect::<Result<_, _>>().expect("numbers")
}
