//! Scores that somebody set by hand, with a reason and a date on which they lapse.

use polars::prelude::*;

use crate::sample::health;
use crate::sample::people;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::texts::{self, Mood};
use crate::sample::timeline::{Day, Instant, office_hours};

/// How long a score set by hand holds.
const VALID_DAYS: Day = 90;

pub struct ManualScoreRow {
    id: String,
    account: u32,
    subject: &'static str,
    score: i32,
    author: &'static str,
    reason: &'static str,
    entered: Instant,
    expires: Day,
}

/// Returns the scores set by hand for the account: about one account in seven ever gets one.
pub fn rows(scene: &Scene) -> Vec<ManualScoreRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::ManualScores);
    let mut rows: Vec<ManualScoreRow> = Vec::new();
    for month in scene.months() {
        let is_set = random::chance(&mut rng, 0.006);
        let day = random::whole(&mut rng, month.first, month.next - 1);
        let entered = office_hours(&mut rng, day);
        let subject = random::pick(
            &mut rng,
            &[
                (None, 0.5),
                (Some(health::SUPPORT), 0.25),
                (Some(health::COMMERCIAL), 0.25),
            ],
        );
        let level = match subject {
            Some(category) => month.levels[category],
            None => health::overall(&month.levels),
        };
        // People tend to see their own accounts in a slightly better light.
        let seen = (level + 6.0 + 12.0 * random::normal(&mut rng)).clamp(5.0, 95.0);
        let reason = random::any(&mut rng, texts::manual_reasons(Mood::at(seen)));
        if is_set
            && scene.is_customer()
            && scene.is_active_on(day)
            && account.script.decision.is_none()
        {
            rows.push(ManualScoreRow {
                id: format!("MS-{:04}-{:02}", account.number, rows.len() + 1),
                account: scene.index,
                subject: subject.map_or("overall", |category| health::CATEGORIES[category]),
                score: (seen / 5.0).round() as i32 * 5,
                author: people::owner(account),
                reason,
                entered,
                expires: day + VALID_DAYS,
            });
        }
    }
    rows
}

/// Returns `manual_scores.parquet`.
pub fn frame(rows: &[ManualScoreRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("manual_score_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("subject", |row| row.subject)
        .whole("score", |row| Some(row.score))
        .text("author", |row| row.author)
        .text("reason", |row| row.reason)
        .instant("entered_at", |row| Some(row.entered))
        .date("expires_on", |row| Some(row.expires))
        .frame()
}
