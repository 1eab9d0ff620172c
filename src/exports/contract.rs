//! `exports.toml` as meant: every column found in the files, every type known, every link resolved.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::NaiveDate;
use chrono_tz::Tz;
use indexmap::IndexMap;

use super::file::{ExportsFile, PopulationFile, TableFile, Text};
use super::parquet_files::{self, FileError, ParquetFile, Stored};
use crate::config::{Problems, Source, nearest};
use crate::domain::DayCount;
use crate::formula::{self, Aggregates, Expr, Kind, Node, Scope};

/// The name of the one table the program knows.
pub const ACCOUNTS: &str = "accounts";

/// Everything the warehouse promised, and that its files keep.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The tables, those that others link to first.
    pub tables: IndexMap<String, Table>,
    /// Names of all tables as written, also of those whose files cannot be read.
    pub declared: Vec<String>,
    /// Who is scored, still as text: its formulas speak of measures.
    pub population: PopulationFile,
    /// Where it was written.
    pub source: Source,
}

impl Contract {
    /// Returns whether a table of that name was written, even if its files cannot be read.
    #[must_use]
    pub fn is_declared(&self, table: &str) -> bool {
        self.declared.iter().any(|name| name == table)
    }
}

/// One table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Our name for it.
    pub name: String,
    /// Its files with their footers.
    pub files: Vec<ParquetFile>,
    /// Every usable column by our name.
    pub columns: IndexMap<String, Column>,
    /// Columns and derived columns, as formulas see them.
    pub scope: Scope,
    /// The columns that together name a row.
    pub key: Vec<String>,
    /// How a row finds its account.
    pub owner: Owner,
    /// When the event happened.
    pub time: Option<String>,
    /// How rows supersede each other.
    pub history: History,
    /// Cells that are filled in later, and the column that says when.
    pub known: IndexMap<String, String>,
    /// Columns of which only today's value is known.
    pub current: Vec<String>,
    /// How old the newest row may be.
    pub fresh_within: Option<DayCount>,
    /// Which accounts the feed covers.
    pub observed: Observed,
    /// The zone in which instants become dates.
    pub zone: Tz,
}

/// A column of the files.
#[derive(Debug, Clone)]
pub struct Column {
    /// The warehouse's name for it.
    pub theirs: String,
    /// How it is stored, in the part that says most; parts may differ in width.
    pub stored: Stored,
    /// The type that formulas see.
    pub kind: Kind,
    /// Decimals of a float that is money.
    pub scale: Option<u8>,
}

/// How a row finds its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// By a column of its own.
    Account(String),
    /// By a column that is the key of another table.
    Via {
        /// Our column.
        column: String,
        /// The table whose key it is.
        table: String,
    },
}

/// How rows supersede each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// They do not: a row stands for an event.
    Events,
    /// The newest load of a key not after as-of wins.
    Loads(String),
    /// Each version holds between two dates.
    Versions {
        /// First day.
        from: String,
        /// First day after.
        to: Option<String>,
    },
    /// The newest full dump not after as-of wins.
    Dumps(Option<String>),
}

/// Which accounts a feed covers, so that silence means zero and not unknown.
#[derive(Debug, Clone)]
pub enum Observed {
    /// Nothing is declared; a measure that relies on it is refused.
    Undeclared,
    /// All of them.
    All,
    /// Those that have had a visible row.
    AnyRow,
    /// Those for which a condition over account columns holds.
    Where(Expr),
}

impl Table {
    /// Returns whether rows outside a range of event dates can be left unread.
    ///
    /// They cannot where an old row decides about a new one: a key that does not hold the time, a
    /// feed whose coverage hangs on the first row, loads that supersede each other.
    #[must_use]
    pub fn can_skip_by_time(&self) -> bool {
        let key_is_local = self.key.is_empty()
            || self
                .time
                .as_ref()
                .is_some_and(|time| self.key.contains(time));
        self.time.is_some()
            && key_is_local
            && !matches!(self.observed, Observed::AnyRow)
            && !matches!(self.history, History::Versions { .. })
    }

