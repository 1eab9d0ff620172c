//! The tables about what follows from a score.

use polars::prelude::*;

use super::Table;
use crate::panel::ACCOUNT_ID;

/// Returns `signals`: one row per account and signal, the worst of each account first.
///
/// # Errors
/// When Polars fails.
pub fn signals(found: &DataFrame) -> PolarsResult<Table> {
    let columns = [
        ACCOUNT_ID,
        "signal",
        "title",
        "category",
        "severity",
        "evidence",
        "reads",
        "recommended_action",
        "owner",
        "owner_role",
    ];
    Ok(Table::new(
        "signals",
        found.select(columns)?,
        &[ACCOUNT_ID],
        |column| {
            Some(
                match column {
                    "account_id" => "The account",
                    "signal" => "The rule of the model that fired",
                    "title" => "What people call it",
                    "category" => "The category it belongs to; overall for the account as a whole",
                    "severity" => "High, Medium or Low",
                    "evidence" => "What was seen, filled from the data",
                    "reads" => "Measures, account columns and scores that the rule is worked out from; `explain` leads from there to the rows",
                    "recommended_action" => "What the rule wants done",
                    "owner" => "Who does it: the person if the exports know one, else the role",
                    "owner_role" => "CSM, Support, Product or Sales",
                    _ => return None,
                }
                .to_owned(),
            )
        },
    ))
}

/// Returns `opportunities`: one row per account and opportunity.
///
/// # Errors
/// When Polars fails.
pub fn opportunities(found: &DataFrame) -> PolarsResult<Table> {
    Ok(Table::new(
        "opportunities",
        found.clone(),
        &[ACCOUNT_ID],
        |column| {
            Some(
                match column {
                    "account_id" => "The account",
                    "opportunity" => "The rule of the model that holds",
                    "title" => "What people call it",
                    "kind" => "expansion: could buy more; advocacy: could speak for us",
                    "evidence" => "What was seen in the account's use, filled from the data",
                    "estimated_value" => {
                        "What it may be worth a year; null if the rule gives no value"
                    }
                    "currency" => "Currency of the estimated value",
                    "next_step" => "What to do",
                    "owner" => "Who does it: the person if the exports know one, else the role",
                    "owner_role" => "CSM, Support, Product or Sales",
                    "due_date" => "When the next step is due",
                    _ => return None,
                }
                .to_owned(),
            )
        },
    ))
}

/// Returns `actions`: one row per thing to be done, the most urgent first.
///
/// # Errors
/// When Polars fails.
pub fn actions(list: &DataFrame) -> PolarsResult<Table> {
    let columns = [
        "rank",
        ACCOUNT_ID,
        "action",
        "owner",
        "owner_role",
        "due_date",
        "bucket",
        "source",
        "expected_outcome",
        "check_date",
        "status",
        "stage",
        "raised_date",
        "age_days",
        "log_id",
        "priority",
        "amount",
        "currency",
    ];
    let frame = list
        .clone()
        .lazy()
        .with_column(col("rank").cast(DataType::Int64))
        .select(columns.map(col))
        .collect()?;
    Ok(Table::new("actions", frame, &["rank"], |column| {
        Some(
            match column {
                "rank" => "Place in the list, 1 the most urgent",
                "account_id" => "The account",
                "action" => "What is to be done; several causes of one owner are one conversation",
                "owner" => "Who does it: the person if the exports know one, else the role",
                "owner_role" => "CSM, Support, Product or Sales",
                "due_date" => "When it is due: working days, never after the notice deadline",
                "bucket" => "this week: within 7 days; this month: within 31; else before renewal",
                "source" => "What asks for it: signals by id, a band by its label",
                "expected_outcome" => "What is expected of it; null for an action of the log whose cause the model does not know",
                "check_date" => "When to look again",
                "status" => "new, or the status in the log",
                "stage" => "How far it is: score review, or the stage in the log",
                "raised_date" => "When it was raised",
                "age_days" => "Days since then",
                "log_id" => "The action's id in the log; null for a new one",
                "priority" => "Attention × amount, by which the list is ordered",
                "amount" => "The yearly amount at stake",
                "currency" => "Its currency",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}

/// Returns `exceptions`: one row per account and signal that a review has to talk about.
///
/// # Errors
/// When Polars fails.
pub fn exceptions(list: &DataFrame) -> PolarsResult<Table> {
    let frame = list
        .clone()
        .lazy()
        .with_column(col("rank").cast(DataType::Int64))
        .collect()?;
    Ok(Table::new("exceptions", frame, &["rank"], |column| {
        Some(
            match column {
                "rank" => "Place in the list, 1 the most urgent",
                "account_id" => "The account",
                "exception" => "The signal that makes it one",
                "title" => "What people call it",
                "category" => "The category it belongs to; overall for the account as a whole",
                "severity" => "High, Medium or Low",
                "evidence" => "What was seen, filled from the data",
                "score_shown" => "The score as people see it; null if not scored",
                "band" => "Its band",
                "intervention" => {
                    "What is done about it: the open action of the log, else what the rule wants"
                }
                "owner" => "Who follows up",
                "owner_role" => "CSM, Support, Product or Sales",
                "due_date" => "When it is due",
                "check_date" => "When to look again",
                "status" => "new, or the status of the open action in the log",
                "raised_date" => "When that action was raised",
                "priority" => "Attention × amount, by which the list is ordered",
                "amount" => "The yearly amount at stake",
                "currency" => "Its currency",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}
