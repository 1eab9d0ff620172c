//! From decoded rows to rows that know their account and the dates on which they hold.
//!
//! In order: rows are dated, versions of one key get the interval on which each is the newest
//! word, links are followed to the account, and rows that break a rule of the contract are set
//! aside from the day on which they would have been seen. Every row ends with one half-open
//! interval of as-of dates per version of what it hangs on.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

use super::as_of::{ACCOUNT, ALWAYS, CODE, EVENT, FROM, INSTANT, NEVER, OWN_FROM, OWN_TO, ROW, TO};
use super::contract::{History, Table};
use super::file::Breach;
use super::rules::{self, IS_BEFORE};
use super::scan::{self, Demand, END, LINK, START, START_INSTANT, key_column};
use super::walk::Walked;
use crate::formula::date_literal;

/// The rows of one export, ready to be asked about any as-of date.
///
/// They are decoded and kept when somebody first asks for them. Where a run asks only what can be
/// added up row by row, they are walked through instead ([`super::walk`]) and none is kept.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What the export is.
    pub table: Table,
    /// What was asked for.
    pub demand: Demand,
    /// Where its links lead; `None` of rows that are accounts, or there for everybody.
    pub(super) parent: Option<Arc<Links>>,
    pub(super) kept: OnceLock<Kept>,
    pub(super) walked: OnceLock<Walked>,
    links: OnceLock<Arc<Links>>,
    unreadable: OnceLock<()>,
}

/// The rows of an export that are held in memory.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Every row that can be placed, with its account and its intervals.
    pub frame: DataFrame,
    /// Rows set aside: `row_key`, `column`, `rule`, `found`, and the dates that place them.
    pub set_aside: DataFrame,
    /// What names the rows without a time; nobody can say when they became known.
    pub(super) timeless: DataFrame,
    /// Rows that were decoded.
    decoded: u64,
    /// The date of the news that each date brought: (known from, newest event so far).
    news: Vec<(NaiveDate, NaiveDate)>,
}

/// What other tables follow to their accounts.
#[derive(Debug)]
pub(super) struct Links {
    /// A table's key and, per interval, the account: [`LINK`], [`ACCOUNT`], [`CODE`], [`FROM`],
    /// [`TO`] and when the row began.
    pub(super) frame: DataFrame,
    /// Whether each key leads to one account in one interval.
    pub(super) is_single: bool,
    /// Whether the rows that are linked to have a time.
    pub(super) is_dated: bool,
}

