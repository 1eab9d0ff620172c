//! What is compared on the same rows: the model in force, its rivals and its reference lines.
//! Every one of them is a health model, and is scored by the function that scores tonight.

use crate::model::HealthModel;
use crate::model::health_model::Missing;

/// A model with the part it plays.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its name in the tables.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The model.
    pub model: HealthModel,
}

/// The part a candidate plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The model in force; every rival is shown relative to it.
    InForce,
    /// Every category, and every metric within one, weighs the same.
    EqualWeights,
    /// The metric that ranked best on the earlier half of the rows.
    BestMetric,
    /// A model file that the job names.
    Challenger,
    /// The model in force without the metrics that know how near the renewal is.
    WithoutProximity,
    /// The model in force without what is known of today only.
    WithoutCurrent,
}

/// Name of the model in force in the tables.
pub const IN_FORCE: &str = "in_force";

/// Returns the candidates that do not depend on any outcome.
#[must_use]
pub fn fixed(
    in_force: &HealthModel,
    challengers: &[HealthModel],
    proximity: &[String],
    current: &[String],
) -> Vec<Candidate> {
    let candidate = |name: &str, role, model| Candidate {
        name: name.to_owned(),
        role,
        model,
    };
    let mut candidates = vec![
        candidate(IN_FORCE, Role::InForce, in_force.clone()),
        candidate("equal_weights", Role::EqualWeights, equal_weights(in_force)),
    ];
    for model in challengers {
        let mut name = model.name.clone();
        while candidates.iter().any(|candidate| candidate.name == name) {
            name.push_str("_challenger");
        }
        candidates.push(candidate(&name, Role::Challenger, model.clone()));
    }
    let without = |ids: &[String]| without(in_force, |id| ids.iter().any(|other| other == id));
    if let Some(model) = without(proximity).filter(|_| !proximity.is_empty()) {
        candidates.push(candidate(
            "without_proximity",
            Role::WithoutProximity,
            model,
        ));
    }
    if let Some(model) = without(current).filter(|_| !current.is_empty()) {
        candidates.push(candidate("without_current", Role::WithoutCurrent, model));
    }
    candidates
}

/// Returns the model with every category, and every metric within one, weighing the same.
#[must_use]
pub fn equal_weights(model: &HealthModel) -> HealthModel {
    let mut equal = model.clone();
    for card in &mut equal.cards {
        let share = 1.0 / card.categories.len() as f64;
        for category in &mut card.categories {
            category.weight = share;
            let share = 1.0 / category.metrics.len() as f64;
            for metric in &mut category.metrics {
                metric.weight = share;
            }
        }
    }
    equal.limits.clear();
    equal
}

/// Returns the model that knows one metric only; where its value is missing the account stands in
/// the middle of the scale, so that it is compared on the rows of the others.
#[must_use]
pub fn single_metric(model: &HealthModel, id: &str) -> HealthModel {
    let middle = f64::midpoint(model.scale[0], model.scale[1]);
    let mut single = model.clone();
    single.limits.clear();
    single.coverage_floor = 0.0;
    for card in &mut single.cards {
        for (category, numbers) in model.categories.iter().zip(&mut card.categories) {
            let has = category.metrics.iter().any(|metric| metric.id == id);
            numbers.weight = f64::from(u8::from(has));
            for (metric, numbers) in category.metrics.iter().zip(&mut numbers.metrics) {
                let is = metric.id == id;
                numbers.weight = f64::from(u8::from(is || !has));
            }
        }
    }
    for category in &mut single.categories {
        for metric in category.metrics.iter_mut().filter(|metric| metric.id == id) {
            metric.missing = Missing::Neutral(middle);
            metric.applies_when = None;
        }
    }
    single
}

/// Returns the model without some metrics, the weights of the others rescaled; `None` if nothing
/// would be left.
#[must_use]
pub fn without(model: &HealthModel, is_out: impl Fn(&str) -> bool) -> Option<HealthModel> {
    let mut left = model.clone();
    for card in &mut left.cards {
        for (category, numbers) in model.categories.iter().zip(&mut card.categories) {
            for (metric, numbers) in category.metrics.iter().zip(&mut numbers.metrics) {
                if is_out(&metric.id) {
                    numbers.weight = 0.0;
                }
            }
            let sum: f64 = numbers.metrics.iter().map(|metric| metric.weight).sum();
            if sum > 0.0 {
                numbers
                    .metrics
                    .iter_mut()
                    .for_each(|metric| metric.weight /= sum);
            } else {
                numbers.weight = 0.0;
            }
        }
        let sum: f64 = card.categories.iter().map(|category| category.weight).sum();
        if sum <= 0.0 {
            return None;
        }
        card.categories
            .iter_mut()
            .for_each(|category| category.weight /= sum);
    }
    Some(left)
}
