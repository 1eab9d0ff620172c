//! How often the review is right about itself, over many sample worlds:
//!
//! ```text
//! cargo bench --bench coverage -- --seeds 200 --first 1001 --accounts 120
//! ```
//!
//! The worlds are those of so many seeds from the first on (1 when not said).
//!
//! With a planted relation: how often the 95 % interval of the AUC of the shipped weights, at each
//! lead, holds the true AUC. The true one is that of the rows of all worlds together, a sample as
//! many times larger as there are seeds. With nothing planted: how often the score, a category or
//! a metric is called predictive all the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use healthscore::backtest::board::Board;
use healthscore::backtest::design::Target;
use healthscore::backtest::figures::Figures;
use healthscore::backtest::power;
use healthscore::jobs::review_run;
use healthscore::jobs::review_settings::{self, ReviewJob};
use healthscore::jobs::settings::Overrides;
use healthscore::publish::{Stamp, encode};
use healthscore::sample::{Settings, each_export};
use healthscore::stats::{
    Clusters, Draws, Estimate, RankFigure, Ranking, auc, bootstrap, delong, enough, wilson,
};
use healthscore::trail::Trail;
use polars::prelude::PolarsError;

/// Returns the number behind an option of the command line.
fn option(name: &str, default: u64) -> u64 {
    let mut words = std::env::args().skip_while(|word| word != name).skip(1);
    let word = words.next();
    word.and_then(|word| word.parse().ok()).unwrap_or(default)
}

/// Returns so many seeds, from the first that was asked for on.
fn seeds(many: u64) -> std::ops::Range<u64> {
    let first = option("--first", 1);
    first..first + many
}

/// Writes a world, and returns its review with the board of its past.
fn world(seed: u64, null: bool) -> (ReviewJob, Board) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        accounts: option("--accounts", 120) as usize,
        months: option("--months", 36) as u32,
        seed,
        null,
        ..Settings::default()
    };
    each_export(&settings, |export| {
        let bytes = encode(&export.frame, &[], &[], &Stamp::default());
        let path = folder.path().join(&export.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes.unwrap()).unwrap();
        Ok::<(), PolarsError>(())
    })
    .unwrap();
    let overrides = Overrides {
        exports: Some(folder.path().to_owned()),
        ..Overrides::default()
    };
    let job = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("jobs/quarterly.toml");
    let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
    let mut job = review_settings::load(&job, &overrides, today).unwrap();
    job.design.resamples = option("--resamples", 1000) as usize;
    job.design.permutations = 200;
    let board = review_run::past(&job, &mut Trail::silent()).unwrap().board;
    (job, board)
}

/// Scores and events of a lead; the higher the score, the healthier.
#[derive(Default)]
struct Rows {
    risk: Vec<f64>,
    event: Vec<bool>,
    cluster: Vec<u32>,
}

impl Rows {
    fn of(board: &Board, lead: u32, health: &[Option<f64>]) -> Self {
        let mut rows = Self::default();
        for row in board.of_lead(lead) {
            if let Some(health) = health[row] {
                rows.risk.push(-health);
                rows.event
                    .push(Target::Churn.is_event(board.rows[row].outcome));
                rows.cluster.push(board.cluster[row]);
            }
        }
        rows
    }

    /// Returns the AUC with its interval, as the review draws it; `None` where it is refused.
    fn interval(&self, draws: &Draws) -> Option<Estimate> {
        enough(&self.event, &self.cluster).ok()?;
        let labels: Vec<f64> = self.event.iter().map(|e| f64::from(u8::from(*e))).collect();
        let clusters = Clusters::new(&self.cluster, &[&labels, &self.risk]).ok()?;
        let ranking = Ranking::new(&self.risk, &self.event, None).ok()?;
        let statistic = [clusters.figures(&ranking, &[RankFigure::Auc])];
        bootstrap(&clusters, &statistic, draws)[0].estimate().ok()
    }
}

