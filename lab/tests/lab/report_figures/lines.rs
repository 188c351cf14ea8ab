//! Figures of lines: every value in its place, words that can be read, and nothing that breaks a file.

use dropwise_lab::report::{Level, LinePoint, LineSeries, Lines};
use proptest::prelude::*;

use crate::markup::{Element, elements};

fn point(x: f64, mean: f64) -> LinePoint {
    LinePoint {
        x,
        mean,
        low: None,
        high: None,
    }
}

fn series(label: &str, points: &[(f64, f64)]) -> LineSeries {
    LineSeries {
        label: label.to_owned(),
        points: points.iter().map(|(x, mean)| point(*x, *mean)).collect(),
    }
}

fn figure(series: Vec<LineSeries>) -> Lines {
    Lines {
        title: "A <title> & more".to_owned(),
        subtitle: "dots: means".to_owned(),
        x_label: "samples".to_owned(),
        y_label: "error in mm".to_owned(),
        is_x_logarithmic: false,
        series,
        levels: Vec::new(),
    }
}

fn number(element: &Element, attribute: &str) -> f64 {
    element.attributes[attribute].parse().expect("a number")
}

/// Where the dots are, in order.
fn dots(svg: &str) -> Vec<(f64, f64)> {
    let elements = elements(svg);
    let circles = elements.iter().filter(|element| element.name == "circle");
    circles
        .map(|circle| (number(circle, "cx"), number(circle, "cy")))
        .collect()
}

/// The words of a drawing with their places.
fn words(svg: &str) -> Vec<(String, f64, f64)> {
    let elements = elements(svg);
    let texts = elements.iter().filter(|element| element.name == "text");
    texts
        .map(|text| (text.text.clone(), number(text, "x"), number(text, "y")))
        .collect()
}

fn near(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 0.05
}

#[test]
fn points_are_in_the_proportions_of_their_values_whatever_their_order() {
    let found = dots(&figure(vec![series("a", &[(4.0, 2.0), (1.0, 1.0), (2.0, 3.0)])]).to_svg());
    let [(x1, y1), (x2, y2), (x3, y3)] = found[..] else {
        panic!("{found:?}")
    };
    assert!(near((x3 - x1) / (x2 - x1), 3.0), "{found:?}");
    assert!(near((y2 - y1) / (y3 - y1), 2.0), "{found:?}");
    assert!(x1 < x2 && y2 < y3 && y3 < y1, "{found:?}");
}

#[test]
fn on_a_logarithmic_axis_equal_factors_are_equal_distances_and_ticks_are_the_points() {
    let points = [(1.0, 1.0), (4.0, 2.0), (16.0, 1.5), (256.0, 1.2)];
    let lines = Lines {
        is_x_logarithmic: true,
        ..figure(vec![series("a", &points)])
    };
    let svg = lines.to_svg();
    let x: Vec<f64> = dots(&svg).iter().map(|dot| dot.0).collect();
    assert!(near(x[2] - x[1], x[1] - x[0]), "{x:?}");
    assert!(near(x[3] - x[2], 2.0 * (x[1] - x[0])), "{x:?}");
    for (tick, x) in ["1", "4", "16", "256"].iter().zip(x) {
        let found = words(&svg);
        let is_tick = |(word, at, _): &(String, f64, f64)| word == tick && near(*at, x);
        assert!(
            found.iter().any(is_tick),
            "no tick {tick} at {x} in {found:?}"
        );
    }
}

#[test]
fn values_that_span_more_than_a_power_of_ten_are_on_a_logarithmic_axis_which_says_so() {
    let points = [(1.0, 1.0), (2.0, 40.0), (3.0, 2.0), (4.0, 4.0)];
    let svg = figure(vec![series("a", &points)]).to_svg();
    let y: Vec<f64> = dots(&svg).iter().map(|dot| dot.1).collect();
    assert!(near(y[0] - y[2], y[2] - y[3]), "{y:?}");
    assert!(svg.contains("error in mm, logarithmic"), "{svg}");
    // An error bar that reaches 0 has no place on one.
    let mut reaching = series("a", &points);
    reaching.points[0].low = Some(0.0);
    reaching.points[0].high = Some(2.0);
    let svg = figure(vec![reaching]).to_svg();
    let y: Vec<f64> = dots(&svg).iter().map(|dot| dot.1).collect();
    assert!(near((y[0] - y[3]) / (y[0] - y[2]), 3.0), "{y:?}");
    assert!(!svg.contains("logarithmic"), "{svg}");
}

#[test]
fn ticks_whose_words_would_overlap_have_none() {
    let points: Vec<_> = (100..115)
        .map(|x| (f64::from(x), 1.0))
        .chain([(1e6, 2.0)])
        .collect();
    let lines = Lines {
        is_x_logarithmic: true,
        ..figure(vec![series("a", &points)])
    };
    let found = words(&lines.to_svg());
    let ticks = found
        .iter()
        .filter(|(word, _, _)| word.parse::<u32>().is_ok_and(|x| x >= 100));
    assert_eq!(ticks.count(), 1, "{found:?}");
}

