//! Percentile intervals by drawing whole clusters with replacement.
//!
//! Rows of one cluster (the ultimate parent) come and go together, so repeated accounts do not
//! make an interval too narrow. Every statistic asked for sees the same draws: differences are
//! paired, and the cost of drawing is paid once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::distribution::{normal_below, quantile, student_quantile};
use super::estimate::{Estimate, LEVEL, Refused, finite, same_length, weights};
use super::random::Random;
use super::ranking::{RankFigure, Ranking};
use super::walk::{LANES, Times, Walk};

/// Most bytes of draws that are kept.
const KEPT: usize = 256 << 20;

/// Most resamples, as one in so many, that may lack the figure.
const MISSING: usize = 20;

/// How many resamples are drawn, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Number of resamples.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Plan {
    /// Returns the usual plan: 2,000 resamples.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            resamples: 2000,
            seed,
        }
    }
}

/// Which cluster each row belongs to, numbered by what the clusters' rows say.
#[derive(Debug, Clone)]
pub struct Clusters {
    of_row: Vec<u32>,
    count: usize,
}

impl Clusters {
    /// Returns the clusters of the rows.
    ///
    /// `cluster`: any code per row. `columns`: all that the statistics will look at (risks, event
    /// as 0 or 1, weight), each as long as `cluster`. Clusters are numbered in the order of their
    /// rows' contents, not of their codes: neither names nor row order change a draw.
    ///
    /// # Errors
    /// When lengths differ, a number is not finite, or there are no rows.
    pub fn new(cluster: &[u32], columns: &[&[f64]]) -> Result<Self, Refused> {
        for column in columns {
            same_length(cluster.len(), column.len())?;
            finite(column, "value")?;
        }
        if cluster.is_empty() {
            return Err(Refused::NoRows);
        }
        let content = content_ranks(cluster.len(), columns);
        // By cluster, then by content: a cluster with the rank of a row in one number.
        let mut rows: Vec<(u64, u32)> = (cluster.iter().zip(&content).zip(0..))
            .map(|((cluster, rank), row)| (u64::from(*cluster) << 32 | u64::from(*rank), row))
            .collect();
        rows.sort_unstable_by_key(|row| row.0);
        let mut members: Vec<&[(u64, u32)]> =
            rows.chunk_by(|a, b| a.0 >> 32 == b.0 >> 32).collect();
        // Stable: among clusters that say the same the first code stays the first.
        members.sort_by(|a, b| {
            let [a, b] = [a, b].map(|rows| rows.iter().map(|row| row.0 as u32));
            a.cmp(b)
        });
        let mut of_row = vec![0; cluster.len()];
        for (number, rows) in (0..).zip(&members) {
            for (_, row) in *rows {
                of_row[*row as usize] = number;
            }
        }
        Ok(Self {
            of_row,
            count: members.len(),
        })
    }

    /// Returns the number of clusters.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns figures of `ranking` as a statistic: one walk down the ranking gives them all.
    #[must_use]
    pub fn figures<'a>(&self, ranking: &'a Ranking, figures: &[RankFigure]) -> Statistic<'a> {
        let walk = Walk::new(ranking, &self.of_row);
        Statistic {
            independent: walk.scarcer(self.count),
            kind: Kind::Ranked(walk, figures.to_vec()),
        }
    }

    /// Returns the weighted mean of a value per row as a statistic: a Brier score, a log loss, a
    /// rate.
    ///
    /// # Errors
    /// When lengths differ, a number is not finite or a weight is negative.
    pub fn mean(
        &self,
        values: &[f64],
        weight: Option<&[f64]>,
    ) -> Result<Statistic<'static>, Refused> {
        same_length(self.of_row.len(), values.len())?;
        finite(values, "value")?;
        weights(weight, values.len())?;
        let mut rows: Vec<(u32, f64, f64)> = (self.of_row.iter().zip(values).enumerate())
            .map(|(row, (cluster, value))| (*cluster, weight.map_or(1.0, |w| w[row]), *value))
            .collect();
        rows.sort_unstable_by(|a, b| {
            let by_weight = a.1.total_cmp(&b.1);
            a.0.cmp(&b.0).then(by_weight).then(a.2.total_cmp(&b.2))
        });
        let mut sums = vec![[0.0, 0.0]; self.count];
        for (cluster, weight, value) in rows {
            let [sum, total] = &mut sums[cluster as usize];
            *sum += weight * value;
            *total += weight;
        }
        let independent = sums.iter().filter(|[_, weight]| *weight > 0.0).count();
        // What is nothing, however often it counts, is not looked at.
        let pairs = (0..).zip(sums).filter(|(_, pair)| *pair != [0.0, 0.0]);
        Ok(Statistic {
            independent,
            kind: Kind::Mean(pairs.collect()),
        })
    }
}

