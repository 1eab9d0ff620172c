//! What moved each score, split into parts that sum to the shown change.
//!
//! Parts depend on the order in which they are taken, so there is one: data restated since it was
//! published, the model, the variant, data lost, behaviour, the calendar, data returned, caps and
//! floors, overrides. Each step scores the inputs of an earlier state with some of tonight's put
//! in their place, by the scoring that made both scores; nothing here knows a curve or a weight.
//!
//! Between two states that score the same metrics a weighted mean changes by weight × change of
//! score, metric by metric. A metric that drops out takes with it what it was above the mean of
//! those that stay; one that comes in brings what it is above theirs. Both hold exactly, within a
//! category and, where a whole category goes or comes, between categories.

use chrono::NaiveDate;
use indexmap::IndexMap;
use polars::prelude::*;

use super::comparison::{Comparison, THEN, seen_from};
use super::published::Published;
use crate::domain::Comparator;
use crate::exports::as_of::AS_OF;
use crate::formula::{Expr as Formula, Node, any_of, date_literal};
use crate::measures::catalog::Definition;
use crate::measures::plan::Plan;
use crate::model::HealthModel;
use crate::model::health_model::{Metric, Missing};
use crate::panel::ACCOUNT_ID;
use crate::scores::{self, columns as name};

/// Why a part of a change is there, in the order in which parts are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// What was published then differs from what the data now says about then.
    Restated,
    /// Another model is in force.
    Model,
    /// Another variant of the model applies.
    Variant,
    /// A value has gone missing.
    DataLost,
    /// A value has changed.
    Behaviour,
    /// A value has changed with the date alone.
    Calendar,
    /// A missing value has come back.
    DataReturned,
    /// A cap or floor bites, or no longer does.
    Limit,
    /// Somebody has set the score by hand, or no longer does.
    Override,
    /// The two dates have no data in common.
    NotComparable,
}

impl Cause {
    /// Returns its name in the tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Restated => "restated",
            Self::Model => "model",
            Self::Variant => "variant",
            Self::DataLost => "data_lost",
            Self::Behaviour => "behaviour",
            Self::Calendar => "calendar",
            Self::DataReturned => "data_returned",
            Self::Limit => "limit",
            Self::Override => "override",
            Self::NotComparable => "not_comparable",
        }
    }
}

/// Splits the change of every account of the published dates against every comparator: one row per
/// date, account, comparator and cause, in that order.
///
/// `facts` says what measures are made from. Accounts without a score on either date have no
/// change and no drivers.
///
/// # Errors
/// When Polars fails.
pub fn split(
    scored: &DataFrame,
    comparisons: &[Comparison],
    model: &HealthModel,
    history: &[Published],
    facts: &Plan,
) -> PolarsResult<DataFrame> {
    let dates = |metric: &Metric| Dated::of(&[metric.measure.as_str()], facts);
    let conditions = |metric: &Metric| {
        let columns = metric.applies_when.as_ref().map(|when| when.expr.columns());
        Dated::of(&columns.unwrap_or_default(), facts)
    };
    let splitter = Splitter {
        model,
        values: model.metrics().map(|(.., m)| dates(m)).collect(),
        conditions: model.metrics().map(|(.., m)| conditions(m)).collect(),
    };
    let mut pairs = Vec::new();
    for comparison in comparisons {
        let said_by = |then: NaiveDate| {
            let is_published = comparison.comparator == Comparator::LastScorecard;
            history.iter().find(|run| is_published && run.as_of == then)
        };
        let (published, tonight): (Vec<Pair>, Vec<Pair>) = comparison
            .pairs
            .iter()
            .copied()
            .partition(|(_, then)| said_by(*then).is_some());
        let comparator = comparison.comparator;
        pairs.push(splitter.against_tonight(scored, comparator, &tonight)?);
        for pair in published {
            if let Some(run) = said_by(pair.1) {
                pairs.push(splitter.against_published(scored, comparator, pair, run)?);
            }
        }
    }
    if pairs.iter().all(|pairs| pairs.height() == 0) {
        return splitter.nothing();
    }
    // Comparators stay in their order; so drivers come in that of their table, and nobody sorts them.
    let as_they_are = SortMultipleOptions::default().with_maintain_order(true);
    let pairs = stacked(pairs)?.sort([AS_OF, ACCOUNT_ID], as_they_are)?;
    let scored = scored.select(splitter.columns())?;
    let begins = (0..pairs.height()).step_by(AT_A_TIME);
    let drivers =
        begins.map(|begin| splitter.drivers(&scored, &pairs.slice(begin as i64, AT_A_TIME)));
    stacked(drivers.collect::<PolarsResult<_>>()?)
}

/// So many pairs are split at a time. Two dates side by side with the states between them are hundreds
/// of columns, which for all accounts at once would neither fit into memory well nor into any cache.
const AT_A_TIME: usize = 16 * 1024;

