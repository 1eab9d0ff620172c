//! What is added up while an export is walked through is what rows that are kept give: measures by
//! the definition plan, the ledger, and every doubt about the data.

use chrono::{Days, NaiveDate};
use healthscore::jobs::score_run;
use healthscore::jobs::settings::Overrides;
use healthscore::measures::compute;
use healthscore::trail::Trail;
use healthscore::{exports, panel};
use polars::prelude::*;
use proptest::prelude::*;

use crate::harness::{World, date};

const MEASURES: &str = r#"
[measures.rows]
label = "Rows"
from = "visits"
value = "COUNT(*)"
none = 0

[measures.rows_7d]
label = "Rows of a week"
from = "visits"
window = "7d"
where = "size > 0"
value = "COUNT(*) FILTER (WHERE kind = 'a') + COUNT(size)"
none = 0

[measures.sum_before]
label = "Sum of the 28 days before"
from = "visits"
window = "28d"
offset = "28d"
value = "SUM(size) / COUNT(*)"

[measures.sum_far]
label = "Sum of all that is old"
from = "visits"
offset = "20d"
value = "SUM(size)"

[measures.largest]
label = "Largest"
from = "visits"
window = "28d"
where = "kind = 'b'"
value = "MAX(size) - MIN(size)"

[measures.newest]
label = "Newest"
from = "visits"
window = "90d"
where = "size > 1"
value = "MAX(day)"

[measures.days_since]
label = "Days since the newest"
from = "visits"
window = "90d"
value = "DATEDIFF('day', MAX(day), as_of)"

[measures.open]
label = "Open"
from = "visits"
where = "ended IS NULL"
value = "COUNT(*)"
none = 0

[measures.length]
label = "Mean length"
from = "visits"
window = "90d"
value = "AVG(DATEDIFF('day', day, ended))"

[measures.mean]
label = "Mean mark"
from = "visits"
window = "56d"
where = "size < 30 OR mark > 2"
value = "AVG(mark) FILTER (WHERE kind = 'a')"

[measures.different]
label = "Different sizes and kinds"
from = "visits"
window = "28d"
value = "COUNT(DISTINCT size) + COUNT(DISTINCT kind) FILTER (WHERE size > 3)"
none = 0

[measures.different_marks]
label = "Different marks"
from = "visits"
value = "COUNT(DISTINCT mark)"

[measures.wait]
label = "Longest wait"
from = "visits"
window = "90d"
where = "ended IS NULL"
value = "MAX(DATEDIFF('day', day, as_of))"
"#;

/// Measures that cannot be added up: the rows they read are kept.
const OTHERS: &str = r#"
[measures.middle]
label = "Middle of the sizes"
from = "visits"
window = "28d"
where = "kind = 'a'"
value = "MEDIAN(size)"

[measures.last_mark]
label = "Last mark"
from = "visits"
window = "56d"
value = "LATEST(mark)"

[measures.last_kind]
label = "Last kind"
from = "visits"
window = "90d"
where = "ended IS NOT NULL"
value = "MAX(kind)"

[measures.above]
label = "Rows above the largest of the account"
from = "visits"
window = "7d"
where = "size >= account.largest_size"
value = "COUNT(*)"
none = 0

[measures.largest_size]
label = "Largest size"
from = "visits"
window = "28d"
value = "MAX(size)"
"#;

const MORE_NAMES: [&str; 5] = ["middle", "last_mark", "last_kind", "above", "largest_size"];

const NAMES: [&str; 13] = [
    "rows",
    "rows_7d",
    "sum_before",
    "sum_far",
    "largest",
    "newest",
    "days_since",
    "open",
    "length",
    "mean",
    "different",
    "different_marks",
    "wait",
];

const ONE_DATE: &str = "compare = []\nlook_back = false\npublish = [\"scores\"]";
const FOUR_DATES: &str =
    "compare = [\"1d\", \"30d\", \"56d\"]\nlook_back = false\npublish = [\"scores\"]";

/// Account, days before the last date (negative: after it; none: undated), size, kind, days after
/// which it ended, mark.
type Row = (
    u8,
    Option<i32>,
    Option<i64>,
    Option<bool>,
    Option<i32>,
    Option<i64>,
);

/// What is said of the measures, and of the data.
#[derive(Debug, PartialEq)]
struct Said {
    measured: DataFrame,
    judged: String,
    kept: bool,
}

fn said(world: &World, names: &[&str], walk_from: usize) -> Said {
    let overrides = Overrides {
        also: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Overrides::default()
    };
    let mut job = world.load(&overrides).unwrap();
    job.plan.walk_from = walk_from;
    job.refuse_share = 1.0;
    let trail = &mut Trail::silent();
    let run = score_run::score_run(&job, None, trail).unwrap();
    let scorecard = run.scorecard(&job, job.dates[0], trail).unwrap();
    let newest: Vec<String> = (names.iter().map(|name| format!("__newest_{name}"))).collect();
    let columns = ["account_id", "as_of"]
        .into_iter()
        .chain(names.iter().copied());
    let columns: Vec<Expr> = columns
        .chain(newest.iter().map(String::as_str))
        .map(col)
        .collect();
    let frame = run.scored.clone().lazy().select(columns);
    let order = ["as_of", "account_id"];
    let measured = frame.sort(order, SortMultipleOptions::default());
    let rejects = scorecard
        .tables
        .iter()
        .find(|table| table.name == "rejects")
        .unwrap();
    Said {
        measured: measured.collect().unwrap(),
        judged: format!(
            "{:#} {:#?} {:#?} {:#?} {}",
            scorecard.manifest["ledger"],
            scorecard.unseen,
            scorecard.findings,
            scorecard.moment,
            rejects.frame().unwrap()
        ),
        kept: !run.exports.tables["visits"].was_walked(),
    }
}

