//! A study in parts, each a process of its own, and the folder that they are put together to.

use std::process::Command;

use serde_json::{Value, json};

use super::{XOR, study, study_in};
use crate::runs::{
    Place, Running, assert_has, bad, contents_of, good, json, json_lines, signal, text,
};

/// Six settings, of which three diverge, so that there are numbers that JSON has no word for.
const VARY: [&str; 4] = [
    "--vary",
    "train.learning_rate=0.05,1e6",
    "--vary",
    "dropout.hidden=0,0.2,0.5",
];

fn vary(more: &[&str]) -> Vec<String> {
    let all = VARY.iter().chain(more).map(|text| (*text).to_owned());
    all.collect()
}

fn in_folder(place: &Place, folder: &str, more: &[&str]) -> Command {
    let more = vary(more);
    let mut command = study_in(place, folder, &[]);
    command.args(more);
    command
}

/// What a folder holds, without the times in its summary and the process that wrote it.
fn lasting(place: &Place, folder: &str) -> (Value, Vec<(String, Vec<u8>)>) {
    let mut summary = json(place.path(folder).join("study.json"));
    for setting in summary["settings"].as_array_mut().expect("settings") {
        assert!(
            setting
                .as_object_mut()
                .expect("a table")
                .remove("seconds")
                .is_some()
        );
    }
    let mut files = contents_of(&place.path(folder));
    files.retain(|(name, _)| name != "study.json" && name != "lock");
    (summary, files)
}

/// A network whose output has no bound.
fn diverging() -> Place {
    Place::with(&XOR.replace("output = \"sigmoid\"", "output = \"identity\""))
}

/// The study by one process, and by three.
fn whole_and_parts() -> Place {
    let place = diverging();
    good(&mut in_folder(&place, "whole", &[]));
    for part in ["1/3", "2/3", "3/3"] {
        let folder = format!("part-{}", &part[..1]);
        good(&mut in_folder(&place, &folder, &["--part", part]));
    }
    place
}

fn merge(place: &Place, folder: &str, parts: &[&str]) -> Command {
    let mut command = in_folder(place, folder, &["--quiet", "--merge"]);
    command.args(parts.iter().map(|part| place.path(part)));
    command
}

