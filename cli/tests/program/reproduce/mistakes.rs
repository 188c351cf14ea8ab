//! What is refused, what is said about it, and that nothing is left of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{OWN, entries_of, outcomes_in, reproduce};
use crate::runs::{self, Place, assert_has, bad, bytes, dropwise, good};

/// Runs OWN with `from` replaced by `to`; the result is what is said.
#[track_caller]
fn said_of(from: &str, to: &str, more: &[&str], status: i32) -> String {
    assert_eq!(OWN.matches(from).count(), 1, "{from}");
    let place = Place::with(&OWN.replace(from, to));
    let errors = bad(&mut reproduce(&place, "out", more), status);
    assert!(!place.path("out").exists(), "nothing is begun");
    errors.replace(&place.config().display().to_string(), "FILE")
}

#[track_caller]
fn refused(from: &str, to: &str, expected: &str) {
    let errors = said_of(from, to, &[], 1);
    assert_has(&errors, expected);
}

/// Runs OWN with flags.
#[track_caller]
fn refused_flags(more: &[&str], status: i32, expected: &str) {
    let errors = said_of("nobody", "nobody", more, status);
    assert_has(&errors, expected);
}

/// A folder with a whole run of OWN.
fn whole() -> Place {
    let place = Place::with(OWN);
    good(&mut reproduce(&place, "whole", &["--quiet"]));
    place
}

/// Every file below a folder, with its bytes.
fn all_files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for path in entries_of(folder) {
        match path.is_dir() {
            true => found.extend(all_files(&path)),
            false => found.push((path.clone(), bytes(&path))),
        }
    }
    found.sort();
    found
}

#[test]
fn a_misspelled_key_is_shown_in_its_place_with_the_nearest_known_one() {
    let errors = said_of("tolerance", "tolerence", &[], 1);
    assert_has(&errors, "error: tolerence: unknown key\n --> FILE:5:1");
    assert_has(&errors, "help: did you mean `tolerance`?");
    let errors = said_of("published = 99", "publisht = 99", &[], 1);
    assert_has(&errors, "publisht: unknown key\n  --> FILE:20:1");
    assert_has(&errors, "help: did you mean `published`?");
}

#[test]
fn a_mistake_in_a_network_is_shown_where_the_file_has_it_with_its_row() {
    let errors = said_of("dropout.hidden", "dropout.hiden", &[], 1);
    let expected = "error: row `dropout`: dropout.hiden: unknown key\n  --> FILE:27:9";
    assert_has(&errors, expected);
    assert_has(&errors, "27 | dropout.hiden = 0.1");

    let errors = said_of("dropout.hidden = 0.1", "dropout.hidden = 1.5", &[], 1);
    let expected = "error: row `dropout`: dropout.hidden: expected a dropout rate of at least 0 and below 1, \
                    found 1.5\n  --> FILE:27:18";
    assert_has(&errors, expected);

    // What all rows share, what is chosen, and what is different while choosing.
    let shared = "train.momentun: unknown key\n  --> FILE:11:32";
    refused("momentum = 0.9", "momentun = 0.9", shared);
    let chosen = "row `dropout`: train.learning_rate: expected a finite number above 0, found -0.1\n  --> FILE:28:30";
    refused("[0.001, 0.1]", "[0.001, -0.1]", chosen);
    let choosing = "row `dropout`: train.epoch: unknown key\n  --> FILE:15:7";
    refused("train.epochs = 4", "train.epoch = 4", choosing);
}

#[test]
fn a_quick_run_has_its_mistakes_in_its_tables() {
    let quick = "[quick]\nseeds = 1\nrows = ['brief']\nexperiment.network.hidden = 0.5\n[[claims]]";
    let errors = said_of("[[claims]]", quick, &["--quick"], 1);
    assert_has(&errors, "error: row `brief`: network.hidden: ");
    assert_has(&errors, "\n  --> FILE:33:29");
    let quick = quick.replace("'brief'", "'brief', 'breif'");
    let errors = said_of("[[claims]]", &quick, &["--quick"], 1);
    let expected = "error: FILE: quick.rows: expected the names of rows, found `breif`\n";
    assert_eq!(errors, expected);
    let expected = "FILE: quick: expected a table that says what a quick run is, found none\n";
    refused_flags(&["--quick"], 1, expected);
}

