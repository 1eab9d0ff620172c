//! What a score means beside its number: which way it is going, and what it adds up to.

pub mod parents;
pub mod trends;
