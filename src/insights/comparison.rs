//! Which earlier dates a date is compared with, and how the rows of two dates come side by side.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::domain::{Comparator, DayCount, year_before};
use crate::exports::as_of::AS_OF;
use crate::formula::date_literal;
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
    if let [(now, then)] = pairs {
        // Rows of one date need not look for it.
        let of_then = past.filter(col(AS_OF).eq(date_literal(*then)));
        let renamed = of_then.rename([AS_OF], [THEN], true);
        return Ok(renamed.with_column(date_literal(*now).alias(AS_OF)));
    }
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

/// Puts what an earlier date says of the same accounts beside a frame, whose rows stay where they
/// are; `earlier` has an account and date once.
///
/// # Errors
/// When Polars fails.
pub(super) fn beside(frame: LazyFrame, earlier: LazyFrame) -> PolarsResult<LazyFrame> {
    let (frame, earlier) = (frame.collect()?, earlier.collect()?);
    let names: Vec<PlSmallStr> = (earlier.get_column_names_owned().into_iter())
        .filter(|name| name != ACCOUNT_ID && name != AS_OF)
        .collect();
    // Only the keys meet: a frame of hundreds of columns is not moved for a few more.
    let found = if earlier.height() == 0 {
        let none = |name: PlSmallStr| -> PolarsResult<Column> {
            let kind = earlier.column(&name)?.dtype().clone();
            Ok(Column::full_null(name, frame.height(), &kind))
        };
        names
            .into_iter()
            .map(none)
            .collect::<PolarsResult<Vec<_>>>()?
    } else {
        let on = [col(ACCOUNT_ID), col(AS_OF)];
        let keep_order = JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Left)
        };
        let keys = frame.select([ACCOUNT_ID, AS_OF])?.lazy();
        let joined = keys.join(earlier.lazy(), on.clone(), on, keep_order);
        let found = joined.select(names.into_iter().map(col).collect::<Vec<_>>());
        found.collect()?.into_columns()
    };
    Ok(frame.hstack(&found)?.lazy())
}
