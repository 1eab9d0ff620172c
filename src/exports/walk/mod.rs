//! Walking through an export: every row is looked at once, a few thousand at a time, and none is
//! kept but those that somebody asks for as they are.
//!
//! That does where what is asked of the rows can be added up one by one: measures that fold
//! (`measures::folded`), and what the ledger says of an export. Of other measures, the rows that they
//! may count are kept, with the columns that they read ([`Rest`]). The engine decodes the columns, and
//! works out conditions and formulas of theirs; what is done with every row in the same way is done
//! here, in memory that is used again for the next few thousand: finding the place of its link
//! ([`places`]), looking whether its key stands once ([`keys`]), its number in the fingerprint
//! ([`prints`]), the ledger ([`counts`]), and the sums that measures ask for.
//!
//! It is a way to the same result, for exports of events whose links each lead to one account.
//! Where a key may repeat or is missing, or a row breaks a rule, rows would have to be compared or
//! told one by one: then the walk comes to nothing, and they are decoded and kept ([`super::rows`]).

mod counts;
mod keys;
mod places;
mod prints;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use polars::prelude::*;

pub use places::{NOWHERE, Places};

use super::as_of::{ACCOUNT, CODE, EVENT, FROM, OWN_FROM, TO};
use super::contract::{ACCOUNTS, History, Observed};
use super::file::Breach;
use super::ledger::{self, Ledger, Unseen, hidden_cells, print_of};
use super::rows::{self as all_rows, Rows};
use super::rules;
use super::scan::{self, LINK};
use counts::Counts;
use keys::Keys;
use places::Names;
use prints::{Prints, known_on};

/// Whether a row breaks a rule of the contract.
const BREAKS: &str = "__breaks";
/// Whether a row is kept.
const KEEP: &str = "__keep";
/// The day of rows without one.
const NO_DAY: i32 = i32::MIN;
/// So many rows are looked at at a time: what is worked out of them stays at hand.
const AT_A_TIME: usize = 4096;

/// Some rows of an export.
pub struct Batch<'a> {
    /// Where each row's link stands among [`Places`], or [`NOWHERE`].
    pub places: &'a [u32],
    /// The day of each row's event.
    pub days: &'a [i32],
    /// What was asked for.
    pub inputs: &'a DataFrame,
}

/// The rows of a walk that are kept for measures which cannot be added up one by one.
pub struct Rest {
    /// Which rows these are.
    pub keep: Expr,
    /// The columns that are read of them.
    pub columns: Vec<String>,
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
    /// The rows that are kept, if any are.
    rest: Option<DataFrame>,
}

impl Rows {
    /// Returns whether the export may be walked through: it has not been decoded, and nothing that is
    /// asked of its rows needs them all.
    #[must_use]
    pub fn may_be_walked(&self) -> bool {
        let table = &self.table;
        let parent = self.parent.as_ref().filter(|_| table.name != ACCOUNTS);
        self.demand.may_be_walked
            && self.kept.get().is_none()
            && table.history == History::Events
            && table.time.is_some()
            && self.demand.taken.is_empty()
            && self.demand.part.is_none()
            && parent.is_some_and(|parent| parent.is_single)
    }

    /// Returns whether what is known of the export was found on a walk.
    #[must_use]
    pub fn was_walked(&self) -> bool {
        self.walked.get().is_some() && self.kept.get().is_none()
    }

    /// Returns the rows that measures are worked out of: of a walk, those that were kept for them.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn measured(&self) -> PolarsResult<&DataFrame> {
        let walked = self.walked.get().filter(|_| self.was_walked());
        match walked.and_then(|walked| walked.rest.as_ref()) {
            Some(rest) => Ok(rest),
            None => self.frame(),
        }
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
    /// `prepared` columns are added to the rows before `inputs` are worked out; `rest` are the rows
    /// that are kept. Returns `None` where rows would have to be compared with each other; then
    /// nothing is known of them. What a first walk found out beside the sums stands; a further one
    /// only adds up.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn walk<S: Send + 'static>(
        &self,
        prepared: Vec<Expr>,
        inputs: Vec<Expr>,
        rest: Option<&Rest>,
        sums: S,
        each: fn(&mut S, &Batch<'_>) -> PolarsResult<()>,
    ) -> PolarsResult<Option<S>> {
        let rest = rest.filter(|_| self.walked.get().is_none());
        let kept = rest.map(|rest| self.kept_columns(rest));
        let walker = Walker::new(self, kept, sums, each)?;
        let plan = self.noted(self.plan(prepared, inputs, rest))?;
        let walker = Arc::new(Mutex::new(walker));
        let taker = walker.clone();
        let take = move |batch: DataFrame| {
            let mut walker = taker.lock().expect("no batch panics");
            walker.take(batch)?;
            Ok(walker.must_be_kept)
        };
        // What is kept lies as it does in the files.
        let sunk = plan.sink_batches(PlanCallback::new(take), rest.is_some(), None)?;
        self.noted(sunk.collect_with_engine(Engine::Streaming))?;
        let mut walker = walker.lock().expect("no batch panics");
        if walker.must_be_kept {
            return Ok(None);
        }
        let walked = walker.end(self)?;
        self.walked.get_or_init(|| walked);
        Ok(walker.sums.take())
    }

