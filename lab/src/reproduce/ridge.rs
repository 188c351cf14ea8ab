//! Dropout on the inputs of a linear regression is ridge regression (Srivastava et al. 2014, section 9.1).
//!
//! With keep probability `p` and kept inputs scaled by `1 / p`, the expected squared error over all masks is
//!
//! ```text
//! E |y - (X * M / p) w|^2 = |y - X w|^2 + (1 - p) / p |G w|^2,    G = diag(X'X)^(1/2)
//! ```
//!
//! which is the paper's, whose inputs are not scaled, with `w` in place of `p w`. Its minimum is where
//! `(X'X + (1 - p) / p G^2) w = X'y`.

use dropwise::config::check_rate;
use dropwise::data::Dataset;
use dropwise::error::{Error, Result};

/// The weights that dropout at `rate` on the inputs of a linear regression comes to in expectation, for each target
/// `[d_input]`.
///
/// # Shapes
/// - result: `[d_output][d_input]`
///
/// # Errors
/// [`Error::InvalidValue`] if `rate` is no dropout rate, or if an input depends on others, or is always 0, so that
/// there are no such weights.
pub fn ridge(rows: &Dataset, rate: f64) -> Result<Vec<Vec<f64>>> {
    let rate = check_rate("rate", rate)?;
    let d_input = rows.d_input();
    let mut products = vec![0.0; d_input * d_input]; // X'X
    let mut moments = vec![vec![0.0; d_input]; rows.d_output()]; // X'y
    for row in 0..rows.len() {
        let (x, y) = (rows.input_row(row), rows.target_row(row));
        for (i, a) in x.iter().enumerate() {
            for (j, b) in x.iter().enumerate() {
                products[i * d_input + j] += a * b;
            }
            for (moment, y) in moments.iter_mut().zip(&y) {
                moment[i] += a * y;
            }
        }
    }
    for i in 0..d_input {
        products[i * d_input + i] *= 1.0 + rate / (1.0 - rate);
    }
    let Some(factor) = cholesky(products, d_input) else {
        let (what, expected) = ("the inputs", "inputs that do not depend on each other");
        return Err(Error::invalid(
            what,
            expected,
            "one that follows from others",
        ));
    };
    Ok(moments.into_iter().map(|b| solve(&factor, b)).collect())
}

/// The weights of least squares: those of [`ridge`] without dropout.
///
/// # Errors
/// As [`ridge`].
pub fn least_squares(rows: &Dataset) -> Result<Vec<Vec<f64>>> {
    ridge(rows, 0.0)
}

/// The lower triangle `L` with `L L' = A` of a symmetric positive definite matrix, row after row; none if it is
/// not.
fn cholesky(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for j in 0..n {
        for i in j..n {
            let before: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - before;
            if i == j {
                // What rounding leaves of zero is not taken for a number.
                if rest.is_nan() || rest <= 1e-12 * a[j * n + j].abs() {
                    return None;
                }
                a[j * n + j] = rest.sqrt();
            } else {
                a[i * n + j] = rest / a[j * n + j];
            }
        }
    }
    Some(a)
}

/// Solves `L L' x = b`.
fn solve(l: &[f64], mut x: Vec<f64>) -> Vec<f64> {
    let n = x.len();
    for i in 0..n {
        let before: f64 = (0..i).map(|k| l[i * n + k] * x[k]).sum();
        x[i] = (x[i] - before) / l[i * n + i];
    }
    for i in (0..n).rev() {
        let after: f64 = (i + 1..n).map(|k| l[k * n + i] * x[k]).sum();
        x[i] = (x[i] - after) / l[i * n + i];
    }
    x
}
