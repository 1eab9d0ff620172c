//! The portfolio of one date in long, tidy frames: how scores are spread, who changed band, what
//! the figures rest on, why scores fell, and what the follow-up costs.

use polars::prelude::*;

use super::signals::{CATEGORY, SEVERITY, SEVERITY_RANK, SIGNAL};
use super::trends::{band_name, change_name, direction_name, was_there_name};
use crate::domain::{AsOf, Comparator, DayCount};
use crate::formula::{Expr as Formula, date_literal, in_order, row_wise};
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
const UNKNOWN: &str = "not in the data";
/// The band of an account without a score.
pub const NOT_SCORED: &str = "not scored";
/// The band of an account on a date on which it was not yet eligible.
pub const NOT_THERE: &str = "not in the panel";

const SLICE: &str = "slice";
const VALUE: &str = "slice_value";
const ON_DATE: &str = "on_date";
const ACCOUNTS: &str = "accounts";
const AMOUNT: &str = "__amount";
const CURRENCY: &str = "__currency";

/// The scored accounts of one date, each once for every slice it belongs to.
#[derive(Debug)]
pub struct Sliced<'a> {
    model: &'a HealthModel,
    comparators: Vec<(Comparator, AsOf)>,
    as_of: AsOf,
    frame: DataFrame,
}

impl<'a> Sliced<'a> {
    /// Sets the accounts apart: all together, by stage, and by each of the job's slices.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn new(
        compared: &DataFrame,
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
        let accounts = compared.clone().lazy().with_columns([
            named(&facts.amount, DataType::Float64).alias(AMOUNT),
            named(&facts.currency, DataType::String).alias(CURRENCY),
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
        let parts: Vec<LazyFrame> = slices
            .into_iter()
            .map(|(slice, value)| {
                let columns = [lit(slice).alias(SLICE), value.alias(VALUE)];
                accounts.clone().with_columns(columns)
            })
            .collect();
        Ok(Self {
            model,
            comparators,
            as_of,
            frame: concat(parts, UnionArgs::default())?.collect()?,
        })
    }

    /// Returns how many accounts are in each band, now and on the dates of comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn bands(&self) -> PolarsResult<DataFrame> {
        let now = (self.as_of, lit(true), col(name::overall(name::BAND)));
        // Two comparators may stand for one date, which counts once.
        let mut dates = vec![self.as_of];
        let earlier = self.comparators.iter().filter_map(|(comparator, date)| {
            let is_new = !dates.contains(date);
            dates.push(*date);
            let there = col(was_there_name(comparator)).fill_null(lit(false));
            is_new.then(|| (*date, there, col(band_name(comparator))))
        });
        let parts: Vec<LazyFrame> = std::iter::once(now)
            .chain(earlier)
            .map(|(date, there, band)| {
                self.frame.clone().lazy().filter(there).select([
                    date_literal(date).alias(ON_DATE),
                    col(SLICE),
                    col(VALUE),
                    band.fill_null(lit(NOT_SCORED)).alias("band"),
                ])
            })
            .collect();
        let whole = [ON_DATE, SLICE, VALUE];
        let counted = concat(parts, UnionArgs::default())?
            .group_by([ON_DATE, SLICE, VALUE, "band"].map(col))
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)]);
        with_share(counted, &whole)?
            .with_column(self.place_of_band("band"))
            .sort(
                [ON_DATE, SLICE, VALUE, "__place"],
                SortMultipleOptions::default(),
            )
            .select([all().exclude_cols(["__place"]).as_expr()])
            .collect()
    }

    /// Returns how many accounts have a score in each ten points.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn scores(&self) -> PolarsResult<DataFrame> {
        let score = col(name::overall("score_shown"));
        let tens = score.clone().cast(DataType::Int64).floor_div(lit(10i64));
        let tens = when(tens.clone().gt(lit(9i64)))
            .then(lit(9i64))
            .otherwise(tens);
        let counted = self
            .frame
            .clone()
            .lazy()
            .filter(score.is_not_null())
            .group_by([
                col(SLICE),
                col(VALUE),
                (tens * lit(10i64)).alias("points_from"),
            ])
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)]);
        with_share(counted, &[SLICE, VALUE])?
            .sort(
                [SLICE, VALUE, "points_from"],
                SortMultipleOptions::default(),
            )
            .collect()
    }

    /// Returns how many accounts went from which band to which, against every date of comparison.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn migration(&self) -> PolarsResult<DataFrame> {
        let mut parts = Vec::new();
        for (n, (comparator, date)) in (0i32..).zip(&self.comparators) {
            let there = col(was_there_name(comparator)).fill_null(lit(false));
            let before = when(there)
                .then(col(band_name(comparator)).fill_null(lit(NOT_SCORED)))
                .otherwise(lit(NOT_THERE));
            let after = col(name::overall(name::BAND)).fill_null(lit(NOT_SCORED));
            parts.push(self.frame.clone().lazy().select([
                lit(comparator.to_string()).alias("comparator"),
                lit(n).alias("__comparator"),
                date_literal(*date).alias("compared_as_of"),
                col(SLICE),
                col(VALUE),
                before.alias("band_before"),
                after.alias("band_after"),
            ]));
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
        concat(parts, UnionArgs::default())?
            .group_by(keys.map(col))
            .agg([len().cast(DataType::Int64).alias(ACCOUNTS)])
            .with_columns([
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

    /// Returns what the scores rest on: accounts scored, and their mean coverage.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn coverage(&self) -> PolarsResult<DataFrame> {
        let is_scored = col(name::overall("score_shown")).is_not_null();
        let scored = is_scored.cast(DataType::Int64).sum();
        self.frame
            .clone()
            .lazy()
            .group_by([SLICE, VALUE].map(col))
            .agg([
                len().cast(DataType::Int64).alias(ACCOUNTS),
                scored.clone().alias("accounts_scored"),
                in_order(col(name::overall("score_shown")))
                    .mean()
                    .alias("mean_score"),
                in_order(col(name::overall(name::COVERAGE)))
                    .mean()
                    .alias("mean_coverage"),
            ])
            .with_column(share(col("accounts_scored"), col(ACCOUNTS)).alias("share_scored"))
            .sort([SLICE, VALUE], SortMultipleOptions::default())
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
