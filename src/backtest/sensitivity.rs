//! One variable at a time: every weight and every threshold a step up and down, every metric off.

use polars::prelude::*;

use super::board::{Board, standing};
use super::candidates::without;
use super::design::{Design, Target};
use super::sample::Sample;
use crate::model::HealthModel;
use crate::stats::{Clusters, Estimate, Plan, Ranking, Refused, Statistic, bootstrap, enough};

/// What one change does.
#[derive(Debug, Clone)]
pub struct Effect {
    /// weight, threshold or metric.
    pub kind: &'static str,
    /// The category, metric or band.
    pub variable: String,
    /// What was done: `+0.05`, `-5 points`, `off`.
    pub step: String,
    /// Change of the AUC for churn at the primary lead, on the same rows.
    pub change: Result<Estimate, Refused>,
    /// Accounts whose band differs, on any of the rows.
    pub moved: Vec<String>,
    /// Rows whose band differs.
    pub moved_rows: usize,
}

struct Variant {
    kind: &'static str,
    variable: String,
    step: String,
    model: HealthModel,
}

/// Computes every change.
///
/// # Errors
/// When Polars fails.
pub fn one_at_a_time(board: &Board, sample: &Sample, design: &Design) -> PolarsResult<Vec<Effect>> {
    let rows = board.common(design.primary_lead);
    let at = rows.iter().map(|row| *row as IdxSize).collect();
    let measures = sample.measures.take(&IdxCa::from_vec("at".into(), at))?;
    let event = board.events(&rows, Target::Churn);
    let cluster = board.clusters(&rows);
    let now = standing(&measures, board.model())?;
    let variants = variants(board.model(), design);
    let mut effects = Vec::new();
    let mut scores = Vec::new();
    for variant in &variants {
        let then = standing(&measures, &variant.model)?;
        let mut moved: Vec<String> = Vec::new();
        let mut moved_rows = 0;
        for (n, row) in rows.iter().enumerate() {
            if now.band[n] != then.band[n] {
                moved_rows += 1;
                moved.push(board.rows[*row].account_id.clone());
            }
        }
        moved.sort();
        moved.dedup();
        // An account that loses its score under a change keeps the one it had.
        let risk = then.score.iter().zip(&now.score);
        scores.push(
            risk.map(|(then, now)| -then.or(*now).unwrap_or(0.0))
                .collect::<Vec<f64>>(),
        );
        effects.push(Effect {
            kind: variant.kind,
            variable: variant.variable.clone(),
            step: variant.step.clone(),
            change: Err(Refused::NoRows),
            moved,
            moved_rows,
        });
    }
    let base: Vec<f64> = now
        .score
        .iter()
        .map(|score| -score.unwrap_or(0.0))
        .collect();
    match changes(&base, &scores, &event, &cluster, design) {
        Ok(changes) => {
            for (effect, change) in effects.iter_mut().zip(changes) {
                effect.change = change;
            }
        }
        Err(refused) => {
            for effect in &mut effects {
                effect.change = Err(refused.clone());
            }
        }
    }
    Ok(effects)
}

fn changes(
    base: &[f64],
    scores: &[Vec<f64>],
    event: &[bool],
    cluster: &[u32],
    design: &Design,
) -> Result<Vec<Result<Estimate, Refused>>, Refused> {
    enough(event, cluster)?;
    let labels: Vec<f64> = event
        .iter()
        .map(|event| f64::from(u8::from(*event)))
        .collect();
    let clusters = Clusters::new(cluster, &[&labels, base])?;
    let rankings = std::iter::once(base)
        .chain(scores.iter().map(Vec::as_slice))
        .map(|risk| Ranking::new(risk, event, None))
        .collect::<Result<Vec<_>, _>>()?;
    // A threshold moves nobody's rank, so it is not drawn.
    let is_same: Vec<bool> = scores.iter().map(|risk| risk.as_slice() == base).collect();
    let drawn: Vec<&Ranking> = rankings[1..]
        .iter()
        .zip(&is_same)
        .filter(|(_, same)| !**same)
        .map(|(ranking, _)| ranking)
        .collect();
    let statistics: Vec<Statistic> = std::iter::once(&rankings[0])
        .chain(drawn)
        .map(|ranking| clusters.auc(ranking))
        .collect();
    let plan = Plan {
        resamples: design.resamples,
        seed: design.seed,
    };
    let found = bootstrap(&clusters, &statistics, &plan);
    let mut others = found[1..].iter();
    let none = Estimate {
        value: 0.0,
        low: 0.0,
        high: 0.0,
    };
    Ok(is_same
        .iter()
        .map(|same| {
            if *same {
                return Ok(none);
            }
            let other = others.next().ok_or(Refused::NoRows)?;
            other.minus(&found[0]).estimate()
        })
        .collect())
}

