//! The portfolio of one date in long, tidy frames: how scores are spread, who changed band, what
//! the figures rest on, why scores fell, and what the follow-up costs.

use chrono::Months;
use polars::prelude::*;

use super::comparison::THEN;
use super::noise::rank_of;
use super::signals::{CATEGORY, SEVERITY, SEVERITY_RANK, SIGNAL};
use super::trends::{
    COMPARATOR, LEFT, OVERALL, band_name, change_name, coverage_name, direction_name, score_name,
    settled, was_there_name,
};
use crate::domain::{AsOf, Comparator, DayCount};
use crate::exports::as_of::AS_OF;
use crate::formula::{Expr as Formula, any_of, date_literal, in_order, row_wise};
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// How a job looks at the portfolio.
#[derive(Debug, Clone, Default)]
pub struct Portfolio {
    /// Stages of an account's life with their conditions; the first that holds is taken.
    pub stages: Vec<(String, Formula)>,
    /// Account columns and measures by which accounts are set apart.
    pub slices: Vec<String>,
    /// How far back the work on actions is counted.
    pub period: DayCount,
}

impl Portfolio {
    /// Returns the measures and account columns it reads.
    #[must_use]
    pub fn reads(&self) -> Vec<String> {
        let conditions = self.stages.iter().flat_map(|(_, stage)| stage.columns());
        let names = conditions.map(str::to_owned);
        names.chain(self.slices.iter().cloned()).collect()
    }
}

/// What stands where an account has no value to be set apart by.
pub const UNKNOWN: &str = "not in the data";
/// The band of an account without a score.
pub const NOT_SCORED: &str = "not scored";
/// The band of an account on a date on which it was not eligible, or not any more.
pub const NOT_THERE: &str = "not in the panel";

const SLICE: &str = "slice";
const VALUE: &str = "slice_value";
const ON_DATE: &str = "on_date";
const ACCOUNTS: &str = "accounts";
const AMOUNT: &str = "__amount";
const CURRENCY: &str = "__currency";
const RENEWAL: &str = "__renewal";

/// Width of a bin of scores, in points.
pub const BIN: i64 = 5;
/// Months of renewals ahead.
pub const AHEAD: u32 = 12;
/// Accounts among the largest movers of a comparison.
pub const MOVERS: i64 = 10;
/// Causes of the largest movers that are told apart, before the rest is put together.
const CAUSES: i64 = 7;
/// The cause of what is put together.
pub const OTHER_CAUSES: &str = "other";
/// The sort of a cause that is told apart by category.
const BEHAVIOUR: &str = "behaviour";

/// Returns the bands that a reader worries about, worst first: those at risk, or the worst one
/// where the model does not say.
#[must_use]
pub fn worrying(model: &HealthModel) -> Vec<&str> {
    let at_risk = model.bands.iter().filter(|band| band.at_risk);
    let mut labels: Vec<&str> = at_risk.map(|band| band.label.as_str()).collect();
    if labels.is_empty() {
        labels.extend(model.bands.last().map(|band| band.label.as_str()));
    }
    labels.reverse();
    labels
}

/// The scored accounts of one date, each once for every slice it belongs to.
#[derive(Debug)]
pub struct Sliced<'a> {
    model: &'a HealthModel,
    comparators: Vec<(Comparator, AsOf)>,
    as_of: AsOf,
    frame: DataFrame,
    /// Those that were there on a date of comparison and are not any more, in the slices of then.
    left: DataFrame,
}

/// The accounts of one date, with the dates around it.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a> {
    /// Those of the date, compared.
    pub compared: &'a DataFrame,
    /// Those that were there on a date of comparison and are not any more.
    pub left: &'a DataFrame,
    /// The whole panel, which knows what they were like.
    pub scored: &'a DataFrame,
}

