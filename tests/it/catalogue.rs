//! The shipped catalogue on the sample: every metric tells accounts apart, the bands are lived in,
//! and each story that `sample_data/README.md` tells shows in its account's score.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use healthscore::formula::FUNCTIONS;
use healthscore::insights::attention;
use healthscore::jobs::score_run::{self, ScoreRun};
use healthscore::jobs::settings::{self, Overrides, ScoreJob};
use healthscore::measures::catalog::Catalog;
use healthscore::model::HealthModel;
use healthscore::model::curve::Curve;
use healthscore::sample::{self, Settings};
use healthscore::scores;
use healthscore::scores::columns as name;
use healthscore::trail::Trail;
use polars::prelude::*;

use crate::harness::{World, cell, date, dates};

const LAST: &str = "2026-10-31";

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The nightly job with what the stories look at besides.
pub static NIGHTLY: LazyLock<(ScoreJob, ScoreRun)> = LazyLock::new(|| {
    let also = ["automations_started_180d", "tickets_90d"].map(str::to_owned);
    let overrides = Overrides {
        also: also.to_vec(),
        ..Overrides::default()
    };
    let job = settings::load(
        &project("jobs/nightly.toml"),
        &overrides,
        date("2026-11-20"),
    );
    let job = job.unwrap();
    let run = score_run::score_run(&job, None, &mut Trail::silent()).unwrap();
    (job, run)
});

/// Every pair of the nightly job, scored by the scorecard that runs beside the model in force.
static SCORECARD: LazyLock<(HealthModel, DataFrame)> = LazyLock::new(|| {
    let (job, run) = &*NIGHTLY;
    let model = job.challengers[0].clone();
    assert_eq!(model.name, "scorecard_1to5");
    let levels = ["metric/", "category/", "overall/"];
    let scores = run.scored.get_column_names_owned().into_iter();
    let scores = scores.filter(|column| levels.iter().any(|level| column.starts_with(level)));
    let measured = run.scored.drop_many(scores);
    let scored = scores::score(measured, &model).unwrap();
    (model, scored)
});

fn on(frame: &DataFrame, day: &str) -> DataFrame {
    let day = col("as_of").eq(lit(date(day)));
    frame.clone().lazy().filter(day).collect().unwrap()
}

