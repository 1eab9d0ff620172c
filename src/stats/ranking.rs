//! How well a risk orders rows: AUC, average precision, KS, lift and capture.
//!
//! The direction is fixed: a higher risk says that the event is more likely. A risk that is worse
//! than chance has an AUC below one half; nothing is ever flipped. Tied rows are one group in
//! every figure, so the order in which rows arrive cannot matter.

use super::distribution::{comparable, rising};
use super::estimate::{Refused, finite, same_length, weights};
use super::walk::{Times, Walk};

/// Rows in falling order of risk, tied rows kept together; sorted once, asked often.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Index of each row in the slices the ranking was made of, riskiest first.
    rows: Vec<u32>,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) ties: Vec<Ties>,
}

/// Positions of tied rows: those without the event from the end of the group before to
/// `events_from`, those with it from there to `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ties {
    pub(super) events_from: u32,
    pub(super) end: u32,
}

/// A figure of a ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RankFigure {
    /// See [`Ranking::auc`].
    Auc,
    /// See [`Ranking::gini`].
    Gini,
    /// See [`Ranking::average_precision`].
    AveragePrecision,
    /// The recall of [`Ranking::cut`].
    Capture(Depth),
    /// The lift of [`Ranking::cut`].
    Lift(Depth),
    /// The precision of [`Ranking::cut`].
    Precision(Depth),
}

/// Returns the AUC of `risk` where nothing else is asked of the ranking: the same number as
/// [`Ranking::auc`] without weights, from two sorts of plain numbers instead of one of rows.
///
/// # Errors
/// As [`Ranking::new`] and [`Ranking::auc`].
pub fn auc(risk: &[f64], event: &[bool]) -> Result<f64, Refused> {
    same_length(risk.len(), event.len())?;
    finite(risk, "risk")?;
    let of = |kind: bool| {
        let own = risk.iter().zip(event).filter(|(_, event)| **event == kind);
        let mut own: Vec<u64> = own.map(|(risk, _)| comparable(*risk)).collect();
        own.sort_unstable();
        own
    };
    let (events, others) = (of(true), of(false));
    let total = Sums {
        rows: risk.len() as f64,
        weight: risk.len() as f64,
        events: events.len() as f64,
    };
    total.both_kinds()?;
    // Twice the number of pairs in the right order, ties once.
    let (mut pairs, mut below, mut not_above) = (0_u64, 0, 0);
    for event in &events {
        while below < others.len() && others[below] < *event {
            below += 1;
        }
        not_above = not_above.max(below);
        while not_above < others.len() && others[not_above] == *event {
            not_above += 1;
        }
        pairs += (below + not_above) as u64;
    }
    Ok(pairs as f64 / 2.0 / (events.len() as f64 * others.len() as f64))
}

/// How deep a cut goes into the ranking. Depth counts rows, whatever they weigh.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Depth {
    /// A share of the rows, 0 to 1.
    Share(f64),
    /// A number of rows: what a team can work on.
    Rows(f64),
}

impl Depth {
    /// Returns the depth in rows.
    pub(super) fn rows(self, total: Sums) -> f64 {
        match self {
            Self::Share(share) => share * total.rows,
            Self::Rows(rows) => rows.min(total.rows),
        }
    }
}

/// What lies above a cut through the ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Rows above the cut; a fraction where a share of them was asked for.
    pub rows: f64,
    /// Share of the weight above the cut that had the event.
    pub precision: f64,
    /// Share of the events' weight that lies above the cut, also called capture.
    pub recall: f64,
    /// Precision over the base rate.
    pub lift: f64,
    /// Rows tied across the cut; 0 when it falls between two risks.
    pub tie_rows: usize,
    /// Share of those tied rows that counts as above.
    pub tie_taken: f64,
}

impl Cut {
    /// Returns what a cut is that falls between two distinct risks.
    pub(super) fn new(above: Sums, total: Sums) -> Result<Self, Refused> {
        let total = total.some_events()?;
        if above.weight <= 0.0 {
            return Err(Refused::Nothing("above the cut"));
        }
        let precision = above.events / above.weight;
        Ok(Self {
            rows: above.rows,
            precision,
            recall: above.events / total.events,
            lift: precision / (total.events / total.weight),
            tie_rows: 0,
            tie_taken: 1.0,
        })
    }
}

