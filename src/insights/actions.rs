//! Actions: what is to be done for whom, by whom and by when, as one list that a team can work.
//!
//! Causes (signals, and the play of the band) become tasks; those that are in hand already, closed
//! a short while ago or snoozed are left out; what is left for one account and owner becomes one
//! conversation; and the list ends where an owner's week is full.

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;
use serde::Serialize;

use super::action_log::ActionLog;
use super::attention;
use super::evidence::on_one_line;
use super::signals::{RULE, SEVERITY_RANK, SIGNAL};
use super::vocabulary::weakest_category;
use super::working_days::Calendar;
use crate::domain::{AsOf, DayCount};
use crate::formula::{any_of, date_literal};
use crate::model::HealthModel;
use crate::model::rules::file::Role;
use crate::model::rules::{Facts, Play, Task};
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// How a job wants its list of actions.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Which days are worked.
    pub calendar: Calendar,
    /// Where actions are kept, so that none is raised twice.
    pub log: Option<ActionLog>,
    /// So many an owner can take on in a week; no limit when there is none.
    pub per_owner_and_week: Option<u32>,
    /// For so long after an action is closed its cause raises no new one.
    pub quiet: DayCount,
    /// What nobody wants to hear of for a while.
    pub snoozed: Vec<Snooze>,
}

/// What nobody wants to hear of for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snooze {
    /// The account.
    pub account: String,
    /// The signal or band; everything about the account when there is none.
    pub cause: Option<String>,
    /// The last day of silence.
    pub until: NaiveDate,
}

/// The list, and what is not on it.
#[derive(Debug, Clone)]
pub struct Actions {
    /// One row per action, the most urgent first.
    pub list: DataFrame,
    /// What was kept off the list, and how often.
    pub held_back: HeldBack,
    /// Whether the list is ordered by attention × amount, and not by attention alone.
    pub is_by_amount: bool,
}

/// What was kept off the list, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// Causes with an open action in the log.
    pub in_hand: u64,
    /// Causes whose action was closed a short while ago.
    pub quiet: u64,
    /// Causes that are snoozed.
    pub snoozed: u64,
    /// Conversations that an owner's week has no room for, by owner.
    pub over_limit: Vec<(String, u64)>,
    /// Open actions of the log without a due date; they are taken to be due at once.
    pub without_date: u64,
}

/// Columns of a task on its way to the list.
pub(super) const CAUSE: &str = "cause";
pub(super) const ACTION: &str = "action";
pub(super) const OWNER: &str = "owner";
pub(super) const ROLE: &str = "owner_role";
pub(super) const DUE: &str = "due_date";
pub(super) const CHECK: &str = "check_date";
const OUTCOME: &str = "expected_outcome";
const BEFORE_RENEWAL: &str = "before_renewal";
const CHECK_DAYS: &str = "check_days";
pub(super) const PRIORITY: &str = "priority";
const CARRIED: &str = "carried";
/// Facts of an account, under one name in every model.
pub(super) const AMOUNT: &str = "amount";
pub(super) const CURRENCY: &str = "currency";
const LAST_DAY: &str = "last_day";
const ATTENTION: &str = "attention";

/// Draws up the list of one date.
///
/// # Errors
/// When Polars fails.
pub fn draw_up(desk: &Desk<'_>) -> PolarsResult<Actions> {
    let mut held_back = HeldBack::default();
    let causes = concat([desk.of_bands()?, desk.of_signals()?], UnionArgs::default())?;
    let causes = desk.not_in_hand(causes.collect()?, &mut held_back)?;
    let causes = desk.not_snoozed(causes, &mut held_back)?;
    let listed = [desk.conversations(causes)?, desk.carried(&mut held_back)?];
    let ranked = desk.ranked(listed)?;
    let list = desk.within_limits(ranked, &mut held_back)?;
    Ok(Actions {
        list,
        held_back,
        is_by_amount: desk.is_by_amount,
    })
}

/// Returns the person who fills a role for an account, or the role where nobody is named.
pub(super) fn owner(role: Role, facts: &Facts) -> Expr {
    match facts.people.get(&role) {
        Some(person) => on_one_line(col(person.as_str())).fill_null(lit(role.word())),
        None => lit(role.word()),
    }
}

fn person_name(role: Role) -> String {
    format!("__person_{}", role.word())
}

