//! The starter model: what of the shipped one can be had, and the simple measures with curves drawn
//! from the accounts themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use indexmap::IndexMap;

use super::blocks::{Block, blocks};
use super::measures::{Own, Score, Shipped};
use super::toml_text;
use crate::config::{self, Problems, Source};
use crate::model::file::ModelFile;

/// The model that comes with the program.
pub const SHIPPED: &str = include_str!("../../jobs/models/five_category.toml");

const NO_CONDITION: &str = "# TODO: in the shipped model it does not concern every account, but the data for that condition is missing";

/// One metric on its way into the model.
#[derive(Debug, Clone)]
pub struct Metric {
    /// Its category.
    pub category: String,
    /// Its name.
    pub name: String,
    /// Its weight against the others of the category; 0 only watches it.
    pub weight: u32,
    /// Comments above it.
    pub comments: Vec<String>,
    /// Its lines behind header and weight.
    pub lines: Vec<String>,
}

/// The model on its way.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// Title, questions and weight of the shipped categories.
    categories: IndexMap<String, Block>,
    weights: HashMap<String, u32>,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// Bands, and what stands behind the categories: each with its name.
    pub rest: Vec<(String, String)>,
    bands: Vec<String>,
    /// Names of what was left out of the shipped model.
    pub left_out: BTreeSet<String>,
}

/// What a part of the model's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A category.
    Category,
    /// The n-th metric.
    Metric(usize),
    /// The n-th of what stands behind the categories.
    Rest(usize),
    /// Something that cannot be taken away.
    Fixed,
}

/// Quantiles of a measure over the accounts.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// Known values, rising.
    pub sorted: Vec<f64>,
    /// Accounts, those without a value included.
    pub accounts: usize,
}

/// Takes over what the shipped model says about measures that can be had.
#[must_use]
pub fn shipped(measures: &Shipped) -> Draft {
    let source = Source {
        path: "five_category.toml".into(),
        text: SHIPPED.into(),
    };
    let mut draft = Draft::default();
    let Some(file) = config::parse::<ModelFile>(&source, &mut Problems::default()) else {
        return draft;
    };
    let mut measured: HashMap<String, String> = HashMap::new();
    for (name, category) in &file.categories {
        let percent = (category.weight.get_ref() * 100.0).round() as u32;
        draft.weights.insert(name.get_ref().clone(), percent);
        for (metric, written) in &category.metrics {
            let measure = written.measure.as_ref().unwrap_or(metric).get_ref().clone();
            measured.insert(format!("{name}.metrics.{metric}"), measure);
        }
    }
    for block in blocks(SHIPPED) {
        if let Some(inside) = block.named("categories.") {
            match inside.split_once(".metrics.") {
                Some((category, metric)) => {
                    let measure = measured.get(inside).map_or(metric, String::as_str);
                    if !measures.kept.contains_key(measure) {
                        draft.left_out.insert(metric.to_owned());
                        continue;
                    }
                    let weight = block.lines.iter().find_map(|line| {
                        line.strip_prefix("weight = ")?.trim().parse::<f64>().ok()
                    });
                    draft.metrics.push(Metric {
                        category: category.to_owned(),
                        name: metric.to_owned(),
                        weight: (weight.unwrap_or(0.0) * 100.0).round() as u32,
                        comments: block.comments.clone(),
                        lines: block.lines[1..]
                            .iter()
                            .filter(|line| !line.starts_with("weight = "))
                            .cloned()
                            .collect(),
                    });
                }
                None => {
                    draft.categories.insert(inside.to_owned(), block);
                }
            }
        } else if block.header == "bands" {
            draft.bands.push(block.text());
        } else if !matches!(block.header.as_str(), "" | "changes") {
            let id = block
                .lines
                .iter()
                .find_map(|line| line.strip_prefix("id = "));
            let name = match id {
                Some(id) => format!("{} {}", block.header, id.trim_matches('"')),
                None => block.header.clone(),
            };
            // What stands in `[variants.metrics]` belongs to the variant above it.
            match draft.rest.last_mut() {
                Some((_, text)) if block.header.contains('.') => {
                    text.push('\n');
                    text.push_str(&block.text());
                }
                _ => draft.rest.push((name, block.text())),
            }
        }
    }
    draft
}

