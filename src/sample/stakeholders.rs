//! Who holds a role at a customer: admins, champions and sponsors, who come and go with health.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::health::{ADOPTION, COMMERCIAL};
use crate::sample::people;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::Day;

/// A role falls vacant below the first level, and is filled again only above the second.
const LEAVES_BELOW: f64 = 34.0;
const RETURNS_ABOVE: f64 = 45.0;

pub const ADMIN: &str = "admin";
pub const CHAMPION: &str = "champion";
pub const SPONSOR: &str = "executive_sponsor";

pub struct StakeholderRow {
    id: String,
    account: u32,
    pub role: &'static str,
    pub person: String,
    job_title: &'static str,
    strength: &'static str,
    pub from: Day,
    pub until: Option<Day>,
}

impl StakeholderRow {
    pub fn holds_on(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
}

/// Returns the account's stakeholders: champions follow adoption, sponsors the commercial side.
/// Nobody keeps a list of them for accounts that are served digitally.
pub fn rows(scene: &Scene) -> Vec<StakeholderRow> {
    let (account, timeline) = (scene.account, scene.timeline);
    let mut rng = scene.draws(Purpose::Stakeholders);
    let mut rows = vec![holder(&mut rng, scene, ADMIN, 65.0, account.joined)];
    for (role, category) in [(CHAMPION, ADOPTION), (SPONSOR, COMMERCIAL)] {
        rows.extend(holders(&mut rng, scene, role, category));
    }
    for _ in 0..account.script.champions {
        rows.push(holder(&mut rng, scene, CHAMPION, 90.0, timeline.last - 400));
    }
    if let Some(left) = account.script.sponsor_left {
        rows.retain(|row| row.role != SPONSOR || row.from < left);
        if let Some(sponsor) = rows.iter_mut().rfind(|row| row.role == SPONSOR) {
            sponsor.until = Some(left);
        }
    }
    let start = timeline.first.max(account.joined);
    let is_with_us = |day: Day| day <= start || scene.is_active_on(day);
    let is_known = scene.is_customer() && !account.is_digital_touch;
    rows.retain(|row| is_known && is_with_us(row.from));
    rows.sort_by_key(|row| (row.from, row.role));
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("P-{:04}-{number:02}", account.number);
        row.person = people::contact(account, number);
    }
    rows
}

/// Returns who held a role, one after another; it stays vacant while the category's health is low.
fn holders(
    rng: &mut Pcg64,
    scene: &Scene,
    role: &'static str,
    category: usize,
) -> Vec<StakeholderRow> {
    let mut rows: Vec<StakeholderRow> = Vec::new();
    for month in scene.months() {
        let level = month.levels[category];
        let day = month.first + random::whole(rng, 0, 27);
        let moves_on = random::chance(rng, 0.006) && scene.account.script.decision.is_none();
        let mut newcomer = holder(rng, scene, role, level, day);
        if month.next <= scene.account.joined || day > scene.timeline.last {
            continue;
        }
        match rows.last_mut() {
            None if level > LEAVES_BELOW => {
                // The first one has been there for a while, where the account has.
                newcomer.from = scene.account.joined.max(day - 700);
                rows.push(newcomer);
            }
            Some(holder) if holder.until.is_none() && (level < LEAVES_BELOW || moves_on) => {
                holder.until = Some(day);
            }
            Some(last) if last.until.is_some() && level > RETURNS_ABOVE => rows.push(newcomer),
            _ => {}
        }
    }
    rows
}

fn holder(
    rng: &mut Pcg64,
    scene: &Scene,
    role: &'static str,
    level: f64,
    from: Day,
) -> StakeholderRow {
    let strength = match level + 8.0 * random::normal(rng) {
        level if level > 75.0 => "strong",
        level if level > 55.0 => "moderate",
        _ => "weak",
    };
    StakeholderRow {
        id: String::new(),
        account: scene.index,
        role,
        person: String::new(),
        job_title: random::any(rng, people::job_titles(role)),
        strength,
        from,
        until: None,
    }
}

/// Returns `stakeholders.parquet`.
pub fn frame(rows: &[StakeholderRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("stakeholder_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("role", |row| row.role)
        .text("person", |row| &row.person)
        .text("job_title", |row| row.job_title)
        .text("strength", |row| row.strength)
        .date("from_date", |row| Some(row.from))
        .date("until_date", |row| row.until)
        .frame()
}
