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
    /// What was taken out of the file because of it.
    taken_out: Option<TakenOut>,
    /// Whether it speaks of a file as a whole, such as of a sum over it.
    is_of_whole: bool,
    /// Whether it most likely comes of another problem, so that nobody needs to read it.
    is_echo: bool,
}

impl Problem {
    fn new(blame: Blame, place: Option<(Source, Span)>, title: impl Into<String>) -> Self {
        Self {
            blame,
            place,
            title: title.into(),
            label: String::new(),
            help: None,
            taken_out: None,
            is_of_whole: false,
            is_echo: false,
        }
    }

    /// Returns a problem of a file that the warehouse delivered, with no place in a configuration.
    #[must_use]
    pub fn input(title: impl Into<String>) -> Self {
        Self::new(Blame::Input, None, title)
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

    /// Says that the problem is one of the file as a whole, such as a sum over its entries; it
    /// means nothing while an entry could not be read.
    #[must_use]
    pub fn of_whole(mut self) -> Self {
        self.is_of_whole = true;
        self
    }

    /// Returns whether another problem most likely comes of this one: it lies where an entry was
    /// taken out, or speaks of that entry.
    fn echoes_in(&self, other: &Self) -> bool {
        let Some(taken_out) = &self.taken_out else {
            return false;
        };
        let same_file = match (&self.place, &other.place) {
            (Some((a, _)), Some((b, _))) => a.path == b.path,
            _ => false,
        };
        let is_inside = other.place.as_ref().is_some_and(|(_, span)| {
            taken_out.around.start <= span.start && span.end <= taken_out.around.end
        });
        let is_named = |name: &String| other.title.contains(&format!("`{name}`"));
        same_file && (is_inside || other.is_of_whole) || taken_out.names().iter().any(is_named)
    }
}

/// An entry that was taken out of a file, so that what stands beside it can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TakenOut {
    /// Its keys from the top of the file; an item of a list stands there by its number.
    path: Vec<String>,
    /// What an item of a list calls itself.
    called: Option<String>,
    /// The table, measure, rule or the like that it is a part of.
    around: Span,
}

impl TakenOut {
    /// Returns the names by which others speak of it; that of a whole section says too little.
    fn names(&self) -> Vec<String> {
        let keys = match self.path.as_slice() {
            [only] => std::slice::from_ref(only),
            [_, rest @ ..] => rest,
            [] => &[],
        };
        let is_name = |key: &&String| key.parse::<usize>().is_err();
        keys.iter()
            .filter(is_name)
            .chain(&self.called)
            .cloned()
            .collect()
    }
}

