//! Inputs of every chart: as a run has them, and as bad luck has them.

use chrono::NaiveDate;

use crate::charts::*;

/// A chart waiting for its caption.
pub struct Example {
    pub caption: Caption,
    pub draw: Box<dyn Fn(&Caption) -> Chart + Sync>,
}

macro_rules! example {
    ($name:literal, $title:expr, $subtitle:expr, $chart:expr) => {{
        let chart = $chart;
        Example {
            caption: caption($name, $title, $subtitle),
            draw: Box::new(move |caption: &Caption| chart.draw(caption)),
        }
    }};
}

pub fn caption(name: &str, title: &str, subtitle: &str) -> Caption {
    Caption {
        name: name.to_owned(),
        title: title.to_owned(),
        subtitle: Some(subtitle.to_owned()).filter(|text| !text.is_empty()),
        source: "account_scores, drivers".to_owned(),
        as_of: NaiveDate::from_ymd_opt(2026, 11, 24).unwrap(),
    }
}

pub const CATEGORIES: [&str; 5] = [
    "Product usage",
    "Customer engagement",
    "Support experience",
    "Customer sentiment",
    "Commercial relationship",
];

const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH & Co. KG";
pub const HOSTILE: &str = "<script>alert(\"x\")</script> & 'Söhne' \u{202e}gnp.exe\u{0}\n]]>";
const CJK: &str = "株式会社ヘルススコア東京";

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub fn bands() -> Bands {
    Bands {
        ranked: strings(&["Critical", "At risk", "Neutral", "Healthy"]),
        others: strings(&["Not scored"]),
    }
}

fn sure(value: f64, half: f64) -> Figure {
    Ok(Estimate {
        value,
        interval: Some((value - half, value + half)),
    })
}

/// A number from 0 to 1 that looks random and is always the same.
fn noise(seed: usize) -> f64 {
    let x = (seed as f64 * 12.9898 + 4.1414).sin() * 43_758.545_3;
    x - x.floor()
}

pub fn score_distribution() -> ScoreDistribution {
    let bell = |middle: f64, at: f64| 92.0 * (-((at - middle) / 15.0).powi(2) / 2.0).exp();
    let bins = (0..20).map(|place| {
        let low = f64::from(place) * 5.0;
        ScoreBin {
            low,
            high: low + 5.0,
            now: (bell(66.0, low) + 9.0 * noise(place as usize)) as u64,
            before: Some((bell(69.0, low) + 9.0 * noise(place as usize + 40)) as u64),
        }
    });
    let count = |now, before| BandCount {
        now,
        before: Some(before),
    };
    ScoreDistribution {
        bins: bins.collect(),
        bands: bands(),
        thresholds: vec![40.0, 62.0, 80.0],
        counts: vec![
            count(58, 44),
            count(241, 225),
            count(390, 396),
            count(183, 219),
            count(28, 12),
        ],
        compared: Some("2026-10-25".to_owned()),
    }
}

pub fn band_migration() -> BandMigration {
    BandMigration {
        bands: bands(),
        counts: vec![
            vec![35, 7, 1, 0, 1],
            vec![18, 180, 22, 1, 4],
            vec![4, 48, 310, 27, 7],
            vec![1, 5, 55, 154, 4],
            vec![0, 1, 2, 1, 8],
        ],
        before: vec![44, 225, 396, 219, 12],
        now: vec![58, 241, 390, 183, 24],
        before_label: "2026-10-25".to_owned(),
        now_label: "2026-11-24".to_owned(),
    }
}