impl Rows {
    /// Takes a table on; `parent` is the table it links to, if any. Its rows are decoded and placed
    /// here unless the demand lets them be walked through.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn open(table: &Table, demand: &Demand, parent: Option<&Rows>) -> PolarsResult<Self> {
        let rows = Self {
            table: table.clone(),
            demand: demand.clone(),
            parent: parent.map(Rows::links).transpose()?,
            kept: OnceLock::new(),
            walked: OnceLock::new(),
            links: OnceLock::new(),
            unreadable: OnceLock::new(),
        };
        if !rows.may_be_walked() {
            rows.kept()?;
        }
        Ok(rows)
    }

    /// Returns every row that can be placed, with its account and its intervals.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn frame(&self) -> PolarsResult<&DataFrame> {
        Ok(&self.kept()?.frame)
    }

    /// Returns the rows as they are kept in memory; they are decoded if they are not.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn kept(&self) -> PolarsResult<&Kept> {
        if let Some(kept) = self.kept.get() {
            return Ok(kept);
        }
        let kept = self.noted(Kept::open(
            &self.table,
            &self.demand,
            self.parent.as_deref(),
        ))?;
        Ok(self.kept.get_or_init(|| kept))
    }

    /// Notes it where the export cannot be read, so that the run can name it.
    pub(super) fn noted<T>(&self, read: PolarsResult<T>) -> PolarsResult<T> {
        if read.is_err() {
            self.unreadable.get_or_init(|| ());
        }
        read
    }

    /// Returns whether reading it failed.
    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable.get().is_some()
    }

    /// Returns how many rows were decoded.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        match (self.kept.get(), self.walked.get()) {
            (Some(kept), _) => kept.decoded,
            (None, Some(walked)) => walked.decoded,
            (None, None) => 0,
        }
    }

    /// Returns how many rows are decoded at most, by the footers.
    #[must_use]
    pub fn most(&self) -> u64 {
        scan::most_rows(&self.table, &self.demand)
    }

    fn news(&self) -> PolarsResult<&[(NaiveDate, NaiveDate)]> {
        match (self.kept.get(), self.walked.get()) {
            (None, Some(walked)) => Ok(&walked.news),
            _ => Ok(&self.kept()?.news),
        }
    }

    /// Returns the columns that tell which of two rows is newer: the instant, then the row key.
    #[must_use]
    pub fn order(&self) -> Vec<String> {
        std::iter::once(INSTANT.to_owned())
            .chain((0..self.table.key.len()).map(key_column))
            .collect()
    }

    /// Returns the newest date of which the export had news by the end of `as_of`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn newest(
        &self,
        as_of: NaiveDate,
        since: Option<NaiveDate>,
    ) -> PolarsResult<Option<NaiveDate>> {
        let news = self.news()?;
        let until = news.partition_point(|(from, _)| *from <= as_of);
        let newest = news[..until].last().map(|(_, newest)| *newest);
        Ok(newest.filter(|newest| since.is_none_or(|since| *newest >= since)))
    }

    /// Returns the dates on which the export had nothing fresh to say: no row at all, or its
    /// newest older than it may be.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn is_stale(&self, as_of: NaiveDate, since: Option<NaiveDate>) -> PolarsResult<bool> {
        Ok(
            match (self.newest(as_of, since)?, self.table.fresh_within) {
                (None, _) => true,
                (Some(newest), Some(limit)) => newest < limit.before(as_of),
                (Some(_), None) => false,
            },
        )
    }

    /// Returns the links that other tables follow: this table's key and, per interval, the account.
    fn links(&self) -> PolarsResult<Arc<Links>> {
        if let Some(links) = self.links.get() {
            return Ok(links.clone());
        }
        let key = if self.table.key.is_empty() {
            LINK.to_owned()
        } else {
            key_column(0)
        };
        let versions = self
            .frame()?
            .clone()
            .lazy()
            .filter(col(ACCOUNT).is_not_null().and(col(FROM).lt(col(TO))))
            .select([
                col(key.as_str()).cast(DataType::String).alias(LINK),
                col(ACCOUNT),
                col(CODE),
                col(FROM),
                col(TO),
                col(EVENT).alias(BEGAN),
            ])
            .collect()?;
        let is_single = |versions: &DataFrame| -> PolarsResult<bool> {
            Ok(versions.column(LINK)?.n_unique()? == versions.height())
        };
        let mut links = Links {
            is_single: is_single(&versions)?,
            frame: versions,
            is_dated: self.table.time.is_some(),
        };
        if !links.is_single {
            links.frame = touching(links.frame)?;
            links.is_single = is_single(&links.frame)?;
        }
        Ok(self.links.get_or_init(|| Arc::new(links)).clone())
    }
}

impl Kept {
    /// Decodes a table and places its rows.
    fn open(table: &Table, demand: &Demand, parent: Option<&Links>) -> PolarsResult<Self> {
        let decoded = scan::decode(table, demand)?;
        let count = decoded.height() as u64;
        let rows = dated(table, decoded.lazy().with_row_index(ROW, None)).collect()?;
        let timeless = rows
            .clone()
            .lazy()
            .filter(col(OWN_FROM).is_null())
            .select(
                (0..table.key.len())
                    .map(|n| col(key_column(n)))
                    .chain([col(LINK), col(EVENT)])
                    .collect::<Vec<_>>(),
            )
            .collect()?;
        let rows = if timeless.height() == 0 {
            rows
        } else {
            rows.lazy().filter(col(OWN_FROM).is_not_null()).collect()?
        };
        let keys = Keys::of(table);
        let repeated = keys.repeated(&rows)?;
        let rows = versions(table, &keys, rows, &repeated)?;
        let rows = linked(
            table,
            rows,
            parent,
            keys.is_link(table) && repeated.height() == 0,
        )?;
        let (rows, broken) = rules::enforce(table, rows)?;
        let (frame, mut set_aside) = keys.enforce(table, rows, &repeated)?;
        if let Some(broken) = broken {
            set_aside.vstack_mut(&broken)?;
        }
        let news = news(table, &frame)?;
        Ok(Self {
            frame,
            set_aside,
            timeless,
            decoded: count,
            news,
        })
    }
}

