//! Which accounts to look at first. Direction counts, not level alone.

use polars::prelude::*;

use super::noise::UNEXPLAINED;
use crate::exports::as_of::{AS_OF, ROW};
use crate::panel::{self, ACCOUNT_ID};
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
    let by_attention = SortMultipleOptions::default()
        .with_order_descending_multi([false, true, false])
        .with_nulls_last(true);
    let place = col(name::overall(ATTENTION))
        .cum_count(false)
        .over([col(AS_OF)])?
        .cast(DataType::Int64);
    let attention = attention.round(9, RoundMode::HalfAwayFromZero);
    let frame = frame
        .lazy()
        .with_column(attention.alias(name::overall(ATTENTION)))
        .collect()?;
    let mut frame = panel::in_order(frame)?;
    // A place is found among three columns; everything else need not be moved for it.
    let ranks = frame
        .select([AS_OF, &name::overall(ATTENTION), ACCOUNT_ID])?
        .lazy()
        .with_row_index(ROW, None)
        .sort(
            [
                AS_OF.to_owned(),
                name::overall(ATTENTION),
                ACCOUNT_ID.to_owned(),
            ],
            by_attention,
        )
        .with_column(
            when(col(name::overall(ATTENTION)).is_not_null())
                .then(place)
                .otherwise(lit(NULL))
                .alias(name::overall(RANK)),
        )
        .sort([ROW], SortMultipleOptions::default())
        .collect()?;
    frame.with_column(ranks.column(&name::overall(RANK))?.clone())?;
    Ok(frame)
}
