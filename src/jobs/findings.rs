//! Doubts about the data of one as-of date, drawn from the ledger, the freshness of the exports
//! and the scores.

use chrono::NaiveDate;
use polars::prelude::*;

use super::file::StalePolicy;
use super::score_run::refusal;
use super::settings::ScoreJob;
use super::{JobError, Refusal};
use crate::domain::one_line;
use crate::exports::Exports;
use crate::exports::contract::{ACCOUNTS, BEFORE_PARENT};
use crate::exports::ledger::{Account, BrokenRule, Unseen};
use crate::exports::lookup::Unfound;
use crate::exports::rows::Rows;
use crate::formula::instant_name;
use crate::measures::catalog::{Definition, Measure};

use crate::measures::compute::{tie_name, unpriced_name};
use crate::model::curve::Curve;
use crate::population::Headcount;
use crate::scores::columns as name;
use crate::trail::{Finding, Severity};

/// The ledger of a date with the doubts it raises.
#[derive(Debug, Clone)]
pub struct Judged {
    /// One per export: what was seen.
    pub accounts: Vec<Account>,
    /// One per export: what was not.
    pub unseen: Vec<Unseen>,
    /// Doubts that belong to the result of the date.
    pub findings: Vec<Finding>,
    /// Doubts about rows that cannot be placed, or not yet; they belong to the moment of the run.
    pub moment: Vec<Finding>,
    /// Doubts for which the job refuses to publish.
    pub refusals: Vec<Refusal>,
}

/// Judges the data that the scores of one date rest on.
///
/// # Errors
/// When Polars fails.
pub fn judge(
    job: &ScoreJob,
    exports: &Exports,
    scored: &DataFrame,
    heads: &Headcount,
    as_of: NaiveDate,
) -> Result<Judged, JobError> {
    let mut judged = judge_exports(job, exports, as_of)?;
    judged.findings.extend(heads.finding());
    judged.findings.extend(not_point_in_time(job));
    judged.findings.extend(ties(job, scored)?);
    judged.findings.extend(unpriced(job, scored)?);
    judged.findings.extend(scores(job, scored)?);
    judged.findings.extend(overrides(job, scored)?);
    Ok(judged)
}

/// Judges the exports as they were known on one date, whatever is made of them.
///
/// # Errors
/// When Polars fails.
pub fn judge_exports(
    job: &ScoreJob,
    exports: &Exports,
    as_of: NaiveDate,
) -> Result<Judged, JobError> {
    let mut judged = Judged {
        accounts: Vec::new(),
        unseen: Vec::new(),
        findings: Vec::new(),
        moment: Vec::new(),
        refusals: Vec::new(),
    };
    for rows in exports.tables.values() {
        judged.export(job, exports, rows, as_of)?;
    }
    Ok(judged)
}

/// Findings that count rows no score rests on; the job's tolerance is for all of an export's
/// together.
const LOST_ROWS: [&str; 6] = [
    "key_missing",
    "repeated_key",
    "row_rejected",
    "unresolved_link",
    "unknown_account",
    "without_time",
];

impl Judged {
    fn export(
        &mut self,
        job: &ScoreJob,
        exports: &Exports,
        rows: &Rows,
        as_of: NaiveDate,
    ) -> Result<(), JobError> {
        let since = job.counted_since(&rows.table, as_of);
        let account = rows.account(exports, as_of, since)?;
        let unseen = rows.unseen(as_of)?;
        if let Some(finding) = freshness(job, rows, as_of)? {
            if job.stale == StalePolicy::Refuse && finding.finding == "stale_export" {
                self.refusals.push(refusal(&finding));
            }
            self.findings.push(finding);
        }
        let lost = set_aside(job, rows, &account)?;
        let astray = unplaced(job, rows, &account, &unseen);
        self.refuse_lost(job, &account, &unseen, lost.iter().chain(&astray));
        self.findings.extend(lost);
        let broken = account.broken.iter();
        self.findings
            .extend(broken.map(|rule| broken_rule(job, rows, &account, rule)));
        for unfound in rows.unfound(exports, as_of, since)? {
            self.findings.push(not_found(job, rows, &account, &unfound));
        }
        self.moment.extend(astray);
        self.accounts.push(account);
        self.unseen.push(unseen);
        Ok(())
    }