fn variants(model: &HealthModel, design: &Design) -> Vec<Variant> {
    let mut variants = Vec::new();
    let step = design.weight_step;
    for (c, category) in model.categories.iter().enumerate() {
        for step in [step, -step] {
            let moved = with_weight(
                model,
                step,
                |card| &mut card.categories,
                c,
                |own| &mut own.weight,
            );
            variants.extend(moved.map(|model| Variant {
                kind: "category_weight",
                variable: category.id.clone(),
                step: format!("{step:+}"),
                model,
            }));
        }
    }
    for (c, _, m, metric) in model.metrics() {
        for step in [step, -step] {
            let moved = with_weight(
                model,
                step,
                |card| &mut card.categories[c].metrics,
                m,
                |own| &mut own.weight,
            );
            variants.extend(moved.map(|model| Variant {
                kind: "metric_weight",
                variable: metric.id.clone(),
                step: format!("{step:+}"),
                model,
            }));
        }
    }
    let step = design.threshold_step;
    for (place, band) in model.bands.iter().enumerate() {
        for step in [step, -step] {
            variants.extend(with_threshold(model, place, step).map(|model| Variant {
                kind: "threshold",
                variable: band.label.clone(),
                step: format!("{step:+} points"),
                model,
            }));
        }
    }
    for (_, _, _, metric) in model.metrics() {
        let left = without(model, |id| id == metric.id);
        variants.extend(left.map(|model| Variant {
            kind: "metric",
            variable: metric.id.clone(),
            step: "off".to_owned(),
            model,
        }));
    }
    variants
}

/// Moves one weight of every card by a step, the others rescaled; `None` where it would leave 0
/// to 1 in the model's own card.
fn with_weight<T>(
    model: &HealthModel,
    step: f64,
    weights: impl Fn(&mut crate::model::health_model::Card) -> &mut Vec<T>,
    at: usize,
    weight: impl Fn(&mut T) -> &mut f64,
) -> Option<HealthModel> {
    let mut moved = model.clone();
    for (n, card) in moved.cards.iter_mut().enumerate() {
        let parts = weights(card);
        let old = *weight(&mut parts[at]);
        let new = old + step;
        let fits = (0.0..=1.0).contains(&new) && old < 1.0;
        if !fits {
            if n == 0 {
                return None;
            }
            continue;
        }
        let factor = (1.0 - new) / (1.0 - old);
        for (place, part) in parts.iter_mut().enumerate() {
            let own = weight(part);
            *own = if place == at { new } else { *own * factor };
        }
    }
    Some(moved)
}

/// Moves the lower bound of one band; `None` for the lowest, or where it would meet a neighbour.
fn with_threshold(model: &HealthModel, place: usize, step: f64) -> Option<HealthModel> {
    let mut moved = model.clone();
    for card in &mut moved.cards {
        let from = &mut card.band_from;
        let next = from.get(place + 1)?;
        let new = from[place] + step;
        let upper = if place == 0 { 100.0 } else { from[place - 1] };
        if new <= *next || new >= upper {
            return None;
        }
        from[place] = new;
    }
    Some(moved)
}
