//! The (account, as-of date) pairs to be computed: tonight's, the trend's, the past's.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::domain::PART_SEPARATOR;
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, AS_OF, CODE, PART, day, masked, visible};
use crate::exports::rows::Rows;

/// The panel's column of accounts.
pub const ACCOUNT_ID: &str = "account_id";

/// Returns every account that was known on each of the dates, with the columns asked for as they
/// were known then; sorted by date and account.
///
/// Where parts of accounts are scored there is a row for each of them: its account and its part
/// stand aside, and [`ACCOUNT_ID`] is the id of the two together, so that whatever comes after
/// takes a part for an account.
///
/// # Errors
/// When Polars fails.
pub fn candidates(
    exports: &Exports,
    dates: &[NaiveDate],
    attributes: &[String],
) -> PolarsResult<DataFrame> {
    let mut dates = dates.to_vec();
    dates.sort_unstable();
    let dates = DataFrame::new_infer_height(vec![Column::new(AS_OF.into(), dates)])?;
    let accounts = exports.accounts();
    // Accounts that are in order are so on every date, and nothing need be sorted that is there once
    // for each.
    let rows = accounts
        .frame()?
        .sort([ACCOUNT], SortMultipleOptions::default())?;
    let rows = dates.clone().lazy().cross_join(rows.lazy(), None);
    let known = known_on(accounts, rows, attributes);
    let mut candidates = in_parts(known, exports, dates)?.collect()?;
    // In pieces, every step from here to the scores would be worked out piece by piece.
    candidates.rechunk_mut();
    in_order(candidates)
}

/// Returns the pairs of a panel whose account was known then, with the columns asked for.
///
/// # Errors
/// When Polars fails.
pub fn known_pairs(
    exports: &Exports,
    pairs: &DataFrame,
    attributes: &[String],
) -> PolarsResult<DataFrame> {
    let on = [col(ACCOUNT_ID), col(AS_OF)];
    if exports.unit.is_none() {
        // A review asks for few pairs on many dates; only those meet the accounts.
        let accounts = exports.accounts();
        let rows = accounts.frame()?.clone().lazy().join(
            pairs.clone().lazy().select(on.clone()),
            [col(ACCOUNT)],
            [col(ACCOUNT_ID)],
            JoinArgs::new(JoinType::Inner),
        );
        return known_on(accounts, rows, attributes)
            .sort([AS_OF, ACCOUNT_ID], SortMultipleOptions::default())
            .collect();
    }
    let dates = dates(pairs)?;
    candidates(exports, &dates, attributes)?
        .lazy()
        .join(
            pairs.clone().lazy(),
            on.clone(),
            on,
            JoinArgs {
                maintain_order: MaintainOrderJoin::Left,
                ..JoinArgs::new(JoinType::Semi)
            },
        )
        .collect()
}

/// Returns the column of a panel that holds the account, whatever is scored.
#[must_use]
pub fn account_column(exports: &Exports) -> &'static str {
    if exports.unit.is_some() {
        ACCOUNT
    } else {
        ACCOUNT_ID
    }
}

fn known_on(accounts: &Rows, pairs: LazyFrame, attributes: &[String]) -> LazyFrame {
    // Named aside first, so that the account column itself may be among the attributes.
    let cells = attributes
        .iter()
        .filter(|name| *name != ACCOUNT_ID)
        .map(|name| masked(&accounts.table, name, col(AS_OF)));
    let columns: Vec<Expr> = [col(ACCOUNT).alias(ACCOUNT_ID), col(AS_OF), col(CODE)]
        .into_iter()
        .chain(cells)
        .collect();
    pairs
        .filter(visible(col(AS_OF)).and(col(ACCOUNT).is_not_null()))
        .select(columns)
}

