//! The three score tables, cut from the scored panel of one date.

use polars::prelude::*;

use super::Table;
use crate::domain::DayCount;
use crate::exports::as_of::AS_OF;
use crate::insights::trends::{change_name, direction_name};
use crate::measures::compute::newest_name;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::population::Shown;
use crate::scores::columns as name;

/// Returns the change and direction columns of a level, under their published names.
fn trend(level: &str, comparators: &[DayCount]) -> Vec<Expr> {
    comparators
        .iter()
        .flat_map(|comparator| {
            [
                col(change_name(level, *comparator)).alias(format!("change_{comparator}")),
                col(direction_name(level, *comparator)).alias(format!("direction_{comparator}")),
            ]
        })
        .collect()
}

fn describe_trend(column: &str) -> Option<String> {
    let days = |rest: &str| rest.trim_end_matches('d').to_owned();
    if let Some(rest) = column.strip_prefix("change_") {
        return Some(format!(
            "Points now minus points {} days ago, by the same model; null without comparison",
            days(rest)
        ));
    }
    let rest = column.strip_prefix("direction_")?;
    Some(format!(
        "up, flat or down against {} days ago; flat is a change within the model's flat band",
        days(rest)
    ))
}

/// Returns `account_scores`: one row per account.
///
/// # Errors
/// When Polars fails.
pub fn account_scores(
    scored: &DataFrame,
    model: &HealthModel,
    hash: &str,
    show: &[Shown],
    comparators: &[DayCount],
) -> PolarsResult<Table> {
    let overall = |part: &str| col(name::overall(part));
    let mut columns = vec![col(ACCOUNT_ID)];
    columns.extend(
        show.iter()
            .filter(|shown| shown.name != ACCOUNT_ID)
            .map(Shown::column),
    );
    columns.extend([
        lit(model.name.clone()).alias("model"),
        lit(hash.to_owned()).alias("model_hash"),
        overall(name::VARIANT).alias("variant"),
        overall(name::SCORE).alias("health_score"),
        overall("score_shown").alias("score_shown"),
        overall(name::BAND).alias("band"),
        overall(name::BASE).alias("base_score"),
        (overall("score_shown") - overall("base_score_shown"))
            .round(9, RoundMode::HalfAwayFromZero)
            .alias("limit_points"),
        overall(name::LIMITS).alias("limits"),
        overall(name::COVERAGE).alias("coverage"),
        overall(name::LOW).alias("score_low"),
        overall(name::HIGH).alias("score_high"),
        overall(name::NOT_SCORED).alias("not_scored_reason"),
    ]);
    columns.extend(trend("overall", comparators));
    let frame = scored
        .clone()
        .lazy()
        .select(columns)
        .sort([ACCOUNT_ID], SortMultipleOptions::default())
        .collect()?;
    let decimals = model.decimals;
    Ok(Table::new(
        "account_scores",
        frame,
        &[ACCOUNT_ID],
        |column| {
            let shown = show.iter().find(|shown| shown.name == column);
            if let Some(shown) = shown.filter(|_| column != ACCOUNT_ID) {
                return Some(shown.description.clone());
            }
            describe_trend(column).or_else(|| {
            Some(match column {
                "account_id" => "The account".to_owned(),
                "model" => "Name of the model".to_owned(),
                "model_hash" => "Content hash of the resolved model and the measures it rests on".to_owned(),
                "variant" => "The variant of the model that applied; null for the model itself".to_owned(),
                "health_score" => "Health, 0 to 100, higher is healthier; unrounded, after caps and floors; null if not scored".to_owned(),
                "score_shown" => format!("The score as people see it: {decimals} decimals, half up"),
                "band" => "Band of score_shown; bands begin at their lower bound".to_owned(),
                "base_score" => "Sum of the categories' contributions, before caps and floors".to_owned(),
                "limit_points" => "Points that caps and floors took or gave, as shown: score_shown minus the shown base score".to_owned(),
                "limits" => "Caps and floors that moved the score, by id".to_owned(),
                "coverage" => "Share of weight that rests on present, fresh data, 0 to 1".to_owned(),
                "score_low" => "The score if everything missing were worst".to_owned(),
                "score_high" => "The score if everything missing were best".to_owned(),
                "not_scored_reason" => "Why there is no score; null if there is one".to_owned(),
                _ => return None,
            })
        })
        },
    ))
}

/// Stacks one frame per part, ordered by account and then by the model's order.
fn stacked(scored: &DataFrame, parts: Vec<Vec<Expr>>) -> PolarsResult<DataFrame> {
    let frames: Vec<LazyFrame> = parts
        .into_iter()
        .zip(0i32..)
        .map(|(mut columns, order)| {
            columns.push(lit(order).alias("__order"));
            scored.clone().lazy().select(columns)
        })
        .collect();
    concat(frames, UnionArgs::default())?
        .sort([ACCOUNT_ID, "__order"], SortMultipleOptions::default())
        .select([all().exclude_cols(["__order"]).as_expr()])
        .collect()
}

