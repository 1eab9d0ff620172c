//! What can be measured on the tables: the shipped measures for which there is data, and simple ones
//! of every other table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use indexmap::IndexMap;

use super::blocks::{Block, blocks};
use super::guess::{Guess, Path, Table};
use super::words::{self, has};
use super::{sql_text, toml_text};
use crate::config::{self, Problems, Source};
use crate::exports::contract::ACCOUNTS;
use crate::exports::look::{Folder, SeenColumn, Shape};
use crate::exports::parquet_files::Stored;
use crate::formula;
use crate::measures::file::MeasuresFile;

/// The catalogue that comes with the program.
pub const SHIPPED: &str = include_str!("../../jobs/measures.toml");

/// The shipped measures: those that can be had, and what the others wait for.
#[derive(Debug, Clone, Default)]
pub struct Shipped {
    /// By name, as they are written.
    pub kept: IndexMap<String, Block>,
    /// For each measure the exports that it rests on, through others too.
    pub tables: HashMap<String, BTreeSet<String>>,
    /// What is missing, and the measures that would come with it.
    pub missing: BTreeMap<String, Vec<String>>,
}

/// How an own measure becomes a score.
#[derive(Debug, Clone, PartialEq)]
pub enum Score {
    /// Not at all: another measure needs it.
    Helper,
    /// By the quantiles of the accounts at the as-of date.
    Quantiles,
    /// A ratio in which 1 means unchanged.
    Trend,
    /// A score for each text.
    Map(Vec<(String, f64)>),
}

/// A simple measure of a table that the shipped ones say too little about.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its unit, if it has one.
    pub unit: Option<&'static str>,
    /// What it says.
    pub description: String,
    /// Which way is better, if that is known.
    pub better: Option<&'static str>,
    /// Why, and what to decide.
    pub comment: String,
    /// The export; none for formulas over others.
    pub from: Option<String>,
    /// Length of the window and days between its end and the as-of date.
    pub window: Option<(u32, u32)>,
    /// Rows that count.
    pub condition: Option<String>,
    /// The value.
    pub value: String,
    /// The value of an observed account without a row.
    pub none: bool,
    /// The category it belongs to.
    pub category: &'static str,
    /// How it is scored.
    pub score: Score,
    /// Its weight beside others.
    pub weight: u32,
}

impl Own {
    /// Returns it as it stands in the file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if !self.comment.is_empty() {
            let _ = writeln!(text, "# {}", self.comment);
        }
        let _ = writeln!(text, "[measures.{}]", self.name);
        let _ = writeln!(text, "label = {}", toml_text(&self.label));
        if let Some(unit) = self.unit {
            let _ = writeln!(text, "unit = {}", toml_text(unit));
        }
        let _ = writeln!(text, "description = {}", toml_text(&self.description));
        if let Some(better) = self.better {
            let _ = writeln!(text, "better = \"{better}\"");
        }
        if let Some(from) = &self.from {
            let _ = writeln!(text, "from = \"{from}\"");
        }
        if let Some((days, offset)) = self.window {
            let _ = writeln!(text, "window = \"{days}d\"");
            if offset > 0 {
                let _ = writeln!(text, "offset = \"{offset}d\"");
            }
        }
        if let Some(condition) = &self.condition {
            let _ = writeln!(text, "where = {}", toml_text(condition));
        }
        let _ = writeln!(text, "value = {}", toml_text(&self.value));
        if self.none {
            let _ = writeln!(text, "none = 0");
        }
        text
    }
}

