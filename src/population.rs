//! Who is scored: the accounts that were eligible on each date, and why the others were not.

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;
use serde::Serialize;

use crate::config::{Problem, Problems, Spanned};
use crate::exports::as_of::AS_OF;
use crate::exports::contract::{ACCOUNTS, Contract};
use crate::formula::{self, Aggregates, Expr as Formula, Kind, row_wise, shown_list};
use crate::measures::catalog::Catalog;
use crate::trail::{Finding, Severity};

/// The conditions of `[population]`, checked.
#[derive(Debug, Clone, Default)]
pub struct Population {
    eligible: Option<Formula>,
    exclude: Vec<(String, Formula)>,
    /// What is published beside each score, the account's name first.
    pub show: Vec<Shown>,
}

/// An account column or a measure that is published beside each score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// What it says.
    pub description: String,
}

impl Shown {
    fn of(name: &str, contract: &Contract, catalog: &Catalog) -> Option<Self> {
        let (kind, what) = match catalog.measures.get(name) {
            Some(measure) => {
                let unit = measure.unit.as_ref();
                let unit = unit.map_or(String::new(), |unit| format!(" ({unit})"));
                (measure.kind, format!("{}{unit}", measure.label))
            }
            None => {
                let accounts = contract.tables.get(ACCOUNTS)?;
                let kind = accounts.scope.columns.get(name)?;
                (*kind, "Column of the accounts export".to_owned())
            }
        };
        Some(Self {
            name: name.to_owned(),
            kind,
            description: format!("{what}, as known at the as-of date"),
        })
    }

    /// Returns the column of the scored panel that it is, as people read it.
    pub fn column(&self) -> Expr {
        let column = col(self.name.as_str());
        match self.kind {
            Kind::List => shown_list(column),
            _ => column,
        }
    }
}

fn unknown(name: &Spanned<String>, contract: &Contract, catalog: &Catalog) -> Problem {
    let measures = catalog.measures.keys();
    let columns = contract.tables.get(ACCOUNTS);
    let columns = columns
        .into_iter()
        .flat_map(|table| table.scope.columns.keys());
    let title = format!("there is no account column and no measure `{name}`");
    contract
        .source
        .problem(name.span(), title)
        .nearest(name.get_ref(), columns.chain(measures).map(String::as_str))
}

/// Where the known accounts of one date went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headcount {
    /// Accounts that were known then.
    pub known: u64,
    /// Accounts kept out, by the name of the exclusion; the first that holds counts.
    pub excluded: IndexMap<String, u64>,
    /// Accounts that were not eligible.
    pub not_eligible: u64,
    /// Accounts in the panel.
    pub in_panel: u64,
}

/// Checks the conditions of the population against measures and account columns.
pub fn resolve(contract: &Contract, catalog: &Catalog, problems: &mut Problems) -> Population {
    let written = &contract.population;
    let mut condition = |text: &Spanned<String>| -> Option<Formula> {
        let checked = formula::parse(text.get_ref()).and_then(|parsed| {
            let wrong_elsewhere = parsed.names().iter().any(|name| {
                catalog.declared.contains(name) && !catalog.measures.contains_key(name)
            });
            if wrong_elsewhere {
                Ok(None)
            } else {
                formula::check(&parsed, &catalog.scope, Aggregates::Refused).map(Some)
            }
        });
        match checked {
            Ok(Some(expr)) if expr.kind == Kind::Boolean => Some(expr),
            Ok(Some(expr)) => {
                problems.push(contract.source.problem(
                    text.span(),
                    format!(
                        "the population needs a condition here, found a {}",
                        expr.kind
                    ),
                ));
                None
            }
            Ok(None) => None,
            Err(error) => {
                problems.push(formula::problem(&contract.source, text, &error));
                None
            }
        }
    };
    let eligible = written.eligible.as_ref().and_then(&mut condition);
    let exclude = written
        .exclude
        .iter()
        .filter_map(|(name, text)| Some((name.get_ref().clone(), condition(text)?)))
        .collect();
    let show = written
        .show
        .iter()
        .filter_map(|name| {
            let shown = Shown::of(name.get_ref(), contract, catalog);
            // What is wrong with a measure has been reported there.
            if shown.is_none() && !catalog.declared.contains(name.get_ref()) {
                problems.push(unknown(name, contract, catalog));
            }
            shown
        })
        .collect();
    Population {
        eligible,
        exclude,
        show,
    }
}

