//! `healthscore explain`: every number behind one account's score, as a tree.

use std::fmt::Write;

use clap::Args;
use indexmap::IndexSet;
use polars::prelude::*;

use super::changes::Changes;
use super::follow_up;
use super::run::{account_name, number_at, text_at};
use super::screen::Screen;
use super::{Exit, JobArguments, today};
use crate::config::Problem;
use crate::domain::{Comparator, one_line};
use crate::insights::trends::change_name;
use crate::jobs::JobError;
use crate::jobs::follow_up::FollowUp;
use crate::jobs::score_run;
use crate::jobs::settings::{self, ScoreJob};
use crate::measures::catalog::Definition;
use crate::measures::compute::{carried_name, newest_name};
use crate::model::health_model::{Bound, Metric, Missing};
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

pub const EXAMPLES: &str = "\
Examples:
  healthscore explain jobs/nightly.toml --account ACC-0007
  healthscore explain jobs/nightly.toml --account ACC-0007 --as-of 2026-07-31";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    job: JobArguments,
    /// The account
    #[arg(long, value_name = "ID")]
    account: String,
}

pub fn explain(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let mut trail = screen.trail();
    trail.step("checking the configuration");
    let job = settings::load(&arguments.job.job, &arguments.job.overrides(), today())?;
    let run = score_run::score_run(
        &job,
        Some(std::slice::from_ref(&arguments.account)),
        &mut trail,
    )?;
    let date = job.dates[0];
    let id = one_line(&arguments.account);
    if run.compared.height() == 0 {
        let why = match run.heads.get(&date) {
            None => {
                let title = format!("there is no account `{id}` at {date}");
                let help =
                    "ids are compared letter by letter; is it spelt as in the accounts export?";
                return Err(JobError::Problems(
                    Problem::command(title).help(help).into(),
                ));
            }
            Some(heads) => match heads.excluded.iter().find(|(_, n)| **n > 0) {
                Some((rule, _)) => format!("is kept out of the scores as `{rule}`"),
                None => format!(
                    "is not eligible at {date}: the condition `eligible` of exports.toml does not hold"
                ),
            },
        };
        screen.result(&format!("{id} {why}\n"));
        return Ok(Exit::Done);
    }
    for row in 0..run.compared.height() {
        let frame = run.compared.slice(row as i64, 1);
        let id = one_line(&text_at(&frame, ACCOUNT_ID, 0).unwrap_or_default());
        let tree = Tree {
            job: &job,
            frame: &frame,
            text: String::new(),
        };
        let drivers = of_account(&run.drivers, &frame)?;
        let changes = Changes {
            job: &job,
            frame: &frame,
            drivers: &drivers,
        };
        let follow_up = FollowUp::draw_up(&job, &run.exports, &frame, date)?;
        let told = format!(
            "{}{}",
            changes.told()?,
            follow_up::told(&follow_up, &job.model)
        );
        screen.result(&tree.written(&id, &told, &follow_up::seen_in(&follow_up))?);
    }
    Ok(Exit::Done)
}

/// Returns the rows about the account of the only row of `frame`.
fn of_account(drivers: &DataFrame, frame: &DataFrame) -> PolarsResult<DataFrame> {
    let id = text_at(frame, ACCOUNT_ID, 0).unwrap_or_default();
    let rows = drivers.clone().lazy();
    rows.filter(col(ACCOUNT_ID).eq(lit(id))).collect()
}

struct Tree<'a> {
    job: &'a ScoreJob,
    frame: &'a DataFrame,
    text: String,
}

pub(super) fn plain(number: f64) -> String {
    let rounded = (number * 1e4).round() / 1e4;
    format!("{rounded}")
}

