//! One walk down a ranking for many resamples at once.
//!
//! A resample says how often each cluster counts. The counts of several resamples lie side by
//! side, so that one look-up per row serves them all, and every sum below is a sum per resample
//! ("lane"). Lanes never meet: each has the bits that it would have alone.

use std::ops::Range;

use super::estimate::Refused;
use super::ranking::{Cut, Depth, RankFigure, Ranking, Sums};

/// Resamples that are walked together: as many as have their eight-bit counts in one register.
pub(super) const LANES: usize = 16;

/// One number per resample.
pub(super) type Lanes = [f64; LANES];

/// One small count per resample, eight to a word: to add two words adds eight counts at once, which the
/// compiler does not always see by itself. No count may reach 256.
#[derive(Debug, Clone, Copy)]
struct Counts([u64; LANES / 8]);

impl Counts {
    const NONE: Self = Self([0; LANES / 8]);

    fn of(counts: [u8; LANES]) -> Self {
        let of_word = |word: usize| std::array::from_fn(|lane| counts[8 * word + lane]);
        Self(std::array::from_fn(|word| {
            u64::from_le_bytes(of_word(word))
        }))
    }

    #[inline(always)]
    fn plus(self, more: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] + more.0[word]))
    }

    /// `less` is nowhere more.
    #[inline(always)]
    fn minus(self, less: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] - less.0[word]))
    }

    #[inline(always)]
    fn lanes(self) -> [u8; LANES] {
        let words = self.0.map(u64::to_le_bytes);
        std::array::from_fn(|lane| words[lane / 8][lane % 8])
    }

    #[inline(always)]
    fn numbers(self) -> Lanes {
        self.lanes().map(f64::from)
    }
}

/// How often each cluster counts in some resamples.
#[derive(Debug)]
pub(super) struct Times {
    counts: Vec<Counts>,
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
        let of = |cluster: usize| Counts::of(std::array::from_fn(|lane| drawn[lane][cluster]));
        let most = drawn.iter().flatten().copied().max().unwrap_or(0);
        Self {
            counts: (0..clusters).map(of).collect(),
            fitting: 255 / usize::from(most.max(1)),
        }
    }

    /// Returns the counts of so many clusters that each count once.
    pub(super) fn once(clusters: usize) -> Self {
        Self::drawn(clusters, |_, counts| counts.fill(1))
    }

    #[inline(always)]
    fn of(&self, cluster: u32) -> Counts {
        self.counts[cluster as usize]
    }

    /// Returns the sum of the counts of at most `fitting` clusters.
    #[inline(always)]
    fn few(&self, clusters: &[u32]) -> Counts {
        let own = clusters.iter().map(|cluster| self.of(*cluster));
        own.fold(Counts::NONE, Counts::plus)
    }

    /// Returns the sum of the counts of some clusters, a cluster as often as it is given.
    #[inline(always)]
    pub(super) fn sum(&self, clusters: &[u32]) -> Lanes {
        if clusters.len() <= self.fitting {
            return self.few(clusters).numbers();
        }
        let mut sum = [0.0; LANES];
        for some in clusters.chunks(self.fitting) {
            add(&mut sum, &self.few(some).numbers());
        }
        sum
    }

    /// Returns the sum of the weights of rows, each as often as its cluster counts.
    #[inline(always)]
    fn weighed(&self, clusters: &[u32], weight: &[f64]) -> Lanes {
        let mut sum = [0.0; LANES];
        for (cluster, weight) in clusters.iter().zip(weight) {
            let counts = self.of(*cluster).numbers();
            for lane in 0..LANES {
                sum[lane] += counts[lane] * weight;
            }
        }
        sum
    }

    /// Returns the sums of two numbers per cluster, each as often as the cluster counts.
    pub(super) fn dot(&self, pairs: &[(u32, [f64; 2])]) -> [Lanes; 2] {
        let mut sums = [[0.0; LANES]; 2];
        for (cluster, [one, other]) in pairs {
            let counts = self.of(*cluster).numbers();
            for lane in 0..LANES {
                sums[0][lane] += counts[lane] * one;
                sums[1][lane] += counts[lane] * other;
            }
        }
        sums
    }
}

