//! The leak proof: whatever became known after an as-of date may change, appear or vanish; every
//! published byte of that date stays the same.

use chrono::{Days, NaiveDate};
use healthscore::jobs::settings::Overrides;
use polars::prelude::*;
use proptest::prelude::*;

use crate::harness::{AS_OF, World, date};

/// A row of any of the exports: a key out of few, an account out of few, days around the as-of
/// date, and a second moment at which a cell becomes known.
#[derive(Debug, Clone)]
struct Row {
    key: u8,
    account: u8,
    day: i64,
    later: i64,
    value: i64,
    cell: i64,
}

fn row(days: std::ops::Range<i64>) -> impl Strategy<Value = Row> {
    (0..6u8, 0..4u8, days, 0..60i64, 0..9i64, 0..9i64).prop_map(
        |(key, account, day, later, value, cell)| Row {
            key,
            account,
            day,
            later,
            value,
            cell,
        },
    )
}

/// The rows of each export that were known at the as-of date, and two futures.
#[derive(Debug, Clone)]
struct Story {
    past: Vec<Vec<Row>>,
    futures: [Vec<Vec<Row>>; 2],
}

const EXPORTS: usize = 7;

fn story() -> impl Strategy<Value = Story> {
    let table = |days: std::ops::Range<i64>| prop::collection::vec(row(days), 0..14);
    let tables =
        move |days: std::ops::Range<i64>| prop::collection::vec(table(days), EXPORTS..=EXPORTS);
    (tables(-60..1), tables(1..60), tables(1..60)).prop_map(|(past, a, b)| Story {
        past,
        futures: [a, b],
    })
}

fn on(day: i64) -> NaiveDate {
    let as_of = date(AS_OF);
    if day < 0 {
        as_of - Days::new(day.unsigned_abs())
    } else {
        as_of + Days::new(day.unsigned_abs())
    }
}

/// Writes one of the two worlds: the same past, with cells of the past that become known later
/// taken from its own future; the rows of each export turned round in one of them.
fn world(story: &Story, which: usize) -> World {
    let world = World::empty();
    let rows = |export: usize| -> Vec<Row> {
        let mut rows: Vec<Row> = story.past[export].clone();
        for (n, row) in rows.iter_mut().enumerate() {
            if row.day + row.later > 0 {
                let other = &story.futures[which][export];
                let shift = other
                    .get(n % other.len().max(1))
                    .map_or(7, |row| row.later + 1);
                row.cell = (row.cell + shift) % 9;
                row.later = shift - row.day;
            }
        }
        rows.extend(story.futures[which][export].clone());
        if which == 1 {
            rows.reverse();
        }
        rows
    };
    let days = |rows: &[Row]| -> Vec<NaiveDate> { rows.iter().map(|row| on(row.day)).collect() };
    let laters = |rows: &[Row]| -> Vec<NaiveDate> {
        rows.iter().map(|row| on(row.day + row.later)).collect()
    };
    let keys =
        |rows: &[Row]| -> Vec<String> { rows.iter().map(|row| format!("K{}", row.key)).collect() };
    let accounts = |rows: &[Row]| -> Vec<String> {
        rows.iter().map(|row| format!("A{}", row.account)).collect()
    };
    let values = |rows: &[Row]| -> Vec<i64> { rows.iter().map(|row| row.value).collect() };
    let cells = |rows: &[Row]| -> Vec<i64> { rows.iter().map(|row| row.cell).collect() };
    let of = |export: usize| {
        let rows = rows(export);
        df!(
            "id" => keys(&rows), "account_id" => accounts(&rows), "day" => days(&rows), "later" => laters(&rows),
            "value" => values(&rows), "price" => values(&rows).iter().map(|value| *value as f64 * 0.1).collect::<Vec<_>>(), "cell" => cells(&rows),
        )
    };
    // Versions of the accounts; one account is always there so that there is something to score.
    let mut versions = rows(0);
    versions.push(Row {
        key: 0,
        account: 0,
        day: -90,
        later: 0,
        value: 3,
        cell: 0,
    });
    world.export("accounts", df!("account_id" => accounts(&versions), "from" => days(&versions), "plan" => values(&versions)));
    // Rows of keys of their own, which can be walked through; a row of the past has the same in both.
    let visits = rows(4);
    let past = story.past[4].len() as i64;
    let future = story.futures[which][4].len() as i64;
    let mut numbers: Vec<i64> = (0..past).chain(1000..1000 + future).collect();
    if which == 1 {
        numbers.reverse();
    }
    world.export(
        "visits",
        df!(
            "n" => numbers, "account_id" => accounts(&visits), "day" => days(&visits),
            "later" => laters(&visits), "value" => values(&visits), "cell" => cells(&visits),
        ),
    );
    for (name, export) in [
        ("subscriptions", 1),
        ("usage", 2),
        ("loads", 3),
        ("tickets", 4),
        ("notes", 5),
    ] {
        world.export(name, of(export));
    }
    // A log of actions, some of which are closed after the as-of date.
    let log = rows(5);
    let causes = ["some_open", "Up", "Down, some_open"];
    let texts = |of: &dyn Fn(&Row) -> String| -> Vec<String> { log.iter().map(of).collect() };
    world.export(
        "log",
        df!(
            "id" => keys(&log), "account_id" => accounts(&log), "day" => days(&log), "closed_at" => laters(&log),
            "title" => texts(&|row| format!("title {}", row.value)), "owner" => texts(&|row| format!("owner {}", row.value % 3)),
            "due_date" => log.iter().map(|row| on(row.day + row.value)).collect::<Vec<_>>(),
            "cause" => texts(&|row| causes[row.value as usize % 3].to_owned()),
        ),
    );
    // What rows of the others look up, and what is there for every account.
    let grades = rows(6);
    world.export(
        "grades",
        df!("id" => keys(&grades), "day" => days(&grades), "later" => laters(&grades), "grade" => values(&grades), "mark" => cells(&grades)),
    );
    let subscriptions = rows(1);
    for day in [-40, -3, 5 + which as i64] {
        let known: Vec<Row> = subscriptions
            .iter()
            .filter(|row| row.day <= day)
            .cloned()
            .collect();
        world.export(
            &format!("dumps/dt={}/part", on(day)),
            df!("id" => keys(&known), "account_id" => accounts(&known), "size" => values(&known)),
        );
    }
    world.write("exports.toml", EXPORTS_TOML);
    world.write("measures.toml", MEASURES_TOML);
    world.write("model.toml", MODEL_TOML);
    world.write("job.toml", JOB_TOML);
    world
}