impl<'a> Sliced<'a> {
    /// Sets the accounts apart: all together, by stage, and by each of the job's slices.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn new(
        accounts: Accounts<'_>,
        portfolio: &Portfolio,
        model: &'a HealthModel,
        comparators: Vec<(Comparator, AsOf)>,
        as_of: AsOf,
    ) -> PolarsResult<Self> {
        let facts = &model.rules.facts;
        let named = |fact: &Option<String>, kind: DataType| match fact {
            Some(column) => col(column.as_str()).cast(kind),
            None => lit(NULL).cast(kind),
        };
        let here = accounts.compared.clone().lazy().with_columns([
            named(&facts.amount, DataType::Float64).alias(AMOUNT),
            named(&facts.currency, DataType::String).alias(CURRENCY),
            named(&facts.renewal_date, DataType::Date).alias(RENEWAL),
        ]);
        let mut slices = vec![("all".to_owned(), lit("all"))];
        if !portfolio.stages.is_empty() {
            slices.push(("stage".to_owned(), stage(&portfolio.stages)));
        }
        let columns = portfolio.slices.iter();
        slices.extend(columns.map(|column| {
            let value = col(column.as_str()).cast(DataType::String);
            (column.clone(), value.fill_null(lit(UNKNOWN)))
        }));
        let sliced = |accounts: LazyFrame, kept: Vec<Expr>| -> PolarsResult<DataFrame> {
            let parts: Vec<LazyFrame> = slices
                .iter()
                .map(|(slice, value)| {
                    let slice = [lit(slice.clone()).alias(SLICE), value.clone().alias(VALUE)];
                    accounts
                        .clone()
                        .select([slice.to_vec(), kept.clone()].concat())
                })
                .collect();
            concat(parts, UnionArgs::default())?.collect()
        };
        // What an account was like is known of the date on which it was there.
        let left = accounts.left.clone().lazy().drop(cols([AS_OF]));
        let left = left.rename([THEN], [AS_OF], true).join(
            accounts.scored.clone().lazy(),
            [col(ACCOUNT_ID), col(AS_OF)],
            [col(ACCOUNT_ID), col(AS_OF)],
            JoinArgs::new(JoinType::Left),
        );
        let of_then = [vec![col(COMPARATOR)], state(model, LEFT, LEFT)].concat();
        Ok(Self {
            model,
            as_of,
            frame: sliced(here, kept(model, &comparators))?,
            left: sliced(left, of_then)?,
            comparators,
        })
    }

    /// Returns the accounts that were there on the date of a comparator, or tonight's without one:
    /// their slice, band, and of each level score and coverage.
    fn on(&self, comparator: Option<Comparator>) -> PolarsResult<LazyFrame> {
        let named = |state: Vec<Expr>| [[SLICE, VALUE].map(col).to_vec(), state].concat();
        let Some(comparator) = comparator else {
            let levels = levels(self.model);
            let scores = levels.iter().map(|level| match level.as_str() {
                OVERALL => name::overall("score_shown"),
                level => format!("{level}/{}", name::SCORE),
            });
            let scores = scores
                .zip(&levels)
                .map(|(score, level)| col(score).alias(score_name(level, LEFT)));
            let coverages = levels.iter().map(|level| {
                col(format!("{level}/{}", name::COVERAGE)).alias(coverage_name(level, LEFT))
            });
            let band = col(name::overall(name::BAND)).alias(band_name(LEFT));
            let state = scores.chain(coverages).chain([band]).collect();
            return Ok(self.frame.clone().lazy().select(named(state)));
        };
        let here = self.frame.clone().lazy().filter(was_there(comparator));
        let here = here.select(named(state(self.model, &comparator.to_string(), LEFT)));
        let is_of = col(COMPARATOR).eq(lit(comparator.to_string()));
        let left = self.left.clone().lazy().filter(is_of);
        let left = left.select(named(state(self.model, LEFT, LEFT)));
        concat([here, left], UnionArgs::default())
    }

    /// Returns how many accounts are in each band, now and on the dates of comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn bands(&self) -> PolarsResult<DataFrame> {
        let parts: Vec<LazyFrame> = self
            .dates()
            .into_iter()
            .map(|(date, comparator)| {
                let band = col(band_name(LEFT)).fill_null(lit(NOT_SCORED));
                Ok(self.on(comparator)?.select([
                    date_literal(date).alias(ON_DATE),
                    col(SLICE),
                    col(VALUE),
                    band.alias("band"),
                ]))
            })
            .collect::<PolarsResult<_>>()?;
        let whole = [ON_DATE, SLICE, VALUE];
        let counted = concat(parts, UnionArgs::default())?
            .group_by([ON_DATE, SLICE, VALUE, "band"].map(col))
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)]);
        let at_risk = worrying(self.model).into_iter();
        let at_risk = any_of(
            at_risk
                .map(|label| col("band").eq(lit(label.to_owned())))
                .collect(),
        );
        let of_whole = |which: Expr| -> PolarsResult<Expr> {
            let counted = when(which).then(col(ACCOUNTS)).otherwise(lit(0i64));
            counted.sum().over(whole.map(col))
        };
        with_share(counted, &whole)?
            .with_columns([
                of_whole(col("band").neq(lit(NOT_SCORED)))?.alias("accounts_scored"),
                of_whole(at_risk)?.alias("accounts_at_risk"),
            ])
            .with_column(self.place_of_band("band"))
            .sort(
                [ON_DATE, SLICE, VALUE, "__place"],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols(["__place"]).as_expr()])
            .collect()
    }

    /// Returns the dates that stand beside each other: tonight's, and each of those compared with,
    /// once, with its comparator. Two comparators may stand for one date.
    fn dates(&self) -> Vec<(AsOf, Option<Comparator>)> {
        let mut dates = vec![(self.as_of, None)];
        for (comparator, date) in &self.comparators {
            if dates.iter().all(|(known, _)| known != date) {
                dates.push((*date, Some(*comparator)));
            }
        }
        dates
    }

    /// Returns how many accounts have a score in each bin, now and on the dates of comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn scores(&self) -> PolarsResult<DataFrame> {
        let parts: Vec<LazyFrame> = self
            .dates()
            .into_iter()
            .map(|(date, comparator)| {
                Ok(self.on(comparator)?.select([
                    date_literal(date).alias(ON_DATE),
                    col(SLICE),
                    col(VALUE),
                    col(score_name(OVERALL, LEFT)).alias("__score"),
                ]))
            })
            .collect::<PolarsResult<_>>()?;
        let last = 100 / BIN - 1;
        let bin = col("__score").cast(DataType::Int64).floor_div(lit(BIN));
        let bin = when(bin.clone().gt(lit(last)))
            .then(lit(last))
            .otherwise(bin);
        let counted = concat(parts, UnionArgs::default())?
            .filter(col("__score").is_not_null())
            .group_by([
                col(ON_DATE),
                col(SLICE),
                col(VALUE),
                (bin * lit(BIN)).alias("points_from"),
            ])
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)]);
        with_share(counted, &[ON_DATE, SLICE, VALUE])?
            .sort(
                [ON_DATE, SLICE, VALUE, "points_from"],
                SortMultipleOptions::default(),
            )
            .collect()
    }

    /// Returns how many accounts went from which band to which, against every date of comparison,
    /// with all that were in the one band and are in the other; who came or left was, or is, not in
    /// the panel.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn migration(&self) -> PolarsResult<DataFrame> {
        let mut parts = Vec::new();
        for (n, (comparator, date)) in (0i32..).zip(&self.comparators) {
            let moved = |before: Expr, after: Expr| {
                [
                    lit(comparator.to_string()).alias("comparator"),
                    lit(n).alias("__comparator"),
                    date_literal(*date).alias("compared_as_of"),
                    col(SLICE),
                    col(VALUE),
                    before.alias("band_before"),
                    after.alias("band_after"),
                ]
            };
            let before = when(was_there(*comparator))
                .then(col(band_name(comparator)).fill_null(lit(NOT_SCORED)))
                .otherwise(lit(NOT_THERE));
            let after = col(name::overall(name::BAND)).fill_null(lit(NOT_SCORED));
            parts.push(self.frame.clone().lazy().select(moved(before, after)));
            let is_of = col(COMPARATOR).eq(lit(comparator.to_string()));
            let before = col(band_name(LEFT)).fill_null(lit(NOT_SCORED));
            let left = self.left.clone().lazy().filter(is_of);
            parts.push(left.select(moved(before, lit(NOT_THERE))));
        }
        let keys = [
            "comparator",
            "__comparator",
            "compared_as_of",
            SLICE,
            VALUE,
            "band_before",
            "band_after",
        ];
        if parts.is_empty() {
            let text = keys.map(|key| (key, DataType::String));
            parts.push(super::stacked(Vec::new(), &text)?);
        }
        let all_of = |band: &str| {
            let whole = [&keys[..5], &[band]].concat();
            let whole: Vec<Expr> = whole.into_iter().map(col).collect();
            col(ACCOUNTS).sum().over(whole)
        };
        concat(parts, UnionArgs::default())?
            .group_by(keys.map(col))
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)])
            .with_columns([
                all_of("band_before")?.alias("accounts_before"),
                all_of("band_after")?.alias("accounts_after"),
                self.place_of_band("band_before").alias("__before"),
                self.place_of_band("band_after").alias("__after"),
            ])
            .sort(
                ["__comparator", SLICE, VALUE, "__before", "__after"],
                SortMultipleOptions::default(),
            )
            .select([all()
                .exclude_cols(["__comparator", "__before", "__after"])
                .as_expr()])
            .collect()
    }

    /// Returns how many scores moved, and how, against every date of comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn changes(&self) -> PolarsResult<DataFrame> {
        let count = |flag: Expr| flag.fill_null(lit(false)).cast(DataType::Int64).sum();
        let now = rank_of(&col(name::overall(name::BAND)), self.model);
        let mut parts = Vec::new();
        for (n, (comparator, date)) in (0i32..).zip(&self.comparators) {
            let change = || col(change_name(OVERALL, comparator));
            let then = rank_of(&col(band_name(comparator)), self.model);
            let counted = self
                .frame
                .clone()
                .lazy()
                .group_by([SLICE, VALUE].map(col))
                .agg([
                    count(change().is_not_null()).alias("accounts_compared"),
                    count(change().lt(lit(0.0))).alias("fell"),
                    count(change().gt(lit(0.0))).alias("rose"),
                    count(now.clone().gt(then.clone())).alias("to_a_worse_band"),
                    count(now.clone().lt(then)).alias("to_a_better_band"),
                    settled(in_order(change()).mean()).alias("mean_change"),
                ]);
            parts.push(counted.with_columns([
                lit(n).alias("__comparator"),
                lit(comparator.to_string()).alias("comparator"),
                date_literal(*date).alias("compared_as_of"),
            ]));
        }
        let text = |name: &'static str| (name, DataType::String);
        let number = |name: &'static str| (name, DataType::Int64);
        let columns = [
            text("comparator"),
            ("compared_as_of", DataType::Date),
            text(SLICE),
            text(VALUE),
            number("accounts_compared"),
            number("fell"),
            number("rose"),
            number("to_a_worse_band"),
            number("to_a_better_band"),
            ("mean_change", DataType::Float64),
        ];
        let sorted = self.by_comparator(parts, &columns, &[SLICE, VALUE])?;
        sorted.collect()
    }

    /// Puts what was counted against each comparator under each other, in the job's order.
    fn by_comparator(
        &self,
        parts: Vec<LazyFrame>,
        columns: &[(&str, DataType)],
        then_by: &[&str],
    ) -> PolarsResult<LazyFrame> {
        let place = ("__comparator", DataType::Int32);
        let with_place: Vec<_> = columns.iter().cloned().chain([place]).collect();
        let names: Vec<Expr> = with_place.iter().map(|(name, _)| col(*name)).collect();
        let parts: Vec<LazyFrame> = parts
            .into_iter()
            .map(|part| part.select(names.clone()))
            .collect();
        let order: Vec<&str> = ["__comparator"].iter().chain(then_by).copied().collect();
        let names: Vec<Expr> = columns.iter().map(|(name, _)| col(*name)).collect();
        Ok(super::stacked(parts, &with_place)?
            .sort(order, SortMultipleOptions::default())
            .select(names))
    }

    /// Returns what the scores rest on, of the whole and of each category, now and on the dates of
    /// comparison: accounts scored, and the mean share of weight with data.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn coverage(&self) -> PolarsResult<DataFrame> {
        let ids = self.model.categories.iter().map(|category| &*category.id);
        let ids: Vec<&str> = [OVERALL].into_iter().chain(ids).collect();
        let levels = levels(self.model);
        let mut parts = Vec::new();
        for (date, comparator) in self.dates() {
            let there = self.on(comparator)?;
            for (place, (category, level)) in (0i32..).zip(ids.iter().zip(&levels)) {
                parts.push(there.clone().select([
                    date_literal(date).alias(ON_DATE),
                    col(SLICE),
                    col(VALUE),
                    lit(*category).alias(CATEGORY),
                    lit(place).alias("__place"),
                    col(score_name(level, LEFT)).alias("__score"),
                    col(coverage_name(level, LEFT)).alias("__coverage"),
                ]));
            }
        }
        let count = |flag: Expr| flag.fill_null(lit(false)).cast(DataType::Int64).sum();
        // A share that differs from one by less than a rounding error is the whole.
        let is_whole = col("__coverage").gt_eq(lit(1.0 - 1e-9));
        concat(parts, UnionArgs::default())?
            .group_by([ON_DATE, SLICE, VALUE, CATEGORY, "__place"].map(col))
            .agg([
                len().cast(DataType::Int64).alias(ACCOUNTS),
                count(col("__score").is_not_null()).alias("accounts_scored"),
                count(is_whole).alias("accounts_complete"),
                in_order(col("__score")).mean().alias("mean_score"),
                in_order(col("__coverage")).mean().alias("mean_coverage"),
            ])
            .with_column(share(col("accounts_scored"), col(ACCOUNTS)).alias("share_scored"))
            .sort(
                [ON_DATE, SLICE, VALUE, "__place"],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols(["__place"]).as_expr()])
            .collect()
    }

    /// Returns what comes up for renewal after tonight, by month, currency and band.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn renewals(&self) -> PolarsResult<DataFrame> {
        let whole = [SLICE, VALUE, "month", "currency"];
        let keys = [SLICE, VALUE, "month", "currency", "band"];
        self.frame
            .clone()
            .lazy()
            .filter(col(RENEWAL).gt(date_literal(self.as_of)))
            .with_columns([
                col(RENEWAL)
                    .cast(DataType::String)
                    .str()
                    .slice(lit(0), lit(7))
                    .alias("month"),
                // What has no amount is in no currency.
                when(col(AMOUNT).is_not_null())
                    .then(col(CURRENCY))
                    .otherwise(lit(NULL))
                    .fill_null(lit(UNKNOWN))
                    .alias("currency"),
                col(name::overall(name::BAND))
                    .fill_null(lit(NOT_SCORED))
                    .alias("band"),
            ])
            .group_by(keys.map(col))
            .agg([
                len().cast(DataType::Int64).alias(ACCOUNTS),
                in_order(col(AMOUNT)).sum().alias("amount"),
            ])
            .with_columns([
                col(ACCOUNTS)
                    .sum()
                    .over(whole.map(col))?
                    .alias("accounts_of_month"),
                in_order(col("amount"))
                    .sum()
                    .over(whole.map(col))?
                    .alias("amount_of_month"),
            ])
            .with_column(self.place_of_band("band"))
            .sort(
                [SLICE, VALUE, "month", "currency", "__place"],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols(["__place"]).as_expr()])
            .collect()
    }

    /// Returns how many renewals lie within the next twelve months, of how many accounts in bands
    /// that a reader worries about, and how many come later or without an amount.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn renewals_ahead(&self) -> PolarsResult<DataFrame> {
        let months = months_ahead(self.as_of);
        let ends = [months.first(), months.last()];
        let [first, last] = ends.map(|month| month.cloned().unwrap_or_default());
        let month = col(RENEWAL).cast(DataType::String).str();
        let month = month.slice(lit(0), lit(7));
        let is_due = month.lt_eq(lit(last.clone()));
        let is_worrying = worrying(self.model).into_iter();
        let is_worrying = any_of(
            is_worrying
                .map(|label| col(name::overall(name::BAND)).eq(lit(label.to_owned())))
                .collect(),
        );
        let is_unknown = col(AMOUNT).is_null().or(col(CURRENCY).is_null());
        let count = |flag: Expr| flag.fill_null(lit(false)).cast(DataType::Int64).sum();
        self.frame
            .clone()
            .lazy()
            .filter(col(RENEWAL).gt(date_literal(self.as_of)))
            .group_by([SLICE, VALUE].map(col))
            .agg([
                lit(first).first().alias("month_from"),
                lit(last).first().alias("month_to"),
                count(is_due.clone()).alias("accounts_due"),
                count(is_due.clone().and(is_worrying)).alias("accounts_due_at_risk"),
                count(is_due.clone().and(is_unknown)).alias("accounts_due_without_amount"),
                count(is_due.not()).alias("accounts_later"),
            ])
            .sort([SLICE, VALUE], SortMultipleOptions::default())
            .collect()
    }

    /// Returns what took points from the accounts whose score fell, cause by cause, against every
    /// date of comparison: what recurs first.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn drivers(&self, drivers: &DataFrame) -> PolarsResult<DataFrame> {
        let mut parts = Vec::new();
        for (n, (comparator, _)) in (0i32..).zip(&self.comparators) {
            let has_fallen = col(direction_name(OVERALL, comparator)).eq(lit("down"));
            let fallen = self
                .frame
                .clone()
                .lazy()
                .filter(has_fallen)
                .select([ACCOUNT_ID, SLICE, VALUE].map(col));
            let sizes = fallen
                .clone()
                .group_by([SLICE, VALUE].map(col))
                .agg([len().cast(DataType::Int64).alias("accounts_fallen")]);
            let took = drivers
                .clone()
                .lazy()
                .filter(
                    col("comparator")
                        .eq(lit(comparator.to_string()))
                        .and(col("points").lt(lit(0.0))),
                )
                .select([ACCOUNT_ID, "cause", CATEGORY, "metric", "points"].map(col));
            let on = || [SLICE, VALUE].map(col);
            let counted = fallen
                .join(
                    took,
                    [col(ACCOUNT_ID)],
                    [col(ACCOUNT_ID)],
                    JoinArgs::new(JoinType::Inner),
                )
                .group_by([SLICE, VALUE, "cause", CATEGORY, "metric"].map(col))
                .agg([
                    col(ACCOUNT_ID)
                        .n_unique()
                        .cast(DataType::Int64)
                        .alias(ACCOUNTS),
                    settled(in_order(col("points")).sum()).alias("points"),
                ])
                .join(sizes, on(), on(), JoinArgs::new(JoinType::Left))
                .with_column(share(col(ACCOUNTS), col("accounts_fallen")).alias("share"));
            parts.push(counted.with_columns([
                lit(n).alias("__comparator"),
                lit(comparator.to_string()).alias("comparator"),
                (lit(0i64) - col(ACCOUNTS)).alias("__order"),
            ]));
        }
        let text = |name: &'static str| (name, DataType::String);
        let columns = [
            text("comparator"),
            text(SLICE),
            text(VALUE),
            text("cause"),
            text(CATEGORY),
            text("metric"),
            ("accounts_fallen", DataType::Int64),
            (ACCOUNTS, DataType::Int64),
            ("share", DataType::Float64),
            ("points", DataType::Float64),
            ("__order", DataType::Int64),
        ];
        let then_by = [
            SLICE, VALUE, "__order", "points", "cause", CATEGORY, "metric",
        ];
        self.by_comparator(parts, &columns, &then_by)?
            .select([all().exclude_cols(["__order"]).as_expr()])
            .collect()
    }

    /// Returns the accounts whose score moved most against every date of comparison, with what
    /// moved them: an account's behaviour by category, and what is little put together.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn movers(&self, drivers: &DataFrame) -> PolarsResult<DataFrame> {
        let mut parts = Vec::new();
        for (n, (comparator, _)) in (0i32..).zip(&self.comparators) {
            let change = || col(change_name(OVERALL, comparator));
            let size = change().abs().alias("__size");
            let largest_first =
                SortMultipleOptions::default().with_order_descending_multi([true, false]);
            let largest = self
                .frame
                .clone()
                .lazy()
                .filter(col(SLICE).eq(lit("all")).and(change().neq(lit(0.0))))
                .select([
                    col(ACCOUNT_ID),
                    col(score_name(OVERALL, comparator)).alias("score_then"),
                    col(name::overall("score_shown")).alias("score_now"),
                    change().alias("change"),
                    size,
                ])
                .sort(["__size", ACCOUNT_ID], largest_first)
                .limit(MOVERS as u32)
                .with_row_index("rank", Some(1))
                .with_column(col("rank").cast(DataType::Int64));
            let is_behaviour = col("cause").eq(lit(BEHAVIOUR));
            let own_category = when(is_behaviour).then(col(CATEGORY)).otherwise(lit(NULL));
            let moved = drivers
                .clone()
                .lazy()
                .filter(col("comparator").eq(lit(comparator.to_string())))
                .select([
                    col(ACCOUNT_ID),
                    col("cause"),
                    own_category.alias(CATEGORY),
                    col("points"),
                ]);
            let on = || [col(ACCOUNT_ID)];
            let moved = largest.join(moved, on(), on(), JoinArgs::new(JoinType::Inner));
            let total = || settled(in_order(col("points")).sum()).alias("points");
            let size = settled(in_order(col("points").abs()).sum()).alias("__weight");
            let heaviest_first = SortMultipleOptions::default()
                .with_order_descending_multi([true, false, false])
                .with_nulls_last(true);
            let causes = moved
                .clone()
                .group_by(["cause", CATEGORY].map(col))
                .agg([size])
                .sort(["__weight", "cause", CATEGORY], heaviest_first)
                .with_row_index("__cause", Some(1))
                .with_column(len().cast(DataType::Int64).alias("__causes"));
            let is_kept = col("__cause")
                .cast(DataType::Int64)
                .lt_eq(lit(CAUSES))
                .or(col("__causes").lt_eq(lit(CAUSES + 1)));
            let kept = |column: &str, other: Expr| {
                when(is_kept.clone())
                    .then(col(column))
                    .otherwise(other)
                    .alias(column)
            };
            let with_null_keys = JoinArgs {
                nulls_equal: true,
                ..JoinArgs::new(JoinType::Left)
            };
            let on = || ["cause", CATEGORY].map(col);
            let keys = [
                "rank",
                ACCOUNT_ID,
                "score_then",
                "score_now",
                "change",
                "cause",
                CATEGORY,
            ];
            let counted = moved
                .join(causes, on(), on(), with_null_keys)
                .with_columns([
                    kept("cause", lit(OTHER_CAUSES)),
                    kept(CATEGORY, lit(NULL)),
                    when(is_kept.clone())
                        .then(col("__cause").cast(DataType::Int64))
                        .otherwise(lit(CAUSES + 1))
                        .alias("__cause"),
                ])
                .group_by(
                    [keys.as_slice(), &["__cause"]]
                        .concat()
                        .into_iter()
                        .map(col)
                        .collect::<Vec<_>>(),
                )
                .agg([total()])
                .filter(col("points").neq(lit(0.0)));
            parts.push(counted.with_columns([
                lit(n).alias("__comparator"),
                lit(comparator.to_string()).alias("comparator"),
            ]));
        }
        let text = |name: &'static str| (name, DataType::String);
        let points = |name: &'static str| (name, DataType::Float64);
        let columns = [
            text("comparator"),
            ("rank", DataType::Int64),
            text(ACCOUNT_ID),
            points("score_then"),
            points("score_now"),
            points("change"),
            text("cause"),
            text(CATEGORY),
            points("points"),
            ("__cause", DataType::Int64),
        ];
        self.by_comparator(parts, &columns, &["rank", "__cause"])?
            .select([all().exclude_cols(["__cause"]).as_expr()])
            .collect()
    }

    /// Returns the yearly amounts by band and currency, and the coverage they rest on.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn revenue(&self) -> PolarsResult<DataFrame> {
        let covered = col(AMOUNT) * col(name::overall(name::COVERAGE));
        let summed = self
            .frame
            .clone()
            .lazy()
            .filter(col(AMOUNT).is_not_null())
            .with_column(
                col(name::overall(name::BAND))
                    .fill_null(lit(NOT_SCORED))
                    .alias("band"),
            )
            .group_by([
                col(SLICE),
                col(VALUE),
                col(CURRENCY).fill_null(lit(UNKNOWN)).alias("currency"),
                col("band"),
            ])
            .agg([
                len().cast(DataType::Int64).alias(ACCOUNTS),
                in_order(col(AMOUNT)).sum().alias("amount"),
                in_order(covered).sum().alias("__covered"),
            ]);
        let whole = in_order(col("amount"))
            .sum()
            .over([SLICE, VALUE, "currency"].map(col))?;
        summed
            .with_columns([
                share(col("amount"), whole).alias("share"),
                share(col("__covered"), col("amount")).alias("coverage_by_amount"),
                self.place_of_band("band"),
            ])
            .sort(
                [SLICE, VALUE, "currency", "__place"],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols(["__place", "__covered"]).as_expr()])
            .collect()
    }

    /// Returns in which categories the accounts lost whose score fell, against every date of
    /// comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn causes(&self) -> PolarsResult<DataFrame> {
        let mut parts = Vec::new();
        for (n, (comparator, _)) in (0i32..).zip(&self.comparators) {
            let has_fallen = |level: &str| col(direction_name(level, comparator)).eq(lit("down"));
            let fallen = self.frame.clone().lazy().filter(has_fallen("overall"));
            for (c, category) in (0i32..).zip(&self.model.categories) {
                let level = format!("category/{}", category.id);
                let lost = has_fallen(&level).fill_null(lit(false));
                let change = when(lost.clone()).then(col(change_name(&level, comparator)));
                let change = change.otherwise(lit(NULL));
                let counted = fallen.clone().group_by([SLICE, VALUE].map(col)).agg([
                    len().cast(DataType::Int64).alias("accounts_fallen"),
                    lost.cast(DataType::Int64).sum().alias(ACCOUNTS),
                    in_order(change).mean().alias("mean_change"),
                ]);
                parts.push(counted.with_columns([
                    lit(n).alias("__comparator"),
                    lit(c).alias("__category"),
                    lit(comparator.to_string()).alias("comparator"),
                    lit(category.id.clone()).alias("category"),
                ]));
            }
        }
        let none = super::stacked(
            Vec::new(),
            &[
                (SLICE, DataType::String),
                (VALUE, DataType::String),
                ("accounts_fallen", DataType::Int64),
                (ACCOUNTS, DataType::Int64),
                ("mean_change", DataType::Float64),
                ("__comparator", DataType::Int32),
                ("__category", DataType::Int32),
                ("comparator", DataType::String),
                ("category", DataType::String),
            ],
        )?;
        parts.push(none);
        concat(parts, UnionArgs::default())?
            .with_column(share(col(ACCOUNTS), col("accounts_fallen")).alias("share"))
            .sort(
                ["__comparator", SLICE, VALUE, "__category"],
                SortMultipleOptions::default(),
            )
            .select(
                [
                    "comparator",
                    SLICE,
                    VALUE,
                    "category",
                    "accounts_fallen",
                    ACCOUNTS,
                    "share",
                    "mean_change",
                ]
                .map(col),
            )
            .collect()
    }

    /// Returns how many accounts have each signal.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn signals(&self, signals: &DataFrame) -> PolarsResult<DataFrame> {
        let fired = signals
            .clone()
            .lazy()
            .select([ACCOUNT_ID, SIGNAL, CATEGORY, SEVERITY, SEVERITY_RANK].map(col));
        let sizes = self
            .frame
            .clone()
            .lazy()
            .group_by([SLICE, VALUE].map(col))
            .agg([len().cast(DataType::Int64).alias("__all")]);
        self.frame
            .clone()
            .lazy()
            .select([ACCOUNT_ID, SLICE, VALUE].map(col))
            .join(
                fired,
                [col(ACCOUNT_ID)],
                [col(ACCOUNT_ID)],
                JoinArgs::new(JoinType::Inner),
            )
            .group_by([SLICE, VALUE, SIGNAL, CATEGORY, SEVERITY, SEVERITY_RANK].map(col))
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)])
            .join(
                sizes,
                [SLICE, VALUE].map(col),
                [SLICE, VALUE].map(col),
                JoinArgs::new(JoinType::Left),
            )
            .with_column(share(col(ACCOUNTS), col("__all")).alias("share"))
            .sort(
                [SLICE, VALUE, SIGNAL, CATEGORY, SEVERITY_RANK],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols([SEVERITY_RANK, "__all"]).as_expr()])
            .collect()
    }

    /// Returns the place of a band from the top down, the unscored behind all.
    fn place_of_band(&self, column: &str) -> Expr {
        let bands = (0i32..).zip(&self.model.bands).collect::<Vec<_>>();
        let last = when(col(column).eq(lit(NOT_SCORED)))
            .then(lit(bands.len() as i32))
            .otherwise(lit(bands.len() as i32 + 1));
        bands
            .into_iter()
            .rev()
            .fold(last, |rest, (n, band)| {
                when(col(column).eq(lit(band.label.clone())))
                    .then(lit(n))
                    .otherwise(rest)
            })
            .alias("__place")
    }
}

