//! The text of the files, each guess with its reason beside it.

use std::fmt::Write;

use super::guess::{Guess, Path, Table, Why, one_line};
use super::words::{self, has};
use super::{toml_key, toml_text};
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, SeenColumn, Shape};
use crate::exports::parquet_files::Stored;

/// Returns the first lines of `exports.toml`, up to the first table.
#[must_use]
pub fn exports_head(
    guess: &Guess,
    folder: &Folder,
    eligible: Option<&str>,
    exports: &str,
) -> String {
    let mut text = format!(
        "#:schema schemas/exports.json\n\n\
         # What was found in {}: a first guess, to be read and mended.\n\
         # Behind each guess stands how sure it is (high, medium, low) and why; TODO marks what is yours to\n\
         # decide. Footers were read whole, of the rows of each table at most {} (spread over begin, middle\n\
         # and end), and of the columns that others refer to at most {}.\n\n\
         timezone = \"UTC\"   # TODO: the zone in which your days end, such as \"Europe/Berlin\"\n\n",
        one_line(exports),
        crate::exports::look::ROWS_LOOKED_AT,
        crate::exports::look::IDS_LOOKED_AT
    );
    text.push_str("# Who is scored.\n[population]\n");
    match eligible {
        Some(condition) => {
            let _ = writeln!(text, "eligible = {}   # medium: accounts with something in force", toml_text(condition));
        }
        None => text.push_str(
            "# TODO: no contracts or subscriptions were recognised, so every account is scored. Say who counts:\n\
             # eligible = \"a condition over measures and account columns\"\n",
        ),
    }
    if let Some(accounts) = guess.table(ACCOUNTS) {
        let exclude = excluded(accounts, folder);
        if !exclude.is_empty() {
            let _ = writeln!(
                text,
                "exclude = {{ {} }}   # medium: by their values",
                exclude.join(", ")
            );
        }
        let show = shown(accounts, folder);
        if !show.is_empty() {
            let names: Vec<String> = show.iter().map(|name| toml_text(name)).collect();
            let _ = writeln!(text, "show = [{}]", names.join(", "));
        }
    }
    text
}

fn excluded(accounts: &Table, folder: &Folder) -> Vec<String> {
    const TESTS: &[&str] = &[
        "test", "internal", "demo", "sandbox", "trial", "partner", "deleted",
    ];
    let seen = &folder.tables[accounts.seen];
    let mut exclude: Vec<(String, String)> = Vec::new();
    for column in &seen.columns {
        let Some(ours) = accounts.ours.get(&column.name) else {
            continue;
        };
        let named = TESTS.iter().find(|word| has(&column.name, &[word]));
        if let (Some(word), Stored::Boolean) = (named, column.stored)
            && column.distinct == 2
        {
            exclude.push(((*word).to_owned(), ours.clone()));
        }
        if column.shape == Shape::Text && has(&column.name, &["type", "kind", "status"]) {
            for value in &column.values {
                let small = value.to_lowercase();
                if TESTS.contains(&small.as_str()) {
                    exclude.push((small, format!("{ours} = {}", super::sql_text(value))));
                }
            }
        }
    }
    exclude.sort();
    exclude.dedup_by(|a, b| a.0 == b.0);
    exclude
        .into_iter()
        .map(|(name, condition)| format!("{} = {}", toml_key(&name), toml_text(&condition)))
        .collect()
}

/// Account columns that people know an account by, the name first.
fn shown(accounts: &Table, folder: &Folder) -> Vec<String> {
    const LIKED: &[&str] = &[
        "tier", "segment", "region", "country", "industry", "owner", "csm", "plan", "state", "type",
    ];
    let seen = &folder.tables[accounts.seen];
    let usable = |name: &str| -> Option<String> {
        let ours = accounts
            .ours
            .get(name)
            .cloned()
            .unwrap_or_else(|| words::safe(name));
        let safe = accounts.has(&ours, folder) && !accounts.leaks.contains(&ours);
        (safe && !accounts.key.0.contains(&ours)).then_some(ours)
    };
    let mut show: Vec<String> = seen
        .columns
        .iter()
        .filter(|column| {
            column.shape == Shape::Text
                && has(&column.name, &["name", "username"])
                && !has(&column.name, &["user", "plan", "file", "first", "last"])
        })
        .filter_map(|column| usable(&column.name))
        .take(1)
        .collect();
    for word in LIKED {
        let column = seen.columns.iter().find(|column| {
            column.shape == Shape::Text && has(&column.name, &[word]) && column.distinct < 5_000
        });
        if let Some(ours) = column.and_then(|column| usable(&column.name))
            && !show.contains(&ours)
            && show.len() < 6
        {
            show.push(ours);
        }
    }
    show
}

fn beside(why: &Why) -> String {
    format!("   # {}: {}", why.sure.word(), one_line(&why.reason))
}

/// Returns whether a text holds days as people write them, such as 31.01.2026 or 1/31/2026.
fn is_day_of_elsewhere(column: &SeenColumn) -> bool {
    let is_day = |value: &String| {
        let parts: Vec<&str> = value.split(['.', '/']).collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        parts.iter().all(is_number) && matches!(lengths[..], [1 | 2, 1 | 2, 2 | 4])
    };
    column.shape == Shape::Text && !column.values.is_empty() && column.values.iter().all(is_day)
}

