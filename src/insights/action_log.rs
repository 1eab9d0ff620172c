//! The log in which actions are kept: an export like any other, read through the same visibility.

use polars::prelude::*;

use crate::domain::AsOf;
use crate::exports::as_of::{ACCOUNT, EVENT, masked, visible};
use crate::exports::rows::Rows;
use crate::formula::{Kind, date_literal};
use crate::panel::ACCOUNT_ID;

/// Columns that a log must have, with their types.
pub const NEEDED: [(&str, Kind); 5] = [
    ("title", Kind::Text),
    ("owner", Kind::Text),
    ("due_date", Kind::Date),
    ("cause", Kind::Text),
    ("closed_at", Kind::Date),
];

/// Columns that a log may have, all of them text.
pub const OPTIONAL: [&str; 3] = ["action_id", "status", "stage"];

/// Where actions are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionLog {
    /// Our name of the export.
    pub export: String,
    /// Those of [`OPTIONAL`] that it has.
    pub optional: Vec<String>,
}

impl ActionLog {
    /// Returns the columns it reads.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let needed = NEEDED.iter().map(|(name, _)| (*name).to_owned());
        needed.chain(self.optional.iter().cloned()).collect()
    }
}

/// Returns the log of a job that keeps none.
#[must_use]
pub fn empty() -> DataFrame {
    let column = |name: &str, kind: DataType| Field::new(name.into(), kind);
    let needed = NEEDED.iter().map(|(name, kind)| match kind {
        Kind::Date => column(name, DataType::Date),
        _ => column(name, DataType::String),
    });
    let optional = OPTIONAL.iter().map(|name| column(name, DataType::String));
    let first = [
        column(ACCOUNT_ID, DataType::String),
        column("raised_date", DataType::Date),
    ];
    DataFrame::empty_with_schema(
        &first
            .into_iter()
            .chain(needed)
            .chain(optional)
            .collect::<Schema>(),
    )
}

/// Returns the actions of the log as they were known at `as_of`, in a fixed order: account, the
/// columns of the log, and `raised_date`.
///
/// # Errors
/// When Polars fails.
pub fn known(log: &ActionLog, rows: &Rows, as_of: AsOf) -> PolarsResult<DataFrame> {
    let date = || date_literal(as_of);
    let cell = |name: &str, kind: &DataType| {
        masked(&rows.table, name, date())
            .cast(kind.clone())
            .alias(name)
    };
    let needed = NEEDED.iter().map(|(name, kind)| match kind {
        Kind::Date => cell(name, &DataType::Date),
        _ => cell(name, &DataType::String),
    });
    let optional = OPTIONAL.iter().map(|name| {
        if log.optional.iter().any(|has| has == name) {
            cell(name, &DataType::String)
        } else {
            lit(NULL).cast(DataType::String).alias(*name)
        }
    });
    let columns: Vec<Expr> = [
        col(ACCOUNT).alias(ACCOUNT_ID),
        col(EVENT).alias("raised_date"),
    ]
    .into_iter()
    .chain(needed)
    .chain(optional)
    .collect();
    let order = [
        ACCOUNT_ID,
        "raised_date",
        "action_id",
        "cause",
        "title",
        "owner",
    ];
    rows.frame()?
        .clone()
        .lazy()
        .filter(visible(date()).and(col(ACCOUNT).is_not_null()))
        .select(columns)
        .sort(order, SortMultipleOptions::default())
        .collect()
}
