//! Runs a file of tests through the code that scores every night.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::file::{Cell, ExpectFile, TestFile, TestsFile};
use super::rows::{self, wall_clock};
use crate::config::{self, Problem, Problems, Source, Span, Spanned, date_of};
use crate::exports;
use crate::exports::contract::{Contract, History};
use crate::exports::parquet_files::{self, Stored};
use crate::jobs::JobError;
use crate::jobs::settings::{self, Overrides, ScoreJob};
use crate::measures::compute;
use crate::measures::plan::Plan;
use crate::panel::{self, ACCOUNT_ID};
use crate::population::Population;
use crate::publish::{self, Content, Stamp};
use crate::scores;
use crate::scores::columns as name;
use crate::trail::Trail;

/// How a test came out.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What it shows.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// The line its name stands in, from 1 on.
    pub line: usize,
    /// What was found where something else was expected; empty when it passed.
    pub differences: Vec<Problem>,
}

/// Runs every test of a file, against the job it names or another.
///
/// # Errors
/// When the file or the job cannot be read; a test that fails is no error.
pub fn run(
    path: &Path,
    job: Option<&Path>,
    today: NaiveDate,
    trail: &mut Trail<'_>,
) -> Result<Vec<Outcome>, JobError> {
    let mut problems = Problems::default();
    let Some((file, source)) = config::read::<TestsFile>(path, &mut problems) else {
        return Err(problems.into());
    };
    let base = path.parent().unwrap_or(Path::new(""));
    let job = job.map_or_else(|| base.join(file.job.get_ref()), Path::to_owned);
    let overrides = Overrides {
        // The job's own date may take a look at the data; each test has its own.
        as_of: file
            .tests
            .first()
            .and_then(|test| date_of(test.as_of.get_ref()))
            .map(|date| date.to_string()),
        ..Overrides::default()
    };
    let job = settings::load(&job, &overrides, today)?;
    let runner = Runner {
        source: &source,
        job: &job,
    };
    let mut outcomes = Vec::new();
    for test in &file.tests {
        trail.step(test.name.get_ref());
        let before = problems.0.len();
        runner.check(test, &mut problems)?;
        if problems.0.len() > before {
            continue;
        }
        let differences = runner.differences(test, &mut problems)?;
        let start = test.name.span().start;
        outcomes.push(Outcome {
            name: test.name.get_ref().clone(),
            path: source.path.clone(),
            line: source.text[..start].matches('\n').count() + 1,
            differences,
        });
    }
    if problems.0.is_empty() {
        Ok(outcomes)
    } else {
        Err(problems.into())
    }
}

struct Runner<'a> {
    source: &'a Source,
    job: &'a ScoreJob,
}

