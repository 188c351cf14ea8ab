//! The lowest point of a function of one number.

/// Where a function with one valley between `low` and `high` is lowest, by golden-section search (Kiefer 1953): to a
/// ten-millionth of the range.
pub(super) fn lowest(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 34; // 0.618^34 = 8e-8
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let inner = |low: f64, high: f64| [high - golden * (high - low), low + golden * (high - low)];
    let [mut a, mut b] = inner(low, high);
    let (mut at_a, mut at_b) = (f(a), f(b));
    for _ in 0..STEPS {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = inner(low, high)[0];
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = inner(low, high)[1];
            at_b = f(b);
        }
    }
    f64::midpoint(low, high)
}
