//! The panel meets the exports: measure values, each with its meaning in `measures.toml`.

mod batches;
mod carry;
pub mod catalog;
pub mod compute;
pub mod file;
mod folded;
pub mod formulas;
mod money;
mod order;
mod over_rows;
pub mod plan;
mod resolve;

pub use resolve::resolve;
