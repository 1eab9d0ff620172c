//! How well each candidate, category and metric ranks: overall, by segment, stage and quarter,
//! by count and by revenue, always on the same rows and beside the model in force.

use std::collections::BTreeSet;
use std::ops::Range;

use indexmap::IndexMap;

use super::board::{Board, Numbers, quarter_name};
use super::candidates::IN_FORCE;
use super::design::{Design, Target};
use super::figures::{About, Figure, Figures, Size};
use crate::stats::{
    self, Clusters, Depth, RankFigure, Ranking, Refused, Resampled, Statistic, bootstrap, enough,
};

/// Names the slice of everything.
pub const ALL: &str = "all";
/// The rows after all that the best metric was chosen on had closed.
pub const AFTER_THE_CHOICE: &str = "after_best_metric_was_chosen";

/// The largest gap between the distributions of those who left and who stayed. It has no interval:
/// resamples are further apart than the rows they are drawn from, so theirs may not even hold it.
const KS: &str = "ks";

/// The scores of one candidate, category or metric over all rows of the board.
pub struct Ranked<'a> {
    /// Its name in the tables.
    pub name: String,
    /// Higher is healthier.
    pub health: &'a Numbers,
}

/// Some rows, and how they were cut out.
#[derive(Debug, Clone)]
pub struct Slice {
    /// By what.
    pub slice: String,
    /// Which part.
    pub value: String,
    /// The rows.
    pub rows: Vec<usize>,
}

impl Slice {
    fn new(slice: &str, value: &str, rows: Vec<usize>) -> Self {
        Self {
            slice: slice.to_owned(),
            value: value.to_owned(),
            rows,
        }
    }
}

/// Adds every ranking figure of every lead and target.
pub fn rank(board: &Board, design: &Design, figures: &mut Figures) {
    let candidates: Vec<Ranked> = (board.candidates.iter().zip(&board.standings))
        .map(|(candidate, standing)| Ranked {
            name: candidate.name.clone(),
            health: &standing.score,
        })
        .collect();
    let categories: Vec<Ranked> = (board.in_force().categories.iter())
        .map(|(id, health)| Ranked {
            name: format!("category/{id}"),
            health,
        })
        .collect();
    for lead in board.leads.iter().copied() {
        let common = board.common(lead);
        let all = Slice::new(ALL, ALL, common.clone());
        let of_churn = View {
            board,
            design,
            target: Target::Churn,
            lead,
            slice: &all,
            candidates: &candidates,
        };
        let quarters = by(board, &common, "quarter", |row| {
            Some(quarter_name(board.quarter[row]))
        });
        for target in Target::ALL {
            let view = View { target, ..of_churn };
            let begun = figures.0.len();
            view.headline(figures);
            let of_all = begun..figures.0.len();
            // Money is added up within one currency only.
            let currency = |row: usize| board.rows[row].currency.clone();
            let currencies = by(board, &common, "currency", currency);
            let currencies = currencies
                .into_iter()
                .filter(|part| part.rows.len() < common.len());
            let cuts = slices(board, &common).into_iter().chain(currencies);
            for slice in cuts.chain(quarters.iter().cloned()) {
                if slice.rows == common {
                    // A cut that leaves everything together has the figures of everything.
                    repeat(of_all.clone(), &slice, figures);
                    continue;
                }
                let slice = &slice;
                View { slice, ..view }.headline(figures);
            }
            view.folds(&quarters, figures);
            for category in &categories {
                alone(board, target, lead, &all, category, figures);
            }
        }
        // What each says of every row it scores, also of those that a rival does not.
        let every = Slice::new(ALL, "every_row", board.of_lead(lead));
        for candidate in &candidates {
            let target = Target::Churn;
            alone(board, target, lead, &every, candidate, figures);
        }
        if let Some(known) = board.best_metric_known {
            let fresh = common.iter().copied();
            let fresh = fresh.filter(|row| board.rows[*row].as_of > known).collect();
            let slice = &Slice::new(ALL, AFTER_THE_CHOICE, fresh);
            View { slice, ..of_churn }.compare(figures);
        }
        migration(board, lead, &common, figures);
        interventions(board, design, lead, &common, &candidates, figures);
    }
    on_common_decisions(board, design, &candidates, &categories, figures);
}

