//! How scores are read: what counts as flat, when a change of band is news, which dips are
//! expected. Nothing of this decides about a score.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{ModelFile, Text};
use super::health_model::{Category, Condition};
use super::resolve::Resolver;
use crate::config::{Datetime, Problems, Spanned, date_of};
use crate::domain::DayCount;

/// How noise is told from news, as written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoiseFile {
    /// Days between two readings; `7d` when left out.
    pub reading: Option<Spanned<DayCount>>,
    /// Points by which a score must clear a band's line; 1 when left out.
    pub margin: Option<Spanned<f64>>,
}

/// A dip that is expected, as written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedDipFile {
    /// Its name in the tables.
    pub id: Text,
    /// The first day.
    pub from: Option<Spanned<Datetime>>,
    /// The last day.
    pub until: Option<Spanned<Datetime>>,
    /// For whom, or what must hold: a condition over measures and account columns.
    pub when: Option<Text>,
    /// The categories that may dip.
    pub categories: Vec<Text>,
    /// Why, in words that an account manager can repeat.
    pub reason: String,
}

/// How scores are read.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// What counts as flat.
    pub flat_band: FlatBand,
    /// Days between two readings.
    pub every: DayCount,
    /// Points by which a score must clear a band's line before that is news.
    pub margin: f64,
    /// Dips that are expected.
    pub expected_dips: Vec<ExpectedDip>,
}

/// So many readings before tonight's are looked at: the last tells a change that lasts from one
/// that does not, the two before it tell a change from the way back, and all of them give two steps
/// to measure noise by.
pub const EARLIER: u32 = 3;

/// Which changes count as flat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FlatBand {
    /// Up to so many points of a hundred.
    Stated(f64),
    /// Up to twice what the score has lately moved from one reading to the next.
    OfNoise,
}

/// A dip that is expected of some categories, for a time or under a condition.
#[derive(Debug, Clone, Serialize)]
pub struct ExpectedDip {
    /// Its name in the tables.
    pub id: String,
    /// The first day.
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
    /// What must hold.
    pub when: Option<Condition>,
    /// The categories, by id.
    pub categories: Vec<String>,
    /// Why.
    pub reason: String,
}

/// Checks what the model says about reading its scores.
pub(super) fn resolve(
    file: &ModelFile,
    resolver: &Resolver<'_>,
    categories: &[Category],
    problems: &mut Problems,
) -> Reading {
    let source = resolver.source;
    let mut points = |written: Option<&Spanned<f64>>, key: &str| {
        let written = written?;
        if !(0.0..=100.0).contains(written.get_ref()) {
            let title = format!("`{key}` is a number of points from 0 to 100, found {written}");
            problems.push(source.problem(written.span(), title));
        }
        Some(*written.get_ref())
    };
    let flat_band = points(file.flat_band.as_ref(), "flat_band");
    let margin = points(file.noise.margin.as_ref(), "margin");
    if let Some(every) = &file.noise.reading
        && every.get_ref().0 == 0
    {
        let title = "two readings lie at least a day apart";
        problems.push(source.problem(every.span(), title));
    }
    let every = file.noise.reading.as_ref();
    Reading {
        flat_band: flat_band.map_or(FlatBand::OfNoise, FlatBand::Stated),
        every: every.map_or(DayCount(7), |every| *every.get_ref()),
        margin: margin.unwrap_or(1.0),
        expected_dips: expected_dips(file, resolver, categories, problems),
    }
}

fn expected_dips(
    file: &ModelFile,
    resolver: &Resolver<'_>,
    categories: &[Category],
    problems: &mut Problems,
) -> Vec<ExpectedDip> {
    let source = resolver.source;
    let mut dips: Vec<ExpectedDip> = Vec::new();
    for written in &file.expected_dips {
        if dips.iter().any(|dip| dip.id == *written.id.get_ref()) {
            let title = format!("two expected dips are called `{}`", written.id);
            problems.push(source.problem(written.id.span(), title));
        }
        let mut day = |written: &Option<Spanned<Datetime>>| {
            let written = written.as_ref()?;
            let date = date_of(written.get_ref());
            if date.is_none() {
                let title = format!("{} is not a date", written.get_ref());
                let problem = source.problem(written.span(), title);
                problems.push(problem.help("write it as 2026-01-31, without quotes"));
            }
            date
        };
        let (from, until) = (day(&written.from), day(&written.until));
        if let (Some(from), Some(until), Some(place)) = (from, until, &written.until)
            && until < from
        {
            let title = format!(
                "`{}` ends on {until}, before it begins on {from}",
                written.id
            );
            problems.push(source.problem(place.span(), title));
        }
        if written.from.is_none() && written.until.is_none() && written.when.is_none() {
            let title = format!("the dip `{}` would always be expected", written.id);
            let problem = source.problem(written.id.span(), title);
            problems.push(problem.help("give `from` and `until`, or `when`"));
        }
        for id in &written.categories {
            resolver.category(id, categories, problems);
        }
        if written.categories.is_empty() {
            let title = format!("the dip `{}` names no category", written.id);
            problems.push(source.problem(written.id.span(), title));
        }
        let when = written
            .when
            .as_ref()
            .and_then(|text| resolver.condition(text, "when", problems));
        dips.push(ExpectedDip {
            id: written.id.get_ref().clone(),
            from,
            until,
            when,
            categories: written
                .categories
                .iter()
                .map(|id| id.get_ref().clone())
                .collect(),
            reason: written.reason.clone(),
        });
    }
    dips
}
