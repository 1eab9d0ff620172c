//! A job as meant: every path, date and tolerance decided, every file read and checked.

use std::path::{Component, Path, PathBuf};

use chrono::{Datelike, Days, NaiveDate};
use indexmap::IndexMap;

use super::JobError;
use super::file::{JobFile, LimitsFile, StalePolicy, TableGroup, Text};
use super::follow_up;
use super::guard::{Guard, Limits};
use super::late_data;
use crate::config::{self, Problem, Problems, Source, Spanned};
use crate::domain::{Comparator, DayCount, Period, year_before};
use crate::exports::contract::{self, ACCOUNTS, Contract, Table, Unit};
use crate::exports::file::ExportsFile;
use crate::exports::scan::{self, Demand};
use crate::insights::actions::Policy;
use crate::insights::comparison::{Comparison, looked_back_on};
use crate::insights::parents::{self, Parents};
use crate::insights::portfolio::Portfolio;
use crate::measures;
use crate::measures::catalog::Catalog;
use crate::measures::file::MeasuresFile;
use crate::measures::plan::Plan;
use crate::model::file::ModelFile;
use crate::model::{self, HealthModel};
use crate::panel::ACCOUNT_ID;
use crate::population::{self, Population};
use crate::publish;
use crate::stats::Clock;
use crate::tables;

/// What the command line says over the job file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The folder the exports lie in.
    pub exports: Option<PathBuf>,
    /// The folder to publish below.
    pub out: Option<PathBuf>,
    /// The as-of date or rule.
    pub as_of: Option<String>,
    /// Another model file.
    pub model: Option<PathBuf>,
    /// First and last date of a backfill, and its rhythm.
    pub backfill: Option<Backfill>,
    /// Whether a backfill draws the charts of every date too.
    pub charts: bool,
    /// Measures wanted besides those of the model.
    pub also: Vec<String>,
    /// Whether the run is to be published.
    pub publishes: bool,
    /// Whether days that are frozen may be published again.
    pub restate: bool,
    /// Whether what the job's guard would refuse is accepted this once.
    pub accept_changes: bool,
    /// What times the bootstraps of a review, if anybody wants to know.
    pub clock: Option<Clock>,
}

/// A range of as-of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backfill {
    /// The first date.
    pub from: NaiveDate,
    /// The last date, included.
    pub to: NaiveDate,
    /// The rhythm.
    pub every: Every,
}

/// The rhythm of a backfill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Every day.
    Day,
    /// Every seventh day from the first on.
    Week,
    /// The first date's day of each month; the month's last day where it has no such day, and
    /// always the last day if the first date is one.
    Month,
}

impl Backfill {
    /// Returns the dates, rising.
    #[must_use]
    pub fn dates(&self) -> Vec<NaiveDate> {
        let step = |n: u32| match self.every {
            Every::Day => self.from.checked_add_days(Days::new(u64::from(n))),
            Every::Week => self.from.checked_add_days(Days::new(7 * u64::from(n))),
            Every::Month => month_later(self.from, n),
        };
        (0..)
            .map_while(step)
            .take_while(|date| *date <= self.to)
            .collect()
    }
}

fn month_later(from: NaiveDate, months: u32) -> Option<NaiveDate> {
    let is_last = from.checked_add_days(Days::new(1))?.day() == 1;
    let later = from.checked_add_months(chrono::Months::new(months))?;
    if !is_last {
        return Some(later);
    }
    let first = later.with_day(1)?;
    first
        .checked_add_months(chrono::Months::new(1))?
        .checked_sub_days(Days::new(1))
}

