//! Whether the keys of rows stand once, without keeping them.

use std::collections::{HashMap, HashSet};

use polars::prelude::*;

use super::NO_DAY;
use super::places::{NOWHERE, Names};
use super::prints::Numbering;
use crate::exports::contract::{Table, kind_of};
use crate::formula::Kind;

/// The keys that have been seen.
pub(super) enum Keys {
    /// There are none to look at.
    None,
    /// A link and a day: a bit for each, as few days are at hand at a time.
    OfDays(Days),
    /// Anything else, by a number for each.
    Numbered(Numbered),
}

impl Keys {
    /// `rows` is how many there are at most.
    pub(super) fn of(table: &Table, rows: u64) -> Self {
        let names: HashSet<&str> = table.key.iter().map(String::as_str).collect();
        let is_day = |name: &&String| kind_of(&table.scope, name) == Some(Kind::Date);
        let time = table.time.as_ref().filter(is_day);
        let link_and_day = table.owner.column().zip(time.map(String::as_str));
        match link_and_day {
            _ if table.key.is_empty() => Self::None,
            Some((link, day)) if names == HashSet::from([link, day]) => Self::OfDays(Days {
                bits: Vec::new(),
                by_day: HashMap::new(),
                last: (NO_DAY, 0),
                astray: HashSet::new(),
            }),
            _ => Self::Numbered(Numbered::of(table, rows)),
        }
    }

    /// Returns the columns of the key that are looked at.
    pub(super) fn columns(table: &Table) -> impl Iterator<Item = (String, &String)> {
        let keys = table.key.iter().enumerate();
        keys.map(|(n, name)| (telling_column(n), name))
    }
}

fn telling_column(n: usize) -> String {
    format!("__telling_{n}")
}

/// For each day the links that have had an event.
pub(super) struct Days {
    bits: Vec<Vec<u64>>,
    by_day: HashMap<i32, usize>,
    last: (i32, usize),
    /// Rows of links that lead nowhere.
    astray: HashSet<(u64, i32)>,
}

impl Days {
    /// Takes keys on, but for rows without a date, and returns whether one may stand twice or is
    /// missing.
    pub(super) fn take(
        &mut self,
        places: &[u32],
        days: &[i32],
        names: &Names,
        texts: &StringChunked,
        links: usize,
    ) -> bool {
        for (n, (place, day)) in places.iter().zip(days).enumerate() {
            if *day == NO_DAY {
                continue;
            }
            if *place == NOWHERE {
                let text = texts.get(n).filter(|text| !text.is_empty());
                let is_new = |text| self.astray.insert((names.number(text), *day));
                if !text.is_some_and(is_new) {
                    return true;
                }
                continue;
            }
            if *day != self.last.0 {
                let at = *self.by_day.entry(*day).or_insert(self.bits.len());
                if at == self.bits.len() {
                    self.bits.push(vec![0; links.div_ceil(64)]);
                }
                self.last = (*day, at);
            }
            let word = &mut self.bits[self.last.1][*place as usize / 64];
            let bit = 1u64 << (place % 64);
            if *word & bit != 0 {
                return true;
            }
            *word |= bit;
        }
        false
    }
}

/// Of a number, its place and half of its bits are kept: enough to be sure that keys stand once
/// where no two numbers meet. Where two do, their keys may still differ; who then compares them is
/// [`super::super::rows`].
pub(super) struct Numbered {
    columns: Vec<(String, Numbering)>,
    slots: Vec<u32>,
    taken: usize,
    numbers: Vec<u64>,
    scratch: Vec<u64>,
}

impl Numbered {
    fn of(table: &Table, rows: u64) -> Self {
        let room = usize::try_from(rows).unwrap_or(usize::MAX / 4);
        let columns = Keys::columns(table).zip(1u64..);
        Self {
            columns: columns
                .map(|((column, _), seed)| (column, Numbering::new(seed)))
                .collect(),
            slots: vec![0; (room + room / 2).next_power_of_two().max(64)],
            taken: 0,
            numbers: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Takes keys on, but for rows without a date, and returns whether one may stand twice or is
    /// missing.
    pub(super) fn take(&mut self, batch: &DataFrame, days: &[i32]) -> PolarsResult<bool> {
        self.numbers.clear();
        self.numbers.resize(days.len(), 0);
        for (name, numbering) in &self.columns {
            let column = batch.column(name)?;
            if is_missing(column, days)? {
                return Ok(true);
            }
            numbering.number(column, &mut self.scratch)?;
            for (sum, number) in self.numbers.iter_mut().zip(&self.scratch) {
                *sum = sum.wrapping_add(*number).rotate_left(23);
            }
        }
        let last = self.slots.len() - 1;
        let shift = 64 - self.slots.len().trailing_zeros();
        for (number, day) in self.numbers.iter().zip(days) {
            if *day == NO_DAY {
                continue;
            }
            let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mut slot = (number >> shift) as usize;
            let tag = (number as u32).max(1);
            while self.slots[slot] != 0 {
                if self.slots[slot] == tag {
                    return Ok(true);
                }
                slot = (slot + 1) & last;
            }
            self.slots[slot] = tag;
            self.taken += 1;
        }
        Ok(self.taken > self.slots.len() / 8 * 7)
    }
}

/// Returns whether a part of a key is missing from a row with a date.
fn is_missing(column: &Column, days: &[i32]) -> PolarsResult<bool> {
    if column.dtype() == &DataType::String {
        let cells = column.str()?.iter().zip(days);
        let mut cells = cells.filter(|(_, day)| **day != NO_DAY);
        return Ok(cells.any(|(text, _)| text.is_none_or(str::is_empty)));
    }
    if column.null_count() == 0 {
        return Ok(false);
    }
    let is_null = column.is_null();
    Ok(is_null
        .iter()
        .zip(days)
        .any(|(is_null, day)| is_null == Some(true) && *day != NO_DAY))
}
