//! From what the files show to what they probably are.

mod declared;
mod moments;
mod money;
mod paths;

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::words::{self, has};
use crate::exports::ReadError;
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, Seen, SeenColumn};
use declared::declare;
use moments::{coverage, freshness, made_of, time};
use money::shipped_lookups;
use paths::{
    Link, accounts_from_events, dump_key, exchange_key, links, preference, root, single_key,
};

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// Look at it first.
    Low,
    /// It mostly is so.
    Medium,
    /// Names and values agree.
    High,
}

impl Sure {
    /// Returns the word that stands in the comment.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Why something was guessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// How sure it is.
    pub sure: Sure,
    /// The reason in words.
    pub reason: String,
}

fn why(sure: Sure, reason: impl Into<String>) -> Why {
    Why {
        sure,
        reason: reason.into(),
    }
}

/// How rows find their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Path {
    /// By a column of their own.
    Account(String),
    /// By our column, through another table.
    Via(String, String),
    /// They are there for every account.
    Reference,
}

/// One table as it will be declared.
#[derive(Debug, Clone)]
pub struct Table {
    /// Our name.
    pub name: String,
    /// Which of the folder's tables it is.
    pub seen: usize,
    /// The shipped table that it is.
    pub role: Option<&'static str>,
    /// Why it has that name.
    pub why: Why,
    /// Our names of columns, by theirs; only those that have a use.
    pub ours: BTreeMap<String, String>,
    /// Our columns and theirs, where they differ.
    pub columns: IndexMap<String, String>,
    /// Columns made of others, with the reason.
    pub derive: IndexMap<String, (String, Why)>,
    /// The columns that name a row.
    pub key: (Vec<String>, Why),
    /// How rows find their account.
    pub path: (Path, Why),
    /// When the row happened.
    pub time: Option<(String, Why)>,
    /// Loads or versions: the key of the file and the column.
    pub history: Vec<(&'static str, String, Why)>,
    /// Cells that are filled later, and the moment.
    pub known: IndexMap<String, (String, Why)>,
    /// Columns of which only today's value is known.
    pub current: Vec<String>,
    /// Columns of money with two decimals.
    pub scale: Vec<String>,
    /// Columns of money with their currency.
    pub money: IndexMap<String, String>,
    /// How old the newest row may be, in days.
    pub fresh_within: Option<(u32, Why)>,
    /// Which accounts the feed covers.
    pub observed: Option<(&'static str, Why)>,
    /// Columns taken from other tables: by our column, the table and its columns.
    pub lookup: IndexMap<String, (String, Vec<String>)>,
    /// Columns that tell the answer; no measure reads them.
    pub leaks: Vec<String>,
    /// Texts that a column of ours holds, where they are few.
    pub values: BTreeMap<String, Vec<String>>,
    /// Columns that name a person other than the account.
    pub people: Vec<String>,
    /// First and last day of the rows.
    pub days: Option<[NaiveDate; 2]>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
}

impl Table {
    /// Returns whether a name means something in a formula over the table.
    #[must_use]
    pub fn has(&self, name: &str, folder: &Folder) -> bool {
        let taken = |(_, (_, take)): (&String, &(String, Vec<String>))| {
            take.iter().any(|column| column == name)
        };
        let renamed_away = |theirs: &str| self.columns.values().any(|other| other == theirs);
        self.derive.contains_key(name)
            || self.columns.contains_key(name)
            || self.lookup.iter().any(taken)
            || folder.tables[self.seen].column(name).is_some() && !renamed_away(name)
    }

    /// Returns the column behind one of our names.
    #[must_use]
    pub fn seen_column<'a>(&self, name: &str, folder: &'a Folder) -> Option<&'a SeenColumn> {
        let theirs = self.ours.iter().find(|(_, ours)| *ours == name);
        folder.tables[self.seen].column(theirs.map_or(name, |(theirs, _)| theirs))
    }

    /// Returns whether it tells what happened in the end.
    #[must_use]
    pub fn is_answer(&self, folder: &Folder) -> bool {
        self.role == Some("outcomes")
            || self.name != ACCOUNTS && has(&folder.tables[self.seen].name, words::LEAK_WORDS)
    }
}

