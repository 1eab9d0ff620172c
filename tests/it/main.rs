//! One integration binary; every file beside this one is listed here.

mod architecture;
mod bad_input;
mod catalogue;
mod config_files;
mod follow_up;
mod drivers;
mod formulas;
mod harness;
mod hours;
mod large_catalogue;
mod leak_proof;
mod lookups;
mod money;
mod noise;
mod parents;
mod parquet_shapes;
mod pictures;
mod publishing;
mod sample_exports;
mod sample_job;
mod real_systems;
mod review;
mod scoring;
mod screens;
mod units;
mod visibility;