/// A published date and the one it is compared with.
type Pair = (NaiveDate, NaiveDate);

/// What a value is made from, where the date itself has a part in it.
struct Dated {
    /// The measures over rows and the account columns at the bottom of it.
    leaves: Vec<String>,
    /// Whether the date has a part in it beside them.
    reads_date: bool,
}

impl Dated {
    fn of(names: &[&str], facts: &Plan) -> Self {
        let measures: IndexMap<&str, &Definition> = facts
            .measures
            .iter()
            .map(|measure| (measure.name.as_str(), &measure.definition))
            .collect();
        let mut dated = Self {
            leaves: Vec::new(),
            reads_date: false,
        };
        let mut open: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        while let Some(name) = open.pop() {
            match measures.get(name.as_str()) {
                Some(Definition::Formula(expr)) => {
                    dated.reads_date |= reads_date(expr);
                    open.extend(expr.columns().into_iter().map(str::to_owned));
                }
                _ if dated.leaves.contains(&name) => {}
                _ => dated.leaves.push(name),
            }
        }
        dated.leaves.sort();
        dated
    }

    /// Returns whether everything it is made from is the same on both dates.
    fn facts_are_the_same(&self) -> Expr {
        let same = self
            .leaves
            .iter()
            .map(|leaf| col(now(leaf)).eq_missing(col(then(leaf))));
        same.fold(col(ROW).is_not_null(), Expr::and)
    }

    /// Returns whether something it is made from is missing on one of the dates and not on the
    /// other.
    fn is_missing_only(&self, missing: fn(&str) -> String, there: fn(&str) -> String) -> Expr {
        any_of(
            self.leaves
                .iter()
                .map(|leaf| {
                    col(missing(leaf))
                        .is_null()
                        .and(col(there(leaf)).is_not_null())
                })
                .collect(),
        )
    }
}

fn reads_date(expr: &Formula) -> bool {
    let mut found = false;
    expr.walk(&mut |part| found |= matches!(part.node, Node::AsOf | Node::EndOfAsOf(_)));
    found
}

const ROW: &str = "__row";

fn now(column: &str) -> String {
    format!("now/{column}")
}

fn then(column: &str) -> String {
    format!("then/{column}")
}

/// What becomes of a metric between two dates; every metric of an account is in one of these.
mod class {
    /// There on both dates, or on none.
    pub const STAYS: i32 = 0;
    /// Its value has gone missing.
    pub const LOST: i32 = 1;
    /// Its value has come back.
    pub const RETURNED: i32 = 2;
    /// It no longer concerns the account.
    pub const CEASED: i32 = 3;
    /// It has begun to.
    pub const BEGUN: i32 = 4;
}

/// The states between two dates, in order; each is scored from inputs of its own.
const VARIED: &str = "varied";
const COMMON_THEN: &str = "common_then";
const COMMON_NOW: &str = "common_now";

struct Splitter<'a> {
    model: &'a HealthModel,
    /// By metric, what its value is made from.
    values: Vec<Dated>,
    /// By metric, what decides whether it concerns an account.
    conditions: Vec<Dated>,
}

/// A part of a change, for all accounts.
struct Part {
    cause: Expr,
    category: Option<String>,
    metric: Option<String>,
    raw: Expr,
    number: [Expr; 2],
    text: [Expr; 2],
    reason: Expr,
}

impl Part {
    fn of(cause: Cause, raw: Expr) -> Self {
        let number = || lit(NULL).cast(DataType::Float64);
        let text = || lit(NULL).cast(DataType::String);
        Self {
            cause: lit(cause.name()),
            category: None,
            metric: None,
            raw,
            number: [number(), number()],
            text: [text(), text()],
            reason: text(),
        }
    }

    fn told(mut self, text: [Expr; 2]) -> Self {
        self.text = text.map(|text| text.cast(DataType::String));
        self
    }

    fn because(mut self, reason: Expr) -> Self {
        self.reason = reason.cast(DataType::String);
        self
    }
}