    /// Refuses an export that has lost more of its rows than the job tolerates.
    fn refuse_lost<'a>(
        &mut self,
        job: &ScoreJob,
        account: &Account,
        unseen: &Unseen,
        findings: impl Iterator<Item = &'a Finding>,
    ) {
        let lost = account.ledger.set_aside + unseen.unresolved + unseen.without_time;
        let whole = account.ledger.seen + unseen.unresolved + unseen.without_time;
        if share(lost, whole).is_some_and(|share| share > job.refuse_share) {
            let told = findings.filter(|finding| LOST_ROWS.contains(&finding.finding));
            self.refusals.extend(told.map(refusal));
        }
    }
}

/// Says which rows and cells cannot be placed.
fn unplaced(job: &ScoreJob, rows: &Rows, account: &Account, unseen: &Unseen) -> Vec<Finding> {
    let export = &rows.table.name;
    let (column, rule) = rows.link();
    let finding =
        |kind: &'static str, subject: String, count: u64, evidence: String, advice: &str| {
            let whole = account.ledger.seen + unseen.unresolved + unseen.without_time;
            let share = share(count, whole);
            (count > 0).then(|| Finding {
                finding: kind,
                severity: severity(job, share),
                subject,
                count,
                share,
                evidence,
                advice: advice.to_owned(),
            })
        };
    let links: Vec<String> = unseen
        .unresolved_links
        .iter()
        .map(|link| one_line(link))
        .collect();
    let lead_nowhere = format!(
        "{} rows lead to no account that was known, by `{column}`, such as {}",
        unseen.unresolved,
        links.join(", ")
    );
    let advice = "they are left out until what they hang on is known; check that the exports cover the same time";
    let mut findings = vec![finding(
        rule,
        export.clone(),
        unseen.unresolved,
        lead_nowhere,
        advice,
    )];
    let time = rows
        .table
        .time
        .as_deref()
        .unwrap_or("the date of its version");
    let timeless = format!(
        "{} rows have no usable date in `{time}`",
        unseen.without_time
    );
    let advice = "nobody can say when they became known, so no score sees them; have the warehouse fill it in";
    findings.push(finding(
        "without_time",
        export.clone(),
        unseen.without_time,
        timeless,
        advice,
    ));
    for (cell, count) in &unseen.undated_cells {
        let hidden = format!(
            "{count} filled cells have no date in `{}`",
            rows.table.known[cell]
        );
        let advice = "they stay hidden, since nobody can say when they became known; have the warehouse fill in the date";
        findings.push(finding(
            "undated_cells",
            format!("{export}.{cell}"),
            *count,
            hidden,
            advice,
        ));
    }
    findings.into_iter().flatten().collect()
}

fn severity(job: &ScoreJob, share: Option<f64>) -> Severity {
    if share.is_some_and(|share| share > job.warn_share) {
        Severity::Warning
    } else {
        Severity::Note
    }
}

pub(super) fn share(count: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| count as f64 / whole as f64)
}

/// Says where an export has nothing fresh to say; its measures are missing then.
fn freshness(job: &ScoreJob, rows: &Rows, as_of: NaiveDate) -> PolarsResult<Option<Finding>> {
    let table = &rows.table;
    let measures: Vec<&str> = job
        .plan
        .over(&table.name)
        .map(|(measure, _)| measure.name.as_str())
        .collect();
    if measures.is_empty() {
        return Ok(None);
    }
    let since = job.plan.since(table, as_of);
    let newest = rows.newest(as_of, since)?;
    let affected = format!("measures that rest on it: {}", measures.len());
    let finding = |kind: &'static str, evidence: String, advice: &str| {
        Ok(Some(Finding {
            finding: kind,
            severity: Severity::Warning,
            subject: table.name.clone(),
            count: measures.len() as u64,
            share: None,
            evidence: format!("{evidence}; {affected}"),
            advice: advice.to_owned(),
        }))
    };
    let Some(newest) = newest else {
        let span = since.map_or(String::new(), |since| format!(" since {since}"));
        let advice = "its measures are missing for everybody; check that the export ran and that its dates reach the as-of date";
        return finding(
            "empty_export",
            format!("no row is known at {as_of}{span}"),
            advice,
        );
    };
    if rows.is_stale(as_of, since)? {
        let limit = table
            .fresh_within
            .map_or(String::new(), |limit| format!(", allowed are {limit}"));
        let days = (as_of - newest).num_days();
        let advice = "its measures are missing for everybody, since a fall would be an artefact; have the export delivered, then run again";
        return finding(
            "stale_export",
            format!("the newest row is of {newest}, {days}d before {as_of}{limit}"),
            advice,
        );
    }
    let shortest = job
        .plan
        .over(&table.name)
        .filter_map(|(_, rows)| rows.window.days)
        .min();
    if let Some(shortest) = shortest
        && newest <= shortest.before(as_of)
    {
        let advice = "the shortest window that reads it is empty for everybody; give `fresh_within`, or have the export delivered";
        return finding(
            "export_ends_early",
            format!(
                "the newest row is of {newest}, and the shortest window that reads it is {shortest}"
            ),
            advice,
        );
    }
    Ok(None)
}

