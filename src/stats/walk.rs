//! One walk down a ranking for many resamples at once.
//!
//! A resample says how often each cluster counts. The counts of several resamples lie side by
//! side, so that one look-up per row serves them all, and every sum below is a sum per resample
//! ("lane"). Lanes never meet: each has the bits that it would have alone.

use super::estimate::Refused;
use super::ranking::{Cut, Depth, RankFigure, Ranking, Sums, Ties};

/// Resamples that are walked together: as many as have their eight-bit counts in one word.
///
/// Then the counts of all clusters stay in a near cache, and what is added up in registers.
pub(super) const LANES: usize = 8;

/// One number per resample.
pub(super) type Lanes = [f64; LANES];

/// How often each cluster counts in some resamples.
#[derive(Debug)]
pub(super) struct Times {
    /// Those of each cluster, eight bits each: an addition of words adds all of them at once.
    counts: Vec<u64>,
    /// So many counts surely add up to less than 256.
    fitting: usize,
}

impl Times {
    /// Returns the counts that `draw` fills in for one lane after another.
    pub(super) fn drawn(clusters: usize, mut draw: impl FnMut(usize, &mut [u8])) -> Self {
        // The counts of a lane stand together while they are drawn: they are hit in no order.
        let mut drawn = vec![vec![0; clusters]; LANES];
        for (lane, counts) in drawn.iter_mut().enumerate() {
            draw(lane, counts);
        }
        let of = |cluster: usize| std::array::from_fn(|lane| drawn[lane][cluster]);
        let most = drawn.iter().flatten().copied().max().unwrap_or(0);
        Self {
            counts: (0..clusters)
                .map(|own| u64::from_le_bytes(of(own)))
                .collect(),
            fitting: 255 / usize::from(most.max(1)),
        }
    }

    /// Returns the counts of so many clusters that each count once.
    pub(super) fn once(clusters: usize) -> Self {
        Self::drawn(clusters, |_, counts| counts.fill(1))
    }

    /// Returns the sum of the counts of at most `fitting` clusters.
    #[inline(always)]
    fn few(&self, clusters: &[u32]) -> Lanes {
        let counts = clusters
            .iter()
            .map(|cluster| self.counts[*cluster as usize]);
        lanes(counts.sum())
    }

    /// Returns the sum of the counts of some clusters, a cluster as often as it is given.
    #[inline(always)]
    pub(super) fn sum(&self, clusters: &[u32]) -> Lanes {
        if clusters.len() <= self.fitting {
            return self.few(clusters);
        }
        let mut sum = [0.0; LANES];
        for some in clusters.chunks(self.fitting) {
            add(&mut sum, &self.few(some));
        }
        sum
    }

    /// Adds the weights of rows to a sum, each as often as its cluster counts.
    #[inline(always)]
    fn weigh(&self, sum: &mut Lanes, clusters: &[u32], weight: &[f64]) {
        for (cluster, weight) in clusters.iter().zip(weight) {
            let counts = lanes(self.counts[*cluster as usize]);
            for lane in 0..LANES {
                sum[lane] += counts[lane] * weight;
            }
        }
    }

    /// Returns the sums of two numbers per cluster, each as often as the cluster counts.
    pub(super) fn dot(&self, pairs: &[(u32, [f64; 2])]) -> [Lanes; 2] {
        let mut sums = [[0.0; LANES]; 2];
        for (cluster, [one, other]) in pairs {
            let counts = lanes(self.counts[*cluster as usize]);
            for lane in 0..LANES {
                sums[0][lane] += counts[lane] * one;
                sums[1][lane] += counts[lane] * other;
            }
        }
        sums
    }
}

#[inline(always)]
fn lanes(word: u64) -> Lanes {
    word.to_le_bytes().map(f64::from)
}

/// Positions of a ranking: rows without the event that are tied with none that has it up to
/// `ties_from`, others up to `events_from`, rows with the event up to `end`.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    ties_from: u32,
    events_from: u32,
    end: u32,
}

/// A ranking with the cluster of each position.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    ranking: &'a Ranking,
    along: Vec<u32>,
    stretches: Vec<Stretch>,
}

/// The weight of the rows of either kind.
#[derive(Debug, Clone, Copy)]
struct Above {
    others: Lanes,
    events: Lanes,
}