/// How a visit finds its account.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Link {
    /// It names it.
    Account,
    /// It names a place; two of them are of one account, and one becomes known within the year.
    Place,
}

fn world(rows: &[Row], compare: &str, keys_repeat: bool, link: Link) -> World {
    let one_date = compare == ONE_DATE;
    let world = World::base();
    world.edit("job.toml", "compare = [\"30d\"]", compare);
    world.add(
        "exports.toml",
        r#"
[tables.visits]
path = "visits.parquet"
key = KEY
time = "day"
known = { ended = "ended", mark = "ended" }
where = "LEFT IS NULL OR LEFT <> 3"
observed = "any row"
before_parent = "ignore"
"#
        // Where marks, which become known later, leave rows out, no measure says the same on all dates.
        .replace("LEFT", if link == Link::Place { "mark" } else { "size" })
        .replace(
            "KEY",
            if one_date {
                "[\"n\"]"
            } else {
                "[\"account_id\", \"day\", \"n\"]"
            },
        )
        .as_str(),
    );
    if link == Link::Place {
        world.edit(
            "exports.toml",
            "path = \"visits.parquet\"\n",
            "path = \"visits.parquet\"\nvia = { column = \"account_id\", table = \"places\" }\n",
        );
        world.add(
            "exports.toml",
            "[tables.places]\npath = \"places.parquet\"\nkey = [\"place_id\"]\ntime = \"opened_on\"\n",
        );
        world.export(
            "places",
            df!(
                "place_id" => ["A", "B", "C", "D"],
                "account_id" => ["A", "B", "A", "nobody"],
                "opened_on" => crate::harness::dates(&["2020-01-01", "2020-01-01", "2026-01-10", "2020-01-01"]),
            ),
        );
    }
    // What has no link has no key either, where the link is a part of it.
    let nobody = if one_date { "" } else { "noone" };
    world.add("measures.toml", MEASURES);
    world.add("measures.toml", OTHERS);
    let last = date("2026-01-31");
    let back = |days: i32| last - chrono::Duration::days(days.into());
    let ended = |row: &Row| Some(back(row.1? - row.4?));
    let n = rows.len() as i64;
    world.export(
        "visits",
        df!(
            "account_id" => rows.iter().map(|row| ["A", "B", "C", "nobody", nobody][usize::from(row.0 % 5)]).collect::<Vec<_>>(),
            "day" => rows.iter().map(|row| row.1.map(back)).collect::<Vec<_>>(),
            "size" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "kind" => rows.iter().map(|row| row.3.map(|a| if a { "a" } else { "b" })).collect::<Vec<_>>(),
            "ended" => rows.iter().map(ended).collect::<Vec<_>>(),
            "mark" => rows.iter().map(|row| row.5).collect::<Vec<_>>(),
            "n" => (0..n).map(|n| if keys_repeat { n % 2 } else { n }).collect::<Vec<_>>(),
        ),
    );
    world
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0u8..5,
        proptest::option::weighted(0.95, -40i32..150),
        proptest::option::weighted(0.8, -5i64..40),
        proptest::option::weighted(0.8, any::<bool>()),
        proptest::option::weighted(0.7, 0i32..40),
        proptest::option::weighted(0.6, 1i64..6),
    );
    proptest::collection::vec(row, 0..60)
}

