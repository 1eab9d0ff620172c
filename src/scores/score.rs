//! From measures to scores, as one chain of expressions over the panel; no row looks at another.

use polars::lazy::dsl::{max_horizontal, min_horizontal};
use polars::prelude::*;

use super::columns as name;
use super::curves::curve;
use super::inputs::inputs;
use super::points::{Part, open_steps, shares, shown, to_points};
use crate::model::HealthModel;
use crate::model::health_model::{Bound, Card, Category, Metric, Missing};

/// Scores every pair of a measured panel.
///
/// Adds the columns of [`super::columns`]. An account is not scored, and says why, where a variant
/// says that no scorecard applies, where nothing is present, or where coverage lies below the
/// model's floor; its metrics and categories keep their scores, without contributions.
///
/// # Errors
/// When Polars fails.
pub fn score(measures: DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
    scored(measures, model).collect()
}

/// Returns what every metric scores by itself, and what else [`overall`] starts from; no weight and
/// no band has a part in it.
///
/// # Errors
/// When Polars fails.
pub fn by_metric(measures: DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
    let scorer = Scorer { model };
    inputs(measures.lazy(), model)
        .with_columns(scorer.metric_scores())
        .collect()
}

/// Returns the overall score and the band of every row, in columns of those names, and nothing
/// else: the same expressions as those of [`score`], of which the rest is not even planned.
///
/// `metrics` come from [`by_metric`], of a model that may have other weights and bands.
///
/// # Errors
/// When Polars fails.
pub fn overall(metrics: DataFrame, model: &HealthModel) -> PolarsResult<DataFrame> {
    let column = |part: &str| col(name::overall(part)).alias(part);
    let scorer = Scorer { model };
    together(metrics.lazy(), model)
        .with_columns(scorer.limited())
        .with_column(scorer.band())
        .select([column(name::SCORE), column(name::BAND)])
        .collect()
}

fn scored(measures: DataFrame, model: &HealthModel) -> LazyFrame {
    let scorer = Scorer { model };
    weighed(inputs(measures.lazy(), model), model)
        .with_columns(scorer.limited())
        .with_columns(scorer.parts())
        .with_column(scorer.open_categories())
        .with_columns(scorer.category_points())
        .with_columns(scorer.open_metrics())
        .with_columns(scorer.metric_points())
        .with_columns(scorer.shown())
        // Nobody reads the scratch columns any more; they are a third of all.
        .select([all().exclude_cols([scratch()]).as_expr()])
}

/// Returns the pattern of the scratch columns.
fn scratch() -> String {
    let parts = [
        NOMINAL, APPLICABLE, SCORED, LOWEST, HIGHEST, FLOOR, REST, OPEN,
    ];
    format!("^(metric/.+|category/.+|overall)/({})$", parts.join("|"))
}

/// Returns a scored frame without what scoring has added.
///
/// # Errors
/// When Polars fails.
pub fn measures_of(scored: &DataFrame) -> PolarsResult<DataFrame> {
    let names: Vec<_> = scored
        .get_column_names()
        .into_iter()
        .filter(|column| !name::is_of_scores(column))
        .cloned()
        .collect();
    scored.select(names)
}

/// Returns the scores, weights in effect and contributions of every metric and category, from the
/// columns that [`inputs`] adds; whatever else was measured is not looked at.
pub fn weighed(inputs: LazyFrame, model: &HealthModel) -> LazyFrame {
    let scorer = Scorer { model };
    together(inputs.with_columns(scorer.metric_scores()), model)
}

/// Puts what metrics score together, by their weights.
fn together(metrics: LazyFrame, model: &HealthModel) -> LazyFrame {
    let scorer = Scorer { model };
    metrics
        .with_columns(scorer.metric_weights())
        .with_columns(scorer.category_scores())
        .with_columns(scorer.overall())
        .with_columns(scorer.contributions())
}

struct Scorer<'a> {
    model: &'a HealthModel,
}

fn metric(metric: &Metric, part: &str) -> Expr {
    col(name::metric(&metric.id, part))
}

