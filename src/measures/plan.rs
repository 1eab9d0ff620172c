//! What a run needs: the measures its model asks for, what they rest on, and what that asks of
//! each export. Measures that nobody asks for cost nothing.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};

use super::catalog::{Catalog, Definition, Measure, RowMeasure};
use super::folded::can_fold;
use crate::domain::DayCount;
use crate::exports::contract::{ACCOUNTS, Contract, Observed, Owner, Table};
use crate::exports::scan::Demand;
use crate::formula::Expr;

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
    /// From so many rows of an export on, it is walked through where all that is asked of it folds.
    pub walk_from: usize,
}

/// Fewer rows are grouped sooner than a walk is planned: measured with ten measures over one
/// export, on one date.
const WALK_FROM: usize = 100_000;

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
            walk_from: WALK_FROM,
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

    /// Returns the measures in the order of their computation: a measure over rows that reads
    /// something of the account waits for a later stage than that.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage<'_>> {
        staged(self.measures.iter())
    }

    /// Returns the same for the named measures and those they rest on alone.
    #[must_use]
    pub fn stages_of(&self, names: &BTreeSet<&str>) -> Vec<Stage<'_>> {
        let mut wanted: BTreeSet<&str> = names.clone();
        for measure in self.measures.iter().rev() {
            if wanted.contains(measure.name.as_str()) {
                wanted.extend(measure.parts());
            }
        }
        staged(
            self.measures
                .iter()
                .filter(|measure| wanted.contains(measure.name.as_str())),
        )
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

    /// Returns whether some of what is asked of a table's rows can be added up one by one, and they
    /// are so many that this is worth it.
    #[must_use]
    pub fn folds(&self, table: &Table) -> bool {
        let carried: BTreeSet<&str> = self.carried.iter().map(|(name, _)| name.as_str()).collect();
        // Carried values are looked for later, on dates of which nothing is known yet.
        let is_carried = (self.stages_of(&carried).iter())
            .any(|stage| !carried.is_empty() && !stage.over(&table.name).is_empty());
        table.rows_in_files() >= self.walk_from as u64
            && !self.rows.contains_key(&table.name)
            && !is_carried
            && (self.over(&table.name)).any(|(_, measure)| can_fold(table, measure))
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
        let Some(oldest) = all.first().copied() else {
            return IndexMap::new();
        };
        let mut wanted = Wanted {
            contract,
            tables: IndexMap::new(),
        };
        wanted.table(ACCOUNTS).from_first_row = true;
        for attribute in &self.attributes {
            wanted.name(ACCOUNTS, attribute);
        }
        for measure in &self.measures {
            if let Definition::Rows(rows) = &measure.definition {
                wanted.table(&rows.table);
                for name in rows.of_rows().flat_map(Expr::columns) {
                    wanted.name(&rows.table, name);
                }
            }
        }
        for (table, columns) in &self.rows {
            wanted.table(table).from_first_row = true;
            for column in columns {
                wanted.name(table, column);
            }
        }
        if let Some(unit) = &contract.unit {
            // Which parts an account has is asked from the first row on.
            wanted.table(&unit.table).from_first_row = true;
        }
        wanted.follow_links();
        wanted
            .tables
            .into_iter()
            .filter_map(|(name, wanted)| {
                let table = contract.tables.get(&name)?;
                let since = if wanted.from_first_row {
                    None
                } else {
                    self.since(table, oldest)
                };
                let demand = Demand {
                    columns: wanted.columns.into_iter().collect(),
                    taken: wanted.taken.into_iter().collect(),
                    part: contract
                        .unit
                        .as_ref()
                        .filter(|unit| table.names_part(unit))
                        .map(|unit| unit.column.clone()),
                    since,
                    dates: all.clone(),
                    may_be_walked: self.folds(table),
                    counted_on: Vec::new(),
                };
                Some((name, demand))
            })
            .collect()
    }
}

