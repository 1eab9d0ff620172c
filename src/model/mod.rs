//! The health model: as written, as meant, and the curves between value and score.

pub mod curve;
pub mod file;
pub mod health_model;
pub mod reading;
mod resolve;

pub use health_model::HealthModel;
pub use resolve::resolve;
