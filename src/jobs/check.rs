//! The contract check: what the footers say in milliseconds, then what the rows say.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::file::StalePolicy;
use super::findings::{self, Judged};
use super::guard::{self, LastRun};
use super::manifest;
use super::score_run::{encoded, refusal};
use super::settings::ScoreJob;
use super::{JobError, Refusal};
use crate::exports::contract::{ACCOUNTS, Table};
use crate::exports::parquet_files::Stored;
use crate::exports::scan::{self, Demand};
use crate::exports::{self, Exports};
use crate::publish::Content;
use crate::tables;
use crate::trail::{Finding, Severity, Trail};
use polars::prelude::DataFrame;

/// What the footers alone say of the exports.
#[derive(Debug, Clone, Default)]
pub struct Footers {
    /// Doubts about the age of what they hold; the rows will say the same.
    pub age: Vec<Finding>,
    /// Doubts that only the footers raise: they belong to the moment of the run.
    pub files: Vec<Finding>,
    /// What of the exports no measure of the job reads; there only where all are looked at.
    pub unread: Vec<Finding>,
    /// Doubts for which the job refuses, before any data is read.
    pub refusals: Vec<Refusal>,
}

/// Looks at the footers of the exports, those that a run reads or all that are declared.
#[must_use]
pub fn footers(job: &ScoreJob, all: bool) -> Footers {
    let mut footers = Footers::default();
    let Some(as_of) = job.dates.last().copied() else {
        return footers;
    };
    let last = LastRun::before(job, as_of);
    let read = job.plan.demands(&job.contract, &job.dates);
    for (name, table) in &job.contract.tables {
        if all || read.contains_key(name) {
            footers.table(job, table, last.as_ref(), as_of);
        }
        if all {
            footers.unread.extend(unread(table, read.get(name)));
        }
    }
    footers
}

impl Footers {
    fn table(&mut self, job: &ScoreJob, table: &Table, last: Option<&LastRun>, as_of: NaiveDate) {
        let rows = table.rows_in_files();
        if rows == 0 {
            let advice = "its measures are missing for everybody; check that the export ran";
            let finding = doubt(
                "empty_export",
                table,
                "its files hold no row".into(),
                advice,
            );
            if table.name == ACCOUNTS {
                self.refusals.push(refusal(&finding));
            }
            self.age.push(finding);
        } else if let Some((first, newest)) = table.span() {
            self.span(job, table, [first, newest], as_of);
        }
        let Some(last) = last else { return };
        if let Some((finding, refusal)) = guard::volume(job.guard.volume, last, &table.name, rows) {
            self.files.push(finding);
            self.refusals.extend(refusal);
        }
        self.files.extend(columns(table, last));
    }

    /// Says what is odd about the dates that an export spans.
    fn span(
        &mut self,
        job: &ScoreJob,
        table: &Table,
        [first, newest]: [NaiveDate; 2],
        as_of: NaiveDate,
    ) {
        let days = (as_of - newest).num_days();
        if let Some(limit) = table
            .fresh_within
            .filter(|limit| newest < limit.before(as_of))
        {
            let evidence = format!(
                "the newest row is of {newest}, {days}d before {as_of}, allowed are {limit}"
            );
            let advice = "its measures are missing for everybody, since a fall would be an artefact; have the export delivered, then run again";
            let finding = doubt("stale_export", table, evidence, advice);
            if job.stale == StalePolicy::Refuse && job.plan.over(&table.name).next().is_some() {
                self.refusals.push(refusal(&finding));
            }
            self.age.push(finding);
        } else if let Some(shortest) = job
            .plan
            .over(&table.name)
            .filter_map(|(_, rows)| rows.window.days)
            .min()
            .filter(|shortest| newest <= shortest.before(as_of))
        {
            let evidence = format!(
                "the newest row is of {newest}, and the shortest window that reads it is {shortest}"
            );
            let advice = "the shortest window that reads it is empty for everybody; give `fresh_within`, or have the export delivered";
            self.age
                .push(doubt("export_ends_early", table, evidence, advice));
        }
        if first > as_of {
            let evidence = format!("its first row is of {first}, after {as_of}");
            let advice =
                "nothing of it was known on that date; check its time column, or give a later date";
            self.age
                .push(doubt("empty_export", table, evidence, advice));
        }
        if newest > job.today {
            let time = table.dated_by().map_or("the path", String::as_str);
            let evidence = format!(
                "the newest row, by `{time}`, is of {newest}, and today is {}",
                job.today
            );
            let advice = "rows of days to come are out of sight until then; a time column says when something happened or was entered, not for when it is planned";
            self.files
                .push(doubt("dated_in_future", table, evidence, advice));
        }
    }
}

