//! Customer-health scores from a warehouse's Parquet exports, every night, and every quarter their
//! proof against who renewed and who left.
//!
//! # The picture
//!
//! ```text
//! exports ─► panel ─► measures ─► population ─► scores ─┬─► insights ─► tables ─► publish
//! (found,    (account  (SQL        (who is      (curve ►  │   (drivers,   (sorted,  (whole run
//!  checked,   × as-of   formulas,   scored)      category │    signals,    described) or nothing)
//!  decoded    date)     one GROUP                ► overall│    actions)
//!  once)                BY each)                 ► cap    └─► backtest ─► tables, charts ─► publish
//!                                                ► band)      (past dates and leads
//! outcomes (who renewed, who left) ───────────────────────►    against outcomes)
//! ```
//!
//! `jobs::score_run::score_run` is the upper line as a function, `jobs::review_run` the lower one.
//! Tonight's score, the trend's earlier scores, a backfilled year and the review's past dates are
//! the same calls over a larger panel. Outcomes know no score; scores and outcomes meet in
//! `backtest::sample` alone.
//!
//! # Where things are
//!
//! A stage uses the stages above it in the list below, never one beneath it; a test reads the
//! `use` lines and holds us to that. `domain`, `config`, `trail`, `stats` and `charts` know no data
//! frame; `charts` draws the numbers it is given and decides none. Only `exports` and `publish`
//! touch data files, only `cli` prints, reads the clock or the environment.
//!
//! # What always holds
//!
//! - **No future.** Every row carries the half-open interval of as-of dates on which it was the
//!   word of the warehouse, every later-filled cell the moment it became known. `exports::as_of`
//!   is the only place that decides about that. Changing anything that became known after a date
//!   changes no published byte of that date.
//! - **Pointwise.** An account's score depends on its own rows, the date and the model.
//! - **Sums.** Metrics' contributions sum to categories, categories to the base score; the shown
//!   points do so to the last digit.
//! - **Every row stands somewhere.** What is read is used, older than every window, or set aside with
//!   its reason, and the ledger of each export says so; a doubt is a row or a finding, never a log line.
//! - **Missing is null**, never zero, never NaN. A stale export makes measures missing.
//! - **The same bytes** from the same inputs, on one thread or many: numbers are summed as
//!   integers, or as floats in sorted order, and every table has a total order.

pub mod domain;
pub mod config;
pub mod trail;
pub mod stats;
pub mod formula;
pub mod exports;
pub mod panel;
pub mod measures;
pub mod population;
pub mod outcomes;
pub mod model;
pub mod scores;
pub mod insights;
pub mod backtest;
pub mod tables;
pub mod charts;
pub mod publish;
pub mod jobs;
pub mod init;
pub mod sample;
pub mod cli;