/// Says which rows were set aside, rule by rule.
fn set_aside(job: &ScoreJob, rows: &Rows, account: &Account) -> PolarsResult<Vec<Finding>> {
    // What a repeat says tells a harmless copy from a contradiction.
    let content = when(col("rule").eq(lit("repeated_key")))
        .then(col("found"))
        .otherwise(lit(""));
    let by_rule = account
        .rejects
        .clone()
        .lazy()
        .with_column(content.alias("content"))
        .group_by([col("rule"), col("column"), col("content")])
        .agg([
            len().cast(DataType::UInt64).alias("n"),
            col("row_key").sort(SortOptions::default()).head(Some(3)),
        ])
        .sort(
            ["rule", "column", "content"],
            SortMultipleOptions::default(),
        )
        .collect()?;
    let mut findings = Vec::new();
    for n in 0..by_rule.height() {
        let text = |column: &str| -> PolarsResult<String> {
            Ok(by_rule
                .column(column)?
                .str()?
                .get(n)
                .unwrap_or_default()
                .to_owned())
        };
        let count = by_rule.column("n")?.u64()?.get(n).unwrap_or(0);
        let keys = by_rule
            .column("row_key")?
            .list()?
            .get_as_series(n)
            .unwrap_or_default();
        let keys: Vec<String> = keys.str()?.iter().flatten().map(one_line).collect();
        let (name, column) = (text("rule")?, text("column")?);
        let (kind, what, advice) = match name.as_str() {
            "key_missing" => (
                "key_missing",
                format!("have no `{column}`"),
                "a row without its key cannot be told from others; have the warehouse fill it in",
            ),
            "repeated_key" if text("content")?.starts_with("other") => (
                "repeated_key",
                format!("repeat the `{column}` of another and say something else"),
                "the row of a key that was seen first stays; declare `loaded` if the later one is a correction, or name all columns that make the key",
            ),
            "repeated_key" => (
                "repeated_key",
                format!("repeat the `{column}` of another and say the same"),
                "one of them counts; have the warehouse deliver each row once",
            ),
            rule => (
                "row_rejected",
                what_breaks(rows, rule),
                "no score rests on them; rejects.parquet says what was found; have the warehouse correct them",
            ),
        };
        let share = share(count, account.ledger.seen);
        findings.push(Finding {
            finding: kind,
            severity: severity(job, share),
            subject: account.ledger.export.clone(),
            count,
            share,
            evidence: format!(
                "{} {what}{}",
                of_rows(count, account.ledger.seen),
                such_as(&keys)
            ),
            advice: advice.to_owned(),
        });
    }
    Ok(findings)
}

/// Returns how many rows of how many, and the share as people say it.
fn of_rows(count: u64, whole: u64) -> String {
    // In whole numbers, so that a half is rounded up whatever doubles make of it.
    match (1000 * count + whole / 2).checked_div(whole) {
        Some(0) | None => format!("{count} of {whole} rows"),
        Some(tenths) => format!(
            "{count} of {whole} rows ({}.{} %)",
            tenths / 10,
            tenths % 10
        ),
    }
}

fn such_as(keys: &[String]) -> String {
    let keys: Vec<&str> = keys
        .iter()
        .map(String::as_str)
        .filter(|key| !key.is_empty())
        .collect();
    if keys.is_empty() {
        String::new()
    } else {
        format!(", such as {}", keys.join(", "))
    }
}

/// Returns what rows do that break a rule.
fn what_breaks(rows: &Rows, rule: &str) -> String {
    let table = &rows.table;
    match table.rules.iter().find(|known| known.name == rule) {
        Some(rule) => format!("break `{}`: {}", rule.name, one_line(&rule.text)),
        None => {
            let time = table.time.as_deref().unwrap_or_default();
            let parent = table.parent().unwrap_or_default();
            format!("are dated, by `{time}`, before what they hang on in {parent}")
        }
    }
}

