//! `healthscore schema`: what an editor needs to know of the files that users write.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use crate::config::Problem;
use crate::jobs::JobError;
use crate::jobs::schemas::FileKind;

pub(super) const EXAMPLES: &str = "\
Examples:
  healthscore schema model                 print the JSON Schema of a model file
  healthscore schema --out jobs/schemas    write the schemas of all kinds of file, one each

A file names its schema in its first line, and editors that know TOML (Even Better TOML, taplo)
complete and explain every key:
  #:schema schemas/model.json";

/// What `schema` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The kind of file; all kinds when left out, together with --out
    #[arg(required_unless_present = "out")]
    kind: Option<Kind>,
    /// Folder to write KIND.json to, instead of printing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Kind {
    /// What the warehouse hands over
    Exports,
    /// What can be measured
    Measures,
    /// What is believed about health
    Model,
    /// What to run
    Job,
    /// What must come of a few rows
    Test,
}

impl From<Kind> for FileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Exports => Self::Exports,
            Kind::Measures => Self::Measures,
            Kind::Model => Self::Model,
            Kind::Job => Self::Job,
            Kind::Test => Self::Test,
        }
    }
}

/// Prints or writes JSON Schemas.
pub(super) fn schema(arguments: &Arguments) -> Result<Exit, JobError> {
    let kinds = match arguments.kind {
        Some(kind) => vec![kind.into()],
        None => FileKind::ALL.to_vec(),
    };
    let Some(folder) = &arguments.out else {
        for kind in kinds {
            print!("{}", kind.schema());
        }
        return Ok(Exit::Done);
    };
    std::fs::create_dir_all(folder).map_err(|error| cannot_write(folder, &error))?;
    for kind in kinds {
        let path = folder.join(format!("{}.json", kind.word()));
        std::fs::write(&path, kind.schema()).map_err(|error| cannot_write(&path, &error))?;
    }
    Ok(Exit::Done)
}

fn cannot_write(path: &std::path::Path, error: &std::io::Error) -> JobError {
    let title = format!("cannot write {}: {error}", path.display());
    let problem = Problem::command(title).help("give a folder that you may write to");
    JobError::Problems(problem.into())
}
