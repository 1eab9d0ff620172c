//! What the ledger says of the rows of a walk, as of one date.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use polars::prelude::*;

use super::NO_DAY;
use super::places::{NOWHERE, Places};
use crate::exports::as_of::day;
use crate::exports::contract::Table;

/// What the ledger says of one date.
#[derive(Debug, Clone)]
pub(in crate::exports) struct Counts {
    pub(super) as_of: NaiveDate,
    pub(super) since: Option<NaiveDate>,
    day: i32,
    /// The first day counted, and the first that a window reaches.
    counted: i32,
    reached: i32,
    /// Whether every link leads to its account on the day.
    all_lead: bool,
    pub(super) seen: u64,
    /// Of those, the ones that a window reaches, and of these, the ones that the table's condition
    /// leaves out.
    pub(super) reaching: u64,
    pub(super) left_out: u64,
    pub(super) print: [u64; 2],
    pub(super) not_yet_known: u64,
    pub(super) superseded: u64,
    pub(super) unresolved: u64,
    pub(super) unresolved_links: BTreeSet<String>,
    pub(super) hidden: Vec<u64>,
}

impl Counts {
    pub(super) fn of(
        table: &Table,
        links: &Places,
        (as_of, since): (NaiveDate, Option<NaiveDate>),
        hidden: usize,
    ) -> Self {
        let begin = |since: Option<NaiveDate>| since.map_or(NO_DAY + 1, day);
        Self {
            as_of,
            since,
            day: day(as_of),
            counted: begin(since.filter(|_| table.can_skip_by_time())),
            reached: begin(since),
            all_lead: links.all_lead(day(as_of)),
            seen: 0,
            reaching: 0,
            left_out: 0,
            print: [0, 0],
            not_yet_known: 0,
            superseded: 0,
            unresolved: 0,
            unresolved_links: BTreeSet::new(),
            hidden: vec![0; hidden],
        }
    }

    pub(super) fn take(
        &mut self,
        links: &Places,
        places: &[u32],
        days: &[i32],
        prints: &[u64],
        left_out: Option<&BooleanChunked>,
        texts: &StringChunked,
    ) {
        let [mut high, mut low] = self.print;
        for (n, ((day, place), print)) in days.iter().zip(places).zip(prints).enumerate() {
            if *day == NO_DAY {
                continue;
            }
            if *day > self.day {
                self.not_yet_known += 1;
                continue;
            }
            if *place == NOWHERE {
                self.astray(texts.get(n));
                continue;
            }
            if !self.all_lead {
                let (from, to) = (links.from[*place as usize], links.to[*place as usize]);
                if from > self.day {
                    self.astray(texts.get(n));
                    continue;
                }
                if to <= self.day {
                    // A row whose account had ended before it led nowhere.
                    match *day < to {
                        true => self.superseded += 1,
                        false => self.astray(texts.get(n)),
                    }
                    continue;
                }
            }
            if *day >= self.counted {
                self.seen += 1;
                let is_reached = *day >= self.reached;
                let is_left_out = left_out.is_some_and(|rows| rows.get(n) == Some(true));
                self.reaching += u64::from(is_reached);
                self.left_out += u64::from(is_reached && is_left_out);
                high = high.wrapping_add(print >> 32);
                low = low.wrapping_add(print & 0xffff_ffff);
            }
        }
        self.print = [high, low];
    }

    /// Counts a row that leads nowhere, and remembers the first few links of such rows.
    fn astray(&mut self, link: Option<&str>) {
        const SHOWN: usize = 3;
        self.unresolved += 1;
        let link = link.filter(|link| !link.is_empty()).unwrap_or("null");
        let last = self.unresolved_links.last();
        let is_early = last.is_none_or(|last| link < last.as_str());
        if self.unresolved_links.len() < SHOWN || is_early {
            self.unresolved_links.insert(link.to_owned());
            if self.unresolved_links.len() > SHOWN {
                self.unresolved_links.pop_last();
            }
        }
    }

    /// Counts the n-th of the cells that are filled without their moment.
    pub(super) fn take_hidden(
        &mut self,
        n: usize,
        links: &Places,
        places: &[u32],
        days: &[i32],
        is_hidden: &BooleanChunked,
    ) {
        let rows = is_hidden.iter().zip(places.iter().zip(days));
        for (is_hidden, (place, day)) in rows {
            if is_hidden == Some(true) && *day != NO_DAY && *day <= self.day {
                let is_visible = *place == NOWHERE || links.leads(*place as usize, self.day);
                self.hidden[n] += u64::from(is_visible);
            }
        }
    }
}
