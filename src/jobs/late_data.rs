//! Days already published, of which more may have become known since: published again, or frozen.

use std::path::Path;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::settings::Overrides;
use crate::config::{Problem, Problems};
use crate::domain::DayCount;
use crate::publish;
use crate::trail::{Finding, Severity};

/// Returns the dates to publish, rising: those asked for, and the published ones that are restated
/// with them.
///
/// # Errors
/// When one of those asked for is frozen.
pub fn settle(
    mut dates: Vec<NaiveDate>,
    published: &[NaiveDate],
    restate: Option<DayCount>,
    overrides: &Overrides,
) -> Result<Vec<NaiveDate>, Problems> {
    let (Some(restate), Some(newest)) = (restate, published.last()) else {
        return Ok(dates);
    };
    let open_from = restate.before(*newest);
    let frozen: Vec<String> = dates
        .iter()
        .filter(|date| published.contains(date) && **date < open_from && !overrides.restate)
        .map(NaiveDate::to_string)
        .collect();
    if !frozen.is_empty() {
        let title = format!(
            "{} {} published and frozen: the job restates {restate} before {newest}",
            frozen.join(", "),
            if frozen.len() == 1 { "is" } else { "are" },
        );
        let help =
            "give --restate to publish them again all the same, or --out to publish elsewhere";
        return Err(Problem::command(title).help(help).into());
    }
    if let (None, [as_of]) = (overrides.backfill, dates.as_slice()) {
        let from = restate.before(*as_of);
        let again = published
            .iter()
            .filter(|date| (from..*as_of).contains(date));
        dates = again.copied().chain([*as_of]).collect();
    }
    Ok(dates)
}

/// What a run replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restatement {
    /// When the run that is replaced began.
    pub published_at: String,
    /// How often the date had been published.
    pub published_before: u64,
    /// What differs in the result: parts of the manifest's `result`.
    pub changed: Vec<String>,
}

impl Restatement {
    /// Returns what stands in the way of a run, if anything is published for its date.
    #[must_use]
    pub fn of(job_folder: &Path, as_of: NaiveDate, result: &Value) -> Option<Self> {
        let path = job_folder.join(format!("as_of={as_of}/manifest.json"));
        let before: Value = serde_json::from_str(&publish::read_text(&path)?).ok()?;
        let then = before["result"].as_object()?;
        let now = result.as_object()?;
        let changed = now
            .iter()
            .filter(|(part, value)| then.get(*part) != Some(value))
            .map(|(part, _)| part.clone())
            .collect();
        Some(Self {
            published_at: before["run"]["started_at"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            published_before: before["run"]["restates"]["published_before"]
                .as_u64()
                .unwrap_or(0)
                + 1,
            changed,
        })
    }

    /// Returns it as the manifest says it.
    #[must_use]
    pub fn as_json(&self) -> Value {
        json!({
            "published_at": self.published_at,
            "published_before": self.published_before,
            "changed": self.changed,
        })
    }

    /// Returns it as a doubt: whoever read the earlier run has read something else.
    #[must_use]
    pub fn finding(&self, as_of: NaiveDate) -> Finding {
        let changed = if self.changed.is_empty() {
            "nothing in its result differs".to_owned()
        } else {
            format!("what differs: {}", self.changed.join(", "))
        };
        Finding {
            finding: "restated",
            severity: Severity::Note,
            subject: format!("as_of={as_of}"),
            count: self.published_before,
            share: None,
            evidence: format!("published before, at {}; {changed}", self.published_at),
            advice: "whoever read the earlier run has read something else where it differs".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(texts: &[&str]) -> Vec<NaiveDate> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn days_within_reach_are_restated_and_earlier_ones_frozen() {
        let published = dates(&["2026-01-20", "2026-01-28", "2026-01-30"]);
        let three = Some(DayCount(3));
        let settled = |asked: &[&str], overrides: &Overrides| {
            settle(dates(asked), &published, three, overrides)
        };
        let plain = Overrides::default();
        assert_eq!(
            settled(&["2026-01-31"], &plain).unwrap(),
            dates(&["2026-01-28", "2026-01-30", "2026-01-31"])
        );
        let error = settled(&["2026-01-20"], &plain).unwrap_err().to_string();
        assert_eq!(
            error,
            "2026-01-20 is published and frozen: the job restates 3d before 2026-01-30"
        );
        let restating = Overrides {
            restate: true,
            ..Overrides::default()
        };
        assert_eq!(
            settled(&["2026-01-20"], &restating).unwrap(),
            dates(&["2026-01-20"])
        );
        // A date that was never published is open, however old.
        assert_eq!(
            settled(&["2026-01-10"], &plain).unwrap(),
            dates(&["2026-01-10"])
        );
    }
}
