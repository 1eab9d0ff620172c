//! A run's folder appears whole or not at all, and replaces the earlier one in one step.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

/// Why a run could not be published; what stood there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file system refused.
    #[error("cannot {what} {path}: {cause}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which path.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The folder holds something, and nothing is overwritten.
    #[error("{0} is not empty, and nothing is overwritten")]
    Taken(String),
    /// A file is there, and nothing is overwritten.
    #[error("{0} is there already, and nothing is overwritten")]
    Exists(String),
    /// A table could not be encoded.
    #[error("table {table}: {cause}")]
    Encode {
        /// The table.
        table: String,
        /// Why.
        cause: super::parquet::EncodeError,
    },
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> PublishError {
    let path = path.display().to_string();
    move |cause| PublishError::Io { what, path, cause }
}

/// A file of a run's folder.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its path inside the folder.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The right to publish a job's runs; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    _file: File,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("another run holds {0}")]
    Held(String),
    /// The folder cannot be written.
    #[error(transparent)]
    Folder(#[from] PublishError),
}

impl Lock {
    /// Takes the lock of a job's folder, which is made if need be, and clears away what runs that
    /// were killed have left in it.
    ///
    /// # Errors
    /// When another run holds it, or the folder cannot be written.
    pub fn take(job_folder: &Path) -> Result<Self, LockError> {
        fs::create_dir_all(job_folder).map_err(io("make the folder", job_folder))?;
        let path = job_folder.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io("open the lock", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held(path.display().to_string()));
            }
            Err(TryLockError::Error(cause)) => return Err(io("lock", &path)(cause).into()),
        }
        let entries = fs::read_dir(job_folder).map_err(io("read the folder", job_folder))?;
        for entry in entries.filter_map(Result::ok) {
            if entry.file_name().to_string_lossy().starts_with(STAGING) {
                fs::remove_dir_all(entry.path()).map_err(io("clear away", &entry.path()))?;
            }
        }
        Ok(Self {
            folder: job_folder.to_owned(),
            _file: file,
        })
    }
}

const STAGING: &str = ".staging-";

/// A run's folder while it is being written, beside where it will stand; nothing is left of one that
/// is not published.
#[derive(Debug)]
pub struct Staging<'a> {
    job_folder: &'a Path,
    folder: TempDir,
}

impl Lock {
    /// Begins a run's folder.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn stage(&self) -> Result<Staging<'_>, PublishError> {
        let folder = tempfile::Builder::new()
            .prefix(STAGING)
            .tempdir_in(&self.folder)
            .map_err(io("make a folder in", &self.folder))?;
        Ok(Staging {
            job_folder: &self.folder,
            folder,
        })
    }
}

impl Staging<'_> {
    /// Writes a file.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, file: &Content) -> Result<(), PublishError> {
        write(&self.folder.path().join(&file.path), &file.bytes)
    }

    /// Makes a file and lets `fill` write it, so that it need not be in memory as a whole.
    ///
    /// # Errors
    /// When the file system refuses, or `fill` fails.
    pub fn fill(
        &self,
        path: &str,
        fill: impl FnOnce(&File) -> Result<(), PublishError>,
    ) -> Result<(), PublishError> {
        filled(&self.folder.path().join(path), fill)
    }

    /// Publishes what was written as `as_of=<date>` in the job's folder, and names the newest run in
    /// `latest.json`.
    ///
    /// # Errors
    /// When the file system refuses; the earlier run of that date is then as it was.
    pub fn publish(self, as_of: NaiveDate) -> Result<PathBuf, PublishError> {
        let Self { job_folder, folder } = self;
        readable(folder.path())?;
        sync(folder.path())?;
        let target = job_folder.join(format!("as_of={as_of}"));
        // What is exchanged out of the target's place is removed with the staging folder.
        let staged = folder.keep();
        let swapped = if target.exists() {
            renameat_with(CWD, &staged, CWD, &target, RenameFlags::EXCHANGE)
        } else {
            renameat_with(CWD, &staged, CWD, &target, RenameFlags::NOREPLACE)
        };
        swapped.map_err(|error| io("move the run to", &target)(error.into()))?;
        sync(job_folder)?;
        if staged.exists() {
            fs::remove_dir_all(&staged).map_err(io("remove the earlier run", &staged))?;
        }
        name_newest(job_folder)?;
        Ok(target)
    }
}

