//! Whether stated probabilities come true: the reliability table and the calibration line.

use super::bins::{bin_edges, bin_of};
use super::estimate::{Estimate, Refused, probabilities, same_length};
use super::logistic::{LogisticFit, logistic_fit, logit};
use super::proportion::wilson;

/// One bin of the reliability table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Rows in the bin.
    pub n: usize,
    /// Those with the event.
    pub events: usize,
    /// Smallest probability in the bin.
    pub lowest: f64,
    /// Largest probability in the bin.
    pub highest: f64,
    /// Mean probability, what was said.
    pub mean_probability: f64,
    /// Observed rate with its Wilson interval, what happened.
    pub rate: Estimate,
}

/// The line that maps the stated log-odds to the true ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationLine {
    /// Intercept of the line; 0 when calibrated.
    pub intercept: Estimate,
    /// Slope of the line; 1 when calibrated, below 1 when the probabilities are too extreme.
    pub slope: Estimate,
    /// Intercept with the slope held at 1: above 0 when probabilities are too low on the whole.
    pub in_the_large: Estimate,
}

/// Returns the observed rate in at most `bins` bins of the stated probability.
///
/// Bins hold about equal counts; ties stay together, so fewer bins than asked for may come back.
/// Bins rise with the probability.
///
/// # Errors
/// When lengths differ, a probability lies outside 0–1, or there are no rows.
///
/// # References
/// scikit-learn `calibration_curve(strategy="quantile")`; Niculescu-Mizil & Caruana (2005).
pub fn reliability(
    probability: &[f64],
    event: &[bool],
    bins: usize,
) -> Result<Vec<ReliabilityBin>, Refused> {
    same_length(probability.len(), event.len())?;
    probabilities(probability)?;
    if probability.is_empty() {
        return Err(Refused::NoRows);
    }
    let edges = bin_edges(probability, bins);
    let mut rows: Vec<(f64, bool)> = probability
        .iter()
        .copied()
        .zip(event.iter().copied())
        .collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    rows.chunk_by(|a, b| bin_of(a.0, &edges) == bin_of(b.0, &edges))
        .map(|bin| {
            let events = bin.iter().filter(|(_, event)| *event).count();
            Ok(ReliabilityBin {
                n: bin.len(),
                events,
                lowest: bin[0].0,
                highest: bin[bin.len() - 1].0,
                mean_probability: bin.iter().map(|(p, _)| p).sum::<f64>() / bin.len() as f64,
                rate: wilson(events as f64, bin.len() as f64)?,
            })
        })
        .collect()
}

/// Returns the calibration line with Wald intervals.
///
/// # Errors
/// When lengths differ, a probability is not strictly between 0 and 1, all probabilities are
/// the same, or they separate events from non-events.
///
/// # References
/// Cox (1958); statsmodels `GLM(family=Binomial())` of the event on the logit of the
/// probability, and with the logit as offset.
pub fn calibration_line(probability: &[f64], event: &[bool]) -> Result<CalibrationLine, Refused> {
    same_length(probability.len(), event.len())?;
    probabilities(probability)?;
    if probability.iter().any(|p| *p == 0.0 || *p == 1.0) {
        return Err(Refused::OutOfRange(
            "probability",
            "strictly between 0 and 1",
        ));
    }
    if probability.windows(2).all(|pair| pair[0] == pair[1]) {
        return Err(Refused::OneValue("probability"));
    }
    let logits: Vec<f64> = probability.iter().map(|p| logit(*p)).collect();
    let target: Vec<f64> = event
        .iter()
        .map(|event| f64::from(u8::from(*event)))
        .collect();
    let of = |fit: &LogisticFit, at: usize| {
        Estimate::normal(fit.coefficients[at], fit.standard_errors[at])
    };
    let line = logistic_fit(&[&logits], &target, None, None)?;
    let shift = logistic_fit(&[], &target, None, Some(&logits))?;
    Ok(CalibrationLine {
        intercept: of(&line, 0),
        slope: of(&line, 1),
        in_the_large: of(&shift, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, near, pick, read, same, shuffled};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/calibration.json");

    #[test]
    fn the_table_agrees_with_scikit_learn() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["reliability"]) {
            let (p, event) = (case.numbers("probability"), case.flags("event"));
            let bins = case.number("bins") as usize;
            let found = reliability(&p, &event, bins).unwrap();
            let (rate, mean) = (case.numbers("rate"), case.numbers("mean"));
            assert_eq!(found.len(), rate.len(), "{name}");
            assert_eq!(found.iter().map(|bin| bin.n).sum::<usize>(), p.len());
            for (bin, (rate, mean)) in found.iter().zip(rate.iter().zip(&mean)) {
                same(bin.rate.value, *rate, name);
                same(bin.mean_probability, *mean, name);
            }
            let order = shuffled(p.len(), 3);
            let moved = reliability(&pick(&p, &order), &pick(&event, &order), bins);
            assert_eq!(moved.unwrap(), found, "{name}");
        }
    }

    #[test]
    fn ties_stay_together() {
        let table = reliability(&[0.2; 9], &[true; 9], 5).unwrap();
        assert_eq!((table.len(), table[0].n, table[0].rate.value), (1, 9, 1.0));
    }

    #[test]
    fn the_line_agrees_with_statsmodels() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["line"]) {
            let (p, event) = (case.numbers("probability"), case.flags("event"));
            let found = calibration_line(&p, &event).unwrap();
            for (estimate, key) in [
                (found.intercept, "intercept"),
                (found.slope, "slope"),
                (found.in_the_large, "in_the_large"),
            ] {
                let expected = case.numbers(key);
                near(estimate.value, expected[0], 1e-6, name);
                near(estimate.low, expected[1], 1e-6, name);
                near(estimate.high, expected[2], 1e-6, name);
            }
            let order = shuffled(p.len(), 4);
            let moved = calibration_line(&pick(&p, &order), &pick(&event, &order));
            assert_eq!(moved.unwrap(), found, "{name}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let line = calibration_line;
        assert_eq!(
            line(&[0.3; 6], &[true, false, true, false, true, true]),
            Err(Refused::OneValue("probability"))
        );
        let apart = line(&[0.1, 0.2, 0.7, 0.8], &[false, false, true, true]);
        assert_eq!(apart, Err(Refused::Separated));
        let touching = line(&[0.1, 0.2, 0.2, 0.8], &[false, false, true, true]);
        assert_eq!(touching, Err(Refused::Separated));
        let certain = Refused::OutOfRange("probability", "strictly between 0 and 1");
        assert_eq!(line(&[0.0, 0.5], &[true, false]), Err(certain));
        assert_eq!(line(&[0.1, 0.5], &[true, true]), Err(Refused::NoNonEvents));
    }
}
