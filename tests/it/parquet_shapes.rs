//! The same four events in every shape that common writers give them, each read alike.
//!
//! `tests/fixtures/parquet/make.py` writes the files and says what is in them.

use std::path::PathBuf;
use std::sync::Arc;

use parquet::data_type::{ByteArrayType, Int32Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use polars::prelude::*;

use healthscore::exports::scan::{self, Demand};
use healthscore::jobs::settings::Overrides;

use crate::harness::{World, cell, date, dates};

/// What is asked of each file; `day` and `is_core` stand for the columns that the file needs.
const QUESTIONS: [(&str, &str); 7] = [
    ("events_in_all", "COUNT(*)"),
    ("seats_in_all", "SUM(seats)"),
    ("amount_in_all", "SUM(amount)"),
    ("core_events", "COUNT(*) FILTER (WHERE is_core)"),
    ("newest_note", "LATEST(note)"),
    ("fast_events", "COUNT(*) FILTER (WHERE note = 'fast')"),
    ("days_since", "DATEDIFF('day', MAX(day), as_of)"),
];

/// Returns a world with accounts 7 and 8.
fn world() -> World {
    let world = World::base();
    let since = || dates(&["2025-01-01", "2025-01-01"]);
    let until = dates(&["2027-01-01", "2027-01-01"]);
    world.export(
        "accounts",
        df!("account_id" => ["7", "8"], "created_on" => since()),
    );
    world.export(
        "contracts",
        df!(
            "line_id" => ["L7", "L8"], "account_id" => ["7", "8"], "signed_on" => since(),
            "starts_on" => since(), "ends_on" => until, "seats" => [10i64, 5],
        ),
    );
    world
}

/// Declares one of the files as a table.
fn declare(world: &World, table: &str, path: &str, lines: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/parquet")
        .join(path);
    let file = file.display();
    world.add(
        "exports.toml",
        &format!(
            "[tables.{table}]\npath = \"{file}\"\nkey = [\"event_id\"]\nobserved = \"all\"\n{lines}"
        ),
    );
}

fn measure(world: &World, name: &str, table: &str, value: &str) {
    world.add(
        "measures.toml",
        &format!("[measures.{name}]\nfrom = \"{table}\"\nvalue = \"{value}\""),
    );
}

/// Returns the answers of several files, all in one run, for accounts 7 and 8.
fn answers(paths: &[&str], lines: &str) -> Vec<[Vec<AnyValue<'static>>; 2]> {
    let world = world();
    let mut names = Vec::new();
    for (n, path) in paths.iter().enumerate() {
        let table = format!("events_{n}");
        declare(&world, &table, path, lines);
        let column = |derived: &'static str, plain: &'static str| {
            if lines.contains(&format!("{derived} = ")) {
                derived
            } else {
                plain
            }
        };
        for (name, value) in QUESTIONS {
            let value = value
                .replace("is_core", column("is_core", "core"))
                .replace("(day)", &format!("({})", column("day", "at")));
            names.push(format!("{name}_{n}"));
            measure(&world, &names[names.len() - 1], &table, &value);
        }
    }
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = world.run_with(&all, "2026-01-31");
    let of_account = |account: &str, names: &[String]| {
        let names = names.iter();
        names.map(|name| cell(&frame, account, name)).collect()
    };
    names
        .chunks(QUESTIONS.len())
        .map(|names| [of_account("7", names), of_account("8", names)])
        .collect()
}

/// What every file says of accounts 7 and 8, by the clocks of London.
fn expected() -> [Vec<AnyValue<'static>>; 2] {
    let number = AnyValue::Float64;
    let text = |text: &str| AnyValue::StringOwned(text.into());
    [
        vec![
            number(3.0),
            number(12.0),
            number(10.35),
            number(2.0),
            text("slow"),
            number(1.0),
            number(1.0),
        ],
        vec![
            number(1.0),
            number(200.0),
            number(99999.99),
            number(0.0),
            text("fast"),
            number(1.0),
            number(1.0),
        ],
    ]
}

/// Asserts that files are read alike.
fn are_alike(paths: &[&str], lines: &str) {
    for (path, found) in paths.iter().zip(answers(paths, lines)) {
        assert_eq!(found, expected(), "{path}");
    }
}

const AT: &str = "time = \"at\"";

#[test]
fn columns_are_read_alike_however_they_are_stored() {
    are_alike(
        &[
            "plain.parquet",
            "dictionaries.parquet",
            "large_strings.parquet",
            "string_views.parquet",
            "unsigned.parquet",
            "unsigned_16.parquet",
            "small.parquet",
            "half_floats.parquet",
            "decimals_as_integers.parquet",
            "account_as_float.parquet",
        ],
        AT,
    );
}

#[test]
fn codecs_and_encodings_do_not_matter() {
    are_alike(
        &[
            "codec_none.parquet",
            "codec_gzip.parquet",
            "codec_brotli.parquet",
            "codec_lz4.parquet",
            "codec_zstd.parquet",
            "delta_encodings.parquet",
        ],
        AT,
    );
}

#[test]
fn writers_are_read_alike() {
    are_alike(
        &[
            "duckdb.parquet",
            "duckdb_v2.parquet",
            "pandas.parquet",
            "pandas_float_ids.parquet",
            "polars_categorical.parquet",
            "polars_enum.parquet",
            "spark",
            "spark_wall_clock",
            "parts",
        ],
        AT,
    );
}

/// Wall-clock times, and moments of several zones, in ticks of several lengths.
const WALL_CLOCK: [&str; 7] = [
    "at_s.parquet",
    "at_ms.parquet",
    "at_us.parquet",
    "at_ns.parquet",
    "int96.parquet",
    "spark",
    "spark_wall_clock",
];
const MOMENTS: [&str; 6] = [
    "plain.parquet",
    "at_s_zoned.parquet",
    "at_ms_zoned.parquet",
    "at_us_zoned.parquet",
    "at_ns_zoned.parquet",
    "at_offset.parquet",
];

#[test]
fn instants_have_any_tick_and_any_zone() {
    let all = [&WALL_CLOCK[..], &MOMENTS, &["at_no_schema.parquet"]].concat();
    are_alike(&all, AT);
    // The last event of account 7 is of 23:30 in London. In Berlin that is the day of the score;
    // a time that says nothing of a zone is on the clocks of Berlin already.
    let berlin = "time = \"at\"\ntimezone = \"Europe/Berlin\"";
    for (path, [seven, _]) in all.iter().zip(answers(&all, berlin)) {
        let days = if WALL_CLOCK.contains(path) { 1.0 } else { 0.0 };
        assert_eq!(seven[6], AnyValue::Float64(days), "{path}");
    }
}

#[test]
fn a_column_may_stand_in_the_names_of_folders() {
    are_alike(
        &["spark_micros"],
        "time = \"at\"\nderive = { is_core = \"core = 'true'\" }",
    );
}

#[test]
fn text_becomes_a_date_and_numbers_a_truth_by_derived_columns() {
    are_alike(
        &["at_text.parquet"],
        "time = \"day\"\nderive = { day = \"CAST(at AS DATE)\" }",
    );
    are_alike(
        &["core_as_numbers.parquet"],
        "time = \"at\"\nderive = { is_core = \"core = 1\" }",
    );
}

#[test]
fn columns_of_any_type_may_stand_beside_those_that_are_used() {
    are_alike(&["nested.parquet", "duckdb_every_type.parquet"], AT);
    let world = world();
    // The amount has more digits than can be summed.
    declare(&world, "wide", "decimals_wide.parquet", AT);
    measure(&world, "wide_seats", "wide", "SUM(seats)");
    declare(&world, "nested", "nested.parquet", AT);
    measure(&world, "users", "nested", "COUNT(DISTINCT user_hash)");
    measure(&world, "user", "nested", "MAX(user_hash)");
    let frame = world.run_with(&["wide_seats", "users", "user"], "2026-01-31");
    assert_eq!(cell(&frame, "7", "wide_seats"), AnyValue::Float64(12.0));
    // Numbers beyond 64 bits with a sign are names, whole and as text.
    assert_eq!(cell(&frame, "7", "users"), AnyValue::Float64(2.0));
    let hash = AnyValue::StringOwned("9223372036854775808".into());
    assert_eq!(cell(&frame, "8", "user"), hash);
}

#[test]
fn bytes_that_stand_for_a_choice_are_text() {
    let world = world();
    let written = "message events { required int32 event_id; required int32 account_id; required int32 at (DATE); required binary note (ENUM); }";
    let schema = Arc::new(parse_message_type(written).unwrap());
    let path = world.path().join("data/choices.parquet");
    let file = std::fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Default::default()).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    for number in [1, 7, 20_470] {
        let mut column = rows.next_column().unwrap().unwrap();
        let typed = column.typed::<Int32Type>();
        typed.write_batch(&[number], None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = rows.next_column().unwrap().unwrap();
    let typed = column.typed::<ByteArrayType>();
    typed.write_batch(&["fast".into()], None, None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    declare(&world, "choices", "", AT);
    let anywhere = format!("{}/tests/fixtures/parquet/", env!("CARGO_MANIFEST_DIR"));
    world.edit("exports.toml", &anywhere, "choices.parquet");
    measure(&world, "choice", "choices", "LATEST(note)");
    assert_eq!(
        world.measure("choice", "7"),
        AnyValue::StringOwned("fast".into())
    );
}

#[test]
fn a_column_of_a_type_without_use_is_refused_where_it_is_used() {
    let cases = [
        ("duckdb_every_type.parquet", "took", "an interval"),
        (
            "duckdb_every_type.parquet",
            "deep",
            "a record of several fields",
        ),
        ("duckdb_every_type.parquet", "clock", "a time of day"),
        ("nested.parquet", "tags", "a list"),
        ("nested.parquet", "pairs", "a map"),
        ("nested.parquet", "raw", "bytes"),
        ("decimals_wide.parquet", "amount", "a decimal of 60 digits"),
    ];
    let world = world();
    for (n, (file, column, _)) in cases.iter().enumerate() {
        declare(&world, &format!("odd_{n}"), file, AT);
        let value = format!("LATEST({column})");
        measure(&world, &format!("odd_{n}"), &format!("odd_{n}"), &value);
    }
    let complaints = world.complaints();
    for (n, (file, column, found)) in cases.iter().enumerate() {
        let why = format!("column `{column}` of export `odd_{n}` cannot be used: ");
        assert!(complaints.contains(&why), "{complaints}");
        let stored = format!(
            "{file} stores `{column}` as {found}; have it exported as a number, a text or a date"
        );
        assert!(complaints.contains(&stored), "{complaints}");
    }
}

#[test]
fn folders_of_days_are_read_as_one_and_only_those_that_a_window_reaches() {
    let world = World::base();
    for (day, region, sizes) in [
        ("2025-12-01", "eu", [100i64, 200]),
        ("2026-01-25", "eu", [1, 2]),
        ("2026-01-31", "eu", [4, 8]),
        ("2026-01-31", "us", [16, 32]),
        ("2026-02-01", "us", [1000, 2000]),
    ] {
        world.export(
            &format!("logins/dt={day}/region={region}/part-0"),
            df!("account_id" => ["A", "B"], "size" => sizes),
        );
    }
    world.add(
        "exports.toml",
        "[tables.logins]\npath = \"logins\"\ntime = \"day\"\nderive = { day = \"CAST(dt AS DATE)\" }\nobserved = \"all\"",
    );
    measure(&world, "sizes_30d", "logins", "SUM(size)");
    world.edit(
        "measures.toml",
        "from = \"logins\"",
        "from = \"logins\"\nwindow = \"30d\"",
    );
    measure(
        &world,
        "newest_region",
        "logins",
        "MAX(region) FILTER (WHERE size > 8)",
    );
    world.edit(
        "measures.toml",
        "[measures.newest_region]",
        "[measures.newest_region]\nwindow = \"7d\"",
    );
    let found = world.run_with(&["sizes_30d", "newest_region"], "2026-01-31");
    assert_eq!(cell(&found, "A", "sizes_30d"), AnyValue::Float64(21.0));
    assert_eq!(cell(&found, "B", "sizes_30d"), AnyValue::Float64(42.0));
    let us = AnyValue::StringOwned("us".into());
    assert_eq!(cell(&found, "A", "newest_region"), us);
    // Of five files, the oldest is out of reach and the newest is of tomorrow.
    let overrides = Overrides {
        also: vec!["sizes_30d".to_owned()],
        ..Overrides::default()
    };
    let job = world.load(&overrides).unwrap();
    let logins = &job.contract.tables["logins"];
    let demand = Demand {
        columns: vec!["size".to_owned()],
        since: Some(date("2026-01-02")),
        dates: vec![date("2026-01-31")],
        ..Demand::default()
    };
    let all: u64 = logins.files.iter().map(|file| file.bytes).sum();
    let of_columns = |n: usize| {
        let file = &logins.files[n];
        file.column_bytes["size"] + file.column_bytes["account_id"]
    };
    let read: u64 = (1..=3).map(of_columns).sum();
    assert_eq!(scan::bytes(logins, &demand), [read, all - read]);
}