#[test]
fn a_file_that_contradicts_itself_is_refused() {
    let expected = "error: FILE: choose: expected validation rows, such as `data.split.validation = 0.1`, found none\n";
    refused("data.split.validation = 0.2\n", "", expected);
    let expected = "error: FILE: rows.name: expected each name once, found `brief` twice\n";
    refused("name = \"dropout\"", "name = \"brief\"", expected);
    let expected = "error: FILE: claims: expected the names of rows, found `drop`\n";
    refused("less = \"dropout\"", "less = \"drop\"", expected);
    let expected = "error: FILE: seeds: expected at least 1, found 0\n";
    refused("seeds = 2", "seeds = 0", expected);
    for name in ["", "../up", ".hidden", "two words"] {
        let expected = format!(
            "error: FILE: rows.name: expected a short name of letters, digits, `-`, `_` and `.`, not first, found `{name}`\n"
        );
        refused("name = \"brief\"", &format!("name = \"{name}\""), &expected);
    }
    let expected = "error: FILE: averaging: expected `samples` and `sets`, each at least 1, with the measure `averages`, found none\n";
    refused("\"error-rate\"", "\"averages\"", expected);
}

#[test]
fn what_can_be_known_before_training_is_not_found_after_it() {
    let expected = "error: FILE: row `brief`: expected validation rows under `choose` alone, since it is measured on \
                    test rows, found some\n";
    refused(
        "{ test = 0.7 }",
        "{ test = 0.7, validation = 0.1 }",
        expected,
    );
    let expected =
        "error: FILE, row `brief`: study.replicas: expected 1, the network alone, found 2\n";
    refused("epochs = 6", "epochs = 6, replicas = 2", expected);
    let expected = "error: FILE: measure: expected `ridge` only where there is no hidden layer, found some in row `brief`\n";
    refused("\"error-rate\"", "\"ridge\"", expected);
}

#[test]
fn what_is_asked_for_is_there() {
    let errors = bad(&mut dropwise(["reproduce", "mnist"]), 2);
    let expected = "error: invalid value 'mnist' for '[NAME]': expected a TOML file, or one of ridge, mnist-table2, \
                    mnist-table2-large, mnist-table9, noise, rate, size, averaging, sparsity, hinton2012, uci\n";
    assert_has(&errors, expected);
    let errors = bad(&mut dropwise(["reproduce", "no/such/file.toml"]), 1);
    assert_has(&errors, "no/such/file.toml: cannot be read: ");
    let expected = "error: --rows: expected rows among brief, dropout, found `breif`\n";
    refused_flags(&["--rows", "dropout,breif"], 1, expected);
    assert_has(&bad(&mut dropwise(["reproduce"]), 2), "<NAME>");
}

#[test]
fn seeds_are_how_many_or_which() {
    for wrong in ["0", "6..4", "x", "1..", "-1", "1..99999999999"] {
        let expected = "expected how many, such as 3, or which, such as 4..6, at most 10000";
        refused_flags(&[&format!("--seeds={wrong}")], 2, expected);
    }
}

#[test]
fn a_mistake_of_the_command_line_is_shown_there() {
    let expected = "error: train.epocs: unknown key\n --> --set:1:1\n";
    refused_flags(&["--set", "train.epocs=3"], 2, expected);
    refused_flags(
        &["--set", "train.epocs=3"],
        2,
        "help: did you mean `epochs`?",
    );
    let more = ["--set", "dropout.hidden=1.5", "--set", "train.epochs=3"];
    let expected = "error: dropout.hidden: expected a dropout rate of at least 0 and below 1, found 1.5\n --> --set:1:1\n";
    refused_flags(&more, 2, expected);
    // These digits are in the program.
    refused_flags(&["--data", "somewhere"], 2, " --> --data:1:1\n");
    let validation = ["--set", "data.split.validation=0.1"];
    refused_flags(
        &validation,
        1,
        "expected validation rows under `choose` alone",
    );
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let place = whole();
    let before = all_files(&place.path("whole"));
    let errors = bad(&mut reproduce(&place, "whole", &[]), 1);
    let folder = place.path("whole").display().to_string();
    let expected = format!(
        "error: {folder}: already holds an experiment; go on with it by --resume, or choose another --out\n"
    );
    assert_eq!(errors, expected);
    assert!(all_files(&place.path("whole")) == before);

    fs::create_dir(place.path("notes")).expect("a folder");
    fs::write(place.path("notes/diary.txt"), "dear").expect("a file");
    let errors = bad(&mut reproduce(&place, "notes", &[]), 1);
    assert_has(
        &errors,
        "expected an empty folder, found `diary.txt` in it; choose another --out",
    );
    assert_eq!(entries_of(&place.path("notes")).len(), 1);
}

