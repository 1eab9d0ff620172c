//! `healthscore run`: score, publish, and say what came out.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use chrono::NaiveDate;
use clap::Args;

use super::backtest::Asked;
use super::screen::Screen;
use super::timings::Timings;
use super::{Exit, JobArguments, Rhythm, backfill, today};
use crate::config::Problem;
use crate::domain::{Comparator, one_line};
use crate::exports::as_of::{ACCOUNT, AS_OF, ROW};
use crate::insights::trends::{change_name, direction_name};
use crate::jobs::JobError;
use crate::jobs::dry_run::{self, Standing};
use crate::jobs::file::JobKind;
use crate::jobs::manifest::Moment;
use crate::jobs::review_settings;
use crate::jobs::score_run::{self, ScoreRun, Scorecard};
use crate::jobs::settings::{self, ScoreJob};
use crate::panel::{self, ACCOUNT_ID};
use crate::publish::Lock;
use crate::scores::columns as name;
use crate::stats;
use crate::trail::{Finding, Severity};
use polars::prelude::*;

pub const EXAMPLES: &str = "\
Examples:
  healthscore run jobs/nightly.toml
      score every account and publish below the job's folder
  healthscore run jobs/nightly.toml --as-of 2026-09-30 --out /tmp/try
      the same for a past date, published elsewhere
  healthscore run jobs/nightly.toml --from 2025-01-31 --to 2026-01-31 --every month
      publish a folder for each month end; the exports are read once
  healthscore run jobs/nightly.toml --model edited.toml --dry-run
      show who would change band under an edited model, publish nothing
  healthscore run jobs/nightly.toml --timings
      show where the time went, stage by stage, with rows and bytes read and skipped
  healthscore run jobs/nightly.toml --account ACC-0007 --account ACC-0019
      a quick look at some accounts, publish nothing";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    job: JobArguments,
    /// Folder to publish below, instead of the job's
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// First as-of date of a backfill
    #[arg(long, value_name = "DATE", requires = "to", conflicts_with = "as_of")]
    from: Option<NaiveDate>,
    /// Last as-of date of a backfill
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<NaiveDate>,
    /// How often a backfill publishes
    #[arg(long, value_enum, default_value = "month", requires = "from")]
    every: Rhythm,
    /// Draw the charts of the job for every date of a backfill, which leaves them out otherwise
    #[arg(long, requires = "from")]
    charts: bool,
    /// Show where the time went, stage by stage, and what was read
    #[arg(long)]
    timings: bool,
    /// Compute and publish nothing; show who would change band, against the job's model if --model
    /// is given, else against the newest published run
    #[arg(long)]
    dry_run: bool,
    /// Publish even where more has changed since the run before than the job's guard lets pass
    #[arg(long)]
    accept_changes: bool,
    /// Publish dates again that the job holds frozen
    #[arg(long)]
    restate: bool,
    /// Look at this account only, publish nothing; may be given several times
    #[arg(long, value_name = "ID")]
    account: Vec<String>,
    /// Look at the accounts of this file only, one id a line; publish nothing
    #[arg(long, value_name = "FILE")]
    accounts: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, words: &[OsString], screen: &Screen) -> Result<Exit, JobError> {
    let begun = Instant::now();
    let timings = Timings::default();
    let mut trail = screen.timed(&timings);
    trail.step("checking the configuration");
    let mut overrides = arguments.job.overrides();
    overrides.out.clone_from(&arguments.out);
    overrides.backfill = backfill(arguments.from, arguments.to, arguments.every);
    overrides.charts = arguments.charts;
    let some = some_accounts(arguments)?;
    if review_settings::kind(&arguments.job.job) == Some(JobKind::Review) {
        if some.is_some() || overrides.backfill.is_some() {
            let title = "a review looks at all accounts and at its own dates";
            let help = "leave --account, --accounts, --from and --to out; --as-of says when outcomes were known";
            return Err(JobError::Problems(
                Problem::command(title).help(help).into(),
            ));
        }
        let publishes = !arguments.dry_run;
        let asked = Asked {
            publishes,
            timings: arguments.timings,
        };
        return super::backtest::review(&arguments.job.job, overrides, asked, words, screen);
    }
    let publishes = !arguments.dry_run && some.is_none();
    overrides.publishes = publishes;
    overrides.restate = arguments.restate;
    // A dry run is there to look at what the guard would refuse.
    overrides.accept_changes = arguments.accept_changes || !publishes;
    let job = settings::load(&arguments.job.job, &overrides, today())?;
    let lock = publishes.then(|| Lock::take(&job.folder)).transpose()?;
    let run = score_run::score_run(&job, some.as_deref(), &mut trail)?;
    let scorecards = if let Some(lock) = &lock {
        run.publish(&job, lock, &moment(words), &mut trail)?
    } else {
        job.dates
            .iter()
            .map(|date| run.scorecard(&job, *date, &mut trail))
            .collect::<Result<Vec<_>, _>>()?
    };
    trail.step("summing up");
    let mut text = String::new();
    if some.is_some() {
        text.push_str(&some_summary(
            &job,
            &run,
            some.as_deref().unwrap_or_default(),
        )?);
    } else if let Some(scorecard) = scorecards.last() {
        text.push_str(&summary(&job, &run, scorecard)?);
    }
    if arguments.dry_run {
        text.push_str(&moves(&job, &run)?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    if publishes {
        let last = job
            .dates
            .last()
            .map_or_else(String::new, |date| format!("as_of={date}"));
        let again = job.dates.iter().filter(|date| job.published.contains(date));
        let again = match again.count() {
            0 => String::new(),
            n => format!(", {n} of them published before,"),
        };
        let many = if job.dates.len() > 1 {
            format!("{} folders up to ", job.dates.len())
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "published {many}{}{again} in {seconds:.1} s",
            job.folder.join(last).display()
        );
    } else {
        let _ = writeln!(text, "nothing published ({seconds:.1} s)");
    }
    if arguments.timings {
        text.push_str(&timings.table(&run.exports.read()));
    }
    screen.print(&text);
    let warned = scorecards
        .iter()
        .flat_map(|scorecard| scorecard.findings.iter().chain(&scorecard.moment))
        .any(|finding| finding.severity == Severity::Warning);
    Ok(if warned && some.is_none() {
        Exit::DoneWithFindings
    } else {
        Exit::Done
    })
}

fn some_accounts(arguments: &Arguments) -> Result<Option<Vec<String>>, JobError> {
    let mut ids = arguments.account.clone();
    if let Some(path) = &arguments.accounts {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let problem = Problem::command(format!("cannot read {}: {error}", path.display()));
            JobError::Problems(
                problem
                    .help("give a text file with one account id a line")
                    .into(),
            )
        })?;
        ids.extend(
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned),
        );
    }
    if let (true, Some(path)) = (ids.is_empty(), &arguments.accounts) {
        let problem = Problem::command(format!("{} names no account", path.display()));
        return Err(JobError::Problems(
            problem
                .help("give a text file with one account id a line")
                .into(),
        ));
    }
    Ok((!ids.is_empty()).then_some(ids))
}

