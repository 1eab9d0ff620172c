//! Noise told from what lasts: readings before tonight's, the same season a year ago, dips that
//! the model expects, and changes of band that are news.
//!
//! A reading is a score by the same model some days earlier. Two readings in a row beyond a band's
//! line are news, once one of them has cleared it by the model's margin; one is not. Nor is the way
//! back from a reading that stood out: a fall is measured from the worse of the two readings before
//! those two, a rise from the better.

use chrono::NaiveDate;
use polars::lazy::dsl::{max_horizontal, mean_horizontal, min_horizontal};
use polars::prelude::*;

use super::comparison::{MONTH, beside, reading_before, seen_from};
use super::trends::{flat_band_name, levels, settled};
use crate::domain::year_before;
use crate::exports::as_of::AS_OF;
use crate::formula::{date_literal, row_wise};
use crate::model::HealthModel;
use crate::model::reading::{EARLIER, ExpectedDip, FlatBand};
use crate::panel::ACCOUNT_ID;
use crate::scores::columns as name;

/// `down` or `up` where a change of band is news.
pub const BAND_NEWS: &str = "band_news";
/// The band it has left, where there is news.
pub const BAND_BEFORE: &str = "band_before";
/// Whether the band differs from an earlier reading's without being news.
pub const UNCONFIRMED: &str = "band_unconfirmed";
/// `dip` or `spike` where the last reading stood out and tonight's does not.
pub const ONE_OFF: &str = "one_off";
/// Ids of the dips that are expected now.
pub const EXPECTED_DIP: &str = "expected_dip";
/// The change over the same month a year earlier.
pub const SEASON_CHANGE: &str = "season_change";
/// The change of the shown score within a month.
pub const MONTH_CHANGE: &str = "month_change";
/// How a fall within a month is read.
pub const FALL: &str = "fall";
/// The points of a fall within a month that neither an expected dip nor the season explains.
pub(super) const UNEXPLAINED: &str = "unexplained_fall";

/// A flat band is never narrower than this, in points of a hundred.
const NARROWEST: f64 = 1.0;
/// The flat band of a score that has no earlier readings, in points of a hundred.
const WITHOUT_READINGS: f64 = 2.0;

fn reading(n: u32, column: &str) -> String {
    format!("__reading_{n}/{column}")
}

/// Gives every row the readings before it, for the steps that follow, and the points that count as
/// flat at each level: as the model states, or twice the mean step between its earlier readings.
///
/// # Errors
/// When Polars fails.
pub(super) fn with_readings(
    frame: DataFrame,
    scored: &DataFrame,
    dates: &[NaiveDate],
    model: &HealthModel,
) -> PolarsResult<DataFrame> {
    let levels = levels(model);
    let mut frame = frame.lazy();
    for n in 1..=EARLIER {
        let pairs: Vec<_> = dates
            .iter()
            .map(|date| (*date, reading_before(*date, model, n)))
            .collect();
        let columns = levels
            .iter()
            .map(|level| level.score.clone())
            .chain([name::overall(name::BAND)])
            .map(|column| col(column.as_str()).alias(reading(n, &column)));
        let earlier = seen_from(scored.clone().lazy(), &pairs)?.select(
            [col(ACCOUNT_ID), col(AS_OF)]
                .into_iter()
                .chain(columns)
                .collect::<Vec<_>>(),
        );
        frame = beside(frame, earlier)?;
    }
    let of_hundred = |level: &str| match level {
        "overall" => 1.0,
        _ => model.scale[1] / 100.0,
    };
    let flat_bands = levels.iter().map(|level| {
        let unit = of_hundred(&level.name);
        let step =
            |n: u32| (col(reading(n, &level.score)) - col(reading(n + 1, &level.score))).abs();
        let flat = match model.reading.flat_band {
            FlatBand::Stated(points) => lit(points * unit),
            FlatBand::OfNoise => {
                let usual = mean_horizontal([step(1), step(2)], true)
                    .unwrap_or_else(|_| lit(NULL).cast(DataType::Float64));
                let noise = settled(usual * lit(2.0));
                when(noise.clone().is_null())
                    .then(lit(WITHOUT_READINGS * unit))
                    .when(noise.clone().lt(lit(NARROWEST * unit)))
                    .then(lit(NARROWEST * unit))
                    .otherwise(noise)
            }
        };
        flat.alias(flat_band_name(&level.name))
    });
    frame.with_columns(flat_bands.collect::<Vec<_>>()).collect()
}