pub fn largest_movers() -> LargestMovers {
    let mover = |account: &str, before: f64, points: &[f64]| {
        let change: f64 = points.iter().sum();
        Mover {
            account: account.to_owned(),
            id: String::new(),
            before,
            now: before + change,
            change,
            points: points.to_vec(),
        }
    };
    LargestMovers {
        decimals: 1,
        causes: strings(&[
            "Product usage",
            "Customer engagement",
            "Support experience",
            "Customer sentiment",
            "Commercial relationship",
            "Data gone missing",
            "Cap: unresolved P1",
        ]),
        accounts: vec![
            mover(
                "Northwind Traders",
                82.0,
                &[-6.4, -3.1, -9.5, 1.2, 0.0, 0.0, -12.0],
            ),
            mover(
                "Globex Corporation",
                74.0,
                &[-12.5, -4.0, 0.0, -2.5, -1.0, 0.0, 0.0],
            ),
            mover("Initech", 66.0, &[2.1, 0.0, -8.0, -4.4, 0.0, -6.0, 0.0]),
            mover(
                "Umbrella Health",
                59.0,
                &[-9.0, -1.0, -1.5, 0.0, 3.0, -4.5, 0.0],
            ),
            mover(
                "Stark Industries Europe GmbH",
                71.0,
                &[-3.0, -2.0, -4.0, -1.5, -0.4, 0.0, 0.0],
            ),
            mover("Soylent", 48.0, &[8.0, 3.5, 0.0, 2.0, 0.0, 0.0, 0.0]),
            mover("Hooli", 52.0, &[11.0, -2.0, 4.0, 1.0, 2.0, 0.0, 0.0]),
            mover(
                "Vandelay Imports",
                44.0,
                &[14.0, 5.0, 2.5, 3.0, 0.0, 0.0, 0.0],
            ),
        ],
    }
}

pub fn coverage() -> Coverage {
    let shares = [0.97, 0.88, 0.91, 0.52, 0.99];
    let rows = CATEGORIES
        .iter()
        .zip(shares)
        .map(|(category, share)| CoverageRow {
            category: (*category).to_owned(),
            share: Some(share),
            before: Some(share + 0.02 - 0.05 * (1.0 - share)),
            note: format!("{} of 900 accounts complete", (share * 850.0) as u64),
        });
    Coverage {
        rows: rows.collect(),
        compared: Some("2026-10-25".to_owned()),
        required: Some(0.6),
    }
}

fn renewals_in(currency: &str, size: f64, months: usize) -> CurrencyRenewals {
    let months = (0..months).map(|place| {
        let shares = [0.08, 0.22, 0.4, 0.25, 0.05];
        let by_band = shares
            .iter()
            .enumerate()
            .map(|(band, share)| (size * share * (0.4 + 1.2 * noise(place * 7 + band))).round());
        let by_band: Vec<f64> = by_band.collect();
        RenewalMonth {
            month: format!("{}-{:02}", 2027 + place / 12, place % 12 + 1),
            amount: by_band.iter().sum(),
            accounts: 20 + (noise(place) * 40.0) as u64,
            by_band,
        }
    });
    CurrencyRenewals {
        currency: currency.to_owned(),
        months: months.collect(),
    }
}

pub fn renewals_ahead() -> RenewalsAhead {
    RenewalsAhead {
        bands: bands(),
        currencies: vec![renewals_in("EUR", 2_400_000.0, 12)],
    }
}

pub fn ranking_by_lead() -> RankingByLead {
    let candidates = [0.71, 0.68, 0.655, 0.72];
    let leads = [
        (180, 0.84, 71),
        (120, 0.9, 70),
        (90, 0.95, 69),
        (60, 1.0, 68),
        (30, 1.04, 64),
    ];
    RankingByLead {
        candidates: strings(&[
            "Weights in force",
            "Equal weights",
            "Best single metric: login days",
            "Challenger five_category_v2",
        ]),
        in_force: Some(0),
        leads: leads
            .into_iter()
            .map(|(lead_days, factor, left)| LeadRanking {
                lead_days,
                note: format!("{left} left of 812"),
                auc: candidates
                    .iter()
                    .map(|auc| sure(auc * factor, 0.045))
                    .collect(),
            })
            .collect(),
    }
}

pub fn stability() -> Stability {
    let periods = [
        "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3",
    ];
    Stability {
        candidates: strings(&["Weights in force", "Equal weights"]),
        in_force: Some(0),
        figure: "AUC at 90 days".to_owned(),
        period: "Quarter of the decision".to_owned(),
        reference: Some(0.5),
        most: Some(1.0),
        periods: periods
            .into_iter()
            .enumerate()
            .map(|(place, period)| PeriodFigures {
                period: period.to_owned(),
                note: format!("{} of 118 left", 6 + place * 2),
                values: if place == 0 {
                    vec![
                        Err("6 events, 10 needed".to_owned()),
                        Err("6 events, 10 needed".to_owned()),
                    ]
                } else {
                    vec![
                        sure(0.64 + 0.1 * noise(place), 0.08),
                        sure(0.6 + 0.1 * noise(place), 0.08),
                    ]
                },
            })
            .collect(),
    }
}

