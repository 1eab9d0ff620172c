//! Maps from a risk to a probability; fit them on the training side only.

use super::estimate::{Refused, finite, same_length, weights};
use super::logistic::{logistic_fit, sigmoid};

/// Fewest events from which an isotonic map is worth more than a logistic one.
pub const ISOTONIC_EVENTS: usize = 200;

/// A probability that never falls as the risk rises, without any assumed shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// Risk and probability at the corners, both rising; straight lines between.
    corners: Vec<(f64, f64)>,
}

impl Isotonic {
    /// Returns the rising map with the least weighted squared error.
    ///
    /// `risk`: higher means the event is more likely. Probabilities stay 1/(n + 2) away from 0
    /// and 1, with n the number of rows that weigh something: no sample shows certainty. Use it
    /// from about [`ISOTONIC_EVENTS`] events on.
    ///
    /// # Errors
    /// When lengths differ, a number is not finite, a weight is negative, or either kind of row
    /// is missing.
    ///
    /// # References
    /// Pool adjacent violators, Ayer et al. (1955); scikit-learn
    /// `IsotonicRegression(out_of_bounds="clip")`, clamped.
    pub fn fit(risk: &[f64], event: &[bool], weight: Option<&[f64]>) -> Result<Self, Refused> {
        let rows = weighing_rows(risk, event, weight)?;
        let margin = 1.0 / (rows.len() as f64 + 2.0);
        let mut corners = pool(&rows);
        for (_, probability) in &mut corners {
            *probability = probability.clamp(margin, 1.0 - margin);
        }
        Ok(Self { corners })
    }

    /// Returns the corners of the map: risk and probability, both rising.
    #[must_use]
    pub fn corners(&self) -> &[(f64, f64)] {
        &self.corners
    }

    /// Returns the probability at a risk: on the line between the corners around it, that of the
    /// nearest corner beyond the first and the last.
    #[must_use]
    pub fn at(&self, risk: f64) -> f64 {
        let above = self.corners.partition_point(|corner| corner.0 < risk);
        let last = self.corners.len() - 1;
        let (low, high) = (
            self.corners[above.saturating_sub(1)],
            self.corners[above.min(last)],
        );
        if high.0 <= low.0 {
            return low.1;
        }
        low.1 + (high.1 - low.1) * (risk - low.0) / (high.0 - low.0)
    }
}

