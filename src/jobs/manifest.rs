//! What a run was. `result` depends only on what was known at the as-of date; `run` holds what
//! depends on the moment: times, host, files, and what was not yet known.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::JobError;
use super::settings::ScoreJob;
use crate::exports::Exports;
use crate::exports::ledger::Account;
use crate::population::Headcount;
use crate::tables::Table;
use crate::trail::Finding;

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

/// Returns the `result` part.
pub fn result(
    job: &ScoreJob,
    as_of: NaiveDate,
    hash: &str,
    heads: &Headcount,
    accounts: &[Account],
    findings: &[Finding],
    tables: &[Table],
) -> Value {
    let rows: serde_json::Map<String, Value> = tables
        .iter()
        .map(|table| (table.name.to_owned(), json!(table.frame.height())))
        .collect();
    json!({
        "job": job.name,
        "as_of": as_of,
        "compared_with": job.compare.iter().map(|days| json!({ "days": days.0, "as_of": days.before(as_of) })).collect::<Vec<_>>(),
        "program": PROGRAM,
        "model": { "name": job.model.name, "version": job.model.version, "hash": hash },
        "population": heads,
        "ledger": accounts.iter().map(|account| &account.ledger).collect::<Vec<_>>(),
        "findings": findings,
        "rows": rows,
    })
}

/// Returns the `run` part.
///
/// # Errors
/// When Polars fails.
pub fn run(
    job: &ScoreJob,
    exports: &Exports,
    as_of: NaiveDate,
    moment: &Moment,
) -> Result<Value, JobError> {
    let mut inputs = Vec::new();
    for (name, rows) in &exports.tables {
        let in_files = rows.table.rows_in_files();
        let files: Vec<Value> = rows
            .table
            .files
            .iter()
            .map(|file| json!({ "path": file.path, "rows": file.rows, "bytes": file.bytes, "footer_sha256": file.footer_hash }))
            .collect();
        inputs.push(json!({
            "export": name,
            "rows_in_files": in_files,
            "rows_left_unread": in_files.saturating_sub(rows.decoded),
            "rows_decoded": rows.decoded,
            "rows_without_time": rows.undated,
            "rows_not_yet_known": rows.not_yet_known(as_of)?,
            "rows_superseded": rows.superseded(as_of)?,
            "files": files,
        }));
    }
    Ok(json!({
        "started_at": moment.started_at,
        "host": moment.host,
        "command": moment.command,
        "folder": job.folder,
        "inputs": inputs,
    }))
}
