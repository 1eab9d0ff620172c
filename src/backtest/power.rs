//! What each metric is worth by itself: its power with false-discovery control, its shape, how
//! much of it others say too, how it drifts, and whether it knows more than it may.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::board::{Board, Numbers, quarter_name};
use super::design::{Design, Target};
use super::evaluate::{ALL, Ranked, Slice, alone, auc_alone, segments};
use super::figures::{About, Figures, Size};
use crate::domain::Timing;
use crate::model::health_model::{Category, Metric};
use crate::stats::{self, Refused, Shape};
use crate::trail::{Finding, Severity};

/// An AUC above this is no discovery but a leak.
pub const LEAK_AUC: f64 = 0.95;
/// A rise of the AUC from the next lead to the shortest that no behaviour explains by itself.
const LEAK_JUMP: f64 = 0.12;
/// Correlation from which two metrics say the same.
pub const REDUNDANT: f64 = 0.7;
/// Share of false discoveries that is accepted.
pub const FALSE_DISCOVERIES: f64 = 0.05;
/// Rows below which no correlation is given.
const FEW_ROWS: usize = 30;
/// Complete rows that each metric needs for the others to be held against it.
const ROWS_EACH: usize = 10;
/// How far the AUC of missingness may lie from 0.5 before somebody may have known.
const LEAK_MISSING: f64 = 0.15;
/// Bins of shape, information value and drift.
const BINS: usize = 10;

/// What a metric turned out to be, at one lead, on all rows or in one segment.
#[derive(Debug, Clone)]
pub struct Power {
    /// The metric.
    pub metric: String,
    /// Its category.
    pub category: String,
    /// The lead.
    pub lead_days: u32,
    /// By what the rows were cut: [`ALL`], or a segment.
    pub slice: String,
    /// The part of it.
    pub slice_value: String,
    /// Share of rows on which it has no value.
    pub share_missing: f64,
    /// Its AUC, worse than chance where it points the wrong way.
    pub auc: Option<f64>,
    /// Its p-value against no relation, the larger of that of labels shuffled within quarters and
    /// that of the interval drawn by parent, adjusted for every metric, lead and segment looked at.
    pub adjusted_p: Option<f64>,
    /// Whether it may know more than it could have known then.
    pub is_suspect: bool,
}

impl Power {
    /// Returns whether it is of all rows, not of a segment.
    #[must_use]
    pub fn is_of_all(&self) -> bool {
        self.slice == ALL
    }

    /// Returns whether it foresees churn by itself after false-discovery control; a metric that
    /// points the wrong way foresees nothing.
    #[must_use]
    pub fn stands_out(&self) -> bool {
        self.is_no_chance() && self.auc.is_some_and(|auc| auc > 0.5)
    }

    /// Returns whether its relation to churn is more than chance, whichever way it points; a
    /// suspected leak is no discovery.
    #[must_use]
    pub fn is_no_chance(&self) -> bool {
        !self.is_suspect && self.adjusted_p.is_some_and(|p| p <= FALSE_DISCOVERIES)
    }
}

/// Adds the figures of every metric, and returns what stands out after false-discovery control.
pub fn of_metrics(
    board: &Board,
    design: &Design,
    figures: &mut Figures,
    findings: &mut Vec<Finding>,
) -> Vec<Power> {
    let model = board.model().clone();
    let mut looks = Vec::new();
    for lead in board.leads.iter().copied() {
        let rows = board.of_lead(lead);
        let all = Slice {
            slice: ALL.to_owned(),
            value: ALL.to_owned(),
            rows: rows.clone(),
        };
        let segments = segments(board, &rows);
        for (_, category, _, metric) in model.metrics() {
            let health = &board.in_force().metrics[&metric.id];
            let ranked = Ranked {
                name: format!("metric/{}", metric.id),
                health,
            };
            looks.push(look(board, lead, &all, &ranked, figures).of(metric, category));
            let about = about(&ranked.name, lead);
            let there: Vec<usize> = rows
                .iter()
                .copied()
                .filter(|row| health[*row].is_some())
                .collect();
            describe(board, &about, health, &rows, &there, figures);
            missingness(board, lead, &all, &ranked, figures);
            shuffled(board, design, &about, health, &there, figures);
            for segment in &segments {
                let own = look(board, lead, segment, &ranked, figures);
                looks.push(own.of(metric, category));
            }
        }
        redundancy(board, lead, &rows, figures);
        drift(board, lead, &rows, figures);
    }
    let mut powers = discoveries(looks, figures);
    for (id, declared) in &design.timing {
        timing(board, id, *declared, &powers, figures);
    }
    let leaks = leaks(board, figures);
    for power in &mut powers {
        power.is_suspect = leaks.iter().any(|leak| leak.subject == power.metric);
    }
    for power in powers.iter().filter(|power| power.is_suspect) {
        let about = About {
            slice: power.slice.clone(),
            slice_value: power.slice_value.clone(),
            ..about(&format!("metric/{}", power.metric), power.lead_days)
        };
        figures.remark_on(&about, "auc", "suspected leak, no discovery");
    }
    findings.extend(leaks);
    powers
}

