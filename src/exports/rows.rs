//! From decoded rows to rows that know their account and the dates on which they hold.
//!
//! In order: rows that cannot be placed are set aside with their reason, versions of one key get
//! the interval on which each is the newest word, links are followed, and every row ends with one
//! half-open interval of as-of dates per version of what it hangs on.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

use super::as_of::{ACCOUNT, ALWAYS, EVENT, FROM, INSTANT, NEVER, OWN_FROM, OWN_TO, ROW, TO};
use super::contract::{History, Owner, Table};
use super::scan::{self, Demand, END, LINK, START, START_INSTANT, key_column};
use crate::formula::date_literal;

/// The rows of one export, ready to be asked about any as-of date.
#[derive(Debug, Clone)]
pub struct Rows {
    /// What the export is.
    pub table: Table,
    /// Every row that can be placed, with its account and its intervals.
    pub frame: DataFrame,
    /// Rows set aside: `__row_key`, `column`, `rule`, `found`, and the dates that place them.
    pub set_aside: DataFrame,
    /// Rows without a time; nobody can say when they became known.
    pub undated: u64,
    /// Rows that were decoded.
    pub decoded: u64,
    /// What was asked for.
    pub demand: Demand,
    /// The date of the news that each date brought: (known from, newest event so far).
    news: Vec<(NaiveDate, NaiveDate)>,
}

/// The text that names a row in `rejects` and in findings.
pub(super) const ROW_KEY: &str = "__row_key";

impl Rows {
    /// Decodes a table and places its rows; `parent` is the table it links to, if any.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn open(table: &Table, demand: &Demand, parent: Option<&Rows>) -> PolarsResult<Self> {
        let decoded = scan::decode(table, demand)?;
        let count = decoded.height() as u64;
        let rows = dated(table, decoded.lazy().with_row_index(ROW, None)).collect()?;
        let undated = rows.column(OWN_FROM)?.null_count() as u64;
        let rows = rows.lazy().filter(col(OWN_FROM).is_not_null()).collect()?;
        let (rows, set_aside) = supersede(table, rows)?;
        let frame = linked(table, rows, parent)?;
        let news = news(table, &frame)?;
        Ok(Self {
            table: table.clone(),
            frame,
            set_aside,
            undated,
            decoded: count,
            demand: demand.clone(),
            news,
        })
    }

    /// Returns the columns that tell which of two rows is newer: the instant, then the row key.
    #[must_use]
    pub fn order(&self) -> Vec<String> {
        std::iter::once(INSTANT.to_owned())
            .chain((0..self.table.key.len()).map(key_column))
            .collect()
    }

    /// Returns the newest date of which the export had news by the end of `as_of`.
    #[must_use]
    pub fn newest(&self, as_of: NaiveDate, since: Option<NaiveDate>) -> Option<NaiveDate> {
        let until = self.news.partition_point(|(from, _)| *from <= as_of);
        let newest = self.news[..until].last().map(|(_, newest)| *newest);
        newest.filter(|newest| since.is_none_or(|since| *newest >= since))
    }

    /// Returns the dates on which the export had nothing fresh to say: no row at all, or its
    /// newest older than it may be.
    #[must_use]
    pub fn is_stale(&self, as_of: NaiveDate, since: Option<NaiveDate>) -> bool {
        match (self.newest(as_of, since), self.table.fresh_within) {
            (None, _) => true,
            (Some(newest), Some(limit)) => newest < limit.before(as_of),
            (Some(_), None) => false,
        }
    }

    /// Returns the links that other tables follow: this table's key and, per interval, the account.
    fn links(&self) -> PolarsResult<DataFrame> {
        let key = if self.table.key.is_empty() {
            LINK.to_owned()
        } else {
            key_column(0)
        };
        let versions = self
            .frame
            .clone()
            .lazy()
            .filter(col(ACCOUNT).is_not_null().and(col(FROM).lt(col(TO))))
            .select([
                col(key.as_str()).alias(LINK),
                col(ACCOUNT),
                col(FROM),
                col(TO),
            ])
            .sort([LINK, FROM], SortMultipleOptions::default())
            .collect()?;
        touching(versions)
    }
}

/// Joins versions that follow each other without a gap and say the same, so that a yearful of
/// daily dumps does not multiply the rows that link to it.
fn touching(versions: DataFrame) -> PolarsResult<DataFrame> {
    let before = |column: &str| col(column).shift(lit(1));
    let goes_on = before(LINK)
        .eq(col(LINK))
        .and(before(ACCOUNT).eq(col(ACCOUNT)))
        .and(before(TO).eq(col(FROM)))
        .fill_null(lit(false));
    versions
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
            col(FROM).first(),
            col(TO).last(),
        ])
        .select([col(LINK), col(ACCOUNT), col(FROM), col(TO)])
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

