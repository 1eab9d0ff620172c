//! What the scores of accounts add up to for the parents they belong to.

use polars::prelude::*;

use crate::config::{Problem, Problems, nearest};
use crate::exports::as_of::ACCOUNT;
use crate::exports::contract::{ACCOUNTS, Contract};
use crate::exports::file::Text;
use crate::formula::{Kind, in_order};
use crate::measures::catalog::Catalog;
use crate::model::HealthModel;
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// The column that names the parent.
pub const PARENT: &str = "parent_id";

/// How accounts add up to their parents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parents {
    /// The account column that names the parent.
    column: String,
    /// The measure by which scores are weighed.
    revenue: String,
    /// What names its currency.
    currency: Currency,
}

/// What names the currency of an account's revenue.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Currency {
    /// It is the job's.
    OfJob(String),
    /// A measure or account column.
    Named(String),
}

/// Checks `[parents]` against measures and account columns.
pub fn resolve(contract: &Contract, catalog: &Catalog, problems: &mut Problems) -> Option<Parents> {
    let written = contract.parents.as_ref()?;
    let before = problems.0.len();
    let accounts = contract.tables.get(ACCOUNTS)?;
    if !accounts.columns.contains_key(written.column.get_ref()) {
        let title = format!("export `accounts` has no column `{}`", written.column);
        let names = accounts.scope.columns.keys().map(String::as_str);
        let problem = contract.source.problem(written.column.span(), title);
        problems.push(problem.nearest(written.column.get_ref(), names).of_input());
    }
    fits(
        &written.revenue,
        contract,
        catalog,
        Kind::is_number,
        problems,
    );
    let currency = match (&contract.currency, &written.currency) {
        (Some(currency), _) => Currency::OfJob(currency.clone()),
        (None, Some(name)) => {
            let is_text = |kind| matches!(kind, Kind::Text | Kind::Null);
            fits(name, contract, catalog, is_text, problems);
            Currency::Named(name.get_ref().clone())
        }
        (None, None) => {
            let title = "nothing says which currency the revenue is in";
            let problem = contract.source.problem(written.revenue.span(), title);
            problems.push(problem.help("give [parents] a `currency`, a measure or account column with its name, or the job one to count in"));
            return None;
        }
    };
    (problems.0.len() == before).then(|| Parents {
        column: written.column.get_ref().clone(),
        revenue: written.revenue.get_ref().clone(),
        currency,
    })
}

/// Reports a name that is no measure or account column, or not of the type that fits.
fn fits(
    name: &Text,
    contract: &Contract,
    catalog: &Catalog,
    fits: impl Fn(Kind) -> bool,
    problems: &mut Problems,
) {
    let wrong = |title: String| -> Problem { contract.source.problem(name.span(), title) };
    let known = catalog.scope.columns.get(name.get_ref());
    match known {
        Some(kind) if fits(*kind) => {}
        Some(kind) => problems.push(wrong(format!(
            "`{name}` is a {kind}, which does not fit here"
        ))),
        // What is wrong with a measure has been reported there.
        None if catalog.declared.contains(name.get_ref())
            && !catalog.unavailable.contains_key(name.get_ref()) => {}
        None => {
            let problem = wrong(format!(
                "there is no account column and no measure `{name}`"
            ));
            let names = catalog.scope.columns.keys().map(String::as_str);
            problems.push(
                match (
                    catalog.unavailable.get(name.get_ref()),
                    nearest(name.get_ref(), names),
                ) {
                    (Some(reason), _) => problem.help(reason.clone()),
                    (None, Some(help)) => problem.help(help),
                    (None, None) => problem,
                },
            );
        }
    }
}

impl Parents {
    /// Returns the measures and account columns it reads.
    #[must_use]
    pub fn reads(&self) -> Vec<String> {
        let mut names = vec![self.column.clone(), self.revenue.clone()];
        if let Currency::Named(name) = &self.currency {
            names.push(name.clone());
        }
        names
    }

