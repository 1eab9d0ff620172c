//! Walking through an export: every row is looked at once, in batches, and none is kept.
//!
//! That does where all that is asked of the rows can be added up one by one: measures that fold
//! (`measures::folded`), and what the ledger says of an export. The engine decodes, and works out
//! for every row the numbers asked for beside three of its own: one that names its link, one that
//! names its key, and the one by which it stands in the fingerprint. What is left for a batch is to
//! find the link's place by its number and to add up.
//!
//! It is a way to the same result, for exports of events whose links each lead to one account of the
//! same name. Where a key may repeat or is missing, or a row breaks a rule, rows would have to be
//! compared or told one by one: then the walk comes to nothing, and they are decoded and kept
//! ([`super::rows`]).

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use polars::prelude::*;

use super::as_of::{ACCOUNT, CODE, EVENT, FROM, NEVER, OWN_FROM, TO, day, masked};
use super::contract::{ACCOUNTS, History, Observed, Owner, kind_of};
use super::file::Breach;
use super::ledger::{self, Ledger, Unseen, hidden_cells, print_of};
use super::rows::{self as all_rows, BEGAN, Links, Rows};
use super::rules;
use super::scan::{self, LINK};
use crate::formula::{Kind, date_literal};

/// The place of a row whose link leads nowhere, or which has no date.
pub const NOWHERE: u32 = u32::MAX;

/// Scratch columns: two numbers that name a link, the day of the event, whether a part of the key is
/// missing, and the number that names the key.
const NAME: &str = "__name";
const NAME_TOO: &str = "__name_too";
const DAY: &str = "__day";
const KEYLESS: &str = "__keyless";
const KEY_NUMBER: &str = "__key_number";
/// Whether a row breaks a rule of the contract.
const BREAKS: &str = "__breaks";
/// The day of rows without one.
const NO_DAY: i32 = i32::MIN;

/// Some rows of an export.
pub struct Batch<'a> {
    /// Where each row's link stands among [`Places`], or [`NOWHERE`].
    pub places: &'a [u32],
    /// The day of each row's event.
    pub days: &'a [i32],
    /// What was asked for.
    pub inputs: &'a DataFrame,
}

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
    fn of(links: &Links) -> PolarsResult<Self> {
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
}

/// What is left of an export that was walked through, beside what was asked for.
#[derive(Debug, Clone)]
pub(super) struct Walked {
    pub(super) decoded: u64,
    pub(super) news: Vec<(NaiveDate, NaiveDate)>,
    without_time: u64,
    /// The first day of an event, by place; empty where nobody asks.
    first: Vec<i32>,
    counts: Vec<Counts>,
}

/// What the ledger says of one date.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    as_of: NaiveDate,
    since: Option<NaiveDate>,
    day: i32,
    /// The first day counted, and the first that a window reaches.
    counted: i32,
    reached: i32,
    seen: u64,
    reaching: u64,
    left_out: u64,
    print: [u64; 2],
    not_yet_known: u64,
    superseded: u64,
    unresolved: u64,
    unresolved_links: BTreeSet<String>,
    hidden: Vec<u64>,
}

impl Rows {
    /// Returns whether the export may be walked through, if it has not been decoded yet.
    #[must_use]
    pub fn may_be_walked(&self) -> bool {
        let table = &self.table;
        let is_of_accounts = matches!(table.owner, Owner::Account(_)) && table.name != ACCOUNTS;
        let Some(parent) = self.parent.as_ref().filter(|_| is_of_accounts) else {
            return false;
        };
        !self.demand.walked_for.is_empty()
            && self.kept.get().is_none()
            && self.walked.get().is_none()
            && table.history == History::Events
            && table.time.is_some()
            && self.demand.taken.is_empty()
            && self.demand.part.is_none()
            && parent.is_single
            && parent.leads_to_its_name().unwrap_or(false)
    }

    /// Returns whether what is known of the export was found on a walk.
    #[must_use]
    pub fn was_walked(&self) -> bool {
        self.walked.get().is_some() && self.kept.get().is_none()
    }

