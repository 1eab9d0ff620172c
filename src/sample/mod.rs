//! Seeded synthetic warehouse exports with a planted relation between behaviour and renewal.
//!
//! Each account has a latent health in five categories that moves month by month. Everything a
//! warehouse could export follows from it with honest noise, and so, with other weights than the
//! shipped ones, does the decision to renew. What was planted is returned beside the exports.

#![forbid(unsafe_code)]

mod billing;
mod contracts;
mod dirt;
mod features;
mod goals;
mod health;
mod integrations;
mod interactions;
mod manual_scores;
mod milestones;
mod notes;
mod opportunities;
mod people;
mod portfolio;
mod random;
mod rates;
mod records;
mod risks;
mod rollouts;
mod scene;
mod stakeholders;
mod stories;
mod surveys;
mod tables;
mod texts;
mod tickets;
mod timeline;
mod trainings;
mod truth;
mod usage;
mod users;

use chrono::NaiveDate;
use polars::prelude::*;

use contracts::Life;
use dirt::{Counts, soil};
use portfolio::Account;
use random::{Purpose, stream};
use scene::Scene;
use timeline::Timeline;
use usage::UsageRow;

/// What sample to make. The same settings give the same exports.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Customers ever; trials, test accounts and the accounts with a story come on top.
    pub accounts: usize,
    /// Months covered, the month of the last day included.
    pub months: u32,
    /// Where all draws start from.
    pub seed: u64,
    /// True to draw outcomes from base rates alone, unrelated to the same behaviour.
    pub null: bool,
    /// The last day covered.
    pub end: NaiveDate,
}

impl Default for Settings {
    fn default() -> Settings {
        let end = NaiveDate::from_ymd_opt(2026, 10, 31).unwrap_or_default();
        Settings {
            accounts: 900,
            months: 36,
            seed: 2026,
            null: false,
            end,
        }
    }
}

/// One file of the exports.
pub struct Export {
    /// Relative to the folder of the exports, e.g. `usage/month=2026-01/part-0.parquet`.
    pub path: String,
    /// Its rows and columns.
    pub frame: DataFrame,
}

/// Synthetic exports and the truth behind them.
pub struct Sample {
    /// Every file of the exports.
    pub exports: Vec<Export>,
    /// What was planted, and how much of it.
    pub truth: serde_json::Value,
}

/// Returns the exports of the settings, and the truth behind them.
///
/// # Errors
/// When a table cannot be built, which would be a defect of this module.
pub fn generate(settings: &Settings) -> PolarsResult<Sample> {
    let timeline = Timeline::new(settings.end, settings.months);
    let accounts = portfolio::accounts(settings, &timeline);
    let lives: Vec<Life> = accounts
        .iter()
        .map(|account| contracts::live(account, &timeline, settings.seed, settings.null))
        .collect();
    let world = World {
        settings,
        timeline,
        accounts: &accounts,
        lives: &lives,
        ids: (accounts.iter().map(|account| account.id.clone()))
            .chain(dirt::ORPHANS.map(str::to_owned))
            .collect(),
    };
    let mut dirt = Counts::default();
    let mut exports = world.records()?;
    exports.extend(world.kept()?);
    exports.extend(world.events(&mut dirt)?);
    exports.extend(world.usage(&mut dirt)?);
    let truth = truth::truth(settings, &timeline, &accounts, &lives, &dirt);
    Ok(Sample { exports, truth })
}

/// Everything that behaviour is drawn from.
struct World<'a> {
    settings: &'a Settings,
    timeline: Timeline,
    accounts: &'a [Account],
    lives: &'a [Life],
    /// The ids that rows point at: the accounts', then those of no account.
    ids: Vec<String>,
}

