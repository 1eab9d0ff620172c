//! Which accounts to look at first. Direction counts, not level alone.

use polars::prelude::*;

use super::noise::UNEXPLAINED;
use crate::exports::as_of::AS_OF;
use crate::panel;
use crate::scores::columns as name;

/// How much an account asks for attention, in points.
pub const ATTENTION: &str = "attention";
/// Its place among all of its date, 1 for the first.
pub const RANK: &str = "attention_rank";

/// Adds both columns; rows are sorted by date and account.
///
/// A point below 100 counts one, and so does every point of a fall within a month that neither an
/// expected dip nor the season explains: 74 fallen from 90 is 26 + 16, a steady 68 is 32. Of a fall
/// that a dip explains in part the rest counts: 60 fallen from 90, 18 of the 30 points in the
/// category of a rollout under way, is 40 + 12.
///
/// # Errors
/// When Polars fails.
pub(super) fn ordered(frame: DataFrame) -> PolarsResult<DataFrame> {
    let fallen = col(name::overall(UNEXPLAINED));
    let attention = lit(100.0) - col(name::overall("score_shown")) + fallen;
    let attention = attention.round(9, RoundMode::HalfAwayFromZero);
    let frame = frame
        .lazy()
        .with_column(attention.alias(name::overall(ATTENTION)))
        .collect()?;
    let mut frame = panel::in_order(frame)?;
    let days = frame.column(AS_OF)?.date()?.physical().iter();
    let asked = frame.column(&name::overall(ATTENTION))?.f64()?.iter();
    let rows = days.zip(asked).enumerate();
    let mut asking: Vec<(usize, Option<i32>, f64)> = rows
        .filter_map(|(row, (day, asks))| Some((row, day, asks?)))
        .collect();
    // Who asks for as much keeps the order of the accounts.
    asking.sort_by(|(_, day, asks), (_, other, theirs)| {
        day.cmp(other).then_with(|| theirs.total_cmp(asks))
    });
    let mut ranks = vec![None; frame.height()];
    for of_day in asking.chunk_by(|(_, day, _), (_, other, _)| day == other) {
        for ((row, _, _), rank) in of_day.iter().zip(1i64..) {
            ranks[*row] = Some(rank);
        }
    }
    frame.with_column(Column::new(name::overall(RANK).into(), ranks))?;
    Ok(frame)
}
