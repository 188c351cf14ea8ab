//! `init`, training and prediction read the same rows from the same bytes.

use dropwise::config::Experiment;
use dropwise::data;
use proptest::prelude::*;

use crate::folder::Folder;

/// What can stand in a cell, with what looks like a missing value, a delimiter, a quote or a line end.
const WORDS: [&str; 6] = ["red", "a, b", "say \"x\"", "two\nlines", " spaced ", "?"];
const NUMBERS: [&str; 5] = ["1", "-2.5", "3e2", "", "NA"];

/// The table with every cell in quotes, or only those that need them, and this between the lines.
fn written(rows: &[[String; 3]], quote_all: bool, end: &str) -> String {
    let cell = |text: &String| {
        if quote_all || text.contains([',', '"', '\n']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.clone()
        }
    };
    let header = ["x", "word", "y"].map(str::to_owned);
    let lines = std::iter::once(&header).chain(rows);
    lines
        .map(|row| row.each_ref().map(cell).join(",") + end)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn init_training_and_prediction_agree_on_the_rows_of_a_table(
        cells in proptest::collection::vec(
            (proptest::sample::select(&NUMBERS[..]), proptest::sample::select(&WORDS[..])), 4..18),
        quote_all in any::<bool>(),
        end in proptest::sample::select(&["\n", "\r\n", "\r", "\n\n"][..]),
    ) {
        let row = |(k, (x, word)): (usize, &(&str, &str))| {
            [(*x).to_owned(), (*word).to_owned(), format!("{}.5", k * k)]
        };
        let mut rows: Vec<[String; 3]> = cells.iter().enumerate().map(row).collect();
        rows[0][0] = "0.25".to_owned();
        let text = written(&rows, quote_all, end);
        let folder = Folder::new();
        folder.write("table.csv", &text);
        folder.good(&["init", "table.csv", "--out", "guess.toml"]);
        let guess = String::from_utf8(folder.read("guess.toml")).expect("text");
        let seen = format!("# Seen: {} rows, ", rows.len());
        prop_assert!(guess.contains(&seen), "{}", guess);
        folder.write("guess.toml", guess.replace("epochs = 100", "epochs = 2").replace("\"table.csv\"",
            &format!("{:?}", folder.path("table.csv"))));

        let guess = String::from_utf8(folder.read("guess.toml")).expect("text");
        let experiment = Experiment::parse("guess.toml", &guess).expect("a configuration");
        let trained_on = data::load(&experiment.data, experiment.seed).expect("a table").train;
        prop_assert_eq!(trained_on.len(), rows.len());

        folder.good(&["train", "guess.toml", "--out", "run", "--quiet"]);
        let answers = folder.predict(&text, &[]);
        prop_assert_eq!(answers.len(), 1 + rows.len());
        // However the same rows are written, they have the same answers.
        prop_assert_eq!(answers, folder.predict(written(&rows, true, "\n"), &[]));
    }
}