fn numbers(frame: &DataFrame, column: &str) -> Vec<f64> {
    let column = frame.column(column).unwrap().cast(&DataType::Float64);
    column.unwrap().f64().unwrap().iter().flatten().collect()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Prints how a model's metrics spread the accounts of the last day, and returns those that do not.
///
/// A metric that counts must not put nine in ten of the accounts it concerns at one end; where its
/// curve is not made of steps or words it must know more than a few answers.
fn blind_metrics(model: &HealthModel, scored: &DataFrame) -> Vec<String> {
    let [worst, best] = model.scale;
    let mut blind = Vec::new();
    println!(
        "{:<32} {:>8} {:>8} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6}",
        model.name, "accounts", "distinct", "worst", "best", "p5", "p25", "p50", "p75"
    );
    for (c, _, m, metric) in model.metrics() {
        let mut scores = numbers(scored, &name::metric(&metric.id, name::SCORE));
        scores.sort_by(f64::total_cmp);
        let distinct = {
            let mut distinct = scores.clone();
            distinct.dedup();
            distinct.len()
        };
        let share = |end: f64| {
            let there = scores.iter().filter(|score| (**score - end).abs() < 1e-9);
            there.count() as f64 / scores.len() as f64
        };
        let (at_worst, at_best) = (share(worst), share(best));
        println!(
            "{:<32} {:>8} {distinct:>8} {at_worst:>6.2} {at_best:>6.2} {:>6.1} {:>6.1} {:>6.1} {:>6.1}",
            metric.id,
            scores.len(),
            quantile(&scores, 0.05),
            quantile(&scores, 0.25),
            quantile(&scores, 0.5),
            quantile(&scores, 0.75),
        );
        let numbers: Vec<_> = model
            .cards
            .iter()
            .map(|card| &card.categories[c].metrics[m])
            .collect();
        let counts = numbers.iter().any(|numbers| numbers.weight > 0.0);
        let continuous = matches!(numbers[0].curve, Curve::Lines(_));
        let enough = if continuous { 3 } else { 2 };
        if counts && (at_worst > 0.9 || at_best > 0.9 || distinct < enough || scores.len() < 20) {
            blind.push(metric.id.clone());
        }
    }
    blind
}

fn band_shares(scored: &DataFrame) -> BTreeMap<String, f64> {
    let bands = scored.column(&name::overall(name::BAND)).unwrap();
    let bands: Vec<&str> = bands.str().unwrap().iter().flatten().collect();
    let mut shares = BTreeMap::new();
    for band in &bands {
        *shares.entry((*band).to_owned()).or_insert(0.0) += 1.0 / bands.len() as f64;
    }
    shares
}

fn median_coverage(scored: &DataFrame) -> f64 {
    let mut coverage = numbers(scored, &name::overall(name::COVERAGE));
    coverage.sort_by(f64::total_cmp);
    quantile(&coverage, 0.5)
}

fn not_scored(scored: &DataFrame) -> f64 {
    let reasons = scored.column(&name::overall(name::NOT_SCORED)).unwrap();
    (reasons.len() - reasons.null_count()) as f64 / reasons.len() as f64
}

#[test]
fn the_five_categories_spread_the_accounts_of_the_sample() {
    let (job, run) = &*NIGHTLY;
    let scored = on(&run.scored, LAST);
    assert_eq!(blind_metrics(&job.model, &scored), [""; 0]);
    let bands = band_shares(&scored);
    println!("{bands:?}");
    for (band, expected) in [
        ("Healthy", 0.38),
        ("Monitor", 0.34),
        ("At risk", 0.19),
        ("Critical", 0.09),
    ] {
        let share = bands[band];
        assert!((share - expected).abs() < 0.03, "{band}: {share}");
    }
    let coverage = median_coverage(&scored);
    assert!((0.86..0.94).contains(&coverage), "{coverage}");
    let not_scored = not_scored(&scored);
    assert!((0.02..0.045).contains(&not_scored), "{not_scored}");
}

#[test]
fn the_scorecard_spreads_the_accounts_of_the_sample() {
    let (model, scored) = &*SCORECARD;
    let scored = on(scored, LAST);
    assert_eq!(blind_metrics(model, &scored), [""; 0]);
    let bands = band_shares(&scored);
    println!("{bands:?}");
    for (band, low, high) in [
        ("Green", 0.15, 0.4),
        ("Amber", 0.35, 0.6),
        ("Red", 0.15, 0.4),
    ] {
        let share = bands[band];
        assert!((low..high).contains(&share), "{band}: {share}");
    }
    // Nobody with an open ticket of the highest priority or a missed milestone is green, unless
    // somebody said so by hand.
    let green = col(name::overall(name::BAND))
        .eq(lit("Green"))
        .and(col("override_score").is_null());
    let excused = scored
        .lazy()
        .filter(green.and(col("open_p1").gt(0).or(col("milestones_missed").gt(0))))
        .collect()
        .unwrap();
    assert_eq!(excused.height(), 0);
}

#[test]
fn a_metric_that_does_not_spread_the_accounts_is_found() {
    let (job, run) = &*NIGHTLY;
    let all_at = |score: f64| {
        let csat = lit(score).alias(name::metric("csat", name::SCORE));
        let scored = on(&run.scored, LAST).lazy().with_column(csat);
        blind_metrics(&job.model, &scored.collect().unwrap())
    };
    assert_eq!(all_at(100.0), ["csat"]);
    assert_eq!(all_at(0.0), ["csat"]);
    // In the middle, but always the same, tells nobody apart either.
    assert_eq!(all_at(50.0), ["csat"]);
}

/// What the scores of one account say on one day.
struct Told {
    row: DataFrame,
}

impl Told {
    fn cell(&self, column: &str) -> AnyValue<'static> {
        self.row
            .column(column)
            .unwrap()
            .get(0)
            .unwrap()
            .into_static()
    }

    fn number(&self, column: &str) -> f64 {
        let value = self.cell(column);
        value
            .extract()
            .unwrap_or_else(|| panic!("{column} is {value}"))
    }

    fn text(&self, column: &str) -> String {
        match self.cell(column) {
            AnyValue::Null => String::new(),
            value => value.str_value().into_owned(),
        }
    }

    fn score(&self) -> f64 {
        self.number(&name::overall(name::SCORE))
    }

    fn band(&self) -> String {
        self.text(&name::overall(name::BAND))
    }

    fn category(&self, id: &str) -> f64 {
        self.number(&name::category(id, name::SCORE))
    }

    fn metric(&self, id: &str) -> f64 {
        self.number(&name::metric(id, name::SCORE))
    }

    fn concerns(&self, id: &str) -> bool {
        self.cell(&name::metric(id, name::APPLIES)) == AnyValue::Boolean(true)
    }

    fn limits(&self) -> String {
        self.text(&name::overall(name::LIMITS))
    }
}

