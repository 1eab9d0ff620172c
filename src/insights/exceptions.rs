//! Exceptions: the few accounts that a weekly review has to talk about, who follows up, how, and
//! when to look again.

use polars::prelude::*;

use super::actions::{
    ACTION, AMOUNT, CAUSE, CHECK, CURRENCY, DUE, Desk, OWNER, PRIORITY, ROLE, single_causes,
};
use super::signals::{CATEGORY, EVIDENCE, RULE, SEVERITY, SEVERITY_RANK, SIGNAL, TITLE};
use crate::formula::any_of;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// Returns one row per account and signal of those that count as exceptions, the most urgent first.
///
/// Where an action for it is in hand, the log says who follows up and by when.
///
/// # Errors
/// When Polars fails.
pub fn list(desk: &Desk<'_>, exceptions: &[String]) -> PolarsResult<DataFrame> {
    let is_wanted = exceptions.iter().map(|id| col(CAUSE).eq(lit(id.clone())));
    let in_order = |left: JoinType| JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(left)
    };
    let scores = desk.compared.clone().lazy().select([
        col(ACCOUNT_ID),
        col(name::overall("score_shown")).alias("score_shown"),
        col(name::overall(name::BAND)).alias("band"),
    ]);
    let said = desk.signals.clone().lazy().select(
        [
            ACCOUNT_ID, RULE, SIGNAL, TITLE, CATEGORY, SEVERITY, EVIDENCE,
        ]
        .map(col),
    );
    desk.of_signals()?
        .filter(any_of(is_wanted.collect()))
        .with_column(desk.priority().alias(PRIORITY))
        .join(
            said,
            [col(ACCOUNT_ID), col(RULE)],
            [col(ACCOUNT_ID), col(RULE)],
            in_order(JoinType::Inner),
        )
        .join(
            scores,
            [col(ACCOUNT_ID)],
            [col(ACCOUNT_ID)],
            in_order(JoinType::Left),
        )
        .join(
            in_hand(desk),
            [col(ACCOUNT_ID), col(CAUSE)],
            [col(ACCOUNT_ID), col(CAUSE)],
            in_order(JoinType::Left),
        )
        .sort(
            [PRIORITY, ACCOUNT_ID, SEVERITY_RANK, RULE],
            SortMultipleOptions::default()
                .with_order_descending_multi([true, false, false, false])
                .with_nulls_last(true),
        )
        .select([
            col(ACCOUNT_ID),
            col(SIGNAL).alias("exception"),
            col(TITLE),
            col(CATEGORY),
            col(SEVERITY),
            col(EVIDENCE),
            col("score_shown"),
            col("band"),
            coalesce(&[col("__title"), col(ACTION)]).alias("intervention"),
            coalesce(&[col("__owner"), col(OWNER)]).alias(OWNER),
            col(ROLE),
            coalesce(&[col("__due"), col(DUE)]).alias(DUE),
            col(CHECK),
            coalesce(&[col("__status"), lit("new")]).alias("status"),
            col("__raised").alias("raised_date"),
            col(PRIORITY),
            col(AMOUNT),
            col(CURRENCY),
        ])
        .with_row_index("rank", Some(1))
        .collect()
}

/// Returns the oldest open action of each account and cause.
fn in_hand(desk: &Desk<'_>) -> LazyFrame {
    let open = desk.log.clone().lazy().filter(col("closed_at").is_null());
    single_causes(open)
        .group_by_stable([col(ACCOUNT_ID), col(CAUSE)])
        .agg([
            col("title").first().alias("__title"),
            col("owner").first().alias("__owner"),
            col("due_date").first().alias("__due"),
            col("status")
                .fill_null(lit("open"))
                .first()
                .alias("__status"),
            col("raised_date").first().alias("__raised"),
        ])
}