#[test]
fn parts_put_together_are_the_bytes_of_one_process() {
    let place = whole_and_parts();
    let whole = lasting(&place, "whole");
    assert_has(&text(place.path("whole/study.jsonl")), r#""loss":null"#);
    let part = json(place.path("part-2/study.json"));
    assert_eq!(part["part"], "2/3");
    assert_eq!(part["settings"].as_array().map(Vec::len), Some(2));

    good(&mut merge(
        &place,
        "merged",
        &["part-3", "part-1", "part-2"],
    ));
    assert!(lasting(&place, "merged") == whole);
    // What is there twice is there once.
    good(&mut merge(&place, "again", &["merged", "part-2"]));
    assert!(lasting(&place, "again") == whole);
    // And nothing is trained again.
    let seconds = |folder: &str| json(place.path(folder).join("study.json"))["settings"].clone();
    assert_eq!(seconds("again"), seconds("merged"));

    let errors = bad(&mut merge(&place, "less", &["part-3", "part-1"]), 1);
    let expected = "--merge: expected folders with all 6 items that --list-json lists, found 4; missing are 2, 5: run their parts";
    assert_has(&errors, expected);
    assert!(!place.path("less").exists());
}

#[test]
fn more_parts_than_settings_leave_some_with_nothing_to_do() {
    let place = Place::with(XOR);
    let few = ["--vary", "dropout.hidden=0,0.5"];
    good(&mut study_in(&place, "whole", &few));
    for k in 1..4 {
        let part = format!("{k}/3");
        let more = [&few[..], &["--part", &part]].concat();
        good(&mut study_in(&place, &format!("part-{k}"), &more));
    }
    let mut command = study_in(&place, "merged", &few);
    command
        .arg("--merge")
        .args((1..4).map(|k| place.path(&format!("part-{k}"))));
    good(&mut command);
    assert!(lasting(&place, "merged") == lasting(&place, "whole"));
}

#[test]
fn a_folder_of_another_study_is_no_part_of_this_one() {
    let place = whole_and_parts();
    let refused = |more: &[&str], expected: &str| {
        let mut command = study_in(&place, "merged", more);
        command.arg("--merge").arg(place.path("part-1"));
        assert_has(&bad(&mut command, 1), expected);
        assert!(!place.path("merged").exists());
    };
    let learning_rate = "train.learning_rate=0.05,1e6";
    refused(
        &[
            "--vary",
            learning_rate,
            "--vary",
            "dropout.hidden=0,0.3,0.5",
        ],
        "begun with other values of --vary",
    );
    refused(
        &[
            "--vary",
            learning_rate,
            "--vary",
            "dropout.hidden=0,0.2,0.5",
            "--seed",
            "8",
        ],
        "`seed` was 7 when the study was started and is 8 now",
    );
    let mut command = in_folder(&place, "merged", &["--merge"]);
    assert_has(
        &bad(command.arg(place.path("nothing")), 1),
        "found no `study.toml`",
    );

    // One that was changed by hand does not go with the others.
    let path = place.path("whole/study.jsonl");
    std::fs::write(&path, text(&path).replacen("\"seed\":8", "\"seed\":18", 1)).expect("a file");
    let errors = bad(&mut merge(&place, "merged", &["part-1", "whole"]), 1);
    assert_has(&errors, "are not those of");

    let errors = bad(&mut in_folder(&place, "part-1", &["--part", "2/3"]), 1);
    assert_has(
        &errors,
        "the study was begun as part 1/3 and is part 2/3 now; give each part a folder of its own",
    );
    let errors = bad(&mut in_folder(&place, "part-1", &["--resume"]), 1);
    assert_has(&errors, "is part 1/1 now");
    let errors = bad(&mut in_folder(&place, "nothing", &["--resume"]), 1);
    assert_has(&errors, "leave out --resume to begin one");
}

#[test]
fn the_list_has_an_item_for_each_setting_and_an_engine_that_hands_one_out_gets_its_part() {
    let place = Place::with(XOR);
    let listed = good(study(&place, &[]).args(vary(&["--list-json"]))).out;
    let listed: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    assert_eq!(listed.len(), 6);
    let expected =
        json!({"part": "4/6", "setting": {"train.learning_rate": 1e6, "dropout.hidden": 0}});
    assert_eq!(listed[3], expected);

    let run = |variables: &[(&str, &str)], part: &str| {
        let mut command = study(&place, &[]);
        command.args(vary(&["--json", "--part", part]));
        command.envs(variables.iter().copied());
        let mut lines = json_lines(&good(&mut command).out);
        (
            lines[0]["setting"].clone(),
            lines.pop().expect("a summary")["part"].clone(),
        )
    };
    let (setting, part) = run(&[("HQ_ENTRY", &listed[3].to_string())], "auto");
    assert_eq!(
        (&setting, &part),
        (&listed[3]["setting"], &listed[3]["part"])
    );
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "4"),
        ("SLURM_ARRAY_TASK_MIN", "1"),
        ("SLURM_ARRAY_TASK_MAX", "6"),
        ("SLURM_ARRAY_TASK_COUNT", "6"),
    ];
    assert_eq!(run(&slurm, "auto").0, setting);
    assert_eq!(run(&[("JOB_COMPLETION_INDEX", "3")], "auto/6").0, setting);
    assert_eq!(run(&[("PARALLEL_SEQ", "4")], "auto/6").0, setting);
    let mut command = study(&place, &["--part", "auto"]);
    assert_has(&bad(&mut command, 2), "found none; write --part K/N");
}

#[cfg(unix)]
#[test]
fn what_was_lost_goes_on_to_the_same_bytes() {
    let place = Place::with(XOR);
    let steps = ["--vary", "train.steps=100,200,40000,300"];
    good(&mut study_in(&place, "whole", &steps));
    for (folder, name, more) in [
        ("killed", "-KILL", &["--part", "1/1"][..]),
        ("stopped", "-TERM", &[]),
    ] {
        let more = [&steps[..], more].concat();
        let mut running = Running::start(&mut study_in(&place, folder, &more));
        let path = place.path(folder).join("study.jsonl");
        running.wait_until(|| {
            std::fs::read_to_string(&path).is_ok_and(|text| text.lines().count() == 6)
        });
        signal(&mut running, name);
        let ended = running.end();
        let more = if name == "-KILL" {
            more
        } else {
            [&more[..], &["--resume"]].concat()
        };
        if name == "-TERM" {
            assert_has(
                &ended.errors,
                "settings are finished; the same command with --resume continues",
            );
        }
        good(&mut study_in(&place, folder, &more));
        assert!(
            lasting(&place, folder) == lasting(&place, "whole"),
            "{folder}"
        );
        // Once more: it has ended.
        good(&mut study_in(&place, folder, &more));
        assert!(
            lasting(&place, folder) == lasting(&place, "whole"),
            "{folder}"
        );
    }
}
