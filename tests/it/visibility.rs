//! What was known when: event times, cells, loads, versions, dumps, links and time zones.

use polars::prelude::*;

use crate::harness::{World, date, dates};
use healthscore::jobs::settings::Overrides;

fn with_table(world: &World, table: &str, measure: &str) {
    let exports = std::fs::read_to_string(world.path().join("exports.toml")).unwrap();
    world.write("exports.toml", &format!("{exports}\n{table}\n"));
    let measures = std::fs::read_to_string(world.path().join("measures.toml")).unwrap();
    world.write(
        "measures.toml",
        &format!("{measures}\n[measures.x]\n{measure}\n"),
    );
}

/// Returns the measure `x` of account A on several dates.
fn over_time(world: &World, days: &[&str]) -> Vec<Option<f64>> {
    days.iter()
        .map(|day| {
            let overrides = Overrides {
                as_of: Some((*day).to_owned()),
                also: vec!["x".into()],
                ..Overrides::default()
            };
            let job = world.load(&overrides).unwrap();
            let mut trail = healthscore::trail::Trail::silent();
            let run = healthscore::jobs::score_run::score_run(&job, None, &mut trail).unwrap();
            match crate::harness::cell(&run.compared, "A", "x") {
                AnyValue::Float64(number) => Some(number),
                AnyValue::Null => None,
                other => panic!("{other:?}"),
            }
        })
        .collect()
}

#[test]
fn a_cell_is_null_until_its_own_moment() {
    let world = World::base();
    // T1 of A stays open, T2 closes on 10 February.
    let job = |day: &str| {
        world
            .load(&Overrides {
                as_of: Some(day.into()),
                ..Overrides::default()
            })
            .unwrap()
    };
    for (day, expected) in [
        ("2026-01-10", 1.0),
        ("2026-01-31", 2.0),
        ("2026-02-09", 2.0),
        ("2026-02-10", 1.0),
    ] {
        let run = healthscore::jobs::score_run::score_run(
            &job(day),
            None,
            &mut healthscore::trail::Trail::silent(),
        )
        .unwrap();
        assert_eq!(
            crate::harness::cell(&run.compared, "A", "open_tickets"),
            AnyValue::Float64(expected),
            "{day}"
        );
    }
}

#[test]
fn a_filled_cell_without_a_moment_stays_hidden_and_is_a_finding() {
    let world = World::base();
    world.export(
        "scored",
        df!(
            "id" => ["1", "2"],
            "account_id" => ["A", "A"],
            "day" => dates(&["2026-01-02", "2026-01-03"]),
            "csat" => [5i64, 9],
            "rated" => dates(&["2026-01-10", ""]),
        ),
    );
    with_table(
        &world,
        "[tables.scored]\npath = \"scored.parquet\"\nkey = [\"id\"]\ntime = \"day\"\nknown = { csat = \"rated\" }",
        "from = \"scored\"\nvalue = \"MAX(csat)\"",
    );
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]\nweight = 1",
        "[categories.commercial.metrics.x]\nweight = 1",
    );
    assert_eq!(
        over_time(&world, &["2026-01-09", "2026-01-10", "2026-01-31"]),
        [None, Some(5.0), Some(5.0)]
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let found = scorecards[0]
        .moment
        .iter()
        .find(|finding| finding.finding == "undated_cells")
        .unwrap();
    assert_eq!((found.subject.as_str(), found.count), ("scored.csat", 1));
}

#[test]
fn of_several_loads_the_newest_not_after_the_date_wins() {
    let world = World::base();
    world.export(
        "orders",
        df!(
            "id" => ["1", "1", "1"],
            "account_id" => ["A", "A", "A"],
            "day" => dates(&["2026-01-02", "2026-01-02", "2026-01-02"]),
            "loaded" => dates(&["2026-01-03", "2026-01-20", "2026-03-01"]),
            "size" => [1i64, 5, 100],
        ),
    );
    with_table(
        &world,
        "[tables.orders]\npath = \"orders.parquet\"\nkey = [\"id\"]\ntime = \"day\"\nloaded = \"loaded\"",
        "from = \"orders\"\nvalue = \"SUM(size)\"",
    );
    let found = over_time(
        &world,
        &[
            "2026-01-02",
            "2026-01-03",
            "2026-01-19",
            "2026-01-20",
            "2026-02-28",
            "2026-03-01",
        ],
    );
    assert_eq!(
        found,
        [
            None,
            Some(1.0),
            Some(1.0),
            Some(5.0),
            Some(5.0),
            Some(100.0)
        ]
    );
}

