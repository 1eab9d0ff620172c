//! How good probabilities are: Brier score, log loss, calibration error.

use rayon::prelude::*;

use super::bins::{bin_edges, bin_of};
use super::distribution::quantile;
use super::estimate::{LEVEL, Refused, probabilities, same_length, weights};
use super::random::Random;

/// Simulations behind the calibration error that perfect calibration would show.
const SIMULATIONS: usize = 1000;

/// A loss beside that of always saying the base rate.
///
/// Losses of groups with different base rates cannot be compared; skills are the better guide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The mean loss; smaller is better.
    pub value: f64,
    /// The loss of saying the base rate of these rows for every row.
    pub base: f64,
    /// 1 − value/base: 1 is perfect, 0 no better than the base rate, negative worse.
    pub skill: f64,
}

/// Returns the mean squared error of the probabilities of the event.
///
/// # Errors
/// When lengths differ, a probability lies outside 0–1, or all rows have or lack the event
/// (the base rate's own value is 0 then, and there is no skill).
///
/// # References
/// Brier (1950); scikit-learn `brier_score_loss`.
pub fn brier(
    probability: &[f64],
    event: &[bool],
    weight: Option<&[f64]>,
) -> Result<Scored, Refused> {
    let losses = brier_rows(probability, event)?;
    scored(&losses, event, weight, |rate| rate * (1.0 - rate))
}

/// Returns the mean negative log-likelihood, in nats. A probability of 0 or 1 counts as one
/// rounding error away from it, so a certain mistake costs 36 nats, not infinity.
///
/// # Errors
/// As [`brier`].
///
/// # References
/// scikit-learn `log_loss`.
pub fn log_loss(
    probability: &[f64],
    event: &[bool],
    weight: Option<&[f64]>,
) -> Result<Scored, Refused> {
    let losses = log_loss_rows(probability, event)?;
    scored(&losses, event, weight, |rate| {
        -rate * rate.ln() - (1.0 - rate) * (1.0 - rate).ln()
    })
}

/// Returns the squared error of each row, whose mean is the Brier score.
///
/// # Errors
/// When lengths differ or a probability lies outside 0–1.
pub fn brier_rows(probability: &[f64], event: &[bool]) -> Result<Vec<f64>, Refused> {
    rows(probability, event, |p, event| {
        (p - f64::from(u8::from(event))).powi(2)
    })
}

/// Returns the negative log-likelihood of each row, whose mean is the log loss.
///
/// # Errors
/// When lengths differ or a probability lies outside 0–1.
pub fn log_loss_rows(probability: &[f64], event: &[bool]) -> Result<Vec<f64>, Refused> {
    rows(probability, event, |p, event| {
        let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        if event { -p.ln() } else { -(1.0 - p).ln() }
    })
}

fn rows(
    probability: &[f64],
    event: &[bool],
    loss: impl Fn(f64, bool) -> f64,
) -> Result<Vec<f64>, Refused> {
    same_length(probability.len(), event.len())?;
    probabilities(probability)?;
    Ok(probability
        .iter()
        .zip(event)
        .map(|(p, event)| loss(*p, *event))
        .collect())
}

fn scored(
    losses: &[f64],
    event: &[bool],
    weight: Option<&[f64]>,
    of_base_rate: impl Fn(f64) -> f64,
) -> Result<Scored, Refused> {
    weights(weight, losses.len())?;
    let weight = |row: usize| weight.map_or(1.0, |weight| weight[row]);
    let mut order: Vec<usize> = (0..losses.len()).collect();
    // In an order that depends on what the rows say only.
    order.sort_unstable_by(|a, b| {
        let by_loss = losses[*a].total_cmp(&losses[*b]);
        let by_weight = weight(*a).total_cmp(&weight(*b));
        by_loss.then(by_weight).then(event[*a].cmp(&event[*b]))
    });
    let (mut sum, mut events, mut others) = (0.0, 0.0, 0.0);
    for row in order {
        sum += weight(row) * losses[row];
        *(if event[row] { &mut events } else { &mut others }) += weight(row);
    }
    if events + others <= 0.0 {
        return Err(Refused::NoRows);
    }
    if events <= 0.0 {
        return Err(Refused::NoEvents);
    }
    if others <= 0.0 {
        return Err(Refused::NoNonEvents);
    }
    let value = sum / (events + others);
    let base = of_base_rate(events / (events + others));
    Ok(Scored {
        value,
        base,
        skill: 1.0 - value / base,
    })
}