/// Returns the months of renewals ahead, from the day after a date on: such as `2026-12`.
#[must_use]
pub fn months_ahead(as_of: AsOf) -> Vec<String> {
    // A date at the end of a month has nothing left of it.
    let start = as_of.succ_opt().unwrap_or(as_of);
    let months = (0..AHEAD).filter_map(|n| start.checked_add_months(Months::new(n)));
    months
        .map(|date| date.format("%Y-%m").to_string())
        .collect()
}

/// Returns the whole and every category.
fn levels(model: &HealthModel) -> Vec<String> {
    let categories = model.categories.iter();
    let categories = categories.map(|category| format!("category/{}", category.id));
    [OVERALL.to_owned()].into_iter().chain(categories).collect()
}

/// Returns band, scores and coverages of one time under the names of another.
fn state(model: &HealthModel, of: &str, named: &str) -> Vec<Expr> {
    let levels = levels(model);
    let scores = levels
        .iter()
        .map(|level| col(score_name(level, of)).alias(score_name(level, named)));
    let coverages = levels
        .iter()
        .map(|level| col(coverage_name(level, of)).alias(coverage_name(level, named)));
    let band = col(band_name(of)).alias(band_name(named));
    scores.chain(coverages).chain([band]).collect()
}

/// Returns what the tables about all accounts look at.
fn kept(model: &HealthModel, comparators: &[(Comparator, AsOf)]) -> Vec<Expr> {
    let levels = levels(model);
    let mut columns: Vec<String> = [ACCOUNT_ID, AMOUNT, CURRENCY, RENEWAL]
        .map(str::to_owned)
        .into();
    columns.extend(["score_shown", name::BAND].map(name::overall));
    for level in &levels {
        columns.push(format!("{level}/{}", name::COVERAGE));
    }
    for category in &model.categories {
        columns.push(name::category(&category.id, name::SCORE));
    }
    for (comparator, _) in comparators {
        columns.extend([band_name(comparator), was_there_name(comparator)]);
        for level in &levels {
            columns.extend([
                score_name(level, comparator),
                coverage_name(level, comparator),
                change_name(level, comparator),
                direction_name(level, comparator),
            ]);
        }
    }
    columns.into_iter().map(col).collect()
}