/// Sorts the shipped measures into those for which there is data and those for which there is not.
#[must_use]
pub fn shipped(guess: &Guess, folder: &Folder) -> Shipped {
    let source = Source {
        path: "measures.toml".into(),
        text: SHIPPED.into(),
    };
    let mut problems = Problems::default();
    let Some(file) = config::parse::<MeasuresFile>(&source, &mut problems) else {
        return Shipped::default();
    };
    let accounts = guess.table(ACCOUNTS);
    let mut needs: IndexMap<&str, (BTreeSet<String>, Vec<String>)> = IndexMap::new();
    for (name, measure) in &file.measures {
        let mut missing = BTreeSet::new();
        let mut others = Vec::new();
        let texts = measure.condition.iter().chain([&measure.value]);
        let parsed: Vec<formula::Parsed> = texts
            .filter_map(|text| formula::parse(text.get_ref()).ok())
            .collect();
        let table = measure.from.as_ref().map(|from| from.get_ref().as_str());
        match table {
            Some(from) => match guess.table(from) {
                None => {
                    missing.insert(format!("a table `{from}`"));
                }
                Some(table) => {
                    for parsed in &parsed {
                        own_needs(parsed, table, folder, &mut missing);
                        others.extend(parsed.account_names());
                    }
                }
            },
            None => others.extend(parsed.iter().flat_map(formula::Parsed::names)),
        }
        needs.insert(name.get_ref(), (missing, others));
    }
    let mut shipped = Shipped::default();
    let mut all_missing: HashMap<&str, BTreeSet<String>> = HashMap::new();
    // Formulas inherit what the measures they rest on wait for.
    for name in needs.keys() {
        let mut missing = BTreeSet::new();
        let mut tables = BTreeSet::new();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&str> = vec![name];
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            if let Some((own, others)) = needs.get(next) {
                missing.extend(own.iter().cloned());
                tables.extend(
                    file.measures
                        .get(next)
                        .and_then(|measure| measure.from.as_ref())
                        .map(|from| from.get_ref().clone()),
                );
                open.extend(others.iter().map(String::as_str));
            } else if !matches!(next, "as_of" | "job.currency" | "account.as_of")
                && !accounts.is_some_and(|accounts| accounts.has(next, folder))
            {
                missing.insert(format!("`accounts` with a column `{next}`"));
            }
        }
        shipped.tables.insert((*name).to_owned(), tables);
        all_missing.insert(name, missing);
    }
    for block in blocks(SHIPPED) {
        let Some(name) = block.named("measures.").map(str::to_owned) else {
            continue;
        };
        let missing = &all_missing[name.as_str()];
        for need in missing {
            shipped
                .missing
                .entry(need.clone())
                .or_default()
                .push(name.clone());
        }
        if missing.is_empty() {
            shipped.kept.insert(name, block);
        }
    }
    shipped
}

fn own_needs(
    parsed: &formula::Parsed,
    table: &Table,
    folder: &Folder,
    missing: &mut BTreeSet<String>,
) {
    for name in parsed.names() {
        let is_ours = name.contains('.') || name == "as_of";
        if is_ours {
            continue;
        }
        if !table.has(&name, folder) {
            missing.insert(format!("`{}` with a column `{name}`", table.name));
        } else if table.leaks.contains(&name) {
            missing.insert(format!("`{}` without the answer in `{name}`", table.name));
        }
    }
    // A word that never occurs would count nothing for ever, and look like all is well.
    for (column, texts) in parsed.compared_texts() {
        let known = table.values.get(&column).or_else(|| {
            table
                .seen_column(&column, folder)
                .map(|column| &column.values)
        });
        if let Some(known) = known
            && !known.is_empty()
            && !texts.iter().any(|text| known.contains(text))
        {
            missing.insert(format!(
                "`{}` in which `{column}` is '{}'",
                table.name,
                texts.join("' or '")
            ));
        }
    }
}

/// Returns the category that a name belongs to.
fn category(name: &str) -> &'static str {
    words::CATEGORY_WORDS
        .iter()
        .find(|(_, words)| has(name, words))
        .map_or("usage", |(category, _)| category)
}

/// Makes simple measures of a table.
#[must_use]
pub fn own(table: &Table, folder: &Folder) -> Vec<Own> {
    if table.path.0 == Path::Reference || table.is_answer(folder) {
        return vec![];
    }
    let mut maker = Maker {
        table,
        folder,
        own: vec![],
    };
    if table.name == ACCOUNTS {
        maker.attributes();
    } else if table.time.is_some() {
        maker.events();
    } else {
        maker.rows();
    }
    maker.own
}

struct Maker<'a> {
    table: &'a Table,
    folder: &'a Folder,
    own: Vec<Own>,
}

impl<'a> Maker<'a> {
    fn word(&self) -> String {
        let name = self.table.name.replace('_', " ");
        crate::domain::one_line(&name)
    }