    /// Returns the links that rows are counted for.
    ///
    /// # Errors
    /// When Polars fails.
    ///
    /// # Panics
    /// Where the export may not be walked through.
    pub fn places(&self) -> PolarsResult<Places> {
        Places::of(self.parent.as_ref().expect("a walk has links"))
    }

    /// Walks through all rows once and lets `each` add up every batch.
    ///
    /// `prepared` columns are added to the rows before `inputs` are worked out. Returns `None` where
    /// rows would have to be compared with each other; then nothing is known of them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn walk<S: Send + 'static>(
        &self,
        prepared: Vec<Expr>,
        inputs: Vec<Expr>,
        sums: S,
        each: fn(&mut S, &Batch<'_>) -> PolarsResult<()>,
    ) -> PolarsResult<Option<S>> {
        let walker = Walker::new(self, sums, each)?;
        let plan = self.noted(self.plan(prepared, inputs))?;
        let walker = Arc::new(Mutex::new(walker));
        let taker = walker.clone();
        let take = move |batch: DataFrame| {
            let mut walker = taker.lock().expect("no batch panics");
            walker.take(&batch)?;
            Ok(walker.must_be_kept)
        };
        let sunk = plan.sink_batches(PlanCallback::new(take), false, None)?;
        self.noted(sunk.collect_with_engine(Engine::Streaming))?;
        let mut walker = walker.lock().expect("no batch panics");
        if walker.must_be_kept {
            return Ok(None);
        }
        let walked = walker.end();
        self.walked.get_or_init(|| walked);
        Ok(walker.sums.take())
    }

    /// Returns the rows with all that a walk looks at.
    fn plan(&self, prepared: Vec<Expr>, inputs: Vec<Expr>) -> PolarsResult<LazyFrame> {
        let table = &self.table;
        let link = table.owner.column().expect("rows belong to accounts");
        let columns = all_rows::content(scan::base_columns(table, &self.demand));
        let seed = |name: &str| columns.iter().position(|known| known == name);
        let seed_of_link = seed(LINK).map_or(0, |n| n as u64 + 1);
        let seed_of_account = columns.len() as u64 + 1;
        let named = [
            all_rows::hash(col(LINK), seed_of_link).alias(NAME),
            all_rows::hash(col(LINK), seed_of_account).alias(NAME_TOO),
        ];
        // The account is what the link says, so its number is there already.
        let print = |as_of: NaiveDate| {
            let own = columns.iter().zip(1u64..).map(|(name, seed)| {
                if name == LINK {
                    return col(NAME);
                }
                all_rows::hash(masked(table, name, date_literal(as_of)), seed)
            });
            let sum = own.chain([col(NAME_TOO)]).reduce(|a, b| a + b);
            all_rows::hash_of_sum(sum.expect("there is a link"))
        };
        let mut columns: Vec<Expr> = vec![
            col(LINK),
            col(NAME),
            col(NAME_TOO),
            col(EVENT)
                .cast(DataType::Int32)
                .fill_null(lit(NO_DAY))
                .alias(DAY),
        ];
        if !table.key.is_empty() {
            let numbers = table.key.iter().zip(1u64..).map(|(name, seed)| {
                let is_link = name == link;
                if is_link {
                    return col(NAME);
                }
                all_rows::hash(scan::telling(table, name), seed)
            });
            let number = numbers.reduce(|a, b| a + b).expect("there is a key");
            let is_text = |name: &str| kind_of(&table.scope, name) == Some(Kind::Text);
            let keyless = table.key.iter().map(|name| {
                let value = scan::telling(table, name);
                let is_null = value.clone().is_null();
                match is_text(name) {
                    true => is_null.or(value.eq(lit(""))),
                    false => is_null,
                }
            });
            let keyless = keyless.reduce(Expr::or).expect("there is a key");
            columns.push(all_rows::hash_of_sum(number).alias(KEY_NUMBER));
            columns.push(keyless.and(col(EVENT).is_not_null()).alias(KEYLESS));
        }
        let dates = self.print_dates();
        columns.extend(
            (dates.iter().enumerate()).map(|(n, as_of)| print(*as_of).alias(print_column(n))),
        );
        columns.extend(
            (self.hidden().into_iter().enumerate())
                .map(|(n, (_, is_hidden))| is_hidden.alias(hidden_column(n))),
        );
        if let Some(condition) = self.condition() {
            let dates = self.demand.walked_for.iter().enumerate();
            columns.extend(dates.map(|(n, (as_of, _))| {
                rules::is_left_out(table, condition, *as_of).alias(left_out_column(n))
            }));
        }
        let breaks = rules::breaks_any(table).map(|breaks| breaks.and(col(EVENT).is_not_null()));
        columns.extend(breaks.map(|breaks| breaks.alias(BREAKS)));
        columns.extend(inputs);
        let own = [
            scan::telling_text(table, link).alias(LINK),
            col(EVENT).alias(OWN_FROM),
        ];
        Ok(scan::scanned(table, &self.demand)?
            .with_columns(own)
            .with_columns(named.into_iter().chain(prepared).collect::<Vec<_>>())
            .select(columns))
    }

