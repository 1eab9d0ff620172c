//! Talks about growing, shrinking or leaving, and how they ended.

use polars::prelude::*;

use crate::sample::contracts::Outcome;
use crate::sample::health::{ADOPTION, COMMERCIAL, SUPPORT};
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::{self, Table};
use crate::sample::timeline::{Day, Instant, day_at, instant, office_hours};

/// Talks are settled by a decision that falls into so many days.
const OPEN_DAYS: Day = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Expansion,
    Contraction,
    Cancellation,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Expansion => "expansion",
            Kind::Contraction => "contraction",
            Kind::Cancellation => "cancellation",
        }
    }

    fn use_cases(self) -> &'static [&'static str] {
        match self {
            Kind::Expansion => &[
                "Seats for a new team",
                "Finance close",
                "Supplier onboarding",
                "Second site",
                "Service reporting",
            ],
            Kind::Contraction => &["Fewer seats", "Smaller plan", "One team leaves"],
            Kind::Cancellation => &["Switch to a competitor", "Back to spreadsheets"],
        }
    }

    /// Returns the decision that makes it come about.
    fn wanted(self) -> Outcome {
        match self {
            Kind::Expansion => Outcome::Expanded,
            Kind::Contraction => Outcome::Contracted,
            Kind::Cancellation => Outcome::Churned,
        }
    }
}

pub struct OpportunityRow {
    id: String,
    account: u32,
    kind: Kind,
    use_case: &'static str,
    amount: f64,
    currency: &'static str,
    opened: Instant,
    closed: Option<(Instant, &'static str)>,
}

/// Returns the account's opportunities: they follow the mood, and end with what was decided.
pub fn rows(scene: &Scene) -> Vec<OpportunityRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Opportunities);
    let mut rows: Vec<OpportunityRow> = Vec::new();
    for month in scene.months() {
        let day = random::whole(&mut rng, month.first, month.next - 1);
        let [draw, part, settled] = std::array::from_fn(|_| random::uniform(&mut rng));
        let opened = office_hours(&mut rng, day);
        let commercial = month.levels[COMMERCIAL];
        let eager = 0.5 * commercial + 0.5 * month.levels[ADOPTION];
        let weary = 0.5 * commercial + 0.5 * month.levels[SUPPORT];
        let is_told = account.script.talks_expansion && day > scene.timeline.last - 75;
        let kind = match draw {
            draw if draw < (40.0 - weary) / 300.0 => Kind::Cancellation,
            draw if draw < (56.0 - commercial) / 300.0 => Kind::Contraction,
            draw if draw > 1.0 - (eager - 66.0) / 450.0 || is_told => Kind::Expansion,
            _ => continue,
        };
        let use_case = random::any(&mut rng, kind.use_cases());
        let Some(revenue) = scene.life.revenue_on(day).filter(|_| scene.is_customer()) else {
            continue;
        };
        let is_pending = |row: &OpportunityRow| row.closed.is_none_or(|(at, _)| at > opened);
        if scene.timeline.known(opened).is_none() || rows.iter().any(is_pending) {
            continue;
        }
        let share = if kind == Kind::Cancellation {
            1.0
        } else {
            0.1 + 0.3 * part
        };
        rows.push(OpportunityRow {
            id: format!("OP-{:04}-{:02}", account.number, rows.len() + 1),
            account: scene.index,
            kind,
            use_case,
            amount: tables::rounded(revenue * share, account.currency),
            currency: account.currency,
            opened,
            closed: closed(scene, kind, opened, settled),
        });
    }
    rows
}

/// Returns when talks ended and how: with the next decision or purchase, else without a result.
fn closed(
    scene: &Scene,
    kind: Kind,
    opened: Instant,
    settled: f64,
) -> Option<(Instant, &'static str)> {
    let day = day_at(opened);
    let lapsed = instant(day + 45 + (settled * 130.0) as Day, 54_000);
    let mut decisions = scene.life.decisions.iter();
    let decision = decisions.find(|decision| decision.known > opened);
    let bought = scene
        .life
        .bought_after(opened)
        .filter(|_| kind == Kind::Expansion);
    let soon = |at: &Instant| day_at(*at) - day < OPEN_DAYS;
    let (at, won) = match (bought.filter(soon), decision) {
        (Some(bought), Some(decision)) if bought < decision.known => (bought, true),
        (Some(bought), None) => (bought, true),
        (_, Some(decision)) if soon(&decision.known) => {
            (decision.known, decision.outcome == kind.wanted())
        }
        _ => (lapsed, false),
    };
    let at = scene.timeline.known(at)?;
    Some((at, if won { "won" } else { "lost" }))
}

/// Returns `opportunities.parquet`; an outcome of `won` says that what was talked about came about.
pub fn frame(rows: &[OpportunityRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("opportunity_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .text("kind", |row| row.kind.name())
        .text("use_case", |row| row.use_case)
        .money("amount", |row| row.amount)
        .text("currency", |row| row.currency)
        .instant("opened_at", |row| Some(row.opened))
        .instant("closed_at", |row| row.closed.map(|closed| closed.0))
        .optional_text("outcome", |row| row.closed.map(|closed| closed.1))
        .frame()
}
