//! A table as it will be declared: what it is, what names its rows, and whom they are about.

use std::collections::HashSet;

use super::moments::{ends_when_it_is_over, history, is_day_text, later};
use super::money::moneys;
use super::paths::{Link, dump_key, exchange_key, looks_like_id, stem};
use super::{Path, Sure, Table, Why, empty, name_column, percent, why};
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, Seen, SeenColumn, Shape};
use crate::exports::parquet_files::Stored;
use crate::init::sql_text;
use crate::init::words::{self, Role, has};

#[allow(clippy::too_many_arguments)]
pub(super) fn declare(
    folder: &Folder,
    n: usize,
    is_root: bool,
    path: (Path, Why),
    key: Option<&(String, f64)>,
    time: Option<(String, Why)>,
    links: &[Link],
    roles: &mut HashSet<&'static str>,
    used: &mut HashSet<String>,
) -> Table {
    let seen = &folder.tables[n];
    let (role_name, role, role_why) = if is_root {
        (None, None, path.1.clone())
    } else {
        role_of(seen, roles)
    };
    roles.extend(role_name);
    let mut name = match role_name {
        Some(role) => role.to_owned(),
        None if is_root => ACCOUNTS.to_owned(),
        None => words::safe(&seen.name),
    };
    let base = name.clone();
    let mut number = 2;
    while !used.insert(name.clone()) {
        name = format!("{base}_{number}");
        number += 1;
    }
    let mut table = empty(name, n, role_why);
    table.role = role_name;
    // The account key first, so that its name is free.
    let (found, reason) = path;
    table.path = match found {
        Path::Account(column) => {
            let ours = name_column(&mut table, seen, &column, "account_id");
            (Path::Account(ours), reason)
        }
        Path::Via(column, to) => {
            let ours = name_column(&mut table, seen, &column, &words::safe(&column));
            (Path::Via(ours, to), reason)
        }
        Path::Reference => (Path::Reference, reason),
    };
    if let Some(role) = role {
        canonical(&mut table, role, seen);
    }
    // When.
    let role_time = role.and_then(|role| {
        let first = match role.table {
            "contracts" => ["signed_at", "start_date"],
            "invoices" => ["issued_at", "issued_at"],
            "tickets" | "opportunities" => ["opened_at", "opened_at"],
            "surveys" => ["sent_at", "sent_at"],
            "usage" => ["usage_date", "usage_date"],
            "users" => ["invited_at", "invited_at"],
            _ => return None,
        };
        first
            .into_iter()
            .find(|name| table.ours.values().any(|ours| ours == name))
    });
    let time = match role_time {
        Some(ours) => {
            let days = table
                .seen_column(ours, folder)
                .and_then(|column| column.days);
            let span =
                days.map_or_else(String::new, |[first, last]| format!(", {first} to {last}"));
            Some((
                ours.to_owned(),
                why(
                    Sure::High,
                    format!("when a row of such a table begins{span}"),
                ),
            ))
        }
        None => time.map(|(theirs, reason)| {
            let ours = name_column(&mut table, seen, &theirs, &words::safe(&theirs));
            (ours, reason)
        }),
    };
    table.days = time
        .as_ref()
        .and_then(|(time, _)| table.seen_column(time, folder))
        .and_then(|column| column.days);
    table.time = time;
    history(&mut table, seen);
    keyed(&mut table, seen, key, is_root);
    other_ends(&mut table, links, n);
    people(&mut table, seen, links, n);
    later(&mut table, folder, is_root);
    moneys(&mut table, seen);
    table
}