/// Measures that can be computed together.
#[derive(Debug, Default)]
pub struct Stage<'a> {
    /// Over the rows of exports.
    pub rows: Vec<(&'a Measure, &'a RowMeasure)>,
    /// Over other measures, those first that rest on no other formula of the stage.
    pub formulas: Vec<Vec<(&'a Measure, &'a Expr)>>,
}

impl<'a> Stage<'a> {
    /// Returns the measures over the rows of a table, in order.
    #[must_use]
    pub fn over(&self, table: &str) -> Vec<(&'a Measure, &'a RowMeasure)> {
        let of_table = |(_, rows): &&(&Measure, &RowMeasure)| rows.table == table;
        self.rows.iter().filter(of_table).copied().collect()
    }
}

/// Puts measures that stand behind those they are made from in stages.
fn staged<'a>(measures: impl Iterator<Item = &'a Measure>) -> Vec<Stage<'a>> {
    let mut places: IndexMap<&str, (usize, usize)> = IndexMap::new();
    let mut stages: Vec<Stage<'a>> = Vec::new();
    for measure in measures {
        let below = measure
            .parts()
            .into_iter()
            .filter_map(|part| places.get(part))
            .max();
        let (stage, level) = match (&measure.definition, below) {
            (Definition::Rows(_), None) => (0, 0),
            (Definition::Rows(_), Some((stage, _))) => (stage + 1, 0),
            (Definition::Formula(_), None) => (0, 1),
            (Definition::Formula(_), Some((stage, level))) => (*stage, level + 1),
        };
        places.insert(&measure.name, (stage, level));
        stages.resize_with(stages.len().max(stage + 1), Stage::default);
        match &measure.definition {
            Definition::Rows(rows) => stages[stage].rows.push((measure, rows)),
            Definition::Formula(expr) => {
                let levels = &mut stages[stage].formulas;
                levels.resize_with(levels.len().max(level), Vec::new);
                levels[level - 1].push((measure, expr));
            }
        }
    }
    stages
}

/// What is asked of each export, while it is being found out.
struct Wanted<'a> {
    contract: &'a Contract,
    tables: IndexMap<String, WantedTable>,
}

#[derive(Default)]
struct WantedTable {
    columns: BTreeSet<String>,
    taken: BTreeSet<String>,
    from_first_row: bool,
}

impl Wanted<'_> {
    fn table(&mut self, table: &str) -> &mut WantedTable {
        self.tables.entry(table.to_owned()).or_default()
    }

    /// Asks for a name of a table: a column of its own, or one that it takes from another.
    fn name(&mut self, table: &str, name: &str) {
        let contract = self.contract;
        let found = contract.tables.get(table);
        let Some((found, lookup)) = found.and_then(|found| Some((found, found.lookup_of(name)?)))
        else {
            let currency = contract.tables.get(table).and_then(|found| {
                let currency = found.money.get(name)?;
                Some(found.base(currency).into_iter().map(str::to_owned))
            });
            let wanted = self.table(table);
            wanted.columns.insert(name.to_owned());
            wanted.columns.extend(currency.into_iter().flatten());
            return;
        };
        let columns = |table: &Table, name: &str| -> Vec<String> {
            table.base(name).into_iter().map(str::to_owned).collect()
        };
        let wanted = self.table(table);
        wanted.taken.insert(name.to_owned());
        wanted.columns.extend(columns(found, &lookup.column));
        if let Some(target) = contract.tables.get(&lookup.table) {
            let wanted = self.table(&lookup.table);
            wanted.from_first_row = true;
            wanted.columns.extend(columns(target, &lookup.on));
            wanted.columns.extend(columns(target, &lookup.take[name]));
        }
    }

    /// Asks for the tables through which others reach their accounts, from their first rows on.
    fn follow_links(&mut self) {
        let mut linked: Vec<String> = self.tables.keys().cloned().collect();
        while let Some(name) = linked.pop() {
            let owner = self.contract.tables.get(&name).map(|table| &table.owner);
            if let Some(Owner::Via { table, .. }) = owner {
                if !self.tables.contains_key(table) {
                    linked.push(table.clone());
                }
                self.table(table).from_first_row = true;
            }
        }
    }
}