    /// Returns the dates for which rows have numbers of their own; one stands for all where no cell
    /// becomes known later.
    fn print_dates(&self) -> Vec<NaiveDate> {
        let base = scan::base_columns(&self.table, &self.demand);
        let changes = base.iter().any(|name| self.table.known.contains_key(name));
        let dates = self.demand.walked_for.iter().map(|(as_of, _)| *as_of);
        dates.take(if changes { usize::MAX } else { 1 }).collect()
    }

    /// Returns the cells of which is counted how many are filled without their moment.
    fn hidden(&self) -> Vec<(&str, Expr)> {
        let base = scan::base_columns(&self.table, &self.demand);
        hidden_cells(&self.table, |name| base.iter().any(|known| known == name))
    }

    /// Returns what a walk counted for the ledger of a date.
    pub(super) fn counts_of_walk(
        &self,
        as_of: NaiveDate,
        since: Option<NaiveDate>,
    ) -> Option<&Counts> {
        let walked = self.walked.get().filter(|_| self.was_walked())?;
        let mut counts = walked.counts.iter();
        counts.find(|counts| counts.as_of == as_of && counts.since == since)
    }

    pub(super) fn account_of(&self, counts: &Counts) -> ledger::Account {
        let nothing = |name: &str| Column::new_empty(name.into(), &DataType::String);
        let columns = ["export", "row_key", "column", "rule", "found"].map(nothing);
        ledger::Account {
            ledger: Ledger {
                export: self.table.name.clone(),
                since: counts.since.filter(|_| self.table.can_skip_by_time()),
                seen: counts.seen,
                used: counts.reaching - counts.left_out,
                left_out: counts.left_out,
                outside_every_window: counts.seen - counts.reaching,
                set_aside: 0,
                fingerprint: print_of(counts.print),
            },
            rejects: DataFrame::new_infer_height(columns.to_vec()).expect("columns are empty"),
            broken: Vec::new(),
        }
    }

    /// Returns what a walk counted of the rows that were not seen by a date.
    pub(super) fn unseen_by_walk(&self, as_of: NaiveDate) -> Option<Unseen> {
        let walked = self.walked.get().filter(|_| self.was_walked())?;
        let counts = walked.counts.iter().find(|counts| counts.as_of == as_of)?;
        let cells = self.hidden().into_iter().zip(&counts.hidden);
        let hidden = cells.filter(|(_, n)| **n > 0);
        Some(Unseen {
            without_time: walked.without_time,
            not_yet_known: counts.not_yet_known,
            superseded: counts.superseded,
            unresolved: counts.unresolved,
            unresolved_links: counts.unresolved_links.iter().cloned().collect(),
            undated_cells: hidden.map(|((cell, _), n)| (cell.to_owned(), *n)).collect(),
        })
    }

