//! What follows from one account's score, in words: signals, opportunities, actions.

use std::fmt::Write;

use indexmap::IndexSet;
use polars::prelude::*;

use super::run::text_at;
use crate::domain::one_line;
use crate::jobs::follow_up::FollowUp;
use crate::model::HealthModel;

/// Returns signals, opportunities and actions of an account; nothing where there are none.
pub fn told(follow_up: &FollowUp, model: &HealthModel) -> String {
    let mut text = String::new();
    section(&mut text, "What is at risk", &follow_up.signals, |row| {
        let lines = [
            format!(
                "{:<6} {}: {}",
                row("severity"),
                row("title"),
                row("evidence")
            ),
            format!("       → {} ({})", row("recommended_action"), row("owner")),
        ];
        lines.join("\n  ")
    });
    section(
        &mut text,
        "What could grow",
        &follow_up.opportunities,
        |row| {
            let lines = [
                format!("{}: {}", row("title"), row("evidence")),
                format!("→ {} ({})", row("next_step"), row("owner")),
            ];
            lines.join("\n  ")
        },
    );
    section(&mut text, "What to do", &follow_up.actions.list, |row| {
        let (due, bucket) = (row("due_date"), row("bucket"));
        let lines = [
            format!("by {due} ({bucket}), {}: {}", row("owner"), row("action")),
            format!(
                "{}, because of {}; expected: {}",
                row("status"),
                causes(&row("source"), model),
                row("expected_outcome")
            ),
            format!("look again on {}", row("check_date")),
        ];
        lines.join("\n    ")
    });
    text
}

/// Returns the causes of an action as people call them: signals by their titles.
fn causes(ids: &str, model: &HealthModel) -> String {
    let titled = |id: &str| {
        let signal = model.rules.signals.iter().find(|signal| signal.id == id);
        match signal {
            Some(signal) => format!("\"{}\"", signal.title),
            None if model.bands.iter().any(|band| band.label == id) => format!("the band {id}"),
            None => id.to_owned(),
        }
    };
    ids.split(", ").map(titled).collect::<Vec<_>>().join(", ")
}

/// Returns the names that the signals of an account were seen in, each once.
pub fn seen_in(follow_up: &FollowUp) -> IndexSet<String> {
    let signals = &follow_up.signals;
    let reads = (0..signals.height()).filter_map(|row| text_at(signals, "reads", row));
    let names = reads.flat_map(|reads| {
        let names = reads.split(", ").map(str::to_owned);
        names.collect::<Vec<_>>()
    });
    names.collect()
}

fn section(
    text: &mut String,
    title: &str,
    frame: &DataFrame,
    line: impl Fn(&dyn Fn(&str) -> String) -> String,
) {
    if frame.height() == 0 {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for row in 0..frame.height() {
        let cell = |column: &str| {
            let value = frame.column(column).and_then(|column| column.get(row));
            match value {
                Ok(AnyValue::Null) | Err(_) => "not in the data".to_owned(),
                // A frame of one row holds its text otherwise than one of several.
                Ok(other) => match other.get_str() {
                    Some(text) => one_line(text),
                    None => other.to_string(),
                },
            }
        };
        let _ = writeln!(text, "  {}", line(&cell));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_reads_like_several() {
        let one = df!("title" => ["Newly at risk"]).unwrap();
        let scalar = Scalar::from(PlSmallStr::from("Newly at risk"));
        let held_once = Column::new_scalar("title".into(), scalar, 1);
        let held_once = DataFrame::new(1, vec![held_once]).unwrap();
        for frame in [one, held_once] {
            let mut text = String::new();
            section(&mut text, "What is at risk", &frame, |row| row("title"));
            assert_eq!(text, "\nWhat is at risk\n  Newly at risk\n");
        }
    }
}
