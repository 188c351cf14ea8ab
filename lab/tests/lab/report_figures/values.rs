//! What is drawn is what was measured.

use dropwise_lab::report::{Figure, Picture, Report, landscape_figure};

use crate::explained::{images, landscape, table};
use crate::markup::{Element, elements};

/// An attribute of the elements of a kind, as a number.
fn numbers(elements: &[Element], name: &str, attribute: &str) -> Vec<f64> {
    let of_kind = elements.iter().filter(|element| element.name == name);
    of_kind
        .filter_map(|element| element.attributes.get(attribute)?.parse().ok())
        .collect()
}

/// The words under the pointer.
fn tips(elements: &[Element]) -> Vec<&str> {
    let titles = elements.iter().filter(|element| element.name == "title");
    titles
        .skip(1)
        .map(|element| element.text.as_str())
        .collect()
}

fn figure<'a>(report: &'a Report, section: &str, run: usize) -> &'a Figure {
    let sections = report.sections().iter();
    let found = sections.into_iter().find(|found| found.name == section);
    let section = found.unwrap_or_else(|| panic!("no section {section}"));
    section.runs[run].as_ref().expect("a figure")
}

fn drawn(picture: &Picture) -> Vec<Element> {
    elements(&picture.to_svg())
}

#[test]
fn the_ball_lies_on_the_curve_at_the_value_of_the_weight() {
    let landscape = landscape(20);
    let elements = drawn(&landscape_figure(&landscape));
    // The ball is the largest circle.
    let ball = elements
        .iter()
        .find(|element| element.attributes.get("r").is_some_and(|r| r == "7"))
        .expect("a ball");
    let at: Vec<f64> = ["cx", "cy"]
        .iter()
        .map(|key| ball.attributes[*key].parse().expect("a number"))
        .collect();
    // The curve of the whole network is the last path that is as wide.
    let curve = elements
        .iter()
        .rfind(|element| {
            element
                .attributes
                .get("stroke-width")
                .is_some_and(|width| width.starts_with("2.4"))
        })
        .expect("a curve");
    let points: Vec<f64> = curve.attributes["d"]
        .split_whitespace()
        .filter_map(|part| part.trim_start_matches(['M', 'L']).parse().ok())
        .collect();
    let nearest = points
        .chunks(2)
        .map(|point| ((point[0] - at[0]).powi(2) + (point[1] - at[1]).powi(2)).sqrt())
        .fold(f64::INFINITY, f64::min);
    assert!(nearest < 0.5, "{nearest} pixels from the curve");
    assert_eq!(points.len(), 2 * landscape.values.len());
    assert!(
        tips(&elements)
            .iter()
            .any(|tip| tip.starts_with("trained value -1.90: loss "))
    );
}

#[test]
fn without_dropout_there_are_no_thinned_networks() {
    let lines = |thinned| {
        drawn(&landscape_figure(&landscape(thinned)))
            .iter()
            .filter(|element| element.name == "path")
            .count()
    };
    assert_eq!(lines(20) - lines(0), 21);
}

#[test]
fn a_trail_fades_from_old_to_new() {
    let elements = drawn(&landscape_figure(&landscape(0)));
    let trail = numbers(&elements, "circle", "fill-opacity");
    assert!(
        trail.len() > 20 && trail.windows(2).all(|pair| pair[0] <= pair[1]),
        "{trail:?}"
    );
}

#[test]
fn every_unit_has_a_line_and_a_ball_colored_by_its_start() {
    let run = images("run", true);
    let paths = run.paths.clone().expect("paths");
    let report = Report::new(vec![run]);
    let elements = drawn(&figure(&report, "paths", 0).drawings[0].picture);
    let balls: Vec<_> = elements
        .iter()
        .filter(|element| element.name == "circle")
        .collect();
    assert_eq!(balls.len(), paths.units.len());
    // A ball comes right after what is said of it.
    let color = |unit: &str| {
        let mut pairs = elements.windows(2);
        let found = pairs.find(|pair| pair[0].text.starts_with(unit) && pair[1].name == "circle");
        found.expect("a ball")[1].attributes["fill"].clone()
    };
    let mut units: Vec<_> = paths.units.iter().collect();
    units.sort_by(|one, other| one.values[0].total_cmp(&other.values[0]));
    let unit = |k: usize| format!("hidden unit {}:", units[k].unit);
    let (low, high) = (color(&unit(0)), color(&unit(units.len() - 1)));
    assert_eq!((low.as_str(), high.as_str()), ("#c04f00", "#005f99"));
}