fn total(parts: impl IntoIterator<Item = Expr>) -> Expr {
    parts
        .into_iter()
        .reduce(|a, b| a + b)
        .unwrap_or_else(|| lit(0.0))
}

/// Scratch columns: weights in the card that applies, and what of them is applicable, scored, present.
const NOMINAL: &str = "nominal";
const APPLICABLE: &str = "applicable";
const SCORED: &str = "scored";
const LOWEST: &str = "lowest";
const HIGHEST: &str = "highest";
/// Scratch columns: steps of the shown grid that a part surely gets, what is left of it, and how
/// many steps its whole has still to give.
const FLOOR: &str = "floor";
const REST: &str = "rest";
const OPEN: &str = "open";

impl Scorer<'_> {
    /// Returns a number of the card that applies to each row.
    fn of_card(&self, number: impl Fn(&Card) -> Expr) -> Expr {
        let card = col(name::overall(name::CARD));
        let mut cards = self.model.cards.iter().enumerate();
        let first = cards
            .next()
            .map_or_else(|| lit(NULL), |(_, card)| number(card));
        cards.fold(first, |rest, (n, numbers)| {
            if *numbers == self.model.cards[0] {
                return rest;
            }
            when(card.clone().eq(lit(n as i32)))
                .then(number(numbers))
                .otherwise(rest)
        })
    }

    /// Points of the 0–100 score per point of the scale.
    fn factor(&self) -> f64 {
        100.0 / self.model.scale[1]
    }

    /// The score of each metric by its curve, or by its rule for missing values.
    fn metric_scores(&self) -> Vec<Expr> {
        let mut exprs = Vec::new();
        for (c, _, m, metric) in self.model.metrics() {
            let of = |part: &str| col(name::metric(&metric.id, part));
            let by_curve = |value: &Expr| {
                self.of_card(|card| curve(value, &card.categories[c].metrics[m].curve))
            };
            let own = by_curve(&of(name::INPUT));
            let filled = match metric.missing {
                Missing::Reweight => own.clone(),
                Missing::Worst => own.clone().fill_null(lit(self.model.scale[0])),
                Missing::Neutral(neutral) => own.clone().fill_null(lit(neutral)),
                Missing::Carry(_) => coalesce(&[own.clone(), by_curve(&of(name::CARRIED))]),
            };
            let applies = of(name::APPLIES);
            let column = |part: &str| name::metric(&metric.id, part);
            exprs.extend([
                applies
                    .clone()
                    .and(own.is_not_null())
                    .alias(column(name::PRESENT)),
                when(applies)
                    .then(filled)
                    .otherwise(lit(NULL))
                    .cast(DataType::Float64)
                    .alias(column(name::SCORE)),
                self.of_card(|card| {
                    card.categories[c].metrics[m]
                        .target
                        .map_or_else(|| lit(NULL), lit)
                })
                .cast(DataType::Float64)
                .alias(column(name::TARGET)),
            ]);
        }
        exprs
    }

    /// The weight of each metric in its category.
    fn metric_weights(&self) -> Vec<Expr> {
        let weight = |(c, _, m, metric): (usize, &Category, usize, &Metric)| {
            let weight = self.of_card(|card| lit(card.categories[c].metrics[m].weight));
            (weight + lit(0.0)).alias(name::metric(&metric.id, NOMINAL))
        };
        self.model.metrics().map(weight).collect()
    }

    /// The weighted mean of each category over the metrics that have a score, and its coverage.
    fn category_scores(&self) -> Vec<Expr> {
        let mut exprs = Vec::new();
        let [lowest, highest] = self.model.scale;
        for (c, category) in self.model.categories.iter().enumerate() {
            let column = |part: &str| name::category(&category.id, part);
            let weighed = |keep: &dyn Fn(&Metric) -> Expr| {
                total(
                    category
                        .metrics
                        .iter()
                        .map(|m| when(keep(m)).then(metric(m, NOMINAL)).otherwise(lit(0.0))),
                )
            };
            let applicable = weighed(&|m| metric(m, name::APPLIES));
            let scored = weighed(&|m| metric(m, name::SCORE).is_not_null());
            let present = weighed(&|m| metric(m, name::PRESENT));
            let sum = total(
                category
                    .metrics
                    .iter()
                    .map(|m| (metric(m, NOMINAL) * metric(m, name::SCORE)).fill_null(lit(0.0))),
            );
            let with_missing_as = |fill: f64| {
                total(category.metrics.iter().map(|m| {
                    let score = when(metric(m, name::PRESENT))
                        .then(metric(m, name::SCORE))
                        .otherwise(lit(fill));
                    when(metric(m, name::APPLIES))
                        .then(metric(m, NOMINAL) * score)
                        .otherwise(lit(0.0))
                }))
            };
            let over = |part: Expr, whole: &Expr| {
                when(whole.clone().gt(lit(0.0)))
                    .then(part / whole.clone())
                    .otherwise(lit(NULL))
            };
            exprs.extend([
                over(sum, &scored).alias(column(name::SCORE)),
                over(present, &applicable).alias(column(name::COVERAGE)),
                over(with_missing_as(lowest), &applicable).alias(column(LOWEST)),
                over(with_missing_as(highest), &applicable).alias(column(HIGHEST)),
                applicable.clone().gt(lit(0.0)).alias(column(APPLICABLE)),
                scored.alias(column(SCORED)),
                (self.of_card(|card| lit(card.categories[c].weight)) + lit(0.0))
                    .alias(column(NOMINAL)),
            ]);
        }
        exprs
    }

    /// Coverage and range of the overall score, and the reason where there is none.
    fn overall(&self) -> Vec<Expr> {
        let nominal = |id: &str, keep: Expr| {
            when(keep)
                .then(col(name::category(id, NOMINAL)))
                .otherwise(lit(0.0))
        };
        let ids: Vec<&str> = self
            .model
            .categories
            .iter()
            .map(|category| category.id.as_str())
            .collect();
        let applicable = total(
            ids.iter()
                .map(|id| nominal(id, col(name::category(id, APPLICABLE)))),
        );
        let scored = total(
            ids.iter()
                .map(|id| nominal(id, col(name::category(id, name::SCORE)).is_not_null())),
        );
        let mean = |part: &str| {
            let sum = total(ids.iter().map(|id| {
                (col(name::category(id, NOMINAL)) * col(name::category(id, part)))
                    .fill_null(lit(0.0))
            }));
            when(applicable.clone().gt(lit(0.0)))
                .then(sum / applicable.clone())
                .otherwise(lit(NULL))
        };
        let coverage = mean(name::COVERAGE).fill_null(lit(0.0));
        let percent = |share: Expr| {
            (share * lit(100.0))
                .round(0, RoundMode::HalfAwayFromZero)
                .cast(DataType::Int64)
                .cast(DataType::String)
        };
        let floor = self.model.coverage_floor;
        let too_little = concat_str(
            [
                lit("coverage "),
                percent(coverage.clone()),
                lit(format!(
                    " % is below the floor of {} %",
                    (floor * 100.0).round()
                )),
            ],
            "",
            false,
        );
        let reason = when(col(name::overall(name::NOT_SCORED)).is_not_null())
            .then(col(name::overall(name::NOT_SCORED)))
            .when(scored.clone().eq(lit(0.0)))
            .then(lit("no metric has data"))
            // A coverage that differs from the floor by less than a rounding error has reached it.
            .when(coverage.clone().lt(lit(floor - 1e-9)))
            .then(too_little)
            .otherwise(lit(NULL));
        vec![
            coverage.alias(name::overall(name::COVERAGE)),
            (mean(LOWEST) * lit(self.factor())).alias(name::overall(name::LOW)),
            (mean(HIGHEST) * lit(self.factor())).alias(name::overall(name::HIGH)),
            scored.alias(name::overall(SCORED)),
            reason.alias(name::overall(name::NOT_SCORED)),
        ]
    }

    /// Weights in effect and raw points of every category and metric.
    fn contributions(&self) -> Vec<Expr> {
        let is_scored = col(name::overall(name::NOT_SCORED)).is_null();
        let factor = self.factor();
        let mut exprs = Vec::new();
        for category in &self.model.categories {
            let of = |part: &str| col(name::category(&category.id, part));
            let weight = when(of(name::SCORE).is_not_null())
                .then(of(NOMINAL) / col(name::overall(SCORED)))
                .otherwise(lit(NULL));
            let points = |weight: Expr, score: Expr| {
                when(is_scored.clone())
                    .then(weight * score * lit(factor))
                    .otherwise(lit(NULL))
            };
            exprs.push(
                weight
                    .clone()
                    .alias(name::category(&category.id, name::WEIGHT)),
            );
            exprs.push(
                points(weight.clone(), of(name::SCORE))
                    .alias(name::category(&category.id, name::CONTRIBUTION)),
            );
            for m in &category.metrics {
                let share = when(metric(m, name::SCORE).is_not_null())
                    .then(weight.clone() * (metric(m, NOMINAL) / of(SCORED)))
                    .otherwise(lit(NULL));
                exprs.push(share.clone().alias(name::metric(&m.id, name::WEIGHT)));
                exprs.push(
                    points(share, metric(m, name::SCORE))
                        .alias(name::metric(&m.id, name::CONTRIBUTION)),
                );
            }
        }
        exprs
    }

    /// The base score, what caps and floors make of it, and what somebody has set in its place.
    /// Where a cap and a floor bite, the cap wins.
    fn limited(&self) -> Vec<Expr> {
        let is_scored = col(name::overall(name::NOT_SCORED)).is_null();
        let sum = total(
            self.model
                .categories
                .iter()
                .map(|c| col(name::category(&c.id, name::CONTRIBUTION)).fill_null(lit(0.0))),
        );
        let base = when(is_scored).then(sum).otherwise(lit(NULL));
        let limits = |caps: bool| -> Vec<Expr> {
            self.model
                .limits
                .iter()
                .filter_map(|limit| match limit.bound {
                    Bound::AtMost(points) if caps => Some((limit, points)),
                    Bound::AtLeast(points) if !caps => Some((limit, points)),
                    _ => None,
                })
                .map(|(limit, points)| {
                    when(col(name::limit(&limit.id)))
                        .then(lit(points))
                        .otherwise(lit(NULL))
                })
                .collect()
        };
        let bounded = |score: Expr| {
            let raised = max_horizontal([vec![score.clone()], limits(false)].concat())
                .unwrap_or_else(|_| score.clone());
            let capped = min_horizontal([vec![raised], limits(true)].concat())
                .unwrap_or_else(|_| score.clone());
            when(score.is_not_null()).then(capped).otherwise(lit(NULL))
        };
        let capped = bounded(base.clone());
        let by_hand = col(name::overall(name::OVERRIDE_SCORE));
        let score = when(
            capped
                .clone()
                .is_not_null()
                .and(by_hand.clone().is_not_null()),
        )
        .then(by_hand)
        .otherwise(capped.clone());
        let bit = |limit: &crate::model::health_model::Limit| {
            let bites = match limit.bound {
                Bound::AtMost(points) => base.clone().gt(lit(points)),
                Bound::AtLeast(points) => base.clone().lt(lit(points)),
            };
            when(col(name::limit(&limit.id)).and(bites))
                .then(lit(limit.id.clone()))
                .otherwise(lit(NULL))
        };
        let bitten: Vec<Expr> = self.model.limits.iter().map(bit).collect();
        let limits_text = if bitten.is_empty() {
            lit(NULL).cast(DataType::String)
        } else {
            concat_str(bitten, ", ", true)
        };
        let decimals = self.model.decimals;
        vec![
            base.clone().alias(name::overall(name::BASE)),
            capped.clone().alias(name::overall(name::CAPPED)),
            score.clone().alias(name::overall(name::SCORE)),
            shown(base, decimals).alias(name::overall(name::BASE_STEPS)),
            shown(capped, decimals).alias(name::overall(name::CAPPED_STEPS)),
            shown(score, decimals).alias(name::overall(name::STEPS)),
            when(limits_text.clone().neq(lit("")))
                .then(limits_text)
                .otherwise(lit(NULL))
                .alias(name::overall(name::LIMITS)),
            bounded(col(name::overall(name::LOW))).alias(name::overall(name::LOW)),
            bounded(col(name::overall(name::HIGH))).alias(name::overall(name::HIGH)),
        ]
    }

    fn category_parts(&self) -> Vec<Part> {
        let part = |category: &Category| Part {
            floor: name::category(&category.id, FLOOR),
            rest: name::category(&category.id, REST),
        };
        self.model.categories.iter().map(part).collect()
    }

    fn metric_parts(category: &Category) -> Vec<Part> {
        let part = |metric: &Metric| Part {
            floor: name::metric(&metric.id, FLOOR),
            rest: name::metric(&metric.id, REST),
        };
        category.metrics.iter().map(part).collect()
    }

    /// What every category and metric surely gets on the shown grid, and what is left of it.
    fn parts(&self) -> Vec<Expr> {
        let decimals = self.model.decimals;
        let mut exprs = Vec::new();
        for (category, part) in self.model.categories.iter().zip(self.category_parts()) {
            exprs.extend(part.columns(
                col(name::category(&category.id, name::CONTRIBUTION)),
                decimals,
            ));
            for (m, part) in category.metrics.iter().zip(Self::metric_parts(category)) {
                exprs.extend(part.columns(metric(m, name::CONTRIBUTION), decimals));
            }
        }
        exprs
    }

    fn open_categories(&self) -> Expr {
        open_steps(
            &col(name::overall(name::BASE_STEPS)),
            &self.category_parts(),
        )
        .alias(name::overall(OPEN))
    }

    fn category_points(&self) -> Vec<Expr> {
        let shares = shares(&col(name::overall(OPEN)), &self.category_parts());
        let ids = self.model.categories.iter().map(|category| &category.id);
        ids.zip(shares)
            .map(|(id, share)| share.alias(name::category(id, name::POINTS)))
            .collect()
    }

    fn open_metrics(&self) -> Vec<Expr> {
        let open = |category: &Category| {
            let whole = col(name::category(&category.id, name::POINTS));
            open_steps(&whole, &Self::metric_parts(category))
                .alias(name::category(&category.id, OPEN))
        };
        self.model.categories.iter().map(open).collect()
    }

    fn metric_points(&self) -> Vec<Expr> {
        let mut exprs = Vec::new();
        for category in &self.model.categories {
            let shares = shares(
                &col(name::category(&category.id, OPEN)),
                &Self::metric_parts(category),
            );
            let ids = category.metrics.iter().map(|metric| &metric.id);
            exprs.extend(
                ids.zip(shares)
                    .map(|(id, share)| share.alias(name::metric(id, name::POINTS))),
            );
        }
        exprs
    }

    /// The band of the score as it is shown.
    fn band(&self) -> Expr {
        let decimals = self.model.decimals;
        let grid = 10f64.powi(decimals as i32);
        let steps = col(name::overall(name::STEPS));
        let band = self.of_card(|card| {
            let bands = self.model.bands.iter().zip(&card.band_from).rev();
            bands.fold(lit(NULL).cast(DataType::String), |below, (band, from)| {
                when(steps.clone().gt_eq(lit((from * grid).round() as i64)))
                    .then(lit(band.label.clone()))
                    .otherwise(below)
            })
        });
        band.alias(name::overall(name::BAND))
    }

    /// The band, and points on the grid instead of steps.
    fn shown(&self) -> Vec<Expr> {
        let decimals = self.model.decimals;
        let mut exprs = vec![self.band()];
        for category in &self.model.categories {
            let points = name::category(&category.id, name::POINTS);
            exprs.push(to_points(col(points.as_str()), decimals).alias(points));
            for m in &category.metrics {
                exprs.push(
                    to_points(metric(m, name::POINTS), decimals)
                        .alias(name::metric(&m.id, name::POINTS)),
                );
            }
        }
        let parts = [
            (name::STEPS, "score_shown"),
            (name::BASE_STEPS, "base_score_shown"),
            (name::CAPPED_STEPS, "capped_score_shown"),
        ];
        exprs.extend(parts.map(|(steps, alias)| {
            to_points(col(name::overall(steps)), decimals).alias(name::overall(alias))
        }));
        exprs
    }
}
