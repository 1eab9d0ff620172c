//! Logistic regression by Newton's method, for the few coefficients that a review fits freely.

use super::estimate::{Refused, finite, probabilities, same_length, weights};
use super::matrix::Cholesky;

/// Steps after which a fit that still moves is given up: it is on its way to infinity.
const MOST_STEPS: usize = 200;

/// Coefficients of a logistic fit.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticFit {
    /// Intercept first, then one per column.
    pub coefficients: Vec<f64>,
    /// Standard errors in the same order, from the curvature at the maximum.
    pub standard_errors: Vec<f64>,
}

/// Returns σ(x) = 1/(1 + e⁻ˣ), without overflow at either end.
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        x.exp() / (1.0 + x.exp())
    }
}

/// Returns ln(p/(1 − p)).
#[must_use]
pub fn logit(p: f64) -> f64 {
    p.ln() - (-p).ln_1p()
}

/// Returns the maximum-likelihood fit of P = σ(`offset` + b₀ + Σ bₖ·xₖ).
///
/// `columns`: one slice per variable, each as long as `target`, its mean not many times its spread. `target`: 0 to 1, usually the
/// event as 0 or 1. `weight`: zero or more, counts of equal rows. `offset`: added to the logit.
///
/// # Errors
/// When lengths differ, numbers are not finite or out of range, all targets agree, events are
/// separated, or the columns determine each other.
///
/// # References
/// McCullagh & Nelder (1989); statsmodels `GLM(family=Binomial())`.
pub fn logistic_fit(
    columns: &[&[f64]],
    target: &[f64],
    weight: Option<&[f64]>,
    offset: Option<&[f64]>,
) -> Result<LogisticFit, Refused> {
    let n = target.len();
    for column in columns.iter().copied().chain(offset) {
        same_length(n, column.len())?;
        finite(column, "value")?;
    }
    probabilities(target)?;
    weights(weight, n)?;
    let rows = Rows::sorted(columns, target, weight, offset);
    if rows.0.is_empty() {
        return Err(Refused::NoRows);
    }
    if rows.0.iter().all(|row| row.target == 0.0) {
        return Err(Refused::NoEvents);
    }
    if rows.0.iter().all(|row| row.target == 1.0) {
        return Err(Refused::NoNonEvents);
    }
    rows.fit(columns.len() + 1)
}

/// The likelihood around some coefficients.
struct Likelihood {
    /// Its negative logarithm.
    loss: f64,
    /// The direction of steepest gain.
    gradient: Vec<f64>,
    curvature: Vec<Vec<f64>>,
}

struct Row {
    /// 1 for the intercept, then the variables.
    x: Vec<f64>,
    offset: f64,
    target: f64,
    weight: f64,
}

impl Row {
    fn logit(&self, coefficients: &[f64]) -> f64 {
        let products = self.x.iter().zip(coefficients).map(|(x, b)| x * b);
        self.offset + products.sum::<f64>()
    }
}

struct Rows(Vec<Row>);

