//! The shipped measures, held to values that were worked out from the rows of the sample apart from
//! the program: `tests/fixtures/catalogue/make.py` says how.

use std::collections::BTreeSet;
use std::path::PathBuf;

use healthscore::exports;
use healthscore::jobs::settings::{self, Overrides};
use healthscore::measures::compute;
use healthscore::panel;
use healthscore::trail::Trail;
use polars::prelude::*;
use serde_json::{Value, json};

use crate::harness::{cell, date, fixture};

const REFRESH: &str = "make it anew with `python tests/fixtures/catalogue/make.py` (duckdb installed), and give a measure that is new a query there";

/// Returns a value as the fixture writes it: dates as texts, lists as arrays.
fn as_json(value: &AnyValue<'_>) -> Value {
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => json!(value),
        AnyValue::List(elements) => elements.iter().map(|value| as_json(&value)).collect(),
        value if value.is_primitive_numeric() => json!(value.extract::<f64>()),
        value => json!(value.str_value()),
    }
}

/// Returns whether two values are the same, numbers to nine digits.
fn same(found: &Value, expected: &Value) -> bool {
    match (found.as_f64(), expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
        _ => found == expected,
    }
}

#[test]
fn every_measure_is_what_was_worked_out_apart_from_the_program() {
    let expected: Value = serde_json::from_str(&fixture("catalogue/values.json")).unwrap();
    let job = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("jobs/nightly.toml");
    let shipped = settings::load(&job, &Overrides::default(), date("2026-11-20")).unwrap();
    let measures: Vec<String> = shipped.catalog.measures.keys().cloned().collect();
    let worked_out = expected["measures"].as_object().unwrap();
    let names: BTreeSet<&String> = measures.iter().collect();
    let worked_out_names: BTreeSet<&String> = worked_out.keys().collect();
    let unmatched: Vec<_> = names.symmetric_difference(&worked_out_names).collect();
    assert!(unmatched.is_empty(), "{unmatched:?}: {REFRESH}");

    let also = Overrides {
        also: measures.clone(),
        ..Overrides::default()
    };
    let job = settings::load(&job, &also, date("2026-11-20")).unwrap();
    let cases = expected["cases"].as_array().unwrap();
    let text = |case: &Value, key: &str| case[key].as_str().unwrap().to_owned();
    let days: BTreeSet<_> = cases
        .iter()
        .map(|case| date(&text(case, "as_of")))
        .collect();
    let days: Vec<_> = days.into_iter().collect();
    let accounts: Vec<String> = cases.iter().map(|case| text(case, "account")).collect();
    let mut trail = Trail::silent();
    let exports = exports::load(
        &job.contract,
        &job.plan.demands(&job.contract, &days),
        &mut trail,
    )
    .unwrap();
    let panel = panel::candidates(&exports, &days, &job.plan.attributes).unwrap();
    let panel = panel::only(panel, Some(&accounts)).unwrap();
    let computed = compute::compute(&exports, &panel, &job.plan, &mut trail).unwrap();

    let mut wrong = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        let (account, as_of) = (text(case, "account"), text(case, "as_of"));
        let that_day = col("as_of").eq(lit(date(&as_of)));
        let computed = computed.clone().lazy().filter(that_day).collect().unwrap();
        for (measure, values) in worked_out {
            let found = as_json(&cell(&computed, &account, measure));
            if !same(&found, &values[at]) {
                wrong.push(format!(
                    "{measure} of {account} on {as_of} is {found}, worked out: {}",
                    values[at]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{REFRESH}", wrong.join("\n"));
}