fn told_by(scored: &DataFrame, account: &str, day: &str) -> Told {
    let account_row = col("account_id").eq(lit(account));
    let row = on(scored, day)
        .lazy()
        .filter(account_row)
        .collect()
        .unwrap();
    assert_eq!(row.height(), 1, "{account} on {day}");
    Told { row }
}

fn told(account: &str, day: &str) -> Told {
    told_by(&NIGHTLY.1.scored, account, day)
}

/// The days that the nightly job looks at: the last, and 30, 60 and 90 days before.
const DAYS: [&str; 4] = ["2026-08-02", "2026-09-01", "2026-10-01", LAST];

#[test]
fn a_fall_within_a_month_shows_beside_a_lower_but_steady_account() {
    let (before, after) = (told("ACC-9001", DAYS[2]), told("ACC-9001", LAST));
    assert!((before.score() - 90.0).abs() < 2.0, "{}", before.score());
    assert!((after.score() - 74.0).abs() < 1.5, "{}", after.score());
    // By its behaviour: no limit holds it down.
    assert_eq!(after.limits(), "");
    assert_eq!(
        (before.band().as_str(), after.band().as_str()),
        ("Healthy", "Monitor")
    );
    // Usage and support fell, the rest did not.
    for (category, fell) in [
        ("usage", true),
        ("support", true),
        ("adoption", false),
        ("lifecycle", false),
    ] {
        let change = after.category(category) - before.category(category);
        assert_eq!(change < -10.0, fell, "{category}: {change}");
    }
    let steady = DAYS.map(|day| told("ACC-9002", day).score());
    assert!((steady[3] - 68.0).abs() < 1.5, "{steady:?}");
    // Within a month nothing beyond the flat band, within a quarter hardly more.
    assert!((steady[3] - steady[2]).abs() <= 2.0, "{steady:?}");
    let off = |score: &f64| (score - steady[3]).abs() < 4.0;
    assert!(steady.iter().all(off), "{steady:?}");
    for day in DAYS {
        assert_eq!(told("ACC-9002", day).band(), "Monitor");
    }
    // The one that fell stands higher than the steady one, and is still the first to look at.
    assert!(after.score() > steady[3]);
    let compared = on(&NIGHTLY.1.compared, LAST);
    let rank = |account: &str| cell(&compared, account, &name::overall(attention::RANK));
    let rank = |account: &str| rank(account).extract::<f64>().unwrap();
    assert!(rank("ACC-9001") < rank("ACC-9002"));
}

