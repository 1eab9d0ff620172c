//! What follows from the scores of one date: signals, opportunities, and the list of actions, in
//! the way the job wants it.

use chrono::NaiveDate;
use polars::prelude::*;

use super::file::{ActionsFile, ExceptionsFile, PortfolioFile, SnoozeFile, Text};
use super::settings::ScoreJob;
use super::{JobError, Refusal};
use crate::config::{Datetime, Problems, Source, Spanned, date_of};
use crate::domain::DayCount;
use crate::exports::Exports;
use crate::exports::contract::Contract;
use crate::formula::Kind;
use crate::insights::action_log::{self, ActionLog};
use crate::insights::actions::{self, Actions, Desk, Policy, Snooze};
use crate::insights::portfolio::{Accounts, Portfolio, Sliced};
use crate::insights::working_days::Calendar;
use crate::insights::{exceptions, opportunities, portfolio, signals};
use crate::measures::catalog::Catalog;
use crate::measures::formulas::Formulas;
use crate::model::HealthModel;
use crate::tables::{self, Table};
use crate::trail::{Finding, Severity};

/// What follows from the scores of one date.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// One row per account and signal.
    pub signals: DataFrame,
    /// One row per account and opportunity.
    pub opportunities: DataFrame,
    /// The list of actions, and what is not on it.
    pub actions: Actions,
    /// One row per account and signal of those that the job calls exceptions.
    pub exceptions: DataFrame,
    /// The actions of the log as they were known.
    pub log: DataFrame,
    /// Whether the model names amounts.
    has_amounts: bool,
}

impl FollowUp {
    /// Draws it up from the compared scores of one date.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn draw_up(
        job: &ScoreJob,
        exports: &Exports,
        compared: &DataFrame,
        as_of: NaiveDate,
    ) -> Result<Self, JobError> {
        let (model, policy) = (&job.model, &job.policy);
        let signals = signals::find(compared, model)?;
        let opportunities = opportunities::find(compared, model, &policy.calendar, as_of)?;
        let log = match &policy.log {
            Some(log) => action_log::known(log, &exports.tables[&log.export], as_of)?,
            None => action_log::empty(),
        };
        let desk = Desk::new(model, policy, as_of, compared, &signals, log)?;
        let actions = actions::draw_up(&desk)?;
        let exceptions = exceptions::list(&desk, &job.exceptions)?;
        Ok(Self {
            opportunities,
            actions,
            exceptions,
            log: desk.log,
            has_amounts: model.rules.facts.amount.is_some(),
            signals,
        })
    }

    /// Returns its tables.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn tables(&self) -> PolarsResult<Vec<Table>> {
        Ok(vec![
            tables::signals(&self.signals)?,
            tables::opportunities(&self.opportunities)?,
            tables::actions(&self.actions.list)?,
        ])
    }

    /// Returns the tables about all accounts together.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn portfolio(
        &self,
        job: &ScoreJob,
        accounts: Accounts<'_>,
        drivers: &DataFrame,
        as_of: NaiveDate,
    ) -> PolarsResult<Vec<Table>> {
        let compare = job.compare.iter();
        let dated = compare.filter_map(|c| Some((*c, job.compared_with(*c, as_of)?)));
        let sliced = Sliced::new(accounts, &job.portfolio, &job.model, dated.collect(), as_of)?;
        let list = &self.actions.list;
        let actions = portfolio::actions(&self.log, list, job.portfolio.period, as_of)?;
        Ok(vec![
            tables::portfolio("portfolio_bands", sliced.bands()?),
            tables::portfolio("portfolio_scores", sliced.scores()?),
            tables::portfolio("portfolio_changes", sliced.changes()?),
            tables::portfolio("portfolio_migration", sliced.migration()?),
            tables::portfolio("portfolio_coverage", sliced.coverage()?),
            tables::portfolio("portfolio_revenue", sliced.revenue()?),
            tables::portfolio("portfolio_renewals", sliced.renewals()?),
            tables::portfolio("portfolio_renewals_ahead", sliced.renewals_ahead()?),
            tables::portfolio("portfolio_causes", sliced.causes()?),
            tables::portfolio("portfolio_drivers", sliced.drivers(drivers)?),
            tables::portfolio("portfolio_movers", sliced.movers(drivers)?),
            tables::portfolio("portfolio_signals", sliced.signals(&self.signals)?),
            tables::portfolio("portfolio_actions", actions),
        ])
    }

    /// Says what is not on the list of actions, so that nothing is hidden.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let held_back = &self.actions.held_back;
        let note = |finding, subject: &str, count: u64, evidence: String, advice: &str| Finding {
            finding,
            severity: Severity::Note,
            subject: subject.to_owned(),
            count,
            share: None,
            evidence,
            advice: advice.to_owned(),
        };
        let mut findings: Vec<Finding> = held_back
            .over_limit
            .iter()
            .map(|(owner, n)| {
                let evidence = format!("{n} actions do not fit into the weeks of {owner}");
                let advice = "they are the least urgent ones; raise `per_owner_and_week`, or share the accounts out differently";
                note("actions_over_limit", owner, *n, evidence, advice)
            })
            .collect();
        if self.has_amounts && !self.actions.is_by_amount {
            let n = self.actions.list.height() as u64;
            let evidence =
                "amounts are in several currencies, so that actions are ordered by attention alone"
                    .to_owned();
            let advice = "give the job a `currency`, so that amounts can be compared";
            findings.push(note(
                "actions_not_by_amount",
                "actions",
                n,
                evidence,
                advice,
            ));
        }
        if held_back.without_date > 0 {
            let n = held_back.without_date;
            let evidence = format!("{n} open actions of the log have no due date");
            let advice = "they are taken to be due on the next working day; give them a date";
            findings.push(note("actions_without_date", "actions", n, evidence, advice));
        }
        findings
    }

    /// Returns a refusal where an action has no owner or no date.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        let list = &self.actions.list;
        let missing = |column: &str| list.column(column).map_or(0, |column| column.null_count());
        let n = missing("owner").max(missing("due_date"));
        (n > 0).then(|| Refusal {
            reason: format!("actions: {n} have no owner or no due date"),
            advice: "an action that is nobody's is not published; check [follow_up] of the model"
                .to_owned(),
        })
    }
}