/// Puts the parts that an account had on each date in the place of the account, where parts are
/// scored.
fn in_parts(known: LazyFrame, exports: &Exports, dates: DataFrame) -> PolarsResult<LazyFrame> {
    let Some(rows) = exports
        .unit
        .as_ref()
        .and_then(|unit| exports.tables.get(&unit.table))
    else {
        return Ok(known);
    };
    let parts = rows
        .frame()?
        .clone()
        .lazy()
        .cross_join(dates.lazy(), None)
        .filter(visible(col(AS_OF)).and(col(PART).is_not_null()))
        .select([col(ACCOUNT), col(PART), col(AS_OF)])
        .unique_generic(None, UniqueKeepStrategy::Any);
    let separator = PART_SEPARATOR.to_string();
    let id = concat_str([col(ACCOUNT), col(PART)], &separator, false).alias(ACCOUNT_ID);
    Ok(known
        .with_column(col(ACCOUNT_ID).alias(ACCOUNT))
        .join(
            parts,
            [col(ACCOUNT), col(AS_OF)],
            [col(ACCOUNT), col(AS_OF)],
            JoinArgs::new(JoinType::Inner),
        )
        .with_column(id))
}

/// Keeps the pairs of some accounts, or all of them.
///
/// # Errors
/// When Polars fails.
pub fn only(panel: DataFrame, accounts: Option<&[String]>) -> PolarsResult<DataFrame> {
    let Some(accounts) = accounts else {
        return Ok(panel);
    };
    // Where parts are scored, the account stands aside.
    let column = match panel.column(ACCOUNT) {
        Ok(_) => ACCOUNT,
        Err(_) => ACCOUNT_ID,
    };
    let wanted = DataFrame::new_infer_height(vec![Column::new(column.into(), accounts)])?;
    let keep_order = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Semi)
    };
    panel
        .lazy()
        .join(wanted.lazy(), [col(column)], [col(column)], keep_order)
        .collect()
}

/// Returns the dates of a panel, each once, in no order.
///
/// # Errors
/// When Polars fails.
pub fn dates(panel: &DataFrame) -> PolarsResult<Vec<NaiveDate>> {
    Ok(panel
        .column(AS_OF)?
        .unique()?
        .date()?
        .as_date_iter()
        .flatten()
        .collect())
}

/// Returns the pairs of one date of a panel; where they stand together, as they mostly do, nothing is
/// moved.
///
/// # Errors
/// When Polars fails.
pub fn on_date(panel: &DataFrame, date: NaiveDate) -> PolarsResult<DataFrame> {
    let days = panel.column(AS_OF)?.date()?.physical();
    let wanted = Some(day(date));
    let first = days.iter().position(|day| day == wanted).unwrap_or(0);
    let together = days.iter().skip(first).take_while(|day| *day == wanted);
    let together = together.count();
    let all = days.iter().filter(|day| *day == wanted).count();
    if all == together {
        return Ok(panel.slice(first as i64, together));
    }
    let on_date = days.iter().map(|day| day == wanted).collect();
    panel.filter(&on_date)
}

/// Returns a panel sorted by date and account; one that is, stays as it is.
///
/// # Errors
/// When Polars fails.
pub fn in_order(panel: DataFrame) -> PolarsResult<DataFrame> {
    let days = panel.column(AS_OF)?.date()?.physical().iter();
    let pairs = days.zip(panel.column(ACCOUNT_ID)?.str()?.iter());
    if pairs.is_sorted() {
        return Ok(panel);
    }
    panel.sort([AS_OF, ACCOUNT_ID], SortMultipleOptions::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_a_date_are_found_wherever_they_stand() {
        let [early, late] = ["2026-01-31", "2026-02-28"].map(|day| day.parse().unwrap());
        let panel =
            |dates: [NaiveDate; 3]| df!(ACCOUNT_ID => ["a", "b", "c"], AS_OF => dates).unwrap();
        let found = |dates: [NaiveDate; 3], date: NaiveDate| -> Vec<String> {
            let found = on_date(&panel(dates), date).unwrap();
            let accounts = found.column(ACCOUNT_ID).unwrap().str().unwrap().clone();
            accounts.iter().flatten().map(str::to_owned).collect()
        };
        assert_eq!(found([early, late, late], late), ["b", "c"]);
        assert_eq!(found([early, late, early], early), ["a", "c"]);
        assert!(found([early; 3], late).is_empty());
        let sorted = in_order(panel([late, early, early])).unwrap();
        assert!(sorted.equals(&in_order(sorted.clone()).unwrap()));
        let accounts = sorted.column(ACCOUNT_ID).unwrap().str().unwrap().clone();
        assert_eq!(
            accounts.iter().flatten().collect::<Vec<_>>(),
            ["b", "c", "a"]
        );
    }
}
