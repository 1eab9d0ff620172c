//! Results as they are published: plain columns, sorted, each with its description.

mod backtest;
mod drivers;
mod follow_up;
mod parents;
mod portfolio;
mod scores;
mod stacked;

pub use backtest::{backtest_figures, backtest_rows, mismatches, profiles, replay, sensitivity};
pub use drivers::drivers;
pub use follow_up::{actions, exceptions, opportunities, signals};
pub use parents::parent_scores;
pub use portfolio::portfolio;
pub use scores::{account_scores, category_scores, is_account_column, metric_scores};
pub use stacked::Stacked;

use polars::prelude::*;

use crate::domain::PART_SEPARATOR;
use crate::panel::ACCOUNT_ID;
use crate::trail::Finding;

/// A table ready to be written.
#[derive(Debug, Clone)]
pub struct Table {
    /// File name without its ending.
    pub name: &'static str,
    /// Rows in their published order.
    pub rows: Rows,
    /// Leading columns the rows are sorted by, rising.
    pub sorted_by: Vec<String>,
    /// What each column says.
    pub descriptions: Vec<(String, String)>,
}

/// The rows of a table.
#[derive(Debug, Clone)]
pub enum Rows {
    /// As they are.
    Whole(DataFrame),
    /// Many for each account, made when they are asked for.
    Stacked(Stacked),
}

impl Table {
    /// Puts columns and descriptions together; a column without a description is a bug.
    ///
    /// # Panics
    /// When they do not agree, which every run would show.
    fn new(
        name: &'static str,
        frame: DataFrame,
        sorted_by: &[&str],
        describe: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let columns = frame.get_column_names_owned();
        Self::described(name, Rows::Whole(frame), &columns, sorted_by, describe)
    }

    fn described(
        name: &'static str,
        rows: Rows,
        columns: &[PlSmallStr],
        sorted_by: &[&str],
        describe: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let descriptions = columns
            .iter()
            .map(|column| {
                let text = describe(column)
                    .unwrap_or_else(|| panic!("{name}.{column} has no description"));
                (column.to_string(), text)
            })
            .collect();
        Self {
            name,
            rows,
            sorted_by: sorted_by
                .iter()
                .map(|column| (*column).to_owned())
                .collect(),
            descriptions,
        }
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn height(&self) -> usize {
        match &self.rows {
            Rows::Whole(frame) => frame.height(),
            Rows::Stacked(stacked) => stacked.height(),
        }
    }

    /// Returns all rows.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn frame(&self) -> PolarsResult<DataFrame> {
        match &self.rows {
            Rows::Whole(frame) => Ok(frame.clone()),
            Rows::Stacked(stacked) => stacked.whole(),
        }
    }

    /// Returns all rows, some at a time: as many as can be made anew without being missed.
    pub fn pieces(&self) -> Box<dyn Iterator<Item = PolarsResult<DataFrame>> + '_> {
        match &self.rows {
            Rows::Whole(frame) => Box::new(std::iter::once(Ok(frame.clone()))),
            Rows::Stacked(stacked) => Box::new(stacked.pieces()),
        }
    }
}

/// What stands beside the account where parts of accounts are scored.
const PART_DESCRIPTION: &str = "The part of the account that is scored by itself";

impl Table {
    /// Takes the ids of parts of accounts apart: the account keeps its column, and the part gets
    /// one of its own behind it.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn name_parts(&mut self, part: &str) -> PolarsResult<()> {
        let mut frame = self.frame()?;
        let Some(place) = frame.get_column_index(ACCOUNT_ID) else {
            return Ok(());
        };
        let ids = frame.column(ACCOUNT_ID)?.str()?.clone();
        let (accounts, parts): (Vec<_>, Vec<_>) = ids
            .iter()
            .map(|id| match id.and_then(|id| id.split_once(PART_SEPARATOR)) {
                Some((account, part)) => (Some(account), Some(part)),
                None => (id, None),
            })
            .unzip();
        frame.with_column(Column::new(ACCOUNT_ID.into(), accounts))?;
        frame.insert_column(place + 1, Column::new(part.into(), parts))?;
        self.rows = Rows::Whole(frame);
        self.descriptions
            .insert(place + 1, (part.to_owned(), PART_DESCRIPTION.to_owned()));
        if let Some(sorted) = self
            .sorted_by
            .iter()
            .position(|column| column == ACCOUNT_ID)
        {
            self.sorted_by.insert(sorted + 1, part.to_owned());
        }
        Ok(())
    }
}

/// Returns `rejects`: rows set aside, each with its reason.
///
/// # Errors
/// When Polars fails.
pub fn rejects(parts: &[DataFrame]) -> PolarsResult<Table> {
    let parts: Vec<LazyFrame> = parts.iter().map(|part| part.clone().lazy()).collect();
    let columns = ["export", "rule", "row_key", "column", "found"];
    let frame = concat(parts, UnionArgs::default())?
        .sort(columns, SortMultipleOptions::default())
        .collect()?;
    Ok(Table::new(
        "rejects",
        frame,
        &["export", "rule", "row_key"],
        |column| {
            Some(
                match column {
                    "export" => "Our name of the export",
                    "row_key" => {
                        "The row's key, its columns joined by |; without a key what it hangs on, and its date"
                    }
                    "column" => "The column that is at fault",
                    "rule" => "key_missing, repeated_key, before_parent, or a rule of exports.toml; in a check unknown_account, unresolved_link and without_time too",
                    "found" => "What stood there",
                    _ => return None,
                }
                .to_owned(),
            )
        },
    ))
}

/// Returns `findings`: doubts about the data or the run.
///
/// # Errors
/// When Polars fails.
pub fn findings(findings: &[Finding]) -> PolarsResult<Table> {
    let text =
        |what: &dyn Fn(&Finding) -> String| -> Vec<String> { findings.iter().map(what).collect() };
    let frame = df!(
        "finding" => text(&|f| f.finding.to_owned()),
        "severity" => text(&|f| f.severity.to_string()),
        "subject" => text(&|f| f.subject.clone()),
        "count" => findings.iter().map(|f| f.count as i64).collect::<Vec<_>>(),
        "share" => findings.iter().map(|f| f.share).collect::<Vec<_>>(),
        "evidence" => text(&|f| f.evidence.clone()),
        "advice" => text(&|f| f.advice.clone()),
    )?
    .sort(
        ["finding", "subject", "evidence"],
        SortMultipleOptions::default(),
    )?;
    Ok(Table::new(
        "findings",
        frame,
        &["finding", "subject"],
        |column| {
            Some(
                match column {
                    "finding" => "The kind of doubt",
                    "severity" => "note: worth knowing; warning: somebody should look",
                    "subject" => "The export, measure or metric it is about",
                    "count" => "Rows, cells or accounts it concerns",
                    "share" => "The same as a share of all of them, 0 to 1",
                    "evidence" => "What was seen",
                    "advice" => "What to do about it",
                    _ => return None,
                }
                .to_owned(),
            )
        },
    ))
}
