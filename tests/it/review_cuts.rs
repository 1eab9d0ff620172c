//! How a review cuts its rows, and how it sets rivals beside the model in force: each figure is
//! worked out again from the published rows.

use chrono::NaiveDate;
use healthscore::backtest::figures::Figure;
use healthscore::jobs::review_run::ReviewRun;
use healthscore::jobs::settings::{Backfill, Every, Overrides};
use healthscore::publish::decode;
use polars::prelude::*;

use crate::harness::{World, date};
use crate::review::{ACCOUNTS, PLAIN, Twist, ends, leaves, published, review, world};

fn found<'a>(
    run: &'a ReviewRun,
    candidate: &str,
    lead: u32,
    part: [&str; 2],
    figure: &str,
) -> &'a Figure {
    let mut figures = run.figures.0.iter();
    let own = figures.find(|own| {
        own.about.candidate == candidate
            && own.about.target != "expansion"
            && own.about.lead_days == Some(lead)
            && [own.about.slice.as_str(), own.about.slice_value.as_str()] == part
            && own.figure == figure
    });
    own.unwrap_or_else(|| panic!("no {figure} of {candidate} at {lead} days for {part:?}"))
}

/// A row of `backtest_rows` at a lead.
struct Row {
    account: String,
    as_of: NaiveDate,
    health: f64,
    band: String,
    probability: Option<f64>,
    left: bool,
}

fn rows(world: &World, candidate: &str, lead: i64) -> Vec<Row> {
    let is = col("candidate")
        .eq(lit(candidate))
        .and(col("lead_days").eq(lit(lead)));
    let frame = published(world, "backtest_rows")
        .lazy()
        .filter(is)
        .collect()
        .unwrap();
    let text = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
    let number = |name: &str| frame.column(name).unwrap().f64().unwrap().clone();
    let dates: Vec<_> = frame
        .column("scored_on")
        .unwrap()
        .date()
        .unwrap()
        .as_date_iter()
        .collect();
    (0..frame.height())
        .map(|n| Row {
            account: text("account_id").get(n).unwrap().to_owned(),
            as_of: dates[n].unwrap(),
            health: number("health_score").get(n).unwrap(),
            band: text("band").get(n).unwrap().to_owned(),
            probability: number("churn_probability").get(n),
            left: text("outcome").get(n) == Some("churned"),
        })
        .collect()
}

#[test]
fn rows_are_cut_by_tenure_and_by_stage_of_life() {
    let world = world(PLAIN);
    world.add(
        "measures.toml",
        "[measures.tenure_days]\nvalue = \"DATEDIFF('day', created_on, as_of)\"",
    );
    world.edit(
        "review.toml",
        "segments =",
        "tenure = \"tenure_days\"\nsegments =",
    );
    world.add(
        "model.toml",
        "[[variants]]\nid = \"first_year\"\nwhen = \"DATEDIFF('day', created_on, as_of) < 365\"\nweights = { support = 0.5, commercial = 0.5 }",
    );
    let run = review(&world);
    let size = |part| {
        let own = found(&run, "in_force", 90, part, "auc");
        (own.n, own.events, own.value.is_some())
    };
    // Here since 2024-01-01; ninety days before their terms end accounts 0 to 14 are younger than
    // a year, and the five of them who leave are too few.
    let young = (0..ACCOUNTS).filter(|n| (ends(*n) - date("2024-01-01")).num_days() - 90 < 365);
    assert_eq!(young.clone().count(), 15);
    assert_eq!(young.filter(|n| leaves(*n)).count(), 5);
    assert_eq!(size(["tenure", "180-364 days"]), (15, 5, false));
    assert_eq!(size(["tenure", "365-729 days"]), (45, 15, true));
    assert_eq!(size(["lifecycle_stage", "first_year"]), (15, 5, false));
    assert_eq!(size(["lifecycle_stage", "standard"]), (45, 15, true));
    // What is refused is so in every figure, with its reason.
    for figure in [
        "ks",
        "lift_top_decile",
        "capture_at_capacity",
        "auc_by_revenue",
    ] {
        let own = found(&run, "in_force", 90, ["tenure", "180-364 days"], figure);
        assert_eq!(
            own.reason.as_deref(),
            Some("5 with the event, at least 10 are needed")
        );
    }
    let own = found(
        &run,
        "equal_weights",
        90,
        ["tenure", "180-364 days"],
        "auc_minus_in_force",
    );
    assert_eq!(
        own.reason.as_deref(),
        Some("5 with the event, at least 10 are needed")
    );
}

/// A world in which two quarters have enough closed decisions before them.
const MANY: Twist = Twist {
    accounts: (150, 2),
    ..PLAIN
};

