//! The model as meant: complete, checked, and impossible to get wrong from here on.

use std::sync::Arc;

use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::curve::Curve;
use super::file::{Better, MissingFile};
use super::reading::Reading;
use super::rules::Rules;
use crate::domain::DayCount;
use crate::formula::Expr;
use crate::measures::catalog::Written;

/// How the rule for missing values reads once it is resolved; it is the same as written.
pub type Missing = MissingFile;

/// Weights, curves, bands and rules, all resolved.
#[derive(Debug, Clone, Serialize)]
pub struct HealthModel {
    /// Short name, as it stands in the tables.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// What is known about it besides what it computes.
    #[serde(skip)]
    pub about: About,
    /// Decimals of a score as it is shown.
    pub decimals: u32,
    /// Lowest and highest score of a metric. The overall score is on 0–100 whatever the scale:
    /// points are weight × score × 100 / highest.
    pub scale: [f64; 2],
    /// Share of weight below which an account is not scored.
    pub coverage_floor: f64,
    /// How its scores are read.
    pub reading: Reading,
    /// Bands from the top down.
    pub bands: Vec<Band>,
    /// Categories in model order.
    pub categories: Vec<Category>,
    /// Limits above and below.
    pub limits: Vec<Limit>,
    /// Rules for some accounts, in order.
    pub variants: Vec<Variant>,
    /// The numbers: of the model itself, then of each variant that has its own.
    pub cards: Vec<Card>,
    /// Where scores that somebody sets by hand come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<Override>,
    /// What is said and done beside scores; a score does not depend on it.
    #[serde(skip)]
    pub rules: Rules,
    /// The definitions of the measures it rests on.
    pub measures: IndexMap<String, Written>,
    /// What the job counts their money in, where it says so: in another currency the same account
    /// has other values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The file as it was written, from which an archived model is resolved again.
    #[serde(skip)]
    pub text: Arc<str>,
}

/// Scores that somebody sets by hand: the measures that say what, who, why and until when.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Override {
    /// The score.
    pub score: String,
    /// Who set it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// The last day on which it is in force.
    pub expires_on: String,
    /// Above this share of the scored accounts the run warns.
    pub warn_share: f64,
}

impl Override {
    fn measures(&self) -> [&String; 4] {
        [&self.score, &self.author, &self.reason, &self.expires_on]
    }
}

/// What is known about a model besides what it computes.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// What people call it.
    pub title: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Since when it is in force.
    pub effective_date: Option<NaiveDate>,
    /// How often it is looked at.
    pub review_cycle: Option<String>,
    /// Draft, in review or approved.
    pub status: Option<String>,
    /// What changed, when, on what review.
    pub changes: Vec<(NaiveDate, String, Option<String>)>,
}

/// A half-open range of the overall score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    /// What it is called.
    pub label: String,
    /// What must be done for an account in it.
    pub action: Option<String>,
    /// Whether the revenue of an account in it counts as at risk; it decides about no score.
    #[serde(skip)]
    pub at_risk: bool,
}

/// A weighted group of metrics.
#[derive(Debug, Clone, Serialize)]
pub struct Category {
    /// Its name in the tables.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What to ask when it has fallen.
    #[serde(skip)]
    pub questions: Vec<String>,
    /// Its metrics in model order.
    pub metrics: Vec<Metric>,
}

/// A measure scored onto the scale.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// Its name in the tables.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The measure.
    pub measure: String,
    /// Whether the measure's values are numbers.
    pub is_number: bool,
    /// Which way is better, where it says so.
    pub better: Option<Better>,
    /// What happens when the value is missing.
    pub missing: Missing,
    /// Whom it concerns; everybody when there is no condition.
    pub applies_when: Option<Condition>,
}

/// A limit that a condition puts on the overall score.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// Its name in the tables.
    pub id: String,
    /// The condition.
    pub when: Condition,
    /// Above or below.
    pub bound: Bound,
    /// Why.
    pub reason: String,
}

impl Limit {
    /// Returns whether it holds a score down.
    #[must_use]
    pub fn is_cap(&self) -> bool {
        matches!(self.bound, Bound::AtMost(_))
    }
}

/// Which side a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// A cap.
    AtMost(f64),
    /// A floor.
    AtLeast(f64),
}

/// What is different for some accounts.
#[derive(Debug, Clone, Serialize)]
pub struct Variant {
    /// Its name in the tables.
    pub id: String,
    /// For whom.
    pub when: Condition,
    /// What it means for them.
    pub effect: Effect,
}

/// What a variant does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Its own numbers: the n-th card.
    Card(usize),
    /// No score at all, for this reason.
    NoScorecard(String),
}

/// The numbers of a scorecard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The lowest score of each band.
    pub band_from: Vec<f64>,
    /// Per category its weight and its metrics' numbers.
    pub categories: Vec<CategoryCard>,
}

/// The numbers of a category.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryCard {
    /// Share of the overall score.
    pub weight: f64,
    /// Per metric.
    pub metrics: Vec<MetricCard>,
}

/// The numbers of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricCard {
    /// Share of the category.
    pub weight: f64,
    /// From value to score.
    pub curve: Curve,
    /// The value to aim at.
    pub target: Option<f64>,
}

/// A condition over measures and account columns.
#[derive(Debug, Clone)]
pub struct Condition {
    /// As written; it is what the hash sees.
    pub written: String,
    /// As checked.
    pub expr: Expr,
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written)
    }
}

/// Returns the content hash of plain data.
pub(super) fn hash(data: &impl Serialize) -> String {
    let content = serde_json::to_vec(data).expect("a model is plain data");
    Sha256::digest(&content)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl HealthModel {
    /// Returns the content hash of everything that decides about a score.
    ///
    /// # Panics
    /// Never: the model holds only numbers, text and lists.
    #[must_use]
    pub fn hash(&self) -> String {
        hash(self)
    }

    /// Returns every metric with its category, in model order.
    pub fn metrics(&self) -> impl Iterator<Item = (usize, &Category, usize, &Metric)> {
        self.categories
            .iter()
            .enumerate()
            .flat_map(|(c, category)| {
                category
                    .metrics
                    .iter()
                    .enumerate()
                    .map(move |(m, metric)| (c, category, m, metric))
            })
    }

    /// Returns the measures and account columns it reads, each once.
    #[must_use]
    pub fn reads(&self) -> Vec<String> {
        let conditions = self
            .limits
            .iter()
            .map(|limit| &limit.when)
            .chain(self.variants.iter().map(|variant| &variant.when))
            .chain(
                self.reading
                    .expected_dips
                    .iter()
                    .filter_map(|dip| dip.when.as_ref()),
            )
            .chain(
                self.metrics()
                    .filter_map(|(_, _, _, metric)| metric.applies_when.as_ref()),
            );
        let mut names: Vec<String> = self
            .metrics()
            .map(|(_, _, _, metric)| metric.measure.clone())
            .collect();
        names.extend(self.by_hand.iter().flat_map(Override::measures).cloned());
        names.extend(
            conditions
                .flat_map(|condition| condition.expr.columns().into_iter().map(str::to_owned)),
        );
        names.sort();
        names.dedup();
        names
    }

    /// Returns the measures whose last value serves for a while, and for how long.
    #[must_use]
    pub fn carried(&self) -> IndexSet<(String, DayCount)> {
        let carried = self
            .metrics()
            .filter_map(|(_, _, _, metric)| match metric.missing {
                Missing::Carry(validity) => Some((metric.measure.clone(), validity)),
                _ => None,
            });
        carried.collect()
    }
}
