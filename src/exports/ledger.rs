//! Where every row of an export went, as of a date: the ledger balances or it is a bug.
//!
//! What was seen by the as-of date stands in the [`Ledger`], which is part of the result. What
//! cannot be placed in time, or was not yet seen, stands in the [`Unseen`]: a row that leads to no
//! account today may lead to one tomorrow, and tomorrow must not change today's result.

use chrono::NaiveDate;
use polars::prelude::*;
use serde::Serialize;

use super::Exports;
use super::as_of::{
    ACCOUNT, AS_OF, EVENT, FROM, OWN_FROM, ROW, TO, known_by_itself, masked, visible,
};
use super::contract::{BEFORE_PARENT, Owner, Rule, Table};
use super::file::Breach;
use super::lookup;
use super::rows::{self as all_rows, Rows};
use super::rules::{self, IS_BEFORE};
use super::scan::{self, LINK};
use crate::formula::{Expr as Formula, Kind, date_literal, shown_name};

/// The rows of one export that were seen by an as-of date, by what became of them.
///
/// `seen = used + left_out + outside_every_window + set_aside`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Our name of the export.
    pub export: String,
    /// The first event date counted; rows before it were left unread. `null` counts from the first.
    pub since: Option<NaiveDate>,
    /// Rows seen by the end of the as-of date and not superseded by a newer version.
    pub seen: u64,
    /// Rows that a measure could read.
    pub used: u64,
    /// Rows that the export's own `where` leaves out of every measure.
    pub left_out: u64,
    /// Rows that are older than every window.
    pub outside_every_window: u64,
    /// Rows that break a rule of the contract.
    pub set_aside: u64,
    /// A fingerprint of the rows seen and their cells, whatever their order.
    pub fingerprint: String,
}

/// A ledger and the rows that stand in it as lost.
#[derive(Debug, Clone)]
pub struct Account {
    /// The counts.
    pub ledger: Ledger,
    /// `export`, `row_key`, `column`, `rule`, `found`.
    pub rejects: DataFrame,
    /// Rules that rows break which are used all the same.
    pub broken: Vec<BrokenRule>,
}

/// A rule that rows break which are used all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    /// Its name.
    pub rule: String,
    /// What should hold, as written; empty for the program's own.
    pub must: String,
    /// The columns it reads.
    pub column: String,
    /// Rows that break it.
    pub rows: u64,
    /// The first and the last of them by their key.
    pub row_keys: Vec<String>,
}

/// The decoded rows of one export that were not seen by an as-of date.
///
/// `decoded = seen + without_time + not_yet_known + superseded + unresolved`, for an export that
/// is read from its first row on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// Rows without a time; nobody can say when they became known.
    pub without_time: u64,
    /// Rows that had not yet happened.
    pub not_yet_known: u64,
    /// Rows that a newer version had replaced, or whose account had ended.
    pub superseded: u64,
    /// Rows that had never led to an account.
    pub unresolved: u64,
    /// Some of those, by what they link to.
    pub unresolved_links: Vec<String>,
    /// Cells that are filled although their moment is not: they stay hidden. By column.
    pub undated_cells: Vec<(String, u64)>,
}