const EXPORTS_TOML: &str = r#"
[population]
exclude = { small = "plan = 1" }
show = ["plan", "grades_below"]
[tables.accounts]
path = "accounts.parquet"
valid_from = "from"
[tables.subscriptions]
path = "subscriptions.parquet"
key = ["id"]
time = "day"
columns = { fee = "price", seen = "cell" }
known = { seen = "later" }
observed = "any row"
rules = { few_seen = { must = "seen < 8 OR fee > 2", otherwise = "reject" } }
[tables.usage]
path = "usage.parquet"
key = ["id", "day"]
time = "day"
via = { column = "id", table = "subscriptions" }
observed = "any row"
before_parent = "reject"
[tables.loads]
path = "loads.parquet"
key = ["id"]
time = "day"
loaded = "later"
observed = "plan > 2"
rules = { not_seven = { must = "value <> 7", otherwise = "reject" } }
[tables.tickets]
path = "tickets.parquet"
key = ["id"]
time = "day"
known = { cell = "later" }
fresh_within = "20d"
observed = "all"
rules = { not_four = { must = "cell NOT IN (4, 5)", otherwise = "reject" }, cell_is_large = { must = "cell >= value" } }
lookup = { id = { table = "grades", take = ["grade", "mark"] } }
[tables.visits]
path = "visits.parquet"
key = ["n"]
time = "day"
known = { cell = "later", later = "later" }
observed = "any row"
[tables.notes]
path = "notes.parquet"
time = "day"
lookup = { id = { table = "subscriptions", take = ["fee", "seen"] } }
[tables.grades]
path = "grades.parquet"
reference = true
key = ["id", "day"]
time = "day"
known = { mark = "later" }
[tables.log]
path = "log.parquet"
key = ["id", "day"]
time = "day"
known = { closed_at = "closed_at" }
[tables.dumps]
path = "dumps/dt={as_of}/*.parquet"
key = ["id"]
"#;

const MEASURES_TOML: &str = r#"
[measures.subscribed]
from = "subscriptions"
value = "SUM(fee) + COUNT(seen)"
none = 0
[measures.used]
from = "usage"
window = "28d"
value = "SUM(value)"
none = 0
[measures.loaded]
from = "loads"
value = "SUM(value)"
none = 0
[measures.open]
from = "tickets"
where = "later IS NULL"
value = "COUNT(*)"
none = 0
[measures.visited]
from = "visits"
window = "40d"
value = "COUNT(DISTINCT value) + COUNT(cell) + MAX(cell)"
none = 0
[measures.unmarked]
from = "visits"
where = "later IS NULL"
value = "COUNT(*)"
none = 0
[measures.graded]
from = "tickets"
value = "SUM(grade) + COUNT(mark)"
none = 0
[measures.grades_below]
from = "grades"
where = "grade < account.plan"
value = "LIST(DISTINCT id)"
none = []
[measures.marks]
from = "grades"
value = "SUM(mark) + LATEST(grade)"
none = 0
[measures.compared]
from = "notes"
where = "value <= account.graded + account.marks"
value = "COUNT(*) + SUM(fee) + COUNT(seen)"
[measures.rated]
from = "tickets"
window = "30d"
value = "AVG(cell)"
[measures.noted]
from = "notes"
value = "LATEST(value) + MEDIAN(price)"
[measures.dumped]
from = "dumps"
value = "SUM(size)"
"#;