impl Splitter<'_> {
    fn nothing(&self) -> PolarsResult<DataFrame> {
        let text = |name: &str| Column::new_empty(name.into(), &DataType::String);
        let number = |name: &str| Column::new_empty(name.into(), &DataType::Float64);
        let date = |name: &str| Column::new_empty(name.into(), &DataType::Date);
        DataFrame::new_infer_height(vec![
            date(AS_OF),
            text(ACCOUNT_ID),
            text("comparator"),
            date("compared_as_of"),
            text("cause"),
            text("category"),
            text("metric"),
            number("points"),
            number("raw_points"),
            number("value_then"),
            number("value_now"),
            text("text_then"),
            text("text_now"),
            text("reason"),
        ])
    }

    /// Splits the changes of some pairs; of the scored panel there are the columns looked at.
    fn drivers(&self, scored: &DataFrame, pairs: &DataFrame) -> PolarsResult<DataFrame> {
        let frame = self.side_by_side(scored, pairs)?;
        let frame = self.scored_between(frame.with_row_index(ROW.into(), None)?)?;
        // Every part asks for these, so they are worked out once.
        let means = [VARIED, COMMON_THEN, COMMON_NOW];
        let means = means.map(|label| self.mean(label).alias(mean_name(label)));
        let was_scored = col(then(&name::overall(name::SCORE))).is_not_null();
        let is_split = col(mean_name(COMMON_THEN)).is_not_null().and(was_scored);
        let frame = frame
            .lazy()
            .with_columns(means)
            .with_columns(self.causes())
            .with_column(is_split.alias(IS_SPLIT))
            .collect()?;
        allotted(&frame, &self.parts())
    }

    /// Pairs the accounts that are there on both of the dates, and says what the earlier one is
    /// compared as: what was `said` then, and how much of a change came before any metric.
    fn against_tonight(
        &self,
        scored: &DataFrame,
        comparator: Comparator,
        pairs: &[Pair],
    ) -> PolarsResult<DataFrame> {
        let tonight =
            |column: &str| col(then(&name::overall(column))).alias(said(&name::overall(column)));
        let paired = paired(scored, pairs, JoinType::Inner)?;
        let paired = paired.with_columns([tonight(name::SCORE), tonight("score_shown")]);
        let decimals = self.model.decimals;
        labelled(paired, comparator, decimals, &Earlier::same_model())
    }

    /// The same against a published run, whose own word counts.
    fn against_published(
        &self,
        scored: &DataFrame,
        comparator: Comparator,
        pair: Pair,
        run: &Published,
    ) -> PolarsResult<DataFrame> {
        let published =
            |column: &str| col(name::overall(column)).alias(said(&name::overall(column)));
        let published = seen_from(run.scores.clone().lazy(), &[pair])?.select([
            col(ACCOUNT_ID),
            col(AS_OF),
            published(name::SCORE),
            published("score_shown"),
        ]);
        let on = || [col(ACCOUNT_ID), col(AS_OF)];
        // What was published counts even where nothing of then can be worked out again.
        let paired = paired(scored, &[pair], JoinType::Left)?
            .join(published, on(), on(), JoinArgs::new(JoinType::Inner))
            .with_column(date_literal(run.as_of).alias(THEN))
            .join(
                self.by_model_of(run, scored, &[pair])?,
                on(),
                on(),
                JoinArgs::new(JoinType::Left),
            );
        let decimals = run.decimals.max(self.model.decimals);
        labelled(paired, comparator, decimals, &Earlier::by(run, self.model))
    }

    /// Puts what is known of both dates of pairs beside them.
    fn side_by_side(&self, scored: &DataFrame, pairs: &DataFrame) -> PolarsResult<DataFrame> {
        let mut columns = pairs.drop_many([now(ROW), then(ROW)]).into_columns();
        for label in [now, then] {
            let side = scored.take(pairs.column(&label(ROW))?.idx()?)?;
            let names = scored.get_column_names().into_iter();
            let named = names.zip(side.into_columns());
            columns.extend(named.map(|(name, column)| column.with_name(label(name).into())));
        }
        DataFrame::new_infer_height(columns)
    }

    /// Returns the scores of the earlier date by the model that was in force then.
    fn by_model_of(
        &self,
        run: &Published,
        scored: &DataFrame,
        pairs: &[Pair],
    ) -> PolarsResult<LazyFrame> {
        let score = || col(name::overall(name::SCORE)).alias(OLD_SCORE);
        let measured = scores::measures_of(scored)?;
        let earlier = seen_from(measured.lazy(), pairs)?
            .rename([AS_OF, THEN], [NOW, AS_OF], true)
            .collect()?;
        let old = match &run.model {
            Some(model) => scores::score(earlier, model)?.lazy().select([
                col(ACCOUNT_ID),
                col(NOW).alias(AS_OF),
                score(),
            ]),
            None => earlier.lazy().select([
                col(ACCOUNT_ID),
                col(NOW).alias(AS_OF),
                lit(NULL).cast(DataType::Float64).alias(OLD_SCORE),
            ]),
        };
        Ok(old)
    }

    /// The columns of a scored panel that a split looks at.
    fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = [
            name::SCORE,
            "score_shown",
            name::BASE,
            name::CAPPED,
            name::CARD,
            name::VARIANT,
            name::LIMITS,
            name::NOT_SCORED,
            name::OVERRIDE_AUTHOR,
            name::OVERRIDE_REASON,
        ]
        .into_iter()
        .map(name::overall)
        .collect();
        for category in &self.model.categories {
            columns
                .extend([name::SCORE, name::WEIGHT].map(|part| name::category(&category.id, part)));
        }
        for (_, _, _, metric) in self.model.metrics() {
            columns.extend(
                [name::SCORE, name::WEIGHT, name::PRESENT]
                    .into_iter()
                    .chain(inputs(metric))
                    .map(|part| name::metric(&metric.id, part)),
            );
        }
        for dated in self.values.iter().chain(&self.conditions) {
            columns.extend(dated.leaves.iter().cloned());
        }
        columns.sort();
        columns.dedup();
        columns
    }

    /// Scores the states between the two dates, and says what becomes of each metric.
    fn scored_between(&self, frame: DataFrame) -> PolarsResult<DataFrame> {
        let card = name::overall(name::CARD);
        let varies = col(now(&card)).neq_missing(col(then(&card)));
        let frame = self.state(frame, VARIED, "then", varies, &|_| lit(false))?;
        let classes = self
            .model
            .metrics()
            .map(|(_, _, _, metric)| self.class(metric));
        let frame = frame
            .lazy()
            .with_columns(classes.collect::<Vec<_>>())
            .collect()?;
        let leaves = |metric: &Metric| is_any(metric, [class::LOST, class::CEASED]);
        let comes = |metric: &Metric| is_any(metric, [class::RETURNED, class::BEGUN]);
        let any = |which: &dyn Fn(&Metric) -> Expr| {
            any_of(self.model.metrics().map(|(.., m)| which(m)).collect())
        };
        let frame = self.state(frame, COMMON_THEN, VARIED, any(&leaves), &leaves)?;
        let stays = |metric: &Metric| comes(metric).not();
        self.state(frame, COMMON_NOW, "now", any(&comes), &stays)
    }

    fn class(&self, metric: &Metric) -> Expr {
        let of =
            |label: &str, part: &str| col(format!("{label}/{}", name::metric(&metric.id, part)));
        let applied = || of("then", name::APPLIES);
        let applies = || of("now", name::APPLIES);
        let was_present = || of(VARIED, name::PRESENT).fill_null(lit(false));
        let is_present = || of("now", name::PRESENT).fill_null(lit(false));
        let comes_by_rule = of(VARIED, name::SCORE)
            .is_null()
            .and(of("now", name::SCORE).is_not_null());
        when(applied().and(applies().not()))
            .then(lit(class::CEASED))
            .when(applied().not().and(applies()))
            .then(lit(class::BEGUN))
            .when(applies().not())
            .then(lit(class::STAYS))
            .when(is_present().not().and(comes_by_rule.not()))
            .then(lit(class::LOST))
            .when(was_present().not())
            .then(lit(class::RETURNED))
            .otherwise(lit(class::STAYS))
            .alias(name::metric(&metric.id, "class"))
    }

    /// Scores a state that takes some inputs from tonight and the others from the earlier date,
    /// in the numbers that apply tonight. Where it `differs` from the state `like` it is worked
    /// out, elsewhere it is that one.
    fn state(
        &self,
        frame: DataFrame,
        label: &str,
        like: &str,
        differs: Expr,
        takes_now: &dyn Fn(&Metric) -> Expr,
    ) -> PolarsResult<DataFrame> {
        let mut taken = vec![
            col(ROW),
            col(now(&name::overall(name::CARD))).alias(name::overall(name::CARD)),
            lit(NULL)
                .cast(DataType::String)
                .alias(name::overall(name::NOT_SCORED)),
        ];
        for (_, _, _, metric) in self.model.metrics() {
            for part in inputs(metric) {
                let column = name::metric(&metric.id, part);
                taken.push(
                    when(takes_now(metric))
                        .then(col(now(&column)))
                        .otherwise(col(then(&column)))
                        .alias(column),
                );
            }
        }
        let outcomes = self.outcomes();
        let named = |of: &str| -> Vec<Expr> {
            let name =
                |column: &String| col(format!("{of}{column}")).alias(format!("{label}/{column}"));
            outcomes.iter().map(name).collect()
        };
        let same = frame.clone().lazy().select(named(&format!("{like}/")));
        let differing = frame
            .clone()
            .lazy()
            .filter(differs)
            .select(taken)
            .collect()?;
        let mut state = same.collect()?;
        if differing.height() > 0 {
            let mut places: Vec<IdxSize> = (0..frame.height() as IdxSize).collect();
            let rows = differing.column(ROW)?.idx()?.into_no_null_iter();
            for (row, place) in rows.zip(frame.height() as IdxSize..) {
                places[row as usize] = place;
            }
            let scored = scores::weighed(differing.lazy(), self.model);
            state.vstack_mut(&scored.select(named("")).collect()?)?;
            state = state.take(&IdxCa::from_vec(ROW.into(), places))?;
        }
        frame.hstack(state.columns())
    }

    /// What is kept of a state.
    fn outcomes(&self) -> Vec<String> {
        let categories = self.model.categories.iter().flat_map(|category| {
            [name::SCORE, name::WEIGHT].map(|part| name::category(&category.id, part))
        });
        let metrics = self.model.metrics().flat_map(|(_, _, _, metric)| {
            [name::SCORE, name::WEIGHT, name::PRESENT].map(|part| name::metric(&metric.id, part))
        });
        categories.chain(metrics).collect()
    }

    /// Points of a hundred per point of the scale.
    fn factor(&self) -> f64 {
        100.0 / self.model.scale[1]
    }

    /// The mean of all categories in a state, on the scale; null where none has a score.
    fn mean(&self, label: &str) -> Expr {
        let of = |id: &str, part: &str| col(format!("{label}/{}", name::category(id, part)));
        let ids = || self.model.categories.iter().map(|category| &category.id);
        let sum = ids()
            .map(|id| (of(id, name::WEIGHT) * of(id, name::SCORE)).fill_null(lit(0.0)))
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| lit(0.0));
        let has_any = any_of(ids().map(|id| of(id, name::SCORE).is_not_null()).collect());
        when(has_any).then(sum).otherwise(lit(NULL))
    }

    /// Why each metric's part is there.
    fn causes(&self) -> Vec<Expr> {
        let metrics = self.model.metrics().map(|(_, _, _, metric)| metric);
        let dated = self.values.iter().zip(&self.conditions);
        let causes = metrics.zip(dated).map(|(metric, (value, condition))| {
            let is = |class: i32| col(name::metric(&metric.id, "class")).eq(lit(class));
            let concern = || is(class::CEASED).or(is(class::BEGUN));
            let with_date = |dated: &Dated| {
                lit(dated.reads_date
                    || metric.applies_when.as_ref().is_some_and(|when| {
                        std::ptr::eq(dated, condition) && reads_date(&when.expr)
                    }))
                .and(dated.facts_are_the_same())
            };
            when(is(class::LOST))
                .then(lit(Cause::DataLost.name()))
                .when(is(class::RETURNED))
                .then(lit(Cause::DataReturned.name()))
                .when(concern().and(condition.is_missing_only(now, then)))
                .then(lit(Cause::DataLost.name()))
                .when(concern().and(condition.is_missing_only(then, now)))
                .then(lit(Cause::DataReturned.name()))
                .when(concern().and(with_date(condition)))
                .then(lit(Cause::Calendar.name()))
                .when(is(class::STAYS).and(with_date(value)))
                .then(lit(Cause::Calendar.name()))
                .otherwise(lit(Cause::Behaviour.name()))
                .alias(name::metric(&metric.id, "cause"))
        });
        causes.collect()
    }

    /// The parts of a change, in model order within the order of causes.
    fn parts(&self) -> Vec<Part> {
        let of = |label: &str, part: &str| col(format!("{label}/{}", name::overall(part)));
        let change = || of("now", name::SCORE) - of("said", name::SCORE);
        let has_common = || col(mean_name(COMMON_THEN)).is_not_null();
        let where_split = |raw: Expr| when(col(IS_SPLIT)).then(raw).otherwise(lit(0.0));
        let models = [
            col(MODEL_THEN),
            lit(format!("{} ({})", self.model.name, self.model.hash())),
        ];
        let mut parts = vec![
            Part::of(Cause::Restated, where_split(col(RESTATED))),
            Part::of(Cause::Model, where_split(col(CHANGED)))
                .told(models)
                .because(col(MODEL_REASON)),
        ];
        let card = name::overall(name::CARD);
        let varied = when(col(now(&card)).neq_missing(col(then(&card))))
            .then(col(mean_name(VARIED)) * lit(self.factor()) - of("then", name::BASE))
            .otherwise(lit(0.0));
        let variants = [of("then", name::VARIANT), of("now", name::VARIANT)];
        parts.push(Part::of(Cause::Variant, where_split(varied)).told(variants));
        for (_, category, _, metric) in self.model.metrics() {
            let mut part = self.metric_part(&category.id, metric);
            part.raw = where_split(part.raw);
            parts.push(part);
        }
        let beyond = |upper: &str, lower: &str| {
            (of("now", upper) - of("now", lower)) - (of("then", upper) - of("then", lower))
        };
        let limits = [of("then", name::LIMITS), of("now", name::LIMITS)];
        let by_hand = |label: &str| {
            concat_str(
                [
                    of(label, name::OVERRIDE_AUTHOR),
                    lit(": "),
                    of(label, name::OVERRIDE_REASON),
                ],
                "",
                false,
            )
        };
        parts.push(
            Part::of(Cause::Limit, where_split(beyond(name::CAPPED, name::BASE))).told(limits),
        );
        parts.push(
            Part::of(
                Cause::Override,
                where_split(beyond(name::SCORE, name::CAPPED)),
            )
            .told([by_hand("then"), by_hand("now")]),
        );
        let reason = when(has_common())
            .then(lit(
                "the model in force does not score what is known of the earlier date",
            ))
            .otherwise(lit("no metric has data on both dates"));
        let whole = when(col(IS_SPLIT)).then(lit(0.0)).otherwise(change());
        parts.push(Part::of(Cause::NotComparable, whole).because(reason));
        parts
    }

    /// What one metric did, whatever became of it.
    fn metric_part(&self, category: &str, metric: &Metric) -> Part {
        let of =
            |label: &str, part: &str| col(format!("{label}/{}", name::metric(&metric.id, part)));
        let score = |label: &str| of(label, name::SCORE);
        let weight = |label: &str| of(label, name::WEIGHT);
        let others = |label: &str| {
            let mean = col(format!("{label}/{}", name::category(category, name::SCORE)));
            coalesce(&[mean, col(mean_name(label))])
        };
        let leaves =
            weight(VARIED) * (coalesce(&[score(COMMON_THEN), others(COMMON_THEN)]) - score(VARIED));
        let changes = weight(COMMON_NOW) * (score(COMMON_NOW) - score(COMMON_THEN));
        let comes =
            weight("now") * (score("now") - coalesce(&[score(COMMON_NOW), others(COMMON_NOW)]));
        let raw = [leaves, changes, comes]
            .map(|step| step.fill_null(lit(0.0)))
            .into_iter()
            .reduce(|a, b| a + b)
            .unwrap_or_else(|| lit(0.0));
        let input = |label: &str| of(label, name::INPUT);
        let mut part = Part::of(Cause::Behaviour, raw * lit(self.factor()));
        part.cause = col(name::metric(&metric.id, "cause"));
        part.category = Some(category.to_owned());
        part.metric = Some(metric.id.clone());
        let is = |class: i32| col(name::metric(&metric.id, "class")).eq(lit(class));
        let concern = when(is(class::BEGUN))
            .then(lit("it did not count for this account then"))
            .when(is(class::CEASED))
            .then(lit("it does not count for this account now"))
            .otherwise(lit(NULL));
        let mut part = part.because(concern);
        if metric.is_number {
            part.number = ["then", "now"].map(|label| input(label).cast(DataType::Float64));
            part
        } else {
            part.told([input("then"), input("now")])
        }
    }
}

