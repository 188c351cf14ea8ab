//! Predictions of numbers: how far off, and against how much there is to explain.

/// Sums over rows for one target of a regression, in the units of the data.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    rows: usize,
    squared_errors: f64,
    mean: f64,
    /// `sum (target - mean)^2`
    squared_deviations: f64,
}

impl Numbers {
    pub(super) fn add(&mut self, prediction: f64, target: f64) {
        self.squared_errors += (target - prediction) * (target - prediction);
        // Welford's update: a sum of squares less the squared sum would lose the digits of targets
        // such as years, which are large and vary little.
        self.rows += 1;
        let deviation = target - self.mean;
        self.mean += deviation / self.rows as f64;
        self.squared_deviations += deviation * (target - self.mean);
    }

    pub(super) fn rmse(&self) -> f64 {
        (self.squared_errors / self.rows as f64).sqrt()
    }

    /// None if the target is the same in every row.
    pub(super) fn r2(&self) -> Option<f64> {
        (self.squared_deviations > 0.0).then(|| 1.0 - self.squared_errors / self.squared_deviations)
    }
}
