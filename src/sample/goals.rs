//! What customers want to reach, and how far they are: one row for each version of a goal.

use polars::prelude::*;

use crate::sample::health::{ADOPTION, LIFECYCLE};
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::texts;
use crate::sample::timeline::{Day, add_months};

/// A goal is agreed for a year and looked at every four months.
const REVIEW_MONTHS: u32 = 4;
const REVIEWS: u32 = 3;
const FIRST_GOALS_AFTER: Day = 25;

pub struct GoalRow {
    id: String,
    account: u32,
    goal: &'static str,
    agreed: Day,
    target: Day,
    progress: &'static str,
    share: f64,
    evidence: Option<&'static str>,
    from: Day,
    to: Option<Day>,
}

/// Returns the versions of the account's goals; every year has its own two or three.
pub fn rows(scene: &Scene) -> Vec<GoalRow> {
    let mut rng = scene.draws(Purpose::Goals);
    let mut rows = Vec::new();
    let mut number = 0;
    for year in 0.. {
        let agreed = add_months(scene.account.joined, year * 12) + FIRST_GOALS_AFTER;
        if agreed > scene.timeline.last || !scene.is_customer() {
            break;
        }
        let first_text = random::whole(&mut rng, 0, texts::GOALS.len() as i32 - 1) as usize;
        for turn in 0..random::whole(&mut rng, 2, 3) as usize {
            number += 1;
            let id = format!("G-{:04}-{number:02}", scene.account.number);
            let goal = &texts::GOALS[(first_text + turn * 3) % texts::GOALS.len()];
            rows.extend(versions(&mut rng, scene, &id, goal, agreed));
        }
    }
    let running = |row: &GoalRow| row.to.is_none_or(|to| to > scene.timeline.first - 120);
    rows.retain(|row| running(row) && scene.is_active_on(row.from.max(scene.timeline.first)));
    rows
}

/// Returns a goal as it stood after each look at it.
fn versions(
    rng: &mut rand_pcg::Pcg64,
    scene: &Scene,
    id: &str,
    goal: &texts::Goal,
    agreed: Day,
) -> Vec<GoalRow> {
    let target = add_months(agreed, 12);
    let mut share: f64 = 0.0;
    let mut rows: Vec<GoalRow> = Vec::new();
    for review in 0..=REVIEWS {
        let from = add_months(agreed, review * REVIEW_MONTHS);
        let level = 0.6 * scene.level(LIFECYCLE, from)
            + 0.4 * scene.level(ADOPTION, from)
            + 6.0 * random::normal(rng);
        let shows = random::chance(rng, 0.7);
        if from > scene.timeline.last {
            break;
        }
        // A healthy account gets a bit more than a third of the way between two looks.
        let step = ((level - 25.0) / 150.0).clamp(0.0, 0.42);
        share = if review == 0 {
            0.0
        } else {
            (share + step).min(1.0)
        };
        let progress = match level {
            level if level >= 66.0 => "on track",
            level if level >= 50.0 => "partial",
            _ => "off track",
        };
        if let Some(last) = rows.last_mut() {
            last.to = Some(from);
        }
        rows.push(GoalRow {
            id: id.to_owned(),
            account: scene.index,
            goal: goal.text,
            agreed,
            target,
            progress,
            share: (share * 20.0).round() / 20.0,
            evidence: Some(goal.evidence).filter(|_| shows && share >= 0.3),
            from,
            to: None,
        });
    }
    // The year's goals end with the year; the next one brings its own.
    if let Some(last) = rows.last_mut().filter(|last| last.from >= target) {
        last.to = scene.timeline.passed(target + 30);
    }
    rows
}

/// Returns `goals.parquet`.
pub fn frame(rows: &[GoalRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("goal_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("goal", |row| row.goal)
        .date("agreed_at", |row| Some(row.agreed))
        .date("target_date", |row| Some(row.target))
        .text("progress", |row| row.progress)
        .number("progress_share", |row| Some(row.share))
        .optional_text("evidence", |row| row.evidence)
        .date("valid_from", |row| Some(row.from))
        .date("valid_to", |row| row.to)
        .frame()
}
