//! The (account, as-of date) pairs to be computed: tonight's, the trend's, the past's.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::exports::as_of::{ACCOUNT, AS_OF, masked, visible};
use crate::exports::rows::Rows;

/// The panel's column of accounts.
pub const ACCOUNT_ID: &str = "account_id";

/// Returns every account that was known on each of the dates, with the columns asked for as they
/// were known then; sorted by date and account.
///
/// # Errors
/// When Polars fails.
pub fn candidates(
    accounts: &Rows,
    dates: &[NaiveDate],
    attributes: &[String],
) -> PolarsResult<DataFrame> {
    let dates = DataFrame::new_infer_height(vec![Column::new(AS_OF.into(), dates)])?;
    known_on(
        accounts,
        accounts.frame.clone().lazy().cross_join(dates.lazy(), None),
        attributes,
    )
}

/// Returns the pairs of a panel whose account was known then, with the columns asked for.
///
/// # Errors
/// When Polars fails.
pub fn known_pairs(
    accounts: &Rows,
    pairs: &DataFrame,
    attributes: &[String],
) -> PolarsResult<DataFrame> {
    let rows = accounts.frame.clone().lazy().join(
        pairs.clone().lazy(),
        [col(ACCOUNT)],
        [col(ACCOUNT_ID)],
        JoinArgs::new(JoinType::Inner),
    );
    known_on(accounts, rows, attributes)
}

fn known_on(accounts: &Rows, pairs: LazyFrame, attributes: &[String]) -> PolarsResult<DataFrame> {
    // Named aside first, so that the account column itself may be among the attributes.
    let cells = attributes
        .iter()
        .filter(|name| *name != ACCOUNT_ID)
        .map(|name| masked(&accounts.table, name, col(AS_OF)));
    let columns: Vec<Expr> = [col(ACCOUNT).alias(ACCOUNT_ID), col(AS_OF)]
        .into_iter()
        .chain(cells)
        .collect();
    pairs
        .filter(visible(col(AS_OF)).and(col(ACCOUNT).is_not_null()))
        .select(columns)
        .sort([AS_OF, ACCOUNT_ID], SortMultipleOptions::default())
        .collect()
}

/// Keeps the pairs of some accounts, or all of them.
///
/// # Errors
/// When Polars fails.
pub fn only(panel: DataFrame, accounts: Option<&[String]>) -> PolarsResult<DataFrame> {
    let Some(accounts) = accounts else {
        return Ok(panel);
    };
    let wanted = DataFrame::new_infer_height(vec![Column::new(ACCOUNT_ID.into(), accounts)])?;
    let keep_order = JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Semi)
    };
    panel
        .lazy()
        .join(
            wanted.lazy(),
            [col(ACCOUNT_ID)],
            [col(ACCOUNT_ID)],
            keep_order,
        )
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