/// Returns `category_scores`: one row per account and category.
///
/// # Errors
/// When Polars fails.
pub fn category_scores(
    scored: &DataFrame,
    model: &HealthModel,
    comparators: &[DayCount],
) -> PolarsResult<Table> {
    let parts = model
        .categories
        .iter()
        .map(|category| {
            let of = |part: &str| col(name::category(&category.id, part)).alias(part);
            let mut columns = vec![
                col(ACCOUNT_ID),
                lit(category.id.clone()).alias("category"),
                of(name::SCORE),
                of(name::WEIGHT),
                of(name::CONTRIBUTION),
                of(name::POINTS),
                of(name::COVERAGE),
            ];
            columns.extend(trend(&format!("category/{}", category.id), comparators));
            columns
        })
        .collect();
    let frame = stacked(scored, parts)?;
    let [lowest, highest] = model.scale;
    Ok(Table::new(
        "category_scores",
        frame,
        &[ACCOUNT_ID],
        |column| {
            describe_trend(column).or_else(|| {
            Some(match column {
                "account_id" => "The account".to_owned(),
                "category" => "The category".to_owned(),
                "score" => format!("Weighted mean of its metrics, {lowest} to {highest}; null if all are missing"),
                "weight" => "Share of the overall score, after missing categories gave theirs away".to_owned(),
                "contribution" => format!("Raw points of the base score: weight × score × {}; null if the account is not scored", 100.0 / highest),
                "points" => "The same on the shown grid; sums to the shown base score".to_owned(),
                "coverage" => "Share of the category's weight that rests on present, fresh data; null if nothing applies".to_owned(),
                _ => return None,
            })
        })
        },
    ))
}

/// Returns `metric_scores`: one row per account and metric.
///
/// # Errors
/// When Polars fails.
pub fn metric_scores(scored: &DataFrame, model: &HealthModel) -> PolarsResult<Table> {
    let parts = model
        .metrics()
        .map(|(_, category, _, metric)| {
            let of = |part: &str| col(name::metric(&metric.id, part)).alias(part);
            let value = col(metric.measure.as_str());
            let (number, text) = if metric.is_number {
                (value, lit(NULL).cast(DataType::String))
            } else {
                (
                    lit(NULL).cast(DataType::Float64),
                    value.cast(DataType::String),
                )
            };
            let days = |date: Expr| date.cast(DataType::Int32);
            let newest = newest_name(&metric.measure);
            let age = if scored.column(&newest).is_ok() {
                days(col(AS_OF)) - days(col(newest))
            } else {
                lit(NULL).cast(DataType::Int32)
            };
            vec![
                col(ACCOUNT_ID),
                lit(category.id.clone()).alias("category"),
                lit(metric.id.clone()).alias("metric"),
                number.cast(DataType::Float64).alias("value"),
                text.alias("value_text"),
                of(name::TARGET),
                of(name::SCORE),
                of(name::WEIGHT),
                of(name::CONTRIBUTION),
                of(name::POINTS),
                of(name::APPLIES),
                of(name::PRESENT),
                age.alias("data_age_days"),
            ]
        })
        .collect();
    let frame = stacked(scored, parts)?;
    let [lowest, highest] = model.scale;
    Ok(Table::new(
        "metric_scores",
        frame,
        &[ACCOUNT_ID],
        |column| {
            Some(match column {
                "account_id" => "The account".to_owned(),
                "category" => "The category it belongs to".to_owned(),
                "metric" => "The metric".to_owned(),
                "value" => {
                    "The measure's value, in its own unit; null if missing, or if it is text"
                        .to_owned()
                }
                "value_text" => "The measure's value where it is text or true/false".to_owned(),
                "target" => "The value to aim at".to_owned(),
                "score" => format!(
                    "The value on the model's curve, {lowest} to {highest}; null if missing and left out"
                ),
                "weight" => {
                    "Share of the overall score, after missing metrics gave theirs away".to_owned()
                }
                "contribution" => format!(
                    "Raw points of the base score: weight × score × {}",
                    100.0 / highest
                ),
                "points" => "The same on the shown grid; sums to the category's points".to_owned(),
                "applies" => "Whether the metric concerns the account".to_owned(),
                "present" => {
                    "Whether the value is there and fresh; false also where a rule filled it in"
                        .to_owned()
                }
                "data_age_days" => {
                    "Days between the newest row it rests on and the as-of date".to_owned()
                }
                _ => return None,
            })
        },
    ))
}