/// Adds figures of all rows once more, as those of a slice.
fn repeat(of_all: Range<usize>, slice: &Slice, figures: &mut Figures) {
    let of_all = figures.0[of_all].iter();
    let again: Vec<Figure> = (of_all.filter(|own| own.about.slice == ALL).cloned())
        .map(|own| Figure {
            about: About {
                slice: slice.slice.clone(),
                slice_value: slice.value.clone(),
                ..own.about
            },
            ..own
        })
        .collect();
    figures.0.extend(again);
}

/// Returns the cuts of a lead's rows: segments, stage, side of the model's effective date.
fn slices(board: &Board, rows: &[usize]) -> Vec<Slice> {
    let mut slices = segments(board, rows);
    slices.extend(by(board, rows, "lifecycle_stage", |row| {
        Some(
            board.in_force().variant[row]
                .clone()
                .unwrap_or_else(|| "standard".to_owned()),
        )
    }));
    if let Some(effective) = board.model().about.effective_date {
        // Weights written later knew what had happened; only what follows them is a fair test.
        slices.extend(by(board, rows, "model_effective", |row| {
            let is_after = board.rows[row].as_of >= effective;
            Some(if is_after { "after" } else { "before" }.to_owned())
        }));
    }
    slices
}

/// Returns the cuts of some rows by each segment of the job, how long an account has been here
/// among them.
#[must_use]
pub fn segments(board: &Board, rows: &[usize]) -> Vec<Slice> {
    let cuts = board.segments.iter();
    cuts.flat_map(|(name, values)| by(board, rows, name, |row| values[row].clone()))
        .collect()
}

/// Cuts rows by a value; rows without one are left out.
fn by(
    board: &Board,
    rows: &[usize],
    slice: &str,
    value: impl Fn(usize) -> Option<String>,
) -> Vec<Slice> {
    debug_assert!(rows.iter().all(|row| *row < board.rows.len()));
    let mut parts: IndexMap<String, Vec<usize>> = IndexMap::new();
    for row in rows {
        if let Some(value) = value(*row) {
            parts.entry(value).or_default().push(*row);
        }
    }
    parts.sort_keys();
    parts
        .into_iter()
        .map(|(value, rows)| Slice::new(slice, &value, rows))
        .collect()
}

/// The columns of a slice, ready for statistics.
struct Columns {
    event: Vec<bool>,
    cluster: Vec<u32>,
    amount: Result<Vec<f64>, Refused>,
}

impl Columns {
    fn of(board: &Board, rows: &[usize], target: Target) -> Self {
        Self {
            event: board.events(rows, target),
            cluster: board.clusters(rows),
            amount: board.amounts(rows),
        }
    }

    /// Numbers the clusters by everything that the figures look at.
    fn clusters(&self, risks: &[Vec<f64>]) -> Result<Clusters, Refused> {
        let event: Vec<f64> = self
            .event
            .iter()
            .map(|event| f64::from(u8::from(*event)))
            .collect();
        let mut columns: Vec<&[f64]> = vec![&event];
        columns.extend(self.amount.as_deref().ok());
        columns.extend(risks.iter().map(Vec::as_slice));
        Clusters::new(&self.cluster, &columns)
    }
}

fn risks(ranked: &Ranked, rows: &[usize], target: Target) -> Vec<f64> {
    rows.iter()
        .map(|row| target.risk(ranked.health[*row].unwrap_or(f64::NAN)))
        .collect()
}

fn about(ranked: &str, target: Target, lead: u32, slice: &Slice) -> About {
    About {
        candidate: ranked.to_owned(),
        target: target.word(),
        lead_days: Some(lead),
        slice: slice.slice.clone(),
        slice_value: slice.value.clone(),
    }
}

/// The candidates on the rows of one slice, before one event.
#[derive(Clone, Copy)]
struct View<'a> {
    board: &'a Board,
    design: &'a Design,
    target: Target,
    lead: u32,
    slice: &'a Slice,
    candidates: &'a [Ranked<'a>],
}

