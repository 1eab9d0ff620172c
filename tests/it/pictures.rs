//! The charts of a scorecard: what they write is what the tables beside them hold.

use std::collections::BTreeMap;

use healthscore::jobs::settings::{Backfill, Every, Overrides};
use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, date, dates};

const HOSTILE: &str = "<script>alert(1)</script> & \"Söhne\"";

/// Three accounts, two of which come up for renewal within a year, in two currencies.
fn world() -> World {
    let world = World::base();
    world.export(
        "accounts",
        df!(
            "account_id" => ["A", "B", "C"],
            "created_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
            "title" => [HOSTILE, "Bell\u{202e}", "Crane"],
            "renewal" => dates(&["2026-03-15", "2026-03-20", "2028-01-01"]),
            "revenue" => [12_500.0, 900.0, 70.0],
            "currency" => ["EUR", "USD", "EUR"],
        ),
    );
    world.edit(
        "exports.toml",
        "eligible = \"active_lines > 0\"",
        "eligible = \"active_lines > 0\"\nshow = [\"title\", \"renewal\", \"revenue\", \"currency\"]",
    );
    world.add(
        "model.toml",
        "[follow_up]\namount = \"revenue\"\ncurrency = \"currency\"\nrenewal_date = \"renewal\"",
    );
    world.add(
        "job.toml",
        "publish = [\"scores\", \"portfolio\", \"charts\"]",
    );
    world
}

/// Returns the text of each picture, by name.
fn pictures(world: &World) -> BTreeMap<String, String> {
    let files = world.published(AS_OF).into_iter();
    let svg = files.filter_map(|(path, bytes)| {
        let name = path.strip_prefix("charts/")?.strip_suffix(".svg")?;
        Some((name.to_owned(), String::from_utf8(bytes).unwrap()))
    });
    svg.collect()
}

/// Returns a number as the charts write a change of points.
fn change(points: f64) -> String {
    format!("{points:+.1}").replace('-', "−")
}

#[test]
fn charts_are_published_beside_the_tables_and_say_what_they_say() {
    let world = world();
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let table = |name: &str| {
        let table = scorecards[0].tables.iter().find(|table| table.name == name);
        table.unwrap().frame().unwrap()
    };
    let files = world.published(AS_OF);
    for name in [
        "band_migration",
        "coverage",
        "largest_movers",
        "renewals_ahead",
        "score_distribution",
    ] {
        assert!(files[&format!("charts/{name}.png")].starts_with(b"\x89PNG"));
        let svg = String::from_utf8(files[&format!("charts/{name}.svg")].clone()).unwrap();
        assert!(!svg.contains("No data"), "{svg}");
        assert!(svg.contains(AS_OF), "{name}");
        assert!(!svg.contains("<script>") && !svg.contains('\u{202e}'));
    }
    let svg = pictures(&world);

    let accounts = table("account_scores");
    let number = |id: &str, column: &str| cell(&accounts, id, column).try_extract::<f64>().unwrap();
    let movers = &svg["largest_movers"];
    for (id, name) in [
        ("A", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("B", "Bell"),
    ] {
        let moved = change(number(id, "change_30d"));
        assert!(movers.contains(name), "{movers}");
        assert!(movers.contains(&moved), "{moved} is not in {movers}");
    }
    assert!(movers.contains("1 scores fell since 2026-01-01 and 1 rose"));

    let bands = table("portfolio_bands");
    let mut said = Vec::new();
    for row in 0..bands.height() {
        let of = |column: &str| bands.column(column).unwrap().get(row).unwrap();
        let (AnyValue::String(band), AnyValue::Int64(n)) = (of("band"), of("accounts")) else {
            panic!("{bands}");
        };
        let is_now = bands
            .column("on_date")
            .unwrap()
            .cast(&DataType::String)
            .unwrap();
        if is_now.str().unwrap().get(row) == Some(AS_OF) {
            said.push(format!("{band} {n} (was"));
        }
    }
    assert!(!said.is_empty());
    for said in said {
        let drawn = &svg["score_distribution"];
        assert!(drawn.contains(&said), "{said} is not in {drawn}");
    }

    let migration = table("portfolio_migration");
    for row in 0..migration.height() {
        let of = |column: &str| migration.column(column).unwrap().get(row).unwrap();
        let (before, after) = (of("band_before"), of("band_after"));
        let (from, to) = (before.get_str().unwrap(), after.get_str().unwrap());
        let said = format!("{from} → {to} {}", of("accounts"));
        assert!(svg["band_migration"].contains(&said), "{said}");
    }

    let ahead = table("portfolio_renewals");
    let all = ahead.lazy().filter(col("slice").eq(lit("all"))).collect();
    let all = all.unwrap();
    let of = |column: &str, row: usize| all.column(column).unwrap().get(row).unwrap().to_string();
    let rows: Vec<String> = (0..all.height())
        .map(|row| {
            ["month", "currency", "band", "accounts", "amount"]
                .map(|c| of(c, row))
                .join(" ")
        })
        .collect();
    let expected = [
        "\"2026-03\" \"EUR\" \"Good\" 1 12500.0",
        "\"2026-03\" \"USD\" \"Good\" 1 900.0",
        "\"2028-01\" \"EUR\" \"Good\" 1 70.0",
    ];
    assert_eq!(rows, expected);
    let columns = [
        "month_from",
        "month_to",
        "accounts_due",
        "accounts_due_at_risk",
        "accounts_due_without_amount",
        "accounts_later",
    ];
    let due = table("portfolio_renewals_ahead");
    let row = columns.map(|column| due.column(column).unwrap().get(0).unwrap().to_string());
    assert_eq!(row.join(" "), "\"2026-02\" \"2027-01\" 2 0 0 1");
    let renewals = &svg["renewals_ahead"];
    assert!(renewals.contains("0 of 2 renewals by the end of 2027-01 are in Bad"));
    for said in ["2026-03", "€12.5k", "$900", "1 later"] {
        assert!(renewals.contains(said), "{said} is not in {renewals}");
    }
    assert!(svg["coverage"].contains("100 %"));

    let text = std::fs::read_to_string(
        world
            .path()
            .join(format!("out/job/as_of={AS_OF}/manifest.json")),
    );
    let manifest: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(manifest["run"]["charts"].as_array().unwrap().len(), 5);
    world.publish(&Overrides::default()).unwrap();
    assert!(
        files == world.published(AS_OF),
        "a second run draws otherwise"
    );
}

#[test]
fn a_picture_without_data_says_why_and_a_backfill_draws_only_if_asked() {
    let world = World::base();
    world.edit(
        "job.toml",
        "compare = [\"30d\"]",
        "compare = [\"last_scorecard\"]",
    );
    world.add("job.toml", "publish = [\"scores\", \"charts\"]");
    world.publish(&Overrides::default()).unwrap();
    let svg = pictures(&world);
    let reasons = [
        ("band_migration", "no scorecard was published before"),
        ("largest_movers", "no scorecard was published before"),
        ("score_distribution", "does not publish portfolio_scores"),
        ("renewals_ahead", "does not name its renewal_date"),
    ];
    for (name, reason) in reasons {
        assert!(svg[name].contains(reason), "{}", svg[name]);
    }
    for charts in [false, true] {
        let backfill = Backfill {
            from: date(AS_OF),
            to: date(AS_OF),
            every: Every::Month,
        };
        let overrides = Overrides {
            backfill: Some(backfill),
            charts,
            ..Overrides::default()
        };
        world.publish(&overrides).unwrap();
        assert_eq!(!pictures(&world).is_empty(), charts);
    }
}
