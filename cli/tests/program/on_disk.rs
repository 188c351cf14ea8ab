//! Training from rows on disk.

use crate::folder::{Folder, weights};

fn folder() -> Folder {
    let folder = Folder::new();
    let rows: String = (0..10_000)
        .map(|k| {
            let x = f64::from(k).sin();
            format!(
                "{x},{},2024-01-{:02} 0{}:30,{}\n",
                ["a", "b", "c"][k as usize % 3],
                1 + k % 28,
                k % 10,
                x * 3.0
            )
        })
        .collect();
    folder.write("table.csv", format!("x,kind,at,y\n{rows}"));
    folder.write(
        "config.toml",
        "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'y'\ndates = ['at']\nsplit = { validation = 0.1, test = 0.1 }\n\
         [network]\nhidden = [8]\n[dropout]\nhidden = 0.5\n[train]\nlearning_rate = 0.05\nbatch_size = 300\nsteps = 60\nshuffle = 'blocks'\n",
    );
    folder
}

#[test]
fn a_network_is_the_same_from_disk_and_from_memory_and_when_it_goes_on() {
    let folder = folder();
    let train = |out: &str, more: &[&str]| {
        folder.good(&[&["train", "config.toml", "--quiet", "--out", out], more].concat());
        folder.read(&format!("{out}/last.safetensors"))
    };
    let expected = train("memory", &[]);
    let cache = ["--set", "data.cache=rows"];
    let found = train("disk", &cache);
    assert!(weights(&found) == weights(&expected));
    // The file of the rows and the notes beside it.
    assert_eq!(folder.path("rows").read_dir().expect("a folder").count(), 2);

    train(
        "stopped",
        &[&cache[..], &["--set", "train.steps=31"]].concat(),
    );
    folder.good(&["train", "--resume", "stopped", "--steps", "60", "--quiet"]);
    let found = folder.read("stopped/last.safetensors");
    assert!(weights(&found) == weights(&expected));
    let said = |run: &str| folder.good(&["evaluate", run, "--json"]);
    assert_eq!(said("disk"), said("memory"));
}

#[test]
fn blocks_are_another_order_and_every_row_has_its_turn() {
    let folder = folder();
    let train = |out: &str, more: &[&str]| {
        folder.good(&[&["train", "config.toml", "--quiet", "--out", out], more].concat());
        folder.read(&format!("{out}/last.safetensors"))
    };
    let blocks = train("blocks", &[]);
    let rows = train("rows", &["--set", "train.shuffle=rows"]);
    assert!(weights(&blocks) != weights(&rows));
}

#[test]
fn evaluate_keeps_a_runs_rows_in_a_temporary_file_if_they_are_many_and_says_so_but_not_those_of_another_table()
 {
    const COLUMNS: usize = 1_200;
    let folder = Folder::new();
    let names: String = (0..COLUMNS).map(|k| format!("c{k},")).collect();
    let table = |rows: usize| -> String {
        let row = |k: usize| {
            let digit = char::from(b'0' + (k % 7) as u8);
            let cells: String = (0..COLUMNS).flat_map(|_| [digit, ',']).collect();
            format!("{cells}{}\n", k % 7)
        };
        let rows: String = (0..rows).map(row).collect();
        format!("{names}y\n{rows}")
    };
    // 4 bytes a number: 65 MiB, of which 64 stay in memory.
    folder.write("table.csv", table(14_100));
    folder.train(
        "[data]\nsource = 'csv'\npath = 'table.csv'\ntarget = 'y'\ntask = 'regression'\n\
         [network]\nhidden = []\n[train]\nlearning_rate = 0.01\nbatch_size = 50\nsteps = 2\n",
        "run",
    );
    for (input, is_told) in [(&[][..], true), (&["--input", "table.csv"], false)] {
        let mut command = folder.command(&[&["evaluate", "run"], input].concat());
        let output = command.env("TMPDIR", folder.path("")).output();
        let output = output.expect("a process");
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{said}");
        let told = said.matches("in a temporary file in").count();
        assert_eq!(told, usize::from(is_told), "{said}");
        let names_folder = said.contains(&folder.path("").display().to_string());
        assert_eq!(names_folder, is_told, "{said}");
    }
}
