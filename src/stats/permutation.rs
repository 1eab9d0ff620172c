//! What an AUC would be if nothing were there.

use rayon::prelude::*;

use super::distribution::{normal_two_sided, quantile, ranks};
use super::estimate::{LEVEL, Refused, finite, same_length};
use super::random::Random;

/// An AUC beside those of labels shuffled within strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// The AUC of the labels as they are.
    pub auc: f64,
    /// Mean AUC of the shuffled labels; not one half when risk and rate differ between strata.
    pub mean: f64,
    /// 2.5 % point of the shuffled labels.
    pub low: f64,
    /// 97.5 % point of the shuffled labels.
    pub high: f64,
    /// Share of shuffles at least as far from their mean, the labels as they are among them.
    pub p_value: f64,
}

/// Where chance lies when labels are shuffled within strata, and how far from it they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankSum {
    /// Mean AUC over all shuffles.
    pub mean: f64,
    /// Two-sided p-value of the labels as they are.
    pub p_value: f64,
}

/// Returns the AUC of `risk` beside its distribution when labels are shuffled within each
/// stratum (a quarter, say), so that only what the risk knows inside a stratum counts.
///
/// Rows must be exchangeable within a stratum: one row per account.
///
/// # Errors
/// When lengths differ, a risk is not finite, either kind of row is missing, or no stratum holds
/// both kinds (no shuffle would change anything).
///
/// # References
/// Good (2005); the p-value counts the data themselves, Phipson & Smyth (2010).
pub fn permutation_null(
    risk: &[f64],
    event: &[bool],
    stratum: &[u32],
    permutations: usize,
    seed: u64,
) -> Result<Null, Refused> {
    same_length(risk.len(), event.len())?;
    same_length(risk.len(), stratum.len())?;
    finite(risk, "risk")?;
    let auc = of_rank_sum(event)?;
    let ranks = ranks(risk);
    let strata = strata(&ranks, event, stratum);
    if strata
        .iter()
        .all(|(ranks, events)| *events == 0 || *events == ranks.len())
    {
        return Err(Refused::NoVariation);
    }
    let observed = rank_sum(&ranks, event);
    let mut null: Vec<f64> = (0..permutations)
        .into_par_iter()
        .map_init(
            || strata.clone(),
            |scratch, task| {
                let mut random = Random::new(seed, task as u64);
                let mut sum = 0.0;
                for ((ranks, events), (sorted, _)) in scratch.iter_mut().zip(&strata) {
                    // From the same start each time: what another task left must not show.
                    ranks.copy_from_slice(sorted);
                    for place in 0..*events {
                        let other = place + random.below(ranks.len() - place);
                        ranks.swap(place, other);
                        sum += ranks[place];
                    }
                }
                auc(sum)
            },
        )
        .collect();
    null.sort_unstable_by(f64::total_cmp);
    let mean = null.iter().sum::<f64>() / permutations as f64;
    let auc = auc(observed);
    // A shuffle that equals the data must not lose to it by rounding.
    let distance = (auc - mean).abs() - 1e-12;
    let as_far = null
        .iter()
        .filter(|value| (**value - mean).abs() >= distance)
        .count();
    let at = |share| quantile(&null, share).ok_or(Refused::NoRows);
    Ok(Null {
        auc,
        mean,
        low: at(0.5 - LEVEL / 2.0)?,
        high: at(0.5 + LEVEL / 2.0)?,
        p_value: (as_far as f64 + 1.0) / (permutations as f64 + 1.0),
    })
}

/// Returns the mean AUC of labels shuffled within each stratum, and the two-sided p-value of the
/// AUC of the labels as they are, without shuffling any: mean and spread of the rank sum under all
/// shuffles are known, and its law is taken for normal.
///
/// Of few shuffles none is rarer than one in so many, too coarse where thousands of p-values are
/// adjusted for each other.
///
/// # Errors
/// As [`permutation_null`]; also when every risk of a stratum with both kinds is the same.
///
/// # References
/// Van Elteren (1960) on common ranks; in one stratum, with ties,
/// `scipy.stats.mannwhitneyu(method="asymptotic", use_continuity=False)`.
pub fn rank_sum_within(risk: &[f64], event: &[bool], stratum: &[u32]) -> Result<RankSum, Refused> {
    same_length(risk.len(), event.len())?;
    same_length(risk.len(), stratum.len())?;
    finite(risk, "risk")?;
    let auc = of_rank_sum(event)?;
    let ranks = ranks(risk);
    let observed = rank_sum(&ranks, event);
    let (mut expected, mut variance) = (0.0, 0.0);
    for (own, events) in strata(&ranks, event, stratum) {
        let (n, events) = (own.len() as f64, events as f64);
        let mean = own.iter().sum::<f64>() / n;
        let squares: f64 = own.iter().map(|rank| (rank - mean).powi(2)).sum();
        expected += events * mean;
        if events > 0.0 && events < n {
            variance += events * (n - events) / n * squares / (n - 1.0);
        }
    }
    if variance <= 0.0 {
        return Err(Refused::NoVariation);
    }
    Ok(RankSum {
        mean: auc(expected),
        p_value: normal_two_sided((observed - expected) / variance.sqrt()),
    })
}

/// Returns how the AUC follows from the sum of the events' ranks.
fn of_rank_sum(event: &[bool]) -> Result<impl Fn(f64) -> f64 + Sync, Refused> {
    let events = event.iter().filter(|event| **event).count();
    if events == 0 {
        return Err(Refused::NoEvents);
    }
    if events == event.len() {
        return Err(Refused::NoNonEvents);
    }
    let (count, all) = (events as f64, event.len() as f64);
    Ok(move |sum: f64| (sum - count * (count + 1.0) / 2.0) / (count * (all - count)))
}