/// Ranks rows by what their columns say; rows that say the same share a rank.
fn content_ranks(n: usize, columns: &[&[f64]]) -> Vec<u32> {
    // Two columns tell most rows apart; the others are looked up where they do not.
    let (first, others) = columns.split_at(columns.len().min(2));
    let key = |column: Option<&&[f64]>, row: usize| column.map_or(0, |own| in_order(own[row]));
    let mut rows: Vec<([i64; 2], u32)> = (0..n)
        .map(|row| ([0, 1].map(|at| key(first.get(at), row)), row as u32))
        .collect();
    let compare = |a: &([i64; 2], u32), b: &([i64; 2], u32)| {
        let by = |column: &&[f64]| column[a.1 as usize].total_cmp(&column[b.1 as usize]);
        let mut orders = std::iter::once(a.0.cmp(&b.0)).chain(others.iter().map(by));
        orders
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    rows.sort_unstable_by(compare);
    let mut ranks = vec![0; n];
    for (rank, alike) in (0..).zip(rows.chunk_by(|a, b| compare(a, b).is_eq())) {
        for (_, row) in alike {
            ranks[*row as usize] = rank;
        }
    }
    ranks
}

/// Returns a whole number that is ordered as [`f64::total_cmp`] orders.
fn in_order(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

/// Figures as a function of how often each cluster counts.
#[derive(Debug)]
pub struct Statistic<'a> {
    /// Clusters that the figures rest on: of a ranking those with the event or those without,
    /// whichever are fewer; of a mean those with any weight.
    independent: usize,
    kind: Kind<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Ranked(Walk<'a>, Vec<RankFigure>),
    /// Per cluster the sum of weighted values and of weights.
    Mean(Vec<(u32, [f64; 2])>),
}

impl Statistic<'_> {
    fn at(&self, times: &Times) -> Vec<[Result<f64, Refused>; LANES]> {
        match &self.kind {
            Kind::Ranked(walk, figures) => walk.figures(times, figures),
            Kind::Mean(pairs) => {
                let [sum, total] = times.dot(pairs);
                vec![std::array::from_fn(|lane| match total[lane] > 0.0 {
                    true => Ok(sum[lane] / total[lane]),
                    false => Err(Refused::NoRows),
                })]
            }
        }
    }
}

/// A figure on the rows as they are, and on every resample.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    value: Result<f64, Refused>,
    independent: usize,
    draws: Vec<Option<f64>>,
}

impl Resampled {
    /// Returns the figure with its percentile interval, expanded for the few clusters that it
    /// rests on.
    ///
    /// Resamples of `k` clusters spread too little, by √((k − 1)/k), and a normal's tails are
    /// thinner than those of a spread that was estimated from `k`. So the ends are not the 2.5 and
    /// 97.5 % points of the resamples but those that a normal has at −√(k/(k − 1))·t, where t is the
    /// 97.5 % point of Student's law with k − 1 degrees: 0.9 and 99.1 % at 10 clusters, 1.8 and
    /// 98.2 % at 25, 2.4 and 97.6 % at 300.
    ///
    /// # Errors
    /// When the figure does not exist, rests on fewer than two clusters, or is missing in more than
    /// one resample in twenty.
    ///
    /// # References
    /// Efron & Tibshirani (1993), chapter 13; the expansion: Hesterberg (2015), section 3.3.
    pub fn estimate(&self) -> Result<Estimate, Refused> {
        let value = self.value.clone()?;
        let mut found: Vec<f64> = self.draws.iter().flatten().copied().collect();
        let resamples = self.draws.len();
        let missing = resamples - found.len();
        if missing * MISSING > resamples {
            return Err(Refused::FewResamples { missing, resamples });
        }
        let tail = tail(self.independent)?;
        sort_ends(&mut found, tail);
        let at = |share| quantile(&found, share);
        match (at(tail), at(1.0 - tail)) {
            (Some(low), Some(high)) => Ok(Estimate { value, low, high }),
            _ => Err(Refused::FewResamples { missing, resamples }),
        }
    }

