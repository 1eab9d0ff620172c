//! Money of several currencies: converted by dated rates, or not added up at all.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{AS_OF, World, cell, dates};

/// Lines of A in EUR and JPY, of B in EUR alone, of C in USD and in a currency without a rate.
fn world(currency: Option<&str>) -> World {
    let world = World::base();
    world.export(
        "lines",
        df!(
            "line" => ["1", "2", "3", "4", "5", "6"],
            "account_id" => ["A", "A", "B", "B", "C", "C"],
            "signed" => dates(&["2025-01-01", "2025-01-01", "2025-01-01", "2025-01-01", "2025-01-01", "2026-01-10"]),
            "revenue" => [100.10, 20000.0, 0.1, 0.2, 50.0, 7.0],
            "currency" => ["EUR", "JPY", "EUR", "EUR", "USD", "XXX"],
            "kind" => ["base", "extra", "base", "base", "base", "extra"],
        ),
    );
    world.export(
        "rates",
        df!(
            "currency" => ["EUR", "EUR", "JPY", "USD", "EUR"],
            "day" => dates(&["2025-12-31", "2026-01-20", "2025-12-31", "2025-12-31", "2026-02-28"]),
            "usd_per_unit" => [1.25, 1.6, 0.0064, 1.0, 9.9],
        ),
    );
    world.add("exports.toml", "[tables.rates]\npath = \"rates.parquet\"\nreference = true\nkey = [\"currency\", \"day\"]\ntime = \"day\"\n[tables.lines]\npath = \"lines.parquet\"\nkey = [\"line\"]\ntime = \"signed\"\nobserved = \"all\"\nscale = { revenue = 2 }\nmoney = { revenue = \"currency\" }\nderive = { big = \"revenue > 120\" }");
    world.edit("exports.toml", "[population]", "[rates]\ntable = \"rates\"\ncurrency = \"currency\"\nvalue = \"usd_per_unit\"\n\n[population]");
    world.add("measures.toml", "[measures.revenue]\nfrom = \"lines\"\nvalue = \"SUM(revenue)\"\nnone = 0\n[measures.base]\nfrom = \"lines\"\nvalue = \"SUM(revenue) FILTER (WHERE kind = 'base')\"\n[measures.big]\nfrom = \"lines\"\nvalue = \"COUNT(*) FILTER (WHERE big)\"\n[measures.counted_in]\nfrom = \"lines\"\nvalue = \"CASE WHEN job.currency IS NOT NULL THEN job.currency WHEN COUNT(DISTINCT currency) = 1 THEN MIN(currency) END\"\n[measures.per_seat]\nvalue = \"CASE WHEN job.currency = 'EUR' THEN revenue / seats END\"");
    if let Some(currency) = currency {
        world.edit(
            "job.toml",
            "as_of",
            &format!("currency = \"{currency}\"\nas_of"),
        );
    }
    world
}

const MEASURES: [&str; 5] = ["revenue", "base", "big", "counted_in", "per_seat"];

fn values(world: &World, as_of: &str, account: &str) -> Vec<AnyValue<'static>> {
    let frame = world.run_with(&MEASURES, as_of);
    MEASURES
        .iter()
        .map(|name| cell(&frame, account, name))
        .collect()
}

#[test]
fn amounts_are_counted_in_the_currency_of_the_job_by_the_newest_rate_of_the_date() {
    let world = world(Some("EUR"));
    let number = AnyValue::Float64;
    let eur = || AnyValue::StringOwned("EUR".into());
    // 100.10 EUR and 20000 JPY × 0.0064 ÷ 1.6.
    let revenue: f64 = 100.10 + 20000.0 * 0.0064 / 1.6;
    assert_eq!(
        values(&world, AS_OF, "A"),
        [
            number(revenue),
            number(100.10),
            number(0.0),
            eur(),
            number(revenue / 10.0)
        ]
    );
    let before = 100.10 + 20000.0 * 0.0064 / 1.25;
    assert_eq!(values(&world, "2026-01-19", "A")[0], number(before));
    // Nobody says what XXX is worth, but the base is in USD.
    let c = values(&world, AS_OF, "C");
    assert_eq!(c[..3], [AnyValue::Null, number(50.0 / 1.6), number(0.0)]);
    // What is in the job's currency already needs no rate.
    world.edit("job.toml", "EUR", "XXX");
    let c = values(&world, AS_OF, "C");
    assert_eq!(c[..2], [AnyValue::Null, AnyValue::Null]);
    assert_eq!(values(&world, "2026-01-01", "B")[0], AnyValue::Null);
}

