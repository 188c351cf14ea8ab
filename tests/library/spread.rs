//! How sure a network is: thinned networks against masks by hand, and against the variance in closed form.

use crate::common::in_memory::{dataset, standardized};
use burn::tensor::{DType, Tensor};
use dropwise::backend::read;
use dropwise::config::{Activation, Loss};
use dropwise::data::Task;
use dropwise::dropout::{MaskAt, SeededMasks};
use dropwise::evaluate::{Sampler, Samples, entropy, predictions};
use dropwise::seed::{Purpose, stream_at};
use dropwise::{Backend, Dataset, Mlp, MlpConfig, evaluate};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

const SEED: u64 = 9;

#[track_caller]
fn assert_close(found: f64, expected: f64, bound: f64) {
    assert!(
        (found - expected).abs() <= bound * expected.abs().max(1.0),
        "{found} for {expected}"
    );
}

fn draw(count: usize, seed: u64) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn classes(count: usize) -> Task {
    let classes = (0..count).map(|class| class.to_string()).collect();
    Task::Classification { classes }
}

fn number() -> Task {
    standardized(10.0, 3.0)
}

fn rows(task: Task, d_input: usize, count: usize) -> Dataset {
    let d_output = task.d_output();
    let target = |number: usize| f64::from(u8::from(number.is_multiple_of(d_output)));
    let targets: Vec<f64> = (0..count * d_output).map(target).collect();
    dataset(task, d_input, &draw(count * d_input, 3), &targets)
}

fn shape(d_input: usize, hidden: &[usize], d_output: usize) -> MlpConfig {
    MlpConfig::new(d_input, hidden, d_output)
        .with_activation(Activation::Relu)
        .with_output(Activation::Identity)
}

fn network(shape: &MlpConfig, seed: u64) -> Mlp {
    let device = Backend::default().device().expect("a backend that starts");
    let network = shape.init(seed, (&device, DType::F64));
    network.expect("a network")
}

/// The outputs under the masks that the documentation says sample `sample` of member `member` has.
fn masked(network: &Mlp, (member, sample): (usize, usize), x: Tensor<2>) -> Vec<f64> {
    let seed = stream_at(SEED, Purpose::Samples, member).next_u64();
    let noises: Vec<_> = network.noises().collect();
    let outputs = network.forward_with(x, |layer, h| {
        let width = h.dims()[1];
        let at = MaskAt {
            step: sample + 1,
            layer,
            stride: width,
        };
        let mask =
            SeededMasks::new(seed).mask(at, noises[layer], [1, width], (&h.device(), h.dtype()));
        h * mask
    });
    read(outputs).expect("outputs")
}

/// What each network says about all rows, one network after the other.
fn each(sampler: &Sampler, data: &Dataset, like: &Mlp) -> Vec<Vec<f64>> {
    let all: Vec<usize> = (0..data.len()).collect();
    let inputs = |place: std::ops::Range<usize>| {
        data.select(&all[place])
            .inputs((&like.device(), like.dtype()))
    };
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); sampler.networks()];
    let visit = |_: &_, sample: usize, said: &[f64]| found[sample].extend_from_slice(said);
    sampler
        .each_sample(data.len(), inputs, visit)
        .expect("predictions");
    found
}

#[test]
fn a_sample_is_the_network_under_one_mask_for_all_rows() {
    // Noise on the input, on some layers alone, and layers that lose all their units.
    let shapes = [
        shape(4, &[7, 5], 3).with_input_dropout(0.3),
        shape(4, &[7, 5], 3).with_hidden_dropout(0.5),
        shape(3, &[6, 2, 1], 3).with_hidden_dropout(vec![0.0, 0.6, 0.7]),
        shape(3, &[], 3).with_input_dropout(0.6),
        // Few are dropped of what all samples share, of the inputs and of a layer; in a linear model; without biases.
        shape(9, &[7, 5], 3)
            .with_input_dropout(0.2)
            .with_hidden_dropout(0.5),
        shape(4, &[7, 6, 5], 3).with_hidden_dropout(vec![0.0, 0.3, 0.5]),
        shape(6, &[], 3).with_input_dropout(0.1),
        shape(6, &[5], 3).with_bias(false).with_input_dropout(0.4),
    ];
    for shape in shapes {
        let members = [network(&shape, 1), network(&shape, 2)];
        let data = rows(classes(3), shape.d_input, 6);
        let loss = Loss::CrossEntropy;
        let sampler = Sampler::new(&members[..], loss, data.task(), (20, SEED)).expect("samples");
        let found = each(&sampler, &data, &members[0]);
        assert_eq!(found.len(), 40);
        for (k, found) in found.iter().enumerate() {
            let member = k / 20;
            let inputs = data.inputs((&members[member].device(), DType::F64));
            let outputs = masked(&members[member], (member, k % 20), inputs);
            let expected = predictions(loss, data.task(), &outputs);
            for (found, expected) in found.iter().zip(&expected) {
                assert_close(*found, *expected, 1e-12);
            }
        }
    }
}

