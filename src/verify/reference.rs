//! The gradient by hand: plain loops over 64-bit numbers, independent of Burn.
//!
//! For one row, with `a_k = h_{k-1} * m_k / (1 - p_k)` the input of layer `k` after dropout,
//! `z_k = a_k W_k + b_k` and `h_k = f_k(z_k)`, the chain rule gives
//!
//! ```text
//! dL/dz_n     = dL/dh_n * f_n'(z_n)
//! dL/dW_k     = a_k^T dL/dz_k            dL/db_k = dL/dz_k
//! dL/dz_{k-1} = (dL/dz_k W_k^T) * m_k / (1 - p_k) * f_{k-1}'(z_{k-1})
//! ```
//!
//! The derivative `f'` is taken at the activation *before* the mask. The tutorial's printed delta
//! takes it after the mask and the scaling, which is right only with dropout off.
//!
//! With DropConnect, `M_k` times `W_k`, number by number, stands in place of `W_k`, and
//!
//! ```text
//! dL/dW_k     = (a_k^T dL/dz_k) * M_k
//! ```
//!
//! Where a rate is learned, with `g` the gate in place of `m / (1 - p)`, `l` the logit of the rate and `d = sigmoid((l + u) / t)`,
//!
//! ```text
//! dL/dl = sum (dL/dz_k W_k^T) h_{k-1} dg/dl + c (s^2 / 2 |W_k|^2 p / (1 - p) + K l p (1 - p))
//! dg/dl = ((1 - d) p - d (1 - d) / t) / (1 - p)
//! ```

use std::borrow::Cow;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::erf::erf;
use super::noise::{added, factor, kept};
use crate::config::{Activation, Loss};
use crate::dropout::Noise;
use crate::model::LayerWeights;

/// `lambda` and `alpha` of SELU (Klambauer et al. 2017, equation 14).
pub(super) const SELU: [f64; 2] = [1.050_700_987_355_480_5, 1.673_263_242_354_377_2];
/// The temperature of the gates of learned rates.
pub(super) const TEMPERATURE: f64 = 0.1;

/// A network and a batch in plain memory, masks included.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The layers, from the input on.
    pub layers: Vec<LayerWeights>,
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The activation of the output layer.
    pub output: Activation,
    /// The loss.
    pub loss: Loss,
    /// The noise on the input of each layer.
    pub noises: Vec<Noise>,
    /// With learned rates, what the penalty of each such layer counts in the loss, and the length scale of the prior.
    pub penalty: [f64; 2],
    /// Inputs, `[rows, d_input]`, row after row.
    pub inputs: Vec<f64>,
    /// Targets, `[rows, d_output]`, row after row.
    pub targets: Vec<f64>,
    /// What each row counts in the loss, `[rows]`; none where all count the same.
    pub weights: Option<Vec<f64>>,
    /// `masks[k]`: `[rows, inputs of layer k]`, 1 keeps a value and 0 drops it; of Gaussian noise what a value is multiplied by, of a
    /// learned rate the logistic numbers `u`. Of DropConnect `[inputs, outputs of layer k]`, 1 keeps a weight and 0 drops it.
    pub masks: Vec<Vec<f64>>,
}

/// What one forward pass over one row leaves behind.
struct Row {
    /// `a_k`: the input of each layer, after dropout.
    dropped: Vec<Vec<f64>>,
    /// `z_k`: the weighted sums of each layer.
    sums: Vec<Vec<f64>>,
    /// `h_k`: the output of each layer, before the next dropout.
    outputs: Vec<Vec<f64>>,
}

/// How the terms of a sum are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    /// As they are: the sum is a gradient.
    Signed,
    /// At their magnitudes: the sum says how much rounding the gradient may carry.
    Magnitudes,
}

impl Terms {
    fn of(self, value: f64) -> f64 {
        match self {
            Terms::Signed => value,
            Terms::Magnitudes => value.abs(),
        }
    }

