//! When a row and its cells became known, and how rows supersede each other.

use indexmap::IndexMap;

use super::resolve::Resolver;
use super::{ACCOUNTS, History, Table, kind_of};
use crate::config::Problems;
use crate::exports::file::Text;
use crate::exports::parquet_files::ParquetFile;
use crate::formula::{Expr, Kind, Node, Scope, instant_name};

impl Resolver<'_> {
    pub(super) fn date(
        &self,
        name: Option<&Text>,
        scope: &Scope,
        problems: &mut Problems,
    ) -> Option<String> {
        let name = name?;
        let column = self.column(name, scope, problems)?;
        let kind = kind_of(scope, &column)?;
        if matches!(kind, Kind::Date | Kind::Null) {
            return Some(column);
        }
        problems.push(
            self.source
                .problem(
                    name.span(),
                    format!(
                        "`{name}` of export `{}` is a {kind}, expected a date or an instant",
                        self.table
                    ),
                )
                .help(match kind {
                    Kind::Text => {
                        format!("derive one: `derive = {{ day = \"CAST({name} AS DATE)\" }}`")
                    }
                    Kind::Integer => {
                        format!("if it counts time since 1970: epoch = {{ {name} = \"seconds\" }}")
                    }
                    _ => "have the warehouse export it as a date or a timestamp".to_owned(),
                })
                .of_input(),
        );
        None
    }

    pub(super) fn history(
        &self,
        files: &[ParquetFile],
        scope: &Scope,
        problems: &mut Problems,
    ) -> History {
        let file = self.file;
        let dumps = file.snapshot.is_some() || file.path.get_ref().contains("{as_of}");
        let declared = [file.loaded.is_some(), file.valid_from.is_some(), dumps];
        if declared.iter().filter(|declared| **declared).count() > 1 {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` says twice how its rows supersede each other",
                            self.table
                        ),
                    )
                    .help("keep one of `loaded`, `valid_from` and `snapshot`"),
            );
        }
        if let (None, Some(to)) = (&file.valid_from, &file.valid_to) {
            problems.push(
                self.source
                    .problem(to.span(), "`valid_to` needs `valid_from`"),
            );
        }
        if (file.loaded.is_some() || file.valid_from.is_some())
            && file.key.is_empty()
            && self.table.get_ref() != ACCOUNTS
        {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` has several versions of a row, but no key",
                            self.table
                        ),
                    )
                    .help("give `key = [\"…\"]`: versions of one key supersede each other"),
            );
        }
        if file.loaded.is_some() {
            return self
                .date(file.loaded.as_ref(), scope, problems)
                .map_or(History::Events, History::Loads);
        }
        if file.valid_from.is_some() {
            let to = self.date(file.valid_to.as_ref(), scope, problems);
            return match self.date(file.valid_from.as_ref(), scope, problems) {
                Some(from) => History::Versions { from, to },
                None => History::Events,
            };
        }
        if dumps {
            let in_path = files.iter().all(|file| file.dump.is_some());
            let column = if in_path {
                None
            } else {
                self.date(file.snapshot.as_ref(), scope, problems)
            };
            return History::Dumps(column);
        }
        History::Events
    }

    pub(super) fn known(&self, scope: &Scope, problems: &mut Problems) -> IndexMap<String, String> {
        let mut known = IndexMap::new();
        for (cell, moment) in &self.file.known {
            let cell = self.column(cell, scope, problems);
            if let (Some(cell), Some(moment)) = (cell, self.date(Some(moment), scope, problems)) {
                // A moment is itself a thing that becomes known when it comes.
                known
                    .entry(moment.clone())
                    .or_insert_with(|| moment.clone());
                known.insert(cell, moment);
            }
        }
        if let Some(to) = self.date(self.file.valid_to.as_ref(), scope, &mut Problems::default()) {
            known.insert(to.clone(), to);
        }
        // Moments become known with the dates they stand behind.
        let moments: Vec<(String, String)> = known
            .iter()
            .filter(|(cell, _)| scope.instants.contains(*cell))
            .map(|(cell, moment)| (instant_name(cell), moment.clone()))
            .collect();
        known.extend(moments);
        known
    }

    /// What decides about a row must not hang on a cell that becomes known later.
    pub(super) fn structural(&self, table: &Table, problems: &mut Problems) {
        let file = self.file;
        let timing = [&file.time, &file.loaded, &file.valid_from]
            .into_iter()
            .flatten();
        let naming = file
            .key
            .iter()
            .chain(&file.account)
            .chain(file.via.iter().map(|via| &via.column));
        let used = timing
            .map(|name| (name, true))
            .chain(naming.map(|name| (name, false)));
        for (name, is_timing) in used {
            // A row may be timed by the very moment at which its cell becomes known.
            let own_moment = is_timing && table.known.get(name.get_ref()) == Some(name.get_ref());
            let hangs = |column: &str| table.known.contains_key(column);
            let later = match table.scope.derived.get(name.get_ref()) {
                Some(expr) => expr.columns().into_iter().any(hangs) || reads_as_of(expr),
                None => hangs(name.get_ref()) && !own_moment,
            };
            let is_elsewhere = |column: &str| !table.columns.contains_key(column);
            let derived = table.scope.derived.get(name.get_ref());
            if derived.is_some_and(|expr| expr.columns().into_iter().any(is_elsewhere)) {
                let title = format!(
                    "`{name}` rests on exchange rates, so it cannot say which row this is or when it happened"
                );
                problems.push(self.source.problem(name.span(), title));
            }
            if later {
                problems.push(
                    self.source
                        .problem(name.span(), format!("`{name}` becomes known later, so it cannot say which row this is or when it happened"))
                        .help("use a column that is fixed when the row appears"),
                );
            }
        }
        let dated = file.time.is_some() || !matches!(table.history, History::Events);
        if let (Some(_), false) = (file.fresh_within, dated) {
            problems.push(
                self.source
                    .problem(
                        self.table.span(),
                        format!(
                            "table `{}` has `fresh_within` but no time to measure it by",
                            self.table
                        ),
                    )
                    .help("give `time`, `loaded` or `snapshot`"),
            );
        }
    }
}

fn reads_as_of(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| found |= expr.node == Node::AsOf);
    found
}