pub(super) fn moment(words: &[OsString]) -> Moment {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Moment {
        started_at: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        host: host.trim().to_owned(),
        command: words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
    }
}

/// Returns the columns of a frame's row as text and numbers, by position.
pub(super) fn text_at(frame: &DataFrame, column: &str, row: usize) -> Option<String> {
    frame
        .column(column)
        .ok()?
        .str()
        .ok()?
        .get(row)
        .map(str::to_owned)
}

pub(super) fn number_at(frame: &DataFrame, column: &str, row: usize) -> Option<f64> {
    frame.column(column).ok()?.f64().ok()?.get(row)
}

/// Returns the name people know the account by, if the population shows one.
pub(super) fn account_name(job: &ScoreJob, frame: &DataFrame, row: usize) -> String {
    let shown = job
        .population
        .show
        .iter()
        .find_map(|shown| text_at(frame, &shown.name, row));
    one_line(&shown.unwrap_or_default())
}

fn summary(job: &ScoreJob, run: &ScoreRun, scorecard: &Scorecard) -> Result<String, JobError> {
    let scored = panel::on_date(&run.compared, scorecard.as_of)?;
    let mut text = String::new();
    let version = job
        .model
        .version
        .as_ref()
        .map(|version| format!(" {version}"))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "{} as of {}, model {}{version} ({})\n",
        job.name,
        scorecard.as_of,
        job.model.name,
        job.model.hash()
    );
    let heads = &scorecard.heads;
    let with_score = scored.column(&name::overall(name::SCORE))?.len()
        - scored.column(&name::overall(name::SCORE))?.null_count();
    let kept_out: Vec<String> = heads
        .excluded
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(rule, n)| format!("{n} {rule}"))
        .collect();
    let _ = write!(
        text,
        "  {} known accounts: {with_score} scored, {} not scored",
        heads.known,
        scored.height() - with_score
    );
    let _ = write!(text, ", {} not eligible", heads.not_eligible);
    let _ = writeln!(
        text,
        "{}",
        if kept_out.is_empty() {
            String::new()
        } else {
            format!(", kept out {}", kept_out.join(", "))
        }
    );
    let bands = scored.column(&name::overall(name::BAND))?.str()?.clone();
    let width = job
        .model
        .bands
        .iter()
        .map(|band| band.label.chars().count())
        .max()
        .unwrap_or(0);
    for band in &job.model.bands {
        let n = bands
            .iter()
            .flatten()
            .filter(|label| *label == band.label)
            .count();
        let share = if with_score > 0 {
            n as f64 / with_score as f64
        } else {
            0.0
        };
        let bar = "█".repeat((share * 40.0).round() as usize);
        let _ = writeln!(
            text,
            "    {:<width$}  {n:>6}  {:>4}  {bar}",
            band.label,
            format!("{:.0} %", share * 100.0)
        );
    }
    let values = |column: &str| -> Result<Vec<f64>, JobError> {
        Ok(scored.column(column)?.f64()?.iter().flatten().collect())
    };
    if let Some(median) = stats::median(&values(&name::overall("score_shown"))?) {
        let coverage = stats::median(&values(&name::overall(name::COVERAGE))?).unwrap_or(0.0);
        let _ = writeln!(
            text,
            "  median score {median:.1}, median coverage {coverage:.2}"
        );
    }
    for comparator in &job.compare {
        let directions = scored
            .column(&direction_name("overall", *comparator))?
            .str()?
            .clone();
        let count = |which: &str| {
            directions
                .iter()
                .flatten()
                .filter(|direction| *direction == which)
                .count()
        };
        let none = directions.null_count();
        let _ = writeln!(
            text,
            "  against {}: {} up, {} flat, {} down{}",
            comparator.in_words(),
            count("up"),
            count("flat"),
            count("down"),
            if none > 0 {
                format!(", {none} without comparison")
            } else {
                String::new()
            }
        );
    }
    if let Some(comparator) = job.compare.first() {
        text.push_str(&falls(job, &scored, *comparator)?);
    }
    text.push_str(&findings_told(
        scorecard.findings.iter().chain(&scorecard.moment).collect(),
    ));
    text.push('\n');
    Ok(text)
}

