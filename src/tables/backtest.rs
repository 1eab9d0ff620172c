//! The tables of a review.

use polars::prelude::*;

use super::Table;
use crate::backtest::board::{Board, Numbers};
use crate::backtest::figures::Figures;
use crate::backtest::mismatches::{Mismatch, NONE_OF_OURS, Profile};
use crate::backtest::replay::Replayed;
use crate::backtest::sensitivity::Effect;
use crate::stats::Estimate;

/// Returns `backtest_rows`: one row per decision, lead and candidate; everything that the figures
/// were computed from.
///
/// `probabilities`: of churn, by candidate and row of the board.
///
/// # Errors
/// When Polars fails.
pub fn backtest_rows(board: &Board, probabilities: &[Numbers]) -> PolarsResult<Table> {
    let mut parts = Vec::new();
    let candidates = board.candidates.iter().zip(&board.standings);
    for ((candidate, standing), probability) in candidates.zip(probabilities) {
        let rows = &board.rows;
        let bands = standing.band.iter();
        let band = |place: &Option<usize>| Some(candidate.model.bands[(*place)?].label.clone());
        let mut frame = df!(
            "decision_id" => rows.iter().map(|row| row.decision_id.clone()).collect::<Vec<_>>(),
            "account_id" => rows.iter().map(|row| row.account_id.clone()).collect::<Vec<_>>(),
            "cluster" => board.cluster.iter().map(|cluster| i64::from(*cluster)).collect::<Vec<_>>(),
            "due_date" => rows.iter().map(|row| row.due).collect::<Vec<_>>(),
            "decision_date" => rows.iter().map(|row| row.decision_date).collect::<Vec<_>>(),
            "as_of" => rows.iter().map(|row| row.as_of).collect::<Vec<_>>(),
            "scored_on" => rows.iter().map(|row| row.as_of).collect::<Vec<_>>(),
            "lead_days" => rows.iter().map(|row| i64::from(row.lead_days)).collect::<Vec<_>>(),
            "candidate" => vec![candidate.name.clone(); rows.len()],
            "health_score" => standing.score.clone(),
            "churn_probability" => probability.clone(),
            "band" => bands.map(band).collect::<Vec<_>>(),
            "variant" => standing.variant.clone(),
            "outcome" => rows.iter().map(|row| row.outcome.map_or("nothing_to_decide", |outcome| outcome.word())).collect::<Vec<_>>(),
            "amount" => board.amount.clone(),
            "currency" => rows.iter().map(|row| row.currency.clone()).collect::<Vec<_>>(),
            "reason" => rows.iter().map(|row| row.reason.clone()).collect::<Vec<_>>(),
            "acted_on" => board.acted_on.clone(),
        )?;
        for id in board.in_force().categories.keys() {
            let none = vec![None; rows.len()];
            let scores = standing.categories.get(id).unwrap_or(&none);
            frame.with_column(Column::new(format!("category_{id}").into(), scores))?;
        }
        for id in board.in_force().metrics.keys() {
            let none = vec![None; rows.len()];
            let scores = standing.metrics.get(id).unwrap_or(&none);
            frame.with_column(Column::new(format!("metric_{id}").into(), scores))?;
        }
        for (name, values) in &board.segments {
            let name = if frame.column(name).is_ok() {
                format!("segment_{name}")
            } else {
                name.clone()
            };
            frame.with_column(Column::new(name.into(), values))?;
        }
        parts.push(frame.lazy());
    }
    let order = [
        "candidate",
        "lead_days",
        "as_of",
        "account_id",
        "decision_id",
    ];
    let frame = concat(parts, UnionArgs::default())?
        .sort(order, SortMultipleOptions::default())
        .collect()?;
    Ok(Table::new("backtest_rows", frame, &order, |column| {
        Some(match column {
            "decision_id" => "The decision; in a calendar sample with the month end".to_owned(),
            "account_id" => "The account".to_owned(),
            "cluster" => "Number of its ultimate parent; intervals draw these as a whole".to_owned(),
            "due_date" => "The contractual date, as known at as_of; the end of the horizon in a calendar sample".to_owned(),
            "decision_date" => "The day the decision came about; no feature rests on it".to_owned(),
            "as_of" => "The date of the score: only what was known by its end counts".to_owned(),
            "scored_on" => "The same as as_of, which readers that take folder names for columns show as the folder's date".to_owned(),
            "lead_days" => "Days from as_of to due_date".to_owned(),
            "candidate" => "The model that scored; in_force is today's".to_owned(),
            "health_score" => "Health, 0 to 100, higher is healthier, unrounded; null if not scored".to_owned(),
            "band" => "The candidate's band; null if not scored".to_owned(),
            "churn_probability" => "Probability of churn by a map fitted on decisions that had closed before; null where too few had".to_owned(),
            "variant" => "The variant of the candidate that applied".to_owned(),
            "outcome" => "What was decided, known only later".to_owned(),
            "amount" => "Recurring revenue at stake, in `currency`".to_owned(),
            "currency" => "The currency of `amount`".to_owned(),
            "reason" => "Why, in the words of the export".to_owned(),
            "acted_on" => "Whether somebody acted on the account between 30 days before as_of and the decision".to_owned(),
            other => match (other.strip_prefix("category_"), other.strip_prefix("metric_")) {
                (Some(id), _) => format!("Score of the category {id}, on the candidate's scale"),
                (_, Some(id)) => format!("Score of the metric {id}, on the candidate's scale; null where its value is missing"),
                _ => "Account column, as known at as_of".to_owned(),
            },
        })
    }))
}

