//! What the bands are worth: churn by band, their order, and the line at which the team acts.

use super::board::Board;
use super::candidates::IN_FORCE;
use super::design::Target;
use super::evaluate::ALL;
use super::figures::{About, Figures, Size};
use crate::stats::{
    self, Clusters, Confusion, Estimate, RankFigure, Ranking, Refused, bootstrap, enough,
};

/// The name of the band of accounts without a score.
pub const NOT_SCORED: &str = "Not scored";
/// The name of all bands together, those without a score among them.
pub const EVERY_BAND: &str = "every band";

/// Adds how often each event happened by band, the order of the bands and the confusion at the
/// action line.
pub fn of_bands(board: &Board, figures: &mut Figures) {
    for lead in board.leads.iter().copied() {
        for target in Target::ALL {
            by_band(board, lead, target, figures);
        }
        // Below the line the team acts on risk: nobody is picked for growing.
        for target in [Target::Churn, Target::ChurnOrContraction] {
            at_action_line(board, lead, target, figures);
        }
    }
}

fn about(target: Target, lead: u32, slice: &str, value: &str) -> About {
    About {
        candidate: IN_FORCE.to_owned(),
        target: target.word(),
        lead_days: Some(lead),
        slice: slice.to_owned(),
        slice_value: value.to_owned(),
    }
}

fn by_band(board: &Board, lead: u32, target: Target, figures: &mut Figures) {
    let rows = board.of_lead(lead);
    let band = &board.in_force().band;
    let bands = &board.model().bands;
    let mut counted: Vec<(String, u64, u64)> = Vec::new();
    let places = (0..bands.len()).map(Some).chain([None]);
    let mut parts: Vec<(&str, Vec<usize>)> = places
        .map(|place| {
            let label = place.map_or(NOT_SCORED, |place| bands[place].label.as_str());
            let own = rows.iter().copied().filter(|row| band[*row] == place);
            (label, own.collect())
        })
        .collect();
    parts.push((EVERY_BAND, rows.clone()));
    for (label, own) in &parts {
        let size = Size::of(&board.events(own, target));
        let about = about(target, lead, "band", label);
        let rate = stats::wilson(size.events as f64, size.n as f64);
        figures.estimate(&about, "event_rate", size, rate);
        let by_revenue = rate_by_revenue(board, own, target);
        figures.estimate(&about, "event_rate_by_revenue", size, by_revenue);
        for currency in board.currencies(own) {
            let is_own = |row: &&usize| board.rows[**row].currency.as_ref() == Some(&currency);
            let own: Vec<usize> = own.iter().filter(is_own).copied().collect();
            let value = format!("{label}, {currency}");
            let about = self::about(target, lead, "band_and_currency", &value);
            let size = Size::of(&board.events(&own, target));
            let rate = rate_by_revenue(board, &own, target);
            figures.estimate(&about, "event_rate_by_revenue", size, rate);
        }
        if bands.iter().any(|band| band.label == *label) {
            counted.push(((*label).to_owned(), size.events, size.n));
        }
    }
    let (events, n): (Vec<u64>, Vec<u64>) =
        counted.iter().map(|(_, events, n)| (*events, *n)).unzip();
    let size = Size {
        n: n.iter().sum(),
        events: events.iter().sum(),
    };
    let trend = stats::trend(&events, &n).map(|test| test.p_value);
    let all = about(target, lead, ALL, ALL);
    figures.value(&all, "order_of_bands_p", size, trend);
    let auc = auc_of_bands(board, &rows, target);
    figures.estimate(&all, "auc_of_bands", size, auc);
    for pair in counted.windows(2) {
        let ((upper, x, n), (lower, y, m)) = (&pair[0], &pair[1]);
        let value = format!("{lower} against {upper}");
        let about = about(target, lead, "neighbouring_bands", &value);
        let size = Size {
            n: n + m,
            events: x + y,
        };
        let difference =
            stats::difference_of_proportions(*y as f64, *m as f64, *x as f64, *n as f64);
        let same = difference
            .as_ref()
            .is_ok_and(|difference| difference.covers(0.0));
        figures.estimate(&about, "rate_difference", size, difference);
        if same {
            figures.remark("these neighbours cannot be told apart");
        }
    }
}

