//! `healthscore init`: a first configuration for somebody's own exports.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::screen::Screen;
use super::{Exit, today};
use crate::config::Problem;
use crate::init::{self, Request, Starter};
use crate::jobs::JobError;
use crate::publish;

pub const EXAMPLES: &str = "\
Examples:
  healthscore init --exports /data/warehouse
      look at the Parquet files and write jobs/exports.toml, measures.toml, models/starter.toml
      and nightly.toml, which run as they are, and the schemas by which an editor completes them
  healthscore init --exports /data/warehouse --out /srv/health
      the same, written elsewhere
  healthscore run jobs/nightly.toml
      then score; read the comments, settle what is marked TODO, run again

Each table is one file, a folder of parts, a Hive-partitioned folder, or numbered files side by
side. No file that is there already is overwritten.";

#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder with the Parquet files to look at
    #[arg(long, value_name = "DIR")]
    exports: PathBuf,
    /// Folder to write the configuration to
    #[arg(long, value_name = "DIR", default_value = "jobs")]
    out: PathBuf,
}

pub fn init(arguments: &Arguments, screen: &Screen) -> Result<Exit, JobError> {
    let refuse =
        |title: String, help: &str| JobError::Problems(Problem::command(title).help(help).into());
    if !arguments.exports.is_dir() {
        let title = format!("there is no folder {}", arguments.exports.display());
        return Err(refuse(
            title,
            "give the folder that the Parquet files lie in",
        ));
    }
    let taken: Vec<String> = init::FILES
        .iter()
        .map(|file| arguments.out.join(file))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    if !taken.is_empty() {
        let title = format!("these files are there already: {}", taken.join(", "));
        return Err(refuse(
            title,
            "nothing is overwritten: give another folder with --out, or move them away",
        ));
    }
    let mut trail = screen.trail();
    let request = Request {
        exports: arguments.exports.clone(),
        data: data(&arguments.out, &arguments.exports),
        today: today(),
    };
    let mut starter = init::init(&request, &mut trail)?;
    // Schemas are the program's own; those that are there stay.
    let is_wanted =
        |path: &str| !path.starts_with(init::SCHEMAS) || !arguments.out.join(path).exists();
    starter.files.retain(|file| is_wanted(&file.path));
    publish::write_beside(&arguments.out, &starter.files)?;
    screen.print(&told(&starter, &arguments.out));
    Ok(Exit::Done)
}

/// Returns the exports' folder as the job file says it: from its own folder, or from the root where
/// the two have little in common.
fn data(out: &Path, exports: &Path) -> String {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let (out, exports) = (tidy(&whole(out)), tidy(&whole(exports)));
    init::way(&out, &exports)
        .unwrap_or(exports)
        .to_string_lossy()
        .into_owned()
}

/// Takes `.` and `..` out of an absolute path.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                tidy.pop();
            }
            std::path::Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

fn told(starter: &Starter, out: &Path) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "Tables, as they were understood:");
    for table in &starter.tables {
        let _ = writeln!(text, "  {table}");
    }
    for (path, reason) in &starter.left_out {
        let _ = writeln!(text, "  left out: {path}: {reason}");
    }
    for leak in &starter.leaks {
        let _ = writeln!(
            text,
            "  leak: {leak} tells who left, so no measure reads it"
        );
    }
    let (kept, all) = starter.shipped;
    let _ = writeln!(
        text,
        "{kept} of the {all} shipped measures can be had; the model has {} metrics.",
        starter.metrics
    );
    let bands: Vec<String> = starter
        .bands
        .iter()
        .map(|(band, n)| format!("{band} {n}"))
        .collect();
    let _ = writeln!(text, "Tried as of {}: {}.", starter.as_of, bands.join(", "));
    let _ = writeln!(text, "Wrote to {}:", out.display());
    for file in &starter.files {
        let _ = writeln!(text, "  {}", file.path);
    }
    let _ = writeln!(
        text,
        "Next: read the {} places marked TODO, then `healthscore run {}`.",
        starter.todos,
        out.join("nightly.toml").display()
    );
    text
}
