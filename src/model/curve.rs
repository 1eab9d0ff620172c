//! From a value to a score: lines, steps, maps and percentiles of a frozen reference.

use indexmap::IndexMap;
use serde::Serialize;

use super::file::{Better, CurveFile};
use crate::formula::Kind;

/// Fewer accounts than this are no reference distribution.
pub const SMALLEST_REFERENCE: u32 = 50;

/// A curve that is known to be sound.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Straight lines between knots, flat outside them.
    Lines(Vec<Knot>),
    /// From each value on, its score; below the first value the first score.
    Steps(Vec<Knot>),
    /// A score for each text.
    Map {
        /// By value.
        values: IndexMap<String, f64>,
        /// For every other value.
        other: Option<f64>,
    },
}

/// A point of a curve, with the slope of the line to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Knot {
    /// The value.
    pub value: f64,
    /// Its score.
    pub score: f64,
    /// Score per unit of value from here to the next knot; worked out once, since a division by a
    /// constant inside the engine may be one bit off.
    pub slope: f64,
}

impl Curve {
    /// Returns the curve that was written, or what is wrong with it.
    ///
    /// `scale` is the lowest and highest score, `better` the direction it claims.
    ///
    /// # Errors
    /// With one sentence, when it has no points, does not rise in value, leaves the scale, or goes
    /// against its direction.
    pub fn resolve(
        file: &CurveFile,
        scale: [f64; 2],
        better: Option<Better>,
    ) -> Result<Self, String> {
        let curve = match file {
            CurveFile::Points(points) => Self::Lines(knots(points)?),
            CurveFile::Steps(points) => Self::Steps(knots(points)?),
            CurveFile::Map(map) => {
                if map.values.is_empty() {
                    return Err("the map has no values".into());
                }
                if better.is_some() {
                    return Err("a map has no direction, so `better` has no place here".into());
                }
                Self::Map {
                    values: map.values.clone(),
                    other: map.other,
                }
            }
            CurveFile::Percentile(reference) => {
                if reference.accounts < SMALLEST_REFERENCE {
                    return Err(format!(
                        "a reference of {} accounts is too small, expected at least {SMALLEST_REFERENCE}",
                        reference.accounts
                    ));
                }
                if let Some([_, share]) = reference
                    .points
                    .iter()
                    .find(|[_, share]| !(0.0..=100.0).contains(share))
                {
                    return Err(format!("a share of {share} % is outside 0 to 100"));
                }
                let Some(better) = better else {
                    return Err(
                        "a percentile needs `better = \"higher\"` or `better = \"lower\"`".into(),
                    );
                };
                let [lowest, highest] = scale;
                let points: Vec<[f64; 2]> = reference
                    .points
                    .iter()
                    .map(|[value, share]| {
                        let share = if better == Better::Lower {
                            100.0 - share
                        } else {
                            *share
                        };
                        [*value, lowest + (highest - lowest) * share / 100.0]
                    })
                    .collect();
                Self::Lines(knots(&points)?)
            }
        };
        if let Some(score) = curve
            .scores()
            .find(|score| !(scale[0]..=scale[1]).contains(score))
        {
            return Err(format!(
                "a score of {score} is outside the scale of {} to {}",
                scale[0], scale[1]
            ));
        }
        curve.follows(better)?;
        Ok(curve)
    }

    /// Returns the types of value it can score.
    #[must_use]
    pub fn fits(&self, kind: Kind) -> bool {
        match self {
            Self::Lines(_) | Self::Steps(_) => kind.is_number(),
            Self::Map { .. } => matches!(kind, Kind::Text | Kind::Boolean),
        }
    }

    fn scores(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            Self::Lines(knots) | Self::Steps(knots) => {
                Box::new(knots.iter().map(|knot| knot.score))
            }
            Self::Map { values, other } => Box::new(values.values().copied().chain(*other)),
        }
    }

    fn follows(&self, better: Option<Better>) -> Result<(), String> {
        let (Self::Lines(knots) | Self::Steps(knots), Some(better)) = (self, better) else {
            return Ok(());
        };
        for pair in knots.windows(2) {
            let against = match better {
                Better::Higher => pair[1].score < pair[0].score,
                Better::Lower => pair[1].score > pair[0].score,
            };
            if against {
                let way = if better == Better::Higher {
                    "falls"
                } else {
                    "rises"
                };
                return Err(format!(
                    "says better = \"{better}\", but the score {way} from {} to {} between {} and {}",
                    pair[0].score, pair[1].score, pair[0].value, pair[1].value
                ));
            }
        }
        Ok(())
    }

    /// Returns the curve in words, for `explain`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let points = |knots: &[Knot]| -> String {
            let shown: Vec<String> = if knots.len() > 8 {
                let (first, last) = (knots[0], knots[knots.len() - 1]);
                return format!(
                    "{} points from {}→{} to {}→{}",
                    knots.len(),
                    first.value,
                    first.score,
                    last.value,
                    last.score
                );
            } else {
                knots
                    .iter()
                    .map(|knot| format!("{}→{}", knot.value, knot.score))
                    .collect()
            };
            shown.join(", ")
        };
        match self {
            Self::Lines(knots) => format!("lines {}", points(knots)),
            Self::Steps(knots) => format!("steps {}", points(knots)),
            Self::Map { values, other } => {
                let mut shown: Vec<String> = values
                    .iter()
                    .map(|(value, score)| format!("{value}→{score}"))
                    .collect();
                shown.extend(other.map(|other| format!("other→{other}")));
                format!("map {}", shown.join(", "))
            }
        }
    }
}

fn knots(points: &[[f64; 2]]) -> Result<Vec<Knot>, String> {
    if points.is_empty() {
        return Err("a curve needs at least one point".into());
    }
    if points.iter().flatten().any(|number| !number.is_finite()) {
        return Err("a curve is made of finite numbers".into());
    }
    if let Some(pair) = points.windows(2).find(|pair| pair[1][0] <= pair[0][0]) {
        return Err(format!(
            "values must rise, but {} follows {}",
            pair[1][0], pair[0][0]
        ));
    }
    Ok(points
        .iter()
        .enumerate()
        .map(|(n, [value, score])| Knot {
            value: *value,
            score: *score,
            slope: points
                .get(n + 1)
                .map_or(0.0, |next| (next[1] - score) / (next[0] - value)),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: [f64; 2] = [0.0, 100.0];

    #[test]
    fn a_curve_may_not_go_against_the_direction_it_claims() {
        let points = CurveFile::Points(vec![[0.0, 0.0], [0.5, 80.0], [1.0, 60.0]]);
        assert!(Curve::resolve(&points, SCALE, None).is_ok());
        let error = Curve::resolve(&points, SCALE, Some(Better::Higher)).unwrap_err();
        assert_eq!(
            error,
            "says better = \"higher\", but the score falls from 80 to 60 between 0.5 and 1"
        );
    }

    #[test]
    fn values_must_rise_and_scores_stay_on_the_scale() {
        assert!(
            Curve::resolve(
                &CurveFile::Points(vec![[1.0, 0.0], [1.0, 5.0]]),
                SCALE,
                None
            )
            .is_err()
        );
        assert!(
            Curve::resolve(
                &CurveFile::Steps(vec![[0.0, 0.0], [1.0, 101.0]]),
                SCALE,
                None
            )
            .is_err()
        );
        assert!(Curve::resolve(&CurveFile::Points(vec![]), SCALE, None).is_err());
    }
}
