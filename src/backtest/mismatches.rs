//! Where the model was wrong, by name: healthy and left, risky and stayed; and what the categories
//! looked like for each outcome.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::bands::action_line;
use super::board::Board;
use super::design::Design;
use crate::outcomes::Outcome;

/// Says that nothing the model looks at would have warned.
pub const NONE_OF_OURS: &str = "none of ours";
/// The word for an account that was at risk and stayed.
pub const RECOVERED: &str = "recovered";
/// How many drivers are named.
const DRIVERS: usize = 3;

/// A decision that the model judged wrongly.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The decision.
    pub decision_id: String,
    /// The account.
    pub account_id: String,
    /// When it came about.
    pub decision_date: NaiveDate,
    /// `healthy_but_churned` or `risky_but_stayed`.
    pub mismatch: &'static str,
    /// What was decided.
    pub outcome: &'static str,
    /// The band at the judged lead.
    pub band: String,
    /// The lead at which it is judged: the primary one, or the nearest shorter that has a score.
    pub judged_lead: u32,
    /// The score at each lead of the design, rising; `None` where there was none.
    pub path: Vec<Option<f64>>,
    /// Metrics whose points fell most (rose most, for those who stayed) from the longest lead with
    /// a score to the shortest, with their points.
    pub drivers: Vec<(String, f64)>,
    /// Metrics that stood below the action line at the judged lead, the lowest first.
    pub flagged_by: Vec<String>,
    /// The dates from the judged lead back to the longest, each with its lead, on which signals
    /// are asked.
    pub asked: Vec<(NaiveDate, u32)>,
    /// Signals that had fired by the judged lead, each with the longest lead at which it did; the
    /// worst first.
    pub signals: Vec<(String, u32)>,
    /// Recurring revenue at stake.
    pub amount: Option<f64>,
    /// Its currency.
    pub currency: Option<String>,
    /// Why, in the words of the export.
    pub reason: Option<String>,
    /// Whether somebody stepped in.
    pub acted_on: bool,
}

impl Mismatch {
    /// Takes in the signals of each asked date, as `of` has them for a date.
    pub fn heard<'a>(&mut self, of: impl Fn(NaiveDate) -> &'a [String]) {
        for (date, lead) in &self.asked {
            for signal in of(*date) {
                match self.signals.iter_mut().find(|(own, _)| own == signal) {
                    Some((_, longest)) => *longest = (*longest).max(*lead),
                    None => self.signals.push((signal.clone(), *lead)),
                }
            }
        }
    }
}

/// A category's scores for one outcome class.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The lead.
    pub lead_days: u32,
    /// The outcome, or recovered.
    pub class: String,
    /// `overall` or the category.
    pub level: String,
    /// Rows with a score.
    pub n: u64,
    /// Their mean score.
    pub mean: Option<f64>,
}

/// Returns every mismatch, by date and decision.
#[must_use]
pub fn of(board: &Board, design: &Design) -> Vec<Mismatch> {
    let mut decisions: BTreeMap<(NaiveDate, &str), Vec<usize>> = BTreeMap::new();
    for (n, row) in board.rows.iter().enumerate() {
        let key = (row.decision_date, row.decision_id.as_str());
        decisions.entry(key).or_default().push(n);
    }
    let mismatches = decisions.into_values();
    mismatches
        .filter_map(|rows| one(board, design, &rows))
        .collect()
}

/// `rows` are those of one decision, the shortest lead first.
fn one(board: &Board, design: &Design, rows: &[usize]) -> Option<Mismatch> {
    let standing = board.in_force();
    let scored: Vec<usize> = rows
        .iter()
        .copied()
        .filter(|row| standing.score[*row].is_some())
        .collect();
    let is_early = |row: &&usize| board.rows[**row].lead_days <= design.primary_lead;
    let judged = *scored.iter().rev().find(is_early).or(scored.first())?;
    let row = &board.rows[judged];
    let outcome = row.outcome?;
    let band = standing.band[judged]?;
    let line = action_line(board);
    let mismatch = match outcome {
        Outcome::Churned if band == 0 => "healthy_but_churned",
        Outcome::Renewed | Outcome::Expanded | Outcome::Contracted if band >= line => {
            "risky_but_stayed"
        }
        _ => return None,
    };
    let (near, far) = (*scored.first()?, *scored.last()?);
    let sign = if outcome == Outcome::Churned {
        1.0
    } else {
        -1.0
    };
    let mut drivers: Vec<(String, f64)> = standing
        .contributions
        .iter()
        .filter_map(|(id, points)| Some((id.clone(), points[near]? - points[far]?)))
        .filter(|(_, change)| change * sign < -0.05)
        .collect();
    drivers.sort_by(|a, b| {
        (sign * a.1)
            .total_cmp(&(sign * b.1))
            .then_with(|| a.0.cmp(&b.0))
    });
    drivers.truncate(DRIVERS);
    let model = board.model();
    let floor = model.cards[0].band_from[line.saturating_sub(1)] * model.scale[1] / 100.0;
    let mut flagged: Vec<(&String, f64)> = standing
        .metrics
        .iter()
        .filter_map(|(id, scores)| Some((id, scores[judged]?)))
        .filter(|(_, score)| *score < floor)
        .collect();
    flagged.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0)));
    let at = |lead: &u32| {
        let row = rows
            .iter()
            .find(|row| board.rows[**row].lead_days == *lead)?;
        standing.score[*row]
    };
    Some(Mismatch {
        decision_id: row.decision_id.clone(),
        account_id: row.account_id.clone(),
        decision_date: row.decision_date,
        mismatch,
        outcome: outcome.word(),
        band: model.bands[band].label.clone(),
        judged_lead: row.lead_days,
        path: board.leads.iter().map(at).collect(),
        drivers,
        flagged_by: flagged.into_iter().map(|(id, _)| id.clone()).collect(),
        asked: (rows.iter().map(|row| &board.rows[*row]))
            .filter(|other| other.lead_days >= row.lead_days)
            .map(|other| (other.as_of, other.lead_days))
            .collect(),
        signals: Vec::new(),
        amount: row.amount,
        currency: row.currency.clone(),
        reason: row.reason.clone(),
        acted_on: rows.iter().any(|row| board.acted_on[*row]),
    })
}

/// Returns what the scores of each outcome class looked like, at every lead.
#[must_use]
pub fn profiles(board: &Board) -> Vec<Profile> {
    let standing = board.in_force();
    let line = action_line(board);
    let mut profiles = Vec::new();
    for lead in board.leads.iter().copied() {
        let rows = board.of_lead(lead);
        let mut classes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in rows {
            let outcome = board.rows[row].outcome;
            let word = outcome.map_or("nothing_to_decide", Outcome::word);
            classes.entry(word.to_owned()).or_default().push(row);
            let stayed = outcome != Some(Outcome::Churned);
            if stayed && standing.band[row].is_some_and(|band| band >= line) {
                classes.entry(RECOVERED.to_owned()).or_default().push(row);
            }
        }
        let levels = std::iter::once(("overall", &standing.score));
        let categories = standing
            .categories
            .iter()
            .map(|(id, scores)| (id.as_str(), scores));
        for (level, scores) in levels.chain(categories) {
            for (class, rows) in &classes {
                let own: Vec<f64> = rows.iter().filter_map(|row| scores[*row]).collect();
                profiles.push(Profile {
                    lead_days: lead,
                    class: class.clone(),
                    level: level.to_owned(),
                    n: own.len() as u64,
                    mean: (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64),
                });
            }
        }
    }
    profiles
}