/// A scoring job, ready to run.
#[derive(Debug, Clone)]
pub struct ScoreJob {
    /// The job file's name without its ending.
    pub name: String,
    /// The folder its runs are published in.
    pub folder: PathBuf,
    /// The exports.
    pub contract: Contract,
    /// The measures.
    pub catalog: Catalog,
    /// Who is scored.
    pub population: Population,
    /// How accounts add up to their parents.
    pub parents: Option<Parents>,
    /// The model that scores.
    pub model: HealthModel,
    /// The job's own model, where the command line put another in its place.
    pub in_force: Option<HealthModel>,
    /// What the model needs measured.
    pub plan: Plan,
    /// The dates to publish, rising.
    pub dates: Vec<NaiveDate>,
    /// What each is compared with.
    pub compare: Vec<Comparator>,
    /// The calendar period that `prior_period` speaks of.
    pub period: Period,
    /// Whether the readings before each date are computed, by which noise is told from news.
    pub look_back: bool,
    /// The dates that the job had published before, rising.
    pub published: Vec<NaiveDate>,
    /// Further models that are scored beside the one in force.
    pub challengers: Vec<HealthModel>,
    /// What to do about stale exports.
    pub stale: StalePolicy,
    /// From this share of lost rows on, a warning.
    pub warn_share: f64,
    /// Above this share of lost rows, refusal.
    pub refuse_share: f64,
    /// What must not change much from one published run to the next.
    pub guard: Guard,
    /// How long days already published are published again with every run.
    pub restate: Option<DayCount>,
    /// The date on which the program runs.
    pub today: NaiveDate,
    /// The tables to publish, and whether charts.
    pub publish: Vec<TableGroup>,
    /// How the list of actions is drawn up.
    pub policy: Policy,
    /// Signals that count as exceptions.
    pub exceptions: Vec<String>,
    /// How accounts are set apart in the tables about all of them together.
    pub portfolio: Portfolio,
}

impl ScoreJob {
    /// Returns the dates to publish and those they are compared with, rising, each once.
    #[must_use]
    pub fn panel_dates(&self) -> Vec<NaiveDate> {
        let mut dates: Vec<NaiveDate> = self
            .dates
            .iter()
            .flat_map(|date| self.compared(*date))
            .collect();
        dates.sort();
        dates.dedup();
        dates
    }

    /// Returns a date and those that what is said about it rests on.
    pub fn compared(&self, date: NaiveDate) -> impl Iterator<Item = NaiveDate> + '_ {
        let comparators = self.comparators();
        let with_year = comparators.contains(&Comparator::YearAgo);
        let compared: Vec<NaiveDate> = comparators
            .into_iter()
            .filter_map(|comparator| self.compared_with(comparator, date))
            .collect();
        let read = self
            .models()
            .filter(|_| self.look_back)
            .flat_map(move |model| looked_back_on(date, model, with_year));
        std::iter::once(date).chain(compared).chain(read)
    }

    /// Returns the first event date of a table that counts in the ledger of a date; `None` if none
    /// is the first.
    #[must_use]
    pub fn counted_since(&self, table: &Table, as_of: NaiveDate) -> Option<NaiveDate> {
        let oldest = self.compared(as_of).min().unwrap_or(as_of);
        let since = self.plan.since(table, oldest);
        since.filter(|_| table.name != ACCOUNTS)
    }

    /// Returns what the job asks of each export.
    #[must_use]
    pub fn demands(&self) -> IndexMap<String, Demand> {
        let mut demands = self.plan.demands(&self.contract, &self.panel_dates());
        for (name, demand) in &mut demands {
            let table = &self.contract.tables[name];
            let dates = self.dates.iter();
            demand.counted_on = dates
                .map(|date| (*date, self.counted_since(table, *date)))
                .collect();
        }
        demands
    }

    /// Returns what scores are compared with: what the job asks for, then what only the model's
    /// rules do.
    #[must_use]
    pub fn comparators(&self) -> Vec<Comparator> {
        let of_rules = self.model.rules.comparators();
        let more = of_rules
            .into_iter()
            .filter(|comparator| !self.compare.contains(comparator));
        self.compare.iter().copied().chain(more).collect()
    }

    /// Returns the model in force and its challengers.
    pub fn models(&self) -> impl Iterator<Item = &HealthModel> {
        std::iter::once(&self.model).chain(&self.challengers)
    }

    /// Returns the date that a comparator stands for, where there is one.
    #[must_use]
    pub fn compared_with(&self, comparator: Comparator, date: NaiveDate) -> Option<NaiveDate> {
        match comparator {
            Comparator::Days(days) => Some(days.before(date)),
            Comparator::YearAgo => Some(year_before(date)),
            Comparator::PriorPeriod => Some(self.period.end_before(date)),
            Comparator::LastScorecard => self
                .published
                .iter()
                .chain(&self.dates)
                .filter(|published| **published < date)
                .max()
                .copied(),
        }
    }

    /// Returns the comparators with the dates they stand for.
    #[must_use]
    pub fn comparisons(&self) -> Vec<Comparison> {
        let comparison = |comparator: Comparator| Comparison {
            comparator,
            pairs: self
                .dates
                .iter()
                .filter_map(|date| Some((*date, self.compared_with(comparator, *date)?)))
                .collect(),
        };
        self.comparators().into_iter().map(comparison).collect()
    }
}