#[test]
fn many_tickets_are_read_in_the_light_of_how_they_were_handled() {
    // 40 tickets that were solved within a day and rated well do not count.
    let power_user = told("ACC-9003", DAYS[1]);
    assert!(power_user.number("tickets_90d") >= 40.0);
    assert!(!power_user.concerns("tickets_per_ten_users"));
    assert!(power_user.category("support") > 90.0);
    for day in DAYS {
        assert_eq!(told("ACC-9003", day).band(), "Healthy");
    }
    // 12 that were slow and escalated do, and keep an account that is well otherwise from being healthy.
    for day in &DAYS[..2] {
        let let_down = told("ACC-9004", day);
        assert!(let_down.concerns("tickets_per_ten_users"));
        assert!(let_down.metric("escalation_rate") < 25.0);
        let support = let_down.category("support");
        for other in ["usage", "adoption", "lifecycle", "commercial"] {
            assert!(support < let_down.category(other) - 20.0, "{other}");
        }
        assert_eq!(let_down.band(), "Monitor");
        assert!(let_down.score() < 80.0);
    }
    // A spike within an announced rollout raises no alarm.
    let rollout = told("ACC-9013", LAST);
    assert_eq!(rollout.band(), "Healthy");
    assert!(rollout.category("support") > 80.0);
    assert!(!told_by(&SCORECARD.1, "ACC-9013", LAST).concerns("ticket_trend"));
}

#[test]
fn fewer_log_ins_after_an_automation_are_no_fall() {
    let (before, after) = (told("ACC-9005", DAYS[0]), told("ACC-9005", LAST));
    assert_eq!(after.number("automations_started_180d"), 1.0);
    assert!(!after.concerns("usage_trend") && !after.concerns("usage_trend_90d"));
    assert_eq!(
        (before.band().as_str(), after.band().as_str()),
        ("Healthy", "Healthy")
    );
}

#[test]
fn dissatisfaction_caps_the_score_of_an_account_that_uses_the_product_a_lot() {
    let detractor = told("ACC-9006", DAYS[2]);
    assert!(detractor.category("usage") > 85.0);
    assert!(detractor.score() < 80.0);
    assert!(detractor.number(&name::overall(name::BASE)) > 60.0);
    assert_eq!(detractor.band(), "Monitor");
    assert!(detractor.number("latest_recommendation") <= 4.0);
    // On the scorecard it is the cap that keeps it from being green, or its own points already do.
    assert_ne!(told_by(&SCORECARD.1, "ACC-9006", DAYS[2]).band(), "Green");
}

#[test]
fn a_sponsor_who_left_shows_where_a_person_is_missing() {
    let (before, after) = (told("ACC-9007", DAYS[1]), told("ACC-9007", LAST));
    assert_eq!(before.metric("executive_sponsors"), 100.0);
    assert_eq!(after.metric("executive_sponsors"), 0.0);
    assert!(before.category("commercial") - after.category("commercial") > 10.0);
    assert_eq!(after.band(), "Healthy");
    let scorecard = told_by(&SCORECARD.1, "ACC-9007", LAST);
    assert_eq!(scorecard.text("sponsor_status"), "vacant");
    assert_eq!(scorecard.metric("sponsor_status"), 1.0);
}

#[test]
fn what_no_signal_shows_is_healthy_to_the_end() {
    for day in &DAYS[..2] {
        assert_eq!(told("ACC-9008", day).band(), "Healthy");
    }
}

#[test]
fn stepping_in_shows_as_a_recovery() {
    let (before, after) = (told("ACC-9009", DAYS[1]), told("ACC-9009", LAST));
    assert_eq!(
        (before.band().as_str(), after.band().as_str()),
        ("At risk", "Monitor")
    );
    assert!(after.score() - before.score() > 10.0);
}

