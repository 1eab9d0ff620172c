//! Composition: a job file becomes a run, the run becomes a folder.

pub mod check;
pub mod diff;
pub mod dry_run;
pub mod file;
pub mod findings;
pub mod follow_up;
pub mod guard;
pub mod history;
pub mod late_data;
pub mod manifest;
pub mod review_charts;
pub mod review_file;
pub mod review_run;
pub mod review_settings;
pub mod review_signals;
pub mod row_tests;
pub mod schemas;
pub mod score_charts;
pub mod score_run;
pub mod settings;

use crate::charts::Chart;
use crate::config::Problems;
use crate::exports::ReadError;
use crate::publish::{Content, LockError, PublishError};

/// Why a job could not be done; the variant says who has to act.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A file that the user wrote, or the data it promises, is wrong.
    #[error("{0}")]
    Problems(#[from] Problems),
    /// The data came, but not in a state to be scored.
    #[error("refused: {}", .0.iter().map(|refusal| refusal.reason.as_str()).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
    /// An export could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Another run of the job is at work, or its folder cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The results could not be written.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The engine failed; this is a bug of the program.
    #[error("the engine failed: {0}")]
    Engine(#[from] polars::prelude::PolarsError),
}

/// One reason not to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What was seen.
    pub reason: String,
    /// What to do next.
    pub advice: String,
}

/// Returns the files of a picture.
fn files_of_chart(chart: Chart) -> [Content; 2] {
    [
        Content {
            path: format!("charts/{}.svg", chart.name),
            bytes: chart.svg.into_bytes(),
        },
        Content {
            path: format!("charts/{}.png", chart.name),
            bytes: chart.png,
        },
    ]
}
