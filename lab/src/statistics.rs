//! What many numbers come to: quartiles, spread, and intervals that say how sure a share or a mean is.
//!
//! The intervals hold the true value in 95 of 100 repetitions.
//!
//! - A share of `k` in `n` has Wilson's interval (Wilson 1927), with `z` the normal quantile of 0.975:
//!   `(k + z^2/2 ± z sqrt(k (n - k) / n + z^2/4)) / (n + z^2)`. Unlike the usual `p ± z sqrt(p (1 - p) / n)` it
//!   stays between 0 and 1, and says something where all or none are counted.
//! - A mean has Student's: `mean ± t s / sqrt(n)`, with `t` the quantile of 0.975 at `n - 1` degrees of freedom
//!   and `s` the standard deviation. It is exact for normal values, good for others from some thirty on, and
//!   takes no random numbers, as a bootstrap would.
//!
//! - A difference of two means has Welch's: [`Interval::of_difference`].
//!
//! ```
//! use dropwise_lab::statistics::{Distribution, Interval};
//!
//! let errors = Distribution::of(&[0.25, 0.5, 0.75, 2.5]).unwrap();
//! assert_eq!((errors.mean, errors.median), (1.0, 0.625));
//!
//! let solved = Interval::of_share(3, 4);
//! assert!(solved.low > 0.30 && solved.high < 0.96);
//! ```

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// The normal distribution's quantile of 0.975.
const Z: f64 = 1.959_963_984_540_054;

/// The number that a standard normal one is below with the probability `share`, in (0, 1).
#[must_use]
pub fn normal_quantile(share: f64) -> f64 {
    let normal = statrs::distribution::Normal::new(0.0, 1.0);
    normal.map_or(f64::NAN, |normal| normal.inverse_cdf(share))
}

/// Student's quantile of 0.975. For many degrees of freedom it is that of the normal distribution and three terms more (Abramowitz and
/// Stegun 26.7.5), with an error of 2 / freedom^4: statrs becomes less exact there, takes ever longer, and does not end for tens of
/// millions.
fn student_quantile(freedom: f64) -> Option<f64> {
    const MANY: f64 = 1e3;
    if freedom < MANY {
        return Some(StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975));
    }
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
    Some(Z + (first + (second + third / freedom) / freedom) / freedom)
}

/// The range that a true value is in, at a confidence of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Wilson's interval of a share, where `count` of `all` were counted; `[0, 1]` if there are none at all.
    #[must_use]
    pub fn of_share(count: usize, all: usize) -> Self {
        if all == 0 {
            return Interval {
                low: 0.0,
                high: 1.0,
            };
        }
        let (count, all) = (count.min(all) as f64, all as f64);
        let center = count + Z * Z / 2.0;
        let half = Z * (count * (all - count) / all + Z * Z / 4.0).sqrt();
        Interval {
            // At the ends rounding may leave a little more or less than 0 and 1.
            low: ((center - half) / (all + Z * Z)).max(0.0),
            high: ((center + half) / (all + Z * Z)).min(1.0),
        }
    }

    /// Welch's interval of the difference of two means, `one - other`: Student's with `s^2 = s1^2 / n1 + s2^2 / n2`
    /// and `s^4 / (s1^4 / (n1^2 (n1 - 1)) + s2^4 / (n2^2 (n2 - 1)))` degrees of freedom (Welch 1947), which does
    /// not take both to be spread alike. None where one of them has fewer than two values.
    #[must_use]
    pub fn of_difference(one: &Distribution, other: &Distribution) -> Option<Self> {
        let squared = |of: &Distribution| Some(of.standard_deviation?.powi(2) / of.count as f64);
        let (a, b) = (squared(one)?, squared(other)?);
        let difference = one.mean - other.mean;
        if a + b == 0.0 {
            return Some(Interval {
                low: difference,
                high: difference,
            });
        }
        let rest = |squared: f64, of: &Distribution| squared.powi(2) / (of.count - 1) as f64;
        let freedom = (a + b).powi(2) / (rest(a, one) + rest(b, other));
        let half = student_quantile(freedom)? * (a + b).sqrt();
        Some(Interval {
            low: difference - half,
            high: difference + half,
        })
    }

    /// Student's interval of a mean; none for fewer than two values, which have no standard deviation.
    fn of_mean(mean: f64, deviation: f64, count: usize) -> Option<Self> {
        let freedom = count.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
        let half = student_quantile(freedom)? * deviation / (count as f64).sqrt();
        Some(Interval {
            low: mean - half,
            high: mean + half,
        })
    }
}

/// How numbers are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many there are.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Student's interval of the mean; none for one number.
    pub mean_interval: Option<Interval>,
    /// Their standard deviation, `sqrt(sum (x - mean)^2 / (count - 1))`; none for one number.
    pub standard_deviation: Option<f64>,
    /// The smallest.
    pub minimum: f64,
    /// A quarter of them is below it. It lies between the two numbers next to the place
    /// `(count - 1) / 4` in order, in proportion (Hyndman and Fan's type 7, NumPy's default).
    pub lower_quartile: f64,
    /// Half of them are below it.
    pub median: f64,
    /// Three quarters of them are below it.
    pub upper_quartile: f64,
    /// The largest.
    pub maximum: f64,
}

impl Distribution {
    /// As [`of`](Self::of), of numbers that are never below 0, such as errors: nor is the interval of their mean.
    #[must_use]
    pub fn of_errors(values: &[f64]) -> Option<Self> {
        let mut found = Distribution::of(values)?;
        if let Some(interval) = &mut found.mean_interval {
            interval.low = interval.low.max(0.0);
        }
        Some(found)
    }

    /// The distribution of `values`; none if there is no value, or one that is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if !values.iter().all(|value| value.is_finite()) {
            return None;
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (minimum, maximum) = (*sorted.first()?, *sorted.last()?);
        let count = sorted.len();
        let mean = sorted.iter().sum::<f64>() / count as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Distribution {
            count,
            mean,
            mean_interval: Interval::of_mean(mean, deviation.unwrap_or_default(), count),
            standard_deviation: deviation,
            minimum,
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
            maximum,
        })
    }
}

/// Between the two numbers next to the place `share * (count - 1)`, in proportion. `sorted` is not empty.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}