    /// Returns this figure less another on the same draws.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self::mean(&[(1.0, self), (-1.0, other)], 1.0)
    }

    /// Returns the weighted mean of figures on the same draws, such as those within folds.
    ///
    /// A part that does not exist leaves the mean without a value.
    #[must_use]
    pub fn mean_of(parts: &[(f64, &Self)]) -> Self {
        Self::mean(parts, parts.iter().map(|(weight, _)| weight).sum())
    }

    fn mean(parts: &[(f64, &Self)], total: f64) -> Self {
        let value = match parts {
            [] => Err(Refused::NoRows),
            _ => (parts.iter())
                .map(|(weight, part)| part.value.clone().map(|value| weight * value))
                .sum::<Result<f64, Refused>>(),
        };
        let resamples = parts.iter().map(|(_, part)| part.draws.len()).min();
        let draw = |at: usize| {
            let values = parts
                .iter()
                .map(|(weight, part)| part.draws[at].map(|v| weight * v));
            values.sum::<Option<f64>>().map(|sum| sum / total)
        };
        let independent = parts.iter().map(|(_, part)| part.independent).min();
        Self {
            value: value.map(|sum| sum / total),
            independent: independent.unwrap_or(0),
            draws: (0..resamples.unwrap_or(0)).map(draw).collect(),
        }
    }
}

/// Puts values in order up to the quantile at `tail` and from that at 1 − `tail`; what lies between
/// is nobody's concern.
fn sort_ends(values: &mut [f64], tail: f64) {
    let last = values.len().saturating_sub(1) as f64;
    let low = (tail * last).ceil() as usize;
    let high = ((1.0 - tail) * last).floor() as usize;
    if low >= high {
        values.sort_unstable_by(f64::total_cmp);
        return;
    }
    let (_, _, above) = values.select_nth_unstable_by(low, f64::total_cmp);
    above.select_nth_unstable_by(high - low - 1, f64::total_cmp);
    values[..low].sort_unstable_by(f64::total_cmp);
    values[high..].sort_unstable_by(f64::total_cmp);
}

/// Returns the share of resamples that lies beyond either end of an interval resting on so many
/// clusters.
fn tail(independent: usize) -> Result<f64, Refused> {
    if independent < 2 {
        let (found, needed) = (independent, 2);
        return Err(Refused::FewClusters { found, needed });
    }
    let k = independent as f64;
    let t = student_quantile(0.5 + LEVEL / 2.0, k - 1.0);
    Ok(normal_below(-(k / (k - 1.0)).sqrt() * t))
}

/// Resamples of clusters: drawn once for every number of clusters, and the same for all figures.
///
/// One resample draws as many clusters as there are, with replacement. Each has its own generator,
/// so any number of threads gives the same bits.
#[derive(Debug, Clone)]
pub struct Draws {
    plan: Plan,
    clock: Option<Clock>,
    kept: Arc<Mutex<HashMap<usize, Resamples>>>,
    spent: Arc<Mutex<Spent>>,
}

/// All resamples of so many clusters.
type Resamples = Arc<Vec<Times>>;

/// Returns the seconds on the wall and those of all cores; only differences mean something.
pub type Clock = fn() -> [f64; 2];

/// What bootstraps have taken so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Figures that were drawn, each as often as there are resamples.
    pub figures: usize,
    /// Seconds on the wall and of all cores; zero without a clock.
    pub seconds: [f64; 2],
}