impl Rows {
    /// Accounts for every row seen by `as_of`.
    ///
    /// `since` is the first event date that any window reaches from there, `None` if none has a
    /// begin.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn account(
        &self,
        exports: &Exports,
        as_of: NaiveDate,
        since: Option<NaiveDate>,
    ) -> PolarsResult<Account> {
        if let Some(counts) = self.counts_of_walk(as_of, since) {
            return Ok(self.account_of(counts));
        }
        let kept = self.kept()?;
        let on = || date_literal(as_of);
        let counted = self.counted(since);
        let seen = kept.frame.clone().lazy().filter(
            visible(on())
                .and(col(ACCOUNT).is_not_null())
                .and(counted.clone()),
        );
        let warned = self.warned(&kept.frame, as_of);
        let mut counted_up = vec![
            len().cast(DataType::UInt64).alias("seen"),
            in_reach(since)
                .sum()
                .cast(DataType::UInt64)
                .alias("reached"),
        ];
        counted_up.extend(warned.iter().enumerate().map(|(n, (_, is_broken))| {
            let rows = is_broken.clone().sum().cast(DataType::UInt64);
            rows.alias(format!("__rule_{n}"))
        }));
        let counts = seen.clone().select(counted_up).collect()?;
        let count = |name: &str| -> PolarsResult<u64> {
            Ok(counts.column(name)?.u64()?.get(0).unwrap_or(0))
        };
        let rejects = kept
            .set_aside
            .clone()
            .lazy()
            .filter(visible(on()).and(counted))
            .select([
                lit(self.table.name.clone()).alias("export"),
                col("row_key"),
                col("column"),
                col("rule"),
                col("found"),
            ])
            .collect()?;
        let mut broken = Vec::new();
        for (n, (mut rule, is_broken)) in warned.into_iter().enumerate() {
            rule.rows = count(&format!("__rule_{n}"))?;
            if rule.rows > 0 {
                rule.row_keys = self.some_keys(seen.clone().filter(is_broken))?;
                broken.push(rule);
            }
        }
        let set_aside = rejects.height() as u64;
        let (seen_rows, reached) = (count("seen")?, count("reached")?);
        let left_out = self.left_out(exports, seen.clone().filter(in_reach(since)), as_of)?;
        Ok(Account {
            ledger: Ledger {
                export: self.table.name.clone(),
                since: since.filter(|_| self.table.can_skip_by_time()),
                seen: seen_rows + set_aside,
                used: reached - left_out,
                left_out,
                outside_every_window: seen_rows - reached,
                set_aside,
                fingerprint: self.fingerprint(&kept.frame, seen, as_of)?,
            },
            rejects,
            broken,
        })
    }

    /// Counts the rows that the condition of the table leaves out of every measure.
    fn left_out(&self, exports: &Exports, seen: LazyFrame, as_of: NaiveDate) -> PolarsResult<u64> {
        let Some(condition) = self.condition() else {
            return Ok(0);
        };
        let on = DataFrame::new_infer_height(vec![Column::new(AS_OF.into(), [as_of])])?;
        let seen = seen.with_column(date_literal(as_of).alias(AS_OF));
        let counts = lookup::attach(seen, self, exports, &on)?
            .filter(rules::is_left_out(&self.table, condition, as_of))
            .select([len().cast(DataType::UInt64)])
            .collect()?;
        Ok(counts.columns()[0].u64()?.get(0).unwrap_or(0))
    }

    /// Returns the condition of the table; `None` where it has none, or where nothing was asked of the
    /// rows that rests on it.
    pub(super) fn condition(&self) -> Option<&Formula> {
        let (_, condition) = self.table.condition.as_ref()?;
        let decoded = scan::base_columns(&self.table, &self.demand);
        let is_there = |name: &str| {
            let name = shown_name(name);
            let mut known = decoded.iter().chain(&self.demand.taken);
            known.any(|known| known == name)
        };
        condition
            .columns()
            .into_iter()
            .all(is_there)
            .then_some(condition)
    }

    /// Returns the rules that only warn, each with whether a row breaks it at a date.
    fn warned(&self, frame: &DataFrame, as_of: NaiveDate) -> Vec<(BrokenRule, Expr)> {
        let about = |rule: &str, must: &str, column: String| BrokenRule {
            rule: rule.to_owned(),
            must: must.to_owned(),
            column,
            rows: 0,
            row_keys: Vec::new(),
        };
        let on = rules::on(as_of);
        let only_warns = |rule: &&Rule| rule.otherwise == Breach::Warn;
        let mut warned: Vec<(BrokenRule, Expr)> = self
            .table
            .rules
            .iter()
            .filter(only_warns)
            .map(|rule| {
                let column = rules::columns_of(rule).join(", ");
                let is_broken = rules::is_broken(&self.table, rule, &on);
                (about(&rule.name, &rule.text, column), is_broken)
            })
            .collect();
        if self.table.before_parent == Breach::Warn && frame.column(IS_BEFORE).is_ok() {
            let column = self.table.time.clone().unwrap_or_default();
            let is_before = col(IS_BEFORE).fill_null(lit(false));
            warned.push((about(BEFORE_PARENT, "", column), is_before));
        }
        warned
    }

    /// Returns the first and the last of the rows' keys; a sort of all would cost too much.
    fn some_keys(&self, rows: LazyFrame) -> PolarsResult<Vec<String>> {
        let key = rules::row_key(&self.table);
        let ends = rows
            .select([key.clone().min().alias("first"), key.max().alias("last")])
            .collect()?;
        let mut keys = Vec::new();
        for end in ["first", "last"] {
            keys.extend(ends.column(end)?.str()?.get(0).map(str::to_owned));
        }
        keys.dedup();
        Ok(keys)
    }

    /// What was left unread cannot be counted, so it is not counted where a wider run read it.
    fn counted(&self, since: Option<NaiveDate>) -> Expr {
        in_reach(since.filter(|_| self.table.can_skip_by_time()))
    }

    /// Sums a number per row, so that neither the order of rows nor of files shows.
    fn fingerprint(
        &self,
        frame: &DataFrame,
        seen: LazyFrame,
        as_of: NaiveDate,
    ) -> PolarsResult<String> {
        let mut columns = all_rows::content_columns(&self.table, frame);
        let cells: Vec<Expr> = columns
            .iter()
            .filter(|name| self.table.columns.contains_key(*name))
            .map(|name| masked(&self.table, name, date_literal(as_of)))
            .collect();
        // Where a row hangs on another, what it is worth lies in the account it leads to.
        columns.push(ACCOUNT.to_owned());
        let print = all_rows::fingerprint(&all_rows::columns(&columns));
        let half = |print: Expr| print.cast(DataType::UInt64).sum();
        let sums = seen
            .with_columns(cells)
            .select([
                half(print.clone().floor_div(lit(1u64 << 32))).alias("high"),
                half(print % lit(1u64 << 32)).alias("low"),
            ])
            .collect()?;
        let sum =
            |name: &str| -> PolarsResult<u64> { Ok(sums.column(name)?.u64()?.get(0).unwrap_or(0)) };
        Ok(print_of([sum("high")?, sum("low")?]))
    }

    /// Accounts for every decoded row that was not seen by `as_of`.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn unseen(&self, as_of: NaiveDate) -> PolarsResult<Unseen> {
        if let Some(unseen) = self.unseen_by_walk(as_of) {
            return Ok(unseen);
        }
        let kept = self.kept()?;
        let on = || date_literal(as_of);
        let rows_where = |condition: Expr| -> PolarsResult<u64> {
            let rows = kept
                .frame
                .clone()
                .lazy()
                .filter(condition)
                .select([col(ROW).n_unique().cast(DataType::UInt64)])
                .collect()?;
            Ok(rows.columns()[0].u64()?.get(0).unwrap_or(0))
        };
        let by_row = self.not_seen(as_of)?;
        let lost = by_row.clone().lazy().filter(is_astray()).collect()?;
        let mut links: Vec<String> = lost
            .column(LINK)?
            .str()?
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        links.sort();
        links.dedup();
        links.truncate(3);
        // A row that is set aside ends there, but nothing has replaced it.
        let set_aside = kept
            .set_aside
            .clone()
            .lazy()
            .filter(visible(on()))
            .collect()?
            .height();
        Ok(Unseen {
            without_time: kept.timeless.height() as u64,
            not_yet_known: rows_where(col(OWN_FROM).gt(on()))?,
            superseded: (by_row.height() - lost.height()).saturating_sub(set_aside) as u64,
            unresolved: lost.height() as u64,
            unresolved_links: links,
            undated_cells: self.undated_cells(&visible(on()))?,
        })
    }

    /// Returns the rows that are dated by then and not seen, one each, with whether they ever led to
    /// an account, and whether they are known by themselves.
    fn not_seen(&self, as_of: NaiveDate) -> PolarsResult<DataFrame> {
        let on = || date_literal(as_of);
        // A row whose account has ended led somewhere once; it is over, and not astray.
        let has_led = col(ACCOUNT)
            .is_not_null()
            .and(col(FROM).lt(col(TO)))
            .and(col(FROM).lt_eq(on()));
        let is_seen = || visible(on()).and(col(ACCOUNT).is_not_null());
        let frame = self.frame()?;
        let rows = || frame.clone().lazy();
        // Nearly all rows are seen, so only the others are looked at one by one.
        let others = rows()
            .filter(col(OWN_FROM).lt_eq(on()).and(is_seen().not()))
            .group_by([col(ROW)])
            .agg([
                has_led.any(true).alias("has_led"),
                known_by_itself(on()).any(true).alias("known"),
                col(LINK).first().fill_null(lit("null")),
            ])
            .collect()?;
        let by_row = [col(ROW)];
        let join = |left: LazyFrame, right: LazyFrame, how| {
            left.join(right, by_row.clone(), by_row.clone(), JoinArgs::new(how))
        };
        // What is seen through another version of its account is seen.
        let seen = rows().filter(is_seen()).select([col(ROW)]);
        let seen = join(seen, others.clone().lazy(), JoinType::Semi).collect()?;
        join(others.lazy(), seen.lazy(), JoinType::Anti).collect()
    }

    /// Returns the rows that no score sees and that are no rejects either, in the shape of `rejects`:
    /// they lead to no account, or have no date.
    ///
    /// Which they are may change with what is yet to come, so they are no part of a result.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn astray(&self, as_of: NaiveDate) -> PolarsResult<DataFrame> {
        let (column, rule) = self.link();
        let as_rejects = |rows: LazyFrame, column: &str, rule: &str, found: Expr| {
            rows.select([
                lit(self.table.name.clone()).alias("export"),
                rules::row_key(&self.table).alias("row_key"),
                lit(column.to_owned()).alias("column"),
                lit(rule.to_owned()).alias("rule"),
                found.alias("found"),
            ])
        };
        let by_row = [col(ROW)];
        let kept = self.kept()?;
        let lost = self.not_seen(as_of)?.lazy().filter(is_astray());
        let lost = kept
            .frame
            .clone()
            .lazy()
            .join(lost, by_row.clone(), by_row, JoinArgs::new(JoinType::Semi))
            .unique_generic(Some(vec![col(ROW)]), UniqueKeepStrategy::Any);
        let time = self.table.time.as_ref().or(self.table.dated_by());
        let time = time.map_or("", String::as_str);
        concat(
            [
                as_rejects(lost, column, rule, col(LINK).fill_null(lit("null"))),
                as_rejects(
                    kept.timeless.clone().lazy(),
                    time,
                    "without_time",
                    lit("null"),
                ),
            ],
            UnionArgs::default(),
        )?
        .collect()
    }

    fn undated_cells(&self, seen: &Expr) -> PolarsResult<Vec<(String, u64)>> {
        let frame = self.frame()?;
        let there = |name: &str| frame.column(name).is_ok();
        let mut found = Vec::new();
        for (cell, hidden) in hidden_cells(&self.table, there) {
            let count = frame
                .clone()
                .lazy()
                .filter(seen.clone().and(hidden))
                .collect()?
                .height() as u64;
            if count > 0 {
                found.push((cell.to_owned(), count));
            }
        }
        Ok(found)
    }

    /// Returns the column by which a row finds its account, and the rule it breaks if it does not.
    #[must_use]
    pub fn link(&self) -> (&str, &'static str) {
        match &self.table.owner {
            Owner::Account(column) => (column, "unknown_account"),
            Owner::Via { column, .. } => (column, "unresolved_link"),
            Owner::Everybody => ("", "unresolved_link"),
        }
    }

    /// Returns the first date on which each account had a visible row: the meaning of "any row".
    ///
    /// # Errors
    /// When Polars fails.
    pub fn first_seen(&self) -> PolarsResult<DataFrame> {
        if let Some(seen) = self.first_seen_by_walk() {
            return seen;
        }
        self.frame()?
            .clone()
            .lazy()
            .filter(col(ACCOUNT).is_not_null().and(col(FROM).lt(col(TO))))
            .group_by([col(ACCOUNT)])
            .agg([col(FROM).min().alias("__seen")])
            .collect()
    }
}