#[test]
fn probabilities_are_learned_from_what_had_closed_and_scored_on_the_published_rows() {
    let many = world(MANY);
    let run = review(&many);
    let (own, rival) = (
        rows(&many, "in_force", 30),
        rows(&many, "equal_weights", 30),
    );
    // The first quarter with ten who left and had closed before its first date is the third.
    let first = own
        .iter()
        .filter(|row| row.probability.is_some())
        .map(|row| row.as_of)
        .min();
    assert_eq!(first, Some(date("2025-06-01")));
    let error = |rows: &[Row], q: Option<f64>| {
        let known = rows
            .iter()
            .filter_map(|row| Some((row.probability?, row.left)));
        let errors: Vec<f64> = known
            .map(|(p, left)| (q.unwrap_or(p) - f64::from(u8::from(left))).powi(2))
            .collect();
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    let figure = |candidate, name| found(&run, candidate, 30, ["all", "out_of_time"], name);
    let near = |figure: &Figure, value: f64| {
        let own = figure.value.unwrap();
        assert!(
            (own - value).abs() < 1e-12,
            "{} {own} {value}",
            figure.figure
        );
    };
    let brier = error(&own, None);
    near(figure("in_force", "brier"), brier);
    near(
        figure("equal_weights", "brier_minus_in_force"),
        error(&rival, None) - brier,
    );
    let known = own.iter().filter(|row| row.probability.is_some());
    let rate = known.clone().filter(|row| row.left).count() as f64 / known.count() as f64;
    let of_base_rate = error(&own, Some(rate));
    near(
        figure("in_force", "brier_skill"),
        1.0 - brier / of_base_rate,
    );
    let beyond = figure("in_force", "brier_minus_base_rate");
    near(beyond, brier - of_base_rate);
    assert!(
        beyond.high.unwrap() < 0.0,
        "tickets tell who leaves: {beyond:?}"
    );
    // How the last thirty decided was not known when anybody else was judged.
    let turned = world(Twist {
        turned_from: 120,
        ..MANY
    });
    review(&turned);
    let before = |rows: Vec<Row>| -> Vec<(String, Option<u64>)> {
        let rows = rows
            .into_iter()
            .filter(|row| row.as_of < date("2025-09-01"));
        rows.map(|row| (row.account, row.probability.map(f64::to_bits)))
            .collect()
    };
    let of_turned = rows(&turned, "in_force", 30);
    assert_ne!(
        own.iter().map(|row| row.left).collect::<Vec<_>>(),
        of_turned.iter().map(|row| row.left).collect::<Vec<_>>()
    );
    assert_eq!(before(own), before(of_turned));
}

#[test]
fn a_rival_is_set_beside_the_model_in_force_on_the_same_rows() {
    let world = world(PLAIN);
    // Seats of four to ten, so that it matters how much the commercial side weighs.
    let mut lines = decode(&world.path().join("data/contracts.parquet")).unwrap();
    let seats: Vec<i64> = (0..lines.height()).map(|n| 4 + n as i64 % 7).collect();
    lines
        .with_column(Column::new("seats".into(), seats))
        .unwrap();
    world.export("contracts", Ok(lines));
    let run = review(&world);
    let (own, rival) = (
        rows(&world, "in_force", 90),
        rows(&world, "equal_weights", 90),
    );
    let beats = |a: &Row, b: &Row| match a.health.total_cmp(&b.health) {
        std::cmp::Ordering::Less => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Greater => 0.0,
    };
    // By the definition of DeLong, DeLong and Clarke-Pearson, pair by pair.
    let of = |rows: &[Row], left: bool| -> Vec<f64> {
        let others = || rows.iter().filter(|row| row.left != left);
        let mean = |row: &Row| {
            let won = others().map(|other| {
                if left {
                    beats(row, other)
                } else {
                    beats(other, row)
                }
            });
            won.sum::<f64>() / others().count() as f64
        };
        rows.iter()
            .filter(|row| row.left == left)
            .map(mean)
            .collect()
    };
    let (mut difference, mut variance) = (0.0, 0.0);
    for left in [true, false] {
        let pairs = of(&rival, left).into_iter().zip(of(&own, left));
        let parts: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
        let n = parts.len() as f64;
        difference = parts.iter().sum::<f64>() / n;
        let squares = parts.iter().map(|part| (part - difference).powi(2));
        variance += squares.sum::<f64>() / (n - 1.0) / n;
    }
    let half = 1.959_963_984_540_054 * variance.sqrt();
    let paired = found(
        &run,
        "equal_weights",
        90,
        ["all", "all"],
        "auc_minus_in_force_delong",
    );
    assert!(half > 0.0);
    for (found, expected) in [
        (paired.value, difference),
        (paired.low, difference - half),
        (paired.high, difference + half),
    ] {
        assert!(
            (found.unwrap() - expected).abs() < 1e-12,
            "{paired:?} {expected}"
        );
    }
    let drawn = found(
        &run,
        "equal_weights",
        90,
        ["all", "all"],
        "auc_minus_in_force",
    );
    assert!((drawn.value.unwrap() - difference).abs() < 1e-12);
    // Who changes band, from one row to the next.
    let (mut lower, mut higher) = (0, 0);
    for (own, rival) in own.iter().zip(&rival) {
        assert_eq!((&own.account, own.as_of), (&rival.account, rival.as_of));
        lower += usize::from(own.band == "Good" && rival.band == "Bad");
        higher += usize::from(own.band == "Bad" && rival.band == "Good");
    }
    assert!(lower + higher > 0);
    for (figure, count) in [
        ("lower_band_than_in_force", lower),
        ("higher_band_than_in_force", higher),
    ] {
        let share = found(&run, "equal_weights", 90, ["all", "all"], figure);
        assert_eq!(
            share.value,
            Some(count as f64 / ACCOUNTS as f64),
            "{figure}"
        );
    }
}

#[test]
fn bands_of_another_model_are_never_translated() {
    let world = world(PLAIN);
    let model = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
    world.write(
        "other.toml",
        &model
            .replace("name = \"base\"", "name = \"other\"")
            .replace("Good", "Green"),
    );
    world.edit(
        "review.toml",
        "segments =",
        "challengers = [\"other.toml\"]\nsegments =",
    );
    let run = review(&world);
    let own = found(
        &run,
        "other",
        90,
        ["all", "all"],
        "lower_band_than_in_force",
    );
    assert_eq!(
        (own.value, own.reason.as_deref()),
        (None, Some("its bands are others"))
    );
    let same = found(&run, "other", 90, ["all", "all"], "auc_minus_in_force");
    assert_eq!(
        (same.value, same.low, same.high),
        (Some(0.0), Some(0.0), Some(0.0))
    );
}

#[test]
fn a_backfill_says_what_was_published_at_the_time_and_what_was_corrected_since() {
    let world = world(PLAIN);
    world.edit(
        "review.toml",
        "segments =",
        "published = \"job\"\nsegments =",
    );
    let overrides = Overrides {
        backfill: Some(Backfill {
            from: date("2025-03-31"),
            to: date("2025-05-31"),
            every: Every::Month,
        }),
        ..Overrides::default()
    };
    world.publish(&overrides).unwrap();
    let replayed = review(&world).replayed;
    // Thirty days before its term ends account 22, ninety days before it account 37.
    let names: Vec<&str> = replayed.iter().map(|own| own.account_id.as_str()).collect();
    assert_eq!(names, ["A22", "A37"]);
    assert!(
        replayed.iter().all(|own| own.difference() == Some(0.0)),
        "{replayed:?}"
    );
    // A ticket of account 22 comes in late, under the day on which it was opened.
    let tickets = decode(&world.path().join("data/tickets.parquet")).unwrap();
    let late = df!(
        "ticket_id" => ["late"],
        "account_id" => ["A22"],
        "opened_at" => [date("2025-03-01")],
        "closed_at" => [None::<NaiveDate>],
    );
    world.export("tickets", tickets.vstack(&late.unwrap()));
    let corrected = review(&world);
    let differ: Vec<&str> = (corrected.replayed.iter())
        .filter(|own| own.differs())
        .map(|own| own.account_id.as_str())
        .collect();
    assert_eq!(differ, ["A22"]);
    let mut findings = corrected.findings.iter();
    let finding = findings
        .find(|own| own.finding == "replay_differs")
        .unwrap();
    // A ticket of four costs 25 of 100 points in a category that weighs 0.6.
    assert!(
        finding.evidence.ends_with("the largest difference is 15.0"),
        "{}",
        finding.evidence
    );
}

#[test]
fn a_review_says_how_many_of_its_decisions_an_earlier_one_had_looked_at() {
    let world = world(PLAIN);
    let said = |run: &ReviewRun| {
        let mut findings = run.findings.iter();
        let own = findings.find(|own| own.finding == "looked_at_before");
        own.map(|own| own.evidence.clone())
    };
    world.edit("review.toml", "2026-01-31", "2025-07-31");
    assert_eq!(said(&review(&world)), None);
    world.edit("review.toml", "2025-07-31", "2026-01-31");
    // By the end of July the terms that had ended until 16 June had closed: accounts 0 to 33.
    assert_eq!(
        said(&review(&world)).as_deref(),
        Some(
            "34 of 60 decisions at 90 days were in earlier reviews of this job too; there are 1, the last of 2025-07-31"
        )
    );
    // A review is not its own predecessor, and what it leaves out was not looked at again: from March
    // on accounts 7 to 59 are left, 7 to 33 of which had been reviewed.
    world.edit("review.toml", "sampling =", "from = 2025-03-01\nsampling =");
    assert_eq!(
        said(&review(&world)).as_deref(),
        Some(
            "27 of 53 decisions at 90 days were in earlier reviews of this job too; there are 1, the last of 2025-07-31"
        )
    );
}

#[test]
fn the_best_metric_is_judged_on_later_rows_than_it_was_chosen_on() {
    // A term ends every day; from account 225 on those with many tickets are the ones who stay.
    let turned = world(Twist {
        accounts: (300, 1),
        turned_from: 225,
        ..PLAIN
    });
    let run = review(&turned);
    let best = "best_metric:open_tickets";
    let part = |value| ["all", value];
    let auc = |lead, value| found(&run, best, lead, part(value), "auc");
    // It was chosen on accounts 0 to 149 at ninety days, the last of which had closed 45 days after
    // its term: thirty days before their own, that is the past for accounts 225 to 299.
    let later = auc(30, "after_best_metric_was_chosen");
    assert_eq!((later.n, later.events), (75, 50));
    assert!(later.high.unwrap() < 0.5, "{later:?}");
    assert!(auc(30, "all").low.unwrap() > 0.5);
    // At the lead of the tear sheet too few are left: it refuses, whatever all rows would say.
    let later = auc(90, "after_best_metric_was_chosen");
    assert_eq!((later.n, later.events, later.value), (15, 10, None));
    let mut lines = run.verdicts.iter();
    let line = lines.find(|line| line.subject.starts_with(best)).unwrap();
    assert_eq!(
        line.figure,
        "refused: 5 without the event, at least 10 are needed"
    );
    assert_eq!(line.verdict, "cannot be said");
}

#[test]
fn false_discoveries_are_controlled_over_metric_lead_and_segment_together() {
    let run = review(&world(PLAIN));
    // Everybody has ten seats, which cannot be tested; tickets tell at both leads in both regions.
    let mut tested = Vec::new();
    for own in &run.powers {
        let name = format!("metric/{}", own.metric);
        let part = [own.slice.as_str(), own.slice_value.as_str()];
        let auc = found(&run, &name, own.lead_days, part, "auc");
        assert_eq!((own.auc, own.auc.is_some()), (auc.value, true), "{own:?}");
        assert_eq!(own.stands_out(), own.metric == "open_tickets", "{own:?}");
        if let Some(adjusted) = own.adjusted_p {
            let p = found(&run, &name, own.lead_days, part, "p_adjusted");
            assert_eq!(p.value, Some(adjusted));
            tested.push((own.lead_days, part[0], part[1], adjusted));
        }
    }
    assert_eq!(run.powers.len(), 2 * 2 * 3);
    let looks = tested
        .iter()
        .map(|(lead, slice, value, _)| (*lead, *slice, *value));
    assert_eq!(
        looks.collect::<Vec<_>>(),
        [
            (30, "all", "all"),
            (30, "sales_region", "north"),
            (30, "sales_region", "south"),
            (90, "all", "all"),
            (90, "sales_region", "north"),
            (90, "sales_region", "south"),
        ]
    );
    // Every look is adjusted for all six.
    let of = |figure: &str| -> Vec<f64> {
        let own = tested.iter().map(|(lead, slice, value, _)| {
            found(&run, "metric/open_tickets", *lead, [slice, value], figure)
        });
        own.map(|own| own.value.unwrap()).collect()
    };
    let adjusted = healthscore::stats::benjamini_hochberg(&of("p_value"));
    assert_eq!(adjusted, of("p_adjusted"));
    assert!(adjusted[0] > of("p_value")[0]);
}

#[test]
fn what_points_the_wrong_way_is_never_turned_round() {
    // Who has tickets stays, and who has none leaves.
    let run = review(&world(Twist {
        turned_from: 0,
        ..PLAIN
    }));
    let auc = found(&run, "in_force", 90, ["all", "all"], "auc");
    assert!(auc.high.unwrap() < 0.5, "{auc:?}");
    let verdict = |subject: &str| {
        let mut lines = run.verdicts.iter();
        let line = lines.find(|line| line.subject.starts_with(subject));
        line.unwrap_or_else(|| panic!("no line {subject}"))
            .verdict
            .clone()
    };
    let primary = verdict("AUC for churn");
    assert_eq!(primary, "points the wrong way (40 left of 60)");
    let order = verdict("AUC of the bands");
    assert_eq!(order, "lower bands churn less: the wrong way round");
    assert!(verdict("Metrics that stand out").starts_with("none of them; the wrong way round: "));
}
