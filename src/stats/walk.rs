//! One walk down a ranking for many resamples at once.
//!
//! A resample says how often each cluster counts. The counts of several resamples lie side by
//! side, so that one look-up per row serves them all, and every sum below is a sum per resample
//! ("lane"). Lanes never meet: each has the bits that it would have alone.

use super::estimate::Refused;
use super::ranking::{Cut, Depth, RankFigure, Ranking, Sums};

/// Resamples that are walked together.
pub(super) const LANES: usize = 32;
/// Eight-bit counts in a word.
const BYTES: usize = 8;
const WORDS: usize = LANES / BYTES;

/// The counts of some resamples, eight bits each: additions of words add all of them at once.
type Words = [u64; WORDS];

/// One number per resample.
pub(super) type Lanes = [f64; LANES];

/// How often each cluster counts in some resamples.
#[derive(Debug)]
pub(super) struct Times {
    /// Those of each cluster.
    counts: Vec<Words>,
    /// So many counts surely add up to less than 256.
    fitting: usize,
}

impl Times {
    /// Returns the counts of each cluster.
    pub(super) fn new(counts: &[[u8; LANES]]) -> Self {
        let most = counts.iter().flatten().copied().max().unwrap_or(0);
        let words = |counts: &[u8; LANES]| {
            std::array::from_fn(|word| {
                let bytes = std::array::from_fn(|at| counts[word * BYTES + at]);
                u64::from_le_bytes(bytes)
            })
        };
        Self {
            counts: counts.iter().map(words).collect(),
            fitting: 255 / usize::from(most.max(1)),
        }
    }

    /// Returns the counts of so many clusters that each count once.
    pub(super) fn once(clusters: usize) -> Self {
        Self::new(&vec![[1; LANES]; clusters])
    }

    /// Returns the counts of a cluster.
    fn of(&self, cluster: u32) -> Lanes {
        lanes(&self.counts[cluster as usize])
    }

    /// Returns the sum of the counts of at most `fitting` clusters.
    #[inline]
    fn few(&self, clusters: &[u32]) -> Words {
        let mut sum = [0; WORDS];
        for cluster in clusters {
            add_words(&mut sum, &self.counts[*cluster as usize]);
        }
        sum
    }

    /// Returns the sum of the counts of some clusters, a cluster as often as it is given.
    #[inline]
    pub(super) fn sum(&self, clusters: &[u32]) -> Lanes {
        if clusters.len() <= self.fitting {
            return lanes(&self.few(clusters));
        }
        let mut sum = [0.0; LANES];
        for some in clusters.chunks(self.fitting) {
            add(&mut sum, &lanes(&self.few(some)));
        }
        sum
    }

    /// Returns the sums of two numbers per cluster, each as often as the cluster counts.
    pub(super) fn dot(&self, pairs: &[(u32, [f64; 2])]) -> [Lanes; 2] {
        let mut sums = [[0.0; LANES]; 2];
        for (cluster, pair) in pairs {
            let counts = self.of(*cluster);
            for (sum, part) in sums.iter_mut().zip(pair) {
                for lane in 0..LANES {
                    sum[lane] += counts[lane] * part;
                }
            }
        }
        sums
    }
}

/// Adds counts; no sum may reach 256.
#[inline]
fn add_words(sum: &mut Words, more: &Words) {
    for word in 0..WORDS {
        sum[word] += more[word];
    }
}

