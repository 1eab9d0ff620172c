//! The tables about all accounts together.

use polars::prelude::*;

use super::Table;

/// Returns one of them; they share their words, so that they can be read side by side.
#[must_use]
pub fn portfolio(name: &'static str, frame: DataFrame) -> Table {
    let sorted_by: &[&str] = match name {
        "portfolio_bands" | "portfolio_scores" | "portfolio_coverage" => {
            &["on_date", "slice", "slice_value"]
        }
        "portfolio_actions" => &["owner"],
        "portfolio_migration"
        | "portfolio_causes"
        | "portfolio_changes"
        | "portfolio_drivers"
        | "portfolio_movers" => &[],
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
            (_, "account_id") => "The account",
            (_, "rank") => "Its place by the size of the change, 1 for the largest",
            (_, "score_then") => "The score on the date of the comparison",
            (_, "score_now") => "The score now",
            (_, "change") => "Points between them; the rows of an account sum to it",
            ("portfolio_movers", "cause") => {
                "What moved it, as in `drivers`; `other` are the lighter causes of all ten together"
            }
            ("portfolio_movers", "category") => {
                "The category whose metrics moved it, where the cause is behaviour"
            }
            ("portfolio_movers", "points") => "Points of the cause",
            (_, "cause") => "What took the points, as in `drivers`",
            (_, "metric") => "The metric, where the cause lies in one",
            ("portfolio_drivers", "category") => "The category of the metric",
            (_, "points") => "Points that it took from them all together",
            (_, "month") => "Month of the next renewal",
            (_, "accounts_of_month") => "Accounts of all bands in the month and currency",
            (_, "amount_of_month") => "Their yearly amounts together",
            (_, "accounts_compared") => "Accounts with a score on both dates",
            (_, "fell") => "Those of them whose shown score is lower now, by however little",
            (_, "rose") => "Those of them whose shown score is higher now",
            (_, "to_a_worse_band") => "Those of them that are in a worse band now",
            (_, "to_a_better_band") => "Those of them that are in a better band now",
            ("portfolio_changes", "mean_change") => "Mean change of the shown score",
            (_, "accounts_at_risk") => {
                "Accounts of this slice in the bands that the model marks as at risk, or in the worst one"
            }
            (_, "accounts_complete") => "Accounts for which all of the weight rests on data",
            (_, "comparator") => "How far back the comparison goes",
            (_, "compared_as_of") => "The date of the comparison",
            (_, "band") => "The band then, or `not scored`",
            (_, "band_before") => {
                "The band on the date of the comparison; `not scored`, or `not in the panel` where the account was not eligible then"
            }
            (_, "band_after") => {
                "The band now; `not scored`, or `not in the panel` where the account is not eligible any more, counted in the slices it was in then"
            }
            (_, "accounts_before") => "All accounts of this slice that were in the band then",
            (_, "accounts_after") => "All accounts of this slice that are in the band now",
            (_, "month_from") => "The first month that counts as ahead",
            (_, "month_to") => "The last month that counts as ahead",
            (_, "accounts_due") => "Accounts whose next renewal lies in these months",
            (_, "accounts_due_at_risk") => {
                "Those of them in the bands that the model marks as at risk, or in the worst one"
            }
            (_, "accounts_due_without_amount") => {
                "Those of them whose amount or currency is not in the data"
            }
            (_, "accounts_later") => "Accounts whose next renewal lies after these months",
            (_, "points_from") => {
                "The lowest score that counts here; up to five more, and 100 counts with the last five"
            }
            ("portfolio_causes", "accounts") => "Those of them that lost in this category too",
            ("portfolio_drivers", "accounts") => "Those of them that it took points from",
            ("portfolio_renewals", "currency") => {
                "Currency of the amount; `not in the data` where there is no amount"
            }
            (_, "accounts") => "Number of accounts",
            ("portfolio_causes" | "portfolio_drivers", "share") => {
                "The same as a share of the fallen ones"
            }
            ("portfolio_revenue", "share") => {
                "The amount as a share of that of all bands in the currency"
            }
            (_, "share") => "The same as a share of all of this slice",
            ("portfolio_bands", "accounts_scored") => "Accounts of this slice that have a score",
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