    fn columns(&self) -> Vec<(String, &'a SeenColumn)> {
        let seen = &self.folder.tables[self.table.seen];
        seen.columns
            .iter()
            .filter_map(|column| {
                let ours = self.table.ours.get(&column.name).cloned().or_else(|| {
                    // A column that needs no other name.
                    (words::safe(&column.name) == column.name).then(|| column.name.clone())
                })?;
                let fixed = self.table.key.0.contains(&ours) && self.table.key.0.len() == 1;
                let is_path = matches!(&self.table.path.0, Path::Account(path) | Path::Via(path, _) if *path == ours);
                (!fixed && !is_path && !self.table.leaks.contains(&ours)).then_some((ours, column))
            })
            .collect()
    }

    fn push(&mut self, own: Own) {
        self.own.push(own);
    }

    fn base(&self, name: String, label: String, description: String) -> Own {
        Own {
            name,
            label,
            unit: None,
            description,
            better: None,
            comment: String::new(),
            from: Some(self.table.name.clone()),
            window: None,
            condition: None,
            value: String::new(),
            none: false,
            category: category(&self.table.name),
            score: Score::Quantiles,
            weight: 2,
        }
    }

    /// Rows without a time: how many there are.
    fn rows(&mut self) {
        let name = format!("{}_rows", self.table.name);
        let word = self.word();
        let mut own = self.base(
            name,
            format!("Rows of {word}"),
            format!("Rows of {word} that name the account"),
        );
        own.unit = Some("rows");
        own.value = "COUNT(*)".into();
        own.none = self.table.observed.is_some();
        own.better = direction(&self.table.name).or(Some("higher"));
        own.comment =
            "TODO: the table has no time, so this is today's number; say whether more is better"
                .into();
        self.push(own);
    }

    fn events(&mut self) {
        let seen = &self.folder.tables[self.table.seen];
        let (time, _) = self.table.time.clone().expect("an event table has a time");
        let (t, word) = (self.table.name.clone(), self.word());
        let span = self.table.days.map_or(0, |[first, last]| {
            last.signed_duration_since(first).num_days()
        });
        let path = match &self.table.path.0 {
            Path::Account(column) | Path::Via(column, _) => column.clone(),
            Path::Reference => return,
        };
        let theirs = self
            .table
            .ours
            .iter()
            .find(|(_, ours)| **ours == path)
            .map_or(path.clone(), |(theirs, _)| theirs.clone());
        let named = seen.ids(&theirs).len().max(1) as f64;
        let a_month = seen.rows as f64 / named / (span.max(1) as f64) * 28.0;
        let days: u32 = if a_month >= 4.0 { 28 } else { 90 };
        let has_before = span >= i64::from(2 * days) + 14;
        let of_contracts = self.table.role == Some("contracts");
        let bad = direction(&t);
        let observed = self.table.observed.is_some();
        let rated = has(
            &t,
            &["survey", "nps", "csat", "feedback", "review", "rating"],
        );
        let billed = has(&t, &["invoice", "bill", "payment", "charge"]);
        if of_contracts {
            if !self.table.derive.contains_key("ended_date") {
                let mut own = self.base(
                    "contract_lines_ended_share".into(),
                    "Contract lines ended".into(),
                    "Contract lines that ended in the last 180 days, of those and the lines in force".into(),
                );
                own.unit = Some("share of lines");
                own.better = Some("lower");
                own.category = "commercial";
                own.value = "COUNT(*) FILTER (WHERE DATEDIFF('day', ended_date, as_of) < 180) / NULLIF(COUNT(*) FILTER (WHERE ended_date IS NULL OR DATEDIFF('day', ended_date, as_of) < 180), 0)".into();
                own.comment = "lines that ended are a fact of the past, known on their day".into();
                self.push(own);
            }
            return;
        }
        // How many, how many before, and what became of it.
        let mut count = self.base(
            format!("{t}_{days}d"),
            format!("{} in {days} days", first_upper(&word)),
            format!("Rows of {word} in the last {days} days"),
        );
        count.unit = Some("rows");
        count.window = Some((days, 0));
        count.value = "COUNT(*)".into();
        count.none = observed;
        count.better = Some(bad.unwrap_or("higher"));
        count.comment = match bad {
            Some("lower") => "the name speaks of trouble, so fewer are taken as better".into(),
            _ if billed || rated => {
                "TODO: it only counts rows; say whether more is better, or measure what they say"
                    .into()
            }
            _ => "more are taken as better; turn it round where that is wrong".into(),
        };
        count.weight = if billed || rated { 0 } else { 3 };
        let counted = count.name.clone();
        self.push(count);
        if has_before && !billed && !rated {
            let mut before = self.base(
                format!("{t}_{days}d_before"),
                format!("{} in the {days} days before", first_upper(&word)),
                format!("Rows of {word} in the {days} days before the last {days}"),
            );
            before.unit = Some("rows");
            before.window = Some((days, days));
            before.value = "COUNT(*)".into();
            before.none = observed;
            before.score = Score::Helper;
            let earlier = before.name.clone();
            self.push(before);
            if bad != Some("lower") {
                let mut trend = self.base(
                    format!("{t}_trend"),
                    format!("{}, now against before", first_upper(&word)),
                    format!("Rows of {word} in the last {days} days for one in the {days} days before; none where there were none before"),
                );
                trend.unit = Some("ratio");
                trend.from = None;
                trend.better = Some("higher");
                trend.value = format!("{counted} / NULLIF({earlier}, 0)");
                trend.score = Score::Trend;
                self.push(trend);
            }
        }
        if bad != Some("lower") && !billed && !rated {
            let mut recency = self.base(
                format!("days_since_{t}"),
                format!("Days since the last of {word}"),
                format!("Days since the newest row of {word}; missing where there never was one"),
            );
            recency.unit = Some("days");
            recency.better = Some("lower");
            recency.value = format!("DATEDIFF('day', MAX({time}), as_of)");
            self.push(recency);
        }
        if category(&t) == "usage" && a_month >= 2.0 {
            let mut active = self.base(
                format!("{t}_days_{days}d"),
                format!("Days with {word}"),
                format!("Different days of the last {days} with a row of {word}"),
            );
            active.unit = Some("days");
            active.better = Some("higher");
            active.window = Some((days, 0));
            active.value = format!("COUNT(DISTINCT {time})");
            active.none = observed;
            self.push(active);
        }
        for person in self.table.people.clone().into_iter().take(1) {
            let mut people = self.base(
                format!("{t}_{person}s_{days}d"),
                format!("Different {} in {word}", person.replace('_', " ")),
                format!("Different values of {person} in {word} in the last {days} days"),
            );
            people.better = Some("higher");
            people.window = Some((days, 0));
            people.value = format!("COUNT(DISTINCT {person})");
            people.none = observed;
            people.category = "adoption";
            self.push(people);
        }
        self.open_rows(&t, &word);
        self.contents(&t, &word, days, observed, &counted);
    }

