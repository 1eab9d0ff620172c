//! The only writer of results: prepare aside, sync, rename; the whole run or nothing.

mod folder;
mod parquet;

pub use folder::{Content, Lock, LockError, PublishError, newest_before, publish, write_new};
pub use parquet::{Stamp, decode, encode};
