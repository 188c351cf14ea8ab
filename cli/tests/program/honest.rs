//! What is measured, and how rows are split, so that a result is what it seems.

use serde_json::Value;

use crate::folder::Folder;
use crate::runs::assert_has;

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// A number in 0..1 that follows from `k` alone.
fn noise(k: usize) -> f64 {
    let mixed = (k as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// `rows` rows of two numbers; every 25th is `defect`, and the numbers say nothing of that.
fn rare(rows: usize) -> String {
    let row = |k: usize| {
        let class = if k % 25 == 7 { "defect" } else { "fine" };
        format!("{:.4},{:.4},{class}\n", noise(2 * k), noise(2 * k + 1))
    };
    format!("a,b,class\n{}", (0..rows).map(row).collect::<String>())
}

const RARE: &str = "[data]\nsource = 'csv'\npath = 'rare.csv'\ntarget = 'class'\nsplit = { validation = 0.1, test = 0.3 }\n\
                    [network]\nhidden = [8]\nactivation = 'relu'\n\
                    [train]\noptimizer = 'adam'\nlearning_rate = 0.01\nbatch_size = 32\nepochs = 8\n";

/// The shortest study.
const TUNE: [&str; 9] = [
    "tune",
    "config.toml",
    "--trials",
    "1",
    "--max-width",
    "8",
    "--quiet",
    "--out",
    "tuned",
];

#[test]
fn a_result_that_a_constant_would_reach_says_so_with_the_recall_of_each_class() {
    let folder = Folder::new();
    folder.write("rare.csv", rare(500));
    folder.write("config.toml", RARE);
    let out = folder.good(&["train", "config.toml", "--out", "run"]);
    assert_has(
        &out,
        "\ntarget `class`: 2 classes: defect (13), fine (302)\n",
    );
    assert_has(&out, "balanced accuracy 50.00 %");
    assert_has(
        &out,
        "right of each class, on the test rows: defect 0.0 %, fine 100.0 %",
    );
    assert_has(
        &out,
        "baselines, error rate on the test rows: always answering `fine` 4.00 %, a linear model 4.00 %",
    );
    assert_has(
        &out,
        "the network, error rate 4.00 %, is no better than always answering `fine` or a linear model",
    );
    let words = folder.good(&["evaluate", "run"]);
    assert_has(&words, "target `class`: 2 classes: defect (6), fine (144)");
    assert_has(&words, "is no better than always answering `fine`");
    for unwanted in ["negative log likelihood", "mean absolute error"] {
        assert!(!words.contains(unwanted), "{words}");
    }
    let found = json(&folder.good(&["evaluate", "run", "--json"]));
    assert_eq!(found["confusion"], serde_json::json!([[0, 6], [0, 144]]));
    assert_eq!(found["classes"][0]["recall"], 0.0);
    assert_eq!(found["classes"][0]["precision"], Value::Null);
    assert_eq!(found["baselines"]["most_frequent_class"], "fine");
    assert_eq!(found["baselines"]["constant"]["roc_auc"], 0.5);
    let report = json(&String::from_utf8(folder.read("run/report.json")).expect("text"));
    assert_eq!(report["judged"]["baselines"], found["baselines"]);
}

#[test]
fn a_network_that_learns_more_than_a_line_beats_the_baselines_and_nothing_is_said() {
    let folder = Folder::new();
    // Points in or out of a circle.
    let row = |k: usize| {
        let (x, y) = (2.0 * noise(2 * k) - 1.0, 2.0 * noise(2 * k + 1) - 1.0);
        let class = if x * x + y * y < 0.6 {
            "inside"
        } else {
            "outside"
        };
        format!("{x},{y},{class}\n")
    };
    folder.write(
        "rare.csv",
        format!("x,y,class\n{}", (0..500).map(row).collect::<String>()),
    );
    let config = RARE
        .replace("epochs = 8", "epochs = 60")
        .replace("0.01", "0.02");
    folder.write("config.toml", config);
    let out = folder.good(&["train", "config.toml"]);
    assert_has(
        &out,
        "baselines, error rate on the test rows: always answering `",
    );
    assert!(!out.contains("is no better than"), "{out}");
}

#[test]
fn a_threshold_says_what_answering_from_it_would_do() {
    let folder = Folder::trained("rare.csv", rare(500), RARE);
    let at = |threshold: &str| {
        json(&folder.good(&["evaluate", "run", "--json", "--threshold", threshold]))
    };
    // The second class is `fine`; from 1 on none is, from 0 on all are.
    assert_eq!(at("1")["confusion"], serde_json::json!([[6, 0], [144, 0]]));
    assert_eq!(at("0")["confusion"], serde_json::json!([[0, 6], [0, 144]]));
    let some = at("0.97");
    assert_eq!(some["threshold"], 0.97);
    assert_eq!(some["metrics"], at("0.5")["metrics"]);
    let words = folder.good(&["evaluate", "run", "--threshold", "1"]);
    assert_has(
        &words,
        "answering `fine` where its probability is above 1: 144 errors (96.00 %)",
    );
    // The answers are those of the threshold.
    for (threshold, answer) in [("1", "defect"), ("0", "fine")] {
        let answers = folder.predict("a,b\n0.5,0.5\n0.1,0.9\n", &["--threshold", threshold]);
        assert_eq!(answers, ["prediction", answer, answer]);
    }
    let output = folder.output(&["evaluate", "run", "--threshold", "2"], b"");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn another_file_is_evaluated_as_the_rows_of_the_split_are() {
    let folder = Folder::trained(
        "rare.csv",
        rare(500),
        &RARE.replace("test = 0.3", "test = 0"),
    );
    // The same rows with the columns in another order, and one more.
    let table = rare(500);
    let turned: String = table
        .lines()
        .enumerate()
        .map(|(k, line)| {
            let cells: Vec<&str> = line.split(',').collect();
            format!("{},{},{},{}\n", cells[2], k, cells[1], cells[0])
        })
        .collect();
    folder.write(
        "turned.csv",
        turned.replacen("class,0,", "class,number,", 1),
    );
    let found = json(&folder.good(&["evaluate", "run", "--json", "--input", "turned.csv"]));
    assert_eq!(found["metrics"]["rows"], 500);
    let same = json(&folder.good(&["evaluate", "run", "--json", "--input", "rare.csv"]));
    assert_eq!(found["metrics"], same["metrics"]);
    assert_eq!(found["baselines"]["most_frequent_class"], "fine");
    #[cfg(unix)]
    {
        let pipe = ["evaluate", "run", "--json", "--input", "/dev/stdin"];
        let output = folder.output(&pipe, &folder.read("turned.csv"));
        let piped = json(&String::from_utf8(output.stdout).expect("text"));
        assert_eq!(piped["metrics"], same["metrics"]);
    }
    // The training rows need not be there, since the run keeps the baselines. Without them there is nothing to compare with.
    std::fs::remove_file(folder.path("rare.csv")).expect("a file");
    let evaluated = || {
        let output = folder.output(&["evaluate", "run", "--json", "--input", "turned.csv"], b"");
        let said = String::from_utf8(output.stderr).expect("text");
        let found = json(&String::from_utf8(output.stdout).expect("text"));
        (found, said)
    };
    let (found, said) = evaluated();
    assert_eq!(said, "");
    assert_eq!(found["metrics"], same["metrics"]);
    assert_eq!(found["baselines"], same["baselines"]);
    folder.write("other.csv", "a,class\n0.5,fine\n");
    let errors = folder.bad(&["evaluate", "run", "--input", "other.csv"]);
    assert_has(
        &errors,
        "other.csv: the run has an input column `b`, which is not there",
    );
    folder.write("other.csv", "a,b,class\n0.5,0.5,fine\n0.1,0.2,odd\n");
    let errors = folder.bad(&["evaluate", "run", "--input", "other.csv"]);
    assert_has(&errors, "line 3, column `class`: the class `odd`");
    std::fs::remove_file(folder.path("run/baselines.json")).expect("a file");
    let (found, said) = evaluated();
    assert_has(
        &said,
        "warning: no baselines, since the training rows are not there",
    );
    assert_eq!(found["metrics"], same["metrics"]);
}

#[test]
fn the_only_rows_of_a_class_stay_in_training_with_a_sentence() {
    let folder = Folder::new();
    let row = |k: usize| {
        let class = match k {
            40 => "C",
            41 => "D",
            42 => "E",
            _ if k.is_multiple_of(2) => "A",
            _ => "B",
        };
        format!("{:.3},{:.3},{class}\n", noise(2 * k), noise(2 * k + 1))
    };
    folder.write(
        "data.csv",
        format!("x,y,kind\n{}", (0..43).map(row).collect::<String>()),
    );
    folder.good(&["init", "data.csv", "--out", "config.toml"]);
    let out = folder.good(&["train", "config.toml", "--set", "train.epochs=2"]);
    assert_has(
        &out,
        "note: rows of these classes stay in training, where no other row of theirs is left",
    );
    assert!(
        out.contains("`C` (1)") || out.contains("`D` (1)") || out.contains("`E` (1)"),
        "{out}"
    );
    for seed in ["1", "2", "3", "4", "5"] {
        folder.good(&[
            "train",
            "config.toml",
            "--seed",
            seed,
            "--set",
            "train.epochs=1",
            "--quiet",
        ]);
    }
}

/// Patients of five rows each; the label is a coin tossed once for each, and the inputs are almost its name.
fn patients() -> String {
    let row = |k: usize| {
        let patient = k / 5;
        let label = if noise(1_000 + patient) < 0.5 {
            "ill"
        } else {
            "well"
        };
        let (x, y) = (noise(2 * patient), noise(2 * patient + 1));
        format!(
            "{patient},{:.4},{:.4},{label}\n",
            x + 1e-3 * noise(k),
            y + 1e-3 * noise(k + 7)
        )
    };
    format!(
        "patient_id,x,y,label\n{}",
        (0..600).map(row).collect::<String>()
    )
}

#[test]
fn the_rows_of_a_group_are_in_one_part_so_that_coin_tosses_are_coin_tosses() {
    let folder = Folder::new();
    folder.write("patients.csv", patients());
    let config = RARE
        .replace("rare.csv", "patients.csv")
        .replace("'class'", "'label'")
        .replace("epochs = 8", "epochs = 150");
    folder.write("drawn.toml", config.replace("[8]", "[64, 64]"));
    let grouped = config.replace("test = 0.3", "test = 0.3, group = 'patient_id'");
    folder.write("grouped.toml", grouped.replace("[8]", "[64, 64]"));
    let error = |config: &str, run: &str| {
        let out = folder.good(&["train", config, "--out", run, "--json"]);
        let report = json(out.lines().last().expect("a line"));
        let notes = report["notes"].to_string();
        (
            report["test"]["error_rate"].as_f64().expect("a number"),
            notes,
        )
    };
    let (drawn, _) = error("drawn.toml", "drawn");
    let (grouped, notes) = error("grouped.toml", "grouped");
    // Of 36 patients half, give or take a twelfth.
    assert!(drawn < 0.05 && grouped > 0.25, "{drawn} {grouped}");
    assert_has(&notes, "`patient_id` is no input");
    // A new row may have the column or not.
    let new = "patient_id,x,y\n900,0.5,0.5\n";
    let answer = |input: &str| {
        folder
            .output(&["predict", "grouped", "--input", "-"], input.as_bytes())
            .stdout
    };
    assert_eq!(answer(new), answer("x,y\n0.5,0.5\n"));
}

#[test]
fn rows_that_stand_in_training_and_test_alike_are_counted() {
    let folder = Folder::new();
    let table = rare(100);
    let (header, rows) = table.split_once('\n').expect("a header");
    folder.write("rare.csv", format!("{header}\n{rows}{rows}"));
    folder.write("config.toml", RARE);
    let out = folder.good(&["train", "config.toml", "--set", "train.epochs=1"]);
    let note = out
        .lines()
        .find(|line| line.contains("stand among the training rows too"))
        .expect("a note");
    let count: usize = note
        .split(" of 60 test rows")
        .next()
        .expect("a part")
        .rsplit(' ')
        .next()
        .expect("a word")
        .parse()
        .expect("a count");
    assert!((25..60).contains(&count), "{note}");
}

#[test]
fn what_init_writes_is_tuned_and_studied_without_an_edit() {
    let folder = Folder::new();
    folder.write("rare.csv", rare(150));
    folder.good(&[
        "init",
        "rare.csv",
        "--target",
        "class",
        "--out",
        "config.toml",
    ]);
    let text = String::from_utf8(folder.read("config.toml")).expect("text");
    assert_has(&text, "early_stopping");
    let few = ["--set", "train.epochs=2"];
    let output = folder.output(&[&TUNE[..], &few].concat(), b"");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_has(&said, "`train.early_stopping` is left out");
    folder.good(&["train", "tuned/best.toml", "--quiet"]);
    let output = folder.output(
        &[&["study", "config.toml", "--replicas", "2"][..], &few].concat(),
        b"",
    );
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_has(&said, "`train.early_stopping` is left out");
}

#[test]
fn the_best_network_is_the_one_that_the_selected_metric_calls_so() {
    let folder = Folder::new();
    folder.write("rare.csv", rare(500));
    folder.write("config.toml", RARE.replace("epochs = 8", "epochs = 40"));
    for (metric, key, lower) in [
        ("roc_auc", "roc_auc", false),
        ("balanced_accuracy", "balanced_accuracy", false),
        ("brier_score", "brier_score", true),
        ("loss", "loss", true),
    ] {
        let select = format!("train.select={metric}");
        let set = if lower {
            ["--set", &select]
        } else {
            ["--select", metric]
        };
        let arguments = ["train", "config.toml", "--quiet", "--out", metric];
        folder.good(&[&arguments[..], &set].concat());
        let lines =
            String::from_utf8(folder.read(&format!("{metric}/metrics.jsonl"))).expect("text");
        let lines = lines
            .lines()
            .map(json)
            .filter(|line| line["split"] == "validation");
        let values: Vec<(u64, f64)> = lines
            .map(|line| {
                (
                    line["step"].as_u64().expect("a step"),
                    line[key].as_f64().expect("a number"),
                )
            })
            .collect();
        let mut best = values[0];
        for found in &values {
            if (lower && found.1 < best.1) || (!lower && found.1 > best.1) {
                best = *found;
            }
        }
        let report =
            json(&String::from_utf8(folder.read(&format!("{metric}/report.json"))).expect("text"));
        assert_eq!(report["model_step"], best.0, "{metric}: {values:?}");
    }
    let select = [
        "--set",
        "train.select=roc_auc",
        "--set",
        "train.epochs=1",
        "--quiet",
    ];
    let said = |more: &[&str]| {
        let output = folder.output(
            &[&["train", "config.toml"], &select[..], more].concat(),
            b"",
        );
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).expect("text")
    };
    assert_has(
        &said(&["--set", "data.split.validation="]),
        "`train.select` looks at validation rows, and there are none",
    );
    // Of 15 rows the one of the rare class is not among the two that are drawn.
    folder.write("rare.csv", rare(15).replacen("fine", "defect", 1));
    let few = ["--set", "data.split={ validation = 0.14 }"];
    assert_has(
        &said(&few),
        "no evaluation had a `roc_auc`, such as when all rows that choose",
    );
    folder.write("rare.csv", rare(500));
    let errors = folder.bad(&["train", "config.toml", "--set", "train.select=rmse"]);
    assert_has(&errors, "train.select: expected a metric of two classes");
    assert_has(&errors, "\"balanced_accuracy\"");
}

#[test]
fn set_takes_a_key_away_and_replaces_the_one_that_it_contradicts() {
    let folder = Folder::new();
    folder.write("rare.csv", rare(100));
    folder.write(
        "config.toml",
        format!("{RARE}early_stopping = {{ patience = 3 }}\n"),
    );
    let config =
        |run: &str| String::from_utf8(folder.read(&format!("{run}/config.toml"))).expect("text");
    folder.good(&[
        "train",
        "config.toml",
        "--quiet",
        "--set",
        "train.early_stopping=",
        "--out",
        "without",
    ]);
    assert!(
        !config("without").contains("early_stopping"),
        "{}",
        config("without")
    );
    let arguments = [
        "train",
        "config.toml",
        "--quiet",
        "--set",
        "train.steps=7",
        "--out",
        "steps",
    ];
    let output = folder.output(&arguments, b"");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        said,
        "warning: `train.steps` of the command line takes the place of the file's `train.epochs`\n"
    );
    assert_eq!(output.status.code(), Some(0));
    let text = config("steps");
    assert!(
        text.contains("steps = 7") && !text.contains("\nepochs"),
        "{text}"
    );
    // Both from the command line contradict each other, and what is not there cannot be taken away.
    for (wrong, expected) in [
        (
            &["--set", "train.steps=7", "--set", "train.epochs=7"][..],
            "expected either `epochs` or `steps`",
        ),
        (
            &["--set", "train.erly_stopping="],
            "expected a key of the file to take away, found none",
        ),
    ] {
        let output = folder.output(&[&["train", "config.toml"], wrong].concat(), b"");
        assert_eq!(output.status.code(), Some(2));
        assert_has(&String::from_utf8(output.stderr).expect("text"), expected);
    }
}

#[test]
fn a_path_is_looked_for_beside_its_file_then_where_the_program_was_started() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("study")).expect("a folder");
    folder.write("study/config.toml", RARE);
    let errors = folder.bad(&["train", "study/config.toml"]);
    let beside = folder.path("study/rare.csv");
    let here = folder.path("rare.csv");
    for path in [&beside, &here] {
        assert_has(&errors, &path.display().to_string());
    }
    let saw = |run: &str| {
        let arguments = [
            "train",
            "study/config.toml",
            "--quiet",
            "--set",
            "train.epochs=1",
            "--out",
            run,
        ];
        folder.good(&arguments);
        String::from_utf8(folder.read(&format!("{run}/config.toml"))).expect("text")
    };
    folder.write("rare.csv", rare(100));
    assert_has(&saw("one"), &here.display().to_string());
    folder.write("study/rare.csv", rare(100));
    assert_has(&saw("two"), &beside.display().to_string());
    // A path on the command line is one from where the program was started.
    let arguments = [
        "train",
        "study/config.toml",
        "--quiet",
        "--set",
        "data.path=rare.csv",
        "--out",
        "three",
    ];
    folder.good(&arguments);
    let text = String::from_utf8(folder.read("three/config.toml")).expect("text");
    assert_has(&text, &here.display().to_string());
}

