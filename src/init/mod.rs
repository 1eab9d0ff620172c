//! A first configuration for somebody's own exports: looks at the files, guesses what they are, writes
//! down why, and tries it out before it hands it over.

mod blocks;
mod guess;
mod measures;
mod model;
mod trial;
mod words;
mod write;

use std::path::PathBuf;

use chrono::NaiveDate;

use crate::config::Problem;
use crate::exports::look;
use crate::jobs::JobError;
use crate::publish::Content;
use crate::trail::Trail;

pub use trial::way;

/// The files that are written.
pub const FILES: [&str; 4] = [
    "exports.toml",
    "measures.toml",
    "models/starter.toml",
    "nightly.toml",
];

/// The folder beside them with the schemas that their first lines name.
pub const SCHEMAS: &str = "schemas/";

/// What to look at, and how the job will name it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder with the exports.
    pub exports: PathBuf,
    /// The same folder as the job file will say it.
    pub data: String,
    /// Today.
    pub today: NaiveDate,
}

/// The files, and what a person wants to know of them at once.
#[derive(Debug, Clone)]
pub struct Starter {
    /// `exports.toml`, `measures.toml`, the model, the job, and the schema of each.
    pub files: Vec<Content>,
    /// One line a table: what it was taken for.
    pub tables: Vec<String>,
    /// What was left aside, with the reason.
    pub left_out: Vec<(String, String)>,
    /// Columns that tell the answer.
    pub leaks: Vec<String>,
    /// Shipped measures that can be had, of how many.
    pub shipped: (usize, usize),
    /// Metrics of the model.
    pub metrics: usize,
    /// The date that was tried.
    pub as_of: NaiveDate,
    /// Accounts in each band, from the top down, and those not scored.
    pub bands: Vec<(String, usize)>,
    /// Places marked TODO.
    pub todos: usize,
}

/// Looks at a folder and makes a configuration that runs on it.
///
/// # Errors
/// When there is no Parquet table, none that could name accounts, or a file cannot be read.
pub fn init(request: &Request, trail: &mut Trail<'_>) -> Result<Starter, JobError> {
    trail.step("looking at the files");
    let folder = look::look(&request.exports)?;
    let shown = request.exports.display();
    let nothing =
        |title: String, help: String| JobError::Problems(Problem::input(title).help(help).into());
    if folder.tables.is_empty() {
        let seen: Vec<String> = folder
            .unusable
            .iter()
            .take(10)
            .map(|(path, reason)| format!("{}: {}", guess::one_line(path), guess::one_line(reason)))
            .collect();
        let help = if seen.is_empty() {
            "export each table as Parquet, one file or folder each".to_owned()
        } else {
            format!("found {}", seen.join("; "))
        };
        return Err(nothing(
            format!("no Parquet file with rows is in {shown}"),
            help,
        ));
    }
    trail.step("guessing what they are");
    let guess = guess::guess(&folder, request.today)?;
    if guess.tables.is_empty() {
        return Err(nothing(
            format!("nothing in {shown} names an account"),
            "export one table with one row an account and a column that names it".to_owned(),
        ));
    }
    trial::settle(request, &folder, &guess, trail)
}

/// Returns text as a TOML string.
fn toml_text(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a name as a TOML key, quoted where it must be.
fn toml_key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare {
        name.to_owned()
    } else {
        toml_text(name)
    }
}

/// Returns text as a SQL string.
fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_stays_inside_its_quotes() {
        assert_eq!(
            toml_text("a\"b\\c\nd\u{1b}"),
            "\"a\\\"b\\\\c\\u000Ad\\u001B\""
        );
        let text = format!("{} = {}", toml_key("a b.c"), toml_text("x\"]\n[y"));
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["a b.c"].as_str(), Some("x\"]\n[y"));
        assert_eq!(sql_text("it's"), "'it''s'");
    }
}
