//! The tables about all accounts together.

use polars::prelude::*;

use super::Table;

/// Returns one of them; they share their words, so that they can be read side by side.
#[must_use]
pub fn portfolio(name: &'static str, frame: DataFrame) -> Table {
    let sorted_by: &[&str] = match name {
        "portfolio_bands" => &["on_date", "slice", "slice_value"],
        "portfolio_actions" => &["owner"],
        "portfolio_migration" | "portfolio_causes" => &[],
        _ => &["slice", "slice_value"],
    };
    Table::new(name, frame, sorted_by, |column| {
        let text = match (name, column) {
            (_, "slice") => {
                "How accounts are set apart: all, stage, or a column or measure the job names"
            }
            (_, "slice_value") => "Which of them these are",
            (_, "on_date") => {
                "The date the row speaks about: the as-of date, or one it is compared with"
            }
            (_, "comparator") => "How far back the comparison goes",
            (_, "compared_as_of") => "The date of the comparison",
            (_, "band") => "The band then, or `not scored`",
            (_, "band_before") => {
                "The band on the date of the comparison; `not scored`, or `not in the panel` where the account was not yet eligible"
            }
            (_, "band_after") => "The band now, or `not scored`",
            (_, "points_from") => {
                "The lowest score that counts here; up to ten more, and 100 counts with the nineties"
            }
            ("portfolio_causes", "accounts") => "Those of them that lost in this category too",
            (_, "accounts") => "Number of accounts",
            ("portfolio_causes", "share") => "The same as a share of the fallen ones",
            ("portfolio_revenue", "share") => {
                "The amount as a share of that of all bands in the currency"
            }
            (_, "share") => "The same as a share of all of this slice",
            (_, "accounts_scored") => "Those of them that have a score",
            (_, "share_scored") => "The same as a share",
            (_, "mean_score") => "Mean of the scores as shown",
            (_, "mean_coverage") => "Mean share of weight that rests on present, fresh data",
            (_, "currency") => "Currency of the amount; amounts of several are never added",
            (_, "amount") => "Sum of the yearly amounts",
            (_, "coverage_by_amount") => "Coverage, each account counted by its amount",
            (_, "category") => "The category; overall for the account as a whole",
            (_, "accounts_fallen") => {
                "Accounts whose score fell by more than the model's flat band"
            }
            (_, "mean_change") => "Mean change of the category among those that lost in it",
            (_, "signal") => "The signal",
            (_, "severity") => "High, Medium or Low",
            (_, "owner") => "Who does it; `not in the data` where the log names nobody",
            (_, "raised") => "Actions of the log raised within the job's period",
            (_, "closed") => "Actions of the log closed within the period",
            (_, "open") => "Actions of the log that are open",
            (_, "overdue") => "Open ones whose due date has passed",
            (_, "new") => "Actions that this run adds to the list",
            (_, "share_overdue") => "Overdue ones as a share of the open ones",
            _ => return None,
        };
        Some(text.to_owned())
    })
}
