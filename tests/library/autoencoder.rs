//! `data.autoencoder = true`: the network learns to give its own inputs.

use crate::common::numbered::{Numbered, rows};
use dropwise::config::{
    ColumnName, CsvConfig, DataConfig, DataSource, Experiment, IdxConfig, SplitConfig, TableConfig,
};
use dropwise::data::{self, Dataset, Part, Splits, Task};
use dropwise::{Backend, MlpConfig, evaluate};

fn third() -> Option<SplitConfig> {
    Some(SplitConfig {
        validation: 0.25,
        test: 0.25,
        ..SplitConfig::default()
    })
}

/// The same data with their own targets, and with their inputs as targets.
fn both(mut config: DataConfig) -> [Splits; 2] {
    [false, true].map(|autoencoder| {
        config.autoencoder = autoencoder;
        data::load(&config, 3).expect("data")
    })
}

fn read<'a>(rows: &'a Dataset, row: impl Fn(&'a Dataset, usize) -> Vec<f64>) -> Vec<Vec<f64>> {
    (0..rows.len()).map(|k| row(rows, k)).collect()
}

/// Every part has the rows that it has without, and each row's inputs are its targets.
fn assert_learns_inputs([plain, own]: &[Splits; 2], names: &[&str]) {
    assert_eq!(
        (&plain.hash, &plain.preprocessing),
        (&own.hash, &own.preprocessing)
    );
    for part in Part::ALL {
        let (Some(plain), Some(own)) = (plain.part(part), own.part(part)) else {
            assert_eq!(plain.part(part).is_some(), own.part(part).is_some());
            continue;
        };
        let inputs = read(own, Dataset::input_row);
        assert_eq!(inputs, read(plain, Dataset::input_row), "{part:?}");
        assert_eq!(inputs, read(own, Dataset::target_row), "{part:?}");
        let Task::Regression { targets } = own.task() else {
            panic!("{} is no regression", own.task());
        };
        let found: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(found, names);
        let as_they_are = |target: &data::Target| (target.mean, target.deviation) == (0.0, 1.0);
        assert!(targets.iter().all(as_they_are));
    }
}

#[test]
fn the_targets_of_every_source_are_its_inputs_and_its_split_stays() {
    let xor = DataConfig {
        split: Some(SplitConfig {
            test: 0.5,
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Xor)
    };
    assert_learns_inputs(&both(xor), &["a", "b", "one"]);

    let digits = DataConfig {
        split: third(),
        ..DataConfig::new(DataSource::Digits)
    };
    let pixels: Vec<String> = (0..64).map(|k| format!("pixel{k}")).collect();
    let pixels: Vec<&str> = pixels.iter().map(String::as_str).collect();
    assert_learns_inputs(&both(digits), &pixels);

    let source = Numbered::of_three_classes(40);
    let file = |name| Some(source.folder.path().join(name));
    let files = IdxConfig {
        train_images: file("images"),
        train_labels: file("labels"),
        test_images: file("images"),
        test_labels: file("labels"),
        ..IdxConfig::default()
    };
    let idx = DataConfig {
        split: Some(SplitConfig {
            validation: 0.25,
            train: Some(20),
            ..SplitConfig::default()
        }),
        ..DataConfig::new(DataSource::Idx(files))
    };
    let splits = both(idx);
    assert_learns_inputs(&splits, &["pixel0", "pixel1"]);
    assert_eq!(
        rows(splits[1].test.as_ref().expect("rows")),
        Vec::from_iter(0..40)
    );

    let path = source.folder.path().join("table.csv");
    let lines = (0..30).map(|k| format!("{},{},{k}\n", 3 * k + 1, ["red", "blue"][k % 2]));
    std::fs::write(
        &path,
        format!("size,color,y\n{}", lines.collect::<String>()),
    )
    .expect("a file");
    let (file, table) = (
        CsvConfig::new(path),
        TableConfig::new(ColumnName::Name("y".to_owned())),
    );
    let csv = DataConfig {
        split: third(),
        ..DataConfig::new(DataSource::Csv { file, table })
    };
    assert_learns_inputs(&both(csv), &["size", "color=blue", "color=red"]);
}

#[test]
fn a_network_that_gives_its_inputs_makes_no_error_and_one_that_gives_zeros_their_squares() {
    let [_, own] = both(DataConfig::new(DataSource::Digits));
    let rows = own.train.select(&Vec::from_iter(0..50));
    let experiment = "[data]\nsource = 'digits'\nautoencoder = true\n[network]\nhidden = 64\n\
                      activation = 'identity'\nbias = false\n[train]\nlearning_rate = 1\nsteps = 1\n";
    let experiment = Experiment::parse("x.toml", experiment).expect("an experiment");
    let experiment = experiment.resolve(rows.task()).expect("a loss that fits");
    let loss = experiment.loss();
    let shape = MlpConfig::from_experiment(&experiment, 64);
    let device = Backend::default().device().expect("a backend");
    let network = |diagonal: f64| {
        let mut weights = shape.init(1, &device).and_then(|network| network.weights());
        for layer in weights.as_mut().expect("weights") {
            for (k, weight) in layer.weight.iter_mut().enumerate() {
                *weight = if k % 65 == 0 { diagonal } else { 0.0 };
            }
        }
        shape
            .init_with_weights(&weights.expect("weights"), &device)
            .expect("a network")
    };
    let found = evaluate(&network(1.0), loss, &rows).expect("metrics");
    assert_eq!((found.metrics.loss, found.metrics.rmse), (0.0, Some(0.0)));
    let found = evaluate(&network(0.0), loss, &rows)
        .expect("metrics")
        .metrics;
    let squares = read(&rows, Dataset::input_row).concat();
    let mean = squares.iter().map(|x| x * x).sum::<f64>() / squares.len() as f64;
    assert!((found.loss - mean).abs() < 1e-12, "{} {mean}", found.loss);
}
