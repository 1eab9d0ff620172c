//! What the figures say in plain words; the ten lines that matter most.

use super::board::Board;
use super::candidates::{IN_FORCE, Role};
use super::design::{Design, Target};
use super::evaluate::{AFTER_THE_CHOICE, ALL};
use super::figures::{About, Figure, Figures};
use super::power::Power;
use crate::trail::{Finding, Severity};

/// One line of the tear sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is about.
    pub subject: String,
    /// The figure with its interval, or why there is none.
    pub figure: String,
    /// What it means.
    pub verdict: String,
}

/// Lines of the tear sheet.
const LINES: usize = 10;

fn about(candidate: &str, target: Target, lead: u32, slice: &str, value: &str) -> About {
    About {
        candidate: candidate.to_owned(),
        target: target.word(),
        lead_days: Some(lead),
        slice: slice.to_owned(),
        slice_value: value.to_owned(),
    }
}

/// Writes a number with three decimals, or as many as show on which side of zero it lies; nothing has
/// no sign.
fn thousandths(value: f64) -> String {
    let most = 6;
    let decimals = (3..=most).find(|decimals| value.abs() >= 0.5 * 0.1_f64.powi(*decimals));
    match decimals {
        Some(decimals) => format!("{value:.0$}", decimals as usize),
        None => "0.000".to_owned(),
    }
}

fn shown(figure: Option<&Figure>) -> String {
    let Some(figure) = figure else {
        return "there are no rows".to_owned();
    };
    match (figure.value, figure.low, figure.high) {
        (Some(value), Some(low), Some(high)) => {
            let [value, low, high] = [value, low, high].map(thousandths);
            format!("{value} ({low} to {high})")
        }
        (Some(value), _, _) => thousandths(value),
        (None, _, _) => format!(
            "refused: {}",
            figure.reason.as_deref().unwrap_or("no reason")
        ),
    }
}

/// Says what an AUC with its interval means.
fn against_chance(figure: Option<&Figure>) -> &'static str {
    let interval = figure.and_then(|figure| Some((figure.low?, figure.high?)));
    match interval {
        None => "cannot be said",
        Some((low, _)) if low > 0.5 => "foresees it",
        Some((_, high)) if high < 0.5 => "points the wrong way",
        Some(_) => "cannot be told from chance",
    }
}

/// Says what the AUC of the bands means for their order.
#[must_use]
pub fn order_of_bands(auc: Option<&Figure>) -> &'static str {
    match against_chance(auc) {
        "foresees it" => "lower bands churn more",
        "points the wrong way" => "lower bands churn less: the wrong way round",
        "cannot be said" => "cannot be said",
        _ => "the bands cannot be told apart by churn",
    }
}

/// Says what the squared error of probabilities less that of the base rate means.
#[must_use]
pub fn against_base_rate(difference: Option<&Figure>) -> &'static str {
    let interval = difference.and_then(|figure| Some((figure.low?, figure.high?)));
    match interval {
        None => "cannot be said",
        Some((_, high)) if high < 0.0 => "better than giving everybody the base rate",
        Some((low, _)) if low > 0.0 => "worse than giving everybody the base rate",
        Some(_) => "cannot be told from giving everybody the base rate",
    }
}

/// Says what a difference from the model in force means.
fn against_in_force(figure: Option<&Figure>) -> &'static str {
    let interval = figure.and_then(|figure| Some((figure.low?, figure.high?)));
    match interval {
        None => "cannot be said",
        Some((low, _)) if low > 0.0 => "ranks better than the weights in force",
        Some((_, high)) if high < 0.0 => "ranks worse than the weights in force",
        Some(_) => "cannot be told apart: keep the weights",
    }
}