/// Every mistake that was found, never empty when it is an error.
#[derive(Debug, Clone, Default)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds one problem.
    pub fn push(&mut self, mut problem: Problem) {
        problem.is_echo = self.0.iter().any(|earlier| earlier.echoes_in(&problem));
        self.0.push(problem);
    }

    /// Returns the problems that somebody has to read, without those that come of others.
    pub fn told(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter().filter(|problem| !problem.is_echo)
    }

    /// Returns whether a key is missing at the top of a file, which was read with an empty text in
    /// its place.
    #[must_use]
    pub fn lacks_a_key(&self, source: &Source) -> bool {
        let is_missing = |problem: &Problem| {
            let is_here = |(place, _): &(Source, Span)| place.path == source.path;
            let is_beyond = |entry: &TakenOut| entry.around == beyond(source);
            problem.place.as_ref().is_some_and(is_here)
                && problem.taken_out.as_ref().is_some_and(is_beyond)
        };
        self.0.iter().any(is_missing)
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
        let titles: Vec<&str> = self.told().map(|problem| problem.title.as_str()).collect();
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
            Err(error) => {
                let title = format!("cannot read {}: {error}", path.display());
                let help =
                    "check the path; paths inside a job file start from the job file's folder";
                Err(Problem::command(title).help(help).into())
            }
        }
    }

    /// Returns whether a value only stands in for one that the file lacks.
    #[must_use]
    pub fn lacks<T>(&self, value: &Spanned<T>) -> bool {
        value.span() == beyond(self)
    }

    /// Returns a problem at a place of this file.
    #[must_use]
    pub fn problem(&self, span: Span, title: impl Into<String>) -> Problem {
        let place = Some((self.clone(), span));
        Problem::new(Blame::Configuration, place, title)
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
/// missing keys, wrong types. The file comes back all the same wherever it can be read without
/// the entries that are wrong, or with something empty in place of a missing key, so that what else
/// it says is checked in the same run; what later checks say of those entries is an echo (see
/// [`Problems::told`]).
pub fn read<T: DeserializeOwned>(path: &Path, problems: &mut Problems) -> Option<(T, Source)> {
    let source = problems.collect(Source::open(path))?;
    parse(&source, problems).map(|file| (file, source))
}

/// Parses the text of a file, in the manner of [`read`].
pub fn parse<T: DeserializeOwned>(source: &Source, problems: &mut Problems) -> Option<T> {
    let (mut table, syntax) = DeTable::parse_recoverable(&source.text);
    for error in &syntax {
        problems
            .0
            .push(source.problem(error.span().unwrap_or(0..0), error.message()));
    }
    if !syntax.is_empty() {
        return None;
    }
    let mut taken_out: Vec<TakenOut> = Vec::new();
    loop {
        let error = match T::deserialize(table.clone().into_deserializer()) {
            Ok(file) => return Some(file),
            Err(error) => error,
        };
        let span = error.span().unwrap_or(0..0);
        let absent = beyond(source);
        if span == absent {
            // What stands in for a missing key is of the wrong type.
            if stand_in(&mut table, &absent, None) {
                continue;
            }
            return None;
        }
        let mut problem = explain(source, &span, error.message());
        let whole_file = span == table.span() || span.is_empty();
        let mended = if whole_file && let Some(key) = missing_key(error.message()) {
            stand_in(&mut table, &absent, Some(key));
            Mended::TakenOut(TakenOut {
                path: vec![key.to_owned()],
                called: None,
                around: absent,
            })
        } else if whole_file {
            Mended::Not
        } else {
            mend(table.get_mut(), &span, error.message(), &[])
        };
        let path = match &mended {
            Mended::TakenOut(entry) if !whole_file => entry.path.as_slice(),
            _ => &[],
        };
        // What was taken out is missing only since it was wrong.
        let is_known = missing_key(error.message()).is_some_and(|key| {
            let is_it = |entry: &TakenOut| {
                entry.path.len() == path.len() + 1
                    && entry.path.starts_with(path)
                    && entry.path.last().is_some_and(|last| last == key)
            };
            taken_out.iter().any(is_it)
        });
        let is_lost = mended == Mended::Not;
        if let Mended::TakenOut(entry) = mended {
            problem.taken_out = Some(entry.clone());
            taken_out.push(entry);
        }
        // Nobody reads it, but it says what else is gone.
        problem.is_echo = is_known;
        problems.0.push(problem);
        if is_lost {
            return None;
        }
    }
}

/// Returns the key that serde misses.
fn missing_key(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("missing field `")?;
    Some(rest.trim_end_matches('`'))
}

/// Returns a place behind the end of a file: that of what the file lacks.
fn beyond(source: &Source) -> Span {
    source.text.len()..source.text.len() + 1
}

/// Puts an empty text in the place of a key that a file lacks, so that the rest can be read; without
/// a key, puts the next kind of value where the last one did not fit. Returns whether there was one.
fn stand_in(table: &mut toml::Spanned<DeTable<'_>>, absent: &Span, key: Option<&str>) -> bool {
    let table = table.get_mut();
    if let Some(key) = key {
        let key = toml::Spanned::new(absent.clone(), std::borrow::Cow::Owned(key.to_owned()));
        let text = toml::Spanned::new(absent.clone(), DeValue::String("".into()));
        table.insert(key, text);
        return true;
    }
    let Some((_, value)) = table.iter_mut().rfind(|(key, _)| key.span() == *absent) else {
        return false;
    };
    let next = match value.get_ref() {
        DeValue::String(_) => DeValue::Table(DeTable::new()),
        DeValue::Table(_) => DeValue::Array(DeArray::new()),
        _ => return false,
    };
    *value.get_mut() = next;
    true
}

/// What became of an entry that serde would not have.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mended {
    /// Its key got the name that was meant.
    Renamed,
    /// It is gone.
    TakenOut(TakenOut),
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
    let message = message.lines().next().unwrap_or(message);
    if let Some((found, expected)) = message
        .strip_prefix("invalid type: ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        let expected = in_plain_words(expected);
        return source
            .problem(
                span.clone(),
                format!("expected {expected}, found {}", found_in_words(found)),
            )
            .label(format!("not {expected}"));
    }
    source.problem(span.clone(), message)
}