    /// Rows that begin and are over some day: how many are open, and for how long.
    fn open_rows(&mut self, t: &str, word: &str) {
        let ended = self
            .table
            .known
            .iter()
            .find(|(cell, (moment, _))| {
                *cell == moment
                    && has(
                        cell,
                        &[
                            "closed",
                            "close",
                            "solved",
                            "resolved",
                            "ended",
                            "end",
                            "completed",
                            "paid",
                            "cancelled",
                            "canceled",
                            "deactivated",
                            "deleted",
                        ],
                    )
            })
            .map(|(cell, _)| cell.clone());
        let Some(ended) = ended else { return };
        let Some(column) = self.table.seen_column(&ended, self.folder) else {
            return;
        };
        if column.nulls == 0.0 {
            return;
        }
        let bad = direction(t);
        let mut open = self.base(
            format!("open_{t}"),
            format!("Open {word}"),
            format!("Rows of {word} without `{ended}` on the as-of date"),
        );
        open.unit = Some("rows");
        open.condition = Some(format!("{ended} IS NULL OR {ended} > as_of"));
        open.value = "COUNT(*)".into();
        open.none = self.table.observed.is_some();
        let trouble =
            bad == Some("lower") || has(&ended, &["paid", "solved", "resolved", "closed", "close"]);
        open.better = Some(if trouble { "lower" } else { "higher" });
        open.comment = "TODO: say whether many open ones are good or bad".into();
        open.weight = 1;
        self.push(open);
    }

