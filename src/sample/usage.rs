//! Who used what on which day: one row per day, user and feature.

use chrono::{Datelike, Weekday};
use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::contracts::Life;
use crate::sample::dirt::Row;
use crate::sample::features::{self, AUTOMATION, CORE, FEATURES, NORMAL, Plan};
use crate::sample::health::{ADOPTION, USAGE};
use crate::sample::portfolio::{Account, Kind};
use crate::sample::random::{self, Purpose};
use crate::sample::scene::{Month, Scene};
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, date_of};
use crate::sample::users::{self, Seen, UserRow};

/// The month from which background synchronisation no longer counts as events.
pub const DEFINITION_MONTH: u32 = 20;
const DEFINITION_FACTOR: f64 = 0.7;
/// The month that one region's feed lost.
pub const GAP_MONTH: u32 = 27;
pub const GAP_REGION: &str = "APAC";
pub const DECEMBER: f64 = 0.75;
pub const AUGUST: f64 = 0.85;
pub const WEEKEND: f64 = 0.2;
/// Spread of minutes per event by account and month: it leaves minutes per user a near copy of events per user (rank correlation about 0.85).
const MINUTES_SPREAD: f64 = 0.65;
/// In large accounts each user comes less often; there are many of them.
const LARGE_SEATS: i32 = 60;
const LARGE_FACTOR: f64 = 0.65;
const TRIAL_DAYS: Day = 45;

#[derive(Clone)]
pub struct UsageRow {
    pub account: u32,
    pub day: Day,
    pub user: u16,
    pub feature: u8,
    pub events: u16,
    pub minutes: u16,
}

impl UsageRow {
    /// Returns what rows are sorted by.
    pub fn order(&self) -> (u32, Day, u16, &'static str) {
        (
            self.account,
            self.day,
            self.user,
            FEATURES[usize::from(self.feature)].name,
        )
    }
}

impl Row for UsageRow {
    fn parts(&mut self) -> (&mut u32, Option<&mut String>) {
        (&mut self.account, None)
    }
}

/// What a month is like for one account.
struct Habits {
    users: u16,
    /// Visits per user and week on days on which anyone comes.
    visits_per_week: f64,
    /// The share of working days on which anyone comes.
    open_share: f64,
    core_share: f64,
    core_features: usize,
    normal_features: usize,
    advanced_features: &'static [usize],
    advanced_users: f64,
    events: f64,
    minutes_per_event: f64,
}

/// Usage of some accounts, and the users it is by.
pub struct Part {
    /// Rows by the number of the month.
    pub months: Vec<Vec<UsageRow>>,
    pub users: Vec<UserRow>,
}

/// Returns what the accounts' users did.
pub fn by_month(scenes: &[Scene]) -> Part {
    let mut part = Part {
        months: Vec::new(),
        users: Vec::new(),
    };
    for scene in scenes {
        let months = scene.timeline.months as usize;
        part.months.resize_with(months, Vec::new);
        let seen = add_rows(scene, &mut part.months);
        part.users.extend(users::rows(scene, &seen));
    }
    part
}

/// Adds the account's rows to the months they fall in, and returns by number who did anything at all.
///
/// Who is seen does not depend on what the feed lost or never had.
fn add_rows(scene: &Scene, files: &mut [Vec<UsageRow>]) -> Vec<Option<Seen>> {
    let mut seen: Vec<Option<Seen>> = Vec::new();
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Usage);
    let mut momentum = 0.0;
    for (month, rows) in scene.months().zip(files) {
        momentum = next_momentum(momentum, month.levels[USAGE]);
        let noise = random::normal(&mut rng);
        let before = rows.len();
        for day in month.first..month.next.min(scene.timeline.last + 1) {
            if let Some(seats) = seats_on(account, scene.life, day) {
                let habits = habits(scene, &month, seats, day, momentum, noise);
                add_day(&mut rng, rows, scene, day, &habits);
            }
        }
        note_users(&mut seen, &rows[before..]);
        let lost = month.number == GAP_MONTH && account.region == GAP_REGION;
        if lost || !account.is_instrumented {
            rows.truncate(before);
        }
    }
    seen
}