/// Returns the shipped table that this one is, by a word of its name and by its columns.
fn role_of(
    seen: &Seen,
    taken: &HashSet<&'static str>,
) -> (Option<&'static str>, Option<&'static Role>, Why) {
    let plain = words::plain(&seen.name);
    let own = words::words(&seen.name);
    let has_column = |role: &Role, column: &str| {
        let names = role
            .columns
            .iter()
            .find(|(ours, _)| *ours == column)
            .map_or(&[][..], |(_, names)| names);
        seen.columns.iter().any(|theirs| {
            let theirs = words::plain(&theirs.name);
            theirs == column || names.contains(&theirs.as_str())
        })
    };
    for role in words::ROLES {
        let by_name = plain == role.table || words::words(role.table) == own;
        let by_word = own.iter().any(|word| role.words.contains(&word.as_str()));
        if taken.contains(role.table) || !(by_name || by_word) {
            continue;
        }
        if role.needs.iter().all(|column| has_column(role, column)) {
            let reason = format!(
                "name and columns are those of the shipped table `{}`",
                role.table
            );
            let sure = if by_name { Sure::High } else { Sure::Medium };
            return (Some(role.table), Some(role), why(sure, reason));
        }
    }
    let named = words::PLAIN_ROLES
        .iter()
        .find(|role| **role == plain && !taken.contains(**role));
    if let Some(role) = named {
        return (
            Some(role),
            None,
            why(
                Sure::Medium,
                format!("it has the name of the shipped table `{role}`"),
            ),
        );
    }
    (
        None,
        None,
        why(
            Sure::Medium,
            "no shipped table is like it, so it keeps its name",
        ),
    )
}

/// Gives columns the names of the shipped table, and states the assumptions for those missing.
fn canonical(table: &mut Table, role: &Role, seen: &Seen) {
    for (ours, names) in role.columns {
        let found = names.iter().find_map(|name| {
            seen.columns.iter().find(|column| {
                words::plain(&column.name) == *name && !table.ours.contains_key(&column.name)
            })
        });
        let Some(column) = found else { continue };
        let date = ours.ends_with("_at") || ours.ends_with("_date");
        if date != column.is_moment() {
            continue;
        }
        if *ours == "end_date" && role.table == "contracts" && ends_when_it_is_over(column, seen) {
            // Empty while the contract runs: it says when it was over, not until when it was agreed.
            if !table.ours.values().any(|known| known == "ended_date") {
                // The name is kept for the assumption about the agreed end.
                name_column(table, seen, &column.name, "ended_date");
                continue;
            }
        }
        if *ours == "closed_at"
            && role.table == "tickets"
            && table.ours.values().all(|known| known != "solved_at")
        {
            continue;
        }
        name_column(table, seen, &column.name, ours);
    }
    if role.table == "contracts"
        && table
            .ours
            .values()
            .all(|ours| ours != "annual_recurring_revenue")
    {
        let monthly = seen.columns.iter().find(|column| {
            [
                "mrr",
                "mrr_amount",
                "monthly_price",
                "price_per_month",
                "monthly_fee",
                "monthly_amount",
                "monthly_revenue",
                "monthly_recurring_revenue",
                "mrr_usd",
            ]
            .contains(&words::plain(&column.name).as_str())
                && column.is_number()
        });
        if let Some(monthly) = monthly {
            let ours = name_column(table, seen, &monthly.name, &words::safe(&monthly.name));
            let reason = why(Sure::Medium, "twelve times the monthly revenue");
            table.derive.insert(
                "annual_recurring_revenue".to_owned(),
                (format!("12 * {ours}"), reason),
            );
        }
    }
    if role.table == "tickets" {
        priorities(table, seen);
        ratings(table, seen);
    }
    for (ours, formula, reason) in role.assumed {
        let is_there = table.ours.values().any(|known| known == ours)
            || table.derive.contains_key(*ours)
            || seen
                .column(ours)
                .is_some_and(|column| !table.ours.contains_key(&column.name));
        let is_cancelled = table.ours.values().any(|known| known == "cancelled_at");
        let (formula, reason) = match *ours {
            "ended_date" if is_cancelled => (
                &"CAST(cancelled_at AS DATE)",
                &"what is cancelled ends that day, since no column says when it does",
            ),
            _ => (formula, reason),
        };
        if !is_there {
            let reason = why(Sure::Low, format!("assumed: {reason}"));
            table
                .derive
                .insert((*ours).to_owned(), ((*formula).to_owned(), reason));
        }
    }
}