/// Says what of an export nothing in the job reads.
fn unread(table: &Table, demand: Option<&Demand>) -> Option<Finding> {
    let note = |kind: &'static str, count: usize, evidence: String| {
        let advice = "leave it as it is, or write a measure over it";
        Some(Finding {
            severity: Severity::Note,
            count: count as u64,
            ..doubt(kind, table, evidence, advice)
        })
    };
    let Some(demand) = demand else {
        return note("unread_export", 1, "nothing in this job reads it".into());
    };
    let read: BTreeSet<String> = scan::base_columns(table, demand)
        .into_iter()
        .map(|ours| table.columns[&ours].theirs.clone())
        .collect();
    let columns = stored_columns(table).into_keys();
    let unread: Vec<&str> = columns.filter(|column| !read.contains(*column)).collect();
    if unread.is_empty() {
        return None;
    }
    let evidence = format!("nothing in this job reads {}", unread.join(", "));
    note("unread_columns", unread.len(), evidence)
}

fn doubt(kind: &'static str, table: &Table, evidence: String, advice: &str) -> Finding {
    Finding {
        finding: kind,
        severity: Severity::Warning,
        subject: table.name.clone(),
        count: 1,
        share: None,
        evidence,
        advice: advice.to_owned(),
    }
}

/// Returns the columns of a table's files with their types in words, in the order of their names.
#[must_use]
pub fn stored_columns(table: &Table) -> BTreeMap<&str, &'static str> {
    let columns = table.files.iter().flat_map(|file| &file.columns);
    columns
        .map(|(name, stored)| (name.as_str(), in_words(*stored)))
        .collect()
}

fn in_words(stored: Stored) -> &'static str {
    match stored {
        Stored::Integer => "integer",
        Stored::Float => "float",
        Stored::Decimal(_) => "decimal",
        Stored::Text => "text",
        Stored::Boolean => "boolean",
        Stored::Date => "date",
        Stored::Instant { zoned: true, .. } => "instant",
        Stored::Instant { zoned: false, .. } => "wall-clock time",
        Stored::Nothing => "nothing",
        Stored::Other => "other",
    }
}

/// Says which columns have come, gone or changed their type since the newest run before.
fn columns(table: &Table, last: &LastRun) -> Option<Finding> {
    let before = last.input(&table.name)?["columns"].as_object()?;
    let now = stored_columns(table);
    let mut changes: Vec<String> = Vec::new();
    for (column, then) in before {
        let then = then.as_str().unwrap_or_default();
        match now.get(column.as_str()) {
            None => changes.push(format!("`{column}` is gone")),
            Some(here) if *here != then && *here != "nothing" && then != "nothing" => {
                changes.push(format!("`{column}` was {then} and is {here}"));
            }
            Some(_) => {}
        }
    }
    let new = now.keys().filter(|column| !before.contains_key(**column));
    changes.extend(new.map(|column| format!("`{column}` is new")));
    let count = changes.len() as u64;
    (count > 0).then(|| Finding {
        finding: "columns_changed",
        severity: Severity::Note,
        subject: table.name.clone(),
        count,
        share: None,
        evidence: format!(
            "since the run published for {}: {}",
            last.as_of,
            changes.join(", ")
        ),
        advice: "no formula rests on what is gone, or the run would refuse; ask the warehouse whether it is meant".into(),
    })
}

/// Reads every declared export from its first row on, and judges it as it was known on the job's
/// last date.
///
/// # Errors
/// When an export cannot be read.
pub fn rows(job: &ScoreJob, trail: &mut Trail<'_>) -> Result<Checked, JobError> {
    let as_of = *job.dates.last().expect("a job has a date");
    let mut whole = job.clone();
    for (name, table) in &job.contract.tables {
        let columns = table.scope.columns.keys();
        let own = columns.filter(|column| table.columns.contains_key(*column));
        whole.plan.rows.insert(name.clone(), own.cloned().collect());
    }
    let demands = whole.plan.demands(&whole.contract, &[as_of]);
    let exports = exports::load(&whole.contract, &demands, trail)?;
    trail.step("checking the rows");
    Ok(Checked {
        judged: findings::judge_exports(&whole, &exports, as_of)?,
        exports,
        as_of,
    })
}

/// The rows of every export, judged.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was found.
    pub judged: Judged,
    exports: Exports,
    as_of: NaiveDate,
}

impl Checked {
    /// Returns every row that no score rests on as a file: those that are set aside, lead to no
    /// account, or have no date.
    ///
    /// # Errors
    /// When the rows cannot be encoded.
    pub fn lost_rows(&self, job: &ScoreJob) -> Result<Content, JobError> {
        let mut parts: Vec<DataFrame> = Vec::new();
        for (account, rows) in self
            .judged
            .accounts
            .iter()
            .zip(self.exports.tables.values())
        {
            parts.push(account.rejects.clone());
            parts.push(rows.astray(self.as_of)?);
        }
        let stamp = manifest::stamp(job, self.as_of, &job.model);
        Ok(encoded(&tables::rejects(&parts)?, &stamp)?)
    }
}
