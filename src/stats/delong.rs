//! The interval of an AUC, and of the difference between two on the same rows, without resampling.
//!
//! Rows must be independent: one row per account. Where an account stands several times, use the
//! clustered bootstrap.

use super::distribution::{normal_two_sided, rising};
use super::estimate::{Estimate, Refused, finite, same_length};

/// An AUC with its DeLong interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delong {
    /// The AUC; its interval does not leave [0, 1].
    pub auc: Estimate,
    /// Standard error of the AUC.
    pub standard_error: f64,
}

/// Two AUCs on the same rows, and their difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDelong {
    /// AUC of the first risk.
    pub first: f64,
    /// AUC of the second risk.
    pub second: f64,
    /// First less second; the interval does not leave [−1, 1].
    pub difference: Estimate,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// The difference in standard errors.
    pub z: f64,
    /// Two-sided p-value of no difference.
    pub p_value: f64,
}

/// Returns the AUC of `risk` (higher: the event is more likely) with its DeLong interval.
///
/// Kinds are 64-bit and their squares 128-bit whole numbers, so nothing overflows or rounds.
///
/// # Errors
/// When there are fewer than two events or two non-events, or no variation: a perfect, a
/// perfectly wrong or a constant risk has no interval.
///
/// # References
/// DeLong, DeLong & Clarke-Pearson (1988) in O(n log n), Sun & Xu (2014); R `pROC::ci.auc`.
pub fn delong(risk: &[f64], event: &[bool]) -> Result<Delong, Refused> {
    let counts = Kinds::of(event)?;
    let placements = placements(risk, event)?;
    let standard_error = counts.error(&placements, event);
    if standard_error == 0.0 {
        return Err(Refused::NoVariation);
    }
    Ok(Delong {
        auc: Estimate::normal(counts.auc(&placements, event), standard_error).clamped(0.0, 1.0),
        standard_error,
    })
}

/// Returns the AUCs of two risks on the same rows and the difference, first less second.
///
/// Two risks that order the rows alike differ by exactly 0, with p-value 1.
///
/// # Errors
/// As [`delong`]; also when the AUCs differ without any variation.
///
/// # References
/// DeLong, DeLong & Clarke-Pearson (1988); R `pROC::roc.test(paired = TRUE, method = "delong")`.
pub fn delong_paired(
    first: &[f64],
    second: &[f64],
    event: &[bool],
) -> Result<PairedDelong, Refused> {
    let counts = Kinds::of(event)?;
    let (first, second) = (placements(first, event)?, placements(second, event)?);
    let minus: Vec<i64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
    let standard_error = counts.error(&minus, event);
    let (first, second) = (counts.auc(&first, event), counts.auc(&second, event));
    let difference = first - second;
    if standard_error == 0.0 && difference != 0.0 {
        return Err(Refused::NoVariation);
    }
    let z = if difference == 0.0 {
        0.0
    } else {
        difference / standard_error
    };
    Ok(PairedDelong {
        first,
        second,
        difference: Estimate::normal(difference, standard_error).clamped(-1.0, 1.0),
        standard_error,
        z,
        p_value: normal_two_sided(z),
    })
}

/// Returns, for each row, twice the number of rows of the other kind below it, ties half.
fn placements(risk: &[f64], event: &[bool]) -> Result<Vec<i64>, Refused> {
    same_length(risk.len(), event.len())?;
    finite(risk, "risk")?;
    let mut placements = vec![0; risk.len()];
    let (mut events_below, mut others_below) = (0, 0);
    for ties in rising(risk).chunk_by(|a, b| a.0 == b.0) {
        let events = ties.iter().filter(|(_, row)| event[*row as usize]).count() as i64;
        let others = ties.len() as i64 - events;
        for (_, row) in ties {
            placements[*row as usize] = if event[*row as usize] {
                2 * others_below + others
            } else {
                2 * events_below + events
            };
        }
        events_below += events;
        others_below += others;
    }
    Ok(placements)
}

/// Rows of either kind.
struct Kinds {
    events: i64,
    others: i64,
}

impl Kinds {
    fn of(event: &[bool]) -> Result<Self, Refused> {
        let events = event.iter().filter(|event| **event).count();
        let others = event.len() - events;
        match (events, others) {
            (0, _) => Err(Refused::NoEvents),
            (_, 0) => Err(Refused::NoNonEvents),
            (found @ 1, _) | (_, found @ 1) => Err(Refused::FewRows { found, needed: 2 }),
            _ => Ok(Self {
                events: events as i64,
                others: others as i64,
            }),
        }
    }

    fn auc(&self, placements: &[i64], event: &[bool]) -> f64 {
        let wins: i64 = of_kind(placements, event, true).sum();
        wins as f64 / 2.0 / self.events as f64 / self.others as f64
    }

    /// Returns the standard error of the mean placement of events plus that of the others.
    fn error(&self, placements: &[i64], event: &[bool]) -> f64 {
        let part = |kind: bool, own: i64, other: i64| {
            variance(of_kind(placements, event, kind), own)
                / own as f64
                / (2.0 * other as f64).powi(2)
        };
        (part(true, self.events, self.others) + part(false, self.others, self.events)).sqrt()
    }
}

