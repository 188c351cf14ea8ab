//! Tables and figures as text: every value is there, in its place, and the same data give the same bytes.

use dropwise_lab::report::{Strip, Strips, Table};
use proptest::prelude::*;

fn strip(label: &str, values: &[f64]) -> Strip {
    Strip {
        label: label.to_owned(),
        note: "9 %".to_owned(),
        values: values.to_vec(),
        published: None,
    }
}

fn figure(strips: Vec<Strip>) -> Strips {
    Strips {
        title: "A <title> & more".to_owned(),
        subtitle: "dots".to_owned(),
        value_label: "error in mm".to_owned(),
        strip_label: "width".to_owned(),
        note_label: "solved".to_owned(),
        strips,
    }
}

/// An attribute of every element of a kind, as a number.
fn numbers(svg: &str, element: &str, attribute: &str) -> Vec<f64> {
    let start = format!("<{element} ");
    let elements = svg.split(&start).skip(1);
    let value = |text: &str| {
        let text = text.split('>').next()?;
        let rest = text.split_once(&format!("{attribute}=\""))?.1;
        rest.split('"').next()?.parse().ok()
    };
    elements.filter_map(value).collect()
}

#[test]
fn a_table_is_aligned_for_a_terminal_and_marked_down_for_a_page() {
    let mut table = Table::new(["key", "mean error"]);
    table.push(vec!["0.25".to_owned(), "0.5".to_owned()]);
    table.push(vec!["a|b".to_owned()]);
    assert_eq!(
        table.to_string(),
        " key  mean error\n0.25         0.5\n a|b            "
    );
    let markdown = "| key | mean error |\n|---:|---:|\n| 0.25 | 0.5 |\n| a\\|b |  |\n";
    assert_eq!(table.to_markdown(), markdown);
}

#[test]
fn each_value_is_a_dot_inside_the_figure_and_further_right_the_larger_it_is() {
    let svg = figure(vec![strip("4", &[0.1, 0.2, 0.4, 0.4]), strip("16", &[0.3])]).to_svg();
    let (x, y) = (numbers(&svg, "circle", "cx"), numbers(&svg, "circle", "cy"));
    assert_eq!(x.len(), 5);
    assert!(x[0] < x[1] && x[1] < x[4] && x[4] < x[2], "{x:?}");
    assert!((x[2] - x[3]).abs() < 0.02, "{x:?}");
    assert!(x.iter().all(|x| (0.0..760.0).contains(x)), "{x:?}");
    // The first strip is the upper one.
    assert!(y[..4].iter().all(|above| *above < y[4]), "{y:?}");
}

#[test]
fn values_that_span_many_powers_of_ten_are_on_a_logarithmic_axis() {
    let x = |values: &[f64]| numbers(&figure(vec![strip("", values)]).to_svg(), "circle", "cx");
    let log = x(&[0.001, 0.01, 0.1]);
    assert!(
        ((log[1] - log[0]) - (log[2] - log[1])).abs() < 0.05,
        "{log:?}"
    );
    // One that is 0 has no logarithm.
    let linear = x(&[0.0, 0.001, 0.01, 0.1]);
    assert!(
        (linear[2] - linear[0]) * 9.0 < linear[3] - linear[0],
        "{linear:?}"
    );
}

#[test]
fn the_same_figure_is_the_same_bytes_however_many_were_made_before() {
    let one = figure(vec![strip("4", &[0.1, 0.2]), strip("16", &[0.3, 0.001])]);
    let (first, second) = (one.to_svg(), one.to_svg());
    assert_eq!(first, second);
}

#[test]
fn a_figure_can_be_read_aloud_and_in_the_dark() {
    let svg = figure(vec![strip("4", &[0.25, 0.75])]).to_svg();
    assert!(
        svg.contains("<title id=\"title\">A &lt;title&gt; &amp; more</title>"),
        "{svg}"
    );
    let words = "error in mm by width. 4: mean 0.5000, median 0.5000, solved 9 %.";
    assert!(svg.contains(words), "{svg}");
    assert!(svg.contains("role=\"img\""));
    // Each color has another one for the dark.
    let (style, drawing) = svg.split_once("</style>").expect("a style");
    assert!(style.contains("@media screen and (prefers-color-scheme:dark)"));
    for property in ["fill", "stroke"] {
        for used in drawing.split(&format!(" {property}=\"#")).skip(1) {
            let rule = format!("[{property}=\"#{}\"]", &used[..6]);
            assert!(style.contains(&rule), "no {rule} in {style}");
        }
    }
    for fetched in ["href", "url(http", "<script", "@import"] {
        assert!(!svg.contains(fetched), "{fetched}");
    }
}

