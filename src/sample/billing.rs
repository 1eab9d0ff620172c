//! Invoices, and how late they are paid.

use polars::prelude::*;

use crate::sample::health::COMMERCIAL;
use crate::sample::portfolio::TermKind;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::{self, Table};
use crate::sample::timeline::{Day, Instant, add_months, office_hours};

const PAYMENT_DAYS: Day = 30;

#[derive(Clone)]
pub struct InvoiceRow {
    pub id: String,
    pub account: u32,
    issued: Instant,
    due: Day,
    paid: Option<Instant>,
    amount: f64,
    currency: &'static str,
}

/// Returns the account's invoices: monthly for monthly contracts, quarterly for all others.
pub fn invoices(scene: &Scene) -> Vec<InvoiceRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Invoices);
    let step = if account.term == TermKind::Monthly {
        1
    } else {
        3
    };
    let mut rows = Vec::new();
    for term in &scene.life.terms {
        for part in 0..account.term.months() / step {
            let day = add_months(term.start, part * step);
            let issued = office_hours(&mut rng, day);
            let noise = 5.0 * random::normal(&mut rng);
            if !scene.is_customer() || day < scene.timeline.first || !scene.is_active_on(day) {
                continue;
            }
            let due = day + PAYMENT_DAYS;
            let drawn = (84.0 - scene.level(COMMERCIAL, due)).max(-5.0) * 0.7;
            let late = (account.script.days_late.unwrap_or(drawn) + noise).round() as Day;
            let paid = office_hours(&mut rng, due + late.max(2 - PAYMENT_DAYS));
            rows.push(InvoiceRow {
                id: format!("N-{:04}-{:02}-{part:02}", account.number, term.number),
                account: scene.index,
                issued,
                due,
                paid: scene.timeline.known(paid),
                amount: tables::rounded(term.arr * f64::from(step) / 12.0, account.currency),
                currency: account.currency,
            });
        }
    }
    rows
}

/// Returns `invoices.parquet`.
pub fn frame(rows: &[InvoiceRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("invoice_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("issued_at", |row| Some(row.issued))
        .date("due_date", |row| Some(row.due))
        .instant("paid_at", |row| row.paid)
        .money("amount", |row| row.amount)
        .text("currency", |row| row.currency)
        .frame()
}
