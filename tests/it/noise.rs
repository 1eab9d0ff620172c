//! Noise told from what lasts, in a world where a score is what somebody wrote down that day.

use healthscore::jobs::settings::Overrides;
use polars::prelude::*;

use crate::harness::{World, dates};

const EXPORTS: &str = r#"
[population]
eligible = "lines > 0"

[tables.accounts]
path = "accounts.parquet"
time = "created_on"

[tables.levels]
path = "levels.parquet"
time = "day"
"#;

const MEASURES: &str = r#"
[measures.lines]
from = "levels"
value = "COUNT(*)"

[measures.product_level]
from = "levels"
value = "LATEST(product)"

[measures.support_level]
from = "levels"
value = "LATEST(support)"
"#;

const MODEL: &str = r#"
name = "levels"
flat_band = 2

[[bands]]
label = "Healthy"
from = 80
[[bands]]
label = "Monitor"
from = 60
[[bands]]
label = "At risk"
from = 0
at_risk = true

[categories.product]
weight = 0.6
[categories.product.metrics.product_level]
weight = 1
curve = { points = [[0, 0], [100, 100]] }

[categories.support]
weight = 0.4
[categories.support.metrics.support_level]
weight = 1
curve = { points = [[0, 0], [100, 100]] }

[[expected_dips]]
id = "rollout"
when = "segment = 'rollout'"
categories = ["product"]
reason = "a rollout is under way"

[[expected_dips]]
id = "winter"
when = "segment = 'seasonal'"
from = 2026-01-01
until = 2026-01-31
categories = ["support"]
reason = "January is quiet"

[[expected_dips]]
id = "autumn"
when = "segment = 'seasonal'"
from = 2025-09-01
until = 2026-01-30
categories = ["product"]
reason = "it is over"
"#;

