//! The log of who stepped in for an account at risk, and how far they got.

use polars::prelude::*;

use crate::sample::contracts::Action;
use crate::sample::people;
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::texts;
use crate::sample::timeline::{Day, Instant, day_at};

/// Kinds of action by the category they are about.
const KINDS: [&str; 5] = [
    "usage_review",
    "adoption_workshop",
    "onboarding_rescue",
    "support_escalation_review",
    "executive_check_in",
];
/// An action is due so many days after it was raised, and nobody has started on it in the first ones.
const DUE_DAYS: Day = 14;
const OPEN_DAYS: Day = 7;
/// Below this overall health an account is critical and not only at risk.
const CRITICAL_BELOW: f64 = 40.0;

pub struct ActionRow<'a> {
    id: String,
    account: u32,
    action: &'a Action,
    owner: &'static str,
    closed: Option<Instant>,
    age_days: Day,
}

/// Returns the account's actions, in order.
pub fn rows<'a>(scene: &Scene<'a>) -> Vec<ActionRow<'a>> {
    let numbered = (1..).zip(scene.life.actions.iter().filter(|_| scene.is_customer()));
    let row = |(number, action): (u32, &'a Action)| ActionRow {
        id: format!("A-{:04}-{number:02}", scene.account.number),
        account: scene.index,
        action,
        owner: people::owner(scene.account),
        closed: scene.timeline.known(action.closed),
        age_days: scene.timeline.last - day_at(action.raised),
    };
    numbered.map(row).collect()
}

/// Returns `actions.parquet`.
pub fn frame(rows: &[ActionRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("action_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("raised_at", |row| Some(row.action.raised))
        .text("kind", |row| KINDS[row.action.category])
        .text("title", |row| texts::action_title(row.action.category))
        .text("owner", |row| row.owner)
        .date("due_date", |row| Some(day_at(row.action.raised) + DUE_DAYS))
        .text("cause", |row| match row.action.health {
            health if health < CRITICAL_BELOW => "Critical",
            _ => "At risk",
        })
        .text("status", |row| match row.closed {
            Some(_) => "done",
            None if row.age_days > OPEN_DAYS => "in progress",
            None => "open",
        })
        .text("stage", |row| match row.age_days {
            _ if row.closed.is_some() => "follow-up",
            0..=2 => "score review",
            3..=OPEN_DAYS => "tagged",
            _ => "outreach",
        })
        .instant("closed_at", |row| row.closed)
        .frame()
}
