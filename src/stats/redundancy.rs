//! Which metrics say the same as others.

use super::estimate::{Refused, finite, same_length};
use super::matrix::unexplained;
use super::power::{correlation, spearman};

/// Returns the rank correlation of each pair of columns over the rows where both are present.
///
/// `columns`: one per metric, the same rows in the same order, `None` where missing. The
/// diagonal is 1 for a column that varies. A pair that cannot be correlated carries its reason.
///
/// # Errors
/// When lengths differ or a value is not finite.
///
/// # References
/// pandas `DataFrame.corr(method="spearman")`; `scipy.stats.spearmanr`.
pub fn spearman_matrix(
    columns: &[&[Option<f64>]],
) -> Result<Vec<Vec<Result<f64, Refused>>>, Refused> {
    checked(columns)?;
    let k = columns.len();
    let mut matrix = vec![vec![Err(Refused::NoRows); k]; k];
    for a in 0..k {
        for b in 0..=a {
            let both = columns[a].iter().zip(columns[b]);
            let (first, second): (Vec<f64>, Vec<f64>) = both.filter_map(|(a, b)| a.zip(*b)).unzip();
            let value = spearman(&first, &second).map(|found| found.value);
            matrix[b][a] = value.clone();
            matrix[a][b] = value;
        }
    }
    Ok(matrix)
}

/// Returns how many times the variance of each column's coefficient grows because the others
/// explain it: 1/(1 − R²) over the rows where all columns are present. 1 is independent.
///
/// A column that does not vary, or that the others determine, carries its reason; the first does
/// not spoil the rest.
///
/// # Errors
/// When lengths differ, a value is not finite, or there are no more rows than columns.
///
/// # References
/// Marquardt (1970); statsmodels `variance_inflation_factor`, with a constant among the columns.
pub fn variance_inflation(
    columns: &[&[Option<f64>]],
) -> Result<Vec<Result<f64, Refused>>, Refused> {
    checked(columns)?;
    let rows = columns.first().map_or(0, |column| column.len());
    let complete: Vec<usize> = (0..rows)
        .filter(|row| columns.iter().all(|column| column[*row].is_some()))
        .collect();
    let (found, needed) = (complete.len(), columns.len() + 1);
    if found < needed {
        return Err(Refused::FewRows { found, needed });
    }
    let dense: Vec<Vec<f64>> = (columns.iter())
        .map(|column| complete.iter().filter_map(|row| column[*row]).collect())
        .collect();
    let varies: Vec<usize> = (0..dense.len())
        .filter(|at| correlation(&dense[*at], &dense[*at]).is_some())
        .collect();
    let correlated = |a: usize, b: usize| correlation(&dense[a], &dense[b]).unwrap_or(0.0);
    let matrix: Vec<Vec<f64>> = (varies.iter())
        .map(|a| varies.iter().map(|b| correlated(*a, *b)).collect())
        .collect();
    Ok((0..dense.len())
        .map(|column| {
            let at = varies.iter().position(|other| *other == column);
            let at = at.ok_or(Refused::OneValue("value"))?;
            // The column moved behind all others: its last pivot is what they leave.
            let order: Vec<usize> = (0..varies.len()).filter(|k| *k != at).chain([at]).collect();
            let moved: Vec<Vec<f64>> = (order.iter())
                .map(|a| order.iter().map(|b| matrix[*a][*b]).collect())
                .collect();
            let rest = unexplained(&moved).ok_or(Refused::Collinear)?;
            Ok(1.0 / rest)
        })
        .collect())
}

fn checked(columns: &[&[Option<f64>]]) -> Result<(), Refused> {
    for column in columns {
        same_length(columns[0].len(), column.len())?;
        finite(
            &column.iter().flatten().copied().collect::<Vec<_>>(),
            "value",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{part, pick, read, same, shuffled, whole};
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/power.json");

    fn slices(columns: &[Vec<Option<f64>>]) -> Vec<&[Option<f64>]> {
        columns.iter().map(|column| &column[..]).collect()
    }

    #[test]
    fn figures_agree_with_pandas_and_statsmodels() {
        let fixture = read(FIXTURE);
        let case = part(&fixture, "redundancy");
        let columns = case.rows("columns");
        let matrix = spearman_matrix(&slices(&columns)).unwrap();
        for (found, expected) in matrix.iter().flatten().zip(case.rows("spearman").concat()) {
            same(found.clone().unwrap(), expected.unwrap(), "correlation");
        }
        let inflation = variance_inflation(&slices(&columns)).unwrap();
        for (found, expected) in inflation.iter().zip(case.numbers("vif")) {
            same(found.clone().unwrap(), expected, "inflation");
        }
        let order = shuffled(columns[0].len(), 11);
        let moved: Vec<_> = columns.iter().map(|column| pick(column, &order)).collect();
        assert_eq!(variance_inflation(&slices(&moved)).unwrap(), inflation);
        assert_eq!(spearman_matrix(&slices(&moved)).unwrap(), matrix);
        assert!(whole(&fixture).has("made_by"));
    }

    #[test]
    fn a_column_the_others_determine_spoils_only_its_kin() {
        let of = |f: &dyn Fn(f64) -> f64| -> Vec<Option<f64>> {
            (0..30).map(|row| Some(f(f64::from(row)))).collect()
        };
        let (a, b) = (of(&|x| x), of(&|x| (x * 7.3).sin()));
        let sum: Vec<_> = a
            .iter()
            .zip(&b)
            .map(|(a, b)| a.zip(*b).map(|(a, b)| a + 2.0 * b))
            .collect();
        let (free, constant) = (of(&|x| (x * x * 0.37).cos()), of(&|_| 4.0));
        let columns = [a.clone(), b.clone(), sum, free.clone(), constant];
        let found = variance_inflation(&slices(&columns)).unwrap();
        assert_eq!(
            found[..3],
            [
                Err(Refused::Collinear),
                Err(Refused::Collinear),
                Err(Refused::Collinear)
            ]
        );
        assert_eq!(found[4], Err(Refused::OneValue("value")));
        let without = variance_inflation(&slices(&[a, b, free])).unwrap();
        same(
            found[3].clone().unwrap(),
            without[2].clone().unwrap(),
            "the free column",
        );
        let few = variance_inflation(&[&[Some(1.0), None], &[Some(2.0), Some(3.0)]]);
        assert_eq!(
            few,
            Err(Refused::FewRows {
                found: 1,
                needed: 3
            })
        );
    }
}
