//! The three score tables, cut from the scored panel of one date.

use polars::prelude::*;

use super::{Rows, Stacked, Table};
use crate::domain::Comparator;
use crate::exports::as_of::AS_OF;
use crate::formula::any_of;
use crate::insights::contradictions::{CONTRADICTIONS, CONTRADICTS};
use crate::insights::trends::{change_name, direction_name};
use crate::insights::{attention, noise};
use crate::measures::compute::newest_name;
use crate::model::HealthModel;
use crate::model::health_model::Category;
use crate::panel::{self, ACCOUNT_ID};
use crate::population::Shown;
use crate::scores::columns as name;

/// Returns the change and direction columns of a level, under their published names.
fn trend(level: &str, comparators: &[Comparator]) -> Vec<Expr> {
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
    let against = |rest: &str| Some(rest.parse::<Comparator>().ok()?.in_words());
    if let Some(rest) = column.strip_prefix("change_") {
        return Some(format!(
            "Score now minus the score of {}; null without comparison",
            against(rest)?
        ));
    }
    let rest = column.strip_prefix("direction_")?;
    Some(format!(
        "up, flat or down against {}; flat is a change within the flat band",
        against(rest)?
    ))
}

/// What is said about the noise in a level's score, under its published names.
fn noise(level: &str) -> [Expr; 3] {
    [noise::FALL, noise::SEASON_CHANGE, noise::EXPECTED_DIP]
        .map(|part| col(format!("{level}/{part}")).alias(part))
}

fn describe_noise(column: &str) -> Option<String> {
    let text = match column {
        noise::FALL => {
            "How a fall within 30 days is read: expected (by the model's dips), seasonal (as a year ago), unconfirmed (the reading before had not fallen), structural; null if it has not fallen"
        }
        noise::SEASON_CHANGE => {
            "Change over the same 30 days a year earlier; null without a year of data, or if the job does not compare with it"
        }
        noise::EXPECTED_DIP => "Dips of the model that are expected now, by id",
        _ => return None,
    };
    Some(text.to_owned())
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
    comparators: &[Comparator],
) -> PolarsResult<Table> {
    let overall = |part: &str| col(name::overall(part));
    let beyond = |upper: &str, lower: &str| {
        (overall(upper) - overall(lower)).round(9, RoundMode::HalfAwayFromZero)
    };
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
        beyond("capped_score_shown", "base_score_shown").alias("limit_points"),
        overall(name::LIMITS).alias("limits"),
        overall(name::CAPPED).alias("capped_score"),
        beyond("score_shown", "capped_score_shown").alias("override_points"),
        overall(name::OVERRIDE_AUTHOR).alias(name::OVERRIDE_AUTHOR),
        overall(name::OVERRIDE_REASON).alias(name::OVERRIDE_REASON),
        overall(name::OVERRIDE_EXPIRES).alias(name::OVERRIDE_EXPIRES),
        overall(CONTRADICTIONS).alias(CONTRADICTIONS),
        overall(name::COVERAGE).alias("coverage"),
        overall(name::LOW).alias("score_low"),
        overall(name::HIGH).alias("score_high"),
        overall(name::NOT_SCORED).alias("not_scored_reason"),
    ]);
    columns.extend(trend("overall", comparators));
    columns.extend(
        [
            "flat_band",
            noise::BAND_NEWS,
            noise::BAND_BEFORE,
            noise::UNCONFIRMED,
            noise::ONE_OFF,
        ]
        .map(|part| overall(part).alias(part)),
    );
    columns.extend(noise("overall"));
    columns.extend([
        overall(attention::ATTENTION).alias(attention::ATTENTION),
        overall(attention::RANK).alias(attention::RANK),
    ]);
    let accounts = panel::in_order(scored.clone())?;
    let frame = accounts.lazy().select(columns).collect()?;
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
            describe_account(column, decimals)
        },
    ))
}

