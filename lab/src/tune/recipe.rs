//! How much is tried.

use serde::{Deserialize, Serialize};

use dropwise::error::{Error, Result};

/// How much the recipe tries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Units of each hidden layer to begin with. Default 8.
    pub first_width: usize,
    /// The most units that a hidden layer may get, in growing as in searching. Default 1024.
    pub max_width: usize,
    /// The learning rates to grow with, as multiples of the experiment's. Default: a tenth to ten times, five in
    /// equal ratios.
    pub rates: Vec<f64>,
    /// The share of a regression target's variance that may be left when a network counts as fitting. Default 0.01.
    pub unexplained: f64,
    /// How many times the grown width is searched at least, in doublings. Default 8: the tutorial's width, and the
    /// paper's `n / p` for the rates 1/2, 3/4 and 7/8. An experiment that is wider itself is searched up to its own
    /// width. The search without dropout has the same widths.
    pub widen: usize,
    /// Trials with dropout, and as many without. Default 24.
    pub trials: usize,
    /// Trials of each search that run at once, before the sampler sees a result of any of them. It does not follow
    /// the number of cores, so that the study is the same on every machine. Default 4.
    pub generation: usize,
    /// Settings of each search that are trained again with other seeds, before the best of them is chosen. Default
    /// 4.
    pub finalists: usize,
    /// Networks, each with a seed of its own, that a finalist is judged by, and that the chosen setting is trained
    /// with in the end. Default 5.
    pub seeds: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            first_width: 8,
            max_width: 1024,
            rates: vec![0.1, 0.316, 1.0, 3.16, 10.0],
            unexplained: 0.01,
            widen: 8,
            trials: 24,
            generation: 4,
            finalists: 4,
            seeds: 5,
        }
    }
}

impl Recipe {
    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            ("first_width", self.first_width),
            ("trials", self.trials),
            ("generation", self.generation),
            ("finalists", self.finalists),
            ("seeds", self.seeds),
            ("rates", self.rates.len()),
            ("widen", self.widen),
        ];
        for (what, count) in counts {
            if count == 0 {
                return Err(Error::invalid(what, "at least 1", 0));
            }
        }
        if self.max_width < self.first_width {
            let expected = format!("at least the first width, {}", self.first_width);
            return Err(Error::invalid("max_width", expected, self.max_width));
        }
        if let Some(rate) = self
            .rates
            .iter()
            .find(|rate| !rate.is_finite() || **rate <= 0.0)
        {
            return Err(Error::invalid("rates", "multiples above 0", rate));
        }
        Ok(())
    }
}
