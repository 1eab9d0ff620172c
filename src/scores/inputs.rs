//! What a score is worked out from: the numbers that apply, the value of every metric and whom it
//! concerns, the limits that hold, and what somebody has set by hand.
//!
//! Scoring looks at nothing else. So a change of a score can be split by giving the same scoring
//! some of today's inputs and some of an earlier date's.

use polars::prelude::*;

use super::columns as name;
use crate::exports::as_of::AS_OF;
use crate::formula::row_wise;
use crate::measures::compute::carried_name;
use crate::model::HealthModel;
use crate::model::health_model::{Condition, Effect, Missing};

/// Adds the inputs of scoring to a measured panel.
pub fn inputs(measures: LazyFrame, model: &HealthModel) -> LazyFrame {
    measures
        .with_columns(cards(model))
        .with_columns([metrics(model), limits(model), overrides(model)].concat())
}

fn holds(condition: &Condition) -> Expr {
    row_wise(&condition.expr).fill_null(lit(false))
}

/// Which variant each row falls into: the first whose condition holds.
fn cards(model: &HealthModel) -> Vec<Expr> {
    let choose = |what: &dyn Fn(usize) -> Expr, otherwise: Expr| {
        model
            .variants
            .iter()
            .enumerate()
            .rev()
            .fold(otherwise, |rest, (n, variant)| {
                when(holds(&variant.when)).then(what(n)).otherwise(rest)
            })
    };
    let number = |n: usize| match &model.variants[n].effect {
        Effect::Card(card) => lit(*card as i32),
        Effect::NoScorecard(_) => lit(-1i32),
    };
    let id = |n: usize| lit(model.variants[n].id.clone());
    let reason = |n: usize| match &model.variants[n].effect {
        Effect::Card(_) => lit(NULL).cast(DataType::String),
        Effect::NoScorecard(reason) => lit(format!("no scorecard applies: {reason}")),
    };
    let none = || lit(NULL).cast(DataType::String);
    vec![
        choose(&number, lit(0i32)).alias(name::overall(name::CARD)),
        choose(&id, none()).alias(name::overall(name::VARIANT)),
        choose(&reason, none()).alias(name::overall(name::NOT_SCORED)),
    ]
}

/// The value of each metric, the earlier one that may stand in for it, and whom it concerns.
fn metrics(model: &HealthModel) -> Vec<Expr> {
    let mut exprs = Vec::new();
    for (_, _, _, metric) in model.metrics() {
        let column = |part: &str| name::metric(&metric.id, part);
        let applies = metric
            .applies_when
            .as_ref()
            .map_or_else(|| lit(true), holds);
        // Broadcast over a column, so that a condition for everybody has full length too.
        let applies = col(name::overall(name::CARD)).is_not_null().and(applies);
        exprs.push(applies.alias(column(name::APPLIES)));
        exprs.push(col(metric.measure.as_str()).alias(column(name::INPUT)));
        if let Missing::Carry(validity) = metric.missing {
            let carried = col(carried_name(&metric.measure, validity));
            exprs.push(carried.alias(column(name::CARRIED)));
        }
    }
    exprs
}

fn limits(model: &HealthModel) -> Vec<Expr> {
    model
        .limits
        .iter()
        .map(|limit| {
            let everybody = col(name::overall(name::CARD)).is_not_null();
            everybody
                .and(holds(&limit.when))
                .alias(name::limit(&limit.id))
        })
        .collect()
}

/// What somebody has set by hand. Without author, reason or a last day that has not passed it is
/// not in force.
fn overrides(model: &HealthModel) -> Vec<Expr> {
    let overall = |part: &str| name::overall(part);
    let Some(by_hand) = &model.by_hand else {
        return vec![
            lit(NULL)
                .cast(DataType::Float64)
                .alias(overall(name::OVERRIDE_SCORE)),
            lit(NULL)
                .cast(DataType::String)
                .alias(overall(name::OVERRIDE_AUTHOR)),
            lit(NULL)
                .cast(DataType::String)
                .alias(overall(name::OVERRIDE_REASON)),
            lit(NULL)
                .cast(DataType::Date)
                .alias(overall(name::OVERRIDE_EXPIRES)),
            lit(false).alias(overall(name::OVERRIDE_REFUSED)),
        ];
    };
    let score = || col(by_hand.score.as_str()).cast(DataType::Float64);
    let author = || col(by_hand.author.as_str());
    let reason = || col(by_hand.reason.as_str());
    let expires_on = || col(by_hand.expires_on.as_str());
    let is_said = |text: Expr| text.clone().is_not_null().and(text.neq(lit("")));
    let is_complete = is_said(author())
        .and(is_said(reason()))
        .and(expires_on().is_not_null())
        .and(score().gt_eq(lit(0.0)))
        .and(score().lt_eq(lit(100.0)))
        .fill_null(lit(false));
    let has_expired = expires_on().lt(col(AS_OF)).fill_null(lit(false));
    let is_in_force = is_complete.clone().and(has_expired.not());
    let in_force = |value: Expr| when(is_in_force.clone()).then(value).otherwise(lit(NULL));
    vec![
        in_force(score()).alias(overall(name::OVERRIDE_SCORE)),
        in_force(author()).alias(overall(name::OVERRIDE_AUTHOR)),
        in_force(reason()).alias(overall(name::OVERRIDE_REASON)),
        in_force(expires_on()).alias(overall(name::OVERRIDE_EXPIRES)),
        score()
            .is_not_null()
            .and(is_complete.not())
            .alias(overall(name::OVERRIDE_REFUSED)),
    ]
}
