//! Reference tables, columns taken from other tables, and rows compared with their account.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, dates};

/// Features on plans, what A and B used of them, and who used it.
///
/// `dashboards` is core until it is called so no longer on 20 January; `robots` comes in March.
/// A is on plan 2, B on plan 3, and nobody knows the plan of C.
fn world() -> World {
    let world = World::base();
    world.export(
        "features",
        df!(
            "feature" => ["dashboards", "dashboards", "api", "exports", "sso", "robots"],
            "since" => dates(&["2025-01-01", "2026-01-20", "2025-01-01", "2025-01-01", "2025-01-01", "2026-03-01"]),
            "title" => ["Dashboards", "Dashboards", "API", "Exports", "Single sign-on", "Robots"],
            "is_core" => [true, false, false, true, false, true],
            "plan_rank" => [1i64, 1, 2, 2, 3, 1],
        ),
    );
    world.export(
        "usage",
        df!(
            "account_id" => ["A", "A", "A", "B", "B", "A"],
            "user_id" => ["u1", "u2", "u1", "u9", "u1", "u2"],
            "feature" => [Some("dashboards"), Some("api"), Some("robots"), Some("dashboards"), None, Some("robots")],
            "day" => dates(&["2026-01-10", "2026-01-11", "2026-01-12", "2026-01-13", "2026-01-14", "2026-03-05"]),
        ),
    );
    world.export(
        "users",
        df!(
            "user_id" => ["u1", "u2", "u9"],
            "account_id" => ["A", "A", "B"],
            "invited" => dates(&["2025-06-01", "2026-01-15", "2025-06-01"]),
            "department" => ["Finance", "Sales", "Legal"],
            "left" => dates(&["2026-01-25", "", "2026-02-25"]),
        ),
    );
    world.export(
        "plans",
        df!("account_id" => ["A", "B"], "day" => dates(&["2025-01-01", "2025-01-01"]), "rank" => [2i64, 3]),
    );
    world.add(
        "exports.toml",
        r#"
[tables.features]
path = "features.parquet"
reference = true
key = ["feature", "since"]
time = "since"
derive = { is_basic = "plan_rank = 1" }
[tables.usage]
path = "usage.parquet"
key = ["account_id", "user_id", "day"]
time = "day"
observed = "all"
[tables.usage.lookup]
feature = { table = "features", take = ["is_core", "is_basic", "title"] }
user_id = { table = "users", take = ["department", "left"] }
[tables.users]
path = "users.parquet"
key = ["user_id"]
time = "invited"
known = { left = "left" }
[tables.plans]
path = "plans.parquet"
key = ["account_id"]
time = "day"
"#,
    );
    world
}

fn measures(world: &World, measures: &[(&str, &str)]) {
    for (name, keys) in measures {
        world.add("measures.toml", &format!("[measures.{name}]\n{keys}"));
    }
}

#[test]
fn a_row_takes_what_the_newest_visible_row_says() {
    let world = world();
    let count = |condition: &str| {
        format!("from = \"usage\"\nwhere = \"{condition}\"\nvalue = \"COUNT(*)\"\nnone = 0")
    };
    measures(
        &world,
        &[
            ("core", &count("is_core")),
            ("unknown", &count("is_core IS NULL")),
            ("basic", &count("is_basic")),
            ("of_finance", &count("department = 'Finance'")),
            ("of_sales", &count("department = 'Sales'")),
            ("of_leavers", &count("left IS NOT NULL")),
            ("titles", "from = \"usage\"\nvalue = \"LATEST(title)\""),
        ],
    );
    let names = [
        "core",
        "unknown",
        "basic",
        "of_finance",
        "of_sales",
        "of_leavers",
        "titles",
    ];
    let number = AnyValue::Float64;
    let text = |text: &str| AnyValue::StringOwned(text.into());
    let cases = [
        // u2 is invited only on the 15th; robots are not there yet, so nothing is taken for them.
        (
            "2026-01-14",
            "A",
            [
                number(1.0),
                number(1.0),
                number(1.0),
                number(2.0),
                number(0.0),
                number(0.0),
                text("API"),
            ],
        ),
        (
            "2026-01-19",
            "A",
            [
                number(1.0),
                number(1.0),
                number(1.0),
                number(2.0),
                number(1.0),
                number(0.0),
                text("API"),
            ],
        ),
        (
            AS_OF,
            "A",
            [
                number(0.0),
                number(1.0),
                number(1.0),
                number(2.0),
                number(1.0),
                number(2.0),
                text("API"),
            ],
        ),
        (
            "2026-03-31",
            "A",
            [
                number(2.0),
                number(0.0),
                number(3.0),
                number(2.0),
                number(2.0),
                number(2.0),
                text("Robots"),
            ],
        ),
        // The user u1 of A is nobody at B.
        (
            AS_OF,
            "B",
            [
                number(0.0),
                number(1.0),
                number(1.0),
                number(0.0),
                number(0.0),
                number(0.0),
                text("Dashboards"),
            ],
        ),
    ];
    for (day, account, expected) in cases {
        let frame = world.run_with(&names, day);
        for (name, value) in names.iter().zip(expected) {
            assert_eq!(
                cell(&frame, account, name),
                value,
                "{name} of {account} at {day}"
            );
        }
    }
}

