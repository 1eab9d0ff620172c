//! What the job has published before: the scores as they were said, and the model that said them.

use chrono::NaiveDate;
use polars::prelude::*;

use super::trends::levels;
use crate::exports::as_of::AS_OF;
use crate::formula::date_literal;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// A run that was published before the dates of this one.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its date.
    pub as_of: NaiveDate,
    /// One row per account, in the columns of a scored panel, with the levels of the model in
    /// force: what that run did not have is null.
    pub scores: DataFrame,
    /// The model's name and hash.
    pub model_name: String,
    /// The content hash that stands on its rows.
    pub model_hash: String,
    /// Decimals of its shown scores.
    pub decimals: u32,
    /// The model, where it can still be computed.
    pub model: Option<HealthModel>,
}

/// The tables of a published run that hold its scores.
#[derive(Debug, Clone)]
pub struct Tables {
    /// `account_scores`.
    pub accounts: DataFrame,
    /// `category_scores`.
    pub categories: DataFrame,
    /// `metric_scores`.
    pub metrics: DataFrame,
}

impl Tables {
    /// Returns the scores in the columns of a scored panel of `model`.
    ///
    /// Scores of categories and metrics are null where `scale` says that they were on another one.
    /// `part` is the column that names the part of an account, where parts are scored.
    ///
    /// # Errors
    /// When Polars fails, or a table lacks a column that every run publishes.
    pub fn as_scored(
        &self,
        as_of: NaiveDate,
        model: &HealthModel,
        scale: [f64; 2],
        part: Option<&str>,
    ) -> PolarsResult<DataFrame> {
        let id = || match part {
            Some(part) => concat_str(
                [col(ACCOUNT_ID), col(part)],
                &crate::domain::PART_SEPARATOR.to_string(),
                false,
            ),
            None => col(ACCOUNT_ID),
        };
        let accounts = self.accounts.clone().lazy().select([
            id().alias(ACCOUNT_ID),
            date_literal(as_of).alias(AS_OF),
            col("health_score").alias(name::overall(name::SCORE)),
            col("score_shown").alias(name::overall("score_shown")),
            col("band").alias(name::overall(name::BAND)),
            col("coverage").alias(name::overall(name::COVERAGE)),
        ]);
        let is_comparable = scale == model.scale;
        let wide = |table: &DataFrame, what: &str| -> LazyFrame {
            let columns: Vec<Expr> = levels(model)
                .into_iter()
                .filter_map(|level| {
                    let wanted = level.name.strip_prefix(&format!("{what}/"))?.to_owned();
                    let score = col("score").filter(col(what).eq(lit(wanted))).first();
                    let score = if is_comparable { score } else { lit(NULL) };
                    Some(score.cast(DataType::Float64).alias(level.score))
                })
                .collect();
            let ids = id().alias(ACCOUNT_ID);
            table.clone().lazy().group_by([ids]).agg(columns)
        };
        let coverages = model.categories.iter().map(|category| {
            let is_it = col("category").eq(lit(category.id.clone()));
            let coverage = col("coverage").filter(is_it).first();
            coverage.alias(name::category(&category.id, name::COVERAGE))
        });
        let coverages = self
            .categories
            .clone()
            .lazy()
            .group_by([id().alias(ACCOUNT_ID)])
            .agg(coverages.collect::<Vec<_>>());
        let on = || [col(ACCOUNT_ID)];
        let left = || JoinArgs::new(JoinType::Left);
        accounts
            .join(wide(&self.categories, "category"), on(), on(), left())
            .join(coverages, on(), on(), left())
            .join(wide(&self.metrics, "metric"), on(), on(), left())
            .collect()
    }
}
