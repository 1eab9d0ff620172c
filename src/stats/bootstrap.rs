//! Percentile intervals by drawing whole clusters with replacement.
//!
//! Rows of one cluster (the ultimate parent) come and go together, so repeated accounts do not
//! make an interval too narrow. Every statistic asked for sees the same draws: differences are
//! paired, and the cost of drawing is paid once.

use rayon::prelude::*;

use super::distribution::{normal_below, quantile, student_quantile};
use super::estimate::{Estimate, LEVEL, Refused, finite, same_length, weights};
use super::random::Random;
use super::ranking::{RankFigure, Ranking, Steps};

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
        let mut rows: Vec<u32> = (0..cluster.len() as u32).collect();
        rows.sort_unstable_by_key(|row| (cluster[*row as usize], content[*row as usize]));
        let mut members: Vec<&[u32]> = rows
            .chunk_by(|a, b| cluster[*a as usize] == cluster[*b as usize])
            .collect();
        let contents = |rows: &[u32]| rows.iter().map(|row| content[*row as usize]).collect();
        members.sort_by_cached_key(|rows| -> Vec<u32> { contents(rows) });
        let mut of_row = vec![0; cluster.len()];
        for (number, rows) in members.iter().enumerate() {
            for row in *rows {
                of_row[*row as usize] = number as u32;
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
        let along = ranking.along(&self.of_row);
        let wanted = figures.to_vec();
        Statistic {
            figures: wanted.len(),
            independent: ranking.scarcer(&along, self.count),
            compute: Box::new(move |times, steps, found| {
                ranking.steps(&along, times, steps);
                found.extend(wanted.iter().map(|figure| steps.figure(*figure)));
            }),
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
        let mut sums = vec![(0.0, 0.0); self.count];
        for (cluster, weight, value) in rows {
            let (sum, total) = &mut sums[cluster as usize];
            *sum += weight * value;
            *total += weight;
        }
        let independent = sums.iter().filter(|(_, weight)| *weight > 0.0).count();
        let mean = move |times: &[f64]| {
            let (mut sum, mut total) = (0.0, 0.0);
            for ((part, weight), times) in sums.iter().zip(times) {
                sum += times * part;
                total += times * weight;
            }
            if total > 0.0 {
                Ok(sum / total)
            } else {
                Err(Refused::NoRows)
            }
        };
        Ok(Statistic {
            figures: 1,
            independent,
            compute: Box::new(move |times, _, found| found.push(mean(times))),
        })
    }
}

/// Ranks rows by what their columns say; rows that say the same share a rank.
fn content_ranks(n: usize, columns: &[&[f64]]) -> Vec<u32> {
    let compare = |a: u32, b: u32| {
        let by = |column: &&[f64]| column[a as usize].total_cmp(&column[b as usize]);
        (columns.iter().map(by))
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    let mut rows: Vec<u32> = (0..n as u32).collect();
    rows.sort_unstable_by(|a, b| compare(*a, *b));
    let mut ranks = vec![0; n];
    for (rank, alike) in rows.chunk_by(|a, b| compare(*a, *b).is_eq()).enumerate() {
        for row in alike {
            ranks[*row as usize] = rank as u32;
        }
    }
    ranks
}

type Compute<'a> = dyn Fn(&[f64], &mut Steps, &mut Vec<Result<f64, Refused>>) + Send + Sync + 'a;

/// Figures as a function of how often each cluster counts.
pub struct Statistic<'a> {
    figures: usize,
    /// Clusters that the figures rest on: of a ranking those with the event or those without,
    /// whichever are fewer; of a mean those with any weight.
    independent: usize,
    compute: Box<Compute<'a>>,
}

impl Statistic<'_> {
    /// Returns the figures when each cluster, in the numbering of [`Clusters`], counts so many
    /// times.
    #[must_use]
    pub fn at(&self, times: &[f64]) -> Vec<Result<f64, Refused>> {
        let mut found = Vec::with_capacity(self.figures);
        (self.compute)(times, &mut Steps::default(), &mut found);
        found
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
        found.sort_unstable_by(f64::total_cmp);
        let resamples = self.draws.len();
        let missing = resamples - found.len();
        if missing * MISSING > resamples {
            return Err(Refused::FewResamples { missing, resamples });
        }
        let tail = tail(self.independent)?;
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

/// Returns every figure of every statistic, in their order, on the rows as they are and on each
/// resample of the clusters.
///
/// One resample draws as many clusters as there are, with replacement; all statistics see the
/// same draws. Each resample has its own generator, so any number of threads gives the same bits.
#[must_use]
pub fn bootstrap(clusters: &Clusters, statistics: &[Statistic], plan: &Plan) -> Vec<Resampled> {
    let draws: Vec<Vec<Option<f64>>> = (0..plan.resamples)
        .into_par_iter()
        .map_init(
            || (vec![0.0; clusters.count], Steps::default(), Vec::new()),
            |(times, steps, found), resample| {
                draw(times, &mut Random::new(plan.seed, resample as u64));
                found.clear();
                for statistic in statistics {
                    (statistic.compute)(times, steps, found);
                }
                found.drain(..).map(Result::ok).collect()
            },
        )
        .collect();
    let once = vec![1.0; clusters.count];
    let values = statistics.iter().flat_map(|own| {
        let values = own.at(&once).into_iter();
        values.map(|value| (value, own.independent))
    });
    (values.enumerate())
        .map(|(at, (value, independent))| Resampled {
            value,
            independent,
            draws: draws.iter().map(|values| values[at]).collect(),
        })
        .collect()
}

/// Draws clusters with replacement, as many as there are, into how often each was drawn.
fn draw(times: &mut [f64], random: &mut Random) {
    times.fill(0.0);
    let count = times.len();
    for pair in 0..count.div_ceil(2) {
        let (first, second) = random.two_below(count as u32);
        times[first as usize] += 1.0;
        if 2 * pair + 1 < count {
            times[second as usize] += 1.0;
        }
    }
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
                        RankFigure::Ks,
                        RankFigure::Capture(Depth::Share(0.1)),
                        RankFigure::Lift(Depth::Share(0.1)),
                    ],
                ),
                clusters.figures(&plain, &[RankFigure::Precision(Depth::Rows(10.0))]),
                clusters.mean(&losses, Some(&self.amount)).unwrap(),
            ];
            bootstrap(&clusters, &statistics, plan)
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
        let times = times.unwrap();
        let figures = [RankFigure::Auc, RankFigure::AveragePrecision];
        let found = clusters.figures(&ranking, &figures).at(&times);
        same(found[0].clone().unwrap(), case.number("auc"), name);
        let expected = case.number("average_precision");
        same(found[1].clone().unwrap(), expected, name);
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
        assert_eq!(value(4), amount.ks().unwrap());
        assert_eq!(value(5), amount.cut(Depth::Share(0.1)).unwrap().recall);
        assert_eq!(value(6), amount.cut(Depth::Share(0.1)).unwrap().lift);
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
        let found = bootstrap(&clusters, &statistics, &Plan::new(8));
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
        let found = bootstrap(&clusters, &statistics, &Plan::new(3));
        let rests_on: Vec<usize> = found.iter().map(|own| own.independent).collect();
        assert_eq!(rests_on, [4, 52, 4]);
        assert_eq!(found[0].minus(&found[1]).independent, 4);
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
            &Plan::new(1),
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
            &Plan::new(1),
        )[0];
        assert_eq!(found.estimate(), Err(Refused::NoEvents));
    }

    #[test]
    fn draws_are_uniform_and_as_many_as_there_are() {
        let mut total = [0.0; 7];
        let mut times = [0.0; 7];
        for task in 0..7000 {
            draw(&mut times, &mut Random::new(11, task));
            assert_eq!(times.iter().sum::<f64>(), 7.0);
            for (total, times) in total.iter_mut().zip(times) {
                *total += times;
            }
        }
        assert!(
            total
                .iter()
                .all(|count| (count - 7000.0).abs() < 5.0 * 6000_f64.sqrt()),
            "{total:?}"
        );
    }
}
