//! Which earlier dates a date is compared with, and how the rows of two dates come side by side.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::domain::{Comparator, DayCount, year_before};
use crate::exports::as_of::AS_OF;
use crate::model::HealthModel;
use crate::model::reading::EARLIER;
use crate::panel::ACCOUNT_ID;

/// The time in which a fall is looked at, whatever else the job compares with.
pub const MONTH: DayCount = DayCount(30);

/// A comparator with the dates it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The comparator.
    pub comparator: Comparator,
    /// Each published date with the one it is compared with, where there is one.
    pub pairs: Vec<(NaiveDate, NaiveDate)>,
}

/// Returns the earlier dates that insights of a date rest on, whatever the job compares with: the
/// readings before it, a month ago and, where a year of data is asked for, the same month then.
#[must_use]
pub fn looked_back_on(date: NaiveDate, model: &HealthModel, with_year: bool) -> Vec<NaiveDate> {
    let readings = (1..=EARLIER).map(|n| reading_before(date, model, n));
    let mut dates: Vec<NaiveDate> = readings.chain([MONTH.before(date)]).collect();
    if with_year {
        let then = year_before(date);
        dates.extend([then, MONTH.before(then)]);
    }
    dates
}

/// Returns the date of the n-th reading before a date.
#[must_use]
pub fn reading_before(date: NaiveDate, model: &HealthModel, n: u32) -> NaiveDate {
    DayCount(model.reading.every.0 * n).before(date)
}

/// Returns the rows of a frame that lie on the earlier dates of `pairs`, each with the later date
/// in place of its own.
///
/// # Errors
/// When Polars fails.
pub(super) fn seen_from(
    past: LazyFrame,
    pairs: &[(NaiveDate, NaiveDate)],
) -> PolarsResult<LazyFrame> {
    let (now, then): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
    let dates = DataFrame::new_infer_height(vec![
        Column::new(NOW.into(), now),
        Column::new(AS_OF.into(), then),
    ])?;
    Ok(past
        .join(
            dates.lazy(),
            [col(AS_OF)],
            [col(AS_OF)],
            JoinArgs::new(JoinType::Inner),
        )
        .rename([AS_OF, NOW], [THEN, AS_OF], true))
}

const NOW: &str = "__now";
/// The earlier date of rows that were [`seen_from`] a later one.
pub(super) const THEN: &str = "__then";

/// Joins what an earlier date says of the same accounts; the order of `frame` is kept.
pub(super) fn beside(frame: LazyFrame, earlier: LazyFrame) -> LazyFrame {
    let on = [col(ACCOUNT_ID), col(AS_OF)];
    let keep_order = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Left)
    };
    frame.join(earlier, on.clone(), on, keep_order)
}
