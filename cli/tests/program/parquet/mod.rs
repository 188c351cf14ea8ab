//! Parquet files, in a program that reads them and in one that does not. `table.parquet` was written by pyarrow with row groups of 25
//! rows, `table.csv` by pandas.

use crate::folder::Folder;

const PARQUET: &[u8] = include_bytes!("table.parquet");

const REST: &str = "target = 'y'\nmissing = 'mean'\nsplit = { validation = 0.2, test = 0.2 }\n[network]\nhidden = [4]\n[train]\n\
                    optimizer = 'adam'\nlearning_rate = 0.01\nepochs = 3\n";

#[cfg(feature = "parquet")]
mod built_in {
    use super::*;
    use crate::folder::{cells, weights};

    const CSV: &str = include_str!("table.csv");

    /// On the CPU, also where the program has a GPU's backend too.
    fn config(keys: &str) -> String {
        format!("seed = 1\nbackend = 'flex'\n[data]\n{keys}\n{REST}")
    }

    /// A folder with both files, and a run of each.
    fn trained() -> Folder {
        let folder = Folder::trained(
            "table.parquet",
            PARQUET,
            &config("source = 'parquet'\npath = 'table.parquet'"),
        );
        folder.write("table.csv", CSV);
        let csv =
            "source = 'csv'\npath = 'table.csv'\ncategorical = ['zip']\ndates = ['day', 'at']";
        folder.train(&config(csv), "csv");
        folder
    }

    #[test]
    fn a_network_is_the_same_from_parquet_and_from_csv() {
        let folder = trained();
        let [parquet, csv] =
            ["run", "csv"].map(|run| folder.read(&format!("{run}/last.safetensors")));
        // All but the spelling of truth values, which is kept beside the weights.
        assert!(weights(&parquet) == weights(&csv));
        let answers = |run: &str, table: &str| {
            folder.good(&[
                "predict",
                run,
                "--input",
                table,
                "--proba",
                "--keep",
                "zip,price,at",
            ])
        };
        let expected = answers("csv", "table.csv");
        assert_eq!(answers("run", "table.parquet"), expected);
        assert_eq!(answers("csv", "table.parquet"), expected);
        let first = expected.lines().nth(1).expect("an answer");
        assert_eq!(cells(first)[..3], ["02139", "-3.00", "2024-01-01 06:30:00"]);
        let measured = |table: &str| {
            let said = folder.good(&["evaluate", "run", "--input", table, "--json"]);
            said.replace(table, "")
        };
        assert_eq!(measured("table.parquet"), measured("table.csv"));
        // Groups are by any column, of the run's file too.
        let groups = |run: &str| {
            let said = folder.good(&["evaluate", run, "--coverage", "--by", "is_new"]);
            let (_, groups) = said.split_once("is_new").expect("groups");
            groups.to_owned()
        };
        assert_eq!(groups("run").to_lowercase(), groups("csv").to_lowercase());
    }

    #[test]
    fn what_init_writes_for_parquet_trains() {
        let folder = Folder::new();
        folder.write("table.parquet", PARQUET);
        folder.good(&[
            "init",
            "table.parquet",
            "--target",
            "y",
            "--out",
            "config.toml",
        ]);
        let written = String::from_utf8(folder.read("config.toml")).expect("text");
        assert!(
            written.contains("source = \"parquet\"\npath = \"table.parquet\""),
            "{written}"
        );
        assert!(!written.contains("delimiter"), "{written}");
        let short = ["--backend", "flex", "--set", "train.epochs=1"];
        folder.good(&[&["train", "config.toml", "--quiet"], &short[..]].concat());
    }

    #[test]
    fn a_damaged_file_and_one_of_lists_are_each_one_sentence() {
        let folder = trained();
        for (end, begin) in [(PARQUET.len() - 9, 0), (PARQUET.len(), 600), (11, 0)] {
            let mut damaged = PARQUET[..end].to_vec();
            damaged[4.max(begin)..]
                .iter_mut()
                .step_by(7)
                .take(begin)
                .for_each(|byte| *byte ^= 0x55);
            folder.write("table.parquet", damaged);
            let config = config("source = 'parquet'\npath = 'table.parquet'");
            folder.write("config.toml", config);
            let message = folder.bad(&["train", "config.toml", "--out", "new"]);
            assert!(
                message.contains("table.parquet: the Parquet file "),
                "{message}"
            );
            assert!(!folder.path("new").exists());
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_program_without_parquet_says_how_to_get_it() {
    let folder = Folder::new();
    folder.write("table.parquet", PARQUET);
    folder.write(
        "config.toml",
        format!("[data]\nsource = 'parquet'\npath = 'table.parquet'\n{REST}"),
    );
    for arguments in [&["train", "config.toml"][..], &["init", "table.parquet"]] {
        let message = folder.bad(arguments);
        let expected = "table.parquet: this build of dropwise does not read Parquet; build it with `--features parquet`; or write the table as CSV";
        assert!(message.contains(expected), "{message}");
    }
}
