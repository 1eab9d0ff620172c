//! People and milestones: onboarding, champions and sponsors, meetings and calls.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::health::{self, ADOPTION, COMMERCIAL, LIFECYCLE, Levels};
use crate::sample::portfolio::{Account, Tier};
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, office_hours};

const MILESTONES: [(&str, Day); 5] = [
    ("kickoff", 7),
    ("configuration", 30),
    ("integration", 60),
    ("training", 75),
    ("go_live", 90),
];
const FIRST_NAMES: [&str; 12] = [
    "Ada", "Bruno", "Clara", "David", "Esther", "Farid", "Greta", "Hugo", "Irina", "Jamal",
    "Keiko", "Lars",
];
const LAST_NAMES: [&str; 12] = [
    "Arnold", "Bauer", "Castro", "Dubois", "Ekman", "Ferrari", "Grant", "Hansen", "Ito", "Jensen",
    "Keller", "Lopez",
];
const CONTACTS: [(&str, f64); 4] = [
    ("email", 0.40),
    ("call", 0.30),
    ("meeting", 0.22),
    ("QBR", 0.08),
];
const TOPICS: [(Option<&str>, f64); 3] = [
    (Some("product"), 0.30),
    (Some("pricing"), 0.15),
    (None, 0.55),
];
/// A role falls vacant below the first level, and is filled again only above the second.
const LEAVES_BELOW: f64 = 47.0;
const RETURNS_ABOVE: f64 = 57.0;

pub struct MilestoneRow {
    id: String,
    account: u32,
    milestone: &'static str,
    planned: Instant,
    due: Day,
    completed: Option<Instant>,
}

pub struct StakeholderRow {
    id: String,
    account: u32,
    role: &'static str,
    person: String,
    strength: &'static str,
    from: Day,
    until: Option<Day>,
}

#[derive(Clone)]
pub struct InteractionRow {
    pub id: String,
    pub account: u32,
    held: Instant,
    kind: &'static str,
    sentiment: Option<i32>,
    topic: Option<&'static str>,
}

/// Returns the account's onboarding milestones, later or never done where lifecycle health is poor.
pub fn milestones(scene: &Scene) -> Vec<MilestoneRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Milestones);
    let planned = office_hours(&mut rng, account.joined);
    let mut stuck = false;
    let mut rows = Vec::new();
    for ((milestone, days), number) in MILESTONES.into_iter().zip(1..) {
        let due = account.joined + days;
        let lifecycle = scene.level(LIFECYCLE, due);
        let delay = (78.0 - lifecycle) * 0.9 + 5.0 * random::normal(&mut rng);
        stuck |= random::chance(&mut rng, 0.35) && lifecycle < 45.0 && number > 1;
        let completed = office_hours(&mut rng, due + (delay.round() as Day).max(3 - days));
        rows.push(MilestoneRow {
            id: format!("M-{:04}-{number}", account.number),
            account: scene.index,
            milestone,
            planned,
            due,
            completed: scene.timeline.known(completed).filter(|_| !stuck),
        });
    }
    rows.retain(|_| scene.is_customer());
    rows
}