/// Says which rule is broken by rows that are used all the same.
fn broken_rule(job: &ScoreJob, rows: &Rows, account: &Account, broken: &BrokenRule) -> Finding {
    // What is set aside has been told of there.
    let kept = account.ledger.seen - account.ledger.set_aside;
    let share = share(broken.rows, kept);
    let keys: Vec<String> = broken.row_keys.iter().map(|key| one_line(key)).collect();
    let (finding, advice) = if broken.rule == BEFORE_PARENT {
        (
            "before_parent",
            "each is seen from the day on which that began; check the dates, then say `before_parent = \"ignore\"` if they are right or `\"reject\"` if not",
        )
    } else {
        (
            "row_rule",
            "they count all the same; have the warehouse correct them, or set them aside with `otherwise = \"reject\"`",
        )
    };
    Finding {
        finding,
        severity: severity(job, share),
        subject: rows.table.name.clone(),
        count: broken.rows,
        share,
        evidence: format!(
            "{} {}{}",
            of_rows(broken.rows, kept),
            what_breaks(rows, &broken.rule),
            such_as(&keys)
        ),
        advice: advice.to_owned(),
    }
}

/// Says which rows looked for something in another table that was not there.
fn not_found(job: &ScoreJob, rows: &Rows, account: &Account, unfound: &Unfound) -> Finding {
    let share = share(unfound.rows, account.ledger.seen);
    let values: Vec<String> = unfound.values.iter().map(|value| one_line(value)).collect();
    Finding {
        finding: "unresolved_lookup",
        severity: severity(job, share),
        subject: format!("{}.{}", rows.table.name, unfound.column),
        count: unfound.rows,
        share,
        evidence: format!(
            "{} rows find nothing in {} by `{}`, such as {}",
            unfound.rows,
            unfound.table,
            unfound.column,
            values.join(", ")
        ),
        advice:
            "what they would take from there is missing; check that the exports cover the same time"
                .into(),
    }
}

/// Returns whether a measure over rows reads a column of a table, there or through a lookup.
fn reads_cell(job: &ScoreJob, measure: &Measure, table: &str, column: &str) -> bool {
    let names = [column.to_owned(), instant_name(column)];
    match &measure.definition {
        Definition::Rows(rows) => rows.of_rows().any(|expr| {
            let mut columns = expr.columns().into_iter();
            columns.any(|read| {
                let lookup = job.contract.tables[&rows.table].lookup_of(read);
                let (of, read) = match lookup {
                    Some(lookup) => (&lookup.table, lookup.take[read].as_str()),
                    None => (&rows.table, read),
                };
                of == table && names.iter().any(|name| name == read)
            })
        }),
        Definition::Formula(_) => false,
    }
}

/// Returns the metrics that rest on cells of which only today's value is known: they look at the
/// past with today's eyes.
#[must_use]
pub fn metrics_of_today(job: &ScoreJob) -> Vec<String> {
    let rests_on_today = |measure: &str| {
        let names = job.catalog.closure(&[measure.to_owned()]);
        job.contract.tables.iter().any(|(table, own)| {
            own.current.iter().any(|column| {
                let as_attribute = table == ACCOUNTS && names.contains(column);
                let measures = names
                    .iter()
                    .filter_map(|name| job.catalog.measures.get(name));
                as_attribute
                    || measures
                        .into_iter()
                        .any(|own| reads_cell(job, own, table, column))
            })
        })
    };
    job.model
        .metrics()
        .filter(|(_, _, _, metric)| rests_on_today(&metric.measure))
        .map(|(_, _, _, metric)| metric.id.clone())
        .collect()
}