/// Joins versions that follow each other without a gap and say the same, so that a yearful of
/// daily dumps does not multiply the rows that link to it.
fn touching(versions: DataFrame) -> PolarsResult<DataFrame> {
    let before = |column: &str| col(column).shift(lit(1));
    let goes_on = before(LINK)
        .eq(col(LINK))
        .and(before(ACCOUNT).eq(col(ACCOUNT)))
        .and(before(BEGAN).eq_missing(col(BEGAN)))
        .and(before(TO).eq(col(FROM)))
        .fill_null(lit(false));
    versions
        .sort([LINK, FROM], SortMultipleOptions::default())?
        .lazy()
        .with_column(
            goes_on
                .not()
                .cast(DataType::UInt32)
                .cum_sum(false)
                .alias("__run"),
        )
        .group_by_stable([col("__run")])
        .agg([
            col(LINK).first(),
            col(ACCOUNT).first(),
            col(CODE).first(),
            col(FROM).first(),
            col(TO).last(),
            col(BEGAN).first(),
        ])
        .select([
            col(LINK),
            col(ACCOUNT),
            col(CODE),
            col(FROM),
            col(TO),
            col(BEGAN),
        ])
        .collect()
}

/// Adds the first date on which each row is known by itself; null where that cannot be said.
fn dated(table: &Table, rows: LazyFrame) -> LazyFrame {
    let mut moments = Vec::new();
    if table.time.is_some() {
        moments.push(col(EVENT));
    }
    if table.history != History::Events {
        moments.push(col(START));
    }
    let all_there = moments
        .iter()
        .cloned()
        .map(Expr::is_not_null)
        .reduce(Expr::and)
        .unwrap_or_else(|| lit(true));
    let from = if moments.is_empty() {
        date_literal(ALWAYS)
    } else {
        max_horizontal(moments).expect("there is one")
    };
    rows.with_column(
        when(all_there)
            .then(from)
            .otherwise(lit(NULL))
            .cast(DataType::Date)
            .alias(OWN_FROM),
    )
}

/// The row key of a table, and the columns within which it is unique.
struct Keys {
    /// The columns of the key.
    key: Vec<Expr>,
    /// The same, and the dump: a full dump repeats every key on purpose.
    unit: Vec<Expr>,
    /// Whether rows with one key are versions of each other, and not repeats.
    versioned: bool,
}

impl Keys {
    fn of(table: &Table) -> Self {
        let key: Vec<Expr> = (0..table.key.len()).map(|n| col(key_column(n))).collect();
        let mut unit = key.clone();
        if let History::Dumps(_) = table.history {
            unit.push(col(START));
        }
        let versioned = matches!(table.history, History::Loads(_) | History::Versions { .. });
        Self {
            key,
            unit,
            versioned,
        }
    }

    /// Returns whether the key is what a row links with, and nothing beside it.
    fn is_link(&self, table: &Table) -> bool {
        self.unit.len() == 1 && table.key.first().map(String::as_str) == table.owner.column()
    }

    /// Returns whether a row has all of its key.
    fn is_there(&self) -> Expr {
        self.key
            .iter()
            .cloned()
            .map(Expr::is_not_null)
            .reduce(Expr::and)
            .unwrap_or_else(|| lit(true))
    }