    /// `f'(z)`, where `h = f(z)`; of a difference such as `1 - h`, the magnitude is its larger term.
    fn derivative(self, activation: Activation, z: f64, h: f64) -> f64 {
        match (self, activation) {
            (Terms::Signed, Activation::Sigmoid) => h * (1.0 - h),
            (Terms::Magnitudes, Activation::Sigmoid) => h,
            (Terms::Signed, Activation::Tanh) => 1.0 - h * h,
            (Terms::Magnitudes, Activation::Tanh) | (_, Activation::Identity) => 1.0,
            (_, Activation::Relu) => f64::from(h > 0.0),
            (_, Activation::Selu) if z > 0.0 => SELU[0],
            (_, Activation::Selu) => SELU[0] * SELU[1] * z.exp(),
            // (z Phi)' = Phi + z phi, with phi = exp(-z^2 / 2) / sqrt(2 pi)
            (_, Activation::Gelu) => {
                let density = (-0.5 * z * z).exp() * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI / 2.0;
                0.5 * (1.0 + self.of(erf(z * FRAC_1_SQRT_2))) + self.of(z) * density
            }
            // (z s)' = s + z s', with s = sigmoid(z)
            (_, Activation::Silu) => {
                let s = apply(Activation::Sigmoid, z);
                s + self.of(z) * self.derivative(Activation::Sigmoid, z, s)
            }
        }
    }
}