/// Tells what lasts from what does not, and takes the readings away again.
///
/// # Errors
/// When Polars fails.
pub(super) fn told(
    frame: DataFrame,
    scored: &DataFrame,
    dates: &[NaiveDate],
    model: &HealthModel,
    with_year: bool,
) -> PolarsResult<DataFrame> {
    let frame = with_month(frame.lazy(), scored, dates, model)?;
    let frame = with_season(frame, scored, dates, model, with_year)?.collect()?;
    frame
        .lazy()
        .with_columns(expected(model))
        .with_columns(falls(model))
        .with_columns([unexplained(model), one_off(), news(model)])
        .with_columns([band_before(model), unconfirmed()])
        .select([all().exclude_cols(["^__(reading|month).*$"]).as_expr()])
        .collect()
}

fn month(column: &str) -> String {
    format!("__month/{column}")
}

/// What is compared over a month: the overall score and each category, and its points.
fn compared(model: &HealthModel) -> Vec<String> {
    let categories = model.categories.iter().flat_map(|category| {
        [name::SCORE, name::POINTS].map(|part| name::category(&category.id, part))
    });
    [name::overall("score_shown")]
        .into_iter()
        .chain(categories)
        .collect()
}

fn with_month(
    frame: LazyFrame,
    scored: &DataFrame,
    dates: &[NaiveDate],
    model: &HealthModel,
) -> PolarsResult<LazyFrame> {
    let pairs: Vec<_> = dates
        .iter()
        .map(|date| (*date, MONTH.before(*date)))
        .collect();
    let columns = compared(model)
        .into_iter()
        .map(|column| col(column.as_str()).alias(month(&column)));
    let earlier = seen_from(scored.clone().lazy(), &pairs)?.select(
        [col(ACCOUNT_ID), col(AS_OF)]
            .into_iter()
            .chain(columns)
            .collect::<Vec<_>>(),
    );
    beside(frame, earlier)
}

/// Adds the change over the same month a year earlier, null where the job asks for no year.
fn with_season(
    frame: LazyFrame,
    scored: &DataFrame,
    dates: &[NaiveDate],
    model: &HealthModel,
    with_year: bool,
) -> PolarsResult<LazyFrame> {
    let of_level = |level: &str| format!("{level}/{SEASON_CHANGE}");
    if !with_year {
        let none = seasonal(model)
            .into_iter()
            .map(|(level, _)| lit(NULL).cast(DataType::Float64).alias(of_level(&level)));
        return Ok(frame.with_columns(none.collect::<Vec<_>>()));
    }
    let on = |when: fn(NaiveDate) -> NaiveDate, label: &str| -> PolarsResult<LazyFrame> {
        let pairs: Vec<_> = dates.iter().map(|date| (*date, when(*date))).collect();
        let columns = seasonal(model)
            .into_iter()
            .map(|(_, score)| col(score.as_str()).alias(format!("{label}/{score}")));
        Ok(seen_from(scored.clone().lazy(), &pairs)?.select(
            [col(ACCOUNT_ID), col(AS_OF)]
                .into_iter()
                .chain(columns)
                .collect::<Vec<_>>(),
        ))
    };
    let changes = seasonal(model).into_iter().map(|(level, score)| {
        settled(col(format!("__month/year/{score}")) - col(format!("__month/before/{score}")))
            .alias(of_level(&level))
    });
    let frame = beside(frame, on(year_before, "__month/year")?)?;
    let frame = beside(
        frame,
        on(|date| MONTH.before(year_before(date)), "__month/before")?,
    )?;
    Ok(frame.with_columns(changes.collect::<Vec<_>>()))
}

/// The levels that have seasons, with the columns of their scores.
fn seasonal(model: &HealthModel) -> Vec<(String, String)> {
    let categories = model.categories.iter().map(|category| {
        (
            format!("category/{}", category.id),
            name::category(&category.id, name::SCORE),
        )
    });
    [("overall".to_owned(), name::overall("score_shown"))]
        .into_iter()
        .chain(categories)
        .collect()
}

