//! Did the weights foresee who renewed and who left? Past dates are scored by the functions that
//! score tonight, compared with what happened, and every figure says how sure it is.
//!
//! ```text
//! decisions ─► sample ─► board ─► evaluate, power, calibration, drift ─► figures ─► verdicts
//!              (pairs,    (plain     sensitivity, mismatches
//!              features)  columns)
//! ```
//!
//! [`sample`] is the one place where features and outcomes meet.

pub mod bands;
pub mod board;
pub mod calibrate;
pub mod candidates;
pub mod design;
pub mod evaluate;
pub mod figures;
pub mod mismatches;
pub mod power;
pub mod replay;
pub mod sample;
pub mod sensitivity;
pub mod verdicts;
