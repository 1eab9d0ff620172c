//! The table of parents.

use polars::prelude::*;

use super::Table;
use crate::insights::parents::PARENT;

/// Returns `parent_scores`: one row per parent that any account names.
#[must_use]
pub fn parent_scores(frame: DataFrame) -> Table {
    Table::new("parent_scores", frame, &[PARENT], |column| {
        let text = match column {
            "parent_id" => "The parent",
            "accounts" => "Accounts of the panel that belong to it, its own among them",
            "accounts_scored" => "Those of them that have a score",
            "health_score" => {
                "Mean score of its accounts, weighed by revenue, of those that have both; null if there is none, or if the revenue is in several currencies"
            }
            "worst_account_id" => "The account with the lowest score; the first by id of several",
            "worst_score" => "Its score",
            "revenue" => "Revenue of all its accounts",
            "revenue_scored" => "Revenue of those that have a score: what the mean rests on",
            "revenue_at_risk" => {
                "Revenue of those in a band that the model says is at risk; null if it says so of none"
            }
            "share_at_risk" => "The same as a share of revenue_scored, 0 to 1",
            "currency" => "Currency of the revenue",
            "reason" => "Why there is no mean; null if there is one",
            _ => return None,
        };
        Some(text.to_owned())
    })
}