/// The ids of the dips that are expected of each category, and of any.
fn expected(model: &HealthModel) -> Vec<Expr> {
    let dips = &model.reading.expected_dips;
    let ids = |of: &dyn Fn(&ExpectedDip) -> bool| {
        let ids: Vec<Expr> = dips
            .iter()
            .filter(|dip| of(dip))
            .map(|dip| {
                when(is_expected(dip))
                    .then(lit(dip.id.clone()))
                    .otherwise(lit(NULL))
            })
            .collect();
        if ids.is_empty() {
            return lit(NULL).cast(DataType::String);
        }
        let text = concat_str(ids, ", ", true);
        when(text.clone().neq(lit("")))
            .then(text)
            .otherwise(lit(NULL))
    };
    let categories = model.categories.iter().map(|category| {
        ids(&|dip| dip.categories.contains(&category.id))
            .alias(name::category(&category.id, EXPECTED_DIP))
    });
    [ids(&|_| true).alias(name::overall(EXPECTED_DIP))]
        .into_iter()
        .chain(categories)
        .collect()
}

fn is_expected(dip: &ExpectedDip) -> Expr {
    let from = dip.from.map(|from| col(AS_OF).gt_eq(date_literal(from)));
    let until = dip.until.map(|until| col(AS_OF).lt_eq(date_literal(until)));
    let when = dip.when.as_ref().map(|when| row_wise(&when.expr));
    from.into_iter()
        .chain(until)
        .chain(when)
        .fold(col(AS_OF).is_not_null(), Expr::and)
        .fill_null(lit(false))
}

/// How a fall within a month is read, at the overall level and for each category.
///
/// It is `expected` where it is no fall once what expected dips took is given back; `seasonal`
/// where the same month fell about as far a year ago; `unconfirmed` where the reading before
/// tonight's had not fallen yet; otherwise `structural`.
fn falls(model: &HealthModel) -> Vec<Expr> {
    let taken = taken(model);
    let fall = |level: &str, score: &str, expected: &dyn Fn(Expr, Expr) -> Expr| {
        let change = settled(col(score) - col(month(score)));
        let flat = col(flat_band_name(level));
        let has_fallen = |change: Expr| change.lt(lit(0.0) - flat.clone());
        let season = col(format!("{level}/{SEASON_CHANGE}"));
        let before = settled(col(reading(1, score)) - col(month(score)));
        when(has_fallen(change.clone()).not())
            .then(lit(NULL))
            .when(expected(change.clone(), flat.clone()))
            .then(lit("expected"))
            .when(has_fallen(season.clone()).and(change.clone().gt_eq(season - flat.clone())))
            .then(lit("seasonal"))
            .when(has_fallen(before).not())
            .then(lit("unconfirmed"))
            .when(change.is_not_null())
            .then(lit("structural"))
            .otherwise(lit(NULL))
            .cast(DataType::String)
            .alias(format!("{level}/{FALL}"))
    };
    let score = name::overall("score_shown");
    let overall = fall("overall", &score, &|change, flat| {
        settled(change - taken.clone()).gt_eq(lit(0.0) - flat)
    });
    let categories = model.categories.iter().map(|category| {
        let score = name::category(&category.id, name::SCORE);
        let dip = col(name::category(&category.id, EXPECTED_DIP));
        fall(&format!("category/{}", category.id), &score, &|_, _| {
            dip.clone().is_not_null()
        })
    });
    let change = settled(col(score.as_str()) - col(month(&score)));
    [change.alias(name::overall(MONTH_CHANGE)), overall]
        .into_iter()
        .chain(categories)
        .collect()
}

/// The points that expected dips took within a month, where they took any; never above zero.
fn taken(model: &HealthModel) -> Expr {
    let taken = model.categories.iter().map(|category| {
        let points = name::category(&category.id, name::POINTS);
        let fallen = col(points.as_str()) - col(month(&points));
        let counts = col(name::category(&category.id, EXPECTED_DIP))
            .is_not_null()
            .and(fallen.clone().lt(lit(0.0)));
        when(counts).then(fallen).otherwise(lit(0.0))
    });
    taken.reduce(|a, b| a + b).unwrap_or_else(|| lit(0.0))
}

/// The points of a fall within a month that are nobody's expectation: none of a fall that is
/// expected or seasonal as a whole, else those that are left once what expected dips took is given
/// back.
fn unexplained(model: &HealthModel) -> Expr {
    let fall = || col(name::overall(FALL));
    let is_explained = fall().eq(lit("expected")).or(fall().eq(lit("seasonal")));
    let left = settled(taken(model) - col(name::overall(MONTH_CHANGE)));
    when(
        is_explained
            .fill_null(lit(false))
            .not()
            .and(left.clone().gt(lit(0.0))),
    )
    .then(left)
    .otherwise(lit(0.0))
    .alias(name::overall(UNEXPLAINED))
}

