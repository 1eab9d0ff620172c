//! Which column names a row, which one leads to another table, and what all of them lead to.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Path, Sure, Table, Why, empty, name_column, one_line, percent, why};
use crate::exports::ReadError;
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, Seen, Shape};
use crate::exports::parquet_files::Stored;
use crate::init::words::{self, has};

/// A column whose values are a key elsewhere.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) from: usize,
    pub(super) column: String,
    pub(super) to: usize,
    pub(super) overlap: f64,
    pub(super) named: bool,
}

pub(super) fn preference(link: &Link) -> (bool, f64, bool) {
    (link.named, link.overlap, link.overlap >= 0.95)
}

/// Words of a name that are not merely "this is an id".
pub(super) fn stem(name: &str) -> Vec<String> {
    const ID: &[&str] = &[
        "id", "key", "uuid", "guid", "number", "no", "num", "code", "ref", "fk", "external", "pk",
        "sk", "hash",
    ];
    words::words(name)
        .into_iter()
        .filter(|word| !ID.contains(&word.as_str()))
        .collect()
}

pub(super) fn looks_like_id(name: &str) -> bool {
    has(
        name,
        &[
            "id", "key", "uuid", "guid", "code", "number", "no", "pk", "ref",
        ],
    ) || name.to_lowercase().ends_with("id")
}

/// Returns the one column that names a row, with how far it does.
pub(super) fn single_key(seen: &Seen) -> Option<(String, f64)> {
    let of_table: Vec<String> = words::words(&seen.name);
    let mut best: Option<((u8, f64), String)> = None;
    for column in &seen.columns {
        let fits = matches!(
            column.shape,
            Shape::Text | Shape::Whole | Shape::Number | Shape::Flag
        ) && !matches!(column.stored, Stored::Boolean)
            && column.nulls < 0.001;
        let is_whole = column.shape != Shape::Number || column.stored == Stored::Text;
        if !fits || !is_whole || has(&column.name, words::MONEY_WORDS) {
            continue;
        }
        let share = seen.uniqueness(&[&column.name]);
        let id = looks_like_id(&column.name);
        let stem = stem(&column.name);
        let own = stem.is_empty() || stem.iter().all(|word| of_table.contains(word));
        let rank = match (id, own) {
            (true, true) => 3,
            (true, false) => 2,
            (false, _) if column.shape == Shape::Text => 1,
            _ => 0,
        };
        // Names and numbers may be unique by chance in a small table.
        let enough = share >= 1.0 || rank >= 2 && share >= 0.99;
        if !enough || rank == 0 {
            continue;
        }
        // A free text or a name of a person is seldom what others refer to.
        let rank = if rank == 1
            && has(
                &column.name,
                &["name", "title", "text", "comment", "description", "email"],
            ) {
            0
        } else {
            rank
        };
        let this = (rank, share);
        if best.as_ref().is_none_or(|(known, _)| this > *known) {
            best = Some((this, column.name.clone()));
        }
    }
    best.map(|((_, share), name)| (name, share))
}

