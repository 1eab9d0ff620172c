//! From what the files show to what they probably are.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{Days, NaiveDate};
use indexmap::IndexMap;

use super::words::{self, Role, has};
use crate::exports::ReadError;
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, Seen, SeenColumn, Shape};
use crate::exports::parquet_files::Stored;

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

/// A column whose values are a key elsewhere.
#[derive(Debug, Clone)]
struct Link {
    from: usize,
    column: String,
    to: usize,
    overlap: f64,
    named: bool,
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

fn preference(link: &Link) -> (bool, f64, bool) {
    (link.named, link.overlap, link.overlap >= 0.95)
}

/// Words of a name that are not merely "this is an id".
fn stem(name: &str) -> Vec<String> {
    const ID: &[&str] = &[
        "id", "key", "uuid", "guid", "number", "no", "num", "code", "ref", "fk", "external", "pk",
        "sk", "hash",
    ];
    words::words(name)
        .into_iter()
        .filter(|word| !ID.contains(&word.as_str()))
        .collect()
}

fn looks_like_id(name: &str) -> bool {
    has(
        name,
        &["id", "key", "uuid", "guid", "code", "number", "no", "pk"],
    ) || name.to_lowercase().ends_with("id")
}

/// Returns the one column that names a row, with how far it does.
fn single_key(seen: &Seen) -> Option<(String, f64)> {
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
fn links(folder: &Folder, keys: &[Option<(String, f64)>]) -> Result<Vec<Link>, ReadError> {
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
struct Root {
    table: Option<usize>,
    path: (Path, Why),
    /// Tables that name the account by a column although there is no table of accounts.
    columns: Vec<(usize, String, Why)>,
    rivals: Vec<String>,
}

fn root(folder: &Folder, keys: &[Option<(String, f64)>], links: &[Link]) -> Option<Root> {
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
            let stem = stem(&column.name);
            let of = |list: &[&str]| stem.iter().any(|word| list.contains(&word.as_str()));
            if fits && (of(words::ACCOUNT_WORDS) || of(words::PERSON_WORDS)) {
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
    Some(
        tables
            .into_iter()
            .map(|(n, column)| (n, column, why(Sure::Medium, reason)))
            .collect(),
    )
}

/// Returns the rows of a table, of dumps those of one.
fn size(seen: &Seen) -> u64 {
    let dumps = if seen.is_dump { seen.files.len() } else { 1 };
    seen.rows / dumps as u64
}

fn dump_key(seen: &Seen) -> Option<String> {
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
fn accounts_from_events(folder: &Folder, root: &Root, times: &[Option<(String, Why)>]) -> Table {
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

type Formula = Box<dyn Fn(&str) -> String>;

/// Returns how a column becomes a date or an id, where it is sent as something else.
fn made_of(column: &SeenColumn) -> Option<(Formula, Why)> {
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

fn time(seen: &Seen) -> Option<(String, Why)> {
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

fn exchange_key(seen: &Seen) -> Option<Vec<String>> {
    let currency = seen.column("currency")?;
    let date = seen.columns.iter().find(|column| column.is_moment())?;
    Some(vec![currency.name.clone(), date.name.clone()])
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

#[allow(clippy::too_many_arguments)]
fn declare(
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
        if !is_there {
            let reason = why(Sure::Low, format!("assumed: {reason}"));
            table
                .derive
                .insert((*ours).to_owned(), ((*formula).to_owned(), reason));
        }
    }
}

fn ends_when_it_is_over(column: &SeenColumn, seen: &Seen) -> bool {
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
                arms.push(format!("WHEN {} THEN '{ours}'", super::sql_text(value)));
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

fn history(table: &mut Table, seen: &Seen) {
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
fn people(table: &mut Table, seen: &Seen, links: &[Link], n: usize) {
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

/// Finds what is filled in or overwritten after the row began, and what tells the answer.
fn later(table: &mut Table, folder: &Folder, is_root: bool) {
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
        let leaks = has(&column.name, words::LEAK_WORDS)
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
fn is_day_text(column: &SeenColumn) -> bool {
    column.shape == Shape::TextMoment
        && column.values.iter().all(|value| value.len() == 10)
        && !column.values.is_empty()
}

fn percent_of(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn moneys(table: &mut Table, seen: &Seen) {
    let currency = seen.columns.iter().find(|column| {
        column.shape == Shape::Text
            && ["currency", "currency_code"].contains(&words::plain(&column.name).as_str())
    });
    for column in &seen.columns {
        if !has(&column.name, words::MONEY_WORDS) || !column.is_number() {
            continue;
        }
        let cents = column.stored == Stored::Float
            && column
                .range
                .is_some_and(|[low, high]| high.abs().max(low.abs()) < 1e12)
            && has(
                &column.name,
                &[
                    "amount", "mrr", "arr", "revenue", "price", "charge", "fee", "usd", "eur",
                    "cost", "balance", "spend",
                ],
            );
        if cents {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            table.scale.push(ours);
        }
        if let Some(currency) = currency
            && table.path.0 != Path::Reference
            && (cents || matches!(column.stored, Stored::Decimal(_)))
        {
            let currency = name_column(table, seen, &currency.name, "currency");
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            table.money.insert(ours, currency);
        }
    }
}

/// Takes what the shipped measures over usage want to know of features and users.
fn shipped_lookups(tables: &mut [Table], folder: &Folder) {
    let known: BTreeMap<String, Vec<String>> = tables
        .iter()
        .filter(|table| !table.key.0.is_empty())
        .map(|table| {
            let columns = [
                "is_core",
                "is_high_value",
                "is_meaningful",
                "department",
                "job_role",
                "is_service",
            ];
            let has: Vec<String> = columns
                .iter()
                .filter(|column| table.has(column, folder))
                .map(|column| (*column).to_owned())
                .collect();
            (table.name.clone(), has)
        })
        .collect();
    let title = tables
        .iter_mut()
        .find(|table| table.name == "features")
        .map(|features| {
            let seen = &folder.tables[features.seen];
            if seen.column("feature_title").is_none() && seen.column("title").is_some() {
                name_column(features, seen, "title", "feature_title");
            }
            features.has("feature_title", folder)
        });
    let keys: BTreeMap<String, Vec<String>> = tables
        .iter()
        .map(|table| (table.name.clone(), table.key.0.clone()))
        .collect();
    let Some(usage) = tables.iter_mut().find(|table| table.name == "usage") else {
        return;
    };
    let fits = |table: &str, column: &str| {
        keys.get(table)
            .is_some_and(|key| key.len() == 1 && key[0] == column)
    };
    if fits("features", "feature") && usage.has("feature", folder) {
        let mut take: Vec<String> = title
            .filter(|there| *there)
            .map(|_| "feature_title".to_owned())
            .into_iter()
            .collect();
        take.extend(
            known["features"]
                .iter()
                .filter(|column| column.starts_with("is_"))
                .cloned(),
        );
        if !take.is_empty() {
            usage
                .lookup
                .insert("feature".to_owned(), ("features".to_owned(), take));
        }
    }
    if fits("users", "user_id") && usage.has("user_id", folder) {
        let take: Vec<String> = known["users"]
            .iter()
            .filter(|column| ["department", "job_role", "is_service"].contains(&column.as_str()))
            .cloned()
            .collect();
        if take.iter().any(|column| column == "is_service") {
            usage.derive.shift_remove("is_service");
        }
        if !take.is_empty() {
            usage
                .lookup
                .insert("user_id".to_owned(), ("users".to_owned(), take));
        }
    }
    if let Some((day, _)) = usage.time.clone() {
        let working = format!(
            "DATEDIFF('day', DATE '2001-01-01', {day}) - 7 * CAST(DATEDIFF('day', DATE '2001-01-01', {day}) / 7 AS BIGINT) < 5"
        );
        usage.derive.insert(
            "is_working_day".to_owned(),
            (working, why(Sure::High, "days counted from a Monday")),
        );
    }
}

fn freshness(guess: &mut Guess, folder: &Folder, today: NaiveDate) {
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
fn coverage(guess: &mut Guess, folder: &Folder, root: &Root) {
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

/// Makes outside text safe for a comment.
pub fn one_line(text: &str) -> String {
    crate::domain::one_line(text)
}
