//! Where every row of an export went, as of a date: the ledger balances or it is a bug.

use chrono::NaiveDate;
use polars::prelude::*;
use serde::Serialize;

use super::as_of::{
    ACCOUNT, EVENT, FROM, OWN_FROM, OWN_TO, ROW, TO, known_by_itself, masked, visible,
};
use super::contract::Owner;
use super::rows::{self, ROW_KEY, Rows};
use super::scan::LINK;
use crate::formula::date_literal;

/// The rows of one export that were known at an as-of date, by what became of them.
///
/// `known = used + outside_every_window + unresolved + set_aside`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Our name of the export.
    pub export: String,
    /// The first event date counted; rows before it were left unread. `null` counts from the first.
    pub since: Option<NaiveDate>,
    /// Rows known by the end of the as-of date and not superseded by a newer version.
    pub known: u64,
    /// Rows that a measure could read.
    pub used: u64,
    /// Rows that are older than every window.
    pub outside_every_window: u64,
    /// Rows that lead to no account.
    pub unresolved: u64,
    /// Rows that break a rule of the contract.
    pub set_aside: u64,
    /// A fingerprint of the known rows and cells, whatever their order.
    pub fingerprint: String,
}

/// A ledger and the rows that stand in it as lost.
#[derive(Debug, Clone)]
pub struct Account {
    /// The counts.
    pub ledger: Ledger,
    /// `export`, `row_key`, `column`, `rule`, `found`.
    pub rejects: DataFrame,
    /// Cells that are filled although their moment is not: they stay hidden.
    pub undated_cells: Vec<(String, u64)>,
}

