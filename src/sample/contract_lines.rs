//! Contract lines: one for each term, and one for the seats added to it.

use polars::prelude::*;

use crate::sample::contracts::Term;
use crate::sample::features::Plan;
use crate::sample::portfolio::Account;
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::timeline::{Day, Instant};

pub struct LineRow<'a> {
    id: String,
    account: &'a Account,
    term: &'a Term,
    product: &'static str,
    seats: i32,
    arr: f64,
    signed: Instant,
    start: Day,
}

/// Returns the id of a term's line.
pub fn line_id(account: &Account, term: u32) -> String {
    format!("CL-{:04}-{term:02}", account.number)
}

/// Returns the account's lines, term after term.
pub fn rows<'a>(scene: &Scene<'a>) -> Vec<LineRow<'a>> {
    let account = scene.account;
    let mut rows = Vec::new();
    for term in &scene.life.terms {
        let id = line_id(account, term.number);
        let added = term.add_on.as_ref().map(|add_on| LineRow {
            id: format!("{id}-A"),
            account,
            term,
            product: "Seat pack",
            seats: add_on.seats,
            arr: add_on.arr,
            signed: add_on.signed,
            start: add_on.start,
        });
        rows.push(LineRow {
            id,
            account,
            term,
            product: Plan::of(account.tier).name(),
            seats: term.seats,
            arr: term.arr,
            signed: term.signed,
            start: term.start,
        });
        rows.extend(added);
    }
    rows
}

/// Returns `contracts.parquet`.
pub fn frame(rows: &[LineRow], _: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("contract_line_id", |row| &row.id)
        .text("account_id", |row| &row.account.id)
        .text("product", |row| row.product)
        .whole("seats", |row| Some(row.seats))
        .money("annual_recurring_revenue", |row| row.arr)
        .text("currency", |row| row.account.currency)
        .text("term", |row| row.account.term.name())
        .instant("signed_at", |row| Some(row.signed))
        .date("start_date", |row| Some(row.start))
        .date("end_date", |row| Some(row.term.end))
        .date("renewal_date", |row| Some(row.term.end))
        .whole("notice_days", |row| Some(row.term.notice_days))
        .flag("auto_renewal", |row| row.term.auto_renewal)
        .instant("cancelled_at", |row| row.term.cancelled)
        .date("ended_date", |row| row.term.ended)
        .frame()
}
