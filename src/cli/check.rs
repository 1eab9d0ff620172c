//! `healthscore check`: is what the warehouse handed over what was promised?

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::run::findings_told;
use super::screen::Screen;
use super::{Exit, JobArguments, today};
use crate::domain::one_line;
use crate::exports::contract::Table;
use crate::jobs::JobError;
use crate::jobs::check::{self, Footers};
use crate::jobs::file::JobKind;
use crate::jobs::findings::Judged;
use crate::jobs::review_settings;
use crate::jobs::settings::{self, ScoreJob};
use crate::publish;
use crate::trail::{Finding, Severity};

pub const EXAMPLES: &str = "\
Examples:
  healthscore check jobs/nightly.toml
      read every export of the job, and say what is doubtful about it
  healthscore check jobs/nightly.toml --footers
      look at the footers of the files only: milliseconds, before any data is read
  healthscore check jobs/nightly.toml --exports /mnt/warehouse/tonight --as-of 2026-10-31
      other exports, as they were known on a date
  healthscore check jobs/nightly.toml --rows /tmp/lost
      with a list of the rows that no score rests on, for those who can mend them";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    job: JobArguments,
    /// Look at the footers of the files only
    #[arg(long)]
    footers: bool,
    /// Write the rows that no score rests on to rejects.parquet in this new folder: set aside,
    /// leading to no account, without a date
    #[arg(long, value_name = "DIR", conflicts_with = "footers")]
    rows: Option<PathBuf>,
}

pub fn check(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let begun = Instant::now();
    let mut trail = screen.trail();
    trail.step("checking the footers");
    let (path, overrides) = (&arguments.job.job, arguments.job.overrides());
    let is_review = review_settings::kind(path) == Some(JobKind::Review);
    let job = if is_review {
        review_settings::load(path, &overrides, today())?.score
    } else {
        settings::load(path, &overrides, today())?
    };
    let Footers {
        age,
        files,
        unread,
        mut refusals,
    } = check::footers(&job, true);
    let mut findings = files;
    if !is_review {
        // A review reads its outcomes past its measures.
        findings.extend(unread);
    }
    let checked = if arguments.footers {
        findings.extend(age);
        None
    } else {
        let checked = check::rows(&job, &mut trail)?;
        if let Some(folder) = &arguments.rows {
            publish::write_new(folder, &[checked.lost_rows(&job)?])?;
        }
        let judged = &checked.judged;
        findings.extend(judged.findings.iter().chain(&judged.moment).cloned());
        for refusal in &judged.refusals {
            if !refusals.contains(refusal) {
                refusals.push(refusal.clone());
            }
        }
        Some(checked)
    };
    let mut text = overview(&job, checked.as_ref().map(|checked| &checked.judged));
    text.push_str(&findings_told(findings.iter().collect::<Vec<&Finding>>()));
    if !refusals.is_empty() {
        text.push_str("\n  A run would refuse\n");
    }
    for refusal in &refusals {
        let _ = writeln!(text, "    {}", one_line(&refusal.reason));
    }
    let rows: u64 = job.contract.tables.values().map(Table::rows_in_files).sum();
    let what = if arguments.footers {
        "the footers of "
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "\nchecked {what}{} exports, {rows} rows in {:.1} s",
        job.contract.tables.len(),
        begun.elapsed().as_secs_f64()
    );
    screen.result(&text);
    let is_warned = findings
        .iter()
        .any(|finding| finding.severity == Severity::Warning);
    Ok(if !refusals.is_empty() {
        Exit::RefusedInput
    } else if is_warned {
        Exit::DoneWithFindings
    } else {
        Exit::Done
    })
}

/// Returns a line for each export: what lies there, and what became of its rows.
fn overview(job: &ScoreJob, judged: Option<&Judged>) -> String {
    let mut text = String::new();
    let date = job
        .dates
        .last()
        .map_or_else(String::new, ToString::to_string);
    let _ = writeln!(text, "{} as of {date}\n", job.name);
    let mut head = format!(
        "  {:<20} {:>5} {:>11}  {:<10}  {:<10}",
        "export", "files", "rows", "from", "to"
    );
    if judged.is_some() {
        let _ = write!(
            head,
            "{:>11} {:>9} {:>7} {:>7}",
            "known", "set aside", "astray", "undated"
        );
    }
    let _ = writeln!(text, "{}", head.trim_end());
    for table in job.contract.tables.values() {
        let span = table.span().map(|span| [span.0, span.1]);
        let [from, to] = span.map_or_else(Default::default, |span| span.map(|day| day.to_string()));
        let mut line = format!(
            "  {:<20} {:>5} {:>11}  {from:<10}  {to:<10}",
            one_line(&table.name),
            table.files.len(),
            table.rows_in_files(),
        );
        if let Some(judged) = judged
            && let Some(n) = judged
                .accounts
                .iter()
                .position(|account| account.ledger.export == table.name)
        {
            let (ledger, unseen) = (&judged.accounts[n].ledger, &judged.unseen[n]);
            let _ = write!(
                line,
                "{:>11} {:>9} {:>7} {:>7}",
                ledger.seen, ledger.set_aside, unseen.unresolved, unseen.without_time
            );
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