/// Returns the lines of the tear sheet, the most important first.
#[must_use]
pub fn of(board: &Board, design: &Design, figures: &Figures, powers: &[Power]) -> Vec<Verdict> {
    let lead = design.primary_lead;
    let at = |candidate: &str, figure: &str| {
        figures.find(&about(candidate, Target::Churn, lead, ALL, ALL), figure)
    };
    let mut lines = Vec::new();
    let mut line = |subject: String, figure: String, verdict: String| {
        lines.push(Verdict {
            subject,
            figure,
            verdict,
        });
    };
    let primary = at(IN_FORCE, "auc");
    let size = primary.map_or((0, 0), |figure| (figure.events, figure.n));
    line(
        format!("AUC for churn at {lead} days, weights in force"),
        shown(primary),
        format!(
            "{} ({} left of {})",
            against_chance(primary),
            size.0,
            size.1
        ),
    );
    for candidate in board
        .candidates
        .iter()
        .filter(|own| own.role != Role::InForce)
    {
        // What was chosen by outcomes is judged on later ones only.
        let (slice, note) = match candidate.role {
            Role::BestMetric => (AFTER_THE_CHOICE, ", on what came after it was chosen"),
            _ => (ALL, ""),
        };
        let about = about(&candidate.name, Target::Churn, lead, ALL, slice);
        let difference = figures.find(&about, "auc_minus_in_force");
        line(
            format!("{} against it{note}", candidate.name),
            shown(difference),
            against_in_force(difference).to_owned(),
        );
    }
    let within = about(IN_FORCE, Target::Churn, lead, ALL, "within_quarters");
    let within = figures.find(&within, "auc");
    line(
        "AUC within quarters, averaged".to_owned(),
        shown(within),
        against_chance(within).to_owned(),
    );
    let capture = at(IN_FORCE, "capture_at_capacity");
    let worked = design.capacity * 100.0;
    line(
        format!("Share of churn in the riskiest {worked:.0} %"),
        shown(capture),
        match capture.and_then(|capture| capture.low) {
            Some(low) if low > design.capacity => "more than a random pick would find".to_owned(),
            Some(_) => "cannot be told from a random pick".to_owned(),
            None => "cannot be said".to_owned(),
        },
    );
    let order = at(IN_FORCE, "auc_of_bands");
    line(
        "AUC of the bands alone".to_owned(),
        shown(order),
        order_of_bands(order).to_owned(),
    );
    let mut categories: Vec<(&String, Option<&Figure>)> = board
        .in_force()
        .categories
        .keys()
        .map(|id| (id, at(&format!("category/{id}"), "auc")))
        .collect();
    let value = |figure: &Option<&Figure>| figure.and_then(|figure| figure.value).unwrap_or(0.0);
    categories.sort_by(|a, b| {
        value(&b.1)
            .total_cmp(&value(&a.1))
            .then_with(|| a.0.cmp(b.0))
    });
    let word = |figure: Option<&Figure>| match against_chance(figure) {
        "foresees it" => "predictive",
        other => other,
    };
    let named: Vec<String> = categories
        .iter()
        .map(|(id, figure)| format!("{id} {:.2} {}", value(figure), word(*figure)))
        .collect();
    line(
        "Categories by AUC".to_owned(),
        format!("{} of them", named.len()),
        named.join(", "),
    );
    let here: Vec<&Power> = powers
        .iter()
        .filter(|power| power.lead_days == lead && power.is_of_all())
        .collect();
    let named = |holds: fn(&Power) -> bool| -> Vec<&str> {
        let own = here.iter().filter(|power| holds(power));
        own.map(|power| power.metric.as_str()).collect()
    };
    let standing = named(Power::stands_out);
    let wrong = named(|power| power.is_no_chance() && !power.stands_out());
    let suspect = named(|power| power.is_suspect);
    let of_segments = powers
        .iter()
        .filter(|power| power.lead_days == lead && !power.is_of_all() && power.stands_out());
    let mut elsewhere: Vec<&str> = of_segments.map(|power| power.metric.as_str()).collect();
    elsewhere.sort_unstable();
    elsewhere.dedup();
    elsewhere.retain(|metric| !standing.contains(metric));
    let mut found = match standing.as_slice() {
        [] => "none of them".to_owned(),
        names => names.join(", "),
    };
    for (what, names) in [
        ("in a segment only", elsewhere),
        ("the wrong way round", wrong),
        ("suspected leaks", suspect),
    ] {
        if !names.is_empty() {
            found = format!("{found}; {what}: {}", names.join(", "));
        }
    }
    line(
        "Metrics that stand out after false-discovery control".to_owned(),
        format!("{} of {}", standing.len(), here.len()),
        found,
    );
    let out_of_time = about(IN_FORCE, Target::Churn, lead, ALL, "out_of_time");
    let skill = figures.find(&out_of_time, "brier_skill");
    let beyond = figures.find(&out_of_time, "brier_minus_base_rate");
    line(
        "Skill of out-of-time probabilities over the base rate".to_owned(),
        shown(skill),
        against_base_rate(beyond).to_owned(),
    );
    lines.truncate(LINES);
    lines
}

/// Says so where neither the score nor any category can be told from chance.
#[must_use]
pub fn nothing_there(board: &Board, design: &Design, figures: &Figures) -> Option<Finding> {
    let of = |name: &str| {
        let about = about(name, Target::Churn, design.primary_lead, ALL, ALL);
        against_chance(figures.find(&about, "auc"))
    };
    let categories = board.in_force().categories.keys();
    let names: Vec<String> = std::iter::once(IN_FORCE.to_owned())
        .chain(categories.map(|id| format!("category/{id}")))
        .collect();
    let verdicts: Vec<&str> = names.iter().map(|name| of(name)).collect();
    let says_something = verdicts.contains(&"foresees it");
    let can_say = verdicts.iter().any(|verdict| *verdict != "cannot be said");
    (can_say && !says_something).then(|| Finding {
        finding: "nothing_there",
        severity: Severity::Warning,
        subject: board.model().name.clone(),
        count: names.len() as u64,
        share: None,
        evidence: format!(
            "at {} days neither the score nor any category can be told from chance",
            design.primary_lead
        ),
        advice: "do not act on these scores as if they foresaw churn; look for other measures"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_on_which_side_of_zero_it_lies() {
        let shown = [-0.0004, 0.000_03, -0.0, -1e-9, -0.0006, -1.0].map(thousandths);
        assert_eq!(
            shown,
            ["-0.0004", "0.00003", "0.000", "0.000", "-0.001", "-1.000"]
        );
    }
}