/// Returns every column whose values are keys of another table.
pub(super) fn links(
    folder: &Folder,
    keys: &[Option<(String, f64)>],
) -> Result<Vec<Link>, ReadError> {
    let mut links = Vec::new();
    for (to, key) in keys.iter().enumerate() {
        let Some((key, _)) = key else { continue };
        let target = &folder.tables[to];
        let key_column = target.column(key).expect("the key is a column");
        let all = target.all_ids(key)?;
        let target_words: HashSet<String> = words::words(&target.name)
            .into_iter()
            .chain(stem(key))
            .collect();
        let kin = |list: &[&str], words: &[String]| {
            words.iter().any(|word| list.contains(&word.as_str()))
        };
        let target_list: Vec<String> = target_words.iter().cloned().collect();
        for (from, seen) in folder.tables.iter().enumerate() {
            if from == to {
                continue;
            }
            for column in &seen.columns {
                if column.is_moment()
                    || matches!(column.stored, Stored::Boolean | Stored::Decimal(_))
                    || column.shape == Shape::Flag && column.distinct < 2
                {
                    continue;
                }
                let is_id_type = matches!(
                    column.shape,
                    Shape::Text | Shape::Whole | Shape::Number | Shape::Flag
                );
                if !is_id_type || column.shape == Shape::Number && column.stored != Stored::Text {
                    continue;
                }
                let stem = stem(&column.name);
                let same_name = words::plain(&column.name) == words::plain(key)
                    && looks_like_id(key)
                    && words::plain(key) != "id";
                let by_word = stem.iter().any(|word| target_words.contains(word));
                let by_kin = kin(words::ACCOUNT_WORDS, &stem)
                    && kin(words::ACCOUNT_WORDS, &target_list)
                    || kin(words::PERSON_WORDS, &stem) && kin(words::PERSON_WORDS, &target_list);
                let named = same_name || by_word || by_kin;
                // Small whole numbers are in every list of them.
                let is_text = column.stored == Stored::Text
                    && column.shape == Shape::Text
                    && key_column.shape == Shape::Text;
                if !named && (!is_text || column.distinct < 5) {
                    continue;
                }
                let ids = seen.ids(&column.name);
                if ids.is_empty() {
                    continue;
                }
                let found = ids.iter().filter(|id| all.contains(*id)).count();
                let overlap = found as f64 / ids.len() as f64;
                // The very key of both: the smaller set hangs on the larger.
                let both_keys = keys[from]
                    .as_ref()
                    .is_some_and(|(own, _)| own == &column.name);
                if both_keys && (!same_name && !by_kin || size(seen) > size(target)) {
                    continue;
                }
                if overlap >= 0.6 {
                    links.push(Link {
                        from,
                        column: column.name.clone(),
                        to,
                        overlap,
                        named,
                    });
                }
            }
        }
    }
    Ok(links)
}

/// Which table, or which column without a table, names whom the scores are about.
pub(super) struct Root {
    pub(super) table: Option<usize>,
    pub(super) path: (Path, Why),
    /// Tables that name the account by a column although there is no table of accounts.
    pub(super) columns: Vec<(usize, String, Why)>,
    pub(super) rivals: Vec<String>,
}

