//! Calls, e-mails, meetings and business reviews: planned, held, and what came of them.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::dirt::Row;
use crate::sample::health::{self, COMMERCIAL, SUPPORT};
use crate::sample::people;
use crate::sample::portfolio::Tier;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::stakeholders::{self, CHAMPION, SPONSOR, StakeholderRow};
use crate::sample::tables::Table;
use crate::sample::texts::{self, Mood};
use crate::sample::timeline::{Day, Instant, day_at, days, instant, office_hours};

/// The share of mails tells nothing about health: it is the metric that is pure noise.
const CONTACTS: [(Kind, f64); 3] = [
    (Kind::Email, 0.43),
    (Kind::Call, 0.33),
    (Kind::Meeting, 0.24),
];
const TOPICS: [(Option<&str>, f64); 3] = [
    (Some("product"), 0.30),
    (Some("pricing"), 0.15),
    (None, 0.55),
];
/// Appointments made in the last days covered lie after them.
const MONTHS_AHEAD: u32 = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Email,
    Call,
    Meeting,
    Qbr,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Call => "call",
            Kind::Meeting => "meeting",
            Kind::Qbr => "QBR",
        }
    }

    /// Returns how many days ahead such an appointment is made, at least and at most.
    fn days_ahead(self) -> (i32, i32) {
        match self {
            Kind::Email => (0, 0),
            Kind::Call => (1, 8),
            Kind::Meeting => (4, 16),
            Kind::Qbr => (21, 55),
        }
    }

    /// Returns the chance that a sponsor, where there is one, takes part.
    fn sponsor_share(self) -> f64 {
        match self {
            Kind::Email => 0.05,
            Kind::Call => 0.08,
            Kind::Meeting => 0.20,
            Kind::Qbr => 0.75,
        }
    }
}

#[derive(Clone)]
pub struct InteractionRow {
    id: String,
    account: u32,
    kind: Kind,
    created: Instant,
    planned: Day,
    held: Option<Held>,
    direction: Option<&'static str>,
    answer: Option<(Instant, &'static str)>,
}

/// What is known once it took place.
#[derive(Clone)]
struct Held {
    at: Instant,
    participants: String,
    includes_sponsor: bool,
    summary: &'static str,
    outcome: &'static str,
    follow_up: &'static str,
    tone: Option<i32>,
    topic: Option<&'static str>,
}

impl Row for InteractionRow {
    fn parts(&mut self) -> (&mut u32, Option<&mut String>) {
        (&mut self.account, Some(&mut self.id))
    }
}

/// Returns the account's contacts with us; digitally served accounts have none.
pub fn rows(scene: &Scene) -> Vec<InteractionRow> {
    if scene.account.is_digital_touch || !scene.is_customer() {
        return Vec::new();
    }
    let people = stakeholders::rows(scene);
    let mut rng = scene.draws(Purpose::Interactions);
    let mut rows = everyday(&mut rng, scene, &people);
    rows.extend(reviews(&mut scene.draws(Purpose::Reviews), scene, &people));
    rows.retain(|row| {
        let is_open = scene.is_active_on(row.planned.min(scene.timeline.last));
        is_open && scene.timeline.known(row.created).is_some()
    });
    rows.sort_by_key(|row| (row.created, row.planned));
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("I-{:04}-{number:03}", scene.account.number);
    }
    rows
}

fn everyday(rng: &mut Pcg64, scene: &Scene, people: &[StakeholderRow]) -> Vec<InteractionRow> {
    let per_month = match scene.account.tier {
        Tier::Smb => 0.55,
        Tier::Mid => 1.0,
        Tier::Enterprise => 1.9,
    };
    let mut rows = Vec::new();
    for month in 0..scene.timeline.months + 1 {
        let (first, next) = scene.timeline.month_bounds(month);
        for _ in 0..random::count(rng, per_month) {
            let planned = random::whole(rng, first, next - 1);
            let kind = random::pick(rng, &CONTACTS);
            let takes_place = !random::chance(rng, 0.05);
            rows.push(row(rng, scene, people, kind, planned, takes_place));
        }
    }
    rows
}

/// Plans business reviews, once a quarter (half as often in small accounts); poor health has them fall through.
fn reviews(rng: &mut Pcg64, scene: &Scene, people: &[StakeholderRow]) -> Vec<InteractionRow> {
    let step = if scene.account.tier == Tier::Smb {
        6
    } else {
        3
    };
    let offset = scene.account.number % step;
    let mut rows = Vec::new();
    for month in (0..scene.timeline.months + MONTHS_AHEAD).filter(|month| month % step == offset) {
        let (first, next) = scene.timeline.month_bounds(month);
        let planned = random::whole(rng, first, next - 1);
        let overall = health::overall(&scene.account.health.on(scene.timeline, planned));
        let is_planned = random::chance(rng, ((overall - 15.0) / 55.0).clamp(0.15, 0.98));
        let takes_place = random::chance(rng, ((overall - 15.0) / 50.0).clamp(0.3, 0.97));
        let row = row(rng, scene, people, Kind::Qbr, planned, takes_place);
        if is_planned {
            rows.push(row);
        }
    }
    rows
}