/// One test of one metric, at one lead, on some rows.
struct Look {
    about: About,
    size: Size,
    lead: u32,
    share_missing: f64,
    auc: Option<f64>,
    p_value: Option<f64>,
}

impl Look {
    fn of(self, metric: &Metric, category: &Category) -> (Self, String, String) {
        (self, metric.id.clone(), category.id.clone())
    }
}

/// Adds how well a metric ranks some rows, and returns how likely that is by chance.
///
/// Rows of one account are not independent, which shuffling labels takes them for; the interval
/// knows it, and the shuffled quarters know where chance lies: the larger p-value counts.
fn look(board: &Board, lead: u32, slice: &Slice, ranked: &Ranked, figures: &mut Figures) -> Look {
    let health = ranked.health;
    let auc = alone(board, Target::Churn, lead, slice, ranked, figures);
    let there = slice.rows.iter().copied();
    let there: Vec<usize> = there.filter(|row| health[*row].is_some()).collect();
    let event = board.events(&there, Target::Churn);
    let p_value = auc.and_then(|auc| {
        let chance = within_quarters(board, health, &there);
        let chance = stats::rank_sum_within(&chance.risk, &event, &chance.quarter).ok()?;
        Some(chance.p_value.max(auc.p_value_against(chance.mean)))
    });
    Look {
        about: About {
            slice: slice.slice.clone(),
            slice_value: slice.value.clone(),
            ..about(&ranked.name, lead)
        },
        size: Size::of(&event),
        lead,
        share_missing: 1.0 - there.len() as f64 / slice.rows.len().max(1) as f64,
        auc: auc.map(|auc| auc.value),
        p_value,
    }
}

/// Adjusts the p-values of all looks for each other: every metric, at every lead, in every segment.
fn discoveries(looks: Vec<(Look, String, String)>, figures: &mut Figures) -> Vec<Power> {
    let tested: Vec<f64> = looks.iter().filter_map(|(own, ..)| own.p_value).collect();
    let mut adjusted = stats::benjamini_hochberg(&tested).into_iter();
    let power = |(own, metric, category): (Look, String, String)| {
        let adjusted_p = own.p_value.and_then(|_| adjusted.next());
        if let Some((p, adjusted)) = own.p_value.zip(adjusted_p) {
            figures.value(&own.about, "p_value", own.size, Ok(p));
            figures.value(&own.about, "p_adjusted", own.size, Ok(adjusted));
        }
        Power {
            metric,
            category,
            lead_days: own.lead,
            slice: own.about.slice,
            slice_value: own.about.slice_value,
            share_missing: own.share_missing,
            auc: own.auc,
            adjusted_p,
            is_suspect: false,
        }
    };
    looks.into_iter().map(power).collect()
}

/// Adds the share of labels shuffled within quarters that lie as far from chance.
fn shuffled(
    board: &Board,
    design: &Design,
    about: &About,
    health: &Numbers,
    there: &[usize],
    figures: &mut Figures,
) {
    let event = board.events(there, Target::Churn);
    let own = within_quarters(board, health, there);
    let null = stats::enough(&event, &board.clusters(there)).and_then(|_| {
        let (permutations, seed) = (design.permutations, design.seed);
        stats::permutation_null(&own.risk, &event, &own.quarter, permutations, seed)
    });
    let p_value = null.map(|null| null.p_value);
    figures.value(about, "permutation_p", Size::of(&event), p_value);
}

/// The risk of rows, and the quarters within which their labels may be shuffled.
struct WithinQuarters {
    risk: Vec<f64>,
    quarter: Vec<u32>,
}

fn within_quarters(board: &Board, health: &Numbers, there: &[usize]) -> WithinQuarters {
    let risk = there.iter().filter_map(|row| health[*row]).map(|h| -h);
    let quarter = there.iter().map(|row| board.quarter[*row].unsigned_abs());
    WithinQuarters {
        risk: risk.collect(),
        quarter: quarter.collect(),
    }
}

