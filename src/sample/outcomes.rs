//! What was decided at the end of each term, and the health behind it.

use polars::prelude::*;

use crate::sample::contract_lines::line_id;
use crate::sample::contracts::{Decision, Outcome};
use crate::sample::health::{self, CATEGORIES};
use crate::sample::portfolio::Account;
use crate::sample::scene::Scene;
use crate::sample::tables::Table;

pub struct OutcomeRow<'a> {
    id: String,
    line_id: String,
    account: &'a Account,
    decision: &'a Decision,
}

/// Returns what was decided over the account's terms; only customers decide.
pub fn rows<'a>(scene: &Scene<'a>) -> Vec<OutcomeRow<'a>> {
    let account = scene.account;
    let row = |decision: &'a Decision| {
        let suffix = match decision.outcome {
            Outcome::Reactivated => "-R",
            _ => "",
        };
        OutcomeRow {
            id: format!("D-{:04}-{:02}{suffix}", account.number, decision.term),
            line_id: line_id(account, decision.term),
            account,
            decision,
        }
    };
    let decisions = scene.life.decisions.iter().filter(|_| scene.is_customer());
    decisions.map(row).collect()
}

/// Returns `outcomes.parquet`.
pub fn frame(rows: &[OutcomeRow], _: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("decision_id", |row| &row.id)
        .text("account_id", |row| &row.account.id)
        .text("contract_line_id", |row| &row.line_id)
        .date("decision_date", |row| Some(row.decision.date))
        .instant("known_at", |row| Some(row.decision.known))
        .text("outcome", |row| row.decision.outcome.name())
        .money("amount_before", |row| row.decision.before)
        .money("amount_after", |row| row.decision.after)
        .text("currency", |row| row.account.currency)
        .optional_text("reason", |row| row.decision.reason)
        .frame()
}

/// Returns `truth/decisions.parquet`: what no export says, the hidden health that settled each decision.
pub fn truth_frame(rows: &[OutcomeRow], _: &[String]) -> PolarsResult<DataFrame> {
    let hundredths = |value: f64| Some((value * 100.0).round() / 100.0);
    let mut table = Table::over(rows)
        .text("decision_id", |row| &row.id)
        .date("settled_on", |row| Some(row.decision.settled.day))
        .flag("is_acted_on", |row| row.decision.settled.is_acted_on);
    for (index, category) in CATEGORIES.into_iter().enumerate() {
        table = table.number(category, move |row| {
            hundredths(row.decision.settled.levels[index])
        });
    }
    table
        .number("decisive_health", |row| {
            let tenure = row.decision.settled.day - row.account.joined;
            hundredths(health::decisive(&row.decision.settled.levels, tenure))
        })
        .frame()
}
