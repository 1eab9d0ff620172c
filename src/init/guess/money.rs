//! Amounts with their currencies, and what shipped measures look up elsewhere.

use std::collections::BTreeMap;

use super::{Path, Sure, Table, name_column, why};
use crate::exports::look::{Folder, Seen, Shape};
use crate::exports::parquet_files::Stored;
use crate::init::words::{self, has};

pub(super) fn moneys(table: &mut Table, seen: &Seen) {
    let currency = seen.columns.iter().find(|column| {
        column.shape == Shape::Text
            && ["currency", "currency_code"].contains(&words::plain(&column.name).as_str())
    });
    for column in &seen.columns {
        if !has(&column.name, words::MONEY_WORDS) || !column.is_number() {
            continue;
        }
        let cents = column.stored == Stored::Float
            && column
                .range
                .is_some_and(|[low, high]| high.abs().max(low.abs()) < 1e12)
            && has(
                &column.name,
                &[
                    "amount", "mrr", "arr", "revenue", "price", "charge", "fee", "usd", "eur",
                    "cost", "balance", "spend",
                ],
            );
        if cents {
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            table.scale.push(ours);
        }
        if let Some(currency) = currency
            && table.path.0 != Path::Reference
            && (cents || matches!(column.stored, Stored::Decimal(_)))
        {
            let currency = name_column(table, seen, &currency.name, "currency");
            let ours = name_column(table, seen, &column.name, &words::safe(&column.name));
            table.money.insert(ours, currency);
        }
    }
}

/// Takes what the shipped measures over usage want to know of features and users.
pub(super) fn shipped_lookups(tables: &mut [Table], folder: &Folder) {
    let known: BTreeMap<String, Vec<String>> = tables
        .iter()
        .filter(|table| !table.key.0.is_empty())
        .map(|table| {
            let columns = [
                "is_core",
                "is_high_value",
                "is_meaningful",
                "department",
                "job_role",
                "is_service",
            ];
            let has: Vec<String> = columns
                .iter()
                .filter(|column| table.has(column, folder))
                .map(|column| (*column).to_owned())
                .collect();
            (table.name.clone(), has)
        })
        .collect();
    let title = tables
        .iter_mut()
        .find(|table| table.name == "features")
        .map(|features| {
            let seen = &folder.tables[features.seen];
            if seen.column("feature_title").is_none() && seen.column("title").is_some() {
                name_column(features, seen, "title", "feature_title");
            }
            features.has("feature_title", folder)
        });
    let keys: BTreeMap<String, Vec<String>> = tables
        .iter()
        .map(|table| (table.name.clone(), table.key.0.clone()))
        .collect();
    let Some(usage) = tables.iter_mut().find(|table| table.name == "usage") else {
        return;
    };
    let fits = |table: &str, column: &str| {
        keys.get(table)
            .is_some_and(|key| key.len() == 1 && key[0] == column)
    };
    if fits("features", "feature") && usage.has("feature", folder) {
        let mut take: Vec<String> = title
            .filter(|there| *there)
            .map(|_| "feature_title".to_owned())
            .into_iter()
            .collect();
        take.extend(
            known["features"]
                .iter()
                .filter(|column| column.starts_with("is_"))
                .cloned(),
        );
        if !take.is_empty() {
            usage
                .lookup
                .insert("feature".to_owned(), ("features".to_owned(), take));
        }
    }
    if fits("users", "user_id") && usage.has("user_id", folder) {
        let take: Vec<String> = known["users"]
            .iter()
            .filter(|column| ["department", "job_role", "is_service"].contains(&column.as_str()))
            .cloned()
            .collect();
        if take.iter().any(|column| column == "is_service") {
            usage.derive.shift_remove("is_service");
        }
        if !take.is_empty() {
            usage
                .lookup
                .insert("user_id".to_owned(), ("users".to_owned(), take));
        }
    }
    if let Some((day, _)) = usage.time.clone() {
        let working = format!(
            "DATEDIFF('day', DATE '2001-01-01', {day}) - 7 * CAST(DATEDIFF('day', DATE '2001-01-01', {day}) / 7 AS BIGINT) < 5"
        );
        usage.derive.insert(
            "is_working_day".to_owned(),
            (working, why(Sure::High, "days counted from a Monday")),
        );
    }
}