/// Reads and checks everything a job names.
///
/// `today` is the date on which the program runs; an as-of date must lie before or on it.
///
/// # Errors
/// With every problem of every file at once.
pub fn load(path: &Path, overrides: &Overrides, today: NaiveDate) -> Result<ScoreJob, JobError> {
    let mut problems = Problems::default();
    let Some((file, source)) = config::read::<JobFile>(path, &mut problems) else {
        return Err(problems.into());
    };
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let beside = |text: &Text| tidy(&base.join(text.get_ref()));
    let exports = named::<ExportsFile>(
        &beside(&file.exports),
        &file.exports,
        &source,
        &mut problems,
    );
    let measures_file = named::<MeasuresFile>(
        &beside(&file.measures),
        &file.measures,
        &source,
        &mut problems,
    );
    let own_model = named::<ModelFile>(&beside(&file.model), &file.model, &source, &mut problems);
    let (model, other) = match &overrides.model {
        Some(path) => (config::read::<ModelFile>(path, &mut problems), own_model),
        None => (own_model, None),
    };
    let data = overrides
        .exports
        .clone()
        .unwrap_or_else(|| beside(&file.data));
    if data.to_string_lossy().contains(":/") {
        let title = format!(
            "object stores are not built into this program yet: {}",
            data.display()
        );
        problems.push(
            Problem::command(title).help("copy or mount the exports and give their local path"),
        );
    }
    let tolerance = limits(&file.tolerance, Some(1.0), &source, &mut problems);
    let mut guard = Guard {
        bands: limits(&file.guard.bands, Some(1.0), &source, &mut problems),
        volume: limits(&file.guard.volume, None, &source, &mut problems),
    };
    guard.volume.warn = guard.volume.warn.or(Some(0.5));
    if overrides.accept_changes {
        guard.accept();
    }
    let look_back = look_back(&file, &source, &mut problems);
    check_compare(&file, &source, &mut problems);
    // Without one of its keys nothing of the job can be resolved.
    if problems.lacks_a_key(&source) {
        return Err(problems.into());
    }
    let (Some((exports, exports_source)), Some((measures_file, measures_source))) =
        (exports, measures_file)
    else {
        return Err(problems.into());
    };
    let currency = file.currency.as_ref();
    if let Some(currency) = currency.filter(|_| exports.rates.is_none()) {
        let title = format!("nothing says what other currencies are worth in {currency}");
        problems.push(
            source
                .problem(currency.span(), title)
                .help("give [rates] in the exports file, or leave `currency` out"),
        );
    }
    let mut contract = contract::resolve(
        &exports,
        &exports_source,
        &data,
        currency.map(|currency| currency.get_ref().as_str()),
        &mut problems,
    );
    contract.unit = unit(&file, &source, &contract, &mut problems);
    let catalog = measures::resolve(&measures_file, &measures_source, &contract, &mut problems);
    if !contract.tables.contains_key(ACCOUNTS) {
        // Conditions speak of account columns; without them each would be one more complaint.
        return Err(problems.into());
    }
    let population = population::resolve(&contract, &catalog, &mut problems);
    check_shown(&contract, &mut problems);
    let parents = parents::resolve(&contract, &catalog, &mut problems);
    let model =
        model.and_then(|(file, source)| model::resolve(&file, &source, &catalog, &mut problems));
    let in_force =
        other.and_then(|(file, source)| model::resolve(&file, &source, &catalog, &mut problems));
    let challengers = challengers(
        &file,
        &source,
        &base,
        model.as_ref(),
        overrides.model.is_some(),
        &catalog,
        &mut problems,
    );
    let dates = if problems.0.is_empty() || !reads_to_find_date(&file, overrides) {
        as_of_dates(&file, &source, overrides, &contract, today, &mut problems)?
    } else {
        // Where something is wrong, that is told before any data is read.
        Vec::new()
    };
    let policy = model
        .as_ref()
        .map(|model| follow_up::policy(&file.actions, &source, &contract, model, &mut problems));
    let exceptions = model.as_ref().map_or_else(Vec::new, |model| {
        follow_up::exceptions(&file.exceptions, &source, model, &mut problems)
    });
    let portfolio = follow_up::portfolio(&file.portfolio, &source, &catalog, &mut problems);
    let (Some(model), Some(policy), true) = (model, policy, problems.0.is_empty()) else {
        return Err(problems.into());
    };
    let mut names = model.reads();
    names.extend(
        in_force
            .iter()
            .chain(&challengers)
            .flat_map(HealthModel::reads),
    );
    names.extend(model.rules.reads());
    names.extend(portfolio.reads());
    names.extend(population.reads());
    names.extend(parents.iter().flat_map(Parents::reads));
    names.extend(overrides.also.iter().cloned());
    let mut carried = model.carried();
    carried.extend(
        in_force
            .iter()
            .chain(&challengers)
            .flat_map(HealthModel::carried),
    );
    let mut plan = Plan::of(&catalog, &contract, &names, carried);
    let log = policy.log.as_ref();
    plan.rows = log
        .map(|log| (log.export.clone(), log.columns()))
        .into_iter()
        .collect();
    let name = path
        .file_stem()
        .map_or_else(|| "job".into(), |stem| stem.to_string_lossy().into_owned());
    let out = overrides.out.clone().unwrap_or_else(|| beside(&file.out));
    let folder = out.join(&name);
    let mut publish = file
        .publish
        .unwrap_or_else(|| vec![TableGroup::Scores, TableGroup::Insights]);
    if overrides.backfill.is_some() && !overrides.charts {
        publish.retain(|group| *group != TableGroup::Charts);
    }
    let published = publish::dates(&folder);
    let restate = file.late_data.as_ref().map(|late| late.restate);
    let dates = if overrides.publishes {
        late_data::settle(dates, &published, restate, overrides)?
    } else {
        dates
    };
    Ok(ScoreJob {
        published,
        folder,
        name,
        contract,
        catalog,
        population,
        parents,
        model,
        in_force,
        plan,
        dates,
        compare: file
            .compare
            .iter()
            .map(|written| *written.get_ref())
            .collect(),
        period: file.period,
        look_back,
        challengers,
        stale: file.stale,
        warn_share: tolerance.warn.unwrap_or(0.01),
        refuse_share: tolerance.refuse.unwrap_or(0.25),
        guard,
        restate,
        today,
        publish,
        policy,
        exceptions,
        portfolio,
    })
}

