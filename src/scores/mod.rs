//! Points, categories, overall, caps and bands: the one function that scores tonight, the trend
//! and the past.

pub mod columns;
mod curves;
mod inputs;
mod points;
mod score;

pub use curves::curve;
pub use score::{by_metric, measures_of, overall, score, weighed};
