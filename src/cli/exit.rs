//! The named exit statuses.

use std::process::ExitCode;

use crate::config::Blame;
use crate::jobs::JobError;
use crate::publish::LockError;

/// How a command ended, and who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Done = 0,
    /// The program or the machine failed.
    Failed = 1,
    /// The command line or a configuration file is wrong.
    BadConfiguration = 2,
    /// The exports are not there, or not fit to be scored.
    RefusedInput = 3,
    /// The results are published, and a warning stands in the findings.
    DoneWithFindings = 4,
    /// Another run of the job is at work.
    Locked = 5,
}

/// The list for `--help`.
pub const HELP: &str = "\
Exit status:
  0  done
  1  failed: the program or the machine
  2  bad configuration: the command line or a file you wrote
  3  refused input: the exports are missing or not fit to be scored
  4  done with findings: a warning wants to be looked at
  5  another run of this job holds the lock";

impl Exit {
    /// Returns the status of an error.
    #[must_use]
    pub fn of(error: &JobError) -> Self {
        match error {
            JobError::Problems(problems)
                if problems.told().all(|problem| problem.blame == Blame::Input) =>
            {
                Self::RefusedInput
            }
            JobError::Problems(_) => Self::BadConfiguration,
            JobError::Refused(_) | JobError::Read(_) => Self::RefusedInput,
            JobError::Lock(LockError::Held(_)) => Self::Locked,
            JobError::Lock(LockError::Folder(_)) | JobError::Publish(_) | JobError::Engine(_) => {
                Self::Failed
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