/// The days around a ticket that is solved on the 10th, opened again on the 20th, and solved for good on
/// the 5th of February.
const REOPENED: [&str; 5] = [
    "2026-01-09",
    "2026-01-10",
    "2026-01-19",
    "2026-01-20",
    "2026-02-05",
];

#[test]
fn a_reopened_ticket_is_what_it_was_on_each_date_where_every_load_is_kept() {
    let table = "[tables.desk]\npath = \"desk.parquet\"\nkey = [\"id\"]\ntime = \"opened\"\nknown = { solved = \"solved\" }\nobserved = \"all\"";
    let measure = "from = \"desk\"\nwhere = \"solved IS NULL\"\nvalue = \"COUNT(*)\"\nnone = 0";
    let world = World::base();
    world.export(
        "desk",
        df!(
            "id" => ["T"; 4],
            "account_id" => ["A"; 4],
            "opened" => dates(&["2026-01-02"; 4]),
            "solved" => dates(&["", "2026-01-10", "", "2026-02-05"]),
            "loaded" => dates(&["2026-01-02", "2026-01-10", "2026-01-20", "2026-02-05"]),
        ),
    );
    with_table(&world, &format!("{table}\nloaded = \"loaded\""), measure);
    let open = over_time(&world, &REOPENED);
    assert_eq!(open, [1.0, 0.0, 0.0, 1.0, 0.0].map(Some));
    // Where the row is overwritten, only the last solution is known.
    let world = World::base();
    world.export(
        "desk",
        df!(
            "id" => ["T"],
            "account_id" => ["A"],
            "opened" => dates(&["2026-01-02"]),
            "solved" => dates(&["2026-02-05"]),
        ),
    );
    with_table(&world, table, measure);
    let open = over_time(&world, &REOPENED);
    assert_eq!(open, [1.0, 1.0, 1.0, 1.0, 0.0].map(Some));
}

#[test]
fn versions_hold_from_their_first_day_until_before_their_last() {
    let world = World::base();
    world.export(
        "plans",
        df!(
            "id" => ["1", "1"],
            "account_id" => ["A", "A"],
            "from" => dates(&["2026-01-01", "2026-01-10"]),
            "to" => dates(&["", "2026-01-20"]),
            "seats" => [3i64, 8],
        ),
    );
    with_table(
        &world,
        "[tables.plans]\npath = \"plans.parquet\"\nkey = [\"id\"]\nvalid_from = \"from\"\nvalid_to = \"to\"",
        "from = \"plans\"\nvalue = \"SUM(seats)\"",
    );
    // The first version has no end of its own; the second one ends it.
    let found = over_time(
        &world,
        &[
            "2025-12-31",
            "2026-01-01",
            "2026-01-09",
            "2026-01-10",
            "2026-01-19",
            "2026-01-20",
        ],
    );
    assert_eq!(
        found,
        [None, Some(3.0), Some(3.0), Some(8.0), Some(8.0), None]
    );
}

#[test]
fn of_full_dumps_the_newest_not_after_the_date_is_read() {
    let world = World::base();
    for (day, ids, sizes) in [
        ("2026-01-01", vec!["1", "2"], vec![1i64, 2]),
        ("2026-01-15", vec!["1"], vec![10]),
        ("2026-04-01", vec!["9"], vec![99]),
    ] {
        let accounts: Vec<&str> = ids.iter().map(|_| "A").collect();
        world.export(
            &format!("dumps/dt={day}/part-0"),
            df!("id" => ids, "account_id" => accounts, "size" => sizes),
        );
    }
    let measure = "from = \"dumps\"\nvalue = \"SUM(size)\"";
    with_table(
        &world,
        "[tables.dumps]\npath = \"dumps/dt={as_of}/*.parquet\"\nkey = [\"id\"]",
        measure,
    );
    let days = [
        "2025-12-31",
        "2026-01-01",
        "2026-01-14",
        "2026-01-15",
        "2026-03-31",
    ];
    let expected = [None, Some(3.0), Some(3.0), Some(10.0), Some(10.0)];
    assert_eq!(over_time(&world, &days), expected);
    // The same, said by the name of the folder's key.
    world.edit(
        "exports.toml",
        "path = \"dumps/dt={as_of}/*.parquet\"",
        "path = \"dumps\"\nsnapshot = \"dt\"",
    );
    assert_eq!(over_time(&world, &days), expected);
}

