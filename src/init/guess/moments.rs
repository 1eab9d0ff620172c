//! When a row happened, what becomes known later, and how new and how whole a feed is.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::paths::{Root, looks_like_id};
use super::{Guess, Path, Sure, Table, Why, name_column, percent, why};
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, Seen, SeenColumn, Shape};
use crate::exports::parquet_files::Stored;
use crate::init::words::{self, has};

pub(super) fn time(seen: &Seen) -> Option<(String, Why)> {
    let mut best: Option<((i64, bool), &SeenColumn)> = None;
    for column in &seen.columns {
        if !column.is_moment() || column.nulls > 0.05 {
            continue;
        }
        let plain = words::plain(&column.name);
        let place = words::TIME_WORDS.iter().position(|word| *word == plain);
        let end = words::TIME_WORDS
            .iter()
            .position(|word| plain.ends_with(&format!("_{word}")));
        let rank = match (place, end) {
            (Some(place), _) => 200 - place as i64,
            (None, Some(_)) if has(&column.name, words::LATER_WORDS) => -10,
            (None, Some(place)) => 120 - place as i64,
            (None, None) if has(&column.name, words::LATER_WORDS) => -10,
            (None, None) => 20,
        };
        let this = (rank, column.nulls == 0.0);
        if best.as_ref().is_none_or(|(known, _)| this > *known) {
            best = Some((this, column));
        }
    }
    let ((rank, _), column) = best?;
    let days = column
        .days
        .map_or_else(String::new, |[first, last]| format!(", {first} to {last}"));
    let (sure, reason) = match rank {
        100.. => (
            Sure::High,
            format!("the name says when a row began, and every row has it{days}"),
        ),
        0.. => (Sure::Medium, format!("the likeliest of its dates{days}")),
        _ => (
            Sure::Low,
            format!("TODO: the only date, but its name speaks of something later{days}"),
        ),
    };
    Some((column.name.clone(), why(sure, reason)))
}

/// Returns how a column becomes a date or an id, where it is sent as something else.
pub(super) fn made_of(column: &SeenColumn) -> Option<(Formula, Why)> {
    match column.shape {
        Shape::TextMoment => Some((
            Box::new(|raw| format!("CAST({raw} AS DATE)")),
            why(Sure::High, "sent as text such as 2026-01-31"),
        )),
        Shape::Epoch(ticks) => {
            let a_day = 86_400 * i128::from(ticks);
            let unit = match ticks {
                1 => "seconds",
                1_000 => "milliseconds",
                1_000_000 => "microseconds",
                _ => "nanoseconds",
            };
            Some((
                Box::new(move |raw| {
                    format!("DATEADD('day', CAST({raw} / {a_day} AS BIGINT), DATE '1970-01-01')")
                }),
                why(Sure::High, format!("sent as {unit} since 1970")),
            ))
        }
        Shape::DayNumber => Some((
            Box::new(|raw| {
                let two = |x: &str| {
                    format!(
                        "CASE WHEN {x} < 10 THEN CONCAT('0', CAST({x} AS VARCHAR)) ELSE CAST({x} AS VARCHAR) END"
                    )
                };
                let year = format!("CAST({raw} / 10000 AS BIGINT)");
                let months = format!("CAST({raw} / 100 AS BIGINT)");
                let month = format!("({months} - 100 * {year})");
                let day = format!("(CAST({raw} AS BIGINT) - 100 * {months})");
                format!(
                    "CAST(CONCAT(CAST({year} AS VARCHAR), '-', {}, '-', {}) AS DATE)",
                    two(&month),
                    two(&day)
                )
            }),
            why(Sure::High, "sent as a number such as 20260131"),
        )),
        Shape::Whole if column.stored == Stored::Float && looks_like_id(&column.name) => Some((
            Box::new(|raw| format!("CAST(CAST({raw} AS BIGINT) AS VARCHAR)")),
            why(
                Sure::High,
                "ids sent as numbers with decimals, as happens where some are missing",
            ),
        )),
        _ => None,
    }
}

type Formula = Box<dyn Fn(&str) -> String>;

pub(super) fn history(table: &mut Table, seen: &Seen) {
    let find = |names: &[&str]| {
        seen.columns
            .iter()
            .find(|column| {
                column.is_moment() && names.contains(&words::plain(&column.name).as_str())
            })
            .map(|column| column.name.clone())
    };
    if seen.is_dump {
        table.notes.push("each folder is a dump of everything on its day; the newest not after the as-of date is read".to_owned());
        return;
    }
    if let Some(from) = find(&["valid_from", "dbt_valid_from", "effective_from"]) {
        let ours = name_column(table, seen, &from, "valid_from");
        table.history.push((
            "valid_from",
            ours.clone(),
            why(Sure::High, "versions of a row"),
        ));
        if let Some(to) = find(&["valid_to", "dbt_valid_to", "effective_to"]) {
            let ours = name_column(table, seen, &to, "valid_to");
            table.history.push((
                "valid_to",
                ours,
                why(Sure::High, "the day a version no longer held"),
            ));
        }
        // Versions date themselves.
        table.time = None;
    }
}