impl Runner<'_> {
    /// Checks that a test speaks of what is there.
    fn check(&self, test: &TestFile, problems: &mut Problems) -> Result<(), JobError> {
        if date_of(test.as_of.get_ref()).is_none() {
            let problem = self
                .source
                .problem(test.as_of.span(), format!("{} is not a date", test.as_of));
            problems.push(problem.help("write it as 2026-01-31, without quotes"));
        }
        let model = &self.job.model;
        let tables: Vec<&String> = self.job.contract.tables.keys().collect();
        let measures: Vec<&String> = self.job.catalog.measures.keys().collect();
        let metrics: Vec<&String> = model
            .metrics()
            .map(|(_, _, _, metric)| &metric.id)
            .collect();
        let categories: Vec<&String> = model
            .categories
            .iter()
            .map(|category| &category.id)
            .collect();
        let expect = &test.expect;
        let named = [
            ("table", &tables, test.given.keys().collect::<Vec<_>>()),
            (
                "measure",
                &measures,
                expect.measures.keys().chain(&expect.missing).collect(),
            ),
            ("metric", &metrics, expect.metrics.keys().collect()),
            ("category", &categories, expect.categories.keys().collect()),
        ];
        for (what, valid, names) in named {
            for name in names {
                if !valid.contains(&name.get_ref()) {
                    let problem = self
                        .source
                        .problem(name.span(), format!("there is no {what} `{name}`"));
                    problems.push(
                        problem.nearest(name.get_ref(), valid.iter().map(|name| name.as_str())),
                    );
                }
            }
        }
        if !expect.asks_the_model() && expect.measures.is_empty() && expect.missing.is_empty() {
            let title = format!("`{}` expects nothing", test.name);
            problems.push(
                self.source
                    .problem(test.name.span(), title)
                    .help("give `expect.measures`, `missing`, `metrics`, `categories`, `health_score` or `band`"),
            );
        }
        for (name, rows) in &test.given {
            if let Some(table) = self.job.contract.tables.get(name.get_ref()) {
                rows::frame(table, rows, self.source, problems)?;
            }
        }
        Ok(())
    }

    fn differences(
        &self,
        test: &TestFile,
        problems: &mut Problems,
    ) -> Result<Vec<Problem>, JobError> {
        let before = problems.0.len();
        let folder = tempfile::tempdir().map_err(|error| {
            JobError::Problems(Problem::command(format!("no temporary folder: {error}")).into())
        })?;
        let contract = self.contract_of(test, folder.path(), problems)?;
        if problems.0.len() > before {
            return Ok(Vec::new());
        }
        let Some(found) = self.found(test, &contract)? else {
            let problem = self.source.problem(
                test.account.span(),
                format!(
                    "{}: account `{}` is not among those scored",
                    test.name, test.account
                ),
            );
            let help = "it must have a row in `accounts` that is visible on the date; where scores are expected it must be eligible too";
            return Ok(vec![problem.help(help)]);
        };
        Ok(self.compare(&test.name, &test.expect, &found))
    }

    /// Writes the rows, and returns the job's contract over them in place of its own files.
    fn contract_of(
        &self,
        test: &TestFile,
        folder: &Path,
        problems: &mut Problems,
    ) -> Result<Contract, JobError> {
        let mut contract = self.job.contract.clone();
        let mut files = Vec::new();
        for (name, table) in &contract.tables {
            let rows = test.given.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let frame = rows::frame(table, rows, self.source, problems)?;
            let bytes = publish::encode(&frame, &[], &[], &Stamp::default()).map_err(|cause| {
                publish::PublishError::Encode {
                    table: name.clone(),
                    cause,
                }
            })?;
            files.push(Content {
                path: format!("{name}.parquet"),
                bytes,
            });
        }
        publish::write_new(&folder.join("exports"), &files)?;
        for (name, table) in &mut contract.tables {
            let path = folder.join(format!("exports/{name}.parquet"));
            let mut file = parquet_files::footer(&path)
                .map_err(|error| JobError::Problems(Problem::command(error.to_string()).into()))?;
            if table.history == History::Dumps(None) {
                file.dump = date_of(test.as_of.get_ref());
            }
            table.files = vec![file];
            // Rows of a test stand for themselves; how old a feed may be is not what it asks.
            table.fresh_within = None;
            for column in table.columns.values_mut() {
                if let Stored::Decimal(places) = column.stored {
                    column.stored = Stored::Float;
                    column.scale = column.scale.or(Some(places));
                }
            }
        }
        Ok(contract)
    }

    /// Returns what is known of the account in the end, by the columns of the scored panel.
    fn found(
        &self,
        test: &TestFile,
        contract: &Contract,
    ) -> Result<Option<IndexMap<String, AnyValue<'static>>>, JobError> {
        let job = self.job;
        let expect = &test.expect;
        let dates = [date_of(test.as_of.get_ref()).expect("it was checked")];
        let mut names: Vec<String> = expect
            .measures
            .keys()
            .chain(&expect.missing)
            .map(|name| name.get_ref().clone())
            .collect();
        let mut carried = Default::default();
        if expect.asks_the_model() {
            names.extend(job.model.reads());
            names.extend(job.population.reads());
            carried = job.model.carried();
        }
        let plan = Plan::of(&job.catalog, contract, &names, carried);
        let mut trail = Trail::silent();
        let exports = exports::load(contract, &plan.demands(contract, &dates), &mut trail)?;
        let candidates = panel::candidates(&exports, &dates, &plan.attributes)?;
        let measured = compute::compute(&exports, &candidates, &plan, &mut trail)?;
        let scored = if expect.asks_the_model() {
            scores::score(job.population.select(measured)?.frame, &job.model)?
        } else {
            Population::default().select(measured)?.frame
        };
        let accounts = scored.column(ACCOUNT_ID)?.str()?;
        let row = accounts
            .iter()
            .position(|id| id == Some(test.account.get_ref().as_str()));
        let Some(row) = row else { return Ok(None) };
        let cells = scored
            .columns()
            .iter()
            .map(|column| Ok((column.name().to_string(), column.get(row)?.into_static())))
            .collect::<PolarsResult<_>>()?;
        Ok(Some(cells))
    }

    fn compare(
        &self,
        test: &Spanned<String>,
        expect: &ExpectFile,
        found: &IndexMap<String, AnyValue<'static>>,
    ) -> Vec<Problem> {
        let of = |column: String| found.get(&column).cloned().unwrap_or(AnyValue::Null);
        let mut differences = Vec::new();
        let mut differ = |span: Span, what: String, found: String, expected: String| {
            let title = format!("{test}: {what} is {found}, expected {expected}");
            let problem = self.source.problem(span, title);
            differences.push(problem.label(format!("found {found}")));
        };
        let mut check = |what: String, expected: &Spanned<Cell>, found: AnyValue<'static>| {
            let written = &self.source.text[expected.span()];
            if !is_equal(&expected.get_ref().0, written, &found) {
                differ(expected.span(), what, shown(&found), written.to_owned());
            }
        };
        for (name, expected) in &expect.measures {
            check(format!("`{name}`"), expected, of(name.get_ref().clone()));
        }
        for (id, expected) in &expect.metrics {
            let found = of(name::metric(id.get_ref(), name::SCORE));
            check(format!("the score of metric `{id}`"), expected, found);
        }
        for (id, expected) in &expect.categories {
            let found = of(name::category(id.get_ref(), name::SCORE));
            check(format!("the score of category `{id}`"), expected, found);
        }
        if let Some(expected) = &expect.health_score {
            check(
                "the health score".into(),
                expected,
                of(name::overall(name::SCORE)),
            );
        }
        if let Some(expected) = &expect.band {
            check("the band".into(), expected, of(name::overall(name::BAND)));
        }
        for name in &expect.missing {
            let found = of(name.get_ref().clone());
            if !found.is_null() {
                differ(
                    name.span(),
                    format!("`{name}`"),
                    shown(&found),
                    "no value".into(),
                );
            }
        }
        differences
    }
}