impl World<'_> {
    /// Returns what the business keeps of each account's life, and what belongs to no account.
    fn records(&self) -> PolarsResult<Vec<Export>> {
        let (accounts, lives, timeline) = (self.accounts, self.lives, &self.timeline);
        Ok(vec![
            export("accounts", portfolio::frame(accounts, lives)?),
            export("contracts", records::contracts_frame(accounts, lives)?),
            export("outcomes", records::outcomes_frame(accounts, lives)?),
            export(
                "actions",
                records::actions_frame(accounts, lives, timeline)?,
            ),
            export("features", features::frame(timeline)?),
            export(
                "exchange_rates",
                rates::frame(timeline, self.settings.seed)?,
            ),
        ])
    }

    /// Returns the tables that people keep by hand, which are clean.
    fn kept(&self) -> PolarsResult<Vec<Export>> {
        Ok(vec![
            self.table("milestones", milestones::rows, milestones::frame)?,
            self.table("trainings", trainings::rows, trainings::frame)?,
            self.table("goals", goals::rows, goals::frame)?,
            self.table("integrations", integrations::rows, integrations::frame)?,
            self.table("rollouts", rollouts::rows, rollouts::frame)?,
            self.table("stakeholders", stakeholders::rows, stakeholders::frame)?,
            self.table("opportunities", opportunities::rows, opportunities::frame)?,
            self.table("risks", risks::rows, risks::frame)?,
            self.table("notes", notes::rows, notes::frame)?,
            self.table("manual_scores", manual_scores::rows, manual_scores::frame)?,
        ])
    }

    /// Returns the tables of events, with their dirt.
    fn events(&self, dirt: &mut Counts) -> PolarsResult<Vec<Export>> {
        let (ids, count) = (&self.ids, self.accounts.len() as u32);
        let mut rng = stream(self.settings.seed, 0, Purpose::Dirt);
        let mut tickets = soil(&mut rng, self.rows(tickets::rows), count, dirt);
        dirt::reopen(&mut tickets, dirt);
        let surveys = soil(&mut rng, self.rows(surveys::rows), count, dirt);
        let invoices = soil(&mut rng, self.rows(billing::rows), count, dirt);
        let interactions = soil(&mut rng, self.rows(interactions::rows), count, dirt);
        Ok(vec![
            export("tickets", tickets::frame(&tickets, ids)?),
            export("surveys", surveys::frame(&surveys, ids)?),
            export("invoices", billing::frame(&invoices, ids)?),
            export("interactions", interactions::frame(&interactions, ids)?),
        ])
    }

    /// Returns usage, one file for each month, sorted by account, day, user and feature; and the users it is by.
    fn usage(&self, dirt: &mut Counts) -> PolarsResult<Vec<Export>> {
        let mut months: Vec<Vec<UsageRow>> = Vec::new();
        months.resize_with(self.timeline.months as usize, Vec::new);
        let mut people = Vec::new();
        for scene in self.scenes() {
            let seen = usage::add_rows(&scene, &mut months);
            people.extend(users::rows(&scene, &seen));
        }
        let mut exports = vec![export("users", users::frame(&people, &self.ids)?)];
        let count = self.accounts.len() as u32;
        for (rows, month) in months.into_iter().zip(0..) {
            let mut rng = stream(self.settings.seed, month + 1, Purpose::Dirt);
            let mut rows = soil(&mut rng, rows, count, dirt);
            // Orphans come last, since their ids do; among themselves they are not in order yet.
            let orphans = rows.partition_point(|row| row.account < count);
            rows[orphans..].sort_by_key(UsageRow::order);
            let name = format!("usage/month={}/part-0", self.timeline.month_name(month));
            exports.push(export(&name, usage::frame(&rows, &self.ids)?));
        }
        Ok(exports)
    }

    fn scenes(&self) -> impl Iterator<Item = Scene<'_>> {
        let numbered = (0..).zip(self.accounts).zip(self.lives);
        let (timeline, seed) = (&self.timeline, self.settings.seed);
        numbered.map(move |((index, account), life)| Scene {
            index,
            account,
            life,
            timeline,
            seed,
        })
    }

    /// Returns the rows of all accounts, one account after the other.
    fn rows<T>(&self, of: impl Fn(&Scene) -> Vec<T>) -> Vec<T> {
        self.scenes().flat_map(|scene| of(&scene)).collect()
    }

    fn table<T>(
        &self,
        name: &str,
        rows: impl Fn(&Scene) -> Vec<T>,
        frame: impl Fn(&[T], &[String]) -> PolarsResult<DataFrame>,
    ) -> PolarsResult<Export> {
        Ok(export(name, frame(&self.rows(rows), &self.ids)?))
    }
}

fn export(name: &str, frame: DataFrame) -> Export {
    Export {
        path: format!("{name}.parquet"),
        frame,
    }
}
