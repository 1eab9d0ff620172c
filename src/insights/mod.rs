//! What a score means beside its number: so far, which way it is going.

pub mod trends;
