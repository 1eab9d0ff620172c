//! Many looks at the same data.

/// Returns the p-values adjusted for a false-discovery rate, in the order given: those at most
/// 0.05 are discoveries of which 5 % are expected to be false.
///
/// `p_values` lie in 0–1; leave refused tests out before.
///
/// # References
/// Benjamini & Hochberg (1995); statsmodels `multipletests(method="fdr_bh")`.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len() as f64;
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (below, row) in order.iter().enumerate().rev() {
        smallest = smallest.min(p_values[*row] * n / (below as f64 + 1.0));
        adjusted[*row] = smallest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{part, pick, read, same, shuffled};
    use super::*;

    #[test]
    fn adjusted_values_agree_with_statsmodels() {
        let fixture = read(include_str!("../../tests/fixtures/stats/power.json"));
        let case = part(&fixture, "benjamini_hochberg");
        let (p_values, expected) = (case.numbers("p_values"), case.numbers("adjusted"));
        let found = benjamini_hochberg(&p_values);
        for (found, expected) in found.iter().zip(&expected) {
            same(*found, *expected, "adjusted");
        }
        let order = shuffled(p_values.len(), 10);
        assert_eq!(
            benjamini_hochberg(&pick(&p_values, &order)),
            pick(&found, &order)
        );
        assert!(benjamini_hochberg(&[]).is_empty());
    }
}
