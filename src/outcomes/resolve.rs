//! From `[outcomes]` as written to formulas checked against the exports.

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::file::{LinesFile, OutcomesFile, RecordsFile, Text};
use crate::config::{Problems, Source};
use crate::exports::Exports;
use crate::exports::as_of::{ACCOUNT, AS_OF, FROM, ROW, masked, visible};
use crate::exports::contract::{Contract, Table};
use crate::exports::scan::Demand;
use crate::formula::{self, Aggregates, Expr as Formula, Kind, date_literal, row_wise};

/// Days that a signature may be late before it counts as churn.
const GRACE_DAYS: u32 = 45;
/// Days within which lines that end make one decision.
const TOGETHER_DAYS: u32 = 30;

/// Where decisions come from, checked.
#[derive(Debug, Clone)]
pub struct Outcomes {
    /// Contract lines.
    pub lines: Option<Extract>,
    /// Decision records.
    pub records: Option<Extract>,
    /// Days that a signature may be late.
    pub grace_days: i64,
    /// Days within which lines that end make one decision.
    pub together_days: i64,
}

impl Outcomes {
    /// Returns whether two ends belong to one decision.
    #[must_use]
    pub fn is_together(&self, a: NaiveDate, b: NaiveDate) -> bool {
        (a - b).num_days().abs() <= self.together_days
    }

    /// Returns what the decisions ask of each export.
    #[must_use]
    pub fn demands(&self, as_of: NaiveDate) -> IndexMap<String, Demand> {
        let extracts: Vec<&Extract> = self.lines.iter().chain(&self.records).collect();
        demands(&extracts, as_of)
    }
}

/// Returns what some extracts ask of their exports, read from the first row on.
#[must_use]
pub fn demands(extracts: &[&Extract], as_of: NaiveDate) -> IndexMap<String, Demand> {
    let mut demands: IndexMap<String, Demand> = IndexMap::new();
    for extract in extracts {
        let demand = demands.entry(extract.table.clone()).or_default();
        demand.dates = vec![as_of];
        let columns = extract.columns.iter().flat_map(|(_, expr)| expr.columns());
        demand.columns.extend(columns.map(str::to_owned));
        demand.columns.sort();
        demand.columns.dedup();
    }
    demands
}