#[test]
fn without_a_job_currency_several_currencies_are_not_added_up() {
    let world = world(None);
    let number = AnyValue::Float64;
    let missing = || AnyValue::Null;
    assert_eq!(
        values(&world, AS_OF, "A"),
        [missing(), number(100.10), number(1.0), missing(), missing()]
    );
    // Cents are added exactly.
    let b = values(&world, AS_OF, "B");
    assert_eq!(
        b[..4],
        [
            number(0.3),
            number(0.3),
            number(0.0),
            AnyValue::StringOwned("EUR".into())
        ]
    );
    assert_eq!(values(&world, "2026-01-09", "C")[0], number(50.0));
}

#[test]
fn the_currency_of_the_job_is_a_part_of_the_model() {
    let hash = |currency| {
        let job = world(currency).load(&Overrides::default()).unwrap();
        job.model.hash()
    };
    let hashes = [hash(None), hash(Some("EUR")), hash(Some("USD"))];
    assert_eq!(hash(Some("EUR")), hashes[1]);
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    let run = |world: &World, as_of: &str| {
        let overrides = Overrides {
            as_of: Some(as_of.to_owned()),
            ..Overrides::default()
        };
        let cards = world.publish(&overrides).unwrap();
        let tables = &cards[0].tables;
        let drivers = tables.iter().find(|table| table.name == "drivers").unwrap();
        let causes = drivers
            .frame()
            .unwrap()
            .column("cause")
            .unwrap()
            .str()
            .unwrap()
            .clone();
        causes
            .iter()
            .flatten()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // Another currency is another model to what was published before, and stands in the drivers.
    let world = world(Some("EUR"));
    world.edit("job.toml", "\"30d\"", "\"last_scorecard\"");
    world.edit(
        "model.toml",
        "[categories.commercial.metrics.seats]",
        "[categories.commercial.metrics.revenue]",
    );
    world.edit("model.toml", "[10, 100]", "[200, 100]");
    run(&world, "2026-01-29");
    assert!(!run(&world, "2026-01-30").contains(&"model".to_owned()));
    world.edit("job.toml", "EUR", "USD");
    assert!(run(&world, AS_OF).contains(&"model".to_owned()));
}

#[test]
fn money_that_cannot_be_added_up_is_a_finding() {
    for (currency, finding, evidence) in [
        (
            None,
            "mixed_currencies",
            "2 accounts have amounts in several currencies",
        ),
        (
            Some("EUR"),
            "missing_rate",
            "1 accounts have amounts in a currency that nobody says the worth of in EUR",
        ),
    ] {
        let world = world(currency);
        world.edit(
            "model.toml",
            "[categories.commercial.metrics.seats]",
            "[categories.commercial.metrics.revenue]",
        );
        let scorecards = world.publish(&Overrides::default()).unwrap();
        let kinds: Vec<&str> = scorecards[0]
            .findings
            .iter()
            .map(|finding| finding.finding)
            .collect();
        assert!(!kinds.contains(&"unresolved_lookup"), "{kinds:?}");
        let found = scorecards[0]
            .findings
            .iter()
            .find(|found| found.finding == finding)
            .unwrap();
        assert_eq!(found.subject, "revenue");
        assert!(found.evidence.starts_with(evidence), "{}", found.evidence);
    }
}

#[test]
fn misused_money_says_what_to_do() {
    let cases = [
        (
            "exports.toml",
            "[rates]\ntable = \"rates\"\ncurrency = \"currency\"\nvalue = \"usd_per_unit\"\n",
            "",
            "nothing says what other currencies are worth in EUR",
        ),
        (
            "exports.toml",
            "table = \"rates\"",
            "table = \"lines\"",
            "`lines` belongs to accounts",
        ),
        (
            "exports.toml",
            "value = \"usd_per_unit\"",
            "value = \"day\"",
            "`day` is a date, which does not fit here",
        ),
        (
            "exports.toml",
            "value = \"usd_per_unit\"",
            "value = \"usd\"",
            "export `rates` has no column `usd`",
        ),
        (
            "exports.toml",
            "money = { revenue",
            "money = { kind",
            "`kind` is not a column of numbers",
        ),
        (
            "exports.toml",
            "revenue = \"currency\" }",
            "revenue = \"signed\" }",
            "`signed` is a date, expected the names of currencies",
        ),
        (
            "exports.toml",
            "key = [\"line\"]",
            "key = [\"line\", \"big\"]",
            "`big` rests on exchange rates",
        ),
    ];
    for (file, from, to, message) in cases {
        let world = world(Some("EUR"));
        world.edit(file, from, to);
        let found = world.complaints();
        assert!(found.contains(message), "{message}: {found}");
    }
}
