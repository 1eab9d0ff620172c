//! A small world made by hand: a temporary folder with exports and configuration, a fixed date,
//! and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use healthscore::jobs::JobError;
use healthscore::jobs::manifest::Moment;
use healthscore::jobs::score_run::{self, Scorecard};
use healthscore::jobs::settings::{self, Overrides, ScoreJob};
use healthscore::publish::{Lock, Stamp, encode};
use healthscore::trail::Trail;
use polars::prelude::*;

/// The date every test speaks about.
pub const AS_OF: &str = "2026-01-31";

/// Returns a date.
pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Returns dates; an empty text is null.
pub fn dates(texts: &[&str]) -> Vec<Option<NaiveDate>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}

/// Returns instants of a zone, or wall-clock times without one; an empty text is null.
pub fn instants(texts: &[&str], zone: Option<&str>) -> Series {
    let micros: Vec<Option<i64>> = texts
        .iter()
        .map(|text| {
            let time: chrono::NaiveDateTime = text.parse().ok()?;
            Some(time.and_utc().timestamp_micros())
        })
        .collect();
    let zone = TimeZone::opt_try_new(zone).unwrap();
    Series::new("".into(), micros)
        .cast(&DataType::Datetime(TimeUnit::Microseconds, zone))
        .unwrap()
}

/// A temporary folder with exports and configuration.
pub struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// Returns an empty world.
    pub fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Returns the world of `tests/fixtures/base`: accounts, contracts and tickets.
    pub fn base() -> Self {
        let world = Self::empty();
        for file in ["exports.toml", "measures.toml", "model.toml", "job.toml"] {
            world.write(file, &fixture(&format!("base/{file}")));
        }
        world.export(
            "accounts",
            df!(
                "account_id" => ["A", "B", "C"],
                "created_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
                "sales_region" => ["north", "south", "north"],
            ),
        );
        world.export(
            "contracts",
            df!(
                "line_id" => ["L1", "L2", "L3"],
                "account_id" => ["A", "B", "C"],
                "signed_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
                "starts_on" => dates(&["2025-01-01", "2025-01-01", "2025-12-15"]),
                "ends_on" => dates(&["2027-01-01", "2027-01-01", "2027-01-01"]),
                "seats" => [10i64, 5, 2],
                "product" => ["core", "core", "plus"],
            ),
        );
        world.export(
            "tickets",
            df!(
                "ticket_id" => ["T1", "T2", "T3"],
                "account_id" => ["A", "A", "B"],
                "opened_at" => dates(&["2026-01-05", "2026-01-20", "2025-12-20"]),
                "closed_at" => dates(&["", "2026-02-10", "2026-01-10"]),
            ),
        );
        world
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a text file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Adds text to the end of a file.
    pub fn add(&self, path: &str, text: &str) {
        let before = std::fs::read_to_string(self.path().join(path)).unwrap();
        self.write(path, &format!("{before}\n{text}\n"));
    }

    /// Replaces text in a file, which must hold it.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join(path)).unwrap();
        assert!(text.contains(from), "{path} does not hold {from}");
        self.write(path, &text.replace(from, to));
    }

    /// Writes `data/<name>.parquet`.
    pub fn export(&self, name: &str, frame: PolarsResult<DataFrame>) {
        let bytes = encode(&frame.unwrap(), &[], &[], &Stamp::default()).unwrap();
        let path = self.path().join(format!("data/{name}.parquet"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Reads the job.
    pub fn load(&self, overrides: &Overrides) -> Result<ScoreJob, JobError> {
        settings::load(&self.path().join("job.toml"), overrides, date("2026-06-30"))
    }

    /// Reads the job, scores and publishes.
    pub fn publish(&self, overrides: &Overrides) -> Result<Vec<Scorecard>, JobError> {
        self.publish_job(&self.load(overrides)?)
    }

    /// Scores and publishes a job.
    pub fn publish_job(&self, job: &ScoreJob) -> Result<Vec<Scorecard>, JobError> {
        let mut trail = Trail::silent();
        let lock = Lock::take(&job.folder)?;
        let run = score_run::score_run(job, None, &mut trail)?;
        run.publish(job, &lock, &Moment::default(), &mut trail)
    }

    /// Returns the value of a measure for one account on the test's date.
    pub fn measure(&self, measure: &str, account: &str) -> AnyValue<'static> {
        let job = self
            .load(&Overrides {
                also: vec![measure.to_owned()],
                ..Overrides::default()
            })
            .unwrap();
        let run = score_run::score_run(&job, None, &mut Trail::silent()).unwrap();
        cell(&run.compared, account, measure)
    }

    /// Returns one run's frame with the named measures beside the model's.
    pub fn run_with(&self, measures: &[&str], as_of: &str) -> DataFrame {
        let overrides = Overrides {
            also: measures.iter().map(|name| (*name).to_owned()).collect(),
            as_of: Some(as_of.to_owned()),
            ..Overrides::default()
        };
        let job = self.load(&overrides).unwrap();
        score_run::score_run(&job, None, &mut Trail::silent())
            .unwrap()
            .compared
    }

    /// Returns the text of every problem of the job's files.
    pub fn complaints(&self) -> String {
        match self.load(&Overrides::default()) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    /// Returns the bytes of every published file, and the `result` part of the manifest.
    pub fn published(&self, as_of: &str) -> BTreeMap<String, Vec<u8>> {
        let folder = self.path().join(format!("out/job/as_of={as_of}"));
        files_below(&folder)
            .into_iter()
            .map(|path| {
                let name = path.strip_prefix(&folder).unwrap().display().to_string();
                let mut bytes = std::fs::read(&path).unwrap();
                if name == "manifest.json" {
                    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
                    bytes = format!("{:#}", manifest["result"]).into_bytes();
                }
                (name, bytes)
            })
            .collect()
    }

    /// Returns a text with this world's folder replaced.
    pub fn without_paths(&self, text: &str) -> String {
        text.replace(&self.path().display().to_string(), "<world>")
    }

    /// Runs the program in this world, with nothing of the environment.
    pub fn command(&self, arguments: &[&str]) -> std::process::Output {
        std::process::Command::new(env!("CARGO_BIN_EXE_healthscore"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .output()
            .unwrap()
    }
}

/// Returns a cell of a frame that has one row per account.
pub fn cell(frame: &DataFrame, account: &str, column: &str) -> AnyValue<'static> {
    let accounts = frame.column("account_id").unwrap().str().unwrap().clone();
    let row = accounts
        .iter()
        .position(|id| id == Some(account))
        .unwrap_or_else(|| panic!("{account} is not in the panel"));
    frame
        .column(column)
        .unwrap()
        .get(row)
        .unwrap()
        .into_static()
}

/// Returns a fixture's text.
pub fn fixture(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns every file below a folder, sorted.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The sample that comes with the program, made once for all tests.
pub static SAMPLE: std::sync::LazyLock<healthscore::sample::Sample> =
    std::sync::LazyLock::new(|| healthscore::sample::generate(&Default::default()).unwrap());