    fn contents(&mut self, t: &str, word: &str, days: u32, observed: bool, counted: &str) {
        let mut quantities = 0;
        let mut kinds = 0;
        let mut flags = 0;
        let time = self
            .table
            .time
            .as_ref()
            .map(|(time, _)| time.clone())
            .unwrap_or_default();
        for (ours, column) in self.columns() {
            if ours == time
                || self.table.people.contains(&ours)
                || self.table.current.contains(&ours)
            {
                continue;
            }
            let pretty = ours.replace('_', " ");
            // Numbers that were made usable are read under our name.
            if column.is_number() && has(&ours, words::RATING_WORDS) {
                let mut own = self.base(
                    format!("{t}_{ours}_mean"),
                    format!("Mean {pretty}"),
                    format!("Mean of {ours} in {word} of the last 180 days"),
                );
                own.window = Some((180, 0));
                own.value = format!("AVG({ours})");
                own.better = Some("higher");
                own.category = "support";
                self.push(own);
            } else if column.is_number() && has(&ours, &["response", "resolution", "wait", "delay"])
            {
                let mut own = self.base(
                    format!("{t}_{ours}_median"),
                    format!("Median {pretty}"),
                    format!("Median of {ours} in {word} of the last 180 days"),
                );
                own.window = Some((180, 0));
                own.value = format!("MEDIAN({ours})");
                own.better = Some("lower");
                self.push(own);
            } else if column.is_number()
                && has(&ours, words::QUANTITY_WORDS)
                && !looks_like_id(&ours)
                && quantities < 3
            {
                quantities += 1;
                let bad = has(&ours, words::BAD_WORDS);
                let mut own = self.base(
                    format!("{t}_{ours}_{days}d"),
                    format!("{} in {days} days", first_upper(&pretty)),
                    format!("Sum of {ours} in {word} of the last {days} days"),
                );
                own.window = Some((days, 0));
                own.none = observed;
                if bad {
                    own.value = format!("SUM({ours}) / NULLIF(COUNT(*), 0)");
                    own.label = format!("{} a row", first_upper(&pretty));
                    own.description =
                        format!("Sum of {ours} for each row of {word} in the last {days} days");
                    own.better = Some("lower");
                    own.none = false;
                } else {
                    own.value = format!("SUM({ours})");
                    own.better = Some("higher");
                    let billed = category(t) == "commercial";
                    own.weight = if billed { 0 } else { 2 };
                    if billed {
                        own.comment = "TODO: money that moves is not health by itself; give it a weight if more is better".into();
                    }
                }
                let _ = counted;
                self.push(own);
            } else if column.shape == Shape::Flag && flags < 2 {
                let Some(truth) = truth(&ours, column) else {
                    continue;
                };
                let better = if has(&ours, words::BAD_WORDS) {
                    Some("lower")
                } else {
                    None
                };
                if better.is_none() {
                    continue;
                }
                flags += 1;
                let mut own = self.base(
                    format!("{t}_{ours}_share"),
                    format!("Share with {pretty}"),
                    format!(
                        "Share of the rows of {word} of the last 180 days in which {ours} holds"
                    ),
                );
                own.unit = Some("share of rows");
                own.window = Some((180, 0));
                own.value = format!("COUNT(*) FILTER (WHERE {truth}) / NULLIF(COUNT(*), 0)");
                own.better = better;
                self.push(own);
            } else if column.shape == Shape::Text
                && (3..=5_000).contains(&column.distinct)
                && has(
                    &ours,
                    &[
                        "feature", "module", "type", "event", "action", "page", "screen",
                        "category", "product", "kind", "channel",
                    ],
                )
                && category(t) != "support"
                && kinds < 1
            {
                kinds += 1;
                let mut own = self.base(
                    format!("{t}_different_{ours}"),
                    format!("Different {pretty}"),
                    format!("Different values of {ours} in {word} of the last {days} days"),
                );
                own.window = Some((days, 0));
                own.value = format!("COUNT(DISTINCT {ours})");
                own.none = observed;
                own.better = Some("higher");
                own.category = "adoption";
                self.push(own);
            }
        }
    }

