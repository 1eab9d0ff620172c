//! The hours in which work is done.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};

use crate::config::{Problems, Source, date_of};
use crate::exports::file::CalendarFile;
use crate::formula::Calendar;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Resolves `[calendar]`; `None` if there is none, or something is wrong with it.
pub(super) fn resolve(
    file: Option<&CalendarFile>,
    source: &Source,
    problems: &mut Problems,
) -> Option<Arc<Calendar>> {
    let file = file?;
    let before = problems.0.len();
    let mut weekdays = [false; 7];
    for name in &file.weekdays {
        match WEEKDAYS.iter().position(|known| known == name.get_ref()) {
            Some(day) => weekdays[day] = true,
            None => problems.push(
                source
                    .problem(name.span(), format!("`{name}` is not a day of the week"))
                    .nearest(name.get_ref(), WEEKDAYS),
            ),
        }
    }
    let hours = file
        .hours
        .get_ref()
        .each_ref()
        .map(|text| NaiveTime::parse_from_str(text, "%H:%M").ok());
    let [Some(opens), Some(closes)] = hours else {
        problems.push(
            source
                .problem(file.hours.span(), "`hours` are two times of day")
                .help("such as `hours = [\"09:00\", \"17:30\"]`"),
        );
        return None;
    };
    if opens >= closes || !weekdays.contains(&true) {
        problems.push(source.problem(
            file.hours.span(),
            "the calendar is never open: it needs a weekday, and an hour to close after the one to open",
        ));
    }
    let mut holidays: Vec<NaiveDate> = Vec::new();
    for day in &file.holidays {
        match date_of(day.get_ref()) {
            Some(date) => holidays.push(date),
            None => problems.push(
                source
                    .problem(day.span(), "a holiday is a date")
                    .help("such as 2026-12-25, without quotes"),
            ),
        }
    }
    (problems.0.len() == before)
        .then(|| Arc::new(Calendar::new(weekdays, opens, closes, &holidays)))
}