/// An account, and what its two categories were from a day on.
type Path<'a> = (&'a str, &'a str, &'a [(&'a str, [i64; 2])]);

/// Readings lie a week apart: 2026-01-31, 24, 17 and 10; the month began on 2026-01-01.
fn world(paths: &[Path<'_>]) -> World {
    let world = World::base();
    world.write("exports.toml", EXPORTS);
    world.write("measures.toml", MEASURES);
    world.write("model.toml", MODEL);
    let names: Vec<&str> = paths.iter().map(|(account, ..)| *account).collect();
    let segments: Vec<&str> = paths.iter().map(|(_, segment, _)| *segment).collect();
    world.export(
        "accounts",
        df!("account_id" => names.clone(), "segment" => segments, "created_on" => dates(&vec!["2024-01-01"; names.len()])),
    );
    let (mut accounts, mut days) = (vec![], vec![]);
    let (mut product, mut support) = (vec![], vec![]);
    for (account, _, path) in paths {
        for (day, [a, b]) in *path {
            accounts.push(*account);
            days.push(*day);
            product.push(*a);
            support.push(*b);
        }
    }
    world.export(
        "levels",
        df!("account_id" => accounts, "day" => dates(&days), "product" => product, "support" => support),
    );
    world
}

fn scores(world: &World, table: &str) -> DataFrame {
    let scorecards = world.publish(&Overrides::default()).unwrap();
    let tables = &scorecards[0].tables;
    let table = tables.iter().find(|of| of.name == table);
    table.unwrap().frame().unwrap()
}

/// Returns cells as text, by account; `–` where there is none.
fn rows(frame: &DataFrame, columns: &[&str]) -> Vec<String> {
    (0..frame.height())
        .map(|row| {
            let cell = |name: &&str| match frame.column(name).unwrap().get(row).unwrap() {
                AnyValue::Null => "–".to_owned(),
                AnyValue::String(text) => text.to_owned(),
                other => other.to_string(),
            };
            columns.iter().map(cell).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn a_change_of_band_is_news_once_it_lasts_and_has_cleared_the_line() {
    let world = world(&[
        // Two readings below the line, and by more than the margin of one point.
        (
            "a_down",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [74; 2])],
        ),
        // One reading.
        (
            "b_one",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-28", [74; 2])],
        ),
        // Two readings, by four tenths of a point: 0.6 × 80 + 0.4 × 79.
        (
            "c_near",
            "",
            &[("2024-02-01", [80; 2]), ("2026-01-20", [80, 79])],
        ),
        // Two readings, by two tenths and by exactly one point.
        (
            "d_cleared",
            "",
            &[
                ("2024-02-01", [81; 2]),
                ("2026-01-20", [79; 2]),
                ("2026-01-28", [79, 81]),
            ],
        ),
        (
            "e_up",
            "",
            &[("2024-02-01", [78; 2]), ("2026-01-20", [81; 2])],
        ),
        (
            "f_up_one",
            "",
            &[("2024-02-01", [78; 2]), ("2026-01-28", [95; 2])],
        ),
        // Two bands at once.
        (
            "g_deep",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2026-01-12", [90; 2]),
                ("2026-01-18", [50; 2]),
            ],
        ),
        // Below for a day between two readings.
        (
            "h_between",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2026-01-19", [20; 2]),
                ("2026-01-20", [90; 2]),
            ],
        ),
        // Back from one reading that stood out, and from one that dipped.
        (
            "i_spike",
            "",
            &[
                ("2024-02-01", [70; 2]),
                ("2026-01-12", [90; 2]),
                ("2026-01-20", [70; 2]),
            ],
        ),
        (
            "j_dip",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2026-01-12", [70; 2]),
                ("2026-01-20", [90; 2]),
            ],
        ),
        // Down two bands, one reading after the other: what it has left is the band between.
        (
            "k_stairs",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2026-01-12", [70; 2]),
                ("2026-01-20", [50; 2]),
            ],
        ),
        // Up for one reading, and then below where it was before.
        (
            "l_over",
            "",
            &[
                ("2024-02-01", [70; 2]),
                ("2026-01-12", [90; 2]),
                ("2026-01-20", [50; 2]),
            ],
        ),
        // Not known before, and since then two bands lower.
        (
            "m_new",
            "",
            &[("2026-01-12", [90; 2]), ("2026-01-20", [50; 2])],
        ),
    ]);
    let found = scores(&world, "account_scores");
    let columns = [
        "account_id",
        "band",
        "band_news",
        "band_before",
        "band_unconfirmed",
    ];
    assert_eq!(
        rows(&found, &columns),
        [
            "a_down Monitor down Healthy false",
            "b_one Monitor – – true",
            "c_near Monitor – – true",
            "d_cleared Monitor down Healthy false",
            "e_up Healthy up Monitor false",
            "f_up_one Healthy – – true",
            "g_deep At risk down Healthy false",
            "h_between Healthy – – false",
            "i_spike Monitor – – true",
            "j_dip Healthy – – true",
            "k_stairs At risk down Monitor false",
            "l_over At risk down Monitor false",
            "m_new At risk down Healthy false",
        ]
    );
    // A wider margin keeps the news to those that fell far.
    world.edit(
        "model.toml",
        "flat_band = 2",
        "flat_band = 2\nnoise = { margin = 5 }",
    );
    assert_eq!(
        rows(
            &scores(&world, "account_scores"),
            &["account_id", "band_news"]
        ),
        [
            "a_down down",
            "b_one –",
            "c_near –",
            "d_cleared –",
            "e_up –",
            "f_up_one –",
            "g_deep down",
            "h_between –",
            "i_spike –",
            "j_dip –",
            "k_stairs down",
            "l_over down",
            "m_new down",
        ]
    );
}

#[test]
fn one_reading_that_stands_out_is_a_dip_or_a_spike_and_no_fall() {
    let at = |level: i64, out: i64| -> Vec<(&'static str, [i64; 2])> {
        vec![
            ("2024-02-01", [level; 2]),
            ("2026-01-20", [out; 2]),
            ("2026-01-28", [level; 2]),
        ]
    };
    let (dip, spike, steady) = (at(85, 70), at(70, 85), at(70, 71));
    let world = world(&[
        ("a_dip", "", &dip),
        ("b_spike", "", &spike),
        ("c_steady", "", &steady),
        (
            "d_stays",
            "",
            &[("2024-02-01", [85; 2]), ("2026-01-20", [70; 2])],
        ),
    ]);
    assert_eq!(
        rows(
            &scores(&world, "account_scores"),
            &["account_id", "one_off", "fall", "band_news"]
        ),
        [
            "a_dip dip – –",
            "b_spike spike – –",
            "c_steady – – –",
            "d_stays – structural down"
        ]
    );
}

