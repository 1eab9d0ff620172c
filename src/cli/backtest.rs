//! `healthscore backtest`: the tear sheet of a review, at the terminal.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::screen::Screen;
use super::timings::{self, Timings};
use super::{Exit, JobArguments, run, today};
use crate::config::Problem;
use crate::domain::one_line;
use crate::jobs::JobError;
use crate::jobs::file::JobKind;
use crate::jobs::review_run::{self, ReviewRun};
use crate::jobs::review_settings::{self, ReviewJob};
use crate::jobs::settings::Overrides;
use crate::publish::Lock;
use crate::trail::Severity;

pub const EXAMPLES: &str = "\
Examples:
  healthscore backtest jobs/quarterly.toml
      did the weights foresee who left? The ten lines that matter most, published nowhere
  healthscore backtest jobs/quarterly.toml --model edited.toml
      the same for an edited model
  healthscore backtest jobs/quarterly.toml --as-of 2026-06-30 --publish
      from what was known then, with tables and charts below the job's folder";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    job: JobArguments,
    /// Publish the tables and charts too
    #[arg(long)]
    publish: bool,
    /// Folder to publish below, instead of the job's
    #[arg(long, value_name = "DIR", requires = "publish")]
    out: Option<PathBuf>,
    /// Show where the time went, stage by stage, and what was read
    #[arg(long)]
    timings: bool,
}

pub fn backtest(
    arguments: &Arguments,
    words: &[OsString],
    screen: &Screen,
) -> Result<Exit, JobError> {
    let path = &arguments.job.job;
    if review_settings::kind(path) == Some(JobKind::Score) {
        let title = format!("{} is a job of kind `score`", path.display());
        let help = "give a job of kind `review`, such as jobs/quarterly.toml";
        return Err(JobError::Problems(
            Problem::command(title).help(help).into(),
        ));
    }
    let mut overrides = arguments.job.overrides();
    overrides.out.clone_from(&arguments.out);
    let asked = Asked {
        publishes: arguments.publish,
        timings: arguments.timings,
    };
    review(path, overrides, asked, words, screen)
}

/// What is to be done with a review.
pub(super) struct Asked {
    /// Whether it is published.
    pub publishes: bool,
    /// Whether it says where its time went.
    pub timings: bool,
}

/// Runs a review, and publishes it if asked to.
pub(super) fn review(
    path: &std::path::Path,
    mut overrides: Overrides,
    asked: Asked,
    words: &[OsString],
    screen: &Screen,
) -> Result<Exit, JobError> {
    let begun = Instant::now();
    let timings = Timings::default();
    let mut trail = screen.timed(&timings);
    trail.step("checking the configuration");
    overrides.clock = Some(timings::clock);
    let job = review_settings::load(path, &overrides, today())?;
    let lock = asked
        .publishes
        .then(|| Lock::take(&job.score.folder))
        .transpose()?;
    let run = review_run::review_run(&job, &mut trail)?;
    let mut text = tear_sheet(&job, &run);
    if let Some(lock) = &lock {
        run.publish(&job, lock, &run::moment(words), &mut trail)?;
        let folder = job.score.folder.join(format!("as_of={}", run.as_of));
        let seconds = begun.elapsed().as_secs_f64();
        let _ = writeln!(text, "published {} in {seconds:.1} s", folder.display());
    } else {
        let _ = writeln!(
            text,
            "nothing published ({:.1} s)",
            begun.elapsed().as_secs_f64()
        );
    }
    if asked.timings {
        text.push_str(&timings.table(&run.read));
        text.push_str(&timings::bootstraps(
            run.board.draws.spent(),
            job.design.resamples,
        ));
    }
    screen.print(&text);
    let is_warning = |severity: Severity| severity == Severity::Warning;
    let warned = run
        .findings
        .iter()
        .any(|finding| is_warning(finding.severity));
    Ok(if warned {
        Exit::DoneWithFindings
    } else {
        Exit::Done
    })
}

fn tear_sheet(job: &ReviewJob, run: &ReviewRun) -> String {
    let model = &job.score.model;
    let mut text = format!(
        "{}: {} ({}) against outcomes known at {}\n\n",
        job.score.name,
        model.name,
        model.hash(),
        run.as_of
    );
    let _ = writeln!(text, "  {}", job.design.sampling.words());
    for ledger in &run.ledger {
        let _ = writeln!(
            text,
            "  {:>3} days: {} rows used of {}",
            ledger.lead_days, ledger.used, ledger.considered
        );
    }
    text.push('\n');
    for (n, line) in run.verdicts.iter().enumerate() {
        let _ = writeln!(
            text,
            "  {:>2}. {}: {}",
            n + 1,
            one_line(&line.subject),
            line.figure
        );
        let _ = writeln!(text, "      → {}", one_line(&line.verdict));
    }
    let _ = writeln!(
        text,
        "\n  The first line is the primary figure; all others are exploratory.\n  {} decisions were judged wrongly; mismatches has them by name.",
        run.mismatches.len()
    );
    if !run.findings.is_empty() {
        let _ = writeln!(text, "\n  Findings");
    }
    for finding in &run.findings {
        let evidence: String = one_line(&finding.evidence).chars().take(300).collect();
        let _ = writeln!(
            text,
            "    {:<8}{} {}: {evidence}",
            finding.severity.to_string(),
            finding.finding,
            one_line(&finding.subject),
        );
        if finding.severity == Severity::Warning {
            let _ = writeln!(text, "            → {}", finding.advice);
        }
    }
    text.push('\n');
    text
}