impl Rows {
    /// Returns the rows that weigh something, in an order that depends on what they say only.
    fn sorted(
        columns: &[&[f64]],
        target: &[f64],
        weight: Option<&[f64]>,
        offset: Option<&[f64]>,
    ) -> Self {
        let mut rows: Vec<Row> = (0..target.len())
            .map(|row| Row {
                x: std::iter::once(1.0)
                    .chain(columns.iter().map(|column| column[row]))
                    .collect(),
                offset: offset.map_or(0.0, |offset| offset[row]),
                target: target[row],
                weight: weight.map_or(1.0, |weight| weight[row]),
            })
            .filter(|row| row.weight > 0.0)
            .collect();
        rows.sort_by(|a, b| {
            (a.x.iter().zip(&b.x))
                .map(|(a, b)| a.total_cmp(b))
                .chain([
                    a.offset.total_cmp(&b.offset),
                    a.target.total_cmp(&b.target),
                    a.weight.total_cmp(&b.weight),
                ])
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        Self(rows)
    }

    fn fit(&self, k: usize) -> Result<LogisticFit, Refused> {
        let mut coefficients = vec![0.0; k];
        let mut here = self.at(&coefficients);
        for _ in 0..MOST_STEPS {
            let cholesky = Cholesky::of(&here.curvature).ok_or_else(|| self.why(&coefficients))?;
            let step = cholesky.solve(&here.gradient);
            let moved = |part: f64| -> Vec<f64> {
                coefficients
                    .iter()
                    .zip(&step)
                    .map(|(b, step)| b + part * step)
                    .collect()
            };
            // Half as far until the loss no longer grows: Newton's step may overshoot far from
            // the maximum.
            let mut part = 1.0;
            let mut next = moved(part);
            let mut there = self.at(&next);
            while there.loss > here.loss + here.loss.abs() * 1e-12 && part > 1e-6 {
                part /= 2.0;
                next = moved(part);
                there = self.at(&next);
            }
            here = there;
            let settled = (next.iter().zip(&coefficients))
                .all(|(next, before)| (next - before).abs() <= 1e-12 * (1e-3 + next.abs()));
            coefficients = next;
            if settled {
                let standard_errors = cholesky
                    .inverse_diagonal()
                    .iter()
                    .map(|v| v.sqrt())
                    .collect();
                return Ok(LogisticFit {
                    coefficients,
                    standard_errors,
                });
            }
        }
        Err(Refused::Separated)
    }

    /// Returns what the likelihood is at some coefficients, in one pass over the rows.
    fn at(&self, coefficients: &[f64]) -> Likelihood {
        let k = coefficients.len();
        let (mut gradient, mut curvature) = (vec![0.0; k], vec![vec![0.0; k]; k]);
        let mut loss = 0.0;
        for row in &self.0 {
            let logit = row.logit(coefficients);
            // e⁻ˡ of the distance from even odds: no overflow, and all that both below need.
            let e = (-logit.abs()).exp();
            let p = if logit >= 0.0 { 1.0 } else { e } / (1.0 + e);
            loss += row.weight * (logit.max(0.0) + e.ln_1p() - row.target * logit);
            let (push, bend) = (row.weight * (row.target - p), row.weight * p * (1.0 - p));
            for ((x, slope), bends) in row.x.iter().zip(&mut gradient).zip(&mut curvature) {
                *slope += push * x;
                for (other, sum) in row.x.iter().zip(bends) {
                    *sum += bend * x * other;
                }
            }
        }
        Likelihood {
            loss,
            gradient,
            curvature,
        }
    }

    /// Returns why the curvature has no inverse: certainty everywhere, or dependent columns.
    fn why(&self, coefficients: &[f64]) -> Refused {
        if coefficients.iter().all(|b| *b == 0.0) {
            Refused::Collinear
        } else {
            Refused::Separated
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{near, pick, read, shuffled, whole};
    use super::*;

    #[test]
    fn two_weighted_columns_and_an_offset_agree_with_statsmodels() {
        let fixture = read(include_str!("../../tests/fixtures/stats/logistic.json"));
        let case = whole(&fixture);
        let [a, b, target, offset] = ["a", "b", "target", "offset"].map(|key| case.numbers(key));
        let weight = case.weight().unwrap();
        let found = logistic_fit(&[&a, &b], &target, Some(&weight), Some(&offset)).unwrap();
        let expected = case
            .numbers("coefficients")
            .into_iter()
            .chain(case.numbers("standard_errors"));
        let all = found.coefficients.iter().chain(&found.standard_errors);
        for (found, expected) in all.zip(expected) {
            near(*found, expected, 1e-6, "fit");
        }
        let order = shuffled(a.len(), 12);
        let [a, b, target, offset, weight] =
            [a, b, target, offset, weight].map(|column| pick(&column, &order));
        let moved = logistic_fit(&[&a, &b], &target, Some(&weight), Some(&offset));
        assert_eq!(moved, Ok(found));
    }

    #[test]
    fn a_fit_that_does_not_exist_is_refused() {
        let a = [1.0, 2.0, 3.0, 4.0, 5.0];
        let twice = a.map(|x| 2.0 * x + 1.0);
        let mixed = [0.0, 1.0, 0.0, 1.0, 1.0];
        let fit = |columns: &[&[f64]], target: &[f64]| logistic_fit(columns, target, None, None);
        assert_eq!(fit(&[&a, &twice], &mixed), Err(Refused::Collinear));
        assert_eq!(
            fit(&[&a], &[0.0, 0.0, 1.0, 1.0, 1.0]),
            Err(Refused::Separated)
        );
        assert_eq!(fit(&[&a], &[0.0; 5]), Err(Refused::NoEvents));
        assert_eq!(fit(&[&a], &[1.0; 5]), Err(Refused::NoNonEvents));
        assert_eq!(fit(&[], &[]), Err(Refused::NoRows));
        assert_eq!(
            fit(&[&a], &[2.0; 5]),
            Err(Refused::OutOfRange("probability", "0 to 1"))
        );
    }

    #[test]
    fn the_logistic_curve_has_no_overflow() {
        assert_eq!((sigmoid(-1e4), sigmoid(0.0), sigmoid(1e4)), (0.0, 0.5, 1.0));
        near(sigmoid(logit(0.03)), 0.03, 1e-15, "there and back");
        near(logit(1e-300), -690.775_527_898_213_7, 1e-12, "far out");
    }
}