impl Reference {
    /// The number of rows in the batch.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.inputs.len() / self.layers[0].d_input
    }

    /// The outputs, `[rows, d_output]`, row after row.
    #[must_use]
    pub fn outputs(&self) -> Vec<f64> {
        (0..self.rows())
            .flat_map(|row| self.forward(row).outputs.pop().unwrap_or_default())
            .collect()
    }

    /// The loss over the batch.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.loss_and_pattern().0
    }

    /// The loss over the batch, and which ReLU and SELU units are on: the loss has a kink where that changes.
    #[must_use]
    pub(crate) fn loss_and_pattern(&self) -> (f64, Vec<bool>) {
        let mut loss = 0.0;
        let mut pattern = Vec::new();
        for row in 0..self.rows() {
            let pass = self.forward(row);
            for (k, h) in pass.outputs.iter().enumerate() {
                if let Activation::Relu | Activation::Selu = self.activation_of(k) {
                    pattern.extend(h.iter().map(|h| *h > 0.0));
                }
            }
            let of_row = self.loss_of_row(&pass.outputs[self.layers.len() - 1], self.target(row));
            loss += self.weight(row) * of_row;
        }
        (loss + self.penalty[0] * self.divergence(), pattern)
    }

    /// The penalties of all learned rates.
    fn divergence(&self) -> f64 {
        let each = self.layers.iter().zip(&self.noises).map(|(layer, noise)| {
            let Noise::Learned(logit) = noise else {
                return 0.0;
            };
            let p = apply(Activation::Sigmoid, *logit);
            let squares: f64 = layer.weight.iter().map(|w| w * w).sum();
            let entropy = -p * p.ln() - (1.0 - p) * (1.0 - p).ln();
            self.penalty[1].powi(2) / 2.0 * squares / (1.0 - p) - layer.d_input as f64 * entropy
        });
        each.sum()
    }

    /// Parameter `position` of layer `k`; behind the layers stand the logits of learned rates.
    pub(crate) fn parameter(&mut self, k: usize, position: usize) -> Option<&mut f64> {
        if k < self.layers.len() {
            return self.layers[k].values_mut().nth(position);
        }
        let logits = self.noises.iter_mut().filter_map(|noise| match noise {
            Noise::Learned(logit) => Some(logit),
            _ => None,
        });
        logits.skip(k - self.layers.len()).nth(position)
    }

    /// The gradient of the loss with respect to every weight and bias, and behind the layers to the logits of learned rates, each as
    /// a layer of one weight.
    #[must_use]
    pub fn gradients(&self) -> Vec<LayerWeights> {
        self.backward(Terms::Signed)
    }

    /// The same sums with every term taken at its magnitude.
    ///
    /// Terms of a gradient may cancel and leave little but their rounding. What rounding can do to a
    /// gradient is in proportion to these sums, not to what is left of them.
    #[must_use]
    pub fn magnitudes(&self) -> Vec<LayerWeights> {
        self.backward(Terms::Magnitudes)
    }

    fn backward(&self, terms: Terms) -> Vec<LayerWeights> {
        let mut gradients: Vec<LayerWeights> = self.layers.iter().map(zeros_like).collect();
        let mut logits = vec![0.0; self.layers.len()];
        for row in 0..self.rows() {
            let pass = self.forward(row);
            let last = self.layers.len() - 1;
            let slopes = self.loss_slopes(&pass.outputs[last], self.target(row), terms);
            let derivatives = self.derivatives(last, &pass, terms);
            let mut delta: Vec<f64> = slopes // dL/dz_n
                .iter()
                .zip(derivatives)
                .map(|(slope, derivative)| self.weight(row) * slope * derivative)
                .collect();
            for k in (0..=last).rev() {
                gradients[k].accumulate(&pass.dropped[k], &delta, terms);
                logits[k] += self.slope_of_logit(k, row, &delta, &pass, terms);
                if k > 0 {
                    delta = self.delta_below(k, row, &delta, &pass, terms);
                }
            }
        }
        for (k, gradient) in gradients.iter_mut().enumerate() {
            if let Noise::DropConnect(_) = self.noises[k] {
                for (slope, m) in gradient.weight.iter_mut().zip(&self.masks[k]) {
                    *slope *= factor(self.noises[k], *m);
                }
            }
        }
        for (k, (noise, slope)) in self.noises.iter().zip(logits).enumerate() {
            if let Noise::Learned(logit) = noise {
                let of_penalty = self.slopes_of_penalty(k, *logit, &mut gradients[k], terms);
                gradients.push(LayerWeights {
                    d_input: 1,
                    d_output: 1,
                    weight: vec![slope + of_penalty],
                    bias: None,
                });
            }
        }
        gradients
    }

    /// What one row adds to the slope of a learned rate's logit.
    fn slope_of_logit(&self, k: usize, row: usize, delta: &[f64], pass: &Row, terms: Terms) -> f64 {
        let Noise::Learned(logit) = self.noises[k] else {
            return 0.0;
        };
        let layer = &self.layers[k];
        let h = match k {
            0 => &self.inputs[row * layer.d_input..][..layer.d_input],
            _ => &pass.outputs[k - 1],
        };
        let (p, mask) = (apply(Activation::Sigmoid, logit), self.mask(k, row));
        let slopes = h.iter().zip(mask.iter()).enumerate().map(|(i, (h, u))| {
            let products = delta.iter().enumerate();
            let back: f64 = products.map(|(j, d)| d * terms.of(layer.at(i, j))).sum();
            let kept = kept(logit, *u);
            let slope = kept * p + terms.of(-kept * (1.0 - kept) / TEMPERATURE);
            back * terms.of(*h) * slope / (1.0 - p)
        });
        slopes.sum()
    }

    /// The slope of a learned rate's penalty in its logit; those in the weights are added to theirs.
    fn slopes_of_penalty(
        &self,
        k: usize,
        logit: f64,
        gradient: &mut LayerWeights,
        terms: Terms,
    ) -> f64 {
        let [factor, scale] = self.penalty;
        let (layer, p) = (&self.layers[k], apply(Activation::Sigmoid, logit));
        for (slope, w) in gradient.weight.iter_mut().zip(&layer.weight) {
            *slope += terms.of(factor * scale * scale * w / (1.0 - p));
        }
        let squares: f64 = layer.weight.iter().map(|w| w * w).sum();
        let of_prior = scale * scale / 2.0 * squares * p / (1.0 - p);
        factor * (of_prior + terms.of(layer.d_input as f64 * logit * p * (1.0 - p)))
    }

    /// Takes one step of plain gradient descent.
    pub fn descend(&mut self, learning_rate: f64) {
        let gradients = self.gradients();
        for (layer, gradient) in self.layers.iter_mut().zip(gradients) {
            for (value, slope) in layer.values_mut().zip(gradient.values()) {
                *value -= learning_rate * slope;
            }
        }
    }

    fn forward(&self, row: usize) -> Row {
        let mut pass = Row {
            dropped: Vec::new(),
            sums: Vec::new(),
            outputs: Vec::new(),
        };
        let d_input = self.layers[0].d_input;
        let mut h = self.inputs[row * d_input..][..d_input].to_vec();
        for (k, layer) in self.layers.iter().enumerate() {
            let (noise, mask) = (self.on_inputs(k), self.mask(k, row));
            let values = h.iter().zip(mask.iter());
            let dropped: Vec<f64> = values
                .map(|(h, m)| h * factor(noise, *m) + added(noise, *m))
                .collect();
            let sums: Vec<f64> = (0..layer.d_output)
                .map(|j| {
                    let bias = layer.bias.as_ref().map_or(0.0, |bias| bias[j]);
                    let products = dropped.iter().enumerate();
                    let sum: f64 = products.map(|(i, a)| a * self.at(k, i, j)).sum();
                    sum + bias
                })
                .collect();
            let f = self.activation_of(k);
            h = sums.iter().map(|z| apply(f, *z)).collect();
            pass.dropped.push(dropped);
            pass.sums.push(sums);
            pass.outputs.push(h.clone());
        }
        pass
    }

    /// The noise on a layer's inputs.
    fn on_inputs(&self, k: usize) -> Noise {
        match self.noises[k] {
            Noise::DropConnect(_) => Noise::Bernoulli(0.0),
            noise => noise,
        }
    }

    /// The mask of a layer's inputs for one row.
    fn mask(&self, k: usize, row: usize) -> Cow<'_, [f64]> {
        let width = self.layers[k].d_input;
        match self.noises[k] {
            Noise::DropConnect(_) => vec![1.0; width].into(),
            _ => self.masks[k][row * width..][..width].into(),
        }
    }

    /// The weight from `i` to `j` of layer `k`, under its mask.
    fn at(&self, k: usize, i: usize, j: usize) -> f64 {
        let weight = self.layers[k].at(i, j);
        match self.noises[k] {
            noise @ Noise::DropConnect(_) => {
                weight * factor(noise, self.masks[k][i * self.layers[k].d_output + j])
            }
            _ => weight,
        }
    }

    /// `dL/dz_{k-1}` from `dL/dz_k`.
    fn delta_below(
        &self,
        k: usize,
        row: usize,
        delta: &[f64],
        pass: &Row,
        terms: Terms,
    ) -> Vec<f64> {
        let (noise, mask) = (self.on_inputs(k), self.mask(k, row));
        let kept = mask.iter().map(|m| terms.of(factor(noise, *m)));
        let factors = kept.zip(self.derivatives(k - 1, pass, terms));
        let back = factors.enumerate().map(|(i, (kept, derivative))| {
            let products = delta.iter().enumerate();
            let back: f64 = products.map(|(j, d)| d * terms.of(self.at(k, i, j))).sum();
            back * kept * derivative
        });
        back.collect()
    }

    /// `f_k'(z_k)` for one row.
    fn derivatives(&self, k: usize, pass: &Row, terms: Terms) -> impl Iterator<Item = f64> {
        let f = self.activation_of(k);
        let pairs = pass.sums[k].iter().zip(&pass.outputs[k]);
        pairs.map(move |(z, h)| terms.derivative(f, *z, *h))
    }

    fn activation_of(&self, k: usize) -> Activation {
        if k + 1 == self.layers.len() {
            self.output
        } else {
            self.activation
        }
    }

    fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    fn target(&self, row: usize) -> &[f64] {
        let d_output = self.layers[self.layers.len() - 1].d_output;
        &self.targets[row * d_output..][..d_output]
    }

    fn loss_of_row(&self, output: &[f64], target: &[f64]) -> f64 {
        let pairs = output.iter().zip(target);
        match self.loss {
            Loss::SquaredError => pairs.map(|(o, t)| 0.5 * (t - o) * (t - o)).sum(),
            Loss::MeanSquaredError => {
                let sum: f64 = pairs.map(|(o, t)| (t - o) * (t - o)).sum();
                sum / self.targets.len() as f64
            }
            Loss::CrossEntropy => {
                let log_sum = log_sum_exp(output);
                let sum: f64 = pairs.map(|(o, t)| t * (log_sum - o)).sum();
                sum / self.rows() as f64
            }
            Loss::BinaryCrossEntropy => {
                let sum: f64 = pairs
                    .map(|(o, t)| t * log_sum_exp(&[0.0, -o]) + (1.0 - t) * log_sum_exp(&[0.0, *o]))
                    .sum();
                sum / self.targets.len() as f64
            }
        }
    }

    /// `dL/dh_n` for one row.
    fn loss_slopes(&self, output: &[f64], target: &[f64], terms: Terms) -> Vec<f64> {
        let pairs = output.iter().zip(target);
        match self.loss {
            Loss::SquaredError => pairs.map(|(o, t)| terms.of(*o) + terms.of(-t)).collect(),
            Loss::MeanSquaredError => pairs
                .map(|(o, t)| 2.0 * (terms.of(*o) + terms.of(-t)))
                .map(|slope| slope / self.targets.len() as f64)
                .collect(),
            Loss::BinaryCrossEntropy => pairs
                .map(|(o, t)| apply(Activation::Sigmoid, *o) + terms.of(-t))
                .map(|slope| slope / self.targets.len() as f64)
                .collect(),
            Loss::CrossEntropy => {
                let log_sum = log_sum_exp(output);
                let mass: f64 = target.iter().sum();
                pairs
                    .map(|(o, t)| (o - log_sum).exp() * mass + terms.of(-t))
                    .map(|slope| slope / self.rows() as f64)
                    .collect()
            }
        }
    }
}

