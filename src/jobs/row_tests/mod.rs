//! Tests that an analyst writes: a few literal rows, and what measures and scores must come of
//! them by the code that scores every night.

pub mod file;
mod rows;
mod run;

pub use run::{Outcome, run};