/// Returns the cells that may be filled although their moment is not, each with whether a row's is.
pub(super) fn hidden_cells<'a>(
    table: &'a Table,
    there: impl Fn(&str) -> bool,
) -> Vec<(&'a str, Expr)> {
    let both = |(cell, moment): &(&String, &String)| cell != moment && there(cell) && there(moment);
    // A moment that stands behind a date is no cell of its own.
    let is_cell = |(cell, _): &(&String, &String)| {
        let column = table.columns.get(*cell);
        column.is_some_and(|column| column.kind != Kind::Instant)
    };
    let hidden = |(cell, moment): (&'a String, &String)| {
        let is_hidden = col(cell.as_str()).is_not_null();
        let is_hidden = is_hidden.and(col(moment.as_str()).is_null());
        (cell.as_str(), is_hidden)
    };
    let cells = table.known.iter().filter(both).filter(is_cell);
    cells.map(hidden).collect()
}

/// Returns the fingerprint that sums of the halves of rows' numbers give.
pub(super) fn print_of([high, low]: [u64; 2]) -> String {
    format!("{high:016x}{low:016x}")
}

/// Returns whether a row that is not seen has never led to an account.
fn is_astray() -> Expr {
    col("has_led").not().and(col("known"))
}

/// Returns which rows a window reaches that begins no earlier than `since`.
pub(super) fn in_reach(since: Option<NaiveDate>) -> Expr {
    // Spread over a column, so that it can be summed.
    let everything = || col(EVENT).is_null().or(col(EVENT).is_not_null());
    since.map_or_else(everything, |since| {
        col(EVENT)
            .gt_eq(date_literal(since))
            .or(col(EVENT).is_null())
    })
}