pub fn reliability() -> Reliability {
    let bins = [
        (0.018, 0.012, 0.004, 0.035, 162),
        (0.031, 0.037, 0.017, 0.078, 163),
        (0.052, 0.049, 0.025, 0.094, 162),
        (0.094, 0.117, 0.076, 0.175, 163),
        (0.236, 0.302, 0.237, 0.377, 162),
    ];
    let curve = |candidate: &str, factor: f64| ReliabilityCurve {
        candidate: candidate.to_owned(),
        bins: bins
            .iter()
            .map(
                |(predicted, observed, low, high, accounts)| ReliabilityBin {
                    predicted: predicted * factor,
                    observed: *observed,
                    interval: Some((*low, *high)),
                    accounts: *accounts,
                },
            )
            .collect(),
    };
    Reliability {
        curves: vec![curve("Weights in force", 1.0), curve("Equal weights", 0.75)],
    }
}

pub fn capture() -> Capture {
    let curve = |candidate: &str, power: f64, count: usize| CaptureCurve {
        candidate: candidate.to_owned(),
        points: (0..=count)
            .map(|place| {
                let worked = place as f64 / count as f64;
                let captured = 1.0 - (1.0 - worked).powf(power);
                CapturePoint {
                    worked,
                    captured,
                    lift: (place > 0).then(|| captured / worked),
                }
            })
            .collect(),
    };
    Capture {
        candidates: vec![
            curve("Weights in force", 3.4, 10),
            curve("Equal weights", 2.6, 10),
            curve("Challenger five_category_v2", 3.6, 200),
        ],
        capacity: Some(0.1),
    }
}

pub fn churn_by_band() -> ChurnByBand {
    let row = |churned, accounts, low, high, amount: f64| BandChurn {
        churned,
        accounts,
        rate: Ok(Estimate {
            value: churned as f64 / accounts as f64,
            interval: Some((low, high)),
        }),
        amount_rate: Some(amount),
    };
    ChurnByBand {
        bands: bands(),
        rows: vec![
            row(16, 52, 0.199, 0.442, 0.37),
            row(31, 221, 0.101, 0.192, 0.11),
            row(17, 360, 0.03, 0.074, 0.035),
            row(2, 179, 0.003, 0.04, 0.008),
            BandChurn {
                churned: 1,
                accounts: 4,
                rate: Err("4 accounts, 10 needed".to_owned()),
                amount_rate: None,
            },
        ],
        base_rate: Some(0.082),
    }
}

pub fn stayed_and_left() -> StayedAndLeft {
    let bell = |middle: f64, at: f64| (-((at - middle) / 14.0).powi(2) / 2.0).exp() / 7.02;
    StayedAndLeft {
        bins: (0..20)
            .map(|place| {
                let low = f64::from(place) * 5.0;
                OutcomeBin {
                    low,
                    high: low + 5.0,
                    stayed: bell(68.0, low + 2.5),
                    left: bell(50.0, low + 2.5),
                }
            })
            .collect(),
        stayed: 746,
        left: 66,
        bands: bands(),
        thresholds: vec![40.0, 62.0, 80.0],
    }
}

pub fn metric_power(count: usize) -> MetricPower {
    let names = [
        "Login days",
        "Seats used",
        "Feature breadth",
        "Key workflow runs",
        "Meetings held",
        "Sponsor replies",
        "Open P1 tickets",
        "Time to resolve",
        "NPS",
        "Overdue days",
    ];
    let metrics = (0..count).map(|place| {
        let value = 0.48 + 0.24 * noise(place + 3);
        MetricRow {
            metric: if count <= names.len() {
                names[place].to_owned()
            } else {
                format!("{} (variant {})", names[place % names.len()], place)
            },
            category: CATEGORIES[place * 5 / count].to_owned(),
            auc: if place == 4 {
                Err("all values are the same".to_owned())
            } else {
                sure(value, 0.05)
            },
            stands_out: (value > 0.58 || place == 17) && place != 4,
            note: format!("{} % missing", (noise(place) * 30.0) as u32),
        }
    });
    MetricPower {
        metrics: metrics.collect(),
    }
}

