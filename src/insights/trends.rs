//! Change of a score against named earlier dates. A published scorecard says what it said then;
//! every other date is scored by the model in force, from what was known on it.

use std::fmt::Display;

use polars::prelude::*;

use super::comparison::{Comparison, THEN, beside, seen_from};
use super::published::Published;
use crate::domain::Comparator;
use crate::exports::as_of::AS_OF;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// Returns the column that holds the change against a comparator: of the overall score in points
/// as shown, of a category or metric on the model's scale.
#[must_use]
pub fn change_name(level: &str, comparator: impl Display) -> String {
    format!("{level}/change_{comparator}")
}

/// Returns the column that holds the direction: `up`, `flat` or `down`, null without comparison.
#[must_use]
pub fn direction_name(level: &str, comparator: impl Display) -> String {
    format!("{level}/direction_{comparator}")
}

/// Returns the column that holds the score of the whole or of a category on the date of a
/// comparator: of the whole as it was shown.
#[must_use]
pub fn score_name(level: &str, comparator: impl Display) -> String {
    format!("{level}/score_{comparator}")
}

/// Returns the column that holds the share of a level's weight that rested on data on the date of
/// a comparator.
#[must_use]
pub fn coverage_name(level: &str, comparator: impl Display) -> String {
    format!("{level}/coverage_{comparator}")
}

/// Returns the column that holds the band on the date of a comparator.
#[must_use]
pub fn band_name(comparator: impl Display) -> String {
    format!("overall/band_{comparator}")
}

/// Returns the column that says whether the account was in the panel on the date of a comparator;
/// null where it was not.
#[must_use]
pub fn was_there_name(comparator: impl Display) -> String {
    format!("overall/was_there_{comparator}")
}

/// Returns the column that holds the date of a comparator, null where the account was not in the
/// panel then.
#[must_use]
pub fn date_name(comparator: impl Display) -> String {
    format!("overall/compared_as_of_{comparator}")
}

/// A score that can be compared: the whole, a category or a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Level {
    /// Its columns begin so.
    pub name: String,
    /// The column of its score.
    pub score: String,
}

/// Returns the overall score, every category and every metric.
pub(super) fn levels(model: &HealthModel) -> Vec<Level> {
    let level = |name: String, score: &str| Level {
        score: format!("{name}/{score}"),
        name,
    };
    let categories = model
        .categories
        .iter()
        .map(|category| level(format!("category/{}", category.id), name::SCORE));
    let metrics = model
        .metrics()
        .map(|(_, _, _, metric)| level(format!("metric/{}", metric.id), name::SCORE));
    [level("overall".to_owned(), "score_shown")]
        .into_iter()
        .chain(categories)
        .chain(metrics)
        .collect()
}

/// Returns the overall level and every category: what has a coverage.
fn covered(model: &HealthModel) -> Vec<String> {
    let categories = model.categories.iter();
    let categories = categories.map(|category| format!("category/{}", category.id));
    [OVERALL.to_owned()].into_iter().chain(categories).collect()
}

fn coverage_of(level: &str) -> String {
    format!("{level}/{}", name::COVERAGE)
}

/// The level of the account as a whole.
pub(super) const OVERALL: &str = "overall";

/// Returns the column of points that count as flat at a level.
pub(super) fn flat_band_name(level: &str) -> String {
    format!("{level}/flat_band")
}

/// Gives every row its change and direction against every comparator.
///
/// `frame` has the rows of the published dates, with their flat bands. Changes of the overall
/// score are differences of shown scores, so that they add up on paper. A change within the flat
/// band is flat; where either score is missing there is neither change nor direction.
///
/// # Errors
/// When Polars fails.
pub(super) fn compare(
    mut frame: DataFrame,
    scored: &DataFrame,
    comparisons: &[Comparison],
    model: &HealthModel,
    history: &[Published],
) -> PolarsResult<DataFrame> {
    let levels = levels(model);
    for comparison in comparisons {
        let comparator = comparison.comparator;
        let earlier = |level: &Level| format!("__then/{}", level.score);
        let covered = covered(model);
        let coverages = covered
            .iter()
            .map(|level| col(coverage_of(level)).alias(coverage_name(level, comparator)));
        let scores = levels
            .iter()
            .filter(|level| covered.contains(&level.name))
            .map(|level| col(level.score.as_str()).alias(score_name(&level.name, comparator)));
        let columns: Vec<Expr> = levels
            .iter()
            .map(|level| col(level.score.as_str()).alias(earlier(level)))
            .chain([
                col(name::overall(name::BAND)).alias(band_name(comparator)),
                col(THEN).alias(date_name(comparator)),
                lit(true).alias(was_there_name(comparator)),
            ])
            .chain(scores)
            .chain(coverages)
            .collect();
        let past = past(scored, comparison, &levels, &covered, history)?.select(
            [col(ACCOUNT_ID), col(AS_OF)]
                .into_iter()
                .chain(columns)
                .collect::<Vec<_>>(),
        );
        let changes = levels.iter().map(|level| {
            settled(col(level.score.as_str()) - col(earlier(level)))
                .alias(change_name(&level.name, comparator))
        });
        let directions = levels.iter().map(|level| {
            direction(&level.name, comparator).alias(direction_name(&level.name, comparator))
        });
        frame = beside(frame.lazy(), past)?
            .with_columns(changes.collect::<Vec<_>>())
            .with_columns(directions.collect::<Vec<_>>())
            .select([all().exclude_cols(["^__then/.*$"]).as_expr()])
            .collect()?;
    }
    Ok(frame)
}