#[test]
fn curves_say_their_values_and_mark_the_best_step() {
    let report = Report::new(vec![images("run", true)]);
    let figure = figure(&report, "curves", 0);
    assert_eq!(figure.drawings.len(), 2);
    for drawing in &figure.drawings {
        let elements = drawn(&drawing.picture);
        let tips = tips(&elements);
        assert!(tips.len() > 50 && tips.len() <= 80, "{}", tips.len());
        assert!(
            tips.iter()
                .all(|tip| tip.contains("step ") && tip.contains("; validation ")),
            "{tips:?}"
        );
        let is_best =
            |element: &Element| element.name == "text" && element.text.starts_with("best ");
        assert_eq!(
            elements.iter().filter(|element| is_best(element)).count(),
            1
        );
    }
    assert!(
        figure.caption.contains("step 900 (epoch 75.0)"),
        "{}",
        figure.caption
    );
    for (cross_validates, rows) in [
        (false, "the validation rows"),
        (true, "the rows that each network left out"),
    ] {
        let mut run = images("run", true);
        run.curves.cross_validates = cross_validates;
        let report = Report::new(vec![run]);
        let caption = &self::figure(&report, "curves", 0).caption;
        assert!(
            caption.starts_with(&format!("The loss on {rows} is smallest at ")),
            "{caption}"
        );
    }
}

#[test]
fn runs_are_drawn_on_the_same_axes_so_that_they_can_be_compared() {
    let report = Report::new(vec![images("with", true), images("without", false)]);
    for section in ["curves", "landscape", "activity"] {
        let ticks = |run| {
            let elements = drawn(&figure(&report, section, run).drawings[0].picture);
            let texts = elements
                .into_iter()
                .filter(|element| element.name == "text" && element.text.parse::<f64>().is_ok());
            texts.map(|element| element.text).collect::<Vec<_>>()
        };
        assert_eq!(ticks(0), ticks(1), "{section}");
    }
}

#[test]
fn a_mistake_stands_out_from_what_is_right() {
    let report = Report::new(vec![images("run", true)]);
    let figure = figure(&report, "confusion", 0);
    let elements = drawn(&figure.drawings[0].picture);
    let tips = tips(&elements);
    let confusion = report.runs()[0].confusion.clone().expect("a matrix");
    let cells = confusion
        .counts
        .iter()
        .flatten()
        .filter(|count| **count > 0)
        .count();
    assert_eq!(tips.len(), cells);
    assert!(tips.contains(&"8 taken for 1: 3 of 35"), "{tips:?}");
    let wrong = elements.iter().filter(|element| {
        element.name == "rect"
            && element
                .attributes
                .get("fill")
                .is_some_and(|fill| fill == "#d55e00")
    });
    assert_eq!(wrong.count(), cells - 10);
}

#[test]
fn every_image_is_there_with_what_it_is_under_the_pointer() {
    let report = Report::new(vec![images("run", true)]);
    for (section, count) in [("features", 64), ("mistakes", 10)] {
        let elements = drawn(&figure(&report, section, 0).drawings[0].picture);
        let images = elements.iter().filter(|element| element.name == "image");
        assert_eq!(images.count(), count, "{section}");
        assert_eq!(tips(&elements).len(), count, "{section}");
    }
}

#[test]
fn a_table_of_inputs_has_bars_and_its_mistakes_are_rows() {
    let report = Report::new(vec![table("concrete")]);
    let features = figure(&report, "features", 0);
    let elements = drawn(&features.drawings[0].picture);
    // Eight units of the sixteen have a column.
    assert_eq!(tips(&elements).len(), 64);
    assert_eq!(features.values[0].table.rows().len(), 8);
    let mistakes = figure(&report, "mistakes", 0);
    assert!(mistakes.drawings.is_empty() && mistakes.values[0].is_figure);
    assert_eq!(mistakes.values[0].table.titles().len(), 3 + 8);
    let fit = drawn(&figure(&report, "fit", 0).drawings[0].picture);
    assert_eq!(
        fit.iter()
            .filter(|element| element.name == "circle")
            .count(),
        400
    );
}

#[test]
fn the_thinned_network_has_hollow_units_without_connections() {
    let report = Report::new(vec![images("with", true), images("without", false)]);
    let drawings = &figure(&report, "network", 0).drawings;
    assert_eq!(drawings.len(), 2);
    assert_eq!(figure(&report, "network", 1).drawings.len(), 1);
    let counts = |at: usize| {
        let elements = drawn(&drawings[at].picture);
        // The small ones say that there are more.
        let is_unit = |element: &&Element| element.attributes.get("r").is_some_and(|r| r != "1.3");
        let units: Vec<_> = elements.iter().filter(is_unit).collect();
        let hollow = units
            .iter()
            .filter(|unit| unit.attributes["fill"] == "#ffffff")
            .count();
        let paths = elements.iter().filter(|element| element.name == "path");
        let lines: usize = paths
            .map(|path| path.attributes["d"].matches('M').count())
            .sum();
        (units.len(), hollow, lines)
    };
    let (whole, thinned) = (counts(0), counts(1));
    assert_eq!((whole.0, whole.1, whole.2), (40, 0, 300));
    let kept: Vec<usize> = report.runs()[0]
        .diagram
        .layers
        .iter()
        .map(|layer| layer.kept[..10].iter().filter(|kept| **kept).count())
        .collect();
    assert_eq!(thinned.1, 40 - kept.iter().sum::<usize>());
    assert_eq!(
        thinned.2,
        kept.windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>()
    );
}