#[inline]
fn bytes(words: &Words) -> [u8; LANES] {
    let mut bytes = [0; LANES];
    for (bytes, word) in bytes.chunks_exact_mut(BYTES).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

#[inline]
fn lanes(words: &Words) -> Lanes {
    // A loop over slices: `map` of so long an array is compiled to a call per element.
    let mut lanes = [0.0; LANES];
    for (lane, count) in lanes.iter_mut().zip(bytes(words)) {
        *lane = f64::from(count);
    }
    lanes
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

/// What lies above a point of the ranking.
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

/// Adds the precision at a step, as often as it has events.
#[inline]
fn add_precision(precision: &mut Lanes, above: &Above, gained: &Lanes) {
    for lane in 0..LANES {
        let all = above.events[lane] + above.others[lane];
        let own = gained[lane] * (above.events[lane] / all);
        precision[lane] += if gained[lane] > 0.0 { own } else { 0.0 };
    }
}

/// What the last few rows add to what lies above them, in small whole numbers: no more rows than
/// have counts that surely add up to less than 256.
struct Near {
    rows: usize,
    others: Words,
    events: Words,
    /// Pairs of an event and a non-event among them in the right order.
    pairs: [u16; LANES],
}

impl Default for Near {
    fn default() -> Self {
        Self {
            rows: 0,
            others: [0; WORDS],
            events: [0; WORDS],
            pairs: [0; LANES],
        }
    }
}

impl Near {
    /// Passes a run of non-events; `rows` are those up to the next run.
    #[inline]
    fn pass(&mut self, run: &Words, rows: usize) {
        let (others, events) = (bytes(run), bytes(&self.events));
        for lane in 0..LANES {
            self.pairs[lane] += u16::from(others[lane]) * u16::from(events[lane]);
        }
        add_words(&mut self.others, run);
        self.rows += rows;
    }

    #[inline]
    fn above(&self, above: &Above) -> Above {
        let mut sum = Above {
            others: lanes(&self.others),
            events: lanes(&self.events),
        };
        add(&mut sum.others, &above.others);
        add(&mut sum.events, &above.events);
        sum
    }

    /// Adds the rows to what lies above, and begins anew.
    fn leave(&mut self, above: &mut Above, pairs: &mut Lanes) {
        if self.rows > 0 {
            let others = lanes(&self.others);
            for lane in 0..LANES {
                pairs[lane] += others[lane] * above.events[lane] + f64::from(self.pairs[lane]);
            }
            *above = self.above(above);
            *self = Self::default();
        }
    }
}

/// What a walk finds.
struct Found {
    /// What lies above the end: everything.
    above: Above,
    /// Weight of the pairs of an event and a non-event that are in the right order, ties half.
    pairs: Lanes,
    /// Sum of the precisions at each event, if average precision is wanted.
    precision: Lanes,
    /// The widest gap, if it is wanted.
    gap: Gap,
}

/// The widest gap between the distributions of events and non-events, which lies where a run of
/// non-events ends or a step with events does.
struct Gap {
    total: Above,
    /// The gap by now and the widest one, on the common denominator: whole numbers where rows have
    /// no weight.
    now: Lanes,
    widest: Lanes,
    /// What lies above the widest.
    at: Above,
}

impl Gap {
    fn of(total: Above) -> Self {
        Self {
            total,
            now: [0.0; LANES],
            widest: [0.0; LANES],
            at: Above::NOTHING,
        }
    }

    /// Returns the widest gap, divided at last.
    fn value(&self, lane: usize) -> f64 {
        self.divided(&self.at, lane)
    }

    fn divided(&self, above: &Above, lane: usize) -> f64 {
        let events = above.events[lane] / self.total.events[lane];
        (events - above.others[lane] / self.total.others[lane]).abs()
    }

    /// Passes non-events; `above` returns what lies above then.
    #[inline]
    fn pass_others(&mut self, others: &Lanes, above: impl Fn() -> Above) {
        for (lane, others) in others.iter().enumerate() {
            self.now[lane] -= others * self.total.events[lane];
        }
        self.look(above);
    }

    /// Passes events; `above` returns what lies above then.
    #[inline]
    fn pass_events(&mut self, events: &Lanes, above: impl Fn() -> Above) {
        for (lane, events) in events.iter().enumerate() {
            self.now[lane] += events * self.total.others[lane];
        }
        self.look(above);
    }

    #[inline]
    fn look(&mut self, above: impl Fn() -> Above) {
        let mut now = [0.0; LANES];
        let (mut is_record, mut is_tie) = (false, false);
        for (lane, now) in now.iter_mut().enumerate() {
            *now = self.now[lane].abs();
            is_record |= *now > self.widest[lane];
            is_tie |= *now == self.widest[lane] && *now > 0.0;
        }
        if !is_record && !is_tie {
            return;
        }
        let above = above();
        for (lane, now) in now.iter().enumerate() {
            let is_wider = *now > self.widest[lane];
            let choose = |new: f64, old: f64| if is_wider { new } else { old };
            self.at.events[lane] = choose(above.events[lane], self.at.events[lane]);
            self.at.others[lane] = choose(above.others[lane], self.at.others[lane]);
            self.widest[lane] = choose(*now, self.widest[lane]);
        }
        if is_tie {
            self.choose_among_equals(&now, &above);
        }
    }

    /// Of gaps that are equal, takes the one that is rounded up.
    fn choose_among_equals(&mut self, now: &Lanes, above: &Above) {
        for (lane, now) in now.iter().enumerate() {
            let is_equal = *now == self.widest[lane];
            if is_equal && self.divided(above, lane) > self.value(lane) {
                self.at.events[lane] = above.events[lane];
                self.at.others[lane] = above.others[lane];
            }
        }
    }
}

#[inline]
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
    #[inline]
    fn weight(&self, times: &Times, weight: Option<&[f64]>, from: u32, to: u32) -> Lanes {
        let range = from as usize..to as usize;
        let clusters = &self.along[range.clone()];
        let Some(weight) = weight else {
            return times.sum(clusters);
        };
        let mut rows = clusters.iter().zip(&weight[range]);
        let of = |(cluster, weight): (&u32, &f64)| {
            let mut weighed = times.of(*cluster);
            for lane in &mut weighed {
                *lane *= weight;
            }
            weighed
        };
        let mut sum = rows.next().map_or([0.0; LANES], of);
        for row in rows {
            add(&mut sum, &of(row));
        }
        sum
    }

    /// Returns each figure in every lane.
    pub(super) fn figures(
        &self,
        times: &Times,
        wanted: &[RankFigure],
    ) -> Vec<[Result<f64, Refused>; LANES]> {
        let weight = self.ranking.weight.as_deref();
        let found = self.down(times, weight, wanted);
        let rows = match weight {
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
                    Ok(found.precision[lane] / total.events)
                }),
                RankFigure::Ks => std::array::from_fn(|lane| {
                    total[lane].both_kinds()?;
                    Ok(found.gap.value(lane))
                }),
                RankFigure::Capture(depth) => of_cut(depth, &mut cuts, |cut| cut.recall),
                RankFigure::Lift(depth) => of_cut(depth, &mut cuts, |cut| cut.lift),
                RankFigure::Precision(depth) => of_cut(depth, &mut cuts, |cut| cut.precision),
            });
        }
        all
    }

    /// Walks down the ranking for all figures but those of a cut.
    #[inline]
    fn down(&self, times: &Times, weight: Option<&[f64]>, wanted: &[RankFigure]) -> Found {
        let has_precision = wanted.contains(&RankFigure::AveragePrecision);
        let has_gap = wanted.contains(&RankFigure::Ks);
        let mut gap = Gap::of(match has_gap {
            true => self.total(times, weight),
            false => Above::NOTHING,
        });
        let mut above = Above::NOTHING;
        let (mut pairs, mut precision) = ([0.0; LANES], [0.0; LANES]);
        let mut near = Near::default();
        let mut start = 0;
        for stretch in &self.stretches {
            let rows = (stretch.end - start) as usize;
            if weight.is_none() && stretch.ties_from == stretch.events_from && rows <= times.fitting
            {
                if near.rows + rows > times.fitting {
                    near.leave(&mut above, &mut pairs);
                }
                let run = &self.along[start as usize..stretch.ties_from as usize];
                let gained = &self.along[stretch.events_from as usize..stretch.end as usize];
                let (run, gained) = (times.few(run), times.few(gained));
                near.pass(&run, rows);
                if has_gap {
                    gap.pass_others(&lanes(&run), || near.above(&above));
                }
                add_words(&mut near.events, &gained);
                if has_precision {
                    add_precision(&mut precision, &near.above(&above), &lanes(&gained));
                }
                if has_gap {
                    gap.pass_events(&lanes(&gained), || near.above(&above));
                }
                start = stretch.end;
                continue;
            }
            near.leave(&mut above, &mut pairs);
            if start < stretch.ties_from {
                let run = self.weight(times, weight, start, stretch.ties_from);
                for lane in 0..LANES {
                    pairs[lane] += run[lane] * above.events[lane];
                    above.others[lane] += run[lane];
                }
                if has_gap {
                    gap.pass_others(&run, || above);
                }
            }
            if stretch.ties_from < stretch.end {
                let gained = self.weight(times, weight, stretch.events_from, stretch.end);
                if stretch.ties_from < stretch.events_from {
                    let tied = self.weight(times, weight, stretch.ties_from, stretch.events_from);
                    for lane in 0..LANES {
                        pairs[lane] += tied[lane] * (above.events[lane] + gained[lane] / 2.0);
                        above.others[lane] += tied[lane];
                    }
                    for (lane, tied) in tied.iter().enumerate() {
                        gap.now[lane] -= tied * gap.total.events[lane];
                    }
                }
                add(&mut above.events, &gained);
                if has_precision {
                    add_precision(&mut precision, &above, &gained);
                }
                if has_gap {
                    gap.pass_events(&gained, || above);
                }
            }
            start = stretch.end;
        }
        near.leave(&mut above, &mut pairs);
        Found {
            above,
            pairs,
            precision,
            gap,
        }
    }

    /// Returns the weight of all rows of either kind.
    fn total(&self, times: &Times, weight: Option<&[f64]>) -> Above {
        let mut total = Above::NOTHING;
        let mut start = 0;
        for stretch in &self.stretches {
            let others = self.weight(times, weight, start, stretch.events_from);
            let events = self.weight(times, weight, stretch.events_from, stretch.end);
            add(&mut total.others, &others);
            add(&mut total.events, &events);
            start = stretch.end;
        }
        total
    }

    /// Returns what lies above a cut; rows tied across it count pro rata.
    fn cuts(
        &self,
        times: &Times,
        depth: Depth,
        total: &[Sums; LANES],
    ) -> [Result<Cut, Refused>; LANES] {
        let weight = self.ranking.weight.as_deref();
        let depth = total.map(|total| depth.rows(total));
        let mut above: [Option<Sums>; LANES] =
            depth.map(|depth| (depth <= 0.0).then_some(Sums::ZERO));
        let mut open = above.iter().filter(|above| above.is_none()).count();
        let mut rows = [0.0; LANES];
        let Above {
            mut others,
            mut events,
        } = Above::NOTHING;
        let mut start = 0;
        for ties in &self.ranking.ties {
            if open == 0 {
                break;
            }
            let more = times.sum(&self.along[start as usize..ties.end as usize]);
            let (more_others, more_events) = match weight {
                None if ties.events_from == ties.end => (more, [0.0; LANES]),
                None if ties.events_from == start => ([0.0; LANES], more),
                _ => (
                    self.weight(times, weight, start, ties.events_from),
                    self.weight(times, weight, ties.events_from, ties.end),
                ),
            };
            let mut is_there = false;
            for lane in 0..LANES {
                is_there |= rows[lane] < depth[lane] && rows[lane] + more[lane] >= depth[lane];
            }
            if is_there {
                for lane in 0..LANES {
                    let before = Sums {
                        rows: rows[lane],
                        weight: others[lane] + events[lane],
                        events: events[lane],
                    };
                    let after = Sums {
                        rows: rows[lane] + more[lane],
                        weight: (others[lane] + more_others[lane])
                            + (events[lane] + more_events[lane]),
                        events: events[lane] + more_events[lane],
                    };
                    if above[lane].is_none() && after.rows >= depth[lane] {
                        above[lane] = Some(before.until(after, depth[lane]).0);
                        open -= 1;
                    }
                }
            }
            add(&mut rows, &more);
            add(&mut others, &more_others);
            add(&mut events, &more_events);
            start = ties.end;
        }
        std::array::from_fn(|lane| Cut::new(above[lane].unwrap_or(total[lane]), total[lane]))
    }
}

