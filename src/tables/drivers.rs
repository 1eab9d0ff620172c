//! The table of what moved each score.

use polars::prelude::*;

use super::Table;
use crate::domain::Comparator;
use crate::exports::as_of::AS_OF;
use crate::panel::ACCOUNT_ID;

/// Returns `drivers`: one row per account, comparator and cause, by account, then in the job's
/// order of comparators and the order in which causes are taken.
///
/// # Errors
/// When Polars fails.
pub fn drivers(drivers: &DataFrame, comparators: &[Comparator]) -> PolarsResult<Table> {
    let place = comparators.iter().zip(0i32..).fold(
        lit(NULL).cast(DataType::Int32),
        |rest, (comparator, n)| {
            when(col("comparator").eq(lit(comparator.to_string())))
                .then(lit(n))
                .otherwise(rest)
        },
    );
    let frame = drivers
        .clone()
        .lazy()
        .with_column(place.alias("__place"))
        .sort(
            [ACCOUNT_ID, "__place"],
            SortMultipleOptions::default().with_maintain_order(true),
        )
        .select([all().exclude_cols([AS_OF, "__place"]).as_expr()])
        .collect()?;
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