pub fn correlation(count: usize) -> Correlation {
    let power = metric_power(count);
    let value = |a: usize, b: usize| {
        let (a, b) = (a.min(b), a.max(b));
        match (a, b) {
            (a, b) if a == b => Some(1.0),
            (2, _) => Some(-0.1 + 0.2 * noise(a * 31 + b)),
            _ if (a * 7 + b) % 23 == 0 => None,
            _ => Some(-0.5 + 1.3 * noise(a * 31 + b)),
        }
    };
    Correlation {
        metrics: power.metrics.into_iter().map(|row| row.metric).collect(),
        values: (0..count)
            .map(|a| (0..count).map(|b| value(a, b)).collect())
            .collect(),
        flagged_above: 0.7,
    }
}

pub fn tornado() -> Tornado {
    let row = |variable: String, size: f64| TornadoRow {
        variable,
        effects: vec![
            Effect {
                step: "−5 points".to_owned(),
                change: sure(-size, 0.006),
            },
            Effect {
                step: "+5 points".to_owned(),
                change: sure(size * 0.7, 0.006),
            },
        ],
    };
    let mut rows: Vec<TornadoRow> = CATEGORIES
        .iter()
        .zip([0.031, 0.017, 0.012, 0.004, -0.006])
        .map(|(category, size)| row(format!("Weight of {category}"), size))
        .collect();
    rows.push(TornadoRow {
        variable: "Metric: login days".to_owned(),
        effects: vec![Effect {
            step: "off".to_owned(),
            change: sure(-0.024, 0.011),
        }],
    });
    Tornado {
        figure: "Change of the AUC at 90 days".to_owned(),
        rows,
    }
}

/// One example of each chart, as a run has it.
pub fn realistic() -> Vec<Example> {
    vec![
        example!(
            "score_distribution",
            "36 accounts fewer are Healthy than a month ago; 14 more are Critical",
            "900 accounts of the nightly scorecard, by score and band",
            score_distribution()
        ),
        example!(
            "band_migration",
            "79 accounts slipped a band or more since 25 October, 58 climbed",
            "896 accounts that were there at both dates",
            band_migration()
        ),
        example!(
            "largest_movers",
            "Support drove the largest fall: Northwind Traders lost 29.8 points in 30 days",
            "The eight accounts with the largest change since 2026-10-25",
            largest_movers()
        ),
        example!(
            "coverage",
            "Customer sentiment is known for half of the accounts only",
            "Weighted share of each category's metrics with data",
            coverage()
        ),
        example!(
            "renewals_ahead",
            "€1.9M of the €27M up for renewal within a year is in Critical accounts",
            "Recurring amount by month of renewal and tonight's band",
            renewals_ahead()
        ),
        example!(
            "ranking_by_lead",
            "The weights in force rank leavers well from 90 days on; equal weights do a little worse",
            "Decisions of 2024-Q4 to 2026-Q3 seen at every lead; 95 % intervals (DeLong)",
            ranking_by_lead()
        ),
        example!(
            "stability",
            "Ranking has held since 2025-Q2",
            "Renewal decisions by quarter, walk-forward; 95 % intervals",
            stability()
        ),
        example!(
            "reliability",
            "Above 10 % the predicted probability is somewhat too low",
            "812 decisions, five bins of equal size",
            reliability()
        ),
        example!(
            "capture",
            "Working the lowest tenth of scores would have caught 30 % of the leavers",
            "812 decisions, scores 90 days before",
            capture()
        ),
        example!(
            "churn_by_band",
            "Every second band step halves churn; Neutral and Healthy can be told apart",
            "Decisions of the last eight quarters by the band 90 days before",
            churn_by_band()
        ),
        example!(
            "stayed_and_left",
            "Leavers scored 18 points lower, 90 days before the decision",
            "812 renewal decisions",
            stayed_and_left()
        ),
        example!(
            "metric_power",
            "5 of 10 metrics foresee leaving on their own",
            "812 decisions, values 90 days before; false discovery rate 5 %",
            metric_power(10)
        ),
        example!(
            "correlation",
            "Login days and seats used say the same",
            "Values of 10 metrics 90 days before 812 decisions",
            correlation(10)
        ),
        example!(
            "tornado",
            "The ranking leans on product usage, and on little else",
            "One variable at a time, the others rescaled; paired 95 % intervals",
            tornado()
        ),
    ]
}