impl Population {
    /// Returns the measures and account columns the conditions read.
    #[must_use]
    pub fn reads(&self) -> Vec<String> {
        let conditions = self
            .eligible
            .iter()
            .chain(self.exclude.iter().map(|(_, condition)| condition));
        conditions
            .flat_map(|condition| condition.columns().into_iter().map(str::to_owned))
            .chain(self.show.iter().map(|shown| shown.name.clone()))
            .collect()
    }

    /// Keeps the pairs whose account belongs to the panel on that date.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn select(&self, measured: DataFrame) -> PolarsResult<Selected> {
        let holds = |condition: &Formula| row_wise(condition).fill_null(lit(false));
        let eligible = self.eligible.as_ref().map_or_else(
            || lit(NULL).cast(DataType::Int32),
            |condition| {
                when(holds(condition))
                    .then(lit(NULL))
                    .otherwise(lit(NOT_ELIGIBLE))
                    .cast(DataType::Int32)
            },
        );
        let why = self
            .exclude
            .iter()
            .enumerate()
            .rev()
            .fold(eligible, |rest, (n, (_, condition))| {
                when(holds(condition)).then(lit(n as i32)).otherwise(rest)
            });
        let mut judged = measured.lazy().with_column(why.alias("__out")).collect()?;
        let counts = judged
            .clone()
            .lazy()
            .group_by([col(AS_OF), col("__out")])
            .agg([len().cast(DataType::UInt64).alias("n")])
            .collect()?;
        let mut heads: IndexMap<NaiveDate, Headcount> = IndexMap::new();
        let dates = counts.column(AS_OF)?.date()?.as_date_iter();
        let outs = counts.column("__out")?.i32()?.iter();
        for ((date, out), n) in dates.zip(outs).zip(counts.column("n")?.u64()?.iter()) {
            let (Some(date), Some(n)) = (date, n) else {
                continue;
            };
            let head = heads.entry(date).or_insert_with(|| self.nobody());
            head.known += n;
            match out {
                None => head.in_panel += n,
                Some(NOT_ELIGIBLE) => head.not_eligible += n,
                Some(rule) => {
                    *head
                        .excluded
                        .entry(self.exclude[rule as usize].0.clone())
                        .or_default() += n
                }
            }
        }
        let stays = judged.drop_in_place("__out")?.is_null();
        // Not by the engine, which would leave the rows in pieces: then what is the same for all of them
        // is written out for each.
        let frame = judged.filter(&stays)?;
        Ok(Selected { frame, heads })
    }

    fn nobody(&self) -> Headcount {
        let excluded = self
            .exclude
            .iter()
            .map(|(name, _)| (name.clone(), 0))
            .collect();
        Headcount {
            excluded,
            ..Headcount::empty()
        }
    }
}

const NOT_ELIGIBLE: i32 = -1;

/// The panel after selection, and the count of everybody who is not in it.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The pairs that stay, with their measures.
    pub frame: DataFrame,
    /// By date.
    pub heads: IndexMap<NaiveDate, Headcount>,
}

impl Headcount {
    /// Returns the count of a date on which no account was known.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            known: 0,
            excluded: IndexMap::new(),
            not_eligible: 0,
            in_panel: 0,
        }
    }

    /// Returns a finding where nobody is left to score.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        (self.in_panel == 0).then(|| Finding {
            finding: "empty_panel",
            severity: Severity::Warning,
            subject: "accounts".into(),
            count: self.known,
            share: None,
            evidence: format!("of {} known accounts none is eligible and not excluded", self.known),
            advice: "check `eligible` and `exclude` of [population], and whether the contracts reach this date".into(),
        })
    }
}
