//! The normal distribution, by additions, multiplications, divisions and roots alone, which round the same on every machine.

/// `1 / sqrt(2 pi)`
const PEAK: f64 = 0.398_942_280_401_432_7;

/// The density of a standard normal distribution.
pub(crate) fn density(x: f64) -> f64 {
    PEAK * exp_of_negative(0.5 * x * x)
}

/// The share of it that is below `x`, to 10 digits or more.
pub(crate) fn cdf(x: f64) -> f64 {
    let size = x.abs();
    let tail = if size < 4.5 {
        // 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ..), Marsaglia 2004: all terms are positive.
        let (mut term, mut sum, mut odd) = (size, size, 1.0);
        while term > 1e-17 * sum {
            odd += 2.0;
            term *= size * size / odd;
            sum += term;
        }
        0.5 - density(x) * sum
    } else {
        // phi(x) / (x + 1/(x + 2/(x + ..)))
        let fraction = (1..=60)
            .rev()
            .fold(size, |below, k| size + f64::from(k) / below);
        density(x) / fraction
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// `exp(-x)` for `x` of at least 0.
fn exp_of_negative(x: f64) -> f64 {
    if x > 700.0 {
        return 0.0;
    }
    // A sixty-fourth of it has a short series; its value is squared six times.
    let part = x / 64.0;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 0.0);
    while term > 1e-18 * sum {
        k += 1.0;
        term *= part / k;
        sum += term;
    }
    let power = (0..6).fold(sum, |power, _| power * power);
    1.0 / power
}

/// The numbers below which `(k + 1/2) / count` of a standard normal distribution is, for `k` of 0 to `count - 1`, `count` even, scaled to a
/// variance of exactly 1; they are symmetric about 0.
pub(crate) fn quantiles(count: usize) -> Vec<f64> {
    const STEPS: usize = 8;

    let half = count / 2;
    let mut lower = Vec::with_capacity(half);
    let mut x = -4.5;
    for k in 0..half {
        let share = (k as f64 + 0.5) / count as f64;
        // Newton's method; the function is convex here.
        for _ in 0..STEPS {
            x -= (cdf(x) - share) / density(x);
        }
        lower.push(x);
    }
    let squares: f64 = lower.iter().map(|x| x * x).sum();
    let scale = (squares / half as f64).sqrt();
    let upper = lower.iter().rev().map(|x| -x / scale);
    lower.iter().map(|x| x / scale).chain(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::{cdf, density, quantiles};

    /// By SciPy 1.17.1, `norm.cdf` and `norm.pdf`.
    #[test]
    fn the_normal_distribution_is_that_of_scipy() {
        for (x, expected) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-2.5, 0.006_209_665_325_776_132),
            (3.99, 0.999_966_963_352_370_6),
            (-6.0, 9.865_876_450_376_946e-10),
        ] {
            let found = cdf(x);
            assert!((found / expected - 1.0).abs() < 1e-10, "{x}: {found}");
        }
        assert!((density(1.5) / 0.129_517_595_665_891_74 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn quantiles_are_in_order_with_mean_0_and_variance_1() {
        let found = quantiles(1 << 16);
        assert_eq!(found.len(), 1 << 16);
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
        let count = found.len() as f64;
        assert!(found.iter().sum::<f64>().abs() < 1e-9);
        let squares: f64 = found.iter().map(|x| x * x).sum();
        assert!((squares / count - 1.0).abs() < 1e-12);
        let fourth: f64 = found.iter().map(|x| x.powi(4)).sum();
        assert!((fourth / count - 3.0).abs() < 0.01, "{}", fourth / count);
        // By SciPy, `norm.ppf(0.975)`: the 16 bits stand for shares between.
        let share = found
            .iter()
            .filter(|x| **x < -1.959_963_984_540_054)
            .count() as f64
            / count;
        assert!((share - 0.025).abs() < 1e-4, "{share}");
    }
}