/// Every chart with names that are too long, hostile or foreign, with too much or too little.
pub fn awkward() -> Vec<Example> {
    let odd = strings(&[LONG, HOSTILE, CJK]);
    let two = Bands {
        ranked: strings(&["Red", "Green"]),
        others: vec![],
    };
    let many = Bands {
        ranked: (1..=7)
            .map(|place| format!("Band number {place} of seven"))
            .collect(),
        others: strings(&["Not scored", "New customer"]),
    };
    let title = format!(
        "{HOSTILE} {}",
        "A finding that somebody wrote without any regard for the space there is. ".repeat(5)
    );
    let mut distribution = score_distribution();
    distribution.bands = many.clone();
    distribution.thresholds = vec![10.0, 12.0, 13.0, 47.0, 90.0, 99.0];
    distribution.counts = (0..9)
        .map(|k| BandCount {
            now: 1_234_567 / (k + 1),
            before: Some(345_678),
        })
        .collect();
    let mut few = score_distribution();
    few.bins.truncate(1);
    few.bins[0].before = None;
    few.bands = two.clone();
    few.thresholds = vec![50.0];
    few.counts = vec![
        BandCount {
            now: 0,
            before: None,
        },
        BandCount {
            now: 1,
            before: None,
        },
    ];
    few.compared = None;
    let mut migration = band_migration();
    migration.bands = many.clone();
    migration.counts = (0..9)
        .map(|a| {
            (0..9)
                .map(|b| (noise(a * 9 + b) * 123_456.0) as u64)
                .collect()
        })
        .collect();
    migration.before = vec![987_654; 9];
    migration.now = vec![987_654; 9];
    let mut migration_two = band_migration();
    migration_two.bands = two.clone();
    migration_two.counts = vec![vec![1, 0], vec![0, 0]];
    migration_two.before = vec![1, 0];
    migration_two.now = vec![1, 0];
    let mut movers = largest_movers();
    movers.causes = odd.iter().cycle().take(12).cloned().collect();
    for (place, mover) in movers.accounts.iter_mut().enumerate() {
        mover.account = odd[place % 3].clone();
        mover.points = (0..12)
            .map(|cause| 4.0 * noise(place * 12 + cause) - 2.0)
            .collect();
        mover.points[3] = f64::NAN;
    }
    movers.accounts.extend(movers.accounts.clone());
    let one_mover = LargestMovers {
        decimals: 1,
        causes: strings(&["Product usage"]),
        accounts: vec![Mover {
            account: "Only one".to_owned(),
            id: String::new(),
            before: 50.0,
            now: 50.1,
            change: 0.1,
            points: vec![0.1],
        }],
    };
    let gaps = Coverage {
        rows: odd
            .iter()
            .chain(&odd)
            .chain(&odd)
            .chain(&odd)
            .enumerate()
            .map(|(place, name)| CoverageRow {
                category: name.clone(),
                share: (place % 2 == 0).then_some(place as f64 / 10.0),
                before: (place % 3 == 0).then_some(1.0),
                note: if place % 2 == 0 {
                    LONG.to_owned()
                } else {
                    String::new()
                },
            })
            .collect(),
        compared: Some("2026-10-25".to_owned()),
        required: None,
    };
    let renewals = RenewalsAhead {
        bands: many.clone(),
        currencies: ["EUR", "USD", "CHF", "JPY"]
            .iter()
            .zip([1e4, 3e9, 1e6, 1e8])
            .map(|(currency, size)| {
                let mut panel = renewals_in(currency, size, 24);
                for month in &mut panel.months {
                    month.by_band.resize(9, 0.0);
                }
                panel
            })
            .collect(),
    };
    let one_renewal = RenewalsAhead {
        bands: two.clone(),
        currencies: vec![CurrencyRenewals {
            currency: "EUR".to_owned(),
            months: vec![RenewalMonth {
                month: "2026-12".to_owned(),
                amount: 950.0,
                accounts: 1,
                by_band: vec![0.0, 950.0],
            }],
        }],
    };
    let crowd = RankingByLead {
        candidates: (0..12).map(|k| format!("{} {k}", odd[k % 3])).collect(),
        in_force: Some(3),
        leads: [365, 180, 90, 30]
            .into_iter()
            .map(|lead_days| LeadRanking {
                lead_days,
                note: LONG.to_owned(),
                auc: (0..12)
                    .map(|k| {
                        if k % 5 == 4 && lead_days == 30 {
                            Err(format!("{k} events, 10 needed"))
                        } else {
                            sure(0.6 + 0.002 * k as f64, 0.05)
                        }
                    })
                    .collect(),
            })
            .collect(),
    };
    let point = RankingByLead {
        candidates: strings(&["Weights in force"]),
        in_force: Some(0),
        leads: vec![LeadRanking {
            lead_days: 90,
            note: String::new(),
            auc: vec![Ok(Estimate {
                value: 0.5,
                interval: None,
            })],
        }],
    };
    let mut long_run = stability();
    long_run.periods = (0..40)
        .map(|k| PeriodFigures {
            period: format!("{}-Q{}", 2016 + k / 4, k % 4 + 1),
            note: "17 of 118 left".to_owned(),
            values: vec![sure(0.6 + 0.1 * noise(k), 0.1), Err("too few".to_owned())],
        })
        .collect();
    let steep = Reliability {
        curves: vec![ReliabilityCurve {
            candidate: HOSTILE.to_owned(),
            bins: (0..10)
                .map(|k| ReliabilityBin {
                    predicted: 0.02 + 0.0002 * k as f64,
                    observed: if k == 9 { 1.0 } else { 0.0 },
                    interval: Some((0.0, 1.0)),
                    accounts: 3,
                })
                .collect(),
        }],
    };
    let constant = Capture {
        candidates: vec![CaptureCurve {
            candidate: LONG.to_owned(),
            points: vec![CapturePoint {
                worked: 1.0,
                captured: 1.0,
                lift: Some(1.0),
            }],
        }],
        capacity: None,
    };
    let rates = ChurnByBand {
        bands: many,
        rows: (0..9)
            .map(|k| BandChurn {
                churned: k,
                accounts: 123_456_789,
                rate: if k % 3 == 2 {
                    Err(
                        "a reason that goes on and on for longer than its column is wide"
                            .to_owned(),
                    )
                } else {
                    sure(0.1, 0.05)
                },
                amount_rate: Some(0.9),
            })
            .collect(),
        base_rate: None,
    };
    let two_rates = ChurnByBand {
        bands: two.clone(),
        rows: vec![
            BandChurn {
                churned: 0,
                accounts: 12,
                rate: Ok(Estimate {
                    value: 0.0,
                    interval: Some((0.0, 0.243)),
                }),
                amount_rate: None,
            },
            BandChurn {
                churned: 0,
                accounts: 0,
                rate: Err("nobody was in this band".to_owned()),
                amount_rate: None,
            },
        ],
        base_rate: Some(0.0),
    };
    let mut nobody_left = stayed_and_left();
    nobody_left.left = 0;
    for bin in &mut nobody_left.bins {
        bin.left = f64::NAN;
    }
    let mut refused = metric_power(3);
    for (row, name) in refused.metrics.iter_mut().zip(&odd) {
        row.metric = name.clone();
        row.category = name.clone();
        row.auc = Err(LONG.to_owned());
        row.note = LONG.to_owned();
    }
    let odd_pair = Correlation {
        metrics: odd[..2].to_vec(),
        values: vec![vec![Some(1.0), None], vec![None, Some(1.0)]],
        flagged_above: 0.7,
    };
    let still = Tornado {
        figure: LONG.to_owned(),
        rows: odd
            .iter()
            .map(|name| TornadoRow {
                variable: name.clone(),
                effects: vec![
                    Effect {
                        step: LONG.to_owned(),
                        change: Ok(Estimate {
                            value: 0.0,
                            interval: None,
                        }),
                    },
                    Effect {
                        step: "off".to_owned(),
                        change: Err(HOSTILE.to_owned()),
                    },
                ],
            })
            .collect(),
    };
    let mut wide = tornado();
    let rows = wide.rows.clone();
    wide.rows.extend((0..14).map(|k| rows[k % 6].clone()));
    vec![
        example!("score_distribution_many", &title, &title, distribution),
        example!("score_distribution_few", "One account", "", few),
        example!("band_migration_many", &title, "", migration),
        example!("band_migration_two", "Nobody moved", "", migration_two),
        example!("largest_movers_odd", &title, "", movers),
        example!("largest_movers_one", "One moved", "", one_mover),
        example!("coverage_gaps", &title, "", gaps),
        example!("renewals_ahead_many", &title, "", renewals),
        example!("renewals_ahead_one", "One renewal", "", one_renewal),
        example!("ranking_by_lead_crowd", &title, "", crowd),
        example!("ranking_by_lead_point", "One point, no interval", "", point),
        example!("stability_long", "Ten years", "", long_run),
        example!("reliability_steep", "Crowded", "", steep),
        example!("capture_constant", "All scores are the same", "", constant),
        example!("churn_by_band_many", &title, "", rates),
        example!("churn_by_band_two", "Nobody left", "", two_rates),
        example!("stayed_and_left_nobody", "Nobody left", "", nobody_left),
        example!("metric_power_many", "80 metrics", "", metric_power(80)),
        example!("metric_power_refused", &title, "", refused),
        example!("correlation_many", "40 metrics", "", correlation(40)),
        example!("correlation_odd", "Two", "", odd_pair),
        example!("tornado_still", &title, "", still),
        example!("tornado_wide", "20 variables", "", wide),
    ]
}

