//! Gradient descent: `w = w - rate g`, and with momentum `v = momentum v + dampening g; w = w - rate v`.
//!
//! PyTorch's convention has a dampening of 1. That of Hinton et al. 2012 has `1 - momentum`: a gradient counts the less
//! the larger the momentum, in the first step too (PyTorch's `dampening` spares that one).

use super::rule::{Number, Rule};

/// Without momentum.
#[derive(Clone, Copy)]
pub(super) struct Sgd {
    pub(super) rate: f64,
}

impl Rule<0> for Sgd {
    #[inline]
    fn step<N: Number>(self, w: N, g: N, []: [Option<N>; 0]) -> (N, [N; 0]) {
        (w - g.times(self.rate), [])
    }
}

/// With momentum, now or in a later step: a ramp may start at 0, and its first gradient is still part of the next
/// velocity.
#[derive(Clone, Copy)]
pub(super) struct SgdMomentum {
    pub(super) rate: f64,
    pub(super) momentum: f64,
    /// What a gradient is multiplied by before it enters the velocity.
    pub(super) dampening: f64,
}

impl Rule<1> for SgdMomentum {
    #[inline]
    fn step<N: Number>(self, w: N, g: N, [v]: [Option<N>; 1]) -> (N, [N; 1]) {
        let g = g.times(self.dampening);
        let v = match v {
            Some(v) => v.times(self.momentum) + g,
            None => g,
        };
        let v = v.flush();
        (w - v.clone().times(self.rate), [v])
    }
}