    /// Returns rows in all files, whether read or not.
    #[must_use]
    pub fn rows_in_files(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
}

/// Resolves `exports.toml` against the files below `data`.
///
/// Tables whose files cannot be read are left out of the result and stand in `problems`, so that
/// one run reports everything.
pub fn resolve(
    file: &ExportsFile,
    source: &Source,
    data: &Path,
    problems: &mut Problems,
) -> Contract {
    let zone = zone(file.timezone.as_ref(), source, problems).unwrap_or(Tz::UTC);
    let names: Vec<&str> = file
        .tables
        .keys()
        .map(|name| name.get_ref().as_str())
        .collect();
    if !names.contains(&ACCOUNTS) {
        let problem = source.problem(0..0, "there is no table `accounts`");
        problems.push(
            problem
                .help("the one table that is required: one row an account, at least with its key"),
        );
    }
    let mut tables = IndexMap::new();
    for (name, written) in &file.tables {
        let before = problems.0.len();
        let table = Resolver {
            source,
            file: written,
            table: name,
            all: &file.tables,
        }
        .table(data, zone, problems);
        if let Some(table) = table
            && problems.0.len() == before
        {
            tables.insert(name.get_ref().clone(), table);
        }
    }
    check_observed(file, source, &mut tables, problems);
    let declared = names.into_iter().map(str::to_owned).collect();
    Contract {
        declared,
        tables: in_link_order(tables, file, source, problems),
        population: file.population.clone(),
        source: source.clone(),
    }
}

fn zone(text: Option<&Text>, source: &Source, problems: &mut Problems) -> Option<Tz> {
    let text = text?;
    match text.get_ref().parse() {
        Ok(zone) => Some(zone),
        Err(_) => {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            problems.push(
                source
                    .problem(text.span(), format!("`{text}` is not a time zone"))
                    .nearest(text.get_ref(), names),
            );
            None
        }
    }
}

struct Resolver<'a> {
    source: &'a Source,
    file: &'a TableFile,
    table: &'a Text,
    all: &'a IndexMap<Text, TableFile>,
}