fn row(
    rng: &mut Pcg64,
    scene: &Scene,
    people: &[StakeholderRow],
    kind: Kind,
    planned: Day,
    takes_place: bool,
) -> InteractionRow {
    let at = office_hours(rng, planned);
    let (least, most) = kind.days_ahead();
    let created = match kind {
        Kind::Email => at,
        Kind::Call | Kind::Meeting | Kind::Qbr => {
            at - instant(random::whole(rng, least, most), 1_800)
        }
    };
    let held = held(rng, scene, people, kind, at);
    let (direction, answer) = answer(rng, scene, at);
    let is_mail = kind == Kind::Email;
    let is_held = (takes_place || is_mail) && scene.timeline.known(at).is_some();
    InteractionRow {
        id: String::new(),
        account: scene.index,
        kind,
        created,
        planned,
        held: is_held.then_some(held),
        direction: is_mail.then_some(direction),
        answer: answer.filter(|_| is_mail),
    }
}

fn held(
    rng: &mut Pcg64,
    scene: &Scene,
    people: &[StakeholderRow],
    kind: Kind,
    at: Instant,
) -> Held {
    let day = day_at(at);
    let levels = scene.account.health.on(scene.timeline, day);
    let feeling = (health::overall(&levels) - 60.0) / 18.0 + 0.7 * random::normal(rng);
    let tone = feeling.round().clamp(-2.0, 2.0) as i32;
    let has_tone = random::chance(rng, 0.8);
    let topic = topic(rng, scene, levels[COMMERCIAL]);
    let mood = Mood::of_tone(tone);
    let includes_sponsor = random::chance(rng, kind.sponsor_share());
    let role = |role: &str| {
        let mut holding = people.iter().filter(|person| person.role == role);
        holding.find(|person| person.holds_on(day))
    };
    let sponsor = role(SPONSOR).filter(|_| includes_sponsor);
    let counterpart = match role(CHAMPION) {
        Some(champion) => champion.person.clone(),
        None => people::contact(scene.account, people::FIRST_RESPONDENT),
    };
    let mut participants = vec![people::owner(scene.account), &counterpart];
    participants.extend(sponsor.map(|sponsor| sponsor.person.as_str()));
    Held {
        at,
        participants: participants.join(", "),
        includes_sponsor: sponsor.is_some(),
        summary: random::any(rng, texts::summaries(kind.name(), topic, mood)),
        outcome: random::any(rng, texts::outcomes(topic, mood)),
        follow_up: random::any(rng, texts::follow_ups(topic, mood)),
        tone: has_tone.then_some(tone),
        topic,
    }
}

fn topic(rng: &mut Pcg64, scene: &Scene, commercial: f64) -> Option<&'static str> {
    let contraction = ((68.0 - commercial) / 60.0).clamp(0.0, 0.8);
    let drawn_expansion = ((commercial - 70.0) / 150.0).clamp(0.0, 0.2);
    let expansion = if scene.account.script.talks_expansion {
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

/// Returns who wrote first, and when the other side answered if it did.
///
/// Customers answer as they feel about us, we answer as well as support works.
fn answer(
    rng: &mut Pcg64,
    scene: &Scene,
    at: Instant,
) -> (&'static str, Option<(Instant, &'static str)>) {
    let levels = scene.account.health.on(scene.timeline, day_at(at));
    let is_ours = random::chance(rng, 0.6);
    let (direction, by, level) = if is_ours {
        ("outbound", "customer", health::overall(&levels))
    } else {
        ("inbound", "us", levels[SUPPORT] + 12.0)
    };
    let answers = random::chance(rng, (0.2 + (level - 25.0) / 75.0).clamp(0.1, 0.97));
    let hours = (3.3 - 0.03 * (level - 50.0) + 0.8 * random::normal(rng)).exp();
    let answered = scene
        .timeline
        .known(at + days(hours.clamp(0.1, 400.0) / 24.0));
    (direction, answered.filter(|_| answers).map(|at| (at, by)))
}

/// Returns `interactions.parquet`.
pub fn frame(rows: &[InteractionRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("interaction_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| row.kind.name())
        .instant("created_at", |row| Some(row.created))
        .date("planned_date", |row| Some(row.planned))
        .instant("held_at", |row| Some(row.held.as_ref()?.at))
        .optional_text("participants", |row| Some(&row.held.as_ref()?.participants))
        .optional_flag("includes_sponsor", |row| {
            Some(row.held.as_ref()?.includes_sponsor)
        })
        .optional_text("summary", |row| Some(row.held.as_ref()?.summary))
        .optional_text("outcome", |row| Some(row.held.as_ref()?.outcome))
        .optional_text("follow_up", |row| Some(row.held.as_ref()?.follow_up))
        .whole("sentiment", |row| row.held.as_ref()?.tone)
        .optional_text("topic", |row| row.held.as_ref()?.topic)
        .optional_text("direction", |row| row.direction)
        .instant("answered_at", |row| row.answer.map(|answer| answer.0))
        .optional_text("answered_by", |row| row.answer.map(|answer| answer.1))
        .frame()
}