/// The mean of all categories in a state.
fn mean_name(label: &str) -> String {
    format!("{label}/mean")
}

/// Whether a change is split: there is data in common, and the earlier date has a score.
const IS_SPLIT: &str = "__is_split";
const OLD_SCORE: &str = "old/overall/score";
const NOW: &str = "__now";
const COMPARATOR: &str = "comparator";
const GRID: &str = "__grid";
const ORDER: &str = "__order";
const STEP: &str = "__step";
const RESTATED: &str = "__restated";
const CHANGED: &str = "__changed";
const MODEL_THEN: &str = "__model_then";
const MODEL_REASON: &str = "__model_reason";

/// What of a change came before any metric: data that says something else about then than it did,
/// and another model.
struct Earlier {
    restated: Expr,
    changed: Expr,
    model: Expr,
    reason: Expr,
}

impl Earlier {
    /// The earlier score is worked out tonight, by the model in force.
    fn same_model() -> Self {
        Self {
            restated: lit(0.0),
            changed: lit(0.0),
            model: lit(NULL),
            reason: lit(NULL),
        }
    }

    /// The earlier score was published: by the archived model if it can still be computed, from
    /// there to what is known of then tonight.
    fn by(run: &Published, model: &HealthModel) -> Self {
        let of = |label: fn(&str) -> String| col(label(&name::overall(name::SCORE)));
        let is_known = || col(OLD_SCORE).is_not_null();
        let first = when(is_known())
            .then(col(OLD_SCORE) - of(said))
            .otherwise(of(then) - of(said));
        let second = when(is_known())
            .then(of(then) - col(OLD_SCORE))
            .otherwise(lit(0.0));
        let is_same_model = run.model_hash == model.hash();
        // A measure that is defined otherwise is a change of the model, not of the data.
        let old = run.model.as_ref();
        let are_same_measures = old.is_some_and(|model| model.hash() == run.model_hash);
        let can_be_told_apart = is_same_model || are_same_measures;
        let (restated, changed) = if can_be_told_apart {
            (first, second)
        } else {
            (lit(0.0), first + second)
        };
        let reason = if can_be_told_apart {
            lit(NULL)
        } else {
            lit(
                "model and measures of then cannot be computed any more as they were, so restated data is in it",
            )
        };
        Self {
            restated,
            changed,
            model: lit(format!("{} ({})", run.model_name, run.model_hash)),
            reason,
        }
    }
}