/// Named formulas over the rows of one export.
#[derive(Debug, Clone)]
pub struct Extract {
    /// The export.
    pub table: String,
    /// Names with their formulas; a name the job leaves out is not there.
    columns: Vec<(&'static str, Formula)>,
}

impl Extract {
    /// Checks formulas over an export; `wanted` are name, formula and the type it must have.
    pub fn resolve(
        from: &Text,
        wanted: &[(&'static str, Option<&Text>, Wanted)],
        contract: &Contract,
        source: &Source,
        problems: &mut Problems,
    ) -> Option<Self> {
        let Some(table) = contract.tables.get(from.get_ref()) else {
            if !contract.is_declared(from.get_ref()) {
                let names = contract.tables.keys().map(String::as_str);
                let problem = source.problem(from.span(), format!("there is no table `{from}`"));
                problems.push(problem.nearest(from.get_ref(), names));
            }
            return None;
        };
        let before = problems.0.len();
        let mut columns = Vec::new();
        for (name, text, kind) in wanted {
            let Some(text) = text else { continue };
            let checked = formula::parse(text.get_ref())
                .and_then(|parsed| formula::check(&parsed, &table.scope, Aggregates::Refused));
            match checked {
                Ok(expr) if kind.holds(expr.kind) => columns.push((*name, expr)),
                Ok(expr) => problems.push(source.problem(
                    text.span(),
                    format!("`{name}` is a {}, found a {}", kind.word(), expr.kind),
                )),
                Err(error) => problems.push(formula::problem(source, text, &error)),
            }
        }
        (problems.0.len() == before).then(|| Self {
            table: table.name.clone(),
            columns,
        })
    }

    /// Returns the rows known at the end of `as_of`, their later cells hidden, with the account,
    /// the first day each was known and one column per formula; numbers are doubles.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn read(&self, exports: &Exports, as_of: NaiveDate) -> PolarsResult<DataFrame> {
        let rows = &exports.tables[&self.table];
        let table: &Table = &rows.table;
        let cells = rows.demand.columns.iter();
        let cells: Vec<Expr> = cells
            .map(|column| masked(table, column, col(AS_OF)))
            .collect();
        let mut columns = vec![col(ACCOUNT), col(FROM), col(ROW)];
        columns.extend(self.columns.iter().map(|(name, expr)| {
            let value = row_wise(expr);
            let value = if expr.kind.is_number() {
                value.cast(DataType::Float64)
            } else {
                value
            };
            value.alias(*name)
        }));
        let order: Vec<Expr> = [ACCOUNT, FROM]
            .into_iter()
            .chain(self.columns.iter().map(|(name, _)| *name))
            .map(col)
            .collect();
        rows.frame()?
            .clone()
            .lazy()
            .with_column(date_literal(as_of).alias(AS_OF))
            .filter(visible(col(AS_OF)).and(col(ACCOUNT).is_not_null()))
            .with_columns(cells)
            .select(columns)
            .sort_by_exprs(order, SortMultipleOptions::default())
            .collect()
    }
}

/// The type that a formula must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Text.
    Text,
    /// A date.
    Date,
    /// A number.
    Number,
    /// True or false.
    Condition,
}

impl Wanted {
    fn holds(self, kind: Kind) -> bool {
        match self {
            Self::Text => matches!(kind, Kind::Text | Kind::Null),
            Self::Date => matches!(kind, Kind::Date | Kind::Null),
            Self::Number => kind.is_number(),
            Self::Condition => kind == Kind::Boolean,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Date => "date",
            Self::Number => "number",
            Self::Condition => "condition",
        }
    }
}

/// Checks `[outcomes]`; `None` when anything is wrong with it.
pub fn resolve(
    file: &OutcomesFile,
    contract: &Contract,
    source: &Source,
    problems: &mut Problems,
) -> Option<Outcomes> {
    let before = problems.0.len();
    let lines = file
        .lines
        .as_ref()
        .and_then(|file| lines(file, contract, source, problems));
    let records = file
        .records
        .as_ref()
        .and_then(|file| records(file, contract, source, problems));
    let days = |days: Option<crate::domain::DayCount>, default: u32| {
        i64::from(days.map_or(default, |days| days.0))
    };
    (problems.0.len() == before).then_some(Outcomes {
        lines,
        records,
        grace_days: days(file.grace, GRACE_DAYS),
        together_days: days(file.together, TOGETHER_DAYS),
    })
}

fn lines(
    file: &LinesFile,
    contract: &Contract,
    source: &Source,
    problems: &mut Problems,
) -> Option<Extract> {
    let wanted = [
        ("line", Some(&file.line), Wanted::Text),
        ("product", file.product.as_ref(), Wanted::Text),
        ("starts", Some(&file.starts), Wanted::Date),
        ("ends", file.ends.as_ref(), Wanted::Date),
        ("stopped", file.stopped.as_ref(), Wanted::Date),
        ("notice", file.notice.as_ref(), Wanted::Date),
        ("amount", file.amount.as_ref(), Wanted::Number),
        ("currency", file.currency.as_ref(), Wanted::Text),
        ("short_term", file.short_term.as_ref(), Wanted::Condition),
        ("reason", file.reason.as_ref(), Wanted::Text),
    ];
    Extract::resolve(&file.from, &wanted, contract, source, problems)
}

fn records(
    file: &RecordsFile,
    contract: &Contract,
    source: &Source,
    problems: &mut Problems,
) -> Option<Extract> {
    let wanted = [
        ("decision", Some(&file.decision), Wanted::Text),
        ("line", file.line.as_ref(), Wanted::Text),
        ("date", Some(&file.date), Wanted::Date),
        ("outcome", Some(&file.outcome), Wanted::Text),
        ("before", file.before.as_ref(), Wanted::Number),
        ("after", file.after.as_ref(), Wanted::Number),
        ("currency", file.currency.as_ref(), Wanted::Text),
        ("reason", file.reason.as_ref(), Wanted::Text),
    ];
    Extract::resolve(&file.from, &wanted, contract, source, problems)
}

/// The columns of an extract's frame as plain values.
pub(crate) struct Cells<'a>(pub &'a DataFrame);

impl Cells<'_> {
    pub(crate) fn texts(&self, name: &str) -> PolarsResult<Vec<Option<String>>> {
        let Ok(column) = self.0.column(name) else {
            return Ok(vec![None; self.0.height()]);
        };
        let column = column.cast(&DataType::String)?;
        Ok(column
            .str()?
            .iter()
            .map(|cell| cell.map(str::to_owned))
            .collect())
    }

    pub(crate) fn dates(&self, name: &str) -> PolarsResult<Vec<Option<NaiveDate>>> {
        let Ok(column) = self.0.column(name) else {
            return Ok(vec![None; self.0.height()]);
        };
        let column = column.cast(&DataType::Date)?;
        Ok(column.date()?.as_date_iter().collect())
    }

    pub(crate) fn numbers(&self, name: &str) -> PolarsResult<Vec<Option<f64>>> {
        let Ok(column) = self.0.column(name) else {
            return Ok(vec![None; self.0.height()]);
        };
        let column = column.cast(&DataType::Float64)?;
        Ok(column.f64()?.iter().collect())
    }

    pub(crate) fn conditions(&self, name: &str) -> PolarsResult<Vec<bool>> {
        let Ok(column) = self.0.column(name) else {
            return Ok(vec![false; self.0.height()]);
        };
        Ok(column
            .bool()?
            .iter()
            .map(|cell| cell == Some(true))
            .collect())
    }
}