pub(super) fn ends_when_it_is_over(column: &SeenColumn, seen: &Seen) -> bool {
    let last = seen
        .columns
        .iter()
        .filter(|other| other.name != column.name && !has(&other.name, words::LATER_WORDS))
        .filter_map(|other| other.days.map(|days| days[1]))
        .max();
    let lies_ahead = match (column.days, last) {
        (Some([_, end]), Some(last)) => end > last.checked_add_days(Days::new(31)).unwrap_or(last),
        _ => false,
    };
    // An agreed end is written down for nearly every contract.
    column.nulls > 0.3 || column.nulls > 0.05 && !lies_ahead
}

/// Finds what is filled in or overwritten after the row began, and what tells the answer.
pub(super) fn later(table: &mut Table, folder: &Folder, is_root: bool) {
    let seen = &folder.tables[table.seen];
    let mut fixed: Vec<String> = table.key.0.clone();
    fixed.extend(table.time.iter().map(|(time, _)| time.clone()));
    fixed.extend(table.history.iter().map(|(_, column, _)| column.clone()));
    if let Path::Account(ours) | Path::Via(ours, _) = &table.path.0 {
        fixed.push(ours.clone());
    }
    let mut moments: Vec<(String, String)> = Vec::new();
    if table.time.is_some() || !table.history.is_empty() {
        for column in seen.columns.iter().filter(|column| column.is_moment()) {
            let ours = table
                .ours
                .get(&column.name)
                .cloned()
                .unwrap_or_else(|| words::safe(&column.name));
            let agreed = table.role == Some("contracts")
                && ["end_date", "renewal_date", "start_date"].contains(&ours.as_str());
            if fixed.contains(&ours) || agreed {
                continue;
            }
            let is_filled = has(&column.name, words::FILLED_WORDS);
            if is_filled
                && !has(
                    &column.name,
                    &["due", "target", "planned", "expire", "renewal"],
                )
            {
                let ours = name_column(table, seen, &column.name, &ours);
                let sure = if column.nulls > 0.0 {
                    Sure::High
                } else {
                    Sure::Medium
                };
                let reason = format!(
                    "empty in {} of the rows, and its name says that it comes later",
                    percent_of(column.nulls)
                );
                table
                    .known
                    .insert(ours.clone(), (ours.clone(), why(sure, reason)));
                moments.push((column.name.clone(), ours));
            }
        }
    }
    // A contract that was ended without a moment of its own is known on the day it ended.
    if table.role == Some("contracts")
        && moments.iter().any(|(_, ours)| ours == "cancelled_at")
        && table.known.contains_key("ended_date")
    {
        let reason = why(Sure::High, "the notice comes before the end");
        table
            .known
            .insert("ended_date".to_owned(), ("cancelled_at".to_owned(), reason));
    }
    for column in &seen.columns {
        let ours = table.ours.get(&column.name).cloned();
        if ours
            .as_ref()
            .is_some_and(|ours| fixed.contains(ours) || table.known.contains_key(ours))
        {
            continue;
        }
        // What came of a talk or a deal is part of the shipped tables, and known once it was closed.
        let of_a_talk = matches!(table.role, Some("interactions" | "opportunities"))
            && words::plain(&column.name) == "outcome";
        let leaks = has(&column.name, words::LEAK_WORDS) && !of_a_talk
            || column.values.iter().any(|value| {
                let words = words::words(value);
                words.len() == 1
                    && ["churned", "attrited", "exited", "churn"].contains(&words[0].as_str())
            });
        // Cells that are empty exactly where a moment is empty came with it.
        let mate = moments.iter().find(|(theirs, _)| {
            column.nulls > 0.01
                && column.nulls < 0.99
                && !column.is_moment()
                && seen.missing_together(theirs, &column.name) >= 0.98
        });
        let shipped_mate = match (table.role, ours.as_deref()) {
            (Some("tickets"), Some("csat")) if table.known.contains_key("csat_rated_at") => {
                Some("csat_rated_at")
            }
            (Some("tickets"), Some("csat")) if table.known.contains_key("solved_at") => {
                Some("solved_at")
            }
            _ => None,
        };
        let resolved = words::plain(&column.name).starts_with("resolution");
        let named_mate = resolved
            .then(|| {
                moments
                    .iter()
                    .find(|(_, ours)| ["solved_at", "closed_at"].contains(&ours.as_str()))
            })
            .flatten();
        if leaks {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            let of_moment = moments.first().filter(|_| table.role == Some("contracts"));
            if column.is_moment() {
                table.known.insert(
                    ours.clone(),
                    (
                        ours.clone(),
                        why(Sure::Medium, "the day on which it was known"),
                    ),
                );
            } else if let Some((_, moment)) = of_moment {
                table.known.insert(
                    ours.clone(),
                    (moment.clone(), why(Sure::Low, "it tells how the row ended")),
                );
            } else if !table.is_answer(folder) {
                table.current.push(ours.clone());
            }
            table.leaks.push(ours);
        } else if let Some(moment) = shipped_mate {
            let raw = table
                .columns
                .keys()
                .find(|name| *name == "csat_as_sent")
                .cloned();
            let cell = raw.unwrap_or_else(|| "csat".to_owned());
            table.known.insert(
                cell,
                (
                    moment.to_owned(),
                    why(Sure::Medium, "a rating comes when the work is done"),
                ),
            );
        } else if let Some((_, moment)) = mate.or(named_mate) {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            let cell = if table.derive.contains_key(&ours) {
                format!("{ours}_as_sent")
            } else {
                ours
            };
            let (sure, reason) = if mate.is_some() {
                (Sure::High, "empty wherever that moment is")
            } else {
                (Sure::Medium, "its name speaks of what is known then")
            };
            table
                .known
                .insert(cell, (moment.clone(), why(sure, reason)));
        } else if has(&column.name, words::OVERWRITTEN_WORDS) && !column.is_moment() && !is_root {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            if !table.derive.contains_key(&ours) {
                table.current.push(ours);
            }
        } else if is_root && !column.is_moment() {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            if !table.derive.contains_key(&ours) && !has(&column.name, &["name", "username"]) {
                table.current.push(ours);
            }
        }
    }
}

