//! Where values lie in a sample or a distribution: ranks, quantiles, tails.

use statrs::distribution::{ChiSquared, Continuous, ContinuousCDF, Normal, StudentsT};

/// Returns, for each distinct value, the share of the sample below it in percent, with ties
/// counted half: the mid-rank distribution function. Values rise.
///
/// `values` are finite, in any order. More than `most` points are thinned evenly by rank; the
/// first and the last stay.
#[must_use]
pub fn mid_ranks(values: &[f64], most: usize) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let points: Vec<(f64, f64)> = sorted
        .chunk_by(|a, b| a == b)
        .scan(0.0, |below, ties| {
            let ties_count = ties.len() as f64;
            let share = 100.0 * (*below + ties_count / 2.0) / n;
            *below += ties_count;
            Some((ties[0], share))
        })
        .collect();
    if points.len() <= most || most < 2 {
        return points;
    }
    (0..most)
        .map(|k| points[k * (points.len() - 1) / (most - 1)])
        .collect()
}

/// Returns the median, the mean of the two middles of an even sample; `None` of an empty one.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// Returns the quantile at `share` (0 to 1) of values that rise, linear between neighbours;
/// `None` of an empty sample.
///
/// # References
/// Hyndman & Fan (1996), type 7: numpy's default.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor();
    let (low, high) = (sorted[below as usize], sorted[place.ceil() as usize]);
    // From the nearer end, as numpy does, so that equal neighbours give themselves.
    let part = place - below;
    Some(if part < 0.5 {
        low + (high - low) * part
    } else {
        high - (high - low) * (1.0 - part)
    })
}

/// Returns the rank of each value from 1, tied values sharing the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for ties in rising(values).chunk_by(|a, b| a.0 == b.0) {
        for (_, row) in ties {
            ranks[*row as usize] = below as f64 + (ties.len() as f64 + 1.0) / 2.0;
        }
        below += ties.len();
    }
    ranks
}

/// Returns the rows of `values` in rising order, each with its value as [`comparable`] has it;
/// rows of one value are in no particular order.
///
/// Sorting such pairs is several times faster than sorting rows by a look-up of their values.
pub(super) fn rising(values: &[f64]) -> Vec<(u64, u32)> {
    let mut pairs: Vec<(u64, u32)> = (values.iter().zip(0..))
        .map(|(value, row)| (comparable(*value), row))
        .collect();
    pairs.sort_unstable_by_key(|pair| pair.0);
    pairs
}

/// Returns a whole number that compares as a finite value does; the two zeros are one.
pub(super) fn comparable(value: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// Returns the value below which a standard normal falls with probability `p`.
pub(super) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Returns the probability of a standard normal below `z`.
pub(super) fn normal_below(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// Returns the value below which a Student t falls with probability `p`; infinite without a degree
/// of freedom.
pub(super) fn student_quantile(p: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(f64::INFINITY, |law| law.inverse_cdf(p))
}

/// Returns the probability of a standard normal at least as far from zero as `z`.
pub(super) fn normal_two_sided(z: f64) -> f64 {
    (2.0 * Normal::standard().sf(z.abs())).min(1.0)
}

/// Returns the probability of a Student t at least as far from zero as `t`.
pub(super) fn student_two_sided(t: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees).map_or(1.0, |law| (2.0 * law.sf(t.abs())).min(1.0))
}

/// Returns the probability of a chi-square at least as large as `value`.
pub(super) fn chi_square_above(value: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(1.0, |law| law.sf(value))
}

/// Returns the value below which a chi-square falls with probability `p`.
pub(super) fn chi_square_quantile(p: f64, degrees: f64) -> f64 {
    ChiSquared::new(degrees).map_or(0.0, |law| {
        let found = law.inverse_cdf(p);
        // The library stops nine digits in; one step of Newton's gives the rest.
        let step = (law.cdf(found) - p) / law.pdf(found);
        if step.is_finite() {
            found - step
        } else {
            found
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_count_half_below_themselves() {
        // scipy.stats.percentileofscore(kind="mean") of [1, 2, 2, 5] gives 12.5, 50 and 87.5.
        assert_eq!(
            mid_ranks(&[2.0, 5.0, 1.0, 2.0], 101),
            [(1.0, 12.5), (2.0, 50.0), (5.0, 87.5)]
        );
    }

    #[test]
    fn thinning_keeps_both_ends() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let points = mid_ranks(&values, 11);
        assert_eq!((points.len(), points[0].0, points[10].0), (11, 0.0, 999.0));
    }

    #[test]
    fn the_median_of_an_even_sample_lies_between() {
        assert_eq!(median(&[3.0, 1.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        // numpy.quantile([1, 2, 4, 8], [0, 0.1, 0.5, 0.9, 1]).
        let values = [1.0, 2.0, 4.0, 8.0];
        let found = [0.0, 0.1, 0.5, 0.9, 1.0].map(|share| quantile(&values, share).unwrap());
        for (found, expected) in found.iter().zip([1.0, 1.3, 3.0, 6.8, 8.0]) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[7.0], 0.975), Some(7.0));
    }

    #[test]
    fn tied_values_share_a_rank() {
        assert_eq!(
            ranks(&[2.0, 5.0, -0.0, 2.0, 0.0]),
            [3.5, 5.0, 1.5, 3.5, 1.5]
        );
    }
}
