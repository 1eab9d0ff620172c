//! The links of an export, numbered from zero, and how a row finds its own.

use polars::prelude::*;

use super::prints::Numbering;
use crate::exports::as_of::{ACCOUNT, CODE, FROM, TO};
use crate::exports::rows::{BEGAN, Links};
use crate::exports::scan::LINK;

/// The place of a row whose link leads nowhere, or which has no date.
pub const NOWHERE: u32 = u32::MAX;

/// The links of an export, in an order of their own.
#[derive(Debug, Clone)]
pub struct Places {
    /// The number of the account each leads to.
    pub codes: Vec<IdxSize>,
    /// The first day on which it does.
    pub from: Vec<i32>,
    /// The first day on which it no longer does.
    pub to: Vec<i32>,
}

impl Places {
    pub(super) fn of(links: &Links) -> PolarsResult<Self> {
        let days = |name: &str| -> PolarsResult<Vec<i32>> {
            let days = links.frame.column(name)?.date()?.physical().clone();
            Ok(days.into_no_null_iter().collect())
        };
        let codes = links.frame.column(CODE)?.idx()?;
        Ok(Self {
            codes: codes.into_no_null_iter().collect(),
            from: days(FROM)?,
            to: days(TO)?,
        })
    }

    /// Returns whether every link leads to its account on a day.
    #[must_use]
    pub fn all_lead(&self, day: i32) -> bool {
        self.from.iter().all(|from| *from <= day) && self.to.iter().all(|to| day < *to)
    }

    /// Returns whether a link leads to its account on a day.
    #[must_use]
    pub fn leads(&self, place: usize, day: i32) -> bool {
        self.from[place] <= day && day < self.to[place]
    }

    /// Returns how many numbers the accounts need.
    #[must_use]
    pub fn accounts(&self) -> usize {
        (self.codes.iter().max()).map_or(0, |code| *code as usize + 1)
    }
}

impl Links {
    /// Returns the first day on which what is linked to was there; the first of all where that is
    /// not known.
    pub(super) fn began(&self) -> PolarsResult<Vec<i32>> {
        let began = self.frame.column(BEGAN)?.date()?.physical().clone();
        Ok(began
            .iter()
            .map(|day| day.unwrap_or(super::NO_DAY))
            .collect())
    }

    /// Returns the first visible date of each account that has one, from the first day of an event
    /// of each link.
    pub(super) fn first_seen(&self, first: &[i32]) -> PolarsResult<DataFrame> {
        const DAY: &str = "__day";
        const SEEN: &str = "__seen";
        let day = col(DAY).cast(DataType::Date);
        let from = when(day.clone().gt(col(FROM)))
            .then(day)
            .otherwise(col(FROM));
        let mut seen = self.frame.select([ACCOUNT, FROM, TO])?;
        seen.with_column(Column::new(DAY.into(), first))?;
        seen.lazy()
            .filter(col(DAY).lt(lit(i32::MAX)))
            .select([col(ACCOUNT), from.alias(SEEN), col(TO)])
            .filter(col(SEEN).lt(col(TO)))
            .group_by([col(ACCOUNT)])
            .agg([col(SEEN).min()])
            .collect()
    }
}

/// Finds places by the texts that rows link with.
pub(super) struct Names {
    /// A part of a text's number and its place, or [`NOWHERE`]; a power of two of them.
    slots: Vec<(u32, u32)>,
    texts: StringChunked,
    numbering: Numbering,
    /// The numbers of the texts of a batch.
    pub(super) numbers: Vec<u64>,
}

impl Names {
    pub(super) fn of(links: &Links) -> PolarsResult<Self> {
        let texts = links.frame.column(LINK)?.str()?.rechunk().into_owned();
        let numbering = Numbering::new(0);
        let mut numbers = Vec::new();
        texts.vec_hash(numbering.state.clone(), &mut numbers)?;
        let room = (2 * texts.len().max(1)).next_power_of_two();
        let mut slots = vec![(0, NOWHERE); room];
        for (number, place) in numbers.iter().zip(0u32..) {
            let mut slot = *number as usize & (room - 1);
            while slots[slot].1 != NOWHERE {
                slot = (slot + 1) & (room - 1);
            }
            slots[slot] = ((number >> 32) as u32, place);
        }
        Ok(Self {
            slots,
            texts,
            numbering,
            numbers,
        })
    }

    /// Finds the places of texts.
    pub(super) fn find(
        &mut self,
        texts: &StringChunked,
        places: &mut Vec<u32>,
    ) -> PolarsResult<()> {
        texts.vec_hash(self.numbering.state.clone(), &mut self.numbers)?;
        let known = self.texts.downcast_as_array();
        let last = self.slots.len() - 1;
        places.clear();
        let of_text = |(text, number): (Option<&str>, &u64)| {
            let Some(text) = text else {
                return NOWHERE;
            };
            let mut slot = *number as usize & last;
            loop {
                let (tag, place) = self.slots[slot];
                if place == NOWHERE
                    || (tag == (number >> 32) as u32 && known.value(place as usize) == text)
                {
                    return place;
                }
                slot = (slot + 1) & last;
            }
        };
        match texts.null_count() {
            0 => places.extend(
                texts
                    .downcast_as_array()
                    .values_iter()
                    .map(Some)
                    .zip(&self.numbers)
                    .map(of_text),
            ),
            _ => places.extend(texts.iter().zip(&self.numbers).map(of_text)),
        }
        Ok(())
    }
}