    /// Returns the keys that stand more than once.
    ///
    /// Almost all stand once, so a number per key sorts those out first, and a rough place of the
    /// number before that; the keys themselves are compared only where two numbers are equal.
    fn repeated(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        if self.key.is_empty() {
            return Ok(DataFrame::empty());
        }
        let print = fingerprint(&self.unit).alias("__print");
        let columns: Vec<Expr> = self.unit.iter().cloned().chain([print]).collect();
        let there = rows.clone().lazy().filter(self.is_there());
        let prints = there.clone().select([columns[self.unit.len()].clone()]);
        let crowded = crowded(prints.collect()?.column("__print")?.u64()?);
        if !crowded.any() {
            return Ok(DataFrame::empty());
        }
        let numbered = there.select(columns).collect()?.filter(&crowded)?;
        let several = |by: &[Expr], rows: LazyFrame| {
            rows.group_by(by)
                .agg([len().alias("__n")])
                .filter(col("__n").gt(lit(1)))
                .select(by)
        };
        let prints = several(&[col("__print")], numbered.clone().lazy());
        let on = [col("__print")];
        let suspects = numbered
            .lazy()
            .join(prints, on.clone(), on, JoinArgs::new(JoinType::Semi));
        several(&self.unit, suspects).collect()
    }

    /// Splits rows into those whose key stands once, or is not there, and those of repeated keys.
    fn split(&self, rows: &DataFrame, repeated: &DataFrame) -> (LazyFrame, LazyFrame) {
        let part = |how| {
            rows.clone().lazy().join(
                repeated.clone().lazy(),
                self.unit.clone(),
                self.unit.clone(),
                JoinArgs::new(how),
            )
        };
        (part(JoinType::Anti), part(JoinType::Semi))
    }

    /// Sets rows without their key aside, and repeats of a key.
    ///
    /// Of a repeated key the row stays that was seen first, through its link; a row that leads to
    /// no account takes no part. Ties are broken by the instant and then by what the rows say,
    /// later cells aside. A row that is set aside stays where it was until the day it would have
    /// been seen.
    fn enforce(
        &self,
        table: &Table,
        rows: DataFrame,
        repeated: &DataFrame,
    ) -> PolarsResult<(DataFrame, DataFrame)> {
        if repeated.height() == 0 && self.is_complete(&rows)? {
            let none = self.set_aside(table, self.none_broken(&rows)?.lazy())?;
            return Ok((rows, none));
        }
        let seen = when(col(ACCOUNT).is_not_null().and(col(FROM).lt(col(TO))))
            .then(col(FROM))
            .otherwise(lit(NULL));
        let first_seen = seen.min().over([col(ROW)])?.alias(FIRST_SEEN);
        let (sound, several) = if repeated.height() == 0 || self.versioned {
            (rows.clone().lazy(), rows.clone().lazy().limit(0))
        } else {
            self.split(&rows, repeated)
        };
        let content = columns(&fixed_columns(table, &rows));
        let print = fingerprint(&content);
        let moments = [col(FIRST_SEEN), col(OWN_FROM), col(INSTANT)];
        let order: Vec<Expr> = self
            .unit
            .iter()
            .cloned()
            .chain(moments)
            .chain(content)
            .collect();
        let is_other = print.clone().neq(print.first().over(self.unit.clone())?);
        let repeats = several
            .with_column(first_seen.clone())
            .sort_by_exprs(order, SortMultipleOptions::default().with_nulls_last(true))
            .with_columns([
                col(ROW)
                    .neq(col(ROW).first().over(self.unit.clone())?)
                    .alias(BROKEN),
                when(is_other)
                    .then(lit("other content than the row kept"))
                    .otherwise(lit("the same as the row kept, later cells aside"))
                    .alias("found"),
                lit("repeated_key").alias("rule"),
            ])
            .collect()?;
        let keyless = sound
            .clone()
            .filter(self.is_there().not())
            .with_column(first_seen)
            .with_columns([
                lit(true).alias(BROKEN),
                lit("null").alias("found"),
                lit("key_missing").alias("rule"),
            ]);
        let suspects = concat([repeats.lazy(), keyless], UnionArgs::default())?
            .with_column(col(BROKEN).and(col(FIRST_SEEN).is_not_null()))
            .collect()?;
        let ended = |end: &str, by: &str| {
            when(col(BROKEN))
                .then(col(by))
                .otherwise(col(end))
                .alias(end)
        };
        let kept = suspects
            .clone()
            .lazy()
            .with_columns([ended(OWN_TO, FIRST_SEEN), ended(TO, FROM)])
            .select([all()
                .exclude_cols(["found", "rule", BROKEN, FIRST_SEEN])
                .as_expr()]);
        let frame =
            concat([sound.filter(self.is_there()), kept], UnionArgs::default())?.collect()?;
        let broken = suspects
            .lazy()
            .filter(col(BROKEN))
            .unique_generic(Some(vec![col(ROW)]), UniqueKeepStrategy::First);
        Ok((frame, self.set_aside(table, broken)?))
    }

