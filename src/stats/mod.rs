//! Pure mathematics on slices; no frames, no domain words.
//!
//! Every figure says in its comment what it is, when there is none, and which independent
//! implementation it is checked against (`tests/fixtures/stats/`). A figure that does not exist
//! is a [`Refused`] with its reason, never a not-a-number. No figure depends on the order of the
//! rows, to the last bit.

mod amounts;
mod bins;
mod bootstrap;
mod calibration;
mod confusion;
mod delong;
mod distribution;
mod drift;
mod estimate;
#[cfg(test)]
mod fixture;
mod logistic;
mod maps;
mod matrix;
mod multiple;
mod permutation;
mod power;
mod probability;
mod proportion;
mod random;
mod ranking;
mod redundancy;
mod split;
mod walk;

pub use amounts::{effective_n, largest_share};
pub use bins::{bin_counts, bin_edges, bin_of};
pub use bootstrap::{Clock, Clusters, Draws, Plan, Resampled, Spent, Statistic, bootstrap};
pub use calibration::{CalibrationLine, ReliabilityBin, calibration_line, reliability};
pub use confusion::Confusion;
pub use delong::{Delong, PairedDelong, delong, delong_paired};
pub use distribution::{median, mid_ranks, quantile, ranks};
pub use drift::{Drift, drift};
pub use estimate::{Counts, Estimate, FLOOR, LEVEL, Refused, enough};
pub use logistic::{LogisticFit, logistic_fit, logit, sigmoid};
pub use maps::{ISOTONIC_EVENTS, Isotonic, LogisticMap};
pub use multiple::benjamini_hochberg;
pub use permutation::{Null, RankSum, permutation_null, rank_sum_within};
pub use power::{
    Correlation, InformationValue, PowerBin, Shape, information_value, shape, spearman,
};
pub use probability::{
    CalibrationError, Scored, brier, brier_rows, expected_calibration_error,
    expected_calibration_errors, log_loss, log_loss_rows,
};
pub use proportion::{Test, chi_square, difference_of_proportions, trend, wilson};
pub use ranking::{CapturePoint, Cut, Depth, Group, RankFigure, Ranking, auc};
pub use redundancy::{spearman_matrix, variance_inflation};
pub use split::{Fold, Origin, walk_forward};