/// Whether the last reading stood out from the one before it and from tonight's.
fn one_off() -> Expr {
    let score = name::overall("score_shown");
    let (now, last, before) = (
        || col(score.as_str()),
        || col(reading(1, &score)),
        || col(reading(2, &score)),
    );
    let flat = || col(flat_band_name("overall"));
    let is_back = settled((now() - before()).abs()).lt_eq(flat());
    let by = |from: Expr, to: Expr| settled(from - to).gt(flat());
    when(
        is_back
            .clone()
            .and(by(now(), last()))
            .and(by(before(), last())),
    )
    .then(lit("dip"))
    .when(is_back.and(by(last(), now())).and(by(last(), before())))
    .then(lit("spike"))
    .otherwise(lit(NULL))
    .cast(DataType::String)
    .alias(name::overall(ONE_OFF))
}

fn band_at(n: u32) -> Expr {
    let band = name::overall(name::BAND);
    match n {
        0 => col(band),
        n => col(reading(n, &band)),
    }
}

/// Returns where a band stands among all, 0 for the top one.
pub(super) fn rank_of(band: &Expr, model: &HealthModel) -> Expr {
    let labels = model.bands.iter().zip(0i32..);
    labels.fold(lit(NULL).cast(DataType::Int32), |rest, (label, n)| {
        when(band.clone().eq(lit(label.label.clone())))
            .then(lit(n))
            .otherwise(rest)
    })
}

/// Returns the lowest score of the band at a place among all, in the numbers that apply.
pub(super) fn line_of(rank: &Expr, model: &HealthModel) -> Expr {
    let card = || col(name::overall(name::CARD));
    let lines = model.cards.iter().zip(0i32..).flat_map(|(card, n)| {
        card.band_from
            .iter()
            .zip(0i32..)
            .map(move |(from, band)| (n, band, *from))
    });
    lines.fold(
        lit(NULL).cast(DataType::Float64),
        |rest, (n, band, from)| {
            when(card().eq(lit(n)).and(rank.clone().eq(lit(band))))
                .then(lit(from))
                .otherwise(rest)
        },
    )
}

/// Returns the place of the band that a fall, or a rise, is measured from: of the two readings
/// before the last one the worse, or the better. A band that was there for one reading only is
/// neither a height to fall from nor a depth to have come out of.
fn left_behind(falls: bool, model: &HealthModel) -> Expr {
    let before = [2, 3].map(|n| rank_of(&band_at(n), model));
    let [earlier, _] = before.clone();
    let place = if falls {
        max_horizontal(before)
    } else {
        min_horizontal(before)
    };
    place.unwrap_or(earlier)
}

fn news(model: &HealthModel) -> Expr {
    let rank = |n: u32| rank_of(&band_at(n), model);
    let score = name::overall("score_shown");
    let scores = || [col(score.as_str()), col(reading(1, &score))];
    let lowest = min_horizontal(scores()).unwrap_or_else(|_| col(score.as_str()));
    let highest = max_horizontal(scores()).unwrap_or_else(|_| col(score.as_str()));
    let margin = || lit(model.reading.margin);
    let has_cleared = |by: Expr| settled(by).gt_eq(margin());
    let (height, depth) = (left_behind(true, model), left_behind(false, model));
    let down = rank(0).gt(height.clone()).and(rank(1).gt(height.clone()));
    let up = rank(0).lt(depth.clone()).and(rank(1).lt(depth.clone()));
    let below = line_of(&height, model) - lowest;
    let above = highest - line_of(&(depth - lit(1)), model);
    when(down.and(has_cleared(below)))
        .then(lit("down"))
        .when(up.and(has_cleared(above)))
        .then(lit("up"))
        .otherwise(lit(NULL))
        .cast(DataType::String)
        .alias(name::overall(BAND_NEWS))
}

/// The band that was left, where there is news.
fn band_before(model: &HealthModel) -> Expr {
    let news = || col(name::overall(BAND_NEWS));
    let was = |n: u32, falls: bool| rank_of(&band_at(n), model).eq(left_behind(falls, model));
    let left = |falls: bool| when(was(2, falls)).then(band_at(2)).otherwise(band_at(3));
    when(news().eq(lit("down")))
        .then(left(true))
        .when(news().eq(lit("up")))
        .then(left(false))
        .otherwise(lit(NULL))
        .alias(name::overall(BAND_BEFORE))
}

fn unconfirmed() -> Expr {
    let differs = |n: u32| band_at(0).neq(band_at(n)).fill_null(lit(false));
    differs(1)
        .or(differs(2))
        .and(col(name::overall(BAND_NEWS)).is_null())
        .alias(name::overall(UNCONFIRMED))
}