/// Writes a help desk's words for priority as P1 to P4.
fn priorities(table: &mut Table, seen: &Seen) {
    const ORDERS: &[(&str, &[&str])] = &[
        (
            "P1",
            &[
                "urgent", "critical", "blocker", "p1", "sev1", "highest", "1",
            ],
        ),
        ("P2", &["high", "major", "p2", "sev2", "2"]),
        ("P3", &["medium", "normal", "moderate", "p3", "sev3", "3"]),
        (
            "P4",
            &["low", "minor", "trivial", "p4", "sev4", "4", "lowest"],
        ),
    ];
    let Some(theirs) = table
        .ours
        .iter()
        .find(|(_, ours)| *ours == "priority")
        .map(|(theirs, _)| theirs.clone())
    else {
        return;
    };
    let Some(column) = seen.column(&theirs) else {
        return;
    };
    if column.values.is_empty() || column.values.iter().any(|value| value == "P1") {
        return;
    }
    let mut arms = Vec::new();
    let mut meant = Vec::new();
    for (ours, words) in ORDERS {
        for value in &column.values {
            if words.contains(&value.to_lowercase().replace([' ', '-'], "").as_str()) {
                arms.push(format!("WHEN {} THEN '{ours}'", sql_text(value)));
                meant.push((*ours).to_owned());
            }
        }
    }
    if arms.is_empty() {
        return;
    }
    let of_text = column.stored == Stored::Text;
    if !of_text {
        return;
    }
    table.columns.shift_remove("priority");
    let raw = "priority_as_sent";
    table.columns.insert(raw.to_owned(), theirs);
    let reason = why(
        Sure::Medium,
        format!("its own words are {}", column.values.join(", ")),
    );
    table.derive.insert(
        "priority".to_owned(),
        (format!("CASE {raw} {} END", arms.join(" ")), reason),
    );
    table.values.insert("priority".to_owned(), meant);
}

/// Brings satisfaction to the scale of 0 to 10.
fn ratings(table: &mut Table, seen: &Seen) {
    let Some(theirs) = table
        .ours
        .iter()
        .find(|(_, ours)| *ours == "csat")
        .map(|(theirs, _)| theirs.clone())
    else {
        return;
    };
    let Some(column) = seen.column(&theirs) else {
        return;
    };
    let Some([_, high]) = column.range else {
        return;
    };
    let factor = match high {
        high if high <= 1.0 => 10.0,
        high if high <= 5.0 => 2.0,
        high if high <= 10.0 => return,
        _ => 0.1,
    };
    table.columns.shift_remove("csat");
    let raw = "csat_as_sent";
    table.columns.insert(raw.to_owned(), theirs);
    let reason = why(
        Sure::Medium,
        format!("brought to 0 to 10; the largest value looked at is {high}"),
    );
    table
        .derive
        .insert("csat".to_owned(), (format!("{factor} * {raw}"), reason));
}

