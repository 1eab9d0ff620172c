//! Systems that are connected and work that runs by itself: taken up as adoption grows.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::features::Plan;
use crate::sample::health::ADOPTION;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant, office_hours};

/// In the order in which accounts usually take them up; automations need the Business plan.
const OFFERED: [(&str, &str); 8] = [
    ("integration", "Single sign-on"),
    ("integration", "CRM"),
    ("automation", "Weekly report by mail"),
    ("integration", "ERP"),
    ("automation", "Reminder of overdue approvals"),
    ("integration", "Data warehouse"),
    ("automation", "Invoice matching"),
    ("integration", "Chat"),
];

pub struct IntegrationRow {
    id: String,
    account: u32,
    kind: &'static str,
    name: &'static str,
    enabled: Instant,
    disabled: Option<Instant>,
}

/// Returns what the account switched on and off again.
pub fn rows(scene: &Scene) -> Vec<IntegrationRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Integrations);
    let first_offer = random::whole(&mut rng, 0, 1) as usize;
    let includes_automation = Plan::of(account.tier) >= Plan::Business;
    let offered: Vec<(&str, &str)> = (OFFERED.into_iter().skip(first_offer))
        .filter(|(kind, _)| *kind == "integration" || includes_automation)
        .collect();
    let mut rows: Vec<IntegrationRow> = Vec::new();
    for month in scene.months() {
        let day = random::whole(&mut rng, month.first, month.next - 1);
        let moves = random::chance(&mut rng, 0.35);
        if !scene.is_customer() || day < account.joined || !scene.is_active_on(day) {
            continue;
        }
        let wanted = ((month.levels[ADOPTION] - 30.0) / 75.0 * offered.len() as f64)
            .round()
            .clamp(0.0, offered.len() as f64) as usize;
        let running = rows.iter().filter(|row| row.disabled.is_none()).count();
        if rows.is_empty() && account.joined < scene.timeline.first {
            // Accounts of long standing did this before the first month covered.
            rows.extend((0..wanted).map(|turn| {
                let (joined, first) = (account.joined, scene.timeline.first);
                row(
                    &mut rng,
                    scene,
                    offered[turn],
                    (joined + 20 + 45 * turn as Day).min(first),
                )
            }));
        } else if moves && wanted > running {
            if let Some(offer) = offered.get(rows.len()) {
                rows.push(row(&mut rng, scene, *offer, day));
            }
        } else if moves && wanted + 1 < running {
            let disabled = office_hours(&mut rng, day);
            if let Some(last) = rows.iter_mut().rfind(|row| row.disabled.is_none()) {
                last.disabled = scene
                    .timeline
                    .known(disabled)
                    .filter(|at| *at > last.enabled);
            }
        }
    }
    if let Some(from) = account.script.automated_from {
        rows.push(row(
            &mut rng,
            scene,
            ("automation", "Full order processing"),
            from,
        ));
    }
    rows.sort_by_key(|row| row.enabled);
    for (row, number) in rows.iter_mut().zip(1..) {
        row.id = format!("IN-{:04}-{number:02}", account.number);
    }
    rows
}

fn row(
    rng: &mut Pcg64,
    scene: &Scene,
    (kind, name): (&'static str, &'static str),
    day: Day,
) -> IntegrationRow {
    IntegrationRow {
        id: String::new(),
        account: scene.index,
        kind,
        name,
        enabled: office_hours(rng, day),
        disabled: None,
    }
}

/// Returns `integrations.parquet`.
pub fn frame(rows: &[IntegrationRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("integration_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| row.kind)
        .text("name", |row| row.name)
        .instant("enabled_at", |row| Some(row.enabled))
        .instant("disabled_at", |row| row.disabled)
        .frame()
}
