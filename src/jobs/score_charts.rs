//! The pictures of a scorecard, drawn from the tables that are published and from nothing else.

use chrono::{Months, NaiveDate};
use indexmap::{IndexMap, IndexSet};
use polars::prelude::*;

use super::settings::ScoreJob;
use crate::charts::{
    self, BandCount, BandMigration, Bands, Caption, Chart, Coverage, CoverageRow, CurrencyRenewals,
    LargestMovers, Mover, RenewalMonth, RenewalsAhead, ScoreBin, ScoreDistribution,
};
use crate::domain::{Comparator, one_line};
use crate::insights::portfolio::{NOT_SCORED, NOT_THERE};
use crate::model::health_model::Band;
use crate::panel::ACCOUNT_ID;
use crate::tables::Table;

/// Width of a bin of the score distribution, in points.
const BIN: usize = 5;
/// Accounts among the largest movers.
const MOVERS: usize = 10;
/// Causes told apart before the rest is put together.
const CAUSES: usize = 7;
/// Months of renewals ahead.
const AHEAD: u32 = 12;

/// A picture, or the reason why there is nothing to draw.
type Drawn = PolarsResult<Result<Chart, (Caption, String)>>;

/// Draws every picture of one date.
///
/// # Errors
/// When Polars fails.
pub fn draw(job: &ScoreJob, as_of: NaiveDate, tables: &[Table]) -> PolarsResult<Vec<Chart>> {
    let compare = job.compare.iter();
    let mut dated = compare.filter_map(|c| Some((*c, job.compared_with(*c, as_of)?)));
    let pictures = Pictures {
        job,
        as_of,
        tables,
        compared: dated.next(),
    };
    let drawn = [
        pictures.score_distribution()?,
        pictures.band_migration()?,
        pictures.largest_movers()?,
        pictures.coverage()?,
        pictures.renewals_ahead()?,
    ];
    let or_reason = |drawn: Result<Chart, (Caption, String)>| {
        drawn.unwrap_or_else(|(caption, reason)| charts::no_data(&caption, &reason))
    };
    Ok(drawn.map(or_reason).into())
}

struct Pictures<'a> {
    job: &'a ScoreJob,
    as_of: NaiveDate,
    tables: &'a [Table],
    /// The first of the job's comparators that stands for a date, and that date.
    compared: Option<(Comparator, NaiveDate)>,
}

fn text(frame: &DataFrame, column: &str) -> PolarsResult<Vec<Option<String>>> {
    let column = frame.column(column)?.cast(&DataType::String)?;
    let cells = column.str()?.iter();
    Ok(cells.map(|cell| cell.map(str::to_owned)).collect())
}

fn numbers(frame: &DataFrame, column: &str) -> PolarsResult<Vec<Option<f64>>> {
    let column = frame.column(column)?.cast(&DataType::Float64)?;
    Ok(column.f64()?.iter().collect())
}

fn counts(frame: &DataFrame, column: &str) -> PolarsResult<Vec<u64>> {
    let column = frame.column(column)?.cast(&DataType::UInt64)?;
    Ok(column
        .u64()?
        .iter()
        .map(Option::unwrap_or_default)
        .collect())
}

/// Says how many of them there are.
fn number_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Takes the noise of a binary fraction off a sum of shown points.
fn shown(points: f64) -> f64 {
    (points * 1e6).round() / 1e6
}

fn unpublished(table: &str) -> String {
    let group = match table {
        "account_scores" | "category_scores" | "drivers" => "scores",
        _ => "portfolio",
    };
    format!("the job does not publish {table}; add \"{group}\" to its publish groups")
}

