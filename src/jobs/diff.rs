//! What changed between two published runs, by what they left in their folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use polars::prelude::*;
use serde_json::Value;

use super::JobError;
use super::dry_run::{Standing, standings};
use crate::config::{Problem, Problems};
use crate::publish;

/// A published run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its folder, as it was named.
    pub folder: String,
    /// Its date.
    pub as_of: NaiveDate,
    /// Its manifest.
    pub manifest: Value,
    accounts: DataFrame,
    drivers: Option<DataFrame>,
}

impl Run {
    /// Reads the folder of a run of a score job.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(folder: &Path) -> Result<Self, Problems> {
        let shown = folder.display();
        let fail = |why: String| {
            let title = format!("{shown} is not a run of a score job: {why}");
            Problem::command(title).help(
                "give a folder that a run published, such as reports/nightly/as_of=2026-10-31",
            )
        };
        let path = folder.join("manifest.json");
        let text =
            publish::read_text(&path).ok_or_else(|| fail("it has no manifest.json".into()))?;
        let manifest: Value = serde_json::from_str(&text)
            .map_err(|error| fail(format!("its manifest.json is damaged: {error}")))?;
        let as_of = manifest["result"]["as_of"]
            .as_str()
            .and_then(|date| date.parse().ok())
            .ok_or_else(|| fail("its manifest.json has no as-of date".into()))?;
        let accounts = publish::decode(&folder.join("account_scores.parquet"))
            .map_err(|_| fail("it has no readable account_scores.parquet".into()))?;
        Ok(Self {
            folder: shown.to_string(),
            as_of,
            manifest,
            accounts,
            drivers: publish::decode(&folder.join("drivers.parquet")).ok(),
        })
    }

    fn standings(&self) -> Result<BTreeMap<String, Standing>, JobError> {
        let part = self.manifest["result"]["unit"].as_str();
        Ok(standings(&self.accounts, "score_shown", "band", part)?)
    }

    /// Returns a text of the result.
    #[must_use]
    pub fn text(&self, path: &[&str]) -> String {
        let value = path
            .iter()
            .fold(&self.manifest["result"], |value, key| &value[*key]);
        value.as_str().unwrap_or_default().to_owned()
    }

    /// Returns its findings, those of the result and those of the moment, by kind and subject.
    fn findings(&self) -> BTreeMap<(String, String), u64> {
        let lists = ["result", "run"].map(|part| self.manifest[part]["findings"].as_array());
        let mut findings = BTreeMap::new();
        for finding in lists.into_iter().flatten().flatten() {
            let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
            *findings
                .entry((text("finding"), text("subject")))
                .or_default() += finding["count"].as_u64().unwrap_or(0);
        }
        findings
    }

    /// Returns its exports with rows and columns.
    fn inputs(&self) -> BTreeMap<String, (u64, BTreeSet<String>)> {
        let inputs = self.manifest["run"]["inputs"].as_array();
        let about = |input: &Value| {
            let columns = input["columns"].as_object();
            let columns = columns
                .into_iter()
                .flat_map(|columns| columns.keys().cloned());
            let name = input["export"].as_str().unwrap_or_default().to_owned();
            let rows = input["rows_in_files"].as_u64().unwrap_or(0);
            (name, (rows, columns.collect()))
        };
        inputs.into_iter().flatten().map(about).collect()
    }
}

/// An account whose standing differs: then and now; `None` where it is not in the run.
pub type Move = (String, Option<Standing>, Option<Standing>);

/// A cause with the accounts it moved, and the points it took from them and gave to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Its name in `drivers`.
    pub cause: String,
    /// Accounts it moved.
    pub accounts: u64,
    /// Sum of the points it took, at most zero.
    pub down: f64,
    /// Sum of the points it gave.
    pub up: f64,
}

