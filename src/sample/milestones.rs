//! Onboarding: what was planned in the first three months, who leads it, and when it was done.

use polars::prelude::*;

use crate::sample::health::LIFECYCLE;
use crate::sample::people;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, office_hours};

/// Milestones with the day after the start on which they are due.
const MILESTONES: [(&str, Day); 7] = [
    ("kickoff", 7),
    ("sponsor_alignment", 14),
    ("configuration", 30),
    ("first_value", 45),
    ("integration", 60),
    ("training", 75),
    ("go_live", 90),
];
/// The tool that keeps milestones came so many days before the first one covered; what was
/// onboarded earlier is nowhere to be read.
const KNOWN_DAYS: Day = 800;
/// Only milestones after this one can get stuck.
const NEVER_STUCK: usize = 2;

pub struct MilestoneRow {
    id: String,
    account: u32,
    milestone: &'static str,
    owner: Option<&'static str>,
    planned: Instant,
    due: Day,
    completed: Option<Instant>,
}

/// Returns the account's onboarding milestones, later or never done where lifecycle health is poor;
/// old customers have none.
pub fn rows(scene: &Scene) -> Vec<MilestoneRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Milestones);
    let planned = office_hours(&mut rng, account.joined);
    let leader = random::any(&mut rng, &people::IMPLEMENTERS);
    let mut stuck = false;
    let mut rows = Vec::new();
    for ((milestone, days), number) in MILESTONES.into_iter().zip(1..) {
        let due = account.joined + days;
        let lifecycle = scene.level(LIFECYCLE, due);
        let delay = (78.0 - lifecycle) * 0.9 + 5.0 * random::normal(&mut rng);
        stuck |= random::chance(&mut rng, 0.3) && lifecycle < 45.0 && number > NEVER_STUCK;
        let completed = office_hours(&mut rng, due + (delay.round() as Day).max(3 - days));
        // Poor onboarding is often one that nobody leads.
        let is_led = !random::chance(&mut rng, ((60.0 - lifecycle) / 60.0).clamp(0.01, 0.7));
        rows.push(MilestoneRow {
            id: format!("M-{:04}-{number}", account.number),
            account: scene.index,
            milestone,
            owner: is_led.then_some(leader),
            planned,
            due,
            completed: scene.timeline.known(completed).filter(|_| !stuck),
        });
    }
    let is_known = account.joined >= scene.timeline.first - KNOWN_DAYS;
    rows.retain(|_| scene.is_customer() && is_known);
    rows
}

/// Returns `milestones.parquet`.
pub fn frame(rows: &[MilestoneRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("milestone_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("milestone", |row| row.milestone)
        .optional_text("owner", |row| row.owner)
        .instant("planned_at", |row| Some(row.planned))
        .date("due_date", |row| Some(row.due))
        .instant("completed_at", |row| row.completed)
        .frame()
}
