//! Which weights are recorded, and when.

use dropwise::MlpConfig;
use dropwise::config::Activation;
use dropwise::data;
use dropwise::{Backend, Dataset, Mlp};
use dropwise_lab::explain::{Recorder, Trail, TrailLine};

use super::fixtures::{Made, dataset, draw, two_classes, weights};

fn network(d_input: usize, units: usize) -> Mlp {
    let device = Backend::default()
        .device()
        .expect("a backend that starts")
        .autodiff();
    MlpConfig::new(d_input, [units], 1)
        .init(3, &device)
        .expect("a network")
}

fn drawn(d_input: usize, scale: impl Fn(usize) -> f64) -> Dataset {
    let mut inputs = draw(d_input * 200, 1);
    for row in inputs.chunks_mut(d_input) {
        row.iter_mut()
            .enumerate()
            .for_each(|(k, input)| *input *= scale(k));
    }
    dataset(two_classes(), d_input, &inputs, &[1.0; 200])
}

#[test]
fn the_first_and_the_last_step_are_recorded_and_few_of_many() {
    for steps in [1, 7, 199, 200, 201, 12_345, 2_000_000] {
        let recorder = Recorder::new(&data::xor(), &network(3, 4), steps);
        let due: Vec<usize> = (0..=steps).filter(|step| recorder.is_due(*step)).collect();
        assert_eq!((due[0], due[1], due[due.len() - 1]), (0, 1, steps));
        assert!(due.len() <= 225, "{} of {steps}", due.len());
        assert!(due.len() >= steps.min(101), "{} of {steps}", due.len());
        let powers = (0..)
            .map(|power| 1 << power)
            .take_while(|step| *step <= steps);
        assert!(powers.into_iter().all(|step| due.contains(&step)));
        let widest = due.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest <= Some(steps.div_ceil(200)), "{widest:?} of {steps}");
    }
}

fn recorded(data: &Dataset, network: &Mlp) -> TrailLine {
    let recorder = Recorder::new(data, network, 10);
    recorder
        .record(network, 0)
        .expect("weights")
        .expect("finite ones")
}

#[test]
fn the_inputs_are_those_that_vary_most_and_the_units_the_first() {
    let data = drawn(9, |k| [1.0, 5.0, 0.0, 3.0, 2.0, 0.1, 9.0, 0.2, 0.3][k]);
    let network = network(9, 100);
    let line = recorded(&data, &network);
    assert_eq!(line.inputs, Some(vec![6, 1, 3, 4]));
    assert_eq!(
        (line.step, line.units, line.weights.len()),
        (0, Some(64), 4)
    );
    let all = &network.weights().expect("weights")[0].weight;
    for (input, weights) in [6, 1, 3, 4].into_iter().zip(&line.weights) {
        let expected = all[100 * input..][..64].iter().map(|weight| *weight as f32);
        assert!(weights.iter().copied().eq(expected));
    }
}

#[test]
fn of_inputs_that_do_not_vary_the_larger_comes_first() {
    let line = recorded(&data::xor(), &network(3, 4));
    assert_eq!(
        line.inputs,
        Some(vec![0, 1, 2]),
        "the third is one in every row"
    );
}

#[test]
fn only_the_first_line_names_inputs_and_units_and_json_keeps_every_bit() {
    let network = network(3, 4);
    let recorder = Recorder::new(&data::xor(), &network, 10);
    let lines: Vec<TrailLine> = (0..3)
        .map(|step| {
            recorder
                .record(&network, step)
                .expect("weights")
                .expect("finite ones")
        })
        .collect();
    assert!(lines[0].inputs.is_some() && lines[1].inputs.is_none() && lines[2].units.is_none());
    let mut trail = Trail::default();
    for line in &lines {
        let json = serde_json::to_string(line).expect("JSON");
        let back: TrailLine = serde_json::from_str(&json).expect("a line");
        assert_eq!(back, *line);
        trail.push(back).expect("a line that fits");
    }
    assert_eq!(
        (trail.steps(), trail.inputs(), trail.units()),
        (&[0, 1, 2][..], &[0, 1, 2][..], 4)
    );
    let expected = f64::from(lines[0].weights[1][2]);
    assert_eq!(
        trail.path(1, 2),
        Some(vec![(0, expected), (1, expected), (2, expected)])
    );
    assert_eq!((trail.path(1, 4), trail.path(3, 0)), (None, None));
}

#[test]
fn a_weight_that_is_not_finite_is_not_recorded() {
    let shape = MlpConfig::new(3, [4], 1).with_output(Activation::Identity);
    let mut layers = weights(&shape, 7);
    layers[0].weight[2] = f64::INFINITY;
    let made = Made::new(&shape, &layers, &data::xor(), "");
    let recorder = Recorder::new(&data::xor(), &made.network, 10);
    assert_eq!(recorder.record(&made.network, 1).expect("weights"), None);
}

fn line(step: usize, head: bool, weights: Vec<Vec<f32>>) -> TrailLine {
    TrailLine {
        step,
        inputs: head.then(|| vec![2, 0]),
        units: head.then_some(1),
        weights,
    }
}

#[test]
fn a_line_that_does_not_go_with_those_before_it_is_refused() {
    let good = || vec![vec![1.0], vec![2.0]];
    let refused = |lines: Vec<TrailLine>| {
        let mut trail = Trail::default();
        let pushed = lines.into_iter().try_for_each(|line| trail.push(line));
        pushed.expect_err("an error").to_string()
    };
    let no_head = refused(vec![line(0, false, good())]);
    assert!(
        no_head.contains("inputs and units in the first line"),
        "{no_head}"
    );
    for step in [3, 5] {
        let out_of_order = refused(vec![line(5, true, good()), line(step, false, good())]);
        assert!(
            out_of_order.contains("steps in their order"),
            "{out_of_order}"
        );
    }
    for weights in [
        vec![vec![1.0]],
        vec![vec![1.0], vec![]],
        vec![vec![1.0], vec![f32::INFINITY]],
    ] {
        let of_another_shape = refused(vec![line(0, true, good()), line(1, false, weights)]);
        assert!(
            of_another_shape.contains("a finite number for each"),
            "{of_another_shape}"
        );
    }
}

#[test]
fn the_weight_that_moved_most_is_the_one_with_the_widest_way() {
    let mut trail = Trail::default();
    assert_eq!(trail.moved_most(), None);
    // The first goes far and comes back.
    for (step, (one, other)) in [(0.0, 0.0), (9.0, 4.0), (1.0, 8.0)].into_iter().enumerate() {
        trail
            .push(line(step, step == 0, vec![vec![one], vec![other]]))
            .expect("a line");
    }
    assert_eq!(trail.moved_most(), Some((2, 0)));
}