impl Draft {
    /// Returns how many scored metrics read an export, by the measures they rest on.
    #[must_use]
    pub fn scored_from(&self, table: &str, measures: &Shipped) -> usize {
        self.metrics
            .iter()
            .filter(|metric| metric.weight > 0)
            .filter(|metric| {
                measures
                    .tables
                    .get(&metric.name)
                    .is_some_and(|tables| tables.contains(table))
            })
            .count()
    }

    /// Adds an own measure as a metric; `values` are those of the accounts at the as-of date.
    pub fn add(&mut self, own: &Own, values: &Values, as_of: &str) {
        let mut comments = Vec::new();
        if !own.comment.is_empty() {
            comments.push(format!("# {}", own.comment));
        }
        let mut weight = own.weight;
        let curve = match &own.score {
            Score::Helper => return,
            Score::Trend => {
                comments.push(
                    "# 1 is unchanged, which is good and not excellent; half of before is trouble"
                        .to_owned(),
                );
                "{ points = [[0.2, 0], [0.5, 36], [0.8, 72], [1, 84], [1.25, 100]] }".to_owned()
            }
            Score::Map(scores) => {
                comments.push("# TODO: these scores are a first belief".to_owned());
                let pairs: Vec<String> = scores
                    .iter()
                    .map(|(value, score)| format!("{} = {score}", toml_text(value)))
                    .collect();
                format!("{{ map = {{ values = {{ {} }} }} }}", pairs.join(", "))
            }
            Score::Quantiles => {
                let higher = own.better != Some("lower");
                let Some(points) = points(&values.sorted, higher) else {
                    return;
                };
                let shown = |q: f64| rounded(at(&values.sorted, q));
                comments.push(format!(
                    "# drawn from {} accounts on {as_of}: {} for one in four at most, {} for half, {} for three in four",
                    values.sorted.len(),
                    shown(0.25),
                    shown(0.5),
                    shown(0.75)
                ));
                curve_text(&points)
            }
        };
        if own.score == Score::Quantiles || own.score == Score::Trend {
            let known = values.sorted.len() as f64 / values.accounts.max(1) as f64;
            if known < 0.3 && weight > 0 {
                comments.push(format!(
                    "# TODO: only {:.0} % of the accounts have a value, so it is only watched",
                    known * 100.0
                ));
                weight = 0;
            } else if most_common(&values.sorted) > 0.9 && weight > 0 {
                comments.push(
                    "# TODO: nine accounts in ten have the same value, so it is only watched"
                        .to_owned(),
                );
                weight = 0;
            }
        }
        let mut lines = Vec::new();
        if let Some(better) = own.better {
            lines.push(format!("better = \"{better}\""));
        }
        lines.push(format!("curve = {curve}"));
        self.metrics.push(Metric {
            category: own.category.to_owned(),
            name: own.name.clone(),
            weight: weight * 10,
            comments,
            lines,
        });
    }