    /// Returns the first date on which each account had a visible row, if a walk found out.
    pub(super) fn first_seen_by_walk(&self) -> Option<PolarsResult<DataFrame>> {
        let walked = self.walked.get().filter(|_| self.was_walked())?;
        let parent = self.parent.as_ref().filter(|_| !walked.first.is_empty())?;
        Some(parent.first_seen(&walked.first))
    }
}

impl Links {
    /// Returns whether the account is what the key says, for every link.
    fn leads_to_its_name(&self) -> PolarsResult<bool> {
        let (key, account) = (self.frame.column(LINK)?, self.frame.column(ACCOUNT)?);
        Ok(key.str()?.equal(account.str()?).all())
    }

    /// Returns the first day on which what is linked to was there; the first of all where that is
    /// not known.
    fn began(&self) -> PolarsResult<Vec<i32>> {
        let began = self.frame.column(BEGAN)?.date()?.physical().clone();
        Ok(began.iter().map(|day| day.unwrap_or(NO_DAY)).collect())
    }

    /// Returns the first visible date of each account that has one, from the first day of an event.
    fn first_seen(&self, first: &[i32]) -> PolarsResult<DataFrame> {
        let first = Column::new(DAY.into(), first).cast(&DataType::Date)?;
        let mut seen = self.frame.select([ACCOUNT, FROM, TO])?;
        seen.with_column(first)?;
        let from = when(col(DAY).gt(col(FROM)))
            .then(col(DAY))
            .otherwise(col(FROM));
        seen.lazy()
            .filter(col(DAY).lt(date_literal(NEVER)))
            .select([col(ACCOUNT), from.alias("__seen"), col(TO)])
            .filter(col("__seen").lt(col(TO)))
            .select([col(ACCOUNT), col("__seen")])
            .collect()
    }
}

fn print_column(n: usize) -> String {
    format!("__print_{n}")
}

fn left_out_column(n: usize) -> String {
    format!("__left_out_{n}")
}

fn hidden_column(n: usize) -> String {
    format!("__hidden_{n}")
}