#[test]
fn a_row_is_seen_from_the_day_that_what_it_hangs_on_began() {
    let world = World::base();
    world.export(
        "subscriptions",
        df!("sub" => ["S1", "S2"], "account_id" => ["A", "A"], "begun" => dates(&["2026-01-10", "2026-03-01"])),
    );
    world.export(
        "usage",
        df!(
            "id" => ["1", "2", "3"],
            "sub" => ["S1", "S1", "S2"],
            "day" => dates(&["2025-12-20", "2026-01-12", "2026-01-05"]),
            "n" => [1i64, 10, 100],
        ),
    );
    with_table(
        &world,
        "[tables.subscriptions]\npath = \"subscriptions.parquet\"\nkey = [\"sub\"]\ntime = \"begun\"\n\n[tables.usage]\npath = \"usage.parquet\"\nkey = [\"id\"]\ntime = \"day\"\nvia = { column = \"sub\", table = \"subscriptions\" }",
        "from = \"usage\"\nvalue = \"SUM(n)\"",
    );
    let found = over_time(
        &world,
        &[
            "2026-01-09",
            "2026-01-10",
            "2026-01-12",
            "2026-02-28",
            "2026-03-01",
        ],
    );
    assert_eq!(
        found,
        [None, Some(1.0), Some(11.0), Some(11.0), Some(111.0)]
    );
}

#[test]
fn of_a_repeated_key_the_row_that_was_known_first_stays() {
    let world = World::base();
    world.export(
        "orders",
        df!(
            "id" => [Some("1"), Some("1"), Some("2"), Some("2"), None],
            "account_id" => ["A", "A", "A", "A", "A"],
            "day" => dates(&["2026-01-20", "2026-01-02", "2026-01-05", "2026-01-05", "2026-01-05"]),
            "size" => [100i64, 1, 7, 7, 1000],
        ),
    );
    with_table(
        &world,
        "[tables.orders]\npath = \"orders.parquet\"\nkey = [\"id\"]\ntime = \"day\"",
        "from = \"orders\"\nvalue = \"SUM(size)\"",
    );
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]\nweight = 1",
        "[categories.commercial.metrics.x]\nweight = 1",
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 1 }\nas_of");
    assert_eq!(over_time(&world, &["2026-01-31"]), [Some(8.0)]);
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let rejects = &scorecards[0]
        .tables
        .iter()
        .find(|table| table.name == "rejects")
        .unwrap()
        .frame()
        .unwrap();
    let text = |column: &str| -> Vec<String> {
        rejects
            .column(column)
            .unwrap()
            .str()
            .unwrap()
            .iter()
            .map(|cell| cell.unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        text("rule"),
        ["key_missing", "repeated_key", "repeated_key"]
    );
    assert_eq!(text("row_key"), ["null", "1", "2"]);
    assert_eq!(
        text("found"),
        [
            "null",
            "other content than the row kept",
            "the same as the row kept, later cells aside"
        ]
    );
}

#[test]
fn instants_become_local_dates_in_the_zone_of_the_table() {
    let world = World::base();
    let late_evening = date("2026-01-30").and_hms_opt(23, 30, 0).unwrap();
    let instants = Column::new("at".into(), [late_evening])
        .cast(&DataType::Datetime(
            TimeUnit::Microseconds,
            Some(TimeZone::UTC),
        ))
        .unwrap();
    let frame = df!("id" => ["1"], "account_id" => ["A"]).map(|mut frame| {
        frame.with_column(instants).unwrap();
        frame
    });
    world.export("calls", frame);
    with_table(
        &world,
        "[tables.calls]\npath = \"calls.parquet\"\nkey = [\"id\"]\ntime = \"at\"\nobserved = \"all\"",
        "from = \"calls\"\nwindow = \"1d\"\nvalue = \"COUNT(*)\"\nnone = 0",
    );
    assert_eq!(
        over_time(&world, &["2026-01-30", "2026-01-31"]),
        [Some(1.0), None]
    );
    world.edit(
        "exports.toml",
        "[population]",
        "timezone = \"Europe/Berlin\"\n\n[population]",
    );
    assert_eq!(
        over_time(&world, &["2026-01-30", "2026-01-31"]),
        [None, Some(1.0)]
    );
}