/// Reports what cannot stand beside the scores, since the table has a column of that name.
fn check_shown(contract: &Contract, problems: &mut Problems) {
    let show = &contract.population.show;
    let part = contract.unit.as_ref().map(|unit| unit.column.as_str());
    for (n, name) in show.iter().enumerate() {
        let name_is = |other: &Text| other.get_ref() == name.get_ref();
        let problem = if show[..n].iter().any(name_is) {
            let title = format!("`{name}` is shown twice");
            contract.source.problem(name.span(), title)
        } else if name.get_ref() == ACCOUNT_ID {
            continue;
        } else if tables::is_account_column(name.get_ref()) || part == Some(name.get_ref()) {
            let title = format!("account_scores has a column `{name}` already");
            let of_accounts = |table: &contract::Table| {
                let column = table.columns.get(name.get_ref());
                column.map(|column| column.theirs.clone())
            };
            let what = match contract.tables.get(ACCOUNTS).and_then(of_accounts) {
                Some(theirs) => format!(
                    "call the column otherwise, in [tables.accounts]: columns = {{ account_{name} = \"{theirs}\" }}"
                ),
                None => format!("call it otherwise, such as `account_{name}`"),
            };
            contract.source.problem(name.span(), title).help(what)
        } else {
            continue;
        };
        problems.push(problem);
    }
}

/// Decides what is scored, where the job says that it is not the account as a whole.
fn unit(
    file: &JobFile,
    source: &Source,
    contract: &Contract,
    problems: &mut Problems,
) -> Option<Unit> {
    let written = file.unit.as_ref()?;
    let unit = Unit {
        table: written.from.get_ref().clone(),
        column: written.by.get_ref().clone(),
    };
    let Some(table) = contract.tables.get(&unit.table) else {
        // What is wrong with a table has been reported there.
        if !contract.is_declared(&unit.table) {
            let title = format!("there is no table `{}`", unit.table);
            let names = contract.tables.keys().map(String::as_str);
            let problem = source.problem(written.from.span(), title);
            problems.push(problem.nearest(&unit.table, names));
        }
        return None;
    };
    if table.is_reference() || table.name == ACCOUNTS {
        let title = format!("the rows of `{}` are no parts of accounts", unit.table);
        let problem = source.problem(written.from.span(), title);
        problems.push(
            problem.help("name a table with a row for each part, such as the contract lines"),
        );
        return None;
    }
    if !table.names_part(&unit) {
        let title = format!("export `{}` has no column `{}`", unit.table, unit.column);
        let names = table.scope.columns.keys().map(String::as_str);
        let problem = source.problem(written.by.span(), title);
        problems.push(problem.nearest(&unit.column, names));
        return None;
    }
    for table in contract
        .tables
        .values()
        .filter(|table| table.names_part(&unit))
    {
        let is_late = |column: &str| table.known.contains_key(column);
        if table.base(&unit.column).into_iter().any(is_late) {
            let title = format!(
                "`{}` of export `{}` becomes known later, so it cannot say which part a row belongs to",
                unit.column, table.name
            );
            problems.push(source.problem(written.by.span(), title));
        }
    }
    Some(unit)
}

