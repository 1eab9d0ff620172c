//! The only writer of results: prepare aside, sync, rename; the whole run or nothing.

mod folder;
mod parquet;

pub use folder::{
    Content, Lock, LockError, PublishError, Staging, dates, newest_before, publish, read_text,
    write_beside, write_new,
};
pub use parquet::{Stamp, decode, encode, encode_pieces};
