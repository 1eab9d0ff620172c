//! What a run was. `result` depends only on what was known at the as-of date; `run` holds what
//! depends on the moment: times, host, files, and what was not yet known.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::check::stored_columns;
use super::findings::{overridden, share};
use super::settings::ScoreJob;
use crate::charts::Chart;
use crate::exports::Exports;
use crate::exports::ledger::{Account, Unseen};
use crate::exports::parquet_files::ParquetFile;
use crate::model::HealthModel;
use crate::population::Headcount;
use crate::publish::Stamp;
use crate::tables::Table;
use crate::trail::Finding;
use polars::prelude::{DataFrame, PolarsResult};

/// The program and its version.
pub const PROGRAM: &str = concat!("healthscore ", env!("CARGO_PKG_VERSION"));

/// The moment of a run, as the command line saw it.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// The machine.
    pub host: String,
    /// The words of the command line.
    pub command: Vec<String>,
}

/// Returns what every file of a model's results carries in its footer.
#[must_use]
pub fn stamp(job: &ScoreJob, as_of: NaiveDate, model: &HealthModel) -> Stamp {
    Stamp {
        program: PROGRAM.to_owned(),
        pairs: vec![
            ("program".to_owned(), PROGRAM.to_owned()),
            ("job".to_owned(), job.name.clone()),
            ("as_of".to_owned(), as_of.to_string()),
            ("model".to_owned(), model.name.clone()),
            ("model_hash".to_owned(), model.hash()),
        ],
    }
}

/// Returns the `result` part.
pub fn result(
    job: &ScoreJob,
    as_of: NaiveDate,
    scored: &DataFrame,
    heads: &Headcount,
    accounts: &[Account],
    findings: &[Finding],
    tables: &[Table],
) -> PolarsResult<Value> {
    let rows: serde_json::Map<String, Value> = tables
        .iter()
        .map(|table| (table.name.to_owned(), json!(table.height())))
        .collect();
    let compared_with: Vec<Value> = job
        .compare
        .iter()
        .map(|comparator| {
            let then = job.compared_with(*comparator, as_of);
            json!({ "comparator": comparator.to_string(), "as_of": then })
        })
        .collect();
    let named = |model: &HealthModel| json!({ "name": model.name, "version": model.version, "hash": model.hash() });
    let mut model = named(&job.model);
    model["rules_hash"] = json!(job.model.rules.hash());
    let (overridden, of) = overridden(scored)?;
    Ok(json!({
        "job": job.name,
        "as_of": as_of,
        "compared_with": compared_with,
        "unit": job.contract.unit.as_ref().map(|unit| &unit.column),
        "program": PROGRAM,
        "currency": job.contract.currency,
        "model": model,
        "challengers": job.challengers.iter().map(named).collect::<Vec<_>>(),
        "overrides": { "accounts": overridden, "share": share(overridden, of) },
        "population": heads,
        "ledger": accounts.iter().map(|account| &account.ledger).collect::<Vec<_>>(),
        "findings": findings,
        "rows": rows,
    }))
}

/// Returns the `run` part.
pub fn run(
    job: &ScoreJob,
    exports: &Exports,
    unseen: &[Unseen],
    findings: &[Finding],
    charts: &[Chart],
    moment: &Moment,
) -> Value {
    let inputs: Vec<Value> = exports
        .tables
        .values()
        .zip(unseen)
        .map(|(rows, unseen)| {
            let in_files = rows.table.rows_in_files();
            let file = |file: &ParquetFile| json!({ "path": file.path, "rows": file.rows, "bytes": file.bytes, "footer_sha256": file.footer_hash });
            json!({
                "export": rows.table.name,
                "rows_in_files": in_files,
                "rows_left_unread": in_files.saturating_sub(rows.decoded()),
                "rows_decoded": rows.decoded(),
                "rows_not_seen": unseen,
                "columns": stored_columns(&rows.table),
                "files": rows.table.files.iter().map(file).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "started_at": moment.started_at,
        "host": moment.host,
        "command": moment.command,
        "folder": job.folder,
        "late_data": job.restate.map(|restate| json!({ "restate": restate.to_string() })),
        "findings": findings,
        "charts": charts.iter().map(|chart| format!("charts/{}", chart.name)).collect::<Vec<_>>(),
        "inputs": inputs,
    })
}