#[inline(always)]
fn add(sum: &mut Lanes, more: &Lanes) {
    for lane in 0..LANES {
        sum[lane] += more[lane];
    }
}

/// Positions of a ranking: rows that stand alone or are tied with no event, up to `plain`; then
/// tied rows, without the event up to `events_from`, with it up to `end`.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    plain: u32,
    events_from: u32,
    end: u32,
}

/// A part of a ranking that ends with an event, and where it ends: so few rows that a cut in it is
/// soon found.
#[derive(Debug, Clone, Copy)]
struct Part {
    stretches: usize,
    ties: usize,
    end: u32,
}

/// Fewest rows of a part that others follow.
const PART: u32 = 256;

/// A ranking with the cluster of each position, and whether it has the event.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    ranking: &'a Ranking,
    along: Vec<u32>,
    is_event: Vec<bool>,
    stretches: Vec<Stretch>,
    parts: Vec<Part>,
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

/// What lies above a place of a ranking.
#[derive(Debug, Clone, Copy)]
struct Reached {
    rows: Lanes,
    above: Above,
}

impl Reached {
    const NOTHING: Self = Self {
        rows: [0.0; LANES],
        above: Above::NOTHING,
    };

    fn sums(&self, lane: usize) -> Sums {
        Sums {
            rows: self.rows[lane],
            weight: self.above.others[lane] + self.above.events[lane],
            events: self.above.events[lane],
        }
    }
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

    /// Passes a block of rows.
    #[inline(always)]
    fn pass_block(&mut self, block: &Block) {
        if let Some(precision) = &mut self.precision {
            let Above { others, mut events } = self.above;
            let rows: Lanes = std::array::from_fn(|lane| others[lane] + events[lane]);
            for step in &block.steps[..usize::from(block.passed)] {
                let own = step.events.numbers();
                let above = step.above.plus(step.events).numbers();
                for lane in 0..LANES {
                    events[lane] += own[lane];
                    let all = rows[lane] + above[lane];
                    // Where nothing is above, and not the event either, nothing is added.
                    let all = if all < 1.0 { 1.0 } else { all };
                    precision[lane] += own[lane] * (events[lane] / all);
                }
            }
        }
        let (events, lost) = block.lost();
        let (others, own) = (block.rows.minus(events).numbers(), events.numbers());
        for lane in 0..LANES {
            self.pairs[lane] +=
                others[lane] * (self.above.events[lane] + own[lane]) - f64::from(lost[lane]);
            self.above.others[lane] += others[lane];
            self.above.events[lane] += own[lane];
        }
    }
}

/// An event, and the rows of its block above it.
#[derive(Clone, Copy)]
struct Step {
    above: Counts,
    events: Counts,
}

/// Rows that stand alone or are tied with no event, so few that sums of their counts fit in eight
/// bits and sums of products of two such sums in sixteen.
struct Block {
    rows: Counts,
    steps: [Step; 256],
    passed: u8,
}

impl Block {
    const EMPTY: Self = Self {
        rows: Counts::NONE,
        steps: [Step {
            above: Counts::NONE,
            events: Counts::NONE,
        }; 256],
        passed: 0,
    };

    /// Returns the events, and the pairs of one and a non-event above it.
    #[inline(always)]
    fn lost(&self) -> (Counts, [u16; LANES]) {
        let (mut events, mut lost) = (Counts::NONE, [0_u16; LANES]);
        for step in &self.steps[..usize::from(self.passed)] {
            let others = step.above.minus(events).lanes().map(u16::from);
            let own = step.events.lanes().map(u16::from);
            for lane in 0..LANES {
                lost[lane] = lost[lane].wrapping_add(own[lane].wrapping_mul(others[lane]));
            }
            events = events.plus(step.events);
        }
        (events, lost)
    }
}

