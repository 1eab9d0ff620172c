//! `healthscore freeze`: a reference distribution, to be kept in a model.

use std::fmt::Write;

use clap::Args;
use polars::prelude::*;

use super::screen::Screen;
use super::{Exit, JobArguments, today};
use crate::config::{Problem, nearest};
use crate::exports::as_of::AS_OF;
use crate::formula::date_literal;
use crate::jobs::JobError;
use crate::jobs::score_run;
use crate::jobs::settings;
use crate::model::curve::SMALLEST_REFERENCE;
use crate::stats;

pub const EXAMPLES: &str = "\
Examples:
  healthscore freeze jobs/nightly.toml --measure monthly_active_users --as-of 2026-06-30
      print a `curve` for a metric; copy it into the model and give `better` beside it";

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    job: JobArguments,
    /// The measure
    #[arg(long, value_name = "NAME")]
    measure: String,
}

/// More points than this say nothing more.
const MOST_POINTS: usize = 101;

pub fn freeze(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let mut trail = screen.trail();
    let mut overrides = arguments.job.overrides();
    overrides.also.push(arguments.measure.clone());
    let job = settings::load(&arguments.job.job, &overrides, today())?;
    let refuse = |title: String, help: Option<String>| {
        let mut problem = Problem::command(title);
        problem.help = help;
        Err(JobError::Problems(problem.into()))
    };
    let name = &arguments.measure;
    match job.catalog.measures.get(name) {
        Some(measure) if measure.kind.is_number() => {}
        Some(measure) => {
            return refuse(
                format!(
                    "`{name}` is a {}, and only numbers have percentiles",
                    measure.kind
                ),
                None,
            );
        }
        None => {
            let names = job.catalog.measures.keys().map(String::as_str);
            return refuse(
                format!("there is no measure `{name}`"),
                nearest(name, names),
            );
        }
    }
    let run = score_run::score_run(&job, None, &mut trail)?;
    let date = job.dates[0];
    let frame = run
        .compared
        .clone()
        .lazy()
        .filter(col(AS_OF).eq(date_literal(date)))
        .select([col(name.as_str())])
        .collect()?;
    let values: Vec<f64> = frame.columns()[0].f64()?.iter().flatten().collect();
    if values.len() < SMALLEST_REFERENCE as usize {
        let title = format!(
            "only {} accounts have a value of `{name}` at {date}, expected at least {SMALLEST_REFERENCE}",
            values.len()
        );
        return refuse(
            title,
            Some("take another date or a larger population".into()),
        );
    }
    let mut text = String::new();
    let population = format!("accounts in the panel of {}", job.name);
    let accounts = values.len();
    let _ = writeln!(
        text,
        "curve = {{ percentile = {{ as_of = {date}, population = {population:?}, accounts = {accounts}, points = ["
    );
    let points = stats::mid_ranks(&values, MOST_POINTS);
    for row in points.chunks(6) {
        let shown: Vec<String> = row
            .iter()
            .map(|(value, share)| format!("[{value:?}, {share:?}]"))
            .collect();
        let _ = writeln!(text, "    {},", shown.join(", "));
    }
    text.push_str("] } }\n");
    screen.result(&text);
    Ok(Exit::Done)
}
