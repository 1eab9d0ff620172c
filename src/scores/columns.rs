//! Names of the columns that scoring adds to the panel, one shape for every level.

/// A column of one metric.
#[must_use]
pub fn metric(id: &str, part: &str) -> String {
    format!("metric/{id}/{part}")
}

/// A column of one category.
#[must_use]
pub fn category(id: &str, part: &str) -> String {
    format!("category/{id}/{part}")
}

/// A column of the overall score.
#[must_use]
pub fn overall(part: &str) -> String {
    format!("overall/{part}")
}

/// Whether the condition of a cap or floor holds.
#[must_use]
pub fn limit(id: &str) -> String {
    format!("limit/{id}/holds")
}

/// Returns whether a column is one that scoring adds.
#[must_use]
pub fn is_of_scores(column: &str) -> bool {
    ["metric/", "category/", "overall/", "limit/"]
        .iter()
        .any(|level| column.starts_with(level))
}

/// The value that the metric's curve is asked for.
pub const INPUT: &str = "input";
/// The earlier value that stands in for it, where the metric has such a rule.
pub const CARRIED: &str = "carried";
/// Whether the metric concerns the account.
pub const APPLIES: &str = "applies";
/// Whether its value is there and fresh.
pub const PRESENT: &str = "present";
/// The score on the model's scale.
pub const SCORE: &str = "score";
/// Weight in effect: share of the overall score.
pub const WEIGHT: &str = "weight";
/// Raw points of the overall score: weight × score × 100 / highest.
pub const CONTRIBUTION: &str = "contribution";
/// Points on the shown grid, which sum to the shown score.
pub const POINTS: &str = "points";
/// Value to aim at.
pub const TARGET: &str = "target";
/// Share of weight that rests on present, fresh data.
pub const COVERAGE: &str = "coverage";
/// The score before caps and floors.
pub const BASE: &str = "base_score";
/// The score after caps and floors, before a manual override.
pub const CAPPED: &str = "capped_score";
/// The same as shown, in steps.
pub const CAPPED_STEPS: &str = "capped_steps";
/// The score that somebody has set by hand, where it is in force.
pub const OVERRIDE_SCORE: &str = "override_score";
/// Who set it.
pub const OVERRIDE_AUTHOR: &str = "override_author";
/// Why.
pub const OVERRIDE_REASON: &str = "override_reason";
/// The last day on which it is in force.
pub const OVERRIDE_EXPIRES: &str = "override_expires_on";
/// Whether a score was set by hand without all that it needs, and so is not in force.
pub const OVERRIDE_REFUSED: &str = "override_refused";
/// The score if everything missing were worst.
pub const LOW: &str = "score_low";
/// The score if everything missing were best.
pub const HIGH: &str = "score_high";
/// The score as shown, in steps of the grid (79.5 with one decimal is 795).
pub const STEPS: &str = "steps";
/// The score before caps and floors as shown, in steps.
pub const BASE_STEPS: &str = "base_steps";
/// The band's label.
pub const BAND: &str = "band";
/// The variant that applied, null for the model itself.
pub const VARIANT: &str = "variant";
/// Which numbers applied: 0 the model's, n a variant's, −1 none.
pub const CARD: &str = "card";
/// Caps and floors that moved the score.
pub const LIMITS: &str = "limits";
/// Why there is no score.
pub const NOT_SCORED: &str = "not_scored_reason";