/// A calibration error beside what chance alone would show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationError {
    /// Mean distance, over rows, between a bin's mean probability and its rate.
    pub value: f64,
    /// Bins with rows in them.
    pub bins: usize,
    /// Mean of the same figure if every probability were exactly right, at this number of rows.
    pub if_perfect: f64,
    /// Its 95 % point: a value below it is no evidence of miscalibration.
    pub if_perfect_high: f64,
}

/// Returns the expected calibration error over at most `bins` bins of about equal count, with
/// ties kept together, and its value under perfect calibration from 1,000 seeded simulations.
///
/// # Errors
/// When lengths differ, a probability lies outside 0–1, or there are no rows.
///
/// # References
/// Naeini, Cooper & Hauskrecht (2015); bins as scikit-learn
/// `calibration_curve(strategy="quantile")`. Bröcker & Smith (2007) on its value under
/// perfect calibration.
pub fn expected_calibration_error(
    probability: &[f64],
    event: &[bool],
    bins: usize,
    seed: u64,
) -> Result<CalibrationError, Refused> {
    expected_calibration_errors(&[(probability, event)], bins, seed).remove(0)
}

/// Returns the [`expected_calibration_error`] of each of some probabilities with their events.
///
/// Every simulation draws one number a row, the same for all of them: to draw it once for all is
/// most of the work saved.
#[must_use]
pub fn expected_calibration_errors(
    said: &[(&[f64], &[bool])],
    bins: usize,
    seed: u64,
) -> Vec<Result<CalibrationError, Refused>> {
    let binned: Vec<Result<Binned, Refused>> = (said.iter())
        .map(|(probability, event)| Binned::new(probability, event, bins))
        .collect();
    let every: Vec<&Binned> = binned.iter().flatten().collect();
    let most = every.iter().map(|own| own.sorted.len()).max().unwrap_or(0);
    let simulated: Vec<Vec<f64>> = (0..SIMULATIONS)
        .into_par_iter()
        .map_init(
            || vec![0.0; most],
            |drawn, task| {
                let mut random = Random::new(seed, task as u64);
                drawn.fill_with(|| random.unit());
                every.iter().map(|own| own.simulated(drawn)).collect()
            },
        )
        .collect();
    let mut places = 0..;
    binned
        .iter()
        .map(|own| {
            let own = own.as_ref().map_err(Clone::clone)?;
            let place = places.next().unwrap_or(0);
            let mut simulated: Vec<f64> = simulated.iter().map(|all| all[place]).collect();
            simulated.sort_unstable_by(f64::total_cmp);
            Ok(CalibrationError {
                value: own.error(&own.events),
                bins: own.ends.len(),
                if_perfect: simulated.iter().sum::<f64>() / SIMULATIONS as f64,
                if_perfect_high: quantile(&simulated, LEVEL).unwrap_or(0.0),
            })
        })
        .collect()
}

/// Probabilities in bins.
struct Binned {
    /// The probabilities, rising.
    sorted: Vec<f64>,
    /// Where each bin with rows in it ends among them.
    ends: Vec<usize>,
    /// Sum of the probabilities in each of those bins.
    expected: Vec<f64>,
    /// Events in each of them.
    events: Vec<f64>,
}

impl Binned {
    fn new(probability: &[f64], event: &[bool], bins: usize) -> Result<Self, Refused> {
        same_length(probability.len(), event.len())?;
        probabilities(probability)?;
        if probability.is_empty() {
            return Err(Refused::NoRows);
        }
        let edges = bin_edges(probability, bins);
        let mut sorted = probability.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (mut ends, mut expected) = (Vec::new(), Vec::new());
        for bin in sorted.chunk_by(|a, b| bin_of(*a, &edges) == bin_of(*b, &edges)) {
            ends.push(ends.last().unwrap_or(&0) + bin.len());
            expected.push(bin.iter().sum());
        }
        let mut events = vec![0.0; ends.len()];
        for (p, _) in probability.iter().zip(event).filter(|(_, event)| **event) {
            let below = sorted.partition_point(|other| other < p);
            events[ends.partition_point(|end| *end <= below)] += 1.0;
        }
        Ok(Self {
            sorted,
            ends,
            expected,
            events,
        })
    }