    /// Returns the rows with all that a walk looks at.
    fn plan(
        &self,
        prepared: Vec<Expr>,
        inputs: Vec<Expr>,
        rest: Option<&Rest>,
    ) -> PolarsResult<LazyFrame> {
        let table = &self.table;
        let base = scan::base_columns(table, &self.demand);
        let mut columns = vec![col(LINK), col(EVENT)];
        columns.extend(all_rows::columns(&base));
        for (cell, moment) in &table.known {
            if base.contains(cell) {
                let moment = col(moment.as_str()).cast(DataType::Date);
                columns.push(moment.alias(known_on(cell)));
            }
        }
        columns.extend(
            Keys::columns(table).map(|(column, name)| scan::telling(table, name).alias(column)),
        );
        columns.extend(
            (self.hidden().into_iter().enumerate())
                .map(|(n, (_, is_hidden))| is_hidden.alias(hidden_column(n))),
        );
        if let Some(condition) = self.condition() {
            let dates = self.demand.counted_on.iter().enumerate();
            columns.extend(dates.map(|(n, (as_of, _))| {
                rules::is_left_out(table, condition, *as_of).alias(left_out_column(n))
            }));
        }
        let breaks = rules::breaks_any(table).map(|breaks| breaks.and(col(EVENT).is_not_null()));
        columns.extend(breaks.map(|breaks| breaks.alias(BREAKS)));
        if let Some(rest) = rest {
            columns.extend(self.order().iter().map(|column| col(column.as_str())));
            columns.push(rest.keep.clone().fill_null(lit(false)).alias(KEEP));
        }
        columns.extend(inputs);
        let link = table.owner.column().expect("rows have links");
        let own = [
            scan::telling_text(table, link).alias(LINK),
            col(EVENT).alias(OWN_FROM),
        ];
        Ok(scan::scanned(table, &self.demand)?
            .with_columns(own)
            .with_columns(prepared)
            .select(columns))
    }

    /// Returns the columns of the rows that are kept, before links are followed.
    fn kept_columns(&self, rest: &Rest) -> Vec<String> {
        let known = &self.table.known;
        let moments = rest.columns.iter().filter_map(|column| known.get(column));
        let mut columns: Vec<String> = rest.columns.iter().chain(moments).cloned().collect();
        columns.extend(self.order());
        columns.push(EVENT.to_owned());
        columns.sort();
        columns.dedup();
        columns
    }

