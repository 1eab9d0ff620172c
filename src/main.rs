//! Parses the command line, runs the command, and returns its exit status.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    healthscore::cli::run(std::env::args_os())
}
