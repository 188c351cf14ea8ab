//! What an optimizer's rule is written in: once, for single numbers and for whole tensors.

use std::ops::{Add, Div, Mul, Sub};

use burn::tensor::Tensor;

/// How an optimizer changes a parameter `w` with the gradient `g`, and `K` running averages of the gradients so far
/// with it. An average is `None` before the first step.
pub(in crate::train) trait Rule<const K: usize>: Copy + Sync {
    /// The parameter and the averages after the step.
    fn step<N: Number>(self, w: N, g: N, averages: [Option<N>; K]) -> (N, [N; K]);
}

/// A number of a parameter, or a tensor of them.
pub(in crate::train) trait Number:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// Times a factor, which is rounded to the precision of the number first, as Burn does.
    fn times(self, factor: f64) -> Self;
    /// Plus a number, rounded likewise.
    fn plus(self, number: f64) -> Self;
    fn square(self) -> Self;
    fn sqrt(self) -> Self;
    /// 1, -1, or 0 for what is neither above 0 nor below.
    fn sign(self) -> Self;
    /// 0 in place of a subnormal number, where that is to be had for nothing: some processors take many times as long
    /// to compute with each of them, and the average of a weight that no longer has a gradient, such as that of a
    /// ReLU that never fires, would fade into them and stay, since the smallest times 0.95 rounds to itself.
    fn flush(self) -> Self;
}

macro_rules! number {
    ($float:ty) => {
        impl Number for $float {
            #[inline]
            fn times(self, factor: f64) -> Self {
                self * factor as $float
            }

            #[inline]
            fn plus(self, number: f64) -> Self {
                self + number as $float
            }

            #[inline]
            fn square(self) -> Self {
                self * self
            }

            #[inline]
            fn sqrt(self) -> Self {
                self.sqrt()
            }

            #[inline]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else {
                    0.0
                }
            }

            #[inline]
            fn flush(self) -> Self {
                if self.abs() < <$float>::MIN_POSITIVE {
                    <$float>::copysign(0.0, self)
                } else {
                    self
                }
            }
        }
    };
}

number!(f32);
number!(f64);

impl<const D: usize> Number for Tensor<D> {
    fn times(self, factor: f64) -> Self {
        // Not worth a pass over memory, and it changes no bit.
        if factor == 1.0 {
            return self;
        }
        self.mul_scalar(factor)
    }

    fn plus(self, number: f64) -> Self {
        self.add_scalar(number)
    }

    fn square(self) -> Self {
        Tensor::<D>::square(self)
    }

    fn sqrt(self) -> Self {
        Tensor::<D>::sqrt(self)
    }

    fn sign(self) -> Self {
        Tensor::<D>::sign(self)
    }

    fn flush(self) -> Self {
        self
    }
}

/// A rule whose gradient has those of an L2 and of an L1 penalty added: `g + l2 w + l1 sign(w)`. Which of them there are
/// is known to the compiler, so that a loop over numbers need not ask for each.
#[derive(Clone, Copy)]
pub(super) struct Penalized<R, const L2: bool, const L1: bool> {
    pub(super) rule: R,
    pub(super) l2: f64,
    pub(super) l1: f64,
}

impl<R: Rule<K>, const L2: bool, const L1: bool, const K: usize> Rule<K> for Penalized<R, L2, L1> {
    #[inline]
    fn step<N: Number>(self, w: N, g: N, averages: [Option<N>; K]) -> (N, [N; K]) {
        let g = if L2 { g + w.clone().times(self.l2) } else { g };
        let g = if L1 {
            g + w.clone().sign().times(self.l1)
        } else {
            g
        };
        self.rule.step(w, g, averages)
    }
}