impl LayerWeights {
    fn at(&self, i: usize, j: usize) -> f64 {
        self.weight[i * self.d_output + j]
    }

    /// Adds the outer product of a row's input and delta.
    fn accumulate(&mut self, input: &[f64], delta: &[f64], terms: Terms) {
        for (i, a) in input.iter().enumerate() {
            for (j, d) in delta.iter().enumerate() {
                self.weight[i * self.d_output + j] += terms.of(*a) * d;
            }
        }
        for (bias, d) in self.bias.iter_mut().flatten().zip(delta) {
            *bias += d;
        }
    }
}

fn zeros_like(layer: &LayerWeights) -> LayerWeights {
    LayerWeights {
        weight: vec![0.0; layer.weight.len()],
        bias: layer.bias.as_ref().map(|bias| vec![0.0; bias.len()]),
        ..*layer
    }
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().map(|value| (value - largest).exp()).sum();
    largest + sum.ln()
}

pub(super) fn apply(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Relu => z.max(0.0),
        Activation::Tanh => z.tanh(),
        Activation::Gelu => 0.5 * z * (1.0 + erf(z * FRAC_1_SQRT_2)),
        Activation::Silu => z / (1.0 + (-z).exp()),
        Activation::Selu if z > 0.0 => SELU[0] * z,
        Activation::Selu => SELU[0] * SELU[1] * (z.exp() - 1.0),
        Activation::Identity => z,
    }
}
