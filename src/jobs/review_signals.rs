//! Which signals had fired before a decision: the rules of the model in force, asked of the past
//! by the functions that ask them tonight.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use polars::prelude::*;

use super::JobError;
use super::settings::ScoreJob;
use crate::domain::Comparator;
use crate::exports::Exports;
use crate::exports::as_of::AS_OF;
use crate::insights::comparison::Comparison;
use crate::insights::{self, signals};
use crate::measures::compute;
use crate::panel::{self, ACCOUNT_ID};
use crate::scores;
use crate::trail::Trail;

/// Accounts on dates of the past.
pub type Pairs = BTreeSet<(String, NaiveDate)>;

/// Returns the dates that must be known for signals to be asked on a date: itself and, where there
/// are signals, those it is compared with.
pub fn looked_at(job: &ScoreJob, date: NaiveDate) -> impl Iterator<Item = NaiveDate> + '_ {
    let compared = if job.model.rules.signals.is_empty() {
        vec![]
    } else {
        job.compared(date).collect()
    };
    std::iter::once(date).chain(compared)
}

/// Returns the signals of each pair that has any, the worst first.
///
/// `exports` hold what was known on all dates that [`looked_at`] gives. There is no scorecard
/// that these dates could be compared with, so a rule that speaks of the last one is silent.
///
/// # Errors
/// When Polars fails.
pub fn fired(
    job: &ScoreJob,
    exports: &Exports,
    asked: &Pairs,
    trail: &mut Trail<'_>,
) -> Result<BTreeMap<(String, NaiveDate), Vec<String>>, JobError> {
    let mut found: BTreeMap<(String, NaiveDate), Vec<String>> = BTreeMap::new();
    if asked.is_empty() || job.model.rules.signals.is_empty() {
        return Ok(found);
    }
    trail.step("asking signals of the past");
    let dates: Vec<NaiveDate> = (asked.iter().map(|(_, date)| *date))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let compared = |comparator: Comparator| Comparison {
        comparator,
        pairs: (dates.iter())
            .filter(|_| comparator != Comparator::LastScorecard)
            .filter_map(|date| Some((*date, job.compared_with(comparator, *date)?)))
            .collect(),
    };
    let comparisons: Vec<Comparison> = job.comparators().into_iter().map(compared).collect();
    let wanted: Pairs = (asked.iter())
        .flat_map(|(account, date)| looked_at(job, *date).map(move |date| (account.clone(), date)))
        .collect();
    let known = panel::known_pairs(exports, &frame(&wanted)?, &job.plan.attributes)?;
    let measured = compute::compute(exports, &known, &job.plan, &mut Trail::silent())?;
    let scored = scores::score(job.population.select(measured)?.frame, &job.model)?;
    let compared = insights::find(&scored, &dates, &comparisons, &job.model, &[])?.compared;
    let on = [ACCOUNT_ID, AS_OF];
    let compared = compared
        .lazy()
        .join(
            frame(asked)?.lazy(),
            on.map(col),
            on.map(col),
            JoinArgs::new(JoinType::Semi),
        )
        .collect()?;
    let pairs = pairs(&compared)?;
    // A signal is of an account; here one stands on several dates, each under a name of its own.
    let names: Vec<String> = (0..pairs.len()).map(|n| n.to_string()).collect();
    let mut apart = compared;
    apart.with_column(Column::new(ACCOUNT_ID.into(), names))?;
    let signals = signals::find(&apart, &job.model)?;
    let names = signals.column(ACCOUNT_ID)?.str()?.iter();
    for (name, signal) in names.zip(signals.column(signals::SIGNAL)?.str()?.iter()) {
        let pair = name.and_then(|name| pairs.get(name.parse::<usize>().ok()?));
        if let (Some(pair), Some(signal)) = (pair, signal) {
            found
                .entry(pair.clone())
                .or_default()
                .push(signal.to_owned());
        }
    }
    Ok(found)
}

fn frame(pairs: &Pairs) -> PolarsResult<DataFrame> {
    let (accounts, dates): (Vec<&str>, Vec<NaiveDate>) = pairs
        .iter()
        .map(|(account, date)| (account.as_str(), *date))
        .unzip();
    DataFrame::new_infer_height(vec![
        Column::new(ACCOUNT_ID.into(), accounts),
        Column::new(AS_OF.into(), dates),
    ])
}

fn pairs(frame: &DataFrame) -> PolarsResult<Vec<(String, NaiveDate)>> {
    let accounts = frame.column(ACCOUNT_ID)?.str()?.iter();
    let dates = frame.column(AS_OF)?.date()?.as_date_iter();
    Ok(accounts
        .zip(dates)
        .filter_map(|(account, date)| Some((account?.to_owned(), date?)))
        .collect())
}