/// One of several equal parts of the ranking.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Group {
    /// Rows in the part.
    pub rows: f64,
    /// Their weight.
    pub weight: f64,
    /// The weight of those with the event.
    pub events: f64,
    /// Events over weight; `None` where there is no weight.
    pub rate: Option<f64>,
    /// Rate over the base rate.
    pub lift: Option<f64>,
    /// Share of all events in this part.
    pub capture: f64,
    /// Share of all events in this part and the riskier ones.
    pub cumulative_capture: f64,
    /// Rate in this part and the riskier ones, over the base rate.
    pub cumulative_lift: Option<f64>,
}

/// A point of the cumulative capture curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapturePoint {
    /// Share of the rows at least this risky.
    pub share: f64,
    /// Share of the events' weight among them.
    pub capture: f64,
}

/// Rows, weight and events' weight counted from the riskiest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    pub(super) rows: f64,
    pub(super) weight: f64,
    pub(super) events: f64,
}

impl Sums {
    pub(super) const ZERO: Self = Self {
        rows: 0.0,
        weight: 0.0,
        events: 0.0,
    };

    /// Returns these sums if any row with the event is there.
    pub(super) fn some_events(self) -> Result<Self, Refused> {
        if self.weight <= 0.0 {
            Err(Refused::NoRows)
        } else if self.events <= 0.0 {
            Err(Refused::NoEvents)
        } else {
            Ok(self)
        }
    }

    /// Returns what lies above a depth in rows between this step and the next, `after`; and the
    /// share of the rows tied between them that counts as above, where not all do.
    pub(super) fn until(self, after: Self, depth: f64) -> (Self, Option<f64>) {
        if after.rows == depth {
            return (after, None);
        }
        let part = (depth - self.rows) / (after.rows - self.rows);
        let between = Self {
            rows: depth,
            weight: self.weight + part * (after.weight - self.weight),
            events: self.events + part * (after.events - self.events),
        };
        (between, Some(part))
    }

    /// Returns these sums if either kind is there.
    pub(super) fn both_kinds(self) -> Result<Self, Refused> {
        let sums = self.some_events()?;
        if sums.events >= sums.weight {
            return Err(Refused::NoNonEvents);
        }
        Ok(sums)
    }
}

/// What lies above each step from one distinct risk to the next; the first step has nothing above
/// it, the last everything.
struct Steps(Vec<Sums>);

impl Steps {
    fn total(&self) -> Sums {
        self.0[self.0.len() - 1]
    }

    /// Returns what lies above a depth in rows; and, where it falls among tied rows, the step
    /// after them with the share of them that counts as above.
    fn until(&self, depth: f64) -> (Sums, Option<(usize, f64)>) {
        let step = self.0.partition_point(|above| above.rows < depth);
        match self.0.get(step) {
            None => (self.total(), None),
            Some(after) if step == 0 => (*after, None),
            Some(after) => {
                let (above, part) = self.0[step - 1].until(*after, depth);
                (above, part.map(|part| (step, part)))
            }
        }
    }
}

impl Ranking {
    /// Returns the rows in falling order of risk.
    ///
    /// `risk`: finite, any scale; from a health score pass its negative. `event`: what the risk
    /// should have foreseen. `weight`: zero or more per row, 1 each without it. All the same
    /// length and order.
    ///
    /// # Errors
    /// When lengths differ, a number is not finite or a weight is negative.
    pub fn new(risk: &[f64], event: &[bool], weight: Option<&[f64]>) -> Result<Self, Refused> {
        same_length(risk.len(), event.len())?;
        finite(risk, "risk")?;
        weights(weight, risk.len())?;
        let sorted = rising(risk);
        let mut rows: Vec<u32> = Vec::with_capacity(sorted.len());
        let mut groups = Vec::new();
        for ties in sorted.chunk_by(|a, b| a.0 == b.0).rev() {
            let start = rows.len();
            rows.extend(ties.iter().map(|(_, row)| *row));
            // Tied rows are put in order of what they say, so that float sums do not depend on
            // the order in which they arrived.
            let says = |row: u32| (event[row as usize], weight.map_or(1.0, |w| w[row as usize]));
            rows[start..].sort_unstable_by(|a, b| {
                let (a, b) = (says(*a), says(*b));
                a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
            });
            let others = rows[start..].partition_point(|row| !event[*row as usize]);
            groups.push(Ties {
                events_from: (start + others) as u32,
                end: rows.len() as u32,
            });
        }
        Ok(Self {
            weight: weight.map(|w| rows.iter().map(|row| w[*row as usize]).collect()),
            rows,
            ties: groups,
        })
    }