/// What a walk has added up so far.
struct Walker<S> {
    sums: Option<S>,
    each: fn(&mut S, &Batch<'_>) -> PolarsResult<()>,
    names: Names,
    links: Places,
    keys: Keys,
    has_key: bool,
    has_rules: bool,
    has_condition: bool,
    /// The day on which the account of each link began, where no row should be dated before it.
    began: Vec<i32>,
    /// Whether rows must be compared with others, or told one by one, and so be kept.
    must_be_kept: bool,
    prints: usize,
    /// The days of events, and the last of them looked at.
    days: HashSet<i32>,
    last: i32,
    walked: Walked,
    /// The places of a batch, kept for its memory.
    places: Vec<u32>,
}

impl<S> Walker<S> {
    fn new(
        rows: &Rows,
        sums: S,
        each: fn(&mut S, &Batch<'_>) -> PolarsResult<()>,
    ) -> PolarsResult<Self> {
        let table = &rows.table;
        let parent = rows.parent.as_ref().expect("a walk has links");
        let links = Places::of(parent)?;
        let columns = all_rows::content(scan::base_columns(table, &rows.demand));
        let seed = columns.iter().position(|name| name == LINK);
        let seeds = [seed.map_or(0, |n| n as u64 + 1), columns.len() as u64 + 1];
        let counts = rows.demand.walked_for.iter().map(|(as_of, since)| {
            let begin = |since: Option<NaiveDate>| since.map_or(NO_DAY + 1, day);
            Counts {
                as_of: *as_of,
                since: *since,
                day: day(*as_of),
                counted: begin(since.filter(|_| table.can_skip_by_time())),
                reached: begin(*since),
                seen: 0,
                reaching: 0,
                left_out: 0,
                print: [0, 0],
                not_yet_known: 0,
                superseded: 0,
                unresolved: 0,
                unresolved_links: BTreeSet::new(),
                hidden: vec![0; rows.hidden().len()],
            }
        });
        let wants_first = matches!(table.observed, Observed::AnyRow);
        Ok(Self {
            sums: Some(sums),
            each,
            names: Names::of(&parent.frame, seeds)?,
            keys: Keys::with_room_for(match table.key.is_empty() {
                true => 0,
                false => scan::most_rows(table, &rows.demand),
            }),
            has_key: !table.key.is_empty(),
            has_rules: !table.rules.is_empty(),
            has_condition: rows.condition().is_some(),
            began: match table.before_parent == Breach::Ignore || !parent.is_dated {
                true => Vec::new(),
                false => parent.began()?,
            },
            must_be_kept: false,
            prints: rows.print_dates().len(),
            days: HashSet::new(),
            last: NO_DAY,
            walked: Walked {
                decoded: 0,
                news: Vec::new(),
                without_time: 0,
                first: vec![i32::MAX; if wants_first { links.codes.len() } else { 0 }],
                counts: counts.collect(),
            },
            links,
            places: Vec::new(),
        })
    }

    /// Adds a batch of rows up.
    fn take(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let mut batch = batch.clone();
        batch.rechunk_mut();
        let numbers = |name: &str| batch.column(name)?.u64()?.cont_slice();
        let (names, too) = (numbers(NAME)?, numbers(NAME_TOO)?);
        let days = batch.column(DAY)?.i32()?.cont_slice()?;
        let mut places = std::mem::take(&mut self.places);
        places.clear();
        places.extend((days.iter().zip(names.iter().zip(too))).map(
            |(day, (name, too))| match *day {
                NO_DAY => NOWHERE,
                _ => self.names.place(*name, *too),
            },
        ));
        if self.has_key {
            let may_repeat = self.keys.take(numbers(KEY_NUMBER)?, days);
            self.must_be_kept |= may_repeat || batch.column(KEYLESS)?.bool()?.any();
        }
        if self.has_rules {
            self.must_be_kept |= batch.column(BREAKS)?.bool()?.any();
        }
        if !self.began.is_empty() {
            let is_before = |(day, place): (&i32, &u32)| {
                let began = self.began.get(*place as usize);
                began.is_some_and(|began| day < began)
            };
            self.must_be_kept |= days.iter().zip(&places).any(is_before);
        }
        self.walked.decoded += days.len() as u64;
        for (day, place) in days.iter().zip(&places) {
            if *day == NO_DAY {
                self.walked.without_time += 1;
                continue;
            }
            if *day != self.last {
                self.last = *day;
                self.days.insert(*day);
            }
            if let Some(first) = self.walked.first.get_mut(*place as usize) {
                *first = (*first).min(*day);
            }
        }
        let texts = batch.column(LINK)?.str()?;
        for n in 0..self.walked.counts.len() {
            let prints = numbers(&print_column(if self.prints > 1 { n } else { 0 }))?;
            let counts = &mut self.walked.counts[n];
            let left_out = match self.has_condition {
                true => Some(batch.column(&left_out_column(n))?.bool()?),
                false => None,
            };
            counts.take(&self.links, &places, days, prints, left_out, texts);
            for m in 0..counts.hidden.len() {
                let is_hidden = batch.column(&hidden_column(m))?.bool()?;
                if is_hidden.any() {
                    counts.take_hidden(m, &self.links, &places, days, is_hidden);
                }
            }
        }
        if let Some(sums) = &mut self.sums {
            let rows = Batch {
                places: &places,
                days,
                inputs: &batch,
            };
            (self.each)(sums, &rows)?;
        }
        self.places = places;
        Ok(())
    }

    fn end(&mut self) -> Walked {
        let mut walked = self.walked.clone();
        let mut days: Vec<i32> = self.days.iter().copied().collect();
        days.sort_unstable();
        let date = |day: i32| NaiveDate::default() + chrono::Duration::days(day.into());
        // What happens is news on its own day.
        walked.news = days.into_iter().map(|day| (date(day), date(day))).collect();
        walked
    }
}

impl Counts {
    fn take(
        &mut self,
        links: &Places,
        places: &[u32],
        days: &[i32],
        prints: &[u64],
        left_out: Option<&BooleanChunked>,
        texts: &StringChunked,
    ) {
        let all_lead = links.all_lead(self.day);
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
            if !all_lead {
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
        let is_early = self
            .unresolved_links
            .last()
            .is_none_or(|last| link < last.as_str());
        if self.unresolved_links.len() < SHOWN || is_early {
            self.unresolved_links.insert(link.to_owned());
            if self.unresolved_links.len() > SHOWN {
                self.unresolved_links.pop_last();
            }
        }
    }

    fn take_hidden(
        &mut self,
        m: usize,
        links: &Places,
        places: &[u32],
        days: &[i32],
        is_hidden: &BooleanChunked,
    ) {
        for (n, is_hidden) in is_hidden.iter().enumerate() {
            if is_hidden != Some(true) || days[n] == NO_DAY || days[n] > self.day {
                continue;
            }
            let is_visible = places[n] == NOWHERE || {
                let place = places[n] as usize;
                links.from[place] <= self.day && self.day < links.to[place]
            };
            self.hidden[m] += u64::from(is_visible);
        }
    }
}

/// The places of links by the numbers that name them; two of them, so that none is taken for another.
struct Names {
    slots: Vec<(u64, u32, u32)>,
}

impl Names {
    fn of(links: &DataFrame, seeds: [u64; 2]) -> PolarsResult<Self> {
        let numbers = links
            .clone()
            .lazy()
            .select([
                all_rows::hash(col(LINK), seeds[0]).alias(NAME),
                all_rows::hash(col(LINK), seeds[1]).alias(NAME_TOO),
            ])
            .collect()?;
        let mut names = Self {
            slots: vec![(0, 0, NOWHERE); (2 * links.height().max(1)).next_power_of_two()],
        };
        let pairs = numbers.column(NAME)?.u64()?.into_no_null_iter();
        let pairs = pairs.zip(numbers.column(NAME_TOO)?.u64()?.into_no_null_iter());
        for ((name, too), place) in pairs.zip(0u32..) {
            let mut slot = names.slot(name);
            while names.slots[slot].2 != NOWHERE {
                slot = (slot + 1) & (names.slots.len() - 1);
            }
            names.slots[slot] = (name, (too >> 32) as u32, place);
        }
        Ok(names)
    }

