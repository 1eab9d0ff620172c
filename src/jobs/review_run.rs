//! The review pipeline: one function that reads like the picture, and the step that publishes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;
use serde_json::json;

use super::manifest::{self, Moment, PROGRAM};
use super::review_charts;
use super::review_settings::ReviewJob;
use super::score_run::encoded;
use super::{JobError, files_of_chart, findings, review_signals, score_run};
use crate::backtest::board::{Acted, Board, Numbers};
use crate::backtest::candidates::{self, Candidate, Role};
use crate::backtest::design::{Sampling, Target};
use crate::backtest::evaluate;
use crate::backtest::figures::Figures;
use crate::backtest::mismatches::{self, Mismatch, Profile};
use crate::backtest::power::{self, Power};
use crate::backtest::replay::{self, Replayed};
use crate::backtest::sample::{self, RowLedger, Sample};
use crate::backtest::sensitivity::{self, Effect};
use crate::backtest::verdicts::{self, Verdict};
use crate::backtest::{bands, calibrate};
use crate::exports::as_of::ACCOUNT;
use crate::exports::contract::{ACCOUNTS, Contract, Owner};
use crate::exports::scan::Demand;
use crate::exports::{self, Exports, Read};
use crate::outcomes::resolve::{Cells, demands};
use crate::outcomes::{self, Decided};
use crate::panel::ACCOUNT_ID;
use crate::publish::{self, Content, Lock};
use crate::stats;
use crate::tables::{self, Table};
use crate::trail::{Finding, Severity, Trail};

/// What a review found.
#[derive(Debug, Clone)]
pub struct ReviewRun {
    /// The date at the end of which the outcomes were known.
    pub as_of: NaiveDate,
    /// The rows with everything every candidate said of them.
    pub board: Board,
    /// Where the rows went.
    pub ledger: Vec<RowLedger>,
    /// Out-of-time probability of churn by candidate and row, where there is one.
    pub probabilities: Vec<Numbers>,
    /// Every figure.
    pub figures: Figures,
    /// What each metric is worth by itself.
    pub powers: Vec<Power>,
    /// One variable at a time.
    pub effects: Vec<Effect>,
    /// Decisions judged wrongly.
    pub mismatches: Vec<Mismatch>,
    /// Scores published at the time beside the replay.
    pub replayed: Vec<Replayed>,
    /// Mean scores by outcome class.
    pub profiles: Vec<Profile>,
    /// The lines of the tear sheet.
    pub verdicts: Vec<Verdict>,
    /// The doubts.
    pub findings: Vec<Finding>,
    /// What was read: for the outcomes first, then for the scores.
    pub read: Vec<Read>,
}

/// The past of a job, scored by every candidate and beside what happened; nothing is judged yet.
pub struct Past {
    /// The date at the end of which the outcomes were known.
    pub as_of: NaiveDate,
    /// The rows with everything every candidate said of them.
    pub board: Board,
    sample: Sample,
    exports: Exports,
    findings: Vec<Finding>,
    read: Vec<Read>,
}

/// Replays the past of a job.
///
/// # Errors
/// When an export cannot be read, or no decision can be looked at.
pub fn past(job: &ReviewJob, trail: &mut Trail<'_>) -> Result<Past, JobError> {
    let as_of = *job.score.dates.last().expect("a job has a date");
    let Known {
        decided,
        acted,
        accounts,
        read,
    } = decisions(job, as_of, trail)?;
    let (rows, ledger) = sample::rows(&decided, &job.outcomes, &job.design, &accounts, as_of);
    let (sample, exports) = features(job, rows, ledger, trail)?;
    Ok(Past {
        as_of,
        board: board(job, &sample, &acted, trail)?,
        sample,
        exports,
        findings: decided.findings,
        read,
    })
}

