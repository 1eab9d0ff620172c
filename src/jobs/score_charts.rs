//! The pictures of a scorecard, drawn from the tables that are published and from nothing else.

use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};
use polars::prelude::*;

use super::settings::ScoreJob;
use crate::charts::{
    self, BandCount, BandMigration, Bands, Caption, Chart, Coverage, CoverageRow, CurrencyRenewals,
    LargestMovers, Mover, RenewalMonth, RenewalsAhead, ScoreBin, ScoreDistribution,
};
use crate::domain::{Comparator, one_line};
use crate::formula::date_literal;
use crate::insights::portfolio::{
    AHEAD, BIN, NOT_SCORED, NOT_THERE, OTHER_CAUSES, UNKNOWN, months_ahead, worrying,
};
use crate::panel::ACCOUNT_ID;
use crate::tables::{Rows, Table};

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

/// The rows of a table that speak about all accounts together.
fn of_all(frame: &DataFrame) -> PolarsResult<DataFrame> {
    frame
        .clone()
        .lazy()
        .filter(col("slice").eq(lit("all")))
        .collect()
}

/// The rows of a table that fulfil a condition.
fn only(frame: &DataFrame, which: Expr) -> PolarsResult<DataFrame> {
    frame.clone().lazy().filter(which).collect()
}

/// The rows of a table that speak about a date.
fn on_date(date: NaiveDate) -> Expr {
    col("on_date").eq(date_literal(date))
}

fn against(comparator: Comparator) -> Expr {
    col("comparator").eq(lit(comparator.to_string()))
}

/// The first number of a column; 0 where there is no row.
fn first_count(frame: &DataFrame, column: &str) -> PolarsResult<u64> {
    Ok(counts(frame, column)?.first().copied().unwrap_or_default())
}

