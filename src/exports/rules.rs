//! Rows that break a rule of the contract: set aside from the day on which they do, or counted.
//!
//! A rule is read as it could be read on the day: a cell that becomes known later is NULL before,
//! and NULL breaks no rule. So a row is broken from the first of its moments on which the rule is
//! false, and stays so; nothing that comes later can change that.

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

use super::as_of::{ACCOUNT, EVENT, FROM, OWN_FROM, OWN_TO, ROW, TO};
use super::contract::{BEFORE_PARENT, Rule, Table};
use super::file::Breach;
use super::scan::{LINK, key_column};
use crate::formula::{
    Comparison, Expr as Formula, Kind, Literal, Node, Scalar, row_wise, shown_name,
};

/// Whether a row is dated before what it hangs on; there only where that is asked for.
pub(super) const IS_BEFORE: &str = "__before_parent";
/// The first date on which a row breaks a rule.
const BROKEN_FROM: &str = "__broken_from";
/// The same over all versions of what the row hangs on.
const FIRST_BROKEN: &str = "__first_broken";

/// Returns the text that names a row: its key, and without one what it hangs on and its date.
pub(super) fn row_key(table: &Table) -> Expr {
    let mut parts: Vec<Expr> = (0..table.key.len()).map(|n| col(key_column(n))).collect();
    if parts.is_empty() {
        parts = vec![col(LINK), col(EVENT).cast(DataType::String)];
    }
    let parts: Vec<Expr> = parts
        .into_iter()
        .map(|part| part.cast(DataType::String).fill_null(lit("null")))
        .collect();
    concat_str(parts, "|", false)
}

/// Returns the columns by which people know what a rule reads, each once.
pub(super) fn columns_of(rule: &Rule) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for column in rule.must.columns() {
        let shown = shown_name(column).to_owned();
        if !columns.contains(&shown) {
            columns.push(shown);
        }
    }
    columns
}

/// Cuts short the rows that break a rule which rejects, and returns them beside the others in the
/// shape of `rejects`, with the dates on which they stand there.
pub(super) fn enforce(
    table: &Table,
    rows: DataFrame,
) -> PolarsResult<(DataFrame, Option<DataFrame>)> {
    let is_rejecting = |rule: &&Rule| rule.otherwise == Breach::Reject;
    let mut breaches: Vec<Breached> = table
        .rules
        .iter()
        .filter(is_rejecting)
        .map(|rule| Breached::of(table, rule))
        .collect();
    if table.before_parent == Breach::Reject && rows.column(IS_BEFORE).is_ok() {
        breaches.push(Breached::before_parent(table));
    }
    if breaches.is_empty() {
        return Ok((rows, None));
    }
    let from: Vec<Expr> = breaches.iter().map(|breach| breach.from.clone()).collect();
    let dates = rows
        .clone()
        .lazy()
        .with_column(min_horizontal(from)?.alias(BROKEN_FROM))
        .select([seen_broken()?.alias(BROKEN_FROM)])
        .collect()?
        .column(BROKEN_FROM)?
        .clone();
    if dates.null_count() == rows.height() {
        return Ok((rows, None));
    }
    let mut dated = rows;
    dated.with_column(dates)?;
    let broken = dated
        .clone()
        .lazy()
        .filter(col(BROKEN_FROM).is_not_null())
        .select(records(table, &breaches)?)
        .group_by([col(ROW)])
        .agg([
            col("row_key").first(),
            col("column")
                .sort_by([col(FROM)], SortMultipleOptions::default())
                .first(),
            col("rule")
                .sort_by([col(FROM)], SortMultipleOptions::default())
                .first(),
            col("found")
                .sort_by([col(FROM)], SortMultipleOptions::default())
                .first(),
            col(FROM).min(),
            col(TO).max(),
            col(EVENT).first(),
        ])
        .collect()?;
    let cut = |end: &str, by: &str| min_horizontal([col(end), col(by)]).map(|cut| cut.alias(end));
    // A row is over by itself from its first breach on, whichever version of its account broke it.
    let first = broken
        .clone()
        .lazy()
        .select([col(ROW), col(FROM).alias(FIRST_BROKEN)]);
    let on = [col(ROW)];
    let rows = dated
        .lazy()
        .join(first, on.clone(), on, JoinArgs::new(JoinType::Left))
        .with_columns([cut(OWN_TO, FIRST_BROKEN)?, cut(TO, BROKEN_FROM)?])
        .select([all().exclude_cols([BROKEN_FROM, FIRST_BROKEN]).as_expr()])
        .collect()?;
    let broken = broken.drop(ROW)?;
    Ok((rows, Some(broken)))
}

/// Returns the first date on which a broken row would have been seen as such; what leads to no
/// account is astray, whatever else is wrong with it.
fn seen_broken() -> PolarsResult<Expr> {
    let from = max_horizontal([col(BROKEN_FROM), col(FROM)])?;
    let is_broken = col(BROKEN_FROM)
        .is_not_null()
        .and(col(ACCOUNT).is_not_null());
    Ok(when(is_broken.and(from.clone().lt(col(TO))))
        .then(from)
        .otherwise(lit(NULL)))
}

/// One rule as it bears on rows.
struct Breached {
    name: String,
    column: String,
    /// The first date on which a row breaks it, null where none does.
    from: Expr,
    /// What was found then.
    found: Expr,
}