/// Replays the past of a job and compares it with what happened.
///
/// # Errors
/// When an export cannot be read.
pub fn review_run(job: &ReviewJob, trail: &mut Trail<'_>) -> Result<ReviewRun, JobError> {
    let Past {
        as_of,
        board,
        sample,
        exports,
        mut findings,
        mut read,
    } = past(job, trail)?;
    read.extend(exports.read());
    let mismatches = mismatches(job, &board, exports, trail)?;
    let mut figures = Figures::default();
    let replayed = published_then(job, &board)?;
    findings.extend(replay::judge(&replayed, &mut figures));
    trail.step("ranking");
    evaluate::rank(&board, &job.design, &mut figures);
    trail.step("judging bands and probabilities");
    bands::of_bands(&board, &mut figures);
    let probabilities = calibrate::of_candidates(&board, &job.design, &mut figures);
    trail.step("judging metrics");
    let powers = power::of_metrics(&board, &job.design, &mut figures, &mut findings);
    trail.step("moving one variable at a time");
    let effects = sensitivity::one_at_a_time(&board, &sample, &job.design)?;
    findings.extend(verdicts::nothing_there(&board, &job.design, &figures));
    findings.extend(current_metrics(job));
    findings.extend(few_rows(&sample.ledger, job));
    findings.extend(looked_at_before(job, &board, as_of)?);
    Ok(ReviewRun {
        as_of,
        mismatches,
        replayed,
        profiles: mismatches::profiles(&board),
        verdicts: verdicts::of(&board, &job.design, &figures, &powers),
        board,
        ledger: sample.ledger,
        probabilities,
        figures,
        powers,
        effects,
        findings,
        read,
    })
}

/// What is known of the past before any feature is read.
struct Known {
    decided: Decided,
    acted: Vec<Acted>,
    accounts: Vec<String>,
    read: Vec<Read>,
}

/// Reads what was decided and done, and which accounts there are; no feature is read here.
fn decisions(job: &ReviewJob, as_of: NaiveDate, trail: &mut Trail<'_>) -> Result<Known, JobError> {
    let mut wanted = job.outcomes.demands(as_of);
    let log: Vec<_> = job.acted_on.iter().collect();
    for (table, demand) in demands(&log, as_of) {
        let own = wanted.entry(table).or_default();
        own.columns.extend(demand.columns);
        own.dates = demand.dates;
    }
    let exports = exports::load(
        &job.score.contract,
        &with_links(wanted, &job.score.contract, as_of),
        trail,
    )?;
    trail.step("reading outcomes");
    let decided = outcomes::decide(&job.outcomes, &exports, as_of)?;
    let mut acted = Vec::new();
    if let Some(log) = &job.acted_on {
        let frame = log.read(&exports, as_of)?;
        let cells = Cells(&frame);
        for (account, on) in cells.texts(ACCOUNT)?.into_iter().zip(cells.dates("date")?) {
            if let (Some(account_id), Some(on)) = (account, on) {
                acted.push(Acted { account_id, on });
            }
        }
    }
    Ok(Known {
        decided,
        acted,
        accounts: known_accounts(&exports)?,
        read: exports.read(),
    })
}

/// Adds the tables that others hang on.
fn with_links(
    mut wanted: IndexMap<String, Demand>,
    contract: &Contract,
    as_of: NaiveDate,
) -> IndexMap<String, Demand> {
    let mut names: Vec<String> = wanted.keys().cloned().collect();
    names.push(ACCOUNTS.to_owned());
    while let Some(name) = names.pop() {
        let demand = wanted.entry(name.clone()).or_default();
        demand.dates = vec![as_of];
        if let Some(Owner::Via { table, .. }) = contract.tables.get(&name).map(|own| &own.owner)
            && !wanted.contains_key(table)
        {
            names.push(table.clone());
        }
    }
    wanted
}

fn known_accounts(exports: &Exports) -> PolarsResult<Vec<String>> {
    let column = exports
        .accounts()
        .frame()?
        .column(ACCOUNT)?
        .cast(&DataType::String)?;
    let accounts: BTreeSet<String> = column.str()?.iter().flatten().map(str::to_owned).collect();
    Ok(accounts.into_iter().collect())
}

