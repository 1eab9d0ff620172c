//! Money: which column names its currency, and how it is counted in the currency of the job.
//!
//! With a job currency the name of a money column stands for the amount in that currency; that is
//! decided here, once, so that no formula can forget it.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{ACCOUNTS, Lookup, Table, kind_of};
use crate::config::{Problem, Problems, Source};
use crate::exports::file::{RatesFile, Text};
use crate::formula::{Arithmetic, Comparison, Expr, Kind, Literal, Node, Scope};

/// Names that formulas cannot say: the job's currency, and what one unit of it is worth.
const JOB_CURRENCY: &str = "__job_currency";
const JOB_RATE: &str = "__job_rate";

/// Returns the name of what one unit of a row's currency is worth.
fn rate_name(currency: &str) -> String {
    format!("__rate_{currency}")
}

/// Returns whether a name stands for a rate.
pub(super) fn is_rate(name: &str) -> bool {
    name == JOB_RATE || name.starts_with("__rate_")
}

impl Resolver<'_> {
    /// Takes up the money columns that are there by now and, where the job counts in a currency,
    /// gives their names the meaning of the amount in it; what is derived from them later counts
    /// in it too.
    pub(super) fn money(&self, scope: &mut Scope, money: &mut IndexMap<String, String>) {
        for (amount, currency) in &self.file.money {
            let (amount, currency) = (amount.get_ref(), currency.get_ref());
            let is_number = kind_of(scope, amount).is_some_and(Kind::is_number);
            let is_text = matches!(kind_of(scope, currency), Some(Kind::Text | Kind::Null));
            if money.contains_key(amount) || !is_number || !is_text {
                continue;
            }
            money.insert(amount.clone(), currency.clone());
            if let Some(of_job) = self.currency {
                let of_job = text(of_job);
                let converted = converted(scope, amount, currency, &of_job);
                scope.columns.shift_remove(amount);
                scope.derived.insert(amount.clone(), converted);
                scope.derived.insert(JOB_CURRENCY.to_owned(), of_job);
            }
        }
    }

    /// Reports what cannot be money.
    pub(super) fn check_money(&self, scope: &Scope, problems: &mut Problems) {
        for (amount, currency) in &self.file.money {
            if let Some(problem) = self.not_money(amount, currency, scope) {
                problems.push(problem);
            }
        }
    }

    fn not_money(&self, amount: &Text, currency: &Text, scope: &Scope) -> Option<Problem> {
        let source = self.source;
        if self.table.get_ref() == ACCOUNTS {
            let title = "money of the accounts export cannot be counted in another currency";
            return Some(source.problem(amount.span(), title).help(
                "an account may have several currencies; export its contract lines as a table",
            ));
        }
        let mut problems = Problems::default();
        self.column(amount, scope, &mut problems);
        self.column(currency, scope, &mut problems);
        if let Some(problem) = problems.0.pop() {
            return Some(problem);
        }
        let kind = kind_of(scope, amount.get_ref())?;
        if !kind.is_number() {
            let title = format!("`{amount}` is not a column of numbers, so it is no money");
            return Some(source.problem(amount.span(), title));
        }
        let kind = kind_of(scope, currency.get_ref())?;
        (!matches!(kind, Kind::Text | Kind::Null)).then(|| {
            let title = format!("`{currency}` is a {kind}, expected the names of currencies");
            source.problem(currency.span(), title)
        })
    }
}

fn text(text: &str) -> Expr {
    made(Node::Literal(Literal::Text(text.to_owned())), Kind::Text)
}

fn made(node: Node, kind: Kind) -> Expr {
    Expr {
        node,
        kind,
        span: 0..0,
    }
}

/// Returns the amount in the job's currency: itself where it is in that currency already.
fn converted(scope: &Scope, amount: &str, currency: &str, of_job: &Expr) -> Expr {
    let column = |name: &str, kind| made(Node::Column(name.to_owned()), kind);
    let amount = match scope.derived.get(amount) {
        Some(derived) => derived.clone(),
        None => column(amount, scope.columns[amount]),
    };
    let currency_of_row = match scope.derived.get(currency) {
        Some(derived) => derived.clone(),
        None => column(currency, Kind::Text),
    };
    let is_same = made(
        Node::Compare(
            Comparison::Equal,
            currency_of_row.into(),
            of_job.clone().into(),
        ),
        Kind::Boolean,
    );
    let worth = made(
        Node::Arithmetic(
            Arithmetic::Multiply,
            amount.clone().into(),
            column(&rate_name(currency), Kind::Float).into(),
        ),
        Kind::Float,
    );
    let otherwise = made(
        Node::Arithmetic(
            Arithmetic::Divide,
            worth.into(),
            column(JOB_RATE, Kind::Float).into(),
        ),
        Kind::Float,
    );
    made(
        Node::Case(vec![(is_same, amount)], Some(otherwise.into())),
        Kind::Float,
    )
}

/// Gives every table with money what it needs to know of the rates.
pub(super) fn look_up_rates(
    rates: Option<&RatesFile>,
    currency: Option<&str>,
    source: &Source,
    tables: &mut IndexMap<String, Table>,
    problems: &mut Problems,
) {
    let Some(rates) = rates else { return };
    let before = problems.0.len();
    check(rates, source, tables, problems);
    if currency.is_none() || problems.0.len() > before {
        return;
    }
    if let Some(table) = tables.get_mut(rates.table.get_ref())
        && let Some(column) = table.columns.get_mut(rates.currency.get_ref())
    {
        column.is_currency = true;
    }
    for table in tables.values_mut() {
        let of = |column: String, name: String| Lookup {
            column,
            table: rates.table.get_ref().clone(),
            on: rates.currency.get_ref().clone(),
            take: IndexMap::from([(name, rates.value.get_ref().clone())]),
        };
        let mut currencies: Vec<String> = table.money.values().cloned().collect();
        currencies.sort();
        currencies.dedup();
        if currencies.is_empty() {
            continue;
        }
        table
            .lookups
            .push(of(JOB_CURRENCY.to_owned(), JOB_RATE.to_owned()));
        let of_rows = currencies
            .into_iter()
            .map(|column| of(column.clone(), rate_name(&column)));
        table.lookups.extend(of_rows);
    }
}

fn check(
    rates: &RatesFile,
    source: &Source,
    tables: &IndexMap<String, Table>,
    problems: &mut Problems,
) {
    let Some(table) = tables.get(rates.table.get_ref()) else {
        let names = tables.keys().map(String::as_str);
        let title = format!("there is no table `{}`", rates.table);
        let problem = source.problem(rates.table.span(), title);
        problems.push(problem.nearest(rates.table.get_ref(), names));
        return;
    };
    if !table.is_reference() {
        let title = format!("`{}` belongs to accounts", rates.table);
        let problem = source.problem(rates.table.span(), title);
        problems.push(problem.help("rates are there for all accounts: give `reference = true`"));
    }
    for (name, number) in [(&rates.currency, false), (&rates.value, true)] {
        match table.scope.columns.get(name.get_ref()) {
            Some(kind) if kind.is_number() == number => {}
            Some(kind) => {
                let title = format!("`{name}` is a {kind}, which does not fit here");
                problems.push(source.problem(name.span(), title));
            }
            None => {
                let title = format!("export `{}` has no column `{name}`", rates.table);
                let names = table.scope.columns.keys().map(String::as_str);
                let problem = source.problem(name.span(), title);
                problems.push(problem.nearest(name.get_ref(), names).of_input());
            }
        }
    }
}