    /// Puts what links lead to beside rows that were kept.
    fn placed(&self, rows: DataFrame, places: &[u32]) -> PolarsResult<DataFrame> {
        let parent = self.parent.as_ref().expect("a walk has links");
        let places: IdxCa = places.iter().map(|place| Some(*place as IdxSize)).collect();
        let links = parent
            .frame
            .select([ACCOUNT, CODE, FROM, TO])?
            .take(&places)?;
        let from = when(col(EVENT).gt(col(FROM)))
            .then(col(EVENT))
            .otherwise(col(FROM));
        let rows = rows.hstack(links.columns())?.lazy();
        rows.with_column(from.alias(FROM)).collect()
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
    prints: Prints,
    has_rules: bool,
    has_condition: bool,
    /// The day on which the account of each link began, where no row should be dated before it.
    began: Vec<i32>,
    /// Whether rows must be compared with others, or told one by one, and so be kept.
    must_be_kept: bool,
    /// The columns of the rows that somebody asks for as they are, those rows so far, and their
    /// places.
    kept_columns: Option<Vec<String>>,
    kept: Vec<DataFrame>,
    kept_places: Vec<u32>,
    /// The days of events, and the last of them looked at.
    event_days: HashSet<i32>,
    last: i32,
    walked: Walked,
    /// Of the rows at hand, kept for their memory.
    places: Vec<u32>,
    days: Vec<i32>,
    numbers: Vec<u64>,
}

impl<S> Walker<S> {
    fn new(
        rows: &Rows,
        kept_columns: Option<Vec<String>>,
        sums: S,
        each: fn(&mut S, &Batch<'_>) -> PolarsResult<()>,
    ) -> PolarsResult<Self> {
        let table = &rows.table;
        let parent = rows.parent.as_ref().expect("a walk has links");
        let links = Places::of(parent)?;
        let hidden = rows.hidden().len();
        let counts = (rows.demand.counted_on.iter())
            .map(|date| Counts::of(table, &links, *date, hidden))
            .collect();
        let wants_first = matches!(table.observed, Observed::AnyRow);
        Ok(Self {
            sums: Some(sums),
            each,
            names: Names::of(parent)?,
            keys: Keys::of(table, scan::most_rows(table, &rows.demand)),
            prints: Prints::of(table, scan::base_columns(table, &rows.demand), parent)?,
            has_rules: !table.rules.is_empty(),
            has_condition: rows.condition().is_some(),
            began: match table.before_parent == Breach::Ignore || !parent.is_dated {
                true => Vec::new(),
                false => parent.began()?,
            },
            must_be_kept: false,
            kept_columns,
            kept: Vec::new(),
            kept_places: Vec::new(),
            event_days: HashSet::new(),
            last: NO_DAY,
            walked: Walked {
                decoded: 0,
                news: Vec::new(),
                without_time: 0,
                first: vec![i32::MAX; if wants_first { links.codes.len() } else { 0 }],
                counts,
                rest: None,
            },
            links,
            places: Vec::new(),
            days: Vec::new(),
            numbers: Vec::new(),
        })
    }

    /// Adds a batch of rows up.
    fn take(&mut self, mut batch: DataFrame) -> PolarsResult<()> {
        batch.rechunk_mut();
        for begin in (0..batch.height()).step_by(AT_A_TIME) {
            if self.must_be_kept {
                break;
            }
            self.take_few(&batch.slice(begin as i64, AT_A_TIME))?;
        }
        Ok(())
    }

    fn take_few(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let texts = batch.column(LINK)?.str()?;
        let events = batch.column(EVENT)?.date()?.physical();
        self.days.clear();
        match events.cont_slice() {
            Ok(days) => self.days.extend_from_slice(days),
            Err(_) => (self.days).extend(events.iter().map(|day| day.unwrap_or(NO_DAY))),
        }
        self.names.find(texts, &mut self.places);
        let days = &self.days;
        for (place, day) in self.places.iter_mut().zip(days) {
            if *day == NO_DAY {
                *place = NOWHERE;
            }
        }
        let places = &self.places;
        self.must_be_kept |= match &mut self.keys {
            Keys::None => false,
            Keys::OfDays(keys) => {
                keys.take(places, days, &self.names, texts, self.links.codes.len())
            }
            Keys::Numbered(keys) => keys.take(batch, days)?,
        };
        if self.has_rules {
            self.must_be_kept |= batch.column(BREAKS)?.bool()?.any();
        }
        if !self.began.is_empty() {
            let is_before = |(day, place): (&i32, &u32)| {
                let began = self.began.get(*place as usize);
                began.is_some_and(|began| day < began)
            };
            self.must_be_kept |= days.iter().zip(places).any(is_before);
        }
        self.walked.decoded += days.len() as u64;
        for day in days {
            if *day != self.last {
                self.last = *day;
                self.event_days.insert(*day);
            }
            self.walked.without_time += u64::from(*day == NO_DAY);
        }
        if !self.walked.first.is_empty() {
            for (day, place) in days.iter().zip(places) {
                if let Some(first) = self.walked.first.get_mut(*place as usize) {
                    *first = (*first).min(*day);
                }
            }
        }
        if !self.walked.counts.is_empty() {
            self.prints.take(batch, places)?;
        }
        for (n, counts) in self.walked.counts.iter_mut().enumerate() {
            if n == 0 || self.prints.differ() {
                self.prints.on(counts.as_of, &mut self.numbers);
            }
            let left_out = match self.has_condition {
                true => Some(batch.column(&left_out_column(n))?.bool()?),
                false => None,
            };
            counts.take(&self.links, places, days, &self.numbers, left_out, texts);
            for m in 0..counts.hidden.len() {
                let is_hidden = batch.column(&hidden_column(m))?.bool()?;
                if is_hidden.any() {
                    counts.take_hidden(m, &self.links, places, days, is_hidden);
                }
            }
        }
        if let Some(columns) = &self.kept_columns {
            let keep = batch.column(KEEP)?.bool()?.iter().zip(places);
            let keep: BooleanChunked = keep
                .map(|(keep, place)| keep == Some(true) && *place != NOWHERE)
                .collect();
            if keep.any() || self.kept.is_empty() {
                self.kept.push(batch.select(columns)?.filter(&keep)?);
                let kept = places.iter().zip(keep.iter());
                let kept = kept.filter(|(_, keep)| *keep == Some(true));
                self.kept_places.extend(kept.map(|(place, _)| *place));
            }
        }
        if let Some(sums) = &mut self.sums {
            let rows = Batch {
                places,
                days,
                inputs: batch,
            };
            (self.each)(sums, &rows)?;
        }
        Ok(())
    }

    fn end(&mut self, rows: &Rows) -> PolarsResult<Walked> {
        let kept = std::mem::take(&mut self.kept).into_iter();
        let kept = kept.map(Ok).reduce(|all: PolarsResult<_>, more| {
            let mut all: DataFrame = all?;
            all.vstack_mut(&more?)?;
            Ok(all)
        });
        let rest = kept.map(|kept| {
            let mut kept = kept?;
            kept.rechunk_mut();
            rows.placed(kept, &self.kept_places)
        });
        let mut walked = self.walked.clone();
        let days = self.event_days.iter().filter(|day| **day != NO_DAY);
        let mut days: Vec<i32> = days.copied().collect();
        days.sort_unstable();
        let date = |day: i32| NaiveDate::default() + chrono::Duration::days(day.into());
        // What happens is news on its own day.
        walked.news = days.into_iter().map(|day| (date(day), date(day))).collect();
        walked.rest = rest.transpose()?;
        Ok(walked)
    }
}
