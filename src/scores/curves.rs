//! Curves as Polars expressions.

use polars::prelude::*;

use crate::model::curve::{Curve, Knot};

/// Returns the score of a value; null where the value is missing, or is a text the map leaves out.
pub fn curve(value: &Expr, curve: &Curve) -> Expr {
    match curve {
        Curve::Lines(knots) => on_line(value, knots),
        Curve::Steps(knots) => knots.iter().skip(1).fold(
            known(value, lit(knots.first().map_or(0.0, |knot| knot.score))),
            |below, knot| {
                when(value.clone().gt_eq(lit(knot.value)))
                    .then(lit(knot.score))
                    .otherwise(below)
            },
        ),
        Curve::Map { values, other } => {
            let text = value.clone().cast(DataType::String);
            let rest = other.map_or_else(
                || lit(NULL).cast(DataType::Float64),
                |other| known(value, lit(other)),
            );
            values.iter().rev().fold(rest, |rest, (name, score)| {
                when(text.clone().eq(lit(name.clone())))
                    .then(lit(*score))
                    .otherwise(rest)
            })
        }
    }
}

fn known(value: &Expr, score: Expr) -> Expr {
    when(value.clone().is_not_null())
        .then(score)
        .otherwise(lit(NULL))
}

/// Finds the piece of the line by halving, so that a percentile of a hundred points stays shallow.
fn on_line(value: &Expr, knots: &[Knot]) -> Expr {
    let Some((first, last)) = knots.first().zip(knots.last()) else {
        return lit(NULL).cast(DataType::Float64);
    };
    let inner = between(value, knots);
    when(value.clone().lt_eq(lit(first.value)))
        .then(lit(first.score))
        .when(value.clone().gt_eq(lit(last.value)))
        .then(lit(last.score))
        .otherwise(inner)
}

fn between(value: &Expr, knots: &[Knot]) -> Expr {
    match knots {
        [] => lit(NULL).cast(DataType::Float64),
        [only] => known(value, lit(only.score)),
        [from, _] => lit(from.score) + (value.clone() - lit(from.value)) * lit(from.slope),
        _ => {
            let middle = knots.len() / 2;
            when(value.clone().lt(lit(knots[middle].value)))
                .then(between(value, &knots[..=middle]))
                .otherwise(between(value, &knots[middle..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::{Better, CurveFile};

    fn scored(file: &CurveFile, values: &[Option<f64>]) -> Vec<Option<f64>> {
        let resolved = Curve::resolve(file, [0.0, 100.0], None).unwrap();
        let frame = df!("x" => values)
            .unwrap()
            .lazy()
            .select([curve(&col("x"), &resolved).alias("y")])
            .collect()
            .unwrap();
        frame.column("y").unwrap().f64().unwrap().iter().collect()
    }

    #[test]
    fn lines_run_through_their_points_and_are_flat_outside() {
        let file = CurveFile::Points(vec![[0.0, 0.0], [0.5, 60.0], [0.8, 85.0], [1.0, 100.0]]);
        let found = scored(
            &file,
            &[
                Some(-1.0),
                Some(0.0),
                Some(0.25),
                Some(0.5),
                Some(0.8),
                Some(1.0),
                Some(7.0),
                None,
            ],
        );
        let expected = [
            Some(0.0),
            Some(0.0),
            Some(30.0),
            Some(60.0),
            Some(85.0),
            Some(100.0),
            Some(100.0),
            None,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_step_begins_at_its_value() {
        let file = CurveFile::Steps(vec![[0.0, 100.0], [1.0, 80.0], [3.0, 40.0]]);
        let found = scored(
            &file,
            &[
                Some(-1.0),
                Some(0.0),
                Some(0.99),
                Some(1.0),
                Some(3.0),
                None,
            ],
        );
        assert_eq!(
            found,
            [
                Some(100.0),
                Some(100.0),
                Some(100.0),
                Some(80.0),
                Some(40.0),
                None
            ]
        );
    }

    #[test]
    fn a_percentile_that_is_better_lower_turns_around() {
        let reference = crate::model::file::PercentileFile {
            as_of: "2026-01-31".parse().unwrap(),
            population: "all".into(),
            accounts: 50,
            points: vec![[0.0, 0.0], [10.0, 100.0]],
        };
        let resolved = Curve::resolve(
            &CurveFile::Percentile(reference),
            [0.0, 100.0],
            Some(Better::Lower),
        )
        .unwrap();
        let frame = df!("x" => [2.5])
            .unwrap()
            .lazy()
            .select([curve(&col("x"), &resolved).alias("y")])
            .collect()
            .unwrap();
        assert_eq!(frame.column("y").unwrap().f64().unwrap().get(0), Some(75.0));
    }
}
