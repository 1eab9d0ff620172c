//! `healthscore test`: a few literal rows, and what must come of them.

use std::path::PathBuf;

use clap::Args;

use super::screen::Screen;
use super::{Exit, render, today};
use crate::config::Problem;
use crate::domain::one_line;
use crate::jobs::JobError;
use crate::jobs::row_tests::{self, Outcome};

pub const EXAMPLES: &str = "\
Examples:
  healthscore test jobs/tests/contracts.toml    run the tests of a file
  healthscore test jobs/nightly.toml            run tests/*.toml beside a job, against that job
Ends with status 2 when a test fails.";

#[derive(Debug, Args)]
pub struct Arguments {
    /// Files of tests, or jobs
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub fn test(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let mut trail = screen.trail();
    let mut outcomes = Vec::new();
    for file in &arguments.files {
        if is_job(file) {
            for tests in beside(file)? {
                outcomes.extend(row_tests::run(&tests, Some(file), today(), &mut trail)?);
            }
        } else {
            outcomes.extend(row_tests::run(file, None, today(), &mut trail)?);
        }
    }
    screen.print(&report(&outcomes));
    let is_failed = |outcome: &&Outcome| !outcome.differences.is_empty();
    let failed: Vec<&Outcome> = outcomes.iter().filter(is_failed).collect();
    screen.finish();
    for difference in failed.iter().flat_map(|outcome| &outcome.differences) {
        eprint!("{}", render::problem(difference));
    }
    if failed.is_empty() {
        Ok(Exit::Done)
    } else {
        Ok(Exit::BadConfiguration)
    }
}

fn report(outcomes: &[Outcome]) -> String {
    let line = |outcome: &Outcome| {
        let verdict = if outcome.differences.is_empty() {
            "ok    "
        } else {
            "FAILED"
        };
        let name = one_line(&outcome.name);
        format!(
            "{verdict} {}:{} {name}\n",
            outcome.path.display(),
            outcome.line
        )
    };
    let failed = outcomes
        .iter()
        .filter(|outcome| !outcome.differences.is_empty())
        .count();
    let mut text: String = outcomes.iter().map(line).collect();
    text.push_str(&format!(
        "{} passed, {failed} failed\n",
        outcomes.len() - failed
    ));
    text
}

/// A job says what to run; a file of tests has no such key.
fn is_job(path: &std::path::Path) -> bool {
    let table = std::fs::read_to_string(path)
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok());
    table.is_some_and(|table| table.contains_key("kind"))
}

fn beside(job: &std::path::Path) -> Result<Vec<PathBuf>, JobError> {
    let folder = job
        .parent()
        .unwrap_or(std::path::Path::new(""))
        .join("tests");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    if files.is_empty() {
        let title = format!("there are no tests in {}", folder.display());
        let help = "write them as TOML files there, or name a file of tests";
        return Err(JobError::Problems(
            Problem::command(title).help(help).into(),
        ));
    }
    Ok(files)
}