#[test]
fn weighted_classes_are_found_though_they_are_rare_and_a_weight_column_is_no_input() {
    let folder = Folder::new();
    // A twelfth of the rows is `yes`, more often so for large x.
    let row = |k: usize| {
        let x = noise(3 * k);
        let class = if noise(3 * k + 1) < 0.2 * x * x {
            "yes"
        } else {
            "no"
        };
        let weight = if class == "yes" { 10 } else { 1 };
        format!("{x:.4},{weight},{class}\n")
    };
    folder.write(
        "rare.csv",
        format!("x,w,class\n{}", (0..900).map(row).collect::<String>()),
    );
    folder.write(
        "config.toml",
        RARE.replace("'class'", "'class'\nleave_out = ['w']")
            .replace("epochs = 8", "epochs = 30"),
    );
    let recall = |more: &[&str], run: &str| {
        folder.good(&[&["train", "config.toml", "--quiet", "--out", run][..], more].concat());
        let found = json(&folder.good(&["evaluate", run, "--json"]));
        found["classes"][1]["recall"].as_f64().expect("a recall")
    };
    assert_eq!(recall(&[], "plain"), 0.0);
    assert!(recall(&["--set", "train.class_weight=balanced"], "balanced") > 0.4);
    assert!(recall(&["--set", "train.class_weight={ yes = 15 }"], "table") > 0.4);
    let weighted = ["--set", "data.leave_out=[]", "--set", "data.weight=w"];
    assert!(recall(&weighted, "weighted") > 0.4);
    let report = json(&String::from_utf8(folder.read("weighted/report.json")).expect("text"));
    assert_has(&report["network"].to_string(), "Mlp 1-8-1");
    let errors = folder.bad(&["train", "config.toml", "--set", "data.weight=class"]);
    assert_has(&errors, "`weight` in `[data]` names the target");
}

