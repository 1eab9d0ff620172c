//! Parses the command line, runs the command, and returns its exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    healthscore::cli::run(std::env::args_os())
}
