//! The sample as plain columns: what every figure is computed from.

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, NaiveDate};
use indexmap::IndexMap;
use polars::prelude::*;

use super::candidates::Candidate;
use super::design::{Design, Target};
use super::sample::{Row, Sample};
use crate::model::HealthModel;
use crate::scores::{self, columns as name};
use crate::stats::{Draws, Plan, Refused};

/// One number per row, `None` where there is none.
pub type Numbers = Vec<Option<f64>>;

/// What a candidate said of every row.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Overall score, unrounded; `None` where the account was not scored.
    pub score: Numbers,
    /// Place of the band from the top; `None` where not scored.
    pub band: Vec<Option<usize>>,
    /// Category scores on the model's scale.
    pub categories: IndexMap<String, Numbers>,
    /// Metric scores on the model's scale; filled-in values are not there.
    pub metrics: IndexMap<String, Numbers>,
    /// Points that each metric gives to the overall score.
    pub contributions: IndexMap<String, Numbers>,
    /// The variant of the model that applied.
    pub variant: Vec<Option<String>>,
}

/// The sample with the standings of every candidate.
#[derive(Debug, Clone)]
pub struct Board {
    /// The rows.
    pub rows: Vec<Row>,
    /// Number of the account's ultimate parent, the unit that is drawn in a bootstrap.
    pub cluster: Vec<u32>,
    /// The leads of the rows, rising.
    pub leads: Vec<u32>,
    /// Calendar quarter of the contractual date, counted from year 0.
    pub quarter: Vec<i32>,
    /// Whether somebody acted on the account between the row's date and the decision, or shortly
    /// before.
    pub acted_on: Vec<bool>,
    /// Account columns by which figures are cut.
    pub segments: IndexMap<String, Vec<Option<String>>>,
    /// Recurring revenue at stake; `None` where unknown.
    pub amount: Numbers,
    /// The candidates.
    pub candidates: Vec<Candidate>,
    /// What each said.
    pub standings: Vec<Standing>,
    /// The day on which the last outcome that the best metric was chosen by had closed; later rows
    /// alone are a fair test of it.
    pub best_metric_known: Option<NaiveDate>,
    /// The resamples that every interval is drawn from.
    pub draws: Draws,
}

/// An action somebody took on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// The account.
    pub account_id: String,
    /// When it began.
    pub on: NaiveDate,
}

/// What a model said of every row on the whole.
pub struct Overall {
    /// Overall score, unrounded; `None` where the account was not scored.
    pub score: Numbers,
    /// Place of the band from the top; `None` where not scored.
    pub band: Vec<Option<usize>>,
}

/// Puts what the metrics of a sample score together by one model of which only the overall score and
/// the band are asked.
///
/// # Errors
/// When Polars fails.
pub fn overall(metrics: &DataFrame, model: &HealthModel) -> PolarsResult<Overall> {
    let scored = scores::overall(metrics.clone(), model)?;
    Ok(Overall {
        score: scored.column(name::SCORE)?.f64()?.iter().collect(),
        band: places(scored.column(name::BAND)?, model)?,
    })
}

/// Returns the places of bands from the top.
fn places(bands: &Column, model: &HealthModel) -> PolarsResult<Vec<Option<usize>>> {
    let places: HashMap<&str, usize> = (model.bands.iter().enumerate())
        .map(|(place, band)| (band.label.as_str(), place))
        .collect();
    let labels = bands.cast(&DataType::String)?;
    let labels = labels.str()?.iter();
    Ok(labels.map(|label| places.get(label?).copied()).collect())
}