/// Pairs the rows of a scored panel that lie on the later and the earlier dates of `pairs`: their
/// places in it, and of what they say as much as decides which pairs count.
fn paired(scored: &DataFrame, pairs: &[Pair], kind: JoinType) -> PolarsResult<LazyFrame> {
    let shown = name::overall("score_shown");
    let score = name::overall(name::SCORE);
    let lean = scored.select([ACCOUNT_ID, AS_OF, &score, &shown])?;
    let lean = lean.with_row_index(ROW.into(), None)?.lazy();
    let side = |label: fn(&str) -> String| -> Vec<Expr> {
        let columns = [ROW, &score, &shown].into_iter();
        columns
            .map(|column| col(column).alias(label(column)))
            .collect()
    };
    let later: Vec<Pair> = pairs.iter().map(|(now, _)| (*now, *now)).collect();
    let keys = || vec![col(ACCOUNT_ID), col(AS_OF)];
    let tonight = seen_from(lean.clone(), &later)?.select([keys(), side(now)].concat());
    let earlier = seen_from(lean, pairs)?.select([keys(), vec![col(THEN)], side(then)].concat());
    let on = [col(ACCOUNT_ID), col(AS_OF)];
    Ok(tonight.join(earlier, on.clone(), on, JoinArgs::new(kind)))
}

