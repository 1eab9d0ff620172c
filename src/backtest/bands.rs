//! What the bands are worth: churn by band, their order, and the line at which the team acts.

use super::board::Board;
use super::candidates::IN_FORCE;
use super::design::Target;
use super::evaluate::ALL;
use super::figures::{About, Figures, Size};
use crate::stats::{self, Confusion, Refused};

/// The name of the band of accounts without a score.
pub const NOT_SCORED: &str = "Not scored";

/// Adds churn by band, the order of the bands and the confusion at the action line.
pub fn of_bands(board: &Board, figures: &mut Figures) {
    for lead in board.leads() {
        for target in [Target::Churn, Target::ChurnOrContraction] {
            by_band(board, lead, target, figures);
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
    for place in places {
        let label = place.map_or(NOT_SCORED, |place| bands[place].label.as_str());
        let own: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|row| band[*row] == place)
            .collect();
        let event = board.events(&own, target);
        let size = Size::of(&event);
        let about = about(target, lead, "band", label);
        let rate = stats::wilson(size.events as f64, size.n as f64);
        figures.estimate(&about, "event_rate", size, rate);
        if let Ok(amounts) = board.amounts(&own) {
            let total: f64 = amounts.iter().sum();
            let lost = amounts.iter().zip(&event).filter(|(_, event)| **event);
            let lost: f64 = lost.map(|(amount, _)| amount).sum();
            let share = if total > 0.0 {
                Ok(lost / total)
            } else {
                Err(Refused::NoRows)
            };
            figures.value(&about, "event_rate_by_revenue", size, share);
        } else {
            figures.value(&about, "event_rate_by_revenue", size, Err(Refused::NoRows));
            figures.remark("amounts are unknown or in several currencies");
        }
        if place.is_some() {
            counted.push((label.to_owned(), size.events, size.n));
        }
    }
    let (events, n): (Vec<u64>, Vec<u64>) =
        counted.iter().map(|(_, events, n)| (*events, *n)).unzip();
    let size = Size {
        n: n.iter().sum(),
        events: events.iter().sum(),
    };
    let trend = stats::trend(&events, &n).map(|test| test.p_value);
    figures.value(
        &about(target, lead, ALL, ALL),
        "order_of_bands_p",
        size,
        trend,
    );
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