/// Resolves how a job wants its list of actions.
pub fn policy(
    file: &ActionsFile,
    source: &Source,
    contract: &Contract,
    model: &HealthModel,
    problems: &mut Problems,
) -> Policy {
    let mut dates = |written: &Spanned<Datetime>| {
        let date = date_of(written.get_ref());
        if date.is_none() {
            let problem = source.problem(written.span(), "expected a date");
            problems.push(problem.help("such as 2026-12-25, without quotes"));
        }
        date
    };
    let holidays = file.holidays.iter().filter_map(&mut dates).collect();
    let untils: Vec<Option<NaiveDate>> = file
        .snooze
        .iter()
        .map(|snooze| dates(&snooze.until))
        .collect();
    if let Some(limit) = file
        .per_owner_and_week
        .as_ref()
        .filter(|n| *n.get_ref() == 0)
    {
        let title = "nobody could do anything with a limit of 0";
        problems.push(
            source
                .problem(limit.span(), title)
                .help("leave it out for no limit"),
        );
    }
    let log = file.log.as_ref();
    Policy {
        calendar: Calendar { holidays },
        log: log.and_then(|name| self::log(name, source, contract, problems)),
        per_owner_and_week: file.per_owner_and_week.as_ref().map(|n| *n.get_ref()),
        quiet: file.quiet.unwrap_or_default(),
        snoozed: file
            .snooze
            .iter()
            .zip(untils)
            .filter_map(|(file, until)| Some(snooze(file, until?, source, model, problems)))
            .collect(),
    }
}

