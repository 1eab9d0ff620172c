//! Columns: found in every part, read one way, named once.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::Column;
use super::resolve::Resolver;
use crate::config::Problems;
use crate::exports::file::Text;
use crate::exports::parquet_files::{ParquetFile, Stored};
use crate::formula::{self, Aggregates, Kind, Scope, instant_name};

impl Resolver<'_> {
    /// Finds every column in every part; parts may differ in width and order, not in meaning.
    /// Beside the usable ones it returns the others, each with the reason.
    pub(super) fn columns(
        &self,
        files: &[ParquetFile],
        problems: &mut Problems,
    ) -> (IndexMap<String, Column>, IndexMap<String, String>) {
        let of_files = files
            .iter()
            .flat_map(|file| file.columns.keys().chain(file.folders.keys()));
        let of_files: BTreeSet<&str> = of_files.map(String::as_str).collect();
        let renamed: Vec<&str> = self
            .file
            .columns
            .values()
            .map(|theirs| theirs.get_ref().as_str())
            .collect();
        for (ours, theirs) in &self.file.columns {
            if !of_files.contains(theirs.get_ref().as_str()) {
                let title = format!(
                    "export `{}` has no column `{theirs}` (for `{ours}`)",
                    self.table
                );
                problems.push(
                    self.source
                        .problem(theirs.span(), title)
                        .label("not in its files")
                        .nearest(theirs.get_ref(), of_files.iter().copied())
                        .of_input(),
                );
            }
        }
        let mapped = self
            .file
            .columns
            .iter()
            .map(|(ours, theirs)| (ours.get_ref().as_str(), theirs.get_ref().as_str()));
        let unmapped = of_files
            .iter()
            .filter(|name| !renamed.contains(name))
            .map(|name| (*name, *name));
        let (mut columns, mut unusable) = (IndexMap::new(), IndexMap::new());
        for (ours, theirs) in mapped.chain(unmapped) {
            if let Some(reason) = reserved(ours, theirs) {
                unusable.insert(ours.to_owned(), reason);
                continue;
            }
            let stored = match self.stored(theirs, files) {
                Ok(stored) => stored,
                Err(reason) => {
                    unusable.insert(ours.to_owned(), reason);
                    continue;
                }
            };
            let is_whole = stored == Stored::Integer;
            let epoch = self.file.epoch.get(ours).copied().filter(|_| is_whole);
            let stored = match epoch {
                Some(_) => Stored::Instant {
                    zoned: true,
                    per_second: 1_000_000,
                },
                None => stored,
            };
            let Some(kind) = stored.kind() else { continue };
            let scale = self.file.scale.get(ours).copied();
            let kind = if scale.is_some() { Kind::Decimal } else { kind };
            let column = Column {
                theirs: theirs.to_owned(),
                stored,
                kind,
                scale,
                epoch,
                is_currency: self.file.money.values().any(|name| name.get_ref() == ours),
            };
            if matches!(stored, Stored::Instant { .. }) {
                let moments = Column {
                    kind: Kind::Instant,
                    ..column.clone()
                };
                columns.insert(instant_name(ours), moments);
            }
            columns.insert(ours.to_owned(), column);
        }
        for (name, _) in &self.file.epoch {
            let column = columns.get(name.get_ref());
            if column.is_none_or(|column| column.epoch.is_none()) {
                let title =
                    format!("`{name}` is not a column of whole numbers, so it counts no time");
                problems.push(self.source.problem(name.span(), title));
            }
        }
        for (name, _) in &self.file.scale {
            if columns
                .get(name.get_ref())
                .is_none_or(|column| !matches!(column.stored, Stored::Float | Stored::Decimal(_)))
            {
                problems.push(self.source.problem(
                    name.span(),
                    format!("`{name}` is not a number with decimals, so it has no scale"),
                ));
            }
        }
        (columns, unusable)
    }

    /// Returns how a column is stored in all parts together, or why it cannot be used.
    fn stored(&self, theirs: &str, files: &[ParquetFile]) -> Result<Stored, String> {
        let in_part = |file: &ParquetFile| {
            let in_path = || file.folders.contains_key(theirs).then_some(Stored::Text);
            file.columns.get(theirs).copied().or_else(in_path)
        };
        let mut all: Option<(Stored, &ParquetFile)> = None;
        for file in files {
            let Some(here) = in_part(file) else {
                return Err(format!(
                    "{} lacks it, and other parts have it; deliver all parts with the same columns",
                    file.path.display()
                ));
            };
            let together = all.map_or(here, |(there, _)| wider(there, here));
            if together == Stored::Other {
                return Err(match all {
                    Some((_, other)) if here != Stored::Other => {
                        format!(
                            "{} and {} hold different types; deliver all parts with one",
                            other.path.display(),
                            file.path.display()
                        )
                    }
                    _ => format!(
                        "{} stores `{theirs}` as {}; have it exported as a number, a text or a date",
                        file.path.display(),
                        file.unusable
                            .get(theirs)
                            .map_or("something else", String::as_str),
                    ),
                });
            }
            all = Some((together, all.map_or(file, |(_, first)| first)));
        }
        all.map(|(stored, _)| stored)
            .ok_or_else(|| "it is in no file".to_owned())
    }

    pub(super) fn scope(
        &self,
        columns: &IndexMap<String, Column>,
        unusable: IndexMap<String, String>,
        problems: &mut Problems,
    ) -> (Scope, IndexMap<String, String>) {
        let mut scope = Scope {
            of: format!("export `{}`", self.table),
            columns: columns
                .iter()
                .filter(|(_, column)| column.kind != Kind::Instant)
                .map(|(name, column)| (name.clone(), column.kind))
                .collect(),
            unusable,
            instants: columns
                .keys()
                .filter(|name| columns.contains_key(&instant_name(name)))
                .cloned()
                .collect(),
            clock: self.clock.clone(),
            currency: self.currency.map(str::to_owned),
            ..Scope::default()
        };
        let mut money = IndexMap::new();
        self.money(&mut scope, &mut money);
        let (currencies, others): (Vec<_>, Vec<_>) = self
            .file
            .derive
            .iter()
            .partition(|(name, _)| self.file.money.values().any(|known| known == *name));
        for (name, text) in currencies.into_iter().chain(others) {
            if let Some(meaning) = formula::reserved(name.get_ref()) {
                let title = format!("`{name}` cannot be the name of a column: {meaning}");
                problems.push(self.source.problem(name.span(), title));
            }
            let checked = formula::parse(text.get_ref())
                .and_then(|parsed| formula::check(&parsed, &scope, Aggregates::Refused));
            match checked {
                Ok(expr) => {
                    scope.columns.shift_remove(name.get_ref());
                    scope.instants.shift_remove(name.get_ref());
                    scope.derived.insert(name.get_ref().clone(), expr);
                    self.money(&mut scope, &mut money);
                }
                Err(error) => problems.push(formula::problem(self.source, text, &error)),
            }
        }
        self.check_money(&scope, problems);
        (scope, money)
    }

    /// Returns the name of a column that exists, or reports it with the nearest that does.
    pub(super) fn column(
        &self,
        name: &Text,
        scope: &Scope,
        problems: &mut Problems,
    ) -> Option<String> {
        if scope.columns.contains_key(name.get_ref()) || scope.derived.contains_key(name.get_ref())
        {
            return Some(name.get_ref().clone());
        }
        if let Some(reason) = scope.unusable.get(name.get_ref()) {
            let title = format!(
                "column `{name}` of export `{}` cannot be used: {reason}",
                self.table
            );
            problems.push(self.source.problem(name.span(), title).of_input());
            return None;
        }
        let names = scope
            .columns
            .keys()
            .chain(scope.derived.keys())
            .map(String::as_str);
        problems.push(
            self.source
                .problem(
                    name.span(),
                    format!("export `{}` has no column `{name}`", self.table),
                )
                .label("not in its files")
                .nearest(name.get_ref(), names)
                .of_input(),
        );
        None
    }
}