/// An export of which the runs read something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputChange {
    /// Its name.
    pub export: String,
    /// Rows in its files then and now; `None` where that run did not read it.
    pub rows: [Option<u64>; 2],
    /// Columns of its files that have come.
    pub new_columns: Vec<String>,
    /// Columns of its files that have gone.
    pub lost_columns: Vec<String>,
}

/// What changed between two runs.
#[derive(Debug, Clone)]
pub struct Diff {
    /// Accounts with a score in both, in the earlier only, in the later only.
    pub scored: [u64; 3],
    /// Accounts that have no score any more, or one for the first time.
    pub came_and_went: Vec<Move>,
    /// Accounts in another band, those that moved farthest first.
    pub band_moves: Vec<Move>,
    /// How many accounts went from one band to another.
    pub migration: BTreeMap<(String, String), u64>,
    /// Accounts with a score in both runs that is lower, the same, higher.
    pub directions: [u64; 3],
    /// The sum of all changes of shown scores.
    pub points: f64,
    /// What moved the scores, where the later run was compared with the date of the earlier.
    pub causes: Option<Vec<Cause>>,
    /// Parts of the manifest that say what the runs were and that differ: part, then, now.
    pub settings: Vec<(&'static str, String, String)>,
    /// Exports of which the runs read something else.
    pub inputs: Vec<InputChange>,
    /// Findings by kind and subject with their counts; `None` where the run has none such.
    pub findings: Vec<(String, String, [Option<u64>; 2])>,
}

/// Compares two published runs.
///
/// # Errors
/// When a table of theirs lacks what every run publishes.
pub fn diff(then: &Run, now: &Run) -> Result<Diff, JobError> {
    let (before, after) = (then.standings()?, now.standings()?);
    let mut diff = Diff {
        scored: [0; 3],
        came_and_went: Vec::new(),
        band_moves: Vec::new(),
        migration: BTreeMap::new(),
        directions: [0; 3],
        points: 0.0,
        causes: causes(then, now)?,
        settings: settings(then, now),
        inputs: inputs(then, now),
        findings: findings(then, now),
    };
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for id in ids {
        let (old, new) = (before.get(id), after.get(id));
        let moved = || (id.clone(), old.cloned(), new.cloned());
        match (scored(old), scored(new)) {
            (Some((score_then, band_then)), Some((score_now, band_now))) => {
                diff.scored[0] += 1;
                diff.points += score_now - score_then;
                diff.directions[match score_now.total_cmp(&score_then) {
                    std::cmp::Ordering::Less => 0,
                    std::cmp::Ordering::Equal => 1,
                    std::cmp::Ordering::Greater => 2,
                }] += 1;
                if band_then != band_now {
                    diff.band_moves.push(moved());
                    *diff.migration.entry((band_then, band_now)).or_default() += 1;
                }
            }
            (Some(_), None) => {
                diff.scored[1] += 1;
                diff.came_and_went.push(moved());
            }
            (None, Some(_)) => {
                diff.scored[2] += 1;
                diff.came_and_went.push(moved());
            }
            (None, None) => {}
        }
    }
    let size = |(_, then, now): &Move| {
        let score = |standing: &Option<Standing>| standing.as_ref().and_then(|(score, _)| *score);
        (score(now).unwrap_or(0.0) - score(then).unwrap_or(0.0)).abs()
    };
    diff.band_moves.sort_by(|a, b| {
        let by_size = size(b).total_cmp(&size(a));
        by_size.then_with(|| a.0.cmp(&b.0))
    });
    Ok(diff)
}

fn scored(standing: Option<&Standing>) -> Option<(f64, String)> {
    let (score, band) = standing?;
    Some(((*score)?, band.clone().unwrap_or_default()))
}

/// Adds up the drivers of the later run against the date of the earlier.
fn causes(then: &Run, now: &Run) -> Result<Option<Vec<Cause>>, JobError> {
    let Some(drivers) = &now.drivers else {
        return Ok(None);
    };
    let about = drivers
        .clone()
        .lazy()
        .filter(
            col("compared_as_of")
                .cast(DataType::Date)
                .eq(crate::formula::date_literal(then.as_of)),
        )
        .collect()?;
    // Several comparators may stand for one date; what the last scorecard said comes first.
    let comparators = about
        .column("comparator")?
        .unique()?
        .sort(SortOptions::default())?;
    let comparators: Vec<&str> = comparators.str()?.iter().flatten().collect();
    let Some(comparator) = comparators
        .iter()
        .find(|comparator| **comparator == "last_scorecard")
        .or(comparators.first())
    else {
        return Ok(None);
    };
    let points = || col("points");
    let of = |sign: Expr| points().filter(sign).sum().alias("x");
    let by_cause = about
        .clone()
        .lazy()
        .filter(col("comparator").eq(lit((*comparator).to_owned())))
        .sort(
            ["account_id", "cause", "points"],
            SortMultipleOptions::default(),
        )
        .group_by([col("cause")])
        .agg([
            col("account_id")
                .n_unique()
                .cast(DataType::UInt64)
                .alias("accounts"),
            of(points().lt(lit(0.0))).alias("down"),
            of(points().gt(lit(0.0))).alias("up"),
        ])
        .sort(["cause"], SortMultipleOptions::default())
        .collect()?;
    let mut causes = Vec::new();
    for n in 0..by_cause.height() {
        let number = |column: &str| -> Result<f64, JobError> {
            Ok(by_cause.column(column)?.f64()?.get(n).unwrap_or(0.0))
        };
        causes.push(Cause {
            cause: by_cause
                .column("cause")?
                .str()?
                .get(n)
                .unwrap_or_default()
                .to_owned(),
            accounts: by_cause.column("accounts")?.u64()?.get(n).unwrap_or(0),
            down: number("down")?,
            up: number("up")?,
        });
    }
    Ok(Some(causes))
}

fn settings(then: &Run, now: &Run) -> Vec<(&'static str, String, String)> {
    let parts: [(&'static str, &[&str]); 6] = [
        ("job", &["job"]),
        ("program", &["program"]),
        ("model", &["model", "name"]),
        ("model version", &["model", "version"]),
        ("model content", &["model", "hash"]),
        ("currency", &["currency"]),
    ];
    parts
        .into_iter()
        .map(|(part, path)| (part, then.text(path), now.text(path)))
        .filter(|(_, then, now)| then != now)
        .collect()
}

fn inputs(then: &Run, now: &Run) -> Vec<InputChange> {
    let (before, after) = (then.inputs(), now.inputs());
    let exports: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |export: &String| {
        let (old, new) = (before.get(export), after.get(export));
        // A run of an earlier program did not say its columns.
        let columns =
            |a: Option<&(u64, BTreeSet<String>)>, b: Option<&(u64, BTreeSet<String>)>| match (a, b)
            {
                (Some((_, a)), Some((_, b))) if !a.is_empty() && !b.is_empty() => {
                    b.difference(a).cloned().collect()
                }
                _ => Vec::new(),
            };
        InputChange {
            export: export.clone(),
            rows: [old.map(|(rows, _)| *rows), new.map(|(rows, _)| *rows)],
            new_columns: columns(old, new),
            lost_columns: columns(new, old),
        }
    };
    let differs = |change: &InputChange| {
        change.rows[0] != change.rows[1]
            || !change.new_columns.is_empty()
            || !change.lost_columns.is_empty()
    };
    exports.into_iter().map(change).filter(differs).collect()
}

fn findings(then: &Run, now: &Run) -> Vec<(String, String, [Option<u64>; 2])> {
    let (before, after) = (then.findings(), now.findings());
    let kinds: BTreeSet<&(String, String)> = before.keys().chain(after.keys()).collect();
    kinds
        .into_iter()
        .map(|kind| {
            let counts = [before.get(kind).copied(), after.get(kind).copied()];
            (kind.0.clone(), kind.1.clone(), counts)
        })
        .filter(|(_, _, [then, now])| then != now)
        .collect()
}
