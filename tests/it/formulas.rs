//! What each formula means: a few literal rows in, the expected value out.

use polars::prelude::*;

use crate::harness::{World, dates};

/// Account A has six events, B one, C none; the last one of A lies after the as-of date.
fn world() -> World {
    let world = World::base();
    world.export(
        "events",
        df!(
            "event_id" => ["1", "2", "3", "4", "5", "6", "7"],
            "account_id" => ["A", "A", "A", "A", "A", "A", "B"],
            "day" => dates(&["2025-10-01", "2025-12-31", "2026-01-04", "2026-01-25", "2026-01-31", "2026-02-01", "2026-01-01"]),
            "kind" => [Some("login"), Some("login"), Some("export"), None, Some("50% off_x"), Some("login"), Some("login")],
            "size" => [Some(1i64), Some(2), Some(4), None, Some(16), Some(1000), Some(7)],
            "price" => [Some(0.1), Some(0.2), Some(0.3), Some(f64::NAN), Some(0.7), Some(9.0), Some(1.0)],
            "is_trial" => [Some(true), Some(false), None, Some(false), Some(true), Some(true), Some(false)],
            "due" => dates(&["2025-10-03", "", "2026-01-14", "2026-01-20", "2026-02-28", "", ""]),
        ),
    );
    let table = "\n[tables.events]\npath = \"events.parquet\"\nkey = [\"event_id\"]\ntime = \"day\"\nobserved = \"any row\"\nscale = { price = 2 }\nderive = { is_big = \"size >= 4\" }\n";
    let exports = std::fs::read_to_string(world.path().join("exports.toml")).unwrap() + table;
    world.write("exports.toml", &exports);
    world
}

fn value(world: &World, measure: &str, account: &str) -> AnyValue<'static> {
    let base = crate::harness::fixture("base/measures.toml");
    world.write(
        "measures.toml",
        &format!("{base}\n[measures.x]\n{measure}\n"),
    );
    world.measure("x", account)
}

fn of_a(world: &World, measure: &str) -> AnyValue<'static> {
    value(world, measure, "A")
}

#[test]
fn whole_numbers_beyond_64_bits_are_added_up() {
    let world = world();
    let most = i64::MAX;
    world.export(
        "events",
        df!(
            "event_id" => ["1", "2", "3", "4"],
            "account_id" => ["A", "A", "A", "B"],
            "day" => dates(&["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-01"]),
            "kind" => ["login", "login", "export", "login"],
            "size" => [Some(most), Some(most), Some(5), Some(-most)],
            "price" => [0.1, 0.2, 0.3, 0.4],
        ),
    );
    // Twice 2^63 − 1, and 5: in 64 bits that wraps around to 3.
    let two_to_the_64 = 18_446_744_073_709_551_616.0;
    assert_eq!(
        of_a(&world, "from = \"events\"\nvalue = \"SUM(size)\""),
        AnyValue::Float64(two_to_the_64)
    );
    assert_eq!(
        of_a(
            &world,
            "from = \"events\"\nvalue = \"SUM(size) FILTER (WHERE kind = 'export') + 1\""
        ),
        AnyValue::Float64(6.0)
    );
    assert_eq!(
        value(&world, "from = \"events\"\nvalue = \"SUM(size)\"", "B"),
        AnyValue::Float64(-9_223_372_036_854_775_808.0)
    );
}