fn keyed(table: &mut Table, seen: &Seen, key: Option<&(String, f64)>, is_root: bool) {
    let versions = table.history.first().map(|(_, column, _)| column.clone());
    if versions.is_some() || seen.is_dump {
        let named = words::words(&table.name);
        let own = seen.columns.iter().find(|column| {
            looks_like_id(&column.name) && column.nulls == 0.0 && {
                let stem = stem(&column.name);
                stem.is_empty()
                    || is_root && has(&column.name, words::ACCOUNT_WORDS)
                    || stem.iter().all(|word| named.contains(word))
            }
        });
        let theirs = own
            .map(|column| column.name.clone())
            .or_else(|| is_root.then(|| dump_key(seen)).flatten());
        if let Some(theirs) = theirs {
            let wanted = if is_root {
                "account_id".to_owned()
            } else {
                words::safe(&theirs)
            };
            let ours = name_column(table, seen, &theirs, &wanted);
            table.key = (
                vec![ours],
                why(Sure::Medium, "the same key comes back in another version"),
            );
        }
        return;
    }
    if let Some((theirs, share)) = key {
        let wanted = if is_root {
            "account_id".to_owned()
        } else {
            words::safe(theirs)
        };
        let ours = name_column(table, seen, theirs, &wanted);
        let reason = if *share < 1.0 {
            why(
                Sure::Medium,
                format!(
                    "{} of the rows looked at have a value of their own; repeats are set aside",
                    percent(*share)
                ),
            )
        } else {
            why(
                Sure::High,
                format!("no value twice in {} rows looked at", seen.looked_at()),
            )
        };
        table.key = (vec![ours], reason);
        return;
    }
    if let Some(columns) = exchange_key(seen).filter(|_| table.path.0 == Path::Reference) {
        table.key = (
            columns
                .iter()
                .map(|theirs| name_column(table, seen, theirs, &words::safe(theirs)))
                .collect(),
            why(Sure::Medium, "one row a currency and day"),
        );
        return;
    }
    // Daily sums: the account, whatever else names things, and the day.
    let mut columns: Vec<String> = Vec::new();
    if let Path::Account(ours) | Path::Via(ours, _) = &table.path.0 {
        columns.extend(
            table
                .ours
                .iter()
                .find(|(_, known)| *known == ours)
                .map(|(theirs, _)| theirs.clone()),
        );
    }
    columns.extend(table.time.as_ref().and_then(|(time, _)| {
        table
            .ours
            .iter()
            .find(|(_, ours)| *ours == time)
            .map(|(theirs, _)| theirs.clone())
    }));
    // The engine names a row by the day of an instant, so only days can be a part of a key.
    let has_instant = columns.iter().any(|theirs| {
        seen.column(theirs).is_some_and(|column| {
            column.is_moment()
                && column.stored != Stored::Date
                && column.shape != Shape::DayNumber
                && !is_day_text(column)
        })
    });
    if has_instant {
        columns.clear();
    }
    let mut others: Vec<&SeenColumn> = seen
        .columns
        .iter()
        .filter(|column| {
            column.nulls == 0.0 && !columns.contains(&column.name) && !column.is_moment()
        })
        .filter(|column| column.shape == Shape::Text || looks_like_id(&column.name))
        .collect();
    others.sort_by_key(|column| {
        (
            !looks_like_id(&column.name),
            std::cmp::Reverse(column.distinct),
        )
    });
    let mut others = others.into_iter().take(4);
    loop {
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        if !has_instant && names.len() >= 2 && seen.uniqueness(&names) >= 0.9999 {
            let ours = columns
                .iter()
                .map(|theirs| name_column(table, seen, theirs, &words::safe(theirs)))
                .collect();
            table.key = (
                ours,
                why(
                    Sure::Medium,
                    format!(
                        "together they repeat nowhere in {} rows looked at",
                        seen.looked_at()
                    ),
                ),
            );
            return;
        }
        match others.next() {
            Some(column) => columns.push(column.name.clone()),
            None => break,
        }
    }
    table.notes.push("TODO: no columns were found that name a row, so repeats go unnoticed; give `key` if there is one".to_owned());
}

/// Says of rows between two accounts that they count for one of them only.
fn other_ends(table: &mut Table, links: &[Link], n: usize) {
    let Path::Account(ours) = &table.path.0 else {
        return;
    };
    let theirs = table
        .ours
        .iter()
        .find(|(_, known)| *known == ours)
        .map(|(theirs, _)| theirs.clone());
    let own = links
        .iter()
        .find(|link| link.from == n && Some(&link.column) == theirs.as_ref());
    let Some(own) = own else { return };
    let others: Vec<&str> = links
        .iter()
        .filter(|link| {
            link.from == n && link.to == own.to && link.named && link.column != own.column
        })
        .map(|link| link.column.as_str())
        .collect();
    if !others.is_empty() {
        table.notes.push(format!(
            "TODO: `{}` names accounts too; a row counts for the one in `{}` only",
            others.join("`, `"),
            own.column
        ));
    }
}

/// Finds columns that name people, who are counted and not scored.
pub(super) fn people(table: &mut Table, seen: &Seen, links: &[Link], n: usize) {
    let own: Vec<String> = table.key.0.clone();
    let path = match &table.path.0 {
        Path::Account(ours) | Path::Via(ours, _) => ours.clone(),
        Path::Reference => return,
    };
    for column in &seen.columns {
        let is_person = has(&column.name, words::PERSON_WORDS)
            && looks_like_id(&column.name)
            && !column.is_moment();
        let is_link = links
            .iter()
            .any(|link| link.from == n && link.column == column.name);
        let ours = table.ours.get(&column.name).cloned();
        let is_taken = ours
            .as_ref()
            .is_some_and(|ours| *ours == path || own.len() == 1 && own.contains(ours));
        if is_person && !is_taken && (is_link || column.distinct > 2) {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            table.people.push(ours);
        }
    }
}
