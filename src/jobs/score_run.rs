//! The scoring pipeline: one function that reads like the picture, and the step that publishes.

use std::io::Write;

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::check::{self, Footers};
use super::file::TableGroup;
use super::findings::{self, Judged};
use super::follow_up::FollowUp;
use super::guard;
use super::history;
use super::late_data::Restatement;
use super::manifest::{self, Moment};
use super::score_charts;
use super::settings::ScoreJob;
use super::{JobError, Refusal, files_of_chart};
use crate::exports::ledger::Unseen;
use crate::exports::{self, Exports, ReadError};
use crate::insights::portfolio::Accounts;
use crate::insights::{self, Insights, drivers};
use crate::measures::compute;
use crate::model::HealthModel;
use crate::panel;
use crate::population::Headcount;
use crate::publish::{self, Content, Lock, PublishError, Staging, Stamp};
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
    /// The pairs of the published dates, with all that is said about them.
    pub compared: DataFrame,
    /// What moved their scores.
    pub drivers: DataFrame,
    /// Who was there on a date compared with and is not any more.
    pub left: DataFrame,
    /// The same by each of the job's challengers, in the job's order.
    pub challengers: Vec<Explained>,
    /// Doubts about what was published before.
    pub doubts: Vec<Finding>,
    /// Doubts that the footers of the exports raise.
    pub of_files: Vec<Finding>,
}

/// What is said about the scores of one model.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The pairs of the published dates, with all that is said about them.
    pub insights: Insights,
    /// What moved their scores.
    pub drivers: DataFrame,
}

/// Scores every eligible account on every date of the job.
///
/// `accounts` restricts the panel to some accounts, for a quick look.
///
/// # Errors
/// When an export cannot be read, or its footer is reason enough to refuse.
pub fn score_run(
    job: &ScoreJob,
    accounts: Option<&[String]>,
    trail: &mut Trail<'_>,
) -> Result<ScoreRun, JobError> {
    trail.step("checking the footers");
    let Footers {
        files, refusals, ..
    } = check::footers(job, false);
    if !refusals.is_empty() {
        return Err(JobError::Refused(refusals));
    }
    score_files(job, accounts, files, trail)
}