#[test]
fn a_lookup_that_finds_nothing_is_counted() {
    let world = world();
    measures(
        &world,
        &[(
            "core",
            "from = \"usage\"\nwhere = \"is_core AND department = 'Sales'\"\nvalue = \"COUNT(*)\"\nnone = 0",
        )],
    );
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]\nweight = 1",
        "[categories.commercial.metrics.core]\nweight = 1",
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let found: Vec<_> = scorecards[0]
        .findings
        .iter()
        .filter(|finding| finding.finding == "unresolved_lookup")
        .map(|finding| {
            (
                finding.subject.as_str(),
                finding.count,
                finding.evidence.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "usage.feature",
                1,
                "1 rows find nothing in features by `feature`, such as robots"
            ),
            (
                "usage.user_id",
                1,
                "1 rows find nothing in users by `user_id`, such as u1"
            ),
        ]
    );
}

#[test]
fn reference_rows_are_there_for_every_account_and_can_be_compared_with_it() {
    let world = world();
    let entitled = "from = \"features\"\nwhere = \"plan_rank <= account.rank\"";
    measures(
        &world,
        &[
            ("rank", "from = \"plans\"\nvalue = \"LATEST(rank)\""),
            (
                "features",
                "from = \"features\"\nvalue = \"COUNT(DISTINCT feature)\"",
            ),
            (
                "entitled",
                &format!("{entitled}\nvalue = \"LIST(DISTINCT title)\"\nnone = []"),
            ),
            (
                "used",
                "from = \"usage\"\nvalue = \"LIST(DISTINCT title)\"\nnone = []",
            ),
            ("unused", "value = \"LIST_EXCEPT(entitled, used)\""),
            ("unused_count", "value = \"LIST_SIZE(unused)\""),
            (
                "entitled_count",
                &format!("{entitled}\nvalue = \"COUNT(*)\"\nnone = 0"),
            ),
            // Rows again, compared with a formula over rows that were compared themselves.
            (
                "above",
                "from = \"features\"\nwhere = \"plan_rank > account.unused_count - 1\"\nvalue = \"COUNT(*) + account.rank\"\nnone = 0",
            ),
            (
                "in_the_north",
                "from = \"features\"\nwhere = \"account.sales_region = 'north'\"\nvalue = \"COUNT(*)\"\nnone = 0",
            ),
        ],
    );
    let names = [
        "features",
        "entitled",
        "used",
        "unused",
        "unused_count",
        "entitled_count",
        "above",
        "in_the_north",
    ];
    let frame = world.run_with(&names, AS_OF);
    let list = |texts: &[&str]| AnyValue::List(Series::new("".into(), texts));
    let number = AnyValue::Float64;
    let missing = || AnyValue::Null;
    let cases = [
        (
            "A",
            [
                number(4.0),
                list(&["API", "Dashboards", "Exports"]),
                list(&["API", "Dashboards"]),
                list(&["Exports"]),
                number(1.0),
                number(4.0),
                number(7.0),
                number(5.0),
            ],
        ),
        (
            "B",
            [
                number(4.0),
                list(&["API", "Dashboards", "Exports", "Single sign-on"]),
                list(&["Dashboards"]),
                list(&["API", "Exports", "Single sign-on"]),
                number(3.0),
                number(5.0),
                number(4.0),
                number(0.0),
            ],
        ),
        // Nobody knows what C may use, so nobody says that it is nothing.
        (
            "C",
            [
                number(4.0),
                missing(),
                list(&[]),
                missing(),
                missing(),
                missing(),
                missing(),
                number(5.0),
            ],
        ),
    ];
    for (account, expected) in cases {
        for (name, value) in names.iter().zip(expected) {
            let found = cell(&frame, account, name);
            let same = match (&found, &value) {
                (AnyValue::List(a), AnyValue::List(b)) => a.str().unwrap().iter().eq(b
                    .str()
                    .unwrap_or(&StringChunked::full_null("".into(), 0))
                    .iter()),
                _ => found == value,
            };
            assert!(same, "{name} of {account}: {found:?}, expected {value:?}");
        }
    }
}

#[test]
fn a_table_without_any_date_was_always_there() {
    let world = World::base();
    world.export(
        "levels",
        df!("level" => ["gold", "tin"], "worth" => [3i64, 1]),
    );
    world.add(
        "exports.toml",
        "[tables.levels]\npath = \"levels.parquet\"\nreference = true\nkey = [\"level\"]",
    );
    measures(
        &world,
        &[("worth", "from = \"levels\"\nvalue = \"SUM(worth)\"")],
    );
    let frame = world.run_with(&["worth"], AS_OF);
    assert_eq!(cell(&frame, "A", "worth"), AnyValue::Float64(4.0));
}