/// Reads every export once, over all dates, and measures the rows.
fn features(
    job: &ReviewJob,
    rows: Vec<sample::Row>,
    ledger: Vec<RowLedger>,
    trail: &mut Trail<'_>,
) -> Result<(Sample, Exports), JobError> {
    let score = &job.score;
    let dates: BTreeSet<NaiveDate> = rows.iter().map(|row| row.as_of).collect();
    if dates.is_empty() {
        return Err(JobError::Refused(vec![super::Refusal {
            reason: "no decision can be looked at: every row is kept out".to_owned(),
            advice: format!(
                "check [outcomes] and the period; rows were kept out for {}",
                reasons(&ledger)
            ),
        }]));
    }
    let dates: BTreeSet<NaiveDate> = (dates.iter())
        .flat_map(|date| review_signals::looked_at(score, *date))
        .collect();
    let dates: Vec<NaiveDate> = dates.into_iter().collect();
    let exports = exports::load(
        &score.contract,
        &score.plan.demands(&score.contract, &dates),
        trail,
    )?;
    let sample = sample::measured(
        &exports,
        &score.plan,
        &score.population,
        rows,
        ledger,
        trail,
    )?;
    Ok((sample, exports))
}

/// Returns what was judged wrongly, with the signals that had fired before; the exports are let go
/// of afterwards, since nothing else asks them.
fn mismatches(
    job: &ReviewJob,
    board: &Board,
    exports: Exports,
    trail: &mut Trail<'_>,
) -> Result<Vec<Mismatch>, JobError> {
    let mut mismatches = mismatches::of(board, &job.design);
    let asked = mismatches.iter().flat_map(|own| {
        let dates = own.asked.iter().map(|(date, _)| *date);
        dates.map(|date| (own.account_id.clone(), date))
    });
    let fired = review_signals::fired(&job.score, &exports, &asked.collect(), trail)?;
    for own in &mut mismatches {
        let account = own.account_id.clone();
        own.heard(|date| {
            let signals = fired.get(&(account.clone(), date));
            signals.map_or(&[], Vec::as_slice)
        });
    }
    Ok(mismatches)
}

/// Reads what was published on the dates of the rows, where the job names who published.
fn published_then(job: &ReviewJob, board: &Board) -> PolarsResult<Vec<Replayed>> {
    let mut published = BTreeMap::new();
    for date in replay::dates(board) {
        let path = job.published.as_ref().map(|folder| {
            let run = folder.join(format!("as_of={date}"));
            run.join("account_scores.parquet")
        });
        let Some(path) = path.filter(|path| path.exists()) else {
            continue;
        };
        let frame = publish::decode(&path)?;
        let accounts = frame.column(ACCOUNT_ID)?.str()?.iter();
        let scores = frame.column("health_score")?.f64()?.iter();
        let hashes = frame.column("model_hash")?.str()?.iter();
        for ((account, score), hash) in accounts.zip(scores).zip(hashes) {
            if let (Some(account), Some(hash)) = (account, hash) {
                published.insert((account.to_owned(), date), (score, hash.to_owned()));
            }
        }
    }
    Ok(replay::pair(board, &published))
}

fn reasons(ledger: &[RowLedger]) -> String {
    let mut counts: IndexMap<&str, u64> = IndexMap::new();
    for (reason, n) in ledger.iter().flat_map(|ledger| &ledger.excluded) {
        *counts.entry(reason).or_default() += n;
    }
    let shown = counts.iter().map(|(reason, n)| format!("{reason} ({n})"));
    shown.collect::<Vec<_>>().join(", ")
}