/// Scores a sample by one model, and returns what it says of every row.
///
/// # Errors
/// When Polars fails.
pub fn standing(sample: &DataFrame, model: &HealthModel) -> PolarsResult<Standing> {
    let scored = scores::score(sample.clone(), model)?;
    let numbers = |column: &str| -> PolarsResult<Numbers> {
        Ok(scored.column(column)?.f64()?.iter().collect())
    };
    let texts = |column: &str| -> PolarsResult<Vec<Option<String>>> {
        let column = scored.column(column)?.cast(&DataType::String)?;
        let texts = column.str()?.iter().map(|cell| cell.map(str::to_owned));
        Ok(texts.collect())
    };
    let mut categories = IndexMap::new();
    let mut metrics = IndexMap::new();
    let mut contributions = IndexMap::new();
    for category in &model.categories {
        let score = numbers(&name::category(&category.id, name::SCORE))?;
        categories.insert(category.id.clone(), score);
    }
    for (_, _, _, metric) in model.metrics() {
        let score = numbers(&name::metric(&metric.id, name::SCORE))?;
        let present = scored.column(&name::metric(&metric.id, name::PRESENT))?;
        let present = present.bool()?.iter();
        let own = score.into_iter().zip(present);
        let own = own.map(|(score, present)| score.filter(|_| present == Some(true)));
        metrics.insert(metric.id.clone(), own.collect());
        let points = numbers(&name::metric(&metric.id, name::CONTRIBUTION))?;
        contributions.insert(metric.id.clone(), points);
    }
    Ok(Standing {
        score: numbers(&name::overall(name::SCORE))?,
        band: places(scored.column(&name::overall(name::BAND))?, model)?,
        categories,
        metrics,
        contributions,
        variant: texts(&name::overall(name::VARIANT))?,
    })
}

impl Board {
    /// Puts a sample, its candidates and the log of actions together.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn new(
        sample: &Sample,
        candidates: Vec<Candidate>,
        acted: &[Acted],
        design: &Design,
    ) -> PolarsResult<Self> {
        let column = |name: &str| -> PolarsResult<Vec<Option<String>>> {
            let column = sample.measures.column(name)?.cast(&DataType::String)?;
            let texts = column.str()?.iter().map(|cell| cell.map(str::to_owned));
            Ok(texts.collect())
        };
        let parents = match &design.parent {
            Some(parent) => column(parent)?,
            None => vec![None; sample.rows.len()],
        };
        let mut segments = IndexMap::new();
        for segment in &design.segments {
            segments.insert(segment.clone(), column(segment)?);
        }
        if let Some(measure) = &design.tenure {
            let days = sample.measures.column(measure)?.cast(&DataType::Float64)?;
            let spans = days.f64()?.iter().map(|days| Some(span(days?).to_owned()));
            segments.insert("tenure".to_owned(), spans.collect());
        }
        let standings = candidates
            .iter()
            .map(|candidate| standing(&sample.measures, &candidate.model))
            .collect::<PolarsResult<Vec<_>>>()?;
        let mut by_account: HashMap<&str, Vec<NaiveDate>> = HashMap::new();
        for action in acted {
            by_account
                .entry(&action.account_id)
                .or_default()
                .push(action.on);
        }
        let acted_on = sample.rows.iter().map(|row| {
            let days = by_account.get(row.account_id.as_str());
            let mut days = days.into_iter().flatten();
            let until = row.decision_date.min(row.due);
            // What had just begun on the row's date is still at work.
            days.any(|on| (row.as_of - *on).num_days() <= RECENT_DAYS && *on <= until)
        });
        let leads: BTreeSet<u32> = sample.rows.iter().map(|row| row.lead_days).collect();
        Ok(Self {
            cluster: clusters(&sample.rows, &parents),
            leads: leads.into_iter().collect(),
            quarter: sample.rows.iter().map(|row| quarter(row.due)).collect(),
            acted_on: acted_on.collect(),
            segments,
            amount: sample.rows.iter().map(|row| row.amount).collect(),
            rows: sample.rows.clone(),
            candidates,
            standings,
            best_metric_known: None,
            draws: Draws::new(Plan {
                resamples: design.resamples,
                seed: design.seed,
            }),
        })
    }

    /// Adds one more candidate over the same rows.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn add(&mut self, sample: &Sample, candidate: Candidate) -> PolarsResult<()> {
        self.standings
            .push(standing(&sample.measures, &candidate.model)?);
        self.candidates.push(candidate);
        Ok(())
    }

    /// Returns the model in force's standing.
    #[must_use]
    pub fn in_force(&self) -> &Standing {
        &self.standings[0]
    }

    /// Returns the model in force.
    #[must_use]
    pub fn model(&self) -> &HealthModel {
        &self.candidates[0].model
    }

    /// Returns the rows of a lead that every candidate scored.
    #[must_use]
    pub fn common(&self, lead: u32) -> Vec<usize> {
        let is_scored = |row: usize| self.standings.iter().all(|own| own.score[row].is_some());
        self.of_lead(lead)
            .into_iter()
            .filter(|row| is_scored(*row))
            .collect()
    }

    /// Returns all rows of a lead.
    #[must_use]
    pub fn of_lead(&self, lead: u32) -> Vec<usize> {
        (0..self.rows.len())
            .filter(|row| self.rows[*row].lead_days == lead)
            .collect()
    }

    /// Returns the events of some rows.
    #[must_use]
    pub fn events(&self, rows: &[usize], target: Target) -> Vec<bool> {
        rows.iter()
            .map(|row| target.is_event(self.rows[*row].outcome))
            .collect()
    }

    /// Returns the revenue at stake of some rows, or why it cannot be added up.
    ///
    /// # Errors
    /// When a row's amount is not known, or they are in several currencies.
    pub fn amounts(&self, rows: &[usize]) -> Result<Vec<f64>, Refused> {
        let mut currencies = rows.iter().map(|row| self.rows[*row].currency.as_deref());
        let first = currencies.next();
        if currencies.any(|other| Some(other) != first) {
            let reason = "amounts are in several currencies; see the slices by currency";
            return Err(Refused::Unfit(reason));
        }
        let amounts = rows
            .iter()
            .map(|row| self.amount[*row])
            .collect::<Option<_>>();
        amounts.ok_or(Refused::Unfit(
            "the revenue at stake is not known for every row",
        ))
    }

    /// Returns the currencies of some rows, where there are several.
    #[must_use]
    pub fn currencies(&self, rows: &[usize]) -> Vec<String> {
        let all = rows.iter().map(|row| self.rows[*row].currency.clone());
        let all: BTreeSet<Option<String>> = all.collect();
        if all.len() < 2 {
            return Vec::new();
        }
        all.into_iter().flatten().collect()
    }

    /// Returns the clusters of some rows.
    #[must_use]
    pub fn clusters(&self, rows: &[usize]) -> Vec<u32> {
        rows.iter().map(|row| self.cluster[*row]).collect()
    }
}