#[test]
fn mean_deviation_and_entropies_are_those_of_all_samples_together() {
    let shape = shape(4, &[8], 3)
        .with_input_dropout(0.2)
        .with_hidden_dropout(0.5);
    let (network, data) = (network(&shape, 5), rows(classes(3), 4, 5));
    let sampler = Sampler::new(&network, Loss::CrossEntropy, data.task(), (30, SEED));
    let sampler = sampler.expect("samples");
    let spread = sampler.spread(&data).expect("a spread");
    let each = each(&sampler, &data, &network);
    for number in 0..15 {
        let values: Vec<f64> = each.iter().map(|sample| sample[number]).collect();
        let mean = values.iter().sum::<f64>() / 30.0;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        assert_close(spread.mean()[number], mean, 1e-14);
        assert_close(spread.deviation()[number], (squares / 29.0).sqrt(), 1e-14);
    }
    for row in 0..5 {
        let expected = each
            .iter()
            .map(|sample| entropy(&sample[row * 3..][..3]))
            .sum::<f64>()
            / 30.0;
        let whole = entropy(spread.mean_of(row));
        assert_close(spread.entropy(row), whole, 1e-14);
        assert_close(spread.mutual_information(row), whole - expected, 1e-13);
        assert!((0.0..whole).contains(&spread.mutual_information(row)));
        assert!(whole < 3_f64.ln());
    }
}

/// With dropout on one hidden layer alone the output is a sum of independent terms: its variance is exactly
/// `p / (1 - p) sum_j (w_j h_j)^2`.
#[test]
fn the_variance_of_many_samples_is_the_one_in_closed_form() {
    const RATE: f64 = 0.4;
    let shape = shape(5, &[40], 1).with_hidden_dropout(RATE);
    let (network, data) = (network(&shape, 11), rows(number(), 5, 8));
    let loss = Loss::MeanSquaredError;
    let samples = 20_000;
    let sampler = Sampler::new(&network, loss, data.task(), (samples, SEED)).expect("samples");
    let spread = sampler.spread(&data).expect("a spread");
    let off = evaluate(&network, loss, &data).expect("predictions");
    let [first, last] = &network.weights().expect("weights")[..] else {
        panic!("two layers");
    };
    for row in 0..data.len() {
        let x = data.input_row(row);
        let hidden = |unit: usize| {
            let weights = first.weight.iter().skip(unit).step_by(40);
            let products = weights.zip(&x).map(|(w, x)| w * x);
            let bias = first.bias.as_ref().map_or(0.0, |bias| bias[unit]);
            (products.sum::<f64>() + bias).max(0.0)
        };
        let terms = (0..40).map(|unit| (last.weight[unit] * hidden(unit)).powi(2));
        let variance = RATE / (1.0 - RATE) * terms.sum::<f64>() * 9.0; // in units of the data
        let found = spread.deviation()[row].powi(2);
        // The variance of 20,000 samples is known to about 1 %.
        assert!(
            (found / variance - 1.0).abs() < 0.04,
            "{found} for {variance}"
        );
        let error = (variance / samples as f64).sqrt();
        assert!((spread.mean()[row] - off.predictions[row]).abs() < 4.0 * error);
    }
}

#[test]
fn the_answer_for_a_row_does_not_depend_on_the_rows_beside_it() {
    let shape = shape(4, &[9, 6], 3)
        .with_input_dropout(0.2)
        .with_hidden_dropout(0.5);
    let (network, data) = (network(&shape, 5), rows(classes(3), 4, 5_010));
    let ask = |data: &Dataset, samples| {
        let sampler = Sampler::new(&network, Loss::CrossEntropy, data.task(), (samples, SEED));
        sampler
            .and_then(|sampler| sampler.spread(data))
            .expect("a spread")
    };
    let all = ask(&data, 5);
    assert_eq!(all.len(), 5_010);
    for row in [0, 499, 500, 4_999, 5_000, 5_009] {
        let alone = ask(&data.select(&[row]), 5);
        for (alone, all) in alone.mean().iter().zip(all.mean_of(row)) {
            assert_close(*alone, *all, 1e-12);
        }
        assert_close(
            alone.mutual_information(0),
            all.mutual_information(row),
            1e-12,
        );
    }
}