/// Returns what a column of `account_scores` says; `None` if the table has no such column, so that
/// one of that name can be shown in it.
fn describe_account(column: &str, decimals: u32) -> Option<String> {
    let text = match column {
        "account_id" => "The account",
        "model" => "Name of the model",
        "model_hash" => {
            "Content hash of the resolved model, the measures it rests on and the currency of the job"
        }
        "variant" => "The variant of the model that applied; null for the model itself",
        "health_score" => {
            "Health, 0 to 100, higher is healthier; unrounded, after caps, floors and a manual override; null if not scored"
        }
        "score_shown" => {
            return Some(format!(
                "The score as people see it: {decimals} decimals, half up"
            ));
        }
        "band" => "Band of score_shown; bands begin at their lower bound",
        "base_score" => "Sum of the categories' contributions, before caps and floors",
        "limit_points" => {
            "Points that caps and floors took or gave, as shown: the shown capped score minus the shown base score"
        }
        "capped_score" => "The score after caps and floors, before a manual override",
        "override_points" => {
            "Points that a manual override took or gave, as shown: score_shown minus the shown capped score"
        }
        "override_author" => "Who set the score by hand; null if nobody has",
        "override_reason" => "Why",
        "override_expires_on" => "The last day on which the manual override is in force",
        "contradictions" => {
            "Categories that contradict a total in the best or the worst band by two bands or more, by id"
        }
        "flat_band" => {
            "Points up or down that count as flat: the model's, or twice the mean step between the account's earlier readings"
        }
        "band_news" => {
            "down or up, where a change of band has held two readings and cleared the line by the model's margin"
        }
        "band_before" => "The band it has left, where there is news",
        "band_unconfirmed" => {
            "Whether the band differs from an earlier reading's without being news"
        }
        "one_off" => {
            "dip or spike, where the last reading stood out and this one is back where the one before it was"
        }
        "attention" => {
            "How much it asks for attention: 100 minus the score, plus the points fallen within 30 days that neither an expected dip nor the season explains"
        }
        "attention_rank" => "Its place among all accounts by attention, 1 for the first",
        "limits" => "Caps and floors that moved the score, by id",
        "coverage" => "Share of weight that rests on present, fresh data, 0 to 1",
        "score_low" => "The score if everything missing were worst",
        "score_high" => "The score if everything missing were best",
        "not_scored_reason" => "Why there is no score; null if there is one",
        _ => return describe_trend(column).or_else(|| describe_noise(column)),
    };
    Some(text.to_owned())
}

/// Returns whether `account_scores` has a column of that name whatever the job shows in it.
#[must_use]
pub fn is_account_column(name: &str) -> bool {
    describe_account(name, 0).is_some()
}

/// Returns `category_scores`: one row per account and category.
///
/// # Errors
/// When Polars fails.
pub fn category_scores(
    scored: &DataFrame,
    model: &HealthModel,
    comparators: &[Comparator],
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
            let level = format!("category/{}", category.id);
            columns.extend(trend(&level, comparators));
            columns.extend(noise(&level));
            columns.push(of(CONTRADICTS));
            columns.push(questions(category, comparators).alias("questions"));
            columns
        })
        .collect();
    let rows = Stacked::new(&panel::in_order(scored.clone())?, parts)?;
    let [lowest, highest] = model.scale;
    let columns = rows.columns();
    Ok(Table::described(
        "category_scores",
        Rows::Stacked(rows),
        &columns,
        &[ACCOUNT_ID],
        |column| {
            describe_trend(column).or_else(|| describe_noise(column)).or_else(|| {
            Some(match column {
                "account_id" => "The account".to_owned(),
                "contradicts" => "Whether it contradicts a total in the best or the worst band by two bands or more".to_owned(),
                "questions" => "What to ask, where it has fallen against any comparator; one question a line".to_owned(),
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

/// Returns what to ask about a category that has fallen.
fn questions(category: &Category, comparators: &[Comparator]) -> Expr {
    let level = format!("category/{}", category.id);
    let falls = comparators
        .iter()
        .map(|comparator| col(direction_name(&level, *comparator)).eq(lit("down")))
        .chain([col(format!("{level}/{}", noise::FALL)).is_not_null()])
        .map(|fell| fell.fill_null(lit(false)));
    let questions = match category.questions.is_empty() {
        true => lit(NULL).cast(DataType::String),
        false => lit(category.questions.join("\n")),
    };
    when(any_of(falls.collect()))
        .then(questions)
        .otherwise(lit(NULL))
}

/// Returns `metric_scores`: one row per account and metric.
///
/// # Errors
/// When Polars fails.
pub fn metric_scores(
    scored: &DataFrame,
    model: &HealthModel,
    comparators: &[Comparator],
) -> PolarsResult<Table> {
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
            let mut columns = vec![
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
            ];
            columns.extend(trend(&format!("metric/{}", metric.id), comparators));
            columns
        })
        .collect();
    let rows = Stacked::new(&panel::in_order(scored.clone())?, parts)?;
    let [lowest, highest] = model.scale;
    let columns = rows.columns();
    Ok(Table::described(
        "metric_scores",
        Rows::Stacked(rows),
        &columns,
        &[ACCOUNT_ID],
        |column| {
            describe_trend(column).or_else(|| Some(match column {
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
            }))
        },
    ))
}