/// Returns why a column cannot go by a name that means something else already.
fn reserved(ours: &str, theirs: &str) -> Option<String> {
    let meaning = formula::reserved(ours)?;
    let other = match ours.trim_start_matches('_') {
        "as_of" => "as_of_date",
        "" => "other",
        name => name,
    };
    Some(format!(
        "{meaning}; give the column another: columns = {{ {other} = \"{theirs}\" }}"
    ))
}

/// Returns how to hold the values of two parts in one column; `Other` where there is no way.
fn wider(a: Stored, b: Stored) -> Stored {
    match (a, b) {
        (a, b) if a == b => a,
        (Stored::Nothing, other) | (other, Stored::Nothing) => other,
        (Stored::Integer, Stored::Float) | (Stored::Float, Stored::Integer) => Stored::Float,
        (Stored::Integer, Stored::Decimal(places)) | (Stored::Decimal(places), Stored::Integer) => {
            Stored::Decimal(places)
        }
        (Stored::Decimal(a), Stored::Decimal(b)) => Stored::Decimal(a.max(b)),
        (Stored::Integer, Stored::Text) | (Stored::Text, Stored::Integer) => Stored::Text,
        (Stored::Instant { .. }, Stored::Instant { .. }) => a,
        (Stored::Date, Stored::Instant { .. }) | (Stored::Instant { .. }, Stored::Date) => {
            Stored::Date
        }
        _ => Stored::Other,
    }
}