fn share(hits: usize, of: usize) -> String {
    match wilson(hits as f64, of as f64) {
        Ok(rate) => format!(
            "{hits} of {of}: {:.1} % ({:.1} to {:.1})",
            100.0 * rate.value,
            100.0 * rate.low,
            100.0 * rate.high
        ),
        Err(_) => format!("{hits} of {of}"),
    }
}

fn coverage(worlds: u64) {
    let mut all: BTreeMap<u32, Rows> = BTreeMap::new();
    let mut found: BTreeMap<u32, Vec<(Estimate, Option<Estimate>)>> = BTreeMap::new();
    let mut refused = 0;
    for seed in seeds(worlds) {
        let (_, board) = world(seed, false);
        for lead in board.leads.iter().copied() {
            let rows = Rows::of(&board, lead, &board.in_force().score);
            match rows.interval(&board.draws) {
                Some(estimate) => {
                    let delong = delong(&rows.risk, &rows.event).ok().map(|own| own.auc);
                    found.entry(lead).or_default().push((estimate, delong));
                }
                None => refused += 1,
            }
            let together = all.entry(lead).or_default();
            together.risk.extend(rows.risk);
            together.event.extend(rows.event);
        }
        eprint!("\rworld {seed}");
    }
    println!("\nIntervals that hold the true AUC ({refused} refused for too few events)");
    for (lead, rows) in &all {
        let truth = auc(&rows.risk, &rows.event).unwrap();
        let own = &found[lead];
        let holds = |estimate: &Estimate| estimate.low <= truth && truth <= estimate.high;
        let clustered = own.iter().filter(|(own, _)| holds(own)).count();
        let analytic: Vec<&Estimate> = own.iter().filter_map(|(_, own)| own.as_ref()).collect();
        let within = analytic.iter().filter(|own| holds(own)).count();
        println!(
            "  {lead:>3} days: true AUC {truth:.4} over {} rows, {} events; clustered bootstrap {}; DeLong, which takes rows for independent, {}",
            rows.event.len(),
            rows.event.iter().filter(|event| **event).count(),
            share(clustered, own.len()),
            share(within, analytic.len()),
        );
    }
}

fn nothing_planted(worlds: u64) {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut any = 0;
    for seed in seeds(worlds) {
        let (job, board) = world(seed, true);
        let lead = job.design.primary_lead;
        let mut count = |what: &'static str, is_called: bool| {
            let (called, of) = counts.entry(what).or_default();
            *called += usize::from(is_called);
            *of += 1;
        };
        let predictive = |health: &[Option<f64>]| {
            let estimate = Rows::of(&board, lead, health).interval(&board.draws);
            estimate.map(|own| own.low > 0.5)
        };
        if let Some(is_called) = predictive(&board.in_force().score) {
            count("the score at the primary lead (stated: 2.5 %)", is_called);
        }
        for health in board.in_force().categories.values() {
            if let Some(is_called) = predictive(health) {
                count("a category at the primary lead (stated: 2.5 %)", is_called);
            }
        }
        let mut figures = Figures::default();
        let powers = power::of_metrics(&board, &job.design, &mut figures, &mut Vec::new());
        let tested = powers.iter().filter(|own| own.adjusted_p.is_some());
        let mut calls = 0;
        for own in tested {
            count(
                "a metric at a lead, after false-discovery control",
                own.stands_out(),
            );
            calls += usize::from(own.stands_out());
        }
        any += usize::from(calls > 0);
        eprint!("\rworld {seed}, with nothing planted");
    }
    println!("\nCalled predictive where nothing is planted");
    for (what, (called, of)) in counts {
        println!("  {what}: {}", share(called, of));
    }
    println!(
        "  worlds in which any metric stands out (stated: 5 %, half of it this way round): {}",
        share(any, worlds as usize)
    );
}

fn main() {
    // `cargo test --all-targets` runs this too, without asking for anything.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let worlds = option("--seeds", 100);
    coverage(worlds);
    nothing_planted(option("--null-seeds", worlds));
}