/// Resolves which signals a job calls exceptions.
pub fn exceptions(
    file: &ExceptionsFile,
    source: &Source,
    model: &HealthModel,
    problems: &mut Problems,
) -> Vec<String> {
    let signals = || model.rules.signals.iter().map(|signal| signal.id.as_str());
    for id in &file.signals {
        if !signals().any(|signal| signal == id.get_ref()) {
            let title = format!("the model has no signal `{id}`");
            problems.push(
                source
                    .problem(id.span(), title)
                    .nearest(id.get_ref(), signals()),
            );
        }
    }
    file.signals.iter().map(|id| id.get_ref().clone()).collect()
}

/// Resolves how a job sets accounts apart.
pub fn portfolio(
    file: &PortfolioFile,
    source: &Source,
    catalog: &Catalog,
    problems: &mut Problems,
) -> Portfolio {
    let formulas = Formulas { source, catalog };
    let mut stages = Vec::new();
    for (stage, text) in &file.stages {
        let condition = formulas.condition(text, "stages", problems);
        stages.extend(condition.map(|condition| (stage.get_ref().clone(), condition)));
    }
    for slice in &file.slices {
        let columns = &catalog.scope.columns;
        if !columns.contains_key(slice.get_ref()) {
            let title = format!("there is no measure or account column `{slice}`");
            let names = columns.keys().map(String::as_str);
            problems.push(
                source
                    .problem(slice.span(), title)
                    .nearest(slice.get_ref(), names),
            );
        }
    }
    Portfolio {
        stages,
        slices: file
            .slices
            .iter()
            .map(|slice| slice.get_ref().clone())
            .collect(),
        period: file.period.unwrap_or(DayCount(30)),
    }
}

fn snooze(
    file: &SnoozeFile,
    until: NaiveDate,
    source: &Source,
    model: &HealthModel,
    problems: &mut Problems,
) -> Snooze {
    let rules = &model.rules;
    let signals = rules.signals.iter().map(|signal| signal.id.as_str());
    let bands = rules.plays.iter().map(|play| play.band.as_str());
    let causes: Vec<&str> = signals.chain(bands).collect();
    if let Some(cause) = file.cause.as_ref()
        && !causes.contains(&cause.get_ref().as_str())
    {
        let title = format!("no signal or action of the model is called `{cause}`");
        problems.push(
            source
                .problem(cause.span(), title)
                .nearest(cause.get_ref(), causes),
        );
    }
    Snooze {
        account: file.account.clone(),
        cause: file.cause.as_ref().map(|cause| cause.get_ref().clone()),
        until,
    }
}

/// Checks that an export can serve as a log of actions.
fn log(
    name: &Text,
    source: &Source,
    contract: &Contract,
    problems: &mut Problems,
) -> Option<ActionLog> {
    let Some(export) = contract.tables.get(name.get_ref()) else {
        if !contract.is_declared(name.get_ref()) {
            let names = contract.tables.keys().map(String::as_str);
            let title = format!("there is no export `{name}`");
            problems.push(
                source
                    .problem(name.span(), title)
                    .nearest(name.get_ref(), names),
            );
        }
        return None;
    };
    let kind = |column: &str| export.scope.columns.get(column).copied();
    let unfit: Vec<String> = action_log::NEEDED
        .iter()
        .filter(|(column, wanted)| kind(column) != Some(*wanted))
        .map(|(column, wanted)| format!("`{column}` ({wanted})"))
        .collect();
    if !unfit.is_empty() {
        let title = format!(
            "`{name}` cannot serve as a log of actions: it has no {}",
            unfit.join(", ")
        );
        let help =
            "if they are there under other names, give them ours with `columns` in exports.toml";
        problems.push(source.problem(name.span(), title).help(help));
    }
    let optional = action_log::OPTIONAL
        .iter()
        .filter(|column| kind(column) == Some(Kind::Text));
    Some(ActionLog {
        export: name.get_ref().clone(),
        optional: optional.map(|column| (*column).to_owned()).collect(),
    })
}
