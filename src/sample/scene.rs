//! What the behaviour of one account is drawn from.

use rand_pcg::Pcg64;

use crate::sample::contracts::Life;
use crate::sample::health::Levels;
use crate::sample::portfolio::{Account, Kind};
use crate::sample::random::{Purpose, stream};
use crate::sample::timeline::{Day, Timeline};

/// One account, its life and its place in the sample.
pub struct Scene<'a> {
    /// The account's place among all accounts, by which rows point at it.
    pub index: u32,
    pub account: &'a Account,
    pub life: &'a Life,
    pub timeline: &'a Timeline,
    pub seed: u64,
}

/// A month as one account meets it; `next` is the first day of the month after.
pub struct Month {
    pub number: u32,
    pub first: Day,
    pub next: Day,
    pub levels: Levels,
}

impl Scene<'_> {
    /// Returns the account's own draws for a purpose.
    pub fn draws(&self, purpose: Purpose) -> Pcg64 {
        stream(self.seed, self.account.number, purpose)
    }

    pub fn is_customer(&self) -> bool {
        self.account.kind == Kind::Customer
    }

    /// Returns true on covered days on which a term is running.
    pub fn is_active_on(&self, day: Day) -> bool {
        day <= self.timeline.last && self.life.seats_on(day).is_some()
    }

    /// Returns the level of one category on a day.
    pub fn level(&self, category: usize, day: Day) -> f64 {
        self.account.health.on(self.timeline, day)[category]
    }

    /// Returns the months covered, one after the other.
    pub fn months(&self) -> impl Iterator<Item = Month> {
        (0..self.timeline.months).map(|number| Month {
            number,
            first: self.timeline.month_start(number),
            next: self.timeline.month_start(number + 1),
            levels: self.account.health.in_month(number as i32),
        })
    }
}
