//! What one metric tells about the event: information value, rank correlation, shape.

use super::bins::{bin_edges, bin_of};
use super::distribution::{normal_quantile, ranks, student_two_sided};
use super::estimate::{LEVEL, Refused, finite, same_length};
use super::proportion::difference_at;

/// The count that an empty cell is given, so that its logarithm exists.
pub(super) const EMPTY_CELL: f64 = 0.5;

/// Information value of a metric, and the bins it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct InformationValue {
    /// Sum over bins of (share of non-events − share of events) · weight of evidence.
    pub value: f64,
    /// The bins, rising; the missing values, if any, last.
    pub bins: Vec<PowerBin>,
    /// Bins in which an empty cell was given half a count.
    pub smoothed_bins: usize,
}

/// One bin of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerBin {
    /// Smallest value; `None` for the bin of missing values.
    pub lowest: Option<f64>,
    /// Largest value; `None` for the bin of missing values.
    pub highest: Option<f64>,
    /// Rows in the bin.
    pub n: usize,
    /// Those with the event.
    pub events: usize,
    /// ln(share of non-events / share of events): above 0 where the event is rarer than usual.
    pub weight_of_evidence: f64,
}

/// Returns the information value over at most `bins` bins of about equal count, ties kept
/// together; missing values are a bin of their own.
///
/// A bin without an event, or without a non-event, is given half a count there; totals stay as
/// they are. With nothing to find, the value is about (bins − 1)·(1/events + 1/non-events), not 0.
///
/// # Errors
/// When lengths differ, a value is not finite, or either kind of row is missing.
///
/// # References
/// Siddiqi (2006); optbinning's binning table, given the same bins.
pub fn information_value(
    values: &[Option<f64>],
    event: &[bool],
    bins: usize,
) -> Result<InformationValue, Refused> {
    same_length(values.len(), event.len())?;
    let present: Vec<f64> = values.iter().flatten().copied().collect();
    finite(&present, "value")?;
    let all_events = event.iter().filter(|event| **event).count();
    let all_others = event.len() - all_events;
    if all_events == 0 {
        return Err(Refused::NoEvents);
    }
    if all_others == 0 {
        return Err(Refused::NoNonEvents);
    }
    let edges = bin_edges(&present, bins);
    let bin = |value: Option<f64>| value.map_or(edges.len() + 1, |value| bin_of(value, &edges));
    let mut rows: Vec<(usize, Option<f64>, bool)> = (values.iter().zip(event))
        .map(|(value, event)| (bin(*value), *value, *event))
        .collect();
    let order = |value: Option<f64>| value.unwrap_or(0.0);
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(order(a.1).total_cmp(&order(b.1))));
    let (mut value, mut smoothed_bins, mut found) = (0.0, 0, Vec::new());
    for bin in rows.chunk_by(|a, b| a.0 == b.0) {
        let events = bin.iter().filter(|(_, _, event)| *event).count();
        let others = bin.len() - events;
        smoothed_bins += usize::from(events == 0 || others == 0);
        let share = |count: usize, all: usize| (count as f64).max(EMPTY_CELL) / all as f64;
        let (of_others, of_events) = (share(others, all_others), share(events, all_events));
        let weight_of_evidence = (of_others / of_events).ln();
        value += (of_others - of_events) * weight_of_evidence;
        found.push(PowerBin {
            lowest: bin[0].1,
            highest: bin[bin.len() - 1].1,
            n: bin.len(),
            events,
            weight_of_evidence,
        });
    }
    Ok(InformationValue {
        value,
        bins: found,
        smoothed_bins,
    })
}

/// A correlation with the p-value of there being none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// The correlation, −1 to 1.
    pub value: f64,
    /// Two-sided p-value by Student's t.
    pub p_value: f64,
    /// Rows it rests on.
    pub n: usize,
}

