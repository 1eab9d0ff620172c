//! Seeded synthetic warehouse exports with a planted relation between behaviour and renewal.
//!
//! Each account has a latent health in five categories that moves month by month. Everything a
//! warehouse could export follows from it with honest noise, and so, with other weights than the
//! shipped ones, does the decision to renew. What was planted is returned beside the exports.

#![forbid(unsafe_code)]

mod actions;
mod billing;
mod contract_lines;
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
mod outcomes;
mod parallel;
mod people;
mod portfolio;
mod random;
mod rates;
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
use users::UserRow;

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
    let mut exports = Vec::new();
    let truth = each_export(settings, |export| {
        exports.push(export);
        Ok::<(), PolarsError>(())
    })?;
    Ok(Sample { exports, truth })
}

/// Hands over one export after the other, so that a large sample need not be held as a whole, and
/// returns the truth behind them.
///
/// # Errors
/// What `take` returns; or when a table cannot be built, which would be a defect of this module.
pub fn each_export<E: From<PolarsError>>(
    settings: &Settings,
    mut take: impl FnMut(Export) -> Result<(), E>,
) -> Result<serde_json::Value, E> {
    let timeline = Timeline::new(settings.end, settings.months);
    let accounts = portfolio::accounts(settings, &timeline);
    let live =
        |account: &Account| contracts::live(account, &timeline, settings.seed, settings.null);
    let lives: Vec<Life> = accounts.iter().map(live).collect();
    let ids = accounts.iter().map(|account| account.id.as_str());
    let world = World {
        settings,
        timeline: &timeline,
        scenes: scenes(settings, &timeline, &accounts, &lives),
        ids: ids.chain(dirt::ORPHANS).map(str::to_owned).collect(),
    };
    let mut dirt = Counts::default();
    world.records()?.into_iter().try_for_each(&mut take)?;
    world
        .events(&mut dirt)?
        .into_iter()
        .try_for_each(&mut take)?;
    world.usage(&mut dirt, &mut take)?;
    Ok(truth::truth(settings, &timeline, &accounts, &lives, &dirt))
}

fn scenes<'a>(
    settings: &Settings,
    timeline: &'a Timeline,
    accounts: &'a [Account],
    lives: &'a [Life],
) -> Vec<Scene<'a>> {
    let numbered = (0..).zip(accounts).zip(lives);
    let scene = |((index, account), life)| Scene {
        index,
        account,
        life,
        timeline,
        seed: settings.seed,
    };
    numbered.map(scene).collect()
}

/// Everything that the exports are drawn from.
struct World<'a> {
    settings: &'a Settings,
    timeline: &'a Timeline,
    scenes: Vec<Scene<'a>>,
    /// The ids that rows point at: the accounts', then those of no account.
    ids: Vec<String>,
}

impl<'a> World<'a> {
    /// Returns the tables that people keep by hand, which are clean.
    fn records(&self) -> PolarsResult<Vec<Export>> {
        Ok(vec![
            export("features", features::frame(self.timeline)?),
            export(
                "exchange_rates",
                rates::frame(self.timeline, self.settings.seed)?,
            ),
            self.table("accounts", portfolio::rows, portfolio::frame)?,
            self.table("contracts", contract_lines::rows, contract_lines::frame)?,
            self.table("outcomes", outcomes::rows, outcomes::frame)?,
            self.table("truth/decisions", outcomes::rows, outcomes::truth_frame)?,
            self.table("actions", actions::rows, actions::frame)?,
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
        let (ids, count) = (&self.ids, self.scenes.len() as u32);
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

    /// Hands over the users, and usage by them: one file for each month, sorted by account, day, user and feature.
    fn usage<E: From<PolarsError>>(
        &self,
        dirt: &mut Counts,
        take: &mut impl FnMut(Export) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut parts = parallel::parts(&self.scenes, usage::by_month);
        let people: Vec<UserRow> = parts
            .iter_mut()
            .flat_map(|part| part.users.drain(..))
            .collect();
        take(export("users", users::frame(&people, &self.ids)?))?;
        let count = self.scenes.len() as u32;
        for month in 0..self.timeline.months {
            let rows = parts
                .iter_mut()
                .map(|part| std::mem::take(&mut part.months[month as usize]));
            let mut rng = stream(self.settings.seed, month + 1, Purpose::Dirt);
            let mut rows = soil(&mut rng, rows.flatten(), count, dirt);
            // Orphans come last, since their ids do; among themselves they are not in order yet.
            let orphans = rows.partition_point(|row| row.account < count);
            rows[orphans..].sort_by_key(UsageRow::order);
            let name = format!("usage/month={}/part-0", self.timeline.month_name(month));
            take(export(&name, usage::frame(&rows, &self.ids)?))?;
        }
        Ok(())
    }

    /// Returns the rows of all accounts, one account after the other.
    fn rows<T: Send>(&self, of: impl Fn(&Scene<'a>) -> Vec<T> + Sync) -> Vec<T> {
        let part = |scenes: &[Scene<'a>]| scenes.iter().flat_map(&of).collect::<Vec<T>>();
        parallel::parts(&self.scenes, part)
            .into_iter()
            .flatten()
            .collect()
    }

    fn table<T: Send>(
        &self,
        name: &str,
        rows: impl Fn(&Scene<'a>) -> Vec<T> + Sync,
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
