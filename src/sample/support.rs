//! Tickets and surveys: what the support latent lets show.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::health::SUPPORT;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::stories::Burst;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, Timeline, day_at, instant, office_hours};

/// The ticket feed ends so many days before everything else.
pub const FEED_LAG_DAYS: Day = 2;
const PRIORITIES: [(&str, f64); 4] = [("P1", 0.05), ("P2", 0.20), ("P3", 0.45), ("P4", 0.30)];

#[derive(Clone)]
pub struct TicketRow {
    pub id: String,
    pub account: u32,
    pub opened: Instant,
    pub priority: &'static str,
    pub closed: Option<Instant>,
    pub escalated: Option<Instant>,
    pub csat: Option<(i32, Instant)>,
}

#[derive(Clone)]
pub struct SurveyRow {
    pub id: String,
    pub account: u32,
    pub responded: Instant,
    pub nps: i32,
}

/// How a ticket goes, before anything is known about its end.
struct Course {
    opened: Day,
    resolution_days: f64,
    is_escalated: bool,
    csat: f64,
}

/// Returns the account's tickets in order of opening; without a support plan there are none.
pub fn tickets(scene: &Scene) -> Vec<TicketRow> {
    let account = scene.account;
    if !account.has_support_plan {
        return Vec::new();
    }
    let mut rng = scene.draws(Purpose::Tickets);
    let mut courses: Vec<Course> = Vec::new();
    for month in scene.months() {
        let support = month.levels[SUPPORT];
        let seats = scene
            .life
            .seats_on((month.first + month.next) / 2)
            .unwrap_or(account.seats);
        let burden = 1.0 + (75.0 - support).max(0.0) / 50.0;
        for _ in 0..random::count(&mut rng, (1.2 + 0.12 * f64::from(seats).sqrt()) * burden) {
            let opened = random::whole(&mut rng, month.first, month.next - 1);
            courses.push(course(&mut rng, opened, support));
        }
    }
    if let Some(burst) = account.script.tickets {
        courses.extend((0..burst.count).map(|_| scripted(&mut rng, burst, scene.timeline)));
    }
    courses.sort_by_key(|course| course.opened);
    let feed_end = scene.timeline.last - FEED_LAG_DAYS;
    courses.retain(|course| course.opened <= feed_end && scene.is_active_on(course.opened));
    let numbered = (1..).zip(&courses);
    numbered
        .map(|(number, course)| ticket(&mut rng, scene, number, course))
        .collect()
}

fn course(rng: &mut Pcg64, opened: Day, support: f64) -> Course {
    let poor = 85.0 - support;
    Course {
        opened,
        resolution_days: (0.065 * poor.max(-10.0) + 0.5 * random::normal(rng)).exp(),
        is_escalated: random::chance(rng, ((70.0 - support) / 80.0).clamp(0.01, 0.6)),
        csat: 9.3 - 0.11 * poor + 0.9 * random::normal(rng),
    }
}

fn scripted(rng: &mut Pcg64, burst: Burst, timeline: &Timeline) -> Course {
    let (first, last) = burst.days_before_end;
    Course {
        opened: random::whole(rng, timeline.last - first, timeline.last - last),
        resolution_days: burst.resolution_days * random::between(rng, 0.7, 1.3),
        is_escalated: burst.is_escalated,
        csat: burst.csat,
    }
}

fn ticket(rng: &mut Pcg64, scene: &Scene, number: u32, course: &Course) -> TicketRow {
    let feed_end = scene.timeline.last - FEED_LAG_DAYS;
    let in_feed = |at: &Instant| day_at(*at) <= feed_end;
    let opened = office_hours(rng, course.opened);
    let after = |days: f64| opened + (days.clamp(0.02, 150.0) * 1_440.0) as i64 * 60_000_000;
    let closed = after(course.resolution_days);
    let escalated = after((course.resolution_days * 0.3).min(3.0));
    let rated = closed + instant(random::whole(rng, 0, 4), 7_200);
    let is_rated = random::chance(rng, 0.6) && in_feed(&rated);
    TicketRow {
        id: format!("T-{:04}-{number:03}", scene.account.number),
        account: scene.index,
        opened,
        priority: random::pick(rng, &PRIORITIES),
        closed: Some(closed).filter(in_feed),
        escalated: Some(escalated).filter(|at| course.is_escalated && in_feed(at)),
        csat: is_rated.then(|| (course.csat.round().clamp(1.0, 10.0) as i32, rated)),
    }
}

/// Returns the account's survey answers; many accounts never give one.
pub fn surveys(scene: &Scene) -> Vec<SurveyRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Surveys);
    let mut rows = Vec::new();
    for quarter in scene.months().step_by(3) {
        let day = quarter.first + random::whole(&mut rng, 10, 80);
        let answers = random::chance(&mut rng, 0.7) && account.is_surveyed;
        let noise = 0.9 * random::normal(&mut rng);
        let responded = office_hours(&mut rng, day);
        if answers && account.has_support_plan && scene.is_active_on(day) {
            let drawn = 9.3 - 0.11 * (85.0 - scene.level(SUPPORT, day)) + noise;
            rows.push(SurveyRow {
                id: format!("S-{:04}-{:02}", account.number, quarter.number / 3 + 1),
                account: scene.index,
                responded,
                nps: account
                    .script
                    .nps
                    .unwrap_or(drawn.round().clamp(0.0, 10.0) as i32),
            });
        }
    }
    rows
}

/// Returns `tickets.parquet`.
pub fn tickets_frame(rows: &[TicketRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("ticket_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("opened_at", |row| Some(row.opened))
        .text("priority", |row| row.priority)
        .instant("closed_at", |row| row.closed)
        .instant("escalated_at", |row| row.escalated)
        .whole("csat", |row| row.csat.map(|csat| csat.0))
        .instant("csat_rated_at", |row| row.csat.map(|csat| csat.1))
        .frame()
}

/// Returns `surveys.parquet`.
pub fn surveys_frame(rows: &[SurveyRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("survey_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("responded_at", |row| Some(row.responded))
        .whole("nps", |row| Some(row.nps))
        .frame()
}
