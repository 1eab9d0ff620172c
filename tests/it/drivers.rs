//! What moved a score: parts that sum to the change, and what each of them may be called.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{AS_OF, World, date};

/// A world in which everything happens that can move a score: tickets open and close, seats and
/// log-ins change, a feed knows only some accounts, accounts pass into another variant, a cap
/// bites, and somebody sets scores by hand.
struct Story {
    accounts: u64,
    /// The day after which no ticket was exported, in days after the as-of date.
    tickets_until: i64,
    name: fn(u64) -> String,
    reversed: bool,
}

const STORY: Story = Story {
    accounts: 40,
    tickets_until: 0,
    name: plain,
    reversed: false,
};

fn plain(n: u64) -> String {
    format!("A{n:02}")
}

fn on(day: i64) -> NaiveDate {
    let as_of = date(AS_OF);
    match u64::try_from(day) {
        Ok(day) => as_of + Days::new(day),
        Err(_) => as_of - Days::new(day.unsigned_abs()),
    }
}

/// Returns a number below `below` that is anybody's guess, and the same each time.
fn chance(account: u64, what: u64, below: u64) -> i64 {
    let mut state = account * 7919 + what * 104_729 + 17;
    for _ in 0..4 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
    }
    ((state >> 33) % below) as i64
}

const EXPORTS: &str = r#"
[population]
eligible = "active_lines > 0"

[tables.accounts]
path = "accounts.parquet"
time = "created_on"

[tables.contracts]
path = "contracts.parquet"
key = ["line_id"]
time = "signed_on"
observed = "all"

[tables.tickets]
path = "tickets.parquet"
key = ["ticket_id"]
time = "opened_at"
known = { closed_at = "closed_at" }
observed = "all"
fresh_within = "10d"

[tables.logins]
path = "logins.parquet"
time = "day"
observed = "any row"

[tables.by_hand]
path = "by_hand.parquet"
key = ["entry"]
time = "made_on"
"#;

const MEASURES: &str = r#"
[measures.logins]
from = "logins"
window = "28d"
value = "SUM(n)"
none = 0

[measures.days_known]
value = "DATEDIFF('day', created_on, as_of)"

[measures.mood]
from = "by_hand"
window = "60d"
value = "LATEST(score)"

[measures.set_score]
from = "by_hand"
where = "until > as_of"
value = "LATEST(score)"

[measures.set_by]
from = "by_hand"
where = "until > as_of"
value = "LATEST(author)"

[measures.set_because]
from = "by_hand"
where = "until > as_of"
value = "LATEST(reason)"

[measures.set_until]
from = "by_hand"
where = "until > as_of"
value = "LATEST(until)"
"#;

const MODEL: &str = r#"
[categories.usage]
weight = 0.5

[categories.usage.metrics.logins]
weight = 0.7
curve = { points = [[0, 0], [30, 100]] }

[categories.usage.metrics.days_known]
weight = 0.1
curve = { points = [[0, 20], [700, 100]] }
applies_when = "seats > 2"

[categories.usage.metrics.mood]
weight = 0.2
curve = { points = [[0, 0], [90, 100]] }

[[variants]]
id = "young"
when = "days_known < 200"
weights = { support = 0.2, commercial = 0.5, usage = 0.3 }

[[caps]]
id = "three_open"
when = "open_tickets >= 3"
at_most = 45
reason = "three tickets are open"

[override]
score = "set_score"
author = "set_by"
reason = "set_because"
expires_on = "set_until"
"#;

