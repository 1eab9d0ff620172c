//! The only place that prints, and that reads the clock and the environment.

mod backtest;
mod changes;
mod check;
mod diff;
mod exit;
mod explain;
mod follow_up;
mod freeze;
mod init;
mod render;
mod run;
mod sample;
mod schema;
mod screen;
mod test;
mod timings;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

pub use exit::Exit;

use crate::jobs::settings::{Backfill, Every, Overrides};

/// Customer-health scores from Parquet exports, computed every night.
#[derive(Debug, Parser)]
#[command(name = "healthscore", version, about, max_term_width = 100, after_help = exit::HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print nothing but errors
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a job: score the accounts and publish the tables
    #[command(after_help = run::EXAMPLES)]
    Run(run::Arguments),
    /// Check what the exports promise, and publish nothing
    #[command(after_help = check::EXAMPLES)]
    Check(check::Arguments),
    /// Ask of a review whether the weights foresaw who renewed and who left
    #[command(after_help = backtest::EXAMPLES)]
    Backtest(backtest::Arguments),
    /// Show every number behind one account's score, down to the measures
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::Arguments),
    /// Show what changed between two published runs
    #[command(after_help = diff::EXAMPLES)]
    Diff(diff::Arguments),
    /// Print a percentile curve from today's values of a measure, to be kept in a model
    #[command(after_help = freeze::EXAMPLES)]
    Freeze(freeze::Arguments),
    /// Look at your own exports and write a first configuration that runs
    #[command(after_help = init::EXAMPLES)]
    Init(init::Arguments),
    /// Print the JSON Schema of a kind of file, with which an editor completes and explains keys
    #[command(after_help = schema::EXAMPLES)]
    Schema(schema::Arguments),
    /// Check what measures and scores come of a few literal rows
    #[command(after_help = test::EXAMPLES)]
    Test(test::Arguments),
    /// Write synthetic exports to try things on
    #[command(after_help = sample::EXAMPLES)]
    Sample(sample::Arguments),
}

/// The job, and what the command line says over it.
#[derive(Debug, Clone, Args)]
struct JobArguments {
    /// The job file
    job: PathBuf,
    /// Folder with the exports, instead of the job's
    #[arg(long, value_name = "DIR")]
    exports: Option<PathBuf>,
    /// Model file, instead of the job's
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// As-of date, `yesterday` or `latest_complete`, instead of the job's
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
}

impl JobArguments {
    fn overrides(&self) -> Overrides {
        Overrides {
            exports: self.exports.clone(),
            as_of: self.as_of.clone(),
            model: self.model.clone(),
            ..Overrides::default()
        }
    }
}

/// How often a backfill publishes.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Rhythm {
    Day,
    Week,
    Month,
}

fn backfill(from: Option<NaiveDate>, to: Option<NaiveDate>, every: Rhythm) -> Option<Backfill> {
    let every = match every {
        Rhythm::Day => Every::Day,
        Rhythm::Week => Every::Week,
        Rhythm::Month => Every::Month,
    };
    Some(Backfill {
        from: from?,
        to: to?,
        every,
    })
}

/// Runs the command line and returns the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::BadConfiguration.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let screen = screen::Screen::new(cli.quiet);
    let outcome = match &cli.command {
        Command::Run(arguments) => run::run(arguments, &words, &screen),
        Command::Check(arguments) => check::check(arguments, &screen),
        Command::Diff(arguments) => diff::diff(arguments, &screen),
        Command::Backtest(arguments) => backtest::backtest(arguments, &words, &screen),
        Command::Explain(arguments) => explain::explain(arguments, &screen),
        Command::Freeze(arguments) => freeze::freeze(arguments, &screen),
        Command::Init(arguments) => init::init(arguments, &screen),
        Command::Schema(arguments) => schema::schema(arguments),
        Command::Test(arguments) => test::test(arguments, &screen),
        Command::Sample(arguments) => sample::sample(arguments, &screen),
    };
    screen.finish();
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprint!("{}", render::error(&error));
            Exit::of(&error).into()
        }
    }
}

/// Returns today's date where the program runs.
fn today() -> NaiveDate {
    chrono::Local::now().date_naive()
}
