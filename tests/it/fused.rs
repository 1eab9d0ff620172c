//! The fused plan is the definition plan, to the last bit: whatever rows there are, and however
//! windows and dates lie.

use healthscore::jobs::score_run;
use healthscore::jobs::settings::Overrides;
use healthscore::trail::Trail;
use polars::prelude::*;
use proptest::prelude::*;

use crate::harness::{World, date};

const MEASURES: &str = r#"
[measures.rows]
label = "Rows"
from = "usage"
value = "COUNT(*)"
none = 0

[measures.rows_7d]
label = "Rows of a week"
from = "usage"
window = "7d"
where = "size > 0"
value = "COUNT(*) FILTER (WHERE kind = 'a') + COUNT(size)"
none = 0

[measures.sum_before]
label = "Sum of the 28 days before"
from = "usage"
window = "28d"
offset = "28d"
value = "SUM(size) / COUNT(*)"

[measures.sum_far]
label = "Sum of all that is old"
from = "usage"
offset = "20d"
value = "SUM(size)"

[measures.largest]
label = "Largest"
from = "usage"
window = "28d"
where = "kind = 'b'"
value = "MAX(size) - MIN(size)"

[measures.newest]
label = "Newest"
from = "usage"
window = "90d"
where = "size > 1"
value = "MAX(day)"

[measures.days_since]
label = "Days since the newest"
from = "usage"
window = "90d"
value = "DATEDIFF('day', MAX(day), as_of)"

[measures.last_kind]
label = "Last kind"
from = "usage"
window = "28d"
value = "MAX(kind)"
"#;

const NAMES: [&str; 8] = [
    "rows",
    "rows_7d",
    "sum_before",
    "sum_far",
    "largest",
    "newest",
    "days_since",
    "last_kind",
];

/// Account, days before the last date (negative: after it; none: undated), size and kind.
type Row = (u8, Option<i32>, Option<i64>, Option<bool>);

fn measured(world: &World, fuse_from: usize) -> DataFrame {
    let mut job = world
        .load(&Overrides {
            also: NAMES.map(str::to_owned).to_vec(),
            ..Overrides::default()
        })
        .unwrap();
    job.plan.fuse_from = fuse_from;
    let run = score_run::score_run(&job, None, &mut Trail::silent()).unwrap();
    let newest = NAMES.map(|name| format!("__newest_{name}"));
    let columns = ["account_id", "as_of"].into_iter().chain(NAMES);
    let columns: Vec<Expr> = columns
        .chain(newest.iter().map(String::as_str))
        .map(col)
        .collect();
    let frame = run.scored.lazy().select(columns);
    let order = ["as_of", "account_id"];
    frame
        .sort(order, SortMultipleOptions::default())
        .collect()
        .unwrap()
}

fn world(rows: &[Row], compare: &str) -> World {
    let world = World::base();
    world.edit("job.toml", "compare = [\"30d\"]", compare);
    world.add(
        "exports.toml",
        "[tables.usage]\npath = \"usage.parquet\"\nkey = [\"account_id\", \"day\", \"n\"]\ntime = \"day\"\nobserved = \"any row\"",
    );
    world.add("measures.toml", MEASURES);
    let last = date("2026-01-31");
    let day = |back: Option<i32>| back.map(|back| last - chrono::Duration::days(back.into()));
    world.export(
        "usage",
        df!(
            "account_id" => rows.iter().map(|row| ["A", "B", "C", "nobody"][usize::from(row.0 % 4)]).collect::<Vec<_>>(),
            "day" => rows.iter().map(|row| day(row.1)).collect::<Vec<_>>(),
            "size" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
            "kind" => rows.iter().map(|row| row.3.map(|a| if a { "a" } else { "b" })).collect::<Vec<_>>(),
            // A few keys stand twice.
            "n" => (0..rows.len() as i64).map(|n| if n % 7 == 6 { n - 1 } else { n }).collect::<Vec<_>>(),
        ),
    );
    world
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0u8..4,
        proptest::option::weighted(0.95, -40i32..150),
        proptest::option::weighted(0.8, -5i64..40),
        proptest::option::weighted(0.8, any::<bool>()),
    );
    proptest::collection::vec(row, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_plans_measure_the_same(rows in rows()) {
        let world = world(&rows, "compare = [\"1d\", \"30d\", \"56d\"]");
        let defined = measured(&world, usize::MAX);
        prop_assert!(defined.height() > 0);
        prop_assert!(measured(&world, 0).equals_missing(&defined));
    }
}

#[test]
fn the_fused_plan_counts_what_is_there() {
    let rows: Vec<Row> = vec![
        (0, Some(0), Some(4), Some(true)),
        (0, Some(6), Some(0), Some(true)),
        (0, Some(27), Some(7), Some(false)),
        (0, Some(28), Some(100), Some(false)),
        (0, Some(55), None, None),
        (0, Some(-1), Some(1000), Some(true)),
    ];
    let world = world(&rows, "compare = [\"30d\"]");
    let found = measured(&world, 0);
    let tonight = found.height() - 3;
    let number = |name: &str| found.column(name).unwrap().f64().unwrap().get(tonight);
    assert_eq!(number("rows"), Some(5.0));
    assert_eq!(number("rows_7d"), Some(2.0));
    assert_eq!(number("sum_before"), Some(50.0));
    assert_eq!(number("sum_far"), Some(107.0));
    assert_eq!(number("largest"), Some(0.0));
}