/// Adds what belongs to the comparison as a whole, in one order of rows and columns, and keeps the
/// accounts that have a score on both dates.
fn labelled(
    paired: LazyFrame,
    comparator: Comparator,
    decimals: u32,
    earlier: &Earlier,
) -> PolarsResult<DataFrame> {
    let score = name::overall("score_shown");
    let is_compared = col(now(&score))
        .is_not_null()
        .and(col(said(&score)).is_not_null());
    let text = |expr: &Expr| expr.clone().cast(DataType::String);
    let columns = [
        col(ACCOUNT_ID),
        col(AS_OF),
        col(THEN),
        col(now(ROW)),
        col(then(ROW)),
        col(said(&name::overall(name::SCORE))),
        col(said(&score)),
        lit(comparator.to_string()).alias(COMPARATOR),
        lit(10f64.powi(decimals as i32)).alias(GRID),
        lit(10i64.pow(9 - decimals)).alias(STEP),
        earlier.restated.clone().alias(RESTATED),
        earlier.changed.clone().alias(CHANGED),
        text(&earlier.model).alias(MODEL_THEN),
        text(&earlier.reason).alias(MODEL_REASON),
    ];
    paired
        .filter(is_compared)
        .select(columns)
        .sort([AS_OF, ACCOUNT_ID], SortMultipleOptions::default())
        .collect()
}