#[test]
fn aggregates_see_what_was_known_and_nothing_later() {
    let world = world();
    let number = |x: f64| AnyValue::Float64(x);
    let cases = [
        ("COUNT(*)", number(5.0)),
        ("COUNT(size)", number(4.0)),
        ("COUNT(DISTINCT kind)", number(3.0)),
        ("SUM(size)", number(23.0)),
        ("SUM(price)", number(1.3)),
        ("AVG(size)", number(5.75)),
        ("MIN(size)", number(1.0)),
        ("MAX(size)", number(16.0)),
        ("MEDIAN(size)", number(3.0)),
        // statistics.stdev([1, 2, 4, 16])
        ("STDDEV(size)", number(6.946_221_994_724_902)),
        ("LATEST(size)", number(16.0)),
        ("LATEST(kind)", AnyValue::StringOwned("50% off_x".into())),
        ("LATEST_ROW(due)", AnyValue::Date(20_512)),
        // scipy.stats.linregress([-122, -31, -27, 0], [1, 2, 4, 16]).slope
        (
            "REGR_SLOPE(size, DATEDIFF('day', as_of, day))",
            number(0.087_679_962_237_432_14),
        ),
        ("COUNT(*) FILTER (WHERE is_big)", number(2.0)),
        ("SUM(size) FILTER (WHERE kind = 'login')", number(3.0)),
        ("SUM(size) FILTER (WHERE kind = 'nothing')", AnyValue::Null),
        ("SUM(size) / COUNT(*)", number(4.6)),
        ("SUM(size) / 0", AnyValue::Null),
        (
            "SUM(CASE WHEN is_trial THEN 1 WHEN NOT is_trial THEN 10 ELSE 100 END)",
            number(122.0),
        ),
        ("SUM(CASE kind WHEN 'login' THEN 1 ELSE 0 END)", number(2.0)),
        ("SUM(COALESCE(size, 100))", number(123.0)),
        ("SUM(NULLIF(size, 16))", number(7.0)),
        ("SUM(LEAST(size, 3)) + SUM(GREATEST(size, 3))", number(35.0)),
        ("ROUND(AVG(size), 1)", number(5.8)),
        ("ABS(MIN(size) - MAX(size))", number(15.0)),
        (
            "COUNT(*) FILTER (WHERE kind IN ('login', 'export'))",
            number(3.0),
        ),
        ("COUNT(*) FILTER (WHERE kind NOT IN ('login'))", number(2.0)),
        ("COUNT(*) FILTER (WHERE size BETWEEN 2 AND 4)", number(2.0)),
        ("COUNT(*) FILTER (WHERE kind IS NULL)", number(1.0)),
        ("COUNT(*) FILTER (WHERE is_trial IS NOT TRUE)", number(3.0)),
        ("COUNT(*) FILTER (WHERE kind LIKE 'lo%')", number(2.0)),
        ("COUNT(*) FILTER (WHERE kind LIKE '50% off_x')", number(1.0)),
        ("COUNT(*) FILTER (WHERE kind LIKE '%p_rt')", number(1.0)),
        (
            "COUNT(*) FILTER (WHERE day < DATE '2026-01-01')",
            number(2.0),
        ),
        ("MAX(DATEDIFF('day', day, due))", number(28.0)),
        (
            "COUNT(*) FILTER (WHERE DATEDIFF('day', day, as_of) <= 6)",
            number(2.0),
        ),
        (
            "COUNT(*) FILTER (WHERE UPPER(kind) = 'LOGIN' OR LOWER(kind) = 'export')",
            number(3.0),
        ),
        ("SUM(CAST(size AS DOUBLE)) * -1", number(-23.0)),
        ("MAX(DATEADD('day', 0 - size, due))", AnyValue::Date(20_496)),
        (
            "MAX(CONCAT(kind, '/', CAST(size AS VARCHAR)))",
            AnyValue::StringOwned("login/2".into()),
        ),
        ("COUNT(CONCAT(kind, CAST(due AS VARCHAR)))", number(3.0)),
    ];
    for (formula, expected) in cases {
        assert_eq!(
            of_a(&world, &format!("from = \"events\"\nvalue = \"{formula}\"")),
            expected,
            "{formula}"
        );
    }
}

#[test]
fn windows_include_both_ends_and_offsets_move_them() {
    let world = world();
    let cases = [
        ("window = \"1d\"", 1.0),
        ("window = \"7d\"", 2.0),
        ("window = \"28d\"", 3.0),
        ("window = \"32d\"", 4.0),
        ("window = \"28d\"\noffset = \"28d\"", 1.0),
        ("offset = \"31d\"", 2.0),
        ("window = \"28d\"\nwhere = \"kind IS NOT NULL\"", 2.0),
    ];
    for (keys, expected) in cases {
        let measure = format!("from = \"events\"\n{keys}\nvalue = \"COUNT(*)\"");
        assert_eq!(
            of_a(&world, &measure),
            AnyValue::Float64(expected),
            "{keys}"
        );
    }
}

#[test]
fn silence_is_none_only_where_the_feed_covers_the_account() {
    let world = world();
    let measure = "from = \"events\"\nwindow = \"7d\"\nvalue = \"COUNT(*)\"\nnone = 0";
    // B has had a row, so its silent week is zero; C has never been heard of.
    assert_eq!(value(&world, measure, "B"), AnyValue::Float64(0.0));
    assert_eq!(value(&world, measure, "C"), AnyValue::Null);
    let without = "from = \"events\"\nwindow = \"7d\"\nvalue = \"COUNT(*)\"";
    assert_eq!(value(&world, without, "B"), AnyValue::Null);
    world.edit(
        "exports.toml",
        "observed = \"any row\"",
        "observed = \"all\"",
    );
    assert_eq!(value(&world, measure, "C"), AnyValue::Float64(0.0));
    world.edit(
        "exports.toml",
        "observed = \"all\"\nscale",
        "observed = \"sales_region = 'south'\"\nscale",
    );
    assert_eq!(value(&world, measure, "B"), AnyValue::Float64(0.0));
    assert_eq!(value(&world, measure, "C"), AnyValue::Null);
}

#[test]
fn formulas_over_measures_read_account_columns_and_the_date() {
    let world = world();
    let cases = [
        ("seats * 2 - open_tickets", AnyValue::Float64(18.0)),
        (
            "CASE WHEN sales_region = 'north' THEN seats ELSE 0 END",
            AnyValue::Float64(10.0),
        ),
        (
            "DATEDIFF('day', created_on, as_of)",
            AnyValue::Float64(395.0),
        ),
        ("open_tickets / NULLIF(open_tickets - 2, 0)", AnyValue::Null),
        ("open_tickets > 1 AND seats >= 10", AnyValue::Boolean(true)),
        ("sales_region", AnyValue::StringOwned("north".into())),
    ];
    for (formula, expected) in cases {
        assert_eq!(
            of_a(&world, &format!("value = \"{formula}\"")),
            expected,
            "{formula}"
        );
    }
}
