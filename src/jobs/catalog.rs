//! A data dictionary of a job as Markdown: everything it reads, measures, believes and publishes.
//!
//! It says the same whenever it is asked: nothing of the data but the types of its columns is in it.

use std::fmt::Write;

use super::JobError;
use super::file::StalePolicy;
use super::row_tests::emptied;
use super::score_run;
use super::settings::ScoreJob;
use crate::domain::one_line;
use crate::exports::contract::{Observed, Owner, Table as Export};
use crate::measures::catalog::{Definition, Measure};
use crate::measures::file::Constant;
use crate::model::health_model::{Bound, Effect, HealthModel, Missing};
use crate::tables::Table;
use crate::trail::Trail;

/// Returns the data dictionary of a job.
///
/// # Errors
/// When the tables cannot be drawn up.
pub fn markdown(job: &ScoreJob) -> Result<String, JobError> {
    let mut text = format!("# Data dictionary of {}\n\n", code(&job.name));
    text.push_str("Written by `healthscore catalog`. ");
    text.push_str(
        "What is read, what is measured on it, what is believed about it, and what is published.\n",
    );
    text.push_str("\n## What is read\n");
    let demands = job.plan.demands(&job.contract, &job.dates);
    for (name, export) in &job.contract.tables {
        if let Some(demand) = demands.get(name) {
            text.push_str(&of_export(job, export, &demand.columns));
        }
    }
    text.push_str("\n## What is measured\n");
    for measure in &job.plan.measures {
        text.push_str(&of_measure(job, measure));
    }
    for model in job.models() {
        text.push_str(&of_model(model));
    }
    text.push_str("\n## What is published\n\nOne folder for each date, `as_of=YYYY-MM-DD`.\n");
    for table in published(job)? {
        text.push_str(&of_table(&table));
    }
    Ok(text)
}

/// Returns the tables as they are published where there is nobody to score: their columns are the
/// same.
fn published(job: &ScoreJob) -> Result<Vec<Table>, JobError> {
    let folder = tempfile::tempdir().map_err(super::row_tests::no_folder)?;
    let date = *job.dates.last().expect("a job has a date");
    let empty = ScoreJob {
        contract: emptied(&job.contract, date, folder.path())?,
        folder: folder.path().join("out"),
        published: Vec::new(),
        dates: vec![date],
        challengers: Vec::new(),
        stale: StalePolicy::Missing,
        ..job.clone()
    };
    let run = score_run::score_files(&empty, None, vec![], &mut Trail::silent())?;
    Ok(run.scorecard(&empty, date, &mut Trail::silent())?.tables)
}

fn of_export(job: &ScoreJob, export: &Export, read: &[String]) -> String {
    let mut text = format!("\n### Export {}\n\n", code(&export.name));
    let owner = match &export.owner {
        Owner::Account(column) => format!("Belongs to the account in {}.", code(column)),
        Owner::Via { column, table } => {
            format!(
                "Reaches its account by {} through {}.",
                code(column),
                code(table)
            )
        }
        Owner::Everybody => "Is there for every account.".to_owned(),
    };
    let covers = match &export.observed {
        Observed::Undeclared => "Which accounts it covers is not declared.",
        Observed::All => "Covers every account.",
        Observed::AnyRow => "Covers the accounts it has ever named.",
        Observed::Where(_) => "Covers the accounts for which a condition holds.",
    };
    let _ = write!(text, "{owner} {covers}");
    if !export.key.is_empty() {
        let _ = write!(text, " A row is named by {}.", codes(&export.key));
    }
    if let Some(time) = &export.time {
        let _ = write!(text, " A row is known from {} on.", code(time));
    }
    if let Some(days) = export.fresh_within {
        let _ = write!(text, " Its newest row may be {days} old.");
    }
    let mut columns: Vec<&String> = read.iter().chain(&export.key).chain(&export.time).collect();
    columns.sort();
    columns.dedup();
    columns.retain(|column| !column.starts_with("__"));
    text.push_str(
        "\n\n| column | in the files | type | known from | read by |\n|---|---|---|---|---|\n",
    );
    for column in columns {
        let theirs = export
            .columns
            .get(column)
            .map(|column| code(&column.theirs));
        let made = export.scope.derived.contains_key(column);
        let theirs = theirs.unwrap_or_else(|| {
            if made {
                "made by a formula"
            } else {
                "looked up"
            }
            .to_owned()
        });
        let kind = crate::exports::contract::kind_of(&export.scope, column);
        let kind = kind.map_or_else(String::new, |kind| kind.to_string());
        let known = match export.known.get(column) {
            Some(moment) => code(moment),
            None if export.current.contains(column) => "only today's value is known".to_owned(),
            None => String::new(),
        };
        let readers = job
            .plan
            .measures
            .iter()
            .filter(|measure| reads(measure, &export.name, column));
        let readers: Vec<&String> = readers.map(|measure| &measure.name).collect();
        let _ = writeln!(
            text,
            "| {} | {theirs} | {} | {known} | {} |",
            code(column),
            plain(&kind),
            codes(&readers)
        );
    }
    text
}

