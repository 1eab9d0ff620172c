//! Cutting values into bins of about equal count, ties kept together.

use super::distribution::quantile;

/// Returns the inner edges that cut `values` into at most `bins` bins of about equal count.
///
/// A bin holds what lies above its lower edge and at or below its upper one, so equal values
/// share a bin; edges that coincide are given once, and fewer bins than asked for may come back.
///
/// # References
/// scikit-learn `calibration_curve(strategy="quantile")`.
#[must_use]
pub fn bin_edges(values: &[f64], bins: usize) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..bins)
        .filter_map(|edge| quantile(&sorted, edge as f64 / bins as f64))
        .collect();
    edges.dedup();
    edges
}

/// Returns the bin of a value: the number of inner edges below it.
#[must_use]
pub fn bin_of(value: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge < value)
}

/// Returns how many values lie in each bin.
#[must_use]
pub fn bin_counts(values: &[f64], edges: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; edges.len() + 1];
    for value in values {
        counts[bin_of(*value, edges)] += 1;
    }
    counts
}