/// Puts frames of the same columns under each other; there is at least one.
fn stacked(mut frames: Vec<DataFrame>) -> PolarsResult<DataFrame> {
    let mut whole = frames.remove(0);
    for frame in frames {
        whole.vstack_mut_owned(frame)?;
    }
    Ok(whole)
}

fn said(column: &str) -> String {
    format!("said/{column}")
}

/// The input columns of a metric.
fn inputs(metric: &Metric) -> Vec<&'static str> {
    let carried = matches!(metric.missing, Missing::Carry(_)).then_some(name::CARRIED);
    [name::APPLIES, name::INPUT]
        .into_iter()
        .chain(carried)
        .collect()
}

fn is_any(metric: &Metric, classes: [i32; 2]) -> Expr {
    let class = || col(name::metric(&metric.id, "class"));
    let [a, b] = classes;
    class().eq(lit(a)).or(class().eq(lit(b)))
}

/// Puts the parts on the shown grid, so that they sum to the shown change; the largest rests get
/// the open steps, ties go in the order of parts.
fn allotted(frame: &DataFrame, parts: &[Part]) -> PolarsResult<DataFrame> {
    let raw = |order: u32| format!("__raw_{order}");
    let raws = parts.iter().zip(0u32..);
    let raws = raws.map(|(part, order)| part.raw.clone().alias(raw(order)));
    let frame = &frame
        .clone()
        .lazy()
        .with_columns(raws.collect::<Vec<_>>())
        .collect()?;
    let mut long = Vec::new();
    for (part, order) in parts.iter().zip(0u32..) {
        // Parts that are nothing in every change need not be told; the first stands for the columns.
        let mut raws = frame.column(&raw(order))?.f64()?.iter().flatten();
        if order > 0 && raws.all(|raw| raw == 0.0) {
            continue;
        }
        let [value_then, value_now] = part.number.clone();
        let [text_then, text_now] = part.text.clone();
        let columns = [
            col(ROW),
            lit(order).cast(DataType::UInt32).alias(ORDER),
            part.cause.clone().alias("cause"),
            col(raw(order)).alias("raw_points"),
            value_then.alias("value_then"),
            value_now.alias("value_now"),
            text_then.alias("text_then"),
            text_now.alias("text_now"),
            part.reason.clone().alias("reason"),
        ];
        let part = frame.clone().lazy().select(columns);
        long.push(part.filter(col("raw_points").neq(lit(0.0))));
    }
    let long = concat(long, UnionArgs::default())?.collect()?;
    let rows = long.column(ROW)?.idx()?.clone();
    let raw = long.column("raw_points")?.f64()?.clone();
    // Parts lie behind one another, each with its rows in order: by row they stay in that of parts.
    let mut of_rows: Vec<Vec<(IdxSize, f64)>> = vec![Vec::new(); frame.height()];
    for ((row, raw), place) in rows
        .into_no_null_iter()
        .zip(raw.into_no_null_iter())
        .zip(0..)
    {
        of_rows[row as usize].push((place, raw));
    }
    let shown = name::overall("score_shown");
    let change = ((col(now(&shown)) - col(said(&shown))) * col(GRID))
        .round(0, RoundMode::HalfAwayFromZero)
        .cast(DataType::Int64)
        .alias("change");
    let step = col(STEP).cast(DataType::Int64);
    let wholes = frame.clone().lazy().select([change, step, col(GRID)]);
    let wholes = wholes.collect()?;
    let changes = wholes.column("change")?.i64()?.into_no_null_iter();
    let steps = wholes.column(STEP)?.i64()?.into_no_null_iter();
    let grids = wholes.column(GRID)?.f64()?.into_no_null_iter();
    let (mut places, mut points) = (Vec::new(), Vec::new());
    for ((parts, change), (step, grid)) in of_rows.iter().zip(changes).zip(steps.zip(grids)) {
        let billionths = parts.iter().map(|(_, raw)| (raw * 1e9).round() as i64);
        let billionths: Vec<i64> = billionths.collect();
        let given = given(change, &billionths, step);
        for (((place, _), billionths), given) in parts.iter().zip(billionths).zip(given) {
            if given != 0 || billionths != 0 {
                places.push(*place);
                points.push(given as f64 / grid);
            }
        }
    }
    // What belongs to a whole row or a whole part is looked up for those that are left.
    let named = |name: &str, of: fn(&Part) -> &Option<String>| {
        let names = parts.iter().map(|part| of(part).as_deref());
        Column::new(name.into(), names.collect::<Vec<_>>())
    };
    let names = DataFrame::new_infer_height(vec![
        named("category", |part| &part.category),
        named("metric", |part| &part.metric),
    ])?;
    let mut drivers = long.take(&IdxCa::from_vec(ROW.into(), places))?;
    drivers.with_column(Column::new("points".into(), points))?;
    let whole = frame.select([AS_OF, ACCOUNT_ID, COMPARATOR, THEN])?;
    let whole = whole.take(drivers.column(ROW)?.idx()?)?;
    let names = names.take(drivers.column(ORDER)?.idx()?)?;
    drivers.hstack_mut(whole.columns())?;
    drivers.hstack_mut(names.columns())?;
    drivers.rename(THEN, "compared_as_of".into())?;
    drivers.select([
        AS_OF,
        ACCOUNT_ID,
        COMPARATOR,
        "compared_as_of",
        "cause",
        "category",
        "metric",
        "points",
        "raw_points",
        "value_then",
        "value_now",
        "text_then",
        "text_now",
        "reason",
    ])
}