#[test]
fn a_fall_is_expected_seasonal_unconfirmed_or_structural() {
    let world = world(&[
        // Product 90 → 60 takes 18 points, and the rollout explains all of them.
        (
            "a_rollout",
            "rollout",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [60, 90])],
        ),
        // Support falls too: 12 of 30 points are nobody's rollout.
        (
            "b_both",
            "rollout",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [60; 2])],
        ),
        // A dip of other dates explains nothing; one of these dates does.
        (
            "c_autumn",
            "seasonal",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [60, 90])],
        ),
        (
            "d_winter",
            "seasonal",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [90, 60])],
        ),
        (
            "e_plain",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [60, 90])],
        ),
        (
            "f_late",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-28", [60, 90])],
        ),
        // A month ago a year before, 15 points as well; and 20 where it was 15.
        (
            "g_season",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2025-01-20", [75; 2]),
                ("2025-03-01", [90; 2]),
                ("2026-01-20", [74; 2]),
            ],
        ),
        (
            "h_deeper",
            "",
            &[
                ("2024-02-01", [90; 2]),
                ("2025-01-20", [75; 2]),
                ("2025-03-01", [90; 2]),
                ("2026-01-20", [70; 2]),
            ],
        ),
        // Two points are flat.
        (
            "i_flat",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [88; 2])],
        ),
    ]);
    world.edit("job.toml", "[\"30d\"]", "[\"30d\", \"1y\"]");
    let found = scores(&world, "account_scores");
    let columns = [
        "account_id",
        "expected_dip",
        "season_change",
        "change_30d",
        "fall",
        "attention",
    ];
    assert_eq!(
        rows(&found, &columns),
        [
            "a_rollout rollout 0.0 -18.0 expected 28.0",
            // Of its 30 points 18 are the rollout's.
            "b_both rollout 0.0 -30.0 structural 52.0",
            "c_autumn winter 0.0 -18.0 structural 46.0",
            "d_winter winter 0.0 -12.0 expected 22.0",
            "e_plain – 0.0 -18.0 structural 46.0",
            "f_late – 0.0 -18.0 unconfirmed 46.0",
            "g_season – -15.0 -16.0 seasonal 26.0",
            "h_deeper – -15.0 -20.0 structural 50.0",
            "i_flat – 0.0 -2.0 – 14.0",
        ]
    );
    // Each category is read for itself.
    let categories = scores(&world, "category_scores");
    let of_both: Vec<String> = rows(&categories, &["account_id", "category", "fall"])
        .into_iter()
        .filter(|row| row.starts_with("b_both") || row.starts_with("g_season"))
        .collect();
    assert_eq!(
        of_both,
        [
            "b_both product expected",
            "b_both support structural",
            "g_season product seasonal",
            "g_season support seasonal",
        ]
    );
}

#[test]
fn who_has_fallen_asks_for_more_attention_than_who_is_steadily_lower() {
    let world = world(&[
        (
            "a_fallen",
            "",
            &[("2024-02-01", [90; 2]), ("2026-01-20", [74; 2])],
        ),
        ("b_steady", "", &[("2024-02-01", [68; 2])]),
        (
            "c_risen",
            "",
            &[("2024-02-01", [40; 2]), ("2026-01-20", [66; 2])],
        ),
        ("d_new", "", &[("2026-01-29", [60; 2])]),
    ]);
    // A month is looked at whatever the job compares with.
    world.edit("job.toml", "[\"30d\"]", "[]");
    assert_eq!(
        rows(
            &scores(&world, "account_scores"),
            &[
                "account_id",
                "score_shown",
                "attention",
                "attention_rank",
                "fall"
            ]
        ),
        [
            "a_fallen 74.0 42.0 1 structural",
            "b_steady 68.0 32.0 4 –",
            "c_risen 66.0 34.0 3 –",
            "d_new 60.0 40.0 2 –",
        ]
    );
}

#[test]
fn without_a_stated_flat_band_it_comes_from_what_the_score_has_lately_moved() {
    let world = world(&[
        // Steps of 6 between the readings before tonight's: up to 12 points are its noise.
        (
            "a_noisy",
            "",
            &[
                ("2024-02-01", [76; 2]),
                ("2026-01-12", [70; 2]),
                ("2026-01-20", [76; 2]),
                ("2026-01-28", [66; 2]),
            ],
        ),
        (
            "b_calm",
            "",
            &[("2024-02-01", [76; 2]), ("2026-01-28", [74; 2])],
        ),
        ("c_new", "", &[("2026-01-29", [60; 2])]),
    ]);
    world.edit("model.toml", "flat_band = 2\n", "");
    assert_eq!(
        rows(
            &scores(&world, "account_scores"),
            &[
                "account_id",
                "flat_band",
                "change_30d",
                "direction_30d",
                "fall"
            ]
        ),
        [
            "a_noisy 12.0 -10.0 flat –",
            "b_calm 1.0 -2.0 down unconfirmed",
            "c_new 2.0 – – –",
        ]
    );
}
