//! The panel meets the exports: measure values, each with its meaning in `measures.toml`.

pub mod catalog;
pub mod compute;
pub mod file;
mod order;
pub mod plan;
mod resolve;

pub use resolve::resolve;
