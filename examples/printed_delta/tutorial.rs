//! The tutorial's script in plain loops, with the hidden delta as printed or as it should be.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};

/// Inputs and targets of XOR.
const X: [[f64; 3]; 4] = [[0., 0., 1.], [0., 1., 1.], [1., 0., 1.], [1., 1., 1.]];
const Y: [f64; 4] = [0., 1., 1., 0.];

/// How the error is carried back through a hidden unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delta {
    /// `mask / keep * s * (1 - s)`, with `s` the sigmoid before the mask: the gradient.
    True,
    /// `layer_1 * (1 - layer_1)`, with `layer_1` after the mask and the scaling: as printed.
    Printed,
}

impl Delta {
    /// The factor between the error that reaches a hidden unit and its delta.
    ///
    /// `sigmoid` is the unit's value before the mask, `mask` 1 or 0, `rate` the dropout rate.
    pub fn factor(self, sigmoid: f64, mask: f64, rate: f64) -> f64 {
        let scale = mask / (1.0 - rate);
        match self {
            Delta::True => scale * sigmoid * (1.0 - sigmoid),
            Delta::Printed => (scale * sigmoid) * (1.0 - scale * sigmoid),
        }
    }
}

/// A 3-hidden-1 network without biases.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// `[hidden]` columns of three incoming weights each.
    pub synapse_0: Vec<[f64; 3]>,
    /// `[hidden]` outgoing weights.
    pub synapse_1: Vec<f64>,
}

impl Network {
    /// Weights uniform in `[-1, 1)`.
    pub fn random(hidden: usize, generator: &mut impl Rng) -> Self {
        let mut draw = || generator.random_range(-1.0..1.0);
        Network {
            synapse_0: (0..hidden).map(|_| [draw(), draw(), draw()]).collect(),
            synapse_1: (0..hidden).map(|_| draw()).collect(),
        }
    }

    /// Half the change that the tutorial's loop would make, negated: the gradient of
    /// `0.5 * sum (target - output)^2`, if `delta` is the true one. `masks` has the shape
    /// `[4, hidden]`.
    pub fn gradient(&self, masks: &[f64], rate: f64, delta: Delta) -> Network {
        let hidden = self.synapse_1.len();
        let mut gradient = Network {
            synapse_0: vec![[0.0; 3]; hidden],
            synapse_1: vec![0.0; hidden],
        };
        let mut sigmoids = vec![0.0; hidden];
        for (row, (x, y)) in X.iter().zip(Y).enumerate() {
            let mask = &masks[row * hidden..][..hidden];
            let mut z = 0.0;
            for j in 0..hidden {
                sigmoids[j] = sigmoid(dot(x, &self.synapse_0[j]));
                z += sigmoids[j] * (mask[j] / (1.0 - rate)) * self.synapse_1[j];
            }
            let output = sigmoid(z);
            let layer_2_delta = (output - y) * output * (1.0 - output);
            for j in 0..hidden {
                let layer_1 = sigmoids[j] * (mask[j] / (1.0 - rate));
                gradient.synapse_1[j] += layer_1 * layer_2_delta;
                let factor = delta.factor(sigmoids[j], mask[j], rate);
                let layer_1_delta = layer_2_delta * self.synapse_1[j] * factor;
                for (slope, x) in gradient.synapse_0[j].iter_mut().zip(x) {
                    *slope += x * layer_1_delta;
                }
            }
        }
        gradient
    }

    /// One step of gradient descent, or of what the printed delta makes of it.
    pub fn descend(&mut self, alpha: f64, masks: &[f64], rate: f64, delta: Delta) {
        let gradient = self.gradient(masks, rate, delta);
        let columns = self.synapse_0.iter_mut().zip(&gradient.synapse_0);
        for (weight, slope) in columns.flat_map(|(column, slopes)| column.iter_mut().zip(slopes)) {
            *weight -= alpha * slope;
        }
        for (weight, slope) in self.synapse_1.iter_mut().zip(&gradient.synapse_1) {
            *weight -= alpha * slope;
        }
    }

    /// The four outputs, dropout off.
    pub fn outputs(&self) -> [f64; 4] {
        X.map(|x| {
            let units = self.synapse_0.iter().zip(&self.synapse_1);
            sigmoid(units.map(|(column, w)| sigmoid(dot(&x, column)) * w).sum())
        })
    }
}

/// Fills `masks` with 1 at probability `1 - rate`, else 0.
pub fn draw_masks(masks: &mut [f64], rate: f64, generator: &mut ChaCha8Rng) {
    for mask in masks {
        *mask = f64::from(rate == 0.0 || generator.random::<f32>() >= rate as f32);
    }
}

/// The mean of `|target - output|`, and whether all four outputs are on the right side of 0.5.
pub fn score(outputs: [f64; 4]) -> (f64, bool) {
    let errors: Vec<f64> = outputs.iter().zip(Y).map(|(o, y)| (y - o).abs()).collect();
    let mean = errors.iter().sum::<f64>() / 4.0;
    (mean, errors.iter().all(|error| *error < 0.5))
}

fn dot(x: &[f64; 3], w: &[f64; 3]) -> f64 {
    x[0] * w[0] + x[1] * w[1] + x[2] * w[2]
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
