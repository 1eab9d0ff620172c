//! One variable at a time: every weight and every threshold a step up and down, every metric off.

use polars::prelude::*;

use super::bands::action_line;
use super::board::{Board, Overall, overall};
use super::candidates::without;
use super::design::{Design, Target};
use super::evaluate;
use super::power::FALSE_DISCOVERIES;
use super::sample::Sample;
use crate::model::HealthModel;
use crate::scores;
use crate::stats::{
    Clusters, Draws, Estimate, RankFigure, Ranking, Refused, Resampled, Statistic,
    benjamini_hochberg, bootstrap, enough,
};

/// What one change does.
#[derive(Debug, Clone)]
pub struct Effect {
    /// weight, threshold or metric.
    pub kind: &'static str,
    /// The category, metric or band.
    pub variable: String,
    /// What was done: `+0.05`, `-5 points`, `off`.
    pub step: String,
    /// Change of each headline figure for churn at the primary lead, on the same rows, in the
    /// order of [`figures`].
    pub changes: Vec<Change>,
    /// Accounts whose band differs, on any of the rows.
    pub moved: Vec<String>,
    /// Rows whose band differs.
    pub moved_rows: usize,
}

/// Change of one figure.
#[derive(Debug, Clone)]
pub struct Change {
    /// The figure.
    pub figure: &'static str,
    /// The change with its paired interval.
    pub change: Result<Estimate, Refused>,
    /// Its p-value against no change, adjusted for every change of this figure that was tried;
    /// `None` where nothing changed.
    pub adjusted_p: Option<f64>,
}

impl Effect {
    /// Returns the change of a figure.
    #[must_use]
    pub fn of(&self, figure: &str) -> Option<&Change> {
        self.changes.iter().find(|own| own.figure == figure)
    }

    /// Returns whether it raises the AUC beyond chance, however many changes were tried.
    #[must_use]
    pub fn improves(&self) -> bool {
        self.of("auc").is_some_and(|own| {
            let rises = own.change.as_ref().is_ok_and(|change| change.value > 0.0);
            rises && own.adjusted_p.is_some_and(|p| p <= FALSE_DISCOVERIES)
        })
    }
}

/// Figures of the action line.
const AT_THE_LINE: [&str; 2] = ["recall_at_action_line", "precision_at_action_line"];

/// Returns the names of the figures whose changes are shown.
#[must_use]
pub fn figures(design: &Design) -> Vec<&'static str> {
    let ranked = evaluate::by_count(design.capacity);
    let ranked = ranked.into_iter().map(|(name, _)| name);
    ranked.chain(AT_THE_LINE).collect()
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
    // What a metric scores by itself is the same whatever is moved.
    let metrics = scores::by_metric(measures, board.model())?;
    let now = overall(&metrics, board.model())?;
    let variants = variants(board.model(), design);
    let line = action_line(board);
    let side = |standing: &Overall| Side {
        risk: standing
            .score
            .iter()
            .zip(&now.score)
            .map(|(own, now)| {
                // An account that loses its score under a change keeps the one it had.
                -own.or(*now).unwrap_or(0.0)
            })
            .collect(),
        flagged: standing
            .band
            .iter()
            .map(|band| f64::from(u8::from(band.is_some_and(|place| place >= line))))
            .collect(),
    };
    let mut effects = Vec::new();
    let mut sides = vec![side(&now)];
    // One after another on the caller's thread: the plan of a whole model is deep, and the stacks of
    // a pool's threads are small.
    let scored = (variants.iter())
        .map(|variant| overall(&metrics, &variant.model))
        .collect::<PolarsResult<Vec<_>>>()?;
    for (variant, then) in variants.iter().zip(&scored) {
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
        sides.push(side(then));
        effects.push(Effect {
            kind: variant.kind,
            variable: variant.variable.clone(),
            step: variant.step.clone(),
            changes: Vec::new(),
            moved,
            moved_rows,
        });
    }
    let names = figures(design);
    let found = changes(&sides, &event, &cluster, design, &board.draws);
    for (k, figure) in names.into_iter().enumerate() {
        let changes: Vec<Result<Estimate, Refused>> = (0..effects.len())
            .map(|n| match &found {
                Ok(found) => found[n][k].clone(),
                Err(refused) => Err(refused.clone()),
            })
            .collect();
        let adjusted = adjusted(&changes);
        let both = changes.into_iter().zip(adjusted);
        for (effect, (change, adjusted_p)) in effects.iter_mut().zip(both) {
            effect.changes.push(Change {
                figure,
                change,
                adjusted_p,
            });
        }
    }
    Ok(effects)
}

