//! Tickets: what the support latent lets show.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::dirt::Row;
use crate::sample::health::SUPPORT;
use crate::sample::portfolio;
use crate::sample::random::{self, Purpose};
use crate::sample::rollouts;
use crate::sample::scene::Scene;
use crate::sample::stories::Burst;
use crate::sample::tables::Table;
use crate::sample::texts;
use crate::sample::timeline::{Day, Instant, Timeline, day_at, days, instant, office_hours};

/// The ticket feed ends so many days before everything else.
pub const FEED_LAG_DAYS: Day = 2;
const PRIORITIES: [(&str, f64); 4] = [("P1", 0.05), ("P2", 0.20), ("P3", 0.45), ("P4", 0.30)];

#[derive(Clone)]
pub struct TicketRow {
    pub id: String,
    account: u32,
    pub opened: Instant,
    subject: &'static str,
    priority: &'static str,
    status: &'static str,
    next_step: Option<&'static str>,
    first_response: Option<Instant>,
    pub solved: Option<Instant>,
    pub closed: Option<Instant>,
    escalated: Option<Instant>,
    csat: Option<(i32, Instant)>,
}

impl Row for TicketRow {
    fn parts(&mut self) -> (&mut u32, Option<&mut String>) {
        (&mut self.account, Some(&mut self.id))
    }
}

impl TicketRow {
    /// Opens a solved ticket again: the row as it was keeps an early end, the new one has none yet.
    pub fn reopened(&mut self) -> TicketRow {
        let again = TicketRow {
            status: "open",
            next_step: Some(texts::ticket_step("open", false)[0]),
            solved: None,
            closed: None,
            csat: None,
            ..self.clone()
        };
        let early = self.opened + days(3.0);
        self.first_response = self.first_response.map(|at| at.min(early));
        self.solved = self.solved.map(|at| at.min(early));
        self.closed = self.closed.map(|at| at.min(early + days(1.0)));
        again
    }
}

/// How a ticket goes, before anything is known about its end.
struct Course {
    opened: Day,
    response_hours: f64,
    resolution_days: f64,
    is_escalated: bool,
    csat: f64,
}

/// Returns the account's tickets in order of opening; without a support plan there are none.
pub fn rows(scene: &Scene) -> Vec<TicketRow> {
    let account = scene.account;
    if !account.has_support_plan {
        return Vec::new();
    }
    let mut rng = scene.draws(Purpose::Tickets);
    let mut courses = usual(&mut rng, scene);
    if let Some(burst) = account.script.tickets {
        courses.extend((0..burst.count).map(|_| scripted(&mut rng, burst, scene.timeline)));
    }
    courses.extend(in_rollouts(scene));
    courses.sort_by_key(|course| course.opened);
    let feed_end = scene.timeline.last - FEED_LAG_DAYS;
    courses.retain(|course| course.opened <= feed_end && scene.is_active_on(course.opened));
    let numbered = (1..).zip(&courses);
    let mut rows: Vec<TicketRow> = numbered
        .map(|(number, course)| ticket(&mut rng, scene, number, course))
        .collect();
    if let Some(last) = rows
        .last_mut()
        .filter(|_| account.number == portfolio::HOSTILE)
    {
        last.subject = texts::HOSTILE_SUBJECT;
    }
    rows
}

/// Draws the tickets of every month, more of them where support is poor.
fn usual(rng: &mut Pcg64, scene: &Scene) -> Vec<Course> {
    let mut courses = Vec::new();
    for month in scene.months() {
        let support = month.levels[SUPPORT];
        let seats = scene
            .life
            .seats_on((month.first + month.next) / 2)
            .unwrap_or(scene.account.seats);
        let burden = 1.0 + (75.0 - support).max(0.0) / 50.0;
        for _ in 0..random::count(rng, (1.2 + 0.12 * f64::from(seats).sqrt()) * burden) {
            let opened = random::whole(rng, month.first, month.next - 1);
            courses.push(course(rng, opened, support));
        }
    }
    courses
}

