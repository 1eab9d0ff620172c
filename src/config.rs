//! Configuration as a person wrote it: one reader for every TOML file, and problems that point
//! into it.
//!
//! Serde stops at the first mistake. A person who mends one mistake a run gives up, so
//! [`read`] takes the offending value out and tries again until nothing is left to complain about.

mod written;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::de::{DeArray, DeTable, DeValue};

pub use written::{Datetime, Spanned, date_of};

/// A place in a configuration file, in bytes.
pub type Span = Range<usize>;

/// A configuration file with its text, kept so that problems can show the line.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where the file was read from, as the user named it.
    pub path: PathBuf,
    /// The whole text.
    pub text: Arc<str>,
}

/// Who has to act on a problem; it decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// A file that the user wrote.
    Configuration,
    /// A file that the warehouse delivered.
    Input,
}

/// One mistake, with the place it was made and what to do about it.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Who has to act.
    pub blame: Blame,
    /// The file and the place in it, where there is one.
    pub place: Option<(Source, Span)>,
    /// What is wrong, in one sentence.
    pub title: String,
    /// What the marked place should have been.
    pub label: String,
    /// What to do next.
    pub help: Option<String>,
}

impl Problem {
    /// Returns a problem of a file that the warehouse delivered, with no place in a configuration.
    #[must_use]
    pub fn input(title: impl Into<String>) -> Self {
        Self {
            blame: Blame::Input,
            place: None,
            title: title.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Returns a problem of the command line.
    #[must_use]
    pub fn command(title: impl Into<String>) -> Self {
        Self {
            blame: Blame::Configuration,
            ..Self::input(title)
        }
    }

    /// Adds what the marked place should have been.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the nearest of the valid names, or all of them when none is near.
    #[must_use]
    pub fn nearest<'a>(self, name: &str, valid: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, valid) {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Turns the problem into one of the delivered data: the configuration only says where.
    #[must_use]
    pub fn of_input(mut self) -> Self {
        self.blame = Blame::Input;
        self
    }
}

/// Every mistake that was found, never empty when it is an error.
#[derive(Debug, Clone, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Takes the value of a result, or keeps its problems and returns nothing.
    pub fn collect<T>(&mut self, result: Result<T, Problems>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                self.0.extend(problems.0);
                None
            }
        }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles: Vec<&str> = self
            .0
            .iter()
            .map(|problem| problem.title.as_str())
            .collect();
        write!(f, "{}", titles.join("; "))
    }
}

impl std::error::Error for Problems {}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there or not text.
    pub fn open(path: &Path) -> Result<Self, Problems> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self {
                path: path.to_owned(),
                text: text.into(),
            }),
            Err(error) => Err(Problem {
                blame: Blame::Configuration,
                place: None,
                title: format!("cannot read {}: {error}", path.display()),
                label: String::new(),
                help: Some(
                    "check the path; paths inside a job file start from the job file's folder"
                        .into(),
                ),
            }
            .into()),
        }
    }

    /// Returns a problem at a place of this file.
    #[must_use]
    pub fn problem(&self, span: Span, title: impl Into<String>) -> Problem {
        Problem {
            blame: Blame::Configuration,
            place: Some((self.clone(), span)),
            title: title.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Returns the place inside a quoted value that `inner` (bytes of the value's own text) stands at.
    ///
    /// A value with escapes does not stand in the file letter by letter; then the whole value is
    /// the place.
    #[must_use]
    pub fn inside(&self, value: &Spanned<String>, inner: Span) -> Span {
        let outer = value.span();
        match self
            .text
            .get(outer.clone())
            .and_then(|raw| raw.find(value.get_ref().as_str()))
        {
            Some(shift) => {
                let start = outer.start + shift;
                let last = outer.end.max(start + 1);
                let from = (start + inner.start).min(last - 1);
                from..(start + inner.end).clamp(from + 1, last)
            }
            None => outer,
        }
    }
}

/// Reads a TOML file into the type that mirrors it.
///
/// Every mistake of the file goes to `problems`: syntax, unknown keys (and the nearest valid one),
/// missing keys, wrong types. The file comes back all the same where the only mistakes are slips
/// of the pen in a key, so that what it says can be checked in the same run.
pub fn read<T: DeserializeOwned>(path: &Path, problems: &mut Problems) -> Option<(T, Source)> {
    let source = problems.collect(Source::open(path))?;
    parse(&source, problems).map(|file| (file, source))
}

/// Parses the text of a file, in the manner of [`read`].
pub fn parse<T: DeserializeOwned>(source: &Source, problems: &mut Problems) -> Option<T> {
    let (mut table, syntax) = DeTable::parse_recoverable(&source.text);
    for error in &syntax {
        problems.push(source.problem(error.span().unwrap_or(0..0), error.message()));
    }
    if !syntax.is_empty() {
        return None;
    }
    let mut taken_out: Vec<String> = Vec::new();
    loop {
        match T::deserialize(table.clone().into_deserializer()) {
            Ok(file) => return taken_out.is_empty().then_some(file),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                // What was taken out is missing only since it was wrong.
                let is_known = taken_out
                    .iter()
                    .any(|key| error.message() == format!("missing field `{key}`"));
                if !is_known {
                    problems.push(explain(source, &span, error.message()));
                }
                let whole_file = span == table.span() || span.is_empty();
                let mended = if whole_file {
                    Mended::Not
                } else {
                    mend(table.get_mut(), &span, error.message())
                };
                match mended {
                    Mended::Renamed => {}
                    Mended::TakenOut(key) => taken_out.push(key),
                    Mended::Not => return None,
                }
            }
        }
    }
}

/// What became of an entry that serde would not have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mended {
    /// Its key got the name that was meant.
    Renamed,
    /// It is gone; of an entry its key is told.
    TakenOut(String),
    /// Nothing could be done.
    Not,
}

