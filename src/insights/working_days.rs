//! Working days: Monday to Friday, without the holidays of the job.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};

/// Which days are worked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Days off besides Saturdays and Sundays.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Calendar {
    /// Returns whether a day is worked.
    #[must_use]
    pub fn is_working(&self, date: NaiveDate) -> bool {
        !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !self.holidays.contains(&date)
    }

    /// Returns the `days`-th working day after a date; the date itself does not count.
    #[must_use]
    pub fn after(&self, date: NaiveDate, days: u32) -> NaiveDate {
        let mut working = date.iter_days().skip(1).filter(|day| self.is_working(*day));
        match days.checked_sub(1) {
            Some(ahead) => working.nth(ahead as usize).unwrap_or(NaiveDate::MAX),
            None => date,
        }
    }

    /// Returns the last working day before a date.
    #[must_use]
    pub fn before(&self, date: NaiveDate) -> NaiveDate {
        let earlier = std::iter::successors(date.pred_opt(), |day| day.pred_opt());
        let mut working = earlier.filter(|day| self.is_working(*day));
        working.next().unwrap_or(NaiveDate::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_and_holidays_are_not_worked() {
        let calendar = Calendar {
            // A Friday and the Monday after it.
            holidays: [date("2026-12-25"), date("2026-12-28")].into(),
        };
        // From Wednesday: Thursday, then Tuesday.
        assert_eq!(calendar.after(date("2026-12-23"), 1), date("2026-12-24"));
        assert_eq!(calendar.after(date("2026-12-23"), 2), date("2026-12-29"));
        // From a Saturday the first working day is Monday.
        assert_eq!(calendar.after(date("2026-11-28"), 1), date("2026-11-30"));
        assert_eq!(calendar.after(date("2026-11-27"), 5), date("2026-12-04"));
        assert_eq!(calendar.after(date("2026-11-27"), 0), date("2026-11-27"));
        assert_eq!(calendar.before(date("2026-12-29")), date("2026-12-24"));
        assert_eq!(calendar.before(date("2026-12-01")), date("2026-11-30"));
    }
}
