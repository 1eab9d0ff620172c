//! What owners note down about their accounts.

use polars::prelude::*;

use crate::sample::health;
use crate::sample::people;
use crate::sample::portfolio;
use crate::sample::random::{self, Purpose};
use crate::sample::scene::Scene;
use crate::sample::tables::Table;
use crate::sample::texts::{self, Mood};
use crate::sample::timeline::{Instant, office_hours};

pub struct NoteRow {
    id: String,
    account: u32,
    written: Instant,
    author: &'static str,
    text: &'static str,
}

/// Returns the notes about the account; digitally served accounts get few.
pub fn rows(scene: &Scene) -> Vec<NoteRow> {
    let account = scene.account;
    let mut rng = scene.draws(Purpose::Notes);
    let share = if account.is_digital_touch { 0.02 } else { 0.12 };
    let mut rows = Vec::new();
    for month in scene.months() {
        let writes = random::chance(&mut rng, share);
        let day = random::whole(&mut rng, month.first, month.next - 1);
        let written = office_hours(&mut rng, day);
        let text = random::any(
            &mut rng,
            texts::notes(Mood::at(health::overall(&month.levels))),
        );
        if writes && scene.is_customer() && scene.is_active_on(day) {
            rows.push(note(scene, rows.len() + 1, written, text));
        }
    }
    if account.number == portfolio::HOSTILE {
        let written = office_hours(&mut rng, scene.timeline.last - 3);
        rows.push(note(scene, rows.len() + 1, written, texts::HOSTILE_NOTE));
    }
    rows
}

fn note(scene: &Scene, number: usize, written: Instant, text: &'static str) -> NoteRow {
    NoteRow {
        id: format!("O-{:04}-{number:02}", scene.account.number),
        account: scene.index,
        written,
        author: people::owner(scene.account),
        text,
    }
}

/// Returns `notes.parquet`.
pub fn frame(rows: &[NoteRow], accounts: &[String]) -> PolarsResult<DataFrame> {
    Table::over(rows)
        .text("note_id", |row| &row.id)
        .text("account_id", |row| &accounts[row.account as usize])
        .instant("written_at", |row| Some(row.written))
        .text("author", |row| row.author)
        .text("text", |row| row.text)
        .frame()
}