fn note_users(seen: &mut Vec<Option<Seen>>, rows: &[UsageRow]) {
    for row in rows {
        let user = usize::from(row.user);
        if seen.len() <= user {
            seen.resize(user + 1, None);
        }
        let first = seen[user].map_or(row.day, |seen| seen.first);
        seen[user] = Some(Seen {
            first,
            last: row.day,
        });
    }
}

/// Poor health wears events down month by month, and better health lets them recover: a level alone would show no trend.
fn next_momentum(momentum: f64, usage: f64) -> f64 {
    (momentum + ((usage - 68.0) * 0.008).clamp(-0.25, 0.10)).clamp(-1.5, 0.0)
}

fn seats_on(account: &Account, life: &Life, day: Day) -> Option<i32> {
    let on_trial =
        account.kind == Kind::Trial && (account.joined..account.joined + TRIAL_DAYS).contains(&day);
    if on_trial {
        Some(account.seats)
    } else {
        life.seats_on(day)
    }
}

fn habits(scene: &Scene, month: &Month, seats: i32, day: Day, momentum: f64, noise: f64) -> Habits {
    let account = scene.account;
    let (usage, adoption) = (month.levels[USAGE], month.levels[ADOPTION]);
    let ramp = (f64::from(day - account.joined + 10) / 60.0).clamp(0.15, 1.0);
    let used_share = account
        .script
        .used_share
        .unwrap_or((0.88 - (90.0 - adoption) * 0.0106).clamp(0.10, 0.95));
    let users = (f64::from(seats) * used_share * ramp).round().max(1.0);
    let large = if seats > LARGE_SEATS {
        LARGE_FACTOR
    } else {
        1.0
    };
    let automated = account
        .script
        .automated_from
        .is_some_and(|from| day >= from);
    let weekly_share = (0.54 - (90.0 - usage) * 0.0080).clamp(0.03, 0.60)
        * large
        * if automated { 0.35 } else { 1.0 };
    let in_a_week = (weekly_share * f64::from(seats) * ramp / users).clamp(0.05, 0.93);
    let definition = if month.number >= DEFINITION_MONTH {
        DEFINITION_FACTOR
    } else {
        1.0
    };
    Habits {
        users: users as u16,
        visits_per_week: -(1.0 - in_a_week).ln(),
        open_share: (0.25 + 0.0085 * usage).clamp(0.2, 0.98),
        core_share: 0.10 + 0.007 * usage,
        core_features: ((adoption / 16.0) as usize).clamp(1, CORE),
        normal_features: ((1.0 + adoption / 18.0) as usize).min(NORMAL),
        advanced_features: advanced_features(scene, adoption, day),
        advanced_users: ((adoption - 40.0) / 140.0).clamp(0.0, 0.35),
        events: 12.0 * momentum.exp() * definition,
        minutes_per_event: 1.6 * (MINUTES_SPREAD * noise).exp(),
    }
}

/// Returns the advanced features that the account has taken up: the more of its plan's, the better adoption is.
fn advanced_features(scene: &Scene, adoption: f64, day: Day) -> &'static [usize] {
    let offered = features::advanced(Plan::of(scene.account.tier), scene.timeline, day);
    let share = ((adoption - 35.0) / 45.0).clamp(0.0, 1.0);
    &offered[..(share * offered.len() as f64).round() as usize]
}

fn add_day(rng: &mut Pcg64, rows: &mut Vec<UsageRow>, scene: &Scene, day: Day, habits: &Habits) {
    let (account, index) = (scene.account, scene.index);
    let date = date_of(day);
    let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
    let season = match date.month() {
        12 => DECEMBER,
        8 => AUGUST,
        _ => 1.0,
    };
    let weight = if weekend { WEEKEND } else { 1.0 };
    if let Some(events) = service_events(account, day) {
        rows.push(UsageRow {
            account: index,
            day,
            user: users::SERVICE,
            feature: AUTOMATION as u8,
            events,
            minutes: 5,
        });
    }
    if !random::chance(rng, habits.open_share) {
        return;
    }
    let daily =
        habits.visits_per_week * weight * season / (5.0 + 2.0 * WEEKEND) / habits.open_share;
    for user in visitors(rng, habits.users, daily) {
        add_visit(rng, rows, index, day, user, habits);
    }
}

