//! Risks and changes that people see at an account and write down.

use polars::prelude::*;

use crate::sample::health::{self, Levels};
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::stakeholders::{self, SPONSOR};
use crate::sample::tables::Table;
use crate::sample::texts;
use crate::sample::timeline::{Day, Instant, day_at, instant, office_hours};

/// A risk is seen below the first level of a category and is over above the second.
const SEEN_BELOW: f64 = 42.0;
const OVER_ABOVE: f64 = 58.0;
const SPONSOR_LEFT: &str = "Executive sponsor left, no successor named";

pub struct RiskRow {
    id: String,
    account: u32,
    is_change: bool,
    description: &'static str,
    severity: &'static str,
    raised: Instant,
    resolved: Option<Instant>,
}

/// Returns what was written down about the account, in order.
pub fn rows(scene: &Scene) -> Vec<RiskRow> {
    let mut rows = known_risks(scene);
    rows.extend(sponsor_changes(scene));
    rows.extend(other_changes(scene));
    rows.retain(|row| {
        let is_known = scene.timeline.known(row.raised).is_some();
        is_known && scene.is_customer() && scene.is_active_on(day_at(row.raised))
    });
    rows.sort_by_key(|row| row.raised);
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("K-{:04}-{number:02}", scene.account.number);
        row.resolved = row.resolved.and_then(|at| scene.timeline.known(at));
    }
    rows
}

fn known_risks(scene: &Scene) -> Vec<RiskRow> {
    let mut rng = scene.draws(Purpose::Risks);
    let mut rows: Vec<RiskRow> = Vec::new();
    let mut open: [Option<usize>; 5] = [None; 5];
    for month in scene.months() {
        for (category, risk) in open.iter_mut().enumerate() {
            let level = month.levels[category];
            let day = random::whole(&mut rng, month.first, month.next - 1);
            let at = office_hours(&mut rng, day);
            let is_seen = random::chance(&mut rng, 0.2);
            let description = random::any(&mut rng, texts::risks(category));
            match *risk {
                Some(index) if level > OVER_ABOVE => {
                    rows[index].resolved = Some(at);
                    *risk = None;
                }
                None if level < SEEN_BELOW && is_seen && scene.is_active_on(day) => {
                    *risk = Some(rows.len());
                    rows.push(noted(
                        scene,
                        false,
                        description,
                        severity(&month.levels, category),
                        at,
                    ));
                }
                _ => {}
            }
        }
    }
    rows
}

fn severity(levels: &Levels, category: usize) -> &'static str {
    match (levels[category], health::overall(levels)) {
        (level, _) if level < 8.0 => "High",
        (_, overall) if overall < 36.0 => "High",
        (level, _) if level < 24.0 => "Medium",
        _ => "Low",
    }
}

/// A sponsor who leaves is a change until there is another one.
fn sponsor_changes(scene: &Scene) -> Vec<RiskRow> {
    let people = stakeholders::rows(scene);
    let sponsors: Vec<_> = people
        .iter()
        .filter(|person| person.role == SPONSOR)
        .collect();
    let mut rows = Vec::new();
    for (place, sponsor) in sponsors.iter().enumerate() {
        if let Some(left) = sponsor.until {
            let successor = sponsors
                .get(place + 1)
                .map(|next| instant(next.from, 39_600));
            let raised = instant(left + 4, 36_000);
            rows.push(RiskRow {
                resolved: successor.map(|at| at.max(raised)),
                ..noted(scene, true, SPONSOR_LEFT, "High", raised)
            });
        }
    }
    rows
}

fn other_changes(scene: &Scene) -> Vec<RiskRow> {
    let mut rng = scene.draws(Purpose::Changes);
    let mut rows = Vec::new();
    for month in scene.months() {
        let happens = random::chance(&mut rng, 0.012) && scene.account.script.decision.is_none();
        let day: Day = random::whole(&mut rng, month.first, month.next - 1);
        let raised = office_hours(&mut rng, day);
        let description = random::any(&mut rng, &texts::CHANGES);
        let severity = random::any(&mut rng, &["Medium", "Low"]);
        let length = random::whole(&mut rng, 45, 150);
        if happens {
            rows.push(RiskRow {
                resolved: Some(raised + instant(length, 0)),
                ..noted(scene, true, description, severity, raised)
            });
        }
    }
    rows
}

fn noted(
    scene: &Scene,
    is_change: bool,
    description: &'static str,
    severity: &'static str,
    raised: Instant,
) -> RiskRow {
    RiskRow {
        id: String::new(),
        account: scene.index,
        is_change,
        description,
        severity,
        raised,
        resolved: None,
    }
}

/// Returns `risks.parquet`.
pub fn frame(rows: &[RiskRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("risk_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| {
            if row.is_change {
                "recent change"
            } else {
                "known risk"
            }
        })
        .text("description", |row| row.description)
        .text("severity", |row| row.severity)
        .instant("raised_at", |row| Some(row.raised))
        .instant("resolved_at", |row| row.resolved)
        .frame()
}
