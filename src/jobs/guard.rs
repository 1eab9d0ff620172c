//! What must not change much from one published run to the next without somebody looking.

use chrono::NaiveDate;
use polars::prelude::*;
use serde_json::Value;

use super::dry_run::{Standing, standings};
use super::findings::share;
use super::settings::ScoreJob;
use super::{JobError, Refusal};
use crate::publish;
use crate::scores::columns as name;
use crate::trail::{Finding, Severity};

/// Shares from which on somebody should look, and above which nothing is published.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// From this share on, a warning.
    pub warn: Option<f64>,
    /// Above this share, refusal.
    pub refuse: Option<f64>,
}

impl Limits {
    /// Returns whether a share is worth a word at all.
    #[must_use]
    pub fn is_reached(self, share: f64) -> bool {
        self.warn.is_some_and(|warn| share >= warn) || self.is_exceeded(share)
    }

    /// Returns whether a share is too much.
    #[must_use]
    pub fn is_exceeded(self, share: f64) -> bool {
        self.refuse.is_some_and(|refuse| share > refuse)
    }
}

/// What must not change much.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Guard {
    /// The share of accounts that change band.
    pub bands: Limits,
    /// The change of an export's rows, as a share of what it had.
    pub volume: Limits,
}

impl Guard {
    /// Lets pass what it would refuse; it still says so.
    pub fn accept(&mut self) {
        for limits in [&mut self.bands, &mut self.volume] {
            limits.warn = limits.warn.or(limits.refuse);
            limits.refuse = None;
        }
    }
}

/// What to do where a change is real.
const ACCEPT: &str = "look at it with `healthscore run JOB --dry-run`; if it is right, run once with --accept-changes";

/// What the newest run published before a date left behind.
#[derive(Debug, Clone)]
pub struct LastRun {
    /// Its date.
    pub as_of: NaiveDate,
    /// Its folder.
    pub folder: std::path::PathBuf,
    /// Its manifest; null where it cannot be read.
    pub manifest: Value,
}

impl LastRun {
    /// Returns the newest run published before a date, if there is one.
    #[must_use]
    pub fn before(job: &ScoreJob, as_of: NaiveDate) -> Option<Self> {
        let (as_of, folder) = publish::newest_before(&job.folder, as_of.pred_opt()?)?;
        let text = publish::read_text(&folder.join("manifest.json"));
        let manifest = text.and_then(|text| serde_json::from_str(&text).ok());
        Some(Self {
            as_of,
            folder,
            manifest: manifest.unwrap_or_default(),
        })
    }

    /// Returns what it said of an export's files.
    #[must_use]
    pub fn input(&self, export: &str) -> Option<&Value> {
        let inputs = self.manifest["run"]["inputs"].as_array()?;
        inputs.iter().find(|input| input["export"] == export)
    }
}

/// Says how many accounts are in another band than in the newest run published before.
///
/// # Errors
/// When Polars fails.
pub fn bands(
    job: &ScoreJob,
    scored: &DataFrame,
    as_of: NaiveDate,
) -> Result<Option<(Finding, Option<Refusal>)>, JobError> {
    let limits = job.guard.bands;
    if limits == Limits::default() {
        return Ok(None);
    }
    let Some(last) = LastRun::before(job, as_of) else {
        return Ok(None);
    };
    // A run that cannot be read is told of where scores are compared with it.
    let Ok(published) = publish::decode(&last.folder.join("account_scores.parquet")) else {
        return Ok(None);
    };
    let part = job.contract.unit.as_ref().map(|unit| unit.column.as_str());
    let before = standings(&published, "score_shown", "band", part)?;
    let (score, band) = (name::overall("score_shown"), name::overall(name::BAND));
    let after = standings(scored, &score, &band, None)?;
    let band = |standing: &Standing| standing.1.clone();
    let both = before.iter().filter_map(|(id, then)| {
        let (then, now) = (band(then)?, band(after.get(id)?)?);
        Some((id, then, now))
    });
    let (mut all, mut moved, mut some) = (0u64, 0u64, Vec::new());
    for (id, then, now) in both {
        all += 1;
        if then != now {
            moved += 1;
            if some.len() < 3 {
                some.push(format!("{} ({then} to {now})", crate::domain::one_line(id)));
            }
        }
    }
    let Some(share) = share(moved, all).filter(|share| limits.is_reached(*share)) else {
        return Ok(None);
    };
    let other_model = last.manifest["result"]["model"]["hash"]
        .as_str()
        .is_some_and(|hash| hash != job.model.hash());
    let model = if other_model {
        ", by another model"
    } else {
        ""
    };
    let finding = Finding {
        finding: "bands_moved",
        severity: Severity::Warning,
        subject: "accounts".into(),
        count: moved,
        share: Some(share),
        evidence: format!(
            "{moved} of {all} accounts are in another band than in the run published for {}{model}, such as {}",
            last.as_of,
            some.join(", ")
        ),
        advice: ACCEPT.into(),
    };
    let refusal = limits
        .is_exceeded(share)
        .then(|| super::score_run::refusal(&finding));
    Ok(Some((finding, refusal)))
}

/// Says whether an export has suddenly more or fewer rows than in the newest run before.
#[must_use]
pub fn volume(
    limits: Limits,
    last: &LastRun,
    export: &str,
    rows: u64,
) -> Option<(Finding, Option<Refusal>)> {
    let before = last.input(export)?["rows_in_files"].as_u64()?;
    let change = share(rows.abs_diff(before), before)?;
    if !limits.is_reached(change) {
        return None;
    }
    let finding = Finding {
        finding: "volume_changed",
        severity: Severity::Warning,
        subject: export.to_owned(),
        count: rows.abs_diff(before),
        share: Some(change),
        evidence: format!(
            "{rows} rows in its files, {before} in the run published for {}",
            last.as_of
        ),
        advice: format!("was it delivered whole, and once? {ACCEPT}"),
    };
    let refusal = limits
        .is_exceeded(change)
        .then(|| super::score_run::refusal(&finding));
    Some((finding, refusal))
}