#[test]
fn the_members_of_an_ensemble_are_samples_too() {
    let shape = shape(4, &[6], 1);
    let members = [1, 2, 3].map(|seed| network(&shape, seed));
    let (data, loss) = (rows(number(), 4, 7), Loss::MeanSquaredError);
    let sampler = Sampler::of_members(&members[..], loss, data.task()).expect("members");
    let spread = sampler.spread(&data).expect("a spread");
    let together = evaluate(&members[..], loss, &data).expect("predictions");
    let alone = members.each_ref().map(|member| {
        let found = evaluate(member, loss, &data).expect("predictions");
        found.predictions
    });
    for row in 0..7 {
        let mean = together.predictions[row];
        let squares: f64 = alone.iter().map(|one| (one[row] - mean).powi(2)).sum();
        assert_close(spread.mean()[row], mean, 1e-12);
        assert_close(spread.deviation()[row], (squares / 2.0).sqrt(), 1e-12);
    }
    assert!(spread.entropy(0).is_nan() && spread.mutual_information(0).is_nan());
}

#[test]
fn what_has_no_spread_says_so() {
    let plain = network(&shape(4, &[6], 1), 1);
    let noisy = network(&shape(4, &[6], 1).with_hidden_dropout(0.5), 1);
    let message = |network: &Mlp, samples| {
        let sampler = Sampler::new(network, Loss::MeanSquaredError, &number(), (samples, SEED));
        sampler.expect_err("no spread").to_string()
    };
    assert_eq!(
        message(&plain, 10),
        "the network's dropout rates: expected one above 0, so that there are thinned networks to ask, found \
         0 on every layer"
    );
    assert!(
        message(&noisy, 0).contains("samples"),
        "{}",
        message(&noisy, 0)
    );
    assert!(message(&noisy, 1).contains("at least 2"));
}

/// With one hidden layer and dropout on it alone the formulas are exact; of one more layer, and with dropout on the inputs, they are as
/// far off as this says.
#[test]
fn analytic_samples_are_what_many_samples_come_to() {
    let exact = shape(5, &[40], 1).with_hidden_dropout(0.4);
    let with_inputs = shape(5, &[40], 1)
        .with_input_dropout(0.1)
        .with_hidden_dropout(0.2);
    let deep = shape(5, &[40, 30], 1).with_hidden_dropout(0.2);
    for (shape, bound) in [(exact, 0.03), (with_inputs, 0.35), (deep, 0.15)] {
        let members = [network(&shape, 11), network(&shape, 12)];
        let (data, loss) = (rows(number(), 5, 8), Loss::MeanSquaredError);
        for members in [&members[..1], &members[..]] {
            let ask = |samples: Samples| {
                let sampler = Sampler::new(members, loss, data.task(), (samples, SEED));
                sampler
                    .and_then(|sampler| sampler.spread(&data))
                    .expect("a spread")
            };
            let (analytic, drawn) = (ask(Samples::Analytic), ask(Samples::Count(10_000)));
            assert_eq!(analytic.len(), 8);
            for row in 0..8 {
                let [found, expected] = [&analytic, &drawn].map(|spread| spread.deviation()[row]);
                assert!(
                    (found / expected - 1.0).abs() < bound,
                    "{found} for {expected}"
                );
                let [found, mean] = [&analytic, &drawn].map(|spread| spread.mean()[row]);
                assert!((found - mean).abs() < 0.3 * expected, "{found} for {mean}");
            }
        }
    }
    let refused = |shape: &MlpConfig, task: &Task| {
        let network = network(shape, 1);
        let sampler = Sampler::new(
            &network,
            Loss::MeanSquaredError,
            task,
            (Samples::Analytic, 1),
        );
        sampler.expect_err("no formula").to_string()
    };
    let tanh = shape(5, &[4], 1)
        .with_hidden_dropout(0.5)
        .with_activation(Activation::Tanh);
    assert!(refused(&tanh, &number()).contains("found `tanh`"));
    let relu = shape(5, &[4], 3).with_hidden_dropout(0.5);
    assert!(refused(&relu, &classes(3)).contains("a regression"));
}
