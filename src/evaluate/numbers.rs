//! Predictions of numbers: how far off, and against how much there is to explain.

use super::Metrics;

/// Sums over rows for one target of a regression, in the units of the data.
#[derive(Debug, Clone, Default)]
pub(super) struct RegressionSums {
    rows: usize,
    squared_errors: f64,
    mean: f64,
    /// `sum (target - mean)^2`
    squared_deviations: f64,
}

impl RegressionSums {
    pub(super) fn add(&mut self, prediction: f64, target: f64) {
        self.squared_errors += (target - prediction) * (target - prediction);
        // Welford's update: a sum of squares less the squared sum would lose the digits of targets
        // such as years, which are large and vary little.
        self.rows += 1;
        let deviation = target - self.mean;
        self.mean += deviation / self.rows as f64;
        self.squared_deviations += deviation * (target - self.mean);
    }

    /// Adds the metrics of a regression: the means over its targets.
    pub(super) fn finish(targets: &[Self], metrics: &mut Metrics) {
        let count = targets.len() as f64;
        let r2: Option<f64> = targets.iter().map(Self::r2).sum();
        metrics.rmse = Some(targets.iter().map(Self::rmse).sum::<f64>() / count);
        metrics.r2 = r2.map(|sum| sum / count);
    }

    fn rmse(&self) -> f64 {
        (self.squared_errors / self.rows as f64).sqrt()
    }

    /// `None` if the target is the same in every row.
    fn r2(&self) -> Option<f64> {
        (self.squared_deviations > 0.0).then(|| 1.0 - self.squared_errors / self.squared_deviations)
    }
}