impl Resolver<'_> {
    fn table(&self, data: &Path, zone_of_file: Tz, problems: &mut Problems) -> Option<Table> {
        let file = self.file;
        let zone = zone(file.timezone.as_ref(), self.source, problems).unwrap_or(zone_of_file);
        let files = self.files(data, problems)?;
        let (columns, unusable) = self.columns(&files, problems);
        let scope = self.scope(&columns, unusable, problems);
        let table = Table {
            name: self.table.get_ref().clone(),
            key: self.key(&scope, problems),
            owner: self.owner(&scope, problems),
            time: self.date(file.time.as_ref(), &scope, problems),
            history: self.history(&files, &scope, problems),
            known: self.known(&scope, problems),
            current: file
                .current
                .iter()
                .filter_map(|column| self.column(column, &scope, problems))
                .collect(),
            fresh_within: file.fresh_within,
            observed: self.observed(problems),
            files,
            columns,
            scope,
            zone,
        };
        self.structural(&table, problems);
        Some(table)
    }

    fn files(&self, data: &Path, problems: &mut Problems) -> Option<Vec<ParquetFile>> {
        let path = &self.file.path;
        if path.get_ref().contains("://") {
            problems.push(
                self.source
                    .problem(
                        path.span(),
                        "object stores are not built into this program yet",
                    )
                    .help("copy or mount the export and give its local path"),
            );
            return None;
        }
        match parquet_files::find(data, path.get_ref()) {
            Ok(mut files) => {
                self.date_dumps(&mut files, problems);
                Some(files)
            }
            Err(error) => {
                let help = match &error {
                    FileError::Missing(_) | FileError::Empty(_) => {
                        "check the path, or give the folder with --exports DIR"
                    }
                    FileError::NotParquet { .. } => {
                        "was the export cut short? deliver the file again"
                    }
                    FileError::Unreadable { .. } => "export without it, or as a number of seconds",
                    FileError::Pattern(..) | FileError::Undated(_) => {
                        "dumps lie in folders such as dt=2026-01-31"
                    }
                };
                problems.push(
                    self.source
                        .problem(path.span(), format!("export `{}`: {error}", self.table))
                        .label("declared here")
                        .help(help)
                        .of_input(),
                );
                None
            }
        }
    }

    /// Dates the dumps of a table whose `snapshot` is a part of the path.
    fn date_dumps(&self, files: &mut [ParquetFile], problems: &mut Problems) {
        let Some(snapshot) = &self.file.snapshot else {
            return;
        };
        for file in files {
            let Some(value) = file.folders.get(snapshot.get_ref()) else {
                continue;
            };
            match value.parse::<NaiveDate>() {
                Ok(date) => file.dump = Some(date),
                Err(_) => problems.push(
                    self.source
                        .problem(
                            snapshot.span(),
                            format!(
                                "{}: `{value}` is not a date of the form 2026-01-31",
                                file.path.display()
                            ),
                        )
                        .of_input(),
                ),
            }
        }
    }

    /// Finds every column in every part; parts may differ in width and order, not in meaning.
    /// Beside the usable ones it returns the others, each with the reason.
    fn columns(
        &self,
        files: &[ParquetFile],
        problems: &mut Problems,
    ) -> (IndexMap<String, Column>, IndexMap<String, String>) {
        let of_files = files
            .iter()
            .flat_map(|file| file.columns.keys().chain(file.folders.keys()));
        let of_files: BTreeSet<&str> = of_files.map(String::as_str).collect();
        let renamed: Vec<&str> = self
            .file
            .columns
            .values()
            .map(|theirs| theirs.get_ref().as_str())
            .collect();
        for (ours, theirs) in &self.file.columns {
            if !of_files.contains(theirs.get_ref().as_str()) {
                let title = format!(
                    "export `{}` has no column `{theirs}` (for `{ours}`)",
                    self.table
                );
                problems.push(
                    self.source
                        .problem(theirs.span(), title)
                        .label("not in its files")
                        .nearest(theirs.get_ref(), of_files.iter().copied())
                        .of_input(),
                );
            }
        }
        let mapped = self
            .file
            .columns
            .iter()
            .map(|(ours, theirs)| (ours.get_ref().as_str(), theirs.get_ref().as_str()));
        let unmapped = of_files
            .iter()
            .filter(|name| !renamed.contains(name))
            .map(|name| (*name, *name));
        let (mut columns, mut unusable) = (IndexMap::new(), IndexMap::new());
        for (ours, theirs) in mapped.chain(unmapped) {
            let stored = match self.stored(theirs, files) {
                Ok(stored) => stored,
                Err(reason) => {
                    unusable.insert(ours.to_owned(), reason);
                    continue;
                }
            };
            let Some(kind) = stored.kind() else { continue };
            let scale = self.file.scale.get(ours).copied();
            let kind = if scale.is_some() { Kind::Decimal } else { kind };
            columns.insert(
                ours.to_owned(),
                Column {
                    theirs: theirs.to_owned(),
                    stored,
                    kind,
                    scale,
                },
            );
        }
        for (name, _) in &self.file.scale {
            if columns
                .get(name.get_ref())
                .is_none_or(|column| !matches!(column.stored, Stored::Float | Stored::Decimal(_)))
            {
                problems.push(self.source.problem(
                    name.span(),
                    format!("`{name}` is not a number with decimals, so it has no scale"),
                ));
            }
        }
        (columns, unusable)
    }

    /// Returns how a column is stored in all parts together, or why it cannot be used.
    fn stored(&self, theirs: &str, files: &[ParquetFile]) -> Result<Stored, String> {
        let in_part = |file: &ParquetFile| {
            let in_path = || file.folders.contains_key(theirs).then_some(Stored::Text);
            file.columns.get(theirs).copied().or_else(in_path)
        };
        let mut all: Option<(Stored, &ParquetFile)> = None;
        for file in files {
            let Some(here) = in_part(file) else {
                return Err(format!(
                    "{} lacks it, and other parts have it",
                    file.path.display()
                ));
            };
            let together = all.map_or(here, |(there, _)| wider(there, here));
            if together == Stored::Other {
                return Err(match all {
                    Some((_, other)) if here != Stored::Other => {
                        format!(
                            "{} and {} hold different types",
                            other.path.display(),
                            file.path.display()
                        )
                    }
                    _ => "formulas have no use for its type".to_owned(),
                });
            }
            all = Some((together, all.map_or(file, |(_, first)| first)));
        }
        all.map(|(stored, _)| stored)
            .ok_or_else(|| "it is in no file".to_owned())
    }

    fn scope(
        &self,
        columns: &IndexMap<String, Column>,
        unusable: IndexMap<String, String>,
        problems: &mut Problems,
    ) -> Scope {
        let mut scope = Scope {
            of: format!("export `{}`", self.table),
            columns: columns
                .iter()
                .map(|(name, column)| (name.clone(), column.kind))
                .collect(),
            derived: IndexMap::new(),
            unusable,
        };
        for (name, text) in &self.file.derive {
            let checked = formula::parse(text.get_ref())
                .and_then(|parsed| formula::check(&parsed, &scope, Aggregates::Refused));
            match checked {
                Ok(expr) => {
                    scope.columns.shift_remove(name.get_ref());
                    scope.derived.insert(name.get_ref().clone(), expr);
                }
                Err(error) => problems.push(formula::problem(self.source, text, &error)),
            }
        }
        scope
    }

    /// Returns the name of a column that exists, or reports it with the nearest that does.
    fn column(&self, name: &Text, scope: &Scope, problems: &mut Problems) -> Option<String> {
        if scope.columns.contains_key(name.get_ref()) || scope.derived.contains_key(name.get_ref())
        {
            return Some(name.get_ref().clone());
        }
        if let Some(reason) = scope.unusable.get(name.get_ref()) {
            let title = format!(
                "column `{name}` of export `{}` cannot be used: {reason}",
                self.table
            );
            let help = "deliver the parts with one schema of plain types";
            problems.push(
                self.source
                    .problem(name.span(), title)
                    .help(help)
                    .of_input(),
            );
            return None;
        }
        let names = scope
            .columns
            .keys()
            .chain(scope.derived.keys())
            .map(String::as_str);
        problems.push(
            self.source
                .problem(
                    name.span(),
                    format!("export `{}` has no column `{name}`", self.table),
                )
                .label("not in its files")
                .nearest(name.get_ref(), names)
                .of_input(),
        );
        None
    }

    fn date(&self, name: Option<&Text>, scope: &Scope, problems: &mut Problems) -> Option<String> {
        let name = name?;
        let column = self.column(name, scope, problems)?;
        let kind = kind_of(scope, &column)?;
        if matches!(kind, Kind::Date | Kind::Null) {
            return Some(column);
        }
        problems.push(
            self.source
                .problem(
                    name.span(),
                    format!(
                        "`{name}` of export `{}` is a {kind}, expected a date or an instant",
                        self.table
                    ),
                )
                .help(match kind {
                    Kind::Text => {
                        format!("derive one: `derive = {{ day = \"CAST({name} AS DATE)\" }}`")
                    }
                    _ => "have the warehouse export it as a date or a timestamp".to_owned(),
                })
                .of_input(),
        );
        None
    }

    fn key(&self, scope: &Scope, problems: &mut Problems) -> Vec<String> {
        if self.table.get_ref() == ACCOUNTS && self.file.key.is_empty() {
            return self
                .account_column()
                // If it is not there, that is reported where the owner is looked for.
                .and_then(|name| self.column(&name, scope, &mut Problems::default()))
                .into_iter()
                .collect();
        }
        self.file
            .key
            .iter()
            .filter_map(|column| self.column(column, scope, problems))
            .collect()
    }

    fn account_column(&self) -> Option<Text> {
        let span = self
            .file
            .account
            .as_ref()
            .map_or(self.table.span(), Text::span);
        let name = self
            .file
            .account
            .as_ref()
            .map_or("account_id", |name| name.get_ref().as_str());
        Some(Text::new(span, name.to_owned()))
    }

    fn owner(&self, scope: &Scope, problems: &mut Problems) -> Owner {
        let Some(via) = &self.file.via else {
            let column = self.account_column().and_then(|name| {
                let found = scope.columns.contains_key(name.get_ref()) || scope.derived.contains_key(name.get_ref());
                if found {
                    return Some(name.get_ref().clone());
                }
                let names = scope.columns.keys().map(String::as_str);
                let near = nearest(name.get_ref(), names).unwrap_or_default();
                problems.push(
                    self.source
                        .problem(name.span(), format!("export `{}` has no column `{name}` that names the account", self.table))
                        .label("no such column in its files")
                        .help(format!("{near}; give `account = \"…\"`, or `via = {{ column = \"…\", table = \"…\" }}` if it hangs on another table"))
                        .of_input(),
                );
                None
            });
            return Owner::Account(column.unwrap_or_default());
        };
        let column = self
            .column(&via.column, scope, problems)
            .unwrap_or_default();
        match self.all.get(via.table.get_ref().as_str()) {
            Some(target) if target.key.len() == 1 || via.table.get_ref() == ACCOUNTS => {}
            Some(_) => problems.push(
                self.source
                    .problem(
                        via.table.span(),
                        format!(
                            "`{}` cannot be linked to: its key is not one column",
                            via.table
                        ),
                    )
                    .help(format!("give `key = [\"…\"]` in [tables.{}]", via.table)),
            ),
            None => {
                let names = self.all.keys().map(|name| name.get_ref().as_str());
                problems.push(
                    self.source
                        .problem(
                            via.table.span(),
                            format!("there is no table `{}`", via.table),
                        )
                        .nearest(via.table.get_ref(), names),
                );
            }
        }
        Owner::Via {
            column,
            table: via.table.get_ref().clone(),
        }
    }

    fn history(&self, files: &[ParquetFile], scope: &Scope, problems: &mut Problems) -> History {
        let file = self.file;
        let dumps = file.snapshot.is_some() || file.path.get_ref().contains("{as_of}");
        let declared = [file.loaded.is_some(), file.valid_from.is_some(), dumps];
        if declared.iter().filter(|declared| **declared).count() > 1 {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` says twice how its rows supersede each other",
                            self.table
                        ),
                    )
                    .help("keep one of `loaded`, `valid_from` and `snapshot`"),
            );
        }
        if let (None, Some(to)) = (&file.valid_from, &file.valid_to) {
            problems.push(
                self.source
                    .problem(to.span(), "`valid_to` needs `valid_from`"),
            );
        }
        if (file.loaded.is_some() || file.valid_from.is_some())
            && file.key.is_empty()
            && self.table.get_ref() != ACCOUNTS
        {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` has several versions of a row, but no key",
                            self.table
                        ),
                    )
                    .help("give `key = [\"…\"]`: versions of one key supersede each other"),
            );
        }
        if file.loaded.is_some() {
            return self
                .date(file.loaded.as_ref(), scope, problems)
                .map_or(History::Events, History::Loads);
        }
        if file.valid_from.is_some() {
            let to = self.date(file.valid_to.as_ref(), scope, problems);
            return match self.date(file.valid_from.as_ref(), scope, problems) {
                Some(from) => History::Versions { from, to },
                None => History::Events,
            };
        }
        if dumps {
            let in_path = files.iter().all(|file| file.dump.is_some());
            let column = if in_path {
                None
            } else {
                self.date(file.snapshot.as_ref(), scope, problems)
            };
            return History::Dumps(column);
        }
        History::Events
    }

    fn known(&self, scope: &Scope, problems: &mut Problems) -> IndexMap<String, String> {
        let mut known = IndexMap::new();
        for (cell, moment) in &self.file.known {
            let cell = self.column(cell, scope, problems);
            if let (Some(cell), Some(moment)) = (cell, self.date(Some(moment), scope, problems)) {
                // A moment is itself a thing that becomes known when it comes.
                known
                    .entry(moment.clone())
                    .or_insert_with(|| moment.clone());
                known.insert(cell, moment);
            }
        }
        if let Some(to) = self.date(self.file.valid_to.as_ref(), scope, &mut Problems::default()) {
            known.insert(to.clone(), to);
        }
        known
    }

    fn observed(&self, problems: &mut Problems) -> Observed {
        match self
            .file
            .observed
            .as_ref()
            .map(|text| text.get_ref().as_str())
        {
            None => Observed::Undeclared,
            Some("all") => Observed::All,
            Some("any row") => Observed::AnyRow,
            // The condition speaks of account columns; it is checked when those are known.
            Some(text) => {
                match formula::parse(text) {
                    Ok(_) => Observed::AnyRow,
                    Err(error) => {
                        let text = self.file.observed.as_ref().expect("it was just read");
                        problems.push(formula::problem(self.source, text, &error).help(
                            "valid here: `all`, `any row`, or a condition over account columns",
                        ));
                        Observed::AnyRow
                    }
                }
            }
        }
    }

    /// What decides about a row must not hang on a cell that becomes known later.
    fn structural(&self, table: &Table, problems: &mut Problems) {
        let file = self.file;
        let timing = [&file.time, &file.loaded, &file.valid_from]
            .into_iter()
            .flatten();
        let naming = file
            .key
            .iter()
            .chain(&file.account)
            .chain(file.via.iter().map(|via| &via.column));
        let used = timing
            .map(|name| (name, true))
            .chain(naming.map(|name| (name, false)));
        for (name, is_timing) in used {
            // A row may be timed by the very moment at which its cell becomes known.
            let own_moment = is_timing && table.known.get(name.get_ref()) == Some(name.get_ref());
            let hangs = |column: &str| table.known.contains_key(column);
            let later = match table.scope.derived.get(name.get_ref()) {
                Some(expr) => expr.columns().into_iter().any(hangs) || reads_as_of(expr),
                None => hangs(name.get_ref()) && !own_moment,
            };
            if later {
                problems.push(
                    self.source
                        .problem(name.span(), format!("`{name}` becomes known later, so it cannot say which row this is or when it happened"))
                        .help("use a column that is fixed when the row appears"),
                );
            }
        }
        let dated = file.time.is_some() || !matches!(table.history, History::Events);
        if let (Some(_), false) = (file.fresh_within, dated) {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` has `fresh_within` but no time to measure it by",
                            self.table
                        ),
                    )
                    .help("give `time`, `loaded` or `snapshot`"),
            );
        }
    }
}

fn reads_as_of(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= expr.node == Node::AsOf);
    found
}

/// Returns the type of a column or derived column.
#[must_use]
pub fn kind_of(scope: &Scope, name: &str) -> Option<Kind> {
    scope
        .columns
        .get(name)
        .copied()
        .or_else(|| scope.derived.get(name).map(|expr| expr.kind))
}

/// Returns how to hold the values of two parts in one column; `Other` where there is no way.
fn wider(a: Stored, b: Stored) -> Stored {
    match (a, b) {
        (a, b) if a == b => a,
        (Stored::Nothing, other) | (other, Stored::Nothing) => other,
        (Stored::Integer, Stored::Float) | (Stored::Float, Stored::Integer) => Stored::Float,
        (Stored::Integer, Stored::Decimal(places)) | (Stored::Decimal(places), Stored::Integer) => {
            Stored::Decimal(places)
        }
        (Stored::Decimal(a), Stored::Decimal(b)) => Stored::Decimal(a.max(b)),
        (Stored::Integer, Stored::Text) | (Stored::Text, Stored::Integer) => Stored::Text,
        (Stored::Instant { .. }, Stored::Instant { .. }) => a,
        (Stored::Date, Stored::Instant { .. }) | (Stored::Instant { .. }, Stored::Date) => {
            Stored::Date
        }
        _ => Stored::Other,
    }
}

/// Checks the `observed` conditions, which speak of account columns.
fn check_observed(
    file: &ExportsFile,
    source: &Source,
    tables: &mut IndexMap<String, Table>,
    problems: &mut Problems,
) {
    let Some(scope) = tables.get(ACCOUNTS).map(|accounts| accounts.scope.clone()) else {
        return;
    };
    for (name, written) in &file.tables {
        let Some(text) = &written.observed else {
            continue;
        };
        if matches!(text.get_ref().as_str(), "all" | "any row") {
            continue;
        }
        let Ok(parsed) = formula::parse(text.get_ref()) else {
            continue;
        };
        match formula::check(&parsed, &scope, Aggregates::Refused) {
            Ok(expr) if expr.kind == Kind::Boolean => {
                if let Some(table) = tables.get_mut(name.get_ref()) {
                    table.observed = Observed::Where(expr);
                }
            }
            Ok(expr) => problems.push(
                source
                    .problem(
                        text.span(),
                        format!("`observed` needs a condition, found a {}", expr.kind),
                    )
                    .help("valid here: `all`, `any row`, or a condition over account columns"),
            ),
            Err(error) => problems.push(formula::problem(source, text, &error)),
        }
    }
}

/// Sorts the tables so that each stands behind the one it links to.
fn in_link_order(
    mut tables: IndexMap<String, Table>,
    file: &ExportsFile,
    source: &Source,
    problems: &mut Problems,
) -> IndexMap<String, Table> {
    let mut sorted: IndexMap<String, Table> = IndexMap::new();
    if let Some(accounts) = tables.shift_remove(ACCOUNTS) {
        sorted.insert(ACCOUNTS.to_owned(), accounts);
    }
    loop {
        let ready = tables.iter().find(|(_, table)| match &table.owner {
            Owner::Account(_) => true,
            Owner::Via { table, .. } => sorted.contains_key(table),
        });
        let Some(name) = ready.map(|(name, _)| name.clone()) else {
            break;
        };
        let table = tables.shift_remove(&name).expect("it was just found");
        sorted.insert(name, table);
    }
    for (name, table) in &tables {
        // A link to a table that was itself refused has been reported there.
        if let Owner::Via { table: target, .. } = &table.owner
            && tables.contains_key(target)
            && let Some((written, _)) = file.tables.get_key_value(name.as_str())
        {
            problems.push(
                source
                    .problem(
                        written.span(),
                        format!("the links of `{name}` lead in a circle"),
                    )
                    .help("a row must reach its account in the end"),
            );
        }
    }
    sorted
}
