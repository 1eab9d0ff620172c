//! The pictures of a review, drawn from the figures that are published.

use super::review_run::ReviewRun;
use super::review_settings::ReviewJob;
use crate::backtest::bands::{EVERY_BAND, NOT_SCORED};
use crate::backtest::board::quarter_name;
use crate::backtest::calibrate;
use crate::backtest::candidates::{Candidate, IN_FORCE, Role};
use crate::backtest::design::{Sampling, Target};
use crate::backtest::evaluate::ALL;
use crate::backtest::figures::{About, Figure as Published};
use crate::backtest::power::REDUNDANT;
use crate::backtest::{sensitivity, verdicts};
use crate::charts::{
    self, BandChurn, Bands, Caption, Capture, CaptureCurve, CapturePoint, Chart, ChurnByBand,
    Correlation, Effect, Estimate, Figure, LeadRanking, MetricPower, MetricRow, OutcomeBin,
    PeriodFigures, RankingByLead, Reliability, ReliabilityBin, ReliabilityCurve, Stability,
    StayedAndLeft, Tornado, TornadoRow, count,
};
use crate::outcomes::Outcome;
use crate::stats;

/// Variables of the tornado.
const LARGEST: usize = 12;
/// Accounts from which on a lift is drawn, and their least share.
const LIFT_ROWS: f64 = 20.0;
const LIFT_SHARE: f64 = 0.02;
/// Width of a bin of the score distribution, in points.
const BIN: usize = 5;

/// Draws every picture.
#[must_use]
pub fn draw(run: &ReviewRun, job: &ReviewJob) -> Vec<Chart> {
    let pictures = Pictures { run, job };
    vec![
        pictures.ranking_by_lead(),
        pictures.stability(),
        pictures.reliability(),
        pictures.capture(),
        pictures.churn_by_band(),
        pictures.stayed_and_left(),
        pictures.metric_power(),
        pictures.correlation(),
        pictures.tornado(),
    ]
}

struct Pictures<'a> {
    run: &'a ReviewRun,
    job: &'a ReviewJob,
}

/// Turns a published figure into one that can be drawn.
fn drawn(figure: Option<&Published>) -> Figure {
    let Some(figure) = figure else {
        return Err("there are no rows".to_owned());
    };
    match figure.value {
        Some(value) => Ok(Estimate {
            value,
            interval: figure.low.zip(figure.high),
        }),
        None => Err(figure.reason.clone().unwrap_or_default()),
    }
}

/// Says what the interval of an AUC means.
fn meaning(low: f64, high: f64) -> &'static str {
    if low > 0.5 {
        "foresees churn"
    } else if high < 0.5 {
        "points the wrong way"
    } else {
        "cannot be told from chance"
    }
}

/// Begins a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