fn reads(measure: &Measure, export: &str, column: &str) -> bool {
    match &measure.definition {
        Definition::Rows(rows) => {
            rows.table == export && rows.of_rows().any(|expr| expr.columns().contains(&column))
        }
        Definition::Formula(expr) => {
            export == crate::exports::contract::ACCOUNTS && expr.columns().contains(&column)
        }
    }
}

fn of_measure(job: &ScoreJob, measure: &Measure) -> String {
    let mut text = format!(
        "\n### Measure {}: {}\n\n",
        code(&measure.name),
        plain(&measure.label)
    );
    if let Some(description) = &measure.description {
        let _ = write!(text, "{}. ", plain(description.trim_end_matches('.')));
    }
    let written = &measure.written;
    let unit = measure.unit.as_ref().map_or_else(
        || format!("A {}", measure.kind),
        |unit| format!("In {unit}"),
    );
    let _ = write!(text, "{}", plain(&unit));
    if let Some(better) = measure.better {
        let _ = write!(text, "; {better} is better");
    }
    text.push_str(".\n\n");
    if let (Some(from), Some(window)) = (&written.from, &written.window) {
        let _ = writeln!(text, "- over {}, {window}", code(from));
    }
    if let Some(condition) = &written.condition {
        let _ = writeln!(text, "- rows where {}", code(condition));
    }
    let _ = writeln!(text, "- value {}", code(&written.value));
    if let Some(none) = &written.none {
        let none = match none {
            Constant::Boolean(truth) => truth.to_string(),
            Constant::Number(number) => number.to_string(),
            Constant::Text(text) => text.clone(),
            Constant::List(_) => "an empty list".to_owned(),
        };
        let _ = writeln!(text, "- without a row {}", code(&none));
    }
    let users = users(job, &measure.name);
    let _ = writeln!(
        text,
        "- used by {}",
        if users.is_empty() {
            "nothing but what is shown".to_owned()
        } else {
            users.join(", ")
        }
    );
    text
}

/// Returns who uses a measure.
fn users(job: &ScoreJob, measure: &str) -> Vec<String> {
    let mut users = Vec::new();
    for model in job.models() {
        for (_, category, _, metric) in model.metrics() {
            if metric.measure == measure {
                let place = format!("{}.{}", category.id, metric.id);
                users.push(format!(
                    "metric {} of model {}",
                    code(&place),
                    code(&model.name)
                ));
            }
        }
        for limit in &model.limits {
            if limit.when.expr.columns().contains(&measure) {
                users.push(format!("limit {}", code(&limit.id)));
            }
        }
        for signal in &model.rules.signals {
            if signal.when.expr.columns().contains(&measure) {
                users.push(format!("signal {}", code(&signal.id)));
            }
        }
    }
    for other in &job.plan.measures {
        if other.parts().contains(&measure) {
            users.push(format!("measure {}", code(&other.name)));
        }
    }
    if job.population.reads().iter().any(|name| name == measure) {
        users.push("the population".to_owned());
    }
    users.dedup();
    users
}