fn world(story: &Story) -> World {
    let world = World::base();
    world.write("exports.toml", EXPORTS);
    world.add("measures.toml", MEASURES);
    world.edit("model.toml", "weight = 0.6", "weight = 0.3");
    world.edit("model.toml", "weight = 0.4", "weight = 0.2");
    world.add("model.toml", MODEL);
    world.edit(
        "job.toml",
        "[\"30d\"]",
        "[\"30d\", \"60d\", \"last_scorecard\"]",
    );
    let accounts: Vec<u64> = if story.reversed {
        (0..story.accounts).rev().collect()
    } else {
        (0..story.accounts).collect()
    };
    let id = |n: &u64| (story.name)(*n);
    let of_each = |what: u64, below: u64| {
        let accounts = accounts.clone();
        move || {
            accounts
                .iter()
                .map(move |n| chance(*n, what, below))
                .collect::<Vec<_>>()
        }
    };
    let ids = || accounts.iter().map(id).collect::<Vec<_>>();
    let born: Vec<_> = of_each(1, 600)().iter().map(|day| on(-80 - day)).collect();
    world.export("accounts", df!("account_id" => ids(), "created_on" => born));
    // A second line begins for some a while ago.
    let mut lines = (vec![], vec![], vec![], vec![]);
    let mut tickets = (vec![], vec![], vec![], vec![]);
    let mut logins = (vec![], vec![], vec![]);
    for n in &accounts {
        for (line, begins) in [(0, 75 + chance(*n, 2, 300)), (1, chance(*n, 3, 150))] {
            lines.0.push(format!("{}-{line}", id(n)));
            lines.1.push(id(n));
            lines.2.push(on(-begins));
            lines.3.push(1 + chance(*n, 4 + line, 6));
        }
        for ticket in 0..chance(*n, 6, 7) as u64 {
            let opened = chance(*n, 20 + ticket, 100) - 95;
            if opened > story.tickets_until {
                continue;
            }
            tickets.0.push(format!("{}-{ticket}", id(n)));
            tickets.1.push(id(n));
            tickets.2.push(on(opened));
            tickets
                .3
                .push((chance(*n, 40 + ticket, 3) > 0).then(|| on(opened + 25)));
        }
        // A third of the accounts has no log-ins before a day, another stays unknown.
        let first = [-100, -chance(*n, 7, 60), 1][chance(*n, 8, 3) as usize];
        for day in (first..=0).step_by(3) {
            logins.0.push(id(n));
            logins.1.push(on(day));
            logins.2.push(chance(*n, 100 + day.unsigned_abs(), 6));
        }
    }
    // The feed is fresh as long as it lasts, whatever the accounts did.
    tickets.0.push("last".into());
    tickets.1.push(id(&0));
    tickets.2.push(on(story.tickets_until.min(0)));
    tickets.3.push(Some(on(story.tickets_until.min(0))));
    let many = lines.0.len();
    world.export(
        "contracts",
        df!(
            "line_id" => lines.0, "account_id" => lines.1, "signed_on" => lines.2.clone(),
            "starts_on" => lines.2, "ends_on" => vec![on(500); many], "seats" => lines.3,
        ),
    );
    world.export(
        "tickets",
        df!("ticket_id" => tickets.0, "account_id" => tickets.1, "opened_at" => tickets.2, "closed_at" => tickets.3),
    );
    world.export(
        "logins",
        df!("account_id" => logins.0, "day" => logins.1, "n" => logins.2),
    );
    let by_hand: Vec<u64> = accounts.iter().copied().filter(|n| n % 3 == 0).collect();
    world.export(
        "by_hand",
        df!(
            "entry" => by_hand.iter().map(id).collect::<Vec<_>>(),
            "account_id" => by_hand.iter().map(id).collect::<Vec<_>>(),
            "made_on" => by_hand.iter().map(|n| on(-chance(*n, 9, 120))).collect::<Vec<_>>(),
            "until" => by_hand.iter().map(|n| on(chance(*n, 10, 30) - 10)).collect::<Vec<_>>(),
            "score" => by_hand.iter().map(|n| 10.0 * chance(*n, 11, 10) as f64).collect::<Vec<_>>(),
            "author" => vec!["Ann"; by_hand.len()],
            "reason" => vec!["knows better"; by_hand.len()],
        ),
    );
    world
}

fn table(world: &World, overrides: &Overrides, name: &str) -> DataFrame {
    let scorecards = world.publish(overrides).unwrap();
    let tables = &scorecards.last().unwrap().tables;
    let table = tables.iter().find(|table| table.name == name);
    table.unwrap().frame().unwrap()
}

fn on_date(as_of: &str) -> Overrides {
    Overrides {
        as_of: Some(as_of.to_owned()),
        ..Overrides::default()
    }
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let cells = frame.column(column).unwrap().str().unwrap();
    cells.iter().map(|cell| cell.map(str::to_owned)).collect()
}

fn numbers(frame: &DataFrame, column: &str) -> Vec<Option<f64>> {
    frame
        .column(column)
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .collect()
}

/// Returns shown points as whole steps of their grid.
fn tenths(points: f64) -> i64 {
    let steps = (points * 10.0).round();
    assert!(
        (points * 10.0 - steps).abs() < 1e-9,
        "{points} is not on the grid"
    );
    steps as i64
}

/// A driver without its points: account, comparator, cause, metric.
#[derive(Debug)]
struct Driver {
    account: String,
    comparator: String,
    cause: String,
    metric: Option<String>,
    points: i64,
    then: bool,
    now: bool,
}