    /// Redraws shipped curves that put nearly all of these accounts in one place: they were made for
    /// data of another density. `scores` are those of the accounts, `values` what they come from.
    pub fn redraw(
        &mut self,
        scores: &IndexMap<String, Values>,
        values: &IndexMap<String, Values>,
        as_of: &str,
    ) {
        for metric in self.metrics.iter_mut().filter(|metric| metric.weight > 0) {
            let (Some(scored), Some(values)) = (scores.get(&metric.name), values.get(&metric.name))
            else {
                continue;
            };
            let Some(curve) = metric
                .lines
                .iter_mut()
                .find(|line| line.starts_with("curve = {"))
            else {
                continue;
            };
            let is_points = curve.starts_with("curve = { points");
            if scored.sorted.is_empty() {
                metric.comments.push(format!(
                    "# TODO: no account had a value on {as_of}, so it is only watched"
                ));
                metric.weight = 0;
            } else if is_points && at(&scored.sorted, 0.75) <= 40.0 {
                let first = curve.find("[[").and_then(|start| knot(&curve[start + 2..]));
                let last = curve.rfind('[').and_then(|start| knot(&curve[start + 1..]));
                let (Some(first), Some(last)) = (first, last) else {
                    continue;
                };
                match points(&values.sorted, last >= first) {
                    Some(points) if most_common(&values.sorted) <= 0.9 => {
                        metric.comments = vec![format!(
                            "# TODO: the shipped curve puts three in four of these accounts at {:.0} points or below, so this one is\n# drawn from the {} accounts with a value on {as_of}",
                            at(&scored.sorted, 0.75),
                            values.sorted.len()
                        )];
                        *curve = format!("curve = {}", curve_text(&points));
                        metric.lines.retain(|line| !line.starts_with("target"));
                    }
                    _ => {
                        metric.comments.push(format!("# TODO: nearly all accounts had the same low value on {as_of}, so it is only watched"));
                        metric.weight = 0;
                    }
                }
            }
        }
    }

    /// Makes sure that something is scored, if there is any metric at all.
    pub fn score_something(&mut self) {
        if self.metrics.iter().any(|metric| metric.weight > 0) {
            return;
        }
        for metric in &mut self.metrics {
            metric.weight = 10;
            metric.comments.push(
                "# TODO: scored only since nothing else can be; decide which way is better"
                    .to_owned(),
            );
        }
    }

    /// Returns the parts of the text, in order.
    #[must_use]
    pub fn parts(&self) -> Vec<(Part, String)> {
        let mut parts: Vec<(Part, String)> = self
            .bands
            .iter()
            .map(|band| (Part::Fixed, band.clone()))
            .collect();
        let scored: HashSet<&str> = self
            .metrics
            .iter()
            .filter(|metric| metric.weight > 0)
            .map(|metric| metric.category.as_str())
            .collect();
        // A category in which everything is only watched has no score; its metrics move.
        let home = self
            .categories
            .keys()
            .map(String::as_str)
            .find(|category| scored.contains(category))
            .unwrap_or("usage");
        let place = |metric: &Metric| -> String {
            let own = metric.category.as_str();
            if scored.contains(own) { own } else { home }.to_owned()
        };
        let present: Vec<(&String, &Block)> = self
            .categories
            .iter()
            .filter(|(name, _)| scored.contains(name.as_str()) || name.as_str() == home)
            .filter(|(name, _)| self.metrics.iter().any(|metric| place(metric) == **name))
            .collect();
        let weights: Vec<u32> = present
            .iter()
            .map(|(name, _)| self.weights.get(*name).copied().unwrap_or(10))
            .collect();
        let shares = shares(&weights, 100);
        for ((name, block), share) in present.iter().zip(shares) {
            let mut block = (*block).clone();
            block.set("weight", &shown_share(share, 100));
            parts.push((Part::Category, block.text()));
            let members: Vec<(usize, &Metric)> = self
                .metrics
                .iter()
                .enumerate()
                .filter(|(_, metric)| place(metric) == **name)
                .collect();
            let weights: Vec<u32> = members.iter().map(|(_, metric)| metric.weight).collect();
            for ((n, metric), share) in members.into_iter().zip(self::shares(&weights, 1000)) {
                let mut text = String::new();
                for comment in &metric.comments {
                    let _ = writeln!(text, "{comment}");
                }
                let _ = writeln!(text, "[categories.{name}.metrics.{}]", metric.name);
                let _ = writeln!(text, "weight = {}", shown_share(share, 1000));
                for line in &metric.lines {
                    let _ = writeln!(text, "{line}");
                }
                parts.push((Part::Metric(n), text));
            }
        }
        let rest = self.rest.iter().enumerate();
        parts.extend(rest.map(|(n, (_, text))| (Part::Rest(n), text.clone())));
        parts
    }