/// Publishes a run's files; those of a larger run are written one by one into its [`Staging`].
///
/// # Errors
/// When the file system refuses; the earlier run of that date is then as it was.
pub fn publish(lock: &Lock, as_of: NaiveDate, files: &[Content]) -> Result<PathBuf, PublishError> {
    let staging = lock.stage()?;
    files.iter().try_for_each(|file| staging.write(file))?;
    staging.publish(as_of)
}

/// Writes files into a folder that is new or empty.
///
/// # Errors
/// When something is there already, which is never overwritten, or the file system refuses.
pub fn write_new(folder: &Path, files: &[Content]) -> Result<(), PublishError> {
    fs::create_dir_all(folder).map_err(io("make the folder", folder))?;
    if fs::read_dir(folder)
        .map_err(io("read the folder", folder))?
        .next()
        .is_some()
    {
        return Err(PublishError::Taken(folder.display().to_string()));
    }
    write_all(folder, files)
}

/// Writes files into a folder that may hold others, and overwrites none.
///
/// # Errors
/// When one of them is there already (then nothing is written), or the file system refuses.
pub fn write_beside(folder: &Path, files: &[Content]) -> Result<(), PublishError> {
    let mut paths = files.iter().map(|file| folder.join(&file.path));
    if let Some(path) = paths.find(|path| path.exists()) {
        return Err(PublishError::Exists(path.display().to_string()));
    }
    write_all(folder, files)
}

fn write_all(folder: &Path, files: &[Content]) -> Result<(), PublishError> {
    for file in files {
        write(&folder.join(&file.path), &file.bytes)?;
    }
    Ok(())
}

/// A temporary folder is private; what is published is for everybody the system's mask allows.
fn readable(folder: &Path) -> Result<(), PublishError> {
    use std::os::unix::fs::PermissionsExt;
    let parent = folder.parent().unwrap_or(folder);
    let mode = fs::metadata(parent)
        .map_err(io("look at", parent))?
        .permissions()
        .mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
        .map_err(io("set the permissions of", folder))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PublishError> {
    filled(path, |mut file| {
        file.write_all(bytes).map_err(io("write", path))
    })
}

fn filled(
    path: &Path,
    fill: impl FnOnce(&File) -> Result<(), PublishError>,
) -> Result<(), PublishError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(io("make the folder", parent))?;
    }
    let file = File::create(path).map_err(io("write", path))?;
    fill(&file)?;
    file.sync_all().map_err(io("sync", path))
}

fn sync(folder: &Path) -> Result<(), PublishError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(io("sync", folder))
}

/// Returns the dates of a job's published runs, rising.
#[must_use]
pub fn dates(job_folder: &Path) -> Vec<NaiveDate> {
    let entries = fs::read_dir(job_folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut dates: Vec<NaiveDate> = entries
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_prefix("as_of=")?
                .parse()
                .ok()
        })
        .collect();
    dates.sort();
    dates
}

/// Returns the text of a published file, if it is there.
#[must_use]
pub fn read_text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Returns the folder of the newest published run not after `as_of`, with its date.
#[must_use]
pub fn newest_before(job_folder: &Path, as_of: NaiveDate) -> Option<(NaiveDate, PathBuf)> {
    let date = dates(job_folder)
        .into_iter()
        .rev()
        .find(|date| *date <= as_of)?;
    Some((date, job_folder.join(format!("as_of={date}"))))
}

fn name_newest(job_folder: &Path) -> Result<(), PublishError> {
    let Some(newest) = dates(job_folder).pop() else {
        return Ok(());
    };
    let text = format!("{{\n  \"as_of\": \"{newest}\",\n  \"folder\": \"as_of={newest}\"\n}}\n");
    let staged = job_folder.join(".latest.json");
    write(&staged, text.as_bytes())?;
    let target = job_folder.join("latest.json");
    fs::rename(&staged, &target).map_err(io("replace", &target))
}