    /// Returns the ranking of the rows that `keep` accepts, without a new sort.
    ///
    /// `keep` is asked with the index of a row in the slices that the ranking was first made of.
    #[must_use]
    pub fn only(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut kept = Self {
            rows: Vec::new(),
            weight: self.weight.as_ref().map(|_| Vec::new()),
            ties: Vec::new(),
        };
        let mut start = 0;
        for ties in &self.ties {
            let before = kept.rows.len();
            let mut events_from = before;
            for at in start..ties.end as usize {
                if !keep(self.rows[at] as usize) {
                    continue;
                }
                kept.rows.push(self.rows[at]);
                if let (Some(to), Some(from)) = (&mut kept.weight, &self.weight) {
                    to.push(from[at]);
                }
                if at < ties.events_from as usize {
                    events_from = kept.rows.len();
                }
            }
            if kept.rows.len() > before {
                kept.ties.push(Ties {
                    events_from: events_from as u32,
                    end: kept.rows.len() as u32,
                });
            }
            start = ties.end as usize;
        }
        kept
    }

    /// Returns the number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the code of each position, given the code of each row in the slices the ranking
    /// was made of.
    ///
    /// Rows that tell the same, by risk, event and weight, are interchangeable: their codes are
    /// put in order, so that float sums do not depend on how they arrived.
    pub(super) fn along(&self, codes: &[u32]) -> Vec<u32> {
        let mut along: Vec<u32> = self.rows.iter().map(|row| codes[*row as usize]).collect();
        let mut start = 0;
        for ties in &self.ties {
            for end in [ties.events_from as usize, ties.end as usize] {
                let codes = &mut along[start..end];
                match &self.weight {
                    None => codes.sort_unstable(),
                    Some(weight) => {
                        let mut from = 0;
                        for alike in weight[start..end].chunk_by(|a, b| a == b) {
                            codes[from..from + alike.len()].sort_unstable();
                            from += alike.len();
                        }
                    }
                }
                start = end;
            }
        }
        along
    }

    /// Returns how many of `count` codes have an event, or how many have a non-event, whichever are
    /// fewer.
    ///
    /// `along`: the code of each position.
    pub(super) fn scarcer(&self, along: &[u32], count: usize) -> usize {
        let mut seen = vec![[false; 2]; count];
        let mut start = 0;
        for ties in &self.ties {
            let ends = [ties.events_from as usize, ties.end as usize];
            for (kind, end) in ends.into_iter().enumerate() {
                for code in &along[start..end] {
                    seen[*code as usize][kind] = true;
                }
                start = end;
            }
        }
        let of = |kind: usize| seen.iter().filter(|own| own[kind]).count();
        of(0).min(of(1))
    }

    /// Returns the steps of the rows as they are.
    fn steps(&self) -> Steps {
        let mut above = Sums::ZERO;
        let (mut others, mut start) = (0.0, 0);
        let mut steps = Vec::with_capacity(self.ties.len() + 1);
        steps.push(above);
        for ties in &self.ties {
            let weight = |from: u32, to: u32| match &self.weight {
                None => f64::from(to - from),
                Some(weight) => weight[from as usize..to as usize].iter().sum(),
            };
            others += weight(start, ties.events_from);
            above.events += weight(ties.events_from, ties.end);
            above.weight = others + above.events;
            above.rows = f64::from(ties.end);
            steps.push(above);
            start = ties.end;
        }
        Steps(steps)
    }