/// Says whether a metric leads, standing out at the longest lead already, or lags, standing out at
/// the shortest only; and whether that is what its measure says of itself.
fn timing(board: &Board, id: &str, declared: Timing, powers: &[Power], figures: &mut Figures) {
    let leads = &board.leads;
    let (Some(shortest), Some(longest)) = (leads.first(), leads.last()) else {
        return;
    };
    if shortest == longest {
        return;
    }
    let name = format!("metric/{id}");
    let at = |lead: u32| figures.find(&about(&name, lead), "auc");
    let tells = |lead: u32| {
        let mut own = powers
            .iter()
            .filter(|own| own.metric == id && own.is_of_all());
        let own = own.find(|own| own.lead_days == lead)?;
        own.auc.map(|_| own.stands_out())
    };
    let size = at(*longest).map_or(Size { n: 0, events: 0 }, |auc| Size {
        n: auc.n,
        events: auc.events,
    });
    let (value, found) = match (tells(*longest), tells(*shortest)) {
        (Some(true), _) => (Ok(1.0), Some(Timing::Leading)),
        (Some(false), Some(true)) => (Ok(-1.0), Some(Timing::Lagging)),
        (Some(false), Some(false)) => (Ok(0.0), None),
        _ => (Err(Refused::Nothing("known at both ends")), None),
    };
    let is_known = value.is_ok();
    let about = About {
        lead_days: None,
        ..about(&name, *longest)
    };
    figures.value(&about, "timing", size, value);
    let word = |timing: Timing| match timing {
        Timing::Leading => "leads",
        Timing::Lagging => "lags",
    };
    match found {
        Some(found) if found == declared => {
            figures.remark(&format!("{}, as its measure says", word(found)));
        }
        Some(found) => figures.remark(&format!(
            "{}, though its measure says that it {}",
            word(found),
            word(declared)
        )),
        None if is_known => figures.remark("tells nothing at either end"),
        None => {}
    }
}

fn about(name: &str, lead: u32) -> About {
    About {
        candidate: name.to_owned(),
        target: Target::Churn.word(),
        lead_days: Some(lead),
        slice: ALL.to_owned(),
        slice_value: ALL.to_owned(),
    }
}

fn describe(
    board: &Board,
    about: &About,
    health: &Numbers,
    rows: &[usize],
    there: &[usize],
    figures: &mut Figures,
) {
    let event = board.events(there, Target::Churn);
    let values: Vec<f64> = there.iter().filter_map(|row| health[*row]).collect();
    let size = Size::of(&event);
    let floor = || stats::enough(&event, &board.clusters(there));
    let all: Numbers = rows.iter().map(|row| health[*row]).collect();
    let all_events = board.events(rows, Target::Churn);
    let information = floor().and_then(|_| stats::information_value(&all, &all_events, BINS));
    figures.value(
        about,
        "information_value",
        size,
        information.map(|found| found.value),
    );
    let labels: Vec<f64> = event
        .iter()
        .map(|event| f64::from(u8::from(*event)))
        .collect();
    let spearman = floor().and_then(|_| stats::spearman(&values, &labels));
    figures.value(about, "spearman", size, spearman.map(|found| found.value));
    let shape = floor().and_then(|_| stats::shape(&values, &event, 5));
    let word = shape.as_ref().ok().map(|shape| match shape {
        Shape::Rising => "churn rises with health: the wrong way round",
        Shape::Falling => "churn falls with health, as the model says",
        Shape::Flat => "no two bins can be told apart",
        Shape::Turning => "not monotonic",
    });
    let sign = shape.map(|shape| match shape {
        Shape::Rising => 1.0,
        Shape::Falling => -1.0,
        Shape::Flat | Shape::Turning => 0.0,
    });
    figures.value(about, "shape", size, sign);
    if let Some(word) = word {
        figures.remark(word);
    }
}

/// How well it ranks to have no value: one whose absence tells who leaves was filled in by someone
/// who knew.
fn missingness(board: &Board, lead: u32, slice: &Slice, ranked: &Ranked, figures: &mut Figures) {
    let presence = ranked.health.iter();
    let presence: Numbers = presence
        .map(|value| Some(f64::from(u8::from(value.is_some()))))
        .collect();
    let is_there = Ranked {
        name: ranked.name.clone(),
        health: &presence,
    };
    let auc = auc_alone(board, Target::Churn, slice, &is_there);
    let size = Size::of(&board.events(&slice.rows, Target::Churn));
    figures.estimate(&about(&ranked.name, lead), "auc_of_missingness", size, auc);
}

