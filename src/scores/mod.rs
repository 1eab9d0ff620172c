//! Points, categories, overall, caps and bands: the one function that scores tonight, the trend
//! and the past.

pub mod columns;
mod curves;
mod points;
mod score;

pub use score::score;
