//! The numbers by which rows stand in the fingerprint of their export.
//!
//! They are those of [`fingerprint`](crate::exports::rows::fingerprint), worked out for a few
//! thousand rows at a time in memory that is used again.

use std::hash::BuildHasher;

use chrono::NaiveDate;
use polars::prelude::*;

use super::all_rows;
use crate::exports::as_of::{ACCOUNT, day};
use crate::exports::contract::{Table, kind_of};
use crate::exports::rows::Links;
use crate::exports::scan::LINK;
use crate::formula::Kind;

/// Numbers for the cells of a column: what [`all_rows::hash`] gives for a seed.
#[derive(Clone)]
pub(super) struct Numbering {
    pub(super) state: PlSeedableRandomStateQuality,
}

impl Numbering {
    pub(super) fn new(seed: u64) -> Self {
        Self::seeded(seed, all_rows::SEEDS)
    }

    /// Returns the one that makes a row's number of the sum of those of its cells.
    fn of_sums() -> Self {
        let [first, rest @ ..] = all_rows::SEEDS_OF_SUM;
        Self::seeded(first, rest)
    }

    fn seeded(seed: u64, [one, two, three]: [u64; 3]) -> Self {
        let seed = PlFixedStateQuality::default().hash_one((seed, one, two, three));
        Self {
            state: PlSeedableRandomStateQuality::seed_from_u64(seed),
        }
    }

    /// Puts the numbers of a column's cells in the place of what `numbers` held.
    pub(super) fn number(&self, column: &Column, numbers: &mut Vec<u64>) -> PolarsResult<()> {
        let cells = column.as_materialized_series().to_physical_repr();
        let state = self.state.clone();
        match cells.dtype() {
            DataType::Int64 => cells.i64()?.vec_hash(state, numbers),
            DataType::Int32 => cells.i32()?.vec_hash(state, numbers),
            DataType::Float64 => cells.f64()?.vec_hash(state, numbers),
            DataType::String => cells.str()?.vec_hash(state, numbers),
            DataType::Boolean => cells.bool()?.vec_hash(state, numbers),
            _ => {
                let hashed = cells.hash(state);
                numbers.clear();
                numbers.extend(hashed.into_no_null_iter());
                Ok(())
            }
        }
    }
}

/// A cell that becomes known at a moment of its own.
struct Later {
    column: String,
    numbering: Numbering,
    /// The column of the day on which it does.
    known_on: String,
    numbers: Vec<u64>,
    days: Vec<i32>,
    null: u64,
}

/// Works out the numbers of rows.
pub(super) struct Prints {
    /// The sum of the numbers of all that a link says, by its place.
    of_places: Vec<u64>,
    fixed: Vec<(String, Numbering)>,
    later: Vec<Later>,
    of_sums: Numbering,
    /// The sums over the cells that are fixed.
    sums: Vec<u64>,
    scratch: Vec<u64>,
}

impl Prints {
    /// `base` are the columns that are read of the files.
    pub(super) fn of(table: &Table, base: Vec<String>, links: &Links) -> PolarsResult<Self> {
        let columns = all_rows::content(base);
        let mut of_places = vec![0u64; links.frame.height()];
        let mut scratch = Vec::new();
        let mut add = |column: &str, seed: u64| -> PolarsResult<()> {
            Numbering::new(seed).number(links.frame.column(column)?, &mut scratch)?;
            for (sum, number) in of_places.iter_mut().zip(&scratch) {
                *sum = sum.wrapping_add(*number);
            }
            Ok(())
        };
        let (mut fixed, mut later) = (Vec::new(), Vec::new());
        for (name, seed) in columns.iter().zip(1u64..) {
            let is_link = table.owner.column() == Some(name.as_str())
                && kind_of(&table.scope, name) == Some(Kind::Text);
            match table.known.get(name) {
                _ if name == LINK => add(LINK, seed)?,
                None if is_link => add(LINK, seed)?,
                None => fixed.push((name.clone(), Numbering::new(seed))),
                Some(_) => later.push(Later {
                    column: name.clone(),
                    numbering: Numbering::new(seed),
                    known_on: known_on(name),
                    numbers: Vec::new(),
                    days: Vec::new(),
                    null: 0,
                }),
            }
        }
        // Where a row hangs on another, what it is worth lies in the account it leads to.
        add(ACCOUNT, columns.len() as u64 + 1)?;
        Ok(Self {
            of_places,
            fixed,
            later,
            of_sums: Numbering::of_sums(),
            sums: Vec::new(),
            scratch,
        })
    }