#[test]
fn an_error_bar_reaches_from_its_low_to_its_high_end_and_the_axis_holds_it() {
    let mut one = series("a", &[(1.0, 5.0), (2.0, 6.0), (3.0, 4.0)]);
    one.points[1].low = Some(3.0);
    one.points[1].high = Some(8.0);
    // One end alone says nothing.
    one.points[2].low = Some(-100.0);
    let svg = figure(vec![one]).to_svg();
    let found = dots(&svg);
    let height = |value: f64| found[0].1 + (value - 5.0) * (found[1].1 - found[0].1);
    let all = elements(&svg);
    let upright = all.iter().find(|element| {
        let is_upright = || number(element, "x1") == number(element, "x2");
        element.name == "line" && is_upright() && near(number(element, "x1"), found[1].0)
    });
    let bar = upright.expect("a bar");
    assert!(near(number(bar, "y1"), height(3.0)), "{bar:?}");
    assert!(near(number(bar, "y2"), height(8.0)), "{bar:?}");
    // 0 is in the figure, -100 is far out of it.
    assert!(found[0].1 - height(3.0) > -380.0 && height(8.0) > 0.0);
    let description = &all
        .iter()
        .find(|element| element.name == "desc")
        .expect("words")
        .text;
    assert_eq!(
        description,
        "error in mm over samples. a: from 5.00 at 1 to 4.00 at 3, lowest 4.00 at 3."
    );
    let tip = "a: 6.00 [3.00, 8.00] at samples 2";
    assert!(svg.contains(&format!("<title>{tip}</title>")), "{svg}");
}

#[test]
fn error_bars_of_several_lines_stand_beside_each_other_and_dots_alone_do_not() {
    let points = [(1.0, 1.0), (2.0, 3.0)];
    let mut lines = figure(vec![series("a", &points), series("b", &points)]);
    let alone = dots(&lines.to_svg());
    assert_eq!(alone[..2], alone[2..]);
    for point in lines
        .series
        .iter_mut()
        .flat_map(|series| &mut series.points)
    {
        (point.low, point.high) = (Some(point.mean - 0.5), Some(point.mean + 0.5));
    }
    let beside = dots(&lines.to_svg());
    for (one, other) in beside[..2].iter().zip(&beside[2..]) {
        assert!((4.0..10.0).contains(&(other.0 - one.0)) && near(one.1, other.1));
    }
    // Around the place that they share.
    assert!(near((beside[0].0 + beside[2].0) / 2.0, alone[0].0));
}

#[test]
fn a_level_lies_across_at_the_height_of_its_value_on_its_band() {
    let mut lines = figure(vec![series("a", &[(1.0, 1.0), (2.0, 3.0)])]);
    lines.levels = vec![Level {
        label: "weight scaling".to_owned(),
        value: 2.0,
        low: Some(1.5),
        high: Some(2.5),
    }];
    let svg = lines.to_svg();
    let found = dots(&svg);
    let (middle, quarter) = (
        (found[0].1 + found[1].1) / 2.0,
        (found[0].1 - found[1].1) / 4.0,
    );
    let all = elements(&svg);
    let dashed = all.iter().find(|element| {
        element.name == "line" && element.attributes.contains_key("stroke-dasharray")
    });
    let dashed = dashed.expect("a dashed line");
    assert!(near(number(dashed, "y1"), middle) && near(number(dashed, "y2"), middle));
    let (left, right) = (number(dashed, "x1"), number(dashed, "x2"));
    assert!(left < found[0].0 && right > found[1].0);
    let is_band = |element: &&Element| {
        let height = element
            .attributes
            .get("height")
            .and_then(|height| height.parse().ok());
        element.name == "rect" && height.is_some_and(|height: f64| near(height, 2.0 * quarter))
    };
    let band = all.iter().find(is_band).expect("a band");
    assert!(near(number(band, "y"), middle - quarter), "{band:?}");
    assert!(svg.contains("<title>weight scaling: 2.00 [1.50, 2.50]</title>"));
}

