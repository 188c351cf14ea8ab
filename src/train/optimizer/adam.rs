//! Adam (Kingma and Ba 2015), and AdamW, which shrinks the weights beforehand (Loshchilov and Hutter 2019):
//!
//! ```text
//! m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
//! w = w - rate / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + epsilon)
//! ```

use super::rule::{Number, Rule};

const BETA_1: f64 = 0.9;
const EPSILON: f64 = 1e-8;

#[derive(Clone, Copy)]
pub(super) struct Adam {
    /// `rate / (1 - b1^t)`
    rate: f64,
    /// `1 / sqrt(1 - b2^t)`
    scale: f64,
    beta2: f64,
    /// What the parameters are multiplied by first: 1 but for AdamW.
    shrink: f64,
}

impl Adam {
    /// Of step `t`, counted from 1.
    pub(super) fn new((rate, beta2): (f64, f64), t: usize) -> Self {
        let t = t as f64;
        Adam {
            rate: rate / (1.0 - BETA_1.powf(t)),
            scale: 1.0 / (1.0 - beta2.powf(t)).sqrt(),
            beta2,
            shrink: 1.0,
        }
    }

    /// AdamW: weight decay apart from the gradient.
    pub(super) fn with_weight_decay(self, rate: f64, weight_decay: f64) -> Self {
        Adam {
            shrink: 1.0 - rate * weight_decay,
            ..self
        }
    }
}

impl Rule<2> for Adam {
    #[inline]
    fn step<N: Number>(self, w: N, g: N, [m, v]: [Option<N>; 2]) -> (N, [N; 2]) {
        let m = average(m, g.clone(), BETA_1).flush();
        let v = average(v, g.square(), self.beta2).flush();
        let denominator = v.clone().sqrt().times(self.scale).plus(EPSILON);
        let w = w.times(self.shrink) - (m.clone() / denominator).times(self.rate);
        (w, [m, v])
    }
}

/// The running average, which starts at 0.
#[inline]
fn average<N: Number>(old: Option<N>, new: N, beta: f64) -> N {
    let new = new.times(1.0 - beta);
    match old {
        Some(old) => old.times(beta) + new,
        None => new,
    }
}