/// Returns the rank correlation of two columns; tied values share the mean of their ranks.
///
/// # Errors
/// When lengths differ, a value is not finite, there are fewer than three rows, or one column
/// does not vary.
///
/// # References
/// Spearman (1904); `scipy.stats.spearmanr`.
pub fn spearman(first: &[f64], second: &[f64]) -> Result<Correlation, Refused> {
    same_length(first.len(), second.len())?;
    finite(first, "value")?;
    finite(second, "value")?;
    let found = first.len();
    if found < 3 {
        return Err(Refused::FewRows { found, needed: 3 });
    }
    let value = correlation(&ranks(first), &ranks(second)).ok_or(Refused::OneValue("value"))?;
    let n = found as f64;
    let t = value * ((n - 2.0) / ((1.0 + value) * (1.0 - value))).sqrt();
    Ok(Correlation {
        value,
        p_value: if t.is_finite() {
            student_two_sided(t, n - 2.0)
        } else {
            0.0
        },
        n: found,
    })
}

/// Returns Pearson's correlation, or `None` where a column does not vary. Rows are summed in an
/// order that depends on what they say only.
pub(super) fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    let mut rows: Vec<(f64, f64)> = first.iter().copied().zip(second.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let varies = |pick: fn(&(f64, f64)) -> f64| rows.iter().any(|row| pick(row) != pick(&rows[0]));
    if rows.is_empty() || !varies(|row| row.0) || !varies(|row| row.1) {
        return None;
    }
    let n = rows.len() as f64;
    let x = rows.iter().map(|row| row.0).sum::<f64>() / n;
    let y = rows.iter().map(|row| row.1).sum::<f64>() / n;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in rows {
        xx += (a - x) * (a - x);
        yy += (b - y) * (b - y);
        xy += (a - x) * (b - y);
    }
    // In this form equal spreads give exactly ±1, and no product overflows.
    Some((xy / xx * (xx / yy).sqrt()).clamp(-1.0, 1.0))
}

/// How the rate of the event moves along a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It rises somewhere and falls nowhere.
    Rising,
    /// It falls somewhere and rises nowhere.
    Falling,
    /// It rises and falls.
    Turning,
    /// No two bins can be told apart.
    Flat,
}