fn agree(world: &World, names: &[&str], walks: bool) -> Result<(), TestCaseError> {
    let kept = said(world, names, usize::MAX);
    prop_assert!(kept.kept && kept.measured.height() > 0);
    let walked = said(world, names, 0);
    prop_assert_eq!(walked.kept, !walks);
    prop_assert_eq!(&walked.judged, &kept.judged);
    prop_assert!(
        walked.measured.equals_missing(&kept.measured),
        "{:?}\n{:?}",
        walked.measured,
        kept.measured
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_says_what_kept_rows_say(rows in rows(), one_date in any::<bool>(), chain in any::<bool>(), mixed in any::<bool>()) {
        let compare = if one_date { ONE_DATE } else { FOUR_DATES };
        if !rows.is_empty() {
            let link = if chain { Link::Place } else { Link::Account };
            let world = world(&rows, compare, false, link);
            let names = [&NAMES[..], &MORE_NAMES].concat();
            agree(&world, if mixed { &names } else { &NAMES }, true)?;
        }
    }
}

/// Measures two panels of few pairs on many dates, one after the other, as a review does.
fn of_few_pairs(world: &World, names: &[&str], walk_from: usize) -> (Vec<DataFrame>, bool) {
    let overrides = Overrides {
        also: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Overrides::default()
    };
    let mut job = world.load(&overrides).unwrap();
    job.plan.walk_from = walk_from;
    let last = date("2026-01-31");
    // More dates than there are bits in a word.
    let dates: Vec<NaiveDate> = (0..90).rev().map(|n| last - Days::new(n)).collect();
    let trail = &mut Trail::silent();
    let demands = job.plan.demands(&job.contract, &dates);
    let exports = exports::load(&job.contract, &demands, trail).unwrap();
    let mut measured = |first: usize, step: usize| {
        let dates = dates.iter().skip(first).step_by(step).copied();
        let (accounts, dates): (Vec<&str>, Vec<NaiveDate>) = dates
            .enumerate()
            .map(|(n, date)| (["A", "B", "C"][n % 3], date))
            .unzip();
        let pairs = df!("account_id" => accounts, "as_of" => dates).unwrap();
        let known = panel::known_pairs(&exports, &pairs, &job.plan.attributes).unwrap();
        let measured = compute::compute(&exports, &known, &job.plan, trail).unwrap();
        let names = names.iter().map(|name| col(*name));
        let columns = [col("account_id"), col("as_of")].into_iter().chain(names);
        measured
            .lazy()
            .select(columns.collect::<Vec<_>>())
            .collect()
            .unwrap()
    };
    let measured = vec![measured(40, 7), measured(0, 1)];
    (measured, exports.tables["visits"].was_walked())
}

#[test]
fn a_walk_may_be_asked_for_few_pairs_and_again() {
    let row = |n: i32| -> Row {
        let size = (n % 7 > 0).then(|| i64::from(n * 5 % 11) - 1);
        let kind = (n % 5 > 0).then_some(n % 3 == 0);
        let length = (n % 4 > 0).then_some(n % 30);
        let mark = (n % 3 > 0).then(|| 1 + i64::from(n % 5));
        ((n % 5) as u8, Some(n * 7 % 150), size, kind, length, mark)
    };
    let rows: Vec<Row> = (0..400).map(row).collect();
    let names = [&NAMES[..], &MORE_NAMES].concat();
    for link in [Link::Account, Link::Place] {
        let world = world(&rows, FOUR_DATES, false, link);
        let (kept, no) = of_few_pairs(&world, &names, usize::MAX);
        let (walked, yes) = of_few_pairs(&world, &names, 0);
        assert!(!no && yes);
        for (walked, kept) in walked.iter().zip(&kept) {
            assert!(kept.height() > 5);
            assert!(walked.equals_missing(kept), "{walked:?}\n{kept:?}");
        }
    }
}

#[test]
fn rows_of_repeated_keys_are_kept() {
    let row: Row = (0, Some(3), Some(1), Some(true), None, None);
    let rows = vec![row; 400];
    agree(&world(&rows, ONE_DATE, true, Link::Account), &NAMES, false).unwrap();
}

#[test]
fn a_value_seen_through_two_links_of_an_account_is_one() {
    let row = |place: u8, size: i64| (place, Some(3), Some(size), None, None, None);
    let rows: Vec<Row> = vec![row(0, 9), row(2, 9), row(2, 8), row(1, 9)];
    let world = world(&rows, ONE_DATE, false, Link::Place);
    let found = said(&world, &["different"], 0);
    assert!(!found.kept);
    let different = found
        .measured
        .column("different")
        .unwrap()
        .f64()
        .unwrap()
        .clone();
    assert_eq!(
        different.iter().collect::<Vec<_>>(),
        [Some(2.0), Some(1.0), None]
    );
}

#[test]
fn a_walk_counts_what_is_there() {
    let row = |account: u8, back: i32, size: i64, length: Option<i32>, mark: Option<i64>| -> Row {
        (account, Some(back), Some(size), Some(true), length, mark)
    };
    let mut rows = vec![
        row(0, 0, 4, None, None),
        row(0, 6, 0, Some(2), Some(5)),
        // Ended and marked after the date.
        row(0, 10, 7, Some(11), Some(1)),
        row(0, 28, 100, Some(4), Some(2)),
        row(0, 55, 200, None, None),
        row(0, -1, 1000, None, None),
    ];
    rows.extend((0..400).map(|n| row(1, n % 20, 1, Some(0), None)));
    let found = said(&world(&rows, ONE_DATE, false, Link::Account), &NAMES, 0);
    assert!(!found.kept);
    let number = |name: &str| found.measured.column(name).unwrap().f64().unwrap().get(0);
    assert_eq!(number("rows"), Some(5.0));
    assert_eq!(number("rows_7d"), Some(2.0));
    assert_eq!(number("sum_before"), Some(150.0));
    assert_eq!(number("sum_far"), Some(300.0));
    assert_eq!(number("open"), Some(3.0));
    assert_eq!(number("length"), Some(3.0));
    assert_eq!(number("mean"), Some(5.0));
    assert_eq!(number("wait"), Some(55.0));
}
