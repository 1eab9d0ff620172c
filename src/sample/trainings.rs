//! Trainings and webinars: planned ahead, and how many of those invited came.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::health::LIFECYCLE;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, office_hours};

/// Trainings of the onboarding, with the day after the start on which they are held.
const ONBOARDING: [(&str, Day); 2] = [("Basics for all users", 35), ("Building workflows", 70)];
const WEBINARS: [&str; 6] = [
    "What is new this quarter",
    "Dashboards that people read",
    "Workflows without e-mail",
    "Connecting your systems",
    "Reporting for executives",
    "Tips from other customers",
];

pub struct TrainingRow {
    id: String,
    account: u32,
    kind: &'static str,
    title: &'static str,
    announced: Instant,
    held: Day,
    invited: i32,
    attended: Option<(i32, Instant)>,
}

/// Returns the account's trainings, in the order in which they were announced.
pub fn rows(scene: &Scene) -> Vec<TrainingRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Trainings);
    let mut rows: Vec<TrainingRow> = Vec::new();
    let onboarding = ONBOARDING.map(|(title, days)| ("training", title, account.joined + days));
    let covered = scene.timeline.first..=scene.timeline.last + 21;
    let first = onboarding
        .into_iter()
        .filter(|event| covered.contains(&event.2));
    for (kind, title, day) in first.chain(webinars(scene)) {
        let row = training(&mut rng, scene, kind, title, day);
        if scene.is_customer() && scene.is_active_on(day.min(scene.timeline.last)) {
            rows.push(row);
        }
    }
    rows.retain(|row| scene.timeline.known(row.announced).is_some());
    rows.sort_by_key(|row| (row.announced, row.held));
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("TR-{:04}-{number:02}", account.number);
    }
    rows
}

/// One webinar a quarter, in its second month, the same day for everybody.
fn webinars(scene: &Scene) -> impl Iterator<Item = (&'static str, &'static str, Day)> {
    let timeline = *scene.timeline;
    let months = (0..=timeline.months).filter(|month| month % 3 == 1);
    months
        .zip(WEBINARS.into_iter().cycle())
        .map(move |(month, title)| {
            let day = timeline.month_start(month) + 9;
            ("webinar", title, day)
        })
}

fn training(
    rng: &mut Pcg64,
    scene: &Scene,
    kind: &'static str,
    title: &'static str,
    held: Day,
) -> TrainingRow {
    let seats = scene.life.seats_on(held).unwrap_or(scene.account.seats);
    let (share, most) = if kind == "training" {
        (0.8, 40)
    } else {
        (0.5, 25)
    };
    let invited = ((f64::from(seats) * share).round() as i32).clamp(1, most);
    let lifecycle = scene.level(LIFECYCLE, held);
    let turnout = (0.08 + (lifecycle - 25.0) * 0.0105 + 0.12 * random::normal(rng)).clamp(0.0, 1.0);
    let attended = (f64::from(invited) * turnout).round() as i32;
    let ahead = random::whole(rng, 14, 28);
    let announced = office_hours(rng, held - ahead);
    let counted = office_hours(rng, held + 1);
    TrainingRow {
        id: String::new(),
        account: scene.index,
        kind,
        title,
        announced,
        held,
        invited,
        attended: scene.timeline.known(counted).map(|at| (attended, at)),
    }
}

/// Returns `trainings.parquet`.
pub fn frame(rows: &[TrainingRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("training_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| row.kind)
        .text("title", |row| row.title)
        .instant("announced_at", |row| Some(row.announced))
        .date("held_at", |row| Some(row.held))
        .whole("invited", |row| Some(row.invited))
        .whole("attended", |row| row.attended.map(|attended| attended.0))
        .instant("attended_known_at", |row| {
            row.attended.map(|attended| attended.1)
        })
        .frame()
}