fn drivers(frame: &DataFrame) -> Vec<Driver> {
    let [account, comparator, cause, metric] =
        ["account_id", "comparator", "cause", "metric"].map(|column| texts(frame, column));
    let points = numbers(frame, "points");
    let is_known = |number: &str, text: &str| -> Vec<bool> {
        let pairs = numbers(frame, number).into_iter().zip(texts(frame, text));
        pairs
            .map(|(number, text)| number.is_some() || text.is_some())
            .collect()
    };
    let (then, now) = (
        is_known("value_then", "text_then"),
        is_known("value_now", "text_now"),
    );
    (0..frame.height())
        .map(|row| Driver {
            account: account[row].clone().unwrap(),
            comparator: comparator[row].clone().unwrap(),
            cause: cause[row].clone().unwrap(),
            metric: metric[row].clone(),
            points: tenths(points[row].unwrap()),
            then: then[row],
            now: now[row],
        })
        .collect()
}

#[test]
fn drivers_sum_to_the_shown_change_of_every_account_and_of_all_together() {
    let world = world(&STORY);
    world.publish(&on_date("2026-01-10")).unwrap();
    // Another model since the last scorecard.
    world.edit("model.toml", "weight = 0.7", "weight = 0.6");
    world.edit("model.toml", "weight = 0.2\ncurve", "weight = 0.3\ncurve");
    let scores = table(&world, &on_date(AS_OF), "account_scores");
    let published = table(&world, &on_date(AS_OF), "drivers");
    let begun = Some("it did not count for this account then".to_owned());
    assert!(texts(&published, "reason").contains(&begun));
    let found = drivers(&published);
    let accounts = texts(&scores, "account_id");
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    for driver in &found {
        *causes.entry(&driver.cause).or_default() += 1;
    }
    for comparator in ["30d", "60d", "last_scorecard"] {
        let changes = numbers(&scores, &format!("change_{comparator}"));
        let mut all = (0, 0);
        let mut moved = 0;
        for (account, change) in accounts.iter().zip(changes) {
            let own = found.iter().filter(|driver| {
                driver.comparator == comparator && Some(&driver.account) == account.as_ref()
            });
            let (mut sum, mut n) = (0, 0);
            for driver in own {
                sum += driver.points;
                n += 1;
            }
            let Some(change) = change.map(tenths) else {
                assert_eq!(n, 0, "{account:?} has no change against {comparator}");
                continue;
            };
            assert_eq!(sum, change, "{account:?} against {comparator}");
            moved += usize::from(change != 0);
            all = (all.0 + sum, all.1 + change);
        }
        assert_eq!(all.0, all.1);
        assert!(moved > 20, "{moved} scores moved against {comparator}");
    }
    // Nothing of this holds for want of cases.
    for cause in [
        "behaviour",
        "calendar",
        "data_lost",
        "data_returned",
        "limit",
        "model",
        "override",
        "variant",
    ] {
        assert!(causes.contains_key(cause), "{causes:?}");
    }
    for driver in &found {
        let known = match (driver.cause.as_str(), &driver.metric) {
            ("data_lost", Some(_)) => driver.then && !driver.now,
            ("data_returned", Some(_)) => !driver.then && driver.now,
            // A metric that begins to concern an account, or no longer does, has one value.
            (_, Some(_)) => driver.then || driver.now,
            ("model", None) => driver.then && driver.now,
            ("variant" | "limit" | "override", None) => driver.then || driver.now,
            _ => true,
        };
        assert!(known, "{driver:?}");
    }
}

#[test]
fn neither_names_nor_the_order_of_rows_move_a_driver() {
    // The other way round in the alphabet.
    fn other(n: u64) -> String {
        format!("Z{:02}", 99 - n)
    }
    let renamed = Story {
        name: other,
        reversed: true,
        ..STORY
    };
    let told = |story: &Story| {
        let found = table(&world(story), &on_date(AS_OF), "drivers");
        let columns = [
            "comparator",
            "cause",
            "category",
            "metric",
            "points",
            "raw_points",
            "value_then",
            "value_now",
            "text_then",
            "text_now",
            "reason",
        ];
        let accounts = texts(&found, "account_id");
        let mut rows: Vec<(u64, String)> = (0..found.height())
            .map(|row| {
                let account = (0..story.accounts)
                    .find(|n| Some((story.name)(*n)) == accounts[row])
                    .unwrap();
                let cells = columns
                    .map(|column| format!("{:?}", found.column(column).unwrap().get(row).unwrap()));
                (account, cells.join(" | "))
            })
            .collect();
        rows.sort();
        rows
    };
    let (here, there) = (told(&STORY), told(&renamed));
    assert!(here.len() > 100, "{}", here.len());
    assert_eq!(here, there);
}