#[test]
fn ids_meet_across_types() {
    let world = World::base();
    world.export(
        "accounts",
        df!("account_id" => [7i64], "created_on" => dates(&["2025-01-01"])),
    );
    world.export(
        "contracts",
        df!(
            "line_id" => ["L1"], "account_id" => ["7"], "signed_on" => dates(&["2025-01-01"]),
            "starts_on" => dates(&["2025-01-01"]), "ends_on" => dates(&["2027-01-01"]), "seats" => [10i64], "product" => ["core"],
        ),
    );
    world.export("tickets", df!("ticket_id" => [1i64], "account_id" => [7.0], "opened_at" => dates(&["2026-01-05"]), "closed_at" => dates(&[""])));
    assert_eq!(world.measure("open_tickets", "7"), AnyValue::Float64(1.0));
}

#[test]
fn a_row_that_leads_nowhere_does_not_displace_one_that_does() {
    let world = World::base();
    world.export(
        "orders",
        df!(
            "id" => ["1", "1", "2", "2"],
            "account_id" => ["A", "LATER", "A", "NEVER"],
            "day" => dates(&["2026-01-20", "2026-01-02", "2026-01-20", "2026-01-02"]),
            "size" => [1i64, 100, 2, 200],
        ),
    );
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "LATER"],
            "created_on" => dates(&["2025-01-01", "2026-03-01"]),
            "sales_region" => ["north", "north"],
        ),
    );
    with_table(
        &world,
        "[tables.orders]\npath = \"orders.parquet\"\nkey = [\"id\"]\ntime = \"day\"",
        "from = \"orders\"\nvalue = \"SUM(size)\"",
    );
    assert_eq!(
        over_time(&world, &["2026-01-31", "2026-04-01"]),
        [Some(3.0), Some(3.0)]
    );
}

#[test]
fn rows_without_a_usable_time_are_counted_and_never_seen() {
    let world = World::base();
    let instants = [
        Some(0),
        None,
        Some(i64::MAX),
        Some(i64::MIN),
        Some(1_769_000_000_000_000),
    ];
    let instants = Column::new("at".into(), instants)
        .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
        .unwrap();
    let frame =
        df!("id" => ["1", "2", "3", "4", "5"], "account_id" => ["A"; 5]).map(|mut frame| {
            frame.with_column(instants).unwrap();
            frame
        });
    world.export("calls", frame);
    with_table(
        &world,
        "[tables.calls]\npath = \"calls.parquet\"\nkey = [\"id\"]\ntime = \"at\"\nobserved = \"all\"",
        "from = \"calls\"\nvalue = \"COUNT(*)\"\nnone = 0",
    );
    assert_eq!(over_time(&world, &["2026-01-31"]), [Some(2.0)]);
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]\nweight = 1",
        "[categories.commercial.metrics.x]\nweight = 1",
    );
    world.edit("job.toml", "as_of", "tolerance = { refuse = 1 }\nas_of");
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let found = scorecards[0]
        .moment
        .iter()
        .find(|finding| finding.finding == "without_time")
        .unwrap();
    assert_eq!((found.subject.as_str(), found.count), ("calls", 3));
}

#[test]
fn latest_of_nothing_known_is_missing() {
    let world = World::base();
    world.export(
        "surveys",
        df!(
            "id" => ["1", "2", "3"],
            "account_id" => ["A", "B", "B"],
            "day" => dates(&["2026-01-20", "2026-01-02", "2026-01-03"]),
            "nps" => [None, Some(9i64), None],
        ),
    );
    with_table(
        &world,
        "[tables.surveys]\npath = \"surveys.parquet\"\nkey = [\"id\"]\ntime = \"day\"",
        "from = \"surveys\"\nvalue = \"LATEST(nps)\"",
    );
    assert_eq!(world.measure("x", "A"), AnyValue::Null);
    assert_eq!(world.measure("x", "B"), AnyValue::Float64(9.0));
}

#[test]
fn rows_of_one_instant_that_disagree_are_a_finding_of_an_export_without_a_key() {
    let world = World::base();
    world.export(
        "surveys",
        df!(
            "account_id" => ["A", "A", "B", "B"],
            "day" => dates(&["2026-01-20", "2026-01-20", "2026-01-02", "2026-01-03"]),
            "nps" => [3i64, 7, 9, 8],
        ),
    );
    with_table(
        &world,
        "[tables.surveys]\npath = \"surveys.parquet\"\ntime = \"day\"",
        "from = \"surveys\"\nvalue = \"LATEST(nps)\"",
    );
    assert_eq!(world.measure("x", "A"), AnyValue::Float64(7.0));
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]",
        "[categories.commercial.metrics.x]",
    );
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let found = scorecards[0]
        .findings
        .iter()
        .find(|finding| finding.finding == "latest_tie")
        .unwrap();
    assert_eq!((found.subject.as_str(), found.count), ("x", 1));
}