    fn figure(&self, figure: RankFigure) -> Result<f64, Refused> {
        let mut found = Walk::of_one(self).figures(&Times::once(1), &[figure]);
        let [value, ..] = found.swap_remove(0);
        value
    }

    /// Returns the share of the weight that had the event.
    ///
    /// # Errors
    /// When there is no weight.
    pub fn base_rate(&self) -> Result<f64, Refused> {
        let total = self.steps().total();
        if total.weight <= 0.0 {
            return Err(Refused::NoRows);
        }
        Ok(total.events / total.weight)
    }

    /// Returns the probability that a row with the event has a higher risk than one without,
    /// ties counted half.
    ///
    /// # Errors
    /// When either kind is missing.
    ///
    /// # References
    /// Mann & Whitney (1947); scikit-learn `roc_auc_score`, also with `sample_weight`.
    pub fn auc(&self) -> Result<f64, Refused> {
        self.figure(RankFigure::Auc)
    }

    /// Returns 2·AUC − 1.
    ///
    /// # Errors
    /// When either kind is missing.
    pub fn gini(&self) -> Result<f64, Refused> {
        self.figure(RankFigure::Gini)
    }

    /// Returns the mean precision over the steps of recall, by the step rule (nothing is
    /// interpolated). Its value for an uninformative risk is the base rate.
    ///
    /// # Errors
    /// When no row has the event.
    ///
    /// # References
    /// scikit-learn `average_precision_score`.
    pub fn average_precision(&self) -> Result<f64, Refused> {
        self.figure(RankFigure::AveragePrecision)
    }

    /// Returns the largest gap, in either direction, between the distributions of the risk
    /// among events and among non-events, looked at between distinct risks only.
    ///
    /// # Errors
    /// When either kind is missing.
    ///
    /// # References
    /// Kolmogorov–Smirnov; `scipy.stats.ks_2samp`.
    pub fn ks(&self) -> Result<f64, Refused> {
        let steps = self.steps();
        let total = steps.total().both_kinds()?;
        let others = total.weight - total.events;
        // On their common denominator: of rows without weights these are whole numbers.
        let gap = |above: &Sums| {
            (above.events * others - (above.weight - above.events) * total.events).abs()
        };
        let widest = steps.0.iter().map(gap).fold(0.0, f64::max);
        Ok(widest / (total.events * others))
    }

    /// Returns what lies above a cut; rows tied across it count pro rata.
    ///
    /// Depth counts rows, gains count weight: with recurring revenue as weight, `recall` at
    /// `Share(0.1)` is the share of churned revenue in the riskiest tenth of accounts. A depth
    /// beyond the last row is the whole ranking.
    ///
    /// # Errors
    /// When no row has the event, or there is no weight above the cut.
    pub fn cut(&self, depth: Depth) -> Result<Cut, Refused> {
        let steps = self.steps();
        let total = steps.total();
        let (above, tied) = steps.until(depth.rows(total));
        let cut = Cut::new(above, total)?;
        // The steps know the place of the ties; how many rows they are is known here.
        let tie_rows = tied.map_or(0.0, |(step, _)| steps.0[step].rows - steps.0[step - 1].rows);
        Ok(Cut {
            tie_rows: tie_rows as usize,
            tie_taken: tied.map_or(1.0, |(_, taken)| taken),
            ..cut
        })
    }

