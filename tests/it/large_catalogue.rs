//! Many exports and measures: all are resolved, only those that the model needs are read.

use std::fmt::Write;

use healthscore::jobs::score_run::score_run;
use healthscore::jobs::settings::Overrides;
use healthscore::trail::Trail;
use polars::prelude::*;

use crate::harness::{World, dates};

#[test]
fn thirty_exports_are_measured_and_an_unused_one_is_not_opened() {
    let world = World::base();
    let (mut exports, mut measures) = (String::new(), String::new());
    let mut model = crate::harness::fixture("base/model.toml");
    let _ = writeln!(
        model,
        "[categories.many]\nweight = 0\n[categories.many.metrics]"
    );
    for n in 0..30 {
        world.export(
            &format!("t{n}"),
            df!("account_id" => ["A"], "day" => dates(&["2026-01-01"]), "size" => [n]),
        );
        let _ = writeln!(
            exports,
            "[tables.t{n}]\npath = \"t{n}.parquet\"\ntime = \"day\""
        );
        let _ = writeln!(
            measures,
            "[measures.m{n}]\nfrom = \"t{n}\"\nvalue = \"SUM(size)\"\n[measures.f{n}]\nvalue = \"CASE WHEN m{n} > 3 THEN m{n} ELSE 1 END\""
        );
        let weight = if n == 0 { 1 } else { 0 };
        if n < 29 {
            let _ = writeln!(
                model,
                "f{n} = {{ weight = {weight}, curve = {{ points = [[0, 0], [30, 100]] }} }}"
            );
        }
    }
    world.add("exports.toml", &exports);
    world.add("measures.toml", &measures);
    world.write("model.toml", &model);
    let job = world.load(&Overrides::default()).unwrap();
    let run = score_run(&job, None, &mut Trail::silent()).unwrap();
    assert!(run.exports.tables.contains_key("t28"));
    assert!(!run.exports.tables.contains_key("t29"));
    let value = crate::harness::cell(&run.compared, "A", "f28");
    assert_eq!(value, AnyValue::Float64(28.0));
}