    /// Takes a part away; of `[follow_up]` only the lines that a problem points at.
    pub fn take_away(&mut self, gone: &[(Part, Option<String>)]) {
        let mut metrics = BTreeSet::new();
        let mut rest: BTreeMap<usize, Option<String>> = BTreeMap::new();
        for (part, line) in gone {
            match part {
                Part::Metric(n) => {
                    // To whom a metric applies is less than the metric: without it, to everybody.
                    let condition = line
                        .as_ref()
                        .filter(|line| line.starts_with("applies_when"));
                    let metric = &mut self.metrics[*n];
                    let before = metric.lines.len();
                    metric.lines.retain(|own| Some(own) != condition);
                    if metric.lines.len() < before {
                        metric.comments.push(NO_CONDITION.to_owned());
                    } else {
                        metrics.insert(*n);
                    }
                }
                Part::Rest(n) => {
                    rest.insert(*n, line.clone());
                }
                Part::Category | Part::Fixed => {}
            }
        }
        for n in metrics.into_iter().rev() {
            let metric = self.metrics.remove(n);
            self.left_out.insert(metric.name);
        }
        for (n, line) in rest.into_iter().rev() {
            let (name, text) = &mut self.rest[n];
            if name == "follow_up"
                && let Some(line) = line
            {
                let kept: Vec<&str> = text.lines().filter(|own| *own != line).collect();
                if kept.len() < text.lines().count() && kept.iter().any(|own| own.contains(" = ")) {
                    *text = format!("{}\n", kept.join("\n"));
                    continue;
                }
            }
            let (name, _) = self.rest.remove(n);
            self.left_out.insert(name);
        }
    }
}

/// Returns whole shares that sum to `whole`, by largest remainder; weights of 0 stay 0.
fn shares(weights: &[u32], whole: u32) -> Vec<u32> {
    let sum: u32 = weights.iter().sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: u32| f64::from(weight) * f64::from(whole) / f64::from(sum);
    let mut shares: Vec<u32> = weights
        .iter()
        .map(|weight| exact(*weight).floor() as u32)
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).filter(|n| weights[*n] > 0).collect();
    order.sort_by(|a, b| {
        let rest = |n: usize| exact(weights[n]).fract();
        rest(*b).total_cmp(&rest(*a)).then(a.cmp(b))
    });
    let missing = whole - shares.iter().sum::<u32>();
    for n in order.into_iter().cycle().take(missing as usize) {
        shares[n] += 1;
    }
    shares
}

fn shown_share(share: u32, whole: u32) -> String {
    if share == whole {
        return "1".to_owned();
    }
    if share == 0 {
        return "0".to_owned();
    }
    let digits = if whole == 100 { 2 } else { 3 };
    format!("{:.digits$}", f64::from(share) / f64::from(whole))
}

fn curve_text(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> = points
        .iter()
        .map(|(value, score)| format!("[{value}, {score}]"))
        .collect();
    format!("{{ points = [{}] }}", pairs.join(", "))
}

/// Returns the score of a point whose text begins with `value, score]`.
fn knot(text: &str) -> Option<f64> {
    let (_, rest) = text.split_once(',')?;
    rest.split(']').next()?.trim().parse().ok()
}

fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Returns the share of the most frequent value, 0 to 1.
fn most_common(sorted: &[f64]) -> f64 {
    let (mut most, mut run) = (0usize, 0usize);
    let mut last = f64::NAN;
    for value in sorted {
        run = if *value == last { run + 1 } else { 1 };
        last = *value;
        most = most.max(run);
    }
    most as f64 / sorted.len().max(1) as f64
}

