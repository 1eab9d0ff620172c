//! The table of what moved each score.

use polars::prelude::*;

use super::Table;
use crate::exports::as_of::AS_OF;
use crate::panel::ACCOUNT_ID;

/// Returns `drivers`: one row per account, comparator and cause, by account, then in the job's
/// order of comparators and the order in which causes are taken; they come in that order.
///
/// # Errors
/// When Polars fails.
pub fn drivers(drivers: &DataFrame) -> PolarsResult<Table> {
    let frame = drivers.drop(AS_OF)?;
    Ok(Table::new("drivers", frame, &[ACCOUNT_ID], |column| {
        let text = match column {
            "account_id" => "The account",
            "comparator" => "What the score is compared with",
            "compared_as_of" => "The date of that",
            "cause" => {
                "restated, model, variant, data_lost, behaviour, calendar, data_returned, limit, override, or not_comparable with its reason"
            }
            "category" => "The category of the metric",
            "metric" => "The metric; null where the cause is none",
            "points" => "Points of the shown score; they sum to the shown change",
            "raw_points" => "The same unrounded; they sum to the change of health_score",
            "value_then" => "The metric's value on the earlier date",
            "value_now" => "The metric's value now",
            "text_then" => {
                "The same where it is text: also the variant, model, limits or override then"
            }
            "text_now" => "The same now",
            "reason" => {
                "Why there is no split, what could not be told apart, or on which date the metric did not count"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }))
}
