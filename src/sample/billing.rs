//! Invoices, and how late they are paid.

use polars::prelude::*;
use rand_pcg::Pcg64;

use crate::sample::dirt::Row;
use crate::sample::health::COMMERCIAL;
use crate::sample::portfolio::TermKind;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::{self, Table};
use crate::sample::timeline::{Day, Instant, add_months, day_at, office_hours};

const PAYMENT_DAYS: Day = 30;
/// The share of invoices that turn out wrong.
const WRONG_SHARE: f64 = 0.012;

#[derive(Clone)]
pub struct InvoiceRow {
    id: String,
    account: u32,
    issued: Instant,
    due: Day,
    paid: Option<Instant>,
    voided: Option<Instant>,
    amount: f64,
    currency: &'static str,
}

impl Row for InvoiceRow {
    fn parts(&mut self) -> (&mut u32, Option<&mut String>) {
        (&mut self.account, Some(&mut self.id))
    }
}

/// Returns the account's invoices: monthly for monthly contracts, quarterly for all others.
pub fn rows(scene: &Scene) -> Vec<InvoiceRow> {
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
            let id = format!("N-{:04}-{:02}-{part:02}", account.number, term.number);
            let amount = tables::rounded(term.arr * f64::from(step) / 12.0, account.currency);
            let invoices = invoice(&mut rng, scene, id, day, amount);
            if scene.is_customer() && day >= scene.timeline.first && scene.is_active_on(day) {
                rows.extend(invoices);
            }
        }
    }
    rows
}

/// Returns an invoice; a wrong one is voided and followed by another.
fn invoice(rng: &mut Pcg64, scene: &Scene, id: String, day: Day, amount: f64) -> Vec<InvoiceRow> {
    let has_friction = scene.account.script.days_late.is_some();
    let is_wrong = random::chance(rng, if has_friction { 0.5 } else { WRONG_SHARE });
    let found = day + random::whole(rng, 3, 20);
    let found = office_hours(rng, found);
    let issued = office_hours(rng, day);
    let mut row = InvoiceRow {
        id,
        account: scene.index,
        issued,
        due: day + PAYMENT_DAYS,
        paid: None,
        voided: None,
        amount,
        currency: scene.account.currency,
    };
    let Some(voided) = scene.timeline.known(found).filter(|_| is_wrong) else {
        row.paid = scene.timeline.known(paid(rng, scene, row.due));
        return vec![row];
    };
    let due = day_at(voided) + PAYMENT_DAYS;
    let second = InvoiceRow {
        id: format!("{}-B", row.id),
        issued: voided,
        due,
        paid: scene.timeline.known(paid(rng, scene, due)),
        ..row.clone()
    };
    row.voided = Some(voided);
    vec![row, second]
}

fn paid(rng: &mut Pcg64, scene: &Scene, due: Day) -> Instant {
    let noise = 5.0 * random::normal(rng);
    let drawn = (84.0 - scene.level(COMMERCIAL, due)).max(-5.0) * 0.7;
    let late = (scene.account.script.days_late.unwrap_or(drawn) + noise).round() as Day;
    office_hours(rng, due + late.max(2 - PAYMENT_DAYS))
}

/// Returns `invoices.parquet`.
pub fn frame(rows: &[InvoiceRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("invoice_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("issued_at", |row| Some(row.issued))
        .date("due_date", |row| Some(row.due))
        .instant("paid_at", |row| row.paid)
        .instant("voided_at", |row| row.voided)
        .money("amount", |row| row.amount)
        .text("currency", |row| row.currency)
        .frame()
}