#[test]
fn a_study_and_a_tuning_by_cross_validation_measure_every_row_but_the_test_rows() {
    let folder = Folder::new();
    folder.write(
        "rare.csv",
        rare(200).replace("fine", "f").replace("defect", "d"),
    );
    let config = RARE.replace("validation = 0.1, test = 0.3", "test = 0.2");
    folder.write("config.toml", config.replace("epochs = 8", "epochs = 3"));
    let folds = ["--set", "study.cross_validation=4"];
    let study = [
        "study",
        "config.toml",
        "--replicas",
        "2",
        "--vary",
        "network.hidden=[2],[4]",
        "--out",
        "study",
    ];
    let words = folder.good(&[&study[..], &folds].concat());
    assert_has(&words, "2 networks of each of 4 folds a row");
    let lines = String::from_utf8(folder.read("study/study.jsonl")).expect("text");
    let lines: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(lines.len(), 2 * 2 * 4);
    // Each row once for each setting and seed.
    let rows: u64 = lines
        .iter()
        .map(|line| line["metrics"]["rows"].as_u64().expect("rows"))
        .sum();
    assert_eq!(rows, 2 * 2 * 160);
    for fold in 1..=4 {
        assert_eq!(lines.iter().filter(|line| line["fold"] == fold).count(), 4);
    }
    let summary = json(&String::from_utf8(folder.read("study/study.json")).expect("text"));
    assert_eq!(summary["cross_validation"], 4);
    assert_eq!(summary["settings"][0]["networks"], 8);

    folder.good(&[&TUNE[..], &folds, &["--select", "balanced_accuracy"]].concat());
    let found = json(&String::from_utf8(folder.read("tuned/tune.json")).expect("text"));
    assert_eq!(found["measure"], "1 - balanced accuracy");
    for arm in found["arms"].as_array().expect("arms") {
        // Of two classes: right of neither, of one, of parts of both.
        let error = arm["validation"]["error"].as_f64().expect("an error");
        assert!((0.0..=1.0).contains(&error), "{arm}");
    }
    // Without folds there are no validation rows to choose with.
    let errors = folder.bad(&["tune", "config.toml", "--quiet"]);
    assert_has(
        &errors,
        "data.split.validation: expected rows to choose with",
    );
    let wrong = ["study", "config.toml", "--set", "study.cross_validation=1"];
    let output = folder.output(&wrong, b"");
    assert_eq!(output.status.code(), Some(2));
    assert_has(
        &String::from_utf8(output.stderr).expect("text"),
        "study.cross_validation: expected a whole number of at least 2, found 1",
    );
}

#[test]
fn without_a_checkpoint_an_edited_seed_is_not_blamed_on_the_data_alone() {
    let folder = Folder::trained("rare.csv", rare(100), RARE);
    for checkpoint in std::fs::read_dir(folder.path("run/checkpoints")).expect("a folder") {
        std::fs::remove_file(checkpoint.expect("a file").path()).expect("a file");
    }
    let text = String::from_utf8(folder.read("run/config.toml")).expect("text");
    folder.write(
        "run/config.toml",
        text.replacen("seed = 42", "seed = 43", 1),
    );
    let errors = folder.bad(&["train", "--resume", "run"]);
    assert_has(
        &errors,
        "or the `seed` or `[data]` of its config.toml was edited",
    );
}
