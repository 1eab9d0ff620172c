//! Whether a distribution moved between two periods.

use super::distribution::chi_square_quantile;
use super::estimate::{LEVEL, Refused, same_length};
use super::power::EMPTY_CELL;
use super::proportion::chi_square;

/// How far the counts of two periods over the same bins are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Population stability index.
    pub psi: f64,
    /// The value that no drift at all exceeds in one case of twenty, at these numbers of rows.
    pub limit: f64,
    /// p-value of equal distributions, by chi-square.
    pub p_value: f64,
    /// Bins that are empty in one period only, given half a count there.
    pub empty_bins: usize,
}

/// Returns the population stability index of `after` against `before` and what chance allows.
///
/// Counts over the same fixed bins. A bin that is empty in one period is given half a count
/// there, totals staying as they are; one that is empty in both is left out. The usual limits of
/// 0.1 and 0.25 mean nothing without the number of rows: use `limit`, χ²·(1/n + 1/m). Accounts
/// that are present in both periods make it conservative.
///
/// # Errors
/// When lengths differ, a period has no rows, or fewer than two bins have any.
///
/// # References
/// Yurdakul & Naranjo (2020) on the limit; `scipy.stats.chi2_contingency` for the p-value.
pub fn drift(before: &[u64], after: &[u64]) -> Result<Drift, Refused> {
    same_length(before.len(), after.len())?;
    let test = chi_square(&[before.to_vec(), after.to_vec()])?;
    let (n, m) = (
        before.iter().sum::<u64>() as f64,
        after.iter().sum::<u64>() as f64,
    );
    let (mut psi, mut empty_bins) = (0.0, 0);
    for (before, after) in before.iter().zip(after).filter(|(a, b)| **a + **b > 0) {
        empty_bins += usize::from(*before == 0 || *after == 0);
        let was = (*before as f64).max(EMPTY_CELL) / n;
        let is = (*after as f64).max(EMPTY_CELL) / m;
        psi += (is - was) * (is / was).ln();
    }
    Ok(Drift {
        psi,
        limit: chi_square_quantile(LEVEL, test.degrees) * (1.0 / n + 1.0 / m),
        p_value: test.p_value,
        empty_bins,
    })
}

#[cfg(test)]
mod tests {
    use super::super::bins::{bin_counts, bin_edges};
    use super::super::fixture::{cases, read, same};
    use super::super::random::Random;
    use super::*;

    #[test]
    fn figures_agree_with_numpy_and_scipy() {
        let fixture = read(include_str!("../../tests/fixtures/stats/drift.json"));
        for (name, case) in cases(&fixture) {
            let (before, after) = (case.counts("before"), case.counts("after"));
            let found = drift(&before, &after).unwrap();
            same(found.psi, case.number("psi"), name);
            same(found.p_value, case.number("p_value"), name);
            same(found.limit, case.number("limit"), name);
            same(drift(&after, &before).unwrap().psi, found.psi, name);
        }
    }

    #[test]
    fn an_empty_bin_has_half_a_count() {
        let found = drift(&[10, 0], &[5, 5]).unwrap();
        let expected = -0.5 * 0.5_f64.ln() + (0.5 - 0.05) * (0.5 / 0.05_f64).ln();
        same(found.psi, expected, "psi");
        assert_eq!(found.empty_bins, 1);
        assert_eq!(drift(&[10, 0, 3], &[5, 0, 1]).unwrap().empty_bins, 0);
        assert!(drift(&[10, 5], &[0, 0]).is_err() && drift(&[10], &[10]).is_err());
        assert_eq!(drift(&[1], &[1, 2]), Err(Refused::Lengths(1, 2)));
    }

    #[test]
    fn chance_alone_passes_the_usual_limits_in_small_quarters() {
        // Ten equal bins and nothing moved: the table of the review's method notes.
        // The limit is asymptotic: at 50 rows it is passed twice as often as at many.
        for (n, mean_psi, above, passed) in [
            (50, 0.402, 0.99, 0.1),
            (100, 0.188, 0.85, 0.07),
            (200, 0.094, 0.38, 0.06),
        ] {
            let samples = 2000;
            let (mut sum, mut usual, mut ours, mut tests) = (0.0, 0, 0, 0);
            for task in 0..samples {
                let mut random = Random::new(n, task);
                let mut quarter = || -> Vec<f64> { (0..n).map(|_| random.unit()).collect() };
                let edges: Vec<f64> = (1..10).map(|edge| f64::from(edge) / 10.0).collect();
                let (before, after) = (
                    bin_counts(&quarter(), &edges),
                    bin_counts(&quarter(), &edges),
                );
                let found = drift(&before, &after).unwrap();
                sum += found.psi;
                usual += u32::from(found.psi > 0.1);
                ours += u32::from(found.psi > found.limit);
                tests += u32::from(found.p_value < 0.05);
            }
            let share = |count: u32| f64::from(count) / samples as f64;
            let mean = sum / samples as f64;
            assert!(
                (mean - mean_psi).abs() < 0.02 * (1.0 + 100.0 / n as f64),
                "{n}: {mean}"
            );
            assert!((share(usual) - above).abs() < 0.04, "{n}: {}", share(usual));
            assert!((share(ours) - passed).abs() < 0.02, "{n}: {}", share(ours));
            assert!(share(tests) < 0.07, "{n}: {}", share(tests));
        }
    }

    #[test]
    fn edges_of_a_reference_keep_equal_values_together() {
        let edges = bin_edges(&[1.0, 1.0, 1.0, 1.0, 2.0, 3.0], 3);
        assert_eq!(
            bin_counts(&[0.0, 1.0, 1.0, 1.5, 9.0], &edges)
                .iter()
                .sum::<u64>(),
            5
        );
        assert_eq!(bin_edges(&[5.0; 8], 4), [5.0]);
        assert_eq!(bin_counts(&[5.0; 8], &[5.0]), [8, 0]);
        assert!(bin_edges(&[], 4).is_empty());
    }
}