/// Turns serde's sentence into a problem with the nearest valid key.
fn explain(source: &Source, span: &Span, message: &str) -> Problem {
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") || message.starts_with("unknown variant") {
        let (what, found) = (
            if message.contains("field") {
                "key"
            } else {
                "value"
            },
            quoted.next().unwrap_or_default(),
        );
        let valid: Vec<&str> = quoted.collect();
        return source
            .problem(span.clone(), format!("unknown {what} `{found}`"))
            .label(format!("not a {what} that belongs here"))
            .nearest(found, valid.iter().copied());
    }
    if message.starts_with("missing field") {
        let field = quoted.next().unwrap_or_default();
        let first_line = source.text[span.clone()]
            .lines()
            .next()
            .map_or(1, str::len)
            .max(1);
        return source
            .problem(
                span.start..span.start + first_line,
                format!("missing key `{field}`"),
            )
            .label(format!("needs `{field} = …`"));
    }
    source.problem(span.clone(), message.lines().next().unwrap_or(message))
}

/// Takes the innermost entry that holds the span out of the table, so that what stands behind it
/// can be read too.
///
/// A key that is a slip of a valid one gets its right name instead: its value wants to be read.
fn mend(table: &mut DeTable<'_>, span: &Span, message: &str) -> Mended {
    let holds = |outer: &Span| outer.start <= span.start && span.end <= outer.end;
    let mut found = None;
    for (key, value) in table.iter_mut() {
        // A table's own span is only its header; what stands below it is reached by trying.
        let below = mend_below(value.get_mut(), span, message);
        if below != Mended::Not {
            return below;
        }
        if holds(&key.span()) || holds(&value.span()) {
            found = Some(key.clone());
        }
    }
    let Some((key, value)) = found.and_then(|key| table.remove_entry(&key)) else {
        return Mended::Not;
    };
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field")
        && let Some(right) = quoted.next().and_then(|found| near(found, quoted))
    {
        let right = toml::Spanned::new(key.span(), std::borrow::Cow::Owned(right.to_owned()));
        if !table.contains_key(&right) {
            table.insert(right, value);
            return Mended::Renamed;
        }
    }
    Mended::TakenOut(key.get_ref().to_string())
}

fn mend_below(value: &mut DeValue<'_>, span: &Span, message: &str) -> Mended {
    match value {
        DeValue::Table(inner) => mend(inner, span, message),
        DeValue::Array(items) => {
            let mut below = items
                .iter_mut()
                .map(|item| mend_below(item.get_mut(), span, message));
            if let Some(below) = below.find(|below| *below != Mended::Not) {
                return below;
            }
            drop(below);
            // What is wrong with a whole item cannot be mended inside it.
            let mut rest = DeArray::new();
            items
                .iter()
                .filter(|item| item.span() != *span)
                .cloned()
                .for_each(|item| rest.push(item));
            let found = rest.len() < items.len();
            *items = rest;
            if found {
                Mended::TakenOut(String::new())
            } else {
                Mended::Not
            }
        }
        _ => Mended::Not,
    }
}

/// Returns the valid name that a person most likely meant.
fn near<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    valid
        .into_iter()
        .map(|candidate| {
            let likeness = strsim::jaro_winkler(&wanted, &candidate.to_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Returns a hint with the nearest valid name, or the short list of valid names.
#[must_use]
pub fn nearest<'a>(name: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let valid: Vec<&str> = valid
        .into_iter()
        .filter(|valid| !valid.starts_with("__"))
        .collect();
    match near(name, valid.iter().copied()) {
        Some(candidate) => Some(format!("did you mean `{candidate}`?")),
        None if valid.is_empty() => None,
        None => {
            let shown: Vec<String> = valid
                .iter()
                .take(12)
                .map(|name| format!("`{name}`"))
                .collect();
            let more = if valid.len() > 12 {
                format!(", and {} more", valid.len() - 12)
            } else {
                String::new()
            };
            Some(format!("valid here: {}{more}", shown.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct File {
        name: String,
        parts: std::collections::BTreeMap<String, Part>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Part {
        weight: f64,
    }

    fn titles(text: &str) -> Vec<String> {
        let source = Source {
            path: "test.toml".into(),
            text: text.into(),
        };
        let mut problems = Problems::default();
        parse::<File>(&source, &mut problems);
        problems
            .0
            .into_iter()
            .map(|problem| problem.title)
            .collect()
    }

    #[test]
    fn every_mistake_of_a_file_is_reported_at_once() {
        let found = titles(
            "name = 3\n[parts.a]\nwieght = 1.0\n[parts.b]\nweight = \"x\"\n[parts.c]\nweight = 1\nsize = 2\n",
        );
        assert!(
            found
                .iter()
                .any(|title| title.contains("invalid type: integer")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|title| title == "unknown key `wieght`"),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|title| title.contains("invalid type: string")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|title| title == "unknown key `size`"),
            "{found:?}"
        );
    }

    #[test]
    fn the_nearest_valid_name_is_offered() {
        assert_eq!(
            nearest("wieght", ["weight", "label"]),
            Some("did you mean `weight`?".into())
        );
        assert_eq!(
            nearest("zzz", ["weight", "label"]),
            Some("valid here: `weight`, `label`".into())
        );
    }
}
