//! What the job has published before, read back for "change since the last scorecard".

use std::path::Path;

use chrono::NaiveDate;
use polars::prelude::*;
use serde_json::Value;

use super::settings::ScoreJob;
use crate::config::{self, Problems, Source};
use crate::domain::Comparator;
use crate::insights::published::{Published, Tables};
use crate::measures::catalog::Catalog;
use crate::model::file::ModelFile;
use crate::model::{self, HealthModel};
use crate::publish;
use crate::trail::{Finding, Severity};

/// The earlier runs that a model's scores are compared with.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By date, rising; a run that this one replaces is not among them.
    pub runs: Vec<Published>,
    /// Doubts about what could not be read.
    pub findings: Vec<Finding>,
}

/// Returns where a model's results lie within a run's folder.
#[must_use]
pub fn place_of(job: &ScoreJob, model: &HealthModel) -> String {
    if model.name == job.model.name {
        String::new()
    } else {
        format!("challengers/{}/", model.name)
    }
}

/// Reads the scorecards that a model's scores are compared with.
///
/// A run that cannot be read, or in which the model had no results yet, leaves the comparison out;
/// the former is a finding, since tonight's scores do not hang on it.
#[must_use]
pub fn read(job: &ScoreJob, model: &HealthModel) -> History {
    let mut history = History::default();
    if !job.compare.contains(&Comparator::LastScorecard) {
        return history;
    }
    let mut dates: Vec<NaiveDate> = job
        .dates
        .iter()
        .filter_map(|date| job.compared_with(Comparator::LastScorecard, *date))
        .filter(|date| !job.dates.contains(date))
        .collect();
    dates.dedup();
    for date in dates {
        let folder = job
            .folder
            .join(format!("as_of={date}"))
            .join(place_of(job, model));
        let Some(text) = publish::read_text(&folder.join("model.json")) else {
            continue;
        };
        match run(job, model, date, &folder, &text) {
            Ok(run) => history.runs.push(run),
            Err(error) => history.findings.push(Finding {
                finding: "scorecard_unreadable",
                severity: Severity::Warning,
                subject: format!("as_of={date}"),
                count: 1,
                share: None,
                evidence: format!("the scorecard published for {date} cannot be read: {error}"),
                advice: "nothing is compared with it; publish that date again if it matters".into(),
            }),
        }
    }
    history
}

fn run(
    job: &ScoreJob,
    model: &HealthModel,
    as_of: NaiveDate,
    folder: &Path,
    model_json: &str,
) -> PolarsResult<Published> {
    let table = |name: &str| publish::decode(&folder.join(format!("{name}.parquet")));
    let tables = Tables {
        accounts: table("account_scores")?,
        categories: table("category_scores")?,
        metrics: table("metric_scores")?,
    };
    let about: Value = serde_json::from_str(model_json).unwrap_or_default();
    let bound = |n: usize| about["scale"][n].as_f64().unwrap_or(f64::NAN);
    let part = job.contract.unit.as_ref().map(|unit| unit.column.as_str());
    let first = |column: &str| -> PolarsResult<String> {
        let column = tables.accounts.column(column)?.str()?;
        Ok(column.get(0).unwrap_or_default().to_owned())
    };
    Ok(Published {
        as_of,
        scores: tables.as_scored(as_of, model, [bound(0), bound(1)], part)?,
        model_name: first("model")?,
        model_hash: first("model_hash")?,
        decimals: about["decimals"]
            .as_u64()
            .and_then(|decimals| u32::try_from(decimals).ok())
            .unwrap_or(model.decimals),
        model: archived(folder, &job.catalog),
    })
}

/// Resolves the model that was archived beside its results, where tonight's measures still allow.
fn archived(folder: &Path, catalog: &Catalog) -> Option<HealthModel> {
    let path = folder.join("model.toml");
    let source = Source {
        text: publish::read_text(&path)?.into(),
        path,
    };
    let mut problems = Problems::default();
    let file: ModelFile = config::parse(&source, &mut problems)?;
    model::resolve(&file, &source, catalog, &mut problems)
}
