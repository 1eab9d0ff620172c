//! What real exports suffer from, a little of each kind, so that the checks have something to find.

use rand_pcg::Pcg64;
use serde_json::{Value, json};

use crate::sample::random;
use crate::sample::tickets::TicketRow;

/// Ids that no account has.
pub const ORPHANS: [&str; 5] = ["ACC-X001", "ACC-X002", "ACC-X003", "ACC-X004", "ACC-X005"];
const REPEATED: f64 = 0.002;
const ORPHANED: f64 = 0.001;
const REOPENED: usize = 5;

/// How much of each kind was planted.
#[derive(Default)]
pub struct Counts {
    repeated: usize,
    orphaned: usize,
    reopened: usize,
}

impl Counts {
    pub fn as_json(&self) -> Value {
        json!({ "repeated_keys": self.repeated, "orphans": self.orphaned, "reopened_tickets": self.reopened })
    }
}

/// A row that can be copied to an account that does not exist.
pub trait Row: Clone {
    /// Returns the account the row points at, and the row's own id if it has one.
    fn parts(&mut self) -> (&mut u32, Option<&mut String>);
}

/// Repeats a few rows in place, and appends copies of a few that point at no account.
///
/// `accounts` is the number of accounts; orphans take the numbers after it.
pub fn soil<T: Row>(
    rng: &mut Pcg64,
    rows: impl IntoIterator<Item = T>,
    accounts: u32,
    counts: &mut Counts,
) -> Vec<T> {
    let mut soiled = Vec::new();
    let mut orphans = Vec::new();
    for row in rows {
        let draw = random::uniform(rng);
        if draw < ORPHANED {
            let mut orphan = row.clone();
            let (account, id) = orphan.parts();
            *account = accounts + orphans.len() as u32 % ORPHANS.len() as u32;
            if let Some(id) = id {
                id.push_str("-X");
            }
            orphans.push(orphan);
        } else if draw < ORPHANED + REPEATED {
            soiled.push(row.clone());
            counts.repeated += 1;
        }
        soiled.push(row);
    }
    counts.orphaned += orphans.len();
    soiled.extend(orphans);
    soiled
}

/// Opens a few closed tickets again: the same key with an earlier end and a later one.
pub fn reopen(rows: &mut Vec<TicketRow>, counts: &mut Counts) {
    let places: Vec<usize> = (1..=REOPENED)
        .map(|part| part * rows.len() / (REOPENED + 1))
        .collect();
    // From the back, so that the places still to come stay where they are.
    for place in places.into_iter().rev() {
        let Some(found) = (place..rows.len()).find(|index| rows[*index].closed.is_some()) else {
            continue;
        };
        let again = rows[found].reopened();
        rows.insert(found + 1, again);
        counts.reopened += 1;
    }
}