impl Pictures<'_> {
    fn lead(&self) -> u32 {
        self.job.design.primary_lead
    }

    fn find(
        &self,
        candidate: &str,
        slice: [&str; 2],
        lead: u32,
        figure: &str,
    ) -> Option<&Published> {
        let about = About {
            candidate: candidate.to_owned(),
            target: Target::Churn.word(),
            lead_days: Some(lead),
            slice: slice[0].to_owned(),
            slice_value: slice[1].to_owned(),
        };
        self.run.figures.find(&about, figure)
    }

    fn caption(&self, name: &str, title: String, subtitle: &str, source: &str) -> Caption {
        Caption {
            name: name.to_owned(),
            title,
            subtitle: Some(subtitle.to_owned()),
            source: source.to_owned(),
            as_of: self.run.as_of,
        }
    }

    /// Returns what stands in the title: the primary figure in words.
    fn primary(&self) -> String {
        let lead = self.lead();
        let figure = self.find(IN_FORCE, [ALL, ALL], lead, "auc");
        let Some((value, low, high)) =
            figure.and_then(|figure| Some((figure.value?, figure.low?, figure.high?)))
        else {
            return format!("At {lead} days there is no AUC: too few decisions");
        };
        let meaning = meaning(low, high);
        format!("{lead} days before, the score {meaning} (AUC {value:.2}, {low:.2} to {high:.2})")
    }

    /// Returns the candidates that were there before the rows, each with its place. The best
    /// metric was chosen on some of them, on which it looks better than it is.
    fn candidates(&self) -> impl Iterator<Item = (usize, &Candidate)> {
        let candidates = self.run.board.candidates.iter().enumerate();
        candidates.filter(|(_, candidate)| candidate.role != Role::BestMetric)
    }

    fn names(&self) -> Vec<String> {
        let candidates = self.candidates();
        candidates.map(|(_, own)| own.name.clone()).collect()
    }

    fn ranking_by_lead(&self) -> Chart {
        let names = self.names();
        let leads = self.run.board.leads.clone();
        // A single lead has nothing in common with others.
        let slice = match leads.len() {
            1 => [ALL, ALL],
            _ => [ALL, "decisions_of_every_lead"],
        };
        let title = self.by_lead(&leads, slice);
        let leads = leads.into_iter().map(|lead| {
            let first = self.find(IN_FORCE, slice, lead, "auc");
            let note = first.map(|own| {
                let (left, all) = (count(own.events), count(own.n));
                format!("{left} left of {all}")
            });
            let of = |name: &String| drawn(self.find(name, slice, lead, "auc"));
            LeadRanking {
                lead_days: lead,
                note: note.unwrap_or_default(),
                auc: names.iter().map(of).collect(),
            }
        });
        let subtitle = match slice[1] {
            ALL => "AUC for churn; 95 % bootstrap by parent",
            _ => {
                "AUC for churn by lead, on the decisions that every lead has; 95 % bootstrap by parent"
            }
        };
        let caption = self.caption("ranking_by_lead", title, subtitle, "backtest_figures");
        RankingByLead {
            candidates: names.clone(),
            in_force: Some(0),
            leads: leads.collect(),
        }
        .draw(&caption)
    }

    /// Returns from which lead on the score foresees churn, in the figures of the picture.
    fn by_lead(&self, leads: &[u32], slice: [&str; 2]) -> String {
        let of = |lead: &&u32| Some((**lead, self.find(IN_FORCE, slice, **lead, "auc")?));
        let known: Vec<_> = leads.iter().filter_map(|lead| of(&lead)).collect();
        let auc = |own: &Published| Some((own.value?, own.low?));
        let known: Vec<_> = (known.iter())
            .filter_map(|(lead, own)| auc(own).map(|(value, low)| (*lead, value, low)))
            .collect();
        // Leads without a break from the shortest on.
        let seen = known.iter().take_while(|(_, _, low)| *low > 0.5).last();
        match (known.first(), seen) {
            (None, _) => "There is no AUC at any lead: too few decisions".to_owned(),
            (Some(_), None) => "At no lead does the score foresee churn for sure".to_owned(),
            (Some(near), Some(far)) if near == far => {
                format!(
                    "The score foresees churn {} days ahead (AUC {:.2})",
                    far.0, far.1
                )
            }
            (Some(near), Some(far)) => format!(
                "The score foresees churn {} days ahead (AUC {:.2}; {:.2} at {} days)",
                far.0, far.1, near.1, near.0
            ),
        }
    }

    fn stability(&self) -> Chart {
        let board = &self.run.board;
        let names: Vec<String> = self.names().into_iter().take(2).collect();
        let mut quarters: Vec<i32> = board
            .common(self.lead())
            .into_iter()
            .map(|row| board.quarter[row])
            .collect();
        quarters.sort_unstable();
        quarters.dedup();
        let periods = quarters.into_iter().map(|quarter| {
            let period = quarter_name(quarter);
            let of = |name: &String| self.find(name, ["quarter", &period], self.lead(), "auc");
            let note = of(&names[0]).map_or_else(String::new, |figure| {
                format!("{} of {}", count(figure.events), count(figure.n))
            });
            PeriodFigures {
                values: names.iter().map(|name| drawn(of(name))).collect(),
                note,
                period,
            }
        });
        let within = self.find(IN_FORCE, [ALL, "within_quarters"], self.lead(), "auc");
        let known = within.and_then(|own| Some((own.value?, own.low?, own.high?)));
        let title = match known {
            None => "No quarter has enough churn for a figure of its own".to_owned(),
            Some((value, low, high)) => {
                let figure = format!("AUC {value:.2} on average, {low:.2} to {high:.2}");
                format!(
                    "Within quarters the score {} ({figure})",
                    meaning(low, high)
                )
            }
        };
        let subtitle = format!(
            "AUC for churn at {} days, quarter by quarter; 95 % bootstrap by parent",
            self.lead()
        );
        let period = match self.job.design.sampling {
            Sampling::Renewal => "Quarter of the date on which the renewal was due",
            Sampling::Calendar { .. } => "Quarter of the month end",
        };
        Stability {
            candidates: names.clone(),
            in_force: Some(0),
            figure: "AUC".to_owned(),
            period: period.to_owned(),
            reference: Some(0.5),
            most: Some(1.0),
            periods: periods.collect(),
        }
        .draw(&self.caption("stability", title, &subtitle, "backtest_figures"))
    }

    fn reliability(&self) -> Chart {
        let subtitle = format!(
            "Churn at {} days: predicted out of time and observed, bins of equal size; Wilson 95 %",
            self.lead()
        );
        let mut bins = Vec::new();
        for n in 1..=calibrate::BINS {
            let label = format!("{n:02}");
            let slice = ["probability_bin", label.as_str()];
            let predicted = self.find(IN_FORCE, slice, self.lead(), "mean_probability");
            let observed = self.find(IN_FORCE, slice, self.lead(), "observed_rate");
            if let (Some(predicted), Some(observed)) = (predicted, observed)
                && let (Some(at), Some(rate)) = (predicted.value, observed.value)
            {
                bins.push(ReliabilityBin {
                    predicted: at,
                    observed: rate,
                    interval: observed.low.zip(observed.high),
                    accounts: observed.n,
                });
            }
        }
        let of = |figure| self.find(IN_FORCE, [ALL, "out_of_time"], self.lead(), figure);
        let title = match of("brier_skill").and_then(|skill| skill.value) {
            None => "Too few closed decisions for probabilities".to_owned(),
            Some(skill) => {
                let verdict = verdicts::against_base_rate(of("brier_minus_base_rate"));
                let skill = format!("{:.1}", skill * 100.0).replace('-', "−");
                format!("Probabilities from the score: {verdict} (skill {skill} %)")
            }
        };
        let caption = self.caption("reliability", title, &subtitle, "backtest_figures");
        if bins.is_empty() {
            return charts::no_data(&caption, "too few closed decisions before any quarter");
        }
        Reliability {
            curves: vec![ReliabilityCurve {
                candidate: IN_FORCE.to_owned(),
                bins,
            }],
        }
        .draw(&caption)
    }

    fn capture(&self) -> Chart {
        let board = &self.run.board;
        let rows = board.common(self.lead());
        let event = board.events(&rows, Target::Churn);
        let subtitle = format!(
            "Share of churned accounts found by working through the riskiest first, {} days before",
            self.lead()
        );
        let figure = self.find(IN_FORCE, [ALL, ALL], self.lead(), "capture_at_capacity");
        let worked = self.job.design.capacity;
        let interval = figure.and_then(|figure| Some((figure.low?, figure.high?)));
        let interval = interval.map_or_else(String::new, |(low, high)| {
            format!(" ({:.0} to {:.0} %)", low * 100.0, high * 100.0)
        });
        let title = match figure.and_then(|figure| figure.value) {
            Some(found) => format!(
                "The riskiest {:.0} % hold {:.0} % of those who left{interval}",
                worked * 100.0,
                found * 100.0
            ),
            None => "Too few decisions to say how churn is found".to_owned(),
        };
        let caption = self.caption("capture", title, &subtitle, "backtest_rows");
        // The lift of a handful of accounts is chance: it runs from the first twenty on.
        let lift_from = (LIFT_ROWS / rows.len().max(1) as f64).max(LIFT_SHARE);
        let curves = self.candidates().take(4).filter_map(|(place, candidate)| {
            let score = &board.standings[place].score;
            let risk: Vec<f64> = rows
                .iter()
                .filter_map(|row| score[*row])
                .map(|score| -score)
                .collect();
            let ranking = stats::Ranking::new(&risk, &event, None).ok()?;
            let points = ranking
                .capture_curve()
                .ok()?
                .into_iter()
                .map(|point| CapturePoint {
                    worked: point.share,
                    captured: point.capture,
                    lift: (point.share >= lift_from).then(|| point.capture / point.share),
                });
            Some(CaptureCurve {
                candidate: candidate.name.clone(),
                points: points.collect(),
            })
        });
        let candidates: Vec<CaptureCurve> = curves.collect();
        if candidates.is_empty() {
            return charts::no_data(&caption, "nobody left, or everybody did");
        }
        Capture {
            candidates,
            capacity: Some(worked),
        }
        .draw(&caption)
    }

    fn bands(&self) -> Bands {
        let bands = &self.run.board.model().bands;
        Bands {
            ranked: bands.iter().rev().map(|band| band.label.clone()).collect(),
            others: vec![NOT_SCORED.to_owned()],
        }
    }

    fn churn_by_band(&self) -> Chart {
        let bands = self.bands();
        let rows = bands.ranked.iter().chain(&bands.others).map(|label| {
            let slice = ["band", label.as_str()];
            let rate = self.find(IN_FORCE, slice, self.lead(), "event_rate");
            let by_revenue = self.find(IN_FORCE, slice, self.lead(), "event_rate_by_revenue");
            BandChurn {
                churned: rate.map_or(0, |rate| rate.events),
                accounts: rate.map_or(0, |rate| rate.n),
                rate: drawn(rate),
                amount_rate: by_revenue.and_then(|rate| rate.value),
            }
        });
        let order = self.find(IN_FORCE, [ALL, ALL], self.lead(), "auc_of_bands");
        let rate = |label: &String| {
            let rate = self.find(IN_FORCE, ["band", label], self.lead(), "event_rate");
            let rate = rate.filter(|rate| rate.n > 0)?.value?;
            Some(format!("{:.0} % of {label}", rate * 100.0))
        };
        let ends = bands.ranked.first().zip(bands.ranked.last());
        let ends = ends.and_then(|(worst, best)| Some((rate(worst)?, rate(best)?)));
        let title = match (verdicts::order_of_bands(order), ends) {
            ("cannot be said", _) => "Too few decisions to order the bands".to_owned(),
            (verdict, None) => sentence(verdict),
            (verdict, Some((worst, best))) => {
                format!("{}: {worst}, {best} left", sentence(verdict))
            }
        };
        let subtitle = format!("Churn by band {} days before; Wilson 95 %", self.lead());
        let base = self.find(IN_FORCE, ["band", EVERY_BAND], self.lead(), "event_rate");
        ChurnByBand {
            rows: rows.collect(),
            bands: bands.clone(),
            base_rate: base.and_then(|base| base.value),
        }
        .draw(&self.caption("churn_by_band", title, &subtitle, "backtest_figures"))
    }

    fn stayed_and_left(&self) -> Chart {
        let board = &self.run.board;
        // Those of the AUC in the title.
        let rows = board.common(self.lead());
        let mut counts = [[0u64; 100 / BIN]; 2];
        for row in rows {
            if let Some(score) = board.in_force().score[row] {
                let bin = ((score / BIN as f64) as usize).min(100 / BIN - 1);
                let left = board.rows[row].outcome == Some(Outcome::Churned);
                counts[usize::from(left)][bin] += 1;
            }
        }
        let [stayed, left] = counts.map(|counts| counts.iter().sum::<u64>());
        let share = |n: u64, of: u64| if of > 0 { n as f64 / of as f64 } else { 0.0 };
        let bins = (0..100 / BIN).map(|n| OutcomeBin {
            low: (n * BIN) as f64,
            high: ((n + 1) * BIN) as f64,
            stayed: share(counts[0][n], stayed),
            left: share(counts[1][n], left),
        });
        let from = &board.model().cards[0].band_from;
        let mut bands = self.bands();
        bands.others.clear();
        StayedAndLeft {
            bins: bins.collect(),
            stayed,
            left,
            bands,
            thresholds: from.iter().rev().skip(1).copied().collect(),
        }
        .draw(&self.caption(
            "stayed_and_left",
            self.primary(),
            &format!(
                "Scores {} days before, of those who stayed and those who left, where every candidate has one",
                self.lead()
            ),
            "backtest_rows",
        ))
    }

    fn metric_power(&self) -> Chart {
        let own = self
            .run
            .powers
            .iter()
            .filter(|power| power.lead_days == self.lead() && power.is_of_all());
        let value = |metric: &str| {
            let name = format!("metric/{metric}");
            self.find(&name, [ALL, ALL], self.lead(), "auc")
                .and_then(|figure| figure.value)
        };
        let mut own: Vec<_> = own.collect();
        own.sort_by(|a, b| {
            let key = |metric: &str| value(metric).unwrap_or(0.0);
            key(&b.metric)
                .total_cmp(&key(&a.metric))
                .then_with(|| a.metric.cmp(&b.metric))
        });
        let standing_out = own.iter().filter(|power| power.stands_out()).count();
        let rows = own.iter().map(|power| MetricRow {
            metric: power.metric.clone(),
            category: power.category.clone(),
            auc: drawn(self.find(
                &format!("metric/{}", power.metric),
                [ALL, ALL],
                self.lead(),
                "auc",
            )),
            stands_out: power.is_no_chance(),
            note: if power.is_suspect {
                "suspected leak".to_owned()
            } else if power.share_missing > 0.0 {
                format!("{:.0} % missing", power.share_missing * 100.0)
            } else {
                String::new()
            },
        });
        let title = format!(
            "{standing_out} of {} metrics stand out by themselves, {} days before",
            own.len(),
            self.lead()
        );
        MetricPower {
            metrics: rows.collect(),
        }
        .draw(&self.caption(
            "metric_power",
            title,
            "AUC for churn of each metric's score; 95 % bootstrap by parent; false discoveries held at 5 %",
            "backtest_figures",
        ))
    }

    fn correlation(&self) -> Chart {
        let metrics: Vec<String> = self.run.board.in_force().metrics.keys().cloned().collect();
        let between = |a: &str, b: &str| {
            let of = |a: &str, b: &str| {
                let slice = ["with_metric", b];
                self.find(
                    &format!("metric/{a}"),
                    slice,
                    self.lead(),
                    "spearman_between",
                )
            };
            of(a, b)
                .or_else(|| of(b, a))
                .and_then(|figure| figure.value)
        };
        let values: Vec<Vec<Option<f64>>> = metrics
            .iter()
            .map(|a| {
                let row = metrics.iter();
                row.map(|b| if a == b { Some(1.0) } else { between(a, b) })
                    .collect()
            })
            .collect();
        let mut pairs = 0;
        for (n, row) in values.iter().enumerate() {
            let strong = |value: &&Option<f64>| value.is_some_and(|value| value.abs() > REDUNDANT);
            pairs += row[n + 1..].iter().filter(strong).count();
        }
        Correlation {
            metrics,
            values,
            flagged_above: REDUNDANT,
        }
        .draw(&self.caption(
            "correlation",
            match pairs {
                0 => "No two metrics say nearly the same".to_owned(),
                1 => "One pair of metrics says nearly the same".to_owned(),
                _ => format!("{pairs} pairs of metrics say nearly the same"),
            },
            &format!(
                "Spearman correlation of metric scores {} days before",
                self.lead()
            ),
            "backtest_figures",
        ))
    }

    fn tornado(&self) -> Chart {
        let tried = || {
            let effects = self.run.effects.iter();
            effects.filter(|effect| effect.kind != "threshold")
        };
        let mut variables: Vec<(String, Vec<&sensitivity::Effect>)> = Vec::new();
        for effect in tried() {
            let name = match effect.kind {
                "category_weight" => format!("{} (category)", effect.variable),
                _ => effect.variable.clone(),
            };
            match variables.iter_mut().find(|(own, _)| *own == name) {
                Some((_, effects)) => effects.push(effect),
                None => variables.push((name, vec![effect])),
            }
        }
        let change = |effect: &sensitivity::Effect| match effect.of("auc") {
            Some(own) => own.change.clone().map_err(|refused| refused.to_string()),
            None => Err("nothing was moved".to_owned()),
        };
        let size = |effects: &[&sensitivity::Effect]| {
            let changes = effects.iter().filter_map(|effect| change(effect).ok());
            changes.map(|change| change.value.abs()).fold(0.0, f64::max)
        };
        variables.sort_by(|a, b| {
            size(&b.1)
                .total_cmp(&size(&a.1))
                .then_with(|| a.0.cmp(&b.0))
        });
        let total = variables.len();
        variables.truncate(LARGEST);
        let rows = variables.iter().map(|(variable, effects)| TornadoRow {
            variable: variable.clone(),
            effects: effects
                .iter()
                .map(|effect| Effect {
                    step: effect.step.replace('-', "−"),
                    change: change(effect).map(|change| Estimate {
                        value: change.value,
                        interval: Some((change.low, change.high)),
                    }),
                })
                .collect(),
        });
        let better = tried().filter(|effect| effect.improves()).count();
        let title = match better {
            0 => "No single change surely improves the ranking: keep the weights".to_owned(),
            1 => format!(
                "One of {} single changes ranks these rows better (exploratory)",
                tried().count()
            ),
            n => format!(
                "{n} of {} single changes rank these rows better (exploratory)",
                tried().count()
            ),
        };
        let subtitle = format!(
            "Change of the AUC for churn at {} days, paired 95 % bootstrap; the {} variables that move it most of {total}; false discoveries held at 5 %",
            self.lead(),
            variables.len()
        );
        Tornado {
            figure: "Change of AUC".to_owned(),
            rows: rows.collect(),
        }
        .draw(&self.caption("tornado", title, &subtitle, "sensitivity"))
    }
}
