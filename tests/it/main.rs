//! One integration binary; every file beside this one is listed here.

mod architecture;
mod bad_input;
mod catalogue;
mod config_files;
mod follow_up;
mod formulas;
mod harness;
mod hours;
mod init;
mod large_catalogue;
mod leak_proof;
mod lookups;
mod money;
mod parents;
mod pictures;
mod publishing;
mod sample_exports;
mod sample_job;
mod review;
mod scoring;
mod screens;
mod units;
mod visibility;
