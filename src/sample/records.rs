//! What the business keeps of each account's life: contract lines, outcomes and actions.

use polars::prelude::*;

use crate::sample::contracts::{Action, AddOn, Decision, Life, Outcome, Term};
use crate::sample::features::Plan;
use crate::sample::people;
use crate::sample::portfolio::{Account, Kind};
use crate::sample::tables::Table;
use crate::sample::texts;
use crate::sample::timeline::{Day, Instant, Timeline, day_at};

/// Kinds of action by the category they are about.
const ACTION_KINDS: [&str; 5] = [
    "usage_review",
    "adoption_workshop",
    "onboarding_rescue",
    "support_escalation_review",
    "executive_check_in",
];
/// An action is due so many days after it was raised, and nobody has started on it in the first ones.
const ACTION_DAYS: Day = 14;
const OPEN_DAYS: Day = 7;
/// Below this overall health an account is critical and not only at risk.
const CRITICAL_BELOW: f64 = 40.0;

/// One exported line: a term, or the seats added to it.
struct Line<'a> {
    id: String,
    account: &'a Account,
    term: &'a Term,
    product: &'static str,
    seats: i32,
    arr: f64,
    signed: Instant,
    start: Day,
}

/// A row of an account with its own id.
struct Kept<'a, T> {
    id: String,
    account: &'a Account,
    of: &'a T,
}

/// Returns `contracts.parquet`, one row for each term and for the seats added to it.
pub fn contracts_frame(accounts: &[Account], lives: &[Life]) -> PolarsResult<DataFrame> {
    let pairs = accounts.iter().zip(lives);
    let rows: Vec<Line> = pairs
        .flat_map(|(account, life)| lines(account, life))
        .collect();
    Table::over(&rows)
        .text("contract_line_id", |line| &line.id)
        .text("account_id", |line| &line.account.id)
        .text("product", |line| line.product)
        .whole("seats", |line| Some(line.seats))
        .money("annual_recurring_revenue", |line| line.arr)
        .text("currency", |line| line.account.currency)
        .text("term", |line| line.account.term.name())
        .instant("signed_at", |line| Some(line.signed))
        .date("start_date", |line| Some(line.start))
        .date("end_date", |line| Some(line.term.end))
        .date("renewal_date", |line| Some(line.term.end))
        .whole("notice_days", |line| Some(line.term.notice_days))
        .flag("auto_renewal", |line| line.term.auto_renewal)
        .instant("cancelled_at", |line| line.term.cancelled)
        .date("ended_date", |line| line.term.ended)
        .frame()
}

/// Returns `outcomes.parquet`, for customers only.
pub fn outcomes_frame(accounts: &[Account], lives: &[Life]) -> PolarsResult<DataFrame> {
    let rows = kept(
        accounts,
        lives,
        |life| &life.decisions,
        |account, _, decision| {
            let suffix = if decision.outcome == Outcome::Reactivated {
                "-R"
            } else {
                ""
            };
            format!("D-{:04}-{:02}{suffix}", account.number, decision.term)
        },
    );
    let line_ids = rows.iter().map(|row| line_id(row.account, row.of.term));
    let rows: Vec<(Kept<Decision>, String)> = line_ids
        .collect::<Vec<_>>()
        .into_iter()
        .zip(rows)
        .map(|(id, row)| (row, id))
        .collect();
    Table::over(&rows)
        .text("decision_id", |(row, _)| &row.id)
        .text("account_id", |(row, _)| &row.account.id)
        .text("contract_line_id", |(_, line_id)| line_id)
        .date("decision_date", |(row, _)| Some(row.of.date))
        .instant("known_at", |(row, _)| Some(row.of.known))
        .text("outcome", |(row, _)| row.of.outcome.name())
        .money("amount_before", |(row, _)| row.of.before)
        .money("amount_after", |(row, _)| row.of.after)
        .text("currency", |(row, _)| row.account.currency)
        .optional_text("reason", |(row, _)| row.of.reason)
        .frame()
}

/// Returns `actions.parquet`, the log of who stepped in and when.
pub fn actions_frame(
    accounts: &[Account],
    lives: &[Life],
    timeline: &Timeline,
) -> PolarsResult<DataFrame> {
    let rows = kept(
        accounts,
        lives,
        |life| &life.actions,
        |account, number, _| format!("A-{:04}-{number:02}", account.number),
    );
    let closed = |action: &Action| timeline.known(action.closed);
    Table::over(&rows)
        .text("action_id", |row| &row.id)
        .text("account_id", |row| &row.account.id)
        .instant("raised_at", |row| Some(row.of.raised))
        .text("kind", |row| ACTION_KINDS[row.of.category])
        .text("title", |row| texts::action_title(row.of.category))
        .text("owner", |row| people::owner(row.account))
        .date("due_date", |row| Some(day_at(row.of.raised) + ACTION_DAYS))
        .text("cause", |row| {
            if row.of.health < CRITICAL_BELOW {
                "Critical"
            } else {
                "At risk"
            }
        })
        .text("status", |row| match closed(row.of) {
            Some(_) => "done",
            None if timeline.last - day_at(row.of.raised) > OPEN_DAYS => "in progress",
            None => "open",
        })
        .text("stage", |row| match timeline.last - day_at(row.of.raised) {
            _ if closed(row.of).is_some() => "follow-up",
            0..=2 => "score review",
            3..=OPEN_DAYS => "tagged",
            _ => "outreach",
        })
        .instant("closed_at", |row| closed(row.of))
        .frame()
}

/// Returns the rows that customers' lives hold of one kind, numbered from 1 in each account.
fn kept<'a, T: 'a>(
    accounts: &'a [Account],
    lives: &'a [Life],
    of: impl Fn(&'a Life) -> &'a Vec<T>,
    id: impl Fn(&Account, usize, &T) -> String,
) -> Vec<Kept<'a, T>> {
    let mut rows = Vec::new();
    for (account, life) in accounts.iter().zip(lives) {
        if account.kind == Kind::Customer {
            let numbered = (1..).zip(of(life));
            rows.extend(numbered.map(|(number, of)| Kept {
                id: id(account, number, of),
                account,
                of,
            }));
        }
    }
    rows
}

fn line_id(account: &Account, term: u32) -> String {
    format!("CL-{:04}-{term:02}", account.number)
}

fn lines<'a>(account: &'a Account, life: &'a Life) -> Vec<Line<'a>> {
    let product = Plan::of(account.tier).name();
    let mut lines = Vec::new();
    for term in &life.terms {
        let id = line_id(account, term.number);
        let Term {
            seats,
            arr,
            signed,
            start,
            ..
        } = *term;
        let added = term.add_on.as_ref().map(|add_on| {
            let AddOn {
                seats,
                arr,
                signed,
                start,
            } = *add_on;
            let (id, product) = (format!("{id}-A"), "Seat pack");
            Line {
                id,
                account,
                term,
                product,
                seats,
                arr,
                signed,
                start,
            }
        });
        lines.push(Line {
            id,
            account,
            term,
            product,
            seats,
            arr,
            signed,
            start,
        });
        lines.extend(added);
    }
    lines
}
