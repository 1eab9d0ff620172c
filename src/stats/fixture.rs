//! Reference values for the tests, and what is asked of every figure.

use serde_json::Value;

use super::random::Random;

/// A JSON value that holds inputs and what an independent implementation made of them.
#[derive(Clone, Copy)]
pub(super) struct Case<'a>(&'a Value);

impl Case<'_> {
    pub(super) fn number(self, key: &str) -> f64 {
        self.0[key]
            .as_f64()
            .unwrap_or_else(|| panic!("no number `{key}`"))
    }

    pub(super) fn numbers(self, key: &str) -> Vec<f64> {
        let values = self.0[key]
            .as_array()
            .unwrap_or_else(|| panic!("no numbers `{key}`"));
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    }

    pub(super) fn counts(self, key: &str) -> Vec<u64> {
        self.numbers(key)
            .into_iter()
            .map(|value| value as u64)
            .collect()
    }

    pub(super) fn weight(self) -> Option<Vec<f64>> {
        (!self.0["weight"].is_null()).then(|| self.numbers("weight"))
    }

    pub(super) fn flags(self, key: &str) -> Vec<bool> {
        let values = self.0[key]
            .as_array()
            .unwrap_or_else(|| panic!("no flags `{key}`"));
        values
            .iter()
            .map(|value| value.as_bool().unwrap())
            .collect()
    }

    pub(super) fn rows(self, key: &str) -> Vec<Vec<Option<f64>>> {
        let rows = self.0[key]
            .as_array()
            .unwrap_or_else(|| panic!("no rows `{key}`"));
        let row = |row: &Value| row.as_array().unwrap().iter().map(Value::as_f64).collect();
        rows.iter().map(row).collect()
    }

    pub(super) fn optional_numbers(self, key: &str) -> Vec<Option<f64>> {
        self.0[key]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::as_f64)
            .collect()
    }

    pub(super) fn has(self, key: &str) -> bool {
        !self.0[key].is_null()
    }
}

/// Reads a fixture; `what` is its text.
pub(super) fn read(what: &str) -> Value {
    serde_json::from_str(what).unwrap()
}

/// Returns the part of a fixture at a key.
pub(super) fn part<'a>(fixture: &'a Value, key: &str) -> Case<'a> {
    Case(&fixture[key])
}

/// Returns a whole fixture as one case.
pub(super) fn whole(fixture: &Value) -> Case<'_> {
    Case(fixture)
}

/// Returns the named cases of a fixture or of a part of it; there is at least one.
pub(super) fn cases(fixture: &Value) -> Vec<(&str, Case<'_>)> {
    let cases = fixture["cases"].as_object().unwrap();
    assert!(!cases.is_empty());
    cases
        .iter()
        .map(|(name, case)| (&name[..], Case(case)))
        .collect()
}

/// Asserts that a figure equals the reference to 1e-9, relative for large ones.
#[track_caller]
pub(super) fn same(found: f64, expected: f64, what: &str) {
    near(found, expected, 1e-9, what);
}

/// Asserts that a figure equals the reference to a stated tolerance, relative for large ones.
#[track_caller]
pub(super) fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let distance = (found - expected).abs() / expected.abs().max(1.0);
    assert!(
        distance <= tolerance,
        "{what}: found {found}, expected {expected}"
    );
}

/// Returns the numbers `0..n` in a random order.
pub(super) fn shuffled(n: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed, 0);
    let mut order: Vec<usize> = (0..n).collect();
    for place in 0..n {
        let other = place + random.below(n - place);
        order.swap(place, other);
    }
    order
}

/// Returns values in another order.
pub(super) fn pick<T: Copy>(values: &[T], order: &[usize]) -> Vec<T> {
    order.iter().map(|row| values[*row]).collect()
}