    /// Returns the error where so many events are in the bins.
    fn error(&self, events: &[f64]) -> f64 {
        // n_b/n · |mean p − rate| = |Σp − events|/n.
        let both = self.expected.iter().zip(events);
        both.map(|(p, events)| (p - events).abs()).sum::<f64>() / self.sorted.len() as f64
    }

    /// Returns the error where a row has the event if its number, in 0–1, is below its probability.
    fn simulated(&self, drawn: &[f64]) -> f64 {
        let mut start = 0;
        let events: Vec<f64> = (self.ends.iter())
            .map(|end| {
                let rows = self.sorted[start..*end].iter().zip(&drawn[start..*end]);
                start = *end;
                rows.map(|(p, drawn)| u64::from(drawn < p)).sum::<u64>() as f64
            })
            .collect();
        self.error(&events)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, part, pick, read, same, shuffled};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/probability.json");

    #[test]
    fn losses_agree_with_scikit_learn() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (p, event, weight) = (
                case.numbers("probability"),
                case.flags("event"),
                case.weight(),
            );
            let found = brier(&p, &event, weight.as_deref()).unwrap();
            same(found.value, case.number("brier"), name);
            same(found.base, case.number("brier_base"), name);
            same(
                found.skill,
                1.0 - case.number("brier") / case.number("brier_base"),
                name,
            );
            let found = log_loss(&p, &event, weight.as_deref()).unwrap();
            same(found.value, case.number("log_loss"), name);
            same(found.base, case.number("log_loss_base"), name);
        }
    }

    #[test]
    fn row_order_changes_no_bit() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (p, event, weight) = (
                case.numbers("probability"),
                case.flags("event"),
                case.weight(),
            );
            let all = |order: &[usize]| {
                let weight = weight.as_ref().map(|weight| pick(weight, order));
                let (p, event) = (pick(&p, order), pick(&event, order));
                (
                    brier(&p, &event, weight.as_deref()),
                    log_loss(&p, &event, weight.as_deref()),
                    expected_calibration_error(&p, &event, 5, 1),
                )
            };
            let as_given: Vec<usize> = (0..p.len()).collect();
            assert_eq!(all(&shuffled(p.len(), 2)), all(&as_given), "{name}");
        }
    }

    #[test]
    fn a_calibration_error_stands_beside_that_of_perfect_calibration() {
        let fixture = read(FIXTURE);
        let case = part(&fixture, "calibration_error");
        let (p, event) = (case.numbers("probability"), case.flags("event"));
        let found = expected_calibration_error(&p, &event, 10, 42).unwrap();
        assert_eq!(found.bins, 4);
        same(found.value, case.number("value"), "value");
        // The exact mean is 0.0525; a thousand simulations come within four standard errors.
        let exact = case.number("if_perfect");
        assert!(
            (found.if_perfect - exact).abs() < 0.0025,
            "{} {exact}",
            found.if_perfect
        );
        assert!(found.if_perfect_high > 1.3 * exact && found.if_perfect_high < 2.5 * exact);
        // Certain probabilities that come true leave nothing to chance.
        let certain = expected_calibration_error(&[0.0, 1.0], &[false, true], 2, 1).unwrap();
        assert_eq!((certain.value, certain.if_perfect), (0.0, 0.0));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        assert_eq!(brier(&[0.5], &[true], None), Err(Refused::NoNonEvents));
        assert_eq!(log_loss(&[0.5], &[false], None), Err(Refused::NoEvents));
        assert_eq!(brier(&[], &[], None), Err(Refused::NoRows));
        let outside = Refused::OutOfRange("probability", "0 to 1");
        assert_eq!(brier(&[50.0], &[true], None), Err(outside));
        let zero = brier(&[0.5, 0.5], &[true, false], Some(&[0.0, 0.0]));
        assert_eq!(zero, Err(Refused::NoRows));
    }
}