impl Above {
    const NOTHING: Self = Self {
        others: [0.0; LANES],
        events: [0.0; LANES],
    };
}

/// What is added up on the way down a ranking.
struct Down {
    above: Above,
    /// Weight of the pairs of an event and a non-event that are in the right order, ties half.
    pairs: Lanes,
    /// Sum of the precisions at each event, if average precision is wanted.
    precision: Option<Lanes>,
}

impl Down {
    /// Passes non-events that are tied with no event.
    #[inline(always)]
    fn pass_others(&mut self, others: &Lanes) {
        for (lane, others) in others.iter().enumerate() {
            self.pairs[lane] += others * self.above.events[lane];
            self.above.others[lane] += others;
        }
    }

    /// Passes events and the non-events that are tied with them.
    #[inline(always)]
    fn pass_tied(&mut self, tied: &Lanes, events: &Lanes) {
        for lane in 0..LANES {
            self.pairs[lane] += tied[lane] * (self.above.events[lane] + events[lane] / 2.0);
            self.above.others[lane] += tied[lane];
        }
        self.pass_events(events);
    }

    /// Passes events.
    #[inline(always)]
    fn pass_events(&mut self, events: &Lanes) {
        add(&mut self.above.events, events);
        if let Some(precision) = &mut self.precision {
            for lane in 0..LANES {
                let all = self.above.events[lane] + self.above.others[lane];
                let own = events[lane] * (self.above.events[lane] / all);
                precision[lane] += if events[lane] > 0.0 { own } else { 0.0 };
            }
        }
    }
}

#[inline(always)]
fn add(sum: &mut Lanes, more: &Lanes) {
    for lane in 0..LANES {
        sum[lane] += more[lane];
    }
}

impl<'a> Walk<'a> {
    /// Returns the ranking, given the cluster of each row in the slices it was made of.
    pub(super) fn new(ranking: &'a Ranking, clusters: &[u32]) -> Self {
        Self {
            along: ranking.along(clusters),
            stretches: stretches(ranking),
            ranking,
        }
    }

    /// Returns a ranking of which every row is in the same cluster.
    pub(super) fn of_one(ranking: &'a Ranking) -> Self {
        Self {
            along: vec![0; ranking.len()],
            stretches: stretches(ranking),
            ranking,
        }
    }

    /// Returns how many of `count` clusters have an event, or how many have a non-event, whichever
    /// are fewer.
    pub(super) fn scarcer(&self, count: usize) -> usize {
        self.ranking.scarcer(&self.along, count)
    }

    /// Returns the weight of the rows from one position to another.
    #[inline(always)]
    fn weight(&self, times: &Times, from: u32, to: u32) -> Lanes {
        let mut sum = [0.0; LANES];
        self.add_weight(times, from, to, &mut sum);
        sum
    }

    /// Adds the weight of the rows from one position to another to a sum, row by row.
    #[inline(always)]
    fn add_weight(&self, times: &Times, from: u32, to: u32, sum: &mut Lanes) {
        let range = from as usize..to as usize;
        match &self.ranking.weight {
            None => add(sum, &times.sum(&self.along[range])),
            Some(weight) => times.weigh(sum, &self.along[range.clone()], &weight[range]),
        }
    }

    /// Returns each figure in every lane.
    pub(super) fn figures(
        &self,
        times: &Times,
        wanted: &[RankFigure],
    ) -> Vec<[Result<f64, Refused>; LANES]> {
        let found = self.down(times, wanted);
        let rows = match &self.ranking.weight {
            None => std::array::from_fn(|lane| found.above.others[lane] + found.above.events[lane]),
            Some(_) => times.sum(&self.along),
        };
        let total = std::array::from_fn(|lane| Sums {
            rows: rows[lane],
            weight: found.above.others[lane] + found.above.events[lane],
            events: found.above.events[lane],
        });
        let auc = |lane: usize| -> Result<f64, Refused> {
            let Sums { weight, events, .. } = total[lane].both_kinds()?;
            Ok(found.pairs[lane] / (events * (weight - events)))
        };
        let mut cuts: Vec<(Depth, [Result<Cut, Refused>; LANES])> = Vec::new();
        let mut all = Vec::with_capacity(wanted.len());
        for figure in wanted {
            let of_cut = |depth: &Depth, cuts: &mut Vec<_>, pick: fn(Cut) -> f64| {
                let at = cuts.iter().position(|(own, _)| own == depth);
                let at = at.unwrap_or_else(|| {
                    cuts.push((*depth, self.cuts(times, *depth, &total)));
                    cuts.len() - 1
                });
                cuts[at]
                    .1
                    .clone()
                    .map(|cut: Result<Cut, Refused>| cut.map(pick))
            };
            all.push(match figure {
                RankFigure::Auc => std::array::from_fn(auc),
                RankFigure::Gini => {
                    std::array::from_fn(|lane| auc(lane).map(|auc| 2.0 * auc - 1.0))
                }
                RankFigure::AveragePrecision => std::array::from_fn(|lane| {
                    let total = total[lane].some_events()?;
                    let precision = found.precision.as_ref().expect("it is wanted");
                    Ok(precision[lane] / total.events)
                }),
                RankFigure::Capture(depth) => of_cut(depth, &mut cuts, |cut| cut.recall),
                RankFigure::Lift(depth) => of_cut(depth, &mut cuts, |cut| cut.lift),
                RankFigure::Precision(depth) => of_cut(depth, &mut cuts, |cut| cut.precision),
            });
        }
        all
    }

