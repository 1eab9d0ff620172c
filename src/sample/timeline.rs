//! Days, instants and months. Days count from 1970-01-01, instants are microseconds from the same moment.

use chrono::{Datelike, Months, NaiveDate};
use rand_pcg::Pcg64;

use crate::sample::random;

pub type Day = i32;
pub type Instant = i64;

const SECONDS_PER_DAY: i64 = 86_400;

/// The months that the exports cover, whole from the first, up to the last day covered.
#[derive(Clone, Copy)]
pub struct Timeline {
    pub first: Day,
    pub last: Day,
    pub months: u32,
    first_date: NaiveDate,
}

impl Timeline {
    /// Returns the given number of months ending with the month of the last day.
    pub fn new(end: NaiveDate, months: u32) -> Timeline {
        let months = months.max(1);
        let end_month = end.with_day(1).unwrap_or(end);
        let first_date = end_month
            .checked_sub_months(Months::new(months - 1))
            .unwrap_or(end_month);
        Timeline {
            first: day_of(first_date),
            last: day_of(end),
            months,
            first_date,
        }
    }

    /// Returns the month's number, 0 for the first one covered and negative before it.
    pub fn month_of(&self, day: Day) -> i32 {
        let date = date_of(day);
        (date.year() - self.first_date.year()) * 12 + date.month0() as i32
            - self.first_date.month0() as i32
    }

    /// Returns the first day of a month by its number.
    pub fn month_start(&self, month: u32) -> Day {
        day_of(self.first_date + Months::new(month))
    }

    /// Returns the month's name as used in folder names, e.g. `2026-01`.
    pub fn month_name(&self, month: u32) -> String {
        (self.first_date + Months::new(month))
            .format("%Y-%m")
            .to_string()
    }

    /// Returns the first day of a month and of the one after, by its number.
    pub fn month_bounds(&self, month: u32) -> (Day, Day) {
        (self.month_start(month), self.month_start(month + 1))
    }

    /// Returns the day if it has come by the last one covered.
    pub fn passed(&self, day: Day) -> Option<Day> {
        (day <= self.last).then_some(day)
    }

    /// Returns the instant if it is known by the end of the last day.
    pub fn known(&self, at: Instant) -> Option<Instant> {
        (at < instant(self.last + 1, 0)).then_some(at)
    }
}

/// Returns the day of a calendar date.
pub fn day_of(date: NaiveDate) -> Day {
    date.to_epoch_days()
}

/// Returns the calendar date of a day; days outside the calendar do not occur in a sample.
pub fn date_of(day: Day) -> NaiveDate {
    NaiveDate::from_epoch_days(day).unwrap_or(NaiveDate::MAX)
}

/// Returns the same day of the month so many months later.
pub fn add_months(day: Day, months: u32) -> Day {
    day_of(date_of(day) + Months::new(months))
}

/// Returns the same day of the month so many months earlier.
pub fn months_before(day: Day, months: u32) -> Day {
    day_of(date_of(day) - Months::new(months))
}

/// Returns the instant so many seconds into the day.
pub fn instant(day: Day, second: i64) -> Instant {
    (i64::from(day) * SECONDS_PER_DAY + second) * 1_000_000
}

/// Returns a length of time, in whole minutes.
pub fn days(count: f64) -> Instant {
    (count * 1_440.0) as i64 * 60_000_000
}

/// Returns an instant within office hours of the day.
pub fn office_hours(rng: &mut Pcg64, day: Day) -> Instant {
    instant(day, i64::from(random::whole(rng, 8 * 60, 18 * 60)) * 60)
}

/// Returns the day on which an instant falls.
pub fn day_at(at: Instant) -> Day {
    at.div_euclid(SECONDS_PER_DAY * 1_000_000) as Day
}