/// What the folder probably holds.
#[derive(Debug, Clone, Default)]
pub struct Guess {
    /// The tables, the accounts first.
    pub tables: Vec<Table>,
    /// Tables that no path leads from to an account, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Other tables that could be the accounts.
    pub rivals: Vec<String>,
    /// The last day that the rows speak of.
    pub end: Option<NaiveDate>,
}

impl Guess {
    /// Returns a table by our name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }
}

/// Guesses what a folder holds; `today` tells data from plans.
///
/// # Errors
/// When a file cannot be read.
pub fn guess(folder: &Folder, today: NaiveDate) -> Result<Guess, ReadError> {
    let keys: Vec<Option<(String, f64)>> = folder
        .tables
        .iter()
        .map(|seen| match seen.is_dump {
            // The same keys come back in every dump.
            true => dump_key(seen).map(|key| (key, 1.0)),
            false => single_key(seen),
        })
        .collect();
    let links = links(folder, &keys)?;
    let times: Vec<Option<(String, Why)>> = folder.tables.iter().map(time).collect();
    let Some(root) = root(folder, &keys, &links) else {
        return Ok(Guess::default());
    };
    let mut guess = Guess {
        rivals: root.rivals.clone(),
        ..Guess::default()
    };
    let mut used: HashSet<String> = HashSet::new();
    let mut roles: HashSet<&'static str> = HashSet::new();
    // Who leads to the accounts, from the inside out.
    let mut reached: BTreeMap<usize, (Path, Why)> = BTreeMap::new();
    if let Some(seen) = root.table {
        reached.insert(seen, root.path.clone());
    }
    let reads_directly = |n: usize| {
        root.columns
            .iter()
            .find(|(table, ..)| *table == n)
            .map(|(_, column, why)| (Path::Account(column.clone()), why.clone()))
    };
    for n in 0..folder.tables.len() {
        if root.table != Some(n)
            && let Some(path) = reads_directly(n)
        {
            reached.insert(n, path);
        }
    }
    loop {
        let mut found: Vec<(usize, &Link)> = Vec::new();
        for n in 0..folder.tables.len() {
            // Of equals the last is taken, so the first stands last.
            let best = links
                .iter()
                .rev()
                .filter(|link| link.from == n && reached.contains_key(&link.to))
                .filter(|link| root.table != Some(n) && link.to != n)
                .max_by(|a, b| preference(a).partial_cmp(&preference(b)).expect("no NaN"));
            if let (Some(best), false) = (best, reached.contains_key(&n)) {
                found.push((n, best));
            }
        }
        if found.is_empty() {
            break;
        }
        for (n, link) in found {
            let sure = if link.named && link.overlap >= 0.95 {
                Sure::High
            } else if link.named || link.overlap >= 0.95 {
                Sure::Medium
            } else {
                Sure::Low
            };
            let reason = format!(
                "{} of the values of `{}` looked at are keys of {}",
                percent(link.overlap),
                link.column,
                folder.tables[link.to].path
            );
            let to = folder.tables[link.to].path.clone();
            let path = if Some(link.to) == root.table {
                Path::Account(link.column.clone())
            } else {
                Path::Via(link.column.clone(), to)
            };
            reached.insert(n, (path, why(sure, reason)));
        }
    }
    let mut order: Vec<usize> = (0..folder.tables.len()).collect();
    order.sort_by_key(|n| root.table != Some(*n));
    if root.table.is_none() {
        guess
            .tables
            .push(accounts_from_events(folder, &root, &times));
        used.insert(ACCOUNTS.to_owned());
    }
    for n in order {
        let seen = &folder.tables[n];
        let path = match reached.remove(&n) {
            Some(path) => path,
            None if keys[n].is_some() || exchange_key(seen).is_some() => {
                let is_looked_up = links.iter().any(|link| link.to == n);
                let small = seen.rows <= 10_000;
                if !is_looked_up && !small {
                    guess.left_out.push((
                        seen.path.clone(),
                        "no column leads to an account".to_owned(),
                    ));
                    continue;
                }
                let reason = "no column leads to an account, so it is there for all of them";
                (Path::Reference, why(Sure::Low, reason))
            }
            None => {
                guess.left_out.push((
                    seen.path.clone(),
                    "no column leads to an account".to_owned(),
                ));
                continue;
            }
        };
        let is_root = root.table == Some(n);
        let table = declare(
            folder,
            n,
            is_root,
            path,
            keys[n].as_ref(),
            times[n].clone(),
            &links,
            &mut roles,
            &mut used,
        );
        guess.tables.push(table);
    }
    // Paths through other tables were noted by file; now those have names.
    let names: BTreeMap<String, String> = guess
        .tables
        .iter()
        .filter(|table| table.name != ACCOUNTS || root.table.is_some())
        .map(|table| (folder.tables[table.seen].path.clone(), table.name.clone()))
        .collect();
    for table in &mut guess.tables {
        if let Path::Via(_, to) = &mut table.path.0
            && let Some(name) = names.get(to)
        {
            to.clone_from(name);
        }
    }
    // A link through a table whose key is several columns leads nowhere.
    let single: HashSet<String> = guess
        .tables
        .iter()
        .filter(|table| table.key.0.len() == 1)
        .map(|table| table.name.clone())
        .collect();
    guess.tables.retain(|table| {
        let fits = match &table.path.0 {
            Path::Via(_, to) => single.contains(to),
            _ => true,
        };
        if !fits {
            let path = folder.tables[table.seen].path.clone();
            guess.left_out.push((
                path,
                "it hangs on a table whose rows have no key of one column".to_owned(),
            ));
        }
        fits
    });
    shipped_lookups(&mut guess.tables, folder);
    freshness(&mut guess, folder, today);
    coverage(&mut guess, folder, &root);
    Ok(guess)
}

