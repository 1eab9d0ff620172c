//! What the words of rules stand for among the columns of scores and trends.

use polars::lazy::dsl::min_horizontal;
use polars::prelude::*;

use super::attention::ATTENTION;
use super::contradictions::CONTRADICTS;
use super::noise::{BAND_BEFORE, BAND_NEWS, EXPECTED_DIP, FALL};
use super::trends::{band_name, change_name, direction_name};
use crate::model::HealthModel;
use crate::model::rules::words::{Level, Part, Word};
use crate::scores::columns as name;

/// Gives a compared frame the columns that the model's rules speak of.
///
/// # Errors
/// When Polars fails.
pub(super) fn spoken(compared: &DataFrame, model: &HealthModel) -> PolarsResult<LazyFrame> {
    let words = model.rules.words.iter();
    let columns: Vec<Expr> = words
        .map(|(name, word)| meaning(word, model).alias(name.as_str()))
        .collect();
    // Many rules look at it, so it is worked out once.
    let frame = compared.clone().lazy().with_columns(columns).collect()?;
    Ok(frame.lazy())
}

fn meaning(word: &Word, model: &HealthModel) -> Expr {
    let (level, score) = match &word.level {
        Level::Overall => ("overall".to_owned(), "score_shown"),
        Level::Category(id) => (format!("category/{id}"), name::SCORE),
        Level::Metric(id) => (format!("metric/{id}"), name::SCORE),
    };
    let of = |part: &str| col(format!("{level}/{part}"));
    match &word.part {
        Part::Score => of(score),
        Part::BaseScore => of("base_score_shown"),
        Part::Band => of(name::BAND),
        Part::Coverage => of(name::COVERAGE),
        Part::WeakestCategory => weakest_category(model),
        Part::Change(then) => col(change_name(&level, then)),
        Part::Direction(then) => col(direction_name(&level, then)),
        Part::BandThen(then) => col(band_name(then)),
        Part::Attention => of(ATTENTION),
        Part::BandNews => of(BAND_NEWS),
        Part::BandBefore => of(BAND_BEFORE),
        Part::Fall => of(FALL),
        Part::ExpectedDip => of(EXPECTED_DIP),
        Part::Contradicts => of(CONTRADICTS),
        Part::Cap(id) => has_bitten(id),
    }
}

/// Returns the category with the lowest score; of several the first in model order.
pub(super) fn weakest_category(model: &HealthModel) -> Expr {
    let score = |id: &str| col(name::category(id, name::SCORE));
    let ids = || model.categories.iter().map(|category| category.id.as_str());
    let lowest = min_horizontal(ids().map(score).collect::<Vec<_>>())
        .unwrap_or_else(|_| lit(NULL).cast(DataType::Float64));
    let none = lit(NULL).cast(DataType::String);
    ids().rev().fold(none, |rest, id| {
        when(score(id).eq(lowest.clone()))
            .then(lit(id.to_owned()))
            .otherwise(rest)
    })
}

/// Returns whether a limit moved the score; `limits` holds the ids of those that did.
fn has_bitten(limit: &str) -> Expr {
    let limits = col(name::overall(name::LIMITS)).fill_null(lit(""));
    concat_str([lit(", "), limits, lit(", ")], "", false)
        .str()
        .contains_literal(lit(format!(", {limit}, ")))
}