    /// Columns of the accounts, of which only today's value is known.
    fn attributes(&mut self) {
        for (ours, column) in self.columns() {
            if looks_like_id(&ours) && column.distinct > 50 {
                continue;
            }
            let pretty = ours.replace('_', " ");
            let (better, known) = match direction(&ours) {
                Some(better) => (better, true),
                None => ("higher", false),
            };
            let mut own = self.base(
                format!("{ours}_today"),
                first_upper(&pretty),
                format!("{} of the account as it is today", first_upper(&pretty)),
            );
            own.from = None;
            own.category = category(&ours);
            own.better = Some(better);
            own.weight = if known { 2 } else { 0 };
            own.comment = if known {
                format!("{better} is taken as better, by its name; only today's value is known")
            } else {
                "TODO: nothing says which way is better, so it is only watched (weight 0); only today's value is known".into()
            };
            if column.is_number() && column.distinct > 1 {
                own.value = ours.clone();
            } else if column.shape == Shape::Number && column.stored == Stored::Text {
                own.value = format!("CAST({ours} AS DOUBLE)");
                own.comment.push_str("; sent as text");
            } else if column.shape == Shape::Flag && column.distinct == 2 {
                let Some(truth) = truth(&ours, column) else {
                    continue;
                };
                if !known {
                    continue;
                }
                own.value =
                    format!("CASE WHEN {truth} THEN 'yes' WHEN {ours} IS NOT NULL THEN 'no' END");
                let (yes, no) = if better == "higher" {
                    (85.0, 45.0)
                } else {
                    (45.0, 85.0)
                };
                own.score = Score::Map(vec![("yes".into(), yes), ("no".into(), no)]);
                own.better = None;
                own.weight = 1;
            } else if column.shape == Shape::Text
                && has(&ours, &["contract", "term", "billing", "frequency"])
                && (2..=6).contains(&column.values.len())
            {
                let length = |value: &str| {
                    let value = value.to_lowercase();
                    match () {
                        () if value.contains("month") => Some(45.0),
                        () if value.contains("two")
                            || value.contains("multi")
                            || value.starts_with('2')
                            || value.starts_with('3') =>
                        {
                            Some(95.0)
                        }
                        () if value.contains("year") || value.contains("annual") => Some(80.0),
                        () if value.contains("quarter") => Some(55.0),
                        () => None,
                    }
                };
                let scores: Vec<(String, f64)> = column
                    .values
                    .iter()
                    .filter_map(|value| Some((value.clone(), length(value)?)))
                    .collect();
                if scores.len() < 2 {
                    continue;
                }
                own.value = ours.clone();
                own.better = None;
                own.weight = 2;
                own.category = "commercial";
                own.comment = "the longer an account is bound, the better it is taken to be".into();
                own.score = Score::Map(scores);
            } else {
                continue;
            }
            self.push(own);
        }
        if let Some((time, _)) = &self.table.time {
            let mut tenure = self.base(
                "account_age_days".into(),
                "Age of the account".into(),
                "Days since the account began".into(),
            );
            tenure.unit = Some("days");
            tenure.from = None;
            tenure.better = Some("higher");
            tenure.value = format!("DATEDIFF('day', {time}, as_of)");
            tenure.weight = 0;
            tenure.comment = "only watched: age is no merit of this year's".into();
            tenure.category = "commercial";
            self.push(tenure);
        }
    }
}

/// Returns the condition under which a flag holds.
fn truth(ours: &str, column: &SeenColumn) -> Option<String> {
    const YES: &[&str] = &["1", "true", "yes", "y", "t"];
    match column.stored {
        Stored::Boolean => Some(ours.to_owned()),
        Stored::Text => {
            let yes = column
                .values
                .iter()
                .find(|value| YES.contains(&value.to_lowercase().as_str()))?;
            Some(format!("{ours} = {}", sql_text(yes)))
        }
        _ => Some(format!("{ours} = 1")),
    }
}

/// Returns which way is better by a name's words; bad words weigh more than good ones.
fn direction(name: &str) -> Option<&'static str> {
    let helps =
        has(name, &["service", "support"]) && has(name, &["call", "contact", "ticket", "request"]);
    if helps || has(name, words::BAD_WORDS) || words::plain(name).contains("days_since") {
        Some("lower")
    } else if has(name, words::GOOD_WORDS) && !is_money(name) {
        Some("higher")
    } else {
        None
    }
}

/// Returns whether a name speaks of money; a total or a value may be of anything.
fn is_money(name: &str) -> bool {
    words::words(name).iter().any(|word| {
        words::MONEY_WORDS.contains(&word.as_str()) && !["total", "value"].contains(&word.as_str())
    })
}

fn looks_like_id(name: &str) -> bool {
    has(
        name,
        &["id", "key", "uuid", "code", "number", "zip", "phone"],
    )
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
