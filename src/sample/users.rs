//! The people with access at each customer, in agreement with who shows up in usage.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::people::{DEPARTMENTS, Department};
use crate::sample::portfolio::Account;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, days, office_hours};

/// The number that service users have in every account.
pub const SERVICE: u16 = 0;
/// Users who have not shown up for so long may have been removed.
const QUIET_DAYS: Day = 120;
const ADMIN_EVERY: u16 = 25;

/// The first and the last day on which a user did anything.
#[derive(Clone, Copy)]
pub struct Seen {
    pub first: Day,
    pub last: Day,
}

pub struct UserRow {
    id: String,
    account: u32,
    job_role: &'static str,
    department: &'static str,
    is_admin: bool,
    is_service: bool,
    invited: Instant,
    activated: Option<Instant>,
    deactivated: Option<Instant>,
}

/// Returns a user's id from the account's.
pub fn user_id(account: &str, user: u16) -> String {
    format!("U{}-{user:03}", account.trim_start_matches("ACC"))
}

/// Returns the account's users; `seen` says by number who ever did anything.
pub fn rows(scene: &Scene, seen: &[Option<Seen>]) -> Vec<UserRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Users);
    let most_seats = scene.life.terms.iter().map(|term| term.all_seats()).max();
    let seats = most_seats.unwrap_or(account.seats).max(1) as u16;
    // A few seats are always kept free.
    let invited = (f64::from(seats) * random::between(&mut rng, 0.88, 1.0)).round() as u16;
    let highest = seen.len().saturating_sub(1) as u16;
    let left = scene.life.left_for_good(scene.timeline);
    let mut rows = Vec::new();
    for number in SERVICE..=invited.max(highest) {
        let seen = seen.get(usize::from(number)).copied().flatten();
        if number != SERVICE || seen.is_some() {
            let departments = u16::min(DEPARTMENTS.len() as u16, 2 + seats / 14);
            let department = department(account, number, seats, departments);
            rows.push(user(&mut rng, scene, number, department, seen, left));
        }
    }
    rows.retain(|row| scene.timeline.known(row.invited).is_some());
    rows
}

/// Departments come on board one after another: where few seats are taken up, few departments are.
fn department(account: &Account, number: u16, seats: u16, departments: u16) -> &'static Department {
    let block = (u32::from(number) * u32::from(departments) / u32::from(seats + 1)) as u16;
    let turn = (block + account.number as u16 % 3) % departments;
    &DEPARTMENTS[usize::from(turn)]
}

fn user(
    rng: &mut Pcg64,
    scene: &Scene,
    number: u16,
    department: &Department,
    seen: Option<Seen>,
    left: Option<Day>,
) -> UserRow {
    let (account, timeline) = (scene.account, scene.timeline);
    let is_service = number == SERVICE;
    let ramp = Day::from(number) * 7 % 55 + 2;
    let is_old = account.joined + 60 < timeline.first;
    let activation = seen.map(|seen| {
        let was_there_before = is_old && seen.first < timeline.first + 60;
        if was_there_before {
            account.joined + ramp
        } else {
            seen.first
        }
    });
    let wait = random::whole(rng, 0, 14);
    let invitation = activation.unwrap_or(account.joined + ramp) - wait;
    let invited = office_hours(rng, invitation.max(account.joined - 5));
    // Early in the day, before anything they did on it.
    let activated = activation.map(|day| office_hours(rng, day) - days(0.2));
    let is_removed = random::chance(rng, 0.6);
    let removal = random::whole(rng, 30, 90);
    let quiet_since = seen
        .map(|seen| seen.last)
        .filter(|last| *last < timeline.last - QUIET_DAYS);
    let removed = left.or(quiet_since
        .filter(|_| is_removed)
        .map(|last| last + removal));
    let deactivated = removed.map(|day| office_hours(rng, day.max(invitation)) + days(0.4));
    let seniority = if number % 12 == 1 {
        0
    } else {
        1 + usize::from(!number.is_multiple_of(3))
    };
    UserRow {
        id: user_id(&account.id, number),
        account: scene.index,
        job_role: if is_service {
            "Service account"
        } else {
            department.roles[seniority]
        },
        department: if is_service { "IT" } else { department.name },
        is_admin: number % ADMIN_EVERY == 1,
        is_service,
        invited: activated.map_or(invited, |at| at.min(invited)),
        activated,
        deactivated: deactivated.and_then(|at| timeline.known(at)),
    }
}

/// Returns `users.parquet`.
pub fn frame(rows: &[UserRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("user_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("job_role", |row| row.job_role)
        .text("department", |row| row.department)
        .flag("is_admin", |row| row.is_admin)
        .flag("is_service", |row| row.is_service)
        .instant("invited_at", |row| Some(row.invited))
        .instant("activated_at", |row| row.activated)
        .instant("deactivated_at", |row| row.deactivated)
        .frame()
}