/// Returns the p-value of each change, adjusted for all of them; what changed nothing was no try.
fn adjusted(changes: &[Result<Estimate, Refused>]) -> Vec<Option<f64>> {
    let tried: Vec<(usize, f64)> = (changes.iter().enumerate())
        .filter_map(|(n, change)| Some((n, change.as_ref().ok()?)))
        .filter(|(_, change)| change.high > change.low)
        .map(|(n, change)| (n, change.p_value_against(0.0)))
        .collect();
    let p_values: Vec<f64> = tried.iter().map(|(_, p)| *p).collect();
    let mut adjusted = vec![None; changes.len()];
    for ((n, _), p) in tried.iter().zip(benjamini_hochberg(&p_values)) {
        adjusted[*n] = Some(p);
    }
    adjusted
}

/// What one model says of the rows.
struct Side {
    risk: Vec<f64>,
    /// 1 where it stands at the action line or worse.
    flagged: Vec<f64>,
}

/// Returns what every side but the first changes of each figure, against the first.
fn changes(
    sides: &[Side],
    event: &[bool],
    cluster: &[u32],
    design: &Design,
    draws: &Draws,
) -> Result<Vec<Vec<Result<Estimate, Refused>>>, Refused> {
    enough(event, cluster)?;
    let ranked: Vec<RankFigure> = evaluate::by_count(design.capacity)
        .into_iter()
        .map(|(_, figure)| figure)
        .collect();
    let labels: Vec<f64> = event
        .iter()
        .map(|event| f64::from(u8::from(*event)))
        .collect();
    let clusters = Clusters::new(cluster, &[&labels, &sides[0].risk])?;
    // Changes that order the rows alike, or flag them alike, are drawn once.
    let (risks, ranked_as) = distinct(sides.iter().map(|side| &side.risk));
    let (flags, flagged_as) = distinct(sides.iter().map(|side| &side.flagged));
    let rankings = (risks.iter())
        .map(|risk| Ranking::new(risk, event, None))
        .collect::<Result<Vec<_>, _>>()?;
    let mut statistics: Vec<Statistic> = (rankings.iter())
        .map(|ranking| clusters.figures(ranking, &ranked))
        .collect();
    for flagged in flags {
        // Of those who left, the flagged; of those flagged, who left.
        statistics.push(clusters.mean(flagged, Some(&labels))?);
        statistics.push(clusters.mean(&labels, Some(flagged))?);
    }
    let found = bootstrap(&clusters, &statistics, draws);
    let (by_rank, by_flag) = found.split_at(rankings.len() * ranked.len());
    let of = |side: usize| -> Vec<&Resampled> {
        let own = |place: usize, width: usize| place * width..(place + 1) * width;
        let ranked = &by_rank[own(ranked_as[side], ranked.len())];
        let flagged = &by_flag[own(flagged_as[side], AT_THE_LINE.len())];
        ranked.iter().chain(flagged).collect()
    };
    let base = of(0);
    let differences = |side: usize| -> Vec<Result<Estimate, Refused>> {
        let pairs = of(side).into_iter().zip(&base);
        pairs
            .map(|(own, base)| own.minus(base).estimate())
            .collect()
    };
    Ok((1..sides.len()).map(differences).collect())
}

/// Returns the distinct ones of some columns, and the place of each column among them.
fn distinct<'a>(columns: impl Iterator<Item = &'a Vec<f64>>) -> (Vec<&'a Vec<f64>>, Vec<usize>) {
    let mut found: Vec<&Vec<f64>> = Vec::new();
    let places = columns.map(|column| {
        let place = found.iter().position(|other| *other == column);
        place.unwrap_or_else(|| {
            found.push(column);
            found.len() - 1
        })
    });
    let places = places.collect();
    (found, places)
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
