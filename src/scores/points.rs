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

/// A part of a whole on its way to the shown grid: steps it surely gets, and what is left of it.
///
/// The two become columns before they are compared with those of the other parts; as nested
/// expressions their number would grow with the square of the parts, each as large as the whole.
pub(super) struct Part {
    /// The column of the steps it surely gets.
    pub floor: String,
    /// The column of what is left, in billionths; −1 where there is no part.
    pub rest: String,
}

impl Part {
    /// Returns the two columns of a part with so many raw points.
    pub(super) fn columns(&self, points: Expr, decimals: u32) -> [Expr; 2] {
        let (raw, step) = (billionths(points), step(decimals));
        let floor = raw.clone().floor_div(lit(step));
        let rest = (raw - floor.clone() * lit(step)).fill_null(lit(-1i64));
        [
            floor.alias(self.floor.as_str()),
            rest.alias(self.rest.as_str()),
        ]
    }
}

/// Returns how many steps of `whole` are still to be given when every part has its floor.
pub(super) fn open_steps(whole: &Expr, parts: &[Part]) -> Expr {
    let floors = parts
        .iter()
        .map(|part| col(part.floor.as_str()).fill_null(lit(0i64)));
    whole.clone() - floors.reduce(|a, b| a + b).unwrap_or_else(|| lit(0i64))
}

/// Gives the open steps to the parts with the largest rests; ties go in model order.
///
/// A part that is null gets null. The shares sum to the whole.
pub(super) fn shares(open: &Expr, parts: &[Part]) -> Vec<Expr> {
    let rest = |part: &Part| col(part.rest.as_str());
    let share = |(n, part): (usize, &Part)| {
        let others = parts.iter().enumerate().filter(|(other, _)| *other != n);
        let ahead = others.map(|(other, theirs)| {
            let is_first = if other < n {
                rest(theirs).gt_eq(rest(part))
            } else {
                rest(theirs).gt(rest(part))
            };
            is_first.cast(DataType::Int64)
        });
        let ahead = ahead.reduce(|a, b| a + b).unwrap_or_else(|| lit(0i64));
        col(part.floor.as_str()) + ahead.lt(open.clone()).cast(DataType::Int64)
    };
    parts.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_the_whole_and_ties_go_in_order() {
        let frame = df!("a" => [10.04, 33.333_333], "b" => [10.04, 33.333_333], "c" => [Some(0.02), Some(33.333_334)]).unwrap();
        let names = ["a", "b", "c"];
        let parts = names.map(|name| Part {
            floor: format!("{name}/floor"),
            rest: format!("{name}/rest"),
        });
        let columns: Vec<Expr> = names
            .iter()
            .zip(&parts)
            .flat_map(|(name, part)| part.columns(col(*name), 1))
            .collect();
        let whole = shown(col("a") + col("b") + col("c"), 1);
        let frame = frame
            .lazy()
            .with_columns(columns)
            .with_column(open_steps(&whole, &parts).alias("open"));
        let named: Vec<Expr> = shares(&col("open"), &parts)
            .into_iter()
            .zip(["x", "y", "z"])
            .map(|(share, name)| share.alias(name))
            .collect();
        let found = frame.select(named).collect().unwrap();
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
    fn half_a_step_is_shown_upwards_even_where_binary_fractions_fall_short() {
        let steps = |points: f64, decimals| {
            let frame = df!("x" => [points]).unwrap().lazy();
            let found = frame.select([shown(col("x"), decimals)]).collect().unwrap();
            found.columns()[0].i64().unwrap().get(0).unwrap()
        };
        assert_eq!(steps(79.95, 1), 800);
        assert_eq!(steps(79.949_999, 1), 799);
        assert_eq!(steps(0.25, 1), 3);
        assert_eq!(steps(59.5, 0), 60);
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