/// Returns findings, warnings first, with what to do about those.
pub(super) fn findings_told(mut findings: Vec<&Finding>) -> String {
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.finding));
    let mut text = String::new();
    if !findings.is_empty() {
        let _ = writeln!(text, "\n  Findings");
    }
    for finding in findings {
        let _ = writeln!(
            text,
            "    {:<8}{} {}: {}",
            finding.severity.to_string(),
            finding.finding,
            one_line(&finding.subject),
            one_line(&finding.evidence)
        );
        if finding.severity == Severity::Warning {
            let _ = writeln!(text, "            → {}", finding.advice);
        }
    }
    text
}

/// Returns the accounts that fell most.
fn falls(job: &ScoreJob, scored: &DataFrame, comparator: Comparator) -> Result<String, JobError> {
    let change = change_name("overall", comparator);
    let change = change.as_str();
    let direction = direction_name("overall", comparator);
    // Who they are is found among few columns; of hundreds, five rows are taken.
    let found = scored
        .select([change, &direction, ACCOUNT_ID])?
        .lazy()
        .with_row_index(ROW, None)
        .filter(col(direction).eq(lit("down")))
        .sort([change, ACCOUNT_ID], SortMultipleOptions::default())
        .limit(5)
        .collect()?;
    let fallen = scored.take(found.column(ROW)?.idx()?)?;
    let mut text = String::new();
    if fallen.height() > 0 {
        let _ = writeln!(text, "\n  Largest falls against {}", comparator.in_words());
    }
    for row in 0..fallen.height() {
        let id = one_line(&text_at(&fallen, ACCOUNT_ID, row).unwrap_or_default());
        let name: String = account_name(job, &fallen, row).chars().take(32).collect();
        let score = number_at(&fallen, &name::overall("score_shown"), row).unwrap_or_default();
        let change = number_at(&fallen, change, row).unwrap_or_default();
        let band = text_at(&fallen, &name::overall(name::BAND), row).unwrap_or_default();
        let _ = writeln!(
            text,
            "    {id:<12} {name:<32} {score:>5.1} {change:>+6.1}  {band}"
        );
    }
    Ok(text)
}

