//! What a figure is (a value with its interval) and why there may be none.

use thiserror::Error;

use super::distribution::{normal_quantile, normal_two_sided};

/// Confidence of every interval: 95 %.
pub const LEVEL: f64 = 0.95;

/// Fewest distinct clusters with an event, and with a non-event, for a figure to be given.
pub const FLOOR: usize = 10;

/// A figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure on the rows as they are.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// Returns the normal interval around `value`.
    pub(super) fn normal(value: f64, standard_error: f64) -> Self {
        let half = super::distribution::normal_quantile(0.5 + LEVEL / 2.0) * standard_error;
        Self {
            value,
            low: value - half,
            high: value + half,
        }
    }

    /// Returns the same figure with an interval that does not leave [`low`, `high`].
    pub(super) fn clamped(self, low: f64, high: f64) -> Self {
        Self {
            value: self.value,
            low: self.low.clamp(low, high),
            high: self.high.clamp(low, high),
        }
    }

    /// Returns whether the interval includes `value`: then the figure cannot be told from it.
    #[must_use]
    pub fn covers(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns the two-sided p-value of the figure against `null`, its error taken as normal with
    /// the spread that the interval shows; 1 where the interval has no width.
    #[must_use]
    pub fn p_value_against(&self, null: f64) -> f64 {
        let error = (self.high - self.low) / (2.0 * normal_quantile(f64::midpoint(LEVEL, 1.0)));
        if error > 0.0 {
            normal_two_sided((self.value - null) / error)
        } else {
            1.0
        }
    }
}

/// Why a figure is not given, in words for the report.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Refused {
    /// Columns that describe the same rows have different lengths.
    #[error("{0} values cannot be set beside {1}")]
    Lengths(usize, usize),
    /// A number is infinite or not a number.
    #[error("a {0} is not a finite number")]
    NotFinite(&'static str),
    /// A number lies outside its range.
    #[error("a {0} lies outside {1}")]
    OutOfRange(&'static str, &'static str),
    /// There is no row, or no weight on any.
    #[error("there are no rows")]
    NoRows,
    /// No row has the event.
    #[error("nobody had the event")]
    NoEvents,
    /// Every row has the event.
    #[error("everybody had the event")]
    NoNonEvents,
    /// Too few distinct clusters with an event.
    #[error("{found} with the event, at least {FLOOR} are needed")]
    FewEvents {
        /// Distinct clusters with an event.
        found: usize,
    },
    /// Too few distinct clusters with a non-event.
    #[error("{found} without the event, at least {FLOOR} are needed")]
    FewNonEvents {
        /// Distinct clusters with a non-event.
        found: usize,
    },
    /// Fewer rows than the figure is made of.
    #[error("{found} rows, at least {needed} are needed")]
    FewRows {
        /// Rows there are.
        found: usize,
        /// Rows the figure needs.
        needed: usize,
    },
    /// Fewer distinct clusters than an interval is made of.
    #[error("{found} independent accounts, at least {needed} are needed for an interval")]
    FewClusters {
        /// Distinct clusters there are.
        found: usize,
        /// Clusters the interval needs.
        needed: usize,
    },
    /// Every value is the same, so there is nothing to compare.
    #[error("every {0} is the same")]
    OneValue(&'static str),
    /// A value separates events from non-events without exception, so no finite fit exists.
    #[error("events and non-events are separated without exception; no finite fit exists")]
    Separated,
    /// The spread of the figure is zero, so no interval can be given.
    #[error("the rows show no variation from which an interval could be made")]
    NoVariation,
    /// A column is a linear combination of the others.
    #[error("the columns determine each other exactly")]
    Collinear,
    /// The figure's own denominator is zero.
    #[error("nothing is {0}")]
    Nothing(&'static str),
    /// The rows do not bear the figure, for a reason of their own.
    #[error("{0}")]
    Unfit(&'static str),
    /// The figure does not exist in too many of the resamples.
    #[error("the figure does not exist in {missing} of {resamples} resamples")]
    FewResamples {
        /// Resamples without the figure.
        missing: usize,
        /// Resamples drawn.
        resamples: usize,
    },
}

/// How many there are of everything that a floor may ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub n: usize,
    /// Rows with the event.
    pub events: usize,
    /// Distinct clusters.
    pub clusters: usize,
    /// Distinct clusters with at least one event.
    pub clusters_with_event: usize,
    /// Distinct clusters with at least one non-event.
    pub clusters_without: usize,
}

/// Returns the counts if there are enough events and non-events for figures to be given.
///
/// The floor counts distinct clusters (ultimate parents), since ten rows of one parent are one
/// observation. A cluster with rows of both kinds counts on both sides.
///
/// # Errors
/// When either side has fewer than [`FLOOR`] distinct clusters, or the lengths differ.
pub fn enough(event: &[bool], cluster: &[u32]) -> Result<Counts, Refused> {
    same_length(event.len(), cluster.len())?;
    let distinct = |keep: &dyn Fn(bool) -> bool| {
        let mut found: Vec<u32> = (cluster.iter().zip(event))
            .filter(|(_, event)| keep(**event))
            .map(|(cluster, _)| *cluster)
            .collect();
        found.sort_unstable();
        found.dedup();
        found.len()
    };
    let counts = Counts {
        n: event.len(),
        events: event.iter().filter(|event| **event).count(),
        clusters: distinct(&|_| true),
        clusters_with_event: distinct(&|event| event),
        clusters_without: distinct(&|event| !event),
    };
    if counts.clusters_with_event < FLOOR {
        let found = counts.clusters_with_event;
        return Err(Refused::FewEvents { found });
    }
    if counts.clusters_without < FLOOR {
        let found = counts.clusters_without;
        return Err(Refused::FewNonEvents { found });
    }
    Ok(counts)
}

/// Refuses columns of different lengths.
pub(super) fn same_length(first: usize, second: usize) -> Result<(), Refused> {
    if first == second {
        Ok(())
    } else {
        Err(Refused::Lengths(first, second))
    }
}

/// Refuses numbers that are not finite; `what` names one of them.
pub(super) fn finite(values: &[f64], what: &'static str) -> Result<(), Refused> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(Refused::NotFinite(what))
    }
}

/// Refuses weights of another length, negative or not finite.
pub(super) fn weights(weight: Option<&[f64]>, n: usize) -> Result<(), Refused> {
    let Some(weight) = weight else { return Ok(()) };
    same_length(n, weight.len())?;
    finite(weight, "weight")?;
    if weight.iter().any(|weight| *weight < 0.0) {
        return Err(Refused::OutOfRange("weight", "zero and above"));
    }
    Ok(())
}

/// Refuses numbers outside [0, 1].
pub(super) fn probabilities(values: &[f64]) -> Result<(), Refused> {
    finite(values, "probability")?;
    if values.iter().any(|value| !(0.0..=1.0).contains(value)) {
        return Err(Refused::OutOfRange("probability", "0 to 1"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_counts_clusters_not_rows() {
        let event: Vec<bool> = (0..40).map(|row| row < 20).collect();
        let own: Vec<u32> = (0..40).collect();
        let counts = enough(&event, &own).unwrap();
        assert_eq!((counts.events, counts.clusters_with_event), (20, 20));
        // The same twenty events in nine parents.
        let shared: Vec<u32> = (0..40)
            .map(|row| if row < 20 { row % 9 } else { row })
            .collect();
        assert_eq!(
            enough(&event, &shared),
            Err(Refused::FewEvents { found: 9 })
        );
        assert_eq!(
            enough(&[true; 12], &own[..12]),
            Err(Refused::FewNonEvents { found: 0 })
        );
    }
}