/// Scores the sample by every candidate; the best metric is chosen on the earlier half only.
fn board(
    job: &ReviewJob,
    sample: &Sample,
    acted: &[Acted],
    trail: &mut Trail<'_>,
) -> Result<Board, JobError> {
    trail.step("scoring the past");
    let current: Vec<String> = findings::metrics_of_today(&job.score);
    let fixed = candidates::fixed(
        &job.score.model,
        &job.challengers,
        &job.design.proximity,
        &current,
    );
    let mut board = Board::new(sample, fixed, acted, &job.design)?;
    board.draws.timed_by(job.clock);
    if let Some((id, known)) = best_metric(&board, job.design.primary_lead) {
        board.best_metric_known = Some(known);
        let model = candidates::single_metric(&job.score.model, &id);
        board.add(
            sample,
            Candidate {
                name: format!("best_metric:{id}"),
                role: Role::BestMetric,
                model,
            },
        )?;
    }
    Ok(board)
}

/// Returns the metric that ranks churn best on the earlier half of the rows, with the day on which
/// the last of their outcomes had closed; ties go to the first.
fn best_metric(board: &Board, lead: u32) -> Option<(String, NaiveDate)> {
    let mut rows = board.of_lead(lead);
    let mut dates: Vec<NaiveDate> = rows.iter().map(|row| board.rows[*row].as_of).collect();
    dates.sort_unstable();
    let middle = *dates.get(dates.len() / 2)?;
    rows.retain(|row| board.rows[*row].as_of < middle);
    let mut best: Option<(f64, &String)> = None;
    for (id, health) in &board.in_force().metrics {
        let own: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|row| health[*row].is_some())
            .collect();
        let event = board.events(&own, Target::Churn);
        if own.len() * 2 < rows.len() || stats::enough(&event, &board.clusters(&own)).is_err() {
            continue;
        }
        let risk: Vec<f64> = own
            .iter()
            .filter_map(|row| health[*row])
            .map(|h| -h)
            .collect();
        if let Ok(auc) = stats::auc(&risk, &event)
            && best.is_none_or(|(before, _)| auc > before)
        {
            best = Some((auc, id));
        }
    }
    let known = rows.iter().map(|row| board.rows[*row].closed).max()?;
    best.map(|(_, id)| (id.clone(), known))
}

/// Says which metrics look at the past with today's eyes.
fn current_metrics(job: &ReviewJob) -> Option<Finding> {
    let metrics = findings::metrics_of_today(&job.score);
    (!metrics.is_empty()).then(|| Finding {
        finding: "not_point_in_time",
        severity: Severity::Warning,
        subject: job.score.model.name.clone(),
        count: metrics.len() as u64,
        share: None,
        evidence: format!("these metrics rest on cells of which only today's value is known: {}", metrics.join(", ")),
        advice: "the candidate without_current shows the review without them; have the warehouse keep their history".to_owned(),
    })
}

/// Says where most decisions could not be looked at.
fn few_rows(ledger: &[RowLedger], job: &ReviewJob) -> Option<Finding> {
    let own = ledger
        .iter()
        .find(|ledger| ledger.lead_days == job.design.primary_lead)?;
    let share = own.used as f64 / own.considered.max(1) as f64;
    Some(Finding {
        finding: "rows_kept_out",
        severity: Severity::Note,
        subject: "sample".to_owned(),
        count: own.considered - own.used,
        share: Some(1.0 - share),
        evidence: format!(
            "at {} days {} of {} rows are used; kept out: {}",
            own.lead_days,
            own.used,
            own.considered,
            reasons(std::slice::from_ref(own))
        ),
        advice: "the manifest has the ledger of every lead".to_owned(),
    })
}

