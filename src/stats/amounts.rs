//! How much a weighting by amount leaves of a sample.

use super::estimate::{Refused, weights};

/// Returns the number of equal rows that would tell as much as the weighted ones: (Σw)²/Σw².
///
/// # Errors
/// When a weight is negative or not finite, or all are zero.
///
/// # References
/// Kish (1965).
pub fn effective_n(weight: &[f64]) -> Result<f64, Refused> {
    let parts = parts_of_largest(weight)?;
    let squares: f64 = parts.iter().map(|part| part * part).sum();
    Ok(parts.iter().sum::<f64>().powi(2) / squares)
}

/// Returns the share of the largest weight in the total.
///
/// # Errors
/// When a weight is negative or not finite, or all are zero.
pub fn largest_share(weight: &[f64]) -> Result<f64, Refused> {
    Ok(1.0 / parts_of_largest(weight)?.iter().sum::<f64>())
}

/// Returns each weight as a part of the largest, in rising order, so that no sum of amounts
/// overflows.
fn parts_of_largest(weight: &[f64]) -> Result<Vec<f64>, Refused> {
    weights(Some(weight), weight.len())?;
    let mut sorted = weight.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let largest = sorted.last().copied().unwrap_or(0.0);
    if largest <= 0.0 {
        return Err(Refused::NoRows);
    }
    Ok(sorted.iter().map(|weight| weight / largest).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_large_customer_leaves_little_of_the_sample() {
        assert_eq!(effective_n(&[5.0; 40]), Ok(40.0));
        // 10² / (7² + 3·1²) = 100 / 52.
        let effective = effective_n(&[1.0, 7.0, 1.0, 1.0, 0.0]).unwrap();
        assert!((effective - 100.0 / 52.0).abs() < 1e-12);
        assert_eq!(largest_share(&[1.0, 7.0, 1.0, 1.0, 0.0]), Ok(0.7));
        assert_eq!(effective_n(&[0.0, 0.0]), Err(Refused::NoRows));
    }

    #[test]
    fn extreme_amounts_do_not_overflow() {
        assert_eq!(effective_n(&[1e300, 1e300]), Ok(2.0));
    }
}
