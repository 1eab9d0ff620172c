//! Words that every stage shares.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, NaiveDate};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Serialize, Serializer};

/// The date a score speaks about: what was known by the end of that day counts, nothing later.
pub type AsOf = NaiveDate;

/// A whole number of days, written `28d` in every file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayCount(pub u32);

impl DayCount {
    /// Returns the date this many days before `date`.
    #[must_use]
    pub fn before(self, date: NaiveDate) -> NaiveDate {
        date.checked_sub_days(Days::new(u64::from(self.0)))
            .unwrap_or(NaiveDate::MIN)
    }
}

impl fmt::Display for DayCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

impl FromStr for DayCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_suffix('d')
            .and_then(|digits| digits.parse().ok())
            .filter(|days| *days <= 36_500)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a number of days, expected one such as `28d`"))
    }
}

impl<'de> Deserialize<'de> for DayCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Days;
        impl de::Visitor<'_> for Days {
            type Value = DayCount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of days such as \"28d\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<DayCount, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Days)
    }
}

impl Serialize for DayCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for DayCount {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DayCount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]+d$", "examples": ["28d"] })
    }
}

/// A calendar period that a report speaks about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From Monday on.
    Week,
    /// A calendar month.
    #[default]
    Month,
    /// A calendar quarter.
    Quarter,
}

impl Period {
    /// Returns the last day of the period before the one that `date` lies in.
    #[must_use]
    pub fn end_before(self, date: NaiveDate) -> NaiveDate {
        let first = match self {
            Self::Week => DayCount(date.weekday().num_days_from_monday()).before(date),
            Self::Month => DayCount(date.day0()).before(date),
            Self::Quarter => {
                let month = date.month0() / 3 * 3 + 1;
                NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap_or(date)
            }
        };
        DayCount(1).before(first)
    }
}

/// What a score is compared with; its name is the end of the columns that hold the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparator {
    /// So many days back: `30d`.
    Days(DayCount),
    /// The same date a year ago: `1y`.
    YearAgo,
    /// The last day of the calendar period before: `prior_period`.
    PriorPeriod,
    /// The newest published run of the job before the date: `last_scorecard`.
    LastScorecard,
}

impl Comparator {
    /// Returns the comparator in words, to stand behind "against" and "since".
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Days(days) => format!("{} days ago", days.0),
            Self::YearAgo => "a year ago".to_owned(),
            Self::PriorPeriod => "the end of the prior period".to_owned(),
            Self::LastScorecard => "the last published scorecard".to_owned(),
        }
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => days.fmt(f),
            Self::YearAgo => f.write_str("1y"),
            Self::PriorPeriod => f.write_str("prior_period"),
            Self::LastScorecard => f.write_str("last_scorecard"),
        }
    }
}

impl FromStr for Comparator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1y" => Ok(Self::YearAgo),
            "prior_period" => Ok(Self::PriorPeriod),
            "last_scorecard" => Ok(Self::LastScorecard),
            _ => text.parse().map(Self::Days).map_err(|_| {
                format!("`{text}` is nothing to compare with, expected a number of days such as `30d`, `1y`, `prior_period` or `last_scorecard`")
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Comparator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl JsonSchema for Comparator {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Comparator".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+d|1y|prior_period|last_scorecard)$",
            "examples": ["30d", "1y", "prior_period", "last_scorecard"],
        })
    }
}

/// Returns the same date a year earlier; of 29 February the day before.
#[must_use]
pub fn year_before(date: NaiveDate) -> NaiveDate {
    date.checked_sub_months(chrono::Months::new(12))
        .unwrap_or(NaiveDate::MIN)
}

/// The days a measure looks at, counted back from the as-of date.
///
/// `days` = 28 and `offset` = 0 is `as_of − 27 … as_of`, both included. Without `days` every
/// visible row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Length in days; `None` reaches back to the first visible row.
    pub days: Option<DayCount>,
    /// Days between the as-of date and the last day of the window.
    pub offset: DayCount,
}

impl Window {
    /// Returns how many days before the as-of date the window begins, or `None` if it has no begin.
    #[must_use]
    pub fn reach(self) -> Option<u32> {
        self.days
            .map(|days| (days.0 + self.offset.0).saturating_sub(1))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.days, self.offset.0) {
            (None, 0) => write!(f, "all time"),
            (None, _) => write!(f, "all time until {} before", self.offset),
            (Some(days), 0) => write!(f, "the last {} days", days.0),
            (Some(days), _) => write!(f, "{} days ending {} days before", days.0, self.offset.0),
        }
    }
}

/// Which way a value is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

impl fmt::Display for Better {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        })
    }
}

/// Whether a measure foretells what will happen or tells what has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// It moves before the outcome does.
    Leading,
    /// It moves with the outcome or after it.
    Lagging,
}

/// Stands between an account and its part in the id of a unit that is scored by itself; people see
/// a slash.
pub const PART_SEPARATOR: char = '\u{1f}';

/// Makes outside text safe to show on one line of a terminal, a page or a file name.
///
/// Control characters (escape sequences, line breaks, marks that change the direction of writing)
/// become visible stand-ins; everything else stays as it is.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
                '\u{fffd}'
            }
            '\u{2028}' | '\u{2029}' => '\u{fffd}',
            PART_SEPARATOR => '/',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_period_ends_before_the_one_of_the_date() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        let ends = |of: &str| {
            [Period::Week, Period::Month, Period::Quarter]
                .map(|period| period.end_before(date(of)).to_string())
        };
        assert_eq!(
            ends("2026-10-31"),
            ["2026-10-25", "2026-09-30", "2026-09-30"]
        );
        assert_eq!(
            ends("2026-01-01"),
            ["2025-12-28", "2025-12-31", "2025-12-31"]
        );
        assert_eq!(year_before(date("2024-02-29")), date("2023-02-28"));
    }

    #[test]
    fn a_window_includes_both_of_its_ends() {
        let window = Window {
            days: Some(DayCount(28)),
            offset: DayCount(0),
        };
        assert_eq!(window.reach(), Some(27));
        let before = Window {
            days: Some(DayCount(28)),
            offset: DayCount(28),
        };
        assert_eq!(before.reach(), Some(55));
    }

    #[test]
    fn control_characters_of_outside_text_are_replaced() {
        assert_eq!(one_line("a\u{1b}[31mb\nc"), "a\u{fffd}[31mb\u{fffd}c");
    }
}