#[test]
fn a_large_sample_shows_a_thousand_dots_with_its_ends_among_them() {
    let values: Vec<f64> = (0..20_000).map(|k| f64::from(k) / 20_000.0).collect();
    let all = figure(vec![strip("", &values)]).to_svg();
    let ends = figure(vec![strip("", &[0.0, values[19_999]])]).to_svg();
    let x = numbers(&all, "circle", "cx");
    assert_eq!(x.len(), 1_000);
    let (first, last) = (x[0], x[999]);
    assert_eq!(vec![first, last], numbers(&ends, "circle", "cx"));
    assert!(all.len() < 200_000, "{}", all.len());
}

#[test]
fn a_published_value_is_a_ring_at_its_place_that_the_axis_holds_and_words_name() {
    let mut strips = figure(vec![strip("4", &[0.1, 0.2, 0.3, 0.4]), strip("16", &[0.3])]);
    let without = strips.to_svg();
    strips.strips[0].published = Some(0.2);
    let svg = strips.to_svg();
    let (x, before) = (
        numbers(&svg, "circle", "cx"),
        numbers(&without, "circle", "cx"),
    );
    // Five dots, the ring and the one that explains it, in the place of the dots alone.
    assert_eq!((x.len(), &x[..5]), (7, &before[..]));
    let rings = svg
        .split("<circle ")
        .filter(|text| text.contains("fill=\"none\""));
    assert_eq!(rings.count(), 2);
    assert!((x[5] - x[1]).abs() < 0.02, "{x:?}");
    assert!(svg.contains(">published<") && !without.contains("published"));
    assert!(
        svg.contains("median 0.2500, solved 9 %, published 0.2000; 16:"),
        "{svg}"
    );

    // Far from all values, and where there is no value.
    strips.strips[0].published = Some(4.0);
    strips.strips[1].values.clear();
    strips.strips[1].published = Some(f64::NAN);
    let x = numbers(&strips.to_svg(), "circle", "cx");
    assert_eq!(x.len(), 6);
    assert!(
        x[..4].iter().all(|dot| *dot < x[4]) && x[4] < 760.0,
        "{x:?}"
    );
}

#[test]
fn beside_published_values_that_are_alike_the_axis_does_not_begin_at_0() {
    let distance = |published: Option<f64>| {
        let mut strips = figure(vec![strip("", &[1.0, 1.2])]);
        strips.strips[0].published = published;
        let x = numbers(&strips.to_svg(), "circle", "cx");
        x[1] - x[0]
    };
    assert!(distance(Some(1.1)) > 4.0 * distance(None));
    assert!(distance(Some(0.1)) < 1.2 * distance(None));
}

#[test]
fn fewer_than_four_values_have_no_box_and_fewer_than_three_no_interval() {
    let lines = |values: &[f64], ink: &str| {
        let svg = figure(vec![strip("", values)]).to_svg();
        let lines = svg
            .split("<line ")
            .skip(1)
            .map(|line| line.split('>').next());
        let stroke = format!("stroke=\"{ink}\"");
        lines
            .filter(|line| line.is_some_and(|line| line.contains(&stroke)))
            .count()
    };
    let counts = |ink: &str| {
        [
            &[0.1][..],
            &[0.1, 0.2],
            &[0.1, 0.2, 0.3],
            &[0.1, 0.2, 0.3, 0.4],
        ]
        .map(|values| lines(values, ink))
    };
    let (median, interval) = ("#1f2328", "#d55e00");
    assert_eq!(
        (counts(median), counts(interval)),
        ([0, 0, 0, 1], [0, 0, 1, 1])
    );
}

#[test]
fn nothing_to_show_is_an_empty_figure() {
    for strips in [
        vec![],
        vec![strip("", &[])],
        vec![strip("", &[f64::NAN, f64::INFINITY])],
    ] {
        let svg = figure(strips).to_svg();
        assert!(
            svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"),
            "{svg}"
        );
        assert!(numbers(&svg, "circle", "cx").is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_values_and_no_words_break_a_figure(
        values in prop::collection::vec(prop::collection::vec(any::<f64>(), 0..20), 0..4),
        label in prop::collection::vec(any::<char>(), 0..30),
    ) {
        let label = String::from_iter(label);
        let strips = values.iter().map(|values| strip(&label, values)).collect();
        let svg = figure(strips).to_svg();
        prop_assert!(!svg.contains("NaN") && !svg.contains("=\"inf"), "{}", svg);
        prop_assert!(svg.ends_with("</svg>\n"));
        // XML has no control characters, and no `<` but its own.
        prop_assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", svg);
        prop_assert_eq!(svg.matches('<').count(), svg.matches('>').count(), "{}", svg);
    }
}
