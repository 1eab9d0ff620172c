//! Rollouts that the customer announced: for their length, more tickets and odd usage are expected.

use polars::prelude::*;

use crate::sample::portfolio::Tier;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, office_hours};

const TITLES: [&str; 4] = [
    "Rollout to a second site",
    "Move to the new workspace layout",
    "Start of the finance department",
    "Change of the identity provider",
];

pub struct RolloutRow {
    id: String,
    account: u32,
    announced: Instant,
    pub from: Day,
    pub until: Day,
    title: &'static str,
    /// True where a story says which tickets come with it.
    pub is_scripted: bool,
}

/// Returns the account's rollouts, about one in five years, none in small accounts.
pub fn rows(scene: &Scene) -> Vec<RolloutRow> {
    let mut rng = scene.draws(Purpose::Rollouts);
    let mut rows: Vec<RolloutRow> = Vec::new();
    for month in scene.months() {
        let happens = random::chance(&mut rng, 0.017);
        let from = random::whole(&mut rng, month.first, month.next - 1);
        let length = random::whole(&mut rng, 14, 35);
        let scripted = scene.account.script.rollout.filter(|_| month.number == 0);
        let is_usual = happens
            && scene.account.tier != Tier::Smb
            && scene.account.script.decision.is_none()
            && from > scene.account.joined + 120;
        let (from, until) = match scripted {
            Some(days) => (scene.timeline.last - days.0, scene.timeline.last - days.1),
            None => (from, from + length),
        };
        let ahead = random::whole(&mut rng, 20, 50);
        let announced = office_hours(&mut rng, from - ahead);
        let title = random::any(&mut rng, &TITLES);
        if scene.is_customer() && scene.is_active_on(from) && (is_usual || scripted.is_some()) {
            rows.push(RolloutRow {
                id: format!("R-{:04}-{:02}", scene.account.number, rows.len() + 1),
                account: scene.index,
                announced,
                from,
                until,
                title,
                is_scripted: scripted.is_some(),
            });
        }
    }
    rows
}

/// Returns `rollouts.parquet`.
pub fn frame(rows: &[RolloutRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("rollout_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("announced_at", |row| Some(row.announced))
        .date("from_date", |row| Some(row.from))
        .date("until_date", |row| Some(row.until))
        .text("title", |row| row.title)
        .frame()
}