#[test]
fn of_two_new_accounts_the_one_on_track_is_healthy_and_the_stalled_one_is_not() {
    let (stalled, on_track) = (told("ACC-9010", LAST), told("ACC-9011", LAST));
    for account in [&stalled, &on_track] {
        assert_eq!(account.text(&name::overall(name::VARIANT)), "ramp_up");
    }
    assert_eq!(on_track.band(), "Healthy");
    assert!(on_track.category("lifecycle") > 90.0);
    assert!(stalled.category("lifecycle") < 40.0);
    assert_eq!(stalled.band(), "At risk");
    // Earlier the milestones alone spoke, and told them apart already.
    let (stalled, on_track) = (told("ACC-9010", DAYS[1]), told("ACC-9011", DAYS[1]));
    assert_eq!(stalled.text(&name::overall(name::VARIANT)), "onboarding");
    assert!(on_track.score() - stalled.score() > 25.0);
}

#[test]
fn paying_late_costs_commercial_points_and_nothing_else() {
    let late = told("ACC-9012", LAST);
    assert!(late.metric("days_late") < 50.0);
    for category in ["usage", "adoption", "lifecycle", "support"] {
        assert!(late.category(category) > 80.0, "{category}");
        assert!(late.category("commercial") < late.category(category) - 5.0);
    }
    assert_eq!(late.band(), "Healthy");
}

#[test]
fn workspaces_of_one_parent_differ() {
    let family =
        ["ACC-9014", "ACC-9015", "ACC-9016", "ACC-9017"].map(|account| told(account, LAST));
    let bands = family.iter().map(Told::band).collect::<Vec<_>>();
    assert_eq!(bands[..3], ["Healthy", "Healthy", "Monitor"]);
    assert!(
        matches!(bands[3].as_str(), "At risk" | "Critical"),
        "{bands:?}"
    );
}

#[test]
fn unused_seats_and_readiness_to_grow_are_told_apart() {
    let half_used = told("ACC-9018", LAST);
    let share = half_used.number("monthly_active_share");
    assert!((0.3..0.4).contains(&share), "{share}");
    assert!(half_used.metric("seats_activated") < 50.0);
    assert_eq!(half_used.band(), "Monitor");
    let advocates = told("ACC-9019", LAST);
    assert_eq!(advocates.number("champions"), 3.0);
    assert_eq!(advocates.number("open_expansions"), 1.0);
    assert_eq!(advocates.limits(), "");
    assert!(advocates.score() > 90.0 && advocates.metric("renewal_momentum") > 80.0);
}

/// What each story's account must show: the day to look at (one of [`DAYS`]), score and band, where the
/// month before went, and the least coverage.
const STORIES: [(&str, usize, f64, &str, &str, f64); 19] = [
    ("ACC-9001", 3, 74.0, "Monitor", "down", 0.98),
    ("ACC-9002", 3, 68.0, "Monitor", "flat", 0.98),
    ("ACC-9003", 1, 94.0, "Healthy", "flat", 0.98),
    ("ACC-9004", 1, 79.9, "Monitor", "flat", 0.98),
    ("ACC-9005", 3, 85.5, "Healthy", "flat", 0.98),
    ("ACC-9006", 2, 79.9, "Monitor", "flat", 0.98),
    ("ACC-9007", 3, 88.7, "Healthy", "flat", 0.98),
    ("ACC-9008", 1, 92.7, "Healthy", "flat", 0.98),
    ("ACC-9009", 3, 75.5, "Monitor", "up", 0.98),
    // New accounts have no quarter to compare with yet.
    ("ACC-9010", 3, 54.8, "At risk", "flat", 0.95),
    ("ACC-9011", 3, 94.6, "Healthy", "flat", 0.95),
    ("ACC-9012", 3, 94.0, "Healthy", "up", 0.98),
    ("ACC-9013", 3, 92.2, "Healthy", "flat", 0.98),
    ("ACC-9014", 3, 91.3, "Healthy", "flat", 0.98),
    ("ACC-9015", 3, 93.2, "Healthy", "flat", 0.98),
    ("ACC-9016", 3, 69.4, "Monitor", "down", 0.98),
    ("ACC-9017", 3, 45.8, "At risk", "down", 0.98),
    ("ACC-9018", 3, 78.6, "Monitor", "flat", 0.98),
    ("ACC-9019", 3, 97.3, "Healthy", "flat", 0.98),
];

