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

/// Finds the piece of the line by halving, value by value: an expression works every piece out for every
/// value, which of a percentile of a hundred points took as long as all other scoring of an account.
fn on_line(value: &Expr, knots: &[Knot]) -> Expr {
    let Some((first, last)) = knots.first().copied().zip(knots.last().copied()) else {
        return lit(NULL).cast(DataType::Float64);
    };
    let knots = knots.to_vec();
    let score = move |x: f64| {
        if x <= first.value {
            first.score
        // What is no number is larger than all of them, as everywhere in the engine.
        } else if x >= last.value || x.is_nan() {
            last.score
        } else {
            let from = &knots[knots.partition_point(|knot| knot.value <= x) - 1];
            from.score + (x - from.value) * from.slope
        }
    };
    value.clone().cast(DataType::Float64).map(
        move |values| Ok(values.f64()?.apply_values(&score).into_column()),
        |_, field| Ok(Field::new(field.name().clone(), DataType::Float64)),
    )
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

    /// A line as an expression, piece by piece.
    fn plainly(value: &Expr, knots: &[Knot]) -> Expr {
        let [.., last] = knots else {
            return lit(NULL);
        };
        let pieces = knots.windows(2).rev();
        let inner = pieces.fold(lit(last.score), |above, piece| {
            let [from, to] = [piece[0], piece[1]];
            let score = lit(from.score) + (value.clone() - lit(from.value)) * lit(from.slope);
            when(value.clone().lt(lit(to.value)))
                .then(score)
                .otherwise(above)
        });
        when(value.clone().is_null())
            .then(lit(NULL))
            .when(value.clone().lt_eq(lit(knots[0].value)))
            .then(lit(knots[0].score))
            .otherwise(inner)
    }

    #[test]
    fn a_line_has_the_scores_of_the_plain_expression_to_the_last_bit() {
        let points = (0..=40).map(|n| [f64::from(n * n) / 7.0, f64::from(n) * 2.5]);
        let curve = CurveFile::Points(points.collect());
        let Curve::Lines(knots) = Curve::resolve(&curve, [0.0, 100.0], None).unwrap() else {
            panic!("it is a line");
        };
        let mut values: Vec<Option<f64>> = (-9..999).map(|n| Some(f64::from(n) / 3.7)).collect();
        values.extend(knots.iter().map(|knot| Some(knot.value)));
        values.extend([None, Some(-0.0), Some(f64::INFINITY), Some(f64::NAN)]);
        let frame = df!("x" => values).unwrap().lazy();
        let both = [on_line(&col("x"), &knots), plainly(&col("x"), &knots)];
        let found = frame.select([both[0].clone().alias("own"), both[1].clone().alias("plain")]);
        let found = found.collect().unwrap();
        let bits = |name: &str| -> Vec<Option<u64>> {
            let scores = found.column(name).unwrap().f64().unwrap();
            scores.iter().map(|score| score.map(f64::to_bits)).collect()
        };
        assert_eq!(bits("own"), bits("plain"));
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
