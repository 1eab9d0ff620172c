//! The words that rules use for what scoring and trends say of an account, beside measures and
//! account columns.
//!
//! A word says where it belongs, then what it is: `health_score`, `usage.score`,
//! `usage.active_days.score`, `change_30d`, `usage.direction_90d`, `cap.open_p1`.

use crate::domain::Comparator;
use crate::formula::Kind;
use crate::model::health_model::{Category, Limit};

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it speaks of.
    pub level: Level,
    /// What it says.
    pub part: Part,
}

/// What a word speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Level {
    /// The account as a whole.
    Overall,
    /// A category.
    Category(String),
    /// A metric.
    Metric(String),
}

/// What a word says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The score: of the whole as it is shown, of a category or metric on the model's scale.
    Score,
    /// The whole before caps and floors, as shown.
    BaseScore,
    /// The band of the whole.
    Band,
    /// The share of weight that rests on present, fresh data.
    Coverage,
    /// The category with the lowest score.
    WeakestCategory,
    /// The change against an earlier date, in points as shown.
    Change(Comparator),
    /// `up`, `flat` or `down` against an earlier date.
    Direction(Comparator),
    /// The band on an earlier date.
    BandThen(Comparator),
    /// Points by which it asks for attention.
    Attention,
    /// `down` or `up` once a change of band has held.
    BandNews,
    /// The band it left, when there is news.
    BandBefore,
    /// How a fall of the last 30 days is read: expected, seasonal, unconfirmed or structural.
    Fall,
    /// The declared dips that are expected now.
    ExpectedDip,
    /// Whether a category says something else than the whole.
    Contradicts,
    /// Whether a cap held the score down.
    Cap(String),
}

impl Word {
    /// Returns the word of that name, if the model has one.
    #[must_use]
    pub fn find(name: &str, categories: &[Category], limits: &[Limit]) -> Option<Self> {
        let parts: Vec<&str> = name.split('.').collect();
        let category = |id: &str| categories.iter().find(|category| category.id == id);
        let (level, part) = match parts.as_slice() {
            [part] => (Level::Overall, Part::of_overall(part)?),
            ["cap", id] => {
                let cap = limits
                    .iter()
                    .find(|limit| limit.id == *id && limit.is_cap())?;
                (Level::Overall, Part::Cap(cap.id.clone()))
            }
            [id, part] => {
                let part = Part::of_category(part)?;
                (Level::Category(category(id)?.id.clone()), part)
            }
            [id, metric, "score"] => {
                let metrics = &category(id)?.metrics;
                let metric = metrics.iter().find(|candidate| candidate.id == *metric)?;
                (Level::Metric(metric.id.clone()), Part::Score)
            }
            _ => return None,
        };
        Some(Self { level, part })
    }

    /// Returns the names of all words without a comparison, for hints.
    pub fn names(categories: &[Category], limits: &[Limit]) -> Vec<String> {
        let overall = [
            "health_score",
            "base_score",
            "band",
            "coverage",
            "weakest_category",
            "attention",
            "band_news",
            "band_before",
            "fall",
            "expected_dip",
        ];
        let caps = limits.iter().filter(|limit| limit.is_cap());
        overall
            .into_iter()
            .map(str::to_owned)
            .chain(categories.iter().flat_map(|category| {
                let of = |part: &str| format!("{}.{part}", category.id);
                let metrics = category.metrics.iter();
                ["score", "coverage", "fall", "expected_dip", "contradicts"]
                    .map(of)
                    .into_iter()
                    .chain(metrics.map(move |metric| of(&format!("{}.score", metric.id))))
            }))
            .chain(caps.map(|cap| format!("cap.{}", cap.id)))
            .collect()
    }

    /// Returns the type of its values.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.part {
            Part::Score | Part::BaseScore | Part::Coverage | Part::Attention | Part::Change(_) => {
                Kind::Float
            }
            Part::Band
            | Part::BandThen(_)
            | Part::BandNews
            | Part::BandBefore
            | Part::WeakestCategory
            | Part::Fall
            | Part::ExpectedDip
            | Part::Direction(_) => Kind::Text,
            Part::Contradicts | Part::Cap(_) => Kind::Boolean,
        }
    }

    /// Returns the comparison it needs, if any.
    #[must_use]
    pub fn comparator(&self) -> Option<Comparator> {
        match self.part {
            Part::Change(then) | Part::Direction(then) | Part::BandThen(then) => Some(then),
            _ => None,
        }
    }

    /// Returns whether it names a band.
    #[must_use]
    pub fn is_band(&self) -> bool {
        matches!(self.part, Part::Band | Part::BandThen(_) | Part::BandBefore)
    }
}

impl Part {
    fn of_overall(name: &str) -> Option<Self> {
        Some(match name {
            "health_score" => Self::Score,
            "base_score" => Self::BaseScore,
            "band" => Self::Band,
            "coverage" => Self::Coverage,
            "weakest_category" => Self::WeakestCategory,
            "attention" => Self::Attention,
            "band_news" => Self::BandNews,
            "band_before" => Self::BandBefore,
            "fall" => Self::Fall,
            "expected_dip" => Self::ExpectedDip,
            _ => {
                let band = after("band_", name).map(Self::BandThen);
                return band.or_else(|| Self::of_trend(name));
            }
        })
    }

    fn of_category(name: &str) -> Option<Self> {
        match name {
            "score" => Some(Self::Score),
            "coverage" => Some(Self::Coverage),
            "fall" => Some(Self::Fall),
            "expected_dip" => Some(Self::ExpectedDip),
            "contradicts" => Some(Self::Contradicts),
            _ => Self::of_trend(name),
        }
    }

    fn of_trend(name: &str) -> Option<Self> {
        let change = after("change_", name).map(Self::Change);
        change.or_else(|| after("direction_", name).map(Self::Direction))
    }
}

fn after(prefix: &str, name: &str) -> Option<Comparator> {
    name.strip_prefix(prefix)?.parse().ok()
}