/// In the columns of accounts that left, what stands for their comparator.
pub(super) const LEFT: &str = "then";
/// The column that names the comparator of an account that left.
pub(super) const COMPARATOR: &str = "comparator";

/// Returns the accounts that were in the panel on a date compared with and are not any more: their
/// band, and of the whole and of each category score and coverage, as they were then.
///
/// # Errors
/// When Polars fails.
pub(super) fn left(
    frame: &DataFrame,
    scored: &DataFrame,
    comparisons: &[Comparison],
    model: &HealthModel,
    history: &[Published],
) -> PolarsResult<DataFrame> {
    let on = || [col(ACCOUNT_ID), col(AS_OF)];
    let here = frame.select([ACCOUNT_ID, AS_OF])?;
    let covered = covered(model);
    let levels: Vec<Level> = levels(model)
        .into_iter()
        .filter(|level| covered.contains(&level.name))
        .collect();
    let columns = |comparator: String| -> Vec<Expr> {
        let scores = levels
            .iter()
            .map(|level| col(level.score.as_str()).alias(score_name(&level.name, LEFT)));
        let coverages = covered
            .iter()
            .map(|level| col(coverage_of(level)).alias(coverage_name(level, LEFT)));
        [
            col(ACCOUNT_ID),
            col(AS_OF),
            col(THEN),
            lit(comparator).alias(COMPARATOR),
            col(name::overall(name::BAND)).alias(band_name(LEFT)),
        ]
        .into_iter()
        .chain(scores)
        .chain(coverages)
        .collect()
    };
    let mut parts = vec![seen_from(scored.clone().lazy(), &[])?.select(columns(String::new()))];
    for comparison in comparisons {
        let past = past(scored, comparison, &levels, &covered, history)?;
        let gone = past.join(
            here.clone().lazy(),
            on(),
            on(),
            JoinArgs::new(JoinType::Anti),
        );
        parts.push(gone.select(columns(comparison.comparator.to_string())));
    }
    concat(parts, UnionArgs::default())?.collect()
}

/// Returns the scores of the dates compared with, seen from the later ones: as they were published
/// where the comparator is a scorecard of an earlier run, else as they are worked out tonight.
fn past(
    scored: &DataFrame,
    comparison: &Comparison,
    levels: &[Level],
    covered: &[String],
    history: &[Published],
) -> PolarsResult<LazyFrame> {
    let columns: Vec<Expr> = [
        ACCOUNT_ID.to_owned(),
        AS_OF.to_owned(),
        name::overall(name::BAND),
    ]
    .into_iter()
    .chain(levels.iter().map(|level| level.score.clone()))
    .chain(covered.iter().map(|level| coverage_of(level)))
    .map(col)
    .collect();
    let published: Vec<&Published> = history
        .iter()
        .filter(|run| {
            comparison.comparator == Comparator::LastScorecard
                && comparison.pairs.iter().any(|(_, then)| *then == run.as_of)
        })
        .collect();
    let of_tonight: Vec<_> = comparison
        .pairs
        .iter()
        .filter(|(_, then)| !published.iter().any(|run| run.as_of == *then))
        .copied()
        .collect();
    let mut parts = vec![seen_from(
        scored.clone().lazy().select(columns.clone()),
        &of_tonight,
    )?];
    for run in published {
        parts.push(seen_from(
            run.scores.clone().lazy().select(columns.clone()),
            &comparison.pairs,
        )?);
    }
    concat(parts, UnionArgs::default())
}

fn direction(level: &str, comparator: Comparator) -> Expr {
    let change = || col(change_name(level, comparator));
    let flat = || col(flat_band_name(level));
    when(change().gt(flat()))
        .then(lit("up"))
        .when(change().lt(lit(0.0) - flat()))
        .then(lit("down"))
        .when(change().is_not_null())
        .then(lit("flat"))
        .otherwise(lit(NULL))
}

/// Takes away what binary fractions add to a difference.
pub(super) fn settled(points: Expr) -> Expr {
    points.round(9, RoundMode::HalfAwayFromZero)
}
