//! Every format of a whole report.

use dropwise_lab::explain::Explanation;
use dropwise_lab::report::Report;

use crate::explained::{bare, images, table};
use crate::markup::{assert_alone, assert_told, figures};

fn several() -> Report {
    Report::new(vec![
        images("with", true),
        images("without", false),
        table("concrete"),
        bare("bare"),
    ])
}

#[test]
fn the_page_refers_to_nothing_outside_itself_and_every_figure_is_told_in_words() {
    let report = several();
    let elements = assert_alone(&report.to_html());
    assert_told(&elements);
    assert_eq!(figures(&elements).len(), report.pictures().len());
    assert!(report.pictures().len() > 40, "{}", report.pictures().len());
}

#[test]
fn the_same_runs_give_the_same_bytes_in_every_format() {
    let (one, other) = (several(), several());
    assert!(one.to_html() == other.to_html());
    assert!(one.to_markdown(str::to_owned) == other.to_markdown(str::to_owned));
    assert_eq!(one.to_text(80, true), other.to_text(80, true));
    for ((name, one), (_, other)) in one.pictures().iter().zip(other.pictures()) {
        assert!(one.to_svg() == other.to_svg(), "{name}");
    }
    let (_, picture) = &one.pictures()[0];
    assert!(picture.to_png().expect("a file") == other.pictures()[0].1.to_png().expect("a file"));
}

#[test]
fn every_picture_is_a_file_of_its_own_in_svg_and_png() {
    let report = several();
    let mut names: Vec<_> = report
        .pictures()
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    for (name, picture) in report.pictures() {
        let is_plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(name.chars().all(is_plain), "{name}");
        let elements = assert_alone(&picture.to_svg());
        assert_told(&elements);
        assert_eq!(figures(&elements).len(), 1, "{name}");
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "two pictures have one name");
    let named = |end: &str| {
        let pictures = report.pictures();
        let found = pictures.into_iter().find(|(name, _)| name.ends_with(end));
        found.expect("a picture").1.to_png().expect("a file")
    };
    for end in [
        "curves-loss",
        "features-images",
        "redundancy-layer-1-weights",
        "network-thinned",
    ] {
        let (width, height) = size(&named(end));
        assert!(width >= 500 && height >= 400, "{end}: {width} by {height}");
    }
}

/// Width and height in the header of a PNG file.
fn size(png: &[u8]) -> (u32, u32) {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[test]
fn json_holds_all_data_to_the_last_bit() {
    let report = several();
    let found: Vec<Explanation> =
        serde_json::from_str(&report.to_json().expect("JSON")).expect("explanations");
    assert_eq!(found, report.runs());
}

#[test]
fn markdown_shows_every_picture_and_holds_no_html_of_a_name() {
    let mut run = images("a <b> & [c]", true);
    run.notes = vec!["a | b <script>".to_owned()];
    let report = Report::new(vec![run]);
    let text = report.to_markdown(|name| format!("my figures/{name}.svg"));
    for (name, _) in report.pictures() {
        assert!(
            text.contains(&format!("](my%20figures/{name}.svg)")),
            "{name}"
        );
    }
    assert!(text.starts_with("# a &lt;b> &amp; [c]\n"), "{text:.80}");
    assert!(!text.contains("<script>"));
    assert!(text.contains("~~~~toml\nseed = 42"));
}

#[test]
fn text_fits_the_terminal_in_plain_letters_or_in_its_own_colors() {
    let report = several();
    for columns in [40, 80, 120] {
        let text = report.to_text(columns, false);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(columns), "{widest:?}");
        assert!(
            text.chars()
                .all(|letter| letter == '\n' || !letter.is_control()),
            "{text:?}"
        );
        assert!(
            text.contains("error rate") && text.contains("hidden 1"),
            "{text}"
        );
        // The curves are drawn in Braille.
        assert!(
            text.chars()
                .any(|letter| ('\u{2801}'..='\u{28ff}').contains(&letter))
        );
    }
    let colored = report.to_text(80, true);
    assert!(colored.contains("\u{1b}[94m") && !colored.contains("[38;2"));
    let codes = colored
        .split('\u{1b}')
        .skip(1)
        .map(|part| part.split('m').next().expect("a code").len() + 2);
    let letters = |text: &str| {
        text.chars()
            .filter(|letter| !letter.is_whitespace())
            .count()
    };
    assert_eq!(
        letters(&colored) - codes.sum::<usize>(),
        letters(&report.to_text(80, false))
    );
    // A width that nobody has is brought to one that can be read.
    assert!(
        report
            .to_text(0, false)
            .lines()
            .all(|line| line.chars().count() <= 40)
    );
}

#[test]
fn runs_of_one_name_are_told_apart() {
    let report = Report::new(vec![bare("run"), bare("run"), bare("RUN"), bare("run 2")]);
    let names: Vec<_> = report.runs().iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names, ["run", "run 2", "RUN", "run 2 2"]);
    let two = Report::new(vec![images("a b", true), images("a-b", true)]);
    let pictures = two.pictures();
    assert!(
        pictures
            .iter()
            .any(|(name, _)| name.starts_with("a-b-2-curves"))
    );
}

#[test]
fn a_page_of_many_wide_runs_stays_small() {
    let runs = (0..6).map(|run| wide(&format!("run {run}")));
    let page = Report::new(runs.collect()).to_html();
    assert!(page.len() < 3_000_000, "{}", page.len());
}

/// Images of 28 by 28 pixels.
fn wide(name: &str) -> Explanation {
    let mut run = images(name, true);
    run.features.image = Some((28, 28));
    for unit in &mut run.features.units {
        unit.weights = (0..784)
            .map(|k| crate::explained::wave(k + 784 * unit.unit) as f32)
            .collect();
    }
    run
}
