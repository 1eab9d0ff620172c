//! `healthscore catalog`: a data dictionary of a job.

use std::path::PathBuf;

use clap::Args;

use super::screen::Screen;
use super::{Exit, today};
use crate::jobs::settings::{self, Overrides};
use crate::jobs::{JobError, catalog};

pub const EXAMPLES: &str = "\
Examples:
  healthscore catalog jobs/nightly.toml > dictionary.md
      every table and column that the job reads and publishes, every measure with its formula and
      who uses it, every metric with weight and curve, as Markdown";

#[derive(Debug, Args)]
pub struct Arguments {
    /// The job file
    job: PathBuf,
    /// Folder with the exports, instead of the job's
    #[arg(long, value_name = "DIR")]
    exports: Option<PathBuf>,
}

pub fn catalog(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let overrides = Overrides {
        exports: arguments.exports.clone(),
        // No date is told, so none has to be looked up in the data.
        as_of: Some(today().to_string()),
        ..Overrides::default()
    };
    let job = settings::load(&arguments.job, &overrides, today())?;
    screen.result(&catalog::markdown(&job)?);
    Ok(Exit::Done)
}