/// Returns where what counts happens. Sums of whole numbers have no order, so that without weights
/// everything between two events is one run; with them every step is a stretch of its own.
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
        is_open = ranking.weight.is_none() && !has_events;
        start = ties.end;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    const FIGURES: [RankFigure; 6] = [
        RankFigure::Auc,
        RankFigure::AveragePrecision,
        RankFigure::Ks,
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
            let ranking = Ranking::new(&risk, &event, None).unwrap();
            let found = Walk::new(&ranking, &clusters).figures(&Times::new(&counts), &FIGURES);
            for lane in 0..LANES {
                let (mut risks, mut events) = (Vec::new(), Vec::new());
                for row in 0..rows {
                    for _ in 0..counts[clusters[row] as usize][lane] {
                        risks.push(risk[row]);
                        events.push(event[row]);
                    }
                }
                let repeated = Ranking::new(&risks, &events, None).unwrap();
                let expected = [
                    repeated.auc(),
                    repeated.average_precision(),
                    repeated.ks(),
                    repeated.cut(Depth::Share(0.1)).map(|cut| cut.recall),
                    repeated.cut(Depth::Share(0.3)).map(|cut| cut.lift),
                    repeated.cut(Depth::Rows(40.0)).map(|cut| cut.precision),
                ];
                for ((own, expected), figure) in found.iter().zip(expected).zip(FIGURES) {
                    let said = format!("{figure:?} of {levels} levels, counts below {most}");
                    // Steps that are added in parts round apart in the last place.
                    let (own, expected) = (own[lane].clone().unwrap(), expected.unwrap());
                    assert!((own - expected).abs() < 1e-14, "{said}: {own}, {expected}");
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
        let mut counts = [[1; LANES]; 20];
        counts[7][3] = 0;
        let found = Walk::new(&ranking, &own).figures(&Times::new(&counts), &FIGURES);
        for lanes in found {
            assert_eq!(lanes[3], Err(Refused::NoEvents));
            assert!(lanes[2].is_ok() && lanes[4].is_ok());
        }
    }
}