impl<'a> Walk<'a> {
    /// Returns the ranking, given the cluster of each row in the slices it was made of.
    pub(super) fn new(ranking: &'a Ranking, clusters: &[u32]) -> Self {
        Self::along(ranking, ranking.along(clusters))
    }

    /// Returns a ranking of which every row is in the same cluster.
    pub(super) fn of_one(ranking: &'a Ranking) -> Self {
        Self::along(ranking, vec![0; ranking.len()])
    }

    fn along(ranking: &'a Ranking, along: Vec<u32>) -> Self {
        let mut walk = Self {
            is_event: vec![false; along.len()],
            along,
            stretches: Vec::new(),
            parts: Vec::new(),
            ranking,
        };
        let (mut start, mut begun) = (0, 0);
        for (place, ties) in (1..).zip(&ranking.ties) {
            walk.is_event[ties.events_from as usize..ties.end as usize].fill(true);
            let has_events = ties.events_from < ties.end;
            let is_plain = !has_events || ties.end - start == 1;
            let is_last = ties.end as usize == ranking.len();
            let is_full = is_last || has_events && ties.end - begun >= PART;
            if is_full || !is_plain {
                walk.stretches.push(Stretch {
                    plain: if is_plain { ties.end } else { start },
                    events_from: if is_plain { ties.end } else { ties.events_from },
                    end: ties.end,
                });
            }
            if is_full {
                walk.parts.push(Part {
                    stretches: walk.stretches.len(),
                    ties: place,
                    end: ties.end,
                });
                begun = ties.end;
            }
            start = ties.end;
        }
        walk
    }

    /// Returns how many of `count` clusters have an event, or how many have a non-event, whichever
    /// are fewer.
    pub(super) fn scarcer(&self, count: usize) -> usize {
        self.ranking.scarcer(&self.along, count)
    }

