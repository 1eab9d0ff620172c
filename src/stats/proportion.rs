//! Rates: their intervals, their differences, their trend over ordered bands.

use super::distribution::{chi_square_above, normal_quantile};
use super::estimate::{Estimate, LEVEL, Refused, same_length};

/// A test statistic that follows a chi-square when there is nothing to find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The chi-square statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub degrees: f64,
    /// Probability of one at least as large.
    pub p_value: f64,
}

/// Returns the rate `events`/`n` with its Wilson interval, which stays within [0, 1] and is
/// honest at 0 and at few rows: 0 of 12 gives 0–24 %.
///
/// # Errors
/// When there are no rows, or the events do not lie between 0 and `n`.
///
/// # References
/// Wilson (1927); statsmodels `proportion_confint(method="wilson")`.
pub fn wilson(events: f64, n: f64) -> Result<Estimate, Refused> {
    wilson_at(events, n, normal_quantile(0.5 + LEVEL / 2.0))
}

/// Returns the Wilson interval that reaches `z` standard errors.
fn wilson_at(events: f64, n: f64, z: f64) -> Result<Estimate, Refused> {
    if !(events.is_finite() && n.is_finite()) {
        return Err(Refused::NotFinite("count"));
    }
    if n <= 0.0 {
        return Err(Refused::NoRows);
    }
    if !(0.0..=n).contains(&events) {
        return Err(Refused::OutOfRange(
            "count of events",
            "0 to the number of rows",
        ));
    }
    let rate = events / n;
    let scale = 1.0 + z * z / n;
    let centre = (rate + z * z / (2.0 * n)) / scale;
    let half = z / scale * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt();
    Ok(Estimate {
        value: rate,
        // At 0 and at n the end is the rate itself, whatever the rounding.
        low: if events == 0.0 { 0.0 } else { centre - half },
        high: if events == n { 1.0 } else { centre + half },
    })
}

/// Returns the first rate less the second, with Newcombe's interval from the two Wilson ones.
///
/// Where it covers 0 the two cannot be told apart.
///
/// # Errors
/// As [`wilson`], for either rate.
///
/// # References
/// Newcombe (1998), method 10; statsmodels `confint_proportions_2indep(method="newcomb")`.
pub fn difference_of_proportions(
    events_1: f64,
    n_1: f64,
    events_2: f64,
    n_2: f64,
) -> Result<Estimate, Refused> {
    let z = normal_quantile(0.5 + LEVEL / 2.0);
    difference_at((events_1, n_1), (events_2, n_2), z)
}

/// Returns Newcombe's interval that reaches `z` standard errors; pairs are events and rows.
pub(super) fn difference_at(
    first: (f64, f64),
    second: (f64, f64),
    z: f64,
) -> Result<Estimate, Refused> {
    let (a, b) = (
        wilson_at(first.0, first.1, z)?,
        wilson_at(second.0, second.1, z)?,
    );
    let value = a.value - b.value;
    Ok(Estimate {
        value,
        low: value - (a.value - a.low).hypot(b.high - b.value),
        high: value + (a.high - a.value).hypot(b.value - b.low),
    })
}

/// Returns the test for a linear trend of the rate over ordered bands, scored 1, 2, 3, …
///
/// A band without rows keeps its place in the order and adds nothing.
///
/// # Errors
/// When lengths differ, events exceed rows, fewer than two bands have rows, or all rows agree.
///
/// # References
/// Cochran (1954), Armitage (1955); R `prop.trend.test`.
pub fn trend(events: &[u64], n: &[u64]) -> Result<Test, Refused> {
    same_length(events.len(), n.len())?;
    if events.iter().zip(n).any(|(events, n)| events > n) {
        return Err(Refused::OutOfRange(
            "count of events",
            "0 to the number of rows",
        ));
    }
    let bands: Vec<(f64, f64, f64)> = (events.iter().zip(n).enumerate())
        .filter(|(_, (_, n))| **n > 0)
        .map(|(band, (events, n))| (band as f64 + 1.0, *events as f64, *n as f64))
        .collect();
    if bands.len() < 2 {
        let found = bands.len();
        return Err(Refused::FewRows { found, needed: 2 });
    }
    let rows: f64 = bands.iter().map(|(_, _, n)| n).sum();
    let rate = bands.iter().map(|(_, events, _)| events).sum::<f64>() / rows;
    if rate == 0.0 {
        return Err(Refused::NoEvents);
    }
    if rate == 1.0 {
        return Err(Refused::NoNonEvents);
    }
    let middle = bands.iter().map(|(score, _, n)| score * n).sum::<f64>() / rows;
    let (mut together, mut spread) = (0.0, 0.0);
    for (score, events, n) in bands {
        together += (score - middle) * (events - n * rate);
        spread += n * (score - middle).powi(2);
    }
    let statistic = together * together / (spread * rate * (1.0 - rate));
    Ok(Test {
        statistic,
        degrees: 1.0,
        p_value: chi_square_above(statistic, 1.0),
    })
}