/// Says what serde expected in words of a person who writes TOML.
fn in_plain_words(expected: &str) -> String {
    match expected {
        "f64" => "a number".to_owned(),
        "u8" | "u32" | "u64" | "usize" => "a whole number, not below 0".to_owned(),
        "i64" => "a whole number".to_owned(),
        "a string" => "text in quotes".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list such as `[…, …]`".to_owned(),
        "a map" => "a table such as `{ … = … }`".to_owned(),
        _ if expected.starts_with("struct ") => "a table such as `{ … = … }`".to_owned(),
        _ if expected.contains("Datetime") || expected.contains("datetime") => {
            "a date such as 2026-01-31, without quotes".to_owned()
        }
        other => other.to_owned(),
    }
}

/// Says what serde found, likewise.
fn found_in_words(found: &str) -> String {
    let kinds = [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", "the word "),
        ("sequence", "a list"),
        ("map", "a table"),
    ];
    let kind = kinds
        .iter()
        .find_map(|(serde, words)| Some((*words, found.strip_prefix(serde)?)));
    kind.map_or_else(
        || found.to_owned(),
        |(words, value)| format!("{words}{value}"),
    )
}

/// Takes the innermost entry that holds the span out of the table, so that what stands behind it
/// can be read too; `above` are the keys that lead to the table.
///
/// A key that is a slip of a valid one gets its right name instead: its value wants to be read.
fn mend(table: &mut DeTable<'_>, span: &Span, message: &str, above: &[String]) -> Mended {
    let holds = |outer: &Span| outer.start <= span.start && span.end <= outer.end;
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let path = [above, &[key.get_ref().to_string()]].concat();
        let around = reach(&key.span(), value);
        // A table's own span is only its header; what stands below it is reached by trying.
        let mut below = mend_below(value.get_mut(), span, message, &path);
        if let Mended::TakenOut(entry) = &mut below
            && path.len() == 2
        {
            entry.around = around.clone();
        }
        if below != Mended::Not {
            return below;
        }
        if holds(&key.span()) || holds(&value.span()) {
            found = Some((key.clone(), path, around));
        }
    }
    let Some((key, path, around)) = found else {
        return Mended::Not;
    };
    let Some((key, value)) = table.remove_entry(&key) else {
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
    Mended::TakenOut(TakenOut {
        path,
        called: None,
        around,
    })
}

fn mend_below(value: &mut DeValue<'_>, span: &Span, message: &str, path: &[String]) -> Mended {
    match value {
        DeValue::Table(inner) => mend(inner, span, message, path),
        DeValue::Array(items) => {
            for (n, item) in items.iter_mut().enumerate() {
                let around = reach(&item.span(), item);
                let called = name_of(item.get_ref());
                let path = [path, &[n.to_string()]].concat();
                let mut below = mend_below(item.get_mut(), span, message, &path);
                if let Mended::TakenOut(entry) = &mut below {
                    entry.called = entry.called.take().or(called);
                    if path.len() == 2 {
                        entry.around = around;
                    }
                }
                if below != Mended::Not {
                    return below;
                }
            }
            // What is wrong with a whole item cannot be mended inside it.
            let wrong = items.iter().position(|item| item.span() == *span);
            let Some(n) = wrong else {
                return Mended::Not;
            };
            let entry = TakenOut {
                path: [path, &[n.to_string()]].concat(),
                called: name_of(items[n].get_ref()),
                around: reach(span, &items[n]),
            };
            let mut rest = DeArray::new();
            items
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != n)
                .for_each(|(_, item)| rest.push(item.clone()));
            *items = rest;
            Mended::TakenOut(entry)
        }
        _ => Mended::Not,
    }
}