    /// Returns each figure in every lane.
    pub(super) fn figures(
        &self,
        times: &Times,
        wanted: &[RankFigure],
    ) -> Vec<[Result<f64, Refused>; LANES]> {
        let (found, reached) = self.down(times, wanted);
        let total: [Sums; LANES] =
            std::array::from_fn(|lane| reached[reached.len() - 1].sums(lane));
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
                    cuts.push((*depth, self.cuts(times, *depth, &reached)));
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

    /// Walks down the ranking for all figures but those of a cut; also returns what lies above
    /// each part, and above the end.
    fn down(&self, times: &Times, wanted: &[RankFigure]) -> (Down, Vec<Reached>) {
        let mut down = Down {
            above: Above::NOTHING,
            pairs: [0.0; LANES],
            precision: (wanted.contains(&RankFigure::AveragePrecision)).then_some([0.0; LANES]),
        };
        let mut reached = vec![Reached::NOTHING];
        let mut block = Block::EMPTY;
        let (mut begun, mut start) = (0, 0);
        for part in &self.parts {
            for stretch in &self.stretches[begun..part.stretches] {
                let plain = start..stretch.plain;
                match &self.ranking.weight {
                    None => self.pass_plain(times, plain, &mut block, &mut down),
                    Some(_) => self.pass_weighed(times, plain, &mut down),
                }
                if stretch.plain < stretch.end {
                    let tied = self.weight(times, stretch.plain..stretch.events_from);
                    let events = self.weight(times, stretch.events_from..stretch.end);
                    down.pass_tied(&tied, &events);
                }
                start = stretch.end;
            }
            begun = part.stretches;
            reached.push(Reached {
                rows: [0.0; LANES],
                above: down.above,
            });
        }
        self.count(times, &mut reached);
        (down, reached)
    }

    /// Passes rows that count one each and are tied with no other kind.
    #[inline(always)]
    fn pass_plain(&self, times: &Times, range: Range<u32>, block: &mut Block, down: &mut Down) {
        let range = range.start as usize..range.end as usize;
        let clusters = self.along[range.clone()].chunks(times.fitting);
        for (clusters, is_event) in clusters.zip(self.is_event[range].chunks(times.fitting)) {
            let mut rows = Counts::NONE;
            let mut passed = 0_u8;
            for (cluster, is_event) in clusters.iter().zip(is_event) {
                let own = times.of(*cluster);
                // Without a branch: what is not an event is written over by what follows.
                block.steps[usize::from(passed)] = Step {
                    above: rows,
                    events: own,
                };
                rows = rows.plus(own);
                passed = passed.wrapping_add(u8::from(*is_event));
            }
            (block.rows, block.passed) = (rows, passed);
            down.pass_block(block);
        }
    }

    /// Passes rows that weigh something and are tied with no other kind.
    #[inline(always)]
    fn pass_weighed(&self, times: &Times, range: Range<u32>, down: &mut Down) {
        let is_event = &self.is_event[range.start as usize..range.end as usize];
        let mut start = range.start;
        for alike in is_event.chunk_by(|a, b| !a && !b) {
            let end = start + alike.len() as u32;
            let weight = self.weight(times, start..end);
            match alike[0] {
                true => down.pass_events(&weight),
                false => down.pass_others(&weight),
            }
            start = end;
        }
    }

    /// Returns the weight of some rows.
    #[inline(always)]
    fn weight(&self, times: &Times, range: Range<u32>) -> Lanes {
        let range = range.start as usize..range.end as usize;
        match &self.ranking.weight {
            None => times.sum(&self.along[range]),
            Some(weight) => times.weighed(&self.along[range.clone()], &weight[range]),
        }
    }

    /// Adds how many rows lie above each part.
    fn count(&self, times: &Times, reached: &mut [Reached]) {
        let (mut start, mut rows) = (0, [0.0; LANES]);
        for (part, reached) in self.parts.iter().zip(&mut reached[1..]) {
            reached.rows = match &self.ranking.weight {
                None => std::array::from_fn(|lane| {
                    reached.above.others[lane] + reached.above.events[lane]
                }),
                Some(_) => {
                    add(&mut rows, &times.sum(&self.along[start..part.end as usize]));
                    start = part.end as usize;
                    rows
                }
            };
        }
    }

    /// Returns what lies above a cut; rows tied across it count pro rata.
    fn cuts(
        &self,
        times: &Times,
        depth: Depth,
        reached: &[Reached],
    ) -> [Result<Cut, Refused>; LANES] {
        std::array::from_fn(|lane| {
            let total = reached[reached.len() - 1].sums(lane);
            let depth = depth.rows(total);
            let next = reached.partition_point(|own| own.rows[lane] < depth);
            let above = match next {
                0 => Sums::ZERO,
                next if next == reached.len() => total,
                next => self.cut(times, depth, lane, next, reached),
            };
            Cut::new(above, total)
        })
    }

    /// Returns what lies above a depth that is reached in the part before `next`.
    fn cut(
        &self,
        times: &Times,
        depth: f64,
        lane: usize,
        next: usize,
        reached: &[Reached],
    ) -> Sums {
        let ties = &self.ranking.ties;
        let of = |part: usize| self.parts[part].ties;
        let first = if next == 1 { 0 } else { of(next - 2) };
        let mut start = if first == 0 { 0 } else { ties[first - 1].end };
        let mut before = reached[next - 1].sums(lane);
        // Where the last tied rows end is known without counting them.
        for own in &ties[first..of(next - 1) - 1] {
            let mut after = before;
            for at in start as usize..own.end as usize {
                let count = times.of(self.along[at]).numbers()[lane];
                let weight = count
                    * self
                        .ranking
                        .weight
                        .as_ref()
                        .map_or(1.0, |weight| weight[at]);
                after.rows += count;
                after.weight += weight;
                after.events += if self.is_event[at] { weight } else { 0.0 };
            }
            if after.rows >= depth {
                return before.until(after, depth).0;
            }
            (before, start) = (after, own.end);
        }
        before.until(reached[next].sums(lane), depth).0
    }
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
            let rows = 900;
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