#[test]
fn every_story_shows_in_score_band_trend_and_coverage() {
    let told_of: Vec<&str> = STORIES.iter().map(|story| story.0).collect();
    let page = std::fs::read_to_string(project("sample_data/README.md")).unwrap();
    let listed = page.lines().filter_map(|line| line.strip_prefix("| ACC-9"));
    let listed: Vec<String> = listed.map(|line| format!("ACC-9{}", &line[..3])).collect();
    assert_eq!(listed, told_of);
    for (account, day, score, band, trend, coverage) in STORIES {
        let (before, then) = (told(account, DAYS[day - 1]), told(account, DAYS[day]));
        let found = then.score();
        assert!((found - score).abs() < 1.0, "{account}: {found}");
        assert_eq!(then.band(), band, "{account}");
        // As in the trend that is published: the difference of what is shown, beyond the flat band.
        let change = ((found * 10.0).round() - (before.score() * 10.0).round()) / 10.0;
        let went = match change {
            change if change > 2.0 => "up",
            change if change < -2.0 => "down",
            _ => "flat",
        };
        assert_eq!(went, trend, "{account}: {change}");
        if day == 3 {
            let compared = on(&NIGHTLY.1.compared, LAST);
            let direction = cell(&compared, account, "overall/direction_30d");
            assert_eq!(direction.str_value(), trend, "{account}");
        }
        let found = then.number(&name::overall(name::COVERAGE));
        assert!(found >= coverage, "{account}: {found}");
    }
}

/// Returns the comment that stands directly above each line that begins so, `#` and all.
fn comments_above<'a>(text: &'a str, header: &str) -> Vec<(&'a str, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let headers = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.starts_with(header));
    headers
        .map(|(at, line)| {
            let above = lines[..at].iter().rev();
            let comment = above.take_while(|line| line.starts_with('#'));
            let mut comment: Vec<&str> = comment
                .map(|line| line.trim_start_matches(['#', ' ']))
                .collect();
            comment.reverse();
            (*line, comment.join(" "))
        })
        .collect()
}

#[test]
fn every_export_says_what_it_is_who_delivers_it_and_what_its_words_may_be() {
    let text = std::fs::read_to_string(project("jobs/exports.toml")).unwrap();
    let tables: Vec<(&str, String)> = comments_above(&text, "[tables.")
        .into_iter()
        .filter(|(header, _)| !header.ends_with(".rules]"))
        .collect();
    assert_eq!(tables.len(), 22);
    for (header, comment) in tables {
        let what = comment.starts_with("One row per") || comment.starts_with("What ");
        assert!(what, "{header} does not say what a row is: {comment}");
        let who = [
            "from the ",
            "from product",
            "from billing",
            "from a ",
            "kept by ",
            "from the CRM",
        ];
        let who = who
            .iter()
            .any(|words| comment.to_lowercase().contains(words));
        assert!(
            who,
            "{header} does not say which systems deliver it: {comment}"
        );
    }
    // A word that a formula compares a column with is one that a rule allows.
    let measures = std::fs::read_to_string(project("jobs/measures.toml")).unwrap();
    let words = regex::Regex::new(r"([a-z_]+) (?:=|<>|IN|WHEN) \(?'").unwrap();
    for table in text.split("\n[tables.").skip(1) {
        let export = table.split(']').next().unwrap().split('.').next().unwrap();
        let from = format!("from = \"{export}\"");
        let compared: BTreeSet<&str> = measures
            .split("\n[measures.")
            .filter(|measure| measure.contains(&from))
            .flat_map(|measure| words.captures_iter(measure))
            .map(|found| found.get(1).unwrap().as_str())
            .collect();
        let rules: String = text
            .split("\n[tables.")
            .filter(|part| {
                part.starts_with(&format!("{export}]")) || part.starts_with(&format!("{export}."))
            })
            .collect();
        for column in compared {
            assert!(
                rules.contains(&format!("{column} IN (")),
                "{export}: no rule says what `{column}` may be, so a word spelled otherwise would not be seen"
            );
        }
    }
}