impl Breached {
    fn of(table: &Table, rule: &Rule) -> Self {
        let cells = columns_of(rule)
            .into_iter()
            .flat_map(|column| {
                let cell = match table.known.get(&column) {
                    Some(moment) => when(
                        col(moment.as_str())
                            .cast(DataType::Date)
                            .lt_eq(col(BROKEN_FROM)),
                    )
                    .then(col(column.as_str()))
                    .otherwise(lit(NULL)),
                    None => col(column.as_str()),
                };
                let text = cell.cast(DataType::String).fill_null(lit("null"));
                [lit(format!(", {column} = ")), text]
            })
            .collect::<Vec<_>>();
        Self {
            name: rule.name.clone(),
            column: columns_of(rule).join(", "),
            from: broken_from(table, rule),
            found: concat_str(cells, "", false).str().slice(lit(2), lit(NULL)),
        }
    }

    fn before_parent(table: &Table) -> Self {
        let time = table.time.clone().unwrap_or_default();
        Self {
            name: BEFORE_PARENT.to_owned(),
            from: when(col(IS_BEFORE)).then(col(FROM)).otherwise(lit(NULL)),
            found: concat_str(
                [lit(format!("{time} = ")), col(EVENT).cast(DataType::String)],
                "",
                false,
            ),
            column: time,
        }
    }
}

/// Returns the cells of a record: of several rules that a row breaks, the one it broke first.
fn records(table: &Table, breaches: &[Breached]) -> PolarsResult<Vec<Expr>> {
    let first = |cell: &dyn Fn(&Breached) -> Expr| {
        let arms = breaches.iter().map(|breach| {
            when(breach.from.clone().lt_eq(col(BROKEN_FROM)))
                .then(cell(breach))
                .otherwise(lit(NULL))
        });
        coalesce(&arms.collect::<Vec<_>>())
    };
    Ok(vec![
        col(ROW),
        row_key(table).alias("row_key"),
        first(&|breach| lit(breach.column.clone())).alias("column"),
        first(&|breach| lit(breach.name.clone())).alias("rule"),
        first(&|breach| breach.found.clone()).alias("found"),
        col(BROKEN_FROM).alias(FROM),
        col(TO),
        col(EVENT),
    ])
}

/// Returns whether a row breaks a rule by what is known of it at a date.
pub(super) fn is_broken(table: &Table, rule: &Rule, on: &Formula) -> Expr {
    row_wise(&read_on(table, &rule.must, on))
        .not()
        .fill_null(lit(false))
}

/// Returns whether the condition of a table, which it must have, leaves a row out of every measure
/// at a date.
pub(super) fn is_left_out(table: &Table, condition: &Formula, as_of: NaiveDate) -> Expr {
    row_wise(&read_on(table, condition, &on(as_of)))
        .fill_null(lit(false))
        .not()
}

/// Returns a condition as it could be read at a date: a cell that became known later is NULL.
fn read_on(table: &Table, condition: &Formula, on: &Formula) -> Formula {
    condition.rebuilt(&mut |expr| match &expr.node {
        Node::Column(name) if table.known.contains_key(name) => known_by(table, expr, on),
        Node::AsOf => on.clone(),
        _ => expr,
    })
}

/// Returns a date as a formula has it.
pub(super) fn on(date: NaiveDate) -> Formula {
    formula(Node::Literal(Literal::Date(date)), Kind::Date)
}

/// Returns whether a row breaks any rule on any date, if there are rules.
pub(super) fn breaks_any(table: &Table) -> Option<Expr> {
    let rules = table.rules.iter();
    let breaks = rules.map(|rule| broken_from(table, rule).is_not_null());
    breaks.reduce(Expr::or)
}

fn broken_from(table: &Table, rule: &Rule) -> Expr {
    let own = formula(Node::Column(OWN_FROM.to_owned()), Kind::Date);
    let mut moments: Vec<&str> = Vec::new();
    for column in rule.must.columns() {
        if let Some(moment) = table.known.get(column)
            && !moments.contains(&moment.as_str())
        {
            moments.push(moment);
        }
    }
    let later = moments.into_iter().map(|moment| {
        let arguments = vec![own.clone(), moment_of(table, moment)];
        formula(Node::Call(Scalar::Greatest, arguments), Kind::Date)
    });
    let dates = std::iter::once(own.clone()).chain(later).map(|date| {
        when(is_broken(table, rule, &date))
            .then(row_wise(&date).cast(DataType::Date))
            .otherwise(lit(NULL))
    });
    min_horizontal(dates.collect::<Vec<_>>()).expect("a row has a date")
}

/// Returns a cell that is NULL before it became known.
fn known_by(table: &Table, cell: Formula, on: &Formula) -> Formula {
    let Node::Column(name) = &cell.node else {
        return cell;
    };
    let moment = moment_of(table, &table.known[name]);
    let kind = cell.kind;
    let is_known = formula(
        Node::Compare(
            Comparison::LessOrEqual,
            Box::new(moment),
            Box::new(on.clone()),
        ),
        Kind::Boolean,
    );
    formula(Node::Case(vec![(is_known, cell)], None), kind)
}

/// Returns the moment at which a cell becomes known, as a date whatever its column holds.
fn moment_of(table: &Table, name: &str) -> Formula {
    let column = table.scope.derived.get(name).cloned();
    let column = column.unwrap_or_else(|| formula(Node::Column(name.to_owned()), Kind::Null));
    formula(Node::Cast(Box::new(column)), Kind::Date)
}

fn formula(node: Node, kind: Kind) -> Formula {
    Formula {
        node,
        kind,
        span: 0..0,
    }
}