    /// Returns whether every row has all of its key.
    fn is_complete(&self, rows: &DataFrame) -> PolarsResult<bool> {
        for n in 0..self.key.len() {
            if rows.column(&key_column(n))?.null_count() > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the rows that break a rule, where none does.
    fn none_broken(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        let text = || lit(NULL).cast(DataType::String);
        rows.clear()
            .lazy()
            .with_columns([
                col(FROM).alias(FIRST_SEEN),
                text().alias("found"),
                text().alias("rule"),
            ])
            .collect()
    }

    /// Returns broken rows in the shape of `rejects`, with the date from which they stand there.
    fn set_aside(&self, table: &Table, broken: LazyFrame) -> PolarsResult<DataFrame> {
        broken
            .select([
                rules::row_key(table).alias("row_key"),
                lit(table.key.join(", ")).alias("column"),
                col("rule"),
                col("found"),
                col(FIRST_SEEN).alias(FROM),
                col(OWN_TO).alias(TO),
                col(EVENT),
            ])
            .collect()
    }
}

/// Scratch columns: the first date on which any version of a row is seen, and whether the row
/// breaks a rule.
const FIRST_SEEN: &str = "__first_seen";
const BROKEN: &str = "__broken";

/// Gives every version of a row the end of its interval.
fn versions(
    table: &Table,
    keys: &Keys,
    rows: DataFrame,
    repeated: &DataFrame,
) -> PolarsResult<DataFrame> {
    let end = match table.history {
        History::Events => date_literal(NEVER),
        _ => coalesce(&[col(END), date_literal(NEVER)]),
    };
    let end = end.alias(OWN_TO);
    let mut rows = rows.lazy().with_column(end).collect()?;
    if let History::Dumps(_) = table.history {
        rows = until_next_dump(table, rows)?;
    }
    if repeated.height() == 0 {
        return Ok(rows);
    }
    let (single, several) = keys.split(&rows, repeated);
    let mut several = earliest_cells(table, &rows, several, &keys.unit)?;
    if keys.versioned {
        let fixed = columns(&fixed_columns(table, &rows));
        let order: Vec<Expr> = keys
            .key
            .iter()
            .cloned()
            .chain([col(START_INSTANT)])
            .chain(fixed)
            .collect();
        let next = col(START).shift(lit(-1)).over(keys.key.clone())?;
        let until = min_horizontal([col(OWN_TO), next])?.alias(OWN_TO);
        several = several
            .sort_by_exprs(order, SortMultipleOptions::default())
            .with_column(until);
    }
    concat([single, several], UnionArgs::default())?.collect()
}

/// Where rows of one key and moment differ only in cells that become known later, each takes the
/// cell that was known first; whichever row stays then says the same on every as-of date.
fn earliest_cells(
    table: &Table,
    rows: &DataFrame,
    several: LazyFrame,
    unit: &[Expr],
) -> PolarsResult<LazyFrame> {
    let there = |name: &str| rows.column(name).is_ok();
    let moments = [OWN_FROM, INSTANT, START_INSTANT]
        .into_iter()
        .filter(|name| there(name))
        .map(col);
    let tie: Vec<Expr> = unit
        .iter()
        .cloned()
        .chain(moments)
        .chain(columns(&fixed_columns(table, rows)))
        .collect();
    let options = || SortMultipleOptions::default().with_nulls_last(true);
    let cells = table
        .known
        .iter()
        .filter(|(cell, moment)| there(cell) && there(moment))
        .map(|(cell, moment)| {
            let by = [col(moment.as_str()), col(cell.as_str())];
            col(cell.as_str())
                .sort_by(by, options())
                .first()
                .over(tie.clone())
        })
        .collect::<PolarsResult<Vec<_>>>()?;
    Ok(several.with_columns(cells))
}

/// A dump holds until the next one, whichever accounts that has.
fn until_next_dump(table: &Table, rows: DataFrame) -> PolarsResult<DataFrame> {
    let mut dumps = scan::dump_dates(table);
    if dumps.is_empty() {
        let dates = rows.column(START)?.unique()?;
        dumps = dates.date()?.as_date_iter().flatten().collect();
        dumps.sort();
    }
    let next: Vec<NaiveDate> = dumps.iter().skip(1).copied().chain([NEVER]).collect();
    let ends = DataFrame::new_infer_height(vec![
        Column::new(START.into(), &dumps),
        Column::new("__next".into(), &next),
    ])?;
    rows.lazy()
        .join(
            ends.lazy(),
            [col(START)],
            [col(START)],
            JoinArgs::new(JoinType::Left),
        )
        .with_column(col("__next").alias(OWN_TO))
        .select([all().exclude_cols(["__next"]).as_expr()])
        .collect()
}

/// Returns the columns that hold what a row says, in the order of their names.
pub(super) fn content_columns(table: &Table, rows: &DataFrame) -> Vec<String> {
    let names = rows.get_column_names().into_iter();
    let names = names.filter(|name| table.columns.contains_key(name.as_str()));
    content(names.map(ToString::to_string).collect())
}

/// Returns the same of the columns of the files that were read.
pub(super) fn content(mut names: Vec<String>) -> Vec<String> {
    names.push(LINK.to_owned());
    names.sort();
    names
}

/// Returns those of them that are fixed from the start. Only they may decide which of two rows
/// stays: cells that become known later would let the future in.
fn fixed_columns(table: &Table, rows: &DataFrame) -> Vec<String> {
    let names = content_columns(table, rows);
    names
        .into_iter()
        .filter(|name| !table.known.contains_key(name))
        .collect()
}

/// Returns the columns of those names.
pub(super) fn columns(names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(name.as_str())).collect()
}

/// Returns a number that two rows share if they say the same in all of `columns`.
pub(super) fn fingerprint(columns: &[Expr]) -> Expr {
    let sum = columns
        .iter()
        .zip(1u64..)
        .map(|(column, seed)| hash(column.clone(), seed))
        .reduce(|a, b| a + b);
    hash_of_sum(sum.unwrap_or_else(|| lit(0u64)))
}

/// What the numbers of cells are seeded with beside their place.
pub(super) const SEEDS: [u64; 3] = [2, 3, 4];
/// What the numbers of rows are seeded with.
pub(super) const SEEDS_OF_SUM: [u64; 4] = [5, 6, 7, 8];

/// Returns the number of a cell; `seed` is its place among those of the row.
pub(super) fn hash(cell: Expr, seed: u64) -> Expr {
    let [one, two, three] = SEEDS;
    cell.hash(seed, one, two, three)
}

/// Returns the number of a row, from the sum of those of its cells.
pub(super) fn hash_of_sum(sum: Expr) -> Expr {
    let [first, one, two, three] = SEEDS_OF_SUM;
    sum.hash(first, one, two, three)
}

/// When the row began that others hang on.
pub(super) const BEGAN: &str = "__began";

/// Returns which numbers may stand more than once: those that share a place with another.
///
/// Counting tens of millions of numbers that are all different costs more than everything else that
/// is done with them. There are 32 places for each, so of those that stand once few share one.
fn crowded(numbers: &UInt64Chunked) -> BooleanChunked {
    let bits = (32 * numbers.len().max(2)).next_power_of_two();
    let shift = 64 - bits.trailing_zeros();
    let place = |number: u64| {
        let place = (number >> shift) as usize;
        (place / 64, 1u64 << (place % 64))
    };
    let (mut taken, mut shared) = (vec![0u64; bits / 64], vec![0u64; bits / 64]);
    for (word, bit) in numbers.iter().flatten().map(place) {
        shared[word] |= taken[word] & bit;
        taken[word] |= bit;
    }
    let is_shared = |number: u64| {
        let (word, bit) = place(number);
        shared[word] & bit != 0
    };
    numbers.iter().map(|number| number.map(is_shared)).collect()
}

/// Follows the link of each row to its account, and narrows its interval to what it hangs on.
///
/// `each_once` says that no two rows have the same link.
fn linked(
    table: &Table,
    rows: DataFrame,
    parent: Option<&Links>,
    each_once: bool,
) -> PolarsResult<DataFrame> {
    let Some(parent) = parent else {
        let first = match each_once {
            true => col(ROW),
            false => col(ROW).min().over([col(LINK)])?,
        };
        let code = when(col(LINK).is_not_null())
            .then(first)
            .otherwise(lit(NULL));
        return rows
            .lazy()
            .with_columns([
                col(LINK).alias(ACCOUNT),
                code.alias(CODE),
                col(OWN_FROM).alias(FROM),
                col(OWN_TO).alias(TO),
            ])
            .collect();
    };
    let rows = beside_links(rows, parent.frame.clone())?.lazy();
    let is_dated = table.time.is_some() && parent.is_dated;
    let is_before = (is_dated && table.before_parent != Breach::Ignore)
        .then(|| col(EVENT).lt(col(BEGAN)).alias(IS_BEFORE));
    rows.with_columns([
        max_horizontal([col(OWN_FROM), col(FROM)])?.alias(FROM),
        min_horizontal([col(OWN_TO), col(TO)])?.alias(TO),
    ])
    .with_columns(is_before.into_iter().collect::<Vec<_>>())
    .select([all().exclude_cols([BEGAN]).as_expr()])
    .collect()
}

/// Puts the links beside the rows that follow them, a row once for each version of its link.
///
/// Mostly there is one version, and then the rows stay where they are: only their links are looked
/// up, and nothing else is moved.
fn beside_links(rows: DataFrame, links: DataFrame) -> PolarsResult<DataFrame> {
    let joined = |rows: DataFrame| {
        let how = JoinArgs {
            maintain_order: MaintainOrderJoin::Left,
            ..JoinArgs::new(JoinType::Left)
        };
        let links = links.clone().lazy();
        rows.lazy().join(links, [col(LINK)], [col(LINK)], how)
    };
    let found = joined(rows.select([LINK])?)
        .select([all().exclude_cols([LINK]).as_expr()])
        .collect()?;
    if found.height() == rows.height() {
        return rows.hstack(found.columns());
    }
    joined(rows).collect()
}

/// Returns, sorted by date, how new the newest row was that had become known by then.
fn news(table: &Table, rows: &DataFrame) -> PolarsResult<Vec<(NaiveDate, NaiveDate)>> {
    let dated = match table.history {
        History::Loads(_) | History::Dumps(_) => START,
        _ if table.time.is_some() => EVENT,
        History::Versions { .. } => START,
        // Rows without any date were always there.
        History::Events => OWN_FROM,
    };
    let by_date = rows
        .clone()
        .lazy()
        .filter(col(dated).is_not_null())
        .group_by([col(OWN_FROM)])
        .agg([col(dated).max().alias("__newest")])
        .collect()?;
    let mut newest = BTreeMap::new();
    for (from, date) in by_date
        .column(OWN_FROM)?
        .date()?
        .as_date_iter()
        .zip(by_date.column("__newest")?.date()?.as_date_iter())
    {
        if let (Some(from), Some(date)) = (from, date) {
            newest.insert(from, date);
        }
    }
    let mut so_far = NaiveDate::MIN;
    Ok(newest
        .into_iter()
        .map(|(from, date)| {
            so_far = so_far.max(date);
            (from, so_far)
        })
        .collect())
}
