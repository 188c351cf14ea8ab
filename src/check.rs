//! Checks of single values, each with an error that names the value.

use crate::error::{Error, Result};

/// An upper bound that turns typos into errors.
const MOST_UNITS: usize = 65_536;

pub(crate) fn check_hidden(what: &str, hidden: &[usize]) -> Result<()> {
    let expected = format!("1 to {MOST_UNITS} units in every layer");
    match hidden
        .iter()
        .position(|units| !(1..=MOST_UNITS).contains(units))
    {
        Some(k) => {
            let found = format!("{} in layer {}", hidden[k], k + 1);
            Err(Error::invalid(what, expected, found))
        }
        None => Ok(()),
    }
}

pub(crate) fn check_count(what: &str, count: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::invalid(what, "a whole number of at least 1", 0));
    }
    Ok(())
}

/// Checks a dropout rate: a number of at least 0 and below 1.
///
/// # Errors
/// [`Error::InvalidValue`] that names the rate as `what`, for every other number and NaN.
pub fn check_rate(what: &str, rate: f64) -> Result<f64> {
    if (0.0..1.0).contains(&rate) {
        Ok(rate)
    } else {
        Err(Error::invalid(
            what,
            "a dropout rate of at least 0 and below 1",
            rate,
        ))
    }
}

pub(crate) fn check_share(what: &str, share: f64) -> Result<()> {
    if (0.0..1.0).contains(&share) {
        Ok(())
    } else {
        Err(Error::invalid(
            what,
            "a fraction of at least 0 and below 1",
            share,
        ))
    }
}

pub(crate) fn check_above_zero(what: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(Error::invalid(what, "a finite number above 0", value))
    }
}

pub(crate) fn check_not_negative(what: &str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(Error::invalid(what, "a finite number of at least 0", value))
    }
}