/// Returns the steps of the shown grid that each part gets of a whole, from their billionths and
/// those of a step.
///
/// Rounding of raw points may leave more steps open than there are parts, or fewer than none; the
/// first part takes what is over.
fn given(whole: i64, billionths: &[i64], step: i64) -> Vec<i64> {
    let mut given: Vec<i64> = billionths
        .iter()
        .map(|part| part.div_euclid(step))
        .collect();
    let mut order: Vec<usize> = (0..given.len()).collect();
    order.sort_by_key(|part| std::cmp::Reverse(billionths[*part].rem_euclid(step)));
    let open = whole - given.iter().sum::<i64>();
    let shared = open.clamp(0, given.len() as i64);
    for part in &order[..shared as usize] {
        given[*part] += 1;
    }
    if let Some(first) = order.first() {
        given[*first] += open - shared;
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_to_the_largest_rests_and_ties_in_order() {
        let tenth = 100_000_000;
        let given = |whole: i64, points: &[f64]| {
            let billionths = points.iter().map(|points| (points * 1e9).round() as i64);
            given(whole, &billionths.collect::<Vec<_>>(), tenth)
        };
        assert_eq!(given(10, &[0.34, 0.33, 0.33]), [4, 3, 3]);
        assert_eq!(given(-7, &[-0.35, -0.35]), [-3, -4]);
        // What rounding leaves over goes to the first.
        assert_eq!(given(9, &[0.24, 0.25]), [3, 6]);
        assert_eq!(given(1, &[0.24, 0.25]), [2, -1]);
        assert!(given(3, &[]).is_empty());
    }
}