#[test]
fn only_the_same_experiment_goes_on_or_is_merged() {
    let place = whole();
    let (whole, nothing) = (place.path("whole"), place.path("nothing"));
    let missing = "expected the folder of an experiment, found no `paper.toml`; ";
    let errors = bad(&mut reproduce(&place, "nothing", &["--resume"]), 1);
    assert_has(&errors, &format!("{missing}leave out --resume to begin"));
    assert!(!nothing.exists());
    let part = place.path("no-such-part").display().to_string();
    let errors = bad(&mut reproduce(&place, "nothing", &["--merge", &part]), 1);
    assert_has(
        &errors,
        &format!("{missing}name a folder that `dropwise reproduce` made"),
    );
    assert!(!nothing.exists());

    // The first line says which flags it was begun with, then comes the file, its first line empty.
    let before = all_files(&whole);
    let part = whole.display().to_string();
    let differs = |more: &[&str], out: &str, line: usize| {
        let errors = bad(&mut reproduce(&place, out, more), 1);
        let expected = format!(
            "begun with another experiment: its line {line} is not that of this command; use the same"
        );
        assert_has(&errors, &expected);
    };
    let set = ["--set", "train.epochs=7"];
    differs(&[&["--resume"], &set[..]].concat(), "whole", 1);
    differs(&[&["--merge", &part], &set[..]].concat(), "nothing", 1);
    fs::write(place.config(), OWN.replace("seeds = 2", "seeds = 3")).expect("a file");
    differs(&["--resume"], "whole", 8);
    differs(&["--merge", &part], "nothing", 8);
    assert!(!nothing.exists());
    assert!(all_files(&whole) == before);

    fs::write(place.config(), format!("{OWN}# A comment.\n")).expect("a file");
    good(&mut reproduce(&place, "whole", &["--resume"]));
}

#[test]
fn an_outcome_that_is_none_is_named_and_measured_again_once_it_is_deleted() {
    let place = whole();
    let before = outcomes_in(&place.path("whole"));
    let damaged = place.path("whole/runs/brief/seed-2/outcome.json");
    fs::write(&damaged, "{\"epochs\": 1}").expect("a file");
    let part = place.path("whole").display().to_string();
    for (folder, flags) in [
        ("whole", vec!["--resume"]),
        ("merged", vec!["--merge", &part]),
    ] {
        let errors = bad(&mut reproduce(&place, folder, &flags), 1);
        assert_has(
            &errors,
            "brief/seed-2/outcome.json: expected how a network ended, found something else: ",
        );
        assert_has(
            &errors,
            "; delete the file, and the network is measured again\n",
        );
    }
    assert!(!place.path("merged").exists());
    fs::remove_file(&damaged).expect("a file");
    good(&mut reproduce(&place, "whole", &["--resume", "--quiet"]));
    assert_eq!(outcomes_in(&place.path("whole")), before);
}

#[test]
fn parts_of_different_data_are_not_put_together() {
    let place = Place::with(OWN);
    for (part, rows) in [("one", "brief"), ("two", "dropout")] {
        good(&mut reproduce(&place, part, &["--quiet", "--rows", rows]));
    }
    let path = place.path("two/runs/dropout/seed-1/outcome.json");
    let mut other = runs::json(&path);
    other["data_sha256"] = Value::from("others");
    fs::write(&path, other.to_string()).expect("a file");
    let parts = ["one", "two"].map(|part| place.path(part).display().to_string());
    let more = ["--merge", &parts[0], "--merge", &parts[1]];
    let errors = bad(&mut reproduce(&place, "merged", &more), 1);
    let expected = "error: the data: expected the same for all networks, as brief/seed-1 was trained on, found others for \
                    dropout/seed-1\n";
    assert_eq!(errors, expected);
    assert!(!place.path("merged").exists());
}

#[test]
fn parts_that_chose_otherwise_are_not_put_together() {
    let place = Place::with(OWN);
    for (part, seeds) in [("one", "1..1"), ("two", "2..2")] {
        let only = ["--quiet", "--rows", "dropout", "--seeds", seeds];
        good(&mut reproduce(&place, part, &only));
    }
    // As if the other machine had come to other numbers, and so to another choice.
    let path = place.path("two/runs/dropout/seed-2/outcome.json");
    let mut other = runs::json(&path);
    assert_eq!(other["values"], json!([["train.learning_rate", "0.1"]]));
    other["values"] = json!([["train.learning_rate", "0.001"]]);
    fs::write(&path, other.to_string()).expect("a file");
    let parts = ["one", "two"].map(|part| place.path(part).display().to_string());
    let more = ["--merge", &parts[0], "--merge", &parts[1]];
    let errors = bad(&mut reproduce(&place, "merged", &more), 1);
    let expected = "error: dropout/seed-2: expected train.learning_rate = 0.1, as is chosen, found \
                    train.learning_rate = 0.001; leave its part out, or delete its folder and train it again\n";
    assert_eq!(errors, expected);
    assert!(!place.path("merged").exists());
}

#[test]
fn missing_data_are_said_before_anything_is_begun_with_how_to_get_them() {
    let place = Place::with("");
    let data = place.path("mnist").display().to_string();
    for name in ["mnist-table2", "hinton2012"] {
        let mut command = dropwise(["reproduce", name, "--data", &data, "--out"]);
        let errors = bad(command.arg(place.path("out")), 1);
        let expected =
            format!("error: {data}: there is no such folder; `dropwise fetch mnist --dir {data}` ");
        assert_has(&errors, &expected);
        assert!(!place.path("out").exists());
    }
}