/// Says how many of them there are.
fn number_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn unpublished(table: &str) -> String {
    let group = match table {
        "account_scores" => "scores",
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
        // No picture is drawn of a table with many rows for each account.
        match table.map(|table| &table.rows) {
            Some(Rows::Whole(frame)) => Ok(frame),
            _ => Err(unpublished(name)),
        }
    }

    /// Returns the bands worst first, and groups beside them.
    fn bands(&self, others: &[&str]) -> Bands {
        let ranked = self.job.model.bands.iter().rev();
        Bands {
            ranked: ranked.map(|band| band.label.clone()).collect(),
            others: others.iter().map(|other| (*other).to_owned()).collect(),
        }
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

    /// Returns what people call some accounts: the name that the job shows first, where it
    /// publishes one.
    fn names(&self, ids: &[String]) -> PolarsResult<IndexMap<String, String>> {
        let first = self.job.population.show.first();
        let first = first.filter(|first| first.name != ACCOUNT_ID);
        let (Some(first), Ok(accounts)) = (first, self.table("account_scores")) else {
            return Ok(IndexMap::new());
        };
        let named = self.ids(accounts)?.into_iter();
        let named = named.zip(text(accounts, &first.name)?);
        Ok(named
            .filter(|(id, _)| ids.contains(id))
            .filter_map(|(id, name)| Some((id, one_line(&name?))))
            .collect())
    }

    fn score_distribution(&self) -> Drawn {
        let source = "portfolio_scores, portfolio_bands";
        let caption = |title, subtitle| self.caption("score_distribution", title, subtitle, source);
        let unknown = || caption("How scores are spread".to_owned(), String::new());
        let tables = (
            self.table("portfolio_scores"),
            self.table("portfolio_bands"),
        );
        let (in_bins, in_bands) = match tables {
            (Ok(in_bins), Ok(in_bands)) => (of_all(in_bins)?, of_all(in_bands)?),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let bins_of = |date: NaiveDate| -> PolarsResult<IndexMap<u64, u64>> {
            let own = only(&in_bins, on_date(date))?;
            let from = counts(&own, "points_from")?;
            Ok(from.into_iter().zip(counts(&own, "accounts")?).collect())
        };
        let bands_of = |date: NaiveDate| only(&in_bands, on_date(date));
        let compared = match self.compared {
            Some((_, date)) => Some((date, bins_of(date)?, bands_of(date)?)),
            None => None,
        };
        let compared = compared.filter(|(_, bins, _)| !bins.is_empty());
        let (now, bands_now) = (bins_of(self.as_of)?, bands_of(self.as_of)?);
        let width = BIN as u64;
        let bins = (0..100 / width).map(|n| ScoreBin {
            low: (n * width) as f64,
            high: ((n + 1) * width) as f64,
            now: now.get(&(n * width)).copied().unwrap_or_default(),
            before: compared
                .as_ref()
                .map(|(_, bins, _)| bins.get(&(n * width)).copied().unwrap_or_default()),
        });
        let bands = self.bands(&[NOT_SCORED]);
        let in_band = |frame: &DataFrame| -> PolarsResult<Vec<u64>> {
            let labels = text(frame, "band")?;
            let n = counts(frame, "accounts")?;
            let all = bands.ranked.iter().chain(&bands.others);
            let place = |label| labels.iter().position(|of| of.as_ref() == Some(label));
            Ok(all
                .map(|label| place(label).map_or(0, |row| n[row]))
                .collect())
        };
        let counted = in_band(&bands_now)?;
        let before = match &compared {
            Some((.., frame)) => Some(in_band(frame)?),
            None => None,
        };
        let scored = first_count(&bands_now, "accounts_scored")?;
        let at_risk = first_count(&bands_now, "accounts_at_risk")?;
        let mut title = format!(
            "{at_risk} of {} are in {}",
            number_of(scored as usize, "scored account", "scored accounts"),
            worrying(&self.job.model).join(" or ")
        );
        let mut subtitle = format!("Accounts by score in bins of {BIN} points, and by band");
        if let Some((date, _, frame)) = &compared {
            let then = first_count(frame, "accounts_at_risk")?;
            title += &format!("; on {date} it was {then}");
            let scored_then = first_count(frame, "accounts_scored")?;
            subtitle += &format!("; outline: the {scored_then} scored on {date}");
        }
        let chart = ScoreDistribution {
            bins: bins.collect(),
            counts: (0..counted.len())
                .map(|place| BandCount {
                    now: counted[place],
                    before: before.as_ref().map(|before| before[place]),
                })
                .collect(),
            thresholds: self.thresholds(),
            compared: compared.as_ref().map(|(date, ..)| date.to_string()),
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
        let source = "portfolio_migration, portfolio_changes";
        let caption = |title, subtitle| self.caption("band_migration", title, subtitle, source);
        let unknown = || caption("Who changed band".to_owned(), String::new());
        let Some((comparator, date)) = self.compared else {
            return Ok(Err((unknown(), self.without_comparison())));
        };
        let tables = (
            self.table("portfolio_migration"),
            self.table("portfolio_changes"),
        );
        let (moves, changes) = match tables {
            (Ok(moves), Ok(changes)) => (of_all(moves)?, of_all(changes)?),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let moves = only(&moves, against(comparator))?;
        let changes = only(&changes, against(comparator))?;
        let bands = self.bands(&[NOT_SCORED, NOT_THERE]);
        let names: Vec<&String> = bands.ranked.iter().chain(&bands.others).collect();
        let place = |label: &Option<String>| {
            let label = label.as_ref();
            names.iter().position(|name| Some(*name) == label)
        };
        let (from, to) = (text(&moves, "band_before")?, text(&moves, "band_after")?);
        let n = counts(&moves, "accounts")?;
        let totals = ["accounts_before", "accounts_after"].map(|total| counts(&moves, total));
        let [of_before, of_after] = totals;
        let (of_before, of_after) = (of_before?, of_after?);
        let mut cells = vec![vec![0u64; names.len()]; names.len()];
        // Nobody counts who is in the panel on neither date.
        if let Some(outside) = cells.last_mut() {
            outside.pop();
        }
        let (mut before, mut now) = (vec![0; names.len()], vec![0; names.len()]);
        for row in 0..n.len() {
            if let (Some(from), Some(to)) = (place(&from[row]), place(&to[row])) {
                cells[from][to] = n[row];
                before[from] = of_before[row];
                now[to] = of_after[row];
            }
        }
        let (worse, better) = (
            first_count(&changes, "to_a_worse_band")?,
            first_count(&changes, "to_a_better_band")?,
        );
        let title = format!(
            "{} slipped into a worse band since {date}, {better} rose",
            number_of(worse as usize, "account", "accounts")
        );
        let subtitle = format!(
            "Accounts by band on {date} (rows) and on {} (columns); who came or left was in the panel on one of them",
            self.as_of
        );
        if cells[..names.len() - 1]
            .iter()
            .flatten()
            .all(|count| *count == 0)
        {
            let reason = format!("no account was in the panel on {date}");
            return Ok(Err((unknown(), reason)));
        }
        let chart = BandMigration {
            before,
            now,
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
        let source = "portfolio_movers, portfolio_changes";
        let caption = |title, subtitle| self.caption("largest_movers", title, subtitle, source);
        let unknown = || caption("Whose score moved most".to_owned(), String::new());
        let Some((comparator, date)) = self.compared else {
            return Ok(Err((unknown(), self.without_comparison())));
        };
        let tables = (
            self.table("portfolio_movers"),
            self.table("portfolio_changes"),
        );
        let (movers, changes) = match tables {
            (Ok(movers), Ok(changes)) => (movers, of_all(changes)?),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let movers = only(movers, against(comparator))?;
        let changes = only(&changes, against(comparator))?;
        let ids = self.ids(&movers)?;
        let names = self.names(&ids)?;
        let (causes, categories) = (text(&movers, "cause")?, text(&movers, "category")?);
        let words = causes.iter().zip(&categories);
        let words: Vec<String> = words
            .map(|(cause, category)| self.in_words(cause.as_deref(), category.as_deref()))
            .collect();
        let column = |name: &str| numbers(&movers, name);
        let (then, now) = (column("score_then")?, column("score_now")?);
        let (change, points) = (column("change")?, column("points")?);
        // The heaviest causes have the first colours, whatever account they are met in first.
        let mut weights: IndexMap<&String, f64> = IndexMap::new();
        for (words, points) in words.iter().zip(&points) {
            *weights.entry(words).or_default() += points.unwrap_or_default().abs();
        }
        let other = self.in_words(Some(OTHER_CAUSES), None);
        weights.sort_by(|a, x, b, y| {
            let is_other = |words: &String| *words == other;
            is_other(a)
                .cmp(&is_other(b))
                .then_with(|| y.total_cmp(x))
                .then_with(|| a.cmp(b))
        });
        let mut accounts: IndexMap<&String, Mover> = IndexMap::new();
        for row in 0..ids.len() {
            let mover = accounts.entry(&ids[row]).or_insert_with(|| Mover {
                account: names.get(&ids[row]).cloned().unwrap_or_default(),
                id: one_line(&ids[row]),
                before: then[row].unwrap_or_default(),
                now: now[row].unwrap_or_default(),
                change: change[row].unwrap_or_default(),
                points: vec![0.0; weights.len()],
            });
            if let Some(place) = weights.get_index_of(&words[row]) {
                mover.points[place] = points[row].unwrap_or_default();
            }
        }
        let mut accounts: Vec<Mover> = accounts.into_values().collect();
        accounts.sort_by(|a, b| a.change.total_cmp(&b.change));
        for mover in &mut accounts {
            if mover.account.is_empty() {
                mover.account = std::mem::take(&mut mover.id);
            }
        }
        let Some(first) = accounts.first() else {
            let reason = format!("no score of today differs from that of {date}");
            return Ok(Err((unknown(), reason)));
        };
        let decimals = self.job.model.decimals as usize;
        let (fell, rose) = (
            first_count(&changes, "fell")?,
            first_count(&changes, "rose")?,
        );
        let title = if first.change < 0.0 {
            format!(
                "{fell} scores fell since {date} and {rose} rose; {} lost {:.decimals$} points",
                first.account, -first.change
            )
        } else {
            format!("{rose} scores rose since {date} and {fell} fell")
        };
        let subtitle = format!(
            "The {} that moved most, {date} to {}; causes in points of the shown score",
            number_of(accounts.len(), "account", "accounts"),
            self.as_of
        );
        let chart = LargestMovers {
            causes: weights.into_keys().cloned().collect(),
            accounts,
            decimals,
        };
        Ok(Ok(chart.draw(&caption(title, subtitle))))
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
            OTHER_CAUSES => "Other causes",
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
            |title, subtitle| self.caption("coverage", title, subtitle, "portfolio_coverage");
        let unknown = || caption("What the scores rest on".to_owned(), String::new());
        let covered = match self.table("portfolio_coverage") {
            Ok(covered) => of_all(covered)?,
            Err(reason) => return Ok(Err((unknown(), reason))),
        };
        let now = only(&covered, on_date(self.as_of))?;
        let shares_on = |frame: &DataFrame| -> PolarsResult<IndexMap<Option<String>, Option<f64>>> {
            let shares = numbers(frame, "mean_coverage")?;
            Ok(text(frame, "category")?.into_iter().zip(shares).collect())
        };
        let then = match self.compared {
            Some((_, date)) => {
                let shares = shares_on(&only(&covered, on_date(date))?)?;
                Some((date, shares)).filter(|(_, shares)| !shares.is_empty())
            }
            None => None,
        };
        let share_now = shares_on(&now)?;
        let categories = text(&now, "category")?;
        let (complete, all) = (
            counts(&now, "accounts_complete")?,
            counts(&now, "accounts")?,
        );
        let rows = self.job.model.categories.iter().map(|category| {
            let id = Some(category.id.clone());
            let row = categories.iter().position(|known| *known == id);
            CoverageRow {
                category: category.title.clone(),
                share: share_now.get(&id).copied().flatten(),
                before: then
                    .as_ref()
                    .and_then(|(_, shares)| shares.get(&id).copied().flatten()),
                note: row.map_or_else(String::new, |row| {
                    format!("complete for {} of {}", complete[row], all[row])
                }),
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
            compared: then.map(|(date, _)| date.to_string()),
            required: None,
        };
        Ok(Ok(chart.draw(&caption(title, subtitle))))
    }

    fn renewals_ahead(&self) -> Drawn {
        let source = "portfolio_renewals, portfolio_renewals_ahead";
        let caption = |title, subtitle| self.caption("renewals_ahead", title, subtitle, source);
        let unknown = || caption("What comes up for renewal".to_owned(), String::new());
        let facts = &self.job.model.rules.facts;
        for (key, fact) in [
            ("renewal_date", &facts.renewal_date),
            ("amount", &facts.amount),
            ("currency", &facts.currency),
        ] {
            if fact.is_none() {
                let reason = format!("[follow_up] of the model does not name its {key}");
                return Ok(Err((unknown(), reason)));
            }
        }
        let tables = (
            self.table("portfolio_renewals"),
            self.table("portfolio_renewals_ahead"),
        );
        let (renewals, ahead) = match tables {
            (Ok(renewals), Ok(ahead)) => (of_all(renewals)?, of_all(ahead)?),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Err((unknown(), reason))),
        };
        let months: IndexSet<String> = months_ahead(self.as_of).into_iter().collect();
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
        let (dates, labels) = (text(&renewals, "month")?, text(&renewals, "band")?);
        let of_month = counts(&renewals, "accounts_of_month")?;
        let (amounts, sums) = (
            numbers(&renewals, "amount")?,
            numbers(&renewals, "amount_of_month")?,
        );
        let currencies = text(&renewals, "currency")?;
        let worrying = worrying(&self.job.model);
        let mut panels: IndexMap<String, Vec<RenewalMonth>> = IndexMap::new();
        for row in 0..dates.len() {
            let month = dates[row].as_ref();
            let Some(month) = month.and_then(|month| months.get_index_of(month)) else {
                continue;
            };
            let currency = currencies[row].as_deref().unwrap_or(UNKNOWN);
            if currency == UNKNOWN {
                continue;
            }
            let panel = panels.entry(one_line(currency)).or_insert_with(empty);
            let month = &mut panel[month];
            month.amount = sums[row].unwrap_or_default();
            month.accounts = of_month[row];
            month.by_band[of_band(&labels[row])] = amounts[row].unwrap_or_default();
        }
        let due = first_count(&ahead, "accounts_due")?;
        let at_risk = first_count(&ahead, "accounts_due_at_risk")?;
        let later = first_count(&ahead, "accounts_later")?;
        let without = first_count(&ahead, "accounts_due_without_amount")?;
        if due == 0 {
            let reason = format!("no renewal lies within {AHEAD} months");
            return Ok(Err((unknown(), reason)));
        }
        panels.sort_keys();
        let title = format!(
            "{at_risk} of {} by the end of {} are in {}",
            number_of(due as usize, "renewal", "renewals"),
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