    /// Walks down the ranking for all figures but those of a cut.
    fn down(&self, times: &Times, wanted: &[RankFigure]) -> Down {
        let mut down = Down {
            above: Above::NOTHING,
            pairs: [0.0; LANES],
            precision: (wanted.contains(&RankFigure::AveragePrecision)).then_some([0.0; LANES]),
        };
        let mut start = 0;
        for stretch in &self.stretches {
            if start < stretch.ties_from {
                down.pass_others(&self.weight(times, start, stretch.ties_from));
            }
            if stretch.events_from < stretch.end {
                let events = self.weight(times, stretch.events_from, stretch.end);
                if stretch.ties_from < stretch.events_from {
                    let tied = self.weight(times, stretch.ties_from, stretch.events_from);
                    down.pass_tied(&tied, &events);
                } else {
                    down.pass_events(&events);
                }
            }
            start = stretch.end;
        }
        down
    }

    /// Returns what lies above a cut; rows tied across it count pro rata.
    fn cuts(
        &self,
        times: &Times,
        depth: Depth,
        total: &[Sums; LANES],
    ) -> [Result<Cut, Refused>; LANES] {
        let depth = total.map(|total| depth.rows(total));
        let mut cut: [Option<Sums>; LANES] =
            depth.map(|depth| (depth <= 0.0).then_some(Sums::ZERO));
        let mut rows = [0.0; LANES];
        let mut above = Above::NOTHING;
        let mut start = 0;
        let mut ties = &self.ranking.ties[..];
        // A few steps at a time; one by one only where some lane's cut lies.
        while !ties.is_empty() && cut.iter().any(Option::is_none) {
            let fits = |own: &Ties| (own.end - start) as usize <= times.fitting;
            let (few, later) = ties.split_at(ties.partition_point(fits).max(1));
            let end = few[few.len() - 1].end;
            let more = times.sum(&self.along[start as usize..end as usize]);
            let is_there = (0..LANES)
                .any(|lane| rows[lane] < depth[lane] && rows[lane] + more[lane] >= depth[lane]);
            if !is_there {
                self.pass(times, few, start, &mut above);
                add(&mut rows, &more);
            } else {
                for own in few {
                    let (rows_before, before) = (rows, above);
                    add(
                        &mut rows,
                        &times.sum(&self.along[start as usize..own.end as usize]),
                    );
                    self.pass(times, std::slice::from_ref(own), start, &mut above);
                    start = own.end;
                    for lane in 0..LANES {
                        if cut[lane].is_none() && rows[lane] >= depth[lane] {
                            let of = |rows: &Lanes, above: &Above| Sums {
                                rows: rows[lane],
                                weight: above.others[lane] + above.events[lane],
                                events: above.events[lane],
                            };
                            let (before, after) = (of(&rows_before, &before), of(&rows, &above));
                            cut[lane] = Some(before.until(after, depth[lane]).0);
                        }
                    }
                }
            }
            (ties, start) = (later, end);
        }
        std::array::from_fn(|lane| Cut::new(cut[lane].unwrap_or(total[lane]), total[lane]))
    }