/// Says which measures look at yesterday with today's eyes.
fn not_point_in_time(job: &ScoreJob) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, table) in &job.contract.tables {
        for column in &table.current {
            let names = [column.clone(), instant_name(column)];
            let reads = |measure: &Measure| reads_cell(job, measure, name, column);
            let by: Vec<&str> = job
                .plan
                .measures
                .iter()
                .filter(|measure| reads(measure))
                .map(|measure| measure.name.as_str())
                .collect();
            let is_read = |name| job.plan.attributes.contains(name);
            let listed = job.plan.rows.get(name);
            let is_listed = |name| listed.is_some_and(|columns| columns.contains(name));
            let is_account = name == ACCOUNTS && names.iter().any(is_read);
            if by.is_empty() && !is_account && !names.iter().any(is_listed) {
                continue;
            }
            findings.push(Finding {
                finding: "not_point_in_time",
                severity: Severity::Note,
                subject: format!("{name}.{column}"),
                count: by.len() as u64,
                share: None,
                evidence: format!("only today's value is known, and it is read{}", if by.is_empty() { String::new() } else { format!(" by {}", by.join(", ")) }),
                advice: "scores of earlier dates, and so the trend, see today's value; export its history if it matters".into(),
            });
        }
    }
    findings
}

/// Says where a LATEST was decided by nothing but the size of the values.
fn ties(job: &ScoreJob, scored: &DataFrame) -> PolarsResult<Vec<Finding>> {
    let mut findings = Vec::new();
    for measure in &job.plan.measures {
        let Ok(tied) = scored.column(&tie_name(&measure.name)) else {
            continue;
        };
        let count = u64::from(tied.bool()?.sum().unwrap_or(0));
        if count > 0 {
            findings.push(Finding {
                finding: "latest_tie",
                severity: Severity::Note,
                subject: measure.name.clone(),
                count,
                share: share(count, scored.height() as u64),
                evidence: format!("for {count} accounts several rows of the newest instant say different things; the largest was taken"),
                advice: "give the export a `key`, or a `time` that tells which row is newer".into(),
            });
        }
    }
    Ok(findings)
}

/// Says which measures are missing since their money cannot be added up.
fn unpriced(job: &ScoreJob, scored: &DataFrame) -> PolarsResult<Vec<Finding>> {
    let (finding, what, advice) = match &job.contract.currency {
        None => (
            "mixed_currencies",
            "have amounts in several currencies, which are not added up".to_owned(),
            "give the job a `currency`, and the exports file its [rates]",
        ),
        Some(currency) => (
            "missing_rate",
            format!("have amounts in a currency that nobody says the worth of in {currency}"),
            "have the rates exported for all currencies, from before the as-of date on",
        ),
    };
    let mut findings = Vec::new();
    for measure in &job.plan.measures {
        let Ok(unpriced) = scored.column(&unpriced_name(&measure.name)) else {
            continue;
        };
        let count = u64::from(unpriced.bool()?.sum().unwrap_or(0));
        if count > 0 {
            findings.push(Finding {
                finding,
                severity: Severity::Warning,
                subject: measure.name.clone(),
                count,
                share: share(count, scored.height() as u64),
                evidence: format!("{count} accounts {what}; the measure is missing for them"),
                advice: advice.into(),
            });
        }
    }
    Ok(findings)
}

/// Returns how many accounts have a score that was set by hand, and how many have a score.
///
/// # Errors
/// When Polars fails.
pub(super) fn overridden(scored: &DataFrame) -> PolarsResult<(u64, u64)> {
    let counts = scored
        .clone()
        .lazy()
        .filter(col(name::overall(name::SCORE)).is_not_null())
        .select([
            col(name::overall(name::OVERRIDE_SCORE))
                .count()
                .cast(DataType::UInt64)
                .alias("by_hand"),
            len().cast(DataType::UInt64).alias("scored"),
        ])
        .collect()?;
    let count = |column: &str| -> PolarsResult<u64> {
        Ok(counts.column(column)?.u64()?.get(0).unwrap_or(0))
    };
    Ok((count("by_hand")?, count("scored")?))
}

/// Says how many scores were set by hand, and which of them are not in force.
fn overrides(job: &ScoreJob, scored: &DataFrame) -> PolarsResult<Vec<Finding>> {
    let Some(by_hand) = &job.model.by_hand else {
        return Ok(Vec::new());
    };
    let mut findings = Vec::new();
    let (count, of) = overridden(scored)?;
    let rate = share(count, of);
    if count > 0 {
        let is_common = rate.is_some_and(|rate| rate > by_hand.warn_share);
        findings.push(Finding {
            finding: "override_rate",
            severity: if is_common { Severity::Warning } else { Severity::Note },
            subject: by_hand.score.clone(),
            count,
            share: rate,
            evidence: format!("{count} of {of} scores are set by hand"),
            advice: "where many are set by hand, the model misses something; put it on the list of the next review"
                .into(),
        });
    }
    let refused = u64::from(
        scored
            .column(&name::overall(name::OVERRIDE_REFUSED))?
            .bool()?
            .sum()
            .unwrap_or(0),
    );
    if refused > 0 {
        findings.push(Finding {
            finding: "override_incomplete",
            severity: Severity::Warning,
            subject: by_hand.score.clone(),
            count: refused,
            share: None,
            evidence: format!("{refused} scores set by hand lack their author, their reason or their last day, or lie outside 0 to 100"),
            advice: "they are not in force until somebody completes them".into(),
        });
    }
    Ok(findings)
}