#[test]
fn shown_measures_stand_beside_the_account_columns() {
    let world = world();
    measures(
        &world,
        &[
            (
                "used",
                "label = \"Features used\"\nfrom = \"usage\"\nvalue = \"LIST(DISTINCT feature)\"\nnone = []",
            ),
            (
                "next_end",
                "unit = \"date\"\nfrom = \"contracts\"\nvalue = \"MIN(ends_on)\"",
            ),
        ],
    );
    world.edit(
        "exports.toml",
        "[population]",
        "[population]\nshow = [\"sales_region\", \"used\", \"next_end\", \"tickets_per_seat\"]",
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let table = &scorecards[0].tables[0];
    assert_eq!(table.name, "account_scores");
    let names: Vec<String> = table.frame().unwrap().get_column_names_owned()[..5]
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        names,
        [
            "account_id",
            "sales_region",
            "used",
            "next_end",
            "tickets_per_seat"
        ]
    );
    let shown = |account: &str, column: &str| cell(&table.frame().unwrap(), account, column);
    assert_eq!(
        shown("A", "used"),
        AnyValue::StringOwned("api; dashboards; robots".into())
    );
    assert_eq!(shown("C", "used"), AnyValue::StringOwned("".into()));
    assert_eq!(shown("A", "next_end"), AnyValue::Date(20_819));
    assert_eq!(shown("A", "tickets_per_seat"), AnyValue::Float64(0.2));
    let describe = |column: &str| {
        table
            .descriptions
            .iter()
            .find(|(name, _)| name == column)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(
        describe("used"),
        "Features used, as known at the as-of date"
    );
}

#[test]
fn misuse_says_what_to_do() {
    let cases: [(&str, &str, &str, &str); 16] = [
        (
            "exports.toml",
            "reference = true\nkey = [\"feature\", \"since\"]",
            "reference = true",
            "reference table `features` has no key",
        ),
        (
            "exports.toml",
            "reference = true",
            "reference = true\nobserved = \"all\"",
            "`observed` speaks of accounts",
        ),
        (
            "exports.toml",
            "table = \"features\"",
            "table = \"featers\"",
            "there is no table `featers`",
        ),
        (
            "exports.toml",
            "\"is_basic\", \"title\"",
            "\"is_basic\", \"titel\"",
            "export `features` has no column `titel`",
        ),
        (
            "exports.toml",
            "feature = { table = \"features\", ",
            "fature = { table = \"features\", ",
            "export `usage` has no column `fature`",
        ),
        (
            "exports.toml",
            "\"is_basic\", \"title\"",
            "\"is_basic\", \"feature\"",
            "export `usage` has a column `feature` already",
        ),
        (
            "exports.toml",
            "table = \"features\", ",
            "table = \"features\", on = \"sort\", ",
            "export `features` has no column `sort`",
        ),
        (
            "exports.toml",
            "path = \"usage.parquet\"",
            "path = \"usage.parquet\"\nvia = { column = \"feature\", table = \"features\" }",
            "`features` is a reference table, so it leads to no account",
        ),
        (
            "measures.toml",
            "rank = 1",
            "account.seets = 1",
            "has no column `seets`",
        ),
        (
            "measures.toml",
            "rank = 1",
            "account.a_list = 1",
            "`a_list` is a list, which rows cannot read",
        ),
        (
            "measures.toml",
            "rank = 1",
            "tenant.seats = 1",
            "`tenant.seats` names a table",
        ),
        (
            "measures.toml",
            "rank = 1",
            "job.owner = 'x'",
            "a job has no `owner` for formulas",
        ),
        (
            "measures.toml",
            "rank = 1",
            "account.a_circle = 1",
            "measures define each other in a circle: x → a_circle → x",
        ),
        (
            "measures.toml",
            "LIST_SIZE(a_list)",
            "account.seats",
            "`account.seats` is understood in a measure with `from` only",
        ),
        (
            "measures.toml",
            "LIST_SIZE(a_list)",
            "LIST_SIZE(a_list) + (CASE WHEN a_list = a_list THEN 1 ELSE 0 END)",
            "lists cannot be compared",
        ),
        (
            "measures.toml",
            "LIST(DISTINCT feature)",
            "LIST(feature)",
            "a list holds different values",
        ),
    ];
    for (file, from, to, message) in cases {
        let world = world();
        measures(
            &world,
            &[
                (
                    "x",
                    "from = \"plans\"\nwhere = \"rank = 1\"\nvalue = \"COUNT(*)\"",
                ),
                ("a_circle", "value = \"x + 1\""),
                (
                    "a_list",
                    "from = \"usage\"\nvalue = \"LIST(DISTINCT feature)\"",
                ),
                ("a_size", "value = \"LIST_SIZE(a_list)\""),
            ],
        );
        world.edit(file, from, to);
        let found = world.complaints();
        assert!(found.contains(message), "{message}: {found}");
    }
}
