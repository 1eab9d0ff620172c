//! Pure mathematics on slices; no frames, no domain words.

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
}