    /// Returns one row per parent of any account in `scored`, which holds one date.
    ///
    /// An account that is a parent itself counts among its own. The mean is weighed by revenue and
    /// rests on accounts that have both a score and revenue; so does the share at risk, which is
    /// null where the model says of no band that it is at risk. Revenue of several currencies is
    /// not added up, and a mean is not weighed by it.
    ///
    /// # Errors
    /// When Polars fails.
    pub fn roll_up(&self, scored: &DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
        let currency = match &self.currency {
            Currency::OfJob(currency) => lit(currency.clone()),
            Currency::Named(name) => col(name.as_str()).cast(DataType::String),
        };
        let labels: Vec<&str> = model
            .bands
            .iter()
            .filter(|band| band.at_risk)
            .map(|band| band.label.as_str())
            .collect();
        let band = || col(name::overall(name::BAND));
        let at_risk =
            crate::formula::any_of(labels.iter().map(|label| band().eq(lit(*label))).collect());
        let id = |column: &str| {
            let text = col(column).cast(DataType::String);
            when(text.clone().neq(lit("")))
                .then(text)
                .otherwise(lit(NULL))
        };
        // Where parts of accounts are scored, the account stands aside.
        let account = match scored.column(ACCOUNT) {
            Ok(_) => col(ACCOUNT),
            Err(_) => col(ACCOUNT_ID),
        };
        let accounts = scored
            .clone()
            .lazy()
            .select([
                id(&self.column).alias(PARENT),
                account.alias(ACCOUNT_ID),
                col(name::overall(name::SCORE)).alias("score"),
                col(self.revenue.as_str())
                    .cast(DataType::Float64)
                    .alias("revenue"),
                currency.alias("currency"),
                at_risk.alias("at_risk"),
            ])
            .collect()?;
        let (score, revenue) = (|| col("score"), || col("revenue"));
        let weighed = || score().is_not_null().and(revenue().is_not_null());
        let total = |x: Expr| in_order(x).sum();
        let currencies = || col("currency").filter(revenue().is_not_null());
        let several = || currencies().n_unique().gt(lit(1));
        let known = |condition: Expr, value: Expr| {
            when(condition.and(col("several").not()))
                .then(value)
                .otherwise(lit(NULL))
        };
        let reason = when(col("several"))
            .then(concat_str(
                [lit("several currencies: "), col("currencies")],
                "",
                true,
            ))
            .when(col("accounts_scored").eq(lit(0)))
            .then(lit("no account is scored"))
            .when(col("revenue_scored").gt(lit(0)).not().fill_null(lit(true)))
            .then(lit("no scored account has revenue"))
            .otherwise(lit(NULL));
        let has_weight = || col("revenue_scored").gt(lit(0));
        let share_is_known = has_weight().and(lit(!labels.is_empty()));
        members(accounts)
            .sort([PARENT, ACCOUNT_ID], SortMultipleOptions::default())
            .group_by_stable([col(PARENT)])
            .agg([
                col(ACCOUNT_ID)
                    .n_unique()
                    .cast(DataType::Int64)
                    .alias("accounts"),
                col(ACCOUNT_ID)
                    .filter(score().is_not_null())
                    .n_unique()
                    .cast(DataType::Int64)
                    .alias("accounts_scored"),
                total((score() * revenue()).filter(weighed())).alias("weighed"),
                col(ACCOUNT_ID)
                    .sort_by(
                        [score()],
                        SortMultipleOptions::default()
                            .with_nulls_last(true)
                            .with_maintain_order(true),
                    )
                    .first()
                    .alias("worst_account_id"),
                score().min().alias("worst_score"),
                revenue().count().alias("with_revenue"),
                total(revenue().drop_nulls()).alias("revenue"),
                total(revenue().filter(weighed())).alias("revenue_scored"),
                total(revenue().filter(weighed().and(col("at_risk").fill_null(lit(false)))))
                    .alias("revenue_at_risk"),
                several().alias("several"),
                currencies()
                    .drop_nulls()
                    .unique()
                    .sort(SortOptions::default())
                    .alias("currencies"),
            ])
            .with_column(col("currencies").list().join(lit(", "), true))
            .with_column(reason.alias("reason"))
            .select([
                col(PARENT),
                col("accounts"),
                col("accounts_scored"),
                known(has_weight(), col("weighed") / col("revenue_scored")).alias("health_score"),
                when(col("worst_score").is_not_null())
                    .then(col("worst_account_id"))
                    .otherwise(lit(NULL))
                    .alias("worst_account_id"),
                col("worst_score"),
                known(col("with_revenue").gt(lit(0)), col("revenue")).alias("revenue"),
                known(has_weight(), col("revenue_scored")).alias("revenue_scored"),
                known(share_is_known.clone(), col("revenue_at_risk")).alias("revenue_at_risk"),
                known(
                    share_is_known,
                    col("revenue_at_risk") / col("revenue_scored"),
                )
                .alias("share_at_risk"),
                known(col("with_revenue").gt(lit(0)), col("currencies")).alias("currency"),
                col("reason"),
            ])
            .sort([PARENT], SortMultipleOptions::default())
            .collect()
    }
}

/// Returns each account once for every parent it counts for: the one it names, and itself where
/// others name it.
fn members(accounts: DataFrame) -> LazyFrame {
    let named = accounts.clone().lazy().filter(col(PARENT).is_not_null());
    let parents = named.clone().select([col(PARENT).unique()]);
    let of_itself = accounts
        .lazy()
        .filter(col(PARENT).neq_missing(col(ACCOUNT_ID)))
        .with_column(col(ACCOUNT_ID).alias(PARENT))
        .join(
            parents,
            [col(PARENT)],
            [col(PARENT)],
            JoinArgs::new(JoinType::Semi),
        );
    concat([named, of_itself], UnionArgs::default()).expect("both have the same columns")
}
