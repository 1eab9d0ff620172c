//! What a run needs: the measures its model asks for, what they rest on, and what that asks of
//! each export. Measures that nobody asks for cost nothing.

use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};

use super::catalog::{Catalog, Definition, Measure, RowMeasure};
use crate::domain::DayCount;
use crate::exports::contract::{ACCOUNTS, Contract, Observed, Owner, Table};
use crate::exports::scan::Demand;

/// Steps in which a carried value is looked for: the newest of as-of − 7, − 14, … days.
pub const CARRY_STEP: DayCount = DayCount(7);

/// The measures of a run.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Each behind those it is made from.
    pub measures: Vec<Measure>,
    /// Account columns that formulas and reports read.
    pub attributes: Vec<String>,
    /// Measures whose last value serves for a while, and for how long.
    pub carried: IndexSet<(String, DayCount)>,
    /// Columns of exports whose rows are wanted as they are, from the first on.
    pub rows: IndexMap<String, Vec<String>>,
}

impl Plan {
    /// Returns the plan for the named measures and account columns, and all they rest on.
    ///
    /// Names that are neither are passed over: whoever wrote them has been told.
    #[must_use]
    pub fn of(
        catalog: &Catalog,
        contract: &Contract,
        names: &[String],
        carried: IndexSet<(String, DayCount)>,
    ) -> Self {
        let mut wanted: Vec<String> = names.to_vec();
        for table in contract.tables.values() {
            // Which accounts an export covers may be a question to the accounts.
            if let Observed::Where(condition) = &table.observed {
                wanted.extend(condition.columns().into_iter().map(str::to_owned));
            }
        }
        let wanted = catalog.closure(&wanted);
        let accounts = contract.tables.get(ACCOUNTS);
        let is_column =
            |name: &str| accounts.is_some_and(|accounts| accounts.columns.contains_key(name));
        let mut attributes: Vec<String> = wanted
            .iter()
            .filter(|name| is_column(name))
            .cloned()
            .collect();
        attributes.sort();
        attributes.dedup();
        let measures = catalog
            .measures
            .values()
            .filter(|measure| wanted.contains(&measure.name))
            .cloned()
            .collect();
        Self {
            measures,
            attributes,
            carried,
            rows: IndexMap::new(),
        }
    }

    /// Returns the measures over the rows of a table, in order.
    pub fn over<'a>(
        &'a self,
        table: &'a str,
    ) -> impl Iterator<Item = (&'a Measure, &'a RowMeasure)> {
        self.measures
            .iter()
            .filter_map(move |measure| match &measure.definition {
                Definition::Rows(rows) if rows.table == table => Some((measure, rows)),
                _ => None,
            })
    }

    /// Returns how many days before an as-of date a table is looked at; `None` if from its first
    /// row on.
    #[must_use]
    pub fn reach(&self, table: &Table) -> Option<u32> {
        if self.rows.contains_key(&table.name) {
            return None;
        }
        let mut reach = table.fresh_within.map_or(0, |limit| limit.0);
        for (_, rows) in self.over(&table.name) {
            reach = reach.max(rows.window.reach()?);
        }
        Some(reach)
    }

    /// Returns the first event date that matters to a table at an as-of date.
    #[must_use]
    pub fn since(&self, table: &Table, as_of: NaiveDate) -> Option<NaiveDate> {
        self.reach(table).map(|reach| DayCount(reach).before(as_of))
    }

    /// Returns the dates at which a missing value is looked for, before each of the given ones.
    #[must_use]
    pub fn carry_dates(&self, as_of: NaiveDate) -> Vec<NaiveDate> {
        let longest = self
            .carried
            .iter()
            .map(|(_, validity)| validity.0)
            .max()
            .unwrap_or(0);
        (1..=longest / CARRY_STEP.0)
            .map(|step| DayCount(step * CARRY_STEP.0).before(as_of))
            .collect()
    }

    /// Returns what the plan asks of each export for a set of as-of dates.
    #[must_use]
    pub fn demands(&self, contract: &Contract, dates: &[NaiveDate]) -> IndexMap<String, Demand> {
        let mut all: Vec<NaiveDate> = dates
            .iter()
            .flat_map(|date| self.carry_dates(*date).into_iter().chain([*date]))
            .collect();
        all.sort();
        all.dedup();
        let mut wanted: IndexMap<String, Vec<String>> = IndexMap::new();
        wanted.insert(ACCOUNTS.to_owned(), self.attributes.clone());
        for (table, columns) in &self.rows {
            wanted
                .entry(table.clone())
                .or_default()
                .extend(columns.iter().cloned());
        }
        for measure in &self.measures {
            let Definition::Rows(rows) = &measure.definition else {
                continue;
            };
            let columns = wanted.entry(rows.table.clone()).or_default();
            let arguments = rows
                .summaries
                .iter()
                .flat_map(|summary| summary.arguments.iter().chain(&summary.filter));
            for expr in arguments.chain(&rows.condition) {
                columns.extend(expr.columns().into_iter().map(str::to_owned));
            }
        }
        let mut linked: Vec<String> = wanted.keys().cloned().collect();
        while let Some(name) = linked.pop() {
            if let Some(Owner::Via { table, .. }) =
                contract.tables.get(&name).map(|table| &table.owner)
                && !wanted.contains_key(table)
            {
                wanted.insert(table.clone(), Vec::new());
                linked.push(table.clone());
            }
        }
        wanted
            .into_iter()
            .filter_map(|(name, mut columns)| {
                let table = contract.tables.get(&name)?;
                columns.sort();
                columns.dedup();
                let oldest = all.first().copied()?;
                // What others hang on, and the accounts themselves, are wanted from their first row on.
                let link = contract.tables.values().any(
                    |other| matches!(&other.owner, Owner::Via { table, .. } if *table == name),
                );
                let since = if link || name == ACCOUNTS {
                    None
                } else {
                    self.since(table, oldest)
                };
                Some((
                    name,
                    Demand {
                        columns,
                        since,
                        dates: all.clone(),
                    },
                ))
            })
            .collect()
    }
}
