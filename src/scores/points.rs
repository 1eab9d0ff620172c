//! Scores as they are shown, and points that add up on paper.

use polars::prelude::*;

/// Returns raw points in billionths, as a whole number: what binary fractions add is gone.
fn billionths(points: Expr) -> Expr {
    (points * lit(1e9))
        .round(0, RoundMode::HalfAwayFromZero)
        .cast(DataType::Int64)
}

/// Returns how many billionths one step of the shown grid has.
fn step(decimals: u32) -> i64 {
    10i64.pow(9 - decimals)
}

/// Returns points as shown, in steps of the grid: rounded to nine decimals, then half up.
pub(super) fn shown(points: Expr, decimals: u32) -> Expr {
    (billionths(points) + lit(step(decimals) / 2)).floor_div(lit(step(decimals)))
}

/// Returns steps of the grid as points.
///
/// The divisor is a column: Polars multiplies by the reciprocal of a constant, and 795 × 0.1 is
/// not 79.5.
pub(super) fn to_points(steps: Expr, decimals: u32) -> Expr {
    let grid = 10f64.powi(decimals as i32);
    steps.clone().cast(DataType::Float64)
        / when(steps.is_not_null())
            .then(lit(grid))
            .otherwise(lit(NULL))
}

/// Shares out `whole` (in steps) among parts by largest remainder; ties go in model order.
///
/// `parts` are raw points; a part that is null gets null. The shares sum to `whole`.
pub(super) fn share_out(whole: &Expr, parts: &[Expr], decimals: u32) -> Vec<Expr> {
    let step = step(decimals);
    let raw: Vec<Expr> = parts.iter().map(|part| billionths(part.clone())).collect();
    let floors: Vec<Expr> = raw
        .iter()
        .map(|raw| raw.clone().floor_div(lit(step)))
        .collect();
    let rests: Vec<Expr> = raw
        .iter()
        .zip(&floors)
        .map(|(raw, floor)| (raw.clone() - floor.clone() * lit(step)).fill_null(lit(-1i64)))
        .collect();
    let given = floors
        .iter()
        .map(|floor| floor.clone().fill_null(lit(0i64)))
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| lit(0i64));
    let open = whole.clone() - given;
    floors
        .iter()
        .enumerate()
        .map(|(n, floor)| {
            let ahead = rests
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != n)
                .map(|(other, rest)| {
                    let mine = rests[n].clone();
                    let first = if other < n {
                        rest.clone().gt_eq(mine)
                    } else {
                        rest.clone().gt(mine)
                    };
                    first.cast(DataType::Int64)
                })
                .reduce(|a, b| a + b)
                .unwrap_or_else(|| lit(0i64));
            floor.clone() + ahead.lt(open.clone()).cast(DataType::Int64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_whole_and_ties_go_in_order() {
        let frame = df!("a" => [10.04, 33.333_333], "b" => [10.04, 33.333_333], "c" => [Some(0.02), Some(33.333_334)]).unwrap();
        let whole = shown(col("a") + col("b") + col("c"), 1);
        let shares = share_out(&whole, &[col("a"), col("b"), col("c")], 1);
        let named: Vec<Expr> = shares
            .into_iter()
            .zip(["x", "y", "z"])
            .map(|(share, name)| share.alias(name))
            .collect();
        let found = frame.lazy().select(named).collect().unwrap();
        let column = |name: &str| -> Vec<Option<i64>> {
            found.column(name).unwrap().i64().unwrap().iter().collect()
        };
        // 20.1 of 10.04 + 10.04 + 0.02: one step is left, and the first of the two equal rests takes it.
        assert_eq!(
            (column("x")[0], column("y")[0], column("z")[0]),
            (Some(101), Some(100), Some(0))
        );
        // 100.0 of three thirds: the largest rest is the third's.
        assert_eq!(
            (column("x")[1], column("y")[1], column("z")[1]),
            (Some(333), Some(333), Some(334))
        );
    }

    #[test]
    fn steps_become_exactly_the_points_they_stand_for() {
        let found = df!("s" => [795i64, 799])
            .unwrap()
            .lazy()
            .select([to_points(col("s"), 1)])
            .collect()
            .unwrap();
        let points: Vec<Option<f64>> = found.columns()[0].f64().unwrap().iter().collect();
        assert_eq!(points, [Some(79.5), Some(79.9)]);
    }
}