impl Pictures<'_> {
    fn caption(&self, name: &str, title: String, subtitle: String, source: &str) -> Caption {
        Caption {
            name: name.to_owned(),
            title,
            subtitle: Some(subtitle),
            source: source.to_owned(),
            as_of: self.as_of,
        }
    }

    fn table(&self, name: &str) -> Result<&DataFrame, String> {
        let table = self.tables.iter().find(|table| table.name == name);
        table
            .map(|table| &table.frame)
            .ok_or_else(|| unpublished(name))
    }

    /// Returns the bands worst first, and groups beside them.
    fn bands(&self, others: &[&str]) -> Bands {
        let ranked = self.job.model.bands.iter().rev();
        Bands {
            ranked: ranked.map(|band| band.label.clone()).collect(),
            others: others.iter().map(|other| (*other).to_owned()).collect(),
        }
    }

    /// Returns the bands that a reader worries about, worst first.
    fn worrying(&self) -> Vec<&str> {
        let bands = &self.job.model.bands;
        let at_risk = bands.iter().filter(|band| band.at_risk);
        let mut labels: Vec<&str> = at_risk.map(|band: &Band| band.label.as_str()).collect();
        if labels.is_empty() {
            labels.extend(bands.last().map(|band| band.label.as_str()));
        }
        labels.reverse();
        labels
    }

    /// Returns the account and, where parts are scored, the part, of each row.
    fn ids(&self, frame: &DataFrame) -> PolarsResult<Vec<String>> {
        let accounts = text(frame, ACCOUNT_ID)?;
        let parts = match &self.job.contract.unit {
            Some(unit) => text(frame, &unit.column)?,
            None => vec![None; accounts.len()],
        };
        let id = |(account, part): (Option<String>, Option<String>)| match part {
            Some(part) => format!("{}/{part}", account.unwrap_or_default()),
            None => account.unwrap_or_default(),
        };
        Ok(accounts.into_iter().zip(parts).map(id).collect())
    }

    /// Returns what people call the account of each row: the name that the job shows first, and
    /// the id.
    fn names(&self, accounts: &DataFrame, ids: &[String]) -> PolarsResult<Vec<String>> {
        let first = self.job.population.show.first();
        let names = match first.filter(|first| first.name != ACCOUNT_ID) {
            Some(first) => text(accounts, &first.name)?,
            None => vec![None; ids.len()],
        };
        let name = |(id, name): (&String, Option<String>)| match name {
            Some(name) => one_line(&format!("{name} ({id})")),
            None => one_line(id),
        };
        Ok(ids.iter().zip(names).map(name).collect())
    }

    fn score_distribution(&self) -> Drawn {
        let source = "account_scores, portfolio_bands";
        let caption = |title, subtitle| self.caption("score_distribution", title, subtitle, source);
        let unknown = || caption("How scores are spread".to_owned(), String::new());
        let tables = (self.table("account_scores"), self.table("portfolio_bands"));
        let (accounts, in_bands) = match tables {
            (Ok(accounts), Ok(in_bands)) => (accounts, in_bands),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let scores = numbers(accounts, "score_shown")?;
        let changes = match self.compared {
            Some((comparator, _)) => numbers(accounts, &format!("change_{comparator}"))?,
            None => vec![None; scores.len()],
        };
        let bin = |score: f64| ((shown(score).max(0.0) / BIN as f64) as usize).min(100 / BIN - 1);
        let mut now = [0u64; 100 / BIN];
        let mut before = [0u64; 100 / BIN];
        let mut in_both = 0;
        for (score, change) in scores.iter().zip(&changes) {
            let Some(score) = score else { continue };
            now[bin(*score)] += 1;
            if let Some(change) = change {
                before[bin(score - change)] += 1;
                in_both += 1;
            }
        }
        let compared = self.compared.filter(|_| in_both > 0);
        let bins = (0..100 / BIN).map(|n| ScoreBin {
            low: (n * BIN) as f64,
            high: ((n + 1) * BIN) as f64,
            now: now[n],
            before: compared.map(|_| before[n]),
        });
        let bands = self.bands(&[NOT_SCORED]);
        let dates = text(in_bands, "on_date")?;
        let (slices, labels) = (text(in_bands, "slice")?, text(in_bands, "band")?);
        let n = counts(in_bands, "accounts")?;
        let on = |date: NaiveDate, label: &str| -> u64 {
            let date = Some(date.to_string());
            let is = |row: &usize| {
                slices[*row].as_deref() == Some("all")
                    && dates[*row] == date
                    && labels[*row].as_deref() == Some(label)
            };
            (0..n.len()).filter(is).map(|row| n[row]).sum()
        };
        let all = bands.ranked.iter().chain(&bands.others);
        let in_band = all.map(|label| BandCount {
            now: on(self.as_of, label),
            before: compared.map(|(_, date)| on(date, label)),
        });
        let worrying = self.worrying();
        let of = |date| worrying.iter().map(|label| on(date, label)).sum::<u64>();
        let scored: u64 = now.iter().sum();
        let mut title = format!(
            "{} of {} are in {}",
            of(self.as_of),
            number_of(scored as usize, "scored account", "scored accounts"),
            worrying.join(" or ")
        );
        if let Some((_, date)) = compared {
            let (now, then) = (of(self.as_of), of(date));
            title += &match now.cmp(&then) {
                std::cmp::Ordering::Greater => format!(", {} more than on {date}", now - then),
                std::cmp::Ordering::Less => format!(", {} fewer than on {date}", then - now),
                std::cmp::Ordering::Equal => format!(", as many as on {date}"),
            };
        }
        let mut subtitle = format!("Accounts by score in bins of {BIN} points, and by band");
        if let Some((_, date)) = compared {
            subtitle += &format!("; outline: the {in_both} accounts scored on {date} too");
        }
        let chart = ScoreDistribution {
            bins: bins.collect(),
            counts: in_band.collect(),
            thresholds: self.thresholds(),
            compared: compared.map(|(_, date)| date.to_string()),
            bands,
        };
        Ok(match scored {
            0 => Err((unknown(), "no account has a score".to_owned())),
            _ => Ok(chart.draw(&caption(title, subtitle))),
        })
    }

    /// Returns the lowest score of every band but the worst, for accounts without a variant.
    fn thresholds(&self) -> Vec<f64> {
        let from = &self.job.model.cards[0].band_from;
        from.iter().rev().skip(1).copied().collect()
    }

    fn band_migration(&self) -> Drawn {
        let caption = |title, subtitle| {
            self.caption("band_migration", title, subtitle, "portfolio_migration")
        };
        let unknown = || caption("Who changed band".to_owned(), String::new());
        let Some((comparator, date)) = self.compared else {
            return Ok(Err((unknown(), self.without_comparison())));
        };
        let moves = match self.table("portfolio_migration") {
            Ok(moves) => moves,
            Err(reason) => return Ok(Err((unknown(), reason))),
        };
        let bands = self.bands(&[NOT_SCORED, NOT_THERE]);
        let names: Vec<&String> = bands.ranked.iter().chain(&bands.others).collect();
        let place = |label: &Option<String>| {
            let label = label.as_ref();
            names.iter().position(|name| Some(*name) == label)
        };
        let (slices, against) = (text(moves, "slice")?, text(moves, "comparator")?);
        let (from, to) = (text(moves, "band_before")?, text(moves, "band_after")?);
        let n = counts(moves, "accounts")?;
        let mut cells = vec![vec![0u64; names.len()]; names.len()];
        for row in 0..n.len() {
            let is_ours = slices[row].as_deref() == Some("all")
                && against[row].as_deref() == Some(comparator.to_string().as_str());
            if let (true, Some(from), Some(to)) = (is_ours, place(&from[row]), place(&to[row])) {
                cells[from][to] += n[row];
            }
        }
        let ranked = bands.ranked.len();
        let moved = |is: fn(&usize, &usize) -> bool| -> u64 {
            let pairs = (0..ranked).flat_map(|from| (0..ranked).map(move |to| (from, to)));
            let pairs = pairs.filter(|(from, to)| is(to, from));
            pairs.map(|(from, to)| cells[from][to]).sum()
        };
        let (worse, better) = (moved(usize::lt), moved(usize::gt));
        let title = format!(
            "{} slipped into a worse band since {date}, {better} rose",
            number_of(worse as usize, "account", "accounts")
        );
        let subtitle = format!(
            "Today's accounts by band on {date} (rows) and on {} (columns)",
            self.as_of
        );
        if cells[..=ranked].iter().flatten().all(|count| *count == 0) {
            let reason = format!("none of today's accounts was in the panel on {date}");
            return Ok(Err((unknown(), reason)));
        }
        let columns = 0..names.len();
        let chart = BandMigration {
            before: cells.iter().map(|row| row.iter().sum()).collect(),
            now: columns
                .map(|to| cells.iter().map(|row| row[to]).sum())
                .collect(),
            counts: cells,
            before_label: date.to_string(),
            now_label: self.as_of.to_string(),
            bands,
        };
        Ok(Ok(chart.draw(&caption(title, subtitle))))
    }

    fn without_comparison(&self) -> String {
        if self.job.compare.is_empty() {
            "the job compares with no earlier date".to_owned()
        } else {
            "no scorecard was published before this one".to_owned()
        }
    }

    fn largest_movers(&self) -> Drawn {
        let source = "account_scores, drivers";
        let caption = |title, subtitle| self.caption("largest_movers", title, subtitle, source);
        let unknown = || caption("Whose score moved most".to_owned(), String::new());
        let Some((comparator, date)) = self.compared else {
            return Ok(Err((unknown(), self.without_comparison())));
        };
        let (accounts, drivers) = match (self.table("account_scores"), self.table("drivers")) {
            (Ok(accounts), Ok(drivers)) => (accounts, drivers),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let ids = self.ids(accounts)?;
        let names = self.names(accounts, &ids)?;
        let scores = numbers(accounts, "score_shown")?;
        let changes = numbers(accounts, &format!("change_{comparator}"))?;
        let change = |row: usize| changes[row].unwrap_or(0.0);
        let mut rows: Vec<usize> = (0..ids.len()).filter(|row| change(*row) != 0.0).collect();
        let moved = rows.len();
        let fell = rows.iter().filter(|row| change(**row) < 0.0).count();
        rows.sort_by(|a, b| {
            let size = |row: usize| change(row).abs();
            size(*b)
                .total_cmp(&size(*a))
                .then_with(|| ids[*a].cmp(&ids[*b]))
        });
        rows.truncate(MOVERS);
        rows.sort_by(|a, b| change(*a).total_cmp(&change(*b)));
        let Some(first) = rows.first().copied() else {
            let reason = format!("no score of today differs from that of {date}");
            return Ok(Err((unknown(), reason)));
        };
        let shares = self.shares(drivers, comparator, &rows, &ids)?;
        let mut sizes: Vec<(&String, f64)> = shares
            .iter()
            .map(|(cause, points)| (cause, points.iter().map(|points| points.abs()).sum()))
            .collect();
        sizes.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        let own = if sizes.len() > CAUSES + 1 {
            CAUSES
        } else {
            sizes.len()
        };
        let mut causes: Vec<String> = sizes[..own]
            .iter()
            .map(|(cause, _)| (*cause).clone())
            .collect();
        let rest: Vec<&String> = sizes[own..].iter().map(|(cause, _)| *cause).collect();
        let of = |cause: &String, place: usize| shares[cause][place];
        let movers = rows.iter().enumerate().map(|(place, row)| {
            let mut points: Vec<f64> = causes.iter().map(|cause| shown(of(cause, place))).collect();
            if !rest.is_empty() {
                points.push(shown(rest.iter().map(|cause| of(cause, place)).sum()));
            }
            let now = scores[*row].unwrap_or_default();
            Mover {
                account: names[*row].clone(),
                before: shown(now - change(*row)),
                now,
                change: shown(change(*row)),
                points,
            }
        });
        let accounts: Vec<Mover> = movers.collect();
        if !rest.is_empty() {
            causes.push("Other causes".to_owned());
        }
        let title = if fell == 0 {
            format!("All {moved} scores that moved rose since {date}")
        } else {
            format!(
                "{fell} of {moved} scores that moved since {date} fell; {} by {:.1} points",
                names[first],
                -change(first)
            )
        };
        let subtitle = format!(
            "The {} that moved most, {date} to {}; causes in points of the shown score",
            number_of(rows.len(), "account", "accounts"),
            self.as_of
        );
        Ok(Ok(
            LargestMovers { causes, accounts }.draw(&caption(title, subtitle))
        ))
    }

    /// Returns the points that each cause took from or gave to the accounts of some rows.
    fn shares(
        &self,
        drivers: &DataFrame,
        comparator: Comparator,
        rows: &[usize],
        ids: &[String],
    ) -> PolarsResult<IndexMap<String, Vec<f64>>> {
        let places: IndexMap<&str, usize> = rows
            .iter()
            .enumerate()
            .map(|(place, row)| (ids[*row].as_str(), place))
            .collect();
        let against = text(drivers, "comparator")?;
        let (causes, categories) = (text(drivers, "cause")?, text(drivers, "category")?);
        let (owners, points) = (self.ids(drivers)?, numbers(drivers, "points")?);
        let comparator = comparator.to_string();
        let mut shares: IndexMap<String, Vec<f64>> = IndexMap::new();
        for row in 0..owners.len() {
            let (Some(place), Some(points)) = (places.get(owners[row].as_str()), points[row])
            else {
                continue;
            };
            if points == 0.0 || against[row].as_deref() != Some(comparator.as_str()) {
                continue;
            }
            let cause = self.in_words(causes[row].as_deref(), categories[row].as_deref());
            let none = || vec![0.0; rows.len()];
            shares.entry(cause).or_insert_with(none)[*place] += points;
        }
        Ok(shares)
    }

    /// Returns a cause as people say it; what an account did is told apart by category.
    fn in_words(&self, cause: Option<&str>, category: Option<&str>) -> String {
        let words = match cause.unwrap_or_default() {
            "behaviour" => return self.title_of(category.unwrap_or_default()),
            "restated" => "Restated data",
            "model" => "Change of the model",
            "variant" => "Other rules for the account",
            "data_lost" => "Data gone missing",
            "data_returned" => "Data back again",
            "calendar" => "Passing of time",
            "limit" => "Caps and floors",
            "override" => "Score set by hand",
            _ => "Not comparable",
        };
        words.to_owned()
    }

    fn title_of(&self, category: &str) -> String {
        let mut known = self.job.model.categories.iter();
        let found = known.find(|known| known.id == category);
        found.map_or_else(|| category.to_owned(), |found| found.title.clone())
    }

    fn coverage(&self) -> Drawn {
        let caption =
            |title, subtitle| self.caption("coverage", title, subtitle, "category_scores");
        let unknown = || caption("What the scores rest on".to_owned(), String::new());
        let categories = match self.table("category_scores") {
            Ok(categories) => categories,
            Err(reason) => return Ok(Err((unknown(), reason))),
        };
        let (names, shares) = (
            text(categories, "category")?,
            numbers(categories, "coverage")?,
        );
        let rows = self.job.model.categories.iter().map(|category| {
            let own = names.iter().zip(&shares);
            let own = own.filter(|(name, _)| name.as_ref() == Some(&category.id));
            let own: Vec<f64> = own.filter_map(|(_, share)| *share).collect();
            let full = own.iter().filter(|share| **share >= 1.0 - 1e-9).count();
            CoverageRow {
                category: category.title.clone(),
                share: (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64),
                before: None,
                note: format!("complete for {full} of {}", own.len()),
            }
        });
        let rows: Vec<CoverageRow> = rows.collect();
        let known = rows.iter().filter_map(|row| Some((row, row.share?)));
        let Some((least, share)) = known.min_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Ok(Err((
                unknown(),
                "nothing is known of any account".to_owned(),
            )));
        };
        let percent = share * 100.0;
        let percent = match percent < 10.0 {
            true => format!("{percent:.1}"),
            false => format!("{percent:.0}"),
        };
        let title = format!(
            "{} rests on the least data: {percent} % of its weight on average",
            least.category
        );
        let subtitle = format!(
            "Mean share of a category's weight that rests on present, fresh data; a score needs {:.0} % overall",
            self.job.model.coverage_floor * 100.0
        );
        let chart = Coverage {
            rows,
            compared: None,
            required: None,
        };
        Ok(Ok(chart.draw(&caption(title, subtitle))))
    }

    /// Returns the shown column that holds a fact of the model.
    fn fact(&self, key: &str, fact: Option<&String>, frame: &DataFrame) -> Result<String, String> {
        let Some(column) = fact else {
            return Err(format!("[follow_up] of the model does not name its {key}"));
        };
        match frame.column(column) {
            Ok(_) => Ok(column.clone()),
            Err(_) => Err(format!(
                "account_scores has no column {column}; add it to `show` of the exports file"
            )),
        }
    }

    fn renewals_ahead(&self) -> Drawn {
        let caption =
            |title, subtitle| self.caption("renewals_ahead", title, subtitle, "account_scores");
        let unknown = || caption("What comes up for renewal".to_owned(), String::new());
        let accounts = match self.table("account_scores") {
            Ok(accounts) => accounts,
            Err(reason) => return Ok(Err((unknown(), reason))),
        };
        let facts = &self.job.model.rules.facts;
        let columns = [
            ("renewal_date", &facts.renewal_date),
            ("amount", &facts.amount),
            ("currency", &facts.currency),
        ]
        .map(|(key, fact)| self.fact(key, fact.as_ref(), accounts));
        let [date, amount, currency] = match columns {
            [Ok(date), Ok(amount), Ok(currency)] => [date, amount, currency],
            [Err(reason), ..] | [_, Err(reason), _] | [.., Err(reason)] => {
                return Ok(Err((unknown(), reason)));
            }
        };
        let first = self.as_of.format("%Y-%m").to_string();
        // A date at the end of a month has nothing left of it.
        let start = self.as_of.succ_opt().unwrap_or(self.as_of);
        let month = |n: u32| start.checked_add_months(Months::new(n));
        let months = (0..AHEAD).filter_map(month);
        let months: IndexSet<String> = months
            .map(|date| date.format("%Y-%m").to_string())
            .collect();
        let today = self.as_of.to_string();
        let bands = self.bands(&[NOT_SCORED]);
        let of_band = |label: &Option<String>| {
            let place = bands
                .ranked
                .iter()
                .position(|band| Some(band) == label.as_ref());
            place.unwrap_or(bands.ranked.len())
        };
        let empty = || -> Vec<RenewalMonth> {
            let empty = |month: &String| RenewalMonth {
                month: month.clone(),
                amount: 0.0,
                accounts: 0,
                by_band: vec![0.0; bands.ranked.len() + 1],
            };
            months.iter().map(empty).collect()
        };
        let (dates, labels) = (text(accounts, &date)?, text(accounts, "band")?);
        let (amounts, currencies) = (numbers(accounts, &amount)?, text(accounts, &currency)?);
        let worrying = self.worrying();
        let mut panels: IndexMap<String, Vec<RenewalMonth>> = IndexMap::new();
        let (mut due, mut at_risk, mut later, mut without) = (0, 0, 0, 0);
        for row in 0..dates.len() {
            let Some(date) = dates[row].as_ref().filter(|date| **date > today) else {
                continue;
            };
            let Some(month) = months.get_index_of(&date[..first.len()]) else {
                later += 1;
                continue;
            };
            due += 1;
            let label = labels[row].as_deref();
            at_risk += usize::from(label.is_some_and(|label| worrying.contains(&label)));
            let (Some(amount), Some(currency)) = (amounts[row], &currencies[row]) else {
                without += 1;
                continue;
            };
            let panel = panels.entry(one_line(currency)).or_insert_with(empty);
            let month = &mut panel[month];
            month.amount += amount;
            month.accounts += 1;
            month.by_band[of_band(&labels[row])] += amount;
        }
        if due == 0 {
            let reason = format!("no renewal lies within {AHEAD} months");
            return Ok(Err((unknown(), reason)));
        }
        panels.sort_keys();
        let title = format!(
            "{at_risk} of {} by the end of {} are in {}",
            number_of(due, "renewal", "renewals"),
            months.last().map_or("", String::as_str),
            worrying.join(" or ")
        );
        let mut subtitle = format!(
            "Yearly amount of the accounts whose next renewal falls into the month, by band; after {today}"
        );
        for (n, what) in [(later, "later"), (without, "without an amount")] {
            if n > 0 {
                subtitle += &format!("; {n} {what}");
            }
        }
        let panel = |(currency, months)| CurrencyRenewals { currency, months };
        let chart = RenewalsAhead {
            currencies: panels.into_iter().map(panel).collect(),
            bands,
        };
        Ok(Ok(chart.draw(&caption(title, subtitle))))
    }
}