/// Takes `.` and `..` out of a path, so that messages and the manifest show it as a person would.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(tidy.components().next_back(), Some(Component::Normal(_))) =>
            {
                tidy.pop();
            }
            part => tidy.push(part),
        }
    }
    if tidy.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        tidy
    }
}

/// Reads a file that the job names, if it does; if it is not there, the job's line is the place to
/// look.
fn named<T: serde::de::DeserializeOwned>(
    path: &Path,
    name: &Text,
    job: &Source,
    problems: &mut Problems,
) -> Option<(T, Source)> {
    if job.lacks(name) {
        return None;
    }
    let before = problems.0.len();
    let read = config::read(path, problems);
    for problem in &mut problems.0[before..] {
        problem
            .place
            .get_or_insert_with(|| (job.clone(), name.span()));
    }
    read
}

/// Decides whether the readings before a date are computed; what is published of insights and
/// portfolios speaks of what has lately changed, and would be silent without them.
fn look_back(file: &JobFile, source: &Source, problems: &mut Problems) -> bool {
    let Some(written) = &file.look_back else {
        return true;
    };
    let groups = file.publish.as_deref();
    let only_scores = groups.is_some_and(|groups| *groups == [TableGroup::Scores]);
    if !written.get_ref() && !only_scores {
        let title = "only scores can be published without the readings before them";
        problems.push(
            source
                .problem(written.span(), title)
                .help("write `publish = [\"scores\"]`, or leave `look_back` out"),
        );
    }
    *written.get_ref()
}

/// Reads shares; what grows may do so by more than its whole, and then there is no `most`.
fn limits(
    file: &LimitsFile,
    most: Option<f64>,
    source: &Source,
    problems: &mut Problems,
) -> Limits {
    let mut share = |written: Option<&Spanned<f64>>| {
        let written = written?;
        let share = *written.get_ref();
        if !(0.0..=most.unwrap_or(f64::MAX)).contains(&share) {
            let title = match most {
                Some(_) => format!("a tolerance is a share from 0 to 1, found {share}"),
                None => format!("a tolerance is a share from 0 on, found {share}"),
            };
            problems.push(source.problem(written.span(), title));
        }
        Some(share)
    };
    let (warn, refuse) = (share(file.warn.as_ref()), share(file.refuse.as_ref()));
    if let (Some(share), Some(refuse), Some(place)) = (warn, refuse, &file.warn)
        && share > refuse
    {
        let title = format!("nothing is warned of from {share} on: above {refuse} the run refuses");
        let problem = source.problem(place.span(), title);
        problems.push(problem.help("give a `warn` below `refuse`"));
    }
    Limits { warn, refuse }
}

/// Returns whether the as-of date has to be looked up in the exports.
fn reads_to_find_date(file: &JobFile, overrides: &Overrides) -> bool {
    let rule = overrides.as_of.as_deref().unwrap_or(file.as_of.get_ref());
    overrides.backfill.is_none() && rule == "latest_complete"
}

fn check_compare(file: &JobFile, source: &Source, problems: &mut Problems) {
    for (n, written) in file.compare.iter().enumerate() {
        let comparator = *written.get_ref();
        let is_repeated = file.compare[..n]
            .iter()
            .any(|other| *other.get_ref() == comparator);
        if comparator == Comparator::Days(DayCount(0)) || is_repeated {
            problems.push(source.problem(
                written.span(),
                "comparison dates are different, and at least `1d` back",
            ));
        }
    }
}

