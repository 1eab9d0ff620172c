//! The single guard of visibility: what was known by the end of an as-of date, and nothing else.
//!
//! Every decoded row carries the half-open interval of as-of dates on which it was the word of the
//! warehouse. A cell that is filled in later has a moment of its own. Whatever reads rows for a
//! date goes through [`visible`] and [`masked`]; no formula can go around them.

use chrono::NaiveDate;
use polars::prelude::*;

use super::contract::Table;

/// The account a row belongs to, null where its link resolves to nothing.
pub const ACCOUNT: &str = "__account";
/// The number of that account, by which rows and pairs find each other without comparing texts.
pub const CODE: &str = "__code";
/// The account of rows that belong to none and are there for all; no id is empty.
pub const EVERYBODY: &str = "";
/// The part of the account that a row belongs to, where parts are scored by themselves.
pub const PART: &str = "__part";
/// First as-of date on which the row is visible through its link.
pub const FROM: &str = "__from";
/// First as-of date on which it no longer is.
pub const TO: &str = "__to";
/// First as-of date on which the row by itself is known, whatever it hangs on.
pub const OWN_FROM: &str = "__own_from";
/// First as-of date on which the row by itself is no longer the newest word.
pub const OWN_TO: &str = "__own_to";
/// The local date of the event; windows use it.
pub const EVENT: &str = "__event";
/// The moment of the event; it only orders LATEST.
pub const INSTANT: &str = "__instant";
/// The number of the row within its export.
pub const ROW: &str = "__row";
/// The panel's date, as formulas call it.
pub const AS_OF: &str = "as_of";

/// The beginning of time, for rows that were always there.
pub const ALWAYS: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
/// The end of time, for rows that nothing has superseded.
pub const NEVER: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

/// Returns a date as the engine keeps it: days since 1970.
#[must_use]
pub fn day(date: NaiveDate) -> i32 {
    let days = date.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).unwrap_or(i32::MAX)
}

/// Returns whether a row is visible, through its link, at `as_of`.
pub fn visible(as_of: Expr) -> Expr {
    col(FROM).lt_eq(as_of.clone()).and(col(TO).gt(as_of))
}

/// Returns whether a row by itself is known at `as_of`, whatever it hangs on.
pub fn known_by_itself(as_of: Expr) -> Expr {
    col(OWN_FROM)
        .lt_eq(as_of.clone())
        .and(col(OWN_TO).gt(as_of))
}

/// Returns a column as it was known at `as_of`: null where its own moment had not come.
pub fn masked(table: &Table, column: &str, as_of: Expr) -> Expr {
    let cell = col(column);
    match table.known.get(column) {
        None => cell,
        Some(moment) => when(col(moment.as_str()).cast(DataType::Date).lt_eq(as_of))
            .then(cell)
            .otherwise(lit(NULL))
            .alias(column),
    }
}