/// Returns who comes on a day, when users come with the given probability on average.
///
/// Instead of a draw for each user there is one for how many stay away until the next one comes.
fn visitors(rng: &mut Pcg64, users: u16, daily: f64) -> Vec<u16> {
    const KEENEST: f64 = 1.4;
    let most = (daily * KEENEST).min(0.97);
    let stays_away = (1.0 - most).ln();
    let mut visitors = Vec::new();
    let mut user = 0;
    loop {
        let skipped = (1.0 - random::uniform(rng)).ln() / stays_away;
        user += 1 + skipped.min(f64::from(u16::MAX)) as u32;
        if user > u32::from(users) {
            return visitors;
        }
        let keenness = 0.6 + 0.8 * (f64::from(user) * 0.618).fract();
        if random::chance(rng, keenness / KEENEST) {
            visitors.push(user as u16);
        }
    }
}

/// Work that goes on without anyone logging in: a service user does it.
fn service_events(account: &Account, day: Day) -> Option<u16> {
    let script = &account.script;
    if script.automated_from.is_some_and(|from| day >= from) {
        return Some(400);
    }
    account.has_service_user.then_some(40)
}

fn add_visit(
    rng: &mut Pcg64,
    rows: &mut Vec<UsageRow>,
    index: u32,
    day: Day,
    user: u16,
    habits: &Habits,
) {
    let first = feature(rng, user, habits);
    let second = random::chance(rng, 0.28)
        .then(|| feature(rng, user, habits))
        .filter(|second| *second != first);
    let mut features = [Some(first), second];
    features.sort_by_key(|feature| feature.map(|feature| FEATURES[feature].name));
    for feature in features.into_iter().flatten() {
        // Whole steps of two keep the files small.
        let events = (habits.events * (0.4 * random::normal(rng)).exp() / 2.0)
            .round()
            .max(0.5)
            * 2.0;
        let minutes = (events * habits.minutes_per_event / 5.0).round().max(0.2) * 5.0;
        rows.push(UsageRow {
            account: index,
            day,
            user,
            feature: feature as u8,
            events: events as u16,
            minutes: minutes as u16,
        });
    }
}

fn feature(rng: &mut Pcg64, user: u16, habits: &Habits) -> usize {
    let draw = random::uniform(rng);
    if draw < habits.core_share {
        return (draw / habits.core_share * habits.core_features as f64) as usize;
    }
    let beyond = (draw - habits.core_share) / (1.0 - habits.core_share);
    let is_advanced = (f64::from(user) * 0.37).fract() < habits.advanced_users + 0.02;
    let advanced = habits.advanced_features;
    if is_advanced && !advanced.is_empty() && beyond < 0.5 {
        return advanced[(beyond * 2.0 * advanced.len() as f64) as usize];
    }
    CORE + (beyond * habits.normal_features as f64) as usize
}

/// Returns one month of `usage/`; `accounts` holds the ids that rows point at.
pub fn frame(rows: &[UsageRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    let names = user_names(rows, accounts);
    Table::over(rows)
        .date("usage_date", |row| Some(row.day))
        .text("account_id", |row| &accounts[row.account as usize])
        .text("user_id", |row| {
            &names[row.account as usize][usize::from(row.user)]
        })
        .text("feature", |row| FEATURES[usize::from(row.feature)].name)
        .whole("events", |row| Some(i32::from(row.events)))
        .whole("minutes", |row| Some(i32::from(row.minutes)))
        .frame()
}

/// Returns the ids of each account's users, made once and not again for every row.
fn user_names(rows: &[UsageRow], accounts: &[String]) -> Vec<Vec<String>> {
    let mut highest: Vec<Option<u16>> = vec![None; accounts.len()];
    for row in rows {
        let most = &mut highest[row.account as usize];
        *most = (*most).max(Some(row.user));
    }
    let names = |(account, most): (&String, Option<u16>)| match most {
        Some(most) => (0..=most)
            .map(|user| users::user_id(account, user))
            .collect(),
        None => Vec::new(),
    };
    accounts.iter().zip(highest).map(names).collect()
}