fn some_summary(job: &ScoreJob, run: &ScoreRun, wanted: &[String]) -> Result<String, JobError> {
    let mut text = String::new();
    let frame = &run.compared;
    for row in 0..frame.height() {
        let id = one_line(&text_at(frame, ACCOUNT_ID, row).unwrap_or_default());
        let name: String = account_name(job, frame, row).chars().take(32).collect();
        let outcome = match number_at(frame, &name::overall("score_shown"), row) {
            Some(score) => format!(
                "{score:>5.1}  {}",
                text_at(frame, &name::overall(name::BAND), row).unwrap_or_default()
            ),
            None => format!(
                "not scored: {}",
                text_at(frame, &name::overall(name::NOT_SCORED), row).unwrap_or_default()
            ),
        };
        let date = frame
            .column(AS_OF)?
            .date()?
            .as_date_iter()
            .nth(row)
            .flatten()
            .unwrap_or_default();
        let _ = writeln!(text, "{date}  {id:<12} {name:<32} {outcome}");
    }
    let account = frame.column(ACCOUNT).or(frame.column(ACCOUNT_ID))?;
    let shown = account.str()?.clone();
    for id in wanted
        .iter()
        .filter(|id| !shown.iter().flatten().any(|shown| shown == id.as_str()))
    {
        let _ = writeln!(
            text,
            "{:<12} is not in the panel; `healthscore explain` says why",
            one_line(id)
        );
    }
    Ok(text)
}

fn moves(job: &ScoreJob, run: &ScoreRun) -> Result<String, JobError> {
    let Some(comparison) = dry_run::compare(job, run)? else {
        return Ok(
            "nothing to compare with: no run is published, and no --model was given\n".into(),
        );
    };
    let (n, against) = (comparison.moves.len(), &comparison.against);
    let model = dry_run::named(&job.model);
    let mut text = format!("  {n} accounts would change band from {against} to {model}\n");
    let shown = |standing: &Option<Standing>| match standing {
        Some((Some(score), Some(band))) => format!("{score:.1} {band}"),
        Some(_) => "not scored".into(),
        None => "not in the panel".into(),
    };
    for (id, before, after) in &comparison.moves {
        let _ = writeln!(
            text,
            "    {:<12} {} → {}",
            one_line(id),
            shown(before),
            shown(after)
        );
    }
    Ok(text)
}