fn course(rng: &mut Pcg64, opened: Day, support: f64) -> Course {
    let poor = 85.0 - support;
    Course {
        opened,
        response_hours: (0.4 + 0.035 * poor.max(-10.0) + 0.7 * random::normal(rng)).exp(),
        resolution_days: (0.065 * poor.max(-10.0) + 0.5 * random::normal(rng)).exp(),
        is_escalated: random::chance(rng, ((70.0 - support) / 80.0).clamp(0.01, 0.6)),
        csat: 9.3 - 0.11 * poor + 0.9 * random::normal(rng),
    }
}

fn scripted(rng: &mut Pcg64, burst: Burst, timeline: &Timeline) -> Course {
    let (first, last) = burst.days_before_end;
    Course {
        opened: random::whole(rng, timeline.last - first, timeline.last - last),
        response_hours: if burst.is_escalated { 30.0 } else { 1.0 },
        resolution_days: burst.resolution_days * random::between(rng, 0.7, 1.3),
        is_escalated: burst.is_escalated,
        csat: burst.csat,
    }
}

/// Draws the questions that come with a rollout: many, quickly solved, in good temper.
fn in_rollouts(scene: &Scene) -> Vec<Course> {
    let mut rng = scene.draws(Purpose::RolloutTickets);
    let mut courses = Vec::new();
    for rollout in rollouts::rows(scene)
        .iter()
        .filter(|rollout| !rollout.is_scripted)
    {
        let seats = scene.life.seats_on(rollout.from).unwrap_or(0);
        for _ in 0..random::count(&mut rng, 2.0 + 0.8 * f64::from(seats).sqrt()) {
            let opened = random::whole(&mut rng, rollout.from, rollout.until);
            courses.push(course(&mut rng, opened, 85.0));
        }
    }
    courses
}

fn ticket(rng: &mut Pcg64, scene: &Scene, number: u32, course: &Course) -> TicketRow {
    let feed_end = scene.timeline.last - FEED_LAG_DAYS;
    let in_feed = |at: &Instant| day_at(*at) <= feed_end;
    let opened = office_hours(rng, course.opened);
    let resolution = course.resolution_days.clamp(0.02, 150.0);
    let solved = opened + days(resolution);
    let closed = solved + days(f64::from(random::whole(rng, 3, 7)));
    let response = (course.response_hours / 24.0).min(resolution * 0.8);
    let escalated = opened + days((resolution * 0.3).min(3.0));
    let rated = solved + instant(random::whole(rng, 0, 4), 7_200);
    let is_rated = random::chance(rng, 0.6) && in_feed(&rated);
    let is_escalated = course.is_escalated && in_feed(&escalated);
    let first_response = Some(opened + days(response)).filter(in_feed);
    let is_with_customer = random::chance(rng, 0.3);
    let status = match (in_feed(&solved), in_feed(&closed)) {
        (_, true) => "closed",
        (true, false) => "solved",
        (false, _) if is_with_customer && first_response.is_some() => "pending",
        (false, _) => "open",
    };
    let next_step = random::any(rng, texts::ticket_step(status, is_escalated));
    let priority = random::pick(rng, &PRIORITIES);
    TicketRow {
        id: format!("T-{:04}-{number:03}", scene.account.number),
        account: scene.index,
        opened,
        subject: random::any(rng, texts::ticket_subjects(priority)),
        priority,
        status,
        next_step: Some(next_step).filter(|_| status != "closed"),
        first_response,
        solved: Some(solved).filter(in_feed),
        closed: Some(closed).filter(in_feed),
        escalated: Some(escalated).filter(|_| is_escalated),
        csat: is_rated.then(|| (course.csat.round().clamp(1.0, 10.0) as i32, rated)),
    }
}

/// Returns `tickets.parquet`.
pub fn frame(rows: &[TicketRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("ticket_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("opened_at", |row| Some(row.opened))
        .text("subject", |row| row.subject)
        .text("priority", |row| row.priority)
        .text("status", |row| row.status)
        .optional_text("next_step", |row| row.next_step)
        .instant("first_response_at", |row| row.first_response)
        .instant("solved_at", |row| row.solved)
        .instant("closed_at", |row| row.closed)
        .instant("escalated_at", |row| row.escalated)
        .whole("csat", |row| row.csat.map(|csat| csat.0))
        .instant("csat_rated_at", |row| row.csat.map(|csat| csat.1))
        .frame()
}