#[test]
fn labels_stand_right_of_all_data_and_do_not_overlap() {
    let labels = [
        "without dropout, three layers of 1024",
        "dropout",
        "dropout and max-norm",
        "L2",
    ];
    let lines: Vec<_> = labels
        .iter()
        .map(|label| series(label, &[(1.0, 1.0), (2.0, 1.01)]))
        .collect();
    let mut lines = figure(lines);
    lines.levels = vec![Level {
        label: "published".to_owned(),
        value: 1.01,
        low: None,
        high: None,
    }];
    let svg = lines.to_svg();
    let furthest = dots(&svg)
        .iter()
        .fold(0.0_f64, |furthest, dot| furthest.max(dot.0));
    let all = words(&svg);
    let mut heights = Vec::new();
    for label in labels.iter().chain(&["published"]) {
        let (_, x, y) = all
            .iter()
            .find(|(word, ..)| word == label)
            .expect("a label");
        assert!(
            *x > furthest && x + 0.5 * 12.0 * (label.len() as f64) < 725.0,
            "{label}"
        );
        heights.push(*y);
    }
    heights.sort_by(f64::total_cmp);
    assert!(
        heights.windows(2).all(|pair| pair[1] - pair[0] >= 12.0),
        "{heights:?}"
    );
}

#[test]
fn a_long_subtitle_is_broken_into_lines_over_the_drawing() {
    let mut lines = figure(vec![series("a", &[(1.0, 1.0), (2.0, 3.0)])]);
    lines.subtitle = "dots: means of ten networks; ".repeat(9);
    let svg = lines.to_svg();
    let all = words(&svg);
    let of_subtitle = all.iter().filter(|(word, ..)| word.contains("networks"));
    let bottom = of_subtitle.clone().map(|(.., y)| *y).fold(0.0, f64::max);
    assert_eq!(of_subtitle.count(), 3);
    let label = all
        .iter()
        .find(|(word, ..)| word == "error in mm")
        .expect("a label");
    assert!(label.2 >= bottom + 12.0);
    assert!(dots(&svg).iter().all(|dot| dot.1 > label.2 + 6.0));
}

#[test]
fn a_figure_can_be_read_aloud_and_in_the_dark_and_is_always_the_same() {
    let lines = figure(vec![
        series("a", &[(1.0, 1.0), (2.0, 3.0)]),
        series("b", &[(1.0, 2.0), (2.0, 2.0)]),
        series("empty", &[(f64::NAN, 1.0)]),
    ]);
    let svg = lines.to_svg();
    assert_eq!(svg, lines.to_svg());
    assert!(svg.contains("<title id=\"title\">A &lt;title&gt; &amp; more</title>"));
    let words = "error in mm over samples. a: from 1.00 at 1 to 3.00 at 2, lowest 1.00 at 1; b: from 2.00 at 1 to \
                 2.00 at 2, lowest 2.00 at 1; empty: no value.";
    assert!(svg.contains(words), "{svg}");
    let (style, drawing) = svg.split_once("</style>").expect("a style");
    assert!(style.contains("@media screen and (prefers-color-scheme:dark)"));
    for property in ["fill", "stroke"] {
        for used in drawing.split(&format!(" {property}=\"#")).skip(1) {
            let rule = format!("[{property}=\"#{}\"]", &used[..6]);
            assert!(style.contains(&rule), "no {rule} in {style}");
        }
    }
    assert!(!svg.contains("href") && !svg.contains("<script") && !svg.contains("@import"));
    let png = lines.to_picture().to_png().expect("a file");
    assert!(png.starts_with(b"\x89PNG"));
}

#[test]
fn nothing_to_show_is_an_empty_figure() {
    for series in [
        vec![],
        vec![series("", &[])],
        vec![series("", &[(1.0, f64::NAN)])],
    ] {
        for is_x_logarithmic in [false, true] {
            let lines = Lines {
                is_x_logarithmic,
                ..figure(series.clone())
            };
            assert!(dots(&lines.to_svg()).is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_values_and_no_words_break_a_figure(
        values in prop::collection::vec(prop::collection::vec(any::<(f64, f64, Option<f64>, Option<f64>)>(), 0..8), 0..5),
        is_x_logarithmic in any::<bool>(),
        label in prop::collection::vec(any::<char>(), 0..60),
    ) {
        let label = String::from_iter(label);
        let level = |&(_, value, low, high): &(f64, f64, Option<f64>, Option<f64>)| Level {
            label: label.clone(),
            value,
            low,
            high,
        };
        let levels = values.first().map_or(&[][..], Vec::as_slice).iter().map(level).collect();
        let series = values.iter().map(|points| LineSeries {
            label: label.clone(),
            points: points.iter().map(|&(x, mean, low, high)| LinePoint { x, mean, low, high }).collect(),
        });
        let lines = Lines {
            title: label.clone(),
            subtitle: label.clone(),
            x_label: label.clone(),
            y_label: label.clone(),
            is_x_logarithmic,
            series: series.collect(),
            levels,
        };
        let svg = lines.to_svg();
        prop_assert!(!svg.contains("NaN") && !svg.contains("=\"inf"), "{}", svg);
        prop_assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", svg);
        // Every tag is closed, and every dot is in the drawing.
        for (x, y) in dots(&svg) {
            prop_assert!((0.0..720.0).contains(&x) && (0.0..=380.0).contains(&y), "{} {}", x, y);
        }
    }
}