/// Returns the shape of the event rate over at most `bins` bins of about equal count.
///
/// A rise or a fall is a pair of bins, neighbours or not, whose difference is established: its
/// Newcombe interval, at 95 % for all pairs together, leaves out 0. Chance wiggles do not count.
///
/// # Errors
/// When lengths differ, a value is not finite, or all values are the same.
pub fn shape(values: &[f64], event: &[bool], bins: usize) -> Result<Shape, Refused> {
    same_length(values.len(), event.len())?;
    finite(values, "value")?;
    let edges = bin_edges(values, bins);
    let mut counts = vec![(0.0, 0.0); edges.len() + 1];
    for (value, event) in values.iter().zip(event) {
        let (events, n) = &mut counts[bin_of(*value, &edges)];
        *events += f64::from(u8::from(*event));
        *n += 1.0;
    }
    counts.retain(|(_, n)| *n > 0.0);
    if counts.len() < 2 {
        return Err(Refused::OneValue("value"));
    }
    let pairs = (counts.len() * (counts.len() - 1) / 2) as f64;
    let z = normal_quantile(1.0 - (1.0 - LEVEL) / 2.0 / pairs);
    let (mut rises, mut falls) = (false, false);
    for (at, low) in counts.iter().enumerate() {
        for high in &counts[at + 1..] {
            let step = difference_at(*high, *low, z)?;
            rises |= step.low > 0.0;
            falls |= step.high < 0.0;
        }
    }
    Ok(match (rises, falls) {
        (true, false) => Shape::Rising,
        (false, true) => Shape::Falling,
        (true, true) => Shape::Turning,
        (false, false) => Shape::Flat,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, pick, read, same, shuffled, whole};
    use super::super::random::Random;
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/power.json");

    #[test]
    fn correlations_agree_with_scipy() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["spearman"]) {
            let (first, second) = (case.numbers("first"), case.numbers("second"));
            let found = spearman(&first, &second).unwrap();
            same(found.value, case.number("value"), name);
            same(found.p_value, case.number("p_value"), name);
            let order = shuffled(first.len(), 8);
            assert_eq!(
                spearman(&pick(&first, &order), &pick(&second, &order)),
                Ok(found)
            );
        }
        let perfect = spearman(&[1.0, 2.0, 3.0, 9.0], &[2.0, 4.0, 8.0, 16.0]).unwrap();
        assert_eq!((perfect.value, perfect.p_value), (1.0, 0.0));
        assert_eq!(
            spearman(&[1.0; 3], &[1.0, 2.0, 3.0]),
            Err(Refused::OneValue("value"))
        );
        let two = spearman(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!(
            two,
            Err(Refused::FewRows {
                found: 2,
                needed: 3
            })
        );
    }

    #[test]
    fn information_values_agree_with_optbinning() {
        let fixture = read(include_str!(
            "../../tests/fixtures/stats/information_value.json"
        ));
        let case = whole(&fixture);
        let (values, event) = (case.optional_numbers("values"), case.flags("event"));
        let bins = case.number("bins") as usize;
        let found = information_value(&values, &event, bins).unwrap();
        same(found.value, case.number("value"), "value");
        assert_eq!(found.smoothed_bins, 0);
        let counts = |of: fn(&PowerBin) -> usize| -> Vec<u64> {
            found.bins.iter().map(|bin| of(bin) as u64).collect()
        };
        assert_eq!(counts(|bin| bin.n), case.counts("n"));
        assert_eq!(counts(|bin| bin.events), case.counts("events"));
        for (bin, expected) in found.bins.iter().zip(case.numbers("weights_of_evidence")) {
            same(bin.weight_of_evidence, expected, "weight of evidence");
        }
        assert_eq!(found.bins.last().map(|bin| bin.lowest), Some(None));
        let order = shuffled(event.len(), 9);
        let moved = information_value(&pick(&values, &order), &pick(&event, &order), bins);
        assert_eq!(moved, Ok(found));
    }

    #[test]
    fn an_empty_cell_gets_half_a_count() {
        let values: Vec<Option<f64>> = (0..8).map(|row| Some(f64::from(row / 4))).collect();
        let event = [false, false, false, false, true, true, false, false];
        let found = information_value(&values, &event, 2).unwrap();
        // Events 0.5 and 2 of 2, non-events 4 and 2 of 6.
        let low = (4.0 / 6.0 - 0.25) * (4.0 / 6.0 / 0.25_f64).ln();
        let high = (2.0 / 6.0 - 1.0) * (2.0 / 6.0_f64).ln();
        same(found.value, low + high, "value");
        assert_eq!((found.bins.len(), found.smoothed_bins), (2, 1));
        assert_eq!(
            information_value(&values, &[false; 8], 2),
            Err(Refused::NoEvents)
        );
        assert_eq!(
            information_value(&values, &[true; 8], 2),
            Err(Refused::NoNonEvents)
        );
        // A metric that is missing everywhere is one bin that tells nothing.
        let nothing = information_value(&[None; 8], &event, 5).unwrap();
        assert_eq!((nothing.value, nothing.bins.len()), (0.0, 1));
    }

    #[test]
    fn a_shape_is_claimed_only_when_established() {
        let mut random = Random::new(12, 0);
        let values: Vec<f64> = (0..2000).map(|row| f64::from(row % 50)).collect();
        let mut draw = |rate: &dyn Fn(f64) -> f64| -> Vec<bool> {
            values
                .iter()
                .map(|value| random.unit() < rate(*value))
                .collect()
        };
        let rising = draw(&|value| 0.1 + value / 100.0);
        let falling = draw(&|value| 0.7 - value / 100.0);
        let turning = draw(&|value| 0.1 + (value - 25.0).abs() / 40.0);
        assert_eq!(shape(&values, &rising, 5), Ok(Shape::Rising));
        assert_eq!(shape(&values, &falling, 5), Ok(Shape::Falling));
        assert_eq!(shape(&values, &turning, 5), Ok(Shape::Turning));
        let claims = (0..200)
            .filter(|_| shape(&values[..300], &draw(&|_| 0.3)[..300], 5) != Ok(Shape::Flat))
            .count();
        assert!(
            claims <= 15,
            "{claims} of 200 unrelated metrics were given a shape"
        );
        assert_eq!(
            shape(&[1.0; 9], &rising[..9], 5),
            Err(Refused::OneValue("value"))
        );
    }
}