fn was_there(comparator: Comparator) -> Expr {
    col(was_there_name(comparator)).fill_null(lit(false))
}

/// Returns per owner what was raised, closed, is open and overdue in the log, and what tonight's
/// list adds.
///
/// # Errors
/// When Polars fails.
pub fn actions(
    log: &DataFrame,
    list: &DataFrame,
    period: DayCount,
    as_of: AsOf,
) -> PolarsResult<DataFrame> {
    let counts = ["raised", "closed", "open", "overdue", "new"];
    let count = |flag: Expr| flag.fill_null(lit(false)).cast(DataType::Int64);
    let since = || date_literal(period.before(as_of));
    let is_open = || col("closed_at").is_null();
    let is_overdue = is_open().and(col("due_date").lt(date_literal(as_of)));
    let never = || lit(false);
    let counted = |frame: &DataFrame, flags: [Expr; 5]| {
        let flags = counts.into_iter().zip(flags);
        let flags = flags.map(|(name, flag)| count(flag).alias(name));
        let columns: Vec<Expr> = [col("owner")].into_iter().chain(flags).collect();
        frame.clone().lazy().select(columns)
    };
    let was_raised = col("raised_date").gt(since());
    let was_closed = col("closed_at").gt(since());
    let kept = counted(
        log,
        [was_raised, was_closed, is_open(), is_overdue, never()],
    );
    let is_new = col("status").eq(lit("new"));
    let new = counted(list, [never(), never(), never(), never(), is_new]);
    concat([kept, new], UnionArgs::default())?
        .group_by([col("owner").fill_null(lit(UNKNOWN))])
        .agg(counts.map(|count| col(count).sum()))
        .with_column(share(col("overdue"), col("open")).alias("share_overdue"))
        .sort(["owner"], SortMultipleOptions::default())
        .collect()
}

fn stage(stages: &[(String, Formula)]) -> Expr {
    stages
        .iter()
        .rev()
        .fold(lit(UNKNOWN), |rest, (stage, condition)| {
            when(row_wise(condition).fill_null(lit(false)))
                .then(lit(stage.clone()))
                .otherwise(rest)
        })
}

fn with_share(counted: LazyFrame, whole: &[&str]) -> PolarsResult<LazyFrame> {
    let whole: Vec<Expr> = whole.iter().map(|key| col(*key)).collect();
    let whole = col(ACCOUNTS).sum().over(whole)?;
    Ok(counted.with_column(share(col(ACCOUNTS), whole).alias("share")))
}

fn share(part: Expr, whole: Expr) -> Expr {
    let whole = whole.cast(DataType::Float64);
    when(whole.clone().gt(lit(0.0)))
        .then(part.cast(DataType::Float64) / whole)
        .otherwise(lit(NULL))
}