/// Returns whether a text holds days without a time of day.
pub(super) fn is_day_text(column: &SeenColumn) -> bool {
    column.shape == Shape::TextMoment
        && column.values.iter().all(|value| value.len() == 10)
        && !column.values.is_empty()
}

fn percent_of(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

pub(super) fn freshness(guess: &mut Guess, folder: &Folder, today: NaiveDate) {
    let last = |table: &Table| -> Option<NaiveDate> {
        let [_, last] = table.days?;
        let looks_back = table.time.is_some()
            && table.path.0 != Path::Reference
            && table.name != ACCOUNTS
            && !table.is_answer(folder);
        // What lies ahead was planned, and does not say how far the rows reach.
        (looks_back && last <= today).then_some(last)
    };
    guess.end = guess.tables.iter().filter_map(last).max().or_else(|| {
        guess
            .tables
            .iter()
            .filter_map(|table| table.days)
            .map(|days| days[1].min(today))
            .max()
    });
    let Some(end) = guess.end else { return };
    for table in &mut guess.tables {
        let Some(mine) = last(table) else { continue };
        let Some([first, _]) = table.days else {
            continue;
        };
        let span = mine.signed_duration_since(first).num_days().max(1) as f64;
        let a_day = folder.tables[table.seen].rows as f64 / span;
        let behind = end.signed_duration_since(mine).num_days();
        if a_day >= 1.0 && behind <= 5 {
            table.fresh_within = Some((
                7,
                why(
                    Sure::Medium,
                    format!("{a_day:.0} rows a day, the newest of {mine}"),
                ),
            ));
        } else if behind <= 31 {
            table.notes.push(format!("TODO: its newest row is of {mine}; say `fresh_within` once you know how often it comes"));
        } else {
            table.notes.push(format!("TODO: its newest row is of {mine}, {behind} days before the others end; is it still delivered?"));
        }
    }
}

/// Says whether silence in a feed means zero, by how many accounts it names.
pub(super) fn coverage(guess: &mut Guess, folder: &Folder, root: &Root) {
    let accounts = root
        .table
        .map(|n| folder.tables[n].rows)
        .unwrap_or_default()
        .max(1) as f64;
    let names: BTreeMap<String, u64> = guess
        .tables
        .iter()
        .map(|table| (table.name.clone(), folder.tables[table.seen].rows))
        .collect();
    for table in &mut guess.tables {
        if table.name == ACCOUNTS || table.path.0 == Path::Reference {
            continue;
        }
        let (column, all) = match &table.path.0 {
            Path::Account(column) => (column, accounts),
            Path::Via(column, to) => (column, names.get(to).copied().unwrap_or(1).max(1) as f64),
            Path::Reference => continue,
        };
        let theirs = table
            .ours
            .iter()
            .find(|(_, ours)| *ours == column)
            .map_or(column, |(theirs, _)| theirs);
        let seen = &folder.tables[table.seen];
        let named = seen.ids(theirs).len() as f64;
        let share = (named / all).min(1.0);
        let of_contracts = table.role == Some("contracts");
        table.observed = Some(if share >= 0.5 || of_contracts || root.table.is_none() {
            (
                "all",
                why(
                    Sure::Medium,
                    format!(
                        "at least {} of what it hangs on is named in it, so silence counts as none",
                        percent(share)
                    ),
                ),
            )
        } else {
            (
                "any row",
                why(
                    Sure::Low,
                    format!(
                        "only {} of what it hangs on is named in the rows looked at, so an account that never appears is unknown. TODO: \"all\" if the feed covers everybody",
                        percent_of(share)
                    ),
                ),
            )
        });
    }
}