/// Returns the share of the revenue at stake that had the event, its interval drawn by parent;
/// refused where all of them had it or none, since draws of such rows never show another share.
fn rate_by_revenue(board: &Board, rows: &[usize], target: Target) -> Result<Estimate, Refused> {
    let amounts = board.amounts(rows)?;
    let event = labels(&board.events(rows, target));
    if event.windows(2).all(|pair| pair[0] == pair[1]) {
        return Err(Refused::NoVariation);
    }
    let clusters = Clusters::new(&board.clusters(rows), &[&event, &amounts])?;
    let share = [clusters.mean(&event, Some(&amounts))?];
    bootstrap(&clusters, &share, &board.draws)[0].estimate()
}

/// Returns how well the bands alone rank, above 0.5 where the lower ones are left more often, or
/// the upper ones expand more often. Unlike the test of their order it knows that an account has
/// several rows.
fn auc_of_bands(board: &Board, rows: &[usize], target: Target) -> Result<Estimate, Refused> {
    let band = &board.in_force().band;
    let scored = rows.iter().copied().filter(|row| band[*row].is_some());
    let scored: Vec<usize> = scored.collect();
    let places = scored.iter().filter_map(|row| band[*row]);
    let risk: Vec<f64> = places.map(|place| target.risk(-(place as f64))).collect();
    let event = board.events(&scored, target);
    let cluster = board.clusters(&scored);
    enough(&event, &cluster)?;
    let clusters = Clusters::new(&cluster, &[&labels(&event), &risk])?;
    let ranking = Ranking::new(&risk, &event, None)?;
    let auc = [clusters.figures(&ranking, &[RankFigure::Auc])];
    bootstrap(&clusters, &auc, &board.draws)[0].estimate()
}

fn labels(event: &[bool]) -> Vec<f64> {
    let labels = event.iter().map(|event| f64::from(u8::from(*event)));
    labels.collect()
}

fn at_action_line(board: &Board, lead: u32, target: Target, figures: &mut Figures) {
    let band = &board.in_force().band;
    let rows = board.of_lead(lead);
    let rows: Vec<usize> = rows
        .into_iter()
        .filter(|row| band[*row].is_some())
        .collect();
    let line = action_line(board);
    let flagged: Vec<bool> = rows
        .iter()
        .map(|row| band[*row].is_some_and(|place| place >= line))
        .collect();
    let event = board.events(&rows, target);
    let label = format!("{} or worse", board.model().bands[line].label);
    let about = about(target, lead, "action_line", &label);
    let size = Size::of(&event);
    let count = Confusion::count(&flagged, &event, None);
    type Pick = fn(&Confusion) -> Result<f64, Refused>;
    let picks: [(&str, Pick); 4] = [
        ("precision", Confusion::precision),
        ("recall", Confusion::recall),
        ("f1", Confusion::f1),
        ("mcc", Confusion::mcc),
    ];
    for (name, pick) in picks {
        figures.value(
            &about,
            name,
            size,
            count.clone().and_then(|count| pick(&count)),
        );
    }
    type Cell = fn(&Confusion) -> f64;
    let cells: [(&str, Cell); 4] = [
        ("true_positives", |count| count.true_positive),
        ("false_positives", |count| count.false_positive),
        ("false_negatives", |count| count.false_negative),
        ("true_negatives", |count| count.true_negative),
    ];
    for (name, pick) in cells {
        figures.value(&about, name, size, count.clone().map(|count| pick(&count)));
    }
}

/// Returns the place of the highest band that counts as at risk; the lower half of the bands
/// where the model marks none.
#[must_use]
pub fn action_line(board: &Board) -> usize {
    let bands = &board.model().bands;
    bands
        .iter()
        .position(|band| band.at_risk)
        .unwrap_or(bands.len() / 2)
}