#[test]
fn every_metric_gives_the_reason_for_its_curve_and_every_model_says_whose_it_is() {
    let (job, _) = &*NIGHTLY;
    for (model, weights) in [
        (&job.model, [0.30, 0.20, 0.15, 0.20, 0.15]),
        (&SCORECARD.0, [0.30, 0.20, 0.20, 0.15, 0.15]),
    ] {
        let comments = comments_above(&model.text, "[categories.");
        let metrics: Vec<_> = comments
            .iter()
            .filter(|(header, _)| header.contains(".metrics."))
            .collect();
        assert_eq!(metrics.len(), model.metrics().count());
        for (header, comment) in metrics {
            assert!(
                comment.len() > 40,
                "{}: {header} gives no reason: {comment}",
                model.name
            );
        }
        let about = &model.about;
        assert!(model.version.is_some() && about.owner.is_some() && about.effective_date.is_some());
        assert!(
            about.review_cycle.is_some() && about.status.is_some() && !about.changes.is_empty()
        );
        let found: Vec<f64> = model.cards[0]
            .categories
            .iter()
            .map(|card| card.weight)
            .collect();
        assert_eq!(found, weights, "{}", model.name);
    }
}

#[test]
fn the_benchmarks_are_targets_and_just_healthy() {
    let (job, _) = &*NIGHTLY;
    for (model, metric, benchmark, healthy) in [
        (&job.model, "csat", 8.0, 80.0),
        (&job.model, "nps", 30.0, 80.0),
        (&SCORECARD.0, "daily_to_monthly_active_users", 0.25, 4.0),
        (&SCORECARD.0, "csat", 8.0, 4.0),
        (&SCORECARD.0, "nps", 30.0, 4.0),
    ] {
        let (c, _, m, _) = model.metrics().find(|found| found.3.id == metric).unwrap();
        let card = &model.cards[0].categories[c].metrics[m];
        assert_eq!(card.target, Some(benchmark), "{metric}");
        let Curve::Lines(knots) = &card.curve else {
            panic!("{metric} has no lines");
        };
        let there = knots.iter().find(|knot| knot.value == benchmark);
        assert_eq!(there.map(|knot| knot.score), Some(healthy), "{metric}");
    }
}

fn catalog() -> &'static Catalog {
    &NIGHTLY.0.catalog
}

#[test]
fn every_measure_says_what_it_is() {
    assert!(catalog().measures.len() > 150);
    for (measure, is) in &catalog().measures {
        assert_ne!(&is.label, measure, "a label is for people");
        assert!(is.description.is_some(), "{measure} has no description");
        if is.kind.is_number() {
            assert!(is.unit.is_some(), "{measure} has no unit");
        }
        // What is better or worse is so before or after the event.
        assert!(
            is.better.is_none() || is.timing.is_some(),
            "{measure} has no timing"
        );
    }
}

fn page() -> String {
    std::fs::read_to_string(project("jobs/README.md")).unwrap()
}