impl Draws {
    /// Returns the draws of a plan; none is made before it is asked for.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            clock: None,
            kept: Arc::default(),
            spent: Arc::default(),
        }
    }

    /// Lets a clock time the bootstraps; nothing else depends on it.
    pub fn timed_by(&mut self, clock: Option<Clock>) {
        self.clock = clock;
    }

    /// Returns what the bootstraps have taken.
    #[must_use]
    pub fn spent(&self) -> Spent {
        *lock(&self.spent)
    }

    /// Returns the resamples of so many clusters.
    fn of(&self, clusters: usize) -> Resamples {
        let mut kept = lock(&self.kept);
        if let Some(draws) = kept.get(&clusters) {
            return Arc::clone(draws);
        }
        let bytes = |clusters: usize| clusters * self.plan.resamples;
        if kept.keys().copied().map(bytes).sum::<usize>() + bytes(clusters) > KEPT {
            kept.clear();
        }
        let blocks = self.plan.resamples.div_ceil(LANES);
        let draws = (0..blocks).into_par_iter();
        let draws = Arc::new(draws.map(|block| self.block(clusters, block)).collect());
        kept.insert(clusters, Arc::clone(&draws));
        draws
    }

    /// Draws the clusters of some resamples, into how often each was drawn.
    fn block(&self, clusters: usize, block: usize) -> Times {
        Times::drawn(clusters, |lane, counts| {
            let resample = block * LANES + lane;
            if resample >= self.plan.resamples {
                return;
            }
            let mut random = Random::new(self.plan.seed, resample as u64);
            let mut draw = |cluster: u32| {
                let count = &mut counts[cluster as usize];
                *count = count.saturating_add(1);
            };
            for pair in 0..clusters.div_ceil(2) {
                let (one, other) = random.two_below(clusters as u32);
                draw(one);
                if 2 * pair + 1 < clusters {
                    draw(other);
                }
            }
        })
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns every figure of every statistic, in their order, on the rows as they are and on each
/// resample of the clusters; all statistics see the same draws.
#[must_use]
pub fn bootstrap(clusters: &Clusters, statistics: &[Statistic], draws: &Draws) -> Vec<Resampled> {
    let now = || draws.clock.map_or([0.0; 2], |clock| clock());
    let begun = now();
    let resamples = draws.plan.resamples;
    let drawn = draws.of(clusters.count);
    let found: Vec<Vec<[Option<f64>; LANES]>> = (drawn.par_iter())
        .map(|times| {
            let found = statistics.iter().flat_map(|own| own.at(times));
            found.map(|lanes| lanes.map(Result::ok)).collect()
        })
        .collect();
    let once = Times::once(clusters.count);
    let values = statistics.iter().flat_map(|own| {
        let values = own.at(&once).into_iter();
        values.map(|[value, ..]| (value, own.independent))
    });
    let resampled: Vec<Resampled> = (values.enumerate())
        .map(|(at, (value, independent))| {
            let draws = found.iter().flat_map(|block| block[at]);
            Resampled {
                value,
                independent,
                draws: draws.take(resamples).collect(),
            }
        })
        .collect();
    let mut spent = lock(&draws.spent);
    spent.figures += resampled.len();
    for (sum, (from, to)) in spent.seconds.iter_mut().zip(begun.into_iter().zip(now())) {
        *sum += to - from;
    }
    resampled
}

#[cfg(test)]
mod tests {
    use super::super::delong::delong;
    use super::super::fixture::{cases, near, pick, read, same, shuffled};
    use super::super::probability::brier_rows;
    use super::super::ranking::Depth;
    use super::*;

    struct Rows {
        risk: Vec<f64>,
        other: Vec<f64>,
        event: Vec<bool>,
        amount: Vec<f64>,
        cluster: Vec<u32>,
    }

    /// About `n` rows in clusters of one to three, with tied risks and amounts.
    fn rows(n: usize) -> Rows {
        let mut random = Random::new(7, 1);
        let mut rows = Rows {
            risk: vec![],
            other: vec![],
            event: vec![],
            amount: vec![],
            cluster: vec![],
        };
        let mut cluster = 0;
        while rows.risk.len() < n {
            let event = random.unit() < 0.3;
            let risk = (random.unit() * 30.0 + if event { 8.0 } else { 0.0 }).round();
            for _ in 0..=random.below(3) {
                rows.risk.push(risk + random.below(2) as f64);
                rows.other.push((risk + random.unit() * 20.0).round());
                rows.event.push(event);
                rows.amount.push((1 + random.below(4)) as f64 * 0.1);
                rows.cluster.push(cluster);
            }
            cluster += 1;
        }
        rows
    }

    impl Rows {
        fn columns(&self) -> Vec<Vec<f64>> {
            let event = self.event.iter().map(|event| f64::from(u8::from(*event)));
            vec![
                self.risk.clone(),
                self.other.clone(),
                event.collect(),
                self.amount.clone(),
            ]
        }

        fn clusters(&self) -> Clusters {
            let columns = self.columns();
            let columns: Vec<&[f64]> = columns.iter().map(|column| &column[..]).collect();
            Clusters::new(&self.cluster, &columns).unwrap()
        }

        fn all(&self, plan: &Plan) -> Vec<Resampled> {
            let clusters = self.clusters();
            let plain = Ranking::new(&self.risk, &self.event, None).unwrap();
            let amount = Ranking::new(&self.risk, &self.event, Some(&self.amount)).unwrap();
            let probability: Vec<f64> = self.risk.iter().map(|risk| risk / 50.0).collect();
            let losses = brier_rows(&probability, &self.event).unwrap();
            let statistics = [
                clusters.figures(&plain, &[RankFigure::Auc]),
                clusters.figures(
                    &amount,
                    &[
                        RankFigure::Auc,
                        RankFigure::Gini,
                        RankFigure::AveragePrecision,
                        RankFigure::Capture(Depth::Share(0.1)),
                        RankFigure::Lift(Depth::Share(0.1)),
                    ],
                ),
                clusters.figures(&plain, &[RankFigure::Precision(Depth::Rows(10.0))]),
                clusters.mean(&losses, Some(&self.amount)).unwrap(),
            ];
            bootstrap(&clusters, &statistics, &Draws::new(*plan))
        }
    }

    #[test]
    fn a_resample_is_the_figure_with_those_weights() {
        let fixture = read(include_str!("../../tests/fixtures/stats/ranking.json"));
        let found = cases(&fixture)
            .into_iter()
            .find(|(name, _)| *name == "drawn in a bootstrap");
        let (name, case) = found.unwrap();
        let (risk, event, times) = (case.numbers("risk"), case.flags("event"), case.weight());
        let ranking = Ranking::new(&risk, &event, None).unwrap();
        // Row numbers as content, so that each row is its own cluster in row order.
        let order: Vec<f64> = (0..risk.len()).map(|row| row as f64).collect();
        let own: Vec<u32> = (0..risk.len() as u32).collect();
        let clusters = Clusters::new(&own, &[&order]).unwrap();
        let times: Vec<u8> = times.unwrap().into_iter().map(|own| own as u8).collect();
        let drawn = Times::drawn(times.len(), |_, counts| counts.copy_from_slice(&times));
        let figures = [RankFigure::Auc, RankFigure::AveragePrecision];
        let found = clusters.figures(&ranking, &figures).at(&drawn);
        same(found[0][0].clone().unwrap(), case.number("auc"), name);
        let expected = case.number("average_precision");
        same(found[1][0].clone().unwrap(), expected, name);
    }

    #[test]
    fn values_are_those_of_the_rows_as_they_are() {
        let rows = rows(150);
        let all = rows.all(&Plan {
            resamples: 50,
            seed: 1,
        });
        let amount = Ranking::new(&rows.risk, &rows.event, Some(&rows.amount)).unwrap();
        let value = |at: usize| all[at].estimate().unwrap().value;
        assert_eq!(value(1), amount.auc().unwrap());
        assert_eq!(value(2), amount.gini().unwrap());
        assert_eq!(value(3), amount.average_precision().unwrap());
        let cut = amount.cut(Depth::Share(0.1)).unwrap();
        // Weights that are added in another order round apart in the last place.
        near(value(4), cut.recall, 1e-14, "capture");
        near(value(5), cut.lift, 1e-14, "lift");
    }

    #[test]
    fn threads_names_and_row_order_change_no_bit() {
        let rows = rows(120);
        let plan = Plan {
            resamples: 200,
            seed: 3,
        };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| rows.all(&plan))
        };
        let one = on(1);
        assert_eq!(one, on(5));
        for seed in 0..4 {
            let order = shuffled(rows.risk.len(), seed);
            let names = shuffled(rows.risk.len(), seed + 100);
            let moved = Rows {
                risk: pick(&rows.risk, &order),
                other: pick(&rows.other, &order),
                event: pick(&rows.event, &order),
                amount: pick(&rows.amount, &order),
                cluster: (pick(&rows.cluster, &order).into_iter())
                    .map(|cluster| names[cluster as usize] as u32)
                    .collect(),
            };
            assert_eq!(moved.all(&plan), one);
        }
        assert_ne!(
            rows.all(&Plan {
                resamples: 200,
                seed: 4
            }),
            one
        );
    }

    #[test]
    fn unclustered_intervals_are_those_of_delong() {
        let mut rows = rows(600);
        rows.cluster = (0..rows.risk.len() as u32).collect();
        let estimate = rows.all(&Plan {
            resamples: 4000,
            seed: 5,
        })[0]
            .estimate()
            .unwrap();
        let exact = delong(&rows.risk, &rows.event).unwrap().auc;
        let width = (exact.high - exact.low) / 10.0;
        assert!((estimate.low - exact.low).abs() < width);
        assert!((estimate.high - exact.high).abs() < width);
    }

    #[test]
    fn repeating_every_row_of_a_cluster_makes_no_interval_narrower() {
        let once = rows(100);
        let twice: Vec<usize> = (0..once.risk.len())
            .flat_map(|row| [row, row, row])
            .collect();
        let repeated = Rows {
            risk: pick(&once.risk, &twice),
            other: pick(&once.other, &twice),
            event: pick(&once.event, &twice),
            amount: pick(&once.amount, &twice),
            cluster: pick(&once.cluster, &twice),
        };
        let plan = Plan {
            resamples: 200,
            seed: 6,
        };
        for (at, (a, b)) in once.all(&plan).iter().zip(repeated.all(&plan)).enumerate() {
            // A cut at so many rows is another cut among three times as many.
            if at != 7 {
                let (a, b) = (a.estimate().unwrap(), b.estimate().unwrap());
                near(a.low, b.low, 1e-12, "low");
                near(a.high, b.high, 1e-12, "high");
            }
        }
    }

    #[test]
    fn differences_are_paired() {
        let rows = rows(200);
        let clusters = rows.clusters();
        let first = Ranking::new(&rows.risk, &rows.event, None).unwrap();
        let second = Ranking::new(&rows.other, &rows.event, None).unwrap();
        let statistics = [
            clusters.figures(&first, &[RankFigure::Auc]),
            clusters.figures(&second, &[RankFigure::Auc]),
        ];
        let found = bootstrap(&clusters, &statistics, &Draws::new(Plan::new(8)));
        let itself = found[0].minus(&found[0]).estimate().unwrap();
        assert_eq!((itself.value, itself.low, itself.high), (0.0, 0.0, 0.0));
        let difference = found[0].minus(&found[1]).estimate().unwrap();
        same(
            difference.value,
            first.auc().unwrap() - second.auc().unwrap(),
            "value",
        );
        let width = |estimate: Estimate| estimate.high - estimate.low;
        let apart = width(found[0].estimate().unwrap()).hypot(width(found[1].estimate().unwrap()));
        // The two risks are related, so their difference is surer than either.
        assert!(width(difference) < 0.9 * apart);
        let mean = Resampled::mean_of(&[(1.0, &found[0]), (3.0, &found[1])])
            .estimate()
            .unwrap();
        same(
            mean.value,
            0.25 * first.auc().unwrap() + 0.75 * second.auc().unwrap(),
            "mean",
        );
    }

    #[test]
    fn an_interval_on_few_clusters_reaches_further_into_the_tails() {
        // scipy: stats.norm.cdf(-np.sqrt(k / (k - 1)) * stats.t.ppf(0.975, k - 1))
        for (clusters, expected) in [
            (2, 1.695_219_072_605_873_8e-72),
            (10, 0.008_550_639_024_406_366),
            (25, 0.017_582_309_108_179_404),
            (300, 0.024_349_485_848_844_627),
        ] {
            near(tail(clusters).unwrap(), expected, 1e-9, "tail");
        }
        assert_eq!(
            tail(1),
            Err(Refused::FewClusters {
                found: 1,
                needed: 2
            })
        );
        // Of ranked rows the scarcer kind counts, in clusters: twelve events in four parents.
        let event: Vec<bool> = (0..60).map(|row| row < 12).collect();
        let risk: Vec<f64> = (0..60).map(|row| f64::from(row * 7 % 60)).collect();
        let cluster: Vec<u32> = (0..60)
            .map(|row| if row < 12 { row % 4 } else { row })
            .collect();
        let clusters = Clusters::new(&cluster, &[&risk]).unwrap();
        let ranking = Ranking::new(&risk, &event, None).unwrap();
        let labels: Vec<f64> = event
            .iter()
            .map(|event| f64::from(u8::from(*event)))
            .collect();
        let statistics = [
            clusters.figures(&ranking, &[RankFigure::Auc]),
            clusters.mean(&risk, None).unwrap(),
            clusters.mean(&risk, Some(&labels)).unwrap(),
        ];
        let found = bootstrap(&clusters, &statistics, &Draws::new(Plan::new(3)));
        let rests_on: Vec<usize> = found.iter().map(|own| own.independent).collect();
        assert_eq!(rests_on, [4, 52, 4]);
        assert_eq!(found[0].minus(&found[1]).independent, 4);
    }

    #[test]
    fn ends_are_those_of_everything_in_order() {
        let mut random = Random::new(5, 2);
        for n in [1, 2, 3, 40, 41, 2000] {
            for tail in [1.7e-72, 0.0086, 0.025] {
                let values: Vec<f64> = (0..n).map(|_| random.below(900) as f64).collect();
                let (mut sorted, mut ends) = (values.clone(), values);
                sorted.sort_unstable_by(f64::total_cmp);
                sort_ends(&mut ends, tail);
                for share in [tail, 1.0 - tail] {
                    assert_eq!(quantile(&ends, share), quantile(&sorted, share), "{n}");
                }
            }
        }
    }

    #[test]
    fn a_figure_that_often_does_not_exist_is_refused() {
        let event: Vec<bool> = (0..40).map(|row| row == 0).collect();
        let risk: Vec<f64> = (0..40).map(f64::from).collect();
        let own: Vec<u32> = (0..40).collect();
        let clusters = Clusters::new(&own, &[&risk]).unwrap();
        let ranking = Ranking::new(&risk, &event, None).unwrap();
        let found = &bootstrap(
            &clusters,
            &[clusters.figures(&ranking, &[RankFigure::Auc])],
            &Draws::new(Plan::new(1)),
        )[0];
        // The only event is missing from e⁻¹ of the resamples.
        let Err(Refused::FewResamples { missing, resamples }) = found.estimate() else {
            panic!("{found:?}");
        };
        assert!((missing as f64 / resamples as f64 - 0.368).abs() < 0.04);
        let nobody = Ranking::new(&risk, &[false; 40], None).unwrap();
        let found = &bootstrap(
            &clusters,
            &[clusters.figures(&nobody, &[RankFigure::Auc])],
            &Draws::new(Plan::new(1)),
        )[0];
        assert_eq!(found.estimate(), Err(Refused::NoEvents));
    }

    #[test]
    fn a_clock_times_every_figure() {
        use std::sync::atomic::{AtomicU32, Ordering};
        static TICKS: AtomicU32 = AtomicU32::new(0);
        let rows = rows(50);
        let clusters = rows.clusters();
        let ranking = Ranking::new(&rows.risk, &rows.event, None).unwrap();
        let figures = [RankFigure::Auc, RankFigure::Gini];
        let mut draws = Draws::new(Plan {
            resamples: 40,
            seed: 1,
        });
        let untimed = bootstrap(&clusters, &[clusters.figures(&ranking, &figures)], &draws);
        assert_eq!(draws.spent().seconds, [0.0, 0.0]);
        draws.timed_by(Some(|| {
            let ticks = f64::from(TICKS.fetch_add(1, Ordering::Relaxed));
            [ticks, 2.0 * ticks]
        }));
        for _ in 0..3 {
            let timed = bootstrap(&clusters, &[clusters.figures(&ranking, &figures)], &draws);
            assert_eq!(timed, untimed);
        }
        let expected = Spent {
            figures: 8,
            seconds: [3.0, 6.0],
        };
        assert_eq!(draws.spent(), expected);
    }

    #[test]
    fn draws_are_uniform_and_as_many_as_there_are() {
        let draws = Draws::new(Plan {
            resamples: 7000,
            seed: 11,
        });
        let mut total = [0.0; 7];
        for times in draws.of(7).iter() {
            let all = times.sum(&[0, 1, 2, 3, 4, 5, 6]);
            assert!(all.iter().all(|sum| [0.0, 7.0].contains(sum)));
            for (cluster, total) in (0..).zip(&mut total) {
                *total += times.sum(&[cluster]).iter().sum::<f64>();
            }
        }
        assert_eq!(total.iter().sum::<f64>(), 7.0 * 7000.0);
        assert!(
            total
                .iter()
                .all(|count| (count - 7000.0).abs() < 5.0 * 6000_f64.sqrt()),
            "{total:?}"
        );
    }
}