fn percent(share: f64) -> String {
    if share >= 1.0 {
        return "all".to_owned();
    }
    format!("{:.1} %", (share * 1000.0).floor() / 10.0)
}

fn empty(name: String, seen: usize, why_it: Why) -> Table {
    Table {
        name,
        seen,
        role: None,
        why: why_it,
        ours: BTreeMap::new(),
        columns: IndexMap::new(),
        derive: IndexMap::new(),
        key: (vec![], why(Sure::Low, "")),
        path: (Path::Reference, why(Sure::Low, "")),
        time: None,
        history: vec![],
        known: IndexMap::new(),
        current: vec![],
        scale: vec![],
        money: IndexMap::new(),
        fresh_within: None,
        observed: None,
        lookup: IndexMap::new(),
        leaks: vec![],
        values: BTreeMap::new(),
        people: vec![],
        days: None,
        notes: vec![],
    }
}

/// Gives a column of theirs our name, makes a date of it where it is one, and returns the name.
///
/// A name that another column has already goes to neither; then a number is added.
pub fn name_column(table: &mut Table, seen: &Seen, theirs: &str, wanted: &str) -> String {
    if let Some(known) = table.ours.get(theirs) {
        return known.clone();
    }
    let Some(column) = seen.column(theirs) else {
        return wanted.to_owned();
    };
    let made = made_of(column);
    let is_free = |name: &str, table: &Table| {
        let elsewhere = seen.column(name).is_some_and(|other| other.name != theirs);
        !table.columns.contains_key(name) && !table.derive.contains_key(name) && !elsewhere
    };
    let numbered = |wanted: &str, table: &Table| {
        let mut name = wanted.to_owned();
        let mut n = 2;
        while !is_free(&name, table) {
            name = format!("{wanted}_{n}");
            n += 1;
        }
        name
    };
    let ours = numbered(wanted, table);
    match made {
        Some((formula, reason)) => {
            let raw = numbered(&format!("{ours}_as_sent"), table);
            table.columns.insert(raw.clone(), theirs.to_owned());
            table.derive.insert(ours.clone(), (formula(&raw), reason));
        }
        None if ours != theirs => {
            table.columns.insert(ours.clone(), theirs.to_owned());
        }
        None => {}
    }
    if !column.values.is_empty() {
        table.values.insert(ours.clone(), column.values.clone());
    }
    table.ours.insert(theirs.to_owned(), ours.clone());
    ours
}

/// Makes outside text safe for a comment.
pub fn one_line(text: &str) -> String {
    crate::domain::one_line(text)
}
