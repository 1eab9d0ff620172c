//! Who would change band: under the model given instead of the job's, or against what is published.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::JobError;
use super::score_run::ScoreRun;
use super::settings::ScoreJob;
use crate::domain::PART_SEPARATOR;
use crate::exports::as_of::AS_OF;
use crate::formula::date_literal;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::publish;
use crate::scores::{self, columns as name};

/// A score as it is shown and its band; both are missing where an account is not scored.
pub type Standing = (Option<f64>, Option<String>);

/// The accounts whose band differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the new scores are compared with.
    pub against: String,
    /// Account, standing before, standing after; `None` where the account is not in the panel.
    pub moves: Vec<(String, Option<Standing>, Option<Standing>)>,
}

/// Compares the scores of the job's last date with those of the job's own model over the same
/// measures or, where no other model was given, with the newest published run not after that
/// date; `None` if there is neither.
///
/// # Errors
/// When Polars fails.
pub fn compare(job: &ScoreJob, run: &ScoreRun) -> Result<Option<Comparison>, JobError> {
    let last = *job.dates.last().expect("a job has a date");
    let now = run
        .scored
        .clone()
        .lazy()
        .filter(col(AS_OF).eq(date_literal(last)))
        .collect()?;
    let after = standings(
        &now,
        &name::overall("score_shown"),
        &name::overall(name::BAND),
        None,
    )?;
    let (against, before) = if let Some(in_force) = &job.in_force {
        let then = scores::score(scores::measures_of(&now)?, in_force)?;
        let before = standings(
            &then,
            &name::overall("score_shown"),
            &name::overall(name::BAND),
            None,
        )?;
        (named(in_force), before)
    } else if let Some((date, folder)) = publish::newest_before(&job.folder, last) {
        let part = job.contract.unit.as_ref().map(|unit| unit.column.as_str());
        let published = publish::decode(&folder.join("account_scores.parquet"))?;
        (
            format!("the run published for {date}"),
            standings(&published, "score_shown", "band", part)?,
        )
    } else {
        return Ok(None);
    };
    let ids = before
        .keys()
        .chain(after.keys().filter(|id| !before.contains_key(*id)));
    let band = |standing: Option<&Standing>| standing.and_then(|(_, band)| band.clone());
    let mut moves: Vec<_> = ids
        .filter(|id| band(before.get(*id)) != band(after.get(*id)))
        .map(|id| (id.clone(), before.get(id).cloned(), after.get(id).cloned()))
        .collect();
    moves.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Some(Comparison { against, moves }))
}

/// Returns a model's name with its hash, since an edited model often keeps its name.
#[must_use]
pub fn named(model: &HealthModel) -> String {
    format!("{} ({})", model.name, model.hash())
}

pub(super) fn standings(
    frame: &DataFrame,
    score: &str,
    band: &str,
    part: Option<&str>,
) -> PolarsResult<BTreeMap<String, Standing>> {
    let ids: Vec<String> = match part {
        // A published table has the part in a column of its own.
        Some(part) => frame
            .column(ACCOUNT_ID)?
            .str()?
            .iter()
            .zip(frame.column(part)?.str()?.iter())
            .filter_map(|(account, part)| Some(format!("{}{PART_SEPARATOR}{}", account?, part?)))
            .collect(),
        None => frame
            .column(ACCOUNT_ID)?
            .str()?
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect(),
    };
    let scores = frame.column(score)?.f64()?.iter();
    let bands = frame.column(band)?.str()?.iter();
    Ok(ids
        .into_iter()
        .zip(scores.zip(bands))
        .map(|(id, (score, band))| (id, (score, band.map(str::to_owned))))
        .collect())
}