/// Returns what the list needs to know of each account.
fn facts(
    compared: &DataFrame,
    model: &HealthModel,
    policy: &Policy,
    as_of: AsOf,
) -> PolarsResult<DataFrame> {
    let facts = &model.rules.facts;
    let named = |fact: &Option<String>, kind: DataType| match fact {
        Some(column) => col(column.as_str()).cast(kind),
        None => lit(NULL).cast(kind),
    };
    let calendar = policy.calendar.clone();
    let deadline = named(&facts.notice_deadline, DataType::Date);
    let is_ahead = deadline.clone().gt(date_literal(as_of));
    let last_day = on_days(deadline, move |deadline| calendar.before(deadline));
    // Whoever has less time than a day still gets one.
    let next = policy.calendar.after(as_of, 1);
    let last_day = max_horizontal([last_day, date_literal(next)])?;
    let people = Role::ALL.map(|role| owner(role, facts).alias(person_name(role)));
    compared
        .clone()
        .lazy()
        .select(
            [
                col(ACCOUNT_ID),
                named(&facts.amount, DataType::Float64).alias(AMOUNT),
                on_one_line(named(&facts.currency, DataType::String)).alias(CURRENCY),
                when(is_ahead)
                    .then(last_day)
                    .otherwise(lit(NULL))
                    .alias(LAST_DAY),
                col(name::overall(attention::ATTENTION)).alias(ATTENTION),
            ]
            .into_iter()
            .chain(people)
            .collect::<Vec<_>>(),
        )
        .collect()
}

/// Everything that the list of one date is drawn up from.
#[derive(Debug)]
pub struct Desk<'a> {
    /// The model whose rules fired.
    pub model: &'a HealthModel,
    /// How the job wants the list.
    pub policy: &'a Policy,
    /// The date.
    pub as_of: AsOf,
    /// The compared scores of the date, one row per account.
    pub compared: &'a DataFrame,
    /// What [`super::signals::find`] found in them.
    pub signals: &'a DataFrame,
    /// The known actions of the log; none where no log is kept.
    pub log: DataFrame,
    facts: DataFrame,
    /// Whether the accounts' amounts can be compared: they are known, and all in one currency.
    is_by_amount: bool,
}

