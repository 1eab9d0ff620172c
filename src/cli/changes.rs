//! What moved one account's score, in sentences.

use std::fmt::Write;

use indexmap::IndexMap;
use polars::prelude::*;

use super::explain::plain;
use super::run::{number_at, text_at};
use crate::domain::{Comparator, one_line};
use crate::insights::noise;
use crate::insights::trends::{change_name, date_name, direction_name, score_name};
use crate::jobs::settings::ScoreJob;
use crate::model::health_model::Category;
use crate::scores::columns as name;

/// Parts smaller than this are summed up in one line, unless there are few.
const SMALL: f64 = 0.5;
/// So many causes are named behind a change.
const MAIN: usize = 3;
/// So many parts are shown whatever their size.
const ALWAYS_SHOWN: usize = 4;

/// The account's row, and what moved its score.
pub(super) struct Changes<'a> {
    pub job: &'a ScoreJob,
    pub frame: &'a DataFrame,
    pub drivers: &'a DataFrame,
}

impl Changes<'_> {
    /// Returns what moved the score, part by part against the first comparator with a score and in
    /// one line against the others, how much of it is noise, and what to ask.
    pub(super) fn told(&self) -> Result<String, PolarsError> {
        let mut text = self.by_hand();
        let main = self.main();
        if let Some(main) = main {
            text.push_str(&self.against(main, true)?);
        }
        text.push_str(&self.noise());
        text.push_str(&self.questions(main));
        let others = self
            .job
            .compare
            .iter()
            .filter(|other| Some(**other) != main);
        for (n, comparator) in others.enumerate() {
            let gap = if n == 0 { "\n" } else { "" };
            text.push_str(&format!("{gap}{}", self.against(*comparator, false)?));
        }
        Ok(text)
    }

    /// Returns the first comparator on whose date there was a score.
    fn main(&self) -> Option<Comparator> {
        let has_change = |comparator: &&Comparator| {
            number_at(self.frame, &change_name("overall", **comparator), 0).is_some()
        };
        self.job.compare.iter().find(has_change).copied()
    }

    fn text(&self, column: &str) -> Option<String> {
        text_at(self.frame, column, 0).map(|text| one_line(&text))
    }

    fn overall(&self, part: &str) -> Option<String> {
        self.text(&name::overall(part))
    }

    fn shown(&self, points: f64) -> String {
        format!("{points:.*}", self.job.model.decimals as usize)
    }

    fn signed(&self, points: f64) -> String {
        format!("{points:+.*}", self.job.model.decimals as usize)
    }

    fn date(&self, column: &str) -> String {
        let date = self.frame.column(column).ok();
        let date = date.and_then(|column| column.date().ok()?.as_date_iter().next().flatten());
        date.map_or_else(String::new, |date| date.to_string())
    }

    fn by_hand(&self) -> String {
        let (Some(author), Some(capped)) = (
            self.overall(name::OVERRIDE_AUTHOR),
            number_at(self.frame, &name::overall("capped_score_shown"), 0),
        ) else {
            return String::new();
        };
        format!(
            "  set by hand by {author} until {}: \"{}\"; the model says {}\n",
            self.date(&name::overall(name::OVERRIDE_EXPIRES)),
            self.overall(name::OVERRIDE_REASON).unwrap_or_default(),
            self.shown(capped)
        )
    }

    fn against(&self, comparator: Comparator, in_parts: bool) -> Result<String, PolarsError> {
        let words = comparator.in_words();
        let change = number_at(self.frame, &change_name("overall", comparator), 0);
        let then = number_at(self.frame, &score_name("overall", comparator), 0);
        let (Some(change), Some(then)) = (change, then) else {
            return Ok(format!(
                "Against {words}: no comparison, there is no score on {}.\n",
                if then.is_none() {
                    "that date"
                } else {
                    "this date"
                }
            ));
        };
        let direction = self.text(&direction_name("overall", comparator));
        let moved = match direction.as_deref() {
            Some("up") => format!("up {} from {}", self.shown(change), self.shown(then)),
            Some("down") => format!("down {} from {}", self.shown(-change), self.shown(then)),
            _ if change == 0.0 => format!("unchanged at {}", self.shown(then)),
            _ => format!("flat, {} from {}", self.signed(change), self.shown(then)),
        };
        let date = self.date(&date_name(comparator));
        let parts = self
            .drivers
            .clone()
            .lazy()
            .filter(col("comparator").eq(lit(comparator.to_string())))
            .with_column(col("points").abs().alias("size"))
            .sort(
                ["size"],
                SortMultipleOptions::default()
                    .with_order_descending(true)
                    .with_maintain_order(true),
            )
            .collect()?;
        let mainly = self.mainly(&parts);
        if !in_parts {
            return Ok(format!("Against {words} ({date}): {moved}{mainly}.\n"));
        }
        let mut text = format!("\nAgainst {words} ({date}): {moved}{mainly}.\n");
        let mut rest = (0u32, 0.0);
        for row in 0..parts.height() {
            let points = number_at(&parts, "points", row).unwrap_or_default();
            if row >= ALWAYS_SHOWN && points.abs() < SMALL {
                rest = (rest.0 + 1, rest.1 + points);
                continue;
            }
            let _ = writeln!(
                text,
                "  {:>6}  {}",
                self.signed(points),
                self.part(&parts, row)
            );
        }
        if rest.0 > 0 {
            let _ = writeln!(
                text,
                "  {:>6}  {} smaller part{}",
                self.signed(rest.1),
                rest.0,
                if rest.0 == 1 { "" } else { "s" }
            );
        }
        Ok(text)
    }

    /// Returns what weighs most in a change: behaviour by category, everything else by cause.
    fn mainly(&self, parts: &DataFrame) -> String {
        let mut sums: IndexMap<String, f64> = IndexMap::new();
        for row in 0..parts.height() {
            let text = |column: &str| text_at(parts, column, row).unwrap_or_default();
            let what = match text("cause").as_str() {
                "behaviour" | "calendar" => {
                    let category = text("category");
                    let mut known = self.job.model.categories.iter();
                    let known = known.find(|known| known.id == category);
                    known.map_or(category, |known| known.title.clone())
                }
                "data_lost" => "data gone missing".to_owned(),
                "data_returned" => "data that was not there then".to_owned(),
                "model" => "another model".to_owned(),
                "variant" => "other rules for the account".to_owned(),
                "limit" => "caps and floors".to_owned(),
                "override" => "a score set by hand".to_owned(),
                "restated" => "data corrected since".to_owned(),
                _ => continue,
            };
            let points = number_at(parts, "points", row).unwrap_or_default();
            *sums.entry(what).or_default() += points;
        }
        sums.sort_by(|a, x, b, y| y.abs().total_cmp(&x.abs()).then_with(|| a.cmp(b)));
        let heavy = sums.iter().filter(|(_, points)| points.abs() >= SMALL);
        let heavy = heavy.map(|(what, points)| format!("{what} {}", self.signed(*points)));
        let heavy: Vec<String> = heavy.take(MAIN).collect();
        match heavy.len() {
            0 => String::new(),
            _ => format!("; {}", heavy.join(", ")),
        }
    }

    /// Returns two values of a metric as people say them: shares in percent, and no more digits than
    /// tell them apart.
    fn values(&self, id: &str, values: [Option<f64>; 2]) -> [Option<String>; 2] {
        let metric = self
            .job
            .model
            .metrics()
            .find(|(.., metric)| metric.id == id);
        let unit = metric.and_then(|(.., metric)| {
            let measure = self.job.catalog.measures.get(&metric.measure)?;
            measure.unit.clone()
        });
        let is_share = unit.is_some_and(|unit| unit.starts_with("share"));
        let short = values.map(|value| value.map(|value| said(value, is_share)));
        match values {
            [Some(then), Some(now)] if then != now && short[0] == short[1] => {
                values.map(|value| value.map(plain))
            }
            _ => short,
        }
    }

    /// Returns one part of a change in words.
    fn part(&self, parts: &DataFrame, row: usize) -> String {
        let text = |column: &str| text_at(parts, column, row).map(|text| one_line(&text));
        let number = |column: &str| number_at(parts, column, row);
        let id = text("metric").unwrap_or_default();
        let metric = {
            let mut metrics = self.job.model.metrics();
            metrics.find_map(|(.., metric)| (metric.id == id).then(|| metric.title.clone()))
        };
        let metric = metric.unwrap_or_default();
        let numbers = self.values(&id, ["value_then", "value_now"].map(number));
        let [then, now] = numbers;
        let or_text = |number: Option<String>, column: &str| {
            number
                .or_else(|| text(column))
                .unwrap_or_else(|| "missing".into())
        };
        let (then, now) = (or_text(then, "text_then"), or_text(now, "text_now"));
        let named = |value: &str| match value {
            "missing" => "none".to_owned(),
            named => named.to_owned(),
        };
        let why = text("reason").map_or_else(String::new, |reason| format!("; {reason}"));
        match text("cause").as_deref() {
            Some("behaviour") => format!("{metric}: {then} then, {now} now{why}"),
            Some("calendar") => {
                format!("{metric}: {then} then, {now} now, by the passing of time alone{why}")
            }
            Some("data_lost") => format!("{metric}: data gone missing, {then} then{why}"),
            Some("data_returned") => format!("{metric}: no data then, {now} now{why}"),
            Some("model") => format!("another model: {then} then, {now} now{why}"),
            Some("variant") => format!(
                "judged as `{}` then, as `{}` now",
                variant(&then),
                variant(&now)
            ),
            Some("limit") => format!(
                "caps and floors: {} then, {} now",
                named(&then),
                named(&now)
            ),
            Some("override") => format!("set by hand: {} then, {} now", named(&then), named(&now)),
            Some("restated") => "the data about then has been corrected since".to_owned(),
            _ => format!("cannot be split{why}"),
        }
    }

    fn noise(&self) -> String {
        let mut text = String::new();
        let reading = match self.overall(noise::FALL).as_deref() {
            Some("structural") => {
                "The fall of the last 30 days has lasted two readings; nothing expected explains it."
            }
            Some("unconfirmed") => {
                "The fall of the last 30 days is in tonight's reading only; it may be noise."
            }
            Some("seasonal") => "The same month fell about as far a year ago.",
            Some("expected") => "The fall of the last 30 days is one that was expected.",
            _ => "",
        };
        let mut sentences = vec![reading.to_owned()];
        let dips = self.overall(noise::EXPECTED_DIP).unwrap_or_default();
        for dip in &self.job.model.reading.expected_dips {
            if dips.split(", ").any(|id| id == dip.id) {
                sentences.push(format!(
                    "A dip in {} is expected: {}.",
                    dip.categories.join(", "),
                    dip.reason
                ));
            }
        }
        if let (Some(news), Some(before)) = (
            self.overall(noise::BAND_NEWS),
            self.overall(noise::BAND_BEFORE),
        ) {
            sentences.push(format!("News: {news} from {before}, over two readings."));
        }
        if let Some(one_off) = self.overall(noise::ONE_OFF) {
            sentences.push(format!("The last reading was a one-off {one_off}."));
        }
        if let Some(ids) = self.overall(crate::insights::contradictions::CONTRADICTIONS) {
            sentences.push(format!("The total hides what these say: {ids}."));
        }
        for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
            let _ = writeln!(text, "{sentence}");
        }
        if text.is_empty() {
            text
        } else {
            format!("\n{text}")
        }
    }

    /// Returns the questions of every category that has fallen, against a comparator or within a
    /// month.
    fn questions(&self, main: Option<Comparator>) -> String {
        let has_fallen = |category: &&Category| {
            let level = format!("category/{}", category.id);
            main.is_some_and(|main| {
                self.text(&direction_name(&level, main)).as_deref() == Some("down")
            }) || self.text(&format!("{level}/{}", noise::FALL)).is_some()
        };
        let mut text = String::new();
        let categories = self.job.model.categories.iter();
        for category in categories.filter(has_fallen) {
            if category.questions.is_empty() {
                continue;
            }
            let _ = writeln!(text, "\n{} has fallen. Ask:", category.title);
            for question in &category.questions {
                let _ = writeln!(text, "  - {question}");
            }
        }
        text
    }
}

/// Writes a value as a person would: a share in percent, small numbers with two decimals, larger ones
/// with one, those beyond a hundred whole.
fn said(value: f64, is_share: bool) -> String {
    let (value, unit) = if is_share {
        (value * 100.0, " %")
    } else {
        (value, "")
    };
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 && is_share => 0,
        size if size >= 1.0 || is_share => 1,
        _ => 2,
    };
    let grid = 10f64.powi(decimals);
    let rounded = (value * grid).round() / grid;
    format!("{rounded}{unit}")
}

/// Returns a variant as people call it; without one the model itself applies.
fn variant(id: &str) -> &str {
    match id {
        "missing" => "the model itself",
        id => id,
    }
}