/// Reads the models that are scored beside the one in force; their names become folders.
fn challengers(
    file: &JobFile,
    source: &Source,
    base: &Path,
    model: Option<&HealthModel>,
    is_model_swapped: bool,
    catalog: &Catalog,
    problems: &mut Problems,
) -> Vec<HealthModel> {
    let mut challengers: Vec<HealthModel> = Vec::new();
    for written in &file.challengers {
        let path = tidy(&base.join(written.get_ref()));
        let Some((model_file, model_source)) = named::<ModelFile>(&path, written, source, problems)
        else {
            continue;
        };
        let Some(challenger) = model::resolve(&model_file, &model_source, catalog, problems) else {
            continue;
        };
        let is_taken = |other: &HealthModel| other.name == challenger.name;
        // A challenger that the command line puts in force needs no second scoring.
        if is_model_swapped && model.is_some_and(is_taken) {
            continue;
        }
        if model.is_some_and(is_taken) || challengers.iter().any(is_taken) {
            let title = format!(
                "another model of this job is called `{}` too",
                challenger.name
            );
            let problem = source.problem(written.span(), title);
            problems.push(problem.help("give each model a `name` of its own"));
        }
        if !challenger
            .name
            .chars()
            .all(|c| c.is_alphanumeric() || "-_.".contains(c))
            || challenger.name.starts_with('.')
        {
            let title = format!("`{}` cannot be the name of a folder", challenger.name);
            let problem = model_source.problem(model_file.name.span(), title);
            problems.push(problem.help("use letters, digits, `-` and `_`"));
        }
        challengers.push(challenger);
    }
    challengers
}

/// Decides the dates to publish.
fn as_of_dates(
    file: &JobFile,
    source: &Source,
    overrides: &Overrides,
    contract: &Contract,
    today: NaiveDate,
    problems: &mut Problems,
) -> Result<Vec<NaiveDate>, JobError> {
    let future = |date: NaiveDate| {
        Problem::command(format!(
            "the as-of date {date} lies in the future; today is {today}"
        ))
        .help("nothing is known about it yet; give a date up to today")
    };
    if let Some(Backfill { from, to, .. }) = overrides.backfill {
        let dates = overrides
            .backfill
            .map(|backfill| backfill.dates())
            .unwrap_or_default();
        if let Some(date) = dates.last().filter(|date| **date > today) {
            problems.push(future(*date));
        }
        if dates.is_empty() {
            let title = format!("no date lies between {from} and {to}");
            problems.push(Problem::command(title).help("give --from before --to"));
        }
        return Ok(dates);
    }
    let yesterday = today.pred_opt().unwrap_or(today);
    let rule = overrides.as_of.as_deref().unwrap_or(file.as_of.get_ref());
    let date = match rule {
        "yesterday" => yesterday,
        "latest_complete" => scan::latest_complete(contract, yesterday)?,
        text => match text.parse::<NaiveDate>() {
            Ok(date) => date,
            Err(_) => {
                let title = format!("`{text}` is not an as-of date");
                let mut problem = source
                    .problem(file.as_of.span(), title)
                    .help("valid here: a date such as 2026-01-31, `yesterday`, `latest_complete`");
                if overrides.as_of.is_some() {
                    problem.place = None;
                }
                problems.push(problem);
                return Ok(Vec::new());
            }
        },
    };
    if date > today {
        let mut problem = future(date);
        if overrides.as_of.is_none() {
            problem.place = Some((source.clone(), file.as_of.span()));
        }
        problems.push(problem);
    }
    Ok(vec![date])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_monthly_backfill_from_a_month_end_stays_on_month_ends() {
        let backfill = Backfill {
            from: date("2025-01-31"),
            to: date("2025-05-31"),
            every: Every::Month,
        };
        let expected = [
            "2025-01-31",
            "2025-02-28",
            "2025-03-31",
            "2025-04-30",
            "2025-05-31",
        ]
        .map(date);
        assert_eq!(backfill.dates(), expected);
        let from_february = Backfill {
            from: date("2025-02-28"),
            to: date("2025-04-30"),
            every: Every::Month,
        };
        assert_eq!(
            from_february.dates(),
            ["2025-02-28", "2025-03-31", "2025-04-30"].map(date)
        );
        let mid_month = Backfill {
            from: date("2025-01-15"),
            to: date("2025-03-14"),
            every: Every::Month,
        };
        assert_eq!(mid_month.dates(), ["2025-01-15", "2025-02-15"].map(date));
    }
}
