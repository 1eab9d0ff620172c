//! A panel of many dates, cut so that each part meets few rows.
//!
//! Rows meet every pair of their account before the windows keep what they want. Over three years
//! of dates nearly all that meet would be thrown away again, so dates near each other go together
//! with the rows that their windows can reach.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::exports::as_of::{AS_OF, EVENT, FROM, TO};
use crate::formula::date_literal;
use crate::panel;

/// Some dates of a panel.
pub(super) struct Batch {
    /// The pairs of those dates.
    pub(super) panel: DataFrame,
    /// The first of the dates and the last; `None` of an empty panel.
    span: Option<(NaiveDate, NaiveDate)>,
    reach: Option<u32>,
}

impl Batch {
    /// Returns the rows that are visible on any of the dates and within reach of one.
    pub(super) fn rows(&self, rows: &DataFrame) -> LazyFrame {
        let rows = rows.clone().lazy();
        let Some((first, last)) = self.span else {
            return rows;
        };
        let (first, last) = (date_literal(first), date_literal(last));
        let rows = rows.filter(col(FROM).lt_eq(last).and(col(TO).gt(first.clone())));
        match self.reach {
            None => rows,
            Some(reach) => {
                let day = |date: Expr| date.cast(DataType::Int32);
                rows.filter((day(first) - day(col(EVENT))).lt_eq(lit(reach)))
            }
        }
    }
}

/// Cuts a panel into batches of dates that are no further apart than `reach`, the days by which
/// the longest window looks back: so at most about twice as many rows meet pairs as are wanted.
/// Without a reach there is one batch.
///
/// # Errors
/// When Polars fails.
pub(super) fn batches(panel: &DataFrame, reach: Option<u32>) -> PolarsResult<Vec<Batch>> {
    let mut dates = panel::dates(panel)?;
    dates.sort_unstable();
    let apart = i64::from(reach.unwrap_or(u32::MAX)).max(1);
    let mut spans: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for date in dates {
        match spans.last_mut() {
            Some((first, last)) if (date - *first).num_days() <= apart => *last = date,
            _ => spans.push((date, date)),
        }
    }
    if spans.len() < 2 {
        return Ok(vec![Batch {
            panel: panel.clone(),
            span: spans.first().copied(),
            reach,
        }]);
    }
    let batch = |(first, last): (NaiveDate, NaiveDate)| {
        let within = col(AS_OF)
            .gt_eq(date_literal(first))
            .and(col(AS_OF).lt_eq(date_literal(last)));
        Ok(Batch {
            panel: panel.clone().lazy().filter(within).collect()?,
            span: Some((first, last)),
            reach,
        })
    };
    spans.into_iter().map(batch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn near_dates_go_together_with_the_rows_they_reach() {
        let panel = df!(
            "account_id" => ["a", "b", "a", "a"],
            AS_OF => ["2026-01-31", "2026-02-28", "2026-03-31", "2026-06-30"].map(date),
        )
        .unwrap();
        let rows = df!(
            "n" => [1, 2, 3, 4],
            EVENT => ["2026-01-03", "2026-01-04", "2026-02-28", "2026-03-03"].map(date),
            FROM => ["2026-01-03", "2026-01-04", "2026-02-28", "2026-03-03"].map(date),
            TO => ["9999-12-31", "2026-01-31", "9999-12-31", "9999-12-31"].map(date),
        )
        .unwrap();
        let shapes = |reach: Option<u32>| -> Vec<(usize, Vec<i32>)> {
            let own = |batch: &Batch| {
                let rows = batch.rows(&rows).collect().unwrap();
                let numbers = rows.column("n").unwrap().i32().unwrap().clone();
                (batch.panel.height(), numbers.into_no_null_iter().collect())
            };
            batches(&panel, reach).unwrap().iter().map(own).collect()
        };
        // The second row was no word of the warehouse any more on the first date.
        assert_eq!(
            shapes(Some(28)),
            [(2, vec![1, 3]), (1, vec![4]), (1, vec![])]
        );
        assert_eq!(shapes(None), [(4, vec![1, 3, 4])]);
    }
}
