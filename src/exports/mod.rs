//! Inbound: find the exports, check what they promise, decode them once, and know of every row
//! on which dates it was the word of the warehouse.

pub mod as_of;
pub mod contract;
pub mod file;
pub mod ledger;
pub mod look;
pub mod lookup;
pub mod narrowed;
pub mod parquet_files;
pub mod rows;
mod rules;
pub mod scan;
pub mod statistics;
pub mod walk;

use indexmap::IndexMap;
use polars::prelude::*;

use contract::{ACCOUNTS, Contract, Owner, Unit};
use rows::Rows;
use scan::Demand;

use crate::trail::Trail;

/// Why an export could not be read although its footer could.
#[derive(Debug, thiserror::Error)]
#[error("export `{export}`: {cause}")]
pub struct ReadError {
    /// Our name of the export.
    pub export: String,
    /// What the reader said.
    pub cause: PolarsError,
}

/// The decoded exports that a run asked for.
#[derive(Debug, Clone)]
pub struct Exports {
    /// By our names, each behind the one it links to.
    pub tables: IndexMap<String, Rows>,
    /// What is scored, where it is not the account as a whole.
    pub unit: Option<Unit>,
}

/// What was read of an export, and what was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Our name of it.
    pub export: String,
    /// Rows decoded, and rows of its files that were not.
    pub rows: [u64; 2],
    /// Bytes read, and bytes of its files that were not.
    pub bytes: [u64; 2],
}

impl Exports {
    /// Returns what has been read by now.
    #[must_use]
    pub fn read(&self) -> Vec<Read> {
        let tables = self.tables.iter();
        tables
            .map(|(name, rows)| Read {
                export: name.clone(),
                rows: [
                    rows.decoded(),
                    rows.table.rows_in_files().saturating_sub(rows.decoded()),
                ],
                bytes: scan::bytes(&rows.table, &rows.demand),
            })
            .collect()
    }

    /// Returns the accounts, which are always there.
    ///
    /// # Panics
    /// Never: [`load`] reads them first.
    #[must_use]
    pub fn accounts(&self) -> &Rows {
        &self.tables[ACCOUNTS]
    }

    /// Returns an export that could not be read when its rows were asked for, if there is one.
    #[must_use]
    pub fn unreadable(&self) -> Option<String> {
        let mut tables = self.tables.iter();
        let found = tables.find(|(_, rows)| rows.is_unreadable());
        found.map(|(name, _)| name.clone())
    }
}

/// Decodes every demanded export, and those it links to, once each.
///
/// # Errors
/// When a file cannot be read.
pub fn load(
    contract: &Contract,
    demands: &IndexMap<String, Demand>,
    trail: &mut Trail<'_>,
) -> Result<Exports, ReadError> {
    let mut tables: IndexMap<String, Rows> = IndexMap::new();
    for (name, table) in &contract.tables {
        let Some(demand) = demands.get(name) else {
            continue;
        };
        trail.step(&format!("reading {name}"));
        let parent = match &table.owner {
            Owner::Via { table, .. } => tables.get(table),
            Owner::Account(_) if name == ACCOUNTS => None,
            Owner::Everybody => None,
            Owner::Account(_) => tables.get(ACCOUNTS),
        };
        let rows = Rows::open(table, demand, parent).map_err(|cause| ReadError {
            export: name.clone(),
            cause,
        })?;
        tables.insert(name.clone(), rows);
    }
    Ok(Exports {
        tables,
        unit: contract.unit.clone(),
    })
}