/// Metrics that say the same, and how far the others determine each.
fn redundancy(board: &Board, lead: u32, rows: &[usize], figures: &mut Figures) {
    let metrics = &board.in_force().metrics;
    let columns: Vec<Numbers> = (metrics.values())
        .map(|health| rows.iter().map(|row| health[*row]).collect())
        .collect();
    let columns: Vec<&[Option<f64>]> = columns.iter().map(Vec::as_slice).collect();
    let size_of = |holds: &dyn Fn(usize) -> bool| {
        let places = (0..rows.len()).filter(|place| holds(*place));
        let own: Vec<usize> = places.map(|place| rows[place]).collect();
        Size::of(&board.events(&own, Target::Churn))
    };
    if let Ok(matrix) = stats::spearman_matrix(&columns) {
        for (a, one) in metrics.keys().enumerate() {
            for (b, other) in metrics.keys().enumerate().skip(a + 1) {
                let about = About {
                    slice: "with_metric".to_owned(),
                    slice_value: other.clone(),
                    ..about(&format!("metric/{one}"), lead)
                };
                let both = |at: usize| columns[a][at].is_some() && columns[b][at].is_some();
                let size = size_of(&both);
                let (found, needed) = (size.n as usize, FEW_ROWS);
                let value = match found < needed {
                    true => Err(Refused::FewRows { found, needed }),
                    false => matrix[a][b].clone(),
                };
                let is_redundant = value.as_ref().is_ok_and(|r| r.abs() > REDUNDANT);
                figures.value(&about, "spearman_between", size, value);
                if is_redundant {
                    figures.remark("the two say nearly the same");
                }
            }
        }
    }
    let beside = seen_together(&columns);
    let taken: Vec<&[Option<f64>]> = beside.iter().map(|at| columns[*at]).collect();
    let inflation = stats::variance_inflation(&taken);
    let size = size_of(&|place| taken.iter().all(|column| column[place].is_some()));
    for (at, id) in metrics.keys().enumerate() {
        let value = match beside.iter().position(|own| *own == at) {
            Some(place) => inflation.clone().and_then(|found| found[place].clone()),
            None => Err(Refused::Unfit("it is missing on too many of the rows")),
        };
        let about = about(&format!("metric/{id}"), lead);
        figures.value(&about, "variance_inflation", size, value);
    }
}

/// Returns the columns that are looked at together: the emptiest are left out until there are
/// [`ROWS_EACH`] rows for each column on which all of them are present.
fn seen_together(columns: &[&[Option<f64>]]) -> Vec<usize> {
    let present = |at: usize| columns[at].iter().flatten().count();
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    kept.sort_by_key(|at| (std::cmp::Reverse(present(*at)), *at));
    let rows = columns.first().map_or(0, |column| column.len());
    let complete = |kept: &[usize]| {
        let is = |row: &usize| kept.iter().all(|at| columns[*at][*row].is_some());
        (0..rows).filter(is).count()
    };
    while !kept.is_empty() && complete(&kept) < ROWS_EACH * kept.len() {
        kept.pop();
    }
    kept.sort_unstable();
    kept
}

/// How scores moved from quarter to quarter, against what no drift at all would show.
fn drift(board: &Board, lead: u32, rows: &[usize], figures: &mut Figures) {
    let mut quarters: Vec<i32> = rows.iter().map(|row| board.quarter[*row]).collect();
    quarters.sort_unstable();
    quarters.dedup();
    let standing = board.in_force();
    let overall = [("in_force".to_owned(), &standing.score)];
    let metrics = (standing.metrics.iter()).map(|(id, health)| (format!("metric/{id}"), health));
    for pair in quarters.windows(2) {
        migration(board, lead, rows, [pair[0], pair[1]], figures);
    }
    for (name, health) in overall.into_iter().chain(metrics) {
        let values: Vec<f64> = rows.iter().filter_map(|row| health[*row]).collect();
        let edges = stats::bin_edges(&values, BINS);
        let counts = |quarter: i32| {
            let own = rows.iter().filter(|row| board.quarter[**row] == quarter);
            let own: Vec<f64> = own.filter_map(|row| health[*row]).collect();
            stats::bin_counts(&own, &edges)
        };
        for pair in quarters.windows(2) {
            let (before, after) = (counts(pair[0]), counts(pair[1]));
            let n: u64 = after.iter().sum();
            let about = About {
                target: "none",
                slice: "quarter".to_owned(),
                slice_value: quarter_name(pair[1]),
                ..about(&name, lead)
            };
            let size = Size { n, events: 0 };
            let drift = stats::drift(&before, &after);
            figures.value(
                &about,
                "population_stability",
                size,
                drift.clone().map(|d| d.psi),
            );
            if let Ok(drift) = drift {
                figures.value(&about, "population_stability_limit", size, Ok(drift.limit));
                figures.value(&about, "population_stability_p", size, Ok(drift.p_value));
            }
        }
    }
}

