//! Surveys: who was asked, who answered, and what they added.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::dirt::Row;
use crate::sample::health::SUPPORT;
use crate::sample::people;
use crate::sample::portfolio::Tier;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::texts::{self, Mood};
use crate::sample::timeline::{Instant, day_at, days, office_hours};

#[derive(Clone)]
pub struct SurveyRow {
    id: String,
    account: u32,
    kind: Kind,
    sent: Instant,
    respondent: String,
    answer: Option<Answer>,
}

#[derive(Clone)]
struct Answer {
    responded: Instant,
    score: i32,
    comment: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nps,
    Csat,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Nps => "NPS",
            Kind::Csat => "CSAT",
        }
    }

    fn scale_max(self) -> i32 {
        match self {
            Kind::Nps => 10,
            Kind::Csat => 5,
        }
    }
}

impl Row for SurveyRow {
    fn parts(&mut self) -> (&mut u32, Option<&mut String>) {
        (&mut self.account, Some(&mut self.id))
    }
}

/// Returns whom the account's people were asked and what they answered; many accounts are never asked.
///
/// NPS goes out every quarter, CSAT every other one a month later.
pub fn rows(scene: &Scene) -> Vec<SurveyRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Surveys);
    let asked = match account.tier {
        Tier::Smb => 1,
        Tier::Mid => 3,
        Tier::Enterprise => 7,
    };
    let mut rows: Vec<SurveyRow> = Vec::new();
    for month in scene.months().filter(|month| month.number % 3 != 2) {
        let kind = match month.number % 6 {
            0 | 3 => Kind::Nps,
            1 => Kind::Csat,
            _ => continue,
        };
        let day = month.first + random::whole(&mut rng, 3, 24);
        let sent = office_hours(&mut rng, day);
        let is_sent = account.is_surveyed && account.has_support_plan && scene.is_active_on(day);
        for number in 0..asked {
            let respondent = people::contact(account, people::FIRST_RESPONDENT + number);
            let answer = answer(&mut rng, scene, kind, sent);
            if is_sent {
                let id = format!("S-{:04}-{:03}", account.number, rows.len() + 1);
                let account = scene.index;
                rows.push(SurveyRow {
                    id,
                    account,
                    kind,
                    sent,
                    respondent,
                    answer,
                });
            }
        }
    }
    rows
}

fn answer(rng: &mut Pcg64, scene: &Scene, kind: Kind, sent: Instant) -> Option<Answer> {
    let answers = random::chance(rng, 0.7);
    let responded = scene
        .timeline
        .known(sent + days(random::between(rng, 0.05, 9.0)))?;
    let of_ten = match scene.account.script.nps {
        Some(nps) => f64::from(nps),
        None => {
            9.3 - 0.11 * (85.0 - scene.level(SUPPORT, day_at(responded)))
                + 0.9 * random::normal(rng)
        }
    };
    let scale = f64::from(kind.scale_max());
    let lowest = f64::from(kind.scale_max() % 2);
    let score = (of_ten / 10.0 * scale).round().clamp(lowest, scale) as i32;
    let mood = match of_ten {
        of_ten if of_ten >= 8.5 => Mood::Good,
        of_ten if of_ten >= 6.5 => Mood::Mixed,
        _ => Mood::Poor,
    };
    let drawn = random::any(rng, texts::verbatims(mood));
    let comment = scene.account.script.comment.unwrap_or(drawn);
    let comments = random::chance(rng, if mood == Mood::Poor { 0.7 } else { 0.4 });
    answers.then_some(Answer {
        responded,
        score,
        comment: Some(comment).filter(|_| comments),
    })
}

/// Returns `surveys.parquet`.
pub fn frame(rows: &[SurveyRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("survey_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| row.kind.name())
        .whole("scale_max", |row| Some(row.kind.scale_max()))
        .instant("sent_at", |row| Some(row.sent))
        .text("respondent", |row| &row.respondent)
        .instant("responded_at", |row| {
            row.answer.as_ref().map(|answer| answer.responded)
        })
        .whole("score", |row| {
            row.answer.as_ref().map(|answer| answer.score)
        })
        .optional_text("comment", |row| row.answer.as_ref()?.comment)
        .frame()
}
