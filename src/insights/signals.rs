//! Signals: which conditions hold for which account, how bad it is, and what was seen.

use polars::prelude::*;

use super::actions::owner;
use super::evidence;
use super::stacked;
use super::vocabulary::spoken;
use crate::formula::row_wise;
use crate::model::HealthModel;
use crate::model::health_model::Condition;
use crate::model::rules::file::Severity;
use crate::model::rules::{Facts, Signal};
use crate::panel::ACCOUNT_ID;

/// The rule of a signal, by its place in the model.
pub const RULE: &str = "rule";
/// The name of the signal.
pub const SIGNAL: &str = "signal";
/// What people call it.
pub const TITLE: &str = "title";
/// Its category, or `overall`.
pub const CATEGORY: &str = "category";
/// How bad it is.
pub const SEVERITY: &str = "severity";
/// The same as a number, 0 for the worst.
pub const SEVERITY_RANK: &str = "severity_rank";
/// What was seen.
pub const EVIDENCE: &str = "evidence";
/// The measures, account columns and scores that it was seen in.
pub const READS: &str = "reads";

const COLUMNS: [(&str, DataType); 12] = [
    (ACCOUNT_ID, DataType::String),
    (RULE, DataType::Int32),
    (SIGNAL, DataType::String),
    (TITLE, DataType::String),
    (CATEGORY, DataType::String),
    (SEVERITY, DataType::String),
    (SEVERITY_RANK, DataType::Int32),
    (EVIDENCE, DataType::String),
    (READS, DataType::String),
    ("recommended_action", DataType::String),
    ("owner", DataType::String),
    ("owner_role", DataType::String),
];

/// Returns one row per account and signal that fires, the worst of each account first.
///
/// `compared` has one row per account.
///
/// # Errors
/// When Polars fails.
pub fn find(compared: &DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
    let frame = spoken(compared, model)?;
    let rules = (0i32..).zip(&model.rules.signals);
    let fired: Vec<LazyFrame> = rules
        .map(|(n, signal)| {
            let columns = columns(n, signal, &model.rules.facts);
            frame.clone().filter(holds(&signal.when)).select(columns)
        })
        .collect();
    stacked(fired, &COLUMNS)?
        .sort(
            [ACCOUNT_ID, SEVERITY_RANK, RULE],
            SortMultipleOptions::default(),
        )
        .collect()
}

/// Returns whether a condition is known to hold.
pub(super) fn holds(condition: &Condition) -> Expr {
    row_wise(&condition.expr).fill_null(lit(false))
}

fn columns(n: i32, signal: &Signal, facts: &Facts) -> Vec<Expr> {
    let reads: Vec<&str> = signal.reads().into_iter().collect();
    vec![
        col(ACCOUNT_ID),
        lit(n).alias(RULE),
        lit(signal.id.clone()).alias(SIGNAL),
        lit(signal.title.clone()).alias(TITLE),
        lit(signal.category.clone()).alias(CATEGORY),
        severity(signal, |severity| lit(severity.word())).alias(SEVERITY),
        severity(signal, |severity| lit(severity as i32)).alias(SEVERITY_RANK),
        evidence::text(&signal.evidence, facts).alias(EVIDENCE),
        lit(reads.join(", ")).alias(READS),
        lit(signal.task.action.clone()).alias("recommended_action"),
        owner(signal.task.owner, facts).alias("owner"),
        lit(signal.task.owner.word()).alias("owner_role"),
    ]
}

/// Returns something of the severity that a signal has: of the first whose condition holds.
fn severity(signal: &Signal, of: impl Fn(Severity) -> Expr) -> Expr {
    let conditions = signal.severity_when.iter().rev();
    conditions.fold(of(signal.severity), |rest, (severity, condition)| {
        when(holds(condition)).then(of(*severity)).otherwise(rest)
    })
}