/// Gives every version of a key its interval, and sets repeats and keyless rows aside.
fn supersede(table: &Table, rows: DataFrame) -> PolarsResult<(DataFrame, DataFrame)> {
    let end = coalesce(&[col(END), date_literal(NEVER)]).alias(OWN_TO);
    let mut rows = rows.lazy().with_column(end).collect()?;
    if let History::Dumps(_) = table.history {
        rows = until_next_dump(table, rows)?;
    }
    if table.key.is_empty() {
        let nothing = set_aside(table, rows.clone().lazy().limit(0), lit(""), "", lit(""))?;
        return Ok((rows, nothing));
    }
    let keys: Vec<Expr> = (0..table.key.len()).map(|n| col(key_column(n))).collect();
    let keyed = keys
        .iter()
        .cloned()
        .map(Expr::is_not_null)
        .reduce(Expr::and)
        .expect("there is a key");
    let keyless = rows.clone().lazy().filter(keyed.clone().not());
    let missing = set_aside(
        table,
        keyless,
        lit(table.key.join(", ")),
        "key_missing",
        lit("null"),
    )?;
    // A full dump repeats every key on purpose; within one dump a key is unique.
    let mut unit = keys.clone();
    if let History::Dumps(_) = table.history {
        unit.push(col(START));
    }
    let repeated = repeated_keys(&rows, &keyed, &unit)?;
    if repeated.height() == 0 {
        return Ok((rows.lazy().filter(keyed).collect()?, missing));
    }
    let join = |how| {
        rows.clone().lazy().filter(keyed.clone()).join(
            repeated.clone().lazy(),
            unit.clone(),
            unit.clone(),
            JoinArgs::new(how),
        )
    };
    let single = join(JoinType::Anti);
    // Cells that become known later may not decide which row stays: that would let the future in.
    let content: Vec<String> = content_columns(table, &rows)
        .into_iter()
        .filter(|name| !table.known.contains_key(name))
        .collect();
    let several = earliest_cells(table, &rows, join(JoinType::Semi), &unit, &content)?;
    match table.history {
        History::Loads(_) | History::Versions { .. } => {
            let order: Vec<Expr> = keys
                .iter()
                .cloned()
                .chain([col(START_INSTANT)])
                .chain(columns(&content))
                .collect();
            let next = col(START).shift(lit(-1)).over(keys.clone())?;
            let until = min_horizontal([col(OWN_TO), next])?.alias(OWN_TO);
            let versions = several
                .sort_by_exprs(order, SortMultipleOptions::default())
                .with_column(until);
            Ok((
                concat([single, versions], UnionArgs::default())?.collect()?,
                missing,
            ))
        }
        History::Events | History::Dumps(_) => {
            let order: Vec<Expr> = unit
                .iter()
                .cloned()
                .chain([col(OWN_FROM), col(INSTANT)])
                .chain(columns(&content))
                .collect();
            let print = fingerprint(&columns(&content));
            let sorted = several
                .sort_by_exprs(order, SortMultipleOptions::default())
                .with_columns([
                    col(ROW).first().over(unit.clone())?.alias("__kept"),
                    print.clone().eq(print.first().over(unit)?).alias("__same"),
                ])
                .collect()?;
            let repeats = sorted.clone().lazy().filter(col(ROW).neq(col("__kept")));
            let found = when(col("__same"))
                .then(lit("same content as the row kept"))
                .otherwise(lit("other content than the row kept"));
            let repeats = set_aside(
                table,
                repeats,
                lit(table.key.join(", ")),
                "repeated_key",
                found,
            )?;
            let kept = sorted
                .lazy()
                .filter(col(ROW).eq(col("__kept")))
                .select([all().exclude_cols(["__kept", "__same"]).as_expr()]);
            let kept = concat([single, kept], UnionArgs::default())?.collect()?;
            Ok((kept, missing.vstack(&repeats)?))
        }
    }
}

