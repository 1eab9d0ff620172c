//! Finding the files of a table, and dating the full dumps among them.

use std::path::Path;

use chrono::NaiveDate;

use super::resolve::Resolver;
use crate::config::Problems;
use crate::exports::parquet_files::{self, FileError, ParquetFile};

impl Resolver<'_> {
    pub(super) fn files(&self, data: &Path, problems: &mut Problems) -> Option<Vec<ParquetFile>> {
        let path = &self.file.path;
        if path.get_ref().contains("://") {
            problems.push(
                self.source
                    .problem(
                        path.span(),
                        "object stores are not built into this program yet",
                    )
                    .help("copy or mount the export and give its local path"),
            );
            return None;
        }
        match parquet_files::find(data, path.get_ref()) {
            Ok(mut files) => {
                self.date_dumps(&mut files, problems);
                Some(files)
            }
            Err(errors) => {
                for error in errors {
                    self.unusable(&error, problems);
                }
                None
            }
        }
    }

    fn unusable(&self, error: &FileError, problems: &mut Problems) {
        let path = &self.file.path;
        let help = match error {
            FileError::Missing(_) | FileError::Empty(_) => {
                "check the path, or give the folder with --exports DIR"
            }
            FileError::NotParquet { .. } => "was the export cut short? deliver the file again",
            FileError::Pattern(..) | FileError::Undated(_) => {
                "dumps lie in folders such as dt=2026-01-31"
            }
        };
        problems.push(
            self.source
                .problem(path.span(), format!("export `{}`: {error}", self.table))
                .label("declared here")
                .help(help)
                .of_input(),
        );
    }

    /// Dates the dumps of a table whose `snapshot` is a part of the path.
    fn date_dumps(&self, files: &mut [ParquetFile], problems: &mut Problems) {
        let Some(snapshot) = &self.file.snapshot else {
            return;
        };
        for file in files {
            let Some(value) = file.folders.get(snapshot.get_ref()) else {
                continue;
            };
            match value.parse::<NaiveDate>() {
                Ok(date) => file.dump = Some(date),
                Err(_) => problems.push(
                    self.source
                        .problem(
                            snapshot.span(),
                            format!(
                                "{}: `{value}` is not a date of the form 2026-01-31",
                                file.path.display()
                            ),
                        )
                        .of_input(),
                ),
            }
        }
    }
}