/// Returns what a rule, a band or the like calls itself.
fn name_of(item: &DeValue<'_>) -> Option<String> {
    let table = item.as_table()?;
    let name = ["id", "label", "name"]
        .iter()
        .find_map(|key| table.get(*key))?;
    Some(name.get_ref().as_str()?.to_owned())
}

/// Returns the text that an entry takes up with all that stands below it.
fn reach(span: &Span, value: &toml::Spanned<DeValue<'_>>) -> Span {
    let wider = |a: &Span, b: &Span| a.start.min(b.start)..a.end.max(b.end);
    let own = wider(span, &value.span());
    match value.get_ref() {
        DeValue::Table(inner) => inner.iter().fold(own, |reached, (key, value)| {
            wider(&reached, &reach(&key.span(), value))
        }),
        DeValue::Array(items) => items.iter().fold(own, |reached, item| {
            wider(&reached, &reach(&item.span(), item))
        }),
        _ => own,
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
            .told()
            .map(|problem| problem.title.clone())
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
                .any(|title| title == "expected text in quotes, found the number `3`"),
            "{found:?}"
        );
        assert!(
            found.iter().any(|title| title == "unknown key `wieght`"),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|title| title == "expected a number, found the text \"x\""),
            "{found:?}"
        );
        assert!(
            found.iter().any(|title| title == "unknown key `size`"),
            "{found:?}"
        );
    }

    #[test]
    fn beside_a_missing_key_the_rest_is_read_and_what_speaks_of_it_is_not_told() {
        for text in [
            "name = \"x\"\n",
            "[parts.a]\nweight = \"much\"\n",
            "# nothing\n",
        ] {
            let source = Source {
                path: "test.toml".into(),
                text: text.into(),
            };
            let mut problems = Problems::default();
            let file = parse::<File>(&source, &mut problems).expect("all else can be read");
            assert!(problems.lacks_a_key(&source));
            let titles: Vec<&str> = problems.told().map(|p| p.title.as_str()).collect();
            let missing = |key: &str| titles.contains(&format!("missing key `{key}`").as_str());
            assert_eq!(missing("name"), !text.contains("name"), "{titles:?}");
            assert_eq!(missing("parts"), !text.contains("parts"), "{titles:?}");
            assert_eq!(
                text.contains("much"),
                titles.iter().any(|t| t.contains("much"))
            );
            assert!(file.parts.is_empty());
            let told = problems.told().count();
            problems.push(source.problem(beyond(&source), "it is empty"));
            assert_eq!(problems.told().count(), told);
        }
    }

    #[test]
    fn what_can_be_read_beside_a_mistake_is_read_and_echoes_of_it_are_not_told() {
        let source = Source {
            path: "test.toml".into(),
            text: "name = \"x\"\n[parts.a]\nweight = \"much\"\n[parts.b]\nweight = 2\n".into(),
        };
        let mut problems = Problems::default();
        let file = parse::<File>(&source, &mut problems).expect("part b can be read");
        assert_eq!(file.parts.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(problems.told().count(), 1);
        let place = |word: &str| {
            let start = source.text.find(word).unwrap();
            start..start + word.len()
        };
        problems.push(source.problem(place("much"), "a complaint about the same part"));
        problems.push(source.problem(place("name"), "there is no part `a`"));
        problems.push(
            source
                .problem(place("2"), "the weights sum to 2")
                .of_whole(),
        );
        assert_eq!(problems.told().count(), 1);
        problems.push(source.problem(place("2"), "a weight is at most 1"));
        assert_eq!(problems.told().count(), 2);
    }

    #[test]
    fn a_key_that_is_missing_in_one_place_is_told_although_it_was_wrong_in_another() {
        let found = titles("name = \"x\"\n[parts.a]\nweight = \"x\"\n[parts.b]\nsize = 1\n");
        let missing = found
            .iter()
            .filter(|title| *title == "missing key `weight`");
        assert_eq!(missing.count(), 1, "{found:?}");
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