impl Tree<'_> {
    fn number(&self, column: &str) -> Option<f64> {
        number_at(self.frame, column, 0)
    }

    fn written(
        mut self,
        id: &str,
        told: &str,
        seen_in: &IndexSet<String>,
    ) -> Result<String, JobError> {
        let job = self.job;
        let date = job.dates[0];
        let title = format!("{id}  {}", account_name(job, self.frame, 0));
        let _ = writeln!(self.text, "{}", title.trim_end());
        let _ = writeln!(
            self.text,
            "as of {date}, model {} ({})",
            job.model.name,
            job.model.hash()
        );
        if let Some(variant) = text_at(self.frame, &name::overall(name::VARIANT), 0) {
            let rule = job
                .model
                .variants
                .iter()
                .find(|candidate| candidate.id == variant);
            let when = rule
                .map(|rule| rule.when.written.clone())
                .unwrap_or_default();
            let _ = writeln!(self.text, "variant {variant}, since {when}");
        }
        self.overall();
        let _ = writeln!(self.text, "{told}\nWhat it is made of");
        for (c, category) in job.model.categories.iter().enumerate() {
            let of = |part: &str| name::category(&category.id, part);
            let last = c + 1 == job.model.categories.len();
            let (branch, below) = if last {
                ("└─", "   ")
            } else {
                ("├─", "│  ")
            };
            let line = match (
                self.number(&of(name::SCORE)),
                self.number(&of(name::POINTS)),
            ) {
                (Some(score), points) => format!(
                    "{}  score {} × weight {}{}, coverage {:.0} %",
                    points.map_or_else(|| "–".into(), |points| format!("{points:.1} points")),
                    plain(score),
                    plain(self.number(&of(name::WEIGHT)).unwrap_or(0.0)),
                    self.change(&format!("category/{}", category.id)),
                    self.number(&of(name::COVERAGE)).unwrap_or(0.0) * 100.0
                ),
                (None, _) => "no data, its weight is shared among the others".into(),
            };
            let _ = writeln!(self.text, "{branch} {:<27} {line}", category.title);
            for (m, metric) in category.metrics.iter().enumerate() {
                let last = m + 1 == category.metrics.len();
                self.metric(c, m, metric, below, last);
            }
        }
        self.other_measures(seen_in);
        Ok(self.text)
    }

    /// Writes the measures that signals were seen in and that no metric has shown.
    fn other_measures(&mut self, names: &IndexSet<String>) {
        let metrics: IndexSet<&str> = self
            .job
            .model
            .metrics()
            .map(|(_, _, _, metric)| metric.measure.as_str())
            .collect();
        let others = names.iter().filter(|name| {
            self.job.catalog.measures.contains_key(*name) && !metrics.contains(name.as_str())
        });
        let others: Vec<&String> = others.collect();
        if others.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "\nWhat else the signals were seen in");
        for name in others {
            self.measure(name, "  ", 0);
        }
    }

    fn overall(&mut self) {
        let decimals = self.job.model.decimals as usize;
        let coverage = self.number(&name::overall(name::COVERAGE)).unwrap_or(0.0) * 100.0;
        let range = match (
            self.number(&name::overall(name::LOW)),
            self.number(&name::overall(name::HIGH)),
        ) {
            (Some(low), Some(high)) => format!(
                ", {low:.decimals$} to {high:.decimals$} if what is missing were worst or best"
            ),
            _ => String::new(),
        };
        match self.number(&name::overall("score_shown")) {
            Some(score) => {
                let band = text_at(self.frame, &name::overall(name::BAND), 0).unwrap_or_default();
                let _ = writeln!(self.text, "health {score:.decimals$}  {band}");
                if let Some(action) = self
                    .job
                    .model
                    .bands
                    .iter()
                    .find(|known| known.label == band)
                    .and_then(|band| band.action.clone())
                {
                    let _ = writeln!(self.text, "  {action}");
                }
            }
            None => {
                let reason =
                    text_at(self.frame, &name::overall(name::NOT_SCORED), 0).unwrap_or_default();
                let _ = writeln!(self.text, "not scored: {reason}");
            }
        }
        let _ = writeln!(self.text, "  coverage {coverage:.0} %{range}");
        let Some(limits) = text_at(self.frame, &name::overall(name::LIMITS), 0) else {
            return;
        };
        let base = self
            .number(&name::overall("base_score_shown"))
            .unwrap_or(0.0);
        for limit in self
            .job
            .model
            .limits
            .iter()
            .filter(|limit| limits.split(", ").any(|id| id == limit.id))
        {
            let bound = match limit.bound {
                Bound::AtMost(points) => format!("at most {points}"),
                Bound::AtLeast(points) => format!("at least {points}"),
            };
            let _ = writeln!(
                self.text,
                "  base {base:.decimals$}, but {bound} ({}): {}",
                limit.id, limit.reason
            );
        }
    }

    /// Returns the change against the job's first comparator that has one; the others stand above.
    fn change(&self, level: &str) -> String {
        let one = |comparator: &Comparator| {
            let change = self.number(&change_name(level, *comparator))?;
            Some(format!(" ({change:+.1} against {})", comparator.in_words()))
        };
        self.job.compare.iter().find_map(one).unwrap_or_default()
    }

    fn metric(&mut self, c: usize, m: usize, metric: &Metric, below: &str, last: bool) {
        let of = |part: &str| name::metric(&metric.id, part);
        let truth = |part: &str| {
            self.frame
                .column(&of(part))
                .ok()
                .and_then(|column| column.bool().ok()?.get(0))
                .unwrap_or(false)
        };
        let (applies, present) = (truth(name::APPLIES), truth(name::PRESENT));
        let target = self
            .number(&of(name::TARGET))
            .map(|target| format!(", target {}", plain(target)))
            .unwrap_or_default();
        let score = self.number(&of(name::SCORE));
        let weighed = match (self.number(&of(name::POINTS)), score) {
            (Some(points), Some(score)) => {
                format!(
                    "{points:.1} points  score {} × weight {}",
                    plain(score),
                    plain(self.number(&of(name::WEIGHT)).unwrap_or(0.0))
                )
            }
            (None, Some(score)) => format!("score {}", plain(score)),
            _ => "–".into(),
        };
        let state = match (applies, present, metric.missing) {
            (false, _, _) => " (does not concern this account)".into(),
            (_, true, _) => String::new(),
            (_, _, Missing::Reweight) => " (missing: its weight is shared among the others)".into(),
            (_, _, Missing::Worst) => " (missing: counted as worst)".into(),
            (_, _, Missing::Neutral(score)) => format!(" (missing: counted as {score})"),
            (_, _, Missing::Carry(validity)) => match score {
                Some(_) => format!(
                    " (missing: carried {})",
                    self.value(&carried_name(&metric.measure, validity))
                ),
                None => format!(" (missing, and nothing to carry within {validity})"),
            },
        };
        let (branch, deeper) = if last {
            ("└─", "   ")
        } else {
            ("├─", "│  ")
        };
        let _ = writeln!(
            self.text,
            "{below}{branch} {:<36} {weighed}{state}",
            metric.title
        );
        let card = self
            .frame
            .column(&name::overall(name::CARD))
            .ok()
            .and_then(|card| card.i32().ok()?.get(0))
            .unwrap_or(0);
        let card = &self.job.model.cards[usize::try_from(card).unwrap_or(0)];
        let curve = card.categories[c].metrics[m].curve.in_words();
        let indent = format!("{below}{deeper}");
        let _ = writeln!(self.text, "{indent}curve {curve}{target}");
        self.measure(&metric.measure, &indent, 0);
    }

    fn value(&self, column: &str) -> String {
        let value = self
            .frame
            .column(column)
            .ok()
            .and_then(|column| column.get(0).ok().map(AnyValue::into_static));
        match value {
            None | Some(AnyValue::Null) => "missing".into(),
            Some(AnyValue::Float64(number)) => plain(number),
            Some(AnyValue::StringOwned(text)) => format!("'{}'", one_line(&text)),
            Some(AnyValue::String(text)) => format!("'{}'", one_line(text)),
            Some(AnyValue::List(texts)) => match texts.str() {
                Ok(texts) if !texts.is_empty() => {
                    let texts: Vec<String> = texts.iter().flatten().map(one_line).collect();
                    texts.join("; ")
                }
                _ => "nothing".into(),
            },
            Some(other) => one_line(&other.to_string()),
        }
    }

    /// Writes a measure and, below it, what it is made from.
    fn measure(&mut self, name: &str, indent: &str, depth: usize) {
        let value = self.value(name);
        let inner = format!("{indent}{}", "  ".repeat(depth));
        let Some(measure) = self.job.catalog.measures.get(name) else {
            let _ = writeln!(self.text, "{inner}{name} = {value}  (account column)");
            return;
        };
        let unit = measure
            .unit
            .as_ref()
            .filter(|_| value != "missing")
            .map(|unit| format!(" {unit}"))
            .unwrap_or_default();
        let written = &measure.written;
        // A formula of several lines would break the tree.
        let mut how = written
            .value
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if let (Some(from), Some(window)) = (&written.from, &written.window) {
            how = format!("{how} from {from}, {window}");
        }
        if let Some(condition) = &written.condition {
            how = format!("{how}, where {condition}");
        }
        let days = |column: &str| {
            self.frame
                .column(column)
                .ok()
                .and_then(|column| column.date().ok()?.as_date_iter().next().flatten())
        };
        let newest = match (&measure.definition, days(&newest_name(name))) {
            (Definition::Rows(_), Some(newest)) => format!("; newest row {newest}"),
            (Definition::Rows(_), None) => "; no row".into(),
            _ => String::new(),
        };
        let _ = writeln!(self.text, "{inner}{name} = {value}{unit}  [{how}{newest}]");
        let parts: Vec<String> = measure.parts().into_iter().map(str::to_owned).collect();
        for part in parts {
            self.measure(&part, indent, depth + 1);
        }
    }
}