    /// Adds the rows of some ties to what lies above, row by row.
    fn pass(&self, times: &Times, ties: &[Ties], mut start: u32, above: &mut Above) {
        for own in ties {
            self.add_weight(times, start, own.events_from, &mut above.others);
            self.add_weight(times, own.events_from, own.end, &mut above.events);
            start = own.end;
        }
    }
}

/// Returns where what counts happens: everything between two steps with events is one run.
fn stretches(ranking: &Ranking) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut start = 0;
    let mut is_open = false;
    for ties in &ranking.ties {
        let has_events = ties.events_from < ties.end;
        let stretch = Stretch {
            ties_from: if has_events { start } else { ties.end },
            events_from: ties.events_from,
            end: ties.end,
        };
        match stretches.last_mut() {
            Some(last) if is_open => *last = stretch,
            _ => stretches.push(stretch),
        }
        is_open = !has_events;
        start = ties.end;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    const FIGURES: [RankFigure; 5] = [
        RankFigure::Auc,
        RankFigure::AveragePrecision,
        RankFigure::Capture(Depth::Share(0.1)),
        RankFigure::Lift(Depth::Share(0.3)),
        RankFigure::Precision(Depth::Rows(40.0)),
    ];

    /// Every lane says what a ranking of the rows says in which each stands as often as it counts.
    #[test]
    fn a_count_is_so_many_equal_rows() {
        let mut random = Random::new(3, 1);
        // Distinct risks, heavy ties; small counts, and some that fill a byte alone.
        for (levels, most) in [(100_000, 4), (12, 4), (100_000, 200), (2, 200)] {
            let rows = 300;
            let risk: Vec<f64> = (0..rows).map(|_| random.below(levels) as f64).collect();
            let event: Vec<bool> = (0..rows).map(|_| random.below(5) == 0).collect();
            let clusters: Vec<u32> = (0..rows).map(|_| random.below(90) as u32).collect();
            let counts: Vec<[u8; LANES]> = (0..90)
                .map(|_| std::array::from_fn(|_| random.below(most) as u8))
                .collect();
            let amount: Vec<f64> = (0..rows).map(|_| (1 + random.below(9)) as f64).collect();
            let times = Times::drawn(90, |lane, own| {
                for (own, lanes) in own.iter_mut().zip(&counts) {
                    *own = lanes[lane];
                }
            });
            for weight in [None, Some(&amount[..])] {
                let ranking = Ranking::new(&risk, &event, weight).unwrap();
                let found = Walk::new(&ranking, &clusters).figures(&times, &FIGURES);
                for lane in 0..LANES {
                    let (mut risks, mut events, mut weights) = (Vec::new(), Vec::new(), Vec::new());
                    for row in 0..rows {
                        for _ in 0..counts[clusters[row] as usize][lane] {
                            risks.push(risk[row]);
                            events.push(event[row]);
                            weights.push(weight.map_or(1.0, |weight| weight[row]));
                        }
                    }
                    let repeated = Ranking::new(&risks, &events, Some(&weights)).unwrap();
                    let expected = [
                        repeated.auc(),
                        repeated.average_precision(),
                        repeated.cut(Depth::Share(0.1)).map(|cut| cut.recall),
                        repeated.cut(Depth::Share(0.3)).map(|cut| cut.lift),
                        repeated.cut(Depth::Rows(40.0)).map(|cut| cut.precision),
                    ];
                    for ((own, expected), figure) in found.iter().zip(expected).zip(FIGURES) {
                        let said = format!("{figure:?} of {levels} levels, counts below {most}");
                        // Steps that are added in parts round apart in the last place.
                        let (own, expected) = (own[lane].clone().unwrap(), expected.unwrap());
                        assert!((own - expected).abs() < 1e-13, "{said}: {own}, {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_resample_without_events_has_no_figure() {
        let event: Vec<bool> = (0..20).map(|row| row == 7).collect();
        let risk: Vec<f64> = (0..20).map(f64::from).collect();
        let own: Vec<u32> = (0..20).collect();
        let ranking = Ranking::new(&risk, &event, None).unwrap();
        let times = Times::drawn(20, |lane, counts| {
            counts.fill(1);
            counts[7] = u8::from(lane != 3);
        });
        let found = Walk::new(&ranking, &own).figures(&times, &FIGURES);
        for lanes in found {
            assert_eq!(lanes[3], Err(Refused::NoEvents));
            assert!(lanes[2].is_ok() && lanes[4].is_ok());
        }
    }
}