/// Returns one table as it stands in `exports.toml`.
#[must_use]
pub fn table(table: &Table, folder: &Folder, guess: &Guess) -> String {
    let seen = &folder.tables[table.seen];
    let mut text = String::new();
    let files = if seen.files.len() == 1 {
        "1 file".to_owned()
    } else {
        format!("{} files", seen.files.len())
    };
    let looked = if seen.looked_at() as u64 >= seen.rows {
        "all looked at".to_owned()
    } else {
        format!("{} looked at", seen.looked_at())
    };
    let _ = writeln!(text, "# {files}, {} rows, {looked}.", seen.rows);
    for note in &table.notes {
        let _ = writeln!(text, "# {}", one_line(note));
    }
    if table.name == ACCOUNTS {
        for rival in &guess.rivals {
            let _ = writeln!(
                text,
                "# TODO: could also be the accounts: {}",
                one_line(rival)
            );
        }
    }
    if table.is_answer(folder) {
        let _ = writeln!(
            text,
            "# It tells who left, so no measure reads it: a review compares scores with it."
        );
    }
    for leak in &table.leaks {
        let _ = writeln!(
            text,
            "# LEAK: `{}` tells the answer, so no measure reads it.",
            one_line(leak)
        );
    }
    let _ = writeln!(
        text,
        "[tables.{}]{}",
        toml_key(&table.name),
        beside(&table.why)
    );
    let _ = writeln!(text, "path = {}", toml_text(&seen.path));
    for (ours, theirs) in &table.columns {
        let _ = writeln!(text, "columns.{} = {}", toml_key(ours), toml_text(theirs));
    }
    for (ours, (formula, why)) in &table.derive {
        let _ = writeln!(
            text,
            "derive.{} = {}{}",
            toml_key(ours),
            toml_text(formula),
            beside(why)
        );
    }
    if table.path.0 == Path::Reference {
        let _ = writeln!(text, "reference = true{}", beside(&table.path.1));
    }
    if !table.key.0.is_empty() {
        let names: Vec<String> = table.key.0.iter().map(|name| toml_text(name)).collect();
        let _ = writeln!(text, "key = [{}]{}", names.join(", "), beside(&table.key.1));
    }
    match &table.path.0 {
        Path::Account(column) if column != "account_id" || table.name != ACCOUNTS => {
            let _ = writeln!(
                text,
                "account = {}{}",
                toml_text(column),
                beside(&table.path.1)
            );
        }
        Path::Via(column, to) => {
            let _ = writeln!(
                text,
                "via = {{ column = {}, table = {} }}{}",
                toml_text(column),
                toml_text(to),
                beside(&table.path.1)
            );
        }
        Path::Account(_) | Path::Reference => {}
    }
    if let Some((time, why)) = &table.time {
        let _ = writeln!(text, "time = {}{}", toml_text(time), beside(why));
    } else if table.history.is_empty() && !seen.is_dump {
        let _ = writeln!(
            text,
            "# TODO: no column says when a row happened, so only today's state is known and windows cannot be used"
        );
    }
    for column in seen
        .columns
        .iter()
        .filter(|column| is_day_of_elsewhere(column))
    {
        let _ = writeln!(
            text,
            "# TODO: `{}` holds days such as {}, which are text here: export them as dates, or as 2026-01-31",
            one_line(&column.name),
            one_line(&column.values[0])
        );
    }
    for (key, column, why) in &table.history {
        let _ = writeln!(text, "{key} = {}{}", toml_text(column), beside(why));
    }
    for (cell, (moment, why)) in &table.known {
        let _ = writeln!(
            text,
            "known.{} = {}{}",
            toml_key(cell),
            toml_text(moment),
            beside(why)
        );
    }
    if !table.current.is_empty() {
        let names: Vec<String> = table.current.iter().map(|name| toml_text(name)).collect();
        let _ = writeln!(
            text,
            "current = [{}]   # low: TODO: take out what never changes",
            names.join(", ")
        );
    }
    for column in &table.scale {
        let _ = writeln!(
            text,
            "scale.{} = 2   # medium: money stored as a float",
            toml_key(column)
        );
    }
    for (column, currency) in &table.money {
        let _ = writeln!(
            text,
            "money.{} = {}   # medium: the column beside it names the currency",
            toml_key(column),
            toml_text(currency)
        );
    }
    if let Some((days, why)) = &table.fresh_within {
        let _ = writeln!(text, "fresh_within = \"{days}d\"{}", beside(why));
    }
    if let Some((covered, why)) = &table.observed {
        let _ = writeln!(text, "observed = \"{covered}\"{}", beside(why));
    }
    for (column, (other, take)) in &table.lookup {
        let names: Vec<String> = take.iter().map(|name| toml_text(name)).collect();
        let _ = writeln!(
            text,
            "lookup.{} = {{ table = {}, take = [{}] }}",
            toml_key(column),
            toml_text(other),
            names.join(", ")
        );
    }
    text
}
