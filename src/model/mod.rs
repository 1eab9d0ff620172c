//! The health model: as written, as meant, the curves between value and score, and the rules
//! about what to say and do beside the score.

pub mod curve;
pub mod file;
pub mod health_model;
pub mod reading;
mod resolve;
pub mod rules;

pub use health_model::HealthModel;
pub use resolve::resolve;