/// Pools rows into blocks whose means rise, and returns the corners of the blocks.
fn pool(rows: &[Row]) -> Vec<(f64, f64)> {
    struct Block {
        first: f64,
        last: f64,
        weight: f64,
        events: f64,
    }
    impl Block {
        fn mean(&self) -> f64 {
            self.events / self.weight
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for ties in rows.chunk_by(|a, b| a.risk == b.risk) {
        let mut block = Block {
            first: ties[0].risk,
            last: ties[0].risk,
            weight: ties.iter().map(|row| row.weight).sum(),
            events: ties.iter().map(|row| row.weight * row.target).sum(),
        };
        while let Some(before) = blocks.pop_if(|before| before.mean() >= block.mean()) {
            block.first = before.first;
            block.weight += before.weight;
            block.events += before.events;
        }
        blocks.push(block);
    }
    let mut corners = Vec::new();
    for block in blocks {
        corners.push((block.first, block.mean()));
        if block.last > block.first {
            corners.push((block.last, block.mean()));
        }
    }
    corners
}

/// A probability σ(intercept + slope·risk).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticMap {
    /// Log-odds at risk 0.
    pub intercept: f64,
    /// Log-odds per unit of risk; not above 0 when the risk foresees nothing.
    pub slope: f64,
}

impl LogisticMap {
    /// Returns the fit to targets drawn in a little from 0 and 1, so that a small or perfectly
    /// separated sample does not give certainty: (e + 1)/(e + 2) for an event and 1/(o + 2) for
    /// another row, with e and o the weight of either kind.
    ///
    /// # Errors
    /// When lengths differ, a number is not finite, a weight is negative, either kind of row is
    /// missing, or every risk is the same.
    ///
    /// # References
    /// Platt (1999); scikit-learn `_SigmoidCalibration`.
    pub fn fit(risk: &[f64], event: &[bool], weight: Option<&[f64]>) -> Result<Self, Refused> {
        let rows = weighing_rows(risk, event, weight)?;
        if rows[0].risk == rows[rows.len() - 1].risk {
            return Err(Refused::OneValue("risk"));
        }
        let total = |target: f64| -> f64 {
            let kind = rows.iter().filter(|row| row.target == target);
            kind.map(|row| row.weight).sum()
        };
        let (events, others) = (total(1.0), total(0.0));
        let target = |row: &Row| {
            if row.target == 1.0 {
                (events + 1.0) / (events + 2.0)
            } else {
                1.0 / (others + 2.0)
            }
        };
        let column = |of: &dyn Fn(&Row) -> f64| -> Vec<f64> { rows.iter().map(of).collect() };
        // Centred and scaled for the fit, which an offset or a large unit would make inexact.
        let middle = (rows[0].risk + rows[rows.len() - 1].risk) / 2.0;
        let reach = (rows[rows.len() - 1].risk - rows[0].risk) / 2.0;
        let fit = logistic_fit(
            &[&column(&|row| (row.risk - middle) / reach)],
            &column(&target),
            Some(&column(&|row| row.weight)),
            None,
        )?;
        let slope = fit.coefficients[1] / reach;
        Ok(Self {
            intercept: fit.coefficients[0] - slope * middle,
            slope,
        })
    }

    /// Returns the probability at a risk.
    #[must_use]
    pub fn at(&self, risk: f64) -> f64 {
        sigmoid(self.intercept + self.slope * risk)
    }
}

struct Row {
    risk: f64,
    target: f64,
    weight: f64,
}

/// Returns the rows that weigh something, in rising order of risk and then of what they say.
fn weighing_rows(
    risk: &[f64],
    event: &[bool],
    weight: Option<&[f64]>,
) -> Result<Vec<Row>, Refused> {
    same_length(risk.len(), event.len())?;
    finite(risk, "risk")?;
    weights(weight, risk.len())?;
    let mut rows: Vec<Row> = (risk.iter().zip(event).enumerate())
        .map(|(row, (risk, event))| Row {
            risk: *risk,
            target: f64::from(u8::from(*event)),
            weight: weight.map_or(1.0, |weight| weight[row]),
        })
        .filter(|row| row.weight > 0.0)
        .collect();
    let has = |target: f64| rows.iter().any(|row| row.target == target);
    match (has(1.0), has(0.0)) {
        (false, false) => return Err(Refused::NoRows),
        (false, true) => return Err(Refused::NoEvents),
        (true, false) => return Err(Refused::NoNonEvents),
        (true, true) => {}
    }
    rows.sort_by(|a, b| {
        let by_risk = a.risk.total_cmp(&b.risk);
        let by_target = a.target.total_cmp(&b.target);
        by_risk.then(by_target).then(a.weight.total_cmp(&b.weight))
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, near, pick, read, same, shuffled};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/calibration.json");

    #[test]
    fn the_isotonic_map_agrees_with_scikit_learn() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["isotonic"]) {
            let (risk, event, weight) = (case.numbers("risk"), case.flags("event"), case.weight());
            let map = Isotonic::fit(&risk, &event, weight.as_deref()).unwrap();
            for (at, expected) in case.numbers("at").iter().zip(case.numbers("probability")) {
                same(map.at(*at), expected, name);
            }
            let rises = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
            assert!(map.corners().windows(2).all(rises), "{name}");
            let order = shuffled(risk.len(), 5);
            let weight = weight.map(|weight| pick(&weight, &order));
            let moved = Isotonic::fit(
                &pick(&risk, &order),
                &pick(&event, &order),
                weight.as_deref(),
            );
            assert_eq!(moved.unwrap(), map, "{name}");
        }
    }

    #[test]
    fn no_sample_shows_certainty() {
        let map = Isotonic::fit(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true], None).unwrap();
        same(map.at(-100.0), 1.0 / 6.0, "low");
        same(map.at(100.0), 5.0 / 6.0, "high");
        // A risk that is wrong throughout is one block: the base rate.
        let wrong =
            Isotonic::fit(&[1.0, 2.0, 3.0, 4.0], &[true, true, false, false], None).unwrap();
        assert_eq!(wrong.corners(), [(1.0, 0.5), (4.0, 0.5)]);
        let constant = Isotonic::fit(&[7.0; 4], &[true, false, false, false], None).unwrap();
        assert_eq!(
            (constant.at(0.0), constant.at(7.0), constant.at(9.0)),
            (0.25, 0.25, 0.25)
        );
    }

    #[test]
    fn the_logistic_map_agrees_with_statsmodels_and_scikit_learn() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["logistic"]) {
            let (risk, event, weight) = (case.numbers("risk"), case.flags("event"), case.weight());
            let map = LogisticMap::fit(&risk, &event, weight.as_deref()).unwrap();
            near(map.intercept, case.number("intercept"), 1e-6, name);
            near(map.slope, case.number("slope"), 1e-6, name);
            // scikit-learn stops when its gradient is below 1e-6; a Newton fit in extended
            // precision lies within 1e-8 of its probabilities and within 1e-15 of the fixture.
            for (at, expected) in case.numbers("at").iter().zip(case.numbers("sklearn")) {
                near(map.at(*at), expected, 1e-6, name);
            }
            let order = shuffled(risk.len(), 6);
            let weight = weight.map(|weight| pick(&weight, &order));
            let moved = LogisticMap::fit(
                &pick(&risk, &order),
                &pick(&event, &order),
                weight.as_deref(),
            );
            assert_eq!(moved.unwrap(), map, "{name}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let event = [true, false, false];
        assert_eq!(
            LogisticMap::fit(&[2.0; 3], &event, None),
            Err(Refused::OneValue("risk"))
        );
        let zero = Some(&[0.0, 1.0, 1.0][..]);
        assert_eq!(
            LogisticMap::fit(&[1.0, 2.0, 3.0], &event, zero),
            Err(Refused::NoEvents)
        );
        assert_eq!(
            Isotonic::fit(&[1.0, 2.0, 3.0], &event, zero),
            Err(Refused::NoEvents)
        );
        assert_eq!(Isotonic::fit(&[], &[], None), Err(Refused::NoRows));
    }
}