/// The accounts of both quarters whose band fell and rose: what drift cannot say, since for it
/// they are two different accounts.
fn migration(board: &Board, lead: u32, rows: &[usize], quarters: [i32; 2], figures: &mut Figures) {
    let places = |quarter: i32| -> BTreeMap<&str, usize> {
        let own = rows.iter().filter(|row| board.quarter[**row] == quarter);
        own.filter_map(|row| {
            let place = board.in_force().band[*row]?;
            Some((board.rows[*row].account_id.as_str(), place))
        })
        .collect()
    };
    let (before, after) = (places(quarters[0]), places(quarters[1]));
    let both: Vec<(usize, usize)> = (before.iter())
        .filter_map(|(account, place)| Some((*place, *after.get(account)?)))
        .collect();
    let about = About {
        target: "none",
        slice: "quarter".to_owned(),
        slice_value: quarter_name(quarters[1]),
        ..about("in_force", lead)
    };
    let size = Size {
        n: both.len() as u64,
        events: 0,
    };
    let share = |moved: fn(&(usize, usize)) -> bool| {
        let moved = both.iter().filter(|pair| moved(pair)).count();
        let reason = "no account has a decision in both quarters";
        match both.len() {
            0 => Err(Refused::Unfit(reason)),
            n => stats::wilson(moved as f64, n as f64),
        }
    };
    let (fell, rose) = (share(|(was, is)| is > was), share(|(was, is)| is < was));
    figures.estimate(&about, "band_fell_in_accounts_of_both_quarters", size, fell);
    figures.estimate(&about, "band_rose_in_accounts_of_both_quarters", size, rose);
}

/// Returns the metrics that know more than they may.
fn leaks(board: &Board, figures: &Figures) -> Vec<Finding> {
    let leads = &board.leads;
    let shortest = leads.first().copied();
    let mut findings = Vec::new();
    for id in board.in_force().metrics.keys() {
        let name = format!("metric/{id}");
        let of = |lead: u32, figure: &str| figures.find(&about(&name, lead), figure);
        let mut evidence = Vec::new();
        for lead in leads {
            if let Some(auc) = of(*lead, "auc").and_then(|auc| auc.value)
                && auc > LEAK_AUC
            {
                evidence.push(format!("its AUC is {auc:.3} at {lead} days"));
            }
            if let Some(auc) = of(*lead, "auc_of_missingness")
                && let (Some(value), Some(low), Some(high)) = (auc.value, auc.low, auc.high)
                && (value - 0.5).abs() > LEAK_MISSING
                && (low > 0.5 || high < 0.5)
            {
                evidence.push(format!(
                    "whether it has a value at all tells who leaves (AUC {value:.3} at {lead} days)"
                ));
            }
        }
        if let (Some(short), Some(next)) = (shortest, leads.get(1)) {
            let (near, far) = (of(short, "auc"), of(*next, "auc"));
            if let (Some(near), Some(far)) = (near, far)
                && let (Some(value), Some(low), Some(before), Some(high)) =
                    (near.value, near.low, far.value, far.high)
                && value - before > LEAK_JUMP
                && low.total_cmp(&high) == Ordering::Greater
            {
                evidence.push(format!(
                    "its AUC jumps from {before:.3} at {next} days to {value:.3} at {short}"
                ));
            }
            let there = |lead: u32| of(lead, "share_missing").and_then(|share| share.value);
            if let (Some(near), Some(far)) = (there(short), there(*next))
                && far > 0.9
                && near < far - 0.1
            {
                evidence.push(format!(
                    "it has values only near the decision: {:.0} % at {short} days, {:.0} % at {next}",
                    (1.0 - near) * 100.0,
                    (1.0 - far) * 100.0
                ));
            }
        }
        if !evidence.is_empty() {
            findings.push(Finding {
                finding: "suspected_leak",
                severity: Severity::Warning,
                subject: id.clone(),
                count: evidence.len() as u64,
                share: None,
                evidence: evidence.join("; "),
                advice: "find out when its cells are really filled in, and declare that moment under `known`; until then its figures are no discovery".to_owned(),
            });
        }
    }
    findings
}
