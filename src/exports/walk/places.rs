//! The links of an export, numbered from zero, and how a row finds its own.

use std::hash::BuildHasher;

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
    /// Where a text is looked for: its place or [`NOWHERE`], and what is compared of it first. A power
    /// of two of them, and few: every row looks into them, so they had better lie at hand.
    slots: Vec<u32>,
    marks: Vec<u128>,
    texts: StringChunked,
    state: PlSeedableRandomStateQuality,
}

/// Texts of so many bytes stand in their views, so that nothing else tells them apart.
const IN_VIEW: u32 = 12;

/// The place of a text that is not where it was looked for first.
const ASIDE: u32 = NOWHERE - 1;

impl Names {
    pub(super) fn of(links: &Links) -> PolarsResult<Self> {
        let texts = links.frame.column(LINK)?.str()?.rechunk().into_owned();
        let room = (texts.len() + texts.len() / 4 + 1).next_power_of_two();
        let mut names = Self {
            slots: vec![NOWHERE; room],
            marks: vec![0; room],
            texts,
            state: Numbering::new(0).state,
        };
        for (n, place) in (0..names.texts.len()).zip(0u32..) {
            let Some(text) = names.texts.get(n) else {
                continue;
            };
            let view = names.texts.downcast_as_array().views()[n];
            let mark = names.mark(view.as_u128(), text);
            let mut slot = names.first_slot(mark);
            while names.slots[slot] != NOWHERE {
                slot = (slot + 1) & (room - 1);
            }
            names.slots[slot] = place;
            names.marks[slot] = mark;
        }
        Ok(names)
    }

    /// Returns the number of a text.
    pub(super) fn number(&self, text: &str) -> u64 {
        self.state.hash_one(text)
    }

    /// Returns what is compared of a text first: all of it, where it is short.
    fn mark(&self, view: u128, text: &str) -> u128 {
        match view as u32 <= IN_VIEW {
            true => view,
            false => u128::from(self.number(text)) << 64 | u128::from(view as u64),
        }
    }

    fn first_slot(&self, mark: u128) -> usize {
        self.state.hash_one(mark) as usize & (self.slots.len() - 1)
    }

    /// Finds the places of texts.
    ///
    /// Most stand where they are looked for first. That much is done for all of them before anything
    /// else, so that no row waits for the memory of another.
    pub(super) fn find(&self, texts: &StringChunked, places: &mut Vec<u32>) {
        let array = texts.downcast_as_array();
        places.clear();
        places.extend(array.views().iter().map(|view| {
            let mark = view.as_u128();
            let slot = self.first_slot(mark);
            let place = self.slots[slot];
            match view.length <= IN_VIEW && self.marks[slot] == mark {
                true => place,
                false => ASIDE,
            }
        }));
        for (row, place) in places.iter_mut().enumerate() {
            if *place == ASIDE {
                *place = self.look_for(array.views()[row].as_u128(), array.value(row));
            }
        }
        if texts.null_count() > 0 {
            for (place, text) in places.iter_mut().zip(texts.iter()) {
                if text.is_none() {
                    *place = NOWHERE;
                }
            }
        }
    }

    fn look_for(&self, view: u128, text: &str) -> u32 {
        let known = self.texts.downcast_as_array();
        let is_short = view as u32 <= IN_VIEW;
        let mark = self.mark(view, text);
        let mut slot = self.first_slot(mark);
        loop {
            let place = self.slots[slot];
            let is_same = || is_short || known.value(place as usize) == text;
            if place == NOWHERE || (self.marks[slot] == mark && is_same()) {
                return place;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_texts_are_found_and_no_others() {
        let known = [
            Some("a"),
            Some("exactly_12ch"),
            Some("a text longer than a view"),
            None,
            Some("a text longer than a vieW"),
        ];
        let links = Links {
            frame: df!(LINK => known).unwrap(),
            is_single: true,
            is_dated: false,
        };
        let mut texts: Vec<Option<&str>> = known.into_iter().rev().collect();
        texts.extend(["", "b", "exactly_12chX", "a text longer than"].map(Some));
        let mut places = vec![7];
        let texts: StringChunked = texts.into_iter().collect();
        Names::of(&links).unwrap().find(&texts, &mut places);
        let nowhere = [NOWHERE; 4];
        assert_eq!(places[..5], [4, NOWHERE, 2, 1, 0]);
        assert_eq!(places[5..], nowhere);
    }
}
