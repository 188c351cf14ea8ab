//! Every format of real runs.

use dropwise_lab::explain::Explanation;

use super::{CONCRETE, DIGITS, XOR, names_in, text, trained};
use crate::markup::{assert_alone, assert_told, figures};

/// The sections of a page, in order.
fn sections(page: &str) -> Vec<&str> {
    page.split("<section id=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .collect()
}

#[test]
fn a_page_of_images_has_every_figure_and_refers_to_nothing_outside_itself() {
    let folder = trained(DIGITS);
    let said = folder.good(&["report", "run"]);
    assert!(
        said.starts_with("report.html: ") && said.ends_with(" KiB\n"),
        "{said}"
    );
    let page = text(&folder, "report.html");
    assert!(page.len() < 3_000_000, "{}", page.len());
    let elements = assert_alone(&page);
    assert_told(&elements);
    let expected = [
        "card",
        "confusion",
        "ranking",
        "calibration",
        "mistakes",
        "curves",
        "landscape",
        "paths",
        "redundancy",
        "features",
        "activity",
        "network",
    ];
    assert_eq!(sections(&page), expected);
    // Confusion, ROC and precision-recall, calibration, mistakes, two curves, a landscape, paths, two maps and two histograms a
    // layer, weights, and the network whole and thinned.
    assert_eq!(
        figures(&elements).len(),
        1 + 2 + 1 + 1 + 2 + 1 + 1 + 4 + 1 + 4 + 2
    );
    assert!(page.contains("Mlp 64-24-16-10"));
}

#[test]
fn a_page_of_a_regression_has_its_fit_and_of_a_few_rows_what_they_allow() {
    let folder = trained(CONCRETE);
    folder.good(&["report", "run", "--out", "concrete.html"]);
    let page = text(&folder, "concrete.html");
    assert_told(&assert_alone(&page));
    let found = sections(&page);
    assert!(
        found.contains(&"fit") && found.contains(&"importance") && !found.contains(&"confusion"),
        "{found:?}"
    );
    assert!(page.contains("cement"));

    let folder = trained(XOR);
    folder.good(&["report", "run"]);
    let page = text(&folder, "report.html");
    assert_told(&assert_alone(&page));
    assert!(sections(&page).contains(&"landscape"));
}

#[test]
fn the_same_run_gives_the_same_bytes_twice() {
    let folder = trained(DIGITS);
    for (format, file) in [("html", "a.html"), ("json", "a.json"), ("md", "a.md")] {
        folder.good(&["report", "run", "--format", format, "--out", file]);
        let first = folder.read(file);
        folder.good(&["report", "run", "--format", format, "--out", file]);
        assert!(folder.read(file) == first, "{file}");
    }
}

#[test]
fn pictures_are_a_folder_of_files_with_an_index_that_shows_them_all() {
    let folder = trained(XOR);
    for format in ["svg", "png"] {
        let said = folder.good(&["report", "run", "--format", format, "--out", format]);
        let names = names_in(&folder, format);
        assert!(
            said.starts_with(&format!("{format}: {} files, ", names.len())),
            "{said}"
        );
        let index = text(&folder, &format!("{format}/index.md"));
        let pictures: Vec<_> = names.iter().filter(|name| *name != "index.md").collect();
        assert!(pictures.len() > 8, "{names:?}");
        for name in pictures {
            assert!(
                name.ends_with(format) && index.contains(&format!("]({name})")),
                "{name}"
            );
            let bytes = folder.read(&format!("{format}/{name}"));
            match format {
                "svg" => assert_told(&assert_alone(&String::from_utf8(bytes).expect("text"))),
                _ => assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n"),
            }
        }
    }
    // Again over what is there.
    folder.good(&["report", "run", "--format", "svg", "--out", "svg"]);
    folder.good(&["report", "run", "--format", "svg"]);
    assert_eq!(names_in(&folder, "report"), names_in(&folder, "svg"));
}

#[test]
fn markdown_has_its_pictures_beside_it() {
    let folder = trained(XOR);
    folder.good(&["report", "run", "--out", "notes.md"]);
    let page = text(&folder, "notes.md");
    let names = names_in(&folder, "notes_figures");
    assert!(!names.is_empty());
    for name in names {
        assert!(page.contains(&format!("](notes_figures/{name})")), "{name}");
    }
}

#[test]
fn json_is_the_data_that_the_other_formats_are_made_of() {
    let folder = trained(DIGITS);
    folder.good(&["report", "run", "--format", "json"]);
    let runs: Vec<Explanation> =
        serde_json::from_slice(&folder.read("report.json")).expect("explanations");
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].name, "run");
    assert_eq!(runs[0].redundancy.len(), 2);
    assert_eq!(runs[0].features.image, Some((8, 8)));
}

#[test]
fn a_pipe_gets_plain_letters_of_at_most_eighty_columns() {
    let folder = trained(DIGITS);
    let said = folder.good(&["report", "run", "--terminal"]);
    assert!(said.starts_with("run\nMlp 64-24-16-10"), "{said}");
    assert!(
        said.contains("error rate") && said.contains("Loss"),
        "{said}"
    );
    for line in said.lines() {
        assert!(
            line.chars().count() <= 80 && !line.contains('\u{1b}'),
            "{line:?}"
        );
    }
    assert!(!folder.path("report.html").exists());
}

#[test]
fn the_weight_the_rows_and_the_model_can_be_chosen() {
    let folder = trained(CONCRETE);
    let explained = |arguments: &[&str]| {
        folder.good(&[&["report", "run", "--format", "json"], arguments].concat());
        let mut runs: Vec<Explanation> =
            serde_json::from_slice(&folder.read("report.json")).expect("explanations");
        runs.remove(0)
    };
    let weight = |arguments: &[&str]| explained(arguments).landscape.expect("a landscape").weight;
    let found = weight(&["--weight", "3:5"]);
    assert_eq!(
        (found.input, found.input_name.as_str(), found.unit),
        (3, "water", 5)
    );
    assert_eq!(weight(&["--weight", "water:5"]), found);
    assert_eq!(weight(&["--input", "water", "--unit", "5"]), found);
    let fit = |arguments: &[&str]| explained(arguments).fit.expect("a fit").split;
    assert_eq!(fit(&[]), "test");
    assert_eq!(fit(&["--split", "train"]), "training");
    assert_eq!(explained(&["--model", "last"]).card.model, "last");
}