/// Returns the account's stakeholders: champions follow adoption, sponsors the commercial side.
pub fn stakeholders(scene: &Scene) -> Vec<StakeholderRow> {
    let (account, timeline) = (scene.account, scene.timeline);
    let mut rng = scene.draws(Purpose::Stakeholders);
    let mut rows = vec![stakeholder(&mut rng, scene, "admin", 65.0, account.joined)];
    for (role, category) in [("champion", ADOPTION), ("executive_sponsor", COMMERCIAL)] {
        rows.extend(holders(&mut rng, scene, role, category));
    }
    for _ in 0..account.script.champions {
        rows.push(stakeholder(
            &mut rng,
            scene,
            "champion",
            90.0,
            timeline.last - 400,
        ));
    }
    if let Some(left) = account.script.sponsor_left {
        rows.retain(|row| row.role != "executive_sponsor" || row.from < left);
        if let Some(sponsor) = rows.iter_mut().rfind(|row| row.role == "executive_sponsor") {
            sponsor.until = Some(left);
        }
    }
    let start = timeline.first.max(account.joined);
    let is_with_us = |day: Day| day <= start || scene.is_active_on(day);
    rows.retain(|row| scene.is_customer() && is_with_us(row.from));
    rows.sort_by_key(|row| (row.from, row.role));
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("P-{:04}-{number:02}", account.number);
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
        let mut newcomer = stakeholder(rng, scene, role, level, day);
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

fn stakeholder(
    rng: &mut Pcg64,
    scene: &Scene,
    role: &'static str,
    level: f64,
    from: Day,
) -> StakeholderRow {
    let (first, last) = (
        random::any(rng, &FIRST_NAMES),
        random::any(rng, &LAST_NAMES),
    );
    let strength = match level + 8.0 * random::normal(rng) {
        level if level > 75.0 => "strong",
        level if level > 55.0 => "moderate",
        _ => "weak",
    };
    let (person, account) = (format!("{first} {last}"), scene.index);
    StakeholderRow {
        id: String::new(),
        account,
        role,
        person,
        strength,
        from,
        until: None,
    }
}

/// Returns the account's meetings, calls and mails; digitally served accounts have none.
pub fn interactions(scene: &Scene) -> Vec<InteractionRow> {
    let mut rng = scene.draws(Purpose::Interactions);
    let mut rows = Vec::new();
    if scene.account.is_digital_touch || !scene.is_customer() {
        return rows;
    }
    let per_month = match scene.account.tier {
        Tier::Smb => 0.6,
        Tier::Mid => 1.1,
        Tier::Enterprise => 2.0,
    };
    for month in scene.months() {
        let count = random::count(&mut rng, per_month);
        let days = (0..count).map(|_| random::whole(&mut rng, month.first, month.next - 1));
        let mut days: Vec<Day> = days.collect();
        days.sort_unstable();
        for day in days {
            let mut row = interaction(&mut rng, scene, &month.levels, day);
            if scene.is_active_on(day) {
                row.id = format!("I-{:04}-{:03}", scene.account.number, rows.len() + 1);
                rows.push(row);
            }
        }
    }
    rows
}

/// The share of mails tells nothing about health: it is the metric that is pure noise.
fn interaction(rng: &mut Pcg64, scene: &Scene, levels: &Levels, day: Day) -> InteractionRow {
    let kind = random::pick(rng, &CONTACTS);
    let mood = (health::overall(levels) - 60.0) / 18.0 + 0.7 * random::normal(rng);
    let has_mood = random::chance(rng, 0.8);
    InteractionRow {
        id: String::new(),
        account: scene.index,
        held: office_hours(rng, day),
        kind,
        sentiment: has_mood.then_some(mood.round().clamp(-2.0, 2.0) as i32),
        topic: topic(rng, scene.account, levels[COMMERCIAL]),
    }
}

fn topic(rng: &mut Pcg64, account: &Account, commercial: f64) -> Option<&'static str> {
    let contraction = ((68.0 - commercial) / 60.0).clamp(0.0, 0.8);
    let drawn_expansion = ((commercial - 70.0) / 150.0).clamp(0.0, 0.2);
    let expansion = if account.script.talks_expansion {
        0.5
    } else {
        drawn_expansion
    };
    match random::uniform(rng) {
        draw if draw < contraction => Some("contraction"),
        draw if draw > 1.0 - expansion => Some("expansion"),
        _ => random::pick(rng, &TOPICS),
    }
}

/// Returns `milestones.parquet`.
pub fn milestones_frame(rows: &[MilestoneRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("milestone_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("milestone", |row| row.milestone)
        .instant("planned_at", |row| Some(row.planned))
        .date("due_date", |row| Some(row.due))
        .instant("completed_at", |row| row.completed)
        .frame()
}

/// Returns `stakeholders.parquet`.
pub fn stakeholders_frame(rows: &[StakeholderRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("stakeholder_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("role", |row| row.role)
        .text("person", |row| &row.person)
        .text("strength", |row| row.strength)
        .date("from_date", |row| Some(row.from))
        .date("until_date", |row| row.until)
        .frame()
}

/// Returns `interactions.parquet`.
pub fn interactions_frame(rows: &[InteractionRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("interaction_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("held_at", |row| Some(row.held))
        .text("kind", |row| row.kind)
        .whole("sentiment", |row| row.sentiment)
        .optional_text("topic", |row| row.topic)
        .frame()
}
