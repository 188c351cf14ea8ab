//! Max-norm on weights, clipping of gradients.

use dropwise::config::CheckedExperiment;
use dropwise::{Dataset, LayerWeights};

use super::{course, descended, gradients, trainer};
use crate::common::assert_layers_close;
use crate::common::rows::{Rows, bits, experiment};

fn one_step(train: &str) -> CheckedExperiment {
    experiment("float64", "", &format!("steps = 1\n{train}"))
}

/// The weights before and after one step on 9 rows.
fn step(train: &str) -> (Vec<LayerWeights>, Vec<LayerWeights>) {
    let data = Dataset::new(Rows::random(9, 1));
    let mut course = course(trainer(&one_step(train), &data));
    let after = course.pop().expect("a step");
    (course.pop().expect("a start"), after)
}

/// The norms of the columns of a layer: of each unit's incoming weights.
fn norms(layer: &LayerWeights) -> Vec<f64> {
    let column = |k: usize| layer.weight.iter().skip(k).step_by(layer.d_output);
    (0..layer.d_output)
        .map(|k| column(k).map(|w| w * w).sum::<f64>().sqrt())
        .collect()
}

#[test]
fn max_norm_bounds_the_incoming_weights_of_each_unit_and_nothing_else() {
    const BOUND: f64 = 1.0;
    let (_, free) = step("learning_rate = 0.5");
    let (_, bounded) = step(&format!("learning_rate = 0.5\nmax_norm = {BOUND}"));
    let (mut scaled, mut kept) = (0, 0);
    for (free, bounded) in free.iter().zip(&bounded) {
        assert_eq!(free.bias, bounded.bias, "biases are not weights");
        for (unit, norm) in norms(free).into_iter().enumerate() {
            let places = (unit..free.weight.len()).step_by(free.d_output);
            if norm <= BOUND {
                kept += 1;
                for place in places {
                    let (free, bounded) = (free.weight[place], bounded.weight[place]);
                    assert_eq!(free.to_bits(), bounded.to_bits(), "unit {unit}");
                }
            } else {
                scaled += 1;
                for place in places {
                    let expected = free.weight[place] * BOUND / norm;
                    let difference = (bounded.weight[place] - expected).abs();
                    assert!(difference <= 1e-15, "unit {unit}: {difference:e}");
                }
            }
        }
        let largest = norms(bounded).into_iter().fold(0.0, f64::max);
        assert!(largest <= BOUND * (1.0 + 1e-15), "{largest}");
    }
    assert!(scaled >= 2 && kept >= 2, "{scaled} scaled, {kept} kept");
}

#[test]
fn a_bound_that_no_unit_reaches_changes_no_bit_on_any_backend_in_any_precision() {
    for (backend, device) in crate::common::backends() {
        for precision in ["float32", "float64"] {
            let end = |train: &str| {
                let train = format!("learning_rate = 0.3\nsteps = 5\n{train}");
                let experiment = experiment(precision, "", &train);
                let data = crate::common::rows::dataset(9, 1);
                let network = dropwise::train::train(&experiment, &data, &device, &mut ());
                bits(&network.expect("a network").weights().expect("weights"))
            };
            // A third of the bound is no number of 32 bits or 64.
            let bounded = end("max_norm = 33.3");
            assert_eq!(end(""), bounded, "{backend} {precision}, max_norm");
            let clipped = end("clip = { norm = 33.3 }");
            assert_eq!(end(""), clipped, "{backend} {precision}, clip.norm");
            let clipped = end("clip = { value = 33.3 }");
            assert_eq!(end(""), clipped, "{backend} {precision}, clip.value");
        }
    }
}

#[test]
fn the_norm_of_all_gradients_together_is_clipped() {
    let rows = Rows::random(9, 1);
    for share in [0.25, 0.9, 1.5] {
        let (start, free) = step("learning_rate = 0.5");
        let mut expected = gradients(&start, &rows);
        let norm = expected.iter().flat_map(LayerWeights::values);
        let norm = norm.map(|g| g * g).sum::<f64>().sqrt();
        let bound = share * norm;
        let (_, clipped) = step(&format!(
            "learning_rate = 0.5\nclip = {{ norm = {bound:?} }}"
        ));
        if share > 1.0 {
            assert_eq!(bits(&clipped), bits(&free), "a norm within the bound");
        }
        // PyTorch's clip_grad_norm_ adds the small number too.
        let scale = (bound / (norm + 1e-6)).min(1.0);
        let all = expected.iter_mut().flat_map(LayerWeights::values_mut);
        all.for_each(|g| *g *= scale);
        let what = format!("{share} of the norm");
        assert_layers_close(&what, &clipped, &descended(&start, &expected, 0.5), 1e-13);
    }
}

#[test]
fn each_partial_derivative_is_clipped() {
    const BOUND: f64 = 0.05;
    let (start, clipped) = step(&format!(
        "learning_rate = 0.5\nclip = {{ value = {BOUND} }}"
    ));
    let mut expected = gradients(&start, &Rows::random(9, 1));
    let over = expected.iter().flat_map(LayerWeights::values);
    let over = over.filter(|g| g.abs() > BOUND).count();
    assert!((3..25).contains(&over), "{over} of 32 are over the bound");
    let all = expected.iter_mut().flat_map(LayerWeights::values_mut);
    all.for_each(|g| *g = g.clamp(-BOUND, BOUND));
    assert_layers_close(
        "by value",
        &clipped,
        &descended(&start, &expected, 0.5),
        1e-13,
    );
}
