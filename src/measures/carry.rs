//! Values of earlier dates that serve for a while where there is none.

use std::collections::BTreeSet;

use polars::prelude::*;

use super::compute::{beside, carried_name, measured};
use super::plan::{CARRY_STEP, Plan};
use crate::domain::DayCount;
use crate::exports::Exports;
use crate::exports::as_of::AS_OF;
use crate::panel::{self, ACCOUNT_ID};
use crate::trail::Trail;

/// Looks for the last value of measures that may be carried, in steps back from the as-of date.
///
/// The value of an earlier date is computed by the same function as the value of this one, from
/// what was known then; a feed that stopped three days ago still speaks for a while.
pub(super) fn carry(exports: &Exports, frame: DataFrame, plan: &Plan) -> PolarsResult<DataFrame> {
    let is_null = |(name, _): &(String, DayCount)| col(name.as_str()).is_null();
    let missing_any = plan
        .carried
        .iter()
        .map(is_null)
        .reduce(Expr::or)
        .expect("something is carried");
    let missing = frame
        .clone()
        .lazy()
        .filter(missing_any)
        .select([col(ACCOUNT_ID), col(AS_OF)])
        .collect()?;
    let dates = panel::dates(&missing)?;
    let (mut nows, mut thens, mut ages) = (Vec::new(), Vec::new(), Vec::new());
    for date in dates {
        for (step, then) in (1u32..).zip(plan.carry_dates(date)) {
            nows.push(date);
            thens.push(then);
            ages.push(step * CARRY_STEP.0);
        }
    }
    let steps = DataFrame::new_infer_height(vec![
        Column::new(AS_OF.into(), nows),
        Column::new("__then".into(), thens),
        Column::new("__carried_days".into(), ages),
    ])?;
    let wanted = missing
        .lazy()
        .join(
            steps.lazy(),
            [col(AS_OF)],
            [col(AS_OF)],
            JoinArgs::new(JoinType::Inner),
        )
        .collect()?;
    let pairs = wanted
        .clone()
        .lazy()
        .select([col(ACCOUNT_ID), col("__then").alias(AS_OF)])
        .unique_generic(None, UniqueKeepStrategy::Any)
        .collect()?;
    let pairs = panel::known_pairs(exports, &pairs, &plan.attributes)?;
    let names: BTreeSet<&str> = plan.carried.iter().map(|(name, _)| name.as_str()).collect();
    let stages = plan.stages_of(&names);
    let earlier = measured(exports, &pairs, plan, stages, &mut Trail::silent())?;
    let names: Vec<Expr> = names.into_iter().map(col).collect();
    let earlier = earlier.lazy().select(
        [col(ACCOUNT_ID), col(AS_OF).alias("__then")]
            .into_iter()
            .chain(names)
            .collect::<Vec<_>>(),
    );
    let newest: Vec<Expr> = plan
        .carried
        .iter()
        .map(|(name, validity)| {
            let valid = col("__carried_days")
                .lt_eq(lit(validity.0))
                .and(col(name.as_str()).is_not_null());
            col(name.as_str())
                .filter(valid)
                .first()
                .alias(carried_name(name, *validity))
        })
        .collect();
    let carried = wanted
        .lazy()
        .join(
            earlier,
            [col(ACCOUNT_ID), col("__then")],
            [col(ACCOUNT_ID), col("__then")],
            JoinArgs::new(JoinType::Inner),
        )
        .sort(["__carried_days"], SortMultipleOptions::default())
        .group_by_stable([col(ACCOUNT_ID), col(AS_OF)])
        .agg(newest);
    let on = [ACCOUNT_ID, AS_OF];
    beside(frame.lazy(), carried.collect()?, &on, &on).collect()
}
