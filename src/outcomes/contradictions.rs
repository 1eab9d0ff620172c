//! Records and contract lines that do not tell the same story.

use std::collections::HashMap;

use super::resolve::Outcomes;
use super::{Decision, Outcome};
use crate::domain::one_line;
use crate::trail::{Finding, Severity};

/// Returns what recorded and derived decisions disagree about: whether the account left.
pub(super) fn between(
    recorded: &[Decision],
    derived: &[Decision],
    outcomes: &Outcomes,
) -> Vec<Finding> {
    let mut by_account: HashMap<&str, Vec<&Decision>> = HashMap::new();
    for decision in derived {
        by_account
            .entry(&decision.account_id)
            .or_default()
            .push(decision);
    }
    let settled = |outcome| !matches!(outcome, Outcome::NotYetDue | Outcome::Reactivated);
    let mut left_and_runs = Vec::new();
    let mut stayed_and_gone = Vec::new();
    let mut twice = Vec::new();
    for decision in recorded.iter().filter(|decision| settled(decision.outcome)) {
        let same = by_account
            .get(decision.account_id.as_str())
            .into_iter()
            .flatten()
            .find(|derived| {
                settled(derived.outcome)
                    && outcomes.is_together(decision.contractual_date, derived.contractual_date)
            });
        let name = format!(
            "{} of {}",
            one_line(&decision.decision_id),
            one_line(&decision.account_id)
        );
        match same.map(|derived| derived.outcome) {
            Some(Outcome::Churned) if decision.outcome != Outcome::Churned => {
                stayed_and_gone.push(name)
            }
            Some(other) if decision.outcome == Outcome::Churned && other != Outcome::Churned => {
                left_and_runs.push(name);
            }
            _ => {}
        }
    }
    let mut seen: HashMap<(&str, chrono::NaiveDate), &Decision> = HashMap::new();
    for decision in recorded
        .iter()
        .filter(|decision| decision.outcome != Outcome::Reactivated)
    {
        let key = (decision.account_id.as_str(), decision.contractual_date);
        if seen.insert(key, decision).is_some() {
            twice.push(one_line(&decision.decision_id));
        }
    }
    let total = recorded.len();
    let finding = |found: Vec<String>, what: &str, advice: &str| {
        (!found.is_empty()).then(|| Finding {
            finding: "contradicting_outcomes",
            severity: Severity::Warning,
            subject: "outcomes".to_owned(),
            count: found.len() as u64,
            share: Some(found.len() as f64 / total.max(1) as f64),
            evidence: format!("{} {what}: {}", found.len(), found.join(", ")),
            advice: advice.to_owned(),
        })
    };
    let advice = "the record counts; find out which of the two is right and mend the other";
    [
        finding(
            left_and_runs,
            "decisions are recorded as churned, and contract lines go on after the grace",
            advice,
        ),
        finding(
            stayed_and_gone,
            "decisions are recorded as kept, and no contract line goes on after the grace",
            advice,
        ),
        finding(
            twice,
            "decisions are recorded for an account and day that has one already",
            "give one record per decision, or the line that each is about",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