    /// Takes a batch on.
    pub(super) fn take(&mut self, batch: &DataFrame, places: &[u32]) -> PolarsResult<()> {
        // What leads nowhere is not seen, and so in no fingerprint.
        let of_place = |place: &u32| self.of_places.get(*place as usize).copied().unwrap_or(0);
        self.sums.clear();
        self.sums.extend(places.iter().map(of_place));
        for (column, numbering) in &self.fixed {
            numbering.number(batch.column(column)?, &mut self.scratch)?;
            for (sum, number) in self.sums.iter_mut().zip(&self.scratch) {
                *sum = sum.wrapping_add(*number);
            }
        }
        for later in &mut self.later {
            let column = batch.column(&later.column)?;
            later.numbering.number(column, &mut later.numbers)?;
            let nothing = Column::full_null("".into(), 1, column.dtype());
            later.numbering.number(&nothing, &mut self.scratch)?;
            later.null = self.scratch[0];
            later.days.clear();
            let days = batch.column(&later.known_on)?.date()?.physical();
            later
                .days
                .extend(days.iter().map(|day| day.unwrap_or(i32::MAX)));
        }
        Ok(())
    }

    /// Returns whether rows have other numbers on other dates.
    pub(super) fn differ(&self) -> bool {
        !self.later.is_empty()
    }

    /// Works out the numbers of the batch as its rows were known on a date.
    pub(super) fn on(&self, as_of: NaiveDate, prints: &mut Vec<u64>) {
        prints.clear();
        prints.extend_from_slice(&self.sums);
        for later in &self.later {
            let cells = later.numbers.iter().zip(&later.days);
            for (print, (number, known_on)) in prints.iter_mut().zip(cells) {
                let number = match *known_on <= day(as_of) {
                    true => number,
                    false => &later.null,
                };
                *print = print.wrapping_add(*number);
            }
        }
        for print in prints {
            *print = self.of_sums.state.hash_one(*print);
        }
    }
}

/// Returns the column of the day on which a cell becomes known.
pub(super) fn known_on(column: &str) -> String {
    format!("__known_on_{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_the_numbers_that_the_plain_expression_gives() {
        let date = |n: i32| NaiveDate::default() + chrono::Duration::days(n.into());
        let frame = df!(
            "whole" => [Some(-3i64), None, Some(7)],
            "part" => [Some(0.5), Some(-0.0), None],
            "text" => [Some("a"), None, Some("a text that is too long to stand in a view")],
            "truth" => [Some(true), Some(false), None],
            "day" => [Some(date(-1)), None, Some(date(20_000))],
        )
        .unwrap();
        for column in frame.columns() {
            let name = column.name().as_str();
            for seed in [1, 7] {
                let plain = all_rows::hash(col(name), seed);
                let plain = frame.clone().lazy().select([plain]).collect().unwrap();
                let mut numbers = vec![5; 9];
                Numbering::new(seed).number(column, &mut numbers).unwrap();
                let plain = plain.columns()[0].u64().unwrap().clone();
                assert_eq!(
                    numbers,
                    plain.into_no_null_iter().collect::<Vec<_>>(),
                    "{name}"
                );
            }
        }
        let sums = df!("sum" => [0u64, u64::MAX]).unwrap().lazy();
        let plain = sums
            .select([all_rows::hash_of_sum(col("sum"))])
            .collect()
            .unwrap();
        let own = [0, u64::MAX].map(|sum: u64| Numbering::of_sums().state.hash_one(sum));
        assert_eq!(plain.columns()[0].u64().unwrap().get(0), Some(own[0]));
        assert_eq!(plain.columns()[0].u64().unwrap().get(1), Some(own[1]));
    }
}