/// Days before a row's date from which an action is still at work.
const RECENT_DAYS: i64 = 30;

/// Names the span of time that an account has been here.
fn span(days: f64) -> &'static str {
    match days {
        ..180.0 => "0-179 days",
        ..365.0 => "180-364 days",
        ..730.0 => "365-729 days",
        _ => "730+ days",
    }
}

/// Numbers the ultimate parent of every row; a circle of parents ends at its smallest member.
fn clusters(rows: &[Row], parents: &[Option<String>]) -> Vec<u32> {
    let mut parent_of: HashMap<&str, &str> = HashMap::new();
    for (row, parent) in rows.iter().zip(parents) {
        if let Some(parent) = parent {
            let known = parent_of.entry(&row.account_id).or_insert(parent);
            *known = (*known).min(parent);
        }
    }
    let ultimate = |account: &str| -> String {
        let mut seen = vec![account];
        let mut at = account;
        while let Some(parent) = parent_of.get(at) {
            if seen.contains(parent) {
                return seen.iter().min().unwrap_or(&account).to_string();
            }
            seen.push(parent);
            at = parent;
        }
        at.to_owned()
    };
    let mut numbers: HashMap<String, u32> = HashMap::new();
    rows.iter()
        .map(|row| {
            let next = numbers.len() as u32;
            *numbers.entry(ultimate(&row.account_id)).or_insert(next)
        })
        .collect()
}

/// Returns the quarter of a date, counted from year 0.
#[must_use]
pub fn quarter(date: NaiveDate) -> i32 {
    date.year() * 4 + date.month0() as i32 / 3
}

/// Returns a quarter as people write it: 2026-Q1.
#[must_use]
pub fn quarter_name(quarter: i32) -> String {
    format!("{}-Q{}", quarter.div_euclid(4), quarter.rem_euclid(4) + 1)
}