/// Says what is odd about the scores themselves.
fn scores(job: &ScoreJob, scored: &DataFrame) -> PolarsResult<Vec<Finding>> {
    let mut findings = Vec::new();
    let all = scored.height() as u64;
    if all == 0 {
        return Ok(findings);
    }
    let reasons = scored
        .clone()
        .lazy()
        .filter(col(name::overall(name::NOT_SCORED)).is_not_null())
        .with_column(
            // Accounts that differ in their coverage only have one reason in common.
            when(
                col(name::overall(name::NOT_SCORED))
                    .str()
                    .starts_with(lit("coverage ")),
            )
            .then(lit("coverage is below the floor"))
            .otherwise(col(name::overall(name::NOT_SCORED)))
            .alias("reason"),
        )
        .group_by([col("reason")])
        .agg([len().cast(DataType::UInt64).alias("n")])
        .sort(["reason"], SortMultipleOptions::default())
        .collect()?;
    for n in 0..reasons.height() {
        let reason = reasons
            .column("reason")?
            .str()?
            .get(n)
            .unwrap_or_default()
            .to_owned();
        let count = reasons.column("n")?.u64()?.get(n).unwrap_or(0);
        findings.push(Finding {
            finding: "accounts_not_scored",
            severity: if count * 4 > all {
                Severity::Warning
            } else {
                Severity::Note
            },
            subject: "accounts".into(),
            count,
            share: share(count, all),
            evidence: format!("{count} of {all} accounts are not scored: {reason}"),
            advice: "they stand in account_scores with their reason; never read them as healthy"
                .into(),
        });
    }
    for (c, _, m, metric) in job.model.metrics() {
        let present = scored
            .column(&name::metric(&metric.id, name::PRESENT))?
            .bool()?
            .sum()
            .unwrap_or(0);
        let applies = u64::from(
            scored
                .column(&name::metric(&metric.id, name::APPLIES))?
                .bool()?
                .sum()
                .unwrap_or(0),
        );
        if present == 0 && applies > 0 {
            findings.push(Finding {
                finding: "metric_without_data",
                severity: Severity::Warning,
                subject: metric.id.clone(),
                count: applies,
                share: share(applies, all),
                evidence: format!(
                    "the measure `{}` has no value for any of the {applies} accounts it concerns",
                    metric.measure
                ),
                advice: "check the measure and its export, or take the metric out of the model"
                    .into(),
            });
        }
        let open_map = |curve: &Curve| matches!(curve, Curve::Map { other: None, .. });
        if job
            .model
            .cards
            .iter()
            .any(|card| open_map(&card.categories[c].metrics[m].curve))
        {
            let unlisted = col(metric.measure.as_str())
                .is_not_null()
                .and(col(name::metric(&metric.id, name::PRESENT)).not());
            let concerned = col(name::metric(&metric.id, name::APPLIES)).and(unlisted);
            let values = scored
                .clone()
                .lazy()
                .filter(concerned)
                .select([col(metric.measure.as_str()).cast(DataType::String)])
                .collect()?;
            if values.height() > 0 {
                let count = values.height() as u64;
                let mut shown: Vec<String> = values.columns()[0]
                    .str()?
                    .iter()
                    .flatten()
                    .map(crate::domain::one_line)
                    .collect();
                shown.sort();
                shown.dedup();
                shown.truncate(3);
                findings.push(Finding {
                    finding: "unlisted_value",
                    severity: Severity::Warning,
                    subject: metric.id.clone(),
                    count,
                    share: share(count, all),
                    evidence: format!(
                        "{count} accounts have a value that the map leaves out, such as {}",
                        shown.join(", ")
                    ),
                    advice:
                        "add the value to the map, or give `other`; until then it counts as missing"
                            .into(),
                });
            }
        }
    }
    Ok(findings)
}