fn of_model(model: &HealthModel) -> String {
    let mut text = format!(
        "\n## Model {}: {}\n\n",
        code(&model.name),
        plain(&model.about.title)
    );
    let about = [
        ("Owner", &model.about.owner),
        ("version", &model.version),
        ("status", &model.about.status),
        ("looked at", &model.about.review_cycle),
    ];
    let about: Vec<String> = about
        .into_iter()
        .filter_map(|(what, said)| Some(format!("{what}: {}", plain(said.as_ref()?))))
        .collect();
    if !about.is_empty() {
        let _ = writeln!(text, "{}.\n", about.join("; "));
    }
    let card = &model.cards[0];
    text.push_str("| category | metric | measure | share of the category | curve | target | when missing | applies when |\n|---|---|---|---|---|---|---|---|\n");
    for (c, category, m, metric) in model.metrics() {
        let of_category = &card.categories[c];
        let numbers = &of_category.metrics[m];
        let missing = match metric.missing {
            Missing::Reweight => "shared among the others".to_owned(),
            Missing::Worst => "the lowest score".to_owned(),
            Missing::Neutral(score) => format!("a score of {score}"),
            Missing::Carry(days) => format!("the last value, for {days}"),
        };
        let _ = writeln!(
            text,
            "| {} ({}) | {}: {} | {} | {} | {} | {} | {missing} | {} |",
            code(&category.id),
            of_category.weight,
            code(&metric.id),
            plain(&metric.title),
            code(&metric.measure),
            numbers.weight,
            plain(&numbers.curve.in_words()),
            numbers
                .target
                .map_or_else(String::new, |target| target.to_string()),
            metric
                .applies_when
                .as_ref()
                .map_or_else(String::new, |when| code(&when.written)),
        );
    }
    text.push_str("\n| band | from | what must be done |\n|---|---|---|\n");
    for (band, from) in model.bands.iter().zip(&card.band_from) {
        let action = band.action.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {from} | {} |",
            plain(&band.label),
            plain(action)
        );
    }
    if !model.limits.is_empty() {
        text.push_str("\n| limit | score | when | why |\n|---|---|---|---|\n");
        for limit in &model.limits {
            let bound = match limit.bound {
                Bound::AtMost(score) => format!("at most {score}"),
                Bound::AtLeast(score) => format!("at least {score}"),
            };
            let _ = writeln!(
                text,
                "| {} | {bound} | {} | {} |",
                code(&limit.id),
                code(&limit.when.written),
                plain(&limit.reason)
            );
        }
    }
    if !model.variants.is_empty() {
        text.push_str("\n| variant | when | what it means |\n|---|---|---|\n");
        for variant in &model.variants {
            let effect = match &variant.effect {
                Effect::Card(_) => "other numbers".to_owned(),
                Effect::NoScorecard(reason) => format!("no scorecard: {}", plain(reason)),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {effect} |",
                code(&variant.id),
                code(&variant.when.written)
            );
        }
    }
    if !model.rules.signals.is_empty() {
        text.push_str("\n| signal | says | when | severity | owner |\n|---|---|---|---|---|\n");
        for signal in &model.rules.signals {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                code(&signal.id),
                plain(&signal.title),
                code(&signal.when.written),
                signal.severity.word(),
                signal.task.owner.word(),
            );
        }
    }
    text
}

fn of_table(table: &Table) -> String {
    let mut text = format!("\n### {}\n\n", code(&format!("{}.parquet", table.name)));
    if !table.sorted_by.is_empty() {
        let _ = writeln!(text, "Sorted by {}.\n", codes(&table.sorted_by));
    }
    text.push_str("| column | type | meaning |\n|---|---|---|\n");
    let frame = table.frame();
    for (name, description) in &table.descriptions {
        let column = frame
            .as_ref()
            .ok()
            .and_then(|frame| frame.column(name).ok());
        let kind = column.map_or_else(String::new, |column| column.dtype().to_string());
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            code(name),
            plain(&kind),
            plain(description)
        );
    }
    text
}

/// Makes outside text safe in a table of Markdown: no mark of it means anything.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for c in one_line(text).chars() {
        if "\\`*_[]<>|&~#!".contains(c) {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// Sets text as code: between more backticks than stand in it side by side; a bar would end the
/// cell of a table.
fn code(text: &str) -> String {
    let text = one_line(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

fn codes<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| code(name.as_ref())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_outside_text_mean_nothing() {
        assert_eq!(
            plain("a|b <script> *x*\n[l](u)"),
            "a\\|b \\<script\\> \\*x\\*\u{fffd}\\[l\\](u)"
        );
        assert_eq!(code("x = '`|`'"), "``x = '`\\|`'``");
        assert_eq!(code("`a"), "`` `a ``");
    }
}