/// Returns `backtest_figures`: one row per figure, refused ones with their reason.
///
/// # Errors
/// When Polars fails.
pub fn backtest_figures(figures: &Figures) -> PolarsResult<Table> {
    let own = &figures.0;
    let text = |of: fn(&crate::backtest::figures::Figure) -> String| {
        own.iter().map(of).collect::<Vec<String>>()
    };
    let order = [
        "candidate",
        "target",
        "lead_days",
        "slice",
        "slice_value",
        "figure",
    ];
    let frame = df!(
        "candidate" => text(|f| f.about.candidate.clone()),
        "target" => text(|f| f.about.target.to_owned()),
        "lead_days" => own.iter().map(|f| f.about.lead_days.map(i64::from)).collect::<Vec<_>>(),
        "slice" => text(|f| f.about.slice.clone()),
        "slice_value" => text(|f| f.about.slice_value.clone()),
        "figure" => text(|f| f.figure.clone()),
        "value" => own.iter().map(|f| f.value).collect::<Vec<_>>(),
        "low" => own.iter().map(|f| f.low).collect::<Vec<_>>(),
        "high" => own.iter().map(|f| f.high).collect::<Vec<_>>(),
        "n" => own.iter().map(|f| f.n as i64).collect::<Vec<_>>(),
        "events" => own.iter().map(|f| f.events as i64).collect::<Vec<_>>(),
        "reason" => own.iter().map(|f| f.reason.clone()).collect::<Vec<_>>(),
    )?
    .sort(order, SortMultipleOptions::default())?;
    Ok(Table::new("backtest_figures", frame, &order, |column| {
        Some(
            match column {
                "candidate" => "The model; category/… and metric/… are parts of the one in force",
                "target" => "The event; none where a figure has none",
                "lead_days" => "Days before the due date at which scores were looked at",
                "slice" => "By what the rows were cut; all is everything",
                "slice_value" => "The part",
                "figure" => "The figure",
                "value" => "Its value; null where it is refused",
                "low" => "Lower end of its 95 % interval",
                "high" => "Upper end of its 95 % interval",
                "n" => "Rows it rests on",
                "events" => "Events among them",
                "reason" => "Why it is refused, or what to know about it",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}

/// Returns `mismatches`: one row per decision that the model judged wrongly.
///
/// # Errors
/// When Polars fails.
pub fn mismatches(mismatches: &[Mismatch], leads: &[u32]) -> PolarsResult<Table> {
    let text = |of: fn(&Mismatch) -> String| mismatches.iter().map(of).collect::<Vec<String>>();
    let drivers = |m: &Mismatch| {
        let named = m
            .drivers
            .iter()
            .map(|(id, points)| format!("{id} {points:+.1}"));
        named.collect::<Vec<_>>().join(", ")
    };
    let named = |names: Vec<String>| match names.as_slice() {
        [] => NONE_OF_OURS.to_owned(),
        names => names.join(", "),
    };
    let flagged = |m: &Mismatch| named(m.flagged_by.clone());
    let signals = |m: &Mismatch| {
        let fired = m
            .signals
            .iter()
            .map(|(signal, lead)| format!("{signal} {lead}d"));
        named(fired.collect())
    };
    let mut frame = df!(
        "mismatch" => text(|m| m.mismatch.to_owned()),
        "decision_date" => mismatches.iter().map(|m| m.decision_date).collect::<Vec<_>>(),
        "decision_id" => text(|m| m.decision_id.clone()),
        "account_id" => text(|m| m.account_id.clone()),
        "outcome" => text(|m| m.outcome.to_owned()),
        "band" => text(|m| m.band.clone()),
        "judged_lead" => mismatches.iter().map(|m| i64::from(m.judged_lead)).collect::<Vec<_>>(),
        "drivers" => mismatches.iter().map(drivers).collect::<Vec<_>>(),
        "flagged_by" => mismatches.iter().map(flagged).collect::<Vec<_>>(),
        "signals" => mismatches.iter().map(signals).collect::<Vec<_>>(),
        "amount" => mismatches.iter().map(|m| m.amount).collect::<Vec<_>>(),
        "currency" => mismatches.iter().map(|m| m.currency.clone()).collect::<Vec<_>>(),
        "reason" => mismatches.iter().map(|m| m.reason.clone()).collect::<Vec<_>>(),
        "acted_on" => mismatches.iter().map(|m| m.acted_on).collect::<Vec<_>>(),
    )?;
    for (n, lead) in leads.iter().enumerate() {
        let scores: Vec<Option<f64>> = mismatches.iter().map(|m| m.path[n]).collect();
        frame.with_column(Column::new(format!("score_{lead}d").into(), scores))?;
    }
    let order = ["mismatch", "decision_date", "decision_id"];
    let frame = frame.sort(order, SortMultipleOptions::default())?;
    Ok(Table::new("mismatches", frame, &order, |column| {
        Some(
            match column {
                "mismatch" => "healthy_but_churned: top band and left; risky_but_stayed: at the action line or worse and stayed",
                "decision_date" => "The day the decision came about",
                "decision_id" => "The decision",
                "account_id" => "The account",
                "outcome" => "What was decided",
                "band" => "The band it was in at judged_lead",
                "judged_lead" => "Days before the due date at which it is judged",
                "drivers" => "Metrics whose points moved most towards the outcome, from the longest lead to the shortest",
                "flagged_by" => "Metrics that stood below the action line at judged_lead, the lowest first; none of ours if there is none",
                "signals" => "Signals that had fired by judged_lead, the worst first, each with the longest lead at which it did; none of ours if none had",
                "amount" => "Recurring revenue at stake, in `currency`",
                "currency" => "The currency of `amount`",
                "reason" => "Why, in the words of the export",
                "acted_on" => "Whether somebody stepped in",
                other if other.starts_with("score_") => "The score so many days before the due date; null where there was none",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}

/// Returns `profiles`: mean scores by outcome class.
///
/// # Errors
/// When Polars fails.
pub fn profiles(profiles: &[Profile]) -> PolarsResult<Table> {
    let order = ["lead_days", "level", "class"];
    let frame = df!(
        "lead_days" => profiles.iter().map(|p| i64::from(p.lead_days)).collect::<Vec<_>>(),
        "level" => profiles.iter().map(|p| p.level.clone()).collect::<Vec<_>>(),
        "class" => profiles.iter().map(|p| p.class.clone()).collect::<Vec<_>>(),
        "n" => profiles.iter().map(|p| p.n as i64).collect::<Vec<_>>(),
        "mean_score" => profiles.iter().map(|p| p.mean).collect::<Vec<_>>(),
    )?
    .sort(order, SortMultipleOptions::default())?;
    Ok(Table::new("profiles", frame, &order, |column| {
        Some(
            match column {
                "lead_days" => "Days before the due date",
                "level" => "overall, or the category",
                "class" => "The outcome; recovered was at risk and stayed, and is counted in its outcome too",
                "n" => "Rows with a score",
                "mean_score" => "Their mean score",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}

/// Returns `sensitivity`: one row per change of one variable and headline figure.
///
/// # Errors
/// When Polars fails.
pub fn sensitivity(effects: &[Effect], lead: u32) -> PolarsResult<Table> {
    let own: Vec<_> = (effects.iter())
        .flat_map(|effect| effect.changes.iter().map(move |change| (effect, change)))
        .collect();
    let change = |of: fn(&Estimate) -> f64| {
        let changes = own.iter().map(|(_, own)| own.change.as_ref().ok().map(of));
        changes.collect::<Vec<Option<f64>>>()
    };
    let order = ["kind", "variable", "step", "figure"];
    let frame = df!(
        "kind" => own.iter().map(|(e, _)| e.kind).collect::<Vec<_>>(),
        "variable" => own.iter().map(|(e, _)| e.variable.clone()).collect::<Vec<_>>(),
        "step" => own.iter().map(|(e, _)| e.step.clone()).collect::<Vec<_>>(),
        "figure" => own.iter().map(|(_, own)| own.figure).collect::<Vec<_>>(),
        "lead_days" => vec![i64::from(lead); own.len()],
        "change" => change(|estimate| estimate.value),
        "low" => change(|estimate| estimate.low),
        "high" => change(|estimate| estimate.high),
        "p_adjusted" => own.iter().map(|(_, own)| own.adjusted_p).collect::<Vec<_>>(),
        "reason" => own.iter().map(|(_, own)| own.change.as_ref().err().map(ToString::to_string)).collect::<Vec<_>>(),
        "rows_that_change_band" => own.iter().map(|(e, _)| e.moved_rows as i64).collect::<Vec<_>>(),
        "accounts_that_change_band" => own.iter().map(|(e, _)| e.moved.join(", ")).collect::<Vec<_>>(),
    )?
    .sort(order, SortMultipleOptions::default())?;
    Ok(Table::new("sensitivity", frame, &order, |column| {
        Some(
            match column {
                "kind" => "category_weight, metric_weight, threshold, or metric (taken out)",
                "variable" => "The category, metric or band",
                "step" => "What was done; the other weights are rescaled",
                "figure" => "The headline figure for churn, as backtest_figures has it",
                "lead_days" => "Days before the due date",
                "change" => "Change of the figure, on the same rows",
                "low" => "Lower end of its paired 95 % interval",
                "high" => "Upper end of its paired 95 % interval",
                "p_adjusted" => "p-value against no change, adjusted for every change of this figure that was tried; null where nothing changed",
                "reason" => "Why there is no change to report",
                "rows_that_change_band" => "Rows whose band differs",
                "accounts_that_change_band" => "Their accounts",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}

/// Returns `replay`: scores published at the time beside those of the review.
///
/// # Errors
/// When Polars fails.
pub fn replay(replayed: &[Replayed]) -> PolarsResult<Table> {
    let order = ["as_of", "account_id"];
    let frame = df!(
        "as_of" => replayed.iter().map(|r| r.as_of).collect::<Vec<_>>(),
        "scored_on" => replayed.iter().map(|r| r.as_of).collect::<Vec<_>>(),
        "account_id" => replayed.iter().map(|r| r.account_id.clone()).collect::<Vec<_>>(),
        "published_score" => replayed.iter().map(|r| r.published).collect::<Vec<_>>(),
        "replayed_score" => replayed.iter().map(|r| r.replayed).collect::<Vec<_>>(),
        "difference" => replayed.iter().map(Replayed::difference).collect::<Vec<_>>(),
        "differs" => replayed.iter().map(Replayed::differs).collect::<Vec<_>>(),
        "published_model_hash" => replayed.iter().map(|r| r.model_hash.clone()).collect::<Vec<_>>(),
    )?
    .sort(order, SortMultipleOptions::default())?;
    Ok(Table::new("replay", frame, &order, |column| {
        Some(
            match column {
                "as_of" => "The date of both scores",
                "scored_on" => "The same as as_of, which readers that take folder names for columns show as the folder's date",
                "account_id" => "The account",
                "published_score" => "What was published at the time, unrounded; null if not scored",
                "replayed_score" => "What the model in force says now of what was known then; null if not scored",
                "difference" => "Replayed less published",
                "differs" => "Whether they differ by more than a point, or one of them is missing",
                "published_model_hash" => "The model that was in force at the time",
                _ => return None,
            }
            .to_owned(),
        )
    }))
}