    fn slot(&self, name: u64) -> usize {
        name as usize & (self.slots.len() - 1)
    }

    fn place(&self, name: u64, too: u64) -> u32 {
        let mut slot = self.slot(name);
        loop {
            let (known, known_too, place) = self.slots[slot];
            if place == NOWHERE || (known == name && known_too == (too >> 32) as u32) {
                return place;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

/// The keys that have been seen, by their numbers.
///
/// Of a number, its place and half of its bits are kept: enough to be sure that keys stand once
/// where no two numbers meet. Where two do, their keys may still differ; who then compares them is
/// [`super::rows`].
struct Keys {
    slots: Vec<u32>,
    taken: usize,
}

impl Keys {
    fn with_room_for(rows: u64) -> Self {
        let room = usize::try_from(rows).unwrap_or(usize::MAX / 4);
        Self {
            slots: vec![
                0;
                if rows == 0 {
                    0
                } else {
                    (room + room / 2).next_power_of_two().max(64)
                }
            ],
            taken: 0,
        }
    }

    /// Takes keys on, but for rows without a date, and returns whether one may stand twice.
    fn take(&mut self, numbers: &[u64], days: &[i32]) -> bool {
        let last = self.slots.len() - 1;
        let shift = 64 - self.slots.len().trailing_zeros();
        for (number, day) in numbers.iter().zip(days) {
            if *day == NO_DAY {
                continue;
            }
            let mut slot = (number >> shift) as usize;
            let tag = (*number as u32).max(1);
            while self.slots[slot] != 0 {
                if self.slots[slot] == tag {
                    return true;
                }
                slot = (slot + 1) & last;
            }
            self.slots[slot] = tag;
            self.taken += 1;
        }
        self.taken > self.slots.len() / 8 * 7
    }
}