/// Returns the test of independence of rows and columns of a table of counts, without
/// continuity correction. Rows and columns without a count are left out.
///
/// # Errors
/// When rows differ in length, or fewer than two rows or two columns have counts.
///
/// # References
/// Pearson (1900); `scipy.stats.chi2_contingency(correction=False)`.
pub fn chi_square(table: &[Vec<u64>]) -> Result<Test, Refused> {
    let columns = table.first().map_or(0, Vec::len);
    for row in table {
        same_length(columns, row.len())?;
    }
    let row_totals: Vec<f64> = table
        .iter()
        .map(|row| row.iter().sum::<u64>() as f64)
        .collect();
    let column_totals: Vec<f64> = (0..columns)
        .map(|at| table.iter().map(|row| row[at]).sum::<u64>() as f64)
        .collect();
    let filled = |totals: &[f64]| totals.iter().filter(|total| **total > 0.0).count();
    let found = filled(&row_totals).min(filled(&column_totals));
    if found < 2 {
        return Err(Refused::FewRows { found, needed: 2 });
    }
    let all: f64 = row_totals.iter().sum();
    let mut statistic = 0.0;
    for (row, row_total) in table.iter().zip(&row_totals) {
        for (count, column_total) in row.iter().zip(&column_totals) {
            let expected = row_total * column_total / all;
            if expected > 0.0 {
                statistic += (*count as f64 - expected).powi(2) / expected;
            }
        }
    }
    let degrees = ((filled(&row_totals) - 1) * (filled(&column_totals) - 1)) as f64;
    Ok(Test {
        statistic,
        degrees,
        p_value: chi_square_above(statistic, degrees),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, read, same, whole};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/proportion.json");
    const TREND: &str = include_str!("../../tests/fixtures/stats/trend.json");

    #[test]
    fn intervals_agree_with_statsmodels() {
        let fixture = read(FIXTURE);
        for row in whole(&fixture).rows("wilson") {
            let row: Vec<f64> = row.into_iter().flatten().collect();
            let found = wilson(row[0], row[1]).unwrap();
            same(found.value, row[0] / row[1], "rate");
            same(found.low, row[2], "low");
            same(found.high, row[3], "high");
        }
        for row in whole(&fixture).rows("newcombe") {
            let row: Vec<f64> = row.into_iter().flatten().collect();
            let found = difference_of_proportions(row[0], row[1], row[2], row[3]).unwrap();
            same(found.low, row[4], "low");
            same(found.high, row[5], "high");
        }
    }

    #[test]
    fn few_rows_say_little() {
        let percent = |events: f64, n: f64| {
            let found = wilson(events, n).unwrap();
            ((100.0 * found.low).round(), (100.0 * found.high).round())
        };
        assert_eq!(percent(0.0, 12.0), (0.0, 24.0));
        assert_eq!(percent(2.0, 20.0), (3.0, 30.0));
        // 10.49999: printed as 11 % in some tables that round twice.
        assert_eq!(percent(8.0, 40.0), (10.0, 35.0));
        for n in (1..500).map(f64::from) {
            let (none, all) = (wilson(0.0, n).unwrap(), wilson(n, n).unwrap());
            assert_eq!((none.low, all.high), (0.0, 1.0));
            assert!(none.high < 1.0 && all.low > 0.0);
        }
        assert!(
            difference_of_proportions(2.0, 20.0, 8.0, 40.0)
                .unwrap()
                .covers(0.0)
        );
    }

    #[test]
    fn the_trend_agrees_with_r() {
        let fixture = read(TREND);
        for (name, case) in cases(&fixture) {
            let found = trend(&case.counts("events"), &case.counts("n")).unwrap();
            same(found.statistic, case.number("statistic"), name);
            same(found.p_value, case.number("p_value"), name);
            // Turned around it is the same trend; an empty band at the end adds nothing.
            let turned = |key: &str| case.counts(key).into_iter().rev().collect::<Vec<_>>();
            same(
                trend(&turned("events"), &turned("n")).unwrap().statistic,
                found.statistic,
                name,
            );
            let with_empty = |key: &str| [case.counts(key), vec![0]].concat();
            assert_eq!(trend(&with_empty("events"), &with_empty("n")), Ok(found));
        }
    }

    #[test]
    fn independence_agrees_with_scipy() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture["chi_square"]) {
            let count = |value: &Option<f64>| value.unwrap() as u64;
            let table: Vec<Vec<u64>> = (case.rows("table").iter())
                .map(|row| row.iter().map(count).collect())
                .collect();
            let found = chi_square(&table).unwrap();
            same(found.statistic, case.number("statistic"), name);
            same(found.degrees, case.number("degrees"), name);
            same(found.p_value, case.number("p_value"), name);
        }
        let empty_column = chi_square(&[vec![10, 0, 20], vec![30, 0, 5]]);
        assert_eq!(empty_column, chi_square(&[vec![10, 20], vec![30, 5]]));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        assert_eq!(wilson(0.0, 0.0), Err(Refused::NoRows));
        assert!(wilson(3.0, 2.0).is_err() && wilson(f64::NAN, 2.0).is_err());
        assert_eq!(trend(&[0, 0], &[5, 5]), Err(Refused::NoEvents));
        assert_eq!(trend(&[5, 5], &[5, 5]), Err(Refused::NoNonEvents));
        assert_eq!(
            trend(&[2, 0], &[5, 0]),
            Err(Refused::FewRows {
                found: 1,
                needed: 2
            })
        );
        assert_eq!(
            chi_square(&[vec![1, 2], vec![0, 0]]),
            Err(Refused::FewRows {
                found: 1,
                needed: 2
            })
        );
        assert_eq!(
            chi_square(&[]),
            Err(Refused::FewRows {
                found: 0,
                needed: 2
            })
        );
    }
}