/// Returns the sum of the events' ranks; ranks are halves, so it is exact and has no order.
fn rank_sum(ranks: &[f64], event: &[bool]) -> f64 {
    let own = ranks.iter().zip(event).filter(|(_, event)| **event);
    own.map(|(rank, _)| rank).sum()
}

/// Returns, for each stratum, the ranks of its rows in rising order and the number of events.
fn strata(ranks: &[f64], event: &[bool], stratum: &[u32]) -> Vec<(Vec<f64>, usize)> {
    let mut rows: Vec<usize> = (0..ranks.len()).collect();
    rows.sort_unstable_by(|a, b| {
        let by_stratum = stratum[*a].cmp(&stratum[*b]);
        by_stratum.then(ranks[*a].total_cmp(&ranks[*b]))
    });
    rows.chunk_by(|a, b| stratum[*a] == stratum[*b])
        .map(|rows| {
            let events = rows.iter().filter(|row| event[**row]).count();
            (rows.iter().map(|row| ranks[*row]).collect(), events)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, near, pick, read, same, shuffled};
    use super::*;

    fn rows(signal: f64, seed: u64) -> (Vec<f64>, Vec<bool>, Vec<u32>) {
        let mut random = Random::new(seed, 9);
        let stratum: Vec<u32> = (0..160).map(|row| row / 40).collect();
        // Later quarters have both higher risks and more events: a trap for a pooled shuffle.
        let rate = |stratum: u32| 0.1 + 0.2 * f64::from(stratum);
        let event: Vec<bool> = stratum.iter().map(|s| random.unit() < rate(*s)).collect();
        let risk = (event.iter().zip(&stratum))
            .map(|(event, stratum)| {
                let own = if *event { signal } else { 0.0 };
                ((random.unit() + own) * 5.0).round() + 3.0 * f64::from(*stratum)
            })
            .collect();
        (risk, event, stratum)
    }

    #[test]
    fn the_null_is_that_of_the_strata() {
        let (risk, event, stratum) = rows(0.0, 1);
        let found = permutation_null(&risk, &event, &stratum, 2000, 1).unwrap();
        assert!(
            found.mean > 0.6,
            "the strata alone order the rows: {}",
            found.mean
        );
        assert!(found.p_value > 0.01);
        let pooled = permutation_null(&risk, &event, &[0; 160], 2000, 1).unwrap();
        assert!((pooled.mean - 0.5).abs() < 0.01 && pooled.p_value < 0.01);
        let (risk, event, stratum) = rows(0.6, 1);
        let found = permutation_null(&risk, &event, &stratum, 2000, 1).unwrap();
        same(found.p_value, 1.0 / 2001.0, "a real signal");
        assert!(found.auc > found.high);
    }

    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        let alarms = (0..400)
            .filter(|seed| {
                let (risk, event, stratum) = rows(0.0, *seed);
                permutation_null(&risk, &event, &stratum, 199, *seed)
                    .unwrap()
                    .p_value
                    <= 0.05
            })
            .count();
        // Twenty are expected; 35 is beyond three standard deviations.
        assert!((5..=35).contains(&alarms), "{alarms} of 400");
    }

    #[test]
    fn the_rank_sum_agrees_with_scipy_and_with_shuffles() {
        let fixture = read(include_str!("../../tests/fixtures/stats/rank_sum.json"));
        for (name, case) in cases(&fixture) {
            let (risk, event) = (case.numbers("risk"), case.flags("event"));
            let found = rank_sum_within(&risk, &event, &vec![0; risk.len()]).unwrap();
            same(found.mean, 0.5, name);
            same(found.p_value, case.number("p_value"), name);
        }
        for (signal, seed) in [(0.0, 1), (0.3, 4)] {
            let (risk, event, stratum) = rows(signal, seed);
            let exact = rank_sum_within(&risk, &event, &stratum).unwrap();
            let drawn = permutation_null(&risk, &event, &stratum, 20_000, 1).unwrap();
            near(exact.mean, drawn.mean, 0.002, "mean");
            near(exact.p_value, drawn.p_value, 0.01, "p-value");
            let order = shuffled(160, 7);
            let (r, e, s) = (
                pick(&risk, &order),
                pick(&event, &order),
                pick(&stratum, &order),
            );
            assert_eq!(rank_sum_within(&r, &e, &s).unwrap(), exact);
        }
        let constant = rank_sum_within(&[1.0; 4], &[true, false, true, false], &[0; 4]);
        assert_eq!(constant, Err(Refused::NoVariation));
    }

    #[test]
    fn row_order_and_threads_change_no_bit() {
        let (risk, event, stratum) = rows(0.2, 2);
        let found = permutation_null(&risk, &event, &stratum, 300, 5).unwrap();
        let order = shuffled(160, 3);
        let (r, e, s) = (
            pick(&risk, &order),
            pick(&event, &order),
            pick(&stratum, &order),
        );
        for threads in [1, 4] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let moved = pool.install(|| permutation_null(&r, &e, &s, 300, 5));
            assert_eq!(moved.unwrap(), found);
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let of =
            |event: &[bool], stratum: &[u32]| permutation_null(&[1.0, 2.0], event, stratum, 9, 1);
        assert_eq!(of(&[true, true], &[0, 0]), Err(Refused::NoNonEvents));
        assert_eq!(of(&[false, false], &[0, 0]), Err(Refused::NoEvents));
        assert_eq!(of(&[true, false], &[0, 1]), Err(Refused::NoVariation));
    }
}
