//! What several networks' units see and how active they are, side by side.

use dropwise_lab::explain::Explanation;
use dropwise_lab::report::{Picture, SparsityColumn, sparsity_figure};

use crate::explained::{images, table};
use crate::markup::{Element, elements};

fn column(run: &Explanation) -> SparsityColumn<'_> {
    SparsityColumn {
        name: &run.name,
        features: &run.features,
        activity: &run.activity[0],
    }
}

fn beside(runs: &[Explanation]) -> Picture {
    let columns: Vec<_> = runs.iter().map(column).collect();
    sparsity_figure("What dropout does to hidden units", &columns)
}

fn number(element: &Element, attribute: &str) -> f64 {
    element.attributes[attribute].parse().expect("a number")
}

/// The bars of a histogram: those under the pointer of which are so many values.
fn bars(svg: &str) -> Vec<(String, f64)> {
    let all = elements(svg);
    let pairs = all
        .windows(2)
        .filter(|pair| pair[0].name == "title" && pair[1].name == "rect");
    let bars = pairs.map(|pair| (pair[0].text.clone(), number(&pair[1], "height")));
    bars.collect()
}

#[test]
fn every_network_has_its_images_and_both_histograms() {
    let runs = [images("without dropout", false), images("dropout", true)];
    let svg = beside(&runs).to_svg();
    let all = elements(&svg);
    let shown = all.iter().filter(|element| element.name == "image");
    let left: Vec<f64> = shown.map(|image| number(image, "x")).collect();
    assert_eq!(left.len(), 128);
    assert!(left[..64].iter().all(|x| *x < 340.0) && left[64..].iter().all(|x| *x > 360.0));
    let counted = |run: &Explanation| {
        let layer = &run.activity[0];
        let counts = layer.activations.counts.iter().chain(&layer.means.counts);
        counts.filter(|count| **count > 0).count()
    };
    assert_eq!(bars(&svg).len(), runs.iter().map(counted).sum::<usize>());
    for words in [
        "What dropout does to hidden units",
        "All activations, 48.0 % near zero",
        "All activations, 72.0 % near zero",
        "mean 0.740",
        "mean 0.310",
    ] {
        assert!(
            all.iter()
                .any(|element| element.name == "text" && element.text == words),
            "{words}"
        );
    }
    let description = all
        .iter()
        .find(|element| element.name == "desc")
        .expect("words");
    assert!(
        description
            .text
            .starts_with("without dropout: mean activation 0.740, 48.0 % near zero.")
    );
    for words in [
        "An image of 8 by 8 weights for each unit",
        "A histogram of all activations",
    ] {
        assert_eq!(
            description.text.matches(words).count(),
            2,
            "{}",
            description.text
        );
    }
    assert_eq!(svg, beside(&runs).to_svg());
    assert!(
        beside(&runs)
            .to_png()
            .expect("a file")
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn equal_shares_are_equally_high_in_all_networks() {
    let mut runs = [images("without", false), images("dropout", true)];
    // Half of the values in two bins.
    for (run, counts) in runs.iter_mut().zip([[500, 300, 200], [500, 500, 0]]) {
        let histogram = &mut run.activity[0].means;
        histogram.edges = vec![0.0, 1.0, 2.0, 3.0];
        histogram.counts = counts.to_vec();
        run.activity[0].activations = histogram.clone();
    }
    let found = bars(&beside(&runs).to_svg());
    let of_half: Vec<f64> = found
        .iter()
        .filter(|(tip, _)| tip.contains("500 (50.0 %)"))
        .map(|bar| bar.1)
        .collect();
    // Means and activations of one, and twice as many of the other.
    assert_eq!(of_half.len(), 6);
    let of_others: Vec<f64> = found
        .iter()
        .filter(|(tip, _)| tip.contains("(30.0 %)"))
        .map(|bar| bar.1)
        .collect();
    let [means, activations] = of_others[..] else {
        panic!("{of_others:?}")
    };
    let (linear, logarithmic) = (of_half[0], of_half[1]);
    assert!(
        of_half[2..].iter().all(|height| {
            (height - linear).abs() < 0.05 || (height - logarithmic).abs() < 0.05
        })
    );
    assert!((means / linear - 0.6).abs() < 0.01, "{means} of {linear}");
    // From the lowest bar's half up: log(30 / 10) of log(50 / 10).
    let expected = (30.0_f64 / 10.0).ln() / (50.0_f64 / 10.0).ln();
    assert!(
        (activations / logarithmic - expected).abs() < 0.01,
        "{activations} of {logarithmic}"
    );
}

#[test]
fn tables_have_bars_and_nothing_has_an_empty_figure() {
    let mut run = table("a table <&>");
    if run.activity.is_empty() {
        run.activity = images("", true).activity;
    }
    let svg = beside(&[run]).to_svg();
    assert!(elements(&svg).iter().all(|element| element.name != "image"));
    assert!(!svg.contains("NaN"), "{svg}");
    let svg = sparsity_figure("none", &[]).to_svg();
    assert!(
        !elements(&svg).is_empty() && !svg.contains("NaN") && !svg.contains("inf"),
        "{svg}"
    );
}