#[test]
fn a_feed_that_disappears_is_data_lost_and_never_behaviour() {
    // The newest ticket is older than the feed may be on the as-of date, and not thirty days ago.
    let world = world(&Story {
        tickets_until: -20,
        ..STORY
    });
    let found = drivers(&table(&world, &on_date(AS_OF), "drivers"));
    let of_tickets: Vec<_> = found
        .iter()
        .filter(|driver| driver.metric.as_deref() == Some("open_tickets"))
        .collect();
    assert!(of_tickets.len() > 20, "{}", of_tickets.len());
    for driver in of_tickets {
        assert_eq!(driver.cause, "data_lost", "{driver:?}");
        assert!(driver.then && !driver.now, "{driver:?}");
    }
    // What else happened is told as before.
    assert!(found.iter().any(|driver| driver.cause == "behaviour"));
}

#[test]
fn another_model_and_nothing_else_is_change_of_model_and_nothing_else() {
    let world = world(&STORY);
    // The same date, as if it were another, so that nothing but the model differs.
    let then = "2026-01-30";
    let quiet = "value = \"DATEDIFF('day', created_on, as_of)\"";
    world.edit("measures.toml", quiet, "value = \"seats * 100\"");
    world.edit("measures.toml", "window = \"28d\"\n", "");
    world.edit("measures.toml", "window = \"60d\"\n", "");
    // Nobody logs in, opens or closes on the last day.
    world.edit(
        "measures.toml",
        "value = \"SUM(n)\"",
        "value = \"SUM(n) FILTER (WHERE day < DATE '2026-01-20')\"",
    );
    world.edit(
        "measures.toml",
        "where = \"closed_at IS NULL\"",
        "where = \"opened_at < DATE '2026-01-01'\"",
    );
    world.edit(
        "measures.toml",
        "where = \"until > as_of\"",
        "where = \"until > DATE '2026-02-01' AND made_on < DATE '2026-01-20'\"",
    );
    world.edit(
        "measures.toml",
        "where = \"starts_on <= as_of AND ends_on > as_of\"",
        "where = \"starts_on < DATE '2026-01-20'\"",
    );
    world.publish(&on_date(then)).unwrap();
    let compared = |frame: DataFrame| -> Vec<Driver> {
        let found = drivers(&frame).into_iter();
        found
            .filter(|driver| driver.comparator == "last_scorecard")
            .collect()
    };
    let none = compared(table(&world, &on_date(AS_OF), "drivers"));
    assert!(none.is_empty(), "{none:?}");
    world.edit("model.toml", "[[0, 0], [30, 100]]", "[[0, 0], [60, 100]]");
    world.edit("model.toml", "weight = 0.7", "weight = 0.6");
    world.edit("model.toml", "weight = 0.2\ncurve", "weight = 0.3\ncurve");
    let found = compared(table(&world, &on_date(AS_OF), "drivers"));
    assert!(found.len() > 10, "{}", found.len());
    for driver in &found {
        assert_eq!(driver.cause, "model", "{driver:?}");
    }
}

/// A model of many metrics is split in a thread that has no more stack than the engine's own. The
/// engine grows its stack while it goes down a plan; formulas and what is made of them do not.
#[test]
fn a_large_model_is_split_within_the_stack_of_a_thread() {
    let work = || {
        let world = world(&STORY);
        let (mut measures, mut model) = (String::new(), String::new());
        for category in 0..10 {
            model += &format!("[categories.more_{category}]\nweight = 0.02\n");
            for metric in 0..10 {
                let id = format!("logins_{category}_{metric}");
                measures += &format!("[measures.{id}]\nvalue = \"logins * {}\"\n", metric + 1);
                model += &format!(
                    "[categories.more_{category}.metrics.{id}]\nweight = 0.1\ncurve = {{ points = [[0, 0], [{}, 100]] }}\n",
                    20 + category
                );
            }
        }
        world.add("measures.toml", &measures);
        world.edit(
            "model.toml",
            "[categories.support]\nweight = 0.3",
            "[categories.support]\nweight = 0.1",
        );
        world.edit(
            "model.toml",
            "support = 0.2, commercial = 0.5",
            "support = 0.1, commercial = 0.4",
        );
        let written = std::fs::read_to_string(world.path().join("model.toml")).unwrap();
        world.write(
            "model.toml",
            &written.replace("[[variants]]", &format!("{model}\n[[variants]]")),
        );
        world.edit(
            "job.toml",
            "[\"30d\", \"60d\", \"last_scorecard\"]",
            "[\"7d\", \"14d\", \"30d\", \"60d\", \"90d\", \"prior_period\", \"1y\"]",
        );
        let found = drivers(&table(&world, &on_date(AS_OF), "drivers"));
        assert!(found.iter().any(|driver| driver.cause == "data_returned"));
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work);
    thread.unwrap().join().unwrap();
}