impl<'a> Desk<'a> {
    /// Lays everything out.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn new(
        model: &'a HealthModel,
        policy: &'a Policy,
        as_of: AsOf,
        compared: &'a DataFrame,
        signals: &'a DataFrame,
        log: DataFrame,
    ) -> PolarsResult<Self> {
        let facts = facts(compared, model, policy, as_of)?;
        let currencies = facts.column(CURRENCY)?.drop_nulls().n_unique()?;
        let is_by_amount = model.rules.facts.amount.is_some() && currencies <= 1;
        Ok(Self {
            model,
            policy,
            as_of,
            compared,
            signals,
            log,
            facts,
            is_by_amount,
        })
    }

    /// Returns the task of every account whose band has a play: account, cause, task.
    ///
    /// The play is what the conversation is about, so it comes before any signal.
    fn of_bands(&self) -> PolarsResult<LazyFrame> {
        let plays = &self.model.rules.plays;
        let causes = self.compared.clone().lazy().select([
            col(ACCOUNT_ID),
            col(name::overall(name::BAND)).alias(CAUSE),
            lit(-1i32).alias(SEVERITY_RANK),
            play(plays, self.model).alias(RULE),
        ]);
        let causes = causes.filter(col(RULE).is_not_null());
        self.with_tasks(causes, plays.iter().map(|play| &play.task))
    }

    /// Returns the task of every signal that fired: account, cause, task.
    pub(super) fn of_signals(&self) -> PolarsResult<LazyFrame> {
        let causes = self.signals.clone().lazy().select([
            col(ACCOUNT_ID),
            col(SIGNAL).alias(CAUSE),
            col(SEVERITY_RANK),
            col(RULE),
        ]);
        let rules = &self.model.rules.signals;
        self.with_tasks(causes, rules.iter().map(|signal| &signal.task))
    }

    fn with_tasks<'t>(
        &self,
        causes: LazyFrame,
        tasks: impl Iterator<Item = &'t Task>,
    ) -> PolarsResult<LazyFrame> {
        let tasks = self.tasks(tasks)?.lazy();
        let causes = causes.join(tasks, [col(RULE)], [col(RULE)], JoinType::Inner.into());
        Ok(self
            .with_facts(causes)
            .with_column(self.owner().alias(OWNER))
            .with_column(due().alias(DUE))
            .with_column(self.check_date(col(DUE), col(CHECK_DAYS)).alias(CHECK)))
    }

    /// Returns tasks as a frame, one row per rule.
    fn tasks<'t>(&self, tasks: impl Iterator<Item = &'t Task>) -> PolarsResult<DataFrame> {
        let tasks: Vec<&Task> = tasks.collect();
        let texts = |of: &dyn Fn(&Task) -> String| -> Vec<String> {
            tasks.iter().map(|task| of(task)).collect()
        };
        let calendar = &self.policy.calendar;
        let due = tasks
            .iter()
            .map(|task| calendar.after(self.as_of, task.due_days));
        let check = tasks.iter().map(|task| task.check_days);
        df!(
            RULE => (0i32..).zip(&tasks).map(|(n, _)| n).collect::<Vec<_>>(),
            ACTION => texts(&|task| task.action.clone()),
            ROLE => texts(&|task| task.owner.word().to_owned()),
            OUTCOME => texts(&|task| task.outcome.clone()),
            DUE => due.collect::<Vec<_>>(),
            BEFORE_RENEWAL => tasks.iter().map(|task| task.before_renewal).collect::<Vec<_>>(),
            CHECK_DAYS => check.collect::<Vec<_>>(),
        )
    }

    /// Leaves out the causes for which an action is open, or was closed a short while ago.
    fn not_in_hand(&self, causes: DataFrame, held_back: &mut HeldBack) -> PolarsResult<DataFrame> {
        let is_open = col("closed_at").is_null();
        let since = date_literal(self.policy.quiet.before(self.as_of));
        let is_fresh = col("closed_at").gt(since);
        let without = |causes: DataFrame, which: Expr| {
            let known = single_causes(self.log.clone().lazy().filter(which));
            let on = [col(ACCOUNT_ID), col(CAUSE)];
            let keep_order = JoinArgs {
                maintain_order: MaintainOrderJoin::Left,
                ..JoinArgs::new(JoinType::Anti)
            };
            causes
                .lazy()
                .join(known, on.clone(), on, keep_order)
                .collect()
        };
        let all = causes.height();
        let causes = without(causes, is_open)?;
        held_back.in_hand = (all - causes.height()) as u64;
        let all = causes.height();
        let causes = without(causes, is_fresh)?;
        held_back.quiet = (all - causes.height()) as u64;
        Ok(causes)
    }

    fn not_snoozed(&self, causes: DataFrame, held_back: &mut HeldBack) -> PolarsResult<DataFrame> {
        let running = self.policy.snoozed.iter();
        let running = running.filter(|snooze| snooze.until >= self.as_of);
        let is_snoozed = running.map(|snooze| {
            let account = col(ACCOUNT_ID).eq(lit(snooze.account.clone()));
            match &snooze.cause {
                Some(cause) => account.and(col(CAUSE).eq(lit(cause.clone()))),
                None => account,
            }
        });
        let kept = causes
            .clone()
            .lazy()
            .filter(any_of(is_snoozed.collect()).not())
            .collect()?;
        held_back.snoozed = (causes.height() - kept.height()) as u64;
        Ok(kept)
    }

    /// Merges what is to be done for one account by one owner.
    fn conversations(&self, causes: DataFrame) -> PolarsResult<LazyFrame> {
        let joined = |column: &str, by: &str| {
            col(column)
                .unique_stable()
                .str()
                .join(by, true)
                .alias(column)
        };
        let conversations = causes
            .lazy()
            .sort(
                [ACCOUNT_ID, SEVERITY_RANK, RULE],
                SortMultipleOptions::default(),
            )
            .group_by_stable([col(ACCOUNT_ID), col(OWNER), col(ROLE)])
            .agg([
                joined(ACTION, "; "),
                joined(CAUSE, ", "),
                joined(OUTCOME, "; "),
                col(DUE).min(),
                col(CHECK).min(),
            ]);
        let none = || lit(NULL).cast(DataType::String);
        Ok(conversations.select([
            col(ACCOUNT_ID),
            col(ACTION),
            col(OWNER),
            col(ROLE),
            col(DUE),
            col(CAUSE).alias("source"),
            col(OUTCOME),
            col(CHECK),
            lit("new").alias("status"),
            lit("score review").alias("stage"),
            date_literal(self.as_of).alias("raised_date"),
            none().alias("log_id"),
            lit(false).alias(CARRIED),
        ]))
    }

    /// Returns the open actions of the log for the accounts of the panel.
    fn carried(&self, held_back: &mut HeldBack) -> PolarsResult<LazyFrame> {
        let open = self.log.clone().lazy().filter(col("closed_at").is_null());
        // What the model says of the first cause tells the role and what was hoped for.
        let first = col(CAUSE).str().split(lit(", ")).list().get(lit(0), true);
        let open = self
            .with_facts(open.rename([OWNER], ["__logged"], true))
            .with_column(first.alias("__first"))
            .join(
                self.known_causes()?.lazy(),
                [col("__first")],
                [col("__cause")],
                JoinArgs {
                    maintain_order: MaintainOrderJoin::Left,
                    ..JoinArgs::new(JoinType::Left)
                },
            )
            .with_column(col(ROLE).fill_null(lit(Role::Csm.word())))
            .collect()?;
        held_back.without_date = open.column(DUE)?.null_count() as u64;
        let next = date_literal(self.policy.calendar.after(self.as_of, 1));
        let check_from = max_horizontal([col(DUE), date_literal(self.as_of)])?;
        Ok(open
            .lazy()
            .with_column(col(DUE).fill_null(next))
            .with_column(coalesce(&[on_one_line(col("__logged")), self.owner()]).alias(OWNER))
            .select([
                col(ACCOUNT_ID),
                on_one_line(col("title"))
                    .fill_null(lit("not in the data"))
                    .alias(ACTION),
                col(OWNER),
                col(ROLE),
                col(DUE),
                on_one_line(col(CAUSE)).alias("source"),
                col(OUTCOME),
                self.check_date(check_from, lit(5u32)).alias(CHECK),
                on_one_line(col("status"))
                    .fill_null(lit("open"))
                    .alias("status"),
                on_one_line(col("stage")).alias("stage"),
                col("raised_date"),
                col("action_id").alias("log_id"),
                lit(true).alias(CARRIED),
            ]))
    }

    /// Returns each cause that the model knows with the role and the outcome of its task.
    fn known_causes(&self) -> PolarsResult<DataFrame> {
        let rules = &self.model.rules;
        let of_signals = rules
            .signals
            .iter()
            .map(|signal| (&signal.id, &signal.task));
        let of_bands = rules.plays.iter().map(|play| (&play.band, &play.task));
        let mut known: Vec<(&String, &Task)> = Vec::new();
        for (cause, task) in of_signals.chain(of_bands) {
            if !known.iter().any(|(other, _)| *other == cause) {
                known.push((cause, task));
            }
        }
        let texts = |of: &dyn Fn(&(&String, &Task)) -> String| -> Vec<String> {
            known.iter().map(of).collect()
        };
        df!(
            "__cause" => texts(&|(cause, _)| (*cause).clone()),
            ROLE => texts(&|(_, task)| task.owner.word().to_owned()),
            OUTCOME => texts(&|(_, task)| task.outcome.clone()),
        )
    }

    /// Puts what is to be done first at the top: attention × amount; then what is due earlier.
    fn ranked(&self, lists: [LazyFrame; 2]) -> PolarsResult<DataFrame> {
        let descending = [false, true, false, false, false, false, false];
        let order = [CARRIED, PRIORITY, DUE, ACCOUNT_ID, ROLE, "source", ACTION];
        let age = days(date_literal(self.as_of)) - days(col("raised_date"));
        let listed = self
            .with_facts(concat(lists, UnionArgs::default())?)
            .with_columns([
                self.priority().alias(PRIORITY),
                age.alias("age_days"),
                self.bucket().alias("bucket"),
            ]);
        let order = order.map(|column| match column {
            CARRIED => col(CARRIED).not(),
            column => col(column),
        });
        listed
            .sort_by_exprs(
                order,
                SortMultipleOptions::default()
                    .with_order_descending_multi(descending)
                    .with_nulls_last(true),
            )
            .collect()
    }

    /// Returns attention × amount, or attention alone where amounts cannot be compared.
    pub(super) fn priority(&self) -> Expr {
        if self.is_by_amount {
            col(ATTENTION) * col(AMOUNT)
        } else {
            col(ATTENTION)
        }
    }

    /// Ends each owner's list where the week is full; what is in hand already takes its room first.
    fn within_limits(
        &self,
        ranked: DataFrame,
        held_back: &mut HeldBack,
    ) -> PolarsResult<DataFrame> {
        let room = match self.policy.per_owner_and_week {
            Some(limit) => {
                // Weeks begin on Monday; day 0 of the count was a Thursday.
                let week = (days(col(DUE)) + lit(3)).floor_div(lit(7)).alias("__week");
                let place = col(ACCOUNT_ID).cum_count(false).over([col(OWNER), week])?;
                col(CARRIED).or(place.lt_eq(lit(limit)))
            }
            None => lit(true),
        };
        let judged = ranked.lazy().with_column(room.alias("__room")).collect()?;
        let over = judged
            .clone()
            .lazy()
            .filter(col("__room").not())
            .group_by([col(OWNER)])
            .agg([len().cast(DataType::UInt64).alias("n")])
            .sort([OWNER], SortMultipleOptions::default())
            .collect()?;
        let owners = over.column(OWNER)?.str()?.iter();
        let counts = over.column("n")?.u64()?.iter();
        held_back.over_limit = owners
            .zip(counts)
            .map(|(owner, n)| (owner.unwrap_or_default().to_owned(), n.unwrap_or(0)))
            .collect();
        let by_urgency = SortMultipleOptions::default()
            .with_order_descending_multi([true, false, false, false, false, false])
            .with_nulls_last(true);
        judged
            .lazy()
            .filter(col("__room"))
            .sort(
                [PRIORITY, DUE, ACCOUNT_ID, ROLE, "source", ACTION],
                by_urgency,
            )
            .with_row_index("rank", Some(1))
            .collect()
    }

    fn with_facts(&self, frame: LazyFrame) -> LazyFrame {
        frame.join(
            self.facts.clone().lazy(),
            [col(ACCOUNT_ID)],
            [col(ACCOUNT_ID)],
            JoinArgs {
                maintain_order: MaintainOrderJoin::Left,
                ..JoinArgs::new(JoinType::Inner)
            },
        )
    }

    fn owner(&self) -> Expr {
        let nobody = lit(NULL).cast(DataType::String);
        Role::ALL.iter().rev().fold(nobody, |rest, role| {
            when(col(ROLE).eq(lit(role.word())))
                .then(col(person_name(*role)))
                .otherwise(rest)
        })
    }

    fn check_date(&self, from: Expr, working_days: Expr) -> Expr {
        let calendar = self.policy.calendar.clone();
        from.map_many(
            move |columns| {
                let days = columns[1].cast(&DataType::UInt32)?;
                let days = days.u32()?;
                let only = (days.len() == 1).then(|| days.get(0)).flatten();
                let dates = columns[0].date()?.as_date_iter().enumerate();
                let later: Vec<Option<NaiveDate>> = dates
                    .map(|(n, date)| Some(calendar.after(date?, only.or_else(|| days.get(n))?)))
                    .collect();
                Ok(Column::new(columns[0].name().clone(), later))
            },
            &[working_days],
            |_, fields| Ok(Field::new(fields[0].name().clone(), DataType::Date)),
        )
    }

    /// Returns when it is to be done, in the words of the scorecard.
    fn bucket(&self) -> Expr {
        let ahead = days(col(DUE)) - days(date_literal(self.as_of));
        when(ahead.clone().lt_eq(lit(7)))
            .then(lit("this week"))
            .when(ahead.lt_eq(lit(31)))
            .then(lit("this month"))
            .otherwise(lit("before renewal"))
    }
}

