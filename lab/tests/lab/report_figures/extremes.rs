//! Little data, strange data and strange names.

use dropwise_lab::explain::*;
use dropwise_lab::report::{Report, landscape_figure};
use proptest::prelude::*;

use crate::explained::{bare, curve, images, landscape, paths, similarities, table};
use crate::markup::{assert_alone, assert_told};

/// All formats, each read strictly.
#[track_caller]
fn check(run: Explanation) {
    let report = Report::new(vec![run]);
    let page = report.to_html();
    assert_told(&assert_alone(&page));
    for (name, picture) in report.pictures() {
        let svg = picture.to_svg();
        assert_told(&assert_alone(&svg));
        for wrong in ["NaN", "=\"inf", "=\"-inf"] {
            assert!(!svg.contains(wrong), "{wrong} in {name}: {svg}");
        }
    }
    assert!(!report.to_markdown(str::to_owned).is_empty());
    let text = report.to_text(80, false);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

fn changed(change: impl FnOnce(&mut Explanation)) -> Explanation {
    let mut run = images("run", true);
    change(&mut run);
    run
}

#[test]
fn a_run_of_which_nothing_is_known_is_a_card() {
    let report = Report::new(vec![bare("bare")]);
    let names: Vec<_> = report
        .sections()
        .iter()
        .map(|section| section.name)
        .collect();
    assert_eq!(names, ["card"]);
    check(bare("bare"));
    assert_alone(&Report::new(Vec::new()).to_html());
}

#[test]
fn curves_may_be_empty_have_one_point_or_one_value() {
    check(changed(|run| run.curves.losses.clear()));
    check(changed(|run| {
        run.curves
            .losses
            .iter_mut()
            .for_each(|curve| curve.points.clear())
    }));
    check(changed(|run| {
        for curve in run.curves.losses.iter_mut().chain(&mut run.curves.errors) {
            curve.points.truncate(1);
        }
    }));
    check(changed(|run| {
        run.curves.losses = vec![curve("training", 50, |_| 0.25)]
    }));
    check(changed(|run| {
        run.curves.errors = vec![curve("validation", 50, |_| 0.0)]
    }));
    check(changed(|run| run.curves.best_step = Some(usize::MAX)));
    check(changed(|run| {
        run.curves.losses = vec![curve("training", 9, |t| 1e300 * t)]
    }));
}

#[test]
fn one_unit_one_class_one_row_are_drawn() {
    check(changed(|run| {
        run.paths = Some(paths(1));
        run.features.units.truncate(1);
        run.features.all_units = 1;
        run.redundancy.truncate(1);
        run.redundancy[0].units = 1;
        run.redundancy[0].activations = similarities(1, 1);
        run.redundancy[0].weights = similarities(0, 1);
    }));
    for classes in [0, 1, 2, 13, 150] {
        check(changed(|run| {
            run.confusion = Some(Confusion {
                split: "test".to_owned(),
                classes: (0..classes).map(|class| format!("class {class}")).collect(),
                counts: (0..classes)
                    .map(|row| (0..classes).map(|column| (row + column) % 3).collect())
                    .collect(),
                without_prediction: 1,
            });
        }));
    }
    check(changed(|run| {
        run.mistakes.as_mut().expect("mistakes").rows.clear()
    }));
}

#[test]
fn equal_values_have_a_place() {
    let mut flat = landscape(3);
    flat.losses.fill(0.5);
    flat.thinned.iter_mut().for_each(|losses| losses.fill(0.5));
    flat.thinned_mean.fill(0.5);
    flat.loss = 0.5;
    assert_told(&assert_alone(&landscape_figure(&flat).to_svg()));
    let mut one = landscape(0);
    one.values = vec![1.0];
    one.losses = vec![0.5];
    one.trail = vec![(0, 1.0)];
    assert_told(&assert_alone(&landscape_figure(&one).to_svg()));
    one.values.clear();
    one.losses.clear();
    assert_told(&assert_alone(&landscape_figure(&one).to_svg()));
    check(changed(|run| {
        run.paths
            .as_mut()
            .expect("paths")
            .units
            .iter_mut()
            .for_each(|unit| unit.values.fill(0.0));
        run.features
            .units
            .iter_mut()
            .for_each(|unit| unit.weights.fill(0.0));
        run.activity[0].activations = Histogram {
            edges: vec![0.0, 0.0],
            counts: vec![7],
        };
        run.activity[0].means = Histogram {
            edges: vec![],
            counts: vec![],
        };
    }));
    let mut fit = table("fit");
    fit.fit.as_mut().expect("a fit").points = vec![(3.0, 3.0); 5];
    check(fit);
}

#[test]
fn names_are_words_whatever_is_in_them() {
    let strange = "<b>&\"'</svg><script>alert(1)</script> $a$ \\$ \u{1}\u{7}\u{fffe}\n]]>--> "
        .to_owned()
        + &"long ".repeat(60);
    let mut run = images(&strange, true);
    run.card.network = strange.clone();
    run.card.config = strange.clone();
    run.card.facts.push((strange.clone(), strange.clone()));
    run.notes = vec![strange.clone()];
    run.diagram.layers[1].name = strange.clone();
    run.diagram.layers[1].activation = Some(strange.clone());
    run.landscape
        .as_mut()
        .expect("a landscape")
        .weight
        .input_name = strange.clone();
    run.paths.as_mut().expect("paths").input_name = strange.clone();
    let confusion = run.confusion.as_mut().expect("a matrix");
    confusion.classes[3] = strange.clone();
    for mistake in &mut run.mistakes.as_mut().expect("mistakes").rows {
        mistake.actual = strange.clone();
    }
    check(run.clone());
    let two = Report::new(vec![run.clone(), run]);
    assert_told(&assert_alone(&two.to_html()));
    let mut other = table(&strange);
    other.features.input_names[0] = strange.clone();
    other.fit.as_mut().expect("a fit").target = strange;
    check(other);
}

#[test]
fn a_dollar_is_a_dollar() {
    let mut landscape = landscape(0);
    landscape.weight.input_name = "price $x$".to_owned();
    let svg = landscape_figure(&landscape).to_svg();
    assert!(
        svg.contains(">Weight from \u{201c}price $x$\u{201d} to hidden unit 2</text>"),
        "{svg}"
    );
}

#[test]
fn a_deep_network_and_one_without_hidden_layers_are_drawn() {
    for layers in [1, 2, 12] {
        check(changed(|run| {
            let layer = run.diagram.layers[1].clone();
            run.diagram.layers = vec![layer; layers];
        }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn no_numbers_break_a_figure(
        values in prop::collection::vec(any::<f64>(), 1..30),
        name in prop::collection::vec(any::<char>(), 0..30),
    ) {
        let name = String::from_iter(name);
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let steps: Vec<usize> = (0..finite.len()).map(|k| k * k).collect();
        let mut sorted = finite.clone();
        sorted.sort_by(f64::total_cmp);
        let mut run = table(&name);
        let points = steps.iter().copied().zip(finite.iter().copied()).collect();
        run.curves.losses = vec![Curve { name: name.clone(), points }];
        run.paths = Some(Paths {
            input: 0,
            input_name: name.clone(),
            steps,
            units: vec![UnitPath { unit: 0, values: finite.clone() }, UnitPath { unit: 1, values: sorted.clone() }],
            all_units: 2,
        });
        let landscape = run.landscape.as_mut().expect("a landscape");
        landscape.values = sorted.clone();
        landscape.losses = finite.clone();
        landscape.thinned = vec![finite.clone()];
        landscape.thinned_mean = sorted.clone();
        landscape.value = finite.first().copied().unwrap_or(0.0);
        run.fit.as_mut().expect("a fit").points = finite.iter().copied().zip(sorted.iter().copied()).collect();
        for unit in &mut run.features.units {
            unit.weights = values.iter().map(|value| *value as f32).collect();
        }
        check(run);
    }
}
