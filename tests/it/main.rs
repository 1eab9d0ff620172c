//! One integration binary; every file beside this one is listed here.

mod architecture;
mod bad_input;
mod config_files;
mod formulas;
mod harness;
mod hours;
mod leak_proof;
mod lookups;
mod money;
mod parents;
mod publishing;
mod sample_exports;
mod sample_job;
mod scoring;
mod screens;
mod units;
mod visibility;