const MODEL_TOML: &str = r#"
name = "leak"
coverage_floor = 0.2
[[bands]]
label = "Up"
from = 50
[[bands]]
label = "Down"
from = 0
[categories.all]
weight = 1
[categories.all.metrics]
subscribed = { weight = 0.2, curve = { points = [[0, 0], [9, 100]] } }
used = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] } }
compared = { weight = 0.1, curve = { points = [[0, 0], [30, 100]] } }
visited = { weight = 0.05, curve = { points = [[0, 0], [9, 100]] } }
unmarked = { weight = 0.05, curve = { points = [[0, 0], [9, 100]] } }
loaded = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] } }
open = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] } }
rated = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] }, missing = { carry = "28d" } }
noted = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] } }
dumped = { weight = 0.1, curve = { points = [[0, 0], [9, 100]] } }
[follow_up]
amount = "subscribed"
[[signals]]
id = "some_open"
title = "Tickets are open"
when = "open > 0"
severity = "Low"
severity_when = { High = "change_10d < 0" }
evidence = "{open} open, {used:1} used, {grades_below} below, {health_score} points, {band_10d} before"
owner = "Support"
action = "close them"
due_days = 2
outcome = "none open"
[[signals]]
id = "contradicts"
title = "Contradiction"
each = "category"
when = "category.score < 60"
severity = "Low"
evidence = "{category.title}: {category.score}"
owner = "CSM"
action = "look"
due_days = 7
outcome = "seen"
[[opportunities]]
id = "used"
title = "In use"
kind = "advocacy"
when = "used > 3"
evidence = "{used} used"
next_step = "ask"
owner = "CSM"
due_days = 3
[[actions]]
band = "Up"
action = "keep it up"
owner = "CSM"
due_days = 5
outcome = "up"
[[actions]]
band = "Down"
action = "bring it up"
owner = "CSM"
due_days = 5
outcome = "up"
"#;

const JOB_TOML: &str = r#"
kind = "score"
exports = "exports.toml"
measures = "measures.toml"
model = "model.toml"
data = "data"
out = "out"
as_of = "2026-01-31"
compare = ["10d"]
tolerance = { refuse = 1 }
publish = ["scores", "insights", "exceptions", "portfolio"]
actions = { log = "log", quiet = "20d", per_owner_and_week = 2 }
exceptions = { signals = ["some_open"] }
portfolio = { slices = ["noted"], stages = { open = "open > 0" } }
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_future_changes_no_byte(story in story(), walks in any::<bool>()) {
        let worlds = [world(&story, 0), world(&story, 1)];
        for world in &worlds {
            let mut job = world.load(&Overrides::default()).unwrap();
            if walks {
                job.plan.walk_from = 0;
            }
            world.publish_job(&job).unwrap();
        }
        let [a, b] = worlds.each_ref().map(|world| world.published(AS_OF));
        prop_assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (name, bytes) in &a {
            prop_assert!(bytes == &b[name], "{} differs:\n{}\n{}", name, String::from_utf8_lossy(bytes), String::from_utf8_lossy(&b[name]));
        }
    }
}

#[test]
fn the_past_does_change_the_scores() {
    // The property above would also hold of a program that publishes nothing but constants.
    let row = |day: i64, value: i64| Row {
        key: 1,
        account: 0,
        day,
        later: 2,
        value,
        cell: 3,
    };
    let empty = || vec![Vec::new(); EXPORTS];
    let mut one = Story {
        past: empty(),
        futures: [empty(), empty()],
    };
    one.past[4] = vec![row(-9, 1)];
    let mut two = one.clone();
    two.past[4] = vec![
        row(-9, 1),
        Row {
            key: 2,
            cell: 8,
            ..row(-5, 1)
        },
    ];
    let published = [&one, &two].map(|story| {
        let world = world(story, 0);
        world.publish(&Overrides::default()).unwrap();
        world.published(AS_OF)
    });
    for file in [
        "account_scores.parquet",
        "metric_scores.parquet",
        "manifest.json",
    ] {
        assert_ne!(published[0][file], published[1][file], "{file}");
    }
}