#[test]
fn the_page_lists_every_function_and_no_other() {
    let listed: Vec<String> = page()
        .lines()
        .skip_while(|line| !line.starts_with("| function |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect();
    let expected: Vec<String> = FUNCTIONS
        .iter()
        .map(|function| format!("| `{}` | {} |", function.usage, function.meaning))
        .collect();
    assert_eq!(listed, expected);
}

/// Returns the TOML examples of the walk-through, each under the file that its first line names.
fn examples() -> Vec<(String, String)> {
    let page = page();
    let walk = page.split("## Ten minutes: ").nth(1).unwrap();
    let walk = walk.split("\n## ").next().unwrap();
    let blocks = walk.split("```toml\n# ").skip(1);
    blocks
        .map(|block| {
            let (file, rest) = block.split_once('\n').unwrap();
            let text = rest.split("```").next().unwrap();
            (file.to_owned(), text.to_owned())
        })
        .collect()
}

#[test]
fn the_walk_through_of_the_page_runs_on_the_shipped_files() {
    let world = World::empty();
    for file in ["exports.toml", "measures.toml", "models/five_category.toml"] {
        let shipped = std::fs::read_to_string(project("jobs").join(file)).unwrap();
        world.write(file, &shipped);
    }
    let small = Settings {
        accounts: 12,
        months: 6,
        ..Settings::default()
    };
    for export in sample::generate(&small).unwrap().exports {
        let path = export.path.trim_end_matches(".parquet");
        world.export(path, Ok(export.frame));
    }
    world.export(
        "status_visits",
        df!(
            "visit_id" => ["V1", "V2", "V3", "V4"],
            "org_id" => ["ACC-9003", "ACC-9003", "ACC-9002", "ACC-9003"],
            "visited_at" => dates(&["2026-10-03", "2026-10-20", "2026-10-04", "2026-11-01"]),
        ),
    );
    let examples = examples();
    assert_eq!(examples.len(), 8);
    for (file, text) in &examples {
        // Whole files, and what is added to one that is there.
        let whole = ["name = ", "kind = ", "job = "];
        if whole.iter().any(|first| text.starts_with(first)) {
            world.write(file, text);
        } else {
            world.add(file, text);
        }
    }
    let job = |model: &str| {
        format!(
            "kind = \"score\"\nexports = \"exports.toml\"\nmeasures = \"measures.toml\"\nmodel = \"{model}\"\ndata = \"data\"\nout = \"out\"\nas_of = \"2026-10-31\"\n"
        )
    };
    let scored = |file: &str| {
        let overrides = Overrides {
            exports: Some(world.path().join("data")),
            ..Overrides::default()
        };
        let job = settings::load(&world.path().join(file), &overrides, date("2026-11-20"));
        let run = score_run::score_run(&job.unwrap(), None, &mut Trail::silent());
        run.unwrap().compared
    };
    let measured = |model: &str| {
        world.write("job.toml", &job(model));
        scored("job.toml")
    };
    let watched = measured("models/five_category.toml");
    let visits = |account: &str| cell(&watched, account, "status_visits_28d").extract::<f64>();
    assert_eq!(visits("ACC-9003"), Some(1.0));
    assert_eq!(visits("ACC-9002"), Some(1.0));
    assert_eq!(visits("ACC-9011"), None);
    assert_eq!(
        cell(&watched, "ACC-9003", "status_visits_per_ten_seats"),
        AnyValue::Float64(0.2)
    );
    let own = measured("models/my_model.toml");
    assert_eq!(
        cell(&own, "ACC-9003", &name::overall(name::BAND)),
        AnyValue::StringOwned("Good".into())
    );
    // The test of the walk-through passes.
    world.write("nightly.toml", &job("models/five_category.toml"));
    let tested = world.command(&["test", "tests/status_visits.toml"]);
    let said = String::from_utf8(tested.stdout).unwrap();
    assert!(said.contains("1 passed, 0 failed"), "{said}");
    // Each product of an account by itself.
    let parts = scored("by_product.toml");
    let id = format!("ACC-9003{}Business", healthscore::domain::PART_SEPARATOR);
    assert_eq!(
        cell(&parts, &id, &name::overall(name::BAND)),
        AnyValue::StringOwned("Good".into())
    );
}
