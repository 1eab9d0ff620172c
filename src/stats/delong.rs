//! The interval of an AUC, and of the difference between two on the same rows, without resampling.
//!
//! Rows must be independent: one row per account. Where an account stands several times, use the
//! clustered bootstrap.

use super::distribution::{normal_two_sided, ranks};
use super::estimate::{Estimate, Refused, finite, same_length};

/// A standard error below this is rounding of zero.
const NEGLIGIBLE: f64 = 1e-14;

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
/// Ranks and counts are doubles, exact for any number of rows that fits in memory.
///
/// # Errors
/// When there are fewer than two events or two non-events, or no variation: a perfect, a
/// perfectly wrong or a constant risk has no interval.
///
/// # References
/// DeLong, DeLong & Clarke-Pearson (1988) by the ranks of Sun & Xu (2014); R `pROC::ci.auc`.
pub fn delong(risk: &[f64], event: &[bool]) -> Result<Delong, Refused> {
    let parts = Placements::of(risk, event)?;
    let standard_error = error(&parts.events, &parts.others);
    if standard_error < NEGLIGIBLE {
        return Err(Refused::NoVariation);
    }
    Ok(Delong {
        auc: Estimate::normal(parts.auc, standard_error).clamped(0.0, 1.0),
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
    let (first, second) = (
        Placements::of(first, event)?,
        Placements::of(second, event)?,
    );
    let minus =
        |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
    let standard_error = error(
        &minus(&first.events, &second.events),
        &minus(&first.others, &second.others),
    );
    let difference = first.auc - second.auc;
    if standard_error < NEGLIGIBLE && difference != 0.0 {
        return Err(Refused::NoVariation);
    }
    let z = if difference == 0.0 {
        0.0
    } else {
        difference / standard_error
    };
    Ok(PairedDelong {
        first: first.auc,
        second: second.auc,
        difference: Estimate::normal(difference, standard_error).clamped(-1.0, 1.0),
        standard_error,
        z,
        p_value: normal_two_sided(z),
    })
}

/// For each event the share of non-events it beats, for each non-event the share of events that
/// beat it, ties half; in row order, so that two risks can be paired.
struct Placements {
    auc: f64,
    events: Vec<f64>,
    others: Vec<f64>,
}

impl Placements {
    fn of(risk: &[f64], event: &[bool]) -> Result<Self, Refused> {
        same_length(risk.len(), event.len())?;
        finite(risk, "risk")?;
        let pick = |values: &[f64], kind: bool| -> Vec<f64> {
            let rows = values
                .iter()
                .zip(event)
                .filter(|(_, event)| **event == kind);
            rows.map(|(value, _)| *value).collect()
        };
        let (event_risks, other_risks) = (pick(risk, true), pick(risk, false));
        let (n_events, n_others) = (event_risks.len(), other_risks.len());
        match (n_events, n_others) {
            (0, _) => return Err(Refused::NoEvents),
            (_, 0) => return Err(Refused::NoNonEvents),
            (found @ 1, _) | (_, found @ 1) => return Err(Refused::FewRows { found, needed: 2 }),
            _ => {}
        }
        // A rank among all rows less the rank among one's own kind counts those of the other
        // kind below, ties half.
        let among_all = ranks(risk);
        let below = |kind: bool, own: &[f64]| -> Vec<f64> {
            let all = pick(&among_all, kind);
            all.iter()
                .zip(ranks(own))
                .map(|(all, own)| all - own)
                .collect()
        };
        let wins = below(true, &event_risks);
        let (n_events, n_others) = (n_events as f64, n_others as f64);
        Ok(Self {
            // Halves up to 2⁵² are exact, so this sum has no order.
            auc: wins.iter().sum::<f64>() / n_events / n_others,
            events: wins.iter().map(|wins| wins / n_others).collect(),
            others: (below(false, &other_risks).iter())
                .map(|losses| 1.0 - losses / n_events)
                .collect(),
        })
    }
}

/// Returns the standard error of a mean over events plus one over non-events.
fn error(events: &[f64], others: &[f64]) -> f64 {
    (variance(events) / events.len() as f64 + variance(others) / others.len() as f64).sqrt()
}

/// Returns the sample variance, summed in rising order so that row order cannot show.
fn variance(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    sorted
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (n - 1.0)
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