impl Rows {
    /// Accounts for every row known at `as_of`.
    ///
    /// `since` is the first event date that any window reaches from there, `None` if none has a
    /// begin.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn account(&self, as_of: NaiveDate, since: Option<NaiveDate>) -> PolarsResult<Account> {
        // What was left unread cannot be counted, so it is not counted where a wider run read it.
        let counted_since = since.filter(|_| self.table.can_skip_by_time());
        let counted = counted_since.map_or_else(
            || lit(true),
            |since| {
                col(EVENT)
                    .gt_eq(date_literal(since))
                    .or(col(EVENT).is_null())
            },
        );
        let known = self
            .frame
            .clone()
            .lazy()
            .filter(known_by_itself(date_literal(as_of)).and(counted.clone()));
        let in_reach = since.map_or_else(
            || lit(true),
            |since| {
                col(EVENT)
                    .gt_eq(date_literal(since))
                    .or(col(EVENT).is_null())
            },
        );
        let resolved = col(ACCOUNT).is_not_null().and(visible(date_literal(as_of)));
        let by_row = known.clone().group_by([col(ROW)]).agg([
            resolved.clone().any(true).alias("resolved"),
            in_reach.any(true).alias("in_reach"),
        ]);
        let counts = by_row
            .select([
                len().cast(DataType::UInt64).alias("known"),
                col("resolved")
                    .and(col("in_reach"))
                    .sum()
                    .cast(DataType::UInt64)
                    .alias("used"),
                col("resolved")
                    .and(col("in_reach").not())
                    .sum()
                    .cast(DataType::UInt64)
                    .alias("outside"),
                col("resolved")
                    .not()
                    .sum()
                    .cast(DataType::UInt64)
                    .alias("unresolved"),
            ])
            .collect()?;
        let count = |name: &str| -> PolarsResult<u64> {
            Ok(counts.column(name)?.u64()?.get(0).unwrap_or(0))
        };
        let unresolved = count("unresolved")?;
        let broken = self
            .set_aside
            .clone()
            .lazy()
            .filter(known_by_itself(date_literal(as_of)).and(counted))
            .collect()?;
        let mut rejects = vec![broken.clone().lazy()];
        if unresolved > 0 {
            rejects.push(self.unresolved(known.clone(), &resolved)?.lazy());
        }
        let rejects = concat(rejects, UnionArgs::default())?
            .select([
                lit(self.table.name.clone()).alias("export"),
                col(ROW_KEY).alias("row_key"),
                col("column"),
                col("rule"),
                col("found"),
            ])
            .collect()?;
        Ok(Account {
            ledger: Ledger {
                export: self.table.name.clone(),
                since: counted_since,
                known: count("known")? + broken.height() as u64,
                used: count("used")?,
                outside_every_window: count("outside")?,
                unresolved,
                set_aside: broken.height() as u64,
                fingerprint: self.fingerprint(known.clone(), as_of)?,
            },
            rejects,
            undated_cells: self.undated_cells(known)?,
        })
    }

    fn unresolved(&self, known: LazyFrame, resolved: &Expr) -> PolarsResult<DataFrame> {
        let lost = known
            .group_by([col(ROW)])
            .agg([
                resolved.clone().any(true).alias("__resolved"),
                all().exclude_cols([ROW]).as_expr().first(),
            ])
            .filter(col("__resolved").not());
        let (column, rule) = match &self.table.owner {
            Owner::Account(column) => (column, "unknown_account"),
            Owner::Via { column, .. } => (column, "unresolved_link"),
        };
        rows::set_aside(
            &self.table,
            lost,
            lit(column.clone()),
            rule,
            col(LINK).fill_null(lit("null")),
        )
    }

    /// Sums a number per row, so that neither the order of rows nor of files shows.
    fn fingerprint(&self, known: LazyFrame, as_of: NaiveDate) -> PolarsResult<String> {
        let content = rows::content_columns(&self.table, &self.frame);
        let cells: Vec<Expr> = content
            .iter()
            .filter(|name| self.table.columns.contains_key(*name))
            .map(|name| masked(&self.table, name, date_literal(as_of)))
            .collect();
        // Where a row hangs on another, what it is worth lies in the account it leads to.
        let leads_to = when(visible(date_literal(as_of)))
            .then(col(ACCOUNT))
            .otherwise(lit(NULL))
            .alias(ACCOUNT);
        let mut columns = content;
        columns.push(ACCOUNT.to_owned());
        let print = rows::fingerprint(&rows::columns(&columns));
        let half = |print: Expr| print.cast(DataType::UInt64).sum();
        let sums = known
            .with_columns(cells)
            .with_column(leads_to)
            .select([
                half(print.clone().floor_div(lit(1u64 << 32))).alias("high"),
                half(print % lit(1u64 << 32)).alias("low"),
            ])
            .collect()?;
        let sum =
            |name: &str| -> PolarsResult<u64> { Ok(sums.column(name)?.u64()?.get(0).unwrap_or(0)) };
        Ok(format!("{:016x}{:016x}", sum("high")?, sum("low")?))
    }

    fn undated_cells(&self, known: LazyFrame) -> PolarsResult<Vec<(String, u64)>> {
        let cells: Vec<(&String, &String)> = self
            .table
            .known
            .iter()
            .filter(|(cell, moment)| {
                cell != moment
                    && self.frame.column(cell).is_ok()
                    && self.frame.column(moment).is_ok()
            })
            .collect();
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let hidden: Vec<Expr> = cells
            .iter()
            .map(|(cell, moment)| {
                col(cell.as_str())
                    .is_not_null()
                    .and(col(moment.as_str()).is_null())
                    .sum()
                    .cast(DataType::UInt64)
                    .alias(cell.as_str())
            })
            .collect();
        let counts = known.select(hidden).collect()?;
        cells
            .into_iter()
            .map(|(cell, _)| {
                Ok((
                    cell.clone(),
                    counts.column(cell)?.u64()?.get(0).unwrap_or(0),
                ))
            })
            .filter(|count: &PolarsResult<(String, u64)>| !matches!(count, Ok((_, 0))))
            .collect()
    }

    /// Returns how many decoded rows were not yet known at `as_of`; they belong to the moment of
    /// the run and not to its result.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn not_yet_known(&self, as_of: NaiveDate) -> PolarsResult<u64> {
        let later = |frame: &DataFrame| -> PolarsResult<u64> {
            let count = frame
                .clone()
                .lazy()
                .filter(col(OWN_FROM).gt(date_literal(as_of)));
            let unique = if frame.column(ROW).is_ok() {
                col(ROW).n_unique()
            } else {
                len()
            };
            Ok(count
                .select([unique.cast(DataType::UInt64)])
                .collect()?
                .columns()[0]
                .u64()?
                .get(0)
                .unwrap_or(0))
        };
        Ok(later(&self.frame)? + later(&self.set_aside)?)
    }

    /// Returns how many decoded rows had been superseded by a newer version at `as_of`.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn superseded(&self, as_of: NaiveDate) -> PolarsResult<u64> {
        let old = self.frame.clone().lazy().filter(
            col(OWN_FROM)
                .lt_eq(date_literal(as_of))
                .and(col(OWN_TO).lt_eq(date_literal(as_of))),
        );
        Ok(old
            .select([col(ROW).n_unique().cast(DataType::UInt64)])
            .collect()?
            .columns()[0]
            .u64()?
            .get(0)
            .unwrap_or(0))
    }

    /// Returns the first date on which each account had a visible row: the meaning of "any row".
    ///
    /// # Errors
    /// When Polars fails.
    pub fn first_seen(&self) -> PolarsResult<DataFrame> {
        self.frame
            .clone()
            .lazy()
            .filter(col(ACCOUNT).is_not_null().and(col(FROM).lt(col(TO))))
            .group_by([col(ACCOUNT)])
            .agg([col(FROM).min().alias("__seen")])
            .collect()
    }
}
