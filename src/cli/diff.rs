//! `healthscore diff`: what changed between two published runs.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use super::screen::Screen;
use crate::domain::one_line;
use crate::jobs::JobError;
use crate::jobs::diff::{self, Diff, Move, Run};
use crate::jobs::dry_run::Standing;

pub const EXAMPLES: &str = "\
Examples:
  healthscore diff reports/nightly/as_of=2026-10-30 reports/nightly/as_of=2026-10-31
      accounts, bands, scores and what moved them, models, inputs, findings
  healthscore diff /tmp/try/nightly/as_of=2026-10-31 reports/nightly/as_of=2026-10-31 --all
      two runs of one date, with every account in another band";

/// So many accounts are shown unless all are asked for.
const SHOWN: usize = 10;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of the earlier run
    then: PathBuf,
    /// Folder of the later run
    now: PathBuf,
    /// Show every account that changed band, came or went
    #[arg(long)]
    all: bool,
}

pub fn diff(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let mut problems = crate::config::Problems::default();
    let then = problems.collect(Run::open(&arguments.then));
    let now = problems.collect(Run::open(&arguments.now));
    let (Some(then), Some(now)) = (then, now) else {
        return Err(problems.into());
    };
    let diff = diff::diff(&then, &now)?;
    let shown = if arguments.all { usize::MAX } else { SHOWN };
    screen.result(&told(&then, &now, &diff, shown));
    Ok(Exit::Done)
}

fn told(then: &Run, now: &Run, diff: &Diff, shown: usize) -> String {
    let mut text = String::new();
    let named = |run: &Run| format!("{} as of {}", one_line(&run.text(&["job"])), run.as_of);
    let _ = writeln!(text, "{} → {}", named(then), named(now));
    for (part, before, after) in &diff.settings {
        let value = |value: &str| {
            if value.is_empty() {
                "none".into()
            } else {
                one_line(value)
            }
        };
        let _ = writeln!(
            text,
            "  another {part}: {} → {}",
            value(before),
            value(after)
        );
    }
    let [both, gone, new] = diff.scored;
    let _ = writeln!(
        text,
        "\n  {both} accounts scored in both, {new} in the later only, {gone} in the earlier only"
    );
    let [down, same, up] = diff.directions;
    let _ = writeln!(
        text,
        "  scores: {up} up, {same} the same, {down} down; all together {:+.1} points",
        unsigned_zero(diff.points)
    );
    causes(&mut text, then, diff);
    let _ = writeln!(
        text,
        "\n  {} accounts in another band",
        diff.band_moves.len()
    );
    for ((before, after), n) in &diff.migration {
        let _ = writeln!(
            text,
            "    {n:>6}  {} → {}",
            one_line(before),
            one_line(after)
        );
    }
    moves(&mut text, &diff.band_moves, shown);
    if !diff.came_and_went.is_empty() {
        let _ = writeln!(
            text,
            "\n  {} accounts with a score in one run only",
            diff.came_and_went.len()
        );
        moves(&mut text, &diff.came_and_went, shown);
    }
    inputs(&mut text, diff);
    findings(&mut text, diff);
    text
}

fn unsigned_zero(points: f64) -> f64 {
    if points.abs() < 0.05 { 0.0 } else { points }
}

fn causes(text: &mut String, then: &Run, diff: &Diff) {
    let Some(causes) = &diff.causes else {
        let _ = writeln!(
            text,
            "  what moved them: the later run was not compared with {}",
            then.as_of
        );
        return;
    };
    let _ = writeln!(text, "  what moved them, points lost and gained");
    for cause in causes {
        let _ = writeln!(
            text,
            "    {:<16} {:>9.1} {:>+9.1}  {} accounts",
            one_line(&cause.cause),
            unsigned_zero(cause.down),
            unsigned_zero(cause.up),
            cause.accounts
        );
    }
}

fn moves(text: &mut String, moves: &[Move], shown: usize) {
    let standing = |standing: &Option<Standing>| match standing {
        Some((Some(score), Some(band))) => format!("{score:.1} {}", one_line(band)),
        Some(_) => "not scored".into(),
        None => "not in the run".into(),
    };
    for (id, before, after) in moves.iter().take(shown) {
        let _ = writeln!(
            text,
            "    {:<12} {} → {}",
            one_line(id),
            standing(before),
            standing(after)
        );
    }
    if moves.len() > shown {
        let _ = writeln!(
            text,
            "    and {} more; --all shows them",
            moves.len() - shown
        );
    }
}

fn inputs(text: &mut String, diff: &Diff) {
    if diff.inputs.is_empty() {
        return;
    }
    text.push_str("\n  Inputs\n");
    for input in &diff.inputs {
        let rows = match input.rows {
            [Some(then), Some(now)] => format!("{then} → {now} rows"),
            [None, Some(now)] => format!("{now} rows, not read before"),
            [Some(then), None] => format!("{then} rows then, not read any more"),
            [None, None] => String::new(),
        };
        let columns = |what: &str, columns: &[String]| {
            let columns: Vec<String> = columns.iter().map(|column| one_line(column)).collect();
            if columns.is_empty() {
                String::new()
            } else {
                format!(", {what} {}", columns.join(", "))
            }
        };
        let _ = writeln!(
            text,
            "    {:<20} {rows}{}{}",
            one_line(&input.export),
            columns("new columns", &input.new_columns),
            columns("without columns", &input.lost_columns)
        );
    }
}

fn findings(text: &mut String, diff: &Diff) {
    if diff.findings.is_empty() {
        return;
    }
    text.push_str("\n  Findings\n");
    for (finding, subject, counts) in &diff.findings {
        let how = match counts {
            [None, Some(now)] => format!("new, {now}"),
            [Some(then), None] => format!("gone, was {then}"),
            [then, now] => format!("{} → {}", then.unwrap_or(0), now.unwrap_or(0)),
        };
        let _ = writeln!(
            text,
            "    {} {}: {how}",
            one_line(finding),
            one_line(subject)
        );
    }
}