impl View<'_> {
    fn columns(&self) -> Columns {
        Columns::of(self.board, &self.slice.rows, self.target)
    }

    fn about(&self, candidate: &str) -> About {
        about(candidate, self.target, self.lead, self.slice)
    }

    fn risks(&self) -> Vec<Vec<f64>> {
        let candidates = self.candidates.iter();
        candidates
            .map(|candidate| risks(candidate, &self.slice.rows, self.target))
            .collect()
    }

    /// The AUC of every candidate and its difference from the model in force, with intervals.
    fn compare(&self, figures: &mut Figures) {
        let columns = self.columns();
        let size = Size::of(&columns.event);
        let found = resampled_auc(
            self.board,
            &columns,
            self.slice,
            self.target,
            self.candidates,
        );
        add_auc(
            &found,
            self.candidates,
            size,
            |name| self.about(name),
            figures,
        );
        if found.is_ok() {
            self.delong(&columns, &self.risks(), figures);
        }
    }

    /// Everything about ranking: by count and by revenue, with paired differences.
    fn headline(&self, figures: &mut Figures) {
        let columns = self.columns();
        let size = Size::of(&columns.event);
        let rate = stats::wilson(size.events as f64, size.n as f64);
        figures.estimate(&self.about(IN_FORCE), "base_rate", size, rate);
        if let Err(refused) = self.ranked(&columns, figures) {
            let names = by_count(self.design.capacity).into_iter();
            let names = names.chain(by_revenue(self.design.capacity));
            for name in names.map(|(name, _)| name).chain([KS]) {
                self.refuse(name, size, &refused, figures);
            }
        }
    }

    /// Adds the reason why a figure is given for no candidate, nor its difference from the first,
    /// where it has one.
    fn refuse(&self, name: &str, size: Size, refused: &Refused, figures: &mut Figures) {
        for (n, candidate) in self.candidates.iter().enumerate() {
            let about = self.about(&candidate.name);
            figures.estimate(&about, name, size, Err(refused.clone()));
            if n > 0 && name != KS {
                let difference = format!("{name}_minus_in_force");
                figures.estimate(&about, &difference, size, Err(refused.clone()));
            }
        }
    }

    fn ranked(&self, columns: &Columns, figures: &mut Figures) -> Result<(), Refused> {
        let capacity = self.design.capacity;
        let size: Size = enough(&columns.event, &columns.cluster)?.into();
        let risks = self.risks();
        let clusters = columns.clusters(&risks)?;
        let plain = risks
            .iter()
            .map(|risk| Ranking::new(risk, &columns.event, None))
            .collect::<Result<Vec<_>, _>>()?;
        let weighed = match &columns.amount {
            Err(_) => Vec::new(),
            Ok(weight) => (risks.iter())
                .map(|risk| Ranking::new(risk, &columns.event, Some(weight)))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let (counts, amounts) = (by_count(capacity), by_revenue(capacity));
        let wanted = |figures: &[(&'static str, RankFigure)]| -> Vec<RankFigure> {
            figures.iter().map(|(_, figure)| *figure).collect()
        };
        let (by_count, by_revenue) = (wanted(&counts), wanted(&amounts));
        let statistics: Vec<Statistic> = (plain.iter())
            .map(|own| clusters.figures(own, &by_count))
            .chain(weighed.iter().map(|own| clusters.figures(own, &by_revenue)))
            .collect();
        let found = bootstrap(&clusters, &statistics, &self.board.draws);
        let (counted, weighed) = found.split_at(plain.len() * counts.len());
        let sets = [(counted, counts.as_slice()), (weighed, amounts.as_slice())];
        for (n, candidate) in self.candidates.iter().enumerate() {
            let about = self.about(&candidate.name);
            for (found, names) in sets {
                let own = found.chunks(names.len()).nth(n).unwrap_or_default();
                for (k, ((name, _), resampled)) in names.iter().zip(own).enumerate() {
                    figures.estimate(&about, name, size, resampled.estimate());
                    if n > 0 {
                        let difference = resampled.minus(&found[k]).estimate();
                        let name = format!("{name}_minus_in_force");
                        figures.estimate(&about, &name, size, difference);
                    }
                }
            }
            figures.value(&about, KS, size, plain[n].ks());
            let cut = plain[n].cut(Depth::Share(capacity));
            let ties = cut.map(|cut| cut.tie_rows as f64);
            figures.value(&about, "tied_at_capacity", size, ties);
        }
        let first = self.about(IN_FORCE);
        let weight = columns.amount.as_deref();
        let share =
            |of: fn(&[f64]) -> Result<f64, Refused>| weight.map_err(Clone::clone).and_then(of);
        figures.value(
            &first,
            "effective_n_by_revenue",
            size,
            share(stats::effective_n),
        );
        figures.value(
            &first,
            "largest_share_of_revenue",
            size,
            share(stats::largest_share),
        );
        if let Err(refused) = &columns.amount {
            for (name, _) in amounts {
                self.refuse(name, size, refused, figures);
            }
        }
        self.delong(columns, &risks, figures);
        if self.slice.slice != ALL {
            return Ok(());
        }
        for (place, group) in plain[0].groups(10)?.iter().enumerate() {
            let about = About {
                slice: "decile".to_owned(),
                slice_value: format!("{}", place + 1),
                ..first.clone()
            };
            figures.value(&about, "lift", size, group.lift.ok_or(Refused::NoRows));
            figures.value(&about, "capture", size, Ok(group.capture));
        }
        Ok(())
    }

    /// The mean of the AUC within quarters, each weighing as many events as it has: what remains
    /// when good and bad quarters are not mixed.
    fn folds(&self, quarters: &[Slice], figures: &mut Figures) {
        let Self { board, target, .. } = *self;
        let has_enough = |slice: &&Slice| {
            let columns = Columns::of(board, &slice.rows, target);
            enough(&columns.event, &columns.cluster).is_ok()
        };
        let quarters: Vec<&Slice> = quarters.iter().filter(has_enough).collect();
        let rows = quarters.iter().flat_map(|slice| slice.rows.clone());
        let within = Slice::new(ALL, "within_quarters", rows.collect());
        let view = View {
            slice: &within,
            ..*self
        };
        let columns = view.columns();
        let size = Size::of(&columns.event);
        let quarter: Vec<i32> = within.rows.iter().map(|row| board.quarter[*row]).collect();
        let weights: Vec<f64> = quarters
            .iter()
            .map(|slice| Size::of(&board.events(&slice.rows, target)).events as f64)
            .collect();
        let found = || -> Result<Vec<Resampled>, Refused> {
            enough(&columns.event, &columns.cluster)?;
            let risks = view.risks();
            let clusters = columns.clusters(&risks)?;
            let mut parts = Vec::new();
            for risk in &risks {
                let ranking = Ranking::new(risk, &columns.event, None)?;
                for slice in &quarters {
                    let own = board.quarter[slice.rows[0]];
                    parts.push(ranking.only(|row| quarter[row] == own));
                }
            }
            let statistics: Vec<Statistic> = parts
                .iter()
                .map(|ranking| clusters.figures(ranking, &[RankFigure::Auc]))
                .collect();
            let found = bootstrap(&clusters, &statistics, &self.board.draws);
            Ok(found
                .chunks(quarters.len())
                .map(|folds| {
                    let parts: Vec<(f64, &Resampled)> =
                        weights.iter().copied().zip(folds).collect();
                    Resampled::mean_of(&parts)
                })
                .collect())
        };
        add_auc(
            &found(),
            self.candidates,
            size,
            |name| view.about(name),
            figures,
        );
    }

    /// The AUC and its difference by DeLong, which takes rows for independent.
    fn delong(&self, columns: &Columns, risks: &[Vec<f64>], figures: &mut Figures) {
        let size = Size::of(&columns.event);
        let mut seen = BTreeSet::new();
        let is_independent = columns.cluster.iter().all(|cluster| seen.insert(*cluster));
        let given = |estimate: Result<stats::Estimate, Refused>| match is_independent {
            true => estimate,
            false => Err(Refused::Unfit(
                "an account or its parent has several of the rows",
            )),
        };
        let own = stats::delong(&risks[0], &columns.event).map(|delong| delong.auc);
        figures.estimate(&self.about(IN_FORCE), "auc_delong", size, given(own));
        for (candidate, risk) in self.candidates.iter().zip(risks).skip(1) {
            let paired = stats::delong_paired(risk, &risks[0], &columns.event);
            let difference = given(paired.map(|paired| paired.difference));
            let about = self.about(&candidate.name);
            figures.estimate(&about, "auc_minus_in_force_delong", size, difference);
        }
    }
}

/// Adds the AUC of every candidate, and what it is beyond that of the first, the one in force.
fn add_auc(
    found: &Result<Vec<Resampled>, Refused>,
    candidates: &[Ranked],
    size: Size,
    about: impl Fn(&str) -> About,
    figures: &mut Figures,
) {
    let own = |n: usize| found.as_ref().map(|found| &found[n]).map_err(Clone::clone);
    for (n, candidate) in candidates.iter().enumerate() {
        let about = about(&candidate.name);
        let auc = own(n).and_then(Resampled::estimate);
        figures.estimate(&about, "auc", size, auc);
        if n > 0 {
            let pair = own(n).and_then(|rival| Ok((rival, own(0)?)));
            let difference = pair.and_then(|(rival, first)| rival.minus(first).estimate());
            figures.estimate(&about, "auc_minus_in_force", size, difference);
        }
    }
}

fn resampled_auc(
    board: &Board,
    columns: &Columns,
    slice: &Slice,
    target: Target,
    candidates: &[Ranked],
) -> Result<Vec<Resampled>, Refused> {
    enough(&columns.event, &columns.cluster)?;
    let risks: Vec<Vec<f64>> = (candidates.iter())
        .map(|candidate| risks(candidate, &slice.rows, target))
        .collect();
    let clusters = columns.clusters(&risks)?;
    let rankings = risks
        .iter()
        .map(|risk| Ranking::new(risk, &columns.event, None))
        .collect::<Result<Vec<_>, _>>()?;
    let statistics: Vec<Statistic> = rankings
        .iter()
        .map(|ranking| clusters.figures(ranking, &[RankFigure::Auc]))
        .collect();
    Ok(bootstrap(&clusters, &statistics, &board.draws))
}

/// The headline figures by count, each under its name in the tables.
#[must_use]
pub fn by_count(capacity: f64) -> [(&'static str, RankFigure); 6] {
    let worked = Depth::Share(capacity);
    [
        ("auc", RankFigure::Auc),
        ("gini", RankFigure::Gini),
        ("average_precision", RankFigure::AveragePrecision),
        ("lift_top_decile", RankFigure::Lift(Depth::Share(0.1))),
        ("capture_at_capacity", RankFigure::Capture(worked)),
        ("precision_at_capacity", RankFigure::Precision(worked)),
    ]
}

/// The headline figures by revenue.
fn by_revenue(capacity: f64) -> [(&'static str, RankFigure); 2] {
    [
        ("auc_by_revenue", RankFigure::Auc),
        (
            "capture_at_capacity_by_revenue",
            RankFigure::Capture(Depth::Share(capacity)),
        ),
    ]
}

/// Adds and returns the AUC of something that is missing for some rows, on the rows where it is
/// there.
pub fn alone(
    board: &Board,
    target: Target,
    lead: u32,
    slice: &Slice,
    ranked: &Ranked,
    figures: &mut Figures,
) -> Option<stats::Estimate> {
    let there = |row: &usize| ranked.health[*row].is_some();
    let own = Slice {
        slice: slice.slice.clone(),
        value: slice.value.clone(),
        rows: slice.rows.iter().copied().filter(there).collect(),
    };
    let size = Size::of(&board.events(&own.rows, target));
    let about = about(&ranked.name, target, lead, &own);
    let auc = auc_alone(board, target, &own, ranked);
    figures.estimate(&about, "auc", size, auc.clone());
    let missing = 1.0 - own.rows.len() as f64 / slice.rows.len().max(1) as f64;
    figures.value(&about, "share_missing", size, Ok(missing));
    auc.ok()
}

/// Returns the AUC of something on rows on which it is there.
pub fn auc_alone(
    board: &Board,
    target: Target,
    slice: &Slice,
    ranked: &Ranked,
) -> Result<stats::Estimate, Refused> {
    let columns = Columns::of(board, &slice.rows, target);
    let one = std::slice::from_ref(ranked);
    resampled_auc(board, &columns, slice, target, one)?[0].estimate()
}

/// The share of rows that a rival puts into a lower and into a higher band than the model in
/// force. Bands of other names or bounds are never translated into each other.
fn migration(board: &Board, lead: u32, rows: &[usize], figures: &mut Figures) {
    let all = Slice::new(ALL, ALL, rows.to_vec());
    let own = &board.in_force().band;
    for (candidate, standing) in board.candidates.iter().zip(&board.standings).skip(1) {
        let about = About {
            target: "none",
            ..about(&candidate.name, Target::Churn, lead, &all)
        };
        let size = Size {
            n: rows.len() as u64,
            events: 0,
        };
        let is_same_scale = candidate.model.bands == board.model().bands;
        let moved = |is_moved: fn(&usize, &usize) -> bool| {
            let moved = rows.iter().filter(|row| {
                let places = standing.band[**row].zip(own[**row]);
                places.is_some_and(|(then, now)| is_moved(&then, &now))
            });
            if is_same_scale {
                stats::wilson(moved.count() as f64, rows.len() as f64)
            } else {
                Err(Refused::Unfit("its bands are others"))
            }
        };
        figures.estimate(&about, "lower_band_than_in_force", size, moved(usize::gt));
        figures.estimate(&about, "higher_band_than_in_force", size, moved(usize::lt));
    }
}

/// Bounds on what stepping in may have hidden: the untreated alone, and treated stayers counted
/// as if they had left.
fn interventions(
    board: &Board,
    design: &Design,
    lead: u32,
    common: &[usize],
    candidates: &[Ranked],
    figures: &mut Figures,
) {
    let acted = |row: &usize| board.acted_on[*row];
    if !common.iter().any(acted) {
        return;
    }
    let untreated = common.iter().copied().filter(|row| !acted(row)).collect();
    let untreated = Slice::new("interventions", "untreated_alone", untreated);
    let view = View {
        board,
        design,
        target: Target::Churn,
        lead,
        slice: &untreated,
        candidates,
    };
    view.compare(figures);
    let bound = Slice::new(
        "interventions",
        "treated_counted_as_churned",
        common.to_vec(),
    );
    let mut columns = Columns::of(board, common, Target::Churn);
    for (event, row) in columns.event.iter_mut().zip(common) {
        *event = *event || board.acted_on[*row];
    }
    let size = Size::of(&columns.event);
    let found = resampled_auc(board, &columns, &bound, Target::Churn, candidates);
    for (n, candidate) in candidates.iter().enumerate() {
        let about = about(&candidate.name, Target::Churn, lead, &bound);
        let estimate = match &found {
            Ok(found) => found[n].estimate(),
            Err(refused) => Err(refused.clone()),
        };
        figures.estimate(&about, "auc", size, estimate);
    }
}

/// Curves over leads, on the decisions that every lead has: how early does each see it?
fn on_common_decisions(
    board: &Board,
    design: &Design,
    candidates: &[Ranked],
    categories: &[Ranked],
    figures: &mut Figures,
) {
    let leads = &board.leads;
    if leads.len() < 2 {
        return;
    }
    let of_lead: Vec<Vec<usize>> = leads.iter().map(|lead| board.common(*lead)).collect();
    let decisions = |rows: &[usize]| -> BTreeSet<&str> {
        rows.iter()
            .map(|row| board.rows[*row].decision_id.as_str())
            .collect()
    };
    let everywhere = of_lead
        .iter()
        .map(|rows| decisions(rows))
        .reduce(|a, b| a.intersection(&b).copied().collect())
        .unwrap_or_default();
    for (lead, rows) in leads.iter().zip(&of_lead) {
        let rows = rows.iter().copied();
        let rows = rows.filter(|row| everywhere.contains(board.rows[*row].decision_id.as_str()));
        let slice = Slice::new(ALL, "decisions_of_every_lead", rows.collect());
        let view = View {
            board,
            design,
            target: Target::Churn,
            lead: *lead,
            slice: &slice,
            candidates,
        };
        view.compare(figures);
        for category in categories {
            alone(board, Target::Churn, *lead, &slice, category, figures);
        }
    }
}
