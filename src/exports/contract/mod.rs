//! `exports.toml` as meant: every column found in the files, every type known, every link resolved.

mod calendar;
mod columns;
mod files;
mod history;
mod links;
mod lookups;
mod money;
mod resolve;
mod rules;

use chrono_tz::Tz;
use indexmap::IndexMap;

use super::file::{Breach, Epoch, ParentsFile, PopulationFile};
use super::parquet_files::{ParquetFile, Stored};
use crate::config::Source;
use crate::domain::DayCount;
use crate::formula::{Expr, Kind, Scope};

pub use resolve::resolve;
pub use rules::BEFORE_PARENT;

/// The name of the one table the program knows.
pub const ACCOUNTS: &str = "accounts";

/// Everything the warehouse promised, and that its files keep.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The tables, those that others link to first.
    pub tables: IndexMap<String, Table>,
    /// Names of all tables as written, also of those whose files cannot be read.
    pub declared: Vec<String>,
    /// What is scored, where it is not the account as a whole.
    pub unit: Option<Unit>,
    /// The currency that the job counts in.
    pub currency: Option<String>,
    /// Who is scored, still as text: its formulas speak of measures.
    pub population: PopulationFile,
    /// How accounts add up to their parents, still as text.
    pub parents: Option<ParentsFile>,
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

/// A part of an account that is scored by itself, such as one of its products.
///
/// Rows of tables that have the column belong to the part they name; all others belong to every
/// part of their account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The table whose visible rows say which parts an account has.
    pub table: String,
    /// The column that names the part.
    pub column: String,
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
    /// Columns it takes from other tables.
    pub lookups: Vec<Lookup>,
    /// What its rows fulfil to count in any measure, as written and as checked.
    pub condition: Option<(String, Expr)>,
    /// When the event happened.
    pub time: Option<String>,
    /// How rows supersede each other.
    pub history: History,
    /// Cells that are filled in later, and the column that says when.
    pub known: IndexMap<String, String>,
    /// Columns of which only today's value is known.
    pub current: Vec<String>,
    /// Columns of money, each with the column that names its currency.
    pub money: IndexMap<String, String>,
    /// How old the newest row may be.
    pub fresh_within: Option<DayCount>,
    /// Which accounts the feed covers.
    pub observed: Observed,
    /// What must hold of every row.
    pub rules: Vec<Rule>,
    /// What becomes of rows dated before what they hang on.
    pub before_parent: Breach,
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
    /// What it counts the time since 1970 in, where it is a number.
    pub epoch: Option<Epoch>,
    /// Whether it names currencies, which are read in capitals.
    pub is_currency: bool,
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
    /// Not at all: a row of a reference table is there for every account.
    Everybody,
}

impl Owner {
    /// Returns the column that leads towards the account.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Account(column) | Self::Via { column, .. } => Some(column),
            Self::Everybody => None,
        }
    }
}

/// Columns that a row takes from another table: from the newest row there, visible at the as-of
/// date, that holds a value of this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// Our column with the value.
    pub column: String,
    /// The other table.
    pub table: String,
    /// Its column with the value.
    pub on: String,
    /// What is taken: our names and theirs.
    pub take: IndexMap<String, String>,
}

impl Lookup {
    /// Returns whether it takes an exchange rate; what it does not find is told of the measures.
    #[must_use]
    pub fn is_of_rates(&self) -> bool {
        self.take.keys().any(|name| money::is_rate(name))
    }
}

/// What must hold of every row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name by which its breaches are told.
    pub name: String,
    /// The condition; it is broken where it is false, not where it is NULL.
    pub must: Expr,
    /// The condition as written.
    pub text: String,
    /// What becomes of a row that breaks it.
    pub otherwise: Breach,
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

    /// Returns whether its rows name the part of the account that they belong to.
    #[must_use]
    pub fn names_part(&self, unit: &Unit) -> bool {
        !self.is_reference()
            && self.name != ACCOUNTS
            && (self.columns.contains_key(&unit.column)
                || self.scope.derived.contains_key(&unit.column))
    }

    /// Returns whether its rows are there for every account.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        self.owner == Owner::Everybody
    }

    /// Returns the lookup that a name comes from, if it is not the table's own.
    #[must_use]
    pub fn lookup_of(&self, name: &str) -> Option<&Lookup> {
        self.lookups
            .iter()
            .find(|lookup| lookup.take.contains_key(name))
    }

    /// Returns the columns of the files that a name of the table rests on.
    #[must_use]
    pub fn base<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        match self.scope.derived.get(name) {
            Some(expr) => expr.columns(),
            None => vec![name],
        }
    }

    /// Returns what the time of its rows can be held against: the table they hang on.
    #[must_use]
    pub fn parent(&self) -> Option<&str> {
        match &self.owner {
            Owner::Via { table, .. } => Some(table),
            Owner::Account(_) if self.name != ACCOUNTS => Some(ACCOUNTS),
            Owner::Account(_) | Owner::Everybody => None,
        }
    }

    /// Returns rows in all files, whether read or not.
    #[must_use]
    pub fn rows_in_files(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }
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