/// Every chart with numbers that are none, or beyond all measure.
pub fn numberless() -> Vec<Example> {
    const ODD: [f64; 6] = [
        f64::NAN,
        1e300,
        f64::INFINITY,
        -1e300,
        f64::NEG_INFINITY,
        0.5,
    ];
    let mut many = Vec::new();
    for first in [0, 3] {
        let odd = |k: usize| ODD[(first + k) % ODD.len()];
        let figure = |k| {
            Ok(Estimate {
                value: odd(k),
                interval: Some((odd(k + 1), odd(k + 2))),
            })
        };
        let names = strings(&["a", "b"]);
        let bands = Bands {
            ranked: names.clone(),
            others: vec![],
        };
        let counts = vec![
            BandCount {
                now: u64::MAX,
                before: Some(0)
            };
            2
        ];
        let bins = (0..3).map(|k| ScoreBin {
            low: odd(k),
            high: odd(k + 1),
            now: u64::MAX,
            before: Some(1),
        });
        let outcomes = (0..3).map(|k| OutcomeBin {
            low: odd(k),
            high: odd(k + 1),
            stayed: odd(k),
            left: odd(k + 2),
        });
        let mover = Mover {
            account: "a".to_owned(),
            id: String::new(),
            before: odd(0),
            now: odd(1),
            change: odd(2),
            points: vec![odd(3), odd(4)],
        };
        let row = CoverageRow {
            category: "a".to_owned(),
            share: Some(odd(0)),
            before: Some(odd(1)),
            note: String::new(),
        };
        let months = (0..3).map(|k| RenewalMonth {
            month: "2027-01".to_owned(),
            amount: odd(k),
            accounts: 1,
            by_band: vec![odd(k + 1), odd(k + 2)],
        });
        let reliable = (0..3).map(|k| ReliabilityBin {
            predicted: odd(k),
            observed: odd(k + 1),
            interval: Some((odd(k), odd(k + 3))),
            accounts: 1,
        });
        let points = (0..3).map(|k| CapturePoint {
            worked: odd(k),
            captured: odd(k + 1),
            lift: Some(odd(k + 2)),
        });
        let rates = (0..2).map(|k| BandChurn {
            churned: 1,
            accounts: 1,
            rate: figure(k),
            amount_rate: Some(odd(k)),
        });
        let metric = MetricRow {
            metric: "a".to_owned(),
            category: String::new(),
            auc: figure(0),
            stands_out: true,
            note: String::new(),
        };
        let effect = Effect {
            step: "off".to_owned(),
            change: figure(0),
        };
        let leads = (0..3).map(|k| LeadRanking {
            lead_days: 30,
            note: String::new(),
            auc: vec![figure(k), figure(k + 1)],
        });
        many.extend([
            example!(
                "a",
                "Odd",
                "",
                ScoreDistribution {
                    bins: bins.collect(),
                    bands: bands.clone(),
                    thresholds: vec![odd(1)],
                    counts,
                    compared: Some(String::new())
                }
            ),
            example!(
                "c",
                "Odd",
                "",
                LargestMovers {
                    decimals: 1,
                    causes: names.clone(),
                    accounts: vec![mover]
                }
            ),
            example!(
                "d",
                "Odd",
                "",
                Coverage {
                    rows: vec![row],
                    compared: Some(String::new()),
                    required: Some(odd(2))
                }
            ),
            example!(
                "e",
                "Odd",
                "",
                RenewalsAhead {
                    bands: bands.clone(),
                    currencies: vec![CurrencyRenewals {
                        currency: "EUR".to_owned(),
                        months: months.collect()
                    }]
                }
            ),
            example!(
                "f",
                "Odd",
                "",
                RankingByLead {
                    candidates: names.clone(),
                    in_force: Some(7),
                    leads: leads.collect()
                }
            ),
            example!(
                "h",
                "Odd",
                "",
                Reliability {
                    curves: vec![ReliabilityCurve {
                        candidate: "a".to_owned(),
                        bins: reliable.collect()
                    }]
                }
            ),
            example!(
                "i",
                "Odd",
                "",
                Capture {
                    candidates: vec![
                        CaptureCurve {
                            candidate: "a".to_owned(),
                            points: points.collect()
                        };
                        2
                    ],
                    capacity: Some(odd(0))
                }
            ),
            example!(
                "j",
                "Odd",
                "",
                ChurnByBand {
                    bands: bands.clone(),
                    rows: rates.collect(),
                    base_rate: Some(odd(0))
                }
            ),
            example!(
                "k",
                "Odd",
                "",
                StayedAndLeft {
                    bins: outcomes.collect(),
                    stayed: 1,
                    left: 1,
                    bands,
                    thresholds: vec![odd(2)]
                }
            ),
            example!(
                "l",
                "Odd",
                "",
                MetricPower {
                    metrics: vec![metric]
                }
            ),
            example!(
                "m",
                "Odd",
                "",
                Correlation {
                    metrics: names,
                    values: vec![vec![Some(odd(0)), Some(odd(1))], vec![Some(odd(2))]],
                    flagged_above: odd(3)
                }
            ),
            example!(
                "n",
                "Odd",
                "",
                Tornado {
                    figure: "a".to_owned(),
                    rows: vec![TornadoRow {
                        variable: "a".to_owned(),
                        effects: vec![effect]
                    }]
                }
            ),
        ]);
    }
    many
}

