//! Change of a score against named earlier dates, computed from what was known then and by the
//! same model.

use chrono::NaiveDate;
use polars::prelude::*;

use crate::domain::DayCount;
use crate::exports::as_of::AS_OF;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// Returns the column that holds the change against a comparator, in points as shown.
#[must_use]
pub fn change_name(level: &str, comparator: DayCount) -> String {
    format!("{level}/change_{comparator}")
}

/// Returns the column that holds the direction: `up`, `flat` or `down`, null without comparison.
#[must_use]
pub fn direction_name(level: &str, comparator: DayCount) -> String {
    format!("{level}/direction_{comparator}")
}

/// Returns the column that holds the band on the date of a comparator.
#[must_use]
pub fn band_name(comparator: DayCount) -> String {
    format!("overall/band_{comparator}")
}

/// Returns the column that says whether the account was in the panel on the date of a comparator;
/// null where it was not.
#[must_use]
pub fn was_there_name(comparator: DayCount) -> String {
    format!("overall/was_there_{comparator}")
}

/// Returns the rows of the published dates, each with its change against every comparator.
///
/// Changes are differences of shown scores, so that they add up on paper. A change smaller than
/// the model's flat band is flat; where either score is missing there is neither change nor
/// direction.
///
/// # Errors
/// When Polars fails.
pub fn compare(
    scored: &DataFrame,
    dates: &[NaiveDate],
    comparators: &[DayCount],
    model: &HealthModel,
) -> PolarsResult<DataFrame> {
    let levels: Vec<(String, String)> =
        std::iter::once((name::overall("score_shown"), "overall".to_owned()))
            .chain(model.categories.iter().map(|c| {
                (
                    name::category(&c.id, name::SCORE),
                    format!("category/{}", c.id),
                )
            }))
            .collect();
    let published = DataFrame::new_infer_height(vec![Column::new(AS_OF.into(), dates)])?;
    let mut frame = scored.clone().lazy().join(
        published.lazy(),
        [col(AS_OF)],
        [col(AS_OF)],
        JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Inner)
        },
    );
    let keep_order = || JoinArgs {
        maintain_order: MaintainOrderJoin::Left,
        ..JoinArgs::new(JoinType::Left)
    };
    for comparator in comparators {
        let then: Vec<NaiveDate> = dates.iter().map(|date| comparator.before(*date)).collect();
        let pairs = DataFrame::new_infer_height(vec![
            Column::new("__now".into(), dates),
            Column::new(AS_OF.into(), then),
        ])?;
        let earlier = |column: &str| format!("__then/{column}");
        let columns: Vec<Expr> = levels
            .iter()
            .map(|(column, _)| col(column.as_str()).alias(earlier(column)))
            .chain([
                col(name::overall(name::BAND)).alias(band_name(*comparator)),
                lit(true).alias(was_there_name(*comparator)),
            ])
            .collect();
        let past = scored
            .clone()
            .lazy()
            .join(
                pairs.lazy(),
                [col(AS_OF)],
                [col(AS_OF)],
                JoinArgs::new(JoinType::Inner),
            )
            .select(
                [col(ACCOUNT_ID), col("__now")]
                    .into_iter()
                    .chain(columns)
                    .collect::<Vec<_>>(),
            );
        let changes: Vec<Expr> = levels
            .iter()
            .flat_map(|(column, level)| {
                let change = settled(col(column.as_str()) - col(earlier(column)));
                let direction = when(change.clone().gt(lit(model.flat_band)))
                    .then(lit("up"))
                    .when(change.clone().lt(lit(-model.flat_band)))
                    .then(lit("down"))
                    .when(change.clone().is_not_null())
                    .then(lit("flat"))
                    .otherwise(lit(NULL));
                [
                    change.alias(change_name(level, *comparator)),
                    direction.alias(direction_name(level, *comparator)),
                ]
            })
            .collect();
        frame = frame
            .join(
                past,
                [col(ACCOUNT_ID), col(AS_OF)],
                [col(ACCOUNT_ID), col("__now")],
                keep_order(),
            )
            .with_columns(changes)
            .select([all().exclude_cols(["^__then/.*$"]).as_expr()]);
    }
    frame.collect()
}

/// Takes away what binary fractions add to a difference.
fn settled(points: Expr) -> Expr {
    points.round(9, RoundMode::HalfAwayFromZero)
}