/// Returns whether a value is the expected one; a number to the decimals it is written with.
fn is_equal(expected: &toml::Value, written: &str, found: &AnyValue<'_>) -> bool {
    match expected {
        toml::Value::Integer(_) | toml::Value::Float(_) => {
            let number = written.replace('_', "");
            let places = number.split_once('.').map_or(0, |(_, places)| places.len());
            let (Ok(expected), Some(found)) = (number.parse::<f64>(), found.extract::<f64>())
            else {
                return false;
            };
            // A whole number is meant to the last digit, one with decimals to those that are written.
            let close = if places == 0 {
                1e-9
            } else {
                0.5 * 10f64.powi(-(places as i32)) + 1e-9
            };
            (expected - found).abs() <= close
        }
        toml::Value::Boolean(expected) => *found == AnyValue::Boolean(*expected),
        toml::Value::String(expected) => shown(found) == format!("\"{expected}\""),
        toml::Value::Datetime(_) => {
            wall_clock(expected).is_some_and(|expected| shown(found) == expected.date().to_string())
        }
        toml::Value::Array(_) | toml::Value::Table(_) => false,
    }
}

/// Returns a value as it is written in a test; a list as its elements.
fn shown(value: &AnyValue<'_>) -> String {
    match value {
        AnyValue::Null => "missing".to_owned(),
        AnyValue::String(text) => format!("\"{text}\""),
        AnyValue::StringOwned(text) => format!("\"{text}\""),
        AnyValue::List(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| shown(&item).trim_matches('"').to_owned())
                .collect();
            format!("\"{}\"", items.join("; "))
        }
        AnyValue::Float64(number) => number.to_string(),
        value => value.to_string(),
    }
}