/// Says how many decisions earlier reviews of this job have looked at: who asks the same rows every
/// quarter finds something in the end.
fn looked_at_before(
    job: &ReviewJob,
    board: &Board,
    as_of: NaiveDate,
) -> PolarsResult<Option<Finding>> {
    let lead = job.design.primary_lead;
    let rows = board.of_lead(lead).into_iter();
    let now: BTreeSet<&str> = rows
        .map(|row| board.rows[row].decision_id.as_str())
        .collect();
    let mut again: BTreeSet<String> = BTreeSet::new();
    let mut reviews = Vec::new();
    for date in publish::dates(&job.score.folder) {
        let folder = job.score.folder.join(format!("as_of={date}"));
        let path = folder.join("backtest_rows.parquet");
        if date >= as_of || !path.exists() {
            continue;
        }
        let frame = publish::decode(&path)?;
        let decisions = frame.column("decision_id")?.str()?.iter().flatten();
        again.extend(decisions.filter(|id| now.contains(id)).map(str::to_owned));
        reviews.push(date);
    }
    let Some(last) = reviews.iter().max() else {
        return Ok(None);
    };
    let share = again.len() as f64 / now.len().max(1) as f64;
    Ok(Some(Finding {
        finding: "looked_at_before",
        severity: Severity::Note,
        subject: "sample".to_owned(),
        count: again.len() as u64,
        share: Some(share),
        evidence: format!(
            "{} of {} decisions at {lead} days were in earlier reviews of this job too; there are {}, the last of {last}",
            again.len(),
            now.len(),
            reviews.len()
        ),
        advice: "only decisions that are new are a fresh test; `from` takes those alone".to_owned(),
    }))
}

impl ReviewRun {
    /// Returns the tables, in the order of the documentation.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn tables(&self, job: &ReviewJob) -> PolarsResult<Vec<Table>> {
        Ok(vec![
            tables::backtest_rows(&self.board, &self.probabilities)?,
            tables::backtest_figures(&self.figures)?,
            tables::mismatches(&self.mismatches, &self.board.leads)?,
            tables::profiles(&self.profiles)?,
            tables::sensitivity(&self.effects, job.design.primary_lead)?,
            tables::replay(&self.replayed)?,
            tables::findings(&self.findings)?,
        ])
    }

    /// Publishes the review as one folder; `lock` is that of the job's folder.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn publish(
        &self,
        job: &ReviewJob,
        lock: &Lock,
        moment: &Moment,
        trail: &mut Trail<'_>,
    ) -> Result<(), JobError> {
        trail.step("publishing");
        let model = &job.score.model;
        let stamp = manifest::stamp(&job.score, self.as_of, model);
        let tables = self.tables(job)?;
        let mut files: Vec<Content> = tables
            .iter()
            .map(|table| encoded(table, &stamp))
            .collect::<Result<_, _>>()?;
        for chart in review_charts::draw(self, job) {
            files.extend(files_of_chart(chart));
        }
        let result = self.manifest(job, &tables);
        let run = json!({
            "started_at": moment.started_at,
            "host": moment.host,
            "command": moment.command,
            "folder": job.score.folder,
        });
        files.push(score_run::json("model.json", &json!(model)));
        files.push(score_run::json(
            "manifest.json",
            &json!({ "result": result, "run": run }),
        ));
        publish::publish(lock, self.as_of, &files)?;
        Ok(())
    }

    fn manifest(&self, job: &ReviewJob, tables: &[Table]) -> serde_json::Value {
        let rows: serde_json::Map<String, serde_json::Value> = tables
            .iter()
            .map(|table| (table.name.to_owned(), json!(table.height())))
            .collect();
        let candidates: Vec<_> = (self.board.candidates.iter())
            .map(|own| json!({ "name": own.name, "model": own.model.name, "hash": own.model.hash() }))
            .collect();
        json!({
            "job": job.score.name,
            "kind": "review",
            "as_of": self.as_of,
            "program": PROGRAM,
            "primary": {
                "figure": "auc", "target": "churn", "lead_days": job.design.primary_lead,
                "everything_else": "exploratory",
            },
            "candidates": candidates,
            "sampling": match job.design.sampling {
                Sampling::Renewal => json!({ "design": "renewal", "leads": job.design.leads }),
                Sampling::Calendar { horizon } => json!({ "design": "calendar", "horizon": horizon }),
            },
            "resamples": job.design.resamples,
            "permutations": job.design.permutations,
            "seed": job.design.seed,
            "sample": self.ledger,
            "verdicts": self.verdicts.iter().map(|line| json!({ "subject": line.subject, "figure": line.figure, "verdict": line.verdict })).collect::<Vec<_>>(),
            "findings": self.findings,
            "rows": rows,
        })
    }
}
