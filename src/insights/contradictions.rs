//! Categories that say the opposite of the total, which a mean would hide.

use polars::prelude::*;

use super::noise::{line_of, rank_of};
use crate::model::HealthModel;
use crate::scores::columns as name;

/// Ids of the categories that contradict the total, joined by commas.
pub const CONTRADICTIONS: &str = "contradictions";
/// Whether a category does.
pub const CONTRADICTS: &str = "contradicts";
/// Bands between a category and the total from which on it contradicts.
const BANDS_APART: i32 = 2;

/// Says of each category whether it contradicts the total: the total is in the best band and the
/// category two bands or more below it, or the total is in the worst band and the category two
/// bands or more above it. In between, categories that differ are what a mean is for.
///
/// # Errors
/// When Polars fails.
pub(super) fn called_out(frame: DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
    let worst = model.bands.len() as i32 - 1;
    let total = rank_of(&col(name::overall(name::BAND)), model);
    let contradicts = model.categories.iter().map(|category| {
        let below = band_rank(&category.id, model) - total.clone();
        let is_best = total.clone().eq(lit(0i32));
        let is_worst = total.clone().eq(lit(worst));
        is_best
            .and(below.clone().gt_eq(lit(BANDS_APART)))
            .or(is_worst.and(below.lt_eq(lit(-BANDS_APART))))
            .fill_null(lit(false))
            .alias(name::category(&category.id, CONTRADICTS))
    });
    let ids: Vec<Expr> = model
        .categories
        .iter()
        .map(|category| {
            when(col(name::category(&category.id, CONTRADICTS)))
                .then(lit(category.id.clone()))
                .otherwise(lit(NULL))
        })
        .collect();
    let ids = concat_str(ids, ", ", true);
    let ids = when(ids.clone().neq(lit("")))
        .then(ids)
        .otherwise(lit(NULL));
    frame
        .lazy()
        .with_columns(contradicts.collect::<Vec<_>>())
        .with_column(ids.alias(name::overall(CONTRADICTIONS)))
        .collect()
}

/// Returns the place of the band that a category's score would lie in.
fn band_rank(category: &str, model: &HealthModel) -> Expr {
    let score = col(name::category(category, name::SCORE)) * lit(100.0 / model.scale[1]);
    let ranks = (0i32..).take(model.bands.len()).collect::<Vec<_>>();
    ranks
        .into_iter()
        .rev()
        .fold(lit(NULL).cast(DataType::Int32), |below, rank| {
            when(score.clone().gt_eq(line_of(&lit(rank), model)))
                .then(lit(rank))
                .otherwise(below)
        })
}