/// Returns the play of an account's band and weakest category: the first that fits.
fn play(plays: &[Play], model: &HealthModel) -> Expr {
    let weakest = weakest_category(model);
    let none = lit(NULL).cast(DataType::Int32);
    let numbered = (0i32..).zip(plays).collect::<Vec<_>>();
    numbered.into_iter().rev().fold(none, |rest, (n, play)| {
        let mut fits = col(name::overall(name::BAND)).eq(lit(play.band.clone()));
        if let Some(category) = &play.weakest {
            fits = fits.and(weakest.clone().eq(lit(category.clone())));
        }
        when(fits).then(lit(n)).otherwise(rest)
    })
}

/// Returns the due date of a task: what waits for the renewal is due on the last working day before
/// the notice deadline, and nothing is due after it.
fn due() -> Expr {
    let last_day = col(LAST_DAY);
    let sooner = min_horizontal([col(DUE), last_day.clone()]).unwrap_or_else(|_| col(DUE));
    when(col(BEFORE_RENEWAL).and(last_day.clone().is_not_null()))
        .then(last_day)
        .otherwise(sooner)
}

/// Returns each open cause of the log by itself; a conversation has several.
pub(super) fn single_causes(log: LazyFrame) -> LazyFrame {
    log.with_column(col(CAUSE).str().split(lit(", ")).alias(CAUSE))
        .explode(
            cols([CAUSE]),
            ExplodeOptions {
                empty_as_null: true,
                keep_nulls: true,
            },
        )
        .filter(col(CAUSE).is_not_null())
}

fn on_days(date: Expr, change: impl Fn(NaiveDate) -> NaiveDate + Send + Sync + 'static) -> Expr {
    date.map(
        move |column| {
            let dates = column.date()?.as_date_iter();
            let changed: Vec<Option<NaiveDate>> = dates.map(|date| date.map(&change)).collect();
            Ok(Column::new(column.name().clone(), changed))
        },
        |_, field| Ok(field.clone()),
    )
}

fn days(date: Expr) -> Expr {
    date.cast(DataType::Date).cast(DataType::Int32)
}
