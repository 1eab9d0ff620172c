//! From `exports.toml` as written to the contract as meant.

use std::path::Path;

use chrono_tz::Tz;
use indexmap::IndexMap;

use super::links::{check_conditions, check_observed, in_link_order};
use super::{ACCOUNTS, Contract, Table};
use super::{calendar, lookups, money};
use crate::config::{Problems, Source};
use crate::exports::file::{ExportsFile, TableFile, Text};
use crate::formula::Clock;

/// Resolves `exports.toml` against the files below `data`; `currency` is the one the job counts in.
///
/// Tables whose files cannot be read are left out of the result and stand in `problems`, so that
/// one run reports everything.
pub fn resolve(
    file: &ExportsFile,
    source: &Source,
    data: &Path,
    currency: Option<&str>,
    problems: &mut Problems,
) -> Contract {
    let clock = Clock {
        zone: zone(file.timezone.as_ref(), source, problems).unwrap_or(Tz::UTC),
        calendar: calendar::resolve(file.calendar.as_ref(), source, problems),
    };
    let names: Vec<&str> = file
        .tables
        .keys()
        .map(|name| name.get_ref().as_str())
        .collect();
    if !names.contains(&ACCOUNTS) {
        let problem = source.problem(0..0, "there is no table `accounts`");
        problems.push(
            problem
                .help("the one table that is required: one row an account, at least with its key"),
        );
    }
    let mut tables = IndexMap::new();
    for (name, written) in &file.tables {
        let before = problems.0.len();
        let table = Resolver {
            source,
            file: written,
            table: name,
            all: &file.tables,
            currency,
            clock: Clock {
                zone: zone(written.timezone.as_ref(), source, problems).unwrap_or(clock.zone),
                calendar: clock.calendar.clone(),
            },
        }
        .table(data, problems);
        if let Some(table) = table
            && problems.0.len() == before
        {
            tables.insert(name.get_ref().clone(), table);
        }
    }
    lookups::resolve(file, source, &mut tables, problems);
    money::look_up_rates(file.rates.as_ref(), currency, source, &mut tables, problems);
    check_observed(file, source, &mut tables, problems);
    check_conditions(file, source, &mut tables, problems);
    let declared = names.into_iter().map(str::to_owned).collect();
    Contract {
        declared,
        unit: None,
        currency: currency.map(str::to_owned),
        tables: in_link_order(tables, file, source, problems),
        population: file.population.clone(),
        parents: file.parents.clone(),
        source: source.clone(),
    }
}

fn zone(text: Option<&Text>, source: &Source, problems: &mut Problems) -> Option<Tz> {
    let text = text?;
    match text.get_ref().parse() {
        Ok(zone) => Some(zone),
        Err(_) => {
            let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
            problems.push(
                source
                    .problem(text.span(), format!("`{text}` is not a time zone"))
                    .nearest(text.get_ref(), names),
            );
            None
        }
    }
}

/// One table on its way from written to meant.
pub(super) struct Resolver<'a> {
    pub(super) source: &'a Source,
    pub(super) file: &'a TableFile,
    pub(super) table: &'a Text,
    pub(super) all: &'a IndexMap<Text, TableFile>,
    pub(super) currency: Option<&'a str>,
    pub(super) clock: Clock,
}

impl Resolver<'_> {
    fn table(&self, data: &Path, problems: &mut Problems) -> Option<Table> {
        let file = self.file;
        let files = self.files(data, problems)?;
        let (columns, unusable) = self.columns(&files, problems);
        let (scope, money) = self.scope(&columns, unusable, problems);
        let table = Table {
            name: self.table.get_ref().clone(),
            key: self.key(&scope, problems),
            owner: self.owner(&scope, problems),
            lookups: Vec::new(),
            condition: None,
            time: self.date(file.time.as_ref(), &scope, problems),
            history: self.history(&files, &scope, problems),
            known: self.known(&scope, problems),
            current: file
                .current
                .iter()
                .filter_map(|column| self.column(column, &scope, problems))
                .collect(),
            money,
            fresh_within: file.fresh_within,
            observed: self.observed(problems),
            rules: self.rules(&columns, &scope, problems),
            before_parent: file.before_parent,
            files,
            columns,
            scope,
            zone: self.clock.zone,
        };
        self.structural(&table, problems);
        Some(table)
    }
}
