//! `healthscore sample`: synthetic exports, with the truth they were made from beside them.

use std::collections::VecDeque;
use std::num::NonZero;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};

use chrono::NaiveDate;
use clap::Args;

use super::Exit;
use super::screen::Screen;
use crate::jobs::JobError;
use crate::publish::{self, Content, PublishError, Stamp};
use crate::sample::{self, Export, Settings};

pub const EXAMPLES: &str = "\
Examples:
  healthscore sample --out sample_data
      900 accounts over 36 months, as they come with the program
  healthscore sample --out /tmp/none --null
      the same behaviour, but renewals have nothing to do with it
  healthscore sample --out /tmp/large --accounts 20000 --seed 7";

#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder to write to; it must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Accounts that ever were customers
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(30..=1_000_000))]
    accounts: u32,
    /// Months of history
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u32).range(6..=120))]
    months: u32,
    /// Last day of the history
    #[arg(long, value_name = "DATE", default_value = "2026-10-31")]
    end: NaiveDate,
    /// Another seed gives other accounts with the same relations
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,
    /// Draw outcomes that have nothing to do with behaviour
    #[arg(long)]
    null: bool,
}

pub fn sample(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let mut trail = screen.trail();
    trail.step("drawing accounts and their behaviour, encoding the exports");
    let settings = Settings {
        accounts: arguments.accounts as usize,
        months: arguments.months,
        seed: arguments.seed,
        null: arguments.null,
        end: arguments.end,
    };
    let mut rows = 0;
    let mut files = Vec::new();
    let truth = thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let mut encoding = VecDeque::new();
        let truth = sample::each_export(&settings, |export| {
            rows += export.frame.height();
            if encoding.len() > cores {
                files.extend(encoding.pop_front().map(encoded).transpose()?);
            }
            encoding.push_back(scope.spawn(move || encode(export)));
            Ok::<(), JobError>(())
        })?;
        for worker in encoding {
            files.push(encoded(worker)?);
        }
        Ok::<_, JobError>(truth)
    })?;
    files.push(Content {
        path: "truth.json".into(),
        bytes: format!("{truth:#}\n").into_bytes(),
    });
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    publish::write_new(&arguments.out, &files)?;
    screen.print(&format!(
        "wrote {} files with {rows} rows, {:.1} MB, to {}\n",
        files.len(),
        bytes as f64 / 1e6,
        arguments.out.display()
    ));
    Ok(Exit::Done)
}

fn encode(export: Export) -> Result<Content, PublishError> {
    let stamp = Stamp {
        program: crate::jobs::manifest::PROGRAM.to_owned(),
        pairs: vec![],
    };
    let encoded = publish::encode(&export.frame, &[], &[], &stamp);
    let path = export.path;
    match encoded {
        Ok(bytes) => Ok(Content { path, bytes }),
        Err(cause) => Err(PublishError::Encode { table: path, cause }),
    }
}

/// Waits for a file that is being encoded.
fn encoded(
    worker: ScopedJoinHandle<Result<Content, PublishError>>,
) -> Result<Content, PublishError> {
    match worker.join() {
        Ok(encoded) => encoded,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
