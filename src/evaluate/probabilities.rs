//! Predictions that are probabilities: how likely the true class is, and whether they are calibrated.

use super::Metrics;

use crate::loss::{log_sum_exp, softplus};

/// As many as Guo et al. take.
pub const BINS: usize = 15;

/// What the probability of a class is computed from, without loss of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Logits of several classes that exclude each other.
    Softmax,
    /// The logit of the second of two classes.
    Sigmoid,
    /// The output is the probability of the second of two classes.
    Probability,
}

impl Origin {
    /// `-log p` of the true class, in nats. Logits are never turned into a probability first: that
    /// would round to 0, and the logarithm be infinite, where a logit is merely large.
    fn nll(self, output: &[f64], class: usize) -> f64 {
        match (self, class) {
            (Origin::Softmax, class) => log_sum_exp(output) - output[class],
            (Origin::Sigmoid, 0) => softplus(output[0]),
            (Origin::Sigmoid, _) => softplus(-output[0]),
            (Origin::Probability, 0) => -(1.0 - output[0]).ln(),
            (Origin::Probability, _) => -output[0].ln(),
        }
    }
}

/// Sums over rows of what probabilities are measured by.
#[derive(Debug, Clone)]
pub(super) struct Probabilities {
    origin: Origin,
    nll: f64,
    squares: f64,
    bins: [Bin; BINS],
}

/// Rows of like confidence.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bin {
    /// How many there are.
    pub rows: usize,
    /// The sum of their confidences.
    pub confidence: f64,
    /// How many of them are right.
    pub right: usize,
}

impl Probabilities {
    pub(super) fn new(origin: Origin) -> Self {
        Probabilities {
            origin,
            nll: 0.0,
            squares: 0.0,
            bins: [Bin::default(); BINS],
        }
    }

    /// `class` is the true class, `right` whether it was predicted.
    ///
    /// # Shapes
    /// - `output`, `prediction`, `target`: `[d_output]`
    pub(super) fn add(
        &mut self,
        output: &[f64],
        prediction: &[f64],
        target: &[f64],
        class: usize,
        right: bool,
    ) {
        self.nll += self.origin.nll(output, class);
        let pairs = prediction.iter().zip(target);
        self.squares += pairs.map(|(p, y)| (p - y) * (p - y)).sum::<f64>();
        let confidence = self.confidence(prediction);
        let bin = &mut self.bins[bin_of(confidence)];
        bin.rows += 1;
        bin.confidence += confidence;
        bin.right += usize::from(right);
    }

    pub(super) fn bins(&self) -> &[Bin; BINS] {
        &self.bins
    }

    /// The probability of the predicted class; not a number if any prediction is not.
    fn confidence(&self, prediction: &[f64]) -> f64 {
        let larger = |a: f64, b: f64| if b > a || b.is_nan() { b } else { a };
        match self.origin {
            Origin::Softmax => prediction.iter().copied().fold(0.0, larger),
            Origin::Sigmoid | Origin::Probability => larger(prediction[0], 1.0 - prediction[0]),
        }
    }

    /// Adds the metrics of probabilities.
    pub(super) fn finish(&self, metrics: &mut Metrics) {
        let rows = metrics.rows as f64;
        metrics.negative_log_likelihood = Some(self.nll / rows);
        metrics.brier_score = Some(self.squares / rows);
        // `sum_b n_b / n |accuracy_b - confidence_b|`, in which `n_b` cancels.
        let gaps = self.bins.iter();
        let gaps = gaps.map(|bin| (bin.right as f64 - bin.confidence).abs());
        metrics.expected_calibration_error = Some(gaps.sum::<f64>() / rows);
    }
}

/// Bin `b` holds the confidences in `(b / 15, (b + 1) / 15]`, the first one 0 too. What is not a number
/// falls into the first, and its sum is not a number from then on.
fn bin_of(confidence: f64) -> usize {
    let upper_edge = (confidence * BINS as f64).ceil() as usize; // NaN -> 0
    upper_edge.clamp(1, BINS) - 1
}

#[cfg(test)]
mod tests {
    use super::{BINS, bin_of};

    #[test]
    fn an_edge_between_bins_belongs_to_the_lower_one() {
        for k in 1..=BINS {
            let edge = k as f64 / BINS as f64;
            assert_eq!(bin_of(edge), k - 1, "{edge}");
            assert_eq!(bin_of(edge + 1e-9), k.min(BINS - 1), "above {edge}");
        }
        assert_eq!(bin_of(0.0), 0);
        assert_eq!(bin_of(f64::NAN), 0);
    }
}