    /// Returns `parts` parts with equally many rows, riskiest first; tied rows are shared among
    /// the parts pro rata, so every part of a constant risk has lift 1.
    ///
    /// # Errors
    /// When no row has the event or no part was asked for.
    pub fn groups(&self, parts: usize) -> Result<Vec<Group>, Refused> {
        let steps = self.steps();
        let total = steps.total().some_events()?;
        let base = total.events / total.weight;
        if parts == 0 {
            return Err(Refused::Nothing("asked for"));
        }
        let depth = |part: usize| total.rows * part as f64 / parts as f64;
        let sums: Vec<Sums> = (0..parts)
            .map(|part| steps.until(depth(part)).0)
            .chain([total])
            .collect();
        let lift = |rate: f64| rate / base;
        let share = |events: f64, weight: f64| (weight > 0.0).then(|| events / weight);
        Ok(sums
            .windows(2)
            .map(|ends| {
                let part = Sums {
                    rows: ends[1].rows - ends[0].rows,
                    weight: ends[1].weight - ends[0].weight,
                    events: ends[1].events - ends[0].events,
                };
                let rate = share(part.events, part.weight);
                Group {
                    rows: part.rows,
                    weight: part.weight,
                    events: part.events,
                    rate,
                    lift: rate.map(lift),
                    capture: part.events / total.events,
                    cumulative_capture: ends[1].events / total.events,
                    cumulative_lift: share(ends[1].events, ends[1].weight).map(lift),
                }
            })
            .collect())
    }