/// Scores like [`score_run`], whatever the footers say; `of_files` are the doubts about them.
///
/// # Errors
/// When an export cannot be read.
pub fn score_files(
    job: &ScoreJob,
    accounts: Option<&[String]>,
    of_files: Vec<Finding>,
    trail: &mut Trail<'_>,
) -> Result<ScoreRun, JobError> {
    let dates = job.panel_dates();
    let exports = exports::load(&job.contract, &job.demands(), trail)?;
    let candidates = panel::candidates(&exports, &dates, &job.plan.attributes)?;
    let candidates = panel::only(candidates, accounts)?;
    let measures =
        compute::compute(&exports, &candidates, &job.plan, trail).map_err(|cause| match exports
            .unreadable()
        {
            Some(export) => JobError::Read(ReadError { export, cause }),
            None => JobError::Engine(cause),
        })?;
    let panel = job.population.select(measures)?;
    trail.step("scoring");
    let scored = scores::score(panel.frame.clone(), &job.model)?;
    let mut doubts = Vec::new();
    let of_model = explained(job, &scored, &job.model, &mut doubts, trail)?;
    let challengers = job
        .challengers
        .iter()
        .map(|model| {
            trail.step("scoring");
            let scored = scores::score(panel.frame.clone(), model)?;
            explained(job, &scored, model, &mut doubts, trail)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ScoreRun {
        exports,
        heads: panel.heads,
        scored,
        compared: of_model.insights.compared,
        drivers: of_model.drivers,
        left: of_model.insights.left,
        challengers,
        doubts,
        of_files,
    })
}

fn explained(
    job: &ScoreJob,
    scored: &DataFrame,
    model: &HealthModel,
    doubts: &mut Vec<Finding>,
    trail: &mut Trail<'_>,
) -> Result<Explained, JobError> {
    trail.step("comparing");
    let history = history::read(job, model);
    doubts.extend(history.findings);
    let comparisons = job.comparisons();
    let insights = insights::find(scored, &job.dates, &comparisons, model, &history.runs)?;
    trail.step(&format!("finding {DRIVERS}"));
    // What only the model's rules compare with is not published, so nobody asks what moved it.
    let asked = &comparisons[..job.compare.len()];
    Ok(Explained {
        insights,
        drivers: drivers::split(scored, asked, model, &history.runs, &job.plan)?,
    })
}

/// What is told apart in the timings: splitting every change may cost as much as the scores.
const DRIVERS: &str = "drivers";

/// Returns the tables that a model's scores of one date give.
fn tables_of(
    job: &ScoreJob,
    model: &HealthModel,
    scored: &DataFrame,
    drivers: &DataFrame,
    as_of: NaiveDate,
    trail: &mut Trail<'_>,
) -> PolarsResult<Vec<Table>> {
    trail.step(&format!("drawing up {DRIVERS}"));
    let drivers = tables::drivers(drivers)?;
    trail.step(&format!("drawing up {as_of}"));
    let (hash, show, compare) = (model.hash(), &job.population.show, &job.compare);
    Ok(vec![
        tables::account_scores(scored, model, &hash, show, compare)?,
        tables::category_scores(scored, model, compare)?,
        tables::metric_scores(scored, model, compare)?,
        drivers,
    ])
}

/// What is published for one as-of date.
#[derive(Debug, Clone)]
pub struct Scorecard {
    /// The date.
    pub as_of: NaiveDate,
    /// The tables, in the order of the documentation.
    pub tables: Vec<Table>,
    /// The tables of each of the job's challengers, in the job's order.
    pub challengers: Vec<Vec<Table>>,
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
    pub fn scorecard(
        &self,
        job: &ScoreJob,
        as_of: NaiveDate,
        trail: &mut Trail<'_>,
    ) -> Result<Scorecard, JobError> {
        trail.step(&format!("judging the data of {as_of}"));
        let scored = panel::on_date(&self.compared, as_of)?;
        let drivers = panel::on_date(&self.drivers, as_of)?;
        let heads = self
            .heads
            .get(&as_of)
            .cloned()
            .unwrap_or_else(Headcount::empty);
        let Judged {
            accounts,
            unseen,
            mut findings,
            mut moment,
            mut refusals,
        } = findings::judge(job, &self.exports, &scored, &heads, as_of)?;
        trail.step(&format!("drawing up {as_of}"));
        let follow_up = FollowUp::draw_up(job, &self.exports, &scored, as_of)?;
        findings.extend(follow_up.findings());
        refusals.extend(follow_up.refusal());
        if let Some((finding, refusal)) = guard::bands(job, &scored, as_of)? {
            findings.push(finding);
            refusals.extend(refusal);
        }
        moment.extend(self.of_files.iter().cloned());
        if !refusals.is_empty() {
            return Err(JobError::Refused(refusals));
        }
        findings.extend(self.doubts.iter().cloned());
        let rejects: Vec<DataFrame> = accounts
            .iter()
            .map(|account| account.rejects.clone())
            .collect();
        let mut tables = Vec::new();
        for group in &job.publish {
            tables.extend(match group {
                TableGroup::Scores => {
                    let mut tables = tables_of(job, &job.model, &scored, &drivers, as_of, trail)?;
                    if let Some(parents) = &job.parents {
                        let frame = parents.roll_up(&scored, &job.model)?;
                        tables.push(tables::parent_scores(frame));
                    }
                    tables
                }
                TableGroup::Insights => follow_up.tables()?,
                TableGroup::Exceptions => vec![tables::exceptions(&follow_up.exceptions)?],
                TableGroup::Portfolio => {
                    let left = panel::on_date(&self.left, as_of)?;
                    let accounts = Accounts {
                        compared: &scored,
                        left: &left,
                        scored: &self.scored,
                    };
                    follow_up.portfolio(job, accounts, &drivers, as_of)?
                }
                // Drawn from the tables once they are complete.
                TableGroup::Charts => Vec::new(),
            });
        }
        let mut challengers = job
            .challengers
            .iter()
            .zip(&self.challengers)
            .map(|(model, explained)| {
                let scored = panel::on_date(&explained.insights.compared, as_of)?;
                let drivers = panel::on_date(&explained.drivers, as_of)?;
                tables_of(job, model, &scored, &drivers, as_of, trail)
            })
            .collect::<PolarsResult<Vec<_>>>()?;
        tables.push(tables::rejects(&rejects)?);
        tables.push(tables::findings(&findings)?);
        if let Some(unit) = &job.contract.unit {
            for table in tables.iter_mut().chain(challengers.iter_mut().flatten()) {
                table.name_parts(&unit.column)?;
            }
        }
        let mut manifest =
            manifest::result(job, as_of, &scored, &heads, &accounts, &findings, &tables)?;
        manifest["actions"] = serde_json::json!(follow_up.actions.held_back);
        Ok(Scorecard {
            as_of,
            tables,
            challengers,
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
        let mut scorecards = job
            .dates
            .iter()
            .map(|date| self.scorecard(job, *date, trail))
            .collect::<Result<Vec<_>, _>>()?;
        for scorecard in &mut scorecards {
            let staging = lock.stage()?;
            stage(
                &staging,
                job,
                scorecard,
                &job.model,
                &scorecard.tables,
                trail,
            )?;
            for (model, tables) in job.challengers.iter().zip(&scorecard.challengers) {
                stage(&staging, job, scorecard, model, tables, trail)?;
            }
            trail.step(&format!("publishing {}", scorecard.as_of));
            let mut charts = Vec::new();
            if job.publish.contains(&TableGroup::Charts) {
                charts = score_charts::draw(job, scorecard.as_of, &scorecard.tables)?;
            }
            let restates = Restatement::of(&job.folder, scorecard.as_of, &scorecard.manifest);
            let again = restates
                .as_ref()
                .map(|restates| restates.finding(scorecard.as_of));
            scorecard.moment.extend(again);
            let mut run = manifest::run(
                job,
                &self.exports,
                &scorecard.unseen,
                &scorecard.moment,
                &charts,
                moment,
            );
            run["restates"] = serde_json::json!(restates.map(|restates| restates.as_json()));
            for file in charts.into_iter().flat_map(files_of_chart) {
                staging.write(&file)?;
            }
            staging.write(&json(
                "manifest.json",
                &serde_json::json!({ "result": scorecard.manifest, "run": run }),
            ))?;
            staging.publish(scorecard.as_of)?;
        }
        Ok(scorecards)
    }
}

/// Writes the files of one model's results: its tables, each gone from memory before the next, and the
/// model as resolved and as written.
fn stage(
    staging: &Staging<'_>,
    job: &ScoreJob,
    scorecard: &Scorecard,
    model: &HealthModel,
    tables: &[Table],
    trail: &mut Trail<'_>,
) -> Result<(), PublishError> {
    let stamp = manifest::stamp(job, scorecard.as_of, model);
    let place = history::place_of(job, model);
    for table in tables {
        trail.step(&match table.name {
            DRIVERS => format!("publishing {DRIVERS}"),
            _ => format!("publishing {}", scorecard.as_of),
        });
        let path = format!("{place}{}", file_name(table));
        staging.fill(&path, |file| encode(table, &stamp, file))?;
    }
    let mut resolved = json("model.json", &serde_json::json!(model));
    resolved.path.insert_str(0, &place);
    staging.write(&resolved)?;
    staging.write(&Content {
        path: format!("{place}model.toml"),
        bytes: model.text.as_bytes().to_vec(),
    })
}

fn file_name(table: &Table) -> String {
    format!("{}.parquet", table.name)
}

fn encode(table: &Table, stamp: &Stamp, to: impl Write + Send) -> Result<(), PublishError> {
    let Table {
        sorted_by,
        descriptions,
        ..
    } = table;
    publish::encode_pieces(table.pieces(), sorted_by, descriptions, stamp, to).map_err(|cause| {
        PublishError::Encode {
            table: table.name.to_owned(),
            cause,
        }
    })
}

pub(super) fn encoded(table: &Table, stamp: &Stamp) -> Result<Content, PublishError> {
    let mut bytes = Vec::new();
    encode(table, stamp, &mut bytes)?;
    Ok(Content {
        path: file_name(table),
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