pub(super) fn root(
    folder: &Folder,
    keys: &[Option<(String, f64)>],
    links: &[Link],
) -> Option<Root> {
    let count = folder.tables.len();
    // How many tables lead to each, directly or through others.
    let leads = |to: usize| -> BTreeSet<usize> {
        let mut reach: BTreeSet<usize> = BTreeSet::from([to]);
        loop {
            let more: Vec<usize> = links
                .iter()
                .filter(|link| reach.contains(&link.to) && !reach.contains(&link.from))
                .map(|link| link.from)
                .collect();
            if more.is_empty() {
                reach.remove(&to);
                return reach;
            }
            reach.extend(more);
        }
    };
    let mut ranked: Vec<(f64, usize, usize)> = Vec::new();
    for (n, (seen, key)) in folder.tables.iter().zip(keys).enumerate() {
        let Some((key, _)) = key else { continue };
        let led = leads(n).len();
        let mut score = 2.0 * led as f64;
        let place = |list: &[&str], name: &str| {
            let words = words::words(name);
            list.iter()
                .position(|word| words.iter().any(|own| own == word))
        };
        if let Some(place) = place(words::ACCOUNT_WORDS, &seen.name) {
            score += 6.0 - 0.2 * place as f64;
        } else if place(words::ACCOUNT_WORDS, key).is_some() {
            score += 3.0;
        } else if place(words::PERSON_WORDS, &seen.name).is_some() {
            score += 2.0;
        }
        if count == 1 && looks_like_id(key) {
            score += 2.0;
        }
        // What hangs on another candidate is not what everything hangs on.
        let hangs = links
            .iter()
            .filter(|link| link.from == n && link.named)
            .count();
        score -= 2.5 * hangs as f64;
        if led == 0 && count > 1 {
            score -= 1.0;
        }
        if has(&seen.name, words::LEAK_WORDS) && count > 1 {
            score -= 6.0;
        }
        ranked.push((score, n, led));
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let best = ranked.first().copied();
    let shared = shared_account_column(folder);
    // Contracts and orders belong to somebody: a column that names whom is what is scored.
    let belongs = |n: usize, key: &str| {
        let about = |list: &[&str]| has(&folder.tables[n].name, list) || has(key, list);
        let names_owner = shared.as_ref().is_some_and(|columns| {
            columns
                .iter()
                .any(|(table, column, _)| *table == n && column != key)
        });
        names_owner && !about(words::ACCOUNT_WORDS) && !about(words::PERSON_WORDS)
    };
    if let Some((score, n, led)) = best
        && (score >= 1.5 || shared.is_none())
        && (score > 0.0 || count == 1)
        && !keys[n].as_ref().is_some_and(|(key, _)| belongs(n, key))
    {
        let seen = &folder.tables[n];
        let rivals = ranked
            .iter()
            .skip(1)
            .filter(|(other, ..)| *other >= 2.0 && *other >= score - 4.0)
            .map(|(_, other, led)| {
                format!("{} ({led} tables lead to it)", folder.tables[*other].path)
            })
            .collect::<Vec<_>>();
        let key = keys[n]
            .as_ref()
            .map(|(key, _)| key.clone())
            .or_else(|| dump_key(seen))?;
        let gap = ranked
            .get(1)
            .map_or(f64::INFINITY, |(other, ..)| score - other);
        let sure = match (gap, has(&seen.name, words::ACCOUNT_WORDS)) {
            (gap, true) if gap >= 3.0 => Sure::High,
            (gap, _) if gap >= 1.5 => Sure::Medium,
            _ => Sure::Low,
        };
        let reason = match led {
            0 => format!("`{key}` has one value a row"),
            1 => format!("`{key}` has one value a row, and 1 other table leads to it"),
            led => format!("`{key}` has one value a row, and {led} other tables lead to it"),
        };
        // Tables of the same column name whose values are not found still belong to it.
        return Some(Root {
            table: Some(n),
            path: (Path::Account(key), why(sure, reason)),
            columns: vec![],
            rivals,
        });
    }
    let columns = shared?;
    let (_, column, _) = columns.first()?.clone();
    let reason = format!("no table has one row a value of `{column}`");
    Some(Root {
        table: None,
        path: (Path::Account(column), why(Sure::Low, reason)),
        columns,
        rivals: vec![],
    })
}

/// Returns the column that names the account in event tables, where nothing else does.
fn shared_account_column(folder: &Folder) -> Option<Vec<(usize, String, Why)>> {
    let mut tally: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    for (n, seen) in folder.tables.iter().enumerate() {
        for column in &seen.columns {
            let fits =
                matches!(column.shape, Shape::Text | Shape::Whole) && looks_like_id(&column.name);
            if fits && speaks_of_accounts(&column.name) {
                tally
                    .entry(words::plain(&column.name))
                    .or_default()
                    .push((n, column.name.clone()));
            }
        }
    }
    let is_account = |name: &str| has(name, words::ACCOUNT_WORDS);
    let (_, tables) = tally.into_iter().max_by(|(a, of_a), (b, of_b)| {
        (is_account(a), of_a.len())
            .cmp(&(is_account(b), of_b.len()))
            .then(b.cmp(a))
    })?;
    let reason = "its name speaks of whom the rows are about";
    let mut columns: Vec<(usize, String, Why)> = tables
        .into_iter()
        .map(|(n, column)| (n, column, why(Sure::Medium, reason)))
        .collect();
    let named = |(n, column, _): &(usize, String, Why)| folder.tables[*n].ids(column);
    let known: BTreeSet<String> = columns.iter().flat_map(named).collect();
    let others = (0..folder.tables.len()).filter(|n| columns.iter().all(|(of, ..)| of != n));
    let others: Vec<_> = others
        .filter_map(|n| same_accounts(&folder.tables[n], &known).map(|(name, it)| (n, name, it)))
        .collect();
    columns.extend(others);
    columns.sort_by_key(|(n, ..)| *n);
    Some(columns)
}

/// Returns the column whose name speaks of accounts or people, and most of whose values are those by
/// which other tables name theirs, or the other way round.
fn same_accounts(seen: &Seen, known: &BTreeSet<String>) -> Option<(String, Why)> {
    let shares = seen.columns.iter().filter_map(|column| {
        let fits =
            matches!(column.shape, Shape::Text | Shape::Whole) && speaks_of_accounts(&column.name);
        let ids = fits.then(|| seen.ids(&column.name))?;
        let both = ids.intersection(known).count() as f64;
        let share = both / ids.len().min(known.len()).max(1) as f64;
        (ids.len() > 1 && share >= 0.6).then_some((share, &column.name))
    });
    // Of equals the last is taken, so the first stands last.
    let shares: Vec<_> = shares.collect();
    let best = shares.into_iter().rev().max_by(|a, b| a.0.total_cmp(&b.0));
    let (share, name) = best?;
    let reason = format!(
        "{} of its values are those by which other tables name theirs",
        percent(share)
    );
    Some((name.clone(), why(Sure::Medium, reason)))
}

/// Returns whether a column's name speaks of accounts or people.
fn speaks_of_accounts(name: &str) -> bool {
    let stem = stem(name);
    let of = |list: &[&str]| stem.iter().any(|word| list.contains(&word.as_str()));
    of(words::ACCOUNT_WORDS) || of(words::PERSON_WORDS)
}

/// Returns the rows of a table, of dumps those of one.
fn size(seen: &Seen) -> u64 {
    let dumps = if seen.is_dump { seen.files.len() } else { 1 };
    seen.rows / dumps as u64
}

pub(super) fn dump_key(seen: &Seen) -> Option<String> {
    seen.columns
        .iter()
        .find(|column| {
            looks_like_id(&column.name)
                && column.nulls == 0.0
                && (stem(&column.name).is_empty()
                    || has(&column.name, words::ACCOUNT_WORDS)
                    || has(&column.name, words::PERSON_WORDS))
        })
        .map(|column| column.name.clone())
}

/// Declares the accounts where only events name them: the newest row of each stands for it.
pub(super) fn accounts_from_events(
    folder: &Folder,
    root: &Root,
    times: &[Option<(String, Why)>],
) -> Table {
    // The smallest table that names accounts, one with a time before one without.
    let (n, column, _) = root
        .columns
        .iter()
        .min_by_key(|(n, ..)| (times[*n].is_none(), folder.tables[*n].rows))
        .expect("a root without a table has columns");
    let seen = &folder.tables[*n];
    let mut table = empty(
        ACCOUNTS.to_owned(),
        *n,
        why(Sure::Low, "there is no table with one row an account"),
    );
    table.notes.push(format!(
        "TODO: no table has one row an account. Here the newest row of each `{column}` in {} stands for it; ask for a table of accounts",
        one_line(&seen.path)
    ));
    let ours = name_column(&mut table, seen, column, "account_id");
    table.key = (
        vec![ours.clone()],
        why(Sure::Low, "the newest row of each counts"),
    );
    table.path = (Path::Account(ours), root.path.1.clone());
    if let Some((time, reason)) = &times[*n] {
        let time = name_column(&mut table, seen, time, &words::safe(time));
        table.history.push(("loaded", time, reason.clone()));
    }
    table
}

pub(super) fn exchange_key(seen: &Seen) -> Option<Vec<String>> {
    let currency = seen.column("currency")?;
    let date = seen.columns.iter().find(|column| column.is_moment())?;
    Some(vec![currency.name.clone(), date.name.clone()])
}
