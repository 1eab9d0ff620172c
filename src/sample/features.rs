//! What the product can do: its features, which of them matter, and the plan that includes them.

use polars::prelude::*;

use crate::sample::portfolio::Tier;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Timeline, months_before};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    Team = 1,
    Business,
    Enterprise,
}

impl Plan {
    pub fn name(self) -> &'static str {
        match self {
            Plan::Team => "Team",
            Plan::Business => "Business",
            Plan::Enterprise => "Enterprise",
        }
    }

    /// Returns the plan that accounts of a tier buy.
    pub fn of(tier: Tier) -> Plan {
        match tier {
            Tier::Smb => Plan::Team,
            Tier::Mid => Plan::Business,
            Tier::Enterprise => Plan::Enterprise,
        }
    }
}

pub struct Feature {
    pub name: &'static str,
    title: &'static str,
    kind: Kind,
    is_high_value: bool,
    /// True where using it is a step of real work: a workflow run, something published, a colleague invited, a system connected.
    is_meaningful: bool,
    plan: Plan,
    /// Months before the last one covered.
    released: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Core,
    Normal,
    Advanced,
}

impl Feature {
    const fn new(
        name: &'static str,
        title: &'static str,
        kind: Kind,
        plan: Plan,
        released: u32,
    ) -> Feature {
        Feature {
            name,
            title,
            kind,
            is_high_value: matches!(kind, Kind::Advanced),
            is_meaningful: false,
            plan,
            released,
        }
    }

    const fn high_value(self) -> Feature {
        Feature {
            is_high_value: true,
            ..self
        }
    }

    const fn meaningful(self) -> Feature {
        Feature {
            is_meaningful: true,
            ..self
        }
    }
}

use Kind::{Advanced, Core, Normal};
use Plan::{Business, Enterprise, Team};

/// Core features first, then the everyday ones, then the advanced ones by plan; the newest last.
pub const FEATURES: [Feature; 15] = [
    Feature::new("dashboards", "Dashboards", Core, Team, 140),
    Feature::new("workflows", "Recurring workflows", Core, Team, 140)
        .high_value()
        .meaningful(),
    Feature::new("reporting", "Reporting", Core, Team, 140),
    Feature::new("publishing", "Publishing", Core, Team, 131)
        .high_value()
        .meaningful(),
    Feature::new("alerts", "Alerts", Normal, Team, 131),
    Feature::new("comments", "Comments", Normal, Team, 128),
    Feature::new("exports", "Exports", Normal, Team, 140),
    Feature::new("search", "Search", Normal, Team, 140),
    Feature::new("templates", "Templates", Normal, Team, 126),
    Feature::new("invitations", "Inviting colleagues", Normal, Team, 140).meaningful(),
    Feature::new("integrations", "Connected systems", Advanced, Team, 126).meaningful(),
    Feature::new("automation", "Automation rules", Advanced, Business, 124).meaningful(),
    Feature::new("api", "Programming interface", Advanced, Business, 126),
    Feature::new("approvals", "Approval chains", Advanced, Enterprise, 124).meaningful(),
    Feature::new("forecasting", "Forecasting", Advanced, Business, 10),
];
pub const CORE: usize = 4;
pub const NORMAL: usize = 6;
pub const AUTOMATION: usize = 11;
const FORECASTING: usize = 14;

/// Returns the advanced features that a plan includes on a day, in the order in which accounts take them up.
pub fn advanced(plan: Plan, timeline: &Timeline, day: Day) -> &'static [usize] {
    const TEAM: &[usize] = &[10];
    const BUSINESS: &[usize] = &[10, 11, 12, FORECASTING];
    const ENTERPRISE: &[usize] = &[10, 11, 12, 13, FORECASTING];
    let all = match plan {
        Team => return TEAM,
        Business => BUSINESS,
        Enterprise => ENTERPRISE,
    };
    let is_released = released_on(&FEATURES[FORECASTING], timeline) <= day;
    &all[..all.len() - usize::from(!is_released)]
}

fn released_on(feature: &Feature, timeline: &Timeline) -> Day {
    months_before(timeline.month_start(timeline.months - 1), feature.released)
}

/// Returns `features.parquet`.
pub fn frame(timeline: &Timeline) -> PolarsResult<DataFrame> {
    Table::over(&FEATURES)
        .text("feature", |row| row.name)
        .text("title", |row| row.title)
        .flag("is_core", |row| row.kind == Core)
        .flag("is_high_value", |row| row.is_high_value)
        .flag("is_meaningful", |row| row.is_meaningful)
        .text("plan", |row| row.plan.name())
        .whole("plan_rank", |row| Some(row.plan as i32))
        .date("released_at", |row| Some(released_on(row, timeline)))
        .frame()
}
