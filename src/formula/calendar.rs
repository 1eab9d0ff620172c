//! Working hours: how long the desk was open between two moments.

use chrono::{NaiveDate, NaiveTime, Timelike};

const MICROSECONDS_PER_HOUR: i64 = 3_600_000_000;
const MICROSECONDS_PER_DAY: i64 = 24 * MICROSECONDS_PER_HOUR;
/// Days from the Monday of its week to 1 January 1970, a Thursday.
const EPOCH_WEEKDAY: i64 = 3;

/// When work is done: on which days of the week, between which hours, and on which days not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// From Monday on.
    weekdays: [bool; 7],
    /// Microseconds after midnight.
    opens: i64,
    /// Microseconds after midnight.
    closes: i64,
    /// Days since 1970 that would be working days otherwise, rising, each once.
    holidays: Vec<i64>,
}

impl Calendar {
    /// Returns the calendar of those weekdays (from Monday on), hours and holidays.
    #[must_use]
    pub fn new(
        weekdays: [bool; 7],
        opens: NaiveTime,
        closes: NaiveTime,
        holidays: &[NaiveDate],
    ) -> Self {
        let of_day = |time: NaiveTime| i64::from(time.num_seconds_from_midnight()) * 1_000_000;
        let mut holidays: Vec<i64> = holidays
            .iter()
            .map(|date| date.signed_duration_since(NaiveDate::default()).num_days())
            .filter(|day| weekdays[weekday(*day)])
            .collect();
        holidays.sort_unstable();
        holidays.dedup();
        Self {
            weekdays,
            opens: of_day(opens),
            closes: of_day(closes),
            holidays,
        }
    }

    /// Returns the working hours from one moment to another, negative where `to` is the earlier.
    ///
    /// Both are microseconds since 1970 on the wall clock of the desk. A day on which clocks are
    /// moved counts as any other.
    #[must_use]
    pub fn hours_between(&self, from: i64, to: i64) -> f64 {
        (self.open_until(to) - self.open_until(from)) as f64 / MICROSECONDS_PER_HOUR as f64
    }

    /// Returns for how long the desk has been open, counted from a moment before 1970 or after it
    /// alike; only differences mean something.
    fn open_until(&self, moment: i64) -> i64 {
        let (day, time) = (
            moment.div_euclid(MICROSECONDS_PER_DAY),
            moment.rem_euclid(MICROSECONDS_PER_DAY),
        );
        let a_day = self.closes - self.opens;
        let today = if self.works_on(day) {
            (time - self.opens).clamp(0, a_day)
        } else {
            0
        };
        self.working_days_before(day) * a_day + today
    }

    fn works_on(&self, day: i64) -> bool {
        self.weekdays[weekday(day)] && self.holidays.binary_search(&day).is_err()
    }

    fn working_days_before(&self, day: i64) -> i64 {
        let count = |days: &[bool]| days.iter().filter(|works| **works).count() as i64;
        let weeks = (day + EPOCH_WEEKDAY).div_euclid(7);
        let holidays = self.holidays.partition_point(|holiday| *holiday < day) as i64;
        weeks * count(&self.weekdays) + count(&self.weekdays[..weekday(day)]) - holidays
    }
}

/// Returns the day of the week, 0 for Monday, of a day counted from 1970.
fn weekday(day: i64) -> usize {
    usize::try_from((day + EPOCH_WEEKDAY).rem_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i64 {
        let moment: chrono::NaiveDateTime = text.parse().unwrap();
        moment.and_utc().timestamp_micros()
    }

    #[test]
    fn working_hours_leave_out_nights_weekends_and_holidays() {
        let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let weekdays = [true, true, true, true, true, false, false];
        // 2026-01-26 is a Monday; its Wednesday is off, and so is a Sunday, which changes nothing.
        let off = ["2026-01-28", "2026-02-01"].map(|day| day.parse().unwrap());
        let calendar = Calendar::new(weekdays, time(9), time(17), &off);
        let cases = [
            ("2026-01-26T10:00:00", "2026-01-26T12:30:00", 2.5),
            ("2026-01-26T06:00:00", "2026-01-26T23:00:00", 8.0),
            ("2026-01-26T16:00:00", "2026-01-27T10:00:00", 2.0),
            ("2026-01-27T09:00:00", "2026-01-29T09:00:00", 8.0),
            ("2026-01-30T16:00:00", "2026-02-02T10:00:00", 2.0),
            ("2026-01-31T10:00:00", "2026-02-01T18:00:00", 0.0),
            ("2026-01-19T09:00:00", "2026-02-02T09:00:00", 72.0),
            ("2026-01-26T12:00:00", "2026-01-26T10:00:00", -2.0),
            // 1969-12-31 is a Wednesday.
            ("1969-12-31T16:00:00", "1970-01-01T10:00:00", 2.0),
        ];
        for (from, to, hours) in cases {
            assert_eq!(
                calendar.hours_between(micros(from), micros(to)),
                hours,
                "{from} to {to}"
            );
        }
    }
}