/// Every chart without anything to show.
pub fn empty() -> Vec<Example> {
    let bands = Bands::default;
    vec![
        example!(
            "a",
            "Empty",
            "",
            ScoreDistribution {
                bins: vec![],
                bands: bands(),
                thresholds: vec![],
                counts: vec![],
                compared: None
            }
        ),
        example!(
            "b",
            "Empty",
            "",
            BandMigration {
                bands: bands(),
                counts: vec![],
                before: vec![],
                now: vec![],
                before_label: String::new(),
                now_label: String::new()
            }
        ),
        example!(
            "c",
            "Empty",
            "",
            LargestMovers {
                decimals: 1,
                causes: vec![],
                accounts: vec![]
            }
        ),
        example!(
            "d",
            "Empty",
            "",
            Coverage {
                rows: vec![],
                compared: None,
                required: None
            }
        ),
        example!(
            "e",
            "Empty",
            "",
            RenewalsAhead {
                bands: bands(),
                currencies: vec![]
            }
        ),
        example!(
            "f",
            "Empty",
            "",
            RankingByLead {
                candidates: vec![],
                in_force: None,
                leads: vec![]
            }
        ),
        example!(
            "g",
            "Empty",
            "",
            Stability {
                candidates: vec![],
                in_force: None,
                figure: String::new(),
                period: String::new(),
                reference: None,
                most: None,
                periods: vec![]
            }
        ),
        example!("h", "Empty", "", Reliability { curves: vec![] }),
        example!(
            "i",
            "Empty",
            "",
            Capture {
                candidates: vec![],
                capacity: None
            }
        ),
        example!(
            "j",
            "Empty",
            "",
            ChurnByBand {
                bands: bands(),
                rows: vec![],
                base_rate: None
            }
        ),
        example!(
            "k",
            "Empty",
            "",
            StayedAndLeft {
                bins: vec![],
                stayed: 0,
                left: 0,
                bands: bands(),
                thresholds: vec![]
            }
        ),
        example!("l", "Empty", "", MetricPower { metrics: vec![] }),
        example!(
            "m",
            "Empty",
            "",
            Correlation {
                metrics: vec![],
                values: vec![],
                flagged_above: 0.7
            }
        ),
        example!(
            "n",
            "Empty",
            "",
            Tornado {
                figure: String::new(),
                rows: vec![]
            }
        ),
    ]
}