    /// Returns the cumulative capture curve from (0, 0) to (1, 1), one point per distinct risk.
    ///
    /// # Errors
    /// When no row has the event.
    pub fn capture_curve(&self) -> Result<Vec<CapturePoint>, Refused> {
        let steps = self.steps();
        let total = steps.total().some_events()?;
        let point = |step: usize| {
            let above = steps.0[step];
            CapturePoint {
                share: above.rows / total.rows,
                capture: above.events / total.events,
            }
        };
        Ok((0..=self.ties.len()).map(point).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cases, pick, read, same, shuffled};
    use super::super::random::Random;
    use super::*;

    const FIXTURE: &str = include_str!("../../tests/fixtures/stats/ranking.json");

    #[test]
    fn figures_agree_with_scikit_learn_and_scipy() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (risk, event) = (case.numbers("risk"), case.flags("event"));
            let ranking = Ranking::new(&risk, &event, case.weight().as_deref()).unwrap();
            same(ranking.auc().unwrap(), case.number("auc"), name);
            if case.weight().is_none() {
                assert_eq!(auc(&risk, &event), ranking.auc(), "{name}");
            }
            same(
                ranking.gini().unwrap(),
                2.0 * case.number("auc") - 1.0,
                name,
            );
            let expected = case.number("average_precision");
            same(ranking.average_precision().unwrap(), expected, name);
            if case.has("ks") {
                same(ranking.ks().unwrap(), case.number("ks"), name);
            }
        }
    }

    #[test]
    fn row_order_changes_no_bit() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (risk, event, weight) = (case.numbers("risk"), case.flags("event"), case.weight());
            let all = |order: &[usize]| {
                let weight = weight.as_ref().map(|weight| pick(weight, order));
                let (risk, event) = (pick(&risk, order), pick(&event, order));
                let ranking = Ranking::new(&risk, &event, weight.as_deref()).unwrap();
                (
                    [ranking.auc(), ranking.average_precision(), ranking.ks()],
                    ranking.cut(Depth::Share(0.1)),
                    ranking.groups(10),
                    ranking.capture_curve(),
                )
            };
            let as_given: Vec<usize> = (0..risk.len()).collect();
            for seed in 0..5 {
                assert_eq!(all(&shuffled(risk.len(), seed)), all(&as_given), "{name}");
            }
        }
    }

    #[test]
    fn only_the_order_of_risks_counts() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (risk, event, weight) = (case.numbers("risk"), case.flags("event"), case.weight());
            let of = |risk: Vec<f64>, event: &[bool]| {
                let ranking = Ranking::new(&risk, event, weight.as_deref()).unwrap();
                (
                    ranking.auc().unwrap(),
                    ranking.ks().unwrap(),
                    ranking.average_precision().unwrap(),
                )
            };
            let plain = of(risk.clone(), &event);
            // A score above 1 flips nothing.
            assert_eq!(
                of(risk.iter().map(|r| 100.0 * r + 5000.0).collect(), &event),
                plain
            );
            assert_eq!(
                of(risk.iter().map(|r| (r / 100.0).exp()).collect(), &event),
                plain
            );
            let reversed = of(risk.iter().map(|r| -r).collect(), &event);
            same(reversed.0, 1.0 - plain.0, name);
            same(reversed.1, plain.1, name);
            let swapped: Vec<bool> = event.iter().map(|event| !event).collect();
            same(
                of(risk.iter().map(|r| -r).collect(), &swapped).0,
                plain.0,
                name,
            );
        }
    }

    #[test]
    fn a_weight_is_so_many_equal_rows() {
        let risk = [1.0, 2.0, 2.0, 3.0, 4.0];
        let event = [false, true, false, false, true];
        let weight = [3.0, 1.0, 2.0, 0.0, 2.0];
        let repeated: Vec<usize> = (0..5)
            .flat_map(|row| vec![row; weight[row] as usize])
            .collect();
        let weighted = Ranking::new(&risk, &event, Some(&weight)).unwrap();
        let rows = Ranking::new(&pick(&risk, &repeated), &pick(&event, &repeated), None).unwrap();
        assert_eq!(weighted.auc(), rows.auc());
        assert_eq!(weighted.average_precision(), rows.average_precision());
        assert_eq!(weighted.ks(), rows.ks());
        assert_eq!(weighted.base_rate(), rows.base_rate());
    }

    #[test]
    fn ties_at_the_cut_are_shared_and_said() {
        let event = [true, true, false, false, false];
        let ranking = Ranking::new(&[3.0, 2.0, 2.0, 2.0, 1.0], &event, None).unwrap();
        // Two rows: the first, and a third of each of the three tied ones.
        let cut = ranking.cut(Depth::Rows(2.0)).unwrap();
        assert_eq!((cut.rows, cut.tie_rows), (2.0, 3));
        same(cut.tie_taken, 1.0 / 3.0, "taken");
        same(cut.recall, (1.0 + 1.0 / 3.0) / 2.0, "recall");
        same(cut.precision, (1.0 + 1.0 / 3.0) / 2.0, "precision");
        same(cut.lift, cut.precision / 0.4, "lift");
        // A cut between two risks is clean; one beyond the end is everything.
        assert_eq!(ranking.cut(Depth::Share(0.8)).unwrap().tie_rows, 0);
        let all = ranking.cut(Depth::Rows(99.0)).unwrap();
        assert_eq!((all.rows, all.recall, all.lift), (5.0, 1.0, 1.0));
        assert_eq!(
            ranking.cut(Depth::Rows(0.0)),
            Err(Refused::Nothing("above the cut"))
        );
    }

    #[test]
    fn depth_counts_rows_and_gains_count_weight() {
        let risk = [4.0, 3.0, 2.0, 1.0];
        let event = [true, false, true, false];
        let ranking = Ranking::new(&risk, &event, Some(&[10.0, 30.0, 90.0, 70.0])).unwrap();
        let cut = ranking.cut(Depth::Share(0.5)).unwrap();
        assert_eq!((cut.rows, cut.recall, cut.precision), (2.0, 0.1, 0.25));
        assert_eq!(cut.lift, 0.25 / 0.5);
    }

    #[test]
    fn a_constant_risk_has_lift_one_in_every_decile() {
        let event: Vec<bool> = (0..37).map(|row| row < 9).collect();
        for seed in 0..20 {
            let event = pick(&event, &shuffled(37, seed));
            let ranking = Ranking::new(&[50.0; 37], &event, None).unwrap();
            let groups = ranking.groups(10).unwrap();
            assert_eq!(groups.len(), 10);
            for group in groups {
                same(group.rows, 3.7, "rows");
                same(group.lift.unwrap(), 1.0, "lift");
                same(group.capture, 0.1, "capture");
            }
            // In the worst order a KS that reads row by row would say 1.
            assert_eq!((ranking.ks(), ranking.auc()), (Ok(0.0), Ok(0.5)));
        }
    }

    #[test]
    fn an_unrelated_score_of_eleven_levels_has_mean_lift_one() {
        // Sorting (score, label) pairs would show 1.41.
        let mut sum = 0.0;
        let samples = 4000;
        for task in 0..samples {
            let mut random = Random::new(1, task);
            let risk: Vec<f64> = (0..200).map(|_| random.below(11) as f64).collect();
            let event: Vec<bool> = (0..200).map(|_| random.unit() < 0.15).collect();
            let ranking = Ranking::new(&risk, &event, None).unwrap();
            sum += ranking.groups(10).unwrap()[0].lift.unwrap();
        }
        let mean = sum / samples as f64;
        assert!(
            (mean - 1.0).abs() < 0.03,
            "mean lift of the top decile: {mean}"
        );
    }

    #[test]
    fn groups_add_up() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture) {
            let (risk, event) = (case.numbers("risk"), case.flags("event"));
            let ranking = Ranking::new(&risk, &event, case.weight().as_deref()).unwrap();
            let groups = ranking.groups(7).unwrap();
            let sum = |of: fn(&Group) -> f64| groups.iter().map(of).sum::<f64>();
            same(sum(|group| group.rows), risk.len() as f64, name);
            same(sum(|group| group.capture), 1.0, name);
            let last = groups[6];
            same(last.cumulative_capture, 1.0, name);
            same(last.cumulative_lift.unwrap(), 1.0, name);
            let curve = ranking.capture_curve().unwrap();
            assert_eq!(
                curve[0],
                CapturePoint {
                    share: 0.0,
                    capture: 0.0
                }
            );
            same(curve[curve.len() - 1].capture, 1.0, name);
        }
    }

    #[test]
    fn a_part_of_a_ranking_is_the_ranking_of_the_part() {
        let fixture = read(FIXTURE);
        for (name, case) in cases(&fixture)
            .into_iter()
            .filter(|(_, case)| case.numbers("risk").len() > 30)
        {
            let (risk, event, weight) = (case.numbers("risk"), case.flags("event"), case.weight());
            let kept: Vec<usize> = (0..risk.len()).filter(|row| row % 3 != 0).collect();
            let weights = weight.as_ref().map(|weight| pick(weight, &kept));
            let direct = Ranking::new(
                &pick(&risk, &kept),
                &pick(&event, &kept),
                weights.as_deref(),
            );
            let (direct, whole) = (
                direct.unwrap(),
                Ranking::new(&risk, &event, weight.as_deref()).unwrap(),
            );
            let part = whole.only(|row| row % 3 != 0);
            assert_eq!(part.auc(), direct.auc(), "{name}");
            assert_eq!(part.groups(10), direct.groups(10), "{name}");
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let of = |risk: &[f64], event: &[bool]| Ranking::new(risk, event, None);
        assert_eq!(auc(&[1.0, 2.0], &[true, true]), Err(Refused::NoNonEvents));
        assert_eq!(auc(&[1.0, 2.0], &[false, false]), Err(Refused::NoEvents));
        assert_eq!(auc(&[], &[]), Err(Refused::NoRows));
        assert_eq!(
            of(&[1.0, 2.0], &[true, true]).unwrap().auc(),
            Err(Refused::NoNonEvents)
        );
        assert_eq!(
            of(&[1.0, 2.0], &[false, false]).unwrap().auc(),
            Err(Refused::NoEvents)
        );
        assert_eq!(of(&[], &[]).unwrap().auc(), Err(Refused::NoRows));
        assert_eq!(of(&[], &[]).unwrap().groups(10), Err(Refused::NoRows));
        assert_eq!(
            of(&[f64::NAN], &[true]).unwrap_err(),
            Refused::NotFinite("risk")
        );
        assert_eq!(of(&[1.0], &[]).unwrap_err(), Refused::Lengths(1, 0));
        let zero = Ranking::new(&[1.0, 2.0], &[true, false], Some(&[0.0, 1.0])).unwrap();
        assert_eq!(
            (zero.auc(), zero.average_precision()),
            (Err(Refused::NoEvents), Err(Refused::NoEvents))
        );
        let negative = Ranking::new(&[1.0], &[true], Some(&[-1.0]));
        assert_eq!(
            negative.unwrap_err(),
            Refused::OutOfRange("weight", "zero and above")
        );
    }
}
