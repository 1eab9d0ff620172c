//! What a score means beside its number: which way it is going and why, what of that is noise, who
//! wants to be looked at first, what is at risk, what could grow, and what is to be done about it.

pub mod action_log;
pub mod actions;
pub mod attention;
pub mod comparison;
pub mod contradictions;
pub mod drivers;
mod evidence;
pub mod exceptions;
pub mod noise;
pub mod opportunities;
pub mod parents;
pub mod portfolio;
pub mod published;
pub mod signals;
pub mod trends;
mod vocabulary;
pub mod working_days;

use chrono::NaiveDate;
use polars::prelude::*;

use crate::domain::Comparator;
use crate::model::HealthModel;
use crate::panel;
use comparison::Comparison;
use published::Published;

/// The scores of the published dates with all that is said about them.
#[derive(Debug, Clone)]
pub struct Insights {
    /// One row per account and published date.
    pub compared: DataFrame,
    /// One row per published date and comparator for each account that was in the panel then and
    /// is not any more, with what it had then.
    pub left: DataFrame,
}

/// A date of fewer rows is not worth standing by itself.
const FEW_ROWS: usize = 1024;

/// Looks at the scores of the published dates in the light of the others in the panel and of what
/// was published before.
///
/// # Errors
/// When Polars fails.
pub fn find(
    scored: &DataFrame,
    dates: &[NaiveDate],
    comparisons: &[Comparison],
    model: &HealthModel,
    history: &[Published],
) -> PolarsResult<Insights> {
    let with_year = comparisons
        .iter()
        .any(|comparison| comparison.comparator == Comparator::YearAgo);
    let mut of_tonight = dates.iter().map(|date| panel::on_date(scored, *date));
    let mut frame = of_tonight.next().unwrap_or_else(|| Ok(scored.clear()))?;
    for of_date in of_tonight {
        frame.vstack_mut(&of_date?)?;
    }
    // A review asks for few accounts on hundreds of dates; every step would look at each by itself.
    if frame.height() < FEW_ROWS * dates.len() {
        frame.rechunk_mut();
    }
    // Every step is worked out before the next is planned, so that no plan is deeper for every date
    // that a job compares with.
    let frame = noise::with_readings(frame, scored, dates, model)?;
    let frame = trends::compare(frame, scored, comparisons, model, history)?;
    let frame = noise::told(frame, scored, dates, model, with_year)?;
    let frame = contradictions::called_out(frame, model)?;
    Ok(Insights {
        left: trends::left(&frame, scored, comparisons, model, history)?,
        compared: attention::ordered(frame)?,
    })
}

/// Puts what the rules of a model found under each other; the columns are there without a rule too.
fn stacked(found: Vec<LazyFrame>, columns: &[(&str, DataType)]) -> PolarsResult<LazyFrame> {
    let fields = columns
        .iter()
        .map(|(name, kind)| Field::new((*name).into(), kind.clone()));
    let none = DataFrame::empty_with_schema(&fields.collect::<Schema>());
    concat([vec![none.lazy()], found].concat(), UnionArgs::default())
}