/// Returns the keys that stand more than once.
///
/// Almost all stand once, so a number per key sorts those out first; the keys themselves are
/// compared only where two numbers are equal.
fn repeated_keys(rows: &DataFrame, keyed: &Expr, unit: &[Expr]) -> PolarsResult<DataFrame> {
    let numbered = rows.clone().lazy().filter(keyed.clone()).select(
        unit.iter()
            .cloned()
            .chain([fingerprint(unit).alias("__print")])
            .collect::<Vec<_>>(),
    );
    let numbered = numbered.collect()?;
    let several = |by: &[Expr], rows: LazyFrame| {
        rows.group_by(by.to_vec())
            .agg([len().alias("__n")])
            .filter(col("__n").gt(lit(1)))
            .select(by.to_vec())
    };
    let prints = several(&[col("__print")], numbered.clone().lazy());
    let suspects = numbered.lazy().join(
        prints,
        [col("__print")],
        [col("__print")],
        JoinArgs::new(JoinType::Semi),
    );
    several(unit, suspects).collect()
}

/// Where rows of one key and moment differ only in cells that become known later, each takes the
/// cell that was known first; whichever row stays then says the same on every as-of date.
fn earliest_cells(
    table: &Table,
    rows: &DataFrame,
    several: LazyFrame,
    unit: &[Expr],
    fixed: &[String],
) -> PolarsResult<LazyFrame> {
    let there = |name: &str| rows.column(name).is_ok();
    let tie: Vec<Expr> = unit
        .iter()
        .cloned()
        .chain([col(OWN_FROM), col(INSTANT), col(START_INSTANT)])
        .chain(columns(fixed))
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
    let mut names: Vec<String> = rows
        .get_column_names()
        .iter()
        .map(|name| name.to_string())
        .filter(|name| table.columns.contains_key(name))
        .collect();
    names.push(LINK.to_owned());
    names.sort();
    names
}

/// Returns the columns of those names.
pub(super) fn columns(names: &[String]) -> Vec<Expr> {
    names.iter().map(|name| col(name.as_str())).collect()
}

/// Returns a number that two rows share if they say the same in all of `columns`.
pub(super) fn fingerprint(columns: &[Expr]) -> Expr {
    columns
        .iter()
        .zip(1u64..)
        .map(|(column, seed)| column.clone().hash(seed, 2, 3, 4))
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| lit(0u64))
        .hash(5, 6, 7, 8)
}

/// Returns rows set aside in the shape of `rejects`, with the dates that place them.
pub(super) fn set_aside(
    table: &Table,
    rows: LazyFrame,
    column: Expr,
    rule: &str,
    found: Expr,
) -> PolarsResult<DataFrame> {
    let key = if table.key.is_empty() {
        concat_str([col(LINK), col(EVENT).cast(DataType::String)], " ", true)
    } else {
        let parts: Vec<Expr> = (0..table.key.len())
            .map(|n| col(key_column(n)).fill_null(lit("null")))
            .collect();
        concat_str(parts, "|", false)
    };
    rows.select([
        key.alias(ROW_KEY),
        column.cast(DataType::String).alias("column"),
        lit(rule).alias("rule"),
        found.cast(DataType::String).alias("found"),
        col(OWN_FROM),
        col(OWN_TO),
        col(EVENT),
    ])
    .collect()
}

/// Follows the link of each row to its account, and narrows its interval to what it hangs on.
fn linked(table: &Table, rows: DataFrame, parent: Option<&Rows>) -> PolarsResult<DataFrame> {
    let rows = rows.lazy();
    let linked = match (parent, &table.owner) {
        (Some(parent), Owner::Account(_) | Owner::Via { .. }) => {
            let links = parent.links()?;
            let joined = rows.join(
                links.lazy(),
                [col(LINK)],
                [col(LINK)],
                JoinArgs::new(JoinType::Left),
            );
            joined.with_columns([
                max_horizontal([col(OWN_FROM), col(FROM)])?.alias(FROM),
                min_horizontal([col(OWN_TO), col(TO)])?.alias(TO),
            ])
        }
        (None, _) => rows.with_columns([
            col(LINK).alias(ACCOUNT),
            col(OWN_FROM).alias(FROM),
            col(OWN_TO).alias(TO),
        ]),
    };
    linked.collect()
}

/// Returns, sorted by date, how new the newest row was that had become known by then.
fn news(table: &Table, rows: &DataFrame) -> PolarsResult<Vec<(NaiveDate, NaiveDate)>> {
    let dated = if table.time.is_some()
        && !matches!(table.history, History::Loads(_) | History::Dumps(_))
    {
        EVENT
    } else {
        START
    };
    let by_date = rows
        .clone()
        .lazy()
        .filter(col(dated).is_not_null())
        .group_by([col(OWN_FROM)])
        .agg([col(dated).max()])
        .collect()?;
    let mut newest = BTreeMap::new();
    for (from, date) in by_date
        .column(OWN_FROM)?
        .date()?
        .as_date_iter()
        .zip(by_date.column(dated)?.date()?.as_date_iter())
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