/// Rounds to three digits that count.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    let rounded = format!("{value:.*}", usize::try_from(digits).unwrap_or(0));
    let exact: f64 = rounded.parse().unwrap_or(value);
    if digits >= 0 {
        return exact;
    }
    let step = 10f64.powi(-digits);
    (value / step).round() * step
}

/// Returns the points of a curve through the quantiles; `None` where all have one value.
///
/// Half of the accounts score 70 or better, a quarter 85 or better; those at the ends 10 and 100.
/// Quantiles with the same value share one point, with the mean of their scores.
fn points(sorted: &[f64], higher: bool) -> Option<Vec<(f64, f64)>> {
    const MARKS: [(f64, f64); 5] = [
        (0.05, 10.0),
        (0.25, 45.0),
        (0.5, 70.0),
        (0.75, 85.0),
        (0.95, 100.0),
    ];
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
    let mut put = |value: f64, score: f64| {
        let value = rounded(value);
        match found.last_mut() {
            Some((known, scores)) if *known == value => scores.push(score),
            _ => found.push((value, vec![score])),
        }
    };
    for n in 0..MARKS.len() {
        let share = if higher {
            MARKS[n].0
        } else {
            1.0 - MARKS[MARKS.len() - 1 - n].0
        };
        let score = if higher {
            MARKS[n].1
        } else {
            MARKS[MARKS.len() - 1 - n].1
        };
        put(at(sorted, share), score);
    }
    let mut points: Vec<(f64, f64)> = found
        .into_iter()
        .map(|(value, scores)| {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            (value, mean.round())
        })
        .collect();
    if points.len() < 2 {
        let (value, _) = points[0];
        let (low, high) = (rounded(first), rounded(last));
        points = if high > value {
            vec![
                (value, if higher { 70.0 } else { 85.0 }),
                (high, if higher { 100.0 } else { 10.0 }),
            ]
        } else if low < value {
            vec![
                (low, if higher { 10.0 } else { 100.0 }),
                (value, if higher { 85.0 } else { 70.0 }),
            ]
        } else {
            return None;
        };
    }
    Some(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_goes_through_the_quantiles() {
        let sorted: Vec<f64> = (0..=100).map(f64::from).collect();
        let up = vec![
            (5.0, 10.0),
            (25.0, 45.0),
            (50.0, 70.0),
            (75.0, 85.0),
            (95.0, 100.0),
        ];
        assert_eq!(points(&sorted, true), Some(up));
        let down = vec![
            (5.0, 100.0),
            (25.0, 85.0),
            (50.0, 70.0),
            (75.0, 45.0),
            (95.0, 10.0),
        ];
        assert_eq!(points(&sorted, false), Some(down));
    }

    #[test]
    fn equal_quantiles_share_a_point_and_one_value_has_no_curve() {
        let mut sorted = vec![0.0; 60];
        sorted.extend((1..=40).map(f64::from));
        assert_eq!(
            points(&sorted, false),
            Some(vec![(0.0, 85.0), (15.0, 45.0), (35.0, 10.0)])
        );
        assert_eq!(points(&[3.0; 9], true), None);
        let mut rare = vec![0.0; 99];
        rare.push(7.0);
        assert_eq!(points(&rare, false), Some(vec![(0.0, 85.0), (7.0, 10.0)]));
    }

    #[test]
    fn shares_sum_to_the_whole() {
        assert_eq!(shares(&[1, 1, 1], 100), [34, 33, 33]);
        assert_eq!(shares(&[30, 0, 20], 1000), [600, 0, 400]);
        assert_eq!(shares(&[0, 0], 100), [0, 0]);
    }

    #[test]
    fn values_are_rounded_to_three_digits() {
        let shown: Vec<f64> = [0.123_45, 1234.5, 0.0, 7.0, -55.55].map(rounded).to_vec();
        assert_eq!(shown, [0.123, 1230.0, 0.0, 7.0, -55.5]);
    }
}