fn of_kind<'a>(
    placements: &'a [i64],
    event: &'a [bool],
    kind: bool,
) -> impl Iterator<Item = i64> + 'a {
    let rows = placements.iter().zip(event);
    rows.filter(move |(_, event)| **event == kind)
        .map(|(placement, _)| *placement)
}

/// Returns the sample variance of `n` whole numbers. All sums are exact: no row order shows, and
/// none overflows below 10⁹ rows.
fn variance(values: impl Iterator<Item = i64>, n: i64) -> f64 {
    let (mut sum, mut squares) = (0_i128, 0_i128);
    for value in values {
        sum += i128::from(value);
        squares += i128::from(value).pow(2);
    }
    let n = i128::from(n);
    (n * squares - sum * sum) as f64 / (n * (n - 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Case, cases, part, pick, read, same, shuffled};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/delong.json");

    fn agrees(first: &[f64], second: &[f64], event: &[bool], case: Case, name: &str) {
        let alone = delong(first, event).unwrap();
        let interval = case.numbers("first_interval");
        same(alone.auc.value, case.number("first_auc"), name);
        same(alone.standard_error, case.number("standard_error"), name);
        same(alone.auc.low, interval[0], name);
        same(alone.auc.high, interval[1], name);
        let paired = delong_paired(first, second, event).unwrap();
        let interval = case.numbers("difference_interval");
        same(paired.first, case.number("first_auc"), name);
        same(paired.second, case.number("second_auc"), name);
        same(paired.z, case.number("z"), name);
        same(paired.p_value, case.number("p_value"), name);
        same(paired.difference.low, interval[0].max(-1.0), name);
        same(paired.difference.high, interval[1].min(1.0), name);
    }

    #[test]
    fn intervals_and_differences_agree_with_proc() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (first, second) = (case.numbers("first"), case.numbers("second"));
            agrees(&first, &second, &case.flags("event"), case, name);
        }
    }

    #[test]
    fn two_hundred_thousand_rows_agree_with_proc() {
        // The rows of make.R.
        let rows = 0..200_000_u64;
        let event: Vec<bool> = rows.clone().map(|i| i * 104_729 % 1000 < 120).collect();
        let risk = |a: u64, b: u64, m: u64, d: u64, lift: u64| -> Vec<f64> {
            let of = |i: u64| (i * a + b) % m / d + lift * u64::from(event[i as usize]);
            rows.clone().map(|i| of(i) as f64).collect()
        };
        let first = risk(7919, 13, 100_003, 37, 300);
        let second = risk(6101, 7, 100_019, 41, 250);
        let fixture = read(FIXTURE);
        agrees(&first, &second, &event, part(&fixture, "large"), "large");
        let auc = delong(&first, &event).unwrap().auc;
        assert!(auc.low < auc.value && auc.value < auc.high && auc.high < 1.0);
    }

    #[test]
    fn row_order_changes_no_bit() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (first, second) = (case.numbers("first"), case.numbers("second"));
            let event = case.flags("event");
            for seed in 0..5 {
                let order = shuffled(event.len(), seed);
                let (a, b, e) = (
                    pick(&first, &order),
                    pick(&second, &order),
                    pick(&event, &order),
                );
                assert_eq!(delong(&a, &e), delong(&first, &event), "{name}");
                let paired = delong_paired(&first, &second, &event);
                assert_eq!(delong_paired(&a, &b, &e), paired, "{name}");
                let swapped = delong_paired(&b, &a, &e).unwrap();
                assert_eq!(swapped.difference.value, -paired.unwrap().difference.value);
            }
        }
    }

    #[test]
    fn two_risks_of_one_order_do_not_differ() {
        let risk = [1.0, 3.0, 2.0, 5.0, 4.0, 2.0];
        let event = [false, true, false, true, false, true];
        let other: Vec<f64> = risk.iter().map(|risk| risk * 20.0 - 7.0).collect();
        let paired = delong_paired(&risk, &other, &event).unwrap();
        assert_eq!((paired.difference.value, paired.p_value), (0.0, 1.0));
        assert_eq!((paired.difference.low, paired.difference.high), (0.0, 0.0));
    }

    #[test]
    fn no_interval_is_made_of_no_variation() {
        let event = [true, true, false, false, false];
        let perfect = [9.0, 8.0, 1.0, 2.0, 3.0];
        assert_eq!(delong(&perfect, &event), Err(Refused::NoVariation));
        assert_eq!(delong(&[1.0; 5], &event), Err(Refused::NoVariation));
        assert_eq!(
            delong_paired(&perfect, &[1.0; 5], &event),
            Err(Refused::NoVariation)
        );
        let one = delong(&perfect[1..], &event[1..]);
        assert_eq!(
            one,
            Err(Refused::FewRows {
                found: 1,
                needed: 2
            })
        );
        assert_eq!(delong(&perfect[2..], &event[2..]), Err(Refused::NoEvents));
    }
}
