//! The scoring pipeline: one function that reads like the picture, and the step that publishes.

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::findings::{self, Judged};
use super::manifest::{self, Moment};
use super::settings::ScoreJob;
use super::{JobError, Refusal};
use crate::exports::as_of::AS_OF;
use crate::exports::ledger::Unseen;
use crate::exports::{self, Exports};
use crate::formula::date_literal;
use crate::insights::trends;
use crate::measures::compute;
use crate::panel;
use crate::population::Headcount;
use crate::publish::{self, Content, Lock, PublishError, Stamp};
use crate::scores;
use crate::tables::{self, Table};
use crate::trail::{Finding, Trail};

/// The scored panel of a job.
#[derive(Debug, Clone)]
pub struct ScoreRun {
    /// The decoded exports, from which the ledger is drawn.
    pub exports: Exports,
    /// Where the known accounts of each date went.
    pub heads: IndexMap<NaiveDate, Headcount>,
    /// Every pair of the panel with measures and scores.
    pub scored: DataFrame,
    /// The pairs of the published dates, with their changes.
    pub compared: DataFrame,
}

/// Scores every eligible account on every date of the job.
///
/// `accounts` restricts the panel to some accounts, for a quick look.
///
/// # Errors
/// When an export cannot be read.
pub fn score_run(
    job: &ScoreJob,
    accounts: Option<&[String]>,
    trail: &mut Trail<'_>,
) -> Result<ScoreRun, JobError> {
    let dates = job.panel_dates();
    let exports = exports::load(
        &job.contract,
        &job.plan.demands(&job.contract, &dates),
        trail,
    )?;
    let candidates = panel::candidates(&exports, &dates, &job.plan.attributes)?;
    let candidates = panel::only(candidates, accounts)?;
    let measures = compute::compute(&exports, &candidates, &job.plan, trail)?;
    let panel = job.population.select(measures)?;
    trail.step("scoring");
    let scored = scores::score(panel.frame, &job.model)?;
    let compared = trends::compare(&scored, &job.dates, &job.compare, &job.model)?;
    Ok(ScoreRun {
        exports,
        heads: panel.heads,
        scored,
        compared,
    })
}

/// What is published for one as-of date.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// The date.
    pub as_of: NaiveDate,
    /// The tables, in the order of the documentation.
    pub tables: Vec<Table>,
    /// The doubts about the result.
    pub findings: Vec<Finding>,
    /// The doubts about rows that cannot be placed in time, or not yet.
    pub moment: Vec<Finding>,
    /// Per export the rows that were not seen.
    pub unseen: Vec<Unseen>,
    /// Where the known accounts went.
    pub heads: Headcount,
    /// The `result` part of the manifest.
    pub manifest: serde_json::Value,
}

impl ScoreRun {
    /// Draws up what is published for one of the job's dates.
    ///
    /// # Errors
    /// When the data came in a state that the job refuses.
    pub fn scorecard(&self, job: &ScoreJob, as_of: NaiveDate) -> Result<Scorecard, JobError> {
        let scored = self
            .compared
            .clone()
            .lazy()
            .filter(col(AS_OF).eq(date_literal(as_of)))
            .collect()?;
        let heads = self
            .heads
            .get(&as_of)
            .cloned()
            .unwrap_or_else(Headcount::empty);
        let Judged {
            accounts,
            unseen,
            findings,
            moment,
            refusals,
        } = findings::judge(job, &self.exports, &scored, &heads, as_of)?;
        if !refusals.is_empty() {
            return Err(JobError::Refused(refusals));
        }
        let hash = job.model.hash();
        let rejects: Vec<DataFrame> = accounts
            .iter()
            .map(|account| account.rejects.clone())
            .collect();
        let mut tables = vec![
            tables::account_scores(
                &scored,
                &job.model,
                &hash,
                &job.population.show,
                &job.compare,
            )?,
            tables::category_scores(&scored, &job.model, &job.compare)?,
            tables::metric_scores(&scored, &job.model)?,
            tables::rejects(&rejects)?,
            tables::findings(&findings)?,
        ];
        if let Some(parents) = &job.parents {
            let frame = parents.roll_up(&scored, &job.model)?;
            tables.push(tables::parent_scores(frame));
        }
        if let Some(unit) = &job.contract.unit {
            for table in &mut tables {
                table.name_parts(&unit.column)?;
            }
        }
        let manifest = manifest::result(job, as_of, &hash, &heads, &accounts, &findings, &tables);
        Ok(Scorecard {
            as_of,
            tables,
            findings,
            moment,
            unseen,
            heads,
            manifest,
        })
    }

    /// Publishes one folder per date of the job, oldest first; `lock` is that of the job's folder.
    ///
    /// All dates are drawn up before the first is written, so that a refusal writes nothing.
    ///
    /// # Errors
    /// When the data is refused, or the folder cannot be written.
    pub fn publish(
        &self,
        job: &ScoreJob,
        lock: &Lock,
        moment: &Moment,
        trail: &mut Trail<'_>,
    ) -> Result<Vec<Scorecard>, JobError> {
        let scorecards = job
            .dates
            .iter()
            .map(|date| self.scorecard(job, *date))
            .collect::<Result<Vec<_>, _>>()?;
        for scorecard in &scorecards {
            trail.step(&format!("publishing {}", scorecard.as_of));
            let stamp = Stamp {
                program: manifest::PROGRAM.to_owned(),
                pairs: vec![
                    ("program".to_owned(), manifest::PROGRAM.to_owned()),
                    ("job".to_owned(), job.name.clone()),
                    ("as_of".to_owned(), scorecard.as_of.to_string()),
                    ("model".to_owned(), job.model.name.clone()),
                    ("model_hash".to_owned(), job.model.hash()),
                ],
            };
            let mut files = scorecard
                .tables
                .iter()
                .map(|table| encoded(table, &stamp))
                .collect::<Result<Vec<_>, _>>()?;
            let run = manifest::run(
                job,
                &self.exports,
                &scorecard.unseen,
                &scorecard.moment,
                moment,
            );
            files.push(json("model.json", &serde_json::json!(job.model)));
            files.push(json(
                "manifest.json",
                &serde_json::json!({ "result": scorecard.manifest, "run": run }),
            ));
            publish::publish(lock, scorecard.as_of, &files)?;
        }
        Ok(scorecards)
    }
}

pub(super) fn encoded(table: &Table, stamp: &Stamp) -> Result<Content, PublishError> {
    let bytes = publish::encode(&table.frame, &table.sorted_by, &table.descriptions, stamp)
        .map_err(|cause| PublishError::Encode {
            table: table.name.to_owned(),
            cause,
        })?;
    Ok(Content {
        path: format!("{}.parquet", table.name),
        bytes,
    })
}

pub(super) fn json(path: &str, value: &serde_json::Value) -> Content {
    Content {
        path: path.to_owned(),
        bytes: format!("{value:#}\n").into_bytes(),
    }
}

/// Returns a refusal in the words of a finding.
#[must_use]
pub fn refusal(finding: &Finding) -> Refusal {
    Refusal {
        reason: format!("{}: {}", finding.subject, finding.evidence),
        advice: finding.advice.clone(),
    }
}
